//! Telling the kernel of the partitions of a disk.

use std::os::fd::AsFd;
use std::path::Path;

use nix::errno::Errno;

use super::probe::tables::Partition;
use super::scan::{self, Device, Opened};
use crate::sys::block::{self, PartitionOrder};

/// Has the kernel read the table anew; of a disk in use it is told only what
/// has changed, so that mounted partitions stay.
///
/// # Errors
/// A partition in use has changed.
#[inline(never)]
pub fn announce(opened: &Opened, path: &Path, wanted: &[Partition]) -> Result<(), Errno> {
    if block::tell_number(opened.as_fd(), block::REREAD, 0).is_ok() {
        return Ok(());
    }
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name: Vec<u8> =
        real.strip_prefix("/dev").unwrap_or(&real).as_os_str().as_encoded_bytes().to_vec();
    let known: Vec<Device> = scan::devices().into_iter().filter(|d| d.parent == name).collect();
    let place =
        |device: &Device| (scan::attribute_number(&device.name, "start").unwrap_or(0), device.size);
    let mut problem = Ok(());
    for device in &known {
        let number = device.partition.unwrap_or(0);
        let same = wanted.iter().any(|p| p.number == number && (p.start, p.size) == place(device));
        if !same
            && let Err(errno) =
                block::partition(opened.as_fd(), PartitionOrder::Remove, number, 0, 0)
        {
            problem = Err(errno);
        }
    }
    for part in wanted {
        let same =
            |d: &Device| d.partition == Some(part.number) && place(d) == (part.start, part.size);
        if !known.iter().any(same) {
            let (start, length) = (part.start * 512, part.size * 512);
            if let Err(errno) =
                block::partition(opened.as_fd(), PartitionOrder::Add, part.number, start, length)
            {
                problem = Err(errno);
            }
        }
    }
    problem
}
