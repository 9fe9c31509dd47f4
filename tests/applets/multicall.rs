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
        assert!(text.contains(&format!("usage: {name} ")), "{name}: {text}");
        assert!(text.lines().count() <= 24, "the help of {name} is longer than a screen");
        if !["[", "echo", "false", "test", "true"].contains(&name) {
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
