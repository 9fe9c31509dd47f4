//! uevent: run a program for each message of the kernel about devices, or
//! print them. busybox's; messages of others than the kernel do not count.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::dev::uevent::{Heard, Listener, MESSAGE_MAX};
use crate::sys::process::{self, Forked, exit_now};
use crate::uevent::Uevent;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "uevent",
    summary: "watch the kernel's messages about devices",
    usage: "[PROG ARG...]\n\
            runs PROG for each with its words in the environment; prints them without one",
    kind: Kind::Exec, // stays
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("+")?;
    let listener = Listener::new().map_err(|e| Error::os("netlink", e))?;
    listener.make_room(2 << 20);
    let mut buffer = [0; MESSAGE_MAX];
    loop {
        match listener.hear(&mut buffer) {
            Heard::Nothing => {
                cx.flush()?;
                listener.is_ready(u16::MAX);
            }
            Heard::Lost => cx.note("messages were lost"),
            Heard::Message(message) => {
                let Some(event) = Uevent::parse(message) else { continue };
                let words = event.words.split(|&b| b == 0).filter(|word| !word.is_empty());
                if options.operands.is_empty() {
                    cx.print(format_args!(
                        "{}@{}\n",
                        show_bytes(event.action),
                        show_bytes(event.devpath)
                    ))?;
                    for word in words {
                        cx.print(format_args!("{}\n", show_bytes(word)))?;
                    }
                    cx.put(b"\n")?;
                    continue;
                }
                let mut environment: Vec<OsString> =
                    cx.env.iter().map(|e| e.to_os_string()).collect();
                environment.extend(words.map(|word| OsString::from_vec(word.to_vec())));
                match process::fork().map_err(|e| Error::os("fork", e))? {
                    Forked::Parent(child) => {
                        let _ = nix::sys::wait::waitpid(child, None);
                    }
                    Forked::Child => {
                        process::reset_signals();
                        let path = cx.env.get(b"PATH");
                        let mut list = environment.iter().map(OsString::as_os_str);
                        crate::sys::exec::exec(&options.operands, path, &mut list);
                        exit_now(127)
                    }
                }
            }
        }
    }
}
