//! The kernel command line, as `/init` reads it.
//!
//! Sources: Linux `lib/cmdline.c` (`next_arg`: words and quotes),
//! `init/do_mounts.c` and `block/early-lookup.c` (`root=`),
//! `Documentation/admin-guide/kernel-parameters.txt`, `nfsroot.rst`; the README
//! of osbuild/initrd; dracut.cmdline(7); initramfs-tools(7).
//!
//! Deviation: the kernel takes the byte 0xA0 for white space, which cuts
//! UTF-8 text in two; here it is a letter.
//!
//! Nothing is copied: every value is a part of the line. A word that is ours
//! or dracut's and makes no sense is kept as a [`Complaint`]; the boot goes on
//! unless the word names the root.

use std::fmt::{self, Display};

use crate::applet::show_bytes;

/// One word of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// All of it, without the quotes around it.
    pub text: &'a [u8],
    /// What is in front of the first `=`, or all.
    pub name: &'a [u8],
    /// What is behind it, without the quotes around it.
    pub value: Option<&'a [u8]>,
}

/// The words of a command line, those behind `--` as well.
pub fn words(line: &[u8]) -> Words<'_> {
    Words { rest: line }
}

/// See [`words`].
#[derive(Clone)]
pub struct Words<'a> {
    rest: &'a [u8],
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0)
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let start = self.rest.iter().position(|&b| !is_space(b))?;
        let line = self.rest.get(start..)?;
        let (mut quoted, mut equals, mut end) = (false, None, line.len());
        for (i, &b) in line.iter().enumerate() {
            match b {
                b'"' => quoted = !quoted,
                b'=' if equals.is_none() => equals = Some(i),
                _ if is_space(b) && !quoted => {
                    end = i;
                    break;
                }
                _ => {}
            }
        }
        let (word, rest) = line.split_at_checked(end)?;
        self.rest = rest;
        // `"name=a value"` has its quotes around the whole word.
        let text = match word.strip_prefix(b"\"") {
            Some(inner) => {
                equals = equals.and_then(|i| i.checked_sub(1));
                inner.strip_suffix(b"\"").unwrap_or(inner)
            }
            None => word,
        };
        let Some((name, value)) = equals.and_then(|i| text.split_at_checked(i)) else {
            return Some(Word { text, name: text, value: None });
        };
        let value = value.get(1..).unwrap_or_default();
        let value = match value.strip_prefix(b"\"") {
            Some(inner) => inner.strip_suffix(b"\"").unwrap_or(inner),
            None => value,
        };
        Some(Word { text, name, value: Some(value) })
    }
}

/// Where the root file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root<'a> {
    /// A virtiofs share: `rootfs=TAG`, `root=virtiofs:TAG`.
    Virtiofs(&'a [u8]),
    /// A 9p share over virtio: `root=9p:TAG`.
    NineP(&'a [u8]),
    /// A device node below `/dev`.
    Device(&'a [u8]),
    /// The device with this mark: `UUID=...`, `/dev/disk/by-uuid/...`.
    Marked(Mark, &'a [u8]),
    /// A device number: `8:1` or `0801`.
    Number(u32, u32),
    /// NFS: `/dev/nfs`, `nfs:...`, `nfs4:...`; the rest is in `nfsroot=`.
    Nfs(&'a [u8]),
    /// The partition of the GPT type for roots.
    GptAuto,
    /// An empty file system in memory.
    Tmpfs,
}

/// What a device is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `UUID=` of a file system.
    Uuid,
    /// `LABEL=` of a file system.
    Label,
    /// `PARTUUID=` of a partition, perhaps with `/PARTNROFF=N`.
    PartUuid,
    /// `PARTLABEL=` of a GPT partition.
    PartLabel,
    /// `ID=`, a name below /dev/disk/by-id.
    Id,
    /// A name below /dev/disk/by-path.
    Path,
}

impl Mark {
    const ALL: [(Mark, &'static [u8], &'static [u8]); 6] = [
        (Mark::Uuid, b"UUID", b"uuid"),
        (Mark::Label, b"LABEL", b"label"),
        (Mark::PartUuid, b"PARTUUID", b"partuuid"),
        (Mark::PartLabel, b"PARTLABEL", b"partlabel"),
        (Mark::Id, b"ID", b"id"),
        (Mark::Path, b"PATH", b"path"),
    ];

    /// As it is written: `UUID`.
    pub fn name(self) -> &'static [u8] {
        Mark::ALL.iter().find(|(mark, _, _)| *mark == self).map_or(b"", |(_, name, _)| name)
    }
}

impl Display for Root<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Root::Virtiofs(tag) => write!(f, "virtiofs:{}", show_bytes(tag)),
            Root::NineP(tag) => write!(f, "9p:{}", show_bytes(tag)),
            Root::Device(path) => write!(f, "{}", show_bytes(path)),
            Root::Marked(mark, value) => {
                write!(f, "{}={}", show_bytes(mark.name()), show_bytes(value))
            }
            Root::Number(major, minor) => write!(f, "{major}:{minor}"),
            Root::Nfs(text) => write!(f, "{}", show_bytes(text)),
            Root::GptAuto => f.write_str("gpt-auto"),
            Root::Tmpfs => f.write_str("tmpfs"),
        }
    }
}

/// `mount=TAG` or `mount-ro=TAG`: a virtiofs share for `/run/mnt/TAG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share<'a> {
    /// The share's name; never empty, without `/`, not `.` or `..`.
    pub tag: &'a [u8],
    /// Whether it may be written to.
    pub read_only: bool,
}

/// How long to wait for something that is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// No longer than this many seconds; `given` when the command line says
    /// so, and then no cleverness shortens it.
    Seconds {
        /// How many.
        seconds: u32,
        /// Whether somebody asked for exactly this.
        given: bool,
    },
    /// For ever (`rootwait`, `rd.timeout=0`).
    Forever,
}

/// A writable layer over a root that stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay<'a> {
    /// In memory: `rd.overlay`, `systemd.volatile=overlay`.
    Memory,
    /// On this device: `rd.overlay=LABEL=...`.
    On(&'a [u8]),
}

/// What to do with the machine when no shell may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emergency {
    /// Start again.
    Reboot,
    /// Switch off.
    Poweroff,
    /// Stop.
    Halt,
}

/// `rescue.profile=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A virtual machine whose owner sits at the console.
    Vm,
    /// A computer that others may touch.
    Host,
    /// Nothing without a password.
    Locked,
}

/// A parameter that a later part of the boot will interpret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept<'a> {
    /// Its name as it was written.
    pub name: &'a [u8],
    /// Its value; empty when it has none.
    pub value: &'a [u8],
}

/// A word that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complaint<'a> {
    /// The word.
    pub word: &'a [u8],
    /// What is wrong with it.
    pub why: &'static str,
    /// Whether the boot cannot go on: it names the root.
    pub fatal: bool,
}

impl Display for Complaint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.word.get(..80).unwrap_or(self.word);
        let dots = if shown.len() < self.word.len() { "..." } else { "" };
        write!(f, "{}{dots} on the kernel command line: {}", show_bytes(shown), self.why)
    }
}

/// What the command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cmdline<'a> {
    /// All of it, for those who look for words of their own ([`words`]).
    pub line: &'a [u8],
    /// The root, when one is named and the name makes sense.
    pub root: Option<Root<'a>>,
    /// It was named by `rootfs=`: osbuild's conventions, init is `/bin/sh`.
    pub osbuild: bool,
    /// `rootfstype=`: candidates in order.
    pub fstypes: Vec<&'a [u8]>,
    /// `rootflags=`: mount options.
    pub flags: &'a [u8],
    /// `rw`, and no `ro` behind it.
    pub rw: bool,
    /// `rootwait`, `rootdelay=`, `rd.retry=`, `rd.timeout=` as they were given.
    pub wait: Option<Limit>,
    /// More shares to mount.
    pub shares: Vec<Share<'a>>,
    /// `init=`.
    pub init: Option<&'a [u8]>,
    /// `debug` or `rd.debug`: say what is done.
    pub debug: bool,
    /// `quiet`.
    pub quiet: bool,
    /// A writable layer over the root.
    pub overlay: Option<Overlay<'a>>,
    /// `rd.driver.pre=`: modules to load before others.
    pub drivers: Vec<&'a [u8]>,
    /// `modprobe.blacklist=`, `module_blacklist=`, `rd.driver.blacklist=`.
    pub blacklist: Vec<&'a [u8]>,
    /// `rd.break[=STAGE]`; an empty stage is the last one.
    pub breaks: Vec<&'a [u8]>,
    /// `rd.shell[=0|1]`.
    pub shell: Option<bool>,
    /// `rd.emergency=`.
    pub emergency: Option<Emergency>,
    /// `panic=`; a malformed number counts as 0, because its presence alone
    /// forbids a shell.
    pub panic: Option<i32>,
    /// `rescue.profile=`.
    pub profile: Option<Profile>,
    /// `rescue.timeout=`, seconds.
    pub rescue_timeout: Option<u32>,
    /// `rescue.tty=`: further terminals for a rescue shell.
    pub ttys: Vec<&'a [u8]>,
    /// `console=`, without options, in order; the last one is /dev/console.
    pub consoles: Vec<&'a [u8]>,
    /// Network, stacked storage, remote shell: `ip=`, `rd.luks.uuid=`, ...
    pub kept: Vec<Kept<'a>>,
    /// What made no sense.
    pub complaints: Vec<Complaint<'a>>,
}

/// Seconds that a device may take to appear when nothing else is said.
pub const DEFAULT_WAIT: u32 = 10;

/// Names longer than this are nothing we know.
const NAME_MAX: usize = 32;

impl<'a> Cmdline<'a> {
    /// Reads the line. Everything behind a `--` is for the real init.
    pub fn parse(line: &'a [u8]) -> Cmdline<'a> {
        let mut parsed = Cmdline { line, ..Cmdline::default() };
        let mut root: Option<Word<'a>> = None;
        for word in words(line) {
            if word.text == b"--" {
                break;
            }
            let mut buffer = [0; NAME_MAX];
            let Some(name) = plain_name(word.name, &mut buffer) else { continue };
            match name {
                b"root" | b"rootfs" => root = Some(word),
                _ => parsed.take(name, word),
            }
        }
        if let Some(word) = root {
            parsed.name_root(word);
        }
        parsed
    }

    /// How long to wait for the root.
    pub fn limit(&self) -> Limit {
        self.wait.unwrap_or(Limit::Seconds { seconds: DEFAULT_WAIT, given: false })
    }

    /// The complaint that forbids to go on, if any.
    pub fn fatal(&self) -> Option<&Complaint<'a>> {
        self.complaints.iter().find(|c| c.fatal)
    }

    fn complain(&mut self, word: Word<'a>, why: &'static str) {
        self.complaints.push(Complaint { word: word.text, why, fatal: false });
    }

    /// One word that is not the root; `name` is its plain name.
    fn take(&mut self, name: &[u8], word: Word<'a>) {
        let value = word.value.unwrap_or_default();
        match (name, word.value.is_some()) {
            (b"ro", false) => self.rw = false,
            (b"rw", false) => self.rw = true,
            (b"debug", false) => self.debug = true,
            (b"quiet", false) => self.quiet = true,
            (b"rd.debug", _) => match boolean(word) {
                Some(on) => self.debug |= on,
                None => self.complain(word, "neither 0 nor 1"),
            },
            (b"rootfstype", true) => self.fstypes = list(value).collect(),
            (b"rootflags", true) => self.flags = value,
            (b"mount", true) => self.share(word, value, false),
            (b"mount_ro", true) => self.share(word, value, true),
            (b"init", true) => {
                if value.first() == Some(&b'/') {
                    self.init = Some(value);
                } else {
                    self.complaints.push(Complaint {
                        word: word.text,
                        why: "the init is named by a path from /",
                        fatal: true,
                    });
                }
            }
            (b"console", true) => {
                let console = value.split(|&b| b == b',').next().unwrap_or_default();
                if console.is_empty() || console.contains(&b'/') {
                    // An empty console= is the kernel's way to have none.
                    return;
                }
                self.consoles.push(console);
            }
            (b"panic", _) => match number(value) {
                Some(n) => self.panic = Some(n),
                None => {
                    self.panic = Some(0);
                    self.complain(word, "not a number of seconds");
                }
            },
            (b"systemd.volatile", true) if value == b"overlay" => {
                self.overlay = Some(Overlay::Memory);
            }
            (b"rd.overlay", _) => {
                self.overlay = match boolean(word) {
                    Some(true) => Some(Overlay::Memory),
                    Some(false) => None,
                    None => Some(Overlay::On(value)),
                }
            }
            (b"rootwait" | b"rootdelay" | b"rd.retry" | b"rd.timeout", _) => self.wait(name, word),
            (b"modprobe.blacklist" | b"module_blacklist" | b"rd.driver.blacklist", true) => {
                self.blacklist.extend(list(value));
            }
            (b"rd.driver.pre", true) => self.drivers.extend(list(value)),
            (b"rd.break", _) => self.breaks.push(value),
            (b"rd.shell", _) => match boolean(word) {
                Some(on) => {
                    // rd.shell=0 always wins.
                    self.shell = Some(on && self.shell != Some(false));
                }
                None => {
                    self.shell = Some(false);
                    self.complain(word, "neither 0 nor 1, taken for 0");
                }
            },
            (b"rd.emergency", _) => match value {
                b"reboot" => self.emergency = Some(Emergency::Reboot),
                b"poweroff" => self.emergency = Some(Emergency::Poweroff),
                b"halt" => self.emergency = Some(Emergency::Halt),
                _ => {
                    self.emergency = Some(Emergency::Halt);
                    self.complain(word, "not reboot, poweroff or halt, taken for halt");
                }
            },
            _ => self.take_kept(name, word),
        }
    }

    fn take_kept(&mut self, name: &[u8], word: Word<'a>) {
        let value = word.value.unwrap_or_default();
        match name {
            b"rescue.profile" => match value {
                b"vm" => self.profile = Some(Profile::Vm),
                b"host" => self.profile = Some(Profile::Host),
                b"locked" => self.profile = Some(Profile::Locked),
                _ => {
                    self.profile = Some(Profile::Locked);
                    self.complain(word, "not vm, host or locked, taken for locked");
                }
            },
            b"rescue.timeout" => match number(value) {
                Some(n) => self.rescue_timeout = Some(n),
                None => self.complain(word, "not a number of seconds"),
            },
            b"rescue.tty" => self.ttys.extend(list(value)),
            b"rescue.remote" if value.is_empty() => self.complain(word, "vsock or tcp is missing"),
            b"ip" | b"nameserver" | b"nfsroot" | b"cryptdevice" | b"raid" | b"rescue.remote" => {
                self.kept.push(Kept { name: word.name, value });
            }
            _ if name.starts_with(b"rd.luks.")
                || name.starts_with(b"rd.lvm.")
                || name.starts_with(b"rd.md.") =>
            {
                if value.is_empty() {
                    self.complain(word, "it wants a value");
                } else {
                    self.kept.push(Kept { name: word.name, value });
                }
            }
            _ if name.starts_with(b"rescue.") => {
                self.complain(word, "no parameter of this program");
            }
            _ => {}
        }
    }

    fn share(&mut self, word: Word<'a>, tag: &'a [u8], read_only: bool) {
        match tag_fault(tag) {
            Some(why) => self.complain(word, why),
            None if self.shares.iter().any(|s| s.tag == tag) => {
                self.complain(word, "named before");
            }
            None => self.shares.push(Share { tag, read_only }),
        }
    }

    fn wait(&mut self, name: &[u8], word: Word<'a>) {
        let limit = match word.value {
            None if name == b"rootwait" => Limit::Forever,
            None => return self.complain(word, "not a number of seconds"),
            Some(value) => match number(value) {
                Some(0) if name == b"rd.timeout" => Limit::Forever,
                Some(seconds) => Limit::Seconds { seconds, given: true },
                None => return self.complain(word, "not a number of seconds"),
            },
        };
        // Several of them: the longest wait.
        self.wait = match (self.wait, limit) {
            (Some(Limit::Forever), _) | (_, Limit::Forever) => Some(Limit::Forever),
            (Some(Limit::Seconds { seconds: a, .. }), Limit::Seconds { seconds: b, .. }) => {
                Some(Limit::Seconds { seconds: a.max(b), given: true })
            }
            (None, limit) => Some(limit),
        };
    }

    fn name_root(&mut self, word: Word<'a>) {
        let value = word.value.unwrap_or_default();
        self.osbuild = word.name == b"rootfs";
        let found = if self.osbuild {
            tag_fault(value).map_or(Ok(Root::Virtiofs(value)), Err)
        } else {
            root(value, &self.fstypes)
        };
        match found {
            Ok(root) => self.root = Some(root),
            Err(why) => {
                self.complaints.push(Complaint { word: word.text, why, fatal: true });
            }
        }
    }
}

/// The name with `_` for every `-`.
fn plain_name<'b>(name: &[u8], buffer: &'b mut [u8; NAME_MAX]) -> Option<&'b [u8]> {
    let plain = buffer.get_mut(..name.len())?;
    for (to, &from) in plain.iter_mut().zip(name) {
        *to = if from == b'-' { b'_' } else { from };
    }
    Some(plain)
}

/// A parameter that is on or off; without a value it is on.
fn boolean(word: Word) -> Option<bool> {
    match word.value {
        None | Some(b"1" | b"yes" | b"on" | b"true") => Some(true),
        Some(b"0" | b"no" | b"off" | b"false") => Some(false),
        _ => None,
    }
}

fn number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    if text.first() == Some(&b'+') {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&b| b == b',').filter(|part| !part.is_empty())
}

/// What is wrong with a share's tag, if anything. The virtio specification
/// gives it 36 bytes; a 9p tag may be longer, but not than a file's name.
fn tag_fault(tag: &[u8]) -> Option<&'static str> {
    match tag {
        [] => Some("the tag is missing"),
        b"." | b".." => Some("this cannot be a tag"),
        _ if tag.len() > 255 => Some("the tag is too long"),
        _ if tag.contains(&b'/') => Some("a tag has no /"),
        _ => None,
    }
}

/// The value of `root=`.
fn root<'a>(value: &'a [u8], fstypes: &[&[u8]]) -> Result<Root<'a>, &'static str> {
    let tagged = |tag: &'a [u8], make: fn(&'a [u8]) -> Root<'a>| match tag_fault(tag) {
        None => Ok(make(tag)),
        Some(why) => Err(why),
    };
    if value.is_empty() {
        return Err("it names nothing");
    }
    if let Some(tag) = value.strip_prefix(b"virtiofs:") {
        return tagged(tag, Root::Virtiofs);
    }
    if let Some(tag) = value.strip_prefix(b"9p:") {
        return tagged(tag, Root::NineP);
    }
    match fstypes {
        [b"virtiofs"] => return tagged(value, Root::Virtiofs),
        [b"9p"] => return tagged(value, Root::NineP),
        _ => {}
    }
    for (mark, upper, lower) in Mark::ALL {
        let named = value.strip_prefix(upper).and_then(|v| v.strip_prefix(b"="));
        let linked = || {
            value
                .strip_prefix(b"/dev/disk/by-")
                .and_then(|v| v.strip_prefix(lower))
                .and_then(|v| v.strip_prefix(b"/"))
        };
        if let Some(text) = named.or_else(linked) {
            let text = text.strip_prefix(b"\"").unwrap_or(text);
            let text = text.strip_suffix(b"\"").unwrap_or(text);
            return match mark_fault(mark, text) {
                None => Ok(Root::Marked(mark, text)),
                Some(why) => Err(why),
            };
        }
    }
    match value {
        b"gpt-auto" | b"dissect" => return Ok(Root::GptAuto),
        b"tmpfs" => return Ok(Root::Tmpfs),
        b"/dev/nfs" | b"nfs" | b"nfs4" => return Ok(Root::Nfs(value)),
        _ => {}
    }
    if value.starts_with(b"nfs:") || value.starts_with(b"nfs4:") {
        return Ok(Root::Nfs(value));
    }
    if let Some(name) = value.strip_prefix(b"/dev/") {
        let odd = |part: &[u8]| part.is_empty() || part == b"." || part == b"..";
        return if name.split(|&b| b == b'/').any(odd) {
            Err("no name of a device")
        } else {
            Ok(Root::Device(value))
        };
    }
    if let Some(colon) = value.iter().position(|&b| b == b':') {
        let (major, minor) = value.split_at_checked(colon).unwrap_or_default();
        let minor = minor.get(1..).unwrap_or_default();
        return match (number(major), number(minor)) {
            (Some(major), Some(minor)) => Ok(Root::Number(major, minor)),
            _ => Err("not a kind of root that is known"),
        };
    }
    // An old device number, as LILO wrote it: include/linux/kdev_t.h,
    // new_decode_dev.
    if value.len() <= 8
        && value.iter().all(u8::is_ascii_hexdigit)
        && let Some(n) =
            std::str::from_utf8(value).ok().and_then(|s| u32::from_str_radix(s, 16).ok())
    {
        return Ok(Root::Number((n & 0xfff00) >> 8, (n & 0xff) | ((n >> 12) & 0xfff00)));
    }
    Err("not a kind of root that is known")
}

/// What is wrong with the value of a mark, if anything.
fn mark_fault(mark: Mark, text: &[u8]) -> Option<&'static str> {
    if text.is_empty() {
        return Some("it names nothing");
    }
    if text.len() > 255 {
        return Some("longer than any label");
    }
    if mark == Mark::PartUuid {
        let mut parts = text.split(|&b| b == b'/');
        let id = parts.next().unwrap_or_default();
        if !id.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-') {
            return Some("no identifier of a partition");
        }
        if let Some(offset) = parts.next() {
            let offset = offset.strip_prefix(b"PARTNROFF=").and_then(number::<i32>);
            if offset.is_none() || parts.next().is_some() {
                return Some("only /PARTNROFF=N may follow a PARTUUID");
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<(String, Option<String>)> {
        words(line.as_bytes())
            .map(|w| {
                let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
                (text(w.name), w.value.map(text))
            })
            .collect()
    }

    fn one(name: &str, value: Option<&str>) -> (String, Option<String>) {
        (name.into(), value.map(Into::into))
    }

    fn complaints(line: &str) -> Vec<String> {
        Cmdline::parse(line.as_bytes()).complaints.iter().map(|c| c.to_string()).collect()
    }

    fn root_of(line: &str) -> String {
        let parsed = Cmdline::parse(line.as_bytes());
        match (parsed.root, parsed.fatal()) {
            (Some(root), None) => root.to_string(),
            (_, Some(complaint)) => format!("! {complaint}"),
            (None, None) => "none".into(),
        }
    }

    #[test]
    fn words_as_the_kernel_cuts_them() {
        assert_eq!(split(""), []);
        assert_eq!(split("  \t\n"), []);
        assert_eq!(split("a b=c\n"), [one("a", None), one("b", Some("c"))]);
        assert_eq!(split("a=b=c"), [one("a", Some("b=c"))]);
        assert_eq!(split("a=\"b c\" d"), [one("a", Some("b c")), one("d", None)]);
        assert_eq!(split("\"a=b c\" d"), [one("a", Some("b c")), one("d", None)]);
        assert_eq!(split("a=x\"b c\"y"), [one("a", Some("x\"b c\"y"))]);
        assert_eq!(split("a='b c'"), [one("a", Some("'b")), one("c'", None)]);
        assert_eq!(split("a=\"b c"), [one("a", Some("b c"))]);
        assert_eq!(split("="), [one("", Some(""))]);
        assert_eq!(split("\"=\""), [one("", Some(""))]);
        assert_eq!(split("\""), [one("", None)]);
    }

    #[test]
    fn roots() {
        for (line, expected) in [
            ("quiet", "none"),
            ("rootfs=rootfs", "virtiofs:rootfs"),
            ("root=virtiofs:a", "virtiofs:a"),
            ("root=a rootfstype=virtiofs", "virtiofs:a"),
            ("rootfstype=9p root=a", "9p:a"),
            ("root=9p:share", "9p:share"),
            ("root=/dev/vda1", "/dev/vda1"),
            ("root=/dev/mapper/vg-root", "/dev/mapper/vg-root"),
            ("root=UUID=aB-1", "UUID=aB-1"),
            ("root=\"LABEL=my root\"", "LABEL=my root"),
            ("root=LABEL=\"my root\"", "LABEL=my root"),
            ("root=/dev/disk/by-partlabel/x", "PARTLABEL=x"),
            ("root=/dev/disk/by-id/virtio-1", "ID=virtio-1"),
            ("root=PARTUUID=0000abcd-01", "PARTUUID=0000abcd-01"),
            ("root=PARTUUID=ab-cd/PARTNROFF=-1", "PARTUUID=ab-cd/PARTNROFF=-1"),
            ("root=8:1", "8:1"),
            ("root=0801", "8:1"),
            ("root=/dev/nfs", "/dev/nfs"),
            ("root=gpt-auto", "gpt-auto"),
            ("root=tmpfs", "tmpfs"),
            ("root=a root=/dev/sda", "/dev/sda"),
            ("root=/dev/sda -- root=/dev/sdb", "/dev/sda"),
            ("root=", "! root= on the kernel command line: it names nothing"),
            ("root", "! root on the kernel command line: it names nothing"),
            ("rootfs=", "! rootfs= on the kernel command line: the tag is missing"),
            ("root=virtiofs:", "! root=virtiofs: on the kernel command line: the tag is missing"),
            ("rootfs=../x", "! rootfs=../x on the kernel command line: a tag has no /"),
            ("root=UUID=", "! root=UUID= on the kernel command line: it names nothing"),
            ("root=/dev/../x", "! root=/dev/../x on the kernel command line: no name of a device"),
            (
                "root=banana",
                "! root=banana on the kernel command line: not a kind of root that is known",
            ),
            (
                "root=PARTUUID=a/b",
                "! root=PARTUUID=a/b on the kernel command line: only /PARTNROFF=N may follow a PARTUUID",
            ),
            (
                "root=x\x1b[2J:y",
                "! root=x\\x1b[2J:y on the kernel command line: not a kind of root that is known",
            ),
        ] {
            assert_eq!(root_of(line), expected, "{line}");
        }
    }

    #[test]
    fn dashes_are_underscores() {
        let a = Cmdline::parse(b"mount-ro=x module-blacklist=a,b");
        let b = Cmdline::parse(b"mount_ro=x module_blacklist=a,b");
        assert_eq!((&a.shares, &a.blacklist), (&b.shares, &b.blacklist));
        assert_eq!(a.shares, [Share { tag: b"x", read_only: true }]);
        assert_eq!(a.blacklist, [b"a", b"b"]);
    }

    #[test]
    fn osbuilds_words() {
        let c =
            Cmdline::parse(b"console=ttyS0,115200 rootfs=r mount=m mount-ro=n debug init=/x.py");
        assert!(c.osbuild && c.debug && !c.rw);
        assert_eq!(c.init, Some(b"/x.py".as_slice()));
        assert_eq!(c.consoles, [b"ttyS0"]);
        assert_eq!(
            c.shares,
            [Share { tag: b"m", read_only: false }, Share { tag: b"n", read_only: true }]
        );
        assert!(c.complaints.is_empty());
    }

    #[test]
    fn the_last_of_ro_and_rw_wins() {
        assert!(!Cmdline::parse(b"").rw);
        assert!(Cmdline::parse(b"ro rw").rw);
        assert!(!Cmdline::parse(b"rw ro").rw);
    }

    #[test]
    fn waits() {
        let limit = |line: &'static str| Cmdline::parse(line.as_bytes()).limit();
        assert_eq!(limit(""), Limit::Seconds { seconds: 10, given: false });
        assert_eq!(limit("rootwait"), Limit::Forever);
        assert_eq!(limit("rootwait=3"), Limit::Seconds { seconds: 3, given: true });
        assert_eq!(limit("rd.timeout=0"), Limit::Forever);
        assert_eq!(limit("rootdelay=5 rd.retry=40"), Limit::Seconds { seconds: 40, given: true });
        assert_eq!(
            complaints("rd.timeout=x"),
            ["rd.timeout=x on the kernel command line: not a number of seconds"]
        );
    }

    #[test]
    fn no_shell() {
        let c = Cmdline::parse(b"rd.shell=0 rd.emergency=poweroff panic=-1");
        assert_eq!(c.shell, Some(false));
        assert_eq!(c.emergency, Some(Emergency::Poweroff));
        assert_eq!(c.panic, Some(-1));
        assert_eq!(Cmdline::parse(b"rd.shell=0 rd.shell").shell, Some(false));
        assert_eq!(Cmdline::parse(b"panic").panic, Some(0));
        assert_eq!(Cmdline::parse(b"rd.shell=maybe").shell, Some(false));
    }

    #[test]
    fn overlays() {
        let overlay = |line: &'static [u8]| Cmdline::parse(line).overlay;
        assert_eq!(overlay(b"systemd.volatile=overlay"), Some(Overlay::Memory));
        assert_eq!(overlay(b"systemd.volatile=yes"), None);
        assert_eq!(overlay(b"rd.overlay"), Some(Overlay::Memory));
        assert_eq!(overlay(b"rd.overlay rd.overlay=0"), None);
        assert_eq!(overlay(b"rd.overlay=LABEL=x"), Some(Overlay::On(b"LABEL=x")));
    }

    #[test]
    fn storage_and_network_are_kept() {
        let c =
            Cmdline::parse(b"ip=dhcp rd.luks.uuid=1 rd.luks.name=2=x rd.lvm.lv=vg/lv ip=:::::eth0");
        let kept: Vec<_> = c.kept.iter().map(|k| (k.name, k.value)).collect();
        let expected: [(&[u8], &[u8]); 5] = [
            (b"ip", b"dhcp"),
            (b"rd.luks.uuid", b"1"),
            (b"rd.luks.name", b"2=x"),
            (b"rd.lvm.lv", b"vg/lv"),
            (b"ip", b":::::eth0"),
        ];
        assert_eq!(kept, expected);
    }

    #[test]
    fn complaints_name_the_word() {
        assert_eq!(
            complaints("mount= mount=a mount=a mount=x/y rescue.tyop=1 rd.emergency=now"),
            [
                "mount= on the kernel command line: the tag is missing",
                "mount=a on the kernel command line: named before",
                "mount=x/y on the kernel command line: a tag has no /",
                "rescue.tyop=1 on the kernel command line: no parameter of this program",
                "rd.emergency=now on the kernel command line: not reboot, poweroff or halt, taken for halt",
            ]
        );
        assert_eq!(complaints("foo=bar acpi=off nvme.poll_queues=1 systemd.unit=x"), [""; 0]);
        let long = format!("root={}", "x".repeat(2000));
        assert_eq!(
            complaints(&long)[0].len(),
            80 + 3 + " on the kernel command line: not a kind of root that is known".len()
        );
    }

    #[test]
    fn init_is_a_path() {
        let c = Cmdline::parse(b"rootfs=r init=sh");
        assert_eq!(c.fatal().map(|c| c.why), Some("the init is named by a path from /"));
    }
}
