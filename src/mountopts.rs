//! Option strings of mount: which words are flags of the kernel, which are
//! mount's own, and what is left for the filesystem. mount(8), mount(2).

use crate::size;

// Flags of mount(2), <linux/mount.h>. They are numbers of the system call
// interface; the C library's header has not all of them.
/// Read-only.
pub const RDONLY: u64 = 1;
/// Set-user-id bits mean nothing.
pub const NOSUID: u64 = 1 << 1;
/// Device nodes cannot be opened.
pub const NODEV: u64 = 1 << 2;
/// Nothing can be executed.
pub const NOEXEC: u64 = 1 << 3;
/// Writes are synchronous.
pub const SYNCHRONOUS: u64 = 1 << 4;
/// Change the options of what is mounted.
pub const REMOUNT: u64 = 1 << 5;
/// Mandatory locks.
pub const MANDLOCK: u64 = 1 << 6;
/// Changes of folders are synchronous.
pub const DIRSYNC: u64 = 1 << 7;
/// Symbolic links are not followed.
pub const NOSYMFOLLOW: u64 = 1 << 8;
/// No access times.
pub const NOATIME: u64 = 1 << 10;
/// No access times of folders.
pub const NODIRATIME: u64 = 1 << 11;
/// Show a folder at a second place.
pub const BIND: u64 = 1 << 12;
/// Move a mount.
pub const MOVE: u64 = 1 << 13;
/// With what is mounted below.
pub const REC: u64 = 1 << 14;
/// No message of the kernel on failure.
pub const SILENT: u64 = 1 << 15;
/// Propagation: neither gives nor gets, and cannot be bound.
pub const UNBINDABLE: u64 = 1 << 17;
/// Propagation: neither gives nor gets.
pub const PRIVATE: u64 = 1 << 18;
/// Propagation: gets, does not give.
pub const SLAVE: u64 = 1 << 19;
/// Propagation: gives and gets.
pub const SHARED: u64 = 1 << 20;
/// Access times when older than the modification.
pub const RELATIME: u64 = 1 << 21;
/// The inode version counts.
pub const I_VERSION: u64 = 1 << 23;
/// Access times always.
pub const STRICTATIME: u64 = 1 << 24;
/// Times are written late.
pub const LAZYTIME: u64 = 1 << 25;

/// The flags that belong to a mount and not to its filesystem: what a bind
/// mount can change.
pub const PER_MOUNT: u64 =
    RDONLY | NOSUID | NODEV | NOEXEC | NOATIME | NODIRATIME | RELATIME | STRICTATIME | NOSYMFOLLOW;

const ATIMES: u64 = NOATIME | RELATIME | STRICTATIME;

/// Words that set flags and clear others, sorted by word.
const WORDS: [(&[u8], u64, u64); 37] = [
    (b"async", 0, SYNCHRONOUS),
    (b"atime", 0, NOATIME),
    (b"bind", BIND, 0),
    (b"dev", 0, NODEV),
    (b"diratime", 0, NODIRATIME),
    (b"dirsync", DIRSYNC, 0),
    (b"exec", 0, NOEXEC),
    (b"iversion", I_VERSION, 0),
    (b"lazytime", LAZYTIME, 0),
    (b"loud", 0, SILENT),
    (b"mand", MANDLOCK, 0),
    (b"move", MOVE, 0),
    (b"noatime", NOATIME, ATIMES),
    (b"nodev", NODEV, 0),
    (b"nodiratime", NODIRATIME, 0),
    (b"noexec", NOEXEC, 0),
    (b"noiversion", 0, I_VERSION),
    (b"nolazytime", 0, LAZYTIME),
    (b"nomand", 0, MANDLOCK),
    (b"norelatime", 0, RELATIME),
    (b"nostrictatime", 0, STRICTATIME),
    (b"nosuid", NOSUID, 0),
    (b"nosymfollow", NOSYMFOLLOW, 0),
    (b"owner", NOSUID | NODEV, 0),
    (b"rbind", BIND | REC, 0),
    (b"relatime", RELATIME, ATIMES),
    (b"remount", REMOUNT, 0),
    (b"ro", RDONLY, 0),
    (b"rw", 0, RDONLY),
    (b"silent", SILENT, 0),
    (b"strictatime", STRICTATIME, ATIMES),
    (b"suid", 0, NOSUID),
    (b"symfollow", 0, NOSYMFOLLOW),
    (b"sync", SYNCHRONOUS, 0),
    (b"group", NOSUID | NODEV, 0),
    (b"user", NOSUID | NODEV | NOEXEC, 0),
    (b"users", NOSUID | NODEV | NOEXEC, 0),
];

/// Words that change how mounts propagate.
const PROPAGATION: [(&[u8], u64); 8] = [
    (b"private", PRIVATE),
    (b"rprivate", PRIVATE | REC),
    (b"rshared", SHARED | REC),
    (b"rslave", SLAVE | REC),
    (b"runbindable", UNBINDABLE | REC),
    (b"shared", SHARED),
    (b"slave", SLAVE),
    (b"unbindable", UNBINDABLE),
];

/// Words of mount itself that neither the kernel nor a helper is told.
const OWN: [&[u8]; 10] = [
    b"_netdev",
    b"auto",
    b"comment",
    b"defaults",
    b"helper",
    b"noauto",
    b"nofail",
    b"nouser",
    b"uhelper",
    b"nogroup",
];

/// What an option string asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Flags of mount(2).
    pub flags: u64,
    /// Flags that a word spoke about, whether it set or cleared them.
    pub mentioned: u64,
    /// Words for the filesystem, comma separated.
    pub data: Vec<u8>,
    /// Changes of propagation, each a call of its own.
    pub propagation: Vec<u64>,
    /// `loop` or `loop=DEVICE`.
    pub loop_device: Option<Vec<u8>>,
    /// `offset=`: where in the file the filesystem starts, in bytes.
    pub offset: Option<u64>,
    /// `sizelimit=`: how long it is, in bytes.
    pub size_limit: Option<u64>,
    /// `X-mount.mkdir[=MODE]`: make the mount point.
    pub make_target: Option<u32>,
    /// `nofail`: a device that is not there is no error.
    pub nofail: bool,
    /// `noauto`: not with `mount -a`.
    pub noauto: bool,
}

/// Why an option string cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadOption(pub Vec<u8>);

impl Options {
    /// The options of a comma separated list.
    pub fn parse(list: &[u8]) -> Result<Options, BadOption> {
        let mut options = Options::default();
        options.add(list)?;
        Ok(options)
    }

    /// Adds a list; what it says goes over what was said before.
    pub fn add(&mut self, list: &[u8]) -> Result<(), BadOption> {
        for word in words(list) {
            self.add_word(word)?;
        }
        Ok(())
    }

    fn add_word(&mut self, word: &[u8]) -> Result<(), BadOption> {
        let (name, value) = match word.iter().position(|&b| b == b'=') {
            Some(at) => (word.get(..at).unwrap_or_default(), word.get(at + 1..)),
            None => (word, None),
        };
        let bad = || BadOption(word.to_vec());
        if value.is_none()
            && let Some(&(_, set, clear)) = WORDS.iter().find(|(w, _, _)| *w == name)
        {
            self.flags = self.flags & !clear | set;
            self.mentioned |= set | clear;
            return Ok(());
        }
        if value.is_none()
            && let Some(&(_, flag)) = PROPAGATION.iter().find(|(w, _)| *w == name)
        {
            self.propagation.push(flag);
            return Ok(());
        }
        match name {
            b"" if value.is_none() => {}
            b"loop" => self.loop_device = Some(value.unwrap_or_default().to_vec()),
            b"offset" => self.offset = Some(value.and_then(size::parse).ok_or_else(bad)?),
            b"sizelimit" => self.size_limit = Some(value.and_then(size::parse).ok_or_else(bad)?),
            b"X-mount.mkdir" | b"x-mount.mkdir" => {
                let mode = match value {
                    None => Some(0o755),
                    Some(v) => {
                        std::str::from_utf8(v).ok().and_then(|v| u32::from_str_radix(v, 8).ok())
                    }
                };
                self.make_target = Some(mode.filter(|m| *m <= 0o7777).ok_or_else(bad)?);
            }
            _ if name.starts_with(b"x-") || name.starts_with(b"X-") => {}
            _ if OWN.contains(&name) => {
                self.nofail |= name == b"nofail";
                self.noauto |= name == b"noauto";
                self.noauto &= name != b"auto";
            }
            _ => {
                push_word(&mut self.data, &unquoted(word));
            }
        }
        Ok(())
    }

    /// The list as a helper (`mount.nfs -o`) is given it: what was said,
    /// without words that are mount's own.
    pub fn for_helper(&self) -> Vec<u8> {
        let mut list = if self.flags & RDONLY != 0 { b"ro".to_vec() } else { b"rw".to_vec() };
        for (word, set, _) in WORDS {
            let plain = set.count_ones() == 1 && set & (RDONLY | REMOUNT | SILENT) == 0;
            let said = self.flags & set == set && self.mentioned & set == set;
            if plain && said && !matches!(word, b"owner" | b"group" | b"user" | b"users") {
                push_word(&mut list, word);
            }
        }
        if self.flags & REMOUNT != 0 {
            push_word(&mut list, b"remount");
        }
        if !self.data.is_empty() {
            push_word(&mut list, &self.data);
        }
        list
    }
}

fn push_word(list: &mut Vec<u8>, word: &[u8]) {
    if !list.is_empty() {
        list.push(b',');
    }
    list.extend_from_slice(word);
}

/// The words of a list: commas inside double quotes do not part
/// (`context="a:b:c0,c1"`).
fn words(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    list.split(move |&b| {
        quoted ^= b == b'"';
        b == b',' && !quoted
    })
    .filter(|word| !word.is_empty())
}

/// The value of an SELinux option loses the quotes that kept it together;
/// every other word is the filesystem's business as it is.
fn unquoted(word: &[u8]) -> Vec<u8> {
    const SELINUX: [&[u8]; 4] = [b"context=", b"defcontext=", b"fscontext=", b"rootcontext="];
    if SELINUX.iter().any(|name| word.starts_with(name)) {
        word.iter().copied().filter(|&b| b != b'"').collect()
    } else {
        word.to_vec()
    }
}

/// The per-mount flags of an option list as the kernel prints it in
/// mountinfo.
pub fn flags_of(list: &[u8]) -> u64 {
    let mut flags = 0;
    for word in words(list) {
        if let Some(&(_, set, clear)) = WORDS.iter().find(|(w, _, _)| *w == word) {
            flags = flags & !clear | set;
        }
    }
    flags
}

/// Whether a filesystem type is meant by `-t LIST`: `ext4,xfs`, or all but
/// these with `no` before them (`noproc,sysfs`; each may have its own `no`).
pub fn type_matches(list: &[u8], fstype: &[u8]) -> bool {
    let (list, negated) = match list.strip_prefix(b"no") {
        Some(rest) => (rest, true),
        None => (list, false),
    };
    let named = list.split(|&b| b == b',').any(|word| {
        let word = if negated { word.strip_prefix(b"no").unwrap_or(word) } else { word };
        word == fstype
    });
    named != negated
}

/// Whether options are meant by `-O LIST`: each word of the list must be
/// among them, one with `no` before it must not; `+noexec` is the word itself.
pub fn options_match(list: &[u8], options: &[u8]) -> bool {
    let has = |wanted: &[u8]| words(options).any(|word| word == wanted);
    words(list).all(|word| match (word.strip_prefix(b"+"), word.strip_prefix(b"no")) {
        (Some(exact), _) => has(exact),
        (None, Some(rest)) => !has(rest),
        (None, None) => has(word),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_data() {
        let o = Options::parse(b"ro,nosuid,size=4k,mode=755,noauto,x-foo=1,,nofail").unwrap();
        assert_eq!(o.flags, RDONLY | NOSUID);
        assert_eq!(o.data, b"size=4k,mode=755");
        assert!(o.noauto && o.nofail);
        let o = Options::parse(b"defaults").unwrap();
        assert_eq!(o, Options::default());
    }

    #[test]
    fn the_last_word_wins() {
        assert_eq!(Options::parse(b"ro,rw").unwrap().flags, 0);
        assert_eq!(Options::parse(b"rw,ro").unwrap().flags, RDONLY);
        assert_eq!(Options::parse(b"user,exec").unwrap().flags, NOSUID | NODEV);
        assert_eq!(Options::parse(b"noatime,relatime").unwrap().flags, RELATIME);
        assert_eq!(Options::parse(b"ro,rw").unwrap().mentioned, RDONLY);
    }

    #[test]
    fn propagation_and_binding() {
        let o = Options::parse(b"rbind,rslave,ro").unwrap();
        assert_eq!(o.flags, BIND | REC | RDONLY);
        assert_eq!(o.propagation, [SLAVE | REC]);
    }

    #[test]
    fn loops() {
        let o = Options::parse(b"loop=/dev/loop3,offset=1M,sizelimit=512").unwrap();
        assert_eq!(o.loop_device.as_deref(), Some(&b"/dev/loop3"[..]));
        assert_eq!((o.offset, o.size_limit), (Some(1 << 20), Some(512)));
        assert_eq!(Options::parse(b"offset=x").unwrap_err(), BadOption(b"offset=x".to_vec()));
        assert_eq!(Options::parse(b"loop").unwrap().loop_device.as_deref(), Some(&b""[..]));
    }

    #[test]
    fn quotes_keep_commas() {
        let o = Options::parse(b"context=\"u:r:t:s0,c1\",ro").unwrap();
        assert_eq!(o.data, b"context=u:r:t:s0,c1");
        assert_eq!(o.flags, RDONLY);
    }

    #[test]
    fn a_helper_is_told() {
        let o = Options::parse(b"noatime,user,exec,vers=4.2,noauto").unwrap();
        assert_eq!(o.for_helper(), b"rw,noatime,nodev,nosuid,vers=4.2");
        assert_eq!(Options::parse(b"ro,remount").unwrap().for_helper(), b"ro,remount");
    }

    #[test]
    fn filters() {
        assert!(type_matches(b"ext4,xfs", b"xfs"));
        assert!(!type_matches(b"noext4,xfs", b"xfs"));
        assert!(type_matches(b"noext4,nonfs", b"xfs"));
        assert!(!type_matches(b"noext4,nonfs", b"nfs"));
        assert!(options_match(b"_netdev", b"rw,_netdev"));
        assert!(!options_match(b"no_netdev", b"rw,_netdev"));
        assert!(options_match(b"+noatime", b"noatime"));
        assert!(!options_match(b"+noatime", b"atime"));
        assert!(options_match(b"noatime,ro", b"ro"));
        assert!(!options_match(b"ro,nosuid", b"suid,ro"));
    }
}
