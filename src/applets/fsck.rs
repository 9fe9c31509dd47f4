//! fsck: has each filesystem checked by its own program. fsck(8) of util-linux
//! 2.38; FSTAB_FILE is read instead of /etc/fstab.
//!
//! Deviations: one check after the other (`-P` means no more than that the root
//! is not waited for); `-r` says only the status; `-l` is ignored, as nothing
//! runs at the same time. Options that it does not know are the checker's,
//! which is why they are taken apart here and not by a table.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::blk::probe::{Content, Usage};
use crate::blk::scan;
use crate::fstab::Entry;
use crate::fsutil::spawn::{self, Place};
use crate::fsutil::{mounts, tags};
use crate::mountopts;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "fsck",
    summary: "check and repair filesystems by their own programs",
    usage: "[-AMNPRTV] [-C [FD]] [-t TYPES] [OPTION...] [DEVICE|DIR|TAG=VALUE...] [-- OPTION...]\n\
            \x20 -A  all of /etc/fstab, in the order of its last column   -R  not the root\n\
            \x20 -t  only these types (no...: all but, opts=...: with options)\n\
            \x20 -M  not what is mounted    -N  only say what would be done    -V  say it, too\n\
            \x20 -C  the checker shows how far it is    -T  no title\n\
            other options go to the checker (-a, -p, -y, -n, -f ...)\n\
            exit status, added up: 1 repaired, 2 reboot, 4 not repaired, 8 failure, 16 usage,\n\
            32 interrupted",
    kind: Kind::Fork, // waits for programs
    run,
};

/// A filesystem has faults that were repaired.
const REPAIRED: u8 = 1;
/// A filesystem has faults that were not repaired.
const UNCORRECTED: u8 = 4;
/// The check could not be done.
const FAILED: u8 = 8;
/// The command line makes no sense.
const USAGE: Status = Status(16);

#[derive(Default)]
struct Choice {
    all: bool,
    skip_root: bool,
    root_too: bool,
    skip_mounted: bool,
    dry: bool,
    verbose: bool,
    no_title: bool,
    report: bool,
    progress: Option<u64>,
    types: Vec<u8>,
    /// Options of the checker.
    options: Vec<OsString>,
    devices: Vec<OsString>,
    fsck_path: OsString,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice::default();
    let path = cx.env.get(b"PATH").unwrap_or_default();
    c.fsck_path = OsString::from_vec([path.as_bytes(), b":/sbin:/usr/sbin"].concat());
    if !parse(cx, &mut c)? {
        return Ok(Status::OK);
    }
    if !c.no_title {
        cx.put(b"fsck from rescuebox\n")?;
    }
    let file = cx.env.get(b"FSTAB_FILE").map_or(PathBuf::from("/etc/fstab"), PathBuf::from);
    let table = mounts::table(&file).map(|(entries, _)| entries).unwrap_or_default();
    if c.all || c.devices.is_empty() {
        if c.verbose {
            cx.put(b"Checking all file systems.\n")?;
        }
        return all(cx, &mut c, &table).map(Status);
    }
    let mut status = 0;
    for device in std::mem::take(&mut c.devices) {
        let spec = device.as_bytes();
        let named = |e: &&Entry| e.source == spec || e.target == spec;
        let entry = match table.iter().find(named) {
            Some(entry) => entry.clone(),
            None => Entry {
                source: spec.to_vec(),
                target: Vec::new(),
                fstype: b"auto".to_vec(),
                options: Vec::new(),
                freq: 0,
                pass: 1,
            },
        };
        status |= check(cx, &mut c, &entry)?;
    }
    Ok(Status(status))
}

/// Reads the command line; false when all is said.
fn parse(cx: &mut Ctx, c: &mut Choice) -> Result<bool, Error> {
    let mut words = cx.args.iter().peekable();
    let mut for_checker = false;
    while let Some(word) = words.next() {
        let bytes = word.as_bytes();
        match bytes {
            b"--version" | b"--help" if !for_checker => {
                let text = crate::applet::help("fsck", &APPLET);
                cx.put(if bytes == b"--help" {
                    text.as_bytes()
                } else {
                    b"fsck from rescuebox\n"
                })?;
                return Ok(false);
            }
            b"--" => {
                for_checker = true;
                continue;
            }
            _ => {}
        }
        if bytes.first() != Some(&b'-') || for_checker || bytes.len() == 1 {
            let device = bytes.first() == Some(&b'/') && (!for_checker || Path::new(word).exists())
                || bytes.contains(&b'=') && !for_checker
                || !for_checker && Path::new(word).exists();
            if device { &mut c.devices } else { &mut c.options }.push(word.clone());
            continue;
        }
        let mut rest = bytes.get(1..).unwrap_or_default();
        let mut passed = b"-".to_vec();
        while let Some((&letter, behind)) = rest.split_first() {
            rest = behind;
            let digits = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_digit);
            match letter {
                b'A' => c.all = true,
                b'M' => c.skip_mounted = true,
                b'N' => c.dry = true,
                b'P' => c.root_too = true,
                b'R' => c.skip_root = true,
                b'T' => c.no_title = true,
                b'V' => c.verbose = true,
                b's' | b'l' => {}
                b'C' | b'r' => {
                    let mut number = None;
                    if digits(rest) {
                        number = crate::options::number(OsStr::from_bytes(rest));
                        rest = b"";
                    } else if rest.is_empty()
                        && let Some(next) = words.next_if(|next| digits(next.as_bytes()))
                    {
                        number = crate::options::number(next);
                    }
                    if letter == b'C' {
                        c.progress = Some(number.unwrap_or(0));
                    } else {
                        c.report = true;
                    }
                }
                b't' => {
                    let value = if rest.is_empty() {
                        words.next().map(|next| next.as_bytes().to_vec())
                    } else {
                        Some(rest.to_vec())
                    };
                    c.types = value
                        .ok_or_else(|| Error::usage("-t needs a list of types").with(USAGE))?;
                    rest = b"";
                }
                other => passed.push(other),
            }
        }
        if passed.len() > 1 {
            c.options.push(OsString::from_vec(passed));
        }
    }
    Ok(true)
}

/// What `-t` wants: types, or options behind `opts=`.
fn wanted(list: &[u8], entry: &Entry) -> bool {
    let mut types: Vec<&[u8]> = Vec::new();
    for word in list.split(|&b| b == b',').filter(|word| !word.is_empty()) {
        let (no, plain) = match word.strip_prefix(b"no") {
            Some(rest) if rest.starts_with(b"opts=") => (true, rest),
            _ => (false, word),
        };
        match plain.strip_prefix(b"opts=") {
            Some(option) if entry.has_option(option) == no => return false,
            Some(_) => {}
            None => types.push(word),
        }
    }
    types.is_empty() || mountopts::type_matches(&types.join(&b','), &entry.fstype)
}

/// `-A`: the root, then pass after pass.
fn all(cx: &mut Ctx, c: &mut Choice, table: &[Entry]) -> Result<u8, Error> {
    let mut status = 0;
    let mut passes: Vec<u32> = Vec::new();
    let mut list: Vec<&Entry> = Vec::new();
    for entry in table {
        let root = entry.target == b"/";
        if entry.pass == 0 || !wanted(&c.types, entry) {
            continue;
        }
        if entry.has_option(b"bind") || entry.has_option(b"rbind") {
            cx.note(format_args!(
                "{}: skipping bad line in /etc/fstab: bind mount with nonzero fsck pass number",
                show_bytes(&entry.target)
            ));
            continue;
        }
        if root && !c.root_too {
            if !c.skip_root {
                status |= check(cx, c, entry)?;
                if status > REPAIRED {
                    return Ok(status);
                }
            }
            continue;
        }
        if root && c.skip_root {
            continue;
        }
        if entry.fstype != b"auto" && find(c, &entry.fstype).is_none() {
            if matches!(entry.fstype.as_slice(), b"ext2" | b"ext3" | b"ext4") {
                let kind = show_bytes(&entry.fstype);
                cx.note(format_args!(
                    "cannot check {}: fsck.{kind} not found",
                    show_bytes(&entry.source)
                ));
            }
            continue;
        }
        if !passes.contains(&entry.pass) {
            passes.push(entry.pass);
        }
        list.push(entry);
    }
    crate::order::sort(&mut passes);
    for pass in passes {
        for entry in list.iter().filter(|entry| entry.pass == pass) {
            status |= check(cx, c, entry)?;
        }
    }
    Ok(status)
}

/// The program for a type.
fn find(c: &Choice, fstype: &[u8]) -> Option<PathBuf> {
    if fstype.is_empty() || fstype.contains(&b'/') {
        return None;
    }
    let name = [b"fsck.", fstype].concat();
    c.fsck_path.as_bytes().split(|&b| b == b':').find_map(|folder| {
        let path = Path::new(OsStr::from_bytes(folder)).join(OsStr::from_bytes(&name));
        nix::unistd::access(&path, nix::unistd::AccessFlags::X_OK).is_ok().then_some(path)
    })
}

/// What the superblock says.
fn type_on(device: &Path) -> Option<&'static str> {
    let opened = scan::open(device).ok()?;
    match scan::look(&opened, opened.sector).content {
        Content::One(found) if found.usage == Usage::Filesystem => Some(found.kind),
        _ => None,
    }
}

/// Checks one filesystem; the checker's exit status.
fn check(cx: &mut Ctx, c: &mut Choice, entry: &Entry) -> Result<u8, Error> {
    let Ok(device) = tags::resolve(&entry.source) else {
        if !entry.has_option(b"nofail") {
            cx.note(format_args!(
                "couldn't find matching filesystem: {}",
                show_bytes(&entry.source)
            ));
            return Ok(FAILED);
        }
        return Ok(0);
    };
    if entry.has_option(b"nofail") && !device.exists() {
        if c.verbose {
            cx.print(format_args!("{}: skipping nonexistent device\n", show(&device)))?;
        }
        return Ok(0);
    }
    if c.skip_mounted && is_mounted(&device) {
        return Ok(0);
    }
    let one = !c.types.is_empty() && !c.types.contains(&b',') && !c.types.starts_with(b"no");
    let fstype: Vec<u8> = if entry.fstype != b"auto" {
        entry.fstype.clone()
    } else if let Some(kind) = type_on(&device) {
        kind.into()
    } else if one && !c.types.starts_with(b"opts=") {
        c.types.clone()
    } else {
        b"ext2".to_vec()
    };
    let Some(program) = find(c, &fstype) else {
        cx.note(format_args!("fsck.{}: not found", show_bytes(&fstype)));
        let place = show(&device);
        cx.note(format_args!("error 2 while executing fsck.{} for {place}", show_bytes(&fstype)));
        return Ok(FAILED);
    };
    let mut words = vec![program.clone().into_os_string()];
    words.extend(c.options.iter().cloned());
    if let Some(fd) = c.progress
        && matches!(fstype.as_slice(), b"ext2" | b"ext3" | b"ext4")
    {
        words.push(format!("-C{fd}").into());
    }
    words.push(device.clone().into_os_string());
    if c.verbose || c.dry {
        let place =
            if entry.target.is_empty() { device.as_os_str().as_bytes() } else { &entry.target };
        let mut line = format!("[{} (1) -- {}] ", show(&program), show_bytes(place));
        for (n, word) in words.iter().enumerate() {
            let word = if n == 0 { program.file_name().unwrap_or_default() } else { word };
            line.push_str(&format!("{} ", show(word)));
        }
        cx.put(line.as_bytes())?;
        cx.put(b"\n")?;
    }
    if c.dry {
        return Ok(0);
    }
    let pid = match spawn::start(cx, &words, &Place::default()) {
        Ok(pid) => pid,
        Err(error) => {
            cx.note(error);
            return Ok(FAILED);
        }
    };
    let status = match crate::sys::command::wait(pid) {
        Ok(status) => u8::try_from(status).unwrap_or(FAILED),
        Err(libc::SIGINT) => UNCORRECTED,
        Err(signal) => {
            cx.note(format_args!(
                "Warning... {} for device {} exited with signal {signal}.",
                show(program.file_name().unwrap_or_default()),
                show(&device)
            ));
            FAILED
        }
    };
    if c.report {
        cx.print(format_args!("{}: status {status}\n", show(&device)))?;
    }
    Ok(status)
}

fn is_mounted(device: &Path) -> bool {
    let Ok(list) = mounts::all() else { return false };
    let full = mounts::canonical(device);
    list.iter().any(|mount| {
        !mount.source.is_empty()
            && (mount.source == device.as_os_str().as_bytes()
                || mount.source == full.as_os_str().as_bytes())
    })
}
