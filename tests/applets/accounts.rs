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
    let mine = |args: &[&str]| {
        applet("chpasswd").args(at).args(args).stdin("me:secret\n").ok();
        hash_of(&root, "me")
    };
    for (args, start) in [
        (&["-c", "SHA256", "-s", "2000"][..], "$5$rounds=2000$"),
        (&["-m"], "$1$"),
        (&["-c", "des"], ""),
    ] {
        let hash = mine(args);
        assert!(hash.starts_with(start), "{hash}");
        assert_eq!(crypted("secret", &hash), hash);
    }
    applet("chpasswd").args(["-m"]).stdin("me:secret\n").stderr_has("another root").fails(1);
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
    let long = format!("{0}x\n{0}y\n", "a".repeat(512));
    applet("passwd").args(at).args(["me"]).stdin(&long).stderr_has("longer than 512").fails(1);
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
    applet("su").args(["root", "-s", "/bin/sh", "-c", "echo $0"]).stdout("sh\n").ok();
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
            .stderr_has("Command exited with non-zero status 3\n3 sh -c exit 3\n")
            .fails(3);
        applet("time")
            .args(["-f", "%Z%D%K%X%t%p%r%s%k%W%%", "sh", "-c", "kill -9 $$"])
            .stderr_has("Command terminated by signal 9\n4096000000000%\n")
            .fails(137);
        applet("time").args(["-p", "true"]).stderr_has("real 0.").ok();
        applet("time").args(["nosuchprogram"]).fails(127);
        applet("watch").fails(1);
        applet("watch")
            .args(["-e", "-t", "-n", "0.1", "echo out; false"])
            .stdout("\x1b[H\x1b[Jout\r\n\n")
            .fails(8);
    }
}

fn text(root: &Path, name: &str) -> String {
    std::fs::read_to_string(root.join(name)).unwrap()
}

#[test]
fn users_come_and_go() {
    if reference().is_some() || !is_root("adduser") {
        return;
    }
    let scratch = Scratch::new("adduser");
    let root = root(&scratch);
    scratch.file("etc/group", "root:x:0:\nme:x:1000:\naudio:x:29:me\n");
    scratch.file("etc/gshadow", "root:*::\naudio:*::me\n");
    scratch.file("etc/skel/.profile", "hello\n");
    scratch.file("etc/skel/sub/x", "x\n");
    let at = ["-R", root.to_str().unwrap()];
    let add = |args: &[&str]| applet("adduser").args(at).args(args).env("SHELL", "/bin/zsh");
    add(&["-D", "you"]).ok();
    assert!(
        text(&root, "etc/passwd").ends_with("\nyou:x:1001:1001:Linux User,,,:/home/you:/bin/zsh\n")
    );
    let shadow = text(&root, "etc/shadow");
    let line = shadow.lines().last().unwrap();
    assert!(line.starts_with("you:!:") && line.ends_with(":0:99999:7:::"), "{line}");
    assert!(text(&root, "etc/group").ends_with("\nyou:x:1001:\n"));
    assert!(text(&root, "etc/gshadow").ends_with("\nyou:!::\n"));
    use std::os::unix::fs::MetadataExt;
    let home = std::fs::metadata(root.join("home/you")).unwrap();
    assert_eq!((home.uid(), home.gid(), home.mode() & 0o7777), (1001, 1001, 0o2755));
    let file = std::fs::metadata(root.join("home/you/sub/x")).unwrap();
    assert_eq!((file.uid(), file.gid()), (1001, 1001));
    assert_eq!(text(&root, "home/you/.profile"), "hello\n");
    // a daemon
    add(&["-S", "-H", "-G", "audio", "-h", "/run/d", "-g", "D", "sndd"]).ok();
    assert!(text(&root, "etc/passwd").ends_with("\nsndd:x:100:29:D:/run/d:/bin/false\n"));
    assert!(text(&root, "etc/group").contains("audio:x:29:me,sndd\n"));
    assert!(text(&root, "etc/gshadow").contains("audio:*::me,sndd\n"));
    assert!(!root.join("run").exists());
    // its password
    add(&["-u", "4321", "-s", "/bin/sh", "-H", "third"]).stdin("pw\npw\n").ok();
    assert!(
        text(&root, "etc/passwd")
            .ends_with("\nthird:x:4321:4321:Linux User,,,:/home/third:/bin/sh\n")
    );
    let hash = hash_of(&root, "third");
    assert_eq!(crypted("pw", &hash), hash);
    // groups
    add(&["third", "audio"]).ok();
    add(&["third", "audio"]).ok();
    applet("addgroup").args(at).args(["you", "audio"]).ok();
    assert!(text(&root, "etc/group").contains("audio:x:29:me,sndd,third,you\n"));
    applet("deluser").args(at).args(["third", "audio"]).ok();
    applet("delgroup").args(at).args(["sndd", "audio"]).ok();
    assert!(text(&root, "etc/group").contains("audio:x:29:me,you\n"));
    assert!(text(&root, "etc/gshadow").contains("audio:*::me,you\n"));
    // and gone
    applet("deluser").args(at).args(["--remove-home", "you"]).ok();
    assert!(!text(&root, "etc/passwd").contains("you"));
    assert!(!text(&root, "etc/shadow").contains("you"));
    assert!(!text(&root, "etc/group").contains("you"));
    assert!(!text(&root, "etc/gshadow").contains("you"));
    assert!(!root.join("home/you").exists() && root.join("home").exists());
}

#[test]
fn groups_come_and_go() {
    if reference().is_some() || !is_root("addgroup") {
        return;
    }
    let scratch = Scratch::new("addgroup");
    let root = root(&scratch);
    scratch.file("etc/group", "root:x:0:\nme:x:1000:");
    let at = ["-R", root.to_str().unwrap()];
    applet("addgroup").args(at).args(["-S", "svc"]).ok();
    applet("addgroup").args(at).args(["people"]).ok();
    applet("addgroup").args(at).args(["-g", "77", "g77"]).ok();
    assert_eq!(
        text(&root, "etc/group"),
        "root:x:0:\nme:x:1000:\nsvc:x:100:\npeople:x:1001:\ng77:x:77:\n"
    );
    let before = text(&root, "etc/group");
    let fails = |name: &str, args: &[&str], message: &str| {
        applet(name).args(at).args(args).stderr_has(message).fails(1);
        assert_eq!(text(&root, "etc/group"), before);
    };
    fails("addgroup", &["svc"], "group 'svc' in use");
    fails("addgroup", &["-g", "77", "x"], "gid '77' in use");
    fails("addgroup", &["a:b"], "a:b: no name for a group");
    fails("addgroup", &["nobody", "svc"], "nobody: no such user");
    fails("addgroup", &["me", "none"], "none: no such group");
    fails("delgroup", &["none"], "none: no such group");
    fails("delgroup", &["me"], "'me' still has 'me' as their primary group");
    fails("deluser", &["nobody"], "nobody: no such user");
    fails("adduser", &["-D", "me"], "user 'me' in use");
    fails("adduser", &["-D", "svc"], "group 'svc' in use");
    fails("adduser", &["-D", "-u", "1000", "x"], "uid '1000' in use");
    fails("adduser", &["-D", "../x"], "no name for a user");
    fails("adduser", &["-D", "-G", "none", "x"], "none: no such group");
    fails("adduser", &["-D", "-h", "/a:b", "x"], "a colon or newline");
    applet("addgroup").args(at).stderr_has("which one?").fails(2);
    applet("delgroup").args(at).args(["svc"]).ok();
    assert_eq!(text(&root, "etc/group"), "root:x:0:\nme:x:1000:\npeople:x:1001:\ng77:x:77:\n");
}
