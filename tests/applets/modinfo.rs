//! modinfo, and insmod, rmmod and lsmod as far as no module is loaded.

use crate::harness::applet::applet;
use crate::harness::lab::{KERNELS, Kernel};
use crate::harness::module::module;
use crate::harness::scratch::Scratch;

#[test]
fn fields() {
    let dir = Scratch::new("modinfo");
    let file = dir.file(
        "a-b.ko",
        module(&[
            "license=GPL",
            "author=A <a@b>",
            "author=B",
            "description=a \x1b[2Jthing",
            "parm=x:what it is",
            "parmtype=x:int",
            "parmtype=y:bool",
            "depends=c,d",
        ]),
    );
    let path = file.to_str().unwrap();
    applet("modinfo")
        .args([path])
        .stdout(format!(
            "filename:       {path}\n\
             license:        GPL\n\
             author:         A <a@b>\n\
             author:         B\n\
             description:    a \\x1b[2Jthing\n\
             depends:        c,d\n\
             parm:           x:what it is (int)\n\
             parm:           y:bool\n"
        ))
        .ok();
    applet("modinfo").args(["-a", path]).stdout("A <a@b>\nB\n").ok();
    applet("modinfo").args(["-l", path]).stdout("GPL\n").ok();
    applet("modinfo").args(["-n", path]).stdout(format!("{path}\n")).ok();
    applet("modinfo").args(["-0", "-F", "author", path]).stdout("A <a@b>\0B\0").ok();
    applet("modinfo").args(["-F", "nothing", path]).stdout("").ok();
    applet("modinfo").args(["/no/such.ko"]).stderr_has("/no/such.ko: No such file").fails(1);
    applet("modinfo").stderr_has("no module named").fails(2);
}

/// kmod's modinfo shows the same of real modules, but for signatures.
#[test]
fn the_same_as_kmod() {
    if std::process::Command::new("/sbin/modinfo").arg("-V").output().is_err() {
        return;
    }
    let mut compared = 0;
    for kernel in KERNELS {
        for name in ["dummy", "virtio_blk", "libcrc32c", "loop", "snd_pcm"] {
            let Some(file) = kernel.module(name) else { continue };
            let theirs = std::process::Command::new("/sbin/modinfo").arg(&file).output().unwrap();
            let theirs = String::from_utf8(theirs.stdout).unwrap();
            let ours = String::from_utf8(applet("modinfo").args([&file]).ok().stdout).unwrap();
            let without_signature = |text: &str| -> Vec<String> {
                let mut lines: Vec<String> = text
                    .lines()
                    .filter(|l| !l.starts_with("sig") && !l.starts_with('\t'))
                    .map(String::from)
                    .collect();
                lines.sort();
                lines
            };
            assert_eq!(without_signature(&ours), without_signature(&theirs), "{}", file.display());
            assert_eq!(ours.contains("sig_id:         PKCS#7"), theirs.contains("PKCS#7"));
            compared += 1;
        }
    }
    assert!(compared >= 12, "{compared}");
}

#[test]
fn by_name_and_built_in() {
    let kernel = Kernel::TrixieCloud;
    let base = kernel.modules().join("../../..");
    let args = |more: &[&str]| {
        let mut args = vec!["-b".to_string(), base.to_str().unwrap().into(), "-k".into()];
        args.push(kernel.version());
        args.extend(more.iter().map(|s| s.to_string()));
        args
    };
    applet("modinfo").args(args(&["-F", "license", "virtio-blk"])).stdout("GPL\n").ok();
    let output = applet("modinfo").args(args(&["virtio_pci"])).ok();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("name:           virtio_pci\nfilename:       (builtin)\n"), "{text}");
    assert!(text.contains("license:        GPL\n"));
}

#[test]
fn what_cannot_be_inserted_or_removed() {
    applet("insmod").stderr_has("no module file given").fails(2);
    applet("insmod").args(["/no/such.ko"]).stderr_has("/no/such.ko: No such file").fails(1);
    applet("rmmod").stderr_has("no module named").fails(2);
    applet("rmmod").args(["a/b"]).stderr_has("a/b: not a module name").fails(1);
    applet("lsmod").args(["-x"]).fails(2);
}
