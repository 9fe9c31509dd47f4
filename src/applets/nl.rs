//! nl: number lines. POSIX.

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::inputs;
use crate::regex::{Flags, Regex};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "nl",
    summary: "number lines",
    usage: "[-p] [-b|-h|-f STYLE] [-d CC] [-v N] [-i N] [-l N] [-n ln|rn|rz] [-s TEXT] [-w N] [FILE...]\n\
            \x20 -b, -h, -f  which lines of body, head and foot: a all, t not empty, n none, pREGEX\n\
            \x20 -v N, -i N  the first number and the step; -l N one of N empty lines\n\
            \x20 -n, -w N    left, right or with zeros, in N columns (6); -s TEXT behind it (a tab)\n\
            \x20 -p          go on counting where a new page starts; -d CC what marks parts of pages",
    kind: Kind::Fork, // reading may block
    run,
};

/// Which lines are numbered.
enum Which {
    All,
    Filled,
    None,
    Like(Regex),
}

impl Which {
    fn parse(text: &[u8]) -> Result<Which, Error> {
        Ok(match text {
            b"a" => Which::All,
            b"t" => Which::Filled,
            b"n" => Which::None,
            [b'p', pattern @ ..] => Which::Like(
                Regex::new(pattern, Flags::BASIC)
                    .map_err(|why| Error::bad(show_bytes(pattern), why))?,
            ),
            _ => {
                return Err(Error::bad(show_bytes(text), "a, t, n or pREGEX").with(Status::FAILURE));
            }
        })
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    act(cx).map_err(|e| e.with(Status::FAILURE))
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "b:body-numbering h:header-numbering f:footer-numbering d:section-delimiter \
         v:starting-line-number i:line-increment l:join-blank-lines n:number-format \
         s:number-separator w:number-width p,no-renumber",
    )?;
    // head, body, foot
    let mut styles = [Which::None, Which::Filled, Which::None];
    let mut mark = b"\\:".to_vec();
    let (mut start, mut step, mut join, mut width) = (1i64, 1i64, 1i64, 6usize);
    let mut form = b"rn".to_vec();
    let mut between = b"\t".to_vec();
    let mut renumber = true;
    while let Some(letter) = options.next() {
        match letter {
            b'h' => styles[0] = Which::parse(&options.bytes())?,
            b'b' => styles[1] = Which::parse(&options.bytes())?,
            b'f' => styles[2] = Which::parse(&options.bytes())?,
            b'd' => {
                mark = options.bytes();
                if mark.len() == 1 {
                    mark.push(b':');
                }
            }
            b's' => between = options.bytes(),
            b'p' => renumber = false,
            b'n' => {
                form = options.bytes();
                if !matches!(form.as_slice(), b"ln" | b"rn" | b"rz") {
                    return Err(Error::bad(show_bytes(&form), "ln, rn or rz"));
                }
            }
            _ => {
                let text = options.bytes();
                let number = std::str::from_utf8(&text).ok().and_then(|t| t.parse::<i64>().ok());
                let number = number.filter(|n| *n > 0 || matches!(letter, b'v' | b'i'));
                let number = number.ok_or_else(|| Error::bad(show_bytes(&text), "not a number"))?;
                match letter {
                    b'v' => start = number,
                    b'i' => step = number,
                    b'l' => join = number,
                    _ => width = usize::try_from(number).unwrap_or(6).min(4096),
                }
            }
        }
    }
    let mut section = 1;
    let mut number = start;
    let mut empty = 0i64;
    inputs::each(cx, &options.operands, &mut |cx, input| {
        while let Some(line) = input.next(b'\n')? {
            // \:\:\: head, \:\: body, \: foot
            let marks = (1..=3).find(|n| !mark.is_empty() && line == mark.repeat(*n));
            if let Some(marks) = marks {
                section = 3 - marks;
                if renumber {
                    number = start;
                }
                cx.put(b"\n")?;
                continue;
            }
            empty = if line.is_empty() { empty + 1 } else { 0 };
            let wanted = match styles.get(section) {
                Some(Which::All) => {
                    // Of several empty lines the last.
                    !line.is_empty() || empty == join
                }
                Some(Which::Filled) => !line.is_empty(),
                Some(Which::Like(pattern)) => pattern.is_match(line),
                _ => false,
            };
            if empty == join {
                empty = 0;
            }
            let mut text = Vec::new();
            if wanted {
                let digits = number.to_string();
                let fill = width.saturating_sub(digits.len());
                match form.as_slice() {
                    b"ln" => {
                        text.extend_from_slice(digits.as_bytes());
                        text.resize(text.len() + fill, b' ');
                    }
                    b"rz" => {
                        let (sign, digits) = digits.split_at(usize::from(number < 0));
                        text.extend_from_slice(sign.as_bytes());
                        text.resize(text.len() + fill, b'0');
                        text.extend_from_slice(digits.as_bytes());
                    }
                    _ => {
                        text.resize(fill, b' ');
                        text.extend_from_slice(digits.as_bytes());
                    }
                }
                text.extend_from_slice(&between);
                number =
                    number.checked_add(step).ok_or_else(|| Error::msg("line number overflow"))?;
            } else {
                text.resize(width + between.len(), b' ');
            }
            text.extend_from_slice(line);
            text.push(b'\n');
            cx.put(&text)?;
        }
        Ok(())
    })?;
    Ok(cx.status())
}
