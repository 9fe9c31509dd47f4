//! Linux kernel files of x86: the bzImage, and the vmlinux packed inside it.
//!
//! Documentation/arch/x86/boot.rst for the header; the payload is the whole
//! vmlinux, compressed, with its size behind it in four bytes (except gzip,
//! which has that itself). include/xen/interface/elfnote.h for the note that
//! says where a vmlinux may be entered directly (PVH).

use std::fmt::{self, Display};

use crate::compress::{self, Format};
use crate::elf::Elf;
use crate::sys::search;

/// More than any kernel unpacks to.
const LIMIT: usize = 512 << 20;

/// `n_type` of the note with the 32-bit entry point: XEN_ELFNOTE_PHYS32_ENTRY.
const PHYS32_ENTRY: u32 = 18;
/// `sh_type` of a section with notes.
const SHT_NOTE: u32 = 7;

/// Why a file cannot be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// No boot sector of a Linux kernel.
    NotKernel,
    /// A protocol older than 2.08, which does not say where the payload is.
    Old,
    /// The header leads outside the file.
    Truncated,
    /// The payload is compressed in a way not known here.
    Unknown,
    /// It does not unpack.
    Packed(compress::Error),
    /// What it unpacks to is no ELF file of 64 bits.
    NotVmlinux,
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::NotKernel => "not a Linux kernel (bzImage)",
            Error::Old => "a kernel of an old boot protocol",
            Error::Truncated => "truncated kernel",
            Error::Unknown => "kernel packed in an unknown way",
            Error::Packed(error) => return error.fmt(f),
            Error::NotVmlinux => "no vmlinux in the kernel",
        })
    }
}

/// A bzImage.
#[derive(Clone, Copy, Debug)]
pub struct BzImage<'a> {
    bytes: &'a [u8],
    setup: &'a [u8],
}

impl<'a> BzImage<'a> {
    /// Reads the header.
    pub fn parse(bytes: &'a [u8]) -> Result<BzImage<'a>, Error> {
        if bytes.get(0x202..0x206) != Some(b"HdrS") || u16_at(bytes, 0x1fe) != Some(0xaa55) {
            return Err(Error::NotKernel);
        }
        let sectors = match bytes.get(0x1f1) {
            Some(0) | None => 4,
            Some(count) => usize::from(*count),
        };
        let setup = bytes.get(..(sectors + 1) * 512).ok_or(Error::Truncated)?;
        Ok(BzImage { bytes, setup })
    }

    /// What `uname -r` will say: the first word of the version string.
    pub fn version(&self) -> Option<&'a [u8]> {
        let at = usize::from(u16_at(self.setup, 0x20e).filter(|at| *at != 0)?) + 0x200;
        let text = self.setup.get(at..)?;
        let end = text.iter().position(|b| *b == 0 || *b == b' ')?;
        text.get(..end).filter(|word| !word.is_empty() && !word.contains(&b'/'))
    }

    /// The compressed kernel.
    fn payload(&self) -> Result<&'a [u8], Error> {
        if u16_at(self.setup, 0x206).unwrap_or(0) < 0x208 {
            return Err(Error::Old);
        }
        let number = |at| {
            let number = u32_at(self.setup, at).ok_or(Error::Truncated)?;
            usize::try_from(number).map_err(|_| Error::Truncated)
        };
        let start = self.setup.len().checked_add(number(0x248)?).ok_or(Error::Truncated)?;
        let end = start.checked_add(number(0x24c)?).ok_or(Error::Truncated)?;
        self.bytes.get(start..end).ok_or(Error::Truncated)
    }

    /// The vmlinux.
    pub fn unpack(&self) -> Result<Vec<u8>, Error> {
        let payload = self.payload()?;
        let format = Format::detect(payload);
        let packed = match format {
            Format::None => return Err(Error::Unknown),
            Format::Gzip => payload,
            _ => payload.get(..payload.len().saturating_sub(4)).unwrap_or_default(),
        };
        let bytes = compress::decompress(format, packed, LIMIT).map_err(Error::Packed)?;
        if Elf::parse(&bytes).is_ok_and(|elf| elf.is64()) {
            Ok(bytes)
        } else {
            Err(Error::NotVmlinux)
        }
    }
}

/// Whether this vmlinux can be entered without a boot sector.
pub fn has_pvh_entry(vmlinux: &[u8]) -> bool {
    let Ok(elf) = Elf::parse(vmlinux) else { return false };
    elf.sections().filter(|section| section.kind == SHT_NOTE).any(|section| {
        let mut rest = section.data;
        while let Some((kind, name, behind)) = note(rest) {
            if kind == PHYS32_ENTRY && name == b"Xen\0" {
                return true;
            }
            rest = behind;
        }
        false
    })
}

/// What `uname -r` will say of a vmlinux: the word in the line that it begins
/// its log with.
pub fn version_of_vmlinux(vmlinux: &[u8]) -> Option<&[u8]> {
    const BEGIN: &[u8] = b"Linux version ";
    let mut rest = vmlinux;
    loop {
        rest = rest.get(search::bytes(rest, BEGIN)? + BEGIN.len()..)?;
        // The line is also there with `%s` in the place of the version.
        let end = rest.iter().position(|b| matches!(b, 0 | b' '))?;
        let word = rest.get(..end)?;
        if word.first().is_some_and(u8::is_ascii_digit) && !word.contains(&b'/') {
            return Some(word);
        }
    }
}

/// The first note of `bytes`: type, name and what is behind it. elf(5).
fn note(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let size = |at| usize::try_from(u32_at(bytes, at)?).ok()?.checked_next_multiple_of(4);
    let length = usize::try_from(u32_at(bytes, 0)?).ok()?;
    let name = bytes.get(12..)?.get(..length)?;
    let behind = 12usize.checked_add(size(0)?)?.checked_add(size(4)?)?;
    Some((u32_at(bytes, 8)?, name, bytes.get(behind..)?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Everything in this file on the same bytes, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    if let Ok(image) = BzImage::parse(bytes) {
        let _ = image.version();
        let _ = image.unpack();
    }
    let _ = has_pvh_entry(bytes);
    let _ = version_of_vmlinux(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kernel of two setup sectors whose payload is `packed`.
    fn kernel(packed: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 3 * 512];
        bytes[0x1f1] = 2;
        bytes[0x1fe..0x200].copy_from_slice(&[0x55, 0xaa]);
        bytes[0x202..0x206].copy_from_slice(b"HdrS");
        bytes[0x206..0x208].copy_from_slice(&0x20fu16.to_le_bytes());
        bytes[0x20e..0x210].copy_from_slice(&0x100u16.to_le_bytes());
        bytes[0x248..0x24c].copy_from_slice(&16u32.to_le_bytes());
        bytes[0x24c..0x250].copy_from_slice(&(packed.len() as u32).to_le_bytes());
        bytes[0x300..0x300 + 14].copy_from_slice(b"6.1.0-x (me@z)");
        bytes.extend_from_slice(&[0; 16]);
        bytes.extend_from_slice(packed);
        bytes.extend_from_slice(b"behind");
        bytes
    }

    #[test]
    fn the_version_is_read() {
        let bytes = kernel(b"");
        assert_eq!(BzImage::parse(&bytes).unwrap().version(), Some(&b"6.1.0-x"[..]));
        let mut none = bytes.clone();
        none[0x20e..0x210].copy_from_slice(&[0, 0]);
        assert_eq!(BzImage::parse(&none).unwrap().version(), None);
        none[0x20e..0x210].copy_from_slice(&[0xff, 0xff]);
        assert_eq!(BzImage::parse(&none).unwrap().version(), None);
    }

    #[test]
    fn the_version_of_an_unpacked_kernel() {
        let bytes = b"\x7fELF\0Linux version %s (me)\0Linux version 6.1.0-x (me@z)\n\0";
        assert_eq!(version_of_vmlinux(bytes), Some(&b"6.1.0-x"[..]));
        assert_eq!(version_of_vmlinux(b"Linux version 6"), None);
        assert_eq!(version_of_vmlinux(b"Linux version ../../x \0"), None);
    }

    #[test]
    fn what_is_no_kernel_is_refused() {
        assert_eq!(BzImage::parse(b"").unwrap_err(), Error::NotKernel);
        assert_eq!(BzImage::parse(&[0; 4096]).unwrap_err(), Error::NotKernel);
        let bytes = kernel(b"");
        assert_eq!(BzImage::parse(&bytes[..1000]).unwrap_err(), Error::Truncated);
        let image = BzImage::parse(&bytes).unwrap();
        assert_eq!(image.unpack().unwrap_err(), Error::Unknown);
    }

    #[test]
    fn the_payload_is_unpacked_in_every_format() {
        // The smallest ELF header of 64 bits.
        let mut elf = vec![0; 64];
        elf[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        elf[16..20].copy_from_slice(&[2, 0, 62, 0]);
        elf[52..54].copy_from_slice(&[64, 0]);
        for format in Format::ALL {
            let mut packed = compress::compress(format, &elf).unwrap();
            if format != Format::Gzip {
                packed.extend_from_slice(&(elf.len() as u32).to_le_bytes());
            }
            let bytes = kernel(&packed);
            let image = BzImage::parse(&bytes).unwrap();
            assert_eq!(image.unpack().as_ref(), Ok(&elf), "{}", format.name());
            let mut text = compress::compress(format, b"no kernel at all").unwrap();
            text.extend_from_slice(&[0; 4][..if format == Format::Gzip { 0 } else { 4 }]);
            let bytes = kernel(&text);
            let image = BzImage::parse(&bytes).unwrap();
            assert_eq!(image.unpack(), Err(Error::NotVmlinux), "{}", format.name());
        }
    }

    #[test]
    fn notes() {
        let mut bytes = Vec::new();
        for (name, kind, text) in [(&b"GNU\0"[..], 3, &b"12345"[..]), (b"Xen\0", 18, b"\x01\0\0\0")]
        {
            for number in [name.len() as u32, text.len() as u32, kind] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(text);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        let (kind, name, rest) = note(&bytes).unwrap();
        assert_eq!((kind, name), (3, &b"GNU\0"[..]));
        let (kind, name, rest) = note(rest).unwrap();
        assert_eq!((kind, name, rest.len()), (18, &b"Xen\0"[..], 0));
        assert!(note(rest).is_none());
        assert!(note(&[0xff; 16]).is_none());
        assert!(!has_pvh_entry(&bytes));
    }
}
