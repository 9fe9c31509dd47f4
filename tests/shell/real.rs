//! Scripts of other people, run by ours and by dash with the same result: a
//! configure script that autoconf has generated, ldd and its like, Debian's
//! /init with its functions.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::harness::applet::program;
use crate::harness::scratch::Scratch;

/// The shells: their program, and what stands before the script.
fn shells() -> [(String, Vec<&'static str>); 2] {
    let ours = program().to_str().unwrap().to_string();
    [("/usr/bin/dash".into(), Vec::new()), (ours, vec!["sh", "-o", "path-first"])]
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a shell makes of a script in a folder.
fn of_script(shell: &(String, Vec<&str>), dir: &Path, script: &str, args: &[&str]) -> String {
    let mut command = Command::new(&shell.0);
    command.args(&shell.1).arg(script).args(args).current_dir(dir);
    command.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").env("LC_ALL", "C");
    let output = run(&mut command);
    format!("{}{}{:?}", text(&output.stdout), text(&output.stderr), output.status.code())
}

const CONFIGURE: &str = r#"AC_INIT([sample], [1.0], [nobody@example.org])
AC_CONFIG_SRCDIR([sample.c])
AC_CONFIG_HEADERS([config.h])
AC_PROG_CC
AC_PROG_INSTALL
AC_PROG_LN_S
AC_PROG_MKDIR_P
AC_PROG_GREP
AC_PROG_SED
AC_CHECK_HEADERS([sys/time.h nosuch/header.h])
AC_CHECK_FUNCS([fork no_such_function])
AC_CHECK_SIZEOF([long])
AC_C_BIGENDIAN
AC_ARG_ENABLE([thing], [AS_HELP_STRING([--enable-thing], [a thing])], [], [enable_thing=no])
AC_ARG_WITH([dir], [AS_HELP_STRING([--with-dir=DIR], [a folder])], [], [with_dir='a b'])
AC_SUBST([enable_thing])
AC_SUBST([with_dir])
AC_DEFINE_UNQUOTED([THING], ["$enable_thing"], [Whether there is a thing])
AC_CONFIG_FILES([Makefile])
AC_CONFIG_COMMANDS([stamp], [echo "$wanted" >stamp], [wanted='q"u'\''ote'])
AC_OUTPUT
"#;

#[test]
fn a_configure_script() {
    let dir = Scratch::new("configure");
    let at = |name: &str| dir.path().join(name);
    std::fs::create_dir_all(at("source")).unwrap();
    std::fs::write(at("source/configure.ac"), CONFIGURE).unwrap();
    std::fs::write(at("source/sample.c"), "int main(void) { return 0; }\n").unwrap();
    for name in ["install-sh", "config.guess", "config.sub"] {
        std::fs::write(at("source").join(name), "#!/bin/sh\n").unwrap();
    }
    let makefile = "all:\n\techo @CC@ @LN_S@ @with_dir@ @enable_thing@ @SHELL@ @srcdir@ @DEFS@\n";
    std::fs::write(at("source/Makefile.in"), makefile).unwrap();
    let made = run(Command::new("autoheader").current_dir(at("source")));
    assert!(made.status.success(), "autoheader: {}", text(&made.stderr));
    let made = run(Command::new("autoconf").current_dir(at("source")));
    assert!(made.status.success(), "autoconf: {}", text(&made.stderr));
    let mut results: Vec<BTreeMap<String, String>> = Vec::new();
    for (shell, _) in shells() {
        // A shell is one word in a configure script.
        let build = at("build");
        let _ = std::fs::remove_dir_all(&build);
        std::fs::create_dir(&build).unwrap();
        let link = build.join("sh");
        symlink(&shell, &link).unwrap();
        let mut command = Command::new(&link);
        command.args(["../source/configure", "--enable-thing", "--prefix=/a b"]);
        command.env("CONFIG_SHELL", &link).current_dir(&build);
        let output = run(&mut command);
        let mut result = BTreeMap::new();
        result.insert("stdout".into(), text(&output.stdout));
        result.insert("stderr".into(), text(&output.stderr));
        result.insert("status".into(), format!("{:?}", output.status));
        for name in ["Makefile", "config.h", "stamp"] {
            let made = std::fs::read(build.join(name)).unwrap_or_default();
            result.insert(name.into(), text(&made));
        }
        results.push(result);
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[1]["stamp"], "q\"u'ote\n");
    assert!(results[1]["config.h"].contains("#define THING \"yes\""), "{:?}", results[1]);
}

#[test]
fn scripts_of_a_distribution() {
    let dir = Scratch::new("scripts");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("a", "one\ntwo words\n");
    write("b", "one\nthree words\n");
    for name in ["a", "b"] {
        run(Command::new("gzip").arg("-kn").arg(name).current_dir(dir.path()));
    }
    run(Command::new("xz").arg("-k").arg("a").current_dir(dir.path()));
    let scripts: [(&str, &[&str], &str); 8] = [
        ("/usr/bin/ldd", &["/bin/ls", "nosuch"], "libc.so.6"),
        ("/usr/bin/ldd", &["--version"], "ldd ("),
        ("/usr/bin/zgrep", &["-n", "words", "a.gz", "b.gz"], "a.gz:2:two words"),
        ("/usr/bin/zdiff", &["a.gz", "b.gz"], "< two words"),
        ("/usr/bin/zcat", &["a.gz"], "two words"),
        ("/usr/bin/xzgrep", &["-c", "o", "a.xz", "a"], "a.xz:2"),
        ("/usr/bin/xzdiff", &["a.xz", "b"], "> three words"),
        ("/usr/bin/gunzip", &["--help"], "Usage"),
    ];
    for (script, args, has) in scripts {
        let mut outputs = Vec::new();
        for shell in shells() {
            let output = of_script(&shell, dir.path(), script, args);
            // Addresses differ from run to run.
            let words = output.split_inclusive(['\n', ' ']);
            outputs.push(words.filter(|w| !w.starts_with("(0x")).collect::<String>());
        }
        assert_eq!(outputs[0], outputs[1], "{script} {args:?}");
        assert!(outputs[1].contains(has), "{script} {args:?}: {}", outputs[1]);
    }
}

/// What Debian's /init is to do in the place of mounting a root.
const MINE: &str = r#"mount_top() { :; }
mount_premount() { run_scripts /scripts/local-premount; }
mount_bottom() { :; }
mountroot() {
	for r in 803 0x803 /dev/sda1 8:3; do
		parse_numeric "$r"
		echo "$r is $ROOT $minor $major"
	done
	for t in UUID=a LABEL=b /dev/x; do
		resolve_device "$t"
		echo "$? $DEV"
	done
	FSTYPE=$(get_fstype /dev/x)
	echo "type $FSTYPE"
	mkdir -p ${rootmnt}/etc
	printf '# fstab\nLABEL=x /usr ext4 ro,nodev 0 2\n/dev/y / xfs defaults 0 1\n' >${rootmnt}/etc/fstab
	for m in / /usr /none; do
		if read_fstab_entry $m; then
			echo "$m: $MNT_FSNAME $MNT_TYPE $MNT_OPTS $MNT_PASS"
		else
			echo "$m: no"
		fi
	done
	rm ${rootmnt}/etc/fstab
	time_elapsed
	echo "$ROOTFLAGS $ROOTFSTYPE $ROOTDELAY $readonly $init $panic $blacklist $forcefsck $EXTRA"
}
"#;

const ONE: &str = r#"#!/bin/sh
[ "$1" = prereqs ] && exit 0
. /scripts/functions
log_begin_msg one
log_warning_msg "careful: $ROOT"
log_end_msg
echo "EXTRA=set" >/conf/param.conf
"#;

/// Notes how it was called, and answers as some of those that it stands for do.
const STUB: &str = r#"#!/usr/bin/dash
name=${0##*/}
echo "$name $*" >>/log
case $name in
fstype) echo FSTYPE=ext4 ;;
blkid) echo /dev/vda1 ;;
run-init)
	[ "$1" = -n ] && exit 0
	env | sort | grep -v '^_=\|^PWD=\|^OLDPWD=\|^SHLVL=' >>/log
	;;
esac
"#;

/// The root of an initramfs as Debian's builder makes it, with stubs where
/// programs would change the machine.
fn initramfs(root: &Path, cmdline: &str, shell: &str) {
    let tools = Path::new("/usr/share/initramfs-tools");
    let write = |name: &str, text: &str| {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    };
    for folder in ["sbin", "bin", "usr", "run", "root", "dev", "etc", "conf/conf.d", "scripts"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    std::fs::copy(tools.join("init"), root.join("init")).unwrap();
    for name in ["functions", "local", "nfs"] {
        std::fs::copy(tools.join("scripts").join(name), root.join("scripts").join(name)).unwrap();
    }
    for stage in ["init-top", "init-premount", "local-premount", "init-bottom"] {
        write(&format!("scripts/{stage}/ORDER"), "");
    }
    let order =
        "/scripts/init-premount/one \"$@\"\n[ -e /conf/param.conf ] && . /conf/param.conf\n";
    write("scripts/init-premount/ORDER", order);
    write("scripts/init-premount/one", ONE);
    write("scripts/mine", MINE);
    std::fs::copy("/etc/initramfs-tools/initramfs.conf", root.join("conf/initramfs.conf")).unwrap();
    write("conf/arch.conf", "DPKG_ARCH=amd64\n");
    write("conf/modules", "virtio_blk\n# a comment\next4 opt=1\n");
    write("proc/cmdline", cmdline);
    write("proc/uptime", "5.21 3.3\n");
    write("proc/mounts", "");
    write("dev/null", "");
    for stub in [
        "blkid",
        "depmod",
        "fsck",
        "fstype",
        "halt",
        "ipconfig",
        "logsave",
        "modprobe",
        "mount",
        "plymouth",
        "poweroff",
        "reboot",
        "resume",
        "run-init",
        "sleep",
        "switch_root",
        "udevadm",
        "umount",
        "wait-for-root",
    ] {
        write(&format!("sbin/{stub}"), STUB);
    }
    for tool in ["cat", "cut", "env", "grep", "ln", "ls", "mkdir", "rm", "sed", "sort", "touch"] {
        symlink(format!("/usr/bin/{tool}"), root.join("bin").join(tool)).unwrap();
    }
    symlink("usr/lib", root.join("lib")).unwrap();
    symlink("usr/lib64", root.join("lib64")).unwrap();
    if shell == "/usr/bin/dash" {
        symlink(shell, root.join("bin/sh")).unwrap();
    } else {
        std::fs::copy(shell, root.join("bin/sh")).unwrap();
    }
}

#[test]
fn debians_init() {
    let lines = [
        "boot=mine quiet",
        "boot=mine root=UUID=0b00b007-1234 rootflags=subvol=@,compress rootfstype=ext4 rootdelay=1 \
         rw init=/bin/systemd panic=-5x blacklist=a,b fsck.mode=force noresume BOOTIF=01-aa-bb",
        "root=/dev/nosuch rootdelay=x boot=missing ip=dhcp resume=/dev/sda2 resume_offset=5",
        "break=nowhere BOOT_IMAGE=/vmlinuz boot=mine drop_capabilities=a,b initramfs.runsize=5%",
    ];
    for line in lines {
        let mut results = Vec::new();
        for (shell, before) in shells() {
            let dir = Scratch::new("debian");
            let root = dir.path().join("root");
            initramfs(&root, line, &shell);
            let mut command = Command::new("unshare");
            command.args(["-rm", "sh", "-c"]);
            command.arg("mount --rbind /usr \"$1/usr\" && shift && exec timeout 60 chroot \"$@\"");
            command.arg("sh").arg(&root).arg(&root).arg("/bin/sh");
            command.args(before.get(1..).unwrap_or_default()).arg("/init");
            command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
            let output = run(&mut command);
            let log = std::fs::read(root.join("log")).unwrap_or_default();
            // How a shell words what it cannot read is its own affair.
            let failed = !output.stderr.is_empty();
            results.push((text(&output.stdout), failed, output.status.code(), text(&log)));
        }
        assert_eq!(results[0], results[1], "{line}");
        let (stdout, _, _, log) = &results[1];
        assert!(log.contains("mount -t sysfs"), "{line}: {log}");
        if line.contains("boot=mine") {
            assert!(stdout.contains("/usr: LABEL=x ext4 ro,nodev 2\n"), "{line}: {stdout}");
            assert!(log.contains("run-init"), "{line}: {log}");
        }
    }
}
