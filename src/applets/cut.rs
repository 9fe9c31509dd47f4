//! cut: parts of each line. POSIX, with GNU's `--complement`,
//! `--output-delimiter` and `-z`, and busybox's and toybox's `-D`, `-F` and `-O`.
//! What is a character depends on the locale, as with wc.

use memchr::memchr;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::characters::Characters;
use crate::inputs;
use crate::regex::{Flags, Regex};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "cut",
    summary: "parts of each line",
    usage: "{-b|-c|-f|-F} LIST [-d BYTE|REGEX] [-O TEXT] [-nsDz] [--complement] [FILE...]\n\
            \x20 -b, -c LIST  bytes, characters (-C: the same)\n\
            \x20 -f LIST      fields, which -d BYTE (a tab) is between\n\
            \x20 -F LIST      fields, which blanks or -d REGEX are between\n\
            \x20 -O TEXT      goes between the parts (--output-delimiter)\n\
            \x20 -s           no lines without -d\n\
            \x20 -D           in the order of LIST; with -F lines of one field are empty\n\
            \x20 -z           lines end with a zero byte\n\
            \x20 LIST: N, N-M, N-, -M with commas between",
    kind: Kind::Fork, // reading may block
    run,
};

/// From the first to the last, counted from 1.
type Range = (usize, usize);

struct Cut {
    ranges: Vec<Range>,
    delimiter: u8,
    blanks: bool,
    /// Of -F: what is between fields.
    pattern: Option<Regex>,
    between: Option<Vec<u8>>,
    filled: bool,
    /// A line of one field is shown as an empty one.
    emptied: bool,
    /// Characters are of UTF-8.
    wide: bool,
    end: u8,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    act(cx).map_err(|e| e.with(Status::FAILURE))
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "b:bytes c:characters C: f:fields F: d:delimiter O:output-delimiter n s,only-delimited D \
         z,zero-terminated -!,complement",
    )?;
    let mut list: Option<(u8, Vec<u8>)> = None;
    let mut delimiter = None;
    let (mut in_order, mut complement) = (false, false);
    let mut cut = Cut {
        ranges: Vec::new(),
        delimiter: b'\t',
        blanks: false,
        pattern: None,
        between: None,
        filled: false,
        emptied: false,
        wide: false,
        end: b'\n',
    };
    while let Some(letter) = options.next() {
        match letter {
            b'b' | b'c' | b'C' | b'f' | b'F' => {
                if list.is_some() {
                    return Err(Error::usage("only one list can be had"));
                }
                list = Some((letter, options.bytes()));
            }
            b'd' => delimiter = Some(options.bytes()),
            b'O' => cut.between = Some(options.bytes()),
            b's' => cut.filled = true,
            b'D' => in_order = true,
            b'z' => cut.end = 0,
            b'!' => complement = true,
            _ => {}
        }
    }
    let Some((how, list)) = list else { return Err(Error::usage("which parts? (-b, -c, -f)")) };
    let fields = matches!(how, b'f' | b'F');
    cut.wide = how == b'C' || how == b'c' && cx.env.characters() == Characters::Utf8;
    cut.emptied = in_order && how == b'F';
    if let Some(text) = delimiter {
        match text.as_slice() {
            pattern if how == b'F' => {
                let pattern = Regex::new(pattern, Flags::EXTENDED);
                cut.pattern = Some(pattern.map_err(|why| Error::bad(show_bytes(&text), why))?);
            }
            _ if !fields => return Err(Error::usage("-d is for fields")),
            [] => cut.delimiter = 0,
            [byte] => cut.delimiter = *byte,
            _ => return Err(Error::usage("-d takes one byte")),
        }
    } else {
        cut.blanks = how == b'F';
    }
    if cut.filled && !fields {
        return Err(Error::usage("-s is for fields"));
    }
    cut.ranges = ranges(&list)?;
    if complement {
        cut.ranges = others(merged(&cut.ranges));
    } else if !in_order {
        cut.ranges = merged(&cut.ranges);
    }
    let mut text = Vec::new();
    inputs::each(cx, &options.operands, &mut |cx, input| {
        while let Some(lines) = input.whole(cut.end)? {
            text.clear();
            let mut rest = lines;
            while !rest.is_empty() {
                let at = memchr(cut.end, rest).unwrap_or(rest.len());
                let (line, behind) = rest.split_at(at);
                rest = behind.get(1..).unwrap_or_default();
                if if fields { cut.fields(line, &mut text) } else { cut.bytes(line, &mut text) } {
                    text.push(cut.end);
                }
            }
            cx.put(&text)?;
        }
        Ok(())
    })?;
    Ok(cx.status())
}

impl Cut {
    fn bytes(&self, line: &[u8], out: &mut Vec<u8>) -> bool {
        let mut first = true;
        // Where characters start, when they are not bytes.
        let starts = (self.wide && !line.is_ascii()).then(|| starts(line));
        for &(from, to) in &self.ranges {
            let (from, to) = match &starts {
                Some(starts) => {
                    let place = |n: usize| starts.get(n).copied().unwrap_or(line.len());
                    (place(from - 1), place(to))
                }
                None => (from - 1, to.min(line.len())),
            };
            let part = line.get(from..to).unwrap_or_default();
            if part.is_empty() {
                continue;
            }
            if let Some(between) = &self.between
                && !first
            {
                out.extend_from_slice(between);
            }
            first = false;
            out.extend_from_slice(part);
        }
        true
    }

    /// Where the next field ends, and where the one behind it starts.
    fn split(&self, text: &[u8]) -> Option<(usize, usize)> {
        if let Some(pattern) = &self.pattern {
            return pattern.find(text, 0).filter(|(start, end)| start < end);
        }
        if !self.blanks {
            let at = memchr(self.delimiter, text)?;
            return Some((at, at + 1));
        }
        let at = text.iter().position(u8::is_ascii_whitespace)?;
        let blanks = text.get(at..)?.iter().take_while(|b| b.is_ascii_whitespace()).count();
        Some((at, at + blanks))
    }

    /// Whether the line is to be shown.
    fn fields(&self, line: &[u8], out: &mut Vec<u8>) -> bool {
        // Each range goes on where the last one ended unless it is before that.
        if self.split(line).is_none() {
            if !self.filled && !self.emptied {
                out.extend_from_slice(line);
            }
            return !self.filled;
        }
        let (mut number, mut at) = (1, 0);
        let mut first = true;
        for &(from, to) in &self.ranges {
            if from < number {
                (number, at) = (1, 0);
            }
            // to the start of field `from`
            let mut found = true;
            while number < from {
                match self.split(line.get(at..).unwrap_or_default()) {
                    Some((_, next)) => at += next,
                    None => {
                        found = false;
                        break;
                    }
                }
                number += 1;
            }
            if !found {
                // behind the last field there is none for a later range either
                (number, at) = (1, 0);
                continue;
            }
            if !first {
                self.separate(out);
            }
            first = false;
            let simple = self.between.is_none() && !self.blanks && self.pattern.is_none();
            if simple && to == usize::MAX {
                out.extend_from_slice(line.get(at..).unwrap_or_default());
                (number, at) = (1, 0);
                continue;
            }
            loop {
                let rest = line.get(at..).unwrap_or_default();
                let Some((end, next)) = self.split(rest) else {
                    out.extend_from_slice(rest);
                    // The next range is behind the end of the line.
                    (number, at) = (1, 0);
                    break;
                };
                out.extend_from_slice(rest.get(..end).unwrap_or_default());
                at += next;
                number += 1;
                if number > to {
                    break;
                }
                self.separate(out);
            }
        }
        true
    }

    fn separate(&self, out: &mut Vec<u8>) {
        match &self.between {
            Some(between) => out.extend_from_slice(between),
            None if self.blanks || self.pattern.is_some() => out.push(b' '),
            None => out.push(self.delimiter),
        }
    }
}

/// Where each character starts; a byte that is of none is one itself.
fn starts(line: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    for chunk in line.utf8_chunks() {
        starts.extend(chunk.valid().char_indices().map(|(n, _)| at + n));
        at += chunk.valid().len();
        starts.extend(at..at + chunk.invalid().len());
        at += chunk.invalid().len();
    }
    starts
}

/// The ranges of a list, in its order.
fn ranges(list: &[u8]) -> Result<Vec<Range>, Error> {
    let mut ranges = Vec::new();
    for word in list.split(|b| matches!(b, b',' | b' ' | b'\t')) {
        let bad = |text: &str| Error::bad(show_bytes(word), text);
        let number = |text: &[u8]| -> Result<usize, Error> {
            if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
                return Err(bad("not a list"));
            }
            let value = text
                .iter()
                .fold(0usize, |n, b| n.saturating_mul(10).saturating_add(usize::from(b - b'0')));
            if value == 0 { Err(bad("counting starts with 1")) } else { Ok(value) }
        };
        let range = match word.iter().position(|&b| b == b'-') {
            None => {
                let one = number(word)?;
                (one, one)
            }
            Some(at) => {
                let (from, to) = word.split_at(at);
                let to = to.get(1..).unwrap_or_default();
                if from.is_empty() && to.is_empty() {
                    return Err(bad("a range needs an end"));
                }
                let from = if from.is_empty() { 1 } else { number(from)? };
                let to = if to.is_empty() { usize::MAX } else { number(to)? };
                (from, to)
            }
        };
        if range.1 < range.0 {
            return Err(bad("the range ends before it starts"));
        }
        ranges.push(range);
    }
    Ok(ranges)
}

/// The same in order, those that meet joined.
fn merged(ranges: &[Range]) -> Vec<Range> {
    let mut sorted = ranges.to_vec();
    crate::order::sort(&mut sorted);
    let mut list: Vec<Range> = Vec::new();
    for (from, to) in sorted {
        match list.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => list.push((from, to)),
        }
    }
    list
}

/// All that the ranges, which are in order, leave out.
fn others(ranges: Vec<Range>) -> Vec<Range> {
    let mut list = Vec::new();
    let mut next = 1;
    for (from, to) in ranges {
        if from > next {
            list.push((next, from - 1));
        }
        next = to.saturating_add(1);
        if to == usize::MAX {
            return list;
        }
    }
    list.push((next, usize::MAX));
    list
}
