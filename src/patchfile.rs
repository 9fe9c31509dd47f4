//! Reading patches: the differences of files as diff(1) writes them, in its
//! unified, context and normal forms. Pure.

/// What happens to a line of a hunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is on both sides.
    Both,
    /// It is only in the old file.
    Old,
    /// It is only in the new one.
    New,
}

/// Lines that are next to each other in both files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hunk {
    /// The first line in the old file, counted from 1; of no lines the one
    /// before.
    pub old: usize,
    /// The same in the new file.
    pub new: usize,
    /// The lines with their ends, in order.
    pub lines: Vec<(Kind, Vec<u8>)>,
}

impl Hunk {
    /// How many lines of the one or the other side there are.
    pub fn count(&self, without: Kind) -> usize {
        self.lines.iter().filter(|(kind, _)| *kind != without).count()
    }
}

/// The hunks for one file.
#[derive(Debug, Default)]
pub struct FilePatch {
    /// The names that the patch has: the old one, the new one, that of an
    /// `Index:` line.
    pub names: [Option<Vec<u8>>; 3],
    /// The old file, or the new one, is not there.
    pub missing: [bool; 2],
    /// In order.
    pub hunks: Vec<Hunk>,
    /// Whether the lines of its head end with carriage returns: it may have
    /// got them on its way here.
    pub returns: bool,
}

impl FilePatch {
    /// The patch without the carriage returns at the ends of its lines.
    pub fn without_returns(&self) -> FilePatch {
        let mut hunks = self.hunks.clone();
        for (_, line) in hunks.iter_mut().flat_map(|hunk| &mut hunk.lines) {
            if line.ends_with(b"\r\n") {
                line.truncate(line.len() - 2);
                line.push(b'\n');
            }
        }
        FilePatch { names: self.names.clone(), hunks, returns: false, ..*self }
    }
}

/// Lines that are left to read.
struct Rest<'p> {
    lines: Vec<&'p [u8]>,
    at: usize,
}

impl<'p> Rest<'p> {
    fn peek(&self, ahead: usize) -> Option<&'p [u8]> {
        self.lines.get(self.at + ahead).copied()
    }

    /// Whether the line before has no end, says the next line.
    fn no_end(&mut self, line: &mut Vec<u8>) {
        if self.peek(0).is_some_and(|l| l.starts_with(b"\\")) {
            self.at += 1;
            if line.last() == Some(&b'\n') {
                line.pop();
            }
        }
    }
}

/// Reads all patches of a text. What is between them is left out. An error is
/// the number of the line that makes no sense.
pub fn parse(text: &[u8]) -> Result<Vec<FilePatch>, usize> {
    let mut rest = Rest { lines: text.split_inclusive(|&b| b == b'\n').collect(), at: 0 };
    let mut list: Vec<FilePatch> = Vec::new();
    let mut index = None;
    while let Some(line) = rest.peek(0) {
        if let Some(name) = line.strip_prefix(b"Index:") {
            index = Some(name.trim_ascii().to_vec());
            rest.at += 1;
        } else if let (Some(old), Some(new)) =
            (line.strip_prefix(b"--- "), rest.peek(1).and_then(|l| l.strip_prefix(b"+++ ")))
            && rest.peek(2).is_some_and(|l| l.starts_with(b"@@ -"))
        {
            rest.at += 2;
            let mut patch = started(old, new, index.take());
            while rest.peek(0).is_some_and(|l| l.starts_with(b"@@ -")) {
                patch.hunks.push(unified(&mut rest).ok_or(rest.at + 1)?);
            }
            list.push(patch);
        } else if let (Some(old), Some(new)) =
            (line.strip_prefix(b"*** "), rest.peek(1).and_then(|l| l.strip_prefix(b"--- ")))
            && rest.peek(2).is_some_and(|l| l.starts_with(b"***************"))
        {
            rest.at += 2;
            let mut patch = started(old, new, index.take());
            while rest.peek(0).is_some_and(|l| l.starts_with(b"***************")) {
                patch.hunks.push(context(&mut rest).ok_or(rest.at + 1)?);
            }
            list.push(patch);
        } else if command(line).is_some() {
            let mut patch = FilePatch { names: [None, None, index.take()], ..FilePatch::default() };
            while let Some(ends) = rest.peek(0).and_then(command) {
                patch.hunks.push(normal(&mut rest, ends).ok_or(rest.at + 1)?);
            }
            list.push(patch);
        } else {
            rest.at += 1;
        }
    }
    Ok(list)
}

/// A patch whose header has these names, with times behind a tab.
fn started(old: &[u8], new: &[u8], index: Option<Vec<u8>>) -> FilePatch {
    let returns = new.ends_with(b"\r\n");
    let part = |text: &[u8]| -> (Option<Vec<u8>>, bool) {
        let text = text.trim_ascii_end();
        let name = text.split(|&b| b == b'\t').next().unwrap_or(text);
        let time = text.get(name.len()..).unwrap_or_default().trim_ascii();
        // The start of time is no time that a file has.
        let missing = name == b"/dev/null"
            || time.starts_with(b"1970-01-01 00:00:00") && time.ends_with(b"+0000");
        let name = if name == b"/dev/null" { None } else { Some(name.to_vec()) };
        (name, missing)
    };
    let ((old, no_old), (new, no_new)) = (part(old), part(new));
    let names = [old, new, index];
    FilePatch { names, missing: [no_old, no_new], hunks: Vec::new(), returns }
}

fn number(text: &[u8]) -> Option<(usize, &[u8])> {
    let count = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(count);
    let value = std::str::from_utf8(digits).ok()?.parse().ok()?;
    // No file has so many lines.
    (value <= usize::MAX / 4).then_some((value, rest))
}

/// `N`, `N,M`; what is behind.
fn pair(text: &[u8]) -> Option<(usize, Option<usize>, &[u8])> {
    let (first, rest) = number(text)?;
    match rest.strip_prefix(b",") {
        Some(rest) => {
            let (second, rest) = number(rest)?;
            Some((first, Some(second), rest))
        }
        None => Some((first, None, rest)),
    }
}

fn unified(rest: &mut Rest) -> Option<Hunk> {
    let line = rest.peek(0)?.strip_prefix(b"@@ -")?;
    let (old, old_count, line) = pair(line)?;
    let (new, new_count, line) = pair(line.strip_prefix(b" +")?)?;
    line.strip_prefix(b" @@")?;
    rest.at += 1;
    let (mut old_left, mut new_left) = (old_count.unwrap_or(1), new_count.unwrap_or(1));
    let mut hunk = Hunk { old, new, lines: Vec::new() };
    while old_left > 0 || new_left > 0 {
        let line = rest.peek(0)?;
        let (kind, text) = match line.split_first()? {
            (b' ' | b'\t', _) | (b'\n', []) => {
                // Mailers cut the blank of an empty line off.
                let text = line.strip_prefix(b" ").unwrap_or(line);
                (Kind::Both, text)
            }
            (b'-', text) => (Kind::Old, text),
            (b'+', text) => (Kind::New, text),
            _ => return None,
        };
        if kind != Kind::New {
            old_left = old_left.checked_sub(1)?;
        }
        if kind != Kind::Old {
            new_left = new_left.checked_sub(1)?;
        }
        rest.at += 1;
        let mut text = text.to_vec();
        if text.last() != Some(&b'\n') {
            text.push(b'\n');
        }
        rest.no_end(&mut text);
        hunk.lines.push((kind, text));
    }
    Some(hunk)
}

/// The lines of one half of a context hunk.
fn half(rest: &mut Rest, count: usize, marks: [u8; 2]) -> Option<Vec<(u8, Vec<u8>)>> {
    let mut lines = Vec::new();
    while lines.len() < count {
        let Some(line) = rest.peek(0) else { break };
        let (&mark, text) = line.split_first()?;
        // A half without changes is left out.
        if !(mark == b' ' || mark == b'\n' || marks.contains(&mark) && text.first() == Some(&b' '))
        {
            break;
        }
        rest.at += 1;
        let mut text = text.strip_prefix(b" ").unwrap_or(text).to_vec();
        if text.last() != Some(&b'\n') {
            text.push(b'\n');
        }
        rest.no_end(&mut text);
        lines.push((mark, text));
    }
    (lines.len() == count || lines.is_empty()).then_some(lines)
}

fn context(rest: &mut Rest) -> Option<Hunk> {
    rest.at += 1;
    let (old, old_end, _) = pair(rest.peek(0)?.strip_prefix(b"*** ")?)?;
    rest.at += 1;
    let count = |start: usize, end: Option<usize>| match end {
        Some(end) => (end + 1).checked_sub(start),
        None => Some(usize::from(start > 0)),
    };
    let a = half(rest, count(old, old_end)?, *b"-!")?;
    let (new, new_end, _) = pair(rest.peek(0)?.strip_prefix(b"--- ")?)?;
    rest.at += 1;
    let b = half(rest, count(new, new_end)?, *b"+!")?;
    let mut hunk = Hunk { old, new, lines: Vec::new() };
    let (mut x, mut y) = (a.into_iter().peekable(), b.into_iter().peekable());
    let has = (x.peek().is_some(), y.peek().is_some());
    loop {
        while let Some((_, text)) = x.next_if(|(mark, _)| matches!(mark, b'-' | b'!')) {
            hunk.lines.push((Kind::Old, text));
        }
        while let Some((_, text)) = y.next_if(|(mark, _)| matches!(mark, b'+' | b'!')) {
            hunk.lines.push((Kind::New, text));
        }
        // What is left of the one stands for the other that was left out.
        match (x.next(), y.next()) {
            (None, None) => return Some(hunk),
            (Some((_, text)), Some(_)) => hunk.lines.push((Kind::Both, text)),
            (Some((_, text)), None) if !has.1 => hunk.lines.push((Kind::Both, text)),
            (None, Some((_, text))) if !has.0 => hunk.lines.push((Kind::Both, text)),
            _ => return None,
        }
    }
}

/// `N[,N]{a,c,d}N[,N]`: first and last line of both sides, and the letter.
fn command(line: &[u8]) -> Option<(usize, usize, u8, usize, usize)> {
    let (a, a_end, rest) = pair(line)?;
    let (&letter, rest) = rest.split_first()?;
    let (b, b_end, rest) = pair(rest)?;
    let end = rest.trim_ascii().is_empty();
    let fits = matches!(letter, b'a' | b'c' | b'd') && end;
    fits.then_some((a, a_end.unwrap_or(a), letter, b, b_end.unwrap_or(b)))
}

fn normal(rest: &mut Rest, ends: (usize, usize, u8, usize, usize)) -> Option<Hunk> {
    let (old, old_end, letter, new, new_end) = ends;
    rest.at += 1;
    let mut hunk = Hunk { old, new, lines: Vec::new() };
    let sides = [(Kind::Old, b"< ", old, old_end, b'a'), (Kind::New, b"> ", new, new_end, b'd')];
    for (kind, mark, from, to, none) in sides {
        if letter == none {
            continue;
        }
        for _ in 0..(to + 1).checked_sub(from)? {
            let mut text = rest.peek(0)?.strip_prefix(mark)?.to_vec();
            rest.at += 1;
            rest.no_end(&mut text);
            hunk.lines.push((kind, text));
        }
        if letter == b'c' && kind == Kind::Old {
            rest.peek(0)?.strip_prefix(b"---")?;
            rest.at += 1;
        }
    }
    Some(hunk)
}

/// For the fuzzer: any bytes may come.
pub fn exercise(data: &[u8]) {
    if let Ok(list) = parse(data) {
        for hunk in list.iter().flat_map(|patch| &patch.hunks) {
            assert!(hunk.count(Kind::Old) + hunk.count(Kind::New) <= 2 * hunk.lines.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms() {
        let unified = b"x\n--- a\t2020-01-01\n+++ b\n@@ -1,3 +1,3 @@\n 1\n-2\n+x\n 3\n";
        let context = b"*** a\n--- b\n***************\n*** 1,3 ****\n  1\n! 2\n  3\n--- 1,3 ----\n  1\n! x\n  3\n";
        let one = parse(unified).unwrap();
        let two = parse(context).unwrap();
        assert_eq!(one[0].hunks, two[0].hunks);
        assert_eq!(one[0].names[0].as_deref(), Some(&b"a"[..]));
        let normal = parse(b"2c2\n< 2\n---\n> x\n\\ No newline at end of file\n").unwrap();
        let lines = vec![(Kind::Old, b"2\n".to_vec()), (Kind::New, b"x".to_vec())];
        assert_eq!(normal[0].hunks, [Hunk { old: 2, new: 2, lines }]);
    }

    #[test]
    fn what_is_no_patch() {
        assert!(parse(b"hello\n").unwrap().is_empty());
        assert_eq!(parse(b"--- a\n+++ b\n@@ -1,3 +1,3 @@\n 1\n").unwrap_err(), 5);
        assert!(parse(b"2c2\n< 2\n").is_err());
    }
}
