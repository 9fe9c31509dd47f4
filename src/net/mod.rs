//! Network: links, addresses and routes through rtnetlink, name resolution,
//! and the codecs of the protocols that the applets speak.
//!
//! Pure files (bytes in, values out): [`rtnl`].

pub mod address;
pub mod links;
pub mod netlink;
pub mod rtnl;
