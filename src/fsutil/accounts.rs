//! Passwords of users, and becoming one: what login, su, passwd and sulogin
//! share. passwd(5), shadow(5).

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{self, Gid, Uid};

use crate::applet::{Error, show};
use crate::passwd::{self, User, field, with};
use crate::sys::terminal::{Mode, set_mode};

/// Where users are, below a root folder.
pub struct Accounts {
    root: PathBuf,
    passwd: Vec<u8>,
    shadow: Vec<u8>,
}

impl Accounts {
    /// Those of a root folder (`/` for the own).
    pub fn read(root: &Path) -> Accounts {
        let text = |name: &str| crate::sys::file::read(root.join(name)).unwrap_or_default();
        Accounts {
            root: root.to_path_buf(),
            passwd: text("etc/passwd"),
            shadow: text("etc/shadow"),
        }
    }

    /// The user of this name.
    pub fn user(&self, name: &[u8]) -> Option<User<'_>> {
        passwd::users(&self.passwd).find(|user| user.name == name)
    }

    /// The user of this id.
    pub fn user_of(&self, uid: u32) -> Option<User<'_>> {
        passwd::users(&self.passwd).find(|user| user.uid == uid)
    }

    /// The password field: of shadow, or of passwd where that has it.
    pub fn hash(&self, name: &[u8]) -> Option<&[u8]> {
        field(&self.shadow, name, 1).or_else(|| field(&self.passwd, name, 1))
    }

    /// Sets the password field, in shadow when the user is there, otherwise in
    /// passwd. With shadow the day of the change is noted as well.
    pub fn set_hash(&self, name: &[u8], hash: &[u8], today: u64) -> Result<(), Error> {
        let today = today.to_string();
        if field(&self.shadow, name, 1).is_some() {
            let fields: [(usize, &[u8]); 2] = [(1, hash), (2, today.as_bytes())];
            return replace(&self.root.join("etc/shadow"), &with(&self.shadow, name, &fields));
        }
        if field(&self.passwd, name, 1).is_none() {
            return Err(Error::about(show(OsStr::from_bytes(name)), "no such user"));
        }
        replace(&self.root.join("etc/passwd"), &with(&self.passwd, name, &[(1, hash)]))
    }
}

/// Writes the file anew beside the old one, with its owner and mode, and puts
/// it in its place: whoever reads sees the one or the other, and a full disk
/// harms nothing. A symbolic link stays one.
pub fn replace(path: &Path, text: &[u8]) -> Result<(), Error> {
    write(path, text, 0o600)
}

/// [`replace`], where a file that is not there yet gets that mode.
pub fn write(path: &Path, text: &[u8], mode: u32) -> Result<(), Error> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let mut name = path.clone().into_os_string();
    name.push("+");
    let new = PathBuf::from(name);
    let failed = |e| Error::os(show(&new), e);
    let meta = std::fs::metadata(&path).ok();
    let mode = meta.as_ref().map_or(mode, |meta| meta.mode() & 0o7777);
    // The same name serves as the lock.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(
        |e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => {
                Error::about(show(&new), "is there: somebody else changes it, or died doing so")
            }
            _ => failed(e),
        },
    )?;
    let written = (|| {
        file.write_all(text)?;
        if let Some(meta) = &meta {
            std::os::unix::fs::fchown(&file, Some(meta.uid()), Some(meta.gid()))?;
        }
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        std::fs::rename(&new, &path)
    })();
    written.map_err(|e| {
        let _ = std::fs::remove_file(&new);
        failed(e)
    })
}

/// Whether `password` opens an account whose password field is `hash`. An
/// empty field needs none; `!` and `*` are locked.
pub fn opens(password: &[u8], hash: &[u8]) -> bool {
    hash.is_empty() || crate::crypt::opens(password, hash)
}

/// Asks for a line without an echo; nothing at the end of the input.
pub fn ask(input: BorrowedFd, output: BorrowedFd, prompt: &[u8]) -> Option<Vec<u8>> {
    let _ = crate::applet::write_all(output, prompt);
    let before = set_mode(input, Mode::Silent);
    let line = line(input);
    if let Some(before) = before {
        before.restore(input);
        let _ = crate::applet::write_all(output, b"\n");
    }
    line
}

/// The longest password that can be typed, in bytes.
pub const LONGEST: usize = 512;

/// A line, byte by byte: what follows is somebody else's. Nothing at the end
/// of the input. Of one that is longer than [`LONGEST`] comes a byte more, which
/// tells it from others.
pub fn line(input: BorrowedFd) -> Option<Vec<u8>> {
    let mut line = Vec::with_capacity(LONGEST + 1);
    let mut byte = [0];
    loop {
        match unistd::read(input, &mut byte) {
            Ok(1) if matches!(byte, [b'\n' | b'\r']) => return Some(line),
            Ok(1) if line.len() <= LONGEST => line.extend_from_slice(&byte),
            Ok(1) | Err(Errno::EINTR) => {}
            _ if line.is_empty() => return None,
            _ => return Some(line),
        }
    }
}

/// How a user's session starts.
pub struct Start<'a> {
    /// The user.
    pub user: User<'a>,
    /// The user's groups besides the own one.
    pub groups: Vec<u32>,
    /// A login: a new environment, the home folder, a dash before the shell's
    /// name.
    pub login: bool,
    /// The shell, when it is not the user's own.
    pub shell: Option<OsString>,
}

impl Start<'_> {
    /// The program to run.
    pub fn program(&self) -> OsString {
        match &self.shell {
            Some(shell) => shell.clone(),
            None if self.user.shell.is_empty() => OsString::from("/bin/sh"),
            None => OsStr::from_bytes(self.user.shell).to_os_string(),
        }
    }

    /// The environment: `kept` entries of the old one, and the user's.
    pub fn environment<'e>(&self, old: impl Iterator<Item = &'e OsStr>) -> Vec<OsString> {
        let program = self.program().into_vec();
        let own: [(&[u8], &[u8]); 4] = [
            (b"HOME=".as_slice(), self.user.home),
            (b"USER=".as_slice(), self.user.name),
            (b"LOGNAME=".as_slice(), self.user.name),
            (b"SHELL=".as_slice(), &program),
        ];
        let mut list: Vec<OsString> = Vec::new();
        for entry in old {
            let bytes = entry.as_bytes();
            let replaced = own.iter().any(|(name, _)| bytes.starts_with(name));
            let kept = !self.login || bytes.starts_with(b"TERM=");
            if kept && !replaced {
                list.push(entry.to_os_string());
            }
        }
        for (name, value) in own {
            list.push(OsString::from_vec([name, value].concat()));
        }
        if self.login {
            list.push("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
        }
        list
    }

    /// Takes the user's ids and, for a login, the home folder. The folder `/`
    /// is taken where there is no other.
    pub fn become_user(&self) -> Result<(), Error> {
        let mut groups: Vec<Gid> = vec![Gid::from_raw(self.user.gid)];
        groups.extend(self.groups.iter().copied().map(Gid::from_raw));
        let failed = |e| Error::os("cannot become the user", e);
        if unistd::geteuid().is_root() {
            unistd::setgroups(&groups).map_err(failed)?;
        }
        unistd::setgid(Gid::from_raw(self.user.gid)).map_err(failed)?;
        unistd::setuid(Uid::from_raw(self.user.uid)).map_err(failed)?;
        if self.login {
            let home = OsStr::from_bytes(self.user.home);
            if self.user.home.is_empty() || unistd::chdir(home).is_err() {
                unistd::chdir("/").map_err(|e| Error::os("/", e))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_accounts_stay_closed() {
        for hash in [&b"!"[..], b"*", b"x", b"!$6$a$b", b"*0"] {
            assert!(!opens(b"", hash) && !opens(hash, hash), "{}", String::from_utf8_lossy(hash));
        }
        assert!(opens(b"anything", b""));
    }
}
