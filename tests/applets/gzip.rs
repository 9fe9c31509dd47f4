//! gzip, bzip2, xz, lzma, zstd, lz4 and their relatives.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::applet::{against_busybox, applet, reference};
use crate::harness::scratch::Scratch;

/// Packer, unpacker, cat, suffix.
const TOOLS: [(&str, &str, &str, &str); 6] = [
    ("gzip", "gunzip", "zcat", ".gz"),
    ("bzip2", "bunzip2", "bzcat", ".bz2"),
    ("xz", "unxz", "xzcat", ".xz"),
    ("lzma", "unlzma", "lzcat", ".lzma"),
    ("zstd", "unzstd", "zstdcat", ".zst"),
    ("lz4", "unlz4", "lz4cat", ".lz4"),
];

/// 400 KB with structure.
fn sample() -> Vec<u8> {
    let mut state = 1u32;
    let mut bytes = Vec::new();
    while bytes.len() < 400_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.extend_from_slice(format!("{} line {}\n", state >> 28, state >> 20).as_bytes());
    }
    bytes
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What the tool of the host makes of the bytes, where there is one.
fn host(program: &str, args: &[&str], input: &Path) -> Option<Vec<u8>> {
    let file = std::fs::File::open(input).unwrap();
    let out = Command::new(program).args(args).stdin(file).stderr(Stdio::null()).output().ok()?;
    Some(out.stdout)
}

#[test]
fn there_and_back() {
    if reference().is_some() {
        return;
    }
    for (packer, unpacker, cat, suffix) in TOOLS {
        let s = Scratch::new(packer);
        let sample = sample();
        s.file("f", &sample);
        let packed = format!("f{suffix}");
        applet(packer).dir(s.path()).args(["-k", "f"]).stdout("").ok();
        assert_eq!(names(s.path()), ["f".to_string(), packed.clone()], "{packer}");
        let size = std::fs::metadata(s.path().join(&packed)).unwrap().len();
        assert!(size < 200_000, "{packer} made {size} bytes");
        applet(packer).dir(s.path()).args(["-t", &packed]).stdout("").ok();
        applet(cat).dir(s.path()).args([&packed]).stdout(&sample).ok();
        applet(packer).dir(s.path()).args(["-dc", &packed]).stdout(&sample).ok();
        let seen = host(packer, &["-dc"], &s.path().join(&packed));
        assert!(seen.is_none_or(|seen| seen == sample), "{packer} of the host");
        // what is there stays there
        std::fs::write(s.path().join("f"), "other").unwrap();
        applet(unpacker).dir(s.path()).args([&packed]).stderr_has("f: already exists").fails(1);
        assert_eq!(std::fs::read(s.path().join("f")).unwrap(), b"other");
        applet(unpacker).dir(s.path()).args(["-f", &packed]).stdout("").ok();
        assert!(std::fs::read(s.path().join("f")).unwrap() == sample, "{unpacker}");
        // by pipe
        let piped = applet(packer).stdin(&sample).ok().stdout;
        applet(cat).stdin(&piped).stdout(&sample).ok();
        applet(cat)
            .stdin([piped.clone(), piped].concat())
            .stdout([sample.clone(), sample].concat())
            .ok();
    }
}

#[test]
fn every_level_unpacks() {
    let sample = &sample()[..100_000];
    for (packer, _, cat, _) in TOOLS {
        if reference().is_some() && packer != "gzip" && packer != "bzip2" {
            continue;
        }
        for level in ["-1", "-9"] {
            let packed = applet(packer).args(["-c", level]).stdin(sample).ok().stdout;
            applet(cat).stdin(packed).stdout(sample).ok();
        }
    }
}

#[test]
fn time_and_mode_are_kept() {
    let s = Scratch::new("keep");
    let file = s.file("f", "text\n");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    Command::new("touch").args(["-d", "@1000000000"]).arg(&file).status().unwrap();
    for args in [["gzip", "f"], ["gunzip", "f.gz"]] {
        applet(args[0]).dir(s.path()).args(&args[1..]).ok();
        let name = if args[0] == "gzip" { "f.gz" } else { "f" };
        let meta = std::fs::metadata(s.path().join(name)).unwrap();
        assert_eq!((meta.mode() & 0o7777, meta.mtime()), (0o640, 1_000_000_000), "{name}");
        assert_eq!(names(s.path()), [name]);
    }
}

#[test]
fn what_is_refused() {
    let s = Scratch::new("refused");
    let run = |args: &[&str]| applet(args[0]).dir(s.path()).args(&args[1..]);
    run(&["gunzip", "nope"]).stderr_has("nope: No such file or directory").fails(1);
    s.file("t.zz", "x");
    run(&["gunzip", "t.zz"]).stderr_has("t.zz: unknown suffix - ignored").fails(1);
    s.file("t.gz", "x");
    run(&["gunzip", "t.gz"]).stderr_has("t.gz: not in gzip format").fails(1);
    run(&["gzip", "-t", "t.gz"]).fails(1);
    run(&["bunzip2", "t.gz"]).stderr_has("unknown suffix").fails(1);
    s.file("e.gz", "");
    run(&["zcat", "e.gz"]).stdout("").fails(1);
    assert_eq!(names(s.path()), ["e.gz", "t.gz", "t.zz"]);
    applet("gunzip").stdin("").fails(1);
    applet("unxz").stdin("junk").fails(1);
}

#[test]
fn what_is_left_of_damaged_files() {
    let sample = sample();
    for (packer, _, cat, _) in TOOLS {
        if reference().is_some() && packer != "gzip" && packer != "bzip2" {
            continue;
        }
        let packed = applet(packer).args(["-c"]).stdin(&sample).ok().stdout;
        let cut = applet(cat).stdin(&packed[..packed.len() - 6]).fails(1).stdout;
        assert!(sample.starts_with(&cut), "{cat}");
        let mut wrong = packed.clone();
        let middle = wrong.len() / 2;
        wrong[middle] ^= 0x40;
        // lzma has no checksum
        if packer != "lzma" && packer != "zstd" {
            applet(cat).stdin(&wrong).fails(1);
        }
    }
}

#[test]
fn garbage_behind() {
    if reference().is_some() {
        return;
    }
    let mut packed = applet("gzip").stdin("text\n").ok().stdout;
    packed.extend_from_slice(&[0; 100]);
    applet("zcat").stdin(&packed).stdout("text\n").ok();
    packed.extend_from_slice(b"junk");
    applet("zcat").stdin(&packed).stdout("text\n").stderr_has("trailing garbage ignored").fails(2);
    let mut packed = applet("xz").stdin("text\n").ok().stdout;
    packed.extend_from_slice(b"junk");
    applet("xzcat").stdin(&packed).stdout("text\n").fails(1);
}

#[test]
fn names_in_gzip() {
    if reference().is_some() {
        return;
    }
    let s = Scratch::new("names");
    let run = |args: &[&str]| applet(args[0]).dir(s.path()).args(&args[1..]);
    s.file("first", "text\n");
    run(&["gzip", "first"]).ok();
    std::fs::rename(s.path().join("first.gz"), s.path().join("second.gz")).unwrap();
    run(&["gunzip", "-k", "second.gz"]).ok();
    run(&["gunzip", "-N", "second.gz"]).ok();
    assert_eq!(names(s.path()), ["first", "second"]);
    // a name never leaves the folder
    let mut bytes = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03../../evil\0".to_vec();
    bytes.extend_from_slice(b"\x4b\x04\0\x43\xbe\xb7\xe8\x01\0\0\0");
    s.file("third.gz", &bytes);
    run(&["gunzip", "-N", "third.gz"]).ok();
    assert_eq!(names(s.path()), ["evil", "first", "second"]);
    run(&["gzip", "-S", ".packed", "first"]).ok();
    run(&["gunzip", "-S", ".packed", "first.packed"]).ok();
    assert_eq!(names(s.path()), ["evil", "first", "second"]);
    run(&["gzip", "-n", "first"]).ok();
    assert_eq!(&std::fs::read(s.path().join("first.gz")).unwrap()[3..8], &[0; 5]);
    run(&["gzip", "first.gz"]).stderr_has("already has .gz suffix").ok();
}

#[test]
fn suffixes_of_archives() {
    let s = Scratch::new("suffix");
    let packed = applet("gzip").args(["-c"]).stdin("text\n").ok().stdout;
    s.file("a.tgz", &packed);
    applet("gunzip").dir(s.path()).args(["a.tgz"]).ok();
    assert_eq!(names(s.path()), ["a.tar"]);
    s.file("b.gz", &packed);
    if reference().is_none() {
        applet("gunzip").dir(s.path()).args(["b"]).ok();
        assert_eq!(names(s.path()), ["a.tar", "b"]);
    }
}

#[test]
fn lists() {
    if reference().is_some() {
        return;
    }
    let s = Scratch::new("list");
    let run = |args: &[&str]| applet(args[0]).dir(s.path()).args(&args[1..]);
    s.file("f", "hello\n");
    run(&["gzip", "f"]).ok();
    run(&["gzip", "-l", "f.gz"])
        .stdout(
            "         compressed        uncompressed  ratio uncompressed_name\n\
             \x20                28                   6 -33.3% f\n",
        )
        .ok();
    run(&["gzip", "-dv", "f.gz"]).stderr_has("f.gz:").ok();
    run(&["xz", "f"]).ok();
    let out = run(&["xz", "-l", "f.xz"]).ok().stdout;
    assert!(String::from_utf8(out).unwrap().contains(" 6 "));
    assert_eq!(names(s.path()), ["f.xz"]);
}

#[test]
fn folders_and_links() {
    if reference().is_some() {
        return;
    }
    let s = Scratch::new("folders");
    let run = |args: &[&str]| applet(args[0]).dir(s.path()).args(&args[1..]);
    s.file("d/a", "1");
    s.file("d/e/b", "2");
    std::os::unix::fs::symlink("a", s.path().join("d/l")).unwrap();
    run(&["gzip", "d"]).stderr_has("d: is a directory - ignored").fails(2);
    run(&["gzip", "-r", "d"]).ok();
    assert_eq!(names(&s.path().join("d")), ["a.gz", "e", "l"]);
    run(&["gunzip", "-r", "d"]).ok();
    assert_eq!(names(&s.path().join("d/e")), ["b"]);
    run(&["gzip", "d/l"]).stderr_has("symbolic link").fails(1);
}

#[test]
fn other_formats() {
    if reference().is_some() {
        return;
    }
    let s = Scratch::new("other");
    for (packer, ..) in TOOLS {
        let packed = applet(packer).args(["-c"]).stdin("text\n").ok().stdout;
        applet("zcat").stdin(&packed).stdout("text\n").ok();
        if packer != "xz" && packer != "lzma" {
            applet("xzcat").stdin(&packed).fails(1);
        }
    }
    applet("zcat").args(["-f"]).stdin("plain\n").stdout("plain\n").ok();
    s.file("in", "text\n");
    applet("lz4").dir(s.path()).args(["in", "out.lz4"]).ok();
    applet("lz4").dir(s.path()).args(["-d", "out.lz4", "back"]).ok();
    assert_eq!(std::fs::read(s.path().join("back")).unwrap(), b"text\n");
    applet("zstd").dir(s.path()).args(["in", "-o", "x.zst", "-q", "-19", "-T0"]).ok();
    applet("zstd").dir(s.path()).args(["-d", "--rm", "x.zst"]).ok();
    assert_eq!(names(s.path()), ["back", "in", "out.lz4", "x"]);
    let legacy = applet("lz4").args(["-l"]).stdin("text\n").ok().stdout;
    assert_eq!(legacy[..4], [2, 0x21, 0x4c, 0x18]);
}

#[test]
fn levels_and_blocks_of_the_hosts_bzip2() {
    let s = Scratch::new("bz");
    let sample = sample().repeat(3);
    let file = s.file("f", &sample);
    let Some(packed) = host("bzip2", &["-1c"], &file) else { return };
    applet("bzcat").stdin(&packed).stdout(&sample).ok();
    let zeros = vec![0; 2_000_000];
    let packed = applet("bzip2").stdin(&zeros).ok().stdout;
    assert!(packed.len() < 200);
    applet("bunzip2").stdin(&packed).stdout(&zeros).ok();
}

#[test]
fn what_compress_packed() {
    let scratch = Scratch::new("uncompress");
    let dir = scratch.path();
    // printf 'abababababababab\n' | compress
    let packed = b"\x1f\x9d\x90\x61\xc4\x04\x1c\x28\xb0\x20\x41\x05";
    std::fs::write(dir.join("a.Z"), packed).unwrap();
    applet("uncompress").args(["-c", "a.Z"]).dir(dir).stdout("abababababababab\n").ok();
    applet("uncompress").stdin(packed).stdout("abababababababab\n").ok();
    applet("uncompress").args(["a.Z"]).dir(dir).stdout("").ok();
    assert_eq!(std::fs::read(dir.join("a")).unwrap(), b"abababababababab\n");
    assert!(!dir.join("a.Z").exists());
    std::fs::write(dir.join("a.Z"), packed).unwrap();
    for name in ["gunzip", "zcat", "gzip -d"] {
        std::fs::write(dir.join("b.Z"), packed).unwrap();
        let mut words = name.split(' ');
        let run = applet(words.next().unwrap()).args(words);
        run.args(["-cf", "b.Z"]).dir(dir).stdout("abababababababab\n").ok();
    }
    applet("zcat").args(["b"]).dir(dir).stdout("abababababababab\n").ok();
    applet("gunzip").args(["b.Z"]).dir(dir).stdout("").ok();
    assert!(!dir.join("b.Z").exists());
    if against_busybox() || reference().is_none() {
        applet("uncompress").args(["a.Z"]).dir(dir).fails(1);
        applet("uncompress").args(["-f", "a.Z"]).dir(dir).ok();
        applet("uncompress").args(["-c"]).stdin("not packed").fails(1);
    }
}

#[test]
fn what_is_behind_and_between_packed_data() {
    let scratch = Scratch::new("behind");
    let dir = scratch.path();
    let hi = std::process::Command::new("sh")
        .args(["-c", "echo hi >f; bzip2 -kc f >f.bz2; xz -kc f >f.xz; (cat f.bz2; echo x) >g.bz2"])
        .args(["for", "in"])
        .current_dir(dir)
        .status();
    assert!(hi.unwrap().success());
    applet("bzcat").args(["g.bz2"]).dir(dir).stdout("hi\n").ok();
    applet("bzcat").args(["f"]).dir(dir).stdout("").stderr_has("not in bzip2 format").fails(1);
    let packed = std::fs::read(dir.join("f.xz")).unwrap();
    for (zeros, good) in [(0, true), (3, false), (4, true), (6, false), (8, true)] {
        let padded = [packed.as_slice(), &vec![0; zeros]].concat();
        let run = applet("xzcat").stdin(&padded).stdout("hi\n");
        if good {
            run.ok()
        } else {
            run.stderr_has("corrupt xz data").fails(1)
        };
    }
    // What is passed over is a warning.
    applet("xz").args(["f.xz"]).dir(dir).stderr_has("already has .xz suffix").fails(2);
    std::fs::copy(dir.join("f.xz"), dir.join("f.other")).unwrap();
    applet("unxz").args(["f.other"]).dir(dir).stderr_has("unknown suffix").fails(2);
    assert!(dir.join("f.other").exists());
}

#[test]
fn ratios_leave_the_header_out() {
    let scratch = Scratch::new("ratio");
    let dir = scratch.path();
    std::fs::write(dir.join("a-long-name-of-a-file"), "abc").unwrap();
    let name = "a-long-name-of-a-file";
    let said = format!("{name}:\t-66.7% -- replaced with {name}.gz\n");
    applet("gzip").args(["-v", name]).dir(dir).stderr_has(&said).ok();
    let said = format!("{name}.gz:\t-66.7% -- replaced with {name}\n");
    applet("gunzip").args(["-v", &format!("{name}.gz")]).dir(dir).stderr_has(&said).ok();
}
