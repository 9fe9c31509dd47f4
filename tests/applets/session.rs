//! script, scriptreplay, microcom.

use crate::harness::applet::{applet, reference};
use crate::harness::pty::Pty;
use crate::harness::scratch::Scratch;

#[test]
fn a_command_is_kept() {
    let dir = Scratch::new("script");
    let at = dir.path();
    let script = |args: &[&str]| applet("script").dir(at).env("SHELL", "/bin/sh").args(args);
    let text = |name: &str| std::fs::read_to_string(at.join(name)).unwrap();
    script(&["-q", "-c", "echo hi; echo you >&2", "f"]).stdout("hi\r\nyou\r\n").ok();
    let kept = text("f");
    let lines: Vec<&str> = kept.split('\n').collect();
    assert!(lines[0].starts_with("Script started on 20"), "{kept}");
    assert_eq!(&lines[1..4], ["hi\r", "you\r", ""]);
    assert!(lines[4].starts_with("Script done on 20"), "{kept}");
    if reference().is_some() {
        return;
    }
    assert!(lines[0].ends_with(" [COMMAND=\"echo hi; echo you >&2\" <not executed on terminal>]"));
    assert!(lines[4].ends_with(" [COMMAND_EXIT_CODE=\"0\"]"));
    script(&["-c", "true"])
        .stdout("Script started, output log file is 'typescript'.\nScript done.\n")
        .ok();
    script(&["-q", "-c", "exit 3", "f"]).ok();
    script(&["-qe", "-c", "exit 3", "f"]).fails(3);
    script(&["-qe", "-c", "kill -9 $$", "f"]).fails(137);
    assert_eq!(text("f").lines().count(), 3, "{}", text("f"));
    script(&["-qa", "-c", "echo more", "f"]).ok();
    assert!(text("f").contains("[COMMAND_EXIT_CODE=\"137\"]\nScript started on "));
    assert!(text("f").contains("]\nmore\r\n"));
    // what is typed comes from a pipe, and its end ends the shell
    script(&["-q", "-c", "cat", "f"]).stdin("a\nb\n").stdout("a\r\nb\r\na\r\nb\r\n").ok();
    script(&["-q", "-I", "in", "-O", "out", "-c", "cat"]).stdin("typed\n").ok();
    assert_eq!(text("in"), "typed\n");
    assert!(text("out").contains("typed\r\n"));
    std::os::unix::fs::symlink("f", at.join("link")).unwrap();
    std::fs::remove_file(at.join("typescript")).unwrap();
    std::os::unix::fs::symlink("f", at.join("typescript")).unwrap();
    script(&["-q", "-c", "true"]).stderr_has("typescript: is a link").fails(1);
    script(&["-q", "-c", "true", "link"]).ok();
    script(&["-q", "-c", "true", "/nowhere/f"]).stderr_has("/nowhere/f: No such file").fails(1);
    script(&["a", "b"]).stderr_has("unexpected argument").fails(2);
}

#[test]
fn delays_and_showing_again() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("replay");
    let at = dir.path();
    let script = |args: &[&str]| applet("script").dir(at).env("SHELL", "/bin/sh").args(args);
    script(&["-q", "--timing=t", "-c", "printf 'one '; sleep 0.3; echo two", "f"]).ok();
    let timing = std::fs::read_to_string(at.join("t")).unwrap();
    let mut fields = timing.split_whitespace();
    assert!(fields.next().unwrap().starts_with("0.0") && fields.next() == Some("4"), "{timing}");
    let delay: f64 = fields.next().unwrap().parse().unwrap();
    assert!((0.25..1.0).contains(&delay), "{timing}");
    let count: usize =
        timing.lines().map(|l| l.split(' ').nth(1).unwrap().parse::<usize>().unwrap()).sum();
    assert_eq!(count, "one two\r\n".len());
    let out = script(&["-q", "-t", "-c", "echo x", "g"]).stdout("x\r\n").ok();
    assert!(out.stderr.starts_with("0.0"), "{}", out.stderr);
    let replay = |args: &[&str]| applet("scriptreplay").dir(at).args(args);
    let start = std::time::Instant::now();
    replay(&["t", "f"]).stdout("one two\r\n").ok();
    assert!(start.elapsed().as_millis() >= 250);
    replay(&["-t", "t", "-s", "f", "-d", "1000"]).stdout("one two\r\n").ok();
    replay(&["-m", "0.01", "t", "f"]).stdout("one two\r\n").ok();
    replay(&["t", "f", "0"]).stderr_has("0: not a number above 0").fails(2);
    replay(&["f", "f"]).stderr_has("f: line 1: not DELAY COUNT").fails(1);
    replay(&["t"]).stderr_has("typescript: No such file").fails(1);
}

#[test]
fn a_session_on_a_terminal() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("session");
    let file = dir.path().join("f").display().to_string();
    let mut t = Pty::new();
    t.resize(33, 77);
    let command = "stty size; stty -a | grep -o ' echo '; read x; echo got $x; exec cat";
    t.start_here(&["script", "-c", command, &file], &[("TERM", "vt100")]);
    t.expect("output log file is '");
    t.expect("33 77\r\n echo \r\n");
    t.send("word\r");
    t.expect("word\r\ngot word\r\n");
    // keys go through: the session's terminal makes signals of them
    t.send("\x03");
    t.expect("^C");
    t.expect("Script done.");
    assert_eq!(t.status(), 0);
    let text = std::fs::read_to_string(&file).unwrap();
    let name = t.name().display().to_string();
    assert!(
        text.contains(&format!("TERM=\"vt100\" TTY=\"/dev/{name}\" COLUMNS=\"77\" LINES=\"33\"]"))
    );
    assert!(text.contains("[COMMAND_EXIT_CODE=\"130\"]"), "{text}");
}

/// What GNU's stty says afterwards, and that a pseudo-terminal has eight bits.
#[test]
fn modes_of_a_terminal() {
    if reference().is_some() {
        return;
    }
    for (setting, saved) in [
        ("-echo", "2502:5:bf:8a33:3:"),
        ("raw", "0:4:bf:8a38:3:"),
        ("9600 intr x", "2502:5:bd:8a3b:78:"),
        ("tab3 crtscts", "2502:1805:800000bf:8a3b:3:"),
    ] {
        let mut t = Pty::new();
        let command = format!("/usr/bin/stty sane 38400; stty {setting}; /usr/bin/stty -g");
        t.start_here(&["sh", "-c", &command], &[]);
        t.expect(saved);
    }
    for setting in ["cs7", "parenb", "evenp"] {
        let mut t = Pty::new();
        let command = format!("/usr/bin/stty sane; stty {setting}; echo st=$?");
        t.start_here(&["sh", "-c", &command], &[]);
        t.expect("standard input: it cannot do all of that\r\nst=1\r\n");
    }
}

#[test]
fn a_line_is_talked_to() {
    if reference().is_some() {
        return;
    }
    let mut line = Pty::new();
    let device = format!("/dev/{}", line.name().display());
    let mut t = Pty::new();
    t.start_here(&["microcom", "-s", "19200", &device], &[]);
    t.wait_raw();
    t.send("AT\r");
    line.expect("AT\r");
    line.send("OK\r\n");
    t.expect("OK\r\n");
    assert_eq!(line.speed(), nix::sys::termios::BaudRate::B19200);
    let lock = std::path::Path::new("/var/lock")
        .join(format!("LCK..{}", line.name().file_name().unwrap().display()));
    if std::path::Path::new("/var/lock").is_dir() {
        assert!(lock.exists(), "{}", lock.display());
        applet("microcom").args([&device]).stderr_has("has the line").fails(1);
    }
    t.send("\x03\x1b[A\x18");
    line.expect("\x03\x1b[A");
    assert_eq!(t.status(), 0);
    assert!(!lock.exists());
    // without keys of its own, and with an end
    let mut t = Pty::new();
    t.start_here(&["microcom", "-X", "-t", "400", &device], &[]);
    t.wait_raw();
    t.send("a\x18b");
    line.expect("a\x18b");
    assert_eq!(t.status(), 0);
    applet("microcom").args(["-t", "300", "-d", "20", &device]).stdin("slow").ok();
    line.expect("slow");
    applet("microcom").args(["/nowhere"]).stderr_has("/nowhere: No such file").fails(1);
    applet("microcom").args(["/dev/null"]).stderr_has("/dev/null: ").fails(1);
    applet("microcom").stderr_has("which line?").fails(2);
}
