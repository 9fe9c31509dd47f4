//! Stripped modules say the same as before: every section that is left, and
//! every relocation in it with the symbol that it means.

use rescuebox::elf::{Elf, SHT_RELA, Section};
use rescuebox::kmod::modinfo::unsigned_length;
use rescuebox::kmod::strip::{Level, strip};
use rescuebox::kmod::tree::read_module;

use crate::harness::lab::KERNELS;

/// A relocation as the kernel sees it: where, which kind, which symbol (its
/// name, or the section it marks, and the place in it), what to add.
type Meaning = (u64, u32, Vec<u8>, Vec<u8>, u64, u64);

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))
}

fn meanings(elf: &Elf<'_>, section: &Section<'_>) -> Vec<Meaning> {
    let symbols: Vec<_> = elf.symbols().collect();
    let entry = |e: &[u8]| {
        let symbol = &symbols[usize::try_from(number(&e[12..16])).unwrap()];
        let home = elf.section_by_index(u32::from(symbol.section)).map_or(&[][..], |s| s.name);
        let kind = u32::try_from(number(&e[8..12])).unwrap();
        let (name, home) = (symbol.name.to_vec(), home.to_vec());
        (number(&e[..8]), kind, name, home, symbol.value, number(&e[16..24]))
    };
    section.data.chunks_exact(24).map(entry).collect()
}

const NAMES: [&str; 12] = [
    "virtiofs",
    "fuse",
    "ext4",
    "btrfs",
    "xfs",
    "nf_conntrack",
    "virtio_net",
    "virtio_blk",
    "tun",
    "kvm_intel",
    "crc32c_intel",
    "snd_pcm",
];

#[test]
fn stripped_modules_mean_the_same() {
    let mut checked = 0;
    for kernel in KERNELS {
        for path in NAMES.iter().filter_map(|name| kernel.module(name)) {
            let what = path.display();
            let whole = read_module(&path).unwrap();
            assert_eq!(
                strip(&whole, Level::Signature).as_deref(),
                Ok(&whole[..unsigned_length(&whole)])
            );
            let small = strip(&whole, Level::All).unwrap();
            assert_eq!(strip(&small, Level::All).as_ref(), Ok(&small), "{what}: twice");
            assert!(small.len() * 10 < whole.len() * 9, "{what}: {}", small.len());
            let (old, new) = (Elf::parse(&whole).unwrap(), Elf::parse(&small).unwrap());
            assert_eq!(new.check_sections(), Ok(()), "{what}");
            let mut gone = Vec::new();
            for section in old.sections().skip(1) {
                let name = String::from_utf8_lossy(section.name);
                let Some(other) = new.sections().find(|s| s.name == section.name) else {
                    gone.push(name.into_owned());
                    continue;
                };
                if matches!(section.name, b".symtab" | b".strtab" | b".shstrtab") {
                    continue;
                }
                assert_eq!(section.kind, other.kind, "{what} {name}");
                assert_eq!(section.size, other.size, "{what} {name}");
                assert_eq!(section.align, other.align, "{what} {name}");
                assert_eq!(other.offset % other.align.max(1), 0, "{what} {name}");
                if section.kind == SHT_RELA {
                    let target = |e: &Elf<'_>, i| e.section_by_index(i).unwrap().name.to_vec();
                    assert_eq!(target(&old, section.info), target(&new, other.info));
                    assert!(meanings(&old, &section) == meanings(&new, &other), "{what} {name}");
                } else {
                    assert!(section.data == other.data, "{what} {name}");
                }
            }
            let allowed = [
                ".orc_",
                ".rela.orc_",
                ".BTF",
                ".comment",
                ".note.gnu.property",
                ".debug",
                ".gnu_debuglink",
                ".note.GNU-stack",
            ];
            let wrong: Vec<_> =
                gone.iter().filter(|g| !allowed.iter().any(|a| g.starts_with(a))).collect();
            assert!(wrong.is_empty(), "{what}: {wrong:?} are gone");
            assert!(gone.iter().any(|g| g == ".orc_unwind"), "{what}: {gone:?}");
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}
