//! cal: print calendars. POSIX, with busybox's `-m` and util-linux's options.
//!
//! The Gregorian calendar begins on 14 September 1752, as in Great Britain.
//! Deviation: lines have no blanks at their end.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::civil::Civil;
use crate::date::MONTHS;
use crate::options;
use crate::sys::{clock, terminal};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "cal",
    summary: "print calendars",
    usage: "[-13jmswyY] [-n N] [-A N] [-B N] [[[DAY] MONTH] YEAR]\n\
            \x20 -1, -3   one month; the one before and the one after it too\n\
            \x20 -n N     N months; -A, -B N: N months after, before as well\n\
            \x20 -y, -Y   the whole year; the twelve months from this on\n\
            \x20 -m, -s   weeks begin on Monday, on Sunday (default)\n\
            \x20 -j       days of the year\n\
            \x20 -w       numbers of weeks",
    kind: Kind::NoFork, // only prints
    run,
};

/// Blanks between months that stand side by side.
const GAP: usize = 2;

/// The days of a month, week by week; 0 where there is none.
type Weeks = [[u32; 7]; 6];

/// How months are drawn.
struct Style {
    monday: bool,
    julian: bool,
    weeks: bool,
    /// Shown in reverse: year, month, day.
    today: Option<(i64, u32, u32)>,
}

impl Style {
    /// Columns of a month.
    fn width(&self) -> usize {
        let day = if self.julian { 4 } else { 3 };
        day * 7 - 1 + if self.weeks { 3 } else { 0 }
    }

    fn months_a_line(&self) -> usize {
        if self.julian { 2 } else { 3 }
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "1,one 3,three n:months A: B: s,sunday m,monday j,julian y,year Y,twelve w?week S,span",
    )?;
    let now = i64::try_from(clock::now().as_secs()).unwrap_or(0);
    let now = Civil::of(now, clock::zone_offset(now));
    let mut style = Style { monday: false, julian: false, weeks: false, today: None };
    if terminal::is_terminal(cx.stdout) && cx.env.get(b"NO_COLOR").is_none() {
        style.today = Some((now.year, now.month, now.day));
    }
    let (mut count, mut before, mut after, mut whole, mut span) = (None, 0, 0, false, false);
    while let Some(letter) = options.next() {
        match letter {
            b'1' => count = Some(1),
            b'3' => (before, after) = (1, 1),
            b'n' => count = Some(options.number("not a number of months")?.clamp(1, 120_000)),
            b'A' => after = options.number("not a number of months")?.min(120_000),
            b'B' => before = options.number("not a number of months")?.min(120_000),
            b's' => style.monday = false,
            b'm' => style.monday = true,
            b'j' => style.julian = true,
            b'y' => whole = true,
            b'Y' => count = Some(12),
            b'S' => span = true,
            _ => style.weeks = true,
        }
    }
    let (mut year, mut month) = (now.year, now.month);
    let mut named = true;
    match options.operands.as_slice() {
        [] => {}
        [only] => match month_of(only) {
            Some(found) if in_range(only, 1, 9999).is_err() => month = found,
            _ => {
                year = i64::from(in_range(only, 1, 9999)?);
                named = count.is_some() || before + after > 0;
                if named && year != now.year {
                    month = 1;
                }
            }
        },
        [first, last] => {
            month = month_of(first).map_or_else(|| in_range(first, 1, 12), Ok)?;
            year = i64::from(in_range(last, 1, 9999)?);
        }
        [first, second, last] => {
            month = month_of(second).map_or_else(|| in_range(second, 1, 12), Ok)?;
            year = i64::from(in_range(last, 1, 9999)?);
            let most = (28..=31).rev().find(|&d| exists(year, month, d)).unwrap_or(31);
            let day = in_range(first, 1, most)?;
            style.today = style.today.map(|_| (year, month, day));
        }
        _ => options.at_most(3).map_err(|e| e.with(Status::FAILURE))?,
    }
    let mut out = Vec::new();
    if whole || !named {
        year_page(&style, year, &mut out);
        cx.put(&out)?;
        return Ok(Status::OK);
    }
    let mut count = count.unwrap_or(1);
    if span {
        before += count / 2;
        count -= count / 2;
    }
    let total = count.saturating_add(before).saturating_add(after);
    let signed = |n: u64| i64::try_from(n).unwrap_or(0);
    let mut at = year * 12 + i64::from(month) - 1 - signed(before);
    let mut left = usize::try_from(total).unwrap_or(1);
    while left > 0 {
        let many = left.min(style.months_a_line());
        let mut list = Vec::new();
        for _ in 0..many {
            let month = u32::try_from(at.rem_euclid(12)).unwrap_or(0) + 1;
            list.push((at.div_euclid(12), month));
            at += 1;
        }
        let alone = total == 1;
        side_by_side(&style, &list, Head::Dated { alone }, &mut out);
        cx.put(&out)?;
        out.clear();
        left -= many;
    }
    Ok(Status::OK)
}

/// A month by its number or the start of its name.
fn month_of(word: &OsStr) -> Option<u32> {
    let bytes = word.as_bytes();
    if bytes.len() < 3 {
        return None;
    }
    let mut number = 0;
    for name in MONTHS {
        number += 1;
        let start = name.as_bytes().get(..bytes.len());
        if start.is_some_and(|start| start.eq_ignore_ascii_case(bytes)) {
            return Some(number);
        }
    }
    None
}

fn in_range(word: &OsStr, least: u32, most: u32) -> Result<u32, Error> {
    let number = word.to_str().and_then(|text| text.parse::<u32>().ok());
    let number = number.ok_or_else(|| Error::about(show(word), "not a number"))?;
    options::in_range(number.into(), least.into(), most.into()).map(|_| number)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year <= 1752 || year % 100 != 0 || year % 400 == 0)
}

/// How many days of the year come before the month.
fn days_before(year: i64, month: u32) -> u32 {
    const BEFORE: [u32; 13] = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let days = usize::try_from(month).ok().and_then(|at| BEFORE.get(at));
    days.copied().unwrap_or(365) + u32::from(month > 2 && is_leap(year))
}

/// Whether the day is one of the calendar: eleven of 1752 are not.
fn exists(year: i64, month: u32, day: u32) -> bool {
    let length = match month {
        12 => 31,
        _ => days_before(year, month + 1) - days_before(year, month),
    };
    (1..=length).contains(&day) && !(year == 1752 && month == 9 && (3..14).contains(&day))
}

/// Days since Saturday, 1 January of the year 1.
fn day_number(year: i64, month: u32, day: u32) -> i64 {
    let past = year - 1;
    let mut days = past * 365 + past / 4;
    if past > 1752 {
        days -= past / 100 - past / 400 - 13;
    }
    days += i64::from(days_before(year, month)) + i64::from(day) - 1;
    if (year, month, day) >= (1752, 9, 14) {
        days -= 11;
    }
    days
}

/// 0 for Sunday.
fn weekday(year: i64, month: u32, day: u32) -> i64 {
    (day_number(year, month, day) + 6).rem_euclid(7)
}

fn weeks_of(style: &Style, year: i64, month: u32) -> Weeks {
    let mut weeks = Weeks::default();
    if year < 1 {
        return weeks;
    }
    let shift = if style.monday { 6 } else { 0 };
    let mut at = usize::try_from((weekday(year, month, 1) + shift) % 7).unwrap_or(0);
    for day in 1..=31 {
        if exists(year, month, day) {
            if let Some(slot) = weeks.get_mut(at / 7).and_then(|week| week.get_mut(at % 7)) {
                *slot = day;
            }
            at += 1;
        }
    }
    weeks
}

/// The number of the week that the day is in: the first has the year's first
/// day, or for weeks that begin on Monday its first Thursday (ISO 8601).
fn week_number(style: &Style, year: i64, month: u32, day: u32) -> i64 {
    let number = day_number(year, month, day);
    let of_year = |year: i64| {
        let first = day_number(year, 1, 1);
        let at = (first + 6).rem_euclid(7);
        if style.monday {
            let at = (at + 6) % 7;
            first - at + if at > 3 { 7 } else { 0 }
        } else {
            first - at
        }
    };
    let mut start = of_year(year);
    if number < start {
        start = of_year(year - 1);
    } else if style.monday && number >= of_year(year + 1) {
        start = of_year(year + 1);
    }
    (number - start) / 7 + 1
}

/// What stands above a month.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Head {
    /// Its name.
    Name,
    /// Its name and the year; alone on its lines or beside others.
    Dated { alone: bool },
}

fn year_page(style: &Style, year: i64, out: &mut Vec<u8>) {
    let many = style.months_a_line();
    let width = style.width() * many + GAP * (many - 1);
    centered(out, year.to_string().as_bytes(), width, 0);
    out.extend_from_slice(b"\n\n");
    let list: Vec<(i64, u32)> = (1..=12).map(|month| (year, month)).collect();
    for row in list.chunks(many) {
        side_by_side(style, row, Head::Name, out);
    }
}

fn centered(out: &mut Vec<u8>, text: &[u8], width: usize, behind: usize) {
    let free = width.saturating_sub(text.len());
    out.resize(out.len() + free / 2, b' ');
    out.extend_from_slice(text);
    out.resize(out.len() + free - free / 2 + behind, b' ');
}

/// A row of months.
fn side_by_side(style: &Style, list: &[(i64, u32)], head: Head, out: &mut Vec<u8>) {
    let width = style.width();
    let alone = head == Head::Dated { alone: true };
    for (i, &(year, month)) in list.iter().enumerate() {
        let name = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at)).unwrap_or(&"");
        let text = if head == Head::Name { name.to_string() } else { format!("{name} {year}") };
        let last = i + 1 == list.len();
        if alone {
            out.resize(out.len() + width.saturating_sub(text.len()) / 2, b' ');
            out.extend_from_slice(text.as_bytes());
        } else {
            centered(out, text.as_bytes(), width, if last { 0 } else { GAP });
        }
    }
    out.push(b'\n');
    let day = if style.julian { 4 } else { 3 };
    for i in 0..list.len() {
        if i > 0 {
            out.resize(out.len() + GAP, b' ');
        }
        let start = out.len();
        if style.weeks {
            out.extend_from_slice(b"   ");
        }
        const NAMES: [&str; 8] = ["Su", "Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
        for name in NAMES.iter().skip(usize::from(style.monday)).take(7) {
            out.resize(out.len() + day - 2, b' ');
            out.extend_from_slice(name.as_bytes());
        }
        // the first column has no blank before it
        out.remove(start);
    }
    out.push(b'\n');
    let months: Vec<Weeks> = list.iter().map(|&(y, m)| weeks_of(style, y, m)).collect();
    for row in 0..6 {
        let line = out.len();
        let mut empty = true;
        for (i, (weeks, &(year, month))) in months.iter().zip(list).enumerate() {
            if i > 0 {
                out.resize(out.len() + GAP, b' ');
            }
            let Some(week) = weeks.get(row) else { continue };
            let start = out.len();
            if style.weeks {
                match week.iter().find(|&&day| day > 0) {
                    Some(&day) => {
                        let number = week_number(style, year, month, day);
                        out.extend_from_slice(format!("{number:3}").as_bytes());
                    }
                    None => out.extend_from_slice(b"   "),
                }
            }
            for &number in week {
                let of_year = days_before(year, month) + number;
                let shown = if style.julian { of_year } else { number };
                empty &= number == 0;
                let text = if number == 0 { String::new() } else { shown.to_string() };
                out.resize(out.len() + day - text.len(), b' ');
                if number > 0 && style.today == Some((year, month, number)) {
                    out.extend_from_slice(b"\x1b[7m");
                    out.extend_from_slice(text.as_bytes());
                    out.extend_from_slice(b"\x1b[0m");
                } else {
                    out.extend_from_slice(text.as_bytes());
                }
            }
            out.remove(start);
        }
        if empty {
            // as busybox leaves it
            out.truncate(line);
            out.resize(line + if head == Head::Name { 79 } else { width + 1 }, b' ');
        } else {
            while out.ends_with(b" ") {
                out.pop();
            }
        }
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_week() {
        assert_eq!(weekday(1, 1, 1), 6);
        assert_eq!(weekday(1752, 9, 2), 3);
        assert_eq!(weekday(1752, 9, 14), 4);
        assert_eq!(weekday(1970, 1, 1), 4);
        assert_eq!(weekday(2000, 2, 29), 2);
        assert_eq!(weekday(9999, 12, 31), 5);
    }

    #[test]
    fn numbers_of_weeks() {
        let style = |monday| Style { monday, julian: false, weeks: true, today: None };
        assert_eq!(week_number(&style(true), 2021, 1, 3), 53);
        assert_eq!(week_number(&style(true), 2018, 12, 31), 1);
        assert_eq!(week_number(&style(true), 2026, 11, 22), 47);
        assert_eq!(week_number(&style(false), 2026, 1, 1), 1);
        assert_eq!(week_number(&style(false), 2026, 1, 4), 2);
    }
}
