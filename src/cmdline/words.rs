//! Words of the line: Linux `lib/cmdline.c` (`next_arg`), and the few kinds of
//! value that many of them have.

/// One word of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// All of it, without the quotes around it.
    pub text: &'a [u8],
    /// What is in front of the first `=`, or all.
    pub name: &'a [u8],
    /// What is behind it, without the quotes around it.
    pub value: Option<&'a [u8]>,
}

/// The words of a command line, those behind `--` as well.
pub fn words(line: &[u8]) -> Words<'_> {
    Words { rest: line }
}

/// See [`words`].
#[derive(Clone)]
pub struct Words<'a> {
    rest: &'a [u8],
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0)
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let start = self.rest.iter().position(|&b| !is_space(b))?;
        let line = self.rest.get(start..)?;
        let (mut quoted, mut equals, mut end) = (false, None, line.len());
        for (i, &b) in line.iter().enumerate() {
            match b {
                b'"' => quoted = !quoted,
                b'=' if equals.is_none() => equals = Some(i),
                _ if is_space(b) && !quoted => {
                    end = i;
                    break;
                }
                _ => {}
            }
        }
        let (word, rest) = line.split_at_checked(end)?;
        self.rest = rest;
        // `"name=a value"` has its quotes around the whole word.
        let text = match word.strip_prefix(b"\"") {
            Some(inner) => {
                equals = equals.and_then(|i| i.checked_sub(1));
                inner.strip_suffix(b"\"").unwrap_or(inner)
            }
            None => word,
        };
        let Some((name, value)) = equals.and_then(|i| text.split_at_checked(i)) else {
            return Some(Word { text, name: text, value: None });
        };
        let value = value.get(1..).unwrap_or_default();
        let value = match value.strip_prefix(b"\"") {
            Some(inner) => inner.strip_suffix(b"\"").unwrap_or(inner),
            None => value,
        };
        Some(Word { text, name, value: Some(value) })
    }
}

/// Names longer than this are nothing we know.
pub(super) const NAME_MAX: usize = 32;

/// The name with `_` for every `-`.
pub(super) fn plain_name<'b>(name: &[u8], buffer: &'b mut [u8; NAME_MAX]) -> Option<&'b [u8]> {
    let plain = buffer.get_mut(..name.len())?;
    for (to, &from) in plain.iter_mut().zip(name) {
        *to = if from == b'-' { b'_' } else { from };
    }
    Some(plain)
}

/// A parameter that is on or off; without a value it is on.
pub(super) fn boolean(word: Word) -> Option<bool> {
    match word.value {
        None | Some(b"1" | b"yes" | b"on" | b"true") => Some(true),
        Some(b"0" | b"no" | b"off" | b"false") => Some(false),
        _ => None,
    }
}

/// A number without a `+` in front.
pub(super) fn number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    if text.first() == Some(&b'+') {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The parts between commas that are not empty.
pub(super) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&b| b == b',').filter(|part| !part.is_empty())
}
