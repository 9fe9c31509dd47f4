//! Partition tables to be changed: free space, alignment, and the sectors that
//! make up an MBR with its chain of logical partitions or a GPT with its
//! backup. Pure. UEFI 2.10 chapter 5; the rules for free space and alignment
//! are those of util-linux's fdisk.

use crate::blk::probe::tables::Table;
use crate::blk::probe::text::{LOWER, Text, uuid_of};
use crate::compress::checksum::crc32;
use crate::order;

/// One partition. Sectors are the disk's own.
#[derive(Clone)]
pub struct Slot {
    /// Its number, from 1.
    pub number: u32,
    /// First sector.
    pub start: u64,
    /// How many.
    pub size: u64,
    /// Type of an MBR.
    pub kind: u8,
    /// Type of a GPT, in the disk's order of bytes.
    pub guid: [u8; 16],
    /// Its own identifier (GPT).
    pub uuid: [u8; 16],
    /// Its name (GPT), UTF-16.
    pub name: [u8; 72],
    /// Attributes (GPT), or 0x80 for the one that is booted.
    pub flags: u64,
}

impl Slot {
    /// One of this place without a name.
    pub fn new(number: u32, start: u64, size: u64) -> Slot {
        let (guid, uuid) = ([0; 16], [0; 16]);
        Slot { number, start, size, kind: 0x83, guid, uuid, name: [0; 72], flags: 0 }
    }

    /// Its last sector.
    pub fn end(&self) -> u64 {
        (self.start + self.size).saturating_sub(1)
    }

    /// Whether it is the container of logical partitions (MBR).
    pub fn is_extended(&self) -> bool {
        matches!(self.kind, 0x05 | 0x0f | 0x85)
    }
}

/// A table being changed.
pub struct Label {
    /// A GPT; otherwise an MBR.
    pub gpt: bool,
    /// The disk's identifier: of an MBR the first four bytes.
    pub id: [u8; 16],
    /// The partitions by number.
    pub slots: Vec<Slot>,
    /// How many numbers there are (GPT).
    pub places: u32,
    /// The sectors that partitions can have, first and last.
    pub usable: (u64, u64),
    /// Sectors of the disk.
    pub total: u64,
    /// Size of a sector.
    pub sector: u64,
}

/// Where partitions are put: multiples of 1 MiB.
const GRAIN: u64 = 1 << 20;

/// A GUID of text in the order of the disk.
pub fn guid(text: &[u8]) -> Option<[u8; 16]> {
    let [a, b, c, d, e, f, g, h, rest @ ..] = uuid_of(text)?;
    let mut id = [d, c, b, a, f, e, h, g, 0, 0, 0, 0, 0, 0, 0, 0];
    if let Some(end) = id.last_chunk_mut::<8>() {
        *end = rest;
    }
    Some(id)
}

impl Label {
    /// A table without partitions.
    pub fn new(gpt: bool, id: [u8; 16], total: u64, sector: u64) -> Label {
        let grain = GRAIN / sector;
        let list = (128 * 128u64).div_ceil(sector);
        let least = if gpt { 2 + list } else { 1 };
        let last = if gpt { total.saturating_sub(2 + list) } else { total.saturating_sub(1) };
        // Tiny disks have no room for alignment.
        let first = if total > 4 * grain { grain.max(least) } else { least };
        let last = if gpt { last } else { last.min(u64::from(u32::MAX)) };
        Label { gpt, id, slots: Vec::new(), places: 128, usable: (first, last), total, sector }
    }

    /// The table that is on a disk.
    pub fn of(table: &Table, total: u64, sector: u64) -> Label {
        let gpt = table.kind == "gpt";
        let mut label = Label::new(gpt, [0; 16], total, sector);
        let unit = (sector / 512).max(1);
        if gpt {
            label.id = guid(&table.id).unwrap_or_default();
            label.usable = table.usable;
            label.places = table.places;
        } else if let Some(id) = hexadecimal(&table.id) {
            label.set_dos_id(id);
        }
        for part in &table.partitions {
            let mut slot = Slot::new(part.number, part.start / unit, part.size / unit);
            slot.flags = part.flags;
            if gpt {
                slot.guid = guid(&part.kind).unwrap_or_default();
                slot.uuid = guid(&part.uuid).unwrap_or_default();
                let text = String::from_utf8_lossy(&part.name).into_owned();
                for (to, unit) in slot.name.chunks_exact_mut(2).zip(text.encode_utf16()) {
                    to.copy_from_slice(&unit.to_le_bytes());
                }
            } else {
                let digits = part.kind.strip_prefix(b"0x").unwrap_or_default();
                slot.kind = hexadecimal(digits).and_then(|n| u8::try_from(n).ok()).unwrap_or(0);
            }
            label.slots.push(slot);
        }
        label
    }

    /// The identifier of an MBR.
    pub fn dos_id(&self) -> u32 {
        let [a, b, c, d, ..] = self.id;
        u32::from_le_bytes([a, b, c, d])
    }

    /// Sets the identifier of an MBR.
    pub fn set_dos_id(&mut self, id: u32) {
        for (to, from) in self.id.iter_mut().zip(id.to_le_bytes()) {
            *to = from;
        }
    }

    /// Sectors of 1 MiB.
    pub fn grain(&self) -> u64 {
        (GRAIN / self.sector).max(1)
    }

    /// The container of logical partitions.
    pub fn extended(&self) -> Option<&Slot> {
        self.slots.iter().find(|slot| !self.gpt && slot.number <= 4 && slot.is_extended())
    }

    /// The partition of this number.
    pub fn slot(&mut self, number: u32) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.number == number)
    }

    /// Numbers that are free, among logical ones of an MBR the next.
    pub fn free_numbers(&self, logical: bool) -> Vec<u32> {
        let taken = |number: &u32| self.slots.iter().all(|slot| slot.number != *number);
        if logical {
            let next = self.slots.iter().map(|slot| slot.number).max().unwrap_or(0) + 1;
            return vec![next.max(5)];
        }
        let last = if self.gpt { self.places } else { 4 };
        (1..=last).filter(taken).collect()
    }

    /// Free areas, first and last sector. Logical ones of an MBR have room for
    /// their link before them.
    pub fn free(&self, logical: bool) -> Vec<(u64, u64)> {
        let inside = self.extended().map(|slot| (slot.start, slot.end()));
        let (from, to) = match inside {
            Some((start, end)) if logical => (start, end),
            _ => self.usable,
        };
        let mut taken: Vec<(u64, u64)> = Vec::new();
        for slot in &self.slots {
            if self.gpt || logical == (slot.number > 4) {
                // The link of a logical one is before it.
                let link = if logical { self.grain() } else { 0 };
                taken.push((slot.start.saturating_sub(link).max(from), slot.end()));
            }
        }
        order::sort(&mut taken);
        let mut list = Vec::new();
        let mut at = from;
        for (start, end) in taken {
            if start > at {
                list.push((at, start - 1));
            }
            at = at.max(end.saturating_add(1));
        }
        if at <= to {
            list.push((at, to));
        }
        if logical {
            let gap = self.grain();
            for area in &mut list {
                area.0 = self.up(area.0) + gap;
            }
            list.retain(|(first, last)| first <= last);
        }
        list
    }

    /// Whether a partition can begin at a multiple of the grain in an area; on
    /// disks too small for that anywhere.
    pub fn has_room(&self, first: u64, last: u64) -> bool {
        self.up(first) <= last || self.usable.0 < self.grain()
    }

    /// The next multiple of the grain.
    pub fn up(&self, sector: u64) -> u64 {
        sector.div_ceil(self.grain()).saturating_mul(self.grain())
    }

    /// Where a partition should begin in the area that is free from `first` to
    /// `last`.
    pub fn best_start(&self, (first, last): (u64, u64)) -> u64 {
        let aligned = self.up(first);
        if aligned <= last { aligned } else { first }
    }

    /// The last sector of a partition of so many bytes from `start` on, in an
    /// area up to `limit`: in units of the grain when that is more than one.
    pub fn end_of(&self, start: u64, bytes: u64, limit: u64) -> u64 {
        let stop = start.saturating_add(bytes / self.sector);
        if bytes < GRAIN { stop } else { self.aligned_end(start, stop, limit) }
    }

    /// The multiple of the grain that is nearest to `stop`, less one.
    pub fn aligned_end(&self, start: u64, stop: u64, limit: u64) -> u64 {
        let grain = self.grain();
        let mut near = (stop.saturating_add(grain / 2) / grain).saturating_mul(grain);
        if near > limit && stop <= limit {
            near = limit / grain * grain;
        }
        if near > start { near - 1 } else { stop }
    }

    /// Adds a partition and keeps the order of numbers.
    pub fn add(&mut self, slot: Slot) {
        let at = self.slots.iter().position(|other| other.number > slot.number);
        self.slots.insert(at.unwrap_or(self.slots.len()), slot);
    }

    /// Removes a partition; what is inside an extended one as well. Logical
    /// ones behind it move up by one.
    pub fn remove(&mut self, number: u32) {
        let extended = self.extended().is_some_and(|slot| slot.number == number);
        self.slots.retain(|slot| slot.number != number && !(extended && slot.number > 4));
        if !self.gpt && number > 4 {
            for slot in self.slots.iter_mut().filter(|slot| slot.number > number) {
                slot.number -= 1;
            }
        }
    }

    /// The sectors to be written, each with its number, made over `old`, the
    /// first sector of the disk, which keeps its boot program. `None` when
    /// a number is too large for an MBR.
    pub fn sectors(&self, old: &[u8]) -> Option<Vec<(u64, Vec<u8>)>> {
        let mut mbr = vec![0u8; usize::try_from(self.sector).ok()?];
        let program = old.get(..440).unwrap_or_default();
        mbr.get_mut(..program.len())?.copy_from_slice(program);
        mbr.get_mut(510..512)?.copy_from_slice(b"\x55\xaa");
        let mut list = Vec::new();
        if self.gpt {
            let protective = old
                .get(446..510)
                .filter(|rows| rows.chunks_exact(16).any(|row| row.get(4) == Some(&0xee)));
            match protective {
                // A hybrid one stays.
                Some(rows) => mbr
                    .get_mut(440..510)?
                    .copy_from_slice(&[old.get(440..446).unwrap_or(&[0; 6]), rows].concat()),
                None => {
                    let size = u32::try_from(self.total - 1).unwrap_or(u32::MAX);
                    let row = mbr.get_mut(446..462)?;
                    row.get_mut(1..8)?.copy_from_slice(&[0, 2, 0, 0xee, 0xff, 0xff, 0xff]);
                    row.get_mut(8..12)?.copy_from_slice(&1u32.to_le_bytes());
                    row.get_mut(12..16)?.copy_from_slice(&size.to_le_bytes());
                }
            }
            list.push((0, mbr));
            self.gpt_sectors(&mut list)?;
            return Some(list);
        }
        mbr.get_mut(440..444)?.copy_from_slice(self.id.get(..4)?);
        for slot in self.slots.iter().filter(|slot| slot.number <= 4) {
            let at = 446 + 16 * (slot.number as usize - 1);
            entry(mbr.get_mut(at..at + 16)?, slot, slot.start, slot.start)?;
        }
        list.push((0, mbr));
        if let Some(extended) = self.extended() {
            self.chain(extended, &mut list)?;
        }
        Some(list)
    }

    /// The links of logical partitions, each before its partition.
    fn chain(&self, extended: &Slot, list: &mut Vec<(u64, Vec<u8>)>) -> Option<()> {
        let logical: Vec<&Slot> = self.slots.iter().filter(|slot| slot.number > 4).collect();
        let link = |at: usize| -> Option<u64> {
            let slot = logical.get(at)?;
            if at == 0 {
                return Some(extended.start);
            }
            let before = logical.iter().filter(|other| other.end() < slot.start);
            let floor = before.map(|other| other.end()).max().unwrap_or(0).max(extended.start);
            Some(slot.start.saturating_sub(self.grain()).max(floor + 1))
        };
        if logical.is_empty() {
            let mut sector = vec![0u8; usize::try_from(self.sector).ok()?];
            sector.get_mut(510..512)?.copy_from_slice(b"\x55\xaa");
            list.push((extended.start, sector));
        }
        for (at, slot) in logical.iter().enumerate() {
            let here = link(at)?;
            let mut sector = vec![0u8; usize::try_from(self.sector).ok()?];
            sector.get_mut(510..512)?.copy_from_slice(b"\x55\xaa");
            entry(sector.get_mut(446..462)?, slot, slot.start - here, slot.start)?;
            if let (Some(next), Some(there)) = (logical.get(at + 1), link(at + 1)) {
                let mut row = Slot::new(0, there, next.end() + 1 - there);
                row.kind = 0x05;
                entry(sector.get_mut(462..478)?, &row, there - extended.start, there)?;
            }
            list.push((here, sector));
        }
        Some(())
    }

    /// Both tables of a GPT and both headers.
    fn gpt_sectors(&self, list: &mut Vec<(u64, Vec<u8>)>) -> Option<()> {
        let sector = usize::try_from(self.sector).ok()?;
        let bytes = self.places as usize * 128;
        let mut rows = vec![0u8; bytes.next_multiple_of(sector)];
        for slot in &self.slots {
            let at = (slot.number as usize).checked_sub(1)? * 128;
            let row = rows.get_mut(at..at + 128)?;
            row.get_mut(..16)?.copy_from_slice(&slot.guid);
            row.get_mut(16..32)?.copy_from_slice(&slot.uuid);
            row.get_mut(32..40)?.copy_from_slice(&slot.start.to_le_bytes());
            row.get_mut(40..48)?.copy_from_slice(&slot.end().to_le_bytes());
            row.get_mut(48..56)?.copy_from_slice(&slot.flags.to_le_bytes());
            row.get_mut(56..128)?.copy_from_slice(&slot.name);
        }
        let length = (rows.len() / sector) as u64;
        let last = self.total.checked_sub(1)?;
        let sum = crc32(rows.get(..bytes)?);
        for (here, other, table) in [(1, last, 2), (last, 1, last.checked_sub(length)?)] {
            let mut header = vec![0u8; sector];
            let mut put = |at: usize, bytes: &[u8]| {
                if let Some(place) = header.get_mut(at..at + bytes.len()) {
                    place.copy_from_slice(bytes);
                }
            };
            put(0, b"EFI PART\0\0\x01\0\x5c\0\0\0");
            put(24, &u64::to_le_bytes(here));
            put(32, &u64::to_le_bytes(other));
            put(40, &self.usable.0.to_le_bytes());
            put(48, &self.usable.1.to_le_bytes());
            put(56, &self.id);
            put(72, &table.to_le_bytes());
            put(80, &self.places.to_le_bytes());
            put(84, &128u32.to_le_bytes());
            put(88, &sum.to_le_bytes());
            let own = crc32(header.get(..92)?);
            header.get_mut(16..20)?.copy_from_slice(&own.to_le_bytes());
            list.push((table, rows.clone()));
            list.push((here, header));
        }
        Some(())
    }
}

/// Fills a row of an MBR or of a link; `start` is relative to where the row's
/// numbers count from.
fn entry(row: &mut [u8], slot: &Slot, start: u64, absolute: u64) -> Option<()> {
    let first = chs(absolute);
    let last = chs(absolute + slot.size.saturating_sub(1));
    let boot = slot.flags as u8 & 0x80;
    row.get_mut(..8)?.copy_from_slice(&[
        boot, first[0], first[1], first[2], slot.kind, last[0], last[1], last[2],
    ]);
    row.get_mut(8..12)?.copy_from_slice(&u32::try_from(start).ok()?.to_le_bytes());
    row.get_mut(12..16)?.copy_from_slice(&u32::try_from(slot.size).ok()?.to_le_bytes());
    Some(())
}

/// Cylinder, head and sector of 255 heads with 63 sectors; what is behind
/// cylinder 1023 is its end.
fn chs(sector: u64) -> [u8; 3] {
    let (cylinder, rest) = (sector / (255 * 63), sector % (255 * 63));
    if cylinder > 1023 {
        return [254, 0xff, 0xff];
    }
    let (head, sector) = (rest / 63, rest % 63 + 1);
    [head as u8, (cylinder >> 2) as u8 & 0xc0 | sector as u8, cylinder as u8]
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// An MBR's identifier as text: `0xcafe1234`.
pub fn dos_id_text(id: u32) -> Vec<u8> {
    let mut text = Text(b"0x".to_vec());
    text.hex(&id.to_be_bytes(), LOWER);
    text.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blk::probe::Disk;
    use crate::blk::probe::tables::table;

    fn written(label: &Label) -> Vec<u8> {
        let mut disk = vec![0u8; (label.total * label.sector) as usize];
        for (at, bytes) in label.sectors(&[]).unwrap() {
            let at = (at * label.sector) as usize;
            disk[at..at + bytes.len()].copy_from_slice(&bytes);
        }
        disk
    }

    fn read(disk: &Vec<u8>) -> Table {
        table(&mut Disk::new(disk)).unwrap()
    }

    #[test]
    fn an_mbr_comes_back() {
        let mut label = Label::new(false, [0; 16], 65536, 512);
        label.set_dos_id(0xcafe_1234);
        let mut first = Slot::new(1, 2048, 4096);
        first.flags = 0x80;
        let mut extended = Slot::new(2, 8192, 40000);
        extended.kind = 5;
        for slot in [first, extended, Slot::new(5, 10240, 2048), Slot::new(6, 14336, 100)] {
            label.add(slot);
        }
        let found = read(&written(&label));
        assert_eq!(found.id, b"cafe1234");
        let rows: Vec<(u32, u64, u64)> =
            found.partitions.iter().map(|p| (p.number, p.start, p.size)).collect();
        assert_eq!(rows, [(1, 2048, 4096), (2, 8192, 40000), (5, 10240, 2048), (6, 14336, 100)]);
        assert_eq!(found.partitions[0].flags, 0x80);
        let again = Label::of(&found, 65536, 512);
        assert_eq!(written(&again), written(&label));
        assert_eq!(again.free(true), [(18432, 48191)]);
        assert_eq!(again.free(false), [(6144, 8191), (48192, 65535)]);
        assert_eq!((again.free_numbers(false), again.free_numbers(true)), (vec![3, 4], vec![7]));
    }

    #[test]
    fn a_gpt_comes_back_from_both_ends() {
        let mut label = Label::new(true, [7; 16], 65536, 512);
        let mut slot = Slot::new(2, 2048, 2048);
        slot.guid = guid(b"0FC63DAF-8483-4772-8E79-3D69D8477DE4").unwrap();
        slot.uuid = [9; 16];
        slot.name[0] = b'x';
        label.add(slot);
        let mut disk = written(&label);
        let found = read(&disk);
        assert_eq!(found.usable, (2048, 65502));
        assert_eq!(found.partitions[0].kind, b"0fc63daf-8483-4772-8e79-3d69d8477de4");
        assert_eq!((found.partitions[0].number, &found.partitions[0].name[..]), (2, &b"x"[..]));
        assert_eq!(written(&Label::of(&found, 65536, 512)), disk);
        disk[512..1024].fill(0);
        assert!(read(&disk).from_backup);
    }

    #[test]
    fn ends() {
        let label = Label::new(false, [0; 16], 204_800, 512);
        for (bytes, end) in
            [(1000 << 10, 4048), (1 << 20, 4095), (1500 << 10, 4095), (1700 << 10, 6143)]
        {
            assert_eq!(label.end_of(2048, bytes, 204_799), end, "{bytes}");
        }
        assert_eq!(label.end_of(2048, (98 << 20) + (1 << 19), 204_799), 202_751);
    }

    #[test]
    fn removing() {
        let mut label = Label::new(false, [0; 16], 65536, 512);
        let mut extended = Slot::new(1, 2048, 60000);
        extended.kind = 0x0f;
        for slot in [extended, Slot::new(5, 4096, 100), Slot::new(6, 8192, 100)] {
            label.add(slot);
        }
        label.remove(5);
        assert_eq!(
            label.slots.iter().map(|s| (s.number, s.start)).collect::<Vec<_>>(),
            [(1, 2048), (5, 8192)]
        );
        label.remove(1);
        assert!(label.slots.is_empty());
    }

    #[test]
    fn large_disks_do_not_fit_an_mbr() {
        let mut label = Label::new(false, [0; 16], 1 << 40, 512);
        label.add(Slot::new(1, 2048, 1 << 33));
        assert!(label.sectors(&[]).is_none());
        assert_eq!(chs(2048), [32, 33, 0]);
        assert_eq!(chs(1 << 40), [254, 0xff, 0xff]);
    }
}
