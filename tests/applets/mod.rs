//! What each applet does, literally.

mod cat;
mod commands;
mod folders;
mod ls;
mod mkinitramfs;
mod mkinitramfs_modules;
mod mount;
mod multicall;
mod system;
mod test;
