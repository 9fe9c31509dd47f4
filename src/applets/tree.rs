//! tree: draw a tree of files. busybox, with most options of the program of
//! that name. Lines are drawn with UTF-8's where the locale has them.
//!
//! Deliberate: the folder that is named is not counted, as before version 2 of
//! that program; control bytes in names are never written as they are.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::readlink;
use nix::sys::stat::{FileStat, lstat, stat};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::characters::Characters;
use crate::fsutil::place::join;
use crate::fsutil::users::Users;
use crate::shell::pattern;
use crate::{date, mode, sys};

use super::ls::{HALF_YEAR, by_version, painted};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "tree",
    summary: "draw a tree of files",
    usage: "[-adfilx] [-L LEVEL] [-P PATTERN] [-I PATTERN] [-pugshDFQ] [-tcvUr] [-nC] [-o FILE] [DIR...]\n\
            \x20 -a  names with a dot in front too    -d  only folders\n\
            \x20 -f  whole paths                      -i  no lines\n\
            \x20 -l  follow links to folders          -x  one file system\n\
            \x20 -L  so many levels\n\
            \x20 -P  only files like this: A|B        -I  no names like this; --ignore-case\n\
            \x20 -p -u -g -s -h --si -D --inodes --device  mode, owner, group, size, time ...\n\
            \x20 -F  a mark behind the name           -Q  quotes around it; --timefmt FORMAT\n\
            \x20 -t -c -v -U  by time, change, version, not at all; -r backwards; --sort size\n\
            \x20 --dirsfirst, --filesfirst            -n, -C  without, with colours\n\
            \x20 --noreport  without the count at the end",
    kind: Kind::Fork, // big trees take long
    run,
};

/// The lines: through, a branch, the last branch.
const PLAIN: [&[u8]; 3] = [b"|   ", b"|-- ", b"`-- "];
const UTF8: [&[u8]; 3] = ["│   ".as_bytes(), "├── ".as_bytes(), "└── ".as_bytes()];

/// How deep folders may be.
const DEPTH: u64 = 1000;

struct Tree {
    /// The letters of options that are given.
    given: Vec<u8>,
    levels: u64,
    wanted: Vec<Vec<u8>>,
    unwanted: Vec<Vec<u8>>,
    form: Option<Vec<u8>>,
    /// What is sorted by: an option's letter.
    order: u8,
    color: bool,
    lines: [&'static [u8]; 3],
    users: Users,
    now: i64,
    file: Option<(File, Vec<u8>)>,
    /// Folders that were seen, where links are followed.
    seen: Vec<(u64, u64)>,
    /// The file system that is not left.
    device: u64,
    counts: [u64; 2],
}

/// What is in a folder.
struct Entry {
    name: Vec<u8>,
    stat: Option<FileStat>,
    /// Of a link: where it leads.
    link: Option<(Vec<u8>, Option<FileStat>)>,
}

fn is_folder(stat: Option<&FileStat>) -> bool {
    stat.is_some_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFDIR)
}

impl Entry {
    fn of(path: &[u8], name: Vec<u8>) -> Entry {
        let link = readlink(path).ok().map(|text| (text.as_bytes().to_vec(), stat(path).ok()));
        Entry { name, stat: lstat(path).ok(), link }
    }

    /// Whether it is a folder, or a link to one.
    fn is_folder(&self) -> bool {
        is_folder(self.stat.as_ref())
            || self.link.as_ref().is_some_and(|(_, stat)| is_folder(stat.as_ref()))
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "a d f i l x L: P: I: p u g s h D F Q q N t c v U r n C o: -1,noreport -2,si -3,inodes \
         -4,device -5,ignore-case -6:timefmt -7:sort -8,dirsfirst -9,filesfirst -0:charset",
    )?;
    let mut tree = Tree {
        given: Vec::new(),
        levels: DEPTH,
        wanted: Vec::new(),
        unwanted: Vec::new(),
        form: None,
        order: 0,
        color: false,
        lines: if cx.env.characters() == Characters::Utf8 { UTF8 } else { PLAIN },
        users: Users::new(),
        now: i64::try_from(sys::clock::now().as_secs()).unwrap_or(i64::MAX),
        file: None,
        seen: Vec::new(),
        device: 0,
        counts: [0; 2],
    };
    while let Some(letter) = options.next() {
        match letter {
            b'L' => {
                tree.levels = options.number("not a level")?;
                if tree.levels == 0 {
                    return Err(Error::usage("-L: at least 1"));
                }
            }
            b'P' | b'I' => {
                let text = options.bytes();
                let list = if letter == b'P' { &mut tree.wanted } else { &mut tree.unwanted };
                list.extend(text.split(|b| *b == b'|').map(<[u8]>::to_vec));
            }
            b'6' => {
                tree.form = Some(options.bytes());
                tree.given.push(b'D');
            }
            b'7' => {
                let word = options.bytes();
                tree.order = match word.as_slice() {
                    b"name" => 0,
                    b"mtime" => b't',
                    b"ctime" => b'c',
                    b"version" => b'v',
                    b"size" => b's',
                    _ => return Err(Error::bad(show_bytes(&word), "no order")),
                };
            }
            b'0' if options.bytes().eq_ignore_ascii_case(b"ascii") => tree.lines = PLAIN,
            b't' | b'c' | b'v' | b'U' => tree.order = letter,
            b'n' => tree.color = false,
            b'C' => tree.color = true,
            b'o' => {
                let name = options.value();
                let file = File::create(&name).map_err(|e| Error::os(show(&name), e))?;
                tree.file = Some((file, name.as_bytes().to_vec()));
            }
            _ => tree.given.push(letter),
        }
    }
    let mut operands = std::mem::take(&mut options.operands);
    if operands.is_empty() {
        operands.push(".".into());
    }
    for operand in &operands {
        tree.start(cx, operand.as_bytes())?;
    }
    if !tree.has(b'1') {
        let end =
            |count: u64, one: &'static str, many: &'static str| if count == 1 { one } else { many };
        let [folders, files] = tree.counts;
        let mut text = format!("\n{folders} {}", end(folders, "directory", "directories"));
        if !tree.has(b'd') {
            text.push_str(&format!(", {files} {}", end(files, "file", "files")));
        }
        text.push('\n');
        tree.put(cx, text.as_bytes())?;
    }
    Ok(cx.status())
}

impl Tree {
    fn has(&self, letter: u8) -> bool {
        self.given.contains(&letter)
    }

    fn put(&mut self, cx: &mut Ctx, text: &[u8]) -> Result<(), Error> {
        match &mut self.file {
            Some((file, name)) => file.write_all(text).map_err(|e| Error::os(show_bytes(name), e)),
            None => cx.put(text),
        }
    }

    fn start(&mut self, cx: &mut Ctx, path: &[u8]) -> Result<(), Error> {
        let top = Entry { name: path.to_vec(), stat: stat(path).ok(), link: None };
        if let Some(stat) = &top.stat {
            self.device = stat.st_dev;
            self.seen.push((stat.st_dev, stat.st_ino));
        }
        let entries = self.entries(path);
        let mut line = Vec::new();
        if top.stat.is_some() {
            self.about(&top, &mut line);
        }
        self.name(&top, path, &mut line);
        match entries {
            Ok(entries) => {
                line.push(b'\n');
                self.put(cx, &line)?;
                self.folder(cx, path, &entries, 1, &mut Vec::new())
            }
            Err(_) => {
                match top.stat {
                    Some(_) => self.counts[1] += 1,
                    None => cx.fail(),
                }
                line.extend_from_slice(b"  [error opening dir]\n");
                self.put(cx, &line)
            }
        }
    }

    /// What is shown of a folder, sorted.
    fn entries(&self, path: &[u8]) -> std::io::Result<Vec<Entry>> {
        let mut list = Vec::new();
        for name in sys::path::names(Path::new(OsStr::from_bytes(path)))? {
            let name = name.as_bytes();
            let like = |patterns: &[Vec<u8>]| {
                let fits = |p: &Vec<u8>| match self.has(b'5') {
                    true => pattern::matches(&p.to_ascii_lowercase(), &name.to_ascii_lowercase()),
                    false => pattern::matches(p, name),
                };
                patterns.iter().any(fits)
            };
            if name.starts_with(b".") && !self.has(b'a') || like(&self.unwanted) {
                continue;
            }
            let entry = Entry::of(&join(path, name), name.to_vec());
            let open = is_folder(entry.stat.as_ref()) || self.has(b'l') && entry.is_folder();
            if self.has(b'd') && !entry.is_folder()
                || !open && !self.wanted.is_empty() && !like(&self.wanted)
            {
                continue;
            }
            list.push(entry);
        }
        crate::order::sort_by(&mut list, |a, b| self.compare(a, b));
        Ok(list)
    }

    fn compare(&self, a: &Entry, b: &Entry) -> Ordering {
        let kinds = match (self.has(b'8'), self.has(b'9')) {
            (true, _) => b.is_folder().cmp(&a.is_folder()),
            (_, true) => a.is_folder().cmp(&b.is_folder()),
            _ => Ordering::Equal,
        };
        let by = |key: fn(&FileStat) -> (i64, i64)| {
            a.stat.as_ref().map(key).cmp(&b.stat.as_ref().map(key))
        };
        let order = match self.order {
            b'U' => return kinds,
            b't' => by(|s| (s.st_mtime, 0)),
            b'c' => by(|s| (s.st_ctime, 0)),
            b's' => by(|s| (-s.st_size, 0)),
            b'v' => by_version(&a.name, &b.name),
            _ => Ordering::Equal,
        };
        let order = order.then_with(|| a.name.cmp(&b.name));
        kinds.then(if self.has(b'r') { order.reverse() } else { order })
    }

    /// Draws what is in a folder. `before` is drawn before each line.
    fn folder(
        &mut self,
        cx: &mut Ctx,
        path: &[u8],
        entries: &[Entry],
        depth: u64,
        before: &mut Vec<u8>,
    ) -> Result<(), Error> {
        for (at, entry) in entries.iter().enumerate() {
            let [through, branch, last_branch] = self.lines;
            let is_last = at + 1 == entries.len();
            let mut line = Vec::new();
            if !self.has(b'i') {
                line.extend_from_slice(before);
                line.extend_from_slice(if is_last { last_branch } else { branch });
            }
            let whole = join(path, &entry.name);
            self.about(entry, &mut line);
            self.name(entry, if self.has(b'f') { &whole } else { &entry.name }, &mut line);
            self.counts[usize::from(!entry.is_folder())] += 1;
            let stat = match &entry.link {
                Some((_, stat)) if self.has(b'l') => stat.as_ref(),
                _ => entry.stat.as_ref(),
            };
            let mut inner = Vec::new();
            if let Some(stat) = stat.filter(|stat| is_folder(Some(stat))) {
                let id = (stat.st_dev, stat.st_ino);
                if self.has(b'l') && self.seen.contains(&id) {
                    line.extend_from_slice(b"  [recursive, not followed]");
                } else if depth < self.levels && !(self.has(b'x') && id.0 != self.device) {
                    self.seen.push(id);
                    match self.entries(&whole) {
                        Ok(entries) => inner = entries,
                        Err(_) => line.extend_from_slice(b"  [error opening dir]"),
                    }
                }
            }
            line.push(b'\n');
            self.put(cx, &line)?;
            let length = before.len();
            before.extend_from_slice(if is_last { b"    " } else { through });
            self.folder(cx, &whole, &inner, depth + 1, before)?;
            before.truncate(length);
        }
        Ok(())
    }

    /// `[mode owner ...]  `, what the options ask for.
    fn about(&mut self, entry: &Entry, line: &mut Vec<u8>) {
        let Some(stat) = &entry.stat else { return };
        let mut parts: Vec<Vec<u8>> = Vec::new();
        if self.has(b'3') {
            parts.push(format!("{:>7}", stat.st_ino).into_bytes());
        }
        if self.has(b'4') {
            parts.push(format!("{:>3}", stat.st_dev).into_bytes());
        }
        if self.has(b'p') {
            parts.push(mode::text(stat.st_mode).to_vec());
        }
        let named = |name: &[u8]| {
            let name = show_bytes(name.get(..32).unwrap_or(name)).to_string();
            format!("{name:<8}").into_bytes()
        };
        if self.has(b'u') {
            parts.push(named(self.users.name_of(stat.st_uid)));
        }
        if self.has(b'g') {
            parts.push(named(self.users.group_of(stat.st_gid)));
        }
        if self.has(b'h') || self.has(b'2') {
            parts.push(size(stat.st_size, self.has(b'2')).into_bytes());
        } else if self.has(b's') {
            parts.push(format!("{:>11}", stat.st_size).into_bytes());
        }
        if self.has(b'D') {
            let (seconds, nanos) = match self.order {
                b'c' => (stat.st_ctime, stat.st_ctime_nsec),
                _ => (stat.st_mtime, stat.st_mtime_nsec),
            };
            let recent = (0..HALF_YEAR).contains(&self.now.saturating_sub(seconds));
            let usual: &[u8] = if recent { b"%b %e %H:%M" } else { b"%b %e  %Y" };
            let mut text = Vec::new();
            let form = self.form.as_deref().unwrap_or(usual);
            date::write(&mut text, form, seconds, u32::try_from(nanos).unwrap_or(0));
            parts.push(text);
        }
        if !parts.is_empty() {
            line.push(b'[');
            line.extend_from_slice(&parts.join(&b' '));
            line.extend_from_slice(b"]  ");
        }
    }

    /// The name, and where a link leads.
    fn name(&self, entry: &Entry, name: &[u8], line: &mut Vec<u8>) {
        let stat = entry.stat.as_ref();
        self.word(name, stat.map_or(0, |stat| stat.st_mode), entry.link.is_none(), line);
        if let Some((text, stat)) = &entry.link {
            line.extend_from_slice(b" -> ");
            self.word(text, stat.as_ref().map_or(0, |stat| stat.st_mode), true, line);
        }
    }

    fn word(&self, name: &[u8], mode: u32, marked: bool, line: &mut Vec<u8>) {
        let name = show_bytes(name).to_string();
        let name = if self.has(b'Q') { format!("\"{name}\"") } else { name };
        painted(self.color, name.as_bytes(), mode, line);
        if self.has(b'F') && marked {
            line.extend_from_slice(match mode & libc::S_IFMT {
                libc::S_IFDIR if !name.ends_with('/') => b"/",
                libc::S_IFIFO => b"|",
                libc::S_IFSOCK => b"=",
                libc::S_IFREG if mode & 0o111 != 0 => b"*",
                _ => b"",
            });
        }
    }
}

/// Four characters, rounded to the nearest: ` 512`, `4.9K`, ` 10K`.
fn size(bytes: i64, decimal: bool) -> String {
    let (base, units): (f64, _) = if decimal { (1000.0, b" kMGTPE") } else { (1024.0, b" KMGTPE") };
    let mut value = bytes as f64;
    for (at, unit) in units.iter().enumerate() {
        if value < base || at == 6 {
            return match at {
                0 => format!("{bytes:>4}"),
                _ if value < 10.0 => format!("{value:>3.1}{}", char::from(*unit)),
                _ => format!("{value:>3.0}{}", char::from(*unit)),
            };
        }
        value /= base;
    }
    String::new()
}
