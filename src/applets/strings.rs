//! strings: printable texts in files. POSIX, with binutils' options.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::inputs;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "strings",
    summary: "printable texts in files",
    usage: "[-afow] [-n N] [-t d|o|x] [FILE...]\n\
            \x20 -n N  of N bytes at least (4)\n\
            \x20 -f    with the file's name; -t with where, decimal, octal or hexadecimal; -o is -t o\n\
            \x20 -w    newlines are part of a text; -a nothing: all of a file is read",
    kind: Kind::Fork, // reading may block
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    act(cx).map_err(|e| e.with(Status::FAILURE))
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options =
        cx.parse("a,all f,print-file-name o w,include-all-whitespace n:bytes t:radix #")?;
    let (mut names, mut radix, mut least, mut wide) = (false, 0, 4, false);
    while let Some(letter) = options.next() {
        match letter {
            b'f' => names = true,
            b'o' => radix = b'o',
            b'w' => wide = true,
            b'n' | b'#' => {
                let number = options.number("not a length")?;
                least = usize::try_from(number).unwrap_or(usize::MAX);
                if least == 0 {
                    return Err(Error::usage("0: not a length"));
                }
            }
            b't' => {
                let text = options.bytes();
                radix = match text.as_slice() {
                    &[letter @ (b'd' | b'o' | b'x')] => letter,
                    _ => return Err(Error::usage("-t takes d, o or x")),
                };
            }
            _ => {}
        }
    }
    let mut part = [false; 256];
    for (byte, part) in (0..=u8::MAX).zip(&mut part) {
        *part =
            (32..127).contains(&byte) || byte == b'\t' || wide && matches!(byte, b'\n' | 11..=13);
    }
    let operands = options.operands;
    inputs::each(cx, &operands, &mut |cx, input| {
        let name: &[u8] =
            if operands.is_empty() { b"{standard input}" } else { input.name.as_bytes() };
        let mut held: Vec<u8> = Vec::new();
        // A text is written as soon as it is long enough.
        let mut open = false;
        let mut at = 0u64;
        while let Some(block) = input.block()? {
            let mut rest = block;
            loop {
                if held.is_empty() && !open {
                    let skipped = start_of_text(rest, &part, least);
                    at += skipped as u64;
                    rest = rest.get(skipped..).unwrap_or_default();
                }
                if rest.is_empty() {
                    break;
                }
                let end = rest.iter().position(|b| !part[usize::from(*b)]);
                let (text, behind) = rest.split_at(end.unwrap_or(rest.len()));
                if !open && held.len() + text.len() >= least {
                    open = true;
                    if names {
                        cx.put(name)?;
                        cx.put(b": ")?;
                    }
                    let start = at - held.len() as u64;
                    match radix {
                        b'o' => cx.print(format_args!("{start:7o} "))?,
                        b'd' => cx.print(format_args!("{start:7} "))?,
                        b'x' => cx.print(format_args!("{start:7x} "))?,
                        _ => {}
                    }
                    cx.put(&held)?;
                    held.clear();
                }
                if open {
                    cx.put(text)?;
                } else {
                    held.extend_from_slice(text);
                }
                at += text.len() as u64;
                rest = behind;
                if end.is_some() {
                    if open {
                        cx.put(b"\n")?;
                    }
                    open = false;
                    held.clear();
                }
            }
        }
        if open {
            cx.put(b"\n")?;
        }
        Ok(())
    })?;
    Ok(cx.status())
}

/// Where the next `least` bytes that are text begin, or as many as there are up
/// to the end. A byte that is none rules out all that would have to hold it,
/// so that of other data only every `least`th byte is looked at.
fn start_of_text(bytes: &[u8], part: &[bool; 256], least: usize) -> usize {
    let is_part = |at: usize| bytes.get(at).is_some_and(|byte| part[usize::from(*byte)]);
    let mut start = 0;
    let mut known = 0;
    while start < bytes.len() {
        // All from `known` to `end` are to be text.
        let end = bytes.len().min(start.saturating_add(least));
        let mut at = end;
        while at > known && is_part(at - 1) {
            at -= 1;
        }
        if at == known {
            return start;
        }
        (start, known) = (at, end);
    }
    bytes.len()
}
