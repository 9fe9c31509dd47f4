//! The program under its own name.

use std::process::Command;

use crate::harness::applet::{applet, program};
use crate::harness::scratch::Scratch;

#[test]
fn statuses() {
    applet("true").stdout("").ok();
    applet("false").stdout("").fails(1);
}

#[test]
fn every_name_answers_help() {
    let list = Command::new(program()).arg("--list").output().unwrap();
    let names = String::from_utf8(list.stdout).unwrap();
    assert!(names.lines().count() >= 3);
    for name in names.lines() {
        let help = Command::new(program()).args(["--help", name]).output().unwrap();
        let text = String::from_utf8(help.stdout).unwrap();
        assert!(text.starts_with(&format!("{name}: ")), "{name}: {text}");
        assert!(text.lines().count() <= 24, "the help of {name} is longer than a screen");
        for line in text.lines() {
            assert!(
                line.chars().count() <= 80,
                "the help of {name} is wider than a screen: {line}"
            );
        }
        let usage = text.lines().nth(1).unwrap();
        let options = usage.strip_prefix(&format!("usage: {name}"));
        assert!(options.is_some_and(|o| o.is_empty() || o.starts_with(' ')), "{name}: {text}");
        assert_eq!(usage, usage.trim_end(), "{name}");
        if !["[", "[[", "echo", "false", "test", "true"].contains(&name) {
            let own = Command::new(program()).args([name, "--help"]).output().unwrap();
            assert!(own.stdout.starts_with(format!("{name}: ").as_bytes()), "{name} --help");
            assert!(own.status.success());
        }
    }
}

#[test]
fn an_unknown_name_is_said() {
    let out = Command::new(program()).arg("nosuch").output().unwrap();
    assert_eq!(out.status.code(), Some(127));
    let text = String::from_utf8(out.stderr).unwrap();
    assert_eq!(text, "rescuebox: nosuch: no such applet; rescuebox --list names them\n");
}

#[test]
fn links_are_installed_and_work() {
    let dir = Scratch::new("install");
    let made = Command::new(program()).args(["--install", "-s"]).arg(dir.path()).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let status = Command::new(dir.path().join("false")).status().unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn names_have_places_and_purposes() {
    let output = |args: &[&str]| {
        let out = Command::new(program()).args(args).output().unwrap();
        assert!(out.status.success(), "{out:?}");
        String::from_utf8(out.stdout).unwrap()
    };
    let full = output(&["--list-full"]);
    let names: Vec<&str> = full.lines().map(|line| line.rsplit('/').next().unwrap()).collect();
    assert_eq!(names.join("\n") + "\n", output(&["--list"]));
    for line in
        ["bin/sh", "bin/cat", "sbin/init", "sbin/modprobe", "usr/bin/awk", "usr/sbin/chroot"]
    {
        assert!(full.lines().any(|l| l == line), "{line}");
    }
    let help = output(&["sh", "-c", "help"]);
    for word in
        ["Built into the shell:\n", "Text:\n awk ", "Logs:\n klogd logger logread syslogd\n"]
    {
        assert!(help.contains(word), "{word}: {help}");
    }
    for name in names {
        let count = help.split_whitespace().filter(|word| *word == name).count();
        assert!(count >= 1, "{name} is not in help");
    }
    assert!(help.lines().all(|line| line.len() <= 80), "{help}");
    assert_eq!(output(&["sh", "-c", "help true"]), output(&["--help", "true"]));
    let out = Command::new(program()).args(["sh", "-c", "help nosuch"]).output().unwrap();
    assert_eq!(out.status.code(), Some(1));
}

#[test]
fn links_go_where_they_belong() {
    if !crate::harness::namespace::is_root("install") {
        return;
    }
    let out = crate::harness::namespace::script(
        crate::harness::namespace::Right::Root,
        "mkdir -p bin lib lib64 proc dev; cp \"$RB\" bin/busybox; ln -s keep bin/ls
         for l in $(ldd \"$RB\" 2>/dev/null | grep -o '/[^ ]*'); do mkdir -p .$(dirname $l); cp $l .$l; done
         mount -t proc proc proc; chroot . /bin/busybox --install -s; echo $?
         readlink bin/sh sbin/init usr/bin/awk usr/sbin/chroot bin/ls; umount proc
         chroot . /bin/busybox --install; echo $?; rm sbin/init; chroot . /bin/busybox --install
         test sbin/init -ef bin/busybox && echo linked; chroot . /bin/sh -c 'echo $(basename a/b)'
         chroot . /bin/busybox --install -x 2>/dev/null; echo $?",
    );
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let expected =
        "0\n/bin/busybox\n/bin/busybox\n/bin/busybox\n/bin/busybox\nkeep\n0\nlinked\nb\n2\n";
    assert_eq!(text, expected, "{}", out.stderr);
}

#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let out = Command::new(program()).arg("--list").stdout(full).output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    let text = String::from_utf8(out.stderr).unwrap();
    assert_eq!(text, "rescuebox: standard output: No space left on device\n");
}

#[test]
fn closed_descriptors_are_survived() {
    let script = format!("exec '{}' true <&- >&- 2>&-", program().to_str().unwrap());
    let status = Command::new("sh").args(["-c", &script]).status().unwrap();
    assert_eq!(status.code(), Some(0));
}
