//! blkid and findfs: the same answers as util-linux's on images that the real
//! programs make.

#![allow(clippy::disallowed_macros)] // which image differs is printed

use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::applet::{applet, program, reference};
use crate::harness::scratch::Scratch;

/// Images: name, size, and the script that makes what is in `$I`.
const IMAGES: &[(&str, &str, &str)] = &[
    ("ext2", "8M", "mkfs.ext2 -q -L first $I"),
    ("ext2-bare", "8M", "mkfs.ext2 -q -b 4096 $I"),
    ("ext2-old", "8M", "mkfs.ext2 -q -r 0 $I"),
    ("ext3", "16M", "mkfs.ext3 -q -L 'a b' $I"),
    ("ext4", "16M", "mkfs.ext4 -q -L ext4root -U 11111111-2222-3333-4444-555555555555 $I"),
    ("ext4-64bit", "32M", "mkfs.ext4 -q -O 64bit,metadata_csum -b 4096 $I"),
    ("ext4-nojournal", "16M", "mkfs.ext4 -q -O ^has_journal $I"),
    (
        "ext4-hostile",
        "16M",
        r#"mkfs.ext4 -q -O ^metadata_csum $I; printf '\377\001\033[m\\\" \tx' | dd of=$I bs=1 seek=1144 conv=notrunc status=none"#,
    ),
    ("ext4-slash", "16M", "mkfs.ext4 -q -L '../../dev/sda' $I"),
    ("ext4-utf8", "16M", "mkfs.ext4 -q -L 'wurzel-äö' $I"),
    ("ext4-spaces", "16M", "mkfs.ext4 -q -L '  two  words ' $I"),
    ("ext4-quotes", "16M", r#"mkfs.ext4 -q -L 'a"b$(c)`d`' $I"#),
    ("jbd", "16M", "mke2fs -q -O journal_dev $I"),
    ("xfs", "320M", "mkfs.xfs -q -L xfsroot $I"),
    ("xfs-4k", "320M", "mkfs.xfs -q -s size=4096 $I"),
    ("btrfs", "120M", "mkfs.btrfs -q -L data $I"),
    ("btrfs-bare", "120M", "mkfs.btrfs -q $I"),
    ("f2fs", "64M", "mkfs.f2fs -q -l flash $I"),
    ("f2fs-utf8", "64M", "mkfs.f2fs -q -l 'größe' $I"),
    ("fat12", "4M", "mkfs.vfat -F 12 -n BOOT -i cafe0001 $I"),
    ("fat12-bare", "1M", "mkfs.vfat $I"),
    ("fat16", "32M", "mkfs.vfat -F 16 -n 'EFI PART' $I"),
    ("fat32", "64M", "mkfs.vfat -F 32 -n ESP $I"),
    ("fat32-bare", "64M", "mkfs.vfat -F 32 $I"),
    ("fat32-4k", "300M", "mkfs.vfat -F 32 -S 4096 -n BIG $I"),
    ("fat-label-in-folder", "8M", "mkfs.vfat $I; mlabel -i $I ::later"),
    ("exfat", "8M", "mkfs.exfat -L stick $I"),
    ("exfat-utf8", "8M", "mkfs.exfat -L éü $I"),
    ("exfat-bare", "8M", "mkfs.exfat $I"),
    ("ntfs", "8M", "mkntfs -q -F -L Windows $I"),
    ("ntfs-utf8", "8M", "mkntfs -q -F -L Größe $I"),
    ("ntfs-4k", "8M", "mkntfs -q -F -s 4096 -c 4096 $I"),
    ("squashfs", "0", "rm $I; mksquashfs $D $I -quiet -no-progress"),
    ("squashfs-xz", "0", "rm $I; mksquashfs $D $I -comp xz -quiet -no-progress"),
    ("erofs", "0", "mkfs.erofs $I $D"),
    ("erofs-lz4", "0", "mkfs.erofs -zlz4 -U 01234567-89ab-cdef-0123-456789abcdef $I $D"),
    ("iso", "0", "genisoimage -quiet -V RESCUE -o $I $D"),
    (
        "iso-joliet",
        "0",
        "genisoimage -quiet -J -V 'Debian 12.0 amd64 n' -publisher P -p Q -volset V -A A -sysid S -o $I $D",
    ),
    (
        "iso-long",
        "0",
        "genisoimage -quiet -J -joliet-long -V 'A long label of 32 letters 01234' -o $I $D",
    ),
    ("iso-udf", "0", "genisoimage -quiet -J -udf -V BRIDGE -o $I $D"),
    ("udf", "8M", "mkudffs -l Scheibe $I"),
    ("udf-2048", "8M", "mkudffs -b 2048 -l 'Größe 2' $I"),
    ("udf-1.50", "8M", "mkudffs -r 1.50 --vid=vol --vsid=set $I"),
    ("romfs", "0", "genromfs -d $D -V tiny -f $I"),
    ("cramfs", "0", "mkfs.cramfs -n packed $D $I"),
    ("minix1", "1M", "mkfs.minix -1 $I"),
    ("minix1-30", "1M", "mkfs.minix -1 -n 30 $I"),
    ("minix2", "4M", "mkfs.minix -2 $I"),
    ("minix3", "4M", "mkfs.minix -3 $I"),
    ("jfs", "32M", "mkfs.jfs -q -L journaled $I"),
    ("reiserfs", "64M", "mkreiserfs -q -f -f -l tails $I"),
    ("reiserfs-3.5", "64M", "mkreiserfs -q -f -f --format 3.5 $I"),
    ("nilfs2", "200M", "mkfs.nilfs2 -q -L log $I"),
    (
        "nilfs2-backup",
        "200M",
        "mkfs.nilfs2 -q -L log $I; dd if=/dev/zero of=$I bs=1k seek=1 count=1 conv=notrunc status=none",
    ),
    ("ocfs2", "64M", "mkfs.ocfs2 -q -L shared -M local -F $I </dev/null"),
    ("gfs2", "64M", "mkfs.gfs2 -q -O -p lock_nolock -t a:b $I"),
    ("swap", "4M", "mkswap -L swap $I"),
    ("swap-bare", "1M", "mkswap $I"),
    ("swap-64k", "4M", "mkswap -p 65536 -L big $I"),
    (
        "suspend",
        "4M",
        "mkswap -L s $I; printf S1SUSPEND | dd of=$I bs=1 seek=4086 conv=notrunc status=none",
    ),
    (
        "luks1",
        "8M",
        "printf p | cryptsetup -q luksFormat --type luks1 --pbkdf-force-iterations 1000 $I -",
    ),
    (
        "luks2",
        "32M",
        "printf p | cryptsetup -q luksFormat --type luks2 --label L --subsystem S --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $I -",
    ),
    (
        "luks2-second",
        "32M",
        "printf p | cryptsetup -q luksFormat --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $I -; dd if=/dev/zero of=$I bs=4k count=1 conv=notrunc status=none",
    ),
    ("verity", "1M", "veritysetup format $I $I.hash; mv $I.hash $I"),
    ("bcache", "8M", "make-bcache -B $I"),
    ("lvm", "32M", "L=$(losetup -f --show $I) && pvcreate -qq -y $L; losetup -d $L"),
    ("gpt", "16M", "printf 'label: gpt\\nsize=2M, name=\"root é\"\\nsize=2M\\n' | sfdisk -q $I"),
    (
        "gpt-backup",
        "16M",
        "printf 'label: gpt\\nsize=2M\\n' | sfdisk -q $I; dd if=/dev/zero of=$I bs=512 seek=1 count=1 conv=notrunc status=none",
    ),
    (
        "gpt-no-pmbr",
        "16M",
        "printf 'label: gpt\\nsize=2M\\n' | sfdisk -q $I; dd if=/dev/zero of=$I bs=512 count=1 conv=notrunc status=none",
    ),
    (
        "gpt-lost",
        "16M",
        "printf 'label: gpt\\nsize=2M\\n' | sfdisk -q $I; truncate -s 15M $I; dd if=/dev/zero of=$I bs=512 seek=1 count=1 conv=notrunc status=none",
    ),
    ("gpt-grown", "16M", "printf 'label: gpt\\nsize=2M\\n' | sfdisk -q $I; truncate -s 20M $I"),
    (
        "mbr",
        "16M",
        "printf 'label: dos\\nlabel-id: 0xcafe1234\\nsize=2M, bootable\\nsize=8M, type=5\\nsize=2M\\nsize=2M\\n' | sfdisk -q $I",
    ),
    ("mbr-empty", "16M", "printf 'label: dos\\n' | sfdisk -q $I"),
    ("ext4-over-gpt", "16M", "printf 'label: gpt\\nsize=2M\\n' | sfdisk -q $I; mkfs.ext4 -q -F $I"),
    (
        "ext4-and-swap",
        "16M",
        "mkswap $I; mkfs.ext4 -q -F -E nodiscard $I; printf SWAPSPACE2 | dd of=$I bs=1 seek=4086 conv=notrunc status=none; printf '\\001\\000\\000\\000\\377\\003' | dd of=$I bs=1 seek=1024 conv=notrunc status=none",
    ),
    (
        "xfs-and-btrfs",
        "320M",
        "mkfs.btrfs -q $I; mkfs.xfs -q -f $I; printf _BHRfS_M | dd of=$I bs=1 seek=65600 conv=notrunc status=none",
    ),
    ("zeros", "8M", ":"),
    ("tiny", "1K", ":"),
    ("text", "0", "seq 5000 > $I"),
    (
        "noise",
        "4M",
        "openssl enc -aes-128-ctr -K 00 -iv 00 -in $I -out $I.n 2>/dev/null && mv $I.n $I || :",
    ),
];

/// A superblock of Linux's software RAID as mdadm writes it (md_p.h): there is
/// no md driver in a container for mdadm itself.
fn raid_member(version: &str) -> Vec<u8> {
    let mut image = vec![0u8; 4 << 20];
    let size = image.len();
    let id: [u8; 16] = *b"\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x01";
    let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    if version == "0.90" {
        let at = size - 65536;
        put(at, &0xa92b_4efcu32.to_le_bytes());
        put(at + 8, &90u32.to_le_bytes());
        put(at + 20, &id[..4]);
        put(at + 52, &id[4..]);
        return image;
    }
    let at = match version {
        "1.0" => ((size / 512 - 16) & !7) * 512,
        "1.1" => 0,
        _ => 4096,
    };
    put(at, &0xa92b_4efcu32.to_le_bytes());
    put(at + 4, &1u32.to_le_bytes());
    put(at + 16, &id);
    put(at + 32, b"host:0");
    put(at + 144, &(at as u64 / 512).to_le_bytes());
    let mut other = id;
    other.reverse();
    put(at + 168, &other);
    image
}

fn make(folder: &Path, name: &str, size: &str, script: &str) -> bool {
    let image = folder.join(name);
    let whole = format!(
        "set -e; export PATH=$PATH:/usr/sbin:/sbin; truncate -s {size} \"$I\"; {{ {script}; }} >&2"
    );
    let out = Command::new("sh")
        .args(["-c", &whole])
        .env("I", &image)
        .env("D", folder.join("content"))
        .env("LC_ALL", "C.UTF-8")
        .env("MTOOLS_SKIP_CHECK", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if !out.status.success() {
        eprintln!("blkid: no image {name}: {}", String::from_utf8_lossy(&out.stderr));
    }
    out.status.success()
}

fn answer(command: &mut Command) -> (Vec<u8>, Option<i32>) {
    let out = command.env("LC_ALL", "C.UTF-8").stderr(Stdio::null()).output().unwrap();
    (out.stdout, out.status.code())
}

#[test]
fn the_same_answers_as_util_linux() {
    let scratch = Scratch::new("blkid");
    let folder = scratch.path();
    std::fs::create_dir(folder.join("content")).unwrap();
    scratch.file("content/file", "content\n");
    let mut names: Vec<String> = Vec::new();
    for (name, size, script) in IMAGES {
        if make(folder, name, size, script) {
            names.push((*name).into());
        }
    }
    for version in ["0.90", "1.0", "1.1", "1.2"] {
        let name = format!("raid-{version}");
        std::fs::write(folder.join(&name), raid_member(version)).unwrap();
        names.push(name);
    }
    assert!(names.len() >= 60, "only {} images could be made", names.len());
    let mut wrong = String::new();
    for name in &names {
        for words in ["", "-p", "-o export", "-p -o udev", "-o value -s TYPE", "-p -O 0 -s UUID"] {
            let words: Vec<&str> = words.split_ascii_whitespace().collect();
            let mut theirs = Command::new("/sbin/blkid");
            theirs.args(["-c", "/dev/null"]).args(&words).arg(name).current_dir(folder);
            let mut ours = Command::new(program());
            ours.arg("blkid").args(&words).arg(name).current_dir(folder);
            let (theirs, ours) = (answer(&mut theirs), answer(&mut ours));
            if theirs != ours {
                wrong.push_str(&format!(
                    "-- {name} {words:?}\n{}-> {:?}\n{}-> {:?}\n",
                    String::from_utf8_lossy(&theirs.0),
                    theirs.1,
                    String::from_utf8_lossy(&ours.0),
                    ours.1
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} images; util-linux, then ours:\n{wrong}", names.len());
}

/// A small ext4 by hand: superblock fields that blkid looks at.
fn ext4(label: &[u8], uuid: [u8; 16]) -> Vec<u8> {
    let mut image = vec![0u8; 64 * 1024];
    let mut put =
        |at: usize, bytes: &[u8]| image[1024 + at..][..bytes.len()].copy_from_slice(bytes);
    put(0x38, b"\x53\xef");
    put(0x4c, &[1]);
    put(0x60, &[0x42]);
    put(0x68, &uuid);
    put(0x78, label);
    image
}

#[test]
fn formats() {
    let scratch = Scratch::new("blkid-formats");
    scratch.file("i", ext4(b"a \"b\"\x1b", [0xab; 16]));
    let uuid = "abababab-abab-abab-abab-abababababab";
    let case = || applet("blkid").dir(scratch.path());
    case()
        .args(["i"])
        .stdout(format!(
            "i: LABEL=\"a \\\"b\\\"^[\" UUID=\"{uuid}\" BLOCK_SIZE=\"1024\" TYPE=\"ext4\"\n"
        ))
        .ok();
    case().args(["-s", "TYPE", "i"]).stdout("i: TYPE=\"ext4\"\n").ok();
    case().args(["-o", "value", "-s", "UUID", "i"]).stdout(format!("{uuid}\n")).ok();
    case().args(["-o", "device", "i"]).stdout("i\n").ok();
    case()
        .args(["-o", "export", "-s", "LABEL", "-s", "TYPE", "i"])
        .stdout("DEVNAME=i\nLABEL=a\\ \\\"b\\\"^[\nTYPE=ext4\n")
        .ok();
    case().args(["-t", "TYPE=ext4", "-o", "device", "i"]).stdout("i\n").ok();
    case().args(["-t", "TYPE=xfs", "-o", "device", "i"]).stdout("").fails(2);
    case().args(["-p", "-s", "USAGE", "-o", "value", "i"]).stdout("filesystem\n").ok();
    case().args(["-p", "-n", "xfs,btrfs", "i"]).stdout("").fails(2);
    case().args(["-p", "-n", "noext4", "i"]).stdout("").fails(2);
    case().args(["-p", "-u", "filesystem", "-s", "TYPE", "i"]).stdout("i: TYPE=\"ext4\"\n").ok();
    case().args(["-p", "-u", "nofilesystem", "i"]).stdout("").fails(2);
    case().args(["nowhere"]).stdout("").fails(2);
    case().args(["-o", "purple", "i"]).fails(4);
    case().args(["-p"]).fails(4);
    if reference().is_none() {
        case()
            .args(["-o", "json", "-s", "TYPE", "i"])
            .stdout("{\n   \"blkid\": [\n      {\n         \"devname\": \"i\",\n         \"type\": \"ext4\"\n      }\n   ]\n}\n")
            .ok();
    }
}

#[test]
fn ambivalent_images_are_told() {
    let scratch = Scratch::new("blkid-both");
    let mut image = ext4(b"", [1; 16]);
    image[4086..4096].copy_from_slice(b"SWAPSPACE2");
    image[1024..1028].copy_from_slice(&1u32.to_le_bytes());
    image[1028..1032].copy_from_slice(&9u32.to_le_bytes());
    image.resize(4 << 20, 0);
    scratch.file("i", image);
    let case = || applet("blkid").dir(scratch.path());
    case().args(["-p", "i"]).stdout("").stderr_has("ambivalent result").fails(8);
    case().args(["i"]).stdout("").stderr_has("swap, ext4").fails(2);
}

#[test]
fn names_that_are_not_there() {
    applet("findfs")
        .args(["LABEL=no-such-label"])
        .stdout("")
        .stderr_has("unable to resolve")
        .fails(1);
    applet("findfs").args(["UUID=../../etc/passwd"]).stdout("").fails(1);
    applet("findfs").args(["/dev/null"]).stdout("/dev/null\n").ok();
    applet("findfs").args(["COLOUR=red"]).stdout("").fails(1);
    if reference().is_none() {
        applet("findfs").args(["/dev/no-such"]).stdout("").fails(1);
        applet("findfs").args::<&str>([]).fails(2);
    }
    applet("blkid").args(["-L", "no-such-label"]).stdout("").fails(2);
    applet("blkid").args(["-U", "no-such-uuid"]).stdout("").fails(2);
}

#[test]
fn loop_devices_by_tag() {
    let _one = crate::harness::namespace::loops();
    use crate::harness::namespace::is_root;
    if !is_root("loop_devices_by_tag") || reference().is_some() {
        return;
    }
    let scratch = Scratch::new("findfs");
    let image = scratch.file("i", ext4(b"find me", [0x5a; 16]));
    let losetup = |args: &[&str]| {
        let out = Command::new("losetup").args(args).output().unwrap();
        String::from_utf8_lossy(&out.stdout).trim().to_string()
    };
    let device = losetup(&["-f", "--show", image.to_str().unwrap()]);
    if device.is_empty() {
        eprintln!("loop_devices_by_tag: not run: no loop device can be had");
        return;
    }
    let line = format!("{device}\n");
    let uuid = "UUID=5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a";
    let outputs = [
        applet("findfs").args(["LABEL=find me"]).run(),
        applet("findfs").args([uuid.to_uppercase().as_str()]).run(),
        applet("blkid").args(["-L", "find me"]).run(),
        applet("blkid").args(["-l", "-o", "device", "-t", "LABEL=find me"]).run(),
    ];
    let second = losetup(&["-f", "--show", image.to_str().unwrap()]);
    let twice = applet("findfs").args([uuid]).run();
    losetup(&["-d", &device]);
    losetup(&["-d", &second]);
    for output in outputs {
        assert_eq!(String::from_utf8_lossy(&output.stdout), line);
    }
    assert_eq!(String::from_utf8_lossy(&twice.stdout), line);
    assert!(twice.stderr.contains(&format!("{second} has it too")), "{}", twice.stderr);
}
