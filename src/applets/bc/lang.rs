//! The language: text to statements.

/// An expression.
pub(super) enum Expr {
    Number(Vec<u8>),
    Variable(usize),
    Element(usize, Box<Expr>),
    /// `i` ibase, `o` obase, `s` scale, `.` last
    Special(u8),
    Assign(u8, Box<Expr>, Box<Expr>),
    /// Up or down, and whether before the value is taken.
    Step(bool, bool, Box<Expr>),
    Binary(u8, Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
    Not(Box<Expr>),
    Call(usize, Vec<Argument>),
    /// `l` length, `s` scale, `r` sqrt, `?` read, `a` abs
    Builtin(u8, Option<Box<Expr>>),
}

pub(super) enum Argument {
    Value(Expr),
    Array(usize),
}

pub(super) enum Statement {
    /// Whether the value is printed.
    Expr(Expr, bool),
    Text(Vec<u8>),
    Print(Vec<Statement>),
    If(Expr, Box<Statement>, Option<Box<Statement>>),
    While(Expr, Box<Statement>),
    For(Option<Expr>, Option<Expr>, Option<Expr>, Box<Statement>),
    Block(Vec<Statement>),
    Break,
    Continue,
    Return(Option<Expr>),
    Halt,
    Define(usize, std::rc::Rc<Function>),
}

pub(super) struct Function {
    /// Names, and whether they are arrays.
    pub parameters: Vec<(usize, bool)>,
    pub autos: Vec<(usize, bool)>,
    pub body: Vec<Statement>,
    /// Its value is not printed.
    pub void: bool,
}

#[derive(Clone, PartialEq)]
enum Token {
    Number(Vec<u8>),
    Text(Vec<u8>),
    Name(Vec<u8>),
    /// One byte, or two as `a << 8 | b`.
    Op(u16),
    Newline,
    End,
}

const fn op(text: &[u8; 2]) -> u16 {
    (text[0] as u16) << 8 | text[1] as u16
}

type Parsed<T> = Result<T, &'static str>;

const SYNTAX: &str = "syntax error";
const DEEPEST: usize = 200;

pub(super) struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    token: Token,
    names: &'a mut Vec<Vec<u8>>,
    depth: usize,
}

/// Whether a text ends inside braces, a string or a comment, or goes on.
pub(super) fn is_open(text: &[u8]) -> bool {
    let mut depth = 0isize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'{' | b'(' => depth += 1,
            b'}' | b')' => depth -= 1,
            b'"' => match text.get(at..).and_then(|t| t.iter().position(|b| *b == b'"')) {
                Some(end) => at += end + 1,
                None => return true,
            },
            b'/' if text.get(at) == Some(&b'*') => {
                match text.get(at + 1..).and_then(|t| t.windows(2).position(|w| w == b"*/")) {
                    Some(end) => at += end + 3,
                    None => return true,
                }
            }
            b'#' => {
                while text.get(at).is_some_and(|b| *b != b'\n') {
                    at += 1;
                }
            }
            _ => {}
        }
    }
    let line = text.trim_ascii_end();
    // A definition or a condition whose body is on the next line.
    let last = line.rsplit(|b| *b == b'\n' || *b == b';').next().unwrap_or_default().trim_ascii();
    let waits = [&b"define"[..], b"if", b"while", b"for", b"else"]
        .iter()
        .any(|word| last.starts_with(word) && (last.ends_with(b")") || last == *word));
    depth > 0 || text.ends_with(b"\\\n") || waits
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a [u8], names: &'a mut Vec<Vec<u8>>) -> Parser<'a> {
        Parser { text, at: 0, token: Token::Newline, names, depth: 0 }
    }

    /// The next statement; `None` at the end.
    pub fn next(&mut self) -> Parsed<Option<Statement>> {
        while self.token == Token::Newline || self.is(b';') {
            self.advance()?;
        }
        if self.token == Token::End {
            return Ok(None);
        }
        let statement = self.statement()?;
        match self.token {
            Token::Newline | Token::End => {}
            _ if self.is(b';') => {}
            _ => return Err(SYNTAX),
        }
        Ok(Some(statement))
    }

    /// After an error: goes on behind the line.
    pub fn skip_line(&mut self) {
        while self.token != Token::Newline && self.token != Token::End {
            if self.advance().is_err() {
                self.at += 1;
            }
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn advance(&mut self) -> Parsed<()> {
        self.token = self.lex()?;
        Ok(())
    }

    fn lex(&mut self) -> Parsed<Token> {
        loop {
            match self.peek(0) {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\\' if self.peek(1) == b'\n' => self.at += 2,
                b'#' => {
                    while self.at < self.text.len() && self.peek(0) != b'\n' {
                        self.at += 1;
                    }
                }
                b'/' if self.peek(1) == b'*' => {
                    let rest = self.text.get(self.at + 2..).unwrap_or_default();
                    let end = rest.windows(2).position(|w| w == b"*/").ok_or("open comment")?;
                    self.at += end + 4;
                }
                _ => break,
            }
        }
        if self.at >= self.text.len() {
            return Ok(Token::End);
        }
        let byte = self.peek(0);
        let rest = self.text.get(self.at..).unwrap_or_default();
        let take = |test: &dyn Fn(u8) -> bool| rest.iter().take_while(|b| test(**b)).count();
        match byte {
            b'\n' => {
                self.at += 1;
                Ok(Token::Newline)
            }
            b'"' => {
                let rest = self.text.get(self.at + 1..).unwrap_or_default();
                let end = rest.iter().position(|b| *b == b'"').ok_or("open string")?;
                self.at += end + 2;
                Ok(Token::Text(rest.get(..end).unwrap_or_default().to_vec()))
            }
            b'0'..=b'9' | b'A'..=b'Z' | b'.'
                if byte != b'.'
                    || self.peek(1).is_ascii_digit()
                    || (b'A'..=b'F').contains(&self.peek(1)) =>
            {
                let mut number = Vec::new();
                let mut pointed = false;
                loop {
                    let byte = self.peek(0);
                    if byte == b'\\' && self.peek(1) == b'\n' {
                        self.at += 2;
                        continue;
                    }
                    if !(byte.is_ascii_digit()
                        || byte.is_ascii_uppercase()
                        || byte == b'.' && !pointed)
                    {
                        break;
                    }
                    pointed |= byte == b'.';
                    number.push(byte);
                    self.at += 1;
                }
                Ok(Token::Number(number))
            }
            b'a'..=b'z' => {
                let length = take(&|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
                self.at += length;
                Ok(Token::Name(rest.get(..length).unwrap_or_default().to_vec()))
            }
            _ => {
                let two = u16::from(byte) << 8 | u16::from(self.peek(1));
                let known = [
                    b"==", b"<=", b">=", b"!=", b"&&", b"||", b"++", b"--", b"+=", b"-=", b"*=",
                    b"/=", b"%=", b"^=",
                ];
                if known.iter().any(|k| op(k) == two) {
                    self.at += 2;
                    return Ok(Token::Op(two));
                }
                self.at += 1;
                if b"+-*/%^()[]{},;=<>!.".contains(&byte) {
                    return Ok(Token::Op(u16::from(byte)));
                }
                Err("illegal character")
            }
        }
    }

    fn is(&self, byte: u8) -> bool {
        self.token == Token::Op(u16::from(byte))
    }

    fn eat(&mut self, byte: u8) -> Parsed<bool> {
        let there = self.is(byte);
        if there {
            self.advance()?;
        }
        Ok(there)
    }

    fn want(&mut self, byte: u8) -> Parsed<()> {
        if self.eat(byte)? { Ok(()) } else { Err(SYNTAX) }
    }

    fn newlines(&mut self) -> Parsed<()> {
        while self.token == Token::Newline {
            self.advance()?;
        }
        Ok(())
    }

    fn is_word(&self, word: &[u8]) -> bool {
        matches!(&self.token, Token::Name(name) if name == word)
    }

    fn number_of(&mut self, name: &[u8]) -> usize {
        self.names.iter().position(|n| n == name).unwrap_or_else(|| {
            self.names.push(name.to_vec());
            self.names.len() - 1
        })
    }

    fn statement(&mut self) -> Parsed<Statement> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("nested too deep");
        }
        let statement = self.any_statement();
        self.depth -= 1;
        statement
    }

    fn any_statement(&mut self) -> Parsed<Statement> {
        if let Token::Text(text) = &self.token {
            let text = text.clone();
            self.advance()?;
            return Ok(Statement::Text(text));
        }
        if self.is(b'{') {
            return Ok(Statement::Block(self.block()?));
        }
        let word = match &self.token {
            Token::Name(name) => name.clone(),
            _ => Vec::new(),
        };
        let statement = match word.as_slice() {
            b"if" => {
                self.advance()?;
                self.want(b'(')?;
                let condition = self.expr()?;
                self.want(b')')?;
                self.newlines()?;
                let then = Box::new(self.statement()?);
                let kept = (self.at, self.token.clone());
                while self.token == Token::Newline || self.is(b';') {
                    self.advance()?;
                }
                if self.is_word(b"else") {
                    self.advance()?;
                    self.newlines()?;
                    let other = Box::new(self.statement()?);
                    return Ok(Statement::If(condition, then, Some(other)));
                }
                (self.at, self.token) = kept;
                return Ok(Statement::If(condition, then, None));
            }
            b"while" => {
                self.advance()?;
                self.want(b'(')?;
                let condition = self.expr()?;
                self.want(b')')?;
                self.newlines()?;
                return Ok(Statement::While(condition, Box::new(self.statement()?)));
            }
            b"for" => {
                self.advance()?;
                self.want(b'(')?;
                let mut parts = [None, None, None];
                for (number, part) in parts.iter_mut().enumerate() {
                    let end = if number == 2 { b')' } else { b';' };
                    if !self.is(end) {
                        *part = Some(self.expr()?);
                    }
                    self.want(end)?;
                }
                self.newlines()?;
                let [first, condition, last] = parts;
                let body = Box::new(self.statement()?);
                return Ok(Statement::For(first, condition, last, body));
            }
            b"define" => {
                self.advance()?;
                let void = self.is_word(b"void");
                if void {
                    self.advance()?;
                }
                return self.define(void);
            }
            b"print" => {
                self.advance()?;
                let mut list = Vec::new();
                loop {
                    list.push(match &self.token {
                        Token::Text(text) => {
                            let text = text.clone();
                            self.advance()?;
                            Statement::Text(text)
                        }
                        _ => Statement::Expr(self.expr()?, true),
                    });
                    if !self.eat(b',')? {
                        return Ok(Statement::Print(list));
                    }
                }
            }
            b"break" => Statement::Break,
            b"continue" => Statement::Continue,
            b"halt" | b"quit" => Statement::Halt,
            b"return" => {
                self.advance()?;
                if matches!(self.token, Token::Newline | Token::End)
                    || self.is(b';')
                    || self.is(b'}')
                {
                    return Ok(Statement::Return(None));
                }
                return Ok(Statement::Return(Some(self.expr()?)));
            }
            _ => {
                let bare = self.is(b'(');
                let expr = self.expr()?;
                let silent = matches!(expr, Expr::Assign(..)) && !bare;
                return Ok(Statement::Expr(expr, !silent));
            }
        };
        self.advance()?;
        Ok(statement)
    }

    fn block(&mut self) -> Parsed<Vec<Statement>> {
        self.want(b'{')?;
        let mut list = Vec::new();
        loop {
            while self.token == Token::Newline || self.is(b';') {
                self.advance()?;
            }
            if self.eat(b'}')? {
                return Ok(list);
            }
            list.push(self.statement()?);
            if self.token != Token::Newline && !self.is(b';') && !self.is(b'}') {
                return Err(SYNTAX);
            }
        }
    }

    fn parameters(&mut self, end: Option<u8>) -> Parsed<Vec<(usize, bool)>> {
        let mut list = Vec::new();
        loop {
            if let Some(end) = end
                && self.eat(end)?
            {
                return Ok(list);
            }
            let Token::Name(name) = self.token.clone() else { return Err(SYNTAX) };
            self.advance()?;
            let array = self.eat(b'[')?;
            if array {
                self.want(b']')?;
            }
            list.push((self.number_of(&name), array));
            if !self.eat(b',')? {
                if let Some(end) = end {
                    self.want(end)?;
                }
                return Ok(list);
            }
        }
    }

    fn define(&mut self, void: bool) -> Parsed<Statement> {
        let Token::Name(name) = self.token.clone() else { return Err(SYNTAX) };
        self.advance()?;
        let number = self.number_of(&name);
        self.want(b'(')?;
        let parameters = self.parameters(Some(b')'))?;
        self.newlines()?;
        self.want(b'{')?;
        while self.token == Token::Newline || self.is(b';') {
            self.advance()?;
        }
        let mut autos = Vec::new();
        while self.is_word(b"auto") {
            self.advance()?;
            autos.extend(self.parameters(None)?);
            while self.token == Token::Newline || self.is(b';') {
                self.advance()?;
            }
        }
        let mut body = Vec::new();
        loop {
            while self.token == Token::Newline || self.is(b';') {
                self.advance()?;
            }
            if self.eat(b'}')? {
                break;
            }
            body.push(self.statement()?);
            if self.token != Token::Newline && !self.is(b';') && !self.is(b'}') {
                return Err(SYNTAX);
            }
        }
        Ok(Statement::Define(number, std::rc::Rc::new(Function { parameters, autos, body, void })))
    }

    fn expr(&mut self) -> Parsed<Expr> {
        self.level(0)
    }

    /// `||`, `&&`, `!`, comparisons, `+ -`, `* / %`.
    fn level(&mut self, level: usize) -> Parsed<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST * 8 {
            return Err("nested too deep");
        }
        let result = self.any_level(level);
        self.depth -= 1;
        result
    }

    fn any_level(&mut self, level: usize) -> Parsed<Expr> {
        if level == 2 && self.is(b'!') {
            self.advance()?;
            return Ok(Expr::Not(Box::new(self.level(2)?)));
        }
        if level == 6 {
            return self.power();
        }
        let mut left = self.level(level + 1)?;
        loop {
            let Token::Op(code) = self.token else { return Ok(left) };
            let letter = match (level, code) {
                (0, code) if code == op(b"||") => b'|',
                (1, code) if code == op(b"&&") => b'&',
                (3, code) if code == op(b"==") => b'=',
                (3, code) if code == op(b"<=") => b'l',
                (3, code) if code == op(b">=") => b'g',
                (3, code) if code == op(b"!=") => b'!',
                (3, code) if code == u16::from(b'<') => b'<',
                (3, code) if code == u16::from(b'>') => b'>',
                (4, code) if code == u16::from(b'+') => b'+',
                (4, code) if code == u16::from(b'-') => b'-',
                (5, code) if code == u16::from(b'*') => b'*',
                (5, code) if code == u16::from(b'/') => b'/',
                (5, code) if code == u16::from(b'%') => b'%',
                _ => return Ok(left),
            };
            self.advance()?;
            let right = self.level(level + 1)?;
            left = Expr::Binary(letter, Box::new(left), Box::new(right));
        }
    }

    fn power(&mut self) -> Parsed<Expr> {
        let base = self.unary()?;
        if !self.eat(b'^')? {
            return Ok(base);
        }
        let exponent = self.level(6)?;
        Ok(Expr::Binary(b'^', Box::new(base), Box::new(exponent)))
    }

    fn unary(&mut self) -> Parsed<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST * 8 {
            return Err("nested too deep");
        }
        let expr =
            if self.eat(b'-')? { Expr::Negative(Box::new(self.unary()?)) } else { self.postfix()? };
        self.depth -= 1;
        Ok(expr)
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        for (code, up) in [(op(b"++"), true), (op(b"--"), false)] {
            if self.token == Token::Op(code) {
                self.advance()?;
                let place = self.primary()?;
                return Ok(Expr::Step(up, true, Box::new(place)));
            }
        }
        let place = self.primary()?;
        if !matches!(place, Expr::Variable(_) | Expr::Element(..) | Expr::Special(_)) {
            return Ok(place);
        }
        let Token::Op(code) = self.token else { return Ok(place) };
        for (text, up) in [(op(b"++"), true), (op(b"--"), false)] {
            if code == text {
                self.advance()?;
                return Ok(Expr::Step(up, false, Box::new(place)));
            }
        }
        let letter = match code.to_be_bytes() {
            [0, b'='] => 0,
            [letter @ (b'+' | b'-' | b'*' | b'/' | b'%' | b'^'), b'='] => letter,
            _ => return Ok(place),
        };
        self.advance()?;
        // an assignment takes all of an arithmetic expression
        let value = self.level(4)?;
        Ok(Expr::Assign(letter, Box::new(place), Box::new(value)))
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let token = self.token.clone();
        self.advance()?;
        match token {
            Token::Number(number) => Ok(Expr::Number(number)),
            Token::Op(code) if code == u16::from(b'(') => {
                let inner = self.expr()?;
                self.want(b')')?;
                // what is in parentheses is printed, an assignment too
                Ok(inner)
            }
            Token::Op(code) if code == u16::from(b'.') => Ok(Expr::Special(b'.')),
            Token::Name(name) => self.name(&name),
            _ => Err(SYNTAX),
        }
    }

    fn name(&mut self, name: &[u8]) -> Parsed<Expr> {
        let builtin = match name {
            b"length" => b'l',
            b"scale" if self.is(b'(') => b's',
            b"sqrt" => b'r',
            b"read" => b'?',
            b"abs" => b'a',
            _ => 0,
        };
        if builtin != 0 {
            self.want(b'(')?;
            let argument = if self.is(b')') { None } else { Some(Box::new(self.expr()?)) };
            self.want(b')')?;
            return Ok(Expr::Builtin(builtin, argument));
        }
        match name {
            b"ibase" => return Ok(Expr::Special(b'i')),
            b"obase" => return Ok(Expr::Special(b'o')),
            b"scale" => return Ok(Expr::Special(b's')),
            b"last" => return Ok(Expr::Special(b'.')),
            _ => {}
        }
        let number = self.number_of(name);
        if self.eat(b'(')? {
            let mut list = Vec::new();
            while !self.is(b')') {
                let kept = (self.at, self.token.clone());
                let mut array = None;
                if let Token::Name(name) = self.token.clone() {
                    self.advance()?;
                    if self.eat(b'[')? && self.eat(b']')? {
                        array = Some(self.number_of(&name));
                    } else {
                        (self.at, self.token) = kept;
                    }
                }
                list.push(match array {
                    Some(array) => Argument::Array(array),
                    None => Argument::Value(self.expr()?),
                });
                if !self.eat(b',')? {
                    break;
                }
            }
            self.want(b')')?;
            return Ok(Expr::Call(number, list));
        }
        if self.eat(b'[')? {
            let index = self.expr()?;
            self.want(b']')?;
            return Ok(Expr::Element(number, Box::new(index)));
        }
        Ok(Expr::Variable(number))
    }
}
