//! What kind of program a file is, from its first bytes: an ELF executable and
//! its interpreter, or a script and its.
//!
//! Sources: elf(5), `fs/binfmt_elf.c`, `fs/binfmt_script.c`.

use std::fmt::{self, Display};

/// How much of a file is looked at.
pub const HEAD: usize = 4096;

/// A program that the kernel could run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program<'a> {
    /// An ELF executable without an interpreter.
    Static,
    /// An ELF executable whose interpreter's name is in the file at this
    /// offset, with this length (and a NUL at its end).
    Dynamic {
        /// Offset in the file.
        offset: u64,
        /// Length, at most 4096.
        length: usize,
    },
    /// A script: its interpreter.
    Script(&'a [u8]),
}

/// Why a file is no program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Nothing in it.
    Empty,
    /// Neither ELF nor `#!`.
    Format,
    /// An ELF file, but of another kind: an object, a core dump.
    NotExecutable,
    /// Cut off or garbled.
    Damaged,
    /// For this other machine (`EM_*` of elf.h, 32 or 64 bits).
    Machine(u16, u8),
    /// `#!` with nothing behind it.
    NoInterpreter,
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Error::Empty => f.write_str("an empty file"),
            Error::Format => f.write_str("no program: neither an ELF file nor a script with #!"),
            Error::NotExecutable => f.write_str("an ELF file, but no executable"),
            Error::Damaged => f.write_str("a damaged ELF file"),
            Error::Machine(machine, bits) => {
                let other = match machine_name(machine) {
                    Some(name) => name,
                    None => return write!(f, "a program for another machine (ELF {machine})"),
                };
                write!(
                    f,
                    "a {bits}-bit program for {other}, this machine is {}",
                    std::env::consts::ARCH
                )
            }
            Error::NoInterpreter => f.write_str("a script whose #! names no interpreter"),
        }
    }
}

fn machine_name(machine: u16) -> Option<&'static str> {
    Some(match machine {
        3 => "x86",
        8 => "mips",
        20 => "powerpc",
        21 => "powerpc64",
        22 => "s390x",
        40 => "arm",
        62 => "x86_64",
        183 => "aarch64",
        243 => "riscv",
        258 => "loongarch",
        _ => return None,
    })
}

/// The machines whose programs this one runs.
const OURS: &[u16] = if cfg!(target_arch = "x86_64") {
    &[62, 3]
} else if cfg!(target_arch = "aarch64") {
    &[183, 40]
} else if cfg!(target_arch = "riscv64") {
    &[243]
} else {
    &[]
};

/// What the file that begins with `head` is. `head` is all of it or at least
/// [`HEAD`] bytes.
pub fn kind(head: &[u8]) -> Result<Program<'_>, Error> {
    if head.is_empty() {
        return Err(Error::Empty);
    }
    if let Some(rest) = head.strip_prefix(b"#!") {
        let line = rest.split(|&b| b == b'\n').next().unwrap_or_default();
        let mut words = line.split(|&b| b == b' ' || b == b'\t').filter(|w| !w.is_empty());
        return words.next().map(Program::Script).ok_or(Error::NoInterpreter);
    }
    let Some(ident) = head.strip_prefix(b"\x7fELF") else { return Err(Error::Format) };
    elf(head, ident).unwrap_or(Err(Error::Damaged))
}

/// Fields of the file, in its byte order; `None` when it ends before one.
struct Fields<'a> {
    bytes: &'a [u8],
    big: bool,
}

impl Fields<'_> {
    fn at<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.bytes.get(offset..)?.first_chunk().copied()
    }

    fn u16(&self, offset: usize) -> Option<u16> {
        let b = self.at(offset)?;
        Some(if self.big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) })
    }

    fn u32(&self, offset: usize) -> Option<u32> {
        let b = self.at(offset)?;
        Some(if self.big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) })
    }

    /// A word of 4 or 8 bytes.
    fn word(&self, offset: usize, wide: bool) -> Option<u64> {
        if !wide {
            return self.u32(offset).map(u64::from);
        }
        let b = self.at(offset)?;
        Some(if self.big { u64::from_be_bytes(b) } else { u64::from_le_bytes(b) })
    }
}

/// `None` for a file that ends too early.
fn elf<'a>(head: &'a [u8], ident: &[u8]) -> Option<Result<Program<'a>, Error>> {
    let (class, order) = (*ident.first()?, *ident.get(1)?);
    let (wide, big) = match (class, order) {
        (1 | 2, 1 | 2) => (class == 2, order == 2),
        _ => return None,
    };
    let fields = Fields { bytes: head, big };
    let (kind, machine) = (fields.u16(16)?, fields.u16(18)?);
    if !OURS.is_empty() && (!OURS.contains(&machine) || big != cfg!(target_endian = "big")) {
        return Some(Err(Error::Machine(machine, if wide { 64 } else { 32 })));
    }
    // ET_EXEC, ET_DYN
    if kind != 2 && kind != 3 {
        return Some(Err(Error::NotExecutable));
    }
    let table = usize::try_from(fields.word(if wide { 32 } else { 28 }, wide)?).ok()?;
    let size = usize::from(fields.u16(if wide { 54 } else { 42 })?);
    let count = usize::from(fields.u16(if wide { 56 } else { 44 })?);
    if size != if wide { 56 } else { 32 } || count == 0 {
        return None;
    }
    for i in 0..count {
        let at = table.checked_add(i.checked_mul(size)?)?;
        // PT_INTERP
        if fields.u32(at)? == 3 {
            let offset = fields.word(at + if wide { 8 } else { 4 }, wide)?;
            let length = fields.word(at + if wide { 32 } else { 16 }, wide)?;
            let length = usize::try_from(length).ok().filter(|n| (2..=4096).contains(n))?;
            return Some(Ok(Program::Dynamic { offset, length }));
        }
    }
    Some(Ok(Program::Static))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts() {
        assert_eq!(kind(b"#!/bin/sh\necho"), Ok(Program::Script(b"/bin/sh")));
        assert_eq!(kind(b"#! /usr/bin/env python3\n"), Ok(Program::Script(b"/usr/bin/env")));
        assert_eq!(kind(b"#!\n/bin/sh"), Err(Error::NoInterpreter));
        assert_eq!(kind(b"echo"), Err(Error::Format));
        assert_eq!(kind(b""), Err(Error::Empty));
    }

    #[test]
    fn damaged_elf_files() {
        assert_eq!(kind(b"\x7fELF"), Err(Error::Damaged));
        let own = crate::sys::file::read("/proc/self/exe").unwrap();
        for n in 4..64 {
            assert!(kind(&own[..n]).is_err(), "{n}");
        }
        let mut head = own[..HEAD].to_vec();
        assert!(kind(&head).is_ok());
        head[18] = 183;
        assert_eq!(
            kind(&head).unwrap_err().to_string(),
            "a 64-bit program for aarch64, this machine is x86_64"
        );
        head[16] = 1;
        head[18] = 62;
        assert_eq!(kind(&head), Err(Error::NotExecutable));
    }
}
