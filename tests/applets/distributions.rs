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
    // Each in its own shell.
    let fish = |line: &str| {
        let script = format!("source fish; complete -C '{line}'");
        let out = Command::new("fish")
            .args(["--no-config", "-c", &script])
            .current_dir(s.path())
            .env("HOME", s.path())
            .output()
            .unwrap();
        (String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr)).into_owned()
    };
    assert_eq!(fish("rescuebox lsinit"), "lsinitramfs\n");
    assert_eq!(fish("rescuebox lsinitramfs --seg"), "--segments\n");
    assert_eq!(fish("rescuebox mkinitramfs --mod"), "--module\n--modules-dir\n");
    s.file("functions/_rescuebox", std::fs::read(s.path().join("zsh")).unwrap());
    zsh(&s, "rescuebox lsinit", "rescuebox lsinitramfs");
    zsh(&s, "rescuebox lsinitramfs --seg", "--segments");
    // two at once are listed
    zsh(&s, "rescuebox mkinitramfs --mod", "--modules-dir");
    // man has nothing to say against any page, and shows it.
    let script = "for page in man1/*.1; do man --warnings -l -E UTF-8 -Tutf8 -Z \"$page\" 2>&1 >/dev/null; \
                  done; man -l man1/rescuebox-lsinitramfs.1";
    let out = Command::new("sh")
        .args(["-c", script])
        .current_dir(s.path())
        .envs([("LC_ALL", "C.UTF-8"), ("MANWIDTH", "80"), ("MANPAGER", "cat"), ("PAGER", "cat")])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(text.starts_with("LSINITRAMFS(1)"), "{text}");
    assert!(text.contains("rescuebox-lsinitramfs - list what initramfs images hold"), "{text}");
}

/// That zsh, on a terminal of its own, shows what is wanted when Tab is typed.
fn zsh(s: &Scratch, line: &str, wanted: &str) {
    // A terminal, and what is on it without what moves the cursor and colours.
    let script = r#"
        setopt extendedglob
        zmodload zsh/zpty
        zpty z zsh -f -i
        wait_for() {
            local all some shown
            integer n
            for n in {1..200}; do
                if zpty -rt z some; then all+=$some; else sleep .1; fi
                shown=${all//$'\e'\[[0-9;?]#[a-zA-Z]/}
                shown=${shown//[$'\r\b']/}
                [[ $shown == *$1* ]] && return
            done
            print -r -- "$shown"
            exit 1
        }
        zpty -w z "PS1=; fpath=($PWD/functions \$fpath); autoload -Uz compinit; compinit -u -d $PWD/dump; echo rea''dy"
        wait_for ready
        zpty -w -n z $1$'\t\t'
        wait_for $2"#;
    let out = Command::new("zsh")
        .args(["-f", "-c", script, "zsh", line, wanted])
        .current_dir(s.path())
        .env("HOME", s.path())
        .env("TERM", "xterm")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{line}: {text}");
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
    let given = ["add", "6.1", "entry", "image", "initrd-of-the-user"];
    assert_eq!(run(&s, &path, &plugin, &given, staged), (true, String::new()));
    let other = [staged, &[("KERNEL_INSTALL_IMAGE_TYPE", "uki")]].concat();
    assert_eq!(run(&s, &path, &plugin, &["add", "6.1"], &other), (true, String::new()));
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

/// The package and the tarball made in two places, by someone with another
/// umask and on another filesystem.
#[test]
fn packages_are_the_same_anywhere() {
    let s = Scratch::new("same");
    let fake = s.program(
        "program",
        "#!/bin/sh\ncase $* in\n--list) printf 'cat\\nls\\n' ;;\n--version) echo fake 1.2 ;;\n\
         *) printf '%s: does it\\nusage: %s [-x]\\n  -x  crosses\\n' $1 $1 ;;\nesac\n",
    );
    let make = |out: &Path, umask: &str| {
        let script = format!(
            "umask {umask}; mkdir -p \"$OUT\"; scripts/deb \"$OUT\" && scripts/release \"$OUT\""
        );
        let result = Command::new("sh")
            .args(["-ec", &script])
            .current_dir(top())
            .env("RESCUEBOX", &fake)
            .env("OUT", out)
            .output()
            .unwrap();
        assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
        let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(out)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|e| (e.file_name().into_string().unwrap(), std::fs::read(e.path()).unwrap()))
            .collect();
        files.sort();
        files
    };
    let here = make(&s.path().join("a/deeper/folder"), "022");
    let memory = PathBuf::from(format!("/dev/shm/rescuebox-test-{}", std::process::id()));
    let there = make(&memory, "077");
    std::fs::remove_dir_all(&memory).unwrap();
    let names: Vec<&str> = here.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    for (here, there) in here.iter().zip(&there) {
        assert!(here == there, "{}", here.0);
    }
    let deb = names.iter().find(|name| name.ends_with(".deb")).unwrap();
    let deb = s.path().join("a/deeper/folder").join(deb);
    let out = Command::new("dpkg-deb").arg("--contents").arg(&deb).output().unwrap();
    let list = String::from_utf8_lossy(&out.stdout).into_owned();
    for wanted in [
        "-rwxr-xr-x root/root",
        " ./usr/bin/rescuebox\n",
        " ./etc/kernel/postinst.d/rescuebox\n",
        " ./usr/share/man/man1/rescuebox-cat.1.gz\n",
        " ./usr/share/fish/vendor_completions.d/rescuebox.fish\n",
    ] {
        assert!(list.contains(wanted), "{wanted}: {list}");
    }
}
