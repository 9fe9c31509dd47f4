//! A finished file: complete under its name, or not there at all.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Writes `bytes` to the file `path` with mode 0644: under another name in the
/// same folder, renamed when complete, removed when that fails. A link is
/// followed. A device, pipe or socket is written to instead of replaced.
pub fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = match std::fs::metadata(path) {
        Ok(there) if !there.is_file() && !there.is_dir() => {
            return OpenOptions::new().write(true).open(path)?.write_all(bytes);
        }
        Ok(there) if there.is_dir() => return Err(nix::errno::Errno::EISDIR.into()),
        Ok(_) => std::fs::canonicalize(path)?,
        Err(_) => path.to_path_buf(),
    };
    let (part, file) = create_beside(&path)?;
    let result = fill(file, bytes).and_then(|()| std::fs::rename(&part, &path));
    if result.is_err() {
        // Nobody is served by a second message when this fails as well.
        let _ = std::fs::remove_file(&part);
    }
    result
}

/// A file without a name, for what has to be kept for a while.
pub fn unnamed() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(libc::O_TMPFILE).mode(0o600).open("/tmp")
}

fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or(nix::errno::Errno::EISDIR)?;
    let mut n = 0;
    loop {
        let mut part = std::ffi::OsString::from(".");
        part.push(name);
        part.push(format!(".{}-{n}.part", std::process::id()));
        let part = path.with_file_name(part);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && n < 100 => n += 1,
            result => return result.map(|file| (part, file)),
        }
    }
}

fn fill(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.set_permissions(Permissions::from_mode(0o644))
}
