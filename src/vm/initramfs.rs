//! The initramfs of a machine: this program, the job, and just the modules
//! that the machine's devices and mounts need.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

use super::Options;
use super::kernel::{Kernel, open_without_waiting};
use crate::applet::{Error, Table, show, show_bytes};
use crate::compress::Format;
use crate::cpio::{Header, Writer};
use crate::image::{Builder, Farm, ModuleOptions, for_machines};
use crate::kmod::{Tree, dep, modinfo, tree};
use crate::sys::stream::to_end;

/// A file in memory, or an open one, for QEMU to read.
pub struct Image {
    /// It.
    pub fd: OwnedFd,
    /// Its size.
    pub size: u64,
}

impl Image {
    /// A path under which a process that has inherited it can open it.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.fd.as_raw_fd()))
    }

    fn of_bytes(parts: &[&[u8]]) -> Result<Image, Error> {
        let wrong = |e: std::io::Error| Error::os("initramfs", e);
        let fd = memfd_create(c"initramfs", MFdFlags::MFD_CLOEXEC).map_err(|e| wrong(e.into()))?;
        let mut file = File::from(fd);
        let mut size = 0;
        for part in parts {
            file.write_all(part).map_err(wrong)?;
            size += part.len() as u64;
        }
        Ok(Image { fd: file.into(), size })
    }
}

/// An initramfs of the user's own. The job or the token, if there is one, is
/// appended as an archive of its own: the kernel unpacks one behind the other.
pub fn given(path: &Path, extra: Option<(&str, Vec<u8>)>) -> Result<Image, Error> {
    let wrong = |e: std::io::Error| Error::os(show(path), e);
    let file = open_without_waiting(path)?;
    let about = file.metadata().map_err(wrong)?;
    let kind = about.file_type();
    if kind.is_file() && extra.is_none() {
        return Ok(Image { fd: file.into(), size: about.len() });
    }
    if !kind.is_file() && !kind.is_fifo() {
        return Err(Error::msg(format_args!("{}: neither a file nor a pipe", show(path))));
    }
    let bytes = if kind.is_fifo() {
        of_pipe(&file, WRITER).map_err(wrong)?
    } else {
        to_end(file.as_fd()).map_err(wrong)?
    };
    if bytes.is_empty() && kind.is_fifo() {
        return Err(Error::msg(format_args!("{}: nobody writes anything into it", show(path))));
    }
    let Some((name, text)) = extra else { return Image::of_bytes(&[&bytes]) };
    let more = archive_of(name, &text)?;
    // An archive begins at a multiple of four bytes; zeros between are skipped.
    let gap = vec![0; bytes.len().next_multiple_of(512) - bytes.len()];
    Image::of_bytes(&[&bytes, &gap, &more])
}

/// How long the program that writes into a pipe may take to open it.
const WRITER: Duration = Duration::from_secs(10);

/// What a program writes into a pipe that was opened without waiting: all of
/// it, however long that takes, once there is such a program. A pipe that
/// nobody writes to reads as one at its end.
fn of_pipe(file: &File, limit: Duration) -> std::io::Result<Vec<u8>> {
    let until = Instant::now() + limit;
    let mut bytes = vec![0; 4096];
    loop {
        match nix::unistd::read(file, &mut bytes) {
            Ok(0) if Instant::now() >= until => return Ok(Vec::new()),
            Ok(0) => std::thread::sleep(Duration::from_millis(20)),
            Err(Errno::EINTR) => {}
            Ok(count) => {
                bytes.truncate(count);
                break;
            }
            // Somebody has it open and has written nothing yet.
            Err(Errno::EAGAIN) => {
                bytes.clear();
                break;
            }
            Err(errno) => return Err(errno.into()),
        }
    }
    fcntl(file, FcntlArg::F_SETFL(OFlag::empty()))?;
    bytes.extend(to_end(file.as_fd())?);
    Ok(bytes)
}

/// An archive with one file and the folders above it.
fn archive_of(file: &str, text: &[u8]) -> Result<Vec<u8>, Error> {
    let mut archive = Writer::new();
    let mut path = Vec::new();
    let name = file.trim_start_matches('/').as_bytes();
    for (n, part) in name.split(|b| *b == b'/').enumerate() {
        if n > 0 {
            let header = Header { ino: n as u32, mode: 0o40755, nlink: 2, ..Header::default() };
            archive.entry(&header, &path, b"").map_err(Error::msg)?;
            path.push(b'/');
        }
        path.extend_from_slice(part);
    }
    let header = Header { ino: 99, mode: 0o100_600, nlink: 1, ..Header::default() };
    archive.entry(&header, name, text).map_err(Error::msg)?;
    Ok(archive.finish())
}

/// The initramfs for what `options` ask for.
pub fn build(
    table: &'static Table,
    options: &Options,
    kernel: &Kernel,
    extra: Option<(&str, Vec<u8>)>,
    note: &dyn Fn(&str),
) -> Result<Image, Error> {
    let rescue = options.root.is_none() && options.command.is_empty();
    let farm = if options.root.is_some() { Farm::Minimal } else { Farm::Machine };
    let mut builder = Builder::new(PathBuf::from("/proc/self/exe"));
    builder.farm(table, farm).skeleton()?;
    if let Some(dir) = &kernel.modules {
        let tree = Tree::open(dir).map_err(Error::msg)?;
        if options.modules.is_some()
            && let Some(text) = strange(&tree, &kernel.version)
        {
            note(&text);
        }
        let strip = !options.keep_signatures && !kernel.signed_modules_only;
        let how = ModuleOptions { strip, decompress: false, optional: true };
        let names: Vec<&[u8]> =
            if rescue { for_machines().collect() } else { names(options, extra.is_some()) };
        builder.modules(&tree, &names, how)?;
    } else if !kernel.version.is_empty() {
        note(&format!(
            "no modules of kernel {} were found: what is not built in will be missing; \
             --modules-dir tells where they are",
            show_bytes(&kernel.version)
        ));
    }
    if let Some((name, text)) = extra {
        builder.file(name, 0o600, text)?;
    }
    let image = builder.build(Format::None)?;
    if options.verbose {
        for text in &image.notes {
            note(text);
        }
    }
    Image::of_bytes(&[&image.bytes])
}

/// What is wrong with modules that the user chose for a kernel of this version.
fn strange(tree: &Tree, version: &[u8]) -> Option<String> {
    let dir = show(tree.dir());
    let Some(about) = first_info(tree) else {
        return Some(format!("{dir}: no module is there: what is not built in will be missing"));
    };
    let about = about.ok()?;
    let of = modinfo::words(modinfo::field(&about, b"vermagic")?).next()?;
    (!version.is_empty() && of != version).then(|| {
        let (of, version) = (show_bytes(of), show_bytes(version));
        format!("{dir}: modules of kernel {of}, which kernel {version} will not load")
    })
}

/// What is said in one of the modules: any will do, so that a whole tree need
/// not be walked where its list names one that is there.
fn first_info(tree: &Tree) -> Option<Result<Vec<u8>, crate::kmod::Error>> {
    let info = |file: &[u8]| tree::read_modinfo(&tree.dir().join(OsStr::from_bytes(file)));
    let mut head = Vec::new();
    if let Ok(list) = File::open(tree.dir().join("modules.dep")) {
        let _ = list.take(1 << 16).read_to_end(&mut head);
    }
    let listed = dep::entries(&head).next().and_then(|entry| info(entry.path).ok());
    listed.map(Ok).or_else(|| tree.files().next().map(info))
}

/// The modules for the machine's devices and mounts. Those that are part of a
/// kernel, or that it does not have, cost nothing.
fn names(options: &Options, ports: bool) -> Vec<&'static [u8]> {
    let mut list: Vec<&[u8]> = vec![b"virtio_pci"];
    if ports {
        list.push(b"virtio_console");
    }
    if options.root.is_some() || !options.mounts.is_empty() {
        list.push(b"virtiofs");
    }
    if options.overlay {
        list.push(b"overlay");
    }
    if options.network {
        list.push(b"virtio_net");
    }
    if !options.disks.is_empty() {
        list.extend([
            &b"virtio_blk"[..],
            b"ext4",
            b"xfs",
            b"btrfs",
            b"vfat",
            b"erofs",
            b"squashfs",
        ]);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_in_an_archive_of_its_own() {
        let archive = archive_of(crate::job::SPEC_PATH, b"job").unwrap();
        let names: Vec<Vec<u8>> =
            crate::cpio::Reader::new(&archive).map(|entry| entry.unwrap().name.to_vec()).collect();
        assert_eq!(names, [&b"etc"[..], b"etc/rescuebox", b"etc/rescuebox/job"]);
    }

    #[test]
    fn a_pipe_that_nobody_writes_to() {
        let dir = std::env::temp_dir().join(format!("rescuebox-pipe-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("fifo");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
        let file = open_without_waiting(&path).unwrap();
        assert!(of_pipe(&file, Duration::from_millis(50)).unwrap().is_empty());
        let mut end = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        end.write_all(b"early").unwrap();
        drop(end);
        assert_eq!(of_pipe(&file, Duration::from_secs(60)).unwrap(), b"early");
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn only_what_is_needed() {
        let options = Options { root: Some("/".into()), ..Options::default() };
        let words: [&[u8]; 3] = [b"virtio_pci", b"virtio_console", b"virtiofs"];
        assert_eq!(names(&options, true), words);
        let options = Options { overlay: true, ..options };
        assert!(names(&options, false).contains(&&b"overlay"[..]));
        assert!(!names(&options, false).contains(&&b"virtio_console"[..]));
    }
}
