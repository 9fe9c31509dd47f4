//! attach: reach the rescue shell of a machine that `rescuebox vm` runs,
//! without any network in it.
//!
//! The machine has a virtio-serial port whose other end is a socket in a
//! folder that only its user may enter ([`crate::vm::door`]). Once its boot
//! has stopped, a telnetd-lite waits behind that port; the token that is both
//! in the image and beside the socket opens it. It is a terminal like any
//! other: size, job control, Ctrl-C.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;

use super::telnet::{Talk, menu_key, talk, terminal_name};
use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::vm::door;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "attach",
    summary: "reach the rescue shell of a virtual machine",
    usage: "[-e KEY] [NAME]\n\
            \x20      attach -l\n\
            \x20 -l  list the machines that `rescuebox vm` runs for you\n\
            \x20 -e  the key to the menu, instead of ^] (an empty one: none)\n\
            \x20NAME is what vm --name said, or the process of vm; needed when there are several.",
    kind: Kind::Fork, // it waits and reads the terminal
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("l,list e:escape")?;
    let (mut list, mut key) = (false, Some(0x1d));
    while let Some(letter) = options.next() {
        match letter {
            b'l' => list = true,
            _ => key = menu_key(&options.bytes()),
        }
    }
    options.at_most(1)?;
    let mut machines = door::all(cx.env);
    if list {
        for machine in &machines {
            cx.print(format_args!(
                "{}\t{}\n",
                show_bytes(&machine.name),
                show_bytes(&machine.pid)
            ))?;
        }
        return Ok(Status::OK);
    }
    let machine = match options.operands.first() {
        Some(name) => machines
            .into_iter()
            .find(|machine| machine.name == name.as_bytes() || machine.pid == name.as_bytes())
            .ok_or_else(|| Error::bad(show(name), "no such machine; attach -l lists them"))?,
        None if machines.len() > 1 => {
            return Err(Error::msg("there are several machines; attach -l lists them"));
        }
        None => machines.pop().ok_or_else(|| Error::msg("there is no machine"))?,
    };
    let line = machine.enter()?;
    let leave = if key.is_some() { "; the menu's key, then e, leaves it" } else { "" };
    cx.note(format_args!(
        "machine {}: its shell comes when a boot has stopped{leave}",
        show_bytes(&machine.name)
    ));
    let terminal = terminal_name(cx);
    talk(cx, &line, &Talk { terminal: &terminal, key, token: Some(&machine.token) })
}

/// The virtio-serial port of this name, when its other end is connected.
pub(super) fn open_port(name: &[u8]) -> Option<OwnedFd> {
    let node = std::fs::read_dir("/sys/class/virtio-ports").ok()?.flatten().find_map(|entry| {
        let text = crate::sys::file::read(entry.path().join("name")).ok()?;
        (text.trim_ascii_end() == name).then(|| entry.file_name())
    })?;
    let path = Path::new("/dev").join(std::ffi::OsStr::from_bytes(node.as_bytes()));
    let flags = OFlag::O_RDWR | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    let fd = open(&path, flags, Mode::empty()).ok()?;
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::empty())];
    let gone = poll(&mut fds, PollTimeout::ZERO).is_ok()
        && fds.iter().any(|fd| fd.revents().is_some_and(|r| r.contains(PollFlags::POLLHUP)));
    (!gone).then_some(fd)
}
