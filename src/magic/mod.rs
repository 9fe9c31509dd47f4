//! What kind of data a file holds, by its first bytes: file(1). The words are
//! those of file 5.44 where it knows the kind.
//!
//! Pure: the bytes come from a [`Source`]. Everything here is an attacker's
//! data: what is read is of capped length, nothing recurses.

mod disk;
mod elf;
mod text;

use crate::applet::show_bytes;
use crate::blk::probe::Source;
use crate::civil::Civil;

/// What a file is.
#[derive(Default)]
pub struct Kind {
    /// In words.
    pub words: String,
    /// As a type of MIME.
    pub mime: &'static str,
    /// How text is encoded; empty for what is no text.
    pub charset: &'static str,
}

impl Kind {
    fn new(words: impl Into<String>, mime: &'static str) -> Kind {
        Kind { words: words.into(), mime, charset: "" }
    }
}

/// How much of the start is looked at.
const HEAD: usize = 256 * 1024;

const OCTETS: &str = "application/octet-stream";

/// Looks at a file. One that is empty is not asked for here.
pub fn look(source: &dyn Source) -> Kind {
    let length = usize::try_from(source.size()).unwrap_or(HEAD).min(HEAD);
    let mut head = vec![0; length];
    if !source.read_at(0, &mut head) {
        return Kind::new("data", OCTETS);
    }
    let head = head.as_slice();
    if let Some(mut kind) = elf::look(source, head)
        .or_else(|| packed(source, head))
        .or_else(|| archive(head))
        .or_else(|| picture(head))
        .or_else(|| program(head))
        .or_else(|| simple(head))
        .or_else(|| disk::look(source, head))
    {
        kind.charset = text::charset(head);
        return kind;
    }
    text::look(head)
}

/// What starts with fixed bytes and has nothing else to tell: place, bytes,
/// words, type.
const SIMPLE: [(usize, &[u8], &str, &str); 40] = [
    (0, b"7z\xbc\xaf\x27\x1c", "7-zip archive data", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07\x01\0", "RAR archive data, v5", "application/x-rar"),
    (0, b"Rar!\x1a\x07\0", "RAR archive data, v4", "application/x-rar"),
    (0, b"\xed\xab\xee\xdb\x03", "RPM v3.0", "application/x-rpm"),
    (0, b"\xed\xab\xee\xdb\x04", "RPM v4", "application/x-rpm"),
    (0, b"xar!", "xar archive", "application/x-xar"),
    (0, b"MSCF\0\0\0\0", "Microsoft Cabinet archive data", "application/vnd.ms-cab-compressed"),
    (0, b"SQLite format 3\0", "SQLite 3.x database", "application/vnd.sqlite3"),
    (0, b"\xca\xfe\xba\xbe\0\0\0", "compiled Java class data", "application/x-java-applet"),
    (0, b"\xd0\x0d\xfe\xed", "Device Tree Blob", OCTETS),
    (0, b"QFI\xfb\0\0\0\x02", "QEMU QCOW2 Image (v2)", "application/x-qemu-disk"),
    (0, b"QFI\xfb\0\0\0\x03", "QEMU QCOW2 Image (v3)", "application/x-qemu-disk"),
    (0, b"QFI\xfb\0\0\0\x01", "QEMU QCOW Image (v1)", "application/x-qemu-disk"),
    (0, b"KDMV", "VMware4 disk image", OCTETS),
    (0, b"<<< Oracle VM VirtualBox Disk Image >>>\n", "VirtualBox Disk Image", OCTETS),
    (0, b"vhdxfile", "Microsoft Disk Image eXtended", OCTETS),
    (0, b"conectix", "Microsoft Disk Image", OCTETS),
    (0, b"\x27\x05\x19\x56", "u-boot legacy uImage", OCTETS),
    (
        0,
        b"\xd4\xc3\xb2\xa1",
        "pcap capture file, microsecond ts (little-endian)",
        "application/vnd.tcpdump.pcap",
    ),
    (0, b"\x0a\x0d\x0d\x0a", "pcapng capture file", OCTETS),
    (0, b"LPKSHHRH", "Journal file", OCTETS),
    (0, b"\x13\x57\x9a\xce", "GNU dbm 1.x or ndbm database, little endian", "application/x-gdbm"),
    (0, b"OggS", "Ogg data", "application/ogg"),
    (0, b"fLaC", "FLAC audio bitstream data", "audio/flac"),
    (0, b"ID3", "Audio file with ID3", "audio/mpeg"),
    (8, b"WAVEfmt ", "RIFF (little-endian) data, WAVE audio", "audio/x-wav"),
    (8, b"AVI ", "RIFF (little-endian) data, AVI", "video/x-msvideo"),
    (8, b"WEBP", "RIFF (little-endian) data, Web/P image", "image/webp"),
    (4, b"ftyp", "ISO Media", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska data", "video/x-matroska"),
    (0, b"II*\0", "TIFF image data, little-endian", "image/tiff"),
    (0, b"MM\0*", "TIFF image data, big-endian", "image/tiff"),
    (0, b"\0\0\x01\0", "MS Windows icon resource", "image/vnd.microsoft.icon"),
    (0, b"wOF2", "Web Open Font Format (Version 2)", "font/woff2"),
    (0, b"OTTO", "OpenType font data", "application/vnd.ms-opentype"),
    (0, b"\0\x01\0\0\0", "TrueType Font data", "font/sfnt"),
    (0, b"\x36\x04", "Linux/i386 PC Screen Font v1 data", OCTETS),
    (0, b"\x72\xb5\x4a\x86", "Linux/i386 PC Screen Font v2 data", OCTETS),
    (0, b"bkeymap", "Linux console keymap for loadkmap", OCTETS),
    (
        0,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "Composite Document File V2 Document",
        "application/CDFV2",
    ),
];

fn simple(head: &[u8]) -> Option<Kind> {
    for (at, bytes, words, mime) in SIMPLE {
        if head.get(at..).is_some_and(|rest| rest.starts_with(bytes)) {
            return Some(Kind::new(words, mime));
        }
    }
    if let Some(rest) = head.strip_prefix(b"%PDF-") {
        let version = rest.get(..3).unwrap_or_default();
        let words = format!("PDF document, version {}", show_bytes(version));
        return Some(Kind::new(words, "application/pdf"));
    }
    if head.starts_with(b"%!PS") {
        return Some(Kind {
            charset: "us-ascii",
            ..Kind::new("PostScript document text", "application/postscript")
        });
    }
    None
}

fn number16(head: &[u8], at: usize) -> Option<u16> {
    let bytes = head.get(at..at + 2)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

fn number32(head: &[u8], at: usize) -> Option<u32> {
    let bytes = head.get(at..at + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn big32(head: &[u8], at: usize) -> Option<u32> {
    number32(head, at).map(u32::swap_bytes)
}

/// What only packs.
fn packed(source: &dyn Source, head: &[u8]) -> Option<Kind> {
    if head.starts_with(b"\x1f\x8b\x08") {
        return gzip(source, head);
    }
    let (words, mime): (String, &str) = match head {
        [b'B', b'Z', b'h', level @ b'1'..=b'9', ..] => (
            format!("bzip2 compressed data, block size = {}00k", char::from(*level)),
            "application/x-bzip2",
        ),
        [0xfd, b'7', b'z', b'X', b'Z', 0, _, check, ..] => {
            let check = match check & 15 {
                0 => "NONE",
                1 => "CRC32",
                4 => "CRC64",
                10 => "SHA-256",
                _ => "unknown",
            };
            (format!("XZ compressed data, checksum {check}"), "application/x-xz")
        }
        [0x28, 0xb5, 0x2f, 0xfd, descriptor, ..] => {
            let window = usize::from(descriptor & 0x20 == 0);
            let id = match descriptor & 3 {
                0 => None,
                1 => head.get(5 + window).map(|&b| u32::from(b)),
                2 => number16(head, 5 + window).map(u32::from),
                _ => number32(head, 5 + window),
            };
            let id = id.map_or("None".to_string(), |id| id.to_string());
            (format!("Zstandard compressed data (v0.8+), Dictionary ID: {id}"), "application/zstd")
        }
        [4, 0x22, 0x4d, 0x18, ..] => ("LZ4 compressed data (v1.4+)".into(), "application/x-lz4"),
        [2, 0x21, 0x4c, 0x18, ..] => {
            ("LZ4 compressed data (v0.1-v0.9)".into(), "application/x-lz4")
        }
        [0x1f, 0x9d, flags, ..] => {
            (format!("compress'd data {} bits", flags & 0x1f), "application/x-compress")
        }
        [0x1f, 0xa0, ..] => ("SCO compress -H (LZH) data".into(), "application/octet-stream"),
        [0x1f, 0x1e, ..] => ("packed data".into(), "application/octet-stream"),
        [0x89, b'L', b'Z', b'O', 0, 13, 10, 0x1a, 10, ..] => {
            ("lzop compressed data".into(), "application/x-lzop")
        }
        [b'L', b'Z', b'I', b'P', version, ..] => {
            (format!("lzip compressed data, version: {version}"), "application/x-lzip")
        }
        // properties, a size of the dictionary that is a power of 2
        [0x5d, 0, 0, size, 0, ..] if size.is_power_of_two() || *size == 0 => {
            let rest = head.get(5..13)?;
            let known = u64::from_le_bytes(rest.try_into().ok()?);
            if known != u64::MAX && known > 1 << 40 {
                return None;
            }
            let text = if known == u64::MAX {
                "LZMA compressed data, streamed".to_string()
            } else {
                format!("LZMA compressed data, non-streamed, size {known}")
            };
            (text, "application/x-lzma")
        }
        _ => return None,
    };
    Some(Kind::new(words, mime))
}

/// RFC 1952.
fn gzip(source: &dyn Source, head: &[u8]) -> Option<Kind> {
    let &[flags, a, b, c, d, extra, system] = head.get(3..10)? else { return None };
    let mut words = "gzip compressed data".to_string();
    let mut at = 10;
    if flags & 4 != 0 {
        at += 2 + usize::from(number16(head, at)?);
    }
    if flags & 1 != 0 {
        words.push_str(", ASCII");
    }
    if flags & 8 != 0 {
        let name = head.get(at..)?.split(|&b| b == 0).next().unwrap_or_default();
        let name = name.get(..name.len().min(255)).unwrap_or_default();
        words.push_str(&format!(", was \"{}\"", show_bytes(name)));
    }
    let time = u32::from_le_bytes([a, b, c, d]);
    if time > 0 {
        words.push_str(&format!(", last modified: {}", Civil::of_utc(time.into()).ctime()));
    }
    match extra {
        2 => words.push_str(", max compression"),
        4 => words.push_str(", max speed"),
        _ => {}
    }
    let name = match system {
        0 => "FAT filesystem (MS-DOS, OS/2, NT)",
        3 => "Unix",
        7 => "MacOS",
        11 => "NTFS filesystem (NT)",
        _ => "",
    };
    if !name.is_empty() {
        words.push_str(&format!(", from {name}"));
    }
    let mut tail = [0; 4];
    if source.size() >= 18 && source.read_at(source.size() - 4, &mut tail) {
        words.push_str(&format!(", original size modulo 2^32 {}", u32::from_le_bytes(tail)));
    }
    Some(Kind::new(words, "application/gzip"))
}

fn archive(head: &[u8]) -> Option<Kind> {
    let kind = |words: &str, mime| Some(Kind::new(words, mime));
    match head {
        [b'0', b'7', b'0', b'7', b'0', last @ (b'1' | b'2' | b'7'), ..] => {
            let how = match last {
                b'1' => "SVR4 with no CRC",
                b'2' => "SVR4 with CRC",
                _ => "pre-SVR4 or odc",
            };
            Some(Kind::new(format!("ASCII cpio archive ({how})"), "application/x-cpio"))
        }
        [0xc7, 0x71, ..] => kind("cpio archive", "application/x-cpio"),
        [b'P', b'K', 3, 4, low, high, ..] => {
            let version = u16::from_le_bytes([*low, *high]);
            let method = match number16(head, 8)? {
                0 => "store",
                8 => "deflate",
                9 => "deflate64",
                12 => "bzip2",
                14 => "lzma",
                93 => "zstd",
                95 => "xz",
                _ => "unknown",
            };
            let words = format!(
                "Zip archive data, at least v{}.{} to extract, compression method={method}",
                version / 10,
                version % 10
            );
            Some(Kind::new(words, "application/zip"))
        }
        [b'P', b'K', 5, 6, ..] => kind("Zip archive data (empty)", "application/zip"),
        _ if head.starts_with(b"!<arch>\ndebian-binary") => {
            kind("Debian binary package (format 2.0)", "application/vnd.debian.binary-package")
        }
        _ if head.starts_with(b"!<arch>\n") => kind("current ar archive", "application/x-archive"),
        _ if head.starts_with(b"!<thin>\n") => {
            kind("thin archive with 0 symbol entries", "application/x-archive")
        }
        _ => tar(head),
    }
}

/// A header of tar has the sum of its bytes, those of the sum as blanks.
fn tar(head: &[u8]) -> Option<Kind> {
    let header = head.get(..512)?;
    let written = header.get(148..156)?;
    let digits: Vec<u8> = written.iter().copied().filter(u8::is_ascii_digit).collect();
    let wanted = u32::from_str_radix(std::str::from_utf8(&digits).ok()?, 8).ok()?;
    let mut sum = 0u32;
    for (at, &byte) in header.iter().enumerate() {
        sum += u32::from(if (148..156).contains(&at) { b' ' } else { byte });
    }
    if sum != wanted || header.first() == Some(&0) {
        return None;
    }
    Some(match header.get(257..265)? {
        b"ustar  \0" => Kind::new("POSIX tar archive (GNU)", "application/x-tar"),
        [b'u', b's', b't', b'a', b'r', 0, ..] => {
            Kind::new("POSIX tar archive", "application/x-tar")
        }
        _ => Kind::new("tar archive", "application/x-tar"),
    })
}

fn picture(head: &[u8]) -> Option<Kind> {
    if head.starts_with(b"\x89PNG\r\n\x1a\n") && head.get(12..16)? == b"IHDR" {
        let (width, height) = (big32(head, 16)?, big32(head, 20)?);
        let &[depth, color, _, _, laced] = head.get(24..29)? else { return None };
        let color = match color {
            0 => " grayscale",
            2 => "/color RGB",
            3 => " colormap",
            4 => " gray+alpha",
            6 => "/color RGBA",
            _ => "",
        };
        let laced = if laced == 0 { "non-interlaced" } else { "interlaced" };
        let words = format!("PNG image data, {width} x {height}, {depth}-bit{color}, {laced}");
        return Some(Kind::new(words, "image/png"));
    }
    if let Some(version) = head.strip_prefix(b"GIF8")
        && let [number @ (b'7' | b'9'), b'a', ..] = version
    {
        let (width, height) = (number16(head, 6)?, number16(head, 8)?);
        let words =
            format!("GIF image data, version 8{}a, {width} x {height}", char::from(*number));
        return Some(Kind::new(words, "image/gif"));
    }
    if head.starts_with(b"\xff\xd8\xff") {
        let mut words = "JPEG image data".to_string();
        if head.get(6..11) == Some(b"JFIF\0") {
            let &[major, minor] = head.get(11..13)? else { return None };
            words.push_str(&format!(", JFIF standard {major}.{minor:02}"));
        } else if head.get(6..10) == Some(b"Exif") {
            words.push_str(", Exif standard");
        }
        return Some(Kind::new(words, "image/jpeg"));
    }
    if head.starts_with(b"BM") && number32(head, 14)? == 40 {
        let (width, height, bits) = (number32(head, 18)?, number32(head, 22)?, number16(head, 28)?);
        let words = format!("PC bitmap, Windows 3.x format, {width} x {height} x {bits}");
        return Some(Kind::new(words, "image/bmp"));
    }
    if let [b'P', kind @ b'1'..=b'6', b'\n' | b' ', rest @ ..] = head {
        let mut numbers = rest
            .split(|b| b.is_ascii_whitespace())
            .map(|word| std::str::from_utf8(word).ok().and_then(|word| word.parse::<u32>().ok()));
        let (width, height) = (numbers.next()??, numbers.next()??);
        let raw = if *kind > b'3' { "rawbits, " } else { "" };
        let (name, mime) = match kind {
            b'1' | b'4' => ("bitmap", "image/x-portable-bitmap"),
            b'2' | b'5' => ("greymap", "image/x-portable-greymap"),
            _ => ("pixmap", "image/x-portable-pixmap"),
        };
        let words = format!("Netpbm image data, size = {width} x {height}, {raw}{name}");
        return Some(Kind::new(words, mime));
    }
    None
}

/// Kernels, and programs of Windows and of the firmware.
fn program(head: &[u8]) -> Option<Kind> {
    if head.get(514..518) == Some(b"HdrS") {
        let big = head.get(529).is_some_and(|flags| flags & 1 != 0);
        let mut words =
            format!("Linux kernel x86 boot executable {}Image", if big { "bz" } else { "z" });
        let at = usize::from(number16(head, 526)?) + 512;
        let version = head.get(at..)?.split(|&b| b == 0).next().unwrap_or_default();
        if !version.is_empty() && version.len() < 512 {
            words.push_str(&format!(", version {}", show_bytes(version)));
        }
        let read_only = number16(head, 498)? & 1 != 0;
        words.push_str(if read_only { ", RO-rootFS" } else { ", RW-rootFS" });
        words.push_str(&format!(", swap_dev 0X{:X}", number16(head, 502)?));
        words.push_str(match number16(head, 506)? {
            0xffff => ", Normal VGA",
            0xfffe => ", Extended VGA",
            0xfffd => ", Prompt for Videomode",
            _ => "",
        });
        return Some(Kind::new(words, OCTETS));
    }
    if head.get(56..60) == Some(b"ARMd") {
        return Some(Kind::new("Linux kernel ARM64 boot executable Image, little-endian", OCTETS));
    }
    if head.starts_with(b"MZ") {
        let mime = "application/vnd.microsoft.portable-executable";
        let at = usize::try_from(number32(head, 60)?).ok()?;
        if head.get(at..at + 4) != Some(b"PE\0\0") {
            return Some(Kind::new("MS-DOS executable", "application/x-dosexec"));
        }
        let machine = match number16(head, at + 4)? {
            0x14c => "Intel 80386",
            0x8664 => "x86-64",
            0xaa64 => "Aarch64",
            0x1c0 | 0x1c4 => "ARM",
            _ => "unknown processor",
        };
        let plus = number16(head, at + 24)? == 0x20b;
        let system = match number16(head, at + 92)? {
            2 => " (GUI)",
            3 => " (console)",
            10 => " (EFI application)",
            11 => " (EFI boot service driver)",
            12 => " (EFI runtime driver)",
            _ => "",
        };
        let sections = number16(head, at + 6)?;
        let plus = if plus { "+" } else { "" };
        let words =
            format!("PE32{plus} executable{system} {machine}, for MS Windows, {sections} sections");
        return Some(Kind::new(words, mime));
    }
    None
}

/// Everything that is told of a text, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let _ = look(&bytes.to_vec());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(bytes: &[u8]) -> String {
        look(&bytes.to_vec()).words
    }

    #[test]
    fn packed_data() {
        assert_eq!(words(b"BZh91AY&SY"), "bzip2 compressed data, block size = 900k");
        assert_eq!(words(b"\xfd7zXZ\0\0\x04rest"), "XZ compressed data, checksum CRC64");
        assert_eq!(
            words(b"\x28\xb5\x2f\xfd\x04\x00"),
            "Zstandard compressed data (v0.8+), Dictionary ID: None"
        );
        assert_eq!(words(b"\x1f\x9d\x90x"), "compress'd data 16 bits");
        assert_eq!(
            words(b"\x1f\x8b\x08\x08\x01\x00\x00\x00\x02\x03name\0........"),
            "gzip compressed data, was \"name\", last modified: Thu Jan  1 00:00:01 1970, max compression, from Unix, original size modulo 2^32 774778414"
        );
    }

    #[test]
    fn pictures() {
        assert_eq!(
            words(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x20\x08\x06\0\0\0"),
            "PNG image data, 16 x 32, 8-bit/color RGBA, non-interlaced"
        );
        assert_eq!(words(b"GIF89a\x0a\0\x14\0"), "GIF image data, version 89a, 10 x 20");
        assert_eq!(words(b"P6\n2 3\n255\n"), "Netpbm image data, size = 2 x 3, rawbits, pixmap");
    }

    #[test]
    fn short_or_odd_data_is_no_trouble() {
        for start in [&b"MZ"[..], b"\x7fELF", b"\x1f\x8b\x08", b"PK\x03\x04", b"BM", b"P6 "] {
            for length in 0..40 {
                let mut bytes = start.to_vec();
                bytes.resize(start.len() + length, 0xff);
                exercise(&bytes);
            }
        }
    }
}
