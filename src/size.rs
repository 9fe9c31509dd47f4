//! Numbers of bytes as people write and read them.

/// A number of bytes: decimal, or with a suffix K, M, G, T, P (powers of
/// 1024, also as `KiB`; `KB` is 1000).
pub fn parse(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let number: u64 = std::str::from_utf8(text.get(..digits)?).ok()?.parse().ok()?;
    let Some((&unit, rest)) = text.get(digits..)?.split_first() else { return Some(number) };
    let power = match unit {
        b'K' | b'k' => 1,
        b'M' | b'm' => 2,
        b'G' | b'g' => 3,
        b'T' | b't' => 4,
        b'P' | b'p' => 5,
        _ => return None,
    };
    let base: u64 = match rest {
        b"" | b"iB" => 1024,
        b"B" => 1000,
        _ => return None,
    };
    number.checked_mul(base.pow(power))
}

/// A number of bytes or lines as head, tail and split take it: [`parse`], `b`
/// for 512, and more than can be counted as the most that can.
pub fn count(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, unit) = text.split_at(digits);
    let number = number
        .iter()
        .fold(0u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b.wrapping_sub(b'0'))));
    match unit {
        _ if digits == 0 => None,
        b"" => Some(number),
        b"b" => Some(number.saturating_mul(512)),
        _ => {
            let factor = parse(&[b"1", unit].concat())?;
            Some(number.saturating_mul(factor))
        }
    }
}

/// At most four characters: `999`, `1.1K`, `10M`, powers of 1024; rounded up,
/// as GNU ls and df do, so that nothing looks smaller than it is.
pub fn human(bytes: u64) -> String {
    scaled(bytes, 1024, b"KMGTPE")
}

/// As free has it: at most five characters with the unit's whole name, `1.5Gi`,
/// `512B`.
pub fn human_binary(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let mut divisor: u64 = 1024;
    let mut unit = 0;
    while bytes / divisor >= 1024 && unit < 5 {
        divisor <<= 10;
        unit += 1;
    }
    let letter = char::from(*b"KMGTPE".get(unit).unwrap_or(&b'E'));
    let (whole, rest) = (bytes / divisor, bytes % divisor);
    let tenths = whole * 10 + (rest * 10 + divisor / 2) / divisor;
    if tenths < 100 {
        format!("{}.{}{letter}i", tenths / 10, tenths % 10)
    } else {
        format!("{whole}{letter}i")
    }
}

/// As util-linux writes sizes: rounded to the nearest tenth, which is left out
/// when it is 0: `0B`, `465.8G`, `40M`.
pub fn rounded(bytes: u64) -> String {
    let unit = if bytes == 0 { 0 } else { bytes.ilog2() / 10 };
    let letter = char::from(*b"BKMGTPE".get(unit as usize).unwrap_or(&b'E'));
    let (whole, rest) = (bytes >> (10 * unit), bytes & ((1 << (10 * unit)) - 1));
    // Thousandths first, as util-linux's size_to_human_string().
    let thousandths = (u128::from(rest) * 1000) >> (10 * unit);
    match (thousandths + 50) / 100 {
        0 => format!("{whole}{letter}"),
        10 => format!("{}{letter}", whole + 1),
        tenth => format!("{whole}.{tenth}{letter}"),
    }
}

/// [`rounded`] with the unit's whole name behind a blank: `40 MiB`, `0 B`.
pub fn rounded_long(bytes: u64) -> String {
    let mut text = rounded(bytes);
    let letter = text.pop().unwrap_or('B');
    text.push(' ');
    text.push(letter);
    if letter != 'B' {
        text.push_str("iB");
    }
    text
}

/// At most four characters, rounded to the nearest, as tree and ls of busybox
/// have it: `512`, `4.9K`, `10K`; `decimal`: in powers of 1000.
pub fn nearest(bytes: u64, decimal: bool) -> String {
    let (base, units) = if decimal { (1000.0, b"kMGTPE") } else { (1024.0, b"KMGTPE") };
    let mut value = bytes as f64;
    let mut unit = None;
    for letter in units {
        if value < base {
            break;
        }
        value /= base;
        unit = Some(char::from(*letter));
    }
    match unit {
        None => bytes.to_string(),
        Some(unit) if value < 10.0 => format!("{value:.1}{unit}"),
        Some(unit) => format!("{value:.0}{unit}"),
    }
}

/// [`human`] in powers of 1000.
pub fn human_decimal(bytes: u64) -> String {
    scaled(bytes, 1000, b"kMGTPE")
}

fn scaled(bytes: u64, base: u64, letters: &[u8]) -> String {
    let mut unit = 0;
    let mut divisor: u64 = 1;
    while unit < letters.len() && bytes.div_ceil(divisor) >= base {
        unit += 1;
        divisor *= base;
    }
    let Some(letter) = unit.checked_sub(1).and_then(|at| letters.get(at)) else {
        return bytes.to_string();
    };
    let letter = char::from(*letter);
    let tenths = (u128::from(bytes) * 10).div_ceil(u128::from(divisor));
    if tenths < 100 {
        format!("{}.{}{letter}", tenths / 10, tenths % 10)
    } else {
        format!("{}{letter}", bytes.div_ceil(divisor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsed() {
        assert_eq!(parse(b"10"), Some(10));
        assert_eq!(parse(b"2KiB"), Some(2048));
        assert_eq!(parse(b"3kB"), Some(3000));
        assert_eq!(parse(b"1m"), Some(1 << 20));
        for bad in [&b""[..], b"-1", b"K", b"1x", b"1Kb", b"99999999999999T"] {
            assert_eq!(parse(bad), None);
        }
    }

    #[test]
    fn written() {
        for (bytes, text) in [
            (0, "0"),
            (1023, "1023"),
            (1024, "1.0K"),
            (1025, "1.1K"),
            (10189, "10K"),
            (10240, "10K"),
            (151_344, "148K"),
            (1_048_575, "1.0M"),
            (1_048_577, "1.1M"),
            (u64::MAX, "16E"),
        ] {
            assert_eq!(human(bytes), text, "{bytes}");
        }
        for (bytes, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (500_108_862_464, "465.8G"),
            (41_943_040, "40M"),
            (1_073_741_312, "1024M"),
            (u64::MAX, "16E"),
        ] {
            assert_eq!(rounded(bytes), text, "{bytes}");
        }
        assert_eq!(rounded_long(41_943_040), "40 MiB");
        assert_eq!(rounded_long(0), "0 B");
        assert_eq!(human_binary(0), "0B");
        assert_eq!(human_binary(1_561_767_936), "1.5Gi");
        assert_eq!(human_binary(2048), "2.0Ki");
        assert_eq!(human_binary(1536), "1.5Ki");
        assert_eq!(human_binary(1_610_612_736), "1.5Gi");
        assert_eq!(human_binary(11_747_328), "11Mi");
        assert_eq!(human_decimal(999), "999");
        assert_eq!(human_decimal(1000), "1.0k");
        assert_eq!(human_decimal(151_344), "152k");
        assert_eq!(human_decimal(u64::MAX), "19E");
    }
}
