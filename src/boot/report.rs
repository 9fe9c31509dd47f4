//! The record of a boot: each step with its times and result.
//!
//! `/run/rescuebox/boot.json` is written when a boot fails and before the
//! switch to the new root, which it survives:
//!
//! ```json
//! {"schema": 1,
//!  "version": "0.1.0",
//!  "result": "ok" or "failed",
//!  "steps": [{"step": 1, "what": "mount /proc /sys /dev /run",
//!             "stage": "cmdline" ... "pre-switch",
//!             "result": "done", "failed", "begun" or "waiting",
//!             "start_us": 812345, "end_us": 812999,
//!             "errno": 22, "message": "why it failed"}],
//!  "notes": ["what went wrong and stopped nothing"]}
//! ```
//!
//! Times are microseconds of the monotonic clock, 0 for what has not happened.
//! `errno` and `message` are there for a failed step only; `errno` is 0 when
//! no system call failed.

use std::fmt::{self, Write as _};

use nix::sys::stat::Mode;

use super::plan::Step;
use super::{DIR, Fault, dossier};
use crate::applet::show;
use crate::json;

/// Where it is written.
pub const PATH: &str = "/run/rescuebox/boot.json";

/// More notes than this are not kept.
const NOTES_MAX: usize = 64;

/// How a step went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Not begun.
    #[default]
    Waiting,
    /// Begun.
    Begun,
    /// Done.
    Done,
    /// Failed.
    Failed(Fault),
}

#[derive(Clone, Debug, Default)]
struct Entry {
    start: u64,
    end: u64,
    outcome: Outcome,
}

/// The record.
#[derive(Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
    notes: Vec<String>,
    /// Which of the notes are about a module.
    of_modules: u64,
}

impl Log {
    /// The boot begins with step 0 of `steps`.
    pub fn begin(&mut self, steps: usize, time: u64) {
        self.entries = vec![Entry::default(); steps];
        self.restart(0, time);
    }

    /// Step `step` begins (again), and with it what follows.
    pub fn restart(&mut self, step: usize, time: u64) {
        for entry in self.entries.iter_mut().skip(step) {
            *entry = Entry::default();
        }
        if let Some(entry) = self.entries.get_mut(step) {
            *entry = Entry { start: time, end: 0, outcome: Outcome::Begun };
        }
    }

    /// Step `step` is done, and the next has begun.
    pub fn done(&mut self, step: usize, time: u64) {
        if let Some(entry) = self.entries.get_mut(step) {
            entry.end = time;
            entry.outcome = Outcome::Done;
        }
        if let Some(entry) = self.entries.get_mut(step.saturating_add(1)) {
            entry.start = time;
            entry.outcome = Outcome::Begun;
        }
    }

    /// Step `step` has failed.
    pub fn failed(&mut self, step: usize, time: u64, fault: Fault) {
        if let Some(entry) = self.entries.get_mut(step) {
            entry.end = time;
            entry.outcome = Outcome::Failed(fault);
        }
    }

    /// Something worth knowing, each thing once; `module` when it is about one.
    pub fn note(&mut self, text: &str, module: bool) {
        if self.notes.len() < NOTES_MAX && !self.notes.iter().any(|note| note == text) {
            self.of_modules |= u64::from(module) << self.notes.len();
            self.notes.push(text.into());
        }
    }

    /// The notes that are about modules.
    pub fn module_notes(&self) -> impl Iterator<Item = &str> {
        let ours = |&(at, _): &(usize, &String)| self.of_modules >> at & 1 != 0;
        self.notes.iter().enumerate().filter(ours).map(|(_, note)| note.as_str())
    }

    /// The step that has begun and not ended.
    pub fn current(&self) -> usize {
        self.entries.iter().position(|entry| entry.outcome == Outcome::Begun).unwrap_or(0)
    }

    /// When step `step` began.
    pub fn started(&self, step: usize) -> u64 {
        self.entries.get(step).map_or(0, |entry| entry.start)
    }

    /// Why step `step` failed.
    pub fn fault(&self, step: usize) -> Option<&Fault> {
        match &self.entries.get(step)?.outcome {
            Outcome::Failed(fault) => Some(fault),
            _ => None,
        }
    }

    /// Another plan, which is the same up to step `same`.
    pub fn replan(&mut self, same: usize, steps: usize) {
        self.entries.truncate(same);
        self.entries.resize_with(steps, Entry::default);
    }

    /// What `boot log` prints: a line for each step with when it began, in
    /// seconds since the machine started, and how many milliseconds it took;
    /// and why one failed.
    pub fn table(&self, steps: &[Step]) -> String {
        let mut text = String::from(" n result     begun        ms what\n");
        for (i, (step, entry)) in steps.iter().zip(&self.entries).enumerate() {
            let word = match entry.outcome {
                Outcome::Waiting => "-",
                Outcome::Begun => "begun",
                Outcome::Done => "done",
                Outcome::Failed(_) => "FAILED",
            };
            let _ = write!(text, "{:2} {word:<6} ", i + 1);
            let _ = match entry.start / 1000 {
                0 => write!(text, "{:>10} ", "-"),
                us => write!(text, "{:>3}.{:06} ", us / 1_000_000, us % 1_000_000),
            };
            let _ = match entry.end.saturating_sub(entry.start) / 1000 {
                _ if entry.end == 0 => write!(text, "{:>9} ", "-"),
                us => write!(text, "{:>5}.{:03} ", us / 1000, us % 1000),
            };
            let _ = writeln!(text, "{step}");
            if let Outcome::Failed(fault) = &entry.outcome {
                for line in fault.text.lines() {
                    let _ = writeln!(text, "          {}", show(line));
                }
            }
        }
        for note in &self.notes {
            let _ = writeln!(text, "note: {}", show(note));
        }
        text
    }

    /// The report as JSON.
    pub fn json(&self, result: &str, steps: &[Step]) -> Vec<u8> {
        let mut out = Json(Vec::with_capacity(2048));
        out.raw("{\"schema\":1,\"version\":\"");
        out.raw(env!("CARGO_PKG_VERSION"));
        out.raw("\",\"result\":\"");
        out.raw(result);
        out.raw("\",\"steps\":[");
        for (i, (step, entry)) in steps.iter().zip(&self.entries).enumerate() {
            out.raw(if i == 0 { "\n{\"step\":" } else { ",\n{\"step\":" });
            out.number(u64::try_from(i).unwrap_or(0) + 1);
            out.raw(",\"what\":\"");
            // Writing to memory cannot fail.
            let _ = write!(out, "{step}");
            out.raw("\",\"stage\":\"");
            out.raw(step.stage().name());
            out.raw("\",\"result\":\"");
            out.raw(match entry.outcome {
                Outcome::Waiting => "waiting",
                Outcome::Begun => "begun",
                Outcome::Done => "done",
                Outcome::Failed(_) => "failed",
            });
            out.raw("\",\"start_us\":");
            out.number(entry.start / 1000);
            out.raw(",\"end_us\":");
            out.number(entry.end / 1000);
            if let Outcome::Failed(fault) = &entry.outcome {
                out.raw(",\"errno\":");
                out.number(fault.errno.and_then(|e| u64::try_from(e).ok()).unwrap_or(0));
                out.raw(",\"message\":\"");
                let _ = out.write_str(&fault.text);
                out.raw("\"");
            }
            out.raw("}");
        }
        out.raw("],\n\"notes\":[");
        for (i, note) in self.notes.iter().enumerate() {
            out.raw(if i == 0 { "\"" } else { ",\"" });
            let _ = out.write_str(note);
            out.raw("\"");
        }
        out.raw("]}\n");
        out.0
    }

    /// Writes the report. A boot does not fail for want of it.
    pub fn write(&self, result: &str, steps: &[Step]) {
        let json = self.json(result, steps);
        let _ = nix::unistd::mkdir(DIR, Mode::from_bits_truncate(0o700));
        let _ = dossier::write_file(PATH.as_bytes(), &json);
    }
}

/// JSON in the making: what is written through [`fmt::Write`] is the inside of
/// a string.
struct Json(Vec<u8>);

impl Json {
    fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, mut n: u64) {
        let mut digits = [0; 20];
        let mut count = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(n % 10).unwrap_or(0);
            n /= 10;
            count += 1;
            if n == 0 {
                break;
            }
        }
        self.0.extend_from_slice(digits.get(20 - count..).unwrap_or_default());
    }
}

impl fmt::Write for Json {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        json::escape(text.as_bytes(), &mut self.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::plan::Source;
    use crate::boot::plan::{Mount, Place};
    use crate::cmdline::Limit;

    fn steps() -> Vec<Step<'static>> {
        vec![
            Step::Nodes,
            Step::Mount(Mount {
                source: Source::Virtiofs(b"a\"b"),
                place: Place::Root,
                read_only: true,
                flags: b"",
                types: vec![],
                limit: Limit::Forever,
            }),
            Step::Overlay,
        ]
    }

    #[test]
    fn a_failed_boot() {
        let steps = steps();
        let mut log = Log::default();
        log.begin(3, 1_000_000);
        log.done(0, 2_500_000);
        log.failed(1, 3_000_999, Fault { text: "tag absent\nmore".into(), errno: Some(22) });
        log.note("x.ko: \x1b", true);
        log.note("x.ko: \x1b", true);
        assert_eq!(
            String::from_utf8(log.json("failed", &steps)).unwrap(),
            concat!(
                "{\"schema\":1,\"version\":\"",
                env!("CARGO_PKG_VERSION"),
                "\",\"result\":\"failed\",\"steps\":[\n",
                "{\"step\":1,\"what\":\"make device nodes\",\"stage\":\"cmdline\",",
                "\"result\":\"done\",\"start_us\":1000,\"end_us\":2500},\n",
                "{\"step\":2,\"what\":\"mount virtiofs:a\\\"b on /sysroot read-only\",",
                "\"stage\":\"mount\",\"result\":\"failed\",\"start_us\":2500,\"end_us\":3000,",
                "\"errno\":22,\"message\":\"tag absent\\nmore\"},\n",
                "{\"step\":3,\"what\":\"lay the memory over the root, on /sysroot\",",
                "\"stage\":\"mount\",\"result\":\"waiting\",\"start_us\":0,\"end_us\":0}],\n",
                "\"notes\":[\"x.ko: \\u001b\"]}\n"
            )
        );
        assert_eq!(
            log.table(&steps),
            concat!(
                " n result     begun        ms what\n",
                " 1 done     0.001000     1.500 make device nodes\n",
                " 2 FAILED   0.002500     0.500 mount virtiofs:a\"b on /sysroot read-only\n",
                "          tag absent\n          more\n",
                " 3 -               -         - lay the memory over the root, on /sysroot\n",
                "note: x.ko: \\x1b\n"
            )
        );
    }

    #[test]
    fn another_try_forgets_the_failure() {
        let mut log = Log::default();
        log.begin(3, 1);
        log.done(0, 2);
        log.failed(1, 3, Fault::new("no"));
        log.restart(1, 4);
        assert_eq!(log.fault(1), None);
        assert_eq!(log.entries[1].outcome, Outcome::Begun);
        assert_eq!(log.entries[0].outcome, Outcome::Done);
    }

    #[test]
    fn records_of_steps_that_are_not_there() {
        let mut log = Log::default();
        log.done(7, 1);
        log.failed(usize::MAX, 1, Fault::new("no"));
        assert!(log.entries.is_empty());
    }

    #[test]
    fn numbers() {
        let mut json = Json(Vec::new());
        for n in [0, 7, 10, u64::MAX] {
            json.number(n);
            json.raw(" ");
        }
        assert_eq!(json.0, b"0 7 10 18446744073709551615 ");
    }
}
