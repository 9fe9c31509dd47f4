//! System calls and C library functions that nix does not wrap.
//!
//! All `unsafe` of the crate is in this folder, a typed and safe function
//! around each use, with the reason why it is sound beside it.

#![allow(unsafe_code)]

#[cfg(test)]
pub mod account;
pub mod attributes;
pub mod block;
pub mod btrfs;
pub mod clock;
pub mod command;
pub mod console;
pub mod copying;
pub mod descriptor;
pub mod exec;
pub mod fd;
pub mod file;
pub mod float;
pub mod folder;
pub mod framebuffer;
pub mod heap;
pub mod kernel_log;
pub mod kexec;
pub mod keyring;
pub mod lines;
pub mod loopdev;
pub mod memory;
pub mod namespace;
pub mod netdev;
pub mod parallel;
pub mod path;
pub mod physical;
pub mod privilege;
pub mod process;
pub mod pty;
pub mod random;
pub mod rtc;
pub mod schedule;
pub mod search;
pub mod session;
pub mod sessions;
pub mod shared;
pub mod signal;
pub mod socket;
pub mod start;
pub mod statfs;
pub mod stream;
pub mod swap;
pub mod terminal;
pub mod termios;
pub mod text;
pub mod tty;
pub mod usage;
pub mod watchdog;
pub mod xattr;

pub use crate::entry_point;
