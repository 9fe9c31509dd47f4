//! `/etc/network/interfaces`: what ifup and ifdown do. interfaces(5) of
//! ifupdown, as far as busybox has it.

/// How a network interface is set up.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its (logical) name.
    pub name: Vec<u8>,
    /// `inet`, `inet6`...
    pub family: Vec<u8>,
    /// `static`, `dhcp`...
    pub method: Vec<u8>,
    /// Names and values; those that are commands may be there several times.
    pub options: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Interface {
    /// The value of an option.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }
}

/// A program that says which logical interface a physical one is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Patterns of names.
    pub patterns: Vec<Vec<u8>>,
    /// The program.
    pub script: Vec<u8>,
    /// Lines that it reads.
    pub lines: Vec<Vec<u8>>,
}

/// All of the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Interfaces {
    /// Those that `-a` means.
    pub auto: Vec<Vec<u8>>,
    /// The interfaces, in order.
    pub list: Vec<Interface>,
    /// The mappings, in order.
    pub mappings: Vec<Mapping>,
    /// Other files: a pattern, or with true the folder that they are in.
    pub sources: Vec<(Vec<u8>, bool)>,
}

/// What lines that follow belong to.
enum Part {
    None,
    Interface,
    Mapping,
}

/// Options that are commands, and may be repeated.
const COMMANDS: [&[u8]; 4] = [b"pre-up", b"up", b"down", b"post-down"];

impl Interfaces {
    /// Adds what a file's text says.
    ///
    /// # Errors
    /// The number of a line, and what is wrong with it.
    pub fn add(&mut self, text: &[u8]) -> Result<(), (usize, &'static str)> {
        let mut part = Part::None;
        let mut line = Vec::new();
        for (at, piece) in text.split(|&b| b == b'\n').enumerate() {
            // A line that begins with # is a comment; behind anything else it
            // is a sign like others.
            if line.is_empty() && piece.trim_ascii_start().starts_with(b"#") {
                continue;
            }
            if let Some(piece) = piece.strip_suffix(b"\\") {
                line.extend_from_slice(piece);
                continue;
            }
            line.extend_from_slice(piece);
            self.line(&mut part, line.trim_ascii()).map_err(|why| (at + 1, why))?;
            line.clear();
        }
        match line.trim_ascii() {
            b"" => Ok(()),
            rest => self.line(&mut part, rest).map_err(|why| (0, why)),
        }
    }

    fn line(&mut self, part: &mut Part, line: &[u8]) -> Result<(), &'static str> {
        if line.is_empty() {
            return Ok(());
        }
        let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        let (word, rest) = line.split_at_checked(end).unwrap_or_default();
        let rest = rest.trim_ascii();
        let words = || rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        match word {
            b"auto" | b"allow-auto" => {
                for name in words() {
                    if !self.auto.iter().any(|known| known == name) {
                        self.auto.push(name.to_vec());
                    }
                }
                *part = Part::None;
            }
            b"source" | b"source-dir" | b"source-directory" => {
                self.sources.push((rest.to_vec(), word != b"source"));
                *part = Part::None;
            }
            b"iface" => {
                let mut fields = words().map(<[u8]>::to_vec);
                let (Some(name), Some(family), Some(method), None) =
                    (fields.next(), fields.next(), fields.next(), fields.next())
                else {
                    return Err("wants iface NAME FAMILY METHOD");
                };
                self.list.push(Interface { name, family, method, options: Vec::new() });
                *part = Part::Interface;
            }
            b"mapping" => {
                let patterns = words().map(<[u8]>::to_vec).collect();
                self.mappings.push(Mapping { patterns, ..Mapping::default() });
                *part = Part::Mapping;
            }
            _ if word.starts_with(b"allow-")
                || word == b"no-auto-down"
                || word == b"no-scripts" =>
            {
                *part = Part::None;
            }
            _ => return self.option(part, word, rest),
        }
        Ok(())
    }

    fn option(&mut self, part: &Part, word: &[u8], rest: &[u8]) -> Result<(), &'static str> {
        match part {
            Part::None => return Err("not auto, iface, mapping or source"),
            Part::Mapping => {
                let Some(mapping) = self.mappings.last_mut() else { return Ok(()) };
                match word {
                    b"script" => mapping.script = rest.to_vec(),
                    b"map" => mapping.lines.push(rest.to_vec()),
                    _ => return Err("not script or map"),
                }
            }
            Part::Interface => {
                let Some(interface) = self.list.last_mut() else { return Ok(()) };
                if rest.is_empty() {
                    return Err("an option without a value");
                }
                let word: &[u8] = match word {
                    b"post-up" => b"up",
                    b"pre-down" => b"down",
                    other => other,
                };
                if !COMMANDS.contains(&word) && interface.get(word).is_some() {
                    return Err("an option twice");
                }
                interface.options.push((word.to_vec(), rest.to_vec()));
            }
        }
        Ok(())
    }
}

/// A command with `%NAME%` as the values that `value` gives. A part in `[[ ]]`
/// is left out when one of its names has no value.
///
/// # Errors
/// The name, outside of such a part, that has none.
pub fn filled(
    template: &'static str,
    value: &dyn Fn(&[u8]) -> Option<Vec<u8>>,
) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::new();
    // where optional parts began, and whether something was missing in each
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix("[[") {
            open.push((out.len(), false));
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix("]]") {
            if let Some((start, true)) = open.pop() {
                out.truncate(start);
            }
            rest = behind;
        } else if let Some((name, behind)) = rest.strip_prefix('%').and_then(|r| r.split_once('%'))
        {
            match (value(name.as_bytes()), open.last_mut()) {
                (Some(value), _) => out.extend_from_slice(&value),
                (None, Some((_, missing))) => *missing = true,
                (None, None) => return Err(name),
            }
            rest = behind;
        } else {
            let mut characters = rest.chars();
            let mut bytes = [0; 4];
            if let Some(character) = characters.next() {
                out.extend_from_slice(character.encode_utf8(&mut bytes).as_bytes());
            }
            rest = characters.as_str();
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"# a file
auto lo eth0
auto eth0
allow-hotplug usb0
iface lo inet loopback
iface eth0 inet static
    address 192.0.2.1/24
    gateway \\
      192.0.2.254
    up echo one # two
    post-up echo three

mapping eth*
    script /bin/which # no comment
    map a b
source /etc/network/interfaces.d/*
iface eth0 inet6 auto";

    #[test]
    fn files() {
        let mut all = Interfaces::default();
        all.add(TEXT).unwrap();
        assert_eq!(all.auto, [b"lo".to_vec(), b"eth0".to_vec()]);
        assert_eq!(all.list.len(), 3);
        let eth0 = &all.list[1];
        assert_eq!(eth0.get(b"address"), Some(&b"192.0.2.1/24"[..]));
        assert_eq!(eth0.get(b"gateway"), Some(&b"192.0.2.254"[..]));
        let ups: Vec<_> = eth0.options.iter().filter(|(name, _)| name == b"up").collect();
        assert_eq!(
            (ups[0].1.as_slice(), ups[1].1.as_slice()),
            (&b"echo one # two"[..], &b"echo three"[..])
        );
        assert_eq!(all.mappings[0].script, b"/bin/which # no comment");
        assert_eq!(all.mappings[0].lines, [b"a b".to_vec()]);
        assert_eq!(all.sources, [(b"/etc/network/interfaces.d/*".to_vec(), false)]);
        assert_eq!(all.list[2].method, b"auto");
    }

    #[test]
    fn mistakes() {
        let wrong =
            |text: &str| Interfaces::default().add(text.as_bytes()).map_err(|(line, _)| line);
        assert_eq!(wrong("\nnonsense x"), Err(2));
        assert_eq!(wrong("iface eth0 inet"), Err(1));
        assert_eq!(wrong("iface a inet b c"), Err(1));
        assert_eq!(wrong("iface a inet b\nmtu 1\nmtu 2\n"), Err(3));
        assert_eq!(wrong("iface a inet b\nmtu\n"), Err(2));
        assert_eq!(wrong("mapping a\nx y\n"), Err(2));
        assert_eq!(wrong("iface a inet b\nup 1\nup 2\n\\"), Ok(()));
    }

    #[test]
    fn templates() {
        let value = |name: &[u8]| (name == b"a").then(|| b"1".to_vec());
        assert_eq!(filled("x %a%[[ y %a%]][[ z %b%]]!", &value), Ok(b"x 1 y 1!".to_vec()));
        assert_eq!(filled("[[r %a%[[ m %b%]] t]]", &value), Ok(b"r 1 t".to_vec()));
        assert_eq!(filled("x %b%", &value), Err("b"));
        assert_eq!(filled("100% [x] ]]", &value), Ok(b"100% [x] ".to_vec()));
    }
}
