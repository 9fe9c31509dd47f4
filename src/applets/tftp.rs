//! tftp: fetch a file from a server, or give it one. Options are busybox's.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use nix::poll::PollFlags;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::net::resolve;
use crate::net::tftp::{self, BLOCK, BLOCK_MAX, Packet, READ, WRITE};
use crate::sys;
use crate::sys::socket::{self, Address};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "tftp",
    summary: "fetch a file from a server of TFTP, or give it one",
    usage: "-g|-p [-l FILE] [-r FILE] [-b SIZE] HOST [PORT]\n\
            \x20 -g  fetch the remote file      -p  give the local file\n\
            \x20 -l  the local file (-: standard input or output)\n\
            \x20 -r  the remote file            -b  bytes in a block (512)",
    kind: Kind::Fork, // it waits
    run,
};

/// So often a packet is sent again, each time after a longer wait.
const TRIES: u32 = 12;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// A conversation.
struct Talk {
    fd: OwnedFd,
    /// Its port changes with the server's first answer.
    server: Address,
    known: bool,
    buffer: Vec<u8>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("g p l:local r:remote b:blocksize")?;
    let (mut kind, mut local, mut remote, mut size) = (None, None, None, BLOCK);
    while let Some(letter) = options.next() {
        match letter {
            b'g' => kind = Some(READ),
            b'p' => kind = Some(WRITE),
            b'l' => local = Some(options.bytes()),
            b'r' => remote = Some(options.bytes()),
            _ => {
                let number = options.number("not a block size")?;
                size = usize::try_from(number)
                    .ok()
                    .filter(|size| (8..=BLOCK_MAX).contains(size))
                    .ok_or_else(|| Error::msg("bad blocksize"))?;
            }
        }
    }
    options.at_most(2)?;
    let Some(kind) = kind else { return Err(Error::usage("-g or -p is wanted")) };
    let Some(host) = options.operands.first() else { return Err(Error::usage("which host?")) };
    let port = match options.operands.get(1) {
        Some(text) => crate::options::number(text)
            .and_then(|port| u16::try_from(port).ok())
            .ok_or_else(|| Error::bad(show(text), "not a port"))?,
        None => 69,
    };
    let (local, remote) = match (local, remote) {
        (Some(local), Some(remote)) => (local, remote),
        (Some(local), None) => (local.clone(), local),
        (None, Some(remote)) => {
            let last = remote.rsplit(|&b| b == b'/').next().unwrap_or_default();
            (last.to_vec(), remote)
        }
        (None, None) => return Err(Error::usage("which file?")),
    };
    if remote.len() > BLOCK - 64 || local.is_empty() {
        return Err(Error::msg("the file's name is too long, or empty"));
    }
    let server = resolve::address(host.as_bytes(), 0, port)?;
    let fd =
        socket::open(server.family(), libc::SOCK_DGRAM, 0).map_err(|e| Error::os("socket", e))?;
    let mut talk = Talk { fd, server, known: false, buffer: vec![0; BLOCK_MAX + 4] };
    let path = PathBuf::from(std::ffi::OsStr::from_bytes(&local));
    if kind == READ {
        fetch(cx, &mut talk, &remote, &path, size)?;
    } else {
        give(cx, &mut talk, &remote, &path, size)?;
    }
    Ok(Status::OK)
}

impl Talk {
    /// Sends, and waits for the packet that `wanted` says is the answer. What
    /// else comes is passed over.
    fn ask(&mut self, packet: &[u8], wanted: &dyn Fn(&Packet<'_>) -> bool) -> Result<usize, Error> {
        let failed = |e| Error::os("network", e);
        let mut wait = FIRST_WAIT;
        for _ in 0..TRIES {
            socket::send(&self.fd, packet, Some(&self.server)).map_err(failed)?;
            let end = std::time::Instant::now() + wait;
            loop {
                let left = end.saturating_duration_since(std::time::Instant::now());
                if left.is_zero() {
                    break;
                }
                if !socket::wait(self.fd.as_fd(), PollFlags::POLLIN, left).map_err(failed)? {
                    continue;
                }
                let (count, from) =
                    socket::receive(&self.fd, &mut self.buffer, 0).map_err(failed)?;
                let (Some(from_ip), Some(ours)) = (from.to_ip(), self.server.to_ip()) else {
                    continue;
                };
                if from_ip.0.to_canonical() != ours.0.to_canonical()
                    || (self.known && from_ip.1 != ours.1)
                {
                    // Somebody else's.
                    let _ =
                        socket::send(&self.fd, &tftp::error(5, "unknown transfer"), Some(&from));
                    continue;
                }
                let Some(answer) = tftp::parse(self.buffer.get(..count).unwrap_or_default()) else {
                    continue;
                };
                if let Packet::Error(code, text) = answer {
                    let text = if text.is_empty() { meaning(code).as_bytes() } else { text };
                    return Err(Error::msg(format_args!(
                        "server error: ({code}) {}",
                        show_bytes(text)
                    )));
                }
                if wanted(&answer) {
                    self.server = from;
                    self.known = true;
                    return Ok(count);
                }
            }
            wait = (wait * 3 / 2).min(LONGEST_WAIT);
        }
        Err(Error::msg("timeout"))
    }

    fn packet(&self, count: usize) -> Option<Packet<'_>> {
        tftp::parse(self.buffer.get(..count)?)
    }

    fn tell(&self, packet: &[u8]) {
        let _ = socket::send(&self.fd, packet, Some(&self.server));
    }
}

/// RFC 1350, appendix.
fn meaning(code: u16) -> &'static str {
    match code {
        1 => "File not found",
        2 => "Access violation",
        3 => "Disk full",
        4 => "Illegal TFTP operation",
        5 => "Unknown transfer ID",
        6 => "File already exists",
        7 => "No such user",
        8 => "Bad option",
        _ => "Unknown error",
    }
}

fn fetch(
    cx: &mut Ctx,
    talk: &mut Talk,
    remote: &[u8],
    path: &std::path::Path,
    mut size: usize,
) -> Result<(), Error> {
    let to_stdout = path.as_os_str() == "-";
    let mut packet = tftp::request(READ, remote, size);
    let mut block = 1u16;
    let mut file: Option<File> = None;
    let mut new = false;
    let mut first = true;
    let result = loop {
        let count = match talk.ask(&packet, &|answer| match answer {
            Packet::Data(number, _) => *number == block,
            Packet::Options(_) => first,
            _ => false,
        }) {
            Ok(count) => count,
            Err(error) => break Err(error),
        };
        if first {
            // A file that is there is not touched before the server has one.
            if !to_stdout {
                new = std::fs::symlink_metadata(path).is_err();
                match File::create(path) {
                    Ok(opened) => file = Some(opened),
                    Err(error) => break Err(Error::os(show(path), error)),
                }
            }
            if !matches!(talk.packet(count), Some(Packet::Options(_))) {
                size = BLOCK;
            }
            first = false;
        }
        let agreed = match talk.packet(count) {
            Some(Packet::Options(options)) => Some(tftp::block_size(options)),
            _ => None,
        };
        if let Some(agreed) = agreed {
            match agreed {
                Some(agreed) if agreed <= size => size = agreed,
                None => size = BLOCK,
                Some(_) => {
                    talk.tell(&tftp::error(8, "bad block size"));
                    break Err(Error::msg("server wants a larger block size"));
                }
            }
            packet = tftp::ack(0);
            continue;
        }
        let Some(Packet::Data(_, bytes)) = talk.packet(count) else { continue };
        let length = bytes.len();
        let done = match &mut file {
            Some(file) => file.write_all(bytes).map_err(|e| Error::os(show(path), e)),
            None => cx.put(bytes),
        };
        if let Err(error) = done {
            talk.tell(&tftp::error(3, "cannot write"));
            break Err(error);
        }
        packet = tftp::ack(block);
        if length < size {
            talk.tell(&packet);
            break Ok(());
        }
        block = block.wrapping_add(1);
    };
    if result.is_err() && new && file.is_some() {
        let _ = std::fs::remove_file(path);
    }
    result
}

fn give(
    cx: &mut Ctx,
    talk: &mut Talk,
    remote: &[u8],
    path: &std::path::Path,
    mut size: usize,
) -> Result<(), Error> {
    let wrong = |e| Error::os(show(path), e);
    let mut file: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(sys::fd::Reader(cx.stdin))
    } else {
        Box::new(File::open(path).map_err(wrong)?)
    };
    let request = tftp::request(WRITE, remote, size);
    let count =
        talk.ask(&request, &|answer| matches!(answer, Packet::Ack(0) | Packet::Options(_)))?;
    size = match talk.packet(count) {
        Some(Packet::Options(options)) => match tftp::block_size(options) {
            Some(agreed) if agreed <= size => agreed,
            Some(_) => return Err(Error::msg("server wants a larger block size")),
            None => BLOCK,
        },
        _ => BLOCK,
    };
    let mut bytes = vec![0; size];
    let mut block = 1u16;
    loop {
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..)
            && !rest.is_empty()
        {
            match file.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    talk.tell(&tftp::error(0, "cannot read"));
                    return Err(wrong(error));
                }
            }
        }
        let packet = tftp::data(block, bytes.get(..filled).unwrap_or_default());
        talk.ask(&packet, &|answer| matches!(answer, Packet::Ack(number) if *number == block))?;
        if filled < size {
            return Ok(());
        }
        block = block.wrapping_add(1);
    }
}
