//! gzip, bzip2, xz, lzma, zstd, lz4, uncompress and the names under which they unpack:
//! files are replaced by their packed or unpacked selves. GNU gzip 1.12,
//! bzip2 1.0, xz 5.4, zstd 1.5 and lz4 1.9, as far as their options are typed.
//!
//! Deliberate deviations: the levels of zstd below 7 are one; zcat
//! unpacks every format that is known, as busybox's does; nothing is ever
//! asked: what is there is replaced with `-f` only.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::stat::{FileStat, Mode, fchmod, fstat, futimens};
use nix::sys::time::TimeSpec;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::compress::{Format, Input, Packing, Unpacker, gzip, pack};
use crate::options::Options;
use crate::sys;

const fn named(name: &'static str, summary: &'static str) -> Applet {
    Applet {
        name,
        summary,
        usage: "[-cdfklqrtv] [-1..-9] [FILE...]\n\
                \x20 -c  to standard output, the file stays\n\
                \x20 -d  unpack; -z packs\n\
                \x20 -f  also onto a file that is there, through a link, to a terminal\n\
                \x20 -k  keep the file (zstd and lz4 do unless --rm is given)\n\
                \x20 -l  list sizes (lz4: the kernel's frame)\n\
                \x20 -t  test: unpack to nowhere\n\
                \x20 -r  what is in folders, too\n\
                \x20 -S .SUF  another suffix;  -o FILE  (zstd) the result\n\
                \x20 -n, -N   (gzip) neither name nor time; both, also when unpacking",
        kind: Kind::Fork, // reads and packs for as long as that takes
        run,
    }
}

/// See the module.
pub(super) static APPLET: Applet = named("gzip", "pack files by deflate");
/// Unpacks.
pub(super) static GUNZIP: Applet = named("gunzip", "unpack gzip files");
/// Unpacks what compress(1) packed, and gzip.
pub(super) static UNCOMPRESS: Applet = named("uncompress", "unpack .Z files");
/// Unpacks anything to standard output.
pub(super) static ZCAT: Applet = named("zcat", "unpack files of any format to standard output");
/// bzip2.
pub(super) static BZIP2: Applet = named("bzip2", "pack files by bzip2, or unpack them");
/// xz and lzma.
pub(super) static XZ: Applet = named("xz", "pack files by LZMA, or unpack them");
/// zstd.
pub(super) static ZSTD: Applet = named("zstd", "pack files by Zstandard, or unpack them");
/// lz4.
pub(super) static LZ4: Applet = named("lz4", "pack files by lz4, or unpack them");

/// A name, its format, whether it unpacks, whether to standard output.
const NAMES: [(&str, Format, bool, bool); 19] = [
    ("gzip", Format::Gzip, false, false),
    ("gunzip", Format::Gzip, true, false),
    ("zcat", Format::Gzip, true, true),
    ("uncompress", Format::Lzw, true, false),
    ("bzip2", Format::Bzip2, false, false),
    ("bunzip2", Format::Bzip2, true, false),
    ("bzcat", Format::Bzip2, true, true),
    ("xz", Format::Xz, false, false),
    ("unxz", Format::Xz, true, false),
    ("xzcat", Format::Xz, true, true),
    ("lzma", Format::Lzma, false, false),
    ("unlzma", Format::Lzma, true, false),
    ("lzcat", Format::Lzma, true, true),
    ("zstd", Format::Zstd, false, false),
    ("unzstd", Format::Zstd, true, false),
    ("zstdcat", Format::Zstd, true, true),
    ("lz4", Format::Lz4, false, false),
    ("unlz4", Format::Lz4, true, false),
    ("lz4cat", Format::Lz4, true, true),
];

/// Suffixes that are taken off or replaced.
const SUFFIXES: [(Format, &str, &str); 17] = [
    (Format::Gzip, ".gz", ""),
    (Format::Gzip, ".tgz", ".tar"),
    (Format::Gzip, ".taz", ".tar"),
    (Format::Gzip, "-gz", ""),
    (Format::Gzip, ".z", ""),
    (Format::Lzw, ".Z", ""),
    (Format::Bzip2, ".bz2", ""),
    (Format::Bzip2, ".bz", ""),
    (Format::Bzip2, ".tbz2", ".tar"),
    (Format::Bzip2, ".tbz", ".tar"),
    (Format::Xz, ".xz", ""),
    (Format::Xz, ".txz", ".tar"),
    (Format::Lzma, ".lzma", ""),
    (Format::Lzma, ".tlz", ".tar"),
    (Format::Zstd, ".zst", ""),
    (Format::Zstd, ".tzst", ".tar"),
    (Format::Lz4, ".lz4", ""),
];

const SPEC: &str = "0 1,fast 2 3 4 5 6 7 8 9,best c,stdout|to-stdout d,decompress|uncompress \
    z,compress f,force k,keep t,test q,quiet|silent v,verbose r,recursive \
    C:check -_,single-thread|ultra|no-progress";

struct Choice {
    how: Packing,
    unpack: bool,
    any: bool,
    to_stdout: bool,
    force: bool,
    keep: bool,
    test: bool,
    list: bool,
    quiet: bool,
    verbose: bool,
    recursive: bool,
    no_name: bool,
    name: bool,
    suffix: Option<OsString>,
    output: Option<OsString>,
    /// Bytes packed and unpacked of all files listed.
    totals: [u64; 3],
}

/// What the options are, apart from [`SPEC`].
fn own_spec(format: Format) -> &'static str {
    match format {
        Format::Gzip | Format::Lzw => "l,list n,no-name N,name S:suffix -_,rsyncable",
        Format::Bzip2 => "s,small L,license",
        Format::Xz | Format::Lzma => {
            "l,list e,extreme T:threads S:suffix F:format M:memlimit|memory -_,no-sparse Q,no-warn \
             -_,single-stream -_:lzma2|lzma1|block-size"
        }
        Format::Zstd => "l,list T:threads o: D: M:memory -R,rm -_,no-check|check -_?long",
        _ => "l,legacy m,multiple B: D -R,rm -_,content-size|no-frame-crc",
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let row = NAMES.iter().find(|row| row.0 == cx.name).unwrap_or(&NAMES[0]);
    let (mut options, mut c) = parse(cx, row)?;
    let mut operands = std::mem::take(&mut options.operands);
    if c.how.format == Format::Lz4 && !options.has(b'm') && operands.len() == 2 {
        // lz4 FROM TO
        c.output = operands.pop();
    }
    if operands.is_empty() {
        operands.push("-".into());
    }
    let mut worst = Status::OK;
    for operand in &operands {
        let result = if operand == "-" { stdin(cx, &mut c) } else { file(cx, &mut c, operand) };
        match result {
            Ok(()) => {}
            Err(error) if error.is_closed_pipe() => return Err(error),
            Err(error) => {
                let status = error.status();
                if worst != Status::FAILURE {
                    worst = status;
                }
                if status == Status::FAILURE || !c.quiet {
                    cx.warn(error);
                }
            }
        }
    }
    if c.list && operands.len() > 1 && c.how.format == Format::Gzip {
        let [packed, plain, bare] = c.totals;
        put_row(cx, packed, plain, bare, b"(totals)")?;
    }
    Ok(worst)
}

fn parse(
    cx: &Ctx,
    &(name, format, unpacks, to_stdout): &(&str, Format, bool, bool),
) -> Result<(Box<Options>, Choice), Error> {
    let spec = [SPEC, own_spec(format)].join(" ");
    let mut options = cx.parse(&spec).map_err(|e| e.with(Status::FAILURE))?;
    let keeps = matches!(format, Format::Zstd | Format::Lz4);
    let mut c = Choice {
        how: Packing::usual(format),
        unpack: unpacks,
        any: matches!(format, Format::Zstd) || name == "zcat",
        to_stdout,
        force: false,
        keep: keeps,
        test: false,
        list: false,
        quiet: false,
        verbose: false,
        recursive: false,
        no_name: false,
        name: false,
        suffix: None,
        output: None,
        totals: [0; 3],
    };
    while let Some(letter) = options.next() {
        match letter {
            b'0'..=b'9' => c.how.level = letter - b'0',
            b'c' => c.to_stdout = true,
            b'd' => c.unpack = true,
            b'z' => c.unpack = false,
            b'f' => c.force = true,
            b'k' => c.keep = true,
            b't' => (c.test, c.unpack) = (true, true),
            b'l' if format == Format::Lz4 => c.how.legacy = true,
            b'l' => (c.list, c.unpack) = (true, true),
            b'q' => c.quiet = true,
            b'v' => c.verbose = true,
            b'r' => c.recursive = true,
            b'n' => (c.no_name, c.name) = (true, false),
            b'N' => (c.name, c.no_name) = (true, false),
            b'S' => c.suffix = Some(options.value()),
            b'o' => c.output = Some(options.value()),
            b'R' => c.keep = false,
            b'F' => {
                let name = options.value();
                match Format::of_name(name.as_bytes()) {
                    Some(format @ (Format::Xz | Format::Lzma)) => c.how.format = format,
                    None if name == "auto" || name == "alone" => {
                        if name == "alone" {
                            c.how.format = Format::Lzma;
                        }
                    }
                    _ => return Err(Error::bad(show(&name), "unknown file format type")),
                }
            }
            _ => {}
        }
    }
    Ok((options, c))
}

fn stdin(cx: &mut Ctx, c: &mut Choice) -> Result<(), Error> {
    let named = Path::new("stdin");
    if let Some(output) = c.output.take() {
        let target = create(c, Path::new(&output))?;
        return work(c, cx.stdin, named, target.as_fd(), Vec::new()).map(drop);
    }
    if !c.unpack && cx.stdout.is_terminal() && !c.force {
        return Err(Error::msg("compressed data not written to a terminal: -f does"));
    }
    if c.unpack && cx.stdin.is_terminal() && !c.force {
        return Err(Error::msg("compressed data not read from a terminal: -f does"));
    }
    if c.list {
        return list(cx, c, cx.stdin, named);
    }
    cx.flush()?;
    work(c, cx.stdin, named, cx.stdout, Vec::new()).map(drop)
}

/// The name with the suffix taken off, when it has one.
fn unpacked_name(c: &Choice, path: &[u8]) -> Option<Vec<u8>> {
    let base = path.rsplit(|&b| b == b'/').next().unwrap_or(path);
    if let Some(suffix) = &c.suffix
        && let Some(name) = path.strip_suffix(suffix.as_bytes())
        && base.len() > suffix.len()
    {
        return Some(name.to_vec());
    }
    for (format, suffix, instead) in SUFFIXES {
        if understood(c, format)
            && base.len() > suffix.len()
            && let Some(name) = path.strip_suffix(suffix.as_bytes())
        {
            return Some([name, instead.as_bytes()].concat());
        }
    }
    None
}

/// Whether a format is unpacked under the name that was called: gunzip takes
/// what compress(1) packed, xz what lzma did, and the other way.
fn understood(c: &Choice, format: Format) -> bool {
    const PAIRS: [[Format; 2]; 2] = [[Format::Gzip, Format::Lzw], [Format::Xz, Format::Lzma]];
    let own = c.how.format;
    c.any || format == own || PAIRS.iter().any(|two| two.contains(&own) && two.contains(&format))
}

/// A file that xz passes over is a warning, which its status tells.
fn is_xz(c: &Choice) -> bool {
    matches!(c.how.format, Format::Xz | Format::Lzma)
}

fn file(cx: &mut Ctx, c: &mut Choice, operand: &OsStr) -> Result<(), Error> {
    let mut path = PathBuf::from(operand);
    let mut meta = nix::sys::stat::lstat(&path);
    let guesses = matches!(c.how.format, Format::Gzip | Format::Lzw);
    if meta == Err(Errno::ENOENT)
        && c.unpack
        && guesses
        && unpacked_name(c, operand.as_bytes()).is_none()
    {
        // As it would be called.
        let own = c.suffix.as_deref().unwrap_or(OsStr::new(c.how.format.extension()));
        for suffix in [own, OsStr::new(".Z"), OsStr::new(".gz")] {
            let mut longer = operand.to_os_string();
            longer.push(suffix);
            if let Ok(found) = nix::sys::stat::lstat(longer.as_os_str()) {
                path = PathBuf::from(longer);
                meta = Ok(found);
                break;
            }
        }
    }
    let mut meta = meta.map_err(|e| Error::os(show(operand), e))?;
    let kind = |meta: &FileStat| meta.st_mode & libc::S_IFMT;
    let in_place = !(c.to_stdout || c.test || c.list);
    if kind(&meta) == libc::S_IFLNK {
        if in_place && !c.force && c.output.is_none() && !c.keep {
            return Err(Error::about(show(&path), "is a symbolic link - ignored"));
        }
        meta = nix::sys::stat::stat(&path).map_err(|e| Error::os(show(&path), e))?;
    }
    if kind(&meta) == libc::S_IFDIR {
        if c.recursive {
            return folder(cx, c, &path);
        }
        return Err(Error::about(show(&path), "is a directory - ignored").with(Status::USAGE));
    }
    if in_place && kind(&meta) != libc::S_IFREG && !c.force {
        return Err(Error::about(show(&path), "is not a regular file - ignored"));
    }
    let mut target_name = None;
    if in_place && c.output.is_none() {
        let bytes = path.as_os_str().as_bytes();
        let name = if c.unpack {
            let strange = || {
                let error = Error::about(show(&path), "unknown suffix - ignored");
                if is_xz(c) { error.with(Status::USAGE) } else { error }
            };
            unpacked_name(c, bytes).ok_or_else(strange)?
        } else {
            let suffix = c.suffix.as_deref().unwrap_or(OsStr::new(c.how.format.extension()));
            if bytes.ends_with(suffix.as_bytes()) && !c.force && bytes.len() > suffix.len() {
                let text = format!("already has {} suffix - unchanged", show(suffix));
                if is_xz(c) {
                    return Err(Error::about(show(&path), &text).with(Status::USAGE));
                }
                cx.note(format_args!("{}: {text}", show(&path)));
                return Ok(());
            }
            [bytes, suffix.as_bytes()].concat()
        };
        target_name = Some(PathBuf::from(OsString::from_vec(name)));
    }
    let input = File::open(&path).map_err(|e| Error::os(show(&path), e))?;
    let original = path.file_name().unwrap_or_default().as_bytes().to_vec();
    if c.list {
        return list(cx, c, input.as_fd(), &path);
    }
    if let Some(output) = c.output.clone() {
        if output == "-" || output == "stdout" {
            return work(c, input.as_fd(), &path, cx.stdout, original).map(drop);
        }
        target_name = Some(PathBuf::from(output));
    }
    let Some(mut target_name) = target_name else {
        if !c.test && !c.unpack && cx.stdout.is_terminal() && !c.force {
            return Err(Error::msg("compressed data not written to a terminal: -f does"));
        }
        cx.flush()?;
        let (from, to) = work(c, input.as_fd(), &path, cx.stdout, original)?;
        if c.verbose {
            let end = if c.test { "\t OK".to_string() } else { ratio(from, to, c.unpack) };
            note(cx, &format!("{}:{end}\n", show(&path)));
        }
        return Ok(());
    };
    let mut mtime = None;
    if c.name && c.unpack && c.how.format == Format::Gzip {
        let mut head =
            Input::new(Box::new(File::open(&path).map_err(|e| Error::os(show(&path), e))?));
        if let Ok(header) = gzip::header(&mut head) {
            mtime = Some(header.mtime).filter(|&time| time != 0);
            let base = header.name.as_deref().and_then(|n| n.rsplit(|&b| b == b'/').next());
            if let Some(base) = base.filter(|base| !matches!(*base, b"" | b"." | b"..")) {
                target_name.set_file_name(OsStr::from_bytes(base));
            }
        }
    }
    let target = create(c, &target_name)?;
    match work(c, input.as_fd(), &path, target.as_fd(), original) {
        Ok((from, to)) => {
            copy_properties(&target, &meta, mtime);
            if c.verbose {
                let (end, new) = (ratio(from, to, c.unpack), show(&target_name));
                let word = if c.keep { "created" } else { "replaced with" };
                note(cx, &format!("{}:{end} -- {word} {new}\n", show(&path)));
            }
        }
        Err(error) => {
            if error.status() != Status::USAGE {
                let _ = std::fs::remove_file(&target_name);
                return Err(error);
            }
            copy_properties(&target, &meta, mtime);
            remove(c, &path)?;
            return Err(error);
        }
    }
    remove(c, &path)
}

fn remove(c: &Choice, path: &Path) -> Result<(), Error> {
    if c.keep {
        return Ok(());
    }
    std::fs::remove_file(path).map_err(|e| Error::os(show(path), e))
}

/// Goes through a folder; no link is followed.
fn folder(cx: &mut Ctx, c: &mut Choice, path: &Path) -> Result<(), Error> {
    let (mut list, failed) = sys::folder::list(path).map_err(|e| Error::os(show(path), e))?;
    if let Some(error) = failed {
        cx.warn(Error::os(show(path), error));
    }
    list.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    for entry in list {
        let below = path.join(&entry.name);
        let suffixed = unpacked_name(c, below.as_os_str().as_bytes()).is_some();
        // What is packed already is passed over in silence, and the other way.
        if entry.is_link || !entry.is_folder && suffixed != c.unpack && !c.list && !c.test {
            continue;
        }
        if let Err(error) = file(cx, c, below.as_os_str()) {
            cx.warn(error);
        }
    }
    if cx.status() == Status::OK { Ok(()) } else { Err(Error::about(show(path), "not all of it")) }
}

/// Makes the file for the result: readable by its owner only until it is
/// complete.
fn create(c: &Choice, path: &Path) -> Result<File, Error> {
    if c.force {
        let _ = std::fs::remove_file(path);
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::about(show(path), "already exists, not overwritten")
        }
        _ => Error::os(show(path), e),
    })
}

fn copy_properties(target: &File, meta: &FileStat, mtime: Option<u32>) {
    // Only root may give files away; what the others get is theirs.
    let owner = nix::unistd::Uid::from_raw(meta.st_uid);
    let group = nix::unistd::Gid::from_raw(meta.st_gid);
    let given = nix::unistd::fchown(target, Some(owner), Some(group)).is_ok();
    let mask = if given { 0o7777 } else { 0o777 };
    let _ = fchmod(target, Mode::from_bits_truncate(meta.st_mode & mask));
    let mtime = match mtime {
        Some(seconds) => TimeSpec::new(i64::from(seconds), 0),
        None => TimeSpec::new(meta.st_mtime, meta.st_mtime_nsec),
    };
    let _ = futimens(target, &TimeSpec::new(meta.st_atime, meta.st_atime_nsec), &mtime);
}

/// Bytes read and bytes written; of gzip those of its header are left out.
type Counts = (u64, u64);

/// Packs or unpacks one stream.
fn work(
    c: &Choice,
    from: BorrowedFd,
    path: &Path,
    to: BorrowedFd,
    original: Vec<u8>,
) -> Result<Counts, Error> {
    let input = Input::new(Box::new(sys::fd::Reader(from)));
    if c.unpack {
        let to = if c.test { None } else { Some(to) };
        return unpack(c, input, path, to);
    }
    let mut how = c.how.clone();
    let mut header = 10;
    if !original.is_empty() && !c.no_name {
        header += original.len() as u64 + 1;
        let time = fstat(from).map_or(0, |meta| meta.st_mtime);
        how.header = gzip::Header { name: Some(original), mtime: u32::try_from(time).unwrap_or(0) };
    }
    let mut input = input;
    let mut sink = Sink { to, count: 0 };
    pack(&how, &mut input, &mut sink).map_err(|e| Error::os(show(path), e))?;
    Ok((input.offset(), bare(c, sink.count, header)))
}

/// Where packed bytes go.
struct Sink<'a> {
    to: BorrowedFd<'a>,
    count: u64,
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        write_all(self.to, bytes)?;
        self.count += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Opens a stream to unpack, by what it begins with.
fn opened<'a>(c: &Choice, mut input: Input<'a>, path: &Path) -> Result<Unpacker<'a>, Error> {
    let head = input.peek(Format::MAGIC).map_err(|cause| {
        let format = c.how.format;
        Error::os(show(path), crate::compress::Error { format, cause })
    })?;
    let mut found = Format::detect(head);
    let own = c.how.format;
    // The old format has no real magic number.
    if found == Format::None && own == Format::Lzma && head.len() >= 13 {
        found = Format::Lzma;
    } else if !understood(c, found) || found == Format::None {
        if !(c.force && c.to_stdout) {
            let text = match head.is_empty() {
                true => "unexpected end of file".to_string(),
                false => format!("not in {} format", own.name()),
            };
            return Err(Error::about(show(path), &text));
        }
        found = Format::None;
    }
    Ok(Unpacker::new(found, input))
}

fn unpack(c: &Choice, input: Input, path: &Path, to: Option<BorrowedFd>) -> Result<Counts, Error> {
    let mut unpacker = opened(c, input, path)?;
    let mut count = 0;
    loop {
        let piece = unpacker.piece().map_err(|e| damaged(path, &e))?;
        if piece.is_empty() {
            break;
        }
        count += piece.len() as u64;
        if let Some(to) = to {
            write_all(to, piece).map_err(|e| Error::os("standard output", e))?;
        }
    }
    if unpacker.has_garbage() {
        match unpacker.format() {
            // As bzip2: not worth a word.
            Format::Bzip2 => {}
            Format::Gzip => {
                let text = "decompression OK, trailing garbage ignored";
                return Err(Error::about(show(path), text).with(Status::USAGE));
            }
            _ => return Err(Error::about(show(path), "something else is behind the packed data")),
        }
    }
    let header = 10 + header_rest(path).unwrap_or(0);
    Ok((bare(c, unpacker.input.offset(), header), count))
}

/// How many bytes of deflate there are between a gzip header and the eight
/// bytes at the end.
fn bare(c: &Choice, packed: u64, header: u64) -> u64 {
    match c.how.format {
        Format::Gzip => packed.saturating_sub(header + 8),
        _ => packed,
    }
}

fn damaged(path: &Path, error: &crate::compress::Error) -> Error {
    use crate::compress::Cause;
    match error.cause {
        Cause::Truncated => Error::about(show(path), "unexpected end of file"),
        Cause::Checksum => Error::about(show(path), "crc error"),
        _ => Error::msg(format_args!("{}: {error}", show(path))),
    }
}

fn note(cx: &Ctx, text: &str) {
    // Nobody is hurt when a remark cannot be printed.
    let _ = write_all(cx.stderr, text.as_bytes());
}

/// How much was saved: `\t 61.3%`.
fn ratio(from: u64, to: u64, unpacked: bool) -> String {
    let (packed, plain) = if unpacked { (from, to) } else { (to, from) };
    format!("\t{}", percent(plain, packed))
}

/// What part of `plain` is not in `packed`, as ` 12.3%`.
fn percent(plain: u64, packed: u64) -> String {
    let tenths = match plain {
        0 => 0,
        _ => {
            let (plain, packed) = (i128::from(plain), i128::from(packed));
            let doubled = (plain - packed) * 2000 / plain;
            (doubled + doubled.signum()) / 2
        }
    };
    let sign = if tenths < 0 { "-" } else { "" };
    let tenths = tenths.unsigned_abs();
    let text = format!("{sign}{}.{}%", tenths / 10, tenths % 10);
    format!("{text:>6}")
}

fn put_row(cx: &mut Ctx, packed: u64, plain: u64, bare: u64, name: &[u8]) -> Result<(), Error> {
    cx.print(format_args!("{packed:19} {plain:19} {} ", percent(plain, bare)))?;
    cx.put(name)?;
    cx.put(b"\n")
}

fn list(cx: &mut Ctx, c: &mut Choice, from: BorrowedFd, path: &Path) -> Result<(), Error> {
    let input = Input::new(Box::new(sys::fd::Reader(from)));
    let mut unpacker = opened(c, input, path)?;
    let mut plain = 0;
    loop {
        let piece = unpacker.piece().map_err(|e| damaged(path, &e))?;
        if piece.is_empty() {
            break;
        }
        plain += piece.len() as u64;
    }
    let packed = unpacker.input.offset();
    let first = c.totals == [0; 3];
    if c.how.format == Format::Gzip {
        // What is around deflate: ten bytes, the name, eight bytes.
        let name = path.file_name().unwrap_or_default().len() as u64;
        let bare = packed.saturating_sub(18 + header_rest(path).unwrap_or(name));
        if first && !c.quiet {
            cx.put(b"         compressed        uncompressed  ratio uncompressed_name\n")?;
        }
        let shown = unpacked_name(c, path.as_os_str().as_bytes());
        let shown = shown.unwrap_or_else(|| path.as_os_str().as_bytes().to_vec());
        let shown = show(OsStr::from_bytes(&shown)).to_string();
        put_row(cx, packed, plain, bare, shown.as_bytes())?;
        let [a, b, d] = c.totals;
        c.totals = [a + packed, b + plain, d + bare];
        return Ok(());
    }
    if first {
        cx.put(b"Streams   Compressed Uncompressed  Ratio  Filename\n")?;
    }
    let thousandths = packed * 1000 / plain.max(1);
    let ratio = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    cx.print(format_args!(
        "{:7} {:>12} {:>12}  {ratio}  {}\n",
        unpacker.members(),
        packed,
        plain,
        show(path)
    ))?;
    c.totals = [packed + 1, plain, 0];
    Ok(())
}

/// How many bytes of a gzip header are behind the first ten.
fn header_rest(path: &Path) -> Option<u64> {
    let mut input = Input::new(Box::new(File::open(path).ok()?));
    gzip::header(&mut input).ok()?;
    Some(input.offset() - 10)
}
