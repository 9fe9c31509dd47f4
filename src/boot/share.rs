//! Shares: waiting for a tag, and naming the reason when it does not come.
//!
//! A tag that is not there is EINVAL from virtiofs (`fs/fuse/virtio_fs.c`,
//! virtio_fs_get_tree) and ENOENT from 9p (`net/9p/trans_virtio.c`,
//! p9_virtio_create), in both cases for good or for now. ENODEV is a kernel
//! that has no such file system (yet).

use std::fmt::Write;

use nix::errno::Errno;

use super::plan::Source;
use crate::applet::show_bytes;
use crate::dev::virtio::{self, TYPE_9P, TYPE_FS};

/// A share of either kind.
#[derive(Clone, Copy)]
pub struct Share<'a> {
    /// Its tag.
    pub tag: &'a [u8],
    /// By 9p, not virtiofs.
    pub nine_p: bool,
}

impl<'a> Share<'a> {
    /// The share that a source is, if it is one.
    pub fn of(source: Source<'a>) -> Option<Share<'a>> {
        match source {
            Source::Virtiofs(tag) => Some(Share { tag, nine_p: false }),
            Source::NineP(tag) => Some(Share { tag, nine_p: true }),
            _ => None,
        }
    }

    /// Its type of file system.
    pub fn fstype(self) -> &'static str {
        if self.nine_p { "9p" } else { "virtiofs" }
    }

    /// Whether the answer to mount(2) may change when a device comes.
    pub fn may_come(self, errno: Errno) -> bool {
        match errno {
            Errno::EINVAL => !self.nine_p && !self.is_listed(),
            Errno::ENOENT => self.nine_p,
            _ => false,
        }
    }

    /// Whether the kernel lists this very tag.
    fn is_listed(self) -> bool {
        virtio::tags().is_some_and(|tags| tags.iter().any(|tag| tag == self.tag))
    }

    /// Why it cannot be mounted, in words: a line for the cause, and lines of
    /// what was seen.
    pub fn diagnose(self, errno: Errno) -> String {
        let tag = show_bytes(self.tag);
        let fstype = self.fstype();
        let mut text = String::new();
        if errno == Errno::ENODEV || !virtio::knows_filesystem(fstype.as_bytes()) {
            let _ = write!(
                text,
                "this kernel has no file system {fstype}, and no module for it was loaded"
            );
            return text;
        }
        if !self.may_come(errno) {
            let _ = write!(text, "{}", crate::sys::text::error_text(errno as i32));
            if errno == Errno::EINVAL {
                text.push_str(": an option that the file system does not know");
            }
            return text;
        }
        let mut orphans = virtio::orphans();
        let devices = virtio::devices();
        let kind = if self.nine_p { TYPE_9P } else { TYPE_FS };
        let ours: Vec<_> = devices.iter().filter(|d| d.kind == kind).collect();
        let suspect = match ours.iter().any(|d| d.bound) {
            false => orphans.iter().position(|o| o.is(kind)),
            true => None,
        };
        if let Some(orphan) = suspect.map(|at| orphans.remove(at)) {
            let _ = write!(
                text,
                "no driver for the virtio device {} at {} ({} not loaded)",
                orphan.id, orphan.address, orphan.module
            );
        } else if let Some(device) = ours.iter().find(|d| !d.bound) {
            let module = if self.nine_p { "9pnet_virtio" } else { "virtiofs" };
            let _ = write!(text, "no driver for {} ({module} not loaded)", device.name);
        } else if ours.is_empty() {
            let _ = write!(text, "tag {tag} absent: this machine has no {fstype} device");
            if !orphans.is_empty() {
                let _ = write!(text, " with a driver");
            }
        } else {
            self.say_tags(&mut text, ours.len());
        }
        for orphan in &orphans {
            let _ = write!(text, "\nwithout a driver: {} at {}", orphan.id, orphan.address);
        }
        text
    }

    fn say_tags(self, text: &mut String, count: usize) {
        let tag = show_bytes(self.tag);
        let tags = if self.nine_p { Some(virtio::tags_9p()) } else { virtio::tags() };
        match tags.as_deref() {
            Some(tags) if !tags.is_empty() => {
                let _ = write!(text, "tag {tag} absent; these are present:");
                for tag in tags {
                    let _ = write!(text, " {}", show_bytes(tag));
                }
            }
            _ => {
                let (s, have) = if count == 1 { ("", "has another") } else { ("s", "have others") };
                let _ = write!(
                    text,
                    "tag {tag} absent: the {count} {} device{s} here {have} \
                     (kernels before 6.9 do not list them)",
                    self.fstype()
                );
            }
        }
    }
}

impl virtio::Orphan {
    /// Whether it may be a device of this type. A PCI device tells by its
    /// number (0x1040 + type, or the transitional number of 9p); what is on a
    /// platform bus does not tell.
    fn is(&self, kind: u32) -> bool {
        match self.id.strip_prefix("1af4:") {
            Some(id) => {
                let id = u32::from_str_radix(id, 16).unwrap_or(0);
                id == 0x1040 + kind || (kind == TYPE_9P && id == 0x1009)
            }
            None => true,
        }
    }
}
