//! The records of a filesystem as they lie on the medium: superblocks, inodes,
//! entries of folders.

use super::sums::crc32c;
use super::{EXTENTS, FIRST, JOURNAL, Layout};
use crate::mkfs::put;

impl Layout {
    pub(super) fn superblock(&self, group: u32, free: u64, journal: (&[u8], u64)) -> [u8; 1024] {
        let plan = &self.plan;
        let mut out = [0u8; 1024];
        let log = plan.block.ilog2() - 10;
        let blocks = u32::try_from(plan.blocks).unwrap_or(u32::MAX);
        let inodes = u32::try_from(plan.inodes).unwrap_or(u32::MAX);
        let free = u32::try_from(free).unwrap_or(u32::MAX);
        for (at, number) in [
            (0, inodes),
            (4, blocks),
            (8, self.reserved),
            (12, free),
            (16, inodes - FIRST),
            (20, self.first),
            (24, log),
            (28, log),
            (32, self.per_group),
            (36, self.per_group),
            (40, self.inodes_per_group),
            (48, plan.now),
            (64, plan.now),
            (76, 1),
            (84, FIRST),
            (92, plan.features[0]),
            (96, plan.features[1]),
            (100, plan.features[2]),
            (256, 0xc), // user_xattr, acl
            (264, plan.now),
            (352, 1), // signed hashes
        ] {
            put(&mut out, at, &u32::to_le_bytes(number));
        }
        for (at, number) in [
            (54, 0xffff),
            (56, 0xef53),
            (58, 1),
            (60, plan.errors),
            (88, plan.inode as u16),
            (90, group as u16),
        ] {
            put(&mut out, at, &u16::to_le_bytes(number));
        }
        put(&mut out, 104, &plan.uuid);
        put(&mut out, 120, plan.label.get(..16).unwrap_or(&plan.label));
        put(&mut out, 136, plan.mounted.get(..64).unwrap_or(&plan.mounted));
        put(&mut out, 236, &plan.seed);
        put(&mut out, 252, &[1]); // half MD4
        if self.journal > 0 {
            put(&mut out, 224, &JOURNAL.to_le_bytes());
            put(&mut out, 253, &[1]);
            put(&mut out, 268, journal.0);
            put(&mut out, 328, &((journal.1 >> 32) as u32).to_le_bytes());
            put(&mut out, 332, &(journal.1 as u32).to_le_bytes());
        }
        if plan.inode > 128 {
            put(&mut out, 348, &32u16.to_le_bytes());
            put(&mut out, 350, &32u16.to_le_bytes());
        }
        if self.sums() {
            put(&mut out, 373, &[1]); // CRC-32C
            let sum = crc32c(!0, out.get(..1020).unwrap_or_default());
            put(&mut out, 1020, &sum.to_le_bytes());
        }
        out
    }

    /// An inode; `blocks` with those of its map.
    pub(super) fn inode(
        &self,
        mode: u16,
        links: u16,
        size: u64,
        blocks: u32,
        map: &[u8; 60],
        owned: bool,
    ) -> Vec<u8> {
        let plan = &self.plan;
        let mut out = vec![0u8; plan.inode as usize];
        let (uid, gid) = if owned { plan.owner } else { (0, 0) };
        put(&mut out, 0, &mode.to_le_bytes());
        put(&mut out, 2, &(uid as u16).to_le_bytes());
        put(&mut out, 4, &(size as u32).to_le_bytes());
        for at in [8, 12, 16] {
            put(&mut out, at, &plan.now.to_le_bytes());
        }
        put(&mut out, 24, &(gid as u16).to_le_bytes());
        put(&mut out, 26, &links.to_le_bytes());
        put(&mut out, 28, &(blocks * (plan.block / 512)).to_le_bytes());
        if plan.features[1] & EXTENTS != 0 {
            put(&mut out, 32, &0x80000u32.to_le_bytes());
        }
        put(&mut out, 40, map);
        put(&mut out, 108, &((size >> 32) as u32).to_le_bytes());
        put(&mut out, 120, &((uid >> 16) as u16).to_le_bytes());
        put(&mut out, 122, &((gid >> 16) as u16).to_le_bytes());
        if plan.inode > 128 {
            put(&mut out, 128, &32u16.to_le_bytes());
            put(&mut out, 144, &plan.now.to_le_bytes());
        }
        out
    }

    /// The journal's superblock. fs/jbd2, version 2.
    pub(super) fn journal_head(&self) -> Vec<u8> {
        let mut out = vec![0u8; 1024];
        for (at, number) in
            [(0, 0xc03b_3998), (4, 4), (12, self.plan.block), (16, self.journal), (20, 1), (24, 1)]
        {
            put(&mut out, at, &u32::to_be_bytes(number));
        }
        put(&mut out, 48, &self.plan.uuid);
        put(&mut out, 64, &1u32.to_be_bytes());
        out
    }
}

/// A directory's entry; all here are directories.
pub(super) fn entry(block: &mut [u8], at: usize, inode: u32, length: u32, name: &[u8]) {
    put(block, at, &inode.to_le_bytes());
    put(block, at + 4, &(length as u16).to_le_bytes());
    put(block, at + 6, &[name.len() as u8, if name.is_empty() { 0 } else { 2 }]);
    put(block, at + 8, name);
}
