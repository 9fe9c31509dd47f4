//! paste: lines of files side by side. POSIX, with GNU's `-z`.

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys::lines::Lines;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "paste",
    summary: "lines of files side by side",
    usage: "[-sz] [-d LIST] [FILE...]\n\
            \x20 -s       the lines of each file in one line\n\
            \x20 -d LIST  these characters in turn between them, not a tab; \\n \\t \\\\ \\0 (nothing)\n\
            \x20 -z       lines end with a zero byte",
    kind: Kind::Fork, // reading may block
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("s,serial d:delimiters z,zero-terminated")?;
    let (mut serial, mut end) = (false, b'\n');
    let mut list = b"\t".to_vec();
    while let Some(letter) = options.next() {
        match letter {
            b's' => serial = true,
            b'd' => list = options.bytes(),
            _ => end = 0,
        }
    }
    let between = delimiters(&list)?;
    let mut names = options.operands;
    if names.is_empty() {
        names.push("-".into());
    }
    if serial {
        for name in &names {
            let Some(fd) = cx.open_or_warn(name) else { continue };
            let mut lines = Lines::new(fd);
            let mut turn = between.iter().cycle();
            let mut first = true;
            while let Some(line) = lines.next(end).map_err(|e| Error::os(show(name), e))? {
                if !std::mem::take(&mut first)
                    && let Some(between) = turn.next()
                {
                    cx.put(between)?;
                }
                cx.put(line)?;
            }
            cx.put(&[end])?;
        }
        return Ok(cx.status());
    }
    // Standard input that is named twice gives its lines in turn.
    let mut inputs: Vec<Option<Lines>> = Vec::new();
    let mut sources: Vec<usize> = Vec::new();
    let mut standard = None;
    for name in &names {
        if name == "-"
            && let Some(at) = standard
        {
            sources.push(at);
            continue;
        }
        let fd = cx.open(name)?;
        if name == "-" {
            standard = Some(inputs.len());
        }
        sources.push(inputs.len());
        inputs.push(Some(Lines::new(fd)));
    }
    let mut text = Vec::new();
    loop {
        text.clear();
        let mut any = false;
        let mut turn = between.iter().cycle();
        for (n, (&source, name)) in sources.iter().zip(&names).enumerate() {
            if n > 0
                && let Some(between) = turn.next()
            {
                text.extend_from_slice(between);
            }
            let Some(slot) = inputs.get_mut(source) else { continue };
            let Some(lines) = slot else { continue };
            match lines.next(end) {
                Ok(Some(line)) => {
                    any = true;
                    text.extend_from_slice(line);
                }
                Ok(None) => *slot = None,
                Err(error) => {
                    *slot = None;
                    cx.warn(Error::os(show(name), error));
                }
            }
        }
        if !any {
            return Ok(cx.status());
        }
        text.push(end);
        cx.put(&text)?;
    }
}

/// The characters of -d; one may stand for nothing.
fn delimiters(list: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let mut all = Vec::new();
    let mut rest = list;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte != b'\\' {
            // of several bytes when they are UTF-8
            let character = rest.utf8_chunks().next().and_then(|c| c.valid().chars().next());
            let (character, tail) = rest.split_at(character.map_or(1, char::len_utf8));
            all.push(character.to_vec());
            rest = tail;
            continue;
        }
        let Some((&letter, tail)) = tail.split_first() else {
            return Err(Error::usage("-d ends with a backslash").with(Status::FAILURE));
        };
        rest = tail;
        all.push(match letter {
            b'n' => b"\n".to_vec(),
            b't' => b"\t".to_vec(),
            b'0' => Vec::new(),
            b'b' => vec![8],
            b'f' => vec![12],
            b'r' => b"\r".to_vec(),
            b'v' => vec![11],
            other => vec![other],
        });
    }
    if all.is_empty() {
        all.push(Vec::new());
    }
    Ok(all)
}
