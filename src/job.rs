//! The job of a virtual machine: what `vm` wants run inside, and the words in
//! which the two sides talk about it.
//!
//! The runner puts a [`Spec`] into the initramfs it builds ([`SPEC_PATH`]).
//! PID 1 in the machine reads it and runs the command with its standard
//! streams on virtio-serial ports:
//!
//! | Port | Carries |
//! |---|---|
//! | [`CTL`] | lines of text in both directions: [`ToHost`], [`ToGuest`] |
//! | [`IN`] | the command's standard input, as it is |
//! | [`OUT`] | its standard output, or what its terminal shows |
//! | [`ERR`] | its standard error, and the runner's own words about it |
//!
//! Nobody may conclude anything from a port that closes: the end of the input
//! is [`ToGuest::Eof`] with its length, and [`ToHost::Exit`] says how many
//! bytes of output there are. The guest leaves only after [`ToGuest::Ack`],
//! because what is still under way is lost when the machine goes.
//!
//! Deliberate limits: a line of control is at most [`LINE_LIMIT`] bytes.

use std::fmt;

/// Where the job lies in the initramfs.
pub const SPEC_PATH: &str = "/etc/rescuebox/job";

/// The port of the control lines.
pub const CTL: &str = "rescuebox.ctl";
/// The port of standard input.
pub const IN: &str = "rescuebox.in";
/// The port of standard output.
pub const OUT: &str = "rescuebox.out";
/// The port of standard error.
pub const ERR: &str = "rescuebox.err";
/// The port behind which the rescue shell of a machine without a job waits for
/// `rescuebox attach`.
pub const RESCUE: &str = "rescuebox.rescue";

/// What whoever comes through [`RESCUE`], or over vsock, has to say, in the
/// image that the host made.
pub const TOKEN_PATH: &str = "/etc/rescuebox/token";

/// The longest line of control, without its newline.
pub const LINE_LIMIT: usize = 256;

/// What the first line of an encoded [`Spec`] is.
const MAGIC: &[u8] = b"rescuebox job 1\n";

/// The size of a terminal in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
}

/// A command, and what it runs with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// The command and its arguments; never empty, no NUL in them.
    pub argv: Vec<Vec<u8>>,
    /// `NAME=VALUE` entries; `PATH` among them says where the command is.
    pub env: Vec<Vec<u8>>,
    /// Its working directory in the new root.
    pub cwd: Vec<u8>,
    /// When set, the command gets a terminal of this size.
    pub tty: Option<Size>,
}

/// Why bytes are not what they should be.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// Not a job at all, or of another version.
    Magic,
    /// A record that does not parse, at this byte.
    Record(usize),
    /// No command in it.
    NoCommand,
    /// A line of control that is too long.
    LongLine,
    /// A line of control that means nothing to us.
    Line(Vec<u8>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Magic => f.write_str("not a job of this version"),
            Error::Record(at) => write!(f, "malformed record at byte {at}"),
            Error::NoCommand => f.write_str("no command in it"),
            Error::LongLine => f.write_str("control line too long"),
            Error::Line(line) => {
                write!(f, "control line '{}' not understood", crate::applet::show_bytes(line))
            }
        }
    }
}

impl Spec {
    /// The bytes of the file [`SPEC_PATH`]: a line with the version, then
    /// records `KEY LENGTH:BYTES` with a newline behind each. Keys: `a`
    /// argument, `e` entry of the environment, `d` directory, `t` terminal
    /// (`ROWSxCOLUMNS`).
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let mut record = |key: u8, value: &[u8]| {
            out.push(key);
            out.extend_from_slice(value.len().to_string().as_bytes());
            out.push(b':');
            out.extend_from_slice(value);
            out.push(b'\n');
        };
        for arg in &self.argv {
            record(b'a', arg);
        }
        for entry in &self.env {
            record(b'e', entry);
        }
        record(b'd', &self.cwd);
        if let Some(size) = self.tty {
            record(b't', format!("{}x{}", size.rows, size.columns).as_bytes());
        }
        out
    }

    /// Reads what [`Spec::encode`] wrote.
    pub fn parse(bytes: &[u8]) -> Result<Spec, Error> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(Error::Magic)?;
        let mut spec = Spec::default();
        while !rest.is_empty() {
            let wrong = Error::Record(bytes.len() - rest.len());
            let Some((key, value, behind)) = record(rest) else { return Err(wrong) };
            rest = behind;
            if value.contains(&0) {
                return Err(wrong);
            }
            match key {
                b'a' => spec.argv.push(value.to_vec()),
                b'e' => spec.env.push(value.to_vec()),
                b'd' => spec.cwd = value.to_vec(),
                b't' => spec.tty = Some(size(value, b'x').ok_or(wrong)?),
                _ => return Err(wrong),
            }
        }
        if spec.argv.is_empty() { Err(Error::NoCommand) } else { Ok(spec) }
    }

    /// The value of the environment entry `name`.
    pub fn env(&self, name: &[u8]) -> Option<&[u8]> {
        self.env.iter().find_map(|entry| entry.strip_prefix(name)?.strip_prefix(b"="))
    }
}

/// The first record of `bytes`: key, value and what is behind it.
fn record(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (key, rest) = bytes.split_first()?;
    let colon = rest.iter().take(12).position(|&b| b == b':')?;
    let length = usize::try_from(number(rest.get(..colon)?)?).ok()?;
    let rest = rest.get(colon + 1..)?;
    let (value, rest) = rest.split_at_checked(length)?;
    Some((*key, value, rest.strip_prefix(b"\n")?))
}

/// A decimal number without sign.
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Two numbers with `between` them.
fn size(text: &[u8], between: u8) -> Option<Size> {
    let at = text.iter().position(|&b| b == between)?;
    let rows = u16::try_from(number(text.get(..at)?)?).ok()?;
    let columns = u16::try_from(number(text.get(at + 1..)?)?).ok()?;
    Some(Size { rows, columns })
}

/// What the guest tells the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToHost {
    /// `ready`: in the new root, about to start the command.
    Ready,
    /// `started`: the command's program is running.
    Started,
    /// `closed`: the command will read no more input; what still comes is
    /// thrown away.
    Closed,
    /// `exit STATUS out=BYTES err=BYTES ran=yes|no`: it is over, and what it
    /// wrote to disks is there.
    Exit(Exit),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Its exit status; 128+N after signal N; 126 or 127 when it could not be
    /// run.
    pub status: u8,
    /// How many bytes were sent on [`OUT`].
    pub out: u64,
    /// How many bytes were sent on [`ERR`].
    pub err: u64,
    /// Whether its program ran at all.
    pub ran: bool,
}

/// One of the two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// What the host tells the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToGuest {
    /// `eof BYTES`: standard input ends behind that many bytes.
    Eof(u64),
    /// `size ROWS COLUMNS`: the terminal has another size now.
    Size(Size),
    /// `signal N`: send it to the command.
    Signal(u8),
    /// `closed out`, `closed err`: nobody reads that output any more.
    Closed(Stream),
    /// `seen`: the exit was read; wait without limit for the rest.
    Seen,
    /// `ack`: every byte of output has arrived: go.
    Ack,
}

impl ToHost {
    /// The line for it, with its newline.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            ToHost::Ready => b"ready\n".to_vec(),
            ToHost::Started => b"started\n".to_vec(),
            ToHost::Closed => b"closed\n".to_vec(),
            ToHost::Exit(Exit { status, out, err, ran }) => {
                let ran = if *ran { "yes" } else { "no" };
                format!("exit {status} out={out} err={err} ran={ran}\n").into_bytes()
            }
        }
    }

    /// Reads a line, without its newline.
    pub fn parse(line: &[u8]) -> Result<ToHost, Error> {
        let wrong = || Error::Line(line.to_vec());
        let mut words = line.split(|&b| b == b' ');
        let said = match words.next().unwrap_or_default() {
            b"ready" => ToHost::Ready,
            b"started" => ToHost::Started,
            b"closed" => ToHost::Closed,
            b"exit" => {
                let mut field = |name: &[u8]| words.next()?.strip_prefix(name);
                let read = || {
                    Some(Exit {
                        status: u8::try_from(number(field(b"")?)?).ok()?,
                        out: number(field(b"out=")?)?,
                        err: number(field(b"err=")?)?,
                        ran: match field(b"ran=")? {
                            b"yes" => true,
                            b"no" => false,
                            _ => return None,
                        },
                    })
                };
                ToHost::Exit({ read }().ok_or_else(wrong)?)
            }
            _ => return Err(wrong()),
        };
        if words.next().is_some() { Err(wrong()) } else { Ok(said) }
    }
}

impl ToGuest {
    /// The line for it, with its newline.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            ToGuest::Eof(bytes) => format!("eof {bytes}\n"),
            ToGuest::Size(size) => format!("size {} {}\n", size.rows, size.columns),
            ToGuest::Signal(signal) => format!("signal {signal}\n"),
            ToGuest::Closed(Stream::Out) => "closed out\n".to_string(),
            ToGuest::Closed(Stream::Err) => "closed err\n".to_string(),
            ToGuest::Seen => "seen\n".to_string(),
            ToGuest::Ack => "ack\n".to_string(),
        }
        .into_bytes()
    }

    /// Reads a line, without its newline.
    pub fn parse(line: &[u8]) -> Result<ToGuest, Error> {
        let said = match line {
            b"closed out" => Some(ToGuest::Closed(Stream::Out)),
            b"closed err" => Some(ToGuest::Closed(Stream::Err)),
            b"seen" => Some(ToGuest::Seen),
            b"ack" => Some(ToGuest::Ack),
            _ => {
                if let Some(bytes) = line.strip_prefix(b"eof ") {
                    number(bytes).map(ToGuest::Eof)
                } else if let Some(value) = line.strip_prefix(b"size ") {
                    size(value, b' ').map(ToGuest::Size)
                } else if let Some(value) = line.strip_prefix(b"signal ") {
                    number(value)
                        .and_then(|n| u8::try_from(n).ok())
                        .filter(|n| (1..=64).contains(n))
                        .map(ToGuest::Signal)
                } else {
                    None
                }
            }
        };
        said.ok_or_else(|| Error::Line(line.to_vec()))
    }
}

/// Cuts a stream of bytes into lines.
#[derive(Default)]
pub struct Lines {
    kept: Vec<u8>,
    start: usize,
}

impl Lines {
    /// Adds bytes as they were read. A caller takes the lines out with
    /// [`Lines::next`] before it adds more, so that at most a read and a line
    /// are kept.
    pub fn add(&mut self, bytes: &[u8]) {
        self.kept.drain(..self.start.min(self.kept.len()));
        self.start = 0;
        self.kept.extend_from_slice(bytes);
    }

    /// The next whole line, without its newline.
    pub fn next_line(&mut self) -> Option<Result<&[u8], Error>> {
        let rest = self.kept.get(self.start..)?;
        let Some(length) = rest.iter().position(|&b| b == b'\n') else {
            if rest.len() > LINE_LIMIT {
                self.start = self.kept.len();
                return Some(Err(Error::LongLine));
            }
            return None;
        };
        let start = self.start;
        self.start += length + 1;
        if length > LINE_LIMIT {
            return Some(Err(Error::LongLine));
        }
        self.kept.get(start..start + length).map(Ok)
    }
}

/// What the fuzzer calls: every reader of this file on the same bytes.
pub fn fuzz(bytes: &[u8]) {
    if let Ok(spec) = Spec::parse(bytes) {
        assert_eq!(Spec::parse(&spec.encode()).as_ref(), Ok(&spec));
    }
    let mut lines = Lines::default();
    for piece in bytes.chunks(100) {
        lines.add(piece);
        while let Some(line) = lines.next_line() {
            let Ok(line) = line else { continue };
            if let Ok(said) = ToHost::parse(line) {
                assert_eq!(ToHost::parse(said.encode().trim_ascii_end()), Ok(said));
            }
            if let Ok(said) = ToGuest::parse(line) {
                assert_eq!(ToGuest::parse(said.encode().trim_ascii_end()), Ok(said));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        Spec {
            argv: vec![b"sh".to_vec(), b"-c".to_vec(), b"echo a\necho \xff".to_vec(), Vec::new()],
            env: vec![b"PATH=/bin".to_vec(), b"X=a=b\n".to_vec()],
            cwd: b"/tmp/a b".to_vec(),
            tty: Some(Size { rows: 24, columns: 80 }),
        }
    }

    #[test]
    fn a_job_comes_back_as_it_went() {
        let text = spec().encode();
        assert!(text.starts_with(b"rescuebox job 1\na2:sh\na2:-c\na13:echo a\necho \xff\na0:\n"));
        assert!(text.ends_with(b"e9:PATH=/bin\ne6:X=a=b\n\nd8:/tmp/a b\nt5:24x80\n"));
        assert_eq!(Spec::parse(&text), Ok(spec()));
        assert_eq!(spec().env(b"X"), Some(&b"a=b\n"[..]));
        assert_eq!(spec().env(b"PAT"), None);
    }

    #[test]
    fn damaged_jobs_are_refused() {
        let text = spec().encode();
        for cut in 0..text.len() {
            let piece = &text[..cut];
            // Only a cut between records can be a job, a shorter one.
            if let Ok(read) = Spec::parse(piece) {
                assert_eq!(piece.last(), Some(&b'\n'), "{cut}");
                assert_ne!(read, spec());
            }
        }
        assert_eq!(Spec::parse(b"rescuebox job 2\na1:x\n"), Err(Error::Magic));
        assert_eq!(Spec::parse(b"rescuebox job 1\nd1:/\n"), Err(Error::NoCommand));
        assert_eq!(Spec::parse(b"rescuebox job 1\na99999999999:x\n"), Err(Error::Record(16)));
        assert_eq!(Spec::parse(b"rescuebox job 1\na3:a\0b\n"), Err(Error::Record(16)));
        assert_eq!(Spec::parse(b"rescuebox job 1\na1:a\nz1:a\n"), Err(Error::Record(21)));
        assert_eq!(Spec::parse(b"rescuebox job 1\na1:a\nt7:80x-024\n"), Err(Error::Record(21)));
    }

    #[test]
    fn what_the_guest_says() {
        let exit = ToHost::Exit(Exit { status: 137, out: 104_857_600, err: 0, ran: true });
        assert_eq!(exit.encode(), b"exit 137 out=104857600 err=0 ran=yes\n");
        assert_eq!(ToHost::parse(b"exit 137 out=104857600 err=0 ran=yes"), Ok(exit));
        for line in ["ready", "started", "closed"] {
            let said = ToHost::parse(line.as_bytes()).unwrap();
            assert_eq!(said.encode(), format!("{line}\n").into_bytes());
        }
        for wrong in [
            "",
            "exit",
            "exit 256 out=1 err=1 ran=yes",
            "exit 1 out=1 err=1 ran=maybe",
            "exit 1 out= err=1 ran=yes",
            "exit 1 err=1 out=1 ran=yes",
            "exit 1 out=1 err=1 ran=yes more",
            "ready now",
        ] {
            assert_eq!(ToHost::parse(wrong.as_bytes()), Err(Error::Line(wrong.into())));
        }
    }

    #[test]
    fn what_the_host_says() {
        for (line, said) in [
            ("eof 0", ToGuest::Eof(0)),
            ("size 50 132", ToGuest::Size(Size { rows: 50, columns: 132 })),
            ("signal 10", ToGuest::Signal(10)),
            ("closed out", ToGuest::Closed(Stream::Out)),
            ("closed err", ToGuest::Closed(Stream::Err)),
            ("seen", ToGuest::Seen),
            ("ack", ToGuest::Ack),
        ] {
            assert_eq!(ToGuest::parse(line.as_bytes()), Ok(said));
            assert_eq!(said.encode(), format!("{line}\n").into_bytes());
        }
        for wrong in ["eof", "eof -1", "eof 1 ", "size 1", "size 70000 1", "signal 0", "signal 65"]
        {
            assert!(ToGuest::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lines_out_of_pieces() {
        let mut lines = Lines::default();
        lines.add(b"one\ntw");
        assert_eq!(lines.next_line(), Some(Ok(&b"one"[..])));
        assert_eq!(lines.next_line(), None);
        lines.add(b"o\n\n");
        assert_eq!(lines.next_line(), Some(Ok(&b"two"[..])));
        assert_eq!(lines.next_line(), Some(Ok(&b""[..])));
        assert_eq!(lines.next_line(), None);
        lines.add(&[b'x'; LINE_LIMIT + 1]);
        assert_eq!(lines.next_line(), Some(Err(Error::LongLine)));
        assert_eq!(lines.next_line(), None);
        lines.add(b"\nack\n");
        assert_eq!(lines.next_line(), Some(Ok(&b""[..])));
        assert_eq!(lines.next_line(), Some(Ok(&b"ack"[..])));
    }

    #[test]
    fn any_bytes_are_survived() {
        let mut text = spec().encode();
        text.extend_from_slice(b"exit 1 out=1 err=1 ran=yes\nsignal 9\n");
        for at in 0..text.len() {
            let mut copy = text.clone();
            copy[at] ^= 0x11;
            fuzz(&copy);
        }
    }
}
