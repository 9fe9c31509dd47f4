//! Virtual machines, in emulation.

mod command;
mod image;
mod kernels;
mod modules;
mod osbuild;
mod seed;
