//! The names that udev gives devices by what they are and where they are:
//! /dev/disk/by-id and by-path, made from sysfs alone.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::probe::text::{LOWER, Text};
use super::scan::{Device, attribute, sysfs};

/// As udev writes a text of hardware in a name: ends trimmed, white space and
/// what is unusual as `_`.
fn plain(text: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    for &b in text.trim_ascii() {
        let b = match b {
            b' ' | b'\t' | b'\n' => b'_',
            b if b.is_ascii_alphanumeric() || b"#+-.:=@_".contains(&b) || b >= 0x80 => b,
            _ => b'_',
        };
        if b != b'_' || out.last() != Some(&b'_') {
            out.push(b);
        }
    }
    out
}

fn join(parts: &[&[u8]], between: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if !out.is_empty() {
            out.extend_from_slice(between);
        }
        out.extend_from_slice(part);
    }
    out
}

/// The names below /dev/disk/by-id.
#[inline(never)]
pub fn by_id(device: &Device) -> Vec<Vec<u8>> {
    let disk = if device.partition.is_some() { &device.parent } else { &device.name };
    let text = |file: &str| plain(&attribute(disk, file).unwrap_or_default());
    let mut list: Vec<Vec<u8>> = Vec::new();
    let mut add = |prefix: &str, rest: &[u8]| {
        if !rest.is_empty() {
            list.push([prefix.as_bytes(), rest].concat());
        }
    };
    match disk.get(..2) {
        Some(b"vd") => add("virtio-", &text("serial")),
        Some(b"dm") => {
            add("dm-name-", &text("dm/name"));
            add("dm-uuid-", &text("dm/uuid"));
        }
        Some(b"mm") => {
            let serial = text("device/serial");
            let serial = serial.strip_prefix(b"0x").unwrap_or(&serial);
            add("mmc-", &join(&[&text("device/name"), &[b"0x", serial].concat()], b"_"));
        }
        Some(b"nv") => {
            let (model, serial) = (text("device/model"), text("device/serial"));
            if !serial.is_empty() {
                add("nvme-", &join(&[&model, &serial], b"_"));
                let nsid = disk.rsplit(|&b| b == b'n').next().unwrap_or_default();
                add("nvme-", &join(&[&model, &serial, nsid], b"_"));
            }
            add("nvme-", &text("wwid"));
        }
        Some(b"sd" | b"sr") => scsi_names(disk, &mut add),
        _ => {}
    }
    with_part(device, list)
}

/// Names of SCSI's kind of disks from page 0x83 of their own description, and
/// of those behind USB and ATA.
fn scsi_names(disk: &[u8], add: &mut dyn FnMut(&str, &[u8])) {
    let text = |file: &str| plain(&attribute(disk, file).unwrap_or_default());
    let (vendor, model) = (text("device/vendor"), text("device/model"));
    if let Some(usb) = above(disk, "idVendor") {
        let serial = plain(&crate::sys::file::read(usb.join("serial")).unwrap_or_default());
        let mut name = join(&[&vendor, &model, &serial], b"_");
        let place = address(disk);
        let mut place = place.split(|&b| b == b':').skip(2);
        name.extend_from_slice(b"-");
        name.extend_from_slice(place.next().unwrap_or(b"0"));
        name.extend_from_slice(b":");
        name.extend_from_slice(place.next().unwrap_or(b"0"));
        add("usb-", &name);
        return;
    }
    let page = crate::sys::file::read(sysfs(disk).join("device/vpd_pg83")).unwrap_or_default();
    let mut rest = page.get(4..).unwrap_or_default();
    while let Some((head, tail)) = rest.split_first_chunk::<4>() {
        let [code, kind, _, length] = *head;
        let Some((id, tail)) = tail.split_at_checked(usize::from(length)) else { break };
        rest = tail;
        if kind & 0x30 != 0 {
            continue; // of the port or the target, not of the disk
        }
        let mut name = Text::default();
        if code & 15 == 1 {
            name.hex(id, LOWER);
        } else {
            name.0 = plain(id);
        }
        match kind & 15 {
            0 => add("scsi-0", &join(&[&vendor, &model, &name.0], b"_")),
            1 if vendor == b"ATA" => {
                // vendor (8), model (40), serial (20)
                let part = |from, to| plain(id.get(from..to).unwrap_or_default());
                add("ata-", &join(&[&part(8, 48), &part(48, id.len())], b"_"));
                add("scsi-1", &name.0);
            }
            1 => add("scsi-1", &name.0),
            2 => add("scsi-2", &name.0),
            3 => {
                add("scsi-3", &name.0);
                add("wwn-0x", &name.0);
            }
            _ => {}
        }
    }
}

/// The folder above a disk's that has this file.
fn above(disk: &[u8], file: &str) -> Option<PathBuf> {
    let path = sysfs(disk).canonicalize().ok()?;
    path.ancestors().find(|folder| folder.join(file).exists()).map(Path::to_path_buf)
}

/// `HOST:CHANNEL:TARGET:LUN` of a SCSI disk.
fn address(disk: &[u8]) -> Vec<u8> {
    let link = std::fs::read_link(sysfs(disk).join("device")).unwrap_or_default();
    link.file_name().unwrap_or_default().as_bytes().to_vec()
}

fn with_part(device: &Device, mut list: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    if let Some(number) = device.partition {
        for name in &mut list {
            let mut text = Text(std::mem::take(name));
            text.0.extend_from_slice(b"-part");
            text.decimal(number.into());
            *name = text.0;
        }
    }
    list
}

/// The name below /dev/disk/by-path: where it is plugged in.
#[inline(never)]
pub fn by_path(device: &Device) -> Option<Vec<u8>> {
    let disk = if device.partition.is_some() { &device.parent } else { &device.name };
    let path = sysfs(disk).canonicalize().ok()?;
    let mut out: Vec<u8> = Vec::new();
    let mut usb: &[u8] = b"";
    for part in path.iter().map(OsStr::as_bytes) {
        if is_pci(part) {
            // Bridges are in front of the device itself.
            out = [b"pci-", part].concat();
        } else if let Some(port) = part.strip_prefix(b"ata").filter(|n| is_number(n)) {
            let file = format!("ata_port/ata{}/port_no", String::from_utf8_lossy(port));
            let folder = path.ancestors().find(|a| a.file_name() == Some(OsStr::from_bytes(part)));
            let number = folder.and_then(|f| crate::sys::file::read(f.join(file)).ok());
            out.extend_from_slice(b"-ata-");
            out.extend_from_slice(number.as_deref().unwrap_or(port).trim_ascii());
            return Some(with_part(device, vec![out]).swap_remove(0));
        } else if part.contains(&b'-') && part.contains(&b':') && part[0].is_ascii_digit() {
            usb = part;
        }
    }
    if out.is_empty() {
        return None;
    }
    if let Some(at) = usb.iter().position(|&b| b == b'-') {
        out.extend_from_slice(b"-usb-0:");
        out.extend_from_slice(usb.get(at + 1..).unwrap_or_default());
    }
    match disk.get(..2) {
        Some(b"nv") => {
            out.extend_from_slice(b"-nvme-");
            out.extend_from_slice(disk.rsplit(|&b| b == b'n').next().unwrap_or_default());
        }
        Some(b"sd" | b"sr") => {
            // Hosts are counted anew for every controller.
            let place = address(disk);
            let at = place.iter().position(|&b| b == b':')?;
            out.extend_from_slice(b"-scsi-0");
            out.extend_from_slice(place.get(at..).unwrap_or_default());
        }
        _ => {}
    }
    Some(with_part(device, vec![out]).swap_remove(0))
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// `0000:00:1f.2`
fn is_pci(part: &[u8]) -> bool {
    part.len() == 12
        && part.get(4) == Some(&b':')
        && part.get(7) == Some(&b':')
        && part.get(10) == Some(&b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_hardware() {
        assert_eq!(plain(b"  QEMU  HARDDISK/2 \n"), b"QEMU_HARDDISK_2");
        assert_eq!(join(&[b"a", b"", b"b"], b"_"), b"a_b");
        assert!(is_pci(b"0000:00:1f.2") && !is_pci(b"pci0000:00"));
    }
}
