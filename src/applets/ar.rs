//! ar: members of archives. POSIX, with GNU's formats; archives are also made
//! and changed, without the table of symbols that linkers use.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::archive::ar::{self, Ar};
use crate::archive::extract::{Extractor, Failure, Wanted};
use crate::archive::list::shown;
use crate::archive::{Content, Damage, Entry, Part};
use crate::civil::Civil;
use crate::compress::{Format, Input, Unpacker};
use crate::options::Options;
use crate::{image, mode, sys};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "ar",
    summary: "list, take out, put in members of an archive",
    usage: "t|x|p|r|q|d[v][o][c][u] ARCHIVE [FILE...]\n\
            \x20 t  list;  x  take out;  p  to standard output\n\
            \x20 r  put in or replace;  q  put in behind;  d  delete\n\
            \x20 v  say more;  o  keep times;  u  only what is newer;  c  no word when it is new",
    kind: Kind::Fork, // reads files
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut args: Vec<OsString> = cx.args.to_vec();
    if let Some(first) = args.first_mut()
        && !first.as_bytes().starts_with(b"-")
    {
        let mut dashed = OsString::from("-");
        dashed.push(&*first);
        *first = dashed;
    }
    let spec = "t x p r q d v o c u s S U D";
    let failed = |e: Error| e.with(Status::FAILURE);
    let mut options = Options::parse(spec, &args).map_err(failed)?;
    let (mut what, mut verbose, mut times, mut silent, mut newer) = (0, false, false, false, false);
    while let Some(letter) = options.next() {
        match letter {
            b't' | b'x' | b'p' | b'r' | b'q' | b'd' => what = letter,
            b'v' => verbose = true,
            b'o' => times = true,
            b'c' => silent = true,
            b'u' => newer = true,
            _ => {}
        }
    }
    let operands = options.operands;
    let Some((archive, names)) = operands.split_first().filter(|_| what != 0) else {
        return Err(failed(Error::usage("one of t, x, p, r, q, d and an ARCHIVE are wanted")));
    };
    if matches!(what, b'r' | b'q' | b'd') {
        return change(cx, what, verbose, silent, newer, archive, names);
    }
    let file = File::open(archive).map_err(|e| Error::os(show(archive), e))?;
    let input = Input::new(Box::new(sys::fd::Reader(file.as_fd())));
    let mut stream = Unpacker::new(Format::None, input);
    let mut reader = Ar::default();
    let wanted = Wanted { untimed: !times, ..Wanted::default() };
    let mut extractor = Extractor::new(Path::new("."), wanted)?;
    let mut met = vec![false; names.len()];
    while let Some(entry) = reader.next(&mut stream).map_err(|d| damaged(archive, d))? {
        let mut part = Part::new(&mut stream, entry.stored);
        let table = matches!(entry.name.as_slice(), b"/" | b"/SYM64/" | b"__.SYMDEF");
        let asked = names.iter().position(|name| name.as_bytes() == entry.name);
        if let Some(met) = asked.and_then(|at| met.get_mut(at)) {
            *met = true;
        }
        if !table && (names.is_empty() || asked.is_some()) {
            one(cx, what, verbose, &entry, &mut part, &mut extractor)
                .map_err(|d| damaged(archive, d))?;
        }
        part.finish().map_err(|d| damaged(archive, d))?;
        if stream.skip(entry.stored & 1).is_err() {
            break; // the last may be without its filling
        }
    }
    for (name, met) in names.iter().zip(met) {
        if !met {
            cx.warn(format_args!("{}: not in the archive", show(name)));
        }
    }
    Ok(cx.status())
}

fn damaged(archive: &OsStr, damage: Damage) -> Error {
    match damage {
        Damage::Header(0) => Error::about(show(archive), "invalid ar magic"),
        damage => Error::about(show(archive), &damage.to_string()),
    }
}

fn one(
    cx: &mut Ctx,
    what: u8,
    verbose: bool,
    entry: &Entry,
    part: &mut Part,
    extractor: &mut Extractor,
) -> Result<(), Damage> {
    let closed = |_| Damage::Short;
    let name = shown(&entry.name);
    match what {
        b't' => {
            if verbose {
                let date = Civil::of(entry.mtime, sys::clock::zone_offset(entry.mtime));
                let mode = mode::text(entry.mode);
                cx.put(mode.get(1..).unwrap_or_default()).map_err(closed)?;
                cx.print(format_args!(
                    " {}/{} {:6} {} {:2} {:02}:{:02} {} ",
                    entry.uid,
                    entry.gid,
                    entry.size,
                    date.month_name(),
                    date.day,
                    date.hour,
                    date.minute,
                    date.year
                ))
                .map_err(closed)?;
            }
            cx.put(&[&name[..], b"\n"].concat()).map_err(closed)
        }
        b'p' => {
            if verbose {
                cx.put(&[b"\n<", &name[..], b">\n\n"].concat()).map_err(closed)?;
            }
            loop {
                let piece = part.piece()?;
                if piece.is_empty() {
                    return Ok(());
                }
                cx.put(piece).map_err(closed)?;
            }
        }
        _ => {
            if verbose {
                cx.put(&[b"x - ", &name[..], b"\n"].concat()).map_err(closed)?;
            }
            // A member has no folder.
            if entry.name.contains(&b'/') {
                cx.warn(Error::about(
                    show_bytes(&entry.name),
                    "a name with a slash is not taken out",
                ));
                return Ok(());
            }
            match extractor.put(entry, &entry.name, part) {
                Ok(_) => Ok(()),
                Err(Failure::Archive(damage)) => Err(damage),
                Err(Failure::Entry(error)) => {
                    cx.warn(error);
                    Ok(())
                }
            }
        }
    }
}

/// A member with its content.
struct Member {
    entry: Entry,
    content: Vec<u8>,
}

fn change(
    cx: &mut Ctx,
    what: u8,
    verbose: bool,
    silent: bool,
    newer: bool,
    archive: &OsStr,
    names: &[OsString],
) -> Result<Status, Error> {
    let mut members: Vec<Member> = Vec::new();
    match File::open(archive) {
        Ok(file) => {
            let input = Input::new(Box::new(sys::fd::Reader(file.as_fd())));
            let mut stream = Unpacker::new(Format::None, input);
            let mut reader = Ar::default();
            while let Some(entry) = reader.next(&mut stream).map_err(|d| damaged(archive, d))? {
                let mut content = Vec::new();
                let mut part = Part::new(&mut stream, entry.stored);
                loop {
                    let piece = part.piece().map_err(|d| damaged(archive, d))?;
                    if piece.is_empty() {
                        break;
                    }
                    content.extend_from_slice(piece);
                }
                part.finish().map_err(|d| damaged(archive, d))?;
                let odd = entry.stored & 1;
                // A table of symbols would be wrong afterwards.
                if !matches!(entry.name.as_slice(), b"/" | b"/SYM64/" | b"__.SYMDEF") {
                    members.push(Member { entry, content });
                }
                if stream.skip(odd).is_err() {
                    break;
                }
            }
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && what != b'd' => {
            if !silent {
                cx.note(format_args!("creating {}", show(archive)));
            }
        }
        Err(e) => return Err(Error::os(show(archive), e)),
    }
    for name in names {
        let base = Path::new(name).file_name().unwrap_or(name).as_bytes().to_vec();
        let place = members.iter().position(|member| member.entry.name == base);
        if what == b'd' {
            match place {
                Some(at) => drop(members.remove(at)),
                None => continue,
            }
            if verbose {
                cx.put(&[b"d - ", &shown(&base)[..], b"\n"].concat())?;
            }
            continue;
        }
        let failed = |e| Error::os(show(name), e);
        let mut file = File::open(name).map_err(failed)?;
        let meta = file.metadata().map_err(failed)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(failed)?;
        let entry = Entry {
            name: base.clone(),
            mtime: meta.mtime(),
            uid: meta.uid(),
            gid: meta.gid(),
            mode: meta.permissions().mode(),
            stored: content.len() as u64,
            ..Entry::default()
        };
        let slot = place.filter(|_| what == b'r').and_then(|at| members.get_mut(at));
        let sign = match slot {
            Some(member) => {
                if newer && member.entry.mtime >= entry.mtime {
                    continue;
                }
                *member = Member { entry, content };
                b"r - "
            }
            None => {
                members.push(Member { entry, content });
                b"a - "
            }
        };
        if verbose {
            cx.put(&[&sign[..], &shown(&base)[..], b"\n"].concat())?;
        }
    }
    let mut out = ar::MAGIC.to_vec();
    let mut table = Vec::new();
    let mut places = Vec::new();
    for member in &members {
        let name = &member.entry.name;
        if name.len() <= 15 && !name.contains(&b' ') {
            places.push([&name[..], b"/"].concat());
        } else {
            places.push(format!("/{}", table.len()).into_bytes());
            table.extend_from_slice(name);
            table.extend_from_slice(b"/\n");
        }
    }
    if !table.is_empty() {
        out.extend_from_slice(format!("//{}{:<10}`\n", " ".repeat(46), table.len()).as_bytes());
        out.extend_from_slice(&table);
        if table.len() & 1 == 1 {
            out.push(b'\n');
        }
    }
    for (member, place) in members.iter().zip(&places) {
        ar::put(&member.entry, place, &mut out);
        out.extend_from_slice(&member.content);
        if member.content.len() & 1 == 1 {
            out.push(b'\n');
        }
    }
    let path = Path::new(archive);
    image::output::save(path, &out).map_err(|e| Error::os(show(path), e))?;
    Ok(cx.status())
}
