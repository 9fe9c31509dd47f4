//! Lengths of time as sleep and timeout take them: `1.5`, `2m`, `inf`.

use std::time::Duration;

/// A length of time: a decimal number with an optional fraction, and `s`, `m`,
/// `h` or `d` behind it. `None` in the result is for ever (`inf`,
/// `infinity`, or more than the clock can count).
pub fn parse(text: &[u8]) -> Result<Option<Duration>, BadInterval> {
    let (number, unit) = match text.split_last() {
        Some((b's', head)) => (head, 1),
        Some((b'm', head)) => (head, 60),
        Some((b'h', head)) => (head, 3600),
        Some((b'd', head)) => (head, 86400),
        _ => (text, 1),
    };
    if number.eq_ignore_ascii_case(b"inf") || number.eq_ignore_ascii_case(b"infinity") {
        return Ok(None);
    }
    let number = number.strip_prefix(b"+").unwrap_or(number);
    let mut seconds: u64 = 0;
    let mut nanos: u64 = 0;
    let mut scale: u64 = 1_000_000_000;
    let mut digits = false;
    let mut fraction = false;
    let mut endless = false;
    let mut below = false;
    for &b in number {
        match b {
            b'0'..=b'9' => {
                digits = true;
                let digit = u64::from(b - b'0');
                if fraction {
                    // Digits below a nanosecond round up, so that no sleep is
                    // shorter than asked for.
                    scale /= 10;
                    nanos += digit * scale;
                    below |= scale == 0 && digit != 0;
                } else {
                    match seconds.checked_mul(10).and_then(|s| s.checked_add(digit)) {
                        Some(sum) => seconds = sum,
                        None => endless = true,
                    }
                }
            }
            b'.' if !fraction => fraction = true,
            _ => return Err(BadInterval),
        }
    }
    if !digits {
        return Err(BadInterval);
    }
    let total = u128::from(seconds) * 1_000_000_000 + u128::from(nanos) + u128::from(below);
    let total = total * unit;
    let whole = u64::try_from(total / 1_000_000_000).ok();
    let part = u32::try_from(total % 1_000_000_000).unwrap_or(0);
    // What timespec cannot hold is for ever.
    let whole = whole.filter(|s| i64::try_from(*s).is_ok() && !endless);
    Ok(whole.map(|s| Duration::new(s, part)))
}

/// The text is no length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadInterval;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let p = |text: &str| parse(text.as_bytes());
        assert_eq!(p("1"), Ok(Some(Duration::from_secs(1))));
        assert_eq!(p("0.1"), Ok(Some(Duration::from_millis(100))));
        assert_eq!(p(".5m"), Ok(Some(Duration::from_secs(30))));
        assert_eq!(p("2h"), Ok(Some(Duration::from_secs(7200))));
        assert_eq!(p("1d"), Ok(Some(Duration::from_secs(86400))));
        assert_eq!(p("1."), Ok(Some(Duration::from_secs(1))));
        assert_eq!(p("0.123456789"), Ok(Some(Duration::from_nanos(123_456_789))));
        assert_eq!(p("0.0000000001"), Ok(Some(Duration::from_nanos(1))));
        assert_eq!(p("0.0000000000"), Ok(Some(Duration::ZERO)));
        assert_eq!(p("inf"), Ok(None));
        assert_eq!(p("infinity"), Ok(None));
        assert_eq!(p("99999999999999999999999"), Ok(None));
        assert_eq!(p("9999999999999999999d"), Ok(None));
        for bad in ["", "x", "-1", "1.2.3", ".", "s", "1 ", "1ms", "0x10"] {
            assert_eq!(p(bad), Err(BadInterval), "{bad}");
        }
    }
}
