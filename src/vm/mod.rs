//! Virtual machine runner.
