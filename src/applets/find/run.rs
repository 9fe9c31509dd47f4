//! The commands that find runs.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::Find;
use super::evaluate::{base, head};
use super::parse::Run;
use crate::applet::{Ctx, Error, Status, show};
use crate::fsutil::ask;
use crate::fsutil::spawn::{Input, Place, wait_for};
use crate::fsutil::walk::Walk;

/// How many bytes of names a command gets at once.
const BATCH: usize = 128 * 1024;

/// Names that wait for a command.
#[derive(Default)]
pub struct Batch {
    words: Vec<OsString>,
    first_name: usize,
    bytes: usize,
    /// The folder that the names are in, by path and open, for -execdir.
    folder: Option<(Vec<u8>, OwnedFd)>,
}

/// Runs the command on the current file, or keeps its name for later.
pub fn run(cx: &mut Ctx, find: &mut Find, walk: &Walk, run: &Run) -> Result<bool, Error> {
    let name = if run.in_folder {
        let base = base(walk.path());
        let slash: &[u8] = if walk.path().ends_with(b"/") { b"/" } else { b"" };
        if base == b"/" { base.to_vec() } else { [b"./", base, slash].concat() }
    } else {
        walk.path().to_vec()
    };
    if let Some(number) = run.batch {
        keep(cx, find, walk, run, number, name)?;
        return Ok(true);
    }
    let mut words = Vec::new();
    for word in &run.words {
        words.push(filled(word, &name));
    }
    if run.ask {
        let shown = run.words.first().map_or(OsStr::new(""), |word| word);
        let path = String::from_utf8_lossy(walk.path()).into_owned();
        let question = format!("< {} ... {} > ? ", show(shown), show(&path));
        if !ask::yes_to(cx, question.as_bytes()) {
            return Ok(false);
        }
    }
    let folder = if run.in_folder { Some(open(walk)?) } else { None };
    let input = if run.ask { Input::Nothing } else { Input::Same };
    let place = Place { folder: folder.as_ref().map(AsFd::as_fd), input };
    Ok(succeeded(cx, &words, &place))
}

/// The folder that the current file is in.
fn open(walk: &Walk) -> Result<OwnedFd, Error> {
    let (dir, name): (_, &[u8]) = if walk.depth() == 0 {
        let head = head(walk.path());
        (nix::fcntl::AT_FDCWD, if head.is_empty() { b"/" } else { head })
    } else {
        (walk.dir(), b".")
    };
    crate::fsutil::ladder::open_folder(dir, name, true)
        .map_err(|e| Error::os(show(OsStr::from_bytes(name)), e))
}

/// A word with the name in place of each `{}`.
fn filled(word: &OsStr, name: &[u8]) -> OsString {
    let mut out = Vec::new();
    let mut rest = word.as_bytes();
    while let Some(at) = rest.windows(2).position(|pair| pair == b"{}") {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        out.extend_from_slice(name);
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    OsString::from_vec(out)
}

fn keep(
    cx: &mut Ctx,
    find: &mut Find,
    walk: &Walk,
    run: &Run,
    number: usize,
    name: Vec<u8>,
) -> Result<(), Error> {
    let Some(slot) = find.batches.get_mut(number) else { return Ok(()) };
    let mut batch = std::mem::take(slot);
    let elsewhere = run.in_folder
        && batch.folder.as_ref().is_some_and(|(path, _)| path.as_slice() != head(walk.path()));
    if elsewhere || batch.bytes + name.len() > BATCH {
        finish(cx, &mut batch)?;
    }
    if batch.words.is_empty() {
        batch.words.clone_from(&run.words);
        batch.first_name = batch.words.len();
        if run.in_folder {
            batch.folder = Some((head(walk.path()).to_vec(), open(walk)?));
        }
    }
    batch.bytes += name.len() + 1 + size_of::<usize>();
    batch.words.push(OsString::from_vec(name));
    if let Some(slot) = find.batches.get_mut(number) {
        *slot = batch;
    }
    Ok(())
}

/// Runs the command of a batch that has names; its failure is find's.
pub fn finish(cx: &mut Ctx, batch: &mut Batch) -> Result<(), Error> {
    let batch = std::mem::take(batch);
    if batch.words.len() <= batch.first_name {
        return Ok(());
    }
    let folder = batch.folder.as_ref().map(|(_, fd)| fd.as_fd());
    if !succeeded(cx, &batch.words, &Place { folder, input: Input::Same }) {
        cx.fail();
    }
    Ok(())
}

/// Whether the command ran and was content. That it cannot be run is no end of
/// the search.
fn succeeded(cx: &mut Ctx, words: &[OsString], place: &Place<'_>) -> bool {
    match wait_for(cx, words, place) {
        Ok(status) => status == Status::OK,
        Err(error) => {
            cx.note(error);
            false
        }
    }
}
