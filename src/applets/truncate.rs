//! truncate and fallocate: set the size of files, reserve or free space in
//! them. GNU, util-linux.

use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, FallocateFlags, OFlag, fallocate, openat};
use nix::sys::stat::{Mode, fstat, stat};
use nix::unistd::ftruncate;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::size;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "truncate",
    summary: "set the size of files",
    usage: "[-co] -s SIZE | -r FILE FILE...\n\
            \x20 -s SIZE  N, with K M G T (KB: 1000); +N more, -N less, <N at most, >N at least,\n\
            \x20          /N and %N: rounded down, up to a multiple\n\
            \x20 -r FILE  as big as that     -c  make no file    -o  N counts blocks",
    kind: Kind::Fork, // a network file system may block
    run,
};

/// fallocate.
pub(super) static FALLOCATE: Applet = Applet {
    name: "fallocate",
    summary: "reserve or free space in a file",
    usage: "[-ncpzx] [-o OFFSET] -l LENGTH FILE\n\
            \x20      fallocate -d FILE\n\
            \x20 -n  the size of the file stays     -p  make a hole (implies -n)\n\
            \x20 -z  make zeros     -c  take the range out     -i  put a hole in between\n\
            \x20 -d  make holes of zeros            -x  by posix_fallocate",
    kind: Kind::Fork, // takes long
    run: run_fallocate,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let (mut make, mut blocks) = (true, false);
    let (mut text, mut like) = (None, None);
    let mut options = cx.parse("s:size r:reference c,no-create o,io-blocks")?;
    while let Some(letter) = options.next() {
        match letter {
            b's' => text = Some(options.bytes()),
            b'r' => like = Some(options.value()),
            b'c' => make = false,
            _ => blocks = true,
        }
    }
    let usage = |text| Error::usage(text).with(Status::FAILURE);
    let mut base = None;
    if let Some(like) = &like {
        let stat = stat(like.as_os_str()).map_err(|e| Error::os(show(like), e))?;
        base = Some(stat.st_size);
    }
    let (sign, number) = match &text {
        None if base.is_none() => return Err(usage("what size (-s or -r)?")),
        None => (b'+', 0),
        Some(text) => {
            let blank = text.iter().take_while(|b| b.is_ascii_whitespace()).count();
            let text = text.get(blank..).unwrap_or_default();
            let (sign, digits) = match text.split_first() {
                Some((&sign, rest)) if b"+-<>/%".contains(&sign) => (sign, rest),
                _ => (b'=', text),
            };
            let number = size::parse(digits).and_then(|n| i64::try_from(n).ok());
            let wrong = || Error::bad(show_bytes(text), "not a size").with(Status::FAILURE);
            (sign, number.ok_or_else(wrong)?)
        }
    };
    if base.is_some() && sign == b'=' {
        return Err(usage("with -r the size has to be relative"));
    }
    if matches!(sign, b'/' | b'%') && number == 0 {
        return Err(usage("division by zero"));
    }
    if options.operands.is_empty() {
        return Err(usage("which file?"));
    }
    for name in &options.operands {
        let mut flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        flags.set(OFlag::O_CREAT, make);
        let done = match openat(AT_FDCWD, name.as_os_str(), flags, Mode::from_bits_truncate(0o666))
        {
            Err(Errno::ENOENT) if !make => continue,
            Err(errno) => Err(errno),
            Ok(file) => fstat(&file).and_then(|stat| {
                let number = match blocks {
                    true => number.checked_mul(stat.st_blksize).ok_or(Errno::EFBIG)?,
                    false => number,
                };
                let old = base.unwrap_or(stat.st_size);
                let new = match sign {
                    b'+' => old.checked_add(number),
                    b'-' => Some((old - number).max(0)),
                    b'<' => Some(old.min(number)),
                    b'>' => Some(old.max(number)),
                    b'/' => Some(old / number * number),
                    b'%' => (old - 1)
                        .div_euclid(number)
                        .checked_add(1)
                        .and_then(|n| n.checked_mul(number)),
                    _ => Some(number),
                };
                ftruncate(&file, new.ok_or(Errno::EFBIG)?)
            }),
        };
        if let Err(errno) = done {
            cx.warn(Error::os(show(name), errno));
        }
    }
    Ok(cx.status())
}

fn run_fallocate(cx: &mut Ctx) -> Result<Status, Error> {
    let mut flags = FallocateFlags::empty();
    let (mut offset, mut length, mut dig) = (0, None, false);
    let mut options = cx.parse(
        "l:length o:offset n,keep-size c,collapse-range p,punch-hole z,zero-range \
        i,insert-range d,dig-holes x,posix v,verbose",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'l' | b'o' => {
                let text = options.bytes();
                let number = size::parse(&text).and_then(|n| i64::try_from(n).ok());
                let wrong =
                    || Error::bad(show_bytes(&text), "not a number of bytes").with(Status::FAILURE);
                let number = number.ok_or_else(wrong)?;
                if letter == b'o' { offset = number } else { length = Some(number) }
            }
            b'n' => flags |= FallocateFlags::FALLOC_FL_KEEP_SIZE,
            b'c' => flags |= FallocateFlags::FALLOC_FL_COLLAPSE_RANGE,
            b'p' => {
                flags |= FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
            }
            b'z' => flags |= FallocateFlags::FALLOC_FL_ZERO_RANGE,
            b'i' => flags |= FallocateFlags::FALLOC_FL_INSERT_RANGE,
            b'd' => dig = true,
            _ => {}
        }
    }
    let usage = |text| Error::usage(text).with(Status::FAILURE);
    let [name] = options.operands.as_slice() else { return Err(usage("wants one file")) };
    let alone = FallocateFlags::FALLOC_FL_COLLAPSE_RANGE | FallocateFlags::FALLOC_FL_INSERT_RANGE;
    let creates = !dig && !flags.intersects(alone | FallocateFlags::FALLOC_FL_KEEP_SIZE);
    let mut how = OFlag::O_RDWR | OFlag::O_CLOEXEC;
    how.set(OFlag::O_CREAT, creates);
    let length = match length {
        Some(0) => return Err(usage("a length of 0")),
        None if !dig => return Err(usage("what length (-l)?")),
        length => length.unwrap_or(0),
    };
    let wrong = |errno| Error::os(show(name), errno);
    let file =
        openat(AT_FDCWD, name.as_os_str(), how, Mode::from_bits_truncate(0o666)).map_err(wrong)?;
    if dig {
        dig_holes(file.as_fd()).map_err(wrong)?;
    } else {
        fallocate(&file, flags, offset, length).map_err(wrong)?;
    }
    Ok(Status::OK)
}

/// Makes holes of the blocks that hold only zeros.
fn dig_holes(file: std::os::fd::BorrowedFd<'_>) -> Result<(), Errno> {
    let mut buffer = vec![0; 64 * 1024];
    let mut at: i64 = 0;
    loop {
        let count = nix::sys::uio::pread(file, &mut buffer, at)?;
        if count == 0 {
            return Ok(());
        }
        for block in buffer.get(..count).unwrap_or_default().chunks(4096) {
            let length = i64::try_from(block.len()).unwrap_or(0);
            if crate::fsutil::content::is_zero(block) {
                let flags =
                    FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
                fallocate(file, flags, at, length)?;
            }
            at += length;
        }
    }
}
