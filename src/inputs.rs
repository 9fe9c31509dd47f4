//! The files that a command reads one behind the other: its operands, or
//! standard input.

use std::ffi::{OsStr, OsString};

use crate::applet::{Ctx, Error, show};
use crate::sys::lines::Lines;

/// A file that is read.
pub struct Input<'a> {
    /// As the command line has it; `-` is standard input.
    pub name: &'a OsStr,
    /// How it is read.
    pub lines: Lines,
}

impl Input<'_> {
    /// [`Lines::next`], with an error that names the file.
    #[inline]
    pub fn next(&mut self, end: u8) -> Result<Option<&[u8]>, Error> {
        let name = self.name;
        self.lines.next(end).map_err(|e| Error::os(show(name), e))
    }

    /// [`Lines::whole`], with an error that names the file.
    pub fn whole(&mut self, end: u8) -> Result<Option<&[u8]>, Error> {
        let name = self.name;
        self.lines.whole(end).map_err(|e| Error::os(show(name), e))
    }

    /// [`Lines::block`], with an error that names the file.
    pub fn block(&mut self) -> Result<Option<&[u8]>, Error> {
        let name = self.name;
        self.lines.block().map_err(|e| Error::os(show(name), e))
    }
}

/// What is done with each file.
pub type Each<'f, 'c> = &'f mut dyn FnMut(&mut Ctx<'c>, &mut Input) -> Result<(), Error>;

/// Opens the operands, or standard input when there are none, one behind the
/// other. What cannot be opened or read is warned of; the others follow.
#[inline(never)]
pub fn each<'c>(cx: &mut Ctx<'c>, operands: &[OsString], act: Each<'_, 'c>) -> Result<(), Error> {
    let standard = [OsString::from("-")];
    for name in if operands.is_empty() { &standard } else { operands } {
        let lines = match cx.input.as_mut().filter(|_| name == "-") {
            Some(text) => Lines::of_text(std::mem::take(text)),
            None => match cx.open_or_warn(name) {
                Some(fd) => Lines::new(fd),
                None => continue,
            },
        };
        if let Err(error) = act(cx, &mut Input { name, lines }) {
            if error.is_closed_pipe() {
                return Err(error);
            }
            cx.warn(error);
        }
    }
    Ok(())
}
