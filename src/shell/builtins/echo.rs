//! echo. POSIX.1-2024 XCU 3, with -n, -e and -E as in busybox and bash:
//! backslashes are escapes after -e only.

use super::super::Shell;
use super::super::fields::Fields;
use super::Ran;

/// What `echo ARGS` prints.
pub fn text<'a>(args: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    let mut newline = true;
    let mut escapes = false;
    let mut options = true;
    let mut first = true;
    for arg in args {
        if options
            && let Some((b'-', letters)) = arg.split_first()
            && !letters.is_empty()
            && letters.iter().all(|l| matches!(l, b'n' | b'e' | b'E'))
        {
            for letter in letters {
                match letter {
                    b'n' => newline = false,
                    other => escapes = *other == b'e',
                }
            }
            continue;
        }
        options = false;
        if !first {
            out.push(b' ');
        }
        first = false;
        if !escapes {
            out.extend_from_slice(arg);
        } else if !super::printf::unescape(arg, out, true) {
            return;
        }
    }
    if newline {
        out.push(b'\n');
    }
}

/// The utility in the shell.
pub(super) fn builtin(sh: &mut Shell, fields: &Fields) -> Ran {
    text(fields.from(1), &mut sh.out);
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(args: &[&str]) -> String {
        let mut out = Vec::new();
        text(args.iter().map(|a| a.as_bytes()), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn options() {
        assert_eq!(echo(&[]), "\n");
        assert_eq!(echo(&["a", "", "b"]), "a  b\n");
        assert_eq!(echo(&["-n", "a"]), "a");
        assert_eq!(echo(&["-ne", "a\\tb"]), "a\tb");
        assert_eq!(echo(&["a\\tb"]), "a\\tb\n");
        assert_eq!(echo(&["-", "-n"]), "- -n\n");
        assert_eq!(echo(&["-x"]), "-x\n");
        assert_eq!(echo(&["-e", "a\\cb", "c"]), "a");
        assert_eq!(echo(&["-e", "\\0101\\x41"]), "AA\n");
        assert_eq!(echo(&["--", "x"]), "-- x\n");
    }
}
