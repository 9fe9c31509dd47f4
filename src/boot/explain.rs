//! Why the boot failed, for a person at a console: at most [`LINES`] lines with
//! the step, the system's answer, the likely cause, what was seen, and
//! commands to paste.
//!
//! Here everything is pure: what was [seen](Seen) goes in, text comes out.
//! [`super::look`] does the looking.

use std::fmt::{self, Display, Write};

use super::Fault;
use super::plan::{Source, Step};
use super::policy::Ending;
use crate::applet::{show, show_bytes};
use crate::cmdline::{Cmdline, Emergency};
use crate::size;

mod cause;
pub mod hint;
#[cfg(test)]
mod tests;

/// Where the text is kept for `boot status` and for consoles that come later.
pub const PATH: &str = "/run/rescuebox/explanation";

/// The most lines of the whole, with the empty one before it and the two after
/// it about what to do.
pub const LINES: usize = 15;

/// Lines of [`text`]: the others are the empty one and [`closing`].
const BODY: usize = LINES - 3;

/// Columns of a line.
const COLUMNS: usize = 160;

/// How the step ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// The worker said why.
    #[default]
    Told,
    /// The worker was killed by this signal.
    Killed(i32),
    /// It took too long.
    Late,
    /// PID 1 crashed.
    Crashed,
}

/// A block device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Its name below /dev.
    pub name: Vec<u8>,
    /// Its size in bytes.
    pub bytes: u64,
    /// The disk that it is a partition of.
    pub disk: Option<Vec<u8>>,
    /// What is on it, as blkid calls it: `ext4`, `crypto_LUKS`.
    pub kind: Vec<u8>,
    /// `UUID`, `LABEL`, `PARTUUID`, `PARTLABEL`.
    pub tags: Vec<(&'static str, Vec<u8>)>,
}

impl Block {
    /// The value of a tag.
    pub fn tag(&self, name: &str) -> Option<&[u8]> {
        self.tags.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_slice())
    }
}

/// A device that no driver has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// What it is: `virtio block device 1af4:1042 at 0000:00:03.0`.
    pub what: String,
    /// The module that would drive it, where that is known.
    pub module: Option<String>,
    /// It holds, or leads to, disks.
    pub storage: bool,
}

/// What was looked at.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Block devices, without those in memory.
    pub blocks: Vec<Block>,
    /// Tags of virtiofs or 9p shares; `None` where the kernel does not tell.
    pub tags: Option<Vec<Vec<u8>>>,
    /// Devices without a driver.
    pub orphans: Vec<Orphan>,
    /// What went wrong with modules: `virtiofs.ko: truncated module`.
    pub modules: Vec<String>,
    /// The kernel's messages since shortly before the step.
    pub kernel: Vec<String>,
    /// What is at the top of the new root.
    pub top: Vec<Vec<u8>>,
    /// Programs of the new root that may be meant by a misspelt init: paths.
    pub programs: Vec<Vec<u8>>,
    /// Types of file system that the kernel knows.
    pub filesystems: Vec<Vec<u8>>,
    /// Network links and their state.
    pub links: Vec<String>,
    /// The machine's memory in megabytes; 0 is unknown.
    pub memory: u64,
}

/// All that the explanation is made of.
pub struct Scene<'a> {
    /// The steps of the boot.
    pub steps: &'a [Step<'a>],
    /// The one that failed, counted from 0.
    pub failed: usize,
    /// Why, in the system's words.
    pub fault: &'a Fault,
    /// How it ended.
    pub fate: Fate,
    /// The command line.
    pub cmdline: &'a Cmdline<'a>,
    /// The new root is `/` already.
    pub switched: bool,
    /// What was looked at.
    pub seen: Seen,
}

/// What [`cause`] finds out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The likely cause, in a line.
    pub cause: String,
    /// What may help: commands that can be pasted.
    pub commands: Vec<String>,
}

/// The likely cause of a failure.
pub fn verdict(scene: &Scene) -> Verdict {
    cause::verdict(scene)
}

/// The explanation. Its first line is the one by which the runner of a virtual
/// machine knows a failed boot.
pub fn text(scene: &Scene) -> String {
    let Some(step) = scene.steps.get(scene.failed) else { return String::new() };
    // The devices that are here are listed below.
    let is_list = |line: &&str| line.contains("block devices are here");
    let mut answer = scene.fault.text.lines().take_while(|line| !is_list(line));
    let mut text = Text::default();
    text.first(format_args!(
        "rescuebox: boot failed: step {} of {}, {step}: {}",
        scene.failed + 1,
        scene.steps.len(),
        show(answer.next().unwrap_or("it failed"))
    ));
    let verdict = verdict(scene);
    let complaints: Vec<_> = scene.cmdline.complaints.iter().filter(|c| !c.fatal).collect();
    let looked = looked_at(scene, step);
    // Cause and commands have their places; the rest shares what is left.
    let mut left = BODY.saturating_sub(2 + verdict.commands.len());
    let mut take = |want: usize| {
        let n = want.min(left);
        left -= n;
        n
    };
    let answers = take(2.min(answer.clone().count()));
    let words = take(2.min(complaints.len()));
    let looks = take(3.min(looked.len()));
    let modules = take(2.min(scene.seen.modules.len()));
    let kernel = take(3.min(scene.seen.kernel.len()));
    for line in answer.take(answers) {
        text.line("", show(line));
    }
    if !verdict.cause.is_empty() {
        text.line("cause: ", show(&verdict.cause));
    }
    for complaint in complaints.into_iter().take(words) {
        text.line("", complaint);
    }
    for line in looked.iter().take(looks) {
        text.line("seen: ", show(line));
    }
    for line in scene.seen.modules.iter().take(modules) {
        text.line("module: ", show(line));
    }
    // The last ones matter most.
    let skipped = scene.seen.kernel.len().saturating_sub(kernel);
    for line in scene.seen.kernel.iter().skip(skipped) {
        text.line("kernel: ", show(line));
    }
    for command in &verdict.commands {
        text.line("try: ", command);
    }
    text.0
}

/// The lines that follow where a shell is given.
pub const OFFER: &str = "  boot retry, or leaving this shell: try again; boot continue: go on behind \
                         the failed step,\n  mended by hand; boot status: this again; boot log: every \
                         step; boot report: all for a helper\n";

/// The line that follows where none is given: what happens instead, and why.
pub fn closing(ending: Ending, why: &str) -> String {
    let what = match ending.how {
        None => "waiting for ever",
        Some(Emergency::Reboot) => "restarting",
        Some(Emergency::Poweroff) => "powering off",
        Some(Emergency::Halt) => "halting",
    };
    match ending.delay {
        0 => format!("  {what}: {why}\n"),
        n => format!("  {what} in {n} s: {why}\n"),
    }
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn first(&mut self, line: impl Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{line}");
    }

    fn line(&mut self, label: &str, line: impl Display) {
        let start = self.0.len();
        let _ = write!(self.0, "  {label}{line}");
        let all = self.0.get(start..).unwrap_or_default();
        if let Some((at, _)) = all.char_indices().nth(COLUMNS) {
            self.0.truncate(start + at);
            self.0.push_str("...");
        }
        self.0.push('\n');
    }
}

fn is_disk(source: Source) -> bool {
    !matches!(source, Source::Virtiofs(_) | Source::NineP(_) | Source::Nfs(_) | Source::Tmpfs)
}

/// What was seen that has to do with the step.
fn looked_at(scene: &Scene, step: &Step) -> Vec<String> {
    let mut lines = Vec::new();
    let about_disks = match step {
        Step::Mount(mount) => is_disk(mount.source),
        Step::Shell => true,
        Step::CheckRoot { .. } => !scene.seen.blocks.is_empty(),
        _ => false,
    };
    if about_disks {
        lines.extend(disks(&scene.seen.blocks));
        let others = scene.seen.orphans.iter().filter(|o| o.storage);
        lines.extend(others.take(2).map(|o| format!("without a driver: {}", o.what)));
    }
    if matches!(step, Step::CheckRoot { .. } | Step::CheckInit(_)) && !scene.seen.top.is_empty() {
        let mut line = String::from("in the new root:");
        for name in scene.seen.top.iter().take(24) {
            let _ = write!(line, " {}", show_bytes(name));
        }
        lines.push(line);
    }
    for link in scene.seen.links.iter().take(2) {
        lines.push(format!("link {link}"));
    }
    lines
}

/// Lines about block devices and their tags.
fn disks(blocks: &[Block]) -> Vec<String> {
    if blocks.is_empty() {
        return vec!["no block device".into()];
    }
    let mut lines: Vec<String> = Vec::new();
    for block in blocks {
        let item = Item(block).to_string();
        match lines.last_mut() {
            Some(line) if line.chars().count() + item.chars().count() + 10 < COLUMNS => {
                line.push_str("; ");
                line.push_str(&item);
            }
            _ => lines.push(item),
        }
    }
    lines
}

/// `vda1 2.0G ext4 UUID=... LABEL=root`.
struct Item<'a>(&'a Block);

impl Display for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", show_bytes(&self.0.name), size::human(self.0.bytes))?;
        if !self.0.kind.is_empty() {
            write!(f, " {}", show_bytes(&self.0.kind))?;
        }
        for (name, value) in &self.0.tags {
            // One name of each sort is enough to know it by.
            if matches!(*name, "UUID" | "LABEL" | "PARTLABEL")
                || (*name == "PARTUUID" && self.0.tag("UUID").is_none())
            {
                write!(f, " {name}={}", show_bytes(value))?;
            }
        }
        Ok(())
    }
}
