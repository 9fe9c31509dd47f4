//! Word expansions. POSIX.1-2024 XCU 2.6.

use std::borrow::Cow;
use std::rc::Rc;

use crate::applet::show_bytes;
use crate::characters::Characters;

use super::arith;
use super::ast::{Arith, Class, Few, Name, Op, Param, Part, Which, Word};
use super::fields::{Builder, Fields, Mode};
use super::pattern;
use super::{Flow, Run, Shell};
use crate::digits::push_signed;

impl Shell {
    /// Expands words to fields, behind those that are there.
    pub fn expand_words(&mut self, words: &[Word], fields: &mut Fields) -> Run {
        for word in words {
            self.expand_word(word, fields)?;
        }
        Ok(())
    }

    /// Expands one word to fields.
    pub fn expand_word(&mut self, word: &Word, fields: &mut Fields) -> Run {
        if let Some(text) = word.fixed() {
            fields.push(text);
            return Ok(());
        }
        let mut builder = Builder::new(std::mem::take(fields), Mode::Fields);
        let result = self.parts(&word.parts, &mut builder, false);
        builder.end_word(self.globs());
        *fields = builder.fields;
        result
    }

    /// Expands a word to one text, without splitting and pathname expansion:
    /// an assignment, a here-document, the subject of `case`.
    pub fn expand_text(&mut self, word: &Word) -> Result<Vec<u8>, Flow> {
        if let Some(text) = word.fixed() {
            return Ok(text.to_vec());
        }
        let mut builder = Builder::new(Fields::default(), Mode::Text);
        self.parts(&word.parts, &mut builder, false)?;
        Ok(builder.into_text())
    }

    /// Expands a word to one text, which becomes the next field.
    pub fn expand_one(&mut self, word: &Word, fields: &mut Fields) -> Run {
        self.expand_parts(&word.parts, false, fields)
    }

    /// The same with parts of a word.
    pub fn expand_parts(&mut self, parts: &[Part], quoted: bool, fields: &mut Fields) -> Run {
        let mut builder = Builder::new(std::mem::take(fields), Mode::Text);
        let result = self.parts(parts, &mut builder, quoted);
        *fields = builder.fields;
        fields.end();
        result
    }

    /// Expands a word to a pattern.
    pub fn expand_pattern<'w>(&mut self, word: &'w Word) -> Result<Cow<'w, [u8]>, Flow> {
        match &word.parts {
            Few::Empty => return Ok(Cow::Borrowed(b"")),
            Few::One(Part::Text(text)) if text.class() != Class::Quoted => {
                return Ok(Cow::Borrowed(text));
            }
            _ => {}
        }
        let mut builder = Builder::new(Fields::default(), Mode::Pattern);
        self.parts(&word.parts, &mut builder, false)?;
        Ok(Cow::Owned(builder.into_text()))
    }

    /// Expands a word to an extended regular expression.
    pub fn expand_regex(&mut self, word: &Word) -> Result<Vec<u8>, Flow> {
        let mut builder = Builder::new(Fields::default(), Mode::Regex);
        self.parts(&word.parts, &mut builder, false)?;
        Ok(builder.into_text())
    }

    /// Whether patterns become names of files, and of which characters.
    fn globs(&self) -> Option<Characters> {
        (!self.options.has(super::options::NOGLOB)).then_some(self.vars.characters)
    }

    fn parts(&mut self, parts: &[Part], b: &mut Builder, quoted: bool) -> Run {
        for (n, part) in parts.iter().enumerate() {
            match part {
                Part::Text(text) => match text.class() {
                    Class::Quoted => b.quoted(text),
                    _ if b.inner => b.expanded(text, self.vars.ifs(), self.globs()),
                    class => b.literal(text, class == Class::Glob),
                },
                Part::Double(inner) => {
                    let outer = std::mem::replace(&mut b.inner, false);
                    if !inner.iter().any(may_vanish) {
                        b.open();
                    }
                    let result = self.parts(inner, b, true);
                    b.inner = outer;
                    result?;
                }
                Part::Param(param) => self.parameter(param, b, quoted)?,
                Part::Command(program) => {
                    let text = self.substitute(program)?;
                    self.push(&text, b, quoted);
                }
                Part::Process(writes, program) => {
                    let name = self.piped_process(*writes, program)?;
                    b.quoted(&name);
                }
                Part::Arith(arith) => {
                    let value = self.arithmetic(arith)?;
                    let mut text = Vec::with_capacity(20);
                    push_signed(&mut text, value);
                    self.push(&text, b, quoted);
                }
                Part::Tilde(user) => match self.home(user) {
                    Some(home) => {
                        // `~/x` with HOME=/ is `/x` (2.6.1).
                        let bare = home.strip_suffix(b"/");
                        let bare = bare.filter(|_| starts_with_slash(parts.get(n + 1)));
                        b.quoted(bare.unwrap_or(&home));
                    }
                    None => {
                        b.quoted(b"~");
                        b.quoted(user);
                    }
                },
            }
        }
        Ok(())
    }

    fn push(&mut self, text: &[u8], b: &mut Builder, quoted: bool) {
        if quoted {
            b.quoted(text);
        } else {
            b.expanded(text, self.vars.ifs(), self.globs());
        }
    }

    /// Tilde expansion (2.6.1).
    fn home(&mut self, user: &[u8]) -> Option<Vec<u8>> {
        if user.is_empty() {
            return self.vars.get(b"HOME").map(<[u8]>::to_vec);
        }
        // No NSS in a static program: the file itself.
        let passwd = crate::sys::file::read("/etc/passwd").ok()?;
        passwd.split(|b| *b == b'\n').find_map(|line| {
            let mut columns = line.split(|b| *b == b':');
            (columns.next()? == user).then(|| columns.nth(4).map(<[u8]>::to_vec))?
        })
    }

    /// Parameter expansion (2.6.2).
    fn parameter(&mut self, param: &Param, b: &mut Builder, quoted: bool) -> Run {
        if let (Which::Name(name), Op::Plain) = (&param.which, &param.op) {
            let glob = self.globs();
            let slot = self.vars.slot(name);
            match self.vars.value_and_ifs(slot) {
                (Some(value), _) if quoted => b.quoted(value),
                (Some(value), ifs) => b.expanded(value, ifs, glob),
                (None, _) => return self.unset_parameter(&param.which, b, quoted),
            }
            return Ok(());
        }
        if let (Which::At | Which::Star, op) = (&param.which, &param.op) {
            let star = matches!(param.which, Which::Star);
            match op {
                Op::Plain => {
                    let list = Rc::clone(&self.positional);
                    self.push_list(&list, star, b, quoted);
                    return Ok(());
                }
                Op::Prefix(..) | Op::Suffix(..) | Op::Replace(..) => {
                    let mut list = Vec::new();
                    for value in Rc::clone(&self.positional).iter() {
                        list.push(self.transformed(op, value.clone())?);
                    }
                    self.push_list(&list, star, b, quoted);
                    return Ok(());
                }
                Op::Slice(offset, length) => {
                    let list = self.positional_slice(offset, length.as_deref())?;
                    self.push_list(&list, star, b, quoted);
                    return Ok(());
                }
                _ => {}
            }
        }
        self.operation(param, b, quoted)
    }

    fn operation(&mut self, param: &Param, b: &mut Builder, quoted: bool) -> Run {
        let which = &param.which;
        let value = self.parameter_value(which);
        // What a colon before the operator adds: empty counts as unset.
        let present = |colon: bool| value.as_ref().is_some_and(|v| !(colon && v.is_empty()));
        match &param.op {
            Op::Bad => {
                return self.fatal("syntax error: bad substitution");
            }
            Op::Length => {
                let length = match which {
                    Which::At | Which::Star => self.positional.len(),
                    _ => match &value {
                        Some(value) => self.vars.characters.count(value),
                        None => {
                            if self.options.has(super::options::NOUNSET) {
                                return self.not_set(which);
                            }
                            0
                        }
                    },
                };
                let mut text = Vec::new();
                push_signed(&mut text, length as i64);
                self.push(&text, b, quoted);
            }
            Op::Default(colon, word) if !present(*colon) => return self.inner(word, b, quoted),
            Op::Alternative(colon, word) => {
                if present(*colon) {
                    return self.inner(word, b, quoted);
                }
                // "${@+x}" is like "$@" without parameters.
                if quoted && !matches!(which, Which::At) {
                    b.quoted(b"");
                }
            }
            Op::Assign(colon, word) if !present(*colon) => {
                let Which::Name(name) = which else {
                    let shown = name_of(which);
                    return self.fatal(format_args!("{shown}: cannot be assigned to"));
                };
                let text = self.expand_text_in(word, quoted)?;
                self.assign(name, &text)?;
                self.push(&text, b, quoted);
            }
            Op::Error(colon, word) if !present(*colon) => {
                let shown = name_of(which);
                if word.parts.is_empty() {
                    let why =
                        if *colon { "parameter null or not set" } else { "parameter not set" };
                    return self.fatal(format_args!("{shown}: {why}"));
                }
                let text = self.expand_text_in(word, quoted)?;
                return self.fatal(format_args!("{shown}: {}", show_bytes(&text)));
            }
            op => match value {
                None => return self.unset_parameter(which, b, quoted),
                Some(value) => {
                    if let (
                        Which::At | Which::Star,
                        Op::Default(..) | Op::Assign(..) | Op::Error(..),
                    ) = (which, op)
                    {
                        let list = Rc::clone(&self.positional);
                        self.push_list(&list, matches!(which, Which::Star), b, quoted);
                        return Ok(());
                    }
                    let text = self.transformed(op, value)?;
                    self.push(&text, b, quoted);
                }
            },
        }
        Ok(())
    }

    /// The word of an operator, in the place of the parameter.
    fn inner(&mut self, word: &Word, b: &mut Builder, quoted: bool) -> Run {
        if quoted {
            if !word.parts.iter().any(may_vanish) {
                b.open();
            }
            return self.parts(&word.parts, b, true);
        }
        let outer = std::mem::replace(&mut b.inner, true);
        let result = self.parts(&word.parts, b, false);
        b.inner = outer;
        result
    }

    fn expand_text_in(&mut self, word: &Word, quoted: bool) -> Result<Vec<u8>, Flow> {
        let mut builder = Builder::new(Fields::default(), Mode::Text);
        self.parts(&word.parts, &mut builder, quoted)?;
        Ok(builder.into_text())
    }

    /// A value after the operators that change it.
    fn transformed(&mut self, op: &Op, mut value: Vec<u8>) -> Result<Vec<u8>, Flow> {
        let chars = self.vars.characters;
        match op {
            Op::Prefix(longest, word) => {
                let pattern = self.expand_pattern(word)?;
                if let Some(end) = pattern::prefix(chars, &pattern, &value, *longest) {
                    value.drain(..end);
                }
            }
            Op::Suffix(longest, word) => {
                let pattern = self.expand_pattern(word)?;
                if let Some(start) = pattern::suffix(chars, &pattern, &value, *longest) {
                    value.truncate(start);
                }
            }
            Op::Slice(offset, length) => {
                let chars = chars.within(&value);
                let range = self.slice(offset, length.as_deref(), chars.count(&value))?;
                let start = chars.offset(&value, range.start);
                let rest = value.get(start..).unwrap_or_default();
                let end = chars.offset(rest, range.len());
                value = rest.get(..end).unwrap_or_default().to_vec();
            }
            Op::Replace(how, words) => {
                let pattern = self.expand_pattern(&words.0)?;
                let text = self.expand_text(&words.1)?;
                return Ok(pattern::replace(chars, *how, &pattern, &text, value));
            }
            _ => {}
        }
        Ok(value)
    }

    /// `${x:offset:length}`: a negative number counts from the end.
    fn slice(
        &mut self,
        offset: &Arith,
        length: Option<&Arith>,
        size: usize,
    ) -> Result<std::ops::Range<usize>, Flow> {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let mut start = self.arithmetic(offset)?;
        if start < 0 {
            start = start.saturating_add(size);
        }
        let length = match length {
            None => i64::MAX,
            Some(length) => self.arithmetic(length)?,
        };
        if start < 0 || start > size {
            return Ok(0..0);
        }
        let end = if length < 0 {
            size.saturating_add(length)
        } else {
            start.saturating_add(length).min(size)
        };
        let end = end.max(start);
        Ok(usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0))
    }

    fn positional_slice(
        &mut self,
        offset: &Arith,
        length: Option<&Arith>,
    ) -> Result<Vec<Vec<u8>>, Flow> {
        let mut all = vec![self.name.clone()];
        all.extend(self.positional.iter().cloned());
        let range = self.slice(offset, length, all.len())?;
        Ok(all.get(range).unwrap_or_default().to_vec())
    }

    /// `$@` and `$*` (2.5.2).
    fn push_list(&mut self, list: &[Vec<u8>], star: bool, b: &mut Builder, quoted: bool) {
        let glob = self.globs();
        if !b.splits() || (quoted && star) {
            let joiner = if star { self.vars.joiner() } else { b" " };
            let mut text = Vec::new();
            for (i, value) in list.iter().enumerate() {
                if i > 0 {
                    text.extend_from_slice(joiner);
                }
                text.extend_from_slice(value);
            }
            self.push(&text, b, quoted);
            return;
        }
        for (i, value) in list.iter().enumerate() {
            if i > 0 {
                if quoted {
                    b.finish(glob);
                } else {
                    b.boundary(glob);
                }
            }
            if quoted {
                b.quoted(value);
            } else {
                b.expanded(value, self.vars.ifs(), glob);
            }
        }
    }

    /// The value of a parameter; None when it is unset.
    pub fn parameter_value(&mut self, which: &Which) -> Option<Vec<u8>> {
        let number = match which {
            Which::Name(name) => {
                let slot = self.vars.slot(name);
                return self.vars.value(slot).map(<[u8]>::to_vec);
            }
            Which::Positional(n) => {
                return self.positional.get((*n as usize).checked_sub(1)?).cloned();
            }
            Which::At | Which::Star => {
                if self.positional.is_empty() {
                    return None;
                }
                return Some(self.positional.join(&b' '));
            }
            Which::Zero => return Some(self.name.clone()),
            Which::Flags => {
                return Some(self.options.letters(self.from_stdin, self.command_string));
            }
            Which::Count => self.positional.len() as i64,
            Which::Status => i64::from(self.status),
            Which::Pid => i64::from(self.pid),
            Which::LastJob => i64::from(self.jobs.last_background()?),
        };
        let mut text = Vec::new();
        push_signed(&mut text, number);
        Some(text)
    }

    fn unset_parameter(&mut self, which: &Which, b: &mut Builder, quoted: bool) -> Run {
        if self.options.has(super::options::NOUNSET) {
            return self.not_set(which);
        }
        if quoted {
            b.quoted(b"");
        }
        Ok(())
    }

    fn not_set(&mut self, which: &Which) -> Run {
        self.fatal(format_args!("{}: parameter not set", name_of(which)))
    }

    /// Arithmetic expansion (2.6.4).
    pub fn arithmetic(&mut self, arith: &Arith) -> Result<i64, Flow> {
        if let Some(expr) = &arith.parsed {
            // Parameters whose values are numbers need no text.
            let mut operands = [0i64; 8];
            let mut list = Vec::new();
            let slice = if arith.operands.is_empty() {
                Some(operands.get(..0).unwrap_or_default())
            } else if arith.operands.len() <= operands.len() {
                let mut known = true;
                for (operand, place) in arith.operands.iter().zip(operands.iter_mut()) {
                    match self.operand(arith, *operand) {
                        Some(value) => *place = value,
                        None => {
                            known = false;
                            break;
                        }
                    }
                }
                if known { operands.get(..arith.operands.len()) } else { None }
            } else {
                for operand in arith.operands.iter() {
                    match self.operand(arith, *operand) {
                        Some(value) => list.push(value),
                        None => break,
                    }
                }
                (list.len() == arith.operands.len()).then_some(list.as_slice())
            };
            if let Some(operands) = slice {
                let room = self.room;
                let result = arith::eval(expr, operands, self, room);
                return self.arithmetic_result(result);
            }
        }
        let mut builder = Builder::new(Fields::default(), Mode::Text);
        self.parts(&arith.source, &mut builder, true)?;
        self.arithmetic_text(&builder.into_text())
    }

    /// Evaluates the text of an expression.
    pub fn arithmetic_text(&mut self, text: &[u8]) -> Result<i64, Flow> {
        let room = self.room;
        let result =
            arith::parse(text, 0, room).and_then(|expr| arith::eval(&expr, &[], self, room));
        self.arithmetic_result(result)
    }

    fn arithmetic_result(&mut self, result: Result<i64, arith::Error>) -> Result<i64, Flow> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => match self.fatal(error) {
                Err(flow) => Err(flow),
                Ok(()) => Ok(0),
            },
        }
    }

    /// The value of a parameter that is a number as it is written.
    fn operand(&mut self, arith: &Arith, (part, minus): (u32, bool)) -> Option<i64> {
        let Part::Param(param) = arith.source.get(part as usize)? else { return None };
        let value = match &param.which {
            Which::Count => self.positional.len() as i64,
            Which::Status => i64::from(self.status),
            Which::Name(name) => {
                let slot = self.vars.slot(name);
                arith::plain(self.vars.value(slot)?)?
            }
            which => arith::plain(&self.parameter_value(which)?)?,
        };
        // `5-$x` with a negative x is `5--1`.
        if minus && value < 0 { None } else { Some(value) }
    }
}

impl arith::Scope for Shell {
    fn get(&mut self, name: &Name, text: &mut Vec<u8>) -> Result<bool, arith::Error> {
        let slot = self.vars.slot(name);
        match self.vars.value(slot) {
            Some(value) => {
                text.extend_from_slice(value);
                Ok(true)
            }
            None if self.options.has(super::options::NOUNSET) => {
                Err(arith::Error::Scope(format!("{}: parameter not set", show_bytes(&name.text))))
            }
            None => Ok(false),
        }
    }

    fn set(&mut self, name: &Name, value: i64) -> Result<(), arith::Error> {
        let slot = self.vars.slot(name);
        self.vars
            .set_number(slot, value)
            .map_err(|_| arith::Error::Scope(format!("{}: is read only", show_bytes(&name.text))))
    }
}

/// Whether a part between double quotes may leave no field at all.
fn may_vanish(part: &Part) -> bool {
    match part {
        // Of `"${x-$@}"` POSIX leaves it open; in most shells it is a field.
        Part::Param(param) => matches!(param.which, Which::At),
        _ => false,
    }
}

/// A parameter's name, for messages.
fn name_of(which: &Which) -> String {
    match which {
        Which::Name(name) => show_bytes(&name.text).to_string(),
        Which::Positional(n) => n.to_string(),
        Which::At => "@".into(),
        Which::Star => "*".into(),
        Which::Count => "#".into(),
        Which::Status => "?".into(),
        Which::Flags => "-".into(),
        Which::Pid => "$".into(),
        Which::LastJob => "!".into(),
        Which::Zero => "0".into(),
    }
}

fn starts_with_slash(part: Option<&Part>) -> bool {
    part.and_then(Part::unquoted).is_some_and(|text| text.first() == Some(&b'/'))
}
