//! du, df, install, lsattr, chattr, run-parts, shred, tree.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use crate::harness::applet::{against_busybox, applet, reference};
use crate::harness::scratch::Scratch;

#[test]
fn du() {
    let dir = Scratch::new("du");
    dir.file("d/e/f", [b'x'; 10_000]);
    dir.file("d/g", "x");
    fs::hard_link(dir.path().join("d/g"), dir.path().join("d/h")).unwrap();
    let du = |args: &[&str]| {
        let out = applet("du").dir(dir.path()).args(args).ok();
        String::from_utf8(out.stdout).unwrap()
    };
    let kib = |name: &str| dir.path().join(name).symlink_metadata().unwrap().blocks() / 2;
    let below = kib("d/e") + kib("d/e/f");
    // a file with two names counts once
    let whole = kib("d") + below + kib("d/g");
    assert_eq!(du(&["-k", "d"]), format!("{below}\td/e\n{whole}\td\n"));
    assert_eq!(du(&["-sk", "d"]), format!("{whole}\td\n"));
    assert_eq!(du(&["-k", "d/e/f"]), format!("{}\td/e/f\n", kib("d/e/f")));
    assert_eq!(du(&["-ak", "d/e"]), format!("{}\td/e/f\n{below}\td/e\n", kib("d/e/f")));
    assert_eq!(du(&["-skc", "d"]), format!("{whole}\td\n{whole}\ttotal\n"));
    assert!(du(&["-slk", "d"]) != du(&["-sk", "d"]));
    applet("du").dir(dir.path()).args(["nosuch"]).stderr_has("nosuch: No such").fails(1);
    if against_busybox() {
        return;
    }
    assert_eq!(du(&["-b", "d/e/f"]), "10000\td/e/f\n");
    assert_eq!(du(&["-k", "-d0", "d"]), format!("{whole}\td\n"));
    assert_eq!(du(&["-ah", "d/e/f"]), "12K\td/e/f\n");
}

#[test]
fn df() {
    let df = |args: &[&str]| {
        let out = applet("df").args(args).ok();
        String::from_utf8(out.stdout).unwrap()
    };
    let text = df(&["-P", "/"]);
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(
        head,
        ["Filesystem", "1024-blocks", "Used", "Available", "Capacity", "Mounted", "on"]
    );
    let row: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!((row.len(), row[5], lines.next()), (6, "/", None));
    assert!(row[4].ends_with('%'));
    assert!(df(&["-h", "/"]).starts_with("Filesystem      Size  Used Avail Use% Mounted on\n"));
    assert!(df(&["-T", "/proc/self"]).lines().nth(1).unwrap().contains(" proc "));
    assert!(df(&["-i", "/"]).contains(" IUsed "));
    applet("df").args(["/nosuch"]).stderr_has("nosuch: No such").fails(1);
    if against_busybox() {
        return;
    }
    assert!(df(&["-B1M", "/"]).contains(" 1M-blocks "));
    assert!(df(&["--total", "/"]).lines().nth(2).unwrap().starts_with("total "));
    applet("df").args(["-t", "nosuchtype"]).stdout("").fails(1);
}

#[test]
fn install() {
    let dir = Scratch::new("install");
    dir.file("src", "text");
    let mode = |name: &str| dir.path().join(name).metadata().unwrap().mode() & 0o7777;
    let install = |args: &[&str]| applet("install").dir(dir.path()).args(args);
    install(&["src", "new"]).ok();
    assert_eq!(mode("new"), 0o755);
    install(&["-m", "640", "src", "new"]).ok();
    assert_eq!(mode("new"), 0o640);
    install(&["-d", "-m", "700", "a/b/c"]).ok();
    assert_eq!((mode("a/b/c"), mode("a/b")), (0o700, 0o755));
    install(&["src", "new", "a/b"]).ok();
    assert!(dir.path().join("a/b/new").exists());
    install(&["-D", "src", "x/y/z"]).ok();
    assert_eq!(fs::read(dir.path().join("x/y/z")).unwrap(), b"text");
    install(&["nosuch", "q"]).fails(1);
    install(&["src", "new", "nodir"]).fails(1);
    install(&[]).fails(1);
    // what is there is replaced, not written through
    symlink("src", dir.path().join("link")).unwrap();
    install(&["new", "link"]).ok();
    assert!(!dir.path().join("link").is_symlink());
    if against_busybox() {
        return;
    }
    install(&["-v", "src", "v"]).stdout("'src' -> 'v'\n").ok();
    let before = dir.path().join("v").metadata().unwrap().ino();
    install(&["-C", "src", "v"]).ok();
    assert_eq!(dir.path().join("v").metadata().unwrap().ino(), before);
    install(&["-b", "src", "v"]).ok();
    assert!(dir.path().join("v~").exists());
}

#[test]
fn attributes() {
    let dir = Scratch::new("chattr");
    dir.file("f", "");
    let chattr = |args: &[&str]| applet("chattr").dir(dir.path()).args(args);
    if chattr(&["+d", "f"]).run().status != 0 {
        return; // no root, or no such file system
    }
    let listed = applet("lsattr").dir(dir.path()).args(["f"]).ok().stdout;
    assert_eq!((listed[6], &listed[listed.len() - 3..]), (b'd', &b" f\n"[..]));
    chattr(&["-d", "f"]).ok();
    let listed = applet("lsattr").dir(dir.path()).args(["-d", "f"]).ok().stdout;
    assert_eq!(listed[6], b'-');
    fs::create_dir(dir.path().join("s")).unwrap();
    dir.file("s/.h", "");
    let ls = |args: &[&str]| {
        let out = applet("lsattr").dir(dir.path()).args(args).ok().stdout;
        String::from_utf8(out).unwrap()
    };
    chattr(&["=d", "s/.h"]).ok();
    if !ls(&["-l", "s/.h"]).contains("Extents") {
        let long = format!("{:28} No_Dump\n", "s/.h");
        assert_eq!(ls(&["-l", "s/.h"]), long);
    }
    let names = |text: String| -> Vec<String> {
        text.lines().map(|l| l.split(' ').next_back().unwrap().to_string()).collect()
    };
    assert_eq!(names(ls(&["-a", "s"])), ["s/.", "s/..", "s/.h"]);
    assert_eq!(names(ls(&["-Rd", "s"])), ["s"]);
    let mut top = names(ls(&["-R", "."]));
    top.retain(|name| name != "./f");
    assert_eq!(top, ["./s", "", "./s:", ""]);
    assert!(ls(&["-dv", "s"]).as_bytes()[10..].starts_with(b" -"));
    if reference().is_none() {
        assert!(ls(&["-p", "f"]).starts_with("    0 -"));
    }
    chattr(&["f"]).fails(1);
    chattr(&["+d", "nosuch"]).fails(1);
}

#[test]
fn run_parts() {
    let dir = Scratch::new("run-parts");
    dir.program("d/b", "#!/bin/sh\necho b $1\n");
    dir.program("d/a", "#!/bin/sh\necho a $1\n");
    dir.program("d/no.sh", "#!/bin/sh\necho no\n");
    dir.file("d/c", "");
    let run = |args: &[&str]| applet("run-parts").dir(dir.path()).args(args);
    run(&["d"]).stdout("a\nb\n").ok();
    run(&["-a", "x", "d"]).stdout("a x\nb x\n").ok();
    run(&["--test", "d"]).stdout("d/a\nd/b\n").ok();
    dir.program("d/b", "#!/bin/sh\nexit 3\n");
    let out = run(&["d"]).run();
    assert_ne!(out.status, 0);
    run(&["nosuch"]).fails(1);
    if reference().is_none() {
        run(&["--list", "d"]).stdout("d/a\nd/b\nd/c\n").ok();
        dir.program("l/a_x", "");
        dir.program("l/b-2", "");
        dir.program("l/B", "");
        dir.program("l/_my.org-job", "");
        run(&["--list", "--lsbsysinit", "l"]).stdout("l/_my.org-job\nl/b-2\n").ok();
        run(&["--regex=sh$", "d"]).stdout("no\n").ok();
        run(&["--report", "d"]).stdout("d/a:\na\nd/b:\n").fails(1);
        std::os::unix::fs::symlink("nowhere", dir.path().join("d/broken")).unwrap();
        run(&["--test", "d"]).stdout("d/a\nd/b\n").stderr_has("d/broken: No such file").ok();
    }
}

#[test]
fn shred() {
    let dir = Scratch::new("shred");
    let file = dir.file("f", [b'x'; 5000]);
    applet("shred").dir(dir.path()).args(["f"]).ok();
    let bytes = fs::read(&file).unwrap();
    assert!(bytes.len() >= 5000 && bytes.iter().filter(|b| **b == b'x').count() < 1000);
    applet("shred").dir(dir.path()).args(["-z", "-n1", "f"]).ok();
    assert!(fs::read(&file).unwrap().iter().all(|b| *b == 0));
    applet("shred").dir(dir.path()).args(["-u", "f"]).ok();
    assert!(!file.exists());
    applet("shred").dir(dir.path()).args(["f"]).stderr_has("f: No such").fails(1);
}

#[test]
fn tree() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("tree");
    dir.file("t/a/x", "");
    dir.file("t/b", "");
    dir.file("t/.hidden", "");
    symlink("b", dir.path().join("t/l")).unwrap();
    let drawn = "t\n|-- a\n|   `-- x\n|-- b\n`-- l -> b\n\n1 directory, 3 files\n";
    applet("tree").dir(dir.path()).args(["t"]).stdout(drawn).ok();
    let folders = "t\n`-- a\n\n1 directory\n";
    applet("tree").dir(dir.path()).args(["-d", "t"]).stdout(folders).ok();
    let top = "t\n|-- a\n|-- b\n`-- l -> b\n\n1 directory, 2 files\n";
    applet("tree").dir(dir.path()).args(["-L1", "t"]).stdout(top).ok();
    symlink("a", dir.path().join("t/k")).unwrap();
    let says = |words: &str, output: &str| {
        applet("tree").dir(dir.path()).args(words.split(' ')).stdout(output).ok();
    };
    says("-if --noreport t", "t\nt/a\nt/a/x\nt/b\nt/k -> a\nt/l -> b\n");
    says("-d --noreport t", "t\n|-- a\n`-- k -> a\n");
    says("-a -I a|k --noreport t", "t\n|-- .hidden\n|-- b\n`-- l -> b\n");
    says("-P x|b --noreport t", "t\n|-- a\n|   `-- x\n`-- b\n");
    says("-F -r --dirsfirst -L 1 --noreport t", "t/\n|-- k -> a/\n|-- a/\n|-- l -> b\n`-- b\n");
    says("-Q -s --noreport t/b", "[          0]  \"t/b\"  [error opening dir]\n");
    says("-hi --noreport -P b t/b", "[   0]  t/b  [error opening dir]\n");
    let seen = "t\n|-- a\n|   `-- x\n|-- b\n|-- k -> a  [recursive, not followed]\n`-- l -> b\n";
    says("-l --noreport t", seen);
    let file = dir.file("u/c", "");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    applet("touch").args(["-d", "2001-02-03 UTC"]).args([&file]).ok();
    says("-pDiP c --noreport u/c", "[-rwxr-xr-x Feb  3  2001]  u/c  [error opening dir]\n");
    says("-iC --noreport u", "\x1b[01;34mu\x1b[0m\n\x1b[01;32mc\x1b[0m\n");
    says("-o u/out t", "");
    dir.file("v/d/e/<", "");
    dir.file("v/n/m/.h", "");
    let object = "[\n  {\"type\":\"directory\",\"name\":\"v/d\",\"contents\":[\n\
                  \x20   {\"type\":\"directory\",\"name\":\"e\",\"contents\":[\n\
                  \x20     {\"type\":\"file\",\"name\":\"<\"}\n\
                  \x20   ]}\n  ]}\n,\n  {\"type\":\"report\",\"directories\":1,\"files\":1}\n]\n";
    fs::set_permissions(dir.path().join("v/d/e/<"), fs::Permissions::from_mode(0o644)).unwrap();
    says("-J v/d", object);
    let facts = ",\"mode\":\"0644\",\"prot\":\"-rw-r--r--\",\"size\":0";
    let list = format!("[{{\"type\":\"file\",\"name\":\"<\"{facts}}}]");
    let has = |words: &str, part: &str| {
        let printed = applet("tree").dir(dir.path()).args(words.split(' ')).ok().stdout;
        let printed = String::from_utf8(printed).unwrap();
        assert!(printed.contains(part), "{printed}");
    };
    has("-Jips --noreport v/d/e", &list);
    let xml = "<?xml version=\"1.0\"?>\n<tree>\n  <directory name=\"t\">\n    <directory name=\"a\">\n\
               \x20     <file name=\"x\"></file>\n    </directory>\n    <file name=\"b\"></file>\n\
               \x20   <link name=\"k\" target=\"a\"></link>\n    <link name=\"l\" target=\"b\"></link>\n\
               \x20 </directory>\n  <report>\n    <directories>2</directories>\n    <files>3</files>\n\
               \x20 </report>\n</tree>\n";
    says("-X t", xml);
    says("--prune --noreport v", "v\n`-- d\n    `-- e\n        `-- <\n");
    // links that lead back: there are as many ways as there are numbers
    std::fs::create_dir_all(dir.path().join("w/s")).unwrap();
    for name in ["w/a", "w/b", "w/s/c"] {
        std::os::unix::fs::symlink(dir.path().join("w"), dir.path().join(name)).unwrap();
    }
    says("-l --prune --noreport w", "w\n");
    let link = "<a href=\"http://h/\">v/d</a>\n`-- <a href=\"http://h/e/\">e</a>\n\
                \x20   `-- <a href=\"http://h/e/%3C\">&lt;</a>\n";
    has("-H http://h/ v/d", link);
}

#[test]
fn modes_are_set_exactly() {
    let dir = Scratch::new("install-mode");
    let file = dir.file("s", "");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    applet("install").dir(dir.path()).args(["-m", "u=rwxs,go=rx", "s", "t"]).ok();
    assert_eq!(dir.path().join("t").metadata().unwrap().mode() & 0o7777, 0o4755);
}
