//! New filesystems as bytes: what goes where. Pure; whoever has the medium
//! writes it.

pub mod ext;
pub mod fat;

/// Where the bytes of a new filesystem go.
pub trait Sink {
    /// Writes at a place.
    fn write(&mut self, at: u64, bytes: &[u8]) -> std::io::Result<()>;
    /// Makes a range zeros.
    fn zero(&mut self, at: u64, length: u64) -> std::io::Result<()>;
}

/// Puts bytes into a buffer; what does not fit is left out.
fn put(buffer: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = buffer.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}
