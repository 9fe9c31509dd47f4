//! Walking a tree: one way for find, du, rm, cp, chmod, tar, cpio, grep.
//!
//! A walk is pulled: [`Walk::start`] with a path, then [`Walk::next`] until
//! there is nothing more. It goes by descriptors, so that no path is walked
//! twice, none is too long, and nobody can put a link in place of a folder on
//! the way; and it does not recurse. A folder is seen before and after what is
//! in it. What is in a folder comes in the folder's own order.
//!
//! Of a file only the name and its type as the folder has it are known
//! without a system call; [`Walk::stat`] asks once for the rest.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::stat::{FileStat, fstatat};

use super::ladder::{Ladder, open_folder};
use crate::sys::folder;

/// Which symbolic links stand for what they lead to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// None (-P).
    Never,
    /// The one that a walk starts at (-H).
    Start,
    /// All (-L).
    Always,
}

/// Where a walk has got to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A file, or a folder before what is in it.
    Entry,
    /// A folder again, after what is in it, also when that could not be read.
    /// Of a folder that was not gone into ([`Walk::prune`], `one_device`, the
    /// depth) as well.
    Leave,
    /// The folder that was the last entry could not be opened or read. ELOOP:
    /// it is one of those above it.
    Failed(Errno),
    /// The way back up is lost, as somebody moved folders meanwhile: the walk
    /// is over.
    Lost(Errno),
}

/// A folder that the walk is inside of.
struct Level {
    /// What [`folder::read`] packed.
    packed: Vec<u8>,
    at: usize,
    /// Where in the path the folder's own ends.
    path: usize,
    /// Where its name starts in that.
    name: usize,
}

/// What is to be done with the current entry at the next step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pending {
    Nothing,
    GoInto,
    Leave,
}

/// See the module.
pub struct Walk {
    /// Which links are followed.
    pub follow: Follow,
    /// Whether folders of other file systems are seen but not gone into.
    pub one_device: bool,
    /// How many levels are gone down; 0 is only the start itself.
    pub max_depth: usize,
    /// Whether the names of a folder come sorted by their bytes.
    pub sorted: bool,
    ladder: Ladder,
    levels: Vec<Level>,
    path: Vec<u8>,
    /// Where the current entry's name starts in the path.
    name: usize,
    kind: u8,
    stat: Option<Result<FileStat, Errno>>,
    start_device: Option<u64>,
    pending: Pending,
    began: bool,
    buffer: Vec<u8>,
    spare: Vec<u8>,
}

impl Walk {
    /// A walk that has yet to [`start`](Self::start).
    pub fn new(follow: Follow) -> Walk {
        Walk {
            follow,
            one_device: false,
            max_depth: usize::MAX,
            sorted: false,
            ladder: Ladder::default(),
            levels: Vec::new(),
            path: Vec::new(),
            name: 0,
            kind: libc::DT_UNKNOWN,
            stat: None,
            start_device: None,
            pending: Pending::Nothing,
            began: true,
            buffer: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Makes the next step the first one of a walk from `path`. That nothing
    /// is there, [`stat`](Self::stat) of the first entry says.
    pub fn start(&mut self, path: &[u8]) {
        self.ladder = Ladder::default();
        self.levels.clear();
        self.path = path.to_vec();
        self.name = 0;
        self.start_device = None;
        self.pending = Pending::Nothing;
        self.began = false;
    }

    /// The next step; `None` at the end.
    #[allow(clippy::should_implement_trait)] // the loop needs `self` in between
    pub fn next(&mut self) -> Option<Step> {
        if !self.began {
            self.began = true;
            self.set(libc::DT_UNKNOWN);
            return Some(Step::Entry);
        }
        match std::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::GoInto => {
                if let Err(errno) = self.go_into() {
                    self.pending = Pending::Leave;
                    return Some(Step::Failed(errno));
                }
                if std::mem::replace(&mut self.pending, Pending::Nothing) == Pending::Leave {
                    return Some(Step::Leave);
                }
            }
            Pending::Leave => return Some(Step::Leave),
            Pending::Nothing => {}
        }
        let level = self.levels.last_mut()?;
        let Some((kind, name)) = folder::next(&level.packed, &mut level.at) else {
            return self.go_up();
        };
        self.path.truncate(level.path);
        if self.path.last() != Some(&b'/') {
            self.path.push(b'/');
        }
        self.name = self.path.len();
        self.path.extend_from_slice(name.strip_suffix(b"\0").unwrap_or(name));
        self.set(kind);
        Some(Step::Entry)
    }

    /// Makes what stands at the end of the path the current entry.
    fn set(&mut self, kind: u8) {
        self.kind = kind;
        self.stat = None;
        if self.is_folder() {
            self.pending = Pending::GoInto;
        }
    }

    /// Opens and reads the folder that is the current entry.
    fn go_into(&mut self) -> Result<(), Errno> {
        let depth = self.depth();
        if depth >= self.max_depth {
            self.pending = Pending::Leave;
            return Ok(());
        }
        if self.one_device {
            // A mount point can only be told by its device.
            let device = self.stat()?.st_dev;
            if *self.start_device.get_or_insert(device) != device {
                self.pending = Pending::Leave;
                return Ok(());
            }
        }
        let follow = self.follows();
        let name = self.path.get(self.name..).unwrap_or_default();
        let fd = open_folder(self.ladder.fd(), name, follow)?;
        if follow && depth > 0 {
            let stat = *self.stat()?;
            if self.ladder.holds(stat.st_dev, stat.st_ino) {
                return Err(Errno::ELOOP);
            }
        }
        let mut packed = std::mem::take(&mut self.spare);
        packed.clear();
        let failed = folder::read(std::os::fd::AsFd::as_fd(&fd), &mut packed, &mut self.buffer);
        if packed.is_empty() {
            // nothing to go down for
            self.spare = packed;
            failed?;
            self.pending = Pending::Leave;
            return Ok(());
        }
        failed?;
        if self.sorted {
            sort(&mut packed);
        }
        self.ladder.push(fd)?;
        self.levels.push(Level { packed, at: 0, path: self.path.len(), name: self.name });
        Ok(())
    }

    fn go_up(&mut self) -> Option<Step> {
        let level = self.levels.pop()?;
        self.path.truncate(level.path);
        self.name = level.name;
        self.kind = libc::DT_DIR;
        if self.follows() {
            // by the link the stat of the folder itself is not to be had
            self.kind = libc::DT_UNKNOWN;
        }
        self.stat = None;
        self.spare = level.packed;
        let above = match self.levels.last() {
            Some(above) => above.path,
            None => 0,
        };
        if let Err(errno) = self.ladder.pop(self.path.get(..above).unwrap_or_default()) {
            self.levels.clear();
            return Some(Step::Lost(errno));
        }
        Some(Step::Leave)
    }

    /// Does not go into the current entry, a folder that was not seen before.
    /// There is no [`Step::Leave`] of it then.
    pub fn prune(&mut self) {
        self.pending = Pending::Nothing;
    }

    /// Does not go into the current entry, but [`Step::Leave`] comes.
    pub fn skip(&mut self) {
        if self.pending == Pending::GoInto {
            self.pending = Pending::Leave;
        }
    }

    /// The path of the current entry, from where the walk started.
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// What [`dir`](Self::dir) has to be asked for: its name, or the path that
    /// the walk started at.
    pub fn name(&self) -> &OsStr {
        OsStr::from_bytes(self.path.get(self.name..).unwrap_or_default())
    }

    /// The folder that the current entry is in; for the start it is the
    /// working directory.
    pub fn dir(&self) -> BorrowedFd<'_> {
        if self.levels.is_empty() { AT_FDCWD } else { self.ladder.fd() }
    }

    /// How many folders are above the current entry; 0 at the start.
    pub fn depth(&self) -> usize {
        self.levels.len()
    }

    /// Whether links stand for what they lead to here.
    pub fn follows(&self) -> bool {
        match self.follow {
            Follow::Never => false,
            Follow::Start => self.levels.is_empty(),
            Follow::Always => true,
        }
    }

    /// What the system says about the current entry: about what a link leads
    /// to where links are followed, if that is there.
    pub fn stat(&mut self) -> Result<&FileStat, Errno> {
        if self.stat.is_none() {
            let link = AtFlags::AT_SYMLINK_NOFOLLOW;
            let flags = if self.follows() { AtFlags::empty() } else { link };
            let mut stat = fstatat(self.dir(), self.name(), flags);
            if self.follows() && matches!(stat, Err(Errno::ENOENT)) {
                stat = fstatat(self.dir(), self.name(), link);
            }
            self.stat = Some(stat);
        }
        match &self.stat {
            Some(Ok(stat)) => Ok(stat),
            Some(Err(errno)) => Err(*errno),
            None => Err(Errno::EINVAL),
        }
    }

    /// Forgets what [`stat`](Self::stat) said, after a change.
    pub fn forget_stat(&mut self) {
        self.stat = None;
    }

    /// The type, as the `S_IFMT` bits of a mode; 0 when it cannot be told.
    pub fn kind(&mut self) -> u32 {
        let known = match self.kind {
            libc::DT_UNKNOWN => 0,
            libc::DT_LNK if self.follows() => 0,
            kind => u32::from(kind) << 12,
        };
        if known != 0 {
            return known;
        }
        self.stat().map_or(0, |stat| stat.st_mode & libc::S_IFMT)
    }

    /// Whether it is a folder, or a link to one that is followed.
    pub fn is_folder(&mut self) -> bool {
        self.kind() == libc::S_IFDIR
    }
}

/// Sorts what [`folder::read`] packed by name.
fn sort(packed: &mut Vec<u8>) {
    let mut list = Vec::new();
    let mut at = 0;
    let mut start = 0;
    while let Some((_, name)) = folder::next(packed, &mut at) {
        list.push((name, packed.get(start..at).unwrap_or_default()));
        start = at;
    }
    crate::order::sort_by(&mut list, |a, b| a.0.cmp(b.0));
    let mut sorted = Vec::with_capacity(packed.len());
    for (_, entry) in list {
        sorted.extend_from_slice(entry);
    }
    *packed = sorted;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Every step of a walk, in words.
    fn drawn(top: &std::path::Path, change: impl Fn(&mut Walk)) -> Vec<String> {
        let mut walk = Walk::new(Follow::Never);
        walk.sorted = true;
        change(&mut walk);
        walk.start(top.as_os_str().as_bytes());
        let mut list = Vec::new();
        while let Some(step) = walk.next() {
            let word = match step {
                Step::Entry => "",
                Step::Leave => "-",
                Step::Failed(_) => "!",
                Step::Lost(_) => "?",
            };
            let path = String::from_utf8_lossy(walk.path()).into_owned();
            let path = path.replace(top.to_str().unwrap(), "T");
            list.push(format!("{word}{path}"));
        }
        list
    }

    #[test]
    fn steps() {
        let top = std::env::temp_dir().join(format!("rescuebox-walk-{}", std::process::id()));
        fs::create_dir_all(top.join("a/b")).unwrap();
        fs::create_dir_all(top.join("empty")).unwrap();
        fs::write(top.join("a/f"), "").unwrap();
        fs::write(top.join("z"), "").unwrap();
        std::os::unix::fs::symlink("..", top.join("a/up")).unwrap();
        let all = [
            "T", "T/a", "T/a/b", "-T/a/b", "T/a/f", "T/a/up", "-T/a", "T/empty", "-T/empty", "T/z",
            "-T",
        ];
        assert_eq!(drawn(&top, |_| ()), all);
        assert_eq!(drawn(&top, |w| w.max_depth = 0), ["T", "-T"]);
        let flat = ["T", "T/a", "-T/a", "T/empty", "-T/empty", "T/z", "-T"];
        assert_eq!(drawn(&top, |w| w.max_depth = 1), flat);
        let followed = drawn(&top, |w| w.follow = Follow::Always);
        assert!(followed.contains(&"!T/a/up".to_string()), "{followed:?}");
        assert_eq!(drawn(&top.join("z"), |_| ()), ["T/z"].map(|s| s.replace("T/z", "T")));
        fs::remove_dir_all(&top).unwrap();
    }
}
