//! What our encoder writes of any bytes at any level, repeated to reach matches
//! from far away, is read as these bytes.

#![no_main]

use rescuebox::compress::{Format, Input, Packing, decompress, pack};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (first, rest) = data.split_first().unwrap_or((&0, &[]));
    let bytes = rest.repeat(1 + usize::from(*first & 15));
    let how = Packing { level: 6 + (*first >> 4 & 3), ..Packing::for_kernel(Format::Zstd) };
    let mut packed = Vec::new();
    pack(&how, &mut Input::of_slice(&bytes), &mut packed).unwrap();
    assert!(decompress(Format::Zstd, &packed, bytes.len()).unwrap() == bytes);
});
