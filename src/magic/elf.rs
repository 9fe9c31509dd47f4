//! ELF files, by their headers alone: they may be large.

use super::Kind;
use crate::applet::show_bytes;
use crate::blk::probe::Source;

/// Processors by their numbers.
const MACHINES: [(u16, &str); 16] = [
    (2, "SPARC"),
    (3, "Intel 80386"),
    (4, "Motorola m68k"),
    (8, "MIPS"),
    (15, "PA-RISC"),
    (20, "PowerPC or cisco 4500"),
    (21, "64-bit PowerPC or cisco 7500"),
    (22, "IBM S/390"),
    (40, "ARM"),
    (43, "SPARC V9"),
    (50, "IA-64"),
    (62, "x86-64"),
    (183, "ARM aarch64"),
    (243, "UCB RISC-V"),
    (247, "eBPF"),
    (258, "LoongArch"),
];

/// A table has at most so many entries that are looked at.
const ENTRIES: u64 = 4096;
/// A note or name has at most so many bytes.
const LONGEST: u64 = 64 * 1024;

struct File<'a> {
    source: &'a dyn Source,
    wide: bool,
    big: bool,
}

impl File<'_> {
    fn bytes(&self, at: u64, length: u64) -> Option<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length.min(LONGEST)).ok()?];
        self.source.read_at(at, &mut bytes).then_some(bytes)
    }

    /// A number of so many bytes in what was read.
    fn number(&self, bytes: &[u8], at: usize, size: usize) -> u64 {
        let mut value = 0u64;
        for i in 0..size {
            let place = if self.big { at + i } else { at + size - 1 - i };
            value = value << 8 | u64::from(bytes.get(place).copied().unwrap_or(0));
        }
        value
    }
}

/// What is told of an ELF file.
pub fn look(source: &dyn Source, head: &[u8]) -> Option<Kind> {
    let &[0x7f, b'E', b'L', b'F', class, order, _, abi, ..] = head else { return None };
    let file = File { source, wide: class == 2, big: order == 2 };
    let field = |at, size| file.number(head, at, size);
    let kind = field(16, 2);
    let machine = u16::try_from(field(18, 2)).unwrap_or(0);
    let word = if file.wide { 8 } else { 4 };
    // after e_version: entry, program headers, section headers
    let programs = field(24 + word, word);
    let sections = field(24 + 2 * word, word);
    let counts = 24 + 3 * word + 4;
    let (program_size, program_count) = (field(counts + 2, 2), field(counts + 4, 2));
    let (section_size, section_count) = (field(counts + 6, 2), field(counts + 8, 2));
    let names_at = field(counts + 10, 2);

    let mut seen = Seen::default();
    file.programs(programs, program_size, program_count, &mut seen);
    file.sections(sections, section_size, section_count, names_at, &mut seen);

    let mut words = format!(
        "ELF {} {} ",
        if file.wide { "64-bit" } else { "32-bit" },
        if file.big { "MSB" } else { "LSB" }
    );
    let (name, mime) = match kind {
        1 => ("relocatable", "application/x-object"),
        2 => ("executable", "application/x-executable"),
        3 if seen.pie || !seen.interpreter.is_empty() => {
            ("pie executable", "application/x-pie-executable")
        }
        3 => ("shared object", "application/x-sharedlib"),
        4 => ("core file", "application/x-coredump"),
        _ => ("unknown type", super::OCTETS),
    };
    words.push_str(name);
    let known = MACHINES.iter().find(|(number, _)| *number == machine);
    match known {
        Some((_, name)) => words.push_str(&format!(", {name}")),
        None => words.push_str(&format!(", unknown arch {machine:#x}")),
    }
    words.push_str(", version 1");
    words.push_str(match abi {
        0 => " (SYSV)",
        3 => " (GNU/Linux)",
        9 => " (FreeBSD)",
        97 => " (ARM)",
        _ => "",
    });
    if matches!(kind, 2 | 3) {
        words.push_str(match (seen.dynamic, seen.interpreter.is_empty()) {
            (true, true) if seen.pie => ", static-pie linked",
            (true, _) => ", dynamically linked",
            (false, _) => ", statically linked",
        });
        if !seen.interpreter.is_empty() {
            words.push_str(&format!(", interpreter {}", show_bytes(&seen.interpreter)));
        }
    }
    if !seen.build.is_empty() {
        let kind = match seen.build.len() {
            20 => "sha1",
            16 => "md5/uuid",
            8 => "xxHash",
            _ => "unknown",
        };
        words.push_str(&format!(", BuildID[{kind}]="));
        for byte in &seen.build {
            words.push_str(&format!("{byte:02x}"));
        }
    }
    words.push_str(&seen.system);
    if kind != 4 && section_count > 0 {
        if seen.debug {
            words.push_str(", with debug_info");
        }
        words.push_str(if seen.symbols { ", not stripped" } else { ", stripped" });
    } else if kind != 4 {
        words.push_str(", no section header");
    }
    Some(Kind::new(words, mime))
}

#[derive(Default)]
struct Seen {
    interpreter: Vec<u8>,
    build: Vec<u8>,
    system: String,
    dynamic: bool,
    pie: bool,
    debug: bool,
    symbols: bool,
}

impl File<'_> {
    fn programs(&self, start: u64, size: u64, count: u64, seen: &mut Seen) {
        let least = if self.wide { 56 } else { 32 };
        for i in 0..count.min(ENTRIES) {
            if size < least {
                return;
            }
            let Some(entry) = self.bytes(start.saturating_add(i * size), least) else { return };
            let word = if self.wide { 8 } else { 4 };
            let kind = self.number(&entry, 0, 4);
            let at = self.number(&entry, if self.wide { 8 } else { 4 }, word);
            let length = self.number(&entry, if self.wide { 32 } else { 16 }, word);
            match kind {
                2 => {
                    seen.dynamic = true;
                    // DT_FLAGS_1 with DF_1_PIE
                    let table = self.bytes(at, length).unwrap_or_default();
                    for pair in table.chunks_exact(2 * word) {
                        let flags = self.number(pair, word, word);
                        seen.pie |=
                            self.number(pair, 0, word) == 0x6fff_fffb && flags & 0x0800_0000 != 0;
                    }
                }
                3 => {
                    let name = self.bytes(at, length.min(4096)).unwrap_or_default();
                    seen.interpreter = name.split(|&b| b == 0).next().unwrap_or_default().to_vec();
                }
                4 => self.notes(&self.bytes(at, length).unwrap_or_default(), seen),
                _ => {}
            }
        }
    }

    fn sections(&self, start: u64, size: u64, count: u64, names: u64, seen: &mut Seen) {
        let least = if self.wide { 64 } else { 40 };
        if size < least || start == 0 {
            return;
        }
        let word = if self.wide { 8 } else { 4 };
        let entry = |i: u64| self.bytes(start.saturating_add(i * size), least);
        let place = |entry: &[u8]| {
            let at = if self.wide { 24 } else { 16 };
            (self.number(entry, at, word), self.number(entry, at + word, word))
        };
        let names = entry(names).map(|entry| place(&entry)).unwrap_or_default();
        let names = self.bytes(names.0, names.1).unwrap_or_default();
        for i in 0..count.min(ENTRIES) {
            let Some(entry) = entry(i) else { return };
            let name = usize::try_from(self.number(&entry, 0, 4)).unwrap_or(usize::MAX);
            let name = names.get(name..).unwrap_or_default();
            match self.number(&entry, 4, 4) {
                2 => seen.symbols = true,
                7 => {
                    let (at, length) = place(&entry);
                    self.notes(&self.bytes(at, length).unwrap_or_default(), seen);
                }
                _ => {}
            }
            seen.debug |= name.starts_with(b".debug_info\0") || name.starts_with(b".zdebug_info\0");
        }
    }

    /// Notes: the length of the owner's name and of the rest, a type, both with
    /// padding. The build's id, and the oldest kernel.
    fn notes(&self, mut notes: &[u8], seen: &mut Seen) {
        while notes.len() >= 12 {
            let name_size = self.number(notes, 0, 4).min(LONGEST) as usize;
            let size = self.number(notes, 4, 4).min(LONGEST) as usize;
            let kind = self.number(notes, 8, 4);
            let start = 12 + name_size.next_multiple_of(4);
            let name = notes.get(12..12 + name_size).unwrap_or_default();
            let Some(body) = notes.get(start..start + size) else { return };
            if name == b"GNU\0" && kind == 3 && seen.build.is_empty() && size <= 64 {
                seen.build = body.to_vec();
            } else if name == b"GNU\0" && kind == 1 && seen.system.is_empty() && size >= 16 {
                let number = |at| self.number(body, at, 4);
                let system = match number(0) {
                    0 => "GNU/Linux",
                    1 => "GNU/Hurd",
                    _ => "unknown",
                };
                seen.system = format!(", for {system} {}.{}.{}", number(4), number(8), number(12));
            }
            notes = notes.get(start + size.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}
