//! The program: find the applet, run it, turn its status into the exit code.
//!
//! This is the only place that ends the process. The C entry point is used
//! instead of Rust's runtime because that runtime aborts before `main` when
//! descriptors 0-2 are closed and there is no `/dev/null`, which is how a
//! kernel whose console driver is a module starts `/init`.

#![cfg_attr(not(test), no_main)]

rescuebox::sys::entry_point!(rescuebox::applets::main);

#[cfg(not(test))]
#[global_allocator]
static HEAP: rescuebox::sys::heap::Heap = rescuebox::sys::heap::Heap::new();
