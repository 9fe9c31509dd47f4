//! Bytes that nobody can guess.

/// So many of them: see [`fill`].
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// Fills the buffer: by getrandom(2), as far as it has any this early.
pub fn fill(buffer: &mut [u8]) {
    // SAFETY: the buffer has the length given.
    let count = unsafe {
        libc::syscall(libc::SYS_getrandom, buffer.as_mut_ptr(), buffer.len(), 1 /* NONBLOCK */)
    };
    let filled = usize::try_from(count).unwrap_or(0);
    // So early in the boot that the kernel has no entropy: names of temporary
    // files are still to differ.
    let mut state =
        super::clock::since_boot().as_nanos() as u64 ^ u64::from(std::process::id()) << 32;
    for byte in buffer.iter_mut().skip(filled) {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = (state >> 56) as u8;
    }
}
