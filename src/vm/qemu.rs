//! QEMU: which program, what machine, and its command line.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::child;
use crate::applet::{Env, Error};
use crate::job;

/// The longest kernel command line that x86 takes, without its NUL
/// (COMMAND_LINE_SIZE is 2048).
pub const LINE_LIMIT: usize = 2047;

/// Words of the form `name=value` that the kernel does not know become
/// environment, and more than 32 entries stop it; some are its own.
const FOREIGN_WORDS: usize = 28;

/// What runs the machine's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accel {
    /// The processor.
    Kvm,
    /// QEMU itself.
    Tcg,
}

impl Accel {
    /// QEMU's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Accel::Kvm => "kvm",
            Accel::Tcg => "tcg",
        }
    }
}

/// What sits at the machine's serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Nobody: one command runs, and the machine goes.
    Job,
    /// A person, or an init that takes over the machine.
    Console,
}

/// A machine.
pub struct Machine<'a> {
    /// Shown in lists of processes.
    pub name: &'a OsStr,
    /// What runs it.
    pub accel: Accel,
    /// What it is for.
    pub purpose: Use,
    /// The kernel's file.
    pub kernel: &'a Path,
    /// The initramfs, a path that QEMU can open.
    pub initrd: Option<&'a Path>,
    /// The kernel command line.
    pub line: &'a str,
    /// Bytes of memory.
    pub memory: u64,
    /// Processors.
    pub cpus: u32,
    /// The socket of the serial line.
    pub console: i32,
    /// The sockets of the job's ports: control, input, output, error.
    pub ports: Option<[i32; 4]>,
    /// The listening socket of `attach`, instead.
    pub door: Option<i32>,
    /// Tags and sockets of the shares.
    pub shares: &'a [(&'a str, i32)],
    /// Disks.
    pub disks: &'a [Disk],
    /// Whether it has a network (QEMU's own, behind the host's).
    pub network: bool,
}

/// A disk of the machine.
#[derive(Clone, Debug)]
pub struct Disk {
    /// The image's file.
    pub path: PathBuf,
    /// `raw` or `qcow2`.
    pub format: &'static str,
    /// Whether what the machine writes goes into the file.
    pub writable: bool,
}

/// The format of a disk image by its first bytes.
pub fn disk_format(head: &[u8]) -> &'static str {
    if head.starts_with(b"QFI\xfb") { "qcow2" } else { "raw" }
}

/// QEMU's file.
pub fn find(env: Env<'_>) -> Result<PathBuf, Error> {
    let names =
        ["qemu-system-x86_64", "qemu-kvm", "/usr/libexec/qemu-kvm", "/usr/bin/qemu-system-x86_64"];
    child::find_program(env, &names).ok_or_else(|| {
        Error::msg(
            "no qemu-system-x86_64: install QEMU (Debian: qemu-system-x86, Fedora: \
             qemu-system-x86-core)",
        )
    })
}

/// What the kernel command line is made of.
pub struct Words<'a> {
    /// What the machine is for.
    pub purpose: Use,
    /// What runs it.
    pub accel: Accel,
    /// Processors.
    pub cpus: u32,
    /// Whether the kernel's messages are wanted.
    pub verbose: bool,
    /// Whether there is a share to be the root.
    pub root: bool,
    /// Whether the root may be written to.
    pub writable: bool,
    /// Whether a layer in memory takes what is written to the root.
    pub overlay: bool,
    /// Tags of more shares, with whether they may be written to.
    pub mounts: &'a [(&'a str, bool)],
    /// Whether it has a network (QEMU's own, behind the host's).
    pub network: bool,
    /// `--init`.
    pub init: Option<&'a str>,
    /// Whether `attach` may come to its rescue shell.
    pub door: bool,
    /// `name=value` for the init: TERM, LINES, COLUMNS.
    pub environment: &'a [String],
    /// `--append`.
    pub append: &'a [String],
}

/// The address, router and server for names that QEMU's network has: what its
/// DHCP would say. They are for a COMMAND, which has nobody else to set up its
/// network: a root's init does that itself.
const NETWORK: &str = "rd.neednet=1 ip=10.0.2.15::10.0.2.2:255.255.255.0::eth0:none:10.0.2.3";

/// Functions of the kernel's start that only test the kernel itself, a third of
/// its start in emulation: whether each traceable function has a name of its
/// own (kernel/trace/ftrace.c), known answers of BLAKE2s (lib/crypto) and of a
/// key derivation (crypto/kdf_sp800108.c), the health of a source of random
/// numbers that matters where there is no RDRAND (crypto/jitterentropy-kcapi.c).
/// A name that a kernel does not have does nothing. FIPS mode wants them.
const SKIPPED: &str = "initcall_blacklist=ftrace_check_for_weak_functions,blake2s_mod_init,\
                       crypto_kdf108_init,jent_mod_init";

/// The kernel command line.
pub fn line(words: &Words<'_>) -> Result<String, Error> {
    // Self-tests of the kernel's ciphers are more than half of its start in
    // emulation, and a machine of minutes needs none.
    let mut line = "console=ttyS0 cryptomgr.notests".to_string();
    let mut add = |word: &str| {
        line.push(' ');
        line.push_str(word);
    };
    if !words.verbose {
        add("quiet");
    }
    if words.accel == Accel::Tcg {
        // There is no speculation in emulation, but switching page tables at
        // each system call costs it dear.
        add("mitigations=off");
        // QEMU 7.2 leaves garbage in the flags behind a cmpxchg16b, which is
        // fatal when an interrupt comes just then: a double fault in the slab
        // allocator, once in ten boots under load. Feature 141 is cx16; the
        // kernel then does without, programs may go on using it.
        add("clearcpuid=141");
        // On a busy host the emulated timer may not tick in time for the
        // kernel's check of it, which ends in a panic.
        add("no_timer_check");
        if !words.append.iter().any(|text| text.contains("fips=")) {
            add(SKIPPED);
        }
    }
    if words.purpose == Use::Job {
        // A failure is told to the host instead of a person at a prompt.
        add("panic=-1");
        if words.accel == Accel::Tcg && words.cpus == 1 {
            // Interpreting ACPI's tables takes long in emulation. They are
            // needed for switching off, which is the host's job here, for a
            // second processor, and for the interrupt controller that message
            // signalled interrupts go to. Without them a kernel that still
            // knows the tables before ACPI's would measure its local timer,
            // 100 ms long.
            add("acpi=off");
            add("nolapic");
            add("pci=nomsi");
        }
    }
    add("rescue.profile=vm");
    if words.door {
        add("rescue.remote=port");
    }
    if words.root {
        add("rootfs=rootfs");
        add(if words.writable { "rw" } else { "ro" });
    }
    if words.overlay {
        add("systemd.volatile=overlay");
    }
    for (tag, writable) in words.mounts {
        add(&format!("{}={tag}", if *writable { "mount" } else { "mount-ro" }));
    }
    if words.network && words.purpose == Use::Job && !words.append.iter().any(|w| has_network(w)) {
        add(NETWORK);
    }
    if let Some(init) = words.init {
        add(&quoted(&format!("init={init}"))?);
    }
    for entry in words.environment {
        add(&quoted(entry)?);
    }
    for text in words.append {
        add(text);
    }
    if line.len() > LINE_LIMIT {
        return Err(Error::msg(format_args!(
            "the kernel command line has {} bytes and x86 takes 2048 with its end: shorten --append \
             or the list of mounts",
            line.len() + 1
        )));
    }
    if foreign_words(&line) > FOREIGN_WORDS {
        return Err(Error::msg(format_args!(
            "{} words like name=value on the kernel command line; more than 32 that the kernel does \
             not know stop it: fewer mounts, please",
            foreign_words(&line)
        )));
    }
    Ok(line)
}

/// Whether words of the user's say something of the network.
fn has_network(words: &str) -> bool {
    words.split_ascii_whitespace().any(|word| {
        let name = word.split_once('=').map_or(word, |(name, _)| name);
        matches!(name, "ip" | "rd.neednet")
    })
}

/// A word as the kernel reads it: quoted when there are blanks in it.
fn quoted(word: &str) -> Result<String, Error> {
    if word.contains(['"', '\n']) {
        let word = crate::applet::show(word);
        return Err(Error::msg(format_args!("{word}: the kernel command line cannot hold this")));
    }
    Ok(if word.contains([' ', '\t']) { format!("\"{word}\"") } else { word.to_string() })
}

/// How many words the kernel may take for environment.
fn foreign_words(line: &str) -> usize {
    let known = [
        "acpi=",
        "clearcpuid=",
        "console=",
        "init=",
        "initcall_blacklist=",
        "loglevel=",
        "mitigations=",
        "panic=",
        "pci=",
    ];
    line.split_ascii_whitespace()
        .take_while(|word| *word != "--")
        .filter(|word| {
            word.split_once('=').is_some_and(|(name, _)| !name.contains('.'))
                && !known.iter().any(|known| word.starts_with(known))
        })
        .count()
}

/// QEMU's command line.
pub fn arguments(machine: &Machine<'_>) -> Vec<OsString> {
    let mut args: Vec<OsString> = Vec::new();
    // Words without a blank in them, one after another.
    let mut add = |words: &str| args.extend(words.split(' ').map(OsString::from));
    let accel = machine.accel.name();
    let cpu = match machine.accel {
        Accel::Kvm => "host",
        // Everything that emulation has, which modern distributions need, but
        // no fast string instructions: kernels then copy by bytes, which
        // emulation does one at a time.
        Accel::Tcg => "max,-erms,-fsrm",
    };
    let (cpus, console) = (machine.cpus, machine.console);
    let mebibytes = (machine.memory >> 20).max(1);
    add(&format!(
        "-nodefaults -no-user-config -display none -no-reboot \
         -M q35,memory-backend=memory -accel {accel} -cpu {cpu} -smp {cpus} -m {mebibytes}M \
         -object memory-backend-memfd,id=memory,size={mebibytes}M,share=on \
         -chardev socket,id=console,fd={console} -serial chardev:console"
    ));
    if let Some(ports) = machine.ports {
        add("-device virtio-serial-pci,max_ports=5");
        for (port, name) in ports.iter().zip([job::CTL, job::IN, job::OUT, job::ERR]) {
            add(&format!(
                "-chardev socket,id={name},fd={port} -device virtserialport,chardev={name},name={name}"
            ));
        }
    }
    if let Some(door) = machine.door {
        let name = job::RESCUE;
        add(&format!(
            "-device virtio-serial-pci,max_ports=2 \
             -chardev socket,id={name},fd={door},server=on,wait=off \
             -device virtserialport,chardev={name},name={name}"
        ));
    }
    for (n, (tag, socket)) in machine.shares.iter().enumerate() {
        // A tag has neither blanks nor commas: the runner refuses them.
        add(&format!(
            "-chardev socket,id=share{n},fd={socket} \
             -device vhost-user-fs-pci,chardev=share{n},tag={tag},queue-size=1024"
        ));
    }
    if machine.network {
        add("-netdev user,id=net -device virtio-net-pci,netdev=net,romfile=");
    }
    for (n, disk) in machine.disks.iter().enumerate() {
        let mut text = b"file=".to_vec();
        text.extend_from_slice(&comma(disk.path.as_os_str().as_bytes()));
        let snapshot = if disk.writable { "off" } else { "on" };
        let rest = format!(",id=disk{n},if=none,format={},snapshot={snapshot}", disk.format);
        text.extend_from_slice(rest.as_bytes());
        args.extend([OsString::from("-drive"), OsString::from_vec(text)]);
        let device = format!("virtio-blk-pci,drive=disk{n}");
        args.extend([OsString::from("-device"), OsString::from(device)]);
    }
    args.extend([OsString::from("-kernel"), machine.kernel.into()]);
    if let Some(initrd) = machine.initrd {
        args.extend([OsString::from("-initrd"), initrd.into()]);
    }
    args.extend([OsString::from("-append"), machine.line.into()]);
    let mut name = b"guest=".to_vec();
    name.extend_from_slice(&comma(machine.name.as_bytes()));
    args.extend([OsString::from("-name"), OsString::from_vec(name)]);
    args
}

/// A value in a QEMU option: a comma in it is written twice.
fn comma(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    for byte in value {
        if *byte == b',' {
            out.push(b',');
        }
        out.push(*byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words<'a>() -> Words<'a> {
        Words {
            purpose: Use::Job,
            accel: Accel::Tcg,
            cpus: 1,
            verbose: false,
            root: true,
            writable: false,
            overlay: false,
            mounts: &[],
            network: false,
            init: None,
            door: false,
            environment: &[],
            append: &[],
        }
    }

    #[test]
    fn the_command_line() {
        assert_eq!(
            line(&words()).unwrap(),
            "console=ttyS0 cryptomgr.notests quiet mitigations=off clearcpuid=141 no_timer_check \
             initcall_blacklist=ftrace_check_for_weak_functions,blake2s_mod_init,crypto_kdf108_init,jent_mod_init \
             panic=-1 acpi=off nolapic pci=nomsi rescue.profile=vm rootfs=rootfs ro"
        );
        let fips = ["fips=1".to_string()];
        assert!(!line(&Words { append: &fips, ..words() }).unwrap().contains("blacklist"));
        let append = ["debug -- a".to_string()];
        let full = Words {
            purpose: Use::Console,
            door: true,
            accel: Accel::Kvm,
            verbose: true,
            writable: true,
            overlay: true,
            mounts: &[("a", true), ("b", false)],
            network: true,
            init: Some("/my init"),
            environment: &["TERM=xterm".to_string()],
            append: &append,
            ..words()
        };
        assert_eq!(
            line(&full).unwrap(),
            "console=ttyS0 cryptomgr.notests rescue.profile=vm rescue.remote=port rootfs=rootfs rw \
             systemd.volatile=overlay mount=a mount-ro=b \"init=/my init\" TERM=xterm debug -- a"
        );
    }

    #[test]
    fn a_network_for_a_command() {
        let line = |purpose, append: &str| {
            let append = [append.to_string()];
            line(&Words { purpose, network: true, append: &append, ..words() }).unwrap()
        };
        assert!(line(Use::Job, "zip=1 a.ip=2").contains(&format!(" {NETWORK} ")));
        assert!(line(Use::Job, "a ip=dhcp").ends_with("rootfs=rootfs ro a ip=dhcp"));
        assert!(line(Use::Job, "rd.neednet=0").ends_with("ro rd.neednet=0"));
        assert!(line(Use::Console, "a").ends_with("rootfs=rootfs ro a"));
    }

    #[test]
    fn a_line_that_no_kernel_takes_is_refused() {
        let fits = LINE_LIMIT - line(&words()).unwrap().len() - 1;
        let append = ["x".repeat(fits)];
        assert_eq!(line(&Words { append: &append, ..words() }).unwrap().len(), 2047);
        let append = ["x".repeat(fits + 1)];
        let error = line(&Words { append: &append, ..words() }).unwrap_err().to_string();
        assert!(error.contains("2049 bytes") && error.contains("2048"), "{error}");
        let append = ["a=b ".repeat(40)];
        let error = line(&Words { append: &append, ..words() }).unwrap_err().to_string();
        assert!(error.contains("words like name=value"), "{error}");
        let wrong = Words { init: Some("/a\"b"), ..words() };
        assert!(line(&wrong).is_err());
    }

    #[test]
    fn names_with_commas_stay_one_value() {
        let disk = Disk { path: "/a,b.img".into(), format: "raw", writable: false };
        let machine = Machine {
            name: OsStr::new("x,y"),
            accel: Accel::Tcg,
            purpose: Use::Job,
            kernel: Path::new("/k"),
            initrd: None,
            line: "quiet",
            memory: 64 << 20,
            cpus: 1,
            console: 5,
            ports: None,
            door: None,
            shares: &[("t", 9)],
            disks: &[disk],
            network: false,
        };
        let args = arguments(&machine);
        let has = |text: &str| args.iter().any(|arg| arg == text);
        assert!(has("file=/a,,b.img,id=disk0,if=none,format=raw,snapshot=on"));
        assert!(has("guest=x,,y"));
        assert!(has("memory-backend-memfd,id=memory,size=64M,share=on"));
        assert!(has("vhost-user-fs-pci,chardev=share0,tag=t,queue-size=1024"));
    }

    #[test]
    fn disks_by_their_first_bytes() {
        assert_eq!(disk_format(b"QFI\xfb\0\0\0\x03"), "qcow2");
        assert_eq!(disk_format(b""), "raw");
    }
}
