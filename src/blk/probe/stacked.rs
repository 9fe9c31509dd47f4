//! Members of volumes, encrypted and swap devices.

use super::formats::Hit;
use super::sums::{ETHERNET, reflected};
use super::text::{LOWER, Text, UPPER, grouped};
use super::{Disk, Found, be16, be32, be64, le16, le32, le64};

/// Linux's software RAID: 1.x has its superblock at the start, at 4 KiB or
/// 8 KiB before the end; 0.90 in the last whole 64 KiB but one.
pub(super) fn linux_raid(disk: &mut Disk, _: Hit, out: &mut Found) -> Option<()> {
    const MAGIC: u32 = 0xa92b_4efc;
    let size = disk.size();
    if let Some(at) = (size & !0xffff).checked_sub(0x10000)
        && let Some(sb) = disk.get(at, 64)
    {
        let little = le32(sb, 0) == MAGIC;
        if little || be32(sb, 0) == MAGIC {
            let word = |at: usize| if little { le32(sb, at) } else { be32(sb, at) };
            // The rest may belong to a newer kind of superblock.
            if word(4) == 0 {
                let mut id = [0; 16];
                for (to, at) in id.chunks_exact_mut(4).zip([20, 52, 56, 60]) {
                    to.copy_from_slice(sb.get(at..at + 4)?);
                    if little {
                        to.reverse();
                    }
                }
                let (minor, patch) = (word(8), word(12));
                let mut version = Text(b"0.".to_vec());
                version.decimal(minor.into());
                version.0.push(b'.');
                version.decimal(patch.into());
                out.put("VERSION", &version.0);
                out.uuid("UUID", &id);
                return Some(());
            }
        }
    }
    let last = (size / 512).checked_sub(16).map(|sector| (sector & !7) * 512);
    for (at, version) in [(last, "1.0"), (Some(0), "1.1"), (Some(4096), "1.2")] {
        let Some(at) = at else { continue };
        let Some(sb) = disk.get(at, 256) else { continue };
        if le32(sb, 0) != MAGIC || le32(sb, 4) != 1 || le64(sb, 144) != at / 512 {
            continue;
        }
        out.uuid("UUID", sb.get(16..32)?);
        out.uuid("UUID_SUB", sb.get(168..184)?);
        out.label(sb.get(32..64)?);
        out.put("VERSION", version.as_bytes());
        return Some(());
    }
    None
}

/// SNIA's common format of RAID controllers, in the last sector.
pub(super) fn ddf(disk: &mut Disk, _: Hit, out: &mut Found) -> Option<()> {
    for distance in [512, 257 * 512] {
        let at = disk.size().checked_sub(distance)?;
        let Some(header) = disk.get(at, 512) else { continue };
        let big = be32(header, 0) == 0xde11_de11;
        if !big && le32(header, 0) != 0xde11_de11 {
            continue;
        }
        let primary = if big { be64(header, 96) } else { le64(header, 96) };
        let id = grouped(header.get(8..32)?, &[4, 4, 4, 4, 4, 4], UPPER);
        let version = header.get(32..40)?.to_vec();
        if primary > 0 && !disk.has(primary.checked_mul(512)?, &0xde11_de11u32.to_be_bytes()) {
            let little = 0xde11_de11u32.to_le_bytes();
            if !disk.has(primary.checked_mul(512)?, &little) {
                continue;
            }
        }
        out.put("UUID", &id);
        out.put("VERSION", &version);
        return Some(());
    }
    None
}

/// Intel's firmware RAID, in the last sector but one.
pub(super) fn isw(disk: &mut Disk, _: Hit, out: &mut Found) -> Option<()> {
    let at = (disk.size() / 512).checked_sub(2)? * 512;
    let sector = disk.get(at, 48)?;
    let version = sector.strip_prefix(b"Intel Raid ISM Cfg Sig. ")?.get(..6)?;
    let version = version.to_vec();
    out.put("VERSION", &version);
    Some(())
}

pub(super) fn bcache(disk: &mut Disk, hit: Hit, _: &mut Found) -> Option<()> {
    let sb = disk.get(hit.at, 128)?;
    // Where it was written; the versions before bcachefs took the magic over.
    (le64(sb, 8) == 8 && le64(sb, 16) <= 6).then_some(())
}

/// bcachefs: the members' identifiers are in a list of fields behind the
/// superblock.
pub(super) fn bcachefs(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    let sb = disk.get(hit.at, 4096)?;
    let (index, count) = (*sb.get(122)?, *sb.get(123)?);
    let end = 752 + le32(sb, 124) as usize * 8;
    if le64(sb, 104) != 8 || count == 0 || index >= count || end > 4096 {
        return None;
    }
    out.uuid("UUID", sb.get(56..72)?);
    out.label(sb.get(72..104)?);
    out.number("VERSION", u64::from(le16(sb, 16)));
    out.block_size(u32::from(le16(sb, 120)) * 512);
    let mut at = 752;
    while let Some(field) = sb.get(at..end).filter(|rest| rest.len() >= 8) {
        let length = le32(field, 0) as usize * 8;
        if length < 8 || le32(field, 4) == 0 {
            break;
        }
        let member = 8 + 56 * usize::from(index);
        if le32(field, 4) == 1
            && length == 8 + 56 * usize::from(count)
            && let Some(id) = field.get(member..member + 16)
        {
            out.uuid("UUID_SUB", id);
        }
        at = at.saturating_add(length);
    }
    Some(())
}

/// DRBD keeps its data at the end.
pub(super) fn drbd(disk: &mut Disk, _: Hit, out: &mut Found) -> Option<()> {
    let at = disk.size().checked_sub(4096)?;
    let sb = disk.get(at, 256)?;
    for (magic, version, place) in
        [(0x8374_026b_u32, &b"v08"[..], 60), (0x8374_026c, b"v08", 60), (0x8374_026d, b"v09", 64)]
    {
        if be32(sb, place) == magic {
            let id = if version == b"v08" { sb.get(40..48)? } else { sb.get(56..64)? };
            let id = grouped(id, &[8], LOWER);
            out.put("UUID", &id);
            out.put("VERSION", version);
            return Some(());
        }
    }
    None
}

/// A physical volume of LVM2: a label in one of the first four sectors.
pub(super) fn lvm2(disk: &mut Disk, _: Hit, out: &mut Found) -> Option<()> {
    for sector in 0..4u64 {
        let label = disk.get(sector * 512, 512)?;
        if !label.starts_with(b"LABELONE") || label.get(24..32) != Some(b"LVM2 001") {
            continue;
        }
        let start = le32(label, 20) as usize;
        let sum = reflected(ETHERNET, 0xf597_a6cf, label.get(20..)?);
        if le64(label, 8) != sector || sum != le32(label, 16) {
            continue;
        }
        let id = label.get(start..)?.get(..32)?;
        let mut text = Vec::with_capacity(38);
        for (n, &b) in id.iter().enumerate() {
            if matches!(n, 6 | 10 | 14 | 18 | 22 | 26) {
                text.push(b'-');
            }
            text.push(b);
        }
        out.put("UUID", &text);
        return Some(());
    }
    None
}

pub(super) fn verity(disk: &mut Disk, hit: Hit, _: &mut Found) -> Option<()> {
    (le32(disk.get(hit.at, 512)?, 8) == 1).then_some(())
}

pub(super) fn integrity(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    let version = *disk.get(hit.at, 512)?.get(8)?;
    if version == 0 {
        return None;
    }
    out.number("VERSION", u64::from(version));
    Some(())
}

/// LUKS: the first header, or the second one of LUKS2 at its possible places.
pub(super) fn luks(disk: &mut Disk, _: Hit, out: &mut Found) -> Option<()> {
    let mut at = 0;
    if !disk.has(0, b"LUKS\xba\xbe") {
        at = (14..=22).map(|shift| 1u64 << shift).find(|at| disk.has(*at, b"SKUL\xba\xbe"))?;
    }
    let header = disk.get(at, 512)?;
    let version = be16(header, 6);
    if at != 0 && be64(header, 256) != at || !matches!(version, 1 | 2) {
        return None;
    }
    let header = header.to_vec();
    out.number("VERSION", version.into());
    out.put("UUID", header.get(168..208)?);
    if version == 2 {
        out.label(header.get(24..72)?);
        out.put("SUBSYSTEM", header.get(208..256)?);
    }
    Some(())
}

pub(super) fn stratis(disk: &mut Disk, _: Hit, out: &mut Found) -> Option<()> {
    let first = disk.get(512, 512)?;
    let sb = if first.get(16..25) == Some(b"!Stra0tis") { first } else { disk.get(4608, 512)? };
    let sb = sb.to_vec();
    let dashed = |id: &[u8]| {
        let mut text = Vec::with_capacity(36);
        for (n, &b) in id.iter().enumerate() {
            if matches!(n, 8 | 12 | 16 | 20) {
                text.push(b'-');
            }
            text.push(b);
        }
        text
    };
    out.put("UUID", &dashed(sb.get(64..96)?));
    out.put("POOL_UUID", &dashed(sb.get(32..64)?));
    Some(())
}

/// BitLocker: of Vista, of 7 and later, to go (which looks like a FAT).
pub(super) fn bitlocker(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    const GUID: &[u8] = b"\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01";
    let boot = disk.get(0, 512)?;
    let places = match hit.magic {
        b"\xeb\x58\x90MSWIN4.1" if boot.get(424..440)? == GUID => 440,
        b"\xeb\x58\x90-FVE-FS-" if boot.get(160..176)? == GUID => 176,
        b"\xeb\x52\x90-FVE-FS-" => {
            // Vista: the place of the metadata as a cluster number.
            return Some(());
        }
        _ => return None,
    };
    let at = le64(boot, places);
    let head = disk.get(at, 64)?;
    if !head.starts_with(b"-FVE-FS-") {
        return None;
    }
    let version = le16(head, 10);
    out.number("VERSION", version.into());
    Some(())
}

pub(super) fn suspended(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    let version: &[u8] = match hit.magic {
        b"S1SUSPEND" => b"s1suspend",
        b"S2SUSPEND" => b"s2suspend",
        b"ULSUSPEND" => b"ulsuspend",
        b"LINHIB0001" => b"linhib0001",
        _ => b"tuxonice",
    };
    label_of_swap(disk, out)?;
    out.put("VERSION", version);
    Some(())
}

/// The label and UUID of swap space are behind its first KiB.
fn label_of_swap(disk: &mut Disk, out: &mut Found) -> Option<()> {
    let header = disk.get(1024, 64)?;
    let (version, last_page) = (le32(header, 0), le32(header, 4));
    if !matches!(version, 1 | 0x0100_0000) || last_page == 0 {
        return Some(());
    }
    // Where there is padding that is not zero, it is older than labels.
    if disk.has(1024 + 44 + 128, &[0; 8]) {
        let header = disk.get(1024, 64)?;
        out.label(header.get(28..44)?);
        out.uuid("UUID", header.get(12..28)?);
    }
    Some(())
}

pub(super) fn swap(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    if hit.magic == b"SWAP-SPACE" {
        out.put("VERSION", b"0");
        return Some(());
    }
    let header = disk.get(1024, 64)?;
    if !matches!(le32(header, 0), 1 | 0x0100_0000) || le32(header, 4) == 0 {
        return None;
    }
    label_of_swap(disk, out)?;
    out.put("VERSION", b"1");
    Some(())
}

/// A member of a ZFS pool: at least four uberblocks in its labels.
pub(super) fn zfs(disk: &mut Disk, _: Hit, out: &mut Found) -> Option<()> {
    const MAGIC: u64 = 0x00ba_b10c;
    const LABEL: u64 = 256 * 1024;
    // A label has its list of names at 16 KiB, in XDR: without, no reads of
    // half a mebibyte.
    let end = disk.size() - disk.size() % LABEL;
    let mut version = None;
    let mut place = 0;
    let mut count = 0;
    for at in [0, LABEL, end - 2 * LABEL, end - LABEL] {
        if !disk.has(at + 16384, b"\x01\x01\0\0") {
            continue;
        }
        let Some(area) = disk.get(at + 128 * 1024, 128 * 1024) else { continue };
        for block in area.chunks_exact(1024) {
            let little = le64(block, 0) == MAGIC;
            if little || be64(block, 0) == MAGIC {
                version = Some(if little { le64(block, 8) } else { be64(block, 8) });
                place = at;
                count += 1;
            }
        }
        if count >= 4 {
            break;
        }
    }
    let version = version.filter(|_| count >= 4)?;
    out.number("VERSION", version);
    let list = disk.get(place + 16384, 4096)?.to_vec();
    let mut at = 12;
    for _ in 0..64 {
        let Some(pair) = list.get(at..).filter(|rest| rest.len() > 12) else { break };
        let (size, length) = (be32(pair, 0) as usize, be32(pair, 8) as usize);
        if size < 12 || size > pair.len() || length > size - 12 {
            break;
        }
        let name = pair.get(12..12 + length).unwrap_or_default();
        let value = pair.get(12 + length.next_multiple_of(4)..size).unwrap_or_default();
        match (name, be32(value, 0)) {
            (b"name", 9) => {
                let text = value.get(12..).unwrap_or_default();
                out.label(text.get(..be32(value, 8) as usize).unwrap_or_default());
            }
            (b"guid", 8) => out.number("UUID_SUB", be64(value, 8)),
            (b"pool_guid", 8) => out.number("UUID", be64(value, 8)),
            _ => {}
        }
        at += size;
    }
    Some(())
}
