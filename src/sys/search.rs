//! Searching bytes in memory, sixteen at a time where the processor has SSE2.
//! The C library's memchr does eight and its memmem one.

/// Where `byte` first is in `text`.
#[inline(never)]
pub fn byte(text: &[u8], byte: u8) -> Option<usize> {
    pair(text, byte, byte, 0)
}

/// Where `needle` first is in `text`. An empty one is at 0.
#[inline(never)]
pub fn bytes(text: &[u8], needle: &[u8]) -> Option<usize> {
    let (Some(&first), Some(&last)) = (needle.first(), needle.last()) else { return Some(0) };
    let gap = needle.len() - 1;
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let at = from + pair(rest, first, last, gap)?;
        if text.get(at..at + needle.len()) == Some(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// How often `byte` is in `text`.
#[inline(never)]
pub fn count(text: &[u8], byte: u8) -> usize {
    text.chunks(255)
        // a sum of bytes cannot overflow in so few, and is done many at once
        .map(|chunk| usize::from(chunk.iter().map(|&b| u8::from(b == byte)).sum::<u8>()))
        .sum()
}

/// The first place of `first` with `last` so many bytes behind it.
fn pair(text: &[u8], first: u8, last: u8, gap: usize) -> Option<usize> {
    let mut at = 0;
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{
            __m128i, _mm_and_si128, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8,
            _mm_set1_epi8,
        };
        let (first, last) = (first.cast_signed(), last.cast_signed());
        // SAFETY: x86_64 always has SSE2; no memory is touched.
        let (a, b) = unsafe { (_mm_set1_epi8(first), _mm_set1_epi8(last)) };
        let mut left = text.len().saturating_sub(gap) / 16;
        while left > 0 {
            // SAFETY: there are `left` times 16 bytes from `at` on, and `gap`
            // more behind them; unaligned loads are asked for.
            let mask = unsafe {
                let here: *const __m128i = text.as_ptr().add(at).cast();
                let there: *const __m128i = text.as_ptr().add(at + gap).cast();
                let a = _mm_cmpeq_epi8(_mm_loadu_si128(here), a);
                let b = _mm_cmpeq_epi8(_mm_loadu_si128(there), b);
                _mm_movemask_epi8(_mm_and_si128(a, b))
            };
            if mask != 0 {
                return Some(at + mask.trailing_zeros() as usize);
            }
            at += 16;
            left -= 1;
        }
    }
    let heads = text.get(at..)?;
    let tails = text.get(at + gap..)?;
    let found = heads.iter().zip(tails).position(|(&a, &b)| a == first && b == last);
    found.map(|found| at + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_at_every_place() {
        for length in 0..70 {
            for at in 0..length {
                let mut text = vec![b'.'; length];
                text[at] = b'x';
                assert_eq!(byte(&text, b'x'), Some(at));
                assert_eq!(byte(&text, b'y'), None);
                assert_eq!(count(&text, b'.'), length - 1);
            }
        }
        assert_eq!(count(&[b'x'; 1000], b'x'), 1000);
    }

    #[test]
    fn needles_are_found_at_every_place() {
        for needle in [&b"x"[..], b"xy", b"xyzzy", b"x................y"] {
            for length in needle.len()..80 {
                for at in 0..=length - needle.len() {
                    let mut text = vec![b'-'; length];
                    text[at..at + needle.len()].copy_from_slice(needle);
                    assert_eq!(bytes(&text, needle), Some(at));
                    text[at] = b'-';
                    assert_eq!(bytes(&text, needle), None);
                }
            }
        }
        assert_eq!(bytes(b"ab", b""), Some(0));
        assert_eq!(bytes(b"aaab", b"aab"), Some(1));
        assert_eq!(bytes(b"a", b"ab"), None);
    }
}
