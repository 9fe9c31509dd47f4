//! file: tell what kinds of data files hold, in the words of file 5.44 where it
//! knows the kind.
//!
//! Deviations: the kinds are built in (programs, scripts, archives, packed data,
//! filesystems, pictures, texts), there is no file of magic (`-m`, `-C`), and
//! packed files are not looked into (`-z`).

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::{FileStat, fstatat, major, minor};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::blk::probe::Source;
use crate::inputs;
use crate::magic;
use crate::sys::stream;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "file",
    summary: "tell what kinds of data files hold",
    usage: "[-bhikLNnps0E] [-F TEXT] [-f LIST] FILE...\n\
            \x20 -b  without names           -i, --mime-type, --mime-encoding  as MIME has it\n\
            \x20 -L  what links lead to      -h  links themselves (default)\n\
            \x20 -s  also what is on devices -f  names of files, one a line\n\
            \x20 -F  behind names (\":\")     -N  without blanks that align   -0  a zero byte behind names\n\
            \x20 -E  a file that cannot be read is a failure\n\
            \x20 - is standard input",
    kind: Kind::Fork, // reading may block
    run,
};

/// What is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Words,
    Mime,
    Type,
    Encoding,
}

struct Choice {
    form: Form,
    follow: bool,
    special: bool,
    strict: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx
        .parse(
            "b,brief C,compile c,checking-printout d,debug E e:exclude F:separator f:files-from \
             h,no-dereference i,mime k,keep-going L,dereference m:magic-file N,no-pad n,no-buffer \
             p,preserve-date r,raw s,special-files S,no-sandbox z,uncompress 0,print0 P: \
             -1,mime-type -2,mime-encoding -3,apple -4,extension",
        )
        .map_err(|e| e.with(Status::FAILURE))?;
    let mut c = Choice { form: Form::Words, follow: false, special: false, strict: false };
    c.follow = cx.env.get(b"POSIXLY_CORRECT").is_some();
    let (mut brief, mut pad, mut zero) = (false, true, 0);
    let mut separator = b":".to_vec();
    let mut names: Vec<OsString> = Vec::new();
    let mut listed = false;
    while let Some(letter) = options.next() {
        match letter {
            b'b' => brief = true,
            b'E' => c.strict = true,
            b'F' => separator = options.bytes(),
            b'f' => {
                listed = true;
                let list = [options.value()];
                inputs::each(cx, &list, &mut |_, input| {
                    while let Some(line) = input.next(b'\n')? {
                        names.push(OsStr::from_bytes(line).to_os_string());
                    }
                    Ok(())
                })?;
            }
            b'h' => c.follow = false,
            b'L' => c.follow = true,
            b'i' => c.form = Form::Mime,
            b'1' => c.form = Form::Type,
            b'2' => c.form = Form::Encoding,
            b'N' => pad = false,
            b'n' => {}
            b's' => c.special = true,
            b'0' => zero += 1,
            b'm' | b'C' | b'z' | b'3' | b'4' => {
                return Err(Error::usage("the kinds are built in, and nothing is unpacked")
                    .with(Status::FAILURE));
            }
            _ => {}
        }
    }
    names.append(&mut options.operands);
    if names.is_empty() && !listed {
        return Err(Error::usage("which file?").with(Status::FAILURE));
    }
    let shown = |name: &OsString| {
        if name == "-" { "/dev/stdin".to_string() } else { show(name).to_string() }
    };
    let wide = names.iter().map(|name| shown(name).chars().count()).max().unwrap_or(0);
    for name in &names {
        let (words, failed) = describe(cx, &c, name);
        let mut line = Vec::new();
        if !brief {
            let name = shown(name);
            line.extend_from_slice(name.as_bytes());
            if zero > 0 {
                line.push(0);
            }
            if zero < 2 {
                line.extend_from_slice(&separator);
                line.push(b' ');
                if pad && zero == 0 {
                    line.resize(line.len() + wide - name.chars().count(), b' ');
                }
            }
        }
        line.extend_from_slice(words.as_bytes());
        line.push(b'\n');
        cx.put(&line)?;
        if failed && c.strict {
            cx.fail();
        }
    }
    Ok(cx.status())
}

/// The bytes of a file, for the look at them.
struct Opened {
    file: OwnedFd,
    size: u64,
}

impl Source for Opened {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> bool {
        let Ok(mut at) = libc::off_t::try_from(offset) else { return false };
        let mut rest = buffer;
        while !rest.is_empty() {
            match nix::sys::uio::pread(&self.file, rest, at) {
                Ok(0) => return false,
                Ok(count) => {
                    at += i64::try_from(count).unwrap_or(0);
                    rest = rest.get_mut(count..).unwrap_or_default();
                }
                Err(Errno::EINTR) => {}
                Err(_) => return false,
            }
        }
        true
    }
}

/// What a file is, and whether that could not be told.
fn describe(cx: &Ctx, c: &Choice, name: &OsStr) -> (String, bool) {
    if name == "-" {
        return match stream::to_end(cx.stdin) {
            Ok(bytes) if bytes.is_empty() => (special(c, "empty", "inode/x-empty"), false),
            Ok(bytes) => (formed(c, &magic::look(&bytes)), false),
            Err(error) => (format!("cannot read ({})", crate::applet::reason(&error)), true),
        };
    }
    let here = nix::fcntl::AT_FDCWD;
    let flags = if c.follow { AtFlags::empty() } else { AtFlags::AT_SYMLINK_NOFOLLOW };
    let stat = match fstatat(here, name, flags) {
        Ok(stat) => stat,
        Err(errno) => {
            let why = crate::sys::text::error_text(errno as i32);
            return if c.strict {
                (format!("ERROR: cannot stat `{}' ({why})", show(name)), true)
            } else {
                (format!("cannot open `{}' ({why})", show(name)), true)
            };
        }
    };
    let device = matches!(stat.st_mode & libc::S_IFMT, libc::S_IFBLK | libc::S_IFCHR);
    if !(device && c.special)
        && let Some(words) = of_special(c, name, &stat)
    {
        return (words, false);
    }
    if stat.st_size == 0 && !device {
        return (special(c, "empty", "inode/x-empty"), false);
    }
    let opened = crate::sys::path::open(name, OFlag::O_RDONLY | OFlag::O_NONBLOCK);
    let Ok(file) = opened else {
        let mode = if stat.st_mode & 0o111 != 0 { "executable, " } else { "" };
        let mode =
            if stat.st_mode & 0o222 != 0 { format!("writable, {mode}") } else { mode.into() };
        let words = format!("{mode}regular file, no read permission");
        return (special(c, &words, "application/x-no-read-permission"), false);
    };
    let mut size = u64::try_from(stat.st_size).unwrap_or(0);
    if device {
        size = crate::sys::block::ask_wide(file.as_fd(), crate::sys::block::SIZE).unwrap_or(0);
        if size == 0 {
            return (special(c, "empty", "inode/x-empty"), false);
        }
    }
    let kind = magic::look(&Opened { file, size });
    let words = formed(c, &kind);
    let before = if c.form == Form::Words { modes(stat.st_mode) } else { String::new() };
    (before + &words, false)
}

/// What is no regular file.
fn of_special(c: &Choice, name: &OsStr, stat: &FileStat) -> Option<String> {
    let numbers = format!("({}/{})", major(stat.st_rdev), minor(stat.st_rdev));
    let before = modes(stat.st_mode);
    let (words, mime) = match stat.st_mode & libc::S_IFMT {
        libc::S_IFDIR => ("directory".to_string(), "inode/directory"),
        libc::S_IFBLK => (format!("block special {numbers}"), "inode/blockdevice"),
        libc::S_IFCHR => (format!("character special {numbers}"), "inode/chardevice"),
        libc::S_IFIFO => ("fifo (named pipe)".to_string(), "inode/fifo"),
        libc::S_IFSOCK => ("socket".to_string(), "inode/socket"),
        libc::S_IFLNK => {
            let target = std::fs::read_link(name).unwrap_or_default();
            let broken = std::fs::metadata(name).is_err();
            let start = if broken { "broken symbolic link to " } else { "symbolic link to " };
            (format!("{start}{}", show(&target)), "inode/symlink")
        }
        _ => return None,
    };
    Some(special(c, &format!("{before}{words}"), mime))
}

/// The three bits above the permissions, in words.
fn modes(mode: u32) -> String {
    let mut words = String::new();
    let bits =
        [(libc::S_ISUID, "setuid, "), (libc::S_ISGID, "setgid, "), (libc::S_ISVTX, "sticky, ")];
    for (bit, word) in bits {
        if mode & bit != 0 {
            words.push_str(word);
        }
    }
    // before what a file is there is no comma
    if mode & libc::S_IFMT == libc::S_IFREG { words.replace(',', "") } else { words }
}

fn special(c: &Choice, words: &str, mime: &'static str) -> String {
    match c.form {
        Form::Words => words.to_string(),
        Form::Mime => format!("{mime}; charset=binary"),
        Form::Type => mime.to_string(),
        Form::Encoding => "binary".to_string(),
    }
}

fn formed(c: &Choice, kind: &magic::Kind) -> String {
    let charset = if kind.charset.is_empty() { "binary" } else { kind.charset };
    match c.form {
        Form::Words => kind.words.clone(),
        Form::Mime => format!("{}; charset={charset}", kind.mime),
        Form::Type => kind.mime.to_string(),
        Form::Encoding => charset.to_string(),
    }
}
