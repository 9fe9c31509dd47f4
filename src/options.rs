//! The options of a command line, read by a table that is a text.
//!
//! This is how applets parse: one call with the table, then a loop over
//! letters, which costs the program some ten bytes an option.
//!
//! ```ignore
//! let mut options = cx.parse("a,all v,verbose t:types|type -S:source n?color")?;
//! while let Some(letter) = options.next() {
//!     match letter {
//!         b'a' => all = true,
//!         b't' => types = options.value(),
//!         ...
//!     }
//! }
//! for operand in &options.operands { ... }
//! ```
//!
//! Each word of the table is one option: its letter, `,` when it takes no
//! value, `:` when it takes one, `?` when it may have one (`--color=never`),
//! and its long names with `|` between them. A `-` in front says that only the
//! long names can be typed; the letter is then merely what [`Options::next`]
//! says. A word `#` is a number typed as an option (`-5`), whose value has the
//! digits and what is behind them. Long names may be shortened while they stay
//! one option's. A table that starts with `+` ends the options at the first operand,
//! for programs that run others.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;

use lexopt::Arg;

use crate::applet::{Error, show};

/// What the command line says.
#[derive(Default)]
pub struct Options {
    given: Vec<(u8, Option<OsString>)>,
    /// How many operands were before each option.
    places: Vec<usize>,
    at: usize,
    /// The words that are no options.
    pub operands: Vec<OsString>,
}

impl Options {
    /// Reads `args` by the table `spec`.
    #[inline(never)]
    pub fn parse(spec: &str, args: &[OsString]) -> Result<Box<Options>, Error> {
        let mut options = Box::<Options>::default();
        let mut parser = lexopt::Parser::from_args(args.to_vec());
        parser.set_short_equals(false); // `cut -d=` means an equals sign
        while let Some(arg) = parser.next()? {
            if let Arg::Short(digit @ '0'..='9') = arg
                && spec.split(' ').any(|word| word == "#")
            {
                let mut number = OsString::from(String::from(digit));
                number.push(parser.optional_value().unwrap_or_default());
                options.given.push((b'#', Some(number)));
                continue;
            }
            if let Arg::Value(word) = arg {
                options.operands.push(word);
                if spec.starts_with('+') {
                    options.operands.extend(parser.raw_args()?);
                    break;
                }
                continue;
            }
            let Some((letter, kind)) = find(spec, &arg) else {
                return Err(arg.unexpected().into());
            };
            let value = match kind {
                b':' => Some(parser.value()?),
                b'?' => parser.optional_value(),
                _ => None,
            };
            options.given.push((letter, value));
            options.places.resize(options.given.len(), options.operands.len());
        }
        Ok(options)
    }

    /// The letter of the next option, in the order of the command line.
    #[inline(never)]
    #[allow(clippy::should_implement_trait)] // the loop needs `self` for values
    pub fn next(&mut self) -> Option<u8> {
        let letter = self.given.get(self.at)?.0;
        self.at += 1;
        Some(letter)
    }

    /// The value of the option that [`Options::next`] gave last; nothing when
    /// it has none.
    #[inline(never)]
    pub fn optional(&mut self) -> Option<OsString> {
        self.given.get_mut(self.at.wrapping_sub(1))?.1.take()
    }

    /// The value of the option that [`Options::next`] gave last.
    #[inline(never)]
    pub fn value(&mut self) -> OsString {
        self.optional().unwrap_or_default()
    }

    /// How many operands were typed before the option that [`Options::next`]
    /// gave last, for those that mean what follows them.
    #[inline(never)]
    pub fn place(&self) -> usize {
        self.places.get(self.at.wrapping_sub(1)).copied().unwrap_or(0)
    }

    /// [`Options::value`] as bytes.
    #[inline(never)]
    pub fn bytes(&mut self) -> Vec<u8> {
        self.value().into_vec()
    }

    /// [`Options::value`] as a number; a usage error `VALUE: what` when it is
    /// none.
    #[inline(never)]
    pub fn number(&mut self, what: &str) -> Result<u64, Error> {
        let value = self.value();
        number(&value).ok_or_else(|| Error::bad(show(&value), what))
    }

    /// Whether the option is given.
    #[inline(never)]
    pub fn has(&self, letter: u8) -> bool {
        self.given.iter().any(|(given, _)| *given == letter)
    }

    /// Takes the value of an option; of several the last.
    #[inline(never)]
    pub fn take(&mut self, letter: u8) -> Option<OsString> {
        self.given.iter_mut().rfind(|(given, _)| *given == letter)?.1.take()
    }

    /// Gives an option a value, for who took it and wants it again.
    #[inline(never)]
    pub fn put(&mut self, letter: u8, value: OsString) {
        self.given.push((letter, Some(value)));
    }

    /// A usage error when there are more operands than that.
    #[inline(never)]
    pub fn at_most(&self, count: usize) -> Result<(), Error> {
        match self.operands.get(count) {
            Some(word) => Err(lexopt::Error::UnexpectedArgument(word.clone()).into()),
            None => Ok(()),
        }
    }
}

/// A decimal number.
#[inline(never)]
pub fn number(text: &OsStr) -> Option<u64> {
    text.to_str()?.parse().ok()
}

/// A number that must be between two others.
#[inline(never)]
pub fn in_range(number: u64, least: u64, most: u64) -> Result<u64, Error> {
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    Err(Error::msg(format_args!("number {number} is not in {least}..{most} range")))
}

/// The letter of an option in the table, and the sign behind it.
fn find(spec: &str, arg: &Arg) -> Option<(u8, u8)> {
    let mut short = None;
    let mut unclear = false;
    for word in spec.as_bytes().split(|&b| b == b' ') {
        let word = word.strip_prefix(b"+").unwrap_or(word);
        let typed = word.strip_prefix(b"-");
        let Some((&letter, rest)) = typed.unwrap_or(word).split_first() else { continue };
        let (&kind, names) = rest.split_first().unwrap_or((&b',', b""));
        match arg {
            Arg::Short(c) if typed.is_none() && *c == char::from(letter) => {
                return Some((letter, kind));
            }
            Arg::Long(name) => {
                for known in names.split(|&b| b == b'|') {
                    if known == name.as_bytes() {
                        return Some((letter, kind));
                    }
                    if known.starts_with(name.as_bytes()) && !name.is_empty() {
                        unclear |= short.is_some_and(|found| found != (letter, kind));
                        short = Some((letter, kind));
                    }
                }
            }
            _ => {}
        }
    }
    short.filter(|_| !unclear)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(spec: &str, args: &[&str]) -> Result<Box<Options>, Error> {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        Options::parse(spec, &args)
    }

    fn drawn(spec: &str, args: &[&str]) -> String {
        let mut options = match parse(spec, args) {
            Ok(options) => options,
            Err(error) => return error.to_string(),
        };
        let mut text = String::new();
        while let Some(letter) = options.next() {
            text.push(char::from(letter));
            if let Some(value) = options.optional() {
                text.push_str(&format!("={}", show(&value)));
            }
            text.push(' ');
        }
        for operand in &options.operands {
            text.push_str(&format!("[{}]", show(operand)));
        }
        text
    }

    const SPEC: &str = "a,all t:types|type -S:source 1 c?color";

    #[test]
    fn letters_and_names() {
        assert_eq!(drawn(SPEC, &["-a1", "x", "--all", "-tb", "-"]), "a 1 a t=b [x][-]");
        assert_eq!(drawn(SPEC, &["--type", "b", "--source=c", "--", "-a"]), "t=b S=c [-a]");
        assert_eq!(drawn(SPEC, &["--color", "b", "--color=b"]), "c c=b [b]");
    }

    #[test]
    fn what_is_not_in_the_table() {
        assert_eq!(drawn(SPEC, &["-S", "x"]), "invalid option '-S'");
        assert_eq!(drawn(SPEC, &["--alx"]), "invalid option '--alx'");
        assert_eq!(drawn("a,alone b,along", &["--alo"]), "invalid option '--alo'");
        assert_eq!(drawn(SPEC, &["-t"]), "missing argument for option '-t'");
        assert!(parse(SPEC, &["--all=x"]).is_err_and(|e| e.is_usage()));
        assert!(parse(SPEC, &["x"]).is_ok_and(|o| o.at_most(1).is_ok() && o.at_most(0).is_err()));
    }

    #[test]
    fn numbers_as_options_and_short_names() {
        assert_eq!(drawn("# q", &["-12q", "-q", "-3"]), "#=12q q #=3 ");
        assert_eq!(drawn("a,alone b,along", &["--alone", "--along"]), "a b ");
        assert_eq!(drawn(SPEC, &["--al", "--so=x", "-t=y"]), "a S=x t==y ");
    }

    #[test]
    fn options_end_at_the_program() {
        assert_eq!(drawn("+a", &["-a", "prog", "-b", "--c"]), "a [prog][-b][--c]");
    }

    #[test]
    fn numbers() {
        let mut options = parse("w:", &["-w", "12", "-wx"]).unwrap();
        options.next();
        assert_eq!(options.number("not a width").unwrap(), 12);
        options.next();
        assert_eq!(options.number("not a width").unwrap_err().to_string(), "x: not a width");
    }
}
