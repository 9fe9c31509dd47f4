//! Tables: aligned columns for people, with a tree in one of them, and the
//! forms that scripts read (raw, `NAME="value"`, JSON). The bytes are those of
//! util-linux's libsmartcols, which column, findmnt and lsblk print with.
//!
//! Pure. Control and undecodable bytes never come out raw.

use crate::digits;
use crate::json::quoted;

/// What a column's values are in JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Json {
    /// A string.
    Text,
    /// A number.
    Number,
    /// `false` for nothing, 0 and no, otherwise `true`.
    Bool,
    /// A list of strings; the cell has one a line, and so have aligned columns.
    List,
}

/// What a column gives up when the lines are too long.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Nothing.
    Whole,
    /// The ends of its texts.
    Cut,
    /// Its texts go on in further lines.
    Wrap,
    /// Room for unusually long texts: what is behind them goes to a new line.
    Spill,
}

/// A column.
pub struct Column {
    /// Its heading.
    pub name: Vec<u8>,
    /// Texts stand at the right.
    pub right: bool,
    /// What it does in lines that are too long.
    pub fit: Fit,
    /// How JSON has it.
    pub json: Json,
    /// Left out.
    pub hidden: bool,
    /// So wide where the heading is not and the texts reach it. A heading
    /// counts also where none is printed.
    pub hint: usize,
}

impl Column {
    /// A column of texts at the left.
    pub fn new(name: &[u8]) -> Column {
        Column {
            name: name.to_vec(),
            right: false,
            fit: Fit::Whole,
            json: Json::Text,
            hidden: false,
            hint: 0,
        }
    }

    /// A column of texts at the right.
    pub fn right(name: &[u8], hint: usize) -> Column {
        Column { right: true, hint, ..Column::new(name) }
    }
}

/// A row.
pub struct Row {
    /// As many as there are columns, or fewer; nothing where there is no value.
    pub cells: Vec<Option<Vec<u8>>>,
    /// The row that it is below, which comes before it.
    pub parent: Option<usize>,
}

/// What the table is printed as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Aligned columns.
    Aligned,
    /// Values with a blank between them.
    Raw,
    /// `NAME="value"` for each.
    Pairs,
    /// JSON.
    Json,
}

/// How.
pub struct Form<'a> {
    /// What it is printed as.
    pub kind: Kind,
    /// With a line of the columns' names.
    pub headings: bool,
    /// The column that shows the tree.
    pub tree: Option<usize>,
    /// The tree is drawn with ASCII.
    pub ascii: bool,
    /// What is between aligned columns.
    pub separator: &'a [u8],
    /// Columns of the screen that aligned lines should fit into.
    pub width: Option<usize>,
    /// The name of the list in JSON.
    pub name: &'a [u8],
}

impl Form<'_> {
    /// Aligned with headings and one blank between columns.
    pub fn new(kind: Kind) -> Form<'static> {
        Form {
            kind,
            headings: true,
            tree: None,
            ascii: true,
            separator: b" ",
            width: None,
            name: b"table",
        }
    }
}

/// A table.
#[derive(Default)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// No tree is deeper in JSON.
const DEPTH: usize = 64;

impl Table {
    /// Appends a row and returns its number.
    pub fn add(&mut self, cells: Vec<Option<Vec<u8>>>, parent: Option<usize>) -> usize {
        self.rows.push(Row { cells, parent });
        self.rows.len() - 1
    }

    /// Appends the whole table to `out`.
    pub fn write(&self, form: &Form<'_>, out: &mut Vec<u8>) {
        match form.kind {
            Kind::Json => {
                out.extend_from_slice(b"{\n   ");
                quoted(form.name, out);
                out.extend_from_slice(b": [");
                let order: Vec<usize> = (0..self.rows.len()).collect();
                self.objects(form, &order, None, 2, out);
                out.extend_from_slice(if self.rows.is_empty() { b"\n\n" } else { b"" });
                out.extend_from_slice(b"   ]\n}\n");
            }
            Kind::Aligned => self.aligned(form, out),
            Kind::Raw | Kind::Pairs => self.plain(form, out),
        }
    }

    fn cell(&self, row: usize, column: usize) -> Option<&[u8]> {
        self.rows.get(row)?.cells.get(column)?.as_deref()
    }

    fn shown(&self) -> Vec<usize> {
        (0..self.columns.len()).filter(|&at| !self.column(at).hidden).collect()
    }

    fn column(&self, at: usize) -> &Column {
        static NONE: Column = Column {
            name: Vec::new(),
            right: false,
            fit: Fit::Whole,
            json: Json::Text,
            hidden: true,
            hint: 0,
        };
        self.columns.get(at).unwrap_or(&NONE)
    }

    /// The rows below `parent`.
    fn below(&self, parent: Option<usize>) -> Vec<usize> {
        (0..self.rows.len())
            .filter(|&at| self.rows.get(at).is_some_and(|row| row.parent == parent))
            .collect()
    }

    /// The rows in the order of the tree, with how deep each is and whether it
    /// and each above it is the last of its siblings.
    fn walk(&self, tree: bool) -> Vec<(usize, Vec<bool>)> {
        if !tree {
            return (0..self.rows.len()).map(|at| (at, Vec::new())).collect();
        }
        let mut list = Vec::new();
        let mut waiting: Vec<(usize, Vec<bool>)> = Vec::new();
        for at in self.below(None).into_iter().rev() {
            waiting.push((at, Vec::new()));
        }
        while let Some((at, last)) = waiting.pop() {
            let children = self.below(Some(at));
            for (i, &child) in children.iter().enumerate().rev() {
                // a row that is below itself has been there before
                if child > at {
                    let mut last = last.clone();
                    last.push(i + 1 == children.len());
                    waiting.push((child, last));
                }
            }
            list.push((at, last));
        }
        list
    }

    fn plain(&self, form: &Form<'_>, out: &mut Vec<u8>) {
        let shown = self.shown();
        let pairs = form.kind == Kind::Pairs;
        if form.headings && !pairs {
            for (i, &at) in shown.iter().enumerate() {
                if i > 0 {
                    out.push(b' ');
                }
                raw_text(&self.column(at).name, out);
            }
            out.push(b'\n');
        }
        for (row, _) in self.walk(form.tree.is_some()) {
            for (i, &at) in shown.iter().enumerate() {
                if i > 0 {
                    out.push(b' ');
                }
                let text = self.cell(row, at).unwrap_or_default();
                if pairs {
                    out.extend_from_slice(&self.column(at).name);
                    out.extend_from_slice(b"=\"");
                    pair_text(text, out);
                    out.push(b'"');
                } else {
                    raw_text(text, out);
                }
            }
            out.push(b'\n');
        }
    }

    fn objects(
        &self,
        form: &Form<'_>,
        rows: &[usize],
        parent: Option<usize>,
        depth: usize,
        out: &mut Vec<u8>,
    ) {
        let blanks = |out: &mut Vec<u8>, depth: usize| {
            out.extend_from_slice(b"\n");
            out.resize(out.len() + depth * 3, b' ');
        };
        let mut first = true;
        for &row in rows {
            if form.tree.is_some() && self.rows.get(row).is_some_and(|r| r.parent != parent) {
                continue;
            }
            if first {
                blanks(out, depth);
            } else {
                out.push(b',');
            }
            out.push(b'{');
            first = false;
            for (i, &at) in self.shown().iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                blanks(out, depth + 1);
                let column = self.column(at);
                quoted(&column.name.to_ascii_lowercase(), out);
                out.extend_from_slice(b": ");
                json_value(column.json, self.cell(row, at), depth + 1, out);
            }
            let children = if form.tree.is_some() && depth < DEPTH {
                self.below(Some(row)).into_iter().filter(|&child| child > row).collect()
            } else {
                Vec::new()
            };
            if !children.is_empty() {
                out.push(b',');
                blanks(out, depth + 1);
                out.extend_from_slice(b"\"children\": [");
                self.objects(form, &children, Some(row), depth + 2, out);
                out.resize(out.len() + (depth + 1) * 3, b' ');
                out.push(b']');
            }
            blanks(out, depth);
            out.push(b'}');
        }
        if !first {
            out.push(b'\n');
        }
    }

    /// The cells of each line, and what is in front of its further lines.
    fn lines(&self, form: &Form<'_>, shown: &[usize]) -> Vec<(Vec<Vec<u8>>, Vec<u8>)> {
        let mut lines = Vec::new();
        if form.headings {
            let names = shown.iter().map(|&at| safe_text(&self.column(at).name)).collect();
            lines.push((names, Vec::new()));
        }
        let walk = self.walk(form.tree.is_some());
        for (n, (row, last)) in walk.iter().enumerate() {
            let mut further = Vec::new();
            let mut cells = Vec::new();
            for &at in shown {
                let mut text = Vec::new();
                if form.tree == Some(at) {
                    let next = walk.get(n + 1).map_or(0, |(_, last)| last.len());
                    branch(last, form.ascii, next > last.len(), &mut text, &mut further);
                }
                let cell = self.cell(*row, at).unwrap_or_default();
                if self.column(at).json == Json::List {
                    for (i, line) in cell.split(|&b| b == b'\n').enumerate() {
                        text.extend_from_slice(if i > 0 { b"\n" } else { b"" });
                        escaped(line, b"", &mut text);
                    }
                } else {
                    escaped(cell, b"", &mut text);
                }
                cells.push(text);
            }
            lines.push((cells, further));
        }
        lines
    }

    fn aligned(&self, form: &Form<'_>, out: &mut Vec<u8>) {
        let shown = self.shown();
        let lines = self.lines(form, &shown);
        let widths = self.widths(form, &shown, &lines);
        for (mut cells, further) in lines {
            while self.line(form, &shown, &widths, &mut cells, out) {
                let stem = shown.iter().position(|&at| form.tree == Some(at));
                if let Some(cell) = stem.and_then(|stem| cells.get_mut(stem)) {
                    cell.splice(0..0, further.iter().copied());
                }
            }
        }
    }

    /// Appends one line and leaves in `cells` what goes on below, if any.
    fn line(
        &self,
        form: &Form<'_>,
        shown: &[usize],
        widths: &[usize],
        cells: &mut [Vec<u8>],
        out: &mut Vec<u8>,
    ) -> bool {
        let mut more = false;
        let mut spilled = 0;
        for (i, &at) in shown.iter().enumerate() {
            let (Some(cell), Some(&width)) = (cells.get_mut(i), widths.get(i)) else { continue };
            let is_last = i + 1 == shown.len();
            let mut text = std::mem::take(cell);
            let column = self.column(at);
            if let Some(end) = text.iter().position(|&b| b == b'\n') {
                *cell = text.split_off(end + 1);
                text.pop();
                more = true;
            }
            let long = width_of(&text) > width;
            if long && matches!(column.fit, Fit::Cut | Fit::Wrap) {
                let rest = text.split_off(prefix(&text, width));
                if column.fit == Fit::Wrap && !rest.is_empty() && width > 0 {
                    *cell = rest;
                    more = true;
                }
            }
            let free = width.saturating_sub(width_of(&text));
            if column.right && !(is_last && text.is_empty()) {
                out.resize(out.len() + free, b' ');
            }
            out.extend_from_slice(&text);
            if is_last {
                break;
            }
            if long && column.fit == Fit::Spill {
                out.push(b'\n');
                out.resize(out.len() + spilled + width, b' ');
            } else if !column.right {
                out.resize(out.len() + free, b' ');
            }
            out.extend_from_slice(form.separator);
            spilled += width + width_of(form.separator);
        }
        out.push(b'\n');
        more
    }

    /// The width of each column that is shown.
    fn widths(
        &self,
        form: &Form<'_>,
        shown: &[usize],
        lines: &[(Vec<Vec<u8>>, Vec<u8>)],
    ) -> Vec<usize> {
        let rows = lines.get(usize::from(form.headings)..).unwrap_or_default();
        let texts = |i: usize| rows.iter().filter_map(move |(cells, _)| cells.get(i));
        let mut widths = Vec::new();
        for (i, &at) in shown.iter().enumerate() {
            let column = self.column(at);
            let most = texts(i).map(|text| widest(text)).max().unwrap_or(0);
            let head = width_of(&column.name);
            // as libsmartcols decides: no hint widens a column that its heading fills
            widths.push(match most {
                most if most < head => head,
                most if head < column.hint => most.max(column.hint),
                most => most,
            });
        }
        let between = width_of(form.separator) * shown.len().saturating_sub(1);
        let total = |widths: &[usize]| widths.iter().sum::<usize>() + between;
        let Some(most) = form.width else { return widths };
        for (i, &at) in shown.iter().enumerate() {
            if self.column(at).fit != Fit::Spill || total(&widths) <= most {
                continue;
            }
            let all: Vec<usize> = texts(i).map(|text| widest(text)).collect();
            let average = all.iter().sum::<usize>() / all.len().max(1);
            let usual = all.iter().copied().filter(|&w| w <= average * 2).max().unwrap_or(0);
            let over = total(&widths) - most;
            if let Some(width) = widths.get_mut(i) {
                *width = width.saturating_sub(over).max(usual);
            }
        }
        while total(&widths) > most {
            let mut widest: Option<(usize, usize)> = None;
            for (i, &at) in shown.iter().enumerate() {
                let column = self.column(at);
                let least = if form.headings { width_of(&column.name) } else { 0 }.max(1);
                let width = widths.get(i).copied().unwrap_or(0);
                if matches!(column.fit, Fit::Cut | Fit::Wrap)
                    && width > least
                    && widest.is_none_or(|(_, most)| width >= most)
                {
                    widest = Some((i, width));
                }
            }
            let Some((at, width)) = widest else { break };
            if let Some(slot) = widths.get_mut(at) {
                *slot = width - 1;
            }
        }
        widths
    }
}

/// The lines of the tree before a row, and before its further lines: `last` is
/// whether it and each above it is the last of its siblings, `parent` whether
/// there are rows below it.
fn branch(last: &[bool], ascii: bool, parent: bool, out: &mut Vec<u8>, further: &mut Vec<u8>) {
    let [through, nothing, fork, end]: [&str; 4] =
        if ascii { ["| ", "  ", "|-", "`-"] } else { ["│ ", "  ", "├─", "└─"] };
    for (i, &is_last) in last.iter().enumerate() {
        let past = if is_last { nothing } else { through };
        further.extend_from_slice(past.as_bytes());
        let own = if is_last { end } else { fork };
        out.extend_from_slice(if i + 1 == last.len() { own } else { past }.as_bytes());
    }
    if parent {
        further.extend_from_slice(through.as_bytes());
    }
}

/// Columns that the widest line of a text takes.
fn widest(text: &[u8]) -> usize {
    text.split(|&b| b == b'\n').map(width_of).max().unwrap_or(0)
}

/// Columns that a text takes on the screen: two for the wide characters of
/// East Asia and pictures, none for combining accents.
pub fn width_of(text: &[u8]) -> usize {
    let mut width = 0;
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            width += width_of_char(c);
        }
        width += chunk.invalid().len();
    }
    width
}

fn width_of_char(c: char) -> usize {
    match u32::from(c) {
        0..0x300 => 1,
        0x300..0x370 | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// How many bytes of a text that is UTF-8 fit into so many columns.
fn prefix(text: &[u8], width: usize) -> usize {
    let (mut used, mut bytes) = (0, 0);
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            used += width_of_char(c);
            if used > width {
                return bytes;
            }
            bytes += c.len_utf8();
        }
        for _ in chunk.invalid() {
            used += 1;
            if used > width {
                return bytes;
            }
            bytes += 1;
        }
    }
    bytes
}

fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.extend_from_slice(b"\\x");
        digits::push(out, u64::from(byte), 16, 2, false);
    }
}

/// The text with everything that is no letter of it as `\xNN`; `also` names
/// further bytes.
fn escaped(text: &[u8], also: &[u8], out: &mut Vec<u8>) {
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).as_bytes();
            if c.is_control() || bytes.first().is_some_and(|b| also.contains(b)) {
                hex(bytes, out);
            } else {
                out.extend_from_slice(bytes);
            }
        }
        hex(chunk.invalid(), out);
    }
}

fn safe_text(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    escaped(text, b"", &mut out);
    out
}

/// A column's name as the name of a shell's variable.
pub fn shell_name(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &byte in name {
        match byte {
            b'%' => out.extend_from_slice(b"_PCT"),
            byte if byte.is_ascii_alphanumeric() => out.push(byte),
            _ => out.push(b'_'),
        }
    }
    out
}

fn raw_text(text: &[u8], out: &mut Vec<u8>) {
    escaped(text, b" \\", out);
}

fn pair_text(text: &[u8], out: &mut Vec<u8>) {
    escaped(text, b"\"\\`$", out);
}

fn json_value(kind: Json, cell: Option<&[u8]>, depth: usize, out: &mut Vec<u8>) {
    let text = cell.unwrap_or_default();
    match kind {
        Json::Bool => {
            let no = matches!(text.first(), None | Some(b'0' | b'N' | b'n'));
            out.extend_from_slice(if no { b"false" } else { b"true" });
        }
        Json::List => {
            let indent = |out: &mut Vec<u8>, more: usize| {
                out.push(b'\n');
                out.resize(out.len() + depth * 3 + more, b' ');
            };
            out.push(b'[');
            indent(out, 4);
            for (i, line) in text.split(|&b| b == b'\n').enumerate() {
                out.extend_from_slice(if i > 0 { b", " } else { b"" });
                json_value(Json::Text, Some(line), depth, out);
            }
            indent(out, 0);
            out.push(b']');
        }
        _ if text.is_empty() => out.extend_from_slice(b"null"),
        Json::Number => out.extend_from_slice(text),
        _ => quoted(text, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut size = Column::new(b"SIZE");
        size.right = true;
        let mut table = Table { columns: vec![Column::new(b"NAME"), size], rows: Vec::new() };
        let text = |s: &str| Some(s.as_bytes().to_vec());
        let top = table.add(vec![text("a b"), text("12")], None);
        let child = table.add(vec![text("c"), None], Some(top));
        table.add(vec![text("d\n"), text("1234567")], Some(child));
        table.add(vec![text("e$"), text("3")], Some(top));
        table
    }

    fn drawn(form: &Form<'_>) -> String {
        let mut out = Vec::new();
        sample().write(form, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn aligned_with_a_tree() {
        let form = Form { tree: Some(0), ..Form::new(Kind::Aligned) };
        let text = "NAME         SIZE\na b            12\n|-c       \n| `-d\\x0a 1234567\n`-e$            3\n";
        assert_eq!(drawn(&form), text);
    }

    #[test]
    fn for_scripts() {
        let form = Form { headings: false, ..Form::new(Kind::Raw) };
        assert_eq!(drawn(&form), "a\\x20b 12\nc \nd\\x0a 1234567\ne$ 3\n");
        assert_eq!(
            drawn(&Form::new(Kind::Pairs)),
            "NAME=\"a b\" SIZE=\"12\"\nNAME=\"c\" SIZE=\"\"\nNAME=\"d\\x0a\" SIZE=\"1234567\"\nNAME=\"e\\x24\" SIZE=\"3\"\n"
        );
    }

    #[test]
    fn json_with_children() {
        let mut table = sample();
        table.rows.truncate(2);
        let mut out = Vec::new();
        table.write(&Form { tree: Some(0), ..Form::new(Kind::Json) }, &mut out);
        let expected = r#"{
   "table": [
      {
         "name": "a b",
         "size": "12",
         "children": [
            {
               "name": "c",
               "size": null
            }
         ]
      }
   ]
}
"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn widths_of_letters() {
        assert_eq!(width_of("héé".as_bytes()), 3);
        assert_eq!(width_of("日本".as_bytes()), 4);
        assert_eq!(width_of("e\u{301}".as_bytes()), 1);
    }
}
