//! Unified kernel images: a stub (PE) with sections for what it starts.
//! The UAPI group's "Unified Kernel Image"; Microsoft's "PE Format".

/// A section in the table of a PE file.
const ENTRY: usize = 40;
/// Where sections begin in memory at least: firmware and newer stubs set the
/// rights of whole pages, whatever the stub's own sections keep to.
const PAGE: usize = 4096;
/// `IMAGE_SCN_CNT_INITIALIZED_DATA` and `IMAGE_SCN_MEM_READ`.
const DATA: u32 = 0x4000_0040;

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?)).ok()
}

fn put(bytes: &mut [u8], at: usize, value: usize) -> Option<()> {
    let value = u32::try_from(value).ok()?;
    bytes.get_mut(at..at + 4)?.copy_from_slice(&value.to_le_bytes());
    Some(())
}

/// The stub with these sections behind its own.
pub fn with_sections(
    stub: Vec<u8>,
    sections: &[(&[u8; 8], &[u8])],
) -> Result<Vec<u8>, &'static str> {
    if !stub.starts_with(b"MZ") {
        return Err("no stub: not a PE file");
    }
    extended(stub, sections).ok_or("no room for more sections in this stub, or a damaged one")
}

fn extended(mut bytes: Vec<u8>, sections: &[(&[u8; 8], &[u8])]) -> Option<Vec<u8>> {
    let pe = u32_at(&bytes, 0x3c)?;
    if !bytes.get(pe..)?.starts_with(b"PE\0\0") {
        return None;
    }
    let mut count = u16_at(&bytes, pe + 6)?;
    let optional = pe + 24;
    let table = optional + u16_at(&bytes, pe + 20)?;
    let (align, file_align) = (u32_at(&bytes, optional + 32)?, u32_at(&bytes, optional + 36)?);
    let headers = u32_at(&bytes, optional + 60)?;
    // Microsoft's format allows 512 to 64 KiB in the file.
    if !align.is_power_of_two() || !file_align.is_power_of_two() || file_align > 1 << 16 {
        return None;
    }
    // The table must not grow into the first section.
    let mut limit = headers;
    let mut end = 0;
    for nth in 0..count {
        let at = table + nth * ENTRY;
        end = end.max(u32_at(&bytes, at + 12)?.checked_add(u32_at(&bytes, at + 8)?)?);
        let raw = u32_at(&bytes, at + 20)?;
        if raw > 0 {
            limit = limit.min(raw);
        }
    }
    if table + (count + sections.len()) * ENTRY > limit {
        return None;
    }
    for (name, content) in sections {
        let address = end.checked_next_multiple_of(align.max(PAGE))?;
        bytes.resize(bytes.len().checked_next_multiple_of(file_align)?, 0);
        let offset = bytes.len();
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().checked_next_multiple_of(file_align)?, 0);
        let at = table + count * ENTRY;
        bytes.get_mut(at..at + 8)?.copy_from_slice(*name);
        let size = bytes.len() - offset;
        put(&mut bytes, at + 8, content.len())?;
        put(&mut bytes, at + 12, address)?;
        put(&mut bytes, at + 16, size)?;
        put(&mut bytes, at + 20, offset)?;
        put(&mut bytes, at + 24, 0)?;
        put(&mut bytes, at + 28, 0)?;
        put(&mut bytes, at + 32, 0)?;
        put(&mut bytes, at + 36, DATA as usize)?;
        end = address.checked_add(content.len())?;
        count += 1;
    }
    let number = u16::try_from(count).ok()?.to_le_bytes();
    bytes.get_mut(pe + 6..pe + 8)?.copy_from_slice(&number);
    put(&mut bytes, optional + 56, end.checked_next_multiple_of(align)?)?;
    // The checksum was that of the stub; firmware does not ask for one.
    put(&mut bytes, optional + 64, 0)?;
    Some(bytes)
}

/// Everything that is read from a stub, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let _ = with_sections(bytes.to_vec(), &[(b".initrd\0", b"x")]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::read::section;

    fn stub() -> Vec<u8> {
        let mut bytes = b"MZ".to_vec();
        bytes.resize(1536, 0);
        bytes[0x3c] = 0x80;
        bytes[0x80..0x88].copy_from_slice(b"PE\0\0\x64\x86\x01\0");
        bytes[0x80 + 20] = 0xf0;
        let optional = 0x80 + 24;
        put(&mut bytes, optional + 32, 4096).unwrap();
        put(&mut bytes, optional + 36, 512).unwrap();
        put(&mut bytes, optional + 60, 1024).unwrap();
        let table = optional + 0xf0;
        bytes[table..table + 8].copy_from_slice(b".text\0\0\0");
        put(&mut bytes, table + 8, 300).unwrap();
        put(&mut bytes, table + 12, 4096).unwrap();
        put(&mut bytes, table + 16, 512).unwrap();
        put(&mut bytes, table + 20, 1024).unwrap();
        bytes
    }

    #[test]
    fn sections_come_behind() {
        let image = vec![5; 700];
        let sections: [(&[u8; 8], &[u8]); 2] = [(b".cmdline", b"quiet\n"), (b".initrd\0", &image)];
        let bytes = with_sections(stub(), &sections).unwrap();
        assert_eq!(section(&bytes, b".cmdline"), Some((1536, 6)));
        assert_eq!(section(&bytes, b".initrd\0"), Some((2048, 700)));
        assert_eq!(bytes[2048..2748], image);
        assert_eq!(bytes.len(), 3072);
        assert_eq!(u32_at(&bytes, 0x80 + 24 + 56), Some(4 * 4096));
        assert_eq!(u16_at(&bytes, 0x86), Some(3));
    }

    #[test]
    fn alignment_asks_for_no_memory() {
        let mut bytes = stub();
        put(&mut bytes, 0x80 + 24 + 36, 1 << 31).unwrap();
        assert!(with_sections(bytes, &[(b".initrd\0", b"x")]).is_err());
    }

    #[test]
    fn what_is_no_stub() {
        assert!(with_sections(b"ELF".to_vec(), &[]).is_err());
        for at in 0..600 {
            exercise(&stub()[..at]);
        }
        let many: Vec<(&[u8; 8], &[u8])> = vec![(b".initrd\0", b"x"); 40];
        assert!(with_sections(stub(), &many).is_err());
    }
}
