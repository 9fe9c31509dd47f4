//! The words behind `ip`: abbreviated names, and values that belong to them.

use std::ffi::OsString;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;

use ipnetwork::IpNetwork;
use nix::errno::Errno;

use crate::applet::{Error, Status, show_bytes};
use crate::net::address;
use crate::net::links::{self, Link};
use crate::net::netlink::Netlink;

/// The words of the command line that are left.
#[derive(Clone)]
pub(super) struct Words<'a> {
    args: &'a [OsString],
}

impl<'a> Words<'a> {
    pub(super) fn new(args: &'a [OsString]) -> Words<'a> {
        Words { args }
    }

    #[inline(never)]
    pub(super) fn next(&mut self) -> Option<&'a [u8]> {
        let (first, rest) = self.args.split_first()?;
        self.args = rest;
        Some(first.as_bytes())
    }

    pub(super) fn peek(&self) -> Option<&'a [u8]> {
        self.args.first().map(|word| word.as_bytes())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.args.is_empty()
    }

    /// The value of the word before.
    #[inline(never)]
    pub(super) fn value(&mut self) -> Result<&'a [u8], Error> {
        self.next().ok_or_else(|| failure("command line is not complete, try \"help\""))
    }

    /// A number, also in hexadecimal.
    #[inline(never)]
    pub(super) fn number(&mut self, what: &str) -> Result<u32, Error> {
        let word = self.value()?;
        number(word).ok_or_else(|| wrong(what, word))
    }

    /// `on` or `off`.
    pub(super) fn switch(&mut self, what: &str) -> Result<bool, Error> {
        match self.value()? {
            b"on" => Ok(true),
            b"off" => Ok(false),
            word => Err(wrong(what, word)),
        }
    }

    /// A prefix; `default`, `all` and `any` are that of length 0.
    #[inline(never)]
    pub(super) fn network(&mut self, family: u8) -> Result<IpNetwork, Error> {
        let word = self.value()?;
        network(word, family)
    }

    /// An address.
    #[inline(never)]
    pub(super) fn address(&mut self) -> Result<IpAddr, Error> {
        let word = self.value()?;
        address::parse(word).ok_or_else(|| {
            failure(format_args!(
                "any valid address is expected rather than \"{}\".",
                show_bytes(word)
            ))
        })
    }

    /// An interface.
    #[inline(never)]
    pub(super) fn device(&mut self, kernel: &mut Netlink) -> Result<Link, Error> {
        let word = self.value()?;
        device(kernel, word)
    }
}

/// A prefix in a word.
pub(super) fn network(word: &[u8], family: u8) -> Result<IpNetwork, Error> {
    if matches!(word, b"default" | b"all" | b"any") {
        let six = family == libc::AF_INET6 as u8;
        let any: &[u8] = if six { b"::/0" } else { b"0.0.0.0/0" };
        return address::parse_network(any).ok_or_else(|| wrong("prefix", word));
    }
    address::parse_network(word)
        .filter(|net| family == 0 || address::family(net.ip()) == family)
        .ok_or_else(|| {
            let kind = match i32::from(family) {
                libc::AF_INET => "inet",
                libc::AF_INET6 => "inet6",
                _ => "any valid",
            };
            failure(format_args!("{kind} prefix is expected rather than \"{}\".", show_bytes(word)))
        })
}

/// A number in decimal, `0x` or `0`.
pub(super) fn number(word: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(word).ok()?;
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

pub(super) fn device(kernel: &mut Netlink, name: &[u8]) -> Result<Link, Error> {
    match links::find(kernel, name) {
        Ok(link) => Ok(link),
        Err(Errno::ENODEV | Errno::ERANGE | Errno::EINVAL) => {
            Err(failure(format_args!("Cannot find device \"{}\"", show_bytes(name))))
        }
        Err(errno) => Err(answer(errno)),
    }
}

/// Status 1, as all that is wrong before the kernel is asked.
#[cold]
#[inline(never)]
pub(super) fn failure(text: impl std::fmt::Display) -> Error {
    Error::msg(text)
}

#[cold]
#[inline(never)]
pub(super) fn wrong(what: &str, word: &[u8]) -> Error {
    failure(format_args!("argument \"{}\" is wrong: invalid {what}", show_bytes(word)))
}

/// What the kernel answered: status 2.
#[cold]
#[inline(never)]
pub(super) fn answer(errno: Errno) -> Error {
    Error::os("RTNETLINK answers", errno).with(Status(2))
}

/// The place of the first name in `names` (between spaces) that `word` is or
/// begins.
#[inline(never)]
pub(super) fn choose(word: &[u8], names: &str) -> Option<usize> {
    let exact = names.split(' ').position(|name| name.as_bytes() == word);
    exact.or_else(|| {
        names.split(' ').position(|name| !word.is_empty() && name.as_bytes().starts_with(word))
    })
}

/// The word for a number in a table, and the number for a word.
pub(super) type Names = &'static [(&'static str, u8)];

/// The word for a number, or its digits.
pub(super) fn name_or_number(table: Names, number: u8) -> String {
    let name = table.iter().find(|(_, n)| *n == number);
    name.map_or_else(|| number.to_string(), |(name, _)| (*name).to_string())
}

pub(super) fn number_of(table: Names, word: &[u8]) -> Option<u8> {
    let named = table.iter().find(|(name, _)| name.as_bytes() == word).map(|(_, n)| *n);
    named.or_else(|| u8::try_from(number(word)?).ok())
}

/// Scopes. /etc/iproute2/rt_scopes.
pub(super) const SCOPES: Names =
    &[("global", 0), ("nowhere", 255), ("host", 254), ("link", 253), ("site", 200)];

/// Who made a route. /etc/iproute2/rt_protos.
pub(super) const PROTOCOLS: Names = &[
    ("unspec", 0),
    ("redirect", 1),
    ("kernel", 2),
    ("boot", 3),
    ("static", 4),
    ("gated", 8),
    ("ra", 9),
    ("zebra", 11),
    ("bird", 12),
    ("dhcp", 16),
    ("babel", 42),
    ("bgp", 186),
    ("ospf", 188),
];

/// Tables of routes. /etc/iproute2/rt_tables.
pub(super) const TABLES: Names = &[("unspec", 0), ("default", 253), ("main", 254), ("local", 255)];

/// The name or number of a table.
pub(super) fn table_name(table: u32) -> String {
    match u8::try_from(table) {
        Ok(small) => name_or_number(TABLES, small),
        Err(_) => table.to_string(),
    }
}

pub(super) fn table_number(word: &[u8]) -> Option<u32> {
    number_of(TABLES, word).map(u32::from).or_else(|| number(word))
}
