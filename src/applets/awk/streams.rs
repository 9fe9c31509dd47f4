//! Where awk reads and writes: files, commands, records in them.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use nix::unistd::Pid;

use crate::applet::{Ctx, Error, write_all};
use crate::blocks::Blocks;
use crate::regex::Regex;
use crate::sys::{command, search};

/// What ends a record.
#[derive(Clone)]
pub(super) enum Separator {
    Byte(u8),
    /// Empty lines.
    Paragraph,
    Regex(Rc<Regex>),
}

/// Something that records are read from.
pub(super) struct Input {
    /// Standard input is none.
    pub fd: Option<OwnedFd>,
    pub blocks: Blocks,
}

impl Input {
    pub fn new(fd: Option<OwnedFd>) -> Input {
        Input { fd, blocks: Blocks::new() }
    }

    fn fill(&mut self, stdin: BorrowedFd<'_>) -> Result<bool, nix::errno::Errno> {
        let fd = self.fd.as_ref().map_or(stdin, |fd| fd.as_fd());
        self.blocks.fill(fd)
    }

    /// Reads a record. False at the end.
    pub fn record(
        &mut self,
        stdin: BorrowedFd<'_>,
        separator: &Separator,
        record: &mut Vec<u8>,
    ) -> Result<bool, nix::errno::Errno> {
        record.clear();
        if let Separator::Paragraph = separator {
            loop {
                let bytes = self.blocks.bytes();
                let skip = bytes.iter().take_while(|b| **b == b'\n').count();
                let rest = bytes.len() - skip;
                self.blocks.take(skip);
                if rest > 0 {
                    break;
                }
                if !self.fill(stdin)? {
                    return Ok(false);
                }
            }
        }
        loop {
            let bytes = self.blocks.bytes();
            let ended = self.blocks.at_end();
            let found = match separator {
                Separator::Byte(byte) => search::byte(bytes, *byte).map(|at| (at, at + 1)),
                Separator::Paragraph => search::bytes(bytes, b"\n\n").map(|at| (at, at + 2)),
                // One that reaches the end of what is there may be longer.
                Separator::Regex(regex) => {
                    let mut from = 0;
                    let mut found = regex.find(bytes, from);
                    while let Some((start, end)) = found
                        && start == end
                    {
                        from = start + 1;
                        found = if from <= bytes.len() { regex.find(bytes, from) } else { None };
                    }
                    found.filter(|(_, end)| ended || *end < bytes.len())
                }
            };
            if let Some((at, next)) = found {
                record.extend_from_slice(bytes.get(..at).unwrap_or_default());
                self.blocks.take(next);
                return Ok(true);
            }
            if ended {
                if bytes.is_empty() {
                    return Ok(false);
                }
                let last = match separator {
                    Separator::Paragraph => bytes.strip_suffix(b"\n").unwrap_or(bytes),
                    Separator::Regex(_) | Separator::Byte(_) => bytes,
                };
                record.extend_from_slice(last);
                let all = bytes.len();
                self.blocks.take(all);
                return Ok(true);
            }
            self.fill(stdin)?;
        }
    }
}

/// What a stream is.
pub(super) enum Flow {
    Input(Input),
    /// A file that is written, or a command's input. Standard output is none.
    Output(Option<OwnedFd>, Vec<u8>),
}

/// An open file or command.
pub(super) struct Stream {
    pub name: Vec<u8>,
    pub flow: Flow,
    pub child: Option<Pid>,
}

/// How a name is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Read,
    ReadCommand,
    Write,
    Append,
    WriteCommand,
}

/// All that is open.
#[derive(Default)]
pub(super) struct Streams {
    list: Vec<(How, Stream)>,
}

impl Streams {
    /// The stream of that name, opened if it is not.
    pub fn get(
        &mut self,
        cx: &mut Ctx,
        how: How,
        name: &[u8],
        environment: &[std::ffi::OsString],
    ) -> Result<&mut Stream, std::io::Error> {
        let same = |known: How| {
            known == how
                || matches!(known, How::Write | How::Append) && how == How::Append
                || known == How::Append && how == How::Write
        };
        let at = match self.list.iter().position(|(known, s)| same(*known) && s.name == name) {
            Some(at) => at,
            None => {
                let stream = open(cx, how, name, environment)?;
                self.list.push((how, stream));
                self.list.len() - 1
            }
        };
        match self.list.get_mut(at) {
            Some((_, stream)) => Ok(stream),
            None => Err(std::io::ErrorKind::NotFound.into()),
        }
    }

    /// Writes out what is held back; of all, or of one name. False when that
    /// name is not open.
    pub fn flush(&mut self, cx: &mut Ctx, name: Option<&[u8]>) -> Result<bool, Error> {
        let mut found = false;
        for (_, stream) in &mut self.list {
            if name.is_none_or(|name| name == stream.name) {
                found = true;
                flush(cx, stream)?;
            }
        }
        Ok(found)
    }

    /// Closes all streams of a name; the status of a command, or -1 when there
    /// is none.
    pub fn close(&mut self, cx: &mut Ctx, name: Option<&[u8]>) -> Result<f64, Error> {
        let mut status = -1.0;
        while let Some(at) =
            self.list.iter().position(|(_, s)| name.is_none_or(|name| name == s.name))
        {
            let (_, mut stream) = self.list.remove(at);
            let flushed = flush(cx, &mut stream);
            status = 0.0;
            let child = stream.child;
            drop(stream);
            if let Some(child) = child {
                cx.flush()?;
                status = exit_status(command::wait(child));
            }
            if let Err(error) = flushed
                && !error.is_closed_pipe()
            {
                return Err(error);
            }
        }
        Ok(status)
    }
}

/// As gawk has it: the signal's number and 256 more.
pub(super) fn exit_status(ended: Result<i32, i32>) -> f64 {
    match ended {
        Ok(status) => f64::from(status),
        Err(signal) => f64::from(signal + 256),
    }
}

fn flush(cx: &mut Ctx, stream: &mut Stream) -> Result<(), Error> {
    let Flow::Output(fd, bytes) = &mut stream.flow else { return Ok(()) };
    match fd {
        Some(fd) => {
            let written = write_all(fd.as_fd(), bytes);
            bytes.clear();
            written.map_err(|e| Error::os(crate::applet::show_bytes(&stream.name), e))
        }
        None => cx.flush(),
    }
}

fn open(
    cx: &mut Ctx,
    how: How,
    name: &[u8],
    environment: &[std::ffi::OsString],
) -> Result<Stream, std::io::Error> {
    let path = OsStr::from_bytes(name);
    let mut child = None;
    let flow = match how {
        How::Read if name == b"-" || name == b"/dev/stdin" => Flow::Input(Input::new(None)),
        How::Read => Flow::Input(Input::new(Some(File::open(path)?.into()))),
        How::Write | How::Append if name == b"/dev/stdout" || name == b"-" => {
            Flow::Output(None, Vec::new())
        }
        How::Write | How::Append if name == b"/dev/stderr" => {
            Flow::Output(Some(cx.stderr.try_clone_to_owned()?), Vec::new())
        }
        How::Write => Flow::Output(Some(File::create(path)?.into()), Vec::new()),
        How::Append => {
            let file = File::options().append(true).create(true).open(path)?;
            Flow::Output(Some(file.into()), Vec::new())
        }
        How::ReadCommand | How::WriteCommand => {
            let _ = cx.flush();
            let (reader, writer) = command::pipe()?;
            let environment = &mut environment.iter().map(|e| e.as_os_str());
            if how == How::ReadCommand {
                let fds = [cx.stdin, writer.as_fd(), cx.stderr];
                child = Some(command::start(name, environment, fds)?);
                Flow::Input(Input::new(Some(reader)))
            } else {
                let fds = [reader.as_fd(), cx.stdout, cx.stderr];
                child = Some(command::start(name, environment, fds)?);
                Flow::Output(Some(writer), Vec::new())
            }
        }
    };
    Ok(Stream { name: name.to_vec(), flow, child })
}
