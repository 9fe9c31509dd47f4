//! Terminal modes as the kernel has them: `struct termios2`, with speeds as
//! numbers. ioctl_tty(2).

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// Modes of a terminal. The bits are those of termios(3).
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Modes {
    /// `c_iflag`.
    pub input: u32,
    /// `c_oflag`.
    pub output: u32,
    /// `c_cflag`, without the bits that encode the speeds.
    pub control: u32,
    /// `c_lflag`.
    pub local: u32,
    /// Line discipline.
    pub line: u8,
    /// Special characters by the kernel's numbers (`VINTR`...).
    pub characters: [u8; 19],
    /// Bits a second, in.
    pub input_speed: u32,
    /// Bits a second, out.
    pub output_speed: u32,
}

/// When a change happens. tcsetattr(3).
#[derive(Clone, Copy)]
pub enum When {
    /// At once.
    Now,
    /// After what is written has been sent.
    Drained,
    /// After that, and what has been typed is thrown away.
    Flushed,
}

const GET: u32 = 0x802c_542a;
const SET: u32 = 0x402c_542b;
const SPEED_BITS: u32 = 0o010_017;
const SPEED_AS_NUMBER: u32 = 0o010_000;

/// The modes of a terminal; ENOTTY when it is none.
pub fn get(fd: impl AsFd) -> Result<Modes, Errno> {
    let mut modes = Modes {
        input: 0,
        output: 0,
        control: 0,
        local: 0,
        line: 0,
        characters: [0; 19],
        input_speed: 0,
        output_speed: 0,
    };
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: the structure is laid out as the kernel's and outlives the call,
    // which fills it.
    Errno::result(unsafe { libc::ioctl(fd, GET as _, &raw mut modes) })?;
    modes.control &= !(SPEED_BITS | SPEED_BITS << 16);
    Ok(modes)
}

/// Sets the modes of a terminal.
pub fn set(fd: impl AsFd, modes: &Modes, when: When) -> Result<(), Errno> {
    let mut modes = *modes;
    modes.control |= SPEED_AS_NUMBER | SPEED_AS_NUMBER << 16;
    let request = SET + when as u32;
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: as above; the call reads it.
    Errno::result(unsafe { libc::ioctl(fd, request as _, &raw const modes) }).map(drop)
}

impl Modes {
    /// The same with every byte typed given at once and as it is: cfmakeraw(3).
    #[must_use]
    pub fn raw(mut self) -> Modes {
        self.input &= !(libc::IGNBRK
            | libc::BRKINT
            | libc::PARMRK
            | libc::ISTRIP
            | libc::INLCR
            | libc::IGNCR
            | libc::ICRNL
            | libc::IXON);
        self.output &= !libc::OPOST;
        self.local &= !(libc::ECHO | libc::ECHONL | libc::ICANON | libc::ISIG | libc::IEXTEN);
        self.control = self.control & !(libc::CSIZE | libc::PARENB) | libc::CS8;
        self.characters[libc::VMIN] = 1;
        self.characters[libc::VTIME] = 0;
        self
    }
}
