//! telnetd-lite: sessions with the classic clients, and those who are not
//! clients at all. The server runs in a network of its own, with a password
//! of its own.

#![allow(clippy::disallowed_macros)] // why a test is not run is printed

use std::process::{Command, Stdio};

use crate::harness::applet::{applet, reference};
use crate::harness::network::{available, prints, script};

/// The password is `secret`; the server's messages go to /mnt/log.
const SERVER: &str = r##"
mount -t tmpfs none /run
cp -a /etc /mnt/etc && mount --bind /mnt/etc /etc
echo 'password = $6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.' > /etc/rescuebox.conf
for n in 1 2 3 4 5 6 7 8 9; do ip addr add 127.0.0.1$n/8 dev lo; done
serve() { $RB telnetd-lite -F "$@" 2>/mnt/log & SERVER=$!; until_true grep -q listening /mnt/log; }
"##;

/// A client in Python that speaks no telnet, and one that types into a real
/// client's terminal.
const CLIENT: &str = r##"
cat > /mnt/client.py <<'P'
import os, pty, re, select, socket, sys, time
def connect(source=None, port=2323):
    s = socket.create_connection(("127.0.0.1", port), 5, (source, 0) if source else None)
    s.settimeout(5)
    return s
def until(s, pattern, limit=5.0):
    seen = b""
    end = time.time() + limit
    while time.time() < end:
        s.settimeout(max(0.01, end - time.time()))
        try: piece = s.recv(4096)
        except OSError: break
        if not piece: break
        seen += piece
        if re.search(pattern, seen): return seen
    return None if pattern else seen
def login(source=None):
    s = connect(source)
    assert until(s, b"password: "), "no question"
    s.sendall(b"secret\r\0")
    assert until(s, b"# "), "no shell"
    return s
def memory(row):
    text = open("/proc/%s/status" % sys.argv[1]).read()
    return int(re.search(row + r":\s+(\d+)", text).group(1))
def children():
    return open("/proc/{0}/task/{0}/children".format(sys.argv[1])).read().split()
def drive(argv, steps, limit=60):
    import fcntl, struct, termios
    def resize(fd, rows, columns):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    pid, fd = pty.fork()
    if pid == 0:
        resize(0, 33, 101)
        os.environ["TERM"] = "xterm"
        os.execvp(argv[0], argv)
    seen = b""; at = 0; end = time.time() + limit; i = 0
    while time.time() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try: piece = os.read(fd, 4096)
            except OSError: piece = b""
            if not piece: break
            seen += piece
        while i < len(steps):
            m = re.search(steps[i][0], seen[at:])
            if not m: break
            at += m.end()
            for do in steps[i][1:]:
                if isinstance(do, bytes): os.write(fd, do)
                else: resize(fd, *do)
            i += 1
    else:
        os.kill(pid, 9)
        return "stuck at step %d: %r" % (i, seen)
    return seen if i == len(steps) else "step %d: %r" % (i, seen)
P
python() { cat /mnt/client.py - > /mnt/case.py; timeout 60 python3 /mnt/case.py "$@"; }
"##;

fn with_server(text: &str) -> String {
    format!("{SERVER}{CLIENT}{text}")
}

fn ready(test: &str) -> bool {
    reference().is_none() && available(test)
}

#[test]
fn the_classic_clients() {
    if !ready("the_classic_clients") {
        return;
    }
    // The client, whether it tells of a window that changes, and its last word.
    for (client, resizes, last) in [
        ("'inetutils-telnet', '127.0.0.1', '2323'", true, "Connection closed by foreign host"),
        ("'telnet-ssl', '127.0.0.1', '2323'", true, "Connection closed by foreign host"),
        ("'busybox', 'telnet', '127.0.0.1', '2323'", false, "Connection closed by foreign host"),
        ("'plink', '-telnet', '-P', '2323', '127.0.0.1'", true, ""),
    ] {
        let size = if resizes { "40 120" } else { "33 101" };
        let text = format!(
            r##"mkdir /run/rescuebox; echo 'rescuebox: boot failed: step 5' > /run/rescuebox/explanation
            serve -p 2323
            python <<'P'
steps = [(b"password: ", b"wrong\r"), (b"not it",), (b"password: ", b"secret\r"),
    (b"boot failed: step 5",), (b"# ", b"stty size; echo $TERM; tty | cut -c1-9\r"), (b"33 101\r\nxterm\r\n/dev/pts/",),
    (b"# ", b"echo re'a'dy; sleep 1000\r"), (b"ready\r\n", b"\x03"), (b"# ", b"echo st=$?\r"), (b"st=130",),
    # the shell waits for the window, and so do we
    (b"# ", (40, 120), b"until test \"$(stty size)\" = '{size}'; do sleep 0.1; done; echo s'e'en\r"), (b"\r\nseen\r\n",),
    (b"# ", b"exit\r")]
seen = drive([{client}], steps)
print("ok" if isinstance(seen, bytes) and b"{last}" in seen and b"secret" not in seen else seen)
P"##
        );
        prints(&with_server(&text), "ok\n");
    }
}

/// Python's telnetlib refuses what it does not know, and has no terminal.
#[test]
fn pythons_telnetlib() {
    if !ready("pythons_telnetlib") {
        return;
    }
    let mut has = Command::new("/usr/bin/python3");
    has.args(["-W", "ignore", "-c", "import telnetlib"]);
    if !has.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        eprintln!("pythons_telnetlib: not run: Python 3.13 has none any more");
        return;
    }
    let text = r##"serve -p 2323
        PYTHON=/usr/bin/python3
        cat > /mnt/lib.py <<'P'
import telnetlib, time
from telnetlib import IAC, DO, WILL, WONT, DONT, SB, SE, NAWS, TTYPE
told = []
def session(t, lines, asked=0):
    t.read_until(b"password: ", 20)
    # it answers only while it reads
    end = time.time() + 20
    while len(told) < asked and time.time() < end: t.read_very_eager(); time.sleep(0.01)
    t.write(b"secret" + lines)
    t.read_until(b"# ", 20); t.write(b"echo $TERM s'e'en" + lines)
    kind = t.read_until(b" seen\r\n", 20).split()[-2]
    t.read_until(b"# ", 20); t.write(b"echo re'a'dy; sleep 1000" + lines)
    t.read_until(b"ready\r\n", 20); t.get_socket().sendall(IAC + telnetlib.IP)
    t.read_until(b"# ", 20); t.write(b"echo st=$?" + lines)
    t.read_until(b"st=130", 20)
    t.get_socket().sendall(IAC + SB + NAWS + bytes([0, 120, 0, 40]) + IAC + SE)
    t.read_until(b"# ", 20); t.write(b"stty size; exit" + lines)
    rest = t.read_all()
    return kind, b"40 120" in rest, b"secret" in rest
# it refuses everything
print(session(telnetlib.Telnet("127.0.0.1", 2323, 20), b"\n"))
# it tells of a window and a terminal
t = telnetlib.Telnet("127.0.0.1", 2323, 20)
def negotiate(s, verb, option):
    if verb == DO and option in (NAWS, TTYPE):
        s.sendall(IAC + WILL + option)
    elif verb == DO: s.sendall(IAC + WONT + option)
    elif verb == WILL: s.sendall(IAC + DO + option)
    elif verb == SE and t.read_sb_data() == TTYPE + b"\x01":
        s.sendall(IAC + SB + TTYPE + b"\0XTERM" + IAC + SE); told.append(TTYPE)
t.set_option_negotiation_callback(negotiate)
print(session(t, b"\r\n", 1))
P
        timeout 90 $PYTHON -W ignore /mnt/lib.py"##;
    prints(&with_server(text), "(b'vt100', False, False)\n(b'xterm', True, False)\n");
}

#[test]
fn a_session() {
    if !ready("a_session") {
        return;
    }
    // an ordinary command, bytes 255, a window that changes
    let text = r##"serve -p 2323
        python $SERVER <<'P'
s = login()
s.sendall(b"printf '\\377\\n'; echo d'o'ne\r\0")
seen = until(s, b"done")
print(b"\xff\xff\r\n" in seen)
s.sendall(b"\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\x19\xff\xf0stty size; echo e'n'd\r\n")
print(b"25 80" in until(s, b"end\r"))
s.sendall(b"\xff\xfa\x1f\0\x84\0\x2b\xff\xf0stty size; echo e'n'd\r\n")
print(b"43 132" in until(s, b"end\r"))
s.sendall(b"echo $PATH,$HOME,$FOO; exit\r")
print(b"/usr/sbin:/usr/bin:/sbin:/bin,/," in until(s, b"exit[\\s\\S]*bin,/,"))
print(until(s, b"") == b"" or True)
P"##;
    prints(&with_server(text), "True\nTrue\nTrue\nTrue\nTrue\n");
}

/// A client that has agreed to say what terminal it is may type faster than
/// that; one that then says nothing gets its shell all the same.
#[test]
fn the_name_of_the_terminal_comes_late() {
    if !ready("the_name_of_the_terminal") {
        return;
    }
    let text = r##"serve -p 2323
        python <<'P'
def session(agree, then, pause):
    s = connect(); start = time.time(); until(s, b"password: ")
    s.sendall(agree + b"secret\r\0echo $TERM s'e'en; exit\r\0")
    time.sleep(pause); s.sendall(then)
    return until(s, b" seen\r\n").split()[-2].decode(), time.time() - start
will, wont = b"\xff\xfb\x18", b"\xff\xfc\x18"
name, odd = b"\xff\xfa\x18\0XTERM\xff\xf0", b"\xff\xfa\x18\0an odd name\xff\xf0"
kind, took = session(will, name, 0.3); print(kind, took < 1)
kind, took = session(will, odd, 0.1); print(kind, took < 1)
kind, took = session(will, b"", 0); print(kind, 0.9 < took < 2)
kind, took = session(will, wont, 0.1); print(kind, took < 1)
kind, took = session(wont, b"", 0); print(kind, took < 1)
kind, took = session(b"", b"", 0); print(kind, took < 1)
P
        kill $SERVER; export RB
        echo > /etc/rescuebox.conf; cp /etc/shadow /mnt/s; echo 'root:*:1::::::' > /mnt/s
        mount --bind /mnt/s /etc/shadow
        python <<'P'
# nobody is asked for anything, and what is typed ahead is the shell's
import subprocess
def session(agree, then, pause):
    a, b = socket.socketpair(); start = time.time()
    p = subprocess.Popen([os.environ["RB"], "telnetd-lite", "-i"], stdin=b, stdout=b); b.close()
    a.sendall(agree + b"echo $TERM s'e'en; exit\r\0"); time.sleep(pause); a.sendall(then)
    kind = until(a, b" seen\r\n").split()[-2].decode(); took = time.time() - start
    a.close(); p.wait()
    return kind, took
kind, took = session(b"\xff\xfb\x18", b"\xff\xfa\x18\0XTERM\xff\xf0", 0.7); print(kind)
kind, took = session(b"\xff\xfb\x18", b"", 0); print(kind, 0.9 < took < 2)
kind, took = session(b"", b"", 0); print(kind, 0.4 < took < 1)
P"##;
    prints(
        &with_server(text),
        "xterm True\nvt100 True\nvt100 True\nvt100 True\nvt100 True\nvt100 True\n\
         xterm\nvt100 True\nvt100 True\n",
    );
}

#[test]
fn another_program_and_inetd() {
    if !ready("another_program_and_inetd") {
        return;
    }
    let text = r##"printf '#!/bin/sh\necho hello from $TERM\n' > /mnt/sh; chmod +x /mnt/sh
        serve -p 2323 -l /mnt/sh
        python <<'P'
s = connect(); until(s, b"password: "); s.sendall(b"secret\r\n")
print(until(s, b"hello from vt100\r\n") is not None)
P
        busybox nc -ll -p 2424 -e $RB telnetd-lite -i & sleep 0.5
        python <<'P'
s = connect(port=2424); until(s, b"password: "); s.sendall(b"secret\r\n")
s.sendall(b"echo in'etd'\r\n")
print(until(s, b"inetd") is not None)
P"##;
    prints(&with_server(text), "True\nTrue\n");
}

#[test]
fn who_may_not() {
    if !ready("who_may_not") {
        return;
    }
    for (text, expected) in [
        (
            "echo > /etc/rescuebox.conf; cp /etc/shadow /mnt/s; echo 'root:*:1::::::' > /etc/shadow; $RB telnetd-lite -F -p 2323; echo $?",
            "1\n",
        ),
        ("$RB telnetd-lite -F -b 0.0.0.0 -p 2323; echo $?", "1\n"),
        ("$RB telnetd-lite -F --vsock 5; echo $?", "1\n"),
        (
            "serve -p 2323 --allow 127.0.0.13 --allow 10.0.0.0/8
          python <<'P'
s = connect(); print(until(s, b'password'))
s = connect('127.0.0.13'); print(until(s, b'password') is not None)
P",
            "None\nTrue\n",
        ),
        // a malformed hash lets nobody in
        (
            "echo 'password = $6$x$y' > /etc/rescuebox.conf; serve -p 2323
          python <<'P'
s = connect(); until(s, b'password: '); s.sendall(b'\\r\\n'); print(until(s, b'not it') is not None)
P",
            "True\n",
        ),
        // -b names the one address that is listened on
        (
            "serve -b 127.0.0.14 -p 2323
          python <<'P'
try: connect()
except ConnectionRefusedError: print('refused')
P",
            "refused\n",
        ),
    ] {
        prints(&with_server(text), expected);
    }
}

#[test]
fn wrong_passwords_take_longer_and_longer() {
    if !ready("wrong_passwords") {
        return;
    }
    let text = r##"serve -p 2323
        python <<'P'
s = connect(); until(s, b"password: ")
took = []
for n in range(3):
    start = time.time(); s.sendall(b"no\r\n"); until(s, b"not it", 20); took.append(time.time() - start)
print([round(t) for t in took], until(s, b"password: ", 0.5))
# a good login from elsewhere does not wait
start = time.time(); login("127.0.0.12"); print(time.time() - start < 1)
P
        grep -c 'wrong password' /mnt/log"##;
    prints(&with_server(text), "[1, 2, 4] None\nTrue\n3\n");
}

#[test]
fn a_thousand_half_open_connections() {
    if !ready("a_thousand") {
        return;
    }
    let text = r##"ulimit -n 4096; serve -p 2323
        python $SERVER <<'P'
before = memory("VmRSS")
held = []
for n in range(1000):
    try: held.append(connect("127.0.0.1%d" % (n % 8 + 1)))
    except OSError: pass
time.sleep(0.5)
print(len(held), memory("VmRSS") - before <= 4096, children())
fds = len(os.listdir("/proc/%s/fd" % sys.argv[1])); print(fds < 30)
start = time.time(); s = login("127.0.0.19"); print(time.time() - start < 1)
s.sendall(b"echo st'il'l here\r\n"); print(until(s, b"still here") is not None)
print(len(children()))
P"##;
    prints(&with_server(text), "1000 True []\nTrue\nTrue\nTrue\n1\n");
}

#[test]
fn floods() {
    if !ready("floods") {
        return;
    }
    let text = r##"serve -p 2323
        python $SERVER <<'P'
before = memory("RssAnon")
def flood(bytes, size=1200000):
    """Bytes that it was answered; far too many when it was not heard."""
    s = connect("127.0.0.11"); seen = until(s, b"password: ")
    if seen is None: return 1e9
    s.setblocking(False)
    sent = 0
    got = len(seen)
    end = time.time() + 30
    while time.time() < end:
        readable, writable, _ = select.select([s], [s] if sent < size else [], [], 2)
        # all was sent, and what it answers has ended
        if not readable and not writable: break
        try:
            if writable: sent += s.send(bytes[:65536])
            if readable:
                piece = s.recv(65536)
                if not piece: break
                got += len(piece)
        except OSError: break
    s.close()
    return got if sent >= size else 1e9
# options, each refused once; sub-negotiations without an end; commands
print(flood(b"".join(bytes([255, v, o]) for v in (251, 253) for o in range(256) if o != 6) * 100) < 3000)
print(flood(b"\xff\xfa\x18" + b"A" * 65000) < 3000)
print(flood(b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0" * 7000) < 3000)
# each is answered as long as the answers are read
print(flood(b"\xff\xf6" * 30000) < 6000000)
print(flood(b"A" * 65536) < 3000)
print(memory("RssAnon") - before < 256, children())
s = login("127.0.0.12"); print("alive")
P"##;
    prints(&with_server(text), "True\nTrue\nTrue\nTrue\nTrue\nTrue []\nalive\n");
}

#[test]
fn the_slow_and_the_vanished() {
    if !ready("the_slow") {
        return;
    }
    let text = r##"serve -p 2323 --idle 3
        python $SERVER <<'P'
# a byte now and then keeps nobody's place
slow = connect("127.0.0.11"); until(slow, b"password: ")
start = time.time()
def closed(s):
    s.settimeout(0.05)
    try: return s.recv(4096) == b""
    except socket.timeout: return False
    except OSError: return True
s = login("127.0.0.12")
s.sendall(b"sleep 1000 & sleep 1000\r\n"); time.sleep(0.5)
s.close()
# its programs go with it
end = time.time() + 8
while time.time() < end and children(): time.sleep(0.1)
print(children(), os.popen("pgrep -c sleep.1000 -f").read().strip() != "")
# nothing happens for three seconds
s = login("127.0.0.13"); print(until(s, b"nothing has happened", 8) is not None)
while time.time() - start < 34:
    try: slow.sendall(b"x")
    except OSError: break
    if closed(slow): break
    time.sleep(1)
print(29 < time.time() - start < 33)
P
        kill $SERVER; wait $SERVER; echo $?"##;
    prints(&with_server(text), "[] True\nTrue\nTrue\n0\n");
}

#[test]
fn sessions_are_counted_and_ended() {
    if !ready("sessions_are_counted") {
        return;
    }
    let text = r##"serve -p 2323 --max-sessions 2
        python $SERVER <<'P'
a = login("127.0.0.11"); b = login("127.0.0.12")
c = connect("127.0.0.13"); until(c, b"password: "); c.sendall(b"secret\r\n")
print(until(c, b"too many sessions") is not None)
import signal
os.kill(int(sys.argv[1]), signal.SIGTERM)
print(until(a, b"this shell ends") is not None, until(b, b"this shell ends") is not None)
P"##;
    prints(&with_server(text), "True\nTrue True\n");
}

#[test]
fn usage() {
    if reference().is_some() {
        return;
    }
    applet("telnetd-lite").args(["-p", "x"]).stderr_has("not a port").fails(2);
    applet("telnetd-lite").args(["-p", "70000"]).stderr_has("not a port").fails(2);
    applet("telnetd-lite").args(["--allow", "x/y"]).stderr_has("not a network").fails(2);
    applet("telnetd-lite").args(["-b", "here"]).stderr_has("not an address").fails(2);
    applet("telnetd-lite").args(["more"]).fails(2);
    assert!(script("$RB telnetd --help").stdout.starts_with(b"telnetd: give a shell"));
}
