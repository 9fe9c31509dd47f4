//! A pseudo terminal: a program at one end, the test's keys and eyes at the
//! other.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::applet::program;

/// How long any one answer may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Where a program is started.
enum Place<'a> {
    /// Without a terminal.
    Elsewhere,
    /// The terminal is its controlling one.
    Here,
    /// The terminal is its standard streams only: it may take it. In a folder.
    Console(&'a Path),
}

/// The test's end, and whoever is at the other.
pub struct Pty {
    child: Option<Child>,
    keys: File,
    slave: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Pty {
    /// A new terminal.
    pub fn new() -> Pty {
        let pty = nix::pty::openpty(None, None).unwrap();
        let keys = File::from(pty.master);
        let mut reader = keys.try_clone().unwrap();
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut block = [0; 4096];
            while let Ok(n) = reader.read(&mut block) {
                if n == 0 || sender.send(block[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Pty { child: None, keys, slave: File::from(pty.slave), screen, seen: String::new() }
    }

    /// A line typed, what it prints, and the prompt `P> ` again.
    #[track_caller]
    pub fn line(&mut self, typed: &str, printed: &str) {
        self.send(typed);
        self.send("\r");
        self.expect(&format!("\n{printed}"));
        self.expect("P> ");
    }

    /// Its name below /dev.
    pub fn name(&self) -> PathBuf {
        nix::unistd::ttyname(&self.slave).unwrap().strip_prefix("/dev").unwrap().into()
    }

    /// Makes it that large.
    pub fn resize(&self, rows: u16, columns: u16) {
        rescuebox::sys::tty::set_size(&self.slave, rows, columns).unwrap();
    }

    /// The speed it has.
    pub fn speed(&self) -> nix::sys::termios::BaudRate {
        nix::sys::termios::cfgetospeed(&nix::sys::termios::tcgetattr(&self.slave).unwrap())
    }

    /// Waits until whoever is there takes every key at once.
    #[track_caller]
    pub fn wait_raw(&self) {
        use nix::sys::termios::{LocalFlags, tcgetattr};
        let end = Instant::now() + LIMIT;
        while tcgetattr(&self.slave).unwrap().local_flags.contains(LocalFlags::ICANON) {
            assert!(Instant::now() < end, "the terminal stays as it is");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts an applet in a session of its own, elsewhere.
    pub fn start(&mut self, words: &[&str], environment: &[(&str, &str)]) {
        self.spawn(words, environment, &Place::Elsewhere);
    }

    /// Starts an applet in a session of its own, with this terminal as its
    /// standard streams.
    pub fn start_here(&mut self, words: &[&str], environment: &[(&str, &str)]) {
        self.spawn(words, environment, &Place::Here);
    }

    /// Starts an applet in a folder as PID 1 starts it on the console: in a
    /// session that has no controlling terminal yet.
    pub fn start_on_console(&mut self, words: &[&str], environment: &[(&str, &str)], dir: &Path) {
        self.spawn(words, environment, &Place::Console(dir));
    }

    fn spawn(&mut self, words: &[&str], environment: &[(&str, &str)], place: &Place) {
        let mut command = Command::new("setsid");
        match place {
            Place::Elsewhere => {}
            Place::Here => _ = command.arg("-c"),
            Place::Console(dir) => _ = command.current_dir(dir),
        }
        command.arg(program()).args(words).env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
        command.envs(environment.iter().copied());
        let stream = || match place {
            Place::Elsewhere => Stdio::null(),
            _ => Stdio::from(self.slave.try_clone().unwrap()),
        };
        self.child =
            Some(command.stdin(stream()).stdout(stream()).stderr(stream()).spawn().unwrap());
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until this is on the screen, behind what was waited for before;
    /// what came before it.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> String {
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(at) = self.seen.find(text) {
                let before = self.seen[..at].to_string();
                self.seen.drain(..at + text.len());
                return before;
            }
            match self.screen.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{text:?} did not come, but {:?}", self.seen)
                }
            }
        }
    }

    /// Waits until the program ends; its exit status, 128+N of a signal.
    #[track_caller]
    pub fn status(&mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        let child = self.child.as_mut().unwrap();
        let end = Instant::now() + LIMIT;
        while Instant::now() < end {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code().unwrap_or_else(|| 128 + status.signal().unwrap());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the program did not end: {:?}", self.seen);
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
