//! Dates as people and scripts write them: `date -d`, `touch -d`, `find -newermt`,
//! and the `%` formats of date(1).

mod format;
mod parse;

pub use format::{MONTHS, Stamp, format};
pub use parse::{exercise, parse, parse_digits};

use crate::civil::Civil;
use crate::sys::clock;

/// The form of date(1)'s own output.
pub const PLAIN: &[u8] = b"%a %b %e %H:%M:%S %Z %Y";

/// The point of time that `text` names, in any form of `date -d`, in the local
/// zone and seen from now: seconds after 1970 and nanoseconds.
pub fn point(text: &[u8]) -> Option<(i64, u32)> {
    let now = clock::now();
    let seconds = i64::try_from(now.as_secs()).ok()?;
    let local = Civil::of(seconds, clock::zone_offset(seconds));
    parse(text, &local, now.subsec_nanos(), &clock::seconds_of)
}

/// The point of time that the digits `[[CC]YY]MMDDhhmm[.ss]` of `touch -t`
/// name, in the local zone.
pub fn stamp(text: &[u8]) -> Option<(i64, u32)> {
    let seconds = i64::try_from(clock::now().as_secs()).ok()?;
    let local = Civil::of(seconds, clock::zone_offset(seconds));
    let fields = parse_digits(text, local.year, parse::Order::YearFirst)?;
    Some((clock::seconds_of(&fields)?, 0))
}

/// [`stamp`] in date(1)'s order, `MMDDhhmm[[CC]YY][.ss]`.
pub fn stamp_year_last(text: &[u8]) -> Option<(i64, u32)> {
    let seconds = i64::try_from(clock::now().as_secs()).ok()?;
    let local = Civil::of(seconds, clock::zone_offset(seconds));
    let fields = parse_digits(text, local.year, parse::Order::YearLast)?;
    Some((clock::seconds_of(&fields)?, 0))
}

/// Appends a point of time, in local time, by a format of date(1).
pub fn write(out: &mut Vec<u8>, form: &[u8], seconds: i64, nanos: u32) {
    let mut zone = Vec::new();
    let offset = clock::zone(seconds, &mut zone);
    format(out, form, &Stamp { seconds, nanos, offset, zone: &zone });
}
