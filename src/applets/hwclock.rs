//! hwclock: the clock that runs while the machine is off. util-linux's and
//! busybox's.
//!
//! Deviation: it does not correct for drift (`--adjust`).

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use nix::fcntl::OFlag;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::civil::Civil;
use crate::date;
use crate::sys::rtc::{self, RtcTime};
use crate::sys::{clock, path};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "hwclock",
    summary: "show or set the clock of the hardware",
    usage: "[-r | -s | -w | --systz | --set --date TEXT] [-u | -l] [-f DEVICE]\n\
            \x20 -r  show it (default)      -s  set the system's clock from it\n\
            \x20 -w  set it from the system's clock\n\
            \x20 --systz  only tell the kernel the time zone, and move the clock if it is local time\n\
            \x20 -u, -l   it keeps UTC, local time (otherwise as /etc/adjtime says, or UTC)\n\
            \x20 --test, -v, --noadjfile, --adjfile FILE",
    kind: Kind::Fork, // waits for a second to begin
    run,
};

const DEVICES: [&str; 4] = ["/dev/rtc", "/dev/rtc0", "/dev/misc/rtc", "/dev/rtc1"];

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx
        .parse(
            "r,show s,hctosys w,systohc u,utc l,localtime f:rtc v,verbose|debug D,test \
             -1,systz|timezone -2,set -3:date -4:adjfile -5,noadjfile -6,get a,adjust -7,update-drift \
             -8:delay -9,directisa",
        )
        .map_err(|e| e.with(Status::FAILURE))?;
    options.at_most(0).map_err(|e| e.with(Status::FAILURE))?;
    let (mut what, mut local, mut test, mut verbose) = (b'r', None, false, false);
    let (mut device, mut text, mut adjfile) = (None, None, Some("/etc/adjtime".into()));
    let mut functions = 0;
    while let Some(letter) = options.next() {
        match letter {
            b'r' | b's' | b'w' | b'1' | b'2' | b'a' => {
                what = letter;
                functions += 1;
            }
            b'6' => functions += 1,
            b'u' => local = Some(false),
            b'l' => local = Some(true),
            b'f' => device = Some(options.value()),
            b'v' => verbose = true,
            b'D' => test = true,
            b'3' => text = Some(options.bytes()),
            b'4' => adjfile = Some(options.value()),
            b'5' => adjfile = None,
            _ => {}
        }
    }
    if functions > 1 {
        return Err(Error::usage("one thing at a time").with(Status::FAILURE));
    }
    if what == b'a' {
        return Err(Error::msg("drift is not corrected; -w sets the clock"));
    }
    let kept = adjfile.as_ref().map(|file| crate::sys::file::read(file).unwrap_or_default());
    let kept = kept.unwrap_or_default();
    let says_local =
        kept.split(|&b| b == b'\n').nth(2).is_some_and(|line| line.trim_ascii() == b"LOCAL");
    let is_local = local.unwrap_or(says_local);
    if what == b'1' {
        if !test {
            tell_zone(is_local)?;
        }
        return Ok(Status::OK);
    }
    let (fd, name) = open(device.as_deref(), matches!(what, b'w' | b'2'))?;
    if verbose {
        cx.note(format_args!("{name}: keeps {}", if is_local { "local time" } else { "UTC" }));
    }
    match what {
        b'w' | b'2' => {
            let seconds = match (what, &text) {
                (b'2', Some(text)) => {
                    let (seconds, _) = date::point(text).ok_or_else(|| {
                        Error::msg(format_args!(
                            "invalid date '{}'",
                            crate::applet::show_bytes(text)
                        ))
                    })?;
                    seconds
                }
                (b'2', None) => {
                    return Err(Error::usage("--set wants --date").with(Status::FAILURE));
                }
                _ => {
                    // the usual chip begins its second half a second after it is set
                    let now = clock::now();
                    let into = u64::from(now.subsec_millis());
                    let wait = if into <= 500 { 500 - into } else { 1500 - into };
                    std::thread::sleep(Duration::from_millis(if test { 0 } else { wait }));
                    i64::try_from(clock::now().as_secs()).unwrap_or(0)
                }
            };
            if !test {
                rtc::set(&fd, &taken_apart(seconds, is_local)).map_err(|e| Error::os(&name, e))?;
                if let Some(file) =
                    adjfile.filter(|_| local.is_some() && (!kept.is_empty() || is_local))
                {
                    let zone = if is_local { "LOCAL" } else { "UTC" };
                    let text = format!("0.0 {seconds} 0.0\n{seconds}\n{zone}\n");
                    crate::fsutil::accounts::replace(file.as_ref(), text.as_bytes())?;
                }
            }
        }
        b's' => {
            let seconds = next_second(&fd, &name, is_local)?;
            if !test {
                // first the zone: its first call may move the clock
                tell_zone(is_local)?;
                clock::set(seconds, 0).map_err(|e| Error::os("the system's clock", e))?;
            }
        }
        _ => {
            let seconds = next_second(&fd, &name, is_local)?;
            let time = Civil::of(seconds, clock::zone_offset(seconds));
            let zone = time.zone();
            let (hours, minutes) = zone.split_at_checked(3).unwrap_or((&zone, ""));
            cx.print(format_args!("{}.000000{hours}:{minutes}\n", time.date_time()))?;
        }
    }
    Ok(Status::OK)
}

fn open(device: Option<&OsStr>, write: bool) -> Result<(OwnedFd, String), Error> {
    let flags = if write { OFlag::O_WRONLY } else { OFlag::O_RDONLY };
    if let Some(name) = device {
        let fd = path::open(name, flags).map_err(|e| Error::os(show(name), e))?;
        return Ok((fd, show(name).to_string()));
    }
    let mut failure = nix::errno::Errno::ENOENT;
    for name in DEVICES {
        match path::open(name, flags) {
            Ok(fd) => return Ok((fd, name.to_string())),
            Err(nix::errno::Errno::ENOENT | nix::errno::Errno::ENODEV) => {}
            Err(errno) => failure = errno,
        }
    }
    Err(Error::os("no hardware clock (/dev/rtc, /dev/rtc0)", failure))
}

/// The clock's time in seconds after 1970, when its next second begins.
fn next_second(fd: &OwnedFd, name: &str, local: bool) -> Result<i64, Error> {
    let read = || rtc::read(fd).map_err(|e| Error::os(name, e));
    let first = read()?.second;
    // a clock that stands still must not keep anybody
    for _ in 0..750 {
        std::thread::sleep(Duration::from_millis(2));
        let time = read()?;
        if time.second != first {
            return put_together(&time, local, name);
        }
    }
    put_together(&read()?, local, name)
}

fn put_together(time: &RtcTime, local: bool, name: &str) -> Result<i64, Error> {
    let wide = i64::from;
    let fields = [
        wide(time.year) + 1900,
        wide(time.month) + 1,
        wide(time.day),
        wide(time.hour),
        wide(time.minute),
        wide(time.second),
    ];
    let seconds = if local { clock::seconds_of(&fields) } else { Some(of_utc(&fields)) };
    seconds.ok_or_else(|| Error::msg(format_args!("{name}: shows no time that there is")))
}

/// Seconds after 1970 of a date in UTC.
fn of_utc(fields: &[i64; 6]) -> i64 {
    let [year, month, day, hour, minute, second] = *fields;
    // years that begin in March, so that the leap day ends them
    let years = if month <= 2 { year - 1 } else { year };
    let era = years.div_euclid(400);
    let of_era = years.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    days * 86400 + hour * 3600 + minute * 60 + second
}

fn taken_apart(seconds: i64, local: bool) -> RtcTime {
    let offset = if local { clock::zone_offset(seconds) } else { 0 };
    let time = Civil::of(seconds, offset);
    let small = |n: u32| i32::try_from(n).unwrap_or(0);
    RtcTime {
        second: small(time.second),
        minute: small(time.minute),
        hour: small(time.hour),
        day: small(time.day),
        month: small(time.month) - 1,
        year: i32::try_from(time.year - 1900).unwrap_or(0),
        weekday: small(time.weekday),
        ..RtcTime::default()
    }
}

/// Tells the kernel the time zone. Where the hardware clock keeps UTC the first
/// call must say 0, or the kernel moves the clock.
fn tell_zone(local: bool) -> Result<(), Error> {
    let seconds = i64::try_from(clock::now().as_secs()).unwrap_or(0);
    let west = -clock::zone_offset(seconds) / 60;
    let failed = |e| Error::os("the kernel's time zone", e);
    if !local {
        rtc::set_minutes_west(0).map_err(failed)?;
    }
    if west != 0 {
        rtc::set_minutes_west(west).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_of_utc() {
        assert_eq!(of_utc(&[1970, 1, 1, 0, 0, 0]), 0);
        assert_eq!(of_utc(&[2026, 11, 22, 8, 15, 1]), 1_795_335_301);
        assert_eq!(of_utc(&[2000, 2, 29, 23, 59, 59]), 951_868_799);
        assert_eq!(of_utc(&[2100, 3, 1, 0, 0, 0]), 4_107_542_400);
    }
}
