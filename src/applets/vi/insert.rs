//! Typing text.

use super::motion;
use super::{CTRL_R, Vi};
use crate::screen::keys::{self, Key, control};

impl Vi {
    /// Types at the cursor until Escape, `count` times in all; with `over` in
    /// the place of what is there.
    pub(super) fn type_text(&mut self, count: usize, over: bool) {
        self.repeatable = true;
        self.typing = if over { "-- REPLACE --" } else { "-- INSERT --" };
        let start = self.cursor;
        let mut typed: Vec<u8> = Vec::new();
        loop {
            self.draw();
            let key = self.key();
            self.message.clear();
            match key {
                keys::ESC | 3 => break,
                8 | 127 => {
                    self.rub_out(1, start);
                    while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
                }
                21 => {
                    let at = motion::indent(self.line()).min(self.cursor.1);
                    let from = if self.cursor.0 == start.0 { start.1 } else { at };
                    self.erase_to(from.min(self.cursor.1));
                    typed.clear();
                }
                23 => {
                    let back = motion::word_back(&self.buffer, self.cursor, false);
                    let to = if back.0 == self.cursor.0 { back.1 } else { 0 };
                    self.erase_to(to);
                }
                keys::LEFT | keys::RIGHT | keys::UP | keys::DOWN | keys::HOME | keys::END => {
                    self.buffer.begin();
                    self.wander(key);
                    typed.clear();
                }
                keys::DELETE => {
                    let to = motion::next(self.line(), self.cursor.1);
                    self.buffer.change(self.cursor, (self.cursor.0, to), b"");
                }
                keys::ENTER | 10 => {
                    let mut text = b"\n".to_vec();
                    if self.settings.indent {
                        let line = self.line();
                        let indent = motion::indent(line).min(self.cursor.1);
                        text.extend_from_slice(line.get(..indent).unwrap_or_default());
                    }
                    self.put_text(&text, false);
                    typed.extend_from_slice(&text);
                }
                22 | 17 => {
                    let key = self.key();
                    self.put_key(key, over, &mut typed);
                }
                CTRL_R => {
                    let name = u8::try_from(self.key()).unwrap_or(0);
                    let text = self.register(name).map(|register| register.text.clone());
                    self.put_text(&text.unwrap_or_default(), false);
                }
                _ => self.put_key(key, over, &mut typed),
            }
        }
        for _ in 1..count.min(10_000) {
            self.put_text(&typed, over);
        }
        self.typing = "";
        let at = self.cursor.1;
        if at > 0 {
            self.cursor.1 = motion::previous(self.line(), at);
        }
        let place = self.cursor;
        self.go(place);
    }

    fn put_key(&mut self, key: Key, over: bool, typed: &mut Vec<u8>) {
        let mut text = Vec::new();
        if keys::append(key, &mut text) {
            self.put_text(&text, over);
            typed.extend_from_slice(&text);
        }
    }

    fn put_text(&mut self, text: &[u8], over: bool) {
        let mut end = self.cursor;
        if over && !text.contains(&b'\n') {
            for _ in 0..String::from_utf8_lossy(text).chars().count() {
                end.1 = motion::next(self.line(), end.1);
            }
        }
        self.cursor = self.buffer.change(self.cursor, end, text);
    }

    fn rub_out(&mut self, count: usize, start: super::Place) {
        for _ in 0..count {
            let (line, at) = self.cursor;
            if at > 0 {
                self.erase_to(motion::previous(self.line(), at));
            } else if line > 0 && (line, at) != start {
                let end = (line - 1, self.buffer.line(line - 1).len());
                self.cursor = self.buffer.change(end, (line, 0), b"");
            }
        }
    }

    fn erase_to(&mut self, at: usize) {
        let to = (self.cursor.0, at);
        self.buffer.change(to, self.cursor, b"");
        self.cursor = to;
    }

    /// The cursor keys while typing.
    fn wander(&mut self, key: Key) {
        let (line, at) = self.cursor;
        let text = self.buffer.line(line);
        match key {
            keys::LEFT => self.cursor.1 = motion::previous(text, at),
            keys::RIGHT => self.cursor.1 = motion::next(text, at).min(text.len()),
            keys::HOME => self.cursor.1 = 0,
            keys::END => self.cursor.1 = text.len(),
            _ => {
                let column = motion::column(text, at);
                let to = if key == keys::UP { line.saturating_sub(1) } else { line + 1 };
                let to = to.min(self.buffer.last());
                let text = self.buffer.line(to);
                let end = motion::column(text, text.len()) <= column;
                self.cursor = (to, if end { text.len() } else { motion::at_column(text, column) });
            }
        }
    }
}

/// The key that typing stops the program with.
pub(super) const STOP: Key = control(b'Z');
