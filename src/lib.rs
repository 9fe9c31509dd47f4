//! rescuebox: one static binary that is `/init`, the shell and every tool of an
//! initramfs, and that on the host builds initramfs images out of itself and
//! boots virtual machines from a directory.
//!
//! The modules are the floors of a house; imports only go down
//! (`tests/house.rs` checks it):
//!
//! * 4: [`applets`], one thin file per command
//! * 3: [`shell`] (execution), [`boot`] (PID 1), [`image`] (initramfs
//!   builder), [`vm`] (virtual machine runner)
//! * 2: doers: [`kmod`] (loading), [`fsutil`] (mounts, trees), [`dev`]
//! * 1: the applet contract and everything pure: bytes in, values out
//! * 0: [`sys`], system calls; the only place with `unsafe`

pub mod applet;
pub mod applets;
pub mod archive;
pub mod awk;
pub mod blk;
pub mod blocks;
pub mod boot;
pub mod bzimage;
pub mod characters;
pub mod civil;
pub mod cmdline;
pub mod compress;
pub mod cpio;
pub mod crypt;
pub mod date;
pub mod decimal;
pub mod dev;
pub mod difference;
pub mod digest;
pub mod digits;
pub mod directive;
pub mod disklabel;
pub mod elf;
pub mod encoding;
pub mod fstab;
pub mod fsutil;
pub mod image;
pub mod inittab;
pub mod inputs;
pub mod interfaces;
pub mod interval;
pub mod job;
pub mod json;
pub mod kmod;
pub mod kmsg;
pub mod magic;
pub mod markup;
pub mod mask;
pub mod mdevconf;
pub mod mkfs;
pub mod mode;
pub mod mountinfo;
pub mod mountopts;
pub mod net;
pub mod options;
pub mod order;
pub mod parttypes;
pub mod passwd;
pub mod patchfile;
pub mod pixmap;
pub mod proc;
pub mod procstat;
pub mod program;
pub mod psf;
pub mod regex;
pub mod screen;
pub mod sed;
pub mod settings;
pub mod shell;
pub mod size;
pub mod sys;
pub mod syslog;
pub mod table;
pub mod uevent;
pub mod vm;
