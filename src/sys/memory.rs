//! Bytes in memory, many at once.

// The program that is linked with musl has its own memcpy(3), memmove(3),
// memset(3), memcmp(3) and bcmp(3), which the C library's then give way to: the
// file says why. Elsewhere they are in the tests alone.
#[cfg(target_arch = "x86_64")]
std::arch::global_asm!(include_str!("memory.s"), options(att_syntax));
#[cfg(all(target_arch = "x86_64", target_env = "musl"))]
std::arch::global_asm!(
    ".globl memcpy, memmove, memset, memcmp, bcmp",
    ".set memcpy, rescuebox_memmove",
    ".set memmove, rescuebox_memmove",
    ".set memset, rescuebox_memset",
    ".set memcmp, rescuebox_memcmp",
    ".set bcmp, rescuebox_memcmp",
    options(att_syntax)
);

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

    #[cfg(target_arch = "x86_64")]
    mod plain {
        unsafe extern "C" {
            fn rescuebox_memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8;
            fn rescuebox_memset(to: *mut u8, byte: i32, count: usize) -> *mut u8;
            fn rescuebox_memcmp(a: *const u8, b: *const u8, count: usize) -> i32;
        }

        /// Lengths around all the borders of the code.
        fn lengths() -> impl Iterator<Item = usize> {
            (0..140).chain([191, 192, 193, 255, 256, 257, 1000, 2047, 2048, 2049, 5000])
        }

        #[test]
        fn moves_as_the_library_does() {
            let first: Vec<u8> = (0..12_000u32).map(|n| (n * 7 + n / 251) as u8).collect();
            for length in lengths() {
                for (from, to) in [
                    (0, 6000),
                    (100, 101),
                    (101, 100),
                    (100, 164),
                    (164, 100),
                    (7, 40),
                    (300, 0),
                    (5, 5),
                ] {
                    let (mut own, mut expected) = (first.clone(), first.clone());
                    expected.copy_within(from..from + length, to);
                    // SAFETY: both ranges are in the list.
                    unsafe {
                        let start = own.as_mut_ptr();
                        rescuebox_memmove(start.add(to), start.add(from), length);
                    }
                    assert!(own == expected, "{length} from {from} to {to}");
                }
            }
        }

        #[test]
        fn fills_as_the_library_does() {
            for length in lengths() {
                let (mut own, mut expected) = (vec![1u8; 6000], vec![1u8; 6000]);
                expected[77..77 + length].fill(0xa5);
                // SAFETY: the range is in the list.
                let start = unsafe { rescuebox_memset(own.as_mut_ptr().add(77), 0x1a5, length) };
                assert!(own == expected && start == own[77..].as_mut_ptr(), "{length}");
            }
        }

        #[test]
        fn compares_as_the_library_does() {
            let a: Vec<u8> = (0..6000u32).map(|n| ((n * 31) >> 3) as u8).collect();
            for length in lengths() {
                let places = (0..length.min(40)).chain(length.saturating_sub(20)..length);
                for place in places.chain([usize::MAX]) {
                    for change in [1, 0x80] {
                        let mut b = a.clone();
                        if let Some(byte) = b.get_mut(place) {
                            *byte ^= change;
                        }
                        // SAFETY: both lists are as long.
                        let own = unsafe { rescuebox_memcmp(a.as_ptr(), b.as_ptr(), length) };
                        assert_eq!(own.cmp(&0), a[..length].cmp(&b[..length]), "{length} {place}");
                    }
                }
            }
        }
    }
}
