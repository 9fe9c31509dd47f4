//! Orders about network devices that are older than netlink: VLANs, and the
//! interfaces of programs (tun, tap). linux/if_vlan.h, linux/if_tun.h.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

const SIOCSIFFLAGS: u32 = 0x8914;
const SIOCSIFVLAN: u32 = 0x8983;
const TUNSETIFF: u32 = 0x4004_54ca;
const TUNSETPERSIST: u32 = 0x4004_54cb;
const TUNSETOWNER: u32 = 0x4004_54cc;
const TUNSETGROUP: u32 = 0x4004_54ce;

/// The longest name, with the NUL behind it. IFNAMSIZ.
const NAME_MAX: usize = 16;

/// struct vlan_ioctl_args; the number stands where the kernel has a union of
/// 24 bytes.
#[repr(C)]
struct Vlan {
    order: i32,
    device: [u8; 24],
    number: u32,
    rest: [u8; 20],
    quality: i16,
}

/// struct ifreq, of which the kernel reads and writes name and flags.
#[repr(C, align(8))]
struct Interface {
    name: [u8; NAME_MAX],
    flags: u16,
    rest: [u8; 22],
}

fn named<const N: usize>(name: &[u8]) -> Result<[u8; N], Errno> {
    let mut field = [0; N];
    match field.get_mut(..name.len()) {
        Some(place) if name.len() < NAME_MAX && !name.contains(&0) => place.copy_from_slice(name),
        _ => return Err(Errno::ENODEV),
    }
    Ok(field)
}

/// Switches an interface on, in fewer instructions than netlink wants.
pub fn bring_up(name: &[u8]) -> Result<(), Errno> {
    let flags = libc::IFF_UP as u16;
    let order = Interface { name: named(name)?, flags, rest: [0; 22] };
    let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    let fd = socket.as_raw_fd();
    // SAFETY: the call reads the structure.
    Errno::result(unsafe { libc::ioctl(fd, SIOCSIFFLAGS as libc::Ioctl, &raw const order) })
        .map(drop)
}

/// An order about a VLAN (enum vlan_ioctl_cmds), by any internet socket.
pub fn vlan(
    socket: impl AsFd,
    order: i32,
    device: &[u8],
    number: u32,
    quality: i16,
) -> Result<(), Errno> {
    let device = named(device)?;
    let arguments = Vlan { order, device, number, rest: [0; 20], quality };
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the call reads the structure, and writes within it at most.
    Errno::result(unsafe { libc::ioctl(fd, SIOCSIFVLAN as libc::Ioctl, &raw const arguments) })
        .map(drop)
}

/// Makes an open /dev/net/tun the interface of this name, or of the first free
/// one when it holds `%d`: the name. Flags are IFF_TUN, IFF_TAP and so on.
pub fn attach(tun: impl AsFd, name: &[u8], flags: u16) -> Result<Vec<u8>, Errno> {
    let mut request = Interface { name: named(name)?, flags, rest: [0; 22] };
    let fd = tun.as_fd().as_raw_fd();
    // SAFETY: the call reads and writes a structure of this size.
    Errno::result(unsafe { libc::ioctl(fd, TUNSETIFF as libc::Ioctl, &raw mut request) })?;
    Ok(request.name.iter().copied().take_while(|&b| b != 0).collect())
}

/// What is set about the interface of a /dev/net/tun.
#[derive(Clone, Copy)]
pub enum Tun {
    /// Whether it stays when nobody has it open.
    Stays,
    /// Whose it is.
    Owner,
    /// Whose group's.
    Group,
}

/// Sets one of these.
pub fn set(tun: impl AsFd, what: Tun, value: u32) -> Result<(), Errno> {
    let order = match what {
        Tun::Stays => TUNSETPERSIST,
        Tun::Owner => TUNSETOWNER,
        Tun::Group => TUNSETGROUP,
    };
    let value = libc::c_ulong::from(value);
    // SAFETY: these orders take a number and touch no memory of ours.
    Errno::result(unsafe { libc::ioctl(tun.as_fd().as_raw_fd(), order as libc::Ioctl, value) })
        .map(drop)
}
