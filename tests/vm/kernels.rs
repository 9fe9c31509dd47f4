//! The machines of the lab themselves: each kernel starts an init of another
//! make, so that a failure elsewhere is a failure of ours.

use crate::harness::lab::KERNELS;
use crate::harness::machine::machine;
use crate::harness::scratch::Scratch;

#[test]
fn every_kernel_starts_an_init() {
    let dir = Scratch::new("busybox");
    std::fs::create_dir_all(dir.path().join("root/bin")).unwrap();
    std::fs::copy("/usr/bin/busybox", dir.path().join("root/bin/busybox")).unwrap();
    dir.program("root/init", "#!/bin/busybox sh\necho reached init\n/bin/busybox poweroff -f\n");
    let image = dir.path().join("image.cpio");
    let pack = "cd \"$1\"/root && mkdir -p dev && find . | cpio -o -H newc -R 0:0 2>/dev/null >\"$1\"/image.cpio";
    let packed = std::process::Command::new("sh").args(["-c", pack, "sh"]).arg(dir.path()).status();
    assert!(packed.unwrap().success());
    for kernel in KERNELS {
        let mut vm = machine(kernel, &image).boot();
        vm.wait_for("reached init");
        vm.no_panic();
    }
}
