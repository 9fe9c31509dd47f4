//! The grammar: words to a tree, names to slots.

use super::lexer::{Key, Lexer, Token, op};
use super::{Expr, Function, Pattern, Program, SPECIAL, Slot, Statement, Target};

mod expression;

use expression::{Not, is_place};

/// Expressions and statements deeper than that are refused.
const DEEPEST: usize = 500;

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    program: Program,
    /// Parameters of the function that is read.
    locals: Vec<Vec<u8>>,
    in_function: bool,
    loops: usize,
    depth: usize,
    not: Not,
}

type Parsed<T> = Result<T, String>;

/// Reads a program; an error has the line and what is wrong.
pub fn parse(text: &[u8]) -> Parsed<Program> {
    let globals = SPECIAL.iter().map(|name| name.as_bytes().to_vec()).collect();
    let program = Program { globals, ..Program::default() };
    let mut parser = Parser {
        lexer: Lexer::new(text),
        token: Token::Newline,
        program,
        locals: Vec::new(),
        in_function: false,
        loops: 0,
        depth: 0,
        not: Not::default(),
    };
    match parser.all() {
        Ok(()) => Ok(parser.program),
        Err(why) => Err(format!("line {}: {why}", parser.lexer.line)),
    }
}

impl Parser<'_> {
    fn advance(&mut self) -> Parsed<Token> {
        let next = self.lexer.next().map_err(String::from)?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn is(&self, text: u32) -> bool {
        self.token == Token::Op(text)
    }

    fn eat(&mut self, text: u32) -> Parsed<bool> {
        let there = self.is(text);
        if there {
            self.advance()?;
        }
        Ok(there)
    }

    fn want(&mut self, text: u32) -> Parsed<()> {
        if self.eat(text)? {
            return Ok(());
        }
        let name: String =
            text.to_be_bytes().iter().filter(|b| **b > 0).map(|b| *b as char).collect();
        self.unexpected(&format!(", expected {name}"))
    }

    fn unexpected<T>(&self, more: &str) -> Parsed<T> {
        let shown = match &self.token {
            Token::End => "end of program".to_string(),
            Token::Newline => "end of line".to_string(),
            Token::Op(code) => {
                code.to_be_bytes().iter().filter(|b| **b > 0).map(|b| *b as char).collect()
            }
            Token::Name(name, _) => String::from_utf8_lossy(name).into_owned(),
            Token::Number(_) => "number".to_string(),
            Token::Text(_) => "string".to_string(),
            Token::Regex(_) => "regular expression".to_string(),
            Token::Builtin(_) => "function".to_string(),
            Token::Key(_) => "keyword".to_string(),
        };
        Err(format!("syntax error at {shown}{more}"))
    }

    fn newlines(&mut self) -> Parsed<()> {
        while self.token == Token::Newline {
            self.advance()?;
        }
        Ok(())
    }

    fn ends(&mut self) -> Parsed<()> {
        while self.token == Token::Newline || self.is(op(";")) {
            self.advance()?;
        }
        Ok(())
    }

    fn all(&mut self) -> Parsed<()> {
        self.advance()?;
        loop {
            self.ends()?;
            match &self.token {
                Token::End => break,
                Token::Key(Key::Begin) => {
                    self.advance()?;
                    let action = self.block()?;
                    self.program.begin.push(action);
                }
                Token::Key(Key::End) => {
                    self.advance()?;
                    let action = self.block()?;
                    self.program.end.push(action);
                }
                Token::Key(Key::Function) => self.function()?,
                _ => {
                    let mut pattern = Pattern::Always;
                    if !self.is(op("{")) {
                        let first = self.expr()?;
                        pattern = if self.eat(op(","))? {
                            self.newlines()?;
                            Pattern::Range(first, self.expr()?)
                        } else {
                            Pattern::When(first)
                        };
                    }
                    let action = if self.is(op("{")) { Some(self.block()?) } else { None };
                    if action.is_none()
                        && !matches!(self.token, Token::Newline | Token::End)
                        && !self.is(op(";"))
                    {
                        return self.unexpected("");
                    }
                    self.program.rules.push((pattern, action));
                }
            }
        }
        match self.program.functions.iter().find(|f| !f.defined) {
            Some(f) => Err(format!("function {} is not defined", String::from_utf8_lossy(&f.name))),
            None => Ok(()),
        }
    }

    fn function_number(&mut self, name: &[u8]) -> usize {
        let functions = &mut self.program.functions;
        functions.iter().position(|f| f.name == name).unwrap_or_else(|| {
            let name = name.to_vec();
            functions.push(Function { name, parameters: 0, body: Vec::new(), defined: false });
            functions.len() - 1
        })
    }

    fn function(&mut self) -> Parsed<()> {
        self.advance()?;
        let Token::Name(name, _) = self.advance()? else { return self.unexpected("") };
        self.want(op("("))?;
        self.locals.clear();
        while !self.is(op(")")) {
            let Token::Name(parameter, _) = self.advance()? else { return self.unexpected("") };
            self.locals.push(parameter);
            if !self.eat(op(","))? {
                break;
            }
            self.newlines()?;
        }
        self.want(op(")"))?;
        self.newlines()?;
        let number = self.function_number(&name);
        let parameters = self.locals.len();
        let mut again = true;
        if let Some(function) = self.program.functions.get_mut(number) {
            again = std::mem::replace(&mut function.defined, true);
            function.parameters = parameters;
        }
        if again {
            return Err(format!("function {} is defined twice", String::from_utf8_lossy(&name)));
        }
        self.in_function = true;
        let body = self.block()?;
        self.in_function = false;
        self.locals.clear();
        if let Some(function) = self.program.functions.get_mut(number) {
            function.body = body;
        }
        Ok(())
    }

    fn slot(&mut self, name: &[u8]) -> Slot {
        if let Some(number) = self.locals.iter().position(|local| local == name) {
            return Slot::Local(number);
        }
        let globals = &mut self.program.globals;
        Slot::Global(globals.iter().position(|global| global == name).unwrap_or_else(|| {
            globals.push(name.to_vec());
            globals.len() - 1
        }))
    }

    fn block(&mut self) -> Parsed<Vec<Statement>> {
        self.want(op("{"))?;
        let mut list = Vec::new();
        loop {
            self.ends()?;
            if self.eat(op("}"))? {
                return Ok(list);
            }
            list.push(self.statement()?);
        }
    }

    /// What ends a simple statement.
    fn end(&mut self) -> Parsed<()> {
        match self.token {
            Token::Newline => self.newlines(),
            Token::End => Ok(()),
            Token::Op(code) if code == op(";") => {
                self.advance()?;
                self.newlines()
            }
            Token::Op(code) if code == op("}") => Ok(()),
            _ => self.unexpected(""),
        }
    }

    fn statement(&mut self) -> Parsed<Statement> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("nested too deep".into());
        }
        let statement = self.any_statement();
        self.depth -= 1;
        statement
    }

    /// A statement that may be empty, on the next line.
    fn body(&mut self) -> Parsed<Box<Statement>> {
        self.newlines()?;
        if self.eat(op(";"))? {
            return Ok(Box::new(Statement::Block(Vec::new())));
        }
        Ok(Box::new(self.statement()?))
    }

    fn loop_body(&mut self) -> Parsed<Box<Statement>> {
        self.loops += 1;
        let body = self.body();
        self.loops -= 1;
        body
    }

    fn any_statement(&mut self) -> Parsed<Statement> {
        let Token::Key(key) = self.token else {
            if self.is(op("{")) {
                let block = self.block()?;
                // `;` and newlines behind it belong to it (`if (x) {}; else`)
                return Ok(Statement::Block(block));
            }
            let statement = self.simple()?;
            self.end()?;
            return Ok(statement);
        };
        let statement = match key {
            Key::If => {
                self.advance()?;
                self.want(op("("))?;
                let condition = self.inner()?;
                self.want(op(")"))?;
                let then = self.body()?;
                // `else` may be behind newlines and one `;`
                let mut other = None;
                self.ends_before_else()?;
                if self.token == Token::Key(Key::Else) {
                    self.advance()?;
                    other = Some(self.body()?);
                }
                return Ok(Statement::If(condition, then, other));
            }
            Key::While => {
                self.advance()?;
                self.want(op("("))?;
                let condition = self.inner()?;
                self.want(op(")"))?;
                if self.is(op(";")) {
                    self.advance()?;
                    return Ok(Statement::While(condition, Box::new(Statement::Block(Vec::new()))));
                }
                return Ok(Statement::While(condition, self.loop_body()?));
            }
            Key::Do => {
                self.advance()?;
                let body = self.loop_body()?;
                self.ends()?;
                if self.token != Token::Key(Key::While) {
                    return self.unexpected(", expected while");
                }
                self.advance()?;
                self.want(op("("))?;
                let condition = self.inner()?;
                self.want(op(")"))?;
                self.end()?;
                return Ok(Statement::Do(body, condition));
            }
            Key::For => return self.for_loop(),
            _ => self.simple()?,
        };
        self.end()?;
        Ok(statement)
    }

    fn ends_before_else(&mut self) -> Parsed<()> {
        // What is skipped ends a statement anyway.
        while self.token == Token::Newline || self.is(op(";")) {
            self.advance()?;
        }
        Ok(())
    }

    fn for_loop(&mut self) -> Parsed<Statement> {
        self.advance()?;
        self.want(op("("))?;
        let mut first = None;
        if !self.is(op(";")) {
            self.not.inside = true;
            let statement = self.simple();
            self.not.inside = false;
            let statement = statement?;
            if self.token == Token::Key(Key::In) {
                self.advance()?;
                let Statement::Expr(target) = statement else { return self.unexpected("") };
                let Token::Name(array, _) = self.advance()? else { return self.unexpected("") };
                let array = self.slot(&array);
                if !is_place(&target) {
                    return self.unexpected("");
                }
                self.want(op(")"))?;
                return Ok(Statement::ForIn(target, array, self.loop_body()?));
            }
            first = Some(Box::new(statement));
        }
        self.want(op(";"))?;
        self.newlines()?;
        let condition = if self.is(op(";")) { None } else { Some(self.inner()?) };
        self.want(op(";"))?;
        self.newlines()?;
        let last = if self.is(op(")")) { None } else { Some(Box::new(self.simple()?)) };
        self.want(op(")"))?;
        if self.is(op(";")) {
            self.advance()?;
            let nothing = Box::new(Statement::Block(Vec::new()));
            return Ok(Statement::For(first, condition, last, nothing));
        }
        Ok(Statement::For(first, condition, last, self.loop_body()?))
    }

    /// Whether a simple statement ends here.
    fn at_end(&self) -> bool {
        matches!(self.token, Token::Newline | Token::End) || self.is(op(";")) || self.is(op("}"))
    }

    fn simple(&mut self) -> Parsed<Statement> {
        let Token::Key(key) = self.token else { return Ok(Statement::Expr(self.expr()?)) };
        if matches!(key, Key::Getline) {
            return Ok(Statement::Expr(self.expr()?));
        }
        self.advance()?;
        Ok(match key {
            Key::Print | Key::Printf => {
                let mut list = Vec::new();
                if !self.at_end() && !self.is(op(">")) && !self.is(op("|")) && !self.is(op(">>")) {
                    let not = std::mem::replace(&mut self.not, Not { output: true, inside: false });
                    let parsed = self.list();
                    self.not = not;
                    list = parsed?;
                    // `print (a, b)`: the list was in parentheses
                    if let [Expr::Group(_)] = list.as_slice()
                        && let Some(Expr::Group(inner)) = list.pop()
                    {
                        list = inner;
                    }
                }
                let target = match self.token {
                    Token::Op(code) if code == op(">") => {
                        self.advance()?;
                        Target::File(self.file_name()?)
                    }
                    Token::Op(code) if code == op(">>") => {
                        self.advance()?;
                        Target::Append(self.file_name()?)
                    }
                    Token::Op(code) if code == op("|") => {
                        self.advance()?;
                        Target::Pipe(self.file_name()?)
                    }
                    _ => Target::Out,
                };
                if key == Key::Print {
                    Statement::Print(list, target)
                } else if list.is_empty() {
                    return Err("printf: no format".into());
                } else {
                    Statement::Printf(list, target)
                }
            }
            Key::Break | Key::Continue if self.loops == 0 => {
                return Err("break or continue outside a loop".into());
            }
            Key::Break => Statement::Break,
            Key::Continue => Statement::Continue,
            Key::Next => Statement::Next,
            Key::NextFile => Statement::NextFile,
            Key::Exit => Statement::Exit(self.optional()?),
            Key::Return if !self.in_function => return Err("return outside a function".into()),
            Key::Return => Statement::Return(self.optional()?),
            Key::Delete => {
                let Token::Name(name, _) = self.advance()? else { return self.unexpected("") };
                let array = self.slot(&name);
                if self.eat(op("["))? {
                    let keys = self.inner_list()?;
                    self.want(op("]"))?;
                    Statement::Delete(array, Some(keys))
                } else {
                    Statement::Delete(array, None)
                }
            }
            _ => return self.unexpected(""),
        })
    }

    fn optional(&mut self) -> Parsed<Option<Expr>> {
        if self.at_end() { Ok(None) } else { Ok(Some(self.expr()?)) }
    }

    fn file_name(&mut self) -> Parsed<Expr> {
        let not = std::mem::replace(&mut self.not, Not { output: true, inside: false });
        let name = self.joined();
        self.not = not;
        name
    }

    fn list(&mut self) -> Parsed<Vec<Expr>> {
        let mut list = vec![self.expr()?];
        while self.eat(op(","))? {
            self.newlines()?;
            list.push(self.expr()?);
        }
        Ok(list)
    }

    /// Inside parentheses or brackets everything means itself again.
    fn inner(&mut self) -> Parsed<Expr> {
        let not = std::mem::take(&mut self.not);
        let expr = self.expr();
        self.not = not;
        expr
    }

    fn inner_list(&mut self) -> Parsed<Vec<Expr>> {
        let not = std::mem::take(&mut self.not);
        let list = self.list();
        self.not = not;
        list
    }
}
