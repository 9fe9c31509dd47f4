//! tftp and arping: against a server in Python and the neighbour of a pair of
//! interfaces.

use crate::harness::applet::{applet, reference};
use crate::harness::network::{available, prints};

/// A server of TFTP on port 6969: reads from and writes to /mnt/srv; of a file
/// called `lossy` every third packet is lost, with `stray` strangers mix in, and
/// `big` has no options.
const SERVER: &str = r##"
mkdir srv
cat > server.py <<'P'
import os, socket, struct, sys, threading
main = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); main.bind(("127.0.0.1", 6969))
def serve(request, peer):
    kind = struct.unpack(">H", request[:2])[0]
    words = request[2:].split(b"\0")
    name, options = words[0].decode(), dict(zip(words[2::2], words[3::2]))
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); s.settimeout(5)
    path = os.path.join("srv", name); size = 512; lost = 0
    if kind == 1 and not os.path.exists(path):
        s.sendto(struct.pack(">HH", 5, 1) + b"no such thing\0", peer); return
    agreed = b"blksize" in options and name != "big"
    if agreed:
        size = int(options[b"blksize"])
        s.sendto(struct.pack(">H", 6) + b"blksize\0" + str(size).encode() + b"\0", peer)
        if kind == 1: assert s.recv(9999) == b"\0\x04\0\0"
    if kind == 1:
        data = open(path, "rb").read()
        block = 1
        while True:
            piece = data[(block - 1) * size:block * size]
            packet = struct.pack(">HH", 3, block & 0xffff) + piece
            # every third packet gets lost: the client asks again
            lost += 1
            if name != "lossy" or lost % 3: s.sendto(packet, peer)
            if name == "stray":
                other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); other.bind(("127.0.0.1", 0))
                other.sendto(struct.pack(">HH", 3, block) + b"evil", peer)
            try: answer, _ = s.recvfrom(9999)
            except socket.timeout: return
            if struct.unpack(">HH", answer[:4]) == (4, block & 0xffff):
                block += 1
                if len(piece) < size: return
    else:
        if not agreed: s.sendto(b"\0\x04\0\0", peer)
        out = open(path, "wb"); expected = 1
        while True:
            packet = s.recv(99999)
            number = struct.unpack(">HH", packet[:4])[1]
            if number == expected & 0xffff: out.write(packet[4:]); expected += 1
            if len(packet) < size + 4: out.close()
            s.sendto(struct.pack(">HH", 4, number), peer)
            if len(packet) < size + 4: return
while True:
    request, peer = main.recvfrom(9999)
    threading.Thread(target=serve, args=(request, peer)).start()
P
python3 server.py & until_true sh -c 'grep -q :1B39 /proc/net/udp'
"##;

fn with_server(text: &str) -> String {
    format!("{SERVER}{text}")
}

#[test]
fn tftp_fetches_and_gives() {
    if !available("tftp_fetches_and_gives") {
        return;
    }
    for (text, expected) in [
        // nothing, less than a block, exactly two, many; with names and without
        (
            "for n in 0 5 512 1024 100000; do head -c $n /dev/urandom > srv/f
             $RB tftp -g -r f -l got 127.0.0.1 6969; cmp srv/f got; echo $? $(stat -c %s got); done",
            "0 0\n0 5\n0 512\n0 1024\n0 100000\n",
        ),
        (
            "head -c 200000 /dev/urandom > srv/f; $RB tftp -b 1428 -g -r f 127.0.0.1 6969; cmp srv/f f && echo same",
            "same\n",
        ),
        // a server without options
        (
            "head -c 3000 /dev/urandom > srv/big; $RB tftp -b 1024 -g -r big 127.0.0.1 6969; cmp srv/big big && echo same",
            "same\n",
        ),
        ("echo hello > srv/f; $RB tftp -g -l - -r f 127.0.0.1 6969", "hello\n"),
        (
            "head -c 70000 /dev/urandom > a; $RB tftp -p -l a 127.0.0.1 6969; cmp a srv/a && echo same
             $RB tftp -p -l a -r b -b 16384 127.0.0.1 6969; cmp a srv/b && echo same
             head -c 1024 a > c; $RB tftp -p -l c 127.0.0.1 6969; cmp c srv/c && echo same",
            "same\nsame\nsame\n",
        ),
        // more blocks than numbers
        (
            "head -c 600000 /dev/urandom > srv/f; $RB tftp -b 8 -g -r f 127.0.0.1 6969; cmp srv/f f && echo same",
            "same\n",
        ),
        // what is not there leaves nothing behind, and nothing broken
        (
            "echo old > got; $RB tftp -g -r none -l got 127.0.0.1 6969 2>err; echo $?; cat err got
             $RB tftp -g -r none -l new 127.0.0.1 6969 2>/dev/null; ls new 2>/dev/null",
            "1\ntftp: server error: (1) no such thing\nold\n",
        ),
    ] {
        prints(&with_server(text), expected);
    }
}

#[test]
fn tftp_survives_losses_and_strangers() {
    if !available("tftp_survives") || reference().is_some() {
        return;
    }
    let text = "head -c 2000 /dev/urandom > srv/stray; $RB tftp -g -r stray 127.0.0.1 6969; cmp srv/stray stray && echo same
        head -c 9000 /dev/urandom > srv/lossy; $RB tftp -g -r lossy 127.0.0.1 6969; cmp srv/lossy lossy && echo same";
    prints(&with_server(text), "same\nsame\n");
}

#[test]
fn tftp_usage() {
    if reference().is_some() {
        return;
    }
    applet("tftp").args(["-g", "-r", "f", "-b", "7", "h"]).stderr_has("bad blocksize").fails(1);
    applet("tftp").args(["-r", "f", "h"]).stderr_has("-g or -p").fails(2);
    applet("tftp").args(["-g", "h"]).stderr_has("which file?").fails(2);
    applet("tftp").args(["-g", "-r", "f"]).stderr_has("which host?").fails(2);
}

#[test]
fn arping_asks_the_network() {
    if !available("arping_asks_the_network") {
        return;
    }
    let pair =
        "pair; ip addr add 10.9.0.1/24 dev v0; there ip addr add 10.9.0.2/24 dev v1; sleep 0.3\n";
    for (text, expected) in [
        (
            "$RB arping -c 2 -I v0 10.9.0.2 | sed 's/ [0-9.]*ms$/ Tms/'; echo $?",
            "ARPING 10.9.0.2 from 10.9.0.1 v0\n\
             Unicast reply from 10.9.0.2 [02:00:00:00:00:02] Tms\n\
             Unicast reply from 10.9.0.2 [02:00:00:00:00:02] Tms\n\
             Sent 2 probe(s) (1 broadcast(s))\n\
             Received 2 response(s) (0 request(s), 0 broadcast(s))\n0\n",
        ),
        (
            "$RB arping -f -b -w 5 -I v0 -s 10.9.0.7 10.9.0.2 | sed 's/ [0-9.]*ms$/ Tms/'",
            "ARPING 10.9.0.2 from 10.9.0.7 v0\n\
             Unicast reply from 10.9.0.2 [02:00:00:00:00:02] Tms\n\
             Sent 1 probe(s) (1 broadcast(s))\n\
             Received 1 response(s) (0 request(s), 0 broadcast(s))\n",
        ),
        // nobody
        (
            "$RB arping -c 2 -I v0 10.9.0.3; echo $?",
            "ARPING 10.9.0.3 from 10.9.0.1 v0\nSent 2 probe(s) (2 broadcast(s))\n\
             Received 0 response(s) (0 request(s), 0 broadcast(s))\n1\n",
        ),
        // taken or not
        (
            "$RB arping -q -D -c 1 -w 2 -I v0 10.9.0.2; echo $?; $RB arping -q -D -c 1 -w 2 -I v0 10.9.0.3; echo $?",
            "1\n0\n",
        ),
        // the neighbour learns
        (
            "there ip neigh replace 10.9.0.1 lladdr 02:00:00:00:00:99 dev v1 nud stale
             $RB arping -q -U -c 1 -I v0 10.9.0.1; echo $?; there ip neigh show 10.9.0.1 | cut -d' ' -f5",
            "0\n02:00:00:00:00:01\n",
        ),
    ] {
        prints(&format!("{pair}{text}"), expected);
    }
    if reference().is_none() {
        prints("$RB arping -I lo 127.0.0.1 2>&1", "arping: interface lo is not ARPable\n");
        prints("$RB arping -I nope 10.0.0.1 2>&1", "arping: nope: No such device\n");
    }
}
