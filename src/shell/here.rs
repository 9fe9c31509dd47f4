//! Here-documents, as they are read (POSIX.1-2024 XCU 2.7.4).

use std::cell::OnceCell;
use std::rc::Rc;

use super::ast::{Class, Few, Part, Text, Word};
use super::few::push;
use super::lexer::{DEPTH, Nothing, Parsed, Parser, Source};

/// A here-document whose text has not been read yet.
pub(super) struct Pending {
    delimiter: Text,
    strip_tabs: bool,
    quoted: bool,
    body: Rc<OnceCell<Word>>,
}

impl Parser<'_> {
    /// Notes a here-document, to be read when the line ends.
    pub(super) fn here_document(
        &mut self,
        delimiter: &Word,
        strip_tabs: bool,
    ) -> Rc<OnceCell<Word>> {
        let mut text = Vec::new();
        let mut quoted = false;
        for part in delimiter.parts.iter() {
            if let Part::Text(t) = part {
                quoted |= t.class() == Class::Quoted;
                text.extend_from_slice(t);
            }
        }
        let body = Rc::new(OnceCell::new());
        let delimiter = Text::new(Class::Literal, &text);
        let pending = Pending { delimiter, strip_tabs, quoted, body: Rc::clone(&body) };
        push(&mut self.source.pending, pending);
        body
    }

    /// The here-documents that wait for the end of the line.
    pub(super) fn take_pending(&mut self) -> Vec<Pending> {
        std::mem::take(&mut self.source.pending)
    }

    /// Has them wait again, before those that came since.
    pub(super) fn put_back(&mut self, pending: &mut Vec<Pending>) {
        pending.append(&mut self.source.pending);
        std::mem::swap(pending, &mut self.source.pending);
    }

    pub(super) fn read_here_documents(&mut self) -> Parsed<()> {
        for pending in std::mem::take(&mut self.source.pending) {
            let line = self.source.line;
            let text = self.here_text(&pending);
            let word = if pending.quoted {
                Word { parts: Few::One(Part::text(Class::Quoted, &text)) }
            } else {
                let mut source = Source::of(text, line);
                let mut nothing = Nothing;
                let mut parser = Parser::new(&mut source, &mut nothing);
                // Each holds its text while it is parsed, and those in it theirs.
                parser.depth = self.depth + DEPTH / 10;
                if parser.depth >= DEPTH {
                    return self.error("here-documents nest too deep");
                }
                parser.here_body()?
            };
            let _ = pending.body.set(word);
        }
        Ok(())
    }

    /// The lines up to the delimiter, or to the end of the input.
    fn here_text(&mut self, pending: &Pending) -> Vec<u8> {
        let mut text = Vec::new();
        loop {
            let start = text.len();
            // A line that a backslash continues is no delimiter.
            let mut continued = false;
            if pending.strip_tabs {
                while self.raw(0) == Some(b'\t') {
                    self.advance();
                }
            }
            let mut ended = true;
            while let Some(byte) = self.take_raw() {
                if byte == b'\n' {
                    ended = false;
                    let line = text.get(start..).unwrap_or_default();
                    if !pending.quoted && odd_backslashes(line) {
                        text.push(b'\n');
                        continued = true;
                        ended = true;
                        continue;
                    }
                    break;
                }
                text.push(byte);
            }
            let line = text.get(start..).unwrap_or_default();
            let is_delimiter = if continued {
                *without_continuations(line) == *pending.delimiter
            } else {
                *line == *pending.delimiter
            };
            if is_delimiter {
                text.truncate(start);
            }
            if is_delimiter || ended {
                text.shrink_to_fit();
                return text;
            }
            text.push(b'\n');
        }
    }
}

fn without_continuations(line: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(line.len());
    for byte in line {
        if *byte == b'\n' {
            joined.pop();
        } else {
            joined.push(*byte);
        }
    }
    joined
}

fn odd_backslashes(line: &[u8]) -> bool {
    line.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1
}
