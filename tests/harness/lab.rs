//! What `make lab` fetched: kernels, roots, the Rust virtiofsd.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use super::applet::program;

/// The four kernels that everything is shown on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Debian 12's 6.1 for clouds: virtiofs and virtio_pci are modules, ext4 is built in.
    BookwormCloud,
    /// Debian 12's 6.1.
    BookwormGeneric,
    /// Debian 13's 6.12 for clouds: virtiofs and virtio_pci are built in.
    TrixieCloud,
    /// Debian 13's 6.12.
    TrixieGeneric,
}

/// All four.
pub const KERNELS: [Kernel; 4] =
    [Kernel::BookwormCloud, Kernel::BookwormGeneric, Kernel::TrixieCloud, Kernel::TrixieGeneric];

/// The modules of a boot from a share on Debian 12's cloud kernel, in the order
/// in which they load.
pub const SHARE_MODULES: [&str; 7] = [
    "virtio",
    "virtio_ring",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "fuse",
    "virtiofs",
];

/// The folder of things fetched.
pub fn cache() -> PathBuf {
    let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    var("RESCUEBOX_CACHE").unwrap_or_else(|| {
        var("XDG_CACHE_HOME")
            .unwrap_or_else(|| var("HOME").unwrap_or_default().join(".cache"))
            .join("rescuebox")
    })
}

impl Kernel {
    fn folder(self) -> PathBuf {
        let name = match self {
            Kernel::BookwormCloud => "bookworm-cloud",
            Kernel::BookwormGeneric => "bookworm-generic",
            Kernel::TrixieCloud => "trixie-cloud",
            Kernel::TrixieGeneric => "trixie-generic",
        };
        let dir = cache().join("kernels").join(name);
        assert!(dir.join(".sums").exists(), "{} is not there: run make lab", dir.display());
        dir
    }

    /// The bzImage.
    pub fn image(self) -> PathBuf {
        self.folder().join("boot").join(format!("vmlinuz-{}", self.version()))
    }

    /// The folder `.../lib/modules/VERSION`.
    pub fn modules(self) -> PathBuf {
        self.folder().join("lib/modules").join(self.version())
    }

    /// What `uname -r` says.
    pub fn version(self) -> String {
        let modules = self.folder().join("lib/modules");
        let entry = std::fs::read_dir(&modules).unwrap().next().unwrap().unwrap();
        entry.file_name().into_string().unwrap()
    }

    /// The module of this name, as the package has it.
    pub fn module(self, name: &str) -> Option<PathBuf> {
        fn find(dir: &Path, name: &str) -> Option<PathBuf> {
            for entry in std::fs::read_dir(dir).ok()? {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    if let Some(found) = find(&path, name) {
                        return Some(found);
                    }
                } else {
                    let file = path.file_name().unwrap().to_str().unwrap();
                    if file.split(".ko").next().unwrap().replace('-', "_") == name {
                        return Some(path);
                    }
                }
            }
            None
        }
        find(&self.modules().join("kernel"), name)
    }

    /// The generic image for virtual machines, made once by mkinitramfs.
    pub fn initramfs(self) -> PathBuf {
        static MADE: Mutex<Vec<(u8, PathBuf)>> = Mutex::new(Vec::new());
        let mut made = MADE.lock().unwrap_or_else(|e| e.into_inner());
        if let Some((_, path)) = made.iter().find(|(k, _)| *k == self as u8) {
            return path.clone();
        }
        let path = image_folder().join(format!("{self:?}.cpio"));
        let out = Command::new(program())
            .args(["mkinitramfs", "--modules-dir"])
            .arg(self.modules())
            .arg("-o")
            .arg(&path)
            .output()
            .unwrap();
        assert!(out.status.success(), "mkinitramfs: {}", String::from_utf8_lossy(&out.stderr));
        made.push((self as u8, path.clone()));
        path
    }
}

/// A folder for images that several tests share; a later run clears it.
fn image_folder() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("images");
            let _ = std::fs::remove_dir_all(&dir);
            std::fs::create_dir_all(&dir).unwrap();
            dir
        })
        .clone()
}

/// The root of Debian 12 that debootstrap made. Not to be changed.
pub fn bookworm_root() -> PathBuf {
    debian_root("bookworm")
}

/// The root of a release of Debian that debootstrap made. Not to be changed.
pub fn debian_root(suite: &str) -> PathBuf {
    let dir = cache().join("roots").join(suite);
    assert!(dir.join(".complete").exists(), "{} is not there: run make lab", dir.display());
    dir
}

/// systemd-stub of a release of Debian.
pub fn stub(suite: &str) -> PathBuf {
    let path = cache().join("stub").join(suite);
    let path = path.join("usr/lib/systemd/boot/efi/linuxx64.efi.stub");
    assert!(path.exists(), "{} is not there: run make lab", path.display());
    path
}

/// A vsock device for QEMU.
pub fn vsock_device() -> PathBuf {
    let path = cache().join("vsock/bin/vhost-device-vsock");
    assert!(path.exists(), "{} is not there: run make lab", path.display());
    path
}

/// The Rust virtiofsd.
pub fn rust_virtiofsd() -> PathBuf {
    let path = cache().join("virtiofsd/usr/libexec/virtiofsd");
    assert!(path.exists(), "{} is not there: run make lab", path.display());
    path
}
