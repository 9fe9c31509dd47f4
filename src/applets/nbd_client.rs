//! nbd-client: the disk of another machine as a block device. Options are
//! busybox's; as there, and as the protocol is, nothing is encrypted.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::fsutil::daemon;
use crate::net::nbd::{self, Disk, Hello};
use crate::net::resolve;
use crate::sys::process::{Forked, exit_now, fork};
use crate::sys::{block, socket};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "nbd-client",
    summary: "use a disk of another machine",
    usage: "[-b SIZE] [-N NAME] [-t SEC] [-p] [-n] HOST [PORT] DEVICE\n\
            \x20      nbd-client -d DEVICE\n\
            \x20      nbd-client -c DEVICE\n\
            \x20 -N  which of its disks (then PORT is 10809)  -b  bytes of a block (512)\n\
            \x20 -t  how long an answer may take              -p  come back when it was lost\n\
            \x20 -n  stay in the foreground                   -d  give it back\n\
            \x20 -c  is it in use?",
    kind: Kind::Exec,
    run,
};

const PATIENCE: Duration = Duration::from_secs(30);

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("b:block-size N:name t:timeout p,persist n,nofork d: c: S s")?;
    let (mut size, mut name, mut limit) = (512, None, 0);
    let (mut persist, mut foreground) = (false, false);
    while let Some(letter) = options.next() {
        match letter {
            b'b' => {
                size = options.number("not a size of blocks")?;
                if !matches!(size, 512 | 1024 | 2048 | 4096) {
                    return Err(Error::msg("blocks have 512, 1024, 2048 or 4096 bytes"));
                }
            }
            b'N' => name = Some(options.bytes()),
            b't' => limit = options.number("not a number of seconds")?,
            b'p' => persist = true,
            b'n' => foreground = true,
            b'd' => {
                let path = options.value();
                let file = File::options().read(true).write(true).open(&path);
                let file = file.map_err(|e| Error::os(show(&path), e))?;
                for order in [block::NBD_DISCONNECT, block::NBD_CLEAR_SOCKET] {
                    block::tell_number(file.as_fd(), order, 0)
                        .map_err(|e| Error::os(show(&path), e))?;
                }
                return Ok(Status::OK);
            }
            b'c' => {
                // The process that serves it.
                let path = options.value();
                let name = path.as_bytes().rsplit(|&b| b == b'/').next().unwrap_or_default();
                let shown = crate::applet::show_bytes(name);
                let pid = crate::sys::file::read(format!("/sys/block/{shown}/pid"));
                let Ok(pid) = pid else { return Ok(Status::FAILURE) };
                cx.put(&pid)?;
                return Ok(Status::OK);
            }
            _ => {}
        }
    }
    let (host, port, path) = match options.operands.as_slice() {
        [host, path] => (host, None, path),
        [host, port, path] => (host, Some(port), path),
        _ => return Err(Error::usage("HOST [PORT] DEVICE")),
    };
    let port = match port {
        Some(text) => {
            let number = crate::options::number(text).and_then(|n| u16::try_from(n).ok());
            number.ok_or_else(|| Error::bad(show(text), "not a port"))?
        }
        None => nbd::PORT,
    };
    let device = OpenOptions::new().read(true).write(true).open(path);
    let device = device.map_err(|e| Error::os(show(path), e))?;
    let order = |order, value| {
        block::tell_number(device.as_fd(), order, value).map_err(|e| Error::os(show(path), e))
    };
    let mut detached = foreground;
    loop {
        let to = resolve::address(host.as_bytes(), 0, port)?;
        let tried = socket::dial(&to, libc::SOCK_STREAM, PATIENCE)
            .map_err(|e| Error::os(show(host), e))
            .and_then(|fd| {
                let _ = socket::set_number(&fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
                let mut connection = File::from(fd);
                let disk = shake_hands(&mut connection, name.as_deref().unwrap_or_default());
                Ok((connection, disk.map_err(|e| Error::os(show(host), e))?))
            });
        let (connection, disk) = match tried {
            Ok(found) => found,
            // One that was there comes back.
            Err(why) if persist && detached => {
                cx.note(why);
                std::thread::sleep(Duration::from_secs(5));
                continue;
            }
            Err(why) => return Err(why),
        };
        order(block::NBD_SET_BLOCK_SIZE, size)?;
        order(block::NBD_SET_BLOCKS, disk.size / size)?;
        order(block::NBD_CLEAR_SOCKET, 0)?;
        // Servers of old say nothing, and older kernels know none.
        let _ = order(block::NBD_SET_FLAGS, disk.flags.into());
        if limit > 0 {
            order(block::NBD_SET_TIMEOUT, limit)?;
        }
        let number = u64::try_from(connection.as_raw_fd()).unwrap_or(0);
        order(block::NBD_SET_SOCKET, number)?;
        if !detached {
            // who reads what is printed does not wait until the disk is given back
            if !daemon::detach()? {
                wait_for_size(&device, disk.size / size * size);
                return Ok(Status::OK);
            }
            detached = true;
        }
        // Opening it reads its partitions, which needs somebody at work.
        if let Ok(Forked::Child) = fork() {
            let _ = File::open(path);
            exit_now(0);
        }
        let done = block::tell_number(device.as_fd(), block::NBD_WORK, 0);
        let _ = block::tell_number(device.as_fd(), block::NBD_CLEAR_QUEUE, 0);
        let _ = block::tell_number(device.as_fd(), block::NBD_CLEAR_SOCKET, 0);
        // Given back on purpose: the call then returns well.
        if done.is_ok() || !persist {
            return Ok(Status::OK);
        }
    }
}

/// The kernel knows the size once the child has it work: what comes next in a
/// script finds a disk, not an empty one.
fn wait_for_size(device: &File, size: u64) {
    let end = Instant::now() + Duration::from_secs(2);
    while block::ask_wide(device.as_fd(), block::SIZE) != Ok(size) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Which disk there is.
fn shake_hands(connection: &mut File, name: &[u8]) -> Result<Disk, Errno> {
    let failed =
        |error: std::io::Error| error.raw_os_error().map_or(Errno::ECONNRESET, Errno::from_raw);
    let mut hello = [0; nbd::HELLO];
    connection.read_exact(&mut hello).map_err(failed)?;
    match nbd::hello(&hello).ok_or(Errno::EPROTO)? {
        Hello::Old => {
            let mut rest = [0; nbd::OLD_REST];
            connection.read_exact(&mut rest).map_err(failed)?;
            Ok(nbd::old_disk(&rest))
        }
        Hello::New => {
            let mut flags = [0; 2];
            connection.read_exact(&mut flags).map_err(failed)?;
            let choice = nbd::choose(flags, name).ok_or(Errno::ENAMETOOLONG)?;
            connection.write_all(&choice).map_err(failed)?;
            let mut answer = vec![0; nbd::answer_length(flags)];
            // A server that has no such disk ends the connection.
            connection.read_exact(&mut answer).map_err(|_| Errno::ENOENT)?;
            nbd::new_disk(&answer).ok_or(Errno::EPROTO)
        }
    }
}
