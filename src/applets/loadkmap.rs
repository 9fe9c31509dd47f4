//! loadkmap, dumpkmap, kbd_mode and setkeycodes: the keyboard of the console.
//! As busybox has them, with its binary keymaps: the word `bkeymap`, a byte for
//! each of 256 tables, and 128 numbers for each table that is there.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::options::number;
use crate::sys::console::{self, Key};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "loadkmap",
    summary: "load a binary keymap into the console",
    usage: "[-C CONSOLE] < KEYMAP\n\
            KEYMAP is what dumpkmap writes; it may be compressed.",
    kind: Kind::Fork, // reads standard input
    run: loadkmap,
};

/// dumpkmap.
pub(super) static DUMPKMAP: Applet = Applet {
    name: "dumpkmap",
    summary: "write the console's keymap, for loadkmap",
    usage: "> KEYMAP",
    kind: Kind::NoFork, // asks the kernel
    run: dumpkmap,
};

/// kbd_mode.
pub(super) static KBD_MODE: Applet = Applet {
    name: "kbd_mode",
    summary: "show or set what the console's keyboard gives",
    usage: "[-a | -u | -k | -s] [-f] [-C CONSOLE]\n\
            \x20 -a  bytes    -u  UTF-8    -k  key codes    -s  scan codes",
    kind: Kind::NoFork, // asks the kernel
    run: kbd_mode,
};

/// setkeycodes.
pub(super) static SETKEYCODES: Applet = Applet {
    name: "setkeycodes",
    summary: "give scan codes of the keyboard key codes",
    usage: "{SCANCODE KEYCODE}...\n\
            SCANCODE is xx or e0xx, in hexadecimal; KEYCODE is decimal.",
    kind: Kind::NoFork, // asks the kernel
    run: setkeycodes,
};

const MAGIC: &[u8] = b"bkeymap";
const TABLES: usize = 256;
const KEYS: u8 = 128;

/// What the kernel says of a table that is not there.
const NO_TABLE: u16 = 0x027f;

/// Longer keymaps there are none: all tables.
const LONGEST: usize = 7 + TABLES + TABLES * 256;

fn loadkmap(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("C:console")?;
    if !options.operands.is_empty() {
        return Err(Error::usage("the keymap comes from standard input").with(Status::FAILURE));
    }
    let wrong = || Error::msg("standard input is no binary keymap (dumpkmap writes one)");
    let file = super::setfont::contents(cx, OsStr::new("-"), LONGEST)?;
    let rest = file.strip_prefix(MAGIC).ok_or_else(wrong)?;
    let (tables, mut rest) = rest.split_at_checked(TABLES).ok_or_else(wrong)?;
    let mut keys: Vec<Key> = Vec::new();
    for (table, _) in (0u8..=255).zip(tables).filter(|(_, is_there)| **is_there == 1) {
        let (values, behind) = rest.split_at_checked(usize::from(KEYS) * 2).ok_or_else(wrong)?;
        rest = behind;
        for (index, value) in (0u8..).zip(values.chunks_exact(2)) {
            let value = value.try_into().map_or(0, u16::from_ne_bytes);
            keys.push(Key { table, index, value });
        }
    }
    let fd = super::chvt::named(cx, options.take(b'C').as_deref())?;
    let mut refused = None;
    for key in &keys {
        // Some actions cannot be had by everybody, or not at all.
        if let Err(errno) = console::set_key(&fd, key) {
            refused = Some((key, errno));
        }
    }
    match refused {
        Some((key, errno)) => {
            let (table, index) = (key.table, key.index);
            Err(Error::os(format_args!("key {index} of table {table}"), errno))
        }
        None => Ok(Status::OK),
    }
}

fn dumpkmap(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("")?;
    options.at_most(0)?;
    if crate::sys::terminal::is_terminal(cx.stdout) {
        return Err(Error::msg("the keymap is binary, and not for a terminal"));
    }
    let fd = super::chvt::any(cx)?;
    let mut tables = [0u8; TABLES];
    let mut values = Vec::new();
    for (table, is_there) in (0u8..=255).zip(&mut tables) {
        let Ok(first) = console::key(&fd, table, 0) else { continue };
        if first == NO_TABLE {
            continue;
        }
        *is_there = 1;
        for index in 0..KEYS {
            let value = console::key(&fd, table, index).map_err(|e| Error::os("keymap", e))?;
            values.extend_from_slice(&value.to_ne_bytes());
        }
    }
    cx.put(MAGIC)?;
    cx.put(&tables)?;
    cx.put(&values)?;
    Ok(Status::OK)
}

/// The modes by their numbers, with what kbd calls them.
const MODES: [(u8, &str); 5] = [
    (b's', "raw (scancode)"),
    (b'a', "default (ASCII)"),
    (b'k', "mediumraw (keycode)"),
    (b'u', "Unicode (UTF-8)"),
    (b'o', "off"),
];

fn kbd_mode(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("a,ascii k,keycode s,scancode u,unicode f,force C:console")?;
    options.at_most(0)?;
    let device = options.take(b'C');
    let fd = super::chvt::named(cx, device.as_deref())?;
    let mut wanted = None;
    while let Some(letter) = options.next() {
        if let Some(mode) = MODES.iter().position(|(known, _)| *known == letter) {
            wanted = i32::try_from(mode).ok();
        }
    }
    let failed = |e| Error::os("keyboard mode", e);
    match wanted {
        Some(mode) => console::set_keyboard_mode(fd, mode).map_err(failed)?,
        None => {
            let mode = console::keyboard_mode(fd).map_err(failed)?;
            let name = usize::try_from(mode).ok().and_then(|mode| MODES.get(mode));
            let name = name.map_or("unknown", |(_, name)| name);
            cx.print(format_args!("The keyboard is in {name} mode\n"))?;
        }
    }
    Ok(Status::OK)
}

/// A scan code as the kernel numbers it: those behind e0 from 128 on.
fn scan_code(text: &OsStr) -> Option<u32> {
    let text = std::str::from_utf8(text.as_bytes()).ok()?;
    let code = u32::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()?;
    match code {
        0..=255 => Some(code),
        0xe000..=0xe07f => Some(code - 0xe000 + 128),
        _ => None,
    }
}

fn setkeycodes(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("")?;
    let words = options.operands.as_slice();
    if words.is_empty() || !words.len().is_multiple_of(2) {
        return Err(Error::usage("pairs of a scan code and a key code").with(Status::FAILURE));
    }
    let mut codes = Vec::new();
    for pair in words.chunks_exact(2) {
        let [scan, key] = pair else { break };
        let code = scan_code(scan)
            .ok_or_else(|| Error::about(show(scan), "not a scan code (xx or e0xx)"))?;
        let key = number(key)
            .and_then(|key| u32::try_from(key).ok())
            .filter(|key| *key <= 255)
            .ok_or_else(|| Error::about(show(key), "not a key code, 0 to 255"))?;
        codes.push((scan, code, key));
    }
    let fd = super::chvt::any(cx)?;
    for (scan, code, key) in codes {
        console::set_key_code(&fd, code, key).map_err(|e| Error::os(show(scan), e))?;
    }
    Ok(Status::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scan_codes() {
        let code = |text: &str| scan_code(OsStr::new(text));
        assert_eq!((code("1e"), code("e01e"), code("0xff")), (Some(30), Some(158), Some(255)));
        assert_eq!((code("e080"), code("x"), code("100"), code("")), (None, None, None, None));
    }
}
