//! What each applet does, literally.

mod depmod;
mod mkinitramfs;
mod modinfo;
mod modprobe;
mod multicall;
