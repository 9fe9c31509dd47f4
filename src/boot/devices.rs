//! The devices of sysfs that may want a driver, in rounds: a driver's devices
//! may need drivers, whose devices need drivers.

use std::os::fd::AsFd;

use nix::fcntl::OFlag;
use nix::unistd::{AccessFlags, access};

use super::plan::{Devices, VirtioTypes};
use crate::dev::{names, read_small_at};
use crate::order::sort_by;
use crate::sys::folder;
use crate::sys::path::open;

/// A module that is wanted by an alias of its.
pub struct Wanted {
    /// What `modules.alias` and modprobe.d know it by.
    pub alias: Vec<u8>,
    /// The folder of the device whose alias it is; empty where none is.
    device: Vec<u8>,
}

impl Wanted {
    /// Something that is no device's, such as a type of file system.
    pub fn by_name(alias: &[u8]) -> Wanted {
        Wanted { alias: alias.to_vec(), device: Vec::new() }
    }

    /// Whether its device has a driver.
    pub fn is_driven(&self) -> bool {
        let link = [&self.device, &b"/driver"[..]].concat();
        !self.device.is_empty() && access(link.as_slice(), AccessFlags::F_OK).is_ok()
    }
}

/// Where disks are found, and what their controllers hang on. A disk on another
/// bus comes a moment later, with [`Devices::All`].
const OF_DISKS: [&str; 3] = ["pci", "virtio", "scsi"];

/// Buses whose devices the kernel itself drives. There may be very many: a
/// block of memory is 128 MiB.
const OF_THE_KERNEL: [&[u8]; 8] = [
    b"clockevents",
    b"clocksource",
    b"container",
    b"event_source",
    b"machinecheck",
    b"memory",
    b"node",
    b"workqueue",
];

/// What was looked at, and what it wants.
pub struct Look {
    /// What the last round has found.
    pub wanted: Vec<Wanted>,
    /// Folders of the devices looked at, sorted.
    seen: Vec<Vec<u8>>,
    /// Scratch memory for reading folders.
    buffer: Vec<u8>,
}

impl Look {
    /// Nothing looked at yet, and this wanted before.
    pub fn new(wanted: Vec<Wanted>) -> Look {
        Look { wanted, seen: Vec::new(), buffer: Vec::new() }
    }

    /// A round: adds what wants a driver among the devices that have come since
    /// the last one.
    pub fn at(&mut self, devices: Devices) {
        match devices {
            Devices::All => {
                for name in names("/sys/bus") {
                    if let Ok(bus) = str::from_utf8(&name)
                        && !OF_THE_KERNEL.contains(&name.as_slice())
                    {
                        self.bus(bus, &|_| true, &|_| true);
                    }
                }
            }
            Devices::Disks => {
                for bus in OF_DISKS {
                    self.bus(bus, &|_| true, &|_| true);
                }
            }
            Devices::Virtio(types) => self.virtio(types),
        }
    }

    /// Virtio devices of these types and what they hang on.
    fn virtio(&mut self, types: VirtioTypes) {
        self.bus("pci", &|_| true, &|alias| alias.starts_with(b"pci:v00001AF4"));
        let on_mmio =
            |name: &[u8]| name.starts_with(b"virtio-mmio") || name.starts_with(b"LNRO0005");
        self.bus("platform", &on_mmio, &|_| true);
        self.bus("virtio", &|_| true, &|alias| types.wants(virtio_type(alias)));
    }

    /// The devices of a bus that have such a name and such an alias.
    fn bus(&mut self, bus: &str, named: &dyn Fn(&[u8]) -> bool, aliased: &dyn Fn(&[u8]) -> bool) {
        let mut path = ["/sys/bus/", bus, "/devices/"].concat().into_bytes();
        let Ok(devices) = open(path.as_slice(), OFlag::O_RDONLY | OFlag::O_DIRECTORY) else {
            return;
        };
        let root = path.len();
        let (mut packed, mut at) = (Vec::new(), 0);
        // a device that goes meanwhile does not hide the others
        let _ = folder::read(devices.as_fd(), &mut packed, &mut self.buffer);
        let first = self.wanted.len();
        while let Some((_, name)) = folder::next(&packed, &mut at) {
            let [name @ .., 0] = name else { continue };
            path.truncate(root);
            path.extend_from_slice(name);
            if !named(name) {
                continue;
            }
            let Err(place) = self.seen.binary_search(&path) else { continue };
            self.seen.insert(place, path.clone());
            path.extend_from_slice(b"/modalias");
            let mut buffer = [0; 512];
            let file = path.get(root..).unwrap_or_default();
            let alias = read_small_at(&devices, file, &mut buffer).unwrap_or_default();
            let alias = alias.strip_suffix(b"\n").unwrap_or(alias);
            if !alias.is_empty() && aliased(alias) {
                let device = path.get(..root + name.len()).unwrap_or_default().to_vec();
                self.wanted.push(Wanted { alias: alias.to_vec(), device });
            }
        }
        // the folder is in no order that lasts
        let new = self.wanted.get_mut(first..).unwrap_or_default();
        sort_by(new, |a, b| a.device.cmp(&b.device));
    }
}

/// The type in an alias `virtio:dTTTTTTTTvVVVVVVVV`.
fn virtio_type(alias: &[u8]) -> u32 {
    let digits = alias.strip_prefix(b"virtio:d").and_then(|rest| rest.get(..8));
    let digits = digits.and_then(|d| str::from_utf8(d).ok());
    digits.and_then(|d| u32::from_str_radix(d, 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_aliases() {
        assert_eq!(virtio_type(b"virtio:d0000001Av00001AF4"), 26);
        assert_eq!(virtio_type(b"virtio:d"), 0);
        assert_eq!(virtio_type(b"pci:v00001AF4"), 0);
    }
}
