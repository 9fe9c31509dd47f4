//! `rescuebox attach`: the rescue shell of a machine without a network and
//! without anybody at its console.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::applet::program;
use crate::harness::lab::Kernel;
use crate::harness::running::Running;
use crate::harness::scratch::Scratch;

const PROMPT: &str = "(remote) / # ";

const LIMIT: Duration = Duration::from_secs(90);

/// A root whose init is /sbin/init, a folder for sockets, and a command with
/// that folder.
fn prepare(dir: &Scratch) -> (PathBuf, impl Fn(&[&str]) -> Command) {
    for folder in ["root/bin", "root/sbin", "root/dev", "root/proc", "root/sys", "root/run", "run"]
    {
        std::fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    std::fs::copy("/usr/bin/busybox", dir.path().join("root/bin/sh")).unwrap();
    dir.program("root/sbin/init", "#!/bin/sh\necho reached $$\nsleep 1000\n");
    let sockets = dir.path().join("run");
    let command = move |words: &[&str]| {
        let mut command = Command::new(program());
        if words.first() == Some(&"attach") {
            command = Command::new("timeout");
            command.args(["--foreground", "120"]).arg(program());
        }
        command.args(words).env("XDG_RUNTIME_DIR", &sockets).env("TERM", "xterm-256color");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    (dir.path().join("root"), command)
}

/// A machine whose init is misspelt.
fn failing(root: &std::path::Path, command: &impl Fn(&[&str]) -> Command, name: &str) -> Running {
    let kernel = Kernel::BookwormCloud;
    let mut vm = command(&["vm", "--accel", "tcg", "--init", "/sbin/inti", "--name", name]);
    vm.arg("--root").arg(root).arg("--kernel").arg(kernel.image());
    vm.arg("--modules-dir").arg(kernel.modules());
    let (out, its) = std::io::pipe().unwrap();
    vm.stdout(its.try_clone().unwrap()).stderr(its);
    Running::new(vm, out)
}

#[test]
fn attach_mends_a_boot() {
    let dir = Scratch::new("attach");
    let (root, command) = prepare(&dir);
    let listed = || {
        let out = command(&["attach", "-l"]).output().unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    assert_eq!(listed(), "");
    let out = command(&["attach"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stderr), "attach: there is no machine\n");
    assert_eq!(out.status.code(), Some(1));

    let mut vm = failing(&root, &command, "mend");
    let start = Instant::now();
    while listed().is_empty() {
        assert!(start.elapsed() < LIMIT, "no machine");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(listed(), format!("mend\t{}\n", vm.child.id()));
    // A second one cannot have the name.
    let mut twin = failing(&root, &command, "mend");
    twin.wait_for("a machine called 'mend' is running");
    assert_eq!(twin.end(), 125);

    // Whoever attaches before the boot fails waits.
    let mut client = Running::at_terminal(command(&["attach", "mend"]));
    client.wait_for("machine mend: its shell comes when a boot has stopped");
    client.wait_for("rescuebox: boot failed: step ");
    client.wait_for("try: boot set init=/sbin/init");
    client.wait_for(PROMPT);
    client.send("stty size; echo $TERM; tty | cut -c1-9\r");
    client.wait_for("33 101\r\nxterm-256color\r\n/dev/pts/");
    client.wait_for(PROMPT);
    // Job control, and keys that are signals.
    client.send("sleep 1000\r");
    client.wait_for("sleep 1000\r\n");
    client.interrupt("\x03", PROMPT);
    client.send("echo st=$?; sleep 1000\r");
    client.wait_for("st=130");
    client.interrupt("\x1a", PROMPT);
    client.send("jobs; kill %1\r");
    client.wait_for("sleep 1000");
    client.wait_for(PROMPT);
    // The menu's key.
    client.send("\x1d");
    client.wait_for("Console escape");
    client.send("e");
    assert_eq!(client.end(), 0);

    // Another session, without a terminal here.
    let mut piped = command(&["attach"]).stdin(Stdio::piped()).spawn().unwrap();
    piped.stdin.take().unwrap().write_all(b"echo a$((40 + 2))\npgrep -c sleep\n").unwrap();
    let out = piped.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).replace('\r', "");
    assert!(out.status.success() && text.contains("\na42\n"), "{text}");
    // What the first left behind is gone.
    assert!(text.contains("\n0\n"), "{text}");

    // Another token opens nothing.
    let file = dir.path().join(format!("run/rescuebox-{}/mend", nix::unistd::geteuid()));
    let right = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{} {}\n", vm.child.id(), "0".repeat(32))).unwrap();
    let out = command(&["attach"]).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("the machine knows another token"), "{said}");
    assert_eq!(out.status.code(), Some(1));
    std::fs::write(&file, right).unwrap();

    let mut client = Running::at_terminal(command(&["attach", "mend"]));
    client.wait_for(PROMPT);
    client.send("boot set init=/sbin/init && boot retry\r");
    client.wait_for("this shell ends; the machine goes on");
    assert_eq!(client.end(), 0);
    vm.wait_for("reached 1");
    drop(vm);
    assert_eq!(listed(), "");
}
