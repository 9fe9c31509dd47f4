//! column: set lists in columns, or words of lines as a table. util-linux's,
//! which also knows what the column of the BSDs does.
//!
//! Deviation: control bytes come out as `\xNN`, but tabs of plain lists.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::inputs;
use crate::sys::terminal;
use crate::table::{self, Column, Fit, Form, Table, width_of};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "column",
    summary: "set lists in columns, or words of lines as a table",
    usage: "[-x] [-c WIDTH] [FILE...], or -t [-s CHARS] [-o TEXT] ... [FILE...]\n\
            \x20 -x         across the lines first      -c WIDTH  of the lines, or unlimited\n\
            \x20 -t         a table; -s CHARS  what words end at; -o TEXT  between columns\n\
            \x20 -N NAMES   headings (-d: not printed)  -l N  columns, the last takes the rest\n\
            \x20 -R, -H, -O LIST   at the right, hidden, order   -L  keep empty lines\n\
            \x20 -T, -W, -E LIST   cut off, go on below, overflow when lines are too long\n\
            \x20 -J [-n NAME]      as JSON (needs -N)\n\
            \x20 -r COLUMN -i COLUMN -p COLUMN   a tree by these lines' ids and parents",
    kind: Kind::Fork, // reading may block
    run,
};

/// The options.
#[derive(Default)]
struct Choice {
    table: bool,
    json: bool,
    across: bool,
    keep_empty: bool,
    no_headings: bool,
    separators: Option<Vec<u8>>,
    limit: usize,
    /// The letter, the option's name, its columns.
    lists: Vec<(u8, Vec<u8>)>,
    named: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "t,table n:table-name O:table-order N:table-columns l:table-columns-limit E:table-noextreme \
         d,table-noheadings e,table-header-repeat H:table-hide R:table-right T:table-truncate \
         W:table-wrap L,keep-empty-lines J,json r:tree i:tree-id p:tree-parent c:output-width|columns \
         o:output-separator s:separator x,fillrows",
    )
    .map_err(|e| e.with(Status::FAILURE))?;
    let mut c = Choice::default();
    let mut separator = b"  ".to_vec();
    let mut name = b"table".to_vec();
    let mut width = None;
    let mut sheet = Table::default();
    while let Some(letter) = options.next() {
        match letter {
            b't' => c.table = true,
            b'J' => (c.table, c.json) = (true, true),
            b'x' => c.across = true,
            b'L' => c.keep_empty = true,
            b'd' => c.no_headings = true,
            b's' => c.separators = Some(options.bytes()),
            b'o' => separator = options.bytes(),
            b'n' => name = options.bytes(),
            b'c' => {
                let value = options.value();
                let number = match value.as_bytes() {
                    b"unlimited" => Some(u64::from(u32::MAX)),
                    _ => crate::options::number(&value),
                };
                let number = number.ok_or_else(|| bad(show(&value), "not a width"))?;
                width = Some(usize::try_from(number).unwrap_or(0));
            }
            b'l' => {
                let value = options.value();
                let number = crate::options::number(&value).filter(|&n| n > 0);
                let number = number.ok_or_else(|| bad(show(&value), "not a number of columns"))?;
                c.limit = usize::try_from(number).unwrap_or(usize::MAX);
            }
            b'N' => {
                c.named = true;
                for name in options.bytes().split(|&b| b == b',') {
                    sheet.columns.push(Column::new(name));
                }
            }
            b'e' => {}
            _ => {
                let list = options.bytes();
                c.lists.push((letter, list));
            }
        }
    }
    if c.json && !c.named {
        return Err(Error::msg("option --table-columns required for --json"));
    }
    if !c.table && !c.lists.is_empty() {
        return Err(Error::msg("options --table-* and --tree need --table"));
    }
    let width = width.unwrap_or_else(|| {
        let typed = || cx.env.get(b"COLUMNS")?.to_str()?.parse().ok();
        terminal::columns(cx.stdout).or_else(typed).unwrap_or(80)
    });
    let mut entries: Vec<Vec<u8>> = Vec::new();
    let mut number = 0u64;
    let (named, mut unnamed) = (sheet.columns.len(), None);
    inputs::each(cx, &options.operands, &mut |cx, input| {
        while let Some(line) = input.next(b'\n')? {
            number += 1;
            let blank = line.iter().all(u8::is_ascii_whitespace);
            if !c.table {
                if !blank || c.keep_empty {
                    entries.push(visible(line));
                }
            } else if !blank {
                read_row(&c, line, &mut sheet);
                if c.json && sheet.columns.len() > named && unnamed.is_none() {
                    unnamed = Some((number, named + 1));
                }
            } else if c.keep_empty {
                sheet.add(Vec::new(), None);
            }
        }
        cx.flush()
    })?;
    if let Some((line, column)) = unnamed {
        return Err(Error::msg(format_args!(
            "line {line}: for JSON the name of the column {column} is required"
        )));
    }
    let mut out = Vec::new();
    if !c.table {
        fill(&entries, width, c.across, &mut out);
        cx.put(&out)?;
        return Ok(cx.status());
    }
    if sheet.rows.is_empty() {
        return Ok(cx.status());
    }
    let kind = if c.json { table::Kind::Json } else { table::Kind::Aligned };
    let mut form = Form {
        headings: c.named && !c.no_headings,
        ascii: false,
        separator: &separator,
        width: (width > 0).then_some(width),
        name: &name,
        ..Form::new(kind)
    };
    choose(&c, &mut sheet, &mut form)?;
    sheet.write(&form, &mut out);
    cx.put(&out)?;
    Ok(cx.status())
}

fn bad(what: crate::applet::Show<'_>, text: &str) -> Error {
    Error::bad(what, text).with(Status::FAILURE)
}

/// A line as it may go to a terminal.
fn visible(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    for (i, part) in line.split(|&b| b == b'\t').enumerate() {
        if i > 0 {
            out.push(b'\t');
        }
        out.extend_from_slice(show_bytes(part).to_string().as_bytes());
    }
    out
}

/// The words of a line as a row.
fn read_row(c: &Choice, line: &[u8], sheet: &mut Table) {
    let mut cells: Vec<Option<Vec<u8>>> = Vec::new();
    let blanks: &[u8] = b"\t ";
    let separators = c.separators.as_deref().unwrap_or(blanks);
    let greedy = c.separators.is_none();
    let is_end = |b: &u8| separators.contains(b);
    let mut rest = Some(line);
    while let Some(mut text) = rest {
        if greedy && (cells.is_empty() || cells.len() + 1 != c.limit) {
            let start = text.iter().position(|b| !is_end(b)).unwrap_or(text.len());
            text = text.get(start..).unwrap_or_default();
            if text.is_empty() {
                break;
            }
        }
        if cells.len() + 1 == c.limit {
            cells.push(Some(text.to_vec()));
            break;
        }
        let end = text.iter().position(is_end);
        cells.push(Some(text.get(..end.unwrap_or(text.len())).unwrap_or_default().to_vec()));
        rest = end.and_then(|end| text.get(end + 1..));
    }
    if cells.len() > sheet.columns.len() {
        sheet.columns.resize_with(cells.len(), || Column::new(b""));
    }
    sheet.add(cells, None);
}

/// The columns that a list names: by name, by number from 1, `0` all, `-`
/// those without a name, `-1` the last.
fn named(sheet: &Table, list: &[u8]) -> Result<Vec<usize>, Error> {
    let mut found = Vec::new();
    for word in list.split(|&b| b == b',') {
        let count = sheet.columns.len();
        let number = std::str::from_utf8(word).ok().and_then(|text| text.parse::<usize>().ok());
        let before = found.len();
        match (word, number) {
            (b"0", _) => found.extend(0..count),
            (b"-", _) => {
                found.extend((0..count).filter(|&at| {
                    sheet.columns.get(at).is_some_and(|column| column.name.is_empty())
                }));
                continue;
            }
            (b"-1", _) => found.extend(count.checked_sub(1)),
            (_, Some(number)) => {
                found.extend(number.checked_sub(1).filter(|&at| at < count));
                continue;
            }
            _ => found.extend(
                sheet.columns.iter().position(|column| column.name.eq_ignore_ascii_case(word)),
            ),
        }
        if found.len() == before {
            return Err(Error::msg(format_args!("undefined column name '{}'", show_bytes(word))));
        }
    }
    Ok(found)
}

/// Does what the options say about columns.
fn choose(c: &Choice, sheet: &mut Table, form: &mut Form<'_>) -> Result<(), Error> {
    let (mut id, mut parent, mut order) = (None, None, None);
    for (letter, list) in &c.lists {
        let columns = named(sheet, list)?;
        let first = columns.first().copied();
        match letter {
            b'r' => form.tree = first,
            b'i' => id = first,
            b'p' => parent = first,
            b'O' => order = Some(columns),
            _ => {
                for at in columns {
                    let Some(column) = sheet.columns.get_mut(at) else { continue };
                    match letter {
                        b'H' => column.hidden = true,
                        b'R' => column.right = true,
                        b'T' => column.fit = Fit::Cut,
                        b'W' => column.fit = Fit::Wrap,
                        _ => column.fit = Fit::Spill,
                    }
                }
            }
        }
    }
    if form.tree.is_some() {
        let (Some(id), Some(parent)) = (id, parent) else {
            return Err(Error::msg(
                "options --tree-id and --tree-parent are required for tree output",
            ));
        };
        parents(sheet, id, parent);
    }
    if let Some(mut order) = order {
        let rest: Vec<usize> = (0..sheet.columns.len()).filter(|at| !order.contains(at)).collect();
        order.extend(rest);
        form.tree = form.tree.and_then(|tree| order.iter().position(|&at| at == tree));
        for row in &mut sheet.rows {
            let cells = order.iter().map(|&at| row.cells.get_mut(at).and_then(Option::take));
            row.cells = cells.collect();
        }
        let mut columns: Vec<Option<Column>> = sheet.columns.drain(..).map(Some).collect();
        for at in order {
            sheet.columns.extend(columns.get_mut(at).and_then(Option::take));
        }
    }
    Ok(())
}

/// Finds each row's parent, and puts parents before their children.
fn parents(sheet: &mut Table, id: usize, parent: usize) {
    let count = sheet.rows.len();
    let cell = |sheet: &Table, row: usize, at: usize| {
        sheet.rows.get(row).and_then(|row| row.cells.get(at)?.clone())
    };
    let above: Vec<Option<usize>> = (0..count)
        .map(|row| {
            let wanted = cell(sheet, row, parent)?;
            (0..count)
                .find(|&other| other != row && cell(sheet, other, id).as_ref() == Some(&wanted))
        })
        .collect();
    // the order of the lines, but a parent before what is below it
    let mut order: Vec<usize> = Vec::new();
    for start in 0..count {
        let mut chain = Vec::new();
        let mut at = Some(start);
        while let Some(row) = at.filter(|row| !order.contains(row) && !chain.contains(row)) {
            chain.push(row);
            at = above.get(row).copied().flatten();
        }
        order.extend(chain.iter().rev());
    }
    let mut rows: Vec<Option<table::Row>> = sheet.rows.drain(..).map(Some).collect();
    for &row in &order {
        let Some(mut taken) = rows.get_mut(row).and_then(Option::take) else { continue };
        let up = above.get(row).copied().flatten();
        let here = sheet.rows.len();
        taken.parent =
            up.and_then(|up| order.iter().position(|&at| at == up)).filter(|&at| at < here);
        sheet.rows.push(taken);
    }
}

/// Entries at multiples of eight columns, with tabs between them.
fn fill(entries: &[Vec<u8>], width: usize, across: bool, out: &mut Vec<u8>) {
    const TAB: usize = 8;
    let most = entries.iter().map(|entry| width_of(entry)).max().unwrap_or(0);
    let column = (most + TAB) & !(TAB - 1);
    let columns = if most >= width { 1 } else { width / column };
    let columns = columns.clamp(1, entries.len().max(1));
    let rows = entries.len().div_ceil(columns);
    for row in 0..rows {
        let (mut used, mut end) = (0, column);
        for at in 0..columns {
            let place = if across { row * columns + at } else { at * rows + row };
            let Some(entry) = entries.get(place) else { break };
            if at > 0 {
                while used / TAB * TAB + TAB <= end {
                    out.push(b'\t');
                    used = used / TAB * TAB + TAB;
                }
                end += column;
            }
            out.extend_from_slice(entry);
            used += width_of(entry);
        }
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filled() {
        let entries: Vec<Vec<u8>> = (1..=5).map(|n| n.to_string().into_bytes()).collect();
        let drawn = |width, across| {
            let mut out = Vec::new();
            fill(&entries, width, across, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(drawn(16, false), "1\t4\n2\t5\n3\n");
        assert_eq!(drawn(16, true), "1\t2\n3\t4\n5\n");
        assert_eq!(drawn(1, true), "1\n2\n3\n4\n5\n");
    }
}
