//! nslookup: ask a name server. Output is busybox's.

use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::net::dns::{self, Data, TYPES};
use crate::net::{address, resolve};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "nslookup",
    summary: "ask a name server for a name",
    usage: "[-type=TYPE] [-timeout=SEC] [-retry=N] [-port=N] NAME [SERVER]\n\
            \x20TYPE: A AAAA ANY CNAME MX NS PTR SOA SRV TXT; without it the addresses",
    kind: Kind::Fork, // it waits
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut kinds: Vec<u16> = Vec::new();
    let (mut timeout, mut retries, mut port) = (5u64, 2u64, 53u16);
    let mut operands = Vec::new();
    for arg in cx.args {
        let word = arg.as_bytes();
        let Some(option) = word.strip_prefix(b"-").filter(|rest| !rest.is_empty()) else {
            operands.push(word);
            continue;
        };
        let (name, value) = match option.iter().position(|&b| b == b'=') {
            Some(at) => option.split_at_checked(at).unwrap_or_default(),
            None => (option, b"".as_slice()),
        };
        let value = value.get(1..).unwrap_or_default();
        let number = || std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
        let bad = || Error::bad(show_bytes(word), "not an option");
        match name {
            b"type" | b"query" | b"querytype" | b"t" | b"q" => {
                let upper = value.to_ascii_uppercase();
                let found = TYPES.iter().find(|(name, _)| name.as_bytes() == upper);
                kinds.push(
                    found.ok_or_else(|| Error::bad(show_bytes(value), "no type of record"))?.1,
                );
            }
            b"timeout" => timeout = number().ok_or_else(bad)?.max(1),
            b"retry" => retries = number().ok_or_else(bad)?.max(1),
            b"port" => port = number().and_then(|n| u16::try_from(n).ok()).ok_or_else(bad)?,
            b"debug" | b"nodebug" | b"vc" => {}
            _ => return Err(bad()),
        }
    }
    let (name, server) = match operands.as_slice() {
        [name] => (*name, None),
        [name, server] => (*name, Some(*server)),
        _ => return Err(Error::usage("which name?")),
    };
    let ip = match server {
        Some(server) => {
            resolve::addresses(server, 0)?.first().map_or_else(resolve::server, |(ip, _)| *ip)
        }
        None => resolve::server(),
    };
    let shown = server.map_or_else(|| ip.to_string(), |server| show_bytes(server).to_string());
    let bracketed = match ip {
        IpAddr::V6(_) => format!("[{ip}]:{port}"),
        IpAddr::V4(_) => format!("{ip}:{port}"),
    };
    cx.print(format_args!("Server:\t\t{shown}\nAddress:\t{bracketed}\n\n"))?;
    cx.flush()?;
    let mut question = name.to_vec();
    if let Some(ip) = address::parse(name)
        && kinds.is_empty()
    {
        question = dns::reverse_name(ip);
        kinds.push(dns::PTR);
    }
    if kinds.is_empty() {
        kinds.extend([dns::A, dns::AAAA]);
    }
    let mut found = false;
    for (n, kind) in kinds.iter().enumerate() {
        let mut answer = None;
        for _ in 0..retries {
            let limit = Duration::from_secs(timeout);
            match resolve::ask_server(ip, port, &question, *kind, limit) {
                Ok(reply) => {
                    answer = Some(reply);
                    break;
                }
                Err(nix::errno::Errno::EINVAL) => {
                    return Err(Error::about(show_bytes(name), "not a name"));
                }
                Err(_) => {}
            }
        }
        let Some(answer) = answer else {
            cx.put(b";; connection timed out; no servers could be reached\n\n")?;
            return Ok(Status::FAILURE);
        };
        let reason = match answer.code {
            0 => "",
            1 => "FORMERR",
            2 => "SERVFAIL",
            3 => "NXDOMAIN",
            4 => "NOTIMP",
            _ => "REFUSED",
        };
        if !reason.is_empty() {
            cx.print(format_args!("** server can't find {}: {reason}\n\n", show_bytes(name)))?;
            return Ok(Status::FAILURE);
        }
        if !answer.authoritative && !answer.records.is_empty() {
            cx.put(b"Non-authoritative answer:\n")?;
        }
        if answer.records.is_empty() && kinds.len() == 1 {
            cx.print(format_args!("*** Can't find {}: No answer\n", show_bytes(name)))?;
        }
        for record in &answer.records {
            found = true;
            let owner = show_bytes(&record.name);
            match &record.data {
                Data::Address(ip) => cx.print(format_args!("Name:\t{owner}\nAddress: {ip}\n"))?,
                Data::Name(text) => {
                    let word = match record.kind {
                        2 => "nameserver",
                        dns::PTR => "name",
                        _ => "canonical name",
                    };
                    cx.print(format_args!("{owner}\t{word} = {}\n", show_bytes(text)))?;
                }
                Data::Text(text) => {
                    let word = match record.kind {
                        6 => "origin",
                        15 => "mail exchanger",
                        33 => "service",
                        _ => "text",
                    };
                    cx.print(format_args!("{owner}\t{word} = {}\n", show_bytes(text)))?;
                }
            }
        }
        cx.put(if n + 1 == kinds.len() || !answer.records.is_empty() { b"\n" } else { b"" })?;
    }
    Ok(Status::from_bool(found))
}
