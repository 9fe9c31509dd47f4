//! The kernel's list of mounts, `/proc/self/mountinfo`.
//!
//! proc(5): `ID PARENT MAJ:MIN ROOT TARGET OPTIONS TAG... - TYPE SOURCE SUPER`,
//! with blanks, tabs, newlines and backslashes of names as octal escapes.

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Its number in this mount namespace.
    pub id: u32,
    /// The number of the mount that it sits on; its own for the topmost.
    pub parent: u32,
    /// Device number of its files, major and minor.
    pub device: (u32, u32),
    /// The folder of the filesystem that is its root: `/`, or another one for
    /// a bind mount.
    pub root: Vec<u8>,
    /// Where it is mounted, relative to the root of the reading process.
    pub target: Vec<u8>,
    /// Options of this mount (`rw,nosuid`).
    pub options: Vec<u8>,
    /// `shared:N`, `master:N`, `propagate_from:N`, `unbindable`.
    pub tags: Vec<Vec<u8>>,
    /// Type of filesystem, with its subtype (`fuse.sshfs`).
    pub fstype: Vec<u8>,
    /// What is mounted: a device, or a name of the filesystem's own.
    pub source: Vec<u8>,
    /// Options of the filesystem (`rw,size=4k`).
    pub super_options: Vec<u8>,
}

impl Mount {
    /// One line; `None` when it has not the documented form.
    pub fn parse(line: &[u8]) -> Option<Mount> {
        let mut words = line.split(|&b| b == b' ').filter(|w| !w.is_empty());
        let id = number(words.next()?)?;
        let parent = number(words.next()?)?;
        let mut device = words.next()?.split(|&b| b == b':');
        let device = (number(device.next()?)?, number(device.next()?)?);
        let root = unescape(words.next()?);
        let target = unescape(words.next()?);
        let options = unescape(words.next()?);
        let mut tags = Vec::new();
        loop {
            match words.next()? {
                b"-" => break,
                tag => tags.push(tag.to_vec()),
            }
        }
        let fstype = unescape(words.next()?);
        // An empty source is printed as nothing at all: two blanks.
        let (source, super_options) = match (words.next(), words.next()) {
            (Some(source), Some(options)) => (unescape(source), unescape(options)),
            (Some(options), None) => (Vec::new(), unescape(options)),
            _ => return None,
        };
        Some(Mount {
            id,
            parent,
            device,
            root,
            target,
            options,
            tags,
            fstype,
            source,
            super_options,
        })
    }

    /// All options as mount(8) lists them: `rw` or `ro` first, each once. The
    /// filesystem is read-only when either the mount or the superblock is.
    pub fn all_options(&self) -> Vec<u8> {
        let read_only = |list: &[u8]| list.split(|&b| b == b',').any(|o| o == b"ro");
        let ro = read_only(&self.options) || read_only(&self.super_options);
        let mut all = if ro { b"ro".to_vec() } else { b"rw".to_vec() };
        for list in [&self.options, &self.super_options] {
            for option in list.split(|&b| b == b',') {
                if !option.is_empty() && option != b"ro" && option != b"rw" {
                    all.push(b',');
                    all.extend_from_slice(option);
                }
            }
        }
        all
    }
}

/// All mounts of the text, in its order (a mount comes behind its parent).
/// Lines of another form are left out.
pub fn parse(text: &[u8]) -> Vec<Mount> {
    let mut list = Vec::new();
    for line in text.split(|&b| b == b'\n') {
        list.extend(Mount::parse(line));
    }
    list
}

/// The mount that `path`, absolute and without symbolic links, is on.
pub fn containing<'a>(mounts: &'a [Mount], path: &[u8]) -> Option<&'a Mount> {
    // Of mounts on the same folder the last one hides the others.
    mounts.iter().rev().filter(|m| is_below(path, &m.target)).max_by_key(|m| m.target.len())
}

/// Whether `path` is `folder` or inside it, by name.
pub fn is_below(path: &[u8], folder: &[u8]) -> bool {
    if folder == b"/" {
        return path.starts_with(b"/");
    }
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Undoes `\040`-like escapes of the kernel and of fstab.
pub fn unescape(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'\\'
            && let Some(&[a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7']) = tail.first_chunk()
        {
            out.push(((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'));
            rest = tail.get(3..).unwrap_or_default();
        } else {
            out.push(first);
            rest = tail;
        }
    }
    out
}

fn number(word: &[u8]) -> Option<u32> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n\
22 21 0:21 / /proc rw,nosuid - proc proc rw\n\
garbage\n\
30 21 0:40 /sub\\040dir /mnt/a\\040b\\134c ro shared:7 master:3 - tmpfs  rw,size=4k\n\
31 30 0:41 / /mnt/a\\040b\\134c/x rw - fuse.sshfs host:/ ro\n";

    #[test]
    fn lines() {
        let mounts = parse(TEXT);
        assert_eq!(mounts.len(), 4);
        assert_eq!(mounts[0].device, (8, 1));
        assert_eq!(mounts[0].all_options(), b"rw,relatime,errors=remount-ro");
        assert_eq!(mounts[2].target, b"/mnt/a b\\c");
        assert_eq!(mounts[2].root, b"/sub dir");
        assert_eq!(mounts[2].source, b"");
        assert_eq!(mounts[2].tags, [b"shared:7".to_vec(), b"master:3".to_vec()]);
        assert_eq!(mounts[2].all_options(), b"ro,size=4k");
        assert_eq!(mounts[3].fstype, b"fuse.sshfs");
        assert_eq!(mounts[3].all_options(), b"ro");
    }

    #[test]
    fn the_mount_of_a_path() {
        let mounts = parse(TEXT);
        let id = |path: &[u8]| containing(&mounts, path).map(|m| m.id);
        assert_eq!(id(b"/proc/self"), Some(22));
        assert_eq!(id(b"/procfs"), Some(21));
        assert_eq!(id(b"/mnt/a b\\c/x"), Some(31));
        assert_eq!(id(b"/mnt/a b\\c/xy"), Some(30));
        assert_eq!(id(b"relative"), None);
    }

    #[test]
    fn escapes() {
        assert_eq!(unescape(b"a\\040b\\011\\"), b"a b\t\\");
        assert_eq!(unescape(b"\\999\\04\\400"), b"\\999\\04\\400");
        assert_eq!(unescape(b"\\377\\134040"), b"\xff\\040");
    }
}
