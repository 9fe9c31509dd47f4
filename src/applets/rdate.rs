//! rdate: the time of another machine, by RFC 868. As busybox's; what the
//! protocol says from 2036 on, when its 32 bits begin anew, is understood.

use std::io::Read;
use std::time::Duration;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::civil::Civil;
use crate::net::resolve;
use crate::sys::{clock, socket};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "rdate",
    summary: "set the clock by another machine's",
    usage: "[-s|-p] HOST\n\
            \x20 -s  only set it   -p  only print the time",
    kind: Kind::Fork, // it waits
    run,
};

/// From 1900 to 1970.
const EPOCH: i64 = 2_208_988_800;
const PATIENCE: Duration = Duration::from_secs(10);

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    use std::os::unix::ffi::OsStrExt;
    let mut options = cx.parse("s p")?;
    let (mut set, mut print) = (true, true);
    while let Some(letter) = options.next() {
        (set, print) = if letter == b's' { (true, false) } else { (false, true) };
    }
    options.at_most(1)?;
    let Some(host) = options.operands.first() else { return Err(Error::usage("which host?")) };
    let to = resolve::address(host.as_bytes(), 0, 37)?;
    let what = format!("{}", show(host));
    let fd = socket::dial(&to, libc::SOCK_STREAM, PATIENCE).map_err(|e| Error::os(&what, e))?;
    let seconds = i32::try_from(PATIENCE.as_secs()).unwrap_or(10);
    let mut limit = [0; 16];
    if let Some(place) = limit.get_mut(..8) {
        place.copy_from_slice(&i64::from(seconds).to_ne_bytes());
    }
    let _ = socket::set(&fd, libc::SOL_SOCKET, libc::SO_RCVTIMEO, &limit);
    let mut bytes = [0; 4];
    std::fs::File::from(fd)
        .read_exact(&mut bytes)
        .map_err(|_| Error::msg(format_args!("{what} did not send the complete time")))?;
    let theirs = time_of(u32::from_be_bytes(bytes));
    if set {
        let now = i64::try_from(clock::now().as_secs()).unwrap_or(0);
        if now == theirs {
            cx.note("current time matches remote time");
        } else {
            clock::set(theirs, 0).map_err(|e| Error::os("cannot set the clock", e))?;
        }
    }
    if print {
        let local = Civil::of(theirs, clock::zone_offset(theirs));
        cx.print(format_args!("{}\n", local.ctime().trim_end()))?;
    }
    Ok(Status::OK)
}

/// Seconds since 1970 of seconds since 1900 or, where that is before 1970,
/// since 2036.
fn time_of(said: u32) -> i64 {
    let seconds = i64::from(said) - EPOCH;
    if seconds < 0 { seconds + (1 << 32) } else { seconds }
}

#[cfg(test)]
mod tests {
    use super::time_of;

    #[test]
    fn before_and_behind_2036() {
        assert_eq!(time_of(2_208_988_800), 0);
        assert_eq!(time_of(u32::MAX), 2_085_978_495);
        assert_eq!(time_of(0), 2_085_978_496);
        assert_eq!(time_of(100_000_000), 2_185_978_496);
    }
}
