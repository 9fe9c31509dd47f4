//! How a run ended: the exit status, the words for it, and the report in JSON.
//!
//! The report is one object on one line. Members: `version`; `exit`; `class`,
//! one of `command`, `cannot-run`, `machine`, `timeout`, `signal`, `runner`,
//! `boot`, `panic`; `message`, null when the command ended by itself; `kernel`
//! (`path`, `version`, `unpacked`), `accel`, `qemu`, `virtiofsd`, `image_bytes`,
//! `command_line`; `out_bytes`, `err_bytes`, `in_bytes`; `times_ms`, from the
//! start of the runner: `kernel`, `shares`, `image`, `qemu` (started), `console`
//! (first byte), `ready` (in the new root), `started` (the command's program
//! runs), `exit`, `end`. Times that did not come are left out.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::applet::Status;
use crate::json;

/// What the timeout of a run gives.
pub const TIMED_OUT: Status = Status(124);
/// The runner itself failed.
pub const RUNNER_FAILED: Status = Status(125);
/// The machine never came to the command.
pub const BOOT_FAILED: Status = Status(254);
/// The machine's kernel stopped.
pub const PANIC: Status = Status(255);

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The command ended.
    Command(Status),
    /// The command could not be run.
    CannotRun(Status),
    /// A machine without a command has gone, as it should.
    Machine,
    /// The time was up.
    Timeout(Duration),
    /// A signal, or the keys for it, ended the runner.
    Signal(i32),
    /// Something of the host's failed.
    Runner(String),
    /// The boot failed, with what the machine said.
    Boot(String),
    /// The kernel stopped, with what it said.
    Panic(String),
}

impl End {
    /// The exit status.
    pub fn status(&self) -> Status {
        match self {
            End::Command(status) | End::CannotRun(status) => *status,
            End::Machine => Status::OK,
            End::Timeout(_) => TIMED_OUT,
            End::Signal(number) => Status::of_signal(*number),
            End::Runner(_) => RUNNER_FAILED,
            End::Boot(_) => BOOT_FAILED,
            End::Panic(_) => PANIC,
        }
    }

    fn class(&self) -> &'static str {
        match self {
            End::Command(_) => "command",
            End::CannotRun(_) => "cannot-run",
            End::Machine => "machine",
            End::Timeout(_) => "timeout",
            End::Signal(_) => "signal",
            End::Runner(_) => "runner",
            End::Boot(_) => "boot",
            End::Panic(_) => "panic",
        }
    }

    /// What there is to say about it.
    pub fn message(&self) -> Option<String> {
        Some(match self {
            End::Timeout(limit) => format!("no end after {} s", seconds(*limit)),
            End::Runner(text) | End::Boot(text) | End::Panic(text) => text.clone(),
            End::Command(_) | End::CannotRun(_) | End::Machine | End::Signal(_) => return None,
        })
    }
}

/// Seconds as they were given: `5`, `0.5`.
fn seconds(time: Duration) -> String {
    let text = format!("{}.{:03}", time.as_secs(), time.subsec_millis());
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// When things happened.
pub struct Times {
    begin: Instant,
    list: Vec<(&'static str, Duration)>,
}

impl Times {
    /// From now on.
    pub fn start() -> Times {
        Times { begin: Instant::now(), list: Vec::new() }
    }

    /// Notes that this has happened now, unless it had before.
    pub fn note(&mut self, what: &'static str) {
        if !self.has(what) {
            self.list.push((what, self.begin.elapsed()));
        }
    }

    /// Whether it has happened.
    pub fn has(&self, what: &str) -> bool {
        self.list.iter().any(|(name, _)| *name == what)
    }

    /// When the run began.
    pub fn begin(&self) -> Instant {
        self.begin
    }
}

/// A JSON object in the making.
pub struct Object(String);

impl Object {
    /// An empty one.
    pub fn new() -> Object {
        Object("{".to_string())
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        text(&mut self.0, name);
        self.0.push(':');
    }

    /// A member with a text, or null.
    pub fn text(&mut self, name: &str, value: Option<&str>) {
        self.name(name);
        match value {
            Some(value) => text(&mut self.0, value),
            None => self.0.push_str("null"),
        }
    }

    /// A member with a number.
    pub fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        let _ = write!(self.0, "{value}");
    }

    /// A member with true or false.
    pub fn truth(&mut self, name: &str, value: bool) {
        self.name(name);
        self.0.push_str(if value { "true" } else { "false" });
    }

    /// A member that is an object.
    pub fn object(&mut self, name: &str, value: Object) {
        self.name(name);
        self.0.push_str(&value.finish());
    }

    /// Its text.
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn text(out: &mut String, value: &str) {
    let mut bytes = Vec::new();
    json::quoted(value.as_bytes(), &mut bytes);
    out.push_str(&String::from_utf8_lossy(&bytes));
}

/// The members about the end of the run.
pub fn describe(end: &End, times: &Times) -> Object {
    let mut object = Object::new();
    object.text("version", Some(env!("CARGO_PKG_VERSION")));
    object.number("exit", u64::from(end.status().0));
    object.text("class", Some(end.class()));
    object.text("message", end.message().as_deref());
    let mut list = Object::new();
    for (name, time) in &times.list {
        list.number(name, u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    }
    object.object("times_ms", list);
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_status() {
        let text = || "x".to_string();
        for (end, status) in [
            (End::Command(Status(37)), 37),
            (End::CannotRun(Status(127)), 127),
            (End::Machine, 0),
            (End::Timeout(Duration::from_secs(5)), 124),
            (End::Signal(2), 130),
            (End::Runner(text()), 125),
            (End::Boot(text()), 254),
            (End::Panic(text()), 255),
        ] {
            assert_eq!(end.status(), Status(status), "{end:?}");
        }
        let message = |seconds| End::Timeout(Duration::from_secs_f64(seconds)).message().unwrap();
        assert_eq!(message(5.0), "no end after 5 s");
        assert_eq!(message(0.25), "no end after 0.25 s");
        assert_eq!(message(10.0), "no end after 10 s");
    }

    #[test]
    fn the_report() {
        let mut times = Times::start();
        times.list.push(("ready", Duration::from_millis(1234)));
        let mut object = describe(&End::Boot("a \"b\"\n\u{1b}\\".into()), &times);
        object.truth("unpacked", true);
        assert_eq!(
            object.finish(),
            format!(
                "{{\"version\":\"{}\",\"exit\":254,\"class\":\"boot\",\
                 \"message\":\"a \\\"b\\\"\\n\\u001b\\\\\",\"times_ms\":{{\"ready\":1234}},\
                 \"unpacked\":true}}",
                env!("CARGO_PKG_VERSION")
            )
        );
    }
}
