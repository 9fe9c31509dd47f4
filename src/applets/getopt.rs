//! getopt: take the options of a script's command line apart. util-linux's.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "getopt",
    summary: "take the options of a script's command line apart",
    usage: "OPTSTRING WORD..., or [-aqQuT] [-n NAME] [-s SHELL] [-l NAMES] -o OPTSTRING [--] WORD...\n\
            \x20 -o LETTERS  options; x: takes a value, x:: may have one\n\
            \x20 -l NAMES    long options, with commas between; -a they may start with one dash\n\
            \x20 -n NAME     who complains; -q no complaints, -Q no output\n\
            \x20 -s SHELL    quote for sh, bash, csh or tcsh; -u do not quote\n\
            \x20 -T          status 4: this is the getopt that can quote",
    kind: Kind::NoFork, // only writes
    run,
};

/// How many values an option takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    None,
    Needed,
    Optional,
}

struct Language {
    letters: Vec<u8>,
    names: Vec<(Vec<u8>, Value)>,
    /// Long options may start with one dash.
    single: bool,
    /// `+`: options end at the first operand; `-`: operands stay in place.
    mode: u8,
    quote: Option<bool>,
    who: Vec<u8>,
    quiet: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut language = Language {
        letters: Vec::new(),
        names: Vec::new(),
        single: false,
        mode: 0,
        quote: Some(false),
        who: b"getopt".to_vec(),
        quiet: false,
    };
    let mut words: Vec<&[u8]> = cx.args.iter().map(|w| w.as_bytes()).collect();
    // The form of old: the first word is the option letters.
    let compatible = cx.env.get(b"GETOPT_COMPATIBLE").is_some();
    let mut silent = false;
    let mut letters: Option<Vec<u8>> = None;
    if compatible && words.is_empty() {
        cx.put(b" --\n")?;
        return Ok(Status::OK);
    }
    if compatible || words.first().is_some_and(|w| !w.starts_with(b"-")) {
        language.quote = None;
        let word = words.remove(0);
        let signs = word.iter().take_while(|b| matches!(b, b'-' | b'+')).count();
        letters = Some(word.get(signs..).unwrap_or_default().to_vec());
    } else {
        let spec = "+a,alternative l:longoptions|long n:name o:options q,quiet Q,quiet-output \
                    s:shell T,test u,unquoted";
        let mut options = cx.parse(spec)?;
        while let Some(letter) = options.next() {
            match letter {
                b'a' => language.single = true,
                b'l' => {
                    let list = options.bytes();
                    for name in list.split(|b| matches!(b, b',' | b' ' | b'\t' | b'\n')) {
                        let colons = name.iter().rev().take_while(|b| **b == b':').count();
                        let (name, _) = name.split_at(name.len() - colons);
                        if !name.is_empty() {
                            language.names.push((name.to_vec(), value(colons)));
                        }
                    }
                }
                b'n' => language.who = options.bytes(),
                b'o' => letters = Some(options.bytes()),
                b'q' => language.quiet = true,
                b'Q' => silent = true,
                b's' => {
                    let shell = options.value();
                    language.quote = match shell.as_bytes() {
                        b"sh" | b"bash" => Some(false),
                        b"csh" | b"tcsh" => Some(true),
                        _ => return Err(Error::bad(show(&shell), "sh, bash, csh or tcsh")),
                    };
                }
                b'T' => return Ok(Status(4)),
                _ => language.quote = None,
            }
        }
        let at = cx.args.len() - options.operands.len();
        words = cx.args.iter().skip(at).map(|w| w.as_bytes()).collect();
        if letters.is_none() {
            if words.is_empty() {
                return Err(Error::usage("which options?"));
            }
            letters = Some(words.remove(0).to_vec());
        }
    }
    let mut letters = letters.unwrap_or_default();
    if let Some(&first @ (b'+' | b'-')) = letters.first() {
        language.mode = first;
        letters.remove(0);
    } else if cx.env.get(b"POSIXLY_CORRECT").is_some() {
        language.mode = b'+';
    }
    if letters.first() == Some(&b':') {
        language.quiet = true;
        letters.remove(0);
    }
    language.letters = letters;
    let mut out = Vec::new();
    let good = language.apart(cx, &words, &mut out);
    out.push(b'\n');
    if !silent {
        cx.put(&out)?;
    }
    Ok(Status::from_bool(good))
}

fn value(colons: usize) -> Value {
    match colons {
        0 => Value::None,
        1 => Value::Needed,
        _ => Value::Optional,
    }
}

impl Language {
    fn complain(&self, cx: &Ctx, what: &str, name: &[u8]) {
        if !self.quiet {
            let who = String::from_utf8_lossy(&self.who).into_owned();
            let text = format!("{what} -- '{}'", show_bytes(name));
            crate::applet::complain(cx.stderr, &who, &text);
        }
    }

    fn apart(&self, cx: &Ctx, words: &[&[u8]], out: &mut Vec<u8>) -> bool {
        let mut good = true;
        let mut operands: Vec<&[u8]> = Vec::new();
        let mut rest = words.iter().copied();
        while let Some(word) = rest.next() {
            if word == b"--" {
                operands.extend(rest);
                break;
            }
            let long = word.strip_prefix(b"--").or_else(|| {
                let name =
                    word.strip_prefix(b"-").filter(|name| self.single && !name.is_empty())?;
                // A single letter that is an option is just that.
                let known = self.find_long(name.split(|&b| b == b'=').next()?);
                let short = name.len() == 1 && self.letter(*name.first()?).is_some();
                (!short && known.is_ok()).then_some(name)
            });
            if let Some(text) = long {
                good &= self.long(cx, text, &mut rest, out);
            } else if let Some(cluster) = word.strip_prefix(b"-").filter(|c| !c.is_empty()) {
                good &= self.cluster(cx, cluster, &mut rest, out);
            } else if self.mode == b'+' {
                operands.push(word);
                operands.extend(rest);
                break;
            } else if self.mode == b'-' {
                self.put(out, word);
            } else {
                operands.push(word);
            }
        }
        out.extend_from_slice(b" --");
        for word in operands {
            self.put(out, word);
        }
        good
    }

    fn letter(&self, letter: u8) -> Option<Value> {
        let at = self.letters.iter().position(|l| *l == letter && letter != b':')?;
        let colons = self.letters.iter().skip(at + 1).take_while(|b| **b == b':').count();
        Some(value(colons))
    }

    /// The one long option that a name stands for; otherwise whether there are
    /// several.
    fn find_long(&self, name: &[u8]) -> Result<&(Vec<u8>, Value), bool> {
        if let Some(found) = self.names.iter().find(|(known, _)| known == name) {
            return Ok(found);
        }
        let mut fits = self.names.iter().filter(|(known, _)| known.starts_with(name));
        match (fits.next(), fits.next()) {
            (Some(found), None) => Ok(found),
            (None, _) => Err(false),
            _ => Err(true),
        }
    }

    fn long<'w>(
        &self,
        cx: &Ctx,
        text: &'w [u8],
        rest: &mut dyn Iterator<Item = &'w [u8]>,
        out: &mut Vec<u8>,
    ) -> bool {
        let mut parts = text.splitn(2, |&b| b == b'=');
        let name = parts.next().unwrap_or_default();
        let given = parts.next();
        let (name, takes) = match self.find_long(name) {
            Ok((name, takes)) => (name, *takes),
            Err(several) => {
                let what = if several { "option is ambiguous" } else { "unrecognized option" };
                self.complain(cx, what, name);
                return false;
            }
        };
        let given = match (takes, given) {
            (Value::None, Some(_)) => {
                self.complain(cx, "option doesn't allow an argument", name);
                return false;
            }
            (Value::Needed, None) => match rest.next() {
                Some(word) => Some(word),
                None => {
                    self.complain(cx, "option requires an argument", name);
                    return false;
                }
            },
            (_, given) => given,
        };
        out.extend_from_slice(b" --");
        out.extend_from_slice(name);
        if takes != Value::None {
            self.put(out, given.unwrap_or_default());
        }
        true
    }

    fn cluster<'w>(
        &self,
        cx: &Ctx,
        mut cluster: &'w [u8],
        rest: &mut dyn Iterator<Item = &'w [u8]>,
        out: &mut Vec<u8>,
    ) -> bool {
        let mut good = true;
        while let Some((&letter, tail)) = cluster.split_first() {
            cluster = tail;
            let Some(takes) = self.letter(letter) else {
                self.complain(cx, "invalid option", &[letter]);
                good = false;
                continue;
            };
            if takes == Value::None {
                out.extend_from_slice(&[b' ', b'-', letter]);
                continue;
            }
            let given = match takes {
                Value::Needed if tail.is_empty() => rest.next(),
                _ => Some(tail),
            };
            let Some(given) = given else {
                self.complain(cx, "option requires an argument", &[letter]);
                return false;
            };
            out.extend_from_slice(&[b' ', b'-', letter]);
            self.put(out, given);
            break;
        }
        good
    }

    /// Adds a word, quoted for the shell.
    fn put(&self, out: &mut Vec<u8>, word: &[u8]) {
        out.push(b' ');
        let Some(csh) = self.quote else {
            out.extend_from_slice(word);
            return;
        };
        out.push(b'\'');
        for &byte in word {
            match byte {
                b'\'' => out.extend_from_slice(b"'\\''"),
                // blanks stand outside the quotes, as util-linux has them
                _ if csh && byte.is_ascii_whitespace() && byte != b'\n' => {
                    out.extend_from_slice(&[b'\'', b'\\', byte, b'\'']);
                }
                b'\\' | b'!' | b'\n' if csh => {
                    if byte == b'!' {
                        out.extend_from_slice(b"'\\!'");
                    } else if byte == b'\n' {
                        out.extend_from_slice(b"\\n");
                    } else {
                        out.extend_from_slice(b"\\\\");
                    }
                }
                _ => out.push(byte),
            }
        }
        out.push(b'\'');
    }
}
