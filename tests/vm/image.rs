//! What mkinitramfs writes is what the kernel unpacks, in each compression.

use crate::harness::applet::applet;
use crate::harness::lab::Kernel;
use crate::harness::machine::machine;
use crate::harness::scratch::Scratch;

const INIT: &str = "#!/bin/busybox sh
/bin/busybox sha256sum /bin/busybox /etc/one /usr/lib/two
/bin/busybox ls -lnd /dev/console /dev/null /tmp /etc/one /usr/lib/two /sbin /node /pipe
echo the end
/bin/busybox sleep 100
";

#[test]
fn the_kernel_unpacks_each_compression() {
    let dir = Scratch::new("unpack");
    dir.program("init", INIT);
    dir.file("text", "x".repeat(3_000_000));
    dir.file(
        "spec",
        "file /etc/one text 0640 7 8 /usr/lib/two\n\
         nod /node 0620 1 5 b 259 70000\n\
         pipe /pipe 0600 0 0\n",
    );
    let sum = std::process::Command::new("sha256sum")
        .args(["/bin/busybox".as_ref(), dir.path().join("text").as_os_str()])
        .output()
        .unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    let mut sums = sum.lines().map(|line| line.split(' ').next().unwrap());
    let (busybox, text) = (sums.next().unwrap(), sums.next().unwrap());
    for (format, kernel) in [
        ("none", Kernel::BookwormCloud),
        ("gzip", Kernel::BookwormGeneric),
        ("zstd", Kernel::TrixieCloud),
        ("xz", Kernel::TrixieGeneric),
        ("lz4", Kernel::BookwormCloud),
    ] {
        applet("mkinitramfs")
            .dir(dir.path())
            .args([
                "--no-modules",
                "--program",
                "/bin/busybox",
                "--compress",
                format,
                "-o",
                "image",
            ])
            .args(["--add", "/bin/busybox", "--add", "init:/init", "--spec", "spec"])
            .ok();
        let mut vm = machine(kernel, dir.path().join("image")).boot();
        let log = vm.wait_for("the end");
        for line in [
            &format!("{busybox}  /bin/busybox"),
            &format!("{text}  /etc/one"),
            &format!("{text}  /usr/lib/two"),
            "crw-------    1 0        0           5,   1",
            "crw-rw-rw-    1 0        0           1,   3 Jan  1  1970 /dev/null",
            "drwxrwxrwt    2 0        0",
            "-rw-r-----    2 7        8          3000000 Jan  1  1970 /etc/one",
            "-rw-r-----    2 7        8          3000000 Jan  1  1970 /usr/lib/two",
            "Jan  1  1970 /sbin -> usr/bin",
            "brw--w----    1 1        5         259, 70000 Jan  1  1970 /node",
            "prw-------    1 0        0                0 Jan  1  1970 /pipe",
        ] {
            assert!(log.contains(line), "{format}: no '{line}' in\n{log}");
        }
    }
}
