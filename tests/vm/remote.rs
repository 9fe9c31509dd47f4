//! A machine that nobody sits at, whose root is wrong: reached over QEMU's
//! user network by the telnet programs that people have, and mended from
//! there.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::applet::applet;
use crate::harness::lab::{Kernel, vsock_device};
use crate::harness::machine::{Machine, machine};
use crate::harness::running::Running;
use crate::harness::scratch::Scratch;

const PROMPT: &str = "(remote) / # ";

/// An image with this file in it.
fn image_with(dir: &Scratch, file: &Path, place: &str) -> PathBuf {
    let image = dir.path().join("image");
    applet("mkinitramfs")
        .args(["--modules-dir", Kernel::BookwormCloud.modules().to_str().unwrap()])
        .args(["-o", image.to_str().unwrap(), "--add"])
        .args([&format!("{}:{place}", file.display())])
        .ok();
    image
}

/// An image with the password `secret`.
fn image(dir: &Scratch) -> PathBuf {
    let hash = "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.";
    let conf = dir.file("conf", format!("password = {hash}\n"));
    image_with(dir, &conf, "/etc/rescuebox.conf")
}

/// What can be mounted, if it is called by its name.
fn put_root(dir: &Scratch) {
    for folder in ["root/bin", "root/sbin", "root/dev", "root/proc", "root/sys", "root/run"] {
        std::fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    std::fs::copy("/usr/bin/busybox", dir.path().join("root/bin/sh")).unwrap();
    dir.program("root/sbin/init", "#!/bin/sh\necho reached $$\nsleep 1000\n");
}

/// A machine without that root, whose port 23 is this port of the host.
fn headless(dir: &Scratch, words: &str) -> (Machine, u16) {
    put_root(dir);
    // Free now, and nobody else's in the moment until QEMU has it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let net = format!("user,id=net,hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:23");
    let line = format!(
        "console=ttyS0 no_timer_check quiet rootfs=wrong init=/sbin/init \
         rescue.remote=tcp:10.0.2.15:23 {words}"
    );
    let vm = machine(Kernel::BookwormCloud, image(dir))
        .command_line(&line)
        .share("top", &dir.path().join("root"))
        .qemu(["-netdev", net.as_str(), "-device", "virtio-net-pci,netdev=net,romfile="])
        .boot();
    (vm, port)
}

fn command(words: &[&str], port: u16) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--foreground", "120"]).args(words).arg(port.to_string()).env("TERM", "xterm");
    command
}

/// What telnetlib's users write.
const TELNETLIB: &str = r#"
import sys, telnetlib, time
port = int(sys.argv[1])
t = telnetlib.Telnet("127.0.0.1", port, 20)
def until(text):
    seen = t.read_until(text, 60)
    assert seen.endswith(text), seen
    return seen
until(b"password: ")
t.write(b"secret\n")
assert b"boot failed: step" in until(b"(remote) / # ")
t.write(b"echo $((6 * 7)); tty\n")
until(b"42\r\n/dev/pts/")
until(b"(remote) / # ")
t.write(b"exit\n")
t.read_all()
print("all well")
"#;

#[test]
fn telnet_clients_mend_a_headless_machine() {
    let dir = Scratch::new("remote");
    let (mut vm, port) = headless(&dir, "ip=dhcp");
    vm.wait_for("rescuebox: boot failed: step ");
    vm.wait_for("listening on 10.0.2.15 port 23");

    let script = dir.file("client.py", TELNETLIB);
    let out = command(&["python3", "-W", "ignore", script.to_str().unwrap()], port)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!((String::from_utf8_lossy(&out.stdout).as_ref(), said.as_str()), ("all well\n", ""));

    let inetutils = ["inetutils-telnet", "127.0.0.1"];
    let busybox = ["busybox", "telnet", "127.0.0.1"];
    let putty = ["plink", "-telnet", "-batch", "127.0.0.1", "-P"];
    for (n, words) in [&putty[..], &busybox, &inetutils].into_iter().enumerate() {
        let mut client = Running::at_terminal(command(words, port));
        client.wait_for("password: ");
        client.send("secret\r");
        client.wait_for("rescuebox: boot failed: step ");
        client.wait_for("try: boot set rootfs=TAG");
        client.wait_for(PROMPT);
        client.send("stty size; echo $TERM\r");
        client.wait_for("33 101\r\nxterm\r\n");
        client.wait_for(PROMPT);
        client.send("sleep 1000\r");
        client.wait_for("sleep 1000\r\n");
        client.interrupt("\x03", PROMPT);
        if n < 2 {
            client.send("exit\r");
        } else {
            client.send("boot set rootfs=top && boot retry\r");
            client.wait_for("this shell ends; the machine goes on");
        }
        client.end();
    }
    vm.wait_for("reached 1");
    vm.no_panic();
}

#[test]
fn addresses_of_the_command_line_and_of_a_router() {
    let dir = Scratch::new("addresses");
    let words = "ip=10.0.2.15::10.0.2.2:255.255.255.0:lost:eth0:off:10.0.2.3 ip=::::::auto6 \
                 nameserver=10.0.2.4";
    let (mut vm, port) = headless(&dir, words);
    vm.wait_for("listening on 10.0.2.15 port 23");
    let mut client = Running::at_terminal(command(&["busybox", "telnet", "127.0.0.1"], port));
    client.wait_for("password: ");
    client.send("secret\r");
    client.wait_for(PROMPT);
    client.send("ip -br -4 addr show eth0; ip route; cat /etc/resolv.conf; hostname\r");
    client.wait_for("10.0.2.15/24");
    client.wait_for("default via 10.0.2.2 dev eth0");
    client.wait_for("nameserver 10.0.2.4\r\nnameserver 10.0.2.3\r\n");
    client.wait_for("lost\r\n");
    client.wait_for(PROMPT);
    // fec0::/64 is what QEMU's router advertises.
    client.send("ip -6 addr show dev eth0 scope site; ip -6 route show default\r");
    client.wait_for("inet6 fec0::");
    client.wait_for("default via fe80::2 dev eth0");
    client.wait_for(PROMPT);
    client.send("ping -c 1 10.0.2.2; echo st=$?\r");
    client.wait_for("st=0");
    vm.no_panic();
}

/// The device; it is ended when this is dropped.
struct Device(Child);

impl Drop for Device {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads up to `text`.
#[track_caller]
fn until(stream: &mut UnixStream, text: &str) {
    let (mut seen, mut bytes) = (Vec::new(), [0; 4096]);
    while !seen.windows(text.len()).any(|w| w == text.as_bytes()) {
        match stream.read(&mut bytes) {
            Ok(n @ 1..) => seen.extend_from_slice(&bytes[..n]),
            other => {
                panic!("{other:?}, and '{text}' never came: {:?}", String::from_utf8_lossy(&seen))
            }
        }
    }
}

#[test]
fn the_host_mends_a_machine_by_vsock() {
    let dir = Scratch::new("vsock");
    put_root(&dir);
    let token = dir.file("token", "0123456789abcdef\n");
    let image = image_with(&dir, &token, "/etc/rescuebox/token");
    let (device, host) = (dir.path().join("device"), dir.path().join("host"));
    let ends = format!("guest-cid=7,socket={},uds-path={}", device.display(), host.display());
    let child = Command::new(vsock_device()).args(["--vm", &ends]).stderr(Stdio::null()).spawn();
    let _device = Device(child.unwrap());
    let start = Instant::now();
    while !device.exists() {
        assert!(start.elapsed() < Duration::from_secs(10), "the device makes no socket");
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut vm = machine(Kernel::BookwormCloud, image)
        .command_line(
            "console=ttyS0 no_timer_check quiet rootfs=wrong init=/sbin/init rescue.remote=vsock",
        )
        .share("top", &dir.path().join("root"))
        .qemu(["-chardev", &format!("socket,id=vsock,path={}", device.display())])
        .qemu(["-device", "vhost-user-vsock-pci,chardev=vsock"])
        .boot();
    vm.wait_for("rescuebox: boot failed: step ");
    vm.wait_for("# ");

    // the server may take a moment longer than the prompt
    let connect = || loop {
        let mut stream = UnixStream::connect(&host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(b"CONNECT 1023\n").unwrap();
        let mut first = [0; 3];
        if stream.read_exact(&mut first).is_ok() && first == *b"OK " {
            until(&mut stream, "token: ");
            return stream;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "nobody listens");
        std::thread::sleep(Duration::from_millis(100));
    };
    let mut stranger = connect();
    stranger.write_all(b"0123456789abcdeg\n").unwrap();
    until(&mut stranger, "not it");

    let mut stream = connect();
    stream.write_all(b"0123456789abcdef\n").unwrap();
    until(&mut stream, "rescuebox: boot failed: step ");
    until(&mut stream, PROMPT);
    stream.write_all(b"boot set rootfs=top && boot retry\r\n").unwrap();
    until(&mut stream, "this shell ends; the machine goes on");
    vm.wait_for("reached 1");
    vm.no_panic();
}
