//! What a piece of work takes of memory: the allocator of the unit tests.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with an account for each thread.
struct Counted;

#[global_allocator]
static HEAP: Counted = Counted;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

/// Small pieces are as long as those of [`super::heap`], whose classes are 16
/// bytes apart.
fn add(size: usize, sign: isize) {
    let bytes = if size <= 1024 { size.next_multiple_of(16) } else { size };
    let _ = NOW.try_with(|now| {
        now.set(now.get() + sign * bytes.cast_signed());
        let _ = MOST.try_with(|most| most.set(most.get().max(now.get())));
    });
}

// SAFETY: all is the system's allocator's.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size(), 1);
        // SAFETY: the caller's layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        add(layout.size(), -1);
        // SAFETY: a piece of this layout is the system's.
        unsafe { System.dealloc(piece, layout) }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // What is large is moved without a copy (mremap).
        add(layout.size(), -1);
        add(size, 1);
        // SAFETY: a piece of this layout is the system's.
        unsafe { System.realloc(piece, layout, size) }
    }
}

/// Does work; its result, and how many bytes it took at most meanwhile, and
/// takes still.
pub fn taken<T>(work: impl FnOnce() -> T) -> (T, usize, usize) {
    let before = NOW.get();
    MOST.set(before);
    let result = work();
    let above = |bytes: isize| usize::try_from(bytes - before).unwrap_or(0);
    (result, above(MOST.get()), above(NOW.get()))
}
