//! rev, tac: each line backwards; the lines of a file from the last to the
//! first. util-linux's and GNU's.

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::inputs;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "rev",
    summary: "each line backwards",
    usage: "[FILE...]",
    kind: Kind::Fork, // reading may block
    run,
};

/// See the module.
pub(super) static TAC: Applet = Applet {
    name: "tac",
    summary: "the lines of a file from the last to the first",
    usage: "[-b] [-s TEXT] [FILE...]\n\x20 -s TEXT  this ends a line; -b it starts one",
    kind: Kind::Fork, // reading may block
    run: run_tac,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("")?;
    let mut text = Vec::new();
    inputs::each(cx, &options.operands, &mut |cx, input| {
        while let Some(line) = input.next(b'\n')? {
            text.clear();
            // Characters stay whole: their bytes are turned twice.
            for chunk in line.utf8_chunks() {
                let start = text.len();
                text.extend_from_slice(chunk.valid().as_bytes());
                text.extend_from_slice(chunk.invalid());
                let piece = text.get_mut(start..).unwrap_or_default();
                let mut at = 0;
                for c in chunk.valid().chars() {
                    let length = c.len_utf8();
                    piece.get_mut(at..at + length).unwrap_or_default().reverse();
                    at += length;
                }
            }
            text.reverse();
            if input.lines.is_terminated() {
                text.push(b'\n');
            }
            cx.put(&text)?;
        }
        Ok(())
    })?;
    Ok(cx.status())
}

fn run_tac(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("b,before s:separator")?;
    let mut before = false;
    let mut end = b"\n".to_vec();
    while let Some(letter) = options.next() {
        if letter == b'b' {
            before = true;
        } else {
            end = options.bytes();
            if end.is_empty() {
                end.push(0);
            }
        }
    }
    inputs::each(cx, &options.operands, &mut |cx, input| {
        let mut text: Vec<u8> = Vec::new();
        while let Some(block) = input.block()? {
            text.extend_from_slice(block);
        }
        let mut stop = text.len();
        let finder = memchr::memmem::Finder::new(&end);
        let mut starts = vec![0];
        for at in finder.find_iter(&text) {
            starts.push(if before { at } else { at + end.len() });
        }
        for &start in starts.iter().rev() {
            cx.put(text.get(start..stop).unwrap_or_default())?;
            stop = start.min(stop);
        }
        Ok(())
    })?;
    Ok(cx.status())
}
