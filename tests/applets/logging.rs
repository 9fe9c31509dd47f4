//! syslogd, logger, logread.

use crate::harness::applet::{applet, reference};
use crate::harness::namespace::{Right, is_root, prints};

/// Starts a syslogd with these options on the socket /mnt/s, and runs a script.
/// Times and this machine's name are masked in what `show FILE` prints.
fn logs(options: &str, script: &str, expected: &str) {
    if reference().is_some() || !is_root("syslogd") {
        return;
    }
    let text = format!(
        "cat > script <<'EOF'\n\
         log() {{ $RB logger -u /mnt/s -t tag \"$@\"; }}\n\
         show() {{ sed \"s/^[A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]* /TIME /; s/$(uname -n)/HOST/\" \"$@\"; }}\n\
         settled() {{ for n in 1 2 3 4 5 6 7 8 9 10; do grep -q \"$1\" \"$2\" 2>/dev/null && return; sleep 0.1; done; }}\n\
         $RB syslogd -n -p /mnt/s {options} & pid=$!\n\
         while [ ! -S s ]; do sleep 0.02; done\n\
         {script}\nkill $pid; wait $pid 2>/dev/null; echo $?\nEOF\n\
         printf '# rules\\nmail.*\\t-/mnt/mail\\n*.info /mnt/all\\n' > conf\n\
         mkdir -p run; mount --bind run /var/run; unshare -i sh script"
    );
    prints(Right::Root, &text, expected);
}

#[test]
fn messages_come_into_the_file() {
    logs(
        "-O /mnt/log",
        "log one two; log -p daemon.err three; printf 'a\\n\\nb\\n' | log -p local3.7; log -i --id=7 x
         log \"$(printf 'c\\033[2Jd\\te')\"; settled ' c^' log; show log | sed 1d; stat -c %a s log; ls run",
        "TIME HOST user.notice tag: one two\n\
         TIME HOST daemon.err tag: three\n\
         TIME HOST local3.debug tag: a\n\
         TIME HOST local3.debug tag: b\n\
         TIME HOST user.notice tag[7]: x\n\
         TIME HOST user.notice tag: c^[[2Jd\te\n\
         666\n644\nsyslogd.pid\n143\n",
    );
}

#[test]
fn levels_and_short_lines() {
    logs(
        "-S -l 5 -O /mnt/log",
        "log -p user.notice no; log -p user.warn yes; log -p mail.err yes; settled 'yes' log; show log",
        "TIME tag: yes\nTIME tag: yes\n143\n",
    );
    logs(
        "-SD -O /mnt/log",
        "log x; log x; log y; settled 'y$' log; show log | sed 1d",
        "TIME tag: x\nTIME tag: y\n143\n",
    );
}

#[test]
fn the_file_is_rotated() {
    logs(
        "-S -s 1 -b 2 -O /mnt/log",
        "line=$(printf '%0200d' 0)
         for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do log $line$n; done
         settled '020$' log; ls log*; head -qn1 log log.0 log.1 | tail -c 4; tail -c 4 log",
        "log\nlog.0\nlog.1\n006\n020\n143\n",
    );
    // Somebody moves it away.
    logs(
        "-S -O /mnt/log",
        "log a; settled a log; mv log old; sleep 1.1; log b; settled b log; show log; kill -HUP $pid; log c; settled c log; show log",
        "TIME tag: b\nTIME tag: b\nTIME tag: c\n143\n",
    );
}

#[test]
fn rules_of_syslog_conf() {
    if reference().is_some() || !is_root("syslogd") {
        return;
    }
    logs(
        "-S -O /mnt/rest -f /mnt/conf",
        "log -p mail.err m; log -p kern.info k; log -p user.debug u; settled u rest; head -n3 mail all rest | show",
        "==> mail <==\nTIME tag: m\n\n==> all <==\nTIME syslogd started: rescuebox 0.1.0\nTIME tag: m\n\
         TIME tag: k\n\n==> rest <==\nTIME tag: u\n143\n",
    );
}

#[test]
fn a_log_in_memory() {
    let words =
        "log one; log two; sleep 0.3; $RB logread | show | sed 1d; busybox logread | show | sed 1d";
    logs("-S -C4", words, "TIME tag: one\nTIME tag: two\nTIME tag: one\nTIME tag: two\n143\n");
    // Old messages give way: whole ones.
    logs(
        "-S -C4",
        "line=$(printf '%060d' 0)
         for n in $(seq 100); do log $line$n; done; sleep 0.5
         $RB logread > a; busybox logread > b; cmp a b && show a | grep -vc '^TIME tag: 0*[0-9]*$'; tail -n1 a | tail -c 5; wc -l < a",
        "0\n0100\n48\n143\n",
    );
    logs(
        "-S -C",
        "log old; sleep 0.2; $RB logread -f > f & $RB logread -F > F & sleep 0.4; log new; sleep 0.6
         show f; show F | sed 1d",
        "TIME tag: new\nTIME tag: old\nTIME tag: new\n143\n",
    );
    if reference().is_none() && is_root("logread") {
        prints(
            Right::Root,
            "unshare -i $RB logread 2>&1; echo $?",
            "logread: there is no log in memory (syslogd -C keeps one)\n1\n",
        );
    }
}

#[test]
fn another_machine_is_told() {
    if reference().is_some() || !is_root("syslogd") {
        return;
    }
    // Two of them: a message to the one is sent on to the test.
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    let port = socket.local_addr().unwrap().port();
    for (here, expected) in [("", "no log\n143\n"), ("-L", "TIME tag: x\n143\n")] {
        logs(
            &format!("-S {here} -R 127.0.0.1:{port} -O /mnt/log"),
            "log -p user.err x; sleep 0.3; if [ -e log ]; then show log | sed 1d; else echo no log; fi",
            expected,
        );
        let mut buffer = [0; 200];
        let count = socket.recv(&mut buffer).unwrap();
        let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
        assert!(text.starts_with("<11>") && text.ends_with(" tag: x\n"), "{text}");
    }
    applet("logger").args(["-n", "127.0.0.1", "-P", &port.to_string(), "-t", "t", "hello"]).ok();
    let mut buffer = [0; 200];
    let count = socket.recv(&mut buffer).unwrap();
    let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
    let host = nix::sys::utsname::uname().unwrap().nodename().to_str().unwrap().to_string();
    assert!(text.starts_with("<13>") && text.ends_with(&format!(" {host} t: hello")), "{text}");
}

#[test]
fn mistakes() {
    if reference().is_some() {
        return;
    }
    applet("syslogd").args(["-n", "-l", "9"]).stderr_has("9: not a number from 1 to 8").fails(1);
    applet("syslogd").args(["-n", "-b", "x"]).stderr_has("x: not a number from 0 to 99").fails(1);
    applet("syslogd").args(["-n", "-R", "h:x"]).stderr_has("h:x: not HOST[:PORT]").fails(1);
    applet("syslogd").args(["-n", "-f", "/nowhere"]).stderr_has("/nowhere: No such").fails(1);
    applet("logger").args(["-p", "nobody.err", "x"]).stderr_has("no such priority").fails(1);
    applet("logger").args(["-u", "/nowhere", "x"]).stderr_has("/nowhere: No such").fails(1);
    applet("logger").args(["-s", "--no-act", "-t", "T", "a", "b"]).stderr_has("T: a b\n").ok();
    applet("logger").args(["--no-act", "-sit", "T", "a"]).stderr_has("T[").ok();
    applet("logger").args(["--no-act", "-t", "T"]).stdin("a\n").stdout("").ok();
}
