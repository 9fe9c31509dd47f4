//! How lsblk prints: tree, list, words, JSON.

use super::column::{Column, Type};
use crate::json::quoted;
use crate::sheet;

/// A device in its place.
pub(super) struct Row {
    /// Which.
    pub(super) device: usize,
    /// The device that it is shown below.
    pub(super) above: Option<usize>,
    /// How many are above it.
    pub(super) depth: usize,
    /// The values, in the order of the columns.
    pub(super) cells: Vec<Vec<u8>>,
}

/// How to print.
#[derive(Default)]
pub(super) struct Format<'a> {
    /// The columns.
    pub(super) columns: Vec<&'a Column>,
    /// The column that has the branches of the tree.
    pub(super) stem: Option<usize>,
    pub(super) unicode: bool,
    pub(super) json: bool,
    pub(super) list: bool,
    pub(super) pairs: bool,
    pub(super) raw: bool,
    pub(super) no_head: bool,
    /// Names of pairs as a shell's variables.
    pub(super) shell: bool,
    /// Sizes are numbers.
    pub(super) bytes: bool,
}

/// Branches: to one that others follow, to the last one, a line past, nothing.
type Branches = [&'static str; 4];
const LINES: Branches = ["├─", "└─", "│ ", "  "];
const ASCII: Branches = ["|-", "`-", "| ", "  "];

/// A cell as it is printed: control bytes and what is not UTF-8 as `\xNN`.
fn safe(text: &[u8], also: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for &b in chunk.valid().as_bytes() {
            if b < 32 || b == 127 || also.contains(&b) {
                hex(b, &mut out);
            } else {
                out.push(b);
            }
        }
        for &b in chunk.invalid() {
            hex(b, &mut out);
        }
    }
    out
}

fn hex(b: u8, out: &mut Vec<u8>) {
    let digit = |n: u8| char::from_digit(n.into(), 16).unwrap_or('0') as u8;
    out.extend_from_slice(&[b'\\', b'x', digit(b >> 4), digit(b & 15)]);
}

impl Format<'_> {
    /// All rows.
    pub(super) fn print(&self, rows: &[Row]) -> Vec<u8> {
        let mut out = Vec::new();
        if self.json {
            out.extend_from_slice(b"{\n   \"blockdevices\": [\n");
            if rows.is_empty() {
                out.push(b'\n');
            }
            let mut at = 0;
            self.json_list(rows, &mut at, 0, &mut out);
            out.extend_from_slice(b"   ]\n}\n");
        } else if rows.is_empty() {
        } else if self.pairs {
            for row in rows {
                self.pairs_of(row, &mut out);
            }
        } else if self.raw {
            self.words(rows, &mut out);
        } else {
            self.table(rows, &mut out);
        }
        out
    }

    fn pairs_of(&self, row: &Row, out: &mut Vec<u8>) {
        for (n, (column, cell)) in self.columns.iter().zip(&row.cells).enumerate() {
            if n > 0 {
                out.push(b' ');
            }
            if self.shell {
                for b in column.look.name.bytes() {
                    match b {
                        b'%' => out.extend_from_slice(b"_PCT"),
                        b if b.is_ascii_alphanumeric() => out.push(b),
                        _ => out.push(b'_'),
                    }
                }
            } else {
                out.extend_from_slice(column.look.name.as_bytes());
            }
            out.extend_from_slice(b"=\"");
            out.extend_from_slice(&safe(cell, b"\"\\`$"));
            out.push(b'"');
        }
        out.push(b'\n');
    }

    fn words(&self, rows: &[Row], out: &mut Vec<u8>) {
        if !self.no_head {
            let names: Vec<&str> = self.columns.iter().map(|column| column.look.name).collect();
            out.extend_from_slice(names.join(" ").as_bytes());
            out.push(b'\n');
        }
        for row in rows {
            for (n, cell) in row.cells.iter().enumerate() {
                if n > 0 {
                    out.push(b' ');
                }
                out.extend_from_slice(&safe(cell, b" \\"));
            }
            out.push(b'\n');
        }
    }

    /// The branches in front of each row, and in front of its further lines.
    fn branches(&self, rows: &[Row]) -> Vec<(String, String)> {
        let [more, last, past, none] = if self.unicode { LINES } else { ASCII };
        let mut list = Vec::new();
        for (n, row) in rows.iter().enumerate() {
            let behind = rows.get(n + 1..).unwrap_or_default();
            let followed = |depth: usize| {
                let next = behind.iter().find(|other| other.depth <= depth);
                next.is_some_and(|other| other.depth == depth)
            };
            let mut front = String::new();
            for depth in 1..row.depth {
                front.push_str(if followed(depth) { past } else { none });
            }
            let mut further = front.clone();
            if row.depth > 0 {
                let followed = followed(row.depth);
                front.push_str(if followed { more } else { last });
                further.push_str(if followed { past } else { none });
            }
            if behind.first().is_some_and(|next| next.depth > row.depth) {
                further.push_str(past);
            }
            list.push((front, further));
        }
        list
    }

    fn table(&self, rows: &[Row], out: &mut Vec<u8>) {
        let branches = self.branches(rows);
        // Lines of cells.
        let mut lines: Vec<Vec<Vec<u8>>> = Vec::new();
        for (row, (front, further)) in rows.iter().zip(&branches) {
            let height =
                row.cells.iter().map(|cell| cell.split(|&b| b == b'\n').count()).max().unwrap_or(1);
            for n in 0..height {
                let mut line = Vec::new();
                for (at, cell) in row.cells.iter().enumerate() {
                    let column = self.columns.get(at);
                    let list = column.is_some_and(|column| column.kind == Type::List);
                    let part = if list {
                        cell.split(|&b| b == b'\n').nth(n).unwrap_or_default()
                    } else if n == 0 {
                        cell.as_slice()
                    } else {
                        b""
                    };
                    let mut text = safe(part, b"");
                    if self.stem == Some(at) {
                        let branch = if n == 0 { front } else { further };
                        text.splice(0..0, branch.bytes());
                    }
                    if n == 0 && column.is_some_and(|column| column.look.name == "MAJ:MIN") {
                        text = numbers(&text);
                    }
                    line.push(text);
                }
                lines.push(line);
            }
        }
        let columns: Vec<&sheet::Column> = self.columns.iter().map(|c| &c.look).collect();
        sheet::print(&columns, &lines, !self.no_head, out);
    }

    /// The rows from `at` on that are at this depth, with those below them.
    fn json_list(&self, rows: &[Row], at: &mut usize, depth: usize, out: &mut Vec<u8>) {
        let indent = " ".repeat(6 + 6 * depth);
        let mut first = true;
        while let Some(row) = rows.get(*at).filter(|row| row.depth == depth) {
            *at += 1;
            let open = if first { format!("{indent}{{\n") } else { ",{\n".to_string() };
            out.extend_from_slice(open.as_bytes());
            first = false;
            for (n, (column, cell)) in self.columns.iter().zip(&row.cells).enumerate() {
                if n > 0 {
                    out.extend_from_slice(b",\n");
                }
                out.extend_from_slice(indent.as_bytes());
                out.extend_from_slice(b"   \"");
                out.extend_from_slice(column.look.name.to_ascii_lowercase().as_bytes());
                out.extend_from_slice(b"\": ");
                self.json_value(column, cell, &indent, out);
            }
            if rows.get(*at).is_some_and(|next| next.depth > depth) {
                out.extend_from_slice(format!(",\n{indent}   \"children\": [\n").as_bytes());
                self.json_list(rows, at, depth + 1, out);
                out.extend_from_slice(format!("{indent}   ]").as_bytes());
            }
            out.extend_from_slice(format!("\n{indent}}}").as_bytes());
        }
        if !first {
            out.push(b'\n');
        }
    }

    fn json_value(&self, column: &Column, cell: &[u8], indent: &str, out: &mut Vec<u8>) {
        match column.kind {
            Type::List => {
                out.extend_from_slice(format!("[\n{indent}       ").as_bytes());
                for (n, part) in cell.split(|&b| b == b'\n').enumerate() {
                    if n > 0 {
                        out.extend_from_slice(b", ");
                    }
                    if part.is_empty() {
                        out.extend_from_slice(b"null");
                    } else {
                        quoted(part, out);
                    }
                }
                out.extend_from_slice(format!("\n{indent}   ]").as_bytes());
            }
            _ if cell.is_empty() => out.extend_from_slice(b"null"),
            Type::Bool => {
                let no = cell == b"0";
                out.extend_from_slice(if no { b"false" } else { b"true" });
            }
            Type::Number => out.extend_from_slice(&safe(cell, b"")),
            Type::Size if self.bytes => out.extend_from_slice(&safe(cell, b"")),
            _ => quoted(cell, out),
        }
    }
}

/// `  8:0  `: both numbers have room for three digits.
fn numbers(text: &[u8]) -> Vec<u8> {
    let at = text.iter().position(|&b| b == b':').unwrap_or(0);
    let mut out = vec![b' '; 3usize.saturating_sub(at)];
    out.extend_from_slice(text);
    let minor = text.len().saturating_sub(at + 1);
    out.resize(out.len() + 3usize.saturating_sub(minor), b' ');
    out
}
