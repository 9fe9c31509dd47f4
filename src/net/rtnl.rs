//! Messages of rtnetlink, made and read. Pure. rtnetlink(7), netlink(7).
//!
//! A message is a head of 16 bytes, a struct of its kind (`ifinfomsg`,
//! `ifaddrmsg`, `rtmsg`, `ndmsg`) and attributes, each with its length, kind
//! and padding to four bytes; all in the machine's byte order. Own code: the
//! crates for it name every attribute there is (96 to 529 KB); this needs a
//! score of them.

/// Length of a message's head.
const HEAD: usize = 16;

/// A message to the kernel.
pub struct Request(Vec<u8>);

impl Request {
    /// A message of this kind with the struct that belongs to it. Of `flags`,
    /// NLM_F_REQUEST is set here.
    pub fn new(kind: u16, flags: i32, fixed: &[u8]) -> Request {
        let mut bytes = vec![0; 4];
        bytes.extend_from_slice(&kind.to_ne_bytes());
        let flags = u16::try_from(flags).unwrap_or(0) | libc::NLM_F_REQUEST as u16;
        bytes.extend_from_slice(&flags.to_ne_bytes());
        bytes.resize(HEAD, 0);
        bytes.extend_from_slice(fixed);
        let mut request = Request(bytes);
        request.pad();
        request
    }

    fn pad(&mut self) {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    /// Adds an attribute.
    #[inline(never)]
    pub fn put(&mut self, kind: u16, value: &[u8]) {
        let length = u16::try_from(value.len().saturating_add(4)).unwrap_or(4);
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.pad();
    }

    /// Adds an attribute that is a number of 32 bits.
    pub fn put_u32(&mut self, kind: u16, value: u32) {
        self.put(kind, &value.to_ne_bytes());
    }

    /// Adds an attribute that is a string, with its NUL.
    pub fn put_name(&mut self, kind: u16, name: &[u8]) {
        let mut value = name.to_vec();
        value.push(0);
        self.put(kind, &value);
    }

    /// Adds a struct inside an attribute.
    pub fn put_struct(&mut self, fixed: &[u8]) {
        self.0.extend_from_slice(fixed);
        self.pad();
    }

    /// Opens an attribute that holds attributes; [`Request::close`] ends it.
    pub fn open(&mut self, kind: u16) -> usize {
        let at = self.0.len();
        self.put(kind, &[]);
        at
    }

    /// Ends what [`Request::open`] began.
    pub fn close(&mut self, at: usize) {
        let length = u16::try_from(self.0.len().saturating_sub(at)).unwrap_or(4);
        if let Some(place) = self.0.get_mut(at..at.saturating_add(2)) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
    }

    /// The message with its length and number.
    pub fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = u32::try_from(self.0.len()).unwrap_or(0).to_ne_bytes();
        for (place, value) in [(0, length), (8, sequence.to_ne_bytes())] {
            if let Some(place) = self.0.get_mut(place..place + 4) {
                place.copy_from_slice(&value);
            }
        }
        self.0
    }
}

/// A message from the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// RTM_NEWLINK, NLMSG_ERROR...
    pub kind: u16,
    /// NLM_F_MULTI...
    pub flags: u16,
    /// The number of the request that it answers.
    pub sequence: u32,
    /// The struct and the attributes.
    pub body: &'a [u8],
}

impl<'a> Message<'a> {
    /// The struct of the kind, of `size` bytes, and the attributes behind it.
    pub fn split(&self, size: usize) -> Option<(&'a [u8], &'a [u8])> {
        let (fixed, _) = self.body.split_at_checked(size)?;
        Some((fixed, self.body.get(size.next_multiple_of(4)..).unwrap_or_default()))
    }

    /// The error number of an NLMSG_ERROR or NLMSG_DONE; 0 is success.
    pub fn error(&self) -> i32 {
        i32::from_ne_bytes(part(self.body, 0)).saturating_neg()
    }
}

/// The messages in what one read gave; what is torn ends the list.
pub fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let length = usize::try_from(u32::from_ne_bytes(part(bytes, 0))).ok()?;
        let body = bytes.get(HEAD..length)?;
        let message = Message {
            kind: u16::from_ne_bytes(part(bytes, 4)),
            flags: u16::from_ne_bytes(part(bytes, 6)),
            sequence: u32::from_ne_bytes(part(bytes, 8)),
            body,
        };
        bytes = bytes.get(length.checked_next_multiple_of(4)?..).unwrap_or_default();
        Some(message)
    })
}

/// The first attribute, its kind without the flags for nesting and byte order,
/// and what is behind it.
pub fn attribute(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = usize::from(u16::from_ne_bytes(part(bytes, 0)));
    let value = bytes.get(4..length)?;
    let kind = u16::from_ne_bytes(part(bytes, 2)) & 0x3fff;
    Some((kind, value, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

/// The attribute of this kind; the last of several. Nothing where there is
/// none.
#[inline(never)]
pub fn find(mut bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut found = None;
    while let Some((kind, value, rest)) = attribute(bytes) {
        if kind == wanted {
            found = Some(value);
        }
        bytes = rest;
    }
    found
}

/// An attribute that is a number of 8, 16, 32 or 64 bits.
#[inline(never)]
pub fn find_number(bytes: &[u8], wanted: u16) -> Option<u64> {
    find(bytes, wanted).map(as_number)
}

/// A number of 8, 16, 32 or 64 bits.
pub fn as_number(value: &[u8]) -> u64 {
    match value.len() {
        0 => 0,
        1 => u64::from(u8::from_ne_bytes(part(value, 0))),
        2 | 3 => u64::from(u16::from_ne_bytes(part(value, 0))),
        4..8 => u64::from(u32::from_ne_bytes(part(value, 0))),
        _ => u64::from_ne_bytes(part(value, 0)),
    }
}

/// An attribute that is a string, without its NUL.
#[inline(never)]
pub fn find_name(bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    find(bytes, wanted)?.split(|&b| b == 0).next()
}

/// `N` bytes from `at` on; zeros where there are none.
pub fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    for (to, from) in part.iter_mut().zip(bytes.get(at..).unwrap_or_default()) {
        *to = *from;
    }
    part
}

/// Reads everything there is in `data`, for the fuzzer.
pub fn exercise(data: &[u8]) {
    for message in messages(data) {
        let _ = message.error();
        for size in [4, 8, 12, 16] {
            let Some((_, mut rest)) = message.split(size) else { continue };
            let _ = (find_number(rest, 3), find_name(rest, 3));
            while let Some((_, value, more)) = attribute(rest) {
                assert!(more.len() < rest.len());
                let _ = find(value, 1);
                rest = more;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_back() {
        let mut request = Request::new(16, 5, &[1, 2, 3, 4]);
        request.put_name(3, b"eth0");
        let nest = request.open(18);
        request.put(1, b"x");
        request.put_u32(2, 7);
        request.close(nest);
        let bytes = request.finish(9);
        let list: Vec<Message> = messages(&bytes).collect();
        assert_eq!(list.len(), 1);
        assert_eq!((list[0].kind, list[0].flags, list[0].sequence), (16, 5, 9));
        let (fixed, rest) = list[0].split(4).unwrap();
        assert_eq!(fixed, [1, 2, 3, 4]);
        assert_eq!(find_name(rest, 3), Some(b"eth0".as_slice()));
        let nested = find(rest, 18).unwrap();
        assert_eq!(find(nested, 1), Some(b"x".as_slice()));
        assert_eq!(find_number(nested, 2), Some(7));
        assert_eq!(find(nested, 4), None);
        exercise(&bytes);
    }

    #[test]
    fn torn_messages_end_the_list() {
        let bytes = Request::new(16, 0, &[0; 16]).finish(1);
        for n in 0..bytes.len() {
            assert_eq!(messages(&bytes[..n]).count(), 0);
        }
        assert_eq!(messages(&[0; 64]).count(), 0);
        assert_eq!(attribute(&[3, 0, 1, 0]), None);
        assert_eq!(attribute(&[4, 0, 1, 0]), Some((1, b"".as_slice(), b"".as_slice())));
    }
}
