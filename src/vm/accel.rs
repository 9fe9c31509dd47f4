//! Whether KVM works here. A /dev/kvm that opens is no proof: on some hosts it
//! makes a machine, which then hangs or dies on an instruction. So the very
//! kernel is started once, with no initramfs, and has to get as far as to
//! complain about that. The answer is kept until the host or QEMU is another.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use super::child;
use super::qemu::{Accel, Machine, Use, arguments};
use crate::applet::Error;
use crate::image::output;

/// A kernel that starts says something all the time; one that is silent for
/// this long hangs.
const SILENCE: Duration = Duration::from_millis(1200);

/// The whole start may take this long.
const LIMIT: Duration = Duration::from_secs(10);

/// What a kernel says when it has come all the way and finds no root.
const ARRIVED: [&[u8]; 2] = [b"Unable to mount root fs", b"No working init found"];

/// What runs the machine, and what there is to say about the choice.
pub struct Choice {
    /// It.
    pub accel: Accel,
    /// Why it is not KVM.
    pub reason: Option<String>,
    /// Whether that is news.
    pub fresh: bool,
}

/// Chooses the first of `wanted` that works; empty stands for `kvm,tcg`. With
/// one alone there is no choice, and nothing is tried.
pub fn choose(
    wanted: &[Accel],
    qemu: &Path,
    kernel: &Path,
    cache: Option<&Path>,
) -> Result<Choice, Error> {
    match wanted {
        [only] => return Ok(Choice { accel: *only, reason: None, fresh: false }),
        [Accel::Tcg, ..] => return Ok(Choice { accel: Accel::Tcg, reason: None, fresh: false }),
        _ => {}
    }
    let key = key(qemu);
    let file = cache.map(|dir| dir.join("kvm"));
    let known = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    let known = known.as_deref().and_then(|text| text.strip_prefix(key.as_str()));
    let (verdict, fresh) = match known.and_then(|text| text.strip_prefix('\n')) {
        Some("") => (Ok(()), false),
        Some(reason) => (Err(reason.trim_end().to_string()), false),
        None => (try_kvm(qemu, kernel), true),
    };
    if fresh && let Some(file) = file {
        let reason = verdict.as_ref().err().map_or("", String::as_str);
        let _ = cache.map(std::fs::create_dir_all);
        // Without it the next run only takes longer.
        let _ = output::save(&file, format!("{key}\n{reason}").as_bytes());
    }
    Ok(match verdict {
        Ok(()) => Choice { accel: Accel::Kvm, reason: None, fresh },
        Err(reason) => Choice { accel: Accel::Tcg, reason: Some(reason), fresh },
    })
}

/// This boot of the host, this QEMU, and who asks.
fn key(qemu: &Path) -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let time = std::fs::metadata(qemu).map_or(0, |meta| meta.mtime());
    format!("{} {time} {}", boot.trim_end(), nix::unistd::getuid())
}

/// Whether a kernel runs on KVM; otherwise why not.
fn try_kvm(qemu: &Path, kernel: &Path) -> Result<(), String> {
    std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/kvm")
        .map_err(|e| format!("/dev/kvm: {}", crate::applet::reason(&e)))?;
    let (ours, theirs) =
        socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)
            .map_err(|e| e.to_string())?;
    let machine = Machine {
        name: OsStr::new("rescuebox kvm test"),
        accel: Accel::Kvm,
        purpose: Use::Job,
        kernel,
        initrd: None,
        line: "console=ttyS0 earlyprintk=ttyS0 panic=-1 cryptomgr.notests",
        memory: 256 << 20,
        cpus: 1,
        console: theirs.as_raw_fd(),
        ports: None,
        door: None,
        shares: &[],
        disks: &[],
        network: false,
    };
    let args: Vec<OsString> = arguments(&machine);
    let start = child::Start {
        program: qemu,
        args: &args,
        keep: &[theirs.as_fd()],
        stdout: None,
        prepare: &|| Ok(()),
    };
    let mut child = child::start(&start).map_err(|e| e.to_string())?;
    drop(theirs);
    let begin = Instant::now();
    let mut log = Vec::new();
    loop {
        let mut fds = [PollFd::new(ours.as_fd(), PollFlags::POLLIN)];
        let silence = u16::try_from(SILENCE.as_millis()).unwrap_or(u16::MAX);
        match poll(&mut fds, PollTimeout::from(silence)) {
            Ok(0) => return Err("a machine hangs on it".to_string()),
            Ok(_) => {}
            Err(nix::errno::Errno::EINTR) => continue,
            Err(errno) => return Err(errno.to_string()),
        }
        let mut piece = [0; 4096];
        let count = nix::unistd::read(&ours, &mut piece).unwrap_or(0);
        log.extend_from_slice(piece.get(..count).unwrap_or_default());
        if ARRIVED.iter().any(|text| log.windows(text.len()).any(|piece| piece == *text)) {
            return Ok(());
        }
        if count == 0 {
            child.wait(Duration::from_secs(1));
            return Err(format!("a machine dies on it{}", child.said()));
        }
        if begin.elapsed() > LIMIT || log.len() > 1 << 20 {
            return Err("a machine does not get through on it".to_string());
        }
    }
}
