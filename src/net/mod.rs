//! Network: links, addresses and routes through rtnetlink, name resolution,
//! and the codecs of the protocols that the applets speak.
//!
//! Pure files (bytes in, values out): [`address`], [`dhcp`], [`dns`], [`http`], [`ipparam`],
//! [`nbd`], [`packet`], [`rtnl`], [`telnet`], [`tftp`].

pub mod address;
pub mod dhcp;
pub mod dns;
pub mod http;
pub mod ipparam;
pub mod lease;
pub mod links;
pub mod nbd;
pub mod netlink;
pub mod nfs;
pub mod packet;
pub mod password;
pub mod resolve;
pub mod rtnl;
pub mod telnet;
pub mod tftp;
