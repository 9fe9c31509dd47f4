//! The grammar. POSIX.1-2024 XCU 2.4 (reserved words), 2.9 and 2.10.
//!
//! Recursive descent with one token of look-ahead. A script is parsed one
//! complete command at a time, because each may change the aliases that the
//! next is read with. What it cannot parse is a [`SyntaxError`]; nesting has a
//! limit.

use std::rc::Rc;

use super::ast::*;
use super::few::push;
use super::lexer::{Op, Parsed, Parser, SyntaxError, Token};
use super::simple::redirection;

/// Words that end a list of commands.
const CLOSING: [&[u8]; 8] = [b"then", b"else", b"elif", b"fi", b"do", b"done", b"esac", b"}"];

/// The words of the grammar, which are no aliases where they have a meaning.
pub const RESERVED: [&[u8]; 18] = [
    b"!",
    b"[[",
    b"case",
    b"do",
    b"done",
    b"elif",
    b"else",
    b"esac",
    b"fi",
    b"for",
    b"function",
    b"if",
    b"in",
    b"then",
    b"until",
    b"while",
    b"{",
    b"}",
];

impl Parser<'_> {
    /// The next complete command: the lists on a line. None at the end.
    pub fn complete_command(&mut self) -> Parsed<Option<Program>> {
        let mut statements = Vec::new();
        let found = self.complete_command_into(&mut statements)?;
        Ok(found.then(|| Program::new(statements)))
    }

    /// The same behind what there is already. False at the end.
    fn complete_command_into(&mut self, statements: &mut Vec<Statement>) -> Parsed<bool> {
        loop {
            match self.look_op()? {
                Some(Op::End) => return Ok(false),
                Some(Op::Newline) => self.token = None,
                Some(_) => break,
                None => {
                    // An alias may be nothing, or begin with a line break.
                    self.command_aliases()?;
                    if !matches!(self.look_op()?, Some(Op::End | Op::Newline)) {
                        break;
                    }
                }
            }
        }
        loop {
            let statement = self.statement()?;
            let ended = !self.separator(&statement)?;
            push(statements, statement);
            match self.look_op()? {
                Some(Op::Newline) => {
                    self.token = None;
                    self.end_excerpts();
                    return Ok(true);
                }
                Some(Op::End) => {
                    self.end_excerpts();
                    return Ok(true);
                }
                _ if ended => return self.unexpected(),
                _ => {}
            }
        }
    }

    /// Everything up to the end of the input.
    pub fn whole(&mut self) -> Parsed<Program> {
        let mut statements = Vec::new();
        while self.complete_command_into(&mut statements)? {}
        Ok(Program::new(statements))
    }

    /// A command substitution, up to and past its `)`.
    pub(super) fn substituted(&mut self) -> Parsed<Program> {
        let token = self.token.take();
        // A line break in here is part of a word of the line outside, whose
        // here-documents begin when that ends.
        let mut outer = self.take_pending();
        let program = self.list()?;
        self.expect_close()?;
        self.put_back(&mut outer);
        self.token = token;
        Ok(program)
    }

    /// Whether the statement just parsed is followed by `;` or `&`; takes it.
    fn separator(&mut self, statement: &Statement) -> Parsed<bool> {
        if statement.first.background {
            return Ok(true);
        }
        self.accept(Op::Semi)
    }

    pub(super) fn newlines(&mut self) -> Parsed<()> {
        while self.accept(Op::Newline)? {}
        Ok(())
    }

    pub(super) fn unexpected<T>(&mut self) -> Parsed<T> {
        self.expecting(b"")
    }

    /// The error that the next token is not `expected`.
    fn expecting<T>(&mut self, expected: &[u8]) -> Parsed<T> {
        let (what, ended) = match self.look()? {
            Token::Op(op) => (op.text().to_string(), *op == Op::End),
            Token::Io(fd) => (fd.to_string(), false),
            Token::Word(word) => {
                let text = match word.bare() {
                    Some(text) => text.to_vec(),
                    None => self.text_since(self.token_start).to_vec(),
                };
                let text = String::from_utf8_lossy(&text).into_owned();
                (text.chars().filter(|c| !c.is_control()).take(60).collect(), false)
            }
        };
        let line = match self.look_op()? {
            // The line break has been read already.
            Some(Op::Newline) => self.line().saturating_sub(1),
            _ => self.line(),
        };
        let quote = if ended || what == "newline" { "" } else { "\"" };
        let mut what = format!("unexpected {quote}{what}{quote}");
        if !expected.is_empty() {
            what += &format!(" (expecting \"{}\")", String::from_utf8_lossy(expected));
        }
        Err(Box::new(SyntaxError { line, what, unfinished: ended }))
    }

    /// The next token when it is a word without quotes or expansions.
    pub(super) fn look_bare(&mut self) -> Parsed<Option<&[u8]>> {
        Ok(match self.look()? {
            Token::Word(word) => word.bare(),
            _ => None,
        })
    }

    pub(super) fn accept_word(&mut self, reserved: &[u8]) -> Parsed<bool> {
        if self.look_bare()? != Some(reserved) {
            return Ok(false);
        }
        self.token = None;
        Ok(true)
    }

    fn expect_word(&mut self, reserved: &[u8]) -> Parsed<()> {
        if self.accept_word(reserved)? { Ok(()) } else { self.expecting(reserved) }
    }

    pub(super) fn expect_close(&mut self) -> Parsed<()> {
        if self.accept(Op::Close)? { Ok(()) } else { self.expecting(b")") }
    }

    /// A compound_list: statements up to a word or operator that closes it.
    /// It may be empty here; whoever needs one says so.
    fn list(&mut self) -> Parsed<Program> {
        let mut statements = Vec::new();
        loop {
            self.command_start()?;
            match self.look()? {
                Token::Op(Op::End | Op::Close | Op::DSemi | Op::SemiAnd) => break,
                Token::Word(word) if word.bare().is_some_and(|w| CLOSING.contains(&w)) => break,
                _ => {}
            }
            let statement = self.statement()?;
            let more = self.separator(&statement)?;
            push(&mut statements, statement);
            if !more && self.look_op()? != Some(Op::Newline) {
                break;
            }
        }
        Ok(Program::new(statements))
    }

    /// A list that must have a command in it.
    fn some_list(&mut self) -> Parsed<Program> {
        let program = self.list()?;
        if program.statements.is_empty() { self.unexpected() } else { Ok(program) }
    }

    /// and_or, and the `&` behind it.
    fn statement(&mut self) -> Parsed<Statement> {
        self.look()?;
        let start = self.token_start;
        let mut first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let link = match self.look_op()? {
                Some(Op::AndIf) => Link::And,
                Some(Op::OrIf) => Link::Or,
                _ => break,
            };
            self.token = None;
            self.command_start()?;
            push(&mut rest, (link, self.pipeline()?));
        }
        first.background = self.look_op()? == Some(Op::And);
        let source = if first.background || self.input.keeps_source() {
            self.look()?;
            Some(self.excerpt(start))
        } else {
            None
        };
        if first.background {
            self.token = None;
        }
        Ok(Statement { first, rest: rest.into(), source })
    }

    fn pipeline(&mut self) -> Parsed<Pipeline> {
        let mut negated = false;
        self.command_aliases()?;
        while self.accept_word(b"!")? {
            negated = !negated;
            self.command_aliases()?;
        }
        let mut commands = Few::One(self.command()?);
        if self.look_op()? == Some(Op::Pipe) {
            let mut list = commands.into_vec();
            while self.accept(Op::Pipe)? {
                self.command_start()?;
                let command = self.command()?;
                push(&mut list, command);
            }
            commands = list.into();
        }
        Ok(Pipeline { negated, background: false, commands, tame: Verdict::default() })
    }

    /// Line breaks before a command, and those in its aliases.
    fn command_start(&mut self) -> Parsed<()> {
        loop {
            self.newlines()?;
            self.command_aliases()?;
            if self.look_op()? != Some(Op::Newline) {
                return Ok(());
            }
        }
    }

    /// Substitutes aliases for the word that is looked at (2.3.1).
    pub(super) fn command_aliases(&mut self) -> Parsed<()> {
        loop {
            self.alias_next = false;
            let Some(name) = self.look_bare()? else { return Ok(()) };
            if name.len() > 255 || RESERVED.contains(&name) {
                return Ok(());
            }
            let name = name.to_vec();
            let start = self.token_start;
            if !self.substitute_alias(&name, start) {
                return Ok(());
            }
            self.token = None;
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        self.command_aliases()?;
        self.deeper(|p| p.command_inner())
    }

    fn command_inner(&mut self) -> Parsed<Command> {
        self.look()?;
        let line = self.line();
        let kind = match self.look()? {
            Token::Op(Op::Open) => {
                self.token = None;
                let body = self.some_list()?;
                self.expect_close()?;
                Kind::Subshell(Box::new(body))
            }
            Token::Word(word) => match word.bare() {
                Some(b"{") => {
                    self.token = None;
                    let body = self.some_list()?;
                    self.expect_word(b"}")?;
                    Kind::Group(Box::new(body))
                }
                Some(b"if") => self.if_command()?,
                Some(b"while") => self.loop_command(false)?,
                Some(b"until") => self.loop_command(true)?,
                Some(b"for") => self.for_command()?,
                Some(b"case") => self.case_command()?,
                Some(b"function") => return self.function_keyword(line),
                Some(b"[[") => {
                    self.token = None;
                    let cond = self.cond_or()?;
                    self.expect_word(b"]]")?;
                    Kind::Test(Box::new(cond))
                }
                Some(w) if CLOSING.contains(&w) || w == b"!" => return self.unexpected(),
                _ => return self.simple_command(line),
            },
            Token::Io(_) => return self.simple_command(line),
            Token::Op(op) if redirection(*op).is_some() => return self.simple_command(line),
            Token::Op(_) => return self.unexpected(),
        };
        let mut redirs = Vec::new();
        while self.redirection_into(&mut redirs)? {}
        if redirs.is_empty() {
            return Ok(Command { kind, line });
        }
        Ok(Command { kind: Kind::Redirected(Box::new((kind, redirs.into()))), line })
    }

    fn if_command(&mut self) -> Parsed<Kind> {
        self.token = None;
        let mut arms = Vec::new();
        loop {
            let condition = self.some_list()?;
            self.expect_word(b"then")?;
            push(&mut arms, (condition, self.some_list()?));
            if self.accept_word(b"elif")? {
                continue;
            }
            let mut otherwise = None;
            if self.accept_word(b"else")? {
                otherwise = Some(self.some_list()?);
            }
            self.expect_word(b"fi")?;
            return Ok(Kind::If(Box::new(If { arms, otherwise })));
        }
    }

    fn loop_command(&mut self, until: bool) -> Parsed<Kind> {
        self.token = None;
        let condition = self.some_list()?;
        let body = self.do_group()?;
        Ok(Kind::Loop(until, Box::new((condition, body))))
    }

    fn do_group(&mut self) -> Parsed<Program> {
        self.expect_word(b"do")?;
        let body = self.some_list()?;
        self.expect_word(b"done")?;
        Ok(body)
    }

    fn for_command(&mut self) -> Parsed<Kind> {
        self.token = None;
        let Some(name) = self.look_bare()?.filter(|n| is_name(n)).map(Name::new) else {
            return self.unexpected();
        };
        self.token = None;
        let mut words = None;
        if !self.accept(Op::Semi)? {
            self.newlines()?;
            if self.accept_word(b"in")? {
                words = Some(self.words_of_line()?);
                if !self.accept(Op::Semi)? && self.look_op()? != Some(Op::Newline) {
                    return self.unexpected();
                }
            }
        }
        self.newlines()?;
        self.command_aliases()?;
        let body = self.do_group()?;
        Ok(Kind::For(Box::new(For { name, words, body })))
    }

    fn words_of_line(&mut self) -> Parsed<Few<Word>> {
        let mut words = Vec::new();
        while let Token::Word(_) = self.look()? {
            if let Token::Word(word) = self.next_token()? {
                push(&mut words, word);
            }
        }
        Ok(words.into())
    }

    fn case_command(&mut self) -> Parsed<Kind> {
        self.token = None;
        let subject = self.any_word()?;
        self.newlines()?;
        self.expect_word(b"in")?;
        let mut arms = Vec::new();
        loop {
            self.newlines()?;
            if self.accept_word(b"esac")? {
                break;
            }
            self.accept(Op::Open)?;
            let mut patterns = vec![self.any_word()?];
            while self.accept(Op::Pipe)? {
                push(&mut patterns, self.any_word()?);
            }
            self.expect_close()?;
            let body = self.list()?;
            let falls = self.look_op()? == Some(Op::SemiAnd);
            let ended = falls || self.look_op()? == Some(Op::DSemi);
            push(&mut arms, Arm { patterns: patterns.into(), body, falls });
            if ended {
                self.token = None;
                continue;
            }
            self.expect_word(b"esac")?;
            break;
        }
        Ok(Kind::Case(Box::new(Case { subject, arms })))
    }

    pub(super) fn any_word(&mut self) -> Parsed<Word> {
        if !matches!(self.look()?, Token::Word(_)) {
            return self.unexpected();
        }
        match self.next_token()? {
            Token::Word(word) => Ok(word),
            _ => self.unexpected(),
        }
    }

    /// `function name [()] compound`
    fn function_keyword(&mut self, line: u32) -> Parsed<Command> {
        self.token = None;
        let Some(name) = self.look_bare()?.map(|n| Text::new(Class::Literal, n)) else {
            return self.unexpected();
        };
        self.token = None;
        if self.accept(Op::Open)? {
            self.expect_close()?;
        }
        self.function_body(name, line)
    }

    pub(super) fn function_body(&mut self, name: Text, line: u32) -> Parsed<Command> {
        self.newlines()?;
        let body = self.command()?;
        let kind = Kind::Function(Rc::new(Function { name, body, tame: Verdict::default() }));
        Ok(Command { kind, line })
    }
}

/// Parses a whole script that is there from the beginning: for fuzzing, and
/// for text whose aliases do not matter.
pub fn parse(text: &[u8]) -> Parsed<Program> {
    let mut source = super::lexer::Source::of(text.to_vec(), 1);
    Parser::new(&mut source, &mut super::lexer::Nothing).whole()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        parse(text.as_bytes()).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(
            error("echo a\nif true\nfi\n"),
            "line 3: syntax error: unexpected \"fi\" (expecting \"then\")"
        );
        assert_eq!(error("echo )"), "line 1: syntax error: unexpected \")\"");
        assert_eq!(error("echo a | | b"), "line 1: syntax error: unexpected \"|\"");
        assert_eq!(error("if true; then"), "line 1: syntax error: unexpected end of file");
        assert_eq!(error("echo >\n"), "line 1: syntax error: unexpected newline");
        assert_eq!(error("\n\necho 'a"), "line 3: syntax error: unterminated quoted string");
        assert_eq!(error("echo ${x"), "line 1: syntax error: missing '}'");
        assert_eq!(error("echo $((1"), "line 1: syntax error: missing '))'");
        assert_eq!(error("f() "), "line 1: syntax error: unexpected end of file");
        assert_eq!(error("export() { a; }"), "line 1: syntax error: unexpected \"(\"");
    }

    #[test]
    fn what_may_go_on_is_told_apart() {
        for text in ["if true", "echo 'a", "echo $(", "a |", "a &&", "{ a", "case x in", "`", "${x"]
        {
            assert!(parse(text.as_bytes()).is_err_and(|e| e.unfinished), "{text}");
        }
        for text in ["fi", "a )", "a | | b", "f() { }"] {
            assert!(parse(text.as_bytes()).is_err_and(|e| !e.unfinished), "{text}");
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        for opening in ["(", "{ ", "$(", "`", "${x-", "if ", "\"$(", "$((", "[[ ( ", "f() { ", "! "]
        {
            let text = opening.repeat(20_000);
            let _ = parse(text.as_bytes());
            let text = format!("echo {text}");
            let _ = parse(text.as_bytes());
        }
        let text = format!("{}:{}", "( ".repeat(500), ") ".repeat(500));
        assert_eq!(error(&text), "line 1: syntax error: commands nest too deep");
        let chain = "a && ".repeat(50_000) + "b | ".repeat(50_000).as_str() + "c";
        assert!(parse(chain.as_bytes()).is_ok());
        let negated = format!("[[ {} a ]]", "! ".repeat(50_000));
        assert!(parse(negated.as_bytes()).is_err());
        let or = format!("[[ {} a ]]", "a || ".repeat(50_000));
        assert!(parse(or.as_bytes()).is_err());
    }

    #[test]
    fn words_are_parsed_once() {
        let program = parse(b"x=~/a:~b$y 'q'\"d$z\"*").unwrap();
        let Kind::Simple(_, simple) = &program.statements[0].first.commands[0].kind else {
            panic!()
        };
        assert_eq!(&*simple.assigns[0].name.text, b"x");
        // `~b` is none, as what follows belongs to the name.
        let [Part::Tilde(own), Part::Text(text), Part::Param(_)] = &*simple.assigns[0].value.parts
        else {
            panic!("{:?}", simple.assigns[0].value);
        };
        assert_eq!((&***own, &**text), (b"".as_slice(), b"/a:~b".as_slice()));
        let [Part::Text(q), Part::Double(_), Part::Text(star)] = &*simple.words[0].parts else {
            panic!("{:?}", simple.words[0]);
        };
        assert_eq!((q.class(), star.class()), (Class::Quoted, Class::Glob));
        assert_eq!(&**star, b"*");
    }

    /// What a fuzz target does for longer: damaged scripts are parsed or
    /// refused, and soon.
    #[test]
    fn damaged_scripts() {
        const SEED: &[u8] = b"f() { for i in a \"$@\" $(x `y` $((z+1)) ${q:-${r##*/}}); do \
            case $i in (a|b*) [[ a == b && -f c ]] ;; esac <<E 2>&1 | ! g & done; }\n$h\nE\n\
            if ! x=~/a:~b y; then z; elif w 'q'; then u; fi >f; $'\\x41' ${v/a/b} ${#w} ${x:1:2}\n";
        let mut state = 0x2545_f491_u32;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as usize % below
        };
        for _ in 0..20_000 {
            let mut text = SEED.to_vec();
            for _ in 0..=random(6) {
                let at = random(text.len());
                match random(4) {
                    0 => drop(text.remove(at)),
                    1 => text.insert(at, SEED[random(SEED.len())]),
                    2 => text[at] = random(256) as u8,
                    _ => {
                        let end = at + random(text.len() - at);
                        let copy = text[at..end].to_vec();
                        let to = random(text.len());
                        text.splice(to..to, copy);
                    }
                }
            }
            let _ = parse(&text);
        }
    }
}
