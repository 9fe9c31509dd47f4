//! Virtual machines, in emulation.

mod faults;
mod image;
mod kernels;
