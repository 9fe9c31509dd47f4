//! Every kind of root by each of its names, on every bus, on four kernels.
//!
//! One machine a kernel has all the disks. It stops before the new root is
//! entered, and goes through the roots by `boot set` and `boot retry`, which
//! search and mount them as the first try does.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::disks::{Control, Disks, image};
use crate::harness::applet::program;
use crate::harness::lab::{KERNELS, Kernel};
use crate::harness::machine::{Machine, machine};

/// What makes the disks.
///
/// * `gpt.img`: a partition of each type of file system, two that are one btrfs
/// * `mbr.img`: logical partitions
/// * `nvme.img`, `ahci.img`, `usb.img`: each an ext4 of its own
/// * `late.img`, `twin.img`, `bad.img`: an ext4 without a table
const MAKE: &str = r#"
G=dddddddd-0000-0000-0000-0000000000; U=eeeeeeee-0000-0000-0000-0000000000
ext4() { truncate -s 12M $1; mkfs.ext4 -q -L $2 -U $3 -d root $1; }
put() { dd if=$2 of=$1 bs=1M seek=$3 conv=notrunc,sparse status=none; }
ext4 ext4.part ext4 ${U}01
{
    echo /dev/null; echo 0 0; echo d--755 0 0
    echo etc d--755 0 0; echo name ---644 0 0 root/etc/name; echo '$'; echo '$'
} > proto
truncate -s 320M xfs.part; mkfs.xfs -q -L xfs -m uuid=${U}02 -p proto xfs.part
truncate -s 128M btrfs.part pair1.part pair2.part
mkfs.btrfs -q -L btrfs -U ${U}03 --rootdir root btrfs.part
truncate -s 64M f2fs.part; mkfs.f2fs -q -l f2fs -U ${U}04 f2fs.part
sload.f2fs -f root f2fs.part >&2 || :
mksquashfs root squashfs.part -quiet -no-progress
mkfs.erofs -U ${U}06 erofs.part root >&2
truncate -s 8M vfat.part; mkfs.vfat -n VFAT -i 0badcafe vfat.part >&2
mmd -i vfat.part ::live; mcopy -i vfat.part squashfs.part ::live/root.squashfs
mkfs.btrfs -q -L pair -U ${U}08 -d raid1 -m raid1 pair1.part pair2.part

at=1; n=0; table='label: gpt'
for part in ext4 xfs btrfs f2fs vfat erofs squashfs pair1 pair2; do
    size=$(( ($(stat -c %s $part.part) + 1048575) / 1048576 )); n=$((n + 1))
    type=L; [ $part = ext4 ] && type=4f68bce3-e8cd-4db1-96e7-fbcaf984b709
    put gpt.img $part.part $at
    table="$table
start=$((at * 2048)), size=$((size * 2048)), name=\"the $part\", uuid=${G}0$n, type=$type"
    at=$((at + size))
done
truncate -s $((at + 1))M gpt.img
echo "$table" | sfdisk -q gpt.img

truncate -s 40M mbr.img
printf 'label: dos\nlabel-id: 0xcafe1234\nstart=2048, size=4M\nstart=12288, size=32M, type=5\nstart=14336, size=12M\nstart=40960, size=4M\n' | sfdisk -q mbr.img
ext4 logical.part logical ${U}11; put mbr.img logical.part 7; put mbr.img squashfs.part 20
n=20
for bus in nvme ahci usb; do
    n=$((n + 1)); echo $bus > root/etc/name
    truncate -s 16M $bus.img
    printf "label: gpt\nstart=2048, size=12M, name=\"on $bus\", uuid=$G$n\n" | sfdisk -q $bus.img
    ext4 bus.part $bus $U$n; put $bus.img bus.part 1
done
truncate -s 1M gone.img; ext4 late.img late ${U}31; ext4 twin.img twin ${U}32; ext4 bad.img bad ${U}33
rm *.part
printf '[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "2"\n' > debug
"#;

/// Prints the device, type and first option of what the root is, and a word
/// out of it.
const CHECK: &str = "#!/bin/sh
set -- $(grep ' /sysroot ' /proc/mounts | tail -n 1 | sed 's/sd[a-z]/sdX/')
echo \"root: $1 $3 ${4%%,*} $(cat /sysroot/etc/name 2>/dev/null).\"
";

/// A machine that stops at each root.
struct Roots {
    vm: Machine,
    kernel: Kernel,
    count: usize,
}

impl Roots {
    /// Goes on to another root; the shell says that it is mounted.
    #[track_caller]
    fn retry(&mut self, words: &str) -> String {
        self.vm.send(&format!("boot set {words} && boot retry\n"));
        let mut log = self.vm.wait_for("rescuebox: stopped before pre-switch");
        log += &self.vm.wait_for(" / # ");
        self.count += 1;
        log
    }

    #[track_caller]
    fn is(&mut self, expected: &str) {
        self.vm.send("check\n");
        self.vm.wait_for("root: ");
        let answer = self.vm.wait_for(".\r\n");
        let answer = answer.trim_end().trim_end_matches('.');
        self.vm.wait_for(" / # ");
        let kernel = self.kernel;
        assert_eq!(answer, expected, "{kernel:?}\n{}", self.vm.log());
    }

    /// Each of these names is that root.
    #[track_caller]
    fn each(&mut self, names: &[&str], expected: &str) {
        for name in names {
            self.retry(&format!("'root={name}'"));
            self.is(expected);
        }
    }

    /// A partition of a GPT by its number, its name, and the number and the
    /// label of what is on it.
    #[track_caller]
    fn partition(&mut self, number: &str, name: &str, uuid: &str, label: &str, expected: &str) {
        let mut names = vec![
            format!("PARTUUID=dddddddd-0000-0000-0000-0000000000{number}"),
            format!("PARTLABEL={name}"),
        ];
        if !uuid.is_empty() {
            names.push(format!("UUID={uuid}"));
        }
        if !label.is_empty() {
            names.push(format!("LABEL={label}"));
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.each(&names, expected);
    }
}

/// The disks of a machine: drives by name, devices on buses.
fn words(disks: &Disks, modules: &[&str]) -> Vec<String> {
    let path = |name: &str| disks.path(name).display().to_string();
    let mut words = Vec::new();
    let mut device = |device: &str| words.extend(["-device".into(), device.into()]);
    device("pcie-root-port,id=p,chassis=1");
    device("pcie-root-port,id=q,chassis=2");
    device("virtio-blk-pci,drive=gpt,serial=serial-7,addr=5");
    device("virtio-blk-pci,drive=gone,bus=q,id=gone");
    device("virtio-blk-pci,drive=bad,addr=6");
    device("virtio-blk-pci,drive=twin,addr=7");
    device("virtio-blk-pci,drive=twins,addr=8");
    device("virtio-scsi-pci,id=s");
    device("scsi-hd,drive=mbr,bus=s.0");
    device("nvme,drive=nvme,serial=s");
    let mut files = vec![
        ("gpt", path("gpt.img")),
        ("gone", path("gone.img")),
        ("late", path("late.img")),
        ("bad", format!("blkdebug:{}:{}", path("debug"), path("bad.img"))),
        ("twin", path("twin.img")),
        ("twins", path("twin.img")),
        ("mbr", path("mbr.img")),
        ("nvme", path("nvme.img")),
    ];
    if modules.contains(&"ahci") {
        device("ide-hd,drive=ahci,bus=ide.0");
        files.push(("ahci", path("ahci.img")));
    }
    if modules.contains(&"usb_storage") {
        device("qemu-xhci,id=x");
        device("usb-storage,drive=usb,bus=x.0");
        files.push(("usb", path("usb.img")));
    }
    let drives = files.iter().flat_map(|(name, file)| {
        ["-drive".into(), format!("file={file},if=none,id={name},format=raw,snapshot=on")]
    });
    drives.chain(words).collect()
}

/// Every root of one kernel; returns how many names that were.
fn roots(kernel: Kernel, disks: &Disks, modules: &[&str]) -> usize {
    let check = format!("{}:/bin/check", disks.path("check").display());
    let mut options = vec!["--add", check.as_str()];
    for name in COMMON.iter().chain(modules) {
        options.extend(["--module", *name]);
    }
    let initramfs = image(kernel, &options, &disks.path(""));
    let socket = disks.path("qmp");
    let _ = std::fs::remove_file(&socket);
    let vm = machine(kernel, initramfs)
        .memory(512)
        .limit(300)
        .command_line(
            "console=ttyS0 no_timer_check quiet rd.break=pre-switch rd.timeout=10 root=gpt-auto",
        )
        .qemu(["-qmp", &format!("unix:{},server=on,wait=off", socket.display())])
        .qemu(words(disks, modules))
        .boot();
    let mut roots = Roots { vm, kernel, count: 1 };
    roots.vm.wait_for(" / # ");
    let uuid = |number: &str| format!("eeeeeeee-0000-0000-0000-0000000000{number}");
    roots.is("/dev/vda1 ext4 ro rootname");
    roots.each(
        &[
            "/dev/vda1",
            "/dev/disk/by-label/ext4",
            "/dev/disk/by-partlabel/the\\x20ext4",
            "ID=virtio-serial-7-part1",
            "/dev/disk/by-path/pci-0000:00:05.0-part1",
            "PARTUUID=DDDDDDDD-0000-0000-0000-000000000002/PARTNROFF=-1",
        ],
        "/dev/vda1 ext4 ro rootname",
    );
    roots.partition("01", "the ext4", &uuid("01"), "ext4", "/dev/vda1 ext4 ro rootname");
    roots.partition("02", "the xfs", &uuid("02"), "xfs", "/dev/vda2 xfs ro rootname");
    roots.partition("03", "the btrfs", &uuid("03"), "btrfs", "/dev/vda3 btrfs ro rootname");
    if modules.contains(&"f2fs") {
        roots.partition("04", "the f2fs", &uuid("04"), "f2fs", "/dev/vda4 f2fs ro rootname");
    }
    roots.partition("06", "the erofs", &uuid("06"), "", "/dev/vda6 erofs ro rootname");
    roots.partition("07", "the squashfs", "", "", "/dev/vda7 squashfs ro rootname");
    // One of two devices is named in the table of mounts, whichever it is.
    roots.partition("08", "the pair1", &uuid("08"), "pair", "/dev/vda8 btrfs ro ");
    roots.each(&["PARTLABEL=the pair2"], "/dev/vda8 btrfs ro ");

    roots.partition("21", "on nvme", &uuid("21"), "nvme", "/dev/nvme0n1p1 ext4 ro nvme");
    if modules.contains(&"ahci") {
        roots.partition("22", "on ahci", &uuid("22"), "ahci", "/dev/sdX1 ext4 ro ahci");
    }
    if modules.contains(&"usb_storage") {
        roots.partition("23", "on usb", &uuid("23"), "usb", "/dev/sdX1 ext4 ro usb");
    }
    let logical = uuid("11");
    roots.each(
        &[
            "PARTUUID=cafe1234-05",
            "PARTUUID=cafe1234-06/PARTNROFF=-1",
            "LABEL=logical",
            &format!("UUID={logical}"),
        ],
        "/dev/sdX5 ext4 ro rootname",
    );
    roots.each(&["PARTUUID=cafe1234-06"], "/dev/sdX6 squashfs ro rootname");

    let log = roots.retry(&format!("root=UUID={}", uuid("32")));
    let told = format!("UUID={} is on /dev/vdc /dev/vdd: /dev/vdc is taken", uuid("32"));
    assert!(log.contains(&told), "{kernel:?}: {log}");
    roots.is("/dev/vdc ext4 ro usb");

    roots.vm.send("boot set root=/dev/vdb rd.timeout=1 && boot retry\n");
    roots.vm.wait_for("/dev/vdb: it cannot be read");
    roots.vm.wait_for(" / # ");
    late(&mut roots, &socket);

    roots.retry("'root=PARTLABEL=the squashfs' rd.overlay=1");
    roots.is("overlay overlay rw rootname");
    roots.retry("root=LABEL=VFAT loop=/live/root.squashfs rd.overlay=");
    roots.partition("05", "the vfat", "0BAD-CAFE", "VFAT", "/dev/loop0 squashfs ro rootname");
    roots.retry("rd.overlay=1");
    roots.is("overlay overlay rw rootname");
    roots.vm.send("boot continue\n");
    roots.vm.wait_for("the root is here: rootname");
    roots.vm.no_panic();
    roots.count
}

/// A disk goes while another is waited for, which comes after 5 s.
fn late(roots: &mut Roots, socket: &Path) {
    let mut control = Control::new(socket);
    let start = Instant::now();
    roots.vm.send("boot set root=LABEL=late rootwait && boot retry\n");
    roots.vm.wait_for("waiting for LABEL=late");
    control.say("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"gone\"}}");
    control.wait_for("DEVICE_DELETED");
    std::thread::sleep(Duration::from_secs(5).saturating_sub(start.elapsed()));
    let device = "\"driver\":\"virtio-blk-pci\",\"drive\":\"late\",\"bus\":\"p\"";
    control.say(&format!("{{\"execute\":\"device_add\",\"arguments\":{{{device}}}}}"));
    roots.vm.wait_for("rescuebox: stopped before pre-switch");
    roots.vm.wait_for(" / # ");
    roots.count += 1;
    roots.is("/dev/vde ext4 ro usb");
}

/// Modules beside those for virtual machines that all kernels have.
const COMMON: [&str; 9] =
    ["xfs", "btrfs", "squashfs", "erofs", "vfat", "nls_cp437", "nls_ascii", "loop", "overlay"];

#[test]
fn every_root_on_four_kernels() {
    let disks = Disks::new("roots");
    disks.run(MAKE);
    disks.folder().program("check", CHECK);
    let buses = ["ahci", "nvme", "usb_storage", "uas", "xhci_pci", "f2fs"];
    let mut names = 0;
    for kernel in KERNELS {
        // The cloud kernels have nvme built in and neither USB nor f2fs.
        let modules: &[&str] = match kernel {
            Kernel::BookwormCloud => &[],
            Kernel::TrixieCloud => &["ahci"],
            Kernel::BookwormGeneric | Kernel::TrixieGeneric => &buses,
        };
        names += roots(kernel, &disks, modules);
    }
    let text = format!("roots by {names} names on four kernels\n");
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

/// An image for the very machine: its sysfs is taken out of it, the image is
/// made of that, and boots it.
#[test]
fn an_image_for_one_machine() {
    let disks = Disks::new("host");
    disks.run(
        "truncate -s 12M e.img; mkfs.ext4 -q -L host -U eeeeeeee-0000-0000-0000-000000000041 -d root e.img
         truncate -s 4M out.img",
    );
    let kernel = Kernel::BookwormGeneric;
    let start = |initramfs: &Path, line: &str| {
        let drive = |name: &str, snapshot: &str| {
            format!(
                "file={},if=none,id={name},format=raw,snapshot={snapshot}",
                disks.path(&format!("{name}.img")).display()
            )
        };
        machine(kernel, initramfs)
            .memory(1024)
            .command_line(&format!("console=ttyS0 no_timer_check quiet root=LABEL=host {line}"))
            .qemu(["-drive".into(), drive("e", "on"), "-drive".into(), drive("out", "off")])
            .qemu(["-device", "ahci,id=a", "-device", "ide-hd,drive=e,bus=a.0"])
            .qemu(["-device", "virtio-blk-pci,drive=out"])
            .boot()
    };
    let mut vm = start(&image(kernel, &["--generic"], &disks.path("")), "rd.break=pre-switch");
    vm.wait_for(" / # ");
    vm.send("find sys/devices -name modalias >l; find sys/module -maxdepth 2 >>l\n");
    vm.wait_for(" / # ");
    vm.send("cpio -o -H newc <l >/dev/vda 2>/dev/null; sync; echo don''e\n");
    vm.wait_for("done");
    drop(vm);
    disks.run("mkdir given; cd given; cpio -i -d --quiet --no-absolute-filenames <../out.img");
    let sysfs = disks.path("given/sys");
    let options = ["--host-only", "--sysfs", sysfs.to_str().unwrap()];
    let initramfs = image(kernel, &options, &disks.path("given"));
    let listed = Command::new(program()).arg("lsinitramfs").arg(&initramfs).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    for name in ["/ahci.ko", "/sd_mod.ko", "/ext4.ko", "/virtio_blk.ko"] {
        assert!(listed.contains(name), "no {name} in {listed}");
    }
    for name in ["/nvme.ko", "/usb-storage.ko", "/xfs.ko", "/megaraid_sas.ko"] {
        assert!(!listed.contains(name), "{name} in {listed}");
    }
    let mut vm = start(&initramfs, "");
    let log = vm.wait_for("the root is here: rootname");
    assert!(log.contains(" / ext4 ro,"), "{log}");
    vm.no_panic();
}
