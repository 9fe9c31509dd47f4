//! What the tests are written with.

pub mod applet;
pub mod scratch;
