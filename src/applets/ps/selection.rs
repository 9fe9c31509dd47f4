//! Which processes are listed.

use crate::applet::{Error, show_bytes};
use crate::fsutil::users::Users;
use crate::proc::Process;
use crate::procstat::terminal_name;

/// What a list of numbers is compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The process.
    Pid,
    /// Its parent.
    Parent,
    /// Its process group.
    Group,
    /// Its session.
    Session,
    /// Its effective user.
    User,
    /// Its real user.
    RealUser,
    /// Its real group.
    RealGroup,
}

/// What was asked for; a process is listed when any part wants it, or when
/// nothing was asked for.
#[derive(Default)]
pub struct Selection {
    /// All of them.
    pub all: bool,
    /// `-a`: those with a terminal that lead no session.
    pub with_terminal: bool,
    /// `-d`: those that lead no session.
    pub no_leaders: bool,
    /// `-N`: those that are not chosen.
    pub negated: bool,
    /// `r`: only those that run.
    pub running: bool,
    numbers: Vec<(By, u32)>,
    names: Vec<Vec<u8>>,
    terminals: Vec<Vec<u8>>,
}

fn words(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|b| matches!(b, b',' | b' ')).filter(|word| !word.is_empty())
}

impl Selection {
    /// Whether anything was asked for.
    pub fn is_some(&self) -> bool {
        self.with_terminal
            || self.no_leaders
            || !self.numbers.is_empty()
            || !self.names.is_empty()
            || !self.terminals.is_empty()
    }

    /// `-p 1,2`.
    pub fn add_numbers(&mut self, by: By, list: &[u8]) -> Result<(), Error> {
        for word in words(list) {
            let number = std::str::from_utf8(word).ok().and_then(|w| w.parse().ok());
            let wrong = || Error::bad(show_bytes(word), "not a number");
            self.numbers.push((by, number.ok_or_else(wrong)?));
        }
        Ok(())
    }

    /// `-u root,1000`.
    pub fn add_users(&mut self, real: bool, list: &[u8], users: &mut Users) -> Result<(), Error> {
        for word in words(list) {
            let found = users.uid(word);
            let wrong = || Error::about(show_bytes(word), "no such user");
            let by = if real { By::RealUser } else { By::User };
            self.numbers.push((by, found.ok_or_else(wrong)?.0));
        }
        Ok(())
    }

    /// `-G adm,4`.
    pub fn add_groups(&mut self, list: &[u8], users: &mut Users) -> Result<(), Error> {
        for word in words(list) {
            let wrong = || Error::about(show_bytes(word), "no such group");
            self.numbers.push((By::RealGroup, users.gid(word).ok_or_else(wrong)?));
        }
        Ok(())
    }

    /// `-C sh,init`: names of programs.
    pub fn add_names(&mut self, list: &[u8]) {
        self.names.extend(words(list).map(<[u8]>::to_vec));
    }

    /// `-t tty1,pts/0`, also `1` for tty1 and `?` for none.
    pub fn add_terminals(&mut self, list: &[u8]) {
        for word in words(list) {
            let name = word.strip_prefix(b"/dev/").unwrap_or(word);
            self.terminals.push(name.to_vec());
        }
    }

    /// Whether the process is to be listed.
    pub fn wants(&self, process: &Process) -> bool {
        if self.running && !matches!(process.stat.state, b'R' | b'D') {
            return false;
        }
        if !self.is_some() {
            return !self.negated;
        }
        (self.all || self.chooses(process)) != self.negated
    }

    fn chooses(&self, process: &Process) -> bool {
        let stat = &process.stat;
        let leader = stat.session == stat.pid;
        if self.with_terminal && stat.tty != 0 && !leader || self.no_leaders && !leader {
            return true;
        }
        let by_number = self.numbers.iter().any(|&(by, number)| {
            number
                == match by {
                    By::Pid => stat.pid,
                    By::Parent => stat.ppid,
                    By::Group => stat.pgrp,
                    By::Session => stat.session,
                    By::User => process.euid,
                    By::RealUser => process.ids().ruid,
                    By::RealGroup => process.ids().rgid,
                }
        });
        // the kernel cuts names at 15 bytes
        let by_name = self.names.iter().any(|name| {
            stat.comm == *name
                || name.len() > 15 && stat.comm.len() == 15 && name.starts_with(&stat.comm)
        });
        let terminal = terminal_name(stat.tty);
        let by_terminal = self.terminals.iter().any(|wanted| match &terminal {
            None => wanted == b"?" || wanted == b"-",
            Some(name) => {
                let name = name.as_bytes();
                name == wanted.as_slice() || name.strip_prefix(b"tty") == Some(wanted)
            }
        });
        by_number || by_name || by_terminal
    }
}
