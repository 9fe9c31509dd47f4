//! A plan in words: each step for reports and messages, the whole for
//! `init --plan`.

use std::fmt::{self, Display};

use super::{Devices, Facts, Init, Mount, Run, Source, Step, plan};
use crate::applet::show_bytes;
use crate::cmdline::{Cmdline, Limit, Root};

impl Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Source::Virtiofs(tag) => write!(f, "virtiofs:{}", show_bytes(tag)),
            Source::NineP(tag) => write!(f, "9p:{}", show_bytes(tag)),
            Source::Device(path) => show_bytes(path).fmt(f),
            Source::Marked(mark, value) => Root::Marked(mark, value).fmt(f),
            Source::Number(major, minor) => write!(f, "device {major}:{minor}"),
            Source::GptAuto => f.write_str("the root partition"),
            Source::Image(path) => write!(f, "image {}", show_bytes(path)),
            Source::Nfs(nfs) => {
                f.write_str(if nfs.v4 { "nfs4 " } else { "nfs " })?;
                let server = if nfs.server.is_empty() { b"the boot server" } else { nfs.server };
                let path = if nfs.path.is_empty() { b"its folder for us" } else { nfs.path };
                write!(f, "{}:{}", show_bytes(server), show_bytes(path))
            }
            Source::Tmpfs => f.write_str("tmpfs"),
        }
    }
}

impl Display for Init<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Init::Path(path) => show_bytes(path).fmt(f),
            Init::Usual => f.write_str("/sbin/init, /etc/init, /bin/init or /bin/sh"),
        }
    }
}

impl Display for Mount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mount ")?;
        self.source.fmt(f)?;
        f.write_str(" on ")?;
        show_bytes(&self.place.path()).fmt(f)?;
        f.write_str(if self.read_only { " read-only" } else { "" })?;
        for (i, kind) in self.types.iter().enumerate() {
            f.write_str(if i == 0 { " as " } else { " or " })?;
            show_bytes(kind).fmt(f)?;
        }
        if !self.flags.is_empty() {
            f.write_str(" with ")?;
            show_bytes(self.flags).fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Api { tmp: true, .. } => f.write_str("mount /proc /sys /dev /run /tmp"),
            Step::Api { .. } => f.write_str("mount /proc /sys /dev /run"),
            Step::Nodes => f.write_str("make device nodes"),
            Step::Flat => f.write_str("load modules of /usr/lib/modules"),
            Step::Drivers { first, devices } => {
                f.write_str("load ")?;
                for name in first {
                    write!(f, "{}, ", show_bytes(name))?;
                }
                f.write_str(match devices {
                    Devices::All => "drivers of all devices",
                    Devices::Disks => "drivers of disks, of all devices where that is not enough",
                    Devices::Virtio(_) => "drivers of virtio devices",
                })
            }
            Step::Refuse(_) => f.write_str("understand the command line"),
            Step::Network { words, .. } => {
                f.write_str("set up the network:")?;
                for word in words {
                    write!(f, " {}={}", show_bytes(word.name), show_bytes(word.value))?;
                }
                Ok(())
            }
            Step::Upper => f.write_str("make a layer in memory for changes to the root"),
            Step::Mount(mount) => mount.fmt(f),
            Step::Overlay => f.write_str("lay the memory over the root, on /sysroot"),
            Step::Usr { .. } => f.write_str("mount /usr, if fstab of the root has it"),
            Step::CheckRoot { .. } => f.write_str("check the root on /sysroot"),
            Step::CheckInit(init) => {
                f.write_str("check init ")?;
                init.fmt(f)
            }
            Step::Switch(Run::Init(init)) => {
                f.write_str("switch to /sysroot and run ")?;
                init.fmt(f)
            }
            Step::Switch(Run::Job) => f.write_str("switch to /sysroot and run the job"),
            Step::Job => f.write_str("run the job"),
            Step::Shell => f.write_str("give a shell, no root being named"),
            Step::Break(stage) => write!(f, "stop for a shell before {}", stage.name()),
        }
    }
}

/// The plan as text, a line for each step.
pub fn text(cmdline: &Cmdline, facts: Facts) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for complaint in &cmdline.complaints {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# {complaint}");
    }
    for (i, step) in plan(cmdline, facts).iter().enumerate() {
        let _ = write!(text, "{:2} {step}", i + 1);
        if let Step::Mount(mount) = step {
            let _ = match mount.limit {
                Limit::Seconds { seconds, .. } => write!(text, ", waiting at most {seconds} s"),
                Limit::Forever => write!(text, ", waiting for ever"),
            };
        }
        text.push('\n');
    }
    text
}
