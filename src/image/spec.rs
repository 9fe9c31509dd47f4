//! The list of files that the kernel's `usr/gen_init_cpio` reads, one a line:
//!
//! ```text
//! # a comment
//! file NAME SOURCE MODE UID GID [OTHER-NAME...]
//! dir NAME MODE UID GID
//! nod NAME MODE UID GID b|c MAJOR MINOR
//! slink NAME TARGET MODE UID GID
//! pipe NAME MODE UID GID
//! sock NAME MODE UID GID
//! ```
//!
//! Linux `Documentation/driver-api/early-userspace/early_userspace_support.rst`.
//! `${VARIABLE}` in SOURCE stands for a variable of the environment. Modes are
//! octal, all else decimal. Deviations: more words than these are an error, an
//! unknown variable is one, and directories above a name need no line.

use std::fmt::Display;

use crate::applet::show_bytes;

/// What one line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The number of the line, from 1.
    pub number: usize,
    /// The name in the image.
    pub name: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// What it is.
    pub what: What,
}

/// See [`Line`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A file of the host, and other names that the file has in the image.
    File(Vec<u8>, Vec<Vec<u8>>),
    /// A directory.
    Directory,
    /// A character device: major and minor number.
    Character(u32, u32),
    /// A block device: major and minor number.
    Block(u32, u32),
    /// A symbolic link and its target.
    Symlink(Vec<u8>),
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
}

/// A line that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Its number, from 1.
    pub number: usize,
    /// What is wrong with it.
    pub text: String,
}

/// Reads a list; `variable` gives the value of a variable of the environment.
pub fn parse<'e>(
    text: &[u8],
    variable: &dyn Fn(&[u8]) -> Option<&'e [u8]>,
) -> Result<Vec<Line>, Error> {
    let mut lines = Vec::new();
    for (n, line) in text.split(|&b| b == b'\n').enumerate() {
        let number = n + 1;
        let mut words = Words(line);
        let Some(kind) = words.next() else { continue };
        if kind.starts_with(b"#") {
            continue;
        }
        let line = self::line(number, kind, &mut words, variable, true)
            .map_err(|text| Error { number, text })?;
        if let Some(word) = words.next() {
            let text = format!("'{}' is one word too many", show_bytes(word));
            return Err(Error { number, text });
        }
        lines.push(line);
    }
    Ok(lines)
}

/// Reads a line as the kernel's program does: with more words than are wanted,
/// any mode and any number of a device. Gives nothing for a comment and for an
/// empty line; a line that begins with a blank or with no word that it knows it
/// passes over with a message, which is an error without text here.
pub fn kernels_line<'e>(
    number: usize,
    line: &[u8],
    variable: &dyn Fn(&[u8]) -> Option<&'e [u8]>,
) -> Result<Option<Line>, Error> {
    let mut words = Words(line);
    let Some(kind) = words.next() else { return Ok(None) };
    if line.starts_with(b"#") {
        return Ok(None);
    }
    if !line.starts_with(kind) || !KINDS.contains(&kind) {
        return Err(Error { number, text: String::new() });
    }
    let line = self::line(number, kind, &mut words, variable, false);
    line.map(Some).map_err(|text| Error { number, text })
}

/// Everything that is read from a list, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    for line in bytes.split(|&b| b == b'\n') {
        let _ = kernels_line(1, line, &|_| Some(b""));
    }
    let _ = parse(bytes, &|name| (name.len() % 2 == 0).then_some(&b"value"[..]));
}

/// What a line may begin with.
const KINDS: [&[u8]; 6] = [b"file", b"dir", b"nod", b"slink", b"pipe", b"sock"];

/// The words of a line.
struct Words<'a>(&'a [u8]);

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.0.trim_ascii_start();
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }
}

fn line<'e>(
    number: usize,
    kind: &[u8],
    words: &mut Words<'_>,
    variable: &dyn Fn(&[u8]) -> Option<&'e [u8]>,
    strict: bool,
) -> Result<Line, String> {
    if !KINDS.contains(&kind) {
        return Err(unknown(kind, "is none of file dir nod slink pipe sock"));
    }
    let name = word(words, "name")?.to_vec();
    let second = match kind {
        b"file" => expand(word(words, "source")?, variable)?,
        b"slink" => word(words, "target")?.to_vec(),
        _ => Vec::new(),
    };
    let mode = value(words, "mode", 8)?;
    if strict && mode > 0o7777 {
        return Err(format!("mode {mode:o} is more than permissions"));
    }
    let (uid, gid) = (value(words, "owner", 10)?, value(words, "group", 10)?);
    let what = match kind {
        b"file" => What::File(second, words.map(Vec::from).collect()),
        b"dir" => What::Directory,
        b"slink" => What::Symlink(second),
        b"pipe" => What::Pipe,
        b"sock" => What::Socket,
        _ => {
            let block = match word(words, "kind of device")? {
                b"b" => true,
                b"c" => false,
                other => return Err(unknown(other, "is neither b nor c")),
            };
            let (major, minor) = (value(words, "major", 10)?, value(words, "minor", 10)?);
            // What a device number of the kernel has room for.
            if strict && (major > 0xfff || minor > 0xf_ffff) {
                return Err(format!("no device has the number {major}:{minor}"));
            }
            if block { What::Block(major, minor) } else { What::Character(major, minor) }
        }
    };
    Ok(Line { number, name, mode, uid, gid, what })
}

fn word<'a>(words: &mut Words<'a>, what: &str) -> Result<&'a [u8], String> {
    words.next().ok_or_else(|| format!("the {what} is missing"))
}

fn value(words: &mut Words<'_>, what: &str, base: u32) -> Result<u32, String> {
    let word = word(words, what)?;
    word.iter()
        .try_fold(0u32, |n, &b| n.checked_mul(base)?.checked_add(char::from(b).to_digit(base)?))
        .ok_or_else(|| unknown(word, format_args!("is no {what}")))
}

fn unknown(word: &[u8], what: impl Display) -> String {
    format!("'{}' {what}", show_bytes(word))
}

/// The source of a file with the variables in it.
fn expand<'e>(
    word: &[u8],
    variable: &dyn Fn(&[u8]) -> Option<&'e [u8]>,
) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut rest = word;
    while let Some((&first, behind)) = rest.split_first() {
        if let Some(open) = rest.strip_prefix(b"${")
            && let Some(end) = open.iter().position(|&b| b == b'}')
        {
            let (name, close) = open.split_at(end);
            let value = variable(name).ok_or_else(|| unknown(name, "is not in the environment"))?;
            out.extend_from_slice(value);
            rest = close.get(1..).unwrap_or_default();
        } else {
            out.push(first);
            rest = behind;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Line>, Error> {
        parse(text.as_bytes(), &|name| (name == b"D").then_some(&b"/src"[..]))
    }

    fn line(number: usize, name: &str, mode: u32, what: What) -> Line {
        Line { number, name: name.into(), mode, uid: 0, gid: 0, what }
    }

    #[test]
    fn the_kernels_own_example() {
        let text = "# A simple initramfs\n\
                    dir /dev 0755 0 0\n\
                    nod /dev/console 0600 0 0 c 5 1\n\
                    dir /root 0700 0 0\n\
                    dir /sbin 0755 0 0\n\
                    \n\
                    file /sbin/kinit usr/kinit/kinit 0755 0 0\n\
                    slink /init /sbin/kinit 0777 0 0\n\
                    nod /dev/ram0 0640 0 6 b 1 0\n";
        let list = read(text).unwrap();
        assert_eq!(list[0], line(2, "/dev", 0o755, What::Directory));
        assert_eq!(list[1], line(3, "/dev/console", 0o600, What::Character(5, 1)));
        let kinit = What::File("usr/kinit/kinit".into(), vec![]);
        assert_eq!(list[4], line(7, "/sbin/kinit", 0o755, kinit));
        let target = What::Symlink("/sbin/kinit".into());
        assert_eq!(list[5], line(8, "/init", 0o777, target));
        let ram = Line { gid: 6, ..line(9, "/dev/ram0", 0o640, What::Block(1, 0)) };
        assert_eq!(list[6], ram);
        assert_eq!(list.len(), 7);
    }

    #[test]
    fn names_variables_and_blanks() {
        let list = read("file /a ${D}/${D}$x 4755 1 2 /b\t/c\n \t\npipe p 600 0 0").unwrap();
        let what = What::File("/src//src$x".into(), vec!["/b".into(), "/c".into()]);
        assert_eq!(list[0], Line { uid: 1, gid: 2, ..line(1, "/a", 0o4755, what) });
        assert_eq!(list[1], line(3, "p", 0o600, What::Pipe));
        assert_eq!(read("sock s 0 0 0").unwrap()[0], line(1, "s", 0, What::Socket));
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("fil /a b 0644 0 0", "'fil' is none of file dir nod slink pipe sock"),
            ("dir", "the name is missing"),
            ("dir /a", "the mode is missing"),
            ("dir /a 0855 0 0", "'0855' is no mode"),
            ("dir /a 40755 0 0", "mode 40755 is more than permissions"),
            ("dir /a 755 root 0", "'root' is no owner"),
            ("dir /a 755 0 4294967296", "'4294967296' is no group"),
            ("dir /a 755 0 0 0", "'0' is one word too many"),
            ("nod /a 755 0 0 p 1 1", "'p' is neither b nor c"),
            ("nod /a 755 0 0 c 4096 1", "no device has the number 4096:1"),
            ("nod /a 755 0 0 c 1", "the minor is missing"),
            ("file /a ${no}/x 644 0 0", "'no' is not in the environment"),
            ("file /a", "the source is missing"),
            ("slink /a\x1b[2J", "the target is missing"),
            ("\x1b[2J a", "'\\x1b[2J' is none of file dir nod slink pipe sock"),
        ] {
            let error = read(&format!("#\n{text}")).unwrap_err();
            assert_eq!(error, Error { number: 2, text: said.into() });
        }
    }
}
