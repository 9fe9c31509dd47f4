//! od: bytes of files in octal and other forms. POSIX, with GNU's `-S`, `-w`,
//! `--endian` and `z` behind a type.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::digits;
use crate::inputs;
use crate::size;

mod real;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "od",
    summary: "bytes of files in octal and other forms",
    usage: "[-A d|o|x|n] [-t TYPE]... [-j N] [-N N] [-w N] [-S N] [-vabcdfiloxs] [FILE...]\n\
            \x20 -t TYPE  a names, c characters, d o u x numbers and f with 1 2 4 8 or C S I L F D;\n\
            \x20          z behind it: and the text\n\
            \x20 -A       how places are written; -j N skip N bytes; -N N read N at most\n\
            \x20 -w N     N bytes a line (16); -v also lines that are the same; -S N texts of N bytes\n\
            \x20 -a -b -c -d -f -i -l -o -s -x   -t a o1 c u2 fF dI dL o2 d2 x2",
    kind: Kind::Fork, // reading may block
    run,
};

/// How a group of bytes is written.
#[derive(Clone, Copy)]
struct Form {
    letter: u8,
    size: usize,
    text: bool,
}

impl Form {
    /// The columns of one item, without the blank before it.
    fn width(self) -> usize {
        match (self.letter, self.size) {
            (b'a' | b'c', _) => 3,
            (b'f', 4) => 15,
            (b'f', 8) => 24,
            (b'f', _) => 29,
            (b'x', size) => size * 2,
            (b'o', size) => (size * 8).div_ceil(3),
            (b'u', 1) => 3,
            (b'u', 2) => 5,
            (b'u', 4) => 10,
            (b'u', _) => 20,
            (_, 1) => 4,
            (_, 2) => 6,
            (_, 4) => 11,
            (_, _) => 20,
        }
    }

    /// The places of a row of items, of `all` columns for `bytes` bytes.
    fn put(self, out: &mut Vec<u8>, item: &[u8], big: bool, column: usize, text: &mut Vec<u8>) {
        text.clear();
        match self.letter {
            b'a' => name(text, item.first().copied().unwrap_or(0)),
            b'c' => character(text, item.first().copied().unwrap_or(0)),
            _ if self.size == 16 => {
                let mut bytes = [0u8; 16];
                for (place, byte) in bytes.iter_mut().zip(item) {
                    *place = *byte;
                }
                let value = u128::from_be_bytes(bytes);
                let value = if big { value } else { value.swap_bytes() };
                real::put_long(text, value);
            }
            _ => {
                let mut bytes = [0u8; 8];
                // A number at the end of the file is filled up with zeros.
                for (place, byte) in bytes.iter_mut().zip(item) {
                    *place = *byte;
                }
                if big {
                    bytes.get_mut(..self.size).unwrap_or_default().reverse();
                }
                let value = u64::from_le_bytes(bytes);
                let unused = 64 - 8 * self.size as u32;
                match self.letter {
                    b'd' => digits::push_signed(text, (value << unused) as i64 >> unused),
                    b'u' => digits::push(text, value, 10, 1, false),
                    b'o' => digits::push(text, value, 8, self.width(), false),
                    b'f' => real::put(text, value, self.size),
                    _ => digits::push(text, value, 16, self.width(), false),
                }
            }
        }
        crate::sys::memory::resize(out, out.len() + column.saturating_sub(text.len()), b' ');
        out.extend_from_slice(text);
    }

    /// The columns of each byte with a blank before it, and their number, when
    /// an item is a byte.
    fn cells(self) -> Option<Box<[[u8; 5]; 256]>> {
        if self.size != 1 {
            return None;
        }
        let mut cells = Box::new([[b' '; 5]; 256]);
        let (mut cell, mut text) = (Vec::new(), Vec::new());
        for (byte, place) in (0..=u8::MAX).zip(cells.iter_mut()) {
            cell.clear();
            self.put(&mut cell, &[byte], false, self.width(), &mut text);
            for (to, from) in place.iter_mut().skip(1).zip(&cell) {
                *to = *from;
            }
        }
        Some(cells)
    }
}

fn name(out: &mut Vec<u8>, byte: u8) {
    const NAMES: &[u8] = b"nulsohstxetxeotenqackbel bs ht nl vt ff cr so sidledc1dc2dc3dc4naksynetbcan emsubesc fs gs rs us sp";
    let byte = byte & 0x7f;
    match byte {
        0x7f => out.extend_from_slice(b"del"),
        0..=32 => {
            let at = usize::from(byte) * 3;
            out.extend_from_slice(NAMES.get(at..at + 3).unwrap_or_default().trim_ascii());
        }
        _ => out.push(byte),
    }
}

fn character(out: &mut Vec<u8>, byte: u8) {
    let text: &[u8] = match byte {
        0 => b"\\0",
        7 => b"\\a",
        8 => b"\\b",
        9 => b"\\t",
        10 => b"\\n",
        11 => b"\\v",
        12 => b"\\f",
        13 => b"\\r",
        32..127 => {
            out.push(byte);
            return;
        }
        _ => {
            digits::push(out, u64::from(byte), 8, 3, false);
            return;
        }
    };
    out.extend_from_slice(text);
}

/// The forms that a text of -t names.
fn forms(text: &[u8], list: &mut Vec<Form>) -> Option<()> {
    let mut rest = text;
    while let Some((&letter, tail)) = rest.split_first() {
        rest = tail;
        let mut size = match letter {
            b'a' | b'c' => 1,
            b'd' | b'o' | b'u' | b'x' => 4,
            b'f' => 8,
            _ => return None,
        };
        if size > 1 {
            let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            if count > 0 {
                let (digits, tail) = rest.split_at(count);
                size = std::str::from_utf8(digits).ok()?.parse().ok()?;
                rest = tail;
            } else if let Some((&unit, tail)) = rest.split_first() {
                let named = match unit {
                    b'C' => 1,
                    b'S' => 2,
                    b'I' | b'F' => 4,
                    b'L' if letter == b'f' => 16,
                    b'L' | b'D' => 8,
                    _ => 0,
                };
                // F and D are of f alone, C, S and I of the others.
                let real = matches!(unit, b'F' | b'D');
                if named > 0 && (unit == b'L' || real == (letter == b'f')) {
                    size = named;
                    rest = tail;
                }
            }
            let fits = if letter == b'f' {
                matches!(size, 4 | 8 | 16)
            } else {
                matches!(size, 1 | 2 | 4 | 8)
            };
            if !fits {
                return None;
            }
        }
        let shown = rest.first() == Some(&b'z');
        if shown {
            rest = rest.get(1..).unwrap_or_default();
        }
        list.push(Form { letter, size, text: shown });
    }
    Some(())
}

struct Dump {
    forms: Vec<Form>,
    /// [`Form::cells`] of each.
    cells: Vec<Option<Box<[[u8; 5]; 256]>>>,
    radix: u8,
    width: usize,
    all: bool,
    big: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    act(cx).map_err(|e| e.with(Status::FAILURE))
}

fn number(text: &[u8]) -> Option<u64> {
    // 0x10 and 010 are hexadecimal and octal
    let lower = text.to_ascii_lowercase();
    if let Some(hex) = lower.strip_prefix(b"0x") {
        return u64::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok();
    }
    if text.len() > 1 && text.starts_with(b"0") && text.iter().all(u8::is_ascii_digit) {
        return u64::from_str_radix(std::str::from_utf8(text).ok()?, 8).ok();
    }
    size::count(text)
}

/// The offset of the old form, `[+]N[.][b]`.
fn old_offset(text: &[u8]) -> Option<u64> {
    let text = text.strip_prefix(b"+").unwrap_or(text);
    let (text, factor) = match text.strip_suffix(b"b") {
        Some(head) if !head.starts_with(b"0x") => (head, 512),
        _ => (text, 1),
    };
    let (digits, radix) = match (text.strip_suffix(b"."), text.strip_prefix(b"0x")) {
        (Some(head), _) => (head, 10),
        (None, Some(hex)) => (hex, 16),
        _ => (text, 8),
    };
    let value = u64::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()?;
    value.checked_mul(factor)
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "A:address-radix t:format j:skip-bytes N:read-bytes w?width S: -2?strings v,output-duplicates \
         -e:endian -T,traditional a b c d f i l o s x B O D X h H F L",
    )?;
    let mut dump = Dump {
        forms: Vec::new(),
        cells: Vec::new(),
        radix: b'o',
        width: 0,
        all: false,
        big: false,
    };
    let (mut skip, mut most, mut strings) = (0, u64::MAX, None);
    let mut modern = false;
    while let Some(letter) = options.next() {
        let form: &[u8] = match letter {
            b'A' | b'j' | b'N' | b't' => {
                modern = true;
                let text = options.bytes();
                let bad = || Error::bad(show_bytes(&text), "not understood");
                match letter {
                    b'A' => {
                        // As elsewhere what is behind the letter does not count.
                        dump.radix = match text.as_slice() {
                            &[radix @ (b'd' | b'o' | b'x' | b'n'), ..] => radix,
                            _ => return Err(bad()),
                        };
                    }
                    b'j' => skip = number(&text).ok_or_else(bad)?,
                    b'N' => most = number(&text).ok_or_else(bad)?,
                    _ => {
                        forms(&text, &mut dump.forms).ok_or_else(bad)?;
                    }
                }
                continue;
            }
            b'w' | b'S' | b'2' => {
                modern |= letter == b'w';
                let text = options.bytes();
                let value = if text.is_empty() { Some(0) } else { number(&text) };
                let value = value.ok_or_else(|| Error::bad(show_bytes(&text), "not a number"))?;
                let value = usize::try_from(value).unwrap_or(usize::MAX).min(1 << 20);
                if letter == b'w' {
                    dump.width = if value == 0 { 32 } else { value };
                } else {
                    strings = Some(if value == 0 { 3 } else { value });
                }
                continue;
            }
            b'v' => {
                dump.all = true;
                modern = true;
                continue;
            }
            b'T' => continue,
            b'e' => {
                dump.big = match options.bytes().as_slice() {
                    b"big" => true,
                    b"little" => false,
                    _ => return Err(Error::usage("big or little")),
                };
                continue;
            }
            b'a' => b"a",
            b'b' => b"o1",
            b'c' => b"c",
            b'd' => b"u2",
            b'D' => b"u4",
            b'f' => b"fF",
            b'F' => b"fD",
            b'i' => b"dI",
            b'l' | b'L' => b"dL",
            b'o' | b'B' => b"o2",
            b'O' => b"o4",
            b's' => b"d2",
            b'X' | b'H' => b"x4",
            _ => b"x2",
        };
        forms(form, &mut dump.forms);
    }
    let mut operands = options.operands;
    // The old form: od [FILE] [+]OFFSET[.][b]
    if !modern && operands.len() <= 2 {
        let last = operands.last().map(|w| w.as_bytes().to_vec()).unwrap_or_default();
        let is_offset = last.starts_with(b"+")
            || operands.len() == 2 && last.first().is_some_and(u8::is_ascii_digit);
        if is_offset && let Some(offset) = old_offset(&last) {
            operands.pop();
            skip = offset;
        }
    }
    if dump.forms.is_empty() {
        dump.forms.push(Form { letter: b'o', size: 2, text: false });
    }
    dump.cells = dump.forms.iter().map(|form| form.cells()).collect();
    let unit = dump.forms.iter().map(|form| form.size).max().unwrap_or(1);
    if dump.width == 0 {
        dump.width = 16;
    }
    if !dump.width.is_multiple_of(unit) {
        cx.note(format_args!("{} bytes a line do not fit; using {unit}", dump.width));
        dump.width = unit;
    }
    let mut at = 0u64;
    let end = skip.saturating_add(most);
    let mut row: Vec<u8> = Vec::new();
    let mut text = Vec::new();
    let mut before: Option<Vec<u8>> = None;
    let mut starred = false;
    let mut opened = false;
    inputs::each(cx, &operands, &mut |cx, input| {
        opened = true;
        while at < end {
            input.lines.at_most(end - at);
            let Some(block) = input.block()? else { break };
            let mut rest = block;
            let jump =
                usize::try_from(skip.saturating_sub(at)).unwrap_or(usize::MAX).min(rest.len());
            at += jump as u64;
            rest = rest.get(jump..).unwrap_or_default();
            let take = usize::try_from(end - at).unwrap_or(usize::MAX).min(rest.len());
            rest = rest.get(..take).unwrap_or_default();
            while !rest.is_empty() {
                if let Some(least) = strings {
                    // Texts are told apart by a zero byte.
                    let (&byte, tail) = rest.split_first().unwrap_or((&0, b""));
                    rest = tail;
                    at += 1;
                    if byte == 0 && row.len() >= least {
                        let start = at - 1 - row.len() as u64;
                        dump.address(&mut text, start);
                        if dump.radix != b'n' {
                            text.push(b' ');
                        }
                        for &b in &row {
                            escape(&mut text, b);
                        }
                        text.push(b'\n');
                    }
                    if (32..127).contains(&byte) || matches!(byte, 7..=13) {
                        row.push(byte);
                    } else {
                        row.clear();
                    }
                    continue;
                }
                let take = (dump.width - row.len()).min(rest.len());
                let (part, tail) = rest.split_at(take);
                row.extend_from_slice(part);
                rest = tail;
                at += take as u64;
                if row.len() == dump.width {
                    if !dump.all && before.as_ref() == Some(&row) {
                        if !std::mem::replace(&mut starred, true) {
                            text.extend_from_slice(b"*\n");
                        }
                    } else {
                        starred = false;
                        dump.row(&mut text, at - row.len() as u64, &row);
                        before.get_or_insert_default().clone_from(&row);
                    }
                    row.clear();
                }
            }
            cx.put(&text)?;
            text.clear();
        }
        Ok(())
    })?;
    if !opened || at < skip && cx.status() != Status::OK {
        return Ok(cx.status());
    }
    if at < skip {
        return Err(Error::msg("cannot skip past the end of all input"));
    }
    if strings.is_none() {
        if !row.is_empty() {
            dump.row(&mut text, at - row.len() as u64, &row);
        }
        dump.address(&mut text, at);
        if dump.radix != b'n' {
            text.push(b'\n');
        }
    }
    cx.put(&text)?;
    Ok(cx.status())
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        7..=13 => character(out, byte),
        _ => out.push(byte),
    }
}

impl Dump {
    fn address(&self, out: &mut Vec<u8>, at: u64) {
        match self.radix {
            b'd' => digits::push(out, at, 10, 7, false),
            b'o' => digits::push(out, at, 8, 7, false),
            b'x' => digits::push(out, at, 16, 6, false),
            _ => {}
        }
    }

    /// One line for each form.
    fn row(&self, out: &mut Vec<u8>, at: u64, row: &[u8]) {
        // Items of all forms stand below each other: the widest decides.
        let mut widest = 0;
        let unit = self.forms.iter().map(|form| form.size).max().unwrap_or(1);
        for form in &self.forms {
            widest = widest.max((form.width() + 1) * (unit / form.size));
        }
        let mut scratch = Vec::new();
        for ((n, form), cells) in self.forms.iter().enumerate().zip(&self.cells) {
            if n == 0 {
                self.address(out, at);
            } else if self.radix != b'n' {
                out.extend(std::iter::repeat_n(b' ', if self.radix == b'x' { 6 } else { 7 }));
            }
            let start = out.len();
            // What a unit is wider than its items goes before them, evenly.
            let fields = self.width / form.size;
            let total = widest * (self.width / unit);
            let blank = total - (form.width() + 1) * fields;
            let mut left = blank;
            if let (Some(cells), 0) = (cells, blank) {
                let wide = form.width() + 1;
                crate::sys::memory::resize(out, start + wide * row.len(), b' ');
                let places = out.get_mut(start..).unwrap_or_default();
                if wide == 4 {
                    // the usual width, without a call for each byte
                    let (places, _) = places.as_chunks_mut::<4>();
                    for (byte, place) in row.iter().zip(places) {
                        let [a, b, c, d, _] = cells[usize::from(*byte)];
                        *place = [a, b, c, d];
                    }
                } else {
                    for (byte, place) in row.iter().zip(places.chunks_exact_mut(wide)) {
                        let cell = cells[usize::from(*byte)].get(..wide);
                        place.copy_from_slice(cell.unwrap_or_default());
                    }
                }
                row_end(out, form, row, total, start);
                continue;
            }
            for (k, item) in row.chunks(form.size).enumerate() {
                // as GNU spreads the padding
                let next = blank * (fields - k - 1) / fields;
                let pad = left - next;
                left = next;
                out.push(b' ');
                form.put(out, item, self.big, form.width() + pad, &mut scratch);
            }
            row_end(out, form, row, total, start);
        }
    }
}

/// The text beside a row that began at `start`, when it is wanted.
fn row_end(out: &mut Vec<u8>, form: &Form, row: &[u8], total: usize, start: usize) {
    if form.text {
        let missing = total.saturating_sub(out.len() - start);
        out.extend(std::iter::repeat_n(b' ', missing + 2));
        out.push(b'>');
        out.extend(row.iter().map(|b| if (32..127).contains(b) { *b } else { b'.' }));
        out.push(b'<');
    }
    out.push(b'\n');
}
