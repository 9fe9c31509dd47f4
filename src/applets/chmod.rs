//! chmod: change permissions. POSIX, with GNU's `-v -c -f --reference`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat, fstatat, stat};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::walk::{Follow, Step, Walk};
use crate::options::Options;
use crate::{mode, sys};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "chmod",
    summary: "change permissions of files",
    usage: "[-Rcvf] MODE FILE...\n\
            \x20      chmod [-Rcvf] --reference=FILE FILE...\n\
            \x20 MODE    755, or u+rwx,g=rX,o-w with u g o a, + - =, r w x X s t u g o\n\
            \x20 -R      folders with all that is in them\n\
            \x20 -v, -c  say what is done; only of what changes    -f  fewer messages",
    kind: Kind::Fork, // big trees take long
    run,
};

struct Choice {
    text: Vec<u8>,
    like: Option<u32>,
    umask: u32,
    verbose: bool,
    changes: bool,
    silent: bool,
    /// Links themselves.
    links: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    // A mode may look like an option: `chmod -w file`.
    let mut args = cx.args.to_vec();
    let mut text = None;
    for at in 0..args.len() {
        let Some(arg) = args.get(at).map(|arg| arg.as_bytes()) else { break };
        if arg == b"--" {
            break;
        }
        if let [b'-', b'r' | b'w' | b'x' | b'X' | b's' | b't' | b'u' | b'g' | b'o' | b'a', ..]
        | [b'-', b'0'..=b'7' | b'=' | b'+' | b',', ..] = arg
        {
            text = Some(args.remove(at));
            break;
        }
    }
    let mut c = Choice {
        text: Vec::new(),
        like: None,
        umask: sys::process::umask(),
        verbose: false,
        changes: false,
        silent: false,
        links: false,
    };
    let mut recursive = false;
    let mut options = Options::parse(
        "R,recursive v,verbose c,changes f,silent|quiet -1:reference -2,preserve-root \
        -3,no-preserve-root h,no-dereference",
        &args,
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'R' => recursive = true,
            b'v' => c.verbose = true,
            b'c' => (c.verbose, c.changes) = (true, true),
            b'f' => c.silent = true,
            b'h' => c.links = true,
            b'1' => {
                let file = options.value();
                let like = stat(file.as_os_str()).map_err(|e| Error::os(show(&file), e))?;
                c.like = Some(like.st_mode & 0o7777);
            }
            _ => {}
        }
    }
    let mut operands = std::mem::take(&mut options.operands);
    let missing = |text| Err(Error::usage(text).with(Status::FAILURE));
    if c.like.is_none() {
        let word: OsString = match text {
            Some(text) => text,
            None if operands.is_empty() => return missing("which mode?"),
            None => operands.remove(0),
        };
        c.text = word.as_bytes().to_vec();
        if mode::parse(&c.text, 0, 0, false).is_err() {
            return Err(Error::bad(show(&word), "not a mode").with(Status::FAILURE));
        }
    }
    if operands.is_empty() {
        return missing("which file?");
    }
    for operand in operands {
        let mut walk = Walk::new(if c.links { Follow::Never } else { Follow::Start });
        if !recursive {
            walk.max_depth = 0;
        }
        walk.start(operand.as_bytes());
        while let Some(step) = walk.next() {
            let error = match step {
                Step::Entry => match one(cx, &c, &mut walk) {
                    Ok(()) => continue,
                    Err(error) if error.is_closed_pipe() => return Err(error),
                    Err(error) => error,
                },
                Step::Leave => continue,
                Step::Failed(errno) | Step::Lost(errno) => {
                    Error::os(show_bytes(walk.path()), errno)
                }
            };
            if c.silent {
                cx.fail();
            } else {
                cx.warn(error);
            }
        }
    }
    Ok(cx.status())
}

fn one(cx: &mut Ctx, c: &Choice, walk: &mut Walk) -> Result<(), Error> {
    let wrong = |walk: &Walk, errno| Error::os(show_bytes(walk.path()), errno);
    let top = walk.depth() == 0;
    if c.links && walk.kind() == libc::S_IFLNK {
        // Linux has no modes of links.
        return Err(wrong(walk, Errno::EOPNOTSUPP));
    }
    if !top && walk.kind() == libc::S_IFLNK {
        return Ok(());
    }
    let stat =
        if top { fstatat(walk.dir(), walk.name(), AtFlags::empty()) } else { walk.stat().copied() };
    let stat = stat.map_err(|errno| wrong(walk, errno))?;
    let folder = stat.st_mode & libc::S_IFMT == libc::S_IFDIR;
    let old = stat.st_mode & 0o7777;
    let new = match c.like {
        Some(like) => like,
        None => {
            let new = mode::parse(&c.text, old, c.umask, folder)
                .map_err(|_| Error::bad(show_bytes(&c.text), "not a mode"))?;
            // GNU: a folder's set-id bits go only by five digits, or by name
            let plain = c.text.len() < 5 && c.text.first().is_some_and(u8::is_ascii_digit);
            if folder && plain { new | old & 0o6000 } else { new }
        }
    };
    fchmodat(walk.dir(), walk.name(), Mode::from_bits_truncate(new), FchmodatFlags::FollowSymlink)
        .map_err(|errno| wrong(walk, errno))?;
    walk.forget_stat();
    if !c.verbose || c.changes && new == old {
        return Ok(());
    }
    let text = |mode: u32| {
        let text = mode::text(mode);
        String::from_utf8_lossy(text.get(1..).unwrap_or_default()).into_owned()
    };
    let path = show_bytes(walk.path());
    if new == old {
        return cx.print(format_args!("mode of '{path}' retained as {old:04o} ({})\n", text(old)));
    }
    cx.print(format_args!(
        "mode of '{path}' changed from {old:04o} ({}) to {new:04o} ({})\n",
        text(old),
        text(new)
    ))
}
