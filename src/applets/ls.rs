//! ls: list files. POSIX, with GNU's options and columns.
//!
//! Deviations: names sort by bytes; on a terminal control bytes are `?` and
//! names are not quoted (`-b` shows escapes); no LS_COLORS.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::fsutil::users::Users;
use crate::order::sort_by;
use crate::sys::clock;
use crate::sys::folder::{self, Entry};

mod choice;
mod columns;
mod long;
mod order;

use choice::{Choice, Control, Layout, Which};
pub(super) use long::HALF_YEAR;
pub(super) use order::by_version;

use order::Sort;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "ls",
    summary: "list files",
    usage: "[-1AaBCcdFfgHhiklLmNnopqrRSstuUvwXxZ] [FILE...]\n\
            \x20 -a, -A   names with a dot in front too; without . and ..\n\
            \x20 -d       folders themselves, not what is in them      -R  what is below too\n\
            \x20 -l       mode, links, owner, group, size, time (-g no owner, -o no group)\n\
            \x20 -n       owners and groups as numbers     -h, --si  sizes for people\n\
            \x20 -i, -s   inode numbers; blocks of 1024 bytes          -Z  security context\n\
            \x20 -t, -S, -X, -v, -U   sort by time, size, extension, version, not at all\n\
            \x20 -r       the other way round    --group-directories-first\n\
            \x20 -u, -c   time of access, of change\n\
            \x20 -F, -p   mark kinds of files; only folders\n\
            \x20 -L, -H   what links lead to; only for operands\n\
            \x20 -C, -x, -1, -m, -w N   down in columns, across, one a line, commas; line width\n\
            \x20 -q, -b, -N   control bytes as ?, as \\NNN, as they are\n\
            \x20 --color[=always|auto|never], --full-time, --time-style=full-iso|long-iso|iso|+FORMAT",
    kind: Kind::Fork, // a network filesystem may block
    run,
};

/// A file to be listed.
struct File {
    /// As it is printed: a name, or an operand.
    name: OsString,
    /// The folder that it is in; of an operand none.
    folder: Option<Rc<Path>>,
    /// `None` when it could not be looked at.
    meta: Option<Metadata>,
    is_link: bool,
}

impl File {
    fn path(&self) -> Cow<'_, Path> {
        match &self.folder {
            Some(folder) => Cow::Owned(folder.join(&self.name)),
            None => Cow::Borrowed(Path::new(&self.name)),
        }
    }

    fn is_folder(&self) -> bool {
        self.meta.as_ref().is_some_and(Metadata::is_dir)
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let (c, mut operands) = choice::parse(cx)?;
    if operands.is_empty() {
        operands.push(".".into());
    }
    let many = operands.len() > 1;
    let mut files = Vec::new();
    let mut folders = Vec::new();
    for operand in operands {
        match operand_file(&c, &operand) {
            Ok(file) if file.is_folder() && !c.folder_itself => folders.push(file),
            Ok(file) => files.push(file),
            Err(error) => cx.warn(Error::os(show(&operand), error)),
        }
    }
    sort(&c, &mut files);
    sort(&c, &mut folders);
    let mut lister = Lister { c: &c, users: Users::new(), now: clock::now().as_secs() };
    let mut printed = !files.is_empty();
    if printed {
        lister.list(cx, &files)?;
    }
    let heads = many || c.recursive;
    let mut waiting: Vec<Pending> = folders
        .into_iter()
        .rev()
        .map(|file| Pending { path: PathBuf::from(&file.name), above: Vec::new() })
        .collect();
    while let Some(folder) = waiting.pop() {
        let Some(below) = lister.folder(cx, &folder, heads, &mut printed)? else { continue };
        if c.recursive {
            waiting.extend(below.into_iter().rev());
        }
    }
    Ok(cx.status())
}

/// A folder that is to be listed.
struct Pending {
    path: PathBuf,
    /// With -L: the folders above it, so that links cannot lead round for
    /// ever.
    above: Vec<(u64, u64)>,
}

/// An operand. Without -l, -d and -F a link to a folder is the folder.
fn operand_file(c: &Choice, operand: &OsStr) -> std::io::Result<File> {
    let path = PathBuf::from(operand);
    let itself = path.symlink_metadata()?;
    let is_link = itself.is_symlink();
    let name = operand.to_os_string();
    if is_link {
        let quiet = c.layout != Layout::Long && !c.folder_itself && !c.classify;
        let followed = path.metadata();
        if c.follow {
            let meta = followed?;
            return Ok(File { name, folder: None, meta: Some(meta), is_link: false });
        }
        let followed = followed.ok();
        let wanted = c.follow_operands;
        if let Some(meta) = followed
            && (wanted || quiet && meta.is_dir())
        {
            return Ok(File { name, folder: None, meta: Some(meta), is_link: false });
        }
    }
    Ok(File { name, folder: None, meta: Some(itself), is_link })
}

fn time_of(which: Which, meta: &Metadata) -> (i64, i64) {
    match which {
        Which::Modified => (meta.mtime(), meta.mtime_nsec()),
        Which::Accessed => (meta.atime(), meta.atime_nsec()),
        Which::Changed => (meta.ctime(), meta.ctime_nsec()),
    }
}

fn sort(c: &Choice, files: &mut [File]) {
    let by = c.sort.unwrap_or(Sort::Name);
    if by == Sort::None && !c.folders_first {
        return;
    }
    // links to folders go with folders
    let last = |f: &File| !(f.is_folder() || f.is_link && f.path().is_dir());
    sort_by(files, |a, b| {
        let (x, y) = (a.name.as_bytes(), b.name.as_bytes());
        let key = |f: &File| match (by, &f.meta) {
            (Sort::Size, Some(meta)) => (i64::try_from(meta.size()).unwrap_or(i64::MAX), 0),
            (Sort::Time, Some(meta)) => time_of(c.which, meta),
            _ => (0, 0),
        };
        let order = match by {
            Sort::Size | Sort::Time => key(b).cmp(&key(a)),
            Sort::Extension => order::extension(x).cmp(order::extension(y)),
            Sort::Version => order::by_version(x, y),
            Sort::Name | Sort::None => Ordering::Equal,
        };
        let order = if by == Sort::None { order } else { order.then_with(|| x.cmp(y)) };
        let order = if c.reverse { order.reverse() } else { order };
        if c.folders_first { last(a).cmp(&last(b)).then(order) } else { order }
    });
}

struct Lister<'a> {
    c: &'a Choice,
    users: Users,
    now: u64,
}

impl Lister<'_> {
    /// Lists what is in a folder. Returns the folders in it, or nothing when
    /// it could not be read.
    fn folder(
        &mut self,
        cx: &mut Ctx,
        folder: &Pending,
        head: bool,
        printed: &mut bool,
    ) -> Result<Option<Vec<Pending>>, Error> {
        let c = self.c;
        let path = &folder.path;
        let mut above = folder.above.clone();
        if c.follow && c.recursive {
            let id = path.metadata().map(|m| (m.dev(), m.ino()));
            match id {
                Ok(id) if above.contains(&id) => {
                    cx.warn(format_args!("{}: leads back to itself, not listed", show(path)));
                    return Ok(None);
                }
                Ok(id) => above.push(id),
                Err(_) => {}
            }
        }
        let (entries, ended) = match folder::list(path) {
            Ok(read) => read,
            Err(error) => {
                cx.warn(Error::os(show(path), error));
                return Ok(None);
            }
        };
        let mut files = Vec::new();
        let place: Rc<Path> = Rc::from(path.as_path());
        if c.all {
            for name in [".", ".."] {
                let meta = path.join(name).metadata().ok();
                let folder = Some(place.clone());
                files.push(File { name: name.into(), folder, meta, is_link: false });
            }
        }
        for entry in entries {
            let bytes = entry.name.as_bytes();
            if bytes.starts_with(b".") && !c.all && !c.almost_all
                || c.no_backups && bytes.ends_with(b"~")
            {
                continue;
            }
            files.push(self.look_at(cx, &place, entry));
        }
        if let Some(error) = ended {
            cx.warn(Error::os(show(path), error));
        }
        sort(c, &mut files);
        if head {
            if std::mem::replace(printed, true) {
                cx.put(b"\n")?;
            }
            let mut line = printable(path.as_os_str().as_bytes(), c.control).into_owned();
            line.extend_from_slice(b":\n");
            cx.put(&line)?;
        }
        *printed = true;
        if c.layout == Layout::Long || c.blocks {
            let blocks: u64 = files.iter().filter_map(|f| Some(f.meta.as_ref()?.blocks())).sum();
            cx.print(format_args!("total {}\n", long::blocks(c, blocks)))?;
        }
        self.list(cx, &files)?;
        if !c.recursive {
            return Ok(Some(Vec::new()));
        }
        let mut below = Vec::new();
        for file in files {
            if file.is_folder() && !matches!(file.name.as_bytes(), b"." | b"..") {
                below.push(Pending { path: file.path().into_owned(), above: above.clone() });
            }
        }
        Ok(Some(below))
    }

    fn look_at(&self, cx: &mut Ctx, folder: &Rc<Path>, entry: folder::Entry) -> File {
        let c = self.c;
        let Entry { name, is_link, .. } = entry;
        let mut file = File { name, folder: Some(folder.clone()), meta: None, is_link };
        if !self.wants_meta() {
            return file;
        }
        let path = file.path().into_owned();
        if c.follow
            && let Ok(meta) = path.metadata()
        {
            return File { meta: Some(meta), is_link: false, ..file };
        }
        match path.symlink_metadata() {
            Ok(meta) => file.meta = Some(meta),
            Err(error) => cx.warn(Error::os(show(&path), error)),
        }
        file
    }

    /// Whether files have to be looked at, or names do.
    fn wants_meta(&self) -> bool {
        let c = self.c;
        c.layout == Layout::Long
            || c.recursive
            || c.inode
            || c.blocks
            || c.classify
            || c.slash
            || c.color
            || c.folders_first
            || matches!(c.sort, Some(Sort::Size | Sort::Time))
    }

    fn list(&mut self, cx: &mut Ctx, files: &[File]) -> Result<(), Error> {
        let c = self.c;
        if self.c.layout == Layout::Long {
            let name = |file: &File, out: &mut Vec<u8>| {
                decorated(c, file, out);
            };
            return cx.put(&long::table(c, files, &mut self.users, self.now, &name));
        }
        if c.layout == Layout::OneColumn && !c.inode && !c.blocks {
            let mut text = Vec::new();
            for file in files {
                decorated(c, file, &mut text);
                text.push(b'\n');
            }
            return cx.put(&text);
        }
        let heads = long::prefixes(self.c, files);
        let cells: Vec<(Vec<u8>, usize)> = files
            .iter()
            .zip(heads)
            .map(|(file, head)| {
                let mut cell = head.into_bytes();
                let before = cell.len();
                let width = decorated(c, file, &mut cell);
                (cell, before + width)
            })
            .collect();
        let widths: Vec<usize> = cells.iter().map(|(_, width)| *width).collect();
        let mut text = Vec::new();
        match self.c.layout {
            Layout::Commas => commas(&cells, self.c.width, &mut text),
            Layout::Down | Layout::Across => {
                let across = self.c.layout == Layout::Across;
                for row in columns::lay_out(&widths, self.c.width, across) {
                    for (at, pad) in row {
                        if let Some((cell, _)) = cells.get(at) {
                            text.extend_from_slice(cell);
                        }
                        text.extend(std::iter::repeat_n(b' ', pad));
                    }
                    text.push(b'\n');
                }
            }
            Layout::OneColumn | Layout::Long => {
                for (cell, _) in &cells {
                    text.extend_from_slice(cell);
                    text.push(b'\n');
                }
            }
        }
        cx.put(&text)
    }
}

/// Appends the name with colour and mark; its width on the screen.
fn decorated(c: &Choice, file: &File, out: &mut Vec<u8>) -> usize {
    let name = printable(file.name.as_bytes(), c.control);
    let mut width = match name.is_ascii() {
        true => name.len(),
        false => String::from_utf8_lossy(&name).chars().count(),
    };
    let mode = file.meta.as_ref().map_or(0, Metadata::mode);
    painted(c.color, &name, mode, out);
    let in_long_link = c.layout == Layout::Long && file.is_link;
    if let Some(mark) = mark(c, mode)
        && !in_long_link
    {
        out.push(mark);
        width += 1;
    }
    if in_long_link && let Ok(target) = std::fs::read_link(file.path()) {
        out.extend_from_slice(b" -> ");
        let there = file.path().metadata().map_or(0, |meta| meta.mode());
        let target = printable(target.as_os_str().as_bytes(), c.control);
        painted(c.color, &target, there, out);
        out.extend(mark(c, there));
    }
    width
}

/// A name as it may be printed.
fn printable(name: &[u8], control: Control) -> Cow<'_, [u8]> {
    let is_plain = |b: &u8| {
        matches!(b, b' '..=b'~') && !(control == Control::Escape && matches!(b, b' ' | b'\\'))
    };
    let quoted = control == Control::Quote;
    if control == Control::Raw || !quoted && name.iter().all(is_plain) {
        return Cow::Borrowed(name);
    }
    let mut out = Vec::with_capacity(name.len());
    if quoted {
        out.push(b'"');
    }
    let hidden = |out: &mut Vec<u8>, bytes: &[u8]| match control {
        Control::Escape | Control::Quote => {
            for byte in bytes {
                out.extend_from_slice(format!("\\{byte:03o}").as_bytes());
            }
        }
        _ => out.push(b'?'),
    };
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).as_bytes();
            match (c, control) {
                (' ' | '\\', Control::Escape) => {
                    out.push(b'\\');
                    out.extend_from_slice(bytes);
                }
                ('"' | '\\', Control::Quote) => {
                    out.push(b'\\');
                    out.extend_from_slice(bytes);
                }
                ('\n', Control::Escape | Control::Quote) => out.extend_from_slice(b"\\n"),
                ('\t', Control::Escape | Control::Quote) => out.extend_from_slice(b"\\t"),
                _ if c.is_control() => hidden(&mut out, bytes),
                _ => out.extend_from_slice(bytes),
            }
        }
        for byte in chunk.invalid() {
            hidden(&mut out, &[*byte]);
        }
    }
    if quoted {
        out.push(b'"');
    }
    Cow::Owned(out)
}

/// The mark behind a name.
fn mark(c: &Choice, mode: u32) -> Option<u8> {
    match mode & libc::S_IFMT {
        libc::S_IFDIR if c.classify || c.slash => Some(b'/'),
        _ if !c.classify => None,
        libc::S_IFLNK => Some(b'@'),
        libc::S_IFIFO => Some(b'|'),
        libc::S_IFSOCK => Some(b'='),
        libc::S_IFREG if mode & 0o111 != 0 => Some(b'*'),
        _ => None,
    }
}

/// Appends the name in the colour of its kind: those of GNU ls without LS_COLORS.
pub(super) fn painted(color: bool, name: &[u8], mode: u32, out: &mut Vec<u8>) {
    let code = match mode & libc::S_IFMT {
        _ if !color => "",
        libc::S_IFDIR if mode & 0o1002 == 0o1002 => "30;42",
        libc::S_IFDIR if mode & 0o002 != 0 => "34;42",
        libc::S_IFDIR if mode & 0o1000 != 0 => "37;44",
        libc::S_IFDIR => "01;34",
        libc::S_IFLNK => "01;36",
        libc::S_IFIFO => "33",
        libc::S_IFSOCK => "01;35",
        libc::S_IFBLK | libc::S_IFCHR => "01;33",
        libc::S_IFREG if mode & 0o4000 != 0 => "37;41",
        libc::S_IFREG if mode & 0o2000 != 0 => "30;43",
        libc::S_IFREG if mode & 0o111 != 0 => "01;32",
        _ => "",
    };
    if code.is_empty() {
        return out.extend_from_slice(name);
    }
    out.extend_from_slice(format!("\x1b[{code}m").as_bytes());
    out.extend_from_slice(name);
    out.extend_from_slice(b"\x1b[0m");
}

/// `a, b, c` on lines that are not longer than `line`.
fn commas(cells: &[(Vec<u8>, usize)], line: usize, text: &mut Vec<u8>) {
    let mut at = 0;
    for (n, (cell, width)) in cells.iter().enumerate() {
        if n > 0 {
            text.push(b',');
            if at + width + 3 > line {
                text.push(b'\n');
                at = 0;
            } else {
                text.push(b' ');
                at += 2;
            }
        }
        text.extend_from_slice(cell);
        at += width;
    }
    if !cells.is_empty() {
        text.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_bytes() {
        let name = b"a b\x1b[m\n\xff\\";
        assert_eq!(*printable(name, Control::Question), *b"a b?[m??\\");
        assert_eq!(*printable(name, Control::Escape), *b"a\\ b\\033[m\\n\\377\\\\");
        assert_eq!(*printable(name, Control::Raw), *name);
        assert_eq!(*printable("é".as_bytes(), Control::Question), *"é".as_bytes());
    }

    #[test]
    fn comma_lines() {
        let cells: Vec<_> = [&b"aaa"[..], b"bbb", b"ccc"].map(|n| (n.to_vec(), n.len())).into();
        let mut text = Vec::new();
        commas(&cells, 10, &mut text);
        assert_eq!(text, b"aaa, bbb,\nccc\n");
    }
}
