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

mod edit;
pub mod nfs;
mod root;
#[cfg(test)]
mod tests;
mod words;

pub use edit::{quoted, reworded};
pub use root::{Mark, Root};
use root::{root, tag_fault};
use words::{NAME_MAX, boolean, list, number, plain_name};
pub use words::{Word, Words, words};

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

impl Emergency {
    /// `reboot`, `poweroff` or `halt`.
    pub fn of_name(name: &[u8]) -> Option<Emergency> {
        match name {
            b"reboot" => Some(Emergency::Reboot),
            b"poweroff" => Some(Emergency::Poweroff),
            b"halt" => Some(Emergency::Halt),
            _ => None,
        }
    }
}

/// `rescue.profile=`, the stricter ones last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// A virtual machine whose owner sits at the console.
    Vm,
    /// A computer that others may touch.
    Host,
    /// Nothing without a password.
    Locked,
}

impl Profile {
    /// `vm`, `host` or `locked`.
    pub fn of_name(name: &[u8]) -> Option<Profile> {
        match name {
            b"vm" => Some(Profile::Vm),
            b"host" => Some(Profile::Host),
            b"locked" => Some(Profile::Locked),
            _ => None,
        }
    }
}

/// Parts of the boot that a person can name (`rd.break=`), in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Before anything that depends on the command line.
    Cmdline,
    /// Modules.
    Modules,
    /// Getting ready for the root.
    PreMount,
    /// Mounting it.
    Mount,
    /// The checks before the switch and the switch.
    PreSwitch,
}

impl Stage {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Cmdline => "cmdline",
            Stage::Modules => "modules",
            Stage::PreMount => "pre-mount",
            Stage::Mount => "mount",
            Stage::PreSwitch => "pre-switch",
        }
    }

    /// The stage of this name, or of dracut's name for that place
    /// (dracut.cmdline(7)); no name is the last stage.
    pub fn of_name(name: &[u8]) -> Option<Stage> {
        match name {
            b"cmdline" => Some(Stage::Cmdline),
            b"modules" | b"pre-udev" | b"pre-trigger" => Some(Stage::Modules),
            b"pre-mount" | b"initqueue" => Some(Stage::PreMount),
            b"mount" => Some(Stage::Mount),
            b"" | b"pre-switch" | b"pre-pivot" | b"cleanup" => Some(Stage::PreSwitch),
            _ => None,
        }
    }
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
    /// `loop=`: the root is this file on the filesystem that `root=` names.
    pub image: Option<&'a [u8]>,
    /// `loopfstype=`: candidates for that file, in order.
    pub image_types: Vec<&'a [u8]>,
    /// `loopflags=`: its mount options.
    pub image_flags: &'a [u8],
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
    /// `rd.break[=STAGE,...]`.
    pub breaks: Vec<Stage>,
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
    /// `rd.neednet=1`: a network although the root is on none. Without `ip=`
    /// it asks DHCP, and a network that does not come stops no boot.
    pub need_network: bool,
    /// Network, stacked storage, remote shell: `ip=`, `rd.luks.uuid=`, ...
    pub kept: Vec<Kept<'a>>,
    /// What made no sense.
    pub complaints: Vec<Complaint<'a>>,
}

/// Seconds that a device may take to appear when nothing else is said.
pub const DEFAULT_WAIT: u32 = 10;

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
            (b"loop", true) if !value.is_empty() => self.image = Some(value),
            (b"loopfstype", true) => self.image_types = list(value).collect(),
            (b"loopflags", true) => self.image_flags = value,
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
            (b"rd.break", _) => {
                for name in value.split(|&b| b == b',') {
                    match Stage::of_name(name) {
                        Some(stage) => self.breaks.push(stage),
                        None => self.complain(
                            word,
                            "no stage: cmdline, modules, pre-mount, mount or pre-switch",
                        ),
                    }
                }
            }
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
            (b"rd.neednet", _) => match boolean(word) {
                Some(on) => self.need_network = on,
                None => self.complain(word, "neither 0 nor 1"),
            },
            (b"rd.emergency", _) => {
                let how = Emergency::of_name(value);
                self.emergency = Some(how.unwrap_or(Emergency::Halt));
                if how.is_none() {
                    self.complain(word, "not reboot, poweroff or halt, taken for halt");
                }
            }
            _ => self.take_kept(name, word),
        }
    }

    fn take_kept(&mut self, name: &[u8], word: Word<'a>) {
        let value = word.value.unwrap_or_default();
        match name {
            b"rescue.profile" => {
                let profile = Profile::of_name(value);
                self.profile = Some(profile.unwrap_or(Profile::Locked));
                if profile.is_none() {
                    self.complain(word, "not vm, host or locked, taken for locked");
                }
            }
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
