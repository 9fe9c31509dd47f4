//! What a person at the console looks things up with: `[[`, hostid, pmap, pwdx.

use std::ffi::OsStr;

use crate::harness::applet::{against_busybox, applet, reference};
use crate::harness::scratch::Scratch;

#[test]
fn double_brackets() {
    if reference().is_some() && !against_busybox() {
        return;
    }
    applet("[[").args(["a", "=", "a", "]]"]).ok();
    applet("[[").args(["a", "!=", "a", "]]"]).fails(1);
    applet("[[").args(["-n", "", "-o", "-z", "", "]]"]).ok();
    applet("[[").args(["a", "=", "a"]).fails(2);
    applet("[[").args(["a", "=", "a", "]"]).fails(2);
    applet("[[").args(["1", "-lt", "2", "]]"]).ok();
}

#[test]
fn numbers_of_the_machine() {
    let out = applet("hostid").ok().stdout;
    assert!(out.len() == 9 && out[..8].iter().all(u8::is_ascii_hexdigit));
    if !against_busybox() {
        applet("hostid").args(["x"]).fails(1);
    }
}

#[test]
fn memory_of_a_process() {
    if against_busybox() {
        return;
    }
    let own = std::process::id().to_string();
    let out = String::from_utf8(applet("pmap").args([&own]).ok().stdout).unwrap();
    assert!(out.starts_with(&format!("{own}:   ")), "{out}");
    assert!(out.contains("  [ stack ]\n") && out.contains(" r-x-- "), "{out}");
    let total = out.lines().last().unwrap();
    assert!(total.starts_with(" total ") && total.ends_with('K') && total.len() == 24, "{total}");
    let out = String::from_utf8(applet("pmap").args(["-x", &own]).ok().stdout).unwrap();
    assert!(out.contains("Address           Kbytes     RSS   Dirty Mode  Mapping\n"), "{out}");
    assert!(out.lines().last().unwrap().starts_with("total kB  "), "{out}");
    let out = String::from_utf8(applet("pmap").args(["-d", &own]).ok().stdout).unwrap();
    assert!(out.lines().last().unwrap().starts_with("mapped: "), "{out}");
    let out = String::from_utf8(applet("pmap").args(["-q", &own]).ok().stdout).unwrap();
    assert!(!out.contains("total"), "{out}");
    applet("pmap").args(["4194303"]).stdout("").fails(42);
    applet("pmap").fails(1);
    applet("pmap").args(["x"]).fails(1);
}

#[test]
fn working_folders() {
    if against_busybox() {
        return;
    }
    let own = std::process::id().to_string();
    let here = std::env::current_dir().unwrap();
    let line = format!("{own}: {}\n", here.display());
    applet("pwdx").args([&own]).stdout(line).ok();
    applet("pwdx").args(["4194303"]).stderr_has("4194303: No such process").fails(1);
    applet("pwdx").args(["x"]).stderr_has("invalid process id: x").fails(1);
}

#[test]
fn mounts_are_found() {
    if against_busybox() {
        return;
    }
    let scratch = Scratch::new("findmnt");
    let table = scratch.file(
        "mountinfo",
        "1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n\
         3 1 0:5 / /proc rw,nosuid - proc proc rw\n\
         4 1 0:6 / /sys rw - sysfs sysfs rw\n\
         5 4 0:7 / /sys/fs\\040x ro - tmpfs none rw,size=4k\n\
         6 1 8:1 /srv /mnt rw - ext4 /dev/sda1 rw,errors=remount-ro\n",
    );
    let find =
        |args: &[&str]| applet("findmnt").args([OsStr::new("-F"), table.as_os_str()]).args(args);
    find(&["-a"])
        .stdout(
            "TARGET        SOURCE          FSTYPE OPTIONS\n\
             /             /dev/sda1       ext4   rw,relatime,errors=remount-ro\n\
             |-/proc       proc            proc   rw,nosuid\n\
             |-/sys        sysfs           sysfs  rw\n\
             | `-/sys/fs x none            tmpfs  ro,size=4k\n\
             `-/mnt        /dev/sda1[/srv] ext4   rw,errors=remount-ro\n",
        )
        .ok();
    find(&["-rn", "-o", "TARGET,SOURCE"])
        .stdout("/ /dev/sda1\n/proc proc\n/sys sysfs\n/sys/fs\\x20x none\n/mnt /dev/sda1[/srv]\n")
        .ok();
    find(&["-P", "-o", "TARGET,MAJ:MIN", "/proc"])
        .stdout("TARGET=\"/proc\" MAJ:MIN=\"0:5\"\n")
        .ok();
    find(&["-n", "-o", "FSTYPE", "-M", "/sys"]).stdout("sysfs\n").ok();
    find(&["-n", "-o", "SOURCE", "-T", "/etc"]).stdout("/dev/sda1\n").ok();
    find(&["-n", "-l", "-o", "TARGET", "-t", "proc,tmpfs"]).stdout("/proc\n/sys/fs x\n").ok();
    find(&["-n", "-l", "-o", "TARGET", "-t", "noext4"]).stdout("/proc\n/sys\n/sys/fs x\n").ok();
    find(&["-n", "-l", "-o", "TARGET", "-O", "ro"]).stdout("/sys/fs x\n").ok();
    find(&["-n", "-l", "-v", "-o", "SOURCE,TARGET", "-S", "/dev/sda1"])
        .stdout("/dev/sda1 /\n/dev/sda1 /mnt\n")
        .ok();
    find(&["-nrR", "-o", "TARGET", "/sys"]).stdout("/sys\n/sys/fs\\x20x\n").ok();
    find(&["-n", "-f", "-o", "ID"]).stdout(" 1\n").ok();
    find(&["-J", "-o", "TARGET,ID", "-R", "/sys"])
        .stdout("{\n   \"filesystems\": [\n      {\n         \"target\": \"/sys\",\n         \"id\": 4,\n         \"children\": [\n            {\n               \"target\": \"/sys/fs x\",\n               \"id\": 5\n            }\n         ]\n      }\n   ]\n}\n")
        .ok();
    find(&["/nowhere"]).stdout("").fails(1);
    find(&["-o", "NOTHING"]).stderr_has("unknown column: NOTHING").fails(1);
    let fstab =
        scratch.file("fstab", "UUID=abc / ext4 rw 0 1\n/dev/x /mnt/a\\040b vfat noauto 1 2\n");
    let find =
        |args: &[&str]| applet("findmnt").args([OsStr::new("-F"), fstab.as_os_str()]).args(args);
    find(&["-s"])
        .stdout("TARGET   SOURCE   FSTYPE OPTIONS\n/        UUID=abc ext4   rw\n/mnt/a b /dev/x   vfat   noauto\n")
        .ok();
    find(&["-s", "-n", "-o", "OPTIONS", "UUID=abc"]).stdout("rw\n").ok();
    find(&["--fstab", "-n", "-o", "SOURCE", "--target", "/"]).stdout("UUID=abc\n").ok();
    find(&["-s", "-r", "-n", "-o", "FREQ,PASSNO,TARGET", "-t", "vfat"])
        .stdout("1 2 /mnt/a\\x20b\n")
        .ok();
}

#[test]
fn devices_on_pci() {
    if against_busybox() {
        return;
    }
    let scratch = Scratch::new("lspci");
    let device = |name: &str, values: &[(&str, &str)]| {
        let folder = scratch.path().join("devices").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in values {
            std::fs::write(folder.join(file), format!("{text}\n")).unwrap();
        }
        folder
    };
    device("0000:00:00.0", &[("class", "0x060000"), ("vendor", "0x8086"), ("device", "0x0d57")]);
    let nic = device(
        "0000:01:1f.3",
        &[
            ("class", "0x020001"),
            ("vendor", "0x1af4"),
            ("device", "0x1041"),
            ("subsystem_vendor", "0x1af4"),
            ("subsystem_device", "0x1100"),
            ("revision", "0x01"),
        ],
    );
    std::os::unix::fs::symlink("../../drivers/virtio-pci", nic.join("driver")).unwrap();
    let ids = scratch.file(
        "ids",
        "1af4  Red Hat, Inc.\n\t1041  Virtio network\n\t\t1af4 1100  Machine\nC 02  Network controller\n\t00  Ethernet controller\nC 06  Bridge\n",
    );
    let root = format!("sysfs.path={}", scratch.path().display());
    let list = |args: &[&str]| {
        applet("lspci").args([OsStr::new("-i"), ids.as_os_str()]).args(["-O", &root]).args(args)
    };
    list(&["-n"]).stdout("00:00.0 0600: 8086:0d57\n01:1f.3 0200: 1af4:1041 (rev 01)\n").ok();
    list(&[])
        .stdout("00:00.0 Bridge [0600]: Device 8086:0d57\n01:1f.3 Ethernet controller: Red Hat, Inc. Virtio network (rev 01)\n")
        .ok();
    list(&["-nn", "-s", "1f.3"])
        .stdout("01:1f.3 Ethernet controller [0200]: Red Hat, Inc. Virtio network [1af4:1041] (rev 01)\n")
        .ok();
    list(&["-nk", "-d", "1af4:"])
        .stdout("01:1f.3 0200: 1af4:1041 (rev 01)\n\tSubsystem: 1af4:1100\n\tKernel driver in use: virtio-pci\n")
        .ok();
    list(&["-mm", "-s", "1:"])
        .stdout("01:1f.3 \"Ethernet controller\" \"Red Hat, Inc.\" \"Virtio network\" -r01 -p01 \"Red Hat, Inc.\" \"Machine\"\n")
        .ok();
    list(&["-vmm", "-s", ".3"])
        .stdout("Slot:\t01:1f.3\nClass:\tEthernet controller\nVendor:\tRed Hat, Inc.\nDevice:\tVirtio network\nSVendor:\tRed Hat, Inc.\nSDevice:\tMachine\nRev:\t01\nProgIf:\t01\n\n")
        .ok();
    list(&["-Dn", "-d", "::0600"]).stdout("0000:00:00.0 0600: 8086:0d57\n").ok();
    list(&["-s", "99"]).fails(1);
}

#[test]
fn kinds_of_files() {
    if against_busybox() {
        return;
    }
    let scratch = Scratch::new("file");
    let dir = scratch.path();
    let is = |name: &str, bytes: &[u8], words: &str, mime: &str| {
        std::fs::write(dir.join(name), bytes).unwrap();
        applet("file").args(["-b", name]).dir(dir).stdout(format!("{words}\n")).ok();
        applet("file").args(["-bi", name]).dir(dir).stdout(format!("{mime}\n")).ok();
    };
    is("a", b"hello\n", "ASCII text", "text/plain; charset=us-ascii");
    is("b", "h\u{e9}\n".as_bytes(), "Unicode text, UTF-8 text", "text/plain; charset=utf-8");
    is("c", b"a\r\n", "ASCII text, with CRLF line terminators", "text/plain; charset=us-ascii");
    is("d", b"\x00\x01\x02\xff", "data", "application/octet-stream; charset=binary");
    is("e", b"", "empty", "inode/x-empty; charset=binary");
    is(
        "f",
        b"#!/bin/sh\n",
        "POSIX shell script, ASCII text executable",
        "text/x-shellscript; charset=us-ascii",
    );
    is(
        "g",
        b"070701000",
        "ASCII cpio archive (SVR4 with no CRC)",
        "application/x-cpio; charset=us-ascii",
    );
    is(
        "h",
        b"\xfd7zXZ\0\0\x04 ",
        "XZ compressed data, checksum CRC64",
        "application/x-xz; charset=binary",
    );
    is("i", b"{\"a\": [1]}\n", "JSON text data", "application/json; charset=us-ascii");
    is(
        "k",
        b"GIF89a\x0a\0\x14\0",
        "GIF image data, version 89a, 10 x 20",
        "image/gif; charset=binary",
    );
    applet("file").args(["-b", "."]).dir(dir).stdout("directory\n").ok();
    applet("file")
        .args(["a", "nowhere"])
        .dir(dir)
        .stdout("a:       ASCII text\nnowhere: cannot open `nowhere' (No such file or directory)\n")
        .ok();
    applet("file").args(["-E", "nowhere"]).dir(dir).fails(1);
    applet("file")
        .args(["-F", " =", "-N", "a", "d"])
        .dir(dir)
        .stdout("a = ASCII text\nd = data\n")
        .ok();
    applet("file").args(["-"]).stdin("x\n").stdout("/dev/stdin: ASCII text\n").ok();
    applet("file").args(["-b", "--mime-type", "a"]).dir(dir).stdout("text/plain\n").ok();
    std::os::unix::fs::symlink("a", dir.join("l")).unwrap();
    std::os::unix::fs::symlink("gone", dir.join("m")).unwrap();
    applet("file")
        .args(["-b", "l", "m"])
        .dir(dir)
        .stdout("symbolic link to a\nbroken symbolic link to gone\n")
        .ok();
    applet("file").args(["-bL", "l"]).dir(dir).stdout("ASCII text\n").ok();
    std::fs::write(dir.join("list"), "a\nd\n").unwrap();
    applet("file").args(["-f", "list"]).dir(dir).stdout("a: ASCII text\nd: data\n").ok();
    let own = std::fs::canonicalize("/proc/self/exe").unwrap();
    let run = applet("file").args([OsStr::new("-b"), own.as_os_str()]).ok();
    let words = String::from_utf8(run.stdout).unwrap();
    assert!(words.starts_with("ELF 64-bit LSB ") && words.contains(", version 1 ("), "{words}");
    applet("file").fails(1);
}

#[test]
fn trees_of_processes() {
    if against_busybox() {
        return;
    }
    let mut child = std::process::Command::new("sh")
        .args(["-c", "sleep 60 & sleep 60 & sh -c 'sleep 61; true' & wait"])
        .spawn()
        .unwrap();
    let pid = child.id().to_string();
    let drawn = "sh-+-sh---sleep\n   `-2*[sleep]\n";
    let mut text = String::new();
    for _ in 0..100 {
        text = String::from_utf8(applet("pstree").args([&pid]).ok().stdout).unwrap();
        if text == drawn {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let long = String::from_utf8(applet("pstree").args(["-p", &pid]).ok().stdout).unwrap();
    let wide = String::from_utf8(applet("pstree").args(["-a", &pid]).ok().stdout).unwrap();
    let _ = std::process::Command::new("pkill").args(["-P", &pid]).status();
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(text, drawn);
    assert!(long.starts_with(&format!("sh({pid})-+-sh(")) && long.lines().count() == 3, "{long}");
    assert!(wide.contains("\n  |-sh -c sleep 61; true\n  |   `-sleep 61\n"), "{wide}");
    applet("pstree").args(["nobody-of-this-name"]).stderr_has("No such user name").fails(1);
}

#[test]
fn privileges() {
    if against_busybox() || !nix::unistd::geteuid().is_root() {
        return;
    }
    let all = String::from_utf8(applet("setpriv").args(["-d"]).ok().stdout).unwrap();
    assert!(all.starts_with("uid: 0\neuid: 0\ngid: 0\negid: 0\n"), "{all}");
    assert!(all.contains("no_new_privs: 0\nInheritable capabilities: "), "{all}");
    applet("setpriv").args(["--reuid", "1", "--clear-groups", "id", "-u"]).stdout("1\n").ok();
    applet("setpriv").args(["--regid", "1", "--keep-groups", "id", "-g"]).stdout("1\n").ok();
    applet("setpriv").args(["--regid", "1", "id"]).fails(1);
    applet("setpriv").args(["--reuid", "nosuch", "id"]).stderr_has("no such user").fails(1);
    applet("setpriv").args(["--ambient-caps", "+bogus", "id"]).fails(1);
    applet("setpriv").args(["--keep-groups", "--clear-groups", "id"]).fails(1);
    let run = applet("setpriv").args(["--nnp", "grep", "NoNewPrivs", "/proc/self/status"]).ok();
    assert_eq!(run.stdout, b"NoNewPrivs:\t1\n");
    let run = applet("setpriv")
        .args(["--bounding-set", "-all", "grep", "CapBnd", "/proc/self/status"])
        .ok();
    assert_eq!(run.stdout, b"CapBnd:\t0000000000000000\n");
    let run = applet("setpriv")
        .args([
            "--inh-caps",
            "+kill",
            "--ambient-caps",
            "+kill",
            "grep",
            "CapAmb",
            "/proc/self/status",
        ])
        .ok();
    assert_eq!(run.stdout, b"CapAmb:\t0000000000000020\n");
    applet("setpriv").args(["--inh-caps", "kill", "id"]).fails(1);
    applet("setpriv")
        .args(["--inh-caps", "+nothing", "id"])
        .stderr_has("unknown capability")
        .fails(1);
    applet("setpriv").args(["no-such-program"]).fails(127);
    applet("setpriv").fails(1);
}

#[test]
fn counters_of_the_system() {
    if against_busybox() {
        return;
    }
    let text = String::from_utf8(applet("vmstat").ok().stdout).unwrap();
    assert!(text.starts_with("procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----\n r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n"), "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
    let text = String::from_utf8(applet("vmstat").args(["-s"]).ok().stdout).unwrap();
    assert!(text.contains(" K total memory\n") && text.contains(" boot time\n"), "{text}");
    let text = String::from_utf8(applet("iostat").args(["-c"]).ok().stdout).unwrap();
    assert!(text.contains("avg-cpu:  %user   %nice %system %iowait  %steal   %idle\n"), "{text}");
    let text = String::from_utf8(applet("iostat").args(["-d"]).ok().stdout).unwrap();
    assert!(
        text.contains("Device             tps    kB_read/s    kB_wrtn/s    kB_dscd/s"),
        "{text}"
    );
    applet("vmstat").args(["0"]).fails(1);
    applet("vmstat").args(["-S", "q"]).fails(1);
}

#[test]
fn scsi_devices() {
    if against_busybox() {
        return;
    }
    let scratch = Scratch::new("lsscsi");
    let device = scratch.path().join("bus/scsi/devices/2:0:1:0");
    std::fs::create_dir_all(device.join("block/sda")).unwrap();
    for (name, text) in [
        ("type", "0"),
        ("vendor", "ATA     "),
        ("model", "QEMU HARDDISK   "),
        ("rev", "2.5+"),
        ("scsi_level", "6"),
        ("block/sda/dev", "8:0"),
        ("block/sda/size", "2097152"),
    ] {
        std::fs::write(device.join(name), format!("{text}\n")).unwrap();
    }
    let root = scratch.path().display().to_string();
    let list = |args: &[&str]| applet("lsscsi").args(["-y", &root]).args(args);
    list(&[]).stdout("[2:0:1:0]    disk    ATA      QEMU HARDDISK    2.5+  /dev/sda \n").ok();
    list(&["-d"])
        .stdout("[2:0:1:0]    disk    ATA      QEMU HARDDISK    2.5+  /dev/sda [8:0]\n")
        .ok();
    list(&["3:*:*:*"]).stdout("").ok();
    list(&["-c"]).stdout("Attached devices: \nHost: scsi2 Channel: 00 Target: 01 Lun: 00\n  Vendor: ATA      Model: QEMU HARDDISK    Rev: 2.5+\n  Type:   Direct-Access                    ANSI SCSI revision: 05\n").ok();
    applet("lsusb").args(["-s", "x"]).fails(1);
}

#[test]
fn sessions_that_were() {
    if against_busybox() {
        return;
    }
    let scratch = Scratch::new("last");
    let record = |kind: u8, line: &str, user: &str, time: u32| {
        let mut bytes = vec![0u8; 384];
        bytes[0] = kind;
        bytes[8..8 + line.len()].copy_from_slice(line.as_bytes());
        bytes[44..44 + user.len()].copy_from_slice(user.as_bytes());
        bytes[340..344].copy_from_slice(&time.to_le_bytes());
        bytes
    };
    let file = scratch.file(
        "wtmp",
        [
            record(2, "~", "reboot", 1_795_300_000),
            record(7, "tty1", "root", 1_795_300_060),
            record(8, "tty1", "", 1_795_303_660),
            record(7, "tty2", "joe", 1_795_303_700),
            record(1, "~", "shutdown", 1_795_303_760),
        ]
        .concat(),
    );
    let last = |args: &[&str]| applet("last").args([OsStr::new("-f"), file.as_os_str()]).args(args);
    last(&["-R"])
        .stdout(
            "joe      tty2         Sat Nov 21 23:28 - down   (00:01)\n\
             root     tty1         Sat Nov 21 22:27 - 23:27  (01:00)\n\
             reboot   system boot  Sat Nov 21 22:26 - 23:29  (01:02)\n\
             \nwtmp begins Sat Nov 21 22:26:40 2026\n",
        )
        .ok();
    last(&["-R", "-1"]).stdout("joe      tty2         Sat Nov 21 23:28 - down   (00:01)\n\nwtmp begins Sat Nov 21 22:26:40 2026\n").ok();
    last(&["-R", "root"]).stdout("root     tty1         Sat Nov 21 22:27 - 23:27  (01:00)\n\nwtmp begins Sat Nov 21 22:26:40 2026\n").ok();
    applet("last").args(["-f", "/nowhere"]).fails(1);
}

#[test]
fn refusals() {
    if reference().is_some() {
        return;
    }
    applet("hwclock").args(["-f", "/nowhere"]).stderr_has("/nowhere: No such file").fails(1);
    applet("hwclock").args(["-r", "-s"]).stderr_has("one thing at a time").fails(1);
    applet("hwclock").args(["--set"]).fails(1);
    applet("kexec").args(["-l"]).stderr_has("which kernel?").fails(1);
    applet("kexec").args(["-l", "/nowhere"]).stderr_has("/nowhere: No such file").fails(1);
    applet("devmem").stderr_has("which address?").fails(1);
    applet("devmem").args(["0x10", "7"]).stderr_has("not a width").fails(1);
    applet("devmem").args(["0x11", "32"]).stderr_has("not a multiple of the width").fails(1);
    applet("devmem").args(["x"]).stderr_has("not a number").fails(1);
    applet("watchdog").stderr_has("which device?").fails(1);
    applet("watchdog").args(["-F", "-t", "x", "/dev/null"]).stderr_has("not a time").fails(1);
    applet("watchdog").args(["-F", "/nowhere"]).stderr_has("/nowhere: No such file").fails(1);
}
