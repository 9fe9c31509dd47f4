//! udhcpc against busybox's udhcpd in another network namespace.

use crate::harness::applet::{applet, reference};
use crate::harness::network::{available, prints};

/// The server gives out 10.5.0.20 to 10.5.0.22.
const SERVER: &str = r#"pair
there ip addr add 10.5.0.1/24 dev v1
cp -a /etc /mnt/etc && mount --bind /mnt/etc /etc && rm -f /etc/resolv.conf && : > /etc/resolv.conf
cat > /mnt/udhcpd.conf <<'X'
start 10.5.0.20
end 10.5.0.22
interface v1
lease_file /mnt/leases
pidfile /mnt/udhcpd.pid
option subnet 255.255.255.0
option router 10.5.0.1
option dns 10.5.0.53 10.5.0.54
option domain test.example
option lease 3600
option ntpsrv 10.5.0.7
option staticroutes 10.77.0.0/16 10.5.0.9, 0.0.0.0/0 10.5.0.1
min_lease 5
siaddr 10.5.0.1
sname boot.test
boot_file /pxe
X
touch /mnt/leases
server() { there busybox udhcpd -f /mnt/udhcpd.conf 2>/mnt/server.log & sleep 0.3; }
cat > /mnt/script <<'X'
#!/bin/sh
echo "$1 $interface $ip $subnet $mask $router $dns $domain $lease $serverid $siaddr $sname $boot_file" >> /mnt/events
env | grep -E '^(ntpsrv|staticroutes|opt)' | sort >> /mnt/events
X
chmod +x /mnt/script
"#;

fn case(text: &str, expected: &str) {
    if reference().is_some() || !available("udhcpc") {
        return;
    }
    prints(&format!("{SERVER}{text}"), expected);
}

#[test]
fn what_the_script_is_told() {
    case(
        "server; $RB udhcpc -i v0 -q -n -s /mnt/script -r 10.5.0.21 2>/dev/null; echo $?; cat /mnt/events",
        "0\ndeconfig v0           \n\
         bound v0 10.5.0.21 255.255.255.0 24 10.5.0.1 10.5.0.53 10.5.0.54 test.example 3600 10.5.0.1 10.5.0.1 boot.test /pxe\n\
         ntpsrv=10.5.0.7\nopt53=05\nstaticroutes=10.77.0.0/16 10.5.0.9 0.0.0.0/0 10.5.0.1\n",
    );
    case(
        "server; $RB udhcpc -i v0 -q -n -s /mnt/script -O staticroutes -o 2>/dev/null; grep -c staticroutes /mnt/events",
        "1\n",
    );
}

#[test]
fn without_a_script() {
    case(
        "server; $RB udhcpc -i v0 -qn 2>/dev/null; ip -4 -o addr show v0 | cut -d' ' -f7-9; ip route; cat /etc/resolv.conf",
        "10.5.0.20/24 brd 10.5.0.255\ndefault via 10.5.0.1 dev v0 \n10.5.0.0/24 dev v0 proto kernel scope link src 10.5.0.20 \n10.77.0.0/16 via 10.5.0.9 dev v0 \n\
         search test.example\nnameserver 10.5.0.53\nnameserver 10.5.0.54\n",
    );
}

#[test]
fn nobody_answers() {
    case(
        "$RB udhcpc -i v0 -n -t 2 -T 1 -s /mnt/script 2>/mnt/log; echo $?; cut -d' ' -f1 /mnt/events; grep -c discover /mnt/log",
        "1\ndeconfig\nleasefail\n2\n",
    );
    case(
        "$RB udhcpc -i v0 -b -t 1 -T 1 -A 1 -p /mnt/pid -s /mnt/script 2>/mnt/log; echo $?; kill -0 $(cat /mnt/pid) && echo alive
         server; until_true grep bound /mnt/events; kill $(cat /mnt/pid); until_true test ! -e /mnt/pid; cut -d' ' -f1 /mnt/events | uniq | head -3",
        "0\nalive\ndeconfig\nleasefail\nbound\n",
    );
}

#[test]
fn renewing_and_releasing() {
    case(
        "server; $RB udhcpc -i v0 -f -R -p /mnt/pid 2>/mnt/log & P=$!; until_true grep obtained /mnt/log
         ip -4 -o addr show v0 | grep -c 10.5.0
         kill -USR1 $(cat /mnt/pid); until_true test $(grep -c obtained /mnt/log) -eq 1 ; sleep 1; grep -c obtained /mnt/log
         kill -USR2 $(cat /mnt/pid); sleep 1; ip -4 -o addr show v0 | grep -c 10.5.0; grep -c 'release of 10.5.0.20' /mnt/log
         kill -USR1 $(cat /mnt/pid); until_true ip route get 8.8.8.8; kill $P; wait $P; ip -4 -o addr show v0 | grep -c 10.5.0",
        "1\n2\n0\n1\n0\n",
    );
    // a short lease is renewed at its half, with the interface script told
    case(
        "sed -i 's/lease 3600/lease 10/; s/min_lease 5/min_lease 10/' /mnt/udhcpd.conf; server
         $RB udhcpc -i v0 -f -s /mnt/script 2>/mnt/log & P=$!; until_true grep obtained /mnt/log; ip addr add 10.5.0.20/24 dev v0
         until_true grep renew /mnt/events; kill $P; cut -d' ' -f1 /mnt/events | grep -v =",
        "deconfig\nbound\nrenew\n",
    );
}

#[test]
fn an_address_that_somebody_has() {
    case(
        "there ip addr add 10.5.0.20/24 dev v1; server; $RB udhcpc -i v0 -q -n -a -t 2 -T 3 -s /mnt/script -r 10.5.0.20 2>/mnt/log
         grep -c 'is used by 02:00:00:00:00:02: declined' /mnt/log; grep -c bound /mnt/events",
        "1\n1\n",
    );
}

/// A server whose every answer comes behind forty that are none, and which is
/// strange itself.
fn hostile(server: &str, text: &str, expected: &str) {
    if reference().is_some() || !available("udhcpc") {
        return;
    }
    let python = include_str!("../data/hostile_dhcp.py");
    prints(
        &format!(
            "{SERVER}cat > /mnt/hostile.py <<'PY'\n{python}PY\n\
         there python3 /mnt/hostile.py {server} > /mnt/server.log & until_true grep -q ready /mnt/server.log\n{text}"
        ),
        expected,
    );
}

#[test]
fn answers_that_are_none() {
    let once = "$RB udhcpc -i v0 -q -n -t 3 -T 2 -s /mnt/script 2>/mnt/log; echo $?; cat /mnt/events; sort /mnt/server.log | uniq -c | tr -s ' '";
    let start = "0\ndeconfig v0           \nbound v0 10.5.0.20 255.255.255.0 24";
    let end = " 1 heard 1\n 1 heard 3\n 1 ready\n";
    let plain = "    3600 10.5.0.1   \nopt53=05\n";
    hostile("plain", once, &format!("{start}{plain}{end}"));
    hostile("end", once, &format!("{start} 10.5.0.1   3600 10.5.0.1   \nopt53=05\n{end}"));
    // options in the fields of file and name, which say so themselves
    hostile(
        "overload",
        once,
        &format!("{start} 10.5.0.1 10.5.0.53  3600 10.5.0.1   \nopt53=05\n{end}"),
    );
    hostile(
        "overload-nothing",
        once,
        &format!("{start}    3600 10.5.0.1  srv pxe\nopt53=05\n{end}"),
    );
    // another server confirms and refuses what this one has offered
    hostile("spoofed", once, &format!("{start}{plain}{end}"));
}

#[test]
fn times_of_a_lease() {
    for (case, variable, seconds) in [
        ("lease=0", "0", "10"),
        ("lease=0xffffffff", "4294967295", "4294967295"),
        ("lease", "1", "3600"),
    ] {
        // it sleeps, and does not ask again at once
        hostile(
            case,
            "$RB udhcpc -i v0 -f -s /mnt/script 2>/mnt/log & P=$!; until_true grep -q bound /mnt/events; sleep 1.5
             sed -n 's/^bound //p' /mnt/events | cut -d' ' -f8; sed -n 's/.*lease time //p' /mnt/log; grep -c heard /mnt/server.log
             read -a S < /proc/$P/stat; echo $((S[13] + S[14] < 30)); kill $P; wait $P; echo $?",
            &format!("{variable}\n{seconds}\n2\n1\n0\n"),
        );
    }
}

#[test]
fn a_lease_is_not_ended_by_whom_nobody_asked() {
    hostile(
        "nak",
        "$RB udhcpc -i v0 -f -s /mnt/script 2>/mnt/log & P=$!; until_true grep -q sent /mnt/server.log; sleep 0.5
         cut -d' ' -f1 /mnt/events | grep -v =; kill $P",
        "deconfig\nbound\n",
    );
}

#[test]
fn what_a_server_says_reaches_no_shell() {
    hostile(
        "texts",
        r#"cat > /mnt/careless <<'X'
#!/bin/sh
[ "$1" = bound ] || exit 0
env | grep -E '^(ip|hostname|domain|search|nisdomain|tftp|bootfile|boot_file|sname|rootpath|message)=' | sort | cat -v > /mnt/seen
eval "echo $hostname $domain $search $nisdomain $tftp" > /mnt/evaluated
X
        chmod +x /mnt/careless; ip=1.2.3.4 hostname=old $RB udhcpc -i v0 -qn -s /mnt/careless 2>/mnt/log; echo $?
        cat /mnt/seen /mnt/evaluated; ls /mnt/owned 2>/dev/null; grep -c '[[:cntrl:]]' /mnt/log"#,
        "0
boot_file=$(touch /mnt/owned)?ip=10.66.6.6?
bootfile=M-^[2J?
domain=bad
hostname=bad
ip=10.5.0.20
message=?]0;x?
nisdomain=bad
rootpath=/srv?ip=10.66.6.6?
search=bad
sname=`touch /mnt/owned`??[2J
tftp=bad
bad bad bad bad bad
0
",
    );
}

#[test]
fn what_a_server_says_without_a_script() {
    let once = "$RB udhcpc -i v0 -qn 2>/mnt/log; echo $?; ip -4 -o addr show v0 | cut -d' ' -f7; ip route; cat /etc/resolv.conf";
    let own = "10.5.0.0/24 dev v0 proto kernel scope link src 10.5.0.20 
";
    hostile(
        "texts",
        once,
        &format!(
            "0
10.5.0.20/24
{own}"
        ),
    );
    hostile(
        "search",
        once,
        &format!(
            "0
10.5.0.20/24
{own}"
        ),
    );
    // numbers of other lengths than they have
    hostile(
        "numbers",
        &format!("{once}; ip link show v0 | grep -o 'mtu [0-9]*'"),
        "0
10.5.0.20/8
10.0.0.0/8 dev v0 proto kernel scope link src 10.5.0.20 
mtu 1500
",
    );
    // routes that make no sense do not keep the others out
    hostile(
        "routes",
        once,
        &format!(
            "0
10.5.0.20/24
default via 10.5.0.1 dev v0 
{own}10.77.1.0/24 via 10.5.0.1 dev v0 
"
        ),
    );
}

#[test]
fn what_makes_no_sense() {
    if reference().is_some() {
        return;
    }
    applet("udhcpc").args(["-i", "nosuch"]).stderr_has("nosuch: No such device").fails(1);
    applet("udhcpc").args(["-r", "here"]).stderr_has("not an address").fails(2);
    applet("udhcpc").args(["-O", "nothing"]).stderr_has("not an option of DHCP").fails(2);
    applet("udhcpc").args(["-x", "mtu:x"]).stderr_has("not OPTION:VALUE").fails(2);
    applet("udhcpc").args(["-t", "x"]).fails(2);
}
