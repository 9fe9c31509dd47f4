//! mkpasswd, cryptpw: make the hash of a password, for /etc/rescuebox.conf and
//! /etc/shadow: SHA-crypt; MD5 and DES for other machines, as no password is
//! checked by those here.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "mkpasswd",
    summary: "make the hash of a password",
    usage: "[-s] [-m sha512|sha256|md5|des] [-S SALT] [PASSWORD [SALT]]\n\
            \x20 -m  the kind of hash (sha512)   -S  this salt instead of a new one\n\
            \x20 -s  read the password from standard input, as without PASSWORD",
    kind: Kind::Fork, // it reads the password
    run,
};

const KINDS: [(&str, &str, usize); 9] = [
    ("sha512", "$6$", 16),
    ("sha-512", "$6$", 16),
    ("sha256", "$5$", 16),
    ("sha-256", "$5$", 16),
    ("sha512crypt", "$6$", 16),
    ("sha256crypt", "$5$", 16),
    ("md5", "$1$", 8),
    ("md5crypt", "$1$", 8),
    ("des", "", 2),
];

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("m:method|-method S:salt s,stdin P:password-fd a:")?;
    let mut kind = KINDS.first().copied();
    let mut salt = None;
    while let Some(letter) = options.next() {
        match letter {
            b'm' | b'a' => {
                let name = options.value();
                let found = KINDS.iter().find(|(known, ..)| name.eq_ignore_ascii_case(known));
                kind = Some(*found.ok_or_else(|| Error::bad(show(&name), "no kind of hash"))?);
            }
            b'S' => salt = Some(options.bytes()),
            _ => {}
        }
    }
    options.at_most(2)?;
    let Some((_, prefix, length)) = kind else { return Ok(Status::FAILURE) };
    if let Some(word) = options.operands.get(1) {
        salt = Some(word.as_bytes().to_vec());
    }
    let password = match options.operands.first() {
        Some(word) => word.as_bytes().to_vec(),
        None => read_password(cx)?,
    };
    let salt = salt.unwrap_or_else(|| {
        let mut salt = crate::crypt::salt(&sys::random::bytes::<16>());
        salt.truncate(length);
        salt
    });
    let good = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/');
    if salt.is_empty() || !salt.iter().all(good) {
        return Err(Error::usage("a salt has letters, digits, . and / only"));
    }
    let hash = match prefix {
        "" => crate::crypt::des_crypt(&password, &salt),
        "$1$" => Some(crate::crypt::md5_crypt(&password, &salt)),
        _ => crate::crypt::hash(&password, &[prefix.as_bytes(), &salt].concat()),
    };
    let mut hash = hash.ok_or_else(|| Error::msg("hashes of this kind are not made here"))?;
    hash.push(b'\n');
    cx.put(&hash)?;
    Ok(Status::OK)
}

fn read_password(cx: &mut Ctx) -> Result<Vec<u8>, Error> {
    use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
    let before = tcgetattr(cx.stdin).ok();
    if let Some(before) = &before {
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        let _ = tcsetattr(cx.stdin, SetArg::TCSAFLUSH, &silent);
        let _ = write_all(cx.stderr, b"Password: ");
    }
    let mut line = Vec::new();
    let mut byte = [0];
    let result = loop {
        match nix::unistd::read(cx.stdin, &mut byte) {
            Ok(0) => break Ok(()),
            Ok(_) if byte == *b"\n" => break Ok(()),
            Ok(_) if line.len() < 4096 => line.extend_from_slice(&byte),
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => break Err(Error::os("standard input", errno)),
        }
    };
    if let Some(before) = &before {
        let _ = tcsetattr(cx.stdin, SetArg::TCSAFLUSH, before);
        let _ = write_all(cx.stderr, b"\n");
    }
    result.map(|()| line)
}
