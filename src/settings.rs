//! `/etc/rescuebox.conf` of the image: who may do what when a boot fails.
//!
//! A line is `NAME = VALUE`; `#` begins a comment at the start of a line or
//! behind white space. Names: `lock` (yes, no: the kernel command line may only
//! tighten what stands here), `profile` (vm, host, locked), `shell` (yes, no),
//! `emergency` (reboot, poweroff, halt), `timeout` (seconds; 0: none),
//! `password` (a crypt string). A value that makes no sense is taken for the
//! strictest one.

use crate::applet::show_bytes;
use crate::cmdline::{Emergency, Profile};

/// What the image says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The command line may only tighten what stands here.
    pub lock: bool,
    /// `profile =`.
    pub profile: Option<Profile>,
    /// `shell =`: whether a shell may be had at all.
    pub shell: Option<bool>,
    /// `emergency =`: what is done without a shell.
    pub emergency: Option<Emergency>,
    /// `timeout =`, seconds; 0 is none.
    pub timeout: Option<u32>,
    /// `password =`, or root's in the image's /etc/shadow. One that is no
    /// crypt string is kept: it is a password that nobody has.
    pub password: Option<Vec<u8>>,
    /// What made no sense.
    pub complaints: Vec<String>,
}

impl Settings {
    /// Those of a file that is there and cannot be read: the strictest.
    pub fn unreadable() -> Settings {
        Settings { lock: true, profile: Some(Profile::Locked), ..Settings::default() }
    }

    /// Reads the file's text.
    pub fn parse(text: &[u8]) -> Settings {
        let mut settings = Settings::default();
        for line in text.split(|&b| b == b'\n') {
            let line = without_comment(line).trim_ascii();
            if line.is_empty() {
                continue;
            }
            let at = line.iter().position(|&b| b == b'=').unwrap_or(line.len());
            let (name, value) = line.split_at_checked(at).unwrap_or_default();
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            if let Err(why) = settings.take(name.trim_ascii(), value) {
                let shown = name.trim_ascii();
                let shown = show_bytes(shown.get(..40).unwrap_or(shown));
                settings.complaints.push(format!("/etc/rescuebox.conf: {shown}: {why}"));
            }
        }
        settings
    }

    fn take(&mut self, name: &[u8], value: &[u8]) -> Result<(), &'static str> {
        match name {
            b"lock" => {
                let lock = truth(value);
                self.lock |= lock.unwrap_or(true);
                lock.map(drop).ok_or("neither yes nor no, taken for yes")
            }
            b"profile" => {
                let profile = Profile::of_name(value);
                self.profile = self.profile.max(Some(profile.unwrap_or(Profile::Locked)));
                profile.map(drop).ok_or("not vm, host or locked, taken for locked")
            }
            b"shell" => {
                let shell = truth(value);
                self.shell = Some(shell == Some(true) && self.shell != Some(false));
                shell.map(drop).ok_or("neither yes nor no, taken for no")
            }
            b"emergency" => {
                let how = Emergency::of_name(value);
                self.emergency = Some(how.unwrap_or(Emergency::Halt));
                how.map(drop).ok_or("not reboot, poweroff or halt, taken for halt")
            }
            b"timeout" => {
                self.timeout = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
                self.timeout.map(drop).ok_or("not a number of seconds")
            }
            b"password" => {
                self.password = Some(value.to_vec());
                let good = value.starts_with(b"$6$") || value.starts_with(b"$y$");
                if good { Ok(()) } else { Err("neither $6$ nor $y$, so it lets nobody in") }
            }
            _ => Err("no setting of this program"),
        }
    }

    /// Takes root's password from the text of /etc/shadow, unless there is one.
    /// One that starts with `!` or `*`, or is empty or `x`, is none.
    pub fn add_shadow(&mut self, text: &[u8]) {
        if self.password.is_some() {
            return;
        }
        let root = text.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(b"root:"));
        let hash = root.and_then(|rest| rest.split(|&b| b == b':').next()).unwrap_or_default();
        if !matches!(hash, [] | b"x" | [b'!' | b'*', ..]) {
            self.password = Some(hash.to_vec());
        }
    }
}

fn without_comment(line: &[u8]) -> &[u8] {
    let begins = |at: usize| match at.checked_sub(1).map(|before| line.get(before)) {
        None => true,
        Some(before) => before.is_some_and(u8::is_ascii_whitespace),
    };
    let hash = |&at: &usize| line.get(at) == Some(&b'#') && begins(at);
    let end = (0..line.len()).find(hash).unwrap_or(line.len());
    line.get(..end).unwrap_or_default()
}

fn truth(value: &[u8]) -> Option<bool> {
    match value {
        b"yes" | b"1" | b"on" | b"true" => Some(true),
        b"no" | b"0" | b"off" | b"false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file() {
        let text = b"# who may\nlock=yes\n profile = host # by the door\nshell=no\n\
                     emergency = poweroff\ntimeout=30\npassword = $6$a#b$c\n\n";
        let s = Settings::parse(text);
        assert!(s.lock && s.complaints.is_empty(), "{:?}", s.complaints);
        assert_eq!(s.profile, Some(Profile::Host));
        assert_eq!(s.shell, Some(false));
        assert_eq!(s.emergency, Some(Emergency::Poweroff));
        assert_eq!(s.timeout, Some(30));
        assert_eq!(s.password.as_deref(), Some(b"$6$a#b$c".as_slice()));
        assert_eq!(Settings::parse(b""), Settings::default());
    }

    #[test]
    fn nonsense_is_strict() {
        let s = Settings::parse(
            b"lock\nprofile=vn\nshell=maybe\nemergency=now\ntimeout=x\npassword=abc\nlok=yes",
        );
        assert!(s.lock);
        assert_eq!(s.profile, Some(Profile::Locked));
        assert_eq!(s.shell, Some(false));
        assert_eq!(s.emergency, Some(Emergency::Halt));
        assert_eq!(s.timeout, None);
        assert_eq!(s.password.as_deref(), Some(b"abc".as_slice()));
        assert_eq!(s.complaints.len(), 7, "{:?}", s.complaints);
        assert_eq!(s.complaints[6], "/etc/rescuebox.conf: lok: no setting of this program");
        // Of two words the stricter one.
        assert!(Settings::parse(b"lock=yes\nlock=no").lock);
        assert_eq!(Settings::parse(b"shell=no\nshell=yes").shell, Some(false));
        assert_eq!(Settings::parse(b"profile=locked\nprofile=vm").profile, Some(Profile::Locked));
    }

    #[test]
    fn passwords_of_shadow() {
        let of = |text: &[u8]| {
            let mut s = Settings::default();
            s.add_shadow(text);
            s.password
        };
        assert_eq!(of(b"daemon:*:1\nroot:$y$j9T$x:1::"), Some(b"$y$j9T$x".to_vec()));
        assert_eq!(of(b"root:abc:1"), Some(b"abc".to_vec()));
        for none in ["", "root::1", "root:*:1", "root:!$6$x:1", "root:x:1", "toor:$6$x:"] {
            assert_eq!(of(none.as_bytes()), None, "{none}");
        }
        let mut s = Settings::parse(b"password=$6$a$b");
        s.add_shadow(b"root:$6$c$d:1");
        assert_eq!(s.password.as_deref(), Some(b"$6$a$b".as_slice()));
    }
}
