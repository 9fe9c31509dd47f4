//! The server's side of HTTP: requests read, names made of paths. Pure. RFC
//! 9110, 9112.

/// The longest request that is read, with its headers.
pub const REQUEST_MAX: usize = 8192;

/// What a client wants.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// HEAD: without the file.
    pub head: bool,
    /// The name, decoded, without what stands behind a `?`; it begins with `/`.
    pub path: Vec<u8>,
    /// The part of the file: from byte, to byte (perhaps open).
    pub range: Option<(u64, Option<u64>)>,
    /// Only if it is newer, as the server has dated it.
    pub since: Vec<u8>,
}

/// Why a request is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// 400.
    Nonsense,
    /// 501.
    Method,
}

/// Whether the head of a request is complete.
pub fn is_complete(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"\r\n\r\n").is_some()
        || memchr::memmem::find(bytes, b"\n\n").is_some()
}

/// Reads the head of a request.
pub fn parse(bytes: &[u8]) -> Result<Request, Refused> {
    let mut lines = bytes.split(|&b| b == b'\n').map(|line| line.trim_ascii_end());
    let first = lines.next().unwrap_or_default();
    let mut words = first.split(|&b| b == b' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next());
    let head = match method {
        b"GET" => false,
        b"HEAD" => true,
        _ if !method.is_empty() && method.iter().all(u8::is_ascii_uppercase) => {
            return Err(Refused::Method);
        }
        _ => return Err(Refused::Nonsense),
    };
    let target = target.unwrap_or_default();
    // A proxy's form: the host is ours, whatever it is called.
    let target = match target.strip_prefix(b"http://") {
        Some(rest) => {
            let at = rest.iter().position(|&b| b == b'/');
            at.and_then(|at| rest.get(at..)).unwrap_or(b"/")
        }
        None => target,
    };
    let target = target.split(|&b| matches!(b, b'?' | b'#')).next().unwrap_or_default();
    let path = decode(target).filter(|path| path.starts_with(b"/") && !path.contains(&0));
    let mut request =
        Request { head, path: path.ok_or(Refused::Nonsense)?, range: None, since: Vec::new() };
    for line in lines.take_while(|line| !line.is_empty()) {
        let Some(colon) = line.iter().position(|&b| b == b':') else { continue };
        let (name, value) = line.split_at_checked(colon).unwrap_or_default();
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"range") {
            request.range = range(value);
        }
        if name.eq_ignore_ascii_case(b"if-modified-since") {
            request.since = value.to_vec();
        }
    }
    Ok(request)
}

/// `bytes=A-[B]`; several parts, or the last bytes, are not served as such.
fn range(value: &[u8]) -> Option<(u64, Option<u64>)> {
    let value = value.strip_prefix(b"bytes=")?;
    let dash = value.iter().position(|&b| b == b'-')?;
    let (from, to) = value.split_at_checked(dash)?;
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u64>().ok();
    let to = match to.get(1..)? {
        b"" => None,
        text => Some(number(text)?),
    };
    let from = number(from)?;
    to.is_none_or(|to| to >= from).then_some((from, to))
}

/// Takes `%XX` for the byte; `None` where that makes no sense.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&b) = bytes.next() {
        out.push(match b {
            b'%' => {
                let digits = [*bytes.next()?, *bytes.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return None;
                }
                u8::from_str_radix(digits, 16).ok()?
            }
            b => b,
        });
    }
    Some(out)
}

/// The kind of a file by the end of its name.
pub fn kind_of(path: &[u8]) -> &'static str {
    const KINDS: [(&[u8], &str); 18] = [
        (b"html", "text/html"),
        (b"htm", "text/html"),
        (b"txt", "text/plain"),
        (b"c", "text/plain"),
        (b"h", "text/plain"),
        (b"css", "text/css"),
        (b"js", "text/javascript"),
        (b"jpg", "image/jpeg"),
        (b"jpeg", "image/jpeg"),
        (b"gif", "image/gif"),
        (b"png", "image/png"),
        (b"svg", "image/svg+xml"),
        (b"wav", "audio/wav"),
        (b"avi", "video/x-msvideo"),
        (b"mpeg", "video/mpeg"),
        (b"json", "application/json"),
        (b"pdf", "application/pdf"),
        (b"xml", "application/xml"),
    ];
    let name = path.rsplit(|&b| b == b'/').next().unwrap_or_default();
    let end = match name.iter().rposition(|&b| b == b'.') {
        Some(dot) => name.get(dot + 1..).unwrap_or_default(),
        None => b"",
    };
    let known = KINDS.iter().find(|(other, _)| other.eq_ignore_ascii_case(end));
    known.map_or("application/octet-stream", |(_, kind)| kind)
}

/// Reads anything, for the fuzzer.
pub fn exercise(bytes: &[u8]) {
    if let Ok(request) = parse(bytes) {
        assert!(request.path.starts_with(b"/") && request.path.len() <= bytes.len());
        let _ = kind_of(&request.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(text: &str) -> Request {
        parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn requests() {
        let request = get("GET /a%20b/c.txt?x=1 HTTP/1.1\r\nHost: x\r\nRange: bytes=5-\r\n\r\n");
        assert_eq!((request.head, request.path.as_slice()), (false, b"/a b/c.txt".as_slice()));
        assert_eq!(request.range, Some((5, None)));
        assert_eq!(get("HEAD / HTTP/1.0\n\n").path, b"/");
        assert!(get("HEAD / HTTP/1.0\n\n").head);
        assert_eq!(get("GET http://h:80/x HTTP/1.1\r\n\r\n").path, b"/x");
        assert_eq!(get("GET http://h HTTP/1.1\r\n\r\n").path, b"/");
        assert_eq!(get("GET /x\r\n").path, b"/x");
        assert_eq!(get("GET / HTTP/1.1\r\nrange: bytes=1-4\r\n").range, Some((1, Some(4))));
        for range in ["bytes=-5", "bytes=5-4", "bytes=1-2,4-5", "lines=1-2", "bytes=a-b"] {
            assert_eq!(get(&format!("GET / HTTP/1.1\r\nRange: {range}\r\n")).range, None);
        }
        for bad in
            ["", "\r\n", "GET", "GET \r\n", "GET x HTTP/1.1", "get / x", "GET /%zz x", "GET /%0"]
        {
            assert_eq!(parse(bad.as_bytes()), Err(Refused::Nonsense), "{bad}");
        }
        assert_eq!(parse(b"GET /a%00b HTTP/1.1\r\n"), Err(Refused::Nonsense));
        assert_eq!(parse(b"POST / HTTP/1.1\r\n"), Err(Refused::Method));
        assert!(is_complete(b"GET / HTTP/1.1\r\n\r\n") && !is_complete(b"GET / HTTP/1.1\r\nA: b"));
    }

    #[test]
    fn kinds() {
        assert_eq!(kind_of(b"/a/index.HTML"), "text/html");
        assert_eq!(kind_of(b"/a.b/c"), "application/octet-stream");
        assert_eq!(kind_of(b"/"), "application/octet-stream");
    }
}
