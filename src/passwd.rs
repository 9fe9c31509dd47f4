//! `/etc/passwd` and `/etc/group`, read directly: nothing of this program
//! needs the C library's name services. passwd(5), group(5).

/// A user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User<'a> {
    /// The name to log in with.
    pub name: &'a [u8],
    /// User id.
    pub uid: u32,
    /// The user's own group.
    pub gid: u32,
    /// Home folder.
    pub home: &'a [u8],
    /// Login shell; empty where the line names none.
    pub shell: &'a [u8],
}

/// A group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Group id.
    pub gid: u32,
    members: &'a [u8],
}

impl<'a> Group<'a> {
    /// Names of users that are in it besides those whose own group it is.
    pub fn members(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.members.split(|&b| b == b',').filter(|name| !name.is_empty())
    }
}

/// The users of the file's text; malformed lines are left out.
pub fn users(text: &[u8]) -> impl Iterator<Item = User<'_>> {
    lines(text).filter_map(|line| {
        let mut fields = line.split(|&b| b == b':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let uid = number(fields.nth(1)?)?;
        let gid = number(fields.next()?)?;
        let home = fields.nth(1).unwrap_or_default();
        let shell = fields.next().unwrap_or_default();
        Some(User { name, uid, gid, home, shell })
    })
}

/// The groups of the file's text; malformed lines are left out.
pub fn groups(text: &[u8]) -> impl Iterator<Item = Group<'_>> {
    lines(text).filter_map(|line| {
        let mut fields = line.split(|&b| b == b':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let gid = number(fields.nth(1)?)?;
        Some(Group { name, gid, members: fields.next().unwrap_or_default() })
    })
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&b| b == b'\n').filter(|line| !line.starts_with(b"#"))
}

/// An id in decimal. 4294967295 means "none" to the kernel and is no id.
pub fn number(text: &[u8]) -> Option<u32> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok().filter(|&id| id != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files() {
        let text =
            b"root:x:0:0:root:/root:/bin/sh\n#c:x:1:1\nbad:x:y:1\nme:x:1000:100:\n:x:1:1:::\n";
        let list: Vec<_> = users(text).collect();
        assert_eq!(list.len(), 2);
        assert_eq!(list[0].shell, b"/bin/sh");
        assert_eq!((list[1].name, list[1].uid, list[1].gid), (&b"me"[..], 1000, 100));
        assert_eq!(list[1].home, b"");
        let text = b"disk:x:6:me,you\nadm:x:4:\n";
        let list: Vec<_> = groups(text).collect();
        assert_eq!(list[0].members().collect::<Vec<_>>(), [b"me".as_slice(), b"you"]);
        assert_eq!((list[1].name, list[1].gid), (&b"adm"[..], 4));
    }

    #[test]
    fn ids() {
        assert_eq!(number(b"65534"), Some(65534));
        assert_eq!(number(b"4294967295"), None);
        assert_eq!(number(b"+1"), None);
        assert_eq!(number(b""), None);
    }
}
