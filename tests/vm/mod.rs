//! Virtual machines, in emulation.

mod attach;
mod classic;
mod command;
mod console;
mod debian;
mod disks;
mod faults;
mod gentoo;
mod idle;
mod image;
mod init;
mod kernels;
mod matrix;
mod modules;
mod network;
mod nfs;
mod osbuild;
mod package;
mod remote;
mod roots;
mod seed;
mod uki;
