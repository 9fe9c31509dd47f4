//! What the applets are for, as `help` lists them, and the folders that their
//! links belong in, as busybox has them. All of it is looked up by the
//! compiler: the program has a byte for each name.

use super::{LIST, SORTED, compare};

/// Titles and names. A name that is nowhere comes under the last title; one of
/// no applet means nothing.
const PURPOSES: [(&str, &str); 12] = [
    (
        "Files and folders",
        "cat chattr chgrp chmod chown cp dd df du fallocate file find fold fsync install link ln ls \
         lsattr mkdir mkfifo mknod mktemp mv pwd readlink realpath rm rmdir shred stat sync touch \
         tree truncate unlink which fatattr setfattr getfattr basename dirname",
    ),
    (
        "Text",
        "awk cal cmp comm cut diff dos2unix ed egrep expand factor fgrep grep head less more nl \
         paste patch printf rev sed seq shuf sort split strings tac tail tee tr tsort unexpand uniq \
         unix2dos vi view wc xargs echo expr dc bc yes fold hd hexdump od xxd",
    ),
    (
        "Archives, compression, checksums",
        "ar base32 base64 bunzip2 bzcat bzip2 cksum cpio crc32 dpkg dpkg-deb gunzip gzip lz4 lz4cat \
         lzcat lzma lzop md5sum rpm rpm2cpio sha1sum sha224sum sha256sum sha384sum sha3sum \
         sha512sum sum tar unlz4 unlzma unxz unzip unzstd uudecode uuencode xz xzcat zcat zstd \
         zstdcat",
    ),
    (
        "Disks and filesystems",
        "blkdiscard blkid blockdev eject fdisk findfs findmnt fsck fsfreeze fstrim hdparm losetup \
         lsblk mke2fs mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.vfat mkdosfs mkswap mount mountpoint \
         nbd-client partprobe raidautorun resume swapoff swapon tune2fs umount wipefs sfdisk",
    ),
    (
        "Modules, devices, the kernel",
        "depmod devmem dmesg insmod kexec lsmod lspci lsscsi lsusb mdev modinfo modprobe rmmod \
         setkeycodes sysctl uevent uname watchdog hwclock",
    ),
    (
        "Boot and initramfs",
        "boot bootreport chroot chrootvm gen_init_cpio halt init linuxrc lsinitramfs mkinitramfs \
         mkvirtinitrd pivot_root poweroff reboot run-init switch_root unmkinitramfs vm rescuebox",
    ),
    (
        "Processes",
        "chrt flock free fuser ionice iostat kill killall killall5 lsof nice nohup nproc nsenter \
         pgrep pidof pkill pmap ps pstree pwdx renice run-parts setpriv setsid start-stop-daemon \
         taskset time timeout top unshare uptime vmstat watch",
    ),
    (
        "Network",
        "arp arping brctl dnsdomainname hostname httpd ifconfig ifdown ifup ip ipcalc nc netcat \
         netstat nslookup ping ping6 rdate route ss telnet telnetd telnetd-lite tftp traceroute \
         traceroute6 tunctl udhcpc vconfig wget",
    ),
    (
        "Users and sessions",
        "addgroup adduser agetty chpasswd cryptpw delgroup deluser getty groups id login logname \
         mkpasswd passwd su sulogin users w who whoami",
    ),
    ("Logs", "klogd logger logread syslogd"),
    (
        "Terminal and screen",
        "chvt clear cttyhack deallocvt dumpkmap fbsplash fgconsole kbd_mode loadfont loadkmap mesg \
         microcom openvt reset resize script scriptreplay setconsole setfont setlogcons stty tty \
         ttysize",
    ),
    ("Scripts and others", "[ ash date env false getopt printenv sh sleep test true usleep"),
];

/// Folders, and the names whose links are there. All others are in the last.
const PLACES: [(&str, &str); 4] = [
    (
        "bin",
        "arch ash base64 cat chattr chgrp chmod chown cp cpio cttyhack date dd df dmesg \
         dnsdomainname dumpkmap echo ed egrep false fatattr fgrep fsync getopt grep gunzip gzip \
         hostname ionice ipcalc kbd_mode kill link ln login ls lsattr mkdir mknod mktemp more mount \
         mountpoint mv netstat nice pidof ping ping6 printenv ps pwd resume rev rm rmdir run-parts \
         sed setpriv sh sleep stat stty su sync tar touch true umount uname usleep vi watch zcat",
    ),
    (
        "sbin",
        "agetty arp blkid blockdev depmod devmem fdisk findfs freeramdisk fsck fstrim getty halt \
         hdparm hwclock ifconfig ifdown ifup init insmod ip kexec klogd linuxrc loadkmap logread \
         losetup lsmod mdev mke2fs mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.vfat mkdosfs mkswap modinfo \
         modprobe pivot_root poweroff raidautorun reboot rmmod route run-init setconsole \
         start-stop-daemon sulogin swapoff swapon switch_root sysctl syslogd udhcpc uevent vconfig \
         watchdog",
    ),
    (
        "usr/sbin",
        "addgroup adduser arping brctl chpasswd chroot delgroup deluser fbsplash fsfreeze httpd \
         killall5 loadfont nbd-client partprobe rdate setfont setlogcons telnetd telnetd-lite",
    ),
    ("usr/bin", ""),
];

/// Marks the bytes of `of` for the names of a list, with `number` shifted.
const fn mark(of: &mut [u8; LIST.len()], names: &str, number: u8, shift: u32) {
    let text = names.as_bytes();
    let mut start = 0;
    while start < text.len() {
        let mut end = start;
        while end < text.len() && text[end] != b' ' {
            end += 1;
        }
        let (word, _) = text.split_at(end);
        let (_, word) = word.split_at(start);
        let (mut low, mut high) = (0, LIST.len());
        while low < high {
            let middle = (low + high) / 2;
            let order = compare(SORTED[middle].name.as_bytes(), word);
            if order == 0 {
                of[middle] = (of[middle] & !(15 << shift)) | (number << shift);
                break;
            } else if order < 0 {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        start = end + 1;
    }
}

const fn marks() -> [u8; LIST.len()] {
    let others = (PURPOSES.len() as u8 - 1) | ((PLACES.len() as u8 - 1) << 4);
    let mut of = [others; LIST.len()];
    let mut n = 0;
    while n < PURPOSES.len() {
        mark(&mut of, PURPOSES[n].1, n as u8, 0);
        n += 1;
    }
    n = 0;
    while n < PLACES.len() {
        mark(&mut of, PLACES[n].1, n as u8, 4);
        n += 1;
    }
    of
}

const fn titles() -> [&'static str; PURPOSES.len()] {
    let mut list = [""; PURPOSES.len()];
    let mut n = 0;
    while n < list.len() {
        list[n] = PURPOSES[n].0;
        n += 1;
    }
    list
}

/// The purpose of each row in the low half, the folder in the high one.
pub(super) static MARKS: [u8; LIST.len()] = marks();

/// The titles of the purposes.
pub(super) static TITLES: [&str; PURPOSES.len()] = titles();

/// The folder for the link of the row of this number, below the root.
pub(super) fn place(row: usize) -> &'static str {
    let number = MARKS.get(row).map_or(0, |mark| usize::from(mark >> 4));
    [PLACES[0].0, PLACES[1].0, PLACES[2].0].get(number).copied().unwrap_or(PLACES[3].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_where_they_belong() {
        let row = |name: &str| SORTED.iter().position(|row| row.name == name).unwrap();
        let title = |name: &str| TITLES[usize::from(MARKS[row(name)] & 15)];
        assert_eq!(place(row("sh")), "bin");
        assert_eq!(place(row("mdev")), "sbin");
        assert_eq!(place(row("chroot")), "usr/sbin");
        assert_eq!(place(row("awk")), "usr/bin");
        assert_eq!(title("awk"), "Text");
        assert_eq!(title("["), "Scripts and others");
        assert_eq!(title("syslogd"), "Logs");
    }
}
