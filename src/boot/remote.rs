//! `rescue.remote=`: the rescue shell for somebody far away, from the time that
//! a boot has stopped until it goes on.
//!
//! `rescue.remote=vsock[:PORT]` is for the host of a virtual machine, who knows
//! the token in the image; `rescue.remote=tcp:ADDR:PORT` for who knows the
//! password; `rescue.remote=port[:NAME]` for `rescuebox attach`, through the
//! virtio-serial port of that name. Without it nothing listens. A child of PID 1 sets up the network
//! (`ip=`) and becomes telnetd-lite.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, setsid};

use super::drivers::Modules;
use super::network;
use super::supervise::Supervisor;
use crate::applet::{self, show_bytes};
use crate::cmdline::Cmdline;
use crate::job;
use crate::net::address;
use crate::sys;
use crate::sys::process::{Forked, crash_by_default, exit_now, fork, reset_signals};

/// Where telnetd-lite listens on vsock when no port is named.
const VSOCK_PORT: &[u8] = b"1023";

/// The server that runs; 0 when there is none.
static SERVER: AtomicI32 = AtomicI32::new(0);

/// Starts the server that the command line asks for, once.
pub(super) fn start(boot: &Supervisor) {
    let wanted = arguments(&boot.cmdline);
    if wanted.is_empty() || SERVER.load(Ordering::Relaxed) != 0 {
        return;
    }
    match fork() {
        Ok(Forked::Parent(pid)) => SERVER.store(pid.as_raw(), Ordering::Relaxed),
        Ok(Forked::Child) => serve(&boot.cmdline, wanted),
        Err(_) => {}
    }
}

/// The boot goes on: the server tells its sessions so, and ends.
pub(super) fn stop() {
    let pid = SERVER.swap(0, Ordering::Relaxed);
    if pid > 0 {
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
}

/// One of PID 1's children has ended.
pub(super) fn ended(pid: Pid) {
    let _ = SERVER.compare_exchange(pid.as_raw(), 0, Ordering::Relaxed, Ordering::Relaxed);
}

/// The words behind telnetd-lite; none when nothing is asked for, or only what
/// makes no sense, which is said.
fn arguments(cmdline: &Cmdline<'_>) -> Vec<OsString> {
    let mut list: Vec<OsString> = Vec::new();
    for kept in cmdline.kept.iter().filter(|kept| kept.name == b"rescue.remote") {
        match parse(kept.value) {
            Some(words) => list.extend(words.into_iter().map(OsString::from_vec)),
            None => {
                let value = show_bytes(kept.value);
                let why = format!(
                    "rescue.remote={value}: not vsock[:PORT], port[:NAME] or tcp:ADDR:PORT"
                );
                applet::complain(sys::fd::stderr(), "rescuebox", &why);
            }
        }
    }
    list
}

fn parse(value: &[u8]) -> Option<Vec<Vec<u8>>> {
    let number = |port: &[u8]| !port.is_empty() && port.iter().all(u8::is_ascii_digit);
    if value == b"vsock" {
        return Some(vec![b"--vsock".to_vec(), VSOCK_PORT.to_vec()]);
    }
    if let Some(port) = value.strip_prefix(b"vsock:") {
        return number(port).then(|| vec![b"--vsock".to_vec(), port.to_vec()]);
    }
    if value == b"port" {
        return Some(vec![b"--port".to_vec(), job::RESCUE.into()]);
    }
    if let Some(name) = value.strip_prefix(b"port:") {
        return (!name.is_empty()).then(|| vec![b"--port".to_vec(), name.to_vec()]);
    }
    let rest = value.strip_prefix(b"tcp:")?;
    let colon = rest.iter().rposition(|&b| b == b':')?;
    let (ip, port) = rest.split_at_checked(colon)?;
    let port = port.get(1..)?;
    address::parse(ip)?;
    number(port).then(|| vec![b"-b".to_vec(), ip.to_vec(), b"-p".to_vec(), port.to_vec()])
}

fn has(words: &[OsString], word: &str) -> bool {
    words.iter().any(|other| other == word)
}

/// A root on a share needed none of them so far.
fn load_drivers(cmdline: &Cmdline<'_>, wanted: &[OsString]) {
    let mut modules = Modules::new(cmdline.line, Vec::new());
    if has(wanted, "-b") {
        modules.load_all();
    }
    for (word, names) in [
        ("--port", [&b"virtio_pci"[..], b"virtio_console"]),
        ("--vsock", [b"virtio_pci", b"vmw_vsock_virtio_transport"]),
    ] {
        if has(wanted, word) {
            names.iter().for_each(|name| modules.load(name));
        }
    }
}

/// In the child.
fn serve(cmdline: &Cmdline<'_>, wanted: Vec<OsString>) -> ! {
    crash_by_default();
    let _ = setsid();
    super::job::prepare_terminals();
    load_drivers(cmdline, &wanted);
    if has(&wanted, "-b") {
        for fault in network::configure(&cmdline.kept, network::APPEAR).faults {
            applet::complain(sys::fd::stderr(), "rescuebox", &fault);
        }
    }
    reset_signals();
    let mut words: Vec<OsString> = vec!["rescuebox".into(), "telnetd-lite".into(), "-F".into()];
    words.extend(wanted);
    let environment = [OsString::from("PATH=/usr/sbin:/usr/bin:/sbin:/bin")];
    sys::fd::close_others_on_exec();
    let mut list = environment.iter().map(OsString::as_os_str);
    // The name decides what the program is.
    let errno = sys::exec::exec_as(std::ffi::OsStr::new("/proc/self/exe"), &words, &mut list);
    let text = sys::text::error_text(errno as i32);
    applet::complain(sys::fd::stderr(), "rescuebox", &format_args!("telnetd-lite: {text}"));
    exit_now(127)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for() {
        let shown = |value: &str| {
            parse(value.as_bytes()).map(|words| String::from_utf8(words.join(&b' ')).unwrap())
        };
        assert_eq!(shown("vsock").unwrap(), "--vsock 1023");
        assert_eq!(shown("vsock:77").unwrap(), "--vsock 77");
        assert_eq!(shown("port").unwrap(), "--port rescuebox.rescue");
        assert_eq!(shown("port:a.b").unwrap(), "--port a.b");
        assert_eq!(shown("port:"), None);
        assert_eq!(shown("tcp:10.0.2.15:23").unwrap(), "-b 10.0.2.15 -p 23");
        assert_eq!(shown("tcp:[fd00::1]:23").unwrap(), "-b [fd00::1] -p 23");
        for bad in
            ["", "tcp", "tcp:23", "tcp::23", "tcp:here:23", "vsock:", "vsock:x", "tcp:1.2.3.4:"]
        {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }
}
