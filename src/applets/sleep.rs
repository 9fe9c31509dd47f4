//! sleep: wait. POSIX, with GNU's fractions, suffixes, sums and `inf`;
//! usleep: the same in microseconds.

use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::interval;
use crate::options::number;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "sleep",
    summary: "wait",
    usage: "TIME...\n\
            \x20 TIME is a number of seconds, 0.5 or 90, or with s, m, h or d behind it;\n\
            \x20 inf is for ever; of several the sum",
    kind: Kind::Fork, // blocks
    run,
};

/// See the module.
pub(super) static USLEEP: Applet = Applet {
    name: "usleep",
    summary: "wait for some microseconds",
    usage: "MICROSECONDS",
    kind: Kind::Fork, // blocks
    run: run_usleep,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut total = Some(Duration::ZERO);
    let operands = cx.parse("")?.operands;
    for word in &operands {
        let length = interval::parse(word.as_bytes())
            .map_err(|_| Error::bad(show(word), "not a length of time"))?;
        total = match (total, length) {
            (Some(sum), Some(length)) => sum.checked_add(length),
            _ => None,
        };
    }
    if operands.is_empty() {
        return Err(Error::usage("how long?"));
    }
    cx.flush()?;
    match total {
        Some(total) => std::thread::sleep(total),
        None => loop {
            std::thread::sleep(Duration::from_secs(86400));
        },
    }
    Ok(Status::OK)
}

fn run_usleep(cx: &mut Ctx) -> Result<Status, Error> {
    let [word] = cx.args else { return Err(Error::usage("how many microseconds?")) };
    let micros = number(word).ok_or_else(|| Error::bad(show(word), "not a number"))?;
    std::thread::sleep(Duration::from_micros(micros));
    Ok(Status::OK)
}
