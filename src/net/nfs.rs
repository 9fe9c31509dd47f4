//! What the kernel wants to know to mount NFS: the server's address as a
//! number, and options. It speaks the protocols of mounting itself
//! (fs/nfs/super.c, fs/nfs/mount_clnt.c); there is no mount.nfs here.

use std::net::IpAddr;

/// Takes `HOST:/PATH` apart; an address of IPv6 is in brackets.
pub fn split(source: &[u8]) -> Option<(&[u8], &[u8])> {
    let (host, path) = crate::cmdline::nfs::place(source);
    (!host.is_empty() && path.starts_with(b"/")).then_some((host, path))
}

/// `HOST:/PATH` of a server's address.
pub fn source(server: IpAddr, path: &[u8]) -> Vec<u8> {
    let host = match server {
        IpAddr::V4(ip) => format!("{ip}:"),
        IpAddr::V6(ip) => format!("[{ip}]:"),
    };
    [host.as_bytes(), path].concat()
}

/// The options to try one after the other: as version 4, and as version 3,
/// where nobody said which. Version 3 needs a program for locks that is not
/// here, so that locks are this machine's own.
pub fn options(v4: bool, said: &[u8], server: IpAddr) -> Vec<Vec<u8>> {
    let words = || said.split(|&b| b == b',').filter(|word| !word.is_empty());
    let version = |word: &[u8]| -> Option<u8> {
        let value = word.strip_prefix(b"nfs").unwrap_or(word).strip_prefix(b"v")?;
        let value = value.strip_prefix(b"ers=").unwrap_or(value);
        value.first().copied().filter(u8::is_ascii_digit)
    };
    let named = words().filter_map(version).next_back();
    let versions: &[u8] = match named {
        Some(b'4') => b"4",
        Some(_) => b"3",
        None if v4 => b"4",
        None => b"43",
    };
    let mut list = Vec::new();
    for &number in versions {
        let mut out: Vec<u8> = Vec::new();
        let mut add = |word: &[u8]| {
            if !out.is_empty() {
                out.push(b',');
            }
            out.extend_from_slice(word);
        };
        if named.is_none() {
            add(&[b'v', b'e', b'r', b's', b'=', number]);
        }
        if number == b'3' && !words().any(|word| matches!(word, b"lock" | b"nolock")) {
            add(b"nolock");
        }
        words().for_each(&mut add);
        add(format!("addr={server}").as_bytes());
        list.push(out);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_is_told() {
        let told = |v4, said: &str| -> Vec<String> {
            let list = options(v4, said.as_bytes(), IpAddr::from([10, 0, 0, 1]));
            list.iter().map(|o| String::from_utf8_lossy(o).into_owned()).collect()
        };
        assert_eq!(told(false, ""), ["vers=4,addr=10.0.0.1", "vers=3,nolock,addr=10.0.0.1"]);
        assert_eq!(told(true, "soft"), ["vers=4,soft,addr=10.0.0.1"]);
        assert_eq!(told(false, "vers=4.2,ro"), ["vers=4.2,ro,addr=10.0.0.1"]);
        assert_eq!(told(false, "nfsvers=3"), ["nolock,nfsvers=3,addr=10.0.0.1"]);
        assert_eq!(told(true, "v3,lock"), ["v3,lock,addr=10.0.0.1"]);
    }

    #[test]
    fn places() {
        assert_eq!(split(b"h:/a:b"), Some((&b"h"[..], &b"/a:b"[..])));
        assert_eq!(split(b"[fd00::1]:/a"), Some((&b"fd00::1"[..], &b"/a"[..])));
        assert_eq!(split(b"/dev/sda"), None);
        assert_eq!(source(IpAddr::from([0u16, 0, 0, 0, 0, 0, 0, 1]), b"/x"), b"[::1]:/x");
    }
}
