//! Orphans by the thousand, and rescue shells: PID 1 does not grow.

#![allow(clippy::disallowed_macros)] // the figures are printed

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::pty::openpty;

use super::prison::{LIMIT, Prison};
use crate::harness::namespace;

/// A process 1 with a terminal.
struct Inside {
    child: Child,
    pid: u32,
    keyboard: std::fs::File,
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Inside {
    fn new(prison: &Prison, line: &str) -> Inside {
        let pty = openpty(None, None).unwrap();
        let slave = nix::unistd::ttyname(&pty.slave).unwrap();
        // As long as this test may take.
        let mut command = prison.command(line, &slave, &[]);
        let short = LIMIT.as_secs().to_string();
        let longest = times(6000, 600).to_string();
        let limit = command.get_args().position(|arg| arg == short.as_str()).unwrap();
        let args: Vec<_> = command
            .get_args()
            .enumerate()
            .map(|(n, arg)| if n == limit { longest.as_str().into() } else { arg.to_os_string() })
            .collect();
        let mut other = std::process::Command::new(command.get_program());
        other.args(args).envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
        command = other;
        let child = command.spawn().unwrap();
        let screen = Arc::new(Mutex::new(Vec::new()));
        let mut reader = std::fs::File::from(pty.master.try_clone().unwrap());
        let copy = Arc::clone(&screen);
        let slave = pty.slave;
        std::thread::spawn(move || {
            // Held open, so that reading goes on between two shells.
            let _slave = slave;
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut bytes) {
                let mut screen = copy.lock().unwrap();
                screen.extend_from_slice(&bytes[..n]);
                let long = screen.len().saturating_sub(1 << 16);
                screen.drain(..long);
            }
        });
        let keyboard = std::fs::File::from(pty.master);
        let mut inside = Inside { child, pid: 0, keyboard, screen };
        inside.wait_for("# ");
        inside.pid = inside.find_pid();
        inside
    }

    /// Process 1 of the namespace, by its number out here.
    fn find_pid(&self) -> u32 {
        let mut pid = self.child.id();
        // timeout, unshare, process 1.
        for _ in 0..2 {
            let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
            pid = list.split_whitespace().next().unwrap().parse().unwrap();
        }
        pid
    }

    fn wait_for(&mut self, text: &str) {
        let start = Instant::now();
        loop {
            let mut screen = self.screen.lock().unwrap();
            if let Some(at) = screen.windows(text.len()).position(|w| w == text.as_bytes()) {
                screen.drain(..at + text.len());
                return;
            }
            let shown = String::from_utf8_lossy(&screen).into_owned();
            drop(screen);
            assert!(start.elapsed() < Duration::from_secs(300), "no '{text}' in {shown}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn send(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Tells PID 1 something over its socket, as `boot` does.
    fn ask(&self, line: &str) -> String {
        let path = format!("/proc/{}/root/run/rescuebox/control", self.pid);
        let mut answer = String::new();
        if let Ok(mut socket) = UnixStream::connect(path) {
            let _ = socket.write_all(format!("{line}\n").as_bytes());
            let _ = socket.read_to_string(&mut answer);
        }
        answer
    }

    /// Resident kilobytes and open descriptors of PID 1.
    fn size(&self) -> (u64, usize) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        let resident = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        (resident, std::fs::read_dir(format!("/proc/{}/fd", self.pid)).unwrap().count())
    }

    fn zombies(&self) -> usize {
        let path = format!("/proc/{0}/task/{0}/children", self.pid);
        std::fs::read_to_string(path).unwrap().split_whitespace().count()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.pid as i32);
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// How often, of what is wanted, when not everything was asked for.
fn times(all: usize, some: usize) -> usize {
    if std::env::var("ENDURANCE").is_ok_and(|v| v == "all") { all } else { some }
}

#[test]
fn orphans_are_reaped_and_nothing_grows() {
    if !namespace::is_root("orphans_are_reaped_and_nothing_grows") {
        return;
    }
    let prison = Prison::new("orphans", false);
    let mut inside = Inside::new(&prison, "root=/dev/none rescue.profile=vm rd.timeout=1");
    let script = |count: usize| {
        format!(
            "i=0; while [ $i -lt {count} ]; do (: & : & : & : & :); i=$((i+1)); done; echo all d''one\n"
        )
    };
    inside.send(&script(100));
    inside.wait_for("all done");
    let before = inside.size();
    inside.send(&script(times(25_000, 5_000)));
    inside.wait_for("all done");
    let start = Instant::now();
    while inside.zombies() > 1 {
        assert!(start.elapsed() < Duration::from_secs(20), "{} children left", inside.zombies());
        std::thread::sleep(Duration::from_millis(10));
    }
    let after = inside.size();
    assert_eq!(before.1, after.1, "descriptors");
    assert!(after.0 <= before.0 + 64, "{before:?} {after:?} kilobytes");
    eprintln!("PID 1 after orphans: {before:?} and {after:?} kilobytes and descriptors");
}

#[test]
fn rescue_shells_come_and_go_and_nothing_grows() {
    if !namespace::is_root("rescue_shells_come_and_go_and_nothing_grows") {
        return;
    }
    let prison = Prison::new("shells", false);
    // A failure that comes at once: a word that makes no sense.
    let mut inside = Inside::new(&prison, "root=banana rescue.profile=vm");
    // The first prompt has been seen; each try ends at another.
    let cycle = |inside: &mut Inside| {
        let answer = inside.ask("retry");
        assert!(answer.starts_with("ok"), "{answer}");
        inside.wait_for("# ");
    };
    (0..50).for_each(|_| cycle(&mut inside));
    let before = inside.size();
    (0..times(10_000, 500)).for_each(|_| cycle(&mut inside));
    let after = inside.size();
    assert!(after.1 <= before.1 + 1, "descriptors: {before:?} {after:?}");
    assert!(after.0 <= before.0 + 64, "{before:?} {after:?} kilobytes");
    let is_small = !prison.is_dynamic();
    assert!(after.0 <= 2048 || !is_small, "{after:?} kilobytes resident");
    eprintln!("PID 1 after rescue shells: {before:?} and {after:?} kilobytes and descriptors");
}
