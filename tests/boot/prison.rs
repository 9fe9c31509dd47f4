//! A process namespace whose process 1 is the program under test, in a root in
//! memory, with its own command line and console.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::applet::program;
use crate::harness::scratch::Scratch;

/// What every prison is made of.
pub struct Prison {
    dir: Scratch,
    /// The program needs libraries.
    dynamic: bool,
}

/// `exit_group(42)`: an init that nothing can happen to.
fn tiny_init() -> Vec<u8> {
    let code = [0xbf, 42, 0, 0, 0, 0xb8, 231, 0, 0, 0, 0x0f, 0x05];
    let size = 64 + 56 + code.len() as u64;
    let base = 0x40_0000u64;
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    elf.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    elf.extend((base + 120).to_le_bytes());
    elf.extend(64u64.to_le_bytes());
    elf.extend(0u64.to_le_bytes());
    elf.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    elf.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for n in [0, base, base, size, size, 0x1000] {
        elf.extend(n.to_le_bytes());
    }
    elf.extend(code);
    elf
}

/// Nothing in a prison takes longer.
pub const LIMIT: Duration = Duration::from_secs(20);

/// The status of [`tiny_init`].
pub const REACHED: i32 = 42;

fn copy_with_libraries(program: &Path, root: &Path, name: &str) {
    let target = root.join(name);
    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
    std::fs::copy(program, &target).unwrap();
    let libraries = Command::new("ldd").arg(program).output().unwrap().stdout;
    for word in String::from_utf8_lossy(&libraries).split_whitespace() {
        if let Some(relative) = word.strip_prefix('/') {
            let target = root.join(relative);
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::copy(word, target).unwrap();
        }
    }
}

impl Prison {
    /// The files of a prison, with `strace` in it when that is wanted.
    pub fn new(name: &str, strace: bool) -> Prison {
        let dir = Scratch::new(name);
        let root = dir.path().join("root");
        for folder in ["dev", "proc", "sys", "run", "tmp", "etc", "old", "sysroot"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        copy_with_libraries(Path::new(program()), &root, "init");
        let strip = Command::new("strip").arg(root.join("init")).status();
        assert!(strip.unwrap().success());
        std::fs::create_dir_all(root.join("bin")).unwrap();
        std::fs::hard_link(root.join("init"), root.join("bin/rescuebox")).unwrap();
        if strace {
            copy_with_libraries(Path::new("/usr/bin/strace"), &root, "bin/strace");
        }
        dir.program("real", tiny_init());
        // With its own /sys there are no devices, and nothing of the host's
        // can be touched.
        dir.file(
            "setup",
            "set -e\n\
             line=$1; console=$2; shift 2\n\
             mount -t tmpfs none /mnt; cp -a \"$DIR/root/.\" /mnt; cd /mnt\n\
             mount -t proc proc proc; echo \"$line\" >cmdline; mount --bind cmdline proc/cmdline\n\
             mount -t tmpfs none sys; mount -t tmpfs none dev; mount -t tmpfs none tmp\n\
             mount -t tmpfs none run; cp \"$DIR/real\" run/real\n\
             mknod dev/null c 1 3; : >dev/console; mount --bind \"$console\" dev/console\n\
             pivot_root . old; cd /; /bin/rescuebox umount -l /old\n\
             exec \"$@\"\n",
        );
        let out = Command::new("readelf").arg("-lW").arg(root.join("init")).output().unwrap();
        let dynamic = String::from_utf8_lossy(&out.stdout).contains("INTERP");
        Prison { dir, dynamic }
    }

    /// Whether the program needs libraries.
    pub fn is_dynamic(&self) -> bool {
        self.dynamic
    }

    /// A file for what the console shows.
    pub fn console(&self, name: &str) -> PathBuf {
        self.dir.file(name, "")
    }

    /// The command that starts process 1 with this command line; `before` is
    /// put in front of `/init`.
    pub fn command(&self, line: &str, console: &Path, before: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command
            .args([
                "-s",
                "KILL",
                &LIMIT.as_secs().to_string(),
                "unshare",
                "-m",
                "-p",
                "-f",
                "--propagation",
                "private",
            ])
            .args(["sh".as_ref(), self.dir.path().join("setup").as_os_str()])
            .arg(line)
            .arg(console)
            .args(before)
            .arg("/init")
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("DIR", self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}
