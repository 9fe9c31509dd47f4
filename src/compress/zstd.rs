//! Zstandard: RFC 8878, with ruzstd. Its own checksum code is left out (a
//! dependency more): ours does it.

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::checksum::xxh64;
use super::{Cause, take, take_slice};

/// Windows above this are refused: what `zstd -22 --ultra`, which kernels are
/// packed with, asks for. It bounds the memory that is used beside the output;
/// the buffer grows with what is really unpacked.
const MOST_WINDOW: u64 = 128 << 20;

/// How much is unpacked between looks at the limit.
const STEP: usize = 1 << 20;

/// Unpacks one frame behind what `out` holds. A skippable frame gives nothing.
pub fn decompress(bytes: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<usize, Cause> {
    let mut rest = bytes;
    let start = out.len();
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(MOST_WINDOW);
    match decoder.init(&mut rest) {
        Ok(()) => {}
        Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
            ..
        })) => {
            rest = bytes;
            take::<4>(&mut rest)?;
            let length = u32::from_le_bytes(take(&mut rest)?);
            take_slice(&mut rest, usize::try_from(length).map_err(|_| Cause::Truncated)?)?;
            return Ok(bytes.len() - rest.len());
        }
        Err(error) => {
            return Err(match error {
                FrameDecoderError::WindowSizeTooBig { .. } => Cause::TooLarge,
                FrameDecoderError::DictNotProvided { .. } => Cause::Unsupported,
                // The longest header has 18 bytes.
                _ if bytes.len() < 18 => Cause::Truncated,
                _ => Cause::Corrupt,
            });
        }
    }
    if decoder.content_size() > limit.saturating_sub(start) as u64 {
        return Err(Cause::TooLarge);
    }
    loop {
        let before = rest.len();
        let finished = decoder
            .decode_blocks(&mut rest, BlockDecodingStrategy::UptoBytes(STEP))
            .map_err(|error| match error {
                FrameDecoderError::FailedToReadBlockHeader(_)
                | FrameDecoderError::FailedToReadChecksum(_)
                    if before < 8 =>
                {
                    Cause::Truncated
                }
                _ if rest.is_empty() => Cause::Truncated,
                _ => Cause::Corrupt,
            })?;
        if decoder.can_collect() > limit.saturating_sub(out.len()) {
            return Err(Cause::TooLarge);
        }
        out.extend_from_slice(&decoder.collect().unwrap_or_default());
        if finished {
            break;
        }
    }
    if let Some(sum) = decoder.get_checksum_from_data()
        && xxh64(out.get(start..).unwrap_or_default()) as u32 != sum
    {
        return Err(Cause::Checksum);
    }
    Ok(bytes.len() - rest.len())
}

/// One frame.
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}
