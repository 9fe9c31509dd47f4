//! shuf: lines in random order. GNU's.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::sys::lines::Lines;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "shuf",
    summary: "lines in random order",
    usage: "[-rz] [-n N] [-o FILE] [FILE | -e WORD... | -i A-B]\n\
            \x20 -e       the words are the lines; -i A-B the numbers from A to B are\n\
            \x20 -n N     N of them at most; -r again and again\n\
            \x20 -o FILE  to a file; -z lines end with a zero byte",
    kind: Kind::Fork, // reading may block
    run,
};

/// Lines, or numbers that need no memory.
enum Source {
    Lines(Vec<Vec<u8>>),
    Range(u64, u64),
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    act(cx).map_err(|e| e.with(Status::FAILURE))
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "e,echo i:input-range n:head-count o:output r,repeat z,zero-terminated -s:random-source",
    )?;
    let (mut echo, mut repeat, mut end) = (false, false, b'\n');
    let (mut range, mut most, mut output) = (None, u64::MAX, None);
    let mut seed_file = OsString::from("/dev/urandom");
    while let Some(letter) = options.next() {
        match letter {
            b'e' => echo = true,
            b'r' => repeat = true,
            b'z' => end = 0,
            b'o' => output = Some(options.value()),
            b'n' => most = most.min(options.number("not a number")?),
            b's' => seed_file = options.value(),
            _ => {
                let text = options.bytes();
                let mut ends = text.splitn(2, |&b| b == b'-');
                let number = |text: Option<&[u8]>| -> Option<u64> {
                    std::str::from_utf8(text?).ok()?.parse().ok()
                };
                let (a, b) = (number(ends.next()), number(ends.next()));
                let pair = a.zip(b).filter(|(a, b)| a <= b || *a == b + 1);
                range = Some(pair.ok_or_else(|| Error::bad(show_bytes(&text), "not a range"))?);
            }
        }
    }
    let mut random = Random::new(&seed_file)?;
    let mut source = if let Some((from, to)) = range {
        options.at_most(0)?;
        Source::Range(from, to.wrapping_sub(from).wrapping_add(1))
    } else if echo {
        Source::Lines(options.operands.iter().map(|w| w.as_bytes().to_vec()).collect())
    } else {
        options.at_most(1)?;
        let name = options.operands.first().cloned().unwrap_or("-".into());
        let mut lines = Lines::new(cx.open(&name)?);
        let mut list = Vec::new();
        while let Some(line) = lines.next(end).map_err(|e| Error::os(show(&name), e))? {
            list.push(line.to_vec());
        }
        Source::Lines(list)
    };
    let mut file = match &output {
        Some(name) => Some(File::create(name).map_err(|e| Error::os(show(name), e))?),
        None => None,
    };
    let count = match &source {
        Source::Lines(list) => list.len() as u64,
        Source::Range(_, count) => *count,
    };
    if count == 0 {
        return if repeat && most > 0 {
            Err(Error::msg("there are no lines to repeat"))
        } else {
            Ok(Status::OK)
        };
    }
    // Of a long range only what was moved is remembered.
    let mut moved: Vec<(u64, u64)> = Vec::new();
    let wanted = if repeat { most } else { most.min(count) };
    let mut n = 0;
    while n < wanted {
        let mut text = match &mut source {
            Source::Lines(list) if repeat => {
                list.get(random.below(count) as usize).cloned().unwrap_or_default()
            }
            Source::Lines(list) => {
                let other = n + random.below(count - n);
                list.swap(n as usize, other as usize);
                list.get_mut(n as usize).map(std::mem::take).unwrap_or_default()
            }
            Source::Range(from, _) => {
                let other = if repeat { random.below(count) } else { n + random.below(count - n) };
                let mut value = other;
                if !repeat {
                    let at =
                        |list: &[(u64, u64)], key: u64| list.binary_search_by_key(&key, |e| e.0);
                    let first = at(&moved, n).ok().and_then(|i| moved.get(i)).map_or(n, |e| e.1);
                    match at(&moved, other) {
                        Ok(i) => {
                            if let Some(entry) = moved.get_mut(i) {
                                value = std::mem::replace(&mut entry.1, first);
                            }
                        }
                        Err(i) => moved.insert(i, (other, first)),
                    }
                }
                from.wrapping_add(value).to_string().into_bytes()
            }
        };
        text.push(end);
        match (&mut file, &output) {
            (Some(file), Some(name)) => {
                file.write_all(&text).map_err(|e| Error::os(show(name), e))?
            }
            _ => cx.put(&text)?,
        }
        n += 1;
    }
    Ok(Status::OK)
}

/// Random numbers from a file of random bytes.
struct Random {
    file: File,
    bytes: Vec<u8>,
}

impl Random {
    fn new(name: &OsString) -> Result<Random, Error> {
        let file = File::open(name).map_err(|e| Error::os(show(name), e))?;
        Ok(Random { file, bytes: Vec::new() })
    }

    /// A number below `limit`. The end of the file counts as zeros.
    fn below(&mut self, limit: u64) -> u64 {
        loop {
            if self.bytes.len() < 8 {
                self.bytes.resize(4096, 0);
                let got = self.file.read(&mut self.bytes).unwrap_or(0);
                if got == 0 {
                    return 0;
                }
                self.bytes.truncate(got.max(8));
            }
            let rest = self.bytes.split_off(self.bytes.len() - 8);
            let value = u64::from_le_bytes(*rest.first_chunk::<8>().unwrap_or(&[0; 8]));
            // Those of the last incomplete round would favour small numbers.
            if value < u64::MAX - u64::MAX % limit {
                return value % limit;
            }
        }
    }
}
