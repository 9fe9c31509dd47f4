//! tree: draw a tree of files. busybox, with most options of the program of
//! that name. Lines are drawn with UTF-8's where the locale has them.
//!
//! Deliberate: the folder that is named is not counted, as before version 2 of
//! that program; control bytes in names are never written as they are.

use std::cell::RefCell;
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
use crate::fsutil::place::{self, join};
use crate::fsutil::users::Users;
use crate::shell::pattern;
use crate::{date, mode, size, sys};

use super::ls::{HALF_YEAR, by_version, painted};

mod element;

use element::Style;

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
            \x20 -J  JSON   -X  XML   -H BASE  HTML (-T TITLE, --nolinks)   --prune  no empty folders\n\
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
    style: Style,
    is_utf8: bool,
    /// What the names of HTML's links begin with, and its title.
    base: Vec<u8>,
    title: Vec<u8>,
    /// The length of the operand that paths begin with.
    top: usize,
    users: Users,
    now: i64,
    file: Option<(File, Vec<u8>)>,
    /// Folders that were seen, where links are followed.
    seen: Vec<(u64, u64)>,
    /// Folders that are being looked into through links, for what is in them.
    through: RefCell<Vec<(u64, u64)>>,
    /// The file system that is not left.
    device: u64,
    counts: [u64; 2],
}

/// Why a folder is not shown.
const CANNOT_OPEN: &str = "error opening dir";

/// What is known of a file beside its name.
struct Fact {
    name: &'static str,
    text: Vec<u8>,
    is_number: bool,
    /// The columns it takes in a line, below zero when it stands at the left.
    width: i16,
}

impl Fact {
    fn text(name: &'static str, text: Vec<u8>) -> Fact {
        Fact { name, text, is_number: false, width: 0 }
    }

    fn number(name: &'static str, value: u64, width: i16) -> Fact {
        Fact { name, text: value.to_string().into(), is_number: true, width }
    }
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
         -4,device -5,ignore-case -6:timefmt -7:sort -8,dirsfirst -9,filesfirst -0:charset \
         J X H: T: K,nolinks R,prune",
    )?;
    let mut tree = Tree {
        given: Vec::new(),
        levels: DEPTH,
        wanted: Vec::new(),
        unwanted: Vec::new(),
        form: None,
        order: 0,
        color: false,
        lines: PLAIN,
        style: Style::Lines,
        is_utf8: cx.env.characters() == Characters::Utf8,
        base: Vec::new(),
        title: b"Directory Tree".to_vec(),
        top: 0,
        users: Users::new(),
        now: i64::try_from(sys::clock::now().as_secs()).unwrap_or(i64::MAX),
        file: None,
        seen: Vec::new(),
        through: RefCell::default(),
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
            b'0' => {
                let name = options.bytes();
                tree.is_utf8 = Characters::of_locale([Some(&*name)]) == Characters::Utf8;
            }
            b'J' => tree.style = Style::Json,
            b'X' => tree.style = Style::Xml,
            b'H' => {
                tree.style = Style::Html;
                tree.base = place::without_slashes(&options.bytes()).to_vec();
            }
            b'T' => tree.title = options.bytes(),
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
    if tree.is_utf8 {
        tree.lines = UTF8;
    }
    let mut text = Vec::new();
    tree.prologue(&mut text);
    tree.put(cx, &text)?;
    for (at, operand) in operands.iter().enumerate() {
        tree.start(cx, operand.as_bytes(), at + 1 < operands.len())?;
    }
    let mut report = Vec::new();
    if tree.is_structured() && !tree.has(b'1') {
        report.push(("directories", tree.counts[0]));
        if !tree.has(b'd') {
            report.push(("files", tree.counts[1]));
        }
    }
    if !tree.is_structured() && !tree.has(b'1') {
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
    text.clear();
    tree.epilogue(&report, &mut text);
    tree.put(cx, &text)?;
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

    fn start(&mut self, cx: &mut Ctx, path: &[u8], more: bool) -> Result<(), Error> {
        self.top = path.len();
        let top = Entry { name: path.to_vec(), stat: stat(path).ok(), link: None };
        if let Some(stat) = &top.stat {
            self.device = stat.st_dev;
            self.seen.push((stat.st_dev, stat.st_ino));
        }
        let entries = self.entries(path, 1);
        let mut line = Vec::new();
        if self.is_structured() {
            let why = entries.as_ref().err().map(|_| CANNOT_OPEN);
            match top.stat {
                Some(_) if why.is_some() => self.counts[1] += 1,
                Some(_) => {}
                None => cx.fail(),
            }
            let inner = entries.unwrap_or_default();
            return self.element(cx, &top, (path, path), (inner, why), (1, more));
        }
        if top.stat.is_some() {
            self.about(&top, &mut line);
        }
        self.name(&top, path, path, &mut line);
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
                line.extend_from_slice(format!("  [{CANNOT_OPEN}]\n").as_bytes());
                self.put(cx, &line)
            }
        }
    }

    /// An element and what is in it: its path and its name as it is shown, its
    /// entries or why they are not shown, its level and whether another follows.
    fn element(
        &mut self,
        cx: &mut Ctx,
        entry: &Entry,
        (path, name): (&[u8], &[u8]),
        (inner, why): (Vec<Entry>, Option<&str>),
        (depth, more): (u64, bool),
    ) -> Result<(), Error> {
        let mut text = Vec::new();
        self.begin(entry, name, depth, !inner.is_empty(), &mut text);
        if let Some(why) = why {
            self.error(why, &mut text);
        }
        if !inner.is_empty() {
            self.open(&mut text);
            self.put(cx, &text)?;
            self.folder(cx, path, &inner, depth, &mut Vec::new())?;
            text.clear();
            self.close(depth, &mut text);
        }
        self.end(entry, more, depth == 1, &mut text);
        self.put(cx, &text)
    }

    /// What is shown of a folder, sorted.
    fn entries(&self, path: &[u8], depth: u64) -> std::io::Result<Vec<Entry>> {
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
                || self.has(b'R') && self.is_bare(path, &entry, open, depth)
            {
                continue;
            }
            list.push(entry);
        }
        crate::order::sort_by(&mut list, |a, b| self.compare(a, b));
        Ok(list)
    }

    /// Whether a folder holds nothing but folders that hold nothing. One that a
    /// link leads back to adds nothing.
    fn is_bare(&self, path: &[u8], entry: &Entry, open: bool, depth: u64) -> bool {
        if self.has(b'd') || !entry.is_folder() {
            return false;
        }
        if !open || depth >= self.levels {
            return true;
        }
        let target = entry.link.as_ref().and_then(|(_, stat)| stat.as_ref());
        let target = target.map(|stat| (stat.st_dev, stat.st_ino));
        if let Some(id) = target {
            if self.seen.contains(&id) || self.through.borrow().contains(&id) {
                return true;
            }
            self.through.borrow_mut().push(id);
        }
        let list = self.entries(&join(path, &entry.name), depth + 1);
        if target.is_some() {
            self.through.borrow_mut().pop();
        }
        !list.is_ok_and(|list| !list.is_empty())
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
            let whole = join(path, &entry.name);
            let shown = if self.has(b'f') { &whole } else { &entry.name };
            if !self.has(b'i') {
                line.extend_from_slice(before);
                line.extend_from_slice(if is_last { last_branch } else { branch });
            }
            if !self.is_structured() {
                self.about(entry, &mut line);
                self.name(entry, shown, &whole, &mut line);
            }
            self.counts[usize::from(!entry.is_folder())] += 1;
            let stat = match &entry.link {
                Some((_, stat)) if self.has(b'l') => stat.as_ref(),
                _ => entry.stat.as_ref(),
            };
            let (mut inner, mut why) = (Vec::new(), None);
            if let Some(stat) = stat.filter(|stat| is_folder(Some(stat))) {
                let id = (stat.st_dev, stat.st_ino);
                if self.has(b'l') && self.seen.contains(&id) {
                    why = Some("recursive, not followed");
                } else if depth < self.levels && !(self.has(b'x') && id.0 != self.device) {
                    self.seen.push(id);
                    match self.entries(&whole, depth + 1) {
                        Ok(entries) => inner = entries,
                        Err(_) => why = Some(CANNOT_OPEN),
                    }
                }
            }
            if self.is_structured() {
                let place = (depth + 1, !is_last);
                self.element(cx, entry, (&whole, shown), (inner, why), place)?;
                continue;
            }
            if let Some(why) = why {
                line.extend_from_slice(format!("  [{why}]").as_bytes());
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

    /// What the options ask for beside the name.
    fn facts(&mut self, entry: &Entry) -> Vec<Fact> {
        let Some(stat) = &entry.stat else { return Vec::new() };
        let mut facts = Vec::new();
        if self.has(b'3') {
            facts.push(Fact::number("inode", stat.st_ino, 7));
        }
        if self.has(b'4') {
            facts.push(Fact::number("dev", stat.st_dev, 3));
        }
        if self.has(b'p') {
            if self.is_structured() {
                facts.push(Fact::text("mode", format!("{:04o}", stat.st_mode & 0o7777).into()));
            }
            facts.push(Fact::text("prot", mode::text(stat.st_mode).to_vec()));
        }
        let named = |kind, name: &[u8]| {
            let name = show_bytes(name.get(..32).unwrap_or(name)).to_string();
            Fact { width: -8, ..Fact::text(kind, name.into()) }
        };
        if self.has(b'u') {
            facts.push(named("user", self.users.name_of(stat.st_uid)));
        }
        if self.has(b'g') {
            facts.push(named("group", self.users.group_of(stat.st_gid)));
        }
        let bytes = stat.st_size.cast_unsigned();
        if (self.has(b'h') || self.has(b'2')) && self.style != Style::Xml {
            let text = size::nearest(bytes, self.has(b'2'));
            facts.push(Fact { width: 4, ..Fact::text("size", text.into()) });
        } else if self.has(b's') || self.has(b'h') || self.has(b'2') {
            facts.push(Fact::number("size", bytes, 11));
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
            facts.push(Fact::text("time", text));
        }
        facts
    }

    /// The same in a line: `[mode owner ...]  `.
    fn about(&mut self, entry: &Entry, line: &mut Vec<u8>) {
        let facts = self.facts(entry);
        for (at, fact) in facts.iter().enumerate() {
            line.push(if at == 0 { b'[' } else { b' ' });
            let missing = usize::from(fact.width.unsigned_abs()).saturating_sub(fact.text.len());
            let blanks = std::iter::repeat_n(b' ', missing);
            line.extend(blanks.clone().filter(|_| fact.width > 0));
            line.extend_from_slice(&fact.text);
            line.extend(blanks.filter(|_| fact.width < 0));
        }
        if !facts.is_empty() {
            line.extend_from_slice(b"]  ");
        }
    }

    /// The name, and where a link leads.
    fn name(&self, entry: &Entry, name: &[u8], path: &[u8], line: &mut Vec<u8>) {
        let stat = entry.stat.as_ref();
        let start = line.len();
        self.word(name, stat.map_or(0, |stat| stat.st_mode), entry.link.is_none(), line);
        if self.style == Style::Html {
            let shown = line.split_off(start);
            let below = path.get(self.top..).unwrap_or_default();
            self.anchor(&shown, below, entry.is_folder(), line);
        }
        if let Some((text, stat)) = &entry.link {
            line.extend_from_slice(b" -> ");
            let start = line.len();
            self.word(text, stat.as_ref().map_or(0, |stat| stat.st_mode), true, line);
            if self.style == Style::Html {
                let shown = line.split_off(start);
                crate::markup::escape(&shown, line);
            }
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
