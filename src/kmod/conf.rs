//! What the administrator says about modules: modprobe.d(5) and the kernel
//! command line.

use super::alias::{fold, matches, same};
use super::dep::lines;
use super::modinfo::{Softdep, words};

/// Merged configuration. Later additions win where only one can.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conf {
    aliases: Vec<(Vec<u8>, Vec<u8>)>,
    options: Vec<(Vec<u8>, Vec<u8>)>,
    blacklist: Vec<Vec<u8>>,
    install: Vec<(Vec<u8>, Vec<u8>)>,
    remove: Vec<(Vec<u8>, Vec<u8>)>,
    softdeps: Vec<(Vec<u8>, Softdep)>,
}

impl Conf {
    /// Adds a file in the format of modprobe.d(5). Lines that make no sense
    /// are returned, for whoever wants to complain about them.
    pub fn add_file_text(&mut self, text: &[u8]) -> Vec<Vec<u8>> {
        let mut wrong = Vec::new();
        let mut whole = Vec::new();
        for line in lines(text) {
            if let Some(part) = line.strip_suffix(b"\\") {
                whole.extend_from_slice(part);
                continue;
            }
            whole.extend_from_slice(line);
            if self.add_line(whole.trim_ascii()).is_none() {
                wrong.push(whole.trim_ascii().to_vec());
            }
            whole.clear();
        }
        if !whole.is_empty() && self.add_line(whole.trim_ascii()).is_none() {
            wrong.push(whole);
        }
        wrong
    }

    fn add_line(&mut self, line: &[u8]) -> Option<()> {
        if line.is_empty() || line.starts_with(b"#") {
            return Some(());
        }
        let (command, rest) = split_word(line);
        let (name, rest) = split_word(rest);
        if name.is_empty() {
            return None;
        }
        let folded = fold(name);
        match command {
            b"alias" => {
                let (module, _) = split_word(rest);
                if module.is_empty() {
                    return None;
                }
                self.aliases.push((folded, fold(module)));
            }
            b"options" => self.options.push((folded, rest.to_vec())),
            b"blacklist" => self.blacklist.push(folded),
            b"install" => self.install.push((folded, rest.to_vec())),
            b"remove" => self.remove.push((folded, rest.to_vec())),
            b"softdep" => {
                let mut softdep = Softdep::default();
                softdep.add(rest);
                self.softdeps.push((folded, softdep));
            }
            // For whoever builds an image; nothing to load by itself.
            b"weakdep" => {}
            _ => return None,
        }
        Some(())
    }

    /// Adds words of the kernel command line, unquoted: `module.param=V`,
    /// `modprobe.blacklist=a,b`, `module_blacklist=`, `rd.driver.blacklist=`.
    /// Others mean nothing here.
    pub fn add_cmdline<'a>(&mut self, words: impl IntoIterator<Item = &'a [u8]>) {
        for word in words {
            let equals = word.iter().position(|&b| b == b'=');
            let (key, value) = match equals {
                Some(at) => (
                    word.get(..at).unwrap_or_default(),
                    Some(word.get(at + 1..).unwrap_or_default()),
                ),
                None => (word, None),
            };
            match (fold(key).as_slice(), value) {
                (b"modprobe.blacklist" | b"module_blacklist" | b"rd.driver.blacklist", Some(v)) => {
                    let names = v.split(|&b| b == b',').filter(|name| !name.is_empty());
                    self.blacklist.extend(names.map(fold));
                }
                _ => {
                    let Some(dot) = key.iter().position(|&b| b == b'.') else { continue };
                    let module = key.get(..dot).unwrap_or_default();
                    let parameter = key.get(dot + 1..).unwrap_or_default();
                    if !module.is_empty() && !parameter.is_empty() {
                        self.options.push((fold(module), assignment(parameter, value)));
                    }
                }
            }
        }
    }

    /// Adds the text of /proc/cmdline. `"` quotes; what follows a bare `--` is
    /// not the kernel's.
    pub fn add_cmdline_text(&mut self, text: &[u8]) {
        let list = cmdline_words(text);
        self.add_cmdline(list.iter().map(Vec::as_slice).take_while(|word| *word != b"--"));
    }

    /// The parameters for a module, separated by spaces, when it was asked for
    /// by `alias` (or by its name). Those of files come first, so that the
    /// kernel command line wins.
    pub fn options(&self, module: &[u8], alias: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        for (name, text) in &self.options {
            if same(name, module) || same(name, alias) {
                if !all.is_empty() {
                    all.push(b' ');
                }
                all.extend_from_slice(text);
            }
        }
        all
    }

    /// The modules that configured aliases give for a name.
    pub fn aliased(&self, name: &[u8]) -> Vec<Vec<u8>> {
        let hits = self.aliases.iter().filter(|(pattern, _)| matches(pattern, name));
        hits.map(|(_, module)| module.clone()).collect()
    }

    /// Whether a module shall not be loaded for its aliases.
    pub fn is_blacklisted(&self, module: &[u8]) -> bool {
        self.blacklist.iter().any(|name| same(name, module))
    }

    /// The command to run instead of inserting the module.
    pub fn install_command(&self, module: &[u8]) -> Option<&[u8]> {
        last(&self.install, module)
    }

    /// The command to run instead of removing the module.
    pub fn remove_command(&self, module: &[u8]) -> Option<&[u8]> {
        last(&self.remove, module)
    }

    /// Soft dependencies that the configuration gives a module, if any; they
    /// replace the module's own.
    pub fn softdep(&self, module: &[u8]) -> Option<&Softdep> {
        self.softdeps.iter().rev().find(|(name, _)| same(name, module)).map(|(_, s)| s)
    }

    /// Whether soft dependencies are configured for any module.
    pub fn has_softdeps(&self) -> bool {
        !self.softdeps.is_empty()
    }

    /// Whether nothing is configured that adds to what a module needs, or takes
    /// the place of loading it: no commands, no soft dependencies.
    pub fn is_only_options(&self) -> bool {
        self.install.is_empty() && self.softdeps.is_empty()
    }

    /// Whether nothing at all is configured.
    pub fn is_empty(&self) -> bool {
        *self == Conf::default()
    }

    /// The configuration as modprobe.d(5) lines, as `modprobe -c` shows it.
    pub fn to_text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut line = |parts: &[&[u8]]| {
            out.extend_from_slice(&parts.join(&b' '));
            out.push(b'\n');
        };
        for name in &self.blacklist {
            line(&[b"blacklist", name]);
        }
        let tables: [(&[u8], _); 4] = [
            (b"install", &self.install),
            (b"remove", &self.remove),
            (b"alias", &self.aliases),
            (b"options", &self.options),
        ];
        for (command, table) in tables {
            for (name, value) in table {
                line(&[command, name, value]);
            }
        }
        for (name, softdep) in &self.softdeps {
            let mut parts: Vec<&[u8]> = vec![b"softdep", name];
            for (mark, list) in [(&b"pre:"[..], &softdep.pre), (b"post:", &softdep.post)] {
                if !list.is_empty() {
                    parts.push(mark);
                    parts.extend(list.iter().map(Vec::as_slice));
                }
            }
            line(&parts);
        }
        out
    }
}

fn last<'a>(table: &'a [(Vec<u8>, Vec<u8>)], module: &[u8]) -> Option<&'a [u8]> {
    table.iter().rev().find(|(name, _)| same(name, module)).map(|(_, value)| value.as_slice())
}

/// The first word and what follows it.
fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    text.split_at_checked(end).map_or((text, &[]), |(word, rest)| (word, rest.trim_ascii()))
}

/// `param=value` as the kernel parses it: quoted when there is a space in it.
pub fn assignment(parameter: &[u8], value: Option<&[u8]>) -> Vec<u8> {
    let mut out = parameter.to_vec();
    if let Some(value) = value {
        out.push(b'=');
        if words(value).take(2).count() > 1 && !value.contains(&b'"') {
            out.push(b'"');
            out.extend_from_slice(value);
            out.push(b'"');
        } else {
            out.extend_from_slice(value);
        }
    }
    out
}

fn cmdline_words(text: &[u8]) -> Vec<Vec<u8>> {
    let mut list = Vec::new();
    let mut word = Vec::new();
    let mut quoted = false;
    for &b in text {
        match b {
            b'"' => quoted = !quoted,
            _ if b.is_ascii_whitespace() && !quoted => {
                if !word.is_empty() {
                    list.push(std::mem::take(&mut word));
                }
            }
            _ => word.push(b),
        }
    }
    if !word.is_empty() {
        list.push(word);
    }
    list
}

/// Everything that is read from configuration, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let mut conf = Conf::default();
    conf.add_file_text(bytes);
    conf.add_cmdline_text(bytes);
    let _ = (conf.options(b"a", b"a"), conf.aliased(b"a"), conf.to_text());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files() {
        let mut conf = Conf::default();
        let wrong = conf.add_file_text(
            b"# comment\n\
              alias net-pf-* some-module\n\
              options snd-pcm a=1 \\\n b=2\n\
              options snd_pcm c=3\n\
              blacklist pcspkr\n\
              install evil /bin/false\n\
              remove good-one /sbin/clean up\n\
              softdep x pre: y post: z\n\
              nonsense here\n\
              alias half\n",
        );
        assert_eq!(wrong, [&b"nonsense here"[..], b"alias half"]);
        assert_eq!(conf.aliased(b"net_pf_16"), [b"some_module"]);
        assert_eq!(conf.options(b"snd-pcm", b""), b"a=1  b=2 c=3");
        assert!(conf.is_blacklisted(b"pcspkr"));
        assert_eq!(conf.install_command(b"evil"), Some(&b"/bin/false"[..]));
        assert_eq!(conf.remove_command(b"good_one"), Some(&b"/sbin/clean up"[..]));
        assert_eq!(conf.softdep(b"x").unwrap().post, [b"z"]);
        assert!(conf.softdep(b"y").is_none());
    }

    #[test]
    fn kernel_command_line() {
        let mut conf = Conf::default();
        conf.add_file_text(b"options usbhid quirks=1\n");
        conf.add_cmdline_text(
            b"quiet usbhid.quirks=2 usb-storage.quirks=\"a b\" modprobe.blacklist=one,two-x \
              module_blacklist=three rd.driver.blacklist=four dotless=1 x.flag .y=1 -- init.arg=1\n",
        );
        assert_eq!(conf.options(b"usbhid", b""), b"quirks=1 quirks=2");
        assert_eq!(conf.options(b"usb_storage", b""), b"quirks=\"a b\"");
        assert_eq!(conf.options(b"x", b""), b"flag");
        assert_eq!(conf.options(b"init", b""), b"");
        for name in [&b"one"[..], b"two_x", b"three", b"four"] {
            assert!(conf.is_blacklisted(name));
        }
    }

    #[test]
    fn as_text_and_back() {
        let text = b"blacklist a\ninstall b /bin/true\nalias p* m\noptions o x=1\n\
            softdep s pre: q r post: t\n";
        let mut conf = Conf::default();
        assert!(conf.add_file_text(text).is_empty());
        assert_eq!(conf.to_text(), text);
    }
}
