//! tree: draw a tree of files. busybox, with `-a -d -f -L` of the program of
//! that name. Lines are drawn with UTF-8's where the locale has them.

use std::os::unix::ffi::OsStrExt;

use nix::fcntl::readlinkat;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::fsutil::place::last_part;
use crate::fsutil::walk::{Follow, Step, Walk};
use crate::sys::folder;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "tree",
    summary: "draw a tree of files",
    usage: "[-adf] [-L LEVEL] [DIR...]\n\
            \x20 -a  names with a dot in front too    -d  only folders\n\
            \x20 -f  whole paths                      -L  so many levels\n\
            \x20 --noreport  without the count at the end",
    kind: Kind::Fork, // big trees take long
    run,
};

/// The lines: through, a branch, the last branch.
const PLAIN: [&[u8]; 3] = [b"|   ", b"|-- ", b"`-- "];
const UTF8: [&[u8]; 3] = ["│   ".as_bytes(), "├── ".as_bytes(), "└── ".as_bytes()];

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let (mut all, mut folders, mut whole, mut report) = (false, false, false, true);
    let mut levels = usize::MAX;
    let mut options = cx.parse("a d f L: i n C N -1,noreport")?;
    while let Some(letter) = options.next() {
        match letter {
            b'a' => all = true,
            b'd' => folders = true,
            b'f' => whole = true,
            b'L' => levels = usize::try_from(options.number("not a level")?).unwrap_or(usize::MAX),
            b'1' => report = false,
            _ => {}
        }
    }
    let mut operands = std::mem::take(&mut options.operands);
    if operands.is_empty() {
        operands.push(".".into());
    }
    let lines = if super::wc::is_utf8(cx) { UTF8 } else { PLAIN };
    let (mut folder_count, mut file_count) = (0u64, 0u64);
    for operand in &operands {
        let mut walk = Walk::new(Follow::Start);
        walk.sorted = true;
        walk.max_depth = levels;
        walk.start(operand.as_bytes());
        // of each level above: how many entries are still to come
        let mut left: Vec<usize> = Vec::new();
        while let Some(step) = walk.next() {
            let depth = walk.depth();
            match step {
                Step::Entry => {
                    let is_folder = walk.is_folder();
                    let hidden = last_part(walk.path()).starts_with(b".");
                    if depth > 0 && (hidden && !all || folders && !is_folder) {
                        walk.prune();
                        continue;
                    }
                    let mut line = Vec::new();
                    left.truncate(depth);
                    if let Some(last) = left.last_mut() {
                        *last = last.saturating_sub(1);
                    }
                    for (at, count) in left.iter().enumerate() {
                        let here = at + 1 == left.len();
                        line.extend_from_slice(match (here, *count) {
                            (false, 0) => b"    ",
                            (false, _) => lines[0],
                            (true, 0) => lines[2],
                            (true, _) => lines[1],
                        });
                    }
                    let name =
                        if depth == 0 || whole { walk.path() } else { last_part(walk.path()) };
                    line.extend_from_slice(show_bytes(name).to_string().as_bytes());
                    if depth == 0 && walk.stat().is_err() {
                        line.extend_from_slice(b"  [error opening dir]");
                        cx.fail();
                    } else if walk.kind() == libc::S_IFLNK
                        && let Ok(text) = readlinkat(walk.dir(), walk.name())
                    {
                        line.extend_from_slice(b" -> ");
                        line.extend_from_slice(show_bytes(text.as_bytes()).to_string().as_bytes());
                    }
                    line.push(b'\n');
                    cx.put(&line)?;
                    if depth > 0 {
                        folder_count += u64::from(is_folder);
                        file_count += u64::from(!is_folder);
                    }
                    if is_folder {
                        left.push(count(&walk, all, folders));
                    }
                }
                Step::Leave => {}
                Step::Failed(errno) | Step::Lost(errno) => {
                    cx.warn(Error::os(show_bytes(walk.path()), errno));
                }
            }
        }
    }
    if report {
        let end =
            |count: u64, one: &'static str, many: &'static str| if count == 1 { one } else { many };
        cx.print(format_args!(
            "\n{folder_count} {}",
            end(folder_count, "directory", "directories")
        ))?;
        if !folders {
            cx.print(format_args!(", {file_count} {}", end(file_count, "file", "files")))?;
        }
        cx.put(b"\n")?;
    }
    Ok(cx.status())
}

/// How many entries of the folder are shown.
fn count(walk: &Walk, all: bool, folders: bool) -> usize {
    let name = walk.name().as_bytes();
    let mut packed = Vec::new();
    if let Ok(fd) = crate::fsutil::ladder::open_folder(walk.dir(), name, walk.follows()) {
        let _ = folder::read(std::os::fd::AsFd::as_fd(&fd), &mut packed, &mut Vec::new());
    }
    let (mut at, mut count) = (0, 0);
    while let Some((kind, name)) = folder::next(&packed, &mut at) {
        let shown = all || !name.starts_with(b".");
        count += usize::from(shown && (!folders || kind == libc::DT_DIR));
    }
    count
}
