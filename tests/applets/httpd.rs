//! httpd, rdate and nbd-client: services of the network.

use crate::harness::applet::{applet, reference};
use crate::harness::network::{available, prints};

/// A folder to serve, a secret beside it, and a client that says anything.
const FOLDER: &str = r#"
mkdir -p www/sub; echo hello > www/index.html; echo sub > www/sub/index.html; printf '0123456789' > www/digits.txt; echo secret > secret
ln -s ../secret www/out; ln -s /mnt/secret www/abs; ln -s digits.txt www/in; mkfifo www/pipe; : > www/empty; echo s > 'www/a b;c'
touch -d '2024-02-29 12:34:56 UTC' www/digits.txt; head -c 3000000 /dev/urandom > www/big
cat > ask.py <<'P'
import socket, sys
s = socket.create_connection(("127.0.0.1", 8080), 5); s.settimeout(10)
s.sendall(sys.argv[1].encode("latin1").decode("unicode_escape").encode("latin1")); got = b""
while True:
    try: piece = s.recv(65536)
    except OSError: break
    if not piece: break
    got += piece
head, _, body = got.partition(b"\r\n\r\n")
lines = head.decode().split("\r\n")
keep = [l for l in lines if l.split(":")[0] not in ("Date",)]
print(" | ".join(keep) if len(sys.argv) < 3 else lines[0], body.decode("latin1") if len(body) < 30 else len(body))
P
serve() { $RB httpd -f -p 127.0.0.1:8080 -h www "$@" 2>/mnt/log & P=$!; until_true python3 -c 'import socket; socket.create_connection(("127.0.0.1", 8080))'; }
ask() { timeout 20 python3 ask.py "$@"; }
"#;

fn case(text: &str, expected: &str) {
    if reference().is_none() && available("httpd") {
        prints(&format!("{FOLDER}{text}"), expected);
    }
}

#[test]
fn files_are_served() {
    case(
        r#"serve; touch -r www/digits.txt www/index.html
        ask 'GET /digits.txt HTTP/1.1\r\nHost: x\r\n\r\n'; ask 'HEAD / HTTP/1.0\r\n\r\n'
        ask 'GET /digits.txt HTTP/1.1\r\nRange: bytes=3-5\r\n\r\n'; ask 'GET /digits.txt HTTP/1.1\r\nRange: bytes=8-\r\n\r\n' x
        ask 'GET /digits.txt HTTP/1.1\r\nRange: bytes=10-\r\n\r\n' x; ask 'GET /sub HTTP/1.1\r\n\r\n' ; ask 'GET /sub/ HTTP/1.1\r\n\r\n' x
        ask 'GET /a%20b%3bc HTTP/1.1\r\n\r\n' x; ask 'GET /in?x=/../y HTTP/1.1\r\n\r\n' x; ask 'GET /empty HTTP/1.1\r\n\r\n' x; ask 'GET /big HTTP/1.1\r\n\r\n' x
        ask 'GET /digits.txt HTTP/1.1\r\nIf-Modified-Since: Thu, 29 Feb 2024 12:34:56 GMT\r\n\r\n' x
        busybox wget -q -O got http://127.0.0.1:8080/big; cmp got www/big && echo same; $RB wget -q -O - http://127.0.0.1:8080/digits.txt; echo"#,
        "HTTP/1.1 200 OK | Connection: close | Content-type: text/plain | Accept-Ranges: bytes | Last-Modified: Thu, 29 Feb 2024 12:34:56 GMT | Content-length: 10 0123456789\n\
         HTTP/1.1 200 OK | Connection: close | Content-type: text/html | Accept-Ranges: bytes | Last-Modified: Thu, 29 Feb 2024 12:34:56 GMT | Content-length: 6 \n\
         HTTP/1.1 206 Partial Content | Connection: close | Content-type: text/plain | Accept-Ranges: bytes | Last-Modified: Thu, 29 Feb 2024 12:34:56 GMT | Content-Range: bytes 3-5/10 | Content-length: 3 345\n\
         HTTP/1.1 206 Partial Content 89\nHTTP/1.1 200 OK 0123456789\n\
         HTTP/1.1 302 Found | Connection: close | Location: /sub/ | Content-type: text/html | Content-length: 85 85\nHTTP/1.1 200 OK sub\n\n\
         HTTP/1.1 200 OK s\n\nHTTP/1.1 200 OK 0123456789\nHTTP/1.1 200 OK \nHTTP/1.1 200 OK 3000000\nHTTP/1.1 304 Not Modified \nsame\n0123456789\n",
    );
}

#[test]
fn nothing_outside_is_served() {
    case(
        r#"serve
        for path in /../secret /sub/../../secret /%2e%2e/secret /..%2fsecret //mnt/secret /out /abs /./../secret /sub/..%2f..%2fsecret /nothing /mnt/secret; do ask "GET $path HTTP/1.1\r\n\r\n" x; done
        ask 'GET /pipe HTTP/1.1\r\n\r\n' x; ask 'GET /a%00b HTTP/1.1\r\n\r\n' x; ask 'GET / HTTP/1.1\r\n\r\n' x"#,
        &format!(
            "{}HTTP/1.1 403 Forbidden 93\nHTTP/1.1 400 Bad Request 115\nHTTP/1.1 200 OK hello\n\n",
            "HTTP/1.1 404 Not Found 124\n".repeat(11)
        ),
    );
}

#[test]
fn clients_that_are_none() {
    case(
        r#"serve -v
        ask 'POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc' x; ask '\xff\xfe\r\n\r\n' x; ask 'GET\r\n\r\n' x
        python3 - <<'P'
import socket
held = []
for n in range(40): held.append(socket.create_connection(("127.0.0.1", 8080), 5))
print(len(open("/proc/self/task/%d/children" % __import__("os").getpid()).read()), end=" ")
long = held.pop(0); long.settimeout(5)
try: long.sendall(b"GET /" + b"A" * 100000 + b" HTTP/1.1\r\n\r\n")
except OSError: pass
try: print(long.recv(20))
except OSError: print("reset")
P
        until_true [ "$(grep -c response:400 /mnt/log)" = 3 ]; cut -d' ' -f2- /mnt/log | sort | uniq -c | tr -s ' '
        # none of its children is left behind
        sleep 1; for n in 1 2 3; do ask 'GET / HTTP/1.1\r\n\r\n' x; done; echo $(($(ps -o stat= --ppid $P | grep -c Z) < 3))"#,
        "HTTP/1.1 501 Not Implemented 143\nHTTP/1.1 400 Bad Request 115\nHTTP/1.1 400 Bad Request 115\n0 b'HTTP/1.1 400 Bad Req'\n 3 url: response:400\n 1 url: response:501\n\
         HTTP/1.1 200 OK hello\n\nHTTP/1.1 200 OK hello\n\nHTTP/1.1 200 OK hello\n\n1\n",
    );
}

#[test]
fn inetd_and_strings() {
    case(
        r#"printf 'GET /digits.txt HTTP/1.0\r\n\r\n' > request
        busybox nc -ll -p 8080 -e $RB httpd -i -h www & sleep 0.5; ask 'GET /digits.txt HTTP/1.1\r\n\r\n' x
        $RB httpd -d 'a%20b+c%'; echo; $RB httpd -d 'a%20b%2Fc'; echo; $RB httpd -e '<a b>1'"#,
        "HTTP/1.1 200 OK 0123456789\na b c%\na b/c\n&#60;a&#32;b&#62;1",
    );
    if reference().is_none() {
        applet("httpd").args(["-d", "a%20b+c%41%zz%"]).stdout("a b cA%zz%").ok();
        applet("httpd").args(["-e", "<a b>"]).stdout("&#60;a&#32;b&#62;").ok();
        applet("httpd").args(["-f", "-p", "x"]).stderr_has("x: not a port").fails(2);
        applet("httpd").args(["-f", "-h", "/nosuch"]).stderr_has("/nosuch: No such file").fails(1);
        applet("httpd").args(["-f", "-u", "nosuch"]).stderr_has("nosuch").fails(2);
    }
}

#[test]
fn the_time_of_others() {
    if reference().is_some() || !available("the_time_of_others") {
        return;
    }
    let server = r#"cat > time.py <<'P'
import socket, struct, sys
s = socket.create_server(("127.0.0.1", 37)); print("ready", flush=True)
for said in sys.argv[1:]:
    c, _ = s.accept()
    c.sendall(struct.pack(">I", int(said)) if said != "short" else b"ab"); c.close()
P
python3 time.py 3913065296 0 short > log & until_true grep -q ready log
"#;
    prints(
        &format!(
            "{server}$RB rdate -p 127.0.0.1; $RB rdate -p 127.0.0.1; $RB rdate -p 127.0.0.1 2>&1; echo $?; $RB rdate -p 127.0.0.2 2>&1"
        ),
        "Mon Jan  1 02:34:56 2024\nThu Feb  7 06:28:16 2036\nrdate: 127.0.0.1 did not send the complete time\n1\nrdate: 127.0.0.2: Connection refused\n",
    );
}

#[test]
fn disks_of_others() {
    if reference().is_some() {
        return;
    }
    applet("nbd-client").args(["host"]).stderr_has("HOST [PORT] DEVICE").fails(2);
    applet("nbd-client").args(["-b", "500", "h", "/dev/null"]).stderr_has("512, 1024").fails(1);
    applet("nbd-client").args(["h", "x", "/dev/null"]).stderr_has("x: not a port").fails(2);
    applet("nbd-client").args(["-d", "/nosuch"]).stderr_has("No such file").fails(1);
    applet("nbd-client").args(["-c", "/dev/nosuch"]).stdout("").fails(1);
    if !available("disks_of_others") {
        return;
    }
    // servers that make no sense, before the device is asked for anything
    let server = r#"cat > nbd.py <<'P'
import socket, sys
s = socket.create_server(("127.0.0.1", 10809)); print("ready", flush=True)
for said in (b"", b"NBDMAGIC", b"HTTP/1.1 400 Bad", b"NBDMAGICIHAVEOPT", b"NBDMAGICIHAVEOPT\0\3", b"NBDMAGICIHAVEOPT\0\3" + bytes(10)):
    c, _ = s.accept(); c.sendall(said)
    if len(said) > 16: print(c.recv(100), flush=True)
    c.shutdown(1); c.close()
P
python3 nbd.py > log & until_true grep -q ready log
"#;
    prints(
        &format!(
            "{server}for n in 1 2 3 4 5 6; do $RB nbd-client -n -N disk 127.0.0.1 /dev/null 2>&1; done; wait; sed 1d log"
        ),
        "nbd-client: 127.0.0.1: Connection reset by peer\nnbd-client: 127.0.0.1: Connection reset by peer\n\
         nbd-client: 127.0.0.1: Protocol error\nnbd-client: 127.0.0.1: Connection reset by peer\n\
         nbd-client: 127.0.0.1: No such file or directory\nnbd-client: /dev/null: Inappropriate ioctl for device\n\
         b'\\x00\\x00\\x00\\x03IHAVEOPT\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x04disk'\nb'\\x00\\x00\\x00\\x03IHAVEOPT\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x04disk'\n",
    );
}
