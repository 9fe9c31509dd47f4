//! mkinitramfs: kernel modules, on the four kernels.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::mkinitramfs::{image, names};
use crate::harness::applet::{Case, applet};
use crate::harness::lab::Kernel;
use crate::harness::scratch::Scratch;

fn mkinitramfs(dir: &Scratch, modules: &Path) -> Case {
    dir.program("the-program", "program");
    applet("mkinitramfs")
        .dir(dir.path())
        .args(["--program", "the-program", "-o", "image", "--modules-dir"])
        .args([modules])
}

/// A copy of a kernel's modules folder in which depmod has run.
fn with_depmod(dir: &Scratch, kernel: Kernel) -> std::path::PathBuf {
    let to = dir.path().join("lib/modules");
    std::fs::create_dir_all(&to).unwrap();
    let copied =
        Command::new("cp").args(["-a", "--reflink=auto"]).arg(kernel.modules()).arg(&to).status();
    assert!(copied.unwrap().success());
    let made =
        Command::new("/sbin/depmod").arg("-b").arg(dir.path()).arg(kernel.version()).output();
    let made = made.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    to.join(kernel.version())
}

/// The lines of a text.
fn lines(text: &[u8]) -> BTreeSet<String> {
    String::from_utf8(text.to_vec()).unwrap().lines().map(String::from).collect()
}

#[test]
fn the_same_with_and_without_depmods_files() {
    for kernel in [Kernel::BookwormCloud] {
        let dir = Scratch::new("depmod");
        mkinitramfs(&dir, &kernel.modules()).ok();
        let first = std::fs::read(dir.path().join("image")).unwrap();
        let modules = with_depmod(&dir, kernel);
        mkinitramfs(&dir, &modules).ok();
        let second = std::fs::read(dir.path().join("image")).unwrap();
        assert!(first == second, "{kernel:?}");

        // What the lists say is what depmod says of the same modules.
        let names = names(&first);
        let top = format!("usr/lib/modules/{}", kernel.version());
        let list = |name: &str| &names[&format!("{top}/{name}")].data;
        let theirs = |name: &str| lines(&std::fs::read(modules.join(name)).unwrap());
        let files: BTreeSet<String> = names
            .keys()
            .filter_map(|name| name.strip_prefix(&format!("{top}/")))
            .filter(|name| name.contains(".ko"))
            .map(String::from)
            .collect();
        let of_file = |file: &str| -> String {
            let base = file.rsplit('/').next().unwrap();
            base.split(".ko").next().unwrap().replace('-', "_")
        };
        let included: BTreeSet<String> = files.iter().map(|file| of_file(file)).collect();

        let sorted = |line: &String| -> (String, BTreeSet<String>) {
            let (file, needs) = line.split_once(':').unwrap();
            (file.into(), needs.split_whitespace().map(String::from).collect())
        };
        let ours: Vec<_> = lines(list("modules.dep")).iter().map(sorted).collect();
        let expected: Vec<_> = theirs("modules.dep")
            .iter()
            .map(sorted)
            .filter(|(file, _)| files.contains(file))
            .collect();
        assert_eq!(ours, expected, "{kernel:?}");
        for name in ["modules.alias", "modules.softdep"] {
            let module = |line: &String| {
                let at = if name == "modules.alias" { 2 } else { 1 };
                line.split_whitespace().nth(at).unwrap().to_string()
            };
            let expected: BTreeSet<String> = theirs(name)
                .into_iter()
                .filter(|line| !line.starts_with('#') && included.contains(&module(line)))
                .collect();
            assert_eq!(lines(list(name)), expected, "{kernel:?} {name}");
        }
        assert!(!list("modules.alias").is_empty());
    }
}

/// The names of the modules in an image.
fn modules_of(dir: &Scratch) -> BTreeSet<String> {
    image(dir)
        .keys()
        .filter_map(|name| name.rsplit('/').next()?.split_once(".ko"))
        .map(|(name, _)| name.to_string())
        .collect()
}

#[test]
fn the_default_set_where_each_kernel_has_it() {
    let dir = Scratch::new("default");
    let has = |kernel: Kernel, list: &[&str], not: &[&str]| -> String {
        let out = mkinitramfs(&dir, &kernel.modules()).ok();
        let found = modules_of(&dir);
        for name in list {
            assert!(found.contains(*name), "{kernel:?} {name}: {found:?}");
        }
        for name in not {
            assert!(!found.contains(*name), "{kernel:?} {name}");
        }
        out.stderr
    };
    let everywhere = ["virtio_blk", "virtio_net", "vmw_vsock_virtio_transport", "vsock", "overlay"];
    let modular = ["virtio", "virtio_ring", "virtio_pci", "virtio_console", "virtiofs", "fuse"];
    let old = [&everywhere[..], &modular].concat();

    // Nobody has asked for what the kernel does not have.
    assert_eq!(has(Kernel::BookwormCloud, &old, &["ext4", "9p"]), "");
    let generic = [&old[..], &["ext4", "jbd2", "crc32c_generic", "9p", "9pnet_virtio"]].concat();
    assert_eq!(has(Kernel::BookwormGeneric, &generic, &[]), "");
    has(Kernel::TrixieCloud, &everywhere, &["ext4", "9p", "virtiofs", "virtio_pci"]);
    let generic = [&everywhere[..], &["ext4", "jbd2", "9p", "9pnet_virtio"]].concat();
    assert_eq!(has(Kernel::TrixieGeneric, &generic, &["virtiofs"]), "");
}

#[test]
fn modules_that_are_asked_for() {
    let dir = Scratch::new("module");
    let kernel = Kernel::TrixieGeneric;
    let only = |args: &[&str]| {
        mkinitramfs(&dir, &kernel.modules()).args(["--no-modules"]).args(args).ok();
        modules_of(&dir)
    };
    let found = only(&["--module", "virtio-blk", "--module", "ext4"]);
    let expected =
        ["crc16", "crc32c_generic", "ext4", "jbd2", "libcrc32c", "mbcache", "virtio_blk"];
    assert!(
        expected.iter().filter(|name| !name.contains("crc")).all(|name| found.contains(*name)),
        "{found:?}"
    );
    assert!(found.contains("crc16"));

    // built in: nothing to take, but the lists know it
    assert!(only(&["--module", "virtiofs"]).is_empty());
    let names = image(&dir);
    let list = &names[&format!("usr/lib/modules/{}/modules.builtin", kernel.version())].data;
    assert_eq!(list, b"kernel/virtiofs.ko\n");

    let said = format!(
        "mkinitramfs: nosuch: kernel {} has no such module, built in or not\n",
        kernel.version()
    );
    mkinitramfs(&dir, &kernel.modules()).args(["--module", "nosuch"]).stderr_has(&said).fails(1);
}

#[test]
fn modules_kept_or_unpacked() {
    let dir = Scratch::new("packed");
    let kernel = Kernel::TrixieCloud;
    let file = kernel.module("virtio_blk").unwrap();
    let base = format!("usr/lib/modules/{}/kernel/drivers/block/virtio_blk.ko", kernel.version());
    let with = |args: &[&str]| {
        mkinitramfs(&dir, &kernel.modules())
            .args(["--no-modules", "--module", "virtio_blk"])
            .args(args)
            .ok();
        image(&dir)
    };
    let kept = with(&[]);
    assert_eq!(kept[&format!("{base}.xz")].data, std::fs::read(&file).unwrap());
    assert!(kept == with(&["--keep-modules"]));

    let plain = Command::new("xz").arg("-dc").arg(&file).output().unwrap().stdout;
    let unpacked = with(&["--decompress-modules"]);
    assert!(unpacked[&base].data == plain);
    assert!(plain.ends_with(b"~Module signature appended~\n"));
    let dep = &unpacked[&format!("usr/lib/modules/{}/modules.dep", kernel.version())].data;
    assert!(
        dep.starts_with(b"kernel/drivers/block/virtio_blk.ko:"),
        "{}",
        String::from_utf8_lossy(dep)
    );
}

#[test]
fn stripped_modules() {
    let dir = Scratch::new("strip");
    for kernel in [Kernel::BookwormCloud, Kernel::TrixieCloud] {
        let build = |option: &str| {
            mkinitramfs(&dir, &kernel.modules()).args([option]).ok();
            image(&dir).into_iter().filter(|(name, _)| name.contains(".ko")).collect::<Vec<_>>()
        };
        let (plain, stripped) = (build("--decompress-modules"), build("--strip-modules"));
        assert_eq!(plain.len(), stripped.len());
        assert!(plain.len() > 5);
        for ((name, old), (same_name, new)) in plain.iter().zip(&stripped) {
            assert_eq!(name, same_name);
            assert!(new.data.len() < old.data.len() * 4 / 5, "{name}: {}", new.data.len());
            let info = |data: &[u8]| {
                let elf = rescuebox::elf::Elf::parse(data).unwrap();
                elf.section(b".modinfo").unwrap().to_vec()
            };
            assert_eq!(info(&old.data), info(&new.data));
            assert!(!new.data.ends_with(b"~Module signature appended~\n"));
        }
    }
    mkinitramfs(&dir, &Kernel::TrixieCloud.modules())
        .args(["--strip-modules", "--keep-modules"])
        .stderr_has("--keep-modules contradicts unpacking and stripping")
        .fails(2);
}

#[test]
fn what_is_wrong_with_a_modules_folder() {
    let dir = Scratch::new("wrong");
    std::fs::create_dir_all(dir.path().join("mods/1.0")).unwrap();
    std::fs::create_dir_all(dir.path().join("mods/2.0")).unwrap();
    mkinitramfs(&dir, Path::new("mods/3.0"))
        .stderr_has("no modules: mods/3.0: No such file or directory; mods has: 1.0 2.0")
        .fails(1);
    mkinitramfs(&dir, Path::new("mods"))
        .stderr_has("mods: no modules in it; mods has: 1.0 2.0")
        .fails(1);
    mkinitramfs(&dir, Path::new("mods/1.0")).stderr_has("mods/1.0: no modules in it").fails(1);
    applet("mkinitramfs")
        .args(["-o", "/dev/null", "nosuch-kernel"])
        .stderr_has("no modules: /lib/modules/nosuch-kernel: No such file or directory")
        .fails(1);
    applet("mkinitramfs").args(["../../etc"]).stderr_has("is the name of a folder").fails(2);

    let module = std::fs::read(Kernel::BookwormCloud.module("fuse").unwrap()).unwrap();
    dir.file("mods/1.0/kernel/virtio_pci.ko", &module[..module.len() / 2]);
    mkinitramfs(&dir, Path::new("mods/1.0"))
        .stderr_has("mods/1.0/kernel/virtio_pci.ko: truncated module")
        .fails(1);
    dir.file("mods/1.0/kernel/virtio_pci.ko", "garbage");
    mkinitramfs(&dir, Path::new("mods/1.0")).stderr_has("not a kernel module").fails(1);
}

#[test]
fn microcode_is_an_archive_in_front() {
    let dir = Scratch::new("microcode");
    dir.file("intel/06-01", b"\x01\0\0\0intel one");
    dir.file("intel/06-02", b"\x01\0\0\0intel two");
    dir.file("intel/README", "no microcode");
    dir.file("amd.bin", b"DMA\0amd");
    applet("mkinitramfs")
        .dir(dir.path())
        .args(["-q", "--no-modules", "--microcode", "intel", "--microcode", "amd.bin"])
        .args(["--compress", "gzip", "-o", "image"])
        .ok();
    let bytes = std::fs::read(dir.path().join("image")).unwrap();
    let has = |text: &[u8]| bytes.windows(text.len()).any(|w| w == text);
    assert!(bytes.starts_with(b"070701"));
    assert!(has(b"kernel/x86/microcode/GenuineIntel.bin\0"));
    assert!(has(b"\x01\0\0\0intel one\x01\0\0\0intel two"));
    assert!(has(b"kernel/x86/microcode/AuthenticAMD.bin\0"));
    applet("mkinitramfs")
        .dir(dir.path())
        .args(["-q", "--no-modules", "--microcode", "intel/README", "-o", "image"])
        .stderr_has("no microcode in it")
        .fails(1);
}
