//! ts: the time before each line. busybox's, with moreutils' fractions (`%.S`,
//! `%.s`, `%.T`) and clock.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::date::{self, Stamp};
use crate::sys::clock;
use crate::sys::lines::Lines;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "ts",
    summary: "put the time before each line of standard input",
    usage: "[-i | -s] [-m] [FORMAT]\n\
            \x20 -i  since the line before     -s  since the start     -m  by a clock that nobody sets\n\
            \x20 FORMAT as date's; %.S %.s %.T with microseconds\n\
            \x20        (default: %b %d %H:%M:%S, with -i and -s %H:%M:%S)",
    kind: Kind::Fork, // reading may block
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("i s m")?;
    options.at_most(1)?;
    let (since_line, since_start) = (options.has(b'i'), options.has(b's'));
    let steady = options.has(b'm');
    let relative = since_line || since_start;
    let usual = OsString::from(if relative { "%H:%M:%S" } else { "%b %d %H:%M:%S" });
    let form = options.operands.first().unwrap_or(&usual);
    // what a steady clock says is moved to the time of day
    let shift = clock::now().saturating_sub(clock::since_boot());
    let now = || if steady { clock::since_boot() + shift } else { clock::now() };
    let mut base = now();
    let name = std::ffi::OsStr::new("-");
    let mut lines = Lines::new(cx.open(name)?);
    loop {
        let line = match lines.next(b'\n') {
            Ok(Some(line)) => line.to_vec(),
            Ok(None) => return Ok(Status::OK),
            Err(errno) => return Err(Error::os(show(name), errno)),
        };
        let mut text = Vec::new();
        let time = now();
        if relative {
            stamp(&mut text, form.as_bytes(), time.saturating_sub(base), true);
        } else {
            stamp(&mut text, form.as_bytes(), time, false);
        }
        if since_line {
            base = time;
        }
        text.push(b' ');
        text.extend_from_slice(&line);
        if lines.is_terminated() {
            text.push(b'\n');
        }
        cx.put(&text)?;
        cx.flush()?;
    }
}

/// Appends the time, with `%.S`, `%.s` and `%.T` as seconds and their
/// fraction.
fn stamp(out: &mut Vec<u8>, form: &[u8], time: Duration, utc: bool) {
    let micros = time.subsec_micros();
    let mut plain = Vec::new();
    let mut rest = form;
    while let Some((&byte, behind)) = rest.split_first() {
        match rest {
            [b'%', b'.', letter @ (b'S' | b's' | b'T'), behind @ ..] => {
                plain.extend_from_slice(&[b'%', *letter]);
                plain.extend_from_slice(format!(".{micros:06}").as_bytes());
                rest = behind;
            }
            [b'%', letter, behind @ ..] => {
                plain.extend_from_slice(&[b'%', *letter]);
                rest = behind;
            }
            _ => {
                plain.push(byte);
                rest = behind;
            }
        }
    }
    let seconds = i64::try_from(time.as_secs()).unwrap_or(0);
    if utc {
        let at = Stamp { seconds, nanos: time.subsec_nanos(), offset: 0, zone: b"UTC" };
        date::format(out, &plain, &at);
    } else {
        date::write(out, &plain, seconds, time.subsec_nanos());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions() {
        let mut out = Vec::new();
        stamp(&mut out, b"%.S %%.S %H|%.s", Duration::from_micros(3_723_000_042), true);
        assert_eq!(String::from_utf8_lossy(&out), "03.000042 %.S 01|3723.000042");
    }
}
