//! What the worker tells PID 1, through a pipe.
//!
//! A record is 16 bytes and a message: kind (u8), step (u8), length of the
//! message (u16), errno (i32, 0 for none), time (u64, nanoseconds), all little
//! endian. A record is written in one write of at most PIPE_BUF bytes, so none
//! is ever torn by another process; a reader may still see one in two parts.

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The step is done, and the next one has begun.
    Done,
    /// The step failed for good.
    Failed,
    /// Something worth knowing that stops nothing.
    Note,
    /// The same, about a module.
    Module,
    /// The message is the path of the init that will be run.
    Init,
}

impl Kind {
    const ALL: [Kind; 5] = [Kind::Done, Kind::Failed, Kind::Note, Kind::Module, Kind::Init];
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// What happened.
    pub kind: Kind,
    /// To which step, counted from 0.
    pub step: u8,
    /// The system's answer, 0 for none.
    pub errno: i32,
    /// When, in nanoseconds of the monotonic clock.
    pub time: u64,
    /// More about it.
    pub message: &'a [u8],
}

const HEAD: usize = 16;

/// The longest message; what is longer is cut.
pub const MESSAGE_MAX: usize = 2000;

impl Record<'_> {
    /// Appends the record's bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let message = self.message.get(..MESSAGE_MAX).unwrap_or(self.message);
        let kind = Kind::ALL.iter().position(|k| *k == self.kind).unwrap_or(0);
        out.push(u8::try_from(kind).unwrap_or(0));
        out.push(self.step);
        out.extend_from_slice(&u16::try_from(message.len()).unwrap_or(0).to_le_bytes());
        out.extend_from_slice(&self.errno.to_le_bytes());
        out.extend_from_slice(&self.time.to_le_bytes());
        out.extend_from_slice(message);
    }
}

/// The first record in `bytes` and what is behind it; `None` when it is not
/// all there yet. A record that no worker writes reads as a note.
pub fn decode(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
    let [kind, step, l0, l1, e0, e1, e2, e3, time @ ..] = *head;
    let length = usize::from(u16::from_le_bytes([l0, l1]));
    let (message, rest) = rest.split_at_checked(length)?;
    let record = Record {
        kind: Kind::ALL.get(usize::from(kind)).copied().unwrap_or(Kind::Note),
        step,
        errno: i32::from_le_bytes([e0, e1, e2, e3]),
        time: u64::from_le_bytes(time),
        message,
    };
    Some((record, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back() {
        let record =
            Record { kind: Kind::Failed, step: 5, errno: 22, time: 1 << 40, message: b"no such" };
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        bytes.extend_from_slice(b"xyz");
        assert_eq!(decode(&bytes), Some((record, b"xyz".as_slice())));
        for n in 0..HEAD + 7 {
            assert_eq!(decode(&bytes[..n]), None);
        }
    }

    #[test]
    fn a_long_message_is_cut() {
        let message = vec![b'x'; 5000];
        let mut bytes = Vec::new();
        Record { kind: Kind::Note, step: 0, errno: 0, time: 0, message: &message }
            .encode(&mut bytes);
        assert_eq!(bytes.len(), HEAD + MESSAGE_MAX);
        assert!(bytes.len() <= libc::PIPE_BUF);
    }
}
