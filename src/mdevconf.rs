//! `/etc/mdev.conf`: busybox's rules for device nodes (its docs/mdev.txt).
//!
//! ```text
//! [-][ENV=regex;]...REGEX|$ENV=REGEX|@MAJ[,MIN[-MIN]]  UID:GID MODE [=PATH|>PATH|!] [@|$|*COMMAND]
//! ```
//!
//! Names of users and expressions are texts here; who has the files and the C
//! library looks them up.

/// How a device is recognized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match<'a> {
    /// By its whole name.
    Name(&'a [u8]),
    /// By a variable of the event: its name, the expression.
    Variable(&'a [u8], &'a [u8]),
    /// By major and minor number; minors from, to.
    Number(u32, u32, u32),
}

/// What becomes of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// As it is.
    Own,
    /// `=PATH`: renamed, or into a folder.
    Moved(&'a [u8]),
    /// `>PATH`: renamed, with a link where it was.
    Linked(&'a [u8]),
    /// `!`: no node.
    None,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule<'a> {
    /// Number of the line.
    pub line: usize,
    /// `-`: later rules count as well.
    pub go_on: bool,
    /// Variables that must match, with their expressions.
    pub conditions: Vec<(&'a [u8], &'a [u8])>,
    /// Which devices.
    pub device: Match<'a>,
    /// Owner.
    pub user: &'a [u8],
    /// Group.
    pub group: &'a [u8],
    /// Permissions.
    pub mode: u32,
    /// What becomes of the name.
    pub place: Place<'a>,
    /// When the command is run: `@` behind making, `$` before removing, `*`
    /// both.
    pub when: u8,
    /// The command, for a shell.
    pub command: &'a [u8],
}

/// What is done with a device that no rule is about.
pub const DEFAULT: Rule = Rule {
    line: 0,
    go_on: false,
    conditions: Vec::new(),
    device: Match::Name(b""),
    user: b"0",
    group: b"0",
    mode: 0o660,
    place: Place::Own,
    when: 0,
    command: b"",
};

/// More lines than this are no configuration.
const LINES_MAX: usize = 10_000;

/// The rules of a text, and the numbers of the lines that are none.
pub fn parse(text: &[u8]) -> (Vec<Rule<'_>>, Vec<usize>) {
    let mut rules = Vec::new();
    let mut wrong = Vec::new();
    for (number, line) in (1..).zip(text.split(|&b| b == b'\n')).take(LINES_MAX) {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        match rule(line, number) {
            Some(rule) => rules.push(rule),
            None => wrong.push(number),
        }
    }
    (rules, wrong)
}

/// The first word and what is behind the white space after it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, b""));
    (word, rest.trim_ascii_start())
}

fn rule(line: &[u8], number: usize) -> Option<Rule<'_>> {
    let (mut what, rest) = word(line);
    let mut rule = Rule { line: number, ..DEFAULT };
    if let Some(tail) = what.strip_prefix(b"-") {
        rule.go_on = true;
        what = tail;
    }
    // VARIABLE=expression; in front of the device
    while let Some(end) = what.iter().position(|&b| b == b';') {
        let (condition, tail) = what.split_at_checked(end)?;
        let Some(equals) = condition.iter().position(|&b| b == b'=') else { break };
        let name = condition.get(..equals)?;
        if !is_variable(name) {
            break;
        }
        rule.conditions.push((name, condition.get(equals + 1..)?));
        what = tail.get(1..)?;
    }
    rule.device = device(what)?;
    let (owner, rest) = word(rest);
    if owner.is_empty() {
        return Some(rule);
    }
    let colon = owner.iter().position(|&b| b == b':')?;
    (rule.user, rule.group) = (owner.get(..colon)?, owner.get(colon + 1..)?);
    let (mode, mut rest) = word(rest);
    rule.mode = str::from_utf8(mode).ok().and_then(|mode| u32::from_str_radix(mode, 8).ok())?;
    if rule.mode > 0o7777 {
        return None;
    }
    let (place, behind) = word(rest);
    match place.split_first() {
        Some((b'=', path)) => rule.place = Place::Moved(path),
        Some((b'>', path)) => rule.place = Place::Linked(path),
        Some((b'!', _)) => rule.place = Place::None,
        _ => {}
    }
    if rule.place != Place::Own {
        rest = behind;
    }
    if let Some((&when, command)) = rest.split_first() {
        if !matches!(when, b'@' | b'$' | b'*') {
            return None;
        }
        rule.when = when;
        rule.command = command.trim_ascii();
    }
    Some(rule)
}

fn is_variable(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'_')
}

fn device(what: &[u8]) -> Option<Match<'_>> {
    if let Some(numbers) = what.strip_prefix(b"@") {
        let text = str::from_utf8(numbers).ok()?;
        let (major, minors) = text.split_once(',').unwrap_or((text, ""));
        let (from, to) = minors.split_once('-').unwrap_or((minors, minors));
        // Without minors busybox means the first.
        let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse().ok() };
        return Some(Match::Number(major.parse().ok()?, number(from)?, number(to)?));
    }
    if let Some(variable) = what.strip_prefix(b"$") {
        let equals = variable.iter().position(|&b| b == b'=')?;
        return Some(Match::Variable(variable.get(..equals)?, variable.get(equals + 1..)?));
    }
    if what.is_empty() { None } else { Some(Match::Name(what)) }
}

/// A path of a rule with the parts of the name that the expression caught:
/// `%1` to `%9`, `%0` for all of it. A path that ends in a slash is a folder
/// for the name.
pub fn place(path: &[u8], name: &[u8], parts: &[Option<(usize, usize)>], text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len() + name.len());
    let mut rest = path;
    while let Some((&b, tail)) = rest.split_first() {
        rest = tail;
        match (b, tail.first()) {
            (b'%', Some(digit)) if digit.is_ascii_digit() => {
                let span = parts.get(usize::from(digit - b'0')).copied().flatten();
                if let Some((from, to)) = span {
                    out.extend_from_slice(text.get(from..to).unwrap_or_default());
                }
                rest = tail.get(1..).unwrap_or_default();
            }
            _ => out.push(b),
        }
    }
    if out.ends_with(b"/") {
        out.extend_from_slice(name);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Rule<'_> {
        rule(line.as_bytes(), 1).unwrap()
    }

    #[test]
    fn lines() {
        let text = b"# c\n\nsda 0:6 640\nbad\tx\n  null root:root 666 @echo $MDEV\n";
        let (rules, wrong) = parse(text);
        assert_eq!(wrong, [4]);
        assert_eq!(rules.len(), 2);
        assert_eq!((rules[0].user, rules[0].group, rules[0].mode), (&b"0"[..], &b"6"[..], 0o640));
        assert_eq!((rules[1].when, rules[1].command), (b'@', &b"echo $MDEV"[..]));
        assert_eq!(rules[1].line, 5);
    }

    #[test]
    fn devices() {
        assert_eq!(one("@8,1-5 0:0 600").device, Match::Number(8, 1, 5));
        assert_eq!(one("@8,3 0:0 600").device, Match::Number(8, 3, 3));
        assert_eq!(one("@8 0:0 600").device, Match::Number(8, 0, 0));
        assert_eq!(
            one("$MODALIAS=.* 0:0 660 @modprobe -q \"$MODALIAS\"").device,
            Match::Variable(b"MODALIAS", b".*")
        );
        let rule = one("-SUBSYSTEM=usb;DEVTYPE=usb_device;.* 0:0 660");
        assert!(rule.go_on);
        assert_eq!(
            rule.conditions,
            [(&b"SUBSYSTEM"[..], &b"usb"[..]), (b"DEVTYPE", b"usb_device")]
        );
        assert_eq!(rule.device, Match::Name(b".*"));
    }

    #[test]
    fn places() {
        assert_eq!(one("a 0:0 600 =b/").place, Place::Moved(b"b/"));
        assert_eq!(one("a 0:0 600 >b/%1 *cmd x").place, Place::Linked(b"b/%1"));
        assert_eq!(one("a 0:0 600 !").place, Place::None);
        assert_eq!(one("a 0:0 600 ! @cmd").command, b"cmd");
        assert!(rule(b"a 0:0 600 what", 1).is_none());
        assert!(rule(b"a 0 600", 1).is_none());
        assert!(rule(b"a 0:0 9", 1).is_none());
        let parts = [Some((0, 4)), Some((3, 4))];
        assert_eq!(place(b"disk/%1", b"sda1", &parts, b"sda1"), b"disk/1");
        assert_eq!(place(b"disk/", b"sda1", &parts, b"sda1"), b"disk/sda1");
        assert_eq!(place(b"%0x%7", b"sda1", &parts, b"sda1"), b"sda1x");
    }
}
