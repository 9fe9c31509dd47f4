//! Virtual machines, in emulation.

mod image;
mod kernels;
