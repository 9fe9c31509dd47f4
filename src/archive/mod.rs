//! Archives: tar, cpio, zip and ar, what they hold, and how it comes safely onto
//! a file system.

pub mod ar;
pub mod cpio;
pub mod disk;
pub mod extract;
pub mod list;
pub mod name;
pub mod tar;
pub mod zip;

use crate::compress::{self, Unpacker};
use crate::cpio::{BLOCK, CHARACTER, DIRECTORY, FIFO, REGULAR, SOCKET, SYMLINK, TYPE_MASK};

/// What an archive says of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its name, as it is in the archive.
    pub name: Vec<u8>,
    /// Of a symbolic link its target, of a hard link the name of the file.
    pub link: Vec<u8>,
    /// Whether it is another name of a file that came before.
    pub hard: bool,
    /// Kind and permissions.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// The owner's name, when the archive has it.
    pub user: Vec<u8>,
    /// The group's name, when the archive has it.
    pub group: Vec<u8>,
    /// Seconds since 1970 of the last change.
    pub mtime: i64,
    /// Nanoseconds of it.
    pub nanos: u32,
    /// How many bytes of it are in the archive.
    pub stored: u64,
    /// How long it is; more than `stored` when it has holes.
    pub size: u64,
    /// What of a file with holes is stored: offset and length.
    pub map: Option<Vec<(u64, u64)>>,
    /// The device that it is: major and minor number.
    pub rdev: (u32, u32),
    /// What tells the file from others where links are known by that, and how
    /// many names it has.
    pub inode: (u32, u32, u32),
    /// See `inode`.
    pub nlink: u32,
    /// Where it begins in the archive.
    pub offset: u64,
}

impl Entry {
    /// The part of the mode that is the kind of file.
    pub fn kind(&self) -> u32 {
        self.mode & TYPE_MASK
    }

    /// Whether it is of a kind that there is. bsdtar writes hard links from tar
    /// archives into cpio archives with none.
    pub fn is_known(&self) -> bool {
        let known = [BLOCK, CHARACTER, DIRECTORY, FIFO, REGULAR, SOCKET, SYMLINK];
        self.hard || known.contains(&self.kind())
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.kind() == DIRECTORY
    }

    /// Whether it is a file with content of its own.
    pub fn is_file(&self) -> bool {
        self.kind() == REGULAR && !self.hard
    }

    /// Whether it is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        self.kind() == SYMLINK
    }

    /// Whether it is a device.
    pub fn is_device(&self) -> bool {
        matches!(self.kind(), BLOCK | CHARACTER)
    }
}

/// What is wrong with an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It cannot be unpacked.
    Packed(compress::Error),
    /// It ends too early.
    Short,
    /// What is at this offset is no header.
    Header(u64),
    /// A sum of what is at this offset is wrong.
    Checksum(u64),
    /// There is nothing in it at all.
    Empty,
}

impl From<compress::Error> for Damage {
    fn from(error: compress::Error) -> Damage {
        match error.cause {
            compress::Cause::Truncated => Damage::Short,
            _ => Damage::Packed(error),
        }
    }
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Damage::Packed(error) => error.fmt(f),
            Damage::Short => f.write_str("short read"),
            Damage::Header(at) => write!(f, "no header at byte {at}"),
            Damage::Checksum(at) => write!(f, "wrong checksum at byte {at}"),
            Damage::Empty => f.write_str("short read"),
        }
    }
}

/// The content of an entry: pieces, and at last an empty one.
pub trait Content {
    /// The next piece.
    fn piece(&mut self) -> Result<&[u8], Damage>;
}

/// So many bytes of a stream.
pub struct Part<'s, 'a> {
    stream: &'s mut Unpacker<'a>,
    left: u64,
    /// Of the piece given out last.
    given: usize,
    /// The sum of all bytes.
    pub sum: u32,
    summed: bool,
}

impl<'s, 'a> Part<'s, 'a> {
    /// The next `length` bytes of a stream; dropping it drops them.
    pub fn new(stream: &'s mut Unpacker<'a>, length: u64) -> Part<'s, 'a> {
        Part { stream, left: length, given: 0, sum: 0, summed: false }
    }

    /// One whose bytes are added up.
    pub fn summed(stream: &'s mut Unpacker<'a>, length: u64) -> Part<'s, 'a> {
        Part { summed: true, ..Part::new(stream, length) }
    }

    /// Passes over what is left.
    pub fn finish(mut self) -> Result<u32, Damage> {
        if self.summed {
            while !self.piece()?.is_empty() {}
        } else {
            self.settle();
            self.stream.skip(self.left)?;
        }
        Ok(self.sum)
    }

    fn settle(&mut self) {
        self.stream.consume(self.given);
        self.left -= self.given as u64;
        self.given = 0;
    }
}

impl Content for Part<'_, '_> {
    fn piece(&mut self) -> Result<&[u8], Damage> {
        self.settle();
        if self.left == 0 {
            return Ok(&[]);
        }
        let some = self.stream.available()?;
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(some.len());
        let some = some.get(..most).unwrap_or_default();
        if some.is_empty() {
            return Err(Damage::Short);
        }
        self.given = some.len();
        if self.summed {
            for &byte in some {
                self.sum = self.sum.wrapping_add(u32::from(byte));
            }
        }
        Ok(some)
    }
}

/// Content that is here.
pub struct Bytes<'a>(pub &'a [u8]);

impl Content for Bytes<'_> {
    fn piece(&mut self) -> Result<&[u8], Damage> {
        Ok(std::mem::take(&mut self.0))
    }
}
