//! who, users and w: who is logged in, by utmp.

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::civil::Civil;
use crate::proc;
use crate::sys::{clock, sessions};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "who",
    summary: "print who is logged in",
    usage: "[-Hq]\n\
            \x20 -H  with a head line    -q  names and their number",
    kind: Kind::NoFork, // reads a file
    run: who,
};

/// users.
pub(super) static USERS: Applet = Applet {
    name: "users",
    summary: "print the names of those who are logged in",
    usage: "",
    kind: Kind::NoFork, // reads a file
    run: users,
};

/// w.
pub(super) static W: Applet = Applet {
    name: "w",
    summary: "print who is logged in, and the load",
    usage: "",
    kind: Kind::NoFork, // reads a file
    run: w,
};

fn names(cx: &mut Ctx, list: &[sessions::Login]) -> Result<(), Error> {
    let mut names: Vec<&[u8]> = list.iter().map(|login| login.user.as_slice()).collect();
    crate::order::sort(&mut names);
    cx.put(&names.join(&b' '))?;
    cx.put(b"\n")
}

fn time(login: &sessions::Login) -> String {
    let since = i64::from(login.since);
    Civil::of(since, clock::zone_offset(since)).date_time()
}

fn who(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("H,heading q,count a,all m, s,short u,users")?;
    let list = sessions::users();
    if options.has(b'q') {
        names(cx, &list)?;
        cx.print(format_args!("# users={}\n", list.len()))?;
        return Ok(Status::OK);
    }
    if options.has(b'H') {
        cx.put(b"NAME     LINE         TIME             COMMENT\n")?;
    }
    for login in &list {
        let time = time(login);
        let time = time.get(..16).unwrap_or(&time);
        let (user, line) =
            (show_bytes(&login.user).to_string(), show_bytes(&login.line).to_string());
        cx.print(format_args!("{user:<8} {line:<12} {time}"))?;
        if !login.host.is_empty() {
            cx.print(format_args!(" ({})", show_bytes(&login.host)))?;
        }
        cx.put(b"\n")?;
    }
    Ok(Status::OK)
}

fn users(cx: &mut Ctx) -> Result<Status, Error> {
    cx.parse("")?.at_most(0)?;
    let list = sessions::users();
    if !list.is_empty() {
        names(cx, &list)?;
    }
    Ok(Status::OK)
}

fn w(cx: &mut Ctx) -> Result<Status, Error> {
    cx.parse("h,no-header s,short f,from i,ip-addr")?;
    let list = sessions::users();
    cx.print(format_args!("{}\n", proc::uptime_line(list.len())))?;
    cx.put(b"USER     TTY        LOGIN@            FROM\n")?;
    for login in &list {
        let time = time(login);
        let time = time.get(..16).unwrap_or(&time);
        let (user, line) =
            (show_bytes(&login.user).to_string(), show_bytes(&login.line).to_string());
        cx.print(format_args!("{user:<8} {line:<10} {time:<17} {}\n", show_bytes(&login.host)))?;
    }
    Ok(Status::OK)
}
