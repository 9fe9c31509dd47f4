//! dos2unix, unix2dos: line ends of DOS and of UNIX. busybox's.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys::lines::Lines;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "dos2unix",
    summary: "line ends of DOS to those of UNIX",
    usage: "[-ud] [FILE...]\n\x20 -u  to UNIX (default); -d to DOS; files are changed in place",
    kind: Kind::Fork, // reading may block
    run: |cx| run(cx, false),
};

/// See the module.
pub(super) static UNIX2DOS: Applet = Applet {
    name: "unix2dos",
    summary: "line ends of UNIX to those of DOS",
    usage: "[-ud] [FILE...]\n\x20 -d  to DOS (default); -u to UNIX; files are changed in place",
    kind: Kind::Fork, // reading may block
    run: |cx| run(cx, true),
};

fn run(cx: &mut Ctx, mut to_dos: bool) -> Result<Status, Error> {
    let mut options = cx.parse("u d")?;
    while let Some(letter) = options.next() {
        to_dos = letter == b'd';
    }
    if options.operands.is_empty() {
        let mut lines = Lines::new(cx.open("-".as_ref())?);
        convert(&mut lines, to_dos, &mut |bytes| cx.put(bytes))?;
    }
    for name in &options.operands {
        if let Err(error) = in_place(cx, name, to_dos) {
            cx.warn(error);
        }
    }
    Ok(cx.status())
}

type Put<'p> = &'p mut dyn FnMut(&[u8]) -> Result<(), Error>;

fn convert(lines: &mut Lines, to_dos: bool, put: Put) -> Result<(), Error> {
    let mut text = Vec::new();
    while let Some(line) = lines.next(b'\n').map_err(|e| Error::os("reading", e))? {
        text.clear();
        let line = line.to_vec();
        let ended = lines.is_terminated();
        let plain = if ended { line.strip_suffix(b"\r").unwrap_or(&line) } else { &line };
        text.extend_from_slice(plain);
        if ended {
            text.extend_from_slice(if to_dos { b"\r\n" } else { b"\n" });
        }
        put(&text)?;
    }
    Ok(())
}

/// Writes a new file beside the old one, and gives it its name.
fn in_place(cx: &Ctx, name: &std::ffi::OsStr, to_dos: bool) -> Result<(), Error> {
    use std::io::Write;
    // What a link leads to is changed, and the link kept.
    let target = std::fs::canonicalize(name).map_err(|e| Error::os(show(name), e))?;
    let mode = std::fs::metadata(&target).map_err(|e| Error::os(show(name), e))?.permissions();
    let mut lines = Lines::new(cx.open(target.as_os_str())?);
    let template = [target.as_os_str().as_bytes(), b"XXXXXX"].concat();
    let (fd, path) =
        nix::unistd::mkstemp(template.as_slice()).map_err(|e| Error::os(show(name), e))?;
    let mut file = std::fs::File::from(fd);
    let mut result = convert(&mut lines, to_dos, &mut |bytes| {
        file.write_all(bytes).map_err(|e| Error::os(show(&path), e))
    });
    if result.is_ok() {
        let mode = std::fs::Permissions::from_mode(mode.mode() & 0o7777);
        let done = file.set_permissions(mode).and_then(|()| std::fs::rename(&path, &target));
        result = done.map_err(|e| Error::os(show(name), e));
    }
    if result.is_err() {
        let _ = std::fs::remove_file(&path);
    }
    result
}
