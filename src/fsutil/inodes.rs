//! Files by device and inode: what has been seen under another name.

/// A table of (device, inode) and a number for each.
#[derive(Default)]
pub struct Inodes {
    /// Slots, a power of two of them; the number plus one, 0 in free ones.
    slots: Vec<(u64, u64, usize)>,
    count: usize,
}

impl Inodes {
    /// The number kept for the file, or keeps `number` for it and says
    /// nothing.
    pub fn insert(&mut self, device: u64, inode: u64, number: usize) -> Option<usize> {
        if self.count * 2 >= self.slots.len() {
            let old = std::mem::take(&mut self.slots);
            self.slots.resize((old.len() * 2).max(64), (0, 0, 0));
            for slot in old {
                if slot.2 != 0
                    && let Some(free) = self.slot(slot.0, slot.1)
                {
                    *free = slot;
                }
            }
        }
        let slot = self.slot(device, inode)?;
        if slot.2 != 0 {
            return Some(slot.2 - 1);
        }
        *slot = (device, inode, number.wrapping_add(1));
        self.count += 1;
        None
    }

    /// Whether a number is kept for the file.
    pub fn holds(&mut self, device: u64, inode: u64) -> bool {
        self.slot(device, inode).is_some_and(|slot| slot.2 != 0)
    }

    /// The slot that the file is in, or could be.
    fn slot(&mut self, device: u64, inode: u64) -> Option<&mut (u64, u64, usize)> {
        let mask = self.slots.len().wrapping_sub(1);
        let hash = (inode ^ device.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let mut at = hash as usize & mask;
        loop {
            let (d, i, n) = *self.slots.get(at)?;
            if n == 0 || (d, i) == (device, inode) {
                return self.slots.get_mut(at);
            }
            at = (at + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many() {
        let mut table = Inodes::default();
        for i in 0..10_000 {
            assert_eq!(table.insert(i % 3, i, i as usize), None);
        }
        for i in 0..10_000 {
            assert_eq!(table.insert(i % 3, i, 0), Some(i as usize));
        }
    }
}
