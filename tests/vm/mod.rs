//! Virtual machines, in emulation.

mod command;
mod faults;
mod image;
mod kernels;
mod modules;
mod osbuild;
mod seed;
