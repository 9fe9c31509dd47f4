//! Lines as grep prints them.

use crate::applet::{Ctx, Error, show_bytes};

use super::{Choice, Scan, number_to};

const MATCH_COLOR: &[u8] = b"\x1b[01;31m\x1b[K";
const NAME_COLOR: &[u8] = b"\x1b[35m\x1b[K";
const NUMBER_COLOR: &[u8] = b"\x1b[32m\x1b[K";
pub(super) const SIGN_COLOR: &[u8] = b"\x1b[36m\x1b[K";
pub(super) const NO_COLOR: &[u8] = b"\x1b[m\x1b[K";

/// Prints a line, its end included, or the parts of it that match.
pub(super) fn line(
    cx: &mut Ctx,
    c: &Choice,
    scan: &mut Scan,
    name: &[u8],
    text: &[u8],
    span: (usize, usize),
    sign: u8,
) -> Result<(), Error> {
    scan.shown = span.1;
    let whole = text.get(span.0..span.1).unwrap_or_default();
    let bare = whole.strip_suffix(&[c.end]).unwrap_or(whole);
    if scan.binary && !c.only {
        (scan.done, scan.owed) = (true, 0);
        cx.flush()?;
        cx.note(format_args!("{}: binary file matches", show_bytes(name)));
        return Ok(());
    }
    if !c.only && !c.color {
        head(cx, c, scan, name, text, span.0, sign)?;
        cx.put(bare)?;
        return cx.put(&[c.end]);
    }
    if !c.only {
        head(cx, c, scan, name, text, span.0, sign)?;
    }
    // Of lines around a match (with -v, of all others) the parts stand out.
    let parts = (sign == b':') != c.invert;
    let mut at = 0;
    let mut copied = 0;
    while parts && at <= bare.len() {
        let Some((start, end)) = c.regex.find(bare, at) else { break };
        if end == start {
            at = start + 1;
            continue;
        }
        let found = bare.get(start..end).unwrap_or_default();
        if c.only {
            head(cx, c, scan, name, text, span.0 + start, sign)?;
        } else {
            cx.put(bare.get(copied..start).unwrap_or_default())?;
        }
        if c.color {
            cx.put(MATCH_COLOR)?;
        }
        cx.put(found)?;
        if c.color {
            cx.put(NO_COLOR)?;
        }
        if c.only {
            cx.put(&[c.end])?;
        }
        (at, copied) = (end, end);
    }
    if !c.only {
        cx.put(bare.get(copied..).unwrap_or_default())?;
        cx.put(&[c.end])?;
    }
    Ok(())
}

/// What stands before a line: name, number, offset.
pub(super) fn head(
    cx: &mut Ctx,
    c: &Choice,
    scan: &mut Scan,
    name: &[u8],
    text: &[u8],
    at: usize,
    sign: u8,
) -> Result<(), Error> {
    if c.names {
        put_name(cx, c, name)?;
        if c.nul_names { cx.put(b"\0")? } else { put_sign(cx, c, sign)? }
    }
    if c.number {
        let start = text.get(..at).and_then(|t| t.iter().rposition(|&b| b == c.end));
        number_to(c, scan, text, start.map_or(0, |s| s + 1).max(scan.numbered));
        put_number(cx, c, scan.lines + 1, if c.tab { 2 } else { 0 }, sign)?;
    }
    if c.offset {
        put_number(cx, c, scan.base + at as u64, if c.tab { 2 } else { 0 }, sign)?;
    }
    if c.tab && (c.names || c.number || c.offset) {
        cx.put(b"\t")?;
    }
    Ok(())
}

pub(super) fn put_name(cx: &mut Ctx, c: &Choice, name: &[u8]) -> Result<(), Error> {
    if !c.color {
        return cx.put(name);
    }
    cx.put(NAME_COLOR)?;
    cx.put(name)?;
    cx.put(NO_COLOR)
}

fn put_number(cx: &mut Ctx, c: &Choice, n: u64, width: usize, sign: u8) -> Result<(), Error> {
    if c.color {
        cx.put(NUMBER_COLOR)?;
    }
    cx.print(format_args!("{n:width$}"))?;
    if c.color {
        cx.put(NO_COLOR)?;
    }
    put_sign(cx, c, sign)
}

pub(super) fn put_sign(cx: &mut Ctx, c: &Choice, sign: u8) -> Result<(), Error> {
    if !c.color {
        return cx.put(&[sign]);
    }
    cx.put(SIGN_COLOR)?;
    cx.put(&[sign])?;
    cx.put(NO_COLOR)
}
