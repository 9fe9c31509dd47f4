//! Trees for programs: JSON, XML and HTML, in the shape that the program tree
//! gives them.

use crate::applet::show_bytes;
use crate::{json, markup};

use super::{Entry, Fact, Tree};

/// How the tree is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Lines,
    Json,
    Xml,
    Html,
}

impl Entry {
    /// What its kind of file is called.
    fn kind(&self) -> &'static str {
        match self.stat.as_ref().map_or(0, |stat| stat.st_mode) & libc::S_IFMT {
            libc::S_IFDIR => "directory",
            libc::S_IFLNK => "link",
            libc::S_IFIFO => "fifo",
            libc::S_IFSOCK => "socket",
            libc::S_IFCHR => "char",
            libc::S_IFBLK => "block",
            libc::S_IFREG => "file",
            _ => "unknown",
        }
    }
}

impl Tree {
    /// Whether what is written is for programs.
    pub(super) fn is_structured(&self) -> bool {
        matches!(self.style, Style::Json | Style::Xml)
    }

    fn newline(&self, out: &mut Vec<u8>) {
        if !self.has(b'i') {
            out.push(b'\n');
        }
    }

    fn indent(&self, depth: u64, out: &mut Vec<u8>) {
        if !self.has(b'i') {
            out.extend((0..depth).flat_map(|_| *b"  "));
        }
    }

    /// What stands before everything.
    pub(super) fn prologue(&self, out: &mut Vec<u8>) {
        match self.style {
            Style::Lines => {}
            Style::Json => {
                out.push(b'[');
                self.newline(out);
            }
            Style::Xml => {
                let encoding = if self.is_utf8 { " encoding=\"UTF-8\"" } else { "" };
                out.extend_from_slice(format!("<?xml version=\"1.0\"{encoding}?>").as_bytes());
                self.newline(out);
                out.extend_from_slice(b"<tree>");
                self.newline(out);
            }
            Style::Html => {
                let mut title = Vec::new();
                markup::escape(&self.title, &mut title);
                let charset = if self.is_utf8 { "<meta charset=\"UTF-8\">\n" } else { "" };
                let head = format!("<!DOCTYPE html>\n<html>\n<head>\n{charset}<title>");
                for part in [head.as_bytes(), &title, b"</title>\n</head>\n<body>\n<h1>", &title] {
                    out.extend_from_slice(part);
                }
                out.extend_from_slice(b"</h1>\n<pre>\n");
            }
        }
    }

    /// What stands behind everything; `report` is what was counted.
    pub(super) fn epilogue(&self, report: &[(&str, u64)], out: &mut Vec<u8>) {
        match self.style {
            Style::Lines => {}
            Style::Json => {
                self.newline(out);
                if !report.is_empty() {
                    out.push(b',');
                    self.newline(out);
                    self.indent(1, out);
                    out.extend_from_slice(b"{\"type\":\"report\"");
                    for (name, count) in report {
                        out.extend_from_slice(format!(",\"{name}\":{count}").as_bytes());
                    }
                    out.push(b'}');
                }
                self.newline(out);
                out.extend_from_slice(b"]\n");
            }
            Style::Xml => {
                if !report.is_empty() {
                    self.indent(1, out);
                    out.extend_from_slice(b"<report>");
                    self.newline(out);
                    for (name, count) in report {
                        self.indent(2, out);
                        out.extend_from_slice(format!("<{name}>{count}</{name}>").as_bytes());
                        self.newline(out);
                    }
                    self.indent(1, out);
                    out.extend_from_slice(b"</report>");
                    self.newline(out);
                }
                out.extend_from_slice(b"</tree>\n");
            }
            Style::Html => out.extend_from_slice(b"</pre>\n</body>\n</html>\n"),
        }
    }

    /// The beginning of an element. `opened`: what a link leads to is shown.
    pub(super) fn begin(
        &mut self,
        entry: &Entry,
        name: &[u8],
        depth: u64,
        opened: bool,
        out: &mut Vec<u8>,
    ) {
        self.indent(depth, out);
        let mut facts = vec![Fact::text("name", name.to_vec())];
        if let Some((target, _)) = entry.link.as_ref().filter(|_| !opened) {
            facts.push(Fact::text("target", target.clone()));
        }
        facts.extend(self.facts(entry));
        if self.style == Style::Json {
            out.extend_from_slice(format!("{{\"type\":\"{}\"", entry.kind()).as_bytes());
            for fact in facts {
                out.extend_from_slice(format!(",\"{}\":", fact.name).as_bytes());
                match fact.is_number {
                    true => out.extend_from_slice(&fact.text),
                    false => json::quoted(&fact.text, out),
                }
            }
            return;
        }
        out.extend_from_slice(format!("<{}", entry.kind()).as_bytes());
        for fact in facts {
            out.extend_from_slice(format!(" {}=\"", fact.name).as_bytes());
            markup::escape(show_bytes(&fact.text).to_string().as_bytes(), out);
            out.push(b'"');
        }
        out.push(b'>');
    }

    /// Before what is in a folder.
    pub(super) fn open(&self, out: &mut Vec<u8>) {
        if self.style == Style::Json {
            out.extend_from_slice(b",\"contents\":[");
            self.newline(out);
        } else {
            out.push(b'\n');
        }
    }

    /// Behind what is in a folder.
    pub(super) fn close(&self, depth: u64, out: &mut Vec<u8>) {
        self.indent(depth, out);
        if self.style == Style::Json {
            out.push(b']');
        }
    }

    /// Instead of what is in a folder: why it is not shown.
    pub(super) fn error(&self, why: &str, out: &mut Vec<u8>) {
        let text = match self.style {
            Style::Json => format!(",\"contents\":[{{\"error\":\"{why}\"}}]"),
            _ => format!("<error>{why}</error>"),
        };
        out.extend_from_slice(text.as_bytes());
    }

    /// The end of an element. `more`: another follows on its level, `top`: it is
    /// on the first.
    pub(super) fn end(&self, entry: &Entry, more: bool, top: bool, out: &mut Vec<u8>) {
        if self.style == Style::Json {
            out.extend_from_slice(if more { b"}," } else { b"}" });
            if top && !more {
                return;
            }
        } else {
            out.extend_from_slice(format!("</{}>", entry.kind()).as_bytes());
        }
        self.newline(out);
    }

    /// A name in HTML, and the link to it. `path` is below what `-H` names.
    pub(super) fn anchor(&self, shown: &[u8], path: &[u8], is_folder: bool, out: &mut Vec<u8>) {
        if self.has(b'K') {
            return markup::escape(shown, out);
        }
        out.extend_from_slice(b"<a href=\"");
        markup::escape(&self.base, out);
        for &byte in path {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                    out.push(byte);
                }
                _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            }
        }
        if is_folder && !path.ends_with(b"/") {
            out.push(b'/');
        }
        out.extend_from_slice(b"\">");
        markup::escape(shown, out);
        out.extend_from_slice(b"</a>");
    }
}
