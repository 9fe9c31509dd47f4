//! Virtual machines, in emulation.

mod attach;
mod command;
mod console;
mod disks;
mod faults;
mod image;
mod init;
mod kernels;
mod matrix;
mod modules;
mod osbuild;
mod remote;
mod seed;
