//! Device nodes by mdev's rules: made, named, owned, linked and removed, with
//! the commands that go with them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::sys::stat::{Mode, SFlag, makedev};
use nix::sys::wait::waitpid;

use crate::fsutil::users::Users;
use crate::mdevconf::{self, DEFAULT, Match, Place, Rule};
use crate::regex::{Flags, Groups, Regex, Span};
use crate::sys::process::{self, Forked};

/// A device that has come or gone.
#[derive(Default)]
pub struct Device<'a> {
    /// Its name below /dev.
    pub name: &'a [u8],
    /// `block` makes a block device.
    pub subsystem: &'a [u8],
    /// Device number; none of those without a node.
    pub number: Option<(u32, u32)>,
    /// It is going.
    pub removed: bool,
    /// The variables of the event, `NAME=VALUE`.
    pub variables: &'a [OsString],
}

/// The rules, and what they need.
pub struct Nodes {
    folder: PathBuf,
    rules: Vec<(Rule<'static>, Option<Regex>, Vec<Regex>)>,
    users: Users,
    environment: Vec<OsString>,
    root: u64,
    /// Problems, each told once: a line of the rules, a path that failed.
    pub problems: Vec<String>,
}

impl Nodes {
    /// The rules of this text, for nodes below `folder`. `environment` is that
    /// of commands, besides what the event brings.
    pub fn new(folder: &Path, conf: Vec<u8>, environment: Vec<OsString>) -> Nodes {
        use std::os::unix::fs::MetadataExt;
        let mut problems = Vec::new();
        // The rules are read once for the life of the program.
        let conf: &'static [u8] = conf.leak();
        let (parsed, wrong) = mdevconf::parse(conf);
        for line in wrong {
            problems.push(format!("mdev.conf: bad line {line}"));
        }
        let mut rules = Vec::new();
        for rule in parsed {
            let mut compile = |text: &[u8]| match Regex::new(text, Flags::EXTENDED) {
                Ok(compiled) => Some(compiled),
                Err(_) => {
                    problems.push(format!("mdev.conf: bad regex in line {}", rule.line));
                    None
                }
            };
            let text = match rule.device {
                Match::Name(text) | Match::Variable(_, text) => Some(text),
                Match::Number(..) => None,
            };
            let device = match text {
                Some(text) => match compile(text) {
                    Some(compiled) => Some(compiled),
                    None => continue,
                },
                None => None,
            };
            let conditions: Vec<Regex> =
                rule.conditions.iter().filter_map(|(_, text)| compile(text)).collect();
            if conditions.len() == rule.conditions.len() {
                rules.push((rule, device, conditions));
            }
        }
        let root = std::fs::metadata("/").map_or(0, |meta| meta.dev());
        Nodes {
            folder: folder.to_path_buf(),
            rules,
            users: Users::new(),
            environment,
            root,
            problems,
        }
    }

    fn complain(&mut self, text: String) {
        if !self.problems.contains(&text) && self.problems.len() < 100 {
            self.problems.push(text);
        }
    }

    /// Applies the rules to a device.
    #[inline(never)]
    pub fn apply(&mut self, device: &Device) {
        for at in 0..self.rules.len() {
            let Some((rule, compiled, conditions)) = self.rules.get(at) else { break };
            let met = rule.conditions.iter().zip(conditions).all(|((name, _), expression)| {
                let value = variable(device, name);
                value.is_some_and(|value| whole(expression, value, &mut [None; 10]))
            });
            let mut parts: Groups = [None; 10];
            let mut text = device.name;
            let hit = met
                && match (&rule.device, compiled) {
                    (Match::Number(major, from, to), _) => device
                        .number
                        .is_some_and(|(m, n)| m == *major && (*from..=*to).contains(&n)),
                    (Match::Name(_), Some(expression)) => whole(expression, text, &mut parts),
                    (Match::Variable(name, _), Some(expression)) => match variable(device, name) {
                        Some(value) => {
                            text = value;
                            whole(expression, value, &mut parts)
                        }
                        None => false,
                    },
                    _ => false,
                };
            if !hit {
                continue;
            }
            let rule = rule.clone();
            self.carry_out(&rule, device, &parts, text);
            if !rule.go_on {
                return;
            }
        }
        // Behind rules that let others count comes the default, too.
        self.carry_out(&DEFAULT, device, &[], b"");
    }

    fn carry_out(&mut self, rule: &Rule, device: &Device, parts: &[Option<Span>], text: &[u8]) {
        let own = device.name;
        let name = match rule.place {
            Place::Moved(path) | Place::Linked(path) => mdevconf::place(path, own, parts, text),
            _ => own.to_vec(),
        };
        let when: &[u8] = if device.removed { b"$*" } else { b"@*" };
        let command = when.contains(&rule.when).then_some(rule.command);
        let node = self.folder.join(OsStr::from_bytes(&name));
        let outside = name.starts_with(b"/") || name.split(|&b| b == b'/').any(|p| p == b"..");
        let makes = device.number.is_some() && rule.place != Place::None && !outside;
        if outside {
            self.complain(format!("{}: not below /dev", crate::applet::show_bytes(&name)));
        }
        if !device.removed && makes {
            self.make(rule, device, &node, own);
        }
        if let Some(command) = command {
            self.run(command, device, &name);
        }
        if device.removed && makes {
            if matches!(rule.place, Place::Linked(_)) {
                let _ = std::fs::remove_file(self.folder.join(OsStr::from_bytes(own)));
            }
            let _ = std::fs::remove_file(&node);
        }
    }

    fn make(&mut self, rule: &Rule, device: &Device, node: &Path, own: &[u8]) {
        let Some((major, minor)) = device.number else { return };
        if node.parent() != Some(self.folder.as_path()) {
            make_folders(node);
        }
        let kind = if device.subsystem == b"block" { SFlag::S_IFBLK } else { SFlag::S_IFCHR };
        let number = makedev(major.into(), minor.into());
        let mode = Mode::from_bits_truncate(rule.mode);
        let mut result = nix::sys::stat::mknod(node, kind, mode, number);
        let is_new = result.is_ok();
        if result == Err(nix::errno::Errno::EEXIST) {
            result = Ok(());
            // Another device's, from before.
            let there = nix::sys::stat::lstat(node).map_or(number, |stat| stat.st_rdev);
            if there != number && std::fs::remove_file(node).is_ok() {
                result = nix::sys::stat::mknod(node, kind, mode, number);
            }
        }
        if let Err(errno) = result {
            self.complain(format!(
                "can't create '{}': {}",
                crate::applet::show(node),
                errno.desc()
            ));
            return;
        }
        let user = self.users.uid(rule.user).map(|(uid, _)| uid);
        let group = self.users.gid(rule.group);
        if user.is_none() || group.is_none() {
            let text = format!("mdev.conf: unknown user/group in line {}", rule.line);
            self.complain(text);
        }
        let _ = std::os::unix::fs::chown(node, user.or(Some(0)), group.or(Some(0)));
        // one that is new has it: mdev runs without a umask
        if !is_new {
            use std::os::unix::fs::PermissionsExt;
            let _ = std::fs::set_permissions(node, std::fs::Permissions::from_mode(rule.mode));
        }
        if number == self.root && device.subsystem == b"block" {
            let _ = std::os::unix::fs::symlink(
                node.file_name().unwrap_or_default(),
                self.folder.join("root"),
            );
        }
        if let Place::Linked(_) = rule.place {
            let link = self.folder.join(OsStr::from_bytes(own));
            if link != node {
                make_folders(&link);
                let _ = std::fs::remove_file(&link);
                let target = node.strip_prefix(&self.folder).unwrap_or(node);
                let _ = std::os::unix::fs::symlink(target, &link);
            }
        }
    }

    /// Runs a command by /bin/sh in the folder of the nodes, and waits for it.
    fn run(&mut self, command: &[u8], device: &Device, name: &[u8]) {
        let mut argv: Vec<OsString> = vec!["/bin/sh".into(), "-c".into()];
        argv.push(OsStr::from_bytes(command).to_os_string());
        let mut environment: Vec<OsString> = device.variables.to_vec();
        let key = |entry: &OsString| {
            entry.as_bytes().split(|&b| b == b'=').next().unwrap_or_default().to_vec()
        };
        let given: Vec<Vec<u8>> = environment.iter().map(key).collect();
        for entry in &self.environment {
            if !given.contains(&key(entry)) {
                environment.push(entry.clone());
            }
        }
        let mut mdev = OsString::from("MDEV=");
        mdev.push(OsStr::from_bytes(name));
        environment.push(mdev);
        match process::fork() {
            Ok(Forked::Parent(child)) => {
                let _ = waitpid(child, None);
            }
            Ok(Forked::Child) => {
                process::reset_signals();
                let _ = nix::unistd::chdir(&self.folder);
                crate::sys::exec::exec(
                    &argv,
                    None,
                    &mut environment.iter().map(OsString::as_os_str),
                );
                process::exit_now(127)
            }
            Err(errno) => self.complain(format!("/bin/sh: {}", errno.desc())),
        }
    }
}

fn make_folders(path: &Path) {
    if let Some(folder) = path.parent()
        && !folder.exists()
    {
        use std::os::unix::fs::DirBuilderExt;
        let _ = std::fs::DirBuilder::new().recursive(true).mode(0o755).create(folder);
    }
}

fn variable<'a>(device: &Device<'a>, name: &[u8]) -> Option<&'a [u8]> {
    device
        .variables
        .iter()
        .find_map(|entry| entry.as_bytes().strip_prefix(name)?.strip_prefix(b"="))
}

/// Whether the expression matches all of the text.
fn whole(expression: &Regex, text: &[u8], parts: &mut Groups) -> bool {
    expression.captures(text, 0, parts) && parts.first() == Some(&Some((0, text.len())))
}
