//! Devices of networks by their old tools: brctl, tunctl, nameif, vconfig.

use crate::harness::applet::{applet, reference};
use crate::harness::network::{available, prints};

fn case(text: &str, expected: &str) {
    if available("netdevices") {
        prints(text, expected);
    }
}

const PORTS: &str = "ip link add a0 address 02:00:00:00:00:0a type veth peer name a1
    ip link add b0 address 02:00:00:00:00:0b type veth peer name b1\n";

#[test]
fn bridges_are_made_and_removed() {
    case(
        &format!(
            "{PORTS}$RB brctl addbr br0; echo $?; $RB brctl addbr br0 2>&1; echo $?
             $RB brctl addif br0 a0 b0; echo $?; $RB brctl addif br0 a0 2>&1; echo $?
             ip -br link show master br0 | cut -c1-3; $RB brctl delif br0 a0; echo $?
             ip -br link show master br0 | cut -c1-3; $RB brctl delbr br0; echo $?; ip -br link show type bridge
             $RB brctl addif br0 nosuch 2>&1 | cut -c1-6; $RB brctl nonsense br0 2>&1"
        ),
        "0\nbrctl: bridge br0: File exists\n1\n0\nbrctl: bridge br0: Device or resource busy\n1\n\
         a0@\nb0@\n0\nb0@\n0\nbrctl:\nbrctl: invalid argument 'nonsense' to 'brctl'\n",
    );
    if reference().is_some() {
        return;
    }
    case(
        &format!(
            "{PORTS}$RB brctl addbr br0; ip link set br0 up; $RB brctl delbr br0 2>&1; $RB brctl delbr a0 2>&1
             $RB brctl delif br0 a0 2>&1; $RB brctl addif br0 nosuch 2>&1; $RB brctl addif br9 a0 2>&1"
        ),
        "brctl: bridge br0: Device or resource busy\nbrctl: bridge a0: No such device or address\n\
         brctl: bridge br0: Invalid argument\nbrctl: iface nosuch: No such device\n\
         brctl: bridge br9: No such device or address\n",
    );
}

#[test]
fn bridges_are_shown_and_changed() {
    if reference().is_some() {
        return;
    }
    case(
        &format!(
            "mount -t sysfs none /sys; {PORTS}$RB brctl show; $RB brctl addbr br0; $RB brctl addbr br1; $RB brctl addif br0 a0 b0
             $RB brctl stp br0 yes; $RB brctl setfd br0 4; $RB brctl sethello br0 2.5; $RB brctl setmaxage br0 10
             $RB brctl setageing br0 100; $RB brctl setbridgeprio br0 5; $RB brctl setpathcost br0 a0 7
             $RB brctl setportprio br0 b0 3; $RB brctl hairpin br0 b0 on
             cd /sys/class/net/br0; grep . bridge/stp_state bridge/forward_delay bridge/hello_time bridge/max_age bridge/ageing_time brif/a0/path_cost brif/b0/priority brif/b0/hairpin_mode
             $RB brctl show | sed 's/0[0-9a-f.]*0a/ID/'; $RB brctl show br1; $RB brctl show br9; echo $?
             $RB brctl showmacs br0 | sed 's/ *[0-9.]*[0-9]$/ T/'; $RB brctl stp br0 maybe; echo $?"
        ),
        "bridge name\tbridge id\t\tSTP enabled\tinterfaces\n\
         bridge/stp_state:1\nbridge/forward_delay:400\nbridge/hello_time:250\nbridge/max_age:1000\n\
         bridge/ageing_time:10000\nbrif/a0/path_cost:7\nbrif/b0/priority:3\nbrif/b0/hairpin_mode:1\n\
         bridge name\tbridge id\t\tSTP enabled\tinterfaces\nbr0\t\tID\tyes\t\ta0\n\t\t\t\t\t\t\tb0\nbr1\t\t8000.000000000000\tno\t\t\n\
         bridge name\tbridge id\t\tSTP enabled\tinterfaces\nbr1\t\t8000.000000000000\tno\t\t\n1\n\
         port no\tmac addr\t\tis local?\tageing timer\n  1\t02:00:00:00:00:0a\tyes\t\t T\n  2\t02:00:00:00:00:0b\tyes\t\t T\n1\n",
    );
}

#[test]
fn taps() {
    if reference().is_some() || !std::path::Path::new("/dev/net/tun").exists() {
        return;
    }
    case(
        "$RB tunctl; $RB tunctl -t foo -u 1000 -g 5; $RB tunctl -b; $RB tunctl -b -n; ip -br link | cut -d' ' -f1
         mount -t sysfs none /sys; cat /sys/class/net/foo/owner /sys/class/net/foo/group | tr '\\n' ' '; echo
         $RB tunctl -d foo; ip link show foo 2>&1; $RB tunctl -n -d tun0; $RB tunctl -t lo 2>&1; echo $?
         $RB tunctl -t a-name-that-is-too-long 2>&1; $RB tunctl -f /dev/null 2>&1; $RB tunctl -u nosuch 2>&1 | head -1",
        "Set 'tap0' persistent and owned by uid 0\nSet 'foo' persistent and owned by uid 1000 gid 5\ntap1\ntun0\nlo\ntap0\nfoo\ntap1\ntun0\n\
         1000 5 \nSet 'foo' nonpersistent\nDevice \"foo\" does not exist.\nSet 'tun0' nonpersistent\ntunctl: lo: Invalid argument\n1\n\
         tunctl: a-name-that-is-too-long: No such device\ntunctl: tap%d: Inappropriate ioctl for device\ntunctl: nosuch: no such user\n",
    );
}

#[test]
fn names_by_hardware_address() {
    case(
        "ip link add e5 address 02:00:00:00:00:33 type veth peer name e6 address 02:00:00:00:00:34
         $RB nameif lan 02:00:00:00:00:33; echo $?; ip -br link | cut -d@ -f1 | cut -d' ' -f1
         printf '# names\\nwan 02:00:00:00:00:33 # the outside\\n\\ndmz\\t02:00:00:00:00:34\\n' > mactab; $RB nameif -c mactab; echo $?
         ip -br link | cut -d@ -f1 | cut -d' ' -f1; $RB nameif x 02:00:00:00:00:99; echo $?; $RB nameif x 2>/dev/null; echo $(($? > 0))
         $RB nameif x 02:zz 2>&1",
        "0\nlo\ne6\nlan\n0\nlo\ndmz\nwan\n0\n1\nnameif: can't parse 02:zz\n",
    );
}

#[test]
fn vlans() {
    for (args, word) in [
        (&["add", "lo", "4096"][..], "number 4096 is not in 0..4095 range"),
        (&["set_flag", "lo", "2", "1"], "number 2 is not in 0..1 range"),
        (&["set_egress_map", "lo", "2", "8"], "number 8 is not in 0..7 range"),
    ] {
        applet("vconfig").args(args).stderr_has(word).fails(1);
    }
    if reference().is_some() {
        return;
    }
    applet("vconfig").args(["add", "lo"]).fails(2);
    applet("vconfig").args(["nonsense"]).stderr_has("nonsense: not a command").fails(2);
    applet("vconfig").args(["set_name_type", "X"]).stderr_has("not a type of names").fails(2);
    // the kernel's answer, where it knows VLANs and where it does not
    case(
        "$RB vconfig rem nosuch 2>&1 | grep -c 'vconfig: ioctl error for rem: [NP]'
         ip link add d0 type veth peer name d1; if ip link add link d0 name d0.9 type vlan id 9 2>/dev/null; then
         $RB vconfig set_name_type DEV_PLUS_VID_NO_PAD; $RB vconfig add d0 5; ip -d link show d0.5 | grep -o 'id 5'; $RB vconfig rem d0.5; ip link show d0.5 2>&1
         else printf 'id 5\\nDevice \"d0.5\" does not exist.\\n'; fi",
        "1\nid 5\nDevice \"d0.5\" does not exist.\n",
    );
}
