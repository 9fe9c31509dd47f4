//! fold: break long lines. POSIX; characters are bytes, as `-b`, or those of
//! UTF-8 with a width of one.

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::inputs;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "fold",
    summary: "break long lines",
    usage: "[-bs] [-w N] [FILE...]\n\
            \x20 -w N  lines of N columns at most (80); -s at blanks; -b count bytes, not columns",
    kind: Kind::Fork, // reading may block
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("b,bytes s,spaces w:width #")?;
    let (mut bytes, mut spaces, mut width) = (false, false, 80);
    while let Some(letter) = options.next() {
        match letter {
            b'b' => bytes = true,
            b's' => spaces = true,
            _ => {
                let value = options.number("not a width").map_err(|e| e.with(Status::FAILURE))?;
                width = usize::try_from(value).unwrap_or(usize::MAX);
            }
        }
    }
    if width == 0 {
        return Err(Error::usage("0: not a width").with(Status::FAILURE));
    }
    let mut text = Vec::new();
    inputs::each(cx, &options.operands, &mut |cx, input| {
        while let Some(line) = input.next(b'\n')? {
            text.clear();
            broken(line, width, bytes, spaces, &mut text);
            if input.lines.is_terminated() {
                text.push(b'\n');
            }
            cx.put(&text)?;
        }
        Ok(())
    })?;
    Ok(cx.status())
}

/// The column behind a byte.
fn behind(column: usize, byte: u8, bytes: bool) -> usize {
    match byte {
        _ if bytes => column + 1,
        8 => column.saturating_sub(1),
        b'\r' => 0,
        b'\t' => column + 8 - column % 8,
        // Bytes that continue a character of UTF-8 take no room.
        0x80..0xc0 => column,
        _ => column + 1,
    }
}

fn broken(line: &[u8], width: usize, bytes: bool, spaces: bool, out: &mut Vec<u8>) {
    let mut start = 0;
    let mut column = 0;
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        let next = behind(column, byte, bytes);
        if next > width && at > start {
            let held = line.get(start..at).unwrap_or_default();
            let blank = held.iter().rposition(|b| matches!(b, b' ' | b'\t'));
            let stop = match blank {
                Some(blank) if spaces => start + blank + 1,
                _ => at,
            };
            out.extend_from_slice(line.get(start..stop).unwrap_or_default());
            out.push(b'\n');
            start = stop;
            // What is carried over is counted anew.
            column = 0;
            for &byte in line.get(start..at).unwrap_or_default() {
                column = behind(column, byte, bytes);
            }
            continue;
        }
        column = next;
        at += 1;
    }
    out.extend_from_slice(line.get(start..).unwrap_or_default());
}
