//! Terminals: size, controlling terminal, bytes that wait. ioctl_tty(2).

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// The requests as nix declares them: raw.
mod request {
    #![allow(missing_docs)]
    nix::ioctl_read_bad!(get_window_size, libc::TIOCGWINSZ, libc::winsize);
    nix::ioctl_write_ptr_bad!(set_window_size, libc::TIOCSWINSZ, libc::winsize);
    nix::ioctl_write_int_bad!(set_controlling, libc::TIOCSCTTY);
    nix::ioctl_read_bad!(bytes_waiting, libc::FIONREAD, libc::c_int);
    nix::ioctl_write_ptr_bad!(simulate_input, libc::TIOCSTI, libc::c_char);
}

/// Rows and columns of a terminal; ENOTTY when it is none.
pub fn size(fd: impl AsFd) -> Result<(u16, u16), Errno> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the structure outlives the call, which fills it.
    unsafe { request::get_window_size(fd.as_fd().as_raw_fd(), &raw mut size) }?;
    Ok((size.ws_row, size.ws_col))
}

/// Sets rows and columns of a terminal; whoever runs in its foreground gets
/// SIGWINCH when they changed.
pub fn set_size(fd: impl AsFd, rows: u16, columns: u16) -> Result<(), Errno> {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the structure outlives the call, which reads it.
    unsafe { request::set_window_size(fd.as_fd().as_raw_fd(), &raw const size) }?;
    Ok(())
}

/// Makes a terminal the controlling one of this session, whose leader the
/// caller is and which has none.
pub fn make_controlling(fd: impl AsFd) -> Result<(), Errno> {
    // SAFETY: the request takes a number and touches no memory of ours.
    unsafe { request::set_controlling(fd.as_fd().as_raw_fd(), 0) }?;
    Ok(())
}

/// [`make_controlling`], even where it is another session's: for root.
pub fn take_controlling(fd: impl AsFd) -> Result<(), Errno> {
    // SAFETY: the request takes a number and touches no memory of ours.
    unsafe { request::set_controlling(fd.as_fd().as_raw_fd(), 1) }?;
    Ok(())
}

/// How many bytes could be read from a pipe, socket or terminal at once.
pub fn waiting(fd: impl AsFd) -> Result<usize, Errno> {
    let mut count = 0;
    // SAFETY: the number outlives the call, which fills it.
    unsafe { request::bytes_waiting(fd.as_fd().as_raw_fd(), &raw mut count) }?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Puts a byte in front of what is yet to be read from the controlling terminal,
/// as if it had been typed. A kernel that lets nobody do that loses it.
pub fn put_back(fd: impl AsFd, byte: u8) {
    let byte = byte as libc::c_char;
    // SAFETY: the byte outlives the call, which reads it.
    let _ = unsafe { request::simulate_input(fd.as_fd().as_raw_fd(), &raw const byte) };
}
