//! The rules of the house: imports only go down, `unsafe` stays in `src/sys`,
//! every applet file is in the table.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every Rust file below `src`, relative to it.
fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, list: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, list);
            } else if path.extension().is_some_and(|e| e == "rs") {
                list.push(path);
            }
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut list = Vec::new();
    walk(&src, &mut list);
    list.sort();
    list.into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.strip_prefix(&src).unwrap().to_path_buf(), text)
        })
        .collect()
}

/// The pure files that live in a folder of a higher floor.
const PURE: [(&str, &[&str]); 4] = [
    (
        "shell",
        &[
            "lexer",
            "parser",
            "ast",
            "arith",
            "assignment",
            "braced",
            "cond",
            "dollar",
            "expression",
            "few",
            "here",
            "pattern",
            "room",
            "simple",
            "word",
        ],
    ),
    ("kmod", &["alias", "conf", "dep", "modinfo", "strip", "trie"]),
    ("blk", &["probe"]),
    ("net", &["address", "dhcp", "dns", "ipparam", "packet", "rtnl", "telnet"]),
];

/// The floor of the module `a::b` of the crate.
fn floor(room: &str, file: &str) -> Option<u32> {
    if let Some((_, pure)) = PURE.iter().find(|(r, _)| *r == room)
        && pure.contains(&file)
    {
        return Some(1);
    }
    Some(match room {
        "main" | "lib" => 5,
        "applets" => 4,
        "shell" | "boot" | "image" | "vm" => 3,
        "archive" => 2,
        "screen" => 2,
        "dev" | "proc" | "net" | "kmod" | "blk" | "fsutil" => 2,
        "sys" => 0,
        // every other file in src/ itself is pure, or the contract
        _ => 1,
    })
}

/// The modules of the crate that a file names: `crate::a::b` anywhere in its
/// code outside comments.
fn named(text: &str) -> BTreeSet<(String, String)> {
    let mut list = BTreeSet::new();
    for line in text.lines() {
        let code = line.split("//").next().unwrap();
        let mut rest = code;
        while let Some(at) = rest.find("crate::") {
            rest = &rest[at + "crate::".len()..];
            if let Some(group) = rest.strip_prefix('{') {
                for part in group.split(['}', ';']).next().unwrap().split(',') {
                    list.insert(room_and_file(part.trim()));
                }
            } else {
                list.insert(room_and_file(rest));
            }
        }
    }
    list.remove(&(String::new(), String::new()));
    list
}

fn room_and_file(path: &str) -> (String, String) {
    let word = |s: &str| -> String {
        s.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let room = word(path);
    let file = path[room.len()..].strip_prefix("::").map(|r| word(r.trim_start_matches('{')));
    (room, file.unwrap_or_default())
}

#[test]
fn imports_only_go_down() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let mut parts = path.iter().map(|p| p.to_str().unwrap().trim_end_matches(".rs"));
        let room = parts.next().unwrap().to_string();
        let file = parts.next().unwrap_or_default().to_string();
        let own = floor(&room, &file).unwrap();
        for (other, part) in named(&text) {
            if other == "entry_point" {
                continue; // the macro of sys::start
            }
            let there = floor(&other, &part).unwrap();
            if there > own {
                wrong.push(format!(
                    "{} (floor {own}) names {other}::{part} (floor {there})",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_import_check_sees_what_it_should() {
    let names =
        named("use crate::{applet::Ctx, boot::plan};\nlet x = crate::vm::run(); // crate::no::no");
    let rooms: Vec<&str> = names.iter().map(|(r, _)| r.as_str()).collect();
    assert_eq!(rooms, ["applet", "boot", "vm"]);
}

#[test]
fn unsafe_code_is_in_sys_only() {
    for (path, text) in sources() {
        if path.starts_with("sys") {
            continue;
        }
        for (n, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            let word =
                code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == "unsafe");
            assert!(!word, "{}:{}: {line}", path.display(), n + 1);
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} does not open with //!", path.display());
    }
}

#[test]
fn every_applet_file_is_in_the_table() {
    let table =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/applets/mod.rs"))
            .unwrap();
    for (path, text) in sources() {
        if !path.starts_with("applets") || path.ends_with("mod.rs") {
            continue;
        }
        if text.contains("const APPLET: Applet") {
            let file = path.file_stem().unwrap().to_str().unwrap();
            assert!(table.contains(&format!("&{file}::APPLET")), "{file} is not in the table");
        }
    }
}

#[test]
fn rooms_are_not_called_util() {
    for (path, _) in sources() {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !["util", "utils", "common", "misc", "helpers"].contains(&stem),
            "{}",
            path.display()
        );
    }
}
