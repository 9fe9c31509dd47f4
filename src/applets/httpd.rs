//! httpd: serve the files of a folder. Options and answers are busybox's, as far
//! as they are about files: there are no programs (CGI), passwords or
//! configuration files. Nothing outside the folder is served, whatever `..` or a
//! link in it says.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::PollFlags;
use nix::sys::wait::{WaitPidFlag, waitpid};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::civil::Civil;
use crate::fsutil::users::Users;
use crate::net::{address, http};
use crate::sys;
use crate::sys::process::{Forked, exit_now, fork};
use crate::sys::socket::{self, Address};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "httpd",
    summary: "serve the files of a folder over HTTP",
    usage: "[-ifv] [-p [ADDR:]PORT] [-h FOLDER] [-u USER[:GROUP]]\n\
            \x20      httpd -d STRING | -e STRING\n\
            \x20 -p  the port (80), of one address  -h  the folder (.)\n\
            \x20 -f  stay in the foreground         -i  serve standard input (inetd)\n\
            \x20 -u  as whom it serves              -v  say what is served\n\
            \x20 -d  decode %XX   -e  encode for HTML",
    kind: Kind::Exec,
    run,
};

/// Connections at a time.
const CHILDREN_MAX: usize = 32;
/// How long a client may take to ask, and to take a piece of the answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes sent at a time.
const PIECE: u64 = 1 << 20;

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("i f v p: h: u: d: e: c: r:")?;
    options.at_most(0)?;
    let (mut inetd, mut foreground, mut verbose) = (false, false, false);
    let (mut ip, mut port) = (None, 80);
    let (mut folder, mut user) = (".".into(), None);
    while let Some(letter) = options.next() {
        match letter {
            b'i' => inetd = true,
            b'f' => foreground = true,
            b'v' => verbose = true,
            b'h' => folder = options.value(),
            b'u' => user = Some(options.bytes()),
            b'p' => (ip, port) = place(&options.bytes())?,
            b'd' => {
                cx.put(&decode(&options.bytes()))?;
                return Ok(Status::OK);
            }
            b'e' => {
                encode(cx, &options.bytes())?;
                return Ok(Status::OK);
            }
            _ => {}
        }
    }
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let root = nix::fcntl::open(folder.as_os_str(), flags, nix::sys::stat::Mode::empty())
        .map_err(|e| Error::os(show(&folder), e))?;
    sys::process::ignore_broken_pipes();
    if inetd {
        become_user(user.as_deref())?;
        let copy = sys::fd::duplicate_from(cx.stdin, 3).map_err(|e| Error::os("connection", e))?;
        serve(cx, &root, &copy, verbose);
        return Ok(Status::OK);
    }
    let any = |six: bool| {
        if six { std::net::IpAddr::from([0u16; 8]) } else { std::net::IpAddr::from([0; 4]) }
    };
    let listen = |ip| {
        let fd = socket::serve(&Address::ip(ip, port, 0), libc::SOCK_STREAM)?;
        socket::listen(&fd, 9).map(|()| fd)
    };
    let fd = match ip {
        Some(ip) => listen(ip),
        // both, where there is IPv6
        None => listen(any(true)).or_else(|_: Errno| listen(any(false))),
    };
    let fd = fd.map_err(|e| Error::os(format_args!("port {port}"), e))?;
    become_user(user.as_deref())?;
    if !foreground {
        if let Forked::Parent(_) = fork().map_err(|e| Error::os("cannot fork", e))? {
            return Ok(Status::OK);
        }
        let _ = nix::unistd::setsid();
    }
    let mut children = 0usize;
    loop {
        while children > 0 {
            // A full house waits for one to leave.
            let how = (children < CHILDREN_MAX).then_some(WaitPidFlag::WNOHANG);
            match waitpid(None, how) {
                Ok(status) if status.pid().is_some() => children -= 1,
                Ok(_) => break,
                Err(Errno::EINTR) => {}
                Err(_) => children = 0,
            }
        }
        let ready = socket::wait(fd.as_fd(), PollFlags::POLLIN, Duration::from_secs(5));
        if !ready.unwrap_or(false) {
            continue;
        }
        let Ok((connection, _)) = socket::accept(&fd, false) else {
            std::thread::sleep(Duration::from_millis(10));
            continue;
        };
        match fork() {
            Ok(Forked::Child) => {
                drop(fd);
                serve(cx, &root, &connection, verbose);
                exit_now(0);
            }
            Ok(Forked::Parent(_)) => children += 1,
            // It is told that nobody is there by the end of the connection.
            Err(errno) => cx.note(Error::os("cannot fork", errno)),
        }
    }
}

/// `[ADDR:]PORT`.
fn place(text: &[u8]) -> Result<(Option<std::net::IpAddr>, u16), Error> {
    let wrong = || Error::bad(show_bytes(text), "not a port");
    let at = text.iter().rposition(|&b| b == b':');
    let (ip, port) = match at {
        Some(at) => {
            let (ip, port) = text.split_at_checked(at).unwrap_or_default();
            (Some(address::parse(ip).ok_or_else(wrong)?), port.get(1..).unwrap_or_default())
        }
        None => (None, text),
    };
    let port = std::str::from_utf8(port).ok().and_then(|port| port.parse().ok());
    Ok((ip, port.ok_or_else(wrong)?))
}

/// `-d`: what a form sends; what makes no sense stays as it is.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((&first, behind)) = rest.split_first() {
        let escape = rest.get(..3).filter(|_| first == b'%').and_then(http::decode);
        rest = match &escape {
            Some(_) => rest.get(3..).unwrap_or_default(),
            None => behind,
        };
        match escape {
            Some(byte) => out.extend_from_slice(&byte),
            None => out.push(if first == b'+' { b' ' } else { first }),
        }
    }
    out
}

/// What is no letter or digit becomes `&#N;`.
fn encode(cx: &mut Ctx, text: &[u8]) -> Result<(), Error> {
    for &b in text {
        if b.is_ascii_alphanumeric() {
            cx.put(&[b])?;
        } else {
            cx.print(format_args!("&#{b};"))?;
        }
    }
    Ok(())
}

/// `USER[:GROUP]`, as names or numbers.
fn become_user(wanted: Option<&[u8]>) -> Result<(), Error> {
    let Some(wanted) = wanted else { return Ok(()) };
    let unknown = || Error::bad(show_bytes(wanted), "no such user or group");
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u32>().ok();
    let mut parts = wanted.splitn(2, |&b| b == b':');
    let (user, group) = (parts.next().unwrap_or_default(), parts.next());
    let mut users = Users::new();
    let known = users.uid(user).or_else(|| Some((number(user)?, None)));
    let (uid, own) = known.ok_or_else(unknown)?;
    let gid = match group {
        Some(group) => Some(users.gid(group).or_else(|| number(group)).ok_or_else(unknown)?),
        None => own,
    };
    let failed = |errno| Error::os(show_bytes(wanted), errno);
    let gid = nix::unistd::Gid::from_raw(gid.unwrap_or(uid));
    nix::unistd::setgroups(&[gid]).map_err(failed)?;
    nix::unistd::setgid(gid).map_err(failed)?;
    nix::unistd::setuid(nix::unistd::Uid::from_raw(uid)).map_err(failed)
}

/// One request, and the answer.
fn serve(cx: &mut Ctx, root: &OwnedFd, connection: &OwnedFd, verbose: bool) {
    let end = Instant::now() + PATIENCE;
    let mut bytes: Vec<u8> = Vec::new();
    while !http::is_complete(&bytes) && bytes.len() < http::REQUEST_MAX {
        let left = end.saturating_duration_since(Instant::now());
        if !socket::wait(connection.as_fd(), PollFlags::POLLIN, left).unwrap_or(false) {
            if left.is_zero() {
                refuse(connection, 408, b"");
                return;
            }
            continue;
        }
        let mut piece = [0; 1024];
        match nix::unistd::read(connection, &mut piece) {
            Ok(0) => return,
            Ok(count) => bytes.extend_from_slice(piece.get(..count).unwrap_or_default()),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(_) => return,
        }
    }
    let whole = http::is_complete(&bytes);
    let parsed = if whole { http::parse(&bytes) } else { Err(http::Refused::Nonsense) };
    let (status, path) = match parsed {
        Ok(request) => (answer(root, connection, &request), request.path),
        Err(http::Refused::Method) => (refuse(connection, 501, b""), Vec::new()),
        Err(http::Refused::Nonsense) => (refuse(connection, 400, b""), Vec::new()),
    };
    if verbose {
        cx.note(format_args!("url:{} response:{status}", show_bytes(&path)));
    }
    // What the client still says is read, or it would not see the answer.
    let _ = socket::end_writing(connection);
    let end = Instant::now() + Duration::from_secs(2);
    let mut rest = [0; 1024];
    while socket::wait(
        connection.as_fd(),
        PollFlags::POLLIN,
        end.saturating_duration_since(Instant::now()),
    )
    .unwrap_or(false)
    {
        if !nix::unistd::read(connection, &mut rest).is_ok_and(|count| count > 0) {
            break;
        }
    }
}

/// Sends the file, or says why not; the status.
fn answer(root: &OwnedFd, connection: &OwnedFd, request: &http::Request) -> u16 {
    let mut path = request.path.clone();
    if path.ends_with(b"/") {
        path.extend_from_slice(b"index.html");
    }
    // Neither a device nor a pipe keeps us waiting.
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let name = std::ffi::OsString::from_vec(path.clone());
    let file = match sys::path::open_in_root(root, name.as_os_str(), flags) {
        Ok(fd) => std::fs::File::from(fd),
        Err(Errno::EACCES | Errno::EPERM | Errno::ELOOP) => return refuse(connection, 403, b""),
        Err(_) => return refuse(connection, 404, b""),
    };
    let Ok(stat) = nix::sys::stat::fstat(&file) else { return refuse(connection, 404, b"") };
    match stat.st_mode & libc::S_IFMT {
        libc::S_IFREG => {}
        libc::S_IFDIR => {
            // The way that is asked for, with the slash that it lacks.
            let mut target = Vec::new();
            for &b in request.path.iter().chain(b"/") {
                match b {
                    b'/' | b'.' | b'-' | b'_' | b'~' => target.push(b),
                    b if b.is_ascii_alphanumeric() => target.push(b),
                    b => target.extend_from_slice(format!("%{b:02X}").as_bytes()),
                }
            }
            return refuse(connection, 302, &target);
        }
        _ => return refuse(connection, 403, b""),
    }
    let modified = date(stat.st_mtime);
    if request.since == modified.as_bytes() {
        return refuse(connection, 304, b"");
    }
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    let (mut from, mut to, mut status) = (0, size, 200);
    if let Some((first, last)) = request.range
        && first < size
    {
        (from, status) = (first, 206);
        to = last.map_or(size, |last| size.min(last.saturating_add(1)));
    }
    let mut head = head(status);
    head += &format!(
        "Content-type: {}\r\nAccept-Ranges: bytes\r\nLast-Modified: {modified}\r\n",
        http::kind_of(&path)
    );
    if status == 206 {
        head += &format!("Content-Range: bytes {from}-{}/{size}\r\n", to.saturating_sub(1));
    }
    head += &format!("Content-length: {}\r\n\r\n", to - from);
    if !write(connection, head.as_bytes()) || request.head {
        return status;
    }
    use std::io::{Seek, SeekFrom};
    if (&file).seek(SeekFrom::Start(from)).is_err() {
        return status;
    }
    let _ = socket::set_blocking(connection, false);
    while from < to {
        let piece = usize::try_from(PIECE.min(to - from)).unwrap_or(0);
        match sys::copying::send(file.as_fd(), connection.as_fd(), piece) {
            Ok(0) => break,
            Ok(count) => from += count as u64,
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => {
                let ready = socket::wait(connection.as_fd(), PollFlags::POLLOUT, PATIENCE);
                if !ready.unwrap_or(false) {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    status
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(seconds: i64) -> String {
    let c = Civil::of_utc(seconds);
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        c.weekday_name(),
        c.day,
        c.month_name(),
        c.year,
        c.hour,
        c.minute,
        c.second
    )
}

fn reason(status: u16) -> (&'static str, &'static str) {
    match status {
        200 => ("OK", ""),
        206 => ("Partial Content", ""),
        302 => ("Found", ""),
        304 => ("Not Modified", ""),
        400 => ("Bad Request", "Unsupported method"),
        403 => ("Forbidden", ""),
        404 => ("Not Found", "The requested URL was not found"),
        408 => ("Request Timeout", "No request appeared within 60 seconds"),
        _ => ("Not Implemented", "The requested method is not recognized"),
    }
}

/// What every answer begins with.
fn head(status: u16) -> String {
    let now = i64::try_from(sys::clock::now().as_secs()).unwrap_or(0);
    format!(
        "HTTP/1.1 {status} {}\r\nDate: {}\r\nConnection: close\r\n",
        reason(status).0,
        date(now)
    )
}

/// An answer that is no file; where to look for it.
fn refuse(connection: &OwnedFd, status: u16, location: &[u8]) -> u16 {
    let (title, text) = reason(status);
    let mut bytes = head(status).into_bytes();
    if status == 302 {
        bytes.extend_from_slice(&[b"Location: ", location, b"\r\n"].concat());
    }
    let body = format!(
        "<HTML><HEAD><TITLE>{status} {title}</TITLE></HEAD>\n\
         <BODY><H1>{status} {title}</H1>\n{text}\n</BODY></HTML>\n"
    );
    let body = if status == 304 { "" } else { &body };
    bytes.extend_from_slice(
        format!("Content-type: text/html\r\nContent-length: {}\r\n\r\n{body}", body.len())
            .as_bytes(),
    );
    write(connection, &bytes);
    status
}

fn write(connection: &OwnedFd, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match nix::unistd::write(connection, bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
    }
    true
}
