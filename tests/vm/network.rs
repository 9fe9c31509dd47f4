//! What needs a network and a kernel with drivers for it: the disk of another
//! machine (nbd-client against qemu-nbd), VLANs (vconfig).

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::applet::program;
use crate::harness::lab::Kernel;
use crate::harness::machine::machine;
use crate::harness::scratch::Scratch;

/// The server, ended with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The disk `disk.img` of `dir` under the name `disk`, for this machine alone.
fn serve(dir: &Scratch, port: u16) -> Server {
    let child = Command::new("qemu-nbd")
        .args(["-t", "-x", "disk", "-f", "raw", "-b", "127.0.0.1", "-p", &port.to_string()])
        .arg(dir.path().join("disk.img"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server(child);
    let end = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < end, "the server does not answer");
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

const INIT: &str = r#"#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
t() { out=$("$@" 2>&1); echo "T $* => $?" $out; }
modprobe virtio_pci; modprobe -a virtio_net nbd 8021q
until [ -e /sys/class/net/eth0 ]; do sleep 0.1; done
ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up
t nbd-client -c /dev/nbd0
t nbd-client -N disk 10.0.2.2 PORT /dev/nbd0
t blockdev --getsize64 /dev/nbd0
t head -c 10 /dev/nbd0
[ "$(nbd-client -c /dev/nbd0)" = "$(cat /sys/block/nbd0/pid)" ] && echo T it is used
echo written | dd of=/dev/nbd0 bs=512 seek=1 conv=fsync 2>/dev/null
t nbd-client -d /dev/nbd0
sleep 1
t nbd-client -c /dev/nbd0
t nbd-client -N nosuch 10.0.2.2 PORT /dev/nbd0
t nbd-client -N disk -b 4096 10.0.2.2 PORT /dev/nbd0
t blockdev --getss /dev/nbd0
t nbd-client -d /dev/nbd0
t nbd-client 10.0.2.2 9 /dev/nbd0
t vconfig set_name_type DEV_PLUS_VID_NO_PAD
t vconfig add eth0 5
t vconfig add eth0 5
t vconfig set_egress_map eth0.5 1 2
t vconfig set_ingress_map eth0.5 3 4
t vconfig set_flag eth0.5 1 0
t grep -E 'VID|INGRESS|EGRESS' /proc/net/vlan/eth0.5
t vconfig rem eth0.5
t vconfig rem eth0.5
t vconfig set_name_type VLAN_PLUS_VID
t vconfig add eth0 7
t vconfig rem vlan0007
echo all is done
poweroff -f
"#;

#[test]
fn disks_and_vlans() {
    let dir = Scratch::new("network");
    let port = 30000 + (std::process::id() % 10000) as u16;
    let mut disk = b"first disk".to_vec();
    disk.resize(8 << 20, 0);
    dir.file("disk.img", &disk);
    dir.program("test", INIT.replace("PORT", &port.to_string()));
    let _server = serve(&dir, port);
    let kernel = Kernel::TrixieCloud;
    let initramfs = dir.path().join("image.cpio");
    let mut command = Command::new(program());
    command.args(["mkinitramfs", "-q", "--modules-dir"]).arg(kernel.modules());
    for module in ["virtio_pci", "virtio_net", "nbd", "8021q"] {
        command.args(["--module", module]);
    }
    let script = format!("{}:/test", dir.path().join("test").display());
    let out = command.args(["--add", &script, "-o"]).arg(&initramfs).output().unwrap();
    assert!(out.status.success(), "mkinitramfs: {}", String::from_utf8_lossy(&out.stderr));
    let config = machine(kernel, &initramfs).append("rdinit=/test");
    let mut vm = config.qemu(["-nic", "user,model=virtio-net-pci"]).boot();
    let log = vm.wait_for("all is done");
    let said: Vec<&str> = log.lines().filter(|line| line.starts_with("T ")).collect();
    let said = said.join("\n").replace(&port.to_string(), "PORT").replace('\r', "");
    assert_eq!(said, SAID);
    let after = std::fs::read(dir.path().join("disk.img")).unwrap();
    assert_eq!(after.get(512..520), Some(&b"written\n"[..]));
}

const SAID: &str = "T nbd-client -c /dev/nbd0 => 1\n\
    T nbd-client -N disk 10.0.2.2 PORT /dev/nbd0 => 0\n\
    T blockdev --getsize64 /dev/nbd0 => 0 8388608\n\
    T head -c 10 /dev/nbd0 => 0 first disk\n\
    T it is used\n\
    T nbd-client -d /dev/nbd0 => 0\n\
    T nbd-client -c /dev/nbd0 => 1\n\
    T nbd-client -N nosuch 10.0.2.2 PORT /dev/nbd0 => 1 nbd-client: 10.0.2.2: No such file or directory\n\
    T nbd-client -N disk -b 4096 10.0.2.2 PORT /dev/nbd0 => 0\n\
    T blockdev --getss /dev/nbd0 => 0 4096\n\
    T nbd-client -d /dev/nbd0 => 0\n\
    T nbd-client 10.0.2.2 9 /dev/nbd0 => 1 nbd-client: 10.0.2.2: Connection refused\n\
    T vconfig set_name_type DEV_PLUS_VID_NO_PAD => 0\n\
    T vconfig add eth0 5 => 0\n\
    T vconfig add eth0 5 => 1 vconfig: ioctl error for add: File exists\n\
    T vconfig set_egress_map eth0.5 1 2 => 0\n\
    T vconfig set_ingress_map eth0.5 3 4 => 0\n\
    T vconfig set_flag eth0.5 1 0 => 0\n\
    T grep -E VID|INGRESS|EGRESS /proc/net/vlan/eth0.5 => 0 eth0.5 VID: 5 REORDER_HDR: 0 dev->priv_flags: 81001 INGRESS priority mappings: 0:0 1:0 2:0 3:0 4:3 5:0 6:0 7:0 EGRESS priority mappings: 1:2\n\
    T vconfig rem eth0.5 => 0\n\
    T vconfig rem eth0.5 => 1 vconfig: ioctl error for rem: No such device\n\
    T vconfig set_name_type VLAN_PLUS_VID => 0\n\
    T vconfig add eth0 7 => 0\n\
    T vconfig rem vlan0007 => 0";
