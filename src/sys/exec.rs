//! Becoming another program.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;

/// Where programs are looked for when there is no `PATH`.
pub const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Becomes the program `argv[0]`, which is looked for in the folders of
/// `path` unless its name has a `/`. Returns only on failure, with the reason:
/// ENOENT is not found; another one is that of the first file found that could
/// not be run. A file without a magic number is run by `/bin/sh` (POSIX).
pub fn exec(
    argv: &[OsString],
    path: Option<&OsStr>,
    environment: &mut dyn Iterator<Item = &OsStr>,
) -> Errno {
    let lists = strings(&mut argv.iter().map(OsString::as_os_str))
        .and_then(|argv| Ok((argv, strings(environment)?)));
    let (argv, environment) = match lists {
        Ok(lists) => lists,
        Err(errno) => return errno,
    };
    let Some(name) = argv.first().map(|name| name.as_bytes()) else { return Errno::EINVAL };
    if name.is_empty() {
        return Errno::ENOENT;
    }
    if name.contains(&b'/') {
        return exec_file(name, &argv, &environment);
    }
    let mut reason = Errno::ENOENT;
    let path = path.map_or(DEFAULT_PATH, OsStr::as_bytes);
    for folder in path.split(|&b| b == b':') {
        let mut file = if folder.is_empty() { b".".to_vec() } else { folder.to_vec() };
        file.push(b'/');
        file.extend_from_slice(name);
        let errno = exec_file(&file, &argv, &environment);
        // A folder that may not be looked into holds no program for us.
        let missing = match errno {
            Errno::ENOENT | Errno::ENOTDIR => true,
            Errno::EACCES => std::fs::symlink_metadata(OsStr::from_bytes(&file)).is_err(),
            _ => false,
        };
        if !missing && reason == Errno::ENOENT {
            reason = errno;
        }
    }
    reason
}

/// Becomes the program in the file `path`, with an argument vector whose first
/// word may be another name.
pub fn exec_as(
    path: &OsStr,
    argv: &[OsString],
    environment: &mut dyn Iterator<Item = &OsStr>,
) -> Errno {
    let lists = strings(&mut argv.iter().map(OsString::as_os_str))
        .and_then(|argv| Ok((argv, strings(environment)?)));
    match lists {
        Ok((argv, environment)) => exec_file(path.as_bytes(), &argv, &environment),
        Err(errno) => errno,
    }
}

#[inline(never)]
fn strings(list: &mut dyn Iterator<Item = &OsStr>) -> Result<Vec<CString>, Errno> {
    let mut strings = Vec::new();
    for word in list {
        strings.push(CString::new(word.as_bytes()).map_err(|_| Errno::EINVAL)?);
    }
    Ok(strings)
}

fn exec_file(file: &[u8], argv: &[CString], environment: &[CString]) -> Errno {
    let Ok(file) = CString::new(file) else { return Errno::EINVAL };
    let Err(errno) = nix::unistd::execve(&file, argv, environment);
    if errno != Errno::ENOEXEC {
        return errno;
    }
    let mut script = vec![c"sh".to_owned(), file];
    script.extend(argv.iter().skip(1).cloned());
    let Err(_) = nix::unistd::execve(c"/bin/sh", &script, environment);
    errno
}
