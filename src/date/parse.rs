//! Dates in words and digits: the forms of GNU's `date -d` and of busybox's.
//!
//! `@SECONDS`; `YYYY-MM-DD`, `YYYY/MM/DD`, `MM/DD[/YYYY]`, `YYYYMMDD`,
//! `1 Feb 2009`, `Feb 1, 2009`, `1-Feb-2009`; `hh:mm[:ss[.frac]]`, `T` between
//! the two, am and pm, zones (`Z`, `UTC`, `EST`, `+01:30`); names of weekdays;
//! `now`, `today`, `yesterday`, `tomorrow`, `3 days ago`, `next month`,
//! `last week`; busybox's `YYYY.MM.DD-hh:mm` and `[[[[[YY]YY]MM]DD]hh]mm[.ss]`.

use crate::civil::Civil;
use crate::sys::clock::Local;

const MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];
const WEEKDAYS: [&[u8]; 7] =
    [b"sunday", b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday"];

/// Units of relative times: which of the six numbers they count in, and how
/// many of it they are.
const UNITS: [(&[u8], usize, i64); 10] = [
    (b"year", 0, 1),
    (b"month", 1, 1),
    (b"fortnight", 2, 14),
    (b"week", 2, 7),
    (b"day", 2, 1),
    (b"hour", 3, 1),
    (b"minute", 4, 1),
    (b"min", 4, 1),
    (b"second", 5, 1),
    (b"sec", 5, 1),
];

/// Zones by name, in hours east of UTC.
const ZONES: [(&[u8], i64); 17] = [
    (b"utc", 0),
    (b"gmt", 0),
    (b"ut", 0),
    (b"z", 0),
    (b"wet", 0),
    (b"west", 1),
    (b"bst", 1),
    (b"cet", 1),
    (b"cest", 2),
    (b"eet", 2),
    (b"eest", 3),
    (b"est", -5),
    (b"edt", -4),
    (b"cst", -6),
    (b"mst", -7),
    (b"pst", -8),
    (b"pdt", -7),
];

const ORDINALS: [(&[u8], i64); 13] = [
    (b"last", -1),
    (b"this", 0),
    (b"next", 1),
    (b"first", 1),
    (b"third", 3),
    (b"fourth", 4),
    (b"fifth", 5),
    (b"sixth", 6),
    (b"seventh", 7),
    (b"eighth", 8),
    (b"ninth", 9),
    (b"tenth", 10),
    (b"eleventh", 11),
];

/// Where the year is in a row of digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `[[CC]YY]MMDDhhmm[.ss]`, as `touch -t` has it.
    YearFirst,
    /// `MMDDhhmm[[CC]YY][.ss]`, as date(1) has it to set the clock.
    YearLast,
}

/// The numbers of a row of eight, ten or twelve digits with `.ss` behind it.
/// Without a year it is `year`; 69 to 99 are of the twentieth century (POSIX).
pub fn parse_digits(text: &[u8], year: i64, order: Order) -> Option<Local> {
    let mut split = text.splitn(2, |&b| b == b'.');
    let digits = split.next()?;
    let mut local: Local = [year, 0, 0, 0, 0, 0];
    if let Some(seconds) = split.next() {
        if seconds.len() != 2 {
            return None;
        }
        *local.get_mut(5)? = decimal(seconds)?;
    }
    let count = digits.len().checked_sub(8)?;
    if !matches!(count, 0 | 2 | 4) {
        return None;
    }
    let (years, rest) = match order {
        Order::YearFirst => digits.split_at(count),
        Order::YearLast => {
            let (rest, years) = digits.split_at(8);
            (years, rest)
        }
    };
    if count > 0 {
        *local.get_mut(0)? = full_year(decimal(years)?, count);
    }
    for (place, pair) in local.iter_mut().skip(1).zip(rest.chunks(2)) {
        *place = decimal(pair)?;
    }
    is_date(&local).then_some(local)
}

/// A year of so many digits.
fn full_year(year: i64, digits: usize) -> i64 {
    match year {
        _ if digits > 2 => year,
        69.. => year + 1900,
        _ => year + 2000,
    }
}

fn decimal(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter()
        .try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b.wrapping_sub(b'0'))))
}

/// Whether there is such a day and such a time of the day.
fn is_date(local: &Local) -> bool {
    let [year, month, day, hour, minute, second] = *local;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    // A minute may have a leap second; who counts in POSIX's way takes it for
    // the next minute's first.
    (1..=days).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second)
}

/// What was found in the text.
struct Found {
    local: Local,
    nanos: u32,
    date: bool,
    time: bool,
    weekday: Option<(i64, i64)>,
    zone: Option<i64>,
    relative: Local,
    any_relative: bool,
}

/// The point of time that `text` names: seconds after 1970 and nanoseconds.
/// `now` is the local time, `nanos` its part of a second, `seconds_of` tells
/// what a local time is in seconds. Nothing when the text is no date.
pub fn parse(
    text: &[u8],
    now: &Civil,
    nanos: u32,
    seconds_of: &dyn Fn(&Local) -> Option<i64>,
) -> Option<(i64, u32)> {
    let text = text.trim_ascii();
    if let Some(number) = text.strip_prefix(b"@") {
        return of_number(number);
    }
    let today: Local = [
        now.year,
        i64::from(now.month),
        i64::from(now.day),
        i64::from(now.hour),
        i64::from(now.minute),
        i64::from(now.second),
    ];
    if let Some(local) = busybox_digits(text, &today) {
        return Some((seconds_of(&local)?, 0));
    }
    let mut found = Found {
        local: today,
        nanos,
        date: false,
        time: false,
        weekday: None,
        zone: None,
        relative: [0; 6],
        any_relative: false,
    };
    let lower = text.to_ascii_lowercase();
    let mut rest = lower.as_slice();
    while !rest.is_empty() {
        rest = word(rest, &mut found)?;
    }
    resolve(&found, i64::from(now.weekday), seconds_of)
}

/// `SECONDS[.FRACTION]`, with a sign.
fn of_number(text: &[u8]) -> Option<(i64, u32)> {
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let mut split = digits.splitn(2, |&b| b == b'.' || b == b',');
    let whole = decimal(split.next()?)?;
    let nanos = match split.next() {
        Some(part) => fraction(part)?,
        None => 0,
    };
    Some(match (negative, nanos) {
        (false, _) => (whole, nanos),
        (true, 0) => (-whole, 0),
        (true, _) => (-whole - 1, 1_000_000_000 - nanos),
    })
}

/// Digits behind a point as nanoseconds.
fn fraction(text: &[u8]) -> Option<u32> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = text.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    Some(digits.fold(0, |n, b| n * 10 + u32::from(b.wrapping_sub(b'0'))))
}

/// busybox's forms in which GNU reads nothing or the year 102:
/// `[[[[YY]YY]MM]DD]hhmm[.ss]` and `[YYYY.]MM.DD-hh:mm[:ss]`; of twelve digits
/// POSIX's order too.
fn busybox_digits(text: &[u8], today: &Local) -> Option<Local> {
    let plain = text.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    let year = *today.first()?;
    if plain {
        let digits = text.split(|&b| b == b'.').next()?.len();
        return match digits {
            8 | 10 => parse_digits(text, year, Order::YearFirst)
                .or_else(|| parse_digits(text, year, Order::YearLast)),
            12 => parse_digits(text, year, Order::YearLast)
                .filter(|local| (1900..2400).contains(local.first().unwrap_or(&0)))
                .or_else(|| parse_digits(text, year, Order::YearFirst)),
            4 if text.contains(&b'.') => {
                let day = format!("{:02}{:02}", today.get(1)?, today.get(2)?);
                let all = [day.as_bytes(), text].concat();
                parse_digits(&all, year, Order::YearFirst)
            }
            _ => None,
        };
    }
    let dash = text.iter().position(|&b| b == b'-')?;
    let (date, time) = text.split_at(dash);
    let time = time.get(1..)?;
    if !date.contains(&b'.') {
        return None;
    }
    let numbers: Vec<&[u8]> = date.split(|&b| b == b'.').collect();
    let mut local = *today;
    let (years, month, day) = match numbers.as_slice() {
        [y, m, d] => (Some(decimal(y)?), decimal(m)?, decimal(d)?),
        [m, d] => (None, decimal(m)?, decimal(d)?),
        _ => return None,
    };
    let [y, m, d, h, min, s] = &mut local;
    (*y, *m, *d) = (years.unwrap_or(*y), month, day);
    let clock: Vec<&[u8]> = time.split(|&b| b == b':').collect();
    (*h, *min, *s) = match clock.as_slice() {
        [hours, minutes] => (decimal(hours)?, decimal(minutes)?, 0),
        [hours, minutes, seconds] => (decimal(hours)?, decimal(minutes)?, decimal(seconds)?),
        _ => return None,
    };
    is_date(&local).then_some(local)
}

/// The digits that `text` starts with, and what is behind them.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|b| b.is_ascii_digit()).count())
}

/// The letters that `text` starts with, and what is behind them.
fn letters(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|b| b.is_ascii_alphabetic()).count())
}

/// Its place in a list, by the whole name or three letters of it at least.
fn place(list: &[&[u8]], word: &[u8]) -> Option<i64> {
    let at = list.iter().position(|name| word.len() >= 3 && name.starts_with(word));
    // "tues", "wednes", "thurs" are prefixes; "sept" is as well.
    i64::try_from(at?).ok()
}

fn unit(word: &[u8]) -> Option<(usize, i64)> {
    let one = word.strip_suffix(b"s").unwrap_or(word);
    UNITS.iter().find(|(name, ..)| *name == one || *name == word).map(|(_, at, n)| (*at, *n))
}

impl Found {
    fn add(&mut self, at: usize, count: i64) -> Option<()> {
        let place = self.relative.get_mut(at)?;
        *place = place.checked_add(count)?;
        self.any_relative = true;
        Some(())
    }

    fn set_date(&mut self, year: Option<i64>, month: i64, day: i64) -> Option<()> {
        if self.date {
            return None;
        }
        self.date = true;
        let [y, m, d, ..] = &mut self.local;
        (*y, *m, *d) = (year.unwrap_or(*y), month, day);
        Some(())
    }

    fn set_time(&mut self, hour: i64, minute: i64, second: i64, nanos: u32) -> Option<()> {
        if self.time {
            return None;
        }
        self.time = true;
        self.nanos = nanos;
        let [.., h, m, s] = &mut self.local;
        (*h, *m, *s) = (hour, minute, second);
        Some(())
    }
}

/// Reads one item; what is behind it.
fn word<'t>(text: &'t [u8], found: &mut Found) -> Option<&'t [u8]> {
    let (&first, behind) = text.split_first()?;
    match first {
        b' ' | b'\t' | b'\n' | b',' => Some(behind),
        b'(' => {
            let end = behind.iter().position(|&b| b == b')')?;
            behind.get(end + 1..)
        }
        b'0'..=b'9' => number(text, found),
        b'+' | b'-' => signed(first, behind, found),
        b'a'..=b'z' => name(text, found),
        _ => None,
    }
}

/// A sign: a relative time. (A zone is read with the time before it.)
fn signed<'t>(sign: u8, text: &'t [u8], found: &mut Found) -> Option<&'t [u8]> {
    let (count, behind) = digits(text.trim_ascii_start());
    let count = decimal(count)?;
    let count = if sign == b'-' { -count } else { count };
    let (word, behind) = letters(behind.trim_ascii_start());
    relative(count, word, behind, found)
}

/// So many of a unit, with "ago" behind it.
fn relative<'t>(count: i64, word: &[u8], behind: &'t [u8], found: &mut Found) -> Option<&'t [u8]> {
    let (at, each) = unit(word)?;
    let mut total = count.checked_mul(each)?;
    let (ago, later) = letters(behind.trim_ascii_start());
    let behind = if ago == b"ago" {
        total = -total;
        later
    } else {
        behind
    };
    found.add(at, total)?;
    Some(behind)
}

fn number<'t>(text: &'t [u8], found: &mut Found) -> Option<&'t [u8]> {
    let (head, behind) = digits(text);
    let value = decimal(head)?;
    match behind.first() {
        Some(b':') => return time_of_day(value, behind, found),
        Some(&mark @ (b'-' | b'/')) => {
            let after = behind.get(1..)?;
            if after.first().is_some_and(u8::is_ascii_digit) {
                return date(head, mark, after, found);
            }
            // 1-Feb-2009
            let (month, behind) = letters(after);
            let month = place(&MONTHS, month)? + 1;
            let (year, behind) = digits(behind.strip_prefix(b"-")?);
            found.set_date(Some(full_year(decimal(year)?, year.len())), month, value)?;
            return Some(behind);
        }
        _ => {}
    }
    let (word, after) = letters(behind.trim_ascii_start());
    if matches!(word, b"am" | b"pm" | b"a" | b"p") && head.len() <= 2 {
        found.set_time(half_day(value, word)?, 0, 0, 0)?;
        return Some(after);
    }
    if unit(word).is_some() {
        return relative(value, word, after, found);
    }
    if let Some(month) = place(&MONTHS, word) {
        // 1 Feb [2009]
        found.set_date(None, month + 1, value)?;
        return Some(year_behind(after, true, found));
    }
    match head.len() {
        // The hour behind YYYYMMDDT.
        1 | 2 if !found.time => found.set_time(value, 0, 0, 0)?,
        4 if !found.time => found.set_time(value / 100, value % 100, 0, 0)?,
        4 if found.date => *found.local.first_mut()? = value,
        6 if found.date => found.set_time(value / 10000, value / 100 % 100, value % 100, 0)?,
        8 => found.set_date(Some(value / 10000), value / 100 % 100, value % 100)?,
        _ => return None,
    }
    // The T of 20090207T0905
    if head.len() == 8 && word == b"t" {
        return Some(after);
    }
    Some(behind)
}

/// A year that stands behind day and month, the day before the month or not;
/// what is behind it.
fn year_behind<'t>(text: &'t [u8], day_first: bool, found: &mut Found) -> &'t [u8] {
    let start = text.iter().take_while(|b| matches!(b, b' ' | b',' | b'\t' | b'-')).count();
    let (year, behind) = digits(text.get(start..).unwrap_or_default());
    // "1 Feb 10:00" has no year, "1 Feb 3 days ago" neither.
    let fits = matches!(year.len(), 2 | 4) && behind.first() != Some(&b':');
    let then = letters(behind.trim_ascii_start()).0;
    // "1 Feb 1967 fortnight" has one.
    let counts = unit(then).is_some() && !(day_first && year.len() == 4);
    match decimal(year) {
        Some(value) if fits && !counts && !matches!(then, b"am" | b"pm") => {
            if let Some(place) = found.local.first_mut() {
                *place = full_year(value, year.len());
            }
            behind
        }
        _ => text,
    }
}

/// A date in numbers behind its first, `head`, and the mark behind that.
fn date<'t>(head: &[u8], mark: u8, text: &'t [u8], found: &mut Found) -> Option<&'t [u8]> {
    let first = decimal(head)?;
    let (second, behind) = digits(text);
    let second = decimal(second)?;
    let third = behind.strip_prefix(&[mark]).map(digits);
    let behind = match (third, mark) {
        (Some((day, behind)), b'-') => {
            found.set_date(Some(full_year(first, head.len())), second, decimal(day)?)?;
            behind
        }
        (Some((third, behind)), _) if head.len() > 2 => {
            found.set_date(Some(first), second, decimal(third)?)?;
            behind
        }
        (Some((year, behind)), _) => {
            let year = full_year(decimal(year)?, year.len());
            found.set_date(Some(year), first, second)?;
            behind
        }
        (None, b'/') => {
            found.set_date(None, first, second)?;
            behind
        }
        (None, _) => return None,
    };
    // 2009-02-07T09:05
    match behind {
        [b't', rest @ ..] if rest.first().is_some_and(u8::is_ascii_digit) => Some(rest),
        _ => Some(behind),
    }
}

fn half_day(hour: i64, word: &[u8]) -> Option<i64> {
    (1..=12).contains(&hour).then(|| hour % 12 + if word.starts_with(b"p") { 12 } else { 0 })
}

/// A time of the day behind its hour.
fn time_of_day<'t>(hour: i64, text: &'t [u8], found: &mut Found) -> Option<&'t [u8]> {
    let (minute, mut behind) = digits(text.get(1..)?);
    let minute = decimal(minute)?;
    let mut second = 0;
    let mut nanos = 0;
    if let Some(rest) = behind.strip_prefix(b":") {
        let (digits_of, rest) = digits(rest);
        second = decimal(digits_of)?;
        behind = rest;
        if let Some((b'.' | b',', rest)) = behind.split_first()
            && rest.first().is_some_and(u8::is_ascii_digit)
        {
            let (part, rest) = digits(rest);
            nanos = fraction(part)?;
            behind = rest;
        }
    }
    let mut hour = hour;
    let (word, after) = letters(behind.trim_ascii_start());
    if matches!(word, b"am" | b"pm") {
        hour = half_day(hour, word)?;
        behind = after;
    }
    found.set_time(hour, minute, second, nanos)?;
    if matches!(word, b"am" | b"pm") {
        return Some(behind);
    }
    // +01, +0130, +01:30
    let trimmed = behind.trim_ascii_start();
    if let Some((&sign @ (b'+' | b'-'), rest)) = trimmed.split_first() {
        let (value, after) = digits(rest);
        let count = decimal(value)?;
        let (hours, minutes, after) = match after.strip_prefix(b":") {
            Some(rest) => {
                let (minutes, after) = digits(rest);
                (count, decimal(minutes)?, after)
            }
            None if value.len() <= 2 => (count, 0, after),
            None => (count / 100, count % 100, after),
        };
        if hours > 24 || minutes > 59 {
            return None;
        }
        let seconds = hours * 3600 + minutes * 60;
        found.zone = Some(if sign == b'-' { -seconds } else { seconds });
        return Some(after);
    }
    Some(behind)
}

fn name<'t>(text: &'t [u8], found: &mut Found) -> Option<&'t [u8]> {
    let (word, behind) = letters(text);
    match word {
        b"now" | b"today" => {
            found.any_relative = true;
            return Some(behind);
        }
        b"yesterday" => {
            found.add(2, -1)?;
            return Some(behind);
        }
        b"tomorrow" => {
            found.add(2, 1)?;
            return Some(behind);
        }
        b"t" if found.date && !found.time => return Some(behind),
        _ => {}
    }
    if let Some(month) = place(&MONTHS, word) {
        // Feb 1[, 2009]
        let start = behind.iter().take_while(|b| matches!(b, b' ' | b'-' | b'.')).count();
        let (day, after) = digits(behind.get(start..)?);
        if day.len() > 2 {
            *found.local.first_mut()? = decimal(day)?;
            found.set_date(None, month + 1, 1)?;
            return Some(after);
        }
        found.set_date(None, month + 1, decimal(day)?)?;
        return Some(year_behind(after, false, found));
    }
    if let Some(day) = place(&WEEKDAYS, word) {
        found.weekday = Some((day, 0));
        return Some(behind);
    }
    if let Some((_, count)) = ORDINALS.iter().find(|(name, _)| *name == word) {
        let (what, after) = letters(behind.trim_ascii_start());
        if let Some(day) = place(&WEEKDAYS, what) {
            found.weekday = Some((day, *count));
            return Some(after);
        }
        return relative(*count, what, after, found);
    }
    if let Some((at, each)) = unit(word) {
        // "day" alone is one day.
        let (ago, after) = letters(behind.trim_ascii_start());
        let back = ago == b"ago";
        found.add(at, if back { -each } else { each })?;
        return Some(if back { after } else { behind });
    }
    let (_, hours) = ZONES.iter().find(|(name, _)| *name == word)?;
    if found.zone.is_some() {
        return None;
    }
    found.zone = Some(hours * 3600);
    Some(behind)
}

fn resolve(
    found: &Found,
    weekday_now: i64,
    seconds_of: &dyn Fn(&Local) -> Option<i64>,
) -> Option<(i64, u32)> {
    let mut local = found.local;
    let mut nanos = found.nanos;
    if !found.time && (found.date || found.weekday.is_some() || !found.any_relative) {
        let [.., h, m, s] = &mut local;
        (*h, *m, *s) = (0, 0, 0);
        nanos = 0;
    }
    if !is_date(&local) {
        return None;
    }
    if let Some((day, count)) = found.weekday
        && !found.date
    {
        // The next such day, today included; "next" is not today.
        let ahead = (day - weekday_now).rem_euclid(7);
        let weeks = count - i64::from(count > 0 && ahead != 0);
        *local.get_mut(2)? += ahead + 7 * weeks;
    }
    for (place, more) in local.iter_mut().zip(found.relative).take(3) {
        *place = place.checked_add(more)?;
    }
    let seconds = match found.zone {
        Some(zone) => utc_seconds(&local)?.checked_sub(zone)?,
        None => seconds_of(&local)?,
    };
    let [.., hours, minutes, more] = found.relative;
    let more = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(more)?;
    Some((seconds.checked_add(more)?, nanos))
}

/// Seconds after 1970 of numbers in UTC, which may be out of range.
fn utc_seconds(local: &Local) -> Option<i64> {
    let [year, month, day, hour, minute, second] = *local;
    let months = year.checked_mul(12)?.checked_add(month.checked_sub(1)?)?;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    if year.unsigned_abs() > 1 << 40 || day.unsigned_abs() > 1 << 40 {
        return None;
    }
    // Days from 1 March of year 0.
    let march = (month + 10) % 12;
    let y = year - i64::from(month < 2);
    let days = y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400);
    let days = days + (153 * march + 2) / 5 + day - 1 - 719_468;
    let time = hour.checked_mul(3600)?.checked_add(minute.checked_mul(60)?)?.checked_add(second)?;
    days.checked_mul(86400)?.checked_add(time)
}

/// For the fuzzer: any bytes may come.
pub fn exercise(data: &[u8]) {
    let now = Civil::of_utc(1_233_992_103);
    let found = parse(data, &now, 5, &utc_seconds);
    if let Some((_, nanos)) = found {
        assert!(nanos < 1_000_000_000);
    }
}

#[cfg(test)]
mod tests;
