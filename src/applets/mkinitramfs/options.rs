//! The options of mkinitramfs, on the command line and in files.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::applet::{self, Ctx, Error, show};
use crate::{order, sys};

/// The options by their long names: a letter for the table, and whether a value
/// follows. A file of `--conf` has lines `NAME` and `NAME = VALUE`.
const OPTIONS: [(u8, &str, bool); 33] = [
    (b'o', "output", true),
    (b'q', "quiet", false),
    (b'a', "kver", true),
    (b'b', "modules-dir", true),
    (b'c', "module", true),
    (b'A', "fs", true),
    (b'B', "driver", true),
    (b'C', "generic", false),
    (b'D', "host-only", false),
    (b'E', "sysfs", true),
    (b'F', "microcode", true),
    (b'd', "no-modules", false),
    (b'e', "strip-modules", false),
    (b'f', "keep-modules", false),
    (b'g', "decompress-modules", false),
    (b'i', "add", true),
    (b'j', "spec", true),
    (b'k', "compress", true),
    (b'l', "program", true),
    (b'm', "prepend", true),
    (b'n', "append", true),
    (b'p', "hook", true),
    (b'r', "conf", true),
    (b's', "list-modules", false),
    (b't', "dry-run", false),
    (b'u', "uki", true),
    (b'v', "kernel", true),
    (b'w', "cmdline", true),
    (b'x', "os-release", true),
    (b'y', "check", false),
    (b'z', "root", true),
    (b'G', "align", true),
    (b'h', "help", false),
];

/// The command line.
#[derive(Default)]
pub struct Options {
    pub output: Option<String>,
    pub quiet: bool,
    pub kver: Option<String>,
    pub modules_dir: Option<String>,
    pub module: Vec<String>,
    pub fs: Vec<String>,
    pub driver: Vec<String>,
    pub generic: bool,
    pub host_only: bool,
    pub sysfs: Option<String>,
    pub microcode: Vec<String>,
    pub no_modules: bool,
    pub strip_modules: bool,
    pub keep_modules: bool,
    pub decompress_modules: bool,
    pub add: Vec<String>,
    pub spec: Vec<String>,
    pub compress: Option<String>,
    pub program: Option<String>,
    pub prepend: Vec<String>,
    pub append: Vec<String>,
    pub hook: Vec<String>,
    pub list_modules: bool,
    pub dry_run: bool,
    pub uki: Option<String>,
    pub kernel: Option<String>,
    pub cmdline: Option<String>,
    pub os_release: Option<String>,
    pub check: bool,
    pub root: Option<String>,
    pub align: Option<String>,
    pub version: Option<String>,
}

impl Options {
    fn set(&mut self, letter: u8, value: String) -> Result<(), Error> {
        match letter {
            b'o' => self.output = Some(value),
            b'q' => self.quiet = true,
            b'a' => self.kver = Some(value),
            b'b' => self.modules_dir = Some(value),
            b'c' => self.module.push(value),
            b'A' => self.fs.push(value),
            b'B' => self.driver.push(value),
            b'C' => self.generic = true,
            b'D' => self.host_only = true,
            b'E' => self.sysfs = Some(value),
            b'F' => self.microcode.push(value),
            b'd' => self.no_modules = true,
            b'e' => self.strip_modules = true,
            b'f' => self.keep_modules = true,
            b'g' => self.decompress_modules = true,
            b'i' => self.add.push(value),
            b'j' => self.spec.push(value),
            b'k' => self.compress = Some(value),
            b'l' => self.program = Some(value),
            b'm' => self.prepend.push(value),
            b'n' => self.append.push(value),
            b'p' => self.hook.push(value),
            b'r' => self.read(Path::new(&value), true)?,
            b's' => self.list_modules = true,
            b't' => self.dry_run = true,
            b'u' => self.uki = Some(value),
            b'v' => self.kernel = Some(value),
            b'w' => self.cmdline = Some(value),
            b'x' => self.os_release = Some(value),
            b'y' => self.check = true,
            b'z' => self.root = Some(value),
            b'G' => self.align = Some(value),
            _ => {}
        }
        Ok(())
    }

    /// Reads a file of options, or all files `*.conf` of a folder.
    fn read(&mut self, path: &Path, folders: bool) -> Result<(), Error> {
        if folders && path.is_dir() {
            let mut names = sys::path::names(path).map_err(|e| Error::os(show(path), e))?;
            names.retain(|name| name.as_bytes().ends_with(b".conf"));
            order::sort(&mut names);
            for name in names {
                self.read(&path.join(name), false)?;
            }
            return Ok(());
        }
        let text = crate::sys::file::read(path).map_err(|e| Error::os(show(path), e))?;
        for (n, line) in text.split(|&b| b == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let equals = line.iter().position(|&b| b == b'=');
            let (name, value) = line.split_at(equals.unwrap_or(line.len()));
            let name = name.trim_ascii();
            let value = value.strip_prefix(b"=").map(<[u8]>::trim_ascii);
            let at = |text: &str| {
                let name = applet::show_bytes(name);
                Error::msg(format_args!("{}, line {}: {name}: {text}", show(path), n + 1))
            };
            let known = OPTIONS.iter().find(|row| row.1.as_bytes() == name && row.1 != "conf");
            let &(letter, _, takes) = known.ok_or_else(|| at("no such option"))?;
            match (takes, value) {
                (true, None) => return Err(at("a value is missing")),
                (true, Some(value)) => {
                    let value = std::str::from_utf8(value).map_err(|_| at("not UTF-8"))?;
                    self.set(letter, value.to_string())?;
                }
                (false, None | Some(b"yes")) => self.set(letter, String::new())?,
                (false, Some(b"no")) => {}
                (false, Some(_)) => return Err(at("yes or no")),
            }
        }
        Ok(())
    }
}

/// The options; `None` when only help was wanted.
pub fn parse(cx: &mut Ctx) -> Result<Option<Options>, Error> {
    let mut spec = String::new();
    for (letter, name, takes) in OPTIONS {
        let typed = matches!(letter, b'o' | b'q' | b'h');
        spec.push_str(if typed { " " } else { " -" });
        spec.push(char::from(letter));
        spec.push(if takes { ':' } else { ',' });
        spec.push_str(name);
    }
    let mut given = cx.parse(&spec)?;
    let mut options = Options::default();
    let text = |word: std::ffi::OsString| {
        word.into_string().map_err(|word| Error::bad(show(&word), "not UTF-8"))
    };
    while let Some(letter) = given.next() {
        if letter == b'h' {
            let text = applet::help(cx.name, &super::APPLET);
            cx.put(text.as_bytes())?;
            return Ok(None);
        }
        let value = text(given.value())?;
        options.set(letter, value)?;
    }
    given.at_most(1)?;
    if let Some(version) = given.operands.pop() {
        options.version = Some(text(version)?);
    }
    Ok(Some(options))
}
