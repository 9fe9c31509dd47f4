//! PID 1.

pub mod job;
