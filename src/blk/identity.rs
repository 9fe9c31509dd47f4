//! Identifiers for what is made.

use crate::sys;

/// A random UUID (RFC 9562, version 4).
pub fn random() -> [u8; 16] {
    let mut id: [u8; 16] = sys::random::bytes();
    id[6] = id[6] & 0x0f | 0x40;
    id[8] = id[8] & 0x3f | 0x80;
    id
}
