//! The telnet protocol, of either side: bytes in, data and answers out. Pure.
//!
//! RFC 854, 855, 857 (ECHO), 858 (SGA), 860 (TIMING-MARK), 1073 (NAWS), 1091
//! (TTYPE), 1143 (no loops). Only those options are ever agreed to; every
//! other one is refused once and then passed over in silence. In particular
//! there is no ENVIRON (CVE-2026-24061) and no LINEMODE (CVE-2026-32746), a
//! sub-negotiation is at most 64 bytes, and what is answered to one input is
//! bounded (CVE-2020-10188, CVE-2022-39028).

/// Commands. RFC 854.
const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const EL: u8 = 248;
const EC: u8 = 247;
const AYT: u8 = 246;
const AO: u8 = 245;
const IP: u8 = 244;
const BREAK: u8 = 243;
const SE: u8 = 240;
const EOF: u8 = 236;
const SUSP: u8 = 237;
const ABORT: u8 = 238;

/// Options.
const ECHO: u8 = 1;
const SGA: u8 = 3;
const TIMING_MARK: u8 = 6;
const TTYPE: u8 = 24;
const NAWS: u8 = 31;

/// The longest sub-negotiation that is read.
const SUB_MAX: usize = 64;

/// Answers stop while so much is waiting to be sent.
pub const ANSWER_MAX: usize = 512;

/// Which side this is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that has the shell.
    Server,
    /// The one that has the person.
    Client,
}

/// A set of options.
#[derive(Clone, Copy, Default)]
struct Set([u64; 4]);

impl Set {
    fn has(&self, option: u8) -> bool {
        self.0.get(usize::from(option >> 6)).is_some_and(|word| word >> (option & 63) & 1 == 1)
    }

    fn put(&mut self, option: u8, on: bool) {
        if let Some(word) = self.0.get_mut(usize::from(option >> 6)) {
            *word = *word & !(1 << (option & 63)) | u64::from(on) << (option & 63);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Data,
    /// Behind a carriage return, whose NUL or LF belongs to it.
    Return,
    Command,
    Option(u8),
    Sub,
    SubCommand,
}

/// News besides data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The window of the client: columns, rows.
    Size(u16, u16),
    /// The client's kind of terminal; only letters, digits and `._-`.
    Terminal(Vec<u8>),
    /// The server echoes from now on (true), or the client has to.
    Echo(bool),
    /// The server was told the kind of terminal.
    Told,
    /// The session is over ([`SESSION_END`]).
    End,
}

/// One end of a connection.
pub struct Protocol {
    side: Side,
    state: State,
    sub: Vec<u8>,
    /// Options that this end does, and that the other one does.
    here: Set,
    there: Set,
    /// Options asked for by us and not answered yet.
    asked_here: Set,
    asked_there: Set,
    refused_here: Set,
    refused_there: Set,
    terminal: Vec<u8>,
    /// The other end has been asked for its kind of terminal, and has not said
    /// it yet.
    naming: bool,
    size: (u16, u16),
}

impl Protocol {
    /// A connection that has just begun. A client says its kind of terminal.
    pub fn new(side: Side, terminal: &[u8]) -> Protocol {
        Protocol {
            side,
            state: State::Data,
            sub: Vec::new(),
            here: Set::default(),
            there: Set::default(),
            asked_here: Set::default(),
            asked_there: Set::default(),
            refused_here: Set::default(),
            refused_there: Set::default(),
            terminal: terminal.to_vec(),
            naming: false,
            size: (0, 0),
        }
    }

    /// What a server says first: it echoes, sends at any time, and asks for
    /// window size and kind of terminal.
    pub fn greet(&mut self, answer: &mut Vec<u8>) {
        for option in [ECHO, SGA] {
            self.asked_here.put(option, true);
            answer.extend_from_slice(&[IAC, WILL, option]);
        }
        for option in [SGA, NAWS, TTYPE] {
            self.asked_there.put(option, true);
            answer.extend_from_slice(&[IAC, DO, option]);
        }
    }

    /// Takes bytes from the other side. `data` gets what was typed or printed,
    /// never more than came in; `answer` what is to be sent back.
    pub fn take(
        &mut self,
        input: &[u8],
        data: &mut Vec<u8>,
        answer: &mut Vec<u8>,
        news: &mut Vec<News>,
    ) {
        for &b in input {
            self.byte(b, data, answer, news);
        }
    }

    fn byte(&mut self, b: u8, data: &mut Vec<u8>, answer: &mut Vec<u8>, news: &mut Vec<News>) {
        match self.state {
            State::Return if b == 0 || b == b'\n' && self.side == Side::Server => {
                self.state = State::Data;
            }
            State::Data | State::Return => {
                self.state = State::Data;
                match b {
                    IAC => self.state = State::Command,
                    b'\r' => {
                        self.state = State::Return;
                        data.push(b);
                    }
                    _ => data.push(b),
                }
            }
            State::Command => {
                self.state = State::Data;
                match b {
                    IAC => data.push(IAC),
                    DO | DONT | WILL | WONT => self.state = State::Option(b),
                    SB => {
                        self.sub.clear();
                        self.state = State::Sub;
                    }
                    _ => self.command(b, data, answer, news),
                }
            }
            State::Option(verb) => {
                self.state = State::Data;
                self.option(verb, b, answer, news);
            }
            State::Sub if b == IAC => self.state = State::SubCommand,
            State::Sub => self.add(b),
            State::SubCommand if b == IAC => {
                self.state = State::Sub;
                self.add(b);
            }
            State::SubCommand => {
                // Whatever it is instead of SE, the sub-negotiation is over.
                self.state = State::Data;
                if b == SE {
                    self.negotiated(answer, news);
                }
                self.sub = Vec::new();
            }
        }
    }

    /// One byte more than is allowed is kept as the sign of it.
    fn add(&mut self, b: u8) {
        if self.sub.len() <= SUB_MAX {
            self.sub.push(b);
        }
    }

    /// Commands become the keys that do the same on a terminal.
    fn command(&self, b: u8, data: &mut Vec<u8>, answer: &mut Vec<u8>, news: &mut Vec<News>) {
        if self.side == Side::Client {
            if b == EOF {
                news.push(News::End);
            }
            return;
        }
        match b {
            IP | BREAK => data.push(3),
            ABORT => data.push(28),
            SUSP => data.push(26),
            EOF => data.push(4),
            EC => data.push(127),
            EL => data.push(21),
            AYT if answer.len() < ANSWER_MAX => answer.extend_from_slice(b"\r\n[yes]\r\n"),
            AO | AYT => {}
            _ => {}
        }
    }

    /// Whether this end would do the option.
    fn does(&self, option: u8) -> bool {
        match self.side {
            Side::Server => matches!(option, ECHO | SGA),
            Side::Client => matches!(option, SGA | TTYPE | NAWS),
        }
    }

    /// Whether the other end may do it.
    fn lets(&self, option: u8) -> bool {
        match self.side {
            Side::Server => matches!(option, SGA | TTYPE | NAWS),
            Side::Client => matches!(option, ECHO | SGA),
        }
    }

    fn option(&mut self, verb: u8, option: u8, answer: &mut Vec<u8>, news: &mut Vec<News>) {
        if answer.len() >= ANSWER_MAX {
            return;
        }
        let mut say = |verb: u8| answer.extend_from_slice(&[IAC, verb, option]);
        match verb {
            // A client that flushes output waits for each answer.
            DO if option == TIMING_MARK => say(WONT),
            DO if !self.does(option) => {
                if !self.refused_here.has(option) {
                    self.refused_here.put(option, true);
                    say(WONT);
                }
            }
            DO => {
                if !self.here.has(option) && !self.asked_here.has(option) {
                    say(WILL);
                }
                let new = !self.here.has(option);
                self.here.put(option, true);
                self.asked_here.put(option, false);
                if new && option == NAWS {
                    self.say_size(answer);
                }
            }
            DONT => {
                if self.here.has(option) && option != TIMING_MARK {
                    say(WONT);
                }
                self.here.put(option, false);
                self.asked_here.put(option, false);
            }
            WILL if !self.lets(option) => {
                if !self.refused_there.has(option) {
                    self.refused_there.put(option, true);
                    say(DONT);
                }
            }
            WILL => {
                if !self.there.has(option) && !self.asked_there.has(option) {
                    say(DO);
                }
                let new = !self.there.has(option);
                self.there.put(option, true);
                self.asked_there.put(option, false);
                if new && option == TTYPE {
                    // SEND
                    answer.extend_from_slice(&[IAC, SB, TTYPE, 1, IAC, SE]);
                    self.naming = true;
                }
                if new && option == ECHO {
                    news.push(News::Echo(true));
                }
            }
            _ => {
                if self.there.has(option) {
                    say(DONT);
                    if option == ECHO {
                        news.push(News::Echo(false));
                    }
                }
                self.there.put(option, false);
                self.asked_there.put(option, false);
            }
        }
    }

    /// Whether a client has agreed to say what terminal it is, and has not done
    /// so yet.
    pub fn awaits_terminal(&self) -> bool {
        self.naming && self.there.has(TTYPE)
    }

    /// A sub-negotiation has ended.
    fn negotiated(&mut self, answer: &mut Vec<u8>, news: &mut Vec<News>) {
        if self.sub.first() == Some(&TTYPE) {
            self.naming = false;
        }
        if self.sub.len() > SUB_MAX {
            return;
        }
        match *self.sub.as_slice() {
            [NAWS, c1, c0, r1, r0] if self.side == Side::Server && self.there.has(NAWS) => {
                let size = (u16::from_be_bytes([c1, c0]), u16::from_be_bytes([r1, r0]));
                if size.0 > 0 && size.1 > 0 && size != self.size {
                    self.size = size;
                    news.push(News::Size(size.0, size.1));
                }
            }
            // IS
            [TTYPE, 0, ref name @ ..]
                if self.side == Side::Server && is_terminal(name) && self.terminal.is_empty() =>
            {
                self.terminal = name.to_ascii_lowercase();
                news.push(News::Terminal(self.terminal.clone()));
            }
            [TTYPE, 1]
                if self.side == Side::Client
                    && self.here.has(TTYPE)
                    && answer.len() < ANSWER_MAX =>
            {
                answer.extend_from_slice(&[IAC, SB, TTYPE, 0]);
                answer.extend_from_slice(&self.terminal);
                answer.extend_from_slice(&[IAC, SE]);
                news.push(News::Told);
            }
            _ => {}
        }
    }

    /// The size of the client's window, for the server.
    pub fn set_size(&mut self, columns: u16, rows: u16, answer: &mut Vec<u8>) {
        if self.size != (columns, rows) {
            self.size = (columns, rows);
            if self.here.has(NAWS) {
                self.say_size(answer);
            }
        }
    }

    fn say_size(&self, answer: &mut Vec<u8>) {
        answer.extend_from_slice(&[IAC, SB, NAWS]);
        let ([c1, c0], [r1, r0]) = (self.size.0.to_be_bytes(), self.size.1.to_be_bytes());
        escape(&[c1, c0, r1, r0], answer);
        answer.extend_from_slice(&[IAC, SE]);
    }

    /// Offers window size and kind of terminal before the server asks.
    pub fn offer(&mut self, answer: &mut Vec<u8>) {
        for option in [SGA, TTYPE, NAWS] {
            self.asked_here.put(option, option != NAWS);
            answer.extend_from_slice(&[IAC, WILL, option]);
        }
        self.asked_here.put(NAWS, true);
        self.asked_there.put(SGA, true);
        answer.extend_from_slice(&[IAC, DO, SGA]);
    }
}

/// What a shell prints, as it is sent: 255 is written twice.
pub fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for &b in bytes {
        out.push(b);
        if b == IAC {
            out.push(IAC);
        }
    }
}

/// What a person typed, as it is sent: 255 is written twice, and behind a
/// carriage return comes NUL.
pub fn escape_typed(bytes: &[u8], out: &mut Vec<u8>) {
    for &b in bytes {
        out.push(b);
        match b {
            IAC => out.push(IAC),
            b'\r' => out.push(0),
            _ => {}
        }
    }
}

/// The command for an interrupt, and for a break.
pub const INTERRUPT: [u8; 2] = [IAC, IP];
/// A break.
pub const SEND_BREAK: [u8; 2] = [IAC, BREAK];
/// The end of a session, where the line stays up behind it.
pub const SESSION_END: [u8; 2] = [IAC, EOF];

/// `[A-Za-z0-9._-]{1,32}`.
pub fn is_terminal(name: &[u8]) -> bool {
    (1..=32).contains(&name.len())
        && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Reads anything, for the fuzzer: data and answers stay within their bounds.
pub fn exercise(input: &[u8]) {
    for side in [Side::Server, Side::Client] {
        let mut protocol = Protocol::new(side, b"");
        let (mut answer, mut news) = (Vec::new(), Vec::new());
        for piece in input.chunks(512) {
            let mut data = Vec::new();
            protocol.take(piece, &mut data, &mut answer, &mut news);
            assert!(data.len() <= piece.len());
            assert!(answer.len() < ANSWER_MAX + 128);
            assert!(protocol.sub.len() <= SUB_MAX + 1);
        }
        for item in news {
            if let News::Terminal(name) = item {
                assert!(is_terminal(&name));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(input: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<News>) {
        let mut protocol = Protocol::new(Side::Server, b"");
        let (mut data, mut answer, mut news) = (Vec::new(), Vec::new(), Vec::new());
        protocol.greet(&mut answer);
        assert_eq!(answer, [255, 251, 1, 255, 251, 3, 255, 253, 3, 255, 253, 31, 255, 253, 24]);
        answer.clear();
        protocol.take(input, &mut data, &mut answer, &mut news);
        (data, answer, news)
    }

    #[test]
    fn data() {
        assert_eq!(server(b"ls\r\0x\r\ny\rz").0, b"ls\rx\ry\rz");
        assert_eq!(server(b"a\xff\xffb").0, b"a\xffb");
        assert_eq!(server(&[IAC, IP, IAC, EC, IAC, SUSP, IAC, EOF]).0, [3, 127, 26, 4]);
        assert_eq!(server(&[IAC, AYT]).1, b"\r\n[yes]\r\n");
    }

    #[test]
    fn what_was_offered_is_not_acknowledged_again() {
        assert_eq!(server(&[IAC, DO, ECHO, IAC, DO, SGA, IAC, DO, ECHO, IAC, WILL, SGA]).1, []);
    }

    #[test]
    fn everything_else_is_refused_once() {
        let mut input = Vec::new();
        for _ in 0..3 {
            for option in (0..=255).filter(|o| *o != TIMING_MARK) {
                input.extend([IAC, DO, option]);
            }
        }
        let mut protocol = Protocol::new(Side::Server, b"");
        let mut answer = Vec::new();
        let mut count = 0;
        for piece in input.chunks(30) {
            protocol.take(piece, &mut Vec::new(), &mut answer, &mut Vec::new());
            count += answer.len() / 3;
            answer.clear();
        }
        // 253 refusals, and ECHO and SGA agreed to
        assert_eq!(count, 255);
        assert_eq!(
            server(&[IAC, WILL, 39, IAC, WILL, 39, IAC, WILL, 34]).1,
            [IAC, DONT, 39, IAC, DONT, 34]
        );
        assert_eq!(server(&[IAC, DO, 6, IAC, DO, 6]).1, [IAC, WONT, 6, IAC, WONT, 6]);
    }

    #[test]
    fn windows_and_terminals() {
        let (_, answer, news) = server(&[
            IAC, WILL, NAWS, IAC, SB, NAWS, 0, 132, 0, 43, IAC, SE, IAC, WILL, TTYPE, IAC, SB,
            TTYPE, 0, b'X', b'T', IAC, SE,
        ]);
        assert_eq!(answer, [IAC, SB, TTYPE, 1, IAC, SE]);
        assert_eq!(news, [News::Size(132, 43), News::Terminal(b"xt".to_vec())]);
        // 255 columns are escaped
        let (_, _, news) = server(&[IAC, WILL, NAWS, IAC, SB, NAWS, 0, IAC, IAC, 0, 24, IAC, SE]);
        assert_eq!(news, [News::Size(255, 24)]);
        // not agreed to, nothing at all, too long, no terminal
        assert_eq!(server(&[IAC, SB, NAWS, 0, 80, 0, 24, IAC, SE]).2, []);
        assert_eq!(server(&[IAC, WILL, NAWS, IAC, SB, NAWS, 0, 0, 0, 0, IAC, SE]).2, []);
        let mut long = vec![IAC, SB, TTYPE, 0];
        long.extend([b'x'; 4000]);
        long.extend([IAC, SE, b'k']);
        assert_eq!(server(&long), (b"k".to_vec(), vec![], vec![]));
        assert_eq!(server(b"\xff\xfa\x18\0a;b\xff\xf0").2, []);
        assert_eq!(server(b"\xff\xfa\x18\0\xff\xf0").2, []);
    }

    #[test]
    fn a_client_talks_to_a_server() {
        let mut client = Protocol::new(Side::Client, b"vt100");
        let mut server = Protocol::new(Side::Server, b"");
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let (mut printed, mut typed, mut news, mut seen) = (vec![], vec![], vec![], vec![]);
        server.greet(&mut down);
        client.set_size(80, 24, &mut up);
        for _ in 0..4 {
            client.take(&std::mem::take(&mut down), &mut printed, &mut up, &mut news);
            server.take(&std::mem::take(&mut up), &mut typed, &mut down, &mut seen);
        }
        assert_eq!((up.len(), down.len()), (0, 0));
        assert_eq!(news, [News::Echo(true), News::Told]);
        news.clear();
        client.take(&SESSION_END, &mut printed, &mut up, &mut news);
        assert_eq!((news, up.len()), (vec![News::End], 0));
        assert_eq!(seen, [News::Size(80, 24), News::Terminal(b"vt100".to_vec())]);
        escape_typed(b"ls\r\xff", &mut up);
        server.take(&up, &mut typed, &mut down, &mut seen);
        assert_eq!(typed, b"ls\r\xff");
    }
}
