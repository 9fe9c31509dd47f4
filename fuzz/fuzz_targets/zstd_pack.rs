#![no_main]
use rescuebox::compress::{Format, compress, decompress};

// What our encoder writes of any bytes, repeated to reach matches from far away,
// is read as these bytes.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (first, rest) = data.split_first().unwrap_or((&0, &[]));
    let bytes = rest.repeat(1 + usize::from(*first & 15));
    let packed = compress(Format::Zstd, &bytes).unwrap();
    assert!(decompress(Format::Zstd, &packed, bytes.len()).unwrap() == bytes);
});
