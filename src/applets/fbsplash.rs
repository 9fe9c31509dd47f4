//! fbsplash: a picture with a progress bar on a framebuffer. As busybox has it,
//! with pictures in P3 and large values as well.
//!
//! Rows are written, not mapped: what draws by itself when it is told (DRM's
//! framebuffers) sees them.

use std::fs::{File, OpenOptions};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::pixmap::Picture;
use crate::sys::framebuffer::{self, Screen};
use crate::sys::lines::Lines;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "fbsplash",
    summary: "show a picture with a progress bar on a framebuffer",
    usage: "-s PICTURE [-c] [-d DEVICE] [-i INIFILE] [-f FIFO]\n\
            \x20 -s  in PPM (- is standard input)    -d  /dev/fb0\n\
            \x20 -c  hide the cursor                 -f  commands: NN (percent) or exit\n\
            \x20 -i  lines NAME=NUMBER: BAR_LEFT BAR_TOP BAR_WIDTH BAR_HEIGHT\n\
            \x20     BAR_R BAR_G BAR_B IMG_LEFT IMG_TOP",
    kind: Kind::Fork, // waits for commands
    run,
};

/// Larger pictures are none of a screen.
const LARGEST: usize = 256 << 20;

const NAMES: [&[u8]; 9] = [
    b"BAR_WIDTH",
    b"BAR_HEIGHT",
    b"BAR_LEFT",
    b"BAR_TOP",
    b"BAR_R",
    b"BAR_G",
    b"BAR_B",
    b"IMG_LEFT",
    b"IMG_TOP",
];

/// Where bar and picture are.
#[derive(Default, Debug, PartialEq, Eq)]
struct Places([u32; 9]);

impl Places {
    /// Reads the file of `-i`; the number of a line that is none.
    fn parse(text: &[u8]) -> Result<Places, usize> {
        let mut places = Places::default();
        for (at, line) in text.split(|&b| b == b'\n').enumerate() {
            let line = line.split(|&b| b == b'#').next().unwrap_or_default().trim_ascii();
            if !line.is_empty() {
                places.set(line).ok_or(at + 1)?;
            }
        }
        Ok(places)
    }

    fn set(&mut self, line: &[u8]) -> Option<()> {
        let mut parts = line.splitn(2, |&b| b == b'=');
        let (name, value) = (parts.next()?.trim_ascii(), parts.next()?.trim_ascii());
        let place = NAMES.iter().position(|known| *known == name)?;
        let value = std::str::from_utf8(value).ok()?.parse().ok().filter(|n| *n <= 0xffff)?;
        *self.0.get_mut(place)? = value;
        Some(())
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("s: c d: i: f:")?;
    options.at_most(0)?;
    let Some(name) = options.take(b's') else {
        return Err(Error::usage("which picture? (-s)").with(Status::FAILURE));
    };
    let places = match options.take(b'i') {
        Some(file) => {
            let text = crate::sys::file::read(&file).map_err(|e| Error::os(show(&file), e))?;
            Places::parse(&text).map_err(|line| {
                Error::msg(format_args!("{}: line {line}: not NAME=NUMBER", show(&file)))
            })?
        }
        None => Places::default(),
    };
    let file = super::setfont::contents(cx, &name, LARGEST)?;
    let picture = Picture::parse(&file).map_err(|why| Error::about(show(&name), why))?;
    drop(file);
    let device = options.take(b'd').unwrap_or_else(|| "/dev/fb0".into());
    let canvas = Canvas::open(Path::new(&device))?;
    let fifo = options.take(b'f');
    let hide = options.has(b'c');
    if hide {
        let _ = write_all(cx.stdout, b"\x1b[?25l");
    }
    let [.., left, top] = places.0;
    canvas.picture(&picture, left, top)?;
    drop(picture);
    if let Some(fifo) = fifo {
        canvas.bar(&places, 0)?;
        let done = commands(cx, &canvas, &places, &fifo);
        if hide {
            let _ = write_all(cx.stdout, b"\x1b[?25h");
        }
        done?;
    }
    Ok(Status::OK)
}

/// Draws the bar as the commands say, until `exit` or their end.
fn commands(
    cx: &mut Ctx,
    canvas: &Canvas,
    places: &Places,
    fifo: &std::ffi::OsStr,
) -> Result<(), Error> {
    let fd = cx.open(fifo)?;
    // A fifo ends when its last writer goes: this one stays.
    let _writer = (fifo != "-").then(|| OpenOptions::new().write(true).open(fifo).ok());
    let mut lines = Lines::new(fd);
    while let Some(line) = lines.next(b'\n').map_err(|e| Error::os(show(fifo), e))? {
        let line = line.trim_ascii();
        if line.starts_with(b"exit") {
            break;
        }
        let digits = line.iter().take_while(|b| b.is_ascii_digit()).count();
        let number = std::str::from_utf8(line.get(..digits).unwrap_or_default());
        if let Some(percent) = number.ok().and_then(|n| n.parse().ok()).filter(|n| *n <= 100) {
            canvas.bar(places, percent)?;
        }
    }
    Ok(())
}

/// A framebuffer that is drawn on.
struct Canvas {
    file: File,
    name: String,
    screen: Screen,
    /// Bytes a dot.
    size: usize,
}

fn whole(number: u32) -> usize {
    usize::try_from(number).unwrap_or(0)
}

impl Canvas {
    fn open(device: &Path) -> Result<Canvas, Error> {
        let name =
            show_bytes(std::os::unix::ffi::OsStrExt::as_bytes(device.as_os_str())).to_string();
        let failed = |e| Error::os(&name, e);
        let file = OpenOptions::new().read(true).write(true).open(device).map_err(failed)?;
        let screen = framebuffer::screen(&file).map_err(|e| Error::os(&name, e))?;
        if !matches!(screen.bits, 8 | 15 | 16 | 24 | 32) {
            let bits = screen.bits;
            return Err(Error::msg(format_args!("{name}: dots of {bits} bits cannot be drawn")));
        }
        if screen.bits == 8 {
            let _ = framebuffer::set_palette(file.as_fd(), &palette());
        }
        Ok(Canvas { file, name, screen, size: whole(screen.bits.div_ceil(8)) })
    }

    /// A dot as the screen has it.
    fn dot(&self, [red, green, blue]: [u8; 3]) -> u32 {
        if self.size == 1 {
            return u32::from(red & 0xe0) | u32::from(green & 0xe0) >> 3 | u32::from(blue >> 6);
        }
        let mut value = 0u32;
        for (part, color) in self.screen.colors.iter().zip([red, green, blue]) {
            let color = u32::from(color);
            let scaled = match part.length {
                0..=8 => color >> (8 - part.length),
                more => color.checked_shl(more - 8).unwrap_or(0),
            };
            value |= scaled.checked_shl(part.offset).unwrap_or(0);
        }
        value
    }

    /// Writes dots in a row; those beside the screen are left out.
    fn row(&self, left: u32, top: u32, dots: &[u8]) -> Result<(), Error> {
        if top >= self.screen.height || left >= self.screen.width {
            return Ok(());
        }
        let count = whole(self.screen.width - left) * self.size;
        let dots = dots.get(..count).unwrap_or(dots);
        let at = self.screen.start
            + u64::from(top) * u64::from(self.screen.line)
            + u64::try_from(whole(left) * self.size).unwrap_or(0);
        self.file.write_all_at(dots, at).map_err(|e| Error::os(&self.name, e))
    }

    fn push(&self, out: &mut Vec<u8>, dot: u32) {
        out.extend(dot.to_ne_bytes().iter().take(self.size));
    }

    fn picture(&self, picture: &Picture, left: u32, top: u32) -> Result<(), Error> {
        let mut line = Vec::with_capacity(picture.width * self.size);
        for (at, row) in (top..self.screen.height).zip(picture.dots.chunks(picture.width * 3)) {
            line.clear();
            for dot in row.chunks_exact(3) {
                let Ok(dot) = dot.try_into() else { break };
                self.push(&mut line, self.dot(dot));
            }
            self.row(left, at, &line)?;
        }
        Ok(())
    }

    /// A rectangle, filled.
    fn fill(&self, [left, top, width, height]: [u32; 4], color: [u8; 3]) -> Result<(), Error> {
        let dot = self.dot(color);
        let mut line = Vec::new();
        for _ in 0..width.min(self.screen.width) {
            self.push(&mut line, dot);
        }
        for row in 0..height.min(self.screen.height) {
            self.row(left, top + row, &line)?;
        }
        Ok(())
    }

    /// The bar: a frame and what is done in half the colour, what is not in the
    /// whole one.
    fn bar(&self, places: &Places, percent: u32) -> Result<(), Error> {
        let [width, height, left, top, red, green, blue, ..] = places.0;
        let color = [red, green, blue].map(|n| u8::try_from(n.min(255)).unwrap_or(255));
        let dark = color.map(|n| n / 2);
        if width == 0 || height == 0 {
            return Ok(());
        }
        let (right, bottom) = (left + width - 1, top + height - 1);
        self.fill([left, top, width, 1], dark)?;
        self.fill([left, bottom, width, 1], dark)?;
        self.fill([left, top, 1, height], dark)?;
        self.fill([right, top, 1, height], dark)?;
        if width < 3 || height < 3 {
            return Ok(());
        }
        let (width, height) = (width - 2, height - 2);
        let done = width * percent / 100;
        self.fill([left + 1, top + 1, done, height], dark)?;
        self.fill([left + 1 + done, top + 1, width - done, height], color)
    }
}

/// Three bits of red, three of green, two of blue.
fn palette() -> [[u16; 256]; 3] {
    let mut colors = [[0; 256]; 3];
    let [red, green, blue] = &mut colors;
    for (number, ((red, green), blue)) in (0u16..).zip(red.iter_mut().zip(green).zip(blue)) {
        *red = (number >> 5) * 0x2492;
        *green = (number >> 2 & 7) * 0x2492;
        *blue = (number & 3) * 0x5555;
    }
    colors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let text = b"# bar\nBAR_WIDTH=100\n BAR_TOP = 7 # rows\nIMG_LEFT=3\n";
        assert_eq!(Places::parse(text), Ok(Places([100, 0, 0, 7, 0, 0, 0, 3, 0])));
        for bad in ["BAR=1", "BAR_TOP", "BAR_TOP=x", "BAR_TOP=-1", "BAR_TOP=70000"] {
            assert_eq!(Places::parse(format!("\n{bad}\n").as_bytes()), Err(2));
        }
    }

    #[test]
    fn colors_of_bytes() {
        let [red, green, blue] = palette();
        assert_eq!((red[255], green[255], blue[255]), (0xfffe, 0xfffe, 0xffff));
        assert_eq!((red[0xe0], green[0xe0], blue[0xe0]), (0xfffe, 0, 0));
        assert_eq!((red[0x1c], green[0x1c], blue[0x1c]), (0, 0xfffe, 0));
    }
}
