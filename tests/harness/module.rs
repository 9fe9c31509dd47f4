//! Modules for tests: as much of one as a reader of modules looks at.

use std::path::Path;

use super::scratch::Scratch;

/// A relocatable file with these entries in its `.modinfo`, and these symbols
/// exported (`__ksymtab_`) and wanted.
pub fn module_with(fields: &[&str], exported: &[&str], wanted: &[&str]) -> Vec<u8> {
    let mut info = Vec::new();
    for field in fields {
        info.extend_from_slice(field.as_bytes());
        info.push(0);
    }
    let mut strings = vec![0];
    let mut symbols = vec![0; 24];
    let all = exported.iter().map(|s| (format!("__ksymtab_{s}"), 1u16));
    for (name, section) in all.chain(wanted.iter().map(|s| (s.to_string(), 0))) {
        symbols.extend_from_slice(&u32::try_from(strings.len()).unwrap().to_le_bytes());
        symbols.extend_from_slice(&[0x10, 0]);
        symbols.extend_from_slice(&section.to_le_bytes());
        symbols.extend_from_slice(&[0; 16]);
        strings.extend_from_slice(name.as_bytes());
        strings.push(0);
    }
    let names = b"\0.modinfo\0.symtab\0.strtab\0.shstrtab\0".to_vec();
    let parts: [(u32, u32, u64, u32, Vec<u8>); 4] =
        [(1, 1, 2, 0, info), (10, 2, 0, 3, symbols), (18, 3, 0, 0, strings), (26, 3, 0, 0, names)];
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\x3e\0\x01\0\0\0".to_vec();
    file.resize(64, 0);
    let mut headers = vec![0; 64];
    for (name, kind, flags, link, data) in parts {
        file.resize(file.len().next_multiple_of(8), 0);
        headers.extend_from_slice(&name.to_le_bytes());
        headers.extend_from_slice(&kind.to_le_bytes());
        for word in [flags, 0, file.len() as u64, data.len() as u64] {
            headers.extend_from_slice(&word.to_le_bytes());
        }
        headers.extend_from_slice(&link.to_le_bytes());
        headers.extend_from_slice(&1u32.to_le_bytes());
        for word in [8u64, if kind == 2 { 24 } else { 0 }] {
            headers.extend_from_slice(&word.to_le_bytes());
        }
        file.extend_from_slice(&data);
    }
    file.resize(file.len().next_multiple_of(8), 0);
    let table = file.len() as u64;
    file[40..48].copy_from_slice(&table.to_le_bytes());
    file[52..64].copy_from_slice(&[64, 0, 0, 0, 0, 0, 64, 0, 5, 0, 4, 0]);
    file.extend_from_slice(&headers);
    file
}

/// [`module_with`] without symbols.
pub fn module(fields: &[&str]) -> Vec<u8> {
    module_with(fields, &[], &[])
}

/// A modules directory `lib/modules/VERSION` with such modules: path and
/// `.modinfo` entries.
pub fn tree(dir: &Scratch, version: &str, modules: &[(&str, &[&str])]) {
    for (path, fields) in modules {
        dir.file(&format!("lib/modules/{version}/{path}"), module(fields));
    }
    std::fs::create_dir_all(dir.path().join("lib/modules").join(version)).unwrap();
}

/// What `modprobe -D` prints, without the folder and the spaces behind.
pub fn names(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(output).into_owned();
    text.lines()
        .map(|line| {
            let (verb, rest) = line.split_once(' ').unwrap();
            let name = Path::new(rest.trim_end().split(' ').next().unwrap());
            format!("{verb} {}", name.file_name().unwrap().to_str().unwrap())
        })
        .collect()
}
