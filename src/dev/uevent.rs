//! Word from the kernel that a device came, went or got a driver.
//!
//! Any local user can send to this kind of socket, so a message counts only
//! when it comes from the kernel: no port number, to the kernel's group, by
//! user 0, and whole. Where messages were lost, sysfs has to be looked at
//! again; [`Heard::Lost`] says so.

use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType,
    UnixCredentials, bind, recvmsg, setsockopt, socket, sockopt,
};

/// An ear for the kernel's messages.
pub struct Listener(OwnedFd);

/// What was heard.
pub enum Heard<'a> {
    /// A message of the kernel.
    Message(&'a [u8]),
    /// Messages were lost.
    Lost,
    /// Nothing more at the moment.
    Nothing,
}

/// The kernel's messages are smaller (`UEVENT_BUFFER_SIZE` is 2048, and the
/// headline).
pub const MESSAGE_MAX: usize = 8192;

impl Listener {
    /// Messages sent from now on are heard.
    pub fn new() -> Result<Listener, Errno> {
        let fd = socket(
            AddressFamily::Netlink,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            SockProtocol::NetlinkKObjectUEvent,
        )?;
        setsockopt(&fd, sockopt::PassCred, &true)?;
        // Group 1 is the kernel's.
        bind(fd.as_raw_fd(), &NetlinkAddr::new(0, 1))?;
        Ok(Listener(fd))
    }

    /// Lets the kernel keep this many bytes of messages for us.
    pub fn make_room(&self, bytes: usize) {
        if setsockopt(&self.0, sockopt::RcvBufForce, &bytes).is_err() {
            let _ = setsockopt(&self.0, sockopt::RcvBuf, &bytes);
        }
    }

    /// The next message that is there; what others send is passed over.
    #[inline(never)]
    pub fn hear<'a>(&self, buffer: &'a mut [u8; MESSAGE_MAX]) -> Heard<'a> {
        loop {
            let mut space = nix::cmsg_space!(UnixCredentials);
            let mut parts = [IoSliceMut::new(buffer.as_mut_slice())];
            let got = recvmsg::<NetlinkAddr>(
                self.0.as_raw_fd(),
                &mut parts,
                Some(&mut space),
                MsgFlags::MSG_CMSG_CLOEXEC,
            );
            let length = match got {
                Ok(got) => {
                    let from_kernel =
                        got.address.is_some_and(|from| from.pid() == 0 && from.groups() == 1);
                    let by_root = got.cmsgs().is_ok_and(|mut list| {
                        list.any(|message| {
                            matches!(message, ControlMessageOwned::ScmCredentials(who) if who.uid() == 0)
                        })
                    });
                    if got.flags.contains(MsgFlags::MSG_TRUNC) {
                        return Heard::Lost;
                    }
                    if !from_kernel || !by_root {
                        continue;
                    }
                    got.bytes
                }
                Err(Errno::EINTR) => continue,
                Err(Errno::ENOBUFS) => return Heard::Lost,
                Err(_) => return Heard::Nothing,
            };
            return Heard::Message(buffer.get(..length).unwrap_or_default());
        }
    }

    /// Waits until there is something to hear, at most `milliseconds`; says
    /// whether there is.
    pub fn is_ready(&self, milliseconds: u16) -> bool {
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::from(milliseconds)) == Ok(1)
    }

    /// Waits until something happens, at most `milliseconds`; says whether
    /// anything did. Those that came together count as one.
    pub fn wait(&self, milliseconds: u16) -> bool {
        if !self.is_ready(milliseconds) {
            return false;
        }
        let mut buffer = [0; MESSAGE_MAX];
        let mut any = false;
        for _ in 0..64 {
            match self.hear(&mut buffer) {
                Heard::Nothing => break,
                _ => any = true,
            }
        }
        any
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
