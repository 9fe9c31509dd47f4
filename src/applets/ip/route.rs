//! `ip route`.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use crate::applet::{Error, Status};
use crate::net::address;
use crate::net::links::{self, ACK, CREATE, DUMP, Link, REPLACE, kind, name_of, rta};
use crate::net::rtnl::{self, Message, Request};

use super::Ip;
use super::sheet::Sheet;
use super::words::{
    Names, PROTOCOLS, SCOPES, Words, answer, failure, name_or_number, number_of, table_name,
    table_number, wrong,
};

/// What a route does. linux/rtnetlink.h.
const TYPES: Names = &[
    ("unspec", 0),
    ("unicast", 1),
    ("local", 2),
    ("broadcast", 3),
    ("anycast", 4),
    ("multicast", 5),
    ("blackhole", 6),
    ("unreachable", 7),
    ("prohibit", 8),
    ("throw", 9),
];

/// Metrics that can be given, with their numbers: RTAX_MTU...
const METRICS: [(&str, u16); 9] = [
    ("mtu", 2),
    ("window", 3),
    ("rtt", 4),
    ("rttvar", 5),
    ("ssthresh", 6),
    ("cwnd", 7),
    ("advmss", 8),
    ("hoplimit", 10),
    ("initcwnd", 11),
];

/// RTNH_F_DEAD and so on, as they are shown.
const FLAGS: [(u32, &str); 5] =
    [(1, "dead"), (4, "onlink"), (2, "pervasive"), (8, "offload"), (16, "linkdown")];

const MAIN: u32 = 254;
const LOCAL: u32 = 255;
/// RTM_F_CLONED: from the cache, as answers to "get" are.
const CLONED: u32 = 0x200;

/// Which routes.
#[derive(Default)]
struct Filter {
    table: u32,
    to: Option<(IpNetwork, Match)>,
    device: Option<u32>,
    via: Option<IpAddr>,
    source: Option<IpAddr>,
    protocol: Option<u8>,
    scope: Option<u8>,
    kind: Option<u8>,
    metric: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    Exact,
    Root,
    Covers,
}

/// A route as the kernel tells it.
struct Seen<'a> {
    fixed: [u8; 12],
    attributes: &'a [u8],
    table: u32,
}

impl<'a> Seen<'a> {
    fn read(message: &Message<'a>) -> Option<Seen<'a>> {
        let (fixed, attributes) = message.split(12)?;
        let fixed: [u8; 12] = fixed.try_into().ok()?;
        let [_, _, _, _, table, ..] = fixed;
        let table = rtnl::find_number(attributes, rta::TABLE)
            .map_or(u32::from(table), |table| u32::try_from(table).unwrap_or(0));
        Some(Seen { fixed, attributes, table })
    }

    fn family(&self) -> u8 {
        self.fixed[0]
    }

    fn flags(&self) -> u32 {
        u32::from_ne_bytes(rtnl::part(&self.fixed, 8))
    }

    fn ip(&self, attribute: u16) -> Option<IpAddr> {
        rtnl::find(self.attributes, attribute).and_then(address::from_bytes)
    }

    fn number(&self, attribute: u16) -> Option<u64> {
        rtnl::find_number(self.attributes, attribute)
    }

    /// Where it leads, with its length.
    fn to(&self) -> (IpAddr, u8) {
        let any = if self.family() == libc::AF_INET6 as u8 { [0; 16].as_slice() } else { &[0; 4] };
        let ip = self.ip(rta::DESTINATION).or_else(|| address::from_bytes(any));
        (ip.unwrap_or(IpAddr::V4([0; 4].into())), self.fixed[1])
    }

    fn is_wanted(&self, filter: &Filter, family: u8) -> bool {
        if family != 0 && self.family() != family || self.flags() & CLONED != 0 {
            return false;
        }
        let six = self.family() == libc::AF_INET6 as u8;
        let [_, _, _, _, _, protocol, scope, kind, ..] = self.fixed;
        if filter.table != 0 && filter.table != self.table {
            return false;
        }
        // Multicast routes of IPv6 are not of the main table.
        if !six && !matches!(self.family(), 2) {
            return false;
        }
        let (ip, prefix) = self.to();
        let right = match filter.to {
            None => true,
            Some((net, how)) => {
                address::family(net.ip()) == self.family()
                    && match how {
                        Match::Exact => prefix == net.prefix() && ip == net.network(),
                        Match::Root => prefix >= net.prefix() && net.contains(ip),
                        Match::Covers => {
                            prefix <= net.prefix()
                                && address::network(ip, prefix)
                                    .is_some_and(|wide| wide.contains(net.ip()))
                        }
                    }
            }
        };
        right
            && filter.device.is_none_or(|i| self.number(rta::OUT) == Some(i.into()))
            && filter.via.is_none_or(|via| self.ip(rta::GATEWAY) == Some(via))
            && filter.source.is_none_or(|ip| self.ip(rta::PREFERRED_SOURCE) == Some(ip))
            && filter.metric.is_none_or(|n| self.number(rta::METRIC) == Some(n.into()))
            && filter.protocol.is_none_or(|p| p == protocol)
            && filter.scope.is_none_or(|s| s == scope)
            && filter.kind.is_none_or(|k| k == kind)
    }

    fn show(&self, sheet: &mut Sheet, links: &[Link], filter: &Filter, details: bool) {
        let [_, _, from_length, tos, _, protocol, scope, kind, ..] = self.fixed;
        let six = self.family() == libc::AF_INET6 as u8;
        let name = |index: u64| name_of(links, u32::try_from(index).unwrap_or(0));
        sheet.open("", b'{');
        if kind != 1 || details {
            sheet.string("type", "", name_or_number(TYPES, kind).as_bytes(), " ");
        }
        let (ip, prefix) = self.to();
        sheet.string("dst", "", target(ip, prefix).as_bytes(), " ");
        if let Some(from) = self.ip(rta::SOURCE) {
            let text =
                target(from, if from_length == 0 { address::bits(from) } else { from_length });
            sheet.string("from", "from ", text.as_bytes(), " ");
        }
        if tos != 0 {
            sheet.shown("tos", "tos ", &format_args!("{tos:#x}"), " ");
        }
        if let Some(gateway) = self.ip(rta::GATEWAY) {
            if filter.via.is_none() {
                sheet.shown("gateway", "via ", &gateway, " ");
            }
        } else if let Some(via) = rtnl::find(self.attributes, rta::VIA) {
            let family = u16::from_ne_bytes(rtnl::part(via, 0));
            if let Some(ip) = address::from_bytes(via.get(2..).unwrap_or_default()) {
                let family: &[u8] =
                    if i32::from(family) == libc::AF_INET6 { b"inet6" } else { b"inet" };
                sheet.open("via", b'{');
                sheet.string("family", "via ", family, " ");
                sheet.shown("host", "", &ip, " ");
                sheet.close(b'}');
            }
        }
        if let Some(out) = self.number(rta::OUT)
            && filter.device.is_none()
        {
            sheet.string("dev", "dev ", &name(out), " ");
        }
        if filter.table == 0 && self.table != MAIN {
            sheet.string("table", "table ", table_name(self.table).as_bytes(), " ");
        }
        if filter.protocol.is_none() && (protocol != 3 && protocol != 0 || details) {
            let name = name_or_number(PROTOCOLS, protocol);
            if self.flags() & CLONED == 0 || six {
                sheet.string("protocol", "proto ", name.as_bytes(), " ");
            }
        }
        if filter.scope.is_none() && (scope != 0 && self.flags() & CLONED == 0 || details) {
            sheet.string("scope", "scope ", name_or_number(SCOPES, scope).as_bytes(), " ");
        }
        if let Some(source) = self.ip(rta::PREFERRED_SOURCE).filter(|_| filter.source.is_none()) {
            sheet.shown("prefsrc", "src ", &source, " ");
        }
        if let Some(metric) = self.number(rta::METRIC).filter(|_| filter.metric.is_none()) {
            sheet.number("metric", "metric ", metric, " ");
        }
        sheet.open("flags", b'[');
        for (flag, name) in FLAGS {
            if self.flags() & flag != 0 {
                sheet.string("", "", name.as_bytes(), " ");
            }
        }
        sheet.close(b']');
        if let Some(mark) = self.number(rta::MARK) {
            sheet.shown("mark", "mark ", &format_args!("{mark:#x}"), " ");
        }
        if let Some(uid) = self.number(rta::UID) {
            sheet.number("uid", "uid ", uid, " ");
        }
        if self.flags() & CLONED != 0 && !six {
            sheet.line();
            sheet.open("cache", b'[');
            sheet.text(b"    cache ");
            if kind == 2 {
                sheet.string("", "<", b"local", "> ");
            }
            sheet.close(b']');
        }
        if let Some(metrics) = rtnl::find(self.attributes, rta::METRICS) {
            show_metrics(sheet, metrics);
        }
        if let Some(index) = self.number(rta::IN) {
            sheet.string("iif", "iif ", &name(index), " ");
        }
        if let Some(hops) = rtnl::find(self.attributes, rta::MULTIPATH) {
            show_hops(sheet, hops, &name);
        }
        if six && let Some(preference) = self.number(rta::PREFERENCE) {
            let word: &[u8] = match preference {
                1 => b"high",
                3 => b"low",
                _ => b"medium",
            };
            sheet.string("pref", "pref ", word, "");
        }
        sheet.text(b"\n");
        sheet.close(b'}');
    }
}

/// The type of a word that is no number, as the first bytes of a prefix are.
fn named_type(word: &[u8]) -> Option<u8> {
    word.first().filter(|b| b.is_ascii_alphabetic())?;
    number_of(TYPES, word)
}

/// A prefix as `ip route` writes it.
fn target(ip: IpAddr, prefix: u8) -> String {
    match prefix {
        0 => "default".into(),
        n if n == address::bits(ip) => ip.to_string(),
        n => format!("{ip}/{n}"),
    }
}

fn show_metrics(sheet: &mut Sheet, metrics: &[u8]) {
    sheet.open("metrics", b'[');
    sheet.open("", b'{');
    for (name, attribute) in METRICS {
        if let Some(value) = rtnl::find_number(metrics, attribute) {
            sheet.number(name, &format!("{name} "), value, " ");
        }
    }
    sheet.close(b'}');
    sheet.close(b']');
}

/// struct rtnexthop: length, flags, hops, interface, attributes.
fn show_hops(sheet: &mut Sheet, mut hops: &[u8], name: &dyn Fn(u64) -> Vec<u8>) {
    sheet.open("nexthops", b'[');
    while hops.len() >= 8 {
        let length = usize::from(u16::from_ne_bytes(rtnl::part(hops, 0)));
        let Some(hop) = hops.get(..length).filter(|hop| hop.len() >= 8) else { break };
        let [flags, weight] = rtnl::part(hop, 2);
        sheet.open("", b'{');
        sheet.line();
        sheet.text(b"\tnexthop ");
        let attributes = hop.get(8..).unwrap_or_default();
        if let Some(ip) = rtnl::find(attributes, rta::GATEWAY).and_then(address::from_bytes) {
            sheet.shown("gateway", "via ", &ip, " ");
        }
        let index = u32::from_ne_bytes(rtnl::part(hop, 4));
        sheet.string("dev", "dev ", &name(index.into()), " ");
        sheet.number("weight", "weight ", u64::from(weight) + 1, " ");
        sheet.open("flags", b'[');
        for (flag, name) in FLAGS {
            if u32::from(flags) & flag != 0 {
                sheet.string("", "", name.as_bytes(), " ");
            }
        }
        sheet.close(b']');
        sheet.close(b'}');
        hops = hops.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    sheet.close(b']');
}

impl Ip<'_, '_> {
    pub(super) fn route(&mut self, words: &mut Words<'_>) -> Result<Status, Error> {
        let names =
            "show list lst add change chg replace append prepend delete del get flush test help";
        match self.command(words, "route", names)? {
            0..=2 => self.route_show(words, false),
            3 => self.route_change(words, kind::NEW_ROUTE, CREATE),
            4 | 5 => self.route_change(words, kind::NEW_ROUTE, ACK | libc::NLM_F_REPLACE),
            6 => self.route_change(words, kind::NEW_ROUTE, REPLACE),
            7 => self.route_change(
                words,
                kind::NEW_ROUTE,
                ACK | libc::NLM_F_CREATE | libc::NLM_F_APPEND,
            ),
            8 => self.route_change(words, kind::NEW_ROUTE, ACK | libc::NLM_F_CREATE),
            9 | 10 => self.route_change(words, kind::DELETE_ROUTE, ACK),
            11 => self.route_get(words),
            12 => self.route_show(words, true),
            13 => self.route_change(words, kind::NEW_ROUTE, ACK | libc::NLM_F_EXCL),
            _ => self.help(),
        }
    }

    fn route_filter(&mut self, words: &mut Words<'_>) -> Result<Filter, Error> {
        let mut filter = Filter { table: MAIN, ..Filter::default() };
        while let Some(word) = words.next() {
            match word {
                b"table" => {
                    let word = words.value()?;
                    filter.table = match word {
                        b"all" => 0,
                        b"cache" => return Err(failure("routes are not cached any more")),
                        _ => table_number(word).ok_or_else(|| wrong("table", word))?,
                    };
                }
                b"dev" | b"oif" => filter.device = Some(words.device(&mut self.kernel)?.index),
                b"via" => filter.via = Some(words.address()?),
                b"src" => filter.source = Some(words.address()?),
                b"metric" | b"priority" | b"preference" => {
                    filter.metric = Some(words.number("metric")?);
                }
                b"proto" | b"protocol" => {
                    let word = words.value()?;
                    let number = number_of(PROTOCOLS, word);
                    filter.protocol = Some(number.ok_or_else(|| wrong("protocol", word))?);
                }
                b"scope" => {
                    let word = words.value()?;
                    filter.scope = match word {
                        b"all" => None,
                        _ => Some(number_of(SCOPES, word).ok_or_else(|| wrong("scope", word))?),
                    };
                }
                b"type" => {
                    let word = words.value()?;
                    filter.kind = Some(number_of(TYPES, word).ok_or_else(|| wrong("type", word))?);
                }
                b"root" => filter.to = Some((words.network(self.family)?, Match::Root)),
                b"match" => filter.to = Some((words.network(self.family)?, Match::Covers)),
                b"exact" | b"to" => {
                    if words.peek() == Some(b"root".as_slice()) {
                        continue;
                    }
                    filter.to = Some((words.network(self.family)?, Match::Exact));
                }
                b"cache" | b"cloned" => return Err(failure("routes are not cached any more")),
                _ => match named_type(word) {
                    Some(kind) => filter.kind = Some(kind),
                    None => {
                        filter.to = Some((super::words::network(word, self.family)?, Match::Exact));
                    }
                },
            }
            if let Some((net, _)) = filter.to
                && self.family == 0
                && word != b"default"
            {
                self.family = address::family(net.ip());
            }
        }
        Ok(filter)
    }

    fn route_show(&mut self, words: &mut Words<'_>, flush: bool) -> Result<Status, Error> {
        if flush && words.is_empty() {
            return Err(failure("\"ip route flush\" requires arguments."));
        }
        let filter = self.route_filter(words)?;
        let family = match self.family {
            0 if filter.table != 0 => libc::AF_INET as u8,
            family => family,
        };
        let links = links::list(&mut self.kernel).map_err(answer)?;
        let mut sheet = self.sheet();
        let details = self.details;
        let mut removals = Vec::new();
        let request =
            Request::new(kind::GET_ROUTE, DUMP, &[family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let done = self.kernel.ask(request, &mut |message| {
            let Some(route) = Seen::read(message).filter(|r| r.is_wanted(&filter, family)) else {
                return;
            };
            if flush {
                let mut request = Request::new(kind::DELETE_ROUTE, ACK, &[]);
                request.put_struct(message.body);
                removals.push(request);
            } else {
                route.show(&mut sheet, &links, &filter, details);
            }
        });
        done.map_err(answer)?;
        for request in removals {
            match self.kernel.change(request) {
                Ok(()) | Err(nix::errno::Errno::ESRCH | nix::errno::Errno::ENOENT) => {}
                Err(errno) => return Err(answer(errno)),
            }
        }
        if flush { Ok(Status::OK) } else { self.put(sheet) }
    }

    fn route_change(
        &mut self,
        words: &mut Words<'_>,
        what: u16,
        how: i32,
    ) -> Result<Status, Error> {
        let delete = what == kind::DELETE_ROUTE;
        let (mut to, mut via, mut source) = (None, None, None);
        let (mut table, mut kind, mut scope, mut protocol) = (None, None, None, None);
        let (mut index, mut metric, mut flags, mut tos) = (None, None, 0u32, 0);
        let mut metrics: Vec<(u16, u32)> = Vec::new();
        let mut hops: Vec<(Option<IpAddr>, Option<u32>, u8, u8)> = Vec::new();
        while let Some(word) = words.next() {
            match word {
                b"via" | b"gw" => {
                    if matches!(words.peek(), Some(b"inet" | b"inet6")) {
                        words.next();
                    }
                    via = Some(words.address()?);
                }
                b"dev" | b"oif" => index = Some(words.device(&mut self.kernel)?.index),
                b"src" => source = Some(words.address()?),
                b"metric" | b"priority" | b"preference" => metric = Some(words.number("metric")?),
                b"onlink" => flags |= 4,
                b"pervasive" => flags |= 2,
                b"tos" | b"dsfield" => tos = u8::try_from(words.number("tos")?).unwrap_or(0),
                b"table" => {
                    let word = words.value()?;
                    table = Some(table_number(word).ok_or_else(|| wrong("table", word))?);
                }
                b"proto" | b"protocol" => {
                    let word = words.value()?;
                    let number = number_of(PROTOCOLS, word);
                    protocol = Some(number.ok_or_else(|| wrong("protocol", word))?);
                }
                b"scope" => {
                    let word = words.value()?;
                    scope = Some(number_of(SCOPES, word).ok_or_else(|| wrong("scope", word))?);
                }
                b"type" => {
                    let word = words.value()?;
                    kind = Some(number_of(TYPES, word).ok_or_else(|| wrong("type", word))?);
                }
                b"nexthop" => {
                    let mut hop = (None, None, 0, 0);
                    loop {
                        match words.peek() {
                            Some(b"via") => {
                                words.next();
                                hop.0 = Some(words.address()?);
                            }
                            Some(b"dev") => {
                                words.next();
                                hop.1 = Some(words.device(&mut self.kernel)?.index);
                            }
                            Some(b"weight") => {
                                words.next();
                                let weight = words.number("weight")?.wrapping_sub(1);
                                hop.2 = u8::try_from(weight).map_err(|_| wrong("weight", b""))?;
                            }
                            Some(b"onlink") => {
                                words.next();
                                hop.3 |= 4;
                            }
                            _ => break,
                        }
                    }
                    hops.push(hop);
                }
                b"mtu" | b"advmss" | b"window" | b"rtt" | b"cwnd" | b"hoplimit" | b"initcwnd"
                | b"ssthresh" | b"rttvar" => {
                    if words.peek() == Some(b"lock".as_slice()) {
                        words.next();
                    }
                    let metric = METRICS.iter().find(|(name, _)| name.as_bytes() == word);
                    let value = words.number("metric")?;
                    metrics.extend(metric.map(|(_, attribute)| (*attribute, value)));
                }
                _ => {
                    let word = if word == b"to" { words.value()? } else { word };
                    if let Some(number) = named_type(word) {
                        kind = Some(number);
                        continue;
                    }
                    if to.is_some() {
                        return Err(wrong("keyword", word));
                    }
                    let family = match (self.family, via) {
                        (0, Some(via)) => address::family(via),
                        (family, _) => family,
                    };
                    to = Some((word, super::words::network(word, family)?));
                }
            }
        }
        let Some((word, mut to)) = to else {
            return Err(failure("need a destination"));
        };
        // "default via fd00::1" is of IPv6
        if let Some(via) = via.or_else(|| hops.first().and_then(|hop| hop.0))
            && to.prefix() == 0
            && self.family == 0
        {
            to = super::words::network(word, address::family(via)).unwrap_or(to);
        }
        let family = address::family(to.ip());
        let four = family == libc::AF_INET as u8;
        let kind = kind.unwrap_or(u8::from(!delete));
        let table = table.unwrap_or(if matches!(kind, 2..=4) { LOCAL } else { MAIN });
        let scope = scope.unwrap_or(match kind {
            _ if delete => 255,
            _ if !four => 0,
            2 => 254,
            1 | 3 | 4 | 5 if via.is_none() && hops.is_empty() => 253,
            _ => 0,
        });
        let protocol = protocol.unwrap_or(if delete { 0 } else { 3 });
        let small = u8::try_from(table).unwrap_or(0);
        let mut fixed = [family, to.prefix(), 0, tos, small, protocol, scope, kind, 0, 0, 0, 0];
        fixed[8..].copy_from_slice(&flags.to_ne_bytes());
        let mut request = Request::new(what, how, &fixed);
        if to.prefix() > 0 {
            if to.ip() != to.network() {
                return Err(failure("RTNETLINK answers: Invalid argument").with(Status(2)));
            }
            request.put(rta::DESTINATION, &address::to_bytes(to.ip()));
        }
        request.put_u32(rta::TABLE, table);
        if let Some(via) = via {
            if address::family(via) == family {
                request.put(rta::GATEWAY, &address::to_bytes(via));
            } else {
                let six = u16::from(address::family(via)).to_ne_bytes();
                request.put(rta::VIA, &[six.as_slice(), &address::to_bytes(via)].concat());
            }
        }
        if let Some(source) = source {
            request.put(rta::PREFERRED_SOURCE, &address::to_bytes(source));
        }
        if let Some(index) = index {
            request.put_u32(rta::OUT, index);
        }
        if let Some(metric) = metric {
            request.put_u32(rta::METRIC, metric);
        }
        if !metrics.is_empty() {
            let at = request.open(rta::METRICS);
            for (attribute, value) in metrics {
                request.put_u32(attribute, value);
            }
            request.close(at);
        }
        if !hops.is_empty() {
            let at = request.open(rta::MULTIPATH);
            for (via, index, weight, flags) in hops {
                let mut hop = vec![8, 0, flags, weight];
                hop.extend_from_slice(&index.unwrap_or(0).to_ne_bytes());
                if let Some(via) = via {
                    let bytes = address::to_bytes(via);
                    let length = u16::try_from(bytes.len() + 4).unwrap_or(4);
                    hop.extend_from_slice(&length.to_ne_bytes());
                    hop.extend_from_slice(&rta::GATEWAY.to_ne_bytes());
                    hop.extend_from_slice(&bytes);
                }
                let length = u16::try_from(hop.len()).unwrap_or(8).to_ne_bytes();
                hop[..2].copy_from_slice(&length);
                request.put_struct(&hop);
            }
            request.close(at);
        }
        let done = self.kernel.change(request);
        self.changed(done)
    }

    fn route_get(&mut self, words: &mut Words<'_>) -> Result<Status, Error> {
        let (mut to, mut from) = (None, None);
        let mut attributes = Vec::new();
        while let Some(word) = words.next() {
            match word {
                b"from" => from = Some(words.address()?),
                b"oif" | b"dev" => {
                    attributes.push((rta::OUT, words.device(&mut self.kernel)?.index));
                }
                b"iif" => attributes.push((rta::IN, words.device(&mut self.kernel)?.index)),
                b"mark" => attributes.push((rta::MARK, words.number("mark")?)),
                b"uid" => attributes.push((rta::UID, words.number("uid")?)),
                _ => {
                    let word = if word == b"to" { words.value()? } else { word };
                    to = Some(super::words::network(word, self.family)?);
                }
            }
        }
        let Some(to) = to else { return Err(failure("need at least a destination address")) };
        let family = address::family(to.ip());
        let from_bits = from.map_or(0, address::bits);
        // RTM_F_LOOKUP_TABLE, which IPv6 refuses
        let mut fixed = [family, to.prefix(), from_bits, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        if to.is_ipv4() {
            fixed[8..].copy_from_slice(&0x1000u32.to_ne_bytes());
        }
        let mut request = Request::new(kind::GET_ROUTE, ACK, &fixed);
        request.put(rta::DESTINATION, &address::to_bytes(to.ip()));
        if let Some(from) = from {
            request.put(rta::SOURCE, &address::to_bytes(from));
        }
        for (attribute, value) in attributes {
            request.put_u32(attribute, value);
        }
        let links = links::list(&mut self.kernel).map_err(answer)?;
        let mut sheet = self.sheet();
        let details = self.details;
        let filter = Filter::default();
        let done = self.kernel.ask(request, &mut |message| {
            if let Some(route) = Seen::read(message) {
                route.show(&mut sheet, &links, &filter, details);
            }
        });
        done.map_err(answer)?;
        self.put(sheet)
    }
}
