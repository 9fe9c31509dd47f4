//! dpkg-deb: look into Debian packages and take them apart. deb(5).
//!
//! Deliberate deviation: packages are not built.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::archive::ar::Ar;
use crate::archive::tar::{Tar, padding};
use crate::archive::{Content, Damage, Part};
use crate::compress::{Format, Input, Unpacker};
use crate::sys;

use super::tar;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "dpkg-deb",
    summary: "look into Debian packages and take them apart",
    usage: "-c|-x|-X|-e|-f|-I|--fsys-tarfile|--ctrl-tarfile PACKAGE [DIR|FIELD...]\n\
            \x20 -c  list the files;  -x  take them out to DIR;  -X  and say so\n\
            \x20 -e  take out the control files to DIR, DEBIAN otherwise\n\
            \x20 -f  the control file, or FIELDs of it;  -I  about the package\n\
            \x20 --fsys-tarfile  the files as a tar archive;  --ctrl-tarfile  the control files",
    kind: Kind::Fork, // reads for as long as that takes
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let spec =
        "c,contents x,extract X,vextract e,control f,field I,info -T,fsys-tarfile -C,ctrl-tarfile";
    let failed = |e: Error| e.with(Status::USAGE);
    let mut options = cx.parse(spec)?;
    let mut what = 0;
    while let Some(letter) = options.next() {
        what = letter;
    }
    let operands = options.operands;
    let Some((package, rest)) = operands.split_first().filter(|_| what != 0) else {
        return Err(failed(Error::usage("one of -c -x -X -e -f -I and a PACKAGE are wanted")));
    };
    let folder = rest.first().map(OsString::as_os_str);
    match what {
        b'c' => files(cx, package, b"data.tar", &["tv"], None),
        b'x' | b'X' => {
            let folder = folder.ok_or_else(|| failed(Error::usage("a DIR is wanted")))?;
            let how: &[&str] = if what == b'X' { &["xpv"] } else { &["xp"] };
            files(cx, package, b"data.tar", how, Some(folder))
        }
        b'e' => {
            let folder = folder.unwrap_or(OsStr::new("DEBIAN"));
            files(cx, package, b"control.tar", &["xp"], Some(folder))
        }
        b'T' | b'C' => {
            let name: &[u8] = if what == b'T' { b"data.tar" } else { b"control.tar" };
            member(package, name, &mut |mut stream| loop {
                let piece = stream.piece().map_err(Error::msg)?;
                if piece.is_empty() {
                    return Ok(Status::OK);
                }
                cx.put(piece)?;
            })
        }
        b'f' => {
            let text = control(package)?;
            if rest.is_empty() {
                cx.put(&text)?;
                return Ok(Status::OK);
            }
            for field in rest {
                for (name, value) in fields(&text) {
                    if name.eq_ignore_ascii_case(std::os::unix::ffi::OsStrExt::as_bytes(&**field)) {
                        if rest.len() > 1 {
                            cx.put(name)?;
                            cx.put(b": ")?;
                        }
                        cx.put(value)?;
                        cx.put(b"\n")?;
                    }
                }
            }
            Ok(Status::OK)
        }
        _ => info(cx, package),
    }
}

fn damaged(package: &OsStr, damage: Damage) -> Error {
    match damage {
        Damage::Header(0) => Error::about(show(package), "not a Debian package"),
        damage => Error::about(show(package), &damage.to_string()),
    }
}

/// Hands on one archive in a package, unpacked.
fn member(
    package: &OsStr,
    wanted: &[u8],
    take: &mut dyn FnMut(Unpacker) -> Result<Status, Error>,
) -> Result<Status, Error> {
    let file = File::open(package).map_err(|e| Error::os(show(package), e))?;
    let input = Input::new(Box::new(sys::fd::Reader(file.as_fd())));
    let mut stream = Unpacker::new(Format::None, input);
    let mut reader = Ar::default();
    while let Some(entry) = reader.next(&mut stream).map_err(|d| damaged(package, d))? {
        if entry.name.starts_with(wanted) {
            return take(Unpacker::detect(stream.input).map_err(Error::msg)?);
        }
        let size = entry.stored + (entry.stored & 1);
        stream.skip(size).map_err(|e| damaged(package, e.into()))?;
    }
    Err(Error::about(show(package), &format!("no {} in it", show_bytes(wanted))))
}

/// Lists or takes out by tar.
fn files(
    cx: &mut Ctx,
    package: &OsStr,
    wanted: &[u8],
    how: &[&str],
    folder: Option<&OsStr>,
) -> Result<Status, Error> {
    let mut args: Vec<OsString> = how.iter().map(OsString::from).collect();
    if let Some(folder) = folder {
        let path = Path::new(folder);
        if !path.is_dir() {
            std::fs::create_dir(path).map_err(|e| Error::os(show(path), e))?;
        }
        args.push("-C".into());
        args.push(folder.into());
    }
    let mut args = Some(args);
    member(package, wanted, &mut |stream| {
        tar::extract_stream(cx, &args.take().unwrap_or_default(), stream)
    })
}

/// The text of a package's control file.
fn control(package: &OsStr) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    member(package, b"control.tar", &mut |mut stream| {
        let mut tar = Tar::default();
        while let Some(entry) = tar.next(&mut stream).map_err(|d| damaged(package, d))? {
            let mut part = Part::new(&mut stream, entry.stored);
            if matches!(entry.name.as_slice(), b"./control" | b"control") && entry.stored < 1 << 20
            {
                loop {
                    let piece = part.piece().map_err(|d| damaged(package, d))?;
                    if piece.is_empty() {
                        return Ok(Status::OK);
                    }
                    text.extend_from_slice(piece);
                }
            }
            part.finish().map_err(|d| damaged(package, d))?;
            stream.skip(padding(entry.stored)).map_err(Error::msg)?;
        }
        Err(Error::about(show(package), "no control file in it"))
    })?;
    Ok(text)
}

/// The fields of a control file: name and value, with the lines that continue
/// it.
fn fields(text: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut list = Vec::new();
    let mut rest = text;
    while let Some(colon) = rest.iter().position(|&b| b == b':') {
        let (name, behind) = rest.split_at(colon);
        let value = behind.get(1..).unwrap_or_default();
        let mut end = 0;
        loop {
            let line = value.get(end..).unwrap_or_default();
            let length = line.iter().position(|&b| b == b'\n').unwrap_or(line.len());
            end += length;
            if !matches!(value.get(end + 1), Some(b' ' | b'\t')) {
                break;
            }
            end += 1;
        }
        list.push((name.trim_ascii(), value.get(..end).unwrap_or_default().trim_ascii()));
        rest = value.get(end + 1..).unwrap_or_default();
    }
    list
}

fn info(cx: &mut Ctx, package: &OsStr) -> Result<Status, Error> {
    let text = control(package)?;
    let size = std::fs::metadata(package).map_err(|e| Error::os(show(package), e))?.len();
    cx.print(format_args!(" new Debian package, version 2.0.\n size {size} bytes.\n"))?;
    for line in text.split_inclusive(|&b| b == b'\n') {
        cx.put(b" ")?;
        cx.put(line)?;
    }
    Ok(Status::OK)
}
