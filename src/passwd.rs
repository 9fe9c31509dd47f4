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

/// Field `number` of the line that begins with `name:`.
pub fn field<'a>(text: &'a [u8], name: &[u8], number: usize) -> Option<&'a [u8]> {
    let line = text
        .split(|&b| b == b'\n')
        .find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(b":")))?;
    line.split(|&b| b == b':').nth(number)
}

/// The text with fields of the line of `name` set.
pub fn with(text: &[u8], name: &[u8], fields: &[(usize, &[u8])]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 128);
    for line in text.split_inclusive(|&b| b == b'\n') {
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        if body.strip_prefix(name).is_none_or(|rest| !rest.starts_with(b":")) {
            out.extend_from_slice(line);
            continue;
        }
        for (at, old) in body.split(|&b| b == b':').enumerate() {
            if at > 0 {
                out.push(b':');
            }
            let new = fields.iter().find(|(number, _)| *number == at);
            out.extend_from_slice(new.map_or(old, |(_, new)| new));
        }
        out.push(b'\n');
    }
    out
}

/// The text without the lines of `name`.
pub fn without(text: &[u8], name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&b| b == b'\n') {
        if line.strip_prefix(name).is_none_or(|rest| !rest.starts_with(b":")) {
            out.extend_from_slice(line);
        }
    }
    out
}

/// The text with another line at its end.
pub fn with_line(text: &[u8], line: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    if out.last().is_some_and(|&b| b != b'\n') {
        out.push(b'\n');
    }
    out.extend_from_slice(line);
    out.push(b'\n');
    out
}

/// The place of the members in a line of group and gshadow.
const MEMBERS: usize = 3;

/// The text of group or gshadow with `member` added to `group`.
pub fn with_member(text: &[u8], group: &[u8], member: &[u8]) -> Vec<u8> {
    let Some(old) = field(text, group, MEMBERS) else { return text.to_vec() };
    if old.split(|&b| b == b',').any(|name| name == member) {
        return text.to_vec();
    }
    let comma: &[u8] = if old.is_empty() { b"" } else { b"," };
    with(text, group, &[(MEMBERS, &[old, comma, member].concat())])
}

/// The text of group or gshadow with `member` taken out of `group`, or out of
/// all.
pub fn without_member(text: &[u8], group: Option<&[u8]>, member: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    for line in text.split(|&b| b == b'\n') {
        let name = line.split(|&b| b == b':').next().unwrap_or_default();
        let Some(old) = field(line, name, MEMBERS).filter(|_| group.is_none_or(|g| g == name))
        else {
            continue;
        };
        if old.split(|&b| b == b',').any(|name| name == member) {
            let left: Vec<&[u8]> = old.split(|&b| b == b',').filter(|m| *m != member).collect();
            out = with(&out, name, &[(MEMBERS, &left.join(&b","[..]))]);
        }
    }
    out
}

/// Whether that may be the name of a user or group: letters, digits, `_`, and
/// behind the first `.` and `-`, at the end `$` (as busybox has it, so that it
/// is neither an option nor a path).
pub fn is_name(name: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let Some((first, rest)) = name.split_first() else { return false };
    let rest = rest.strip_suffix(b"$").unwrap_or(rest);
    plain(first) && name.len() < 256 && rest.iter().all(|b| plain(b) || b".-".contains(b))
}

/// Whether that can stand in a field.
pub fn is_field(text: &[u8]) -> bool {
    !text.iter().any(|b| b":\n\r\0".contains(b))
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

    #[test]
    fn fields() {
        let text = b"root:x:1:::\nro:y:2\n";
        assert_eq!(field(text, b"ro", 1), Some(&b"y"[..]));
        assert_eq!(field(text, b"r", 1), None);
        assert_eq!(with(text, b"ro", &[(1, b"new"), (2, b"9")]), b"root:x:1:::\nro:new:9\n");
        assert_eq!(with(b"a:b", b"a", &[(1, b"c")]), b"a:c\n");
        assert_eq!(with(text, b"none", &[(1, b"c")]), text);
    }

    #[test]
    fn members() {
        let text = b"a:x:1:\nb:x:2:me,you\nc:x:3:me\n";
        assert_eq!(with_member(text, b"a", b"me"), b"a:x:1:me\nb:x:2:me,you\nc:x:3:me\n");
        assert_eq!(with_member(text, b"b", b"they"), b"a:x:1:\nb:x:2:me,you,they\nc:x:3:me\n");
        assert_eq!(with_member(text, b"b", b"me"), text);
        assert_eq!(with_member(text, b"none", b"me"), text);
        assert_eq!(without_member(text, None, b"me"), b"a:x:1:\nb:x:2:you\nc:x:3:\n");
        assert_eq!(without_member(text, Some(b"c"), b"me"), b"a:x:1:\nb:x:2:me,you\nc:x:3:\n");
        assert_eq!(without_member(b"short:x\n:::me\n", None, b"me"), b"short:x\n:::\n");
        assert_eq!(without(text, b"b"), b"a:x:1:\nc:x:3:me\n");
        assert_eq!(with_line(b"x", b"y"), b"x\ny\n");
    }

    #[test]
    fn names() {
        for good in [&b"me"[..], b"_x", b"a.b-c", b"host$", b"9p"] {
            assert!(is_name(good));
        }
        for bad in [&b""[..], b"-x", b"..", b"$", b"a b", b"a:b", b"a/b", b"a$b", b"a\n"] {
            assert!(!is_name(bad));
        }
        assert!(is_field(b"Linux User,,,") && !is_field(b"a:b") && !is_field(b"a\nb"));
    }
}
