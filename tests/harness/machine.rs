//! A virtual machine with a kernel, an initramfs and shared folders, whose
//! console is read and typed on. QEMU is started here and not by `rescuebox
//! vm`, so that what init does is tested by itself.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::lab::{Kernel, rust_virtiofsd};
use super::scratch::Scratch;

/// A machine before it starts.
pub struct Config {
    kernel: PathBuf,
    initramfs: PathBuf,
    append: String,
    shares: Vec<(String, PathBuf)>,
    memory: u32,
    machine: String,
    qemu: Vec<OsString>,
    serial: bool,
    firmware: Option<PathBuf>,
    limit: Duration,
}

/// A machine that runs. It is ended when this is dropped.
pub struct Machine {
    qemu: Child,
    keyboard: ChildStdin,
    console: Arc<(Mutex<Console>, Condvar)>,
    virtiofsd: Vec<Child>,
    deadline: Instant,
    seen: usize,
    _dir: Scratch,
}

#[derive(Default)]
struct Console {
    text: Vec<u8>,
    closed: bool,
}

/// A machine with this kernel and initramfs, 256 MB and a serial console. A busy
/// host can make the kernel's check of its timer fail, hence `no_timer_check`.
pub fn machine(kernel: Kernel, initramfs: impl AsRef<Path>) -> Config {
    Config {
        kernel: kernel.image(),
        initramfs: initramfs.as_ref().into(),
        append: "console=ttyS0 quiet panic=-1 no_timer_check".into(),
        shares: Vec::new(),
        memory: 256,
        machine: "q35".into(),
        qemu: Vec::new(),
        serial: true,
        firmware: None,
        limit: Duration::from_secs(120),
    }
}

impl Config {
    /// Another kernel, by its file.
    pub fn image(mut self, path: &Path) -> Config {
        self.kernel = path.into();
        self
    }

    /// Adds to the kernel command line.
    pub fn append(mut self, words: &str) -> Config {
        self.append.push(' ');
        self.append.push_str(words);
        self
    }

    /// Replaces the whole kernel command line.
    pub fn command_line(mut self, line: &str) -> Config {
        self.append = line.into();
        self
    }

    /// Shares a folder over virtiofs.
    pub fn share(mut self, tag: &str, dir: &Path) -> Config {
        self.shares.push((tag.into(), dir.into()));
        self
    }

    /// Memory in megabytes.
    pub fn memory(mut self, megabytes: u32) -> Config {
        self.memory = megabytes;
        self
    }

    /// Another machine type than q35.
    pub fn machine_type(mut self, name: &str) -> Config {
        self.machine = name.into();
        self
    }

    /// Without the serial line: another device has QEMU's standard streams.
    pub fn without_serial(mut self) -> Config {
        self.serial = false;
        self
    }

    /// More arguments for QEMU.
    pub fn qemu<S: Into<OsString>>(mut self, args: impl IntoIterator<Item = S>) -> Config {
        self.qemu.extend(args.into_iter().map(Into::into));
        self
    }

    /// Firmware that finds what to start by itself, instead of a kernel given
    /// from outside.
    pub fn firmware(mut self, file: &Path) -> Config {
        self.firmware = Some(file.into());
        self
    }

    /// How long the machine may run.
    pub fn limit(mut self, seconds: u64) -> Config {
        self.limit = Duration::from_secs(seconds);
        self
    }

    /// Starts it.
    pub fn boot(self) -> Machine {
        let dir = Scratch::new("vm");
        let mut command = Command::new("qemu-system-x86_64");
        command
            .args(["-M", &self.machine, "-accel", "tcg", "-cpu", "max", "-smp", "1"])
            .args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"])
            .args(["-m", &format!("{}M", self.memory)])
            .args(["-serial", if self.serial { "stdio" } else { "none" }]);
        match &self.firmware {
            Some(file) => command.arg("-bios").arg(file),
            // QEMU 7.2 gets the flags behind cmpxchg16b wrong, now and then a
            // double fault in the kernel: feature 141, which does without.
            None => command
                .arg("-kernel")
                .arg(&self.kernel)
                .arg("-initrd")
                .arg(&self.initramfs)
                .args(["-append", &format!("clearcpuid=141 {}", self.append)]),
        };
        let mut virtiofsd = Vec::new();
        if !self.shares.is_empty() {
            let memory = format!("memory-backend-memfd,id=mem0,size={}M,share=on", self.memory);
            command.args(["-object", &memory, "-machine", "memory-backend=mem0"]);
        }
        for (n, (tag, shared)) in self.shares.iter().enumerate() {
            let socket = dir.path().join(format!("fs{n}"));
            virtiofsd.push(share(shared, &socket));
            command
                .args(["-chardev", &format!("socket,id=fs{n},path={}", socket.display())])
                .args(["-device", &format!("vhost-user-fs-pci,chardev=fs{n},tag={tag}")]);
        }
        command.args(&self.qemu);
        let mut qemu = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("qemu-system-x86_64");
        let console = Arc::new((Mutex::new(Console::default()), Condvar::new()));
        let mut streams: Vec<Box<dyn Read + Send>> =
            vec![Box::new(qemu.stdout.take().unwrap()), Box::new(qemu.stderr.take().unwrap())];
        let last = streams.pop().unwrap();
        for (mut stream, is_console) in [(streams.pop().unwrap(), true), (last, false)] {
            let console = Arc::clone(&console);
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(n @ 1..) = stream.read(&mut bytes) {
                    console.0.lock().unwrap().text.extend_from_slice(&bytes[..n]);
                    console.1.notify_all();
                }
                if is_console {
                    console.0.lock().unwrap().closed = true;
                    console.1.notify_all();
                }
            });
        }
        Machine {
            keyboard: qemu.stdin.take().unwrap(),
            qemu,
            console,
            virtiofsd,
            deadline: Instant::now() + self.limit,
            seen: 0,
            _dir: dir,
        }
    }
}

/// A virtiofsd for `dir` that listens on `socket`.
fn share(dir: &Path, socket: &Path) -> Child {
    let c_one = Path::new("/usr/lib/qemu/virtiofsd");
    let root = nix::unistd::geteuid().is_root();
    let mut command = if root && c_one.exists() {
        let mut command = Command::new(c_one);
        command
            .arg(format!("--socket-path={}", socket.display()))
            .arg("-o")
            .arg(format!("source={},sandbox=chroot,cache=auto", dir.display()));
        command
    } else {
        let mut command = Command::new(rust_virtiofsd());
        command
            .arg(format!("--socket-path={}", socket.display()))
            .arg(format!("--shared-dir={}", dir.display()))
            .args([
                "--sandbox",
                if root { "chroot" } else { "none" },
                "--inode-file-handles=never",
            ]);
        command
    };
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let child = child.expect("virtiofsd");
    let start = Instant::now();
    while !socket.exists() {
        assert!(start.elapsed() < Duration::from_secs(10), "virtiofsd makes no socket");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

impl Machine {
    /// Everything the console showed so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&self.console.0.lock().unwrap().text).into_owned()
    }

    /// Waits until the console shows `text` behind what earlier waits found,
    /// and returns what it showed up to there.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> String {
        let (lock, changed) = &*self.console;
        let mut console = lock.lock().unwrap();
        loop {
            let new = &console.text[self.seen..];
            if let Some(at) = find(new, text.as_bytes()) {
                let end = at + text.len();
                let found = String::from_utf8_lossy(&new[..end]).into_owned();
                self.seen += end;
                return found;
            }
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || console.closed {
                let why = if console.closed { "the machine ended" } else { "time is up" };
                let log = String::from_utf8_lossy(&console.text);
                panic!("{why}, and the console never showed '{text}'\n-- console\n{log}\n--");
            }
            console = changed.wait_timeout(console, left).unwrap().0;
        }
    }

    /// From now on it may run so many seconds more.
    pub fn within(&mut self, seconds: u64) -> &mut Machine {
        self.deadline = Instant::now() + Duration::from_secs(seconds);
        self
    }

    /// Types on the console.
    pub fn send(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until QEMU ends.
    #[track_caller]
    pub fn wait_end(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.qemu.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > self.deadline {
                panic!("the machine does not end\n-- console\n{}\n--", self.log());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills the processes that share the folders.
    pub fn kill_virtiofsd(&mut self) {
        for child in &mut self.virtiofsd {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Fails when the console shows a kernel panic.
    #[track_caller]
    pub fn no_panic(&self) {
        let log = self.log();
        assert!(!log.contains("Kernel panic"), "-- console\n{log}\n--");
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|w| w == what)
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
        self.kill_virtiofsd();
    }
}
