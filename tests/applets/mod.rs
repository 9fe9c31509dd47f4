//! What each applet does, literally.

mod attributes;
mod blkid;
mod awk;
mod boot;
mod cat;
mod commands;
mod copy;
mod date;
mod depmod;
mod folders;
mod grep;
mod gzip;
mod ip;
mod ls;
mod mkinitramfs;
mod mkinitramfs_modules;
mod modinfo;
mod modprobe;
mod mount;
mod multicall;
mod paths;
mod remove;
mod sed;
mod system;
mod test;
