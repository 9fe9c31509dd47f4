//! uptime: how long the machine runs. procps's lines.

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::civil::Civil;
use crate::proc;
use crate::sys::{clock, sessions};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "uptime",
    summary: "print how long the machine runs",
    usage: "[-ps]\n\
            \x20 -p  only that, in words    -s  since when",
    kind: Kind::NoFork, // reads /proc
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("p,pretty s,since")?;
    options.at_most(0)?;
    let line = if options.has(b's') {
        let since = clock::now().saturating_sub(clock::since_boot()).as_secs();
        let since = i64::try_from(since).unwrap_or(0);
        Civil::of(since, clock::zone_offset(since)).date_time()
    } else if options.has(b'p') {
        pretty(clock::since_boot().as_secs())
    } else {
        proc::uptime_line(sessions::users().len())
    };
    cx.print(format_args!("{line}\n"))?;
    Ok(Status::OK)
}

fn pretty(seconds: u64) -> String {
    let minutes = seconds / 60;
    let parts = [
        (minutes / (60 * 24 * 7 * 52), "year"),
        (minutes / (60 * 24 * 7) % 52, "week"),
        (minutes / (60 * 24) % 7, "day"),
        (minutes / 60 % 24, "hour"),
        (minutes % 60, "minute"),
    ];
    let mut text = String::from("up");
    let mut first = true;
    for (count, name) in parts {
        if count == 0 && !(first && name == "minute") {
            continue;
        }
        let plural = if count == 1 { "" } else { "s" };
        let comma = if first { "" } else { "," };
        text.push_str(&format!("{comma} {count} {name}{plural}"));
        first = false;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn words() {
        assert_eq!(pretty(5), "up 0 minutes");
        assert_eq!(pretty(3660), "up 1 hour, 1 minute");
        assert_eq!(pretty(86400 * 8 + 7200), "up 1 week, 1 day, 2 hours");
    }
}
