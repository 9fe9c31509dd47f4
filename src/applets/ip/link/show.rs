//! Links as `ip link show` prints them.

use crate::applet::{Error, Status};
use crate::net::address::{self, hardware};
use crate::net::links::{Link, ifla, name_of};
use crate::net::rtnl;

use super::super::Ip;
use super::super::sheet::Sheet;
use super::super::words::Words;
use super::{BOND, BRIDGE, IPVLAN, MACVLAN, Setting, VLAN, Wanted};

/// Flags in the order in which they are shown. ip/ipaddress.c.
const FLAGS: [(u32, &str); 18] = [
    (0x8, "LOOPBACK"),
    (0x2, "BROADCAST"),
    (0x10, "POINTOPOINT"),
    (0x1000, "MULTICAST"),
    (0x80, "NOARP"),
    (0x200, "ALLMULTI"),
    (0x100, "PROMISC"),
    (0x400, "MASTER"),
    (0x800, "SLAVE"),
    (0x4, "DEBUG"),
    (0x8000, "DYNAMIC"),
    (0x4000, "AUTOMEDIA"),
    (0x2000, "PORTSEL"),
    (0x20, "NOTRAILERS"),
    (0x1, "UP"),
    (0x10000, "LOWER_UP"),
    (0x20000, "DORMANT"),
    (0x40000, "ECHO"),
];

const STATES: [&str; 7] =
    ["UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"];

/// Kinds of hardware. linux/if_arp.h.
const KINDS: [(u16, &str); 11] = [
    (1, "ether"),
    (772, "loopback"),
    (65534, "none"),
    (512, "ppp"),
    (768, "ipip"),
    (769, "tunnel6"),
    (776, "sit"),
    (778, "gre"),
    (823, "gre6"),
    (32, "infiniband"),
    (280, "can"),
];

/// A row of statistics.
struct Row {
    key: &'static str,
    title: &'static str,
    /// Shown with `-s -s` only.
    errors: bool,
    /// Each with its key in JSON, its title, and its place in struct
    /// rtnl_link_stats64.
    columns: [(&'static str, &'static str, u8); 6],
}

const STATISTICS: [Row; 4] = [
    Row {
        key: "rx",
        title: "    RX:",
        errors: false,
        columns: [
            ("bytes", "bytes", 2),
            ("packets", "packets", 0),
            ("errors", "errors", 4),
            ("dropped", "dropped", 6),
            ("over_errors", "missed", 15),
            ("multicast", "mcast", 8),
        ],
    },
    Row {
        key: "",
        title: "    RX errors:",
        errors: true,
        columns: [
            ("", "", 0),
            ("length_errors", "length", 10),
            ("crc_errors", "crc", 12),
            ("frame_errors", "frame", 13),
            ("fifo_errors", "fifo", 14),
            ("missed_errors", "overrun", 11),
        ],
    },
    Row {
        key: "tx",
        title: "    TX:",
        errors: false,
        columns: [
            ("bytes", "bytes", 3),
            ("packets", "packets", 1),
            ("errors", "errors", 5),
            ("dropped", "dropped", 7),
            ("carrier_errors", "carrier", 17),
            ("collisions", "collsns", 9),
        ],
    },
    Row {
        key: "",
        title: "    TX errors:",
        errors: true,
        columns: [
            ("", "", 0),
            ("aborted_errors", "aborted", 16),
            ("fifo_errors", "fifo", 18),
            ("window_errors", "window", 20),
            ("heartbeat_errors", "heartbt", 19),
            ("carrier_changes", "transns", u8::MAX),
        ],
    },
];

impl Ip<'_, '_> {
    pub(super) fn link_show(&mut self, words: &mut Words<'_>) -> Result<Status, Error> {
        let mut wanted = Wanted::default();
        while let Some(word) = words.next() {
            if !self.wanted(&mut wanted, word, words)? {
                wanted.device = Some(word);
            }
        }
        let links = self.links(&wanted)?;
        let mut sheet = self.sheet();
        for link in links.iter().filter(|link| wanted.is(link)) {
            sheet.open("", b'{');
            if self.brief {
                self.brief_head(&mut sheet, link, &links);
                sheet.shown("address", "", &hardware(link.hardware()), " ");
                show_flags(&mut sheet, link, &links, "<", "> ");
                sheet.text(b"\n");
            } else {
                self.show_link(&mut sheet, link, &links, true);
            }
            sheet.close(b'}');
        }
        self.put(sheet)
    }

    pub(in crate::applets::ip) fn brief_head(
        &self,
        sheet: &mut Sheet,
        link: &Link,
        links: &[Link],
    ) {
        let mut name = Vec::new();
        if let Some((key, other)) = lower(link, links) {
            name = other;
            if self.json {
                if key == "link_index" {
                    sheet.number(key, "", link.number(ifla::LINK).unwrap_or(0), "");
                } else {
                    sheet.string(key, "", &name, "");
                }
            }
            name.insert(0, b'@');
        }
        if self.json {
            sheet.string("ifname", "", &link.name, "");
        } else {
            let mut text = [link.name.as_slice(), &name].concat();
            text.resize(text.len().max(16), b' ');
            sheet.string("", "", &text, " ");
        }
        let state = state(link);
        let pad = " ".repeat(14usize.saturating_sub(state.len()));
        sheet.string("operstate", "", state.as_bytes(), &format!("{pad} "));
    }

    /// Everything about a link. `mode` is for `ip link`.
    pub(in crate::applets::ip) fn show_link(
        &self,
        sheet: &mut Sheet,
        link: &Link,
        links: &[Link],
        mode: bool,
    ) {
        sheet.number("ifindex", "", link.index.into(), ": ");
        let lower = lower(link, links);
        if self.json {
            match &lower {
                Some(("link", name)) => sheet.string("link", "", name, ""),
                Some((key, _)) => sheet.number(key, "", link.number(ifla::LINK).unwrap_or(0), ""),
                None => {}
            }
            sheet.string("ifname", "", &link.name, "");
        } else {
            sheet.string("", "", &link.name, "");
            if let Some((_, name)) = &lower {
                sheet.string("", "@", name, "");
            }
            sheet.text(b": ");
        }
        show_flags(sheet, link, links, "<", "> ");
        if let Some(mtu) = link.number(ifla::MTU) {
            sheet.number("mtu", "mtu ", mtu, " ");
        }
        if let Some(qdisc) = link.text(ifla::QDISC) {
            sheet.string("qdisc", "qdisc ", qdisc, " ");
        }
        if let Some(master) = link.number(ifla::MASTER) {
            let name = name_of(links, u32::try_from(master).unwrap_or(0));
            sheet.string("master", "master ", &name, " ");
        }
        sheet.string("operstate", "state ", state(link).as_bytes(), " ");
        if mode {
            let mode = if link.number(ifla::MODE) == Some(1) { "DORMANT" } else { "DEFAULT" };
            sheet.string("linkmode", "mode ", mode.as_bytes(), " ");
        }
        match link.number(ifla::GROUP) {
            Some(0) => sheet.string("group", "group ", b"default", " "),
            Some(group) => sheet.shown("group", "group ", &group, " "),
            None => {}
        }
        if let Some(length) = link.number(ifla::QUEUE_LENGTH).filter(|n| *n > 0) {
            sheet.number("txqlen", "qlen ", length, "");
        }
        // `ip link` shows it whatever the family.
        let hardware = mode || self.family == 0 || self.is_family(libc::AF_PACKET) || self.details;
        if hardware {
            self.show_hardware(sheet, link);
        }
        if let Some(id) = link.number(ifla::LINK_NAMESPACE) {
            sheet.number("link_netnsid", " link-netnsid ", id, "");
        }
        if hardware && self.details {
            show_details(sheet, link, mode);
        }
        match self.statistics > 0 {
            true => sheet.line(),
            false => sheet.text(b"\n"),
        }
        if let Some(alias) = link.text(ifla::ALIAS)
            && (mode || self.details)
        {
            if !self.json {
                let end: &[u8] = if self.oneline { b"\\" } else { b"\n" };
                sheet.bytes.pop();
                sheet.text(end);
            }
            sheet.string("ifalias", "    alias ", alias, "\n");
        }
        if self.statistics > 0 {
            self.show_statistics(sheet, link);
        }
    }

    fn show_hardware(&self, sheet: &mut Sheet, link: &Link) {
        sheet.line();
        let kind = KINDS.iter().find(|(n, _)| *n == link.hardware_kind);
        match kind {
            Some((_, name)) => sheet.string("link_type", "    link/", name.as_bytes(), " "),
            None => {
                let name = format!("[{}]", link.hardware_kind);
                sheet.string("link_type", "    link/", name.as_bytes(), " ");
            }
        }
        // Tunnels have internet addresses there.
        let tunnel = matches!(link.hardware_kind, 768 | 776 | 778);
        let shown = |bytes: &[u8]| match address::from_bytes(bytes) {
            Some(ip) if tunnel => ip.to_string(),
            _ => hardware(bytes).to_string(),
        };
        if let Some(own) = link.get(ifla::ADDRESS) {
            sheet.string("address", "", shown(own).as_bytes(), "");
        }
        if let Some(broadcast) = link.get(ifla::BROADCAST) {
            if link.is(libc::IFF_POINTOPOINT) {
                sheet.text(b" peer ");
                if self.json {
                    sheet.yes("link_pointtopoint");
                }
            } else {
                sheet.text(b" brd ");
            }
            sheet.string("broadcast", "", shown(broadcast).as_bytes(), "");
        }
    }

    fn show_statistics(&self, sheet: &mut Sheet, link: &Link) {
        let bytes = link.get(ifla::STATISTICS).unwrap_or_default();
        let value = |place: u8| match place {
            // how often the carrier came and went has an attribute of its own
            u8::MAX => link.number(35).unwrap_or(0),
            _ => u64::from_ne_bytes(rtnl::part(bytes, usize::from(place) * 8)),
        };
        let mut widths = [10, 7, 6, 7, 7, 7];
        let rows = STATISTICS.iter().filter(|row| !row.errors || self.statistics > 1);
        for row in rows.clone() {
            for (width, (_, _, place)) in widths.iter_mut().zip(row.columns) {
                *width = value(place).to_string().len().max(*width);
            }
        }
        sheet.open("stats64", b'{');
        let count = rows.clone().count();
        for (at, row) in rows.enumerate() {
            if !row.errors {
                sheet.open(row.key, b'{');
            }
            let mut head = row.title.to_string();
            let mut line = "    ".to_string();
            for (i, ((key, name, place), width)) in row.columns.iter().zip(widths).enumerate() {
                if self.json && !name.is_empty() {
                    sheet.number(key, "", value(*place), "");
                } else if i == 0 {
                    let width = width + 4 - row.title.len();
                    head.push_str(&format!("{name:>width$}"));
                }
                let shown = value(*place).to_string();
                match (i, row.errors) {
                    (0, true) => line.push_str(&" ".repeat(width + 1)),
                    _ => line.push_str(&format!("{shown:>width$} ")),
                }
                if i > 0 {
                    head.push_str(&format!(" {name:>width$}"));
                }
            }
            head.push_str(if row.errors { "" } else { "           " });
            sheet.text(head.as_bytes());
            sheet.line();
            sheet.text(line.as_bytes());
            match at + 1 == count {
                true => sheet.text(b"\n"),
                false => sheet.line(),
            }
            if row.key.is_empty() == (self.statistics > 1) {
                sheet.close(b'}');
            }
        }
        sheet.close(b'}');
    }
}

/// What a link is on top of, or at the other end of: the JSON key and name.
fn lower(link: &Link, links: &[Link]) -> Option<(&'static str, Vec<u8>)> {
    let index = u32::try_from(link.number(ifla::LINK)?).ok()?;
    if index == 0 {
        return Some(("link", b"NONE".to_vec()));
    }
    if link.get(ifla::LINK_NAMESPACE).is_some() {
        return Some(("link_index", format!("if{index}").into_bytes()));
    }
    Some(("link", name_of(links, index)))
}

fn state(link: &Link) -> &'static str {
    let state = usize::try_from(link.number(ifla::STATE).unwrap_or(0)).unwrap_or(0);
    STATES.get(state).copied().unwrap_or("UNKNOWN")
}

fn show_flags(sheet: &mut Sheet, link: &Link, links: &[Link], before: &str, after: &str) {
    let mut names = Vec::new();
    let mut flags = link.flags;
    if link.is(libc::IFF_UP) && !link.is(libc::IFF_RUNNING) {
        names.push("NO-CARRIER");
    }
    flags &= !(libc::IFF_RUNNING as u32);
    for (flag, name) in FLAGS {
        if flags & flag != 0 {
            flags &= !flag;
            names.push(name);
        }
    }
    let rest = format!("{flags:x}");
    if flags != 0 {
        names.push(&rest);
    }
    let below = link.number(ifla::LINK).unwrap_or(0);
    if link.get(ifla::LINK_NAMESPACE).is_none()
        && below > 0
        && links.iter().any(|l| u64::from(l.index) == below && !l.is(libc::IFF_UP))
    {
        names.push("M-DOWN");
    }
    sheet.open("flags", b'[');
    sheet.text(before.as_bytes());
    for (i, name) in names.iter().enumerate() {
        sheet.string("", if i > 0 { "," } else { "" }, name.as_bytes(), "");
    }
    sheet.text(after.as_bytes());
    sheet.close(b']');
}

fn show_details(sheet: &mut Sheet, link: &Link, mode: bool) {
    sheet.number("promiscuity", " promiscuity ", link.number(ifla::PROMISCUITY).unwrap_or(0), " ");
    for (attribute, key, before) in
        [(61, "allmulti", " allmulti "), (50, "min_mtu", "minmtu "), (51, "max_mtu", "maxmtu ")]
    {
        if let Some(n) = link.number(attribute) {
            sheet.number(key, before, n, " ");
        }
    }
    let kind = link.software();
    if !kind.is_empty() {
        sheet.open("linkinfo", b'{');
        sheet.line();
        sheet.string("info_kind", "    ", kind, " ");
        let data = link.software_data();
        let settings: &[Setting] = match kind {
            b"bridge" => BRIDGE,
            b"bond" => BOND,
            b"vlan" => VLAN,
            b"macvlan" | b"macvtap" => MACVLAN,
            b"ipvlan" => IPVLAN,
            _ => &[],
        };
        if !settings.is_empty() {
            sheet.open("info_data", b'{');
        }
        if kind == b"vlan" {
            let protocol =
                u16::from_be_bytes(rtnl::part(rtnl::find(data, 5).unwrap_or_default(), 0));
            let name: &[u8] = if protocol == 0x88a8 { b"802.1ad" } else { b"802.1Q" };
            sheet.string("protocol", "protocol ", name, " ");
        }
        for (name, attribute, _, values) in settings {
            let Some(value) = rtnl::find_number(data, *attribute) else { continue };
            let word = values.iter().find(|(_, n)| u64::from(*n) == value);
            match word {
                Some((word, _)) => sheet.string(name, &format!("{name} "), word.as_bytes(), " "),
                None => sheet.number(name, &format!("{name} "), value, " "),
            }
        }
        if !settings.is_empty() {
            sheet.close(b'}');
        }
        sheet.close(b'}');
    }
    // IFLA_AF_SPEC, in it those of IPv6, in it how addresses are made
    let six = rtnl::find(link.get(26).unwrap_or_default(), libc::AF_INET6 as u16);
    if let Some(way) = rtnl::find_number(six.unwrap_or_default(), 8).filter(|_| mode) {
        let names = ["eui64", "none", "stable_secret", "random"];
        let name = usize::try_from(way).ok().and_then(|way| names.get(way)).unwrap_or(&"unknown");
        sheet.string("inet6_addr_gen_mode", "addrgenmode ", name.as_bytes(), " ");
    }
    for (attribute, key, before) in [
        (31, "num_tx_queues", "numtxqueues "),
        (32, "num_rx_queues", "numrxqueues "),
        (41, "gso_max_size", "gso_max_size "),
        (40, "gso_max_segs", "gso_max_segs "),
        (59, "tso_max_size", "tso_max_size "),
        (60, "tso_max_segs", "tso_max_segs "),
        (58, "gro_max_size", "gro_max_size "),
    ] {
        if let Some(n) = link.number(attribute) {
            sheet.number(key, before, n, " ");
        }
    }
    for (attribute, key, before) in
        [(57, "parentbus", "parentbus "), (56, "parentdev", "parentdev ")]
    {
        if let Some(name) = link.text(attribute) {
            sheet.string(key, before, name, " ");
        }
    }
}
