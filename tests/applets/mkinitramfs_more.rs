//! mkinitramfs: archives around the image, hooks, files of options, one file
//! for the firmware.

use crate::harness::applet::{Case, applet};
use crate::harness::scratch::Scratch;

fn mkinitramfs(s: &Scratch) -> Case {
    s.program("the-program", "program");
    applet("mkinitramfs").dir(s.path()).args([
        "--no-modules",
        "--program",
        "the-program",
        "-o",
        "image",
    ])
}

fn names(s: &Scratch) -> String {
    String::from_utf8(applet("lsinitramfs").dir(s.path()).args(["image"]).ok().stdout).unwrap()
}

#[test]
fn archives_before_and_behind() {
    let s = Scratch::new("around");
    s.file("early", applet("gen_init_cpio").args(["-"]).stdin("dir kernel 755 0 0\n").ok().stdout);
    s.file("late", applet("gen_init_cpio").args(["-"]).stdin("dir late 755 0 0\n").ok().stdout);
    mkinitramfs(&s).args(["--compress", "zstd", "--prepend", "early", "--append", "late"]).ok();
    let names = names(&s);
    assert!(names.starts_with("kernel\nbin\n") && names.ends_with("\nlate\n"), "{names}");
    let out = applet("lsinitramfs").dir(s.path()).args(["--segments", "image"]).ok().stdout;
    let out = String::from_utf8(out).unwrap();
    assert_eq!(out.matches(" none ").count(), 2, "{out}");
    // An end of the frame in front: that of lz4 has none of its own.
    for format in ["none", "gzip", "xz", "lz4", "bzip2", "lzma"] {
        mkinitramfs(&s).args(["--compress", format, "--append", "late"]).ok();
        assert!(self::names(&s).ends_with("\nlate\n"), "{format}");
    }
    mkinitramfs(&s).args(["--prepend", "nope"]).stderr_has("nope: No such file").fails(1);
}

#[test]
fn levels() {
    let s = Scratch::new("levels");
    let size = |compress: &str| {
        mkinitramfs(&s).args(["--compress", compress]).ok();
        std::fs::metadata(s.path().join("image")).unwrap().len()
    };
    assert!(size("gzip:1") >= size("gzip:9"));
    for format in ["xz:1", "bzip2", "lzma", "lz4"] {
        assert!(size(format) < size("none"), "{format}");
    }
    mkinitramfs(&s).args(["--compress", "gzip:10"]).stderr_has("a level is 0 to 9").fails(2);
    mkinitramfs(&s).args(["--compress", "lzo"]).stderr_has("no compression").fails(2);
}

#[test]
fn hooks() {
    let s = Scratch::new("hooks");
    s.file("text", "text\n");
    s.program(
        "hooks/10-one",
        "#!/bin/sh\necho \"dir /kernel-$KVER 0755 0 0\"\necho add text:/from/hook\n",
    );
    s.program("hooks/20-two", "#!/bin/sh\necho slink /two one 0777 0 0\n");
    s.file("hooks/README", "not executable");
    mkinitramfs(&s).args(["--hook", "hooks", "6.1"]).ok();
    let names = names(&s);
    for name in ["kernel-6.1\n", "from/hook\n", "two\n"] {
        assert!(names.contains(name), "{names}");
    }
    s.program("hooks/30-bad", "#!/bin/sh\nexit 3\n");
    mkinitramfs(&s).args(["--hook", "hooks"]).stderr_has("30-bad: the hook failed").fails(1);
    s.program("hooks/30-bad", "#!/bin/sh\necho\necho nonsense\n");
    mkinitramfs(&s).args(["--hook", "hooks"]).stderr_has("30-bad, line 2").fails(1);
}

#[test]
fn files_of_options() {
    let s = Scratch::new("conf");
    s.file("text", "text\n");
    s.file("a.conf", "# a comment\ncompress = xz\n\nadd=text:/one\nquiet\n");
    s.file("conf.d/b.conf", "add = text:/two\nno-modules = yes\nstrip-modules = no\n");
    s.file("conf.d/ignored", "nonsense");
    let out = mkinitramfs(&s).args(["--conf", "a.conf", "--conf", "conf.d"]).ok();
    assert_eq!(out.stdout, b"");
    let names = names(&s);
    assert!(names.contains("one\n") && names.contains("two\n"), "{names}");
    assert!(std::fs::read(s.path().join("image")).unwrap().starts_with(b"\xfd7zXZ"));
    for (line, said) in [
        ("nonsense", "bad.conf, line 1: nonsense: no such option"),
        ("add", "add: a value is missing"),
        ("quiet = maybe", "quiet: yes or no"),
        ("conf = x", "no such option"),
    ] {
        s.file("bad.conf", line);
        mkinitramfs(&s).args(["--conf", "bad.conf"]).stderr_has(said).fails(1);
    }
}

#[test]
fn nothing_is_written_when_only_asked() {
    let s = Scratch::new("dry");
    let out = mkinitramfs(&s).args(["--dry-run"]).ok();
    assert!(String::from_utf8(out.stdout).unwrap().contains("in all"));
    assert!(!s.path().join("image").exists());
    applet("mkinitramfs").args(["--list-modules", "--no-modules"]).stdout("").ok();
}

#[test]
fn one_file_for_the_firmware() {
    let s = Scratch::new("uki");
    let mut stub = b"MZ".to_vec();
    stub.resize(1536, 0);
    stub[0x3c] = 0x80;
    stub[0x80..0x88].copy_from_slice(b"PE\0\0\x64\x86\x00\0");
    stub[0x80 + 20] = 0xf0;
    stub[0x80 + 24 + 32..0x80 + 24 + 40].copy_from_slice(&[0, 0x10, 0, 0, 0, 2, 0, 0]);
    stub[0x80 + 24 + 60..0x80 + 24 + 64].copy_from_slice(&[0, 4, 0, 0]);
    s.file("stub", &stub);
    s.file("kernel", "a kernel");
    s.file("release", "NAME=test\n");
    let uki =
        ["--uki", "stub", "--kernel", "kernel", "--cmdline", "quiet", "--os-release", "release"];
    mkinitramfs(&s).args(uki).ok();
    assert!(names(&s).contains("usr/bin/rescuebox\n"));
    let bytes = std::fs::read(s.path().join("image")).unwrap();
    assert!(
        bytes.windows(8).any(|w| w == b"a kernel") && bytes.windows(6).any(|w| w == b"quiet\n")
    );
    mkinitramfs(&s).args(["--uki", "stub"]).stderr_has("needs --kernel").fails(2);
    mkinitramfs(&s)
        .args(["--uki", "kernel", "--kernel", "kernel"])
        .stderr_has("not a PE file")
        .fails(1);
}
