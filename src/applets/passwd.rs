//! passwd and chpasswd: set passwords of users in `/etc/shadow`, or
//! `/etc/passwd` where there is none. As shadow and busybox have them; the
//! hashes are `$6$` (SHA-512).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::accounts::{self, Accounts};
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "passwd",
    summary: "set a user's password",
    usage: "[-dlu] [-R ROOT] [USER]\n\
            \x20 -d  no password    -l  lock the account   -u  unlock it\n\
            \x20 -R  the user of the system below ROOT, a mounted root that is being mended",
    kind: Kind::Fork, // reads the terminal
    run: passwd,
};

/// chpasswd.
pub(super) static CHPASSWD: Applet = Applet {
    name: "chpasswd",
    summary: "set passwords of users: lines USER:PASSWORD",
    usage: "[-e] [-c METHOD] [-s ROUNDS] [-R ROOT [-m]]\n\
            \x20 -e  they are hashes already    -c  sha512 (default) or sha256\n\
            \x20 -s  how often it is hashed (5000)\n\
            \x20 -m, -c md5, -c des  for another machine: not without -R, as no login here\n\
            \x20                     takes those",
    kind: Kind::Fork, // reads standard input
    run: chpasswd,
};

fn root_of(folder: Option<std::ffi::OsString>) -> PathBuf {
    PathBuf::from(folder.unwrap_or_else(|| "/".into()))
}

fn today() -> u64 {
    sys::clock::now().as_secs() / 86400
}

/// How passwords are hashed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Sha512,
    Sha256,
    Md5,
    Des,
}

impl Method {
    fn named(name: &[u8]) -> Result<Method, Error> {
        Ok(match name.to_ascii_lowercase().as_slice() {
            b"sha512" => Method::Sha512,
            b"sha256" => Method::Sha256,
            b"md5" => Method::Md5,
            b"des" => Method::Des,
            _ => return Err(Error::about(show_bytes(name), "not a method: sha512 or sha256")),
        })
    }

    fn is_old(self) -> bool {
        matches!(self, Method::Md5 | Method::Des)
    }
}

fn hashed(password: &[u8], method: Method, rounds: Option<u64>) -> Result<Vec<u8>, Error> {
    let salt = crate::crypt::salt(&sys::random::bytes::<16>());
    let part = |count: usize| salt.get(..count).unwrap_or_default();
    let rounds = rounds.map_or_else(String::new, |count| format!("rounds={count}$"));
    let sha = |mark: &[u8]| {
        crate::crypt::hash(password, &[mark, rounds.as_bytes(), &salt, b"$"].concat())
    };
    let hash = match method {
        Method::Sha512 => sha(b"$6$"),
        Method::Sha256 => sha(b"$5$"),
        Method::Md5 => Some(crate::crypt::md5_crypt(password, part(8))),
        Method::Des => crate::crypt::des_crypt(password, part(2)),
    };
    let refused = || Error::msg("the password cannot be hashed (is it longer than 512 bytes?)");
    hash.ok_or_else(refused)
}

fn passwd(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("d,delete l,lock u,unlock R:root a:")?;
    options.at_most(1)?;
    let accounts = Accounts::read(&root_of(options.take(b'R')));
    let own = nix::unistd::getuid();
    let name = match options.operands.first() {
        Some(name) => name.as_bytes().to_vec(),
        None => accounts.user_of(own.as_raw()).map(|user| user.name.to_vec()).unwrap_or_default(),
    };
    let shown = show(OsStr::from_bytes(&name)).to_string();
    let Some(user) = accounts.user(&name) else {
        return Err(Error::msg(format_args!("{shown}: no such user")));
    };
    if !own.is_root() && user.uid != own.as_raw() {
        return Err(Error::msg(format_args!(
            "{shown}: only root can change another user's password"
        )));
    }
    let old = accounts.hash(&name).unwrap_or_default().to_vec();
    let new = if options.has(b'd') {
        Vec::new()
    } else if options.has(b'l') {
        if old.starts_with(b"!") {
            return Err(Error::msg(format_args!("{shown}: is locked already")));
        }
        [b"!".as_slice(), &old].concat()
    } else if options.has(b'u') {
        match old.strip_prefix(b"!") {
            Some(rest) => rest.to_vec(),
            None => return Err(Error::msg(format_args!("{shown}: is not locked"))),
        }
    } else {
        return change(cx, &accounts, &name).map(|()| Status::OK);
    };
    set(cx, &accounts, &name, &new)?;
    Ok(Status::OK)
}

/// Asks for a user's new password and sets it; for adduser, too.
pub(super) fn change(cx: &mut Ctx, accounts: &Accounts, name: &[u8]) -> Result<(), Error> {
    let old = accounts.hash(name).unwrap_or_default().to_vec();
    cx.print(format_args!("Changing password for {}\n", show_bytes(name)))?;
    cx.flush()?;
    let new = asked(cx, nix::unistd::getuid().is_root(), &old)?;
    set(cx, accounts, name, &new)
}

fn set(cx: &mut Ctx, accounts: &Accounts, name: &[u8], hash: &[u8]) -> Result<(), Error> {
    accounts.set_hash(name, hash, today())?;
    cx.note(format_args!("password for {} changed", show_bytes(name)));
    Ok(())
}

fn asked(cx: &mut Ctx, is_root: bool, old: &[u8]) -> Result<Vec<u8>, Error> {
    let unchanged = || Error::msg("nothing is changed");
    let ask = |prompt: &[u8]| accounts::ask(cx.stdin, cx.stdout, prompt).ok_or_else(unchanged);
    if !is_root && !old.is_empty() {
        let password = ask(b"Old password: ")?;
        if !accounts::opens(&password, old) {
            std::thread::sleep(std::time::Duration::from_secs(3));
            return Err(Error::msg("that is not the old password; nothing is changed"));
        }
    }
    let password = ask(b"New password: ")?;
    if password.is_empty() {
        return Err(Error::msg(
            "an empty password is no password (-d removes it); nothing is changed",
        ));
    }
    if password.len() > accounts::LONGEST {
        return Err(Error::msg(format_args!(
            "longer than {} bytes; nothing is changed",
            accounts::LONGEST
        )));
    }
    if ask(b"Retype password: ")? != password {
        return Err(Error::msg("the passwords differ; nothing is changed"));
    }
    hashed(&password, Method::Sha512, None)
}

fn chpasswd(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("e,encrypted m,md5 c:crypt-method s:sha-rounds R:root")?;
    options.at_most(0)?;
    let folder = options.take(b'R');
    let elsewhere = folder.is_some();
    let root = root_of(folder);
    let (mut method, mut rounds) = (Method::Sha512, None);
    while let Some(letter) = options.next() {
        match letter {
            b'm' => method = Method::Md5,
            b'c' => method = Method::named(&options.bytes())?,
            b's' => rounds = Some(options.number("not a number")?),
            _ => {}
        }
    }
    if method.is_old() && !elsewhere && !options.has(b'e') {
        return Err(Error::msg("no login here takes such a hash: only for another root, -R"));
    }
    let text = sys::stream::to_end(cx.stdin).map_err(|e| Error::os("standard input", e))?;
    for (number, line) in text.split(|&b| b == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        let mut parts = line.splitn(2, |&b| b == b':');
        let (name, password) = (parts.next().unwrap_or_default(), parts.next());
        let Some(password) = password else {
            cx.warn(format_args!("line {}: not USER:PASSWORD", number + 1));
            continue;
        };
        let hash =
            if options.has(b'e') { password.to_vec() } else { hashed(password, method, rounds)? };
        // A colon would be another field.
        if hash.contains(&b':') {
            cx.warn(format_args!("line {}: a hash has no colon", number + 1));
            continue;
        }
        if let Err(error) = Accounts::read(&root).set_hash(name, &hash, today()) {
            cx.warn(format_args!("line {}: {error}", number + 1));
        }
    }
    Ok(cx.status())
}
