//! The initramfs of a machine: this program, the job, and just the modules
//! that the machine's devices and mounts need.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

use super::Options;
use super::kernel::{Kernel, open_without_waiting};
use crate::applet::{Error, Table, show, show_bytes};
use crate::compress::Format;
use crate::cpio::{Header, Writer};
use crate::image::{Builder, Farm, ModuleOptions, for_machines};
use crate::kmod::{Tree, modinfo, tree};
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
    // What a program writes into a pipe is waited for.
    fcntl(&file, FcntlArg::F_SETFL(OFlag::empty())).map_err(|e| wrong(e.into()))?;
    let bytes = to_end(file.as_fd()).map_err(wrong)?;
    let Some((name, text)) = extra else { return Image::of_bytes(&[&bytes]) };
    let more = archive_of(name, &text)?;
    // An archive begins at a multiple of four bytes; zeros between are skipped.
    let gap = vec![0; bytes.len().next_multiple_of(512) - bytes.len()];
    Image::of_bytes(&[&bytes, &gap, &more])
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
    let Some(file) = tree.files().next() else {
        return Some(format!("{dir}: no module is there: what is not built in will be missing"));
    };
    let about = tree::read_modinfo(&tree.dir().join(OsStr::from_bytes(file))).ok()?;
    let of = modinfo::words(modinfo::field(&about, b"vermagic")?).next()?;
    (!version.is_empty() && of != version).then(|| {
        let (of, version) = (show_bytes(of), show_bytes(version));
        format!("{dir}: modules of kernel {of}, which kernel {version} will not load")
    })
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
    fn only_what_is_needed() {
        let options = Options { root: Some("/".into()), ..Options::default() };
        let words: [&[u8]; 3] = [b"virtio_pci", b"virtio_console", b"virtiofs"];
        assert_eq!(names(&options, true), words);
        let options = Options { overlay: true, ..options };
        assert!(names(&options, false).contains(&&b"overlay"[..]));
        assert!(!names(&options, false).contains(&&b"virtio_console"[..]));
    }
}
