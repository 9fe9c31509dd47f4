//! After a failure: the explanation, and a shell or the end of the machine.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;

use nix::sys::reboot::{RebootMode, reboot};
use nix::unistd::setsid;

use super::plan::{Run, Step};
use super::supervise::Supervisor;
use super::{SECOND, api};
use crate::applet::{self, Ctx, Env, Out, Table};
use crate::cmdline::{Cmdline, Emergency};
use crate::sys;
use crate::sys::process::{crash_by_default, exit_now};

/// What follows a failed boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// A shell on the console.
    Shell,
    /// No shell.
    End(Ending),
}

/// How the machine ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What is done; `None`: nothing, it waits for ever, as a kernel does
    /// after `panic=0`.
    pub how: Option<Emergency>,
    /// Seconds between the explanation and that.
    pub delay: u32,
}

/// Without a shell and without a word about what else to do, the machine
/// starts again, so that a passing fault does not need a visitor.
const DEFAULT_DELAY: u32 = 10;

/// How long the explanation may take on a slow or stuck console.
const TELLING: u64 = 5 * SECOND;

/// What the command line wants when a boot fails: `rd.shell=0`, `panic=` (as
/// in initramfs-tools) and `rd.emergency=` each mean no shell, `rd.shell=1`
/// takes back the last of them.
pub fn policy(cmdline: &Cmdline) -> Policy {
    let forbidden = cmdline.shell == Some(false)
        || cmdline.panic.is_some()
        || (cmdline.emergency.is_some() && cmdline.shell != Some(true));
    if !forbidden {
        return Policy::Shell;
    }
    let ending = match (cmdline.emergency, cmdline.panic) {
        (Some(how), seconds) => {
            let delay = seconds.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
            Ending { how: Some(how), delay }
        }
        (None, Some(0)) => Ending { how: None, delay: 0 },
        (None, Some(n)) => {
            Ending { how: Some(Emergency::Reboot), delay: u32::try_from(n).unwrap_or(0) }
        }
        (None, None) => Ending { how: Some(Emergency::Reboot), delay: DEFAULT_DELAY },
    };
    Policy::End(ending)
}

impl Ending {
    /// Nanoseconds that the explanation and the delay may take together.
    pub fn telling(self) -> u64 {
        TELLING + self.delay()
    }

    /// Nanoseconds between the explanation and the end.
    pub fn delay(self) -> u64 {
        u64::from(self.delay) * SECOND
    }

    /// Ends the machine. Returns only when that does not work.
    pub fn carry_out(self) {
        let mode = match self.how {
            None => return,
            Some(Emergency::Reboot) => RebootMode::RB_AUTOBOOT,
            Some(Emergency::Poweroff) => RebootMode::RB_POWER_OFF,
            Some(Emergency::Halt) => RebootMode::RB_HALT_SYSTEM,
        };
        nix::unistd::sync();
        let _ = reboot(mode);
    }
}

/// What is printed when step `failed` has failed: the line by which the
/// runner of a virtual machine knows it, what was seen, what to do.
pub fn explanation(boot: &Supervisor, failed: usize) -> String {
    let mut text = String::new();
    let Some(step) = boot.steps.get(failed) else { return text };
    let fault = boot.log.fault(failed);
    let mut lines = fault.map(|f| f.text.lines()).into_iter().flatten();
    let cause = lines.next().unwrap_or("it failed");
    // A console may stand in the middle of a line of the kernel's.
    let _ = writeln!(
        text,
        "\nrescuebox: boot failed: step {} of {}, {step}: {}",
        failed + 1,
        boot.steps.len(),
        applet::show(cause)
    );
    for line in lines.take(6) {
        let _ = writeln!(text, "  {}", applet::show(line));
    }
    for complaint in boot.cmdline.complaints.iter().filter(|c| !c.fatal).take(3) {
        let _ = writeln!(text, "  {complaint}");
    }
    match boot.policy() {
        Policy::Shell => text.push_str(
            "  boot status: every step; boot retry, or leaving this shell: try again;\n  \
             boot continue: go on behind the failed step, mended by hand\n",
        ),
        Policy::End(Ending { how, delay }) => {
            let what = match how {
                None => "waiting for ever",
                Some(Emergency::Reboot) => "restarting",
                Some(Emergency::Poweroff) => "powering off",
                Some(Emergency::Halt) => "halting",
            };
            let _ = match delay {
                0 => writeln!(text, "  {what}: no shell is allowed here"),
                n => writeln!(text, "  {what} in {n} s: no shell is allowed here"),
            };
        }
    }
    text
}

/// The console as descriptors 0-2 of this process, in a session of its own.
fn take_console() {
    crash_by_default();
    let _ = setsid();
    api::open_console();
    let _ = sys::tty::make_controlling(sys::fd::stdin());
}

/// In a child: prints the explanation and waits until it is out.
pub fn tell(boot: &Supervisor, failed: usize) -> ! {
    crash_by_default();
    api::open_console();
    let text = explanation(boot, failed);
    let _ = applet::write_all(sys::fd::stderr(), text.as_bytes());
    // A console that nobody reads can hold this up; PID 1 does not wait long.
    let _ = nix::sys::termios::tcdrain(sys::fd::stderr());
    exit_now(0)
}

/// In a child: explains and runs a shell on the console.
pub fn shell(boot: &Supervisor, table: &'static Table) -> ! {
    take_console();
    let text = match boot.failed {
        Some(failed) => explanation(boot, failed),
        None => "\nrescuebox: no root= is on the kernel command line: this is a rescue system\n"
            .to_string(),
    };
    let _ = applet::write_all(sys::fd::stderr(), text.as_bytes());
    let place = match boot.failed.and_then(|n| boot.steps.get(n)) {
        Some(Step::Switch(Run::Job | Run::Init(_))) => "switch",
        Some(step) => step.stage().name(),
        None => "rescue",
    };
    let mut environment: Vec<OsString> = sys::start::environment()
        .filter(|entry| {
            let entry = entry.as_encoded_bytes();
            ![b"PATH=".as_slice(), b"HOME=", b"PS1="].iter().any(|name| entry.starts_with(name))
        })
        .map(OsStr::to_os_string)
        .collect();
    environment.push("PATH=/usr/sbin:/usr/bin:/sbin:/bin".into());
    environment.push("HOME=/".into());
    environment.push(format!("PS1=({place}) $PWD # ").into());
    let _ = nix::unistd::chdir("/");
    let args = [OsString::from("-i")];
    let Some(row) = table.find(b"sh") else {
        let _ = applet::write_all(sys::fd::stderr(), b"rescuebox: there is no shell in here\n");
        exit_now(127);
    };
    let outer = Ctx::of_process(table, "sh", OsStr::new("sh"), &args);
    let fds = [outer.stdin, outer.stdout, outer.stderr];
    let out = Out::to_fd(outer.stdout);
    let env = Env::List(&environment);
    let mut inner = outer.for_applet("sh", OsStr::new("sh"), &args, env, fds, out);
    exit_now(applet::run(row.applet, &mut inner).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Policy {
        policy(&Cmdline::parse(line.as_bytes()))
    }

    fn end(how: Option<Emergency>, delay: u32) -> Policy {
        Policy::End(Ending { how, delay })
    }

    #[test]
    fn policies() {
        use Emergency::{Halt, Poweroff, Reboot};
        assert_eq!(of(""), Policy::Shell);
        assert_eq!(of("rd.shell"), Policy::Shell);
        assert_eq!(of("rd.shell=0"), end(Some(Reboot), 10));
        assert_eq!(of("rd.shell=0 rd.emergency=poweroff"), end(Some(Poweroff), 0));
        assert_eq!(of("rd.emergency=halt"), end(Some(Halt), 0));
        assert_eq!(of("rd.shell=1 rd.emergency=halt"), Policy::Shell);
        assert_eq!(of("rd.shell=0 rd.shell=1 rd.emergency=halt"), end(Some(Halt), 0));
        assert_eq!(of("panic=5"), end(Some(Reboot), 5));
        assert_eq!(of("panic=-1"), end(Some(Reboot), 0));
        assert_eq!(of("panic=0"), end(None, 0));
        assert_eq!(of("panic=3 rd.emergency=poweroff"), end(Some(Poweroff), 3));
        assert_eq!(of("rd.shell=1 panic=5"), end(Some(Reboot), 5));
        assert_eq!(of("rd.shell=maybe"), end(Some(Reboot), 10));
    }
}
