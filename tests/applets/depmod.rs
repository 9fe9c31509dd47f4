//! depmod: what it writes.

use std::process::Command;

use crate::harness::applet::applet;
use crate::harness::lab::bookworm_root;
use crate::harness::module::{module, module_with, names};
use crate::harness::scratch::Scratch;

const V: &str = "6.1.0-test";

fn lab() -> Scratch {
    let dir = Scratch::new("depmod");
    let put = |path: &str, bytes: Vec<u8>| dir.file(&format!("lib/modules/{V}/{path}"), bytes);
    put(
        "kernel/fs/fuse/fuse.ko",
        module_with(
            &["alias=devname:fuse", "alias=char-major-10-229", "alias=fs-fuse", "depends="],
            &["fuse_conn_get"],
            &["printk"],
        ),
    );
    put(
        "kernel/fs/fuse/virtio-fs.ko",
        module_with(
            &["alias=virtio:d0000001Av*", "depends=fuse", "softdep=pre: x-y"],
            &[],
            &["fuse_conn_get", "printk", "nobody_has"],
        ),
    );
    put("kernel/z.ko", module(&["depends=virtio_fs"]));
    put("modules.order", b"kernel/z.ko\nkernel/fs/fuse/virtio-fs.ko\n".to_vec());
    dir
}

#[test]
fn lists() {
    let dir = lab();
    applet("depmod")
        .args(["-n", "-b"])
        .args([dir.path()])
        .args([V])
        .stdout(
            "kernel/z.ko: kernel/fs/fuse/virtio-fs.ko kernel/fs/fuse/fuse.ko\n\
             kernel/fs/fuse/virtio-fs.ko: kernel/fs/fuse/fuse.ko\n\
             kernel/fs/fuse/fuse.ko:\n\
             # Patterns of devices and names, and the modules for them.\n\
             alias virtio:d0000001Av* virtio_fs\n\
             alias devname:fuse fuse\n\
             alias char-major-10-229 fuse\n\
             alias fs-fuse fuse\n\
             # What to load before and behind a module when it is there.\n\
             softdep virtio_fs pre: x-y\n\
             # The modules that symbols are in.\n\
             alias symbol:fuse_conn_get fuse\n\
             # Device nodes whose opening loads a module.\n\
             fuse fuse c10:229\n",
        )
        .ok();
    let folder = dir.path().join("lib/modules").join(V);
    assert!(!folder.join("modules.dep").exists());

    dir.file(&format!("lib/modules/{V}/modules.dep.bin"), "old");
    applet("depmod").args(["-a"]).args([folder.as_os_str()]).stdout("").ok();
    let mut written: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    written.sort();
    assert_eq!(
        written,
        [
            "kernel",
            "modules.alias",
            "modules.alias.bin",
            "modules.builtin.alias.bin",
            "modules.builtin.bin",
            "modules.dep",
            "modules.dep.bin",
            "modules.devname",
            "modules.order",
            "modules.softdep",
            "modules.symbols",
            "modules.symbols.bin"
        ]
    );
}

/// A program of kmod's, from Debian's root.
fn kmod(name: &str) -> Command {
    let root = bookworm_root();
    let mut command = Command::new(root.join("lib64/ld-linux-x86-64.so.2"));
    command.arg("--library-path").arg(root.join("usr/lib/x86_64-linux-gnu"));
    command.args(["--argv0", name]).arg(root.join("usr/bin/kmod"));
    command
}

/// It reads the `.bin` files only.
#[test]
fn kmod_finds_what_is_listed() {
    let dir = lab();
    dir.file(&format!("lib/modules/{V}/modules.builtin"), "kernel/lib/x-y.ko\n");
    dir.file(&format!("lib/modules/{V}/modules.builtin.modinfo"), "x_y.alias=my-alias\0");
    applet("depmod").args(["-b"]).args([dir.path()]).args([V]).ok();
    let asks = |name: &str| {
        let mut command = kmod("modprobe");
        command.args(["-S", V, "-D", name, "-C"]).arg(dir.path().join("none"));
        let done = command.arg("-d").arg(dir.path()).output().unwrap();
        assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
        names(&done.stdout)
    };
    let z = ["insmod fuse.ko", "builtin x_y", "insmod virtio-fs.ko", "insmod z.ko"];
    assert_eq!(asks("z"), z);
    assert_eq!(asks("virtio:d0000001Av1"), z[..3]);
    assert_eq!(asks("symbol:fuse_conn_get"), ["insmod fuse.ko"]);
    assert_eq!(asks("x-y"), ["builtin x_y"]);
    assert_eq!(asks("my-alias"), ["builtin x_y"]);
    let folder = dir.path().join("lib/modules").join(V);
    // symbols: the harness writes its modules without the section that kmod reads
    let ours = ["alias", "builtin", "builtin.alias"].map(|name| {
        let file = folder.join(format!("modules.{name}.bin"));
        (std::fs::read(&file).unwrap(), file)
    });
    assert!(kmod("depmod").arg("-b").arg(dir.path()).arg(V).status().unwrap().success());
    for (bytes, file) in ours {
        assert!(bytes == std::fs::read(&file).unwrap(), "{}", file.display());
    }
}

#[test]
fn only_when_something_is_newer() {
    let dir = lab();
    let run = || applet("depmod").args(["-A", "-b"]).args([dir.path()]).args([V]).ok();
    let list = dir.path().join("lib/modules").join(V).join("modules.dep");
    run();
    let first = std::fs::metadata(&list).unwrap().modified().unwrap();
    run();
    assert_eq!(std::fs::metadata(&list).unwrap().modified().unwrap(), first);
    std::thread::sleep(std::time::Duration::from_millis(20));
    dir.file(&format!("lib/modules/{V}/new.ko"), module(&[]));
    run();
    assert!(std::fs::read_to_string(&list).unwrap().contains("new.ko:\n"));
}

#[test]
fn symbols_that_nobody_has() {
    let dir = lab();
    let map = dir.file("System.map", "ffffffff81000000 R __ksymtab_printk\n");
    applet("depmod")
        .args(["-n", "-e", "-F"])
        .args([map.as_os_str(), "-b".as_ref(), dir.path().as_os_str(), V.as_ref()])
        .stderr_has("kernel/fs/fuse/virtio-fs.ko: needs unknown symbol nobody_has")
        .ok();
    applet("depmod").args(["-e"]).stderr_has("-e needs -F or -E").fails(2);
}

#[test]
fn updates_hide_what_came_with_the_kernel() {
    let dir = lab();
    dir.file(&format!("lib/modules/{V}/updates/z.ko"), module(&[]));
    let output = applet("depmod")
        .args(["-n", "-w", "-b"])
        .args([dir.path()])
        .args([V])
        .stderr_has("updates/z.ko: hides kernel/z.ko")
        .ok();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("updates/z.ko:\n") && !text.contains("kernel/z.ko"), "{text}");
}

#[test]
fn what_is_no_module_is_reported_and_left_out() {
    let dir = lab();
    dir.file(&format!("lib/modules/{V}/bad.ko"), "nonsense");
    let output = applet("depmod")
        .args(["-n", "-b"])
        .args([dir.path()])
        .args([V])
        .stderr_has("bad.ko: not a kernel module")
        .fails(1);
    assert!(!String::from_utf8(output.stdout).unwrap().contains("bad.ko"));
}
