//! Scripts in a mount namespace of their own, for what would change the
//! machine's mounts.

#![allow(clippy::disallowed_macros)] // why a test is not run is printed

use std::process::{Command, Stdio};

use super::applet::{Output, program, reference};

/// How far this process may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    /// Root: devices can be mounted.
    Root,
    /// A user namespace: tmpfs, proc and bind mounts.
    User,
}

/// What can be done here; `None`, with the reason printed, when the system
/// gives no namespaces.
pub fn right(test: &str) -> Option<Right> {
    let works = |args: &[&str]| {
        Command::new("unshare")
            .args(args)
            .args(["sh", "-c", "mount -t tmpfs none /mnt"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    if works(&["-m"]) {
        return Some(Right::Root);
    }
    if works(&["-r", "-m"]) {
        return Some(Right::User);
    }
    eprintln!("{test}: not run: neither root's nor a user's mount namespace can be had here");
    None
}

/// As [`right`], for what only root can do.
pub fn is_root(test: &str) -> bool {
    match right(test) {
        Some(Right::Root) => true,
        Some(Right::User) => {
            eprintln!("{test}: not run: it needs root");
            false
        }
        None => false,
    }
}

/// Runs a shell script in a new mount namespace. `$RB` is the program under
/// test (`$RB mount ...`); an empty tmpfs is on `/mnt`, which is where it
/// starts.
pub fn script(right: Right, text: &str) -> Output {
    use std::os::unix::process::ExitStatusExt;
    let rb = reference().unwrap_or_else(|| program().into());
    let mut command = Command::new("unshare");
    if right == Right::User {
        command.arg("-r");
    }
    let whole = format!("mount -t tmpfs none /mnt && cd /mnt || exit 99\n{text}");
    let out = command
        .args(["-m", "--propagation", "private", "sh", "-c", &whole])
        .env("RB", rb)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let status = out.status.code().unwrap_or_else(|| 128 + out.status.signal().unwrap());
    let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
    Output { status, stdout: out.stdout, stderr }
}

/// Runs a script and compares its output, both streams of it, with `expected`.
#[track_caller]
pub fn prints(right: Right, text: &str, expected: &str) {
    let out = script(right, text);
    let seen = String::from_utf8_lossy(&out.stdout);
    assert_eq!(seen, expected, "of: {text}\n-- stderr\n{}", out.stderr);
}

/// For tests that take loop devices: one at a time, as they are numbered for the
/// whole machine and what was on one may still be seen by who looks at all.
pub fn loops() -> std::sync::MutexGuard<'static, ()> {
    static LOOPS: std::sync::Mutex<()> = std::sync::Mutex::new(());
    LOOPS.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
