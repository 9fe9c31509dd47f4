//! `/etc/inittab` as busybox's init has it: lines `TERMINAL::ACTION:COMMAND`.
//! The second field, run levels, means nothing.

/// When and how a command is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// First, one after the other.
    Sysinit,
    /// Then, one after the other.
    Wait,
    /// Then, without waiting for it.
    Once,
    /// Again and again.
    Respawn,
    /// The same, each time after somebody has pressed Enter there.
    Askfirst,
    /// When Ctrl-Alt-Del is pressed.
    CtrlAltDel,
    /// Before the machine ends.
    Shutdown,
    /// Instead of init, when that is told to start anew.
    Restart,
}

const ACTIONS: [(&[u8], Action); 8] = [
    (b"sysinit", Action::Sysinit),
    (b"wait", Action::Wait),
    (b"once", Action::Once),
    (b"respawn", Action::Respawn),
    (b"askfirst", Action::Askfirst),
    (b"ctrlaltdel", Action::CtrlAltDel),
    (b"shutdown", Action::Shutdown),
    (b"restart", Action::Restart),
];

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it runs: a device's path; empty is the console.
    pub terminal: Vec<u8>,
    /// When it runs.
    pub action: Action,
    /// What runs; `-` before it makes it a login shell with the terminal as
    /// its own.
    pub command: Vec<u8>,
}

/// More lines than that are not read.
const MOST: usize = 256;

/// What is done where there is no file.
const DEFAULT: &[u8] = b"::sysinit:/etc/init.d/rcS
::askfirst:-/bin/sh
tty2::askfirst:-/bin/sh
tty3::askfirst:-/bin/sh
tty4::askfirst:-/bin/sh
::ctrlaltdel:reboot
::shutdown:umount -a -r
::shutdown:swapoff -a
::restart:init
";

/// The entries of the file's text, and the numbers of lines that are none.
pub fn parse(text: Option<&[u8]>) -> (Vec<Entry>, Vec<usize>) {
    let (mut list, mut wrong) = (Vec::new(), Vec::new());
    for (at, line) in text.unwrap_or(DEFAULT).split(|&b| b == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        match entry(line) {
            Some(entry) if list.len() < MOST => list.push(entry),
            _ => wrong.push(at + 1),
        }
    }
    (list, wrong)
}

fn entry(line: &[u8]) -> Option<Entry> {
    let mut fields = line.splitn(4, |&b| b == b':');
    let (terminal, _levels) = (fields.next()?, fields.next()?);
    let (action, command) = (fields.next()?, fields.next()?);
    let (_, action) = ACTIONS.iter().find(|(name, _)| *name == action)?;
    let command = command.trim_ascii();
    if command.is_empty() || command.contains(&0) || terminal.contains(&0) {
        return None;
    }
    let terminal = match terminal {
        b"" => Vec::new(),
        name => [b"/dev/", name.strip_prefix(b"/dev/").unwrap_or(name)].concat(),
    };
    Some(Entry { terminal, action: *action, command: command.to_vec() })
}

/// Whether only a shell can make sense of a command.
pub fn wants_shell(command: &[u8]) -> bool {
    command.iter().any(|b| b"~`!$^&*()=|\\{}[];\"'<>?".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let text = b"# c\n::sysinit:/etc/rc a:b\n\ntty1:12345:respawn: getty 38400 tty1 \nx\n::no:x\n::wait:\n";
        let (list, wrong) = parse(Some(text));
        assert_eq!(wrong, [5, 6, 7]);
        assert_eq!(list.len(), 2);
        assert_eq!(
            (list[0].action, list[0].command.as_slice()),
            (Action::Sysinit, &b"/etc/rc a:b"[..])
        );
        assert_eq!(list[1].terminal, b"/dev/tty1");
        assert_eq!(list[1].command, b"getty 38400 tty1");
        let (list, wrong) = parse(None);
        assert_eq!((list.len(), wrong.len()), (9, 0));
        assert_eq!(list[2].terminal, b"/dev/tty2");
        assert!(wants_shell(b"a > b") && wants_shell(b"x; y") && !wants_shell(b"-/bin/sh -i a.b"));
    }
}
