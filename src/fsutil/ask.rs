//! Questions of cp, mv, rm, ln, find to whoever sits at the terminal.

use std::fmt::Display;

use crate::applet::{Ctx, write_all};

/// Prints `name: question` on standard error, reads a line of standard input,
/// and says whether it starts with y or Y.
#[inline(never)]
pub fn yes(cx: &mut Ctx, question: impl Display) -> bool {
    let question = format!("{}: {question}", cx.name);
    yes_to(cx, question.as_bytes())
}

/// [`yes`] with exactly these words.
pub fn yes_to(cx: &mut Ctx, question: &[u8]) -> bool {
    let _ = cx.flush();
    let _ = write_all(cx.stderr, question);
    answer(cx)
}

/// Reads a line of standard input; says whether it starts with y or Y.
pub fn answer(cx: &Ctx) -> bool {
    let mut first = None;
    let mut byte = [0];
    while let Ok(1) = nix::unistd::read(cx.stdin, &mut byte) {
        let [b] = byte;
        if b == b'\n' {
            break;
        }
        first.get_or_insert(b);
    }
    matches!(first, Some(b'y' | b'Y'))
}

/// What a file is called in a question.
pub fn kind(mode: u32, size: i64) -> &'static str {
    match mode & libc::S_IFMT {
        libc::S_IFDIR => "directory",
        libc::S_IFLNK => "symbolic link",
        libc::S_IFCHR => "character special file",
        libc::S_IFBLK => "block special file",
        libc::S_IFIFO => "fifo",
        libc::S_IFSOCK => "socket",
        libc::S_IFREG if size == 0 => "regular empty file",
        libc::S_IFREG => "regular file",
        _ => "weird file",
    }
}
