//! What distributions run: man pages and completions, update-rescuebox, the
//! kernel-install plugin, hooks of Debian's kernel packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::applet::program;
use crate::harness::scratch::Scratch;

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A folder whose `rescuebox` says what it is called with, and writes `-o`.
fn recorder(s: &Scratch) -> String {
    s.program(
        "bin/rescuebox",
        "#!/bin/sh\necho \"$@\" >>\"$LOG\"\nwhile [ $# -gt 0 ]; do\n\
         if [ \"$1\" = -o ]; then echo image >\"$2\"; fi\nshift\ndone\nexit ${RESULT:-0}\n",
    );
    std::os::unix::fs::symlink(
        top().join("initramfs/distributions/update-rescuebox"),
        s.path().join("bin/update-rescuebox"),
    )
    .unwrap();
    format!("{}:{}", s.path().join("bin").display(), std::env::var("PATH").unwrap())
}

fn run(
    s: &Scratch,
    path: &str,
    command: &Path,
    args: &[&str],
    env: &[(&str, &str)],
) -> (bool, String) {
    let log = s.path().join("log");
    let _ = std::fs::remove_file(&log);
    let mut command = Command::new(command);
    command.args(args).current_dir(s.path()).env("PATH", path).env("LOG", &log);
    command.envs(env.iter().copied());
    let status = command.output().unwrap().status;
    (status.success(), std::fs::read_to_string(&log).unwrap_or_default())
}

#[test]
fn man_pages_and_completions() {
    let s = Scratch::new("man");
    let status = Command::new(top().join("scripts/man")).arg(program()).arg(s.path()).status();
    assert!(status.unwrap().success());
    let page = std::fs::read_to_string(s.path().join("man1/rescuebox-mkinitramfs.1")).unwrap();
    assert!(page.starts_with(".TH MKINITRAMFS 1 "));
    assert!(page.contains("\\-\\-compress FORMAT") && page.contains(".SH SYNOPSIS"));
    assert!(page.lines().all(|line| !line.starts_with('\'')));
    let count = std::fs::read_dir(s.path().join("man1")).unwrap().count();
    assert!(count > 60, "{count} pages");
    let text = std::fs::read_to_string(s.path().join("man1/rescuebox.1")).unwrap();
    assert!(text.contains("unmkinitramfs"));
    let bash = s.path().join("bash");
    let script = format!(
        ". {}; COMP_WORDS=(rescuebox mkinitramfs --mod) COMP_CWORD=2; _rescuebox; \
         echo \"${{COMPREPLY[*]}}\"; COMP_WORDS=(rescuebox lsin) COMP_CWORD=1; _rescuebox; \
         echo \"${{COMPREPLY[*]}}\"",
        bash.display()
    );
    let out = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "--module --modules-dir\nlsinitramfs\n");
    assert!(std::fs::read_to_string(s.path().join("fish")).unwrap().contains(" -l segments\n"));
    assert!(
        std::fs::read_to_string(s.path().join("zsh")).unwrap().starts_with("#compdef rescuebox\n")
    );
}

#[test]
fn images_are_made_and_removed() {
    let s = Scratch::new("update");
    let path = recorder(&s);
    let update = s.path().join("bin/update-rescuebox");
    // a kernel that has no modules here
    let (good, log) = run(&s, &path, &update, &["-c", "-k", "0.0-none", "-b", "."], &[]);
    assert!(!good && log.is_empty(), "{log}");
    s.file("initrd.img-0.0-none", "old");
    let (good, _) = run(&s, &path, &update, &["-d", "-k", "0.0-none", "-b", "."], &[]);
    assert!(good && !s.path().join("initrd.img-0.0-none").exists());
    let (good, log) = run(&s, &path, &update, &["-u", "-k", "0.0-none", "-b", "."], &[]);
    assert!(good && log.is_empty());
    assert!(!run(&s, &path, &update, &[], &[]).0);
}

#[test]
fn kernel_install() {
    let s = Scratch::new("kernel-install");
    let path = recorder(&s);
    let plugin = top().join("initramfs/distributions/50-rescuebox.install");
    let staging = s.path().to_str().unwrap().to_string();
    let staged: &[(&str, &str)] = &[("KERNEL_INSTALL_STAGING_AREA", &staging)];
    let (good, log) = run(&s, &path, &plugin, &["add", "6.1", "entry", "image"], staged);
    assert!(good);
    assert!(log.ends_with(&format!("-q -o {staging}/initrd 6.1\n")), "{log}");
    // already there, by another plugin
    assert_eq!(
        run(&s, &path, &plugin, &["add", "6.1", "entry", "image"], staged),
        (true, String::new())
    );
    std::fs::remove_file(s.path().join("initrd")).unwrap();
    assert_eq!(run(&s, &path, &plugin, &["remove", "6.1"], staged), (true, String::new()));
    let other = [staged, &[("KERNEL_INSTALL_INITRD_GENERATOR", "dracut")]].concat();
    assert_eq!(run(&s, &path, &plugin, &["add", "6.1"], &other), (true, String::new()));
    let failing = [staged, &[("RESULT", "1")]].concat();
    assert!(!run(&s, &path, &plugin, &["add", "6.1"], &failing).0);
}

#[test]
fn debians_hooks() {
    let s = Scratch::new("hooks");
    let path = recorder(&s);
    let hooks = top().join("initramfs/distributions");
    s.file("boot/initrd.img-0.0-none", "old");
    let kernel = s.path().join("boot/vmlinuz-0.0-none");
    let kernel = kernel.to_str().unwrap();
    let kept = run(&s, &path, &hooks.join("postrm.d"), &["0.0-none", kernel], &[("INITRD", "No")]);
    assert!(kept.0 && s.path().join("boot/initrd.img-0.0-none").exists());
    assert!(run(&s, &path, &hooks.join("postrm.d"), &["0.0-none", kernel], &[]).0);
    assert!(!s.path().join("boot/initrd.img-0.0-none").exists());
    assert!(
        run(&s, &path, &hooks.join("postinst.d"), &["0.0-none", kernel], &[("INITRD", "No")]).0
    );
    assert!(!run(&s, &path, &hooks.join("postinst.d"), &["0.0-none", kernel], &[]).0);
}
