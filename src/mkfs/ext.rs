//! New ext2, ext3 and ext4 filesystems. Linux Documentation/filesystems/ext4,
//! fs/ext4/ext4.h; sizes by e2fsprogs' mke2fs.
//!
//! Each group has its own bitmaps and inode table (no flex_bg), without room to
//! grow the descriptors' table (no resize_inode). Metadata have checksums
//! (metadata_csum, ext4), or the group descriptors alone (uninit_bg). Blocks are
//! counted in 32 bits.

mod map;
mod records;
mod sums;

use std::io;

use self::records::entry;
use self::sums::crc16;
use super::{Sink, put};

/// A directory index is kept (compatible feature).
pub const DIR_INDEX: u32 = 0x20;
/// There is a journal (compatible feature).
pub const HAS_JOURNAL: u32 = 4;
/// Extended attributes (compatible feature).
pub const EXT_ATTR: u32 = 8;
/// Types in directory entries (incompatible feature).
pub const FILETYPE: u32 = 2;
/// Extents (incompatible feature).
pub const EXTENTS: u32 = 0x40;
/// Superblocks in few groups only (read-only compatible feature).
pub const SPARSE_SUPER: u32 = 1;
/// Files above 2 GiB (read-only compatible feature).
pub const LARGE_FILE: u32 = 2;
/// Files above 2 TiB (read-only compatible feature).
pub const HUGE_FILE: u32 = 8;
/// Checksums of group descriptors (read-only compatible feature).
pub const UNINIT_BG: u32 = 0x10;
/// More than 65,000 subdirectories (read-only compatible feature).
pub const DIR_NLINK: u32 = 0x20;
/// Room for more in inodes (read-only compatible feature).
pub const EXTRA_ISIZE: u32 = 0x40;
/// Checksums of all metadata (read-only compatible feature); those of group
/// descriptors are then others than [`UNINIT_BG`]'s.
pub const METADATA_CSUM: u32 = 0x400;

/// What is wanted.
#[derive(Clone)]
pub struct Plan {
    /// How many blocks the medium has.
    pub blocks: u64,
    /// Size of a block: 1024, 2048 or 4096.
    pub block: u32,
    /// Size of an inode.
    pub inode: u32,
    /// How many inodes.
    pub inodes: u64,
    /// Blocks for the superuser, in thousandths.
    pub reserved: u32,
    /// Features: compatible, incompatible, read-only compatible.
    pub features: [u32; 3],
    /// Blocks of the journal; 0 is the usual number.
    pub journal: u64,
    /// Label.
    pub label: Vec<u8>,
    /// Where it was mounted last.
    pub mounted: Vec<u8>,
    /// Identifier.
    pub uuid: [u8; 16],
    /// Seed of the directories' hashes.
    pub seed: [u8; 16],
    /// Seconds after 1970.
    pub now: u32,
    /// Owner and group of the root.
    pub owner: (u32, u32),
    /// What is done on errors: 1 go on, 2 read-only, 3 panic.
    pub errors: u16,
}

/// The first inode that is not reserved: that of lost+found.
const FIRST: u32 = 11;
const ROOT: u32 = 2;
const JOURNAL: u32 = 8;

/// What a checksum takes at the end of a block of a folder: the length of an
/// entry without a name.
const TAIL: u32 = 12;

/// A filesystem that fits.
pub struct Layout {
    /// What was wanted, with the numbers that came of it.
    pub plan: Plan,
    /// Groups.
    pub groups: u32,
    /// Blocks of a group.
    pub per_group: u32,
    /// Inodes of a group.
    pub inodes_per_group: u32,
    /// The first block with data: 1 where a block is 1 KiB.
    pub first: u32,
    /// Blocks for the superuser.
    pub reserved: u32,
    /// Blocks of the journal.
    pub journal: u32,
    /// Blocks of the table of group descriptors.
    descriptors: u32,
    /// Blocks of an inode table.
    table: u32,
    /// Blocks of lost+found.
    lost: u32,
}

/// Blocks that are used, as runs.
type Runs = Vec<(u32, u32)>;

/// The size of a journal for so many blocks.
fn usual_journal(blocks: u64) -> u64 {
    match blocks {
        ..2048 => 0,
        2048..32768 => 1024,
        32768..262_144 => 4096,
        262_144..524_288 => 8192,
        524_288..4_194_304 => 16384,
        4_194_304..8_388_608 => 32768,
        _ => 65536,
    }
}

impl Layout {
    /// Counts; why it does not fit when it does not.
    pub fn of(mut plan: Plan) -> Result<Layout, &'static str> {
        let block = plan.block;
        let per_group = block * 8;
        let first = u32::from(block == 1024);
        if plan.blocks > u64::from(u32::MAX) {
            return Err("too large: more than 2^32 blocks");
        }
        let per_block = block / plan.inode;
        loop {
            let data = plan.blocks.saturating_sub(first.into());
            let groups = data.div_ceil(per_group.into());
            let groups = u32::try_from(groups).unwrap_or(u32::MAX);
            if groups == 0 {
                return Err("too small");
            }
            // Whole blocks of inodes, whole bytes of the bitmap.
            let unit = per_block.max(8);
            let inodes = plan.inodes.max(16).div_ceil(groups.into());
            let inodes = inodes.max(16).next_multiple_of(unit.into());
            let inodes = u32::try_from(inodes).unwrap_or(u32::MAX);
            let most = per_group.min(u32::from(u16::MAX)) / unit * unit;
            if inodes > most {
                return Err("too many inodes: a larger inode ratio (-i) or fewer (-N)");
            }
            let layout = Layout {
                groups,
                per_group,
                inodes_per_group: inodes,
                first,
                reserved: 0,
                journal: 0,
                descriptors: groups.div_ceil(block / 32),
                table: inodes / per_block,
                lost: (16384 / block).clamp(1, 12),
                plan: plan.clone(),
            };
            // A last group that has little more than its own tables is left out.
            let last = groups - 1;
            let rest = layout.length(last);
            let own = layout.overhead(last);
            if rest < own + 50 && groups > 1 {
                plan.blocks -= u64::from(rest);
                continue;
            }
            if rest < own + 3 + layout.lost {
                return Err("too small");
            }
            return layout.finished();
        }
    }

    fn finished(mut self) -> Result<Layout, &'static str> {
        let blocks = self.plan.blocks;
        self.reserved = u32::try_from(blocks * u64::from(self.plan.reserved) / 1000).unwrap_or(0);
        self.plan.inodes = u64::from(self.inodes_per_group) * u64::from(self.groups);
        if self.plan.inodes > u64::from(u32::MAX) {
            return Err("too many inodes");
        }
        if self.plan.features[0] & HAS_JOURNAL != 0 {
            let wanted = if self.plan.journal > 0 {
                if self.plan.journal < 1024 {
                    return Err("a journal has at least 1024 blocks");
                }
                self.plan.journal
            } else {
                usual_journal(blocks)
            };
            if wanted == 0 {
                self.plan.features[0] &= !HAS_JOURNAL;
            }
            self.journal = u32::try_from(wanted).map_err(|_| "the journal is too large")?;
            let mut free = 0u64;
            for group in 0..self.groups {
                free += u64::from(self.length(group) - self.overhead(group));
            }
            if self.journal > 0 && u64::from(self.journal) + 256 > free {
                return Err("the journal is too large for it");
            }
        }
        Ok(self)
    }

    /// Whether a group has a copy of the superblock.
    pub fn has_super(&self, group: u32) -> bool {
        let power = |base: u32| {
            let mut n = base;
            while n < group {
                n = n.saturating_mul(base);
            }
            n == group
        };
        self.plan.features[2] & SPARSE_SUPER == 0 || group <= 1 || power(3) || power(5) || power(7)
    }

    fn start(&self, group: u32) -> u32 {
        self.first + group * self.per_group
    }

    fn length(&self, group: u32) -> u32 {
        let rest = self.plan.blocks - u64::from(self.start(group));
        u32::try_from(rest).unwrap_or(u32::MAX).min(self.per_group)
    }

    /// Blocks of a group's own tables.
    fn overhead(&self, group: u32) -> u32 {
        let copies = if self.has_super(group) { 1 + self.descriptors } else { 0 };
        copies + 2 + self.table
    }

    /// Where a group's block bitmap is; the inode bitmap and table follow.
    fn bitmap(&self, group: u32) -> u32 {
        let copies = if self.has_super(group) { 1 + self.descriptors } else { 0 };
        self.start(group) + copies
    }

    fn at(&self, block: u32) -> u64 {
        u64::from(block) * u64::from(self.plan.block)
    }

    /// Takes so many free blocks from `next` on, in runs.
    fn take(&self, next: &mut u32, mut count: u32) -> Runs {
        let mut runs: Runs = Vec::new();
        while count > 0 {
            let group = (*next - self.first) / self.per_group;
            let begin = self.start(group) + self.overhead(group);
            let end = self.start(group) + self.length(group);
            let at = (*next).max(begin);
            let length = (end - at.min(end)).min(count);
            if length > 0 {
                runs.push((at, length));
            }
            count -= length;
            *next = at + length;
            if *next == end && group + 1 < self.groups {
                *next = self.start(group + 1);
            }
        }
        runs
    }

    /// Writes it.
    ///
    /// # Errors
    /// The sink's.
    pub fn write(&self, sink: &mut dyn Sink) -> io::Result<()> {
        let size = self.plan.block as usize;
        // Nothing of what was there before may be found again.
        sink.zero(0, self.at(self.first + 1).max(4096))?;
        let tail = (self.plan.blocks * u64::from(self.plan.block)).saturating_sub(65536);
        sink.zero(tail, 65536.min(self.plan.blocks * u64::from(self.plan.block)))?;

        let mut next = self.start(0) + self.overhead(0);
        let root = self.take(&mut next, 1);
        let lost = self.take(&mut next, self.lost);
        let mut used: Runs = [root.clone(), lost.clone()].concat();
        let mut maps: Vec<(u32, Vec<u8>)> = Vec::new();
        let root_map = self.map(ROOT, &root, &mut next, &mut maps);
        let lost_map = self.map(FIRST, &lost, &mut next, &mut maps);
        let mut journal_map = [0; 60];
        let mut journal_blocks = 0;
        if self.journal > 0 {
            let before = maps.len();
            let journal = self.take(&mut next, self.journal);
            journal_map = self.map(JOURNAL, &journal, &mut next, &mut maps);
            journal_blocks = self.journal + (maps.len() - before) as u32;
            for (at, length) in &journal {
                sink.zero(self.at(*at), self.at(*length))?;
            }
            if let Some((at, _)) = journal.first() {
                sink.write(self.at(*at), &self.journal_head())?;
            }
            used.extend(journal);
        }
        for (at, bytes) in &maps {
            used.push((*at, 1));
            sink.write(self.at(*at), bytes)?;
        }

        let mut block = vec![0; size];
        let entry = |block: &mut [u8], at: usize, inode: u32, length: u32, name: &[u8]| {
            entry(block, at, inode, length, name);
            if self.plan.features[1] & FILETYPE == 0 {
                put(block, at + 7, &[0]);
            }
        };
        entry(&mut block, 0, ROOT, 12, b".");
        entry(&mut block, 12, ROOT, 12, b"..");
        let end = self.plan.block - if self.sums() { TAIL } else { 0 };
        entry(&mut block, 24, FIRST, end - 24, b"lost+found");
        self.finish_folder(ROOT, &mut block);
        sink.write(self.at(root.first().map_or(0, |run| run.0)), &block)?;
        let mut n = 0;
        for (at, length) in &lost {
            for block_at in *at..at + length {
                let mut block = vec![0; size];
                if n == 0 {
                    entry(&mut block, 0, FIRST, 12, b".");
                    entry(&mut block, 12, ROOT, end - 12, b"..");
                } else {
                    entry(&mut block, 0, 0, end, b"");
                }
                n += 1;
                self.finish_folder(FIRST, &mut block);
                sink.write(self.at(block_at), &block)?;
            }
        }

        // Bitmaps and descriptors.
        let mut table = vec![0; self.descriptors as usize * size];
        let mut free_blocks = 0u64;
        let sums = self.sums();
        let lazy = sums || self.plan.features[2] & UNINIT_BG != 0;
        for group in 0..self.groups {
            let (start, length) = (self.start(group), self.length(group));
            let mut bits = vec![0u8; size];
            let mut taken = 0;
            let mut set = |from: u32, to: u32| {
                for bit in from..to {
                    if let Some(byte) = bits.get_mut(bit as usize / 8) {
                        *byte |= 1 << (bit % 8);
                    }
                }
            };
            set(0, self.overhead(group));
            taken += self.overhead(group);
            for (at, count) in &used {
                let from = (*at).clamp(start, start + length);
                let to = (at + count).clamp(start, start + length);
                set(from - start, to - start);
                taken += to - from;
            }
            set(length, self.per_group);
            let bitmap = self.bitmap(group);
            sink.write(self.at(bitmap), &bits)?;
            let blocks_sum = self.sum(&[&bits]) as u16;
            let mut bits = vec![0xffu8; size];
            let inodes = self.inodes_per_group as usize;
            if let Some(free) = bits.get_mut(..inodes / 8) {
                free.fill(0);
            }
            if group == 0 {
                put(&mut bits, 0, &[0xff, 0x07]);
            }
            sink.write(self.at(bitmap + 1), &bits)?;
            let inodes_sum = self.sum(&[bits.get(..inodes / 8).unwrap_or_default()]) as u16;
            if group == 0 || !lazy {
                sink.zero(self.at(bitmap + 2), self.at(self.table))?;
            }
            let free = length - taken;
            free_blocks += u64::from(free);
            let in_use = if group == 0 { FIRST } else { 0 };
            let mut row = [0u8; 32];
            put(&mut row, 0, &bitmap.to_le_bytes());
            put(&mut row, 4, &(bitmap + 1).to_le_bytes());
            put(&mut row, 8, &(bitmap + 2).to_le_bytes());
            put(&mut row, 12, &(free as u16).to_le_bytes());
            put(&mut row, 14, &((self.inodes_per_group - in_use) as u16).to_le_bytes());
            put(&mut row, 16, &u16::from(group == 0).wrapping_mul(2).to_le_bytes());
            if lazy {
                // INODE_UNINIT where no inode is in use; INODE_ZEROED.
                let flags: u16 = if group == 0 { 4 } else { 1 };
                put(&mut row, 18, &flags.to_le_bytes());
                put(&mut row, 28, &((self.inodes_per_group - in_use) as u16).to_le_bytes());
                let sum = if sums {
                    put(&mut row, 24, &blocks_sum.to_le_bytes());
                    put(&mut row, 26, &inodes_sum.to_le_bytes());
                    self.sum(&[&group.to_le_bytes(), &row]) as u16
                } else {
                    let mut sum = crc16(0xffff, &self.plan.uuid);
                    sum = crc16(sum, &group.to_le_bytes());
                    crc16(sum, row.get(..30).unwrap_or_default())
                };
                put(&mut row, 30, &sum.to_le_bytes());
            }
            put(&mut table, group as usize * 32, &row);
        }

        // Inodes.
        let root = self.inode(0o40755, 3, self.plan.block.into(), 1, &root_map, true);
        self.put_inode(sink, ROOT, &root)?;
        let bytes = u64::from(self.lost) * u64::from(self.plan.block);
        let lost = self.inode(0o40700, 2, bytes, self.lost, &lost_map, false);
        self.put_inode(sink, FIRST, &lost)?;
        let journal_size = u64::from(self.journal) * u64::from(self.plan.block);
        if self.journal > 0 {
            let journal =
                self.inode(0o100600, 1, journal_size, journal_blocks, &journal_map, false);
            self.put_inode(sink, JOURNAL, &journal)?;
        }

        let backup = (&journal_map[..], journal_size);
        for group in (0..self.groups).rev().filter(|&group| self.has_super(group)) {
            let start = self.start(group);
            sink.write(self.at(start + 1), &table)?;
            let head = self.superblock(group, free_blocks, backup);
            let at = if group == 0 { 1024 } else { self.at(start) };
            sink.write(at, &head)?;
        }
        Ok(())
    }

    fn put_inode(&self, sink: &mut dyn Sink, number: u32, bytes: &[u8]) -> io::Result<()> {
        let place = u64::from(number - 1) * u64::from(self.plan.inode);
        let mut bytes = bytes.to_vec();
        if self.sums() {
            let sum = self.sum_of(number, &bytes).to_le_bytes();
            put(&mut bytes, 124, &sum[..2]);
            put(&mut bytes, 130, &sum[2..]);
        }
        sink.write(self.at(self.bitmap(0) + 2) + place, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(blocks: u64, block: u32) -> Plan {
        Plan {
            blocks,
            block,
            inode: 256,
            inodes: blocks / 4,
            reserved: 50,
            features: [HAS_JOURNAL, FILETYPE | EXTENTS, SPARSE_SUPER],
            journal: 0,
            label: Vec::new(),
            mounted: Vec::new(),
            uuid: [1; 16],
            seed: [2; 16],
            now: 1,
            owner: (0, 0),
            errors: 1,
        }
    }

    #[test]
    fn sizes() {
        let layout = Layout::of(plan(100_000, 1024)).unwrap();
        assert_eq!((layout.groups, layout.first, layout.journal), (13, 1, 4096));
        assert_eq!(layout.reserved, 5000);
        // What is left of a 13th group is too little.
        let layout = Layout::of(plan(1 + 8192 * 12 + 60, 1024)).unwrap();
        assert_eq!((layout.groups, layout.plan.blocks), (12, 1 + 8192 * 12));
        assert!(Layout::of(plan(20, 1024)).is_err());
        assert!(Layout::of(plan(1 << 33, 4096)).is_err());
        assert_eq!(Layout::of(plan(1000, 1024)).unwrap().journal, 0);
        let layout = Layout::of(plan(60_000, 1024)).unwrap();
        assert!([0, 1, 3, 5, 7].iter().all(|&g| layout.has_super(g)) && !layout.has_super(6));
    }

    #[test]
    fn blocks_are_taken_around_tables() {
        let layout = Layout::of(plan(100_000, 1024)).unwrap();
        let mut next = 8000;
        let runs = layout.take(&mut next, 9000);
        assert_eq!(runs.iter().map(|run| run.1).sum::<u32>(), 9000);
        for (at, _) in runs.get(1..).unwrap() {
            let group = (at - 1) / 8192;
            assert_eq!(*at, layout.start(group) + layout.overhead(group));
        }
    }
}
