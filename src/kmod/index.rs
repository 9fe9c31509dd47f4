//! What depmod writes about a modules directory. modules.dep(5), depmod(8).
//!
//! The dependencies are those that modpost wrote into each module
//! (`depends=`), which it found by the same symbols that could be compared
//! again here.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::alias::{fold, module_of_path};
use super::tree::{Tree, check_module, read_module};
use super::trie::{self, Entry};
use super::{Cause, Error, dep, modinfo};
use crate::order::{sort, sort_by};

/// What was read from the modules of a directory.
#[derive(Default)]
pub struct Index {
    modules: Vec<Module>,
    /// Places in `modules`, sorted by name.
    by_name: Vec<usize>,
    /// Modules that could not be read, that need each other, or that need
    /// what is not there.
    pub problems: Vec<Error>,
}

#[derive(Default)]
struct Module {
    path: Vec<u8>,
    name: Vec<u8>,
    needs: Vec<Vec<u8>>,
    aliases: Vec<Vec<u8>>,
    softdeps: Vec<Vec<u8>>,
    symbols: Vec<Vec<u8>>,
    wanted: Vec<Vec<u8>>,
    /// Places of all modules that it needs, in the order of `modules.dep`.
    depends: Vec<usize>,
    /// Its place in an order where what is needed comes first.
    rank: usize,
    in_circle: bool,
}

impl Index {
    /// Reads all modules. With `wanted`, also which symbols they want
    /// ([`Index::unknown_symbols`]), which takes memory.
    pub fn of_tree(tree: &Tree, wanted: bool) -> Index {
        let mut index = Index::default();
        for path in tree.files() {
            let full = tree.dir().join(OsStr::from_bytes(path));
            match Module::read(&full, path, wanted) {
                Ok(module) => index.modules.push(module),
                Err(problem) => index.problems.push(problem),
            }
        }
        index.by_name = (0..index.modules.len()).collect();
        let Index { modules, by_name, .. } = &mut index;
        sort_by(by_name, |&a, &b| {
            modules.get(a).map(|m| &m.name).cmp(&modules.get(b).map(|m| &m.name))
        });
        index.order();
        index.collect_depends();
        index
    }

    fn place(&self, name: &[u8]) -> Option<usize> {
        let name_at = |i: usize| self.modules.get(i).map_or(&[][..], |m| &m.name);
        let at = self.by_name.binary_search_by(|&i| name_at(i).cmp(name)).ok()?;
        self.by_name.get(at).copied()
    }

    fn needs(&self, place: usize) -> Vec<usize> {
        let names = self.modules.get(place).map(|m| m.needs.as_slice()).unwrap_or_default();
        names.iter().filter_map(|name| self.place(name)).collect()
    }

    /// Gives every module its rank, depth first, without recursion.
    fn order(&mut self) {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Closed,
        }
        let mut marks = vec![Mark::New; self.modules.len()];
        let mut next = 0;
        for start in 0..self.modules.len() {
            let mut stack = vec![(start, self.needs(start))];
            if marks.get(start) != Some(&Mark::New) {
                continue;
            }
            set(&mut marks, start, Mark::Open);
            while let Some((place, needs)) = stack.last_mut() {
                let place = *place;
                let Some(need) = needs.pop() else {
                    set(&mut marks, place, Mark::Closed);
                    if let Some(module) = self.modules.get_mut(place) {
                        module.rank = next;
                        next += 1;
                    }
                    stack.pop();
                    continue;
                };
                match marks.get(need) {
                    Some(Mark::New) => {
                        set(&mut marks, need, Mark::Open);
                        let further = self.needs(need);
                        stack.push((need, further));
                    }
                    Some(Mark::Open) => {
                        let from = stack.iter().position(|(p, _)| *p == need).unwrap_or(0);
                        let circle: Vec<usize> = stack.iter().skip(from).map(|(p, _)| *p).collect();
                        self.note_circle(&circle, need);
                    }
                    _ => {}
                }
            }
        }
    }

    fn note_circle(&mut self, circle: &[usize], back: usize) {
        let mut names = Vec::new();
        for &place in circle.iter().chain([&back]) {
            if let Some(module) = self.modules.get_mut(place) {
                module.in_circle = true;
                names.push(module.name.clone());
            }
        }
        let what = names.first().cloned().unwrap_or_default();
        self.problems.push(Error { what, cause: Cause::Cycle(names) });
    }

    fn collect_depends(&mut self) {
        let mut by_rank: Vec<usize> = (0..self.modules.len()).collect();
        let rank = |i: usize| self.modules.get(i).map(|m| m.rank);
        sort_by(&mut by_rank, |&a, &b| rank(a).cmp(&rank(b)));
        for place in by_rank {
            let mut all = Vec::new();
            for need in self.needs(place) {
                all.push(need);
                if let Some(module) = self.modules.get(need) {
                    all.extend_from_slice(&module.depends);
                }
            }
            let rank = |i: usize| self.modules.get(i).map(|m| m.rank);
            sort_by(&mut all, |&a, &b| rank(b).cmp(&rank(a)));
            all.dedup();
            all.retain(|&other| other != place);
            if let Some(module) = self.modules.get_mut(place) {
                module.depends = all;
            }
        }
    }

    /// `modules.dep`. Modules that need each other are left out, as nothing
    /// can load them.
    pub fn dep(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for module in self.modules.iter().filter(|m| !m.in_circle) {
            self.put_dep(&mut out, module);
            out.push(b'\n');
        }
        out
    }

    fn put_dep(&self, out: &mut Vec<u8>, module: &Module) {
        out.extend_from_slice(&module.path);
        out.push(b':');
        for other in module.depends.iter().filter_map(|&i| self.modules.get(i)) {
            out.push(b' ');
            out.extend_from_slice(&other.path);
        }
    }

    /// `modules.dep.bin`, `modules.alias.bin` and `modules.symbols.bin` of the
    /// same, for kmod; None where there is more than they take.
    pub fn tries(&self) -> [Option<Vec<u8>>; 3] {
        let (mut dep, mut alias, mut symbols) = (Vec::new(), Vec::new(), Vec::new());
        for (module, priority) in self.modules.iter().zip(0..) {
            let value = &module.name;
            let entry = |key: Vec<u8>| Entry { key, priority, value: value.clone() };
            if !module.in_circle {
                let mut line = Vec::new();
                self.put_dep(&mut line, module);
                dep.push(Entry { key: value.clone(), priority, value: line });
            }
            alias.extend(module.aliases.iter().map(|alias| entry(fold(alias))));
            let symbol = |symbol: &Vec<u8>| entry([b"symbol:", symbol.as_slice()].concat());
            symbols.extend(module.symbols.iter().map(symbol));
        }
        [dep, alias, symbols].map(trie::write)
    }

    /// `modules.alias`.
    pub fn alias(&self) -> Vec<u8> {
        let mut out = b"# Patterns of devices and names, and the modules for them.\n".to_vec();
        for module in &self.modules {
            for alias in &module.aliases {
                put_line(&mut out, &[b"alias", alias, &module.name]);
            }
        }
        out
    }

    /// `modules.softdep`.
    pub fn softdep(&self) -> Vec<u8> {
        let mut out = b"# What to load before and behind a module when it is there.\n".to_vec();
        for module in &self.modules {
            for softdep in &module.softdeps {
                put_line(&mut out, &[b"softdep", &module.name, softdep]);
            }
        }
        out
    }

    /// `modules.symbols`.
    pub fn symbols(&self) -> Vec<u8> {
        let mut out = b"# The modules that symbols are in.\n".to_vec();
        for module in &self.modules {
            for symbol in &module.symbols {
                put_line(
                    &mut out,
                    &[b"alias", &[b"symbol:", symbol.as_slice()].concat(), &module.name],
                );
            }
        }
        out
    }

    /// `modules.devname`: device nodes whose opening loads a module.
    pub fn devname(&self) -> Vec<u8> {
        let mut out = b"# Device nodes whose opening loads a module.\n".to_vec();
        for module in &self.modules {
            let name = module.aliases.iter().find_map(|a| a.strip_prefix(b"devname:"));
            let number = module.aliases.iter().find_map(|a| device_number(a));
            if let (Some(name), Some(number)) = (name, number) {
                put_line(&mut out, &[&module.name, name, &number]);
            }
        }
        out
    }

    /// For every module the symbols that it wants and that neither another
    /// module nor `known` (sorted) has.
    pub fn unknown_symbols(&self, known: &[&[u8]]) -> Vec<(&[u8], &[u8])> {
        let mut exported: Vec<&[u8]> = Vec::new();
        for module in &self.modules {
            for symbol in &module.symbols {
                exported.push(symbol);
            }
        }
        sort(&mut exported);
        let mut list = Vec::new();
        for module in &self.modules {
            for symbol in &module.wanted {
                let symbol = symbol.as_slice();
                if exported.binary_search(&symbol).is_err() && known.binary_search(&symbol).is_err()
                {
                    list.push((module.path.as_slice(), symbol));
                }
            }
        }
        list
    }
}

/// `modules.builtin.bin` and `modules.builtin.alias.bin`, of what the kernel's
/// build has written: `modules.builtin` and `modules.builtin.modinfo`.
pub fn builtin_tries(builtin: &[u8], info: &[u8]) -> [Option<Vec<u8>>; 2] {
    let names = dep::names(builtin);
    let names = names.map(|key| Entry { key, priority: 0, value: Vec::new() });
    let aliases = modinfo::builtin_fields(info).filter(|(_, key, _)| *key == b"alias");
    let aliases = aliases.map(|(module, _, alias)| Entry {
        key: fold(alias),
        priority: 0,
        value: fold(module),
    });
    [trie::write(names.collect()), trie::write(aliases.collect())]
}

fn set<T>(list: &mut [T], at: usize, value: T) {
    if let Some(slot) = list.get_mut(at) {
        *slot = value;
    }
}

fn put_line(out: &mut Vec<u8>, words: &[&[u8]]) {
    out.extend_from_slice(&words.join(&b' '));
    out.push(b'\n');
}

/// `char-major-10-229` as `c10:229`.
fn device_number(alias: &[u8]) -> Option<Vec<u8>> {
    let (kind, rest) = match alias.strip_prefix(b"char-major-") {
        Some(rest) => (b'c', rest),
        None => (b'b', alias.strip_prefix(b"block-major-")?),
    };
    let dash = rest.iter().position(|&b| b == b'-')?;
    let (major, minor) = (rest.get(..dash)?, rest.get(dash + 1..)?);
    let is_number = |n: &[u8]| !n.is_empty() && n.iter().all(u8::is_ascii_digit);
    (is_number(major) && is_number(minor)).then(|| [&[kind], major, b":", minor].concat())
}

impl Module {
    fn read(full: &Path, path: &[u8], wanted: bool) -> Result<Module, Error> {
        let bytes = read_module(full)?;
        let elf = check_module(full.as_os_str().as_bytes(), &bytes)?;
        let mut module = Module {
            path: path.to_vec(),
            name: module_of_path(path).unwrap_or_default(),
            ..Module::default()
        };
        for (key, value) in modinfo::fields(elf.section(b".modinfo").unwrap_or_default()) {
            match key {
                b"depends" => module.needs.extend(modinfo::depends(value).map(fold)),
                b"alias" => module.aliases.push(value.to_vec()),
                b"softdep" => module.softdeps.push(value.to_vec()),
                _ => {}
            }
        }
        for symbol in elf.symbols() {
            if let Some(name) = symbol.name.strip_prefix(b"__ksymtab_")
                && symbol.section != 0
            {
                module.symbols.push(name.to_vec());
            } else if wanted && symbol.is_wanted() {
                module.wanted.push(symbol.name.to_vec());
            }
        }
        Ok(module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_numbers() {
        assert_eq!(device_number(b"char-major-10-229"), Some(b"c10:229".to_vec()));
        assert_eq!(device_number(b"block-major-7-0"), Some(b"b7:0".to_vec()));
        assert_eq!(device_number(b"char-major-10-*"), None);
        assert_eq!(device_number(b"fs-ext4"), None);
    }

    fn module(name: &str, needs: &[&str]) -> Module {
        Module {
            path: format!("k/{name}.ko").into_bytes(),
            name: name.into(),
            needs: needs.iter().map(|n| n.as_bytes().to_vec()).collect(),
            ..Module::default()
        }
    }

    fn index(modules: Vec<Module>) -> Index {
        let mut index = Index { modules, ..Index::default() };
        index.by_name = (0..index.modules.len()).collect();
        let Index { modules, by_name, .. } = &mut index;
        sort_by(by_name, |&a, &b| modules[a].name.cmp(&modules[b].name));
        index.order();
        index.collect_depends();
        index
    }

    #[test]
    fn the_nearest_come_first() {
        let index = index(vec![
            module("fs", &["crc", "journal"]),
            module("crc", &["lib"]),
            module("journal", &["crc", "built_in"]),
            module("lib", &[]),
        ]);
        assert_eq!(
            String::from_utf8(index.dep()).unwrap(),
            "k/fs.ko: k/journal.ko k/crc.ko k/lib.ko\n\
             k/crc.ko: k/lib.ko\n\
             k/journal.ko: k/crc.ko k/lib.ko\n\
             k/lib.ko:\n"
        );
        assert!(index.problems.is_empty());
    }

    #[test]
    fn circles_are_reported_and_left_out() {
        let index = index(vec![
            module("a", &["b"]),
            module("b", &["c"]),
            module("c", &["b"]),
            module("d", &["d"]),
            module("e", &[]),
        ]);
        assert_eq!(
            index.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "b: modules that need each other: b -> c -> b",
                "d: modules that need each other: d -> d"
            ]
        );
        assert_eq!(String::from_utf8(index.dep()).unwrap(), "k/a.ko: k/b.ko k/c.ko\nk/e.ko:\n");
    }
}
