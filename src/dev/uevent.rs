//! Word from the kernel that a device came, went or got a driver.
//!
//! Only the fact that something happened is used here, never what a message
//! says: any local user could have sent it.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};

/// An ear for the kernel's messages.
pub struct Listener(OwnedFd);

impl Listener {
    /// Messages sent from now on are heard.
    pub fn new() -> Result<Listener, Errno> {
        let fd = socket(
            AddressFamily::Netlink,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            SockProtocol::NetlinkKObjectUEvent,
        )?;
        // Group 1 is the kernel's.
        bind(fd.as_raw_fd(), &NetlinkAddr::new(0, 1))?;
        Ok(Listener(fd))
    }

    /// Waits until something happens, at most `milliseconds`; says whether
    /// anything did.
    pub fn wait(&self, milliseconds: u16) -> bool {
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, PollTimeout::from(milliseconds)) != Ok(1) {
            return false;
        }
        // Those that came together count as one; the rest wakes us again.
        let mut buffer = [0; 512];
        for _ in 0..64 {
            match recv(self.0.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(_) | Err(Errno::ENOBUFS) => {}
                Err(_) => break,
            }
        }
        true
    }
}
