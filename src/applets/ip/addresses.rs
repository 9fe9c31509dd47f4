//! `ip addr`.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use crate::applet::{Error, Status, show_bytes};
use crate::net::address;
use crate::net::links::{self, ACK, Assigned, CREATE, Link, REPLACE, ifa, kind};
use crate::net::rtnl;
use crate::shell::pattern;

use super::Ip;
use super::link::Wanted;
use super::sheet::Sheet;
use super::words::{SCOPES, Words, answer, failure, name_or_number, number_of, wrong};

/// Flags of addresses in the order in which they are shown; those with `true`
/// are of IPv6 only. ip/ipaddress.c.
const FLAGS: [(u32, &str, bool); 12] = [
    (0x01, "secondary", false),
    (0x02, "nodad", true),
    (0x04, "optimistic", true),
    (0x08, "dadfailed", true),
    (0x10, "home", true),
    (0x20, "deprecated", true),
    (0x40, "tentative", true),
    (PERMANENT, "dynamic", false),
    (0x100, "mngtmpaddr", true),
    (0x200, "noprefixroute", false),
    (0x400, "autojoin", false),
    (0x800, "stable-privacy", true),
];

/// IFA_F_PERMANENT; its absence is what is shown.
const PERMANENT: u32 = 0x80;

/// Which addresses.
#[derive(Default)]
struct Filter<'a> {
    scope: Option<u8>,
    to: Option<IpNetwork>,
    label: Option<&'a [u8]>,
    /// These flags set (true) or not.
    flags: Vec<(u32, bool)>,
}

impl Filter<'_> {
    fn is(&self, family: u8, assigned: &Assigned, name: &[u8]) -> bool {
        let ip = assigned.peer.unwrap_or(assigned.net.ip());
        (family == 0 || address::family(ip) == family)
            && self.scope.is_none_or(|scope| scope == assigned.scope)
            && self.to.is_none_or(|net| net.contains(assigned.net.ip()))
            && self.flags.iter().all(|(flag, on)| (assigned.flags & flag != 0) == *on)
            && self.label.is_none_or(|pattern| {
                pattern::matches(pattern, rtnl_label(assigned).unwrap_or(name))
            })
    }
}

fn rtnl_label(assigned: &Assigned) -> Option<&[u8]> {
    assigned.get(ifa::LABEL)?.split(|&b| b == 0).next()
}

impl Ip<'_, '_> {
    pub(super) fn address(&mut self, words: &mut Words<'_>) -> Result<Status, Error> {
        let names = "show list lst add change chg replace delete flush help";
        match self.command(words, "address", names)? {
            0..=2 => self.address_show(words, false),
            3 => self.address_change(words, kind::NEW_ADDRESS, CREATE),
            4 | 5 => self.address_change(words, kind::NEW_ADDRESS, ACK | libc::NLM_F_REPLACE),
            6 => self.address_change(words, kind::NEW_ADDRESS, REPLACE),
            7 => self.address_change(words, kind::DELETE_ADDRESS, ACK),
            8 => self.address_show(words, true),
            _ => self.help(),
        }
    }

    fn address_show(&mut self, words: &mut Words<'_>, flush: bool) -> Result<Status, Error> {
        let mut filter = Filter::default();
        let mut wanted = Wanted::default();
        if flush && words.is_empty() {
            return Err(failure("Flush requires arguments."));
        }
        while let Some(word) = words.next() {
            match word {
                b"scope" => {
                    let word = words.value()?;
                    filter.scope = match word {
                        b"all" => None,
                        _ => Some(number_of(SCOPES, word).ok_or_else(|| wrong("scope", word))?),
                    };
                }
                b"to" => {
                    let net = words.network(self.family)?;
                    if self.family == 0 && net.prefix() > 0 {
                        self.family = address::family(net.ip());
                    }
                    filter.to = (net.prefix() > 0).then_some(net);
                }
                b"label" => filter.label = Some(words.value()?),
                b"permanent" => filter.flags.push((PERMANENT, true)),
                b"dynamic" => filter.flags.push((PERMANENT, false)),
                b"primary" => filter.flags.push((0x01, false)),
                b"temporary" => filter.flags.push((0x01, true)),
                _ => {
                    let positive = word.strip_prefix(b"-");
                    let flag = FLAGS
                        .iter()
                        .find(|(_, name, _)| name.as_bytes() == positive.unwrap_or(word));
                    if let Some((flag, _, _)) = flag {
                        filter.flags.push((*flag, positive.is_none()));
                    } else if !self.wanted(&mut wanted, word, words)? {
                        wanted.device = Some(word);
                    }
                }
            }
        }
        let links = self.links(&wanted)?;
        let list = links::addresses(&mut self.kernel, 0).map_err(answer)?;
        if flush {
            return self.address_flush(&list, &links, &filter, &wanted);
        }
        let mut sheet = self.sheet();
        let only_links = self.is_family(libc::AF_PACKET);
        for link in links.iter().filter(|link| wanted.is(link)) {
            let of_link = || list.iter().filter(|a| a.index == link.index && !only_links);
            let bare = of_link().next().is_none() && (self.family == 0 || only_links);
            let matching = |a: &&Assigned| filter.is(self.family, a, &link.name);
            if !bare && !of_link().any(|a| matching(&a)) {
                continue;
            }
            sheet.open("", b'{');
            if self.brief {
                self.brief_head(&mut sheet, link, &links);
            } else if !(self.oneline || filter.label.is_some()) || self.json {
                self.show_link(&mut sheet, link, &links, false);
            }
            sheet.open("addr_info", b'[');
            for assigned in of_link().filter(matching) {
                self.show_address(&mut sheet, link, assigned);
            }
            sheet.close(b']');
            if self.brief {
                sheet.text(b"\n");
            }
            sheet.close(b'}');
        }
        self.put(sheet)
    }

    fn show_address(&self, sheet: &mut Sheet, link: &Link, assigned: &Assigned) {
        sheet.open("", b'{');
        let ip = assigned.net.ip();
        let family = if ip.is_ipv4() { "inet" } else { "inet6" };
        if !self.brief {
            if self.oneline {
                sheet.text(format!("{}: ", link.index).as_bytes());
                sheet.text(&link.name);
            }
            sheet.string("family", "    ", family.as_bytes(), " ");
        }
        sheet.shown("local", "", &ip, "");
        if let Some(peer) = assigned.peer {
            sheet.shown("address", " peer ", &peer, "");
        }
        sheet.number("prefixlen", "/", assigned.net.prefix().into(), " ");
        if !self.brief {
            self.show_rest(sheet, assigned);
        }
        sheet.close(b'}');
    }

    fn show_rest(&self, sheet: &mut Sheet, assigned: &Assigned) {
        let four = assigned.net.is_ipv4();
        if let Some(metric) = assigned.get(ifa::METRIC) {
            sheet.number("metric", "metric ", rtnl::as_number(metric), " ");
        }
        for (attribute, key, before) in
            [(ifa::BROADCAST, "broadcast", "brd "), (ifa::ANYCAST, "anycast", "any ")]
        {
            if let Some(ip) = assigned.get(attribute).and_then(address::from_bytes) {
                sheet.shown(key, before, &ip, " ");
            }
        }
        let scope = name_or_number(SCOPES, assigned.scope);
        sheet.string("scope", "scope ", scope.as_bytes(), " ");
        let mut rest = assigned.flags;
        for (flag, name, six) in FLAGS {
            let set = rest & flag != 0;
            rest &= !flag;
            if set != (flag == PERMANENT) && (!six || !four) {
                let name = if flag == 1 && !four { "temporary" } else { name };
                sheet.yes(name);
            }
        }
        if rest != 0 {
            sheet.shown("ifa_flags", "flags ", &format_args!("{rest:02x}"), " ");
        }
        if let Some(label) = rtnl_label(assigned) {
            sheet.string("label", "", label, "");
        }
        if let Some(cache) = assigned.get(ifa::CACHE) {
            sheet.line();
            for (at, key, before, after) in [
                (4, "valid_life_time", "       valid_lft ", ""),
                (0, "preferred_life_time", " preferred_lft ", ""),
            ] {
                let seconds = u32::from_ne_bytes(rtnl::part(cache, at));
                if self.json {
                    sheet.number(key, "", seconds.into(), "");
                } else if seconds == u32::MAX {
                    sheet.string("", before, b"forever", after);
                } else {
                    sheet.number("", before, seconds.into(), "sec");
                }
            }
        }
        sheet.text(b"\n");
    }

    fn address_flush(
        &mut self,
        list: &[Assigned],
        links: &[Link],
        filter: &Filter<'_>,
        wanted: &Wanted<'_>,
    ) -> Result<Status, Error> {
        for assigned in list {
            let link = links.iter().find(|link| link.index == assigned.index && wanted.is(link));
            if link.is_some_and(|link| filter.is(self.family, assigned, &link.name)) {
                match links::remove_address(&mut self.kernel, assigned) {
                    // a secondary one went with its first
                    Ok(()) | Err(nix::errno::Errno::EADDRNOTAVAIL) => {}
                    Err(errno) => return Err(answer(errno)),
                }
            }
        }
        Ok(Status::OK)
    }

    fn address_change(
        &mut self,
        words: &mut Words<'_>,
        what: u16,
        how: i32,
    ) -> Result<Status, Error> {
        let mut link: Option<Link> = None;
        let mut local: Option<IpNetwork> = None;
        let mut peer: Option<IpNetwork> = None;
        let mut scope = None;
        let (mut flags, mut valid, mut preferred) = (0u32, None, None);
        let mut attributes: Vec<(u16, Vec<u8>)> = Vec::new();
        let mut broadcast = None;
        while let Some(word) = words.next() {
            match word {
                b"dev" => link = Some(words.device(&mut self.kernel)?),
                b"peer" | b"remote" => peer = Some(words.network(self.family)?),
                b"broadcast" | b"brd" => broadcast = Some(words.value()?),
                b"anycast" => {
                    attributes.push((ifa::ANYCAST, address::to_bytes(words.address()?)));
                }
                b"scope" => {
                    let word = words.value()?;
                    scope = Some(number_of(SCOPES, word).ok_or_else(|| wrong("scope", word))?);
                }
                b"label" => {
                    let label = words.value()?;
                    if label.len() > 15 {
                        return Err(wrong("label", label));
                    }
                    attributes.push((ifa::LABEL, [label, b"\0"].concat()));
                }
                b"metric" | b"priority" | b"preference" => {
                    let metric = words.number("metric")?;
                    attributes.push((ifa::METRIC, metric.to_ne_bytes().to_vec()));
                }
                b"valid_lft" => valid = Some(lifetime(words)?),
                b"preferred_lft" => preferred = Some(lifetime(words)?),
                b"nodad" | b"home" | b"mngtmpaddr" | b"noprefixroute" | b"autojoin"
                | b"optimistic" => {
                    let flag = FLAGS.iter().find(|(_, name, _)| name.as_bytes() == word);
                    flags |= flag.map_or(0, |(flag, _, _)| *flag);
                }
                _ => {
                    let word = if word == b"local" { words.value()? } else { word };
                    if local.is_some() {
                        return Err(wrong("keyword", word));
                    }
                    local = Some(super::words::network(word, self.family)?);
                }
            }
        }
        let Some(link) = link else {
            return Err(failure("Not enough information: \"dev\" argument is required."));
        };
        let Some(local) = local.or(peer) else {
            if what == kind::DELETE_ADDRESS {
                return Err(failure("Not enough information: which address?"));
            }
            return Err(failure("Not enough information: local address is required"));
        };
        let loopback = local.ip().is_loopback() && local.is_ipv4();
        let scope = scope.unwrap_or(if loopback && what == kind::NEW_ADDRESS { 254 } else { 0 });
        let net = match peer {
            Some(peer) => address::network(local.ip(), peer.prefix()).unwrap_or(local),
            None => local,
        };
        let mut request = links::address_request(what, how, link.index, &net, scope);
        request.put(ifa::LOCAL, &address::to_bytes(local.ip()));
        request.put(ifa::ADDRESS, &address::to_bytes(peer.unwrap_or(local).ip()));
        if let Some(word) = broadcast {
            let ip = match (word, net) {
                (b"+", IpNetwork::V4(net)) => IpAddr::V4(net.broadcast()),
                (b"-", IpNetwork::V4(net)) => IpAddr::V4(net.network()),
                _ => address::parse(word).ok_or_else(|| {
                    let word = show_bytes(word);
                    failure(format_args!("inet address is expected rather than \"{word}\"."))
                })?,
            };
            request.put(ifa::BROADCAST, &address::to_bytes(ip));
        }
        for (kind, value) in attributes {
            request.put(kind, &value);
        }
        if flags != 0 {
            request.put_u32(ifa::FLAGS, flags);
        }
        if valid.is_some() || preferred.is_some() {
            let valid = valid.unwrap_or(u32::MAX);
            let preferred = preferred.unwrap_or(u32::MAX);
            if preferred > valid {
                return Err(failure("preferred_lft is greater than valid_lft"));
            }
            let mut cache = [0; 16];
            cache[..4].copy_from_slice(&preferred.to_ne_bytes());
            cache[4..8].copy_from_slice(&valid.to_ne_bytes());
            request.put(ifa::CACHE, &cache);
        }
        let done = self.kernel.change(request);
        self.changed(done)
    }
}

fn lifetime(words: &mut Words<'_>) -> Result<u32, Error> {
    match words.value()? {
        b"forever" => Ok(u32::MAX),
        word => super::words::number(word).ok_or_else(|| wrong("lifetime", word)),
    }
}
