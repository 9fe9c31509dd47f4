//! setpriv: run a program with other privileges. util-linux's and busybox's.
//!
//! Deviation: SELinux and AppArmor are not spoken to.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use nix::unistd::{self, Gid, Uid};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::fsutil::users::Users;
use crate::sys::{privilege, signal};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "setpriv",
    summary: "run a program with other privileges",
    usage: "[OPTION]... PROG [ARG]..., or -d\n\
            \x20 -d, --dump                what there is now\n\
            \x20 --nnp, --no-new-privs     programs gain nothing by their files' modes\n\
            \x20 --inh-caps, --ambient-caps, --bounding-set  +CAP,-CAP,... (all)\n\
            \x20 --ruid --euid --reuid --rgid --egid --regid ID\n\
            \x20 --clear-groups --keep-groups --init-groups --groups LIST\n\
            \x20 --securebits +BIT,-BIT    --pdeathsig SIGNAL|keep|clear   --reset-env",
    kind: Kind::Fork, // changes itself, and becomes another program
    run,
};

/// Capabilities by their numbers: linux/capability.h.
const CAPABILITIES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// Secure bits by their numbers, each with its lock behind it.
const SECURE_BITS: [&str; 8] = [
    "noroot",
    "noroot_locked",
    "no_setuid_fixup",
    "no_setuid_fixup_locked",
    "keep_caps",
    "keep_caps_locked",
    "no_cap_ambient_raise",
    "no_cap_ambient_raise_locked",
];

/// util-linux: what setpriv itself fails with.
const FAILED: Status = Status(127);

fn failed(what: &str, errno: nix::errno::Errno) -> Error {
    Error::os(what, errno).with(FAILED)
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx
        .parse(
            "+d,dump -1,nnp|no-new-privs -2:inh-caps -3:ambient-caps -4:bounding-set -5:ruid -6:euid \
             -7:reuid -8:rgid -9:egid -a:regid -b,clear-groups -c,keep-groups -e,init-groups \
             -f:groups -g:securebits -h:pdeathsig -i,list-caps -j,reset-env -k:selinux-label|apparmor-profile",
        )
        .map_err(|e| e.with(Status::FAILURE))?;
    let mut users = Users::new();
    let (mut ruid, mut euid, mut rgid, mut egid) = (None, None, None, None);
    let (mut groups, mut keep, mut init) = (None, false, false);
    let (mut inheritable, mut ambient, mut bounding) = (None, None, None);
    let (mut bits, mut death, mut nothing, mut dumps, mut reset) = (None, None, false, 0, false);
    let id = |word: &std::ffi::OsStr, found: Option<u32>, what: &str| {
        found.ok_or_else(|| Error::msg(format_args!("{what}: {}", show_bytes(word.as_bytes()))))
    };
    while let Some(letter) = options.next() {
        match letter {
            b'd' => dumps += 1,
            b'1' => nothing = true,
            b'2' => inheritable = Some(options.bytes()),
            b'3' => ambient = Some(options.bytes()),
            b'4' => bounding = Some(options.bytes()),
            b'5' | b'6' | b'7' => {
                let word = options.value();
                let found = users.uid(word.as_bytes()).map(|(uid, _)| uid);
                let uid = Some(id(&word, found, "no such user")?);
                if letter != b'6' {
                    ruid = uid;
                }
                if letter != b'5' {
                    euid = uid;
                }
            }
            b'8' | b'9' | b'a' => {
                let word = options.value();
                let gid = Some(id(&word, users.gid(word.as_bytes()), "no such group")?);
                if letter != b'9' {
                    rgid = gid;
                }
                if letter != b'8' {
                    egid = gid;
                }
            }
            b'b' => groups = Some(Vec::new()),
            b'c' => keep = true,
            b'e' => init = true,
            b'f' => {
                let mut list = Vec::new();
                let words = options.value();
                for word in words.as_bytes().split(|&b| b == b',') {
                    list.push(id(&words, users.gid(word), "no such group")?);
                }
                groups = Some(list);
            }
            b'g' => bits = Some(options.bytes()),
            b'h' => death = Some(options.bytes()),
            b'i' => {
                for (number, name) in CAPABILITIES.iter().enumerate() {
                    if privilege::is_bounded(u32::try_from(number).unwrap_or(0)).is_ok() {
                        cx.print(format_args!("{name}\n"))?;
                    }
                }
                return Ok(Status::OK);
            }
            b'j' => reset = true,
            _ => return Err(Error::msg("SELinux and AppArmor are not spoken to").with(FAILED)),
        }
    }
    if dumps > 0 {
        if !options.operands.is_empty() {
            return Err(Error::usage("--dump is an option of its own").with(Status::FAILURE));
        }
        dump(cx, &mut users)?;
        return Ok(Status::OK);
    }
    if options.operands.is_empty() {
        return Err(Error::usage("which program?").with(Status::FAILURE));
    }
    if [groups.is_some(), keep, init].into_iter().filter(|given| *given).count() > 1 {
        return Err(Error::usage("only one of the options about groups").with(Status::FAILURE));
    }
    if (rgid.is_some() || egid.is_some()) && groups.is_none() && !keep && !init {
        return Err(Error::msg(
            "--[re]gid wants one of --keep-groups, --clear-groups, --init-groups, --groups",
        )
        .with(Status::FAILURE));
    }
    if nothing {
        privilege::gain_nothing().map_err(|e| failed("no-new-privs", e))?;
    }
    let of_user = ruid.or(euid);
    if init {
        let uid = ruid.ok_or_else(|| {
            Error::msg("--init-groups wants --ruid or --reuid").with(Status::FAILURE)
        })?;
        let name = users.name_of(uid).to_vec();
        let mut list = users.groups_of_member(&name);
        list.extend(rgid.or(users.uid(&name).and_then(|(_, gid)| gid)));
        groups = Some(list);
    }
    // what needs capabilities comes before they may go with the user's id
    if let Some(words) = &bounding {
        for (number, on) in changes(words)? {
            if on {
                return Err(Error::msg("the bounding set only shrinks").with(FAILED));
            }
            privilege::drop_bounded(number).map_err(|e| failed("bounding set", e))?;
        }
    }
    if ruid.is_some() || euid.is_some() {
        // capabilities that are asked for must live through the change
        if ambient.is_some() || inheritable.is_some() {
            let now = privilege::secure_bits().map_err(|e| failed("secure bits", e))?;
            privilege::set_secure_bits(now | 1 << 4).map_err(|e| failed("secure bits", e))?;
        }
    }
    if let Some(list) = &groups {
        let list: Vec<Gid> = list.iter().copied().map(Gid::from_raw).collect();
        unistd::setgroups(&list).map_err(|e| failed("setgroups", e))?;
    }
    if rgid.is_some() || egid.is_some() {
        let real = rgid.map_or_else(unistd::getgid, Gid::from_raw);
        let own = egid.map_or_else(unistd::getegid, Gid::from_raw);
        unistd::setresgid(real, own, own).map_err(|e| failed("setresgid", e))?;
    }
    if of_user.is_some() {
        let real = ruid.map_or_else(unistd::getuid, Uid::from_raw);
        let own = euid.map_or_else(unistd::geteuid, Uid::from_raw);
        unistd::setresuid(real, own, own).map_err(|e| failed("setresuid", e))?;
    }
    if let Some(words) = &bits {
        let mut now = privilege::secure_bits().map_err(|e| failed("secure bits", e))?;
        for word in words.split(|&b| b == b',').filter(|word| !word.is_empty()) {
            let (on, name) = sign(word)?;
            let place = SECURE_BITS.iter().position(|known| known.as_bytes() == name);
            let place = place.ok_or_else(|| unknown("secure bit", name))?;
            now = if on { now | 1 << place } else { now & !(1 << place) };
        }
        privilege::set_secure_bits(now).map_err(|e| failed("secure bits", e))?;
    }
    if let Some(words) = &inheritable {
        let mut sets = privilege::sets().map_err(|e| failed("capabilities", e))?;
        for (number, on) in changes(words)? {
            let bit = 1u64 << number;
            sets.inheritable = if on { sets.inheritable | bit } else { sets.inheritable & !bit };
        }
        privilege::set_sets(sets).map_err(|e| failed("inheritable capabilities", e))?;
    }
    if let Some(words) = &ambient {
        for (number, on) in changes(words)? {
            privilege::set_ambient(number, on).map_err(|e| failed("ambient capabilities", e))?;
        }
    }
    if let Some(word) = &death {
        let signal = match word.as_slice() {
            b"keep" => privilege::parent_death_signal().unwrap_or(0),
            b"clear" => 0,
            name => signal::number(name).ok_or_else(|| unknown("signal", name))?,
        };
        privilege::set_parent_death_signal(signal).map_err(|e| failed("pdeathsig", e))?;
    }
    let words = options.operands;
    if !reset {
        return Err(cx.become_program(&words));
    }
    let uid = of_user.unwrap_or_else(|| unistd::getuid().as_raw());
    let environment = fresh(cx, &mut users, uid);
    cx.flush()?;
    let path = OsString::from("/usr/local/bin:/bin:/usr/bin");
    let mut entries = environment.iter().map(OsString::as_os_str);
    let errno = crate::sys::exec::exec(&words, Some(&path), &mut entries);
    let status =
        if errno == nix::errno::Errno::ENOENT { Status::NOT_FOUND } else { Status::CANNOT_RUN };
    let name =
        words.first().map(|word| show_bytes(word.as_bytes()).to_string()).unwrap_or_default();
    Err(Error::os(name, errno).with(status))
}

/// The environment of a login, but for the shell's files.
fn fresh(cx: &Ctx, users: &mut Users, uid: u32) -> Vec<OsString> {
    let mut list = Vec::new();
    if let Some(term) = cx.env.get(b"TERM") {
        let mut entry = OsString::from("TERM=");
        entry.push(term);
        list.push(entry);
    }
    if let Some(user) = crate::passwd::users(users.passwd()).find(|user| user.uid == uid) {
        let shell: &[u8] = if user.shell.is_empty() { b"/bin/sh" } else { user.shell };
        for (name, value) in [
            (&b"SHELL="[..], shell),
            (b"HOME=", user.home),
            (b"USER=", user.name),
            (b"LOGNAME=", user.name),
        ] {
            list.push(std::os::unix::ffi::OsStringExt::from_vec([name, value].concat()));
        }
    }
    list.push(if uid == 0 {
        "PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin".into()
    } else {
        "PATH=/usr/local/bin:/bin:/usr/bin".into()
    });
    list
}

fn unknown(what: &str, name: &[u8]) -> Error {
    Error::msg(format_args!("unknown {what} \"{}\"", show_bytes(name)))
}

/// `+name` or `-name`.
fn sign(word: &[u8]) -> Result<(bool, &[u8]), Error> {
    match word {
        [b'+', name @ ..] => Ok((true, name)),
        [b'-', name @ ..] => Ok((false, name)),
        _ => Err(Error::msg(format_args!(
            "bad capability string \"{}\": + or - is missing",
            show_bytes(word)
        ))),
    }
}

/// The capabilities that a list names, and whether each is to be set.
fn changes(words: &[u8]) -> Result<Vec<(u32, bool)>, Error> {
    let mut list = Vec::new();
    let most = (0..64).take_while(|&number| privilege::is_bounded(number).is_ok()).count();
    for word in words.split(|&b| b == b',').filter(|word| !word.is_empty()) {
        let (on, name) = sign(word)?;
        if name == b"all" {
            list.extend((0..u32::try_from(most).unwrap_or(0)).map(|number| (number, on)));
            continue;
        }
        let lower = name.to_ascii_lowercase();
        let plain = lower.strip_prefix(b"cap_").unwrap_or(&lower);
        let known = CAPABILITIES.iter().position(|known| known.as_bytes() == plain).or_else(|| {
            std::str::from_utf8(plain).ok()?.parse().ok().filter(|&number| number < most)
        });
        let number = known.ok_or_else(|| unknown("capability", name))?;
        list.push((u32::try_from(number).unwrap_or(0), on));
    }
    Ok(list)
}

/// The names of a set, `[none]` of an empty one.
fn named(set: u64) -> String {
    let mut names = Vec::new();
    for number in 0..64u32 {
        if set >> number & 1 == 1 {
            let known = CAPABILITIES.get(number as usize);
            names.push(known.map_or_else(|| format!("cap_{number}"), |name| (*name).to_string()));
        }
    }
    if names.is_empty() { "[none]".to_string() } else { names.join(",") }
}

fn dump(cx: &mut Ctx, users: &mut Users) -> Result<(), Error> {
    let _ = users;
    let sets = privilege::sets().map_err(|e| failed("capabilities", e))?;
    let (mut bounding, mut ambient) = (0u64, 0u64);
    for number in 0..64 {
        bounding |= u64::from(privilege::is_bounded(number).unwrap_or(false)) << number;
        ambient |= u64::from(privilege::is_ambient(number).unwrap_or(false)) << number;
    }
    let groups = unistd::getgroups().map_err(|e| failed("groups", e))?;
    let groups: Vec<String> = groups.iter().map(|gid| gid.as_raw().to_string()).collect();
    let groups = if groups.is_empty() { "[none]".to_string() } else { groups.join(",") };
    let bits = privilege::secure_bits().map_err(|e| failed("secure bits", e))?;
    let mut names: Vec<&str> = Vec::new();
    for (place, name) in SECURE_BITS.iter().enumerate() {
        if bits >> place & 1 == 1 {
            names.push(name);
        }
    }
    let bits = if names.is_empty() { "[none]".to_string() } else { names.join(",") };
    let death = match privilege::parent_death_signal().unwrap_or(0) {
        0 => "[none]".to_string(),
        number => signal::name(number).map_or_else(|| number.to_string(), str::to_string),
    };
    cx.print(format_args!(
        "uid: {}\neuid: {}\ngid: {}\negid: {}\nSupplementary groups: {groups}\nno_new_privs: {}\n",
        unistd::getuid(),
        unistd::geteuid(),
        unistd::getgid(),
        unistd::getegid(),
        u8::from(privilege::gains_nothing())
    ))?;
    cx.print(format_args!(
        "Inheritable capabilities: {}\nAmbient capabilities: {}\nCapability bounding set: {}\nSecurebits: {bits}\nParent death signal: {death}\n",
        named(sets.inheritable),
        named(ambient),
        named(bounding)
    ))
}
