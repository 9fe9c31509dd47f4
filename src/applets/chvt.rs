//! chvt, fgconsole, deallocvt, openvt, setconsole and setlogcons: virtual
//! consoles. As kbd and busybox have them.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::wait::waitpid;
use nix::unistd;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::options::number;
use crate::sys::console;
use crate::sys::process::{self, Forked};
use crate::sys::{self, fd, path, tty};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "chvt",
    summary: "show another virtual console",
    usage: "N",
    kind: Kind::Fork, // waits until it is shown
    run: chvt,
};

/// fgconsole.
pub(super) static FGCONSOLE: Applet = Applet {
    name: "fgconsole",
    summary: "print the number of the console that is shown",
    usage: "[-n]\n\
            \x20 -n  of the first one that is free",
    kind: Kind::NoFork, // asks the kernel
    run: fgconsole,
};

/// deallocvt.
pub(super) static DEALLOCVT: Applet = Applet {
    name: "deallocvt",
    summary: "free the memory of unused virtual consoles",
    usage: "[N...]\n\
            Without a number, of all that are not used.",
    kind: Kind::NoFork, // asks the kernel
    run: deallocvt,
};

/// openvt.
pub(super) static OPENVT: Applet = Applet {
    name: "openvt",
    summary: "run a program on another virtual console",
    usage: "[-c N] [-sweflv] [--] [PROG [ARG...]]\n\
            \x20 -c N  this one (otherwise the first that is free)   -f  though it is in use\n\
            \x20 -s  show it      -w  wait for the end of PROG, and show the old one again\n\
            \x20 -e  do not fork  -l  PROG is a login shell  -v  print the number\n\
            PROG is $SHELL, or /bin/sh.",
    kind: Kind::Fork, // becomes another program
    run: openvt,
};

/// setconsole.
pub(super) static SETCONSOLE: Applet = Applet {
    name: "setconsole",
    summary: "redirect what is written to /dev/console",
    usage: "[-r] [DEVICE]\n\
            to DEVICE, a terminal (/dev/tty)\n\
            \x20 -r  no more",
    kind: Kind::NoFork, // asks the kernel
    run: setconsole,
};

/// setlogcons.
pub(super) static SETLOGCONS: Applet = Applet {
    name: "setlogcons",
    summary: "choose the console for the kernel's messages",
    usage: "[N]\n\
            0, or none: the one that is shown",
    kind: Kind::NoFork, // asks the kernel
    run: setlogcons,
};

/// The highest number of a console.
const LAST: u64 = 63;

/// A console, whichever, to ask the kernel through.
pub(super) fn any(cx: &Ctx) -> Result<OwnedFd, Error> {
    for name in ["/dev/tty", "/dev/tty0", "/dev/console"] {
        let flags = OFlag::O_NOCTTY | OFlag::O_NONBLOCK;
        for how in [OFlag::O_RDWR, OFlag::O_WRONLY, OFlag::O_RDONLY] {
            if let Ok(fd) = path::open(name, how | flags)
                && console::is_console(&fd)
            {
                return Ok(fd);
            }
        }
    }
    for standard in [cx.stdin, cx.stdout, cx.stderr] {
        if console::is_console(standard) {
            return fd::duplicate_from(standard, 3).map_err(|e| Error::os("console", e));
        }
    }
    Err(Error::msg("there is no console (no virtual terminals, or not on one of them)"))
}

/// The console of this name, or any.
pub(super) fn named(cx: &Ctx, name: Option<&OsStr>) -> Result<OwnedFd, Error> {
    let Some(name) = name else { return any(cx) };
    path::open(name, OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK)
        .map_err(|e| Error::os(show(name), e))
}

fn numbered(text: &OsStr, least: u64) -> Result<i32, Error> {
    number(text)
        .filter(|n| (least..=LAST).contains(n))
        .and_then(|n| i32::try_from(n).ok())
        .ok_or_else(|| Error::about(show(text), "not the number of a console, 1 to 63"))
}

fn failed(number: i32, errno: Errno) -> Error {
    Error::os(format_args!("console {number}"), errno)
}

fn chvt(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("")?;
    let [text] = options.operands.as_slice() else { return Err(Error::usage("which console?")) };
    let number = numbered(text, 1)?;
    console::show(any(cx)?, number).map_err(|e| failed(number, e))?;
    Ok(Status::OK)
}

fn fgconsole(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("n,next-available")?;
    options.at_most(0)?;
    let fd = any(cx)?;
    let answer = if options.has(b'n') { console::free(fd) } else { console::active(fd) };
    let number = answer.map_err(|e| Error::os("console", e))?;
    cx.print(format_args!("{number}\n"))?;
    Ok(Status::OK)
}

fn deallocvt(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("")?;
    if options.operands.is_empty() {
        options.operands.push("0".into());
    }
    let mut numbers = Vec::new();
    for text in &options.operands {
        numbers.push(numbered(text, u64::from(text != "0"))?);
    }
    let fd = any(cx)?;
    for number in numbers {
        if let Err(errno) = console::free_memory(&fd, number) {
            cx.warn(failed(number, errno));
        }
    }
    Ok(cx.status())
}

fn setconsole(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("r,reset")?;
    options.at_most(1)?;
    let name = match options.operands.first() {
        Some(name) => name.as_os_str(),
        None if options.has(b'r') => OsStr::new("/dev/console"),
        None => OsStr::new("/dev/tty"),
    };
    let fd = path::open(name, OFlag::O_WRONLY | OFlag::O_NOCTTY)
        .map_err(|e| Error::os(show(name), e))?;
    console::redirect_output(fd).map_err(|e| Error::os(show(name), e))?;
    Ok(Status::OK)
}

fn setlogcons(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("")?;
    options.at_most(1)?;
    let number = match options.operands.first() {
        Some(text) => numbered(text, 0)?,
        None => 0,
    };
    let name = format!("/dev/tty{number}");
    let fd = named(cx, Some(OsStr::new(&name)))?;
    console::redirect_messages(fd, u8::try_from(number).unwrap_or(0))
        .map_err(|e| failed(number, e))?;
    Ok(Status::OK)
}

fn openvt(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options =
        cx.parse("+c:console s,switch w,wait e,exec f,force l,login v,verbose u,user")?;
    let given = match options.take(b'c') {
        Some(text) => Some(numbered(&text, 1)?),
        None => None,
    };
    let any = any(cx)?;
    let number = match given {
        Some(number) => number,
        None => console::free(&any).map_err(|e| Error::os("free console", e))?,
    };
    let before = console::active(&any).map_err(|e| Error::os("console", e))?;
    let mut argv = std::mem::take(&mut options.operands);
    if argv.is_empty() {
        argv.push(cx.env.get(b"SHELL").unwrap_or(OsStr::new("/bin/sh")).to_os_string());
    }
    let name = format!("/dev/tty{number}");
    // opened here, so that what is wrong with it is said here
    let terminal = path::open(name.as_str(), OFlag::O_RDWR | OFlag::O_NOCTTY)
        .map_err(|e| Error::os(&name, e))?;
    if options.has(b'v') {
        cx.note(format_args!("using {name}"));
    }
    if options.has(b's') {
        console::show(&any, number).map_err(|e| failed(number, e))?;
    }
    cx.flush()?;
    if options.has(b'e') {
        return Err(become_on(cx, terminal, &argv, options.has(b'l')));
    }
    let child = match process::fork().map_err(|e| Error::os("fork", e))? {
        Forked::Child => {
            let error = become_on(cx, terminal, &argv, options.has(b'l'));
            // standard error is the new console by now
            cx.note(&error);
            process::exit_now(error.status().0);
        }
        Forked::Parent(child) => child,
    };
    drop(terminal);
    if !options.has(b'w') {
        return Ok(Status::OK);
    }
    let status = loop {
        match waitpid(child, None) {
            Ok(status) => {
                if let Some(status) = Status::of_wait(&status) {
                    break status;
                }
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::os("wait", errno)),
        }
    };
    if options.has(b's') && before != number {
        console::show(&any, before).map_err(|e| failed(before, e))?;
    }
    // It may still be in use, or its program has children there.
    let _ = console::free_memory(&any, number);
    Ok(status)
}

/// Becomes a program in a session of its own on a terminal.
fn become_on(cx: &mut Ctx, terminal: OwnedFd, argv: &[OsString], login: bool) -> Error {
    let _ = unistd::setsid();
    for standard in 0..3 {
        if let Err(errno) = sys::descriptor::copy_onto(terminal.as_raw_fd(), standard) {
            return Error::os("terminal", errno);
        }
    }
    let _ = tty::take_controlling(terminal.as_fd());
    drop(terminal);
    let Some(program) = argv.first().filter(|_| login) else { return cx.become_program(argv) };
    let mut words = argv.to_vec();
    let base = program.as_bytes().rsplit(|&b| b == b'/').next().unwrap_or_default();
    let mut name = OsString::from("-");
    name.push(OsStr::from_bytes(base));
    if let Some(first) = words.first_mut() {
        *first = name;
    }
    let errno = sys::exec::exec_as(program, &words, &mut cx.env.iter());
    Error::os(show(program), errno).with(Status::NOT_FOUND)
}
