//! The options of ls.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use lexopt::Arg::{Long, Short, Value};

use super::order::Sort;
use crate::applet::{Ctx, Error, show, show_bytes};
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
        classify: false,
        slash: false,
        follow: false,
        follow_operands: false,
        control: if on_terminal { Control::Question } else { Control::Raw },
        color: false,
        width: 0,
    };
    let mut operands = Vec::new();
    let mut width = None;
    let mut parser = cx.options();
    while let Some(arg) = parser.next()? {
        match arg {
            Short('l') | Long("format") => c.layout = Layout::Long,
            // POSIX: -1 after -l means nothing
            Short('1') if c.layout != Layout::Long => c.layout = Layout::OneColumn,
            Short('1') => {}
            Short('C') => c.layout = Layout::Down,
            Short('x') => c.layout = Layout::Across,
            Short('m') => c.layout = Layout::Commas,
            Short('g') => (c.layout, c.no_owner) = (Layout::Long, true),
            Short('o') => (c.layout, c.no_group) = (Layout::Long, true),
            Short('G') | Long("no-group") => c.no_group = true,
            Short('n') | Long("numeric-uid-gid") => (c.layout, c.numeric) = (Layout::Long, true),
            Short('a') | Long("all") => c.all = true,
            Short('A') | Long("almost-all") => c.almost_all = true,
            Short('B') | Long("ignore-backups") => c.no_backups = true,
            Short('d') | Long("directory") => c.folder_itself = true,
            Short('R') | Long("recursive") => c.recursive = true,
            Short('h') | Long("human-readable") => c.human = true,
            Long("si") => (c.human, c.decimal) = (true, true),
            Short('i') | Long("inode") => c.inode = true,
            Short('s') | Long("size") => c.blocks = true,
            // blocks are of 1024 bytes anyhow
            Short('k') | Long("kibibytes") => {}
            Short('Z') | Long("context") => c.context = true,
            Short('t') => c.sort = Some(Sort::Time),
            Short('S') => c.sort = Some(Sort::Size),
            Short('X') => c.sort = Some(Sort::Extension),
            Short('v') => c.sort = Some(Sort::Version),
            Short('U') => c.sort = Some(Sort::None),
            Short('f') => (c.all, c.sort) = (true, Some(Sort::None)),
            Short('r') | Long("reverse") => c.reverse = true,
            Short('u') => c.which = Which::Accessed,
            Short('c') => c.which = Which::Changed,
            Short('F') | Long("classify") => c.classify = true,
            Short('p') => c.slash = true,
            Short('L') | Long("dereference") => c.follow = true,
            Short('H') | Long("dereference-command-line") => c.follow_operands = true,
            Short('q') | Long("hide-control-chars") => c.control = Control::Question,
            Long("show-control-chars") | Short('N') | Long("literal") => c.control = Control::Raw,
            Short('b') | Long("escape") => c.control = Control::Escape,
            Short('w') | Long("width") => {
                let text = parser.value()?;
                let number = text.to_str().and_then(|t| t.parse::<usize>().ok());
                width =
                    Some(number.ok_or_else(|| {
                        Error::usage(format_args!("{}: not a width", show(&text)))
                    })?);
            }
            Long("group-directories-first") => c.folders_first = true,
            Long("full-time") => (c.layout, c.time_style) = (Layout::Long, TimeStyle::FullIso),
            Long("color" | "colour") => {
                c.color = match parser.optional_value().map(OsStringExt::into_vec).as_deref() {
                    None | Some(b"always" | b"yes" | b"force") => true,
                    Some(b"never" | b"no" | b"none") => false,
                    Some(b"auto" | b"tty" | b"if-tty") => {
                        on_terminal && cx.env.get(b"NO_COLOR").is_none()
                    }
                    Some(other) => return Err(no_such("--color", other)),
                };
            }
            Long("time-style") => {
                let value = parser.value()?.into_vec();
                c.time_style = match value.as_slice() {
                    b"locale" => TimeStyle::Locale,
                    b"full-iso" => TimeStyle::FullIso,
                    b"long-iso" => TimeStyle::LongIso,
                    b"iso" => TimeStyle::Iso,
                    other => return Err(no_such("--time-style", other)),
                };
            }
            Long("time") => {
                let value = parser.value()?.into_vec();
                c.which = match value.as_slice() {
                    b"atime" | b"access" | b"use" => Which::Accessed,
                    b"ctime" | b"status" => Which::Changed,
                    b"mtime" | b"modification" => Which::Modified,
                    other => return Err(no_such("--time", other)),
                };
            }
            Long("sort") => {
                let value = parser.value()?.into_vec();
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
            Value(word) => operands.push(word),
            other => return Err(other.unexpected().into()),
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
    Ok((c, operands))
}

fn no_such(option: &str, value: &[u8]) -> Error {
    Error::usage(format_args!("{option}={}: no such value", show_bytes(value)))
}
