//! The names of terminal modes. termios(3), stty of POSIX and GNU.

use crate::sys::termios::Modes;

/// `-NAME` turns it off.
pub const REVERSIBLE: u8 = 1;
/// On in a usual terminal.
pub const SANE_SET: u8 = 2;
/// Off in a usual terminal.
pub const SANE_UNSET: u8 = 4;
/// Another name of a mode: not printed.
pub const OMITTED: u8 = 8;

/// Upper case is written `\A`; neither POSIX nor the libc crate has it.
pub const XCASE: u32 = 0o4;
/// Input in upper case becomes lower case.
pub const IUCLC: u32 = 0o1000;

/// Tabs become blanks; the value is the mask of their field as well.
pub const TABS: u32 = 0o14000;

/// How many special characters `-g` prints: as many as the C library keeps.
pub const SAVED_CHARACTERS: usize = 32;

/// Which of the words of modes a mode is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// `c_cflag`.
    Control,
    /// `c_iflag`.
    Input,
    /// `c_oflag`.
    Output,
    /// `c_lflag`.
    Local,
}

impl Group {
    /// The word itself.
    pub fn of(self, modes: &mut Modes) -> &mut u32 {
        match self {
            Group::Control => &mut modes.control,
            Group::Input => &mut modes.input,
            Group::Output => &mut modes.output,
            Group::Local => &mut modes.local,
        }
    }
}

/// A mode.
pub struct Mode {
    /// Its name.
    pub name: &'static str,
    /// Where it is.
    pub group: Group,
    /// Its bits when it is on.
    pub bits: u32,
    /// The bits of the field that it is a value of; 0 for a mode of its own.
    pub mask: u32,
    /// [`REVERSIBLE`] and the others.
    pub flags: u8,
}

const fn mode(name: &'static str, group: Group, bits: u32, mask: u32, flags: u8) -> Mode {
    Mode { name, group, bits, mask, flags }
}

/// In the order in which they are printed. (musl has some of them as signed
/// numbers.)
#[allow(clippy::unnecessary_cast)]
#[rustfmt::skip]
pub const MODES: &[Mode] = &[
    mode("parenb", Group::Control, libc::PARENB, 0, REVERSIBLE),
    mode("parodd", Group::Control, libc::PARODD, 0, REVERSIBLE),
    mode("cmspar", Group::Control, libc::CMSPAR, 0, REVERSIBLE),
    mode("cs5", Group::Control, libc::CS5, libc::CSIZE, 0),
    mode("cs6", Group::Control, libc::CS6, libc::CSIZE, 0),
    mode("cs7", Group::Control, libc::CS7, libc::CSIZE, 0),
    mode("cs8", Group::Control, libc::CS8, libc::CSIZE, SANE_SET),
    mode("hupcl", Group::Control, libc::HUPCL, 0, REVERSIBLE),
    mode("hup", Group::Control, libc::HUPCL, 0, REVERSIBLE | OMITTED),
    mode("cstopb", Group::Control, libc::CSTOPB, 0, REVERSIBLE),
    mode("cread", Group::Control, libc::CREAD, 0, SANE_SET | REVERSIBLE),
    mode("clocal", Group::Control, libc::CLOCAL, 0, REVERSIBLE),
    mode("crtscts", Group::Control, libc::CRTSCTS, 0, REVERSIBLE),
    mode("ignbrk", Group::Input, libc::IGNBRK, 0, SANE_UNSET | REVERSIBLE),
    mode("brkint", Group::Input, libc::BRKINT, 0, SANE_SET | REVERSIBLE),
    mode("ignpar", Group::Input, libc::IGNPAR, 0, REVERSIBLE),
    mode("parmrk", Group::Input, libc::PARMRK, 0, REVERSIBLE),
    mode("inpck", Group::Input, libc::INPCK, 0, REVERSIBLE),
    mode("istrip", Group::Input, libc::ISTRIP, 0, REVERSIBLE),
    mode("inlcr", Group::Input, libc::INLCR, 0, SANE_UNSET | REVERSIBLE),
    mode("igncr", Group::Input, libc::IGNCR, 0, SANE_UNSET | REVERSIBLE),
    mode("icrnl", Group::Input, libc::ICRNL, 0, SANE_SET | REVERSIBLE),
    mode("ixon", Group::Input, libc::IXON, 0, REVERSIBLE),
    mode("ixoff", Group::Input, libc::IXOFF, 0, SANE_UNSET | REVERSIBLE),
    mode("tandem", Group::Input, libc::IXOFF, 0, REVERSIBLE | OMITTED),
    mode("iuclc", Group::Input, IUCLC, 0, SANE_UNSET | REVERSIBLE),
    mode("ixany", Group::Input, libc::IXANY, 0, SANE_UNSET | REVERSIBLE),
    mode("imaxbel", Group::Input, libc::IMAXBEL, 0, SANE_SET | REVERSIBLE),
    mode("iutf8", Group::Input, libc::IUTF8, 0, SANE_UNSET | REVERSIBLE),
    mode("opost", Group::Output, libc::OPOST, 0, SANE_SET | REVERSIBLE),
    mode("olcuc", Group::Output, libc::OLCUC, 0, SANE_UNSET | REVERSIBLE),
    mode("ocrnl", Group::Output, libc::OCRNL, 0, SANE_UNSET | REVERSIBLE),
    mode("onlcr", Group::Output, libc::ONLCR, 0, SANE_SET | REVERSIBLE),
    mode("onocr", Group::Output, libc::ONOCR, 0, SANE_UNSET | REVERSIBLE),
    mode("onlret", Group::Output, libc::ONLRET, 0, SANE_UNSET | REVERSIBLE),
    mode("ofill", Group::Output, libc::OFILL, 0, SANE_UNSET | REVERSIBLE),
    mode("ofdel", Group::Output, libc::OFDEL, 0, SANE_UNSET | REVERSIBLE),
    mode("nl1", Group::Output, libc::NL1 as u32, libc::NLDLY as u32, 0),
    mode("nl0", Group::Output, libc::NL0 as u32, libc::NLDLY as u32, SANE_SET),
    mode("cr3", Group::Output, libc::CR3 as u32, libc::CRDLY as u32, 0),
    mode("cr2", Group::Output, libc::CR2 as u32, libc::CRDLY as u32, 0),
    mode("cr1", Group::Output, libc::CR1 as u32, libc::CRDLY as u32, 0),
    mode("cr0", Group::Output, libc::CR0 as u32, libc::CRDLY as u32, SANE_SET),
    mode("tab3", Group::Output, libc::TAB3 as u32, libc::TABDLY as u32, 0),
    mode("tab2", Group::Output, libc::TAB2 as u32, libc::TABDLY as u32, 0),
    mode("tab1", Group::Output, libc::TAB1 as u32, libc::TABDLY as u32, 0),
    mode("tab0", Group::Output, libc::TAB0 as u32, libc::TABDLY as u32, SANE_SET),
    mode("bs1", Group::Output, libc::BS1 as u32, libc::BSDLY as u32, 0),
    mode("bs0", Group::Output, libc::BS0 as u32, libc::BSDLY as u32, SANE_SET),
    mode("vt1", Group::Output, libc::VT1 as u32, libc::VTDLY as u32, 0),
    mode("vt0", Group::Output, libc::VT0 as u32, libc::VTDLY as u32, SANE_SET),
    mode("ff1", Group::Output, libc::FF1 as u32, libc::FFDLY as u32, 0),
    mode("ff0", Group::Output, libc::FF0 as u32, libc::FFDLY as u32, SANE_SET),
    mode("isig", Group::Local, libc::ISIG, 0, SANE_SET | REVERSIBLE),
    mode("icanon", Group::Local, libc::ICANON, 0, SANE_SET | REVERSIBLE),
    mode("iexten", Group::Local, libc::IEXTEN, 0, SANE_SET | REVERSIBLE),
    mode("echo", Group::Local, libc::ECHO, 0, SANE_SET | REVERSIBLE),
    mode("echoe", Group::Local, libc::ECHOE, 0, SANE_SET | REVERSIBLE),
    mode("crterase", Group::Local, libc::ECHOE, 0, REVERSIBLE | OMITTED),
    mode("echok", Group::Local, libc::ECHOK, 0, SANE_SET | REVERSIBLE),
    mode("echonl", Group::Local, libc::ECHONL, 0, SANE_UNSET | REVERSIBLE),
    mode("noflsh", Group::Local, libc::NOFLSH, 0, SANE_UNSET | REVERSIBLE),
    mode("xcase", Group::Local, XCASE, 0, SANE_UNSET | REVERSIBLE),
    mode("tostop", Group::Local, libc::TOSTOP, 0, SANE_UNSET | REVERSIBLE),
    mode("echoprt", Group::Local, libc::ECHOPRT, 0, SANE_UNSET | REVERSIBLE),
    mode("prterase", Group::Local, libc::ECHOPRT, 0, REVERSIBLE | OMITTED),
    mode("echoctl", Group::Local, libc::ECHOCTL, 0, SANE_SET | REVERSIBLE),
    mode("ctlecho", Group::Local, libc::ECHOCTL, 0, REVERSIBLE | OMITTED),
    mode("echoke", Group::Local, libc::ECHOKE, 0, SANE_SET | REVERSIBLE),
    mode("crtkill", Group::Local, libc::ECHOKE, 0, REVERSIBLE | OMITTED),
    mode("flusho", Group::Local, libc::FLUSHO, 0, SANE_UNSET | REVERSIBLE),
    mode("extproc", Group::Local, libc::EXTPROC, 0, SANE_UNSET | REVERSIBLE),
];

/// Special characters: name, number, usual value.
#[rustfmt::skip]
pub const CHARACTERS: &[(&str, usize, u8)] = &[
    ("intr", libc::VINTR, 3),
    ("quit", libc::VQUIT, 28),
    ("erase", libc::VERASE, 127),
    ("kill", libc::VKILL, 21),
    ("eof", libc::VEOF, 4),
    ("eol", libc::VEOL, 0),
    ("eol2", libc::VEOL2, 0),
    ("swtch", libc::VSWTC, 0),
    ("start", libc::VSTART, 17),
    ("stop", libc::VSTOP, 19),
    ("susp", libc::VSUSP, 26),
    ("rprnt", libc::VREPRINT, 18),
    ("werase", libc::VWERASE, 23),
    ("lnext", libc::VLNEXT, 22),
    ("discard", libc::VDISCARD, 15),
    ("flush", libc::VDISCARD, 15),
    ("min", libc::VMIN, 1),
    ("time", libc::VTIME, 0),
];
