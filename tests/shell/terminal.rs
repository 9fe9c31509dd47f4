//! The interactive shell on a terminal of its own: a new session without a
//! controlling terminal, as PID 1 starts it on the console.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::harness::applet::program;

/// How long any one answer may take.
const LIMIT: Duration = Duration::from_secs(20);

struct Terminal {
    child: Child,
    keys: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    /// A shell at its prompt.
    fn new(term: &str) -> Terminal {
        let pty = nix::pty::openpty(None, None).unwrap();
        let slave = File::from(pty.slave);
        let mut command = Command::new("setsid");
        command.arg(program()).arg("sh").env_clear();
        command.envs([("PATH", "/usr/bin:/bin"), ("HOME", "/"), ("PS1", "P> "), ("TERM", term)]);
        command.stdin(slave.try_clone().unwrap()).stdout(slave.try_clone().unwrap());
        let child = command.stderr(Stdio::from(slave)).spawn().unwrap();
        // Its copies of the slave go with it, or the end would not be seen.
        drop(command);
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
        let mut terminal = Terminal { child, keys, screen, seen: String::new() };
        terminal.expect("P> ");
        terminal
    }

    fn send(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until this is on the screen, behind what was waited for before.
    #[track_caller]
    fn expect(&mut self, text: &str) {
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(at) = self.seen.find(text) {
                self.seen.drain(..at + text.len());
                return;
            }
            match self.screen.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{text:?} did not come, but {:?}", self.seen)
                }
            }
        }
    }

    /// A line typed, what it prints, and the prompt again.
    #[track_caller]
    fn line(&mut self, typed: &str, printed: &str) {
        self.send(typed);
        self.send("\r");
        self.expect(&format!("\n{printed}"));
        self.expect("P> ");
    }

    fn status(mut self) -> Option<i32> {
        let end = Instant::now() + LIMIT;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.kill().unwrap();
        panic!("the shell did not end: {:?}", self.seen);
    }
}

fn session(term: &str) {
    let mut t = Terminal::new(term);
    t.line("echo hi", "hi\r\n");
    t.line("jobs -p; set -o | grep monitor", "monitor         on\r\n");
    // A command is interrupted, the shell is not.
    t.send("sleep 60\r");
    std::thread::sleep(Duration::from_millis(300));
    t.send("\x03");
    t.expect("P> ");
    t.line("echo $?", "130\r\n");
    // So is a loop of commands.
    t.send("while :; do sleep 1; done\r");
    std::thread::sleep(Duration::from_millis(300));
    t.send("\x03");
    t.expect("P> ");
    // And a loop of nothing but built-in utilities.
    t.send("while :; do :; done\r");
    std::thread::sleep(Duration::from_millis(300));
    t.send("\x03");
    t.expect("P> ");
    // A command is stopped and continued.
    t.send("sleep 60 | cat\r");
    std::thread::sleep(Duration::from_millis(300));
    t.send("\x1a");
    t.expect("[1] + Stopped              sleep 60 | cat\r\n");
    t.expect("P> ");
    t.send("fg\r");
    t.expect("\nsleep 60 | cat\r\n");
    t.send("\x03");
    t.expect("P> ");
    // An unfinished command goes on.
    t.send("for i in 1 2\r");
    t.expect("> ");
    t.send("do echo x$i; done\r");
    t.expect("\nx1\r\nx2\r\n");
    t.expect("P> ");
    // Or is given up.
    t.send("if true\r");
    t.expect("> ");
    t.send("\x03");
    t.expect("P> ");
    t.line("echo ok", "ok\r\n");
    // An error returns to the prompt.
    t.line("echo ${nothing?is missing}", "sh: nothing: is missing\r\n");
    t.line("fi", "sh: syntax error: unexpected \"fi\"\r\n");
    t.line("sleep 60 & kill %1; wait; echo done", "[1] ");
    // What stops is not left behind unsaid.
    t.send("sleep 60\r");
    std::thread::sleep(Duration::from_millis(300));
    t.send("\x1a");
    t.expect("Stopped");
    t.expect("P> ");
    t.send("exit 3\r");
    t.expect("there are stopped jobs");
    t.expect("P> ");
    t.send("kill -9 %%; exit 3\r");
    assert_eq!(t.status(), Some(3));
}

#[test]
fn a_capable_terminal() {
    session("linux");
}

#[test]
fn a_dumb_terminal() {
    session("dumb");
}

#[test]
fn lines_are_edited_and_remembered() {
    let mut t = Terminal::new("vt220");
    // Back one letter, then one more.
    t.send("echo ab\x02X\r");
    t.expect("\naXb\r\n");
    t.expect("P> ");
    // The line before.
    t.send("\x1b[A\r");
    t.expect("\naXb\r\n");
    t.expect("P> ");
    // The beginning of a name.
    t.send("ls -d /pro\t\r");
    t.expect("\n/proc/\r\n");
    t.expect("P> ");
    t.send("\x04");
    assert_eq!(t.status(), Some(0));
}
