//! The terminals that a rescue shell appears on: every console that the
//! command line names, `rescue.tty=`, and the first virtual terminal of a
//! machine with a screen.

use nix::unistd::{AccessFlags, access};

use super::policy::Line;
use crate::cmdline::Cmdline;
use crate::dev::{names, read_small};

/// More terminals than this get no shell.
const MOST: usize = 8;

/// A terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// Its name below /dev.
    pub name: Vec<u8>,
    /// Where its other end is.
    pub line: Line,
}

impl Console {
    fn of(name: &[u8]) -> Console {
        let number = name.strip_prefix(b"tty").unwrap_or_default();
        let screen = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
        let line = if screen { Line::Screen } else { Line::Wire };
        Console { name: name.to_vec(), line }
    }

    /// The device's path.
    pub fn path(&self) -> Vec<u8> {
        [b"/dev/", self.name.as_slice()].concat()
    }
}

/// The terminals there are, at least one; the first is the main one.
pub fn consoles(cmdline: &Cmdline) -> Vec<Console> {
    // The list of registered consoles ends with the one that /dev/console is.
    let active = read_small("/sys/class/tty/console/active", 256).unwrap_or_default();
    let exists = |name: &[u8]| {
        let path = [b"/dev/", name].concat();
        access(path.as_slice(), AccessFlags::F_OK).is_ok()
    };
    choose(cmdline, &active, has_screen(), &exists)
}

fn choose(
    cmdline: &Cmdline,
    active: &[u8],
    screen: bool,
    exists: &dyn Fn(&[u8]) -> bool,
) -> Vec<Console> {
    let main = active.trim_ascii_end().rsplit(|&b| b == b' ').next().unwrap_or_default();
    let mut wanted: Vec<&[u8]> = Vec::new();
    // The last one named is /dev/console: it comes first here.
    wanted.extend(cmdline.consoles.iter().rev());
    if wanted.is_empty() {
        wanted.push(main);
    }
    for name in &cmdline.ttys {
        wanted.push(name.strip_prefix(b"/dev/").unwrap_or(name));
    }
    if screen {
        wanted.push(b"tty1");
    }
    let mut list: Vec<Console> = Vec::new();
    for name in wanted {
        // tty0 is whichever virtual terminal is in front.
        let name = if name == b"tty0" { b"tty1".as_slice() } else { name };
        let odd = name.is_empty() || name.starts_with(b".") || name.contains(&b'/');
        // These take what is written, and nobody sits there.
        let deaf = matches!(name, b"null" | b"ttynull" | b"ttyprintk");
        if odd || deaf || list.len() >= MOST || list.iter().any(|c| c.name == name) {
            continue;
        }
        if exists(name) {
            list.push(Console::of(name));
        }
    }
    if list.is_empty() {
        let line = Console::of(if main == b"tty0" { b"tty1" } else { main }).line;
        list.push(Console { name: b"console".into(), line });
    }
    list
}

/// Whether a virtual terminal is shown anywhere: the kernel's stand-in for a
/// screen that is not there calls itself a dummy.
fn has_screen() -> bool {
    names("/sys/class/vtconsole").iter().any(|name| {
        let name = String::from_utf8_lossy(name);
        let path = ["/sys/class/vtconsole/", &name, "/name"].concat();
        read_small(&path, 64).is_ok_and(|kind| !kind.windows(5).any(|w| w == b"dummy"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str, active: &str, screen: bool, there: &str) -> String {
        let cmdline = Cmdline::parse(line.as_bytes());
        let exists = |name: &[u8]| there.split(' ').any(|t| t.as_bytes() == name);
        let list = choose(&cmdline, active.as_bytes(), screen, &exists);
        let text = |c: &Console| {
            let mark = if c.line == Line::Screen { "*" } else { "" };
            format!("{}{mark}", String::from_utf8_lossy(&c.name))
        };
        list.iter().map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn which_terminals() {
        let all = "tty1 tty2 ttyS0 ttyS1 hvc0 null";
        assert_eq!(of("console=ttyS0,115200", "ttyS0\n", false, all), "ttyS0");
        assert_eq!(of("console=tty0 console=ttyS0", "tty0 ttyS0\n", true, all), "ttyS0 tty1*");
        assert_eq!(of("console=ttyS0 console=tty0", "ttyS0 tty0\n", true, all), "tty1* ttyS0");
        assert_eq!(of("console=ttyS0", "ttyS0\n", true, all), "ttyS0 tty1*");
        assert_eq!(
            of("console=hvc0 rescue.tty=/dev/ttyS1,tty2", "", false, all),
            "hvc0 ttyS1 tty2*"
        );
        assert_eq!(of("", "tty0\n", true, all), "tty1*");
        assert_eq!(of("", "ttyS0\n", false, all), "ttyS0");
        assert_eq!(of("", "", false, all), "console");
        assert_eq!(of("console=", "tty0", false, "null"), "console*");
        assert_eq!(of("console=null console=ttyS9", "ttyS9", false, all), "console");
        assert_eq!(of("console=ttyS0 rescue.tty=../sda,ttyS0,.", "", false, all), "ttyS0");
        let many: Vec<String> = (0..20).map(|n| format!("console=ttyS{n}")).collect();
        let there: Vec<String> = (0..20).map(|n| format!("ttyS{n}")).collect();
        assert_eq!(of(&many.join(" "), "", false, &there.join(" ")).split(' ').count(), MOST);
    }
}
