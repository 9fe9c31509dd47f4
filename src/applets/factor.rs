//! factor: prime factors of numbers. GNU's, for numbers of 64 bits.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::inputs;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "factor",
    summary: "prime factors of numbers",
    usage: "[NUMBER...]\n\x20 numbers of standard input when none are given",
    kind: Kind::Fork, // reading may block
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let operands = cx.parse("")?.operands;
    if operands.is_empty() {
        inputs::each(cx, &[], &mut |cx, input| {
            while let Some(line) = input.next(b'\n')? {
                for word in line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()) {
                    show_factors(cx, word)?;
                }
            }
            Ok(())
        })?;
    }
    for word in &operands {
        show_factors(cx, word.as_bytes())?;
    }
    Ok(cx.status())
}

fn show_factors(cx: &mut Ctx, word: &[u8]) -> Result<(), Error> {
    let text = std::str::from_utf8(word).ok().map(|t| t.trim().trim_start_matches('+'));
    let Some(number) = text.and_then(|t| t.parse::<u64>().ok()) else {
        cx.warn(Error::about(show_bytes(word), "not a number that fits"));
        return Ok(());
    };
    cx.print(format_args!("{number}:"))?;
    let mut list = Vec::new();
    factors(number, &mut list);
    crate::order::sort(&mut list);
    for factor in list {
        cx.print(format_args!(" {factor}"))?;
    }
    cx.put(b"\n")
}

/// The product of two numbers, modulo a third.
fn product(a: u64, b: u64, modulus: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(modulus)) as u64
}

fn power(mut base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = product(result, base, modulus);
        }
        base = product(base, base, modulus);
        exponent >>= 1;
    }
    result
}

/// Miller and Rabin's test; these bases leave no doubt below 2^64.
fn is_prime(number: u64) -> bool {
    let shift = (number - 1).trailing_zeros();
    'bases: for base in [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37] {
        if number == base {
            return true;
        }
        let mut x = power(base, (number - 1) >> shift, number);
        if x == 1 || x == number - 1 {
            continue;
        }
        for _ in 1..shift {
            x = product(x, x, number);
            if x == number - 1 {
                continue 'bases;
            }
        }
        return false;
    }
    true
}

fn factors(mut number: u64, list: &mut Vec<u64>) {
    let mut divisor = 2;
    // Small ones first, which leaves little to the rest.
    while divisor < 1000 && divisor * divisor <= number {
        while number.is_multiple_of(divisor) {
            list.push(divisor);
            number /= divisor;
        }
        divisor += 1 + (divisor & 1);
    }
    let mut open = vec![number];
    while let Some(number) = open.pop() {
        if number < 2 {
            continue;
        }
        if number < 1_000_000 || is_prime(number) {
            list.push(number);
            continue;
        }
        let part = split(number);
        open.push(part);
        open.push(number / part);
    }
}

/// A factor of a number that is not prime, by Pollard's rho.
fn split(number: u64) -> u64 {
    for constant in 1u64.. {
        let step = |x: u64| {
            let square = product(x, x, number);
            (u128::from(square) + u128::from(constant)).rem_euclid(u128::from(number)) as u64
        };
        let (mut slow, mut fast) = (2u64, 2u64);
        loop {
            // Many differences at once cost one common divisor.
            let (start_slow, start_fast) = (slow, fast);
            let mut all = 1u64;
            for _ in 0..64 {
                slow = step(slow);
                fast = step(step(fast));
                let difference = slow.abs_diff(fast);
                all = product(all, difference, number);
            }
            let mut found = common(all, number);
            if found == number || all == 0 {
                (slow, fast) = (start_slow, start_fast);
                found = 1;
                for _ in 0..64 {
                    slow = step(slow);
                    fast = step(step(fast));
                    found = common(slow.abs_diff(fast), number);
                    if found != 1 {
                        break;
                    }
                }
            }
            if found == number {
                break;
            }
            if found > 1 {
                return found;
            }
        }
    }
    number
}

fn common(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_factors() {
        for (number, expected) in [
            (1u64, &[][..]),
            (2, &[2]),
            (1024, &[2; 10]),
            (999_983 * 999_979, &[999_979, 999_983]),
            (u64::MAX, &[3, 5, 17, 257, 641, 65537, 6_700_417]),
            (18_446_744_073_709_551_557, &[18_446_744_073_709_551_557]),
            (4_294_967_291 * 4_294_967_279, &[4_294_967_279, 4_294_967_291]),
            (1_000_003 * 1_000_003, &[1_000_003, 1_000_003]),
        ] {
            let mut list = Vec::new();
            factors(number, &mut list);
            list.sort_unstable();
            assert_eq!(list, expected, "{number}");
        }
    }
}
