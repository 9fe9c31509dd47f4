//! chown and chgrp: change owner and group. POSIX, with GNU's options.

use std::os::unix::ffi::OsStrExt;

use nix::fcntl::AtFlags;
use nix::sys::stat::{FileStat, fstatat, stat};
use nix::unistd::{Gid, Uid, fchownat};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::users::Users;
use crate::fsutil::walk::{Follow, Step, Walk};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "chown",
    summary: "change owner and group of files",
    usage: "[-RhHLPvcf] [OWNER][:[GROUP]] FILE...\n\
            \x20      chown [OPTIONS] --reference=FILE FILE...\n\
            \x20 -R          folders with all that is in them\n\
            \x20 -h          symbolic links themselves\n\
            \x20 -H, -L, -P  with -R: follow operands that are links; all links; none\n\
            \x20 -v, -c      say what is done; only of what changes    -f  fewer messages\n\
            \x20 --from=OWNER:GROUP  only what is theirs\n\
            \x20 OWNER: is with the group of its login",
    kind: Kind::Fork, // big trees take long
    run,
};

/// chgrp.
pub(super) static CHGRP: Applet = Applet {
    name: "chgrp",
    summary: "change the group of files",
    usage: "[-RhHLPvcf] GROUP FILE...\n\
            \x20      chgrp [OPTIONS] --reference=FILE FILE...\n\
            \x20 -R          folders with all that is in them\n\
            \x20 -h          symbolic links themselves\n\
            \x20 -H, -L, -P  with -R: follow operands that are links; all links; none\n\
            \x20 -v, -c      say what is done; only of what changes    -f  fewer messages",
    kind: Kind::Fork, // big trees take long
    run,
};

#[derive(Default)]
struct Choice {
    user: Option<u32>,
    group: Option<u32>,
    from: (Option<u32>, Option<u32>),
    follow: bool,
    only_group: bool,
    verbose: bool,
    changes: bool,
    silent: bool,
    users: Users,
    /// User and group as the command line names them.
    words: (Vec<u8>, Vec<u8>),
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice { follow: true, only_group: cx.name == "chgrp", ..Choice::default() };
    let (mut recursive, mut walk_follow, mut itself, mut like) = (false, None, None, None);
    let mut options = cx.parse(
        "R,recursive h,no-dereference H L P v,verbose c,changes f,silent|quiet -1:reference \
        -2:from -3,dereference -4,preserve-root -5,no-preserve-root",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'R' => recursive = true,
            b'h' => itself = Some(true),
            b'3' => itself = Some(false),
            b'H' => walk_follow = Some(Follow::Start),
            b'L' => walk_follow = Some(Follow::Always),
            b'P' => walk_follow = Some(Follow::Never),
            b'v' => c.verbose = true,
            b'c' => (c.verbose, c.changes) = (true, true),
            b'f' => c.silent = true,
            b'1' => {
                let file = options.value();
                let stat = stat(file.as_os_str()).map_err(|e| Error::os(show(&file), e))?;
                like = Some((stat.st_uid, stat.st_gid));
            }
            b'2' => c.from = owners(&mut c.users, &options.bytes())?,
            _ => {}
        }
    }
    let mut operands = std::mem::take(&mut options.operands);
    let missing = |text| Err(Error::usage(text).with(Status::FAILURE));
    match like {
        Some((user, group)) => {
            c.user = Some(user).filter(|_| !c.only_group);
            c.group = Some(group);
        }
        None if operands.is_empty() => return missing("whose?"),
        None => {
            let text = operands.remove(0);
            let text = text.as_bytes();
            (c.user, c.group) = if c.only_group {
                c.words.1 = text.to_vec();
                (None, group(&mut c.users, text)?)
            } else {
                let cut = text.iter().position(|&b| b == b':').unwrap_or(text.len());
                c.words.0 = text.get(..cut).unwrap_or_default().to_vec();
                c.words.1 = text.get(cut + 1..).unwrap_or_default().to_vec();
                owners(&mut c.users, text)?
            };
        }
    }
    if operands.is_empty() {
        return missing("which file?");
    }
    let follow = if recursive { walk_follow.unwrap_or(Follow::Never) } else { Follow::Never };
    c.follow = !itself.unwrap_or(recursive && follow == Follow::Never);
    for operand in operands {
        let mut walk = Walk::new(follow);
        if !recursive {
            walk.max_depth = 0;
        }
        walk.start(operand.as_bytes());
        while let Some(step) = walk.next() {
            let error = match step {
                // What is in a folder first: giving it away may shut us out.
                Step::Entry if recursive && walk.is_folder() => continue,
                Step::Leave if !recursive => continue,
                Step::Entry | Step::Leave => match one(cx, &mut c, &walk) {
                    Ok(()) => continue,
                    Err(error) if error.is_closed_pipe() => return Err(error),
                    Err(error) => error,
                },
                Step::Failed(errno) | Step::Lost(errno) => {
                    Error::os(show_bytes(walk.path()), errno)
                }
            };
            if c.silent {
                cx.fail();
            } else {
                cx.warn(error);
            }
        }
    }
    Ok(cx.status())
}

fn one(cx: &mut Ctx, c: &mut Choice, walk: &Walk) -> Result<(), Error> {
    let wrong = |errno| Error::os(show_bytes(walk.path()), errno);
    let flags = if c.follow { AtFlags::empty() } else { AtFlags::AT_SYMLINK_NOFOLLOW };
    let stat: FileStat = fstatat(walk.dir(), walk.name(), flags).map_err(wrong)?;
    if c.from.0.is_some_and(|user| user != stat.st_uid)
        || c.from.1.is_some_and(|group| group != stat.st_gid)
    {
        return Ok(());
    }
    let (user, group) = (c.user.map(Uid::from_raw), c.group.map(Gid::from_raw));
    fchownat(walk.dir(), walk.name(), user, group, flags).map_err(wrong)?;
    if !c.verbose {
        return Ok(());
    }
    let same = c.user.is_none_or(|user| user == stat.st_uid)
        && c.group.is_none_or(|group| group == stat.st_gid);
    if same && c.changes {
        return Ok(());
    }
    let mut now = Vec::new();
    let mut then = Vec::new();
    if let Some(user) = c.user {
        now.extend_from_slice(c.users.name_of(stat.st_uid));
        match c.words.0.as_slice() {
            b"" => then.extend_from_slice(c.users.name_of(user)),
            word => then.extend_from_slice(word),
        }
    }
    if let Some(group) = c.group {
        if c.user.is_some() {
            now.push(b':');
            then.push(b':');
        }
        now.extend_from_slice(c.users.group_of(stat.st_gid));
        match c.words.1.as_slice() {
            b"" => then.extend_from_slice(c.users.group_of(group)),
            word => then.extend_from_slice(word),
        }
    }
    let path = show_bytes(walk.path());
    let (now, then) = (show_bytes(&now), show_bytes(&then));
    let group = c.only_group || c.user.is_none() && c.group.is_some();
    let what = if group { "group" } else { "ownership" };
    if c.user.is_none() && c.group.is_none() {
        return cx.print(format_args!("{what} of '{path}' retained\n"));
    }
    if same {
        return cx.print(format_args!("{what} of '{path}' retained as {now}\n"));
    }
    cx.print(format_args!("changed {what} of '{path}' from {now} to {then}\n"))
}

/// `user`, `user:`, `user:group`, `:group`, `:`; with a dot as well where that
/// is no name as a whole.
pub(super) fn owners(users: &mut Users, text: &[u8]) -> Result<(Option<u32>, Option<u32>), Error> {
    let cut = match text.iter().position(|&b| b == b':') {
        None if !text.is_empty() && users.uid(text).is_none() => {
            text.iter().position(|&b| b == b'.')
        }
        colon => colon,
    };
    let (name, rest) = match cut {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    };
    let (mut user, mut own) = (None, None);
    if !name.is_empty() {
        let wrong = || Error::about(show_bytes(text), "no such user");
        let (uid, gid) = users.uid(name).ok_or_else(wrong)?;
        (user, own) = (Some(uid), gid);
    }
    let group = match rest {
        None => None,
        // a login group needs a login
        Some(b"") if name.is_empty() => None,
        Some(b"") => Some(own.ok_or_else(|| Error::about(show_bytes(text), "has no login group"))?),
        Some(name) => group(users, name)?,
    };
    Ok((user, group))
}

pub(super) fn group(users: &mut Users, name: &[u8]) -> Result<Option<u32>, Error> {
    if name.is_empty() {
        return Ok(None);
    }
    let wrong = || Error::about(show_bytes(name), "no such group");
    Ok(Some(users.gid(name).ok_or_else(wrong)?))
}
