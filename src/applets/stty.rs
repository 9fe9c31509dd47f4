//! stty: print and change the modes of a terminal. POSIX, with GNU's names and
//! lines.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode as Permissions;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::sys::termios::{self, Modes, When};
use crate::sys::tty;

mod table;

use table::{CHARACTERS, Group, MODES, OMITTED, REVERSIBLE, SANE_SET, SANE_UNSET};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "stty",
    summary: "print and change terminal modes",
    usage: "[-a | -g] [-F DEVICE] [SETTING]...\n\
            \x20 -a  all modes    -g  in a form that stty reads again\n\
            \x20 SETTING: sane raw -raw cooked cbreak -echo echo icanon isig iutf8 ...\n\
            \x20   rows N  cols N  size  speed  N (bits a second)  ispeed N  ospeed N\n\
            \x20   intr ^C  erase ^?  eof ^D  min N  time N ...",
    kind: Kind::Fork, // waits until the output has been sent
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let one = |e: Error| e.with(Status::FAILURE);
    let mut words: Vec<&OsString> = Vec::new();
    let (mut all, mut save, mut device) = (false, false, None);
    // Settings start with a dash as well, and may stand before options.
    let mut args = cx.args.iter();
    while let Some(arg) = args.next() {
        match arg.as_bytes() {
            b"-a" | b"--all" => all = true,
            b"-g" | b"--save" => save = true,
            b"-ag" | b"-ga" => (all, save) = (true, true),
            b"-F" | b"--file" => {
                let missing = || one(Error::usage("-F wants a device"));
                device = Some(args.next().ok_or_else(missing)?.clone());
            }
            bytes => match bytes.strip_prefix(b"-F").or(bytes.strip_prefix(b"--file=")) {
                Some(name) => device = Some(std::ffi::OsStr::from_bytes(name).to_os_string()),
                None => words.push(arg),
            },
        }
    }
    if all && save {
        return Err(one(Error::usage("one of -a and -g at a time")));
    }
    if (all || save) && !words.is_empty() {
        return Err(one(Error::usage("-a and -g print, and take no setting")));
    }
    let opened: Option<OwnedFd> = match &device {
        // A line without carrier would let open wait.
        Some(name) => Some(
            open(name.as_os_str(), OFlag::O_RDONLY | OFlag::O_NONBLOCK, Permissions::empty())
                .map_err(|e| Error::os(show(name), e))?,
        ),
        None => None,
    };
    let fd = opened.as_ref().map_or(cx.stdin, |fd| fd.as_fd());
    let name = device.as_deref().map_or("standard input".into(), |name| show(name).to_string());
    let mut modes = termios::get(fd).map_err(|e| Error::os(&name, e))?;
    if words.is_empty() {
        return print(cx, &modes, fd, all, save);
    }
    let before = modes;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        set(cx, &mut modes, fd, word, &mut words)?;
    }
    if modes != before {
        cx.flush()?;
        termios::set(fd, &modes, When::Drained).map_err(|e| Error::os(&name, e))?;
        // The device takes what it can, and succeeds when that is anything.
        if termios::get(fd).is_ok_and(|now| now != modes) {
            return Err(Error::msg(format_args!("{name}: it cannot do all of that")));
        }
    }
    Ok(Status::OK)
}

fn wrong(word: &OsString) -> Error {
    Error::about(show(word), "no such setting, or a bad value of it")
}

/// One setting, with the value behind it.
fn set<'a>(
    cx: &mut Ctx,
    modes: &mut Modes,
    fd: BorrowedFd,
    word: &OsString,
    rest: &mut impl Iterator<Item = &'a OsString>,
) -> Result<(), Error> {
    let bytes = word.as_bytes();
    let (name, off) = match bytes.strip_prefix(b"-") {
        Some(name) => (name, true),
        None => (bytes, false),
    };
    if let Some(mode) = MODES.iter().find(|mode| mode.name.as_bytes() == name) {
        if off && mode.flags & REVERSIBLE == 0 {
            return Err(wrong(word));
        }
        let bits = mode.group.of(modes);
        *bits = *bits & !(mode.mask | mode.bits) | if off { 0 } else { mode.bits };
        return Ok(());
    }
    if combination(modes, name, off) {
        return Ok(());
    }
    if off {
        return Err(wrong(word));
    }
    let mut value = || {
        let missing = || Error::about(show(word), "a value is missing");
        rest.next().ok_or_else(missing)
    };
    if let Some((name, place, _)) = CHARACTERS.iter().find(|(n, ..)| n.as_bytes() == name) {
        let value = value()?;
        let parsed = match *name {
            "min" | "time" => number(value.as_bytes()).and_then(|n| u8::try_from(n).ok()),
            _ => character(value.as_bytes()),
        };
        if let Some(slot) = modes.characters.get_mut(*place) {
            *slot = parsed.ok_or_else(|| wrong(value))?;
        }
        return Ok(());
    }
    let numeric = |value: &OsString| number(value.as_bytes()).ok_or_else(|| wrong(value));
    let small =
        |value: &OsString| numeric(value).and_then(|n| u16::try_from(n).map_err(|_| wrong(value)));
    let sized = |rows: Option<u16>, columns: Option<u16>| {
        let (r, c) = tty::size(fd).unwrap_or((0, 0));
        tty::set_size(fd, rows.unwrap_or(r), columns.unwrap_or(c))
            .map_err(|e| Error::os("size of the terminal", e))
    };
    match name {
        b"size" => {
            let (rows, columns) = tty::size(fd).map_err(|e| Error::os("size", e))?;
            cx.print(format_args!("{rows} {columns}\n"))?;
        }
        b"speed" => cx.print(format_args!("{}\n", modes.output_speed))?,
        b"rows" => sized(Some(small(value()?)?), None)?,
        b"cols" | b"columns" => sized(None, Some(small(value()?)?))?,
        b"line" => {
            let value = value()?;
            modes.line = u8::try_from(numeric(value)?).map_err(|_| wrong(value))?;
        }
        b"ispeed" => modes.input_speed = numeric(value()?)?,
        b"ospeed" => modes.output_speed = numeric(value()?)?,
        _ => match number(name) {
            Some(speed) => (modes.input_speed, modes.output_speed) = (speed, speed),
            None => *modes = restored(modes, bytes).ok_or_else(|| wrong(word))?,
        },
    }
    Ok(())
}

/// Decimal, octal with a leading 0, hexadecimal with 0x.
fn number(text: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(text).ok()?;
    if text.starts_with(['+', '-']) {
        return None;
    }
    match (text.strip_prefix("0x"), text.strip_prefix('0')) {
        (Some(hex), _) => u32::from_str_radix(hex, 16).ok(),
        (None, Some(octal)) if !octal.is_empty() => u32::from_str_radix(octal, 8).ok(),
        _ => text.parse().ok(),
    }
}

/// `^C`, `^?`, `^-` or `undef` for none, a byte, or its number.
fn character(text: &[u8]) -> Option<u8> {
    match text {
        [] | b"^-" | b"undef" | b"<undef>" => Some(0),
        [one] => Some(*one),
        b"^?" => Some(127),
        [b'^', letter] => Some(letter & !0o140),
        _ => number(text).and_then(|n| u8::try_from(n).ok()),
    }
}

/// The text of `-g`.
fn restored(modes: &Modes, text: &[u8]) -> Option<Modes> {
    let mut modes = *modes;
    let mut fields = text
        .split(|&b| b == b':')
        .map(|field| u32::from_str_radix(std::str::from_utf8(field).ok()?, 16).ok());
    modes.input = fields.next()??;
    modes.output = fields.next()??;
    let control = fields.next()??;
    modes.local = fields.next()??;
    modes.control = control & !termios::SPEED_BITS;
    if let Some(speed) = termios::speed_of(control) {
        (modes.input_speed, modes.output_speed) = (speed, speed);
    }
    let mut count = 0;
    for field in fields {
        let value = u8::try_from(field?).ok()?;
        match modes.characters.get_mut(count) {
            Some(slot) => *slot = value,
            None if value != 0 => return None,
            None => {}
        }
        count += 1;
    }
    (count == table::SAVED_CHARACTERS).then_some(modes)
}

/// The setting `sane`: usual modes.
pub(super) fn make_sane(modes: &mut Modes) {
    for (_, place, default) in CHARACTERS {
        if let Some(slot) = modes.characters.get_mut(*place) {
            *slot = *default;
        }
    }
    for mode in MODES {
        let bits = mode.group.of(modes);
        if mode.flags & SANE_SET != 0 {
            *bits = *bits & !mode.mask | mode.bits;
        } else if mode.flags & SANE_UNSET != 0 {
            *bits &= !(mode.mask | mode.bits);
        }
    }
}

/// Settings that stand for several.
fn combination(modes: &mut Modes, name: &[u8], off: bool) -> bool {
    let reset = |modes: &mut Modes, names: &[usize]| {
        for (_, place, default) in CHARACTERS {
            if names.contains(place)
                && let Some(slot) = modes.characters.get_mut(*place)
            {
                *slot = *default;
            }
        }
    };
    let put =
        |bits: &mut u32, mask: u32, on: bool| *bits = if on { *bits | mask } else { *bits & !mask };
    match name {
        b"evenp" | b"parity" | b"oddp" => {
            modes.control &= !(libc::PARENB | libc::PARODD | libc::CSIZE);
            modes.control |= match (name, off) {
                (_, true) => libc::CS8,
                (b"oddp", _) => libc::CS7 | libc::PARODD | libc::PARENB,
                _ => libc::CS7 | libc::PARENB,
            };
        }
        b"nl" => {
            put(&mut modes.input, libc::ICRNL, off);
            put(&mut modes.output, libc::ONLCR, off);
            if off {
                modes.input &= !(libc::INLCR | libc::IGNCR);
                modes.output &= !(libc::OCRNL | libc::ONLRET);
            }
        }
        b"ek" if !off => reset(modes, &[libc::VERASE, libc::VKILL]),
        b"sane" if !off => make_sane(modes),
        b"cbreak" => put(&mut modes.local, libc::ICANON, off),
        b"pass8" | b"litout" => {
            modes.control &= !(libc::PARENB | libc::CSIZE);
            modes.control |= if off { libc::CS7 | libc::PARENB } else { libc::CS8 };
            put(&mut modes.input, libc::ISTRIP, off);
            if name == b"litout" {
                put(&mut modes.output, libc::OPOST, off);
            }
        }
        b"raw" | b"cooked" if off == (name == b"cooked") => {
            modes.input = 0;
            modes.output &= !libc::OPOST;
            modes.local &= !(libc::ISIG | libc::ICANON | table::XCASE);
            modes.characters[libc::VMIN] = 1;
            modes.characters[libc::VTIME] = 0;
        }
        b"raw" | b"cooked" => {
            modes.input |= libc::BRKINT | libc::IGNPAR | libc::ISTRIP | libc::ICRNL | libc::IXON;
            modes.output |= libc::OPOST;
            modes.local |= libc::ISIG | libc::ICANON;
            if libc::VEOF == libc::VMIN {
                reset(modes, &[libc::VEOF, libc::VEOL]);
            }
        }
        b"decctlq" => put(&mut modes.input, libc::IXANY, off),
        b"tabs" => {
            modes.output &= !table::TABS;
            put(&mut modes.output, table::TABS, off);
        }
        b"lcase" | b"LCASE" => {
            put(&mut modes.local, table::XCASE, !off);
            put(&mut modes.input, table::IUCLC, !off);
            put(&mut modes.output, libc::OLCUC, !off);
        }
        b"crt" if !off => modes.local |= libc::ECHOE | libc::ECHOCTL | libc::ECHOKE,
        b"dec" if !off => {
            modes.local |= libc::ECHOE | libc::ECHOCTL | libc::ECHOKE;
            modes.input &= !libc::IXANY;
            modes.characters[libc::VINTR] = 3;
            modes.characters[libc::VERASE] = 127;
            modes.characters[libc::VKILL] = 21;
        }
        b"drain" => {}
        _ => return false,
    }
    true
}

/// Lines that break before the width of the terminal.
struct Lines {
    text: Vec<u8>,
    column: usize,
    width: usize,
}

impl Lines {
    fn word(&mut self, word: &str) {
        if self.column > 0 {
            // As GNU counts, a line may be one longer than the terminal is wide.
            if self.column + word.len() > self.width {
                self.end();
            } else {
                self.text.push(b' ');
                self.column += 1;
            }
        }
        self.text.extend_from_slice(word.as_bytes());
        self.column += word.len();
    }

    fn end(&mut self) {
        if self.column > 0 {
            self.text.push(b'\n');
            self.column = 0;
        }
    }
}

fn print(
    cx: &mut Ctx,
    modes: &Modes,
    fd: BorrowedFd,
    all: bool,
    save: bool,
) -> Result<Status, Error> {
    if save {
        cx.put(saved(modes).as_bytes())?;
        return Ok(Status::OK);
    }
    let size = tty::size(fd).unwrap_or((0, 0));
    let width = if size.1 > 0 { usize::from(size.1) } else { 80 };
    let mut lines = Lines { text: Vec::new(), column: 0, width };
    let (input, output) = (modes.input_speed, modes.output_speed);
    if input == output || input == 0 {
        lines.word(&format!("speed {output} baud;"));
    } else {
        lines.word(&format!("ispeed {input} baud; ospeed {output} baud;"));
    }
    if all {
        lines.word(&format!("rows {}; columns {};", size.0, size.1));
    }
    lines.word(&format!("line = {};", modes.line));
    lines.end();
    for (name, place, default) in CHARACTERS {
        let value = modes.characters.get(*place).copied().unwrap_or(0);
        if (all || value != *default) && !matches!(*name, "flush" | "min" | "time") {
            lines.word(&format!("{name} = {};", shown(value)));
        }
    }
    // They mean something where lines do not.
    if all || modes.local & libc::ICANON == 0 {
        let [min, time] = [libc::VMIN, libc::VTIME].map(|place| modes.characters[place]);
        lines.word(&format!("min = {min}; time = {time};"));
    }
    lines.end();
    let mut group = Group::Control;
    for mode in MODES {
        if mode.flags & OMITTED != 0 {
            continue;
        }
        if mode.group != group {
            lines.end();
            group = mode.group;
        }
        let mut copy = *modes;
        let bits = *mode.group.of(&mut copy);
        let mask = if mode.mask == 0 { mode.bits } else { mode.mask };
        let is_set = bits & mask == mode.bits;
        let shown = match (all, is_set) {
            (true, true) => true,
            (true, false) => mode.flags & REVERSIBLE != 0,
            (false, true) => {
                mode.flags & (SANE_UNSET) != 0 || (mode.mask != 0 && mode.flags & SANE_SET == 0)
            }
            (false, false) => mode.flags & SANE_SET != 0 && mode.flags & REVERSIBLE != 0,
        };
        if shown {
            lines.word(&format!("{}{}", if is_set { "" } else { "-" }, mode.name));
        }
    }
    lines.end();
    cx.put(&lines.text)?;
    Ok(Status::OK)
}

fn saved(modes: &Modes) -> String {
    let control = modes.control | termios::code_of(modes.output_speed);
    let mut text = format!("{:x}:{:x}:{control:x}:{:x}", modes.input, modes.output, modes.local);
    for place in 0..table::SAVED_CHARACTERS {
        text.push_str(&format!(":{:x}", modes.characters.get(place).copied().unwrap_or(0)));
    }
    text.push('\n');
    text
}

/// `^C`, `M-a`, `<undef>`.
fn shown(value: u8) -> String {
    match value {
        0 => "<undef>".into(),
        127 => "^?".into(),
        1..=31 => format!("^{}", char::from(value + 64)),
        32..=126 => show_bytes(&[value]).to_string(),
        128..=255 => format!("M-{}", if value == 128 { "^@".into() } else { shown(value - 128) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters() {
        assert_eq!(character(b"^C"), Some(3));
        assert_eq!(character(b"^?"), Some(127));
        assert_eq!(character(b"^-"), Some(0));
        assert_eq!(character(b"x"), Some(b'x'));
        assert_eq!(character(b"0x41"), Some(b'A'));
        assert_eq!(character(b"300"), None);
        assert_eq!(shown(3), "^C");
        assert_eq!(shown(0), "<undef>");
        assert_eq!(shown(129), "M-^A");
        assert_eq!(shown(b'a'), "a");
    }
}
