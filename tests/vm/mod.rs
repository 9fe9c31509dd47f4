//! Virtual machines, in emulation.

mod command;
mod disks;
mod faults;
mod image;
mod kernels;
mod modules;
mod osbuild;
mod seed;
