//! The kernel of a machine: which file, its version, its modules, whether it
//! insists on signatures, and the unpacked kernel that boots faster.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::applet::{Error, show, show_bytes};
use crate::bzimage::{self, BzImage};
use crate::image::output;
use crate::order;
use crate::sys::path::names;

/// How many unpacked kernels the cache keeps.
const KEPT: usize = 8;

/// A kernel to boot.
#[derive(Debug)]
pub struct Kernel {
    /// The file, as found.
    pub path: PathBuf,
    /// What `uname -r` will say; empty when the file does not tell.
    pub version: Vec<u8>,
    /// The folder with its modules, when there is one.
    pub modules: Option<PathBuf>,
    /// What QEMU is given: the unpacked kernel, or the file itself.
    pub boot: PathBuf,
    /// Whether `boot` is unpacked, and entered by PVH.
    pub unpacked: bool,
    /// Whether modules without a signature are refused.
    pub signed_modules_only: bool,
}

/// Where to look.
pub struct Wanted<'a> {
    /// `--kernel`.
    pub kernel: Option<&'a Path>,
    /// `--modules-dir`.
    pub modules: Option<&'a Path>,
    /// `--root`.
    pub root: Option<&'a Path>,
    /// `--append`: it may ask for signatures.
    pub append: &'a [String],
    /// The folder for unpacked kernels.
    pub cache: Option<&'a Path>,
}

/// Finds the kernel and everything about it.
pub fn find(wanted: &Wanted<'_>) -> Result<Kernel, Error> {
    let path = match wanted.kernel {
        Some(path) => path.to_path_buf(),
        None => search(wanted.root)?,
    };
    let (head, own) = read_head(&path)?;
    let parsed = BzImage::parse(&head);
    let own_entry = own.as_deref().is_some_and(bzimage::has_pvh_entry);
    let version = match (&parsed, &own) {
        (Ok(image), _) => image.version().unwrap_or_default().to_vec(),
        (Err(_), Some(bytes)) if own_entry => {
            bzimage::version_of_vmlinux(bytes).unwrap_or_default().to_vec()
        }
        (Err(error), _) => return Err(Error::msg(format_args!("{}: {error}", show(&path)))),
    };
    drop(own);
    let modules = match wanted.modules {
        Some(dir) => {
            let about = std::fs::metadata(dir).map_err(|e| Error::os(show(dir), e))?;
            if !about.is_dir() {
                return Err(Error::msg(format_args!("{}: not a folder", show(dir))));
            }
            Some(dir.to_path_buf())
        }
        None => find_modules(&path, wanted.root, &version),
    };
    let signed_modules_only =
        asks_for_signatures(wanted.append) || demands_signatures(&path, modules.as_deref());
    let unpacked = match (&parsed, wanted.cache) {
        (Ok(_), Some(cache)) => unpacked(&path, &version, cache)?,
        _ => None,
    };
    Ok(Kernel {
        unpacked: unpacked.is_some() || own_entry,
        boot: unpacked.unwrap_or_else(|| path.clone()),
        path,
        version,
        modules,
        signed_modules_only,
    })
}

/// As much of a kernel as its header can take, and all of one that is not
/// packed.
fn read_head(path: &Path) -> Result<(Vec<u8>, Option<Vec<u8>>), Error> {
    let wrong = |e| Error::os(show(path), e);
    let mut file = open_without_waiting(path)?;
    if !file.metadata().map_err(wrong)?.is_file() {
        return Err(Error::msg(format_args!("{}: not a regular file", show(path))));
    }
    let mut head = Vec::new();
    file.by_ref().take(256 * 1024).read_to_end(&mut head).map_err(wrong)?;
    if !head.starts_with(b"\x7fELF") {
        return Ok((head, None));
    }
    let mut all = head.clone();
    file.read_to_end(&mut all).map_err(wrong)?;
    Ok((head, Some(all)))
}

/// Opens a file to read it. A FIFO to which nobody writes would otherwise keep
/// a runner waiting that has blocked the signals for its loop.
pub fn open_without_waiting(path: &Path) -> Result<File, Error> {
    crate::sys::path::open(path, OFlag::O_RDONLY | OFlag::O_NONBLOCK)
        .map(File::from)
        .map_err(|errno| Error::os(show(path), errno))
}

/// The newest kernel in the root; without one there, the newest of this host.
fn search(root: Option<&Path>) -> Result<PathBuf, Error> {
    if let Some(root) = root
        && let Some(path) = newest(root)
    {
        return Ok(path);
    }
    newest(Path::new("/")).ok_or_else(|| {
        let place = match root {
            Some(root) => format!("{} and this host", show(root)),
            None => "this host".to_string(),
        };
        Error::msg(format_args!(
            "no kernel in {place} (usr/lib/modules/*/vmlinuz, boot/vmlinuz-*): pass --kernel FILE, \
             or install one (Debian: linux-image-amd64, Fedora: kernel-core)"
        ))
    })
}

/// The newest kernel below `root`, by version.
fn newest(root: &Path) -> Option<PathBuf> {
    let mut found: Vec<(Vec<u8>, PathBuf)> = Vec::new();
    for dir in ["usr/lib/modules", "lib/modules"] {
        let dir = root.join(dir);
        for name in names(&dir).unwrap_or_default() {
            let path = dir.join(&name).join("vmlinuz");
            found.push((name.into_vec(), path));
        }
    }
    let dir = root.join("boot");
    for name in names(&dir).unwrap_or_default() {
        if let Some(version) = name.as_bytes().strip_prefix(b"vmlinuz-") {
            found.push((version.to_vec(), dir.join(&name)));
        }
    }
    found.retain(|(_, path)| path.is_file());
    found.into_iter().max_by(|a, b| compare_versions(&a.0, &b.0)).map(|(_, path)| path)
}

/// Orders versions as `sort -V` does: runs of digits by their value, the rest
/// byte by byte.
pub fn compare_versions(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        match (run(a), run(b)) {
            (None, None) => return Ordering::Equal,
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some((x, rest_a)), Some((y, rest_b))) => {
                let digits = |run: &[u8]| run.first().is_some_and(u8::is_ascii_digit);
                let order = if digits(x) && digits(y) {
                    let significant = |run: &[u8]| run.trim_ascii_start().len();
                    let (x, y) = (without_zeros(x), without_zeros(y));
                    significant(x).cmp(&significant(y)).then_with(|| x.cmp(y))
                } else {
                    x.cmp(y)
                };
                if order != Ordering::Equal {
                    return order;
                }
                (a, b) = (rest_a, rest_b);
            }
        }
    }
}

fn without_zeros(digits: &[u8]) -> &[u8] {
    let start = digits.iter().position(|b| *b != b'0').unwrap_or(digits.len());
    digits.get(start..).unwrap_or_default()
}

/// The run of digits, or of anything else, that `text` begins with.
fn run(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let digit = text.first()?.is_ascii_digit();
    let end = text.iter().position(|b| b.is_ascii_digit() != digit).unwrap_or(text.len());
    text.split_at_checked(end)
}

/// `vmlinux-6.1.0` is of version 6.1.0.
fn version_of_name(path: &Path) -> Vec<u8> {
    let name = path.file_name().unwrap_or_default().as_bytes();
    let at = name.iter().position(|b| *b == b'-');
    at.and_then(|at| name.get(at + 1..)).unwrap_or_default().to_vec()
}

/// The modules of the kernel: beside it, below the root, of this host.
fn find_modules(kernel: &Path, root: Option<&Path>, version: &[u8]) -> Option<PathBuf> {
    if version.is_empty() {
        return None;
    }
    let version = Path::new(OsStr::from_bytes(version));
    let mut places = Vec::new();
    if let Ok(real) = std::fs::canonicalize(kernel)
        && let Some(dir) = real.parent()
    {
        if dir.file_name() == Some(version.as_os_str()) {
            places.push(dir.to_path_buf());
        }
        if let Some(above) = dir.parent() {
            places.push(above.join("lib/modules").join(version));
            places.push(above.join("usr/lib/modules").join(version));
        }
    }
    for root in root.into_iter().chain([Path::new("/")]) {
        places.push(root.join("usr/lib/modules").join(version));
        places.push(root.join("lib/modules").join(version));
    }
    places.into_iter().find(|place| place.is_dir())
}

/// Whether the words for the kernel's command line switch signatures on.
fn asks_for_signatures(append: &[String]) -> bool {
    append.iter().flat_map(|text| text.split_ascii_whitespace()).any(|word| {
        matches!(word, "module.sig_enforce" | "module.sig_enforce=1" | "module.sig_enforce=y")
            || word.starts_with("lockdown=")
    })
}

/// Whether the kernel was built to refuse unsigned modules, as far as its
/// configuration lies beside it or among its modules.
fn demands_signatures(kernel: &Path, modules: Option<&Path>) -> bool {
    const OPTIONS: [&[u8]; 3] = [
        b"CONFIG_MODULE_SIG_FORCE=y",
        b"CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y",
        b"CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY=y",
    ];
    let mut beside = b"config-".to_vec();
    beside.extend_from_slice(&version_of_name(kernel));
    let beside = kernel.with_file_name(OsStr::from_bytes(&beside));
    let among = modules.map(|dir| dir.join("config"));
    [Some(beside), among].into_iter().flatten().any(|file| {
        crate::sys::file::read(file).is_ok_and(|text| {
            text.split(|b| *b == b'\n').any(|line| OPTIONS.contains(&line.trim_ascii_end()))
        })
    })
}

/// The unpacked kernel in the cache, put there when it is not yet. `None` when
/// that cannot be had, or cannot be booted: the packed one always can.
///
/// # Errors
/// A kernel with damage, which would say so on a screen that nobody sees, and
/// stop.
fn unpacked(path: &Path, version: &[u8], cache: &Path) -> Result<Option<PathBuf>, Error> {
    let Some(file) = place(path, version, cache) else { return Ok(None) };
    if let Ok(meta) = std::fs::metadata(&file) {
        // A kernel that cannot be booted this way is remembered as empty.
        return Ok((meta.len() > 0).then_some(file));
    }
    let Ok(packed) = crate::sys::file::read(path) else { return Ok(None) };
    let bytes = match BzImage::parse(&packed).and_then(|image| image.unpack()) {
        Ok(bytes) => Some(bytes).filter(|bytes| bzimage::has_pvh_entry(bytes)),
        Err(error @ (bzimage::Error::Truncated | bzimage::Error::Packed(_))) => {
            return Err(Error::msg(format_args!("{}: damaged: {error}", show(path))));
        }
        Err(_) => None,
    };
    Ok(keep(&file, bytes.as_deref()).then_some(file))
}

/// The file in the cache for a kernel.
fn place(path: &Path, version: &[u8], cache: &Path) -> Option<PathBuf> {
    let dir = cache.join("vmlinux");
    let meta = std::fs::metadata(path).ok()?;
    let real = std::fs::canonicalize(path).ok()?;
    let mut key = Key::new();
    key.add(real.as_os_str().as_bytes());
    for number in
        [meta.size(), meta.ino(), meta.mtime().cast_unsigned(), meta.mtime_nsec().cast_unsigned()]
    {
        key.add(&number.to_le_bytes());
    }
    let name = format!("{}-{:016x}", show_bytes(version), key.0);
    Some(dir.join(name.replace('/', "_")))
}

/// Writes an unpacked kernel into the cache. Whether it is there now.
fn keep(file: &Path, bytes: Option<&[u8]>) -> bool {
    let dir = file.parent().unwrap_or(Path::new("/"));
    if std::fs::create_dir_all(dir).is_err() {
        return false;
    }
    make_room(dir);
    output::save(file, bytes.unwrap_or_default()).is_ok() && bytes.is_some()
}

/// Removes the oldest from a full cache.
fn make_room(dir: &Path) {
    let mut files = Vec::new();
    for name in names(dir).unwrap_or_default() {
        let path = dir.join(name);
        if let Ok(meta) = std::fs::symlink_metadata(&path) {
            files.push((meta.mtime(), meta.mtime_nsec(), path));
        }
    }
    order::sort(&mut files);
    for (_, _, path) in files.iter().take((files.len() + 1).saturating_sub(KEPT)) {
        let _ = std::fs::remove_file(path);
    }
}

/// FNV-1a: tells files apart, no more.
struct Key(u64);

impl Key {
    fn new() -> Key {
        Key(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_sort_as_people_count() {
        let mut list = ["6.12.1", "6.1.0-50-amd64", "6.1.0-9-amd64", "6.1.0-50", "10.0", "6.01.0"];
        list.sort_by(|a, b| compare_versions(a.as_bytes(), b.as_bytes()));
        assert_eq!(list[3..], ["6.1.0-50-amd64", "6.12.1", "10.0"]);
        assert_eq!(compare_versions(b"6.01", b"6.1"), Ordering::Equal);
        assert_eq!(compare_versions(b"6.9", b"6.10"), Ordering::Less);
        assert_eq!(compare_versions(b"6.1", b"6.1-rc1"), Ordering::Less);
    }

    #[test]
    fn signatures_may_be_asked_for() {
        let words = |text: &str| asks_for_signatures(&[text.to_string()]);
        assert!(words("quiet module.sig_enforce=1"));
        assert!(words("lockdown=integrity"));
        assert!(!words("module.sig_enforce=0 quiet"));
    }

    #[test]
    fn versions_of_names() {
        assert_eq!(version_of_name(Path::new("/x-y/vmlinux-6.1-a")), b"6.1-a");
        assert_eq!(version_of_name(Path::new("/x/vmlinux")), b"");
    }
}
