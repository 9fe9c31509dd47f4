//! Files and file systems.

pub mod empty;
