//! `rescuebox vm --root DIR -- COMMAND` on Debian 12's root, on every kernel.

use std::ffi::OsStr;

use crate::harness::applet::{applet, program};
use crate::harness::lab::{KERNELS, Kernel, bookworm_root};
use crate::harness::runner::{processes_with, vm};
use crate::harness::scratch::Scratch;

/// Bytes without a pattern, so that lost, doubled or changed ones are seen.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn on_every_kernel(check: impl Fn(Kernel)) {
    for kernel in KERNELS {
        check(kernel);
    }
}

#[test]
fn output_is_the_commands() {
    let release = std::fs::read(bookworm_root().join("etc/os-release")).unwrap();
    on_every_kernel(|kernel| {
        vm(kernel, &bookworm_root()).command(["cat", "/etc/os-release"]).stdout(&release).ok();
    });
}

#[test]
fn the_exit_status_is_the_commands() {
    on_every_kernel(|kernel| {
        vm(kernel, &bookworm_root()).command(["sh", "-c", "exit 37"]).stdout("").fails(37);
    });
}

#[test]
fn a_signal_is_128_and_its_number() {
    on_every_kernel(|kernel| {
        vm(kernel, &bookworm_root()).command(["sh", "-c", "kill -9 $$"]).stdout("").fails(137);
    });
}

#[test]
fn no_such_command_is_127() {
    on_every_kernel(|kernel| {
        vm(kernel, &bookworm_root())
            .command(["/usr/bin/nosuch", "x"])
            .stdout("")
            .stderr_has("/usr/bin/nosuch")
            .fails(127);
    });
}

#[test]
fn a_file_that_cannot_be_run_is_126() {
    vm(Kernel::BookwormCloud, &bookworm_root()).command(["/etc/os-release"]).stdout("").fails(126);
}

#[test]
fn time_runs_out_with_124() {
    on_every_kernel(|kernel| {
        vm(kernel, &bookworm_root())
            .options(["--timeout", "5"])
            .command(["sleep", "60"])
            .stderr_has("5 s")
            .fails(124);
    });
}

#[test]
fn a_hundred_megabytes_come_back_unchanged() {
    let bytes = noise(100 << 20);
    on_every_kernel(|kernel| {
        let out = vm(kernel, &bookworm_root()).command(["cat"]).limit(300).stdin(&bytes).ok();
        assert!(out.stdout == bytes, "{kernel:?}: {} bytes came back", out.stdout.len());
    });
}

#[test]
fn output_and_errors_stay_apart() {
    let script = "echo out; echo err >&2; echo more >/dev/stdout; echo worse >/dev/stderr";
    let out = vm(Kernel::BookwormCloud, &bookworm_root()).command(["sh", "-c", script]).ok();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "out\nmore\n");
    assert_eq!(out.stderr, "err\nworse\n");
}

#[test]
fn words_arrive_as_they_are() {
    vm(Kernel::TrixieCloud, &bookworm_root())
        .command(["printf", "%s|", "a b", "", "$x", "\"q\"", "--", "é\n"])
        .stdout("a b||$x|\"q\"|--|é\n|")
        .ok();
}

#[test]
fn input_that_nobody_reads_holds_nothing_up() {
    vm(Kernel::BookwormCloud, &bookworm_root()).command(["true"]).stdin(noise(4 << 20)).ok();
}

#[test]
fn the_root_is_read_only() {
    let root = Scratch::new("ro-root");
    copy_static_root(&root);
    let script = "echo no >/here; echo no >/newfile; /bin/busybox mount -o remount,rw /; echo no >/newfile; exit 3";
    root.file("here", "kept");
    vm(Kernel::BookwormCloud, root.path()).command(["/bin/busybox", "sh", "-c", script]).fails(3);
    assert_eq!(std::fs::read(root.path().join("here")).unwrap(), b"kept");
    assert!(!root.path().join("newfile").exists(), "the guest wrote into a read-only share");
}

#[test]
fn rw_writes_into_the_folder() {
    let root = Scratch::new("rw-root");
    copy_static_root(&root);
    vm(Kernel::TrixieGeneric, root.path())
        .options(["--rw"])
        .command(["/bin/busybox", "sh", "-c", "echo yes >/newfile"])
        .ok();
    assert_eq!(std::fs::read(root.path().join("newfile")).unwrap(), b"yes\n");
}

#[test]
fn an_overlay_is_writable_and_leaves_the_folder_alone() {
    let root = Scratch::new("overlay-root");
    copy_static_root(&root);
    root.file("here", "kept");
    on_every_kernel(|kernel| {
        vm(kernel, root.path())
            .options(["--overlay"])
            .command([
                "/bin/busybox",
                "sh",
                "-c",
                "echo new >/here && echo x >/newfile && cat /here",
            ])
            .stdout("new\n")
            .ok();
    });
    assert_eq!(std::fs::read(root.path().join("here")).unwrap(), b"kept");
    assert!(!root.path().join("newfile").exists());
}

#[test]
fn more_folders_are_at_run_mnt() {
    let data = Scratch::new("data");
    data.file("in", "from the host\n");
    let other = Scratch::new("other");
    let mount = |tag: &str, dir: &Scratch| format!("{tag}={}", dir.path().display());
    vm(Kernel::BookwormGeneric, &bookworm_root())
        .options(["--mount", &mount("data", &data), "--mount-ro", &mount("other", &other)])
        .command(["sh", "-c", "cat /run/mnt/data/in >/run/mnt/data/out; echo x >/run/mnt/other/x"])
        .fails(2);
    assert_eq!(std::fs::read(data.path().join("out")).unwrap(), b"from the host\n");
    assert!(!other.path().join("x").exists());
}

#[test]
fn what_is_missing_is_named() {
    applet("vm")
        .args(["--root", "/nonexistent", "--", "true"])
        .stderr_has("/nonexistent")
        .fails(125);
    applet("vm")
        .args(["--kernel", "/nonexistent/vmlinuz", "--root", "/", "--", "true"])
        .stderr_has("/nonexistent/vmlinuz")
        .fails(125);
    applet("vm").args(["--nosuchoption"]).stderr_has("argument: --nosuchoption\n").fails(125);
    applet("vm").args(["--root", "", "--", "true"]).stderr_has("vm: '': No such").fails(125);
    applet("vm").args(["--cpus", "x"]).stderr_has("'x': no number of processors").fails(125);
}

/// A FIFO would hold up a runner that has blocked signals, damage in a kernel
/// is told on a screen that nobody sees.
#[test]
fn files_that_are_none() {
    let dir = Scratch::new("no-kernels");
    let fifo = dir.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let kernel = std::fs::read(Kernel::BookwormCloud.image()).unwrap();
    dir.file("short", &kernel[..100_000]);
    let mut damaged = kernel;
    damaged[2_000_000..2_100_000].fill(0x55);
    dir.file("damaged", &damaged);
    for (option, name, why) in [
        ("--kernel", "fifo", "fifo: not a regular file"),
        ("--kernel", "short", "short: damaged: truncated kernel"),
        ("--kernel", "damaged", "damaged: damaged: "),
        ("--modules-dir", "short", "short: not a folder"),
    ] {
        applet("vm")
            .args([option, name])
            .args((option != "--kernel").then(|| "--kernel".to_string()))
            .args((option != "--kernel").then(|| Kernel::BookwormCloud.image()))
            .args(["--", "true"])
            .dir(dir.path())
            .stderr_has(why)
            .fails(125);
    }
    vm(Kernel::BookwormCloud, &bookworm_root())
        .options([OsStr::new("--disk"), fifo.as_os_str()])
        .command(["true"])
        .stderr_has("fifo: neither a disk image nor a disk")
        .fails(125);
}

#[test]
fn modules_of_another_kernel_are_told() {
    vm(Kernel::BookwormCloud, &bookworm_root())
        .options([OsStr::new("--modules-dir"), Kernel::TrixieCloud.modules().as_os_str()])
        .command(["true"])
        .stderr_has("which kernel 6.1.")
        .fails(254);
}

#[test]
fn a_stop_for_a_person_and_a_command() {
    vm(Kernel::BookwormCloud, &bookworm_root())
        .options(["--append", "rd.break=mount"])
        .command(["true"])
        .stderr_has("rd.break")
        .fails(125);
}

/// What cannot be read or written is no success.
#[test]
fn streams_that_fail() {
    let run = |script: &str, stdin: &str, stdout: &str| {
        let full = std::fs::OpenOptions::new().write(true).open(stdout).unwrap();
        let out = std::process::Command::new(program())
            .arg("vm")
            .args(["--accel", "tcg", "--kernel"])
            .arg(Kernel::BookwormCloud.image())
            .arg("--root")
            .arg(bookworm_root())
            .args(["--", "sh", "-c", script])
            .stdin(std::fs::File::open(stdin).unwrap())
            .stdout(full)
            .output()
            .unwrap();
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    let lost = "vm: standard output: No space left on device\n".to_string();
    assert_eq!(run("echo x", "/dev/null", "/dev/full"), (Some(125), lost));
    assert_eq!(run("exit 5", "/dev/null", "/dev/full"), (Some(5), String::new()));
    let unread = "vm: standard input: Is a directory\n".to_string();
    assert_eq!(run("cat", "/tmp", "/dev/null"), (Some(125), unread));
    let vm = |args: &[&str], stdin: &str| {
        let mut command = std::process::Command::new(program());
        command.args(["vm", "--accel", "tcg", "--kernel"]).arg(Kernel::BookwormCloud.image());
        command.arg("--root").arg(bookworm_root()).args(args);
        command.stdin(std::fs::File::open(stdin).unwrap());
        command.stdout(std::process::Stdio::null());
        command
    };
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = vm(&["--", "sh", "-c", "echo x >&2"], "/dev/null").stderr(full).status().unwrap();
    assert_eq!(status.code(), Some(125));
    let out = vm(&["--init", "/bin/sh"], "/tmp").output().unwrap();
    assert_eq!(out.status.code(), Some(125));
    assert!(out.stderr.ends_with(b"vm: standard input: Is a directory\n"));
}

#[test]
fn a_command_line_that_no_kernel_takes_is_refused() {
    let long = "x".repeat(2100);
    vm(Kernel::BookwormCloud, &bookworm_root())
        .options(["--append", &long])
        .command(["true"])
        .stderr_has("2048")
        .fails(125);
}

#[test]
fn a_kernel_panic_is_255() {
    vm(Kernel::BookwormCloud, &bookworm_root())
        .options(["--rw"])
        .command([
            "sh",
            "-c",
            "echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger; sleep 60",
        ])
        .stderr_has("Kernel panic")
        .fails(255);
}

/// A machine that waits, started with a root and a folder for sockets of its
/// own, so that whatever is left of it can be found.
fn waiting(root: &Scratch, temporary: &Scratch) -> std::process::Child {
    use std::process::{Command, Stdio};
    copy_static_root(root);
    let mut child = Command::new(crate::harness::applet::program())
        .args(["vm", "--accel", "tcg", "--kernel"])
        .arg(Kernel::BookwormCloud.image())
        .arg("--root")
        .arg(root.path())
        .args(["--", "sh", "-c", "echo started; exec /bin/busybox sleep 1000"])
        .env("TMPDIR", temporary.path())
        .env("XDG_RUNTIME_DIR", temporary.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0; 8];
    let read = std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line);
    if read.is_err() || line != *b"started\n" {
        let _ = child.kill();
        panic!("the machine did not come up");
    }
    // QEMU, virtiofsd and the runner itself name the root.
    assert!(processes_with(root.path().to_str().unwrap()).len() >= 3);
    child
}

/// Waits until nothing is left of a machine.
fn all_gone(root: &Scratch, temporary: &Scratch) {
    let start = std::time::Instant::now();
    let text = root.path().to_str().unwrap();
    while !processes_with(text).is_empty() {
        assert!(start.elapsed().as_secs() < 3, "left: {:?}", processes_with(text));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "files are left");
}

fn send(child: &std::process::Child, signal: nix::sys::signal::Signal) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, signal).unwrap();
}

#[test]
fn ctrl_c_leaves_nothing_behind() {
    use nix::sys::signal::Signal;
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let (root, temporary) = (Scratch::new("root"), Scratch::new("tmpdir"));
        let mut child = waiting(&root, &temporary);
        send(&child, signal);
        let start = std::time::Instant::now();
        let ended = child.wait().unwrap();
        assert!(start.elapsed().as_secs() < 3, "took {:?} to end", start.elapsed());
        assert_eq!(ended.code(), Some(status), "{signal}");
        let left = processes_with(root.path().to_str().unwrap());
        assert!(left.is_empty(), "left: {left:?}");
        all_gone(&root, &temporary);
    }
}

#[test]
fn a_killed_runner_takes_everything_along() {
    let (root, temporary) = (Scratch::new("root"), Scratch::new("tmpdir"));
    let mut child = waiting(&root, &temporary);
    send(&child, nix::sys::signal::Signal::SIGKILL);
    child.wait().unwrap();
    all_gone(&root, &temporary);
}

#[test]
fn a_dead_virtiofsd_is_told() {
    let (root, temporary) = (Scratch::new("root"), Scratch::new("tmpdir"));
    let mut child = waiting(&root, &temporary);
    let daemon = processes_with(root.path().to_str().unwrap())
        .into_iter()
        .find(|path| {
            std::fs::read(path.join("comm")).is_ok_and(|name| name.starts_with(b"virtiofsd"))
        })
        .unwrap();
    let pid = daemon.file_name().unwrap().to_str().unwrap().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(125));
    all_gone(&root, &temporary);
}

#[test]
fn a_terminal_gives_a_session() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let root = Scratch::new("terminal");
    copy_static_root(&root);
    // script(1) makes the terminal; what it was before must be back behind.
    let line = format!(
        "stty rows 33 cols 101; stty -g >{0}/before; {1} vm --accel tcg --kernel {2} --root {0} -- \
         sh -c 'test -t 0 && test -t 1 && test -t 2 && /bin/busybox stty size; read x; \
         echo got $x; exit 9'; echo status $?; stty -g >{0}/after",
        root.path().display(),
        std::path::Path::new(crate::harness::applet::program()).display(),
        Kernel::BookwormCloud.image().display(),
    );
    let mut child = Command::new("script")
        .args(["-q", "-c", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"typed\r").unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("33 101\r\n"), "{text}");
    assert!(text.contains("got typed\r\n"), "{text}");
    assert!(text.contains("status 9\r\n"), "{text}");
    let state = |name: &str| std::fs::read_to_string(root.path().join(name)).unwrap();
    assert_eq!(state("before"), state("after"), "the terminal is not as it was");
}

/// The image has none (`image::Farm`): init has made the link.
#[test]
fn the_kernel_has_its_modprobe() {
    applet("vm")
        .args(["--accel", "tcg", "--kernel"])
        .args([Kernel::BookwormCloud.image()])
        .args(["--", "sh", "-c", "readlink /sbin/modprobe; cat /proc/sys/kernel/modprobe"])
        .limit(120)
        .stdout("rescuebox\n/sbin/modprobe\n")
        .ok();
}

#[test]
fn a_report_in_json() {
    let out = vm(Kernel::TrixieCloud, &bookworm_root())
        .options(["--json"])
        .command(["sh", "-c", "cat; exit 3"])
        .stdin("12345")
        .stdout("12345")
        .fails(3);
    let line = out.stderr.lines().last().unwrap();
    for part in [
        "{\"version\":",
        "\"exit\":3,\"class\":\"command\",\"message\":null",
        "\"started\":",
        "\"accel\":\"tcg\"",
        "\"unpacked\":true",
        "\"in_bytes\":5,\"out_bytes\":5,\"err_bytes\":0}",
    ] {
        assert!(line.contains(part), "no {part} in {line}");
    }
}

#[test]
fn two_processors_and_a_network() {
    let out = vm(Kernel::BookwormGeneric, &bookworm_root())
        .options(["--cpus", "2", "--net", "user", "--memory", "512M"])
        .command(["sh", "-c", "nproc; ls /sys/class/net"])
        .ok();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(text.starts_with("2\n") && text.contains("eth0"), "{text}");
}

/// A network that is there can be used; a machine without one reaches itself.
#[test]
fn the_network_is_set_up() {
    let root = Scratch::new("net-root");
    copy_static_root(&root);
    root.file("etc/resolv.conf", "nameserver 192.0.2.1\n");
    // The machine reaches this host's loopback as 10.0.2.2.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = std::io::Write::write_all(&mut stream.unwrap(), b"from the host\n");
        }
    });
    let script = format!("cat /etc/resolv.conf; /bin/busybox nc 10.0.2.2 {port} </dev/null");
    on_every_kernel(|kernel| {
        vm(kernel, root.path())
            .options(["--net", "user"])
            .command(["/bin/busybox", "sh", "-c", &script])
            .stdout("nameserver 10.0.2.3\nfrom the host\n")
            .ok();
    });
    // A list that a service would write is a link to nothing.
    let list = root.path().join("etc/resolv.conf");
    std::fs::remove_file(&list).unwrap();
    std::os::unix::fs::symlink("../run/systemd/resolve/stub-resolv.conf", &list).unwrap();
    vm(Kernel::TrixieCloud, root.path())
        .options(["--net", "user"])
        .command(["cat", "/etc/resolv.conf"])
        .stdout("nameserver 10.0.2.3\n")
        .ok();
    // A root of its own sets up its network itself. Nothing is lost of what is
    // piped into a machine that is not there yet.
    let shell = "echo one; test -e /etc/resolv.conf || echo none; \
                 /bin/busybox ip route; echo two; /bin/busybox poweroff -f\n";
    let out = vm(Kernel::TrixieCloud, root.path())
        .options(["--net", "user", "--init", "/bin/sh"])
        .alone()
        .stdin(shell)
        .ok();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let said = "\none\r\nnone\r\ntwo\r\n";
    assert!(text.contains(said), "{text}");
    // A machine whose kernel has no driver for it runs the COMMAND all the same.
    vm(Kernel::BookwormGeneric, root.path())
        .options(["--net", "user", "--append", "modprobe.blacklist=virtio_net"])
        .command(["/bin/busybox", "sh", "-c", "/bin/busybox ip route; echo ran"])
        .stdout("ran\n")
        .ok();
    let script = "/bin/busybox ip addr show lo | /bin/busybox grep -c 'inet 127.0.0.1/8'";
    vm(Kernel::BookwormGeneric, root.path())
        .command(["/bin/busybox", "sh", "-c", script])
        .stdout("1\n")
        .ok();
}

/// A root with nothing but a static busybox.
fn copy_static_root(root: &Scratch) {
    for dir in ["bin", "proc", "sys", "dev", "run", "tmp"] {
        std::fs::create_dir_all(root.path().join(dir)).unwrap();
    }
    std::fs::copy("/usr/bin/busybox", root.path().join("bin/busybox")).unwrap();
    for name in ["sh", "cat"] {
        std::os::unix::fs::symlink("busybox", root.path().join("bin").join(name)).unwrap();
    }
}
