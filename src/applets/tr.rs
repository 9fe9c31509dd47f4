//! tr: translate, squeeze or delete bytes. POSIX, with GNU's `-t`; bytes, not
//! characters.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::inputs;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "tr",
    summary: "translate, squeeze or delete bytes",
    usage: "[-cdst] SET1 [SET2]\n\
            \x20 -c, -C  all bytes but those of SET1\n\
            \x20 -d      delete the bytes of SET1\n\
            \x20 -s      one byte for a row of the same from the last SET\n\
            \x20 -t      cut SET1 to the length of SET2 first\n\
            \x20 a set: bytes, \\n \\t \\\\ \\NNN, a-z, [:alpha:] ..., [=x=], in SET2 [x*] and [x*N]",
    kind: Kind::Fork, // reading may block
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("+c,complement C d,delete s,squeeze-repeats t,truncate-set1")?;
    let (mut complement, mut delete, mut squeeze, mut truncate) = (false, false, false, false);
    while let Some(letter) = options.next() {
        match letter {
            b'd' => delete = true,
            b's' => squeeze = true,
            b't' => truncate = true,
            _ => complement = true,
        }
    }
    let usage = |text: &str| Err(Error::usage(text).with(Status::FAILURE));
    let most = if delete && !squeeze { 1 } else { 2 };
    let least = if delete == squeeze { 2 } else { 1 };
    if options.operands.len() < least {
        return usage("two sets are needed");
    }
    if let Some(extra) = options.operands.get(most) {
        return Err(Error::bad(show(extra), "one set too many").with(Status::FAILURE));
    }
    let mut sets = options.operands.iter();
    let mut first = set(sets.next().map_or(b"", |s| s.as_bytes()), None)?;
    if complement {
        first = (0..=255).filter(|b| !first.contains(b)).collect();
    }
    let second = match sets.next() {
        Some(text) => Some(set(text.as_bytes(), Some(first.len()))?),
        None => None,
    };
    let mut map: Vec<u8> = (0..=255).collect();
    let mut deleted = vec![false; 256];
    let mut squeezed = vec![false; 256];
    let mark = |table: &mut Vec<bool>, set: &[u8]| {
        for &byte in set {
            if let Some(place) = table.get_mut(usize::from(byte)) {
                *place = true;
            }
        }
    };
    if delete {
        mark(&mut deleted, &first);
    } else if let Some(second) = &second {
        if truncate {
            first.truncate(second.len());
        }
        let last = second.last().copied();
        if last.is_none() && !first.is_empty() {
            return usage("SET2 is empty");
        }
        for (n, &byte) in first.iter().enumerate() {
            if let Some(place) = map.get_mut(usize::from(byte)) {
                *place = second.get(n).copied().or(last).unwrap_or(byte);
            }
        }
    }
    if squeeze {
        mark(&mut squeezed, second.as_deref().unwrap_or(&first));
    }
    let tables = Tables { map, deleted, squeezed, only_deletes: delete && !squeeze };
    let plain = !delete && !squeeze;
    let mut last: Option<u8> = None;
    let mut text = Vec::new();
    inputs::each(cx, &[], &mut |cx, input| {
        while let Some(block) = input.block()? {
            text.clear();
            if plain {
                tables.translate(block, &mut text);
            } else {
                tables.shrink(block, &mut last, &mut text);
            }
            cx.put(&text)?;
        }
        Ok(())
    })?;
    Ok(cx.status())
}

/// What happens to each of the 256 bytes.
struct Tables {
    map: Vec<u8>,
    deleted: Vec<bool>,
    squeezed: Vec<bool>,
    only_deletes: bool,
}

impl Tables {
    fn translate(&self, block: &[u8], out: &mut Vec<u8>) {
        let Some(map) = self.map.first_chunk::<256>() else { return };
        out.extend(block.iter().map(|b| map[usize::from(*b)]));
    }

    fn shrink(&self, block: &[u8], last: &mut Option<u8>, out: &mut Vec<u8>) {
        let tables = (self.map.first_chunk::<256>(), self.deleted.first_chunk::<256>());
        let ((Some(map), Some(deleted)), Some(squeezed)) =
            (tables, self.squeezed.first_chunk::<256>())
        else {
            return;
        };
        // Written always, counted when it is kept: no branch to guess wrong.
        crate::sys::memory::resize(out, block.len() + 1, 0);
        let mut at = 0;
        let mut before = last.map_or(256, u16::from);
        if self.only_deletes {
            for &byte in block {
                if let Some(place) = out.get_mut(at) {
                    *place = byte;
                }
                at += usize::from(!deleted[usize::from(byte)]);
            }
            out.truncate(at);
            return;
        }
        for &byte in block {
            let new = map[usize::from(byte)];
            let keep = !deleted[usize::from(byte)]
                & !(squeezed[usize::from(new)] & (before == u16::from(new)));
            if let Some(place) = out.get_mut(at) {
                *place = new;
            }
            at += usize::from(keep);
            if keep {
                before = u16::from(new);
            }
        }
        *last = u8::try_from(before).ok();
        out.truncate(at);
    }
}

/// The bytes of a set in their order. `length` is how many SET1 has, for
/// `[x*]` in SET2.
fn set(text: &[u8], length: Option<usize>) -> Result<Vec<u8>, Error> {
    let mut list = Vec::new();
    // where [x*] stands and its byte
    let mut filler = None;
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(behind) = bracket(rest, length, &mut list, &mut filler)? {
            rest = behind;
            continue;
        }
        let (from, behind) = byte(rest);
        rest = behind;
        match behind.split_first() {
            Some((b'-', range)) if !range.is_empty() => {
                let (to, behind) = byte(range);
                if to < from {
                    let shown = text.get(text.len() - rest.len() - 1..).unwrap_or_default();
                    let shown = shown.get(..shown.len() - behind.len()).unwrap_or_default();
                    return Err(Error::about(show_bytes(shown), "the range ends before it starts"));
                }
                list.extend(from..=to);
                rest = behind;
            }
            _ => list.push(from),
        }
    }
    if let (Some((at, byte)), Some(length)) = (filler, length) {
        let missing = length.saturating_sub(list.len());
        let tail = list.split_off(at);
        list.resize(at + missing, byte);
        list.extend_from_slice(&tail);
    }
    Ok(list)
}

/// One byte or escape, and what is behind it.
fn byte(text: &[u8]) -> (u8, &[u8]) {
    match text {
        [b'\\', digit @ b'0'..=b'7', ..] => {
            let mut value = u32::from(digit - b'0');
            let mut rest = text.get(2..).unwrap_or_default();
            for _ in 0..2 {
                match rest.split_first() {
                    Some((digit @ b'0'..=b'7', behind))
                        if value * 8 + u32::from(digit - b'0') < 256 =>
                    {
                        value = value * 8 + u32::from(digit - b'0');
                        rest = behind;
                    }
                    _ => break,
                }
            }
            (u8::try_from(value).unwrap_or(0), rest)
        }
        [b'\\', letter, rest @ ..] => {
            let byte = match letter {
                b'a' => 7,
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'v' => 11,
                other => *other,
            };
            (byte, rest)
        }
        [byte, rest @ ..] => (*byte, rest),
        [] => (0, text),
    }
}

/// `[:class:]`, `[=x=]`, `[x*N]`; nothing when the text starts otherwise.
fn bracket<'t>(
    text: &'t [u8],
    length: Option<usize>,
    list: &mut Vec<u8>,
    filler: &mut Option<(usize, u8)>,
) -> Result<Option<&'t [u8]>, Error> {
    let Some(inner) = text.strip_prefix(b"[") else { return Ok(None) };
    if let Some(named) = inner.strip_prefix(b":")
        && let Some(end) = named.windows(2).position(|pair| pair == b":]")
    {
        let (name, behind) = named.split_at(end);
        let Some(member) = class(name) else {
            return Err(Error::about(show_bytes(name), "no such class of characters"));
        };
        list.extend((0..=255u8).filter(member));
        return Ok(behind.get(2..));
    }
    if let [b'=', inner @ ..] = inner {
        let (member, behind) = byte(inner);
        if let Some(behind) = behind.strip_prefix(b"=]")
            && !inner.is_empty()
        {
            list.push(member);
            return Ok(Some(behind));
        }
    }
    if inner.is_empty() || length.is_none() {
        return Ok(None);
    }
    let (repeated, behind) = byte(inner);
    let Some(behind) = behind.strip_prefix(b"*") else { return Ok(None) };
    let Some(end) = behind.iter().position(|&b| b == b']') else { return Ok(None) };
    let (digits, behind) = behind.split_at(end);
    if !digits.iter().all(u8::is_ascii_digit) {
        return Ok(None);
    }
    let radix = if digits.starts_with(b"0") { 8 } else { 10 };
    let count = digits
        .iter()
        .fold(0usize, |n, b| n.saturating_mul(radix).saturating_add(usize::from(b - b'0')));
    if count == 0 {
        *filler = Some((list.len(), repeated));
    } else {
        // More than SET1 has are never looked at.
        let most = length.unwrap_or(0).saturating_sub(list.len()).max(1);
        list.resize(list.len() + count.min(most), repeated);
    }
    Ok(behind.get(1..))
}

/// The members of a class, of ASCII.
fn class(name: &[u8]) -> Option<fn(&u8) -> bool> {
    Some(match name {
        b"alpha" => u8::is_ascii_alphabetic,
        b"digit" => u8::is_ascii_digit,
        b"alnum" => u8::is_ascii_alphanumeric,
        b"upper" => u8::is_ascii_uppercase,
        b"lower" => u8::is_ascii_lowercase,
        b"space" => |b| matches!(b, b' ' | 9..=13),
        b"blank" => |b| matches!(b, b' ' | b'\t'),
        b"punct" => u8::is_ascii_punctuation,
        b"print" => |b| (32..127).contains(b),
        b"graph" => u8::is_ascii_graphic,
        b"cntrl" => u8::is_ascii_control,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str, length: Option<usize>) -> String {
        match set(text.as_bytes(), length) {
            Ok(list) => show_bytes(&list).to_string(),
            Err(error) => format!("!{error}"),
        }
    }

    #[test]
    fn sets() {
        assert_eq!(bytes("a-e", None), "abcde");
        assert_eq!(bytes("\\101\\t\\\\-", None), "A\\x09\\-");
        assert_eq!(bytes("[:digit:]x", None), "0123456789x");
        assert_eq!(bytes("[=a=][a-c]", None), "a[abc]");
        assert_eq!(bytes("x[y*]z", Some(6)), "xyyyyz");
        assert_eq!(bytes("[x*3][y*010]", Some(20)), "xxxyyyyyyyy");
        assert_eq!(bytes("[x*3]", None), "[x*3]");
        assert_eq!(bytes("z-a", None), "!z-a: the range ends before it starts");
        assert_eq!(bytes("[:no:]", None), "!no: no such class of characters");
        assert_eq!(bytes("-a", None), "-a");
        assert_eq!(bytes("a-", None), "a-");
        assert_eq!(bytes("\\400", None), " 0");
    }
}
