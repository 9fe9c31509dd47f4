//! The command history list. POSIX.1-2024 XCU 3 sh (Command History List).
//!
//! What an interactive shell was given: one entry for each command, however
//! many lines it has. Empty lines, and those that begin with a space (a
//! password, say), are not entered.

/// How many commands are remembered without HISTSIZE.
const SIZE: usize = 500;

/// More are never remembered.
const MOST: usize = 10_000;

/// Commands by number.
pub struct History {
    list: Vec<Vec<u8>>,
    /// The number of the oldest.
    first: u32,
    size: usize,
    /// What is being typed is part of the newest.
    open: bool,
}

impl History {
    /// An empty list.
    pub fn new() -> History {
        History { list: Vec::new(), first: 1, size: SIZE, open: false }
    }

    /// Remembers so many commands.
    pub fn set_size(&mut self, size: usize) {
        self.size = size.clamp(1, MOST);
    }

    /// Enters a line; one that `continues` a command becomes part of it.
    pub fn enter(&mut self, line: &[u8], continues: bool) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if continues {
            if self.open
                && let Some(entry) = self.list.last_mut()
            {
                entry.push(b'\n');
                entry.extend_from_slice(line);
            }
            return;
        }
        self.open = !line.trim_ascii().is_empty() && line.first() != Some(&b' ');
        if !self.open {
            return;
        }
        self.list.push(line.to_vec());
        if self.list.len() > self.size {
            let surplus = self.list.len() - self.size;
            self.list.drain(..surplus);
            self.first = self.first.saturating_add(u32::try_from(surplus).unwrap_or(0));
        }
    }

    /// Takes the newest away: an `fc` that runs other commands.
    pub fn drop_last(&mut self) {
        self.list.pop();
    }

    /// The number of the oldest.
    pub fn first(&self) -> u32 {
        self.first
    }

    /// One more than the number of the newest.
    pub fn end(&self) -> u32 {
        self.first.saturating_add(u32::try_from(self.list.len()).unwrap_or(0))
    }

    /// The command with a number.
    pub fn get(&self, number: u32) -> Option<&[u8]> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.list.get(at).map(Vec::as_slice)
    }

    /// The newest command before number `end` that begins with `start`.
    pub fn starting_with(&self, start: &[u8], end: u32) -> Option<u32> {
        let before = usize::try_from(end.saturating_sub(self.first)).unwrap_or(0);
        let at = self.list.iter().take(before).rposition(|entry| entry.starts_with(start))?;
        self.first.checked_add(u32::try_from(at).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_when_old_commands_go() {
        let mut history = History::new();
        history.set_size(2);
        history.enter(b"a\n", false);
        history.enter(b"if b\n", false);
        history.enter(b"then c; fi\n", true);
        history.enter(b"\n", false);
        history.enter(b" secret\n", false);
        history.enter(b"more of it\n", true);
        assert_eq!(history.get(2), Some(b"if b\nthen c; fi".as_slice()));
        history.enter(b"d\n", false);
        assert_eq!((history.first(), history.end()), (2, 4));
        assert_eq!(history.get(1), None);
        assert_eq!(history.starting_with(b"if", 4), Some(2));
        assert_eq!(history.starting_with(b"d", 3), None);
    }
}
