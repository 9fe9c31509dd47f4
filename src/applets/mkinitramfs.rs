//! mkinitramfs: write an initramfs image made of this program, kernel modules
//! and whatever else is asked for.
//!
//! Named after Debian's command, whose `-o FILE KVER` it takes. It runs no
//! other program and needs no rights: owners, modes and device nodes are data
//! in the archive. Deliberate deviation: no configuration file and no hooks are
//! read but those that are named, so that the command line decides every byte.

use std::cell::Cell;
use std::ffi::OsStr;
use std::io::{IsTerminal, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::applet::{self, Applet, Ctx, Error, Kind, Status, show};
use crate::bzimage::BzImage;
use crate::compress::{Format, Packing};
use crate::image::output::{Nowhere, Output, Target};
use crate::image::{self, Builder, Farm, Image, ModuleOptions};
use crate::kmod::Tree;
use crate::size::human;
use crate::{order, sys};

mod check;
mod options;

use options::{Options, parse};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "mkinitramfs",
    summary: "write an initramfs image made of this program",
    usage: "[OPTION...] [KVER]\n\
            \x20 -o, --output FILE     the image (initramfs-KVER.img; - is standard output)\n\
            \x20 --kver KVER, --modules-dir DIR   modules of this kernel, or that are here\n\
            \x20 --module NAME         this module, too, with what it needs (repeat)\n\
            \x20 --fs NAME, --driver NAME   the same, for filesystems and drivers (repeat)\n\
            \x20 --generic, --host-only   drivers of disks for any computer, or for this one\n\
            \x20 --sysfs DIR           ... or for the one whose /sys is here\n\
            \x20 --microcode PATH      a file or folder of microcode, in front (repeat)\n\
            \x20 --no-modules          none but those named by --module\n\
            \x20 --strip-modules       unpack modules, take signatures and debugging data off\n\
            \x20 --decompress-modules  unpack modules; otherwise they stay as they are\n\
            \x20 --add SRC[:DST]       a file or folder, and libraries that it needs (repeat)\n\
            \x20 --spec FILE           what a list in gen_init_cpio's language says (repeat)\n\
            \x20 --compress FORMAT[:N] none (default), gzip, zstd, xz, lz4, bzip2, lzma\n\
            \x20 --program FILE        another build of this program instead of the running one\n\
            \x20 --prepend, --append FILE   an archive before (microcode) and behind the image\n\
            \x20 --hook DIR            its programs print such a list, and `add SRC[:DST]`\n\
            \x20 --conf FILE           options, NAME or NAME = VALUE a line (or a folder)\n\
            \x20 --uki STUB --kernel FILE [--cmdline TEXT]   one file for the firmware to start\n\
            \x20 --align N             files begin at multiples of N, to share blocks\n\
            \x20 --list-modules, --dry-run   say what would be in it      -q  no summary\n\
            \x20 --check [--root DIR]  whether a root's init would run, its disk be found\n\
            SOURCE_DATE_EPOCH is the time of all files: the same input, the same bytes.",
    kind: Kind::Exec, // reads and packs for as long as that takes
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let Some(options) = parse(cx)? else { return Ok(Status::OK) };
    let packing = packing(&options)?;
    if options.list_modules {
        return list_modules(cx, &options);
    }
    let output = options.output.as_deref();
    let writes = !options.dry_run && !options.check;
    if writes && output == Some("-") && cx.stdout.is_terminal() {
        return Err(Error::msg("standard output is a terminal: -o FILE writes to a file"));
    }
    let meter = Meter::new(cx.stderr, options.quiet);
    let result = collect(cx, &options, &meter);
    if result.is_err() {
        meter.clear();
    }
    let (mut builder, tree, default_name) = result?;
    if options.check {
        meter.clear();
        return check::check(cx, &options, &mut builder, tree.as_ref());
    }
    let name = output.unwrap_or(&default_name);
    let result = write(cx, &options, &packing, &mut builder, name);
    meter.clear();
    let image = result?;
    for note in &image.notes {
        applet::complain(cx.stderr, cx.name, &format_args!("warning: {note}"));
    }
    if options.dry_run || !options.quiet {
        let text = summary(name, packing.format, &image);
        if name == "-" && !options.dry_run {
            // Nobody is hurt when a remark cannot be printed.
            let _ = applet::write_all(cx.stderr, text.as_bytes());
        } else {
            cx.put(text.as_bytes())?;
        }
    }
    Ok(Status::OK)
}

/// Writes the image to where it belongs.
fn write(
    cx: &Ctx,
    options: &Options,
    packing: &Packing,
    builder: &mut Builder,
    name: &str,
) -> Result<Image, Error> {
    if options.dry_run && options.uki.is_none() {
        return assemble(options, packing, builder, &mut Nowhere::default());
    }
    let name_it = |e| Error::os(show(if name == "-" { "standard output" } else { name }), e);
    let mut memory = Vec::new();
    let mut image = Image::default();
    if let Some(stub) = &options.uki {
        image = assemble(options, packing, builder, &mut memory)?;
        memory = unified(options, Path::new(stub), &memory)?;
        image.size = memory.len() as u64;
        if options.dry_run {
            return Ok(image);
        }
    }
    let mut to = match name {
        "-" => Output::of(cx.stdout),
        name => Output::create(Path::new(name)).map_err(name_it)?,
    };
    if options.uki.is_some() {
        to.write_all(&memory).map_err(name_it)?;
    } else {
        image = assemble(options, packing, builder, &mut to)?;
    }
    to.finish().map_err(name_it)?;
    Ok(image)
}

/// The image with the archives of `--prepend` and `--append` around it. What
/// comes first is what the kernel looks for microcode in, and stays as it is.
fn assemble(
    options: &Options,
    packing: &Packing,
    builder: &mut Builder,
    to: &mut dyn Target,
) -> Result<Image, Error> {
    let put = |name: &String, to: &mut dyn Target| {
        let file = std::fs::File::open(name)?;
        to.copy(&file, u64::MAX).map(drop)
    };
    for name in &options.prepend {
        put(name, to).and_then(|()| to.align(512)).map_err(|e| Error::os(show(name), e))?;
    }
    let mut image = builder.write(packing, to)?;
    if packing.format == Format::Lz4 && (options.uki.is_some() || !options.append.is_empty()) {
        // The end of the frame, which has none of its own: what follows, be it
        // from a stub, would be taken for a part of it (lib/decompress_unlz4.c).
        to.write_all(&[0; 4]).map_err(|e| Error::os(to.name(), e))?;
    }
    for name in &options.append {
        to.align(4).and_then(|()| put(name, to)).map_err(|e| Error::os(show(name), e))?;
    }
    image.size = to.position();
    Ok(image)
}

/// `FORMAT`, or `FORMAT:LEVEL`.
fn packing(options: &Options) -> Result<Packing, Error> {
    let text = options.compress.as_deref().unwrap_or("none");
    let (name, level) = match text.split_once(':') {
        Some((name, level)) => (name, Some(level)),
        None => (text, None),
    };
    let format = Format::of_name(name.as_bytes()).filter(|format| *format != Format::Lzo);
    let format = format.ok_or_else(|| {
        let name = show(name);
        Error::usage(format_args!(
            "'{name}': no compression; known are none gzip zstd xz lz4 bzip2 lzma"
        ))
    })?;
    let mut packing = Packing::for_kernel(format);
    if let Some(level) = level {
        let number = level.parse().ok().filter(|level| *level <= 9);
        packing.level = number.ok_or_else(|| Error::bad(show(level), "a level is 0 to 9"))?;
    }
    Ok(packing)
}

/// What goes into the image, where its modules come from, and the name it has
/// when none was given.
fn collect<'m>(
    cx: &Ctx,
    options: &Options,
    meter: &'m Meter,
) -> Result<(Builder<'m>, Option<Tree>, String), Error> {
    let program = options.program.as_deref().unwrap_or("/proc/self/exe");
    let mut builder = Builder::new(PathBuf::from(program));
    builder
        .progress(Box::new(|what, done, total| meter.tell(what, done, total)))
        .mtime(source_date(cx)?)
        .farm(cx.table, Farm::Full)
        .skeleton()?;
    if let Some(text) = &options.align {
        let number = text.parse().ok().filter(|n: &u64| n.is_power_of_two() && *n <= 4096);
        builder.align(number.ok_or_else(|| Error::bad(show(text), "a power of two up to 4096"))?);
    }
    let mut default_name = "initramfs.img".to_string();
    let found = modules(options)?;
    if let Some((tree, version)) = &found {
        default_name = format!("initramfs-{version}.img");
        let choice = ModuleOptions {
            strip: options.strip_modules,
            decompress: options.decompress_modules,
            optional: true,
        };
        let chosen = by_computer(options, tree);
        let names: Vec<&[u8]> = chosen.iter().map(Vec::as_slice).collect();
        builder.modules(tree, &names, choice)?;
        let named = [&options.module, &options.fs, &options.driver];
        let names: Vec<&[u8]> = named.into_iter().flatten().map(String::as_bytes).collect();
        builder.modules(tree, &names, ModuleOptions { optional: false, ..choice })?;
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
    for folder in &options.hook {
        hooks(cx, options, &mut builder, Path::new(folder))?;
    }
    Ok((builder, found.map(|(tree, _)| tree), default_name))
}

/// The modules that the computer needs, which nobody named.
fn by_computer(options: &Options, tree: &Tree) -> Vec<Vec<u8>> {
    let mut chosen = Vec::new();
    if options.generic {
        chosen = image::choice::generic(tree);
    }
    if options.host_only {
        let sysfs = options.sysfs.as_deref().unwrap_or("/sys");
        chosen.append(&mut image::choice::host(tree, Path::new(sysfs)));
    }
    if !options.generic && !options.host_only && !options.no_modules {
        chosen = image::for_machines().map(Vec::from).collect();
    }
    chosen
}

/// Runs the programs of a folder in the order of their names; what they print
/// is a list as that of `--spec`, in which `add SRC[:DST]` is known, too.
fn hooks(cx: &Ctx, options: &Options, builder: &mut Builder, folder: &Path) -> Result<(), Error> {
    let failed = |e| Error::os(show(folder), e);
    let mut names = sys::path::names(folder).map_err(failed)?;
    order::sort(&mut names);
    for name in names {
        let path = folder.join(&name);
        let executable = nix::unistd::access(&path, nix::unistd::AccessFlags::X_OK).is_ok();
        if !executable || !path.is_file() || name.as_bytes().starts_with(b".") {
            continue;
        }
        let kver = options.kver.as_ref().or(options.version.as_ref());
        let output = printed(cx, &path, kver.map_or("", String::as_str))?;
        let mut list = Vec::new();
        for line in output.split_inclusive(|&b| b == b'\n') {
            let Some(add) = line.strip_prefix(b"add ") else {
                list.extend_from_slice(line);
                continue;
            };
            // An empty line keeps the numbers of the others.
            list.push(b'\n');
            let add = std::str::from_utf8(add.trim_ascii())
                .map_err(|_| Error::about(show(&path), "not UTF-8"))?;
            let (source, place) = source_and_place(add);
            builder.add(Path::new(source), place.map(str::as_bytes))?;
        }
        let variable = |name: &[u8]| cx.env.get(name).map(OsStr::as_bytes);
        builder.spec_text(&path, &list, &variable)?;
    }
    Ok(())
}

/// What a program prints; it is told of the kernel by `KVER`.
fn printed(cx: &Ctx, path: &Path, kver: &str) -> Result<Vec<u8>, Error> {
    use std::io::Read;
    let failed = |e: nix::errno::Errno| Error::os(show(path), e);
    let (from, to) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).map_err(failed)?;
    let child = match sys::process::fork().map_err(failed)? {
        sys::process::Forked::Child => {
            let error = become_hook(cx, path, kver, &to);
            let text = format!("{}: {}\n", show(path), error.desc());
            let _ = applet::write_all(cx.stderr, text.as_bytes());
            sys::process::exit_now(127);
        }
        sys::process::Forked::Parent(child) => child,
    };
    drop(to);
    let mut output = Vec::new();
    let read = std::fs::File::from(from).read_to_end(&mut output);
    let status = nix::sys::wait::waitpid(child, None).map_err(failed)?;
    read.map_err(|e| Error::os(show(path), e))?;
    match status {
        nix::sys::wait::WaitStatus::Exited(_, 0) => Ok(output),
        _ => Err(Error::about(show(path), "the hook failed")),
    }
}

/// Becomes the hook; comes back with the reason when that fails.
fn become_hook(cx: &Ctx, path: &Path, kver: &str, to: &std::os::fd::OwnedFd) -> nix::errno::Errno {
    if let Err(errno) = nix::unistd::dup2_stdout(to) {
        return errno;
    }
    let mut environment: Vec<std::ffi::OsString> = cx
        .env
        .iter()
        .filter(|entry| !entry.as_bytes().starts_with(b"KVER="))
        .map(OsStr::to_os_string)
        .collect();
    environment.push(format!("KVER={kver}").into());
    let mut list = environment.iter().map(std::ffi::OsString::as_os_str);
    sys::exec::exec(&[path.into()], None, &mut list)
}

/// A kernel with this image and its command line in one file that firmware
/// starts, by way of a stub.
fn unified(options: &Options, stub: &Path, image: &[u8]) -> Result<Vec<u8>, Error> {
    let read = |name: &str| crate::sys::file::read(name).map_err(|e| Error::os(show(name), e));
    let kernel = options.kernel.as_deref();
    let kernel = read(kernel.ok_or_else(|| Error::usage("--uki needs --kernel FILE"))?)?;
    let mut cmdline = options.cmdline.clone().unwrap_or_default().into_bytes();
    cmdline.push(b'\n');
    let release = match &options.os_release {
        Some(name) => read(name)?,
        None => crate::sys::file::read("/etc/os-release").unwrap_or_default(),
    };
    let named = options.kver.as_ref().or(options.version.as_ref()).map(String::as_bytes);
    let version = BzImage::parse(&kernel).ok().and_then(|kernel| kernel.version()).or(named);
    let bytes = crate::sys::file::read(stub).map_err(|e| Error::os(show(stub), e))?;
    let sections: [(&[u8; 8], &[u8]); 5] = [
        (b".osrel\0\0", &release),
        (b".cmdline", &cmdline),
        (b".uname\0\0", version.unwrap_or_default()),
        (b".initrd\0", image),
        // Last, as it unpacks itself over what follows.
        (b".linux\0\0", &kernel),
    ];
    let known = version.is_some();
    let sections: Vec<_> =
        sections.into_iter().filter(|(name, _)| known || *name != b".uname\0\0").collect();
    image::uki::with_sections(bytes, &sections).map_err(|text| Error::about(show(stub), text))
}

/// The modules that would be in the image, by their names.
fn list_modules(cx: &mut Ctx, options: &Options) -> Result<Status, Error> {
    let Some((tree, _)) = modules(options)? else { return Ok(Status::OK) };
    let mut names = by_computer(options, &tree);
    let named = [&options.module, &options.fs, &options.driver];
    names.extend(named.into_iter().flatten().map(|name| name.as_bytes().to_vec()));
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let closure = tree.closure(&names, &crate::kmod::conf::Conf::default());
    for module in &closure.modules {
        cx.put(&module.name)?;
        cx.put(b"\n")?;
    }
    let wanted =
        |missing: &[u8]| named.into_iter().flatten().any(|name| name.as_bytes() == missing);
    for missing in &closure.missing {
        if wanted(&missing.name) {
            cx.warn(Error::about(applet::show_bytes(&missing.name), "no such module"));
        }
    }
    Ok(cx.status())
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
    if options.sysfs.is_some() && !options.host_only && !options.check {
        return Err(Error::usage("--sysfs goes with --host-only or --check"));
    }
    let named = [&options.module, &options.fs, &options.driver];
    let asked = options.check && (options.modules_dir.is_some() || version.is_some());
    if options.no_modules && !chosen && !asked && named.iter().all(|list| list.is_empty()) {
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
    let packed = human(image.size);
    let head = match format {
        Format::None => format!("{}: {packed}\n", show(name)),
        _ => format!(
            "{}: {packed} of {}, {} before\n",
            show(name),
            format.name(),
            human(image.unpacked)
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
        if now < self.next.get() {
            return;
        }
        self.next.set(now + Duration::from_millis(100));
        self.shown.set(true);
        let text = match (done, total) {
            (0, 0) => format!("\r{what} ...\x1b[K"),
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
