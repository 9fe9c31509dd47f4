//! What sed reads: files one after the other, and what `-i` puts in their place.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::applet::{Ctx, Error, Status, show};
use crate::sys::search;

use super::{Sed, Sink};

impl Sed {
    /// After a quit: of standard input what was not used is left to who reads
    /// on. (Of a changed file the rest goes, as everywhere.)
    pub(super) fn give_back(&self, cx: &Ctx) {
        if self.file.is_none()
            && let Ok(unread) = i64::try_from(self.blocks.bytes().len())
            && unread > 0
        {
            let _ = nix::unistd::lseek(cx.stdin, -unread, nix::unistd::Whence::SeekCur);
        }
    }

    pub(super) fn fill(&mut self, cx: &mut Ctx) -> Result<bool, Error> {
        let fd = self.file.as_ref().map_or(cx.stdin, |file| file.as_fd());
        match self.blocks.fill(fd) {
            Ok(more) => Ok(more),
            Err(errno) => {
                let what = format!("couldn't read {}", show(&self.name));
                cx.warn(Error::os(what, errno));
                self.status = 2;
                Ok(false)
            }
        }
    }

    /// Opens the next file that can be. False when there is none.
    pub(super) fn open(&mut self, cx: &mut Ctx) -> Result<bool, Error> {
        while let Some(name) = self.names.get(self.next_name).cloned() {
            self.next_name += 1;
            self.blocks.reset();
            let name = match std::fs::canonicalize(&name) {
                Ok(file) if self.follow && self.in_place.is_some() => file.into_os_string(),
                _ => name,
            };
            if name == "-" && self.in_place.is_none() {
                self.file = None;
            } else {
                let opened = File::open(&name);
                let opened = opened.and_then(|file| Ok((file.metadata()?, file)));
                match opened {
                    Ok((meta, _)) if meta.is_dir() => {
                        let why = if self.in_place.is_some() {
                            format!("couldn't edit {}: not a regular file", show(&name))
                        } else {
                            format!("read error on {}: Is a directory", show(&name))
                        };
                        cx.warn(why);
                        self.status = if self.in_place.is_some() { 4 } else { 2 };
                        continue;
                    }
                    Ok((meta, file)) => {
                        self.file = Some(file);
                        if self.in_place.is_some() {
                            self.begin(&name, &meta)?;
                        }
                    }
                    Err(error) => {
                        cx.warn(Error::os(format!("can't read {}", show(&name)), error));
                        self.status = 2;
                        continue;
                    }
                }
            }
            if self.separate {
                // As if sed were started anew for each.
                self.line = 0;
                self.hold.clear();
                self.sources.clear();
                self.active.clone_from(&self.starts);
            }
            self.name = name;
            self.reading = true;
            return Ok(true);
        }
        Ok(false)
    }

    /// Makes the file that is to replace `name`.
    pub(super) fn begin(&mut self, name: &OsStr, meta: &std::fs::Metadata) -> Result<(), Error> {
        use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
        let fault = |e| Error::os(format!("couldn't open temporary file for {}", show(name)), e);
        for number in 0..1000 {
            let mut temporary = name.as_bytes().to_vec();
            let start = temporary.iter().rposition(|&b| b == b'/').map_or(0, |p| p + 1);
            temporary.truncate(start);
            temporary.extend_from_slice(b"sed");
            let id = nix::unistd::getpid().as_raw();
            let _ = write!(temporary, "{id}.{number}");
            let temporary = OsString::from_vec(temporary);
            let made = File::options().write(true).create_new(true).mode(0o600).open(&temporary);
            match made {
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(fault(e).with(Status(4))),
                Ok(file) => {
                    // The owner first: changing it takes set-user-ID away.
                    let _ = std::os::unix::fs::fchown(&file, Some(meta.uid()), Some(meta.gid()));
                    let mode = PermissionsExt::from_mode(meta.mode() & 0o7777);
                    file.set_permissions(mode).map_err(fault)?;
                    self.out = Sink { file: Some(file), end: self.end, ..Sink::default() };
                    self.temporary = Some(temporary);
                    return Ok(());
                }
            }
        }
        Err(fault(nix::errno::Errno::EEXIST.into()))
    }

    /// Ends the file that is read; puts a changed one in its place.
    pub(super) fn close(&mut self) -> Result<(), Error> {
        self.reading = false;
        self.file = None;
        let Some(temporary) = self.temporary.take() else { return Ok(()) };
        self.out.flush()?;
        self.out = Sink { end: self.end, ..Sink::default() };
        if let Some(suffix) = self.in_place.as_deref().filter(|suffix| !suffix.is_empty()) {
            let name = self.name.as_bytes();
            let at = name.iter().rposition(|&b| b == b'/').map_or(0, |p| p + 1);
            let (folder, base) = name.split_at_checked(at).unwrap_or((b"", name));
            // `bak_*` is where the name goes; with a folder it goes there
            let mut kept = Vec::new();
            if suffix.contains(&b'*') {
                for byte in suffix {
                    if *byte == b'*' {
                        kept.extend_from_slice(base);
                    } else {
                        kept.push(*byte);
                    }
                }
            } else {
                kept.extend_from_slice(base);
                kept.extend_from_slice(suffix);
            }
            if !kept.contains(&b'/') {
                kept.splice(..0, folder.iter().copied());
            }
            let kept = OsString::from_vec(kept);
            std::fs::rename(&self.name, &kept).map_err(|e| Error::os(show(&kept), e))?;
        }
        std::fs::rename(&temporary, &self.name).map_err(|e| Error::os(show(&self.name), e))
    }

    /// Reads the next line into the space, or behind what is there. False
    /// when there is none.
    pub(super) fn read(&mut self, cx: &mut Ctx, append: bool) -> Result<bool, Error> {
        loop {
            if !self.reading && !self.open(cx)? {
                return Ok(false);
            }
            let bytes = self.blocks.bytes();
            let found = search::byte(bytes, self.end);
            if found.is_none() && self.fill(cx)? {
                continue;
            }
            let bytes = self.blocks.bytes();
            if bytes.is_empty() {
                self.close()?;
                continue;
            }
            if append {
                self.space.push(self.end);
            } else {
                self.space.clear();
                self.replaced = false;
            }
            let length = found.unwrap_or(bytes.len());
            self.space.extend_from_slice(bytes.get(..length).unwrap_or_default());
            self.ended = found.is_some();
            self.blocks.take(length + 1);
            self.line += 1;
            return Ok(true);
        }
    }

    /// Whether no line follows.
    pub(super) fn is_last(&mut self, cx: &mut Ctx) -> Result<bool, Error> {
        if !self.blocks.bytes().is_empty() || self.reading && self.fill(cx)? {
            return Ok(false);
        }
        if self.separate {
            return Ok(true);
        }
        // Empty files, and those that are not there, are passed over.
        while self.next_name < self.names.len() {
            let name = self.name.clone();
            if !self.open(cx)? {
                self.name = name;
                break;
            }
            if self.fill(cx)? || !self.blocks.bytes().is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
