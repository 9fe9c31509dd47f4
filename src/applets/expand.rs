//! expand, unexpand: tabs to blanks and back. POSIX, with GNU's `-i` and
//! `--first-only`.

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::inputs;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "expand",
    summary: "tabs to blanks",
    usage: "[-i] [-t LIST] [FILE...]\n\
            \x20 -i       only before the first other byte\n\
            \x20 -t LIST  a tab each so many columns (8), or at these columns",
    kind: Kind::Fork, // reading may block
    run,
};

/// See the module.
pub(super) static UNEXPAND: Applet = Applet {
    name: "unexpand",
    summary: "blanks to tabs",
    usage: "[-af] [-t LIST] [FILE...]\n\
            \x20 -a       not only before the first other byte; -f only there (--first-only)\n\
            \x20 -t LIST  a tab each so many columns (8), or at these columns; implies -a",
    kind: Kind::Fork, // reading may block
    run: run_unexpand,
};

/// Where tabs lead to.
struct Stops(Vec<usize>);

impl Stops {
    fn parse(text: &[u8]) -> Result<Stops, Error> {
        let bad = || Error::bad(show_bytes(text), "no list of columns").with(Status::FAILURE);
        let mut list: Vec<usize> = Vec::new();
        for word in text.split(|b| matches!(b, b',' | b' ' | b'\t')) {
            if word.is_empty() {
                continue;
            }
            let number = std::str::from_utf8(word).ok().and_then(|w| w.parse().ok());
            let number: usize = number.filter(|n| *n > 0).ok_or_else(bad)?;
            if list.last().is_some_and(|last| *last >= number) {
                return Err(bad());
            }
            list.push(number);
        }
        Ok(Stops(if list.is_empty() { vec![8] } else { list }))
    }

    /// The column that a tab leads to; nothing behind the last of a list.
    fn behind(&self, column: usize) -> Option<usize> {
        if let [each] = self.0.as_slice() {
            return Some(column - column % each + each);
        }
        self.0.iter().copied().find(|stop| *stop > column)
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("i,initial t:tabs #")?;
    let mut initial = false;
    let mut stops = Stops(vec![8]);
    while let Some(letter) = options.next() {
        match letter {
            b'i' => initial = true,
            _ => stops = Stops::parse(&options.bytes())?,
        }
    }
    let mut text = Vec::new();
    inputs::each(cx, &options.operands, &mut |cx, input| {
        while let Some(line) = input.next(b'\n')? {
            text.clear();
            let mut column = 0usize;
            let mut tabs = true;
            for &byte in line {
                if byte == b'\t' && tabs {
                    let next = stops.behind(column).unwrap_or(column + 1);
                    text.resize(text.len() + next - column, b' ');
                    column = next;
                    continue;
                }
                if byte == 8 {
                    column = column.saturating_sub(1);
                } else if !(0x80..0xc0).contains(&byte) {
                    column += 1;
                }
                tabs &= !initial || byte == b' ';
                text.push(byte);
            }
            if input.lines.is_terminated() {
                text.push(b'\n');
            }
            cx.put(&text)?;
        }
        Ok(())
    })?;
    Ok(cx.status())
}

fn run_unexpand(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("a,all f,first-only t:tabs #")?;
    let (mut all, mut first) = (false, false);
    let mut stops = Stops(vec![8]);
    while let Some(letter) = options.next() {
        match letter {
            b'a' => all = true,
            b'f' => first = true,
            _ => {
                stops = Stops::parse(&options.bytes())?;
                all = true;
            }
        }
    }
    all &= !first;
    let mut text = Vec::new();
    inputs::each(cx, &options.operands, &mut |cx, input| {
        while let Some(line) = input.next(b'\n')? {
            text.clear();
            compress(line, &stops, all, &mut text);
            if input.lines.is_terminated() {
                text.push(b'\n');
            }
            cx.put(&text)?;
        }
        Ok(())
    })?;
    Ok(cx.status())
}

fn compress(line: &[u8], stops: &Stops, all: bool, out: &mut Vec<u8>) {
    let mut column = 0usize;
    // Blanks that may become a tab, in columns.
    let mut held = 0usize;
    let mut start = 0usize;
    let mut rest = line;
    let mut blank_run = true;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b' ' | b'\t' if blank_run => {
                if held == 0 {
                    start = column;
                }
                let Some(stop) = stops.behind(column) else {
                    out.resize(out.len() + held, b' ');
                    out.push(byte);
                    held = 0;
                    column += 1;
                    continue;
                };
                if byte == b'\t' {
                    out.push(b'\t');
                    column = stop;
                    held = 0;
                    continue;
                }
                column += 1;
                held += 1;
                if column == stop {
                    // One blank alone stays one, unless more follow.
                    let lone = held == 1
                        && !matches!(rest.first(), Some(b' ' | b'\t'))
                        && start + 1 == stop
                        && all
                        && start > 0
                        && stops.0 != [1];
                    out.push(if lone { b' ' } else { b'\t' });
                    held = 0;
                }
            }
            _ => {
                out.resize(out.len() + held, b' ');
                held = 0;
                out.push(byte);
                if byte == 8 {
                    column = column.saturating_sub(1);
                } else if !(0x80..0xc0).contains(&byte) {
                    column += 1;
                }
                blank_run = all;
            }
        }
    }
    out.resize(out.len() + held, b' ');
}
