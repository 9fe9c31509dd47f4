//! ELF files, read only: what kind of file, its sections, and what a dynamic
//! executable asks for.
//!
//! elf(5); System V ABI, chapters 4 and 5. 32 and 64 bits, little endian. The
//! bytes are taken as hostile: every offset is checked, nothing is allocated
//! from a length field, names and tables that lead outside the file read as
//! absent.

use std::fmt::{self, Display};

/// `e_type` of a relocatable file: a kernel module.
pub const ET_REL: u16 = 1;
/// `e_type` of an executable at a fixed address.
pub const ET_EXEC: u16 = 2;
/// `e_type` of a shared object or position-independent executable.
pub const ET_DYN: u16 = 3;

/// `sh_type` of an unused section.
pub const SHT_NULL: u32 = 0;
/// `sh_type` of a symbol table.
pub const SHT_SYMTAB: u32 = 2;
/// `sh_type` of a string table.
pub const SHT_STRTAB: u32 = 3;
/// `sh_type` of relocations with addends.
pub const SHT_RELA: u32 = 4;
/// `sh_type` of a section without bytes in the file.
pub const SHT_NOBITS: u32 = 8;
/// `sh_type` of relocations without addends.
pub const SHT_REL: u32 = 9;
/// `sh_flags`: occupies memory at run time.
pub const SHF_ALLOC: u64 = 2;

/// Binding of a symbol that other files see.
pub const STB_GLOBAL: u8 = 1;

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NULL: u64 = 0;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;

/// More libraries than any program asks for; those behind are ignored.
const MOST_NEEDED: usize = 4096;

/// Why bytes are no ELF file that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// They do not begin with the ELF magic, or the class is unknown.
    NotElf,
    /// A big-endian file.
    BigEndian,
    /// The file ends before what its header announces.
    Truncated,
    /// A size in the header makes no sense.
    Malformed,
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::NotElf => "not an ELF file",
            Error::BigEndian => "an ELF file for a big-endian machine",
            Error::Truncated => "truncated ELF file",
            Error::Malformed => "malformed ELF file",
        })
    }
}

/// An ELF file in memory.
#[derive(Clone, Copy, Debug)]
pub struct Elf<'a> {
    bytes: &'a [u8],
    is64: bool,
    kind: u16,
    machine: u16,
    program_headers: &'a [u8],
    section_headers: &'a [u8],
    /// Whether the section header table that the header announces is there.
    has_sections: bool,
    names: &'a [u8],
}

/// One section.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// Its name, without the NUL; empty when the name table is broken.
    pub name: &'a [u8],
    /// `sh_type`.
    pub kind: u32,
    /// `sh_flags`.
    pub flags: u64,
    /// `sh_addr`.
    pub address: u64,
    /// Where it begins in the file.
    pub offset: u64,
    /// `sh_size`, also of a section without bytes in the file.
    pub size: u64,
    /// `sh_link`.
    pub link: u32,
    /// `sh_info`.
    pub info: u32,
    /// `sh_addralign`.
    pub align: u64,
    /// `sh_entsize`.
    pub entry_size: u64,
    /// Its bytes; empty for NOBITS and when they lead outside the file.
    pub data: &'a [u8],
}

/// One entry of a symbol table.
#[derive(Clone, Copy, Debug)]
pub struct Symbol<'a> {
    /// Its name; empty when the string table is broken.
    pub name: &'a [u8],
    /// `st_info`: the binding in the upper four bits, the type in the lower.
    pub info: u8,
    /// `st_shndx`: the section that it is defined in; 0 is none.
    pub section: u16,
    /// `st_value`.
    pub value: u64,
}

impl Symbol<'_> {
    /// Whether it is to be found elsewhere, and it is an error if it is not.
    pub fn is_wanted(&self) -> bool {
        self.section == 0 && self.info >> 4 == STB_GLOBAL && !self.name.is_empty()
    }
}

/// What the dynamic section of an executable or library says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dynamic<'a> {
    /// The libraries it asks for, in order.
    pub needed: Vec<&'a [u8]>,
    /// `DT_RPATH`.
    pub rpath: Option<&'a [u8]>,
    /// `DT_RUNPATH`; when present, `DT_RPATH` does not count.
    pub runpath: Option<&'a [u8]>,
    /// Its own name as a library.
    pub soname: Option<&'a [u8]>,
}

impl<'a> Elf<'a> {
    /// Reads the header of a file. Section headers that are announced but not
    /// there are no error here (an executable runs without them): see
    /// [`Elf::check_sections`].
    pub fn parse(bytes: &'a [u8]) -> Result<Elf<'a>, Error> {
        if !bytes.starts_with(b"\x7fELF") {
            return Err(Error::NotElf);
        }
        let is64 = match bytes.get(4) {
            Some(1) => false,
            Some(2) => true,
            Some(_) => return Err(Error::NotElf),
            None => return Err(Error::Truncated),
        };
        match bytes.get(5) {
            Some(1) => {}
            Some(2) => return Err(Error::BigEndian),
            Some(_) => return Err(Error::NotElf),
            None => return Err(Error::Truncated),
        }
        let half = |at| read_u16(bytes, at).ok_or(Error::Truncated);
        let word = |at64, at32| {
            if is64 { read_u64(bytes, at64) } else { read_u32(bytes, at32).map(u64::from) }
                .ok_or(Error::Truncated)
        };
        let sizes = if is64 { 54 } else { 42 };
        let (kind, machine) = (half(16)?, half(18)?);
        let (phoff, shoff) = (word(32, 28)?, word(40, 32)?);
        let (phentsize, phnum) = (half(sizes)?, half(sizes + 2)?);
        let (shentsize, shnum, shstrndx) = (half(sizes + 4)?, half(sizes + 6)?, half(sizes + 8)?);

        let mut elf = Elf {
            bytes,
            is64,
            kind,
            machine,
            program_headers: &[],
            section_headers: &[],
            has_sections: true,
            names: &[],
        };
        if phnum != 0 {
            if usize::from(phentsize) != elf.program_header_size() {
                return Err(Error::Malformed);
            }
            let length = u64::from(phnum) * u64::from(phentsize);
            elf.program_headers = part(bytes, phoff, length).ok_or(Error::Truncated)?;
        }
        if shoff != 0 {
            elf.read_section_table(shoff, shentsize, shnum, shstrndx)?;
        }
        Ok(elf)
    }

    fn read_section_table(
        &mut self,
        offset: u64,
        entry_size: u16,
        count: u16,
        names: u16,
    ) -> Result<(), Error> {
        if usize::from(entry_size) != self.section_header_size() {
            return Err(Error::Malformed);
        }
        self.has_sections = false;
        let entry_size = u64::from(entry_size);
        let Some(first) = part(self.bytes, offset, entry_size) else { return Ok(()) };
        // Numbers too large for the header are in the first entry instead.
        let Some(first) = self.section_at(first) else { return Ok(()) };
        let count = if count == 0 { first.size } else { u64::from(count) };
        let names = if names == 0xffff { first.link } else { u32::from(names) };
        let Some(length) = count.checked_mul(entry_size) else { return Ok(()) };
        let Some(table) = part(self.bytes, offset, length) else { return Ok(()) };
        self.section_headers = table;
        self.has_sections = true;
        self.names = self.section_by_index(names).map_or(&[], |s| s.data);
        Ok(())
    }

    /// Whether it is a 64-bit file.
    pub fn is64(&self) -> bool {
        self.is64
    }

    /// `e_machine`: 62 is x86-64, 183 aarch64, 3 i386, 243 RISC-V.
    pub fn machine(&self) -> u16 {
        self.machine
    }

    /// `e_type`, one of the `ET_` constants.
    pub fn kind(&self) -> u16 {
        self.kind
    }

    /// The whole file.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether the section headers and the bytes of every section are all in
    /// the file: a module of which that is not true was cut off.
    pub fn check_sections(&self) -> Result<(), Error> {
        if !self.has_sections {
            return Err(Error::Truncated);
        }
        for section in self.sections() {
            let empty = section.kind == SHT_NOBITS || section.kind == SHT_NULL || section.size == 0;
            if !empty && section.data.is_empty() {
                return Err(Error::Truncated);
            }
        }
        Ok(())
    }

    /// Its sections in the order of their headers; the first is the null
    /// section.
    pub fn sections(&self) -> impl Iterator<Item = Section<'a>> + use<'a> {
        let elf = *self;
        elf.section_headers
            .chunks_exact(elf.section_header_size())
            .filter_map(move |header| elf.section_at(header))
    }

    /// The section with this number.
    pub fn section_by_index(&self, index: u32) -> Option<Section<'a>> {
        let size = self.section_header_size();
        let start = usize::try_from(index).ok()?.checked_mul(size)?;
        self.section_at(self.section_headers.get(start..start.checked_add(size)?)?)
    }

    /// The bytes of the first section of this name.
    pub fn section(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.sections().find(|s| s.name == name).map(|s| s.data)
    }

    /// The symbols of the (first) symbol table.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol<'a>> + use<'a> {
        let elf = *self;
        let table = elf.sections().find(|s| s.kind == SHT_SYMTAB);
        let strings = table.and_then(|t| elf.section_by_index(t.link)).map_or(&[][..], |s| s.data);
        let size = if elf.is64 { 24 } else { 16 };
        // info, section, value
        let at = if elf.is64 { [4, 6, 8] } else { [12, 14, 4] };
        table.map_or(&[][..], |t| t.data).chunks_exact(size).filter_map(move |entry| {
            let name = usize::try_from(read_u32(entry, 0)?).ok()?;
            Some(Symbol {
                name: strings.get(name..).map_or(&[], until_nul),
                info: *entry.get(at[0])?,
                section: read_u16(entry, at[1])?,
                value: elf.word(entry, at[2])?,
            })
        })
    }

    /// The program that the kernel starts for a dynamic executable, without
    /// the NUL.
    pub fn interpreter(&self) -> Option<&'a [u8]> {
        let header = self.segments().find(|s| s.kind == PT_INTERP)?;
        Some(until_nul(part(self.bytes, header.offset, header.file_size)?))
    }

    /// The libraries that it asks for. Empty for a static executable.
    pub fn dynamic(&self) -> Dynamic<'a> {
        let mut found = Dynamic::default();
        let Some(header) = self.segments().find(|s| s.kind == PT_DYNAMIC) else { return found };
        let Some(table) = part(self.bytes, header.offset, header.file_size) else { return found };
        let size = if self.is64 { 16 } else { 8 };
        let entries = || {
            table
                .chunks_exact(size)
                .map_while(|entry| Some((self.word(entry, 0)?, self.word(entry, size / 2)?)))
                .take_while(|&(tag, _)| tag != DT_NULL)
        };
        let value_of = |tag| entries().find(|&(t, _)| t == tag).map(|(_, value)| value);
        let Some(strings) = value_of(DT_STRTAB)
            .and_then(|address| self.offset_of(address))
            .and_then(|offset| self.bytes.get(offset..))
        else {
            return found;
        };
        let length = value_of(DT_STRSZ).and_then(|n| usize::try_from(n).ok());
        let strings = length.and_then(|n| strings.get(..n)).unwrap_or(strings);
        for (tag, value) in entries() {
            let Some(text) = usize::try_from(value).ok().and_then(|at| strings.get(at..)) else {
                continue;
            };
            match tag {
                DT_NEEDED if found.needed.len() < MOST_NEEDED => {
                    found.needed.push(until_nul(text));
                }
                DT_SONAME => found.soname = Some(until_nul(text)),
                DT_RPATH => found.rpath = Some(until_nul(text)),
                DT_RUNPATH => found.runpath = Some(until_nul(text)),
                _ => {}
            }
        }
        found
    }

    /// Where the byte at a virtual address is in the file.
    fn offset_of(&self, address: u64) -> Option<usize> {
        let segment = self.segments().find(|s| {
            s.kind == PT_LOAD
                && address.checked_sub(s.address).is_some_and(|past| past < s.file_size)
        })?;
        usize::try_from(segment.offset.checked_add(address - segment.address)?).ok()
    }

    fn segments(&self) -> impl Iterator<Item = Segment> + use<'a> {
        let elf = *self;
        elf.program_headers.chunks_exact(elf.program_header_size()).filter_map(move |header| {
            let at = if elf.is64 { [8, 16, 32] } else { [4, 8, 16] };
            Some(Segment {
                kind: read_u32(header, 0)?,
                offset: elf.word(header, at[0])?,
                address: elf.word(header, at[1])?,
                file_size: elf.word(header, at[2])?,
            })
        })
    }

    fn section_at(&self, header: &'a [u8]) -> Option<Section<'a>> {
        let w = if self.is64 { 8 } else { 4 };
        // name and type are words of 4 bytes, then four of the machine's
        // size, link and info, then two of the machine's size.
        let name = read_u32(header, 0)?;
        let kind = read_u32(header, 4)?;
        let offset = self.word(header, 8 + 2 * w)?;
        let size = self.word(header, 8 + 3 * w)?;
        let data = match kind {
            SHT_NULL | SHT_NOBITS => &[][..],
            _ => part(self.bytes, offset, size).unwrap_or_default(),
        };
        Some(Section {
            name: self.names.get(usize::try_from(name).ok()?..).map_or(&[], until_nul),
            kind,
            flags: self.word(header, 8)?,
            address: self.word(header, 8 + w)?,
            offset,
            size,
            link: read_u32(header, 8 + 4 * w)?,
            info: read_u32(header, 12 + 4 * w)?,
            align: self.word(header, 16 + 4 * w)?,
            entry_size: self.word(header, 16 + 5 * w)?,
            data,
        })
    }

    /// A number of the machine's size.
    fn word(&self, bytes: &[u8], at: usize) -> Option<u64> {
        if self.is64 { read_u64(bytes, at) } else { read_u32(bytes, at).map(u64::from) }
    }

    fn section_header_size(&self) -> usize {
        if self.is64 { 64 } else { 40 }
    }

    fn program_header_size(&self) -> usize {
        if self.is64 { 56 } else { 32 }
    }
}

struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    file_size: u64,
}

fn part(bytes: &[u8], offset: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&b| b == 0).next().unwrap_or_default()
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Everything that can be asked of a file, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    if let Ok(elf) = Elf::parse(bytes) {
        let _ = elf.check_sections();
        let _ = elf.sections().map(|s| s.data.len() + s.name.len()).fold(0, usize::max);
        let _ = elf.symbols().filter(Symbol::is_wanted).count();
        let _ = (elf.section(b".modinfo"), elf.interpreter(), elf.dynamic());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 64-bit file with `.modinfo`, a NOBITS section and the name table.
    fn module() -> Vec<u8> {
        let names = b"\0.modinfo\0.bss\0.shstrtab\0";
        let info = b"license=GPL\0";
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        file.extend_from_slice(&1u16.to_le_bytes());
        file.extend_from_slice(&62u16.to_le_bytes());
        file.extend_from_slice(&1u32.to_le_bytes());
        file.extend_from_slice(&[0; 16]);
        let table = 64 + names.len() + info.len();
        file.extend_from_slice(&u64::try_from(table).unwrap().to_le_bytes());
        file.extend_from_slice(&[0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 64, 0, 4, 0, 3, 0]);
        file.extend_from_slice(names);
        file.extend_from_slice(info);
        let mut header = |name: u32, kind: u32, offset: usize, size: usize| {
            file.extend_from_slice(&name.to_le_bytes());
            file.extend_from_slice(&kind.to_le_bytes());
            for word in [2, 0, offset, size, 0, 1, 0] {
                file.extend_from_slice(&u64::try_from(word).unwrap().to_le_bytes());
            }
        };
        header(0, SHT_NULL, 0, 0);
        header(1, 1, 64 + names.len(), info.len());
        header(10, SHT_NOBITS, 0, 1 << 40);
        header(15, SHT_STRTAB, 64, names.len());
        file
    }

    #[test]
    fn sections_by_name_and_number() {
        let file = module();
        let elf = Elf::parse(&file).unwrap();
        assert!(elf.is64());
        assert_eq!((elf.kind(), elf.machine()), (ET_REL, 62));
        assert_eq!(elf.section(b".modinfo"), Some(&b"license=GPL\0"[..]));
        assert_eq!(elf.section(b".nowhere"), None);
        assert_eq!(elf.section_by_index(2).unwrap().name, b".bss");
        assert_eq!(elf.section_by_index(2).unwrap().data, b"");
        assert!(elf.section_by_index(4).is_none());
        assert_eq!(elf.check_sections(), Ok(()));
        assert_eq!(elf.interpreter(), None);
    }

    #[test]
    fn every_cut_is_seen_and_none_panics() {
        let file = module();
        for length in 0..file.len() {
            let cut = &file[..length];
            exercise(cut);
            let seen = Elf::parse(cut).and_then(|e| e.check_sections());
            assert!(seen.is_err(), "{length} bytes");
        }
    }

    #[test]
    fn every_byte_may_be_wrong() {
        let file = module();
        for at in 0..file.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut other = file.clone();
                other[at] = value;
                exercise(&other);
            }
        }
    }

    #[test]
    fn what_it_is_not() {
        assert_eq!(Elf::parse(b"#!/bin/sh").err(), Some(Error::NotElf));
        assert_eq!(Elf::parse(b"").err(), Some(Error::NotElf));
        assert_eq!(Elf::parse(b"\x7fELF").err(), Some(Error::Truncated));
        assert_eq!(Elf::parse(b"\x7fELF\x02\x02\x01").err(), Some(Error::BigEndian));
        assert_eq!(Elf::parse(b"\x7fELF\x02\x01\x01").err(), Some(Error::Truncated));
    }

    #[test]
    fn libraries_of_a_real_program() {
        // The shell of whatever machine the tests run on; dynamic on all that
        // we know, so its interpreter and C library are named.
        let file = crate::sys::file::read("/bin/ls").unwrap();
        let elf = Elf::parse(&file).unwrap();
        assert!(elf.interpreter().unwrap().starts_with(b"/"));
        let needed = elf.dynamic().needed;
        assert!(needed.iter().any(|n| n.starts_with(b"libc.")), "{needed:?}");
    }
}
