//! What each applet does, literally.

mod mkinitramfs;
mod mount;
mod multicall;
