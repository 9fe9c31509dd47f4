//! The children of PID 1 after a failure: one that explains it, and the rescue
//! shells, one a console.

use std::ffi::{OsStr, OsString};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::stat::Mode;
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, mkdir, setsid};

use super::consoles::Console;
use super::drivers::Modules;
use super::explain::{self, Scene};
use super::plan::{Devices, Step};
use super::policy::{Access, Ending, Reason, Rules};
use super::supervise::Supervisor;
use super::{Fault, api, dossier, keys, look};
use crate::applet::{self, Ctx, Env, Out};
use crate::cmdline::Emergency;
use crate::dev::read_small;
use crate::sys;
use crate::sys::path::open;
use crate::sys::process::{Forked, crash_by_default, exit_now, fork};

mod guard;

/// A shell ends so when somebody has left it.
pub const LEFT: i32 = 0;
/// Nobody is at the other end of the line.
const DEAD: i32 = 1;
/// The countdown has run out.
pub const TIMED_OUT: i32 = 2;
/// The password was not known.
pub const REFUSED: i32 = 3;

/// The explanation is not longer.
const TEXT_MAX: usize = 16 << 10;

fn end(how: i32) -> ! {
    exit_now(u8::try_from(how).unwrap_or(1))
}

/// How a shell is opened.
pub struct Opening<'a> {
    /// Where.
    pub console: &'a Console,
    /// For whom.
    pub access: Access,
    /// Why.
    pub reason: Reason,
    /// Seconds in which somebody has to press a key, and what comes if nobody
    /// does.
    pub countdown: Option<(u32, Ending)>,
}

/// Ends the machine. Returns only when that does not work.
pub fn carry_out(ending: Ending) {
    let mode = match ending.how {
        None => return,
        Some(Emergency::Reboot) => RebootMode::RB_AUTOBOOT,
        Some(Emergency::Poweroff) => RebootMode::RB_POWER_OFF,
        Some(Emergency::Halt) => RebootMode::RB_HALT_SYSTEM,
    };
    nix::unistd::sync();
    let _ = reboot(mode);
}

/// In a child: finds out why step `failed` has failed, writes it down, and
/// prints it on the consoles that get no shell, all of them when `alone`.
pub fn explain(
    boot: &Supervisor,
    failed: usize,
    consoles: &[Console],
    rules: &Rules,
    alone: bool,
) -> ! {
    crash_by_default();
    keys::wipe(!boot.switched);
    let none = Fault::new("it failed");
    let scene = Scene {
        steps: &boot.steps,
        failed,
        fault: boot.log.fault(failed).unwrap_or(&none),
        fate: boot.fate,
        cmdline: &boot.cmdline,
        switched: boot.switched,
        seen: look::seen(boot, failed),
    };
    let text = explain::text(&scene);
    let _ = mkdir(super::DIR, Mode::from_bits_truncate(0o700));
    let _ = dossier::write_file(explain::PATH.as_bytes(), text.as_bytes());
    for console in consoles {
        let denied = rules.access(Reason::Failed, console.line) == Access::Denied;
        if !alone && !denied {
            continue;
        }
        let closing = if alone {
            explain::closing(rules.ending, rules.refusal())
        } else {
            format!("  no shell on this line: {}\n", rules.refusal())
        };
        tell(console, &["\n", &text, &closing].concat());
    }
    let log = boot.log.table(&boot.steps);
    let _ = dossier::write(dossier::PATH.as_bytes(), &log);
    load_more_drivers(boot);
    exit_now(0)
}

/// A boot loads no more drivers than its root needs; a person may well need
/// those of a keyboard or a network card. Nobody waits for that.
fn load_more_drivers(boot: &Supervisor) {
    let all = |step: &Step| matches!(step, Step::Drivers { devices: Devices::All, .. });
    if boot.switched || boot.steps.iter().any(all) {
        return;
    }
    if let Ok(Forked::Child) = fork() {
        Modules::new(boot.cmdline.line, Vec::new()).load_all();
        exit_now(0);
    }
}

/// Prints on a console, and waits until it is out. One that nobody reads can
/// hold this up; PID 1 does not wait long.
fn tell(console: &Console, text: &str) {
    if !take(console) {
        api::open_console();
    }
    let _ = applet::write_all(sys::fd::stderr(), text.as_bytes());
    let _ = nix::sys::termios::tcdrain(sys::fd::stderr());
}

/// Puts the terminal on descriptors 0-2. Says whether that went well.
fn take(console: &Console) -> bool {
    // A serial line without a carrier blocks an open that may.
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK;
    let Ok(fd) = open(console.path().as_slice(), flags) else { return false };
    let _ = fcntl(&fd, FcntlArg::F_SETFL(OFlag::O_RDWR));
    [dup2_stdin(&fd), dup2_stdout(&fd), dup2_stderr(&fd)].iter().all(Result::is_ok)
}

/// Whether the other end of the line is gone.
fn is_hung_up() -> bool {
    let mut fds = [PollFd::new(sys::fd::stdin(), PollFlags::POLLIN)];
    let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
    match poll(&mut fds, PollTimeout::ZERO) {
        Ok(1) => fds.iter().any(|fd| fd.revents().is_some_and(|r| r.intersects(gone))),
        _ => false,
    }
}

/// In a child: explains, asks who is there, and runs a shell.
pub fn shell(boot: &Supervisor, opening: &Opening) -> ! {
    crash_by_default();
    let _ = setsid();
    if !take(opening.console) && !api::open_console() {
        end(DEAD);
    }
    let _ = sys::tty::make_controlling(sys::fd::stdin());
    keys::wipe(!boot.switched);
    sys::terminal::make_sane(sys::fd::stdin());
    set_size();
    let _ = applet::write_all(sys::fd::stderr(), message(boot, opening).as_bytes());
    if let Some((seconds, ending)) = opening.countdown
        && !guard::countdown(seconds, ending)
    {
        end(TIMED_OUT);
    }
    if opening.access == Access::Password
        && !guard::admit(boot.settings.password.as_deref().unwrap_or_default())
    {
        end(REFUSED);
    }
    run_shell(boot, opening.reason);
    end(if is_hung_up() { DEAD } else { LEFT })
}

/// Gives a terminal without a size the one that the runner of the virtual
/// machine knows, or else asks the terminal at the other end.
fn set_size() {
    let tty = sys::fd::stdin();
    if !matches!(sys::tty::size(tty), Ok((0, _) | (_, 0))) {
        return;
    }
    if !api::set_console_size() {
        sys::terminal::ask_size(tty, sys::fd::stderr());
    }
}

/// What is printed above the first prompt.
fn message(boot: &Supervisor, opening: &Opening) -> String {
    let Some(failed) = boot.failed else {
        return match boot.steps.get(boot.stopped) {
            Some(Step::Break(stage)) => format!(
                "\nrescuebox: stopped before {}, as rd.break= asks; leaving this shell, or boot \
                 continue, goes on\n",
                stage.name()
            ),
            _ => "\nrescuebox: no root= is on the kernel command line: this is a rescue system\n  \
                  boot set root=... && boot retry: boot from there\n"
                .into(),
        };
    };
    let text = read_small(explain::PATH, TEXT_MAX).unwrap_or_default();
    let mut text = String::from_utf8_lossy(&text).into_owned();
    if text.is_empty() {
        // Whoever looked around is gone: what PID 1 knows itself.
        let none = Fault::new("it failed");
        text = explain::text(&Scene {
            steps: &boot.steps,
            failed,
            fault: boot.log.fault(failed).unwrap_or(&none),
            fate: boot.fate,
            cmdline: &boot.cmdline,
            switched: boot.switched,
            seen: explain::Seen::default(),
        });
    }
    let offer = if opening.access == Access::Open { explain::OFFER } else { "" };
    ["\n", &text, offer].concat()
}

fn run_shell(boot: &Supervisor, reason: Reason) {
    let place = match boot.steps.get(boot.stopped) {
        Some(Step::Switch(_)) => "switch",
        Some(Step::Shell) | None => "rescue",
        Some(step) => step.stage().name(),
    };
    let mark = if reason == Reason::Asked { "before " } else { "" };
    let mut environment: Vec<OsString> = sys::start::environment()
        .filter(|entry| {
            let entry = entry.as_encoded_bytes();
            ![b"PATH=".as_slice(), b"HOME=", b"PS1="].iter().any(|name| entry.starts_with(name))
        })
        .map(OsStr::to_os_string)
        .collect();
    environment.push("PATH=/usr/sbin:/usr/bin:/sbin:/bin".into());
    environment.push("HOME=/".into());
    environment.push(format!("PS1=({mark}{place}) $PWD # ").into());
    let _ = nix::unistd::chdir("/");
    let args = [OsString::from("-i")];
    let Some(row) = boot.table.find(b"sh") else {
        let _ = applet::write_all(sys::fd::stderr(), b"rescuebox: there is no shell in here\n");
        exit_now(127);
    };
    let outer = Ctx::of_process(boot.table, "sh", OsStr::new("sh"), &args);
    let fds = [outer.stdin, outer.stdout, outer.stderr];
    let out = Out::to_fd(outer.stdout);
    let env = Env::List(&environment);
    let mut inner = outer.for_applet("sh", OsStr::new("sh"), &args, env, fds, out);
    applet::run(row.applet, &mut inner);
}
