//! env, chroot, pivot_root.

use crate::harness::applet::{applet, reference};
use crate::harness::namespace::{Right, is_root, prints, right, script};
use crate::harness::scratch::Scratch;

#[test]
fn words_of_a_text_own() {
    if reference().is_some() {
        return;
    }
    let text = r#"echo a "b  c" 'd\'e' ${A} x\_y "q\_r" # no"#;
    applet("env").env("A", "1").args(["-S", text]).stdout("a b  c d'e 1 x y q r\n").ok();
    applet("env").args(["-S-i A=3", "B=4"]).stdout("A=3\nB=4\n").ok();
    applet("env").args(["-vS", "sh -c", "echo $0", "there"]).stdout("there\n").ok();
    applet("env").args(["-S", "'"]).stdout("").fails(125);
}

#[test]
fn an_environment() {
    applet("env").args(["-i"]).stdout("").ok();
    applet("env").args(["-i", "A=1", "B=x y", "A=2"]).ok();
    applet("env").args(["-i", "A=1", "B=x y"]).stdout("A=1\nB=x y\n").ok();
    applet("env").args(["-", "A=1"]).stdout("A=1\n").ok();
    applet("env").args(["-i", "-0", "A=1", "B=2"]).stdout("A=1\0B=2\0").ok();
    applet("env").args(["-i", "A=1", "/bin/sh", "-c", "echo $A-$B"]).stdout("1-\n").ok();
    applet("env")
        .env("X", "1")
        .args(["-u", "X", "sh", "-c", "echo ${X-unset}"])
        .stdout("unset\n")
        .ok();
    applet("env").env("X", "1").args(["X=2", "sh", "-c", "echo $X"]).stdout("2\n").ok();
    applet("env").args(["sh", "-c", "exit 7"]).fails(7);
    applet("env").args(["-i", "--", "A=b=c"]).stdout("A=b=c\n").ok();
}

#[test]
fn what_env_cannot_run() {
    let dir = Scratch::new("env");
    dir.file("data", "x");
    applet("env").args(["nosuchprogram"]).stderr_has("nosuchprogram: No such file").fails(127);
    applet("env").dir(dir.path()).args(["./data"]).stderr_has("./data: Permission").fails(126);
    applet("env").args(["/etc"]).fails(126);
    dir.program("script", "echo ran $1\n");
    applet("env").dir(dir.path()).args(["./script", "it"]).stdout("ran it\n").ok();
    applet("env").dir(dir.path()).env("PATH", ":/bin").args(["script", "2"]).stdout("ran 2\n").ok();
    if reference().is_none() {
        applet("env").args(["-u", "A=B"]).stderr_has("not the name of a variable").fails(125);
        applet("env").args(["-Q"]).stderr_has("usage: env").fails(125);
        applet("env").args(["-C", "/", "pwd"]).stdout("/\n").ok();
        applet("env").args(["-C", "/nosuch", "pwd"]).fails(125);
        applet("env").args(["-0", "true"]).fails(125);
    }
}

#[test]
fn another_root() {
    if !is_root("another_root") {
        return;
    }
    prints(
        Right::Root,
        "mkdir -p r/bin r/etc r/proc; cp /bin/busybox r/bin; ln -s busybox r/bin/sh\n\
         ln -s busybox r/bin/id; ln -s busybox r/bin/pwd; echo 'me:x:77:78::/:/bin/sh' > r/etc/passwd\n\
         printf 'root:x:0:\\nmine:x:78:\\nmore:x:90:me\\n' > r/etc/group; export PATH=/bin:/usr/bin:/usr/sbin\n\
         $RB chroot r pwd; $RB chroot r sh -c 'exit 5'; echo $?\n\
         $RB chroot r nosuch 2> /dev/null; echo $?; $RB chroot r /etc 2> /dev/null; echo $?\n\
         $RB chroot nosuch true 2> /dev/null; [ $? != 0 ] && echo failed\n\
         echo 'echo from shell' | SHELL=/bin/sh $RB chroot r 2> /dev/null | grep -c from.shell\n",
        "/\n5\n127\n126\nfailed\n1\n",
    );
    if reference().is_some() {
        return;
    }
    prints(
        Right::Root,
        "mkdir -p r/bin r/etc; cp /bin/busybox r/bin; ln -s busybox r/bin/id; ln -s busybox r/bin/sh\n\
         echo 'me:x:77:78::/:/bin/sh' > r/etc/passwd; export PATH=/bin\n\
         printf 'root:x:0:\\nmine:x:78:\\nmore:x:90:me\\n' > r/etc/group\n\
         i='echo $(id -u) $(id -g) $(id -G)'\n\
         for s in me me:more 5:6 77 +77:+1 me:0; do $RB chroot --userspec=$s r sh -c \"$i\"; done\n\
         $RB chroot --userspec=me --groups=root,91 r sh -c \"$i\"\n\
         $RB chroot --groups= r sh -c 'id -G'\n\
         $RB chroot --userspec=nosuch r true; echo $?; $RB chroot --userspec=5 r true; echo $?\n\
         $RB chroot --skip-chdir r true; echo $?; $RB chroot nosuch true; echo $?; $RB chroot; echo $?\n",
        "77 78 78 90\n77 90 90\n5 6 6\n77 78 78 90\n77 1 1 90\n77 0 0 90\n\
         77 78 78 0 91\n0\n125\n125\n125\n125\n125\n",
    );
    let out = script(
        Right::Root,
        "mkdir -p r/bin; printf '#!/nosuch\\n' > r/bin/x; chmod 755 r/bin/x; $RB chroot r /bin/x",
    );
    assert_eq!(out.status, 127);
    assert!(out.stderr.contains("its interpreter is not in the new root"), "{}", out.stderr);
}

#[test]
fn pivoting() {
    let Some(right) = right("pivoting") else { return };
    prints(
        right,
        "mkdir n; mount --rbind / n; mkdir -p n/mnt 2> /dev/null; mount -t tmpfs o n/mnt\n\
         mkdir n/mnt/old; cd n; $RB pivot_root . mnt/old; echo $?; ls -d /mnt/old/etc\n",
        "0\n/mnt/old/etc\n",
    );
    if reference().is_some() {
        return;
    }
    let out =
        script(right, "mkdir a a/old; $RB pivot_root a a/old; echo $?; $RB pivot_root a; echo $?");
    assert_eq!(String::from_utf8_lossy(&out.stdout), "1\n2\n");
    assert!(out.stderr.contains("pivot_root: a: not a mount point, or"), "{}", out.stderr);
    applet("pivot_root").args(["-x"]).stderr_has("usage: pivot_root").fails(2);
}
