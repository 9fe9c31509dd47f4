//! Talking to the kernel about links, addresses, routes and neighbours.

use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::rtnl::{Message, Request, messages};
use crate::sys::socket::{self, Address};

/// A socket to the kernel's network.
pub struct Netlink {
    fd: OwnedFd,
    sequence: u32,
}

/// Larger than any message the kernel sends at once (netlink_dump: 32 KiB).
const ROOM: usize = 64 * 1024;

impl Netlink {
    /// Opens it.
    pub fn open() -> Result<Netlink, Errno> {
        let fd = socket::open(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE)?;
        socket::bind(&fd, &Address::netlink(0))?;
        // Dumps may then be limited by what the request names.
        let _ = socket::set_number(&fd, libc::SOL_NETLINK, libc::NETLINK_GET_STRICT_CHK, 1);
        Ok(Netlink { fd, sequence: 0 })
    }

    /// Sends a request and hands out what comes back until the kernel says that
    /// it is done, with a failure as its error number.
    #[inline(never)]
    pub fn ask(
        &mut self,
        request: Request,
        take: &mut dyn FnMut(&Message<'_>),
    ) -> Result<(), Errno> {
        self.sequence = self.sequence.wrapping_add(1);
        let bytes = request.finish(self.sequence);
        socket::send(&self.fd, &bytes, Some(&Address::netlink(0)))?;
        let mut room = vec![0; ROOM];
        loop {
            let (count, from) = match socket::receive(&self.fd, &mut room, 0) {
                Err(Errno::EINTR) => continue,
                other => other?,
            };
            // Any process may send us something: only the kernel is believed.
            if from.netlink_port() != 0 {
                continue;
            }
            for message in messages(room.get(..count).unwrap_or_default()) {
                if message.sequence != self.sequence {
                    continue;
                }
                match i32::from(message.kind) {
                    libc::NLMSG_ERROR | libc::NLMSG_DONE => {
                        return match message.error() {
                            0 => Ok(()),
                            error => Err(Errno::from_raw(error)),
                        };
                    }
                    _ => take(&message),
                }
            }
        }
    }

    /// A request to change something.
    pub fn change(&mut self, request: Request) -> Result<(), Errno> {
        self.ask(request, &mut |_| {})
    }
}
