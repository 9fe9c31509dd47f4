//! Framebuffers: how the dots of a screen lie in memory. linux/fb.h.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// `struct fb_bitfield`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Field {
    offset: u32,
    length: u32,
    right: u32,
}

/// `struct fb_var_screeninfo` as far as it is needed, and the rest.
#[repr(C)]
#[derive(Clone, Copy, Default)]
#[doc(hidden)]
pub struct Variable {
    width: u32,
    height: u32,
    virtual_width: u32,
    virtual_height: u32,
    left: u32,
    top: u32,
    bits: u32,
    grayscale: u32,
    red: Field,
    green: Field,
    blue: Field,
    transparent: Field,
    rest: [u32; 20],
}

/// `struct fb_fix_screeninfo`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
#[doc(hidden)]
pub struct Fixed {
    id: [u8; 16],
    memory: libc::c_ulong,
    memory_length: u32,
    kind: u32,
    auxiliary: u32,
    visual: u32,
    steps: [u16; 3],
    line_length: u32,
    registers: libc::c_ulong,
    registers_length: u32,
    accelerator: u32,
    capabilities: u16,
    reserved: [u16; 2],
}

/// `struct fb_cmap`.
#[repr(C)]
#[doc(hidden)]
pub struct Palette {
    start: u32,
    length: u32,
    red: *const u16,
    green: *const u16,
    blue: *const u16,
    transparent: *const u16,
}

mod request {
    #![allow(missing_docs)]
    use super::{Fixed, Palette, Variable};
    nix::ioctl_read_bad!(variable, 0x4600, Variable);
    nix::ioctl_read_bad!(fixed, 0x4602, Fixed);
    nix::ioctl_write_ptr_bad!(set_palette, 0x4605, Palette);
}

/// Where a colour is in a dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Bits from the right.
    pub offset: u32,
    /// How many bits.
    pub length: u32,
}

/// A screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Dots in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bits a dot.
    pub bits: u32,
    /// Bytes from a row to the next.
    pub line: u32,
    /// Where the first dot is, in bytes.
    pub start: u64,
    /// Red, green and blue.
    pub colors: [Part; 3],
}

/// The screen that is shown.
pub fn screen(fd: impl AsFd) -> Result<Screen, Errno> {
    let (mut variable, mut fixed) = (Variable::default(), Fixed::default());
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: the structures are laid out as the kernel's and outlive the
    // calls, which fill them.
    unsafe {
        request::variable(fd, &raw mut variable)?;
        request::fixed(fd, &raw mut fixed)?;
    }
    let v = variable;
    let part = |field: Field| Part { offset: field.offset, length: field.length };
    Ok(Screen {
        width: v.width,
        height: v.height,
        bits: v.bits,
        line: fixed.line_length,
        start: u64::from(v.top) * u64::from(fixed.line_length)
            + u64::from(v.left) * u64::from(v.bits.div_ceil(8)),
        colors: [part(v.red), part(v.green), part(v.blue)],
    })
}

/// Sets the 256 colours of a screen whose dots are bytes: red, green and blue
/// of each, 0 to 65535.
pub fn set_palette(fd: impl AsFd, colors: &[[u16; 256]; 3]) -> Result<(), Errno> {
    let [red, green, blue] = colors;
    let palette = Palette {
        start: 0,
        length: 256,
        red: red.as_ptr(),
        green: green.as_ptr(),
        blue: blue.as_ptr(),
        transparent: std::ptr::null(),
    };
    // SAFETY: the lists have 256 entries each and outlive the call, which reads
    // them.
    unsafe { request::set_palette(fd.as_fd().as_raw_fd(), &raw const palette) }.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts() {
        assert_eq!(size_of::<Variable>(), 160);
        assert_eq!(size_of::<Fixed>(), size_of::<libc::c_ulong>() * 2 + 64);
    }
}
