//! wc: count lines, words, characters and bytes. POSIX, with GNU's `-L` and its
//! widths of columns.

use std::os::unix::ffi::OsStrExt;

use nix::sys::stat::{fstat, stat};

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::characters::Characters;
use crate::inputs::{self, Input};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "wc",
    summary: "count lines, words and bytes",
    usage: "[-lwcmL] [FILE...]\n\
            \x20 -l lines, -w words, -m characters, -c bytes, -L the widest line; lines, words\n\
            \x20 and bytes when none is asked for",
    kind: Kind::Fork, // reading may block
    run,
};

/// Lines, words, characters, bytes, the widest line.
type Counts = [u64; 5];

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("l,lines w,words m,chars c,bytes L,max-line-length")?;
    let mut wanted = [false; 5];
    while let Some(letter) = options.next() {
        let at = b"lwmcL".iter().position(|l| *l == letter).unwrap_or(0);
        if let Some(place) = wanted.get_mut(at) {
            *place = true;
        }
    }
    if wanted == [false; 5] {
        wanted = [true, true, false, true, false];
    }
    let names = options.operands;
    let width = width(cx, &names, wanted.iter().filter(|w| **w).count());
    let counter = Counter { wanted, wide: cx.env.characters() == Characters::Utf8 };
    let mut total: Counts = [0; 5];
    inputs::each(cx, &names, &mut |cx, input| {
        let mut counts: Counts = [0; 5];
        let done = counter.count(input, &mut counts);
        let name = if names.is_empty() { b"" } else { input.name.as_bytes() };
        for (at, (sum, count)) in total.iter_mut().zip(counts).enumerate() {
            *sum = if at == 4 { (*sum).max(count) } else { *sum + count };
        }
        print(cx, &counts, &wanted, width, name)?;
        done
    })?;
    if names.len() > 1 {
        print(cx, &total, &wanted, width, b"total")?;
    }
    Ok(cx.status())
}

/// How wide the columns are: of files as wide as their sizes together, of
/// anything else seven; a single number has no column.
fn width(cx: &Ctx, names: &[std::ffi::OsString], columns: usize) -> usize {
    if columns == 1 && names.len() < 2 {
        return 1;
    }
    let mut total: i64 = 0;
    let mut least = 1;
    let mut look = |status: Result<nix::sys::stat::FileStat, nix::errno::Errno>| match status {
        Ok(s) if s.st_mode & libc::S_IFMT == libc::S_IFREG => total += s.st_size,
        Ok(_) => least = 7,
        Err(_) => {}
    };
    for name in names {
        if name != "-" {
            look(stat(name.as_os_str()));
        }
    }
    if names.is_empty() || names.iter().any(|name| name == "-") {
        // A text in the place of standard input stands for a pipe.
        if cx.input.is_some() { least = 7 } else { look(fstat(cx.stdin)) }
    }
    total.to_string().len().max(least)
}

fn print(
    cx: &mut Ctx,
    counts: &Counts,
    wanted: &[bool; 5],
    width: usize,
    name: &[u8],
) -> Result<(), Error> {
    let mut line = Vec::new();
    for (count, _) in counts.iter().zip(wanted).filter(|(_, wanted)| **wanted) {
        if !line.is_empty() {
            line.push(b' ');
        }
        let digits = count.to_string();
        line.resize(line.len() + width.saturating_sub(digits.len()), b' ');
        line.extend_from_slice(digits.as_bytes());
    }
    if !name.is_empty() {
        line.push(b' ');
        line.extend_from_slice(name);
    }
    line.push(b'\n');
    cx.put(&line)
}

struct Counter {
    wanted: [bool; 5],
    wide: bool,
}

impl Counter {
    fn count(&self, input: &mut Input, counts: &mut Counts) -> Result<(), Error> {
        let [_, words, characters, _, widest] = self.wanted;
        let mut in_word = false;
        let mut column = 0u64;
        let characters = characters && self.wide;
        // The beginning of a character that goes on in the next block.
        let mut begun: Vec<u8> = Vec::new();
        while let Some(block) = input.block()? {
            let [lines, all_words, all_characters, bytes, width] = counts;
            *bytes += block.len() as u64;
            if words {
                words_in(block, all_words, lines, &mut in_word);
            } else {
                *lines += memchr::memchr_iter(b'\n', block).count() as u64;
            }
            if characters {
                let joined;
                let mut text = block;
                if !begun.is_empty() {
                    joined = [&begun[..], block].concat();
                    begun.clear();
                    text = &joined;
                }
                // Bytes that are no character do not count.
                let mut chunks = text.utf8_chunks().peekable();
                while let Some(chunk) = chunks.next() {
                    let starts = chunk.valid().bytes().filter(|b| b & 0xc0 != 0x80);
                    *all_characters += starts.count() as u64;
                    if chunks.peek().is_none() && is_beginning(chunk.invalid()) {
                        begun.extend_from_slice(chunk.invalid());
                    }
                }
            }
            if widest {
                for &byte in block {
                    match byte {
                        b'\n' | b'\r' | 12 => {
                            *width = (*width).max(column);
                            column = 0;
                        }
                        b'\t' => column += 8 - column % 8,
                        32..127 => column += 1,
                        0xc0.. if self.wide => column += 1,
                        _ => {}
                    }
                }
            }
        }
        if let Some(place) = counts.get_mut(4) {
            *place = (*place).max(column);
        }
        if !self.wide {
            let bytes = counts.get(3).copied().unwrap_or(0);
            if let Some(place) = counts.get_mut(2) {
                *place = bytes;
            }
        }
        Ok(())
    }
}

/// Whether the bytes, of which a character cannot be made, may become one.
fn is_beginning(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|e| e.error_len().is_none())
}

/// 1 what words are made of, 2 a newline, 4 what neither starts nor ends a
/// word, as GNU and busybox have it of control bytes, 0 other blanks.
const KINDS: [u8; 256] = {
    let mut kinds = [1; 256];
    let mut byte = 0;
    while byte < 32 {
        kinds[byte] = if byte >= 9 && byte <= 13 { 0 } else { 4 };
        byte += 1;
    }
    kinds[10] = 2;
    kinds[32] = 0;
    kinds[127] = 4;
    kinds
};

fn words_in(block: &[u8], words: &mut u64, lines: &mut u64, in_word: &mut bool) {
    let mut inside = u8::from(*in_word);
    let (mut starts, mut ends) = (0u64, 0u64);
    for &byte in block {
        let kind = KINDS[usize::from(byte)];
        let now = kind & 1 | kind >> 2 & inside;
        starts += u64::from(now & (1 - inside));
        ends += u64::from(kind >> 1 & 1);
        inside = now;
    }
    *in_word = inside == 1;
    *words += starts;
    *lines += ends;
}
