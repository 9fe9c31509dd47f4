//! Virtual machines, in emulation.

mod command;
mod image;
mod kernels;
mod osbuild;
mod seed;
