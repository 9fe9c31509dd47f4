//! head: the start of files. POSIX, with GNU's `-c`, `-q`, `-v`, `-z`, `-N` and
//! counts from the end.

use nix::unistd::{Whence, lseek};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::inputs::{self, Input};
use crate::size;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "head",
    summary: "the start of files",
    usage: "[-n N | -c N | -N] [-qvz] [FILE...]\n\
            \x20 -n N, -N  the first N lines (10); -n -N all but the last N\n\
            \x20 -c N      bytes instead; N may have k, m, b (512) behind it\n\
            \x20 -q, -v    never, always a line with the name before each\n\
            \x20 -z        lines end with a zero byte",
    kind: Kind::Fork, // reading may block
    run,
};

/// What of a file is shown.
#[derive(Clone, Copy)]
struct Part {
    count: u64,
    bytes: bool,
    /// All but the last.
    but: bool,
    end: u8,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("n:lines c:bytes q,quiet|silent v,verbose z,zero-terminated #")?;
    let mut part = Part { count: 10, bytes: false, but: false, end: b'\n' };
    let mut titles = options.operands.len() > 1;
    while let Some(letter) = options.next() {
        match letter {
            b'n' | b'c' | b'#' => {
                let text = options.bytes();
                let mut rest = text.as_slice();
                // -5c, -5q of old
                let mut unit = letter == b'c';
                if letter == b'#' {
                    while let Some((&last @ (b'c' | b'l' | b'q' | b'v'), head)) = rest.split_last()
                    {
                        rest = head;
                        match last {
                            b'c' => unit = true,
                            b'q' => titles = false,
                            b'v' => titles = true,
                            _ => {}
                        }
                    }
                }
                part.but = rest.starts_with(b"-");
                let digits = rest.strip_prefix(b"-").or(rest.strip_prefix(b"+")).unwrap_or(rest);
                part.count = size::count(digits).ok_or_else(|| {
                    Error::bad(show_bytes(&text), "not a number").with(Status::FAILURE)
                })?;
                part.bytes = unit;
            }
            b'q' => titles = false,
            b'v' => titles = true,
            _ => part.end = 0,
        }
    }
    let mut first = true;
    inputs::each(cx, &options.operands, &mut |cx, input| {
        if titles {
            title(cx, input, &mut first)?;
        }
        show_part(cx, input, part)
    })?;
    Ok(cx.status())
}

/// The line with a file's name, and an empty one before it.
pub(super) fn title(cx: &mut Ctx, input: &Input, first: &mut bool) -> Result<(), Error> {
    use std::os::unix::ffi::OsStrExt;
    if !std::mem::take(first) {
        cx.put(b"\n")?;
    }
    let name = if input.name == "-" { b"standard input".as_slice() } else { input.name.as_bytes() };
    let text = [b"==> ", name, b" <==\n"].concat();
    cx.put(&text)
}

fn show_part(cx: &mut Ctx, input: &mut Input, part: Part) -> Result<(), Error> {
    let mut left = part.count;
    if part.but {
        return all_but(cx, input, part);
    }
    while left > 0 {
        if part.bytes {
            input.lines.at_most(left);
        }
        let Some(block) = input.block()? else { break };
        let length = if part.bytes {
            let length = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
            left -= length as u64;
            length
        } else {
            let mut length = block.len();
            for at in memchr::memchr_iter(part.end, block) {
                left -= 1;
                if left == 0 {
                    length = at + 1;
                    break;
                }
            }
            length
        };
        let over = block.len() - length;
        cx.put(block.get(..length).unwrap_or_default())?;
        if over > 0 {
            // What is not shown is the next reader's, where that can be.
            let back = i64::try_from(over).unwrap_or(0);
            if input.name == "-" {
                let _ = lseek(cx.stdin, -back, Whence::SeekCur);
            }
        }
    }
    Ok(())
}

/// Holds back what may be the end.
fn all_but(cx: &mut Ctx, input: &mut Input, part: Part) -> Result<(), Error> {
    let mut held: Vec<u8> = Vec::new();
    let mut lines = 0u64;
    let keep = usize::try_from(part.count).unwrap_or(usize::MAX);
    loop {
        let block = input.block()?;
        let ended = block.is_none();
        let block = block.unwrap_or_default();
        held.extend_from_slice(block);
        let mut out = 0;
        if part.bytes {
            out = held.len().saturating_sub(keep);
        } else {
            lines += memchr::memchr_iter(part.end, block).count() as u64;
            // The last line may lack its end.
            let open = ended && held.last().is_some_and(|b| *b != part.end);
            let mut surplus = (lines + u64::from(open)).saturating_sub(part.count);
            while surplus > 0 {
                let rest = held.get(out..).unwrap_or_default();
                let Some(at) = memchr::memchr(part.end, rest) else {
                    out = held.len();
                    break;
                };
                out += at + 1;
                lines -= 1;
                surplus -= 1;
            }
        }
        cx.put(held.get(..out).unwrap_or_default())?;
        held.drain(..out);
        if ended {
            return Ok(());
        }
    }
}
