//! The integration tests, one binary: applets, shell scripts, virtual
//! machines, and the rules of the house.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    dead_code
)]

mod applets;
mod boot;
mod harness;
mod house;
mod modules;
mod shell;
mod vm;
