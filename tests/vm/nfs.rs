//! A root on a server of NFS: nfs-ganesha on this machine.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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

/// Exports `DIR/root` as `/srv` on a port of this machine alone.
fn serve(dir: &Path, port: u16) -> Server {
    let path = dir.display();
    let conf = format!(
        "NFS_CORE_PARAM {{ Protocols = 4; NFS_Port = {port}; Enable_NLM = false;
            Enable_RQUOTA = false; Bind_addr = 127.0.0.1; }}
         NFSV4 {{ Graceless = true; RecoveryRoot = {path}/state; }}
         EXPORT {{ Export_Id = 1; Path = {path}/root; Pseudo = /srv; Protocols = 4;
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

#[test]
fn a_root_on_a_server() {
    if !is_root("a_root_on_a_server") {
        return;
    }
    let dir = Scratch::new("nfs");
    for folder in ["bin", "sbin", "proc", "sys", "dev", "run", "tmp", "etc"] {
        std::fs::create_dir_all(dir.path().join("root").join(folder)).unwrap();
    }
    std::fs::copy("/bin/busybox", dir.path().join("root/bin/busybox")).unwrap();
    std::os::unix::fs::symlink("busybox", dir.path().join("root/bin/sh")).unwrap();
    dir.program("root/sbin/init", INIT);
    dir.file("root/etc/name", "servername");
    let port = 20000 + (std::process::id() % 10000) as u16;
    let _server = serve(dir.path(), port);

    let kernel = Kernel::BookwormCloud;
    let initramfs = dir.path().join("image.cpio");
    let mut command = Command::new(program());
    command.args(["mkinitramfs", "-q", "--modules-dir"]).arg(kernel.modules());
    for module in ["nfs", "nfsv4", "virtio_net"] {
        command.args(["--module", module]);
    }
    let out = command.arg("-o").arg(&initramfs).output().unwrap();
    assert!(out.status.success(), "mkinitramfs: {}", String::from_utf8_lossy(&out.stderr));

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
