//! A root on NFS: `root=/dev/nfs` with `nfsroot=[SERVER:]DIR[,OPTIONS]` (Linux
//! Documentation/admin-guide/nfs/nfsroot.rst), and dracut's
//! `root=nfs[4]:[SERVER:]DIR[:OPTIONS]`.

use super::{Cmdline, Kept};

/// What the command line says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nfs<'a> {
    /// Version 4 is asked for.
    pub v4: bool,
    /// The server, an address or a name; empty: whoever gave our address.
    pub server: &'a [u8],
    /// The folder; empty: what the server of DHCP says. `%s` stands for our
    /// address.
    pub path: &'a [u8],
    /// Options of the mount.
    pub options: &'a [u8],
}

/// Takes `[SERVER:]DIR` apart; an address of IPv6 is in brackets.
pub fn place(text: &[u8]) -> (&[u8], &[u8]) {
    if let Some(rest) = text.strip_prefix(b"[")
        && let Some(at) = rest.windows(2).position(|two| two == b"]:")
    {
        return (rest.get(..at).unwrap_or_default(), rest.get(at + 2..).unwrap_or_default());
    }
    if text.starts_with(b"/") {
        return (b"", text);
    }
    match text.iter().position(|&b| b == b':') {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
        None => (b"", text),
    }
}

fn cut(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|&b| b == at) {
        Some(n) => (text.get(..n).unwrap_or_default(), text.get(n + 1..).unwrap_or_default()),
        None => (text, b""),
    }
}

impl<'a> Nfs<'a> {
    /// Reads the value of `root=`, with `nfsroot=` where it has no place
    /// itself.
    pub fn of(root: &'a [u8], cmdline: &Cmdline<'a>) -> Nfs<'a> {
        let v4 = root.starts_with(b"nfs4");
        if let Some(rest) = root.strip_prefix(b"nfs4:").or(root.strip_prefix(b"nfs:")) {
            let (server, rest) = place(rest);
            let (path, options) = cut(rest, b':');
            return Nfs { v4, server, path, options };
        }
        let named = |kept: &&Kept<'a>| kept.name == b"nfsroot";
        let value = cmdline.kept.iter().rfind(named).map_or(&b""[..], |kept| kept.value);
        // The path ends at the first comma, whatever the server is called.
        let (server, rest) = place(value);
        let (path, options) = cut(rest, b',');
        Nfs { v4, server, path, options }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms() {
        let of = |line: &'static str| {
            let cmdline = Cmdline::parse(line.as_bytes());
            let Some(super::super::Root::Nfs(root)) = cmdline.root else { panic!("{line}") };
            let nfs = Nfs::of(root, &cmdline);
            let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
            format!("{} {}|{}|{}", nfs.v4, text(nfs.server), text(nfs.path), text(nfs.options))
        };
        for (line, expected) in [
            ("root=/dev/nfs", "false ||"),
            ("root=/dev/nfs nfsroot=/srv/%s", "false |/srv/%s|"),
            ("root=/dev/nfs nfsroot=1.2.3.4:/srv,vers=3,tcp", "false 1.2.3.4|/srv|vers=3,tcp"),
            ("root=/dev/nfs nfsroot=[fd00::1]:/srv", "false fd00::1|/srv|"),
            ("root=nfs:10.0.0.1:/srv:nolock", "false 10.0.0.1|/srv|nolock"),
            ("root=nfs4:host:/", "true host|/|"),
            ("root=nfs4:/srv", "true |/srv|"),
            ("root=nfs:[fd00::1]:/srv:ro,soft", "false fd00::1|/srv|ro,soft"),
            ("root=nfs4 nfsroot=h:/a,b", "true h|/a|b"),
        ] {
            assert_eq!(of(line), expected, "{line}");
        }
    }
}
