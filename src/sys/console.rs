//! Virtual consoles: which is shown, keyboards, fonts. ioctl_console(2).

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// The requests as nix declares them: raw.
mod request {
    #![allow(missing_docs)]
    use super::{FontOperation, Key, KeyCode, State, UnicodeMap};
    nix::ioctl_read_bad!(open_query, 0x5600, libc::c_int);
    nix::ioctl_read_bad!(get_state, 0x5603, State);
    nix::ioctl_write_int_bad!(activate, 0x5606);
    nix::ioctl_write_int_bad!(wait_active, 0x5607);
    nix::ioctl_write_int_bad!(disallocate, 0x5608);
    nix::ioctl_read_bad!(get_type, 0x4b33, libc::c_char);
    nix::ioctl_read_bad!(get_keyboard_mode, 0x4b44, libc::c_int);
    nix::ioctl_write_int_bad!(set_keyboard_mode, 0x4b45);
    nix::ioctl_readwrite_bad!(get_key, 0x4b46, Key);
    nix::ioctl_write_ptr_bad!(set_key, 0x4b47, Key);
    nix::ioctl_write_ptr_bad!(set_key_code, 0x4b4d, KeyCode);
    nix::ioctl_readwrite_bad!(font, 0x4b72, FontOperation);
    nix::ioctl_write_ptr_bad!(set_screen_map, 0x4b41, [u8; 256]);
    nix::ioctl_write_ptr_bad!(set_unicode_screen_map, 0x4b6a, [u16; 256]);
    nix::ioctl_write_ptr_bad!(set_unicode_map, 0x4b67, UnicodeMap);
    nix::ioctl_write_ptr_bad!(clear_unicode_map, 0x4b68, [u16; 3]);
    nix::ioctl_write_int_bad!(redirect_output, 0x541d);
    nix::ioctl_write_ptr_bad!(console_function, 0x541c, [u8; 2]);
}

/// `struct vt_stat`.
#[repr(C)]
#[doc(hidden)]
pub struct State {
    active: u16,
    signal: u16,
    state: u16,
}

/// `struct kbentry`: what a key does in one of the keymaps.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Key {
    /// The keymap.
    pub table: u8,
    /// The key.
    pub index: u8,
    /// Its action.
    pub value: u16,
}

/// `struct kbkeycode`.
#[repr(C)]
#[doc(hidden)]
pub struct KeyCode {
    scan: u32,
    key: u32,
}

/// `struct console_font_op`.
#[repr(C)]
#[doc(hidden)]
pub struct FontOperation {
    operation: u32,
    flags: u32,
    width: u32,
    height: u32,
    count: u32,
    data: *const u8,
}

/// `struct unimapdesc`.
#[repr(C)]
#[doc(hidden)]
pub struct UnicodeMap {
    count: u16,
    entries: *const Pair,
}

/// `struct unipair`: a character and the place of its glyph.
#[repr(C)]
#[doc(hidden)]
pub struct Pair(u16, u16);

/// Whether this is a console (and not a serial line or another terminal).
pub fn is_console(fd: impl AsFd) -> bool {
    let mut kind: libc::c_char = 0;
    // SAFETY: the byte outlives the call, which fills it.
    unsafe { request::get_type(fd.as_fd().as_raw_fd(), &raw mut kind) }.is_ok()
        && matches!(kind as u8, 1 | 2)
}

/// The number of the first console that nobody has open.
pub fn free(fd: impl AsFd) -> Result<i32, Errno> {
    let mut number = 0;
    // SAFETY: the number outlives the call, which fills it.
    unsafe { request::open_query(fd.as_fd().as_raw_fd(), &raw mut number) }?;
    if number < 1 { Err(Errno::ENODEV) } else { Ok(number) }
}

/// The number of the console that is shown.
pub fn active(fd: impl AsFd) -> Result<i32, Errno> {
    let mut state = State { active: 0, signal: 0, state: 0 };
    // SAFETY: the structure outlives the call, which fills it.
    unsafe { request::get_state(fd.as_fd().as_raw_fd(), &raw mut state) }?;
    Ok(i32::from(state.active))
}

/// Shows the console of this number, and waits until it is.
pub fn show(fd: impl AsFd, number: i32) -> Result<(), Errno> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: numbers only.
    unsafe {
        request::activate(fd, number)?;
        loop {
            match request::wait_active(fd, number) {
                Err(Errno::EINTR) => {}
                other => return other.map(drop),
            }
        }
    }
}

/// Frees the memory of the console of this number, or with 0 of all unused.
pub fn free_memory(fd: impl AsFd, number: i32) -> Result<(), Errno> {
    // SAFETY: a number only.
    unsafe { request::disallocate(fd.as_fd().as_raw_fd(), number) }.map(drop)
}

/// What the keyboard gives: 0 scan codes, 1 bytes, 2 key codes, 3 UTF-8, 4
/// nothing.
pub fn keyboard_mode(fd: impl AsFd) -> Result<i32, Errno> {
    let mut mode = 0;
    // SAFETY: the number outlives the call, which fills it.
    unsafe { request::get_keyboard_mode(fd.as_fd().as_raw_fd(), &raw mut mode) }?;
    Ok(mode)
}

/// Sets [`keyboard_mode`].
pub fn set_keyboard_mode(fd: impl AsFd, mode: i32) -> Result<(), Errno> {
    // SAFETY: a number only.
    unsafe { request::set_keyboard_mode(fd.as_fd().as_raw_fd(), mode) }.map(drop)
}

/// What a key does.
pub fn key(fd: impl AsFd, table: u8, index: u8) -> Result<u16, Errno> {
    let mut key = Key { table, index, value: 0 };
    // SAFETY: the structure outlives the call, which reads and fills it.
    unsafe { request::get_key(fd.as_fd().as_raw_fd(), &raw mut key) }?;
    Ok(key.value)
}

/// Sets what a key does.
pub fn set_key(fd: impl AsFd, key: &Key) -> Result<(), Errno> {
    // SAFETY: the structure outlives the call, which reads it.
    unsafe { request::set_key(fd.as_fd().as_raw_fd(), &raw const *key) }.map(drop)
}

/// Sets which key code a scan code of the keyboard becomes.
pub fn set_key_code(fd: impl AsFd, scan: u32, key: u32) -> Result<(), Errno> {
    let code = KeyCode { scan, key };
    // SAFETY: the structure outlives the call, which reads it.
    unsafe { request::set_key_code(fd.as_fd().as_raw_fd(), &raw const code) }.map(drop)
}

/// Sets the font: glyphs of `width` times `height` dots, each taking 32 rows
/// (as many as it is high above that) of whole bytes.
pub fn set_font(fd: impl AsFd, width: u32, height: u32, data: &[u8]) -> Result<(), Errno> {
    let (operation, rows) = if height > 32 { (4, height) } else { (0, 32) };
    let glyph = width.div_ceil(8).saturating_mul(rows);
    let count = u32::try_from(data.len()).unwrap_or(0).checked_div(glyph).unwrap_or(0);
    let mut font = FontOperation { operation, flags: 0, width, height, count, data: data.as_ptr() };
    // SAFETY: the kernel reads `count` glyphs of that size, which the data has.
    unsafe { request::font(fd.as_fd().as_raw_fd(), &raw mut font) }.map(drop)
}

/// Sets which character has which glyph of the font.
pub fn set_unicode_map(fd: impl AsFd, pairs: &[(u16, u16)]) -> Result<(), Errno> {
    let list: Vec<Pair> = pairs.iter().map(|&(from, to)| Pair(from, to)).collect();
    let count = u16::try_from(list.len()).map_err(|_| Errno::E2BIG)?;
    let map = UnicodeMap { count, entries: list.as_ptr() };
    let nothing = [0; 3];
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: both structures, and the list, which has `count` entries, outlive
    // the calls, which read them.
    unsafe {
        request::clear_unicode_map(fd, &raw const nothing)?;
        request::set_unicode_map(fd, &raw const map)
    }
    .map(drop)
}

/// Sets which place of the font each byte is printed with.
pub fn set_screen_map(fd: impl AsFd, map: &[u8; 256]) -> Result<(), Errno> {
    // SAFETY: the map outlives the call, which reads it.
    unsafe { request::set_screen_map(fd.as_fd().as_raw_fd(), &raw const *map) }.map(drop)
}

/// Sets which character each byte is.
pub fn set_unicode_screen_map(fd: impl AsFd, map: &[u16; 256]) -> Result<(), Errno> {
    // SAFETY: the map outlives the call, which reads it.
    unsafe { request::set_unicode_screen_map(fd.as_fd().as_raw_fd(), &raw const *map) }.map(drop)
}

/// What is written to `/dev/console` comes out at this terminal. On the
/// console itself that is undone.
pub fn redirect_output(fd: impl AsFd) -> Result<(), Errno> {
    // SAFETY: a number only, which is not used.
    unsafe { request::redirect_output(fd.as_fd().as_raw_fd(), 0) }.map(drop)
}

/// Messages of the kernel come out on the console of this number; 0 is the one
/// that is shown.
pub fn redirect_messages(fd: impl AsFd, number: u8) -> Result<(), Errno> {
    const SET_MESSAGES: u8 = 11;
    let request = [SET_MESSAGES, number];
    // SAFETY: the bytes outlive the call, which reads them.
    unsafe { request::console_function(fd.as_fd().as_raw_fd(), &raw const request) }.map(drop)
}
