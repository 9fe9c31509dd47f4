//! Block devices: what is on them ([`probe`], pure), which there are and which
//! one a name means ([`scan`]), what udev calls them ([`names`]).

pub mod names;
pub mod probe;
pub mod scan;
