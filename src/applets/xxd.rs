//! xxd: bytes in hexadecimal, and back. Vim's.

use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use nix::unistd::{Whence, lseek};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::sys::lines::Lines;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "xxd",
    summary: "bytes in hexadecimal, and back",
    usage: "[-abeipru] [-c N] [-g N] [-l N] [-s N] [-o N] [IN [OUT]]\n\
            \x20 -r     back to bytes; -p plain digits; -i as C; -b bits; -e little-endian groups\n\
            \x20 -c N   N bytes a line (16); -g N in groups of N (2); -u big letters\n\
            \x20 -l N   N bytes at most; -s N from N on, -s -N from N before the end\n\
            \x20 -o N   added to what is shown as place; -a one * for lines of zeros",
    kind: Kind::Fork, // reading may block
    run,
};

struct How {
    columns: usize,
    group: usize,
    bits: bool,
    little: bool,
    upper: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    act(cx).map_err(|e| e.with(Status::FAILURE))
}

/// A number in decimal, octal or hexadecimal.
fn number(text: &[u8]) -> Result<i64, Error> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let (digits, radix) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (rest, 16),
        [b'0', rest @ ..] if !rest.is_empty() => (rest, 8),
        _ => (digits, 10),
    };
    let value = std::str::from_utf8(digits).ok().and_then(|t| i64::from_str_radix(t, radix).ok());
    let value = value.ok_or_else(|| Error::bad(show_bytes(text), "not a number"))?;
    Ok(if negative { -value } else { value })
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "a,autoskip b,bits c:cols e i,include g:groupsize l:len o: p,ps|postscript|plain r,revert \
         s:seek u,uppercase",
    )?;
    let mut how = How { columns: 0, group: usize::MAX, bits: false, little: false, upper: false };
    let (mut plain, mut back, mut c, mut skip_zeros) = (false, false, false, false);
    let (mut most, mut seek, mut shift) = (u64::MAX, None, 0i64);
    while let Some(letter) = options.next() {
        match letter {
            b'a' => skip_zeros = true,
            b'b' => how.bits = true,
            b'e' => how.little = true,
            b'u' => how.upper = true,
            b'i' => c = true,
            b'p' => plain = true,
            b'r' => back = true,
            _ => {
                let value = number(&options.bytes())?;
                let small = usize::try_from(value).unwrap_or(0).min(1 << 16);
                match letter {
                    b'c' => how.columns = small,
                    b'g' => how.group = small,
                    b'l' => most = u64::try_from(value).unwrap_or(u64::MAX),
                    b'o' => shift = value,
                    _ => seek = Some(value),
                }
            }
        }
    }
    options.at_most(2)?;
    let mut operands = options.operands.into_iter();
    let name = operands.next().unwrap_or("-".into());
    let output = operands.next().filter(|name| name != "-");
    let fd = cx.open(&name)?;
    if back {
        let mut result = Vec::new();
        let mut lines = Lines::new(fd);
        let offset = seek.unwrap_or(0);
        let mut file = match &output {
            Some(name) => {
                // What is there is patched, not replaced.
                let mut open = File::options();
                let file = open.write(true).create(true).truncate(false).open(name);
                Some(file.map_err(|e| Error::os(show(name), e))?)
            }
            None => None,
        };
        let mut at = 0u64;
        let mut half = None;
        while let Some(line) = lines.next(b'\n').map_err(|e| Error::os(show(&name), e))? {
            result.clear();
            let place = if plain {
                plain_bytes(line, &mut half, &mut result);
                Some(at)
            } else {
                let columns = if how.columns == 0 { 16 } else { how.columns };
                line_bytes(line, columns, &mut result)
                    .and_then(|place| place.checked_add_signed(offset))
            };
            let Some(place) = place.filter(|_| !result.is_empty()) else { continue };
            if let (Some(file), Some(name)) = (&mut file, &output) {
                use std::os::unix::fs::FileExt;
                file.write_all_at(&result, place).map_err(|e| Error::os(show(name), e))?;
            } else {
                if place < at {
                    return Err(Error::msg("standard output cannot go back"));
                }
                // Zeros in between, as a file would have them.
                let mut gap = place - at;
                while gap > 0 {
                    let part = usize::try_from(gap).unwrap_or(usize::MAX).min(64 * 1024);
                    cx.put(&vec![0; part])?;
                    gap -= part as u64;
                }
                cx.put(&result)?;
            }
            at = place + result.len() as u64;
        }
        return Ok(cx.status());
    }
    let mut at = 0u64;
    let mut discard = 0u64;
    if let Some(seek) = seek {
        if seek < 0 {
            let end = lseek(&fd, seek, Whence::SeekEnd);
            at = u64::try_from(end.map_err(|e| Error::os(show(&name), e))?).unwrap_or(0);
        } else if lseek(&fd, seek, Whence::SeekCur).is_err() {
            discard = u64::try_from(seek).unwrap_or(0);
        }
        if seek >= 0 {
            at = u64::try_from(seek).unwrap_or(0);
        }
    }
    if how.columns == 0 {
        how.columns = match () {
            () if plain => 30,
            () if c => 12,
            () if how.bits => 6,
            () => 16,
        };
    }
    if how.group == usize::MAX {
        how.group = match () {
            () if how.bits => 1,
            () if how.little => 4,
            () => 2,
        };
    }
    if how.group == 0 {
        how.group = how.columns;
    }
    let mut text = Vec::new();
    let mut lines = Lines::new(fd);
    let mut row: Vec<u8> = Vec::new();
    let mut total = 0u64;
    let identifier = (c && name != "-").then(|| {
        let mut bytes = name.as_bytes().to_vec();
        for byte in &mut bytes {
            if !byte.is_ascii_alphanumeric() {
                *byte = b'_';
            }
        }
        if bytes.first().is_some_and(u8::is_ascii_digit) {
            bytes.splice(0..0, *b"__");
        }
        bytes
    });
    if let Some(name) = &identifier {
        text.extend_from_slice(&[b"unsigned char ", &name[..], b"[] = {\n"].concat());
    }
    let mut zeros = 0u64;
    let mut waiting: Option<(u64, Vec<u8>)> = None;
    loop {
        let block = lines.block().map_err(|e| Error::os(show(&name), e))?;
        let ended = block.is_none() || total >= most;
        let mut rest = block.unwrap_or_default();
        let jump = usize::try_from(discard).unwrap_or(usize::MAX).min(rest.len());
        discard -= jump as u64;
        rest = rest.get(jump..).unwrap_or_default();
        let take = usize::try_from(most - total).unwrap_or(usize::MAX).min(rest.len());
        rest = rest.get(..take).unwrap_or_default();
        while !rest.is_empty() || ended && !row.is_empty() {
            let take = (how.columns - row.len()).min(rest.len());
            let (part, tail) = rest.split_at(take);
            row.extend_from_slice(part);
            rest = tail;
            total += take as u64;
            if row.len() < how.columns && !ended {
                break;
            }
            let place = (at + total - row.len() as u64).wrapping_add_signed(shift);
            if plain {
                hex(&mut text, &row, how.upper);
                text.push(b'\n');
            } else if c {
                if total > row.len() as u64 {
                    text.extend_from_slice(b",\n");
                }
                for (n, &byte) in row.iter().enumerate() {
                    text.extend_from_slice(if n == 0 { b"  0" } else { b", 0" });
                    text.push(if how.upper { b'X' } else { b'x' });
                    hex(&mut text, &[byte], how.upper);
                }
            } else {
                // The second line of zeros waits for whether it is the last.
                let empty = skip_zeros && row.iter().all(|b| *b == 0);
                if empty {
                    zeros += 1;
                    waiting = (zeros > 1).then(|| (place, row.clone()));
                    if zeros == 2 && !ended {
                        text.extend_from_slice(b"*\n");
                    }
                    if zeros > 1 && !ended {
                        row.clear();
                        continue;
                    }
                } else {
                    zeros = 0;
                }
                waiting = None;
                how.line(&mut text, place, &row);
            }
            row.clear();
            if ended {
                break;
            }
        }
        if ended {
            break;
        }
        if text.len() > 32 * 1024 && output.is_none() {
            cx.put(&text)?;
            text.clear();
        }
    }
    if let Some((place, row)) = waiting {
        // The last line is shown in any case.
        how.line(&mut text, place, &row);
    }
    if c && total > 0 {
        text.push(b'\n');
    }
    if let Some(name) = &identifier {
        text.extend_from_slice(&[b"};\nunsigned int ", &name[..], b"_len = "].concat());
        text.extend_from_slice(format!("{total};\n").as_bytes());
    }
    match &output {
        Some(name) => {
            let mut file = File::create(name).map_err(|e| Error::os(show(name), e))?;
            file.write_all(&text).map_err(|e| Error::os(show(name), e))?;
        }
        None => cx.put(&text)?,
    }
    Ok(cx.status())
}

fn hex(out: &mut Vec<u8>, bytes: &[u8], upper: bool) {
    let mut digits = crate::digest::hex(bytes);
    if upper {
        digits.make_ascii_uppercase();
    }
    out.extend_from_slice(&digits);
}

impl How {
    fn line(&self, out: &mut Vec<u8>, place: u64, row: &[u8]) {
        out.extend_from_slice(format!("{place:08x}:").as_bytes());
        let each = if self.bits { 8 } else { 2 };
        let groups = self.columns.div_ceil(self.group);
        let full = groups + self.columns * each;
        let start = out.len();
        for group in row.chunks(self.group) {
            out.push(b' ');
            if self.little {
                let missing = self.group - group.len();
                out.extend(std::iter::repeat_n(b' ', missing * each));
                let mut turned = group.to_vec();
                turned.reverse();
                hex(out, &turned, self.upper);
            } else if self.bits {
                for byte in group {
                    out.extend_from_slice(format!("{byte:08b}").as_bytes());
                }
            } else {
                hex(out, group, self.upper);
            }
        }
        let missing = full.saturating_sub(out.len() - start);
        out.extend(std::iter::repeat_n(b' ', missing + 2));
        out.extend(row.iter().map(|b| if (32..127).contains(b) { *b } else { b'.' }));
        out.push(b'\n');
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// The bytes of a line of digits, with blanks anywhere; `high` is the first
/// half of a byte whose second one is in the next line. What is no digit is
/// passed over, and the half before it (vim's xxd and busybox's).
fn plain_bytes(line: &[u8], high: &mut Option<u8>, out: &mut Vec<u8>) {
    for &byte in line {
        match (digit(byte), high.take()) {
            (Some(value), None) => *high = Some(value),
            (Some(value), Some(first)) => out.push(first << 4 | value),
            (None, kept) => *high = kept.filter(|_| byte.is_ascii_whitespace()),
        }
    }
}

/// The place of a line of the long form, and its bytes.
fn line_bytes(line: &[u8], columns: usize, out: &mut Vec<u8>) -> Option<u64> {
    let line = line.trim_ascii_start();
    let count = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let (place, rest) = line.split_at(count);
    let place = u64::from_str_radix(std::str::from_utf8(place).ok()?, 16).ok()?;
    let mut rest = rest.strip_prefix(b":").or(rest.strip_prefix(b" "))?;
    // The text starts behind two blanks.
    while out.len() < columns {
        if rest.starts_with(b"  ") && !out.is_empty() {
            break;
        }
        rest = rest.trim_ascii_start();
        let &[high, low, ..] = rest else { break };
        let (Some(high), Some(low)) = (digit(high), digit(low)) else { break };
        out.push(high << 4 | low);
        rest = rest.get(2..).unwrap_or_default();
    }
    Some(place)
}
