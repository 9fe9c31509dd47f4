//! What the kernel says of devices (`lib/kobject_uevent.c`): a headline
//! `ACTION@PATH` and `NAME=VALUE` words, each ended by NUL.

/// A message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uevent<'a> {
    /// `add`, `remove`, `change`, `move`, `bind`, ...
    pub action: &'a [u8],
    /// The device's folder below /sys.
    pub devpath: &'a [u8],
    /// `block`, `tty`, ...
    pub subsystem: &'a [u8],
    /// Its name below /dev, when it has a node.
    pub devname: &'a [u8],
    /// How many messages the kernel has sent.
    pub number: u64,
    /// All the words, `NAME=VALUE` and NUL.
    pub words: &'a [u8],
}

impl<'a> Uevent<'a> {
    /// Reads a message; `None` when it is none of the kernel's (those of udev
    /// begin with `libudev`), or one that was cut off.
    pub fn parse(message: &'a [u8]) -> Option<Uevent<'a>> {
        let (&0, _) = message.split_last()? else { return None };
        let at = message.iter().position(|&b| b == 0)?;
        let (head, words) = message.split_at_checked(at + 1)?;
        let slash = head.iter().position(|&b| b == b'@')?;
        let mut event = Uevent { words, ..Uevent::default() };
        for (name, value) in variables(words) {
            match name {
                b"ACTION" => event.action = value,
                b"DEVPATH" => event.devpath = value,
                b"SUBSYSTEM" => event.subsystem = value,
                b"DEVNAME" => event.devname = value,
                b"SEQNUM" => {
                    event.number = str::from_utf8(value).ok()?.parse().ok()?;
                }
                _ => {}
            }
        }
        let action = head.get(..slash)?;
        let path = head.get(slash + 1..head.len() - 1)?;
        let good = event.action == action && event.devpath == path && path.starts_with(b"/");
        good.then_some(event)
    }

    /// The value of a word.
    pub fn get(&self, name: &[u8]) -> Option<&'a [u8]> {
        variables(self.words).find(|(n, _)| *n == name).map(|(_, value)| value)
    }
}

/// The words of a message, taken apart.
pub fn variables(words: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    words.split(|&b| b == 0).filter_map(|word| {
        let at = word.iter().position(|&b| b == b'=')?;
        Some((word.get(..at)?, word.get(at + 1..)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADD: &[u8] = b"add@/devices/x/block/vda\0ACTION=add\0DEVPATH=/devices/x/block/vda\0\
        SUBSYSTEM=block\0MAJOR=254\0MINOR=0\0DEVNAME=vda\0SEQNUM=801\0";

    #[test]
    fn a_disk_comes() {
        let event = Uevent::parse(ADD).unwrap();
        assert_eq!(event.action, b"add");
        assert_eq!((event.subsystem, event.devname), (&b"block"[..], &b"vda"[..]));
        assert_eq!(event.number, 801);
        assert_eq!(event.get(b"MAJOR"), Some(&b"254"[..]));
        assert_eq!(event.get(b"MINO"), None);
    }

    #[test]
    fn no_messages_of_the_kernel() {
        assert!(Uevent::parse(b"").is_none());
        assert!(Uevent::parse(b"libudev\0\xfe\xed\xca\xfe").is_none());
        assert!(Uevent::parse(&ADD[..ADD.len() - 1]).is_none());
        assert!(Uevent::parse(b"add@/x\0ACTION=remove\0DEVPATH=/x\0").is_none());
        assert!(Uevent::parse(b"add@/x\0ACTION=add\0DEVPATH=/y\0").is_none());
        assert!(Uevent::parse(b"add@/x\0ACTION=add\0DEVPATH=/x\0SEQNUM=x\0").is_none());
    }
}
