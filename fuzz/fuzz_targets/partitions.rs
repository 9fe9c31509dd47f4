#![no_main]
//! Partition tables, with the signature and check sums made right.
use libfuzzer_sys::fuzz_target;
use rescuebox::blk::probe::Disk;
use rescuebox::blk::probe::tables::table;

fuzz_target!(|data: &[u8]| {
    let mut bytes = data.to_vec();
    bytes.resize(bytes.len().max(40 * 512), 0);
    table(&mut Disk::new(&bytes));
    bytes[510..512].copy_from_slice(b"\x55\xaa");
    table(&mut Disk::new(&bytes));
    bytes[450] = 0xee;
    bytes[512..520].copy_from_slice(b"EFI PART");
    bytes[524..528].copy_from_slice(&92u32.to_le_bytes());
    bytes[536..544].copy_from_slice(&1u64.to_le_bytes());
    let count = u32::from_le_bytes(bytes[592..596].try_into().unwrap()) % 128;
    bytes[592..596].copy_from_slice(&count.to_le_bytes());
    bytes[596..600].copy_from_slice(&128u32.to_le_bytes());
    bytes[584..592].copy_from_slice(&2u64.to_le_bytes());
    let list = rescuebox::compress::checksum::crc32(&bytes[1024..1024 + count as usize * 128]);
    bytes[600..604].copy_from_slice(&list.to_le_bytes());
    bytes[528..532].fill(0);
    let header = rescuebox::compress::checksum::crc32(&bytes[512..604]);
    bytes[528..532].copy_from_slice(&header.to_le_bytes());
    table(&mut Disk::new(&bytes));
});
