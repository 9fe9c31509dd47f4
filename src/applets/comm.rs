//! comm: lines that two sorted files have in common. POSIX, with GNU's
//! `--output-delimiter`, `--total` and `-z`.

use std::ffi::OsStr;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys::lines::Lines;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "comm",
    summary: "lines that two sorted files have in common",
    usage: "[-123z] [--output-delimiter TEXT] [--total] FILE FILE\n\
            \x20 -1, -2, -3  without the lines that are only in the first, only in the second, in both",
    kind: Kind::Fork, // reading may block
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "1 2 3 z,zero-terminated -o:output-delimiter -t,total -c,check-order -n,nocheck-order",
    )?;
    let mut hidden = [false; 3];
    let (mut end, mut total) = (b'\n', false);
    let mut between = b"\t".to_vec();
    let (mut check, mut lenient) = (false, false);
    while let Some(letter) = options.next() {
        match letter {
            b'z' => end = 0,
            b't' => total = true,
            b'c' => check = true,
            b'n' => lenient = true,
            b'o' => between = options.bytes(),
            b'1'..=b'3' => {
                if let Some(place) = hidden.get_mut(usize::from(letter - b'1')) {
                    *place = true;
                }
            }
            _ => {}
        }
    }
    let [first, second] = options.operands.as_slice() else {
        return Err(Error::usage("two files are needed").with(Status::FAILURE));
    };
    let mut sides = [Side::new(cx, first, end)?, Side::new(cx, second, end)?];
    let mut counts = [0u64; 3];
    let mut unpaired = false;
    loop {
        let [a, b] = &mut sides;
        let which = match (&a.line, &b.line) {
            (None, None) => break,
            (Some(_), None) => 0,
            (None, Some(_)) => 1,
            (Some(x), Some(y)) => match x.cmp(y) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Greater => 1,
                std::cmp::Ordering::Equal => 2,
            },
        };
        if let Some(count) = counts.get_mut(which) {
            *count += 1;
        }
        if !hidden.get(which).copied().unwrap_or(true) {
            let columns = hidden.iter().take(which).filter(|hidden| !**hidden).count();
            let mut text = between.repeat(columns);
            text.extend_from_slice(
                if which == 1 { &b.line } else { &a.line }.as_deref().unwrap_or_default(),
            );
            text.push(end);
            cx.put(&text)?;
        }
        unpaired |= which != 2;
        // As long as all lines have a partner their order did no harm.
        if which != 1 {
            a.advance(end, unpaired || check)?;
        }
        if which != 0 {
            b.advance(end, unpaired || check)?;
        }
        if check && (a.disorder || b.disorder) {
            let number = if a.disorder { 1 } else { 2 };
            return Err(Error::msg(format_args!("file {number} is not in sorted order")));
        }
    }
    if total {
        let [a, b, both] = counts;
        let tab = String::from_utf8_lossy(&between).into_owned();
        cx.print(format_args!("{a}{tab}{b}{tab}{both}{tab}total"))?;
        cx.put(&[end])?;
    }
    if !lenient && sides.iter().any(|side| side.disorder) {
        cx.warn("input is not in sorted order");
    }
    Ok(cx.status())
}

struct Side<'a> {
    name: &'a OsStr,
    lines: Lines,
    line: Option<Vec<u8>>,
    /// The line before it.
    before: Option<Vec<u8>>,
    disorder: bool,
}

impl<'a> Side<'a> {
    fn new(cx: &Ctx, name: &'a OsStr, end: u8) -> Result<Side<'a>, Error> {
        let lines = Lines::new(cx.open(name)?);
        let mut side = Side { name, lines, line: None, before: None, disorder: false };
        side.advance(end, false)?;
        Ok(side)
    }

    /// The next line. At the end the last two are looked at once more, as GNU's
    /// does.
    fn advance(&mut self, end: u8, checked: bool) -> Result<(), Error> {
        let line = self.lines.next(end).map_err(|e| Error::os(show(self.name), e))?;
        let line = line.map(<[u8]>::to_vec);
        let ended = line.is_none();
        if !ended {
            self.before = std::mem::replace(&mut self.line, line);
        }
        if let (Some(before), Some(line)) = (&self.before, &self.line) {
            self.disorder |= checked && before > line;
        }
        if ended {
            self.line = None;
        }
        Ok(())
    }
}
