//! What conv= does to bytes and records.

use super::{ASCII, Copy, EBCDIC, IBM, LCASE, UCASE, tables};

impl Copy<'_, '_> {
    /// The bytes in pairs the other way round; an odd one waits.
    pub(super) fn swab(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut all = Vec::with_capacity(bytes.len() + 1);
        all.extend(self.pending.take());
        all.extend_from_slice(bytes);
        if all.len() % 2 == 1 {
            self.pending = all.pop();
        }
        for pair in all.chunks_exact_mut(2) {
            pair.reverse();
        }
        all
    }

    /// Lines into records of cbs bytes, filled up with blanks.
    pub(super) fn block(&mut self, bytes: &[u8]) {
        let end = self.encoded(b'\n');
        for &byte in bytes {
            if byte == end {
                self.end_record();
                continue;
            }
            if self.column == self.job.cbs {
                self.done.cut += 1;
            }
            if self.column < self.job.cbs {
                self.gathered.push(byte);
            }
            self.column += 1;
        }
    }

    pub(super) fn end_record(&mut self) {
        let blank = self.encoded(b' ');
        let missing = self.job.cbs.saturating_sub(self.column);
        self.gathered.resize(self.gathered.len() + missing, blank);
        self.column = 0;
    }

    /// Records of cbs bytes into lines without blanks at their ends.
    pub(super) fn unblock(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.column == self.job.cbs {
                self.column = 0;
                self.spaces = 0;
                self.gathered.push(b'\n');
            }
            self.column += 1;
            if byte == b' ' {
                self.spaces += 1;
                continue;
            }
            self.gathered.resize(self.gathered.len() + self.spaces, b' ');
            self.spaces = 0;
            self.gathered.push(byte);
        }
    }

    /// A byte as it is after the conversion of sets.
    fn encoded(&self, byte: u8) -> u8 {
        if self.job.conv & (EBCDIC | IBM) == 0 {
            return byte;
        }
        let table = self.job.table.as_ref();
        table.and_then(|table| table.get(usize::from(byte)).copied()).unwrap_or(byte)
    }
}

/// One table for all that is done to single bytes.
pub(super) fn table(conv: u32) -> Option<Box<[u8; 256]>> {
    if conv & (ASCII | EBCDIC | IBM | LCASE | UCASE) == 0 {
        return None;
    }
    let mut table = Box::new([0; 256]);
    let sets =
        [(ASCII, tables::ascii as fn() -> [u8; 256]), (EBCDIC, tables::ebcdic), (IBM, tables::ibm)];
    let set = sets.iter().find(|(bit, _)| conv & bit != 0).map(|(_, set)| set());
    let through =
        |byte: u8| set.and_then(|set| set.get(usize::from(byte)).copied()).unwrap_or(byte);
    for (byte, slot) in (0..=255u8).zip(table.iter_mut()) {
        let cased = |byte: u8| match conv & (LCASE | UCASE) {
            LCASE => byte.to_ascii_lowercase(),
            UCASE => byte.to_ascii_uppercase(),
            _ => byte,
        };
        // case is a matter of ASCII
        *slot = if conv & ASCII != 0 { cased(through(byte)) } else { through(cased(byte)) };
    }
    Some(table)
}
