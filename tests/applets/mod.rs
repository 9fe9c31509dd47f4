//! What each applet does, literally.

mod multicall;
