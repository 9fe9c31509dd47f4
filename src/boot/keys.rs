//! Key material goes before any shell comes.

use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::stat::fstat;

use crate::sys;
use crate::sys::path::{names, open};

/// Folders in memory whose files are keys (systemd-cryptsetup).
const FOLDERS: [&str; 2] = ["/run/cryptsetup-keys.d", "/run/rescuebox/keys"];

/// The same in the image (crypttab(5)).
const IMAGE_FOLDER: &str = "/etc/cryptsetup-keys.d";

/// A file of the image that is a key, as mkinitcpio names it.
const IMAGE_FILE: &str = "/crypto_keyfile.bin";

/// A key file is not larger than this.
const FILE_MAX: i64 = 8 << 20;

/// Overwrites and removes key files, and empties the kernel's key rings that
/// root's programs share. `image`: the root is still the image in memory and
/// not a system whose own keys are on its disk.
pub fn wipe(image: bool) {
    sys::keyring::clear();
    let mut folders = FOLDERS.map(Path::new).to_vec();
    if image {
        folders.push(Path::new(IMAGE_FOLDER));
        wipe_file(Path::new(IMAGE_FILE));
    }
    for folder in folders {
        for name in names(folder).unwrap_or_default() {
            wipe_file(&folder.join(name));
        }
    }
}

/// In memory there is one copy of a file's bytes, and this is it.
fn wipe_file(path: &Path) {
    let flags = OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    if let Ok(fd) = open(path, flags)
        && let Ok(stat) = fstat(&fd)
        && stat.st_mode & libc::S_IFMT == libc::S_IFREG
    {
        let mut left = stat.st_size.min(FILE_MAX);
        let zeros = [0; 4096];
        while left > 0 {
            let piece = usize::try_from(left).unwrap_or(0).min(zeros.len());
            match nix::unistd::write(&fd, zeros.get(..piece).unwrap_or_default()) {
                Ok(n @ 1..) => left -= i64::try_from(n).unwrap_or(left),
                _ => break,
            }
        }
    }
    let _ = nix::unistd::unlink(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_overwritten_and_gone() {
        let dir = std::env::temp_dir().join(format!("rescuebox-keys-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let (key, link, other) = (dir.join("key"), dir.join("other-name"), dir.join("target"));
        std::fs::write(&key, vec![7; 10_000]).unwrap();
        std::fs::hard_link(&key, &link).unwrap();
        wipe_file(&key);
        assert!(!key.exists());
        assert_eq!(crate::sys::file::read(&link).unwrap(), vec![0; 10_000]);
        // A link is removed, what it leads to is not touched.
        std::fs::write(&other, "kept").unwrap();
        std::os::unix::fs::symlink(&other, &key).unwrap();
        wipe_file(&key);
        assert!(key.symlink_metadata().is_err());
        assert_eq!(crate::sys::file::read(&other).unwrap(), b"kept");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
