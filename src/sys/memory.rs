//! Bytes in memory, many at once.

/// Makes `bytes` so long: cuts them, or appends `filler`. `Vec::resize` goes byte
/// by byte in a program that is compiled for size.
#[inline(never)]
pub fn resize(bytes: &mut Vec<u8>, length: usize, filler: u8) {
    let Some(more) = length.checked_sub(bytes.len()).filter(|more| *more > 0) else {
        bytes.truncate(length);
        return;
    };
    bytes.reserve(more);
    // SAFETY: behind the bytes there is room for so many more, which are filled
    // before they count.
    unsafe {
        bytes.as_mut_ptr().add(bytes.len()).write_bytes(filler, more);
        bytes.set_len(length);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn longer_and_shorter() {
        let mut bytes = b"ab".to_vec();
        super::resize(&mut bytes, 5, b'.');
        assert_eq!(bytes, b"ab...");
        super::resize(&mut bytes, 5, b'x');
        super::resize(&mut bytes, 1, b'x');
        assert_eq!(bytes, b"a");
    }
}
