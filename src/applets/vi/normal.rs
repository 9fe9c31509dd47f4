//! The commands that are single keys.

use super::buffer::{Place, lines_of};
use super::{Vi, insert, motion};
use crate::regex::Regex;
use crate::screen::keys::{self, Key};

/// What a motion spans for an operator.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Span {
    /// Up to before the place.
    Exclusive,
    /// With the character at the place.
    Inclusive,
    /// Whole lines.
    Lines,
}

impl Vi {
    /// Does what a key says, with the keys that it needs; false when it cannot.
    pub(super) fn command(&mut self, mut key: Key) -> bool {
        let mut name = None;
        let mut count: Option<usize> = None;
        loop {
            match key {
                0x22 => name = u8::try_from(self.key()).ok(),
                0x31..=0x39 => count = Some(digit(count, key)),
                0x30 if count.is_some() => count = Some(digit(count, key)),
                _ => break,
            }
            key = self.key();
        }
        let times = count.unwrap_or(1);
        let (line, at) = self.cursor;
        let byte = u8::try_from(key).unwrap_or(0);
        match byte {
            b'd' | b'c' | b'y' | b'<' | b'>' => return self.operator(byte, name, count),
            b'x' | b's' => {
                let mut to = at;
                for _ in 0..times.min(self.line().len()) {
                    to = motion::next(self.line(), to);
                }
                if to == at && byte == b'x' {
                    return false;
                }
                self.cut(name, (line, at), (line, to), byte == b's');
            }
            b'X' => {
                let mut from = at;
                for _ in 0..times.min(at) {
                    from = motion::previous(self.line(), from);
                }
                if from == at {
                    return false;
                }
                self.cut(name, (line, from), (line, at), false);
            }
            b'D' | b'C' => {
                let last = (line + times - 1).min(self.buffer.last());
                let end = (last, self.buffer.line(last).len());
                self.cut(name, (line, at), end, byte == b'C');
            }
            b'Y' => return self.operate(b'y', name, line, line + times - 1),
            b'S' => return self.operate(b'c', name, line, line + times - 1),
            b'i' => self.type_text(times, false),
            b'I' => {
                self.cursor.1 = motion::indent(self.line());
                self.type_text(times, false);
            }
            b'a' => {
                self.cursor.1 = motion::next(self.line(), at);
                self.type_text(times, false);
            }
            b'A' => {
                self.cursor.1 = self.line().len();
                self.type_text(times, false);
            }
            b'R' => self.type_text(times, true),
            b'o' | b'O' => self.open_line(byte == b'O'),
            b'p' | b'P' => return self.put(name.unwrap_or(b'"'), byte == b'P', times),
            b'r' => return self.replace_characters(times),
            b'J' => return self.join(line, times.max(2), true),
            b'~' => self.swap_case(times),
            b'u' | 18 => {
                let Some(place) = self.buffer.undo(byte == 18) else {
                    self.say(if byte == 18 { "nothing to redo" } else { "nothing to undo" });
                    return false;
                };
                self.go(place);
            }
            b'.' => {
                let mut keys = self.dot.clone();
                if let Some(count) = count {
                    let digits = keys.iter().take_while(|key| (0x30..=0x39).contains(*key)).count();
                    keys.drain(..digits);
                    keys.splice(0..0, count.to_string().bytes().map(Key::from));
                }
                self.replay(&keys);
            }
            b'@' => {
                let key = self.key();
                let key = if key == Key::from(b'@') { self.macro_ } else { key };
                self.macro_ = key;
                let text = u8::try_from(key).ok().and_then(|name| self.register(name));
                let Some(text) = text.map(|register| register.text.clone()) else { return false };
                let mut keys = Vec::new();
                for c in String::from_utf8_lossy(&text).chars() {
                    keys.push(Key::from(c));
                }
                for _ in 0..times.min(1000) {
                    self.replay(&keys);
                }
            }
            b'm' => {
                let key = self.key();
                self.mark(key);
            }
            b'Z' => match self.key() {
                0x5a => self.ex(b"x"),
                0x51 => self.ex(b"q!"),
                _ => return false,
            },
            b':' => {
                let history = std::mem::take(&mut self.history);
                let prompt = match count {
                    Some(count) => format!(":.,.+{}", count.saturating_sub(1)),
                    None => ":".into(),
                };
                let typed = self.screen.ask(prompt.as_bytes(), &history);
                self.history = history;
                if let Some(typed) = typed {
                    let whole = [prompt.as_bytes().get(1..).unwrap_or_default(), &typed].concat();
                    self.history.push(typed);
                    self.ex(&whole);
                }
            }
            b'&' => self.ex(b"s"),
            7 => self.tell(),
            12 => self.screen.redraw(),
            30 => self.ex(b"e #"),
            b'z' => {
                let height = self.screen.rows - 1;
                let target = count.map_or(line, |count| count.saturating_sub(1));
                self.top = match self.key() {
                    0x2e | 0x7a => target.saturating_sub(height / 2),
                    0x2d | 0x62 => target.saturating_sub(height - 1),
                    _ => target,
                };
                self.cursor.0 = target.min(self.buffer.last());
            }
            4 | 21 | 6 | 2 | 5 | 25 => self.scroll(byte, count),
            _ if key == insert::STOP => self.screen.suspend(),
            _ if key == keys::PAGE_DOWN => self.scroll(6, count),
            _ if key == keys::PAGE_UP => self.scroll(2, count),
            _ if key == keys::INSERT => self.type_text(1, false),
            _ if key == keys::DELETE => return self.command(Key::from(b'x')),
            _ => {
                let Some((place, span)) = self.motion(key, count) else { return false };
                let wanted = self.wanted;
                self.go(place);
                if matches!(key, 0x6a | 0x6b | keys::UP | keys::DOWN | 14 | 16 | 10)
                    && span == Span::Lines
                {
                    self.wanted = wanted;
                    self.cursor.1 = motion::at_column(self.line(), wanted);
                } else if matches!(key, 0x24 | keys::END) {
                    self.wanted = usize::MAX;
                }
            }
        }
        true
    }

    /// Notes where the cursor is.
    pub(super) fn mark(&mut self, name: Key) {
        self.marks.retain(|(mark, _)| *mark != name);
        self.marks.push((name, self.cursor));
    }

    fn scroll(&mut self, how: u8, count: Option<usize>) {
        let height = self.screen.rows - 1;
        let page = height.saturating_sub(2).max(1).saturating_mul(count.unwrap_or(1));
        let half = count.unwrap_or((height / 2).max(1));
        let lines = match how {
            6 | 2 => page,
            4 | 21 => half,
            _ => count.unwrap_or(1),
        };
        let last = self.buffer.last();
        let line = self.cursor.0;
        if matches!(how, 4..=6) {
            self.top = (self.top + lines).min(last);
            self.cursor.0 = if how == 4 { line + lines } else { line.max(self.top) };
        } else {
            self.top = self.top.saturating_sub(lines);
            let bottom = self.top + height - 1;
            self.cursor.0 = if how == 21 { line.saturating_sub(lines) } else { line.min(bottom) };
        }
        self.cursor.0 = self.cursor.0.min(last);
        self.cursor.1 = motion::at_column(self.line(), self.wanted);
    }

    /// Where a key leads, with the keys that it needs.
    fn motion(&mut self, key: Key, count: Option<usize>) -> Option<(Place, Span)> {
        use Span::{Exclusive, Inclusive, Lines};
        let times = count.unwrap_or(1);
        let (line, at) = self.cursor;
        let last = self.buffer.last();
        let text = self.buffer.line(line);
        let to_line = |to: usize| {
            let to = to.min(last);
            Some(((to, motion::indent(self.buffer.line(to))), Lines))
        };
        let repeat = |step: &dyn Fn(Place) -> Place| {
            let mut place = self.cursor;
            for _ in 0..times {
                let there = step(place);
                if there == place {
                    break;
                }
                place = there;
            }
            place
        };
        let buffer = &self.buffer;
        let byte = match key {
            keys::LEFT => b'h',
            keys::RIGHT => b'l',
            keys::UP => b'k',
            keys::DOWN => b'j',
            keys::HOME => b'0',
            keys::END => b'$',
            _ => u8::try_from(key).unwrap_or(0),
        };
        let big = byte.is_ascii_uppercase();
        Some(match byte {
            b'h' | 8 | 127 => {
                let place = repeat(&|p| (p.0, motion::previous(text, p.1)));
                ((at > 0).then_some(place)?, Exclusive)
            }
            b'l' | b' ' => {
                let place = repeat(&|p| (p.0, motion::next(text, p.1)));
                ((at < text.len()).then_some(place)?, Exclusive)
            }
            b'j' | 14 | 10 => (((line + times <= last).then_some(line + times)?, at), Lines),
            b'k' | 16 => ((line.checked_sub(times)?, at), Lines),
            b'+' | 13 => return to_line((line + times <= last).then_some(line + times)?),
            b'-' => return to_line(line.checked_sub(times)?),
            b'_' => return to_line(line + times - 1),
            b'0' => ((line, 0), Exclusive),
            b'^' => ((line, motion::indent(text)), Exclusive),
            b'|' => ((line, motion::at_column(text, times - 1)), Exclusive),
            b'$' => {
                let to = (line + times - 1).min(last);
                let end = buffer.line(to).len();
                ((to, motion::previous(buffer.line(to), end)), Inclusive)
            }
            b'w' | b'W' => (repeat(&|p| motion::word(buffer, p, big)), Exclusive),
            b'b' | b'B' => (repeat(&|p| motion::word_back(buffer, p, big)), Exclusive),
            b'e' | b'E' => (repeat(&|p| motion::word_end(buffer, p, big)), Inclusive),
            b'{' | b'}' => {
                let place = repeat(&|p| (motion::paragraph(buffer, p.0, byte == b'{'), 0));
                let end = byte == b'}' && place.0 == last && !buffer.line(last).is_empty();
                ((place.0, if end { buffer.line(last).len() } else { 0 }), Exclusive)
            }
            b'%' if count.is_some() => return to_line(buffer.lines.len() * times.min(100) / 100),
            b'%' => (motion::bracket(buffer, self.cursor)?, Inclusive),
            b'G' => {
                let to = count.map_or(last, |count| count.saturating_sub(1));
                self.mark(39);
                let to = to.min(last);
                ((to, motion::indent(self.buffer.line(to))), Lines)
            }
            b'g' => match self.key() {
                0x67 => {
                    self.mark(39);
                    let to = (times - 1).min(last);
                    ((to, motion::indent(self.buffer.line(to))), Lines)
                }
                _ => return None,
            },
            b'H' => return to_line(self.top + times - 1),
            b'M' => {
                let bottom = (self.top + self.screen.rows - 2).min(last);
                return to_line(self.top.midpoint(bottom));
            }
            b'L' => {
                let bottom = (self.top + self.screen.rows - 2).min(last);
                return to_line((bottom + 1).saturating_sub(times).max(self.top));
            }
            b'f' | b'F' | b't' | b'T' => {
                let mut wanted = Vec::new();
                let typed = self.key();
                if !keys::append(typed, &mut wanted) {
                    return None;
                }
                self.sought = Some((wanted, key));
                return self.seek(false, times);
            }
            b';' => return self.seek(false, times),
            b',' => return self.seek(true, times),
            b'\'' | b'`' => {
                let mut name = self.key();
                if name == Key::from(b'`') {
                    name = 39;
                }
                let place = self.marks.iter().find(|(mark, _)| *mark == name).map(|mark| mark.1);
                let Some(place) = place.filter(|place| place.0 <= last) else {
                    self.say("no such mark");
                    return None;
                };
                self.mark(39);
                if byte == b'`' {
                    (place, Exclusive)
                } else {
                    ((place.0, motion::indent(self.buffer.line(place.0))), Lines)
                }
            }
            b'/' | b'?' => {
                let searched = std::mem::take(&mut self.searched);
                let typed = self.screen.ask(&[byte], &searched);
                self.searched = searched;
                let typed = typed?;
                let end = super::ex::end_of(&typed, byte);
                let pattern = typed.get(..end).unwrap_or_default().to_vec();
                self.searched.push(typed);
                self.backwards = byte == b'?';
                if !self.compile(&pattern) {
                    return None;
                }
                (self.search(self.backwards, times)?, Exclusive)
            }
            b'n' => (self.search(self.backwards, times)?, Exclusive),
            b'N' => (self.search(!self.backwards, times)?, Exclusive),
            b'*' => {
                let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80;
                let from = at + text.get(at..)?.iter().position(is_word)?;
                let before = text.get(..from)?.iter().rev().take_while(|b| is_word(b)).count();
                let from = from - before;
                let length = text.get(from..)?.iter().take_while(|b| is_word(b)).count();
                let word = text.get(from..from + length)?.to_vec();
                self.compile(&[b"\\<".as_slice(), &word, b"\\>"].concat());
                self.backwards = false;
                (self.search(false, times)?, Exclusive)
            }
            _ => return None,
        })
    }

    /// The next match of the last pattern.
    pub(super) fn search(&mut self, back: bool, times: usize) -> Option<Place> {
        let Some(pattern) = self.pattern.take() else {
            self.say("no previous pattern");
            return None;
        };
        let place = self.search_for(&pattern, back, times);
        self.pattern = Some(pattern);
        if place.is_none() {
            self.say("pattern not found");
        } else {
            self.mark(39);
        }
        place
    }

    fn search_for(&mut self, pattern: &Regex, back: bool, times: usize) -> Option<Place> {
        let mut place = self.cursor;
        for _ in 0..times {
            let found = motion::search(&self.buffer, place, pattern, back);
            let wrapped = found.is_some_and(|there| (there < place) != back);
            place = found.filter(|_| !(wrapped && self.settings.nowrapscan))?;
            if wrapped {
                self.say(if back { "search hit TOP" } else { "search hit BOTTOM" });
            }
        }
        Some(place)
    }

    /// `f` and its like again.
    fn seek(&mut self, other: bool, times: usize) -> Option<(Place, Span)> {
        let (wanted, key) = self.sought.clone()?;
        let back = (key == Key::from(b'F') || key == Key::from(b'T')) != other;
        let till = key == Key::from(b't') || key == Key::from(b'T');
        let (line, at) = self.cursor;
        let text = self.buffer.line(line);
        let to = motion::find(text, at, &wanted, back, times)?;
        if back {
            return Some(((line, if till { motion::next(text, to) } else { to }), Span::Exclusive));
        }
        let to = if till { motion::previous(text, to) } else { to };
        Some(((line, to), Span::Inclusive))
    }

    /// `d`, `c`, `y`, `<`, `>` and the motion behind them.
    fn operator(&mut self, how: u8, name: Option<u8>, mut count: Option<usize>) -> bool {
        let mut key = self.key();
        let mut own = None;
        while (0x31..=0x39).contains(&key) || key == 0x30 && own.is_some() {
            own = Some(digit(own, key));
            key = self.key();
        }
        if let Some(own) = own {
            count = Some(count.unwrap_or(1).saturating_mul(own));
        }
        let (line, at) = self.cursor;
        if key == Key::from(how) {
            let end = line + count.unwrap_or(1) - 1;
            if end > self.buffer.last() && how == b'd' {
                return self.operate(how, name, line, self.buffer.last());
            }
            return self.operate(how, name, line, end);
        }
        let text = self.buffer.line(line);
        let on_word = text.get(at).is_some_and(|b| !b.is_ascii_whitespace());
        let mut change_word = false;
        // `cw` on a word leaves the blanks behind it.
        if how == b'c' && on_word && matches!(key, 0x77 | 0x57) {
            change_word = true;
        }
        let (place, span) = if change_word {
            let big = key == 0x57;
            let mut place = self.cursor;
            for _ in 1..count.unwrap_or(1) {
                place = motion::word(&self.buffer, place, big);
            }
            (motion::word_tail(&self.buffer, place, big), Span::Inclusive)
        } else {
            match self.motion(key, count) {
                Some(found) => found,
                None => return false,
            }
        };
        if span == Span::Lines || how == b'<' || how == b'>' {
            return self.operate(how, name, line.min(place.0), line.max(place.0));
        }
        let (from, mut to) =
            if place < self.cursor { (place, self.cursor) } else { (self.cursor, place) };
        if span == Span::Inclusive {
            to.1 = motion::next(self.buffer.line(to.0), to.1);
        } else if to.0 > from.0 {
            let word = matches!(key, 0x77 | 0x57);
            let indent = motion::indent(self.buffer.line(to.0));
            if to.1 == 0 || word && to.1 <= indent {
                if !word && from.1 <= motion::indent(self.buffer.line(from.0)) {
                    return self.operate(how, name, from.0, to.0 - 1);
                }
                to = (to.0 - 1, self.buffer.line(to.0 - 1).len());
            }
        }
        if how == b'y' {
            let text = self.buffer.between(from, to);
            self.keep(name, text, false);
            self.go(from);
            return true;
        }
        self.cut(name, from, to, how == b'c');
        true
    }

    /// Takes text out, and with `change` types other text there.
    fn cut(&mut self, name: Option<u8>, from: Place, to: Place, change: bool) {
        let text = self.buffer.between(from, to);
        self.keep(name, text, false);
        self.repeatable = true;
        if from != to {
            self.buffer.change(from, to, b"");
        }
        if change {
            self.cursor = from;
            self.type_text(1, false);
        } else {
            self.go(from);
        }
    }

    /// An operator on whole lines.
    pub(super) fn operate(&mut self, how: u8, name: Option<u8>, first: usize, last: usize) -> bool {
        if last > self.buffer.last() {
            self.say("there are not so many lines");
            return false;
        }
        let count = last - first + 1;
        let mut lines = self.buffer.lines.get(first..=last).unwrap_or_default().to_vec();
        if matches!(how, b'<' | b'>') {
            self.repeatable = true;
            for line in &mut lines {
                if how == b'>' && !line.is_empty() {
                    line.insert(0, b'\t');
                } else if how == b'<' && line.first() == Some(&b'\t') {
                    line.remove(0);
                } else if how == b'<' {
                    let blanks = line.iter().take(8).take_while(|b| **b == b' ').count();
                    line.drain(..blanks);
                }
            }
            self.buffer.replace(first, count, lines, (first, 0));
            let at = motion::indent(self.buffer.line(first));
            self.go((first, at));
            return true;
        }
        let mut text = lines.join(&b'\n');
        text.push(b'\n');
        self.keep(name, text, true);
        if how == b'y' {
            self.cursor.0 = first;
            return true;
        }
        self.repeatable = true;
        if how == b'c' {
            let old = lines.first().map(Vec::as_slice).unwrap_or_default();
            let indent = if self.settings.indent { motion::indent(old) } else { 0 };
            let new = old.get(..indent).unwrap_or_default().to_vec();
            self.buffer.replace(first, count, vec![new], (first, 0));
            self.cursor = (first, indent);
            self.type_text(1, false);
            return true;
        }
        self.buffer.replace(first, count, Vec::new(), (first, 0));
        let to = first.min(self.buffer.last());
        let at = motion::indent(self.buffer.line(to));
        self.go((to, at));
        if count > 2 {
            self.message = format!("{count} fewer lines").into_bytes();
        }
        true
    }

    fn open_line(&mut self, above: bool) {
        let line = self.cursor.0;
        let old = self.line();
        let indent = if self.settings.indent { motion::indent(old) } else { 0 };
        let new = old.get(..indent).unwrap_or_default().to_vec();
        let at = if above { line } else { line + 1 };
        self.buffer.replace(at, 0, vec![new], self.cursor);
        self.cursor = (at, indent);
        self.type_text(1, false);
    }

    /// Puts a register's text behind the cursor, or before it.
    pub(super) fn put(&mut self, name: u8, before: bool, times: usize) -> bool {
        let Some(register) = self.register(name.to_ascii_lowercase()).cloned() else {
            self.say("nothing to put");
            return false;
        };
        self.repeatable = true;
        let times = times.min(10_000);
        let text = register.text.repeat(times);
        let (line, at) = self.cursor;
        if register.lines {
            let to = if before { line } else { line + 1 };
            self.buffer.replace(to, 0, lines_of(&text), self.cursor);
            let at = motion::indent(self.buffer.line(to));
            self.go((to, at));
            return true;
        }
        let from = if before { at } else { motion::next(self.line(), at) };
        let end = self.buffer.change((line, from), (line, from), &text);
        let last = motion::previous(self.buffer.line(end.0), end.1);
        self.go(if end.0 == line { (line, last) } else { (line, from) });
        true
    }

    fn replace_characters(&mut self, times: usize) -> bool {
        let mut key = self.key();
        let (line, at) = self.cursor;
        let mut end = at;
        for _ in 0..times {
            if end >= self.line().len() {
                return false;
            }
            end = motion::next(self.line(), end);
        }
        if key == 22 {
            key = self.key();
        }
        let mut text = Vec::new();
        if key == keys::ESC || !keys::append(if key == 13 { 10 } else { key }, &mut text) {
            return false;
        }
        self.repeatable = true;
        let whole = if text == b"\n" { text } else { text.repeat(times) };
        let place = self.buffer.change((line, at), (line, end), &whole);
        let last = motion::previous(self.buffer.line(place.0), place.1);
        self.go((place.0, last));
        true
    }

    /// Joins lines, with a blank between them when `blank`.
    pub(super) fn join(&mut self, first: usize, count: usize, blank: bool) -> bool {
        if first >= self.buffer.last() {
            return false;
        }
        let count = count.min(self.buffer.lines.len() - first);
        let mut text = self.buffer.line(first).to_vec();
        let mut at = text.len();
        for number in first + 1..first + count {
            let next = self.buffer.line(number);
            let next = next.get(if blank { motion::indent(next) } else { 0 }..).unwrap_or_default();
            at = text.len();
            let ends = text.last().is_none_or(|b| matches!(b, b' ' | b'\t'));
            if blank && !ends && !next.is_empty() && next.first() != Some(&b')') {
                text.push(b' ');
            }
            text.extend_from_slice(next);
        }
        self.repeatable = true;
        self.buffer.replace(first, count, vec![text], self.cursor);
        self.go((first, at));
        true
    }

    fn swap_case(&mut self, times: usize) {
        let (line, at) = self.cursor;
        let mut end = at;
        for _ in 0..times.min(self.line().len()) {
            end = motion::next(self.line(), end);
        }
        let mut text = self.buffer.between((line, at), (line, end));
        for byte in &mut text {
            if byte.is_ascii_alphabetic() {
                *byte ^= 32;
            }
        }
        self.repeatable = true;
        let place = self.buffer.change((line, at), (line, end), &text);
        self.go(place);
    }
}

fn digit(old: Option<usize>, key: Key) -> usize {
    let digit = usize::try_from(key.saturating_sub(0x30)).unwrap_or(0);
    // More than any file has, and safe to add to.
    old.unwrap_or(0).saturating_mul(10).saturating_add(digit).min(1 << 40)
}
