//! Pattern matching notation. POSIX.1-2024 XCU 2.14.
//!
//! A pattern is bytes: `*`, `?` and `[...]` have their meaning, `\` takes it
//! from the byte behind it. Characters are bytes, or those of UTF-8 for the
//! shell in such a locale; they collate as their codes, as in the POSIX locale.
//! Matching keeps one place to go back to, so it takes at most the product of
//! both lengths.

use crate::characters::Characters;

use super::ast::Replace;

/// What stands at the beginning of a pattern.
enum Item<'a> {
    /// A byte that stands for itself.
    Byte(u8),
    /// `?`
    Any,
    /// `*`
    Star,
    /// `[...]`: what is between the brackets
    Set(&'a [u8]),
}

/// Splits the first item off a pattern.
fn item(pattern: &[u8]) -> Option<(Item<'_>, &[u8])> {
    let (first, rest) = pattern.split_first()?;
    Some(match first {
        b'*' => (Item::Star, rest),
        b'?' => (Item::Any, rest),
        b'\\' => match rest.split_first() {
            Some((byte, rest)) => (Item::Byte(*byte), rest),
            None => (Item::Byte(b'\\'), rest),
        },
        b'[' => match set_end(rest) {
            Some(end) => (
                Item::Set(rest.get(..end).unwrap_or_default()),
                rest.get(end + 1..).unwrap_or_default(),
            ),
            None => (Item::Byte(b'['), rest),
        },
        byte => (Item::Byte(*byte), rest),
    })
}

/// A longer bracket expression is none. Every byte with a class of its own
/// would fit.
const LONGEST_SET: usize = 4096;

/// Where the bracket expression that begins with `body` ends: the place of its
/// `]`.
fn set_end(body: &[u8]) -> Option<usize> {
    let body = body.get(..LONGEST_SET).unwrap_or(body);
    let mut at = 0;
    // From where on the end of a class is not looked for again.
    let mut open = [false; 16];
    if let Some(b'!' | b'^') = body.first() {
        at = 1;
    }
    let begin = at;
    loop {
        match *body.get(at)? {
            b']' if at > begin => return Some(at),
            b'\\' => at += 2,
            b'[' => match body.get(at + 1) {
                Some(kind @ (b':' | b'.' | b'=')) => {
                    let close = [*kind, b']'];
                    let open = open.get_mut(usize::from(kind & 15))?;
                    let inner = body.get(at + 2..)?;
                    let end = inner.windows(2).position(|w| w == close || *open);
                    match end.filter(|_| !*open) {
                        Some(n) => at += 2 + n + 2,
                        None => {
                            *open = true;
                            at += 1;
                        }
                    }
                }
                _ => at += 1,
            },
            // An unquoted slash ends no component, but a set never matches one.
            _ => at += 1,
        }
    }
}

/// Whether a character is in the set whose brackets hold `body`.
fn in_set(chars: Characters, body: &[u8], code: u32) -> bool {
    let (negated, mut rest) = match body.split_first() {
        Some((b'!' | b'^', rest)) => (true, rest),
        _ => (false, body),
    };
    let mut found = false;
    let mut classes = true;
    while !rest.is_empty() {
        if classes && let Some(inner) = rest.strip_prefix(b"[:") {
            if let Some(end) = inner.windows(2).position(|w| w == b":]") {
                let (class, behind) = inner.split_at(end);
                found |= in_class(chars, class, code);
                rest = behind.get(2..).unwrap_or_default();
                continue;
            }
            classes = false;
        }
        let Some((low, behind)) = element(chars, rest) else { break };
        rest = behind;
        if let Some((b'-', behind)) = rest.split_first()
            && let Some((high, behind)) = element(chars, behind)
        {
            rest = behind;
            found |= (low..=high).contains(&code);
        } else {
            found |= low == code;
        }
    }
    found != negated
}

/// One collating element of a bracket expression and what follows it.
fn element(chars: Characters, body: &[u8]) -> Option<(u32, &[u8])> {
    for (open, close) in [(b"[.", b".]"), (b"[=", b"=]")] {
        if let Some(inner) = body.strip_prefix(open)
            && !inner.starts_with(close)
            && let Some((code, length)) = chars.first(inner)
            && inner.get(length..).is_some_and(|behind| behind.starts_with(close))
        {
            return Some((code, inner.get(length + 2..)?));
        }
    }
    let escaped = body.strip_prefix(b"\\").filter(|rest| !rest.is_empty());
    let body = escaped.unwrap_or(body);
    let (code, length) = chars.first(body)?;
    Some((code, body.get(length..)?))
}

fn in_class(chars: Characters, class: &[u8], code: u32) -> bool {
    let Some(byte) = u8::try_from(code).ok().filter(u8::is_ascii) else {
        return chars == Characters::Utf8
            && char::from_u32(code).is_some_and(|c| is_of_class(class, c));
    };
    match class {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => byte == b' ' || byte == b'\t',
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}

/// Whether a character beyond ASCII is of a class.
fn is_of_class(class: &[u8], c: char) -> bool {
    let letter = || c.is_alphabetic() || c.is_numeric();
    match class {
        b"alnum" | b"alpha" => letter(),
        b"lower" => c.is_lowercase(),
        b"upper" => c.is_uppercase(),
        b"blank" | b"space" => {
            c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}')
        }
        b"cntrl" => c.is_control(),
        b"graph" => !c.is_control() && !c.is_whitespace(),
        b"print" => !c.is_control(),
        b"punct" => !c.is_control() && !c.is_whitespace() && !letter(),
        _ => false,
    }
}

/// How much of `text` the item takes at its beginning, which is no star.
#[inline]
fn step(chars: Characters, item: &Item<'_>, text: &[u8]) -> Option<usize> {
    let fits = match item {
        Item::Byte(b) => return (text.first() == Some(b)).then_some(1),
        Item::Any => return chars.first(text).map(|(_, length)| length),
        Item::Set(body) => chars.first(text).filter(|(code, _)| in_set(chars, body, *code)),
        Item::Star => None,
    };
    fits.map(|(_, length)| length)
}

/// The pattern with a `\\` before each `[` that is not closed, if there is one:
/// so its end is not looked for again and again.
#[inline(never)]
fn settled(pattern: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut rest, mut copied) = (pattern, 0);
    while let Some((one, behind)) = item(rest) {
        let at = pattern.len() - rest.len();
        if matches!(one, Item::Byte(b'[')) && rest.len() - behind.len() == 1 {
            out.extend_from_slice(pattern.get(copied..at)?);
            out.push(b'\\');
            copied = at;
        }
        rest = behind;
    }
    if out.is_empty() {
        return None;
    }
    out.extend_from_slice(pattern.get(copied..)?);
    Some(out)
}

/// Does something with a pattern whose sets are all closed.
#[inline]
fn with_settled<T>(pattern: &[u8], work: impl Fn(&[u8]) -> T) -> T {
    if pattern.contains(&b'[')
        && let Some(settled) = settled(pattern)
    {
        return work(&settled);
    }
    work(pattern)
}

/// Whether all of `text` matches `pattern`, byte by byte.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    fits(Characters::Bytes, pattern, text)
}

/// The characters that make a difference when `pattern` is looked for in
/// `text`. Beyond ASCII a set can name what no byte of an ASCII text is.
fn relevant(chars: Characters, pattern: &[u8], text: &[u8]) -> Characters {
    match chars {
        Characters::Utf8 if pattern.contains(&b'[') && !pattern.is_ascii() => chars,
        _ => chars.within(text),
    }
}

/// Whether all of `text` matches `pattern`.
pub fn fits(chars: Characters, pattern: &[u8], text: &[u8]) -> bool {
    let chars = relevant(chars, pattern, text);
    with_settled(pattern, |pattern| walk(chars, pattern, text, true).is_some())
}

/// Whether a byte of a pattern means itself wherever it stands.
fn is_plain(byte: u8) -> bool {
    !matches!(byte, b'*' | b'?' | b'[' | b'\\')
}

/// Matches from the start of `text`. With `whole`, all of it must match;
/// otherwise the length of the shortest prefix that does is returned.
fn walk(chars: Characters, pattern: &[u8], text: &[u8], whole: bool) -> Option<usize> {
    let (mut p, mut t) = (pattern, text);
    // Behind the last star: the rest of the pattern, and the text it was last
    // tried on. Nothing before that star can help a later mismatch.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        // A letter that means itself needs no look at what it is.
        let letter = p.split_first().filter(|(letter, _)| is_plain(**letter));
        let next = if letter.is_some() { None } else { item(p) };
        match next {
            None if let Some((letter, rest)) = letter => {
                if let Some((byte, behind)) = t.split_first()
                    && byte == letter
                {
                    p = rest;
                    t = behind;
                    continue;
                }
            }
            None if t.is_empty() || !whole => return Some(text.len() - t.len()),
            Some((Item::Star, rest)) => {
                if rest.is_empty() && whole {
                    return Some(text.len());
                }
                retry = Some((rest, t));
                p = rest;
                continue;
            }
            Some((one, rest)) => {
                if let Some(length) = step(chars, &one, t) {
                    p = rest;
                    t = t.get(length..)?;
                    continue;
                }
            }
            None => {}
        }
        let (rest, tried) = retry?;
        let (_, length) = chars.first(tried)?;
        let mut behind = tried.get(length..)?;
        // Straight to where the rest of the pattern can begin. Within a
        // character that is not.
        if let Some(plain) = rest.first().filter(|b| is_plain(**b) && !(0x80..0xc0).contains(*b)) {
            let at = behind.iter().position(|b| b == plain)?;
            behind = behind.get(at..)?;
        }
        retry = Some((rest, behind));
        p = rest;
        t = behind;
    }
}

/// The length of the shortest or longest prefix of `text` that matches.
pub fn prefix(chars: Characters, pattern: &[u8], text: &[u8], longest: bool) -> Option<usize> {
    let chars = relevant(chars, pattern, text);
    with_settled(pattern, |pattern| prefix_of(chars, pattern, text, longest && has_star(pattern)))
}

/// Whether a pattern can match texts of several lengths from one place on.
fn has_star(mut pattern: &[u8]) -> bool {
    while let Some((one, rest)) = item(pattern) {
        if let Item::Star = one {
            return true;
        }
        pattern = rest;
    }
    false
}

fn prefix_of(chars: Characters, pattern: &[u8], text: &[u8], longest: bool) -> Option<usize> {
    let shortest = walk(chars, pattern, text, false)?;
    if !longest {
        return Some(shortest);
    }
    let last = last_item(pattern);
    if let Some(Item::Star) = last {
        return Some(text.len());
    }
    let mut end = text.len();
    loop {
        let head = text.get(..end)?;
        let possible = match (&last, head.last()) {
            // The last byte of a character says nothing of it.
            (Some(Item::Any | Item::Set(_)), Some(0x80..)) if chars == Characters::Utf8 => true,
            (Some(item), Some(byte)) => step(chars, item, std::slice::from_ref(byte)).is_some(),
            _ => true,
        } && chars.is_start(text, end);
        if possible && walk(chars, pattern, head, true).is_some() {
            return Some(end);
        }
        end = end.checked_sub(1)?;
    }
}

/// Where the shortest or longest suffix of `text` that matches begins.
pub fn suffix(chars: Characters, pattern: &[u8], text: &[u8], longest: bool) -> Option<usize> {
    let chars = relevant(chars, pattern, text);
    with_settled(pattern, |pattern| suffix_of(chars, pattern, text, longest))
}

fn suffix_of(chars: Characters, pattern: &[u8], text: &[u8], longest: bool) -> Option<usize> {
    let mut pattern = pattern;
    let mut first = item(pattern);
    if let Some((Item::Star, _)) = first {
        if longest {
            return walk(chars, pattern, text, true).map(|_| 0);
        }
        while let Some((Item::Star, rest)) = first {
            pattern = rest;
            first = item(pattern);
        }
    }
    if let Some((Item::Byte(byte), _)) = first {
        let fits =
            |at: &usize| walk(chars, pattern, text.get(*at..).unwrap_or_default(), true).is_some();
        let mut places = text.iter().enumerate().filter(|(_, b)| **b == byte).map(|(at, _)| at);
        return if longest { places.find(fits) } else { places.rfind(fits) };
    }
    let fits = |at: &usize| {
        let rest = text.get(*at..).unwrap_or_default();
        let possible = match &first {
            Some((item, _)) => step(chars, item, rest).is_some(),
            None => rest.is_empty(),
        };
        possible && chars.is_start(text, *at) && walk(chars, pattern, rest, true).is_some()
    };
    if longest { (0..=text.len()).find(fits) } else { (0..=text.len()).rev().find(fits) }
}

/// The first place in `text`, from `from` on, that matches, as short or as long
/// as it can: its start and end.
fn find(
    chars: Characters,
    pattern: &[u8],
    text: &[u8],
    from: usize,
    longest: bool,
) -> Option<(usize, usize)> {
    let first = item(pattern);
    (from..=text.len()).find_map(|start| {
        let rest = text.get(start..)?;
        if let Some((one, _)) = &first
            && !matches!(one, Item::Star)
            && step(chars, one, rest).is_none()
        {
            return None;
        }
        if !chars.is_start(text, start) {
            return None;
        }
        prefix_of(chars, pattern, rest, longest).map(|n| (start, start + n))
    })
}

fn last_item(mut pattern: &[u8]) -> Option<Item<'_>> {
    let mut last = None;
    while let Some((item, rest)) = item(pattern) {
        last = Some(item);
        pattern = rest;
    }
    last
}

/// Whether `pattern` can match anything but one text.
pub fn is_magic(mut pattern: &[u8]) -> bool {
    while let Some((item, rest)) = item(pattern) {
        if !matches!(item, Item::Byte(_)) {
            return true;
        }
        pattern = rest;
    }
    false
}

/// The text that a pattern without magic matches.
pub fn unescape(mut pattern: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(pattern.len());
    while let Some((first, rest)) = pattern.split_first() {
        pattern = rest;
        match (first, rest.split_first()) {
            (b'\\', Some((byte, rest))) => {
                text.push(*byte);
                pattern = rest;
            }
            _ => text.push(*first),
        }
    }
    text
}

/// Whether a quoted byte must be escaped to stand for itself in a pattern.
pub fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\' | b'!' | b'^' | b'-' | b':' | b'.' | b'=')
}

/// Adds `text` to a pattern as text that stands for itself.
pub fn escape_into(pattern: &mut Vec<u8>, text: &[u8]) {
    for byte in text {
        if is_special(*byte) {
            pattern.push(b'\\');
        }
        pattern.push(*byte);
    }
}

/// A value with what the pattern matches in it replaced by a text: `${x/p/t}`.
pub fn replace(
    chars: Characters,
    how: Replace,
    pattern: &[u8],
    text: &[u8],
    value: Vec<u8>,
) -> Vec<u8> {
    let chars = relevant(chars, pattern, &value);
    let replaced = with_settled(pattern, |pattern| match how {
        Replace::Start => {
            let end = prefix_of(chars, pattern, &value, has_star(pattern))?;
            Some([text, value.get(end..)?].concat())
        }
        Replace::End => {
            let start = suffix_of(chars, pattern, &value, true)?;
            Some([value.get(..start)?, text].concat())
        }
        Replace::First | Replace::All if pattern.is_empty() => None,
        Replace::First | Replace::All => {
            Some(replace_within(chars, how == Replace::All, pattern, text, &value))
        }
    });
    replaced.unwrap_or(value)
}

fn replace_within(
    chars: Characters,
    all: bool,
    pattern: &[u8],
    text: &[u8],
    value: &[u8],
) -> Vec<u8> {
    let mut result = Vec::with_capacity(value.len());
    let longest = has_star(pattern);
    let mut at = 0;
    while let Some((start, end)) = find(chars, pattern, value, at, longest) {
        if start == value.len() && start > 0 && start == end {
            break;
        }
        result.extend_from_slice(value.get(at..start).unwrap_or_default());
        result.extend_from_slice(text);
        if end == start {
            let length = value.get(start..).and_then(|rest| chars.first(rest));
            at = start + length.map_or(1, |(_, length)| length);
            result.extend_from_slice(value.get(start..at).unwrap_or_default());
        } else {
            at = end;
        }
        if !all || at >= value.len() {
            break;
        }
    }
    result.extend_from_slice(value.get(at..).unwrap_or_default());
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn m(pattern: &str, text: &str) -> bool {
        matches(pattern.as_bytes(), text.as_bytes())
    }

    #[test]
    fn whole_texts() {
        assert!(m("", ""));
        assert!(m("*", ""));
        assert!(m("a*b*c", "aXXbYYc"));
        assert!(!m("a*b*c", "aXXbYYcd"));
        assert!(m("?x?", "axb"));
        assert!(!m("?", ""));
        assert!(m("\\*", "*"));
        assert!(!m("\\*", "a"));
        assert!(m("a\\", "a\\"));
        assert!(m("*.tar.*", "x.tar.tar.gz"));
    }

    #[test]
    fn bracket_expressions() {
        assert!(m("[a", "[a") && m("x[", "x[") && m("[a[b]", "[") && !m("[a[b]", "[a["));
        assert!(m("[[:x", "[[:x") && m("[[.]", "[") && m("[[.]", ".") && m("[[.a.]]", "a"));
        assert!(m("[abc]", "b"));
        assert!(!m("[!abc]", "b"));
        assert!(m("[^abc]", "d"));
        assert!(m("[a-c]x", "bx"));
        assert!(m("[]a]", "]"));
        assert!(m("[!]a]", "b"));
        assert!(m("[a-]", "-"));
        assert!(m("[[:digit:][:upper:]]", "Q"));
        assert!(!m("[[:digit:]]", "x"));
        assert!(m("[[.-.]]", "-"));
        assert!(m("[[=a=]b]", "a"));
        assert!(m("[", "["));
        assert!(m("[a", "[a"));
        assert!(m("[\\]]", "]"));
        assert!(m("[a\\-c]", "-"));
        assert!(!m("[a\\-c]", "b"));
    }

    #[test]
    fn prefixes_and_suffixes() {
        assert_eq!(prefix(Characters::Bytes, b"*/", b"a/b/c", false), Some(2));
        assert_eq!(prefix(Characters::Bytes, b"*/", b"a/b/c", true), Some(4));
        assert_eq!(prefix(Characters::Bytes, b"a*", b"abc", false), Some(1));
        assert_eq!(prefix(Characters::Bytes, b"a*", b"abc", true), Some(3));
        assert_eq!(prefix(Characters::Bytes, b"x", b"abc", true), None);
        assert_eq!(suffix(Characters::Bytes, b".*", b"a.b.c", false), Some(3));
        assert_eq!(suffix(Characters::Bytes, b".*", b"a.b.c", true), Some(1));
        assert_eq!(suffix(Characters::Bytes, b"*b", b"aab", false), Some(2));
        assert_eq!(suffix(Characters::Bytes, b"*b", b"aab", true), Some(0));
        assert_eq!(suffix(Characters::Bytes, b"", b"aab", true), Some(3));
        assert_eq!(suffix(Characters::Bytes, b"", b"aab", false), Some(3));
        assert_eq!(suffix(Characters::Bytes, b"*", b"ab", false), Some(2));
        assert_eq!(find(Characters::Bytes, b"b*d", b"abcdbd", 0, true), Some((1, 6)));
        assert_eq!(find(Characters::Bytes, b"[0-9]", b"ab3", 0, false), Some((2, 3)));
    }

    #[test]
    fn characters_of_several_bytes() {
        let utf8 = Characters::Utf8;
        let m = |pattern: &str, text: &str| fits(utf8, pattern.as_bytes(), text.as_bytes());
        assert!(m("?", "é") && !m("??", "é") && m("*?", "é") && !m("*??", "é"));
        assert!(!m("*[!é]", "é") && m("[!a]", "é") && m("[é]", "é") && !m("[é]", "è"));
        assert!(m("[à-ü]", "ö") && !m("[à-ü]", "a") && m("[[.é.]]", "é") && m("[[=é=]x]", "é"));
        assert!(m("[[:alpha:]][[:lower:]]", "Éé") && !m("[[:upper:]]", "é"));
        assert!(!m("[[.é.]]", ".") && !m("[[=é=]]", "[") && m("[!é]", "a") && !m("[é]", "]"));
        assert!(m("\\é*", "éa") && m("a*é", "aèé") && m("[\\é]", "é"));
        assert!(fits(utf8, b"???", b"\xc3\xff\xa9") && !m("[[:digit:]]", "٣"));
        assert!(!matches("?".as_bytes(), "é".as_bytes()));
        let text = "aéb日".as_bytes();
        assert_eq!(prefix(utf8, b"??", text, true), Some(3));
        assert_eq!(prefix(utf8, "*[!é]".as_bytes(), "é".as_bytes(), true), None);
        assert_eq!(suffix(utf8, b"?", text, false), Some(4));
        assert_eq!(suffix(utf8, b"???", text, true), Some(1));
        assert_eq!(find(utf8, b"[!a]", text, 0, false), Some((1, 3)));
        assert_eq!(replace(utf8, Replace::All, b"?", b"x", text.to_vec()), b"xxxx");
    }

    #[test]
    fn no_pattern_takes_long() {
        let open = "[".repeat(1000);
        assert!(m(&open, &open) && !m(&open, &open[1..]));
        assert_eq!(prefix(Characters::Bytes, open.as_bytes(), open.as_bytes(), true), Some(1000));
        assert_eq!(suffix(Characters::Bytes, open.as_bytes(), open.as_bytes(), true), Some(0));
        let classes = "[[:a:]".repeat(1000);
        assert!(m(&classes, &"[a".repeat(1000)) && !m(&classes, &"[b".repeat(1000)));
        let never = format!("*[{}]", "[: ".repeat(1000));
        assert!(!m(&never, &"x".repeat(1000)));
        assert!(m(&never, &"[:".repeat(1000)));
        let text = vec![b'a'; 100_000];
        let replaced = replace(Characters::Utf8, Replace::All, b"?", b"_", text);
        assert_eq!(replaced, vec![b'_'; 100_000]);
        let text = vec![b'a'; 20_000];
        assert!(!matches(b"*a*a*a*a*a*a*a*a*b", &text));
    }

    #[test]
    fn magic() {
        assert!(!is_magic(b"a\\*["));
        assert!(is_magic(b"[a]"));
        assert_eq!(unescape(b"a\\*b\\\\"), b"a*b\\");
        let mut p = Vec::new();
        escape_into(&mut p, b"[a]*");
        assert_eq!(p, b"\\[a\\]\\*");
    }
}
