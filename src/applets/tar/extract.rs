//! Taking out and listing.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use nix::fcntl::OFlag;

use crate::applet::{Ctx, Error, Status, show, show_bytes};
use crate::archive::extract::{Extractor, Failure, Wanted};
use crate::archive::list::Lister;
use crate::archive::tar::{Tar, padding};
use crate::archive::{Content, Damage, Entry, Part, name};
use crate::compress::{Cause, Format, Input, Unpacker};
use crate::fsutil::users::Users;
use crate::sys::{self, command};

use super::{Choice, open};

/// Names asked for, and whether each was met.
struct Asked<'n>(Vec<(&'n [u8], bool)>);

impl Asked<'_> {
    fn takes(&mut self, name: &[u8]) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let mut hit = false;
        for (pattern, met) in &mut self.0 {
            if name::covers(pattern, name) {
                (hit, *met) = (true, true);
            }
        }
        hit
    }
}

pub(super) fn extract(cx: &mut Ctx, c: &Choice, operands: &[Vec<u8>]) -> Result<Status, Error> {
    let source = open(cx, c)?;
    let input = Input::new(Box::new(sys::fd::Reader(source.fd())));
    let broken = |e: crate::compress::Error| Error::msg(e);
    let mut stream = Unpacker::detect(input).map_err(broken)?;
    if stream.format() == Format::None && c.format != Format::None && !c.auto {
        // Said to be compressed, and not: an error, except for an empty file,
        // which has its own.
        let head = stream.available().map_err(broken)?;
        if !head.is_empty()
            && head.first() != Some(&0)
            && !head.get(257..).is_some_and(|m| m.starts_with(b"ustar"))
        {
            return Err(Error::msg(format_args!("not in {} format", c.format.name())));
        }
    }
    from_stream(cx, c, operands, stream)
}

/// Lists or takes out what is in a stream.
pub(super) fn from_stream(
    cx: &mut Ctx,
    c: &Choice,
    operands: &[Vec<u8>],
    mut stream: Unpacker,
) -> Result<Status, Error> {
    let mut asked = Asked(operands.iter().chain(&c.names).map(|n| (n.as_slice(), false)).collect());
    if c.named && asked.0.is_empty() {
        return Ok(Status::OK);
    }
    let mut extractor = None;
    let folder = c.folder(usize::MAX);
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    if !folder.is_dir() {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        sys::path::open(&folder, flags).map_err(|e| Error::os(show(&folder), e))?;
    }
    if c.mode == b'x' && !c.to_stdout && c.command.is_none() {
        let root = nix::unistd::geteuid().is_root();
        let wanted = Wanted {
            keep: c.keep,
            newer: c.newer,
            overwrite: c.overwrite,
            permissions: c.permissions.unwrap_or(root),
            owners: c.owners.unwrap_or(root),
            untimed: c.untimed,
            absolute: c.absolute,
            parents: true,
        };
        extractor = Some(Extractor::new(&folder, wanted)?);
    }
    let mut state = State { extractor, lister: c.lister(), users: Users::new(), told: false };
    let mut tar = Tar::default();
    let result = state.all(cx, c, &mut tar, &mut stream, &mut asked);
    if let Some(extractor) = &mut state.extractor {
        extractor.finish(&mut |error| cx.warn(error));
    }
    result?;
    for (pattern, met) in &asked.0 {
        if !met {
            cx.warn(format_args!("{}: not found in archive", show_bytes(pattern)));
        }
    }
    Ok(cx.status())
}

struct State {
    extractor: Option<Extractor>,
    lister: Lister,
    users: Users,
    /// Whether it was said that names are cut.
    told: bool,
}

/// Why an archive ends early, in words.
fn damaged(damage: Damage) -> Error {
    match damage {
        Damage::Header(0) => Error::msg("this does not look like a tar archive"),
        Damage::Header(at) => Error::msg(format_args!("damaged at byte {at}: no header there")),
        Damage::Packed(error) if error.cause == Cause::Truncated => Error::msg("short read"),
        damage => Error::msg(damage),
    }
}

impl State {
    fn all(
        &mut self,
        cx: &mut Ctx,
        c: &Choice,
        tar: &mut Tar,
        stream: &mut Unpacker,
        asked: &mut Asked,
    ) -> Result<(), Error> {
        loop {
            let entry = match tar.next(stream) {
                Ok(Some(entry)) => entry,
                Ok(None) if c.zeros && !stream.available().map_err(Error::msg)?.is_empty() => {
                    continue;
                }
                Ok(None) => return Ok(()),
                Err(damage) => return Err(damaged(damage)),
            };
            let fill = padding(entry.stored);
            let mut part = Part::new(stream, entry.stored);
            if asked.takes(&entry.name) && !c.excludes(&entry.name) {
                self.one(cx, c, entry, &mut part)?;
            }
            part.finish().map_err(damaged)?;
            stream.skip(fill).map_err(|e| damaged(e.into()))?;
        }
    }

    fn one(
        &mut self,
        cx: &mut Ctx,
        c: &Choice,
        mut entry: Entry,
        content: &mut dyn Content,
    ) -> Result<(), Error> {
        let whole = std::mem::take(&mut entry.name);
        if c.mode == b't' {
            self.lister.put(cx, &entry, &whole)?;
            return Ok(());
        }
        let Some(name) = name::without_parts(&whole, c.strip) else { return Ok(()) };
        if c.strip > 0 && entry.hard {
            match name::without_parts(&entry.link, c.strip) {
                Some(link) => entry.link = link.to_vec(),
                None => return Ok(()),
            }
        }
        if c.verbose > 0 && !c.to_stdout {
            self.lister.put(cx, &entry, &whole)?;
        }
        if let Some(extractor) = &mut self.extractor {
            if !c.absolute && !self.told {
                let (off, _) = name::inside(name);
                if !off.is_empty() {
                    self.told = true;
                    let text = show_bytes(off).to_string();
                    cx.note(format_args!("removing leading '{text}' from member names"));
                }
            }
            if !c.numeric {
                if let Some((uid, _)) = known(&entry.user, &mut |n| self.users.uid(n)) {
                    entry.uid = uid;
                }
                if let Some(gid) = known(&entry.group, &mut |n| self.users.gid(n)) {
                    entry.gid = gid;
                }
            }
            entry.name = whole.clone();
            match extractor.put(&entry, name, content) {
                Ok(_) => {}
                Err(Failure::Archive(damage)) => return Err(damaged(damage)),
                Err(Failure::Entry(error)) => {
                    let exists = error.errno() == Some(libc::EEXIST);
                    if !(c.skip_old && exists) {
                        cx.warn(error);
                    }
                }
            }
            return Ok(());
        }
        if let Some(command) = &c.command {
            return if entry.is_file() {
                pipe_to(cx, command, &entry, &whole, content)
            } else {
                Ok(())
            };
        }
        // To standard output.
        if c.verbose > 0 {
            let _ = cx.flush();
            let line = crate::archive::list::shown(&whole);
            let _ = crate::applet::write_all(cx.stderr, &[&line[..], b"\n"].concat());
        }
        if entry.is_file() {
            loop {
                let piece = content.piece().map_err(damaged)?;
                if piece.is_empty() {
                    break;
                }
                cx.put(piece)?;
            }
        }
        Ok(())
    }
}

/// Has a command read a file's content, with what else is known of the file in
/// its environment.
fn pipe_to(
    cx: &mut Ctx,
    command: &[u8],
    entry: &Entry,
    name: &[u8],
    content: &mut dyn Content,
) -> Result<(), Error> {
    cx.flush()?;
    let failed = |e: nix::errno::Errno| Error::os(show_bytes(command), e);
    let number = |name: &str, value: u64| format!("TAR_{name}={value}").into_bytes();
    let text = |name: &str, value: &[u8]| [b"TAR_", name.as_bytes(), b"=", value].concat();
    let variables = [
        text("FILETYPE", b"f"),
        text("MODE", format!("0{:o}", entry.mode & 0o7777).as_bytes()),
        text("FILENAME", name),
        text("REALNAME", name),
        text("UNAME", &entry.user),
        text("GNAME", &entry.group),
        text("MTIME", entry.mtime.to_string().as_bytes()),
        number("SIZE", entry.size),
        number("UID", u64::from(entry.uid)),
        number("GID", u64::from(entry.gid)),
    ];
    let variables = variables.iter().map(|v| OsStr::from_bytes(v));
    let (reading, writing) = command::pipe().map_err(failed)?;
    let fds = [reading.as_fd(), cx.stdout, cx.stderr];
    let pid = command::start(command, &mut cx.env.iter().chain(variables), fds).map_err(failed)?;
    drop(reading);
    loop {
        let piece = content.piece().map_err(damaged)?;
        // It need not read all.
        if piece.is_empty() || crate::applet::write_all(writing.as_fd(), piece).is_err() {
            break;
        }
    }
    drop(writing);
    match command::wait(pid) {
        Ok(0) => {}
        Ok(status) => {
            cx.warn(format_args!("{}: the command's status is {status}", show_bytes(name)));
        }
        Err(signal) => {
            cx.warn(format_args!("{}: signal {signal} ended the command", show_bytes(name)));
        }
    }
    Ok(())
}

/// What is known of an account, unless it has no name.
fn known<T>(name: &[u8], find: &mut dyn FnMut(&[u8]) -> Option<T>) -> Option<T> {
    // A name of digits only is none here.
    if name.is_empty() || name.iter().all(u8::is_ascii_digit) { None } else { find(name) }
}
