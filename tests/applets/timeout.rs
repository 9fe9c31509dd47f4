//! timeout, nohup, tee, yes.

use crate::harness::applet::applet;
use crate::harness::scratch::Scratch;

#[test]
fn limits() {
    applet("timeout").args(["0.1", "sleep", "3"]).stdout("").fails(124);
    applet("timeout").args(["5", "sh", "-c", "exit 3"]).stdout("").fails(3);
    applet("timeout").args(["5", "nosuchprog"]).stdout("").fails(127);
    applet("timeout").args(["5", "/etc/passwd"]).stdout("").fails(126);
    applet("timeout").args(["x", "true"]).stdout("").fails(125);
    applet("timeout").stdout("").fails(125);
    applet("timeout").args(["5"]).stdout("").fails(125);
    applet("timeout").args(["--preserve-status", "0.1", "sleep", "3"]).stdout("").fails(143);
    applet("timeout").args(["-s", "INT", "0.1", "sleep", "3"]).stdout("").fails(124);
    applet("timeout").args(["-s", "NOSUCH", "1", "true"]).stdout("").fails(125);
    applet("timeout").args(["0", "true"]).stdout("").ok();
    if crate::harness::applet::reference().is_none() {
        let busy = "for i in 1 2 3 4; do echo $i; sleep 0.3; done";
        applet("timeout").args(["-i", "1", "sh", "-c", busy]).stdout("1\n2\n3\n4\n").ok();
        applet("timeout")
            .args(["-i", "0.3", "sh", "-c", "echo a; sleep 9"])
            .stdout("a\n")
            .fails(124);
        applet("timeout").args(["-i", "9", "sh", "-c", "printf x; exit 4"]).stdout("x").fails(4);
    }
}

#[test]
fn without_terminal() {
    applet("nohup").args(["true"]).stdout("").ok();
    applet("nohup").args(["nosuchprog"]).stdout("").fails(127);
    applet("nohup").stdout("").fails(125);
    applet("nohup").args(["sh", "-c", "exit 4"]).stdout("").fails(4);
    applet("nohup").args(["echo", "x"]).stdout("x\n").ok();
}

#[test]
fn copies() {
    let dir = Scratch::new("timeout");
    dir.file("t", "old\n");
    applet("tee").dir(dir.path()).args(["new"]).stdin("x\n").stdout("x\n").ok();
    applet("tee").dir(dir.path()).args(["-a", "t"]).stdin("y\n").stdout("y\n").ok();
    applet("tee").dir(dir.path()).args(["/nosuch/x"]).stdin("z\n").stdout("z\n").fails(1);
    applet("tee").dir(dir.path()).stdin("q").stdout("q").ok();
    applet("cat").dir(dir.path()).args(["new"]).stdout("x\n").ok();
    applet("cat").dir(dir.path()).args(["t"]).stdout("old\ny\n").ok();
}
