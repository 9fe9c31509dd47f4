//! The formats as a table: magic, condition, fields. The order is libblkid's:
//! members of volumes before what may lie inside them.

use super::{Disk, Found, Usage, be16, be32, foreign, le16, le32, linux, stacked};

/// A format.
pub struct Format {
    /// The type, as blkid names it.
    pub kind: &'static str,
    /// What it is for.
    pub usage: Usage,
    /// It may be there beside another one (a disc with two filesystems).
    pub tolerant: bool,
    /// The smallest disk that it can be on.
    pub least: u64,
    /// Where a superblock begins, where in it the magic is, and the magic. No
    /// magic at all: the check looks for itself.
    pub magics: &'static [(u64, u64, &'static [u8])],
    /// What must hold besides; it may tell values, too.
    pub check: fn(&mut Disk, Hit, &mut Found) -> Option<()>,
    /// What is told after that.
    pub fields: &'static [Field],
}

/// Which magic was seen.
#[derive(Clone, Copy)]
pub struct Hit {
    /// Where the superblock begins.
    pub at: u64,
    /// The magic.
    pub magic: &'static [u8],
}

/// A value and where in the superblock it is.
#[derive(Clone, Copy)]
pub enum Field {
    /// `LABEL`: offset and length.
    Label(u16, u16),
    /// `UUID` of 16 bytes.
    Uuid(u16),
    /// A UUID of another name.
    Named(&'static str, u16),
    /// `BLOCK_SIZE`, the same for all.
    Block(u16),
    /// `BLOCK_SIZE`, 16 bits little-endian.
    Block16(u16),
    /// `BLOCK_SIZE`, 32 bits little-endian.
    Block32(u16),
    /// `BLOCK_SIZE`, 16 bits big-endian.
    BlockBe16(u16),
    /// `BLOCK_SIZE`, 32 bits big-endian.
    BlockBe32(u16),
    /// `BLOCK_SIZE`: so much, shifted by 32 bits little-endian.
    Shift(u16, u16),
    /// `BLOCK_SIZE`: 1 shifted by a byte.
    Shift8(u16),
    /// `VERSION`, always this.
    Version(&'static str),
    /// `VERSION`, 32 bits little-endian.
    Version32(u16),
    /// `VERSION` of two numbers of 16 bits.
    Pair(u16, u16),
}

use Field::{
    Block, Block16, Block32, BlockBe16, BlockBe32, Label, Named, Pair, Shift, Shift8, Uuid,
    Version, Version32,
};

/// Enough for the fields of the table.
const SUPERBLOCK: u64 = 1024;

/// Looks for one format.
#[inline(never)]
pub fn look(disk: &mut Disk, format: &Format) -> Option<Found> {
    let mut found = Found { kind: format.kind, usage: format.usage, values: Vec::new() };
    if disk.size() < format.least {
        return None;
    }
    if format.magics.is_empty() {
        (format.check)(disk, Hit { at: 0, magic: b"" }, &mut found)?;
        return Some(found);
    }
    for &(at, offset, magic) in format.magics {
        if !disk.has(at + offset, magic) {
            continue;
        }
        found.values.clear();
        if (format.check)(disk, Hit { at, magic }, &mut found).is_some() {
            let length = usize::try_from(disk.size().saturating_sub(at).min(SUPERBLOCK));
            let sb = disk.get(at, length.unwrap_or(0))?;
            for field in format.fields {
                tell(sb, *field, &mut found);
            }
            return Some(found);
        }
    }
    None
}

#[inline(never)]
fn tell(sb: &[u8], field: Field, found: &mut Found) {
    let part = |at: u16, length: u16| {
        sb.get(usize::from(at)..usize::from(at) + usize::from(length)).unwrap_or_default()
    };
    let shifted = |one: u32, by: u32| one.checked_shl(by).filter(|_| by < 32).unwrap_or(0);
    let size = match field {
        Label(at, length) => return found.label(part(at, length)),
        Uuid(at) => return found.uuid("UUID", part(at, 16)),
        Named(name, at) => return found.uuid(name, part(at, 16)),
        Version(text) => return found.put("VERSION", text.as_bytes()),
        Version32(at) => return found.number("VERSION", u64::from(le32(sb, at.into()))),
        Pair(major, minor) => {
            let of = |at: u16| u32::from(le16(sb, at.into()));
            return found.version(of(major), of(minor), 1);
        }
        Block(size) => u32::from(size),
        Block16(at) => u32::from(le16(sb, at.into())),
        Block32(at) => le32(sb, at.into()),
        BlockBe16(at) => u32::from(be16(sb, at.into())),
        BlockBe32(at) => be32(sb, at.into()),
        Shift(one, at) => shifted(one.into(), le32(sb, at.into())),
        Shift8(at) => shifted(1, u32::from(part(at, 1).first().copied().unwrap_or(0))),
    };
    if size != 0 {
        found.block_size(size);
    }
}

fn always(_: &mut Disk, _: Hit, _: &mut Found) -> Option<()> {
    Some(())
}

const FS: Usage = Usage::Filesystem;
const RAID: Usage = Usage::Raid;
const CRYPTO: Usage = Usage::Crypto;
const OTHER: Usage = Usage::Other;

/// A format that stands alone, on disks of any size.
const fn plain(
    kind: &'static str,
    usage: Usage,
    magics: &'static [(u64, u64, &'static [u8])],
    check: fn(&mut Disk, Hit, &mut Found) -> Option<()>,
    fields: &'static [Field],
) -> Format {
    Format { kind, usage, tolerant: false, least: 0, magics, check, fields }
}

const fn tolerant(mut format: Format) -> Format {
    format.tolerant = true;
    format
}

const fn least(mut format: Format, bytes: u64) -> Format {
    format.least = bytes;
    format
}

/// Magic of swap and suspend images: ten bytes before the end of the first
/// page, which may be of several sizes.
macro_rules! page_ends {
    ($($magic:literal)*) => {
        &[$((0, 0x1000 - 10, $magic), (0, 0x2000 - 10, $magic), (0, 0x4000 - 10, $magic),
            (0, 0x8000 - 10, $magic), (0, 0x10000 - 10, $magic),)*]
    };
}

/// All formats, in the order in which they are looked for.
#[rustfmt::skip]
pub const FORMATS: &[Format] = &[
    plain("linux_raid_member", RAID, &[], stacked::linux_raid, &[]),
    plain("ddf_raid_member", RAID, &[], stacked::ddf, &[]),
    plain("isw_raid_member", RAID, &[], stacked::isw, &[]),
    least(plain("bcache", OTHER, &[(0x1000, 24, b"\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81")],
        stacked::bcache, &[Uuid(40)]), 8192),
    least(plain("bcachefs", FS, &[
        (0x1000, 24, b"\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"),
        (0x1000, 24, b"\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef"),
        ], stacked::bcachefs, &[]), 256 * 512),
    plain("drbd", RAID, &[], stacked::drbd, &[]),
    plain("LVM2_member", RAID, &[
        (0, 0x218, b"LVM2 001"), (0, 0x018, b"LVM2 001"), (0x400, 0x018, b"LVM2 001"), (0x400, 0x218, b"LVM2 001"),
        ], stacked::lvm2, &[Version("LVM2 001")]),
    plain("DM_snapshot_cow", OTHER, &[(0, 0, b"SnAp")], always, &[Version32(8)]),
    plain("DM_verity_hash", CRYPTO, &[(0, 0, b"verity\0\0")], stacked::verity, &[Uuid(16), Version("1")]),
    plain("DM_integrity", CRYPTO, &[(0, 0, b"integrt\0")], stacked::integrity, &[]),
    plain("crypto_LUKS", CRYPTO, &[], stacked::luks, &[]),
    plain("stratis", RAID, &[(0, 528, b"!Stra0tis\x86\xff\x02^\x41rh"), (0, 16 + 4608, b"!Stra0tis\x86\xff\x02^\x41rh")],
        stacked::stratis, &[]),
    plain("BitLocker", CRYPTO, &[
        (0, 0, b"\xeb\x52\x90-FVE-FS-"), (0, 0, b"\xeb\x58\x90-FVE-FS-"), (0, 0, b"\xeb\x58\x90MSWIN4.1"),
        ], stacked::bitlocker, &[]),
    plain("vfat", FS, &[
        (0, 0x52, b"MSWIN"), (0, 0x52, b"FAT32   "), (0, 0x36, b"MSDOS"), (0, 0x36, b"FAT16   "),
        (0, 0x36, b"FAT12   "), (0, 0x36, b"FAT     "), (0, 0, b"\xeb"), (0, 0, b"\xe9"), (0, 0x1fe, b"\x55\xaa"),
        ], foreign::vfat, &[]),
    plain("swsuspend", OTHER, page_ends!(b"S1SUSPEND" b"S2SUSPEND" b"ULSUSPEND" b"\xed\xc3\x02\xe9\x98\x56\xe5\x0c" b"LINHIB0001"),
        stacked::suspended, &[]),
    plain("swap", OTHER, page_ends!(b"SWAP-SPACE" b"SWAPSPACE2"), stacked::swap, &[]),
    plain("xfs", FS, &[(0, 0, b"XFSB")], linux::xfs, &[Label(108, 12), Uuid(32), BlockBe16(102)]),
    plain("xfs_external_log", OTHER, &[], linux::xfs_log, &[]),
    plain("ext4", FS, &[(0x400, 0x38, b"\x53\xef")], linux::ext, &[]),
    plain("reiserfs", FS, &[
        (0x2000, 0x34, b"ReIsErFs"), (0x10000, 0x34, b"ReIsErFs"), (0x10000, 0x34, b"ReIsEr2Fs"),
        (0x10000, 0x34, b"ReIsEr3Fs"), (0x10000, 0x14, b"ReIsEr3Fs"),
        ], linux::reiserfs, &[Block16(0x2c)]),
    plain("reiser4", FS, &[(0x10000, 0, b"ReIsEr4")], always, &[Label(36, 16), Uuid(20), Version("4")]),
    least(plain("jfs", FS, &[(0x8000, 0, b"JFS1")], linux::jfs, &[Label(152, 16), Uuid(136), Block32(16)]), 16 << 20),
    tolerant(plain("udf", FS, &[
        (0x8000, 1, b"BEA01"), (0x8000, 1, b"BOOT2"), (0x8000, 1, b"CD001"), (0x8000, 1, b"CDW02"),
        (0x8000, 1, b"NSR02"), (0x8000, 1, b"NSR03"), (0x8000, 1, b"TEA01"),
        ], foreign::udf, &[])),
    tolerant(plain("iso9660", FS, &[(0x8000, 1, b"CD001"), (0x8000, 9, b"CDROM")], foreign::iso9660, &[])),
    least(plain("zfs_member", RAID, &[], stacked::zfs, &[]), 64 << 20),
    plain("hfsplus", FS, &[(0x400, 0, b"BD"), (0x400, 0, b"H+"), (0x400, 0, b"HX")], foreign::hfsplus, &[]),
    plain("hfs", FS, &[(0x400, 0, b"BD")], foreign::hfs, &[]),
    plain("ufs", FS, &[
        (8192, 1372, b"\x19\x01\x54\x19"), (65536, 1372, b"\x19\x01\x54\x19"), (8192, 1372, b"\x54\x19\x01\x00"),
        (65536, 1372, b"\x54\x19\x01\x00"),
        ], foreign::ufs, &[]),
    plain("ntfs", FS, &[(0, 3, b"NTFS    ")], foreign::ntfs, &[]),
    plain("ReFS", FS, &[(0, 0, b"\0\0\0ReFS\0")], always, &[]),
    plain("cramfs", FS, &[(0, 0, b"\x45\x3d\xcd\x28"), (0, 0, b"\x28\xcd\x3d\x45")], linux::cramfs, &[Label(48, 16)]),
    plain("romfs", FS, &[(0, 0, b"-rom1fs-")], always, &[Label(16, 16), Block(1024)]),
    plain("minix", FS, &[
        (1024, 0x10, b"\x7f\x13"), (1024, 0x10, b"\x8f\x13"), (1024, 0x10, b"\x13\x7f"), (1024, 0x10, b"\x13\x8f"),
        (1024, 0x10, b"\x68\x24"), (1024, 0x10, b"\x78\x24"), (1024, 0x10, b"\x24\x68"), (1024, 0x10, b"\x24\x78"),
        (1024, 0x18, b"\x5a\x4d"), (1024, 0x18, b"\x4d\x5a"),
        ], linux::minix, &[]),
    least(plain("gfs2", FS, &[(0x10000, 0, b"\x01\x16\x19\x70")], linux::gfs2,
        &[Label(160, 64), Uuid(256), Version("1"), BlockBe32(36)]), 32 << 20),
    least(plain("ocfs2", FS, &[(1024, 0, b"OCFSV2"), (2048, 0, b"OCFSV2"), (4096, 0, b"OCFSV2"), (8192, 0, b"OCFSV2")],
        linux::ocfs2, &[Label(0x110, 64), Uuid(0x150), Pair(0xc0, 0xc2), Shift(1, 0xf8)]), 14000 * 1024),
    plain("squashfs", FS, &[(0, 0, b"hsqs")], linux::squashfs, &[Pair(28, 30)]),
    plain("squashfs3", FS, &[(0, 0, b"sqsh"), (0, 0, b"hsqs")], linux::squashfs3, &[]),
    least(plain("btrfs", FS, &[(0x10000, 0x40, b"_BHRfS_M")], always,
        &[Label(299, 256), Uuid(32), Named("UUID_SUB", 267), Block32(144)]), 1 << 20),
    plain("ubifs", FS, &[(0, 0, b"\x31\x18\x10\x06")], always, &[]),
    least(plain("nilfs2", FS, &[], linux::nilfs2, &[]), 1 << 20),
    plain("exfat", FS, &[(0, 3, b"EXFAT   ")], foreign::exfat, &[]),
    plain("f2fs", FS, &[(0x400, 0, b"\x10\x20\xf5\xf2")], linux::f2fs, &[Uuid(108), Pair(4, 6), Shift(1, 16)]),
    plain("apfs", FS, &[(0, 32, b"NXSB")], always, &[Uuid(72), Block32(36)]),
    plain("zonefs", FS, &[(0, 0, b"SFOZ")], always, &[Label(36, 64), Uuid(20)]),
    plain("erofs", FS, &[(1024, 0, b"\xe2\xe1\xf5\xe0")], linux::erofs, &[Label(64, 16), Uuid(48), Shift8(12)]),
];
