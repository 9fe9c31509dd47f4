//! Redirection. POSIX.1-2024 XCU 2.7.

use std::ffi::CString;
use std::os::fd::RawFd;

use nix::errno::Errno;

use crate::applet::show_bytes;
use crate::sys::{descriptor, text};

use super::ast::{Redir, RedirKind};
use super::options::NOCLOBBER;
use super::{Flow, Shell};

/// Descriptors of the shell's own are at least this; scripts name those below
/// 10 and, by `n>`, up to 255, so saved ones are kept above where they can.
const OWN: RawFd = 256;

/// What descriptors were before redirections, in the order they were changed:
/// the number and the copy that was kept, or None when it was closed.
#[derive(Default)]
pub struct SavedFds {
    list: Vec<(RawFd, Option<RawFd>)>,
    stdout: bool,
}

/// Why a redirection was not done; the message has been printed unless it was
/// the expansion that failed.
pub enum RedirError {
    /// It could not be opened or copied.
    Failed,
    /// Its word could not be expanded.
    Flow(Flow),
}

impl From<Flow> for RedirError {
    fn from(flow: Flow) -> RedirError {
        RedirError::Flow(flow)
    }
}

impl Shell {
    /// Does redirections in order. On failure those done are undone.
    pub fn redirect(&mut self, redirs: &[Redir]) -> Result<SavedFds, RedirError> {
        let mut saved = SavedFds::default();
        for redir in redirs {
            if let Err(error) = self.redirect_one(redir, &mut saved) {
                self.unredirect(saved);
                return Err(error);
            }
        }
        Ok(saved)
    }

    /// Brings back what was before, last change first.
    pub fn unredirect(&mut self, mut saved: SavedFds) {
        while let Some((fd, copy)) = saved.list.pop() {
            match copy {
                Some(copy) => {
                    let _ = descriptor::copy_onto(copy, fd);
                    descriptor::close(copy);
                }
                None => descriptor::close(fd),
            }
        }
        if saved.stdout {
            self.stdout_moved = self.stdout_moved.saturating_sub(1);
        }
    }

    /// Keeps the changes: `exec`.
    pub fn keep_redirections(&mut self, saved: SavedFds) {
        for (_, copy) in saved.list {
            if let Some(copy) = copy {
                descriptor::close(copy);
            }
        }
    }

    fn save(&mut self, fd: RawFd, saved: &mut SavedFds) {
        if fd == 1 && !saved.stdout {
            saved.stdout = true;
            self.stdout_moved += 1;
        }
        let copy = descriptor::copy_above(fd, OWN).or_else(|_| descriptor::copy_above(fd, 10)).ok();
        saved.list.push((fd, copy));
    }

    /// Makes `fd` the file that was opened as `file`.
    fn place(&mut self, file: RawFd, fd: RawFd, saved: &mut SavedFds) -> Result<(), RedirError> {
        if file == fd {
            // It was closed before, so the system chose it by itself.
            if fd == 1 && !saved.stdout {
                saved.stdout = true;
                self.stdout_moved += 1;
            }
            saved.list.push((fd, None));
            let _ = descriptor::copy_onto(fd, fd);
            return Ok(());
        }
        self.save(fd, saved);
        let result = descriptor::copy_onto(file, fd);
        descriptor::close(file);
        result.map_err(|errno| self.redirection_failed(fd.to_string().as_bytes(), errno))
    }

    fn redirection_failed(&mut self, what: &[u8], errno: Errno) -> RedirError {
        let why = text::error_text(errno as i32);
        self.complain(format_args!("{}: {why}", show_bytes(what)));
        self.status = 1;
        RedirError::Failed
    }

    fn not_opened(&mut self, target: &[u8], creating: bool, errno: Errno) -> RedirError {
        let what = if creating { "create" } else { "open" };
        let why = match errno {
            Errno::ENOENT if creating => "nonexistent directory",
            Errno::ENOENT => "no such file",
            _ => text::error_text(errno as i32),
        };
        self.complain(format_args!("can't {what} {}: {why}", show_bytes(target)));
        self.status = 1;
        RedirError::Failed
    }

    fn redirect_one(&mut self, redir: &Redir, saved: &mut SavedFds) -> Result<(), RedirError> {
        let fd = redir.fd.map(RawFd::from);
        let (flags, standard) = match &redir.kind {
            RedirKind::Read => (libc::O_RDONLY, 0),
            RedirKind::Write => {
                let target = self.expand_text(&redir.target)?;
                let file = self.open_for_writing(&target)?;
                return self.place(file, fd.unwrap_or(1), saved);
            }
            RedirKind::Clobber => (libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC, 1),
            RedirKind::Append => (libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND, 1),
            RedirKind::ReadWrite => (libc::O_RDWR | libc::O_CREAT, 0),
            RedirKind::DupIn => return self.duplicate(redir, fd.unwrap_or(0), saved),
            RedirKind::DupOut => return self.duplicate(redir, fd.unwrap_or(1), saved),
            RedirKind::Both | RedirKind::BothAppend => {
                let target = self.expand_text(&redir.target)?;
                return self.both(&target, matches!(redir.kind, RedirKind::BothAppend), saved);
            }
            RedirKind::Here => {
                let text = match redir.here.as_ref().and_then(|body| body.get()) {
                    Some(word) => self.expand_text(word)?,
                    None => Vec::new(),
                };
                return self.here_document(&text, fd.unwrap_or(0), saved);
            }
            RedirKind::HereString => {
                let mut text = self.expand_text(&redir.target)?;
                text.push(b'\n');
                return self.here_document(&text, fd.unwrap_or(0), saved);
            }
        };
        let target = self.expand_text(&redir.target)?;
        let file = self.open(&target, flags)?;
        self.place(file, fd.unwrap_or(standard), saved)
    }

    fn open(&mut self, target: &[u8], flags: i32) -> Result<RawFd, RedirError> {
        let opened = match CString::new(target) {
            Ok(path) => loop {
                match descriptor::open(&path, flags, 0o666) {
                    // A trap runs when the command is over.
                    Err(Errno::EINTR) if !self.interrupted() => {}
                    other => break other,
                }
            },
            Err(_) => Err(Errno::ENOENT),
        };
        opened.map_err(|errno| self.not_opened(target, flags & libc::O_CREAT != 0, errno))
    }

    /// `>`, which with `set -C` does not overwrite a regular file (2.7.2).
    fn open_for_writing(&mut self, target: &[u8]) -> Result<RawFd, RedirError> {
        let create = libc::O_WRONLY | libc::O_CREAT;
        if !self.options.has(NOCLOBBER) {
            return self.open(target, create | libc::O_TRUNC);
        }
        let Ok(path) = CString::new(target) else { return self.open(target, create) };
        match descriptor::open(&path, create | libc::O_EXCL, 0o666) {
            Err(Errno::EEXIST) => {
                // What is no regular file, a terminal or /dev/null, may be
                // written to. It is opened first and looked at then.
                let file = self.open(target, libc::O_WRONLY)?;
                let regular = nix::sys::stat::fstat(descriptor::borrow(file))
                    .is_ok_and(|s| s.st_mode & libc::S_IFMT == libc::S_IFREG);
                if regular {
                    descriptor::close(file);
                    return Err(self.not_opened(target, true, Errno::EEXIST));
                }
                Ok(file)
            }
            Err(errno) => Err(self.not_opened(target, true, errno)),
            Ok(file) => Ok(file),
        }
    }

    /// `<&` and `>&` (2.7.5, 2.7.6).
    fn duplicate(
        &mut self,
        redir: &Redir,
        fd: RawFd,
        saved: &mut SavedFds,
    ) -> Result<(), RedirError> {
        let target = self.expand_text(&redir.target)?;
        if target == b"-" {
            self.save(fd, saved);
            descriptor::close(fd);
            self.closed_standard |= fd <= 2;
            return Ok(());
        }
        let number = std::str::from_utf8(&target).ok().and_then(|t| t.parse::<u8>().ok());
        match number {
            Some(from) => {
                let from = RawFd::from(from);
                if let Err(errno) = descriptor::status_flags(from) {
                    return Err(self.redirection_failed(&target, errno));
                }
                if from == fd {
                    return Ok(());
                }
                self.save(fd, saved);
                descriptor::copy_onto(from, fd)
                    .map_err(|errno| self.redirection_failed(&target, errno))
            }
            // `>& file`
            None if redir.fd.is_none() && matches!(redir.kind, RedirKind::DupOut) => {
                self.both(&target, false, saved)
            }
            None => Err(self.redirection_failed(&target, Errno::EBADF)),
        }
    }

    fn both(
        &mut self,
        target: &[u8],
        append: bool,
        saved: &mut SavedFds,
    ) -> Result<(), RedirError> {
        let file = if append {
            self.open(target, libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND)?
        } else {
            self.open_for_writing(target)?
        };
        self.place(file, 1, saved)?;
        self.save(2, saved);
        descriptor::copy_onto(1, 2).map_err(|errno| self.redirection_failed(b"2", errno))
    }

    /// A here-document (2.7.4): a pipe when it takes all of the text at once,
    /// otherwise a file without a name.
    pub fn here_document(
        &mut self,
        text: &[u8],
        fd: RawFd,
        saved: &mut SavedFds,
    ) -> Result<(), RedirError> {
        /// What every pipe holds: PIPE_BUF is promised, this is Linux's size.
        const PIPE: usize = 4096;
        let file = if text.len() <= PIPE {
            let (reader, writer) =
                descriptor::pipe().map_err(|e| self.redirection_failed(b"pipe", e))?;
            let written = crate::applet::write_all(descriptor::borrow(writer), text);
            descriptor::close(writer);
            written.map(|()| reader).map_err(|_| Errno::EIO)
        } else {
            anonymous(text)
        };
        let file = file.map_err(|e| self.redirection_failed(b"here-document", e))?;
        self.place(file, fd, saved)
    }
}

/// A file in memory that holds `text`, at its beginning.
fn anonymous(text: &[u8]) -> Result<RawFd, Errno> {
    use nix::sys::memfd::{MFdFlags, memfd_create};
    use std::os::fd::{AsFd, IntoRawFd};
    let file = memfd_create(c"here-document", MFdFlags::MFD_CLOEXEC)?;
    crate::applet::write_all(file.as_fd(), text)
        .map_err(|e| Errno::from_raw(e.raw_os_error().unwrap_or(libc::EIO)))?;
    nix::unistd::lseek(file.as_fd(), 0, nix::unistd::Whence::SeekSet)?;
    Ok(file.into_raw_fd())
}
