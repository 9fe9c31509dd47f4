//! Programs whose output is waited for while they run, at a terminal of their
//! own where they want one.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(90);

/// A program whose output is collected.
pub struct Running {
    /// It.
    pub child: Child,
    seen: Arc<Mutex<Vec<u8>>>,
    at: usize,
    keyboard: Option<std::fs::File>,
}

impl Running {
    /// Starts it; `stream` is what it prints to.
    pub fn new(mut command: Command, stream: impl Read + Send + 'static) -> Running {
        let child = command.spawn().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut running = Running { child, seen, at: 0, keyboard: None };
        running.collect(stream);
        running
    }

    fn collect(&mut self, mut stream: impl Read + Send + 'static) {
        let seen = Arc::clone(&self.seen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = stream.read(&mut bytes) {
                seen.lock().unwrap().extend_from_slice(&bytes[..n]);
            }
        });
    }

    /// A program at a terminal of 33 lines of 101 columns.
    pub fn at_terminal(mut command: Command) -> Running {
        let size = Winsize { ws_row: 33, ws_col: 101, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).unwrap();
        let end = || Stdio::from(pty.slave.try_clone().unwrap());
        command.stdin(end()).stdout(end()).stderr(end());
        let master = std::fs::File::from(pty.master);
        let mut running = Running::new(command, master.try_clone().unwrap());
        running.keyboard = Some(master);
        running
    }

    /// Presses a key that is a signal until a prompt comes: a machine may be
    /// slow to start what it is for.
    #[track_caller]
    pub fn interrupt(&mut self, key: &str, prompt: &str) {
        let start = Instant::now();
        while !self.shows(prompt) {
            assert!(start.elapsed() < LIMIT, "the key does nothing");
            self.send(key);
            std::thread::sleep(Duration::from_millis(500));
        }
        self.wait_for(prompt);
    }

    /// Whether it has printed this since.
    pub fn shows(&self, text: &str) -> bool {
        let seen = self.seen.lock().unwrap();
        seen[self.at..].windows(text.len()).any(|w| w == text.as_bytes())
    }

    /// Waits until it has printed this, behind what earlier waits found.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        let start = Instant::now();
        loop {
            let seen = self.seen.lock().unwrap();
            let new = &seen[self.at..];
            if let Some(at) = new.windows(text.len()).position(|w| w == text.as_bytes()) {
                self.at += at + text.len();
                return;
            }
            let shown = String::from_utf8_lossy(&seen).into_owned();
            drop(seen);
            assert!(start.elapsed() < LIMIT, "no '{text}' in:\n{shown}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Types.
    pub fn send(&mut self, text: &str) {
        self.keyboard.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits for its end, and returns its status.
    #[track_caller]
    pub fn end(&mut self) -> i32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(start.elapsed() < LIMIT, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The runner ends its machine.
        let pid = nix::unistd::Pid::from_raw(self.child.id() as i32);
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && start.elapsed() < LIMIT {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
