//! Virtual machines, in emulation.

mod command;
mod kernels;
