//! dd's numbers, and the line with which it says what it has done.

/// A number with the suffixes of POSIX and GNU (`c w b K kB KiB M ...`) and
/// factors (`2x512`); and whether it ends in `B`, which makes a count one of
/// bytes.
pub fn parse(text: &[u8]) -> Option<(u64, bool)> {
    let mut product: u64 = 1;
    let mut bytes = false;
    for factor in text.split(|&b| b == b'x') {
        let digits = factor.iter().take_while(|b| b.is_ascii_digit()).count();
        let (number, suffix) = factor.split_at_checked(digits)?;
        let number: u64 = std::str::from_utf8(number).ok()?.parse().ok()?;
        product = product.checked_mul(number)?.checked_mul(unit(suffix, &mut bytes)?)?;
    }
    Some((product, bytes))
}

fn unit(suffix: &[u8], bytes: &mut bool) -> Option<u64> {
    let (letter, rest) = match suffix {
        b"" => return Some(1),
        b"c" => return Some(1),
        b"B" => {
            *bytes = true;
            return Some(1);
        }
        b"w" => return Some(2),
        b"b" => return Some(512),
        [letter, rest @ ..] => (letter, rest),
    };
    let power = match letter {
        b'k' | b'K' => 1,
        b'm' | b'M' => 2,
        b'g' | b'G' => 3,
        b'T' | b't' => 4,
        b'P' => 5,
        b'E' => 6,
        _ => return None,
    };
    match rest {
        b"" => 1024u64.checked_pow(power),
        b"iB" => 1024u64.checked_pow(power),
        b"B" | b"D" => 1000u64.checked_pow(power),
        _ => None,
    }
}

/// `3.1 MB`, `10 MiB`, `999 B`: rounded to the nearest.
fn scaled(bytes: u64, base: u64) -> String {
    let units: [&str; 7] = match base {
        1000 => ["B", "kB", "MB", "GB", "TB", "PB", "EB"],
        _ => ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"],
    };
    let mut divisor: u64 = 1;
    let mut name = "B";
    for (at, unit) in units.iter().enumerate() {
        name = unit;
        let Some(next) = divisor.checked_mul(base) else { break };
        let whole = bytes.saturating_add(divisor / 2) / divisor;
        if whole < base || at == 6 {
            break;
        }
        divisor = next;
    }
    if divisor == 1 {
        return format!("{bytes} {name}");
    }
    let tenths = tenths(bytes, divisor);
    if tenths < 100 {
        return format!("{}.{} {name}", tenths / 10, tenths % 10);
    }
    format!("{} {name}", bytes / divisor + u64::from(bytes % divisor >= divisor - divisor / 2))
}

/// Ten times the ratio, rounded.
fn tenths(bytes: u64, divisor: u64) -> u64 {
    // ten times what is below an exabyte still fits
    bytes / divisor * 10 + (bytes % divisor * 10 + divisor / 2) / divisor
}

/// `3000 bytes (3.0 kB, 2.9 KiB) copied, 2.1e-05 s, 141 MB/s`.
pub fn report(bytes: u64, nanos: u64, whole_seconds: bool) -> Vec<u8> {
    let mut out = format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" }).into_bytes();
    if bytes >= 1000 {
        out.extend_from_slice(b" (");
        out.extend_from_slice(scaled(bytes, 1000).as_bytes());
        if bytes >= 1024 {
            out.extend_from_slice(b", ");
            out.extend_from_slice(scaled(bytes, 1024).as_bytes());
        }
        out.push(b')');
    }
    out.extend_from_slice(b" copied, ");
    #[allow(clippy::cast_precision_loss)] // six digits are shown
    let seconds = nanos as f64 / 1e9;
    if whole_seconds {
        out.extend_from_slice((nanos / 1_000_000_000).to_string().as_bytes());
    } else {
        crate::sys::float::format(&mut out, b'g', Default::default(), seconds);
    }
    out.extend_from_slice(b" s, ");
    rate(&mut out, bytes, nanos);
    out
}

/// Three digits, as `0.5 kB/s`, `34.1 MB/s`, `141 MB/s`.
fn rate(out: &mut Vec<u8>, bytes: u64, nanos: u64) {
    #[allow(clippy::cast_precision_loss)]
    let mut value = if nanos == 0 { 0.0 } else { bytes as f64 * 1e9 / nanos as f64 / 1e3 };
    let mut name = "kB/s";
    for unit in ["MB/s", "GB/s", "TB/s", "PB/s", "EB/s"] {
        if value < 999.5 {
            break;
        }
        value /= 1e3;
        name = unit;
    }
    crate::sys::float::fixed(out, value, u16::from(value < 99.95));
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(parse(b"2x3k"), Some((6144, false)));
        assert_eq!(parse(b"1b"), Some((512, false)));
        assert_eq!(parse(b"5B"), Some((5, true)));
        assert_eq!(parse(b"2MB"), Some((2_000_000, false)));
        assert_eq!(parse(b"1GiB"), Some((1 << 30, false)));
        for bad in [&b""[..], b"-1", b"1x", b"k", b"1z", b"99999999999999999999"] {
            assert_eq!(parse(bad), None);
        }
    }

    #[test]
    fn reports() {
        let line = |bytes, nanos| String::from_utf8(report(bytes, nanos, false)).unwrap();
        assert!(line(2813, 1).starts_with("2813 bytes (2.8 kB, 2.7 KiB)"));
        assert_eq!(line(0, 28_825), "0 bytes copied, 2.8825e-05 s, 0.0 kB/s");
        assert_eq!(
            line(3000, 21_228),
            "3000 bytes (3.0 kB, 2.9 KiB) copied, 2.1228e-05 s, 141 MB/s"
        );
        assert_eq!(
            line(3_145_728, 462_273),
            "3145728 bytes (3.1 MB, 3.0 MiB) copied, 0.000462273 s, 6.8 GB/s"
        );
        assert_eq!(
            line(1024, 30_050),
            "1024 bytes (1.0 kB, 1.0 KiB) copied, 3.005e-05 s, 34.1 MB/s"
        );
        assert_eq!(
            line(10_485_760, 1_000_000_000),
            "10485760 bytes (10 MB, 10 MiB) copied, 1 s, 10.5 MB/s"
        );
    }
}
