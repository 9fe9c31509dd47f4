#![no_main]
//! Every superblock prober: the first byte says which kind of disk it is on.
use libfuzzer_sys::fuzz_target;
use rescuebox::blk::probe::formats::FORMATS;
use rescuebox::blk::probe::{Disk, Source, content, formats::look};

/// Few bytes on a large disk: the input is at its start and at its end.
struct Sparse<'a>(&'a [u8], u64);

impl Source for Sparse<'_> {
    fn size(&self) -> u64 {
        self.1
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> bool {
        for (n, byte) in buffer.iter_mut().enumerate() {
            let at = offset + n as u64;
            let from_end = self.1 - self.0.len() as u64;
            *byte = *self
                .0
                .get(at as usize)
                .or_else(|| self.0.get(at.wrapping_sub(from_end) as usize))
                .unwrap_or(&0);
        }
        true
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_first() else { return };
    let size = (data.len() as u64).max(u64::from(choice & 7) << 25);
    let disk = Sparse(data, size);
    let mut disk = Disk::new(&disk);
    if let Some(format) = FORMATS.get(usize::from(choice >> 3)) {
        // The magic is given: what is behind it is the matter.
        let mut bytes = data.to_vec();
        if let Some(&(at, offset, magic)) = format.magics.first() {
            let at = (at + offset) as usize;
            bytes.resize(bytes.len().max(at + magic.len() + 4096), 0);
            bytes[at..at + magic.len()].copy_from_slice(magic);
        }
        let sparse = Sparse(&bytes, size.max(bytes.len() as u64));
        look(&mut Disk::new(&sparse), format);
    }
    content(&mut disk, &|_, _| true);
});
