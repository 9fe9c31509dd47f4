//! chroot: run a program with another root. GNU coreutils.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::unistd::{Gid, Uid};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::users::Users;
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "chroot",
    summary: "run a program with another root",
    usage: "[--userspec=USER:GROUP] [--groups=LIST] [--skip-chdir] NEWROOT [PROG [ARG...]]\n\
            \x20 --userspec  as this user and group, by the new root's /etc/passwd, or numbers\n\
            \x20 --groups    with these further groups, comma separated\n\
            \x20 Without a program it is $SHELL -i, or /bin/sh -i.",
    kind: Kind::Fork, // changes the root, and becomes another program
    run,
};

/// GNU: chroot itself failed.
const FAILED: Status = Status(125);

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("+-u:userspec -g:groups -c,skip-chdir");
    let mut options = options.map_err(|e| e.with(FAILED))?;
    let (spec, groups) = (options.take(b'u'), options.take(b'g'));
    let skip_chdir = options.has(b'c');
    let mut words = options.operands;
    if words.is_empty() {
        return Err(Error::usage("which folder is to be the root?").with(FAILED));
    }
    let root = words.remove(0);
    let root = root.as_os_str();
    // Looked at before, because GNU and POSIX let "/" keep its folder.
    let is_root = root.as_bytes().iter().all(|&b| b == b'/') && !root.is_empty();
    if skip_chdir && !is_root {
        return Err(Error::usage("--skip-chdir is for the root / only").with(FAILED));
    }
    let fail = |what: &str, errno: Errno| {
        Error::os(format_args!("{}{what}", show(root)), errno).with(FAILED)
    };
    nix::unistd::chroot(root).map_err(|errno| match errno {
        Errno::EPERM => {
            Error::about(show(root), "permission denied (only root can change the root)")
                .with(FAILED)
        }
        _ => fail("", errno),
    })?;
    if !skip_chdir {
        nix::unistd::chdir("/").map_err(|errno| fail(": its root folder", errno))?;
    }
    become_user(spec.as_deref().map(OsStr::as_bytes), groups.as_deref().map(OsStr::as_bytes))
        .map_err(|e| e.with(FAILED))?;
    if words.is_empty() {
        let shell = cx.env.get(b"SHELL").filter(|shell| !shell.is_empty());
        words.push(shell.unwrap_or(OsStr::new("/bin/sh")).to_os_string());
        words.push("-i".into());
    }
    cx.flush()?;
    let errno = sys::exec::exec(&words, cx.env.get(b"PATH"), &mut cx.env.iter());
    let program = words.first().map(OsString::as_os_str).unwrap_or_default();
    let hint = match errno {
        // The file may be there and its interpreter not.
        Errno::ENOENT if std::fs::symlink_metadata(program).is_ok() => {
            ": its interpreter is not in the new root"
        }
        Errno::ENOEXEC => ": for another machine?",
        _ => "",
    };
    Err(Error::not_run(format_args!("{}{hint}", show(program)), errno))
}

/// Takes on user and groups, looked up in the new root.
fn become_user(spec: Option<&[u8]>, groups: Option<&[u8]>) -> Result<(), Error> {
    let mut users = Users::new();
    let no_group = |name: &[u8]| Error::about(show_bytes(name), "no such group");
    let (mut uid, mut gid, mut user_name) = (None, None, None);
    if let Some(spec) = spec {
        let mut parts = spec.splitn(2, |&b| b == b':');
        let user = parts.next().unwrap_or_default();
        let group = parts.next().unwrap_or_default();
        if !user.is_empty() {
            let Some((id, own)) = users.uid(user) else {
                return Err(Error::about(show_bytes(user), "no such user"));
            };
            (uid, gid) = (Some(id), own);
            user_name = Some(users.name_of(id).to_vec());
            if own.is_none() && group.is_empty() {
                return Err(Error::about(
                    show_bytes(user),
                    "a user without a name here needs a group as well",
                ));
            }
        }
        if !group.is_empty() {
            gid = Some(users.gid(group).ok_or_else(|| no_group(group))?);
        }
    }
    let further: Option<Vec<u32>> = match (groups, &user_name) {
        (Some(list), _) => {
            let mut ids = Vec::new();
            for name in list.split(|&b| b == b',') {
                if !name.is_empty() {
                    ids.push(users.gid(name).ok_or_else(|| no_group(name))?);
                }
            }
            Some(ids)
        }
        (None, Some(name)) => Some(users.groups_of_member(name)),
        (None, None) => None,
    };
    if let Some(mut list) = further {
        // The groups of a user start with its own.
        if groups.is_none()
            && let Some(own) = gid
            && !list.contains(&own)
        {
            list.insert(0, own);
        }
        let list: Vec<Gid> = list.into_iter().map(Gid::from_raw).collect();
        nix::unistd::setgroups(&list).map_err(|e| Error::os("cannot set groups", e))?;
    }
    if let Some(gid) = gid {
        nix::unistd::setgid(Gid::from_raw(gid)).map_err(|e| Error::os("cannot set group", e))?;
    }
    if let Some(uid) = uid {
        nix::unistd::setuid(Uid::from_raw(uid)).map_err(|e| Error::os("cannot set user", e))?;
    }
    Ok(())
}
