//! free: how much memory is used. procps's lines, from `/proc/meminfo`.

use std::time::Duration;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::{interval, proc, size};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "free",
    summary: "print how much memory is used",
    usage: "[-bkmghtw] [-s SECONDS] [-c COUNT]\n\
            \x20 -b, -k, -m, -g  in bytes, KiB (default), MiB, GiB     -h  as fits\n\
            \x20 -t  a line with the sum     -w  buffers and cache apart\n\
            \x20 -s  again every so often    -c  so many times",
    kind: Kind::Fork, // may wait
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "b,bytes k,kibi m,mebi g,gibi h,human t,total w,wide l,lohi s:seconds c:count -S,si",
    )?;
    options.at_most(0)?;
    let mut unit = Some(1024);
    let mut every = None;
    let mut count = None;
    while let Some(letter) = options.next() {
        match letter {
            b'b' => unit = Some(1),
            b'k' => unit = Some(1 << 10),
            b'm' => unit = Some(1 << 20),
            b'g' => unit = Some(1 << 30),
            b'h' => unit = None,
            b's' => {
                let value = options.bytes();
                let parsed = interval::parse(&value).ok().flatten();
                let wrong = || Error::bad(show(bytes_of(&value)), "not a length of time");
                every = Some(parsed.filter(|t| !t.is_zero()).ok_or_else(wrong)?);
            }
            b'c' => count = Some(options.number("not a number")?),
            _ => {}
        }
    }
    let mut left = count.unwrap_or(if every.is_some() { u64::MAX } else { 1 });
    loop {
        table(cx, unit, options.has(b't'), options.has(b'w'))?;
        left = left.saturating_sub(1);
        if left == 0 {
            return Ok(Status::OK);
        }
        cx.put(b"\n")?;
        cx.flush()?;
        std::thread::sleep(every.unwrap_or(Duration::from_secs(1)));
    }
}

fn bytes_of(text: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(text)
}

fn table(cx: &mut Ctx, unit: Option<u64>, total: bool, wide: bool) -> Result<(), Error> {
    let memory = proc::memory()?;
    let of = |name: &str| memory.get(name).saturating_mul(1024);
    let cache = of("Cached") + of("SReclaimable");
    let all = of("MemTotal");
    let available = of("MemAvailable");
    // procps: what is not available is used
    let used = all.saturating_sub(if available == 0 { of("MemFree") } else { available });
    let (swap, swap_free) = (of("SwapTotal"), of("SwapFree"));
    let swap_used = swap.saturating_sub(swap_free);
    let row = |cx: &mut Ctx, name: &str, cells: &[u64]| {
        let mut line = format!("{name:<8}");
        for cell in cells {
            let text = match unit {
                Some(unit) => (cell / unit).to_string(),
                None => size::human_binary(*cell),
            };
            line.push_str(&format!("{text:>12}"));
        }
        line.push('\n');
        cx.put(line.as_bytes())
    };
    if wide {
        cx.put(b"               total        used        free      shared     buffers       cache   available\n")?;
        let cells = [all, used, of("MemFree"), of("Shmem"), of("Buffers"), cache, available];
        row(cx, "Mem:", &cells)?;
    } else {
        cx.put(
            b"               total        used        free      shared  buff/cache   available\n",
        )?;
        let cells = [all, used, of("MemFree"), of("Shmem"), of("Buffers") + cache, available];
        row(cx, "Mem:", &cells)?;
    }
    row(cx, "Swap:", &[swap, swap_used, swap_free])?;
    if total {
        row(cx, "Total:", &[all + swap, used + swap_used, of("MemFree") + swap_free])?;
    }
    Ok(())
}
