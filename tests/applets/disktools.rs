//! The smaller tools for disks.

use crate::harness::applet::{applet, reference};
use crate::harness::namespace::is_root;
use crate::harness::scratch::Scratch;

const UUID: &str = "11111111-2222-3333-4444-555555555555";

#[test]
fn mkswap_makes_what_blkid_sees() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("mkswap");
    dir.file("s", vec![0u8; 1 << 20]);
    let mkswap = || applet("mkswap").dir(dir.path());
    mkswap()
        .args(["-L", "space", "-U", UUID, "s"])
        .stdout(format!(
            "Setting up swapspace version 1, size = 1020 KiB (1044480 bytes)\nLABEL=space, UUID={UUID}\n"
        ))
        .ok();
    applet("blkid")
        .dir(dir.path())
        .args(["s"])
        .stdout(format!("s: LABEL=\"space\" UUID=\"{UUID}\" TYPE=\"swap\"\n"))
        .ok();
    mkswap().args(["-q", "-U", UUID, "s", "512"]).stdout("").ok();
    mkswap().args(["s", "2048"]).stderr_has("larger than the device").fails(1);
    mkswap().args(["-U", "x", "s"]).stderr_has("not a UUID").fails(2);
    dir.file("tiny", vec![0u8; 4096]);
    mkswap().args(["tiny"]).stderr_has("at least 40 KiB").fails(1);
    mkswap().args(["nowhere"]).stderr_has("No such file").fails(1);
}

#[test]
fn what_is_wrong() {
    if reference().is_some() {
        return;
    }
    applet("blockdev").args(["--getsz"]).stderr_has("a command and a device").fails(1);
    applet("blockdev").args(["--getsz", "/nowhere"]).stderr_has("No such file").fails(1);
    applet("blockdev").args(["--paint", "/dev/null"]).fails(2);
    applet("blockdev").args(["--getsz", "/dev/null"]).stderr_has("--getsz on /dev/null").fails(1);
    applet("fsfreeze").args(["/"]).stderr_has("-f or -u").fails(1);
    applet("fsfreeze").args(["-f", "/dev/null"]).stderr_has("not a directory").fails(1);
    applet("fstrim").args(["/nowhere"]).stderr_has("No such file").fails(1);
    applet("blkdiscard").args(["/dev/null"]).stderr_has("not a block device").fails(1);
    applet("swapoff").args(["/nowhere"]).stderr_has("No such file").fails(1);
    applet("swapon").args(["-p", "99999", "/nowhere"]).stderr_has("not a priority").fails(2);
    applet("swapon").args(["-e", "/nowhere"]).stdout("").ok();
    applet("hdparm").stderr_has("which device?").fails(1);
    applet("hdparm").args(["/nowhere"]).stderr_has("No such file").fails(1);
    applet("hdparm").args(["-S", "256", "/dev/null"]).stderr_has("more than 255").fails(2);
    applet("hdparm").args(["-c", "/dev/null"]).stderr_has("no longer has").fails(1);
    applet("resume").args(["/dev/null"]).stderr_has("not a block device").fails(1);
    applet("eject").args(["/nowhere"]).stderr_has("No such file").fails(1);
    applet("raidautorun").args(["/nowhere"]).stderr_has("No such file").fails(1);
}

#[test]
fn a_loop_devices_numbers() {
    let _one = crate::harness::namespace::loops();
    if reference().is_some() || !is_root("a_loop_devices_numbers") {
        return;
    }
    let dir = Scratch::new("blockdev");
    let image = dir.file("i", vec![0u8; 1 << 20]);
    let out =
        std::process::Command::new("losetup").args(["-f", "--show"]).arg(&image).output().unwrap();
    let device = String::from_utf8_lossy(&out.stdout).trim().to_string();
    if device.is_empty() {
        return;
    }
    let output = applet("blockdev")
        .args([
            "--getsz",
            "--getsize64",
            "--getss",
            "--getro",
            "--setro",
            "--getro",
            "--setrw",
            "--flushbufs",
        ])
        .args([&device])
        .run();
    let verbose = applet("blockdev").args(["-v", "--getpbsz", &device]).run();
    let own = applet("hdparm").args(["-r1", "-r", "-r0", "-a64", &device]).run();
    let none = applet("hdparm").args(["-y", "-i", &device]).run();
    let fast = applet("hdparm").args(["-t", &device]).run();
    std::process::Command::new("losetup").args(["-d", &device]).status().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2048\n1048576\n512\n0\n1\n");
    assert_eq!(String::from_utf8_lossy(&verbose.stdout), "getpbsz: 512\n");
    assert_eq!(
        String::from_utf8_lossy(&own.stdout),
        format!(
            "\n{device}:\n setting readonly to 1 (on)\n readonly      =  1 (on)\n readonly      =  1 (on)\n \
             setting readonly to 0 (off)\n readonly      =  0 (off)\n setting fs readahead to 64\n \
             readahead     = 64 (on)\n"
        )
    );
    assert_eq!(
        String::from_utf8_lossy(&none.stdout),
        format!("\n{device}:\n issuing standby command\n")
    );
    assert_eq!(none.status, 1);
    let text = String::from_utf8_lossy(&fast.stdout).into_owned();
    assert!(text.contains(" Timing buffered disk reads:    1 MB in "), "{text}");
}

#[test]
fn partprobe_shows_tables() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("partprobe");
    let mut mbr = vec![0u8; 1 << 20];
    mbr[510..512].copy_from_slice(b"\x55\xaa");
    mbr[450] = 0x83;
    mbr[454] = 8;
    mbr[458] = 8;
    dir.file("m", mbr);
    let case = || applet("partprobe").dir(dir.path());
    case().args(["-ds", "m"]).stdout("m: msdos partitions 1\n").ok();
    case().args(["-d", "-s", "nowhere"]).stderr_has("No such file").fails(1);
    case().args(["m"]).stderr_has("not a block device").fails(1);
}
