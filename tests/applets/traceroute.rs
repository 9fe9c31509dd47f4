//! traceroute through two networks, with a router between them.

use crate::harness::applet::{applet, reference};
use crate::harness::network::{available, prints};

/// We are 10.9.0.1; behind the router 10.9.0.2 is 10.8.0.2. Errors are sent as
/// often as they are due.
const ROUTER: &str = r#"pair
ip addr add 10.9.0.1/24 dev v0; there ip addr add 10.9.0.2/24 dev v1
ip -6 addr add fd09::1/64 dev v0 nodad; there ip -6 addr add fd09::2/64 dev v1 nodad
unshare -n sleep 1000 & FAR=$!
while [ "$(readlink /proc/$FAR/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
far() { nsenter -t $FAR -n "$@"; }
there ip link add w0 type veth peer name w1; there ip link set w1 netns $FAR
there ip addr add 10.8.0.1/24 dev w0; there ip -6 addr add fd08::1/64 dev w0 nodad; there ip link set w0 up
far ip addr add 10.8.0.2/24 dev w1; far ip -6 addr add fd08::2/64 dev w1 nodad; far ip link set w1 up; far ip link set lo up
far ip route add default via 10.8.0.1; far ip -6 route add default via fd08::1
there sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
for who in there far; do $who sh -c 'echo 0 > /proc/sys/net/ipv4/icmp_ratelimit; echo 0 > /proc/sys/net/ipv6/icmp/ratelimit'; done
ip route add default via 10.9.0.2; ip -6 route add default via fd09::2
until_true ping -c 1 -W 1 10.8.0.2; until_true ping -6 -c 1 -W 1 fd08::2
times() { sed 's/  [0-9.]* ms/  T/g'; }
"#;

fn case(text: &str, expected: &str) {
    if available("traceroute") {
        prints(&format!("{ROUTER}{text}"), expected);
    }
}

#[test]
fn two_hops() {
    case(
        "$RB traceroute -n 10.8.0.2 | times; $RB traceroute -q 1 10.8.0.2 100 | times
         $RB traceroute -n -q 2 -f 2 -m 9 10.8.0.2 | times; $RB traceroute -n -s 10.9.0.1 -i v0 -q 1 10.8.0.2 | times
         $RB traceroute -n -q 1 -m 1 -w 1 -p 40000 10.8.0.2 | times; $RB traceroute -n -q 1 127.0.0.1 | times",
        "traceroute to 10.8.0.2 (10.8.0.2), 30 hops max, 46 byte packets\n 1  10.9.0.2  T  T  T\n 2  10.8.0.2  T  T  T\n\
         traceroute to 10.8.0.2 (10.8.0.2), 30 hops max, 100 byte packets\n 1  10.9.0.2 (10.9.0.2)  T\n 2  10.8.0.2 (10.8.0.2)  T\n\
         traceroute to 10.8.0.2 (10.8.0.2), 9 hops max, 46 byte packets\n 2  10.8.0.2  T  T\n\
         traceroute to 10.8.0.2 (10.8.0.2) from 10.9.0.1, 30 hops max, 46 byte packets\n 1  10.9.0.2  T\n 2  10.8.0.2  T\n\
         traceroute to 10.8.0.2 (10.8.0.2), 1 hops max, 46 byte packets\n 1  10.9.0.2  T\n\
         traceroute to 127.0.0.1 (127.0.0.1), 30 hops max, 46 byte packets\n 1  127.0.0.1  T\n",
    );
}

#[test]
fn echoes_and_ipv6() {
    if reference().is_some() {
        return;
    }
    case(
        "$RB traceroute -I -n 10.8.0.2 | times; $RB traceroute -6 -n -q 1 fd08::2 | times
         $RB traceroute6 -I -n -q 2 fd08::2 | times; $RB traceroute -I -n -q 1 -l 10.8.0.2 | times",
        "traceroute to 10.8.0.2 (10.8.0.2), 30 hops max, 46 byte packets\n 1  10.9.0.2  T  T  T\n 2  10.8.0.2  T  T  T\n\
         traceroute to fd08::2 (fd08::2), 30 hops max, 72 byte packets\n 1  fd09::2  T\n 2  fd08::2  T\n\
         traceroute to fd08::2 (fd08::2), 30 hops max, 72 byte packets\n 1  fd09::2  T  T\n 2  fd08::2  T  T\n\
         traceroute to 10.8.0.2 (10.8.0.2), 30 hops max, 46 byte packets\n 1  10.9.0.2  T (64)\n 2  10.8.0.2  T (63)\n",
    );
}

#[test]
fn what_stands_in_the_way() {
    // nobody, no way, not allowed
    case(
        "$RB traceroute -n -q 2 -w 1 -m 2 10.8.0.77 2>&1 | times | head -3
         there ip route add unreachable 10.7.0.0/24; $RB traceroute -n -q 2 10.7.0.1 | times
         there ip route add prohibit 10.6.0.0/24; $RB traceroute -n -q 1 -w 1 10.6.0.1 | grep -o '!A'
         there ip route add blackhole 10.5.0.0/24; $RB traceroute -n -q 1 -w 1 -m 1 10.5.0.1 | times; echo $?",
        "traceroute to 10.8.0.77 (10.8.0.77), 2 hops max, 46 byte packets\n 1  10.9.0.2  T  T\n 2  *  *\n\
         traceroute to 10.7.0.1 (10.7.0.1), 30 hops max, 46 byte packets\n 1  10.9.0.2  T !H  T !H\n\
         !A\n\
         traceroute to 10.5.0.1 (10.5.0.1), 1 hops max, 46 byte packets\n 1  *\n0\n",
    );
}

#[test]
fn strangers_are_passed_over() {
    if reference().is_some() {
        return;
    }
    // errors about other packets, and echoes that nobody asked for
    case(
        "cat > /mnt/noise.py <<'P'
import random, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
r = random.Random(1)
def icmp(kind, code, rest):
    body = struct.pack('>BBHI', kind, code, 0, 0) + rest
    total = sum(struct.unpack('>%dH' % (len(body) // 2), body)); total = (total & 0xffff) + (total >> 16); total += total >> 16
    return body[:2] + struct.pack('>H', ~total & 0xffff) + body[4:]
head = bytes([0x45, 0, 0, 46, 0, 0, 0, 0, 1, 17, 0, 0, 10, 9, 0, 1, 10, 8, 0, 2])
while True:
    s.sendto(icmp(11, 0, head + struct.pack('>HHI', r.randrange(1, 1024), 33435, 0)), ('10.9.0.1', 0))
    s.sendto(icmp(3, 3, head), ('10.9.0.1', 0))
    s.sendto(icmp(0, 0, bytes(20)), ('10.9.0.1', 0))
    s.sendto(icmp(3, 1, r.randbytes(r.randrange(0, 60) * 2)), ('10.9.0.1', 0))
P
        there python3 /mnt/noise.py & sleep 0.3
        $RB traceroute -n -q 2 10.8.0.2 | times; $RB traceroute -I -n -q 2 10.8.0.2 | times",
        "traceroute to 10.8.0.2 (10.8.0.2), 30 hops max, 46 byte packets\n 1  10.9.0.2  T  T\n 2  10.8.0.2  T  T\n\
         traceroute to 10.8.0.2 (10.8.0.2), 30 hops max, 46 byte packets\n 1  10.9.0.2  T  T\n 2  10.8.0.2  T  T\n",
    );
}

#[test]
fn usage() {
    applet("traceroute").args(["-m", "0", "1.1.1.1"]).stderr_has("not in 1..255 range").fails(1);
    applet("traceroute").args(["-m", "256", "1.1.1.1"]).stderr_has("not in 1..255 range").fails(1);
    if reference().is_none() {
        applet("traceroute")
            .args(["-f", "9", "-m", "8", "::1"])
            .stderr_has("first ttl (9)")
            .fails(1);
        applet("traceroute").stderr_has("which host?").fails(2);
        applet("traceroute").args(["-w", "x", "::1"]).stderr_has("not a number").fails(2);
        applet("traceroute").args(["::1", "x"]).stderr_has("not a size").fails(2);
    }
}
