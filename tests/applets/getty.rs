//! getty, on a pseudo terminal.

use crate::harness::applet::reference;
use crate::harness::namespace::is_root;
use crate::harness::pty::Pty;
use crate::harness::scratch::Scratch;

const LOGIN: &str = "#!/bin/sh\nprintf 'name<%s>term<%s>' \"$*\" \"$TERM\"\nstty -a\nread x\n";

/// A getty with these options, TTY for the terminal, whose login prints what it
/// is given.
fn getty(scratch: &Scratch, words: &[&str], environment: &[(&str, &str)]) -> Option<Pty> {
    if reference().is_some() || !is_root("getty") {
        return None;
    }
    let login = scratch.program("login", LOGIN);
    scratch.file("issue", "This is \\s \\m on \\l%%\n");
    let issue = scratch.path().join("issue");
    let mut pty = Pty::new();
    let terminal = pty.name();
    let mut args = vec!["getty", "-l", login.to_str().unwrap(), "-f", issue.to_str().unwrap()];
    args.extend(
        words.iter().map(|word| if *word == "TTY" { terminal.to_str().unwrap() } else { word }),
    );
    pty.start(&args, environment);
    Some(pty)
}

#[test]
fn a_name_is_asked_for() {
    let scratch = Scratch::new("getty");
    let Some(mut t) = getty(&scratch, &["-L", "115200", "TTY", "vt100"], &[]) else { return };
    let host = nix::sys::utsname::uname().unwrap().nodename().to_str().unwrap().to_string();
    let issue = format!("\r\nThis is Linux x86_64 on {}%\r\n", t.name().display());
    assert_eq!(t.expect(&format!("{host} login: ")), issue);
    t.send("\r");
    t.expect("login: ");
    t.send("roxx\x7f\x7fot\x1b[A\x01\r");
    t.expect("roxx\x08 \x08\x08 \x08ot[A\r\n");
    t.expect("name<-- root[A>term<vt100>");
    // the terminal is as a shell expects it
    let modes = t.expect("iutf8").split_whitespace().map(str::to_string).collect::<Vec<_>>();
    for mode in ["115200", "icrnl", "ixon", "clocal", "hupcl", "cs8"] {
        assert!(modes.iter().any(|m| m.trim_end_matches(';') == mode), "{mode}: {modes:?}");
    }
    let rest = t.expect("extproc");
    for mode in ["isig", "icanon", "echo", "echoe", "onlcr", "opost"] {
        assert!(rest.split_whitespace().any(|m| m == mode), "{mode}: {rest}");
    }
    t.send("\r");
    assert_eq!(t.status(), 0);
}

#[test]
fn without_a_name() {
    let scratch = Scratch::new("getty");
    let Some(mut t) = getty(&scratch, &["-n", "-i", "TTY", "38400"], &[("TERM", "x")]) else {
        return;
    };
    assert_eq!(t.expect("name<>term<x>"), "");
    t.expect("speed 38400 baud");
    let mut t = getty(&scratch, &["-a", "me", "TTY"], &[]).unwrap();
    assert!(t.expect("name<-f me>term<vt102>").contains("This is Linux"));
    let mut t = getty(&scratch, &["-N", "-o", "-p -- \\u", "0", "TTY", "dumb"], &[]).unwrap();
    assert!(t.expect("login: ").starts_with("This is"));
    t.send("you\n");
    t.expect("name<-p -- you>term<dumb>");
    t.expect("-icrnl");
}

#[test]
fn other_ends() {
    let scratch = Scratch::new("getty");
    let Some(mut t) = getty(&scratch, &["-I", "\\101T\\015", "-w", "9600", "TTY"], &[]) else {
        return;
    };
    assert_eq!(t.expect("AT\r"), "");
    t.send("x\r");
    t.expect("login: ");
    t.send("abc\x15\x04");
    t.expect("abc\x08 \x08\x08 \x08\x08 \x08");
    assert_eq!(t.status(), 0);
    let mut t = getty(&scratch, &["-t", "1", "TTY"], &[]).unwrap();
    t.expect("login: ");
    assert_eq!(t.status(), 128 + 14);
    let mut t = getty(&scratch, &["9600,1200", "TTY"], &[]).unwrap();
    t.expect("login: ");
    t.send("\0");
    t.expect("login: ");
    t.send("me\r");
    t.expect("name<-- me>term<vt102>speed 1200 baud");
}
