//! Every superblock prober. The input: which format's magic is there and how
//! large the disk is, then pieces of the disk: where in units of 64 bytes (from
//! the end with the highest bit), how long, the bytes.
#![no_main]

use rescuebox::blk::probe::formats::{FORMATS, look};
use rescuebox::blk::probe::{Content, Disk, Found, content};

fn check(found: &Found) {
    assert!(!found.kind.is_empty());
    for (name, value) in &found.values {
        assert!(!name.is_empty() && !value.is_empty() && value.len() < 4096);
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[format, which, size], mut rest)) = data.split_first_chunk() else { return };
    let size = 2048u64 << (size & 31);
    let mut pieces = Vec::new();
    while let Some((&[low, high, length], more)) = rest.split_first_chunk() {
        let (piece, more) = more.split_at(more.len().min(usize::from(length) * 4));
        rest = more;
        let at = u64::from(u16::from_le_bytes([low, high & 0x7f])) * 64;
        pieces.push((if high & 0x80 == 0 { at } else { size.saturating_sub(at) }, piece));
    }
    let format = FORMATS.get(usize::from(format));
    if let Some(format) = format
        && let Some(&(at, offset, magic)) = format.magics.get(usize::from(which))
    {
        pieces.push((at + offset, magic));
    }
    let source = rescuebox_fuzz::Disk { size, pieces };
    let mut disk = Disk::new(&source);
    if let Some(format) = format
        && let Some(found) = look(&mut disk, format)
    {
        check(&found);
    }
    match content(&mut disk, &|_, _| true) {
        Content::Nothing => {}
        Content::One(found) => check(&found),
        Content::Ambivalent(list) => {
            assert!(list.len() > 1);
            list.iter().for_each(check);
        }
    }
});
