//! Virtual machines, in emulation.

mod command;
mod faults;
mod image;
mod kernels;
mod matrix;
mod modules;
mod osbuild;
mod seed;
