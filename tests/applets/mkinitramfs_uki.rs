//! mkinitramfs --uki with systemd's own stubs, as others read the result:
//! objdump of binutils and the library that ukify is written with.

use std::path::Path;
use std::process::Command;

use crate::harness::applet::applet;
use crate::harness::lab::{Kernel, stub};
use crate::harness::scratch::Scratch;

/// Fails unless the file keeps the rules of PE; prints a section's name, size
/// and content (of short ones) a line.
const INSPECT: &str = r#"
import sys, pefile
pe = pefile.PE(sys.argv[1])
stub = pefile.PE(sys.argv[2])
assert pe.get_warnings() == stub.get_warnings(), pe.get_warnings()
head = pe.OPTIONAL_HEADER
end, file_end = 0, head.SizeOfHeaders
assert pe.sections[-1].get_file_offset() + 40 <= head.SizeOfHeaders
for nth, s in enumerate(pe.sections):
    assert s.VirtualAddress >= end, (s.Name, 'in memory')
    assert s.PointerToRawData >= file_end, (s.Name, 'in the file')
    assert s.PointerToRawData % head.FileAlignment == 0, (s.Name, 'alignment in the file')
    assert s.SizeOfRawData % head.FileAlignment == 0 and s.SizeOfRawData >= s.Misc_VirtualSize, (s.Name, 'size')
    end, file_end = s.VirtualAddress + s.Misc_VirtualSize, s.PointerToRawData + s.SizeOfRawData
    if nth < len(stub.sections):
        assert s.get_data() == stub.sections[nth].get_data(), s.Name
        continue
    assert s.VirtualAddress % max(4096, head.SectionAlignment) == 0, (s.Name, 'alignment in memory')
    assert s.Characteristics == 0x40000040, s.Name
    data = s.get_data()[:s.Misc_VirtualSize]
    print(s.Name.rstrip(b'\0').decode(), len(data), data if len(data) < 80 else '')
assert head.SizeOfImage >= end and head.SizeOfImage % head.SectionAlignment == 0
assert file_end == len(pe.__data__)
"#;

fn check(suite: &str, kernel: Kernel) {
    let s = Scratch::new("uki");
    s.program("the-program", "program");
    s.file("release", "ID=test\n");
    let (stub, vmlinuz) = (stub(suite), kernel.image());
    let make = || {
        applet("mkinitramfs")
            .dir(s.path())
            .args(["--no-modules", "--program", "the-program", "--cmdline", "root=LABEL=x ro"])
            .args(["--os-release", "release", "--compress", "zstd", "-q", "-o", "uki", "--uki"])
            .args([&stub, Path::new("--kernel"), &vmlinuz])
    };
    make().ok();
    let first = std::fs::read(s.path().join("uki")).unwrap();
    make().ok();
    assert!(first == std::fs::read(s.path().join("uki")).unwrap(), "not the same again");
    let out = Command::new("/usr/bin/python3")
        .args(["-c", INSPECT])
        .arg(s.path().join("uki"))
        .arg(&stub)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let version = kernel.version();
    assert_eq!(lines[0], r".osrel 8 b'ID=test\n'");
    assert_eq!(lines[1], r".cmdline 16 b'root=LABEL=x ro\n'");
    assert_eq!(lines[2], format!(".uname {} b'{version}'", version.len()));
    assert!(lines[3].starts_with(".initrd "), "{text}");
    let size = std::fs::metadata(&vmlinuz).unwrap().len();
    assert_eq!(lines[4].trim_end(), format!(".linux {size}"));
    assert_eq!(lines.len(), 5);
    // binutils sees the same, and what it takes out is the kernel.
    let objcopy = Command::new("objcopy")
        .args(["-O", "binary", "--only-section=.linux", "uki", "linux"])
        .current_dir(s.path())
        .status();
    assert!(objcopy.unwrap().success());
    assert!(std::fs::read(s.path().join("linux")).unwrap() == std::fs::read(&vmlinuz).unwrap());
    let names = applet("lsinitramfs").dir(s.path()).args(["uki"]).ok().stdout;
    assert!(String::from_utf8(names).unwrap().contains("usr/bin/rescuebox\n"));
    applet("unmkinitramfs").dir(s.path()).args(["uki", "to"]).ok();
    assert_eq!(std::fs::read(s.path().join("to/usr/bin/rescuebox")).unwrap(), b"program");
}

#[test]
fn debian_12s_stub() {
    check("bookworm", Kernel::BookwormCloud);
}

#[test]
fn debian_13s_stub() {
    check("trixie", Kernel::TrixieCloud);
}
