//! md5sum, sha1sum, sha224sum, sha256sum, sha384sum, sha512sum, sha3sum: write
//! or check digests. GNU's; `-s` is busybox's `--status`.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind as Run, Status, show};
use crate::digest::{Hasher, Kind, hex};
use crate::inputs;
use crate::sys::lines::Lines;

macro_rules! applet {
    ($constant:ident, $name:literal, $kind:ident) => {
        /// See the module.
        pub(super) const $constant: Applet = Applet {
            name: $name,
            summary: "write or check digests of files",
            usage: "[-bctz] [--tag] [FILE...], or -c [-sw] [--quiet] [--strict] [--ignore-missing] [FILE...]\n\
                    \x20 -c  check the digests that FILE lists\n\
                    \x20 -s  say nothing (--status); -w name lines that are none; --quiet only failures\n\
                    \x20 -b, -t  mark files as binary or text, which makes no difference\n\
                    \x20 -z  a zero byte behind each line; --tag BSD's form",
            kind: Run::Fork, // reading may block
            run: |cx| run(cx, Kind::$kind),
        };
    };
}

applet!(APPLET, "md5sum", Md5);
applet!(SHA1, "sha1sum", Sha1);
applet!(SHA224, "sha224sum", Sha224);
applet!(SHA256, "sha256sum", Sha256);
applet!(SHA384, "sha384sum", Sha384);
applet!(SHA512, "sha512sum", Sha512);
applet!(SHA3, "sha3sum", Sha3x224);

#[derive(Default)]
struct How {
    binary: bool,
    tag: bool,
    zero: bool,
    status: bool,
    quiet: bool,
    warn: bool,
    strict: bool,
    ignore_missing: bool,
}

fn run(cx: &mut Ctx, mut kind: Kind) -> Result<Status, Error> {
    let table = "b,binary c,check t,text z,zero s,status w,warn -q,quiet -S,strict \
                 -i,ignore-missing -T,tag a:algorithm";
    let mut options = cx.parse(table)?;
    let mut how = How::default();
    let mut check = false;
    while let Some(letter) = options.next() {
        match letter {
            b'b' => how.binary = true,
            b't' => how.binary = false,
            b'c' => check = true,
            b'z' => how.zero = true,
            b's' => how.status = true,
            b'w' => how.warn = true,
            b'q' => how.quiet = true,
            b'S' => how.strict = true,
            b'i' => how.ignore_missing = true,
            b'T' => how.tag = true,
            _ => {
                let bits = options.number("not a number of bits")?;
                kind = match bits {
                    _ if cx.name != "sha3sum" => return Err(Error::usage("-a is sha3sum's")),
                    224 => Kind::Sha3x224,
                    256 => Kind::Sha3x256,
                    384 => Kind::Sha3x384,
                    512 => Kind::Sha3x512,
                    _ => return Err(Error::usage("-a is 224, 256, 384 or 512")),
                };
            }
        }
    }
    let mut operands = options.operands;
    if check {
        if operands.is_empty() {
            operands.push("-".into());
        }
        for name in &operands {
            let Some(fd) = cx.open_or_warn(name) else { continue };
            check_list(cx, name, Lines::new(fd), kind, &how)?;
        }
        return Ok(cx.status());
    }
    inputs::each(cx, &operands, &mut |cx, input| {
        let mut hasher = Hasher::new(kind);
        while let Some(block) = input.block()? {
            hasher.update(block);
        }
        let digest = hex(&hasher.finish());
        let name = input.name.as_bytes();
        let mut line = Vec::new();
        // A name that would break the line is written with escapes.
        let odd = !how.zero && name.iter().any(|b| matches!(b, b'\\' | b'\n' | b'\r'));
        if odd {
            line.push(b'\\');
        }
        let name = if odd { escaped(name) } else { name.to_vec() };
        if how.tag {
            let upper = cx.name.trim_end_matches("sum").to_ascii_uppercase();
            line.extend_from_slice(upper.as_bytes());
            line.extend_from_slice(b" (");
            line.extend_from_slice(&name);
            line.extend_from_slice(b") = ");
            line.extend_from_slice(&digest);
        } else {
            line.extend_from_slice(&digest);
            line.extend_from_slice(if how.binary { b" *" } else { b"  " });
            line.extend_from_slice(&name);
        }
        line.push(if how.zero { 0 } else { b'\n' });
        cx.put(&line)
    })?;
    Ok(cx.status())
}

fn escaped(name: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for &byte in name {
        match byte {
            b'\n' => text.extend_from_slice(b"\\n"),
            b'\r' => text.extend_from_slice(b"\\r"),
            b'\\' => text.extend_from_slice(b"\\\\"),
            _ => text.push(byte),
        }
    }
    text
}

/// The digest and the name of a line; nothing when it is no such line.
fn parse(line: &[u8], kind: Kind) -> Option<(Vec<u8>, Vec<u8>)> {
    let line = line.trim_ascii_start();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (odd, line) = match line.strip_prefix(b"\\") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let digits = kind.length() * 2;
    let (digest, name) = match line.split_at_checked(digits) {
        Some((digest, rest)) if digest.iter().all(u8::is_ascii_hexdigit) => {
            let (blank, name) = rest.split_first()?;
            if !matches!(blank, b' ' | b'\t') {
                return None;
            }
            // two blanks, a blank and a star, or BSD's one blank
            (digest, name.strip_prefix(b" ").or(name.strip_prefix(b"*")).unwrap_or(name))
        }
        _ => {
            // MD5 (name) = digest
            let open = line.windows(2).position(|pair| pair == b" (")?;
            let close = line.windows(4).rposition(|four| four == b") = ")?;
            (line.get(close + 4..)?, line.get(open + 2..close)?)
        }
    };
    if digest.len() != digits || !digest.iter().all(u8::is_ascii_hexdigit) || name.is_empty() {
        return None;
    }
    let mut plain = Vec::new();
    let mut rest = name.iter();
    while let Some(&byte) = rest.next() {
        if byte == b'\\' && odd {
            plain.push(match rest.next()? {
                b'n' => b'\n',
                b'r' => b'\r',
                b'\\' => b'\\',
                _ => return None,
            });
        } else {
            plain.push(byte);
        }
    }
    Some((digest.to_ascii_lowercase(), plain))
}

/// The digest of a file that a list names; nothing when it is not there and
/// need not be.
fn digest_of(
    cx: &mut Ctx,
    name: &[u8],
    kind: Kind,
    missing: bool,
) -> Result<Option<Vec<u8>>, Error> {
    let name = std::ffi::OsStr::from_bytes(name);
    let fd = match cx.open(name) {
        Err(error) if missing && error.errno() == Some(libc::ENOENT) => return Ok(None),
        other => other?,
    };
    let mut lines = Lines::new(fd);
    let mut hasher = Hasher::new(kind);
    while let Some(block) = lines.block().map_err(|e| Error::os(show(name), e))? {
        hasher.update(block);
    }
    Ok(Some(hex(&hasher.finish())))
}

fn check_list(
    cx: &mut Ctx,
    list: &std::ffi::OsStr,
    mut lines: Lines,
    kind: Kind,
    how: &How,
) -> Result<(), Error> {
    let (mut good, mut wrong, mut unread, mut bad, mut number) = (0u64, 0u64, 0u64, 0u64, 0u64);
    let mut matched = false;
    loop {
        let line = match lines.next(if how.zero { 0 } else { b'\n' }) {
            Ok(Some(line)) => line.to_vec(),
            Ok(None) => break,
            Err(errno) => {
                cx.warn(Error::os(show(list), errno));
                return Ok(());
            }
        };
        number += 1;
        if line.first() == Some(&b'#') {
            continue;
        }
        let Some((digest, name)) = parse(&line, kind) else {
            bad += 1;
            if how.warn {
                let what = "improperly formatted checksum line";
                cx.note(format_args!("{}: {number}: {what}", show(list)));
            }
            continue;
        };
        good += 1;
        let (verdict, shown): (&[u8], bool) = match digest_of(cx, &name, kind, how.ignore_missing) {
            Ok(Some(found)) if found == digest => {
                matched = true;
                (b"OK", !how.quiet)
            }
            Ok(Some(_)) => {
                wrong += 1;
                (b"FAILED", true)
            }
            Ok(None) => continue,
            Err(error) => {
                unread += 1;
                cx.warn(error);
                (b"FAILED open or read", true)
            }
        };
        if shown && !how.status {
            let odd = name.iter().any(|b| matches!(b, b'\n' | b'\r'));
            let name = if odd { [b"\\", &escaped(&name)[..]].concat() } else { name };
            let text = [&name[..], b": ", verdict, b"\n"].concat();
            cx.put(&text)?;
        }
    }
    if good == 0 {
        cx.warn(format_args!("{}: no properly formatted checksum lines found", show(list)));
        return Ok(());
    }
    if !how.status {
        let s = |n: u64, one: &'static str, many: &'static str| if n == 1 { one } else { many };
        if bad > 0 {
            let what = s(bad, "line is", "lines are");
            cx.note(format_args!("WARNING: {bad} {what} improperly formatted"));
        }
        if unread > 0 {
            let what = s(unread, "listed file", "listed files");
            cx.note(format_args!("WARNING: {unread} {what} could not be read"));
        }
        if wrong > 0 {
            let what = s(wrong, "checksum", "checksums");
            cx.note(format_args!("WARNING: {wrong} computed {what} did NOT match"));
        }
    }
    if how.ignore_missing && !matched {
        cx.warn(format_args!("{}: no file was verified", show(list)));
    }
    if wrong > 0 || unread > 0 || how.strict && bad > 0 {
        cx.fail();
    }
    Ok(())
}
