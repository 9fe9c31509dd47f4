//! lsattr and chattr: attributes of files on ext4, xfs, btrfs and others.
//! e2fsprogs.

use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::fsutil::place::{join, last_part};
use crate::fsutil::walk::{Follow, Step, Walk};
use crate::sys::attributes;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "lsattr",
    summary: "list attributes of files",
    usage: "[-Radvlp] [FILE...]\n\
            \x20 -R  folders with all that is in them     -a  names with a dot in front too\n\
            \x20 -d  folders themselves                   -v  with generations\n\
            \x20 -l  long names of the attributes         -p  with numbers of projects",
    kind: Kind::Fork, // a network file system may block
    run,
};

/// chattr.
pub(super) static CHATTR: Applet = Applet {
    name: "chattr",
    summary: "change attributes of files",
    usage: "[-RVf] [-v VERSION] [-p PROJECT] [-+=aAcCdDeFijmPsStTux] FILE...\n\
            \x20 a append only   i not to be changed   A no access times   d not dumped\n\
            \x20 c compressed    C no copy on write    D S written at once j data in the journal\n\
            \x20 -R  folders with all that is in them",
    kind: Kind::Fork, // big trees take long
    run: run_chattr,
};

/// Letters in the order of the columns, and their bits (linux/fs.h).
const LETTERS: [(u8, u32); 22] = [
    (b's', 0x1),
    (b'u', 0x2),
    (b'S', 0x8),
    (b'D', 0x1_0000),
    (b'i', 0x10),
    (b'a', 0x20),
    (b'd', 0x40),
    (b'A', 0x80),
    (b'c', 0x4),
    (b'E', 0x800),
    (b'j', 0x4000),
    (b'I', 0x1000),
    (b't', 0x8000),
    (b'T', 0x2_0000),
    (b'e', 0x8_0000),
    (b'C', 0x80_0000),
    (b'x', 0x200_0000),
    (b'F', 0x4000_0000),
    (b'N', 0x1000_0000),
    (b'P', 0x2000_0000),
    (b'V', 0x10_0000),
    (b'm', 0x400),
];

/// What -l calls them.
const NAMES: [&str; 22] = [
    "Secure_Deletion",
    "Undelete",
    "Synchronous_Updates",
    "Synchronous_Directory_Updates",
    "Immutable",
    "Append_Only",
    "No_Dump",
    "No_Atime",
    "Compression_Requested",
    "Encrypted",
    "Journaled_Data",
    "Indexed_directory",
    "No_Tailmerging",
    "Top_of_Directory_Hierarchies",
    "Extents",
    "No_COW",
    "DAX",
    "Casefold",
    "Inline_Data",
    "Project_Hierarchy",
    "Verity",
    "Dont_Compress",
];

/// Those that chattr may be asked to change.
const CHANGEABLE: &[u8] = b"suSDiadAcjtTeCxFPm";

fn open(walk: &Walk) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(walk.dir(), walk.name(), flags, Mode::empty())
}

/// What lsattr prints.
struct Listing {
    recursive: bool,
    all: bool,
    version: bool,
    long: bool,
    project: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("R a d v l p")?;
    let listing = Listing {
        recursive: options.has(b'R') && !options.has(b'd'),
        all: options.has(b'a'),
        version: options.has(b'v'),
        long: options.has(b'l'),
        project: options.has(b'p'),
    };
    let itself = options.has(b'd');
    let mut operands = std::mem::take(&mut options.operands);
    if operands.is_empty() {
        operands.push(".".into());
    }
    let mut walk = Walk::new(Follow::Never);
    walk.max_depth = match (itself, listing.recursive) {
        (true, _) => 0,
        (_, true) => usize::MAX,
        _ => 1,
    };
    for operand in &operands {
        walk.start(operand.as_bytes());
        while let Some(step) = walk.next() {
            match step {
                Step::Entry => {
                    let folder = walk.is_folder();
                    let hidden = walk.depth() > 0 && last_part(walk.path()).starts_with(b".");
                    if hidden && !listing.all {
                        walk.prune();
                        continue;
                    }
                    if !matches!(walk.kind(), libc::S_IFREG | libc::S_IFDIR | 0) {
                        continue;
                    }
                    // What is in a folder stands for it.
                    let stands = folder && !itself && walk.depth() == 0;
                    let fd = open(&walk);
                    if !stands {
                        listing.line(cx, walk.path(), fd.as_ref())?;
                    }
                    if folder && listing.recursive && walk.depth() > 0 {
                        cx.print(format_args!("\n{}:\n", show_bytes(walk.path())))?;
                    }
                    if listing.all && (stands || folder && listing.recursive) {
                        for name in [".", ".."] {
                            let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
                            let fd = fd.as_ref().map_err(|&errno| errno);
                            let fd = fd.and_then(|fd| openat(fd, name, flags, Mode::empty()));
                            let path = join(walk.path(), name.as_bytes());
                            listing.line(cx, &path, fd.as_ref())?;
                        }
                    }
                }
                Step::Leave if listing.recursive && walk.depth() > 0 => cx.put(b"\n")?,
                Step::Leave => {}
                Step::Failed(errno) | Step::Lost(errno) => {
                    cx.warn(Error::os(show_bytes(walk.path()), errno));
                }
            }
        }
    }
    Ok(cx.status())
}

impl Listing {
    /// One file.
    fn line(&self, cx: &mut Ctx, path: &[u8], fd: Result<&OwnedFd, &Errno>) -> Result<(), Error> {
        let known = fd.map_err(|&errno| errno).and_then(|fd| {
            let project = if self.project { attributes::project(fd)? } else { 0 };
            let version = if self.version { attributes::version(fd)? } else { 0 };
            Ok((attributes::get(fd)?, project, version))
        });
        let (flags, project, version) = match known {
            Ok(known) => known,
            Err(errno) => {
                cx.warn(Error::os(show_bytes(path), errno));
                return Ok(());
            }
        };
        if self.project {
            cx.print(format_args!("{project:5} "))?;
        }
        if self.version {
            cx.print(format_args!("{version:<10} "))?;
        }
        let path = show_bytes(path);
        if self.long {
            let names: Vec<&str> = LETTERS
                .iter()
                .zip(NAMES)
                .filter(|((_, bit), _)| flags & bit != 0)
                .map(|(_, name)| name)
                .collect();
            let names = if names.is_empty() { "---".into() } else { names.join(", ") };
            return cx.print(format_args!("{path:<28} {names}\n"));
        }
        cx.put(&LETTERS.map(|(letter, bit)| if flags & bit != 0 { letter } else { b'-' }))?;
        cx.print(format_args!(" {path}\n"))
    }
}

fn run_chattr(cx: &mut Ctx) -> Result<Status, Error> {
    let (mut add, mut remove, mut exactly) = (0, 0, None);
    let (mut version, mut project) = (None, None);
    let (mut recursive, mut verbose, mut silent) = (false, false, false);
    let usage = |text: &str| Error::usage(text).with(Status::FAILURE);
    let mut args = cx.args.iter().peekable();
    let mut changes = false;
    while let Some(arg) = args.peek() {
        let (sign, letters) = match arg.as_bytes().split_first() {
            Some((sign @ (b'+' | b'-' | b'='), letters)) if !letters.is_empty() => (*sign, letters),
            Some((b'=', _)) => (b'=', &b""[..]),
            _ => break,
        };
        args.next();
        if letters == b"-" && sign == b'-' {
            break;
        }
        let mut bits = 0;
        for letter in letters {
            match (sign, letter) {
                (b'-', b'R') => recursive = true,
                (b'-', b'V') => verbose = true,
                (b'-', b'f') => silent = true,
                (b'-', b'v' | b'p') => {
                    let wrong = || usage("-v and -p want a number");
                    let word = args.next().ok_or_else(wrong)?;
                    let number = crate::options::number(word).and_then(|n| u32::try_from(n).ok());
                    let number = Some(number.ok_or_else(wrong)?);
                    if *letter == b'v' { version = number } else { project = number }
                }
                _ => {
                    let known = LETTERS.iter().find(|(other, _)| other == letter);
                    let known = known.filter(|(letter, _)| CHANGEABLE.contains(letter));
                    let (_, bit) = known.ok_or_else(|| usage("no such attribute"))?;
                    bits |= bit;
                    changes = true;
                }
            }
        }
        match sign {
            b'+' => add |= bits,
            b'-' => remove |= bits,
            _ => (exactly, changes) = (Some(bits | exactly.unwrap_or(0)), true),
        }
    }
    let operands: Vec<_> = args.cloned().collect();
    if !changes && version.is_none() && project.is_none() {
        return Err(usage("which attributes (+, - or = and letters)?"));
    }
    if add & remove != 0 || exactly.is_some() && (add | remove) != 0 {
        return Err(usage("these attributes exclude each other"));
    }
    if operands.is_empty() {
        return Err(usage("which file?"));
    }
    let mut walk = Walk::new(Follow::Never);
    walk.max_depth = if recursive { usize::MAX } else { 0 };
    for operand in &operands {
        walk.start(operand.as_bytes());
        while let Some(step) = walk.next() {
            let error = match step {
                Step::Entry if walk.kind() == libc::S_IFLNK && walk.depth() > 0 => continue,
                Step::Entry => {
                    let done = open(&walk).and_then(|fd| {
                        if let Some(version) = version {
                            attributes::set_version(&fd, version)?;
                        }
                        if let Some(project) = project {
                            attributes::set_project(&fd, project)?;
                        }
                        if !changes {
                            return Ok(0);
                        }
                        let old = attributes::get(&fd)?;
                        let settable: u32 = LETTERS
                            .iter()
                            .filter(|(letter, _)| CHANGEABLE.contains(letter) && *letter != b'e')
                            .map(|(_, bit)| bit)
                            .sum();
                        let new = match exactly {
                            Some(bits) => old & !settable | bits,
                            None => old & !remove | add,
                        };
                        attributes::set(&fd, new)?;
                        Ok(new)
                    });
                    match done {
                        Ok(new) => {
                            if verbose {
                                let letters =
                                    LETTERS.map(
                                        |(letter, bit)| if new & bit != 0 { letter } else { b'-' },
                                    );
                                let letters = show_bytes(&letters);
                                let path = show_bytes(walk.path());
                                cx.print(format_args!("Flags of {path} set as {letters}\n"))?;
                            }
                            continue;
                        }
                        Err(errno) => errno,
                    }
                }
                Step::Leave => continue,
                Step::Failed(errno) | Step::Lost(errno) => errno,
            };
            if silent {
                cx.fail();
            } else {
                cx.warn(Error::os(show_bytes(walk.path()), error));
            }
        }
    }
    Ok(cx.status())
}
