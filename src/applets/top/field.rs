//! The columns of top: their names, heads and what stands in them.

use super::{Entry, Top};
use crate::applet::{Error, show_bytes};
use crate::applets::ps::column::{Column, Key, Shape};
use crate::size;

/// A column.
pub(super) enum Field {
    Share,
    Memory,
    Ticks,
    Virtual,
    Resident,
    Shared,
    Priority,
    User,
    Pid,
    Command,
    /// One of ps.
    Other(Column),
}

impl Field {
    /// procps's names, and those of ps. The program name is `CMD`.
    pub(super) fn named(name: &[u8]) -> Result<Field, Error> {
        Ok(match name.to_ascii_uppercase().as_slice() {
            b"%CPU" | b"CPU" => Field::Share,
            b"%MEM" | b"MEM" => Field::Memory,
            b"TIME+" | b"TIME" => Field::Ticks,
            b"VIRT" | b"VSZ" => Field::Virtual,
            b"RES" | b"RSS" => Field::Resident,
            b"SHR" => Field::Shared,
            b"PR" => Field::Priority,
            b"USER" => Field::User,
            b"PID" => Field::Pid,
            b"COMMAND" => Field::Command,
            other => {
                let other: &[u8] = match other {
                    b"NTH" => b"nlwp",
                    b"P" => b"psr",
                    other => other,
                };
                let column = Column::parse_list(other).ok().filter(|list| list.len() == 1);
                let column = column.and_then(|mut list| list.pop());
                let shown = || Error::bad(show_bytes(name), "no such field");
                Field::Other(column.ok_or_else(shown)?)
            }
        })
    }

    pub(super) fn list(names: &[u8]) -> Result<Vec<Field>, Error> {
        names.split(|&b| b == b',').filter(|name| !name.is_empty()).map(Field::named).collect()
    }

    /// What stands above it, and its width.
    pub(super) fn head(&self, pid_width: usize) -> (&str, usize, Shape) {
        match self {
            Field::Share => ("%CPU", 5, Shape::Right),
            Field::Memory => ("%MEM", 5, Shape::Right),
            Field::Ticks => ("TIME+", 9, Shape::Right),
            Field::Virtual => ("VIRT", 7, Shape::Right),
            Field::Resident => ("RES", 6, Shape::Right),
            Field::Shared => ("SHR", 6, Shape::Right),
            Field::Priority => ("PR", 3, Shape::Right),
            Field::User => ("USER", 8, Shape::Left),
            Field::Pid => ("PID", pid_width, Shape::Right),
            Field::Command => ("COMMAND", 27, Shape::Command),
            Field::Other(column) => (&column.head, column.width, column.shape),
        }
    }
}

/// The cells of a line, each in its width; what is last is not filled up.
pub(super) fn line_of(cells: &[(String, usize, Shape)]) -> String {
    let mut line = String::new();
    for (at, (text, width, shape)) in cells.iter().enumerate() {
        if at > 0 {
            line.push(' ');
        }
        match shape {
            Shape::Right => line.push_str(&format!("{text:>width$}")),
            _ if at + 1 == cells.len() => line.push_str(text),
            _ => line.push_str(&format!("{text:<width$.width$}")),
        }
    }
    line
}

/// A field to sort by, with `sign` from the smallest on.
pub(super) fn sorting(word: &[u8], sign: u8) -> Result<(Field, bool), Error> {
    match word.split_first() {
        Some((&first, name)) if first == sign => Ok((Field::named(name)?, true)),
        Some((b'+', name)) => Ok((Field::named(name)?, false)),
        _ => Ok((Field::named(word)?, false)),
    }
}

/// Tenths as text.
pub(super) fn tenths(n: u64) -> String {
    format!("{}.{}", n / 10, n % 10)
}

/// Kilobytes in at most `width` characters.
fn scaled(kilobytes: u64, width: u32) -> String {
    if kilobytes < 10u64.pow(width) {
        return kilobytes.to_string();
    }
    let mut tenths_of = kilobytes.saturating_mul(10) / 1024;
    let mut units = "mgtpe".chars();
    let mut unit = units.next().unwrap_or('m');
    while tenths_of >= 10u64.pow(width - 2) {
        tenths_of = (tenths_of + 512) / 1024;
        unit = units.next().unwrap_or('e');
    }
    format!("{}{unit}", tenths(tenths_of))
}

/// Kilobytes in a unit: `k` is a number, others have tenths.
pub(super) fn in_unit(kilobytes: u64, unit: u8) -> String {
    let powers = b"kmgtpe".iter().position(|&b| b == unit).unwrap_or(0);
    match u32::try_from(powers) {
        Ok(powers @ 1..) => tenths(kilobytes.saturating_mul(10) / 1024u64.pow(powers)),
        _ => kilobytes.to_string(),
    }
}

/// `12:34.56`, or shorter with hours.
fn time(ticks: u64, hz: u64) -> String {
    let hundredths = ticks.saturating_mul(100) / hz.max(1);
    let (seconds, part) = (hundredths / 100, hundredths % 100);
    if seconds / 60 < 10_000 {
        return format!("{}:{:02}.{part:02}", seconds / 60, seconds % 60);
    }
    format!("{},{:02}", seconds / 3600, seconds / 60 % 60)
}

/// Pages that it shares with others.
fn shared(entry: &Entry) -> u64 {
    let statm = crate::sys::file::read(entry.process.folder.join("statm")).unwrap_or_default();
    statm.split(|b| *b == b' ').nth(2).and_then(size::count).unwrap_or(0)
}

impl Top {
    /// What to sort by.
    pub(super) fn key(&mut self, field: &Field, entry: &Entry) -> Key {
        let stat = &entry.process.stat;
        let number = |n: u64| Key::Number(i64::try_from(n).unwrap_or(i64::MAX));
        match field {
            Field::Share => number(entry.share),
            Field::Memory | Field::Resident => number(stat.rss),
            Field::Ticks => number(entry.ticks),
            Field::Virtual => number(stat.vsize),
            Field::Shared => number(shared(entry)),
            Field::Priority => Key::Number(stat.priority),
            Field::Pid => number(entry.process.lwp.into()),
            Field::User | Field::Command => Key::Text(self.cell(field, entry)),
            Field::Other(column) => column.key(&entry.process, &self.system, &mut self.users),
        }
    }

    /// What stands in a column.
    pub(super) fn cell(&mut self, field: &Field, entry: &Entry) -> String {
        let stat = &entry.process.stat;
        let page = self.system.page / 1024;
        let unit = self.unit;
        let memory = |kilobytes: u64, width: u32| match unit {
            0 | b'k' => scaled(kilobytes, width),
            unit => format!("{}{}", in_unit(kilobytes, unit), char::from(unit)),
        };
        let resident = stat.rss.saturating_mul(page);
        match field {
            Field::Share => {
                let share = entry.share.min(99_999);
                if share < 10_000 { tenths(share) } else { (share / 10).to_string() }
            }
            Field::Memory => tenths(resident.saturating_mul(1000) / self.system.memory.max(1)),
            Field::Ticks => time(entry.ticks, self.system.ticks),
            Field::Virtual => memory(stat.vsize / 1024, 7),
            Field::Resident => memory(resident, 6),
            Field::Shared => memory(shared(entry).saturating_mul(page), 6),
            Field::Priority if stat.priority < -99 => "rt".to_string(),
            Field::Priority => stat.priority.to_string(),
            Field::User => {
                let user = show_bytes(self.users.name_of(entry.process.euid)).to_string();
                match user.char_indices().nth(8) {
                    Some(_) => user.chars().take(7).chain(['+']).collect(),
                    None => user,
                }
            }
            Field::Pid => entry.process.lwp.to_string(),
            Field::Command => self.command(entry),
            Field::Other(column) => column.text(&entry.process, &self.system, &mut self.users),
        }
    }

    fn command(&self, entry: &Entry) -> String {
        let stat = &entry.process.stat;
        let arguments = &entry.process.arguments;
        if self.commands && !arguments.is_empty() {
            let end = arguments.len().min(512);
            let text = arguments.get(..end).unwrap_or_default().to_vec();
            let text: Vec<u8> = text.iter().map(|b| if *b == 0 { b' ' } else { *b }).collect();
            show_bytes(text.trim_ascii_end()).to_string()
        } else if self.commands {
            format!("[{}]", show_bytes(&stat.comm))
        } else {
            show_bytes(&stat.comm).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_fit() {
        assert_eq!(scaled(999_999, 6), "999999");
        assert_eq!(scaled(1_234_567, 6), "1.2g");
        assert_eq!(scaled(123_456_789, 6), "117.7g");
        assert_eq!(tenths(123), "12.3");
        assert_eq!(in_unit(43_612, b'm'), "42.5");
        assert_eq!(in_unit(43_612, b'k'), "43612");
        assert_eq!(time(123_456, 100), "20:34.56");
        assert_eq!(time(100 * 60 * 20_000, 100), "333,20");
    }
}
