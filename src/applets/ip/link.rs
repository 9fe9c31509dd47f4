//! `ip link`.

use crate::applet::{Error, Status, show_bytes};
use crate::net::address::{self};
use crate::net::links::{self, ACK, CREATE, Link, ifla, kind};
use crate::net::rtnl::Request;

use super::Ip;
use super::words::{Words, answer, device, failure, number, wrong};

mod show;

/// Names of numbers that options of software links take.
type Values = &'static [(&'static str, u32)];

/// An option of a software link: its name, attribute, size in bytes, and words
/// for its numbers.
type Setting = (&'static str, u16, u8, Values);

const BRIDGE: &[Setting] = &[
    ("forward_delay", 1, 4, &[]),
    ("hello_time", 2, 4, &[]),
    ("max_age", 3, 4, &[]),
    ("ageing_time", 4, 4, &[]),
    ("stp_state", 5, 4, &[]),
    ("priority", 6, 2, &[]),
    ("vlan_filtering", 7, 1, &[]),
    ("mcast_snooping", 23, 1, &[]),
];

const BOND: &[Setting] = &[
    (
        "mode",
        1,
        1,
        &[
            ("balance-rr", 0),
            ("active-backup", 1),
            ("balance-xor", 2),
            ("broadcast", 3),
            ("802.3ad", 4),
            ("balance-tlb", 5),
            ("balance-alb", 6),
        ],
    ),
    ("miimon", 3, 4, &[]),
    ("updelay", 4, 4, &[]),
    ("downdelay", 5, 4, &[]),
    ("use_carrier", 6, 1, &[]),
    ("arp_interval", 7, 4, &[]),
    ("primary_reselect", 12, 1, &[("always", 0), ("better", 1), ("failure", 2)]),
    ("fail_over_mac", 13, 1, &[("none", 0), ("active", 1), ("follow", 2)]),
    (
        "xmit_hash_policy",
        14,
        1,
        &[("layer2", 0), ("layer3+4", 1), ("layer2+3", 2), ("encap2+3", 3), ("encap3+4", 4)],
    ),
    ("min_links", 18, 4, &[]),
    ("lacp_rate", 21, 1, &[("slow", 0), ("fast", 1)]),
];

const VLAN: &[Setting] = &[("id", 1, 2, &[])];

const MACVLAN: &[Setting] =
    &[("mode", 1, 4, &[("private", 1), ("vepa", 2), ("bridge", 4), ("passthru", 8)])];

const IPVLAN: &[Setting] = &[("mode", 1, 2, &[("l2", 0), ("l3", 1), ("l3s", 2)])];

/// What `ip link show` and `ip addr show` were asked for.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    pub device: Option<&'a [u8]>,
    pub up: bool,
    pub kind: Option<&'a [u8]>,
    pub master: Option<u32>,
    pub unslaved: bool,
}

impl Wanted<'_> {
    pub(super) fn is(&self, link: &Link) -> bool {
        self.device.is_none_or(|name| link.name == name)
            && (!self.up || link.is(libc::IFF_UP))
            && self.kind.is_none_or(|kind| link.software() == kind)
            && self.master.is_none_or(|index| link.number(ifla::MASTER) == Some(index.into()))
            && !(self.unslaved && link.number(ifla::MASTER).is_some())
    }
}

impl Ip<'_, '_> {
    pub(super) fn link(&mut self, words: &mut Words<'_>) -> Result<Status, Error> {
        match self.command(words, "link", "show list lst set change add delete replace help")? {
            0..=2 => self.link_show(words),
            3 | 4 => self.link_set(words),
            5 => self.link_add(words),
            6 => {
                let name = words.value()?;
                let name = if matches!(name, b"dev" | b"link") { words.value()? } else { name };
                let link = device(&mut self.kernel, name)?;
                let request = links::link_request(kind::DELETE_LINK, ACK, link.index, 0, 0);
                let done = self.kernel.change(request);
                self.changed(done)
            }
            _ => self.help(),
        }
    }

    /// Reads one word of a filter for links; false when it is none.
    pub(super) fn wanted<'a>(
        &mut self,
        wanted: &mut Wanted<'a>,
        word: &'a [u8],
        words: &mut Words<'a>,
    ) -> Result<bool, Error> {
        match word {
            b"up" => wanted.up = true,
            b"dev" => wanted.device = Some(words.value()?),
            b"type" => wanted.kind = Some(words.value()?),
            b"master" | b"vrf" => wanted.master = Some(words.device(&mut self.kernel)?.index),
            b"nomaster" => wanted.unslaved = true,
            b"group" => {
                words.value()?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// All links; an error when the wanted one is not there.
    pub(super) fn links(&mut self, wanted: &Wanted<'_>) -> Result<Vec<Link>, Error> {
        if let Some(name) = wanted.device
            && links::find(&mut self.kernel, name).is_err()
        {
            return Err(failure(format_args!("Device \"{}\" does not exist.", show_bytes(name))));
        }
        links::list(&mut self.kernel).map_err(answer)
    }

    fn link_set(&mut self, words: &mut Words<'_>) -> Result<Status, Error> {
        let (mut flags, mut mask) = (0, 0);
        let mut attributes: Vec<(u16, Vec<u8>)> = Vec::new();
        let mut link: Option<Link> = None;
        let mut rest: Option<Request> = None;
        while let Some(word) = words.next() {
            let mut flag = |flag: i32, on: bool| {
                mask |= flag as u32;
                flags = if on { flags | flag as u32 } else { flags & !(flag as u32) };
            };
            match word {
                b"up" => flag(libc::IFF_UP, true),
                b"down" => flag(libc::IFF_UP, false),
                b"arp" => flag(libc::IFF_NOARP, !words.switch("arp")?),
                b"multicast" => flag(libc::IFF_MULTICAST, words.switch("multicast")?),
                b"allmulticast" => flag(libc::IFF_ALLMULTI, words.switch("allmulticast")?),
                b"promisc" => flag(libc::IFF_PROMISC, words.switch("promisc")?),
                b"dynamic" => flag(libc::IFF_DYNAMIC, words.switch("dynamic")?),
                b"type" => {
                    let kind = words.value()?;
                    let index = link.as_ref().map_or(0, |link| link.index);
                    let mut request = links::link_request(kind::NEW_LINK, ACK, index, 0, 0);
                    software(&mut request, kind, words)?;
                    rest = Some(request);
                }
                _ => {
                    if let Some(attribute) = self.attribute(word, words, true)? {
                        attributes.push(attribute);
                    } else {
                        let name = if word == b"dev" { words.value()? } else { word };
                        if link.is_some() {
                            return Err(wrong("keyword", word));
                        }
                        link = Some(device(&mut self.kernel, name)?);
                    }
                }
            }
        }
        let Some(link) = link else {
            return Err(super::usage("Not enough information: \"dev\" argument is required."));
        };
        let mut request = links::link_request(kind::NEW_LINK, ACK, link.index, flags, mask);
        for (kind, value) in attributes {
            request.put(kind, &value);
        }
        self.kernel.change(request).map_err(answer)?;
        match rest {
            None => Ok(Status::OK),
            Some(request) => {
                let done = self.kernel.change(request);
                self.changed(done)
            }
        }
    }

    /// A word that is an attribute of the link, with its value.
    fn attribute(
        &mut self,
        word: &[u8],
        words: &mut Words<'_>,
        set: bool,
    ) -> Result<Option<(u16, Vec<u8>)>, Error> {
        let name = |name: &[u8]| {
            let mut name = name.to_vec();
            name.push(0);
            name
        };
        // iproute2 takes these shortened, and scripts write `addr`
        let whole = |long: &'static [u8]| word.len() > 2 && long.starts_with(word);
        let word = [&b"address"[..], b"broadcast", b"txqueuelen"]
            .into_iter()
            .find(|long| whole(long))
            .unwrap_or(word);
        Ok(Some(match word {
            b"mtu" => (ifla::MTU, words.number("mtu")?.to_ne_bytes().to_vec()),
            b"txqueuelen" | b"txqlen" | b"qlen" => {
                (ifla::QUEUE_LENGTH, words.number("txqueuelen")?.to_ne_bytes().to_vec())
            }
            b"address" => (ifla::ADDRESS, hardware_of(words)?),
            b"broadcast" | b"brd" => (ifla::BROADCAST, hardware_of(words)?),
            b"name" => {
                let new = words.value()?;
                if !is_name(new) {
                    return Err(failure(format_args!(
                        "\"name\" not a valid ifname: {}",
                        show_bytes(new)
                    )));
                }
                (ifla::NAME, name(new))
            }
            b"alias" => (ifla::ALIAS, name(words.value()?)),
            b"master" | b"vrf" if set => {
                let link = words.device(&mut self.kernel)?;
                (ifla::MASTER, link.index.to_ne_bytes().to_vec())
            }
            b"nomaster" if set => (ifla::MASTER, 0u32.to_ne_bytes().to_vec()),
            b"group" => {
                // the one that has a name
                let mut ahead = words.clone();
                let group: u32 = match ahead.next() {
                    Some(b"default") => {
                        *words = ahead;
                        0
                    }
                    _ => words.number("group")?,
                };
                (ifla::GROUP, group.to_ne_bytes().to_vec())
            }
            b"netns" => {
                let word = words.value()?;
                let pid = number(word).ok_or_else(|| wrong("process", word))?;
                (ifla::NAMESPACE_PID, pid.to_ne_bytes().to_vec())
            }
            b"index" if !set => return Err(failure("the kernel chooses the index")),
            _ => return Ok(None),
        }))
    }

    fn link_add(&mut self, words: &mut Words<'_>) -> Result<Status, Error> {
        let mut request = Request::new(kind::NEW_LINK, CREATE, &[0; 16]);
        let mut name = None;
        let mut typed = false;
        while let Some(word) = words.next() {
            match word {
                b"link" => {
                    let link = words.device(&mut self.kernel)?;
                    request.put_u32(ifla::LINK, link.index);
                }
                b"name" | b"dev" => name = Some(words.value()?),
                b"type" => {
                    let kind = words.value()?;
                    software(&mut request, kind, words)?;
                    typed = true;
                }
                _ => match self.attribute(word, words, false)? {
                    Some((kind, value)) => request.put(kind, &value),
                    None if name.is_none() => name = Some(word),
                    None => return Err(wrong("keyword", word)),
                },
            }
        }
        if !typed {
            return Err(failure("Not enough information: \"type\" argument is required"));
        }
        if let Some(name) = name {
            if !is_name(name) {
                let name = show_bytes(name);
                return Err(failure(format_args!("\"name\" not a valid ifname: {name}")));
            }
            request.put_name(ifla::NAME, name);
        }
        let done = self.kernel.change(request);
        self.changed(done)
    }
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() < 16
        && !name.iter().any(|b| b.is_ascii_whitespace() || *b == b'/' || *b < 0x20)
        && name != b"."
        && name != b".."
}

fn hardware_of(words: &mut Words<'_>) -> Result<Vec<u8>, Error> {
    let word = words.value()?;
    let wrong = || failure(format_args!("\"{}\" is invalid lladdr.", show_bytes(word)));
    address::parse_hardware(word).ok_or_else(wrong)
}

/// The kind of a software link, and its own options.
fn software(request: &mut Request, kind: &[u8], words: &mut Words<'_>) -> Result<(), Error> {
    let settings: &[Setting] = match kind {
        b"vlan" => VLAN,
        b"bridge" => BRIDGE,
        b"bond" => BOND,
        b"macvlan" | b"macvtap" => MACVLAN,
        b"ipvlan" | b"ipvtap" => IPVLAN,
        _ => &[],
    };
    let info = request.open(ifla::INFO);
    request.put(ifla::INFO_KIND, kind);
    if words.is_empty() {
        request.close(info);
        return Ok(());
    }
    let data = request.open(ifla::INFO_DATA);
    while let Some(word) = words.next() {
        if kind == b"veth" && word == b"peer" {
            // VETH_INFO_PEER: a link's struct and attributes
            let peer = request.open(1);
            request.put_struct(&[0; 16]);
            while let Some(word) = words.next() {
                match word {
                    b"name" => request.put_name(ifla::NAME, words.value()?),
                    b"address" => request.put(ifla::ADDRESS, &hardware_of(words)?),
                    b"mtu" => request.put_u32(ifla::MTU, words.number("mtu")?),
                    b"netns" => request.put_u32(ifla::NAMESPACE_PID, words.number("process")?),
                    _ => request.put_name(ifla::NAME, word),
                }
            }
            request.close(peer);
            continue;
        }
        if kind == b"vlan" && matches!(word, b"protocol" | b"proto") {
            let name = words.value()?;
            let protocol: u16 = match name {
                b"802.1q" | b"802.1Q" => 0x8100,
                b"802.1ad" => 0x88a8,
                _ => return Err(wrong("protocol", name)),
            };
            request.put(5, &protocol.to_be_bytes());
            continue;
        }
        let setting = settings.iter().find(|(name, ..)| name.as_bytes() == word);
        let Some((name, attribute, size, values)) = setting else {
            let kind = show_bytes(kind);
            return Err(super::usage(format_args!(
                "{kind}: unknown command \"{}\"?",
                show_bytes(word)
            )));
        };
        let word = words.value()?;
        let named = values.iter().find(|(value, _)| value.as_bytes() == word).map(|(_, n)| *n);
        let value = named.or_else(|| number(word)).ok_or_else(|| wrong(name, word))?;
        let bytes = value.to_le_bytes();
        let bytes = bytes.get(..usize::from(*size)).unwrap_or(&bytes);
        if value.leading_zeros() < 32 - 8 * u32::from(*size) {
            return Err(wrong(name, word));
        }
        request.put(*attribute, &native(bytes));
    }
    request.close(data);
    request.close(info);
    Ok(())
}

/// Little endian to the machine's byte order.
fn native(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if cfg!(target_endian = "big") {
        bytes.reverse();
    }
    bytes
}
