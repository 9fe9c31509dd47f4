//! mkinitramfs: what is in the images, byte for byte, and what is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use rescuebox::cpio::{self, Entry, Reader};

use crate::harness::applet::{Case, applet, program};
use crate::harness::scratch::Scratch;

/// A case without modules, for a program of a few bytes.
fn mkinitramfs(dir: &Scratch) -> Case {
    let program = dir.program("the-program", "program");
    let program = program.to_str().unwrap();
    applet("mkinitramfs").dir(dir.path()).args([
        "--no-modules",
        "--program",
        program,
        "-o",
        "image",
    ])
}

/// What a name in an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub mode: u32,
    owner: (u32, u32),
    rdev: (u32, u32),
    pub data: Vec<u8>,
}

/// The image that [`mkinitramfs`] wrote, by name.
pub fn image(dir: &Scratch) -> BTreeMap<String, Found> {
    names(&std::fs::read(dir.path().join("image")).unwrap())
}

pub fn names(bytes: &[u8]) -> BTreeMap<String, Found> {
    let entries: Vec<Entry> = Reader::new(bytes).map(|e| e.unwrap()).collect();
    let links = cpio::Links::of(&entries);
    let mut names = BTreeMap::new();
    for entry in &entries {
        let header = entry.header;
        let found = Found {
            mode: header.mode,
            owner: (header.uid, header.gid),
            rdev: header.rdev,
            data: links.data(entry).to_vec(),
        };
        let name = String::from_utf8(entry.name.to_vec()).unwrap();
        assert!(names.insert(name, found).is_none(), "twice in the image");
    }
    names
}

fn target<'a>(names: &'a BTreeMap<String, Found>, name: &str) -> &'a str {
    let found = names.get(name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(found.mode, 0o120_777, "{name}");
    std::str::from_utf8(&found.data).unwrap()
}

/// The file that a path leads to inside the image.
fn follow<'a>(names: &'a BTreeMap<String, Found>, path: &str) -> &'a Found {
    let mut at = PathBuf::new();
    let mut todo: Vec<String> = path.split('/').rev().map(String::from).collect();
    while let Some(part) = todo.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                at.pop();
                continue;
            }
            part => at.push(part),
        }
        let found = names.get(at.to_str().unwrap());
        let found = found.unwrap_or_else(|| panic!("{path}: no {}", at.display()));
        if found.mode & cpio::TYPE_MASK == cpio::SYMLINK {
            let target = String::from_utf8(found.data.clone()).unwrap();
            at = if target.starts_with('/') { PathBuf::new() } else { at.parent().unwrap().into() };
            todo.extend(target.split('/').rev().map(String::from));
        }
    }
    &names[at.to_str().unwrap()]
}

#[test]
fn the_skeleton_as_cpio_lists_it() {
    let dir = Scratch::new("skeleton");
    mkinitramfs(&dir).ok();
    let list = Command::new("cpio")
        .args(["-itv", "--quiet"])
        .env("TZ", "UTC")
        .env("LC_ALL", "C")
        .stdin(std::fs::File::open(dir.path().join("image")).unwrap())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(list.stderr).unwrap(), "");
    let list = String::from_utf8(list.stdout).unwrap();
    let names = Command::new(program()).arg("--list").output().unwrap();
    let farm: BTreeSet<String> = String::from_utf8(names.stdout)
        .unwrap()
        .lines()
        .filter(|name| *name != "rescuebox")
        .map(|name| format!("usr/bin/{name} -> rescuebox"))
        .collect();
    let (links, rest): (Vec<&str>, Vec<&str>) =
        list.lines().partition(|line| line.ends_with(" -> rescuebox"));
    assert_eq!(
        rest.join("\n"),
        "\
lrwxrwxrwx   1 root     root            7 Jan  1  1970 bin -> usr/bin
drwxr-xr-x   2 root     root            0 Jan  1  1970 dev
crw-------   1 root     root       5,   1 Jan  1  1970 dev/console
crw-rw-rw-   1 root     root       1,   3 Jan  1  1970 dev/null
drwxr-xr-x   2 root     root            0 Jan  1  1970 etc
-rw-r--r--   1 root     root           10 Jan  1  1970 etc/group
-rw-r--r--   1 root     root           30 Jan  1  1970 etc/passwd
lrwxrwxrwx   1 root     root           17 Jan  1  1970 init -> usr/bin/rescuebox
lrwxrwxrwx   1 root     root            7 Jan  1  1970 lib -> usr/lib
dr-xr-xr-x   2 root     root            0 Jan  1  1970 proc
drwx------   2 root     root            0 Jan  1  1970 root
drwxr-xr-x   2 root     root            0 Jan  1  1970 run
lrwxrwxrwx   1 root     root            7 Jan  1  1970 sbin -> usr/bin
dr-xr-xr-x   2 root     root            0 Jan  1  1970 sys
drwxr-xr-x   2 root     root            0 Jan  1  1970 sysroot
drwxrwxrwt   2 root     root            0 Jan  1  1970 tmp
drwxr-xr-x   2 root     root            0 Jan  1  1970 usr
drwxr-xr-x   2 root     root            0 Jan  1  1970 usr/bin
-rwxr-xr-x   1 root     root            7 Jan  1  1970 usr/bin/rescuebox
drwxr-xr-x   2 root     root            0 Jan  1  1970 usr/lib
lrwxrwxrwx   1 root     root            3 Jan  1  1970 usr/sbin -> bin
drwxr-xr-x   2 root     root            0 Jan  1  1970 var"
    );
    let links: BTreeSet<String> =
        links.iter().map(|line| line.split(" 1970 ").last().unwrap().to_string()).collect();
    assert_eq!(links, farm);
}

#[test]
fn a_list_in_the_kernels_language() {
    let dir = Scratch::new("spec");
    dir.file("text", "some text\n");
    dir.file(
        "spec",
        "# devices of all kinds\n\
         nod /dev/sda 0660 0 6 b 8 0\n\
         nod /dev/tty 666 0 5 c 5 0\n\
         dir /bin 0711 0 0\n\
         slink /lib64 usr/lib 0777 0 0\n\
         file /etc/one ${HERE}/text 4755 1000 100 /lib64/two\n\
         pipe /run/pipe 0620 1 2\n\
         sock /run/sock 0600 3 4\n",
    );
    mkinitramfs(&dir).args(["--spec", "spec"]).env("HERE", dir.path()).ok();
    let names = image(&dir);
    let brief = |name: &str| {
        let found = &names[name];
        (found.mode, found.owner, found.rdev, String::from_utf8_lossy(&found.data).into_owned())
    };
    let empty = String::new;
    assert_eq!(brief("dev/sda"), (0o060_660, (0, 6), (8, 0), empty()));
    assert_eq!(brief("dev/tty"), (0o020_666, (0, 5), (5, 0), empty()));
    assert_eq!(brief("run/pipe"), (0o010_620, (1, 2), (0, 0), empty()));
    assert_eq!(brief("run/sock"), (0o140_600, (3, 4), (0, 0), empty()));
    assert_eq!(brief("etc/one"), (0o104_755, (1000, 100), (0, 0), "some text\n".into()));
    assert_eq!(brief("usr/lib/two"), brief("etc/one"));
    assert_eq!(names["usr/bin"].mode, 0o040_711, "a directory over a link to one is that one");
    assert_eq!(target(&names, "bin"), "usr/bin");

    dir.file("bad", "dir /a 0755 0 0\nslink /x\n");
    mkinitramfs(&dir)
        .args(["--spec", "bad"])
        .stderr_has("bad, line 2: the target is missing")
        .fails(1);
    dir.file("bad", "file /x nowhere 0644 0 0\n");
    mkinitramfs(&dir)
        .args(["--spec", "bad"])
        .stderr_has("bad, line 1: nowhere: No such file or directory")
        .fails(1);
    dir.file("bad", "\n\nfile /x/y text 0644 0 0\nslink /x z 0777 0 0\n");
    mkinitramfs(&dir)
        .args(["--spec", "bad"])
        .stderr_has("bad, line 4: /x: is a directory in the image already")
        .fails(1);
}

#[test]
fn files_and_where_they_go() {
    let dir = Scratch::new("add");
    let file = dir.file("some/file", "content");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    std::fs::hard_link(&file, dir.path().join("some/second")).unwrap();
    symlink("file", dir.path().join("some/link")).unwrap();
    symlink("nowhere", dir.path().join("some/dangling")).unwrap();
    dir.file("some/dir/x:y", "colon");
    let link = dir.path().join("some/link");
    let (file, link) = (file.to_str().unwrap(), link.to_str().unwrap());
    mkinitramfs(&dir)
        .args(["--add", file, "--add", link])
        .args(["--add", &format!("{link}:/etc/copy"), "--add", "some/file:/etc/"])
        .args(["--add", "some:/sbin", "--add", "some", "--add", "./some/dir/x:y"])
        .ok();
    let names = image(&dir);
    let plain = Found { mode: 0o100_640, owner: (0, 0), rdev: (0, 0), data: b"content".to_vec() };
    assert_eq!(names[&file[1..]], plain);
    assert_eq!(target(&names, &link[1..]), "file");
    assert_eq!(names["etc/copy"], plain, "a place of its own follows the link");
    assert_eq!(names["etc/file"], plain);
    assert_eq!(names["usr/bin/second"], plain, "a tree lands behind the image's links");
    assert_eq!(names["some/file"], plain, "a relative path is relative to the root");
    assert_eq!(target(&names, "some/dangling"), "nowhere");
    assert_eq!(names["some/dir/x:y"].data, b"colon");

    let bytes = std::fs::read(dir.path().join("image")).unwrap();
    let texts = bytes.windows(7).filter(|w| *w == b"content").count();
    assert_eq!(texts, 1, "the content of a file with several names is there once");
}

#[test]
fn what_is_added_comes_before_the_programs_own_names() {
    let dir = Scratch::new("own-init");
    dir.program("init", "#!/bin/sh\n");
    dir.program("env", "#!/usr/bin/env nothing\n");
    let out = mkinitramfs(&dir)
        .args(["--add", "init:/init", "--add", "env:/bin/true", "--add", "env", "--add", "env:/x"])
        .ok();
    let names = image(&dir);
    assert_eq!(names["init"].data, b"#!/bin/sh\n");
    assert_eq!(names["usr/bin/true"].mode, 0o100_755);
    assert_eq!(target(&names, "usr/bin/false"), "rescuebox");
    let said = "warning: /bin/true: its interpreter (and of 2 more), /usr/bin/nothing, is not in the image\n";
    assert!(out.stderr.contains(said), "{}", out.stderr);
}

/// The libraries that ldd names, and the loader.
fn ldd(file: &Path) -> BTreeSet<String> {
    let out = Command::new("ldd").arg(file).env("LC_ALL", "C").output().unwrap();
    String::from_utf8(out.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
        .map(String::from)
        .collect()
}

#[test]
fn libraries_are_those_of_ldd() {
    let programs = ["/bin/bash", "/usr/bin/python3", "/usr/bin/qemu-system-x86_64", "/bin/mount"];
    let mut seen = 0;
    for path in programs.map(Path::new).into_iter().filter(|path| path.exists()) {
        seen += 1;
        let dir = Scratch::new("libraries");
        mkinitramfs(&dir).args(["--add".as_ref(), path.as_os_str()]).ok();
        let names = image(&dir);
        let expected = ldd(path);
        assert!(expected.len() >= 2, "{expected:?}");
        let mut real = BTreeSet::new();
        for library in &expected {
            let found = follow(&names, library);
            assert!(found.data == std::fs::read(library).unwrap(), "{library}");
            real.insert(std::fs::canonicalize(library).unwrap());
        }
        let elf = names.values().filter(|found| found.data.starts_with(b"\x7fELF")).count();
        assert_eq!(elf, real.len() + 1, "{path:?}: the program and each library once");
        assert!(follow(&names, path.to_str().unwrap()).data.starts_with(b"\x7fELF"));
    }
    assert!(seen >= 2);
}

/// Compiles a C text.
fn cc(dir: &Scratch, out: &str, text: &str, args: &[&str]) {
    let source = dir.file("source.c", text);
    std::fs::create_dir_all(dir.path().join(out).parent().unwrap()).unwrap();
    let made = Command::new("cc")
        .current_dir(dir.path())
        .arg(source)
        .args(["-o", out, "-nostdlib", "-Wl,--no-as-needed"])
        .args(args)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[test]
fn libraries_that_headers_lead_to() {
    const SHARED: &[&str] = &["-shared", "-fPIC"];
    let dir = Scratch::new("rpath");
    let with = |extra: &[&'static str]| -> Vec<&'static str> { [SHARED, extra].concat() };
    // program -> (RUNPATH $ORIGIN/../one) libone -> (own RUNPATH) libtwo;
    // old-style program -> (RPATH, which its libraries inherit) libsix -> libfive
    cc(&dir, "x/two/libtwo.so", "", &with(&["-Wl,-soname,libtwo.so"]));
    cc(
        &dir,
        "x/one/libone.so",
        "",
        &with(&[
            "-Wl,-soname,libone.so",
            "-Lx/two",
            "-ltwo",
            "-Wl,--enable-new-dtags,-rpath,${ORIGIN}/../two",
        ]),
    );
    let start = "void _start(void) {}";
    cc(
        &dir,
        "x/bin/new",
        start,
        &[
            "-Lx/one",
            "-lone",
            "-Lx/two",
            "-Wl,--allow-shlib-undefined",
            "-Wl,--enable-new-dtags,-rpath,/nowhere:$ORIGIN/../one",
        ],
    );
    cc(&dir, "x/five/libfive.so", "", SHARED);
    cc(&dir, "x/five/libsix.so", "", &with(&["-Lx/five", "-lfive"]));
    cc(
        &dir,
        "x/bin/old",
        start,
        &[
            "-Lx/five",
            "-lsix",
            "-Wl,--allow-shlib-undefined",
            "-Wl,--disable-new-dtags,-rpath,$ORIGIN/../five",
        ],
    );
    // a file of that name for another machine is passed over
    dir.file("x/one/libtwo.so", "no library");

    let (new, old) = (dir.path().join("x/bin/new"), dir.path().join("x/bin/old"));
    let base = dir.path().to_str().unwrap();
    mkinitramfs(&dir)
        .args(["--add".as_ref(), new.as_os_str(), "--add".as_ref(), old.as_os_str()])
        .ok();
    let names = image(&dir);
    for library in ["one/libone.so", "two/libtwo.so", "five/libfive.so", "five/libsix.so"] {
        follow(&names, &format!("{base}/x/{library}"));
    }
    // at another place, what is relative to the program moves along
    mkinitramfs(&dir).args(["--add", "x/bin/new:/opt/bin/new"]).ok();
    let names = image(&dir);
    assert_eq!(
        names["opt/one/libone.so"].data,
        std::fs::read(dir.path().join("x/one/libone.so")).unwrap()
    );
    assert!(names.contains_key("opt/two/libtwo.so"));

    std::fs::remove_file(dir.path().join("x/two/libtwo.so")).unwrap();
    let said = format!(
        "mkinitramfs: {base}/x/bin/../one/libone.so needs the library libtwo.so, \
                        which is not where the loader looks\n"
    );
    mkinitramfs(&dir).args(["--add".as_ref(), new.as_os_str()]).stderr_has(&said).fails(1);
    // in a folder it is only a remark
    mkinitramfs(&dir).args(["--add", "x"]).stderr_has("warning: ").stderr_has("libtwo.so").ok();
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let dir = Scratch::new("same");
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
    for name in ["tree/b", "tree/a/c", "tree/a-b", "tree/z"] {
        dir.file(name, name);
    }
    dir.file("spec", "dir /x 0700 5 5\nnod /dev/zero 0666 0 0 c 1 5\n");
    let top = dir.path().to_str().unwrap().to_string();
    let build = |from: &str, umask: &str, nobody: bool| -> Vec<u8> {
        let script = format!(
            "cd {from} && umask {umask} && exec {} mkinitramfs --no-modules --compress zstd \
             --add {top}/tree:/tree --spec {top}/spec --add /bin/sh -o -",
            program().to_str().unwrap()
        );
        let mut command = Command::new("sh");
        command.args(["-c", &script]).stderr(Stdio::null());
        if nobody {
            command.uid(65534).gid(65534);
        }
        let out = command.output().unwrap();
        assert!(out.status.success());
        out.stdout
    };
    let first = build("/", "022", false);
    assert!(!first.is_empty());
    assert!(build(&top, "077", false) == first);
    if nix::unistd::geteuid().is_root() && readable_by_all(program().as_ref()) {
        assert!(build("/", "000", true) == first);
    }
}

/// Whether nobody could run it.
fn readable_by_all(path: &Path) -> bool {
    let mut at = PathBuf::new();
    path.components().all(|part| {
        at.push(part);
        part == Component::RootDir
            || std::fs::metadata(&at).unwrap().permissions().mode() & 0o005 == 0o005
    })
}

#[test]
fn the_time_of_everything() {
    let dir = Scratch::new("time");
    mkinitramfs(&dir).env("SOURCE_DATE_EPOCH", "1700000000").ok();
    let bytes = std::fs::read(dir.path().join("image")).unwrap();
    assert!(Reader::new(&bytes).all(|e| e.unwrap().header.mtime == 1_700_000_000));
    mkinitramfs(&dir)
        .env("SOURCE_DATE_EPOCH", "today")
        .stderr_has("SOURCE_DATE_EPOCH: 'today' is no number of seconds")
        .fails(1);
}

#[test]
fn inode_numbers_are_those_of_files() {
    let dir = Scratch::new("inodes");
    dir.file("a", "1");
    std::fs::hard_link(dir.path().join("a"), dir.path().join("b")).unwrap();
    mkinitramfs(&dir).args(["--add", "a", "--add", "b"]).ok();
    let bytes = std::fs::read(dir.path().join("image")).unwrap();
    let entries: Vec<Entry> = Reader::new(&bytes).map(|e| e.unwrap()).collect();
    let numbers: BTreeSet<u32> = entries.iter().map(|e| e.header.ino).collect();
    assert_eq!(numbers.len(), entries.len() - 1);
    assert_eq!(numbers.last(), Some(&(entries.len() as u32 - 1)), "numbered from 1");
    let both: Vec<u32> = entries
        .iter()
        .filter(|e| e.header.nlink == 2 && !e.data.is_empty())
        .map(|e| e.header.ino)
        .collect();
    assert_eq!(both.len(), 1);
}

#[test]
fn compressions_that_the_usual_programs_unpack() {
    let dir = Scratch::new("compress");
    let text: String = (0..200_000u64).map(|n| format!("line {}\n", n * n % 9973)).collect();
    dir.file("text", text);
    mkinitramfs(&dir).args(["--add", "text"]).ok();
    let plain = std::fs::read(dir.path().join("image")).unwrap();
    for (name, unpack) in [("gzip", "gzip"), ("xz", "xz"), ("zstd", "zstd"), ("lz4", "lz4")] {
        let option = format!("--compress={name}");
        let out = mkinitramfs(&dir).args(["--add", "text", &option]).ok();
        let packed = std::fs::read(dir.path().join("image")).unwrap();
        assert!(packed.len() < plain.len() / 2, "{name}: {}", packed.len());
        let first = String::from_utf8(out.stdout).unwrap();
        assert!(first.starts_with("image: ") && first.contains(name), "{first}");
        let back = Command::new(unpack)
            .arg("-dc")
            .stdin(std::fs::File::open(dir.path().join("image")).unwrap())
            .output()
            .unwrap();
        assert!(back.stdout == plain, "{name}: {}", String::from_utf8_lossy(&back.stderr));
    }
    mkinitramfs(&dir).args(["--compress", "rar"]).stderr_has("'rar': no compression").fails(2);
}

#[test]
fn the_output_is_whole_or_not_there() {
    let dir = Scratch::new("output");
    dir.program("the-program", "program");
    let left = || {
        let mut names: Vec<String> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let quiet = |name: &str| {
        applet("mkinitramfs").dir(dir.path()).args([
            "-q",
            "--no-modules",
            "--program",
            "the-program",
            "-o",
            name,
        ])
    };
    quiet("nowhere/x").stderr_has("nowhere/x: No such file").fails(1);
    mkinitramfs(&dir).args(["--add", "/no/such"]).stderr_has("/no/such: No such file").fails(1);
    assert_eq!(left(), ["the-program"]);

    dir.file("old", "old");
    symlink("old", dir.path().join("link")).unwrap();
    quiet("link").stdout("").ok();
    assert_eq!(left(), ["link", "old", "the-program"], "a link stays one");
    let old = std::fs::metadata(dir.path().join("old")).unwrap();
    assert_eq!(old.permissions().mode(), 0o100_644);
    assert_eq!(old.len() % 512, 0);
    quiet(".").stderr_has(".: Is a directory").fails(1);
    quiet("/dev/full").stderr_has("/dev/full: No space left on device").fails(1);
    assert!(!std::fs::metadata("/dev/full").unwrap().is_file());
    quiet("the-program/x").stderr_has("the-program/x: Not a directory").fails(1);

    let out = quiet("-").ok();
    assert_eq!(out.stdout, std::fs::read(dir.path().join("old")).unwrap());
    applet("mkinitramfs").dir(dir.path()).args(["--no-modules", "--program", "the-program"]).ok();
    assert!(dir.path().join("initramfs.img").exists());
}

#[test]
fn usage() {
    let dir = Scratch::new("usage");
    let bad =
        |args: &[&str], said: &str| drop(mkinitramfs(&dir).args(args).stderr_has(said).fails(2));
    bad(&["--nosuch"], "mkinitramfs: invalid option '--nosuch'");
    bad(&["--add"], "missing argument for option '--add'");
    bad(&["6.1", "6.2"], "6.2");
    let help = applet("mkinitramfs").args(["-o", "x", "--help"]).ok();
    assert!(help.stdout.starts_with(b"mkinitramfs: write an initramfs image"));
}
