//! The names that cp, mv, install and ln keep overwritten files under.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;

use nix::fcntl::renameat;

use crate::applet::{Ctx, Error, show, show_bytes};
use crate::sys::folder;

/// How such names are made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Control {
    /// With the suffix.
    Simple,
    /// With `.~N~`.
    Numbered,
    /// Numbered where there are numbered ones.
    Existing,
}

/// Whether and how an overwritten file is kept.
pub struct Backup {
    control: Control,
    suffix: Vec<u8>,
}

impl Backup {
    /// What the options ask for: `wanted` when -b or --backup is given,
    /// `control` the latter's value, and the suffix of -S, which is enough to
    /// ask for one. Otherwise `VERSION_CONTROL` and `SIMPLE_BACKUP_SUFFIX` of
    /// the environment say how.
    pub fn of(
        cx: &Ctx,
        wanted: bool,
        control: Option<&OsStr>,
        suffix: Option<&OsStr>,
    ) -> Result<Option<Backup>, Error> {
        if !wanted && suffix.is_none() {
            return Ok(None);
        }
        let control = control.or_else(|| cx.env.get(b"VERSION_CONTROL"));
        let control = match control.map_or(&b""[..], |control| control.as_bytes()) {
            b"none" | b"off" => return Ok(None),
            b"simple" | b"never" => Control::Simple,
            b"numbered" | b"t" => Control::Numbered,
            b"existing" | b"nil" | b"" => Control::Existing,
            other => return Err(Error::bad(show_bytes(other), "not a way to make backups")),
        };
        let suffix = suffix.or_else(|| cx.env.get(b"SIMPLE_BACKUP_SUFFIX"));
        let suffix = suffix.filter(|s| !s.is_empty() && !s.as_bytes().contains(&b'/'));
        let suffix = suffix.map_or(&b"~"[..], |suffix| suffix.as_bytes()).to_vec();
        Ok(Some(Backup { control, suffix }))
    }

    /// Renames the file to its backup name, which is returned.
    pub fn keep(&self, dir: BorrowedFd<'_>, name: &OsStr) -> Result<Vec<u8>, Error> {
        let kept = self.name(dir, name.as_bytes());
        renameat(dir, name, dir, OsStr::from_bytes(&kept)).map_err(|e| Error::os(show(name), e))?;
        Ok(kept)
    }

    fn name(&self, dir: BorrowedFd<'_>, name: &[u8]) -> Vec<u8> {
        let mut kept = name.to_vec();
        let number = match self.control {
            Control::Simple => 0,
            _ => highest(dir, name),
        };
        if number == 0 && self.control != Control::Numbered {
            kept.extend_from_slice(&self.suffix);
        } else {
            kept.extend_from_slice(format!(".~{}~", number + 1).as_bytes());
        }
        kept
    }
}

/// The highest number of a backup that there is; 0 for none.
fn highest(dir: BorrowedFd<'_>, name: &[u8]) -> u64 {
    let cut = name.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
    let (folder_name, base) = name.split_at(cut);
    let folder_name = if folder_name.is_empty() { b"." } else { folder_name };
    let mut packed = Vec::new();
    if let Ok(folder) = super::ladder::open_folder(dir, folder_name, true) {
        let _ = folder::read(std::os::fd::AsFd::as_fd(&folder), &mut packed, &mut Vec::new());
    }
    let mut best = 0;
    let mut at = 0;
    while let Some((_, entry)) = folder::next(&packed, &mut at) {
        let number = entry
            .strip_prefix(base)
            .and_then(|rest| rest.strip_prefix(b".~"))
            .and_then(|rest| rest.strip_suffix(b"~\0"))
            .and_then(|digits| crate::options::number(OsStr::from_bytes(digits)));
        best = number.unwrap_or(0).max(best);
    }
    best
}
