//! Partition tables. The first byte says what is made of the rest: a disk as it
//! is; the rows of the tables in its first sectors, all signed; the header and
//! the list of a GPT whose check sums are right, at the disk's start or its end.
#![no_main]

use rescuebox::blk::probe::Disk;
use rescuebox::blk::probe::tables::table;
use rescuebox::compress::checksum::crc32;

/// The disk's sectors.
const SECTORS: usize = 64;

fn rows(disk: &mut [u8], input: &[u8], unit: usize) {
    for sector in disk.chunks_exact_mut(unit) {
        sector[510..512].copy_from_slice(b"\x55\xaa");
    }
    for (sector, rows) in disk.chunks_exact_mut(unit).zip(input.chunks(64)) {
        sector[446..446 + rows.len()].copy_from_slice(rows);
    }
}

fn gpt(disk: &mut [u8], input: &[u8], unit: usize, backup: bool) {
    disk[510..512].copy_from_slice(b"\x55\xaa");
    disk[450] = 0xee;
    let (header, list) = input.split_at(input.len().min(48));
    let at = if backup { SECTORS - 1 } else { 1 };
    let list_at = if backup { SECTORS - 8 } else { 2 };
    let list_length = list.len().min(5 * unit);
    disk[list_at * unit..list_at * unit + list_length].copy_from_slice(&list[..list_length]);

    let mut bytes = [0; 92];
    bytes[40..40 + header.len().min(48)].copy_from_slice(header);
    bytes[..16].copy_from_slice(b"EFI PART\0\0\x01\0\x5c\0\0\0");
    bytes[24..32].copy_from_slice(&(at as u64).to_le_bytes());
    bytes[72..80].copy_from_slice(&(list_at as u64).to_le_bytes());
    // A list that is on the disk, else its sum is not known.
    let each = u32::from_le_bytes(bytes[84..88].try_into().unwrap_or_default());
    let count = u32::from_le_bytes(bytes[80..84].try_into().unwrap_or_default());
    let start = list_at * unit;
    if let Some(list) = disk.get(start..).and_then(|rest| rest.get(..count.saturating_mul(each) as usize)) {
        bytes[88..92].copy_from_slice(&crc32(list).to_le_bytes());
    }
    let sum = crc32(&bytes).to_le_bytes();
    bytes[16..20].copy_from_slice(&sum);
    disk[at * unit..at * unit + 92].copy_from_slice(&bytes);
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&choice, input)) = data.split_first() else { return };
    let unit = if choice & 4 == 0 { 512 } else { 4096 };
    let mut bytes = vec![0; SECTORS * unit];
    match choice & 3 {
        0 => {
            let length = input.len().min(bytes.len());
            bytes[..length].copy_from_slice(&input[..length]);
        }
        1 => rows(&mut bytes, input, unit),
        2 => gpt(&mut bytes, input, unit, false),
        _ => gpt(&mut bytes, input, unit, true),
    }
    let source = rescuebox_fuzz::Disk { size: (SECTORS * unit) as u64, pieces: vec![(0, &bytes)] };
    let mut disk = Disk::new(&source);
    disk.sector = unit as u32;
    if let Some(table) = table(&mut disk) {
        let limit = source.size / 512;
        let mut values = Vec::new();
        for partition in &table.partitions {
            assert!(table.kind != "gpt" || partition.start + partition.size <= limit);
            values.clear();
            partition.values(table.kind, &mut values);
            assert!(values.len() >= 5);
        }
        assert!(table.partitions.len() <= 512);
    }
});
