//! `ip rule`.

use ipnetwork::IpNetwork;

use crate::applet::{Error, Status, show_bytes};
use crate::net::address;
use crate::net::links::{ACK, CREATE, DUMP, kind};
use crate::net::rtnl::{self, Request};

use super::Ip;
use super::words::{Words, answer, failure, table_name, table_number, wrong};

/// Attributes of rules. linux/fib_rules.h.
const TO: u16 = 1;
const FROM: u16 = 2;
const IN: u16 = 3;
const PRIORITY: u16 = 6;
const MARK: u16 = 10;
const TABLE: u16 = 15;
const MASK: u16 = 16;
const OUT: u16 = 17;
const SUPPRESS: u16 = 14;

/// FIB_RULE_INVERT.
const INVERT: u32 = 2;

/// What a rule does besides looking up a table.
const ACTIONS: [(&str, u8); 4] =
    [("blackhole", 6), ("unreachable", 7), ("prohibit", 8), ("goto", 2)];

/// Which rules are shown or flushed.
#[derive(Default)]
struct Wanted<'a> {
    table: Option<u32>,
    priority: Option<u32>,
    from: Option<IpNetwork>,
    to: Option<IpNetwork>,
    names: Vec<(u16, &'a [u8])>,
}

impl Ip<'_, '_> {
    fn rules_wanted<'w>(&self, words: &mut Words<'w>) -> Result<Wanted<'w>, Error> {
        let mut wanted = Wanted::default();
        while let Some(word) = words.next() {
            match word {
                b"table" | b"lookup" => {
                    let word = words.value()?;
                    wanted.table = Some(table_number(word).ok_or_else(|| wrong("table ID", word))?);
                }
                b"pref" | b"preference" | b"priority" | b"order" | b"prio" => {
                    wanted.priority = Some(words.number("preference")?);
                }
                b"from" => wanted.from = Some(words.network(self.family)?),
                b"to" => wanted.to = Some(words.network(self.family)?),
                b"iif" | b"dev" => wanted.names.push((IN, words.value()?)),
                b"oif" => wanted.names.push((OUT, words.value()?)),
                _ => {
                    let word = show_bytes(word);
                    return Err(failure(format_args!("Unknown keyword \"{word}\"")));
                }
            }
        }
        Ok(wanted)
    }

    pub(super) fn rule(&mut self, words: &mut Words<'_>) -> Result<Status, Error> {
        match self.command(words, "rule", "show list lst add delete flush help")? {
            0..=2 => self.rule_show(words, false),
            3 => self.rule_change(words, kind::NEW_RULE, CREATE),
            4 => self.rule_change(words, kind::DELETE_RULE, ACK),
            5 => self.rule_show(words, true),
            _ => self.help(),
        }
    }

    fn rule_show(&mut self, words: &mut Words<'_>, flush: bool) -> Result<Status, Error> {
        let wanted = self.rules_wanted(words)?;
        let family = if self.family == 0 { libc::AF_INET as u8 } else { self.family };
        let mut sheet = self.sheet();
        let mut removals = Vec::new();
        let request =
            Request::new(kind::GET_RULE, DUMP, &[family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let done = self.kernel.ask(request, &mut |message| {
            let Some((fixed, attributes)) = message.split(12) else { return };
            let [family, to_bits, from_bits, tos, table, _, _, action] = rtnl::part(fixed, 0);
            let flags = u32::from_ne_bytes(rtnl::part(fixed, 8));
            let priority = rtnl::find_number(attributes, PRIORITY).unwrap_or(0);
            let looked_up = rtnl::find_number(attributes, TABLE).unwrap_or(table.into());
            let net = |attribute: u16, bits: u8| {
                let ip = rtnl::find(attributes, attribute).and_then(address::from_bytes)?;
                address::network(ip, bits)
            };
            let fits = wanted.table.is_none_or(|table| u64::from(table) == looked_up)
                && wanted.priority.is_none_or(|number| u64::from(number) == priority)
                && wanted.from.is_none_or(|from| net(FROM, from_bits) == Some(from))
                && wanted.to.is_none_or(|to| net(TO, to_bits) == Some(to))
                && wanted.names.iter().all(|(attribute, name)| {
                    rtnl::find_name(attributes, *attribute) == Some(*name)
                });
            if !fits {
                return;
            }
            if flush {
                if priority > 0 && family != 0 {
                    let mut request = Request::new(kind::DELETE_RULE, ACK, &[]);
                    request.put_struct(message.body);
                    removals.push(request);
                }
                return;
            }
            sheet.open("", b'{');
            sheet.number("priority", "", priority, ":\t");
            if flags & INVERT != 0 {
                if self.json {
                    sheet.yes("not");
                } else {
                    sheet.text(b"not ");
                }
            }
            let prefix = |sheet: &mut super::Sheet,
                          key: &str,
                          length: &str,
                          before: &str,
                          attribute: u16,
                          bits: u8| {
                let ip = rtnl::find(attributes, attribute).and_then(address::from_bytes);
                let Some(ip) = ip else { return false };
                sheet.shown(key, before, &ip, "");
                if bits != address::bits(ip) {
                    sheet.number(length, "/", bits.into(), "");
                }
                sheet.text(b" ");
                true
            };
            if !prefix(&mut sheet, "src", "srclen", "from ", FROM, from_bits) {
                sheet.string("src", "from ", b"all", " ");
            }
            prefix(&mut sheet, "dst", "dstlen", "to ", TO, to_bits);
            if tos != 0 {
                sheet.shown("tos", "tos ", &format_args!("{tos:#x}"), " ");
            }
            if let Some(mark) = rtnl::find_number(attributes, MARK) {
                let mask = rtnl::find_number(attributes, MASK).unwrap_or(u64::from(u32::MAX));
                if mark > 0 || mask != u64::from(u32::MAX) && mask != 0 {
                    sheet.shown("fwmark", "fwmark ", &format_args!("{mark:#x}"), "");
                    if mask != u64::from(u32::MAX) {
                        sheet.shown("fwmask", "/", &format_args!("{mask:#x}"), "");
                    }
                    sheet.text(b" ");
                }
            }
            for (attribute, key, before) in [(IN, "iif", "iif "), (OUT, "oif", "oif ")] {
                if let Some(name) = rtnl::find_name(attributes, attribute) {
                    sheet.string(key, before, name, " ");
                }
            }
            if action == 1 {
                let table = table_name(u32::try_from(looked_up).unwrap_or(0));
                sheet.string("table", "lookup ", table.as_bytes(), "");
                let suppress = rtnl::find_number(attributes, SUPPRESS);
                if let Some(bits) = suppress.filter(|n| *n != u64::from(u32::MAX)) {
                    sheet.number("suppress_prefixlen", " suppress_prefixlength ", bits, " ");
                }
            } else if let Some((name, _)) = ACTIONS.iter().find(|(_, n)| *n == action) {
                sheet.string("action", "", name.as_bytes(), "");
            }
            sheet.text(b"\n");
            sheet.close(b'}');
        });
        done.map_err(answer)?;
        for request in removals {
            self.kernel.change(request).map_err(answer)?;
        }
        if flush { Ok(Status::OK) } else { self.put(sheet) }
    }

    fn rule_change(&mut self, words: &mut Words<'_>, what: u16, how: i32) -> Result<Status, Error> {
        let (mut from, mut to): (Option<IpNetwork>, Option<IpNetwork>) = (None, None);
        let (mut table, mut action, mut tos, mut flags) = (None, None, 0, 0u32);
        let mut numbers: Vec<(u16, u32)> = Vec::new();
        let mut names: Vec<(u16, &[u8])> = Vec::new();
        while let Some(word) = words.next() {
            match word {
                b"not" => flags |= INVERT,
                b"from" => from = Some(words.network(self.family)?),
                b"to" => to = Some(words.network(self.family)?),
                b"tos" | b"dsfield" => tos = u8::try_from(words.number("tos")?).unwrap_or(0),
                b"pref" | b"preference" | b"priority" | b"order" | b"prio" => {
                    numbers.push((PRIORITY, words.number("preference")?));
                }
                b"fwmark" => {
                    let word = words.value()?;
                    for (part, attribute) in word.splitn(2, |&b| b == b'/').zip([MARK, MASK]) {
                        let n = super::words::number(part).ok_or_else(|| wrong("fwmark", word))?;
                        numbers.push((attribute, n));
                    }
                }
                b"iif" | b"dev" => names.push((IN, words.value()?)),
                b"oif" => names.push((OUT, words.value()?)),
                b"suppress_prefixlength" | b"sup_pl" => {
                    numbers.push((SUPPRESS, words.number("suppress_prefixlength")?));
                }
                b"table" | b"lookup" => {
                    let word = words.value()?;
                    table = Some(table_number(word).ok_or_else(|| wrong("table ID", word))?);
                }
                _ => match ACTIONS.iter().find(|(name, _)| name.as_bytes() == word) {
                    Some((_, number)) => action = Some(*number),
                    None => {
                        let word = show_bytes(word);
                        return Err(failure(format_args!("Unknown keyword \"{word}\"")));
                    }
                },
            }
        }
        let any = from.or(to).filter(|net| net.prefix() > 0);
        let family = match (self.family, any) {
            (0, Some(net)) => address::family(net.ip()),
            (0, None) => libc::AF_INET as u8,
            (family, _) => family,
        };
        let add = what == kind::NEW_RULE;
        let action = action.unwrap_or(u8::from(add));
        let table = table.unwrap_or(if add && action == 1 { 254 } else { 0 });
        let bits = |net: Option<IpNetwork>| net.map_or(0, |net| net.prefix());
        let small = u8::try_from(table).unwrap_or(0);
        let mut fixed = [family, bits(to), bits(from), tos, small, 0, 0, action, 0, 0, 0, 0];
        fixed[8..].copy_from_slice(&flags.to_ne_bytes());
        let mut request = Request::new(what, how, &fixed);
        for (attribute, net) in [(FROM, from), (TO, to)] {
            if let Some(net) = net.filter(|net| net.prefix() > 0) {
                request.put(attribute, &address::to_bytes(net.ip()));
            }
        }
        if table > 0 {
            request.put_u32(TABLE, table);
        }
        for (attribute, number) in numbers {
            request.put_u32(attribute, number);
        }
        for (attribute, name) in names {
            request.put_name(attribute, name);
        }
        let done = self.kernel.change(request);
        self.changed(done)
    }
}
