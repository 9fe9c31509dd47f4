//! Messages of the system log: priorities, what comes in at `/dev/log`, the
//! lines that are kept, and the rules of `/etc/syslog.conf`. syslog(3),
//! RFC 3164, busybox.

use crate::kmsg::{self, FACILITIES, LEVELS};

/// Facility user, level notice: what a message without a priority has.
pub const DEFAULT: u16 = 13;

/// The highest priority: facility local7, level debug.
const HIGHEST: u16 = 23 * 8 + 7;

/// The number of a facility, from 0 on.
fn facility(name: &[u8]) -> Option<u16> {
    let name = name.to_ascii_lowercase();
    if name == b"security" {
        return Some(4);
    }
    if let Some([digit @ b'0'..=b'7']) = name.strip_prefix(b"local") {
        return Some(16 + u16::from(digit - b'0'));
    }
    let at = FACILITIES.iter().position(|known| known.as_bytes() == name)?;
    u16::try_from(at).ok()
}

fn number(text: &[u8]) -> Option<u16> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A priority as `logger -p` takes it: `daemon.err`, `err`, or numbers, of
/// which the one of the facility is eight times its place.
pub fn priority(text: &[u8]) -> Option<u16> {
    let (first, level) = match text.iter().position(|&b| b == b'.') {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => match number(text) {
            Some(whole) => return Some(whole).filter(|&n| n <= HIGHEST),
            None => (&b"user"[..], text),
        },
    };
    let facility = match number(first) {
        Some(number) => number & !7,
        None => facility(first)? * 8,
    };
    let level = match number(level) {
        Some(number) => number & 7,
        None => u16::try_from(kmsg::level(&level.to_ascii_lowercase())?).ok()?,
    };
    Some(facility | level).filter(|&n| n <= HIGHEST)
}

/// `daemon.err`.
pub fn name(priority: u16) -> String {
    let level = LEVELS.get(usize::from(priority & 7)).copied().unwrap_or("?");
    let facility = priority >> 3;
    match FACILITIES.get(usize::from(facility)) {
        Some(name) => format!("{name}.{level}"),
        None if (16..24).contains(&facility) => format!("local{}.{level}", facility - 16),
        None => format!("<{priority}>"),
    }
}

/// A message, and its `<N>` before it taken off.
pub fn split(text: &[u8]) -> (u16, &[u8]) {
    let found = (|| {
        let rest = text.strip_prefix(b"<")?;
        let end = rest.iter().take(6).position(|b| !b.is_ascii_digit())?;
        let (digits, behind) = rest.split_at_checked(end)?;
        Some((number(digits).unwrap_or(0), behind.strip_prefix(b">").unwrap_or(behind)))
    })();
    match found {
        Some((priority, rest)) if priority <= HIGHEST => (priority, rest),
        Some((_, rest)) => (DEFAULT, rest),
        None => (DEFAULT, text),
    }
}

/// How long `Nov 22 07:00:00 ` is.
const STAMP: usize = 16;

/// The time that a message begins with, without the space behind it, and the
/// message.
pub fn split_time(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let at = |place: usize| text.get(place).copied();
    let stamped = at(3) == Some(b' ')
        && at(6) == Some(b' ')
        && at(9) == Some(b':')
        && at(12) == Some(b':')
        && at(15) == Some(b' ');
    match text.split_at_checked(STAMP) {
        Some((time, rest)) if stamped => (time.get(..STAMP - 1), rest),
        _ => (None, text),
    }
}

/// Appends a message with its control bytes made visible (`^[`), so that a log
/// can be read on a terminal; a newline becomes a space.
pub fn clean(out: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        match byte {
            b'\n' => out.push(b' '),
            b'\t' => out.push(byte),
            0..=31 => out.extend_from_slice(&[b'^', byte + b'@']),
            127 => out.extend_from_slice(b"^?"),
            _ => out.push(byte),
        }
    }
}

/// A line of `/etc/syslog.conf`: which messages go to a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Bit N is level N, for each facility.
    levels: [u8; 24],
    /// The file.
    pub file: Vec<u8>,
}

impl Rule {
    /// Whether a message goes there.
    pub fn takes(&self, priority: u16) -> bool {
        let levels = self.levels.get(usize::from(priority >> 3)).copied().unwrap_or(0);
        levels >> (priority & 7) & 1 != 0
    }
}

/// The rules of the text, and the number of a line that is none.
///
/// # Errors
/// The number of the first line that makes no sense, from 1 on.
pub fn rules(text: &[u8]) -> Result<Vec<Rule>, usize> {
    let mut list = Vec::new();
    for (at, line) in text.split(|&b| b == b'\n').enumerate() {
        let line = line.trim_ascii();
        if !line.is_empty() && !line.starts_with(b"#") {
            list.push(rule(line).ok_or(at + 1)?);
        }
    }
    Ok(list)
}

/// `mail,news.=info;*.!err   -/var/log/file`.
fn rule(line: &[u8]) -> Option<Rule> {
    let at = line.iter().position(u8::is_ascii_whitespace)?;
    let (selectors, file) = line.split_at_checked(at)?;
    let file = file.trim_ascii();
    let file = file.strip_prefix(b"-").unwrap_or(file);
    if !file.starts_with(b"/") || file.iter().any(u8::is_ascii_whitespace) {
        return None;
    }
    let mut rule = Rule { levels: [0; 24], file: file.to_vec() };
    for selector in selectors.split(|&b| b == b';').filter(|s| !s.is_empty()) {
        let dot = selector.iter().position(|&b| b == b'.')?;
        let (facilities, level) = (selector.get(..dot)?, selector.get(dot + 1..)?);
        let (without, level) = match level.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, level),
        };
        let (only, level) = match level.strip_prefix(b"=") {
            Some(rest) => (true, rest),
            None => (false, level),
        };
        let mask = match level {
            b"none" => 0,
            b"*" => u8::MAX,
            name => {
                let level = kmsg::level(name)?;
                if only { 1 << level } else { u8::MAX >> (7 - level) }
            }
        };
        for name in facilities.split(|&b| b == b',') {
            let one = if name == b"*" { None } else { Some(facility(name)?) };
            for (number, levels) in rule.levels.iter_mut().enumerate() {
                if one.is_some_and(|one| usize::from(one) != number) {
                    continue;
                }
                match (level, without) {
                    (b"none", _) => *levels = 0,
                    (_, true) => *levels &= !mask,
                    (_, false) => *levels |= mask,
                }
            }
        }
    }
    Some(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities() {
        assert_eq!(priority(b"user.notice"), Some(13));
        assert_eq!(priority(b"err"), Some(11));
        assert_eq!(priority(b"LOCAL7.debug"), Some(191));
        assert_eq!(priority(b"auth.panic"), Some(32));
        assert_eq!(priority(b"security.warning"), Some(36));
        assert_eq!(priority(b"30"), Some(30));
        assert_eq!(priority(b"24.6"), Some(30));
        for bad in [&b""[..], b".", b"user.", b"nobody.err", b"user.x", b"local8.err", b"192"] {
            assert_eq!(priority(bad), None);
        }
        assert_eq!(name(13), "user.notice");
        assert_eq!(name(36), "auth.warn");
        assert_eq!(name(80), "authpriv.emerg");
        assert_eq!(name(191), "local7.debug");
        assert_eq!(name(104), "<104>");
    }

    #[test]
    fn messages() {
        assert_eq!(split(b"<30>x: y"), (30, &b"x: y"[..]));
        assert_eq!(split(b"x"), (13, &b"x"[..]));
        assert_eq!(split(b"<999>x"), (13, &b"x"[..]));
        assert_eq!(split(b"<3x"), (3, &b"x"[..]));
        assert_eq!(split(b"<"), (13, &b"<"[..]));
        let (time, rest) = split_time(b"Nov 22 07:00:00 a: b");
        assert_eq!((time, rest), (Some(&b"Nov 22 07:00:00"[..]), &b"a: b"[..]));
        assert_eq!(split_time(b"a: b"), (None, &b"a: b"[..]));
        let mut out = Vec::new();
        clean(&mut out, b"a\x1b[2J\tb\nc\x7f\xc3\xa9");
        assert_eq!(out, b"a^[[2J\tb c^?\xc3\xa9");
    }

    #[test]
    fn rules_of_a_file() {
        let list = rules(b"# c\n*.info;mail,news.none;cron.!=info  -/all\nkern.=err /k\n").unwrap();
        assert_eq!(list[0].file, b"/all");
        let takes = |at: usize, p: &[u8]| list[at].takes(priority(p).unwrap());
        assert!(takes(0, b"user.info") && takes(0, b"user.emerg") && !takes(0, b"user.debug"));
        assert!(!takes(0, b"mail.err") && !takes(0, b"news.emerg"));
        assert!(!takes(0, b"cron.info") && takes(0, b"cron.notice"));
        assert!(takes(1, b"kern.err") && !takes(1, b"kern.crit") && !takes(1, b"user.err"));
        assert_eq!(rules(b"\n\n*.info"), Err(3));
        for bad in [&b"x.info /f"[..], b"*.x /f", b"*.info relative", b"* /f", b"*.info /a b"] {
            assert_eq!(rules(bad), Err(1));
        }
    }
}
