//! The `%` formats of date(1): POSIX's, with GNU's flags `-_0^#+`, widths, `%N`
//! and `%:z`, in the C locale.

use crate::civil::Civil;

/// A point of time and where it is looked at from.
pub struct Stamp<'a> {
    /// Seconds after 1970.
    pub seconds: i64,
    /// Below the second.
    pub nanos: u32,
    /// Seconds that local time is ahead of UTC.
    pub offset: i32,
    /// The name of the zone.
    pub zone: &'a [u8],
}

/// Names of the months.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// How deep `%c` and the like stand for other formats.
const DEPTH: u32 = 2;

/// The widest field.
const WIDEST: usize = 4096;

/// Appends the time by the format `form`. What is no conversion is kept.
pub fn format(out: &mut Vec<u8>, form: &[u8], at: &Stamp<'_>) {
    let time = Civil::of(at.seconds, at.offset);
    write(out, form, at, &time, DEPTH);
}

/// The days of the year before this one.
fn year_day(time: &Civil) -> i64 {
    let leap = time.year % 4 == 0 && (time.year % 100 != 0 || time.year % 400 == 0);
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let month = usize::try_from(time.month).unwrap_or(1);
    let days = before.get(month.wrapping_sub(1)).copied().unwrap_or(0);
    days + i64::from(time.day) - 1 + i64::from(leap && time.month > 2)
}

/// Year and week of ISO 8601.
fn iso_week(time: &Civil) -> (i64, i64) {
    let day = year_day(time);
    let weekday = (i64::from(time.weekday) + 6) % 7;
    let week = (day - weekday + 10) / 7;
    // The week that holds a year's first Thursday is its first.
    if week < 1 {
        return (time.year - 1, weeks_of(time.year - 1));
    }
    if week > weeks_of(time.year) {
        return (time.year + 1, 1);
    }
    (time.year, week)
}

fn weeks_of(year: i64) -> i64 {
    let last = |y: i64| (y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400)).rem_euclid(7);
    52 + i64::from(last(year) == 4 || last(year - 1) == 3)
}

/// How a conversion is padded.
struct Pad {
    /// What the flag says: 0 is no flag.
    flag: u8,
    upper: bool,
    swap: bool,
    width: Option<usize>,
    colons: usize,
}

fn write(out: &mut Vec<u8>, form: &[u8], at: &Stamp<'_>, time: &Civil, depth: u32) {
    let mut rest = form;
    while let Some((&byte, behind)) = rest.split_first() {
        if byte != b'%' {
            out.push(byte);
            rest = behind;
            continue;
        }
        let mut pad = Pad { flag: 0, upper: false, swap: false, width: None, colons: 0 };
        let mut tail = behind;
        while let Some((&flag, behind)) = tail.split_first() {
            match flag {
                b'-' | b'_' | b'0' | b'+' => pad.flag = flag,
                b'^' => pad.upper = true,
                b'#' => pad.swap = true,
                _ => break,
            }
            tail = behind;
        }
        while let Some((&digit @ b'0'..=b'9', behind)) = tail.split_first() {
            let width = pad.width.unwrap_or(0) * 10 + usize::from(digit - b'0');
            pad.width = Some(width.min(WIDEST));
            tail = behind;
        }
        while let Some((b':', behind)) = tail.split_first() {
            pad.colons += 1;
            tail = behind;
        }
        // The alternative numerals of other locales.
        if let Some((b'E' | b'O', behind)) = tail.split_first() {
            tail = behind;
        }
        let Some((&letter, behind)) = tail.split_first() else {
            out.extend_from_slice(rest);
            return;
        };
        if convert(out, letter, &pad, at, time, depth) {
            rest = behind;
        } else {
            out.push(b'%');
            rest = behind_percent(rest);
        }
    }
}

fn behind_percent(text: &[u8]) -> &[u8] {
    text.get(1..).unwrap_or_default()
}

/// Writes one conversion; false when there is no such.
fn convert(
    out: &mut Vec<u8>,
    letter: u8,
    pad: &Pad,
    at: &Stamp<'_>,
    time: &Civil,
    depth: u32,
) -> bool {
    let weekday = i64::from(time.weekday);
    let hour12 = i64::from((time.hour + 11) % 12 + 1);
    let (value, width, fill) = match letter {
        b'Y' => (time.year, 1, b'0'),
        b'C' => (time.year.div_euclid(100), 2, b'0'),
        b'y' => (time.year.rem_euclid(100), 2, b'0'),
        b'G' => (iso_week(time).0, 1, b'0'),
        b'g' => (iso_week(time).0.rem_euclid(100), 2, b'0'),
        b'V' => (iso_week(time).1, 2, b'0'),
        b'm' => (i64::from(time.month), 2, b'0'),
        b'd' => (i64::from(time.day), 2, b'0'),
        b'e' => (i64::from(time.day), 2, b' '),
        b'H' => (i64::from(time.hour), 2, b'0'),
        b'k' => (i64::from(time.hour), 2, b' '),
        b'I' => (hour12, 2, b'0'),
        b'l' => (hour12, 2, b' '),
        b'M' => (i64::from(time.minute), 2, b'0'),
        b'S' => (i64::from(time.second), 2, b'0'),
        b'j' => (year_day(time) + 1, 3, b'0'),
        b'q' => (i64::from(time.month.div_ceil(3)), 1, b'0'),
        b'u' => ((weekday + 6) % 7 + 1, 1, b'0'),
        b'w' => (weekday, 1, b'0'),
        b'U' => ((year_day(time) + 7 - weekday) / 7, 2, b'0'),
        b'W' => ((year_day(time) + 7 - (weekday + 6) % 7) / 7, 2, b'0'),
        b's' => (at.seconds, 1, b'0'),
        _ => return convert_text(out, letter, pad, at, time, depth),
    };
    // Of a year wider than it would be, + is the sign, too.
    let usual = match letter {
        b'Y' | b'G' => 4,
        b'C' | b'y' | b'g' => 2,
        _ => usize::MAX,
    };
    if pad.flag == b'+' && value >= 0 && pad.width.is_some_and(|width| width > usual) {
        out.push(b'+');
        let pad = Pad { width: pad.width.map(|width| width - 1), ..*pad };
        number(out, value, width, fill, &pad);
        return true;
    }
    number(out, value, width, fill, pad);
    true
}

fn number(out: &mut Vec<u8>, value: i64, width: usize, fill: u8, pad: &Pad) {
    // A width counts unless there is to be no padding, as GNU's has it.
    let (fill, width) = match pad.flag {
        b'-' => (fill, 0),
        b'_' => (b' ', pad.width.unwrap_or(width)),
        b'0' | b'+' => (b'0', pad.width.unwrap_or(width)),
        _ => (fill, pad.width.unwrap_or(width)),
    };
    let mut digits = value.unsigned_abs().to_string().into_bytes();
    if value < 0 {
        if fill == b'0' {
            out.push(b'-');
            zeros(out, width.saturating_sub(digits.len() + 1), b'0');
            out.extend_from_slice(&digits);
            return;
        }
        digits.insert(0, b'-');
    }
    zeros(out, width.saturating_sub(digits.len()), fill);
    out.extend_from_slice(&digits);
}

fn zeros(out: &mut Vec<u8>, count: usize, fill: u8) {
    out.resize(out.len() + count, fill);
}

fn convert_text(
    out: &mut Vec<u8>,
    letter: u8,
    pad: &Pad,
    at: &Stamp<'_>,
    time: &Civil,
    depth: u32,
) -> bool {
    let name = |list: &[&'static str], n: u32| -> &'static str {
        usize::try_from(n).ok().and_then(|n| list.get(n)).copied().unwrap_or("?")
    };
    let month = name(&MONTHS, time.month.wrapping_sub(1));
    let weekday = name(&WEEKDAYS, time.weekday);
    let short = |name: &'static str| name.get(..3).unwrap_or(name);
    let mut text = Vec::new();
    let mut lower = false;
    let mut upper = pad.upper || pad.swap;
    match letter {
        b'a' => text.extend_from_slice(short(weekday).as_bytes()),
        b'A' => text.extend_from_slice(weekday.as_bytes()),
        b'b' | b'h' => text.extend_from_slice(short(month).as_bytes()),
        b'B' => text.extend_from_slice(month.as_bytes()),
        b'p' | b'P' => {
            text.extend_from_slice(if time.hour < 12 { b"AM" } else { b"PM" });
            lower = letter == b'P' || pad.swap;
            upper = pad.upper && letter == b'p';
        }
        b'Z' => {
            text.extend_from_slice(at.zone);
            lower = pad.swap;
            upper = pad.upper;
        }
        b'%' => text.push(b'%'),
        b'n' => text.push(b'\n'),
        b't' => text.push(b'\t'),
        b'N' => {
            // A width is a number of digits behind the point.
            let digits = format!("{:09}", at.nanos);
            let width = pad.width.unwrap_or(9);
            let shown = digits.as_bytes().get(..width.min(9)).unwrap_or_default();
            let cut = pad.flag == b'_' || pad.flag == b'-' && pad.width.is_some();
            let shown = if cut {
                let zeros = shown.iter().rev().take_while(|&&b| b == b'0').count();
                shown.get(..(shown.len() - zeros).max(1)).unwrap_or_default()
            } else {
                shown
            };
            out.extend_from_slice(shown);
            match pad.flag {
                b'-' => {}
                b'_' => zeros(out, width.saturating_sub(shown.len()), b' '),
                _ => zeros(out, width.saturating_sub(9), b'0'),
            }
            return true;
        }
        b'z' => {
            zone(out, time.offset, pad);
            return true;
        }
        _ => {
            let form: &[u8] = match letter {
                b'c' => b"%a %b %e %H:%M:%S %Y",
                b'D' | b'x' => b"%m/%d/%y",
                b'F' => b"%Y-%m-%d",
                b'T' | b'X' => b"%H:%M:%S",
                b'R' => b"%H:%M",
                b'r' => b"%I:%M:%S %p",
                _ => return false,
            };
            if depth == 0 {
                return false;
            }
            upper = pad.upper;
            write(&mut text, form, at, time, depth - 1);
        }
    }
    if upper {
        text.make_ascii_uppercase();
    }
    if lower {
        text.make_ascii_lowercase();
    }
    let missing = pad.width.unwrap_or(0).saturating_sub(text.len());
    match pad.flag {
        b'-' => {}
        b'0' | b'+' => zeros(out, missing, b'0'),
        _ => zeros(out, missing, b' '),
    }
    out.extend_from_slice(&text);
    true
}

/// The sign and a number, which a width is of and zeros or blanks go before, and
/// what is behind colons.
fn zone(out: &mut Vec<u8>, offset: i32, pad: &Pad) {
    let sign = if offset < 0 { b'-' } else { b'+' };
    let all = offset.unsigned_abs();
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    let (number, least, tail) = match pad.colons {
        0 => (hours * 100 + minutes, 5, String::new()),
        1 => (hours, 3, format!(":{minutes:02}")),
        3.. if seconds == 0 && minutes == 0 => (hours, 3, String::new()),
        3.. if seconds == 0 => (hours, 3, format!(":{minutes:02}")),
        _ => (hours, 3, format!(":{minutes:02}:{seconds:02}")),
    };
    let number = number.to_string();
    let missing = match pad.flag {
        b'-' => 0,
        _ => {
            let width = pad.width.map_or(least, |width| width.saturating_sub(tail.len()));
            width.saturating_sub(1 + number.len())
        }
    };
    if pad.flag == b'_' {
        zeros(out, missing, b' ');
        out.push(sign);
    } else {
        out.push(sign);
        zeros(out, missing, b'0');
    }
    out.extend_from_slice(number.as_bytes());
    out.extend_from_slice(tail.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(form: &str, seconds: i64, offset: i32) -> String {
        let mut out = Vec::new();
        let at = Stamp { seconds, nanos: 1_230_000, offset, zone: b"ABC" };
        format(&mut out, form.as_bytes(), &at);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn conversions() {
        for (form, text) in [
            ("%a %A %b %B %h", "Sat Saturday Feb February Feb"),
            ("%d %e %H %I %k %l %M %S", "07  7 09 09  9  9 05 03"),
            ("%Y %C %y %G %g %V", "2009 20 09 2009 09 06"),
            ("%j %u %w %U %W %q", "038 6 6 05 05 1"),
            ("%F %T %R %D %r", "2009-02-07 09:05:03 09:05 02/07/09 09:05:03 AM"),
            ("%c", "Sat Feb  7 09:05:03 2009"),
            ("%p %P %Z %z %:z %::z %:::z", "AM am ABC +0130 +01:30 +01:30:00 +01:30"),
            ("%N %3N %-N %12N", "001230000 001 001230000 001230000000"),
            ("%-5N|%_5N|%_12N|", "00123|00123|00123       |"),
            (
                "%-z %_z %8z %-:z %_:z %10::z %_10::z",
                "+130  +130 +0000130 +1:30  +1:30 +001:30:00   +1:30:00",
            ),
            ("%#c|%^c", "Sat Feb  7 09:05:03 2009|SAT FEB  7 09:05:03 2009"),
            ("%-3:z %3:z %:::z", "+1:30 +1:30 +01:30"),
            ("%s", "1233992103"),
            ("%-d %_d %05d %_5d %-5d", "7  7 00007     7 7"),
            ("%^a %#Z %#p %^B %10a %010a", "SAT abc am FEBRUARY        Sat 0000000Sat"),
            ("%-6a|%+6a|%-3p|%+6Y|%+6C|%+4Y", "Sat|000Sat|AM|+02009|+00020|2009"),
            ("%% %n%t%Q %", "% \n\t%Q %"),
        ] {
            assert_eq!(shown(form, 1_233_992_103, 5400), text, "{form}");
        }
    }

    #[test]
    fn weeks() {
        // 1 January of 2005, 2006, 2009, 2016, 2021 and the last day of 2008
        for (seconds, text) in [
            (1_104_537_600, "2004 53 00 00"),
            (1_136_073_600, "2005 52 01 00"),
            (1_230_768_000, "2009 01 00 00"),
            (1_451_606_400, "2015 53 00 00"),
            (1_609_459_200, "2020 53 00 00"),
            (1_230_681_600, "2009 01 52 52"),
        ] {
            assert_eq!(shown("%G %V %U %W", seconds, 0), text);
        }
        assert_eq!(shown("%Y %z", -62_200_000_000, -30), "-2 -0000");
    }
}
