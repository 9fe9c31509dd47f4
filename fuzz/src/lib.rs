//! What the targets share: memory that is counted, and disks of few bytes.

use rescuebox::blk::probe::Source;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The system's allocator, with an account.
struct Counted;

#[global_allocator]
static HEAP: Counted = Counted;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// No input is so long that anything may take more at once.
const LARGEST: usize = 256 << 20;

fn add(bytes: usize) {
    if bytes > LARGEST {
        eprintln!("{bytes} bytes at once");
        std::process::abort();
    }
    let now = NOW.fetch_add(bytes, Relaxed).wrapping_add(bytes);
    MOST.fetch_max(now, Relaxed);
}

// SAFETY: all is the system's allocator's.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(piece, layout) }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // As if it could stay where it is: what a copy needs besides is freed at once.
        NOW.fetch_sub(layout.size(), Relaxed);
        add(size);
        unsafe { System.realloc(piece, layout, size) }
    }
}

/// What every parser may take besides.
const FIXED: usize = 4096;

/// Does work that takes at most `times` the length of its input in memory.
pub fn within<T>(times: usize, input: &[u8], work: impl FnOnce() -> T) -> T {
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    let result = work();
    let taken = MOST.load(Relaxed).saturating_sub(before);
    let allowed = input.len().saturating_mul(times) + FIXED;
    assert!(taken <= allowed, "{taken} bytes of memory for {} of input", input.len());
    result
}

/// A disk of which only some places are not zero.
pub struct Disk<'a> {
    /// How many bytes it has.
    pub size: u64,
    /// Where something is, the last one counts.
    pub pieces: Vec<(u64, &'a [u8])>,
}

impl Source for Disk<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> bool {
        let end = offset + buffer.len() as u64;
        for &(at, piece) in &self.pieces {
            let (from, to) = (at.max(offset), (at + piece.len() as u64).min(end));
            if from < to {
                let part = &piece[(from - at) as usize..(to - at) as usize];
                buffer[(from - offset) as usize..(to - offset) as usize].copy_from_slice(part);
            }
        }
        end <= self.size
    }
}
