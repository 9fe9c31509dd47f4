//! The syntax tree of a script. POSIX.1-2024 XCU 2.9 (Shell Commands) and 2.10
//! (Shell Grammar).
//!
//! It is walked as it is: words are kept as parsed parts, so nothing is ever
//! scanned a second time. Lists, pipelines and `elif` chains are vectors, not
//! nests; what does nest is limited by the parser, so that neither walking nor
//! dropping a tree can use up the stack.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use super::arith::Expr;
pub use super::few::{Class, Few, Rare, Text};

/// The name of a variable, with room for the place that a shell keeps it at.
#[derive(Clone, Debug)]
pub struct Name {
    /// The letters.
    pub text: Text,
    /// Where the shell that runs this tree found it; see `vars`.
    pub slot: Cell<u32>,
}

impl Name {
    /// No slot yet.
    pub const UNKNOWN: u32 = u32::MAX;

    /// A name.
    pub fn new(text: &[u8]) -> Name {
        Name { text: Text::new(Class::Literal, text), slot: Cell::new(Name::UNKNOWN) }
    }
}

/// Whether `text` can be the name of a variable or function.
pub fn is_name(text: &[u8]) -> bool {
    match text.split_first() {
        Some((first, rest)) => {
            (first.is_ascii_alphabetic() || *first == b'_')
                && rest.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        }
        None => false,
    }
}

/// What has been found out about a part of the tree, as long as the names of
/// commands mean the same.
#[derive(Debug, Default)]
pub struct Verdict(Cell<u32>);

impl Verdict {
    /// The verdict of this generation of meanings, if there is one.
    pub fn get(&self, generation: u32) -> Option<bool> {
        let known = self.0.get();
        (known >> 1 == generation).then_some(known & 1 == 1)
    }

    /// Remembers a verdict. Generations begin at 1.
    pub fn set(&self, generation: u32, verdict: bool) {
        self.0.set(generation << 1 | u32::from(verdict));
    }
}

/// Commands that are executed one after the other.
#[derive(Debug, Default)]
pub struct Program {
    /// The statements.
    pub statements: Vec<Statement>,
    /// Whether it can be a subshell without a process of its own.
    pub tame: Verdict,
}

impl Program {
    /// A program of these statements.
    pub fn new(mut statements: Vec<Statement>) -> Program {
        statements.shrink_to_fit();
        Program { statements, tame: Verdict::default() }
    }
}

/// An AND-OR list (2.9.3), asynchronous or not.
#[derive(Debug)]
pub struct Statement {
    /// What is run first.
    pub first: Pipeline,
    /// And what is run depending on how that went.
    pub rest: Rare<(Link, Pipeline)>,
    /// Its text, for the list of jobs, when anybody may ask.
    pub source: Option<Excerpt>,
}

/// The text of a complete command, which is there when all of it has been read.
pub type Whole = Rc<OnceCell<Box<[u8]>>>;

/// A part of the text of a complete command: statements are in one another, so
/// that each can have no text of its own.
#[derive(Clone, Debug)]
pub struct Excerpt {
    whole: Whole,
    start: u32,
    end: u32,
}

impl Excerpt {
    /// What is from `start` to `end`.
    pub fn new(whole: &Whole, start: usize, end: usize) -> Excerpt {
        let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Excerpt { whole: Rc::clone(whole), start: place(start), end: place(end) }
    }

    /// Its text, without blanks around.
    pub fn text(&self) -> &[u8] {
        let whole = self.whole.get().map(|text| &**text).unwrap_or_default();
        whole.get(self.start as usize..self.end as usize).unwrap_or_default().trim_ascii()
    }
}

/// What joins two pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands joined by `|` (2.9.2).
#[derive(Debug)]
pub struct Pipeline {
    /// `!` before it.
    pub negated: bool,
    /// The list that begins with it is ended by `&`. It stands here, and not in
    /// the list, as there is room.
    pub background: bool,
    /// At least one.
    pub commands: Few<Command>,
    /// Whether several can be run one after the other.
    pub tame: Verdict,
}

/// A command.
#[derive(Debug)]
pub struct Command {
    /// What it is.
    pub kind: Kind,
    /// The line it begins on.
    pub line: u32,
}

/// The kinds of command (2.9.1, 2.9.4, 2.9.5).
#[derive(Debug)]
pub enum Kind {
    /// Assignments, words and redirections.
    Simple(Known, Box<Simple>),
    /// One of the others with redirections.
    Redirected(Box<(Kind, Rare<Redir>)>),
    /// `{ list; }`
    Group(Box<Program>),
    /// `( list )`
    Subshell(Box<Program>),
    /// `if`, the `elif`s, `else`
    If(Box<If>),
    /// `while`, or `until` when true
    Loop(bool, Box<(Program, Program)>),
    /// `for`
    For(Box<For>),
    /// `case`
    Case(Box<Case>),
    /// `name() command`
    Function(Rc<Function>),
    /// `[[ expression ]]`
    Test(Box<Cond>),
}

/// A simple command (2.9.1).
#[derive(Debug)]
pub struct Simple {
    /// `NAME=VALUE` before the name of the command.
    pub assigns: Rare<Assign>,
    /// The command and its arguments.
    pub words: Few<Word>,
    /// Redirections in order.
    pub redirs: Rare<Redir>,
}

/// What is known of the name of a simple command.
#[derive(Debug)]
pub struct Known {
    /// It is a declaration utility: its arguments that look like assignments
    /// are expanded like assignments.
    pub declares: bool,
    /// Which built-in utility it names: one more than its place in the table,
    /// 0 before it was looked for, 255 for none.
    pub builtin: Cell<u8>,
}

/// An assignment.
#[derive(Debug)]
pub struct Assign {
    /// The variable.
    pub name: Name,
    /// Its value.
    pub value: Word,
}

/// `if CONDITION; then BODY; elif ...; else OTHERWISE; fi`
#[derive(Debug)]
pub struct If {
    /// Conditions and bodies.
    pub arms: Vec<(Program, Program)>,
    /// What is run when none is true.
    pub otherwise: Option<Program>,
}

/// `for NAME in WORDS; do BODY; done`
#[derive(Debug)]
pub struct For {
    /// The variable.
    pub name: Name,
    /// None without `in`: the positional parameters.
    pub words: Option<Few<Word>>,
    /// What is repeated.
    pub body: Program,
}

/// `case SUBJECT in ... esac`
#[derive(Debug)]
pub struct Case {
    /// What is compared.
    pub subject: Word,
    /// The branches.
    pub arms: Vec<Arm>,
}

/// A branch of `case`.
#[derive(Debug)]
pub struct Arm {
    /// Any of these must match.
    pub patterns: Few<Word>,
    /// What is run then.
    pub body: Program,
    /// Ended by `;&`: the next body is run too.
    pub falls: bool,
}

/// A function (2.9.5).
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: Text,
    /// Its body, with the redirections of each call.
    pub body: Command,
    /// Whether a call can be a subshell without a process of its own.
    pub tame: Verdict,
}

/// The expression of `[[ ]]`.
#[derive(Debug)]
pub enum Cond {
    /// `-f WORD`
    Unary(u8, Word),
    /// `WORD OP WORD`; the operator as `test` spells it.
    Binary(Text, Word, Word),
    /// `==`, or `!=` when false: the right side is a pattern.
    Match(bool, Word, Word),
    /// `=~`
    Regex(Word, Word),
    /// Not empty.
    Word(Word),
    /// `!`
    Not(Box<Cond>),
    /// `&&`
    And(Box<(Cond, Cond)>),
    /// `||`
    Or(Box<(Cond, Cond)>),
}

/// A redirection (2.7).
#[derive(Debug)]
pub struct Redir {
    /// The descriptor before the operator.
    pub fd: Option<u8>,
    /// The operator.
    pub kind: RedirKind,
    /// The file name, descriptor or text.
    pub target: Word,
    /// The text of a here-document, which is read when the line ends.
    pub here: Option<Rc<OnceCell<Word>>>,
}

/// The operators of redirection.
#[derive(Clone, Copy, Debug)]
pub enum RedirKind {
    /// `<`
    Read,
    /// `>`
    Write,
    /// `>|`
    Clobber,
    /// `>>`
    Append,
    /// `<>`
    ReadWrite,
    /// `<&`
    DupIn,
    /// `>&`
    DupOut,
    /// `&>`
    Both,
    /// `&>>`
    BothAppend,
    /// `<<` and `<<-`
    Here,
    /// `<<<`
    HereString,
}

/// A word: what is written together, in parts (2.3, 2.6).
#[derive(Debug, Default)]
pub struct Word {
    /// The parts in order. A word without any expands to nothing.
    pub parts: Few<Part>,
}

/// A part of a word.
#[derive(Debug)]
pub enum Part {
    /// Text as it is.
    Text(Text),
    /// `"..."` with expansions in it.
    Double(Rare<Part>),
    /// `$name`, `${...}`
    Param(Box<Param>),
    /// `$(...)` and `` `...` ``
    Command(Rc<Program>),
    /// `<(...)`; `>(...)` when true. Never between quotes or braces.
    Process(bool, Rc<Program>),
    /// `$((...))`
    Arith(Box<Arith>),
    /// `~` or `~user`
    Tilde(Box<Text>),
}

impl Part {
    /// Text of a class.
    pub fn text(class: Class, text: &[u8]) -> Part {
        Part::Text(Text::new(class, text))
    }

    /// Text that is not quoted.
    pub fn unquoted(&self) -> Option<&[u8]> {
        match self {
            Part::Text(text) if text.class() != Class::Quoted => Some(text),
            _ => None,
        }
    }
}

impl Word {
    /// The text of a word that is nothing but unquoted text.
    pub fn bare(&self) -> Option<&[u8]> {
        match &self.parts {
            Few::One(Part::Text(text)) if text.class() == Class::Literal => Some(text),
            _ => None,
        }
    }

    /// The text of a word that expands to exactly itself.
    #[inline(always)]
    pub fn fixed(&self) -> Option<&[u8]> {
        match &self.parts {
            Few::One(Part::Text(text)) if text.class() != Class::Glob => Some(text),
            _ => None,
        }
    }
}

/// An arithmetic expression.
#[derive(Debug)]
pub struct Arith {
    /// Its text, which may hold expansions.
    pub source: Few<Part>,
    /// The same parsed, when that is possible before anything is expanded.
    pub parsed: Option<Expr>,
    /// The parts of `source` that stand as operands in `parsed`, parameters, and
    /// whether a `-` is written directly before.
    pub operands: Rare<(u32, bool)>,
}

/// A parameter expansion (2.6.2).
#[derive(Debug)]
pub struct Param {
    /// The parameter.
    pub which: Which,
    /// What is made of its value.
    pub op: Op,
}

/// A parameter (2.5).
#[derive(Clone, Debug)]
pub enum Which {
    /// A variable.
    Name(Name),
    /// `$1` and so on.
    Positional(u32),
    /// `$@`
    At,
    /// `$*`
    Star,
    /// `$#`
    Count,
    /// `$?`
    Status,
    /// `$-`
    Flags,
    /// `$$`
    Pid,
    /// `$!`
    LastJob,
    /// `$0`
    Zero,
}

/// What a parameter expansion makes of the value.
#[derive(Debug)]
pub enum Op {
    /// `${x}`
    Plain,
    /// `${#x}`
    Length,
    /// `${x-w}`; `:-` when true
    Default(bool, Word),
    /// `${x=w}`
    Assign(bool, Word),
    /// `${x?w}`
    Error(bool, Word),
    /// `${x+w}`
    Alternative(bool, Word),
    /// `${x#w}`; `##` when true
    Prefix(bool, Word),
    /// `${x%w}`
    Suffix(bool, Word),
    /// `${x:offset:length}`
    Slice(Box<Arith>, Option<Box<Arith>>),
    /// `${x/w/w}`
    Replace(Replace, Box<(Word, Word)>),
    /// Anything else between the braces: an error when it is expanded.
    Bad,
}

/// Which matches `${x/w/w}` replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// `/`
    First,
    /// `//`
    All,
    /// `/#`
    Start,
    /// `/%`
    End,
}
