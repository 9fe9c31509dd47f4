//! Reading and writing the files that are edited.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::buffer::Buffer;
use super::{LARGEST, Vi, motion};
use crate::applet::{reason, show};
use crate::sys::path;
use crate::sys::xattr;

/// What a file has; the message says why not.
pub(super) fn read(name: &OsStr) -> Result<Vec<u8>, String> {
    let failed = |e: std::io::Error| format!("{}: {}", show(name), reason(&e));
    let mut text = Vec::new();
    // Without waiting for the other end of a pipe.
    let flags = nix::fcntl::OFlag::O_RDONLY | nix::fcntl::OFlag::O_NONBLOCK;
    let file = File::from(path::open(name, flags).map_err(|e| failed(e.into()))?);
    if file.metadata().is_ok_and(|meta| meta.is_dir()) {
        return Err(format!("{}: is a directory", show(name)));
    }
    file.take(LARGEST).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 == LARGEST {
        return Err(format!("{}: too large to edit", show(name)));
    }
    Ok(text)
}

/// Writes a file: beside the old one, with its mode, owner and attributes, and
/// then in its place. Where that cannot be (no regular file, several names,
/// a folder that is not ours to write) the old one is written over.
pub(super) fn write(name: &OsStr, text: &[u8], append: bool) -> std::io::Result<()> {
    // A link stays one.
    let target = std::fs::canonicalize(name).unwrap_or_else(|_| PathBuf::from(name));
    let old = std::fs::metadata(&target).ok();
    if append || old.as_ref().is_some_and(|meta| !meta.is_file() || meta.nlink() > 1) {
        return over(&target, text, append);
    }
    let mut beside = target.as_os_str().as_bytes().to_vec();
    beside.extend_from_slice(format!(".{}~", std::process::id()).as_bytes());
    let beside = Path::new(OsStr::from_bytes(&beside));
    let mode = old.as_ref().map_or(0o666, |_| 0o600);
    let made = OpenOptions::new().write(true).create_new(true).mode(mode).open(beside);
    let Ok(mut file) = made else { return over(&target, text, false) };
    let kept = old.as_ref().is_none_or(|meta| {
        std::os::unix::fs::fchown(&file, Some(meta.uid()), Some(meta.gid())).is_ok()
            && file.set_permissions(PermissionsExt::from_mode(meta.mode() & 0o7777)).is_ok()
            && xattr::copy(&xattr::Place::Path(&target), &xattr::Place::Path(beside), &mut |_| true)
                .is_ok()
    });
    if !kept {
        let _ = std::fs::remove_file(beside);
        return over(&target, text, false);
    }
    let done = file
        .write_all(text)
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(beside, &target));
    if done.is_err() {
        let _ = std::fs::remove_file(beside);
    }
    done
}

fn over(target: &Path, text: &[u8], append: bool) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .append(append)
        .truncate(!append)
        .open(target)?;
    file.write_all(text)?;
    // What cannot be synced is no disk.
    let _ = file.sync_all();
    Ok(())
}

impl Vi {
    /// Edits a file, or nothing that has a name.
    pub(super) fn load(&mut self, name: Option<OsString>) {
        let mut text = Vec::new();
        self.message.clear();
        self.settings.readonly = self.forced_readonly;
        if let Some(name) = &name {
            match read(name) {
                Ok(read) => {
                    text = read;
                    let access =
                        nix::unistd::access(name.as_os_str(), nix::unistd::AccessFlags::W_OK);
                    self.settings.readonly |= access.is_err();
                }
                Err(message) if Path::new(name).exists() => {
                    self.message = message.into_bytes();
                    self.settings.readonly = true;
                }
                Err(_) => self.message = format!("{} [new file]", show(name)).into_bytes(),
            }
        }
        self.buffer = Buffer::new(&text);
        if self.name != name {
            self.other = std::mem::replace(&mut self.name, name);
        }
        self.marks.clear();
        (self.top, self.left) = (0, 0);
        self.go((0, 0));
        if self.message.is_empty() && self.name.is_some() {
            self.tell_size(text.len(), "");
        }
    }

    fn tell_size(&mut self, bytes: usize, what: &str) {
        let name = self.name.clone().unwrap_or_default();
        let mark = if self.settings.readonly { " [readonly]" } else { "" };
        let part = if self.buffer.terminated { "" } else { " [noeol]" };
        let lines = self.buffer.lines.len();
        self.message =
            format!("\"{}\"{mark}{part} {lines}L, {bytes}B{what}", show(&name)).into_bytes();
    }

    /// Where the cursor is in the file.
    pub(super) fn tell(&mut self) {
        let name = self.name.clone().unwrap_or_default();
        let changed = if self.buffer.is_modified() { " [modified]" } else { "" };
        let count = self.buffer.lines.len();
        let line = self.cursor.0 + 1;
        let column = motion::column(self.line(), self.cursor.1) + 1;
        self.message = format!(
            "\"{}\"{changed} line {line} of {count} --{}%-- col {column}",
            show(&name),
            line * 100 / count
        )
        .into_bytes();
    }

    /// Writes lines `first` to before `end`; whether that is done.
    pub(super) fn save(
        &mut self,
        to: Option<OsString>,
        first: usize,
        end: usize,
        force: bool,
        append: bool,
    ) -> bool {
        let Some(name) = to.or_else(|| self.name.clone()) else {
            self.say("no file name");
            return false;
        };
        let own = self.name.as_ref() == Some(&name);
        let all = first == 0 && end >= self.buffer.lines.len();
        if own && self.settings.readonly && !force {
            self.say("read only (add ! to override)");
            return false;
        }
        if !force && !append && (!own && Path::new(&name).exists() || own && !all) {
            self.say(if own {
                "that would lose the other lines (add !)"
            } else {
                "file exists (add ! to override)"
            });
            return false;
        }
        let text = self.buffer.text(first, end);
        if let Err(error) = write(&name, &text, append) {
            self.message = format!("{}: {}", show(&name), reason(&error)).into_bytes();
            return false;
        }
        if self.name.is_none() {
            self.name = Some(name.clone());
        }
        if self.name.as_ref() == Some(&name) && all && !append {
            self.buffer.set_saved();
            self.tell_size(text.len(), " written");
        } else {
            self.message = format!("\"{}\" {}B written", show(&name), text.len()).into_bytes();
        }
        true
    }
}
