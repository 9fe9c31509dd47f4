//! Options of the shell. POSIX.1-2024 XCU sh (OPTIONS) and 2.15 set.

/// `-a`
pub const ALLEXPORT: u32 = 1;
/// `-b`
pub const NOTIFY: u32 = 1 << 1;
/// `-C`
pub const NOCLOBBER: u32 = 1 << 2;
/// `-e`
pub const ERREXIT: u32 = 1 << 3;
/// `-f`
pub const NOGLOB: u32 = 1 << 4;
/// `-h`
pub const HASHALL: u32 = 1 << 5;
/// `-i`
pub const INTERACTIVE: u32 = 1 << 6;
/// `-m`
pub const MONITOR: u32 = 1 << 7;
/// `-n`
pub const NOEXEC: u32 = 1 << 8;
/// `-u`
pub const NOUNSET: u32 = 1 << 9;
/// `-v`
pub const VERBOSE: u32 = 1 << 10;
/// `-x`
pub const XTRACE: u32 = 1 << 11;
/// A command that fails anywhere in a pipeline fails the pipeline.
pub const PIPEFAIL: u32 = 1 << 12;
/// Commands in PATH go before applets.
pub const PATH_FIRST: u32 = 1 << 13;
/// End of file does not end an interactive shell.
pub const IGNOREEOF: u32 = 1 << 14;
/// Functions are not entered in the history.
pub const NOLOG: u32 = 1 << 15;
/// Vi editing.
pub const VI: u32 = 1 << 16;
/// Emacs editing.
pub const EMACS: u32 = 1 << 17;

/// Letter (0 when there is none), long name, bit; sorted by name.
const TABLE: [(u8, &str, u32); 18] = [
    (b'a', "allexport", ALLEXPORT),
    (0, "emacs", EMACS),
    (b'e', "errexit", ERREXIT),
    (b'h', "hashall", HASHALL),
    (0, "ignoreeof", IGNOREEOF),
    (b'i', "interactive", INTERACTIVE),
    (b'm', "monitor", MONITOR),
    (b'C', "noclobber", NOCLOBBER),
    (b'n', "noexec", NOEXEC),
    (b'f', "noglob", NOGLOB),
    (0, "nolog", NOLOG),
    (b'b', "notify", NOTIFY),
    (b'u', "nounset", NOUNSET),
    (0, "path-first", PATH_FIRST),
    (0, "pipefail", PIPEFAIL),
    (b'v', "verbose", VERBOSE),
    (0, "vi", VI),
    (b'x', "xtrace", XTRACE),
];

/// The options that are on.
#[derive(Clone, Copy, Default, Debug)]
pub struct Options(u32);

impl Options {
    /// Whether an option is on.
    pub fn has(self, option: u32) -> bool {
        self.0 & option != 0
    }

    /// Turns an option on or off.
    pub fn set(&mut self, option: u32, on: bool) {
        if on {
            self.0 |= option;
        } else {
            self.0 &= !option;
        }
    }

    /// The option of a letter.
    pub fn of_letter(letter: u8) -> Option<u32> {
        TABLE.iter().find(|(l, ..)| *l == letter && letter != 0).map(|row| row.2)
    }

    /// The option of a long name.
    pub fn of_name(name: &[u8]) -> Option<u32> {
        TABLE.iter().find(|row| row.1.as_bytes() == name).map(|row| row.2)
    }

    /// `$-`: the letters of what is on, with `s` and `c` of the command line.
    pub fn letters(self, stdin: bool, command: bool) -> Vec<u8> {
        let mut letters: Vec<u8> =
            TABLE.iter().filter(|row| row.0 != 0 && self.has(row.2)).map(|row| row.0).collect();
        if stdin {
            letters.push(b's');
        }
        if command {
            letters.push(b'c');
        }
        letters
    }

    /// Name and state of each, for `set -o`.
    pub fn list(self) -> impl Iterator<Item = (&'static str, bool)> {
        TABLE.iter().map(move |row| (row.1, self.has(row.2)))
    }
}
