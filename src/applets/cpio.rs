//! cpio: archives of the files whose names are read. GNU cpio 2.13, with its
//! `-i -o -p -t` and the formats newc, crc, odc and, to read, binary.
//!
//! Deliberate deviations: concatenated archives, as initramfs images are, are
//! read to their end, also where one is compressed; names never lead out of the
//! folder that is unpacked to (GNU's `--no-absolute-filenames`).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::archive::Damage;
use crate::archive::cpio::CpioKind;
use crate::fsutil::users::Users;

mod create;
mod extract;
mod pass;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "cpio",
    summary: "put files into cpio archives and take them out",
    usage: "-i|-o|-p DIR|-t [OPTION...] [PATTERN...]\n\
            \x20 -i  take out; -t list; -o put in the files named on standard input;\n\
            \x20 -p  copy those to a folder\n\
            \x20 -d  make folders that are missing;  -u  replace what is newer\n\
            \x20 -m  keep times;  -v  say the names; with -t in full\n\
            \x20 -H newc|crc|odc  the format (-c: odc);  -F FILE  the archive;  -D DIR  go there\n\
            \x20 -0  names end in NUL;  -L  what links lead to;  -l  link instead of copying\n\
            \x20 -R USER[:GROUP]  owner;  -f  all but the patterns;  -E FILE  patterns\n\
            \x20 --quiet  no count of blocks;  --to-stdout;  --no-preserve-owner",
    kind: Kind::Fork, // reads for as long as that takes
    run,
};

const SPEC: &str = "i,extract o,create p,pass-through t,list d,make-directories m,preserve-modification-time \
    u,unconditional v,verbose H:format F:file I: O: 0,null R:owner L,dereference l,link D:directory \
    f,nonmatching E:pattern-file n,numeric-uid-gid a,reset-access-time A,append B c b s S C:io-size|block-size \
    M:message V,dot k r,rename -1,quiet -2,no-absolute-filenames -3,to-stdout -4,no-preserve-owner \
    -5,absolute-filenames -6,renumber-inodes -7,ignore-devno -7,sparse -7,only-verify-crc \
    -7,force-local -8,device-independent|reproducible";

/// What counts as a block in the messages.
const UNIT: u64 = 512;

/// Device and inode number.
type Inode = (u32, u32, u32);

struct Choice {
    mode: u8,
    folders: bool,
    replace: bool,
    times: bool,
    verbose: bool,
    kind: CpioKind,
    null: bool,
    owner: Option<(Option<u32>, Option<u32>)>,
    follow: bool,
    link: bool,
    folder: PathBuf,
    others: bool,
    patterns: Vec<Vec<u8>>,
    numeric: bool,
    quiet: bool,
    stdout: bool,
    owners: bool,
    absolute: bool,
    renumber: bool,
    append: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let failed = |e: Error| e.with(Status::FAILURE);
    let mut options = cx.parse(SPEC).map_err(failed)?;
    let mut file = None;
    let mut c = choice(&mut options, &mut file).map_err(failed)?;
    let operands: Vec<Vec<u8>> =
        std::mem::take(&mut options.operands).into_iter().map(OsString::into_vec).collect();
    match c.mode {
        b'o' => {
            if !operands.is_empty() {
                return Err(failed(Error::usage("names come from standard input")));
            }
            create::create(cx, &mut c, file.as_deref())
        }
        b'p' => {
            let [folder] = operands.as_slice() else {
                return Err(failed(Error::usage("one folder to copy to is wanted")));
            };
            pass::pass(cx, &c, OsStr::from_bytes(folder))
        }
        b'i' | b't' => {
            c.patterns.extend(operands);
            extract::extract(cx, &c, file.as_deref())
        }
        _ => Err(failed(Error::usage("one of -i, -o, -p and -t is wanted"))),
    }
}

fn choice(
    options: &mut crate::options::Options,
    file: &mut Option<OsString>,
) -> Result<Choice, Error> {
    let root = nix::unistd::geteuid().is_root();
    let mut c = Choice {
        mode: 0,
        folders: false,
        replace: false,
        times: false,
        verbose: false,
        kind: CpioKind::Newc,
        null: false,
        owner: None,
        follow: false,
        link: false,
        folder: PathBuf::from("."),
        others: false,
        patterns: Vec::new(),
        numeric: false,
        quiet: false,
        stdout: false,
        owners: root,
        absolute: false,
        renumber: false,
        append: false,
    };
    let list = options.has(b't');
    while let Some(letter) = options.next() {
        match letter {
            b'i' | b'o' | b'p' => {
                if c.mode != 0 && c.mode != letter {
                    return Err(Error::usage("only one of -i, -o and -p"));
                }
                c.mode = letter;
            }
            b'd' => c.folders = true,
            b'm' => c.times = true,
            b'u' => c.replace = true,
            b'v' => c.verbose = true,
            b'H' => {
                let name = options.value();
                c.kind = match name.to_ascii_lowercase().as_bytes() {
                    b"newc" => CpioKind::Newc,
                    b"crc" => CpioKind::Crc,
                    b"odc" => CpioKind::Odc,
                    _ if list || c.mode == b'i' => CpioKind::Newc,
                    _ => return Err(Error::bad(show(&name), "no such format: newc, crc, odc")),
                };
            }
            b'c' => c.kind = CpioKind::Odc,
            b'F' | b'I' | b'O' => *file = Some(options.value()),
            b'0' => c.null = true,
            b'R' => c.owner = Some(owner(&options.value())?),
            b'L' => c.follow = true,
            b'l' => c.link = true,
            b'D' => c.folder = PathBuf::from(options.value()),
            b'f' => c.others = true,
            b'n' => c.numeric = true,
            b'A' => c.append = true,
            b'E' => {
                let name = options.value();
                let bytes = crate::sys::file::read(&name).map_err(|e| Error::os(show(&name), e))?;
                let lines = bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty());
                c.patterns.extend(lines.map(Vec::from));
            }
            b'1' => c.quiet = true,
            b'3' => c.stdout = true,
            b'4' => c.owners = false,
            b'5' => c.absolute = true,
            b'6' | b'8' => c.renumber = true,
            _ => {}
        }
    }
    if list {
        c.mode = b't';
    }
    Ok(c)
}

/// `USER`, `USER:GROUP`, `USER.GROUP`, `USER:` (its own group) or `:GROUP`.
fn owner(text: &OsStr) -> Result<(Option<u32>, Option<u32>), Error> {
    let bytes = text.as_bytes();
    let unknown = || Error::bad(show(text), "no such user or group");
    let mut users = Users::new();
    let cut = bytes.iter().position(|&b| b == b':' || b == b'.');
    let (user, group) = match cut {
        Some(at) => {
            let (user, group) = bytes.split_at(at);
            (user, group.get(1..))
        }
        None => (bytes, None),
    };
    let (mut uid, mut gid) = (None, None);
    if !user.is_empty() {
        let (id, own) = users.uid(user).ok_or_else(unknown)?;
        uid = Some(id);
        gid = own.filter(|_| group == Some(b""));
    }
    if let Some(group) = group.filter(|group| !group.is_empty()) {
        gid = Some(users.gid(group).ok_or_else(unknown)?);
    }
    Ok((uid, gid))
}

/// `N blocks`.
fn tell(cx: &mut Ctx, c: &Choice, bytes: u64) {
    if !c.quiet {
        let _ = cx.flush();
        let count = bytes.div_ceil(UNIT);
        let plural = if count == 1 { "" } else { "s" };
        // Nobody is hurt when a remark cannot be printed.
        let _ = write_all(cx.stderr, format!("{count} block{plural}\n").as_bytes());
    }
}

fn damaged(damage: Damage) -> Error {
    match damage {
        Damage::Header(0) => Error::msg("unsupported cpio format, use newc or crc"),
        Damage::Empty => Error::msg("premature end of archive"),
        Damage::Header(at) => Error::msg(format_args!("malformed header at byte {at}")),
        Damage::Short => Error::msg("premature end of archive"),
        damage => Error::msg(damage),
    }
}

fn on_disk(c: &Choice, name: &[u8]) -> PathBuf {
    let name = Path::new(OsStr::from_bytes(name));
    if c.folder == Path::new(".") { name.to_path_buf() } else { c.folder.join(name) }
}
