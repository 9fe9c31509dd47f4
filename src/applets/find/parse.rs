//! The expression of find, from words to a tree.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use nix::sys::stat::{FileStat, lstat, stat};

use crate::applet::{Ctx, Error, show};
use crate::date;
use crate::fsutil::users::Users;
use crate::fsutil::walk::Follow;
use crate::mode;
use crate::options;
use crate::regex::{Flags, Regex};

/// A part of the expression.
pub enum Expr {
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    /// `A , B`: all, and the last one's value.
    List(Vec<Expr>),
    Test(Test),
}

/// How a number is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Than {
    Less,
    Equal,
    More,
}

/// One of a file's times.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Accessed,
    Born,
    Changed,
    Modified,
}

/// What a pattern is compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Name,
    Path,
    LinkText,
}

/// A number of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Links,
    Inode,
    User,
    Group,
    /// Size in units of so many bytes, rounded up.
    Size(u64),
    /// Days between its last change and its last access.
    Used,
}

/// A time as find compares it: seconds and nanoseconds.
pub type Time = (i64, i64);

/// A single test or action.
pub enum Test {
    True,
    False,
    Pattern {
        part: Part,
        pattern: Vec<u8>,
        icase: bool,
    },
    Matches(Regex),
    /// Types as letters; `x`: the other way round about links.
    Kind {
        letters: Vec<u8>,
        other: bool,
    },
    Number {
        what: Count,
        than: Than,
        number: u64,
    },
    /// Age in units of so many seconds, seen from a time.
    Age {
        which: Which,
        than: Than,
        number: u64,
        unit: i64,
        from: Time,
    },
    Newer {
        which: Which,
        than: Time,
    },
    /// `prefix` is `-`, `/` or 0; the bits for files and for folders.
    Perm {
        prefix: u8,
        bits: u32,
        folder_bits: u32,
    },
    Same(u64, u64),
    Empty,
    NoUser,
    NoGroup,
    Access(nix::unistd::AccessFlags),
    FileSystem(Vec<u8>),
    Print {
        to: usize,
        end: u8,
    },
    Format {
        to: usize,
        form: Vec<u8>,
    },
    List {
        to: usize,
    },
    Delete,
    Prune,
    Quit,
    Run(Run),
}

/// A command of -exec, -execdir, -ok, -okdir.
pub struct Run {
    pub words: Vec<OsString>,
    /// With many names at once (`+`): where in `Find::batches` they are kept.
    pub batch: Option<usize>,
    pub in_folder: bool,
    pub ask: bool,
}

/// The whole command line.
pub struct Parsed {
    pub follow: Follow,
    pub paths: Vec<OsString>,
    pub expr: Expr,
    pub depth_first: bool,
    pub one_device: bool,
    pub min_depth: usize,
    pub max_depth: usize,
    /// Names of files that are written to; the number 0 is standard output.
    pub files: Vec<OsString>,
    pub batches: usize,
    pub needs_mounts: bool,
}

/// How deep parentheses and `!` may be nested.
const NESTED: usize = 500;

struct Parser<'a> {
    words: std::iter::Peekable<std::slice::Iter<'a, OsString>>,
    out: Parsed,
    users: Users,
    now: Time,
    /// With -daystart: the end of today.
    day_end: Option<Time>,
    flags: Flags,
    emacs: bool,
    has_action: bool,
    nested: usize,
}

fn usage(text: impl std::fmt::Display) -> Error {
    Error::msg(text)
}

/// Reads the command line.
pub fn parse(cx: &Ctx) -> Result<Parsed, Error> {
    let mut words = cx.args.iter().peekable();
    let mut follow = Follow::Never;
    while let Some(word) = words.peek() {
        match word.as_bytes() {
            b"-P" => follow = Follow::Never,
            b"-H" => follow = Follow::Start,
            b"-L" => follow = Follow::Always,
            b"--" => {
                words.next();
                break;
            }
            b"-D" => {
                words.next();
            }
            [b'-', b'O', b'0'..=b'9'] => {}
            _ => break,
        }
        words.next();
    }
    let mut paths = Vec::new();
    while let Some(word) = words.peek() {
        if word.as_bytes().starts_with(b"-") && word.len() > 1
            || matches!(word.as_bytes(), b"(" | b"!" | b")" | b",")
        {
            break;
        }
        paths.extend(words.next().cloned());
    }
    if paths.is_empty() {
        paths.push(".".into());
    }
    let now = crate::sys::clock::now();
    let now = (i64::try_from(now.as_secs()).unwrap_or(0), i64::from(now.subsec_nanos()));
    let mut p = Parser {
        words,
        out: Parsed {
            follow,
            paths,
            expr: Expr::Test(Test::True),
            depth_first: false,
            one_device: false,
            min_depth: 0,
            max_depth: usize::MAX,
            files: Vec::new(),
            batches: 0,
            needs_mounts: false,
        },
        users: Users::new(),
        now,
        day_end: None,
        flags: Flags::EXTENDED,
        emacs: true,
        has_action: false,
        nested: 0,
    };
    let mut expr = if p.words.peek().is_some() { p.list()? } else { Expr::Test(Test::True) };
    if let Some(word) = p.words.next() {
        return Err(usage(format_args!("unexpected '{}'", show(word))));
    }
    if !p.has_action {
        expr = Expr::And(vec![expr, Expr::Test(Test::Print { to: 0, end: b'\n' })]);
    }
    p.out.expr = expr;
    Ok(p.out)
}

/// A list of one is what is in it.
fn one_or(mut list: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        Some(last) => {
            list.push(last);
            many(list)
        }
        None => Expr::Test(Test::True),
    }
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> Option<&'a [u8]> {
        self.words.peek().map(|word| word.as_bytes())
    }

    fn take(&mut self, names: &[&[u8]]) -> bool {
        let hit = self.peek().is_some_and(|word| names.contains(&word));
        if hit {
            self.words.next();
        }
        hit
    }

    fn list(&mut self) -> Result<Expr, Error> {
        let mut list = vec![self.or()?];
        while self.take(&[b","]) {
            list.push(self.or()?);
        }
        Ok(one_or(list, Expr::List))
    }

    fn or(&mut self) -> Result<Expr, Error> {
        let mut list = vec![self.and()?];
        while self.take(&[b"-o", b"-or"]) {
            list.push(self.and()?);
        }
        Ok(one_or(list, Expr::Or))
    }

    fn and(&mut self) -> Result<Expr, Error> {
        let mut list = vec![self.not()?];
        loop {
            if self.take(&[b"-a", b"-and"]) {
                list.push(self.not()?);
                continue;
            }
            match self.peek() {
                None | Some(b")" | b"," | b"-o" | b"-or") => break,
                Some(_) => list.push(self.not()?),
            }
        }
        Ok(one_or(list, Expr::And))
    }

    fn not(&mut self) -> Result<Expr, Error> {
        self.nested += 1;
        if self.nested > NESTED {
            return Err(usage("expression nested too deep"));
        }
        let expr = if self.take(&[b"!", b"-not"]) {
            if self.peek().is_none() {
                return Err(usage("expected an expression after '!'"));
            }
            Expr::Not(Box::new(self.not()?))
        } else if self.take(&[b"("]) {
            if self.peek() == Some(b")") {
                return Err(usage("empty parentheses are not allowed"));
            }
            let inner = self.list()?;
            if !self.take(&[b")"]) {
                return Err(usage("expected to find a ')' somewhere"));
            }
            inner
        } else {
            Expr::Test(self.primary()?)
        };
        self.nested -= 1;
        Ok(expr)
    }

    fn value(&mut self, name: &[u8]) -> Result<&'a OsStr, Error> {
        let missing =
            || usage(format_args!("missing argument to '{}'", show(OsStr::from_bytes(name))));
        self.words.next().map(OsString::as_os_str).ok_or_else(missing)
    }

    fn bad(name: &[u8], value: &OsStr) -> Error {
        let name = OsStr::from_bytes(name);
        usage(format_args!("invalid argument '{}' to '{}'", show(value), show(name)))
    }

    fn primary(&mut self) -> Result<Test, Error> {
        let Some(word) = self.words.next() else {
            return Err(usage("expected an expression"));
        };
        let name = word.as_bytes();
        let pattern = |p: &mut Self, part, icase| {
            let mut pattern = p.value(name)?.as_bytes().to_vec();
            if icase {
                pattern.make_ascii_lowercase();
            }
            Ok(Test::Pattern { part, pattern, icase })
        };
        match name {
            b"-name" => pattern(self, Part::Name, false),
            b"-iname" => pattern(self, Part::Name, true),
            b"-path" | b"-wholename" => pattern(self, Part::Path, false),
            b"-ipath" | b"-iwholename" => pattern(self, Part::Path, true),
            b"-lname" => pattern(self, Part::LinkText, false),
            b"-ilname" => pattern(self, Part::LinkText, true),
            b"-regex" | b"-iregex" => self.regex(name),
            b"-regextype" => self.regex_type(name),
            b"-type" | b"-xtype" => self.kind(name),
            b"-true"
            | b"-noleaf"
            | b"-warn"
            | b"-nowarn"
            | b"-ignore_readdir_race"
            | b"-noignore_readdir_race" => Ok(Test::True),
            b"-false" => Ok(Test::False),
            b"-follow" => {
                self.out.follow = Follow::Always;
                Ok(Test::True)
            }
            b"-depth" | b"-d" => {
                self.out.depth_first = true;
                Ok(Test::True)
            }
            b"-xdev" | b"-mount" => {
                self.out.one_device = true;
                Ok(Test::True)
            }
            b"-maxdepth" | b"-mindepth" => {
                let value = self.value(name)?;
                let number = options::number(value).and_then(|n| usize::try_from(n).ok());
                let number = number.ok_or_else(|| Self::bad(name, value))?;
                if name == b"-maxdepth" {
                    self.out.max_depth = number;
                } else {
                    self.out.min_depth = number;
                }
                Ok(Test::True)
            }
            b"-daystart" => {
                let (seconds, _) = self.now;
                let offset = i64::from(crate::sys::clock::zone_offset(seconds));
                let start = (seconds + offset).div_euclid(86400) * 86400 - offset;
                self.day_end = Some((start + 86400, 0));
                Ok(Test::True)
            }
            b"-links" => self.number(name, Count::Links),
            b"-inum" => self.number(name, Count::Inode),
            b"-uid" => self.number(name, Count::User),
            b"-gid" => self.number(name, Count::Group),
            b"-used" => self.number(name, Count::Used),
            b"-size" => self.size(name),
            b"-user" => {
                let value = self.value(name)?;
                let unknown =
                    || usage(format_args!("'{}' is not the name of a known user", show(value)));
                let (id, _) = self.users.uid(value.as_bytes()).ok_or_else(unknown)?;
                Ok(Test::Number { what: Count::User, than: Than::Equal, number: id.into() })
            }
            b"-group" => {
                let value = self.value(name)?;
                let unknown = || {
                    usage(format_args!("'{}' is not the name of an existing group", show(value)))
                };
                let id = self.users.gid(value.as_bytes()).ok_or_else(unknown)?;
                Ok(Test::Number { what: Count::Group, than: Than::Equal, number: id.into() })
            }
            b"-nouser" => Ok(Test::NoUser),
            b"-nogroup" => Ok(Test::NoGroup),
            b"-empty" => Ok(Test::Empty),
            b"-readable" => Ok(Test::Access(nix::unistd::AccessFlags::R_OK)),
            b"-writable" => Ok(Test::Access(nix::unistd::AccessFlags::W_OK)),
            b"-executable" => Ok(Test::Access(nix::unistd::AccessFlags::X_OK)),
            b"-perm" => self.perm(name),
            b"-amin" => self.age(name, Which::Accessed, 60),
            b"-cmin" => self.age(name, Which::Changed, 60),
            b"-mmin" => self.age(name, Which::Modified, 60),
            b"-atime" => self.age(name, Which::Accessed, 86400),
            b"-ctime" => self.age(name, Which::Changed, 86400),
            b"-mtime" => self.age(name, Which::Modified, 86400),
            b"-newer" => self.newer(name, Which::Modified, b'm'),
            b"-anewer" => self.newer(name, Which::Accessed, b'm'),
            b"-cnewer" => self.newer(name, Which::Changed, b'm'),
            [b'-', b'n', b'e', b'w', b'e', b'r', x, y] => {
                let which = match x {
                    b'a' => Which::Accessed,
                    b'B' => Which::Born,
                    b'c' => Which::Changed,
                    b'm' => Which::Modified,
                    _ => return Err(unknown(word)),
                };
                if !b"aBcmt".contains(y) {
                    return Err(unknown(word));
                }
                self.newer(name, which, *y)
            }
            b"-samefile" => {
                let stat = self.look(name)?;
                Ok(Test::Same(stat.st_dev, stat.st_ino))
            }
            b"-fstype" => {
                self.out.needs_mounts = true;
                Ok(Test::FileSystem(self.value(name)?.as_bytes().to_vec()))
            }
            b"-prune" => Ok(Test::Prune),
            b"-quit" => {
                self.has_action |= false;
                Ok(Test::Quit)
            }
            b"-delete" => {
                self.has_action = true;
                self.out.depth_first = true;
                Ok(Test::Delete)
            }
            b"-print" => self.print(0, b'\n'),
            b"-print0" => self.print(0, 0),
            b"-fprint" | b"-fprint0" => {
                let to = self.file(name)?;
                self.print(to, if name == b"-fprint" { b'\n' } else { 0 })
            }
            b"-ls" | b"-fls" => {
                let to = if name == b"-fls" { self.file(name)? } else { 0 };
                self.has_action = true;
                Ok(Test::List { to })
            }
            b"-printf" | b"-fprintf" => {
                let to = if name == b"-fprintf" { self.file(name)? } else { 0 };
                self.has_action = true;
                let form = self.value(name)?.as_bytes().to_vec();
                self.out.needs_mounts |= form.windows(2).any(|pair| pair == b"%F");
                Ok(Test::Format { to, form })
            }
            b"-exec" | b"-execdir" | b"-ok" | b"-okdir" => self.run(name),
            _ => Err(unknown(word)),
        }
    }

    fn print(&mut self, to: usize, end: u8) -> Result<Test, Error> {
        self.has_action = true;
        Ok(Test::Print { to, end })
    }

    /// A file to write to; the same name is the same file.
    fn file(&mut self, name: &[u8]) -> Result<usize, Error> {
        let path = self.value(name)?;
        let known = self.out.files.iter().position(|file| file == path);
        Ok(1 + known.unwrap_or_else(|| {
            self.out.files.push(path.to_os_string());
            self.out.files.len() - 1
        }))
    }

    fn regex(&mut self, name: &[u8]) -> Result<Test, Error> {
        let pattern = self.value(name)?.as_bytes();
        let flags = Flags { icase: name == b"-iregex", ..self.flags };
        let pattern = if self.emacs { extended(pattern) } else { pattern.to_vec() };
        let regex = Regex::new(&pattern, flags)
            .map_err(|e| Error::about(show(OsStr::from_bytes(&pattern)), e))?;
        Ok(Test::Matches(regex))
    }

    fn regex_type(&mut self, name: &[u8]) -> Result<Test, Error> {
        let value = self.value(name)?;
        let (emacs, flags) = match value.as_bytes() {
            b"emacs" | b"findutils-default" => (true, Flags::EXTENDED),
            b"posix-basic" | b"ed" | b"sed" | b"grep" | b"posix-minimal-basic" => {
                (false, Flags::BASIC)
            }
            b"posix-extended" | b"egrep" | b"posix-egrep" | b"awk" | b"posix-awk" | b"gnu-awk" => {
                (false, Flags::EXTENDED)
            }
            _ => return Err(Self::bad(name, value)),
        };
        (self.emacs, self.flags) = (emacs, flags);
        Ok(Test::True)
    }

    fn kind(&mut self, name: &[u8]) -> Result<Test, Error> {
        let value = self.value(name)?;
        let mut letters = Vec::new();
        for word in value.as_bytes().split(|&b| b == b',') {
            match word {
                [letter] if b"bcdpflsD".contains(letter) => letters.push(*letter),
                _ => return Err(Self::bad(name, value)),
            }
        }
        Ok(Test::Kind { letters, other: name == b"-xtype" })
    }

    /// `+N`, `-N`, `N`.
    fn than(text: &[u8]) -> (Than, &[u8]) {
        match text.split_first() {
            Some((b'+', rest)) => (Than::More, rest),
            Some((b'-', rest)) => (Than::Less, rest),
            _ => (Than::Equal, text),
        }
    }

    fn number(&mut self, name: &[u8], what: Count) -> Result<Test, Error> {
        let value = self.value(name)?;
        let (than, digits) = Self::than(value.as_bytes());
        let number = options::number(OsStr::from_bytes(digits));
        let number = number.ok_or_else(|| Self::bad(name, value))?;
        Ok(Test::Number { what, than, number })
    }

    fn size(&mut self, name: &[u8]) -> Result<Test, Error> {
        let value = self.value(name)?;
        let (than, text) = Self::than(value.as_bytes());
        let (digits, unit) = match text.split_last() {
            Some((b'b', digits)) => (digits, 512),
            Some((b'c', digits)) => (digits, 1),
            Some((b'w', digits)) => (digits, 2),
            Some((b'k', digits)) => (digits, 1 << 10),
            Some((b'M', digits)) => (digits, 1 << 20),
            Some((b'G', digits)) => (digits, 1 << 30),
            _ => (text, 512),
        };
        let number = options::number(OsStr::from_bytes(digits));
        let number = number.ok_or_else(|| Self::bad(name, value))?;
        Ok(Test::Number { what: Count::Size(unit), than, number })
    }

    fn age(&mut self, name: &[u8], which: Which, unit: i64) -> Result<Test, Error> {
        let value = self.value(name)?;
        let (than, digits) = Self::than(value.as_bytes());
        let number = options::number(OsStr::from_bytes(digits));
        let number = number.ok_or_else(|| Self::bad(name, value))?;
        let from = self.day_end.unwrap_or(self.now);
        Ok(Test::Age { which, than, number, unit, from })
    }

    /// The file that an option names, links followed unless -P is given.
    fn look(&mut self, name: &[u8]) -> Result<FileStat, Error> {
        let path = self.value(name)?;
        let follow = self.out.follow != Follow::Never;
        let found = if follow { stat(path).or_else(|_| lstat(path)) } else { lstat(path) };
        found.map_err(|e| Error::os(show(path), e))
    }

    fn newer(&mut self, name: &[u8], which: Which, other: u8) -> Result<Test, Error> {
        if other == b't' {
            let text = self.value(name)?;
            let point = date::point(text.as_bytes()).ok_or_else(|| Self::bad(name, text))?;
            return Ok(Test::Newer { which, than: (point.0, point.1.into()) });
        }
        if other == b'B' {
            let path = self.value(name)?;
            let born = crate::sys::statfs::birth(nix::fcntl::AT_FDCWD, path, true);
            return Ok(Test::Newer { which, than: born.ok_or_else(|| Self::bad(name, path))? });
        }
        let stat = self.look(name)?;
        let than = match other {
            b'a' => (stat.st_atime, stat.st_atime_nsec),
            b'c' => (stat.st_ctime, stat.st_ctime_nsec),
            _ => (stat.st_mtime, stat.st_mtime_nsec),
        };
        Ok(Test::Newer { which, than })
    }

    fn perm(&mut self, name: &[u8]) -> Result<Test, Error> {
        let value = self.value(name)?;
        let (prefix, text) = match value.as_bytes() {
            [b'-', rest @ ..] => (b'-', rest),
            [b'/', rest @ ..] => (b'/', rest),
            // busybox's and old GNU's word for `/`
            [b'+', rest @ ..] if rest.first().is_some_and(u8::is_ascii_digit) => (b'/', rest),
            text => (0, text),
        };
        let bits = |folder| mode::parse(text, 0, 0, folder).map_err(|_| Self::bad(name, value));
        Ok(Test::Perm { prefix, bits: bits(false)?, folder_bits: bits(true)? })
    }

    fn run(&mut self, name: &[u8]) -> Result<Test, Error> {
        self.has_action = true;
        let ask = name.starts_with(b"-ok");
        let missing =
            || usage(format_args!("missing argument to '{}'", show(OsStr::from_bytes(name))));
        let mut words: Vec<OsString> = Vec::new();
        let mut batch = None;
        loop {
            let word = self.words.next().ok_or_else(missing)?;
            if word == ";" {
                break;
            }
            if word == "+" && !ask && words.last().is_some_and(|last| last == "{}") {
                words.pop();
                batch = Some(self.out.batches);
                self.out.batches += 1;
                break;
            }
            words.push(word.clone());
        }
        if words.is_empty() {
            return Err(missing());
        }
        Ok(Test::Run(Run { words, batch, in_folder: name.ends_with(b"dir"), ask }))
    }
}

fn unknown(word: &OsStr) -> Error {
    if word.as_bytes().starts_with(b"-") {
        return usage(format_args!("unknown predicate '{}'", show(word)));
    }
    usage(format_args!("paths must precede expression: '{}'", show(word)))
}

/// An expression in Emacs's syntax as an extended one: there `\(`, `\)`, `\|`
/// are special and the bare ones are not, and so are no braces.
fn extended(pattern: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = pattern;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'\\' => match rest.split_first() {
                Some((&next @ (b'(' | b')' | b'|'), behind)) => {
                    out.push(next);
                    rest = behind;
                }
                Some((&next, behind)) => {
                    out.extend_from_slice(&[b'\\', next]);
                    rest = behind;
                }
                None => out.push(b'\\'),
            },
            b'(' | b')' | b'|' | b'{' | b'}' => out.extend_from_slice(&[b'\\', byte]),
            b'*' | b'+' | b'?' if out.is_empty() || out.ends_with(b"(") || out.ends_with(b"|") => {
                out.extend_from_slice(&[b'\\', byte]);
            }
            b'[' => {
                // a set is taken over whole: `]` at its start is a member
                let skip = match rest {
                    [b'^', b']', ..] => 2,
                    [b']' | b'^', ..] => 1,
                    _ => 0,
                };
                let end = rest.iter().skip(skip).position(|&b| b == b']');
                let end = end.map_or(rest.len(), |at| at + skip + 1);
                out.push(b'[');
                out.extend_from_slice(rest.get(..end).unwrap_or_default());
                rest = rest.get(end..).unwrap_or_default();
            }
            _ => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emacs_syntax() {
        assert_eq!(extended(br"\(a\|b\)+(x)"), br"(a|b)+\(x\)");
        assert_eq!(extended(b"*a[](]{2}"), br"\*a[](]\{2\}");
        assert_eq!(extended(br"a\.b"), br"a\.b");
    }
}
