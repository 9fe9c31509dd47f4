//! Folders of the host in the machine: one virtiofsd a share.
//!
//! Two programs of that name exist, with command lines that have nothing in
//! common: the C one of QEMU up to 7.x and the Rust one. Both are given a
//! listening socket that already has QEMU's connection in its queue, so nobody
//! waits for anybody, and the socket has no name any more when they start.
//!
//! Neither is trusted to keep a read-only share read-only: the C one has no
//! such option, and both are run as root. So each runs in a mount namespace of
//! its own in which the folder, with all that is mounted in it, is read-only;
//! the sandbox it makes itself lies inside that. For an ordinary user that
//! namespace belongs to a user namespace in which the user is root.

use std::ffi::{CString, OsString};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect, listen, socket,
};
use nix::sys::stat::Mode;
use nix::unistd::{getgid, getuid, mkdtemp, write};

use super::child::{self, Child};
use crate::applet::{Env, Error, show};
use crate::sys;

/// Where the program may be beside PATH, in this order.
const PLACES: [&str; 5] = [
    "virtiofsd",
    "/usr/libexec/virtiofsd",
    "/usr/lib/virtiofsd",
    "/usr/lib/qemu/virtiofsd",
    "/usr/lib/virtiofsd/virtiofsd",
];

/// Folders that exist on any machine, to put `/` on in a namespace of its own.
const PLACES_FOR_ROOT: [&str; 5] = ["/mnt", "/media", "/srv", "/var/tmp", "/tmp"];

/// Which virtiofsd it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// That of QEMU up to 7.x: `-o source=DIR`.
    C,
    /// <https://gitlab.com/virtio-fs/virtiofsd>: `--shared-dir DIR`.
    Rust,
}

/// A virtiofsd.
#[derive(Clone, Debug)]
pub struct Daemon {
    /// Its file.
    pub path: PathBuf,
    /// Which one.
    pub kind: Kind,
}

/// A folder to share.
#[derive(Clone, Debug)]
pub struct Folder {
    /// The name it has in the machine.
    pub tag: String,
    /// The folder, without links in its path.
    pub dir: PathBuf,
    /// Whether the machine may write.
    pub writable: bool,
}

/// A share at work.
pub struct Share {
    /// Its virtiofsd.
    pub child: Child,
    /// The connection for QEMU.
    pub socket: OwnedFd,
}

/// Finds a virtiofsd that runs here. `VIRTIOFSD` in the environment names
/// one; a file that cannot tell its options (another machine's, or of newer
/// libraries than there are) is passed over.
pub fn find_daemon(env: Env<'_>) -> Result<Daemon, Error> {
    let mut problems = String::new();
    if let Some(path) = env.get(b"VIRTIOFSD").filter(|path| !path.is_empty()) {
        return look_at(Path::new(path))
            .map_err(|why| Error::msg(format_args!("VIRTIOFSD={}: {why}", show(path))));
    }
    for place in PLACES {
        let Some(path) = child::find_program(env, &[place]) else { continue };
        match look_at(&path) {
            Ok(daemon) => return Ok(daemon),
            Err(why) => problems.push_str(&format!("\n  {}: {why}", show(&path))),
        }
    }
    Err(Error::msg(format_args!(
        "no virtiofsd: install it (Debian 13, Fedora: virtiofsd; Debian 12: qemu-system-common) or \
         set VIRTIOFSD to its path{problems}"
    )))
}

/// Learns from its help which one a program is.
fn look_at(path: &Path) -> Result<Daemon, String> {
    let help = match child::run(path, &["--help"], Duration::from_secs(5)) {
        Ok(Some((_, help))) => help,
        Ok(None) => return Err("does not answer to --help".to_string()),
        Err(error) => return Err(error.to_string()),
    };
    match kind_of_help(&help) {
        Some(kind) => Ok(Daemon { path: path.to_path_buf(), kind }),
        None if !getuid().is_root() && help.starts_with(b"setgroups") => {
            Err("QEMU 7's virtiofsd needs root rights; the Rust one does not".to_string())
        }
        None => {
            let first = help.split(|b| *b == b'\n').next().unwrap_or_default();
            Err(format!("unknown kind of virtiofsd: {}", crate::applet::show_bytes(first)))
        }
    }
}

/// The kind of virtiofsd that prints this as its help.
fn kind_of_help(help: &[u8]) -> Option<Kind> {
    let has = |word: &[u8]| help.windows(word.len()).any(|piece| piece == word);
    if has(b"--shared-dir") {
        Some(Kind::Rust)
    } else if has(b"source=") {
        Some(Kind::C)
    } else {
        None
    }
}

/// Starts sharing a folder.
pub fn start(daemon: &Daemon, folder: &Folder, temporary: &Path) -> Result<Share, Error> {
    let (listener, connection) = connected(temporary)?;
    let namespace = Namespace::plan(folder)?;
    let args = arguments(daemon.kind, &namespace.place, listener.as_raw_fd(), namespace.user);
    let child = child::start(&child::Start {
        program: &daemon.path,
        args: &args,
        keep: &[listener.as_fd()],
        stdout: None,
        prepare: &|| namespace.enter(),
    })
    .map_err(|error| {
        Error::msg(format_args!(
            "sharing {}: {error}{}",
            show(&folder.dir),
            if namespace.user {
                " (are user namespaces forbidden here? root needs none)"
            } else {
                ""
            }
        ))
    })?;
    Ok(Share { child, socket: connection })
}

/// The command line of a virtiofsd.
fn arguments(kind: Kind, dir: &Path, socket: i32, user: bool) -> Vec<OsString> {
    let mut args = vec![OsString::from(format!("--fd={socket}"))];
    match kind {
        Kind::C => {
            let mut source = b"source=".to_vec();
            for byte in dir.as_os_str().as_bytes() {
                if matches!(byte, b',' | b'\\') {
                    source.push(b'\\');
                }
                source.push(*byte);
            }
            args.extend(["-o".into(), OsString::from_vec(source)]);
            args.extend(["-o", "sandbox=namespace", "-o", "log_level=err"].map(OsString::from));
        }
        Kind::Rust => {
            args.extend(["--shared-dir".into(), dir.into()]);
            args.extend(["--sandbox", "namespace", "--log-level", "error"].map(OsString::from));
        }
    }
    if user {
        // An ordinary user cannot have more open files than allowed.
        args.push("--rlimit-nofile=0".into());
    }
    args
}

/// A listening socket, and a connection that waits in its queue. Its name is
/// gone when this returns.
fn connected(temporary: &Path) -> Result<(OwnedFd, OwnedFd), Error> {
    let wrong = |e: Errno| Error::os(format_args!("socket in {}", show(temporary)), e);
    let dir = mkdtemp(&temporary.join("rescuebox-XXXXXX")).map_err(wrong)?;
    let made = || -> Result<(OwnedFd, OwnedFd), Errno> {
        // The path of a socket may have no more than 107 bytes: this is short.
        let handle =
            open(&dir, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
        let path = format!("/proc/self/fd/{}/s", handle.as_raw_fd());
        let address = UnixAddr::new(path.as_str())?;
        let new = || socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None);
        let (listener, connection) = (new()?, new()?);
        bind(listener.as_raw_fd(), &address)?;
        listen(&listener, Backlog::new(1)?)?;
        connect(connection.as_raw_fd(), &address)?;
        Ok((listener, connection))
    };
    let result = made();
    let _ = std::fs::remove_file(dir.join("s"));
    let _ = std::fs::remove_dir(&dir);
    result.map_err(wrong)
}

/// The namespaces that a virtiofsd is put into, with every text they need.
struct Namespace {
    read_only: bool,
    /// Whether a user namespace is needed to make one of mounts.
    user: bool,
    source: CString,
    target: CString,
    /// What the daemon is told to share.
    place: PathBuf,
    maps: [(&'static str, String); 3],
}

impl Namespace {
    fn plan(folder: &Folder) -> Result<Namespace, Error> {
        let text = |path: &Path| {
            CString::new(path.as_os_str().as_bytes()).map_err(|_| Error::msg("a NUL in a path"))
        };
        let mut place = folder.dir.clone();
        if place == Path::new("/") && !folder.writable {
            // What is mounted on / is not seen by those whose root it was.
            let known = PLACES_FOR_ROOT.iter().map(PathBuf::from).find(|place| place.is_dir());
            place = known.ok_or_else(|| Error::msg("no folder to mount / on: /mnt is missing"))?;
        }
        let user = !getuid().is_root();
        Ok(Namespace {
            read_only: !folder.writable,
            user,
            source: text(&folder.dir)?,
            target: text(&place)?,
            place,
            maps: [
                ("/proc/self/setgroups", "deny".to_string()),
                ("/proc/self/uid_map", format!("0 {} 1", getuid())),
                ("/proc/self/gid_map", format!("0 {} 1", getgid())),
            ],
        })
    }

    /// In the child.
    fn enter(&self) -> Result<(), Errno> {
        if !self.user && !self.read_only {
            return Ok(());
        }
        let mut flags = CloneFlags::CLONE_NEWNS;
        if self.user {
            flags |= CloneFlags::CLONE_NEWUSER;
        }
        unshare(flags)?;
        if self.user {
            for (file, text) in &self.maps {
                let file = open(*file, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
                write(&file, text.as_bytes())?;
            }
        }
        if !self.read_only {
            return Ok(());
        }
        let nothing: Option<&str> = None;
        mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)?;
        let (source, target) = (self.source.as_c_str(), self.target.as_c_str());
        let all = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(Some(source), target, nothing, all, nothing)?;
        match sys::namespace::make_read_only(target) {
            Err(Errno::ENOSYS) => {}
            result => return result,
        }
        // Before Linux 5.12 only one mount at a time: share that one alone.
        nix::mount::umount2(target, nix::mount::MntFlags::MNT_DETACH)?;
        mount(Some(source), target, nothing, MsFlags::MS_BIND, nothing)?;
        let again = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        mount(nothing, target, nothing, again, nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart_by_their_help() {
        let c = b"usage: virtiofsd [options]\n    -o source=PATH   shared directory tree\n";
        let rust = b"Usage: virtiofsd [OPTIONS]\n  --shared-dir <SHARED_DIR>\n -o source=PATH";
        assert_eq!(kind_of_help(c), Some(Kind::C));
        assert_eq!(kind_of_help(rust), Some(Kind::Rust));
        assert_eq!(kind_of_help(b"bash: no such thing"), None);
    }

    #[test]
    fn commas_in_a_path_do_not_end_the_option() {
        let args = arguments(Kind::C, Path::new("/a,b\\c"), 7, true);
        assert_eq!(args[..3], ["--fd=7", "-o", "source=/a\\,b\\\\c"]);
        assert_eq!(args.last().unwrap(), "--rlimit-nofile=0");
        let args = arguments(Kind::Rust, Path::new("/a,b"), 7, false);
        assert_eq!(args[..3], ["--fd=7", "--shared-dir", "/a,b"]);
    }

    #[test]
    fn a_connection_waits_and_has_no_name() {
        let dir = std::env::temp_dir().join(format!("rescuebox-share-{}", std::process::id()));
        std::fs::create_dir(&dir).unwrap();
        let (listener, connection) = connected(&dir).unwrap();
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);
        let accepted = nix::sys::socket::accept(listener.as_raw_fd());
        assert!(accepted.is_ok());
        drop(connection);
        std::fs::remove_dir(&dir).unwrap();
    }
}
