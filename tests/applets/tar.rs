//! tar: creating, listing, extracting, and what hostile archives may not do.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::harness::applet::{Case, applet, reference};
use crate::harness::scratch::Scratch;

fn tar(dir: &Path, args: &[&str]) -> Case {
    applet("tar").dir(dir).args(args)
}

/// One header of ustar with its data.
fn member(name: &[u8], kind: u8, link: &[u8], data: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name);
    block[100..108].copy_from_slice(b"0000644\0");
    block[108..124].copy_from_slice(b"0000000\x000000000\0");
    block[124..136].copy_from_slice(format!("{:011o}\0", data.len()).as_bytes());
    block[136..148].copy_from_slice(b"00000000000\0");
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link);
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[329..345].copy_from_slice(b"0000001\x000000003\0");
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block.extend_from_slice(data);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

fn archive(members: &[Vec<u8>]) -> Vec<u8> {
    [members.concat(), vec![0; 1024]].concat()
}

/// A folder with everything that an archive can hold.
fn tree() -> Scratch {
    let s = Scratch::new("tar");
    s.file("d/file", "text\n");
    s.program("d/run", "#!/bin/sh\n");
    s.file("d/sub/deep", "deep\n");
    s.file("d/big", vec![7; 300_000]);
    symlink("file", s.path().join("d/link")).unwrap();
    std::fs::hard_link(s.path().join("d/file"), s.path().join("d/second")).unwrap();
    Command::new("mkfifo").arg(s.path().join("d/pipe")).status().unwrap();
    s.file(&format!("d/{}/{}", "n".repeat(120), "m".repeat(120)), "long\n");
    for path in ["d/file", "d/run", "d/sub/deep", "d/sub", "d"] {
        Command::new("touch")
            .args(["-d", "@1000000000"])
            .arg(s.path().join(path))
            .status()
            .unwrap();
    }
    s
}

/// Every name below a folder, with kind, mode, size of files, time, target.
fn facts(dir: &Path) -> Vec<String> {
    let out = Command::new("find")
        .args([".", "-mindepth", "1", "-printf", "%p %y %m %U %G %T@ %l %n\n"])
        .current_dir(dir)
        .output()
        .unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    // Not every format has parts of seconds.
    let mut list: Vec<String> = text
        .lines()
        .map(|line| {
            line.split(' ')
                .map(|w| w.split_once('.').filter(|(a, _)| a.len() == 10).map_or(w, |(a, _)| a))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    list.sort();
    list
}

#[test]
fn there_and_back() {
    for format in [&[][..], &["-H", "pax"]] {
        if reference().is_some() && !format.is_empty() {
            continue;
        }
        for packing in ["", "-z", "-j", "-J"] {
            if reference().is_some() && packing == "-J" {
                continue;
            }
            let s = tree();
            let mut args = vec!["-cf", "a.tar"];
            args.extend(format);
            args.extend(Some(packing).filter(|p| !p.is_empty()));
            args.push("d");
            tar(s.path(), &args).stdout("").ok();
            std::fs::create_dir(s.path().join("to")).unwrap();
            tar(s.path(), &["-xf", "a.tar", "-C", "to"]).stdout("").ok();
            assert_eq!(facts(&s.path().join("to/d")), facts(&s.path().join("d")), "{args:?}");
            let same = std::fs::read(s.path().join("to/d/big")).unwrap() == vec![7; 300_000];
            assert!(same);
        }
    }
}

#[test]
fn the_hosts_tar_reads_it_and_the_other_way() {
    if reference().is_some() {
        return;
    }
    for format in ["gnu", "pax"] {
        let s = tree();
        tar(s.path(), &["-c", "-f", "a.tar", "-H", format, "d"]).ok();
        std::fs::create_dir(s.path().join("to")).unwrap();
        let host = |args: &[&str]| {
            assert!(
                Command::new("tar").args(args).current_dir(s.path()).status().unwrap().success()
            );
        };
        host(&["-xf", "a.tar", "-C", "to"]);
        assert_eq!(facts(&s.path().join("to/d")), facts(&s.path().join("d")));
        host(&["-cf", "b.tar", "-H", format, "--sparse", "d"]);
        std::fs::create_dir(s.path().join("back")).unwrap();
        tar(s.path(), &["xf", "b.tar", "-C", "back"]).ok();
        assert_eq!(facts(&s.path().join("back/d")), facts(&s.path().join("d")));
        let mut command = Command::new("tar");
        let listed = command.args(["tvf", "b.tar"]).env("TZ", "UTC").current_dir(s.path());
        let listed = listed.output().unwrap();
        tar(s.path(), &["tvf", "b.tar"]).stdout(&listed.stdout).ok();
    }
}

#[test]
fn files_with_holes() {
    if reference().is_some() {
        return;
    }
    let s = Scratch::new("holes");
    let file = std::fs::File::create(s.path().join("f")).unwrap();
    std::os::unix::fs::FileExt::write_at(&file, b"middle", 1 << 20).unwrap();
    for n in 0..40u64 {
        std::os::unix::fs::FileExt::write_at(&file, b"x", (2 << 20) + n * 65536).unwrap();
    }
    file.set_len(20 << 20).unwrap();
    let whole = std::fs::read(s.path().join("f")).unwrap();
    for format in [
        &["-H", "gnu"][..],
        &["-H", "pax"],
        &["-H", "pax", "--sparse-version=0.1"],
        &["-H", "pax", "--sparse-version=0.0"],
    ] {
        let mut command = Command::new("tar");
        command.args(["-S", "-cf", "a.tar"]).args(format).arg("f").current_dir(s.path());
        assert!(command.status().unwrap().success());
        let _ = std::fs::remove_dir_all(s.path().join("to"));
        std::fs::create_dir(s.path().join("to")).unwrap();
        tar(s.path(), &["xf", "a.tar", "-C", "to"]).ok();
        assert!(std::fs::read(s.path().join("to/f")).unwrap() == whole, "{format:?}");
        assert!(std::fs::metadata(s.path().join("to/f")).unwrap().blocks() < 2000, "{format:?}");
    }
}

#[test]
fn lists() {
    let s = Scratch::new("list");
    let bytes = archive(&[
        member(b"d/", b'5', b"", b""),
        member(b"d/file", b'0', b"", b"text\n"),
        member(b"d/link", b'2', b"file", b""),
    ]);
    s.file("a.tar", &bytes);
    tar(s.path(), &["tf", "a.tar"]).stdout("d/\nd/file\nd/link\n").ok();
    tar(s.path(), &["-t", "-f", "a.tar", "d/file"]).stdout("d/file\n").ok();
    tar(s.path(), &["t"]).stdin(&bytes).stdout("d/\nd/file\nd/link\n").ok();
    tar(s.path(), &["tf", "-"]).stdin(&bytes).stdout("d/\nd/file\nd/link\n").ok();
    tar(s.path(), &["tf", "a.tar", "--exclude", "link"]).stdout("d/\nd/file\n").ok();
    tar(s.path(), &["tf", "a.tar", "d/l*"]).stdout("d/link\n").ok();
    if reference().is_none() {
        tar(s.path(), &["tvf", "a.tar"])
            .stdout(
                "drw-r--r-- 0/0               0 1970-01-01 00:00 d/\n\
                 -rw-r--r-- 0/0               5 1970-01-01 00:00 d/file\n\
                 lrw-r--r-- 0/0               0 1970-01-01 00:00 d/link -> file\n",
            )
            .ok();
        tar(s.path(), &["tvf", "a.tar", "--numeric-owner", "--full-time", "d/file"])
            .stdout("-rw-r--r-- 0/0               5 1970-01-01 00:00:00 d/file\n")
            .ok();
    }
}

#[test]
fn devices_and_hard_links_in_lists() {
    if reference().is_some() {
        return;
    }
    let bytes = archive(&[
        member(b"c", b'3', b"", b""),
        member(b"h", b'1', b"c", b""),
        member(b"p", b'6', b"", b""),
    ]);
    applet("tar")
        .args(["tv"])
        .stdin(bytes)
        .stdout(
            "crw-r--r-- 0/0             1,3 1970-01-01 00:00 c\n\
             hrw-r--r-- 0/0               0 1970-01-01 00:00 h link to c\n\
             prw-r--r-- 0/0               0 1970-01-01 00:00 p\n",
        )
        .ok();
}

/// A long name of a file, cut behind a slash, is no folder's.
#[test]
fn names_cut_at_a_slash() {
    let s = Scratch::new("cut");
    let folders = "deep/".repeat(30);
    let name = format!("{folders}{}", "leaf".repeat(30));
    let long = member(b"././@LongLink", b'L', b"", format!("{name}\0").as_bytes());
    let file = member("deep/".repeat(20).as_bytes(), b'0', b"", b"text\n");
    let bytes = archive(&[long, file]);
    tar(s.path(), &["xO"]).stdin(&bytes).stdout("text\n").ok();
    tar(s.path(), &["x"]).stdin(&bytes).ok();
    assert_eq!(std::fs::read(s.path().join(&name)).unwrap(), b"text\n");
    tar(s.path(), &["cf", "a.tar", &name]).ok();
    tar(s.path(), &["xOf", "a.tar"]).stdout("text\n").ok();
}

#[test]
fn choices_when_extracting() {
    let s = tree();
    tar(s.path(), &["cf", "a.tar", "d"]).ok();
    let to = s.path().join("to");
    std::fs::create_dir(&to).unwrap();
    tar(&to, &["xf", "../a.tar", "d/sub"]).ok();
    assert_eq!(std::fs::read_dir(to.join("d")).unwrap().count(), 1);
    tar(&to, &["xOf", "../a.tar", "d/sub/deep"]).stdout("deep\n").ok();
    tar(&to, &["xvf", "../a.tar", "d/file"]).stdout("d/file\n").ok();
    tar(&to, &["xf", "../a.tar", "--strip-components=2", "d/sub"]).ok();
    assert_eq!(std::fs::read(to.join("deep")).unwrap(), b"deep\n");
    std::fs::write(to.join("d/file"), "mine\n").unwrap();
    tar(&to, &["xkf", "../a.tar", "d/file"]).fails(1);
    assert_eq!(std::fs::read(to.join("d/file")).unwrap(), b"mine\n");
    tar(&to, &["xf", "../a.tar", "nope"]).stderr_has("nope: not found in archive").fails(1);
    tar(&to, &["xmf", "../a.tar", "d/file"]).ok();
    assert_eq!(std::fs::read(to.join("d/file")).unwrap(), b"text\n");
    assert!(std::fs::metadata(to.join("d/file")).unwrap().mtime() > 1_000_000_000);
    s.file("list", "d/run\nd/sub/deep\n");
    tar(s.path(), &["tf", "a.tar", "-T", "list"]).ok();
    s.file("without", "big\nsub\n");
    let out = tar(s.path(), &["tf", "a.tar", "-X", "without"]).ok().stdout;
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("d/run\n") && !out.contains("big") && !out.contains("sub"), "{out}");
}

#[test]
fn choices_when_creating() {
    let s = tree();
    tar(s.path(), &["cf", "a.tar", "-C", "d", "run", "-C", "sub", "deep"]).ok();
    tar(s.path(), &["tf", "a.tar"]).stdout("run\ndeep\n").ok();
    tar(s.path(), &["cvf", "a.tar", "d/sub"]).stdout("d/sub/\nd/sub/deep\n").ok();
    s.file("list", "d/run\nd/link\n");
    tar(s.path(), &["cf", "a.tar", "-T", "list"]).ok();
    tar(s.path(), &["tf", "a.tar"]).stdout("d/run\nd/link\n").ok();
    tar(s.path(), &["chf", "a.tar", "d/link"]).ok();
    tar(s.path(), &["xOf", "a.tar"]).stdout("text\n").ok();
    tar(s.path(), &["cf", "a.tar", "--exclude", "*e*", "d/sub", "d/run"]).ok();
    tar(s.path(), &["tf", "a.tar"]).stdout("d/sub/\nd/run\n").ok();
    let path = s.path().join("d/run");
    let path = path.to_str().unwrap();
    tar(s.path(), &["cf", "a.tar", path]).stderr_has("removing leading '/'").ok();
    tar(s.path(), &["tf", "a.tar"]).stdout(format!("{}\n", &path[1..])).ok();
    tar(s.path(), &["cf", "a.tar", "nope", "d/run"]).stderr_has("nope: No such file").fails(1);
    tar(s.path(), &["tf", "a.tar"]).stdout("d/run\n").ok();
    tar(s.path(), &["cf", "b.tar"]).stderr_has("empty archive").fails(1);
    if reference().is_none() {
        tar(s.path(), &["rf", "a.tar", "d/link"]).ok();
        tar(s.path(), &["tf", "a.tar"]).stdout("d/run\nd/link\n").ok();
        tar(s.path(), &["caf", "a.tar.xz", "d/run"]).ok();
        assert_eq!(&std::fs::read(s.path().join("a.tar.xz")).unwrap()[1..5], b"7zXZ");
        let args =
            ["cf", "c.tar", "--owner=me:7", "--group=654321", "--mode=600", "--mtime=@5", "d/run"];
        tar(s.path(), &args).ok();
        tar(s.path(), &["tvf", "c.tar"])
            .stdout("-rw------- me/654321        10 1970-01-01 00:00 d/run\n")
            .ok();
        tar(s.path(), &["cf", "c.tar", "--owner=0", "--group=me:8", "--mtime=@5", "d/run"]).ok();
        tar(s.path(), &["tvf", "c.tar"])
            .stdout("-rwxr-xr-x root/me          10 1970-01-01 00:00 d/run\n")
            .ok();
        tar(s.path(), &["cf", "d.tar", "--no-recursion", "d"]).ok();
        tar(s.path(), &["tf", "d.tar"]).stdout("d/\n").ok();
        tar(s.path(), &["cf", "e.tar", "--sort=name", "d/sub", "e.tar"]).ok();
    }
}

#[test]
fn what_is_no_archive() {
    let s = Scratch::new("no");
    s.file("empty", "");
    s.file("junk", vec![b'x'; 2000]);
    tar(s.path(), &["tf", "empty"]).stderr_has("short read").fails(1);
    tar(s.path(), &["xf", "junk"]).stderr_has("not look like a tar archive").fails(1);
    tar(s.path(), &["xf", "nope"]).stderr_has("nope: No such file").fails(1);
    tar(s.path(), &["t"]).stdin(vec![0; 1024]).stdout("").ok();
    let cut = &member(b"f", b'0', b"", &[1; 2000])[..1500];
    tar(s.path(), &["x"]).stdin(cut).fails(1);
    assert_eq!(std::fs::metadata(s.path().join("f")).unwrap().len(), 988);
    if reference().is_none() {
        tar(s.path(), &["xf", "a", "-t"]).stderr_has("only one of").fails(1);
        tar(s.path(), &["f", "a"]).fails(1);
    }
}

/// Each of these must leave what is outside of the folder as it is.
#[test]
fn nothing_leaves_the_folder() {
    let link = |name: &[u8], to: &[u8]| member(name, b'2', to, b"");
    let file = |name: &[u8]| member(name, b'0', b"", b"evil");
    let outside = "/tmp/rescuebox-tar-outside";
    let o = outside.as_bytes();
    let cases: Vec<Vec<Vec<u8>>> = vec![
        vec![file(b"../out")],
        vec![file(b"a/../../out")],
        vec![file(b"/../out")],
        vec![file(&[o, b"/out"].concat())],
        vec![link(b"l", b".."), file(b"l/out")],
        vec![link(b"l", o), file(b"l/out")],
        vec![link(b"l", b"../out"), file(b"l")],
        vec![link(b"l", &[o, b"/out"].concat()), file(b"l")],
        vec![link(b"a", b"b"), link(b"b", b".."), file(b"a/out")],
        vec![member(b"d/", b'5', b"", b""), link(b"d", b".."), file(b"d/out")],
        vec![member(b"h", b'1', b"../kept", b""), member(b"h", b'0', b"", b"evil")],
        vec![member(b"h", b'1', &[o, b"/kept"].concat(), b""), file(b"h")],
        vec![link(b"l", b".."), member(b"h", b'1', b"l/kept", b""), file(b"h")],
        vec![link(b"l", &[o, b"/kept"].concat()), member(b"h", b'1', b"l", b""), file(b"h")],
        vec![link(b"l", b".."), member(b"l/d/", b'5', b"", b"")],
        vec![link(b"l", b".."), member(b"l/", b'5', b"", b"")],
        vec![link(b"l", b".."), link(b"l/out", b"x")],
        vec![link(b"l", b".."), member(b"l/out", b'6', b"", b"")],
        vec![link(b"l", b".."), member(b"l/out", b'3', b"", b"")],
        vec![file(b"..")],
        vec![file(b".")],
        vec![file(b"")],
        vec![file(b"/")],
        vec![member(b"..", b'5', b"", b"")],
        vec![member(b"x/../..", b'5', b"", b"")],
        vec![link(b"..", b"x")],
        vec![member(b"l", b'L', b"", b"../../../tmp/rescuebox-tar-outside/out\0"), file(b"x")],
        vec![member(b"l", b'K', b"", b"../kept\0"), member(b"h", b'1', b"", b""), file(b"h")],
        vec![member(b"x", b'x', b"", b"15 path=../out\n"), file(b"x")],
        vec![member(b"x", b'g', b"", b"15 path=../out\n"), file(b"x")],
        vec![
            member(b"x", b'x', b"", b"19 linkpath=../kept\n"),
            member(b"h", b'1', b"y", b""),
            file(b"h"),
        ],
    ];
    std::fs::create_dir_all(outside).unwrap();
    std::fs::write(Path::new(outside).join("kept"), "kept").unwrap();
    std::fs::set_permissions(outside, std::fs::Permissions::from_mode(0o755)).unwrap();
    for (n, members) in cases.iter().enumerate() {
        for options in [&["x"][..], &["xk"], &["x", "--overwrite"]] {
            let s = Scratch::new("hostile");
            s.file("kept", "kept");
            std::fs::create_dir(s.path().join("to")).unwrap();
            applet("tar").dir(&s.path().join("to")).args(options).stdin(archive(members)).run();
            let mut names: Vec<_> =
                std::fs::read_dir(s.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
            names.sort();
            assert_eq!(names, ["kept", "to"], "case {n} {options:?}");
            assert_eq!(
                std::fs::read(s.path().join("kept")).unwrap(),
                b"kept",
                "case {n} {options:?}"
            );
            let kept = Path::new(outside);
            assert_eq!(std::fs::read(kept.join("kept")).unwrap(), b"kept", "case {n} {options:?}");
            assert_eq!(std::fs::read_dir(kept).unwrap().count(), 1, "case {n} {options:?}");
            let mode = std::fs::metadata(s.path()).unwrap().mode() & 0o777;
            assert_eq!(mode, 0o755, "case {n} {options:?}");
        }
    }
    std::fs::remove_dir_all(outside).unwrap();
}

#[test]
fn numbers_that_lie() {
    let mut huge = member(b"f", b'0', b"", b"");
    huge[124..136].copy_from_slice(b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff");
    huge[148..156].copy_from_slice(b"        ");
    let sum: u32 = huge.iter().map(|&b| u32::from(b)).sum();
    huge[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut long = member(b"f", b'L', b"", b"");
    long[124..136].copy_from_slice(b"77777777777\0");
    long[148..156].copy_from_slice(b"        ");
    let sum: u32 = long.iter().map(|&b| u32::from(b)).sum();
    long[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    for bytes in [huge, long] {
        applet("tar").args(["t"]).stdin(&bytes).limit(10).fails(1);
    }
}

#[test]
fn names_do_nothing_to_a_terminal() {
    if reference().is_some() {
        return;
    }
    let bytes = archive(&[member(b"a\x1b[2J\n\xff", b'2', b"\x1b]0;x\x07", b"")]);
    let out = applet("tar").args(["tv"]).stdin(&bytes).ok();
    assert!(out.stdout.iter().all(|&b| b == b'\n' || (0x20..0x7f).contains(&b)));
    assert!(out.stdout.windows(12).any(|w| w == b"a\\033[2J\\n\\3"), "{:?}", out.stdout);
}

#[test]
fn a_link_to_a_folder_is_a_folder() {
    if reference().is_some() {
        return;
    }
    let s = Scratch::new("usr");
    std::fs::create_dir_all(s.path().join("usr/lib")).unwrap();
    symlink("usr/lib", s.path().join("lib")).unwrap();
    symlink("/usr/lib", s.path().join("lib64")).unwrap();
    let members = [
        member(b"lib/", b'5', b"", b""),
        member(b"lib/a", b'0', b"", b"1"),
        member(b"lib64/b", b'0', b"", b"2"),
    ];
    tar(s.path(), &["x"]).stdin(archive(&members)).ok();
    assert_eq!(std::fs::read(s.path().join("usr/lib/a")).unwrap(), b"1");
    assert_eq!(std::fs::read(s.path().join("usr/lib/b")).unwrap(), b"2");
}

#[test]
fn files_to_a_command() {
    let s = Scratch::new("to-command");
    let members = [member(b"a", b'0', b"", b"one"), member(b"b", b'0', b"", b"two\n")];
    let command = "--to-command=echo $TAR_FILENAME $TAR_SIZE $TAR_FILETYPE; cat";
    let output = "a 3 f\noneb 4 f\ntwo\n";
    tar(s.path(), &["x", command]).stdin(archive(&members)).stdout(output).ok();
    tar(s.path(), &["x", "--to-command=exit 3"]).stdin(archive(&members)).stdout("").fails(1);
    tar(s.path(), &["x", "--to-command=:", "b"]).stdin(archive(&members)).stdout("").ok();
    let absent = ["x", command, "-C", "nosuch"];
    tar(s.path(), &absent).stdin(archive(&members)).stdout("").stderr_has("nosuch").fails(1);
    assert!(!s.path().join("a").exists());
}
