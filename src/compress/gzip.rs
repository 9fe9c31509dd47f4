//! gzip: RFC 1952 around the deflate of miniz_oxide.

use std::io::{self, Write};

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress as deflate,
    create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress as inflate};

use super::checksum::{Crc32, crc32};
use super::{Cause, Decoder, Input, read_error};

const FHCRC: u8 = 2;
const FEXTRA: u8 = 4;
const FNAME: u8 = 8;
const FCOMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// The longest name or comment that is read.
const TEXT: usize = 64 << 10;

/// What a match can refer to.
const WINDOW: usize = 32 << 10;

/// What a header says of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Its name, where it has one.
    pub name: Option<Vec<u8>>,
    /// Its time of modification, seconds since 1970; 0: not known.
    pub mtime: u32,
}

/// Bytes of deflate without anything around, as zip has them.
pub struct Inflate {
    state: Box<DecompressorOxide>,
    window: Vec<u8>,
    at: usize,
}

impl Default for Inflate {
    fn default() -> Inflate {
        Inflate { state: Box::default(), window: vec![0; WINDOW], at: 0 }
    }
}

impl Decoder for Inflate {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<bool, Cause> {
        let some = input.some()?;
        let flags = if some.is_empty() { 0 } else { TINFL_FLAG_HAS_MORE_INPUT };
        let (status, used, written) =
            inflate(&mut self.state, some, &mut self.window, self.at, flags);
        input.advance(used);
        out.extend_from_slice(self.window.get(self.at..self.at + written).unwrap_or_default());
        self.at = (self.at + written) % WINDOW;
        match status {
            TINFLStatus::Done => Ok(false),
            TINFLStatus::HasMoreOutput | TINFLStatus::NeedsMoreInput => Ok(true),
            TINFLStatus::FailedCannotMakeProgress => Err(Cause::Truncated),
            _ => Err(Cause::Corrupt),
        }
    }
}

/// One member.
#[derive(Default)]
pub struct Gzip {
    /// None before the header.
    body: Option<Inflate>,
    sum: Crc32,
    length: u32,
}

impl Decoder for Gzip {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<bool, Cause> {
        let Some(body) = &mut self.body else {
            header(input)?;
            self.body = Some(Inflate::default());
            return Ok(true);
        };
        let start = out.len();
        let more = body.step(input, out)?;
        let data = out.get(start..).unwrap_or_default();
        self.sum.update(data);
        self.length = self.length.wrapping_add(data.len() as u32);
        if !more {
            let sum = u32::from_le_bytes(input.take()?);
            let length = u32::from_le_bytes(input.take()?);
            if sum != self.sum.sum() || length != self.length {
                return Err(Cause::Checksum);
            }
        }
        Ok(more)
    }
}

/// Reads the header of a member.
pub fn header(input: &mut Input) -> Result<Header, Cause> {
    let mut covered: Vec<u8> = input.take::<10>()?.to_vec();
    let &[id1, id2, method, flags, a, b, c, d, ..] = covered.as_slice() else {
        return Err(Cause::Truncated);
    };
    if (id1, id2) != (0x1f, 0x8b) {
        return Err(Cause::Corrupt);
    }
    if method != 8 || flags & RESERVED != 0 {
        return Err(Cause::Unsupported);
    }
    let mut header = Header { name: None, mtime: u32::from_le_bytes([a, b, c, d]) };
    if flags & FEXTRA != 0 {
        let length: [u8; 2] = input.take()?;
        covered.extend_from_slice(&length);
        input.append(usize::from(u16::from_le_bytes(length)), &mut covered)?;
    }
    for text in [FNAME, FCOMMENT] {
        if flags & text != 0 {
            let start = covered.len();
            loop {
                let byte = input.byte()?;
                covered.push(byte);
                if byte == 0 {
                    break;
                }
                if covered.len() - start > TEXT {
                    return Err(Cause::Corrupt);
                }
            }
            if text == FNAME {
                header.name = covered.get(start..covered.len() - 1).map(Vec::from);
            }
        }
    }
    if flags & FHCRC != 0 && u16::from_le_bytes(input.take()?) != crc32(&covered) as u16 {
        return Err(Cause::Checksum);
    }
    Ok(header)
}

/// How many places are looked at for a match, by level; the crate's own numbers
/// take twice the time for half a percent.
const PROBES: [u32; 10] = [0, 1, 4, 8, 12, 16, 24, 64, 256, 768];

/// The crate's flags for a level: the number of places is in the low bits.
fn flags(level: u8) -> u32 {
    let probes = PROBES.get(usize::from(level)).copied().unwrap_or(768);
    create_comp_flags_from_zip_params(i32::from(level), 0, 0) & !0xfff | probes
}

/// Packs by deflate, without anything around. Returns CRC-32 and length of what
/// was read.
pub fn pack_raw(level: u8, input: &mut Input, to: &mut dyn Write) -> io::Result<(u32, u64)> {
    let flags = flags(level);
    let mut state = Box::new(CompressorOxide::new(flags));
    let mut sum = Crc32::new();
    let mut length = 0;
    let mut out = vec![0; 64 << 10];
    loop {
        let some = input.some().map_err(read_error)?;
        let flush = if some.is_empty() { TDEFLFlush::Finish } else { TDEFLFlush::None };
        let (status, used, written) = deflate(&mut state, some, &mut out, flush);
        sum.update(some.get(..used).unwrap_or_default());
        length += used as u64;
        input.advance(used);
        to.write_all(out.get(..written).unwrap_or_default())?;
        match status {
            TDEFLStatus::Done => return Ok((sum.sum(), length)),
            TDEFLStatus::Okay => {}
            _ => return Err(io::ErrorKind::Other.into()),
        }
    }
}

/// Packs by deflate so that something can be put behind, which does not refer
/// to what is here.
pub fn pack_part(level: u8, plain: &[u8], to: &mut Vec<u8>) -> io::Result<()> {
    let flags = flags(level);
    let mut state = Box::new(CompressorOxide::new(flags));
    let mut rest = plain;
    let mut out = vec![0; 64 << 10];
    loop {
        let (status, used, written) = deflate(&mut state, rest, &mut out, TDEFLFlush::Full);
        to.extend_from_slice(out.get(..written).unwrap_or_default());
        rest = rest.get(used..).unwrap_or_default();
        match status {
            TDEFLStatus::Okay if rest.is_empty() && written < out.len() => return Ok(()),
            TDEFLStatus::Okay => {}
            _ => return Err(io::ErrorKind::Other.into()),
        }
    }
}

/// What comes before the bytes of a member.
pub fn head(level: u8, header: &Header) -> Vec<u8> {
    let mut head = vec![0x1f, 0x8b, 8, if header.name.is_some() { FNAME } else { 0 }];
    head.extend_from_slice(&header.mtime.to_le_bytes());
    let effort = match level {
        0..=1 => 4,
        9.. => 2,
        _ => 0,
    };
    head.extend_from_slice(&[effort, 3]); // made on Unix
    if let Some(name) = &header.name {
        head.extend_from_slice(name);
        head.push(0);
    }
    head
}

/// Packs into one member.
pub fn pack(level: u8, header: &Header, input: &mut Input, to: &mut dyn Write) -> io::Result<()> {
    to.write_all(&head(level, header))?;
    let (sum, length) = pack_raw(level, input, to)?;
    to.write_all(&sum.to_le_bytes())?;
    to.write_all(&(length as u32).to_le_bytes())
}
