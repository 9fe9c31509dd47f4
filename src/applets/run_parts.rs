//! run-parts: run the programs in a folder, in the order of their names.
//! Debian's debianutils, busybox.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::sys::stat::{Mode, stat, umask};
use nix::unistd::{AccessFlags, access};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::fsutil::place::join;
use crate::fsutil::spawn::{Place, wait_for};
use crate::order;
use crate::regex::{Flags, Regex};
use crate::sys::folder;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "run-parts",
    summary: "run the programs in a folder by the order of their names",
    usage: "[-a ARG]... [-u UMASK] [--test|--list] [--reverse] [--exit-on-error] [-v] DIR\n\
            \x20 names are of letters, digits, _ and - (--regex=RE: others)\n\
            \x20 --test, --list   print what would be run; all with such names\n\
            \x20 -a ARG           an argument for each",
    kind: Kind::Fork, // changes the umask, runs programs
    run,
};

/// Names of --lsbsysinit: of letters and digits in small, of parts with a dash
/// between them, of Debian's cron. debianutils, run-parts(8).
fn is_of_lsb(name: &[u8]) -> bool {
    let small = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let cron = name.first().is_some_and(small) && name.iter().all(|b| small(b) || *b == b'-');
    let mut parts = name.strip_prefix(b"_").unwrap_or(name).rsplit(|&b| b == b'-');
    let last = parts.next().is_some_and(|part| !part.is_empty() && part.iter().all(small));
    let mut count = 0;
    let reserved = parts.all(|part| {
        count += 1;
        !part.is_empty() && part.iter().all(|b| small(b) || matches!(b, b'_' | b'.'))
    });
    cron || last && reserved && count > 0
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut lsb = false;
    let (mut test, mut list, mut reverse, mut stop, mut verbose, mut report) =
        (false, false, false, false, false, false);
    let mut arguments = Vec::new();
    let mut pattern = None;
    let mut mask = 0o022;
    let mut options = cx.parse(
        "t,test l,list a:arg u:umask -r,reverse -e,exit-on-error v,verbose -x:regex \
        -s,lsbsysinit -p,report -n,new-session -d,stdin",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b't' => test = true,
            b'l' => list = true,
            b'a' => arguments.push(options.value()),
            b'u' => {
                let text = options.value();
                let number = text.to_str().and_then(|text| u32::from_str_radix(text, 8).ok());
                let wrong = || Error::bad(show(&text), "not a umask").with(Status::FAILURE);
                mask = number.filter(|mask| *mask <= 0o777).ok_or_else(wrong)?;
            }
            b'r' => reverse = true,
            b'e' => stop = true,
            b'v' => verbose = true,
            b'p' => report = true,
            b's' => lsb = true,
            b'x' => {
                let text = options.bytes();
                let regex = Regex::new(&text, Flags::EXTENDED).map_err(Error::msg)?;
                pattern = Some(regex);
            }
            _ => {}
        }
    }
    let [dir] = options.operands.as_slice() else {
        return Err(Error::usage("wants one folder").with(Status::FAILURE));
    };
    let (entries, _) = folder::list(dir.as_ref()).map_err(|e| Error::os(show(dir), e))?;
    let mut names: Vec<OsString> = Vec::new();
    for entry in entries {
        let name = entry.name.as_bytes();
        let fits = match &pattern {
            Some(regex) => regex.is_match(name),
            None if lsb => is_of_lsb(name),
            None => name.iter().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(b)),
        };
        if fits {
            names.push(entry.name);
        }
    }
    order::sort(&mut names);
    if reverse {
        names.reverse();
    }
    umask(Mode::from_bits_truncate(mask));
    let mut status = Status::OK;
    for name in names {
        let path = OsString::from_vec(join(dir.as_bytes(), name.as_bytes()));
        match stat(path.as_os_str()) {
            Ok(stat) if stat.st_mode & libc::S_IFMT == libc::S_IFREG => {}
            Ok(_) => continue,
            Err(errno) => {
                if !list {
                    cx.note(Error::os(show(&path), errno));
                }
                // Where nothing is run, nothing has failed.
                if !list && !test {
                    status = Status::FAILURE;
                }
                continue;
            }
        }
        let runs = access(path.as_os_str(), AccessFlags::X_OK).is_ok();
        if list || test && runs {
            cx.put(path.as_bytes())?;
            cx.put(b"\n")?;
        }
        if list || test || !runs {
            continue;
        }
        if report {
            cx.put(path.as_bytes())?;
            cx.put(b":\n")?;
        }
        if verbose {
            cx.note(format_args!("executing {}", show(&path)));
        }
        let mut words = vec![path.clone()];
        words.extend(arguments.iter().cloned());
        let failed = match wait_for(cx, &words, &Place::default()) {
            Ok(Status::OK) => false,
            Ok(Status(code)) => {
                cx.note(format_args!("{} exited with return code {code}", show(&path)));
                true
            }
            Err(error) => {
                cx.note(error);
                true
            }
        };
        if failed {
            status = Status::FAILURE;
            if stop {
                break;
            }
        }
    }
    Ok(status)
}
