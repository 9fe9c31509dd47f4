//! `ip neigh`.

use std::net::IpAddr;

use crate::applet::{Error, Status, show_bytes};
use crate::net::address::{self, hardware};
use crate::net::links::{self, ACK, CREATE, DUMP, REPLACE, kind, name_of};
use crate::net::rtnl::{self, Request};

use super::Ip;
use super::words::{Words, answer, failure, wrong};

const STATES: [(&str, u16); 8] = [
    ("INCOMPLETE", 1),
    ("REACHABLE", 2),
    ("STALE", 4),
    ("DELAY", 8),
    ("PROBE", 0x10),
    ("FAILED", 0x20),
    ("NOARP", 0x40),
    ("PERMANENT", 0x80),
];
const NOARP: u16 = 0x40;
const PERMANENT: u16 = 0x80;
/// NTF_PROXY, NTF_ROUTER.
const PROXY: u8 = 8;
const ROUTER: u8 = 0x80;

/// Attributes of neighbours. linux/neighbour.h.
const DESTINATION: u16 = 1;
const HARDWARE: u16 = 2;

fn state(word: &[u8]) -> Result<u16, Error> {
    let upper = word.to_ascii_uppercase();
    match STATES.iter().find(|(name, _)| name.as_bytes() == upper) {
        Some((_, state)) => Ok(*state),
        None if upper == b"NONE" => Ok(0),
        None if upper == b"ALL" => Ok(u16::MAX),
        None => Err(wrong("nud state", word)),
    }
}

impl Ip<'_, '_> {
    pub(super) fn neighbour(&mut self, words: &mut Words<'_>) -> Result<Status, Error> {
        match self.command(
            words,
            "neigh",
            "show list lst add change chg replace delete flush get help",
        )? {
            0..=2 => self.neighbour_show(words, false),
            3 => self.neighbour_change(words, kind::NEW_NEIGHBOUR, CREATE),
            4 | 5 => self.neighbour_change(words, kind::NEW_NEIGHBOUR, ACK | libc::NLM_F_REPLACE),
            6 => self.neighbour_change(words, kind::NEW_NEIGHBOUR, REPLACE),
            7 => self.neighbour_change(words, kind::DELETE_NEIGHBOUR, ACK),
            8 => self.neighbour_show(words, true),
            9 => self.neighbour_show(words, false),
            _ => self.help(),
        }
    }

    fn neighbour_show(&mut self, words: &mut Words<'_>, flush: bool) -> Result<Status, Error> {
        if flush && words.is_empty() {
            return Err(failure("Flush requires arguments."));
        }
        let (mut device, mut to) = (None, None);
        let mut states = if flush { !(PERMANENT | NOARP) } else { !NOARP };
        while let Some(word) = words.next() {
            match word {
                b"dev" => device = Some(words.device(&mut self.kernel)?.index),
                b"nud" => states = state(words.value()?)?,
                b"unused" | b"proxy" => {}
                _ => {
                    let word = if word == b"to" { words.value()? } else { word };
                    to = Some(super::words::network(word, self.family)?);
                }
            }
        }
        let links = links::list(&mut self.kernel).map_err(answer)?;
        let mut sheet = self.sheet();
        let mut removals = Vec::new();
        let (family, statistics) = (self.family, self.statistics > 0);
        let (brief, json) = (self.brief, self.json);
        let request =
            Request::new(kind::GET_NEIGHBOUR, DUMP, &[family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let done = self.kernel.ask(request, &mut |message| {
            let Some((fixed, attributes)) = message.split(12) else { return };
            let index = u32::from_ne_bytes(rtnl::part(fixed, 4));
            let now = u16::from_ne_bytes(rtnl::part(fixed, 8));
            let [flags] = rtnl::part(fixed, 10);
            let ip = rtnl::find(attributes, DESTINATION).and_then(address::from_bytes);
            let Some(ip) = ip else { return };
            if device.is_some_and(|device| device != index)
                || (now & states == 0)
                || to.is_some_and(|net| !net.contains(ip))
            {
                return;
            }
            if flush {
                let mut request = Request::new(kind::DELETE_NEIGHBOUR, ACK, &[]);
                request.put_struct(fixed);
                request.put(DESTINATION, &address::to_bytes(ip));
                removals.push(request);
                return;
            }
            sheet.open("", b'{');
            // -br: three columns, and no more of it in JSON.
            let (dev, lladdr, behind) = if brief { ("", "", "") } else { ("dev ", "lladdr ", " ") };
            let padded = |text: String, width: usize| match brief && !json {
                true => format!("{text:<width$}"),
                false => text,
            };
            sheet.string("dst", "", padded(ip.to_string(), 39).as_bytes(), " ");
            if device.is_none() {
                let name = show_bytes(&name_of(&links, index)).to_string();
                sheet.string("dev", dev, padded(name, 16).as_bytes(), " ");
            }
            if let Some(bytes) = rtnl::find(attributes, HARDWARE) {
                sheet.shown("lladdr", lladdr, &hardware(bytes), behind);
            }
            if brief {
                sheet.text(b"\n");
                sheet.close(b'}');
                return;
            }
            if flags & ROUTER != 0 {
                sheet.yes("router");
            }
            if flags & PROXY != 0 {
                sheet.yes("proxy");
            }
            // struct nda_cacheinfo: confirmed, used, updated, references
            if let Some(cache) = rtnl::find(attributes, 3).filter(|_| statistics) {
                let part = |at| u64::from(u32::from_ne_bytes(rtnl::part(cache, at)));
                if part(12) > 0 {
                    sheet.number("refcnt", " ref ", part(12), "");
                }
                sheet.number("used", " used ", part(4) / 100, "");
                sheet.number("confirmed", "/", part(0) / 100, "");
                sheet.number("updated", "/", part(8) / 100, "");
                if let Some(probes) = rtnl::find_number(attributes, 4) {
                    sheet.number("probes", "probes ", probes, " ");
                }
            }
            sheet.open("state", b'[');
            for (name, state) in STATES {
                if now & state != 0 {
                    sheet.string("", "", name.as_bytes(), " ");
                }
            }
            sheet.close(b']');
            sheet.text(b"\n");
            sheet.close(b'}');
        });
        done.map_err(answer)?;
        for request in removals {
            match self.kernel.change(request) {
                Ok(()) | Err(nix::errno::Errno::ENOENT) => {}
                Err(errno) => return Err(answer(errno)),
            }
        }
        if flush { Ok(Status::OK) } else { self.put(sheet) }
    }

    fn neighbour_change(
        &mut self,
        words: &mut Words<'_>,
        what: u16,
        how: i32,
    ) -> Result<Status, Error> {
        let (mut index, mut ip, mut lladdr) = (None, None::<IpAddr>, None);
        let (mut nud, mut flags) = (PERMANENT, 0);
        while let Some(word) = words.next() {
            match word {
                b"dev" => index = Some(words.device(&mut self.kernel)?.index),
                b"lladdr" => {
                    let word = words.value()?;
                    lladdr =
                        Some(address::parse_hardware(word).ok_or_else(|| wrong("lladdr", word))?);
                }
                b"nud" => nud = state(words.value()?)?,
                b"proxy" => {
                    flags |= PROXY;
                    ip = Some(words.address()?);
                }
                b"router" => flags |= ROUTER,
                _ => {
                    let word = if word == b"to" { words.value()? } else { word };
                    let parsed = address::parse(word);
                    ip = Some(parsed.ok_or_else(|| wrong("address", word))?);
                }
            }
        }
        let (Some(index), Some(ip)) = (index, ip) else {
            return Err(failure("Device and destination are required arguments."));
        };
        let mut fixed = [0; 12];
        fixed[0] = address::family(ip);
        fixed[4..8].copy_from_slice(&index.to_ne_bytes());
        fixed[8..10].copy_from_slice(&nud.to_ne_bytes());
        fixed[10] = flags;
        let mut request = Request::new(what, how, &fixed);
        request.put(DESTINATION, &address::to_bytes(ip));
        if let Some(lladdr) = lladdr {
            request.put(HARDWARE, &lladdr);
        }
        let done = self.kernel.change(request);
        self.changed(done)
    }
}
