//! Virtual machines, in emulation.

mod kernels;
