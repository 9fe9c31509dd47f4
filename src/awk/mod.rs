//! Programs of awk: text to tree. POSIX, with what gawk adds.

pub mod lexer;
pub mod number;
pub mod parser;

use std::rc::Rc;

use crate::regex::Regex;

/// A place for a value or an array.
#[derive(Clone, Copy)]
pub enum Slot {
    /// Of the program; the first ones are [`SPECIAL`].
    Global(usize),
    /// Of the function.
    Local(usize),
}

/// Names of the variables with a meaning, in the order of their slots.
pub const SPECIAL: [&str; 18] = [
    "NF",
    "NR",
    "FNR",
    "FS",
    "OFS",
    "ORS",
    "RS",
    "SUBSEP",
    "RSTART",
    "RLENGTH",
    "CONVFMT",
    "OFMT",
    "FILENAME",
    "ENVIRON",
    "ARGC",
    "ARGV",
    "ERRNO",
    "IGNORECASE",
];
#[allow(missing_docs)] // the slots of SPECIAL
pub mod special {
    pub const NF: usize = 0;
    pub const NR: usize = 1;
    pub const FNR: usize = 2;
    pub const FS: usize = 3;
    pub const OFS: usize = 4;
    pub const ORS: usize = 5;
    pub const RS: usize = 6;
    pub const SUBSEP: usize = 7;
    pub const RSTART: usize = 8;
    pub const RLENGTH: usize = 9;
    pub const CONVFMT: usize = 10;
    pub const OFMT: usize = 11;
    pub const FILENAME: usize = 12;
    pub const ENVIRON: usize = 13;
    pub const ARGC: usize = 14;
    pub const ARGV: usize = 15;
    pub const ERRNO: usize = 16;
    pub const IGNORECASE: usize = 17;
    /// How many there are.
    pub const COUNT: usize = 18;
}

/// Functions that are there.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // their names say it
pub enum Builtin {
    Length,
    Substr,
    Index,
    Split,
    Sub,
    Gsub,
    Gensub,
    Match,
    Sprintf,
    Sin,
    Cos,
    Atan2,
    Exp,
    Log,
    Sqrt,
    Int,
    Rand,
    Srand,
    Tolower,
    Toupper,
    System,
    Close,
    Fflush,
    Systime,
    Strftime,
    Mktime,
    And,
    Or,
    Xor,
    Lshift,
    Rshift,
    Compl,
}

/// Their names, and how many arguments they take at least and at most.
pub const BUILTINS: [(&str, Builtin, usize, usize); 32] = [
    ("length", Builtin::Length, 0, 1),
    ("substr", Builtin::Substr, 2, 3),
    ("index", Builtin::Index, 2, 2),
    ("split", Builtin::Split, 2, 3),
    ("sub", Builtin::Sub, 2, 3),
    ("gsub", Builtin::Gsub, 2, 3),
    ("gensub", Builtin::Gensub, 3, 4),
    ("match", Builtin::Match, 2, 3),
    ("sprintf", Builtin::Sprintf, 1, 1000),
    ("sin", Builtin::Sin, 1, 1),
    ("cos", Builtin::Cos, 1, 1),
    ("atan2", Builtin::Atan2, 2, 2),
    ("exp", Builtin::Exp, 1, 1),
    ("log", Builtin::Log, 1, 1),
    ("sqrt", Builtin::Sqrt, 1, 1),
    ("int", Builtin::Int, 1, 1),
    ("rand", Builtin::Rand, 0, 0),
    ("srand", Builtin::Srand, 0, 1),
    ("tolower", Builtin::Tolower, 1, 1),
    ("toupper", Builtin::Toupper, 1, 1),
    ("system", Builtin::System, 1, 1),
    ("close", Builtin::Close, 1, 2),
    ("fflush", Builtin::Fflush, 0, 1),
    ("systime", Builtin::Systime, 0, 0),
    ("strftime", Builtin::Strftime, 0, 3),
    ("mktime", Builtin::Mktime, 1, 2),
    ("and", Builtin::And, 2, 1000),
    ("or", Builtin::Or, 2, 1000),
    ("xor", Builtin::Xor, 2, 1000),
    ("lshift", Builtin::Lshift, 2, 2),
    ("rshift", Builtin::Rshift, 2, 2),
    ("compl", Builtin::Compl, 1, 1),
];

/// Where a getline reads.
pub enum Source {
    /// The files of the command line.
    Main,
    /// A file.
    File(Box<Expr>),
    /// What a command prints.
    Command(Box<Expr>),
}

/// An expression.
#[allow(missing_docs)] // the operands speak for themselves
pub enum Expr {
    Number(f64),
    Text(Rc<[u8]>),
    /// `/x/`: whether `$0` matches, or the expression where one is wanted.
    Regex(Rc<Regex>),
    Variable(Slot),
    Element(Slot, Vec<Expr>),
    Field(Box<Expr>),
    /// The operator is 0 of a mere `=`.
    Assign(Box<Expr>, u8, Box<Expr>),
    Choice(Box<Expr>, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Positive(Box<Expr>),
    /// `+ - * / % ^`
    Binary(u8, Box<Expr>, Box<Expr>),
    /// `< > = !` (not equal) `l` (`<=`) `g` (`>=`)
    Compare(u8, Box<Expr>, Box<Expr>),
    Join(Box<Expr>, Box<Expr>),
    /// Whether it is to match.
    Match(bool, Box<Expr>, Box<Expr>),
    In(Vec<Expr>, Slot),
    /// What is added, and whether before the value is taken.
    Step(Box<Expr>, f64, bool),
    Call(usize, Vec<Expr>),
    Builtin(Builtin, Vec<Expr>),
    Getline(Option<Box<Expr>>, Source),
    /// In parentheses: `(a, b) in c`, `print (a, b) > c`.
    Group(Vec<Expr>),
}

/// Where print goes.
pub enum Target {
    /// Standard output.
    Out,
    /// `>`
    File(Expr),
    /// `>>`
    Append(Expr),
    /// `|`
    Pipe(Expr),
}

/// A statement.
#[allow(missing_docs)] // the operands speak for themselves
pub enum Statement {
    Expr(Expr),
    Print(Vec<Expr>, Target),
    Printf(Vec<Expr>, Target),
    Block(Vec<Statement>),
    If(Expr, Box<Statement>, Option<Box<Statement>>),
    While(Expr, Box<Statement>),
    Do(Box<Statement>, Expr),
    For(Option<Box<Statement>>, Option<Expr>, Option<Box<Statement>>, Box<Statement>),
    ForIn(Expr, Slot, Box<Statement>),
    Break,
    Continue,
    Next,
    NextFile,
    Exit(Option<Expr>),
    Return(Option<Expr>),
    Delete(Slot, Option<Vec<Expr>>),
}

/// When an action is done.
pub enum Pattern {
    /// For every record.
    Always,
    /// Records for which it is true.
    When(Expr),
    /// From one record to another.
    Range(Expr, Expr),
}

/// A function.
pub struct Function {
    /// Its name.
    pub name: Vec<u8>,
    /// How many parameters it has.
    pub parameters: usize,
    /// What it does.
    pub body: Vec<Statement>,
    /// Whether there is a definition of it.
    pub defined: bool,
}

/// A program.
#[derive(Default)]
pub struct Program {
    /// Actions before the first record.
    pub begin: Vec<Vec<Statement>>,
    /// Actions for records; without one the record is printed.
    pub rules: Vec<(Pattern, Option<Vec<Statement>>)>,
    /// Actions after the last record.
    pub end: Vec<Vec<Statement>>,
    /// The functions.
    pub functions: Vec<Function>,
    /// Names of the variables by slot.
    pub globals: Vec<Vec<u8>>,
}

/// What a fuzzer does with bytes.
pub fn exercise(data: &[u8]) {
    let _ = parser::parse(data);
    let _ = number::parse(data);
}
