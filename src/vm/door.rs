//! The door of a machine: a socket of the host that leads to the machine's
//! virtio-serial port [`job::RESCUE`], behind which its rescue shell waits for
//! `rescuebox attach`.
//!
//! Doors lie in a folder that only their user may enter. Beside the socket
//! `NAME.sock` there is the file `NAME` with the process of the runner and the
//! token that the machine's image holds, too. The runner keeps a lock on it:
//! what nobody has locked is left behind and is taken away.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use crate::applet::{Env, Error, show};
use crate::sys;

/// See the module. It is closed when this is dropped.
pub struct Door {
    /// What connections come in at.
    pub listener: OwnedFd,
    /// What whoever comes in has to say.
    pub token: Vec<u8>,
    path: PathBuf,
    _lock: Flock<File>,
}

/// A machine that runs and has a door.
pub struct Found {
    /// Its name.
    pub name: Vec<u8>,
    /// The process of its runner.
    pub pid: Vec<u8>,
    /// See [`Door::token`].
    pub token: Vec<u8>,
    socket: PathBuf,
}

/// The longest file that is read.
const FILE_MAX: u64 = 256;

/// Whether a machine may be called so: a file's name that is no socket's.
pub fn is_name(name: &[u8]) -> bool {
    let good = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=32).contains(&name.len()) && name.iter().all(good)
}

/// Where doors may be, the first that is there is where they are made.
fn folders(env: Env<'_>) -> Vec<PathBuf> {
    let name = format!("rescuebox-{}", nix::unistd::geteuid());
    let set = |name: &[u8]| env.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let mut list: Vec<PathBuf> = [set(b"XDG_RUNTIME_DIR"), set(b"TMPDIR"), Some("/tmp".into())]
        .into_iter()
        .flatten()
        .collect();
    list.retain(|dir| dir.is_absolute() && dir.is_dir());
    list.dedup();
    list.into_iter().map(|dir| dir.join(&name)).collect()
}

/// Whether it is a folder of this user's that nobody else may enter.
fn is_private(folder: &Path) -> bool {
    let ours = nix::unistd::geteuid().as_raw();
    std::fs::symlink_metadata(folder)
        .is_ok_and(|about| about.is_dir() && about.uid() == ours && about.mode() & 0o077 == 0)
}

fn socket_of(file: &Path) -> PathBuf {
    file.with_extension("sock")
}

/// The lock of a door's file, if nobody has it.
fn lock(file: File) -> Option<Flock<File>> {
    Flock::lock(file, FlockArg::LockExclusiveNonblock).ok()
}

impl Door {
    /// Makes the door of a machine.
    pub fn open(env: Env<'_>, name: &str) -> Result<Door, Error> {
        let Some(folder) = folders(env).into_iter().next() else {
            return Err(Error::msg("no folder for sockets: TMPDIR"));
        };
        let wrong = |e: std::io::Error| Error::os(show(&folder), e);
        match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
            Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(wrong(e)),
            _ => {}
        }
        if !is_private(&folder) {
            let folder = show(&folder);
            return Err(Error::msg(format_args!("{folder}: not a folder of yours alone")));
        }
        let path = folder.join(name);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(wrong)?;
        let Some(mut lock) = lock(file) else {
            return Err(Error::msg(format_args!("a machine called '{name}' is running")));
        };
        let mut token = Vec::with_capacity(32);
        for byte in sys::random::bytes::<16>() {
            for digit in [byte >> 4, byte & 15] {
                token.push(b"0123456789abcdef".get(usize::from(digit)).copied().unwrap_or(b'0'));
            }
        }
        let pid = std::process::id().to_string();
        let line = [pid.as_bytes(), b" ", &token, b"\n"].concat();
        lock.set_len(0).and_then(|()| lock.write_all(&line)).map_err(wrong)?;
        let socket = socket_of(&path);
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).map_err(|e| Error::os(show(&socket), e))?;
        Ok(Door { listener: listener.into(), token, path, _lock: lock })
    }

    /// The socket's number.
    pub fn number(&self) -> i32 {
        self.listener.as_raw_fd()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(socket_of(&self.path));
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The machines that run, by name.
pub fn all(env: Env<'_>) -> Vec<Found> {
    let mut list = Vec::new();
    for folder in folders(env) {
        if !is_private(&folder) {
            continue;
        }
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if is_name(name.as_bytes())
                && let Some(found) = read(&entry.path(), name.as_bytes())
            {
                list.push(found);
            }
        }
    }
    list.sort_by(|a, b| a.name.cmp(&b.name));
    list
}

fn read(path: &Path, name: &[u8]) -> Option<Found> {
    let file = File::open(path).ok()?;
    let mut text = Vec::new();
    file.try_clone().ok()?.take(FILE_MAX).read_to_end(&mut text).ok()?;
    let socket = socket_of(path);
    if lock(file).is_some() {
        // Its runner was killed.
        let _ = std::fs::remove_file(&socket);
        let _ = std::fs::remove_file(path);
        return None;
    }
    let mut words = text.split(u8::is_ascii_whitespace);
    let (pid, token) = (words.next()?, words.next()?);
    Some(Found { name: name.to_vec(), pid: pid.to_vec(), token: token.to_vec(), socket })
}

impl Found {
    /// Goes in.
    pub fn enter(&self) -> Result<OwnedFd, Error> {
        let stream = UnixStream::connect(&self.socket);
        stream.map(OwnedFd::from).map_err(|e| Error::os(show(&self.socket), e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    #[test]
    fn names() {
        for good in ["a", "web-1", "17", "A_b"] {
            assert!(is_name(good.as_bytes()), "{good}");
        }
        let long = "x".repeat(33);
        for bad in ["", ".", "..", "a/b", "a.sock", "a b", "a\n", long.as_str()] {
            assert!(!is_name(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn a_door_opens_and_closes() {
        let dir = std::env::temp_dir().join(format!("door{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let list = [OsString::from(format!("XDG_RUNTIME_DIR={}", dir.display()))];
        let env = Env::List(&list);
        let mine = || -> Vec<Vec<u8>> {
            let inside = |found: &Found| found.socket.starts_with(&dir);
            all(env).into_iter().filter(inside).map(|found| found.name).collect()
        };
        let door = Door::open(env, "one").unwrap();
        assert_eq!(door.token.len(), 32);
        assert!(Door::open(env, "one").is_err());
        let other = Door::open(env, "two").unwrap();
        assert_ne!(door.token, other.token);
        assert_eq!(mine(), [b"one".to_vec(), b"two".to_vec()]);
        let found = all(env).into_iter().find(|found| found.name == b"one").unwrap();
        assert_eq!(found.token, door.token);
        assert!(found.enter().is_ok());
        drop(door);
        assert_eq!(mine(), [b"two".to_vec()]);
        // A runner that was killed leaves its files; they say nothing.
        drop(other);
        let folder = folders(env).remove(0);
        std::fs::write(folder.join("three"), "1 token\n").unwrap();
        assert_eq!(mine(), [] as [Vec<u8>; 0]);
        assert!(!folder.join("three").exists());
        // A folder that others may enter is nobody's.
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(Door::open(env, "four").is_err());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
