//! setfont and loadfont: the console's font. As kbd and busybox have them: PSF
//! 1 and 2 and raw fonts, compressed ones too.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::compress::{Format, decompress};
use crate::psf::{self, Font};
use crate::sys::{console, fd};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "setfont",
    summary: "load a font into the console",
    usage: "[-C CONSOLE] [-m SCREENMAP] [-u UNICODEMAP] [-hN] [-v] FONT\n\
            \x20 -m  which character each byte is    -u  which glyph each character has\n\
            \x20 -h  the height of a font that does not say\n\
            A name without / is looked for in the folders of kbd and busybox.",
    kind: Kind::Fork, // may read standard input
    run: setfont,
};

/// loadfont.
pub(super) static LOADFONT: Applet = Applet {
    name: "loadfont",
    summary: "load a font from standard input into the console",
    usage: "[-C CONSOLE] < FONT",
    kind: Kind::Fork, // reads standard input
    run: loadfont,
};

/// Larger files are no fonts.
const LONGEST: usize = 4 << 20;

const FONTS: [&str; 6] = [
    "/usr/share/consolefonts",
    "/usr/share/kbd/consolefonts",
    "/usr/lib/kbd/consolefonts",
    "/usr/share/fonts/consolefonts",
    "/lib/kbd/consolefonts",
    "/etc",
];
const MAPS: [&str; 5] = [
    "/usr/share/consoletrans",
    "/usr/share/kbd/consoletrans",
    "/usr/lib/kbd/consoletrans",
    "/usr/share/unimaps",
    "/usr/share/kbd/unimaps",
];
const ENDINGS: [&str; 6] = ["", ".psfu", ".psf", ".fnt", ".trans", ".uni"];

/// What is in a file, unpacked, of which `limit` bytes are enough; `-` is
/// standard input.
pub(super) fn contents(cx: &Ctx, name: &OsStr, limit: usize) -> Result<Vec<u8>, Error> {
    let fd = cx.open(name)?;
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    let shown = if name == "-" { "standard input".to_string() } else { show(name).to_string() };
    fd::Reader(fd.as_fd())
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Error::os(&shown, e))?;
    if bytes.len() > limit {
        return Err(Error::msg(format_args!("{shown}: too long")));
    }
    match Format::detect(&bytes) {
        Format::None => Ok(bytes),
        format => {
            decompress(format, &bytes, limit).map_err(|e| Error::msg(format_args!("{shown}: {e}")))
        }
    }
}

/// The file of a name, in one of the folders where it has none, under the
/// endings that there are.
fn found(name: &OsStr, folders: &[&str]) -> OsString {
    if name == "-" || name.as_bytes().contains(&b'/') || Path::new(name).exists() {
        return name.to_os_string();
    }
    for folder in folders {
        for ending in ENDINGS {
            for packed in ["", ".gz", ".xz", ".zst"] {
                let mut file = name.to_os_string();
                file.push(ending);
                file.push(packed);
                let path = Path::new(folder).join(file);
                if path.is_file() {
                    return path.into_os_string();
                }
            }
        }
    }
    name.to_os_string()
}

fn setfont(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options =
        cx.parse("C:console m:screen-map u:unicode-map h:font-height v,verbose f,force")?;
    options.at_most(1)?;
    let device = options.take(b'C');
    let screen = options.take(b'm');
    let unicode = options.take(b'u');
    if options.operands.is_empty() && screen.is_none() && unicode.is_none() {
        return Err(Error::usage("which font?").with(Status::FAILURE));
    }
    let font = match options.operands.first() {
        Some(name) => {
            let name = found(name, &FONTS);
            let mut font = read(cx, &name)?;
            if let Some(text) = options.take(b'h') {
                let height = crate::options::number(&text)
                    .and_then(|n| u32::try_from(n).ok())
                    .filter(|n| *n > 0 && *n <= font.height)
                    .ok_or_else(|| Error::about(show(&text), "not a height of this font"))?;
                cut(&mut font, height);
            }
            if options.has(b'v') {
                let (width, height) = (font.width, font.height);
                let text = format!("{}: {width}x{height}, {} glyphs", show(&name), font.count);
                cx.note(text);
            }
            Some(font)
        }
        None => None,
    };
    // everything is read before anything is changed
    let screen = match screen {
        Some(name) => Some(contents(cx, &found(&name, &MAPS), LONGEST)?).zip(Some(name)),
        None => None,
    };
    let pairs = match unicode {
        Some(name) => {
            let text = contents(cx, &found(&name, &MAPS), LONGEST)?;
            let wrong = |line| Error::msg(format_args!("{}: line {line}: not a map", show(&name)));
            Some(psf::unicode_map(&text).map_err(wrong)?)
        }
        None => None,
    };
    let fd = super::chvt::named(cx, device.as_deref())?;
    if let Some(font) = &font {
        set(&fd, font)?;
    }
    if let Some(pairs) = &pairs {
        console::set_unicode_map(&fd, pairs).map_err(|e| Error::os("map of characters", e))?;
    }
    if let Some((map, name)) = screen {
        set_screen_map(&fd, &map, &name)?;
        // the map of the user is in force from now on
        let _ = write_all(fd.as_fd(), b"\x1b(K");
    }
    Ok(Status::OK)
}

fn set_screen_map(fd: impl AsFd, map: &[u8], name: &OsStr) -> Result<(), Error> {
    let set = if let Ok(bytes) = map.try_into() {
        console::set_screen_map(fd, bytes)
    } else if map.len() == 512 {
        let mut numbers = [0; 256];
        for (to, pair) in numbers.iter_mut().zip(map.chunks_exact(2)) {
            *to = pair.try_into().map_or(0, u16::from_ne_bytes);
        }
        console::set_unicode_screen_map(fd, &numbers)
    } else {
        let wrong = |line| Error::msg(format_args!("{}: line {line}: not a map", show(name)));
        console::set_unicode_screen_map(fd, &psf::screen_map(map).map_err(wrong)?)
    };
    set.map_err(|e| Error::os("map of bytes", e))
}

fn read(cx: &Ctx, name: &OsStr) -> Result<Font, Error> {
    let file = contents(cx, name, LONGEST)?;
    Font::parse(&file).map_err(|why| Error::about(show(name), why))
}

/// Makes the rows below `height` no part of the font.
fn cut(font: &mut Font, height: u32) {
    let bytes = |n: u32| usize::try_from(n).unwrap_or(0);
    let row = bytes(font.width.div_ceil(8));
    let mut glyphs = Vec::new();
    for glyph in font.glyphs.chunks(row * bytes(font.height)) {
        glyphs.extend_from_slice(glyph.get(..row * bytes(height)).unwrap_or(glyph));
    }
    (font.glyphs, font.height) = (glyphs, height);
}

fn set(fd: impl AsFd, font: &Font) -> Result<(), Error> {
    console::set_font(&fd, font.width, font.height, &font.padded())
        .map_err(|e| Error::os("font", e))?;
    if !font.map.is_empty() {
        console::set_unicode_map(&fd, &font.map).map_err(|e| Error::os("map of characters", e))?;
    }
    Ok(())
}

fn loadfont(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("C:console")?;
    options.at_most(0)?;
    let font = read(cx, OsStr::new("-"))?;
    let fd = super::chvt::named(cx, options.take(b'C').as_deref())?;
    set(fd, &font)?;
    Ok(Status::OK)
}
