//! ifconfig, route, arp, hostname, ping, nc, nslookup, telnet, netstat, ss:
//! each in a network of its own. What busybox says as well holds for it.

use crate::harness::applet::{against_busybox, applet, reference};
use crate::harness::network::{available, prints};

fn case(text: &str, expected: &str) {
    if available("network") {
        prints(text, expected);
    }
}

/// Only for this program.
fn own(text: &str, expected: &str) {
    if reference().is_none() {
        case(text, expected);
    }
}

const LINK: &str =
    "ip link add v0 address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02
ip link set v0 addrgenmode none; ip link set v1 addrgenmode none up\n";

fn link(text: &str, expected: &str) {
    case(&format!("{LINK}{text}"), expected);
}

#[test]
fn ifconfig_sets() {
    let show = "ip -o -4 addr show v0 | cut -d' ' -f7- | cut -d'\\' -f1";
    link(
        &format!("$RB ifconfig v0 10.3.0.1; {show}"),
        "10.3.0.1/8 brd 10.255.255.255 scope global v0\n",
    );
    link(
        &format!(
            "$RB ifconfig v0 10.3.0.1 netmask 255.255.255.0; {show}; ip -o link show v0 | grep -c LOWER_UP"
        ),
        "10.3.0.1/24 brd 10.3.0.255 scope global v0\n1\n",
    );
    link(
        &format!("$RB ifconfig v0 10.3.0.1/20; {show}"),
        "10.3.0.1/20 brd 10.3.15.255 scope global v0\n",
    );
    link(
        &format!("$RB ifconfig v0:1 10.4.0.1/24; {show}; $RB ifconfig v0:1 down; {show}"),
        "10.4.0.1/24 brd 10.4.0.255 scope global v0:1\n",
    );
    link(&format!("$RB ifconfig v0 10.3.0.1; $RB ifconfig v0 0.0.0.0; {show}"), "");
    link("ip link set v0 down; $RB ifconfig v0 0.0.0.0; ip -o link show v0 | grep -c ,UP", "1\n");
    link(
        &format!("$RB ifconfig v0 10.3.0.1 pointopoint 10.3.0.2; {show}"),
        "10.3.0.1 peer 10.3.0.2/32 brd 10.255.255.255 scope global v0\n",
    );
    link(
        "$RB ifconfig v1 hw ether 02:02:02:02:02:02 mtu 1400 promisc -arp; ip -o link show v1 | grep -o 'NOARP,PROMISC.* mtu 1400'; ip -o link show v1 | grep -o 'ether [^ ]*'",
        "NOARP,PROMISC,UP,M-DOWN> mtu 1400\nether 02:02:02:02:02:02\n",
    );
    link("$RB ifconfig v1 down; ip -o link show v1 | grep -c UP", "0\n");
    link(
        "$RB ifconfig v0 add fd00::7/64; ip -o -6 addr show v0 | cut -d' ' -f7; $RB ifconfig v0 del fd00::7/64; ip -o -6 addr show v0",
        "fd00::7/64\n",
    );
}

#[test]
fn ifconfig_shows() {
    link(
        "ip addr add 10.0.0.1/24 brd + dev v0; $RB ifconfig v0",
        "v0        Link encap:Ethernet  HWaddr 02:00:00:00:00:01  \n          inet addr:10.0.0.1  Bcast:10.0.0.255  Mask:255.255.255.0\n          \
         BROADCAST MULTICAST  MTU:1500  Metric:1\n          RX packets:0 errors:0 dropped:0 overruns:0 frame:0\n          \
         TX packets:0 errors:0 dropped:0 overruns:0 carrier:0\n          collisions:0 txqueuelen:1000 \n          RX bytes:0 (0.0 B)  TX bytes:0 (0.0 B)\n\n",
    );
    case(
        "$RB ifconfig | head -3",
        "lo        Link encap:Local Loopback  \n          inet addr:127.0.0.1  Mask:255.0.0.0\n          inet6 addr: ::1/128 Scope:Host\n",
    );
    link("$RB ifconfig -a | grep -c encap; $RB ifconfig | grep -c encap", "3\n2\n");
    applet("ifconfig")
        .args(["nosuch"])
        .stderr_has("nosuch: error fetching interface information: Device not found")
        .fails(1);
}

#[test]
fn routes() {
    let up = "ip addr add 10.0.0.1/24 dev v0; ip link set v0 up\n";
    let title = "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n";
    link(
        &format!(
            "{up}$RB route add default gw 10.0.0.9; $RB route add -net 10.6.0.0 netmask 255.255.0.0 dev v0; $RB route add -host 5.5.5.5 dev v0; $RB route add 10.7.0.0 gw 10.0.0.2; $RB route -n"
        ),
        &format!(
            "{title}0.0.0.0         10.0.0.9        0.0.0.0         UG    0      0        0 v0\n\
                  5.5.5.5         0.0.0.0         255.255.255.255 UH    0      0        0 v0\n\
                  10.0.0.0        0.0.0.0         255.255.255.0   U     0      0        0 v0\n\
                  10.6.0.0        0.0.0.0         255.255.0.0     U     0      0        0 v0\n\
                  10.7.0.0        10.0.0.2        255.255.255.255 UGH   0      0        0 v0\n"
        ),
    );
    link(
        &format!(
            "{up}$RB route add default gw 10.0.0.9 metric 4; ip route show default; $RB route del default; ip route show default"
        ),
        "default via 10.0.0.9 dev v0 metric 4 \n",
    );
    link(
        &format!(
            "{up}$RB route add -net 192.168.0.0 dev v0; $RB route add -net 10.9.0.0/16 gw 10.0.0.2; ip route show 192.168.0.0/24; ip route show 10.9.0.0/16"
        ),
        "192.168.0.0/24 dev v0 scope link \n10.9.0.0/16 via 10.0.0.2 dev v0 \n",
    );
    link(
        &format!(
            "{up}$RB route add -net 10.6.0.1 netmask 255.255.0.0 dev v0 2>/dev/null; echo $?; $RB route del 99.0.0.0 2>/dev/null; echo $?"
        ),
        "1\n1\n",
    );
    link(
        &format!("{up}$RB route -A inet6 add fd88::/64 dev v0; ip -6 route show fd88::/64"),
        "fd88::/64 dev v0 metric 1024 pref medium\n"
            .replace("metric 1024", if against_busybox() { "metric 1" } else { "metric 1024" })
            .as_str(),
    );
}

#[test]
fn neighbours() {
    let up = "ip addr add 10.0.0.1/24 dev v0; ip link set v0 up\n";
    link(
        &format!(
            "{up}$RB arp -s 10.0.0.3 1:2:3:4:5:6; $RB arp -an; ip neigh; $RB arp -d 10.0.0.3; ip neigh show nud permanent"
        ),
        "? (10.0.0.3) at 01:02:03:04:05:06 [ether] PERM on v0\n10.0.0.3 dev v0 lladdr 01:02:03:04:05:06 PERMANENT \n",
    );
    link(
        &format!(
            "{up}ip neigh add proxy 10.0.0.77 dev v0; $RB arp -n -A inet -H ether; $RB arp -n -i lo"
        ),
        "? (10.0.0.77) at * PERM PUP on v0\nNo match found in 1 entries\n",
    );
    own("$RB arp -H x25; $RB arp -A inet6; $RB route -A x25", "");
}

#[test]
fn names() {
    let host = "unshare -u bash -c 'mount --bind /mnt/hosts /etc/hosts; mount --bind /mnt/hosts /etc/resolv.conf; ";
    let hosts = "printf '127.0.0.1 localhost\\n10.1.2.3 box.example.org box\\n' > hosts\n";
    let run = |text: &str, expected: &str| {
        case(&format!("{hosts}{host}$RB hostname box; {text}'"), expected)
    };
    run("$RB hostname", "box\n");
    run(
        "$RB hostname -f; $RB hostname -d; $RB dnsdomainname; $RB hostname -s",
        "box.example.org\nexample.org\nexample.org\nbox\n",
    );
    run("$RB hostname -i", "10.1.2.3\n");
    run("$RB hostname a.b.c; $RB hostname; $RB hostname -s", "a.b.c\na\n");
    run(
        "$RB hostname -a; $RB hostname nosuch; $RB hostname -f 2>&1; echo $?; $RB hostname -d; $RB dnsdomainname",
        "box\nhostname: nosuch: unknown host\n1\n",
    );
    run(
        "$RB hostname \"\"; $RB hostname -b; $RB hostname -y; $RB hostname -b -F nosuch && echo set",
        "box\nset\n",
    );
    run("printf \"# name\\nother\\n\" > /mnt/f; $RB hostname -F /mnt/f; $RB hostname", "other\n");
}

#[test]
fn routes_that_reject() {
    own(
        "$RB route add -net 10.0.0.0/8 reject; route -n | tail -n1 | grep -o '!'; route del -net 10.0.0.0/8 reject; ip route
         route add -net 10.0.0.0/8 reject; $RB route del -net 10.0.0.0/8 reject; ip route; $RB ifconfig lo metric 1 2>&1; echo $?",
        "!\nifconfig: SIOCSIFMETRIC: Operation not supported\n1\n",
    );
}

#[test]
fn pings() {
    own(
        "python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); s.settimeout(20); print(s.recv(999)[-5:].hex())' &
         sleep 0.5; $RB ping -q -c 1 -s 16 -p 0aff 127.0.0.1 > /dev/null; wait; $RB ping -p xyz 127.0.0.1 2>&1 | head -1",
        "ff0aff0aff\nping: xyz: not 1 to 16 bytes in hexadecimal\n",
    );
    case(
        "$RB ping -c 1 -q 127.0.0.1 | head -4",
        "PING 127.0.0.1 (127.0.0.1): 56 data bytes\n\n--- 127.0.0.1 ping statistics ---\n1 packets transmitted, 1 packets received, 0% packet loss\n",
    );
    case(
        "$RB ping -c 2 -i 0.2 -s 100 127.0.0.1 | sed 's/time=.*/T/' | head -3",
        "PING 127.0.0.1 (127.0.0.1): 100 data bytes\n108 bytes from 127.0.0.1: seq=0 ttl=64 T\n108 bytes from 127.0.0.1: seq=1 ttl=64 T\n",
    );
    case(
        "$RB ping6 -c 1 ::1 | sed 's/time=.*/T/' | head -2",
        "PING ::1 (::1): 56 data bytes\n64 bytes from ::1: seq=0 ttl=64 T\n",
    );
    case(
        "$RB ping -c 1 -W 1 192.0.2.1 >/dev/null 2>&1; echo $?; $RB ping -c 1 nosuch. 2>&1; echo $?",
        "1\nping: bad address 'nosuch.'\n1\n",
    );
    own("$RB ping -4 -c 1 localhost | head -1", "PING localhost (127.0.0.1): 56 data bytes\n");
    link(
        "ip addr add 10.0.0.1/24 dev v0; ip link set v0 up; $RB ping -c 2 -W 1 -w 3 10.0.0.7 | tail -1",
        "2 packets transmitted, 0 packets received, 100% packet loss\n",
    );
}

#[test]
fn netcats() {
    case(
        "$RB nc -l -p 999 > got & sleep 0.3; echo hello | $RB nc -w 2 127.0.0.1 999; wait; cat got",
        "hello\n",
    );
    case(
        "$RB nc -l -p 999 -e /bin/echo from server & sleep 0.3; $RB nc 127.0.0.1 999 < /dev/null",
        "from server\n",
    );
    case(
        "$RB nc -l -p 999 > got & sleep 0.3; $RB nc 127.0.0.1 999 -e /bin/echo client says; wait; cat got",
        "client says\n",
    );
    case(
        "$RB nc -l -p 999 -s 127.0.0.1 > got & sleep 0.3; head -c 300000 /dev/zero | $RB nc -w 2 127.0.0.1 999; wait; wc -c < got",
        "300000\n",
    );
    case(
        "$RB nc -u -l -p 999 > got & P=$!; sleep 0.3; echo ping | timeout 1 $RB nc -u -w 1 127.0.0.1 999; sleep 0.2; kill $P; cat got",
        "ping\n",
    );
    case("$RB nc 127.0.0.1 999 < /dev/null 2>/dev/null; echo $?", "1\n");
    own(
        "$RB nc -lU s > got & sleep 0.3; echo by name | $RB nc -U s; wait; cat got; $RB nc -U none 2>&1; echo $?",
        "by name\nnc: none: No such file or directory\n1\n",
    );
    own(
        "$RB nc -u -l -U s -W 1 & sleep 0.3; echo datagram | $RB nc -u -q 0 -U s; wait",
        "datagram\n",
    );
    own(
        "$RB nc -t -l -p 999 -e sh -c 'test -t 0 && stty size; exit 3' & P=$!; sleep 0.3; sleep 1 | $RB nc 127.0.0.1 999; wait $P; echo $?",
        "0 0\r\n3\n",
    );
    own(
        "sleep 3 | $RB nc -l -p 999 & sleep 0.3; sleep 3 | { $RB nc -W 1 127.0.0.1 999; echo $?; }",
        "0\n",
    );
    own(
        "$RB nc -l -p 999 sh -c 'echo its \"$1\"' x -v & sleep 0.3; $RB nc 127.0.0.1 999 < /dev/null",
        "its -v\n",
    );
    own(
        "$RB nc -L -p 999 echo again & sleep 0.3; for i in 1 2; do $RB nc 127.0.0.1 999 < /dev/null; done; kill %1",
        "again\nagain\n",
    );
    case("$RB nc -w 1 -l -p 999 2>/dev/null; echo $?", "1\n");
    own(
        "$RB nc -l -p 999 & sleep 0.3; $RB nc -z 127.0.0.1 999; echo $?; $RB nc -z 127.0.0.1 998; echo $?",
        "0\n1\n",
    );
    own(
        "$RB nc -lk -p 999 -e /bin/echo again & sleep 0.3; for i in 1 2; do $RB nc 127.0.0.1 999 < /dev/null; done; kill %1",
        "again\nagain\n",
    );
    own("$RB nc -z 127.0.0.1 997-998; echo $?", "1\n");
    own(
        "mkfifo p; $RB nc -l -p 999 < p | /bin/cat > p & sleep 0.3; echo echo | $RB nc -w 1 127.0.0.1 999",
        "echo\n",
    );
}

#[test]
fn name_servers() {
    // dnsmasq answers for one domain
    let server = "cp -a /etc /mnt/etc; mount --bind /mnt/etc /etc; rm -f /etc/resolv.conf; echo nameserver 127.0.0.1 > /etc/resolv.conf; echo search example.test >> /etc/resolv.conf
        dnsmasq -k --conf-file=/dev/null --no-resolv --no-hosts --bind-interfaces --listen-address=127.0.0.1 --user=root --pid-file=/mnt/p --log-facility=/mnt/log \
        --address=/www.example.test/10.1.1.1 --host-record=six.example.test,fd00::6 --txt-record=t.example.test,hello --cname=alias.example.test,six.example.test --local=/test/ --mx-host=example.test,mail.example.test,5 --host-record=h.example.test,10.9.9.9 &
        sleep 0.7\n";
    let run = |text: &str, expected: &str| own(&format!("{server}{text}"), expected);
    run(
        "$RB nslookup h.example.test",
        "Server:\t\t127.0.0.1\nAddress:\t127.0.0.1:53\n\nName:\th.example.test\nAddress: 10.9.9.9\n\n\n",
    );
    run(
        "$RB nslookup -type=txt t.example.test 127.0.0.1 | tail -2",
        "t.example.test\ttext = \"hello\"\n\n",
    );
    run("$RB nslookup 10.9.9.9 | tail -2", "9.9.9.10.in-addr.arpa\tname = h.example.test\n\n");
    run(
        "$RB nslookup nothing.test; echo $?",
        "Server:\t\t127.0.0.1\nAddress:\t127.0.0.1:53\n\n** server can't find nothing.test: NXDOMAIN\n\n1\n",
    );
    run(
        "$RB nslookup -type=mx example.test | tail -2",
        "example.test\tmail exchanger = 5 mail.example.test\n\n",
    );
    // the search list, and aliases
    run(
        "ip addr add 10.9.9.9/32 dev lo; $RB ping -c1 -q h | head -1",
        "PING h (10.9.9.9): 56 data bytes\n",
    );
    run(
        "ip addr add fd00::6/128 dev lo; $RB ping -6 -c1 -q alias.example.test | head -1",
        "PING alias.example.test (fd00::6): 56 data bytes\n",
    );
    own(
        "$RB nslookup -timeout=1 -retry=1 x 192.0.2.1; echo $?",
        "Server:\t\t192.0.2.1\nAddress:\t192.0.2.1:53\n\n;; connection timed out; no servers could be reached\n\n1\n",
    );
}

#[test]
fn a_telnet_client() {
    own(
        "busybox nc -l -p 999 -e /bin/echo hello & sleep 0.3; $RB telnet 127.0.0.1 999 < /dev/null | tr -d '\\r'",
        "\nConnected to 127.0.0.1\nhello\nConnection closed by foreign host\n",
    );
    own(
        "sleep 2 | busybox nc -l -p 999 > got & sleep 0.3; (printf 'GET /\\n'; sleep 0.5) | timeout 1 $RB telnet 127.0.0.1 999 > /dev/null; od -c got | head -1",
        "0000000   G   E   T       /  \\r  \\n\n",
    );
    case("$RB telnet 127.0.0.1 999 2>/dev/null; echo $?", "1\n");
}

#[test]
fn sockets() {
    own(
        "$RB nc -l -p 999 -s 127.0.0.1 & sleep 0.3; $RB netstat -tln",
        "Active Internet connections (only servers)\nProto Recv-Q Send-Q Local Address           Foreign Address         State       \ntcp        0      0 127.0.0.1:999           0.0.0.0:*               LISTEN      \n",
    );
    own(
        "$RB nc -l -p 999 -s 127.0.0.1 & sleep 0.3; $RB netstat -tlnp | tail -1 | grep -c '/rescuebox$'; $RB ss -tlnH | tr -s ' '",
        // (/proc/net does not tell the backlog, which iproute2 prints)
        "1\nLISTEN 0 0 127.0.0.1:999 0.0.0.0:*\n",
    );
    case(
        "$RB netstat -rn | head -2",
        "Kernel IP routing table\nDestination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n",
    );
    own("$RB netstat -i | tail -1 | cut -c1-20", "lo        65536   0 \n");
}
