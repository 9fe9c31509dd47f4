//! The integration tests, one binary: applets, shell scripts, virtual
//! machines, and the rules of the house.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod applets;
mod harness;
mod house;
