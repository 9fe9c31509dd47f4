//! Keys as terminals send them: UTF-8, and the escape sequences of ECMA-48
//! terminals for the others. Pure.

/// A key: a character's number, or one of the constants here.
pub type Key = u32;

/// Escape.
pub const ESC: Key = 27;
/// Enter.
pub const ENTER: Key = 13;
/// Cursor keys.
pub const UP: Key = 0x11_0001;
/// See [`UP`].
pub const DOWN: Key = 0x11_0002;
/// See [`UP`].
pub const RIGHT: Key = 0x11_0003;
/// See [`UP`].
pub const LEFT: Key = 0x11_0004;
/// To the start of the line.
pub const HOME: Key = 0x11_0005;
/// To the end of the line.
pub const END: Key = 0x11_0006;
/// A screen up.
pub const PAGE_UP: Key = 0x11_0007;
/// A screen down.
pub const PAGE_DOWN: Key = 0x11_0008;
/// Insert.
pub const INSERT: Key = 0x11_0009;
/// Delete.
pub const DELETE: Key = 0x11_000a;
/// A sequence that means nothing here.
pub const UNKNOWN: Key = 0x11_000b;
/// No key: the window has another size, or must be drawn anew.
pub const RESIZE: Key = 0x11_000c;
/// No key: none came in time.
pub const TIMEOUT: Key = 0x11_000d;
/// No key: there will be no more, or the program is to end.
pub const HANGUP: Key = 0x11_000e;
/// A byte that is no text, and 256 more.
const BYTE: Key = 0x11_0100;

/// The key of a letter with control.
pub const fn control(letter: u8) -> Key {
    (letter & 0x1f) as Key
}

/// The first key in `bytes` and how many of them it has. Nothing when more
/// bytes may belong to it; with `complete` there are none.
pub fn decode(bytes: &[u8], complete: bool) -> Option<(Key, usize)> {
    let (&first, rest) = bytes.split_first()?;
    if first == 27 {
        return sequence(rest, complete);
    }
    let length = match first {
        0..=0x7f => return Some((Key::from(first), 1)),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let text = bytes.get(..length).unwrap_or(bytes);
    match std::str::from_utf8(text) {
        Ok(text) => text.chars().next().map(|c| (Key::from(c), length)),
        Err(error) if error.error_len().is_none() && !complete => None,
        Err(_) => Some((BYTE + Key::from(first), 1)),
    }
}

fn sequence(rest: &[u8], complete: bool) -> Option<(Key, usize)> {
    let escape = Some((ESC, 1));
    let wait = if complete { escape } else { None };
    match rest {
        [] | [b'['] | [b'O'] => wait,
        [b'O', last, ..] => match of_letter(*last) {
            UNKNOWN => escape,
            key => Some((key, 3)),
        },
        // function keys of the Linux console
        [b'[', b'[', behind @ ..] => {
            if behind.is_empty() {
                wait
            } else {
                Some((UNKNOWN, 4))
            }
        }
        [b'[', body @ ..] => {
            let Some(at) = body.iter().position(|b| matches!(b, 0x40..=0x7e)) else {
                return if body.len() > 32 { escape } else { wait };
            };
            let digits = body.split(|b| !b.is_ascii_digit()).next().unwrap_or_default();
            let key = match (body.get(at), digits) {
                (Some(b'~'), b"1" | b"7") => HOME,
                (Some(b'~'), b"2") => INSERT,
                (Some(b'~'), b"3") => DELETE,
                (Some(b'~'), b"4" | b"8") => END,
                (Some(b'~'), b"5") => PAGE_UP,
                (Some(b'~'), b"6") => PAGE_DOWN,
                (Some(last), _) => of_letter(*last),
                _ => UNKNOWN,
            };
            Some((key, at + 3))
        }
        _ => escape,
    }
}

fn of_letter(letter: u8) -> Key {
    match letter {
        b'A' => UP,
        b'B' => DOWN,
        b'C' => RIGHT,
        b'D' => LEFT,
        b'H' => HOME,
        b'F' => END,
        b'M' => ENTER,
        _ => UNKNOWN,
    }
}

/// Appends the text that a key types; false for one that types none.
pub fn append(key: Key, text: &mut Vec<u8>) -> bool {
    if let Some(c) = char::from_u32(key) {
        text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        return true;
    }
    let byte = key.checked_sub(BYTE).and_then(|byte| u8::try_from(byte).ok());
    text.extend(byte);
    byte.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_sequences() {
        assert_eq!(decode(b"a", false), Some((97, 1)));
        assert_eq!(decode(b"\x1b", false), None);
        assert_eq!(decode(b"\x1b", true), Some((ESC, 1)));
        assert_eq!(decode(b"\x1b[A", false), Some((UP, 3)));
        assert_eq!(decode(b"\x1bOH", false), Some((HOME, 3)));
        assert_eq!(decode(b"\x1b[5~x", false), Some((PAGE_UP, 4)));
        assert_eq!(decode(b"\x1b[1;5C", false), Some((RIGHT, 6)));
        assert_eq!(decode(b"\x1b[[Ax", false), Some((UNKNOWN, 4)));
        assert_eq!(decode(b"\x1b[200~", false), Some((UNKNOWN, 6)));
        assert_eq!(decode(b"\x1b[1;", false), None);
        assert_eq!(decode(b"\x1bx", false), Some((ESC, 1)));
        assert_eq!(decode(b"\x1bOx", false), Some((ESC, 1)));
    }

    #[test]
    fn text() {
        assert_eq!(decode("é".as_bytes(), false), Some((0xe9, 2)));
        assert_eq!(decode(b"\xc3", false), None);
        assert_eq!(decode(b"\xc3", true), Some((BYTE + 0xc3, 1)));
        assert_eq!(decode(b"\xffa", false), Some((BYTE + 0xff, 1)));
        let mut typed = Vec::new();
        assert!(append(0xe9, &mut typed) && append(BYTE + 0xff, &mut typed));
        assert!(!append(UP, &mut typed));
        assert_eq!(typed, b"\xc3\xa9\xff");
    }
}
