//! ifup and ifdown, in a network of their own.

use crate::harness::applet::{applet, reference};
use crate::harness::namespace::{Right, is_root, prints};
use crate::harness::scratch::Scratch;

const FILE: &str = "# two of them
auto lo v0
iface lo inet loopback

iface v0 inet static
    address 192.0.2.1
    netmask 255.255.255.192
    gateway 192.0.2.62
    metric 7
    mtu 1400
    hwaddress ether 02:00:00:00:00:01
    pre-up echo pre $IFACE $PHASE $MODE
    up echo up $METHOD $ADDRFAM $IF_ADDRESS $LOGICAL
    post-up echo more $VERBOSITY
    down echo down $PHASE
    post-down echo gone
iface v0 inet6 static
    address 2001:db8::1/64
source conf.d/*.cfg
mapping v1
    script /mnt/which
    map a b
iface fails inet manual
    pre-up echo first
    up false
    up echo never
iface bad inet nonsense
iface short inet static
    netmask 24
";

fn network(script: &str, expected: &str) {
    if reference().is_some() || !is_root("ifup") {
        return;
    }
    let text = format!(
        "mkdir bin run conf.d; mount --bind run /var/run; mount -t tmpfs none /etc/network 2>/dev/null
$RB --install -s bin; PATH=/mnt/bin:$PATH; export PATH; unset LC_ALL
cat > f <<'EOF'\n{FILE}EOF
printf 'iface home inet static\\naddress 10.1.2.3/24\\n' > conf.d/a.cfg; echo nonsense > conf.d/b.txt
printf '#!/bin/sh\\nread line; [ \"$line\" = \"a b\" ] && [ $1 = v1 ] && echo home\\n' > which; chmod +x which
cat > script <<'EOF'
ip link add v0 type veth peer name v1
{script}
EOF
unshare -n sh script 2>&1"
    );
    prints(Right::Root, &text, expected);
}

#[test]
fn up_and_down() {
    network(
        "ifup -i f -a; echo $?; ip -o addr show lo | grep -c 'inet 127.0.0.1/8'
         ip -o -4 addr show v0 | sed 's/.*inet/inet/; s/ *.valid.*//'; ip -o -6 addr show v0 | grep -o '2001:db8::1/64'
         ip link show v0 | grep -o 'mtu 1400'; ip link show v0 | grep -o '02:00:00:00:00:01'
         ip route show default | sed 's/linkdown //'; cat run/ifstate; ifup -i f v0; echo $?
         ifdown -i f v0; echo $?; ip -o addr show v0 | wc -l; ip link show v0 | grep -c 'state DOWN'
         cat run/ifstate; ifdown -i f v0; echo $?; ifdown -i f -a; cat run/ifstate",
        "pre v0 pre-up start\nup static inet 192.0.2.1 v0\nmore 0\n0\n1\n\
         inet 192.0.2.1/26 scope global v0\\\n2001:db8::1/64\nmtu 1400\n02:00:00:00:00:01\n\
         default via 192.0.2.62 dev v0 metric 7 \nlo=lo\nv0=v0\n\
         ifup: interface v0 already configured\n0\n\
         down down\ngone\n0\n0\n1\nlo=lo\nifdown: interface v0 not configured\n0\n",
    );
}

#[test]
fn names_of_other_names() {
    network(
        "ifup -i f v1; ip -o -4 addr show v1 | grep -o 'inet [^ ]*'; cat run/ifstate; ifdown -i f v1; cat run/ifstate
         ifup -i f v1=home; cat run/ifstate; ifdown -i f v1; ifup -m -i f v1; echo $?; ifup -i f nothing; echo $?",
        "inet 10.1.2.3/24\nv1=home\nv1=home\nifup: ignoring unknown interface v1\n1\n\
         ifup: ignoring unknown interface nothing\n1\n",
    );
}

#[test]
fn failures_and_dry_runs() {
    network(
        "ifup -i f fails; echo $?; cat run/ifstate 2>&1 | tail -c 27; ifup -i f bad; echo $?; ifup -i f short; echo $?
         ifup -n -i f v0; echo $?; ip -o addr show v0 | wc -l; ls run | grep -c ifstate
         mkdir -p /etc/network/if-up.d; printf '#!/bin/sh\\necho script $IFACE $PHASE\\n' > /etc/network/if-up.d/x
         chmod +x /etc/network/if-up.d/x; ifup -v -i f v1=home",
        "first\n1\n No such file or directory\nifup: bad: unknown method inet nonsense\n1\n\
         ifup: short: inet: no address is given\n1\n\
         echo pre $IFACE $PHASE $MODE\nip addr add 192.0.2.1/26 dev v0\n\
         ip link set mtu 1400 addr 02:00:00:00:00:01 v0 up\n\
         ip route add default via 192.0.2.62 dev v0 metric 7\n\
         echo up $METHOD $ADDRFAM $IF_ADDRESS $LOGICAL\necho more $VERBOSITY\n\
         ip -6 addr add 2001:db8::1/64 dev v0\nip link set v0 up\n0\n0\n0\n\
         ip addr add 10.1.2.3/24 dev v1\nip link set v1 up\nrun-parts /etc/network/if-up.d\nscript v1 up\n",
    );
}

#[test]
fn mistakes() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("ifup");
    let file = dir.file("f", "auto lo\nnonsense\n");
    let ifup = |args: &[&str]| applet("ifup").dir(dir.path()).args(args);
    ifup(&["-i", "f", "lo"]).stderr_has("f: line 2: not auto, iface, mapping or source").fails(1);
    ifup(&["-i", "nowhere", "-a"]).stderr_has("nowhere: No such file").fails(1);
    std::fs::write(file, "").unwrap();
    ifup(&["-i", "f"]).stderr_has("which interface?").fails(1);
    ifup(&["-i", "f", "-a", "lo"]).stderr_has("-a, or names").fails(1);
}
