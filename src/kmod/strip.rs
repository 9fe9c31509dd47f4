//! What a module can be loaded without.
//!
//! The image builder's `--strip-modules`: the signature, which makes the
//! kernel spend more time than all else on a module, and what only debuggers,
//! stack traces and the symbol table of a loaded module need. A module without
//! its signature taints the kernel, and one that enforces signatures refuses
//! it.
//!
//! The file is written anew: sections are left out and renumbered, symbols to
//! which no relocation refers are left out, the tables rebuilt. What remains
//! is byte for byte what it was. What is left out, and why the kernel
//! (kernel/module/main.c, arch/x86/kernel/module.c) does not miss it, is in
//! [`is_dispensable`].

use crate::elf::{self, ET_REL, Elf, SHT_NOBITS, SHT_NULL, SHT_REL, SHT_RELA, SHT_STRTAB};
use crate::elf::{SHT_SYMTAB, Section};

use super::modinfo::unsigned_length;
use crate::order::sort_by;

/// How much is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The signature.
    Signature,
    /// Also debug information, type information that nothing uses, the tables
    /// of the stack unwinder, unneeded symbols.
    All,
}

/// Why a file was not stripped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It is no whole module.
    Elf(elf::Error),
    /// It is a module of a kind that is left alone: 32 bits, a live patch (for
    /// which the kernel wants all symbols), more sections than the plain
    /// numbering has room for.
    Unsupported,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Elf(error) => error.fmt(f),
            Error::Unsupported => f.write_str("a kind of module that cannot be stripped"),
        }
    }
}

impl From<elf::Error> for Error {
    fn from(error: elf::Error) -> Error {
        Error::Elf(error)
    }
}

const SHT_GROUP: u32 = 17;
const SHT_SYMTAB_SHNDX: u32 = 18;
const SHF_LINK_ORDER: u64 = 0x80;
const SHF_INFO_LINK: u64 = 0x40;
const SHF_GROUP: u64 = 0x200;
const SHN_LORESERVE: u32 = 0xff00;

/// Modules have fewer than two hundred sections, those built with one for each
/// function a few thousand.
const MOST_SECTIONS: usize = 8192;

const HEADER_SIZE: usize = 64;
const SYMBOL_SIZE: usize = 24;
const RELA_SIZE: usize = 24;
const REL_SIZE: usize = 16;

/// The bytes of a module without what `level` names.
pub fn strip(bytes: &[u8], level: Level) -> Result<Vec<u8>, Error> {
    let bytes = bytes.get(..unsigned_length(bytes)).unwrap_or(bytes);
    let elf = Elf::parse(bytes)?;
    elf.check_sections()?;
    if elf.kind() != ET_REL || elf.section(b".modinfo").is_none() {
        return Err(Error::Elf(elf::Error::NotElf));
    }
    match level {
        Level::Signature => Ok(bytes.to_vec()),
        Level::All => Rewrite::plan(&elf)?.write(),
    }
}

/// Whether the kernel can load a module without a section of this name.
fn is_dispensable(name: &[u8], uses_types: bool) -> bool {
    match name {
        // Not even looked at. (.note.gnu.property is loaded, and shown in
        // /sys, but means nothing there.)
        b".comment" | b".note.gnu.property" | b".note.GNU-stack" | b".gnu_debuglink" => true,
        // Without both unwind_module_init() is not called, and stack traces
        // through the module are guesses.
        b".orc_unwind" | b".orc_unwind_ip" | b".orc_header" => true,
        // BPF programs then do not know the module's types. A module that
        // offers functions to them fails to start without (6.1,
        // register_btf_kfunc_id_set); it has a .BTF_ids section.
        b".BTF" | b".BTF.base" => !uses_types,
        _ => name.starts_with(b".debug_") || name.starts_with(b".gnu.debuglto_"),
    }
}

/// A symbol's fields as they are in the file.
struct Symbol<'a> {
    name: &'a [u8],
    info: u8,
    other: u8,
    section: u16,
    value: u64,
    size: u64,
}

impl Symbol<'_> {
    fn is_local(&self) -> bool {
        self.info >> 4 == 0
    }
}

struct Rewrite<'a> {
    header: &'a [u8],
    sections: Vec<Section<'a>>,
    /// The new number of each section; None is left out.
    numbers: Vec<Option<u32>>,
    symbols: Vec<Symbol<'a>>,
    /// The new number of each symbol; None is left out.
    symbol_numbers: Vec<Option<u32>>,
    symbol_table: usize,
    symbol_names: usize,
    section_names: usize,
}

impl<'a> Rewrite<'a> {
    fn plan(elf: &Elf<'a>) -> Result<Rewrite<'a>, Error> {
        if !elf.is64() {
            return Err(Error::Unsupported);
        }
        let header = elf.bytes().get(..HEADER_SIZE).ok_or(elf::Error::Truncated)?;
        let sections: Vec<Section<'a>> = elf.sections().collect();
        let odd = sections.iter().any(|s| {
            s.kind == SHT_SYMTAB_SHNDX
                || s.name.starts_with(b".klp")
                || s.align > 1 << 16
                || s.name.len() > 1024
        });
        // The first is none, else the kernel refuses the module.
        let first = sections.first().is_some_and(|s| s.kind == SHT_NULL);
        // Nothing relocates relocations.
        let target = |s: &Section<'a>| sections.get(s.info as usize).is_some_and(is_relocation);
        let odd = odd || sections.iter().any(|s| is_relocation(s) && target(s));
        let known = sections.iter().any(|s| s.name == b".modinfo" && s.kind != SHT_NULL);
        if odd || !first || !known || sections.len() > MOST_SECTIONS {
            return Err(Error::Unsupported);
        }
        let mut tables = (1..sections.len()).filter(|&i| sections.get(i).is_some_and(is_symtab));
        let (Some(symbol_table), None) = (tables.next(), tables.next()) else {
            return Err(Error::Unsupported);
        };
        let link = sections.get(symbol_table).map_or(0, |s| s.link as usize);
        let section_names = header.get(62..64).and_then(|b| b.first_chunk());
        let section_names = usize::from(u16::from_le_bytes(*section_names.unwrap_or(&[0; 2])));
        let is_strings = |i: usize| sections.get(i).is_some_and(|s| s.kind == SHT_STRTAB);
        if link == section_names || !is_strings(link) || !is_strings(section_names) {
            return Err(Error::Unsupported);
        }
        let strings = sections.get(link).map_or(&[][..], |s| s.data);
        let symbols = sections
            .get(symbol_table)
            .map_or(&[][..], |s| s.data)
            .chunks_exact(SYMBOL_SIZE)
            .map(|entry| symbol(entry, strings).ok_or(Error::Unsupported))
            .collect::<Result<Vec<_>, _>>()?;
        let mut rewrite = Rewrite {
            header,
            numbers: vec![None; sections.len()],
            symbol_numbers: vec![None; symbols.len()],
            sections,
            symbols,
            symbol_table,
            symbol_names: link,
            section_names,
        };
        rewrite.choose()?;
        Ok(rewrite)
    }

    /// Decides what stays.
    fn choose(&mut self) -> Result<(), Error> {
        let uses_types = self.sections.iter().any(|s| s.name == b".BTF_ids");
        let mut stays: Vec<bool> = self
            .sections
            .iter()
            .map(|s| match s.kind {
                SHT_NULL => true,
                SHT_GROUP => false,
                // Relocations go with what they are for.
                _ => is_relocation(s) || !is_dispensable(s.name, uses_types),
            })
            .collect();
        let mut used = vec![false; self.symbols.len()];
        // A section that something which stays refers to stays as well.
        loop {
            let mut more = false;
            for section in &self.sections {
                if !is_relocation(section) || !at(&stays, section.info as usize) {
                    continue;
                }
                for number in relocated_symbols(section)? {
                    let symbol = self.symbols.get(number).ok_or(Error::Unsupported)?;
                    mark(&mut used, number);
                    let home = usize::from(symbol.section);
                    if u32::from(symbol.section) < SHN_LORESERVE && !at(&stays, home) {
                        if home >= stays.len() {
                            return Err(Error::Unsupported);
                        }
                        mark(&mut stays, home);
                        more = true;
                    }
                }
            }
            if !more {
                break;
            }
        }
        for (number, section) in self.sections.iter().enumerate() {
            if is_relocation(section)
                && !at(&stays, section.info as usize)
                && let Some(slot) = stays.get_mut(number)
            {
                *slot = false;
            }
        }
        // What makes it a module, under whatever kind and name, is not left out.
        let tables = [self.symbol_table, self.symbol_names, self.section_names];
        let is_needed = |(i, s): (usize, &Section)| s.name == b".modinfo" || tables.contains(&i);
        if (0..).zip(&self.sections).any(|(i, s)| is_needed((i, s)) && !at(&stays, i)) {
            return Err(Error::Unsupported);
        }
        let mut next = 0;
        for (number, stays) in self.numbers.iter_mut().zip(&stays) {
            if *stays {
                *number = Some(next);
                next += 1;
            }
        }
        let mut next = 0;
        let mut globals = false;
        for ((number, symbol), used) in self.symbol_numbers.iter_mut().zip(&self.symbols).zip(&used)
        {
            // The first is the null symbol.
            if *used || next == 0 {
                globals |= !symbol.is_local();
                if globals && symbol.is_local() {
                    return Err(Error::Unsupported);
                }
                *number = Some(next);
                next += 1;
            }
        }
        Ok(())
    }

    fn new_number(&self, old: u32) -> u32 {
        let number = self.numbers.get(old as usize).copied().flatten();
        number.unwrap_or(0)
    }

    fn write(&self) -> Result<Vec<u8>, Error> {
        let mut out = self.header.to_vec();
        let mut headers = Vec::new();
        let (symbols, symbol_names) = self.symbol_tables();
        let names = self.name_table();
        let mut count: u16 = 0;
        for (number, section) in self.sections.iter().enumerate() {
            if self.numbers.get(number).copied().flatten().is_none() {
                continue;
            }
            count = count.checked_add(1).ok_or(Error::Unsupported)?;
            let own;
            let data: &[u8] = if number == self.symbol_table {
                &symbols
            } else if number == self.symbol_names {
                &symbol_names
            } else if number == self.section_names {
                &names.0
            } else if is_relocation(section) {
                own = self.relocations(section)?;
                &own
            } else {
                section.data
            };
            let has_bytes = !matches!(section.kind, SHT_NULL | SHT_NOBITS);
            let align = usize::try_from(section.align).unwrap_or(1).max(1);
            if section.kind != SHT_NULL {
                out.resize(out.len().next_multiple_of(align), 0);
            }
            let offset = if section.kind == SHT_NULL { 0 } else { out.len() as u64 };
            let size = if has_bytes { data.len() as u64 } else { section.size };
            let name = names.1.get(number).copied().unwrap_or(0);
            self.put_header(&mut headers, section, number, [u64::from(name), offset, size]);
            if has_bytes {
                out.extend_from_slice(data);
            }
        }
        out.resize(out.len().next_multiple_of(8), 0);
        let table = out.len() as u64;
        out.extend_from_slice(&headers);
        let names_number = self.new_number(self.section_names as u32) as u16;
        put(&mut out, 32, &[0; 8]);
        put(&mut out, 40, &table.to_le_bytes());
        put(&mut out, 54, &[0; 4]);
        put(&mut out, 60, &count.to_le_bytes());
        put(&mut out, 62, &names_number.to_le_bytes());
        Ok(out)
    }

    fn put_header(
        &self,
        out: &mut Vec<u8>,
        section: &Section<'_>,
        number: usize,
        [name, offset, size]: [u64; 3],
    ) {
        let relocation = is_relocation(section);
        let is_table = number == self.symbol_table;
        let linked = relocation || is_table || section.flags & SHF_LINK_ORDER != 0;
        let link = if linked { self.new_number(section.link) } else { section.link };
        let info = if is_table {
            let locals = self.symbols.iter().zip(&self.symbol_numbers);
            locals.filter(|(symbol, number)| number.is_some() && symbol.is_local()).count() as u32
        } else if relocation || section.flags & SHF_INFO_LINK != 0 {
            self.new_number(section.info)
        } else {
            section.info
        };
        out.extend_from_slice(&(name as u32).to_le_bytes());
        out.extend_from_slice(&section.kind.to_le_bytes());
        out.extend_from_slice(&(section.flags & !SHF_GROUP).to_le_bytes());
        out.extend_from_slice(&section.address.to_le_bytes());
        out.extend_from_slice(&offset.to_le_bytes());
        out.extend_from_slice(&size.to_le_bytes());
        out.extend_from_slice(&link.to_le_bytes());
        out.extend_from_slice(&info.to_le_bytes());
        out.extend_from_slice(&section.align.to_le_bytes());
        out.extend_from_slice(&section.entry_size.to_le_bytes());
    }

    /// The symbol table and the table of its names.
    fn symbol_tables(&self) -> (Vec<u8>, Vec<u8>) {
        let mut table = Vec::new();
        let mut names = vec![0];
        for (symbol, number) in self.symbols.iter().zip(&self.symbol_numbers) {
            if number.is_none() {
                continue;
            }
            let name = put_name(&mut names, symbol.name);
            let plain = u32::from(symbol.section) < SHN_LORESERVE;
            let section = if plain {
                self.new_number(u32::from(symbol.section)) as u16
            } else {
                symbol.section
            };
            table.extend_from_slice(&name.to_le_bytes());
            table.extend_from_slice(&[symbol.info, symbol.other]);
            table.extend_from_slice(&section.to_le_bytes());
            table.extend_from_slice(&symbol.value.to_le_bytes());
            table.extend_from_slice(&symbol.size.to_le_bytes());
        }
        (table, names)
    }

    /// The table of section names, and where each section's is in it. The
    /// name of `.rela.text` ends in that of `.text`, so one serves both.
    fn name_table(&self) -> (Vec<u8>, Vec<u32>) {
        let mut table = vec![0];
        let mut places = vec![0; self.sections.len()];
        let mut order: Vec<usize> = (1..self.sections.len())
            .filter(|&i| self.numbers.get(i).copied().flatten().is_some())
            .collect();
        let name = |i: usize| self.sections.get(i).map_or(&[][..], |s| s.name);
        sort_by(&mut order, |&a, &b| name(b).len().cmp(&name(a).len()));
        for number in order {
            let text = [name(number), &[0]].concat();
            let found = table.windows(text.len()).position(|window| window == text);
            let place = found.map_or_else(|| put_name(&mut table, name(number)), |at| at as u32);
            if let Some(slot) = places.get_mut(number) {
                *slot = place;
            }
        }
        (table, places)
    }

    /// The relocations of a section with the symbols' new numbers.
    fn relocations(&self, section: &Section<'_>) -> Result<Vec<u8>, Error> {
        let mut data = section.data.to_vec();
        for entry in data.chunks_exact_mut(relocation_size(section)) {
            let slot = entry.get_mut(12..16).ok_or(Error::Unsupported)?;
            let old = u32::from_le_bytes(*slot.first_chunk().ok_or(Error::Unsupported)?);
            let new = self.symbol_numbers.get(old as usize).copied().flatten();
            slot.copy_from_slice(&new.ok_or(Error::Unsupported)?.to_le_bytes());
        }
        Ok(data)
    }
}

fn is_symtab(section: &Section<'_>) -> bool {
    section.kind == SHT_SYMTAB
}

fn is_relocation(section: &Section<'_>) -> bool {
    matches!(section.kind, SHT_RELA | SHT_REL)
}

fn relocation_size(section: &Section<'_>) -> usize {
    if section.kind == SHT_RELA { RELA_SIZE } else { REL_SIZE }
}

/// The numbers of the symbols that a relocation section refers to.
fn relocated_symbols<'a>(
    section: &Section<'a>,
) -> Result<impl Iterator<Item = usize> + use<'a>, Error> {
    let size = relocation_size(section);
    if !section.data.len().is_multiple_of(size) {
        return Err(Error::Unsupported);
    }
    Ok(section.data.chunks_exact(size).filter_map(|entry| {
        // r_info: the symbol in the upper half.
        Some(u32::from_le_bytes(*entry.get(12..)?.first_chunk()?) as usize)
    }))
}

fn symbol<'a>(entry: &[u8], strings: &'a [u8]) -> Option<Symbol<'a>> {
    let (name, rest) = entry.split_first_chunk()?;
    let (&[info, other], rest) = rest.split_first_chunk()?;
    let (section, rest) = rest.split_first_chunk()?;
    let (value, rest) = rest.split_first_chunk()?;
    let name = strings.get(u32::from_le_bytes(*name) as usize..)?;
    Some(Symbol {
        name: name.split(|&b| b == 0).next()?,
        info,
        other,
        section: u16::from_le_bytes(*section),
        value: u64::from_le_bytes(*value),
        size: u64::from_le_bytes(*rest.first_chunk()?),
    })
}

fn put_name(table: &mut Vec<u8>, name: &[u8]) -> u32 {
    if name.is_empty() {
        return 0;
    }
    let place = table.len() as u32;
    table.extend_from_slice(name);
    table.push(0);
    place
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(slot) = out.get_mut(at..at + bytes.len()) {
        slot.copy_from_slice(bytes);
    }
}

fn at(list: &[bool], place: usize) -> bool {
    list.get(place).copied().unwrap_or(false)
}

fn mark(list: &mut [bool], place: usize) {
    if let Some(slot) = list.get_mut(place) {
        *slot = true;
    }
}

/// Strips whatever it is, for fuzzing: what comes out is a module again, and
/// as small as it gets.
pub fn exercise(bytes: &[u8]) {
    if let Ok(once) = strip(bytes, Level::All) {
        assert_eq!(strip(&once, Level::All).as_ref(), Ok(&once));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes() {
        for name in [&b".comment"[..], b".debug_info", b".orc_unwind_ip", b".BTF"] {
            assert!(is_dispensable(name, false));
        }
        assert!(!is_dispensable(b".BTF", true));
        let needed: [&[u8]; 8] = [
            b".modinfo",
            b".gnu.linkonce.this_module",
            b"__versions",
            b"__ksymtab_gpl",
            b".altinstructions",
            b".return_sites",
            b".symtab",
            b".BTF_ids",
        ];
        assert!(needed.iter().all(|name| !is_dispensable(name, false)));
    }

    /// A module, and where in it the header of `.modinfo` is.
    fn module() -> (Vec<u8>, usize) {
        let bytes = include_bytes!("../../fuzz/seeds/kmod_strip/module").to_vec();
        let table = u64::from_le_bytes(bytes[40..48].try_into().unwrap()) as usize;
        let elf = Elf::parse(&bytes).unwrap();
        let number = elf.sections().position(|s| s.name == b".modinfo").unwrap();
        (bytes.clone(), table + number * 64)
    }

    #[test]
    fn what_makes_a_module_stays() {
        let (mut bytes, header) = module();
        let stripped = strip(&bytes, Level::All).unwrap();
        assert!(stripped.len() < bytes.len());
        assert_eq!(Elf::parse(&stripped).unwrap().section(b".modinfo").unwrap().len(), 24);
        // Under the kind of a group the rest would be no module any more.
        bytes[header + 4..header + 8].copy_from_slice(&SHT_GROUP.to_le_bytes());
        assert_eq!(strip(&bytes, Level::All), Err(Error::Unsupported));
    }

    #[test]
    fn twice_is_once() {
        // What is named like debugging information: the first section, which is
        // none or should be, and relocations for code.
        exercise(include_bytes!("../../fuzz/seeds/kmod_strip/first"));
        exercise(include_bytes!("../../fuzz/seeds/kmod_strip/second"));
        exercise(include_bytes!("../../fuzz/seeds/kmod_strip/third"));
        exercise(include_bytes!("../../fuzz/seeds/kmod_strip/fourth"));
        exercise(include_bytes!("../../fuzz/seeds/kmod_strip/fifth"));
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert_eq!(strip(b"", Level::All), Err(Error::Elf(elf::Error::NotElf)));
        let program = crate::sys::file::read("/bin/ls").unwrap();
        assert!(strip(&program, Level::All).is_err());
    }
}
