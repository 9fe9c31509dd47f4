//! wget: fetch a file by HTTP. Options of busybox.
//!
//! Deviation: no https and no ftp. A TLS library that is well kept is larger
//! than all the rest of this program; a URL that needs it is refused with that
//! reason, and a download says nothing about who it came from.

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::poll::PollFlags;
use nix::sys::stat::Mode;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::net::resolve;
use crate::sys::socket;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "wget",
    summary: "fetch a file by HTTP",
    usage: "[-cqS] [-O FILE] [-P DIR] [-T SEC] [-t N] [-U AGENT] [-Y on|off] [--header 'H: V']...\n\
            \x20           [--post-data TEXT | --post-file FILE] [--spider] URL...\n\
            \x20 -O  to FILE (- is standard output)   -P  into DIR     -o FILE  messages to FILE\n\
            \x20 -c  go on where an earlier one stopped   -q  quiet    -S  show the server's heads\n\
            \x20 -T  give up after SEC of silence (900)   -Y  use $http_proxy (on)\n\
            \x20 --spider  only look whether it is there\n\
            \x20https is not understood: fetch it elsewhere, or from a mirror with http",
    kind: Kind::Fork, // it waits
    run,
};

/// Heads longer than this are not read.
const HEAD_MAX: usize = 64 * 1024;

#[derive(Default)]
struct Choice {
    output: Option<OsString>,
    folder: Option<OsString>,
    proceed: bool,
    quiet: bool,
    show_heads: bool,
    spider: bool,
    no_proxy: bool,
    timeout: u64,
    redirects: u64,
    agent: Vec<u8>,
    headers: Vec<Vec<u8>>,
    body: Option<Vec<u8>>,
}

/// A URL in its parts.
struct Target {
    host: Vec<u8>,
    port: u16,
    path: Vec<u8>,
    user: Option<Vec<u8>>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c =
        Choice { timeout: 900, redirects: 10, agent: b"Wget".to_vec(), ..Choice::default() };
    let mut options = cx.parse(
        "O:output-document P:directory-prefix c,continue q,quiet S,server-response T:timeout t:tries \
         U:user-agent Y:proxy o:output-file s,spider -h:header -d:post-data -f:post-file \
         -k,no-check-certificate n: -m:max-redirect",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'O' => c.output = Some(options.value()),
            b'P' => c.folder = Some(options.value()),
            b'c' => c.proceed = true,
            b'q' => c.quiet = true,
            b'S' => c.show_heads = true,
            b'm' => c.redirects = options.number("not a number")?,
            b's' => c.spider = true,
            b'T' => c.timeout = options.number("not a number of seconds")?.max(1),
            b'U' => c.agent = options.bytes(),
            b'o' => {
                // What would be said on standard error is written there.
                let path = options.value();
                let log = std::fs::File::create(&path).map_err(|e| Error::os(show(&path), e))?;
                let said = cx.stderr.as_raw_fd();
                crate::sys::descriptor::copy_onto(log.as_raw_fd(), said)
                    .map_err(|e| Error::os(show(&path), e))?;
            }
            b'Y' => c.no_proxy = options.value() == "off",
            b'h' => c.headers.push(options.bytes()),
            b'd' => c.body = Some(options.bytes()),
            b'f' => {
                let path = options.value();
                c.body =
                    Some(crate::sys::file::read(&path).map_err(|e| Error::os(show(&path), e))?);
            }
            _ => {}
        }
    }
    let urls = options.operands;
    if urls.is_empty() {
        return Err(Error::usage("which URL?"));
    }
    for url in &urls {
        if let Err(error) = c.fetch(cx, url.as_bytes()) {
            cx.warn(error);
        }
    }
    Ok(cx.status())
}

fn target(url: &[u8]) -> Result<Target, Error> {
    let rest = match url.strip_prefix(b"http://") {
        Some(rest) => rest,
        None if url.starts_with(b"https://") => {
            return Err(Error::about(show_bytes(url), "https is not understood by this program"));
        }
        None if url.windows(3).any(|w| w == b"://") => {
            return Err(Error::about(show_bytes(url), "not an http or https url"));
        }
        None => url,
    };
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let (place, path) = rest.split_at_checked(end).unwrap_or_default();
    let path = path.split(|&b| b == b'#').next().unwrap_or_default();
    let mut path = path.to_vec();
    if path.first() != Some(&b'/') {
        path.insert(0, b'/');
    }
    // no line ends or blanks get into the request
    let path = path.iter().fold(Vec::new(), |mut out, &b| {
        match b {
            0..=b' ' | 0x7f.. => out.extend_from_slice(format!("%{b:02X}").as_bytes()),
            _ => out.push(b),
        }
        out
    });
    let (user, place) = match place.iter().rposition(|&b| b == b'@') {
        Some(at) => (place.get(..at).map(<[u8]>::to_vec), place.get(at + 1..).unwrap_or_default()),
        None => (None, place),
    };
    let bracket = place.iter().position(|&b| b == b']').map_or(0, |at| at + 1);
    let colon = place.iter().skip(bracket).position(|&b| b == b':').map(|at| at + bracket);
    let (host, port) = match colon {
        Some(at) => {
            let port = place.get(at + 1..).unwrap_or_default();
            let port = std::str::from_utf8(port).ok().and_then(|text| text.parse().ok());
            (
                place.get(..at).unwrap_or_default(),
                port.ok_or_else(|| Error::about(show_bytes(url), "no such port"))?,
            )
        }
        None => (place, 80),
    };
    if host.is_empty() || host.iter().any(|b| *b <= b' ') {
        return Err(Error::about(show_bytes(url), "it names no host"));
    }
    Ok(Target { host: host.to_vec(), port, path, user })
}

/// A connection that is read in lines and pieces.
struct Reader {
    fd: OwnedFd,
    buffer: Vec<u8>,
    start: usize,
    limit: Duration,
}

impl Reader {
    fn fill(&mut self) -> Result<bool, Error> {
        if !socket::wait(self.fd.as_fd(), PollFlags::POLLIN, self.limit)
            .map_err(|e| Error::os("poll", e))?
        {
            return Err(Error::msg("download timed out"));
        }
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
        }
        let before = self.buffer.len();
        self.buffer.resize(before + 32 * 1024, 0);
        let room = self.buffer.get_mut(before..).unwrap_or_default();
        let got = nix::unistd::read(&self.fd, room);
        self.buffer.truncate(before + *got.as_ref().unwrap_or(&0));
        match got {
            Ok(count) => Ok(count > 0),
            Err(Errno::EINTR | Errno::EAGAIN) => Ok(true),
            Err(errno) => Err(Error::os("read", errno)),
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// A line without its end; `None` at the end of all.
    fn line(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            if let Some(at) = self.rest().iter().position(|&b| b == b'\n') {
                let line = self.rest().get(..at).unwrap_or_default().trim_ascii_end().to_vec();
                self.start += at + 1;
                return Ok(Some(line));
            }
            if self.rest().len() > HEAD_MAX {
                return Err(Error::msg("the server's head is too long"));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }
}

impl Choice {
    fn fetch(&self, cx: &mut Ctx, url: &[u8]) -> Result<(), Error> {
        let mut place = target(url)?;
        let name = self.file_name(&place);
        let mut first = 0u64;
        if self.proceed
            && let Some(name) = &name
            && let Ok(meta) = std::fs::metadata(name)
        {
            first = meta.len();
        }
        let proxy = if self.no_proxy { None } else { cx.env.get(b"http_proxy") };
        let proxy = match proxy.filter(|proxy| !proxy.is_empty()) {
            Some(proxy) => Some(target(proxy.as_bytes())?),
            None => None,
        };
        for _ in 0..=self.redirects {
            let (mut reader, status, heads) = self.ask(cx, &place, proxy.as_ref(), first)?;
            let head = |wanted: &str| {
                let found =
                    heads.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
                found.map(|(_, value)| value.as_slice())
            };
            match status {
                200 | 201 | 202 | 203 | 206 => {}
                204 => return Ok(()),
                301 | 302 | 303 | 307 | 308 => {
                    let Some(to) = head("Location") else {
                        return Err(Error::msg("the server leads nowhere"));
                    };
                    let user = place.user.take();
                    let same = match to.starts_with(b"/") {
                        true => {
                            Target { path: to.to_vec(), host: place.host, port: place.port, user }
                        }
                        // what one host may know is not for another
                        false => target(to)?,
                    };
                    place = same;
                    continue;
                }
                416 if first > 0 => return Ok(()),
                _ => {
                    let line = heads.first().map(|(_, line)| line.clone()).unwrap_or_default();
                    return Err(Error::msg(format_args!(
                        "server returned error: {}",
                        show_bytes(&line)
                    )));
                }
            }
            if self.spider {
                return Ok(());
            }
            if status != 206 {
                first = 0;
            }
            let chunked =
                head("Transfer-Encoding").is_some_and(|v| v.eq_ignore_ascii_case(b"chunked"));
            let length = head("Content-Length")
                .and_then(|value| std::str::from_utf8(value.trim_ascii()).ok()?.parse().ok())
                .filter(|_| !chunked);
            return self.store(cx, &mut reader, name, first, length, chunked);
        }
        Err(Error::msg("too many redirections"))
    }

    /// Where it goes; `None` for standard output.
    fn file_name(&self, place: &Target) -> Option<OsString> {
        if let Some(output) = &self.output {
            return (output != "-").then(|| output.clone());
        }
        // A query is part of the name, whose slashes are not folders.
        let mut parts = place.path.splitn(2, |&b| b == b'?');
        let path = parts.next().unwrap_or_default();
        let last = path.rsplit(|&b| b == b'/').next().unwrap_or_default();
        let name = if matches!(last, b"" | b"." | b"..") { b"index.html".as_slice() } else { last };
        let mut name = name.to_vec();
        if let Some(query) = parts.next() {
            name.push(b'?');
            for &b in query {
                if b == b'/' { name.extend_from_slice(b"%2F") } else { name.push(b) }
            }
        }
        let name = OsString::from_vec(name);
        Some(match &self.folder {
            Some(folder) => std::path::Path::new(folder).join(name).into_os_string(),
            None => name,
        })
    }

    #[allow(clippy::type_complexity)] // the answer's parts
    fn ask(
        &self,
        cx: &mut Ctx,
        place: &Target,
        proxy: Option<&Target>,
        first: u64,
    ) -> Result<(Reader, u16, Vec<(Vec<u8>, Vec<u8>)>), Error> {
        let server = proxy.unwrap_or(place);
        let limit = Duration::from_secs(self.timeout);
        let host = server.host.strip_prefix(b"[").and_then(|h| h.strip_suffix(b"]"));
        let host = host.unwrap_or(&server.host);
        if !self.quiet {
            let text = format!("Connecting to {}:{}\n", show_bytes(&server.host), server.port);
            let _ = write_all(cx.stderr, text.as_bytes());
        }
        let (fd, _) = resolve::connect(host, server.port, 0, limit)?;
        let mut request: Vec<u8> = Vec::new();
        let has = |name: &[u8]| {
            self.headers
                .iter()
                .any(|h| h.get(..name.len()).is_some_and(|h| h.eq_ignore_ascii_case(name)))
        };
        request.extend_from_slice(if self.body.is_some() { b"POST " } else { b"GET " });
        let mut host = place.host.clone();
        if place.port != 80 {
            host.extend_from_slice(format!(":{}", place.port).as_bytes());
        }
        if proxy.is_some() {
            request.extend_from_slice(&[b"http://", host.as_slice()].concat());
        }
        request.extend_from_slice(&place.path);
        request.extend_from_slice(b" HTTP/1.1\r\n");
        let mut add = |name: &[u8], value: &[u8]| {
            if !has(name) {
                request.extend_from_slice(&[name, b" ", value, b"\r\n"].concat());
            }
        };
        add(b"Host:", &host);
        add(b"User-Agent:", &self.agent);
        add(b"Connection:", b"close");
        if let Some(user) = &place.user {
            let text = [b"Basic ".as_slice(), &base64(user)].concat();
            add(b"Authorization:", &text);
        }
        if first > 0 {
            add(b"Range:", format!("bytes={first}-").as_bytes());
        }
        if let Some(body) = &self.body {
            add(b"Content-Type:", b"application/x-www-form-urlencoded");
            add(b"Content-Length:", body.len().to_string().as_bytes());
        }
        for header in &self.headers {
            request.extend_from_slice(&[header.as_slice(), b"\r\n"].concat());
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(self.body.as_deref().unwrap_or_default());
        write_all(fd.as_fd(), &request).map_err(|e| Error::os("write", e))?;
        let mut reader = Reader { fd, buffer: Vec::new(), start: 0, limit };
        loop {
            let Some(line) = reader.line()? else {
                return Err(Error::msg("no response from server"));
            };
            let number = line.split(|&b| b == b' ').nth(1).unwrap_or_default();
            let status = std::str::from_utf8(number).ok().and_then(|text| text.parse().ok());
            let Some(status) = status.filter(|_| line.starts_with(b"HTTP/")) else {
                return Err(Error::msg("the server does not speak HTTP"));
            };
            let mut heads = vec![(Vec::new(), line.clone())];
            if self.show_heads {
                self.show_head(cx, &line);
            }
            while let Some(line) = reader.line()?.filter(|line| !line.is_empty()) {
                if self.show_heads {
                    self.show_head(cx, &line);
                }
                let colon = line.iter().position(|&b| b == b':').unwrap_or(line.len());
                let (name, value) = line.split_at_checked(colon).unwrap_or_default();
                let value = value.get(1..).unwrap_or_default().trim_ascii();
                if heads.len() < 200 {
                    heads.push((name.to_vec(), value.to_vec()));
                }
            }
            // 100 is only a word in between
            if status >= 200 {
                return Ok((reader, status, heads));
            }
        }
    }

    fn show_head(&self, cx: &Ctx, line: &[u8]) {
        let _ = write_all(cx.stderr, format!("  {}\n", show_bytes(line)).as_bytes());
    }

    fn store(
        &self,
        cx: &mut Ctx,
        reader: &mut Reader,
        name: Option<OsString>,
        first: u64,
        length: Option<u64>,
        chunked: bool,
    ) -> Result<(), Error> {
        let file = match &name {
            None => None,
            Some(path) => {
                let mut flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_CLOEXEC;
                flags |= if first > 0 {
                    OFlag::O_APPEND
                } else if self.output.is_some() || self.proceed {
                    OFlag::O_TRUNC
                } else {
                    // what is there is not overwritten unasked
                    OFlag::O_EXCL
                };
                let mode = Mode::from_bits_truncate(0o666);
                Some(open(path.as_os_str(), flags, mode).map_err(|e| Error::os(show(path), e))?)
            }
        };
        let shown = name.as_ref().map_or_else(|| "-".to_string(), |name| show(name).to_string());
        let what = if name.is_some() {
            format!("saving to '{shown}'\n")
        } else {
            "writing to stdout\n".into()
        };
        if !self.quiet {
            let _ = write_all(cx.stderr, what.as_bytes());
        }
        let out = match &file {
            Some(file) => file.as_fd(),
            None => cx.stdout,
        };
        let mut meter = Meter {
            on: !self.quiet && nix::unistd::isatty(cx.stderr).unwrap_or(false),
            at: Instant::now(),
        };
        let mut done = 0u64;
        let mut copy =
            |reader: &mut Reader, mut left: Option<u64>, cx: &Ctx| -> Result<(), Error> {
                while left != Some(0) {
                    if reader.rest().is_empty() && !reader.fill()? {
                        break;
                    }
                    let piece = reader.rest();
                    let room =
                        left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
                    let piece = piece.get(..room).unwrap_or(piece);
                    write_all(out, piece).map_err(|e| Error::os(&shown, e))?;
                    let count = piece.len();
                    done += count as u64;
                    left = left.map(|left| left.saturating_sub(count as u64));
                    reader.start += count;
                    meter.show(cx, first + done, length.map(|n| first + n));
                }
                if left.is_some_and(|left| left > 0) {
                    return Err(Error::msg("connection closed prematurely"));
                }
                Ok(())
            };
        if chunked {
            loop {
                let line = reader.line()?.unwrap_or_default();
                let digits = line.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
                let size = std::str::from_utf8(digits).ok();
                let size = size.and_then(|text| u64::from_str_radix(text, 16).ok());
                let size = size.ok_or_else(|| Error::msg("the server's chunks make no sense"))?;
                if size == 0 {
                    break;
                }
                copy(reader, Some(size), cx)?;
                reader.line()?;
            }
        } else {
            copy(reader, length, cx)?;
        }
        if !self.quiet {
            let mut text = Vec::new();
            let end = if meter.on { "\n" } else { "" };
            let _ = match name {
                Some(_) => writeln!(text, "{end}'{shown}' saved"),
                None => writeln!(text, "{end}written to stdout"),
            };
            let _ = write_all(cx.stderr, &text);
        }
        Ok(())
    }
}

/// How far it is, on a terminal.
struct Meter {
    on: bool,
    at: Instant,
}

impl Meter {
    fn show(&mut self, cx: &Ctx, done: u64, whole: Option<u64>) {
        let last = whole == Some(done);
        if !self.on || !last && self.at.elapsed() < Duration::from_millis(200) {
            return;
        }
        self.at = Instant::now();
        let text = match whole.filter(|n| *n > 0) {
            Some(whole) => {
                format!("\r{:>3}%  {done} of {whole} bytes", done.saturating_mul(100) / whole)
            }
            None => format!("\r{done} bytes"),
        };
        let _ = write_all(cx.stderr, text.as_bytes());
    }
}

/// RFC 4648, for a password.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    for three in bytes.chunks(3) {
        let at = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for n in 0..4 {
            let digit = DIGITS.get((word >> (18 - 6 * n) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if n > three.len() { b'=' } else { digit });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> String {
        match target(url.as_bytes()) {
            Ok(t) => format!("{} {} {}", show_bytes(&t.host), t.port, show_bytes(&t.path)),
            Err(error) => format!("! {error}"),
        }
    }

    #[test]
    fn urls() {
        assert_eq!(parts("http://a.b/c?d#e"), "a.b 80 /c?d");
        assert_eq!(parts("a.b"), "a.b 80 /");
        assert_eq!(parts("http://u:p@a:8080?x"), "a 8080 /?x");
        assert_eq!(parts("http://[::1]:81/x y"), "[::1] 81 /x%20y");
        assert_eq!(parts("https://a/"), "! https://a/: https is not understood by this program");
        assert_eq!(parts("ftp://a/"), "! ftp://a/: not an http or https url");
        assert_eq!(parts("http://a:x/"), "! http://a:x/: no such port");
        assert_eq!(parts("http:///x"), "! http:///x: it names no host");
        assert_eq!(base64(b"u:p"), b"dTpw");
        assert_eq!(base64(b"user:pass"), b"dXNlcjpwYXNz");
        assert_eq!(base64(b"a"), b"YQ==");
    }
}
