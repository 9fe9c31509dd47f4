//! tar: archives of files. GNU tar 1.34, as far as its options are typed.
//!
//! Deliberate deviations: what goes wrong gives status 1 (GNU's 2), as
//! busybox's; owners are kept when root unpacks; a folder does not replace a
//! link to one; sparse files are read, not written; remote and several volumes
//! are left out.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::IsTerminal;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::archive::list::Lister;
use crate::archive::tar::Style;
use crate::compress::{Format, Unpacker};
use crate::fsutil::users::Users;
use crate::mode;
use crate::options::Options;

mod create;
mod extract;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "tar",
    summary: "put files into archives and take them out",
    usage: "c|x|t|r [OPTION...] [-f ARCHIVE] [FILE...]\n\
            \x20 c x t r      create, extract, list, append\n\
            \x20 -f FILE      the archive; standard input or output otherwise, and for -\n\
            \x20 -C DIR       go there first (before what follows, when creating)\n\
            \x20 -v           say what is done; with t in full\n\
            \x20 -z -j -J --zstd --lzma --lz4   compress so; -a: as the name says\n\
            \x20 -O           to standard output; --to-command COMMAND: each file to one\n\
            \x20 -p           permissions exactly; --[no-]same-owner, -o, --numeric-owner\n\
            \x20 -k, --overwrite, --keep-newer-files, --skip-old-files   what is there\n\
            \x20 -m           the time is now\n\
            \x20 -h           what links lead to;  --one-file-system;  --no-recursion\n\
            \x20 -T FILE, -X FILE, --exclude PATTERN   names from a file; left out\n\
            \x20 --strip-components N, -P   names without N parts; as they are\n\
            \x20 -H gnu|ustar|pax, --owner --group --mode --mtime --sort=name",
    kind: Kind::Fork, // reads and packs for as long as that takes
    run,
};

const SPEC: &str = "c,create x,extract|get t,list r,append A,catenate|concatenate d,diff|compare \
    u,update f:file C:directory v,verbose z,gzip|gunzip|ungzip j,bzip2 J,xz a,auto-compress \
    O,to-stdout p,preserve-permissions|same-permissions k,keep-old-files m,touch h,dereference \
    T:files-from X:exclude-from P,absolute-names o,old-archive|portability l,check-links \
    U,unlink-first S,sparse i,ignore-zeros b:blocking-factor B,read-full-records n,seek \
    H:format I:use-compress-program R,block-number W,verify w,interactive Z,compress \
    -1,zstd -2,lzma -3,lz4 -4:exclude -5:strip-components|strip -6,numeric-owner -7,same-owner \
    -8,no-same-owner -9,no-same-permissions -e,overwrite -g,one-file-system -q:owner -s:group \
    -y:mode -D:mtime -E:sort -F,keep-newer-files -G,skip-old-files -K,no-recursion -L,full-time -Y:to-command \
    -M,utc -N,null -Q,posix -V,ignore-failed-read -_,xattrs|acls|selinux|no-xattrs|no-acls|no-selinux\
    |wildcards|no-wildcards|anchored|no-anchored|wildcards-match-slash|no-wildcards-match-slash\
    |recursion|no-auto-compress|totals|show-transformed-names|no-seek|no-overwrite-dir\
    |keep-directory-symlink|force-local|no-null|delay-directory-restore|same-order|preserve-order\
    |numeric-ids|overwrite-dir|atime-preserve -_:xattrs-include|xattrs-exclude|warning|checkpoint\
    |checkpoint-action|quoting-style|pax-option|record-size|label|rmt-command|rsh-command";

/// Options in the old style that take the next word.
const WITH_VALUE: &[u8] = b"fCTXbHI";

/// What is wanted.
struct Choice {
    /// One of `cxtru`.
    mode: u8,
    file: Option<OsString>,
    /// Folders to go to, and at which operand.
    folders: Vec<(usize, PathBuf)>,
    verbose: usize,
    format: Format,
    auto: bool,
    to_stdout: bool,
    /// A command of the shell that reads each file.
    command: Option<Vec<u8>>,
    permissions: Option<bool>,
    owners: Option<bool>,
    keep: bool,
    skip_old: bool,
    newer: bool,
    overwrite: bool,
    untimed: bool,
    follow: bool,
    absolute: bool,
    one_device: bool,
    recursive: bool,
    sorted: bool,
    zeros: bool,
    excluded: Vec<Vec<u8>>,
    /// Names from files, beside the operands.
    names: Vec<Vec<u8>>,
    named: bool,
    strip: usize,
    numeric: bool,
    style: Style,
    owner: Option<(u32, Vec<u8>)>,
    group: Option<(u32, Vec<u8>)>,
    mode_change: Option<Vec<u8>>,
    mtime: Option<i64>,
    seconds: bool,
    utc: bool,
}

impl Choice {
    /// The folder for the operand at this place, by all `-C` before it.
    fn folder(&self, place: usize) -> PathBuf {
        let mut folder = PathBuf::new();
        for (_, path) in self.folders.iter().filter(|(at, _)| *at <= place) {
            folder.push(path);
        }
        folder
    }

    fn excludes(&self, name: &[u8]) -> bool {
        self.excluded.iter().any(|pattern| crate::archive::name::excludes(pattern, name))
    }

    fn lister(&self) -> Lister {
        let mut lister = Lister::default();
        lister.long = self.verbose > if self.mode == b't' { 0 } else { 1 };
        (lister.numeric, lister.seconds, lister.utc) = (self.numeric, self.seconds, self.utc);
        lister
    }
}

/// `tar xvf FILE -C DIR`: the letters of a first word without a dash, their
/// values behind it in the same order.
fn modern(args: &[OsString]) -> Vec<OsString> {
    let Some((first, rest)) = args.split_first() else { return Vec::new() };
    let letters = first.as_bytes();
    if letters.starts_with(b"-") || letters.is_empty() {
        return args.to_vec();
    }
    let mut rest = rest.iter();
    let mut list = Vec::new();
    for &letter in letters {
        list.push(OsString::from_vec(vec![b'-', letter]));
        if WITH_VALUE.contains(&letter)
            && let Some(value) = rest.next()
        {
            list.push(value.clone());
        }
    }
    list.extend(rest.cloned());
    list
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let failed = |e: Error| e.with(Status::FAILURE);
    let mut options = Options::parse(SPEC, &modern(cx.args)).map_err(failed)?;
    let mut c = choice(cx, &mut options).map_err(failed)?;
    let operands: Vec<Vec<u8>> = options.operands.into_iter().map(OsString::into_vec).collect();
    match c.mode {
        b'c' => create::create(cx, &c, &operands),
        b'r' | b'u' => create::append(cx, &mut c, &operands),
        b'x' | b't' => extract::extract(cx, &c, &operands),
        b'd' | b'A' => Err(Error::msg("only c, x, t and r are built in")),
        _ => Err(failed(Error::usage("one of c, x, t and r is wanted"))),
    }
}

/// Lists or takes out what is in a stream, as `tar ARGS` would.
pub(super) fn extract_stream(
    cx: &mut Ctx,
    args: &[OsString],
    stream: Unpacker,
) -> Result<Status, Error> {
    let mut options = Options::parse(SPEC, &modern(args))?;
    let c = choice(cx, &mut options)?;
    extract::from_stream(cx, &c, &[], stream)
}

fn choice(cx: &Ctx, options: &mut Options) -> Result<Choice, Error> {
    let mut c = Choice {
        mode: 0,
        file: None,
        folders: Vec::new(),
        verbose: 0,
        format: Format::None,
        auto: false,
        to_stdout: false,
        command: None,
        permissions: None,
        owners: None,
        keep: false,
        skip_old: false,
        newer: false,
        overwrite: false,
        untimed: false,
        follow: false,
        absolute: false,
        one_device: false,
        recursive: true,
        sorted: false,
        zeros: false,
        excluded: Vec::new(),
        names: Vec::new(),
        named: false,
        strip: 0,
        numeric: false,
        style: Style::Gnu,
        owner: None,
        group: None,
        mode_change: None,
        mtime: None,
        seconds: false,
        utc: false,
    };
    let null = options.has(b'N');
    let mut users = Users::new();
    while let Some(letter) = options.next() {
        match letter {
            b'c' | b'x' | b't' | b'r' | b'u' | b'A' | b'd' => {
                if c.mode != 0 && c.mode != letter {
                    return Err(Error::usage("only one of c, x, t and r"));
                }
                c.mode = letter;
            }
            b'f' => c.file = Some(options.value()),
            b'C' => c.folders.push((options.place(), PathBuf::from(options.value()))),
            b'v' => c.verbose += 1,
            b'z' => c.format = Format::Gzip,
            b'j' => c.format = Format::Bzip2,
            b'J' => c.format = Format::Xz,
            b'1' => c.format = Format::Zstd,
            b'2' => c.format = Format::Lzma,
            b'3' => c.format = Format::Lz4,
            b'I' => {
                let name = options.value();
                let word = name.as_bytes().split(|&b| b == b' ').next().unwrap_or_default();
                let base = word.rsplit(|&b| b == b'/').next().unwrap_or_default();
                c.format = match base {
                    b"pigz" => Format::Gzip,
                    b"pbzip2" | b"lbzip2" => Format::Bzip2,
                    b"pxz" | b"pixz" => Format::Xz,
                    base => Format::of_name(base)
                        .ok_or_else(|| Error::bad(show(&name), "no such compression"))?,
                };
            }
            b'a' => c.auto = true,
            b'O' => c.to_stdout = true,
            b'Y' => {
                c.command = Some(options.bytes());
                crate::sys::process::ignore_broken_pipes();
            }
            b'p' => c.permissions = Some(true),
            b'9' => c.permissions = Some(false),
            b'7' => c.owners = Some(true),
            b'8' | b'o' => c.owners = Some(false),
            b'k' => c.keep = true,
            b'G' => (c.keep, c.skip_old) = (true, true),
            b'F' => c.newer = true,
            b'e' => c.overwrite = true,
            b'm' => c.untimed = true,
            b'h' => c.follow = true,
            b'P' => c.absolute = true,
            b'g' => c.one_device = true,
            b'K' => c.recursive = false,
            b'i' => c.zeros = true,
            b'4' => c.excluded.push(options.bytes()),
            b'X' => c.excluded.extend(lines(cx, &options.value(), false)?),
            b'T' => {
                c.named = true;
                c.names.extend(lines(cx, &options.value(), null)?);
            }
            b'5' => {
                let count = options.number("not a number of parts")?;
                c.strip = usize::try_from(count).unwrap_or(usize::MAX);
            }
            b'6' => c.numeric = true,
            b'Q' => c.style = Style::Pax,
            b'H' => {
                let name = options.value();
                c.style = match name.as_bytes() {
                    b"gnu" | b"oldgnu" => Style::Gnu,
                    b"ustar" | b"v7" => Style::Ustar,
                    b"pax" | b"posix" => Style::Pax,
                    _ => return Err(Error::bad(show(&name), "no such format")),
                };
            }
            b'q' => c.owner = Some(account(&options.value(), &mut |n| users.uid(n).map(|u| u.0))?),
            b's' => {
                let mut users = Users::new();
                c.group = Some(account(&options.value(), &mut |n| users.gid(n))?);
            }
            b'y' => {
                let text = options.bytes();
                let valid = mode::parse(&text, 0, 0, false);
                valid.map_err(|_| Error::bad(show_bytes(&text), "not a mode"))?;
                c.mode_change = Some(text);
            }
            b'D' => c.mtime = Some(time(&options.value())?),
            b'E' => c.sorted = options.value() == "name",
            b'L' => c.seconds = true,
            b'M' => c.utc = true,
            _ => {}
        }
    }
    Ok(c)
}

/// `NAME`, `NAME:ID` or `ID`.
fn account(
    text: &OsStr,
    find: &mut dyn FnMut(&[u8]) -> Option<u32>,
) -> Result<(u32, Vec<u8>), Error> {
    let bytes = text.as_bytes();
    let (name, id) = match bytes.iter().position(|&b| b == b':') {
        Some(colon) => {
            let (name, id) = bytes.split_at(colon);
            (name, id.get(1..).unwrap_or_default())
        }
        None => (bytes, bytes),
    };
    let plain = crate::passwd::number(id);
    let id = plain.or_else(|| find(name)).ok_or_else(|| Error::bad(show(text), "unknown"))?;
    let name = if crate::passwd::number(name).is_some() { b"" } else { name };
    Ok((id, name.to_vec()))
}

/// `@SECONDS`, or the time of a file.
fn time(text: &OsStr) -> Result<i64, Error> {
    if let Some(seconds) = text.as_bytes().strip_prefix(b"@") {
        let seconds = std::str::from_utf8(seconds).ok().and_then(|s| s.parse().ok());
        return seconds.ok_or_else(|| Error::bad(show(text), "not a time"));
    }
    let stat = nix::sys::stat::stat(Path::new(text))
        .map_err(|_| Error::bad(show(text), "neither @SECONDS nor a file"))?;
    Ok(stat.st_mtime)
}

/// The lines of a file; `-` is standard input.
fn lines(cx: &Ctx, name: &OsStr, null: bool) -> Result<Vec<Vec<u8>>, Error> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let result = if name == "-" {
        crate::sys::fd::Reader(cx.stdin).read_to_end(&mut bytes)
    } else {
        File::open(name).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    result.map_err(|e| Error::os(show(name), e))?;
    let end = if null { 0 } else { b'\n' };
    let mut list = Vec::new();
    for line in bytes.split(|&b| b == end) {
        if !line.is_empty() {
            list.push(line.to_vec());
        }
    }
    Ok(list)
}

/// The archive to read: the file, or standard input.
enum Source<'a> {
    File(File),
    Stdin(BorrowedFd<'a>),
}

impl Source<'_> {
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Source::File(file) => file.as_fd(),
            Source::Stdin(fd) => *fd,
        }
    }
}

fn open<'a>(cx: &Ctx<'a>, c: &Choice) -> Result<Source<'a>, Error> {
    match &c.file {
        Some(name) if name != "-" => {
            let file = File::open(name).map_err(|e| Error::os(show(name), e))?;
            Ok(Source::File(file))
        }
        _ if cx.stdin.is_terminal() => {
            Err(Error::msg("an archive is not read from a terminal: -f FILE"))
        }
        _ => Ok(Source::Stdin(cx.stdin)),
    }
}
