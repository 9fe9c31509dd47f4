//! mount: attach filesystems to the tree. mount(8) of util-linux.
//!
//! Deviations: there is no mtab; users other than root are left to the
//! kernel's judgement; control bytes in names are listed as `\xNN`.
//! Exit status as mount(8): 1 usage, 32 failure, 64 some of `-a` succeeded.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fstab::Entry;
use crate::fsutil::mounting::{self, Request};
use crate::fsutil::{mounts, tags};
use crate::mountopts::{self, Options};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "mount",
    summary: "attach filesystems to the tree",
    usage: "[-t TYPES] [-o OPTIONS] [-rwvnif] SOURCE DIR\n\
            \x20      mount [-l] [-t TYPES]                list what is mounted\n\
            \x20      mount [-o OPTIONS] SOURCE|DIR        as /etc/fstab says\n\
            \x20      mount -a [-t TYPES] [-O OPTIONS]     all of /etc/fstab\n\
            \x20 -t TYPES   try these, comma separated; with no before them all but these\n\
            \x20 -o LIST    options: ro rw remount bind loop offset=N nosuid noatime ...\n\
            \x20 -r, -w     read-only; never read-only\n\
            \x20 -L, -U     the source by label, by UUID\n\
            \x20 -B, -R, -M bind DIR to a second place; with what is below it; move it\n\
            \x20 --make-[r]shared -private -slave -unbindable   how mounts propagate\n\
            \x20 -T FILE    this instead of /etc/fstab     -i  no /sbin/mount.TYPE\n\
            \x20 -v, -n     say what is done; no mtab (there is none)     -f  do nothing",
    kind: Kind::Fork, // loops, helpers and network filesystems block
    run,
};

/// mount(8): the mount failed.
const FAILED: Status = Status(32);
/// mount(8): with -a, some succeeded.
const SOME: Status = Status(64);

/// What is behind `--make-`, in the order of the digits in the table of options.
const PROPAGATION: [&[u8]; 8] = [
    b"shared",
    b"private",
    b"slave",
    b"unbindable",
    b"rshared",
    b"rprivate",
    b"rslave",
    b"runbindable",
];

#[derive(Default)]
struct Choice {
    all: bool,
    labels: bool,
    verbose: bool,
    dry: bool,
    no_helpers: bool,
    insist_on_writing: bool,
    types: Option<Vec<u8>>,
    filter: Option<Vec<u8>>,
    options: Vec<u8>,
    table: Option<PathBuf>,
    source: Option<Vec<u8>>,
    target: Option<OsString>,
    operands: Vec<OsString>,
}

impl Choice {
    fn option(&mut self, word: &[u8]) {
        if !self.options.is_empty() {
            self.options.push(b',');
        }
        self.options.extend_from_slice(word);
    }

    fn parse(cx: &Ctx) -> Result<Choice, Error> {
        let mut c = Choice::default();
        let mut options = cx.parse(
            "a,all l,show-labels v,verbose f,fake i,internal-only \
            n,no-mtab|no-canonicalize s c r,read-only w,rw|read-write t:types \
            O:test-opts o:options T:fstab L:label U:uuid -S:source -A:target B,bind \
            R,rbind M,move m,mkdir -0,make-shared -1,make-private -2,make-slave \
            -3,make-unbindable -4,make-rshared -5,make-rprivate -6,make-rslave \
            -7,make-runbindable",
        )?;
        while let Some(letter) = options.next() {
            match letter {
                b'a' => c.all = true,
                b'l' => c.labels = true,
                b'v' => c.verbose = true,
                b'f' => c.dry = true,
                b'i' => c.no_helpers = true,
                // mtab, sloppiness, canonical paths: nothing to be done here
                b'n' | b's' | b'c' => {}
                b'r' => c.option(b"ro"),
                b'w' => {
                    c.insist_on_writing = true;
                    c.option(b"rw");
                }
                b't' => c.types = Some(options.bytes()),
                b'O' => c.filter = Some(options.bytes()),
                b'o' => {
                    let list = options.bytes();
                    c.option(&list);
                }
                b'T' => c.table = Some(options.value().into()),
                b'L' => c.source = Some(tagged(b"LABEL=", options.value())),
                b'U' => c.source = Some(tagged(b"UUID=", options.value())),
                b'S' => c.source = Some(options.bytes()),
                b'A' => c.target = Some(options.value()),
                b'B' => c.option(b"bind"),
                b'R' => c.option(b"rbind"),
                b'M' => c.option(b"move"),
                b'm' => c.option(b"X-mount.mkdir"),
                b'0'..=b'7' => {
                    let word = PROPAGATION.get(usize::from(letter - b'0'));
                    c.option(word.copied().unwrap_or_default());
                }
                _ => {}
            }
        }
        c.operands = options.operands;
        Ok(c)
    }
}

fn tagged(tag: &[u8], value: OsString) -> Vec<u8> {
    let mut spec = tag.to_vec();
    spec.extend_from_slice(value.as_bytes());
    spec
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let result = Choice::parse(cx).and_then(|choice| act(cx, choice));
    // Error::Usage is 2 elsewhere
    result.map_err(|e| if e.is_usage() { e.with(Status(1)) } else { e.with(FAILED) })
}

fn act(cx: &mut Ctx, mut c: Choice) -> Result<Status, Error> {
    let asked = parse_options(&c.options)?;
    let mut operands = std::mem::take(&mut c.operands).into_iter();
    let mut first = operands.next();
    let mut second = operands.next();
    if operands.next().is_some() {
        return Err(Error::usage("more than a source and a mount point"));
    }
    if c.source.is_some() || c.target.is_some() {
        // -L, -U, --source and --target take the place of an operand
        if second.is_some() || (first.is_some() && c.source.is_some() && c.target.is_some()) {
            return Err(Error::usage("the source or the mount point is given twice"));
        }
        let operand = first.take();
        let source = c.source.take().map(OsString::from_vec);
        let target = c.target.take();
        (first, second) = match (source, target, operand) {
            (Some(source), Some(target), _) | (Some(source), None, Some(target)) => {
                (Some(source), Some(target))
            }
            (Some(source), None, None) => (Some(source), None),
            (None, Some(target), Some(source)) => (Some(source), Some(target)),
            (None, target, _) => (target, None),
        };
    }
    if c.all {
        return all(cx, &c);
    }
    let request = match (first, second) {
        (None, _) if c.options.is_empty() => {
            list(cx, &c)?;
            return Ok(Status::OK);
        }
        (None, _) => return Err(Error::usage("what to mount, and where?")),
        (Some(source), Some(target)) => {
            let source = source.into_vec();
            request(&c, source, target.into(), c.types.clone().unwrap_or_default(), asked)
        }
        (Some(only), None) => one_operand(&c, &only, asked)?,
    };
    perform(cx, &c, &request)?;
    Ok(cx.status())
}

fn parse_options(list: &[u8]) -> Result<Options, Error> {
    Options::parse(list)
        .map_err(|bad| Error::usage(format_args!("option {}: no such value", show_bytes(&bad.0))))
}

fn request(
    c: &Choice,
    source: Vec<u8>,
    target: PathBuf,
    fstype: Vec<u8>,
    options: Options,
) -> Request {
    Request {
        source,
        target,
        fstype,
        said: options.data.clone(),
        options,
        insist_on_writing: c.insist_on_writing,
        no_helpers: c.no_helpers,
        dry: c.dry,
    }
}

/// With one operand fstab knows the rest; a change of what is mounted can do
/// without it.
fn one_operand(c: &Choice, operand: &OsStr, asked: Options) -> Result<Request, Error> {
    let remount = asked.flags & mountopts::REMOUNT != 0;
    if !remount && asked.flags & !mountopts::REC == 0 && !asked.propagation.is_empty() {
        return Ok(request(c, Vec::new(), operand.into(), Vec::new(), asked));
    }
    let found = match table(c) {
        Ok((entries, _)) => find(&entries, operand).cloned(),
        // to change a mount no table is needed
        Err(_) if remount => None,
        Err(error) => return Err(error),
    };
    if remount {
        let target = found
            .as_ref()
            .map_or_else(|| PathBuf::from(operand), |entry| mounts::path_of(&entry.target));
        let current = mounts::all()?;
        let canonical = mounts::canonical(&target);
        let mounted = mounts::at(&current, &canonical)
            .or_else(|| current.iter().rev().find(|m| m.source == operand.as_bytes()));
        let Some(mounted) = mounted else {
            return Err(Error::about(show(operand), "not mounted"));
        };
        let target = mounts::path_of(&mounted.target);
        if asked.flags & mountopts::BIND != 0 {
            return Ok(request(c, mounted.source.clone(), target, Vec::new(), asked));
        }
        // The kernel forgets what is not said again.
        let base = found.map_or_else(|| mounted.all_options(), |entry| entry.options);
        let mut options = parse_options(&base)?;
        options.add(&c.options).map_err(|_| Error::usage("options"))?;
        options.loop_device = None;
        let fstype = mounted.fstype.clone();
        let whole = request(c, mounted.source.clone(), target, fstype, options);
        return Ok(Request { said: asked.data, ..whole });
    }
    let Some(entry) = found else {
        return Err(Error::msg(format_args!(
            "{}: not in {}; name source and mount point",
            show(operand),
            show(&table_path(c))
        )));
    };
    let mut options = parse_options(&entry.options)?;
    options.add(&c.options).map_err(|_| Error::usage("options"))?;
    let fstype = c.types.clone().unwrap_or(entry.fstype);
    Ok(request(c, entry.source, mounts::path_of(&entry.target), fstype, options))
}

fn table_path(c: &Choice) -> PathBuf {
    c.table.clone().unwrap_or_else(|| PathBuf::from("/etc/fstab"))
}

fn table(c: &Choice) -> Result<(Vec<Entry>, Vec<usize>), Error> {
    mounts::table(&table_path(c))
}

/// The entry whose mount point or source is `operand`, as it is written or as
/// the path that it leads to.
fn find<'a>(entries: &'a [Entry], operand: &OsStr) -> Option<&'a Entry> {
    let name = operand.as_bytes();
    let full = mounts::canonical(Path::new(operand));
    let full = full.as_os_str().as_bytes();
    let slashless = |path: &[u8]| {
        let cut = path.iter().rposition(|&b| b != b'/').map_or(1, |at| at + 1);
        path.get(..cut).unwrap_or(path).to_vec()
    };
    let by_target = entries.iter().find(|e| {
        let target = slashless(&e.target);
        target == name || target == full
    });
    by_target.or_else(|| {
        entries.iter().find(|e| {
            e.source == name
                || e.source == full
                || (tags::is_tag(&e.source)
                    && tags::resolve(&e.source).is_ok_and(|d| d.as_os_str().as_bytes() == full))
        })
    })
}

fn perform(cx: &mut Ctx, c: &Choice, request: &Request) -> Result<(), Error> {
    cx.flush()?;
    let done = mounting::mount(request)?;
    if done.write_protected {
        let text = format!(
            "{}: the medium is write-protected, mounted read-only",
            show_bytes(&request.source)
        );
        cx.note(text);
    }
    if c.verbose {
        let line = if done.source.is_empty() {
            format!("mount: {}: propagation changed\n", show(&request.target))
        } else {
            format!("mount: {} mounted on {}\n", show_bytes(&done.source), show(&request.target))
        };
        cx.put(line.as_bytes())?;
    }
    Ok(())
}

/// `mount -a`: every line of fstab in its order.
fn all(cx: &mut Ctx, c: &Choice) -> Result<Status, Error> {
    let (entries, bad) = table(c)?;
    for line in bad {
        cx.warn(format_args!("{}: line {line} is no entry", show(&table_path(c))));
    }
    let mut mounted = mounts::all()?;
    let (mut good, mut failed) = (0, 0);
    for entry in &entries {
        let skipped = entry.fstype == b"swap"
            || entry.target == b"none"
            || entry.target == b"swap"
            || entry.target == b"/"
            || entry.has_option(b"noauto")
            || c.types.as_ref().is_some_and(|t| !mountopts::type_matches(t, &entry.fstype))
            || c.filter.as_ref().is_some_and(|f| !mountopts::options_match(f, &entry.options));
        if skipped {
            continue;
        }
        if is_mounted(entry, &mounted) {
            if c.verbose {
                cx.print(format_args!("{}: already mounted\n", show_bytes(&entry.target)))?;
            }
            good += 1;
            continue;
        }
        let result = parse_options(&entry.options).and_then(|mut options| {
            options.add(&c.options).map_err(|_| Error::usage("options"))?;
            if options.nofail && !source_is_there(&entry.source) {
                return Ok(());
            }
            let target = mounts::path_of(&entry.target);
            let request = request(c, entry.source.clone(), target, entry.fstype.clone(), options);
            perform(cx, c, &request)
        });
        match result {
            Ok(()) => good += 1,
            Err(error) => {
                failed += 1;
                cx.warn(error);
            }
        }
        mounted = mounts::all()?;
    }
    Ok(match (good, failed) {
        (_, 0) => Status::OK,
        (0, _) => FAILED,
        _ => SOME,
    })
}

/// Whether the entry's source is on its mount point already.
fn is_mounted(entry: &Entry, mounted: &[crate::mountinfo::Mount]) -> bool {
    let target = mounts::canonical(&mounts::path_of(&entry.target));
    let target = target.as_os_str().as_bytes();
    let source = tags::resolve(&entry.source)
        .ok()
        .and_then(|path| path.canonicalize().ok())
        .map_or_else(|| entry.source.clone(), |path| path.into_os_string().into_vec());
    let options = Options::parse(&entry.options).unwrap_or_default();
    mounted.iter().filter(|m| m.target == target).any(|m| {
        m.source == source
            || m.source == entry.source
            // a bind mount shows the device that the folder is on
            || options.flags & mountopts::BIND != 0
            || crate::fsutil::loops::of_file(&mounts::path_of(&source))
                .iter()
                .any(|l| l.path.as_os_str().as_bytes() == m.source)
    })
}

fn source_is_there(source: &[u8]) -> bool {
    if tags::is_tag(source) {
        return tags::resolve(source).is_ok();
    }
    !source.starts_with(b"/") || mounts::path_of(source).exists()
}

/// `SOURCE on DIR type TYPE (OPTIONS)`, and the label in brackets with -l.
fn list(cx: &mut Ctx, c: &Choice) -> Result<(), Error> {
    let labels = if c.labels { tags::labels() } else { Vec::new() };
    for mount in mounts::all()? {
        if c.types.as_ref().is_some_and(|types| !mountopts::type_matches(types, &mount.fstype)) {
            continue;
        }
        let source = if mount.source.is_empty() { b"none" } else { mount.source.as_slice() };
        let mut line = format!(
            "{} on {} type {} ({})",
            show_bytes(source),
            show_bytes(&mount.target),
            show_bytes(&mount.fstype),
            show_bytes(&mount.all_options())
        );
        let device = mounts::path_of(source);
        if let Some((_, label)) = labels.iter().find(|(path, _)| *path == device) {
            line.push_str(&format!(" [{}]", show_bytes(label)));
        }
        line.push('\n');
        cx.put(line.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_by_either_operand() {
        let (entries, _) = crate::fstab::parse(
            b"/dev/nosuch1 /mnt/nosuch1/ ext4\nUUID=0-0 /mnt/nosuch2 xfs\nproc /nosuch/proc proc\n",
        );
        let target =
            |operand: &str| find(&entries, OsStr::new(operand)).map(|e| e.target.as_slice());
        assert_eq!(target("/mnt/nosuch1"), Some(&b"/mnt/nosuch1/"[..]));
        assert_eq!(target("/dev/nosuch1"), Some(&b"/mnt/nosuch1/"[..]));
        assert_eq!(target("UUID=0-0"), Some(&b"/mnt/nosuch2"[..]));
        assert_eq!(target("proc"), Some(&b"/nosuch/proc"[..]));
        assert_eq!(target("/mnt"), None);
    }
}
