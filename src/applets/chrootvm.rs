//! chrootvm: the command of that name in osbuild/initrd, with its options: a
//! folder as the root of a virtual machine, with its init at this terminal.
//!
//! Deliberate deviations: the root's folder is read-only from the outside as
//! well as in the machine, each virtiofsd is sandboxed, the kernel may also be
//! in the root's /boot or this host's, and `--` ends the options.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::vm::{self, Mount, Options};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "chrootvm",
    summary: "boot a folder as a virtual machine, as osbuild/initrd's chrootvm",
    usage: "[--mount TAG DIR] [--mount-ro TAG DIR] [--debug] ROOT [INIT]\n\
            \x20 --mount TAG DIR     one more folder, at /run/mnt/TAG (repeat)\n\
            \x20 --mount-ro TAG DIR  the same, read-only\n\
            \x20 --debug             the machine's /init says what it does\n\
            INIT is /bin/sh when not given; a name without a slash is looked for in ROOT.",
    kind: Kind::Exec, // runs as long as the machine does
    run,
};

/// What that command gives a machine.
const MEMORY: u64 = 4 << 30;

/// Where it looks for an init without a slash, in its order.
const PLACES: [&str; 6] =
    ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin"];

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = Options { memory: MEMORY, cpus: 1, ..Options::default() };
    let mut operands: Vec<&OsString> = Vec::new();
    let mut args = cx.args.iter();
    while let Some(arg) = args.next() {
        match arg.as_bytes() {
            b"--" => operands.extend(args.by_ref()),
            b"--debug" => options.append.push("debug".to_string()),
            b"--mount" | b"--mount-ro" => {
                let (Some(tag), Some(dir)) = (args.next(), args.next()) else {
                    return Err(Error::usage(format_args!("{} wants TAG and DIR", show(arg))));
                };
                let tag = text(tag)?;
                let writable = arg == "--mount";
                options.mounts.push(Mount { tag, dir: PathBuf::from(dir), writable });
            }
            name if name.starts_with(b"-") && name.len() > 1 => {
                return Err(Error::usage(format_args!("unknown option {}", show(arg))));
            }
            _ => operands.push(arg),
        }
    }
    let (root, init) = match operands.as_slice() {
        [root] => (*root, OsStr::new("/bin/sh")),
        [root, init] => (*root, init.as_os_str()),
        [] => return Err(Error::usage("ROOT is missing")),
        _ => return Err(Error::usage("too many operands")),
    };
    options.init = Some(find_init(Path::new(root), &text(init)?)?);
    options.root = Some(PathBuf::from(root));
    vm::run(cx, &options)
}

fn text(word: &OsStr) -> Result<String, Error> {
    let text = word.to_str().map(str::to_string);
    text.ok_or_else(|| Error::usage(format_args!("'{}': not UTF-8", show(word))))
}

/// The init's path inside the root.
fn find_init(root: &Path, init: &str) -> Result<String, Error> {
    if init.starts_with('/') {
        return Ok(init.to_string());
    }
    PLACES
        .into_iter()
        .map(|place| format!("{place}/{init}"))
        .find(|path| root.join(path.trim_start_matches('/')).is_file())
        .ok_or_else(|| {
            let (init, root) = (show(init), show(root));
            Error::msg(format_args!("{init}: in none of the folders for programs of {root}"))
        })
}
