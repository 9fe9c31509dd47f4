//! The mount steps.

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use nix::unistd::mkdir;

use super::plan::{LAYERS, LOWER, Mount, SYSROOT, Source};
use super::share::Share;
use super::steps::Worker;
use super::{Fault, SECOND, now};
use crate::applet::show_bytes;
use crate::cmdline::Limit;
use crate::dev::uevent::Listener;
use crate::mountopts::Options;
use crate::sys::path::is_mount_point;

/// How long nothing may happen on any bus before what is absent is taken to
/// stay absent, when nobody said how long to wait: drivers find their devices
/// within the call that loads them, nearly all of them.
const QUIET: u64 = SECOND;

/// Makes a folder and those above it.
pub fn make_folder(path: &[u8]) -> Result<(), Fault> {
    let mode = Mode::from_bits_truncate(0o755);
    match mkdir(path, mode) {
        Ok(()) | Err(Errno::EEXIST) => return Ok(()),
        Err(Errno::ENOENT) => {}
        Err(errno) => return Err(Fault::os(show_bytes(path), errno)),
    }
    for (i, _) in path.iter().enumerate().filter(|&(i, &b)| i > 0 && b == b'/') {
        let _ = mkdir(path.get(..i).unwrap_or_default(), mode);
    }
    match mkdir(path, mode) {
        Ok(()) | Err(Errno::EEXIST) => Ok(()),
        Err(errno) => Err(Fault::os(show_bytes(path), errno)),
    }
}

/// `rootflags=` as mount(2) wants it: the flags, and the words that are the
/// file system's own.
fn options(words: &[u8], read_only: bool) -> Result<(MsFlags, Vec<u8>), Fault> {
    let mut options = Options::default();
    let words = [if read_only { b"ro,".as_slice() } else { b"rw," }, words].concat();
    match options.add(&words) {
        Ok(()) => {
            let flags = libc::c_ulong::from(options.flags);
            Ok((MsFlags::from_bits_retain(flags), options.data))
        }
        Err(bad) => Err(Fault::new(format!("rootflags=: {} makes no sense", show_bytes(&bad.0)))),
    }
}

/// mount(2) with names that are bytes.
pub(super) fn mount_bytes(
    source: &[u8],
    target: &[u8],
    kind: &[u8],
    flags: MsFlags,
    data: &[u8],
) -> Result<(), Errno> {
    mount(Some(source), target, Some(kind), flags, Some(data))
}

/// Takes down what an earlier try has left on `path`.
pub(super) fn clear(path: &[u8]) {
    while is_mount_point(path) == Ok(true) {
        if umount2(path, MntFlags::MNT_DETACH).is_err() {
            break;
        }
    }
}

impl Worker<'_> {
    /// Executes a mount of the plan.
    pub fn mount(&mut self, step: &Mount) -> Result<(), Fault> {
        let path = step.place.path();
        make_folder(&path)?;
        if self.again {
            clear(&path);
        }
        let (flags, data) = options(step.flags, step.read_only)?;
        match step.source {
            Source::Tmpfs => mount_bytes(b"tmpfs", &path, b"tmpfs", flags, b"mode=0755")
                .map_err(|e| Fault::os(show_bytes(&path), e)),
            Source::Device(_) | Source::Marked(..) | Source::Number(..) | Source::GptAuto => {
                self.mount_disk(step, &path, flags, &data)
            }
            Source::Nfs(nfs) => self.mount_nfs(step, &nfs, &path, flags, &data),
            Source::Image(file) => self.mount_image(step, file, &path, flags, &data),
            Source::Virtiofs(_) | Source::NineP(_) => {
                let Some(share) = Share::of(step.source) else { return Ok(()) };
                self.mount_share(step, share, &path, flags, &data)
            }
        }
    }

    fn mount_share(
        &mut self,
        step: &Mount,
        share: Share,
        path: &[u8],
        flags: MsFlags,
        data: &[u8],
    ) -> Result<(), Fault> {
        let mut options = Vec::new();
        if share.nine_p {
            // The most that virtio's queue of 128 pages takes.
            options.extend_from_slice(b"trans=virtio,version=9p2000.L,msize=512000");
            if !data.is_empty() {
                options.push(b',');
            }
        }
        options.extend_from_slice(data);
        let kind = share.fstype();
        let mut wait = Wait::new(step.limit);
        let mut loaded = false;
        loop {
            let errno = match mount_bytes(share.tag, path, kind.as_bytes(), flags, &options) {
                Ok(()) => return Ok(()),
                Err(errno) => errno,
            };
            if !loaded && matches!(errno, Errno::ENODEV | Errno::EINVAL) {
                // Not registered: with 9p it may be the transport that is not.
                loaded = true;
                let mut some = self.load_filesystem(kind.as_bytes());
                if share.nine_p {
                    some |= self.load(b"9pnet_virtio");
                }
                if some {
                    continue;
                }
            }
            if !share.may_come(errno) || !wait.for_event(self, step) {
                let text = share.diagnose(errno);
                return Err(self.with_modules(Fault { text, errno: Some(errno as i32) }));
            }
        }
    }

    /// Memory for what will be changed in the root.
    pub fn make_upper(&mut self) -> Result<(), Fault> {
        make_folder(LAYERS.as_bytes())?;
        if self.again {
            clear(LAYERS.as_bytes());
        }
        mount(Some("tmpfs"), LAYERS, Some("tmpfs"), MsFlags::empty(), Some("mode=0755"))
            .map_err(|e| Fault::os(LAYERS, e))?;
        for name in [LOWER, "/run/rescuebox/overlay/upper", "/run/rescuebox/overlay/work"] {
            make_folder(name.as_bytes())?;
        }
        Ok(())
    }

    /// Puts the layers together on [`SYSROOT`].
    pub fn mount_overlay(&mut self) -> Result<(), Fault> {
        make_folder(SYSROOT.as_bytes())?;
        if self.again {
            clear(SYSROOT.as_bytes());
        }
        let data = "lowerdir=/run/rescuebox/overlay/lower,upperdir=/run/rescuebox/overlay/upper,\
                    workdir=/run/rescuebox/overlay/work";
        let go = || mount(Some("overlay"), SYSROOT, Some("overlay"), MsFlags::empty(), Some(data));
        let mut result = go();
        if result == Err(Errno::ENODEV) && self.load_filesystem(b"overlay") {
            result = go();
        }
        match result {
            Ok(()) => Ok(()),
            Err(Errno::ENODEV) => Err(self.with_modules(Fault {
                text: "this kernel has no file system overlay, and no module for it was loaded"
                    .into(),
                errno: Some(libc::ENODEV),
            })),
            Err(errno) => Err(Fault::os("overlay on /sysroot", errno)),
        }
    }
}

/// A wait for something to appear.
struct Wait {
    limit: Limit,
    started: u64,
    last_event: u64,
    listener: Option<Listener>,
    told: bool,
}

impl Wait {
    fn new(limit: Limit) -> Wait {
        Wait { limit, started: 0, last_event: 0, listener: None, told: false }
    }

    /// Waits until another try makes sense; `false` when time is up.
    fn for_event(&mut self, worker: &mut Worker, step: &Mount) -> bool {
        let time = now();
        if self.started == 0 {
            self.started = time;
            self.last_event = time;
            self.listener = Listener::new().ok();
            // What came before the listener did is seen by the next try.
            return true;
        }
        match self.limit {
            Limit::Seconds { seconds, .. }
                if time.wrapping_sub(self.started) >= u64::from(seconds) * SECOND =>
            {
                return false;
            }
            Limit::Seconds { given: false, .. }
                if self.listener.is_some() && time.wrapping_sub(self.last_event) >= QUIET =>
            {
                return false;
            }
            _ => {}
        }
        if !self.told && time.wrapping_sub(self.started) > 3 * SECOND {
            self.told = true;
            worker.say(format_args!("waiting for {}", step.source));
        }
        match &self.listener {
            Some(listener) => {
                if listener.wait(100) {
                    self.last_event = now();
                    worker.load_drivers_of_new_devices();
                }
            }
            None => std::thread::sleep(std::time::Duration::from_millis(1)),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_flags_or_data() {
        let (flags, data) = options(b"rw,noatime,subvol=@,,nosuid,dax", true).unwrap();
        assert_eq!(flags, MsFlags::MS_NOATIME | MsFlags::MS_NOSUID);
        assert_eq!(data, b"subvol=@,dax");
        assert_eq!(options(b"", true).unwrap(), (MsFlags::MS_RDONLY, vec![]));
        assert_eq!(
            options(b"offset=x", true).unwrap_err().text,
            "rootflags=: offset=x makes no sense"
        );
    }
}
