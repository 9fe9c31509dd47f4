//! id, whoami, groups, logname: who runs this. POSIX, with GNU's `-z` and the
//! lines that it prints. Names are those of `/etc/passwd` and `/etc/group`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use nix::unistd::{getegid, geteuid, getgid, getgroups, getuid};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::fsutil::users::Users;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "id",
    summary: "print user and group ids",
    usage: "[-ugGnrz] [USER]...\n\
            \x20 -u  the user's id      -g  the group's      -G  all groups'\n\
            \x20 -n  names, not numbers    -r  real, not effective ids\n\
            \x20 -z  a zero byte ends, not a newline",
    kind: Kind::NoFork, // reads two files
    run: id,
};

/// `id -un`.
pub(super) static WHOAMI: Applet = Applet {
    name: "whoami",
    summary: "print the name of the user",
    usage: "",
    kind: Kind::NoFork, // reads a file
    run: whoami,
};

/// `id -Gn`.
pub(super) static GROUPS: Applet = Applet {
    name: "groups",
    summary: "print the names of a user's groups",
    usage: "[USER]...",
    kind: Kind::NoFork, // reads two files
    run: groups,
};

/// Who logged in.
pub(super) static LOGNAME: Applet = Applet {
    name: "logname",
    summary: "print the name the user logged in with",
    usage: "",
    kind: Kind::NoFork, // reads two files
    run: logname,
};

/// The ids of a process or of a user.
struct Ids {
    name: Option<Vec<u8>>,
    uid: u32,
    euid: u32,
    gid: u32,
    egid: u32,
    groups: Vec<u32>,
}

fn of_process() -> Ids {
    let (gid, egid) = (getgid().as_raw(), getegid().as_raw());
    let mut groups = vec![egid];
    for group in getgroups().unwrap_or_default() {
        if !groups.contains(&group.as_raw()) {
            groups.push(group.as_raw());
        }
    }
    Ids { name: None, uid: getuid().as_raw(), euid: geteuid().as_raw(), gid, egid, groups }
}

fn of_user(users: &mut Users, name: &OsStr) -> Result<Ids, Error> {
    let found = users.uid(name.as_bytes());
    let (Some((uid, Some(gid))), false) = (found, name.is_empty()) else {
        return Err(Error::about(show(name), "no such user"));
    };
    let name = users.name_of(uid).to_vec();
    let mut groups = vec![gid];
    for group in users.groups_of_member(&name) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    Ok(Ids { name: Some(name), uid, euid: uid, gid, egid: gid, groups })
}

#[derive(Default)]
struct Choice {
    what: u8,
    names: bool,
    real: bool,
    zero: bool,
}

fn id(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice::default();
    let mut options =
        cx.parse("a, u,user g,group G,groups n,name r,real z,zero Z,context").map_err(one)?;
    while let Some(letter) = options.next() {
        match letter {
            b'u' | b'g' | b'G' => {
                if c.what != 0 && c.what != letter {
                    return Err(one(Error::usage("one of -u, -g and -G at a time")));
                }
                c.what = letter;
            }
            b'n' => c.names = true,
            b'r' => c.real = true,
            b'z' => c.zero = true,
            b'Z' => return Err(Error::msg("this kernel's processes have no security context")),
            _ => {}
        }
    }
    if c.what == 0 && (c.names || c.real || c.zero) {
        return Err(one(Error::usage("-n, -r and -z go with -u, -g or -G")));
    }
    each(cx, &c, &options.operands)
}

/// GNU: a wrong command line is 1.
fn one(error: Error) -> Error {
    error.with(Status::FAILURE)
}

fn each(cx: &mut Ctx, c: &Choice, names: &[OsString]) -> Result<Status, Error> {
    let mut users = Users::new();
    if names.is_empty() {
        put(cx, c, &of_process(), &mut users, false)?;
    }
    for name in names {
        match of_user(&mut users, name) {
            Ok(ids) => put(cx, c, &ids, &mut users, names.len() > 1)?,
            Err(error) => cx.warn(error),
        }
    }
    Ok(cx.status())
}

fn put(cx: &mut Ctx, c: &Choice, ids: &Ids, users: &mut Users, several: bool) -> Result<(), Error> {
    let mut line = Vec::new();
    let user = |users: &mut Users, id: u32| match c.names {
        true => users.name_of(id).to_vec(),
        false => id.to_string().into_bytes(),
    };
    let group = |users: &mut Users, id: u32| match c.names {
        true => users.group_of(id).to_vec(),
        false => id.to_string().into_bytes(),
    };
    match c.what {
        b'u' => line = user(users, if c.real { ids.uid } else { ids.euid }),
        b'g' => line = group(users, if c.real { ids.gid } else { ids.egid }),
        b'G' => {
            for (at, &id) in ids.groups.iter().enumerate() {
                if at > 0 {
                    line.push(if c.zero { 0 } else { b' ' });
                }
                line.extend_from_slice(&group(users, id));
            }
            if c.zero && several {
                line.push(0);
            }
        }
        _ => whole(&mut line, ids, users),
    }
    line.push(if c.zero { 0 } else { b'\n' });
    cx.put(&line)
}

/// `uid=0(root) gid=0(root) groups=0(root)`.
fn whole(line: &mut Vec<u8>, ids: &Ids, users: &mut Users) {
    named(line, b"uid=", ids.uid, users.name_of(ids.uid));
    named(line, b" gid=", ids.gid, users.group_of(ids.gid));
    if ids.euid != ids.uid {
        named(line, b" euid=", ids.euid, users.name_of(ids.euid));
    }
    if ids.egid != ids.gid {
        named(line, b" egid=", ids.egid, users.group_of(ids.egid));
    }
    for (at, &id) in ids.groups.iter().enumerate() {
        named(line, if at == 0 { b" groups=" } else { b"," }, id, users.group_of(id));
    }
}

/// `key=id(name)`; without the name where the id has none.
fn named(line: &mut Vec<u8>, key: &[u8], id: u32, name: &[u8]) {
    let number = id.to_string();
    line.extend_from_slice(key);
    line.extend_from_slice(number.as_bytes());
    if name != number.as_bytes() {
        line.push(b'(');
        line.extend_from_slice(name);
        line.push(b')');
    }
}

fn whoami(cx: &mut Ctx) -> Result<Status, Error> {
    cx.parse("").and_then(|options| options.at_most(0)).map_err(one)?;
    let uid = geteuid().as_raw();
    let mut name = Users::new().name_of(uid).to_vec();
    if name == uid.to_string().as_bytes() {
        return Err(Error::msg(format_args!("no name for the user id {uid} in /etc/passwd")));
    }
    name.push(b'\n');
    cx.put(&name)?;
    Ok(Status::OK)
}

fn groups(cx: &mut Ctx) -> Result<Status, Error> {
    let operands = cx.parse("").map_err(one)?.operands;
    let c = Choice { what: b'G', names: true, ..Choice::default() };
    if operands.is_empty() {
        return each(cx, &c, &operands);
    }
    let mut users = Users::new();
    for name in &operands {
        match of_user(&mut users, name) {
            Ok(ids) => {
                cx.put(ids.name.as_deref().unwrap_or_default())?;
                cx.put(b" : ")?;
                put(cx, &c, &ids, &mut users, false)?;
            }
            Err(error) => cx.warn(error),
        }
    }
    Ok(cx.status())
}

/// The login user id of the session, which the kernel keeps for the audit.
fn logname(cx: &mut Ctx) -> Result<Status, Error> {
    cx.parse("").and_then(|options| options.at_most(0)).map_err(one)?;
    let text = crate::sys::file::read("/proc/self/loginuid").unwrap_or_default();
    let Some(uid) = crate::passwd::number(text.trim_ascii()) else {
        return Err(Error::msg("no login name"));
    };
    let mut name = Users::new().name_of(uid).to_vec();
    name.push(b'\n');
    cx.put(&name)?;
    Ok(Status::OK)
}
