//! Doers on filesystems: mounting, loop devices, names of users, emptying.

pub mod accounts;
pub mod ask;
pub mod backup;
mod blame;
pub mod content;
pub mod copy;
pub mod daemon;
pub mod empty;
pub mod holders;
pub mod inodes;
pub mod journal;
pub mod ladder;
pub mod loops;
pub mod mounting;
pub mod mounts;
pub mod place;
pub mod remove;
pub mod resolve;
pub mod ring;
pub mod spawn;
pub mod tags;
pub mod users;
pub mod walk;
