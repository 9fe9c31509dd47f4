//! paste: lines of files side by side. POSIX, with GNU's `-z`.

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys::lines::Lines;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "paste",
    summary: "lines of files side by side",
    usage: "[-sz] [-d LIST] [FILE...]\n\
            \x20 -s       the lines of each file in one line\n\
            \x20 -d LIST  these bytes in turn between them, not a tab; \\n \\t \\\\ \\0 (nothing)\n\
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
                    && let Some(Some(byte)) = turn.next()
                {
                    cx.put(&[*byte])?;
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
                && let Some(Some(byte)) = turn.next()
            {
                text.push(*byte);
            }
            let Some(slot) = inputs.get_mut(source) else { continue };
            let Some(lines) = slot else { continue };
            match lines.next(end).map_err(|e| Error::os(show(name), e))? {
                Some(line) => {
                    any = true;
                    text.extend_from_slice(line);
                }
                None => *slot = None,
            }
        }
        if !any {
            return Ok(cx.status());
        }
        text.push(end);
        cx.put(&text)?;
    }
}

/// The bytes of -d; nothing stands for none.
fn delimiters(list: &[u8]) -> Result<Vec<Option<u8>>, Error> {
    let mut bytes = Vec::new();
    let mut rest = list.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next() {
                Some(b'n') => Some(b'\n'),
                Some(b't') => Some(b'\t'),
                Some(b'0') => None,
                Some(b'b') => Some(8),
                Some(b'f') => Some(12),
                Some(b'r') => Some(b'\r'),
                Some(b'v') => Some(11),
                Some(other) => Some(*other),
                None => return Err(Error::usage("-d ends with a backslash").with(Status::FAILURE)),
            },
            other => Some(other),
        });
    }
    if bytes.is_empty() {
        bytes.push(None);
    }
    Ok(bytes)
}
