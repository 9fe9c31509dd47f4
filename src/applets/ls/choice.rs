//! The options of ls.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::order::Sort;
use crate::applet::{Ctx, Error, show_bytes};
use crate::sys::terminal;

/// How names are set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    OneColumn,
    Down,
    Across,
    Commas,
    Long,
}

/// What becomes of control bytes in names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Control {
    Raw,
    Question,
    Escape,
    /// Between quotes, as in C.
    Quote,
}

/// Which of its times a file shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Modified,
    Accessed,
    Changed,
}

/// How times are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TimeStyle {
    Locale,
    FullIso,
    LongIso,
    Iso,
}

/// What the options chose.
pub struct Choice {
    pub layout: Layout,
    pub all: bool,
    pub almost_all: bool,
    pub no_backups: bool,
    pub folder_itself: bool,
    pub recursive: bool,
    pub human: bool,
    pub decimal: bool,
    pub inode: bool,
    pub blocks: bool,
    pub numeric: bool,
    pub no_owner: bool,
    pub no_group: bool,
    pub context: bool,
    pub sort: Option<Sort>,
    pub reverse: bool,
    pub folders_first: bool,
    pub which: Which,
    pub time_style: TimeStyle,
    /// A form of date(1) that stands instead of the style.
    pub time_form: Option<Vec<u8>>,
    pub classify: bool,
    pub slash: bool,
    pub follow: bool,
    pub follow_operands: bool,
    pub control: Control,
    pub color: bool,
    pub width: usize,
}

/// The options and operands of the command line.
pub fn parse(cx: &Ctx) -> Result<(Choice, Vec<OsString>), Error> {
    let on_terminal = terminal::is_terminal(cx.stdout);
    let mut c = Choice {
        layout: if on_terminal { Layout::Down } else { Layout::OneColumn },
        all: false,
        almost_all: false,
        no_backups: false,
        folder_itself: false,
        recursive: false,
        human: false,
        decimal: false,
        inode: false,
        blocks: false,
        numeric: false,
        no_owner: false,
        no_group: false,
        context: false,
        sort: None,
        reverse: false,
        folders_first: false,
        which: Which::Modified,
        time_style: TimeStyle::Locale,
        time_form: None,
        classify: false,
        slash: false,
        follow: false,
        follow_operands: false,
        control: if on_terminal { Control::Question } else { Control::Raw },
        color: false,
        width: 0,
    };
    let mut width = None;
    let mut options = cx.parse(
        "l,format 1 C x m g o G,no-group n,numeric-uid-gid a,all A,almost-all \
        B,ignore-backups d,directory R,recursive h,human-readable -D,si i,inode \
        s,size k,kibibytes Z,context t S X v U f r,reverse u c F,classify p \
        L,dereference H,dereference-command-line q,hide-control-chars \
        N,show-control-chars|literal b,escape Q,quote-name w:width T:tabsize -E,group-directories-first \
        -I,full-time -J?color|colour -Y:time-style -K:time -M:sort",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'l' => c.layout = Layout::Long,
            // POSIX: -1 after -l means nothing
            b'1' if c.layout != Layout::Long => c.layout = Layout::OneColumn,
            b'1' => {}
            b'C' => c.layout = Layout::Down,
            b'x' => c.layout = Layout::Across,
            b'm' => c.layout = Layout::Commas,
            b'g' => (c.layout, c.no_owner) = (Layout::Long, true),
            b'o' => (c.layout, c.no_group) = (Layout::Long, true),
            b'G' => c.no_group = true,
            b'n' => (c.layout, c.numeric) = (Layout::Long, true),
            b'a' => c.all = true,
            b'A' => c.almost_all = true,
            b'B' => c.no_backups = true,
            b'd' => c.folder_itself = true,
            b'R' => c.recursive = true,
            b'h' => c.human = true,
            b'D' => (c.human, c.decimal) = (true, true),
            b'i' => c.inode = true,
            b's' => c.blocks = true,
            // blocks are of 1024 bytes anyhow
            b'k' => {}
            b'Z' => c.context = true,
            b't' => c.sort = Some(Sort::Time),
            b'S' => c.sort = Some(Sort::Size),
            b'X' => c.sort = Some(Sort::Extension),
            b'v' => c.sort = Some(Sort::Version),
            b'U' => c.sort = Some(Sort::None),
            b'f' => (c.all, c.sort) = (true, Some(Sort::None)),
            b'r' => c.reverse = true,
            b'u' => c.which = Which::Accessed,
            b'c' => c.which = Which::Changed,
            b'F' => c.classify = true,
            b'p' => c.slash = true,
            b'L' => c.follow = true,
            b'H' => c.follow_operands = true,
            b'q' => c.control = Control::Question,
            b'N' => c.control = Control::Raw,
            b'b' => c.control = Control::Escape,
            b'Q' => c.control = Control::Quote,
            b'w' => {
                let number = usize::try_from(options.number("not a width")?);
                width = Some(number.unwrap_or(usize::MAX));
            }
            b'E' => c.folders_first = true,
            b'I' => {
                (c.layout, c.time_style) = (Layout::Long, TimeStyle::FullIso);
                c.time_form = None;
            }
            b'J' => {
                c.color = match options.optional().map(OsStringExt::into_vec).as_deref() {
                    None | Some(b"always" | b"yes" | b"force") => true,
                    Some(b"never" | b"no" | b"none") => false,
                    Some(b"auto" | b"tty" | b"if-tty") => {
                        on_terminal && cx.env.get(b"NO_COLOR").is_none()
                    }
                    Some(other) => return Err(no_such("--color", other)),
                };
            }
            b'Y' => {
                let value = options.bytes();
                if !time_style(&mut c, &value) {
                    return Err(no_such("--time-style", &value));
                }
            }
            b'K' => {
                let value = options.bytes();
                c.which = match value.as_slice() {
                    b"atime" | b"access" | b"use" => Which::Accessed,
                    b"ctime" | b"status" => Which::Changed,
                    b"mtime" | b"modification" => Which::Modified,
                    other => return Err(no_such("--time", other)),
                };
            }
            b'M' => {
                let value = options.bytes();
                c.sort = Some(match value.as_slice() {
                    b"none" => Sort::None,
                    b"size" => Sort::Size,
                    b"time" => Sort::Time,
                    b"version" => Sort::Version,
                    b"extension" => Sort::Extension,
                    b"name" => Sort::Name,
                    other => return Err(no_such("--sort", other)),
                });
            }
            _ => {}
        }
    }
    c.width = match width {
        // GNU: 0 is no limit
        Some(0) => usize::MAX,
        Some(width) => width,
        None => terminal::columns(cx.stdout)
            .or_else(|| cx.env.get(b"COLUMNS")?.to_str()?.parse().ok())
            .unwrap_or(80),
    };
    // POSIX: -u and -c alone choose the time to sort by
    if c.sort.is_none() && c.which != Which::Modified && c.layout != Layout::Long {
        c.sort = Some(Sort::Time);
    }
    Ok((c, options.operands))
}

/// How times are written: a name, or `+FORMAT` of date(1). A style for locales
/// other than POSIX's is the usual one here.
fn time_style(c: &mut Choice, value: &[u8]) -> bool {
    c.time_form = value.strip_prefix(b"+").map(<[u8]>::to_vec);
    if c.time_form.is_some() {
        return true;
    }
    c.time_style = match value {
        b"locale" | b"posix-locale" | b"posix-full-iso" | b"posix-long-iso" | b"posix-iso" => {
            TimeStyle::Locale
        }
        b"full-iso" => TimeStyle::FullIso,
        b"long-iso" => TimeStyle::LongIso,
        b"iso" => TimeStyle::Iso,
        _ => return false,
    };
    true
}

fn no_such(option: &str, value: &[u8]) -> Error {
    Error::usage(format_args!("{option}={}: no such value", show_bytes(value)))
}
