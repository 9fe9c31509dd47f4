//! du: how much space files take. POSIX, with GNU's options.

use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::errno::Errno;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::fsutil::inodes::Inodes;
use crate::fsutil::place::last_part;
use crate::fsutil::walk::{Follow, Step, Walk};
use crate::shell::pattern;
use crate::size;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "du",
    summary: "show how much space files take",
    usage: "[-asclxLHPS0] [-h|-k|-m|-b|-B SIZE] [-d N] [-t SIZE] [FILE...]\n\
            \x20 -a, -s, -d N  every file; only operands; folders down to level N\n\
            \x20 -c       with a total     -S  folders without those in them\n\
            \x20 -h, -k, -m, -b, -B  for people, in KiB, in MiB, in bytes of content, in units\n\
            \x20 -l       files as often as they have names     -x  one file system\n\
            \x20 -L, -H   links stand for their targets; only operands do\n\
            \x20 -t SIZE  only what is at least so big (-SIZE: at most)\n\
            \x20 --apparent-size, --inodes, --si, --exclude=GLOB, -0",
    kind: Kind::Fork, // big trees take long
    run,
};

struct Choice {
    all: bool,
    depth: usize,
    unit: u64,
    human: bool,
    decimal: bool,
    apparent: bool,
    inodes: bool,
    separate: bool,
    every_name: bool,
    end: u8,
    least: u64,
    most: u64,
    exclude: Vec<Vec<u8>>,
}

/// Bytes of a folder: its own with its files', and with all below.
#[derive(Clone, Copy, Default)]
struct Sum {
    own: u64,
    all: u64,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice {
        all: false,
        depth: usize::MAX,
        unit: 1024,
        human: false,
        decimal: false,
        apparent: false,
        inodes: false,
        separate: false,
        every_name: false,
        end: b'\n',
        least: 0,
        most: u64::MAX,
        exclude: Vec::new(),
    };
    let (mut total, mut one_device, mut follow) = (false, false, Follow::Never);
    let mut options = cx.parse(
        "a,all s,summarize c,total h,human-readable k m b,bytes B:block-size d:max-depth \
        x,one-file-system l,count-links L,dereference H D,dereference-args P,no-dereference \
        S,separate-dirs 0,null t:threshold -1,apparent-size -2,inodes -3,si -4:exclude",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'a' => c.all = true,
            b's' => c.depth = 0,
            b'c' => total = true,
            b'h' => (c.human, c.decimal) = (true, false),
            b'3' => (c.human, c.decimal) = (true, true),
            b'k' => (c.unit, c.human) = (1 << 10, false),
            b'm' => (c.unit, c.human) = (1 << 20, false),
            b'b' => (c.unit, c.apparent, c.human) = (1, true, false),
            b'B' => {
                let text = options.bytes();
                let plain = if text.first().is_some_and(u8::is_ascii_digit) {
                    text.clone()
                } else {
                    [b"1", text.as_slice()].concat()
                };
                let unit = size::parse(&plain).filter(|unit| *unit > 0);
                let wrong = || Error::bad(show_bytes(&text), "not a size").with(Status::FAILURE);
                (c.unit, c.human) = (unit.ok_or_else(wrong)?, false);
            }
            b'd' => {
                let number = options.number("not a depth").map_err(|e| e.with(Status::FAILURE))?;
                c.depth = usize::try_from(number).unwrap_or(usize::MAX);
            }
            b'x' => one_device = true,
            b'l' => c.every_name = true,
            b'L' => follow = Follow::Always,
            b'H' | b'D' => follow = Follow::Start,
            b'P' => follow = Follow::Never,
            b'S' => c.separate = true,
            b'0' => c.end = 0,
            b't' => {
                let text = options.value().into_vec();
                let (most, digits) = match text.strip_prefix(b"-") {
                    Some(digits) => (true, digits),
                    None => (false, text.as_slice()),
                };
                let wrong = || Error::bad(show_bytes(&text), "not a size").with(Status::FAILURE);
                let number = size::parse(digits).ok_or_else(wrong)?;
                if most { c.most = number } else { c.least = number }
            }
            b'1' => c.apparent = true,
            b'2' => c.inodes = true,
            b'4' => c.exclude.push(options.bytes()),
            _ => {}
        }
    }
    if c.inodes && c.unit == 1024 {
        c.unit = 1;
    }
    let mut operands = std::mem::take(&mut options.operands);
    if operands.is_empty() {
        operands.push(".".into());
    }
    let mut walk = Walk::new(follow);
    walk.one_device = one_device;
    let mut seen = Inodes::default();
    let mut sum = 0;
    for operand in &operands {
        walk.start(operand.as_bytes());
        sum += tree(cx, &c, &mut walk, &mut seen)?;
    }
    if total {
        line(cx, &c, sum, b"total")?;
    }
    Ok(cx.status())
}

/// The bytes of one operand, with what is printed about it.
fn tree(cx: &mut Ctx, c: &Choice, walk: &mut Walk, seen: &mut Inodes) -> Result<u64, Error> {
    let mut sums: Vec<Sum> = Vec::new();
    while let Some(step) = walk.next() {
        let depth = walk.depth();
        match step {
            Step::Entry => {
                let excluded = c.exclude.iter().any(|glob| {
                    pattern::matches(glob, last_part(walk.path()))
                        || pattern::matches(glob, walk.path())
                });
                if excluded {
                    walk.prune();
                    continue;
                }
                let folder = walk.is_folder();
                let stat = match walk.stat() {
                    Ok(stat) => *stat,
                    Err(errno) => {
                        cx.warn(Error::os(show_bytes(walk.path()), errno));
                        continue;
                    }
                };
                let again = (folder || stat.st_nlink > 1 || depth == 0)
                    && seen.insert(stat.st_dev, stat.st_ino, 0).is_some();
                if again && (folder || !c.every_name) {
                    walk.prune();
                    continue;
                }
                let bytes = match (c.inodes, c.apparent) {
                    (true, _) => 1,
                    (_, true) => u64::try_from(stat.st_size).unwrap_or(0),
                    _ => u64::try_from(stat.st_blocks).unwrap_or(0) * 512,
                };
                if folder {
                    sums.push(Sum { own: bytes, all: bytes });
                    continue;
                }
                if c.all && depth <= c.depth || depth == 0 {
                    line(cx, c, bytes, walk.path())?;
                }
                match sums.last_mut() {
                    Some(sum) => {
                        sum.own += bytes;
                        sum.all += bytes;
                    }
                    None => return Ok(bytes),
                }
            }
            Step::Leave => {
                let Some(sum) = sums.pop() else { continue };
                if depth <= c.depth {
                    let bytes = if c.separate { sum.own } else { sum.all };
                    line(cx, c, bytes, walk.path())?;
                }
                match sums.last_mut() {
                    Some(above) => above.all += sum.all,
                    None => return Ok(if c.separate { sum.own } else { sum.all }),
                }
            }
            Step::Failed(Errno::ELOOP) => {}
            Step::Failed(errno) | Step::Lost(errno) => {
                cx.warn(Error::os(show_bytes(walk.path()), errno));
            }
        }
    }
    Ok(0)
}

fn line(cx: &mut Ctx, c: &Choice, bytes: u64, path: &[u8]) -> Result<(), Error> {
    if bytes < c.least || bytes > c.most {
        return Ok(());
    }
    let mut text = match (c.human, c.decimal) {
        (true, true) => size::human_decimal(bytes),
        (true, false) => size::human(bytes),
        _ => bytes.div_ceil(c.unit).to_string(),
    }
    .into_bytes();
    text.push(b'\t');
    text.extend_from_slice(path);
    text.push(c.end);
    cx.put(&text)
}
