//! test, [. POSIX.1-2024 XCU 3, with -a, -o, parentheses, `==`, `<`, `>`, -nt,
//! -ot, -ef and -k, -u, -g, -v, -O, -G, -N as the other shells have them.

use std::cmp::Ordering;

use nix::sys::stat::{FileStat, SFlag, lstat, stat};
use nix::unistd::{AccessFlags, access, getegid, geteuid};

use crate::applet::show_bytes;
use crate::sys::descriptor;

use super::super::Shell;
use super::super::fields::Fields;
use super::Ran;

/// Whether a variable is set.
pub type IsSet<'a> = &'a dyn Fn(&[u8]) -> bool;

/// How deep parentheses and negations nest.
const DEPTH: u32 = 100;

/// Evaluates an expression, without the `]` of `[`. `fds` are the descriptors
/// that `-t 0`, `-t 1` and `-t 2` ask about; `is_set` knows the variables that
/// `-v` asks about. An error is the expression's.
pub fn evaluate(args: &[&[u8]], fds: [i32; 3], is_set: IsSet) -> Result<bool, String> {
    let test = Test { fds, is_set };
    // POSIX decides by the number of arguments, so that no operand can be
    // taken for an operator.
    match args {
        [] => Ok(false),
        [one] => Ok(!one.is_empty()),
        [op, one] if *op == b"!" => Ok(one.is_empty()),
        [op, operand] if is_unary(op) => test.unary(op, operand),
        [a, op, b] if is_binary(op) => test.binary(a, op, b),
        [a, op, b] if *op == b"-a" => Ok(!a.is_empty() && !b.is_empty()),
        [a, op, b] if *op == b"-o" => Ok(!a.is_empty() || !b.is_empty()),
        [not, rest @ ..] if *not == b"!" && rest.len() <= 3 => Ok(!evaluate(rest, fds, is_set)?),
        [open, inner @ .., close]
            if *open == b"(" && *close == b")" && matches!(inner.len(), 1 | 2) =>
        {
            evaluate(inner, fds, is_set)
        }
        _ => {
            let mut parser = Parser { test: &test, args, at: 0, depth: 0 };
            let result = parser.or()?;
            match args.get(parser.at) {
                None => Ok(result),
                Some(extra) => Err(format!("{}: unexpected", show_bytes(extra))),
            }
        }
    }
}

fn is_unary(op: &[u8]) -> bool {
    matches!(op, [b'-', letter] if b"bcdefghknprstuvwxzGLNOS".contains(letter))
}

fn is_binary(op: &[u8]) -> bool {
    matches!(
        op,
        b"=" | b"=="
            | b"!="
            | b"<"
            | b">"
            | b"-eq"
            | b"-ne"
            | b"-lt"
            | b"-le"
            | b"-gt"
            | b"-ge"
            | b"-nt"
            | b"-ot"
            | b"-ef"
    )
}

struct Parser<'a> {
    test: &'a Test<'a>,
    args: &'a [&'a [u8]],
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn peek(&self, ahead: usize) -> Option<&[u8]> {
        self.args.get(self.at + ahead).copied()
    }

    fn accept(&mut self, word: &[u8]) -> bool {
        let found = self.peek(0) == Some(word);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<bool, String> {
        let mut result = self.and()?;
        while self.accept(b"-o") {
            result |= self.and()?;
        }
        Ok(result)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut result = self.not()?;
        while self.accept(b"-a") {
            result &= self.not()?;
        }
        Ok(result)
    }

    fn not(&mut self) -> Result<bool, String> {
        let mut negated = false;
        // `! = a` compares, `! = = a` and `! = -o a` negate
        while self.peek(1).is_some()
            && self.peek(0) == Some(b"!")
            && (!self.binary_follows()
                || self.peek(3).is_some()
                    && self.peek(2).is_some_and(|op| is_binary(op) || op == b"-a" || op == b"-o"))
        {
            self.at += 1;
            negated = !negated;
        }
        Ok(self.primary()? != negated)
    }

    fn binary_follows(&self) -> bool {
        self.peek(2).is_some() && self.peek(1).is_some_and(is_binary)
    }

    fn primary(&mut self) -> Result<bool, String> {
        let Some(first) = self.peek(0) else { return Err("an argument is missing".into()) };
        // `( = )` is in parentheses here, with three arguments it compares
        let enclosed = first == b"("
            && (self.peek(2) == Some(b")")
                || self.peek(2).is_some_and(is_binary)
                    && self.args.iter().skip(self.at + 4).any(|word| *word == b")"));
        if self.binary_follows() && !enclosed {
            let (op, second) = (self.peek(1).unwrap_or_default(), self.peek(2).unwrap_or_default());
            let result = self.test.binary(first, op, second);
            self.at += 3;
            return result;
        }
        if first == b"(" && self.peek(1).is_some() {
            self.at += 1;
            self.depth += 1;
            if self.depth > DEPTH {
                return Err("parentheses nest too deep".into());
            }
            let result = self.or()?;
            self.depth -= 1;
            if !self.accept(b")") {
                return Err("')' is missing".into());
            }
            return Ok(result);
        }
        if is_unary(first)
            && let Some(operand) = self.peek(1)
        {
            let result = self.test.unary(first, operand);
            self.at += 2;
            return result;
        }
        let result = !first.is_empty();
        self.at += 1;
        Ok(result)
    }
}

struct Test<'a> {
    fds: [i32; 3],
    is_set: IsSet<'a>,
}

impl Test<'_> {
    fn unary(&self, op: &[u8], operand: &[u8]) -> Result<bool, String> {
        let letter = op.get(1).copied().unwrap_or_default();
        Ok(match letter {
            b'n' => !operand.is_empty(),
            b'z' => operand.is_empty(),
            b'v' => (self.is_set)(operand),
            b't' => {
                let fd = integer(operand)?;
                let known = usize::try_from(fd).ok().and_then(|n| self.fds.get(n)).copied();
                let fd = known.or_else(|| i32::try_from(fd).ok()).unwrap_or(-1);
                fd >= 0 && descriptor::is_terminal(fd)
            }
            b'h' | b'L' => is_kind(lstat(operand).ok(), SFlag::S_IFLNK),
            b'r' => may(operand, AccessFlags::R_OK),
            b'w' => may(operand, AccessFlags::W_OK),
            b'x' => may(operand, AccessFlags::X_OK),
            _ => {
                let Ok(status) = stat(operand) else { return Ok(false) };
                match letter {
                    b'b' => is_kind(Some(status), SFlag::S_IFBLK),
                    b'c' => is_kind(Some(status), SFlag::S_IFCHR),
                    b'd' => is_kind(Some(status), SFlag::S_IFDIR),
                    b'f' => is_kind(Some(status), SFlag::S_IFREG),
                    b'p' => is_kind(Some(status), SFlag::S_IFIFO),
                    b'S' => is_kind(Some(status), SFlag::S_IFSOCK),
                    b's' => status.st_size > 0,
                    b'g' => status.st_mode & libc::S_ISGID != 0,
                    b'k' => status.st_mode & libc::S_ISVTX != 0,
                    b'u' => status.st_mode & libc::S_ISUID != 0,
                    b'O' => status.st_uid == geteuid().as_raw(),
                    b'G' => status.st_gid == getegid().as_raw(),
                    b'N' => modified(&status) > (status.st_atime, status.st_atime_nsec),
                    _ => true,
                }
            }
        })
    }

    fn binary(&self, a: &[u8], op: &[u8], b: &[u8]) -> Result<bool, String> {
        let numbers = |fits: fn(Ordering) -> bool| Ok(fits(integer(a)?.cmp(&integer(b)?)));
        match op {
            b"=" | b"==" => Ok(a == b),
            b"!=" => Ok(a != b),
            b"<" => Ok(a < b),
            b">" => Ok(a > b),
            b"-eq" => numbers(Ordering::is_eq),
            b"-ne" => numbers(Ordering::is_ne),
            b"-lt" => numbers(Ordering::is_lt),
            b"-le" => numbers(Ordering::is_le),
            b"-gt" => numbers(Ordering::is_gt),
            b"-ge" => numbers(Ordering::is_ge),
            _ => {
                let (a, b) = (stat(a).ok(), stat(b).ok());
                Ok(match op {
                    b"-ef" => match (a, b) {
                        (Some(a), Some(b)) => (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino),
                        _ => false,
                    },
                    b"-nt" => a.map(|s| modified(&s)) > b.map(|s| modified(&s)),
                    _ => a.map(|s| modified(&s)) < b.map(|s| modified(&s)),
                })
            }
        }
    }
}

fn modified(status: &FileStat) -> (i64, i64) {
    (status.st_mtime, status.st_mtime_nsec)
}

fn is_kind(status: Option<FileStat>, kind: SFlag) -> bool {
    status.is_some_and(|s| s.st_mode & SFlag::S_IFMT.bits() == kind.bits())
}

fn may(path: &[u8], how: AccessFlags) -> bool {
    // By the effective ids, as a command would find out.
    !path.is_empty()
        && (access(path, how).is_ok()
            || nix::unistd::faccessat(
                nix::fcntl::AT_FDCWD,
                path,
                how,
                nix::fcntl::AtFlags::AT_EACCESS,
            )
            .is_ok())
}

/// A decimal number with blanks around it, however long.
fn integer(text: &[u8]) -> Result<i64, String> {
    let trimmed = text.trim_ascii();
    let digits = match trimmed.split_first() {
        Some((b'-' | b'+', rest)) => rest,
        _ => trimmed,
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(format!("{}: not a number", show_bytes(text)));
    }
    std::str::from_utf8(trimmed)
        .ok()
        .and_then(|t| t.parse().ok())
        .ok_or_else(|| format!("{}: number out of range", show_bytes(text)))
}

/// The utility in the shell.
pub(super) fn builtin(sh: &mut Shell, fields: &Fields) -> Ran {
    let mut slots: [&[u8]; 8] = [b""; 8];
    let mut many = Vec::new();
    let mut count = fields.len() - 1;
    let bracket = fields.get(0) == Some(b"[");
    if bracket {
        if count == 0 || fields.get(count) != Some(b"]") {
            return sh.failed("[", "']' is missing", 2);
        }
        count -= 1;
    }
    let args: &[&[u8]] = if count <= slots.len() {
        for (slot, field) in slots.iter_mut().zip(fields.from(1)) {
            *slot = field;
        }
        slots.get(..count).unwrap_or_default()
    } else {
        many.extend(fields.from(1).take(count));
        &many
    };
    match evaluate(args, [0, 1, 2], &|name| sh.is_set(name)) {
        Ok(result) => Ok(u8::from(!result)),
        Err(why) => sh.failed(if bracket { "[" } else { "test" }, why, 2),
    }
}

#[cfg(test)]
mod tests {
    fn t(text: &str) -> Result<bool, String> {
        let args: Vec<&[u8]> = text
            .split(' ')
            .map(|w| if w == "''" { b"".as_slice() } else { w.as_bytes() })
            .collect();
        super::evaluate(&args, [0, 1, 2], &|name| name == b"set")
    }

    #[test]
    fn expressions() {
        for (text, value) in [
            ("''", false),
            ("x", true),
            ("-f", true),
            ("!", true),
            ("! x", false),
            ("! ''", true),
            ("-n x", true),
            ("-z ''", true),
            ("a = a", true),
            ("a == b", false),
            ("a != b", true),
            ("a < b", true),
            ("2 -lt 10", true),
            ("-1 -lt 0", true),
            ("! a = a", false),
            ("( x )", true),
            ("( = (", true),
            ("! = !", true),
            ("-f = -f", true),
            ("x -a ''", false),
            ("x -o ''", true),
            ("-d / -a -e /", true),
            ("-d / -o -e /nowhere", true),
            ("( -d / ) -a ! ( -f / )", true),
            ("! -d / -a -d /", false),
            ("-d /", true),
            ("-e /nowhere/x", false),
            ("/ -ef /.", true),
            ("-v set", true),
            ("! -v unset -a -v set", true),
        ] {
            assert_eq!(t(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn errors() {
        assert_eq!(t("a -eq 1"), Err("a: not a number".into()));
        assert_eq!(t("1 -eq 99999999999999999999").map_err(|e| e.len()), Err(41));
        assert!(t("a b c d").is_err());
        assert!(t("a b").is_err());
        assert!(t("( )").is_err());
        assert!(t("! ( )").is_err());
        assert!(t(&"( ".repeat(1000)).is_err());
    }
}
