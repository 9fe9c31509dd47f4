//! An image whose /init is a shell script, as people write them by hand.

use crate::harness::applet::applet;
use crate::harness::lab::{Kernel, SHARE_MODULES, bookworm_root};
use crate::harness::machine::machine;
use crate::harness::scratch::Scratch;

const INIT: &str = "#!/bin/sh
PATH=/bin:/sbin
mount -t proc proc /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
init=/sbin/init
for word in $(cat /proc/cmdline); do
    case $word in
    root=*) root=${word#root=} ;;
    init=*) init=${word#init=} ;;
    esac
done
for module in /lib/drivers/*.ko; do
    insmod $module || echo \"cannot load $module\"
done
mkdir -p /mnt/root
if ! mount -t virtiofs -o ro \"$root\" /mnt/root; then
    echo 'no root'
    exec sh
fi
echo \"init is $init\"
umount /sys
mount --move /proc /mnt/root/proc
mount --move /dev /mnt/root/dev
exec switch_root /mnt/root $init -c 'echo switched $$ $(cat /etc/debian_version); ls /init 2>&1; sleep 100'
";

#[test]
fn a_script_that_switches_root() {
    let dir = Scratch::new("seed");
    let kernel = Kernel::BookwormCloud;
    let script = dir.program("init", INIT);
    let image = dir.path().join("image.cpio");
    let mut args: Vec<String> =
        vec!["--no-modules".into(), "-o".into(), image.display().to_string()];
    args.extend(["--add".into(), format!("{}:/init", script.display())]);
    for (n, name) in SHARE_MODULES.iter().enumerate() {
        let file = kernel.module(name).expect(name);
        args.push("--add".into());
        args.push(format!("{}:/lib/drivers/{n}-{name}.ko", file.display()));
    }
    applet("mkinitramfs").args(args).ok();
    let mut vm = machine(kernel, &image)
        .share("top", &bookworm_root())
        .append("root=top init=/bin/sh")
        .boot();
    vm.wait_for("init is /bin/sh");
    vm.wait_for("switched 1 12.");
    vm.wait_for("/init");
    vm.no_panic();
}
