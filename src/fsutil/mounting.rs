//! One mount, from what was asked for to the system calls and the reason why
//! they failed.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::MsFlags;
use nix::sys::wait::{WaitStatus, waitpid};

use super::blame::explain;
use super::{loops, mounts, tags};
use crate::applet::{Error, show, show_bytes};
use crate::mountopts::{self, Options};
use crate::net::{nfs, resolve};
use crate::sys::exec::exec;
use crate::sys::loopdev;
use crate::sys::process::{self, Forked};
use crate::sys::start::environment;

/// The kernel takes one page of options, and cuts what is longer.
const DATA_LIMIT: usize = 4095;

/// What to mount.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// What: a device, a tag (`UUID=`), a file, a folder, a name.
    pub source: Vec<u8>,
    /// Where.
    pub target: PathBuf,
    /// Types to try in order, comma separated; empty or `auto` is for the
    /// superblock and the kernel's list to say.
    pub fstype: Vec<u8>,
    /// How.
    pub options: Options,
    /// Of a remount: the words for the filesystem that the user said, without
    /// those that it had before. Not every filesystem takes back what it
    /// prints; what it has it then keeps.
    pub said: Vec<u8>,
    /// Never try read-only when the medium cannot be written (`-w`).
    pub insist_on_writing: bool,
    /// Leave `/sbin/mount.TYPE` alone (`-i`).
    pub no_helpers: bool,
    /// Do all but the mounting (`-f`).
    pub dry: bool,
}

/// What was mounted, in the end.
#[derive(Debug, Default)]
pub struct Mounted {
    /// The device, when a tag or file stood for it.
    pub source: Vec<u8>,
    /// The mount was made read-only although it was not asked for.
    pub write_protected: bool,
}

/// Mounts.
pub fn mount(request: &Request) -> Result<Mounted, Error> {
    if request.options.data.len() > DATA_LIMIT {
        return Err(Error::msg(format_args!(
            "{}: the options are {} bytes long, the kernel takes {DATA_LIMIT}",
            show(&request.target),
            request.options.data.len()
        )));
    }
    if let Some(mode) = request.options.make_target
        && !request.target.exists()
        && !request.dry
    {
        std::fs::create_dir_all(&request.target)
            .and_then(|()| {
                let mode = std::fs::Permissions::from_mode(mode);
                std::fs::set_permissions(&request.target, mode)
            })
            .map_err(|e| Error::os(show(&request.target), e))?;
    }
    let flags = request.options.flags;
    let only_propagation = request.source.is_empty() && flags & mountopts::REMOUNT == 0;
    let done = if only_propagation && !request.options.propagation.is_empty() {
        Mounted::default()
    } else if flags & mountopts::MOVE != 0 {
        simple(request, mountopts::MOVE)?
    } else if flags & mountopts::REMOUNT != 0 {
        remount(request)?
    } else if flags & mountopts::BIND != 0 {
        bind(request)?
    } else {
        fresh(request)?
    };
    for &propagation in &request.options.propagation {
        call(request, b"none", b"", propagation, b"")
            .map_err(|errno| explain(errno, request, b"", propagation))?;
    }
    Ok(done)
}

/// mount(2).
fn call(
    request: &Request,
    source: &[u8],
    fstype: &[u8],
    flags: u64,
    data: &[u8],
) -> Result<(), Errno> {
    if request.dry {
        return Ok(());
    }
    let flags = libc::c_ulong::try_from(flags).unwrap_or(0);
    nix::mount::mount(
        Some(source),
        &request.target,
        (!fstype.is_empty()).then_some(fstype),
        MsFlags::from_bits_retain(flags),
        (!data.is_empty()).then_some(data),
    )
}

fn simple(request: &Request, flags: u64) -> Result<Mounted, Error> {
    call(request, &request.source, b"", flags, b"")
        .map_err(|errno| explain(errno, request, b"", flags))?;
    Ok(Mounted { source: request.source.clone(), write_protected: false })
}

/// A folder at a second place. The kernel ignores other flags in that call, so
/// those of the mount (`ro`, `nosuid`) are a second one.
fn bind(request: &Request) -> Result<Mounted, Error> {
    let flags = request.options.flags;
    let done = simple(request, flags & (mountopts::BIND | mountopts::REC | mountopts::SILENT))?;
    if request.options.mentioned & mountopts::PER_MOUNT != 0 && !request.dry {
        let current = current_flags(request)?;
        let wanted = merged(current, &request.options);
        if wanted != current {
            let flags = mountopts::REMOUNT | mountopts::BIND | wanted;
            if let Err(errno) = call(request, b"none", b"", flags, b"") {
                // Better no mount than one that can be written by mistake.
                let _ = nix::mount::umount2(&request.target, nix::mount::MntFlags::MNT_DETACH);
                return Err(explain(errno, request, b"", flags));
            }
        }
    }
    Ok(done)
}

/// Flags of the mount that is on the target now. They have to be said again at
/// a remount, otherwise they go; in a user namespace that is even refused.
fn current_flags(request: &Request) -> Result<u64, Error> {
    let list = mounts::all()?;
    let found = mounts::at(&list, &mounts::canonical(&request.target));
    Ok(found.map_or(0, |mount| mountopts::flags_of(&mount.options)))
}

fn merged(current: u64, options: &Options) -> u64 {
    (current & !options.mentioned | options.flags) & mountopts::PER_MOUNT
}

fn remount(request: &Request) -> Result<Mounted, Error> {
    let flags = request.options.flags;
    let bound = flags & mountopts::BIND != 0;
    let (flags, data) = if bound {
        let current = current_flags(request)?;
        let wanted = merged(current, &request.options);
        (mountopts::REMOUNT | mountopts::BIND | wanted, &b""[..])
    } else {
        (flags, request.options.data.as_slice())
    };
    let source = if request.source.is_empty() { b"none" } else { request.source.as_slice() };
    let first_type = request.fstype.split(|&b| b == b',').next().unwrap_or_default();
    let mut result = call(request, source, b"", flags, data);
    if result == Err(Errno::EINVAL) && data != request.said {
        result = call(request, source, b"", flags, &request.said);
    }
    result.map_err(|errno| explain(errno, request, first_type, flags))?;
    Ok(Mounted { source: source.to_vec(), write_protected: false })
}

fn fresh(request: &Request) -> Result<Mounted, Error> {
    let mut source = request.source.clone();
    if tags::is_tag(&source) {
        source = device_of_tag(&source)?.as_os_str().as_bytes().to_vec();
    }
    let mut types = named_types(&request.fstype, &source);
    let options = &request.options;
    if !request.no_helpers
        && options.loop_device.is_none()
        && let [only] = types.as_slice()
        && let Some(helper) = helper(only)
    {
        if !request.dry {
            run_helper(&helper, &source, request, only)?;
        }
        return Ok(Mounted { source, write_protected: false });
    }

    let mut options = options.clone();
    if let [b"nfs" | b"nfs4"] = types.iter().map(Vec::as_slice).collect::<Vec<_>>().as_slice()
        && !options.data.split(|&b| b == b',').any(|word| word.starts_with(b"addr="))
    {
        return mount_nfs(request, &source, &types);
    }
    let mut held = None;
    if wants_loop(&source, &options, &types) && !request.dry {
        let file = mounts::path_of(&source);
        let device = loop_for(&file, &options)?;
        if device.read_only {
            options.flags |= mountopts::RDONLY;
        }
        source = device.path.as_os_str().as_bytes().to_vec();
        held = Some(device);
    } else {
        keep_for_filesystem(&mut options);
    }
    if types.is_empty() {
        types = guessed_types(&source, request)?;
    }
    let mut done = try_types(request, &source, &types, &options)?;
    if let Some(device) = held {
        let asked = request.options.flags & mountopts::RDONLY != 0;
        done.write_protected |= device.read_only && !asked;
        // Closed only now: the mount has it, and it clears itself later.
        drop(device);
    }
    done.source = source;
    Ok(done)
}

/// Tries each type; the first that works is it. With more than one the errors
/// that mean "not of this type" are passed over.
fn try_types(
    request: &Request,
    source: &[u8],
    types: &[Vec<u8>],
    options: &Options,
) -> Result<Mounted, Error> {
    let guess = types.len() > 1;
    let silent = if guess { mountopts::SILENT } else { 0 };
    let mut last = (Errno::EINVAL, types.first().cloned().unwrap_or_default());
    for fstype in types {
        let flags = options.flags | silent;
        let mut result = call(request, source, fstype, flags, &options.data);
        let mut write_protected = false;
        if let Err(Errno::EROFS | Errno::EACCES) = result
            && flags & mountopts::RDONLY == 0
            && !request.insist_on_writing
        {
            // As mount(8): a medium that cannot be written is mounted so that
            // it is not.
            let retry = flags | mountopts::RDONLY;
            result = call(request, source, fstype, retry, &options.data);
            write_protected = result.is_ok();
        }
        match result {
            Ok(()) => return Ok(Mounted { source: Vec::new(), write_protected }),
            Err(errno) => {
                // That one type was not it says less than any other failure.
                if last.0 == Errno::EINVAL {
                    last = (errno, fstype.clone());
                }
                // EBUSY: it is mounted already as another type.
                let other_type = matches!(
                    errno,
                    Errno::EINVAL
                        | Errno::ENODEV
                        | Errno::EUCLEAN
                        | Errno::EIO
                        | Errno::ENOTBLK
                        | Errno::EBUSY
                );
                if !guess || !other_type {
                    break;
                }
            }
        }
    }
    let (errno, fstype) = last;
    if guess && errno == Errno::EINVAL {
        let tried: Vec<String> = types.iter().map(|t| show_bytes(t).to_string()).collect();
        return Err(Error::msg(format_args!(
            "{}: no filesystem that this kernel knows is on it (tried {}), or its options are \
             wrong; name the type with -t",
            show_bytes(source),
            tried.join(", ")
        )));
    }
    let request = Request { source: source.to_vec(), ..request.clone() };
    Err(explain(errno, &request, &fstype, options.flags))
}

/// What a server of NFS has, without a helper: the kernel wants its address.
#[inline(never)]
fn mount_nfs(request: &Request, source: &[u8], types: &[Vec<u8>]) -> Result<Mounted, Error> {
    let (host, path) = nfs::split(source)
        .ok_or_else(|| Error::about(show_bytes(source), "NFS wants HOST:/FOLDER"))?;
    let list = resolve::addresses(host, 0)?;
    let (ip, _) = *list.first().ok_or_else(|| Error::about(show_bytes(host), "no address"))?;
    let v4 = types.first().is_some_and(|kind| kind == b"nfs4");
    let mut result = Err(Error::about(show_bytes(source), "not mounted"));
    for data in nfs::options(v4, &request.options.data, ip) {
        let options = Options { data, ..request.options.clone() };
        result = try_types(request, &nfs::source(ip, path), types, &options);
        if result.is_ok() {
            break;
        }
    }
    let done = result?;
    Ok(Mounted { source: source.to_vec(), ..done })
}

/// The device of a `UUID=` or other tag.
pub fn device_of_tag(spec: &[u8]) -> Result<PathBuf, Error> {
    tags::resolve(spec).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            Error::about(show_bytes(spec), "no device with this tag is there")
        }
        _ => Error::os(show_bytes(spec), error),
    })
}

/// The types that the user named, or that the form of the source means.
fn named_types(list: &[u8], source: &[u8]) -> Vec<Vec<u8>> {
    let negated = list.starts_with(b"no") && list != b"none";
    let mut words = Vec::new();
    for word in list.split(|&b| b == b',') {
        if !negated && !word.is_empty() && word != b"auto" {
            words.push(word.to_vec());
        }
    }
    if !words.is_empty() {
        return words;
    }
    if source.starts_with(b"//") {
        return vec![b"cifs".to_vec()];
    }
    if !source.starts_with(b"/") && source.windows(2).any(|two| two == b":/") {
        return vec![b"nfs".to_vec()];
    }
    Vec::new()
}

/// What may be on a device when nobody said it: what `/etc/filesystems` lists,
/// and behind a `*` there, or without the file, what the kernel has registered
/// for block devices.
///
/// This is the place to ask the superblock first.
fn guessed_types(source: &[u8], request: &Request) -> Result<Vec<Vec<u8>>, Error> {
    let meta = std::fs::metadata(mounts::path_of(source));
    match meta {
        Err(error) => {
            if matches!(error.kind(), io::ErrorKind::NotFound) {
                return Err(explain(Errno::ENOENT, request, b"", request.options.flags));
            }
            return Err(Error::os(show_bytes(source), error));
        }
        Ok(meta) if !meta.file_type().is_block_device() && !request.dry => {
            return Err(Error::about(
                show_bytes(source),
                "not a block device; name the type with -t, or use --bind for a folder",
            ));
        }
        Ok(_) => {}
    }
    let registered = match crate::sys::file::read("/proc/filesystems") {
        Ok(text) => block_types(&text),
        Err(error) => {
            let what = "/proc/filesystems, to find out the type (name it with -t)";
            return Err(Error::os(what, error));
        }
    };
    let mut types: Vec<Vec<u8>> = Vec::new();
    let mut rest = true;
    if let Ok(text) = crate::sys::file::read("/etc/filesystems") {
        rest = false;
        for line in text.split(|&b| b == b'\n') {
            let mut words = line.split(|b| b.is_ascii_whitespace()).filter(|w| !w.is_empty());
            match words.next() {
                None | Some(b"nodev") => {}
                Some(word) if word.starts_with(b"#") => {}
                Some(b"*") => rest = true,
                Some(word) => types.push(word.to_vec()),
            }
        }
    }
    if rest {
        for fstype in registered {
            if !types.contains(&fstype) {
                types.push(fstype);
            }
        }
    }
    // `-t noext3,nomsdos`: all but these
    if request.fstype.starts_with(b"no") {
        types.retain(|t| mountopts::type_matches(&request.fstype, t));
    }
    if types.is_empty() {
        return Err(Error::about(
            show_bytes(source),
            "the kernel has no filesystem for block devices (modules not loaded?)",
        ));
    }
    Ok(types)
}

/// The types in the text of `/proc/filesystems` that want a device.
fn block_types(text: &[u8]) -> Vec<Vec<u8>> {
    let mut types = Vec::new();
    for line in text.split(|&b| b == b'\n') {
        match line.strip_prefix(b"\t") {
            None | Some(b"" | b"fuseblk") => {}
            Some(name) => types.push(name.to_vec()),
        }
    }
    types
}

/// Whether the source is a file to be made a device of.
fn wants_loop(source: &[u8], options: &Options, types: &[Vec<u8>]) -> bool {
    if options.loop_device.is_some() {
        return true;
    }
    let nodev = |fstype: &Vec<u8>| {
        let text = crate::sys::file::read("/proc/filesystems").unwrap_or_default();
        text.split(|&b| b == b'\n').any(|l| l.strip_prefix(b"nodev\t") == Some(fstype))
    };
    std::fs::metadata(mounts::path_of(source)).is_ok_and(|meta| meta.is_file())
        && !types.iter().any(nodev)
}

/// `offset=` of a mount without loop device is the filesystem's own word.
fn keep_for_filesystem(options: &mut Options) {
    for (name, value) in [("offset", options.offset), ("sizelimit", options.size_limit)] {
        if let Some(value) = value {
            if !options.data.is_empty() {
                options.data.push(b',');
            }
            options.data.extend_from_slice(format!("{name}={value}").as_bytes());
        }
    }
}

/// A loop device for `file`: the one that it is attached to in the same way
/// already, otherwise a new one that goes with the mount. Two devices on the
/// same bytes would ruin the filesystem.
fn loop_for(file: &Path, options: &Options) -> Result<loops::Loop, Error> {
    let offset = options.offset.unwrap_or(0);
    let size_limit = options.size_limit.unwrap_or(0);
    let device = options.loop_device.as_deref().filter(|d| !d.is_empty()).map(mounts::path_of);
    let end =
        |start: u64, length: u64| if length == 0 { u64::MAX } else { start.saturating_add(length) };
    let read_only = options.flags & mountopts::RDONLY != 0;
    for other in loops::of_file(file) {
        let same = other.info.offset == offset && other.info.size_limit == size_limit;
        let other_read_only = other.info.flags & loopdev::READ_ONLY != 0;
        if same
            && device.as_ref().is_none_or(|d| *d == other.path)
            && (read_only || !other_read_only)
            && let Ok(open) = std::fs::File::open(&other.path)
            && loops::describe(&other.path).is_ok()
        {
            return Ok(loops::Loop { path: other.path, read_only: other_read_only, device: open });
        }
        let apart = end(offset, size_limit) <= other.info.offset
            || end(other.info.offset, other.info.size_limit) <= offset;
        if !(apart || read_only && other_read_only) {
            return Err(Error::msg(format_args!(
                "{}: {} is attached to the same part of the file already; detach it (losetup -d) \
                 or mount that device",
                show(file),
                show(&other.path)
            )));
        }
    }
    let mut flags = loopdev::AUTOCLEAR;
    if read_only {
        flags |= loopdev::READ_ONLY;
    }
    loops::attach(file, &loops::Setup { device, offset, size_limit, flags, block_size: 0 })
}

/// The program that mounts this type, if there is one.
fn helper(fstype: &[u8]) -> Option<PathBuf> {
    helper_named("mount", fstype)
}

/// `/sbin/mount.TYPE` or `/sbin/umount.TYPE`.
pub fn helper_named(verb: &str, fstype: &[u8]) -> Option<PathBuf> {
    if fstype.contains(&b'/') || fstype.is_empty() {
        return None;
    }
    let main_type = fstype.split(|&b| b == b'.').next().unwrap_or_default();
    for folder in ["/sbin", "/usr/sbin", "/sbin/fs.d", "/sbin/fs"] {
        for name in [fstype, main_type] {
            let mut file = format!("{verb}.").into_bytes();
            file.extend_from_slice(name);
            let path = Path::new(folder).join(OsStr::from_bytes(&file));
            let runs = |m: std::fs::Metadata| m.is_file() && m.permissions().mode() & 0o111 != 0;
            if path.metadata().is_ok_and(runs) {
                return Some(path);
            }
        }
    }
    None
}

fn run_helper(helper: &Path, source: &[u8], request: &Request, fstype: &[u8]) -> Result<(), Error> {
    let options = request.options.for_helper();
    let mut words = vec![source, request.target.as_os_str().as_bytes(), b"-o", &options];
    if fstype.contains(&b'.') {
        words.extend([b"-t", fstype]);
    }
    run_program(helper, &words, &request.target)
}

/// Runs `/sbin/mount.TYPE` or `/sbin/umount.TYPE` and waits for it. `target`
/// is for the message.
pub fn run_program(program: &Path, words: &[&[u8]], target: &Path) -> Result<(), Error> {
    let mut argv = vec![program.as_os_str().to_os_string()];
    for word in words {
        argv.push(OsStr::from_bytes(word).to_os_string());
    }
    let child = match process::fork().map_err(|e| Error::os(show(program), e))? {
        Forked::Parent(child) => child,
        Forked::Child => {
            process::reset_signals();
            exec(&argv, None, &mut environment());
            process::exit_now(126)
        }
    };
    let how = loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, 0)) => return Ok(()),
            Ok(WaitStatus::Exited(_, status)) => break format!("exit status: {status}"),
            Ok(WaitStatus::Signaled(_, signal, _)) => break format!("signal: {}", signal as i32),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::os(show(program), errno)),
        }
    };
    Err(Error::msg(format_args!("{}: {} failed ({how})", show(target), show(program))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_for_devices() {
        let text = b"nodev\tsysfs\n\text3\n\text4\nnodev\toverlay\n\tfuseblk\n";
        assert_eq!(block_types(text), [b"ext3".to_vec(), b"ext4".to_vec()]);
    }

    #[test]
    fn types_of_names() {
        assert_eq!(named_types(b"ext4,xfs", b"/dev/x"), [b"ext4".to_vec(), b"xfs".to_vec()]);
        assert_eq!(named_types(b"", b"10.0.0.1:/srv"), [b"nfs".to_vec()]);
        assert_eq!(named_types(b"auto", b"//host/share"), [b"cifs".to_vec()]);
        assert_eq!(named_types(b"none", b"x"), [b"none".to_vec()]);
        assert!(named_types(b"noext4", b"/dev/x").is_empty());
        assert!(named_types(b"", b"/dev/x:/y").is_empty());
    }

    #[test]
    fn flags_are_merged_over_those_there() {
        let options = Options::parse(b"rw,noatime").unwrap();
        let now = mountopts::RDONLY | mountopts::NOSUID | mountopts::RELATIME;
        assert_eq!(merged(now, &options), mountopts::NOSUID | mountopts::NOATIME);
    }

    #[test]
    fn an_offset_without_loop_is_the_filesystems() {
        let mut options = Options::parse(b"a=b,offset=1k").unwrap();
        keep_for_filesystem(&mut options);
        assert_eq!(options.data, b"a=b,offset=1024");
    }
}
