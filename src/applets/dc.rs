//! dc: a calculator with a stack. GNU's commands. Numbers of any length.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::AsFd;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::blocks::Blocks;
use crate::decimal::Decimal;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "dc",
    summary: "calculate with a stack",
    usage: "[-e EXPRESSION]... [-f FILE]... [FILE...]\n\
            \x20 + - * / % ^ | ~ v   arithmetic     p n P f   print\n\
            \x20 c d r z R           the stack      sx lx Sx Lx :x ;x   registers\n\
            \x20 i o k I O K         bases, digits  [text] x ? <x >x =x !<x q Q",
    kind: Kind::Fork, // reads
    run,
};

#[derive(Clone)]
enum Item {
    Number(Decimal),
    Text(Vec<u8>),
}

#[derive(Default)]
struct Register {
    stack: Vec<Item>,
    array: Vec<(i64, Item)>,
}

struct Machine<'c, 'x> {
    cx: &'c mut Ctx<'x>,
    stack: Vec<Item>,
    registers: Vec<Register>,
    scale: usize,
    input: u64,
    output: u64,
    width: usize,
    /// How many levels of text are to be left.
    quit: usize,
    depth: usize,
    lines: Blocks,
}

/// Deeper macros are refused.
const DEEPEST: usize = 1000;

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("e:expression f:file h,help V,version x,extended-register")?;
    let mut texts: Vec<Vec<u8>> = Vec::new();
    while let Some(letter) = options.next() {
        match letter {
            b'e' => texts.push(options.bytes()),
            b'f' => texts.push(read(cx, &options.value())?),
            _ => {}
        }
    }
    for operand in &options.operands {
        texts.push(read(cx, operand)?);
    }
    let mut registers = Vec::new();
    registers.resize_with(256, Register::default);
    let width = line_width(cx, b"DC_LINE_LENGTH", 1);
    let mut machine = Machine {
        cx,
        width,
        stack: Vec::new(),
        registers,
        scale: 0,
        input: 10,
        output: 10,
        quit: 0,
        depth: 0,
        lines: Blocks::new(),
    };
    if texts.is_empty() {
        while let Some(line) = machine.line() {
            machine.execute(&line)?;
            machine.cx.flush()?;
            if machine.quit > 0 {
                break;
            }
        }
    }
    for text in &texts {
        machine.execute(text)?;
        if machine.quit > 0 {
            break;
        }
    }
    Ok(cx.status())
}

fn read(cx: &Ctx, name: &OsStr) -> Result<Vec<u8>, Error> {
    let opened;
    let fd = if name == "-" {
        cx.stdin
    } else {
        opened = File::open(name).map_err(|e| Error::os(show(name), e))?;
        opened.as_fd()
    };
    let mut blocks = Blocks::new();
    while blocks.fill(fd).map_err(|e| Error::os(show(name), e))? {}
    Ok(blocks.bytes().to_vec())
}

type Done<T> = Result<T, &'static str>;

const EMPTY: &str = "stack empty";
const KIND: &str = "non-numeric value";

impl Machine<'_, '_> {
    /// A line of standard input, with the lines that a text in it goes on to.
    fn line(&mut self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            let bytes = self.lines.bytes();
            match crate::sys::search::byte(bytes, b'\n') {
                Some(at) => {
                    text.extend_from_slice(bytes.get(..=at)?);
                    self.lines.take(at + 1);
                    let open = text.iter().filter(|b| **b == b'[').count();
                    if open <= text.iter().filter(|b| **b == b']').count() {
                        return Some(text);
                    }
                }
                None if self.lines.fill(self.cx.stdin).unwrap_or(false) => {}
                None => {
                    text.extend_from_slice(self.lines.bytes());
                    let all = self.lines.bytes().len();
                    self.lines.take(all);
                    return (!text.is_empty()).then_some(text);
                }
            }
        }
    }

    fn execute(&mut self, text: &[u8]) -> Result<(), Error> {
        let mut at = 0;
        while at < text.len() && self.quit == 0 {
            let from = at;
            if let Err(why) = self.command(text, &mut at) {
                if let Some(why) = why.strip_prefix('\0') {
                    return Err(Error::msg(why));
                }
                self.cx.warn(why);
            }
            at = at.max(from + 1);
        }
        Ok(())
    }

    fn pop(&mut self) -> Done<Item> {
        self.stack.pop().ok_or(EMPTY)
    }

    fn number(&mut self) -> Done<Decimal> {
        match self.stack.last() {
            None => Err(EMPTY),
            Some(Item::Text(_)) => Err(KIND),
            Some(Item::Number(_)) => match self.pop()? {
                Item::Number(number) => Ok(number),
                Item::Text(_) => Err(KIND),
            },
        }
    }

    fn whole(&mut self) -> Done<i64> {
        self.number()?.whole().ok_or("number too large")
    }

    /// The two numbers on top, which stay when one is missing.
    fn pair(&mut self) -> Done<(Decimal, Decimal)> {
        let [.., a, b] = self.stack.as_slice() else { return Err(EMPTY) };
        let (Item::Number(a), Item::Number(b)) = (a, b) else { return Err(KIND) };
        let pair = (a.clone(), b.clone());
        self.stack.truncate(self.stack.len() - 2);
        Ok(pair)
    }

    fn push(&mut self, number: Decimal) {
        self.stack.push(Item::Number(number));
    }

    fn register(&mut self, text: &[u8], at: &mut usize) -> Done<&mut Register> {
        let name = text.get(*at).ok_or("no register name")?;
        *at += 1;
        self.registers.get_mut(usize::from(*name)).ok_or(EMPTY)
    }

    fn show(&mut self, item: &Item, end: &[u8]) -> Done<()> {
        let mut out = Vec::new();
        match item {
            Item::Number(number) => wrapped(&mut out, number, self.output, self.width),
            Item::Text(text) => out.extend_from_slice(text),
        }
        out.extend_from_slice(end);
        self.cx.put(&out).map_err(|_| "\0cannot write")
    }

    fn run_text(&mut self, item: Item) -> Done<()> {
        let Item::Text(text) = item else {
            self.stack.push(item);
            return Ok(());
        };
        if self.depth >= DEEPEST {
            return Err("\0macros nested too deep");
        }
        self.depth += 1;
        let result = self.execute(&text).map_err(|_| "\0cannot write");
        self.depth -= 1;
        self.quit = self.quit.saturating_sub(1);
        result
    }

    fn command(&mut self, text: &[u8], at: &mut usize) -> Done<()> {
        let Some(&letter) = text.get(*at) else { return Ok(()) };
        *at += 1;
        match letter {
            b'0'..=b'9' | b'A'..=b'F' | b'.' | b'_' => {
                let start = *at - usize::from(letter != b'_');
                let mut end = start;
                let mut pointed = false;
                while let Some(&byte) = text.get(end) {
                    let digit = byte.is_ascii_digit() || matches!(byte, b'A'..=b'F');
                    if !digit && (byte != b'.' || pointed) {
                        break;
                    }
                    pointed |= byte == b'.';
                    end += 1;
                }
                let digits = text.get(start..end).unwrap_or_default();
                let number = Decimal::parse(digits, self.input);
                self.push(if letter == b'_' { number.negated() } else { number });
                *at = end;
            }
            b'[' => {
                let mut depth = 1;
                let start = *at;
                while depth > 0 {
                    match text.get(*at) {
                        None => return Err("unbalanced [ ]"),
                        Some(b'[') => depth += 1,
                        Some(b']') => depth -= 1,
                        Some(_) => {}
                    }
                    *at += 1;
                }
                let inner = text.get(start..*at - 1).unwrap_or_default();
                self.stack.push(Item::Text(inner.to_vec()));
            }
            b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'~' => return self.compute(letter),
            b'|' => {
                if self.stack.len() < 3 {
                    return Err(EMPTY);
                }
                let modulus = self.number()?;
                let (base, exponent) = self.pair()?;
                self.power_modulo(base, &exponent, &modulus)?;
            }
            b'v' => {
                let number = self.number()?;
                let root = number.root(self.scale).ok_or("square root of negative number")?;
                self.push(root);
            }
            b'p' | b'n' => {
                let item = if letter == b'p' {
                    self.stack.last().cloned().ok_or(EMPTY)?
                } else {
                    self.pop()?
                };
                self.show(&item, if letter == b'p' { b"\n" } else { b"" })?;
            }
            b'P' => match self.pop()? {
                Item::Text(text) => self.show(&Item::Text(text), b"")?,
                Item::Number(number) => {
                    let mut bytes = Vec::new();
                    let base = Decimal::of(256);
                    let mut rest = number.cut(0);
                    rest.negative = false;
                    while !rest.is_zero() {
                        let byte = rest.modulo(&base, 0).and_then(|d| d.whole()).unwrap_or(0);
                        bytes.push(byte as u8);
                        rest = rest.over(&base, 0).unwrap_or_default();
                    }
                    bytes.reverse();
                    self.show(&Item::Text(bytes), b"")?;
                }
            },
            b'f' => {
                for item in self.stack.clone().iter().rev() {
                    self.show(item, b"\n")?;
                }
            }
            b'c' => self.stack.clear(),
            b'd' => {
                let item = self.stack.last().cloned().ok_or(EMPTY)?;
                self.stack.push(item);
            }
            b'r' => {
                let length = self.stack.len();
                if length < 2 {
                    return Err(EMPTY);
                }
                self.stack.swap(length - 1, length - 2);
            }
            b'R' => {
                let count = self.whole()?;
                let size = usize::try_from(count.unsigned_abs()).unwrap_or(0).min(self.stack.len());
                let start = self.stack.len() - size;
                if let Some(part) = self.stack.get_mut(start..).filter(|part| part.len() > 1) {
                    if count > 0 { part.rotate_left(1) } else { part.rotate_right(1) }
                }
            }
            b'z' => self.push(Decimal::of(self.stack.len() as u64)),
            b's' | b'S' => {
                let item = self.pop()?;
                let register = self.register(text, at)?;
                if letter == b's' {
                    register.stack.pop();
                }
                register.stack.push(item);
            }
            b'l' | b'L' => {
                let register = self.register(text, at)?;
                let item = if letter == b'l' {
                    register.stack.last().cloned().unwrap_or(Item::Number(Decimal::default()))
                } else {
                    register.stack.pop().ok_or("stack register empty")?
                };
                self.stack.push(item);
            }
            b':' => {
                let index = self.whole()?;
                let item = self.pop()?;
                let array = &mut self.register(text, at)?.array;
                array.retain(|(known, _)| *known != index);
                array.push((index, item));
            }
            b';' => {
                let index = self.whole()?;
                let array = &self.register(text, at)?.array;
                let found = array.iter().find(|(known, _)| *known == index);
                let item = found.map_or(Item::Number(Decimal::default()), |(_, item)| item.clone());
                self.stack.push(item);
            }
            b'i' => match self.whole()? {
                base @ 2..=16 => self.input = base.unsigned_abs(),
                _ => return Err("input base must be a number between 2 and 16 (inclusive)"),
            },
            b'o' => match self.whole()? {
                base @ 2..=999_999 => self.output = base.unsigned_abs(),
                _ => return Err("output base must be a number greater than 1"),
            },
            b'k' => match usize::try_from(self.whole()?) {
                Ok(scale) if scale < crate::decimal::MOST => self.scale = scale,
                _ => return Err("scale must be a nonnegative number"),
            },
            b'I' => self.push(Decimal::of(self.input)),
            b'O' => self.push(Decimal::of(self.output)),
            b'K' => self.push(Decimal::of(self.scale as u64)),
            b'Z' => {
                let length = match self.pop()? {
                    Item::Number(number) => number.length(),
                    Item::Text(text) => text.len(),
                };
                self.push(Decimal::of(length as u64));
            }
            b'X' => {
                let scale = match self.pop()? {
                    Item::Number(number) => number.scale,
                    Item::Text(_) => 0,
                };
                self.push(Decimal::of(scale as u64));
            }
            b'a' => {
                let text = match self.pop()? {
                    Item::Number(number) => vec![(number.whole().unwrap_or(0) & 255) as u8],
                    Item::Text(text) => text.first().copied().into_iter().collect(),
                };
                self.stack.push(Item::Text(text));
            }
            b'x' => {
                let item = self.pop()?;
                return self.run_text(item);
            }
            b'?' => {
                self.cx.flush().map_err(|_| "\0cannot write")?;
                let line = self.line().unwrap_or_default();
                return self.run_text(Item::Text(line));
            }
            b'q' => {
                // the text that runs, and the one that ran it
                self.quit = if self.depth < 2 { usize::MAX } else { 2 };
            }
            b'Q' => {
                let levels = usize::try_from(self.whole()?).unwrap_or(0);
                if levels > self.depth {
                    return Err("Q command argument exceeded string execution depth");
                }
                self.quit = levels;
            }
            b'<' | b'>' | b'=' | b'!' => {
                let mut sign = letter;
                let not = letter == b'!';
                if not {
                    sign = text.get(*at).copied().unwrap_or(0);
                    if !b"<>=".contains(&sign) {
                        return Err("commands are not run");
                    }
                    *at += 1;
                }
                let (b, a) = self.pair()?;
                let order = a.order(&b);
                let hit = match sign {
                    b'<' => order == Ordering::Less,
                    b'>' => order == Ordering::Greater,
                    _ => order == Ordering::Equal,
                };
                let item = self.register(text, at)?.stack.last().cloned();
                if hit != not
                    && let Some(item) = item
                {
                    return self.run_text(item);
                }
            }
            b'#' => {
                while text.get(*at).is_some_and(|b| *b != b'\n') {
                    *at += 1;
                }
            }
            b' ' | b'\t' | b'\n' | b'\r' => {}
            letter => {
                let shown = crate::applet::show_bytes(&[letter]).to_string();
                self.cx.warn(format_args!("'{shown}' unimplemented"));
            }
        }
        Ok(())
    }

    fn compute(&mut self, letter: u8) -> Done<()> {
        const ZERO: &str = "divide by zero";
        let (a, b) = self.pair()?;
        let scale = self.scale;
        let result = match letter {
            b'+' => Some(a.plus(&b)),
            b'-' => Some(a.minus(&b)),
            b'*' => Some(a.times(&b, scale)),
            b'/' => a.over(&b, scale),
            b'%' => a.modulo(&b, scale),
            b'~' => a.over(&b, scale).and_then(|quotient| {
                self.push(quotient);
                a.modulo(&b, scale)
            }),
            _ => {
                let exponent = b.whole().ok_or("exponent too large")?;
                a.power(exponent, scale)
            }
        };
        match result {
            Some(result) => {
                self.push(result);
                Ok(())
            }
            None => {
                self.push(a);
                self.push(b);
                Err(ZERO)
            }
        }
    }

    fn power_modulo(&mut self, base: Decimal, exponent: &Decimal, m: &Decimal) -> Done<()> {
        if m.is_zero() || exponent.negative {
            return Err("bad operands of |");
        }
        let two = Decimal::of(2);
        let mut result = Decimal::of(1);
        let mut base = base.modulo(m, 0).ok_or("divide by zero")?;
        let mut rest = exponent.cut(0);
        while !rest.is_zero() {
            let odd = rest.modulo(&two, 0).is_some_and(|bit| !bit.is_zero());
            if odd {
                result = result.times(&base, 0).modulo(m, 0).unwrap_or_default();
            }
            base = base.times(&base, 0).modulo(m, 0).unwrap_or_default();
            rest = rest.over(&two, 0).unwrap_or_default();
        }
        self.push(result);
        Ok(())
    }
}

/// How wide lines of digits are: 70 as a rule with room for the `\`, and what
/// else is to be there, unless a variable says otherwise. As in busybox and
/// GNU very small numbers stand for no end.
pub(super) fn line_width(cx: &Ctx, name: &[u8], room: usize) -> usize {
    let given = cx.env.get(name).and_then(crate::options::number);
    match given.map_or(Ok(70), usize::try_from) {
        Ok(width) if width > room => width - room,
        _ => usize::MAX,
    }
}

/// A number in lines of so many bytes, each but the last with a `\` behind it.
pub(super) fn wrapped(out: &mut Vec<u8>, number: &Decimal, base: u64, width: usize) {
    let mut text = Vec::new();
    number.write(&mut text, base);
    if text.len() <= width {
        return out.extend_from_slice(&text);
    }
    for (at, piece) in text.chunks(width).enumerate() {
        if at > 0 {
            out.extend_from_slice(b"\\\n");
        }
        out.extend_from_slice(piece);
    }
}
