//! date: show or set the time. POSIX, with the options of GNU's and busybox's.
//!
//! Deviations: `-d` reads the dates of both (where they differ in a row of
//! digits, busybox's order comes first); `-D` reads with strptime(3).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nix::sys::stat::stat;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::civil::Civil;
use crate::date;
use crate::sys::clock;
use crate::sys::lines::Lines;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "date",
    summary: "show or set the time",
    usage: "[-uR] [-I[SPEC]] [-d TIME | -r FILE | -f FILE] [-D FORM] [-s TIME] [+FORMAT] [MMDDhhmm[[CC]YY][.ss]]\n\
            \x20 -d TIME  this time, not now: @SECONDS, 2009-02-07 09:05, tomorrow, 3 days ago\n\
            \x20 -D FORM  how the time of -d and -s is written, strptime(3)\n\
            \x20 -r FILE  the time FILE was changed\n\
            \x20 -f FILE  the time in each line of FILE\n\
            \x20 -s TIME  set the clock\n\
            \x20 -u       in UTC; -R as in mail; -I as in ISO 8601: date, hours, minutes, seconds, ns",
    kind: Kind::Fork, // sets its time zone
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "u,utc|universal|uct R,rfc-email|rfc-2822|rfc-822 I?iso-8601 -3:rfc-3339 d:date f:file r:reference \
         D:input-format s:set",
    )?;
    let mut form: Option<Vec<u8>> = None;
    let mut time = None;
    let mut input = None;
    let mut list = None;
    let mut file = None;
    let mut utc = false;
    let mut setting = false;
    while let Some(letter) = options.next() {
        match letter {
            b'u' => utc = true,
            b'R' => form = Some(b"%a, %d %b %Y %H:%M:%S %z".to_vec()),
            b'I' | b'3' => {
                let spec = options.value();
                form = Some(iso(spec.as_bytes(), letter == b'3').ok_or_else(|| {
                    Error::bad(show(&spec), "not date, hours, minutes, seconds or ns")
                        .with(Status(1))
                })?);
            }
            b'd' => time = Some(options.value()),
            b'f' => list = Some(options.value()),
            b'r' => file = Some(options.value()),
            b'D' => input = Some(options.bytes()),
            _ => {
                time = Some(options.value());
                setting = true;
            }
        }
    }
    let zone = if utc { Some(OsStr::new("UTC0")) } else { cx.env.get(b"TZ") };
    clock::set_zone(zone);
    let mut digits = None;
    for word in &options.operands {
        match word.as_bytes().strip_prefix(b"+") {
            Some(text) if form.is_none() => form = Some(text.to_vec()),
            Some(_) => return Err(Error::usage("more than one format").with(Status(1))),
            None if digits.is_none() && !word.is_empty() => digits = Some(word),
            None if word.is_empty() => return Err(Error::usage("an empty time").with(Status(1))),
            None => return Err(Error::bad(show(word), "one time is enough").with(Status(1))),
        }
    }
    let form = form.unwrap_or_else(|| date::PLAIN.to_vec());
    if let Some(list) = list {
        let mut lines = Lines::new(cx.open(&list)?);
        while let Some(line) = lines.next(b'\n').map_err(|e| Error::os(show(&list), e))? {
            match date::point(line) {
                Some(point) => show_time(cx, &form, point)?,
                None => {
                    let text = Error::about(crate::applet::show_bytes(line), "invalid date");
                    cx.warn(text);
                }
            }
        }
        return Ok(cx.status());
    }
    let invalid = |word: &OsStr| Error::about(show(word), "invalid date");
    let point = if let Some(file) = &file {
        let status = stat(file.as_os_str()).map_err(|e| Error::os(show(file), e))?;
        (status.st_mtime, u32::try_from(status.st_mtime_nsec).unwrap_or(0))
    } else if let Some(time) = &time {
        let point = match &input {
            Some(form) => by_form(time.as_bytes(), form),
            None => date::point(time.as_bytes()),
        };
        point.ok_or_else(|| invalid(time))?
    } else if let Some(word) = digits {
        setting = true;
        // busybox takes the forms of -d here as well
        let bytes = word.as_bytes();
        let point = date::stamp_year_last(bytes)
            .or_else(|| date::point(bytes).filter(|_| !bytes.iter().all(u8::is_ascii_digit)));
        point.ok_or_else(|| invalid(word))?
    } else {
        let now = clock::now();
        (i64::try_from(now.as_secs()).unwrap_or(0), now.subsec_nanos())
    };
    if setting && let Err(errno) = clock::set(point.0, i64::from(point.1)) {
        cx.warn(Error::os("the clock cannot be set", errno));
    }
    show_time(cx, &form, point)?;
    Ok(cx.status())
}

fn show_time(cx: &mut Ctx, form: &[u8], point: (i64, u32)) -> Result<(), Error> {
    let mut text = Vec::new();
    date::write(&mut text, form, point.0, point.1);
    text.push(b'\n');
    cx.put(&text)
}

/// The format of `-I` and of GNU's `--rfc-3339`.
fn iso(spec: &[u8], rfc: bool) -> Option<Vec<u8>> {
    let specs: [(&[u8], &[u8]); 5] = [
        (b"date", b"%Y-%m-%d"),
        (b"hours", b"%Y-%m-%dT%H%:z"),
        (b"minutes", b"%Y-%m-%dT%H:%M%:z"),
        (b"seconds", b"%Y-%m-%dT%H:%M:%S%:z"),
        (b"ns", b"%Y-%m-%dT%H:%M:%S,%N%:z"),
    ];
    let (_, form) = specs.iter().find(|(name, _)| name.starts_with(spec))?;
    let mut form = form.to_vec();
    if rfc {
        for byte in &mut form {
            match byte {
                b'T' => *byte = b' ',
                b',' => *byte = b'.',
                _ => {}
            }
        }
    }
    Some(form)
}

/// A time in the form of strptime(3). What the form leaves out is today's, and
/// the time of the day then zero.
fn by_form(text: &[u8], form: &[u8]) -> Option<(i64, u32)> {
    if form == b"%s" {
        return date::point(&[b"@", text].concat());
    }
    let now = i64::try_from(clock::now().as_secs()).ok()?;
    let today = Civil::of(now, clock::zone_offset(now));
    let mut local = [today.year, i64::from(today.month), i64::from(today.day), 0, 0, 0];
    clock::parse(text, form, &mut local)?;
    Some((clock::seconds_of(&local)?, 0))
}
