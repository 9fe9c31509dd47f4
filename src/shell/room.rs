//! How much of the stack there is for what nests.

/// A part of the stack, from where it was made on.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    base: usize,
    size: usize,
}

impl Room {
    /// So many bytes from here on.
    #[inline(never)]
    pub fn of(size: usize) -> Room {
        Room { base: here(), size }
    }

    /// Whether there is room for another level.
    #[inline]
    pub fn is_left(&self) -> bool {
        self.base.abs_diff(here()) < self.size
    }

    /// How long a chain of nodes may be that is evaluated, and given back, one
    /// within the other.
    pub fn links(&self) -> usize {
        self.size >> 10
    }
}

#[inline(always)]
fn here() -> usize {
    let here = 0u8;
    std::ptr::from_ref(&here).addr()
}
