//! Virtio devices as sysfs shows them, and why one may be missing.

use super::{names, read_small};

/// The type of shared folders (virtio 1.2, section 5).
pub const TYPE_FS: u32 = 26;
/// The type of 9p shares.
pub const TYPE_9P: u32 = 9;

/// A device on the virtio bus.
pub struct Device {
    /// Its name: `virtio0`.
    pub name: String,
    /// Its type.
    pub kind: u32,
    /// Whether a driver has it.
    pub bound: bool,
}

/// A device that virtio devices hang on and that has no driver.
pub struct Orphan {
    /// `1af4:105a`.
    pub id: String,
    /// `0000:00:03.0`.
    pub address: String,
    /// The module that would drive it.
    pub module: &'static str,
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).trim_end().to_string()
}

fn exists(path: &str) -> bool {
    nix::unistd::access(path, nix::unistd::AccessFlags::F_OK).is_ok()
}

/// A number of sysfs: `0x001a`.
fn hex(path: &str) -> Option<u32> {
    let text = text(read_small(path, 32).ok()?);
    u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// All devices of the virtio bus.
pub fn devices() -> Vec<Device> {
    names("/sys/bus/virtio/devices")
        .into_iter()
        .map(text)
        .map(|name| Device {
            kind: hex(&format!("/sys/bus/virtio/devices/{name}/device")).unwrap_or(0),
            bound: exists(&format!("/sys/bus/virtio/devices/{name}/driver")),
            name,
        })
        .collect()
}

/// Virtio devices on PCI and on the platform bus that have no driver, so that
/// what they offer is not on the virtio bus.
pub fn orphans() -> Vec<Orphan> {
    let mut list = Vec::new();
    for address in names("/sys/bus/pci/devices").into_iter().map(text) {
        let dir = format!("/sys/bus/pci/devices/{address}");
        if hex(&format!("{dir}/vendor")) != Some(0x1af4) || exists(&format!("{dir}/driver")) {
            continue;
        }
        let device = hex(&format!("{dir}/device")).unwrap_or(0);
        let id = format!("1af4:{device:04x}");
        list.push(Orphan { id, address, module: "virtio_pci" });
    }
    for address in names("/sys/bus/platform/devices").into_iter().map(text) {
        let is_virtio = address.starts_with("virtio-mmio") || address.starts_with("LNRO0005");
        if is_virtio && !exists(&format!("/sys/bus/platform/devices/{address}/driver")) {
            list.push(Orphan { id: "virtio-mmio".into(), address, module: "virtio_mmio" });
        }
    }
    list
}

/// The tags of virtiofs shares; `None` from a kernel before 6.9, which does not
/// list them.
pub fn tags() -> Option<Vec<Vec<u8>>> {
    if !exists("/sys/fs/virtiofs") {
        return None;
    }
    let tag = |name: String| {
        let mut tag = read_small(&format!("/sys/fs/virtiofs/{name}/tag"), 64).ok()?;
        if tag.last() == Some(&b'\n') {
            tag.pop();
        }
        Some(tag)
    };
    Some(names("/sys/fs/virtiofs").into_iter().map(text).filter_map(tag).collect())
}

/// The tags of 9p shares whose driver is there.
pub fn tags_9p() -> Vec<Vec<u8>> {
    let tag = |name: String| {
        let path = format!("/sys/bus/virtio/drivers/9pnet_virtio/{name}/mount_tag");
        let mut tag = read_small(&path, 256).ok()?;
        while matches!(tag.last(), Some(0 | b'\n')) {
            tag.pop();
        }
        Some(tag)
    };
    names("/sys/bus/virtio/drivers/9pnet_virtio").into_iter().map(text).filter_map(tag).collect()
}

/// Whether the kernel knows this type of file system by now.
pub fn knows_filesystem(name: &[u8]) -> bool {
    let list = read_small("/proc/filesystems", 8192).unwrap_or_default();
    list.split(|&b| b == b'\n').any(|line| line.rsplit(|&b| b == b'\t').next() == Some(name))
}
