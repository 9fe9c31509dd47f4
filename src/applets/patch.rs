//! patch: apply the differences that diff(1) wrote. POSIX, with GNU's options.
//!
//! Deviations: names of a patch that are absolute or go up are refused; no
//! file is backed up unless `-b` says so; no questions are asked: a patch that
//! seems to be applied already fails, with `-t` is reversed, and with `-N` the
//! hunks that are there already are left out, which is no failure.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind as Run, Status, show};
use crate::patchfile::{self, FilePatch, Hunk, Kind};
use crate::sys::lines::Lines;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "patch",
    summary: "apply the differences that diff wrote",
    usage: "[-bEflNRst] [-p N] [-i PATCH] [-d DIR] [-o OUT] [-r REJECTS] [-F N] [--dry-run] [FILE [PATCH]]\n\
            \x20 -p N  without the first N folders of names; without -p only the last part\n\
            \x20 -i, -d, -o, -r  the patch, the folder, the result, what did not fit (FILE.rej)\n\
            \x20 -R    from new to old; -N leave alone what is applied already\n\
            \x20 -b    keep the old file as FILE.orig; -E remove files that get empty\n\
            \x20 -l    blanks may differ; -F N so many lines of context too (2); -s say less\n\
            \x20 status 0 all fitted, 1 some did not, 2 trouble",
    kind: Run::Fork, // reading may block; changes its folder
    run,
};

#[derive(Default)]
struct Patch {
    strip: Option<usize>,
    reverse: bool,
    forward: bool,
    force: bool,
    batch: bool,
    verbose: bool,
    backup: Option<OsString>,
    remove_empty: bool,
    loose: bool,
    silent: bool,
    dry: bool,
    binary: bool,
    fuzz: usize,
    output: Option<OsString>,
    rejects: Option<OsString>,
    file: Option<OsString>,
    failed: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    act(cx).map_err(|e| e.with(Status::USAGE))
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "b,backup c,context d:directory D:ifdef E,remove-empty-files f,force F:fuzz i:input \
         l,ignore-whitespace n,normal N,forward o:output p:strip r:reject-file R,reverse \
         s,quiet|silent t,batch u,unified z:suffix -1,dry-run -2,binary -3,no-backup-if-mismatch \
         -4,posix -5,verbose -6,merge",
    )?;
    let mut patch = Patch { fuzz: 2, ..Patch::default() };
    let mut source: OsString = "-".into();
    let mut suffix: OsString = ".orig".into();
    let (mut backup, mut folder) = (false, None);
    while let Some(letter) = options.next() {
        match letter {
            b'b' => backup = true,
            b'd' => folder = Some(options.value()),
            b'D' | b'6' => return Err(Error::usage("this form of result is not to be had")),
            b'E' => patch.remove_empty = true,
            b'f' => patch.force = true,
            b't' => patch.batch = true,
            b'5' => patch.verbose = true,
            b'F' => patch.fuzz = options.number("not a number")?.try_into().unwrap_or(usize::MAX),
            b'i' => source = options.value(),
            b'l' => patch.loose = true,
            b'N' => patch.forward = true,
            b'o' => patch.output = Some(options.value()),
            b'p' => {
                patch.strip =
                    Some(options.number("not a number")?.try_into().unwrap_or(usize::MAX));
            }
            b'r' => patch.rejects = Some(options.value()),
            b'R' => patch.reverse = true,
            b's' => patch.silent = true,
            b'z' => (backup, suffix) = (true, options.value()),
            b'1' => patch.dry = true,
            b'2' => patch.binary = true,
            _ => {}
        }
    }
    options.at_most(2)?;
    let mut operands = options.operands.into_iter();
    patch.file = operands.next();
    source = operands.next().unwrap_or(source);
    patch.backup = backup.then_some(suffix);
    // The patch's own name is relative to -d; where it is not there, to the
    // folder of the caller.
    let mut input = cx.open(&source);
    if let Some(folder) = &folder {
        nix::unistd::chdir(folder.as_os_str()).map_err(|e| Error::os(show(folder), e))?;
        if source != "-" {
            input = cx.open(&source).or(input);
        }
    }
    let mut lines = Lines::new(input?);
    let mut text = Vec::new();
    while let Some(block) = lines.block().map_err(|e| Error::os(show(&source), e))? {
        text.extend_from_slice(block);
    }
    let list = patchfile::parse(&text)
        .map_err(|line| Error::msg(format_args!("malformed patch at line {line}")))?;
    if list.is_empty() {
        if text.is_empty() {
            return Ok(Status::OK);
        }
        return Err(Error::msg("only garbage was found in the patch input"));
    }
    for one in &list {
        patch.one(cx, one)?;
    }
    Ok(Status::from_bool(!patch.failed))
}

/// A name without so many folders; its last part stays in any case.
fn stripped(name: &[u8], strip: Option<usize>) -> Option<&[u8]> {
    let Some(count) = strip else {
        return name.rsplit(|&b| b == b'/').find(|part| !part.is_empty());
    };
    let mut rest = name;
    for _ in 0..count {
        let Some(slash) = memchr::memchr(b'/', rest) else { break };
        let mut tail = rest.get(slash..)?;
        while let Some(behind) = tail.strip_prefix(b"/") {
            tail = behind;
        }
        if tail.is_empty() {
            break;
        }
        rest = tail;
    }
    (!rest.is_empty()).then_some(rest)
}

fn is_safe(name: &[u8]) -> bool {
    !name.starts_with(b"/") && !name.split(|&b| b == b'/').any(|part| part == b"..")
}

impl Patch {
    /// The file that a patch is for.
    fn target(&self, cx: &mut Ctx, one: &FilePatch) -> Option<OsString> {
        if let Some(file) = &self.file {
            return Some(file.clone());
        }
        let mut best: Option<&[u8]> = None;
        let mut new: Option<&[u8]> = None;
        let parts = |name: &[u8]| {
            let base = name.rsplit(|&b| b == b'/').next().map_or(0, <[u8]>::len);
            (name.split(|&b| b == b'/').count(), base, name.len())
        };
        for name in one.names.iter().flatten() {
            let Some(name) = stripped(name, self.strip) else { continue };
            if !is_safe(name) {
                cx.note(format_args!("{}: refused as dangerous", show(OsStr::from_bytes(name))));
                continue;
            }
            new = new.filter(|n| parts(n) <= parts(name)).or(Some(name));
            if Path::new(OsStr::from_bytes(name)).exists()
                && best.is_none_or(|b| parts(name) < parts(b))
            {
                best = Some(name);
            }
        }
        let name = best.or(new)?;
        Some(OsStr::from_bytes(name).to_os_string())
    }

    fn one(&mut self, cx: &mut Ctx, one: &FilePatch) -> Result<(), Error> {
        let Some(name) = self.target(cx, one) else {
            self.failed = true;
            cx.warn("can't find the file to patch");
            return Ok(());
        };
        let [no_old, no_new] = one.missing;
        let creates = if self.reverse { no_new } else { no_old };
        // Hunks of no old lines at the start create a file as well.
        let from_nothing = one.hunks.iter().all(|h| self.side(h).0.is_empty());
        let mut is_new = creates;
        let old = match crate::sys::file::read(&name) {
            Ok(bytes) => bytes,
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound && (creates || from_nothing) =>
            {
                is_new = true;
                Vec::new()
            }
            Err(error) => {
                self.failed = true;
                cx.warn(Error::os(show(&name), error));
                return Ok(());
            }
        };
        let plain;
        let mut one = one;
        if one.returns
            && !self.binary
            && !old.split_inclusive(|b| *b == b'\n').any(|l| l.ends_with(b"\r\n"))
        {
            plain = one.without_returns();
            one = &plain;
            cx.note("carriage returns of the patch are left out; not with --binary");
        }
        if !self.silent {
            cx.put(if is_new { b"creating " } else { b"patching file " })?;
            match &self.output {
                Some(output) => {
                    let parts = [output.as_bytes(), b" (read from ", name.as_bytes(), b")"];
                    cx.put(&parts.concat())?;
                }
                None => cx.put(name.as_bytes())?,
            }
            cx.put(b"\n")?;
        }
        let lines: Vec<&[u8]> = old.split_inclusive(|&b| b == b'\n').collect();
        let applied = one.hunks.first().is_some_and(|hunk| self.is_applied(hunk, &lines));
        if applied && self.batch {
            // The other way round, for this file.
            self.reverse = !self.reverse;
            let done = self.apply(cx, one, &name, &lines, false);
            self.reverse = !self.reverse;
            return done;
        }
        if applied && !self.forward && !self.force {
            cx.flush()?;
            let seen = if self.reverse { "unreversed" } else { "reversed, or applied before" };
            cx.note(format_args!("{}: the patch is {seen}, it seems", show(&name)));
        }
        let blocked = creates && !old.is_empty() && from_nothing;
        let blocked = blocked || applied && !self.forward && !self.force;
        self.apply(cx, one, &name, &lines, blocked)
    }

    /// Whether the file looks as if it had the hunk's changes: it does not fit
    /// as it is, but would exactly the other way round.
    fn is_applied(&self, hunk: &Hunk, lines: &[&[u8]]) -> bool {
        let there = self.find(hunk, lines, 0, 0, false);
        there.is_none_or(|(_, _, _, fuzz)| fuzz > 0) && self.find(hunk, lines, 0, 0, true).is_some()
    }

    /// Puts the hunks into the lines; none when the file is not to be touched.
    fn apply(
        &mut self,
        cx: &mut Ctx,
        one: &FilePatch,
        name: &OsStr,
        lines: &[&[u8]],
        blocked: bool,
    ) -> Result<(), Error> {
        let [no_old, no_new] = one.missing;
        let deletes = if self.reverse { no_old } else { no_new };
        let mut ignored = 0;
        let mut result: Vec<u8> = Vec::new();
        let (mut at, mut shift) = (0usize, 0isize);
        // How many lines more the result has by now.
        let mut grown = 0isize;
        let mut failed: Vec<&Hunk> = Vec::new();
        for (number, hunk) in (1..).zip(&one.hunks) {
            if self.forward && self.is_applied(hunk, lines) {
                ignored += 1;
                continue;
            }
            let found = if blocked { None } else { self.find(hunk, lines, at, shift, false) };
            let (_, old_start) = self.side(hunk);
            let Some((place, lead, tail, fuzz)) = found else {
                cx.flush()?;
                let line = old_start as isize + grown;
                cx.note(format_args!("{}: hunk {number} does not fit at line {line}", show(name)));
                failed.push(hunk);
                continue;
            };
            let expected = self.guess(hunk);
            let offset = place as isize - lead as isize - expected;
            if !self.silent && (fuzz > 0 || offset != 0 && self.verbose) {
                let line = (place + 1 - lead.min(place)) as isize + grown;
                cx.print(format_args!("Hunk #{number} succeeded at {line}"))?;
                if fuzz > 0 {
                    cx.print(format_args!(" with fuzz {fuzz}"))?;
                }
                if offset != 0 {
                    let s = if offset.abs() == 1 { "" } else { "s" };
                    cx.print(format_args!(" (offset {offset} line{s})"))?;
                }
                cx.put(b".\n")?;
            }
            shift = offset;
            let turned =
                |kind: Kind| hunk.lines.iter().filter(|(k, _)| self.turned(*k) == kind).count();
            grown += turned(Kind::New) as isize - turned(Kind::Old) as isize;
            for line in lines.get(at..place).unwrap_or_default() {
                result.extend_from_slice(line);
            }
            at = place;
            // Context comes from the file, as it may differ a little.
            let count = hunk.lines.len();
            for (kind, text) in hunk.lines.get(lead..count - tail).unwrap_or_default() {
                match (self.turned(*kind), lines.get(at)) {
                    (Kind::Both, Some(line)) => {
                        result.extend_from_slice(line);
                        at += 1;
                    }
                    (Kind::Old, _) => at += 1,
                    (Kind::New, _) => {
                        if result.last().is_some_and(|b| *b != b'\n') {
                            result.push(b'\n');
                        }
                        result.extend_from_slice(text);
                    }
                    _ => {}
                }
            }
        }
        for line in lines.get(at..).unwrap_or_default() {
            result.extend_from_slice(line);
        }
        let target = self.output.clone().unwrap_or_else(|| name.to_os_string());
        if !failed.is_empty() {
            self.failed = true;
            self.reject(cx, &target, &failed)?;
        }
        if self.dry || failed.len() + ignored == one.hunks.len() {
            return Ok(());
        }
        self.save(cx, name, &target, &result, deletes && failed.is_empty())
    }

    fn turned(&self, kind: Kind) -> Kind {
        match kind {
            Kind::Old if self.reverse => Kind::New,
            Kind::New if self.reverse => Kind::Old,
            other => other,
        }
    }

    /// The lines that the file has to have, and where they start.
    fn side<'h>(&self, hunk: &'h Hunk) -> (Vec<&'h [u8]>, usize) {
        let start = if self.reverse { hunk.new } else { hunk.old };
        let lines = hunk.lines.iter().filter(|(kind, _)| self.turned(*kind) != Kind::New);
        (lines.map(|(_, text)| text.as_slice()).collect(), start)
    }

    /// Where a hunk says it belongs, counted from 0.
    fn guess(&self, hunk: &Hunk) -> isize {
        let (lines, start) = self.side(hunk);
        // Of no lines it is the one before.
        start as isize - isize::from(!lines.is_empty())
    }

    fn same(&self, a: &[u8], b: &[u8]) -> bool {
        if !self.loose {
            return a == b;
        }
        let words = |line: &[u8]| -> Vec<u8> {
            let mut text = Vec::new();
            for &byte in line.trim_ascii_end() {
                if !matches!(byte, b' ' | b'\t') {
                    text.push(byte);
                } else if text.last() != Some(&b' ') {
                    text.push(b' ');
                }
            }
            text
        };
        words(a) == words(b)
    }

    /// Where a hunk fits, from line `from` on: the place, how many lines of
    /// context are left out before and behind, the fuzz. `reversed` asks
    /// whether it would fit the other way round.
    fn find(
        &self,
        hunk: &Hunk,
        lines: &[&[u8]],
        from: usize,
        shift: isize,
        reversed: bool,
    ) -> Option<(usize, usize, usize, usize)> {
        let other =
            Patch { reverse: self.reverse != reversed, loose: self.loose, ..Patch::default() };
        let (wanted, _) = other.side(hunk);
        let is_both = |(kind, _): &&(Kind, Vec<u8>)| *kind == Kind::Both;
        let lead = hunk.lines.iter().take_while(is_both).count();
        let tail = hunk.lines.iter().rev().take_while(is_both).count();
        let most = self.fuzz.min(lead.max(tail));
        let most = if reversed { 0 } else { most };
        if lead == hunk.lines.len() {
            return None;
        }
        for fuzz in 0..=most {
            // The longer context gives first.
            let context = lead.max(tail) - fuzz;
            let (drop_lead, drop_tail) =
                (lead.saturating_sub(context), tail.saturating_sub(context));
            let wanted = wanted.get(drop_lead..wanted.len() - drop_tail)?;
            let start = other.guess(hunk) + shift + drop_lead as isize;
            let last = lines.len().checked_sub(wanted.len());
            let Some(last) = last else { continue };
            let fits = |at: usize| {
                let there = lines.get(at..at + wanted.len()).unwrap_or_default();
                there.iter().zip(wanted).all(|(a, b)| self.same(a, b))
            };
            if wanted.is_empty() {
                // Lines to add and nothing around them: only the number tells.
                let at = usize::try_from(start).unwrap_or(0).min(lines.len());
                return (at >= from).then_some((at, drop_lead, drop_tail, fuzz));
            }
            for distance in 0..=lines.len() as isize {
                for at in [start + distance, start - distance] {
                    if let Ok(at) = usize::try_from(at)
                        && at >= from
                        && at <= last
                        && fits(at)
                    {
                        return Some((at, drop_lead, drop_tail, fuzz));
                    }
                }
            }
        }
        None
    }

    /// Keeps the hunks that did not fit in a file.
    fn reject(&self, cx: &mut Ctx, target: &OsStr, hunks: &[&Hunk]) -> Result<(), Error> {
        // `-r -` keeps none.
        if self.dry || self.rejects.as_ref().is_some_and(|name| name == "-") {
            return Ok(());
        }
        let mut rejects = target.to_os_string();
        rejects.push(".rej");
        let rejects = self.rejects.clone().unwrap_or(rejects);
        cx.note(format_args!("what does not fit is in {}", show(&rejects)));
        let text = rejected(target, hunks);
        std::fs::write(&rejects, text).map_err(|e| Error::os(show(&rejects), e))
    }

    /// Gives the file its new content, or removes it.
    fn save(
        &mut self,
        cx: &Ctx,
        name: &OsStr,
        target: &OsStr,
        result: &[u8],
        deletes: bool,
    ) -> Result<(), Error> {
        let failed = |e: std::io::Error| Error::os(show(target), e);
        if target == "-" {
            return crate::applet::write_all(cx.stdout.as_fd(), result).map_err(failed);
        }
        let mode = std::fs::metadata(name).ok().map(|m| m.permissions());
        if let Some(suffix) = &self.backup {
            let mut old = name.to_os_string();
            old.push(suffix);
            if mode.is_some() {
                std::fs::copy(name, &old).map_err(|e| Error::os(show(&old), e))?;
            } else {
                std::fs::write(&old, b"").map_err(|e| Error::os(show(&old), e))?;
            }
        }
        if result.is_empty() && (deletes || self.remove_empty) {
            std::fs::remove_file(target).map_err(failed)?;
            // Folders that are empty by now, as GNU's does.
            let mut folder = Path::new(target).parent();
            while let Some(path) = folder.filter(|p| !p.as_os_str().is_empty()) {
                if std::fs::remove_dir(path).is_err() {
                    break;
                }
                folder = path.parent();
            }
            return Ok(());
        }
        if let Some(folder) = Path::new(target).parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        // What a link leads to is changed, and the link kept.
        let real =
            std::fs::canonicalize(target).map_or(target.to_os_string(), |p| p.into_os_string());
        let template = [real.as_bytes(), b"XXXXXX"].concat();
        let (fd, path) = nix::unistd::mkstemp(template.as_slice()).map_err(|e| failed(e.into()))?;
        let mut file = std::fs::File::from(fd);
        let bits = match mode {
            Some(mode) => mode.mode() & 0o7777,
            None => 0o666 & !crate::sys::process::umask(),
        };
        let done = file
            .write_all(result)
            .and_then(|()| file.set_permissions(std::fs::Permissions::from_mode(bits)))
            .and_then(|()| std::fs::rename(&path, &real));
        if done.is_err() {
            let _ = std::fs::remove_file(&path);
        }
        done.map_err(failed)
    }
}

/// The hunks that did not fit, as a patch.
fn rejected(name: &OsStr, hunks: &[&Hunk]) -> Vec<u8> {
    let mut text = Vec::new();
    for mark in [b"--- ", b"+++ "] {
        text.extend_from_slice(mark);
        text.extend_from_slice(name.as_bytes());
        text.push(b'\n');
    }
    for hunk in hunks {
        let (old, new) = (hunk.count(Kind::New), hunk.count(Kind::Old));
        text.extend_from_slice(
            format!("@@ -{},{old} +{},{new} @@\n", hunk.old, hunk.new).as_bytes(),
        );
        for (kind, line) in &hunk.lines {
            text.push(match kind {
                Kind::Both => b' ',
                Kind::Old => b'-',
                Kind::New => b'+',
            });
            text.extend_from_slice(line);
            if line.last() != Some(&b'\n') {
                text.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
        }
    }
    text
}
