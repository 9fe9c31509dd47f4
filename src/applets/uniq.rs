//! uniq: one of several equal lines. POSIX, with GNU's `-D`, `-i`, `-w` and `-z`
//! and the old `-N` and `+N`.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::sys::lines::Lines;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "uniq",
    summary: "one of several equal lines",
    usage: "[-cdDuiz] [-f N] [-s N] [-w N] [INPUT [OUTPUT]]\n\
            \x20 -c     with how often it is there\n\
            \x20 -d, -u only lines that are there several times, once\n\
            \x20 -D     all of those that are there several times\n\
            \x20 -f N   without comparing the first N fields, -s N then N bytes\n\
            \x20 -w N   comparing N bytes at most\n\
            \x20 -i     letters small or big, -z lines end with a zero byte",
    kind: Kind::Fork, // reading may block
    run,
};

#[derive(Default)]
struct Rules {
    fields: usize,
    bytes: usize,
    most: Option<usize>,
    fold: bool,
}

impl Rules {
    /// The part of a line that is compared.
    fn part<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        let mut rest = line;
        for _ in 0..self.fields {
            let blank = |b: &&u8| matches!(**b, b' ' | b'\t');
            let blanks = rest.iter().take_while(blank).count();
            let word = rest.iter().skip(blanks).take_while(|b| !blank(b)).count();
            rest = rest.get(blanks + word..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
        }
        let rest = rest.get(self.bytes..).unwrap_or_default();
        self.most.and_then(|most| rest.get(..most)).unwrap_or(rest)
    }

    fn same(&self, a: &[u8], b: &[u8]) -> bool {
        let (a, b) = (self.part(a), self.part(b));
        if self.fold { a.eq_ignore_ascii_case(b) } else { a == b }
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    act(cx).map_err(|e| e.with(Status::FAILURE))
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "c,count d,repeated D -2?all-repeated u,unique i,ignore-case f:skip-fields s:skip-chars \
         w:check-chars z,zero-terminated #",
    )?;
    let mut rules = Rules::default();
    let (mut count, mut repeated, mut all, mut single) = (false, false, false, false);
    let mut between = None;
    let mut end = b'\n';
    while let Some(letter) = options.next() {
        match letter {
            b'c' => count = true,
            b'd' => repeated = true,
            b'D' => (repeated, all) = (true, true),
            b'2' => {
                (repeated, all) = (true, true);
                let how = options.bytes();
                between = match how.as_slice() {
                    b"" | b"none" => None,
                    b"prepend" => Some(true),
                    b"separate" => Some(false),
                    _ => return Err(Error::bad(show_bytes(&how), "none, prepend or separate")),
                };
            }
            b'u' => single = true,
            b'i' => rules.fold = true,
            b'z' => end = 0,
            _ => {
                let value = options.number("not a number")?;
                let value = usize::try_from(value).unwrap_or(usize::MAX);
                match letter {
                    b's' => rules.bytes = value,
                    b'w' => rules.most = Some(value),
                    _ => rules.fields = value,
                }
            }
        }
    }
    if count && all {
        return Err(Error::usage("-c and -D exclude each other").with(Status::FAILURE));
    }
    let mut operands = options.operands;
    // +N is -s N of old
    if let Some(word) = operands.first()
        && let Some(digits) = word.as_bytes().strip_prefix(b"+")
        && !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
    {
        rules.bytes =
            digits.iter().fold(0usize, |n, b| n.saturating_mul(10) + usize::from(b - b'0'));
        operands.remove(0);
    }
    if let Some(extra) = operands.get(2) {
        return Err(Error::bad(show(extra), "one file too many"));
    }
    let standard = OsString::from("-");
    let name = operands.first().unwrap_or(&standard);
    let mut input = Lines::new(cx.open(name)?);
    let mut output = match operands.get(1).filter(|name| *name != "-") {
        Some(name) => Some(File::create(name).map_err(|e| Error::os(show(name), e))?),
        None => None,
    };
    let mut text = Vec::new();
    let mut before: Option<(Vec<u8>, u64)> = None;
    let mut groups = 0u64;
    loop {
        let line = input.next(end).map_err(|e| Error::os(show(name), e))?;
        let ended = line.is_none();
        if let (Some(line), Some((kept, times))) = (line, &mut before)
            && rules.same(kept, line)
        {
            *times += 1;
            if all {
                if *times == 2 {
                    if between == Some(true) || between == Some(false) && groups > 0 {
                        text.push(end);
                    }
                    groups += 1;
                    put(&mut text, kept, end);
                }
                put(&mut text, line, end);
            }
        } else {
            if let Some((kept, times)) = &before
                && !all
                && !(repeated && *times == 1)
                && !(single && *times > 1)
            {
                if count {
                    let digits = times.to_string();
                    text.resize(text.len() + 7usize.saturating_sub(digits.len()), b' ');
                    text.extend_from_slice(digits.as_bytes());
                    text.push(b' ');
                }
                put(&mut text, kept, end);
            }
            if let Some(line) = line {
                let (kept, times) = before.get_or_insert_default();
                kept.clear();
                kept.extend_from_slice(line);
                *times = 1;
            }
        }
        if ended || text.len() > 60 * 1024 {
            match (&mut output, operands.get(1)) {
                (Some(file), Some(name)) => {
                    file.write_all(&text).map_err(|e| Error::os(show(name), e))?;
                }
                _ => cx.put(&text)?,
            }
            text.clear();
        }
        if ended {
            return Ok(cx.status());
        }
    }
}

fn put(text: &mut Vec<u8>, line: &[u8], end: u8) {
    text.extend_from_slice(line);
    text.push(end);
}
