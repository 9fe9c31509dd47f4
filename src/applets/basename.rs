//! basename, dirname: the parts of paths. POSIX, with GNU's `-a`, `-s` and `-z`.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "basename",
    summary: "the last part of a path",
    usage: "PATH [SUFFIX], or [-az] [-s SUFFIX] PATH...\n\
            \x20 -a  several paths; -s SUFFIX without this end; -z a zero byte behind each",
    kind: Kind::NoFork, // only writes
    run,
};

/// See the module.
pub(super) static DIRNAME: Applet = Applet {
    name: "dirname",
    summary: "a path without its last part",
    usage: "[-z] PATH...\n\x20 -z  a zero byte behind each",
    kind: Kind::NoFork, // only writes
    run: run_dirname,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("+a,multiple s:suffix z,zero")?;
    let (mut many, mut suffix, mut end) = (false, None, b'\n');
    while let Some(letter) = options.next() {
        match letter {
            b'a' => many = true,
            b's' => (many, suffix) = (true, Some(options.value())),
            _ => end = 0,
        }
    }
    let mut operands = options.operands;
    if operands.is_empty() {
        return Err(Error::usage("which path?").with(Status::FAILURE));
    }
    if !many {
        if let Some(extra) = operands.get(2) {
            return Err(Error::bad(show(extra), "one operand too many").with(Status::FAILURE));
        }
        if operands.len() == 2 {
            suffix = operands.pop();
        }
    }
    let suffix = suffix.unwrap_or_default();
    for path in &operands {
        let base = base(path.as_bytes());
        // A name that is all suffix is kept.
        let short = base.strip_suffix(suffix.as_bytes()).filter(|short| !short.is_empty());
        let text = [short.unwrap_or(base), &[end]].concat();
        cx.put(&text)?;
    }
    Ok(Status::OK)
}

/// The last part of a path without slashes; of slashes only, one.
fn base(path: &[u8]) -> &[u8] {
    let trimmed = trim(path);
    if trimmed.is_empty() {
        return path.get(..1).unwrap_or_default();
    }
    trimmed.rsplit(|&b| b == b'/').next().unwrap_or(trimmed)
}

fn trim(path: &[u8]) -> &[u8] {
    let slashes = path.iter().rev().take_while(|b| **b == b'/').count();
    path.get(..path.len() - slashes).unwrap_or_default()
}

fn run_dirname(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("z,zero")?;
    let mut end = b'\n';
    while options.next().is_some() {
        end = 0;
    }
    if options.operands.is_empty() {
        return Err(Error::usage("which path?").with(Status::FAILURE));
    }
    for path in &options.operands {
        let path = path.as_bytes();
        let trimmed = trim(path);
        let name = trimmed.rsplit(|&b| b == b'/').next().unwrap_or_default();
        let head = trim(trimmed.get(..trimmed.len() - name.len()).unwrap_or_default());
        let head = match head {
            b"" if path.starts_with(b"/") => b"/".as_slice(),
            b"" => b".",
            head => head,
        };
        let text = [head, &[end]].concat();
        cx.put(&text)?;
    }
    Ok(Status::OK)
}

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn bases() {
        for (path, text) in [
            ("a/b", "b"),
            ("a/b//", "b"),
            ("/", "/"),
            ("//", "/"),
            ("", ""),
            ("a", "a"),
            ("/a", "a"),
        ] {
            assert_eq!(base(path.as_bytes()), text.as_bytes(), "{path}");
        }
    }
}
