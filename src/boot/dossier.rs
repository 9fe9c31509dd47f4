//! The report for a helper: one text file with all that somebody who is not
//! there would ask for. Secrets are masked.

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, renameat};
use nix::sys::stat::Mode;
use nix::unistd::{mkdir, unlink};

use super::{look, report};
use crate::applet::show_bytes;
use crate::dev::{names, read_small};
use crate::mask::masked;
use crate::size;
use crate::sys;

/// Where the report of a failed boot is kept.
pub const PATH: &str = "/run/initramfs/rescue-report.txt";

/// No part of it is longer.
const PART_MAX: usize = 256 << 10;

/// Files of the system that are in it as they are.
const FILES: [(&str, &str); 17] = [
    ("kernel", "/proc/version"),
    ("command line", "/proc/cmdline"),
    ("boot.json", report::PATH),
    ("modules", "/proc/modules"),
    ("mounts", "/proc/self/mountinfo"),
    ("file systems", "/proc/filesystems"),
    ("partitions", "/proc/partitions"),
    ("raid", "/proc/mdstat"),
    ("memory", "/proc/meminfo"),
    ("interrupts", "/proc/interrupts"),
    ("devices", "/proc/devices"),
    ("i/o memory", "/proc/iomem"),
    ("links", "/proc/net/dev"),
    ("routes", "/proc/net/route"),
    ("addresses", "/proc/net/fib_trie"),
    ("addresses, IPv6", "/proc/net/if_inet6"),
    ("consoles", "/proc/consoles"),
];

struct Text(Vec<u8>);

impl Text {
    fn head(&mut self, title: &str) {
        self.0.extend_from_slice(b"\n== ");
        self.0.extend_from_slice(title.as_bytes());
        self.0.push(b'\n');
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        if !bytes.ends_with(b"\n") && !bytes.is_empty() {
            self.0.push(b'\n');
        }
    }
}

/// The text of the report; `log` is what PID 1 knows about the steps.
pub fn text(log: &str) -> Vec<u8> {
    let mut text = Text(Vec::with_capacity(64 << 10));
    text.add(concat!("rescuebox ", env!("CARGO_PKG_VERSION"), ": report of a boot").as_bytes());
    text.head("why");
    text.add(&read_whole(super::explain::PATH));
    text.head("steps");
    text.add(log.as_bytes());
    for (title, path) in FILES {
        text.head(title);
        text.add(&read_whole(path));
    }
    text.head("block devices");
    for block in look::blocks() {
        let mut line = format!("/dev/{} {}", show_bytes(&block.name), size::human(block.bytes));
        if !block.kind.is_empty() {
            line.push_str(&format!(" TYPE={}", show_bytes(&block.kind)));
        }
        for (name, value) in &block.tags {
            line.push_str(&format!(" {name}=\"{}\"", show_bytes(value)));
        }
        text.add(line.as_bytes());
    }
    text.head("devices on buses: address, what it is, driver");
    for bus in names("/sys/bus") {
        devices(&mut text, &String::from_utf8_lossy(&bus));
    }
    text.head("kernel messages");
    text.add(&sys::kernel_log::read_all(PART_MAX, false).unwrap_or_default());
    masked(&text.0)
}

fn devices(text: &mut Text, bus: &str) {
    for device in names(&["/sys/bus/", bus, "/devices"].concat()) {
        let device = String::from_utf8_lossy(&device);
        let dir = ["/sys/bus/", bus, "/devices/", &device].concat();
        // What has no alias wants no driver.
        let Ok(alias) = read_small(&[&dir, "/modalias"].concat(), 512) else { continue };
        let driver = nix::fcntl::readlink([&dir, "/driver"].concat().as_str());
        let driver = driver.map_or_else(|_| "-".into(), |link| link.to_string_lossy().into_owned());
        let driver = driver.rsplit('/').next().unwrap_or_default();
        let alias = show_bytes(alias.trim_ascii_end()).to_string();
        text.add([bus, " ", &device, " ", &alias, " ", driver].concat().as_bytes());
    }
}

/// A file of the kernel's, which tells no size.
fn read_whole(path: &str) -> Vec<u8> {
    let Ok(fd) = sys::path::open(path, OFlag::O_RDONLY | OFlag::O_NONBLOCK) else {
        return b"(not there)\n".to_vec();
    };
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while bytes.len() < PART_MAX {
        match nix::unistd::read(&fd, &mut piece) {
            Ok(n @ 1..) => bytes.extend_from_slice(piece.get(..n).unwrap_or_default()),
            Err(Errno::EINTR) => {}
            _ => break,
        }
    }
    bytes
}

/// Writes the report to a file.
pub fn write(path: &[u8], log: &str) -> Result<(), Errno> {
    let _ = mkdir("/run/initramfs", Mode::from_bits_truncate(0o700));
    write_file(path, &text(log))
}

/// Writes a file that is whole or not there, and that only root may read.
pub fn write_file(path: &[u8], bytes: &[u8]) -> Result<(), Errno> {
    let new = [path, b".new"].concat();
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC | OFlag::O_CLOEXEC;
    let fd = nix::fcntl::open(new.as_slice(), flags, Mode::from_bits_truncate(0o600))?;
    let mut rest = bytes;
    while !rest.is_empty() {
        match nix::unistd::write(&fd, rest) {
            Ok(n @ 1..) => rest = rest.get(n..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            other => {
                let _ = unlink(new.as_slice());
                return Err(other.err().unwrap_or(Errno::ENOSPC));
            }
        }
    }
    drop(fd);
    renameat(AT_FDCWD, new.as_slice(), AT_FDCWD, path)
}
