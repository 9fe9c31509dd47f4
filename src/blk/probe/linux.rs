//! Filesystems of Linux: what must hold beyond the magic.

use super::formats::Hit;
use super::sums::{ETHERNET, reflected};
use super::text::{Encoding, to_utf8};
use super::{Disk, Found, Usage, be32, le16, le32, le64};

/// Features of ext2 that a kernel must know to write (`s_feature_ro_compat`):
/// sparse superblocks, large files, tree folders.
const EXT_RO_OLD: u32 = 1 | 2 | 4;
/// To read: types in folders, meta block groups.
const EXT2_OLD: u32 = 2 | 0x10;
/// ext3 adds a journal to be replayed.
const EXT3_OLD: u32 = EXT2_OLD | 4;

/// ext2, ext3, ext4 and their journals on a disk of their own.
pub(super) fn ext(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    let sb = disk.get(hit.at, 1024)?;
    let (compat, incompat, ro) = (le32(sb, 0x5c), le32(sb, 0x60), le32(sb, 0x64));
    let journal = compat & 4 != 0;
    if incompat & 8 != 0 {
        out.kind = "jbd";
        out.usage = Usage::Other;
    } else if ro & !EXT_RO_OLD != 0 || incompat & !EXT3_OLD != 0 {
        out.kind = "ext4";
    } else if journal {
        out.kind = "ext3";
    } else if incompat & !EXT2_OLD == 0 {
        out.kind = "ext2";
    } else {
        return None;
    }
    out.label(sb.get(0x78..0x88)?);
    out.uuid("UUID", sb.get(0x68..0x78)?);
    if journal {
        out.uuid("EXT_JOURNAL", sb.get(0xd0..0xe0)?);
    }
    if out.kind != "ext2" && out.kind != "jbd" && incompat & !EXT2_OLD == 0 {
        out.put("SEC_TYPE", b"ext2");
    }
    out.version(le32(sb, 0x4c), u32::from(le16(sb, 0x3e)), 1);
    let shift = le32(sb, 0x18);
    if let Some(size) = 1024u32.checked_shl(shift).filter(|size| *size != 0) {
        out.block_size(size);
    }
    if out.kind == "jbd" {
        out.uuid("LOGUUID", sb.get(0x68..0x78)?);
    }
    Some(())
}

/// Sizes of xfs are powers of two in their limits.
pub(super) fn xfs(disk: &mut Disk, hit: Hit, _: &mut Found) -> Option<()> {
    let sb = disk.get(hit.at, 512)?;
    let block = be32(sb, 4);
    let log = |at: usize| sb.get(at).copied().unwrap_or(0);
    let (sector_log, block_log, inode_log) = (log(121), log(120), log(122));
    let good = be32(sb, 88) != 0 // agcount
        && block.is_power_of_two()
        && (512..=65536).contains(&block)
        && block.checked_shr(u32::from(block_log)) == Some(1)
        && (9..=15).contains(&sector_log)
        && (8..=11).contains(&inode_log);
    good.then_some(())
}

/// A log of xfs on a disk of its own: a record's magic at the start of one of
/// the first sectors.
pub(super) fn xfs_log(disk: &mut Disk, _: Hit, _: &mut Found) -> Option<()> {
    let all = usize::try_from(disk.size).unwrap_or(usize::MAX);
    // of a disk with a bad spot there is less
    let size = [all.min(64 * 1024), all.min(4096)].into_iter().find(|n| disk.get(0, *n).is_some());
    for sector in disk.get(0, size?)?.chunks_exact(512) {
        if sector.starts_with(b"XFSB") {
            return None;
        }
        // h_magicno, h_version 1 or 2, h_fmt (1 to 3)
        if sector.starts_with(b"\xfe\xed\xba\xbe")
            && matches!(be32(sector, 8), 1 | 2)
            && matches!(be32(sector, 300), 1..=3)
        {
            return Some(());
        }
    }
    None
}

pub(super) fn reiserfs(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    let sb = disk.get(hit.at, 128)?;
    let version = match hit.magic.get(6) {
        Some(b'2') => "3.6",
        Some(b'3') => "JR",
        _ => "3.5",
    };
    if le16(sb, 0x2c) >> 7 == 0 {
        return None;
    }
    if version != "3.5" {
        out.label(sb.get(0x64..0x74)?);
        out.uuid("UUID", sb.get(0x54..0x64)?);
    }
    out.put("VERSION", version.as_bytes());
    Some(())
}

pub(super) fn jfs(disk: &mut Disk, hit: Hit, _: &mut Found) -> Option<()> {
    let sb = disk.get(hit.at, 184)?;
    let (log, factor, sector_log) = (le16(sb, 20), le16(sb, 22), le16(sb, 28));
    let good = 1u32.checked_shl(log.into()) == Some(le32(sb, 16))
        && 1u32.checked_shl(sector_log.into()) == Some(le32(sb, 24))
        && log.checked_sub(sector_log) == Some(factor);
    good.then_some(())
}

pub(super) fn cramfs(disk: &mut Disk, hit: Hit, _: &mut Found) -> Option<()> {
    disk.has(hit.at + 16, b"Compressed ROMFS").then_some(())
}

/// minix, of either byte order.
pub(super) fn minix(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    if disk.has(0x438, b"\x53\xef") {
        return None; // parts of ext look like it
    }
    let sb = disk.get(hit.at, 32)?;
    let swapped = matches!(*hit.magic, [0x13 | 0x24, _] | [0x4d, 0x5a]);
    let half = |at: usize| if swapped { le16(sb, at).swap_bytes() } else { le16(sb, at) };
    let version = match *hit.magic {
        [0x7f | 0x8f, 0x13] | [0x13, _] => 1,
        [0x68 | 0x78, 0x24] | [0x24, _] => 2,
        _ => 3,
    };
    let mut block = 1024;
    if version == 3 {
        if half(6) == 0 || half(8) == 0 {
            return None;
        }
        block = half(28);
    } else {
        let zones = match version {
            1 => u32::from(half(2)),
            _ if swapped => be32(sb, 20),
            _ => le32(sb, 20),
        };
        let (inodes, inode_maps, zone_maps, first) = (half(0), half(4), half(6), half(8));
        let bits = |maps: u16| u64::from(maps) * 8192;
        let data = u64::from(zones).checked_sub(u64::from(first))?;
        if inode_maps == 0
            || zone_maps == 0
            || bits(inode_maps) < u64::from(inodes) + 1
            || bits(zone_maps) < data + 1
        {
            return None;
        }
    }
    out.number("VERSION", version);
    out.block_size(u32::from(block));
    Some(())
}

pub(super) fn gfs2(disk: &mut Disk, hit: Hit, _: &mut Found) -> Option<()> {
    let sb = disk.get(hit.at, 64)?;
    // The format of the filesystem (1801, ...) and of the cluster (1900).
    (matches!(be32(sb, 24), 1800..=1899) && matches!(be32(sb, 28), 1900..=1999)).then_some(())
}

pub(super) fn ocfs2(disk: &mut Disk, hit: Hit, _: &mut Found) -> Option<()> {
    let sb = disk.get(hit.at, 512)?;
    (9..=12).contains(&le32(sb, 0xf8)).then_some(())
}

pub(super) fn squashfs(disk: &mut Disk, hit: Hit, _: &mut Found) -> Option<()> {
    let sb = disk.get(hit.at, 96)?;
    (le16(sb, 28) >= 4).then_some(())
}

pub(super) fn squashfs3(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    let sb = disk.get(hit.at, 96)?;
    let half = |at: usize| match hit.magic {
        b"sqsh" => le16(sb, at).swap_bytes(),
        _ => le16(sb, at),
    };
    let major = half(28);
    if major > 3 {
        return None;
    }
    out.version(major.into(), half(30).into(), 1);
    Some(())
}

/// Whether `sb` is a superblock of nilfs2 on a disk of that size.
fn good_nilfs2(sb: &[u8], size: u64) -> bool {
    let length = usize::from(le16(sb, 8));
    if le16(sb, 6) != 0x3434 || le64(sb, 32) != size || !(24..=1024).contains(&length) {
        return false;
    }
    let mut sum = reflected(ETHERNET, le32(sb, 12), sb.get(..16).unwrap_or_default());
    sum = reflected(ETHERNET, sum, &[0; 4]);
    sum = reflected(ETHERNET, sum, sb.get(20..length).unwrap_or_default());
    sum == le32(sb, 16)
}

/// nilfs2 has a second superblock 4 KiB before the end; the one with the later
/// checkpoint counts.
pub(super) fn nilfs2(disk: &mut Disk, _: Hit, out: &mut Found) -> Option<()> {
    let size = disk.size();
    let first = disk.get(1024, 1024)?;
    let last_checkpoint = |sb: &[u8]| le64(sb, 56);
    let mut best = if good_nilfs2(first, size) { Some(first.to_vec()) } else { None };
    if best.is_none() && le16(first, 6) != 0x3434 && !first.iter().all(|&b| b == 0) {
        return None; // something else begins here
    }
    if let Some(second) = (size / 512).checked_sub(8).and_then(|at| disk.get(at * 512, 1024))
        && good_nilfs2(second, size)
        && best.as_ref().is_none_or(|sb| last_checkpoint(sb) > last_checkpoint(second))
    {
        best = Some(second.to_vec());
    }
    let sb = best?;
    out.label(sb.get(168..248)?);
    out.uuid("UUID", sb.get(152..168)?);
    out.number("VERSION", u64::from(le32(&sb, 0)));
    if let Some(block) = 1024u32.checked_shl(le32(&sb, 20)).filter(|b| *b != 0) {
        out.block_size(block);
    }
    Some(())
}

pub(super) fn f2fs(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    let sb = disk.get(hit.at, 1152)?;
    if le16(sb, 4) == 1 && le16(sb, 6) == 0 {
        // Of version 1.0 the place of the rest is not known.
        return Some(());
    }
    out.label(&to_utf8(sb.get(124..1148)?, Encoding::Utf16Le));
    Some(())
}

pub(super) fn erofs(disk: &mut Disk, hit: Hit, _: &mut Found) -> Option<()> {
    let shift = disk.get(hit.at, 128)?.get(12).copied()?;
    (9..=16).contains(&shift).then_some(())
}
