//! Partition tables: GPT with its backup, MBR with the chain of logical
//! partitions.

use super::text::{Encoding, LOWER, Text, guid, to_utf8, trimmed};
use super::{Disk, foreign, le32, le64};
use crate::compress::checksum::crc32;

/// A partition. Sectors are of 512 bytes whatever those of the disk are, as in
/// sysfs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// The kernel's number of it.
    pub number: u32,
    /// First sector.
    pub start: u64,
    /// How many sectors.
    pub size: u64,
    /// Type: `0x83`, or a GUID in lower case.
    pub kind: Vec<u8>,
    /// Its own UUID; of an MBR `cafe1234-01`. Empty when there is none.
    pub uuid: Vec<u8>,
    /// Its name (GPT).
    pub name: Vec<u8>,
    /// Attributes (GPT), or 0x80 for the one that is booted.
    pub flags: u64,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// `gpt`, `dos`, or `PMBR` where only GPT's protective MBR is left.
    pub kind: &'static str,
    /// The disk's identifier; empty when it has none.
    pub id: Vec<u8>,
    /// The partitions in the order of the table.
    pub partitions: Vec<Partition>,
    /// GPT: the first table is damaged, this is the one at the end.
    pub from_backup: bool,
    /// GPT: the usable area, in sectors of the disk.
    pub usable: (u64, u64),
    /// GPT: how many partitions can be.
    pub places: u32,
}

/// The kernel makes no more partitions of a disk than this.
const PARTITIONS_MAX: usize = 256;

/// Links of a chain of logical partitions, even if it goes in circles.
const CHAIN_MAX: u32 = 256;

/// The table on a disk.
pub fn table(disk: &mut Disk) -> Option<Table> {
    if disk.size() <= 1024 {
        return None;
    }
    let mbr: [u8; 512] = *disk.get(0, 512)?.first_chunk()?;
    if mbr[510..] != *b"\x55\xaa" {
        return None;
    }
    if entries(&mbr).any(|entry| entry.kind == 0xee) {
        return Some(gpt(disk).unwrap_or(Table { kind: "PMBR", ..Table::default() }));
    }
    dos(disk, &mbr)
}

/// A row of an MBR.
struct Entry {
    boot: u8,
    kind: u8,
    start: u64,
    size: u64,
}

impl Entry {
    fn is_extended(&self) -> bool {
        matches!(self.kind, 0x05 | 0x0f | 0x85)
    }
}

fn entries(mbr: &[u8; 512]) -> impl Iterator<Item = Entry> {
    mbr[446..510].chunks_exact(16).map(|row| Entry {
        boot: row[0],
        kind: row[4],
        start: le32(row, 8).into(),
        size: le32(row, 12).into(),
    })
}

fn dos(disk: &mut Disk, mbr: &[u8; 512]) -> Option<Table> {
    // AIX's disks, and boot sectors of filesystems.
    if mbr.starts_with(b"\xc9\xc2\xd4\xc1")
        || entries(mbr).any(|entry| entry.boot & 0x7f != 0)
        || foreign::is_boot_sector(disk)
    {
        return None;
    }
    let mut table = Table { kind: "dos", ..Table::default() };
    let id = le32(mbr, 440);
    if id != 0 {
        let mut text = Text::default();
        text.hex(&id.to_be_bytes(), LOWER);
        table.id = text.0;
    }
    let unit = u64::from(disk.sector / 512).max(1);
    for (n, entry) in (1..).zip(entries(mbr)) {
        if entry.size != 0 {
            add_dos(&mut table, n, &entry, entry.start * unit, unit);
        }
    }
    let mut number = 5;
    for entry in entries(mbr).filter(|entry| entry.is_extended() && entry.size != 0) {
        logical(disk, &mut table, &entry, unit, &mut number);
    }
    Some(table)
}

#[inline(never)]
fn add_dos(table: &mut Table, number: u32, entry: &Entry, start: u64, unit: u64) {
    let mut uuid = Text(table.id.clone());
    if !uuid.0.is_empty() {
        uuid.0.push(b'-');
        uuid.hex(&[number as u8], LOWER);
    }
    let mut kind = Text(b"0x".to_vec());
    kind.hex(&[entry.kind], LOWER);
    if kind.0.get(2) == Some(&b'0') {
        kind.0.remove(2);
    }
    table.partitions.push(Partition {
        number,
        start,
        size: entry.size * unit,
        kind: kind.0,
        uuid: uuid.0,
        name: Vec::new(),
        flags: entry.boot.into(),
    });
}

/// The logical partitions: each link has one, and tells where the next is.
fn logical(disk: &mut Disk, table: &mut Table, extended: &Entry, unit: u64, number: &mut u32) {
    let sector = u64::from(disk.sector);
    let (mut at, mut length) = (extended.start, extended.size);
    for _ in 0..CHAIN_MAX {
        let Some(link) = at.checked_mul(sector).and_then(|at| disk.get(at, 512)) else { return };
        let Some(link) = link.first_chunk::<512>().copied() else { return };
        if link[510..] != *b"\x55\xaa" {
            return;
        }
        for (n, entry) in entries(&link).enumerate() {
            if entry.size == 0 || entry.is_extended() {
                continue;
            }
            let start = at + entry.start;
            let end = start + entry.size;
            // The third and fourth are usually rubbish.
            if n >= 2
                && (end > at + length
                    || start < extended.start
                    || end > extended.start + extended.size)
            {
                continue;
            }
            if table.partitions.len() >= PARTITIONS_MAX {
                return;
            }
            add_dos(table, *number, &entry, start * unit, unit);
            *number += 1;
        }
        let next = entries(&link).find(|e| e.size != 0 && e.is_extended() && e.start != 0);
        let Some(next) = next else { return };
        at = extended.start + next.start;
        length = next.size;
    }
}

fn gpt(disk: &mut Disk) -> Option<Table> {
    let last = (disk.size() / u64::from(disk.sector)).checked_sub(1)?;
    read_gpt(disk, 1, last).or_else(|| {
        let mut table = read_gpt(disk, last, last)?;
        table.from_backup = true;
        Some(table)
    })
}

fn read_gpt(disk: &mut Disk, at: u64, last: u64) -> Option<Table> {
    let sector = u64::from(disk.sector);
    let mut header = disk.get(at.checked_mul(sector)?, 512)?.to_vec();
    let length = le32(&header, 12) as usize;
    let sum = le32(&header, 16);
    header.get_mut(16..20)?.fill(0);
    if !header.starts_with(b"EFI PART") || !(92..=512).contains(&length) {
        return None;
    }
    let (first_usable, last_usable) = (le64(&header, 40), le64(&header, 48));
    let good = crc32(header.get(..length)?) == sum
        && le64(&header, 24) == at
        && first_usable <= last_usable
        && last_usable <= last
        && !(first_usable..=last_usable).contains(&at);
    let (count, each) = (le32(&header, 80), le32(&header, 84));
    if !good || count == 0 || each < 128 {
        return None;
    }
    let length = usize::try_from(u64::from(count) * u64::from(each)).ok()?;
    let list = disk.get(le64(&header, 72).checked_mul(sector)?, length)?;
    if crc32(list) != le32(&header, 88) {
        return None;
    }
    let unit = (sector / 512).max(1);
    let mut table = Table {
        kind: "gpt",
        id: guid(header.get(56..72)?),
        usable: (first_usable, last_usable),
        places: count,
        ..Table::default()
    };
    for (number, entry) in (1..).zip(list.chunks_exact(each as usize)) {
        let (start, end) = (le64(entry, 32), le64(entry, 40));
        let used = entry.iter().take(16).any(|&b| b != 0);
        if !used || start < first_usable || end > last_usable || end < start {
            continue;
        }
        if table.partitions.len() >= PARTITIONS_MAX {
            break;
        }
        table.partitions.push(Partition {
            number,
            start: start * unit,
            size: (end - start + 1) * unit,
            kind: guid(entry),
            uuid: guid(entry.get(16..)?),
            name: trimmed(&to_utf8(entry.get(56..128)?, Encoding::Utf16Le)).to_vec(),
            flags: le64(entry, 48),
        });
    }
    Some(table)
}

impl Partition {
    /// The values that blkid tells of a partition, `PART_ENTRY_UUID` and the
    /// like, in its order.
    pub fn values(&self, scheme: &'static str, out: &mut Vec<super::Value>) {
        out.push(("PART_ENTRY_SCHEME", scheme.into()));
        for (name, value) in [
            ("PART_ENTRY_NAME", &self.name),
            ("PART_ENTRY_UUID", &self.uuid),
            ("PART_ENTRY_TYPE", &self.kind),
        ] {
            if !value.is_empty() {
                out.push((name, value.clone()));
            }
        }
        if self.flags != 0 {
            out.push(("PART_ENTRY_FLAGS", hexadecimal(self.flags)));
        }
        for (name, number) in [
            ("PART_ENTRY_NUMBER", u64::from(self.number)),
            ("PART_ENTRY_OFFSET", self.start),
            ("PART_ENTRY_SIZE", self.size),
        ] {
            let mut text = Text::default();
            text.decimal(number);
            out.push((name, text.0));
        }
    }
}

fn hexadecimal(number: u64) -> Vec<u8> {
    let mut text = Text::default();
    text.hex(&number.to_be_bytes(), LOWER);
    let zeros = text.0.iter().take_while(|&&b| b == b'0').count().min(15);
    let mut out = b"0x".to_vec();
    out.extend_from_slice(text.0.get(zeros..).unwrap_or_default());
    out
}
