//! unzip: lists, unpacking, and what hostile archives may not do.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::applet::{Case, applet, reference};
use crate::harness::scratch::Scratch;

/// A member: name, method, mode, packed and plain content, CRC-32.
struct Member<'a> {
    name: &'a [u8],
    method: u16,
    mode: u32,
    packed: Vec<u8>,
    size: usize,
    sum: u32,
}

/// What gzip makes of the bytes: deflated, and the sum.
fn deflated(bytes: &[u8]) -> (Vec<u8>, u32) {
    let out = std::process::Command::new(crate::harness::applet::program())
        .args(["gzip", "-nc"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = out;
    std::io::Write::write_all(&mut out.stdin.take().unwrap(), bytes).unwrap();
    let packed = out.wait_with_output().unwrap().stdout;
    let tail = packed.len() - 8;
    let sum = u32::from_le_bytes(packed[tail..tail + 4].try_into().unwrap());
    (packed[10..tail].to_vec(), sum)
}

fn stored<'a>(name: &'a [u8], mode: u32, bytes: &[u8]) -> Member<'a> {
    let sum = deflated(bytes).1;
    Member { name, method: 0, mode, packed: bytes.to_vec(), size: bytes.len(), sum }
}

fn packed<'a>(name: &'a [u8], bytes: &[u8]) -> Member<'a> {
    let (packed, sum) = deflated(bytes);
    Member { name, method: 8, mode: 0o100_644, packed, size: bytes.len(), sum }
}

fn archive(members: &[Member], zip64: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for m in members {
        let offset = out.len() as u32;
        let mut fields = Vec::new();
        fields.extend_from_slice(&[20, 0, 0, 0]);
        fields.extend_from_slice(&m.method.to_le_bytes());
        fields.extend_from_slice(&0x29e0u16.to_le_bytes());
        fields.extend_from_slice(&0x5d76u16.to_le_bytes());
        fields.extend_from_slice(&m.sum.to_le_bytes());
        let sizes = [(m.packed.len() as u32).to_le_bytes(), (m.size as u32).to_le_bytes()].concat();
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&fields);
        out.extend_from_slice(&sizes);
        out.extend_from_slice(&(m.name.len() as u16).to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(m.name);
        out.extend_from_slice(&m.packed);
        directory.extend_from_slice(b"PK\x01\x02\x1e\x03");
        directory.extend_from_slice(&fields);
        let mut extra = Vec::new();
        if zip64 {
            directory.extend_from_slice(&[0xff; 8]);
            extra.extend_from_slice(&[1, 0, 24, 0]);
            for value in [m.size, m.packed.len(), offset as usize] {
                extra.extend_from_slice(&(value as u64).to_le_bytes());
            }
        } else {
            directory.extend_from_slice(&sizes);
        }
        directory.extend_from_slice(&(m.name.len() as u16).to_le_bytes());
        directory.extend_from_slice(&(extra.len() as u16).to_le_bytes());
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&(m.mode << 16).to_le_bytes());
        directory.extend_from_slice(&if zip64 { u32::MAX } else { offset }.to_le_bytes());
        directory.extend_from_slice(m.name);
        directory.extend_from_slice(&extra);
    }
    let (start, count) = (out.len(), members.len());
    out.extend_from_slice(&directory);
    if zip64 {
        let record = out.len() as u64;
        out.extend_from_slice(b"PK\x06\x06");
        out.extend_from_slice(&44u64.to_le_bytes());
        out.extend_from_slice(&[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for value in [count, count, directory.len(), start] {
            out.extend_from_slice(&(value as u64).to_le_bytes());
        }
        out.extend_from_slice(b"PK\x06\x07\0\0\0\0");
        out.extend_from_slice(&record.to_le_bytes());
        out.extend_from_slice(&[1, 0, 0, 0]);
        out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        out.extend_from_slice(&[0xff; 12]);
    } else {
        out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        out.extend_from_slice(&[count as u8, 0, count as u8, 0]);
        out.extend_from_slice(&(directory.len() as u32).to_le_bytes());
        out.extend_from_slice(&(start as u32).to_le_bytes());
    }
    out.extend_from_slice(&[0, 0]);
    out
}

fn unzip(dir: &Path, args: &[&str]) -> Case {
    applet("unzip").dir(dir).args(args)
}

fn usual(zip64: bool) -> Scratch {
    let s = Scratch::new("unzip");
    let text = b"text ".repeat(1000);
    s.file(
        "a.zip",
        archive(
            &[
                stored(b"d/", 0o040_755, b""),
                stored(b"d/small", 0o100_640, b"hello\n"),
                packed(b"d/large", &text),
                stored(b"run", 0o104_755, b"#!/bin/sh\n"),
            ],
            zip64,
        ),
    );
    s
}

#[test]
fn unpacks() {
    for zip64 in [false, true] {
        if reference().is_some() && zip64 {
            continue;
        }
        let s = usual(zip64);
        unzip(s.path(), &["a.zip", "-d", "to"])
            .stdout(
                "Archive:  a.zip\n   creating: to/d/\n  inflating: to/d/small\n".replace("to/", "")
                    + "  inflating: d/large\n  inflating: run\n",
            )
            .ok();
        let read = |name: &str| std::fs::read(s.path().join("to").join(name)).unwrap();
        assert_eq!(read("d/small"), b"hello\n");
        assert_eq!(read("d/large"), b"text ".repeat(1000));
        let mode = |name: &str| {
            std::fs::metadata(s.path().join("to").join(name)).unwrap().permissions().mode() & 0o7777
        };
        assert_eq!((mode("d/small"), mode("run")), (0o640, 0o755));
    }
}

#[test]
fn lists() {
    let s = usual(false);
    if reference().is_none() {
        unzip(s.path(), &["-l", "a"])
            .stdout(
                "Archive:  a.zip\n\
                 \x20 Length      Date    Time    Name\n\
                 ---------  ---------- -----   ----\n\
                 \x20       0  2026-11-22 05:15   d/\n\
                 \x20       6  2026-11-22 05:15   d/small\n\
                 \x20    5000  2026-11-22 05:15   d/large\n\
                 \x20      10  2026-11-22 05:15   run\n\
                 ---------                     -------\n\
                 \x20    5016                     4 files\n",
            )
            .ok();
        let out = unzip(s.path(), &["-v", "a.zip", "d/large"]).ok().stdout;
        assert!(String::from_utf8(out).unwrap().contains("    5000  Defl:N "));
    }
    let out = unzip(s.path(), &["-l", "a.zip"]).ok().stdout;
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("5016") && out.contains("4 files"));
}

#[test]
fn choices() {
    let s = usual(false);
    unzip(s.path(), &["-p", "a.zip", "d/small"]).stdout("hello\n").ok();
    unzip(s.path(), &["-q", "a.zip", "run", "-d", "one"]).stdout("").ok();
    assert_eq!(std::fs::read_dir(s.path().join("one")).unwrap().count(), 1);
    unzip(s.path(), &["-q", "a.zip", "-x", "d/*", "run", "-d", "none"]).ok();
    unzip(s.path(), &["-qj", "a.zip", "-d", "flat"]).stdout("").ok();
    assert!(s.path().join("flat/small").exists());
    std::fs::write(s.path().join("run"), "mine").unwrap();
    unzip(s.path(), &["-qn", "a.zip", "run"]).ok();
    assert_eq!(std::fs::read(s.path().join("run")).unwrap(), b"mine");
    unzip(s.path(), &["-q", "a.zip", "run"]).stdin("n\n").ok();
    unzip(s.path(), &["-q", "a.zip", "run"]).stdin("").fails(1);
    assert_eq!(std::fs::read(s.path().join("run")).unwrap(), b"mine");
    unzip(s.path(), &["-q", "a.zip", "run"]).stdin("y\n").ok();
    assert_eq!(std::fs::read(s.path().join("run")).unwrap(), b"#!/bin/sh\n");
    std::fs::write(s.path().join("run"), "mine").unwrap();
    unzip(s.path(), &["-qo", "a.zip", "run"]).ok();
    assert_eq!(std::fs::read(s.path().join("run")).unwrap(), b"#!/bin/sh\n");
    if reference().is_none() {
        unzip(s.path(), &["-t", "a.zip"]).ok();
        unzip(s.path(), &["a.zip", "nope"]).fails(11);
        let bytes = std::fs::read(s.path().join("a.zip")).unwrap();
        unzip(s.path(), &["-p", "-", "run"]).stdin(bytes).stdout("#!/bin/sh\n").ok();
    }
}

#[test]
fn what_is_wrong() {
    let s = usual(false);
    unzip(s.path(), &["nope"]).stderr_has("nope[.zip]").fails(1);
    s.file("junk.zip", vec![b'x'; 3000]);
    unzip(s.path(), &["junk.zip"]).fails(1);
    s.file("short.zip", "PK");
    unzip(s.path(), &["short.zip"]).stderr_has("short read").fails(1);
    let mut wrong = packed(b"f", &b"text ".repeat(1000));
    wrong.sum ^= 1;
    s.file("crc.zip", archive(&[wrong], false));
    unzip(s.path(), &["crc.zip"]).stderr_has("crc error").fails(1);
    unzip(s.path(), &["-t", "crc.zip"]).fails(1);
    if reference().is_none() {
        let mut odd = stored(b"g", 0o100_644, b"x");
        odd.method = 99;
        s.file("odd.zip", archive(&[odd], false));
        unzip(s.path(), &["odd.zip"]).stderr_has("method 99").fails(1);
    }
}

#[test]
fn nothing_leaves_the_folder() {
    let evil = |name| stored(name, 0o100_644, b"evil");
    let link = |name, to: &[u8]| stored(name, 0o120_777, to);
    for (n, members) in [
        vec![evil(b"../out")],
        vec![evil(b"a/../../out")],
        vec![link(b"l", b".."), evil(b"l/out")],
        vec![link(b"l", b"../out"), evil(b"l")],
        vec![link(b"l", b"../kept"), evil(b"l")],
        vec![stored(b"../", 0o040_700, b"")],
        vec![evil(b"..")],
        vec![evil(b"")],
    ]
    .iter()
    .enumerate()
    {
        let s = Scratch::new("hostile");
        s.file("kept", "kept");
        std::fs::create_dir(s.path().join("to")).unwrap();
        s.file("to/a.zip", archive(members, false));
        unzip(&s.path().join("to"), &["-o", "a.zip"]).run();
        let mut names: Vec<_> =
            std::fs::read_dir(s.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["kept", "to"], "case {n}");
        assert_eq!(std::fs::read(s.path().join("kept")).unwrap(), b"kept", "case {n}");
        let mode = std::fs::metadata(s.path()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o755, "case {n}");
    }
}
