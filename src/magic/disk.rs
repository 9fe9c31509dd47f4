//! Filesystems, swap and partition tables, by the probes of blkid.

use super::Kind;
use crate::applet::show_bytes;
use crate::blk::probe::{self, Content, Disk, Source, Usage};

fn number(source: &dyn Source, at: u64, size: usize) -> u64 {
    let mut bytes = [0; 8];
    let read = bytes.get_mut(..size).is_some_and(|part| source.read_at(at, part));
    if read { u64::from_le_bytes(bytes) } else { 0 }
}

/// What is told of an image of a disk.
pub fn look(source: &dyn Source, head: &[u8]) -> Option<Kind> {
    if head.len() < 512 {
        return None;
    }
    let mut disk = Disk::new(source);
    let Content::One(found) = probe::content(&mut disk, &|_, _| true) else {
        return (head.get(510..512) == Some(b"\x55\xaa"))
            .then(|| Kind::new(boot_sector(head), super::OCTETS));
    };
    let value = |name: &str| probe::value(&found.values, name);
    let kind = found.kind.as_bytes();
    let mut words = String::new();
    match kind {
        b"ext2" | b"ext3" | b"ext4" => ext(source, kind, &mut words),
        b"swap" => swap(source, &mut words),
        b"xfs" => {
            let be = |at, size| number(source, at, size).swap_bytes() >> (64 - size * 8);
            let version = if be(100, 2) & 0x2000 != 0 { "v2 dirs" } else { "v1 dirs" };
            let (block, inode) = (be(4, 4), be(104, 2));
            words = format!("SGI XFS filesystem data (blksz {block}, inosz {inode}, {version})");
            return Some(Kind::new(words, super::OCTETS));
        }
        b"btrfs" => {
            words.push_str("BTRFS Filesystem");
            if let Some(label) = value("LABEL") {
                words.push_str(&format!(" label \"{}\",", show_bytes(label)));
            }
            const SUPER: u64 = 0x10000;
            let of = |at, size| number(source, SUPER + at, size);
            words.push_str(&format!(
                " sectorsize {}, nodesize {}, leafsize {}, UUID={}, {}/{} bytes used, {} devices",
                of(0x90, 4),
                of(0x94, 4),
                of(0x98, 4),
                show_bytes(value("UUID").unwrap_or_default()),
                of(0x78, 8),
                of(0x70, 8),
                of(0x88, 8)
            ));
            return Some(Kind::new(words, super::OCTETS));
        }
        b"squashfs" => {
            squashfs(source, &mut words);
            return Some(Kind::new(words, super::OCTETS));
        }
        b"iso9660" => {
            let label = value("LABEL").unwrap_or_default();
            words = format!("ISO 9660 CD-ROM filesystem data '{}'", show_bytes(label));
            if number(source, 510, 2) == 0xaa55 {
                words.push_str(" (bootable)");
            }
            return Some(Kind::new(words, "application/x-iso9660-image"));
        }
        b"vfat" => {
            fat(source, head, &mut words);
            return Some(Kind::new(words, super::OCTETS));
        }
        b"crypto_LUKS" => {
            let version = value("VERSION").unwrap_or(b"1").to_vec();
            words = format!("LUKS encrypted file, ver {}", show_bytes(&version));
        }
        other => {
            let noun = match found.usage {
                Usage::Filesystem => "filesystem data",
                _ => "data",
            };
            words = format!("{} {noun}", show_bytes(other));
        }
    }
    if let Some(uuid) = value("UUID") {
        let sign = if kind == b"crypto_LUKS" { ", UUID: " } else { ", UUID=" };
        let at = words.find(" (").filter(|_| kind.starts_with(b"ext"));
        let mut more = format!("{sign}{}", show_bytes(uuid));
        if let Some(label) = value("LABEL").filter(|_| kind != b"swap") {
            more.push_str(&format!(", volume name \"{}\"", show_bytes(label)));
        }
        match at {
            Some(at) => words.insert_str(at, &more),
            None => words.push_str(&more),
        }
    }
    Some(Kind::new(words, super::OCTETS))
}

/// ext4's superblock is at 1024: Documentation/filesystems/ext4/super.rst.
fn ext(source: &dyn Source, kind: &[u8], words: &mut String) {
    let of = |at: u64| number(source, 1024 + at, 4);
    let (compatible, incompatible, read_only) = (of(0x5c), of(0x60), of(0x64));
    let revision = of(0x4c);
    let minor = number(source, 1024 + 0x3e, 2);
    *words = format!("Linux rev {revision}.{minor} {} filesystem data", show_bytes(kind));
    if incompatible & 4 != 0 {
        words.push_str(" (needs journal recovery)");
    } else if compatible & 4 != 0 && number(source, 1024 + 0x3a, 2) & 1 == 0 {
        words.push_str(" (mounted or unclean)");
    }
    for (field, bit, name) in [
        (number(source, 1024 + 0x3a, 2), 2, " (errors)"),
        (incompatible, 1, " (compressed)"),
        (incompatible, 0x40, " (extents)"),
        (incompatible, 0x80, " (64bit)"),
        (read_only, 2, " (large files)"),
        (read_only, 8, " (huge files)"),
    ] {
        if field & bit != 0 {
            words.push_str(name);
        }
    }
}

fn swap(source: &dyn Source, words: &mut String) {
    let page = [4096u64, 8192, 16384, 65536]
        .into_iter()
        .find(|page| number(source, page - 10, 8) == u64::from_le_bytes(*b"SWAPSPAC"));
    let page = page.unwrap_or(4096);
    let of = |at: u64| number(source, 1024 + at, 4);
    let mut label = vec![0; 16];
    source.read_at(1024 + 28, &mut label);
    let label = label.split(|&b| b == 0).next().unwrap_or_default();
    let label = if label.is_empty() {
        "no label".to_string()
    } else {
        format!("LABEL={}", show_bytes(label))
    };
    *words = format!(
        "Linux swap file, {}k page size, little endian, version {}, size {} pages, {} bad pages, {label}",
        page / 1024,
        of(0),
        of(4),
        of(8)
    );
}

fn squashfs(source: &dyn Source, words: &mut String) {
    let of = |at, size| number(source, at, size);
    let method = match of(20, 2) {
        1 => "zlib",
        2 => "lzma",
        3 => "lzo",
        4 => "xz",
        5 => "lz4",
        6 => "zstd",
        _ => "unknown",
    };
    let made = i64::try_from(of(8, 4)).unwrap_or(0);
    *words = format!(
        "Squashfs filesystem, little endian, version {}.{}, {method} compressed, {} bytes, {} inodes, blocksize: {} bytes, created: {}",
        of(28, 2),
        of(30, 2),
        of(40, 8),
        of(4, 4),
        of(12, 4),
        crate::civil::Civil::of_utc(made).ctime()
    );
}

/// The boot sector of FAT, as file tells it.
fn fat(source: &dyn Source, head: &[u8], words: &mut String) {
    let of = |at, size| number(source, at, size);
    *words = "DOS/MBR boot sector".to_string();
    if let [0xeb, jump, ..] = head {
        words.push_str(&format!(", code offset {jump:#x}+2"));
    }
    let oem = head.get(3..11).unwrap_or_default();
    words.push_str(&format!(", OEM-ID \"{}\"", show_bytes(oem)));
    if of(11, 2) != 512 {
        words.push_str(&format!(", Bytes/sector {}", of(11, 2)));
    }
    if of(13, 1) != 1 {
        words.push_str(&format!(", sectors/cluster {}", of(13, 1)));
    }
    if of(14, 2) != 1 && of(14, 2) != 32 {
        words.push_str(&format!(", reserved sectors {}", of(14, 2)));
    }
    if of(16, 1) != 2 {
        words.push_str(&format!(", FATs {}", of(16, 1)));
    }
    let roots = of(17, 2);
    if roots > 0 {
        words.push_str(&format!(", root entries {roots}"));
    }
    let small = of(19, 2);
    if small > 0 {
        words.push_str(&format!(", sectors {small} (volumes <=32 MB)"));
    }
    words.push_str(&format!(", Media descriptor {:#x}", of(21, 1)));
    if of(22, 2) > 0 {
        words.push_str(&format!(", sectors/FAT {}", of(22, 2)));
    }
    words.push_str(&format!(", sectors/track {}", of(24, 2)));
    if of(26, 2) > 0 {
        words.push_str(&format!(", heads {}", of(26, 2)));
    }
    if of(28, 4) > 0 {
        words.push_str(&format!(", hidden sectors {}", of(28, 4)));
    }
    if small == 0 {
        words.push_str(&format!(", sectors {} (volumes > 32 MB)", of(32, 4)));
    }
    let big = of(22, 2) == 0;
    if big {
        words.push_str(&format!(", FAT (32 bit), sectors/FAT {}", of(36, 4)));
    }
    let base = if big { 64 } else { 36 };
    let serial = of(base + 3, 4);
    words.push_str(&format!(", serial number {serial:#x}"));
    let mut label = vec![0; 11];
    source.read_at(base + 7, &mut label);
    if label == b"NO NAME    " {
        words.push_str(", unlabeled");
    } else {
        words.push_str(&format!(", label: \"{}\"", show_bytes(&label)));
    }
    if !big {
        let mut name = vec![0; 8];
        source.read_at(base + 18, &mut name);
        words.push_str(match name.get(..5) {
            Some(b"FAT12") => ", FAT (12 bit)",
            Some(b"FAT16") => ", FAT (16 bit)",
            _ => ", FAT",
        });
    }
}

/// A boot sector without a filesystem: what its partition table says.
fn boot_sector(head: &[u8]) -> String {
    let mut words = "DOS/MBR boot sector".to_string();
    for number in 0..4 {
        let at = 446 + number * 16;
        let Some(entry) = head.get(at..at + 16) else { break };
        let kind = entry.get(4).copied().unwrap_or(0);
        let of = |at: usize| {
            let bytes = entry.get(at..at + 4).and_then(|b| b.try_into().ok());
            bytes.map_or(0, u32::from_le_bytes)
        };
        if kind > 0 {
            let active = if entry.first() == Some(&0x80) { ", active" } else { "" };
            words.push_str(&format!(
                "; partition {} : ID={kind:#x}{active}, startsector {}, {} sectors",
                number + 1,
                of(8),
                of(12)
            ));
        }
    }
    words
}
