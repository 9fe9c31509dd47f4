//! init --plan, boot, switch_root and run-init outside of a boot.

use crate::harness::applet::applet;
use crate::harness::namespace;
use crate::harness::scratch::Scratch;

#[test]
fn a_plan_can_be_printed_anywhere() {
    applet("init")
        .args(["--plan", "rootfs=r mount=m init=/run/mnt/m/x.py mount-ro=a/b"])
        .stdout(
            "# mount-ro=a/b on the kernel command line: a tag has no /\n \
             1 mount /proc /sys /dev /run /tmp\n \
             2 make device nodes\n \
             3 load modules of /usr/lib/modules\n \
             4 load drivers of virtio devices\n \
             5 mount virtiofs:r on /sysroot read-only, waiting at most 10 s\n \
             6 mount virtiofs:m on /run/mnt/m, waiting at most 10 s\n \
             7 check the root on /sysroot\n \
             8 check init /run/mnt/m/x.py\n \
             9 switch to /sysroot and run /run/mnt/m/x.py\n",
        )
        .ok();
    applet("init").stderr_has("not PID 1").fails(2);
    applet("init").args(["--plan", "a", "b"]).fails(2);
}

#[test]
fn boot_without_a_boot() {
    applet("boot").stderr_has("a word is wanted: status, log, report,").fails(2);
    applet("boot").args(["reboot"]).stderr_has("reboot: not status, log, retry").fails(2);
    applet("boot").args(["retry", "now"]).stderr_has("that verb wants no more words").fails(2);
    applet("boot")
        .args(["abort", "now"])
        .stderr_has("boot: abort: reboot, poweroff or halt")
        .fails(2);
    applet("boot")
        .args(["break", "x"])
        .stderr_has("boot: break: cmdline, modules, pre-mount")
        .fails(2);
    applet("boot").args(["set"]).stderr_has("boot: set: a word is wanted").fails(2);
    applet("boot").args(["set", "a\"b"]).stderr_has("a quote or a newline cannot").fails(2);
    applet("boot").args(["report", "a", "b"]).stderr_has("b: one file is enough").fails(2);
    applet("boot").args(["retry"]).stderr_has("no boot waits for help").fails(1);
}

#[test]
fn switch_root_is_refused_before_anything_is_changed() {
    let dir = Scratch::new("newroot");
    dir.program("init", "#!/bin/true\n");
    let root = dir.path().to_str().unwrap();
    applet("switch_root").stderr_has("the new root is missing").fails(2);
    applet("switch_root").args([root]).stderr_has("the init is missing").fails(2);
    applet("switch_root").args([root, "/init"]).stderr_has("not PID 1").fails(1);
    applet("switch_root").args(["/nowhere", "/init"]).stderr_has("/nowhere: No such").fails(1);
    assert!(dir.path().join("init").exists());
}

#[test]
fn run_init_tells_whether_an_init_would_run() {
    let dir = Scratch::new("dry");
    let root = dir.path().to_str().unwrap();
    dir.program("init", "#!/bin/other\n");
    dir.file("plain", "#!/init\n");
    let dry = |init: &str| applet("run-init").args(["-n", root, init]);
    dry("/init")
        .stderr_has("/init cannot run: its interpreter /bin/other is missing in the new root")
        .fails(1);
    dir.program("bin/other", std::fs::read("/bin/true").unwrap());
    dry("/nosuch").stderr_has("/nosuch is missing in the new root").fails(1);
    dry("/plain").stderr_has("/plain is not executable (mode 0644)").fails(1);
    dry("/bin").stderr_has("/bin is a folder").fails(1);
    // its own interpreter is not there, nor is anything outside of the root
    dry("/init").stderr_has("/init cannot run").fails(1);
    applet("run-init").args(["-n", "/", "/bin/true"]).stdout("").ok();
}

#[test]
fn switch_root_wants_a_mount_point_and_a_root_in_memory() {
    if !namespace::is_root("switch_root_wants_a_mount_point_and_a_root_in_memory") {
        return;
    }
    let script = "mkdir -p r/bin r/dev && cp \"$RB\" r/bin/init\n\
                  unshare -p -f --mount-proc sh -c 'exec \"$RB\" switch_root r /bin/init'\n\
                  mount --bind r r\n\
                  unshare -p -f sh -c 'exec \"$RB\" switch_root r /bin/init'\n\
                  test -e r/bin/init";
    let out = namespace::script(namespace::Right::Root, script);
    assert_eq!(out.status, 0, "{}", out.stderr);
    assert!(out.stderr.contains("switch_root: r: not a mount point"), "{}", out.stderr);
    assert!(out.stderr.contains("neither ramfs nor tmpfs"), "{}", out.stderr);
}
