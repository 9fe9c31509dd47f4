//! PID 1 in a namespace: what would take too long, or cannot be done, in a
//! machine.

mod endurance;
mod inject;
mod network;
mod prison;
