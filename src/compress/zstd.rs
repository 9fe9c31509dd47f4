//! Zstandard: RFC 8878. It is read with ruzstd, whose own checksum code is left
//! out (a dependency more): ours does it. The writing half is ours, as that of
//! ruzstd takes four times the time for half as much again.

use std::io;

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::io::{Error, ErrorKind, Read, Write};

use super::checksum::Xxh64;
use super::parts::fill;
use super::{Cause, Decoder, Input};

mod bits;
mod block;
mod chains;
mod finder;
mod fse;
mod huffman;

pub use block::pack as pack_part;

/// Windows above this are refused: what `zstd -22 --ultra`, which kernels are
/// packed with, asks for. It bounds the memory that is used beside the output;
/// the buffer grows with what is really unpacked.
const MOST_WINDOW: u64 = 128 << 20;

/// How much is unpacked at once.
const STEP: usize = 128 << 10;

/// One frame. A skippable frame gives nothing.
pub struct Zstd {
    decoder: FrameDecoder,
    begun: bool,
    sum: Xxh64,
    length: u64,
}

impl Default for Zstd {
    fn default() -> Zstd {
        Zstd { decoder: FrameDecoder::new(), begun: false, sum: Xxh64::new(), length: 0 }
    }
}

/// The input as ruzstd wants it, which keeps what went wrong.
struct From<'i, 'a>(&'i mut Input<'a>, Option<Cause>);

impl Read for From<'_, '_> {
    fn read(&mut self, to: &mut [u8]) -> Result<usize, Error> {
        self.0.read(to).map_err(|cause| {
            self.1 = Some(cause);
            Error::from(ErrorKind::Other)
        })
    }
}

/// Where bytes go, as ruzstd wants it.
struct To<'o>(&'o mut Vec<u8>);

impl Write for To<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

impl Decoder for Zstd {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<bool, Cause> {
        if !self.begun {
            return self.begin(input);
        }
        let mut from = From(input, None);
        let step = BlockDecodingStrategy::UptoBytes(STEP);
        let result = self.decoder.decode_blocks(&mut from, step);
        let cause = from.1;
        let start = out.len();
        let finished = match result {
            Ok(finished) => finished,
            Err(_) => return Err(failed(cause, input)?),
        };
        let _ = self.decoder.collect_to_writer(To(out));
        let data = out.get(start..).unwrap_or_default();
        self.length += data.len() as u64;
        let sum = self.decoder.get_checksum_from_data();
        // The header says whether there is one, but not to the outside.
        self.sum.update(data);
        if !finished {
            return Ok(true);
        }
        let size = self.decoder.content_size();
        if sum.is_some_and(|sum| self.sum.sum() as u32 != sum) || size != 0 && size != self.length {
            return Err(Cause::Checksum);
        }
        Ok(false)
    }
}

impl Zstd {
    fn begin(&mut self, input: &mut Input) -> Result<bool, Cause> {
        self.begun = true;
        self.decoder.set_max_window_size(MOST_WINDOW);
        let head = input.peek(4)?;
        if head.len() < 4 {
            return Err(Cause::Truncated);
        }
        if matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]) {
            input.skip(4)?;
            let length = u32::from_le_bytes(input.take()?);
            input.skip(u64::from(length))?;
            return Ok(false);
        }
        let mut from = From(input, None);
        match self.decoder.init(&mut from) {
            Ok(()) => Ok(true),
            Err(FrameDecoderError::WindowSizeTooBig { .. }) => Err(Cause::TooLarge),
            Err(FrameDecoderError::DictNotProvided { .. }) => Err(Cause::Unsupported),
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(
                _,
            ))) => Err(Cause::Corrupt),
            Err(_) => {
                let cause = from.1;
                Err(failed(cause, input)?)
            }
        }
    }
}

/// What a failure of the decoder was due to.
fn failed(cause: Option<Cause>, input: &mut Input) -> Result<Cause, Cause> {
    Ok(match cause {
        Some(cause) => cause,
        None if input.is_at_end()? => Cause::Truncated,
        None => Cause::Corrupt,
    })
}

/// How much is packed for itself.
pub const PART: usize = 1 << 20;

/// What a frame begins with: nothing is said of a size or a checksum, and the
/// window is that of a part.
pub const HEAD: [u8; 6] = [0x28, 0xb5, 0x2f, 0xfd, 0, 10 << 3];

/// An empty block that ends a frame.
pub const LAST_BLOCK: [u8; 3] = [1, 0, 0];

/// Packs into one frame. Levels below 7 are one.
pub fn pack(level: u8, input: &mut Input, to: &mut dyn io::Write) -> io::Result<()> {
    to.write_all(&HEAD)?;
    let (mut plain, mut packed) = (Vec::new(), Vec::new());
    loop {
        plain.clear();
        fill(PART, input, &mut plain)?;
        if plain.is_empty() {
            return to.write_all(&LAST_BLOCK);
        }
        packed.clear();
        pack_part(level, &plain, &mut packed);
        to.write_all(&packed)?;
    }
}
