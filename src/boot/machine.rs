//! What the rules of [`super::policy`] want to know about the machine, and
//! what the image says.

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{AccessFlags, access};

use super::policy::Facts;
use crate::dev::{names, read_small};
use crate::settings::Settings;

const LOCKDOWN: &str = "/sys/kernel/security/lockdown";

/// Longer files are not read.
const FILE_MAX: usize = 16 << 10;

/// The image's configuration, to be read while the image is still there.
pub fn settings() -> Settings {
    let mut settings = match read_small("/etc/rescuebox.conf", FILE_MAX) {
        Ok(text) => Settings::parse(&text),
        Err(Errno::ENOENT | Errno::ENOTDIR) => Settings::default(),
        Err(_) => Settings::unreadable(),
    };
    if let Ok(text) = read_small("/etc/shadow", FILE_MAX) {
        settings.add_shadow(&text);
    }
    settings
}

/// The machine as it is now.
pub fn facts() -> Facts {
    Facts { machine: is_virtual(), lockdown: is_locked_down(), keys: keys_were_used() }
}

fn is_there(path: &str) -> bool {
    access(path, AccessFlags::F_OK).is_ok()
}

/// Whether this is a virtual machine. Every hypervisor that means to be one
/// sets the processor's flag; Xen's and device trees have their own signs.
fn is_virtual() -> bool {
    let info = read_small("/proc/cpuinfo", 4096).unwrap_or_default();
    let flag = info
        .split(|&b| b == b'\n')
        .filter(|line| line.starts_with(b"flags"))
        .any(|line| line.split(|&b| b == b' ').any(|word| word == b"hypervisor"));
    flag || is_there("/sys/hypervisor/type") || is_there("/proc/device-tree/hypervisor")
}

/// Whether the kernel keeps root from changing it. The file is in a file system
/// of its own, which nobody may have mounted.
fn is_locked_down() -> bool {
    let read = || read_small(LOCKDOWN, 64);
    let state = read().or_else(|_| {
        const AT: &str = "/sys/kernel/security";
        mount(Some("securityfs"), AT, Some("securityfs"), MsFlags::empty(), None::<&str>)?;
        let state = read();
        let _ = umount2(AT, MntFlags::MNT_DETACH);
        state
    });
    // `[none] integrity confidentiality`; no such file is no lockdown.
    state.is_ok_and(|state| !state.starts_with(b"[none]"))
}

/// Whether an encrypted device is open, its key in the kernel's memory.
fn keys_were_used() -> bool {
    names("/sys/block").iter().filter(|name| name.starts_with(b"dm-")).any(|name| {
        let path = ["/sys/block/", &String::from_utf8_lossy(name), "/dm/uuid"].concat();
        read_small(&path, 64).is_ok_and(|uuid| uuid.starts_with(b"CRYPT-"))
    })
}
