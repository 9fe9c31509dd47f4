//! findmnt: list mounts and entries of fstab, or find one. util-linux's.
//!
//! Deviations: it does not wait for changes (`--poll`) and does not check
//! fstab (`--verify`); UUIDs and labels are read from the devices themselves.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::blk::probe;
use crate::blk::scan;
use crate::characters::Characters;
use crate::fsutil::{mounts, tags};
use crate::mountinfo::{self, Mount};
use crate::sys::statfs::statfs;
use crate::sys::terminal;
use crate::table::{self, Column, Fit, Form, Json, Table};
use crate::{fstab, size};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "findmnt",
    summary: "list mounts, or find one",
    usage: "[-sklrPJDnfiRUAabcCeuvy] [-o COLUMNS] [-F FILE] [-t TYPES] [-O OPTIONS]\n\
            \x20              [-S SOURCE] [-T PATH | -M FOLDER] [SOURCE | FOLDER] [FOLDER]\n\
            \x20 -s, -F  /etc/fstab, another file     -D  as df\n\
            \x20 -l, -r, -P, -J  list, raw, NAME=\"value\", JSON   -n  no head line   -a  ASCII\n\
            \x20 -T  what the path is on     -M  what is mounted exactly there\n\
            \x20 -R  what is below too       -f  the first only   -d backward   -i  all others\n\
            \x20 -b  sizes in bytes          -v  without [/folder]  -e, -c  tags, links resolved\n\
            \x20 --real, --pseudo, --shadowed   only these",
    kind: Kind::Fork, // asks filesystems, which may hang
    run,
};

/// What a column shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Avail,
    Freq,
    FsRoot,
    FsType,
    FsOptions,
    Id,
    Label,
    MajMin,
    Options,
    OptFields,
    Parent,
    PartLabel,
    PartUuid,
    PassNo,
    Propagation,
    Size,
    Source,
    Target,
    Tid,
    Used,
    UsePercent,
    Uuid,
    VfsOptions,
}

/// Names; those at the right; how JSON has them.
const COLUMNS: [(&str, What, bool, Json); 25] = [
    ("AVAIL", What::Avail, true, Json::Text),
    ("FREQ", What::Freq, true, Json::Number),
    ("FSROOT", What::FsRoot, false, Json::Text),
    ("FSTYPE", What::FsType, false, Json::Text),
    ("FS-OPTIONS", What::FsOptions, false, Json::Text),
    ("ID", What::Id, true, Json::Number),
    ("LABEL", What::Label, false, Json::Text),
    ("MAJ:MIN", What::MajMin, false, Json::Text),
    ("OPTIONS", What::Options, false, Json::Text),
    ("OPT-FIELDS", What::OptFields, false, Json::Text),
    ("PARENT", What::Parent, true, Json::Number),
    ("PARTLABEL", What::PartLabel, false, Json::Text),
    ("PARTUUID", What::PartUuid, false, Json::Text),
    ("PASSNO", What::PassNo, true, Json::Number),
    ("PROPAGATION", What::Propagation, false, Json::Text),
    ("SIZE", What::Size, true, Json::Text),
    ("SOURCE", What::Source, false, Json::Text),
    ("SOURCES", What::Source, false, Json::Text),
    ("TARGET", What::Target, false, Json::Text),
    ("TID", What::Tid, true, Json::Number),
    ("USED", What::Used, true, Json::Text),
    ("USE%", What::UsePercent, true, Json::Text),
    ("USEPERC", What::UsePercent, true, Json::Text),
    ("UUID", What::Uuid, false, Json::Text),
    ("VFS-OPTIONS", What::VfsOptions, false, Json::Text),
];

/// Filesystems without a device of their own, as libmount has them.
const PSEUDO: &str = "anon_inodefs autofs bdev binder binfmt_misc bpf cgroup cgroup2 configfs \
    cpuset debugfs devfs devpts devtmpfs dlmfs dmabuf drm efivarfs fuse fusectl hugetlbfs \
    ipathfs mqueue nfsd none nsfs overlay pipefs proc pstore ramfs resctrl rootfs rpc_pipefs \
    securityfs selinuxfs smackfs sockfs spufs sysfs tmpfs tracefs vboxsf virtiofs";

/// A mount, or a line of fstab.
struct Entry {
    mount: Mount,
    /// Of fstab: dump's and fsck's fields.
    fields: Option<(u32, u32)>,
}

#[derive(Default)]
struct Choice {
    fstab: bool,
    bytes: bool,
    evaluate: bool,
    canonical: bool,
    as_typed: bool,
    no_root: bool,
    df: bool,
    all: bool,
    invert: bool,
    unique: bool,
    real: bool,
    pseudo: bool,
    shadowed: bool,
    types: Option<Vec<u8>>,
    options: Option<Vec<u8>>,
    source: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    mountpoint: Option<Vec<u8>>,
    /// A source or a mount point.
    either: Option<Vec<u8>>,
    task: Option<Vec<u8>>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx
        .parse(
            "s,fstab m,mtab k,kernel A,all a,ascii b,bytes C,nocanonicalize c,canonicalize D,df \
             d:direction e,evaluate F:tab-file f,first-only i,invert J,json l,list N:task \
             n,noheadings O:options o:output P,pairs R,submounts r,raw S:source T:target \
             M:mountpoint t:types U,uniq u,notruncate v,nofsroot y,shell -1,pseudo -2,shadowed \
             -3,real -4,tree -5,output-all -6,vfs-all",
        )
        .map_err(|e| e.with(Status::FAILURE))?;
    let mut c = Choice::default();
    let mut form = Form { ascii: false, name: b"filesystems", ..Form::new(table::Kind::Aligned) };
    let (mut tree, mut flat, mut wanted_tree) = (true, false, false);
    let (mut first, mut backward, mut below, mut whole, mut shell) =
        (false, false, false, false, false);
    let (mut file, mut columns, mut everything): (Option<PathBuf>, Option<Vec<u8>>, bool) =
        (None, None, false);
    while let Some(letter) = options.next() {
        match letter {
            b's' => c.fstab = true,
            b'A' => c.all = true,
            b'a' => form.ascii = true,
            b'b' => c.bytes = true,
            b'C' => c.as_typed = true,
            b'c' => c.canonical = true,
            b'D' => (c.df, tree) = (true, false),
            b'd' => {
                let word = options.bytes();
                backward = match word.as_slice() {
                    b"forward" => false,
                    b"backward" => true,
                    _ => {
                        let word = show_bytes(&word);
                        return Err(Error::msg(format_args!("unknown direction '{word}'")));
                    }
                };
            }
            b'e' => c.evaluate = true,
            b'F' => file = Some(options.value().into()),
            b'f' => first = true,
            b'i' => c.invert = true,
            b'J' => form.kind = table::Kind::Json,
            b'l' => (tree, flat) = (false, true),
            b'N' => c.task = Some(options.bytes()),
            b'n' => form.headings = false,
            b'O' => c.options = Some(options.bytes()),
            b'o' => columns = Some(options.bytes()),
            b'P' => (form.kind, tree, flat) = (table::Kind::Pairs, false, true),
            b'R' => below = true,
            b'r' => (form.kind, tree, flat) = (table::Kind::Raw, false, true),
            b'S' => c.source = Some(options.bytes()),
            b'T' => c.target = Some(options.bytes()),
            b'M' => c.mountpoint = Some(options.bytes()),
            b't' => c.types = Some(options.bytes()),
            b'U' => c.unique = true,
            b'u' => whole = true,
            b'v' => c.no_root = true,
            b'y' => shell = true,
            b'1' => c.pseudo = true,
            b'2' => c.shadowed = true,
            b'3' => c.real = true,
            b'4' => wanted_tree = true,
            b'5' => everything = true,
            _ => {}
        }
    }
    options.at_most(2).map_err(|e| e.with(Status::FAILURE))?;
    match options.operands.as_slice() {
        [only] => c.either = Some(only.as_bytes().to_vec()),
        [source, folder] => {
            c.source = Some(source.as_bytes().to_vec());
            c.mountpoint = Some(folder.as_bytes().to_vec());
        }
        _ => {}
    }
    let list = entries(&mut c, file)?;
    let chosen = choose_columns(&c, columns.as_deref(), everything)?;
    let one = c.source.is_some() || c.mountpoint.is_some() || c.either.is_some();
    tree = wanted_tree || tree && !c.fstab && !one && c.target.is_none();

    // which, and in which order
    let filtered = is_filtered(&c);
    let matched = find(&c, &list)?;
    let mut order: Vec<usize> = Vec::new();
    if below {
        for &at in matched.iter().take(if first { 1 } else { usize::MAX }) {
            descend(&list, at, &mut order);
        }
    } else if tree && !first && !(filtered && backward) {
        let tops = (0..list.len()).filter(|&at| above(&list, at).is_none());
        for at in tops {
            descend(&list, at, &mut order);
        }
        order.retain(|at| matched.contains(at));
    } else {
        order = matched;
        if backward {
            order.reverse();
        }
        if first {
            order.truncate(1);
        }
    }
    if order.is_empty() {
        return Ok(Status::FAILURE);
    }
    let mut sheet = Table::default();
    for &(name, what, right, json) in &chosen {
        let mut column = Column::new(name.as_bytes());
        if shell {
            column.name = table::shell_name(name.as_bytes());
        }
        column.right = right;
        column.json = if matches!(what, What::Size | What::Used | What::Avail) && c.bytes {
            Json::Number
        } else {
            json
        };
        if what == What::Size {
            column.hint = 5;
        }
        if !whole
            && matches!(what, What::Options | What::FsType | What::FsOptions | What::VfsOptions)
        {
            column.fit = Fit::Cut;
        }
        sheet.columns.push(column);
    }
    let has_tree = tree || below && !flat;
    for (row, &at) in order.iter().enumerate() {
        let Some(entry) = list.get(at) else { continue };
        let parent = above(&list, at)
            .filter(|_| has_tree)
            .and_then(|up| order.iter().take(row).position(|&other| other == up));
        let cells = chosen.iter().map(|&(_, what, ..)| value(&c, entry, what)).collect();
        sheet.add(cells, parent);
    }
    if has_tree {
        form.tree = chosen.iter().position(|(_, what, ..)| *what == What::Target);
        form.ascii |= cx.env.characters() == Characters::Bytes;
    }
    if !whole && let Some(columns) = terminal::columns(cx.stdout) {
        form.width = Some(columns);
    }
    let mut out = Vec::new();
    sheet.write(&form, &mut out);
    cx.put(&out)?;
    Ok(Status::OK)
}

/// What is searched: the kernel's list, fstab, or a file of either form.
fn entries(c: &mut Choice, file: Option<PathBuf>) -> Result<Vec<Entry>, Error> {
    let path = match (&file, &c.task) {
        (Some(file), _) => file.clone(),
        (None, _) if c.fstab => PathBuf::from("/etc/fstab"),
        (None, Some(task)) => {
            let task = std::str::from_utf8(task).ok().and_then(|text| text.parse::<u32>().ok());
            let task = task.ok_or_else(|| Error::msg("not a task id"))?;
            PathBuf::from(format!("/proc/{task}/mountinfo"))
        }
        _ => PathBuf::from("/proc/self/mountinfo"),
    };
    let text = match crate::sys::file::read(&path) {
        Ok(text) => text,
        // a system without fstab has an empty one
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && c.fstab && file.is_none() => {
            Vec::new()
        }
        Err(error) => return Err(Error::os(show(&path), error)),
    };
    let mut list = Vec::new();
    if !c.fstab {
        for mount in mountinfo::parse(&text) {
            list.push(Entry { mount, fields: None });
        }
        if !list.is_empty() {
            return Ok(list);
        }
    }
    for entry in fstab::parse(&text).0 {
        let mount = Mount {
            id: 0,
            parent: 0,
            device: (0, 0),
            root: b"/".to_vec(),
            target: entry.target,
            options: entry.options,
            tags: Vec::new(),
            fstype: entry.fstype,
            source: entry.source,
            super_options: Vec::new(),
        };
        list.push(Entry { mount, fields: Some((entry.freq, entry.pass)) });
    }
    c.fstab = true;
    Ok(list)
}

type Chosen = Vec<(&'static str, What, bool, Json)>;

fn choose_columns(c: &Choice, words: Option<&[u8]>, all: bool) -> Result<Chosen, Error> {
    let mut chosen = Chosen::new();
    let usual: &[&str] = match c.df {
        true => &["SOURCE", "FSTYPE", "SIZE", "USED", "AVAIL", "USE%", "TARGET"],
        false => &["TARGET", "SOURCE", "FSTYPE", "OPTIONS"],
    };
    let named = |name: &[u8]| {
        COLUMNS.iter().find(|(known, ..)| known.as_bytes().eq_ignore_ascii_case(name)).copied()
    };
    if all {
        chosen.extend(COLUMNS.iter().filter(|(name, ..)| *name != "USEPERC").copied());
        return Ok(chosen);
    }
    let mut words = words;
    if words.is_none_or(|words| words.starts_with(b"+")) {
        chosen.extend(usual.iter().filter_map(|name| named(name.as_bytes())));
        words = words.and_then(|words| words.get(1..));
    }
    for word in words.unwrap_or_default().split(|&b| b == b',').filter(|word| !word.is_empty()) {
        let word = word.strip_prefix(b"+").unwrap_or(word);
        let column = named(word)
            .ok_or_else(|| Error::msg(format_args!("unknown column: {}", show_bytes(word))))?;
        chosen.push(column);
    }
    Ok(chosen)
}

fn is_filtered(c: &Choice) -> bool {
    c.types.is_some()
        || c.options.is_some()
        || c.source.is_some()
        || c.target.is_some()
        || c.mountpoint.is_some()
        || c.either.is_some()
        || c.unique
        || c.real
        || c.pseudo
        || c.shadowed
        || c.df
}

/// The entry that this one is mounted on.
fn above(list: &[Entry], at: usize) -> Option<usize> {
    let mount = &list.get(at)?.mount;
    list.iter().position(|other| {
        other.mount.id == mount.parent && other.mount.id != mount.id && other.fields.is_none()
    })
}

/// An entry and all below it, as the tree has them.
fn descend(list: &[Entry], top: usize, order: &mut Vec<usize>) {
    let mut waiting = vec![top];
    while let Some(at) = waiting.pop() {
        if order.contains(&at) {
            continue;
        }
        order.push(at);
        let mut children: Vec<usize> =
            (0..list.len()).filter(|&child| above(list, child) == Some(at)).collect();
        let id = |at: &usize| list.get(*at).map_or(0, |entry| entry.mount.id);
        crate::order::sort_by(&mut children, |a, b| id(b).cmp(&id(a)));
        waiting.extend(children);
    }
}

/// The entries that the options ask for, in the order of the list.
fn find(c: &Choice, list: &[Entry]) -> Result<Vec<usize>, Error> {
    let path_of = |bytes: &[u8]| -> Vec<u8> {
        let path = Path::new(OsStr::from_bytes(bytes));
        if c.as_typed {
            return bytes.to_vec();
        }
        mounts::canonical(path).into_os_string().as_bytes().to_vec()
    };
    let mut on = None;
    if let Some(target) = &c.target {
        let path = Path::new(OsStr::from_bytes(target));
        let Ok(real) = path.canonicalize() else { return Ok(Vec::new()) };
        let real = real.as_os_str().as_bytes();
        // of mounts on the same folder the last one hides the others
        let mut best: Option<(usize, usize)> = None;
        for (at, entry) in list.iter().enumerate() {
            let folder = &entry.mount.target;
            if folder.starts_with(b"/")
                && mountinfo::is_below(real, folder)
                && best.is_none_or(|(_, length)| folder.len() >= length)
            {
                best = Some((at, folder.len()));
            }
        }
        on = Some(best.map(|(at, _)| at));
    }
    let folder = c.mountpoint.as_deref().map(path_of);
    let either = c.either.as_deref().map(|word| (resolved(word), path_of(word)));
    let source = c.source.as_deref().map(resolved);
    let mut found = Vec::new();
    for (at, entry) in list.iter().enumerate() {
        let mount = &entry.mount;
        let mut fits = on.is_none_or(|on| on == Some(at))
            && folder.as_ref().is_none_or(|folder| mount.target == *folder)
            && source.as_ref().is_none_or(|source| is_source(mount, source))
            && either
                .as_ref()
                .is_none_or(|(source, folder)| mount.target == *folder || is_source(mount, source))
            && c.types.as_ref().is_none_or(|types| has_type(mount, types))
            && c.options.as_ref().is_none_or(|wanted| has_options(mount, wanted));
        if c.invert && is_filtered(c) {
            fits = !fits;
        }
        if c.unique {
            // the last one on a folder is the one that can be seen
            fits &= !list.iter().skip(at + 1).any(|other| other.mount.target == mount.target);
        }
        let pseudo = is_pseudo(&mount.fstype);
        fits &= if pseudo { !c.real } else { !c.pseudo };
        fits &= !c.shadowed || hidden(list, at);
        if c.df && !c.all && !c.fstab {
            let tmpfs = crate::sys::search::bytes(&mount.fstype, b"tmpfs").is_some();
            fits &= tmpfs || !pseudo;
        }
        if fits {
            found.push(at);
        }
    }
    Ok(found)
}

/// Whether another filesystem is mounted on the same folder over this one.
fn hidden(list: &[Entry], at: usize) -> bool {
    let Some(entry) = list.get(at) else { return false };
    list.iter().any(|other| {
        other.mount.parent == entry.mount.id
            && other.mount.id != entry.mount.id
            && other.mount.target == entry.mount.target
    })
}

fn is_pseudo(fstype: &[u8]) -> bool {
    PSEUDO.split_whitespace().any(|name| name.as_bytes() == fstype)
        || fstype.starts_with(b"fuse.") && fstype != b"fuse.sshfs"
}

/// What a source may be called in the list: as typed, without links, the
/// device behind a tag, a device number.
struct Source {
    typed: Vec<u8>,
    real: Option<Vec<u8>>,
    number: Option<(u32, u32)>,
}

fn resolved(word: &[u8]) -> Source {
    let mut source = Source { typed: word.to_vec(), real: None, number: None };
    let text = std::str::from_utf8(word).ok();
    source.number = text
        .and_then(|text| text.split_once(':'))
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    let path = if tags::is_tag(word) {
        tags::resolve(word).ok()
    } else {
        Path::new(OsStr::from_bytes(word)).canonicalize().ok()
    };
    source.real = path.map(|path| path.into_os_string().as_bytes().to_vec());
    source
}

fn is_source(mount: &Mount, source: &Source) -> bool {
    let text = mount.source.strip_prefix(b"\"").unwrap_or(&mount.source);
    text == source.typed
        || source.real.as_ref().is_some_and(|real| *real == mount.source)
        || source.number.is_some_and(|number| number == mount.device)
        || tags::is_tag(&mount.source)
            && source.real.is_some()
            && tags::resolve(&mount.source)
                .is_ok_and(|path| Some(path.as_os_str().as_bytes()) == source.real.as_deref())
}

/// `ext4,xfs`, `noproc,sysfs`: without these.
fn has_type(mount: &Mount, types: &[u8]) -> bool {
    let (no, types) = match types.strip_prefix(b"no") {
        Some(rest) => (true, rest),
        None => (false, types),
    };
    types.split(|&b| b == b',').any(|name| name == mount.fstype) != no
}

/// All of the options, or with `no` in front none.
fn has_options(mount: &Mount, wanted: &[u8]) -> bool {
    let options = mount.all_options();
    let has = |name: &[u8]| {
        options.split(|&b| b == b',').any(|option| {
            option == name
                || !name.contains(&b'=')
                    && option.strip_prefix(name).is_some_and(|rest| rest.starts_with(b"="))
        })
    };
    wanted.split(|&b| b == b',').filter(|word| !word.is_empty()).all(|word| {
        match word.strip_prefix(b"no").filter(|_| !has(word)) {
            Some(without) => !has(without),
            None => has(word.strip_prefix(b"+").unwrap_or(word)),
        }
    })
}

fn value(c: &Choice, entry: &Entry, what: What) -> Option<Vec<u8>> {
    let mount = &entry.mount;
    let number = |number: u64| Some(number.to_string().into_bytes());
    let kernel = entry.fields.is_none();
    match what {
        What::Target => Some(mount.target.clone()),
        What::FsType => Some(mount.fstype.clone()),
        What::Source => {
            let mut text = mount.source.clone();
            if c.evaluate || c.canonical {
                let path = tags::resolve(&text).ok();
                let path = match c.canonical {
                    true => path.and_then(|path| path.canonicalize().ok()),
                    false => path,
                };
                if let Some(path) = path {
                    text = path.into_os_string().as_bytes().to_vec();
                }
            }
            if mount.root != b"/" && !c.no_root {
                text.push(b'[');
                text.extend_from_slice(&mount.root);
                text.push(b']');
            }
            Some(text)
        }
        What::Options if !kernel => Some(mount.options.clone()),
        What::Options => Some(mount.all_options()),
        What::VfsOptions => Some(mount.options.clone()).filter(|_| kernel),
        What::FsOptions => Some(mount.super_options.clone()).filter(|_| kernel),
        What::FsRoot => Some(mount.root.clone()).filter(|_| kernel),
        What::OptFields => Some(mount.tags.join(&b' ')),
        What::Id => number(mount.id.into()).filter(|_| kernel),
        What::Parent => number(mount.parent.into()).filter(|_| kernel),
        What::Tid => {
            let own = u64::from(std::process::id());
            let task = c.task.clone();
            task.or_else(|| number(own)).filter(|_| kernel)
        }
        What::MajMin => {
            let (major, minor) = mount.device;
            kernel.then(|| format!("{major}:{minor}").into_bytes())
        }
        What::Freq => entry.fields.and_then(|(freq, _)| number(freq.into())),
        What::PassNo => entry.fields.and_then(|(_, pass)| number(pass.into())),
        What::Propagation => {
            let has = |name: &[u8]| mount.tags.iter().any(|tag| tag.starts_with(name));
            let mut text = if has(b"shared:") { "shared" } else { "private" }.to_string();
            for (tag, word) in [(&b"master:"[..], ",slave"), (b"unbindable", ",unbindable")] {
                if has(tag) {
                    text.push_str(word);
                }
            }
            kernel.then(|| text.into_bytes())
        }
        What::Uuid | What::Label | What::PartUuid | What::PartLabel => {
            let name = match what {
                What::Uuid => "UUID",
                What::Label => "LABEL",
                What::PartUuid => "PARTUUID",
                _ => "PARTLABEL",
            };
            // fstab may say it itself
            if let Some(rest) = mount.source.strip_prefix(name.as_bytes())
                && let Some(text) = rest.strip_prefix(b"=")
            {
                return Some(text.to_vec());
            }
            device_value(&mount.source, name)
        }
        What::Size | What::Used | What::Avail | What::UsePercent => {
            let room = statfs(OsStr::from_bytes(&mount.target)).ok().filter(|_| kernel)?;
            let used = room.blocks.saturating_sub(room.free);
            if what == What::UsePercent {
                if room.blocks == 0 {
                    return Some(b"-".to_vec());
                }
                let percent = (used * 200 + room.blocks) / (room.blocks * 2);
                return Some(format!("{percent}%").into_bytes());
            }
            let blocks = match what {
                What::Size => room.blocks,
                What::Used => used,
                _ => room.available,
            };
            let bytes = blocks.saturating_mul(room.fragment);
            match bytes {
                0 => Some(b"0".to_vec()),
                _ if c.bytes => number(bytes),
                _ => Some(size::rounded(bytes).into_bytes()),
            }
        }
    }
}

/// What is on a device, by the device itself.
fn device_value(source: &[u8], name: &str) -> Option<Vec<u8>> {
    let path = tags::resolve(source).ok()?.canonicalize().ok()?;
    let device = scan::device(path.file_name()?.as_bytes())?;
    if name.starts_with("PART") {
        let mut tables = scan::Tables::default();
        let (_, row) = tables.row(&device)?;
        let text = if name == "PARTUUID" { row.uuid.clone() } else { row.name.clone() };
        return Some(text).filter(|text| !text.is_empty());
    }
    probe::value(&scan::values(&device), name).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(fstype: &str, options: &str) -> Mount {
        let line = format!("1 1 8:1 / /x {options} - {fstype} /dev/sda1 rw,size=4k");
        Mount::parse(line.as_bytes()).unwrap()
    }

    #[test]
    fn filters() {
        let m = mount("ext4", "ro,nosuid");
        assert!(has_type(&m, b"xfs,ext4") && !has_type(&m, b"noext4") && has_type(&m, b"noxfs"));
        for (list, yes) in
            [("ro", true), ("noro", false), ("nosuid", true), ("size", true), ("ro,rw", false)]
        {
            assert_eq!(has_options(&m, list.as_bytes()), yes, "{list}");
        }
        assert!(is_pseudo(b"proc") && !is_pseudo(b"ext4") && is_pseudo(b"fuse.portal"));
        assert_eq!(table::shell_name(b"USE%"), b"USE_PCT");
    }
}
