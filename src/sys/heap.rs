//! The allocator: a small static arena in front of the C library's malloc.
//!
//! Most applets live for a millisecond and allocate a few kilobytes. From the
//! arena that costs neither system calls nor the set-up of malloc; only the
//! pages touched count. What does not fit goes to malloc. Memory of the arena
//! is given back only when it was the last piece handed out.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Bytes of the arena.
const SIZE: usize = 32 * 1024;

/// See the module.
pub struct Heap {
    arena: UnsafeCell<[u8; SIZE]>,
    used: AtomicUsize,
}

// SAFETY: pieces of the arena are handed out once, by an atomic counter, and
// malloc is safe to share.
unsafe impl Sync for Heap {}

impl Heap {
    /// An unused heap.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Heap {
        Heap { arena: UnsafeCell::new([0; SIZE]), used: AtomicUsize::new(0) }
    }

    fn start(&self) -> usize {
        self.arena.get() as usize
    }

    /// The offset of a pointer into the arena.
    fn offset(&self, pointer: *const u8) -> Option<usize> {
        (pointer as usize).checked_sub(self.start()).filter(|&o| o < SIZE)
    }
}

// SAFETY: a piece of the arena is aligned as asked, inside it, and belongs to
// one owner until it is freed; every other piece is malloc's and goes back
// there.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self.start();
        let mut used = self.used.load(Relaxed);
        loop {
            let at = (start + used).next_multiple_of(layout.align()) - start;
            // A large piece would use the arena up for nothing.
            if layout.size() > SIZE / 4 || at + layout.size() > SIZE {
                // SAFETY: the caller's layout is passed on.
                return unsafe { System.alloc(layout) };
            }
            match self.used.compare_exchange_weak(used, at + layout.size(), Relaxed, Relaxed) {
                Ok(_) => return self.arena.get().cast::<u8>().wrapping_add(at),
                Err(now) => used = now,
            }
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if let Some(at) = self.offset(pointer) {
            let _ = self.used.compare_exchange(at + layout.size(), at, Relaxed, Relaxed);
        } else {
            // SAFETY: what is not the arena's is malloc's.
            unsafe { System.dealloc(pointer, layout) }
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(at) = self.offset(pointer) else {
            // SAFETY: what is not the arena's is malloc's.
            return unsafe { System.realloc(pointer, layout, size) };
        };
        let end = at + layout.size();
        // The last piece grows or shrinks where it is.
        if at + size <= SIZE && self.used.compare_exchange(end, at + size, Relaxed, Relaxed).is_ok()
        {
            return pointer;
        }
        if size <= layout.size() {
            return pointer;
        }
        // SAFETY: an alignment that was valid stays so; the size is the caller's.
        let new = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !new.is_null() {
            // SAFETY: both pieces are at least layout.size() long, and apart.
            unsafe { std::ptr::copy_nonoverlapping(pointer, new, layout.size()) };
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_aligned_and_apart() {
        let heap = Heap::new();
        let layout = |size, align| Layout::from_size_align(size, align).unwrap();
        // SAFETY: layouts have a size; pieces are used within it and freed with it.
        unsafe {
            let a = heap.alloc(layout(3, 1));
            let b = heap.alloc(layout(8, 64));
            assert_eq!(b as usize % 64, 0);
            assert!(b as usize >= a as usize + 3);
            a.write_bytes(7, 3);
            // the last piece grows in place, the other moves with its bytes
            assert_eq!(heap.realloc(b, layout(8, 64), 100), b);
            let c = heap.realloc(a, layout(3, 1), 50);
            assert_ne!(a, c);
            assert_eq!(std::slice::from_raw_parts(c, 3), [7, 7, 7]);
            // freeing the last piece makes room
            heap.dealloc(c, layout(50, 1));
            assert_eq!(heap.alloc(layout(50, 1)), c);
        }
    }

    #[test]
    fn what_does_not_fit_is_mallocs() {
        let heap = Heap::new();
        let layout = Layout::from_size_align(SIZE, 16).unwrap();
        // SAFETY: as above.
        unsafe {
            let a = heap.alloc(layout);
            assert!(heap.offset(a).is_none());
            let b = heap.realloc(a, layout, 2 * SIZE);
            heap.dealloc(b, Layout::from_size_align(2 * SIZE, 16).unwrap());
        }
    }
}
