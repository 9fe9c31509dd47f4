//! vconfig: networks within a network, by 802.1q. As busybox's; `ip link add
//! type vlan` does the same.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::options;
use crate::sys::{netdev, socket};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "vconfig",
    summary: "make and remove VLANs",
    usage: "add IFACE ID\n\
            \x20      vconfig rem VLAN\n\
            \x20      vconfig set_flag VLAN 0|1 QOS\n\
            \x20      vconfig set_egress_map|set_ingress_map VLAN PRIORITY QOS\n\
            \x20      vconfig set_name_type VLAN_PLUS_VID|VLAN_PLUS_VID_NO_PAD|\n\
            \x20                            DEV_PLUS_VID|DEV_PLUS_VID_NO_PAD",
    kind: Kind::Fork, // it may load a module
    run,
};

/// Commands with their numbers (enum vlan_ioctl_cmds) and how many words follow.
const COMMANDS: [(&[u8], i32, usize); 6] = [
    (b"add", 0, 2),
    (b"rem", 1, 1),
    (b"set_ingress_map", 2, 3),
    (b"set_egress_map", 3, 3),
    (b"set_name_type", 6, 1),
    (b"set_flag", 7, 3),
];

/// enum vlan_name_types.
const NAMES: [&[u8]; 4] =
    [b"VLAN_PLUS_VID", b"DEV_PLUS_VID", b"VLAN_PLUS_VID_NO_PAD", b"DEV_PLUS_VID_NO_PAD"];

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("")?;
    let [command, words @ ..] = options.operands.as_slice() else {
        return Err(Error::usage("which command?"));
    };
    let known = COMMANDS.iter().find(|(name, ..)| *name == command.as_bytes());
    let Some(&(_, order, count)) = known else {
        return Err(Error::bad(show(command), "not a command"));
    };
    if words.len() != count {
        return Err(Error::usage("not so many words"));
    }
    let ranged = |at: usize, most: u64| -> Result<u32, Error> {
        let text = words.get(at).cloned().unwrap_or_default();
        let number = options::number(&text)
            .ok_or_else(|| Error::msg(format_args!("invalid number '{}'", show(&text))))?;
        if number > most {
            return Err(Error::msg(format_args!("number {number} is not in 0..{most} range")));
        }
        Ok(u32::try_from(number).unwrap_or(0))
    };
    let mut device = words.first().map(|word| word.as_bytes()).unwrap_or_default();
    let (mut number, mut quality) = (0, 0);
    match order {
        0 => number = ranged(1, 4095)?,
        2 | 3 | 7 => {
            number = ranged(1, if order == 7 { 1 } else { u64::from(u32::MAX) })?;
            quality = i16::try_from(ranged(2, 7)?).unwrap_or(0);
        }
        6 => {
            let at = NAMES.iter().position(|name| *name == device);
            let Some(at) = at else {
                return Err(Error::bad(crate::applet::show_bytes(device), "not a type of names"));
            };
            number = u32::try_from(at).unwrap_or(0);
            device = b"";
        }
        _ => {}
    }
    let socket = socket::open(libc::AF_INET, libc::SOCK_STREAM, 0);
    let socket = socket.map_err(|e| Error::os("socket", e))?;
    netdev::vlan(socket, order, device, number, quality)
        .map_err(|e| Error::os(format_args!("ioctl error for {}", show(command)), e))?;
    Ok(Status::OK)
}
