//! Block devices: what is on them ([`probe`], pure), telling the kernel of their
//! partitions ([`announce`]), which there are and which
//! one a name means ([`scan`]), what udev calls them ([`names`]).

pub mod announce;
pub mod identity;
pub mod medium;
pub mod names;
pub mod probe;
pub mod scan;
