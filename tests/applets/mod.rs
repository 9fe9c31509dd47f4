//! What each applet does, literally.

mod boot;
mod cat;
mod commands;
mod date;
mod depmod;
mod folders;
mod grep;
mod ls;
mod mkinitramfs;
mod mkinitramfs_modules;
mod modinfo;
mod modprobe;
mod mount;
mod multicall;
mod remove;
mod system;
mod test;
