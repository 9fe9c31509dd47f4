//! File modes: `u+rwx,go=` and octal into bits (POSIX, chmod), bits into
//! `drwxr-xr-x` (POSIX, ls -l).

/// Why a mode cannot be used: it is not of the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadMode;

/// The mode that `text` makes of the permission bits `old`. `umask` limits
/// clauses that name nobody (`+x`); `X` gives execution to folders and to what
/// anybody may execute.
pub fn parse(text: &[u8], old: u32, umask: u32, folder: bool) -> Result<u32, BadMode> {
    if text.first().is_some_and(u8::is_ascii_digit) {
        let number = std::str::from_utf8(text).ok().and_then(|t| u32::from_str_radix(t, 8).ok());
        return number.filter(|n| *n <= 0o7777).ok_or(BadMode);
    }
    let mut mode = old & 0o7777;
    for clause in text.split(|&b| b == b',') {
        mode = apply(clause, mode, umask, folder)?;
    }
    Ok(mode)
}

fn apply(clause: &[u8], mut mode: u32, umask: u32, folder: bool) -> Result<u32, BadMode> {
    let mut bytes = clause.iter().copied().peekable();
    let mut who = 0;
    while let Some(b) = bytes.peek() {
        who |= match b {
            b'u' => 0o4700,
            b'g' => 0o2070,
            b'o' => 0o1007,
            b'a' => 0o7777,
            _ => break,
        };
        bytes.next();
    }
    // Without a "who" it is everybody, less what the umask keeps.
    let (mask, limit) = if who == 0 { (0o7777, !umask) } else { (who, u32::MAX) };
    let mut actions = 0;
    while let Some(op) = bytes.next() {
        if !matches!(op, b'+' | b'-' | b'=') {
            return Err(BadMode);
        }
        actions += 1;
        let mut bits = 0;
        while let Some(&b) = bytes.peek() {
            bits |= match b {
                b'r' => 0o444,
                b'w' => 0o222,
                b'x' => 0o111,
                b'X' if folder || mode & 0o111 != 0 => 0o111,
                b'X' => 0,
                b's' => 0o6000,
                b't' => 0o1000,
                b'u' => (mode >> 6 & 7) * 0o111,
                b'g' => (mode >> 3 & 7) * 0o111,
                b'o' => (mode & 7) * 0o111,
                _ => break,
            };
            bytes.next();
        }
        // `o+t` and `+t` set the sticky bit; `u+t` means nothing.
        let bits = bits & mask & limit;
        mode = match op {
            b'+' => mode | bits,
            b'-' => mode & !bits,
            // GNU and POSIX leave a folder's set-id bits alone unless named.
            _ => mode & !(mask & if folder { 0o1777 } else { 0o7777 }) | bits,
        };
    }
    if actions == 0 { Err(BadMode) } else { Ok(mode) }
}

/// `drwxr-xr-x` of a mode with its file type.
pub fn text(mode: u32) -> [u8; 10] {
    let kind = match mode & 0o170_000 {
        0o040_000 => b'd',
        0o120_000 => b'l',
        0o020_000 => b'c',
        0o060_000 => b'b',
        0o010_000 => b'p',
        0o140_000 => b's',
        0o100_000 => b'-',
        _ => b'?',
    };
    let bit = |mask: u32, letter: u8| if mode & mask != 0 { letter } else { b'-' };
    let execute = |x: u32, special: u32, both: u8, alone: u8| match (mode & x, mode & special) {
        (0, 0) => b'-',
        (_, 0) => b'x',
        (0, _) => alone,
        _ => both,
    };
    [
        kind,
        bit(0o400, b'r'),
        bit(0o200, b'w'),
        execute(0o100, 0o4000, b's', b'S'),
        bit(0o040, b'r'),
        bit(0o020, b'w'),
        execute(0o010, 0o2000, b's', b'S'),
        bit(0o004, b'r'),
        bit(0o002, b'w'),
        execute(0o001, 0o1000, b't', b'T'),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbolic() {
        let m = |text: &str, old| parse(text.as_bytes(), old, 0o022, false);
        assert_eq!(m("755", 0), Ok(0o755));
        assert_eq!(m("1777", 0), Ok(0o1777));
        assert_eq!(m("u=rwx,go=", 0o777), Ok(0o700));
        assert_eq!(m("+x", 0o644), Ok(0o755));
        assert_eq!(m("+w", 0o444), Ok(0o644));
        assert_eq!(m("a+w", 0o444), Ok(0o666));
        assert_eq!(m("g=u", 0o640), Ok(0o660));
        assert_eq!(m("u+s,+t", 0o755), Ok(0o5755));
        assert_eq!(m("a-x+X", 0o755), Ok(0o644));
        assert_eq!(m("+X", 0o644), Ok(0o644));
        assert_eq!(m("g+s", 0o755), Ok(0o2755));
        assert_eq!(m("=", 0o755), Ok(0));
        assert_eq!(parse(b"+X", 0o644, 0o022, true), Ok(0o755));
        assert_eq!(parse(b"u=rwx", 0o4755, 0, true), Ok(0o4755));
        for bad in ["", "8", "77777", "u", "u+q", "rwx", "u+r,", "0x1"] {
            assert_eq!(m(bad, 0), Err(BadMode), "{bad}");
        }
    }

    #[test]
    fn letters() {
        assert_eq!(&text(0o040_755), b"drwxr-xr-x");
        assert_eq!(&text(0o104_644), b"-rwSr--r--");
        assert_eq!(&text(0o041_777), b"drwxrwxrwt");
        assert_eq!(&text(0o102_750), b"-rwxr-s---");
        assert_eq!(&text(0o060_660), b"brw-rw----");
    }
}
