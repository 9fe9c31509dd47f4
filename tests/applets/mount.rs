//! mount, umount, mountpoint and losetup, each in a mount namespace of its
//! own.

use crate::harness::applet::{against_busybox, applet, reference};
use crate::harness::namespace::{is_root, prints, right, script};
use crate::harness::scratch::Scratch;

/// Shows what is mounted on a folder: the options of the mount and of the
/// filesystem, without those that differ between kernels.
const SHOW: &str = r#"show() {
    awk -v d="$1" '$5 == d { o = $6; t = ""; for (i = 7; $i != "-"; i++) t = t " " $i
        print o t " " $(i+1) " " $(i+2) }' /proc/self/mountinfo | sed 's/ shared:[0-9]*/ shared/'
}
"#;

fn with_show(text: &str) -> String {
    format!("{SHOW}{text}")
}

#[test]
fn a_tmpfs() {
    let Some(right) = right("a_tmpfs") else { return };
    prints(
        right,
        &with_show(
            "mkdir a\n$RB mount -t tmpfs -o size=64k,nosuid,noexec name a && show /mnt/a\n\
             $RB umount a && show /mnt/a\n",
        ),
        "rw,nosuid,noexec,relatime tmpfs name\n",
    );
}

#[test]
fn flags_in_all_their_spellings() {
    if against_busybox() {
        return;
    }
    let Some(right) = right("flags") else { return };
    for (options, expected) in [
        ("-o ro", "ro,relatime"),
        ("-r", "ro,relatime"),
        ("-o ro,rw", "rw,relatime"),
        ("-r -w", "rw,relatime"),
        ("-o nodev -o noatime", "rw,nodev,noatime"),
        ("-o strictatime,nodiratime", "rw,nodiratime"),
        ("-o defaults", "rw,relatime"),
        ("-n -o users", "rw,nosuid,nodev,noexec,relatime"),
        ("-o users,exec", "rw,nosuid,nodev,relatime"),
    ] {
        let text = format!("mkdir a\n$RB mount -t tmpfs {options} name a && show /mnt/a\n");
        prints(right, &with_show(&text), &format!("{expected} tmpfs name\n"));
    }
}

#[test]
fn a_remount_keeps_what_it_does_not_name() {
    let Some(right) = right("a_remount") else { return };
    prints(
        right,
        &with_show(
            "mkdir a; mount -t tmpfs -o nosuid,noatime,size=64k,mode=700 name a\n\
             $RB mount -o remount,ro a && show /mnt/a\n\
             $RB mount -o rw,remount /mnt/a && show /mnt/a\n\
             $RB mount -o remount,exec,noexec a; show /mnt/a\n\
             grep -c size=64k /proc/self/mountinfo\n",
        ),
        "ro,nosuid,noatime tmpfs name\nrw,nosuid,noatime tmpfs name\n\
         rw,nosuid,noexec,noatime tmpfs name\n1\n",
    );
}

#[test]
fn a_bind_mount_gets_its_flags() {
    if against_busybox() {
        return;
    }
    let Some(right) = right("a_bind") else { return };
    prints(
        right,
        &with_show(
            "mkdir a b; mount -t tmpfs -o nosuid name a; echo x > a/f\n\
             $RB mount --bind a b && cat b/f && show /mnt/b\n\
             $RB umount b; $RB mount -o bind,ro,noexec a b && show /mnt/b && show /mnt/a\n\
             echo y > b/f; echo z > a/f; cat b/f\n\
             $RB mount -o remount,bind,rw b && show /mnt/b\n\
             $RB umount b && $RB mount -B -r a b && show /mnt/b\n",
        ),
        "x\nrw,nosuid,relatime tmpfs name\nro,nosuid,noexec,relatime tmpfs name\n\
         rw,nosuid,relatime tmpfs name\nz\nrw,nosuid,noexec,relatime tmpfs name\n\
         ro,nosuid,relatime tmpfs name\n",
    );
}

#[test]
fn binding_a_tree_and_a_file() {
    let Some(right) = right("binding_a_tree") else { return };
    prints(
        right,
        "mkdir -p a/x b; mount -t tmpfs in a/x; echo deep > a/x/f\n\
         $RB mount --rbind a b && cat b/x/f\n\
         $RB umount -R b && ls b\n\
         $RB mount -o bind a b && ls b/x; $RB umount b\n\
         echo one > f; echo two > g; $RB mount --bind f g && cat g; $RB umount g && cat g\n",
        "deep\none\ntwo\n",
    );
}

#[test]
fn moving() {
    if against_busybox() {
        return;
    }
    let Some(right) = right("moving") else { return };
    prints(
        right,
        "mkdir a b; mount -t tmpfs name a; echo x > a/f\n\
         $RB mount --move a b && cat b/f && ls a\n\
         mkdir c; $RB mount -o move b c && cat c/f; $RB mount -M c a && cat a/f\n",
        "x\nx\nx\n",
    );
}

#[test]
fn propagation() {
    if against_busybox() {
        return;
    }
    let Some(right) = right("propagation") else { return };
    prints(
        right,
        &with_show(
            "mkdir a b; mount -t tmpfs name a\n\
             $RB mount --make-shared a && show /mnt/a\n\
             $RB mount --make-private a && show /mnt/a\n\
             $RB mount --make-rshared a && $RB mount --make-rprivate /mnt/a && show /mnt/a\n\
             $RB mount --make-unbindable a && show /mnt/a\n\
             $RB mount --make-private a; $RB mount --make-runbindable a && show /mnt/a\n\
             $RB mount -t tmpfs -o shared,ro two b && show /mnt/b\n",
        ),
        "rw,relatime shared tmpfs name\nrw,relatime tmpfs name\nrw,relatime tmpfs name\n\
         rw,relatime unbindable tmpfs name\nrw,relatime unbindable tmpfs name\n\
         ro,relatime shared tmpfs two\n",
    );
}

#[test]
fn the_list() {
    if against_busybox() {
        return;
    }
    let Some(right) = right("the_list") else { return };
    prints(
        right,
        "mkdir 'a b'; mount -t tmpfs -o size=64k,mode=700 'na me' 'a b'\n\
         $RB mount | grep 'na me' | sed 's/,uid=[^)]*//; s/,inode64//'\n\
         $RB mount -t tmpfs | grep -c 'a b'\n$RB mount -t notmpfs | grep -c 'a b'\n",
        "na me on /mnt/a b type tmpfs (rw,relatime,size=64k,mode=700)\n1\n0\n",
    );
}

#[test]
fn names_in_the_list_do_not_move_the_cursor() {
    let Some(right) = right("names_in_the_list") else { return };
    if reference().is_some() {
        return;
    }
    prints(
        right,
        "d=$(printf 'x\\033[2J'); mkdir \"$d\"; mount -t tmpfs \"$d\" \"$d\"\n\
         $RB mount | grep -c 'x.x1b.2J on /mnt/x.x1b.2J type'\n$RB umount \"$d\" && echo gone\n",
        "1\ngone\n",
    );
}

#[test]
fn fstab_knows_the_rest() {
    if against_busybox() {
        return;
    }
    let Some(right) = right("fstab") else { return };
    prints(
        right,
        &with_show(
            "mkdir a b c d; cat > tab <<E\n# comment\none /mnt/a tmpfs ro,nosuid 0 0\n\
             two\t/mnt/b\ttmpfs\tnoauto\nthree /mnt/c tmpfs noexec,x-foo=1\n\
             /mnt/c /mnt/d none bind\n/nosuch /mnt/e ext4 nofail\nE\n\
             mount --bind tab /etc/fstab\n\
             $RB mount -a; echo $?; for i in a b c d; do show /mnt/$i; done\n\
             $RB mount /mnt/b && show /mnt/b\n\
             $RB mount -a; echo $?; show /mnt/a; show /mnt/d\n\
             umount a; $RB mount -a -t tmpfs; show /mnt/a\n",
        ),
        "0\nro,nosuid,relatime tmpfs one\nrw,noexec,relatime tmpfs three\n\
         rw,noexec,relatime tmpfs three\nrw,relatime tmpfs two\n0\n\
         ro,nosuid,relatime tmpfs one\nrw,noexec,relatime tmpfs three\n\
         ro,nosuid,relatime tmpfs one\n",
    );
}

#[test]
fn another_table_and_filters() {
    let Some(right) = right("another_table") else { return };
    prints(
        right,
        &with_show(
            "mkdir a b; printf 'one /mnt/a tmpfs _netdev\\ntwo /mnt/b tmpfs rw\\n' > tab\n\
             $RB mount -a -T tab -O no_netdev; show /mnt/a; show /mnt/b\n\
             $RB mount -T tab one && show /mnt/a; umount a\n\
             $RB mount -T tab -o ro a && show /mnt/a\n\
             $RB mount -T tab -o remount,rw a && show /mnt/a\n",
        ),
        "rw,relatime tmpfs two\nrw,relatime tmpfs one\nro,relatime tmpfs one\n\
         rw,relatime tmpfs one\n",
    );
}

#[test]
fn a_failure_of_some_of_all() {
    let Some(right) = right("a_failure") else { return };
    if reference().is_some() {
        return;
    }
    let out = script(
        right,
        "mkdir a; printf 'one /mnt/a tmpfs\\nlonely\\ntwo /mnt/nosuch tmpfs\\n' > tab\n\
         $RB mount -a -T tab; echo $?\n$RB mount -a -T tab -t ext4; echo $?\n",
    );
    assert_eq!(String::from_utf8_lossy(&out.stdout), "64\n0\n");
    assert!(out.stderr.contains("mount: /mnt/nosuch: the mount point is not there"));
    assert!(out.stderr.contains("mount: tab: line 2 is no entry"));
}

#[test]
fn errors_name_what_is_at_fault() {
    let Some(right) = right("errors") else { return };
    if reference().is_some() {
        return;
    }
    for (command, expected) in [
        ("mount -t tmpfs x nosuch", "mount: nosuch: the mount point is not there\n"),
        ("mount -t tmpfs x f", "mount: f: the mount point is not a folder\n"),
        (
            "mount -t lostfs x a",
            "mount: a: the kernel has no filesystem 'lostfs' (module not loaded?)\n",
        ),
        ("mount --bind nosuch a", "mount: nosuch: what to mount is not there\n"),
        ("mount --bind f a", "mount: cannot mount f on a: one is a folder and the other a file\n"),
        ("mount -o remount,ro a", "mount: a: not mounted\n"),
        ("mount --make-shared a", "mount: a: not a mount point\n"),
        ("mount nosuch", "mount: nosuch: not in /etc/fstab; name source and mount point\n"),
        ("mount UUID=12-34 a", "mount: UUID=12-34: no device with this tag is there\n"),
        ("mount -o offset=x a b", "mount: option offset=x: no such value\n"),
        ("mount /nosuch a", "mount: /nosuch: what to mount is not there\n"),
        (
            "mount -t tmpfs -o size=banana x a",
            "mount: x: no filesystem 'tmpfs' is on it, or one of the options 'size=banana' is \
             wrong (dmesg may say more)\n",
        ),
        ("umount a", "umount: a: not mounted\n"),
        ("umount nosuch", "umount: nosuch: No such file or directory\n"),
    ] {
        let out = script(
            right,
            &format!(": > fstab; mkdir a b; : > f; mount --bind fstab /etc/fstab; $RB {command}"),
        );
        assert!(out.stderr.starts_with(expected), "{command}: {}", out.stderr);
        assert!(matches!(out.status, 1 | 32), "{command}: {}", out.status);
    }
}

#[test]
fn too_many_options_are_refused() {
    let Some(right) = right("too_many_options") else { return };
    if reference().is_some() {
        return;
    }
    let long = "x".repeat(4096);
    let out = script(right, &format!("mkdir a; $RB mount -t tmpfs -o {long} x a"));
    assert_eq!(out.stderr, "mount: a: the options are 4096 bytes long, the kernel takes 4095\n");
}

#[test]
fn a_busy_mount_says_who() {
    let Some(right) = right("a_busy_mount") else { return };
    if reference().is_some() {
        return;
    }
    let out = script(
        right,
        "mkdir a; mount -t tmpfs x a; (cd a; exec sleep 60) & p=$!; sleep 0.2\n\
         $RB umount a; echo $? $p; $RB umount -l a; echo $?; kill $p\n\
         mkdir -p b; mount -t tmpfs x b; mkdir b/c; mount -t tmpfs y b/c; $RB umount b\n",
    );
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let pid = text.lines().next().unwrap().strip_prefix("32 ").unwrap().to_string();
    assert!(text.ends_with("\n0\n"), "{text}");
    assert_eq!(
        out.stderr,
        format!(
            "umount: /mnt/a: busy: in use by process {pid} (sleep) (end it, or umount -l)\n\
             umount: /mnt/b: busy: /mnt/b/c is mounted below it (umount -R takes both)\n"
        )
    );
}

#[test]
fn unmounting_by_all_names() {
    if against_busybox() {
        return;
    }
    let Some(right) = right("unmounting") else { return };
    prints(
        right,
        &with_show(
            "mkdir a; ln -s a l; for by in a /mnt/a ./a// l name; do\n\
             mount -t tmpfs name a; $RB umount $by; echo $? $(show /mnt/a); done\n\
             mkdir b; mount -t tmpfs one a; mount -t tmpfs two b; $RB umount a b; echo $?\n\
             mount -t tmpfs one a; mount -t tmpfs two a; $RB umount a; show /mnt/a\n",
        ),
        "0\n0\n0\n0\n0\n0\nrw,relatime tmpfs one\n",
    );
}

#[test]
fn unmounting_all() {
    let Some(right) = right("unmounting_all") else { return };
    if reference().is_some() {
        return; // it would also take what -t does not name on some systems
    }
    prints(
        right,
        &with_show(
            "mkdir a b c; mount -t tmpfs one a; mkdir a/x; mount -t tmpfs two a/x\n\
             mount -t ramfs three b; mount -t tmpfs -o noexec four c\n\
             $RB umount -a -t ramfs; show /mnt/b; show /mnt/a\n\
             $RB umount -a -O +noexec -t tmpfs 2> /dev/null; show /mnt/c; show /mnt/a/x\n\
             $RB umount -Rv a; $RB umount -q nosuch; echo $?\n",
        ),
        "rw,relatime tmpfs one\nrw,relatime tmpfs two\numount: /mnt/a/x unmounted\n\
         umount: /mnt/a unmounted\n32\n",
    );
}

#[test]
fn busy_is_made_read_only() {
    if against_busybox() {
        return;
    }
    let Some(right) = right("busy_is_made") else { return };
    prints(
        right,
        &with_show(
            "mkdir a; mount -t tmpfs -o nosuid x a; cd a; $RB umount -r /mnt/a 2> /dev/null\n\
             echo $?; show /mnt/a\n",
        ),
        "0\nro,nosuid,relatime tmpfs x\n",
    );
}

#[test]
fn a_file_on_a_loop_device() {
    let _one = crate::harness::namespace::loops();
    if against_busybox() {
        return;
    }
    if !is_root("a_file_on_a_loop_device") {
        return;
    }
    let image = "truncate -s 4M i && mke2fs -q -F -t ext4 -L lab i && mkdir a\n";
    prints(
        crate::harness::namespace::Right::Root,
        &with_show(&format!(
            "{image}\
             $RB mount -o loop,ro i a && show /mnt/a | sed 's/loop[0-9]*/loopN/'\n\
             $RB umount a; losetup -j i | wc -l\n\
             $RB mount i a && show /mnt/a | sed 's/loop[0-9]*/loopN/'; $RB umount i; show /mnt/a\n\
             (head -c 1M /dev/zero; cat i) > j\n\
             $RB mount -t ext3,ext4 -o loop,offset=1048576 j a && ls a; $RB umount -d a\n\
             losetup -j j | wc -l\n",
        )),
        "ro,relatime ext4 /dev/loopN\n0\nrw,relatime ext4 /dev/loopN\nlost+found\n0\n",
    );
}

#[test]
fn a_write_protected_medium() {
    let _one = crate::harness::namespace::loops();
    if !is_root("a_write_protected_medium") {
        return;
    }
    if reference().is_some() {
        return;
    }
    let out = script(
        crate::harness::namespace::Right::Root,
        &with_show(
            "truncate -s 4M i && mke2fs -q -F -t ext4 i && mkdir a\n\
             d=$($RB losetup -r --show -f i); $RB mount $d a; echo $?; show /mnt/a | cut -c1-2\n\
             $RB umount a; $RB mount -w $d a; echo $?; $RB losetup -d $d\n",
        ),
    );
    assert_eq!(String::from_utf8_lossy(&out.stdout), "0\nro\n32\n", "{}", out.stderr);
    assert!(out.stderr.contains("is write-protected, mounted read-only"), "{}", out.stderr);
    assert!(out.stderr.contains("cannot be written; mount it read-only (-r)"), "{}", out.stderr);
}

#[test]
fn the_same_file_twice() {
    let _one = crate::harness::namespace::loops();
    if !is_root("the_same_file_twice") || reference().is_some() {
        return;
    }
    let out = script(
        crate::harness::namespace::Right::Root,
        "truncate -s 8M i && mke2fs -q -F -t ext4 i && mkdir a b\n\
         $RB mount i a && $RB mount i b && echo x > a/f && cat b/f\n\
         losetup -j i | wc -l; $RB umount a b\n\
         d=$($RB losetup -f --show -o 4096 i); $RB mount i a; echo $?; $RB losetup -d $d\n",
    );
    assert_eq!(String::from_utf8_lossy(&out.stdout), "x\n1\n32\n", "{}", out.stderr);
    assert!(out.stderr.contains("is attached to the same part of the file already"));
}

#[test]
fn a_file_of_that_name_elsewhere() {
    let _one = crate::harness::namespace::loops();
    if !is_root("a_file_of_that_name_elsewhere") || reference().is_some() {
        return;
    }
    prints(
        crate::harness::namespace::Right::Root,
        "make='truncate -s 8M i && mke2fs -q -F -t ext4 i && mkdir a && $RB mount i a'; eval \"$make\"\n\
         echo x > a/f; export make; ls -i i | cut -d' ' -f1 > n\n\
         unshare -m sh -c 'mount -t tmpfs none /mnt; cd /mnt; eval \"$make\"; ls a; ls -i i | cut -d\" \" -f1' > out\n\
         head -n 1 out; tail -n 1 out | cmp - n; $RB umount a\n",
        "lost+found\n",
    );
}

#[test]
fn many_loops_at_once() {
    let _one = crate::harness::namespace::loops();
    if against_busybox() {
        return;
    }
    if !is_root("many_loops") {
        return;
    }
    prints(
        crate::harness::namespace::Right::Root,
        "truncate -s 1M i; mke2fs -q -F -t ext2 i; for n in 1 2 3 4 5 6 7 8; do\n\
         mkdir d$n; cp i i$n; $RB mount -o loop i$n d$n & done; wait\n\
         grep -c /mnt/d /proc/self/mountinfo; for n in 1 2 3 4 5 6 7 8; do\n\
         $RB umount d$n || echo no $n; done; for n in 1 2 3 4; do losetup -j i$n; done\n",
        "8\n",
    );
}

#[test]
fn nothing_on_a_device() {
    let _one = crate::harness::namespace::loops();
    if !is_root("nothing_on_a_device") || reference().is_some() {
        return;
    }
    let out = script(
        crate::harness::namespace::Right::Root,
        "truncate -s 1M i; mkdir a; $RB mount i a; echo $?; $RB mount -t ext4 i a; echo $?\n",
    );
    assert_eq!(String::from_utf8_lossy(&out.stdout), "32\n32\n");
    assert!(out.stderr.contains("no filesystem that this kernel knows is on it (tried "));
    assert!(out.stderr.contains("no filesystem 'ext4' is on it, or it is damaged"));
}

#[test]
fn a_helper_is_asked() {
    if !is_root("a_helper") || reference().is_some() {
        return;
    }
    prints(
        crate::harness::namespace::Right::Root,
        "mkdir s a; mount --bind s /usr/sbin 2> /dev/null; mount --bind s /sbin\n\
         printf '#!/bin/sh\\necho \"$@\"\\n' > s/mount.foo; chmod 755 s/mount.foo\n\
         $RB mount -t foo -o noauto,noatime,x=y,nofail src a; echo $?\n\
         $RB mount -r -t foo.bar src a; $RB mount -i -t foo src a 2> /dev/null; echo $?\n",
        "src a -o rw,noatime,x=y\n0\nsrc a -o ro -t foo.bar\n32\n",
    );
}

#[test]
fn mount_points() {
    let Some(right) = right("mount_points") else { return };
    if reference().is_some() {
        return; // not in every busybox
    }
    prints(
        right,
        "mkdir a b; mount -t tmpfs one a; mount --bind b b; : > f; : > g; mount --bind f f\n\
         for i in a b f g . / b/..; do $RB mountpoint $i; echo $?; done\n\
         $RB mountpoint -q a; echo $?; $RB mountpoint -q nosuch; echo $?\n\
         $RB mountpoint -n a; test \"$($RB mountpoint -d a)\" = \"$(mountpoint -d a)\"; echo $?\n",
        "a is a mountpoint\n0\nb is a mountpoint\n0\nf is a mountpoint\n0\ng is not a mountpoint\n\
         1\n. is a mountpoint\n0\n/ is a mountpoint\n0\nb/.. is a mountpoint\n0\n0\n1\none a\n0\n",
    );
    applet("mountpoint").args(["/nosuch"]).stderr_has("/nosuch: No such file").fails(1);
    applet("mountpoint").args(["-x", "/etc"]).stderr_has("/etc: not a block device").fails(1);
    applet("mountpoint").stderr_has("which folder?").fails(2);
}

#[test]
fn loop_devices() {
    let _one = crate::harness::namespace::loops();
    if !is_root("loop_devices") || reference().is_some() {
        return;
    }
    prints(
        crate::harness::namespace::Right::Root,
        "head -c 8192 /dev/zero > looped; d=$($RB losetup -f --show -o 4K looped)\n\
         $RB losetup $d | sed \"s|$d|D|; s/\\[.*\\]:[0-9]*/[]/\"; blockdev --getsize64 $d\n\
         $RB losetup -j looped -l -n -O OFFSET,RO,BACK-FILE\n\
         test \"$($RB losetup -j looped)\" = \"$(losetup -j looped)\" && echo same\n\
         test \"$($RB losetup -a | grep -c /mnt/looped)\" = 1 && echo listed\n\
         truncate -s 12K looped; $RB losetup -c $d; blockdev --getsize64 $d\n\
         $RB losetup -d $d; sleep 0.1; $RB losetup -j looped\n\
         $RB losetup $d looped && $RB losetup -d $d; mknod free b 7 250; $RB losetup -d free 2>&1\n",
        "D: [] (/mnt/looped), offset 4096\n4096\n  4096  0 /mnt/looped\nsame\nlisted\n8192\n\
         losetup: free: No such device or address\n",
    );
}

#[test]
fn usage() {
    let dir = Scratch::new("mount-usage");
    if reference().is_some() {
        return;
    }
    applet("mount").args(["-Q"]).stderr_has("usage: mount").fails(1);
    applet("mount").args(["a", "b", "c"]).stderr_has("more than a source").fails(1);
    applet("mount").args(["-o", "ro"]).stderr_has("what to mount").fails(1);
    applet("umount").stderr_has("what is to be unmounted?").fails(1);
    applet("mount").dir(dir.path()).args(["-a", "-T", "none"]).fails(32);
    applet("losetup").args(["/dev/null"]).stderr_has("/dev/null: ").fails(1);
}
