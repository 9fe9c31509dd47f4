//! `ip=dhcp` of PID 1, in a network where a server says a lot besides the
//! truth.

use super::prison::Prison;
use crate::harness::namespace;
use crate::harness::network::{available, prints};

#[test]
fn a_hostile_server_of_dhcp() {
    if !namespace::is_root("a_hostile_server_of_dhcp") || !available("a_hostile_server_of_dhcp") {
        return;
    }
    let python = include_str!("../data/hostile_dhcp.py");
    let own = "10.5.0.0/24 dev v0 proto kernel scope link src 10.5.0.20 \n";
    for (server, expected) in [
        ("plain", format!("10.5.0.20/24\n{own}")),
        ("overload", format!("10.5.0.20/24\ndefault via 10.5.0.1 dev v0 \n{own}")),
        ("spoofed", format!("10.5.0.20/24\n{own}")),
        ("texts", format!("10.5.0.20/24\n{own}")),
        ("lease=0", format!("10.5.0.20/24\n{own}")),
        (
            "routes",
            format!(
                "10.5.0.20/24\ndefault via 10.5.0.1 dev v0 \n{own}10.77.1.0/24 via 10.5.0.1 dev v0 \n"
            ),
        ),
    ] {
        let prison = Prison::new("dhcp", false);
        let console = prison.console("console");
        let command = prison.command(
            "ip=dhcp root=nfs:10.5.0.1:/srv rd.timeout=2 rd.shell=0 rd.emergency=reboot",
            &console,
            &[],
        );
        let mut line = String::new();
        for (name, value) in command.get_envs() {
            let value = value.unwrap_or_default();
            line += &format!("{}='{}' ", name.display(), value.display());
        }
        for word in std::iter::once(command.get_program()).chain(command.get_args()) {
            line += &format!(" '{}'", word.display());
        }
        let text = format!(
            "pair; there ip addr add 10.5.0.1/24 dev v1
             cat > /mnt/hostile.py <<'PY'\n{python}PY
             there python3 /mnt/hostile.py {server} > /mnt/server.log & until_true grep -q ready /mnt/server.log
             {line} >/mnt/out 2>&1 & P=$!
             until_true sh -c 'ip -4 addr show v0 | grep -q 10.5.0'
             ip -4 -o addr show v0 | cut -d' ' -f7; ip route
             wait $P; [ $? = 129 ] || cat /mnt/out; cat {} >&2",
            console.display()
        );
        prints(&text, &expected);
        let said = std::fs::read_to_string(&console).unwrap();
        assert!(!said.contains("66.6.6"), "{said}");
        assert!(
            !said.bytes().any(|b| b.is_ascii_control() && !b"\n\r\t\x1b".contains(&b)),
            "{said}"
        );
    }
}
