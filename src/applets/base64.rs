//! base64, base32: bytes as text and back. RFC 4648, with GNU's options.

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::encoding::{Alphabet, BASE32, BASE64, Decoder};
use crate::inputs;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "base64",
    summary: "bytes as text and back",
    usage: "[-di] [-w N] [FILE]\n\
            \x20 -d    back to bytes; -i without what is no letter of the text\n\
            \x20 -w N  lines of N letters (76); 0 one line",
    kind: Kind::Fork, // reading may block
    run: |cx| run(cx, &BASE64),
};

/// See the module.
pub(super) static BASE_32: Applet = Applet {
    name: "base32",
    summary: APPLET.summary,
    usage: APPLET.usage,
    kind: Kind::Fork, // reading may block
    run: |cx| run(cx, &BASE32),
};

fn run(cx: &mut Ctx, alphabet: &Alphabet) -> Result<Status, Error> {
    let mut options = cx.parse("d,decode D i,ignore-garbage w:wrap")?;
    let (mut decode, mut lenient, mut width) = (false, false, 76);
    while let Some(letter) = options.next() {
        match letter {
            b'i' => lenient = true,
            b'w' => {
                let value = options.number("not a width").map_err(|e| e.with(Status::FAILURE))?;
                width = usize::try_from(value).unwrap_or(0);
            }
            _ => decode = true,
        }
    }
    options.at_most(1)?;
    let (mut text, mut lines) = (Vec::new(), Vec::new());
    inputs::each(cx, &options.operands, &mut |cx, input| {
        if decode {
            let mut decoder = Decoder::new(alphabet);
            while let Some(block) = input.block()? {
                text.clear();
                let done = decoder.decode(block, lenient, &mut text);
                cx.put(&text)?;
                done.map_err(|_| Error::msg("invalid input"))?;
            }
            return decoder.finish().map_err(|_| Error::msg("invalid input"));
        }
        // Bytes that make no whole group wait for more.
        let group = alphabet.bytes_in_group();
        let mut held: Vec<u8> = Vec::new();
        let mut column = 0;
        loop {
            let block = input.block()?;
            let ended = block.is_none();
            held.extend_from_slice(block.unwrap_or_default());
            let whole = if ended { held.len() } else { held.len() - held.len() % group };
            text.clear();
            alphabet.encode(held.get(..whole).unwrap_or_default(), &mut text);
            held.drain(..whole);
            lines.clear();
            let mut rest = text.as_slice();
            while !rest.is_empty() {
                let room = if width == 0 { rest.len() } else { width - column };
                let (line, behind) = rest.split_at(room.min(rest.len()));
                lines.extend_from_slice(line);
                column += line.len();
                rest = behind;
                if width > 0 && column == width {
                    lines.push(b'\n');
                    column = 0;
                }
            }
            cx.put(&lines)?;
            if ended {
                break;
            }
        }
        if column > 0 && width > 0 { cx.put(b"\n") } else { Ok(()) }
    })?;
    Ok(cx.status())
}
