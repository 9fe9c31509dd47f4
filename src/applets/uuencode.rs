//! uuencode, uudecode: files as text for mails. POSIX.
//!
//! Deviation: uudecode without `-o` writes only to a name without folders, or
//! to standard output when the text says `/dev/stdout` or `-`.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;

use nix::sys::stat::fstat;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::encoding::{self, BASE64, Decoder};
use crate::sys::lines::Lines;
use crate::sys::process::umask;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "uuencode",
    summary: "a file as text for mails",
    usage: "[-m] [FILE] NAME\n\x20 -m  in base64; NAME is what it is called when it is text no more",
    kind: Kind::Fork, // reading may block
    run,
};

/// See the module.
pub(super) static UUDECODE: Applet = Applet {
    name: "uudecode",
    summary: "the file that such a text is",
    usage: "[-o FILE] [TEXT...]\n\x20 -o FILE  to this file; - is standard output",
    kind: Kind::Fork, // reading may block
    run: run_decode,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("m")?;
    let mut base64 = false;
    while options.next().is_some() {
        base64 = true;
    }
    options.at_most(2)?;
    let mut operands = options.operands;
    let Some(name) = operands.pop() else { return Err(Error::usage("under which name?")) };
    let file = operands.pop().unwrap_or(OsString::from("-"));
    let fd = cx.open(&file)?;
    let mode = match fstat(&fd) {
        Ok(status) if file != "-" => status.st_mode & 0o777,
        _ => 0o666 & !umask(),
    };
    let begin = if base64 { "begin-base64" } else { "begin" };
    cx.print(format_args!("{begin} {mode:o} "))?;
    cx.put(name.as_bytes())?;
    cx.put(b"\n")?;
    let each = 45;
    let mut lines = Lines::new(fd);
    let mut held: Vec<u8> = Vec::new();
    let mut text = Vec::new();
    loop {
        let block = lines.block().map_err(|e| Error::os(show(&file), e))?;
        let ended = block.is_none();
        held.extend_from_slice(block.unwrap_or_default());
        let whole = if ended { held.len() } else { held.len() - held.len() % each };
        text.clear();
        for part in held.get(..whole).unwrap_or_default().chunks(each) {
            if base64 {
                BASE64.encode(part, &mut text);
                text.push(b'\n');
            } else {
                encoding::uuencode(part, &mut text);
            }
        }
        cx.put(&text)?;
        held.drain(..whole);
        if ended {
            break;
        }
    }
    cx.put(if base64 { b"====\n" } else { b"`\nend\n" })?;
    Ok(cx.status())
}

fn run_decode(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("o:output-file")?;
    let output = options.take(b'o');
    let mut operands = options.operands;
    if operands.is_empty() {
        operands.push("-".into());
    }
    for name in &operands {
        if let Some(fd) = cx.open_or_warn(name)
            && let Err(error) = decode(cx, Lines::new(fd), name, output.as_deref())
        {
            cx.warn(error);
        }
    }
    Ok(cx.status())
}

fn decode(
    cx: &mut Ctx,
    mut lines: Lines,
    source: &OsStr,
    output: Option<&OsStr>,
) -> Result<(), Error> {
    let reading = |e: nix::errno::Errno| Error::os(show(source), e);
    let wrong = |text: &str| Error::about(show(source), text);
    let (base64, mode, name) = loop {
        let Some(line) = lines.next(b'\n').map_err(reading)? else {
            return Err(wrong("no line starts with 'begin'"));
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (base64, rest) = match line.strip_prefix(b"begin-base64 ") {
            Some(rest) => (true, rest),
            None => match line.strip_prefix(b"begin ") {
                Some(rest) => (false, rest),
                None => continue,
            },
        };
        let digits = rest.iter().take_while(|b| (b'0'..=b'7').contains(b)).count();
        let mode =
            rest.iter().take(digits).fold(0u32, |n, b| (n * 8 + u32::from(b - b'0')) & 0o777);
        if let Some([b' ', name @ ..]) = rest.get(digits..)
            && digits > 2
            && !name.is_empty()
        {
            break (base64, mode, name.to_vec());
        }
    };
    let name = match output {
        Some(name) => name.to_os_string(),
        None => OsStr::from_bytes(&name).to_os_string(),
    };
    let standard = name == "-" || name == "/dev/stdout";
    if output.is_none() && !standard && (name.as_bytes().contains(&b'/') || name == "..") {
        return Err(Error::about(show(&name), "is not in this folder; -o says where it may go"));
    }
    let mut file = None;
    if !standard {
        let mut how = std::fs::File::options();
        how.write(true).create(true).truncate(true).mode(mode);
        file = Some(how.open(&name).map_err(|e| Error::os(show(&name), e))?);
    }
    let mut decoder = Decoder::new(&BASE64);
    let mut bytes = Vec::new();
    loop {
        let Some(line) = lines.next(b'\n').map_err(reading)? else {
            return Err(wrong("the end is missing"));
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        bytes.clear();
        let more = if base64 {
            if line == b"====" {
                Ok(false)
            } else {
                decoder.decode(line, false, &mut bytes).map(|()| true)
            }
        } else {
            if line == b"end" {
                break;
            }
            encoding::uudecode(line, &mut bytes).map(|_| true)
        };
        if !more.map_err(|_| wrong("is damaged"))? {
            break;
        }
        match &mut file {
            Some(file) => file.write_all(&bytes).map_err(|e| Error::os(show(&name), e))?,
            None => cx.put(&bytes)?,
        }
    }
    if let Some(file) = &file {
        let mode = nix::sys::stat::Mode::from_bits_truncate(mode);
        let _ = nix::sys::stat::fchmod(file, mode);
    }
    Ok(())
}
