//! Messages of the kernel: records of `/dev/kmsg` and lines of syslog(2).
//!
//! Documentation/ABI/testing/dev-kmsg: `PRI,SEQ,USEC,FLAGS[,...];TEXT\n` and
//! then lines ` KEY=VALUE`; bytes that are not printable are `\xNN`.

use std::borrow::Cow;

/// Names of the levels, 0 to 7.
pub const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];

/// Names of the facilities that have one.
pub const FACILITIES: [&str; 12] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp",
];

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Level (0 to 7) and 8 times the facility.
    pub priority: u32,
    /// Microseconds since the machine started.
    pub time: u64,
    /// The text, without a newline at its end.
    pub text: Cow<'a, [u8]>,
}

impl Record<'_> {
    /// 0 (emergency) to 7 (debug).
    pub fn level(&self) -> usize {
        usize::try_from(self.priority & 7).unwrap_or(0)
    }

    /// 0 (the kernel itself), 1 (programs that wrote to /dev/kmsg), ...
    pub fn facility(&self) -> usize {
        usize::try_from(self.priority >> 3).unwrap_or(0)
    }
}

/// A record as one read of `/dev/kmsg` gives it.
pub fn parse_record(bytes: &[u8]) -> Option<Record<'_>> {
    let at = bytes.iter().position(|&b| b == b';')?;
    let (prefix, rest) = (bytes.get(..at)?, bytes.get(at + 1..)?);
    let mut fields = prefix.split(|&b| b == b',');
    let priority = number(fields.next()?)?;
    let time = number(fields.nth(1)?)?;
    let text = rest.split(|&b| b == b'\n').next().unwrap_or_default();
    Some(Record { priority: u32::try_from(priority).ok()?, time, text: unmangle(text) })
}

/// The messages in what syslog(2) gives: `<6>[    1.000000] text`. A line
/// without a priority goes on with the message before it.
pub fn parse_log(log: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut rest = Some(log);
    let mut next = None;
    std::iter::from_fn(move || {
        let mut record = next.take();
        while let Some(text) = rest {
            let end = memchr::memchr(b'\n', text);
            let line = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
            rest = end.and_then(|end| text.get(end + 1..));
            match (parse_line(line), &mut record) {
                (Some(new), Some(_)) => {
                    next = Some(new);
                    break;
                }
                (Some(new), None) => record = Some(new),
                (None, _) if line.is_empty() => {}
                (None, Some(last)) => {
                    let text = last.text.to_mut();
                    text.push(b'\n');
                    text.extend_from_slice(line);
                }
                (None, None) => {
                    record = Some(Record { priority: 6, time: 0, text: Cow::Borrowed(line) });
                }
            }
        }
        record
    })
}

/// Whether the lines of `log` start with a time and nothing more: printk.time=0
/// leaves it out, and CONFIG_PRINTK_CALLER adds who wrote it.
pub fn has_times_only(log: &[u8]) -> bool {
    let end = memchr::memchr(b'\n', log).unwrap_or(log.len());
    let stamped = |line: &[u8]| {
        let rest = line.get(memchr::memchr(b'>', line)? + 1..)?.strip_prefix(b"[")?;
        rest.get(memchr::memchr(b']', rest)? + 1..)?.strip_prefix(b" ").map(drop)
    };
    log.get(..end).and_then(stamped).is_some()
}

fn parse_line(line: &[u8]) -> Option<Record<'_>> {
    let rest = line.strip_prefix(b"<")?;
    let end = rest.iter().position(|&b| b == b'>')?;
    let priority = u32::try_from(number(rest.get(..end)?)?).ok()?;
    let rest = rest.get(end + 1..)?;
    let stamped = || {
        let inner = rest.strip_prefix(b"[")?;
        let end = inner.iter().position(|&b| b == b']')?;
        let mut parts = inner.get(..end)?.trim_ascii().split(|&b| b == b'.');
        let seconds = number(parts.next()?)?;
        let micros = number(parts.next().filter(|p| p.len() == 6)?)?;
        let text = inner.get(end + 1..)?;
        let text = text.strip_prefix(b" ").unwrap_or(text);
        Some((seconds.checked_mul(1_000_000)?.checked_add(micros)?, text))
    };
    // printk.time=0 leaves the time out
    let (time, text) = stamped().unwrap_or((0, rest));
    Some(Record { priority, time, text: Cow::Borrowed(text) })
}

/// Undoes the kernel's `\xNN`.
fn unmangle(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        let hex = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        if first == b'\\'
            && let Some(&[b'x', a, b]) = tail.first_chunk()
            && let (Some(a), Some(b)) = (hex(a), hex(b))
        {
            out.push(a << 4 | b);
            rest = tail.get(3..).unwrap_or_default();
        } else {
            out.push(first);
            rest = tail;
        }
    }
    Cow::Owned(out)
}

/// A level by name or number (`err`, `3`).
pub fn level(name: &[u8]) -> Option<usize> {
    let alias: &[u8] = match name {
        b"panic" => b"emerg",
        b"error" => b"err",
        b"warning" => b"warn",
        other => other,
    };
    match alias {
        [digit @ b'0'..=b'7'] => Some(usize::from(digit - b'0')),
        _ => LEVELS.iter().position(|level| level.as_bytes() == alias),
    }
}

/// A set of levels: `err,warn`, `err+` (that and worse), `+err` (that and less
/// bad). Bit N is level N.
pub fn levels(list: &[u8]) -> Option<u8> {
    let mut set = 0;
    for word in list.split(|&b| b == b',') {
        set |= if let Some(name) = word.strip_suffix(b"+") {
            u8::MAX >> (7 - level(name)?)
        } else if let Some(name) = word.strip_prefix(b"+") {
            u8::MAX << level(name)?
        } else {
            1 << level(word)?
        };
    }
    Some(set)
}

/// A set of facilities: `kern,daemon`. Bit N is facility N.
pub fn facilities(list: &[u8]) -> Option<u32> {
    list.split(|&b| b == b',').try_fold(0, |set, word| {
        let at = FACILITIES.iter().position(|name| name.as_bytes() == word)?;
        Some(set | 1 << at)
    })
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        let r =
            parse_record(b"30,339,5140900,-;text; more\\x0a\\x5c\\xzz\n SUBSYSTEM=acpi\n").unwrap();
        assert_eq!(*r.text, *b"text; more\n\\\\xzz");
        assert_eq!((r.level(), r.facility(), r.time), (6, 3, 5_140_900));
        assert_eq!(parse_record(b"6,1;x"), None);
        assert_eq!(parse_record(b"x,1,2,-;x"), None);
        assert_eq!(parse_record(b""), None);
    }

    #[test]
    fn log_lines() {
        let log = b"<6>[    1.000002] one\nmore\n<12>no time\n<3>[ x] odd\n";
        let list: Vec<_> = parse_log(log).collect();
        assert_eq!(list.len(), 3);
        assert_eq!(*list[0].text, *b"one\nmore");
        assert_eq!(list[0].time, 1_000_002);
        assert_eq!((list[1].level(), list[1].facility()), (4, 1));
        assert_eq!(*list[2].text, *b"[ x] odd");
        assert_eq!(parse_log(b"cut off\n<6>x").count(), 2);
        assert!(has_times_only(b"<6>[    1.000002] one\n<6>x\n"));
        assert!(!has_times_only(b"<6>one\n<6>[    1.000002] two\n"));
        assert!(!has_times_only(b"<6>[    1.000002][    T1] one\n"));
        assert!(!has_times_only(b""));
    }

    #[test]
    fn sets() {
        assert_eq!(levels(b"err,warn"), Some(0b11000));
        assert_eq!(levels(b"err+"), Some(0b1111));
        assert_eq!(levels(b"+err"), Some(0b1111_1000));
        assert_eq!(levels(b"3"), Some(0b1000));
        assert_eq!(levels(b"foo"), None);
        assert_eq!(facilities(b"kern,daemon"), Some(0b1001));
        assert_eq!(level(b"warning"), Some(4));
    }
}
