//! The allocator: lists of free pieces by size in front of the C library's
//! malloc.
//!
//! Most applets live for a millisecond and allocate a few kilobytes: those come
//! from a small static arena, which costs neither system calls nor the set-up of
//! malloc, and only the pages touched count. Others, and the shell, allocate and
//! free the same few sizes all the time: musl's malloc takes 200 instructions
//! for both, a list of free pieces ten. What is large goes to malloc, which can
//! give it back to the system and move it without copying.
//!
//! Sizes are rounded up to a class, by at most a quarter beyond 64 bytes; a
//! piece that is freed waits for the next of its class.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Bytes of the arena: enough for PID 1, so that a kernel without memory to give
/// does not end it.
const ARENA: usize = 128 * 1024;

/// Larger pieces are malloc's.
const LARGEST: usize = 32 * 1024;

/// What malloc is asked for when the arena is full.
const CHUNK: usize = 128 * 1024;

/// Up to here classes are 16 bytes apart, beyond it four to a doubling.
const FINE: usize = 1024;

/// All classes: those of 16 bytes, then those of the doublings up to LARGEST.
const CLASSES: usize = FINE / 16 + 4 * 5;

/// Alignment of every piece, and the least size.
const UNIT: usize = 16;

/// As numbers of 16 bytes, for their alignment.
type Arena = [u128; ARENA / UNIT];

struct State {
    /// The first free piece of each class; each holds the address of the next.
    free: [*mut u8; CLASSES],
    /// What was never handed out: from `next` to `end`. Null before the first.
    next: *mut u8,
    left: usize,
    started: bool,
}

/// See the module.
pub struct Heap {
    arena: UnsafeCell<Arena>,
    state: UnsafeCell<State>,
}

// SAFETY: the program has one thread, but while `sys::parallel` works: clippy.toml
// forbids to start others elsewhere. It says so before the first starts and after
// the last has ended, and in between the lock is taken. No handler of a signal
// allocates, and the child of a fork has memory of its own.
unsafe impl Sync for Heap {}

/// How many pieces of work are done by several threads now.
static PARALLEL: AtomicUsize = AtomicUsize::new(0);

/// Taken by who uses the lists, while there is more than one thread.
static LOCK: AtomicBool = AtomicBool::new(false);

/// Does work in which other threads start and end.
pub fn with_threads(work: impl FnOnce()) {
    PARALLEL.fetch_add(1, Ordering::SeqCst);
    work();
    PARALLEL.fetch_sub(1, Ordering::SeqCst);
}

/// The lock, until it is dropped.
struct Guard(bool);

impl Guard {
    #[inline(always)]
    fn take() -> Guard {
        let parallel = PARALLEL.load(Ordering::Relaxed) > 0;
        if parallel {
            Guard::wait();
        }
        Guard(parallel)
    }

    #[inline(never)]
    fn wait() {
        while LOCK.swap(true, Ordering::Acquire) {
            std::thread::yield_now();
        }
    }
}

impl Drop for Guard {
    #[inline]
    fn drop(&mut self) {
        if self.0 {
            LOCK.store(false, Ordering::Release);
        }
    }
}

/// The class of a size and how large its pieces are.
#[inline(always)]
fn class(size: usize) -> (usize, usize) {
    if size <= FINE {
        let units = size.max(1).div_ceil(UNIT);
        return (units - 1, units * UNIT);
    }
    let top = (size - 1).ilog2() as usize;
    let shift = top - 2;
    let quarters = (size - 1) >> shift;
    (FINE / UNIT + (top - FINE.ilog2() as usize) * 4 + (quarters & 3), (quarters + 1) << shift)
}

/// Whether a piece comes from the lists.
#[inline(always)]
fn is_small(size: usize, align: usize) -> bool {
    size <= LARGEST && align <= UNIT
}

impl Heap {
    /// An unused heap.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Heap {
        let state =
            State { free: [null_mut(); CLASSES], next: null_mut(), left: 0, started: false };
        Heap { arena: UnsafeCell::new([0; ARENA / UNIT]), state: UnsafeCell::new(state) }
    }

    /// A piece that was never used, of a size that is a class's. The caller has
    /// the lock.
    #[inline(never)]
    fn fresh(&self, size: usize) -> *mut u8 {
        // SAFETY: nobody else is at the lists, and nothing else has a reference.
        let state = unsafe { &mut *self.state.get() };
        if !state.started {
            state.started = true;
            state.next = self.arena.get().cast();
            state.left = ARENA;
        }
        if state.left < size {
            // What is left of the last chunk is of use for something smaller.
            while state.left >= UNIT {
                let rest = state.left.min(FINE);
                if let Some(list) = state.free.get_mut(rest / UNIT - 1) {
                    // SAFETY: so many bytes at `next` belong to nobody.
                    unsafe { state.next.cast::<*mut u8>().write(*list) };
                    *list = state.next;
                }
                state.next = state.next.wrapping_add(rest);
                state.left -= rest;
            }
            // Where there is no room for a chunk, there may be for this piece.
            for bytes in [CHUNK, size] {
                let Ok(layout) = Layout::from_size_align(bytes, UNIT) else { continue };
                // SAFETY: the layout has a size.
                let chunk = unsafe { System.alloc(layout) };
                if !chunk.is_null() {
                    (state.next, state.left) = (chunk, bytes);
                    break;
                }
            }
            if state.left < size {
                return null_mut();
            }
        }
        let piece = state.next;
        state.next = piece.wrapping_add(size);
        state.left -= size;
        piece
    }

    /// Makes the last piece handed out larger, where there is room behind it and
    /// no free piece of that class: there are never more of a class than were
    /// in use at one time, or each list that grows and is dropped would take
    /// bytes that no list begins with.
    fn extend(&self, pointer: *mut u8, old: usize, (class, new): (usize, usize)) -> bool {
        let _guard = Guard::take();
        // SAFETY: nobody else is at the lists, and nothing else has a reference.
        let state = unsafe { &mut *self.state.get() };
        let more = new - old;
        let last = pointer.wrapping_add(old) == state.next
            && more <= state.left
            && state.free.get(class).is_some_and(|list| list.is_null());
        if last {
            state.next = state.next.wrapping_add(more);
            state.left -= more;
        }
        last
    }
}

// SAFETY: a piece has the size of its class, which is at least what was asked,
// and the alignment of 16; it is in a list or with one owner. The layout alone
// says whether a piece is ours or malloc's, so that it goes back where it came
// from.
unsafe impl GlobalAlloc for Heap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !is_small(layout.size(), layout.align()) {
            // SAFETY: the caller's layout is passed on.
            return unsafe { System.alloc(layout) };
        }
        let (class, size) = class(layout.size());
        let _guard = Guard::take();
        // SAFETY: nobody else is at the lists, and nothing else has a reference.
        let list = unsafe { (*self.state.get()).free.get_mut(class) };
        match list {
            Some(list) if !list.is_null() => {
                let piece = *list;
                // SAFETY: a free piece holds the address of the next.
                *list = unsafe { piece.cast::<*mut u8>().read() };
                piece
            }
            _ => self.fresh(size),
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !is_small(layout.size(), layout.align()) {
            // SAFETY: the caller's layout is passed on.
            return unsafe { System.alloc_zeroed(layout) };
        }
        // SAFETY: the caller's layout is passed on.
        let piece = unsafe { self.alloc(layout) };
        if !piece.is_null() {
            // SAFETY: the piece has this size.
            unsafe { piece.write_bytes(0, layout.size()) };
        }
        piece
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if !is_small(layout.size(), layout.align()) {
            // SAFETY: a piece of this layout is malloc's.
            return unsafe { System.dealloc(pointer, layout) };
        }
        let (class, _) = class(layout.size());
        let _guard = Guard::take();
        // SAFETY: nobody else is at the lists, and nothing else has a reference.
        if let Some(list) = unsafe { (*self.state.get()).free.get_mut(class) } {
            // SAFETY: the piece is the caller's no more, and has room for an address.
            unsafe { pointer.cast::<*mut u8>().write(*list) };
            *list = pointer;
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let align = layout.align();
        match (is_small(layout.size(), align), is_small(size, align)) {
            // SAFETY: a piece of this layout is malloc's, and the new one too.
            (false, false) => return unsafe { System.realloc(pointer, layout, size) },
            (true, true) => {
                let (old, new) = (class(layout.size()).1, class(size));
                if old == new.1 || new.1 > old && self.extend(pointer, old, new) {
                    return pointer;
                }
            }
            _ => {}
        }
        // SAFETY: an alignment that was valid stays so; the size is the caller's.
        let new = unsafe { self.alloc(Layout::from_size_align_unchecked(size, align)) };
        if !new.is_null() {
            // SAFETY: both pieces are at least so long, and apart; the old one is
            // the caller's no more.
            unsafe {
                std::ptr::copy_nonoverlapping(pointer, new, layout.size().min(size));
                self.dealloc(pointer, layout);
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 1).unwrap()
    }

    #[test]
    fn classes_grow_with_sizes() {
        assert_eq!(class(0), (0, 16));
        assert_eq!(class(16), (0, 16));
        assert_eq!(class(17), (1, 32));
        assert_eq!(class(1024), (63, 1024));
        assert_eq!(class(1025), (64, 1280));
        assert_eq!(class(1280), (64, 1280));
        assert_eq!(class(1281), (65, 1536));
        assert_eq!(class(2048), (67, 2048));
        assert_eq!(class(2049), (68, 2560));
        assert_eq!(class(LARGEST), (CLASSES - 1, LARGEST));
        let mut last = (0, 16);
        for size in 1..=LARGEST {
            let now = class(size);
            assert!(now.1 >= size && (now == last || now.0 == last.0 + 1 && now.1 > last.1));
            assert_eq!(class(now.1), now);
            last = now;
        }
    }

    #[test]
    fn pieces_are_apart_and_used_again() {
        let heap = Heap::new();
        // SAFETY: layouts have a size; pieces are used within it and freed with it.
        unsafe {
            let a = heap.alloc(layout(3));
            let b = heap.alloc(layout(40));
            assert_eq!((a as usize % 16, b as usize % 16), (0, 0));
            assert!(b as usize >= a as usize + 16);
            heap.dealloc(a, layout(3));
            assert_eq!(heap.alloc(layout(16)), a);
            // the last piece grows in place, another moves with its bytes
            assert_eq!(heap.realloc(b, layout(40), 500), b);
            a.write_bytes(7, 16);
            let c = heap.realloc(a, layout(16), 50);
            assert_eq!(std::slice::from_raw_parts(c, 16), [7; 16]);
            assert_eq!(heap.alloc(layout(9)), a);
            // smaller: its place is free for one of its size again
            let d = heap.realloc(b, layout(500), 20);
            assert_ne!(d, b);
            assert_eq!(heap.alloc(layout(512)), b);
            let zeroed = heap.alloc_zeroed(layout(16));
            assert_eq!(std::slice::from_raw_parts(zeroed, 16), [0; 16]);
        }
    }

    #[test]
    fn what_grows_and_is_dropped_takes_no_more_and_more() {
        let heap = Heap::new();
        let mut taken = Vec::new();
        for _ in 0..1000 {
            // SAFETY: as above.
            unsafe {
                // two lists that grow by turns and in a row, the first dropped first
                let mut pieces = [heap.alloc(layout(8)), null_mut()];
                pieces[1] = heap.alloc(layout(8));
                for (piece, last) in [(0, 64), (1, 2048), (0, 4096)] {
                    let mut size = if last == 4096 { 64 } else { 8 };
                    while size < last {
                        pieces[piece] = heap.realloc(pieces[piece], layout(size), 2 * size);
                        size *= 2;
                    }
                }
                heap.dealloc(pieces[0], layout(4096));
                heap.dealloc(pieces[1], layout(2048));
                taken.push((*heap.state.get()).left);
            }
        }
        assert!(ARENA - taken[999] < 32 * 1024);
        assert_eq!(taken[20], taken[999]);
    }

    #[test]
    fn what_is_large_is_mallocs() {
        let heap = Heap::new();
        // SAFETY: as above.
        unsafe {
            let a = heap.alloc(layout(100));
            a.write_bytes(1, 100);
            let b = heap.realloc(a, layout(100), LARGEST + 1);
            let c = heap.realloc(b, layout(LARGEST + 1), 2 * LARGEST);
            let d = heap.realloc(c, layout(2 * LARGEST), 100);
            assert_eq!(std::slice::from_raw_parts(d, 100), [1; 100]);
            let page = Layout::from_size_align(64, 4096).unwrap();
            let aligned = heap.alloc(page);
            assert_eq!(aligned as usize % 4096, 0);
            heap.dealloc(aligned, page);
        }
    }

    #[test]
    fn more_than_a_chunk() {
        let heap = Heap::new();
        let mut pieces = Vec::new();
        // SAFETY: as above.
        unsafe {
            for n in 0..3000usize {
                let size = n * 7919 % 3000 + 1;
                let piece = heap.alloc(layout(size));
                piece.write_bytes(n as u8, size);
                pieces.push((piece, size));
            }
            for (n, &(piece, size)) in pieces.iter().enumerate() {
                let bytes = std::slice::from_raw_parts(piece, size);
                assert!(bytes.iter().all(|b| *b == n as u8), "{n}");
                heap.dealloc(piece, layout(size));
            }
        }
    }
}
