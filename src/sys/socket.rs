//! Sockets of any family: addresses as the kernel takes them, and the calls on
//! them. One copy of each call, where a typed address for every family would
//! cost one a type.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// The address of a socket: the bytes of some struct sockaddr.
#[derive(Clone, Copy)]
pub struct Address {
    bytes: Bytes,
    length: u8,
}

/// Room for every family, aligned as struct sockaddr_storage is.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Bytes([u8; 128]);

impl Address {
    /// No address yet.
    pub const NONE: Address = Address { bytes: Bytes([0; 128]), length: 0 };

    fn of(family: i32, rest: &[u8]) -> Address {
        let mut address = Address::NONE;
        let family = u16::try_from(family).unwrap_or(0).to_ne_bytes();
        let parts = family.iter().chain(rest);
        for (to, from) in address.bytes.0.iter_mut().zip(parts) {
            *to = *from;
        }
        address.length = u8::try_from(rest.len().min(126) + 2).unwrap_or(0);
        address
    }

    /// An internet address. `scope` is the interface of a link-local one.
    pub fn ip(ip: IpAddr, port: u16, scope: u32) -> Address {
        let mut rest = [0; 26];
        let [p0, p1, ..] = &mut rest;
        [*p0, *p1] = port.to_be_bytes();
        match ip {
            IpAddr::V4(ip) => {
                rest[2..6].copy_from_slice(&ip.octets());
                Address::of(libc::AF_INET, &rest[..14])
            }
            IpAddr::V6(ip) => {
                rest[6..22].copy_from_slice(&ip.octets());
                rest[22..26].copy_from_slice(&scope.to_ne_bytes());
                Address::of(libc::AF_INET6, &rest)
            }
        }
    }

    /// Whom a packet socket sends to or listens on: an interface by its index,
    /// an Ethernet protocol, a hardware address. packet(7).
    pub fn packet(index: i32, protocol: u16, hardware: &[u8]) -> Address {
        let mut rest = [0; 18];
        rest[0..2].copy_from_slice(&protocol.to_be_bytes());
        rest[2..6].copy_from_slice(&index.to_ne_bytes());
        rest[9] = u8::try_from(hardware.len().min(8)).unwrap_or(0);
        for (to, from) in rest[10..].iter_mut().zip(hardware) {
            *to = *from;
        }
        Address::of(libc::AF_PACKET, &rest)
    }

    /// A netlink socket's: what the kernel tells these groups.
    pub fn netlink(groups: u32) -> Address {
        let mut rest = [0; 10];
        rest[6..10].copy_from_slice(&groups.to_ne_bytes());
        Address::of(libc::AF_NETLINK, &rest)
    }

    /// A port of a machine and its virtual machines. vsock(7).
    pub fn vsock(cid: u32, port: u32) -> Address {
        let mut rest = [0; 14];
        rest[2..6].copy_from_slice(&port.to_ne_bytes());
        rest[6..10].copy_from_slice(&cid.to_ne_bytes());
        Address::of(libc::AF_VSOCK, &rest)
    }

    /// A socket in the file system. unix(7).
    pub fn unix(path: &std::path::Path) -> Result<Address, Errno> {
        use std::os::unix::ffi::OsStrExt;
        let path = path.as_os_str().as_bytes();
        if path.is_empty() || path.len() > 107 || path.contains(&0) {
            return Err(Errno::ENAMETOOLONG);
        }
        Ok(Address::of(libc::AF_UNIX, &[path, b"\0"].concat()))
    }

    /// AF_INET and so on.
    pub fn family(&self) -> i32 {
        i32::from(u16::from_ne_bytes(self.part(0)))
    }

    /// `N` bytes from `at` on; zeros behind the end.
    fn part<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut part = [0; N];
        for (to, from) in part.iter_mut().zip(self.bytes.0.iter().skip(at)) {
            *to = *from;
        }
        part
    }

    /// The internet address and port.
    pub fn to_ip(&self) -> Option<(IpAddr, u16)> {
        let port = u16::from_be_bytes(self.part(2));
        match self.family() {
            libc::AF_INET => Some((IpAddr::V4(Ipv4Addr::from(self.part::<4>(4))), port)),
            libc::AF_INET6 => Some((IpAddr::V6(Ipv6Addr::from(self.part::<16>(8))), port)),
            _ => None,
        }
    }

    /// The context and port of a vsock address.
    pub fn to_vsock(&self) -> Option<(u32, u32)> {
        (self.family() == libc::AF_VSOCK)
            .then(|| (u32::from_ne_bytes(self.part(8)), u32::from_ne_bytes(self.part(4))))
    }

    /// The hardware address of a packet's sender.
    pub fn hardware(&self) -> [u8; 6] {
        self.part(12)
    }

    /// Whether a packet was for this machine alone (PACKET_HOST).
    pub fn is_unicast(&self) -> bool {
        let [_, _, kind, _] = self.part::<4>(8);
        kind == 0
    }

    /// Whom a netlink message is from: 0 is the kernel.
    pub fn netlink_port(&self) -> u32 {
        u32::from_ne_bytes(self.part(4))
    }

    fn pointer(&self) -> *const libc::sockaddr {
        (&raw const self.bytes).cast()
    }

    fn size(&self) -> libc::socklen_t {
        libc::socklen_t::from(self.length)
    }

    /// Lets a call of the system fill an address.
    fn filled(
        call: &mut dyn FnMut(*mut libc::sockaddr, &mut libc::socklen_t) -> isize,
    ) -> Result<(usize, Address), Errno> {
        let mut address = Address::NONE;
        let mut size: libc::socklen_t = 128;
        let count = Errno::result(call((&raw mut address.bytes).cast(), &mut size))?;
        address.length = u8::try_from(size.min(128)).unwrap_or(0);
        Ok((usize::try_from(count).unwrap_or(0), address))
    }
}

fn owned(fd: libc::c_int) -> Result<OwnedFd, Errno> {
    let fd = Errno::result(fd)?;
    // SAFETY: the kernel has just made it, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// socket(2), closed on exec.
pub fn open(family: i32, kind: i32, protocol: i32) -> Result<OwnedFd, Errno> {
    // SAFETY: numbers only.
    owned(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) })
}

/// bind(2).
pub fn bind(fd: impl AsFd, address: &Address) -> Result<(), Errno> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: pointer and length are of one live address.
    Errno::result(unsafe { libc::bind(fd, address.pointer(), address.size()) }).map(drop)
}

/// connect(2).
pub fn connect(fd: impl AsFd, address: &Address) -> Result<(), Errno> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: pointer and length are of one live address.
    Errno::result(unsafe { libc::connect(fd, address.pointer(), address.size()) }).map(drop)
}

/// connect(2) that gives up with ETIMEDOUT after that long.
pub fn connect_within(fd: &OwnedFd, address: &Address, limit: Duration) -> Result<(), Errno> {
    set_blocking(fd, false)?;
    let result = match connect(fd, address) {
        Err(Errno::EINPROGRESS | Errno::EINTR) => wait_connected(fd, limit),
        other => other,
    };
    set_blocking(fd, true)?;
    result
}

fn wait_connected(fd: &OwnedFd, limit: Duration) -> Result<(), Errno> {
    let end = Instant::now() + limit;
    loop {
        if wait(fd.as_fd(), PollFlags::POLLOUT, end.saturating_duration_since(Instant::now()))? {
            break;
        }
        if Instant::now() >= end {
            return Err(Errno::ETIMEDOUT);
        }
    }
    match number(fd, libc::SOL_SOCKET, libc::SO_ERROR)? {
        0 => Ok(()),
        error => Err(Errno::from_raw(error)),
    }
}

/// Waits until `fd` is ready for `events` (or broken), at most that long.
/// False when it is not; a signal ends the wait, too.
pub fn wait(fd: BorrowedFd<'_>, events: PollFlags, limit: Duration) -> Result<bool, Errno> {
    // rounded up, so as not to come back just before the time
    let whole = limit.subsec_nanos().is_multiple_of(1_000_000);
    let milliseconds = limit.as_millis() + u128::from(!whole);
    let timeout = PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX);
    match poll(&mut [PollFd::new(fd, events)], timeout) {
        Ok(count) => Ok(count > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// listen(2).
pub fn listen(fd: impl AsFd, backlog: i32) -> Result<(), Errno> {
    // SAFETY: numbers only.
    Errno::result(unsafe { libc::listen(fd.as_fd().as_raw_fd(), backlog) }).map(drop)
}

/// accept4(2), closed on exec: the connection and who is at the other end.
pub fn accept(fd: impl AsFd, nonblocking: bool) -> Result<(OwnedFd, Address), Errno> {
    let fd = fd.as_fd().as_raw_fd();
    let flags = libc::SOCK_CLOEXEC | if nonblocking { libc::SOCK_NONBLOCK } else { 0 };
    let (new, address) = Address::filled(&mut |address, size| {
        // SAFETY: pointer and length are of one live address.
        unsafe { libc::accept4(fd, address, size, flags) as isize }
    })?;
    Ok((owned(i32::try_from(new).unwrap_or(-1))?, address))
}

/// sendto(2), without SIGPIPE; with no address to whom it is connected.
pub fn send(fd: impl AsFd, bytes: &[u8], to: Option<&Address>) -> Result<usize, Errno> {
    let (pointer, size) = to.map_or((std::ptr::null(), 0), |to| (to.pointer(), to.size()));
    let flags = libc::MSG_NOSIGNAL;
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: the bytes and the address are live, with their lengths.
    let count =
        unsafe { libc::sendto(fd, bytes.as_ptr().cast(), bytes.len(), flags, pointer, size) };
    Errno::result(count).map(|count| usize::try_from(count).unwrap_or(0))
}

/// recvfrom(2): how much came, with MSG_TRUNC how much there was, and from
/// whom.
pub fn receive(fd: impl AsFd, buffer: &mut [u8], flags: i32) -> Result<(usize, Address), Errno> {
    let fd = fd.as_fd().as_raw_fd();
    Address::filled(&mut |address, size| {
        // SAFETY: the buffer and the address are live, with their lengths.
        unsafe {
            libc::recvfrom(fd, buffer.as_mut_ptr().cast(), buffer.len(), flags, address, size)
        }
    })
}

/// recvmsg(2) with one control message, whose level, kind and first 64 bytes
/// are handed out: IP_TTL, IP_RECVERR.
pub fn receive_with_control(
    fd: impl AsFd,
    buffer: &mut [u8],
    flags: i32,
    control: &mut dyn FnMut(i32, i32, &[u8]),
) -> Result<(usize, Address), Errno> {
    let fd = fd.as_fd().as_raw_fd();
    let mut space = Bytes([0; 128]);
    let mut vector = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: a msghdr of zeros is a valid one; its pointers are set below.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut vector;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut space).cast();
    message.msg_controllen = 128 as _;
    let result = Address::filled(&mut |address, size| {
        message.msg_name = address.cast();
        message.msg_namelen = *size;
        // SAFETY: the message points to live memory of the lengths it says.
        let count = unsafe { libc::recvmsg(fd, &raw mut message, flags) };
        *size = message.msg_namelen;
        count
    })?;
    // SAFETY: the kernel filled the header and the control bytes.
    let mut head = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    while !head.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR point to whole headers inside
        // the control bytes.
        let (level, kind, length) =
            unsafe { ((*head).cmsg_level, (*head).cmsg_type, (*head).cmsg_len as usize) };
        // SAFETY: as above.
        let data = unsafe { libc::CMSG_DATA(head) };
        // SAFETY: both pointers are into `space`.
        let before = unsafe { data.offset_from(head.cast::<u8>()) };
        let start = (head as usize).wrapping_sub((&raw const space) as usize);
        let from = start.wrapping_add(usize::try_from(before).unwrap_or(0));
        let end = start.wrapping_add(length).min(128);
        control(level, kind, space.0.get(from..end).unwrap_or_default());
        // SAFETY: as above.
        head = unsafe { libc::CMSG_NXTHDR(&raw const message, head) };
    }
    Ok(result)
}

/// setsockopt(2) with a number.
pub fn set_number(fd: impl AsFd, level: i32, name: i32, value: i32) -> Result<(), Errno> {
    set(fd, level, name, &value.to_ne_bytes())
}

/// setsockopt(2).
pub fn set(fd: impl AsFd, level: i32, name: i32, value: &[u8]) -> Result<(), Errno> {
    let size = libc::socklen_t::try_from(value.len()).map_err(|_| Errno::EINVAL)?;
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: the value is live and has the length given.
    Errno::result(unsafe { libc::setsockopt(fd, level, name, value.as_ptr().cast(), size) })
        .map(drop)
}

/// Attaches a filter of `struct sock_filter` instructions to a packet socket:
/// what it returns 0 for is not received. socket(7), SO_ATTACH_FILTER.
pub fn filter(fd: impl AsFd, program: &[(u16, u8, u8, u32)]) -> Result<(), Errno> {
    let mut list: Vec<libc::sock_filter> =
        program.iter().map(|&(code, jt, jf, k)| libc::sock_filter { code, jt, jf, k }).collect();
    let len = u16::try_from(list.len()).map_err(|_| Errno::EINVAL)?;
    let program = libc::sock_fprog { len, filter: list.as_mut_ptr() };
    let size = size_of::<libc::sock_fprog>() as libc::socklen_t;
    let (fd, pointer) = (fd.as_fd().as_raw_fd(), (&raw const program).cast());
    // SAFETY: the program and the list that it points to outlive the call,
    // which copies and checks them.
    let done =
        unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, pointer, size) };
    Errno::result(done).map(drop)
}

/// getsockopt(2) of a number.
pub fn number(fd: impl AsFd, level: i32, name: i32) -> Result<i32, Errno> {
    let mut value: libc::c_int = 0;
    let mut size = size_of::<libc::c_int>() as libc::socklen_t;
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: the number outlives the call and has the size given.
    let done = unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &raw mut size) };
    Errno::result(done).map(|_| value)
}

/// getsockname(2).
pub fn name(fd: impl AsFd) -> Result<Address, Errno> {
    let fd = fd.as_fd().as_raw_fd();
    Address::filled(&mut |address, size| {
        // SAFETY: pointer and length are of one live address.
        unsafe { libc::getsockname(fd, address, size) as isize }
    })
    .map(|(_, address)| address)
}

/// getpeername(2).
pub fn peer(fd: impl AsFd) -> Result<Address, Errno> {
    let fd = fd.as_fd().as_raw_fd();
    Address::filled(&mut |address, size| {
        // SAFETY: pointer and length are of one live address.
        unsafe { libc::getpeername(fd, address, size) as isize }
    })
    .map(|(_, address)| address)
}

/// Says that nothing more will be written. shutdown(2).
pub fn end_writing(fd: impl AsFd) -> Result<(), Errno> {
    // SAFETY: numbers only.
    Errno::result(unsafe { libc::shutdown(fd.as_fd().as_raw_fd(), libc::SHUT_WR) }).map(drop)
}

/// Whether reads and writes wait.
pub fn set_blocking(fd: impl AsFd, blocking: bool) -> Result<(), Errno> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let mut flags = OFlag::from_bits_truncate(fcntl(&fd, FcntlArg::F_GETFL)?);
    flags.set(OFlag::O_NONBLOCK, !blocking);
    fcntl(&fd, FcntlArg::F_SETFL(flags)).map(drop)
}

/// Opens the socket to a server and connects to it.
pub fn dial(address: &Address, kind: i32, limit: Duration) -> Result<OwnedFd, Errno> {
    let fd = open(address.family(), kind, 0)?;
    connect_within(&fd, address, limit)?;
    Ok(fd)
}

/// A socket that servers listen on, its port free at once when they end.
pub fn serve(address: &Address, kind: i32) -> Result<OwnedFd, Errno> {
    let fd = open(address.family(), kind, 0)?;
    set_number(&fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    bind(&fd, address)?;
    Ok(fd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_back() {
        let four = Address::ip("192.0.2.1".parse().unwrap(), 80, 0);
        assert_eq!(four.to_ip(), Some(("192.0.2.1".parse().unwrap(), 80)));
        assert_eq!((four.family(), four.size()), (libc::AF_INET, 16));
        let six = Address::ip("fe80::1".parse().unwrap(), 8080, 3);
        assert_eq!(six.to_ip(), Some(("fe80::1".parse().unwrap(), 8080)));
        assert_eq!((six.size(), six.to_vsock()), (28, None));
        assert_eq!(Address::vsock(2, 1023).to_vsock(), Some((2, 1023)));
        assert_eq!(Address::packet(2, 0x0806, &[1, 2, 3, 4, 5, 6]).hardware(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(Address::packet(2, 0x0806, &[]).size(), 20);
        assert_eq!(Address::netlink(1).size(), 12);
    }

    #[test]
    fn a_connection() {
        let any = Address::ip("127.0.0.1".parse().unwrap(), 0, 0);
        let server = serve(&any, libc::SOCK_STREAM).unwrap();
        listen(&server, 1).unwrap();
        let address = name(&server).unwrap();
        let client = dial(&address, libc::SOCK_STREAM, Duration::from_secs(5)).unwrap();
        let (end, from) = accept(&server, false).unwrap();
        assert_eq!(from.to_ip(), name(&client).unwrap().to_ip());
        send(&client, b"hello", None).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(receive(&end, &mut buffer, 0).unwrap().0, 5);
        drop(server);
        let refused = dial(&address, libc::SOCK_STREAM, Duration::from_secs(5));
        assert_eq!(refused.err(), Some(Errno::ECONNREFUSED));
    }
}
