//! lsinitramfs and unmkinitramfs: look into initramfs images and take them
//! apart. initramfs-tools' commands of these names, with options of our own;
//! UKIs and kernels with a built-in initramfs are images, too.
//!
//! Deliberate deviation: names are shown so that none can do anything to a
//! terminal.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::archive::extract::{Extractor, Failure, Wanted};
use crate::archive::list::{ls_line, shown};
use crate::archive::{Bytes, Content, Entry, Part};
use crate::compress::checksum::Crc32;
use crate::fsutil::users::Users;
use crate::image::read::{Image, Segment};
use crate::json::quoted;
use crate::size::human;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "lsinitramfs",
    summary: "list what initramfs images hold",
    usage: "[OPTION...] IMAGE...\n\
            \x20 -l          everything, as ls -l does\n\
            \x20 -a          nothing: what is in early archives is always listed\n\
            \x20 --segments  its archives: offset, length, compression, entries, size\n\
            \x20 --json      segments and entries; of several images a list\n\
            \x20 --sizes     a tree of folders with bars; --depth N levels of it\n\
            \x20 --modules   the kernel modules\n\
            \x20 --diff      of two images: what is added (+), removed (-), changed (~)\n\
            An image may be a UKI or a kernel with an initramfs in it.",
    kind: Kind::Fork, // reads for as long as that takes
    run: list,
};

/// See the module.
pub(super) static UNMKINITRAMFS: Applet = Applet {
    name: "unmkinitramfs",
    summary: "take an initramfs image apart",
    usage: "[-v] IMAGE DIR\n\
            \x20 -v  say the names\n\
            An image with archives in front of the main one (microcode) goes to\n\
            DIR/early, DIR/early2, ... and DIR/main.",
    kind: Kind::Fork, // writes for as long as that takes
    run: unpack,
};

fn list(cx: &mut Ctx) -> Result<Status, Error> {
    let spec = "l a v s,segments j,json z,sizes m,modules d,diff D:depth";
    let mut options = cx.parse(spec).map_err(|e| e.with(Status::FAILURE))?;
    let mut how = 0;
    let mut depth = 3;
    while let Some(letter) = options.next() {
        match letter {
            b'a' | b'v' => {}
            b'D' => depth = usize::try_from(options.number("not a depth")?).unwrap_or(usize::MAX),
            letter => how = letter,
        }
    }
    let operands = options.operands;
    if operands.is_empty() {
        return Err(Error::usage("which image?").with(Status::FAILURE));
    }
    if how == b'd' {
        let [a, b] = operands.as_slice() else {
            return Err(Error::usage("two images are compared").with(Status::FAILURE));
        };
        return diff(cx, Path::new(a), Path::new(b));
    }
    let many = operands.len() > 1;
    let mut documents = 0;
    for (nth, operand) in operands.iter().enumerate() {
        let path = Path::new(operand);
        if many && how != b'j' {
            let line = format!("{}{}:\n", if nth > 0 { "\n" } else { "" }, show(path));
            cx.put(line.as_bytes())?;
        }
        let result = Image::open(path).and_then(|image| match how {
            b's' => segments(cx, &image),
            b'j' => {
                cx.put(match (many, documents) {
                    (false, _) => b"",
                    (true, 0) => b"[",
                    _ => b",\n",
                })?;
                documents += 1;
                json(cx, path, &image)
            }
            b'z' => sizes(cx, &image, depth),
            how => names(cx, &image, how),
        });
        if let Err(error) = result {
            if error.is_closed_pipe() {
                return Err(error);
            }
            let text = match error.errno() {
                Some(_) => error.to_string(),
                None => format!("{}: {error}", show(path)),
            };
            cx.warn(text);
        }
    }
    if how == b'j' {
        cx.put(match (many, documents) {
            (false, 0) => b"",
            (false, _) => b"\n",
            (true, 0) => b"[]\n",
            _ => b"]\n",
        })?;
    }
    Ok(cx.status())
}

fn is_module(name: &[u8]) -> bool {
    [&b".ko"[..], b".ko.gz", b".ko.xz", b".ko.zst", b".ko.lz4"].iter().any(|s| name.ends_with(s))
}

fn names(cx: &mut Ctx, image: &Image, how: u8) -> Result<(), Error> {
    let mut users = Users::new();
    let (_, result) = image.walk(&mut |_, entry, _| {
        let mut line = match how {
            b'm' if !is_module(&entry.name) => return Ok(()),
            b'm' => shown(entry.name.rsplit(|&b| b == b'/').next().unwrap_or_default()),
            b'l' => ls_line(entry, &mut users, false),
            _ => shown(&entry.name),
        };
        line.push(b'\n');
        cx.put(&line)
    });
    result
}

fn segments(cx: &mut Ctx, image: &Image) -> Result<(), Error> {
    let (list, result) = image.walk(&mut |_, _, _| Ok(()));
    cx.put(b"      OFFSET       LENGTH COMPRESSION  ENTRIES     UNPACKED\n")?;
    for Segment { offset, length, compression, entries, unpacked } in list {
        cx.print(format_args!(
            "{offset:12} {length:12} {compression:11} {entries:8} {unpacked:12}\n"
        ))?;
    }
    result
}

fn json(cx: &mut Ctx, path: &Path, image: &Image) -> Result<(), Error> {
    let mut head = b"{\"image\":".to_vec();
    quoted(path.as_os_str().as_bytes(), &mut head);
    head.extend_from_slice(b",\n\"entries\":[");
    cx.put(&head)?;
    let mut first = true;
    let (list, result) = image.walk(&mut |segment, entry, _| {
        let mut out = Vec::new();
        out.extend_from_slice(if first { b"\n" } else { b",\n" });
        first = false;
        out.extend_from_slice(format!("{{\"segment\":{segment},\"name\":").as_bytes());
        quoted(&entry.name, &mut out);
        out.extend_from_slice(
            format!(
                ",\"mode\":\"{:o}\",\"uid\":{},\"gid\":{},\"mtime\":{},\"size\":{},\"nlink\":{}",
                entry.mode, entry.uid, entry.gid, entry.mtime, entry.size, entry.nlink
            )
            .as_bytes(),
        );
        if entry.is_symlink() {
            out.extend_from_slice(b",\"link\":");
            quoted(&entry.link, &mut out);
        }
        if entry.is_device() {
            let (major, minor) = entry.rdev;
            out.extend_from_slice(format!(",\"device\":[{major},{minor}]").as_bytes());
        }
        out.push(b'}');
        cx.put(&out)
    });
    cx.put(b"],\n\"segments\":[")?;
    for (nth, Segment { offset, length, compression, entries, unpacked }) in list.iter().enumerate()
    {
        cx.print(format_args!(
            "{}{{\"offset\":{offset},\"length\":{length},\"compression\":\"{compression}\",\
             \"entries\":{entries},\"unpacked\":{unpacked}}}",
            if nth > 0 { ",\n" } else { "\n" }
        ))?;
    }
    cx.put(b"]}")?;
    result
}

/// A folder or file with all that is below it.
struct Size {
    path: Vec<u8>,
    bytes: u64,
}

fn sizes(cx: &mut Ctx, image: &Image, depth: usize) -> Result<(), Error> {
    let mut list: Vec<Size> = Vec::new();
    let mut total = 0;
    let (_, result) = image.walk(&mut |_, entry, _| {
        let name = entry.name.strip_prefix(b"./").unwrap_or(&entry.name);
        if entry.size == 0 || name.is_empty() {
            return Ok(());
        }
        total += entry.size;
        let mut ends: Vec<usize> =
            name.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| at).collect();
        ends.push(name.len());
        for &end in ends.iter().take(depth) {
            let path = name.get(..end).unwrap_or_default();
            match list.binary_search_by(|size| size.path.as_slice().cmp(path)) {
                Ok(at) => {
                    if let Some(size) = list.get_mut(at) {
                        size.bytes += entry.size;
                    }
                }
                Err(at) => list.insert(at, Size { path: path.to_vec(), bytes: entry.size }),
            }
        }
        Ok(())
    });
    cx.print(format_args!("{:>6} {} .\n", human(total), bar(total, total)))?;
    below(cx, &list, b"", 1, total)?;
    result
}

/// Puts what is directly below a folder, the largest first, each with what is
/// below it; what is less than a hundredth of all is left out.
fn below(
    cx: &mut Ctx,
    list: &[Size],
    folder: &[u8],
    level: usize,
    total: u64,
) -> Result<(), Error> {
    let mut children: Vec<&Size> = list
        .iter()
        .filter(|size| {
            let rest = match folder {
                b"" => Some(size.path.as_slice()),
                folder => size.path.strip_prefix(folder).and_then(|r| r.strip_prefix(b"/")),
            };
            rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(&b'/'))
        })
        .collect();
    children.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    for child in children {
        if child.bytes < total / 100 {
            continue;
        }
        let name = child.path.rsplit(|&b| b == b'/').next().unwrap_or_default();
        cx.print(format_args!("{:>6} {} ", human(child.bytes), bar(child.bytes, total)))?;
        cx.put(&b"  ".repeat(level))?;
        cx.put(&shown(name))?;
        cx.put(b"\n")?;
        below(cx, list, &child.path, level + 1, total)?;
    }
    Ok(())
}

/// Twenty characters, as many of them signs as the part is twentieths.
fn bar(part: u64, total: u64) -> String {
    let filled = usize::try_from(part.saturating_mul(20).div_ceil(total.max(1))).unwrap_or(20);
    let filled = filled.min(20);
    format!("{}{}", "#".repeat(filled), ".".repeat(20 - filled))
}

/// What is compared of a file.
#[derive(PartialEq)]
struct Fact {
    name: Vec<u8>,
    mode: u32,
    owners: (u32, u32),
    size: u64,
    rdev: (u32, u32),
    link: Vec<u8>,
    sum: u32,
}

fn facts(path: &Path) -> Result<Vec<Fact>, Error> {
    let image = Image::open(path)?;
    let mut list = Vec::new();
    let (_, result) = image.walk(&mut |_, entry, part| {
        let mut crc = Crc32::new();
        loop {
            let piece = part.piece().map_err(Error::msg)?;
            if piece.is_empty() {
                break;
            }
            crc.update(piece);
        }
        let name = entry.name.strip_prefix(b"./").unwrap_or(&entry.name).to_vec();
        list.push(Fact {
            name,
            mode: entry.mode,
            owners: (entry.uid, entry.gid),
            size: entry.size,
            rdev: entry.rdev,
            link: entry.link.clone(),
            sum: crc.sum(),
        });
        Ok(())
    });
    result.map_err(|e| Error::msg(format_args!("{}: {e}", show(path))))?;
    // What comes later in an image replaces what came before.
    list.reverse();
    list.sort_by(|a, b| a.name.cmp(&b.name));
    list.dedup_by(|a, b| a.name == b.name);
    Ok(list)
}

fn diff(cx: &mut Ctx, a: &Path, b: &Path) -> Result<Status, Error> {
    let (old, new) = (facts(a)?, facts(b)?);
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    let mut same = true;
    let put = |cx: &mut Ctx, sign: char, name: &[u8], text: String| -> Result<(), Error> {
        cx.print(format_args!("{sign} {text:>21} "))?;
        cx.put(&shown(name))?;
        cx.put(b"\n")
    };
    loop {
        let before = match (old.peek(), new.peek()) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(a), Some(b)) => a.name.cmp(&b.name),
        };
        match before {
            std::cmp::Ordering::Less => {
                let Some(fact) = old.next() else { break };
                put(cx, '-', &fact.name, fact.size.to_string())?;
            }
            std::cmp::Ordering::Greater => {
                let Some(fact) = new.next() else { break };
                put(cx, '+', &fact.name, fact.size.to_string())?;
            }
            std::cmp::Ordering::Equal => {
                let (Some(a), Some(b)) = (old.next(), new.next()) else { break };
                if a == b {
                    continue;
                }
                put(cx, '~', &a.name, format!("{} -> {}", a.size, b.size))?;
            }
        }
        same = false;
    }
    Ok(Status::from_bool(same))
}

fn unpack(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("v,verbose").map_err(|e| e.with(Status::FAILURE))?;
    let mut verbose = false;
    while let Some(letter) = options.next() {
        verbose |= letter == b'v';
    }
    let operands = options.operands;
    let [path, folder] = operands.as_slice() else {
        return Err(Error::usage("IMAGE and DIR are wanted").with(Status::FAILURE));
    };
    let image = Image::open(Path::new(path))?;
    let early = image.early()?;
    let folder = Path::new(folder);
    let root = nix::unistd::geteuid().is_root();
    let wanted = Wanted { permissions: true, owners: root, parents: true, ..Wanted::default() };
    let mut state = Unpacking {
        wanted,
        early,
        folder,
        part: usize::MAX,
        to: None,
        linked: Vec::new(),
        waiting: Vec::new(),
    };
    let (_, result) = image.walk(&mut |segment, entry, part| {
        if verbose {
            let mut line = shown(&entry.name);
            line.push(b'\n');
            cx.put(&line)?;
        }
        state.put(cx, segment, entry, part)
    });
    state.finish(cx)?;
    result.map_err(|e| Error::msg(format_args!("{}: {e}", show(path))))?;
    Ok(cx.status())
}

/// Device and inode number.
type Inode = (u32, u32, u32);

struct Unpacking<'f> {
    wanted: Wanted,
    early: usize,
    folder: &'f Path,
    /// Which folder is unpacked to.
    part: usize,
    to: Option<Extractor>,
    /// Files with several names that are there.
    linked: Vec<(Inode, Vec<u8>)>,
    /// Names of such files that came without content.
    waiting: Vec<Entry>,
}

impl Unpacking<'_> {
    fn put(
        &mut self,
        cx: &mut Ctx,
        segment: usize,
        entry: &Entry,
        part: &mut Part,
    ) -> Result<(), Error> {
        let now = segment.min(self.early);
        if now != self.part {
            self.finish(cx)?;
            self.part = now;
            let folder: PathBuf = match (self.early, now) {
                (0, _) => self.folder.to_path_buf(),
                (_, 0) => self.folder.join("early"),
                (early, now) if now < early => self.folder.join(format!("early{}", now + 1)),
                _ => self.folder.join("main"),
            };
            std::fs::create_dir_all(&folder).map_err(|e| Error::os(show(&folder), e))?;
            self.to = Some(Extractor::new(&folder, self.wanted)?);
        }
        if entry.is_file() && entry.nlink > 1 {
            if let Some((_, first)) = self.linked.iter().find(|(inode, _)| *inode == entry.inode) {
                let link = Entry { hard: true, link: first.clone(), ..entry.clone() };
                return self.one(cx, &link, &mut Bytes(b""));
            }
            if entry.stored == 0 {
                self.waiting.push(entry.clone());
                return Ok(());
            }
            self.linked.push((entry.inode, entry.name.clone()));
        }
        self.one(cx, entry, part)?;
        let mut at = 0;
        while let Some(other) = self.waiting.get(at) {
            if other.inode != entry.inode || !entry.is_file() {
                at += 1;
                continue;
            }
            let other = self.waiting.remove(at);
            let link = Entry { hard: true, link: entry.name.clone(), ..other };
            self.one(cx, &link, &mut Bytes(b""))?;
        }
        Ok(())
    }

    fn one(&mut self, cx: &mut Ctx, entry: &Entry, content: &mut dyn Content) -> Result<(), Error> {
        let Some(to) = &mut self.to else { return Ok(()) };
        if !entry.is_known() {
            cx.note(format_args!("{}: unknown file type", show_bytes(&entry.name)));
            return Ok(());
        }
        match to.put(entry, &entry.name, content) {
            Ok(_) => Ok(()),
            Err(Failure::Archive(damage)) => Err(Error::msg(damage)),
            Err(Failure::Entry(error)) => {
                cx.warn(error);
                Ok(())
            }
        }
    }

    /// Ends one archive: inode numbers mean nothing beyond it.
    fn finish(&mut self, cx: &mut Ctx) -> Result<(), Error> {
        for entry in std::mem::take(&mut self.waiting) {
            let known = self.linked.iter().find(|(inode, _)| *inode == entry.inode);
            let link = match known {
                Some((_, first)) => Entry { hard: true, link: first.clone(), ..entry },
                None => {
                    self.linked.push((entry.inode, entry.name.clone()));
                    entry
                }
            };
            self.one(cx, &link, &mut Bytes(b""))?;
        }
        self.linked.clear();
        if let Some(to) = &mut self.to {
            to.finish(&mut |error| cx.warn(error));
        }
        self.to = None;
        Ok(())
    }
}
