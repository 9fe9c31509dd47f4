//! Merging sorted files.

use std::os::fd::{AsFd, OwnedFd};

use super::{Rules, nameless, rewind};
use crate::applet::{Error, show, write_all};
use crate::sys::lines::Lines;

/// As many files are merged at once.
const MOST: usize = 64;

/// Merges files of one run each until they are few enough to be merged at once.
pub(super) fn narrowed(rules: &Rules, mut list: Vec<OwnedFd>) -> Result<Vec<OwnedFd>, Error> {
    while list.len() > MOST {
        let mut fewer = Vec::new();
        let mut rest = list.into_iter();
        loop {
            let mut group: Vec<Lines> = rest.by_ref().take(MOST).map(Lines::new).collect();
            if group.is_empty() {
                break;
            }
            let fd = nameless(rules)?;
            merge(rules, &mut group, &mut |bytes| {
                write_all(fd.as_fd(), bytes).map_err(|e| Error::os(show(&rules.folder), e))
            })?;
            rewind(rules, &fd)?;
            fewer.push(fd);
        }
        list = fewer;
    }
    Ok(list)
}

/// Merges sorted inputs; of equal lines that of the earlier input comes first.
pub(super) fn merge(
    rules: &Rules,
    sources: &mut [Lines],
    put: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut heads: Vec<Vec<u8>> = vec![Vec::new(); sources.len()];
    // The inputs that have a line, the one whose turn it is last.
    let mut turn: Vec<usize> = Vec::new();
    for at in 0..sources.len() {
        if advance(rules, sources, &mut heads, at)? {
            place(rules, &heads, &mut turn, at);
        }
    }
    let mut before: Option<Vec<u8>> = None;
    let mut block = Vec::new();
    while let Some(at) = turn.pop() {
        let Some(line) = heads.get(at) else { continue };
        let again =
            rules.unique && before.as_ref().is_some_and(|b| rules.compare(b, line, true).is_eq());
        if !again {
            block.extend_from_slice(line);
            block.push(rules.end);
            if block.len() >= 60 * 1024 {
                put(&block)?;
                block.clear();
            }
            if rules.unique {
                let kept = before.get_or_insert_default();
                kept.clear();
                kept.extend_from_slice(line);
            }
        }
        if advance(rules, sources, &mut heads, at)? {
            place(rules, &heads, &mut turn, at);
        }
    }
    put(&block)
}

/// Puts an input where its line belongs.
fn place(rules: &Rules, heads: &[Vec<u8>], turn: &mut Vec<usize>, at: usize) {
    let Some(line) = heads.get(at) else { return };
    let stable = rules.stable || rules.unique;
    let to = turn.partition_point(|&other| {
        let Some(head) = heads.get(other) else { return true };
        rules.compare(head, line, stable).then(other.cmp(&at)).is_gt()
    });
    turn.insert(to, at);
}

/// Reads the next line of an input.
fn advance(
    rules: &Rules,
    sources: &mut [Lines],
    heads: &mut [Vec<u8>],
    at: usize,
) -> Result<bool, Error> {
    let (Some(source), Some(head)) = (sources.get_mut(at), heads.get_mut(at)) else {
        return Ok(false);
    };
    match source.next(rules.end).map_err(|e| Error::os("reading", e))? {
        Some(line) => {
            head.clear();
            head.extend_from_slice(line);
            Ok(true)
        }
        None => Ok(false),
    }
}
