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
/// The bits of `c_cflag` that encode the speed.
pub const SPEED_BITS: u32 = 0o010_017;
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
    // Programs that know codes only see no speed where it is a number.
    modes.control |= code(modes.output_speed);
    // One that is the same has no code, as of the C library's tcsetattr(3).
    if modes.input_speed != modes.output_speed {
        modes.control |= code(modes.input_speed) << 16;
    }
    let request = SET + when as u32;
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: as above; the call reads it.
    Errno::result(unsafe { libc::ioctl(fd, request as _, &raw const modes) }).map(drop)
}

fn code(speed: u32) -> u32 {
    match code_of(speed) {
        0 if speed != 0 => SPEED_AS_NUMBER,
        code => code,
    }
}

/// Speeds by their code, from 0 on, and from 0o010001 on.
const SPEEDS: [u32; 16] =
    [0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400];
const FAST: [u32; 15] = [
    57_600, 115_200, 230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000, 1_152_000, 1_500_000,
    2_000_000, 2_500_000, 3_000_000, 3_500_000, 4_000_000,
];

/// The speed that the bits of a saved `c_cflag` mean.
pub fn speed_of(control: u32) -> Option<u32> {
    let code = (control & 0o17) as usize;
    match control & 0o010_000 {
        0 => SPEEDS.get(code).copied(),
        _ => FAST.get(code.checked_sub(1)?).copied(),
    }
}

/// The bits for a speed; 0 where it has none.
pub fn code_of(speed: u32) -> u32 {
    let place = |list: &[u32]| list.iter().position(|&s| s == speed).map(|n| n as u32);
    match (place(&SPEEDS), place(&FAST)) {
        (Some(code), _) => code,
        (None, Some(code)) => 0o010_001 + code,
        (None, None) => 0,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds() {
        for speed in [0, 50, 9600, 38400, 57_600, 115_200, 4_000_000] {
            assert_eq!(speed_of(code_of(speed)), Some(speed));
        }
        assert_eq!(code_of(38400), libc::B38400);
        assert_eq!(code_of(115_200), libc::B115200);
    }
}
