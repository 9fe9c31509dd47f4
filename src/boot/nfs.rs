//! Mounting a root from a server of NFS.

use std::net::IpAddr;
use std::time::Duration;

use nix::errno::Errno;
use nix::mount::MsFlags;

use super::Fault;
use super::mounts::mount_bytes;
use super::plan::Mount;
use super::steps::Worker;
use super::{SECOND, network, now};
use crate::applet::show_bytes;
use crate::cmdline::nfs::Nfs;
use crate::cmdline::{Kept, Limit};
use crate::net::{nfs, resolve};

/// What the kernel's own nfsroot takes when nobody says a folder.
const USUAL: &[u8] = b"/tftpboot/%s";

/// How long to wait before a server is asked again.
const PAUSE: Duration = Duration::from_millis(200);

impl Worker<'_> {
    /// Sets up the network. When nothing needed for the boot is on it, what
    /// goes wrong is told, and the boot goes on.
    pub(super) fn set_up_network(
        &mut self,
        words: &[Kept<'_>],
        needed: bool,
        wait: Duration,
    ) -> Result<(), Fault> {
        let found = network::configure(words, wait);
        let faults = found.faults.join("\n");
        if !needed {
            for fault in &found.faults {
                self.warn(fault);
            }
        }
        self.network = found;
        if !needed || faults.is_empty() {
            return Ok(());
        }
        Err(self.with_modules(Fault::new(faults)))
    }

    /// Mounts what a server has, as soon as it answers.
    pub(super) fn mount_nfs(
        &mut self,
        step: &Mount,
        wanted: &Nfs<'_>,
        path: &[u8],
        flags: MsFlags,
        data: &[u8],
    ) -> Result<(), Fault> {
        for module in [&b"nfs"[..], b"nfsv4", b"nfsv3"] {
            self.load(module);
        }
        self.load_filesystem(b"nfs");
        // DHCP may name server and folder in one.
        let (their_server, their_path) = crate::cmdline::nfs::place(&self.network.root_path);
        let server = match (wanted.server, their_server) {
            (b"", b"") => self.network.server,
            (b"", name) | (name, _) => Some(address_of(name)?),
        };
        let Some(server) = server else {
            return Err(Fault::new("no server of NFS is named")
                .line("nfsroot=SERVER:/DIR names one, or ip=CLIENT:SERVER:..., or DHCP"));
        };
        let folder = match (wanted.path, their_path) {
            (b"", b"") => USUAL,
            (b"", theirs) => theirs,
            (ours, _) => ours,
        };
        let own = self.network.client.map(|ip| ip.to_string()).unwrap_or_default();
        let folder = filled(folder, own.as_bytes());
        let source = nfs::source(server, &folder);
        let said = [wanted.options, data].join(&b","[..]);
        let tries = nfs::options(wanted.v4, &said, server);
        let started = now();
        loop {
            let mut last = Errno::EINVAL;
            for options in &tries {
                match mount_bytes(&source, path, b"nfs", flags, options) {
                    Ok(()) => return Ok(()),
                    Err(errno) => last = errno,
                }
            }
            let may_come = matches!(
                last,
                Errno::ECONNREFUSED
                    | Errno::ETIMEDOUT
                    | Errno::EHOSTUNREACH
                    | Errno::ENETUNREACH
                    | Errno::EAGAIN
            );
            let in_time = match step.limit {
                Limit::Forever => true,
                Limit::Seconds { seconds, .. } => {
                    now().wrapping_sub(started) < u64::from(seconds) * SECOND
                }
            };
            if !may_come || !in_time {
                let fault = Fault::os(show_bytes(&source), last);
                return Err(self.with_modules(match last {
                    Errno::ENODEV => fault.line("this kernel has no file system nfs"),
                    Errno::EACCES | Errno::EPERM => {
                        fault.line("the server does not export it to this machine")
                    }
                    Errno::ENOENT => fault.line("the server has no such folder"),
                    _ => fault,
                }));
            }
            std::thread::sleep(PAUSE);
        }
    }
}

fn address_of(name: &[u8]) -> Result<IpAddr, Fault> {
    let list = resolve::addresses(name, 0).map_err(|error| Fault::new(error.to_string()))?;
    let first = list.first().map(|(ip, _)| *ip);
    first.ok_or_else(|| Fault::new(format!("{}: no address", show_bytes(name))))
}

/// `%s` is our address.
fn filled(path: &[u8], own: &[u8]) -> Vec<u8> {
    match path.windows(2).position(|two| two == b"%s") {
        Some(at) => {
            let (before, behind) = path.split_at(at);
            [before, own, behind.get(2..).unwrap_or_default()].concat()
        }
        None => path.to_vec(),
    }
}
