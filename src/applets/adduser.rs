//! adduser, addgroup, deluser and delgroup, as busybox has them. Users and
//! groups are in `/etc/passwd`, `/etc/group`, and their shadows where those
//! are. As with passwd, `-R` is for the system below another root.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::fcntl::AtFlags;
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};
use nix::unistd::{Gid, Uid, chown, fchownat};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::accounts::{self, Accounts};
use crate::fsutil::copy::Copier;
use crate::fsutil::remove::Removal;
use crate::fsutil::walk::{Follow, Step, Walk};
use crate::passwd::{self, is_field, is_name};
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "adduser",
    summary: "add a user, or a user to a group",
    usage: "[-SDH] [-h HOME] [-g GECOS] [-s SHELL] [-G GROUP] [-u UID] [-k SKEL] [-R ROOT] USER\n\
            \x20      adduser [-R ROOT] USER GROUP   the user joins the group\n\
            \x20 -S  a user of the system: small id, no password, no shell\n\
            \x20 -D  no password is asked for    -H  no home folder\n\
            \x20 -h, -g, -s  home, name in full, shell    -u  user id\n\
            \x20 -G  this is the own group, not a new one of the same name\n\
            \x20 -k  what is in a new home folder (/etc/skel)\n\
            \x20 -R  on the system below ROOT",
    kind: Kind::Fork, // reads the terminal
    run: add_user,
};

/// addgroup.
pub(super) static ADDGROUP: Applet = Applet {
    name: "addgroup",
    summary: "add a group, or a user to a group",
    usage: "[-S] [-g GID] [-R ROOT] GROUP\n\
            \x20      addgroup [-R ROOT] USER GROUP   the user joins the group\n\
            \x20 -S  a group of the system: a small id    -g  group id\n\
            \x20 -R  on the system below ROOT",
    kind: Kind::Fork, // writes files
    run: add_group,
};

/// deluser.
pub(super) static DELUSER: Applet = Applet {
    name: "deluser",
    summary: "remove a user, or a user from a group",
    usage: "[--remove-home] [-R ROOT] USER\n\
            \x20      deluser [-R ROOT] USER GROUP   the user leaves the group\n\
            \x20 -R  on the system below ROOT",
    kind: Kind::Fork, // writes files
    run: delete_user,
};

/// delgroup.
pub(super) static DELGROUP: Applet = Applet {
    name: "delgroup",
    summary: "remove a group, or a user from a group",
    usage: "[-R ROOT] GROUP\n\
            \x20      delgroup [-R ROOT] USER GROUP   the user leaves the group\n\
            \x20 -R  on the system below ROOT",
    kind: Kind::Fork, // writes files
    run: delete_group,
};

/// Ids of people and of the system.
const PEOPLE: (u32, u32) = (1000, 60000);
const SYSTEM: (u32, u32) = (100, 999);

/// The four files of a system.
struct Files {
    root: PathBuf,
    passwd: Vec<u8>,
    group: Vec<u8>,
}

impl Files {
    fn read(root: Option<OsString>) -> Result<Files, Error> {
        let root = PathBuf::from(root.unwrap_or_else(|| "/".into()));
        if !root.is_dir() {
            return Err(Error::os(show(&root), nix::errno::Errno::ENOTDIR));
        }
        let text = |name: &str| crate::sys::file::read(root.join(name)).unwrap_or_default();
        Ok(Files { passwd: text("etc/passwd"), group: text("etc/group"), root })
    }

    fn user(&self, name: &[u8]) -> Option<passwd::User<'_>> {
        passwd::users(&self.passwd).find(|user| user.name == name)
    }

    fn known_user(&self, name: &[u8]) -> Result<passwd::User<'_>, Error> {
        self.user(name).ok_or_else(|| Error::about(show_bytes(name), "no such user"))
    }

    fn group(&self, name: &[u8]) -> Option<u32> {
        passwd::groups(&self.group).find(|group| group.name == name).map(|group| group.gid)
    }

    fn known_group(&self, name: &[u8]) -> Result<u32, Error> {
        self.group(name).ok_or_else(|| Error::about(show_bytes(name), "no such group"))
    }

    fn has_uid(&self, id: u32) -> bool {
        passwd::users(&self.passwd).any(|user| user.uid == id)
    }

    fn has_gid(&self, id: u32) -> bool {
        passwd::groups(&self.group).any(|group| group.gid == id)
    }

    /// Changes one of the shadows, where it is there.
    fn shadow(&self, name: &str, change: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> Result<(), Error> {
        let path = self.root.join(name);
        let Ok(text) = crate::sys::file::read(&path) else { return Ok(()) };
        let new = change(&text);
        if new == text { Ok(()) } else { accounts::write(&path, &new, 0o600) }
    }

    fn set_passwd(&mut self, text: Vec<u8>) -> Result<(), Error> {
        accounts::write(&self.root.join("etc/passwd"), &text, 0o644)?;
        self.passwd = text;
        Ok(())
    }

    fn set_group(&mut self, text: Vec<u8>) -> Result<(), Error> {
        if text != self.group {
            accounts::write(&self.root.join("etc/group"), &text, 0o644)?;
            self.group = text;
        }
        Ok(())
    }

    fn new_group(&mut self, name: &[u8], id: u32) -> Result<(), Error> {
        let line = [name, b":x:", id.to_string().as_bytes(), b":"].concat();
        self.set_group(passwd::with_line(&self.group, &line))?;
        let line = [name, b":!::"].concat();
        self.shadow("etc/gshadow", &mut |text| passwd::with_line(text, &line))
    }

    /// The user `name` joins a group, or leaves it.
    fn member(&mut self, name: &[u8], group: &[u8], joins: bool) -> Result<(), Error> {
        self.known_group(group)?;
        let mut change = |text: &[u8]| match joins {
            true => passwd::with_member(text, group, name),
            false => passwd::without_member(text, Some(group), name),
        };
        self.set_group(change(&self.group))?;
        self.shadow("etc/gshadow", &mut change)
    }

    /// All that is done where a user and a group are named.
    fn join(&mut self, name: &OsStr, group: &OsStr) -> Result<Status, Error> {
        self.known_user(name.as_bytes())?;
        self.member(name.as_bytes(), group.as_bytes(), true)?;
        Ok(Status::OK)
    }

    fn remove_group(&mut self, name: &[u8]) -> Result<(), Error> {
        self.set_group(passwd::without(&self.group, name))?;
        self.shadow("etc/gshadow", &mut |text| passwd::without(text, name))
    }
}

fn in_use(what: &str, name: impl std::fmt::Display) -> Error {
    Error::msg(format_args!("{what} '{name}' in use"))
}

fn checked(what: &str, name: &OsStr) -> Result<Vec<u8>, Error> {
    match is_name(name.as_bytes()) {
        true => Ok(name.as_bytes().to_vec()),
        false => Err(Error::msg(format_args!("{}: no name for a {what}", show(name)))),
    }
}

fn id(text: &OsStr) -> Result<u32, Error> {
    passwd::number(text.as_bytes())
        .filter(|_| !text.is_empty())
        .ok_or_else(|| Error::bad(show(text), "not an id"))
}

fn free(range: (u32, u32), is_used: &dyn Fn(u32) -> bool) -> Result<u32, Error> {
    let (first, last) = range;
    (first..=last)
        .find(|id| !is_used(*id))
        .ok_or_else(|| Error::msg(format_args!("no id from {first} to {last} is free")))
}

/// USER and GROUP, of which one may be enough.
fn names(operands: &[OsString]) -> Result<(&OsStr, Option<&OsStr>), Error> {
    match operands {
        [name] => Ok((name, None)),
        [name, group] => Ok((name, Some(group))),
        _ => Err(Error::usage("which one?")),
    }
}

fn add_user(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "h:home g:gecos s:shell G:ingroup S,system D,disabled-password|empty-password \
        H,no-create-home u:uid k:skel R:root",
    )?;
    let mut files = Files::read(options.take(b'R'))?;
    let (name, joined) = names(&options.operands)?;
    if let Some(group) = joined {
        return files.join(name, group);
    }
    let name = checked("user", name)?;
    if files.user(&name).is_some() {
        return Err(in_use("user", show_bytes(&name)));
    }
    let system = options.has(b'S');
    let own_home = || [b"/home/", name.as_slice()].concat();
    let home = options.take(b'h').map_or_else(own_home, |home| home.as_bytes().to_vec());
    let gecos = options.take(b'g').unwrap_or_else(|| "Linux User,,,".into());
    let shell = match options.take(b's') {
        Some(shell) => shell,
        None if system => "/bin/false".into(),
        None => cx.env.get(b"SHELL").unwrap_or(OsStr::new("/bin/sh")).to_os_string(),
    };
    for field in [gecos.as_bytes(), home.as_slice(), shell.as_bytes()] {
        if !is_field(field) {
            return Err(Error::about(show_bytes(field), "a colon or newline cannot be in there"));
        }
    }
    let group = options.take(b'G').or_else(|| (system).then(|| "nogroup".into()));
    let group = match group {
        Some(group) if options.has(b'G') || files.group(group.as_bytes()).is_some() => {
            Some((files.known_group(group.as_bytes())?, group))
        }
        _ => None,
    };
    if group.is_none() && files.group(&name).is_some() {
        return Err(in_use("group", show_bytes(&name)));
    }
    let uid = match options.take(b'u') {
        Some(text) => {
            let uid = id(&text)?;
            if files.has_uid(uid) {
                return Err(in_use("uid", uid));
            }
            uid
        }
        None => free(if system { SYSTEM } else { PEOPLE }, &|id| {
            // the number of the user is the one of the own group as well
            files.has_uid(id) || group.is_none() && files.has_gid(id)
        })?,
    };
    let gid = match &group {
        Some((gid, _)) => *gid,
        None if files.has_gid(uid) => free(PEOPLE, &|id| files.has_gid(id))?,
        None => uid,
    };
    let has_shadow = files.root.join("etc/shadow").exists();
    let mut line = name.clone();
    line.extend_from_slice(if has_shadow { b":x:" } else { b":!:" });
    line.extend_from_slice(format!("{uid}:{gid}:").as_bytes());
    line.extend_from_slice(&[gecos.as_bytes(), &home, shell.as_bytes()].join(&b':'));
    files.set_passwd(passwd::with_line(&files.passwd, &line))?;
    let today = sys::clock::now().as_secs() / 86400;
    let line = [&name, format!(":!:{today}:0:99999:7:::").as_bytes()].concat();
    files.shadow("etc/shadow", &mut |text| {
        passwd::with_line(&passwd::without(text, &name), &line)
    })?;
    match &group {
        Some((_, group)) => files.member(&name, group.as_bytes(), true)?,
        None => files.new_group(&name, gid)?,
    }
    if !options.has(b'H') {
        let skeleton = options.take(b'k').unwrap_or_else(|| "/etc/skel".into());
        let skeleton = below(&files.root, skeleton.as_bytes());
        make_home(cx, &below(&files.root, &home), &skeleton, uid, gid)?;
    }
    if system || options.has(b'D') {
        return Ok(cx.status());
    }
    super::passwd::change(cx, &Accounts::read(&files.root), &name)?;
    Ok(cx.status())
}

fn below(root: &Path, path: &[u8]) -> PathBuf {
    let relative: &[u8] = crate::fsutil::place::without_slashes(path);
    let relative = relative.iter().position(|&b| b != b'/').and_then(|at| relative.get(at..));
    root.join(OsStr::from_bytes(relative.unwrap_or_default()))
}

/// The home folder with what the skeleton has. One that is there already keeps
/// what is in it, and becomes the user's.
fn make_home(cx: &mut Ctx, home: &Path, skeleton: &Path, uid: u32, gid: u32) -> Result<(), Error> {
    let failed = |e| Error::os(show(home), e);
    nix::sys::stat::umask(Mode::empty());
    if let Some(parent) = home.parent() {
        std::fs::create_dir_all(parent).map_err(|e| Error::os(show(parent), e))?;
    }
    let made = nix::unistd::mkdir(home, Mode::from_bits_truncate(0o755));
    match made {
        Ok(()) => fill_home(cx, home, skeleton, uid, gid)?,
        Err(nix::errno::Errno::EEXIST) => {
            cx.note(format_args!("{}: is there already, nothing is copied into it", show(home)));
        }
        Err(errno) => return Err(failed(errno)),
    }
    chown(home, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))).map_err(failed)?;
    let mode = Mode::from_bits_truncate(0o2755);
    fchmodat(nix::fcntl::AT_FDCWD, home, mode, FchmodatFlags::FollowSymlink).map_err(failed)
}

fn fill_home(cx: &mut Ctx, home: &Path, skeleton: &Path, uid: u32, gid: u32) -> Result<(), Error> {
    let names = sys::path::names(skeleton).unwrap_or_default();
    let mut copier = Copier::new();
    copier.recursive = true;
    copier.follow = Follow::Never;
    copier.keep.mode = true;
    for name in names {
        let (from, to) = (skeleton.join(&name), home.join(&name));
        copier.copy(cx, from.as_os_str().as_bytes(), to.as_os_str().as_bytes())?;
    }
    let mut walk = Walk::new(Follow::Never);
    walk.start(home.as_os_str().as_bytes());
    while let Some(step) = walk.next() {
        if !matches!(step, Step::Entry) {
            continue;
        }
        let (user, group) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
        fchownat(walk.dir(), walk.name(), user, group, AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(|e| Error::os(show_bytes(walk.path()), e))?;
    }
    Ok(())
}

fn add_group(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("g:gid S,system R:root")?;
    let mut files = Files::read(options.take(b'R'))?;
    let (name, joined) = names(&options.operands)?;
    if let Some(group) = joined {
        return files.join(name, group);
    }
    let name = checked("group", name)?;
    if files.group(&name).is_some() {
        return Err(in_use("group", show_bytes(&name)));
    }
    let gid = match options.take(b'g') {
        Some(text) => {
            let gid = id(&text)?;
            if files.has_gid(gid) {
                return Err(in_use("gid", gid));
            }
            gid
        }
        None => free(if options.has(b'S') { SYSTEM } else { PEOPLE }, &|id| files.has_gid(id))?,
    };
    files.new_group(&name, gid)?;
    Ok(Status::OK)
}

fn delete_user(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("-h,remove-home R:root")?;
    let mut files = Files::read(options.take(b'R'))?;
    let (name, left) = names(&options.operands)?;
    let name = name.as_bytes();
    let user = files.known_user(name)?;
    let home = below(&files.root, user.home);
    if let Some(group) = left {
        files.member(name, group.as_bytes(), false)?;
        return Ok(Status::OK);
    }
    if options.has(b'h') && !user.home.is_empty() && home != files.root {
        let removal = Removal { force: true, recursive: true, ..Removal::default() };
        removal.remove(cx, home.as_os_str().as_bytes())?;
    }
    files.set_passwd(passwd::without(&files.passwd, name))?;
    files.shadow("etc/shadow", &mut |text| passwd::without(text, name))?;
    files.set_group(passwd::without_member(&files.group, None, name))?;
    files.shadow("etc/gshadow", &mut |text| passwd::without_member(text, None, name))?;
    // The own group goes with its user, unless others are in it.
    if let Some(gid) = files.group(name)
        && !passwd::users(&files.passwd).any(|user| user.gid == gid)
        && passwd::field(&files.group, name, 3).is_none_or(<[u8]>::is_empty)
    {
        files.remove_group(name)?;
    }
    Ok(cx.status())
}

fn delete_group(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("R:root")?;
    let mut files = Files::read(options.take(b'R'))?;
    let (name, from) = names(&options.operands)?;
    if let Some(group) = from {
        files.known_user(name.as_bytes())?;
        files.member(name.as_bytes(), group.as_bytes(), false)?;
        return Ok(Status::OK);
    }
    let name = name.as_bytes();
    let gid = files.known_group(name)?;
    if let Some(user) = passwd::users(&files.passwd).find(|user| user.gid == gid) {
        return Err(Error::msg(format_args!(
            "'{}' still has '{}' as their primary group",
            show_bytes(user.name),
            show_bytes(name)
        )));
    }
    files.remove_group(name)?;
    Ok(Status::OK)
}
