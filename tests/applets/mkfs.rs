//! mke2fs and mkfs.vfat: what the filesystems' own programs say of what they
//! make; and fsck, which has them say it.

use std::process::Command;

use crate::harness::applet::{applet, reference};
use crate::harness::scratch::Scratch;

const UUID: &str = "11111111-2222-3333-4444-555555555555";

fn image(dir: &Scratch, name: &str, size: u64) {
    let path = dir.path().join(name);
    let _ = std::fs::remove_file(&path);
    std::fs::File::create(path).unwrap().set_len(size).unwrap();
}

fn tool(dir: &Scratch, words: &str) -> (bool, String) {
    let out = Command::new("sh")
        .args(["-c", words])
        .current_dir(dir.path())
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
    (out.status.success(), text)
}

const SIZES: [u64; 8] =
    [1 << 20, 5 << 20, 8 << 20, 40 << 20, 137 << 20, 520 << 20, 3 << 30, 20 << 30];

#[test]
fn ext_is_clean() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("mke2fs");
    for kind in ["ext2", "ext3", "ext4"] {
        for size in SIZES {
            for more in ["", "-b 1024 -I 128", "-b 4096 -i 65536 -O ^sparse_super"] {
                if size > 1 << 30 && more.contains("1024") {
                    continue;
                }
                image(&dir, "i", size);
                applet(&format!("mkfs.{kind}"))
                    .dir(dir.path())
                    .args(["-q"])
                    .args(more.split_whitespace())
                    .args(["i"])
                    .stdout("")
                    .ok();
                let (clean, text) = tool(&dir, "e2fsck -fn i");
                assert!(clean, "{kind} {size} {more}: {text}");
            }
        }
    }
}

#[test]
fn what_ext_is_told_to_have() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("mke2fs");
    image(&dir, "i", 64 << 20);
    let make = |words: &str| applet("mke2fs").dir(dir.path()).args(words.split_whitespace());
    make(&format!("-t ext4 -U {UUID} -L label i"))
        .stdout(format!(
            "Creating filesystem with 65536 1k blocks and 16384 inodes\n\
             Filesystem UUID: {UUID}\n\
             Superblock backups stored on blocks: \n\t8193, 24577, 40961, 57345\n\n\
             Allocating group tables: done                            \n\
             Writing inode tables: done                            \n\
             Creating journal (4096 blocks): done\n\
             Writing superblocks and filesystem accounting information: done\n\n"
        ))
        .ok();
    let (_, text) = tool(&dir, "blkid -p -o value -s LABEL -s UUID -s TYPE i");
    assert_eq!(text, format!("label\n{UUID}\next4\n"));
    let head = |words: &str| {
        make(words).ok();
        let (clean, text) = tool(&dir, "e2fsck -fn i >&2 && dumpe2fs -h i 2>/dev/null");
        assert!(clean, "{words}: {text}");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let text = head("-q -j -m 2.5 -N 5000 -b 2048 -I 512 -M /data -e remount-ro i");
    for claim in [
        "Inode count: 5008 ",
        "Block size: 2048 ",
        "Reserved block count: 819 ",
        "Inode size: 512 ",
        "Last mounted on: /data ",
        "Errors behavior: Remount read-only ",
        "features: has_journal ",
    ] {
        assert!(text.contains(claim), "no '{claim}' in {text}");
    }
    let text = head("-q -t ext4 -J size=16 i");
    assert!(
        text.contains("Total journal blocks: 16384") || text.contains("journal size: 16M"),
        "{text}"
    );
    let text = head("-q -t ext4 -O ^has_journal,^extent,^64bit,^metadata_csum i");
    assert!(!text.contains("has_journal") && !text.contains(" extent"), "{text}");
    assert!(text.contains("uninit_bg") && !text.contains("metadata_csum"), "{text}");
    let text = head("-q -t ext4 i");
    assert!(text.contains("metadata_csum") && !text.contains("uninit_bg"), "{text}");
    assert!(text.contains("Checksum type: crc32c"), "{text}");
    // The same sums where there are no extents, and a smaller inode.
    head("-q -t ext4 -O ^extent -I 128 i");
    head("-q -t ext2 -O metadata_csum i");
    head("-q -O none i");
    head("-q -T news -N 10 -m 0 i");
    // So many KiB, so many blocks.
    make("-q new 1000").stdout("").ok();
    assert_eq!(std::fs::metadata(dir.path().join("new")).unwrap().len(), 1000 << 10);
    make("-q -b 4096 other 1000").stdout("").ok();
    assert_eq!(std::fs::metadata(dir.path().join("other")).unwrap().len(), 4000 << 10);
    make("-n i").ok();
    make("nowhere").stderr_has("The file nowhere does not exist and no size").fails(1);
    make("-b 77 i").stderr_has("invalid block size - 77").fails(1);
    make("-U x i").stderr_has("Invalid UUID: x").fails(1);
    make("-O bigalloc i").stderr_has("bigalloc: not a feature").fails(1);
    make("-J size=64 i").stderr_has("the journal is too large").fails(1);
    make("").stderr_has("which device?").fails(1);
    image(&dir, "tiny", 10 << 10);
    make("tiny").stderr_has("tiny: too small").fails(1);
}

#[test]
fn fat_is_clean() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("mkfs.vfat");
    for size in SIZES.into_iter().chain([1440 << 10, 720 << 10, 33 << 20, 511 << 20]) {
        for more in ["", "-F 32", "-n A -f 1", "-a -r 64", "-S 4096", "-s 8"] {
            if size == 511 << 20 && more == "-s 8" || size < 5 << 20 && more == "-S 4096" {
                continue;
            }
            image(&dir, "i", size);
            let make = applet("mkfs.vfat").dir(dir.path()).args(more.split_whitespace());
            make.args(["i"]).stdout("").ok();
            let (clean, text) = tool(&dir, "fsck.vfat -n i && blkid -p i | grep -q vfat");
            assert!(clean, "{size} {more}: {text}");
        }
    }
}

#[test]
fn what_fat_is_told_to_have() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("mkfs.vfat");
    image(&dir, "i", 64 << 20);
    let make = |words: &str| applet("mkdosfs").dir(dir.path()).args(words.split_whitespace());
    make("-v -n data -i 1234abcd i")
        .stdout(
            "i has 8 heads and 32 sectors per track,\nhidden sectors 0x0000;\n\
             logical sector size is 512,\nusing 0xf8 media descriptor, with 131072 sectors;\n\
             drive number 0x80;\nfilesystem has 2 16-bit FATs and 4 sectors per cluster.\n\
             FAT size is 128 sectors, and provides 32695 clusters.\nThere are 4 reserved sectors.\n\
             Root directory contains 512 slots and uses 32 sectors.\n\
             Volume ID is 1234abcd, volume label DATA       .\n",
        )
        .ok();
    let (_, text) = tool(&dir, "blkid -p -o value -s LABEL -s UUID -s VERSION i");
    assert_eq!(text, "DATA\n1234-ABCD\nFAT16\n");
    make("-C new 2000").ok();
    assert_eq!(std::fs::metadata(dir.path().join("new")).unwrap().len(), 2000 << 10);
    make("-C new 2000").stderr_has("not there yet").fails(1);
    make("-F 13 i").stderr_has("12, 16 or 32 bits").fails(1);
    make("-n twelve.chars i").stderr_has("label").fails(1);
    make("-s 3 i").stderr_has("a power of 2").fails(1);
    make("-F 12 -s 1 i").stderr_has("too many clusters").fails(1);
    make("nowhere").stderr_has("No such file").fails(1);
    make("").stderr_has("which device?").fails(1);
}

/// A checker that says what it is given.
const CHECKER: &str = "#!/bin/sh\necho \"${0##*/} $*\"\nexit ${RC:-0}\n";

#[test]
fn fsck_runs_the_right_program() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("fsck");
    for name in ["fsck.ext4", "fsck.one", "fsck.two"] {
        dir.program(&format!("bin/{name}"), CHECKER);
    }
    dir.program("bin/fsck.killed", "#!/bin/sh\nkill -9 $$\n");
    image(&dir, "e", 8 << 20);
    image(&dir, "empty", 1 << 20);
    applet("mkfs.ext4").dir(dir.path()).args(["-q", "-U", UUID, "e"]).ok();
    let root = dir.path().to_str().unwrap();
    dir.file(
        "fstab",
        format!(
            "{root}/e / ext4 defaults 0 1\n{root}/b /b two defaults 0 3\n{root}/a /a one ro 0 2\n\
             /c /c such.none defaults 0 2\n/nowhere /d one nofail 0 2\n{root}/x /x one defaults 0 0\n"
        ),
    );
    let case = |words: &str, rc: &str| {
        let path = format!("{root}/bin:/usr/bin:/bin");
        let case = applet("fsck").env("PATH", &path).env("RC", rc);
        case.env("FSTAB_FILE", format!("{root}/fstab")).args(words.split_whitespace())
    };
    let e = format!("{root}/e");
    case(&e, "0").stdout(format!("fsck from rescuebox\nfsck.ext4 {e}\n")).ok();
    case(&format!("-T -a -fy -t one {e} -C5"), "1")
        .stdout(format!("fsck.ext4 -a -fy -C5 {e}\n"))
        .fails(1);
    case(&format!("-TN {e}"), "4")
        .stdout(format!("[{root}/bin/fsck.ext4 (1) -- /] fsck.ext4 {e} \n"))
        .ok();
    case(&format!("-T -t two {root}/empty"), "4")
        .stdout(format!("fsck.two {root}/empty\n"))
        .fails(4);
    case(&format!("-T -t killed {root}/empty"), "0").stderr_has("signal 9").fails(8);
    case(&format!("-T -t such.none {root}/empty"), "0")
        .stderr_has("fsck.such.none: not found")
        .fails(8);
    case("-TA", "1")
        .stdout(format!("fsck.ext4 {e}\nfsck.one {root}/a\nfsck.two {root}/b\n"))
        .fails(1);
    case("-TA", "4").stdout(format!("fsck.ext4 {e}\n")).fails(4);
    case("-TAR", "4").stdout(format!("fsck.one {root}/a\nfsck.two {root}/b\n")).fails(4);
    case("-TA -t two,ext4", "0").stdout(format!("fsck.ext4 {e}\nfsck.two {root}/b\n")).ok();
    case("-TAR -t noone -a", "0").stdout(format!("fsck.two -a {root}/b\n")).ok();
    case("-TAR -t opts=ro", "0").stdout(format!("fsck.one {root}/a\n")).ok();
    case("-T /b", "2").stdout(format!("fsck.two {root}/b\n")).fails(2);
    case("-T UUID=nope", "0").stderr_has("couldn't find matching filesystem: UUID=nope").fails(8);
    case("-t", "0").stderr_has("-t needs").fails(16);
}
