//! mkinitramfs: write an initramfs image made of this program, kernel modules
//! and whatever else is asked for.
//!
//! Named after Debian's command, whose `-o FILE KVER` it takes. It runs no
//! other program and needs no rights: owners, modes and device nodes are data
//! in the archive. Deliberate deviations: no configuration file and no hooks
//! are read, so that the command line and the files it names decide every byte.

use std::cell::Cell;
use std::ffi::OsStr;
use std::io::{IsTerminal, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use argh::FromArgs;

use crate::applet::{self, Applet, Ctx, Error, Kind, Status, show};
use crate::compress::Format;
use crate::image::{self, Builder, Farm, Image, ModuleOptions};
use crate::kmod::Tree;
use crate::size::human;
use crate::{order, sys};

/// See the module.
pub(super) const APPLET: Applet = Applet {
    name: "mkinitramfs",
    summary: "write an initramfs image made of this program",
    usage: "[OPTION...] [KVER]\n\
            \x20 -o, --output FILE     the image; initramfs-KVER.img otherwise, - is standard output\n\
            \x20 --kver KVER           modules of this kernel, as KVER; the running one's otherwise\n\
            \x20 --modules-dir DIR     its modules are here, not in /lib/modules/KVER\n\
            \x20 --module NAME         this module, too, with what it depends on (repeat for more)\n\
            \x20 --fs NAME, --driver NAME   the same, for filesystems and drivers (repeat)\n\
            \x20 --generic             drivers of disks and filesystems for any computer\n\
            \x20 --host-only           those that this computer's devices and mounts need;\n\
            \x20 --sysfs DIR           of another computer, whose /sys is here\n\
            \x20 --microcode PATH      a file or folder of microcode, as an archive in front (repeat)\n\
            \x20 --no-modules          none but those named by --module: not those for virtual machines\n\
            \x20 --strip-modules       unpack modules, take signatures and debugging data off\n\
            \x20 --decompress-modules  unpack modules; otherwise they stay as they are\n\
            \x20 --add SRC[:DST]       a file or folder of this system, as it is or at DST, and the\n\
            \x20                       libraries that an executable needs (repeat for more)\n\
            \x20 --spec FILE           what a list in gen_init_cpio's language says (repeat)\n\
            \x20 --compress FORMAT     none (the default), gzip, zstd, xz, lz4\n\
            \x20 --program FILE        another build of this program instead of the running one\n\
            \x20 -q, --quiet           no summary, no progress\n\
            /init and the names of all applets lead to the program, except where --add or\n\
            --spec puts something else. SOURCE_DATE_EPOCH is the time of all files (0\n\
            otherwise): the same input gives the same bytes.",
    kind: Kind::Exec, // reads and packs for as long as that takes
    run,
};

/// The command line.
#[derive(FromArgs)]
#[argh(help_triggers("-h", "--help"))]
struct Options {
    /// the image to write
    #[argh(option, short = 'o')]
    output: Option<String>,
    /// the kernel's version
    #[argh(option)]
    kver: Option<String>,
    /// the folder with its modules
    #[argh(option)]
    modules_dir: Option<String>,
    /// one more module
    #[argh(option)]
    module: Vec<String>,
    /// one more filesystem
    #[argh(option)]
    fs: Vec<String>,
    /// one more driver
    #[argh(option)]
    driver: Vec<String>,
    /// modules for any computer
    #[argh(switch)]
    generic: bool,
    /// modules for this computer
    #[argh(switch)]
    host_only: bool,
    /// where the computer's sysfs is
    #[argh(option)]
    sysfs: Option<String>,
    /// microcode
    #[argh(option)]
    microcode: Vec<String>,
    /// no modules but those named
    #[argh(switch)]
    no_modules: bool,
    /// take signatures and debugging data off modules
    #[argh(switch)]
    strip_modules: bool,
    /// leave modules compressed as they are
    #[argh(switch)]
    keep_modules: bool,
    /// unpack compressed modules
    #[argh(switch)]
    decompress_modules: bool,
    /// a file or folder of this system
    #[argh(option)]
    add: Vec<String>,
    /// a list in gen_init_cpio's language
    #[argh(option)]
    spec: Vec<String>,
    /// the compression of the image
    #[argh(option, default = "String::from(\"none\")")]
    compress: String,
    /// the program to put in
    #[argh(option)]
    program: Option<String>,
    /// say nothing when all is well
    #[argh(switch, short = 'q')]
    quiet: bool,
    /// the kernel's version
    #[argh(positional)]
    version: Option<String>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let Some(options) = parse(cx)? else { return Ok(Status::OK) };
    let format = Format::of_name(options.compress.as_bytes()).ok_or_else(|| {
        let name = show(&options.compress);
        Error::usage(format_args!("'{name}': no compression; known are none gzip zstd xz lz4"))
    })?;
    let output = options.output.as_deref();
    if output == Some("-") && cx.stdout.is_terminal() {
        return Err(Error::msg("standard output is a terminal: -o FILE writes to a file"));
    }
    let meter = Meter::new(cx.stderr, options.quiet);
    let result = build(cx, &options, format, &meter);
    meter.clear();
    let (image, default_name) = result?;

    let name = output.unwrap_or(&default_name);
    if name == "-" {
        cx.out.write_all(&image.bytes).map_err(|e| Error::os("standard output", e))?;
    } else {
        image::output::save(Path::new(name), &image.bytes).map_err(|e| Error::os(show(name), e))?;
    }
    for note in &image.notes {
        applet::complain(cx.stderr, cx.name, &format_args!("warning: {note}"));
    }
    if !options.quiet {
        let text = summary(name, format, &image);
        if name == "-" {
            // Nobody is hurt when a remark cannot be printed.
            let _ = applet::write_all(cx.stderr, text.as_bytes());
        } else {
            cx.out.write_all(text.as_bytes()).map_err(|e| Error::os("standard output", e))?;
        }
    }
    Ok(Status::OK)
}

/// The options; `None` when only help was wanted.
fn parse(cx: &mut Ctx) -> Result<Option<Options>, Error> {
    let words = super::words(cx.args)?;
    match Options::from_args(&[cx.name], &words) {
        Ok(options) => Ok(Some(options)),
        Err(exit) => super::help_or_usage(cx, &APPLET, exit).map(|()| None),
    }
}

/// The image, and the name it has when none was given.
fn build(
    cx: &Ctx,
    options: &Options,
    format: Format,
    meter: &Meter,
) -> Result<(Image, String), Error> {
    let program = options.program.as_deref().unwrap_or("/proc/self/exe");
    let mut builder = Builder::new(PathBuf::from(program));
    builder
        .progress(Box::new(|what, done, total| meter.tell(what, done, total)))
        .mtime(source_date(cx)?)
        .farm(cx.table, Farm::Full)
        .skeleton()?;
    let mut default_name = "initramfs.img".to_string();
    if let Some((tree, version)) = modules(options)? {
        default_name = format!("initramfs-{version}.img");
        let choice = ModuleOptions {
            strip: options.strip_modules,
            decompress: options.decompress_modules,
            optional: true,
        };
        if options.generic || options.host_only {
            let sysfs = options.sysfs.as_deref().unwrap_or("/sys");
            let mut chosen = Vec::new();
            if options.generic {
                chosen = image::choice::generic(&tree);
            }
            if options.host_only {
                chosen.append(&mut image::choice::host(&tree, Path::new(sysfs)));
            }
            let names: Vec<&[u8]> = chosen.iter().map(Vec::as_slice).collect();
            builder.modules(&tree, &names, choice)?;
        } else if !options.no_modules {
            let names: Vec<&[u8]> = image::for_machines().collect();
            builder.modules(&tree, &names, choice)?;
        }
        let named = [&options.module, &options.fs, &options.driver];
        let names: Vec<&[u8]> = named.into_iter().flatten().map(String::as_bytes).collect();
        builder.modules(&tree, &names, ModuleOptions { optional: false, ..choice })?;
    }
    for path in &options.microcode {
        builder.microcode(Path::new(path))?;
    }
    for spec in &options.spec {
        let variable = |name: &[u8]| cx.env.get(name).map(OsStr::as_bytes);
        builder.spec(Path::new(spec), &variable)?;
    }
    for add in &options.add {
        let (source, place) = source_and_place(add);
        builder.add(Path::new(source), place.map(str::as_bytes))?;
    }
    Ok((builder.build(format)?, default_name))
}

/// Where the modules of running kernels are.
const MODULES: &str = "/lib/modules";

/// The modules directory and the version it is for; `None` when no module is
/// wanted.
fn modules(options: &Options) -> Result<Option<(Tree, String)>, Error> {
    if options.keep_modules && (options.decompress_modules || options.strip_modules) {
        return Err(Error::usage("--keep-modules contradicts unpacking and stripping them"));
    }
    let version = match (&options.kver, &options.version) {
        (Some(a), Some(b)) if a != b => {
            return Err(Error::usage(format_args!("two kernels: {} and {}", show(a), show(b))));
        }
        (a, b) => a.as_ref().or(b.as_ref()),
    };
    let chosen = options.generic || options.host_only;
    if options.sysfs.is_some() && !options.host_only {
        return Err(Error::usage("--sysfs goes with --host-only"));
    }
    let named = [&options.module, &options.fs, &options.driver];
    if options.no_modules && !chosen && named.iter().all(|list| list.is_empty()) {
        return Ok(None);
    }
    if version.is_some_and(|v| v.is_empty() || v.contains('/') || v == "." || v == "..") {
        return Err(Error::usage("the version of a kernel is the name of a folder"));
    }
    let dir = match (&options.modules_dir, version) {
        (None, Some(version)) => Path::new(MODULES).join(version),
        (None, None) => {
            let name = nix::sys::utsname::uname().map_err(|e| Error::os("uname", e))?;
            Path::new(MODULES).join(name.release())
        }
        (Some(dir), None) => PathBuf::from(dir),
        // DIR may be the folder of this version or the one above it.
        (Some(dir), Some(version)) => match Path::new(dir).join(version) {
            below if below.is_dir() => below,
            _ => PathBuf::from(dir),
        },
    };
    let real = std::fs::canonicalize(&dir).map_err(|e| no_modules(&dir, e))?;
    let tree = Tree::open(&real)?;
    // With modules.dep there is no need to look for files, which takes time.
    if tree.is_scanned() && tree.files().next().is_none() {
        let text = format_args!("{}: no modules in it{}", show(&dir), others(&dir));
        return Err(Error::msg(text));
    }
    let version = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Some((tree, version)))
}

fn no_modules(dir: &Path, error: std::io::Error) -> Error {
    let other = others(dir.parent().unwrap_or(Path::new(MODULES)));
    Error::msg(format_args!("no modules: {}{other}", Error::os(show(dir), error)))
}

/// What kernels there are instead, as the end of a message.
fn others(dir: &Path) -> String {
    let mut names = sys::path::names(dir).unwrap_or_default();
    names.retain(|name| dir.join(name).is_dir());
    order::sort(&mut names);
    let names: Vec<String> = names.iter().map(|name| show(name).to_string()).collect();
    match names.is_empty() {
        true => "; --modules-dir names another folder, --no-modules wants none".to_string(),
        false => format!("; {} has: {}", show(dir), names.join(" ")),
    }
}

/// `SRC:DST` in its parts: DST begins with a slash, so that a colon can be in
/// either.
fn source_and_place(text: &str) -> (&str, Option<&str>) {
    match text.rfind(":/") {
        Some(at) if at > 0 => {
            let (source, place) = text.split_at(at);
            (source, place.strip_prefix(':'))
        }
        _ => (text, None),
    }
}

/// What <https://reproducible-builds.org/specs/source-date-epoch/> says the
/// time of everything is.
fn source_date(cx: &Ctx) -> Result<u32, Error> {
    let Some(text) = cx.env.get(b"SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) else {
        return Ok(0);
    };
    text.to_str().and_then(|text| text.parse().ok()).ok_or_else(|| {
        Error::msg(format_args!("SOURCE_DATE_EPOCH: '{}' is no number of seconds", show(text)))
    })
}

/// What is in the image and how big it is.
fn summary(name: &str, format: Format, image: &Image) -> String {
    let counts = image.counts;
    let mut text = String::new();
    let mut line = |left: &str, right: String| {
        text.push_str(&format!("  {left:<9} {right}\n"));
    };
    line("program", format!("{} with {} names", human(image.program as u64), image.names));
    if image.modules > 0 {
        line("modules", format!("{}, {}", image.modules, human(image.module_bytes)));
    }
    line(
        "in all",
        format!(
            "{} files ({}), {} directories, {} links, {} nodes",
            counts.files,
            human(counts.bytes),
            counts.directories,
            counts.symlinks,
            counts.nodes
        ),
    );
    let packed = human(image.bytes.len() as u64);
    let head = match format {
        Format::None => format!("{}: {packed}\n", show(name)),
        _ => format!(
            "{}: {packed} of {}, {} before\n",
            show(name),
            format.name(),
            human(image.unpacked as u64)
        ),
    };
    head + &text
}

/// A line on the terminal that says what takes so long, once it does.
struct Meter<'a> {
    fd: Option<BorrowedFd<'a>>,
    next: Cell<Instant>,
    shown: Cell<bool>,
}

impl<'a> Meter<'a> {
    fn new(stderr: BorrowedFd<'a>, quiet: bool) -> Meter<'a> {
        let fd = Some(stderr).filter(|fd| !quiet && fd.is_terminal());
        let next = Cell::new(Instant::now() + Duration::from_millis(300));
        Meter { fd, next, shown: Cell::new(false) }
    }

    fn tell(&self, what: &str, done: u64, total: u64) {
        let Some(fd) = self.fd else { return };
        let now = Instant::now();
        // Of compression nothing more is heard until it is done, so a long one
        // is told of at once.
        let long = done == 0 && total >= 4 << 20;
        if now < self.next.get() && !long {
            return;
        }
        self.next.set(now + Duration::from_millis(100));
        self.shown.set(true);
        let text = match (done, total) {
            (0, 0) => format!("\r{what} ...\x1b[K"),
            _ if long => format!("\r{what} {} ...\x1b[K", human(total)),
            (_, 0) => format!("\r{what}: {done}\x1b[K"),
            _ => format!("\r{what}: {done} of {total}\x1b[K"),
        };
        let _ = applet::write_all(fd, text.as_bytes());
    }

    fn clear(&self) {
        if let Some(fd) = self.fd.filter(|_| self.shown.get()) {
            let _ = applet::write_all(fd, b"\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_places() {
        assert_eq!(source_and_place("/bin/sh"), ("/bin/sh", None));
        assert_eq!(source_and_place("a:/b"), ("a", Some("/b")));
        assert_eq!(source_and_place("/a:b"), ("/a:b", None));
        assert_eq!(source_and_place("/a:b:/c/"), ("/a:b", Some("/c/")));
        assert_eq!(source_and_place(":/c"), (":/c", None));
    }
}
