//! JSON (RFC 8259), read into values. Strings are bytes; numbers are whole,
//! others count as absent, as nothing here has them.

use crate::digits;

/// A value.
#[derive(Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`, `true`, `false`, and numbers with a sign or a fraction.
    Other,
    /// A whole number.
    Number(u64),
    /// A string.
    Text(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// Names and values in their order.
    Object(Vec<(Vec<u8>, Value)>),
}

/// Deeper nesting is refused.
const DEPTH: usize = 64;

impl Value {
    /// The value of this name in an object.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let Value::Object(list) = self else { return None };
        list.iter().find(|(other, _)| other == name.as_bytes()).map(|(_, value)| value)
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is a whole one.
    pub fn number(&self) -> Option<u64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// What a list holds; nothing of other values.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::List(list) => list,
            _ => &[],
        }
    }
}

/// Reads one value with nothing but blanks behind it.
pub fn parse(text: &[u8]) -> Option<Value> {
    let mut rest = text;
    let value = value(&mut rest, DEPTH)?;
    blanks(&mut rest);
    rest.is_empty().then_some(value)
}

fn blanks(rest: &mut &[u8]) {
    while let [b' ' | b'\t' | b'\n' | b'\r', behind @ ..] = *rest {
        *rest = behind;
    }
}

fn eat(rest: &mut &[u8], word: &[u8]) -> bool {
    blanks(rest);
    match rest.strip_prefix(word) {
        Some(behind) => {
            *rest = behind;
            true
        }
        None => false,
    }
}

fn value(rest: &mut &[u8], depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    blanks(rest);
    match rest.first()? {
        b'"' => string(rest).map(Value::Text),
        b'[' => {
            eat(rest, b"[");
            let mut list = Vec::new();
            if eat(rest, b"]") {
                return Some(Value::List(list));
            }
            loop {
                list.push(value(rest, depth)?);
                if eat(rest, b"]") {
                    return Some(Value::List(list));
                }
                eat(rest, b",").then_some(())?;
            }
        }
        b'{' => {
            eat(rest, b"{");
            let mut list = Vec::new();
            if eat(rest, b"}") {
                return Some(Value::Object(list));
            }
            loop {
                blanks(rest);
                let name = string(rest)?;
                eat(rest, b":").then_some(())?;
                list.push((name, value(rest, depth)?));
                if eat(rest, b"}") {
                    return Some(Value::Object(list));
                }
                eat(rest, b",").then_some(())?;
            }
        }
        b'-' | b'0'..=b'9' => {
            let sign = |b: &u8| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
            let end = rest.iter().position(|b| !sign(b)).unwrap_or(rest.len());
            let (digits, behind) = rest.split_at(end);
            *rest = behind;
            let number = std::str::from_utf8(digits).ok()?.parse().ok();
            Some(number.map_or(Value::Other, Value::Number))
        }
        _ => {
            let known = eat(rest, b"null") || eat(rest, b"true") || eat(rest, b"false");
            known.then_some(Value::Other)
        }
    }
}

fn string(rest: &mut &[u8]) -> Option<Vec<u8>> {
    *rest = rest.strip_prefix(b"\"")?;
    let mut out = Vec::new();
    loop {
        let (&byte, behind) = rest.split_first()?;
        *rest = behind;
        match byte {
            b'"' => return Some(out),
            b'\\' => {
                let (&byte, behind) = rest.split_first()?;
                *rest = behind;
                match byte {
                    b'n' => out.push(b'\n'),
                    b't' => out.push(b'\t'),
                    b'r' => out.push(b'\r'),
                    b'b' => out.push(8),
                    b'f' => out.push(12),
                    b'u' => {
                        let (digits, behind) = rest.split_at_checked(4)?;
                        *rest = behind;
                        let code =
                            u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
                        let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    byte => out.push(byte),
                }
            }
            byte => out.push(byte),
        }
    }
}

/// Appends a string with its quotes, see [`escape`].
pub fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    escape(text, out);
    out.push(b'"');
}

/// Appends the inside of a string (RFC 8259, section 7): control characters as
/// `\u00NN`, those that have a letter by it. Bytes that are no UTF-8 are lone
/// surrogates, `\udcNN`, as Python has them.
pub fn escape(text: &[u8], out: &mut Vec<u8>) {
    if text.iter().all(|&b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\') {
        out.extend_from_slice(text);
        return;
    }
    for chunk in text.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = rest.find(|c: char| c.is_control() || matches!(c, '"' | '\\')) {
            let (plain, behind) = rest.split_at_checked(at).unwrap_or_default();
            out.extend_from_slice(plain.as_bytes());
            let mut chars = behind.chars();
            let c = chars.next().unwrap_or(' ');
            rest = chars.as_str();
            out.push(b'\\');
            match c {
                '"' | '\\' => out.push(c as u8),
                '\n' => out.push(b'n'),
                '\t' => out.push(b't'),
                '\r' => out.push(b'r'),
                '\u{8}' => out.push(b'b'),
                '\u{c}' => out.push(b'f'),
                c => {
                    out.push(b'u');
                    digits::push(out, u64::from(u32::from(c)), 16, 4, false);
                }
            }
        }
        out.extend_from_slice(rest.as_bytes());
        for &byte in chunk.invalid() {
            out.extend_from_slice(b"\\udc");
            digits::push(out, u64::from(byte), 16, 2, false);
        }
    }
}

/// Everything that is read from a text, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    if let Some(value) = parse(bytes) {
        let _ = value.get("x").map(Value::items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let value =
            parse(b" {\"a\": [1, -2, \"x\\n\\u00e9\\\"\"], \"b\": {}, \"c\": null}\n").unwrap();
        let list = value.get("a").unwrap().items();
        assert_eq!(list[0].number(), Some(1));
        assert_eq!(list[1], Value::Other);
        assert_eq!(list[2].text(), Some("x\n\u{e9}\"".as_bytes()));
        assert_eq!(value.get("b"), Some(&Value::Object(vec![])));
        assert_eq!(value.get("d"), None);
    }

    #[test]
    fn strings() {
        let mut out = Vec::new();
        quoted(b"a\"\\ \xc3\xa9\n\t\r\x08\x0c\x1b\x7f\xc2\x9b\xff", &mut out);
        let expected = "\"a\\\"\\\\ \u{e9}\\n\\t\\r\\b\\f\\u001b\\u007f\\u009b\\udcff\"";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn what_is_no_json() {
        for text in ["", "{", "[1", "[1,]", "{\"a\"}", "\"a", "\"\\", "nul", "1 2", "\"\\u12\""] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse("[".repeat(100_000).as_bytes()), None);
    }
}
