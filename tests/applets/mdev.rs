//! mdev: the same nodes, owners, modes, links and commands as busybox's on the
//! same sysfs and rules.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::harness::applet::program;
use crate::harness::namespace::is_root;
use crate::harness::scratch::Scratch;

/// Devices: kind, number, name, subsystem, further lines of `uevent`.
const DEVICES: &[(&str, &str, &str, &str, &str)] = &[
    ("block", "8:0", "sda", "block", "DEVTYPE=disk\n"),
    ("block", "8:1", "sda1", "block", "DEVTYPE=partition\nPARTN=1\n"),
    ("block", "8:17", "sdb1", "block", "DEVTYPE=partition\n"),
    ("block", "104:0", "cciss!c0d0", "block", "DEVTYPE=disk\n"),
    ("char", "1:3", "null", "mem", "DEVMODE=0666\n"),
    ("char", "4:64", "ttyS0", "tty", ""),
    ("char", "13:64", "input/event0", "input", ""),
    ("char", "189:0", "bus/usb/001/001", "usb", "DEVTYPE=usb_device\nPRODUCT=1d6b/2/600\n"),
    ("char", "10:232", "kvm", "misc", "MODALIAS=devname:kvm\n"),
];

/// Rules, one set a case.
const RULES: &[&str] = &[
    "",
    "null 0:0 666\nsd[a-z].* 0:6 640\n",
    "sda 1:2 600 =disk/first\nsda1 1:2 600 >disk/one\nsd.* 0:0 600 !\n",
    "sd([a-z])([0-9]) 0:6 660 =part/%1/%2\n",
    "sd([a-z])([0-9]) 0:6 660 >part/%1%2\n.* 5:5 604\n",
    "@8,0-1 7:7 611\n@1,3 0:0 666\n@4 0:20 620\n",
    "tty(S[0-9]+) 0:5 660 =serial/\ninput/.* 0:0 640 =inputs/\n",
    "sda.* 0:0 640 @echo made $MDEV $ACTION $SUBSYSTEM >>/log\nnull 0:0 666 *echo null $MDEV >>/log\n",
    "-sda 0:0 640 @echo first $MDEV >>/log\nsda 0:0 644 @echo second $MDEV >>/log\n",
    "SUBSYSTEM=usb;DEVTYPE=usb_device;.* 0:3 664\nSUBSYSTEM=mem;.* 0:4 666\n",
    "$MODALIAS=.* 0:0 660 @echo alias \"$MODALIAS\" >>/log\n",
    "# only a comment\n\n  null   root:root   0600  \n",
    "sda 0:0 600 =here/\nsda 0:0 644 =there/\n",
    "sd 0:0 666\nda1 0:0 666\n",
];

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A root with a sysfs of files and a program.
fn tree(folder: &Path, rules: &str) {
    for (kind, number, name, subsystem, more) in DEVICES {
        let (major, minor) = number.split_once(':').unwrap();
        let kernel = name.rsplit('/').next().unwrap();
        let home = format!("sys/devices/x/{subsystem}/{kernel}");
        write(folder, &format!("{home}/dev"), &format!("{number}\n"));
        let text =
            format!("MAJOR={major}\nMINOR={minor}\nDEVNAME={}\n{more}", name.replace('!', "/"));
        write(folder, &format!("{home}/uevent"), &text);
        std::fs::create_dir_all(folder.join(format!("sys/class/{subsystem}"))).unwrap();
        let link = |at: &str, to: &str| {
            let _ = std::os::unix::fs::symlink(to, folder.join(at));
        };
        link(&format!("{home}/subsystem"), &format!("../../../../class/{subsystem}"));
        std::fs::create_dir_all(folder.join(format!("sys/dev/{kind}"))).unwrap();
        link(&format!("sys/dev/{kind}/{number}"), &format!("../../devices/x/{subsystem}/{kernel}"));
    }
    write(folder, "etc/mdev.conf", rules);
    write(folder, "etc/passwd", "root:x:0:0::/:/bin/sh\n");
    write(folder, "etc/group", "root:x:0:\n");
    std::fs::create_dir_all(folder.join("dev")).unwrap();
    std::fs::create_dir_all(folder.join("bin")).unwrap();
    std::fs::copy("/bin/busybox", folder.join("bin/busybox")).unwrap();
    std::os::unix::fs::symlink("busybox", folder.join("bin/sh")).unwrap();
}

/// What /dev and the log of the commands look like after the script, in which
/// `$M` is mdev.
fn after(rules: &str, ours: bool, script: &str) -> String {
    let scratch = Scratch::new("mdev");
    let folder = scratch.path();
    tree(folder, rules);
    let whole = format!(
        "set -e; cd {0}; mkdir -p usr lib lib64 proc host
         if [ -n \"$OURS\" ]; then
           for d in /lib /lib64 /usr; do [ -d $d ] && mount --bind $d .$d; done
           cp \"$OURS\" ./rescuebox; M=/rescuebox; else M=/bin/busybox; fi
         R=\"chroot . $M mdev\"; D=\"chroot . /bin/busybox\"
         {script}
         cd dev; find . ! -name . | sort | while read n; do stat -c '%n %F %a %u:%g %t:%T' \"$n\"; readlink \"$n\" || :; done
         cat ../log 2>/dev/null || :",
        folder.display()
    );
    let mut command = Command::new("unshare");
    command.args(["-m", "--propagation", "private", "sh", "-c", &whole]);
    if ours {
        command.env("OURS", program());
    }
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn the_same_as_busybox() {
    if !is_root("the_same_as_busybox") {
        return;
    }
    let add = |path: &str, name: &str, subsystem: &str, action: &str| {
        format!(
            "env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin ACTION={action} DEVPATH=/devices/x/{path} SUBSYSTEM={subsystem} DEVNAME={name} $R"
        )
    };
    for rules in RULES {
        for script in [
            "$R -s".to_string(),
            add("block/sda1", "sda1", "block", "add"),
            add("mem/null", "null", "mem", "add"),
            format!(
                "{}\n{}\nrm -r sys/devices/x/block/sda1\n{}",
                add("block/sda1", "sda1", "block", "add"),
                add("block/sda", "sda", "block", "add"),
                "env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin MAJOR=8 MINOR=1 ACTION=remove DEVPATH=/devices/x/block/sda1 SUBSYSTEM=block DEVNAME=sda1 $R"
            ),
        ] {
            let (theirs, ours) = (after(rules, false, &script), after(rules, true, &script));
            assert_eq!(ours, theirs, "rules:\n{rules}script: {script}");
        }
    }
}

/// Writes 100,000 events into the daemon's ears: each device of the lists in
/// turn, twice as something that comes and once as something that changes.
fn storm(events: usize) {
    let mut files = Vec::new();
    for class in ["mem", "tty", "block"] {
        for entry in std::fs::read_dir(format!("/sys/class/{class}")).into_iter().flatten() {
            let path = entry.unwrap().path().join("uevent");
            if let Ok(file) = std::fs::File::options().write(true).open(path) {
                files.push(file);
            }
        }
    }
    assert!(!files.is_empty());
    for n in 0..events {
        let word: &[u8] = if n % 3 == 0 { b"change" } else { b"add" };
        let at = n % files.len();
        files[at].write_all(word).unwrap();
    }
}

#[test]
fn a_storm_leaves_dev_as_a_scan_makes_it() {
    if !is_root("a_storm_leaves_dev_as_a_scan_makes_it") {
        return;
    }
    let scratch = Scratch::new("storm");
    let listed = "(cd /dev; find . | sort | while read n; do stat -c '%n %F %a %u:%g %t:%T' \"$n\"; readlink \"$n\" || :; done)";
    // /dev/null is made first, as the shell wants it.
    let script = format!(
        "set -e; fresh() {{ mount -t tmpfs none /dev; mknod /dev/null c 1 3; }}; fresh
         $M mdev -d -f & P=$!
         echo $P >$D/pid; while [ ! -e $D/over ]; do sleep 0.1; done
         # until it has done all
         n=0; while [ $n -lt 600 ]; do
           a=$(cut -d' ' -f14,15 /proc/$P/stat); sleep 0.3
           [ \"$a\" = \"$(cut -d' ' -f14,15 /proc/$P/stat)\" ] && break; n=$((n+1)); done
         grep -E 'VmHWM|RssAnon' /proc/$P/status >$D/memory
         {listed} >$D/after; kill $P; wait $P || :; umount /dev; fresh; $M mdev -s; {listed} >$D/scanned"
    );
    let mut child = Command::new("unshare")
        .args(["-m", "--propagation", "private", "sh", "-c", &script])
        .env("M", program())
        .env("D", scratch.path())
        .spawn()
        .unwrap();
    let read = |name: &str| std::fs::read_to_string(scratch.path().join(name)).unwrap_or_default();
    while read("pid").is_empty() {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // Its socket is there soon after its process.
    std::thread::sleep(std::time::Duration::from_millis(500));
    storm(100_000);
    scratch.file("over", "");
    assert!(child.wait().unwrap().success());
    assert_eq!(read("after"), read("scanned"));
    assert!(read("after").contains("./null character special file"));
    let memory = read("memory");
    let text = format!("a storm of 100,000 events: {}\n", memory.trim().replace('\n', ", "));
    std::io::stderr().write_all(text.as_bytes()).unwrap();
    let kilobytes = |name: &str| -> u64 {
        let line = memory.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    assert!(kilobytes("RssAnon") <= 8192, "{memory}");
    // The development build's own pages are more than that.
    if std::env::var_os("RESCUEBOX").is_some() {
        assert!(kilobytes("VmHWM") <= 8192, "{memory}");
    }
}
