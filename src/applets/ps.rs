//! ps: list processes. Options of POSIX, BSD (`ps aux`) and procps.
//!
//! Deviations: without a selection it lists all processes, as busybox does
//! (a rescue system has one user), in busybox's columns; control bytes in
//! names and arguments are `?`.

use std::cmp::Ordering;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::fsutil::users::Users;
use crate::order::sort_by;
use crate::proc::{self, Process, System};
use crate::sys::terminal;

pub(super) mod column;
mod selection;

use column::{Column, Shape};
use selection::Selection;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "ps",
    summary: "list processes",
    usage: "[-AaedfFlTw] [-o COLUMNS] [-p PIDS] [-u USERS] [-C NAMES] [-t TTYS]\n\
            \x20      ps [axulTw] [o COLUMNS] [PID...]\n\
            \x20 -e, -A, ax   all processes (the default)\n\
            \x20 -a, -d       without session leaders and those without terminal; leaders only\n\
            \x20 -p, --ppid, -C, -u, -U, -G, -g, -s, -t   by number, parent, name, user, real\n\
            \x20              user, group, process group, session, terminal; -N the others\n\
            \x20 -f, -F, -l, u, l, j   full, more, long listing; BSD's; jobs\n\
            \x20 -T, -L       threads\n\
            \x20 -o LIST      pid,ppid,user,stat,vsz,rss,tty,time,etime,comm,args,...; NAME=HEAD\n\
            \x20              names the column, NAME= gives it no name\n\
            \x20 --sort LIST  by columns, -rss the largest first\n\
            \x20 -H, --forest children below their parents\n\
            \x20 -w, ww       lines as long as they are; h, --no-headers  no head; -n  users by number",
    kind: Kind::Fork, // reads much of /proc
    run,
};

#[derive(Default)]
struct Choice {
    selection: Selection,
    columns: Vec<Column>,
    extra: Vec<Column>,
    format: Option<Format>,
    threads: bool,
    /// The column of threads is LWP, not SPID.
    lwp: bool,
    label: bool,
    /// -y: the resident size, and no flags.
    compact: bool,
    no_head: bool,
    /// Users and groups by number.
    numeric: bool,
    wide: bool,
    forest: bool,
    sort: Vec<(Column, bool)>,
    bsd: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Full,
    ExtraFull,
    Long,
    FullLong,
    User,
    BsdLong,
    Jobs,
    BsdJobs,
    Plain,
}

impl Format {
    /// The columns, with their heads where those are not the usual.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Format::Full => &["user=UID", "pid", "ppid", "c", "stime", "tname", "time", "args=CMD"],
            Format::ExtraFull => &[
                "user=UID", "pid", "ppid", "c", "sz", "rss", "psr", "stime", "tname", "time",
                "args=CMD",
            ],
            Format::Long => &[
                "f", "s", "uid", "pid", "ppid", "c", "opri", "ni", "addr", "sz", "wchan", "tname",
                "time", "comm=CMD",
            ],
            Format::FullLong => &[
                "f", "s", "user=UID", "pid", "ppid", "c", "opri", "ni", "addr", "sz", "wchan",
                "stime", "tname", "time", "args=CMD",
            ],
            Format::User => &[
                "user", "pid", "%cpu", "%mem", "vsz", "rss", "tname", "stat", "bsdstart",
                "bsdtime", "args",
            ],
            Format::BsdLong => &[
                "f", "uid", "pid", "ppid", "priority", "ni", "vsz", "rss", "wchan", "stat",
                "tname", "bsdtime", "args",
            ],
            Format::Jobs => &["pid", "pgid", "sid", "tname", "time", "comm=CMD"],
            Format::BsdJobs => {
                &["ppid", "pid", "pgid", "sid", "tname", "tpgid", "stat", "uid", "bsdtime", "args"]
            }
            Format::Plain => &["pid", "tname", "time", "comm=CMD"],
        }
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut users = Users::new();
    let mut c = parse(cx, &mut users)?;
    let given = !c.columns.is_empty();
    let busybox = c.format.is_none() && c.columns.is_empty();
    let mut columns = if !c.columns.is_empty() {
        std::mem::take(&mut c.columns)
    } else if let Some(format) = c.format {
        named(format.columns())?
    } else {
        named(&["pid", "user", "bsdtime", "args"])?
    };
    if c.compact && !given && matches!(c.format, Some(Format::Long | Format::FullLong)) {
        columns.retain(|column| !column.is(b"f"));
        insert(&mut columns, b"addr", "rss")?;
        columns.retain(|column| !column.is(b"addr"));
    }
    if c.threads && !given {
        let place = |name: &&[u8]| columns.iter().any(|column| column.is(name));
        let names = [b"sid".as_slice(), b"ppid", b"pid"];
        let before = names.into_iter().filter(|_| c.lwp).find(place).unwrap_or(b"pid");
        insert(&mut columns, before, if c.lwp { "lwp" } else { "lwp=SPID" })?;
        if c.lwp && matches!(c.format, Some(Format::Full | Format::ExtraFull | Format::FullLong)) {
            insert(&mut columns, b"c", "nlwp")?;
        }
    }
    columns.append(&mut c.extra);
    if c.label {
        columns.splice(0..0, named(&["label"])?);
    }
    if c.numeric {
        column::number_users(&mut columns);
    }
    if busybox {
        column::shape_like_busybox(&mut columns);
    }
    let system = System::read()?;
    let mut list = proc::all(c.threads)?;
    list.retain(|process| c.selection.wants(process));
    let none = list.is_empty();
    if !c.sort.is_empty() {
        list = sort(list, &c, &system, &mut users);
    }
    let depths = if c.forest { forest(&mut list) } else { vec![0; list.len()] };
    let limit = if c.wide { usize::MAX } else { line_width(cx) };
    print(cx, &columns, &list, &depths, !c.no_head, limit, &system, &mut users)?;
    // procps: nothing selected is a failure
    Ok(Status::from_bool(!none))
}

/// A file or pipe gets all; a terminal what fits.
fn line_width(cx: &Ctx) -> usize {
    let given = cx.env.get(b"COLUMNS").and_then(|text| text.to_str()?.parse().ok());
    if !terminal::is_terminal(cx.stdout) {
        return usize::MAX;
    }
    terminal::columns(cx.stdout).or(given).unwrap_or(80)
}

/// Puts a column behind the one called `before`.
fn insert(columns: &mut Vec<Column>, before: &[u8], name: &str) -> Result<(), Error> {
    let at = columns.iter().position(|column| column.is(before)).map_or(0, |at| at + 1);
    columns.splice(at..at, named(&[name])?);
    Ok(())
}

fn named(list: &[&str]) -> Result<Vec<Column>, Error> {
    let mut columns = Vec::new();
    for name in list {
        columns.append(&mut Column::parse_list(name.as_bytes()).map_err(Error::usage)?);
    }
    Ok(columns)
}

fn parse(cx: &Ctx, users: &mut Users) -> Result<Choice, Error> {
    let mut c = Choice::default();
    let mut options = cx.parse(
        "e A a d N,deselect n f F l j T L m w H,forest y c M,context Z \
        -1,headers \
        -h,no-headers|no-heading|noheaders|noheading o:format O: k:sort p:pid q:quick-pid \
        -P:ppid g:group-leader s:sid u:user U:User G:Group|group C: t:tty",
    )?;
    while let Some(letter) = options.next() {
        let value = options.bytes();
        let by = match letter {
            b'p' | b'q' => Some(selection::By::Pid),
            b'P' => Some(selection::By::Parent),
            b'g' => Some(selection::By::Group),
            b's' => Some(selection::By::Session),
            _ => None,
        };
        if let Some(by) = by {
            c.selection.add_numbers(by, &value)?;
        }
        match letter {
            b'e' | b'A' => c.selection.all = true,
            b'a' => c.selection.with_terminal = true,
            b'd' => c.selection.no_leaders = true,
            b'N' => c.selection.negated = true,
            b'f' if matches!(c.format, Some(Format::Long | Format::FullLong)) => {
                c.format = Some(Format::FullLong);
            }
            b'l' if matches!(c.format, Some(Format::Full | Format::FullLong)) => {
                c.format = Some(Format::FullLong);
            }
            b'f' => c.format = Some(Format::Full),
            b'F' => c.format = Some(Format::ExtraFull),
            b'l' => c.format = Some(Format::Long),
            b'Z' | b'M' => c.label = true,
            b'j' => c.format = Some(Format::Jobs),
            b'L' => (c.threads, c.lwp) = (true, true),
            b'T' | b'm' => c.threads = true,
            b'w' => c.wide = true,
            b'H' => c.forest = true,
            b'h' => c.no_head = true,
            b'n' => c.numeric = true,
            b'y' => c.compact = true,
            b'o' => c.columns(&value)?,
            b'O' => c.around(&value)?,
            b'k' => c.sort_by(&value)?,
            b'u' | b'U' => c.selection.add_users(letter == b'U', &value, users)?,
            b'G' => c.selection.add_groups(&value, users)?,
            b'C' => c.selection.add_names(&value),
            b't' => c.selection.add_terminals(&value),
            _ => {}
        }
    }
    let bsd: Vec<Vec<u8>> = options.operands.into_iter().map(OsString::into_vec).collect();
    let mut words = bsd.iter();
    while let Some(word) = words.next() {
        if word.first().is_some_and(u8::is_ascii_digit) {
            c.selection.add_numbers(selection::By::Pid, word)?;
            c.bsd = true;
            continue;
        }
        c.bsd_letters(word, &mut words, users)?;
    }
    if c.bsd && c.format.is_none() && c.columns.is_empty() {
        c.format = Some(Format::Plain);
        c.columns = named(&["pid", "tname", "stat", "bsdtime", "args"])?;
    }
    let selected = c.selection.all || c.threads || c.selection.is_some();
    if selected && c.format.is_none() && c.columns.is_empty() && !c.bsd {
        c.format = Some(Format::Plain);
    }
    Ok(c)
}

impl Choice {
    fn columns(&mut self, list: &[u8]) -> Result<(), Error> {
        self.columns.append(&mut Column::parse_list(list).map_err(Error::usage)?);
        Ok(())
    }

    /// `-O LIST`: the usual columns around these.
    fn around(&mut self, list: &[u8]) -> Result<(), Error> {
        self.columns = named(&["pid"])?;
        self.columns(list)?;
        self.extra = named(&["s", "tname", "time", "args"])?;
        Ok(())
    }

    fn sort_by(&mut self, list: &[u8]) -> Result<(), Error> {
        for word in list.split(|&b| b == b',').filter(|word| !word.is_empty()) {
            let (name, down) = match word {
                [b'-', name @ ..] => (name, true),
                [b'+', name @ ..] => (name, false),
                name => (name, false),
            };
            for column in Column::parse_list(name).map_err(Error::usage)? {
                self.sort.push((column, down));
            }
        }
        Ok(())
    }

    /// `aux`: letters without a dash; the argument of one is what is behind it
    /// or the next word.
    fn bsd_letters<'a>(
        &mut self,
        word: &'a [u8],
        words: &mut std::slice::Iter<'a, Vec<u8>>,
        users: &mut Users,
    ) -> Result<(), Error> {
        self.bsd = true;
        let mut letters = word;
        while let Some((&letter, rest)) = letters.split_first() {
            letters = rest;
            let mut value = || -> Result<&'a [u8], Error> {
                let own = std::mem::take(&mut letters);
                if own.is_empty() { words.next().map(Vec::as_slice) } else { Some(own) }
                    .ok_or_else(|| Error::usage(format_args!("{}: of what?", char::from(letter))))
            };
            match letter {
                b'a' | b'x' | b'A' | b'g' => self.selection.all = true,
                b'u' => self.format = Some(Format::User),
                b'l' => self.format = Some(Format::BsdLong),
                b'j' => self.format = Some(Format::BsdJobs),
                b'w' => self.wide = true,
                b'h' => self.no_head = true,
                b'f' => self.forest = true,
                b'H' | b'T' | b'm' => self.threads = true,
                b'c' | b'e' | b'S' => {}
                b'n' => self.numeric = true,
                b'r' => self.selection.running = true,
                b'o' => {
                    let list = value()?;
                    self.columns(list)?;
                }
                b'k' => {
                    let list = value()?;
                    self.sort_by(list)?;
                }
                b'p' => {
                    let list = value()?;
                    self.selection.add_numbers(selection::By::Pid, list)?;
                }
                b't' => {
                    let list = value()?;
                    self.selection.add_terminals(list);
                }
                b'U' => {
                    let list = value()?;
                    self.selection.add_users(false, list, users)?;
                }
                _ => {
                    return Err(Error::bad(show_bytes(&[letter]), "no such option"));
                }
            }
        }
        Ok(())
    }
}

fn sort(list: Vec<Process>, c: &Choice, system: &System, users: &mut Users) -> Vec<Process> {
    // Keys are made once: to compare they may need files.
    let mut keyed = Vec::new();
    for process in list {
        let mut keys = Vec::new();
        for (column, _) in &c.sort {
            keys.push(column.key(&process, system, users));
        }
        keyed.push((keys, process));
    }
    sort_by(&mut keyed, |(a, _), (b, _)| {
        for ((x, y), (_, down)) in a.iter().zip(b).zip(&c.sort) {
            let order = if *down { y.cmp(x) } else { x.cmp(y) };
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    });
    let mut list = Vec::new();
    for (_, process) in keyed {
        list.push(process);
    }
    list
}

/// Puts children below their parents; returns how deep each is. Without
/// recursion: a chain of processes may be long.
fn forest(list: &mut Vec<Process>) -> Vec<usize> {
    // What is left of the list as it was: the number of the parent, and the
    // process until it has its place.
    let mut old = Vec::new();
    for process in list.drain(..) {
        old.push((process.stat.pid, process.stat.ppid, Some(process)));
    }
    let mut depths = Vec::new();
    let mut waiting: Vec<(usize, usize)> = Vec::new();
    for (at, (_, parent, _)) in old.iter().enumerate().rev() {
        if *parent == 0 || !old.iter().any(|(pid, _, _)| pid == parent) {
            waiting.push((at, 0));
        }
    }
    while let Some((at, depth)) = waiting.pop() {
        let Some((pid, process)) = old.get_mut(at).and_then(|o| Some((o.0, o.2.take()?))) else {
            continue;
        };
        list.push(process);
        depths.push(depth);
        for (child, (_, parent, _)) in old.iter().enumerate().rev() {
            if *parent == pid && child != at {
                waiting.push((child, depth + 1));
            }
        }
    }
    depths
}

#[allow(clippy::too_many_arguments)]
fn print(
    cx: &mut Ctx,
    columns: &[Column],
    list: &[Process],
    depths: &[usize],
    head: bool,
    limit: usize,
    system: &System,
    users: &mut Users,
) -> Result<(), Error> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    if head && columns.iter().any(|column| !column.head.is_empty()) {
        rows.push(columns.iter().map(|column| column.head.clone()).collect());
    }
    for (process, depth) in list.iter().zip(depths) {
        let mut row = Vec::new();
        for column in columns {
            let mut text = column.text(process, system, users);
            if column.shape == Shape::Command {
                text.insert_str(0, &"  ".repeat(*depth));
            }
            row.push(text);
        }
        rows.push(row);
    }
    for row in &rows {
        let mut line = String::new();
        // A value that is too wide pushes those behind it, which give their
        // blanks back as far as they can.
        let mut over = 0;
        for (n, (cell, column)) in row.iter().zip(columns).enumerate() {
            if n > 0 {
                line.push(' ');
            }
            let last = n + 1 == columns.len();
            let length = if cell.is_ascii() { cell.len() } else { cell.chars().count() };
            let pad = column.width.saturating_sub(length);
            let given = pad.min(over);
            over -= given;
            let pad = pad - given;
            match column.shape {
                Shape::Right => {
                    line.extend(std::iter::repeat_n(' ', pad));
                    line.push_str(cell);
                    over += length.saturating_sub(column.width);
                }
                Shape::Left | Shape::Command if last => line.push_str(cell),
                Shape::Left | Shape::Command => {
                    let end =
                        cell.char_indices().nth(column.width).map_or(cell.len(), |(at, _)| at);
                    line.push_str(cell.get(..end).unwrap_or_default());
                    line.extend(std::iter::repeat_n(' ', pad));
                }
            }
        }
        if line.len() > limit
            && let Some((end, _)) = line.char_indices().nth(limit)
        {
            line.truncate(end);
        }
        line.push('\n');
        cx.put(line.as_bytes())?;
    }
    Ok(())
}
