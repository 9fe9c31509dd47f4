//! diff: the differences of files and folders. POSIX, with most options of
//! GNU's.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use nix::sys::stat::{FileStat, lstat, stat};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::fsutil::place::join;
use crate::regex::{Flags, Regex};
use crate::sys::lines::Lines;

mod columns;
mod compare;
mod output;

use compare::{Ignore, Text};
use output::{Form, Layout};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "diff",
    summary: "the differences of files and folders",
    usage: "[-abBdEiNpqrsTtw] [-u|-U N|-c|-C N|-y|-e|-f|-n] [-L LABEL]... [-I RE]... OLD NEW\n\
            \x20 -u, -U N  unified, with N lines (3) around; -c, -C N with context\n\
            \x20 -y        beside each other, -W N so wide (130); --left-column, --suppress-common-lines\n\
            \x20 -e, -f, -n  a script for ed, to be read, for RCS; --color\n\
            \x20 -p, -F RE each hunk with the last line before it like this\n\
            \x20 -q, -s    only whether they differ; also say that they are the same\n\
            \x20 -r, -N    folders in folders; a file that is not there is empty\n\
            \x20 -a        every file is text; -L LABEL for a name; -t tabs as blanks; -T a tab first\n\
            \x20 -i, -b, -w, -B  ignore case, changes of blanks, all blanks, empty lines\n\
            \x20 -E, -I RE ignore tabs that look like blanks, changes of lines like this\n\
            \x20 -d        look harder; -S FILE start with it in folders; -x, -X FILE without these names\n\
            \x20 status 0 the same, 1 different, 2 trouble",
    kind: Kind::Fork, // reading may block
    run,
};

struct Diff {
    form: Form,
    ignore: Ignore,
    brief: bool,
    same: bool,
    recursive: bool,
    new_files: bool,
    all_text: bool,
    minimal: bool,
    labels: Vec<OsString>,
    first: Option<OsString>,
    excluded: Vec<Vec<u8>>,
    /// The options as they were given, for the line before each file of a folder.
    command: Vec<u8>,
    different: bool,
    trouble: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let done = act(cx);
    cx.answered(done)
}

/// How deep folders may be.
const DEPTH: u32 = 128;

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "a,text b,ignore-space-change B,ignore-blank-lines d,minimal e,ed E,ignore-tab-expansion \
         f,forward-ed F:show-function-line I:ignore-matching-lines i,ignore-case L:label n,rcs \
         N,new-file P,unidirectional-new-file q,brief r,recursive s,report-identical-files \
         S:starting-file T,initial-tab t,expand-tabs u -1?unified U: c -2?context C: \
         w,ignore-all-space x:exclude -3,strip-trailing-cr -4?color -5,normal \
         W:width X:exclude-from y,side-by-side -7,left-column -8,suppress-common-lines \
         Z,ignore-trailing-space p,show-c-function -6,speed-large-files #",
    )?;
    let mut diff = Diff {
        form: Form::default(),
        ignore: Ignore::default(),
        brief: false,
        same: false,
        recursive: false,
        new_files: false,
        all_text: false,
        minimal: false,
        labels: Vec::new(),
        first: None,
        excluded: Vec::new(),
        command: b"diff".to_vec(),
        different: false,
        trouble: false,
    };
    let (mut ignored, mut functions): (Vec<Vec<u8>>, Vec<Vec<u8>>) = Default::default();
    while let Some(letter) = options.next() {
        match letter {
            b'e' => diff.form.layout = Layout::Ed,
            b'f' => diff.form.layout = Layout::Forward,
            b'n' => diff.form.layout = Layout::Rcs,
            b'y' => diff.form.layout = Layout::Columns,
            b'E' => diff.ignore.tabs = true,
            b'F' => functions.push(options.bytes()),
            b'p' => functions.push(b"^[[:alpha:]$_]".to_vec()),
            b'I' => ignored.push(options.bytes()),
            b'W' => {
                let width = usize::try_from(options.number("not a width")?).ok();
                diff.form.width = width.filter(|width| *width < usize::MAX / 4);
            }
            b'7' => diff.form.left = true,
            b'8' => diff.form.suppress = true,
            b'4' => {
                diff.form.color = match options.bytes().as_slice() {
                    b"always" => true,
                    b"never" => false,
                    b"auto" | b"" => crate::sys::terminal::is_terminal(cx.stdout),
                    _ => return Err(Error::usage("--color is always, never or auto")),
                }
            }
            b'X' => {
                let name = options.value();
                let mut lines = Lines::new(cx.open(&name)?);
                while let Some(line) = lines.next(b'\n').map_err(|e| Error::os(show(&name), e))? {
                    diff.excluded.push(line.to_vec());
                }
            }
            b'a' => diff.all_text = true,
            b'b' => diff.ignore.amount = true,
            b'Z' => diff.ignore.trailing = true,
            b'w' => diff.ignore.blanks = true,
            b'i' => diff.ignore.case = true,
            b'3' => diff.ignore.returns = true,
            b'B' => diff.ignore.empty = true,
            b'd' => diff.minimal = true,
            b'L' => diff.labels.push(options.value()),
            b'N' | b'P' => diff.new_files = true,
            b'q' => diff.brief = true,
            b'r' => diff.recursive = true,
            b's' => diff.same = true,
            b'S' => diff.first = Some(options.value()),
            b'T' => diff.form.tab = true,
            b't' => diff.form.expand = true,
            b'x' => diff.excluded.push(options.bytes()),
            b'u' | b'1' | b'U' | b'c' | b'2' | b'C' => {
                let context = matches!(letter, b'c' | b'2' | b'C');
                diff.form.layout = if context { Layout::Context } else { Layout::Unified };
                let given = options.optional();
                match given {
                    Some(text) => {
                        let number = crate::options::number(&text);
                        let number =
                            number.ok_or_else(|| Error::bad(show(&text), "not a number"))?;
                        diff.form.around = usize::try_from(number).unwrap_or(usize::MAX / 4);
                    }
                    None => diff.form.around = diff.form.around.max(3),
                }
            }
            b'#' => {
                diff.form.around = options.number("not a number")?.try_into().unwrap_or(3);
            }
            b'5' => diff.form.layout = Layout::Normal,
            _ => {}
        }
    }
    if !functions.is_empty() && diff.form.layout == Layout::Normal {
        // GNU's show them in these forms only
        diff.form.layout = Layout::Context;
        diff.form.around = diff.form.around.max(3);
    }
    diff.ignore.lines = any_of(&ignored)?;
    diff.form.function = any_of(&functions)?;
    let [old, new] = options.operands.as_slice() else {
        return Err(Error::usage("two files are needed"));
    };
    let count = cx.args.len() - 2;
    for word in cx.args.iter().filter(|w| *w != old && *w != new).take(count) {
        diff.command.push(b' ');
        diff.command.extend_from_slice(word.as_bytes());
    }
    let folder = |name: &OsStr| {
        name != "-" && stat(name).is_ok_and(|s| s.st_mode & libc::S_IFMT == libc::S_IFDIR)
    };
    match (folder(old), folder(new)) {
        (true, true) if is_same(old, new) => {}
        (true, true) => diff.folders(cx, old.as_bytes(), new.as_bytes(), 0)?,
        (true, false) => {
            let old = join(old.as_bytes(), base(new));
            diff.files(cx, &old, new.as_bytes(), None)?;
        }
        (false, true) => {
            let new = join(new.as_bytes(), base(old));
            diff.files(cx, old.as_bytes(), &new, None)?;
        }
        _ => diff.files(cx, old.as_bytes(), new.as_bytes(), None)?,
    }
    Ok(match (diff.trouble, diff.different) {
        (true, _) => Status::USAGE,
        (_, different) => Status::from_bool(!different),
    })
}

fn is_same(a: &OsStr, b: &OsStr) -> bool {
    let id = |name: &OsStr| stat(name).ok().map(|s| (s.st_dev, s.st_ino));
    id(a) == id(b)
}

/// Any of these expressions.
fn any_of(patterns: &[Vec<u8>]) -> Result<Option<Regex>, Error> {
    let list: Vec<&[u8]> = patterns.iter().map(Vec::as_slice).collect();
    let regex = (!list.is_empty()).then(|| Regex::any_of(&list, Flags::BASIC));
    regex.transpose().map_err(Error::usage)
}

fn base(name: &OsStr) -> &[u8] {
    name.as_bytes().rsplit(|&b| b == b'/').find(|part| !part.is_empty()).unwrap_or_default()
}

fn kind_of(status: &FileStat) -> &'static [u8] {
    match status.st_mode & libc::S_IFMT {
        libc::S_IFREG if status.st_size == 0 => b"regular empty file",
        libc::S_IFREG => b"regular file",
        libc::S_IFDIR => b"directory",
        libc::S_IFLNK => b"symbolic link",
        libc::S_IFIFO => b"fifo",
        libc::S_IFSOCK => b"socket",
        libc::S_IFCHR => b"character special file",
        _ => b"block special file",
    }
}

impl Diff {
    /// A message that is part of the result.
    fn say(&mut self, cx: &mut Ctx, parts: &[&[u8]]) -> Result<(), Error> {
        cx.put(&parts.concat())
    }

    fn warn(&mut self, cx: &mut Ctx, error: Error) {
        self.trouble = true;
        cx.warn(error);
    }

    fn names(&mut self, cx: &mut Ctx, folder: &[u8]) -> Vec<Vec<u8>> {
        let path = std::path::Path::new(OsStr::from_bytes(folder));
        let mut list: Vec<Vec<u8>> = Vec::new();
        match crate::sys::path::names(path) {
            Ok(names) => {
                for name in names {
                    let name = name.as_bytes();
                    let out = |p: &Vec<u8>| crate::shell::pattern::matches(p, name);
                    if !self.excluded.iter().any(out) {
                        list.push(name.to_vec());
                    }
                }
            }
            // With -N a folder that is missing is an empty one.
            Err(error) if self.new_files && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => self.warn(cx, Error::os(show(path), error)),
        }
        crate::order::sort(&mut list);
        list
    }

    fn folders(&mut self, cx: &mut Ctx, old: &[u8], new: &[u8], depth: u32) -> Result<(), Error> {
        if depth > DEPTH {
            self.warn(cx, Error::about(show(OsStr::from_bytes(old)), "folders are too deep"));
            return Ok(());
        }
        let (left, right) = (self.names(cx, old), self.names(cx, new));
        let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(a), Some(b)) => a.cmp(b),
            };
            let mut name = Vec::new();
            if order.is_le() {
                name = left.next().unwrap_or_default();
            }
            if order.is_ge() {
                name = right.next().unwrap_or_default();
            }
            if depth == 0 && self.first.as_ref().is_some_and(|f| name.as_slice() < f.as_bytes()) {
                continue;
            }
            let (a, b) = (join(old, &name), join(new, &name));
            if order.is_ne() && !self.new_files {
                let folder = if order.is_lt() { old } else { new };
                self.different = true;
                let shown = folder.strip_suffix(b"/").filter(|f| !f.is_empty()).unwrap_or(folder);
                self.say(cx, &[b"Only in ", shown, b": ", &name, b"\n"])?;
                continue;
            }
            let is_folder = |name: &[u8]| {
                stat(name).map_or(order.is_ne(), |s| s.st_mode & libc::S_IFMT == libc::S_IFDIR)
            };
            let (fa, fb) = (stat(a.as_slice()).ok(), stat(b.as_slice()).ok());
            if is_folder(&a) && is_folder(&b) && (fa.is_some() || fb.is_some()) {
                if self.recursive {
                    // A link may lead back up.
                    let link = [&a, &b].iter().any(|n| {
                        lstat(n.as_slice()).is_ok_and(|s| s.st_mode & libc::S_IFMT == libc::S_IFLNK)
                    });
                    if !link || depth < 16 {
                        self.folders(cx, &a, &b, depth + 1)?;
                    }
                } else {
                    self.say(cx, &[b"Common subdirectories: ", &a, b" and ", &b, b"\n"])?;
                }
                continue;
            }
            if let (Some(x), Some(y)) = (&fa, &fb) {
                let kind = |s: &FileStat| s.st_mode & libc::S_IFMT;
                if kind(x) != kind(y) {
                    self.different = true;
                    self.say(
                        cx,
                        &[
                            b"File ",
                            &a,
                            b" is a ",
                            kind_of(x),
                            b" while file ",
                            &b,
                            b" is a ",
                            kind_of(y),
                            b"\n",
                        ],
                    )?;
                    continue;
                }
                if !matches!(kind(x), libc::S_IFREG) {
                    continue;
                }
            }
            let title = [&self.command[..], b" ", &a, b" ", &b, b"\n"].concat();
            self.files(cx, &a, &b, Some(title))?;
        }
    }

    fn read(&mut self, cx: &mut Ctx, name: &[u8]) -> Option<Text> {
        let file = OsStr::from_bytes(name);
        let fd = match cx.open(file) {
            Ok(fd) => fd,
            Err(error) if self.new_files && error.errno() == Some(libc::ENOENT) => {
                return Some(Text::default());
            }
            Err(error) => {
                self.warn(cx, error);
                return None;
            }
        };
        let mut text = Text::default();
        if let Ok(status) = nix::sys::stat::fstat(&fd) {
            text.time = (status.st_mtime, u32::try_from(status.st_mtime_nsec).unwrap_or(0));
            if name == b"-" && status.st_mode & libc::S_IFMT != libc::S_IFREG {
                let now = crate::sys::clock::now();
                text.time = (i64::try_from(now.as_secs()).unwrap_or(0), now.subsec_nanos());
            }
        }
        let mut lines = Lines::new(fd);
        loop {
            match lines.block() {
                Ok(Some(block)) => text.bytes.extend_from_slice(block),
                Ok(None) => return Some(text),
                Err(errno) => {
                    self.warn(cx, Error::os(show(file), errno));
                    return None;
                }
            }
        }
    }

    fn files(
        &mut self,
        cx: &mut Ctx,
        old: &[u8],
        new: &[u8],
        title: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        let (a, b) = if old == b"-" && new == b"-" {
            (Text::default(), Text::default())
        } else {
            let (a, b) = (self.read(cx, old), self.read(cx, new));
            let (Some(mut a), Some(mut b)) = (a, b) else { return Ok(()) };
            // A script for ed cannot say that a line has no end.
            if matches!(self.form.layout, Layout::Ed | Layout::Forward) && a.bytes != b.bytes {
                for (name, text) in [(old, &mut a), (new, &mut b)] {
                    if text.bytes.last().is_some_and(|byte| *byte != b'\n') {
                        let name = show(OsStr::from_bytes(name));
                        self.warn(cx, Error::about(name, "no newline at end of file"));
                        text.bytes.push(b'\n');
                    }
                }
            }
            (a, b)
        };
        let equal = a.bytes == b.bytes;
        let binary = !self.all_text && (a.is_binary() || b.is_binary());
        let changes = if equal || binary {
            Vec::new()
        } else {
            compare::changes(&a, &b, &self.ignore, self.minimal, self.form.shown_around())
        };
        let columns = self.form.layout == Layout::Columns && !self.form.suppress && !binary;
        if equal || !binary && changes.iter().all(|change| change.ignored) {
            if !self.brief && columns {
                let mut text = Vec::new();
                self.form.columns(&mut text, &a.lines(), &b.lines(), &changes);
                cx.put(&text)?;
            }
            if self.same {
                self.say(cx, &[b"Files ", old, b" and ", new, b" are identical\n"])?;
            }
            return Ok(());
        }
        self.different = true;
        if self.brief {
            return self.say(cx, &[b"Files ", old, b" and ", new, b" differ\n"]);
        }
        if binary {
            return self.say(cx, &[b"Binary files ", old, b" and ", new, b" differ\n"]);
        }
        if let Some(title) = title {
            cx.put(&title)?;
        }
        let mut labels = self.labels.iter();
        let mut label = |name: &[u8]| {
            labels.next().map_or((name.to_vec(), false), |l| (l.as_bytes().to_vec(), true))
        };
        let names = [label(old), label(new)];
        let mut text = Vec::new();
        self.form.write(&mut text, [&a, &b], names, &changes);
        cx.put(&text)
    }
}
