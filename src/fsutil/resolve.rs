//! Paths without symbolic links, `.` and `..`, and the way from one to another.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::errno::Errno;
use nix::fcntl::readlink;
use nix::sys::stat::lstat;

/// Which parts of a path may be missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// None.
    Nothing,
    /// The last.
    Last,
    /// All; then what is no folder may be gone through, too.
    Any,
}

/// How many links a path may lead through, as in the kernel.
const LINKS: u32 = 40;

/// The absolute path, with links followed when `links` says so.
///
/// # Errors
/// ENOENT, ENOTDIR, ELOOP, EACCES as open(2) would.
pub fn resolve(path: &[u8], missing: Missing, links: bool) -> Result<Vec<u8>, Errno> {
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    let mut done = Vec::new();
    if !path.starts_with(b"/") {
        done = nix::unistd::getcwd()?.into_os_string().into_vec();
    }
    // a path of one slash is kept as nothing while parts are added
    if done == b"/" {
        done.clear();
    }
    let mut rest = path.to_vec();
    let mut at = 0;
    let mut followed = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        let end = tail.iter().position(|&b| b == b'/').unwrap_or(tail.len());
        let (part, behind) = tail.split_at(end);
        let folder_wanted = !behind.is_empty();
        let more = behind.iter().any(|&b| b != b'/');
        at += end + usize::from(folder_wanted);
        match part {
            b"" | b"." => continue,
            b".." => {
                let cut = done.iter().rposition(|&b| b == b'/').unwrap_or(0);
                done.truncate(cut);
                continue;
            }
            _ => {}
        }
        let before = done.len();
        done.push(b'/');
        done.extend_from_slice(part);
        let name = OsStr::from_bytes(&done);
        let stat = if links { lstat(name) } else { nix::sys::stat::stat(name) };
        let mode = match stat {
            Ok(stat) => stat.st_mode & libc::S_IFMT,
            Err(_) if missing == Missing::Any => continue,
            Err(Errno::ENOENT) if missing == Missing::Last && !more => continue,
            Err(errno) => return Err(errno),
        };
        if mode == libc::S_IFLNK {
            followed += 1;
            if followed > LINKS {
                if missing == Missing::Any {
                    continue;
                }
                return Err(Errno::ELOOP);
            }
            let mut text = readlink(name)?.into_vec();
            done.truncate(if text.starts_with(b"/") { 0 } else { before });
            if folder_wanted {
                text.push(b'/');
            }
            text.extend_from_slice(rest.get(at..).unwrap_or_default());
            rest = text;
            at = 0;
        } else if mode != libc::S_IFDIR && folder_wanted && missing != Missing::Any {
            return Err(Errno::ENOTDIR);
        }
    }
    if done.is_empty() {
        done.push(b'/');
    }
    Ok(done)
}

/// The way from the folder `from` to `to`, both absolute and clean.
pub fn relative(from: &[u8], to: &[u8]) -> Vec<u8> {
    let parts = |path: &[u8]| -> Vec<Vec<u8>> {
        path.split(|&b| b == b'/').filter(|p| !p.is_empty()).map(<[u8]>::to_vec).collect()
    };
    let (from, to) = (parts(from), parts(to));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut way = Vec::new();
    for _ in from.iter().skip(shared) {
        way.extend_from_slice(b"../");
    }
    for part in to.iter().skip(shared) {
        way.extend_from_slice(part);
        way.push(b'/');
    }
    way.pop();
    if way.is_empty() {
        way.push(b'.');
    }
    way
}

/// Whether the absolute and clean `path` is `folder` or below it.
pub fn is_below(path: &[u8], folder: &[u8]) -> bool {
    folder == b"/"
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways() {
        assert_eq!(relative(b"/a/b", b"/a/c/d"), b"../c/d");
        assert_eq!(relative(b"/a", b"/a"), b".");
        assert_eq!(relative(b"/", b"/x"), b"x");
        assert_eq!(relative(b"/a/b", b"/"), b"../..");
        assert!(is_below(b"/a/b", b"/a") && is_below(b"/a", b"/") && !is_below(b"/ab", b"/a"));
    }

    #[test]
    fn without_links() {
        let any = |path: &[u8]| resolve(path, Missing::Any, true).unwrap();
        assert_eq!(any(b"//nosuch/./x/../y//"), b"/nosuch/y");
        assert_eq!(any(b"/.."), b"/");
        assert_eq!(resolve(b"/nosuch", Missing::Last, true), Ok(b"/nosuch".to_vec()));
        assert_eq!(resolve(b"/nosuch/x", Missing::Last, true), Err(Errno::ENOENT));
        assert_eq!(resolve(b"/dev/null/x", Missing::Last, true), Err(Errno::ENOTDIR));
        assert_eq!(resolve(b"", Missing::Any, true), Err(Errno::ENOENT));
    }
}
