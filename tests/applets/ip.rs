//! ip: what it shows and changes, each in a network of its own.

use crate::harness::applet::{applet, reference};
use crate::harness::network::{available, prints, script};

/// Addresses, routes, neighbours and rules to look at, made with iproute2.
const MADE: &str = "
ip link add v0 address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02
ip link set v0 addrgenmode none up; ip link set v1 addrgenmode none up
ip a add 10.0.0.1/24 brd + dev v0 label v0:1; ip a add 10.0.0.9/24 dev v0
ip a add 10.1.0.1 peer 10.1.0.2/32 dev v0; ip a add fd00::1/64 dev v0 nodad
ip route add default via 10.0.0.2 metric 5; ip route add blackhole 10.7.0.0/16
ip route add 10.9.0.0/16 dev v0 onlink via 10.1.0.2 src 10.0.0.1 table 100
ip route add 10.55.0.0/16 nexthop via 10.0.0.3 weight 2 nexthop via 10.0.0.4
ip neigh add 10.0.0.77 lladdr 1:2:3:4:5:6 dev v0 nud permanent
ip rule add from 10.0.0.0/8 table 100 pref 77
ip rule add fwmark 0x7/0xff iif v0 lookup 100 pref 76
";

#[test]
fn what_it_shows() {
    if reference().is_some() || !available("ip") {
        return;
    }
    let cases = [
        (
            "-br addr",
            "lo               UNKNOWN        127.0.0.1/8 ::1/128 \nv1@v0            UP             \nv0@v1            UP             10.0.0.1/24 10.1.0.1 peer 10.1.0.2/32 10.0.0.9/24 fd00::1/64 \n",
        ),
        (
            "-br link show v0",
            "v0@v1            UP             02:00:00:00:00:01 <BROADCAST,MULTICAST,UP,LOWER_UP> \n",
        ),
        (
            "link show v0",
            "3: v0@v1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000\n    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n",
        ),
        (
            "-o link show v0",
            "3: v0@v1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000\\    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n",
        ),
        (
            "-j link show v0",
            "[{\"ifindex\":3,\"link\":\"v1\",\"ifname\":\"v0\",\"flags\":[\"BROADCAST\",\"MULTICAST\",\"UP\",\"LOWER_UP\"],\"mtu\":1500,\"qdisc\":\"noqueue\",\"operstate\":\"UP\",\"linkmode\":\"DEFAULT\",\"group\":\"default\",\"txqlen\":1000,\"link_type\":\"ether\",\"address\":\"02:00:00:00:00:01\",\"broadcast\":\"ff:ff:ff:ff:ff:ff\"}]\n",
        ),
        (
            "-p -j neigh show 10.0.0.77",
            "[ {\n        \"dst\": \"10.0.0.77\",\n        \"dev\": \"v0\",\n        \"lladdr\": \"01:02:03:04:05:06\",\n        \"state\": [ \"PERMANENT\" ]\n    } ]\n",
        ),
        ("-p -j neigh show 10.0.0.78", "[ ]\n"),
        (
            "-4 a show dev v0",
            "3: v0@v1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000\n    inet 10.0.0.1/24 brd 10.0.0.255 scope global v0:1\n       valid_lft forever preferred_lft forever\n    inet 10.1.0.1 peer 10.1.0.2/32 scope global v0\n       valid_lft forever preferred_lft forever\n    inet 10.0.0.9/24 scope global secondary v0\n       valid_lft forever preferred_lft forever\n",
        ),
        (
            "-o -4 addr show v0 to 10.0.0.9",
            "3: v0    inet 10.0.0.9/24 scope global secondary v0\\       valid_lft forever preferred_lft forever\n",
        ),
        (
            "-j -6 addr show v0",
            "[{\"ifindex\":3,\"link\":\"v1\",\"ifname\":\"v0\",\"flags\":[\"BROADCAST\",\"MULTICAST\",\"UP\",\"LOWER_UP\"],\"mtu\":1500,\"qdisc\":\"noqueue\",\"operstate\":\"UP\",\"group\":\"default\",\"txqlen\":1000,\"addr_info\":[{\"family\":\"inet6\",\"local\":\"fd00::1\",\"prefixlen\":64,\"scope\":\"global\",\"nodad\":true,\"valid_life_time\":4294967295,\"preferred_life_time\":4294967295}]}]\n",
        ),
        (
            "route",
            "default via 10.0.0.2 dev v0 metric 5 \n10.0.0.0/24 dev v0 proto kernel scope link src 10.0.0.1 \n10.1.0.2 dev v0 proto kernel scope link src 10.1.0.1 \nblackhole 10.7.0.0/16 \n10.55.0.0/16 \n\tnexthop via 10.0.0.3 dev v0 weight 2 \n\tnexthop via 10.0.0.4 dev v0 weight 1 \n",
        ),
        ("route show default", "default via 10.0.0.2 dev v0 metric 5 \n"),
        (
            "r s dev v0 scope link",
            "10.0.0.0/24 proto kernel src 10.0.0.1 \n10.1.0.2 proto kernel src 10.1.0.1 \n",
        ),
        ("route show table 100", "10.9.0.0/16 via 10.1.0.2 dev v0 src 10.0.0.1 onlink \n"),
        ("-6 route", "fd00::/64 dev v0 proto kernel metric 256 pref medium\n"),
        (
            "-j route show default",
            "[{\"dst\":\"default\",\"gateway\":\"10.0.0.2\",\"dev\":\"v0\",\"metric\":5,\"flags\":[]}]\n",
        ),
        ("route get 10.0.0.5", "10.0.0.5 dev v0 src 10.0.0.1 uid 0 \n    cache \n"),
        (
            "route get 127.0.0.1",
            "local 127.0.0.1 dev lo table local src 127.0.0.1 uid 0 \n    cache <local> \n",
        ),
        ("neigh", "10.0.0.77 dev v0 lladdr 01:02:03:04:05:06 PERMANENT \n"),
        ("rule show table 100 pref 77", "77:\tfrom 10.0.0.0/8 lookup 100\n"),
        ("rule show iif v0", "76:\tfrom all fwmark 0x7/0xff iif v0 lookup 100\n"),
        ("rule show from 10.0.0.0/9", ""),
        (
            "rule",
            "0:\tfrom all lookup local\n76:\tfrom all fwmark 0x7/0xff iif v0 lookup 100\n77:\tfrom 10.0.0.0/8 lookup 100\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n",
        ),
    ];
    for (words, expected) in cases {
        prints(&format!("{MADE}\n$RB ip {words}"), expected);
    }
}

/// Changes are looked at with iproute2.
#[test]
fn what_it_changes() {
    if reference().is_some() || !available("ip") {
        return;
    }
    let pair = "$RB ip link add v0 address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02\n";
    let up =
        "$RB ip link set v0 up; $RB ip link set dev v1 up; $RB ip addr add 10.0.0.1/24 dev v0\n";
    let cases = [
        (
            "$RB ip link set v0 mtu 1400 address 2:0:0:0:0:9 promisc on up; $RB ip link set v0 name w0 down; ip -o link show w0 | cut -d' ' -f2-5",
            "w0@v1: <BROADCAST,MULTICAST,PROMISC> mtu 1400\n",
        ),
        (
            "$RB ip link add br0 type bridge; $RB ip link set v0 master br0; ip -o link show master br0 | cut -d' ' -f2; $RB ip link set v0 nomaster; ip link show master br0; $RB ip link del br0; ip link show br0",
            "v0@v1:\n",
        ),
        (
            "$RB ip addr add 10.2.0.1/16 brd + dev v0; ip -o a show v0 to 10.2.0.1 | cut -d' ' -f7-10; $RB ip addr del 10.2.0.1/16 dev v0; ip -o a show v0 to 10.2.0.1",
            "10.2.0.1/16 brd 10.2.255.255 scope\n",
        ),
        (
            "$RB ip addr add 10.2.0.1 peer 10.2.0.2 dev v0; ip -o a show v0 | grep peer | cut -d' ' -f7-9",
            "10.2.0.1 peer 10.2.0.2/32\n",
        ),
        (
            "$RB ip -6 addr add fd00::5/64 dev v0 nodad; $RB ip a flush dev v0; ip -o a show v0 scope global | wc -l",
            "0\n",
        ),
        (
            "$RB ip route add default via 10.0.0.9; $RB ip route add 10.5.0.0/16 dev v0 metric 3 src 10.0.0.1; ip route",
            "default via 10.0.0.9 dev v0 \n10.0.0.0/24 dev v0 proto kernel scope link src 10.0.0.1 \n10.5.0.0/16 dev v0 scope link src 10.0.0.1 metric 3 \n",
        ),
        (
            "$RB ip route add 10.5/16 via 10.0.0.8; $RB ip route replace 10.5/16 via 10.0.0.7; ip route show 10.5/16; $RB ip route del 10.5.0.0/16; ip route show 10.5/16",
            "10.5.0.0/16 via 10.0.0.7 dev v0 \n",
        ),
        (
            "$RB ip route add 192.0.2.1 via 198.51.100.1 dev v0 onlink mtu 1280; ip route show 192.0.2.1",
            "192.0.2.1 via 198.51.100.1 dev v0 onlink mtu 1280 \n",
        ),
        (
            "$RB ip route add 10.6/16 via 10.0.0.8 table 7; ip route show table 7; $RB ip route flush table 7; ip route show table 7",
            "10.6.0.0/16 via 10.0.0.8 dev v0 \n",
        ),
        (
            "$RB ip route add default nexthop via 10.0.0.2 weight 3 nexthop via 10.0.0.3; ip route show default",
            "default \n\tnexthop via 10.0.0.2 dev v0 weight 3 \n\tnexthop via 10.0.0.3 dev v0 weight 1 \n",
        ),
        (
            "$RB ip neigh add 10.0.0.5 lladdr 2:2:2:2:2:2 dev v0; ip neigh show 10.0.0.5; $RB ip neigh del 10.0.0.5 dev v0; ip neigh show 10.0.0.5 nud permanent",
            "10.0.0.5 dev v0 lladdr 02:02:02:02:02:02 PERMANENT \n",
        ),
        (
            "$RB ip rule add from 10.0.0.0/8 lookup 9 pref 5; ip rule show pref 5; $RB ip rule del pref 5; ip rule show pref 5",
            "5:\tfrom 10.0.0.0/8 lookup 9\n",
        ),
    ];
    for (words, expected) in cases {
        prints(&format!("{pair}{up}{words}"), expected);
    }
}

#[test]
fn exit_statuses() {
    if reference().is_some() || !available("ip") {
        return;
    }
    applet("ip")
        .args(["link", "show", "nosuch"])
        .stderr_has("Device \"nosuch\" does not exist.")
        .fails(1);
    applet("ip").args(["link", "frob"]).stderr_has("Command \"frob\" is unknown").fails(255);
    applet("ip").args(["frob"]).stderr_has("Object \"frob\" is unknown").fails(1);
    applet("ip").args(["-frob", "a"]).stderr_has("Option \"-frob\" is unknown").fails(255);
    applet("ip")
        .args(["addr", "add", "1.2.3.4/33", "dev", "lo"])
        .stderr_has("prefix is expected")
        .fails(1);
    applet("ip")
        .args(["addr", "add", "1.2.3.4"])
        .stderr_has("\"dev\" argument is required")
        .fails(1);
    applet("ip")
        .args(["link", "set", "lo", "mtu"])
        .stderr_has("command line is not complete")
        .fails(1);
    let twice = script("$RB ip addr add 10.0.0.1/8 dev lo && $RB ip addr add 10.0.0.1/8 dev lo");
    assert_eq!(twice.status, 2);
    assert!(twice.stderr.contains("ip: RTNETLINK answers: File exists"), "{}", twice.stderr);
    assert_eq!(script("$RB ip route del 10.99.0.0/16").status, 2);
}

#[test]
fn families_and_short_lists() {
    if !available("families_and_short_lists") {
        return;
    }
    let text = "ip link add v0 address 02:00:00:00:00:01 type veth peer name v1; ip addr add 10.9.0.1/24 dev v0
        ip link set v0 up; ip link set v1 up; ip neigh add 10.9.0.9 lladdr 02:00:00:00:00:09 dev v0
        $IP -4 link show lo; $IP -6 -o link show v0 | cut -d' ' -f1-4; $IP -br neigh show nud permanent; $IP -br neigh show dev v0 nud permanent
        $IP -br -j neigh show nud permanent";
    let expected = "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n\
        3: v0@v1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu\n\
        10.9.0.9                                v0               02:00:00:00:00:09\n10.9.0.9                                02:00:00:00:00:09\n";
    let end = "[{\"dst\":\"10.9.0.9\",\"dev\":\"v0\",\"lladdr\":\"02:00:00:00:00:09\"}]\n";
    for ip in ["$RB ip", "ip"] {
        prints(&text.replace("$IP", ip), &format!("{expected}{end}"));
    }
}
