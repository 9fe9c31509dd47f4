//! awk: programs for records and fields. POSIX, with what gawk adds:
//! `gensub`, `strftime`, `systime`, `mktime`, bit functions, `nextfile`,
//! `delete array`, `**`, expressions and single bytes as RS, IGNORECASE.
//!
//! Text is bytes: `length` counts them. Numbers are C's doubles; `srand()` and
//! `rand()` give the same sequence every time.

mod call;
mod format;
mod run;
mod streams;
mod value;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::awk::lexer::unescape;
use crate::awk::parser;
use crate::blocks::Blocks;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "awk",
    summary: "run a program on records and their fields",
    usage: "[-F FS] [-v NAME=VALUE]... PROGRAM [FILE | NAME=VALUE]...\n\
            \x20      awk [-F FS] [-v NAME=VALUE]... -f FILE... [FILE | NAME=VALUE]...\n\
            \x20 -F  what separates fields: a byte or an expression\n\
            \x20 -v  sets a variable before BEGIN\n\
            \x20 -f  reads the program from a file; -e TEXT is another part of it",
    kind: Kind::Fork, // reading may block
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut text: Option<Vec<u8>> = None;
    let mut assignments: Vec<Vec<u8>> = Vec::new();
    let mut separator = None;
    let mut options = cx.parse("+F:field-separator v:assign f:file e:source W:")?;
    while let Some(letter) = options.next() {
        match letter {
            b'F' => separator = Some(options.bytes()),
            b'v' => assignments.push(options.bytes()),
            b'e' => add(&mut text, &options.bytes()),
            b'f' => {
                let name = options.value();
                let opened;
                let fd = if name == "-" {
                    cx.stdin
                } else {
                    opened = std::fs::File::open(&name)
                        .map_err(|e| Error::os(show(&name), e).with(Status::USAGE))?;
                    std::os::fd::AsFd::as_fd(&opened)
                };
                let mut blocks = Blocks::new();
                while blocks.fill(fd).map_err(|e| Error::os(show(&name), e))? {}
                add(&mut text, blocks.bytes());
            }
            _ => {}
        }
    }
    let mut operands = options.operands;
    let text = match text {
        Some(text) => text,
        None if operands.is_empty() => return Err(Error::usage("no program")),
        None => operands.remove(0).into_vec(),
    };
    // Parsing and running recurse: the kernel lets the stack grow to what is
    // allowed at that time.
    let _ = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_STACK).and_then(
        |(soft, hard)| {
            let wanted = (100u64 << 20).min(hard).max(soft);
            nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_STACK, wanted, hard)
        },
    );
    let program = parser::parse(&text).map_err(Error::msg)?;
    let mut awk = run::Awk::new(cx, program, &operands)?;
    if let Some(separator) = separator {
        awk.set_separator(&unescape(&separator))?;
    }
    for assignment in &assignments {
        if !awk.assign_operand(assignment)? {
            return Err(Error::bad(
                show(&OsString::from_vec(assignment.clone())),
                "not NAME=VALUE",
            ));
        }
    }
    let status = awk.run();
    let closed = awk.close();
    let status = match status {
        // Who reads our output has gone: nobody wants more.
        Err(error) if error.is_closed_pipe() => Err(error),
        Err(error) => Err(error.with(Status::USAGE)),
        Ok(status) => Ok(status),
    };
    let status = status?;
    closed?;
    Ok(Status(status))
}

fn add(text: &mut Option<Vec<u8>>, more: &[u8]) {
    let text = text.get_or_insert_default();
    text.extend_from_slice(more);
    text.push(b'\n');
}
