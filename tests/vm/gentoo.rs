//! An initramfs made by hand as Gentoo's handbook and wiki teach it: a list for
//! gen_init_cpio, `/bin/busybox` and nothing else, and an /init whose shebang
//! is `/bin/busybox sh`, of the functions that people copy: load_modules,
//! mini_udev, uuidlabel_root, rescue_shell, remote_rescue_shell.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::applet::program;
use crate::harness::lab::Kernel;
use crate::harness::machine::{Config, machine};
use crate::harness::scratch::Scratch;

const KERNEL: Kernel = Kernel::BookwormCloud;

const UUID: &str = "11111111-2222-3333-4444-555555555555";

/// In the order in which they load.
const MODULES: [&str; 9] = [
    "virtio",
    "virtio_ring",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "virtio_blk",
    "failover",
    "net_failover",
    "virtio_net",
];

const INIT: &str = r#"#!/bin/busybox sh

rescue_shell() {
    echo "$@"
    echo "Something went wrong. Dropping you to a shell."
    # The symlinks are for whoever types there.
    busybox --install -s
    [ -n "$remote" ] && remote_rescue_shell
    exec setsid cttyhack /bin/sh
}

remote_rescue_shell() {
    ifconfig lo 127.0.0.1 up
    ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
    route add default gw 10.0.2.2
    mkdir -p /dev/pts
    mount -t devpts devpts /dev/pts
    nc -ll -p 2323 -e /bin/sh &
    echo "listening on $(ifconfig eth0 | grep 'inet addr' | cut -d: -f2 | cut -d' ' -f1)"
}

load_modules() {
    for module in $(ls /lib/modules/*.ko | sort); do
        insmod $module || rescue_shell "cannot load $module"
    done
    # now those that only the bus knows
    for alias in $(for file in $(find /sys/devices -name modalias); do cat $file; done | sort -u); do
        modprobe -q -b $alias
    done
    lsmod | awk 'NR > 1 { print $1 }' | sort | tr '\n' ' '
    echo are loaded
}

mini_udev() {
    [ -e /proc/sys/kernel/hotplug ] && echo /sbin/mdev > /proc/sys/kernel/hotplug
    mdev -s
    for event in /sys/class/block/*/uevent; do
        name=$(grep ^DEVNAME= $event | sed s/DEVNAME=//)
        major=$(grep ^MAJOR= $event | cut -d= -f2)
        minor=$(awk -F= '/^MINOR=/ { print $2 }' $event)
        [ -b /dev/$name ] || mknod /dev/$name b $major $minor
    done
    ls /dev/vd* | wc -l
}

uuidlabel_root() {
    for cmd in $(cat /proc/cmdline) ; do
        case $cmd in
        root=*)
            type=$(echo $cmd | cut -d= -f2)
            echo "Mounting rootfs"
            if [ $type == "LABEL" ] || [ $type == "UUID" ] ; then
                uuid=$(echo $cmd | cut -d= -f3)
                mount -o ro $(findfs "$type"="$uuid") /mnt/root
            else
                mount -o ro $(echo $cmd | cut -d= -f2) /mnt/root
            fi
            ;;
        remote=*) remote=${cmd#*=} ;;
        esac
    done
    mountpoint -q /mnt/root
}

PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
echo 0 > /proc/sys/kernel/printk
busybox clear

load_modules
mini_udev
uuidlabel_root || rescue_shell "Error with uuidlabel_root"

echo "All done. Switching to real root."
umount /sys
umount /dev
umount /proc
exec switch_root /mnt/root /sbin/init
"#;

/// What a root has: a shell, and an init that says where it is.
const REAL_INIT: &str = "#!/bin/sh
/bin/busybox mount -t proc proc /proc
echo \"real init $$ on $(/bin/busybox grep ' / ' /proc/mounts | /bin/busybox cut -d' ' -f1,3)\"
/bin/busybox poweroff -f
";

/// The initramfs, and a disk with the root.
fn made(dir: &Scratch) -> (PathBuf, PathBuf) {
    let path = dir.path();
    dir.program("init", INIT);
    let mut list = String::from(
        "dir /bin 755 0 0\ndir /sbin 755 0 0\ndir /usr 755 0 0\ndir /usr/bin 755 0 0\n\
         dir /usr/sbin 755 0 0\ndir /dev 755 0 0\ndir /proc 755 0 0\ndir /sys 755 0 0\n\
         dir /mnt 755 0 0\ndir /mnt/root 755 0 0\ndir /etc 755 0 0\ndir /lib 755 0 0\n\
         dir /lib64 755 0 0\ndir /lib/modules 755 0 0\n\
         nod /dev/console 600 0 0 c 5 1\nnod /dev/null 666 0 0 c 1 3\nnod /dev/tty 666 0 0 c 5 0\n",
    );
    list.push_str(&format!("file /init {} 755 0 0\n", path.join("init").display()));
    let ours = Path::new(program()).display().to_string();
    list.push_str(&format!("file /bin/busybox {ours} 755 0 0\n"));
    // the development build has libraries, the static one none
    let libraries = Command::new("ldd").arg(program()).output().unwrap();
    let mut folders = vec!["/lib".to_string(), "/lib64".to_string()];
    for word in String::from_utf8_lossy(&libraries.stdout).split_whitespace() {
        if word.starts_with('/') {
            let folder = word.rsplit_once('/').unwrap().0.to_string();
            if !folders.contains(&folder) {
                list.push_str(&format!("dir {folder} 755 0 0\n"));
                folders.push(folder);
            }
            list.push_str(&format!("file {word} {word} 755 0 0\n"));
        }
    }
    for (n, name) in MODULES.iter().enumerate() {
        let file = KERNEL.module(name).expect(name);
        list.push_str(&format!("file /lib/modules/{n}-{name}.ko {} 644 0 0\n", file.display()));
    }
    let list = dir.file("initramfs_list", list);
    let image = path.join("image.cpio");
    let script = "$RB gen_init_cpio $LIST > image.cpio
        mkdir -p root/bin root/sbin root/proc root/dev root/sys
        cp /bin/busybox root/bin/; ln -s busybox root/bin/sh
        truncate -s 24M root.img; mkfs.ext4 -q -L ROOT -U $UUID -d root root.img";
    dir.program("root/sbin/init", REAL_INIT);
    let out = Command::new("sh")
        .args(["-ec", script])
        .current_dir(path)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("RB", program())
        .env("LIST", list)
        .env("UUID", UUID)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    (image, path.join("root.img"))
}

fn with_disk(image: &Path, disk: &Path) -> Config {
    let drive = format!("file={},if=virtio,format=raw,snapshot=on", disk.display());
    machine(KERNEL, image).memory(512).qemu(["-drive".to_string(), drive])
}

#[test]
fn a_root_by_uuid_label_or_name() {
    let dir = Scratch::new("gentoo");
    let (image, disk) = made(&dir);
    for root in [format!("UUID={UUID}"), "LABEL=ROOT".into(), "/dev/vda".into()] {
        let mut vm = with_disk(&image, &disk).append(&format!("root={root}")).boot();
        vm.wait_for("virtio_blk virtio_net virtio_pci virtio_pci_legacy_dev virtio_pci_modern_dev virtio_ring are loaded");
        vm.wait_for("1\r\n");
        vm.wait_for("Mounting rootfs");
        vm.wait_for("All done. Switching to real root.");
        vm.wait_for("real init 1 on /dev/vda ext4");
        vm.wait_end();
        vm.no_panic();
    }
}

#[test]
fn a_shell_where_there_is_no_root() {
    let dir = Scratch::new("gentoo");
    let (image, disk) = made(&dir);
    let mut vm = with_disk(&image, &disk).append("root=LABEL=NONE").boot();
    vm.wait_for("Mounting rootfs");
    vm.wait_for("Error with uuidlabel_root");
    vm.wait_for("Something went wrong. Dropping you to a shell.");
    vm.send("readlink /bin/vi /usr/bin/awk /sbin/fsck | sort | uniq -c; tty\n");
    vm.wait_for("/bin/busybox");
    vm.wait_for("/dev/ttyS0");
    // what was wrong is found and mended by hand
    vm.send("mount -o ro $(findfs LABEL=ROOT) /mnt/root && umount /sys /proc; exec switch_root /mnt/root /sbin/init\n");
    // the shell still is process 1
    vm.wait_for("real init 1 on /dev/vda ext4");
    vm.wait_end();
    vm.no_panic();
}

#[test]
fn a_shell_from_afar() {
    let dir = Scratch::new("gentoo");
    let (image, disk) = made(&dir);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let net = format!("user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:2323");
    let mut vm = with_disk(&image, &disk)
        .append("remote=yes root=/dev/vdb")
        .qemu(["-netdev", &net, "-device", "virtio-net-pci,netdev=n"])
        .boot();
    vm.wait_for("Something went wrong. Dropping you to a shell.");
    vm.wait_for("listening on 10.0.2.15");
    for n in 0..2 {
        let end = Instant::now() + Duration::from_secs(30);
        let mut answer = String::new();
        while !answer.contains("remote 42 ") && Instant::now() < end {
            let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { continue };
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let _ = stream.write_all(b"echo remote $((6 * 7)) $(cat /proc/1/comm); exit\n");
            let _ = stream.read_to_string(&mut answer);
            std::thread::sleep(Duration::from_millis(200));
        }
        assert!(answer.contains("remote 42 "), "{n}: {answer}");
    }
    vm.no_panic();
}
