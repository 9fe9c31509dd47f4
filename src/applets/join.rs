//! join: lines of two sorted files that have a field in common. POSIX, with
//! GNU's options, its reading of blanks and its check of the order.

use std::cmp::Ordering;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::options::Options;
use crate::sys::lines::Lines;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "join",
    summary: "lines of two sorted files that have a field in common",
    usage: "[-a N] [-v N] [-1 FIELD] [-2 FIELD] [-j FIELD] [-o LIST] [-e TEXT] [-t CHAR] [-iz] FILE FILE\n\
            \x20 -1, -2, -j  the field of the first, the second, both; from 1\n\
            \x20 -a N   also lines of file N that have no partner; -v N  only those\n\
            \x20 -o LIST   N.FIELD and 0 (the common one), or auto; -e TEXT  for what is missing\n\
            \x20 -t CHAR   between fields (otherwise blanks)\n\
            \x20 -i     letters small or big, -z lines end with a zero byte, --header\n\
            \x20 --check-order, --nocheck-order",
    kind: Kind::Fork, // reading may block
    run,
};

/// What is between fields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Blanks,
    Char(u8),
    /// The line is one field.
    None,
}

/// How often the order of the lines is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    /// Once a line had no partner.
    Usual,
    Always,
    Never,
}

struct Rules {
    tab: Tab,
    end: u8,
    fold: bool,
    filler: Option<Vec<u8>>,
    /// File (0: the common field) and field.
    list: Vec<(usize, usize)>,
    /// How many fields the first lines had.
    auto: Option<[usize; 2]>,
    check: Check,
    unpaired: [bool; 2],
    paired: bool,
}

struct Line {
    text: Vec<u8>,
    fields: Vec<(usize, usize)>,
}

impl Line {
    fn field(&self, number: usize) -> &[u8] {
        let place = self.fields.get(number).copied();
        place.and_then(|(from, to)| self.text.get(from..to)).unwrap_or_default()
    }
}

struct Side<'a> {
    name: &'a OsStr,
    lines: Lines,
    /// The field that is compared.
    field: usize,
    /// Lines with the same field that are read; the last may have another.
    held: Vec<Line>,
    number: u64,
    /// The field of the line before, for the check of the order.
    before: Option<Vec<u8>>,
    disorder: bool,
}

fn failed(text: impl std::fmt::Display) -> Error {
    Error::msg(text)
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let args = modern(cx.args);
    let mut options = Options::parse(
        "a: e: i,ignore-case j: o: t: v: 1: 2: z,zero-terminated -h,header -c,check-order -n,nocheck-order",
        &args,
    )
    .map_err(|e| e.with(Status::FAILURE))?;
    let mut rules = Rules {
        tab: Tab::Blanks,
        end: b'\n',
        fold: false,
        filler: None,
        list: Vec::new(),
        auto: None,
        check: Check::Usual,
        unpaired: [false; 2],
        paired: true,
    };
    let mut fields: [Option<usize>; 2] = [None; 2];
    let mut header = false;
    let mut operands = options.operands.clone();
    while let Some(letter) = options.next() {
        match letter {
            b'a' | b'v' => {
                let value = options.value();
                let place = match value.as_bytes() {
                    b"1" => 0,
                    b"2" => 1,
                    _ => {
                        return Err(failed(format_args!(
                            "invalid file number: '{}'",
                            show(&value)
                        )));
                    }
                };
                if let Some(slot) = rules.unpaired.get_mut(place) {
                    *slot = true;
                }
                rules.paired &= letter == b'a';
            }
            b'1' => choose(&mut fields, 0, &options.value())?,
            b'2' => choose(&mut fields, 1, &options.value())?,
            b'j' => {
                let value = options.value();
                choose(&mut fields, 0, &value)?;
                choose(&mut fields, 1, &value)?;
            }
            b'e' => rules.filler = Some(options.bytes()),
            b'o' => {
                let list = options.bytes();
                if list == b"auto" {
                    rules.auto = Some([0; 2]);
                } else {
                    specs(&list, &mut rules.list)?;
                    // the old form: further ones as words of their own
                    let at = options.place();
                    while operands.len() > 2
                        && let Some(word) = operands.get(at)
                        && specs(word.as_bytes(), &mut rules.list).is_ok()
                    {
                        operands.remove(at);
                    }
                }
            }
            b't' => {
                rules.tab = match *options.bytes().as_slice() {
                    [] => Tab::None,
                    [b'\\', b'0'] => Tab::Char(0),
                    [byte] => Tab::Char(byte),
                    ref other => {
                        let text = show_bytes(other);
                        return Err(failed(format_args!("multi-character tab '{text}'")));
                    }
                }
            }
            b'i' => rules.fold = true,
            b'z' => rules.end = 0,
            b'h' => header = true,
            b'c' => rules.check = Check::Always,
            _ => rules.check = Check::Never,
        }
    }
    let [first, second] = operands.as_slice() else {
        return Err(Error::usage(match operands.len() {
            0 | 1 => "two files are needed",
            _ => "too many files",
        })
        .with(Status::FAILURE));
    };
    if first == "-" && second == "-" {
        return Err(failed("both files cannot be standard input"));
    }
    let [of_first, of_second] = fields;
    let mut a = open(cx, first, of_first)?;
    let mut b = open(cx, second, of_second)?;
    join(cx, &mut rules, &mut a, &mut b, header)
}

fn open<'a>(cx: &Ctx, name: &'a OsStr, field: Option<usize>) -> Result<Side<'a>, Error> {
    Ok(Side {
        name,
        lines: Lines::new(cx.open(name)?),
        field: field.unwrap_or(0),
        held: Vec::new(),
        number: 0,
        before: None,
        disorder: false,
    })
}

/// `-j1 N` and `-j2 N`, the old form, as they are written today.
fn modern(args: &[OsString]) -> Vec<OsString> {
    let mut list: Vec<OsString> = Vec::new();
    for (at, word) in args.iter().enumerate() {
        let next = args.get(at + 1).map(|next| next.as_bytes()).unwrap_or_default();
        let is_number = !next.is_empty() && next.iter().all(u8::is_ascii_digit);
        let old = is_number && args.len() > at + 3;
        list.push(match word.as_bytes() {
            b"-j1" if old => OsString::from("-1"),
            b"-j2" if old => OsString::from("-2"),
            _ => word.clone(),
        });
    }
    list
}

/// A field's number, counted from 0. Larger numbers than there can be fields
/// are one that no line has.
fn field_number(text: &[u8]) -> Option<usize> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) || text.iter().all(|&b| b == b'0') {
        return None;
    }
    Some(std::str::from_utf8(text).ok()?.parse().map_or(usize::MAX, |n: usize| n - 1))
}

fn choose(fields: &mut [Option<usize>; 2], side: usize, value: &OsStr) -> Result<(), Error> {
    let number = field_number(value.as_bytes())
        .ok_or_else(|| failed(format_args!("invalid field number: '{}'", show(value))))?;
    let Some(slot) = fields.get_mut(side) else { return Ok(()) };
    if let Some(old) = slot.filter(|&old| old != number) {
        return Err(failed(format_args!(
            "incompatible join fields {}, {}",
            old.saturating_add(1),
            number.saturating_add(1)
        )));
    }
    *slot = Some(number);
    Ok(())
}

/// Reads `0,1.2,2.1`.
fn specs(text: &[u8], list: &mut Vec<(usize, usize)>) -> Result<(), Error> {
    let start = list.len();
    for word in text.split(|b| matches!(b, b',' | b' ' | b'\t')) {
        let spec = match word {
            b"0" => Some((0, 0)),
            [file @ (b'1' | b'2'), b'.', field @ ..] => {
                field_number(field).map(|field| (usize::from(file - b'0'), field))
            }
            _ => None,
        };
        match spec {
            Some(spec) => list.push(spec),
            None => {
                list.truncate(start);
                let word = show_bytes(word);
                return Err(failed(format_args!("invalid field specifier: '{word}'")));
            }
        }
    }
    Ok(())
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

/// Where the fields are. GNU: blanks at the end have an empty field behind
/// them.
fn split(tab: Tab, text: &[u8], fields: &mut Vec<(usize, usize)>) {
    if text.is_empty() {
        return;
    }
    match tab {
        Tab::None => fields.push((0, text.len())),
        Tab::Char(tab) => {
            let mut from = 0;
            while let Some(at) = text.get(from..).and_then(|rest| memchr::memchr(tab, rest)) {
                fields.push((from, from + at));
                from += at + 1;
            }
            fields.push((from, text.len()));
        }
        Tab::Blanks => {
            let skip = |from: usize, blank: bool| {
                let rest = text.get(from..).unwrap_or_default();
                rest.iter().position(|&b| is_blank(b) != blank).map_or(text.len(), |at| from + at)
            };
            let mut from = skip(0, true);
            if from == text.len() {
                return;
            }
            loop {
                let to = skip(from, false);
                fields.push((from, to));
                if to == text.len() {
                    return;
                }
                from = skip(to, true);
                if from == text.len() {
                    fields.push((from, from));
                    return;
                }
            }
        }
    }
}

fn compare(rules: &Rules, a: &[u8], b: &[u8]) -> Ordering {
    if !rules.fold {
        return a.cmp(b);
    }
    for (x, y) in a.iter().zip(b) {
        // GNU folds to capitals
        let order = x.to_ascii_uppercase().cmp(&y.to_ascii_uppercase());
        if order != Ordering::Equal {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

/// Reads a line of a side behind those that it holds; false at the end.
fn read(cx: &mut Ctx, rules: &Rules, side: &mut Side<'_>, alone: bool) -> Result<bool, Error> {
    let name = side.name;
    let line = side.lines.next(rules.end).map_err(|e| Error::os(show(name), e))?;
    let Some(text) = line else { return Ok(false) };
    side.number += 1;
    let mut line = Line { text: text.to_vec(), fields: Vec::new() };
    split(rules.tab, &line.text, &mut line.fields);
    let key = line.field(side.field);
    let checked = rules.check == Check::Always || rules.check == Check::Usual && alone;
    if checked
        && !side.disorder
        && side.before.as_ref().is_some_and(|old| compare(rules, old, key) == Ordering::Greater)
    {
        side.disorder = true;
        let text = format!(
            "{}:{}: is not sorted: {}",
            show(side.name),
            side.number,
            show_bytes(&line.text)
        );
        if rules.check == Check::Always {
            return Err(failed(text));
        }
        cx.warn(text);
    }
    if rules.check != Check::Never {
        let before = side.before.get_or_insert_default();
        before.clear();
        before.extend_from_slice(key);
    }
    side.held.push(line);
    Ok(true)
}

fn join<'s>(
    cx: &mut Ctx,
    rules: &mut Rules,
    a: &mut Side<'s>,
    b: &mut Side<'s>,
    header: bool,
) -> Result<Status, Error> {
    let mut alone = false;
    read(cx, rules, a, alone)?;
    read(cx, rules, b, alone)?;
    if let Some(auto) = &mut rules.auto {
        let count = |side: &Side<'_>| side.held.first().map_or(0, |line| line.fields.len());
        *auto = [count(a), count(b)];
    }
    let fields = [a.field, b.field];
    if header && !(a.held.is_empty() && b.held.is_empty()) {
        print(cx, rules, fields, a.held.first(), b.held.first())?;
        for side in [&mut *a, &mut *b] {
            side.before = None;
            if side.held.pop().is_some() {
                read(cx, rules, side, alone)?;
            }
        }
    }
    while let (Some(x), Some(y)) = (a.held.first(), b.held.first()) {
        let order = compare(rules, x.field(a.field), y.field(b.field));
        match order {
            Ordering::Less => {
                if rules.unpaired[0] {
                    print(cx, rules, fields, Some(x), None)?;
                }
                a.held.clear();
                read(cx, rules, a, alone)?;
                alone = true;
            }
            Ordering::Greater => {
                if rules.unpaired[1] {
                    print(cx, rules, fields, None, Some(y))?;
                }
                b.held.clear();
                read(cx, rules, b, alone)?;
                alone = true;
            }
            Ordering::Equal => {
                let key = x.field(a.field).to_vec();
                for side in [&mut *a, &mut *b] {
                    while read(cx, rules, side, alone)?
                        && side.held.last().is_some_and(|line| {
                            compare(rules, line.field(side.field), &key) == Ordering::Equal
                        })
                    {}
                }
                let next = [last_of_others(rules, a, &key), last_of_others(rules, b, &key)];
                if rules.paired {
                    for x in &a.held {
                        for y in &b.held {
                            print(cx, rules, fields, Some(x), Some(y))?;
                        }
                    }
                }
                let [x, y] = next;
                a.held.clear();
                a.held.extend(x);
                b.held.clear();
                b.held.extend(y);
            }
        }
    }
    let tail = rules.check != Check::Never && !(a.disorder && b.disorder);
    for which in 0..2 {
        let printed = rules.unpaired.get(which).copied().unwrap_or(false);
        let side = if which == 0 { &mut *a } else { &mut *b };
        if !(printed || tail) || side.held.is_empty() {
            continue;
        }
        while let Some(line) = side.held.first() {
            if printed {
                let (x, y) = if which == 0 { (Some(line), None) } else { (None, Some(line)) };
                print(cx, rules, fields, x, y)?;
            }
            side.held.clear();
            read(cx, rules, side, alone)?;
            if side.disorder && !printed {
                break;
            }
        }
    }
    if a.disorder || b.disorder {
        return Err(failed("input is not in sorted order"));
    }
    Ok(cx.status())
}

/// Takes out the line that was read last when it has another field.
fn last_of_others(rules: &Rules, side: &mut Side<'_>, key: &[u8]) -> Option<Line> {
    let last = side.held.last()?;
    if compare(rules, last.field(side.field), key) == Ordering::Equal {
        return None;
    }
    side.held.pop()
}

fn print(
    cx: &mut Ctx,
    rules: &Rules,
    fields: [usize; 2],
    a: Option<&Line>,
    b: Option<&Line>,
) -> Result<(), Error> {
    let between = match rules.tab {
        Tab::Char(tab) => tab,
        Tab::Blanks => b' ',
        Tab::None => b'\n',
    };
    let mut out = Vec::new();
    let field = |out: &mut Vec<u8>, line: Option<&Line>, number: usize| {
        let text = line.map(|line| line.field(number)).unwrap_or_default();
        match &rules.filler {
            Some(filler) if text.is_empty() => out.extend_from_slice(filler),
            _ => out.extend_from_slice(text),
        }
    };
    let [at_a, at_b] = fields;
    let common = if a.is_some() { (a, at_a) } else { (b, at_b) };
    if rules.list.is_empty() {
        field(&mut out, common.0, common.1);
        for (which, (line, own)) in [(a, at_a), (b, at_b)].into_iter().enumerate() {
            let count = match &rules.auto {
                Some(auto) => auto.get(which).copied().unwrap_or(0),
                None => line.map_or(0, |line| line.fields.len()),
            };
            for number in (0..count).filter(|&number| number != own) {
                out.push(between);
                field(&mut out, line, number);
            }
        }
    } else {
        for (i, &(file, number)) in rules.list.iter().enumerate() {
            if i > 0 {
                out.push(between);
            }
            match file {
                0 => field(&mut out, common.0, common.1),
                1 => field(&mut out, a, number),
                _ => field(&mut out, b, number),
            }
        }
    }
    out.push(rules.end);
    cx.put(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(tab: Tab, text: &str) -> Vec<&str> {
        let mut list = Vec::new();
        split(tab, text.as_bytes(), &mut list);
        list.iter().map(|&(from, to)| &text[from..to]).collect()
    }

    #[test]
    fn fields_of_lines() {
        assert_eq!(fields(Tab::Blanks, "  a \tb"), ["a", "b"]);
        assert_eq!(fields(Tab::Blanks, "a b "), ["a", "b", ""]);
        assert_eq!(fields(Tab::Char(b':'), ":a::"), ["", "a", "", ""]);
        assert_eq!(fields(Tab::None, "a b"), ["a b"]);
        assert!(fields(Tab::Blanks, "  ").is_empty());
    }

    #[test]
    fn lists() {
        let mut list = Vec::new();
        assert!(specs(b"0,1.2 2.10", &mut list).is_ok());
        assert_eq!(list, [(0, 0), (1, 1), (2, 9)]);
        for bad in [&b"3.1"[..], b"1.0", b"1", b"", b"1.x"] {
            assert!(specs(bad, &mut list).is_err());
        }
    }
}
