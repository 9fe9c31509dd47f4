//! passwd, chpasswd, su.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::applet::{applet, reference};
use crate::harness::namespace::is_root;
use crate::harness::scratch::Scratch;

fn root(scratch: &Scratch) -> PathBuf {
    scratch.file("etc/passwd", "root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\n");
    let shadow = scratch.file("etc/shadow", "root:*:19000:0:99999:7:::\nme:!:1:0:99999:7:::\n");
    std::fs::set_permissions(&shadow, std::fs::Permissions::from_mode(0o640)).unwrap();
    scratch.path().to_path_buf()
}

fn hash_of(root: &Path, name: &str) -> String {
    let text = std::fs::read_to_string(root.join("etc/shadow")).unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap();
    line.split(':').nth(1).unwrap().to_string()
}

/// What Perl's crypt(3), the C library's, makes of it.
fn crypted(password: &str, setting: &str) -> String {
    let mut perl = Command::new("perl")
        .args(["-e", "print crypt(<STDIN>, $ARGV[0])", setting])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    perl.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    String::from_utf8(perl.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn passwords_of_another_root() {
    if reference().is_some() || !is_root("passwords") {
        return;
    }
    let scratch = Scratch::new("accounts");
    let root = root(&scratch);
    let at = ["-R", root.to_str().unwrap()];
    applet("chpasswd").args(at).stdin("me:secret\n").ok();
    let hash = hash_of(&root, "me");
    assert!(hash.starts_with("$6$"), "{hash}");
    assert_eq!(crypted("secret", &hash), hash);
    assert_eq!(hash_of(&root, "root"), "*");
    let mode = std::fs::metadata(root.join("etc/shadow")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    applet("passwd").args(at).args(["-l", "me"]).ok();
    assert_eq!(hash_of(&root, "me"), format!("!{hash}"));
    applet("passwd").args(at).args(["-l", "me"]).stderr_has("locked already").fails(1);
    applet("passwd").args(at).args(["-u", "me"]).ok();
    assert_eq!(hash_of(&root, "me"), hash);
    applet("passwd").args(at).args(["-d", "me"]).ok();
    assert_eq!(hash_of(&root, "me"), "");
    applet("passwd").args(at).args(["root"]).stdin("a b:c\na b:c\n").ok();
    let hash = hash_of(&root, "root");
    assert_eq!(crypted("a b:c", &hash), hash);
}

#[test]
fn mistakes_change_nothing() {
    if reference().is_some() || !is_root("passwords") {
        return;
    }
    let scratch = Scratch::new("accounts");
    let root = root(&scratch);
    let before = std::fs::read(root.join("etc/shadow")).unwrap();
    let at = ["-R", root.to_str().unwrap()];
    applet("passwd").args(at).args(["nobody"]).stderr_has("nobody: no such user").fails(1);
    applet("passwd").args(at).args(["me"]).stdin("one\ntwo\n").stderr_has("differ").fails(1);
    applet("passwd").args(at).args(["me"]).stdin("").stderr_has("nothing is changed").fails(1);
    applet("chpasswd").args(at).stdin("me\n").stderr_has("line 1").fails(1);
    applet("chpasswd").args(at).stdin("you:x\n").stderr_has("no such user").fails(1);
    applet("chpasswd").args(at).args(["-c", "rot13"]).stdin("me:x\n").fails(1);
    applet("chpasswd").args(at).args(["-e"]).stdin("me:a:b\n").stderr_has("colon").fails(1);
    assert_eq!(std::fs::read(root.join("etc/shadow")).unwrap(), before);
    // somebody else is at it
    std::fs::write(root.join("etc/shadow+"), "").unwrap();
    applet("chpasswd").args(at).stdin("me:x\n").stderr_has("shadow+").fails(1);
    assert_eq!(std::fs::read(root.join("etc/shadow")).unwrap(), before);
}

#[test]
fn becoming_somebody_else() {
    if reference().is_some() || !is_root("su") {
        return;
    }
    applet("su")
        .args(["nobody", "-s", "/bin/sh", "-c", "id -un; echo $USER"])
        .stdout("nobody\nnobody\n")
        .ok();
    applet("su").args(["-s", "/bin/sh", "-c", "exit 42", "nobody"]).fails(42);
    applet("su").args(["-", "root", "-c", "pwd"]).stdout("/root\n").ok();
    applet("su").env("MARK", "x").args(["-c", "echo $MARK"]).stdout("x\n").ok();
    applet("su").env("MARK", "x").args(["-", "-c", "echo $MARK"]).stdout("\n").ok();
    applet("su").args(["nosuchuser"]).stderr_has("nosuchuser: no such user").fails(1);
    applet("su").args(["-s", "/nosuchshell", "nobody"]).fails(127);
}

#[test]
fn terminals_by_name() {
    applet("tty").stdout("not a tty\n").fails(1);
    applet("tty").args(["-s"]).stdout("").fails(1);
    if reference().is_none() {
        applet("stty").stderr_has("standard input: ").fails(1);
        applet("stty").args(["-F", "/nosuchterminal"]).stderr_has("/nosuchterminal: ").fails(1);
        applet("time")
            .args(["-f", "%x %C", "sh", "-c", "exit 3"])
            .stderr_has("3 sh -c exit 3")
            .fails(3);
        applet("time").args(["-p", "true"]).stderr_has("real 0.").ok();
        applet("time").args(["nosuchprogram"]).fails(127);
        applet("watch").fails(1);
        applet("watch")
            .args(["-e", "-t", "-n", "0.1", "echo out; false"])
            .stdout("\x1b[H\x1b[Jout\r\n\n")
            .fails(8);
    }
}
