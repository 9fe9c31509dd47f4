//! Virtual machines, in emulation.

mod kernels;
mod modules;
