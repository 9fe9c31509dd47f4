//! What each applet does, literally.

mod mkinitramfs;
mod mkinitramfs_modules;
mod multicall;
