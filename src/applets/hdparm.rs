//! hdparm: disks' own settings. hdparm(8) 9.65, the options of busybox's.
//!
//! Deviations: settings of the IDE drivers that Linux no longer has (-c -d -k
//! -m -n -p -u -X) are refused; `-i` and `-I` tell what people look for of what
//! the drive says, not all of it.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::time::{Duration, Instant};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::sys::block;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "hdparm",
    summary: "show and change what disks do by themselves",
    usage: "[-aCfgiIrtTyYz] [-a SECTORS] [-r 0|1] [-A|-W 0|1] [-B|-M|-S N] DEVICE...\n\
            \x20 -g, -a, -r  geometry, read-ahead, read-only (a number behind -a and -r sets them)\n\
            \x20 -i, -I  what the driver, what the drive says the drive is    -C  its state\n\
            \x20 -B, -M, -S  power (1-255), noise (0-254), time until it stands still\n\
            \x20 -A, -W  look-ahead, write cache    -y, -Y  stand still, sleep\n\
            \x20 -t, -T  how fast the disk, the cache is read\n\
            \x20 -f, -z  forget what is cached, read the partition table anew",
    kind: Kind::Exec, // measures for seconds
    run,
};

/// How long is measured.
const MEASURED: Duration = Duration::from_secs(2);
/// What is read at once.
const BUFFER: usize = 2 << 20;

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options =
        cx.parse("a? A: B: C f F g h i I M: r? R S: t T v V W? y Y z q c? d? k? m? n? p: u? X:")?;
    let mut orders: Vec<(u8, Option<u64>)> = Vec::new();
    while let Some(letter) = options.next() {
        match letter {
            b'h' => {
                cx.put(crate::applet::help("hdparm", &APPLET).as_bytes())?;
                return Ok(Status::OK);
            }
            b'V' => {
                cx.put(b"hdparm from rescuebox\n")?;
                return Ok(Status::OK);
            }
            b'c' | b'd' | b'k' | b'm' | b'n' | b'p' | b'u' | b'X' => {
                return Err(Error::msg(format_args!(
                    "-{}: a setting of drivers that this kernel no longer has",
                    char::from(letter)
                )));
            }
            _ => {}
        }
        let number = match options.optional() {
            Some(word) => Some(
                crate::options::number(&word)
                    .ok_or_else(|| Error::bad(show(&word), "not a number"))?,
            ),
            None => None,
        };
        let most = match letter {
            b'A' | b'W' | b'r' => 1,
            b'B' | b'S' | b'M' => 255,
            _ => u64::MAX,
        };
        if let Some(n) = number.filter(|&n| n > most) {
            return Err(Error::usage(format_args!(
                "-{}: {n} is more than {most}",
                char::from(letter)
            )));
        }
        if letter != b'q' {
            orders.push((letter, number));
        }
    }
    if options.operands.is_empty() {
        return Err(Error::usage("which device?").with(Status::FAILURE));
    }
    if orders.iter().all(|(letter, _)| *letter == b'v') {
        orders = vec![(b'r', None), (b'a', None), (b'g', None)];
    }
    for device in &options.operands {
        let file = std::fs::File::options().read(true).custom_flags(libc::O_NONBLOCK).open(device);
        let file = match file {
            Ok(file) => file,
            Err(error) => {
                cx.warn(Error::os(show(device), error));
                continue;
            }
        };
        cx.print(format_args!("\n{}:\n", show(device)))?;
        for &(letter, number) in &orders {
            if let Err(error) = order(cx, device, &file, letter, number) {
                cx.warn(error);
            }
        }
    }
    Ok(cx.status())
}

fn on_off(value: u64) -> &'static str {
    if value == 0 { "off" } else { "on" }
}

/// One order to one device.
fn order(
    cx: &mut Ctx,
    device: &OsStr,
    file: &std::fs::File,
    letter: u8,
    number: Option<u64>,
) -> Result<(), Error> {
    let fd = file.as_fd();
    let fail = |what: &str, errno: nix::errno::Errno| {
        Error::os(format_args!("{}: {what}", show(device)), errno)
    };
    let set = |cx: &mut Ctx, text: &str, order: [u8; 4]| -> Result<(), Error> {
        cx.put(text.as_bytes())?;
        block::ata(fd, order).map(drop).map_err(|errno| fail("the drive refuses", errno))
    };
    let small = u8::try_from(number.unwrap_or(0)).unwrap_or(255);
    match letter {
        b'a' => {
            if let Some(sectors) = number {
                cx.print(format_args!(" setting fs readahead to {sectors}\n"))?;
                block::tell_number(fd, block::SET_READ_AHEAD, sectors)
                    .map_err(|errno| fail("BLKRASET", errno))?;
            }
            let sectors =
                block::ask_long(fd, block::READ_AHEAD).map_err(|errno| fail("BLKRAGET", errno))?;
            cx.print(format_args!(" readahead     = {sectors:2} ({})\n", on_off(sectors)))
        }
        b'r' => {
            if let Some(value) = number {
                cx.print(format_args!(" setting readonly to {value} ({})\n", on_off(value)))?;
                block::tell(fd, block::SET_READ_ONLY, small.into())
                    .map_err(|errno| fail("BLKROSET", errno))?;
            }
            let value =
                block::ask(fd, block::READ_ONLY).map_err(|errno| fail("BLKROGET", errno))?;
            cx.print(format_args!(" readonly      = {value:2} ({})\n", on_off(value.into())))
        }
        b'g' => {
            let sectors = block::ask_wide(fd, block::SIZE)
                .map_err(|errno| fail("BLKGETSIZE64", errno))?
                / 512;
            let (heads, per_track, cylinders, start) =
                block::geometry(fd).map_err(|errno| fail("HDIO_GETGEO", errno))?;
            // 16 bits are too few for cylinders of today.
            let track = u64::from(heads) * u64::from(per_track);
            let cylinders = sectors.checked_div(track).unwrap_or(cylinders.into());
            cx.print(format_args!(
                " geometry      = {cylinders}/{heads}/{per_track}, sectors = {sectors}, start = {start}\n"
            ))
        }
        b'f' => block::tell_number(fd, block::FLUSH, 0)
            .map(drop)
            .map_err(|errno| fail("BLKFLSBUF", errno)),
        b'F' => set(cx, " flushing drive write-cache\n", [0xe7, 0, 0, 0]),
        b'z' => {
            cx.put(b" re-reading partition table\n")?;
            block::tell_number(fd, block::REREAD, 0)
                .map(drop)
                .map_err(|errno| fail("BLKRRPART", errno))
        }
        b'y' => set(cx, " issuing standby command\n", [0xe0, 0, 0, 0]),
        b'Y' => set(cx, " issuing sleep command\n", [0xe6, 0, 0, 0]),
        b'S' => {
            let text = format!(" setting standby to {small} ({})\n", standby(small));
            set(cx, &text, [0xe3, small, 0, 0])
        }
        b'B' => match small {
            0 => Err(Error::usage("-B takes 1 to 255")),
            255 => set(
                cx,
                " setting Advanced Power Management level to disabled\n",
                [0xef, 0, 0x85, 0],
            ),
            n => {
                let text = format!(" setting Advanced Power Management level to 0x{n:02x} ({n})\n");
                set(cx, &text, [0xef, n, 0x05, 0])
            }
        },
        b'M' => {
            let text = format!(" setting acoustic management to {small}\n");
            set(cx, &text, [0xef, small, if small == 0 { 0xc2 } else { 0x42 }, 0])
        }
        b'A' | b'W' if number.is_some() => {
            let (what, on, off) = if letter == b'A' {
                ("drive read-lookahead", 0xaa, 0x55)
            } else {
                ("drive write-caching", 0x02, 0x82)
            };
            let state = on_off(small.into());
            let text = format!(" setting {what} to {small} ({state})\n");
            set(cx, &text, [0xef, 0, if small == 0 { off } else { on }, 0])
        }
        b'W' => {
            let words = identify(fd).map_err(|errno| fail("IDENTIFY", errno))?;
            let on = u64::from(word(&words, 85) >> 5 & 1);
            cx.print(format_args!(" write-caching = {on:2} ({})\n", on_off(on)))
        }
        b'C' => {
            let answer = block::ata(fd, [0xe5, 0, 0, 0])
                .map_err(|errno| fail("the drive refuses", errno))?;
            let state = match answer.get(2) {
                Some(0) => "standby",
                Some(0x40) => "NVcache_spindown",
                Some(0x41) => "NVcache_spinup",
                Some(0x80) => "idle",
                Some(0xff) => "active/idle",
                _ => "unknown",
            };
            cx.print(format_args!(" drive state is:  {state}\n"))
        }
        b'i' => {
            let words = block::identity(fd).map_err(|errno| fail("HDIO_GET_IDENTITY", errno))?;
            cx.put(brief(&words).as_bytes())
        }
        b'I' => {
            let words = identify(fd).map_err(|errno| fail("IDENTIFY", errno))?;
            cx.put(detailed(&words).as_bytes())
        }
        b't' | b'T' => measure(cx, device, file, letter == b'T'),
        _ => Ok(()),
    }
}

/// IDENTIFY DEVICE, of the drive itself.
fn identify(fd: BorrowedFd<'_>) -> Result<[u8; 512], nix::errno::Errno> {
    let answer = block::ata(fd, [0xec, 0, 0, 1])?;
    let words = answer.get(4..).and_then(<[u8]>::first_chunk::<512>);
    words.copied().ok_or(nix::errno::Errno::EIO)
}

/// A word of IDENTIFY's answer.
fn word(words: &[u8; 512], at: usize) -> u16 {
    crate::blk::probe::le16(words, at * 2)
}

/// A text of IDENTIFY's answer: the bytes of each word are swapped.
fn text(words: &[u8; 512], from: usize, count: usize) -> String {
    let mut out = Vec::new();
    for at in from..from + count {
        out.extend(word(words, at).to_be_bytes());
    }
    show_bytes(crate::blk::probe::text::trimmed(out.trim_ascii_start())).to_string()
}

/// Sectors that can be addressed: by 28 and by 48 bits.
fn sectors(words: &[u8; 512]) -> (u64, u64) {
    let low = u64::from(word(words, 60)) | u64::from(word(words, 61)) << 16;
    let mut high = 0;
    if word(words, 83) & 0x400 != 0 {
        for at in (100..104).rev() {
            high = high << 16 | u64::from(word(words, at));
        }
    }
    (low, high)
}

fn brief(words: &[u8; 512]) -> String {
    let (low, high) = sectors(words);
    let of = |at| word(words, at);
    format!(
        "\n Model={}, FwRev={}, SerialNo={}\n RawCHS={}/{}/{}, TrkSize={}, SectSize={}, ECCbytes={}\n \
         BuffType={}, BuffSize={}kB, MaxMultSect={}\n LBA={}, LBAsects={}\n AdvancedPM={}, WriteCache={}\n\n",
        text(words, 27, 20),
        text(words, 23, 4),
        text(words, 10, 10),
        of(1),
        of(3),
        of(6),
        of(4),
        of(5),
        of(22),
        of(20),
        of(21) / 2,
        of(47) & 0xff,
        if of(49) & 0x200 == 0 { "no" } else { "yes" },
        high.max(low),
        if of(83) & 8 == 0 { "no" } else { "yes" },
        if of(82) & 0x20 == 0 {
            "unknown"
        } else if of(85) & 0x20 == 0 {
            "disabled"
        } else {
            "enabled"
        }
    )
}

fn detailed(words: &[u8; 512]) -> String {
    let (low, high) = sectors(words);
    let of = |at| word(words, at);
    let mut out = format!(
        "\nATA device, with non-removable media\n\tModel Number:       {}\n\tSerial Number:      {}\n\
         \tFirmware Revision:  {}\nConfiguration:\n\tLogical\t\tmax\tcurrent\n\
         \tcylinders\t{}\t{}\n\theads\t\t{}\t{}\n\tsectors/track\t{}\t{}\n\t--\n\
         \tLBA    user addressable sectors: {low:>10}\n",
        text(words, 27, 20),
        text(words, 10, 10),
        text(words, 23, 4),
        of(1),
        of(54),
        of(3),
        of(55),
        of(6),
        of(56)
    );
    if high > 0 {
        out.push_str(&format!("\tLBA48  user addressable sectors: {high:>10}\n"));
    }
    let total = high.max(low);
    out.push_str(&format!(
        "\tdevice size with M = 1024*1024: {:>11} MBytes\n\
         \tdevice size with M = 1000*1000: {:>11} MBytes\n",
        total / 2048,
        total * 512 / 1_000_000
    ));
    out.push_str("Commands/features:\n\tEnabled\tSupported:\n");
    for (at, bit, name) in [
        (82, 0, "SMART feature set"),
        (82, 1, "Security Mode feature set"),
        (82, 3, "Power Management feature set"),
        (82, 5, "Write cache"),
        (82, 6, "Look-ahead"),
        (82, 10, "Host Protected Area feature set"),
        (83, 3, "Advanced Power Management feature set"),
        (83, 9, "Automatic Acoustic Management feature set"),
        (83, 10, "48-bit Address feature set"),
        (83, 12, "Mandatory FLUSH_CACHE"),
        (83, 13, "FLUSH_CACHE_EXT"),
    ] {
        if of(at) >> bit & 1 == 1 {
            let mark = if of(at + 3) >> bit & 1 == 1 { "*" } else { " " };
            out.push_str(&format!("\t   {mark}\t{name}\n"));
        }
    }
    if of(76) & 0xf != 0 && of(76) != 0xffff {
        out.push_str("\t   *\tSATA\n");
    }
    if of(217) == 1 {
        out.push_str("\t   *\tsolid state device\n");
    }
    out
}

/// The time until a drive stands still, in words.
fn standby(n: u8) -> String {
    let n = u32::from(n);
    match n {
        0 => "off".into(),
        1..=240 => {
            let (minutes, seconds) = (n * 5 / 60, n * 5 % 60);
            match (minutes, seconds) {
                (0, seconds) => format!("{seconds} seconds"),
                (minutes, 0) => format!("{minutes} minutes"),
                (minutes, seconds) => format!("{minutes} minutes + {seconds} seconds"),
            }
        }
        241..=251 => match ((n - 240) / 2, (n - 240) % 2) {
            (0, _) => "30 minutes".into(),
            (hours, half) => {
                let more = if half == 1 { " + 30 minutes" } else { "" };
                format!("{hours} hour{}{more}", if hours == 1 { "" } else { "s" })
            }
        },
        252 => "21 minutes".into(),
        253 => "vendor-specific".into(),
        254 => "reserved".into(),
        _ => "21 minutes + 15 seconds".into(),
    }
}

/// How fast the disk is read, or what is in memory of it.
fn measure(cx: &mut Ctx, device: &OsStr, file: &std::fs::File, cached: bool) -> Result<(), Error> {
    let fail = |e: std::io::Error| Error::os(show(device), e);
    cx.put(if cached { b" Timing cached reads:   " } else { b" Timing buffered disk reads: " })?;
    cx.flush()?;
    let mut buffer = vec![0; BUFFER];
    if !cached {
        let _ = block::tell_number(file.as_fd(), block::FLUSH, 0);
    } else {
        file.read_at(&mut buffer, 0).map_err(fail)?;
    }
    let begin = Instant::now();
    let mut bytes = 0u64;
    while begin.elapsed() < MEASURED {
        let at = if cached { 0 } else { bytes };
        let count = file.read_at(&mut buffer, at).map_err(fail)?;
        bytes += count as u64;
        if count == 0 {
            break;
        }
    }
    let took = begin.elapsed();
    let hundredths = u64::try_from(took.as_millis() / 10).unwrap_or(u64::MAX).max(1);
    let mib = bytes >> 20;
    // MB a second in hundredths.
    let rate =
        u64::try_from(u128::from(bytes) * 10_000 / (u128::from(hundredths) << 20)).unwrap_or(0);
    cx.print(format_args!(
        "{mib:>4} MB in {:>2}.{:02} seconds = {}.{:02} MB/sec\n",
        hundredths / 100,
        hundredths % 100,
        rate / 100,
        rate % 100
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(standby(0), "off");
        assert_eq!(standby(3), "15 seconds");
        assert_eq!(standby(13), "1 minutes + 5 seconds");
        assert_eq!(standby(12), "1 minutes");
        assert_eq!(standby(242), "1 hour");
        assert_eq!(standby(245), "2 hours + 30 minutes");
    }

    #[test]
    fn what_a_drive_says() {
        let mut words = [0u8; 512];
        words[54..60].copy_from_slice(b"OM\x20ED L"[..6].try_into().unwrap());
        words[120..122].copy_from_slice(&1000u16.to_le_bytes());
        assert!(brief(&words).contains("LBA=no, LBAsects=1000\n"));
        assert!(detailed(&words).contains("user addressable sectors:       1000\n"));
        words[166..168].copy_from_slice(&0x400u16.to_le_bytes());
        words[202..204].copy_from_slice(&1u16.to_le_bytes());
        assert_eq!(sectors(&words), (1000, 65536));
        assert!(text(&words, 27, 3).starts_with("MO"));
    }
}
