//! Filesystems of other systems and of discs.

use super::formats::Hit;
use super::text::{Encoding, LOWER, Text, UPPER, grouped, to_utf8, trimmed};
use super::{Disk, Found, be16, be32, le16, le32, le64};

/// A FAT with more clusters than this is wider (fatgen103).
const FAT12_MAX: u32 = 0xff4;
const FAT16_MAX: u32 = 0xfff4;
const FAT32_MAX: u32 = 0x0fff_fff6;

/// What a BIOS parameter block says.
struct Fat {
    sector: u64,
    cluster: u64,
    reserved: u64,
    /// Sectors of all FATs.
    fats: u64,
    /// Sectors of one FAT.
    length: u64,
    entries: u64,
    clusters: u32,
    wide: bool,
}

impl Fat {
    fn read(bpb: &[u8]) -> Option<Fat> {
        let byte = |at: usize| bpb.get(at).copied().unwrap_or(0);
        let sector = le16(bpb, 11);
        let (cluster, copies, media) = (byte(13), byte(16), byte(21));
        let reserved = le16(bpb, 14);
        let good = copies != 0
            && reserved != 0
            && (media >= 0xf8 || media == 0xf0)
            && cluster.is_power_of_two()
            && sector.is_power_of_two()
            && (512..=4096).contains(&sector);
        if !good {
            return None;
        }
        let (short, long) = (le16(bpb, 22), le32(bpb, 36));
        let length = if short != 0 { u64::from(short) } else { u64::from(long) };
        let entries = le16(bpb, 17);
        let sector = u64::from(sector);
        let folder = (u64::from(entries) * 32).div_ceil(sector);
        let total = match le16(bpb, 19) {
            0 => u64::from(le32(bpb, 32)),
            n => u64::from(n),
        };
        let fats = length * u64::from(copies);
        let before = u64::from(reserved) + fats + folder;
        let clusters = total.wrapping_sub(before) as u32 / u32::from(cluster);
        let most = match (short, long) {
            (0, 1..) => FAT32_MAX,
            _ if clusters > FAT12_MAX => FAT16_MAX,
            _ => FAT12_MAX,
        };
        if clusters > most {
            return None;
        }
        Some(Fat {
            sector,
            cluster: cluster.into(),
            reserved: reserved.into(),
            fats,
            length,
            entries: entries.into(),
            clusters,
            wide: short == 0 && long != 0,
        })
    }
}

/// Whether the first sector is that of a FAT or an NTFS, whose code must not
/// be taken for a table of partitions.
pub(super) fn is_boot_sector(disk: &mut Disk) -> bool {
    super::formats::FORMATS
        .iter()
        .filter(|format| format.kind == "vfat" || format.kind == "ntfs")
        .any(|format| super::formats::look(disk, format).is_some())
}

/// The label in a folder: the entry that is a volume's name.
fn folder_label(disk: &mut Disk, at: u64, entries: u64) -> Option<[u8; 11]> {
    // A folder that is longer has its label near its start all the same.
    for n in 0..entries.min(16384) {
        let entry = disk.get(at + n * 32, 32)?;
        let attributes = entry.get(11).copied()?;
        let mut name = *entry.first_chunk::<11>()?;
        match name.first() {
            Some(0) => return None,
            Some(0xe5) => continue,
            Some(5) => {
                if let Some(first) = name.first_mut() {
                    *first = 0xe5;
                }
            }
            _ => {}
        }
        let is_long = attributes & 0x3f == 0x0f;
        if !is_long && attributes & 0x18 == 8 && le16(entry, 20) == 0 && le16(entry, 26) == 0 {
            return Some(name);
        }
    }
    None
}

/// FAT12, FAT16 and FAT32.
pub(super) fn vfat(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    let boot = disk.get(0, 512)?;
    if hit.magic.len() <= 2 {
        // Without a name in it, it may be anything that boots.
        let name = boot.get(0x36..0x3e)?;
        if boot.get(510..512) != Some(b"\x55\xaa") || name == b"JFS     " || name == b"HPFS    " {
            return None;
        }
    }
    let fat = Fat::read(boot)?;
    let boot: [u8; 512] = *boot.first_chunk()?;
    let (serial, boot_label) = if fat.wide { (0x43, 0x47) } else { (0x27, 0x2b) };
    let label;
    let version: &[u8];
    if fat.wide {
        version = b"FAT32";
        label = wide_label(disk, &fat, le32(&boot, 0x2c));
        let info = u64::from(le16(&boot, 0x30));
        if info != 0 {
            let sector = disk.get(info * fat.sector, 512)?;
            let first = sector.get(..4)?;
            let second = sector.get(484..488)?;
            let ours = first == b"RRaA" || first == b"RRdA" || first == [0; 4];
            if !ours || (second != b"rrAa" && second != [0; 4]) {
                return None;
            }
        }
    } else if le16(&boot, 22) != 0 {
        let at = (fat.reserved + fat.fats) * fat.sector;
        label = folder_label(disk, at, fat.entries);
        out.put("SEC_TYPE", b"msdos");
        version = if fat.clusters < FAT12_MAX { b"FAT12" } else { b"FAT16" };
    } else {
        return None;
    }
    let real = |name: &[u8]| name != b"NO NAME    ";
    let boot_label = boot.get(boot_label..boot_label + 11)?;
    if real(boot_label) {
        out.put("LABEL_FATBOOT", boot_label);
    }
    if let Some(name) = label.filter(|name| real(name)) {
        out.label(&name);
    }
    let mut number: [u8; 4] = *boot.get(serial..)?.first_chunk()?;
    number.reverse();
    out.put("UUID", &grouped(&number, &[2, 2], UPPER));
    out.put("VERSION", version);
    out.block_size(u32::try_from(fat.sector).unwrap_or(512));
    Some(())
}

/// The label of a FAT32: its root folder is a chain of clusters.
fn wide_label(disk: &mut Disk, fat: &Fat, root: u32) -> Option<[u8; 11]> {
    let entries = fat.length * fat.sector / 4;
    let data = fat.reserved + fat.fats;
    let bytes = fat.cluster * fat.sector;
    let mut next = u64::from(root);
    for _ in 0..100 {
        if next < 2 || next >= entries {
            return None;
        }
        let at = (data + (next - 2) * fat.cluster) * fat.sector;
        if let Some(label) = folder_label(disk, at, bytes / 32) {
            return Some(label);
        }
        let entry = disk.get(fat.reserved * fat.sector + next * 4, 4)?;
        next = u64::from(le32(entry, 0) & 0x0fff_ffff);
    }
    None
}

pub(super) fn exfat(disk: &mut Disk, _: Hit, out: &mut Found) -> Option<()> {
    let boot: [u8; 512] = *disk.get(0, 512)?.first_chunk()?;
    let (sector_log, cluster_log) = (boot[108], boot[109]);
    let good = (9..=12).contains(&sector_log)
        && u32::from(cluster_log) + u32::from(sector_log) <= 25
        && matches!(boot[110], 1 | 2)
        && boot[510..] == *b"\x55\xaa"
        && boot[11..64].iter().all(|&b| b == 0);
    if !good {
        return None;
    }
    let sector = 1u64 << sector_log;
    let cluster = sector << cluster_log;
    let (fat, heap) = (u64::from(le32(&boot, 80)) * sector, u64::from(le32(&boot, 88)) * sector);
    let count = le32(&boot, 92);
    let mut next = le32(&boot, 96);
    // The label is an entry of type 0x83 in the root folder.
    'chain: for _ in 0..256 {
        if next < 2 || next - 2 >= count {
            break;
        }
        let at = heap + u64::from(next - 2) * cluster;
        for n in 0..(cluster / 32).min(8192) {
            let Some(entry) = disk.get(at + n * 32, 32) else { break 'chain };
            match *entry {
                [0, ..] => break 'chain,
                [0x83, length, ref name @ ..] => {
                    let length = usize::from(length.min(11)) * 2;
                    let name = to_utf8(name.get(..length).unwrap_or_default(), Encoding::Utf16Le);
                    out.label(&name);
                    break 'chain;
                }
                _ => {}
            }
        }
        let Some(entry) = disk.get(fat + u64::from(next) * 4, 4) else { break };
        next = le32(entry, 0);
    }
    let mut serial: [u8; 4] = *boot.get(100..)?.first_chunk()?;
    serial.reverse();
    out.put("UUID", &grouped(&serial, &[2, 2], UPPER));
    out.version(u32::from(boot[105]), u32::from(boot[104]), 1);
    out.block_size(1 << sector_log);
    Some(())
}

pub(super) fn ntfs(disk: &mut Disk, _: Hit, out: &mut Found) -> Option<()> {
    let boot: [u8; 512] = *disk.get(0, 512)?.first_chunk()?;
    let sector = u64::from(le16(&boot, 11));
    if !sector.is_power_of_two() || !(256..=4096).contains(&sector) {
        return None;
    }
    let per_cluster = match boot[13] {
        n @ (1 | 2 | 4 | 8 | 16 | 32 | 64 | 128) => u64::from(n),
        n @ 240..=249 => 1 << (256 - u32::from(n)),
        _ => return None,
    };
    // What FAT has there is nothing here.
    if le16(&boot, 14) != 0 || boot[16] != 0 || le32(&boot, 17) != 0 || le16(&boot, 22) != 0 {
        return None;
    }
    let cluster = sector * per_cluster;
    let record = match boot[64] as i8 {
        n @ 1..=64 => u64::from(n.unsigned_abs()) * cluster,
        n @ -31..=-9 => 1 << n.unsigned_abs(),
        _ => return None,
    };
    if record > 65536 {
        return None;
    }
    let (table, copy) = (le64(&boot, 48), le64(&boot, 56));
    let clusters = le64(&boot, 40) / per_cluster;
    if table > clusters || copy > clusters {
        return None;
    }
    let table = table.checked_mul(cluster)?;
    if !disk.has(table, b"FILE") {
        return None;
    }
    // The third record is of $Volume; its name is an attribute of type 0x60.
    let at = table.checked_add(3 * record)?;
    let bytes = disk.get(at, usize::try_from(record).ok()?)?;
    if !bytes.starts_with(b"FILE") {
        return None;
    }
    let mut place = usize::from(le16(bytes, 20));
    for _ in 0..64 {
        let Some(attribute) = bytes.get(place..).filter(|rest| rest.len() >= 24) else { break };
        let (kind, length) = (le32(attribute, 0), le32(attribute, 4) as usize);
        if kind == u32::MAX || length < 24 {
            break;
        }
        if kind == 0x60 {
            let (size, start) = (le32(attribute, 16) as usize, usize::from(le16(attribute, 20)));
            if let Some(name) = attribute.get(start..).and_then(|rest| rest.get(..size)) {
                let name = to_utf8(name, Encoding::Utf16Le);
                out.label(&name);
            }
            break;
        }
        place = place.saturating_add(length);
    }
    out.block_size(u32::try_from(sector).unwrap_or(512));
    let mut serial: [u8; 8] = *boot.get(72..)?.first_chunk()?;
    serial.reverse();
    out.put("UUID", &grouped(&serial, &[8], UPPER));
    Some(())
}

/// The date fields of a volume descriptor as a UUID; not one of only zeros.
fn date_uuid(date: &[u8]) -> Option<Vec<u8>> {
    let (digits, offset) = (date.get(..16)?, date.get(16)?);
    if *offset == 0 && digits.iter().all(|&b| b == b'0') {
        return None;
    }
    let mut text = Vec::with_capacity(22);
    for (n, &b) in digits.iter().enumerate() {
        if n >= 4 && n % 2 == 0 {
            text.push(b'-');
        }
        text.push(b);
    }
    Some(text)
}

/// ISO 9660 with Joliet, and High Sierra.
pub(super) fn iso9660(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    const SECTOR: u64 = 2048;
    if hit.magic == b"CDROM" {
        let sector = disk.get(hit.at, 128)?.to_vec();
        out.block_size(2048);
        out.put("VERSION", b"High Sierra");
        out.label(sector.get(48..80)?);
        return Some(());
    }
    let (mut boot, mut primary, mut joliet) = (None, None, None);
    for n in 0..16 {
        let Some(sector) = disk.get(0x8000 + n * SECTOR, 2048) else { break };
        if sector.get(1..6) != Some(b"CD001") {
            break;
        }
        let place = match sector.first() {
            Some(0) => &mut boot,
            Some(1) => &mut primary,
            Some(2) => {
                let level = sector.get(88..91);
                if ![Some(&b"%/@"[..]), Some(b"%/C"), Some(b"%/E")].contains(&level) {
                    continue;
                }
                &mut joliet
            }
            Some(0xff) => break,
            _ => continue,
        };
        if place.is_none() {
            *place = Some(sector.to_vec());
        }
    }
    let primary = primary?;
    out.block_size(2048);
    for (name, at, length) in [
        ("SYSTEM_ID", 8, 32),
        ("VOLUME_SET_ID", 190, 128),
        ("PUBLISHER_ID", 318, 128),
        ("DATA_PREPARER_ID", 446, 128),
        ("APPLICATION_ID", 574, 128),
    ] {
        let plain = trimmed(primary.get(at..at + length)?);
        // `_NAME` says that the text is in a file.
        let plain = if plain.first() == Some(&b'_') { b"" } else { plain };
        let wide = joliet.as_ref().and_then(|sector| sector.get(at..at + length));
        out.put(name, &merged(plain, wide.unwrap_or_default()));
    }
    if let Some(uuid) = date_uuid(primary.get(830..847)?).or_else(|| date_uuid(&primary[813..830]))
    {
        out.put("UUID", &uuid);
    }
    if let Some(boot) = &boot {
        out.put("BOOT_SYSTEM_ID", boot.get(7..39)?);
    }
    let plain = primary.get(40..72)?;
    match &joliet {
        Some(sector) => {
            out.put("VERSION", b"Joliet Extension");
            out.label(&merged(trimmed(plain), sector.get(40..72)?));
        }
        None => out.label(plain),
    }
    Some(())
}

/// The better name of the two descriptors: Joliet's has the letters that ASCII
/// lacks but only half the room and no punctuation; the rest comes from the
/// other where they agree as far as both go.
fn merged(plain: &[u8], wide: &[u8]) -> Vec<u8> {
    let text = to_utf8(wide, Encoding::Utf16Be);
    let text = trimmed(&text);
    if text.is_empty() {
        return plain.to_vec();
    }
    let mut out = Vec::with_capacity(plain.len());
    let mut letters = str::from_utf8(text).unwrap_or_default().chars();
    for &a in plain {
        let a = char::from(a);
        match letters.next() {
            Some('_') if "*/:;?\\".contains(a) => out.push(a as u8),
            Some(c) if a == '_' || c.eq_ignore_ascii_case(&a) => {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            None => out.push(a as u8),
            Some(_) => return text.to_vec(),
        }
    }
    out.extend_from_slice(letters.as_str().as_bytes());
    out
}

/// A text of UDF: the encoding in its first byte, its length in the last.
fn dstring(field: &[u8]) -> Option<Vec<u8>> {
    let (&length, field) = field.split_last()?;
    let (&kind, text) = field.split_first()?;
    let text = text.get(..usize::from(length).saturating_sub(1)).unwrap_or(text);
    match kind {
        8 => Some(to_utf8(text, Encoding::Latin1)),
        16 => Some(to_utf8(text, Encoding::Utf16Be)),
        _ => None,
    }
}

/// The UUID that blkid makes of a volume set's name: 16 hexadecimal digits as
/// they are, otherwise the bytes in hexadecimal.
fn udf_uuid(name: &[u8]) -> Option<Vec<u8>> {
    let name = name.get(..16).unwrap_or(name);
    if name.len() < 8 {
        return None;
    }
    let plain = name.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let mut out = Text::default();
    let mut padded = name.to_vec();
    padded.resize(16, 0);
    match plain {
        0..8 => out.hex(padded.get(..8)?, LOWER),
        8..16 => {
            out.0 = padded.get(..8)?.to_ascii_lowercase();
            out.hex(padded.get(8..12)?, LOWER);
        }
        _ => out.0 = padded.to_ascii_lowercase(),
    }
    Some(out.0)
}

/// UDF (ECMA-167): recognition sequence, anchor at block 256, descriptors.
pub(super) fn udf(disk: &mut Disk, _: Hit, out: &mut Found) -> Option<()> {
    let mut block = 0;
    for size in [u64::from(disk.sector), 512, 1024, 2048, 4096] {
        let step = size.max(2048);
        let mut recognized = false;
        for n in 0..64 {
            match disk.get(0x8000 + n * step, 8)?.get(1..6)? {
                b"NSR02" | b"NSR03" => {
                    recognized = true;
                    break;
                }
                b"BEA01" | b"BOOT2" | b"CD001" | b"CDW02" | b"TEA01" => {}
                _ => break,
            }
        }
        if !recognized {
            continue;
        }
        if let Some(anchor) = disk.get(256 * size, 512)
            && le32(anchor, 12) == 256
            && le16(anchor, 0) == 2
        {
            block = size;
            break;
        }
    }
    if block == 0 {
        return None;
    }
    let anchor = disk.get(256 * block, 512)?;
    let count = u64::from(le32(anchor, 16)) / block;
    let first = u64::from(le32(anchor, 20));
    let mut revision = 0;
    let mut integrity = 0;
    let mut application = None;
    let mut set = None;
    let mut label = None;
    let mut volume = None;
    for n in first..first + count.min(64) {
        let Some(sector) = disk.get(n * block, 512) else { break };
        if u64::from(le32(sector, 12)) != n {
            break;
        }
        match le16(sector, 0) {
            1 => {
                volume = volume.or_else(|| dstring(sector.get(24..56)?));
                set = set.or_else(|| dstring(sector.get(72..200)?));
                // The application, or else the writer's implementation, behind
                // the flags of their identifiers.
                for place in [345..368, 389..412] {
                    let name = trimmed(sector.get(place)?);
                    if application.is_none() && !name.is_empty() {
                        application = Some(name.strip_prefix(b"*").unwrap_or(name).to_vec());
                    }
                }
            }
            6 => {
                label = label.or_else(|| dstring(sector.get(84..212)?));
                if sector.get(217..236) == Some(b"*OSTA UDF Compliant") && revision == 0 {
                    revision = le16(sector, 240);
                }
                if le32(sector, 268) != 0 && integrity == 0 {
                    integrity = u64::from(le32(sector, 436));
                }
            }
            0 | 8 => break,
            _ => {}
        }
    }
    if integrity != 0
        && let Some(sector) = disk.get(integrity * block, 512)
        && le16(sector, 0) == 9
        && u64::from(le32(sector, 12)) == integrity
        && le32(sector, 76) >= 46
    {
        let partitions = (le32(sector, 72) as usize).min(32);
        let least = le16(sector, 80 + 8 * partitions + 40);
        if least != 0 {
            revision = least;
        }
    }
    let put = |out: &mut Found, name, text: &Option<Vec<u8>>| {
        if let Some(text) = text {
            out.put(name, text);
        }
    };
    put(out, "VOLUME_ID", &volume);
    put(out, "UUID", &set.as_deref().and_then(udf_uuid));
    put(out, "VOLUME_SET_ID", &set);
    put(out, "APPLICATION_ID", &application);
    put(out, "LABEL", &label);
    put(out, "LOGICAL_VOLUME_ID", &label);
    if revision != 0 {
        // In hexadecimal: 0x0150 is 1.50.
        let minor = (revision >> 4 & 15) * 10 + (revision & 15);
        out.version(u32::from(revision >> 8), u32::from(minor), 2);
    }
    out.block_size(u32::try_from(block).unwrap_or(512));
    Some(())
}

/// HFS+, also wrapped in an HFS.
pub(super) fn hfsplus(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    let mut start = 0;
    if hit.magic == b"BD" {
        let mdb = disk.get(hit.at, 162)?;
        if mdb.get(124..126) != Some(b"H+") {
            return None;
        }
        let (block, first, extent) = (be32(mdb, 20), be16(mdb, 28), be16(mdb, 126));
        if block == 0 || !block.is_multiple_of(512) {
            return None;
        }
        start = u64::from(first) * 512 + u64::from(extent) * u64::from(block);
    }
    let header = disk.get(start + 1024, 512)?;
    let block = be32(header, 40);
    if !matches!(header.get(..2), Some(b"H+" | b"HX")) || block < 512 {
        return None;
    }
    out.block_size(block);
    Some(())
}

/// HFS that wraps nothing.
pub(super) fn hfs(disk: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    let mdb = disk.get(hit.at, 162)?;
    let block = be32(mdb, 20);
    if mdb.get(124..126) == Some(b"H+") || block == 0 || !block.is_multiple_of(512) {
        return None;
    }
    let length = usize::from(*mdb.get(36)?).min(27);
    out.label(mdb.get(37..37 + length)?);
    Some(())
}

pub(super) fn ufs(_: &mut Disk, hit: Hit, out: &mut Found) -> Option<()> {
    out.number("VERSION", if hit.magic.first() == Some(&0x19) { 2 } else { 1 });
    Some(())
}
