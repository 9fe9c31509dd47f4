//! Zstandard: RFC 8878, with ruzstd. Its own checksum code is left out (a
//! dependency more): ours does it.

use std::io;

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::encoding::{CompressionLevel, FrameCompressor};
use ruzstd::io::{Error, ErrorKind, Read, Write};

use super::checksum::Xxh64;
use super::{Cause, Decoder, Input, read_error};

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

/// Where a frame goes; errors are kept for the end, as ruzstd does not expect
/// any.
struct Drain<'o> {
    to: &'o mut dyn io::Write,
    result: io::Result<()>,
}

impl Write for Drain<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if self.result.is_ok() {
            self.result = self.to.write_all(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// What is packed; it ends where it cannot be read.
struct Whole<'i, 'a>(From<'i, 'a>);

impl Read for Whole<'_, '_> {
    fn read(&mut self, to: &mut [u8]) -> Result<usize, Error> {
        Ok(self.0.read(to).unwrap_or(0))
    }
}

/// Packs into one frame.
pub fn pack(input: &mut Input, to: &mut dyn io::Write) -> io::Result<()> {
    let mut source = Whole(From(input, None));
    let mut drain = Drain { to, result: Ok(()) };
    let mut compressor = FrameCompressor::new(CompressionLevel::Fastest);
    compressor.set_source(&mut source);
    compressor.set_drain(&mut drain);
    compressor.compress();
    drop(compressor);
    match source.0.1 {
        Some(cause) => Err(read_error(cause)),
        None => drain.result,
    }
}

/// An empty block that ends a frame.
pub const LAST_BLOCK: [u8; 3] = [1, 0, 0];

/// How long the header of a frame is that [`pack`] made (RFC 8878, 3.1.1.1).
fn head_length(frame: &[u8]) -> usize {
    let flags = frame.get(4).copied().unwrap_or(0);
    let single = flags & 0x20 != 0;
    let size = match flags >> 6 {
        0 => usize::from(single),
        log => 1 << log,
    };
    let dictionary = [0, 1, 2, 4].get(usize::from(flags & 3)).copied().unwrap_or(0);
    5 + usize::from(!single) + dictionary + size
}

/// The header of a frame that [`pack`] made. It says nothing of a size or a
/// checksum, so it can begin a longer one.
pub fn frame_head(frame: &[u8]) -> Vec<u8> {
    frame.get(..head_length(frame)).unwrap_or(frame).to_vec()
}

/// The blocks of a frame that [`pack`] made.
pub fn blocks(frame: &[u8]) -> &[u8] {
    frame.get(head_length(frame)..).unwrap_or_default()
}

/// Takes the mark of the last off the blocks of a frame. What follows may be
/// the blocks of another: they refer to nothing before them, and ours never use
/// the offsets of matches before (3.1.1.5).
pub fn continue_frame(blocks: &mut [u8]) {
    let mut rest = blocks;
    while let Some((head, behind)) = rest.split_first_chunk_mut::<3>() {
        let value = u32::from_le_bytes([head[0], head[1], head[2], 0]);
        head[0] &= !1;
        let length = if value >> 1 & 3 == 1 { 1 } else { (value >> 3) as usize };
        rest = behind.get_mut(length..).unwrap_or_default();
    }
}
