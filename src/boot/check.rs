//! What must be true before the switch: the root can be one, its init would
//! run.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, readlinkat};
use nix::sys::stat::{Mode, SFlag, fstat, fstatat, mkdirat};
use nix::unistd::{AccessFlags, faccessat};

use super::Fault;
use super::plan::{INITS, Init, SYSROOT};
use crate::applet::show_bytes;
use crate::program::{self, Program};
use crate::sys::path::{is_mount_point, open, open_in_root};

/// The mounts that are handed over to the new root, and whether a root must
/// have a place for each. Where there is none the mount is dropped.
pub const HANDED: [(&str, bool); 5] =
    [("/run", false), ("/dev", true), ("/proc", true), ("/sys", true), ("/tmp", false)];

/// A script's interpreter may be a script: `fs/exec.c` goes five deep.
const DEPTH: u32 = 5;

fn folder(path: &str) -> Result<OwnedFd, Fault> {
    open(path, OFlag::O_PATH | OFlag::O_DIRECTORY).map_err(|e| Fault::os(path, e))
}

/// Checks that [`SYSROOT`] is a mount point and has the folders that the API
/// mounts move to. In a root that can be written to, missing ones are made.
pub fn check_root(writable: bool, needs_run: bool) -> Result<(), Fault> {
    if is_mount_point(SYSROOT).map_err(|e| Fault::os(SYSROOT, e))? {
        let root = folder(SYSROOT)?;
        return check_folders(root.as_fd(), writable, needs_run);
    }
    Err(Fault::new("nothing is mounted on /sysroot"))
}

fn check_folders(root: BorrowedFd, writable: bool, needs_run: bool) -> Result<(), Fault> {
    for (path, needed) in HANDED {
        let needed = needed || (needs_run && path == "/run");
        let name = path.trim_start_matches('/');
        match fstatat(root, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) if is(stat.st_mode, SFlag::S_IFDIR) => {}
            Ok(_) if !needed => {}
            Ok(_) => {
                let text = format!("{path} is not a folder in the new root");
                return Err(Fault { text, errno: Some(libc::ENOTDIR) });
            }
            Err(Errno::ENOENT) => {
                if writable && mkdirat(root, name, Mode::from_bits_truncate(0o755)).is_ok() {
                    continue;
                }
                if needed {
                    let text = format!("{path} is missing in the new root");
                    return Err(Fault { text, errno: Some(libc::ENOENT) }.line(format_args!(
                        "make an empty folder {path} there, or boot with rd.overlay=1"
                    )));
                }
            }
            Err(errno) => return Err(Fault::os(format_args!("{path} in the new root"), errno)),
        }
    }
    Ok(())
}

fn is(mode: libc::mode_t, kind: SFlag) -> bool {
    mode & SFlag::S_IFMT.bits() == kind.bits()
}

/// Checks that the init is there and would run, and says which it is.
pub fn check_init<'a>(init: Init<'a>) -> Result<&'a [u8], Fault> {
    let root = folder(SYSROOT)?;
    find_init(root.as_fd(), init)
}

/// The init of the root `root`.
pub fn find_init<'a>(root: BorrowedFd, init: Init<'a>) -> Result<&'a [u8], Fault> {
    match init {
        Init::Path(path) => runnable(root, path).map(|()| path),
        Init::Usual => {
            for path in INITS {
                match runnable(root, path) {
                    Ok(()) => return Ok(path),
                    Err(fault) if fault.errno == Some(libc::ENOENT) && !has(root, path) => {}
                    // The kernel would go on to /bin/sh and thereby hide what
                    // is broken.
                    Err(fault) => return Err(fault),
                }
            }
            let text = "no init in the new root: neither /sbin/init, /etc/init, /bin/init nor \
                        /bin/sh is there";
            Err(Fault { text: text.into(), errno: Some(libc::ENOENT) })
        }
    }
}

fn has(root: BorrowedFd, path: &[u8]) -> bool {
    open_in_root(root, path, OFlag::O_PATH | OFlag::O_NOFOLLOW).is_ok()
}

/// Checks that the kernel could run `path` in the root `root`.
pub fn runnable(root: BorrowedFd, path: &[u8]) -> Result<(), Fault> {
    let shown = show_bytes(path);
    inspect(root, path, 0).map_err(|why| match why {
        Why::Os(Errno::ENOENT) => {
            Fault { text: format!("{shown} is missing in the new root"), errno: Some(libc::ENOENT) }
        }
        Why::Os(errno) => Fault::os(format_args!("{shown} in the new root"), errno),
        Why::Text(text) => Fault { text: format!("{shown} {text}"), errno: Some(libc::ENOEXEC) },
        Why::Interpreter(name, inner) => {
            let text = match *inner {
                Why::Os(Errno::ENOENT) => "is missing in the new root".into(),
                Why::Os(errno) => crate::sys::text::error_text(errno as i32).into(),
                Why::Text(text) => text,
                Why::Interpreter(..) => "has an interpreter that cannot run".into(),
            };
            Fault {
                text: format!("{shown} cannot run: its interpreter {} {text}", show_bytes(&name)),
                errno: Some(libc::ENOENT),
            }
        }
    })
}

/// Why a program would not run.
enum Why {
    Os(Errno),
    Text(String),
    Interpreter(Vec<u8>, Box<Why>),
}

fn inspect(root: BorrowedFd, path: &[u8], depth: u32) -> Result<(), Why> {
    if depth > DEPTH {
        return Err(Why::Text("has too many interpreters, one behind the other".into()));
    }
    let file = open_program(root, path).map_err(Why::Os)?;
    let stat = fstat(&file).map_err(Why::Os)?;
    if is(stat.st_mode, SFlag::S_IFDIR) {
        return Err(Why::Text("is a folder".into()));
    }
    if !is(stat.st_mode, SFlag::S_IFREG) {
        return Err(Why::Text("is not a regular file".into()));
    }
    if stat.st_mode & 0o111 == 0 {
        return Err(Why::Text(format!("is not executable (mode {:04o})", stat.st_mode & 0o7777)));
    }
    if let Err(Errno::EACCES) = faccessat(&file, "", AccessFlags::X_OK, AtFlags::AT_EMPTY_PATH) {
        return Err(Why::Text("is not executable (mounted with noexec?)".into()));
    }
    let mut bytes = vec![0; program::HEAD];
    let n = read_at(&file, &mut bytes, 0).map_err(Why::Os)?;
    bytes.truncate(n);
    let interpreter = match program::kind(&bytes) {
        Err(error) => return Err(Why::Text(format!("is {error}"))),
        Ok(Program::Static) => return Ok(()),
        Ok(Program::Script(name)) => name.to_vec(),
        Ok(Program::Dynamic { offset, length }) => {
            let mut name = vec![0; length];
            let n = read_at(&file, &mut name, offset).map_err(Why::Os)?;
            name.truncate(n);
            if name.pop() != Some(0) || name.contains(&0) {
                return Err(Why::Text(format!("is {}", program::Error::Damaged)));
            }
            name
        }
    };
    inspect(root, &interpreter, depth + 1).map_err(|why| match why {
        Why::Interpreter(..) => why,
        why => Why::Interpreter(interpreter, Box::new(why)),
    })
}

fn read_at(file: &OwnedFd, bytes: &mut [u8], offset: u64) -> Result<usize, Errno> {
    let offset = i64::try_from(offset).map_err(|_| Errno::EINVAL)?;
    nix::sys::uio::pread(file, bytes, offset)
}

/// Opens what `path` will be once the mounts have been handed over: below
/// /run, /dev and the others it is still here, not in the new root.
fn open_program(root: BorrowedFd, path: &[u8]) -> Result<OwnedFd, Errno> {
    // The kernel would not wait for the other end of a pipe here, nor do we.
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let mut path = path.to_vec();
    for _ in 0..40 {
        if !is_handed(&path) {
            return open_in_root(root, path.as_slice(), flags);
        }
        let here = open("/", OFlag::O_PATH)?;
        match open_in_root(here.as_fd(), path.as_slice(), flags | OFlag::O_NOFOLLOW) {
            // A link whose target may be in the new root.
            Err(Errno::ELOOP) => {}
            other => return other,
        }
        use std::os::unix::ffi::OsStrExt;
        let target = readlinkat(AT_FDCWD, path.as_slice())?;
        let target = target.as_bytes();
        if target.first() == Some(&b'/') {
            path = target.to_vec();
        } else {
            let parent = path.iter().rposition(|&b| b == b'/').unwrap_or(0);
            path.truncate(parent + 1);
            path.extend_from_slice(target);
        }
    }
    Err(Errno::ELOOP)
}

fn is_handed(path: &[u8]) -> bool {
    HANDED.iter().any(|(dir, _)| {
        path.strip_prefix(dir.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    struct Root(PathBuf);

    impl Root {
        fn new(name: &str) -> Root {
            let dir = std::env::temp_dir().join(format!("rescuebox-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&dir).unwrap();
            Root(dir)
        }
        fn file(&self, name: &str, mode: u32, content: impl AsRef<[u8]>) {
            let path = self.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        fn link(&self, target: &str, name: &str) {
            let path = self.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(target, path).unwrap();
        }
        fn says(&self, path: &str) -> String {
            let root = std::fs::File::open(&self.0).unwrap();
            match runnable(root.as_fd(), path.as_bytes()) {
                Ok(()) => "fine".into(),
                Err(fault) => fault.text,
            }
        }
        fn init(&self) -> String {
            let root = std::fs::File::open(&self.0).unwrap();
            match find_init(root.as_fd(), Init::Usual) {
                Ok(path) => String::from_utf8(path.to_vec()).unwrap(),
                Err(fault) => fault.text,
            }
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// A static x86-64 executable that is a header and no more.
    fn elf(machine: u8) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\0");
        bytes[16] = 2;
        bytes[18] = machine;
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 1;
        bytes[64] = 1;
        bytes
    }

    fn dynamic(interpreter: &str) -> Vec<u8> {
        let mut bytes = elf(62);
        bytes[64] = 3;
        bytes[64 + 8] = 120;
        bytes[64 + 32] = u8::try_from(interpreter.len() + 1).unwrap();
        bytes.extend_from_slice(interpreter.as_bytes());
        bytes.push(0);
        bytes
    }

    #[test]
    fn what_would_not_run() {
        let root = Root::new("wouldnot");
        root.file("sbin/init", 0o755, elf(62));
        root.file("sbin/plain", 0o644, elf(62));
        root.file("sbin/arm", 0o755, elf(183));
        root.file("sbin/text", 0o755, "hello\n");
        root.file("sbin/nothing", 0o755, "");
        root.file("sbin/dyn", 0o755, dynamic("/lib/ld.so"));
        root.file("sbin/script", 0o755, "#!/bin/nosuch -x\n");
        root.file("sbin/good", 0o755, "#!/sbin/init\n");
        root.file("sbin/loop", 0o755, "#!/sbin/loop\n");
        root.link("/sbin/init", "sbin/link");
        root.link("../../../../sbin/init", "sbin/up");
        root.link("/etc/passwd", "sbin/out");
        assert_eq!(root.says("/sbin/init"), "fine");
        assert_eq!(root.says("/sbin/link"), "fine");
        assert_eq!(root.says("/sbin/up"), "fine");
        assert_eq!(root.says("/sbin/good"), "fine");
        assert_eq!(root.says("/sbin/none"), "/sbin/none is missing in the new root");
        assert_eq!(root.says("/sbin/out"), "/sbin/out is missing in the new root");
        assert_eq!(root.says("/sbin"), "/sbin is a folder");
        assert_eq!(root.says("/sbin/plain"), "/sbin/plain is not executable (mode 0644)");
        assert_eq!(
            root.says("/sbin/arm"),
            "/sbin/arm is a 64-bit program for aarch64, this machine is x86_64"
        );
        assert_eq!(
            root.says("/sbin/text"),
            "/sbin/text is no program: neither an ELF file nor a script with #!"
        );
        assert_eq!(root.says("/sbin/nothing"), "/sbin/nothing is an empty file");
        assert_eq!(
            root.says("/sbin/dyn"),
            "/sbin/dyn cannot run: its interpreter /lib/ld.so is missing in the new root"
        );
        assert_eq!(
            root.says("/sbin/script"),
            "/sbin/script cannot run: its interpreter /bin/nosuch is missing in the new root"
        );
        assert!(root.says("/sbin/loop").contains("too many interpreters"));
        root.file("lib/ld.so", 0o755, elf(62));
        assert_eq!(root.says("/sbin/dyn"), "fine");
    }

    #[test]
    fn a_pipe_does_not_hang() {
        let root = Root::new("pipe");
        let path = root.0.join("init");
        nix::unistd::mkfifo(&path, Mode::from_bits_truncate(0o755)).unwrap();
        assert_eq!(root.says("/init"), "/init is not a regular file");
    }

    #[test]
    fn the_usual_inits() {
        let root = Root::new("usual");
        assert_eq!(
            root.init(),
            "no init in the new root: neither /sbin/init, /etc/init, /bin/init nor /bin/sh is there"
        );
        root.file("bin/sh", 0o755, elf(62));
        assert_eq!(root.init(), "/bin/sh");
        root.file("sbin/init", 0o755, dynamic("/lib/none.so"));
        assert_eq!(
            root.init(),
            "/sbin/init cannot run: its interpreter /lib/none.so is missing in the new root"
        );
    }

    #[test]
    fn folders_of_a_root() {
        let root = Root::new("folders");
        let check = |writable, needs_run| {
            let fd = std::fs::File::open(&root.0).unwrap();
            check_folders(fd.as_fd(), writable, needs_run).map_err(|f| f.text)
        };
        for dir in ["dev", "sys"] {
            std::fs::create_dir(root.0.join(dir)).unwrap();
        }
        let missing = check(false, false).unwrap_err();
        assert!(missing.starts_with("/proc is missing in the new root\n"), "{missing}");
        root.file("proc", 0o644, "");
        assert_eq!(check(false, false), Err("/proc is not a folder in the new root".into()));
        std::fs::remove_file(root.0.join("proc")).unwrap();
        std::fs::create_dir(root.0.join("proc")).unwrap();
        assert_eq!(check(false, false), Ok(()));
        assert!(check(false, true).unwrap_err().starts_with("/run is missing"));
        assert_eq!(check(true, true), Ok(()));
        assert!(Path::new(&root.0).join("run").is_dir());
    }
}
