//! A root on a server of NFS: nfs-ganesha on this machine, version 4 by its port
//! alone, version 3 with a portmapper in a network of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};

use crate::harness::applet::program;
use crate::harness::lab::Kernel;
use crate::harness::machine::machine;
use crate::harness::namespace::is_root;
use crate::harness::scratch::Scratch;

/// The server, ended with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Exports `DIR/root` as `/srv`, with these words for the version.
fn serve(dir: &Path, port: u16, version: &str, more: &str) -> Server {
    let path = dir.display();
    let conf = format!(
        "NFS_CORE_PARAM {{ Protocols = {version}; NFS_Port = {port}; Enable_NLM = false;
            Enable_RQUOTA = false; {more} }}
         NFSV4 {{ Graceless = true; RecoveryRoot = {path}/state; }}
         EXPORT {{ Export_Id = 1; Path = {path}/root; Pseudo = /srv; Protocols = {version};
            Access_Type = RW; Squash = No_Root_Squash; SecType = sys; FSAL {{ Name = VFS; }} }}"
    );
    std::fs::create_dir_all(dir.join("state")).unwrap();
    std::fs::write(dir.join("conf"), conf).unwrap();
    let child = Command::new("/usr/bin/ganesha.nfsd")
        .args(["-F", "-L", &format!("{path}/log"), "-f", &format!("{path}/conf")])
        .args(["-p", &format!("{path}/pid")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server(child);
    let end = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        let log = || std::fs::read_to_string(dir.join("log")).unwrap_or_default();
        assert!(Instant::now() < end, "the server does not answer: {}", log());
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

const INIT: &str = "#!/bin/sh
/bin/busybox grep ' / ' /proc/mounts | /bin/busybox tail -n1
echo written > /file
echo \"the root is here: $(/bin/busybox cat /etc/name)\"
/bin/busybox poweroff -f
";

/// A root in `root`, and an image that has the drivers.
fn prepare(dir: &Scratch, kernel: Kernel, version: &str) -> PathBuf {
    for folder in ["bin", "sbin", "proc", "sys", "dev", "run", "tmp", "etc"] {
        std::fs::create_dir_all(dir.path().join("root").join(folder)).unwrap();
    }
    std::fs::copy("/bin/busybox", dir.path().join("root/bin/busybox")).unwrap();
    std::os::unix::fs::symlink("busybox", dir.path().join("root/bin/sh")).unwrap();
    dir.program("root/sbin/init", INIT);
    dir.file("root/etc/name", "servername");
    let initramfs = dir.path().join("image.cpio");
    let mut command = Command::new(program());
    command.args(["mkinitramfs", "-q", "--modules-dir"]).arg(kernel.modules());
    for module in ["nfs", version, "virtio_net"] {
        command.args(["--module", module]);
    }
    let out = command.arg("-o").arg(&initramfs).output().unwrap();
    assert!(out.status.success(), "mkinitramfs: {}", String::from_utf8_lossy(&out.stderr));
    initramfs
}

#[test]
fn a_root_on_a_server() {
    if !is_root("a_root_on_a_server") {
        return;
    }
    let dir = Scratch::new("nfs");
    let port = 20000 + (std::process::id() % 10000) as u16;
    let kernel = Kernel::BookwormCloud;
    let initramfs = prepare(&dir, kernel, "nfsv4");
    // For this machine alone.
    let _server = serve(dir.path(), port, "4", "Bind_addr = 127.0.0.1;");
    let start = |line: &str| {
        machine(kernel, &initramfs).append(line).qemu(["-nic", "user,model=virtio-net-pci"]).boot()
    };
    for line in [
        format!("root=nfs4:10.0.2.2:/srv:port={port} rw ip=dhcp"),
        format!(
            "root=/dev/nfs nfsroot=/srv,vers=4.1,port={port} rw ip=10.0.2.15:10.0.2.2:10.0.2.2:24"
        ),
    ] {
        let _ = std::fs::remove_file(dir.path().join("root/file"));
        let mut vm = start(&line);
        let log = vm.wait_for("the root is here: servername");
        vm.no_panic();
        assert!(log.contains("10.0.2.2:/srv / nfs4 rw,"), "{line}: {log}");
        assert_eq!(std::fs::read(dir.path().join("root/file")).unwrap(), b"written\n");
    }
    let mut vm = start(&format!("root=nfs4:10.0.2.2:/other:port={port} rd.timeout=1"));
    vm.wait_for("the server has no such folder");
    vm.no_panic();
}

#[test]
fn version_3() {
    if !is_root("version_3") {
        return;
    }
    let dir = Scratch::new("nfs3");
    let kernel = Kernel::TrixieCloud;
    let initramfs = prepare(&dir, kernel, "nfsv3");
    // A thread's network is that of what it starts; the portmapper has one
    // place in /run and one port.
    let run = || {
        unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).unwrap();
        let script = "mount --make-rprivate / && ip link set lo up && mount -t tmpfs none /run &&
            mkdir /run/rpcbind && chmod 777 /run/rpcbind && exec rpcbind -f";
        let _ports = Server(Command::new("sh").args(["-ec", script]).spawn().unwrap());
        let answers = || std::net::TcpStream::connect(("127.0.0.1", 111)).is_ok();
        let end = Instant::now() + Duration::from_secs(20);
        while !answers() {
            assert!(Instant::now() < end, "rpcbind does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        let more = "MNT_Port = 20491; Enable_UDP = false; mount_path_pseudo = true;";
        let _server = serve(dir.path(), 20490, "3", more);
        let line = "root=/dev/nfs rw ip=dhcp \
                    nfsroot=10.0.2.2:/srv,vers=3,tcp,nolock,port=20490,mountport=20491,mountproto=tcp";
        let config = machine(kernel, &initramfs).append(line);
        let mut vm = config.qemu(["-nic", "user,model=virtio-net-pci"]).boot();
        let log = vm.wait_for("the root is here: servername");
        vm.no_panic();
        assert!(log.contains("10.0.2.2:/srv / nfs rw,") && log.contains("vers=3"), "{log}");
        assert_eq!(std::fs::read(dir.path().join("root/file")).unwrap(), b"written\n");
    };
    std::thread::scope(|scope| scope.spawn(run).join().unwrap());
}
