//! What the tests are written with.

pub mod applet;
pub mod lab;
pub mod machine;
pub mod module;
pub mod namespace;
pub mod network;
pub mod pty;
pub mod runner;
pub mod running;
pub mod scratch;
