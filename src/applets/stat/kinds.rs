//! The names of file systems by their magic numbers. linux/magic.h, and the
//! names that GNU stat gives.

#[rustfmt::skip]
const NAMES: &[(u32, &str)] = &[
    (0x187, "autofs"),
    (0x137f, "minix"),
    (0x1cd1, "devpts"),
    (0x4d44, "msdos"),
    (0x6969, "nfs"),
    (0x72b6, "jffs2"),
    (0x9660, "isofs"),
    (0x9fa0, "proc"),
    (0xef53, "ext2/ext3"),
    (0xf15f, "ecryptfs"),
    (0x27e0eb, "cgroupfs"),
    (0x1021994, "tmpfs"),
    (0x1021997, "v9fs"),
    (0x9041934, "anon-inode FS"),
    (0x15013346, "udf"),
    (0x19800202, "mqueue"),
    (0x2011bab0, "exfat"),
    (0x24051905, "ubifs"),
    (0x28cd3d45, "cramfs"),
    (0x2fc12fc1, "zfs"),
    (0x3153464a, "jfs"),
    (0x42494e4d, "binfmt_misc"),
    (0x50495045, "pipefs"),
    (0x52654973, "reiserfs"),
    (0x5346544e, "ntfs"),
    (0x534f434b, "sockfs"),
    (0x58465342, "xfs"),
    (0x6165676c, "pstorefs"),
    (0x62656570, "configfs"),
    (0x62656572, "sysfs"),
    (0x63677270, "cgroup2fs"),
    (0x64626720, "debugfs"),
    (0x65735546, "fuseblk"),
    (0x6e736673, "nsfs"),
    (0x73636673, "securityfs"),
    (0x73717368, "squashfs"),
    (0x74726163, "tracefs"),
    (0x794c7630, "overlayfs"),
    (0x858458f6, "ramfs"),
    (0x9123683e, "btrfs"),
    (0x958458f6, "hugetlbfs"),
    (0xca451a4e, "bcachefs"),
    (0xcafe4a11, "bpf_fs"),
    (0xde5e81e4, "efivarfs"),
    (0xe0f5e1e2, "erofs"),
    (0xf2f52010, "f2fs"),
    (0xf97cff8c, "selinux"),
    (0xfe534d42, "smb2"),
    (0xff534d42, "cifs"),
];

/// The name of the type with this magic number.
pub fn name(magic: u64) -> Vec<u8> {
    match NAMES.iter().find(|(number, _)| u64::from(*number) == magic) {
        Some((_, name)) => name.as_bytes().to_vec(),
        None => format!("UNKNOWN (0x{magic:x})").into_bytes(),
    }
}
