//! Built-in utilities. POSIX.1-2024 XCU 2.15 (special) and 1.6 (regular).
//!
//! One table, sorted by name. `echo`, `kill`, `printf`, `test` and `[` are
//! applets as well: what they do is written once, here.

use super::ast::{Known, Simple, Word};
use super::fields::Fields;
use super::{Flow, Shell};

mod aliases;
mod control;
pub mod echo;
mod fc;
mod getopts;
mod jobs;
pub mod kill;
mod limits;
mod names;
pub mod printf;
mod read;
mod set;
pub mod test;
mod trap;
mod variables;

/// What running one returns: its exit status.
pub type Ran = Result<u8, Flow>;

/// A built-in utility.
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// Found before functions; its errors end the shell (2.15).
    pub special: bool,
    /// What it changes in the shell a subshell without process undoes.
    pub tame: bool,
    /// Runs it; the fields begin with its name.
    pub run: fn(&mut Shell, &Fields) -> Ran,
}

const fn special(name: &'static str, run: fn(&mut Shell, &Fields) -> Ran) -> Builtin {
    Builtin { name, special: true, tame: false, run }
}

const fn tame_special(name: &'static str, run: fn(&mut Shell, &Fields) -> Ran) -> Builtin {
    Builtin { name, special: true, tame: true, run }
}

const fn regular(name: &'static str, run: fn(&mut Shell, &Fields) -> Ran) -> Builtin {
    Builtin { name, special: false, tame: false, run }
}

const fn tame(name: &'static str, run: fn(&mut Shell, &Fields) -> Ran) -> Builtin {
    Builtin { name, special: false, tame: true, run }
}

static TABLE: [Builtin; 44] = [
    special(".", control::dot),
    tame_special(":", |_, _| Ok(0)),
    tame("[", test::builtin),
    regular("alias", aliases::alias),
    regular("bg", jobs::bg),
    tame_special("break", control::break_),
    regular("cd", names::cd),
    regular("chdir", names::cd),
    regular("command", names::command),
    tame_special("continue", control::continue_),
    tame("echo", echo::builtin),
    special("eval", control::eval),
    special("exec", control::exec),
    tame_special("exit", control::exit),
    tame_special("export", variables::export),
    tame("false", |_, _| Ok(1)),
    regular("fc", fc::fc),
    regular("fg", jobs::fg),
    tame("getopts", getopts::getopts),
    regular("hash", names::hash),
    regular("help", names::help),
    regular("jobs", jobs::jobs),
    regular("kill", jobs::kill),
    tame("let", variables::let_),
    tame("local", variables::local),
    tame("printf", printf::builtin),
    tame("pwd", names::pwd),
    tame("read", read::read),
    tame_special("readonly", variables::readonly),
    tame_special("return", control::return_),
    special("set", set::set),
    tame_special("shift", set::shift),
    regular("source", control::dot),
    tame("test", test::builtin),
    special("times", limits::times),
    special("trap", trap::trap),
    tame("true", |_, _| Ok(0)),
    tame("type", names::type_),
    tame("typeset", variables::local),
    regular("ulimit", limits::ulimit),
    regular("umask", limits::umask),
    regular("unalias", aliases::unalias),
    special("unset", variables::unset),
    regular("wait", jobs::wait),
];

/// The utility that a command names, which the command remembers.
pub fn of_command(known: &Known, simple: &Simple, name: &[u8]) -> Option<&'static Builtin> {
    let mut place = known.builtin.get();
    if place == 0 {
        let at = TABLE.binary_search_by(|b| b.name.as_bytes().cmp(name)).ok();
        place = at.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(u8::MAX);
        if simple.words.first().and_then(Word::fixed).is_some() {
            known.builtin.set(place);
        }
    }
    TABLE.get(usize::from(place - 1))
}

/// The utility of this name.
pub fn find(name: &[u8]) -> Option<&'static Builtin> {
    let at = TABLE.binary_search_by(|b| b.name.as_bytes().cmp(name)).ok()?;
    TABLE.get(at)
}

/// The names of all.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|b| b.name)
}

impl Shell {
    /// Prints `script: utility: line N: what`; status 2, or 1.
    fn failed(&mut self, utility: &str, what: impl std::fmt::Display, status: u8) -> Ran {
        self.complain_of(utility, &what);
        Ok(status)
    }

    /// The same for a special utility: it ends a shell that is not
    /// interactive (2.8.1).
    fn special_failed(&mut self, utility: &str, what: impl std::fmt::Display) -> Ran {
        self.complain_of(utility, &what);
        self.status = 2;
        Err(Flow::Abort)
    }
}

/// Short options of a utility, in POSIX's style (XBD 12.2): the letters given
/// and the place of the first operand, or the letter that is none of `known`.
fn options(fields: &Fields, known: &[u8]) -> Result<(Vec<u8>, usize), u8> {
    let mut letters = Vec::new();
    let mut at = 1;
    while let Some([b'-', cluster @ ..]) = fields.get(at) {
        if cluster.is_empty() {
            break;
        }
        at += 1;
        if cluster == b"-" {
            break;
        }
        for letter in cluster {
            if !known.contains(letter) {
                return Err(*letter);
            }
            letters.push(*letter);
        }
    }
    Ok((letters, at))
}

/// `illegal option -x`
fn bad_option(letter: u8) -> String {
    format!("illegal option -{}", crate::applet::show_bytes(&[letter]))
}

/// The number that a text of digits is.
fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(TABLE.is_sorted_by(|a, b| a.name < b.name));
    }
}
