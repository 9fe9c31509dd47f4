//! Messages of the kernel: records of `/dev/kmsg` and lines of syslog(2).
//!
//! Documentation/ABI/testing/dev-kmsg: `PRI,SEQ,USEC,FLAGS[,...];TEXT\n` and
//! then lines ` KEY=VALUE`; bytes that are not printable are `\xNN`.

/// Names of the levels, 0 to 7.
pub const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];

/// Names of the facilities that have one.
pub const FACILITIES: [&str; 12] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp",
];

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Level (0 to 7) and 8 times the facility.
    pub priority: u32,
    /// Microseconds since the machine started.
    pub time: u64,
    /// The text, without a newline at its end.
    pub text: Vec<u8>,
}

impl Record {
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
pub fn parse_record(bytes: &[u8]) -> Option<Record> {
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
pub fn parse_log(log: &[u8]) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for line in log.split(|&b| b == b'\n') {
        match parse_line(line) {
            Some(record) => records.push(record),
            None if line.is_empty() => {}
            None => match records.last_mut() {
                Some(last) => {
                    last.text.push(b'\n');
                    last.text.extend_from_slice(line);
                }
                None => records.push(Record { priority: 6, time: 0, text: line.to_vec() }),
            },
        }
    }
    records
}

fn parse_line(line: &[u8]) -> Option<Record> {
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
    Some(Record { priority, time, text: text.to_vec() })
}

/// Undoes the kernel's `\xNN`.
fn unmangle(text: &[u8]) -> Vec<u8> {
    if memchr::memchr(b'\\', text).is_none() {
        return text.to_vec();
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
    out
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
        assert_eq!(r.text, b"text; more\n\\\\xzz");
        assert_eq!((r.level(), r.facility(), r.time), (6, 3, 5_140_900));
        assert_eq!(parse_record(b"6,1;x"), None);
        assert_eq!(parse_record(b"x,1,2,-;x"), None);
        assert_eq!(parse_record(b""), None);
    }

    #[test]
    fn log_lines() {
        let log = b"<6>[    1.000002] one\nmore\n<12>no time\n<3>[ x] odd\n";
        let list = parse_log(log);
        assert_eq!(list.len(), 3);
        assert_eq!(list[0].text, b"one\nmore");
        assert_eq!(list[0].time, 1_000_002);
        assert_eq!((list[1].level(), list[1].facility()), (4, 1));
        assert_eq!(list[2].text, b"[ x] odd");
        assert_eq!(parse_log(b"cut off\n<6>x").len(), 2);
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
