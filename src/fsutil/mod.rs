//! Doers on filesystems: mounting, loop devices, names of users, emptying.

mod blame;
pub mod empty;
pub mod holders;
pub mod loops;
pub mod mounting;
pub mod mounts;
pub mod tags;
pub mod users;
