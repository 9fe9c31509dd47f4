//! wget, mkpasswd, ipcalc.

use crate::harness::applet::{applet, reference};
use crate::harness::network::{available, prints};

/// A server of HTTP/1.1 with files, a redirection, chunks, ranges, and an echo.
const SERVER: &str = r##"
cat > server.py <<'P'
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def reply(self, code, body, *heads):
        self.send_response(code)
        for k, v in heads: self.send_header(k, v)
        if not any(k == "Transfer-Encoding" for k, v in heads): self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
    def do_GET(self):
        if self.path == "/moved": return self.reply(302, b"", ("Location", "/file"))
        if self.path == "/loop": return self.reply(302, b"", ("Location", "/loop"))
        if self.path == "/chunks": return self.reply(200, b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n", ("Transfer-Encoding", "chunked"))
        if self.path == "/agent": return self.reply(200, (self.headers["User-Agent"] + "|" + str(self.headers.get("X-Own"))).encode())
        if self.path in ("/file", "/", "/?a=b/c"):
            r = self.headers.get("Range")
            if r: return self.reply(206, b"0123456789"[int(r[6:-1]):])
            return self.reply(200, b"0123456789")
        self.reply(404, b"no")
    def do_POST(self):
        self.reply(200, self.rfile.read(int(self.headers["Content-Length"])))
http.server.ThreadingHTTPServer(("127.0.0.1", 8000), H).serve_forever()
P
python3 server.py & until_true bash -c ': > /dev/tcp/127.0.0.1/8000'
U=http://127.0.0.1:8000
"##;

fn fetch(text: &str, expected: &str) {
    if available("wget") {
        prints(&format!("{SERVER}{text}"), expected);
    }
}

#[test]
fn downloads() {
    fetch("$RB wget -q $U/file; echo $?; cat file", "0\n0123456789");
    fetch("$RB wget -q -O - $U/moved", "0123456789");
    fetch("$RB wget -q -O x $U/chunks; cat x", "hello world");
    fetch("printf 0123 > file; $RB wget -q -c $U/file; cat file", "0123456789");
    fetch("mkdir d; $RB wget -q -P d $U/; cat d/index.html", "0123456789");
    fetch("$RB wget -q -O - -U me --header 'X-Own: 1' $U/agent", "me|1");
    fetch("$RB wget -q -O - --post-data a=b $U/echo", "a=b");
    fetch(
        "$RB wget -q $U/nothing 2>/dev/null; echo $?; $RB wget -q --spider $U/file; echo $?; $RB wget -q --spider $U/no 2>/dev/null; echo $?; ls",
        "1\n0\n1\nserver.py\n",
    );
    fetch(
        "$RB wget -q \"$U/?a=b/c#x\"; $RB wget -o log $U/file; ls; grep -c Conn log",
        "file\nindex.html?a=b%2Fc\nlog\nserver.py\n1\n",
    );
    fetch("$RB wget -q --max-redirect=0 $U/moved 2>/dev/null; echo $?", "1\n");
    fetch("$RB wget -q $U/loop 2>/dev/null; echo $?", "1\n");
    fetch("echo kept > file; $RB wget -q $U/file 2>/dev/null; echo $?; cat file", "1\nkept\n");
    fetch("http_proxy=$U $RB wget -q -Y off -O - $U/file", "0123456789");
}

#[test]
fn what_wget_refuses() {
    if reference().is_some() {
        return;
    }
    applet("wget").args(["https://127.0.0.1/"]).stderr_has("https is not understood").fails(1);
    applet("wget").args(["ftp://127.0.0.1/"]).stderr_has("not an http or https url").fails(1);
    applet("wget").args(["http://127.0.0.1:9/"]).stderr_has("Connection refused").fails(1);
    applet("wget").stderr_has("which URL?").fails(2);
}

#[test]
fn hashes() {
    let hello = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1\n";
    applet("mkpasswd")
        .args(["-m", "sha512", "-S", "saltstring", "Hello world!"])
        .stdout(hello)
        .ok();
    applet("cryptpw").args(["-m", "sha512", "Hello world!", "saltstring"]).stdout(hello).ok();
    for (method, salt, expected) in [
        ("des", "55", "55tgFLtkT1Y72\n"),
        ("DES", "123456789", "12MnB3PqfVbMA\n"),
        ("md5", "55", "$1$55$nO2ABN6V3oIbriAoLCb4i.\n"),
        ("md5", "123456789", "$1$12345678$9cONIpJCRpBvOi3LFYkhP.\n"),
    ] {
        applet("mkpasswd").args(["-m", method, "QWErty", salt]).stdout(expected).ok();
    }
    applet("mkpasswd").args(["-m", "md6", "x"]).stderr_has("md6: no kind of hash").fails(2);
    let out = applet("mkpasswd").args(["-m", "sha256", "x"]).ok();
    assert!(out.stdout.starts_with(b"$5$") && out.stdout.len() == 3 + 16 + 1 + 43 + 1);
    applet("mkpasswd").args(["-m", "nothing", "x"]).run();
}

#[test]
fn networks() {
    applet("ipcalc")
        .args(["-bnmp", "10.1.2.3/20"])
        .stdout("NETMASK=255.255.240.0\nBROADCAST=10.1.15.255\nNETWORK=10.1.0.0\nPREFIX=20\n")
        .ok();
    applet("ipcalc").args(["-m", "10.1.2.3"]).stdout("NETMASK=255.0.0.0\n").ok();
    applet("ipcalc").args(["-n", "10.1.2.3", "255.255.0.0"]).stdout("NETWORK=10.1.0.0\n").ok();
    applet("ipcalc").args(["-p", "192.168.1.1"]).stdout("PREFIX=24\n").ok();
    applet("ipcalc").args(["-b", "here"]).stderr_has("bad IP address: here").fails(1);
}
