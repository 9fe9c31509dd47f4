//! What each applet does, literally.

mod mkinitramfs;
mod multicall;
