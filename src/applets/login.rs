//! login, su and sulogin: start a session as a user, whose password is asked
//! for. As util-linux, shadow and busybox have them, with `/etc/passwd` and
//! `/etc/shadow` alone.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use nix::unistd::getuid;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::fsutil::accounts::{self, Accounts, Start};
use crate::fsutil::users::Users;
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "login",
    summary: "ask who is there, and start a session",
    usage: "[-p] [-h HOST] [[-f] USER]\n\
            \x20 -f  the user is known already    -p  keep the environment    -h  from there",
    kind: Kind::Exec, // becomes another program
    run: login,
};

/// su.
pub(super) static SU: Applet = Applet {
    name: "su",
    summary: "become another user",
    usage: "[-lmp] [-s SHELL] [-c COMMAND] [-] [USER [ARG...]]\n\
            \x20 -, -l   as at a login: environment and home folder\n\
            \x20 -c      run this command in the shell    -s  another shell\n\
            \x20 -m, -p  keep the environment",
    kind: Kind::Exec, // becomes another program
    run: su,
};

/// sulogin.
pub(super) static SULOGIN: Applet = Applet {
    name: "sulogin",
    summary: "ask for root's password, and give a shell to mend the system with",
    usage: "[-ep] [-t SECONDS] [TERMINAL]\n\
            \x20 -e  a shell even where root has no password that could be asked for\n\
            \x20 -p  a login shell    -t  wait no longer than that",
    kind: Kind::Exec, // becomes another program
    run: sulogin,
};

/// So often a password may be wrong.
const TRIES: u32 = 3;

fn start<'a>(accounts: &'a Accounts, name: &[u8], login: bool) -> Option<Start<'a>> {
    let user = accounts.user(name)?;
    let groups = Users::new().groups_of_member(name);
    Some(Start { user, groups, login, shell: None })
}

/// Becomes the user and the shell.
fn launch(cx: &mut Ctx, start: &Start, args: &[OsString]) -> Result<Status, Error> {
    cx.flush()?;
    let environment = start.environment(cx.env.iter());
    let program = start.program();
    start.become_user()?;
    let base = program.as_bytes().rsplit(|&b| b == b'/').next().unwrap_or_default();
    let mut name = OsString::from(if start.login { "-" } else { "" });
    name.push(OsStr::from_bytes(base));
    let mut argv = vec![name];
    argv.extend_from_slice(args);
    let mut list = environment.iter().map(OsString::as_os_str);
    let errno = sys::exec::exec_as(&program, &argv, &mut list);
    Err(Error::not_run(show(&program), errno))
}

fn login(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("f? h:host p,preserve")?;
    if !getuid().is_root() {
        return Err(Error::msg("only root can start sessions of others"));
    }
    let known = options.has(b'f');
    let mut name = options.take(b'f').or_else(|| options.operands.first().cloned());
    if known && name.is_none() {
        return Err(Error::usage("-f wants the user"));
    }
    let accounts = Accounts::read(Path::new("/"));
    for n in 0..TRIES {
        let given = match name.take() {
            Some(name) => name.as_bytes().to_vec(),
            None => {
                let host = nix::sys::utsname::uname()
                    .map(|names| names.nodename().to_os_string())
                    .unwrap_or_default();
                cx.print(format_args!("{} login: ", show(&host)))?;
                cx.flush()?;
                match accounts::line(cx.stdin) {
                    Some(line) if !line.is_empty() => line,
                    Some(_) => continue,
                    None => return Ok(Status::FAILURE),
                }
            }
        };
        let found = start(&accounts, &given, !options.has(b'p'));
        let hash = accounts.hash(&given).unwrap_or(b"*");
        let admitted = known
            || (hash.is_empty() && found.is_some())
            || match accounts::ask(cx.stdin, cx.stdout, b"Password: ") {
                Some(password) => accounts::opens(&password, hash) && !hash.is_empty(),
                None => return Ok(Status::FAILURE),
            };
        if let Some(start) = found.filter(|_| admitted) {
            if start.user.uid != 0 && Path::new("/etc/nologin").exists() {
                cx.put(&crate::sys::file::read("/etc/nologin").unwrap_or_default())?;
                return Ok(Status::FAILURE);
            }
            cx.put(&crate::sys::file::read("/etc/motd").unwrap_or_default())?;
            let host = options.take(b'h').unwrap_or_default();
            own_terminal(cx, &start, &host);
            return launch(cx, &start, &[]);
        }
        std::thread::sleep(Duration::from_secs(u64::from(n) + 2));
        cx.put(b"Login incorrect\n")?;
        cx.flush()?;
    }
    Ok(Status::FAILURE)
}

/// The terminal becomes the user's, and `who` knows.
fn own_terminal(cx: &Ctx, start: &Start, host: &OsStr) {
    let Ok(name) = nix::unistd::ttyname(cx.stdin) else { return };
    let (uid, gid) = (start.user.uid, start.user.gid);
    let _ = std::os::unix::fs::fchown(cx.stdin, Some(uid), Some(gid));
    let _ = nix::sys::stat::fchmod(cx.stdin, nix::sys::stat::Mode::from_bits_truncate(0o600));
    let line = name.as_os_str().as_bytes();
    let line = line.strip_prefix(b"/dev/").unwrap_or(line);
    sys::sessions::note(sys::sessions::Event::LoggedIn, line, start.user.name, host.as_bytes());
}

fn su(cx: &mut Ctx) -> Result<Status, Error> {
    // `-` may stand before options too
    let mut args = cx.args.to_vec();
    let mut login = false;
    if let Some(at) = args.iter().position(|arg| arg == "-") {
        login = true;
        args.remove(at);
    }
    let spec = "l,login m,preserve-environment p, s:shell c:command";
    let mut options = crate::options::Options::parse(spec, &args)?;
    login |= options.has(b'l');
    let mut words = std::mem::take(&mut options.operands);
    let name = if words.is_empty() { OsString::from("root") } else { words.remove(0) };
    let accounts = Accounts::read(Path::new("/"));
    let found = start(&accounts, name.as_bytes(), login);
    let Some(mut start) = found else {
        return Err(Error::about(show(&name), "no such user"));
    };
    if !getuid().is_root() {
        let hash = accounts.hash(name.as_bytes()).unwrap_or(b"*");
        let password = accounts::ask(cx.stdin, cx.stderr, b"Password: ").unwrap_or_default();
        if hash.is_empty() || !accounts::opens(&password, hash) {
            std::thread::sleep(Duration::from_secs(2));
            return Err(Error::msg("that is not the password"));
        }
    }
    start.shell = options.take(b's');
    let keep = options.has(b'm') || options.has(b'p');
    let mut shell_args = Vec::new();
    if let Some(command) = options.take(b'c') {
        shell_args.extend([OsString::from("-c"), command]);
    }
    shell_args.append(&mut words);
    if keep && !login {
        cx.flush()?;
        start.become_user()?;
        let mut argv = vec![start.program()];
        argv.append(&mut shell_args);
        return Err(cx.become_program(&argv));
    }
    launch(cx, &start, &shell_args)
}

fn sulogin(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("e,force p,login-shell t:timeout")?;
    options.at_most(1)?;
    if let Some(terminal) = options.operands.first() {
        take_terminal(terminal)?;
    }
    let seconds = match options.take(b't') {
        Some(text) => {
            crate::options::number(&text).ok_or_else(|| Error::bad(show(&text), "not a number"))?
        }
        None => 0,
    };
    if let Ok(seconds) = u32::try_from(seconds)
        && seconds > 0
    {
        // The default action of the alarm ends this program.
        nix::unistd::alarm::set(seconds);
    }
    let accounts = Accounts::read(Path::new("/"));
    let hash = accounts.hash(b"root").unwrap_or(b"*").to_vec();
    let locked = hash.starts_with(b"!") || hash.starts_with(b"*");
    if locked && !options.has(b'e') {
        return Err(Error::msg(
            "root has no password that could be asked for (sulogin -e goes on)",
        ));
    }
    while !locked && !hash.is_empty() {
        let prompt = b"Give root password for maintenance\n(or press Control-D to continue): ";
        let Some(password) = accounts::ask(cx.stdin, cx.stdout, prompt) else {
            return Ok(Status::OK);
        };
        if accounts::opens(&password, &hash) {
            break;
        }
        std::thread::sleep(Duration::from_secs(2));
        let _ = write_all(cx.stdout, b"Login incorrect\n\n");
    }
    nix::unistd::alarm::cancel();
    let root =
        crate::passwd::User { name: b"root", uid: 0, gid: 0, home: b"/root", shell: b"/bin/sh" };
    let mut start = start(&accounts, b"root", true).unwrap_or(Start {
        user: root,
        groups: Vec::new(),
        login: true,
        shell: None,
    });
    if !Path::new(&start.program()).exists() {
        // The system is broken: any shell will do.
        start.shell = Some("/bin/sh".into());
    }
    launch(cx, &start, &[])
}

/// Makes the terminal the standard streams and the controlling terminal.
pub(super) fn take_terminal(name: &OsStr) -> Result<(), Error> {
    use nix::fcntl::{OFlag, open};
    use std::os::fd::AsRawFd;
    let path = Path::new("/dev").join(name);
    let fd = open(&path, OFlag::O_RDWR | OFlag::O_NONBLOCK, nix::sys::stat::Mode::empty())
        .map_err(|e| Error::os(show(&path), e))?;
    // It was opened without waiting for a carrier; reading waits.
    let _ = nix::fcntl::fcntl(&fd, nix::fcntl::FcntlArg::F_SETFL(OFlag::O_RDWR));
    let _ = nix::unistd::setsid();
    for standard in 0..3 {
        sys::descriptor::copy_onto(fd.as_raw_fd(), standard)
            .map_err(|e| Error::os(show(&path), e))?;
    }
    sys::session::adopt(0);
    Ok(())
}
