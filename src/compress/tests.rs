//! Against the real programs, and by hand-made bytes.

#![allow(clippy::disallowed_methods)] // the real programs are children

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;

/// 300 KB with structure: this and what a small generator adds.
fn sample() -> Vec<u8> {
    let mut state = 1u32;
    let mut bytes = Vec::new();
    while bytes.len() < 300_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.extend_from_slice(b"kernel/drivers/");
        bytes.extend_from_slice(&state.to_le_bytes()[..(state >> 30) as usize + 1]);
        bytes.resize(bytes.len() + (state >> 24 & 15) as usize, (state >> 16) as u8);
    }
    bytes
}

/// `program args < input`, or None where it is not installed.
fn pipe(program: &str, args: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::Builder::new()
        .spawn(move || {
            let _ = stdin.write_all(&input);
        })
        .unwrap();
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    Some(output.stdout)
}

const TOOLS: [(Format, &str, &[&[&str]]); 6] = [
    (Format::Bzip2, "bzip2", &[&["-1"], &["-9"]]),
    (Format::Lzma, "lzma", &[&["-1"], &["-9"]]),
    (Format::Gzip, "gzip", &[&["-1"], &["-9"], &["-n"]]),
    (
        Format::Xz,
        "xz",
        &[
            &["-0"],
            &["-9"],
            &["--check=crc32"],
            &["--check=none"],
            &["--block-size=65536"],
            &["--x86", "--lzma2=dict=1MiB"],
            &["--delta=dist=4", "--lzma2=preset=1"],
            &["--check=sha256"],
        ],
    ),
    (Format::Zstd, "zstd", &[&["-1"], &["-19"], &["--no-check"], &["--ultra", "-22"]]),
    (Format::Lz4, "lz4", &[&["-l"], &["-1"], &["-9", "-BD"], &["-BX", "--content-size"]]),
];

#[test]
fn reads_what_the_real_programs_write() {
    for input in [&b""[..], b"x", &sample()] {
        for (format, program, variants) in TOOLS {
            for variant in variants {
                let mut args = vec!["-c"];
                args.extend_from_slice(variant);
                let Some(packed) = pipe(program, &args, input) else { continue };
                assert_eq!(Format::detect(&packed), format, "{program} {variant:?}");
                let unpacked = decompress(format, &packed, 1 << 20);
                assert!(unpacked.as_deref() == Ok(input), "{program} {variant:?}");
            }
        }
    }
}

#[test]
fn the_real_programs_read_what_is_written() {
    for input in [&b""[..], b"x", &sample()] {
        for (format, program, _) in TOOLS {
            let packed = compress(format, input).unwrap();
            let Some(unpacked) = pipe(program, &["-dc"], &packed) else { continue };
            assert!(unpacked == input, "{program}: {} bytes", input.len());
        }
    }
}

#[test]
fn there_and_back_and_through_every_cut() {
    let input = &sample()[..5000];
    for format in Format::ALL {
        let packed = compress(format, input).unwrap();
        assert_eq!(Format::detect(&packed), format);
        assert!(packed.len() < input.len(), "{}", format.name());
        assert_eq!(decompress(format, &packed, 5000).as_deref(), Ok(input));
        assert_eq!(compress(format, input).as_ref(), Ok(&packed));
        assert_eq!(
            decompress(format, &packed, 4999),
            Err(Error { format, cause: Cause::TooLarge }),
        );
        for length in 1..packed.len() {
            let result = decompress(format, &packed[..length], 1 << 20);
            // A legacy lz4 frame ends with its input, so its bare magic is
            // an empty one.
            let empty = format == Format::Lz4 && length == 4;
            // Bytes at the end of lzma data may do nothing.
            let whole = format == Format::Lzma && result.as_deref() == Ok(input);
            assert!(result.is_err() || empty || whole, "{} cut to {length}", format.name());
        }
    }
}

/// Inputs that lead to every kind of block, literals and tables that our own
/// encoder writes.
#[test]
fn every_kind_of_zstd_block() {
    let mut state = 1u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let noise: Vec<u8> = (0..300_000).map(|_| random()).collect();
    let mut inputs: Vec<Vec<u8>> = vec![
        noise.clone(),
        vec![0; 3 << 20],
        // few literals of many kinds, and many of few
        (0..=255).collect(),
        noise.iter().map(|b| b & 1).collect(),
        noise.iter().map(|b| b & b >> 1 & b >> 2).collect(),
        noise.iter().map(|b| if *b < 250 { b & 3 } else { *b }).collect(),
        noise.iter().flat_map(|b| [*b; 3]).collect(),
        // a match as long as a block and longer, across blocks and parts
        [&noise[..140_000], &noise[..140_000], &noise[..9]].concat(),
        (0..9).flat_map(|_| noise[..131_077].to_vec()).collect(),
        // incompressible between what is not: offsets must be right behind it
        [&sample()[..200_000], &noise[..262_144], &sample()[..200_000]].concat(),
    ];
    // frequencies that make a tree too deep
    let mut deep = Vec::new();
    let (mut a, mut b) = (1, 1);
    for byte in 0..26u8 {
        deep.extend((0..a).map(|_| byte));
        (a, b) = (b, a + b);
    }
    for at in (1..deep.len()).rev() {
        let other = (usize::from(random()) << 16 | usize::from(random()) << 8) % at;
        deep.swap(at, other);
    }
    inputs.push(deep);
    inputs.extend((0..130).map(|length| sample()[..length].to_vec()));
    inputs.extend((0..130).map(|length| noise.iter().map(|b| b & 7).take(length * 5).collect()));
    let at_level = |level: u8, input: &[u8]| {
        let how = Packing { level, ..Packing::for_kernel(Format::Zstd) };
        let mut out = Vec::new();
        pack(&how, &mut Input::of_slice(input), &mut out).unwrap();
        out
    };
    for (nth, (input, level)) in
        inputs.iter().flat_map(|input| [(input, 6), (input, 7), (input, 9)]).enumerate()
    {
        let packed = at_level(level, input);
        assert!(packed.len() <= input.len() + 9 + 3 * (input.len() / (128 << 10) + 1), "{nth}");
        let unpacked = decompress(Format::Zstd, &packed, 4 << 20);
        assert!(unpacked.as_deref() == Ok(input), "{nth}: {} bytes", input.len());
        if (nth < 60 || nth % 7 == 0)
            && let Some(unpacked) = pipe("zstd", &["-dc"], &packed)
        {
            assert!(unpacked == *input, "zstd, {nth}: {} bytes", input.len());
        }
    }
    let parts = [sample(), sample(), sample(), sample()].concat();
    let alone = {
        let mut out = Vec::new();
        zstd::pack(6, &mut Input::of_slice(&parts), &mut out).unwrap();
        out
    };
    assert!(compress(Format::Zstd, &parts).unwrap() == alone);
    assert!(alone.len() < parts.len() / 2);
    // a higher level is worth its time
    let program = crate::sys::file::read("/proc/self/exe").unwrap();
    let some = &program[..program.len().min(2 << 20)];
    let sizes = [6, 7, 8, 9].map(|level| at_level(level, some).len());
    assert!(
        sizes[1] * 100 < sizes[0] * 97 && sizes[2] < sizes[1] && sizes[3] < sizes[2],
        "{sizes:?}"
    );
}

#[test]
fn no_flipped_byte_is_missed_where_there_is_a_checksum() {
    let input = &sample()[..3000];
    for format in [Format::Gzip, Format::Bzip2, Format::Xz] {
        let packed = compress(format, input).unwrap();
        for at in 0..packed.len() {
            let mut wrong = packed.clone();
            wrong[at] ^= 0x20;
            let result = decompress(format, &wrong, 1 << 20);
            // gzip's time and the padding of deflate's last byte are free.
            assert!(
                result.is_err() || result.as_deref() == Ok(input),
                "{} byte {at}",
                format.name()
            );
        }
    }
}

#[test]
fn concatenations_and_padding() {
    for format in Format::ALL {
        let mut both = compress(format, b"one ").unwrap();
        let first = both.len();
        both.extend_from_slice(&[0; 8]);
        both.extend_from_slice(&compress(format, b"two").unwrap());
        both.extend_from_slice(&[0; 512]);
        let name = format.name();
        assert_eq!(decompress(format, &both, 100).as_deref(), Ok(&b"one two"[..]), "{name}");
        let one = decompress_one(format, &both, 100).map(|(out, used)| (out, used == first));
        assert_eq!(one, Ok((b"one ".to_vec(), true)), "{name}");
    }
    assert_eq!(decompress_one(Format::None, b"abc", 3), Ok((b"abc".to_vec(), 3)));
    assert!(decompress(Format::None, b"abc", 2).is_err());
}

#[test]
fn gzip_header_with_every_field() {
    let mut bytes = b"\x1f\x8b\x08\x1e\0\0\0\0\0\x03\x02\0xxname\0comment\0".to_vec();
    let sum = checksum::crc32(&bytes) as u16;
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes.extend_from_slice(b"\x4b\x04\0\x43\xbe\xb7\xe8\x01\0\0\0");
    assert_eq!(decompress(Format::Gzip, &bytes, 10).as_deref(), Ok(&b"a"[..]));
    bytes[12] ^= 1;
    assert_eq!(
        decompress(Format::Gzip, &bytes, 10).unwrap_err().to_string(),
        "checksum mismatch in gzip data"
    );
}

#[test]
fn zstd_checksums_count() {
    let Some(packed) = pipe("zstd", &["-c", "--check"], &sample()) else { return };
    let mut wrong = packed.clone();
    *wrong.last_mut().unwrap() ^= 1;
    assert_eq!(decompress(Format::Zstd, &wrong, 1 << 20).unwrap_err().cause, Cause::Checksum);
    // A skippable frame before and behind.
    let skip = b"\x50\x2a\x4d\x18\x03\0\0\0abc";
    let mut skipped = packed;
    skipped.extend_from_slice(skip);
    assert!(decompress(Format::Zstd, &skipped, 1 << 20).is_ok());
}

#[test]
fn bombs_are_stopped() {
    let zeros = vec![0; 3 << 20];
    for format in Format::ALL {
        let packed = compress(format, &zeros).unwrap();
        let result = decompress(format, &packed, 1 << 20);
        assert_eq!(result, Err(Error { format, cause: Cause::TooLarge }));
    }
}

#[test]
fn names() {
    for format in Format::ALL {
        assert_eq!(Format::of_name(format.name().as_bytes()), Some(format));
        let extension = format.extension().trim_start_matches('.');
        assert_eq!(Format::of_name(extension.as_bytes()), Some(format));
    }
    assert_eq!(Format::of_name(b"rar"), None);
    assert_eq!(Format::detect(b"070701"), Format::None);
}

/// What is packed in parts on all processors is one stream to everybody.
#[test]
fn many_parts_are_one() {
    let mut input = Vec::new();
    // Parts that look alike, and lengths on and beside the borders.
    while input.len() < (17 << 20) + 5 {
        input.extend_from_slice(&sample());
        let count = input.len() as u32;
        input.extend_from_slice(&count.to_le_bytes());
    }
    for length in [1 << 20, (1 << 20) + 1, (4 << 20) - 1, 8 << 20, (17 << 20) + 5] {
        let input = &input[..length];
        for (format, program, _) in TOOLS {
            if parts::size(format).is_none() {
                continue;
            }
            let packed = compress(format, input).unwrap();
            assert!(packed.len() < length / 2, "{program} {length}: {}", packed.len());
            let unpacked = decompress(format, &packed, length).unwrap();
            assert!(unpacked == input, "{program} {length}");
            if let Some(unpacked) = pipe(program, &["-dc"], &packed) {
                assert!(unpacked == input, "{program} itself, {length}");
            }
            if program == "xz" {
                let listed = pipe("xz", &["-dc", "-T2"], &packed);
                assert!(listed.is_none_or(|unpacked| unpacked == input));
            }
        }
    }
}
