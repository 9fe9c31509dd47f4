//! uname, sleep, dmesg, ps, reboot.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::applet::{applet, reference};
use crate::harness::namespace::{Right, is_root, script};
use crate::harness::scratch::Scratch;

fn output(program: &str, args: &[&str]) -> String {
    let out =
        Command::new(program).args(args).env("LC_ALL", "C").env("TZ", "UTC").output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn uname_says_what_gnu_says() {
    for args in [
        &[][..],
        &["-a"],
        &["-s"],
        &["-n"],
        &["-r"],
        &["-v"],
        &["-m"],
        &["-o"],
        &["-p"],
        &["-i"],
        &["-sr"],
        &["-mrs"],
        &["-snrvmpio"],
    ] {
        applet("uname").args(args).stdout(output("/usr/bin/uname", args)).ok();
    }
    assert_ne!(applet("uname").args(["-x"]).run().status, 0);
    if reference().is_none() {
        applet("uname").args(["--machine"]).stdout(output("/usr/bin/uname", &["-m"])).ok();
        applet("uname").args(["x"]).fails(2);
    }
}

#[test]
fn sleeping() {
    let time = |args: &[&str]| {
        let start = Instant::now();
        applet("sleep").args(args).stdout("").ok();
        start.elapsed()
    };
    assert!(time(&["0"]) < Duration::from_secs(5));
    assert!(time(&["0.2"]) >= Duration::from_millis(200));
    assert!(time(&["0.1", "0.1s"]) >= Duration::from_millis(200));
    assert!(time(&["0.002m"]) >= Duration::from_millis(120));
    assert!(time(&["0d", "0h"]) < Duration::from_secs(5));
    for wrong in [&[][..], &["x"], &["1x"], &["-1"], &["1", ""], &["1.2.3"]] {
        assert_ne!(applet("sleep").args(wrong).run().status, 0, "{wrong:?}");
    }
    applet("usleep").args(["1000"]).ok();
    let mut endless =
        Command::new(crate::harness::applet::program()).args(["sleep", "inf"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert!(endless.try_wait().unwrap().is_none());
    endless.kill().unwrap();
    endless.wait().unwrap();
}

const LOG: &str = "<5>[    0.000000] Linux version\n<6>[    1.500000] usb 1: new\n\
                   <3>[  130.000001] bad\u{1b}[2J\tx\n<12>[  131.000000] user: one\ntwo\n\
                   <30>[  132.000000] daemon\n";

#[test]
fn messages_in_a_file() {
    let dir = Scratch::new("dmesg");
    dir.file("log", LOG);
    if reference().is_some() {
        return; // no -F in busybox
    }
    let dmesg = |args: &[&str], expected: &str| {
        applet("dmesg").dir(dir.path()).args(["-F", "log"]).args(args).stdout(expected).ok();
    };
    let all = "[    0.000000] Linux version\n[    1.500000] usb 1: new\n\
               [  130.000001] bad\\x1b[2J\tx\n[  131.000000] user: one\n\
               \x20              two\n[  132.000000] daemon\n";
    dmesg(&[], all);
    dmesg(&["-k"], &all.lines().take(3).map(|l| format!("{l}\n")).collect::<String>());
    dmesg(&["-t", "-l", "err,notice"], "Linux version\nbad\\x1b[2J\tx\n");
    dmesg(&["-t", "-l", "err+"], "bad\\x1b[2J\tx\n");
    dmesg(&["-t", "-f", "daemon"], "daemon\n");
    dmesg(&["-x", "-l", "3"], "kern  :err   : [  130.000001] bad\\x1b[2J\tx\n");
    dmesg(&["-xt", "-f", "daemon"], "daemon:info  : daemon\n");
    dmesg(&["-r", "-l", "warn"], "<12>[  131.000000] user: one\n<12>[  131.000000] two\n");
    dmesg(
        &["-d", "-l", "info"],
        "[    1.500000 <    0.000000>] usb 1: new\n\
                                  [  132.000000 <  130.500000>] daemon\n",
    );
    dmesg(
        &["--color=always", "-l", "err"],
        "\x1b[32m[  130.000001] \x1b[0m\x1b[31mbad\\x1b[2J\tx\x1b[0m\n",
    );
    applet("dmesg").args(["-l", "foo"]).stderr_has("foo: not a list of levels").fails(2);
    applet("dmesg").args(["-n", "9"]).stderr_has("9: not a level").fails(2);
    applet("dmesg").args(["-F", "/nosuch"]).stderr_has("/nosuch: No such file").fails(1);
}

#[test]
fn the_kernels_messages() {
    if !is_root("the_kernels_messages") || reference().is_some() {
        return;
    }
    // util-linux rounds the start of the machine a little differently
    for args in [&[][..], &["-r"], &["-x"], &["-t"], &["-k"], &["-u"], &["-S"], &["-l", "warn+"]] {
        let seen = applet("dmesg").args(args).ok();
        let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
        let peer = output("/usr/bin/dmesg", args);
        // messages may have come between the two; the first lines may have gone
        let (ours, theirs): (Vec<_>, Vec<_>) = (seen.lines().collect(), peer.lines().collect());
        // Further lines of a message have their time in ours; util-linux's -r gives the further lines of a message no prefix, and
        // those of programs only the level.
        let text = |line: &str| line.split_once("] ").map_or(line, |parts| parts.1).to_string();
        let likewise = |line: &str| {
            let line = text(line);
            !args.contains(&"-x")
                && theirs.iter().any(|other| text(other).trim_start() == line.trim_start())
        };
        let same = ours.iter().filter(|line| theirs.contains(line) || likewise(line)).count();
        assert!(same + 3 >= ours.len() && !ours.is_empty() || theirs.is_empty(), "{args:?}");
    }
    applet("dmesg").args(["-s", "2000"]).ok();
    let human = applet("dmesg").args(["-H"]).ok();
    let human = String::from_utf8_lossy(&human.stdout).into_owned();
    assert!(human.lines().skip(1).any(|line| line.starts_with("[  +") || line.starts_with("[ +")));
}

#[test]
fn processes() {
    if reference().is_some() {
        return;
    }
    let mut child = Command::new("sleep").arg("61").spawn().unwrap();
    let pid = child.id().to_string();
    let ps =
        |args: &[&str]| String::from_utf8_lossy(&applet("ps").args(args).ok().stdout).into_owned();
    let trimmed = |text: String| -> Vec<String> {
        text.lines().map(|line| line.trim_end().to_string()).collect()
    };
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(ps(&["-p", &pid, "-o", "comm="]), "sleep\n");
    assert_eq!(ps(&["-o", "args", "-p", &pid]), "COMMAND\nsleep 61\n");
    assert_eq!(ps(&["-o", "pid=P I D,comm", "-p", &pid]).lines().next().unwrap(), "P I D COMMAND");
    assert_eq!(ps(&["-o", "pid=a,b,comm=C", "-p", &pid]).lines().next().unwrap(), "  a,b C");
    assert_eq!(ps(&["-o", "ppid=", "-p", &pid]).trim(), std::process::id().to_string());
    assert!(ps(&[]).starts_with("PID   USER     TIME  COMMAND\n"));
    assert!(ps(&[]).lines().any(|l| l.trim_start().starts_with(&pid) && l.ends_with("sleep 61")));
    for args in [
        &["-f", "-p"][..],
        &["-l", "-p"],
        &["-fl", "-p"],
        &["-L", "-p"],
        &["-F", "-p"],
        &["-j", "-p"],
        &["u", "-p"],
        &["l", "-p"],
        &["-o", "pid,ppid,user,stat,vsz,rss,tty,time,comm,args", "-p"],
        &["-o", "pid,pgid,sid,uid,gid,ruser,group,ni,pri,nlwp,f,s,wchan:20,sz", "-p"],
        &["-T", "-p"],
    ] {
        let mut all = args.to_vec();
        all.push(&pid);
        assert_eq!(trimmed(ps(&all)), trimmed(output("/usr/bin/ps", &all)), "ps {all:?}");
    }
    applet("ps").args(["-p", "999999999"]).fails(1);
    applet("ps").args(["-o", "nosuch"]).stderr_has("nosuch: no such column").fails(2);
    applet("ps").args(["-C", "nosuchname"]).fails(1);
    child.kill().unwrap();
    let start = Instant::now();
    while ps(&["-p", &pid, "-o", "s="]) != "Z\n" && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(ps(&["-p", &pid, "-o", "s=", "-o", "args="]), "Z [sleep] <defunct>\n");
    child.wait().unwrap();
}

#[test]
fn process_names_do_not_move_the_cursor() {
    if reference().is_some() {
        return;
    }
    let mut child = Command::new("sleep").arg("62").arg0_of("x\u{1b}[2J").spawn().unwrap();
    std::thread::sleep(Duration::from_millis(50));
    applet("ps").args(["-o", "args=", "-p", &child.id().to_string()]).stdout("x?[2J 62\n").ok();
    child.kill().unwrap();
    child.wait().unwrap();
}

trait Arg0 {
    fn arg0_of(&mut self, name: &str) -> &mut Command;
}

impl Arg0 for Command {
    fn arg0_of(&mut self, name: &str) -> &mut Command {
        use std::os::unix::process::CommandExt;
        self.arg0(name)
    }
}

/// Runs the applet under a process 1 of its own, which says what signal it
/// got: reboot(2) in a process namespace ends that namespace and no more.
fn under_own_init(text: &str) -> (i32, String) {
    let whole = format!(
        "umount /run 2> /dev/null; mount -t tmpfs run /run\n\
         unshare -p -f sh -c '[ $$ = 1 ] || exit 99\n\
         for s in TERM USR1 USR2; do trap \"echo $s; exit 0\" $s; done\n\
         {text} & wait $!; echo status $?; sleep 1; :'; echo $?"
    );
    let out = script(Right::Root, &whole);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    (out.status, text)
}

#[test]
fn the_end_of_the_machine() {
    if !is_root("the_end_of_the_machine") {
        return;
    }
    for (command, expected) in [
        ("reboot", "TERM\n0\n"),
        ("poweroff", "USR2\n0\n"),
        ("halt", "USR1\n0\n"),
        ("halt -p", "USR2\n0\n"),
        ("reboot -n -d 0", "TERM\n0\n"),
        // reboot_pid_ns of the kernel: SIGHUP for a restart, SIGINT otherwise
        ("reboot -n -f", "129\n"),
        ("poweroff -fn", "130\n"),
        ("halt -f -n", "130\n"),
    ] {
        if reference().is_some() && command == "halt -p" {
            continue;
        }
        assert_eq!(under_own_init(&format!("$RB {command}")).1, expected, "{command}");
    }
    applet("reboot").args(["-w"]).stdout("").ok();
    applet("reboot").args(["-d", "x"]).fails(if reference().is_some() { 1 } else { 2 });
    if reference().is_none() {
        applet("halt").args(["-z"]).stderr_has("usage: halt").fails(2);
    }
}
