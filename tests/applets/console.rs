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
