//! ar archives: what Debian packages and static libraries are. Names as System V
//! and GNU (`//` and `/N`) and as BSD (`#1/N`) have them.

use crate::compress::Unpacker;
use crate::cpio::REGULAR;

use super::{Damage, Entry};

/// Begins an archive.
pub const MAGIC: &[u8; 8] = b"!<arch>\n";

/// Longer names, and longer tables of them, are refused.
const MOST_TEXT: u64 = 1 << 20;

/// Reads the members of an archive.
#[derive(Default)]
pub struct Ar {
    begun: bool,
    names: Vec<u8>,
}

fn number(field: &[u8], base: u32) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?.trim();
    if text.is_empty() {
        return Some(0);
    }
    u64::from_str_radix(text, base).ok()
}

fn text(stream: &mut Unpacker, size: u64) -> Result<Vec<u8>, Damage> {
    if size > MOST_TEXT {
        return Err(Damage::Header(stream.position()));
    }
    let mut bytes = vec![0; size as usize];
    if stream.exact(&mut bytes)? < bytes.len() {
        return Err(Damage::Short);
    }
    Ok(bytes)
}

impl Ar {
    /// The next member; its data, [`Entry::stored`] bytes, and one more where
    /// that is odd, are next in the stream. Nothing at the end.
    pub fn next(&mut self, stream: &mut Unpacker) -> Result<Option<Entry>, Damage> {
        if !self.begun {
            let mut magic = [0; 8];
            if stream.exact(&mut magic)? < 8 || magic != *MAGIC {
                return Err(Damage::Header(0));
            }
            self.begun = true;
        }
        loop {
            let offset = stream.position();
            let mut head = [0; 60];
            match stream.exact(&mut head)? {
                0 => return Ok(None),
                60 => {}
                _ => return Err(Damage::Short),
            }
            let field = |from: usize, to: usize| head.get(from..to).unwrap_or_default();
            let wrong = || Damage::Header(offset);
            if field(58, 60) != b"`\n" {
                return Err(wrong());
            }
            let mut size = number(field(48, 58), 10).ok_or_else(wrong)?;
            let name = field(0, 16).trim_ascii_end();
            if name == b"//" {
                self.names = text(stream, size)?;
                stream.skip(size & 1)?;
                continue;
            }
            let mut name = name.to_vec();
            if let Some(length) = name.strip_prefix(b"#1/") {
                let length = number(length, 10).filter(|n| *n <= size).ok_or_else(wrong)?;
                name = text(stream, length)?;
                size -= length;
                let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
                name.truncate(end);
            } else if let Some(at) = name.strip_prefix(b"/").filter(|at| !at.is_empty())
                && let Some(at) = number(at, 10)
            {
                let rest = usize::try_from(at).ok().and_then(|at| self.names.get(at..));
                let rest = rest.ok_or_else(wrong)?;
                let line = rest.split(|&b| b == b'\n').next().unwrap_or_default();
                name = line.strip_suffix(b"/").unwrap_or(line).to_vec();
            } else if name.len() > 1 && name != b"/SYM64/" && name.ends_with(b"/") {
                name.pop();
            }
            return Ok(Some(Entry {
                name,
                mtime: number(field(16, 28), 10).ok_or_else(wrong)? as i64,
                uid: number(field(28, 34), 10).ok_or_else(wrong)? as u32,
                gid: number(field(34, 40), 10).ok_or_else(wrong)? as u32,
                mode: REGULAR | number(field(40, 48), 8).ok_or_else(wrong)? as u32 & 0o7777,
                stored: size,
                size,
                nlink: 1,
                offset,
                ..Entry::default()
            }));
        }
    }
}

/// Puts the header of a member; `name` is what stands for its name there.
pub fn put(entry: &Entry, name: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    for (value, width) in [
        (name.to_vec(), 16),
        (entry.mtime.max(0).to_string().into_bytes(), 12),
        (entry.uid.to_string().into_bytes(), 6),
        (entry.gid.to_string().into_bytes(), 6),
        (format!("{:o}", entry.mode).into_bytes(), 8),
        (entry.stored.to_string().into_bytes(), 10),
    ] {
        let end = out.len() + width;
        out.extend_from_slice(value.get(..width.min(value.len())).unwrap_or_default());
        out.resize(end, b' ');
    }
    out.extend_from_slice(b"`\n");
    debug_assert_eq!(out.len() - start, 60);
}

/// Everything that is read from an archive, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let input = crate::compress::Input::of_slice(bytes);
    let mut stream = Unpacker::new(crate::compress::Format::None, input);
    let mut ar = Ar::default();
    while let Ok(Some(entry)) = ar.next(&mut stream) {
        if stream.skip(entry.stored.saturating_add(entry.stored & 1)).is_err() {
            return;
        }
    }
}
