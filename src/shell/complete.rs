//! What a word is completed with at the prompt: commands, variables, paths,
//! and arguments where that helps a rescuer: block devices, labels and UUIDs,
//! modules, mount points, signals, jobs.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use crate::applet;
use crate::blk::scan;
use crate::kmod::{dep, load};

use super::options::Options;
use super::{Shell, builtins};

/// Words before which, and before whose operands, a command stands.
const TRANSPARENT: [&str; 18] = [
    "!", "builtin", "chroot", "command", "do", "elif", "else", "exec", "if", "nice", "nohup",
    "setsid", "strace", "sudo", "then", "time", "until", "while",
];

/// Commands whose arguments are block devices, besides mkfs*, fsck*, mount*.
const OF_DEVICES: [&str; 26] = [
    "blkdiscard",
    "blkid",
    "blockdev",
    "cfdisk",
    "cryptsetup",
    "dumpe2fs",
    "e2fsck",
    "e2label",
    "eject",
    "fdisk",
    "findmnt",
    "fstype",
    "hdparm",
    "lsblk",
    "mdadm",
    "mke2fs",
    "mkswap",
    "parted",
    "partprobe",
    "resize2fs",
    "resume",
    "sfdisk",
    "swapoff",
    "swapon",
    "tune2fs",
    "wipefs",
];

/// What is typed before the cursor.
#[derive(Default)]
struct Typed {
    /// The words of this command before the one that is being typed.
    words: Vec<String>,
    /// The word without its quotes; behind an equals sign only the rest.
    text: String,
    /// What is before the equals sign.
    key: String,
    /// Where it begins in the line.
    start: usize,
    /// The quote that is open.
    quote: Option<char>,
    /// It is the name of a file that a redirection names.
    redirected: bool,
}

impl Typed {
    fn of(head: &str) -> Typed {
        let mut typed = Typed::default();
        let mut begun = false;
        let mut escaped = false;
        for (at, c) in head.char_indices() {
            if !begun && !c.is_ascii_whitespace() {
                (begun, typed.start) = (true, at);
            }
            match (typed.quote, c) {
                _ if escaped => {
                    escaped = false;
                    typed.text.push(c);
                }
                (Some('\''), c) if c != '\'' => typed.text.push(c),
                (_, '\\') => escaped = true,
                (Some(quote), c) if c == quote => typed.quote = None,
                (Some(_), c) => typed.text.push(c),
                (None, '\'' | '"') => (typed.quote, typed.start) = (Some(c), at + 1),
                (None, ' ' | '\t') => {
                    typed.end_word();
                    begun = false;
                }
                (None, ';' | '|' | '&' | '(' | '`' | '\n') => {
                    typed = Typed::default();
                    begun = false;
                }
                (None, '<' | '>') => {
                    typed.end_word();
                    typed.redirected = true;
                    begun = false;
                }
                (None, '=') if !typed.text.is_empty() => {
                    typed.key = std::mem::take(&mut typed.text);
                    typed.start = at + 1;
                }
                (None, c) => typed.text.push(c),
            }
        }
        if !begun {
            typed.start = head.len();
        }
        typed
    }

    fn end_word(&mut self) {
        let text = std::mem::take(&mut self.text);
        let is_assignment = !std::mem::take(&mut self.key).is_empty() && self.words.is_empty();
        let vanishes = self.words.is_empty()
            && (is_assignment || TRANSPARENT.contains(&text.as_str()) || text.starts_with('{'));
        if !std::mem::take(&mut self.redirected) && !vanishes && !text.is_empty() {
            self.words.push(text);
        }
    }
}

/// A list of what fits.
struct Found<'a> {
    start: &'a str,
    names: Vec<String>,
}

impl Found<'_> {
    fn offer(&mut self, name: &str) {
        // What has control characters cannot be typed, nor shown.
        if name.starts_with(self.start) && !name.chars().any(char::is_control) {
            self.names.push(name.to_string());
        }
    }

    fn offer_bytes(&mut self, name: &[u8]) {
        if let Ok(name) = std::str::from_utf8(name) {
            self.offer(name);
        }
    }
}

/// What words are completed with, as of the last prompt.
#[derive(Default)]
pub struct Names {
    table: Option<&'static applet::Table>,
    /// Functions and aliases.
    own: Vec<String>,
    variables: Vec<String>,
    jobs: Vec<String>,
    path: Vec<u8>,
    home: Vec<u8>,
}

impl Names {
    /// Looks at the shell again.
    pub fn refresh(&mut self, shell: &mut Shell) {
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let own = shell.functions.iter().map(|e| e.0).chain(shell.aliases.iter().map(|e| e.0));
        self.own = own.map(text).collect();
        self.variables = shell.vars.sorted().into_iter().map(|var| text(&var.name)).collect();
        self.jobs = shell.jobs.list().iter().map(|job| format!("%{}", job.id)).collect();
        self.table = Some(shell.table);
        self.path = shell.vars.get(b"PATH").unwrap_or_default().to_vec();
        self.home = shell.vars.get(b"HOME").unwrap_or_default().to_vec();
    }

    fn commands(&self, found: &mut Found<'_>) {
        self.own.iter().for_each(|name| found.offer(name));
        for name in self.table.into_iter().flat_map(|table| table.0).map(|row| row.name) {
            found.offer(name);
        }
        builtins::names().for_each(|name| found.offer(name));
        for dir in self.path.split(|b| *b == b':').filter(|d| !d.is_empty()) {
            folder(OsStr::from_bytes(dir), &mut |name| found.offer_bytes(name));
        }
    }

    /// Paths, folders with a slash behind; `folders` only.
    fn files(&self, found: &mut Found<'_>, folders: bool) {
        let word = found.start;
        let (dir, start) = word.split_at(word.rfind('/').map_or(0, |at| at + 1));
        let place = match dir.strip_prefix("~/") {
            Some(rest) => [&self.home, b"/".as_slice(), rest.as_bytes()].concat(),
            None if dir.is_empty() => b".".to_vec(),
            None => dir.as_bytes().to_vec(),
        };
        let place = Path::new(OsStr::from_bytes(&place));
        folder(place.as_os_str(), &mut |name| {
            let hidden = name.first() == Some(&b'.') && !start.starts_with('.');
            if hidden || !name.starts_with(start.as_bytes()) {
                return;
            }
            let is_dir = place.join(OsStr::from_bytes(name)).is_dir();
            if is_dir || !folders {
                let slash: &[u8] = if is_dir { b"/" } else { b"" };
                found.offer_bytes(&[dir.as_bytes(), name, slash].concat());
            }
        });
    }

    /// The arguments of some commands. False when paths are as good.
    fn arguments(&self, typed: &Typed, found: &mut Found<'_>) -> bool {
        let Some(command) = typed.words.first().map(String::as_str) else { return false };
        let command = command.rsplit('/').next().unwrap_or_default();
        if matches!(typed.key.as_str(), "LABEL" | "UUID" | "PARTLABEL" | "PARTUUID") {
            tags(&typed.key, found);
            return true;
        }
        let before = typed.words.last().map_or("", String::as_str);
        match command {
            "findfs" => {
                for key in ["LABEL=", "PARTLABEL=", "PARTUUID=", "UUID="] {
                    found.offer(key);
                }
            }
            "modprobe" | "modinfo" if !typed.words.iter().any(|w| w == "-r") => modules(found),
            "rmmod" | "modprobe" => loaded(found),
            "fg" | "bg" | "jobs" | "disown" | "wait" => {
                self.jobs.iter().for_each(|job| found.offer(job));
            }
            "kill" | "trap" => {
                self.jobs.iter().for_each(|job| found.offer(job));
                let dash = if command == "kill" && before != "-s" { "-" } else { "" };
                for name in (1..32).filter_map(crate::sys::signal::name) {
                    found.offer(&format!("{dash}{name}"));
                }
            }
            "unset" | "export" | "readonly" | "read" => {
                self.variables.iter().for_each(|name| found.offer(name));
            }
            "set" if matches!(before, "-o" | "+o") => {
                Options::default().list().for_each(|(name, _)| found.offer(name));
            }
            "umount" => {
                let mounts = crate::sys::file::read("/proc/self/mounts").unwrap_or_default();
                for line in mounts.split(|b| *b == b'\n') {
                    line.split(|b| *b == b' ').nth(1).into_iter().for_each(|place| {
                        found.offer_bytes(place);
                    });
                }
            }
            _ => {
                let of_devices = OF_DEVICES.contains(&command)
                    || ["fsck", "mkfs", "mount"].iter().any(|start| command.starts_with(start));
                if of_devices && typed.key.is_empty() && !found.start.starts_with('-') {
                    devices(found);
                }
                if command.starts_with("mount") && typed.key.is_empty() && !found.start.is_empty() {
                    for key in ["LABEL=", "PARTLABEL=", "PARTUUID=", "UUID="] {
                        found.offer(key);
                    }
                }
                return false;
            }
        }
        !found.names.is_empty()
    }

    /// All that fits, and where what it replaces begins.
    fn candidates(&self, typed: &mut Typed) -> (usize, Vec<String>) {
        if typed.quote != Some('\'')
            && let Some(at) = typed.text.rfind('$')
        {
            let name = typed.text.get(at + 1..).unwrap_or_default();
            let brace = name.starts_with('{');
            let name = name.strip_prefix('{').unwrap_or(name);
            if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                let mut found = Found { start: name, names: Vec::new() };
                self.variables.iter().for_each(|name| found.offer(name));
                if brace {
                    found.names.iter_mut().for_each(|name| name.push('}'));
                }
                return (name.len(), found.names);
            }
        }
        let mut found = Found { start: &typed.text, names: Vec::new() };
        let is_command = typed.words.is_empty() && !typed.redirected && typed.key.is_empty();
        if is_command && !typed.text.contains('/') {
            self.commands(&mut found);
        } else if is_command || typed.redirected || !self.arguments(typed, &mut found) {
            let folders = matches!(typed.words.first().map(String::as_str), Some("cd" | "rmdir"));
            self.files(&mut found, folders);
        }
        let mut names = found.names;
        names.sort();
        names.dedup();
        for name in &mut names {
            let more = name.ends_with(['/', '=']);
            *name = quoted(name, typed.quote);
            if !more {
                name.extend(typed.quote);
                name.push(' ');
            }
        }
        (usize::MAX, names)
    }
}

/// The names in a folder.
fn folder(dir: &OsStr, each: &mut dyn FnMut(&[u8])) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        each(entry.file_name().as_bytes());
    }
}

fn devices(found: &mut Found<'_>) {
    for device in scan::devices() {
        // Loop devices and RAM disks without anything are many.
        if device.size > 0 {
            found.offer_bytes(device.path().as_os_str().as_bytes());
        }
    }
}

/// The labels or UUIDs of what is on the block devices.
fn tags(key: &str, found: &mut Found<'_>) {
    let mut cache = scan::Cache::default();
    cache.update(matches!(key, "LABEL" | "UUID"));
    let (known, tables) = cache.parts();
    for seen in known {
        match key {
            "PARTUUID" | "PARTLABEL" => {
                if let Some((_, row)) = tables.row(&seen.device) {
                    found.offer_bytes(if key == "PARTUUID" { &row.uuid } else { &row.name });
                }
            }
            _ => found.offer_bytes(seen.get(key).unwrap_or_default()),
        }
    }
    found.names.retain(|name| !name.is_empty());
}

/// The modules of the kernel that runs.
fn modules(found: &mut Found<'_>) {
    let folder = Path::new("/lib/modules").join(OsStr::from_bytes(&load::release()));
    let text = crate::sys::file::read(folder.join("modules.dep")).unwrap_or_default();
    for entry in dep::entries(&text) {
        if let Some(name) = crate::kmod::alias::module_of_path(entry.path) {
            found.offer_bytes(&name);
        }
    }
}

fn loaded(found: &mut Found<'_>) {
    let text = crate::sys::file::read("/proc/modules").unwrap_or_default();
    for line in text.split(|b| *b == b'\n') {
        found.offer_bytes(line.split(|b| *b == b' ').next().unwrap_or_default());
    }
    found.names.retain(|name| !name.is_empty());
}

/// A name as it is typed, behind the quote that is open.
fn quoted(name: &str, quote: Option<char>) -> String {
    let special = match quote {
        Some('\'') => return name.replace('\'', "'\\''"),
        Some(_) => "\\\"$`",
        None => " \\\"'$`&|;<>()*?[]#!{}",
    };
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        if special.contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

impl Completer for Names {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let head = line.get(..pos).unwrap_or_default();
        let mut typed = Typed::of(head);
        let (length, names) = self.candidates(&mut typed);
        let start = if length == usize::MAX { typed.start } else { pos.saturating_sub(length) };
        let pair = |name: String| {
            let shown = name.trim_end_matches([' ', '/', '}', '"', '\'']);
            let shown = shown.rsplit('/').next().unwrap_or_default().to_string();
            Pair { display: shown, replacement: name }
        };
        Ok((start, names.into_iter().map(pair).collect()))
    }
}

impl Hinter for Names {
    type Hint = String;
}

impl Highlighter for Names {}
impl Validator for Names {}
impl Helper for Names {}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(head: &str) -> (Vec<String>, String, String, usize) {
        let typed = Typed::of(head);
        (typed.words, typed.key, typed.text, typed.start)
    }

    #[test]
    fn what_is_typed() {
        let words = |list: &[&str]| list.iter().map(|w| w.to_string()).collect::<Vec<_>>();
        assert_eq!(typed("mou"), (words(&[]), "".into(), "mou".into(), 0));
        assert_eq!(typed("a; mount "), (words(&["mount"]), "".into(), "".into(), 9));
        assert_eq!(
            typed("X=1 mount -r LABEL=ro"),
            (words(&["mount", "-r"]), "LABEL".into(), "ro".into(), 19)
        );
        assert_eq!(typed("if sudo ls a\\ b"), (words(&["ls"]), "".into(), "a b".into(), 11));
        assert_eq!(typed("ls \"a b"), (words(&["ls"]), "".into(), "a b".into(), 4));
        assert_eq!(typed("cat >fi"), (words(&["cat"]), "".into(), "fi".into(), 5));
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("a b$", None), "a\\ b\\$");
        assert_eq!(quoted("a b$\"", Some('"')), "a b\\$\\\"");
        assert_eq!(quoted("it's", Some('\'')), "it'\\''s");
    }
}
