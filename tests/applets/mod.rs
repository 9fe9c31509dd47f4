//! What each applet does, literally.

mod attributes;
mod blkid;
mod boot;
mod cat;
mod commands;
mod copy;
mod date;
mod dd;
mod depmod;
mod find;
mod folders;
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
mod system;
mod test;
