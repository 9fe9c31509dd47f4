//! cp: copy files and trees. POSIX, with GNU's options.
//!
//! Deviation: -s makes the link with the source's path as it is given, as
//! busybox does; GNU refuses a relative one for another folder.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::sys::stat::Mode;
use nix::unistd::mkdir;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::fsutil::backup::Backup;
use crate::fsutil::content::When;
use crate::fsutil::copy::{Copier, Existing, Instead, Keep};
use crate::fsutil::place::{Place, join, place, without_slashes};
use crate::fsutil::walk::Follow;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "cp",
    summary: "copy files and folders",
    usage: "[-aRrdpPLHfinuvxlsbT] [-t DIR] SOURCE... TARGET\n\
            \x20 -R, -r   folders with all that is in them, special files as such\n\
            \x20 -a       -dR and all attributes          -d  -P and hard links stay so\n\
            \x20 -p       mode, owner, times; --preserve=mode,ownership,timestamps,links,xattr,all\n\
            \x20 -P, -L, -H  symbolic links stay so; stand for their targets; only operands do\n\
            \x20 -f       what cannot be overwritten is removed first; --remove-destination: always\n\
            \x20 -i, -n, -u  what is there: ask, leave it, leave it unless older\n\
            \x20 -b, -S SUFFIX, --backup[=none|simple|numbered|existing]  keep it\n\
            \x20 -l, -s   hard, symbolic links instead of copies    -x  one file system\n\
            \x20 -t DIR, -T  into DIR; TARGET is no folder to copy into\n\
            \x20 -v       say what is copied\n\
            \x20 --parents  with the folders of SOURCE's path\n\
            \x20 --reflink[=auto|always|never], --sparse=auto|always|never, --attributes-only",
    kind: Kind::Fork, // big files take long
    run,
};

struct Choice {
    copier: Copier,
    parents: bool,
    strip: bool,
    place: Place,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let Choice { mut copier, parents, strip, place } = choice(cx)?;
    if parents && !place.into {
        return Err(Error::usage("with --parents the target is a folder").with(Status::FAILURE));
    }
    for source in &place.sources {
        let source: &OsStr =
            if strip { OsStr::from_bytes(without_slashes(source.as_bytes())) } else { source };
        if parents {
            with_parents(cx, &mut copier, source.as_bytes(), place.target.as_bytes())?;
        } else {
            copier.copy(cx, source.as_bytes(), &place.of(source))?;
        }
    }
    Ok(cx.status())
}

fn choice(cx: &Ctx) -> Result<Choice, Error> {
    let mut copier = Copier::new();
    let mut follow = None;
    let (mut folder, mut never) = (None, false);
    let (mut backup, mut control, mut suffix) = (false, None, None);
    let (mut parents, mut strip) = (false, false);
    let mut options = cx.parse(
        "a,archive R,recursive r d p P,no-dereference L,dereference H f,force i,interactive \
        n,no-clobber u -U?update v,verbose x,one-file-system l,link s,symbolic-link b S:suffix \
        t:target-directory T,no-target-directory Z -1,parents -2?preserve -3:no-preserve \
        -4?reflink -5:sparse -6?backup -7,remove-destination -8,attributes-only \
        -9,strip-trailing-slashes -0,copy-contents c",
    )?;
    while let Some(letter) = options.next() {
        let value = if letter == b'U' { None } else { options.optional() };
        let words = value.as_ref().map(|value| value.as_bytes());
        match letter {
            b'a' => {
                copier.recursive = true;
                follow = Some(Follow::Never);
                copier.keep = ALL;
            }
            b'R' | b'r' => copier.recursive = true,
            b'd' => {
                follow = Some(Follow::Never);
                copier.keep.links = true;
            }
            b'p' => attributes(&mut copier.keep, b"mode,ownership,timestamps", true)?,
            b'P' => follow = Some(Follow::Never),
            b'L' => follow = Some(Follow::Always),
            b'H' => follow = Some(Follow::Start),
            b'f' => copier.force = true,
            b'i' => copier.existing = Existing::Ask,
            b'n' => copier.existing = Existing::Leave,
            b'u' => copier.existing = Existing::Update,
            b'U' => copier.existing = Existing::of_update(options.optional().as_deref()),
            b'v' => copier.verbose = Some(""),
            b'x' => copier.one_device = true,
            b'l' => copier.instead = Instead::HardLink,
            b's' => copier.instead = Instead::SymbolicLink,
            b'b' => backup = true,
            b'6' => (backup, control) = (true, value),
            b'S' => suffix = value,
            b't' => folder = value,
            b'T' => never = true,
            b'1' => parents = true,
            b'2' => {
                attributes(&mut copier.keep, words.unwrap_or(b"mode,ownership,timestamps"), true)?
            }
            b'3' => attributes(&mut copier.keep, words.unwrap_or_default(), false)?,
            b'4' => copier.content.reflink = when(words.unwrap_or(b"always"))?,
            b'5' => copier.content.sparse = when(words.unwrap_or_default())?,
            b'7' => copier.remove_first = true,
            b'8' => copier.only_attributes = true,
            b'9' => strip = true,
            b'0' => copier.bytes_of_special = true,
            _ => {}
        }
    }
    let standard = if copier.recursive && copier.instead != Instead::HardLink {
        Follow::Never
    } else {
        Follow::Always
    };
    copier.follow = follow.unwrap_or(standard);
    copier.backup = Backup::of(cx, backup, control.as_deref(), suffix.as_deref())?;
    let place = place(std::mem::take(&mut options.operands), folder, never)?;
    Ok(Choice { copier, parents, strip, place })
}

/// What -a keeps.
const ALL: Keep = Keep {
    mode: true,
    owner: true,
    times: true,
    links: true,
    xattrs: true,
    xattrs_if_possible: true,
};

fn attributes(keep: &mut Keep, list: &[u8], yes: bool) -> Result<(), Error> {
    for word in list.split(|&b| b == b',') {
        match word {
            b"mode" => keep.mode = yes,
            b"ownership" => keep.owner = yes,
            b"timestamps" => keep.times = yes,
            b"links" => keep.links = yes,
            b"xattr" => (keep.xattrs, keep.xattrs_if_possible) = (yes, false),
            b"context" => {}
            b"all" => *keep = if yes { ALL } else { Keep::default() },
            other => {
                return Err(Error::bad(show_bytes(other), "no attribute that can be kept")
                    .with(Status::FAILURE));
            }
        }
    }
    Ok(())
}

fn when(word: &[u8]) -> Result<When, Error> {
    Ok(match word {
        b"auto" => When::Auto,
        b"always" => When::Always,
        b"never" => When::Never,
        other => {
            return Err(
                Error::bad(show_bytes(other), "not auto, always or never").with(Status::FAILURE)
            );
        }
    })
}

/// Copies `a/b/c` to `folder/a/b/c`; the folders between get the attributes of
/// the sources'.
fn with_parents(
    cx: &mut Ctx,
    copier: &mut Copier,
    source: &[u8],
    folder: &[u8],
) -> Result<(), Error> {
    let source = without_slashes(source);
    let mut made = Vec::new();
    for (at, _) in source.iter().enumerate().filter(|(at, b)| **b == b'/' && *at > 0) {
        let above = source.get(..at).unwrap_or_default();
        let target = OsString::from_vec(join(folder, above));
        let name = OsStr::from_bytes(above);
        let stat = match nix::sys::stat::stat(name) {
            Ok(stat) => stat,
            Err(errno) => {
                cx.warn(Error::os(show_bytes(above), errno));
                return Ok(());
            }
        };
        let mode = Mode::from_bits_truncate(stat.st_mode & 0o1777 | 0o300);
        match mkdir(target.as_os_str(), mode) {
            Ok(()) => {
                if copier.verbose.is_some() {
                    let (name, target) = (show_bytes(above), show_bytes(target.as_bytes()));
                    cx.print(format_args!("{name} -> {target}\n"))?;
                }
                made.push((above, target));
            }
            Err(nix::errno::Errno::EEXIST) => {}
            Err(errno) => {
                cx.warn(Error::os(show_bytes(target.as_bytes()), errno));
                return Ok(());
            }
        }
    }
    copier.copy(cx, source, &join(folder, source))?;
    for (above, target) in made.iter().rev() {
        if let Err(error) = copier.folder_attributes(above, target.as_bytes()) {
            cx.warn(error);
        }
    }
    Ok(())
}
