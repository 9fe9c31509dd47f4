//! hexdump, hd: bytes of files in forms of one's own. BSD's and util-linux's.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::digits;
use crate::inputs;
use crate::size;
use crate::sys::float;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "hexdump",
    summary: "bytes of files in forms of one's own",
    usage: "[-bcCdoxv] [-e FORMAT]... [-f FILE] [-n N] [-s N] [FILE...]\n\
            \x20 -C  hexadecimal and text; -b octal bytes, -c characters, -d, -o, -x two bytes each\n\
            \x20 -e FORMAT  [COUNT][/SIZE] \"TEXT\" ...; %_a[dox] place, %_A at the end, %_c %_p %_u\n\
            \x20 -f FILE    with formats in its lines; -n N bytes at most; -s N from N on\n\
            \x20 -v         also lines that are the same",
    kind: Kind::Fork, // reading may block
    run,
};

/// See the module.
pub(super) static HD: Applet = Applet {
    name: "hd",
    summary: "bytes of files in hexadecimal, and their text",
    usage: APPLET.usage,
    kind: Kind::Fork, // reading may block
    run,
};

/// A piece of a format: text before it, flags and width of printf, what is
/// converted.
struct Piece {
    text: Vec<u8>,
    flags: [u8; 5],
    width: usize,
    precision: Option<usize>,
    /// Of the conversion; 0 is text alone.
    letter: u8,
    /// Behind `_a` and `_A`.
    radix: u8,
    size: usize,
    /// Text behind the last conversion is left out of the last turn.
    last: bool,
}

/// For each byte what a unit of one byte makes of it, and how long that is; in
/// the last turn of the unit, too.
struct Cells {
    texts: [[u8; CELL]; 256],
    lengths: [[u8; 2]; 256],
}

/// Longer ones are not prepared.
const CELL: usize = 8;

/// Pieces that take so many bytes, several times.
struct Unit {
    pieces: Vec<Piece>,
    count: usize,
    size: usize,
    /// No count was given: it may be repeated to fill the line.
    open: bool,
    /// It has a place of the end of all, and is shown there only.
    closing: bool,
    cells: Option<Box<Cells>>,
}

/// The units of one -e.
struct Format {
    units: Vec<Unit>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    act(cx).map_err(|e| e.with(Status::FAILURE))
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "b,one-byte-octal c,one-byte-char C,canonical d,two-bytes-decimal o,two-bytes-octal \
         x,two-bytes-hex v,no-squeezing e:format f:format-file n:length s:skip R",
    )?;
    let mut formats: Vec<Format> = Vec::new();
    // What is shown at the end of all.
    let (mut all, mut most, mut skip) = (false, u64::MAX, 0u64);
    let mut add = |text: &[u8]| -> Result<(), Error> {
        let format = parse(text).ok_or_else(|| Error::bad(show_bytes(text), "not a format"))?;
        formats.push(format);
        Ok(())
    };
    const CANONICAL: &[&[u8]] = &[
        b"\"%08.8_Ax\\n\"",
        b"\"%08.8_ax  \" 8/1 \"%02x \" \"  \" 8/1 \"%02x \"",
        b"\"  |\" 16/1 \"%_p\" \"|\\n\"",
    ];
    let mut any = false;
    while let Some(letter) = options.next() {
        any |= matches!(letter, b'b' | b'c' | b'C' | b'd' | b'o' | b'x' | b'e' | b'f');
        let place: &[u8] = b"\"%07.7_Ax\\n\"";
        match letter {
            b'C' => CANONICAL.iter().try_for_each(|text| add(text))?,
            b'b' => {
                add(place)?;
                add(b"\"%07.7_ax \" 16/1 \"%03o \" \"\\n\"")?;
            }
            b'c' => {
                add(place)?;
                add(b"\"%07.7_ax \" 16/1 \"%3_c \" \"\\n\"")?;
            }
            b'd' => {
                add(place)?;
                add(b"\"%07.7_ax \" 8/2 \"  %05u \" \"\\n\"")?;
            }
            b'o' => {
                add(place)?;
                add(b"\"%07.7_ax \" 8/2 \" %06o \" \"\\n\"")?;
            }
            b'x' => {
                add(place)?;
                add(b"\"%07.7_ax \" 8/2 \"   %04x \" \"\\n\"")?;
            }
            b'e' => add(&options.bytes())?,
            b'f' => {
                let name: OsString = options.value();
                let mut text = Vec::new();
                let read = File::open(&name).and_then(|mut f| f.read_to_end(&mut text));
                read.map_err(|e| Error::os(crate::applet::show(&name), e))?;
                for line in text.split(|&b| b == b'\n') {
                    let line = line.trim_ascii();
                    if !line.is_empty() && !line.starts_with(b"#") {
                        add(line)?;
                    }
                }
            }
            b'n' | b's' => {
                let text = options.bytes();
                let value = match text.strip_prefix(b"0x") {
                    Some(hex) => {
                        std::str::from_utf8(hex).ok().and_then(|t| u64::from_str_radix(t, 16).ok())
                    }
                    None => size::count(&text),
                };
                let value = value.ok_or_else(|| Error::bad(show_bytes(&text), "not a number"))?;
                if letter == b'n' {
                    most = value;
                } else {
                    skip = value;
                }
            }
            _ => all = true,
        }
    }
    if !any {
        if cx.name == "hd" {
            CANONICAL.iter().try_for_each(|text| add(text))?;
        } else {
            add(b"\"%07.7_Ax\\n\"")?;
            add(b"\"%07.7_ax \" 8/2 \"%04x \" \"\\n\"")?;
        }
    }
    // Several formats look at the same bytes, those of the longest.
    let block = formats.iter().map(Format::bytes).max().unwrap_or(0);
    if block == 0 {
        // Formats that take no bytes show nothing.
        return Ok(cx.status());
    }
    for format in &mut formats {
        format.fill(block);
    }
    let mut at = 0u64;
    let end = skip.saturating_add(most);
    let mut row: Vec<u8> = Vec::new();
    let mut before: Option<Vec<u8>> = None;
    let mut starred = false;
    let mut text = Vec::new();
    inputs::each(cx, &options.operands, &mut |cx, input| {
        while at < end {
            input.lines.at_most(end - at);
            // Reading that fails is no failure, as with BSD's and busybox's.
            let bytes = match input.block() {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break,
                Err(error) => {
                    cx.note(error);
                    break;
                }
            };
            let jump = usize::try_from(skip.saturating_sub(at)).unwrap_or(usize::MAX);
            let jump = jump.min(bytes.len());
            at += jump as u64;
            let rest = bytes.get(jump..).unwrap_or_default();
            let take = usize::try_from(end - at).unwrap_or(usize::MAX).min(rest.len());
            let mut rest = rest.get(..take).unwrap_or_default();
            while !rest.is_empty() {
                let take = (block - row.len()).min(rest.len());
                let (part, tail) = rest.split_at(take);
                row.extend_from_slice(part);
                rest = tail;
                at += take as u64;
                if row.len() < block {
                    break;
                }
                if !all && before.as_ref() == Some(&row) {
                    if !std::mem::replace(&mut starred, true) {
                        text.extend_from_slice(b"*\n");
                    }
                } else {
                    starred = false;
                    show_row(&formats, &mut text, at - row.len() as u64, &row);
                    before.get_or_insert_default().clone_from(&row);
                }
                row.clear();
            }
            cx.put(&text)?;
            text.clear();
        }
        Ok(())
    })?;
    if !row.is_empty() {
        show_row(&formats, &mut text, at - row.len() as u64, &row);
    }
    // The end of the input.
    // Of several units for the end only the last one is shown there.
    let closing = formats.iter().flat_map(|f| &f.units).rfind(|unit| unit.closing);
    if at > 0
        && let Some(unit) = closing
    {
        for piece in &unit.pieces {
            text.extend_from_slice(&piece.text);
            if piece.letter == b'A' {
                piece.number(&mut text, at, false, piece.radix);
            }
        }
    }
    cx.put(&text)?;
    Ok(cx.status())
}

fn show_row(formats: &[Format], out: &mut Vec<u8>, at: u64, row: &[u8]) {
    for format in formats {
        let mut place = 0usize;
        for unit in format.units.iter().filter(|unit| !unit.closing) {
            let quick = unit.quick(out, row.get(place..).unwrap_or_default());
            place += quick;
            for turn in quick..unit.count {
                for piece in &unit.pieces {
                    // Behind the end of the file there are blanks only.
                    let last_turn = turn + 1 == unit.count;
                    piece.show(out, at, row, &mut place, last_turn);
                }
            }
        }
    }
}

impl Format {
    fn bytes(&self) -> usize {
        self.units.iter().map(|unit| unit.count * unit.size).sum()
    }

    /// Repeats the last unit to fill the block, when its count may be changed.
    fn fill(&mut self, block: usize) {
        let bytes = self.bytes();
        if let Some(unit) = self.units.last_mut()
            && unit.open
            && unit.size > 0
            && bytes < block
        {
            unit.count += (block - bytes) / unit.size;
        }
        for unit in &mut self.units {
            if unit.count > 1
                && let Some(piece) = unit.pieces.last_mut()
                && piece.letter == 0
            {
                // Blanks between are not needed behind the last.
                piece.last = true;
            }
            unit.cells = unit.cells();
        }
    }
}

impl Unit {
    /// The texts of all bytes, when it takes one and the texts are short.
    fn cells(&self) -> Option<Box<Cells>> {
        let whole = |p: &Piece| p.radix == b'_' || p.letter == 0 || b"diouxXc".contains(&p.letter);
        if self.size != 1 || !self.pieces.iter().all(|p| p.size <= 1 && whole(p)) {
            return None;
        }
        let mut cells = Box::new(Cells { texts: [[0; CELL]; 256], lengths: [[0; 2]; 256] });
        let mut text = Vec::new();
        for byte in 0..=u8::MAX {
            let at = usize::from(byte);
            for (closing, length) in [true, false].into_iter().zip(&mut cells.lengths[at]) {
                text.clear();
                let mut place = 0;
                for piece in &self.pieces {
                    piece.show(&mut text, 0, &[byte], &mut place, closing);
                }
                *length = u8::try_from(text.len()).ok()?;
            }
            // The last turn's is the beginning of the others'.
            cells.texts[at].get_mut(..text.len())?.copy_from_slice(&text);
        }
        Some(cells)
    }

    /// Shows as many turns as there are bytes, from what was prepared; how many
    /// they were.
    fn quick(&self, out: &mut Vec<u8>, bytes: &[u8]) -> usize {
        let Some(cells) = &self.cells else { return 0 };
        let count = bytes.len().min(self.count);
        let start = out.len();
        crate::sys::memory::resize(out, start + count * CELL, 0);
        let mut at = start;
        for (turn, byte) in bytes.iter().take(count).enumerate() {
            let byte = usize::from(*byte);
            if let Some(place) = out.get_mut(at..at + CELL) {
                place.copy_from_slice(&cells.texts[byte]);
            }
            let [last, usual] = cells.lengths[byte];
            at += usize::from(if turn + 1 == self.count { last } else { usual });
        }
        out.truncate(at);
        count
    }
}

/// Reads a format: units of `[COUNT][/SIZE] "TEXT"`.
fn parse(text: &[u8]) -> Option<Format> {
    let mut units = Vec::new();
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        let (count, tail) = digits(rest);
        rest = tail.trim_ascii_start();
        let mut size = None;
        if let Some(tail) = rest.strip_prefix(b"/") {
            let (number, tail) = digits(tail.trim_ascii_start());
            size = Some(number?);
            rest = tail.trim_ascii_start();
        }
        let body = rest.strip_prefix(b"\"")?;
        let mut end = 0;
        loop {
            match body.get(end)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let pieces = pieces(body.get(..end)?, size)?;
        rest = body.get(end + 1..)?.trim_ascii_start();
        let taken = pieces.iter().map(|p| p.size).sum();
        let count_of = count.unwrap_or(1).min(1 << 16);
        let closing = pieces.iter().any(|p| p.letter == b'A');
        units.push(Unit {
            closing,
            pieces,
            count: count_of,
            size: taken,
            open: count.is_none(),
            cells: None,
        });
    }
    Some(Format { units })
}

fn digits(text: &[u8]) -> (Option<usize>, &[u8]) {
    let count = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(count);
    let value = digits
        .iter()
        .fold(0usize, |n, b| (n.saturating_mul(10) + usize::from(b - b'0')).min(1 << 16));
    ((count > 0).then_some(value), rest)
}

/// The conversions of a text, with the text before each.
fn pieces(text: &[u8], size: Option<usize>) -> Option<Vec<Piece>> {
    let blank = |text: Vec<u8>| Piece {
        text,
        flags: [0; 5],
        width: 0,
        precision: None,
        letter: 0,
        radix: 0,
        size: 0,
        last: false,
    };
    let mut list = Vec::new();
    let mut plain = Vec::new();
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'\\' => {
                let (&letter, tail) = rest.split_first()?;
                rest = tail;
                plain.push(match letter {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'a' => 7,
                    b'b' => 8,
                    b'f' => 12,
                    b'v' => 11,
                    b'0' => 0,
                    other => other,
                });
            }
            b'%' if rest.first() == Some(&b'%') => {
                plain.push(b'%');
                rest = rest.get(1..)?;
            }
            b'%' => {
                let mut piece = blank(std::mem::take(&mut plain));
                let mut flags = piece.flags.iter_mut();
                while let Some((&flag @ (b'-' | b'+' | b' ' | b'#' | b'0'), tail)) =
                    rest.split_first()
                {
                    if let Some(place) = flags.next() {
                        *place = flag;
                    }
                    rest = tail;
                }
                let (width, tail) = digits(rest);
                piece.width = width.unwrap_or(0).min(4096);
                rest = tail;
                if let Some(tail) = rest.strip_prefix(b".") {
                    let (number, tail) = digits(tail);
                    piece.precision = Some(number.unwrap_or(0).min(4096));
                    rest = tail;
                }
                let (&letter, tail) = rest.split_first()?;
                rest = tail;
                let default = match letter {
                    b'_' => {
                        let (&kind, tail) = rest.split_first()?;
                        rest = tail;
                        piece.letter = kind;
                        match kind {
                            b'a' | b'A' => {
                                let (&radix, tail) = rest.split_first()?;
                                if !b"dox".contains(&radix) {
                                    return None;
                                }
                                piece.radix = radix;
                                rest = tail;
                                0
                            }
                            b'c' | b'p' | b'u' => {
                                // not printf's letters
                                piece.letter = kind.to_ascii_uppercase();
                                piece.radix = b'_';
                                1
                            }
                            _ => return None,
                        }
                    }
                    b'c' => 1,
                    b'd' | b'i' | b'o' | b'u' | b'x' | b'X' => 4,
                    b'e' | b'E' | b'f' | b'g' | b'G' => 8,
                    b's' => piece.precision.or(size)?,
                    _ => return None,
                };
                if letter != b'_' {
                    piece.letter = letter;
                }
                piece.size = if default == 0 { 0 } else { size.unwrap_or(default) };
                let fits = match letter {
                    b'd' | b'i' | b'o' | b'u' | b'x' | b'X' => matches!(piece.size, 1 | 2 | 4 | 8),
                    b'e' | b'E' | b'f' | b'g' | b'G' => matches!(piece.size, 4 | 8),
                    _ => true,
                };
                if !fits {
                    return None;
                }
                list.push(piece);
            }
            _ => plain.push(byte),
        }
    }
    if !plain.is_empty() {
        list.push(blank(plain));
    }
    Some(list)
}

impl Piece {
    /// Pads a text to the width.
    fn padded(&self, out: &mut Vec<u8>, text: &[u8]) {
        let end = out.len() + self.width.max(text.len());
        if !self.flags.contains(&b'-') {
            crate::sys::memory::resize(out, end - text.len(), b' ');
        }
        out.extend_from_slice(text);
        crate::sys::memory::resize(out, end, b' ');
    }

    fn number(&self, out: &mut Vec<u8>, magnitude: u64, negative: bool, letter: u8) {
        let radix = match letter {
            b'o' => 8,
            b'x' | b'X' => 16,
            _ => 10,
        };
        let has = |flag| self.flags.contains(&flag);
        let mut least = self.precision.unwrap_or(1);
        let sign: &[u8] = match letter {
            _ if negative => b"-",
            b'd' | b'i' if has(b'+') => b"+",
            b'd' | b'i' if has(b' ') => b" ",
            b'x' if has(b'#') && magnitude != 0 => b"0x",
            b'X' if has(b'#') && magnitude != 0 => b"0X",
            b'o' if has(b'#') => b"0",
            _ => b"",
        };
        if has(b'0') && self.precision.is_none() && !has(b'-') {
            least = least.max(self.width.saturating_sub(sign.len()));
        }
        let start = out.len();
        out.extend_from_slice(sign);
        digits::push(out, magnitude, radix, least, letter == b'X');
        let missing = self.width.saturating_sub(out.len() - start);
        if missing > 0 {
            let text = out.split_off(start);
            self.padded(out, &text);
        }
    }

    fn show(&self, out: &mut Vec<u8>, at: u64, row: &[u8], place: &mut usize, closing: bool) {
        if self.letter == 0 {
            let mut text = self.text.as_slice();
            if self.last && closing {
                text = text.trim_ascii_end();
            }
            out.extend_from_slice(text);
            return;
        }
        out.extend_from_slice(&self.text);
        if self.letter == b'a' {
            self.number(out, at + *place as u64, false, self.radix);
            return;
        }
        let item = row.get(*place..).unwrap_or_default();
        // A text goes on to a zero byte, not only as far as the unit does.
        let item = if self.letter == b's' && self.radix != b'_' {
            item.get(..self.precision.unwrap_or(item.len())).unwrap_or(item)
        } else {
            item.get(..self.size).unwrap_or(item)
        };
        *place += self.size;
        if item.is_empty() {
            // As wide as is wanted.
            out.extend(std::iter::repeat_n(b' ', self.width));
            return;
        }
        self.convert(out, item);
    }

    fn convert(&self, out: &mut Vec<u8>, item: &[u8]) {
        let mut bytes = [0u8; 8];
        for (place, byte) in bytes.iter_mut().zip(item) {
            *place = *byte;
        }
        let bits = u64::from_le_bytes(bytes);
        let byte = bytes[0];
        match (self.radix, self.letter) {
            (b'_', b'P') => {
                self.padded(out, &[if (32..127).contains(&byte) { byte } else { b'.' }]);
            }
            (b'_', b'C') => self.padded(out, &character(byte)),
            (b'_', _) => self.padded(out, &control(byte)),
            (_, b'c') => self.padded(out, &[byte]),
            (_, b's') => {
                let end = item.iter().position(|&b| b == 0).unwrap_or(item.len());
                self.padded(out, item.get(..end).unwrap_or_default());
            }
            (_, letter @ (b'd' | b'i')) => {
                let unused = 64 - 8 * u32::try_from(self.size).unwrap_or(8);
                let value = (bits << unused) as i64 >> unused;
                self.number(out, value.unsigned_abs(), value < 0, letter);
            }
            (_, letter @ (b'o' | b'u' | b'x' | b'X')) => {
                self.number(out, bits, false, letter);
            }
            (_, letter) => {
                let value = if self.size == 4 {
                    f64::from(f32::from_bits(bits as u32))
                } else {
                    f64::from_bits(bits)
                };
                let style = float::Style {
                    flags: self.flags,
                    width: u16::try_from(self.width).unwrap_or(0),
                    precision: self.precision.and_then(|p| u16::try_from(p).ok()),
                };
                float::format(out, letter, style, value);
            }
        }
    }
}

fn character(byte: u8) -> Vec<u8> {
    let text: &[u8] = match byte {
        0 => b"\\0",
        7 => b"\\a",
        8 => b"\\b",
        9 => b"\\t",
        10 => b"\\n",
        11 => b"\\v",
        12 => b"\\f",
        13 => b"\\r",
        32..127 => return vec![byte],
        _ => return format!("{byte:03o}").into_bytes(),
    };
    text.to_vec()
}

/// ASCII's names of control characters, and what is not ASCII in hexadecimal.
fn control(byte: u8) -> Vec<u8> {
    const NAMES: [&[u8]; 32] = [
        b"nul", b"soh", b"stx", b"etx", b"eot", b"enq", b"ack", b"bel", b"bs", b"ht", b"lf", b"vt",
        b"ff", b"cr", b"so", b"si", b"dle", b"dc1", b"dc2", b"dc3", b"dc4", b"nak", b"syn", b"etb",
        b"can", b"em", b"sub", b"esc", b"fs", b"gs", b"rs", b"us",
    ];
    match NAMES.get(usize::from(byte)) {
        Some(name) => name.to_vec(),
        None if byte == 0x7f => b"del".to_vec(),
        None if byte < 0x80 => vec![byte],
        None => format!("{byte:02x}").into_bytes(),
    }
}
