//! What is in an initramfs image: its segments, and what each holds.
//!
//! An image is one cpio archive after another, some of them compressed, with
//! zeros between (Documentation/driver-api/early-userspace/buffer-format.rst).
//! It may be a file of its own, the `.initrd` section of a UKI (PE), or built
//! into a kernel (bzImage or vmlinux).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::path::Path;

use crate::applet::{Error, show};
use crate::archive::cpio::Cpio;
use crate::archive::{Damage, Entry, Part};
use crate::bzimage::BzImage;
use crate::compress::{Cause, Format, Input, Source, Unpacker};
use crate::sys;

/// Kernels are read whole; larger files are none.
const MOST_KERNEL: u64 = 512 << 20;

/// What ends a boot configuration appended to an image
/// (Documentation/admin-guide/bootconfig.rst).
const BOOTCONFIG: &[u8] = b"#BOOTCONFIG\n";

/// An image, opened.
pub struct Image {
    file: File,
    kind: Kind,
}

enum Kind {
    /// The whole file.
    Plain,
    /// So many bytes from there on.
    Section(u64, u64),
    /// It was in here.
    Memory(Vec<u8>),
}

/// A part of an image.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    /// Where it begins in the file, or in the initramfs built into a kernel.
    pub offset: u64,
    /// How long it is there, without zeros behind.
    pub length: u64,
    /// `none` for a plain archive, `bootconfig`, or how it is compressed.
    pub compression: &'static str,
    /// How many entries it has.
    pub entries: u64,
    /// How long it is unpacked.
    pub unpacked: u64,
}

/// What is told of the entries of an image: the number of the segment, the
/// entry, its content.
pub type Visit<'v> = dyn FnMut(usize, &Entry, &mut Part) -> Result<(), Error> + 'v;

/// Part of a file.
struct Section(std::io::Take<File>);

impl Read for Section {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(to)
    }
}

impl Source for Section {}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u64::from(u32::from_le_bytes(*field)))
}

/// Where a section of a PE file is, by the beginning of the file: offset and
/// length.
pub fn section(head: &[u8], wanted: &[u8; 8]) -> Option<(u64, u64)> {
    let start = usize::try_from(word(head, 0x3c)?).ok()?;
    let pe = head.get(start..)?;
    if !head.starts_with(b"MZ") || !pe.starts_with(b"PE\0\0") {
        return None;
    }
    let count = u16::from_le_bytes(*pe.get(6..)?.first_chunk()?);
    let optional = u16::from_le_bytes(*pe.get(20..)?.first_chunk()?);
    let table = pe.get(24 + usize::from(optional)..)?;
    for entry in table.chunks_exact(40).take(usize::from(count)) {
        if entry.starts_with(wanted) {
            // What is in the file is filled up; what counts is what is loaded.
            let (size, raw) = (word(entry, 8)?, word(entry, 16)?);
            return Some((word(entry, 20)?, if size == 0 { raw } else { size.min(raw) }));
        }
    }
    None
}

/// The archive built into a vmlinux: the longest thing in it that reads as one.
pub fn built_in(vmlinux: &[u8]) -> Option<&[u8]> {
    let mut best: Option<(u64, &[u8])> = None;
    for at in 0..vmlinux.len().saturating_sub(110) {
        let rest = vmlinux.get(at..).unwrap_or_default();
        let first = rest.first().copied().unwrap_or(0);
        // The kernel's own data are aligned.
        if at % 4 != 0 || !matches!(first, b'0' | 0x1f | b'B' | 0xfd | 0x5d | 0x28 | 0x89 | 2) {
            continue;
        }
        let format = Format::detect(rest);
        if format == Format::None && !rest.starts_with(b"07070") {
            continue;
        }
        let mut stream = Unpacker::one(format, Input::of_slice(rest));
        let mut head = [0; 6];
        if !matches!(stream.exact(&mut head), Ok(6)) || !head.starts_with(b"07070") {
            continue;
        }
        // Read to its trailer, or it is none.
        let mut stream = Unpacker::one(format, Input::of_slice(rest));
        let mut cpio = Cpio::default();
        let mut count = 0;
        let whole = loop {
            match cpio.next(&mut stream) {
                Ok(Some((entry, _))) => {
                    count += 1 + entry.stored;
                    let fill = |stream: &Unpacker| cpio.padding(stream.position());
                    if stream.skip(entry.stored).is_err() || {
                        let fill = fill(&stream);
                        stream.skip(fill).is_err()
                    } {
                        break false;
                    }
                }
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        if whole && best.is_none_or(|(most, _)| count > most) {
            let end = usize::try_from(stream.input.offset()).unwrap_or(usize::MAX);
            best = Some((count, rest.get(..end).unwrap_or(rest)));
        }
    }
    best.map(|(_, bytes)| bytes)
}

impl Image {
    /// Opens a file and finds the image in it.
    pub fn open(path: &Path) -> Result<Image, Error> {
        let failed = |e| Error::os(show(path), e);
        let mut file = File::open(path).map_err(failed)?;
        let mut head = Vec::new();
        file.by_ref().take(64 << 10).read_to_end(&mut head).map_err(failed)?;
        let seekable = file.rewind();
        if head.starts_with(b"MZ")
            && let Some((offset, length)) = section(&head, b".initrd\0")
        {
            seekable.map_err(failed)?;
            return Ok(Image { file, kind: Kind::Section(offset, length) });
        }
        let kernel = head.get(0x202..0x206) == Some(b"HdrS");
        if kernel || head.starts_with(b"\x7fELF") {
            seekable.map_err(failed)?;
            let mut bytes = Vec::new();
            file.by_ref().take(MOST_KERNEL).read_to_end(&mut bytes).map_err(failed)?;
            if kernel {
                let image = BzImage::parse(&bytes).and_then(|image| image.unpack());
                bytes = image.map_err(|e| Error::about(show(path), &e.to_string()))?;
            }
            let found = built_in(&bytes);
            let found = found
                .ok_or_else(|| Error::about(show(path), "a kernel without an initramfs in it"))?;
            let found = found.to_vec();
            return Ok(Image { file, kind: Kind::Memory(found) });
        }
        if seekable.is_err() {
            // A pipe: what was read is gone otherwise.
            file.take(4 << 30).read_to_end(&mut head).map_err(failed)?;
            let file = File::open("/dev/null").map_err(failed)?;
            return Ok(Image { file, kind: Kind::Memory(head) });
        }
        Ok(Image { file, kind: Kind::Plain })
    }

    fn input(&self) -> Result<Input<'_>, Error> {
        let failed = |e| Error::os("image", e);
        let mut file = &self.file;
        Ok(match &self.kind {
            Kind::Plain => {
                file.rewind().map_err(failed)?;
                Input::new(Box::new(sys::fd::Reader(self.file.as_fd())))
            }
            Kind::Section(offset, length) => {
                let mut file = self.file.try_clone().map_err(failed)?;
                file.seek(SeekFrom::Start(*offset)).map_err(failed)?;
                Input::new(Box::new(Section(file.take(*length))))
            }
            Kind::Memory(bytes) => Input::of_slice(bytes),
        })
    }

    /// How many plain archives are in front of something else: early microcode.
    pub fn early(&self) -> Result<usize, Error> {
        let mut input = self.input()?;
        let mut count = 0;
        loop {
            let read = |cause| Error::msg(crate::compress::Error { format: Format::None, cause });
            let head = input.peek(Format::MAGIC).map_err(read)?;
            if !head.starts_with(b"0707") {
                let more = !head.is_empty() && Format::detect(head) != Format::None;
                return Ok(if more { count } else { count.max(1) - 1 });
            }
            let mut stream = Unpacker::new(Format::None, input);
            let mut segment = Segment::default();
            if archive(&mut stream, 0, &mut segment, &mut |_, _, _| Ok(())).is_err() {
                return Ok(count);
            }
            count += 1;
            input = stream.input;
            input.skip_zeros().map_err(read)?;
        }
    }

    /// Reads the whole image and gives its segments. What can be read is given
    /// to `visit` before an error; the segments so far come with it.
    pub fn walk(&self, visit: &mut Visit) -> (Vec<Segment>, Result<(), Error>) {
        let mut segments = Vec::new();
        let result = self.walk_into(visit, &mut segments);
        (segments, result)
    }

    fn walk_into(&self, visit: &mut Visit, segments: &mut Vec<Segment>) -> Result<(), Error> {
        let mut input = self.input()?;
        let base = if let Kind::Section(start, _) = self.kind { start } else { 0 };
        let read = |cause| Error::msg(crate::compress::Error { format: Format::None, cause });
        loop {
            input.skip_zeros().map_err(read)?;
            let offset = base + input.offset();
            let head = input.peek(Format::MAGIC).map_err(read)?;
            if head.is_empty() {
                if segments.is_empty() {
                    return Err(Error::msg("the image is empty"));
                }
                return Ok(());
            }
            let plain = head.starts_with(b"0707");
            let format = Format::detect(head);
            let number = segments.len();
            let mut segment = Segment { offset, compression: format.name(), ..Segment::default() };
            if !plain && format == Format::None {
                if is_bootconfig(&mut input).map_err(read)? {
                    segment.compression = "bootconfig";
                    segment.length = base + input.offset() - offset;
                    segments.push(segment);
                    return Ok(());
                }
                return Err(Error::msg(format_args!(
                    "byte {offset}: neither an archive nor compressed"
                )));
            }
            let mut stream = match plain {
                true => Unpacker::new(Format::None, input),
                false => Unpacker::one(format, input),
            };
            let result = if plain {
                archive(&mut stream, number, &mut segment, visit)
            } else {
                archives(&mut stream, number, &mut segment, visit)
            };
            segment.unpacked = stream.position();
            if !plain && result.is_ok() {
                // The end of the stream has its sums.
                drain(&mut stream, offset)?;
            }
            segment.length = base + stream.input.offset() - offset;
            segments.push(segment);
            result.map_err(|e| match e {
                Stop::Visit(error) => error,
                Stop::Damage(damage) => {
                    Error::msg(format_args!("segment at byte {offset}: {}", words(damage)))
                }
            })?;
            input = stream.input;
        }
    }
}

fn words(damage: Damage) -> String {
    match damage {
        Damage::Header(at) => format!("no cpio header at its byte {at}"),
        Damage::Short | Damage::Empty => "it is cut off".to_string(),
        Damage::Packed(error) if error.cause == Cause::Truncated => "it is cut off".to_string(),
        damage => damage.to_string(),
    }
}

/// Reads what is left of a compressed segment.
fn drain(stream: &mut Unpacker, offset: u64) -> Result<(), Error> {
    loop {
        let some = stream.available();
        let some = some.map_err(|e| Error::msg(format_args!("segment at byte {offset}: {e}")))?;
        let count = some.len();
        if count == 0 {
            return Ok(());
        }
        stream.consume(count);
    }
}

/// Why reading stopped.
enum Stop {
    Damage(Damage),
    Visit(Error),
}

impl From<Damage> for Stop {
    fn from(damage: Damage) -> Stop {
        Stop::Damage(damage)
    }
}

/// Several archives in one stream.
fn archives(
    stream: &mut Unpacker,
    number: usize,
    segment: &mut Segment,
    visit: &mut Visit,
) -> Result<(), Stop> {
    loop {
        archive(stream, number, segment, visit)?;
        loop {
            let some = stream.available().map_err(Damage::from)?;
            if some.is_empty() {
                return Ok(());
            }
            let all = some.len();
            let zeros = some.iter().position(|&b| b != 0).unwrap_or(all);
            stream.consume(zeros);
            if zeros < all {
                break;
            }
        }
    }
}

fn archive(
    stream: &mut Unpacker,
    number: usize,
    segment: &mut Segment,
    visit: &mut Visit,
) -> Result<(), Stop> {
    let mut cpio = Cpio::default();
    while let Some((entry, sum)) = cpio.next(stream)? {
        segment.entries += 1;
        let stored = entry.stored;
        let checked = cpio.kind == crate::archive::cpio::CpioKind::Crc && entry.is_file();
        let mut part = match checked {
            true => Part::summed(stream, stored),
            false => Part::new(stream, stored),
        };
        visit(number, &entry, &mut part).map_err(Stop::Visit)?;
        if part.finish()? != sum && checked {
            return Err(Damage::Checksum(entry.offset).into());
        }
        let fill = cpio.padding(stream.position());
        stream.skip(fill).map_err(Damage::from)?;
    }
    Ok(())
}

/// Whether what is left is a boot configuration; it is passed over then.
fn is_bootconfig(input: &mut Input) -> Result<bool, Cause> {
    let mut tail = Vec::new();
    loop {
        let some = input.some()?;
        if some.is_empty() {
            return Ok(tail.ends_with(BOOTCONFIG));
        }
        tail.extend_from_slice(some);
        let count = some.len();
        input.advance(count);
        tail.drain(..tail.len().saturating_sub(64));
    }
}

/// Everything that is read from files, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let _ = section(bytes, b".initrd\0");
    let Ok(file) = File::open("/dev/null") else { return };
    let image = Image { file, kind: Kind::Memory(bytes.to_vec()) };
    let _ = image.early();
    let mut left = 64u32 << 20;
    let _ = image.walk(&mut |_, entry, _| {
        let size = u32::try_from(entry.stored).unwrap_or(u32::MAX);
        left = left.saturating_sub(size.saturating_add(1));
        if left == 0 { Err(Error::msg("enough")) } else { Ok(()) }
    });
}
