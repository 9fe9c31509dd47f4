//! Dates and times in words, as `LC_ALL=C` has them.

/// A point of time taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year of the common era; 0 and less before it.
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 (Sunday) to 6.
    pub weekday: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 60.
    pub second: u32,
    /// Seconds east of UTC.
    pub offset: i32,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

impl Civil {
    /// UTC of so many seconds after 1970.
    pub fn of_utc(seconds: i64) -> Civil {
        Civil::of(seconds, 0)
    }

    /// The time so many seconds after 1970 where clocks are `offset` seconds
    /// ahead of UTC.
    pub fn of(seconds: i64, offset: i32) -> Civil {
        let seconds = seconds.saturating_add(i64::from(offset));
        let days = seconds.div_euclid(86400);
        let rest = seconds.rem_euclid(86400);
        // Count days from 1 March of year 0, so that the leap day ends a year:
        // 146,097 days are 400 years.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        let small = |n: i64| u32::try_from(n).unwrap_or(0);
        Civil {
            year,
            month: small(month),
            day: small(day),
            weekday: small((days + 4).rem_euclid(7)),
            hour: small(rest / 3600),
            minute: small(rest / 60 % 60),
            second: small(rest % 60),
            offset,
        }
    }

    /// `Jan` to `Dec`.
    pub fn month_name(&self) -> &'static str {
        name(&MONTHS, self.month.wrapping_sub(1))
    }

    /// `Sun` to `Sat`.
    pub fn weekday_name(&self) -> &'static str {
        name(&WEEKDAYS, self.weekday)
    }

    /// `Sun Nov 22 01:00:11 2026`, the form of ctime(3).
    pub fn ctime(&self) -> String {
        format!(
            "{} {} {:2} {:02}:{:02}:{:02} {}",
            self.weekday_name(),
            self.month_name(),
            self.day,
            self.hour,
            self.minute,
            self.second,
            self.year
        )
    }

    /// `2026-11-22 01:24:53`.
    pub fn date_time(&self) -> String {
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
    }

    /// `+0130`.
    pub fn zone(&self) -> String {
        let minutes = self.offset.unsigned_abs() / 60;
        let sign = if self.offset < 0 { '-' } else { '+' };
        format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
    }
}

fn name(list: &'static [&'static str], at: u32) -> &'static str {
    usize::try_from(at).ok().and_then(|at| list.get(at)).copied().unwrap_or("???")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        assert_eq!(Civil::of_utc(0).ctime(), "Thu Jan  1 00:00:00 1970");
        assert_eq!(Civil::of_utc(1_795_309_211).ctime(), "Sun Nov 22 01:00:11 2026");
        assert_eq!(Civil::of_utc(951_782_400).ctime(), "Tue Feb 29 00:00:00 2000");
        assert_eq!(Civil::of_utc(-1).ctime(), "Wed Dec 31 23:59:59 1969");
        assert_eq!(Civil::of_utc(4_107_542_399).date_time(), "2100-02-28 23:59:59");
        assert_eq!(Civil::of_utc(4_107_542_400).date_time(), "2100-03-01 00:00:00");
        // the end of what fits must not overflow
        assert_eq!(Civil::of_utc(i64::MAX).month, 12);
        assert_eq!(Civil::of_utc(i64::MIN).month, 1);
    }

    #[test]
    fn zones() {
        let mut time = Civil::of_utc(0);
        assert_eq!(time.zone(), "+0000");
        time.offset = -12600;
        assert_eq!(time.zone(), "-0330");
    }
}
