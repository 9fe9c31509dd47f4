//! tty, clear, reset, resize, ttysize and mesg: small things about terminals.

use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::sys::termios::{self, When};
use crate::sys::tty as terminal;

/// tty.
pub(super) static APPLET: Applet = Applet {
    name: "tty",
    summary: "print the name of the terminal on standard input",
    usage: "[-s]\n\x20 -s  print nothing, only return 0 or 1",
    kind: Kind::NoFork, // a look into /proc
    run: tty,
};

/// clear.
pub(super) static CLEAR: Applet = Applet {
    name: "clear",
    summary: "clear the screen",
    usage: "[-x]\n\x20 -x  keep what has scrolled away",
    kind: Kind::NoFork, // writes a few bytes
    run: |cx| {
        let options = cx.parse("x, V, T:")?;
        cx.put(if options.has(b'x') { b"\x1b[H\x1b[J" } else { b"\x1b[H\x1b[J\x1b[3J" })?;
        Ok(Status::OK)
    },
};

/// reset.
pub(super) static RESET: Applet = Applet {
    name: "reset",
    summary: "bring a garbled terminal back to its senses",
    usage: "",
    kind: Kind::Fork, // changes the terminal's modes
    run: reset,
};

/// resize.
pub(super) static RESIZE: Applet = Applet {
    name: "resize",
    summary: "ask a terminal on a serial line for its size, and set it",
    usage: "\n\x20 It prints COLUMNS and LINES for the shell: eval $(resize)",
    kind: Kind::Fork, // waits for the terminal's answer
    run: resize,
};

/// ttysize.
pub(super) static TTYSIZE: Applet = Applet {
    name: "ttysize",
    summary: "print the size of the terminal",
    usage: "[w] [h]",
    kind: Kind::NoFork, // a system call
    run: |cx| {
        let (rows, columns) = terminal::size(cx.stdin).unwrap_or((24, 80));
        let mut text = String::new();
        for arg in cx.args {
            let number = match arg.as_encoded_bytes() {
                b"w" => columns,
                b"h" => rows,
                _ => return Err(Error::usage("w or h")),
            };
            text.push_str(&format!("{number} "));
        }
        if cx.args.is_empty() {
            text = format!("{columns} {rows}");
        }
        cx.print(format_args!("{}\n", text.trim_end()))?;
        Ok(Status::OK)
    },
};

/// mesg.
pub(super) static MESG: Applet = Applet {
    name: "mesg",
    summary: "let others write to the terminal, or not",
    usage: "[y | n]",
    kind: Kind::NoFork, // a system call
    run: mesg,
};

fn tty(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("s,silent|quiet")?;
    options.at_most(0)?;
    let name = nix::unistd::ttyname(cx.stdin).ok();
    if !options.has(b's') {
        match &name {
            Some(name) => cx.put(name.as_os_str().as_encoded_bytes())?,
            None => cx.put(b"not a tty")?,
        }
        cx.put(b"\n")?;
    }
    Ok(Status::from_bool(name.is_some()))
}

fn reset(cx: &mut Ctx) -> Result<Status, Error> {
    cx.parse("")?;
    // Out of other character sets, attributes and the alternate screen; a full
    // reset as the last.
    cx.put(b"\x1bc\x1b(B\x1b[0m\x1b[J\x1b[?25h")?;
    cx.flush()?;
    if let Ok(mut modes) = termios::get(cx.stdin) {
        super::stty::make_sane(&mut modes);
        termios::set(cx.stdin, &modes, When::Drained)
            .map_err(|e| Error::os("standard input", e))?;
    }
    Ok(Status::OK)
}

/// The cursor goes as far as it can, and the terminal says where that is.
fn resize(cx: &mut Ctx) -> Result<Status, Error> {
    cx.parse("")?.at_most(0)?;
    let failed = |e| Error::os("standard input", e);
    let kept = termios::get(cx.stdin).map_err(failed)?;
    termios::set(cx.stdin, &kept.raw(), When::Flushed).map_err(failed)?;
    let answer = ask(cx);
    termios::set(cx.stdin, &kept, When::Flushed).map_err(failed)?;
    let Some((rows, columns)) = answer else {
        return Err(Error::msg("the terminal does not say how big it is (within 3 seconds)"));
    };
    terminal::set_size(cx.stdin, rows, columns).map_err(failed)?;
    cx.print(format_args!("COLUMNS={columns};LINES={rows};export COLUMNS LINES;\n"))?;
    Ok(Status::OK)
}

fn ask(cx: &mut Ctx) -> Option<(u16, u16)> {
    // To the terminal itself: standard output may be what the shell reads.
    let mut terminal = std::fs::File::from(cx.stderr.try_clone_to_owned().ok()?);
    terminal.write_all(b"\x1b7\x1b[r\x1b[999;999H\x1b[6n").ok()?;
    let mut answer = Vec::new();
    while answer.len() < 64 {
        let mut fds = [PollFd::new(cx.stdin, PollFlags::POLLIN)];
        if poll(&mut fds, PollTimeout::from(3000u16)).unwrap_or(0) <= 0 {
            break;
        }
        let mut byte = [0];
        if nix::unistd::read(cx.stdin, &mut byte).unwrap_or(0) == 0 {
            break;
        }
        answer.extend_from_slice(&byte);
        if byte == *b"R" {
            break;
        }
    }
    terminal.write_all(b"\x1b8").ok()?;
    position(&answer)
}

/// `ESC [ rows ; columns R`.
fn position(answer: &[u8]) -> Option<(u16, u16)> {
    let start = answer.iter().rposition(|&b| b == b'[')?;
    let text = std::str::from_utf8(answer.get(start + 1..)?.strip_suffix(b"R")?).ok()?;
    let (rows, columns) = text.split_once(';')?;
    Some((rows.parse().ok()?, columns.parse().ok()?))
}

fn mesg(cx: &mut Ctx) -> Result<Status, Error> {
    let name = [cx.stdin, cx.stdout, cx.stderr]
        .into_iter()
        .find_map(|fd| nix::unistd::ttyname(fd).ok())
        .ok_or_else(|| Error::msg("not a terminal").with(Status(2)))?;
    let failed = |e| Error::os(crate::applet::show(&name), e).with(Status(2));
    let mode = std::fs::metadata(&name).map_err(failed)?.mode();
    let wanted = match cx.args {
        [] => {
            let on = mode & 0o020 != 0;
            cx.print(format_args!("is {}\n", if on { 'y' } else { 'n' }))?;
            return Ok(Status::from_bool(on));
        }
        [word] if word == "y" || word == "-y" => true,
        [word] if word == "n" || word == "-n" => false,
        _ => return Err(Error::usage("y or n")),
    };
    let mode = if wanted { mode | 0o020 } else { mode & !0o022 };
    std::fs::set_permissions(&name, std::fs::Permissions::from_mode(mode & 0o7777))
        .map_err(failed)?;
    Ok(Status::from_bool(wanted))
}

#[cfg(test)]
mod tests {
    use super::position;

    #[test]
    fn answers() {
        assert_eq!(position(b"\x1b[24;80R"), Some((24, 80)));
        assert_eq!(position(b"x\x1b[1;1R"), Some((1, 1)));
        for bad in [&b""[..], b"\x1b[R", b"\x1b[24;R", b"\x1b[24;80", b"\x1b[99999;1R"] {
            assert_eq!(position(bad), None);
        }
    }
}
