//! lsblk on a machine made of files.

use std::process::Command;

use crate::harness::applet::{Case, applet, reference};
use crate::harness::scratch::Scratch;

/// A SATA disk with a RAID and LVM on LUKS, another disk, loop devices, a CD.
const MACHINE: &str = r#"
mkdir -p sys/class/block sys/block sys/dev/block dev/mapper proc/self
disk() {
  d=sys/devices/$1/block/$2; mkdir -p $d/queue $d/holders $d/slaves
  echo $3 >$d/dev; echo $4 >$d/size; echo 0 >$d/ro; echo ${5:-0} >$d/removable
  echo 0 >$d/alignment_offset; echo 1 >$d/queue/rotational
  echo 'none [mq-deadline]' >$d/queue/scheduler
  for f in logical_block_size minimum_io_size; do echo 512 >$d/queue/$f; done
  echo 4096 >$d/queue/physical_block_size; echo 0 >$d/queue/optimal_io_size
  echo 256 >$d/queue/nr_requests; echo 128 >$d/queue/read_ahead_kb
  ln -s ../../devices/$1/block/$2 sys/class/block/$2
  ln -s ../devices/$1/block/$2 sys/block/$2
  ln -s ../../devices/$1/block/$2 sys/dev/block/$3
}
part() {
  d=sys/devices/$1/block/$2/$3; mkdir -p $d/holders; echo $4 >$d/dev; echo $5 >$d/size
  echo $6 >$d/start; echo $7 >$d/partition; echo 0 >$d/ro; echo 0 >$d/alignment_offset
  ln -s ../../devices/$1/block/$2/$3 sys/class/block/$3
  ln -s ../../devices/$1/block/$2/$3 sys/dev/block/$4
}
hold() { ln -s x sys/class/block/$1/holders/$2; ln -s x sys/class/block/$2/slaves/$1; }
A=pci0000:00/ata1/host0/target0:0:0/0:0:0:0
disk $A sda 8:0 976773168; part $A sda sda1 8:1 1048576 2048 1
part $A sda sda2 8:2 975722496 1050624 2
echo 'QEMU HARDDISK' >sys/devices/$A/model; echo ATA >sys/devices/$A/vendor
echo 2.5+ >sys/devices/$A/rev; echo running >sys/devices/$A/state; echo 0 >sys/devices/$A/type
ln -s ../.. sys/devices/$A/block/sda/device
disk virtual/b sdb 8:16 976773168; part virtual/b sdb sdb1 8:17 500000000 2048 1
part virtual/b sdb sdb10 8:26 1000 500002048 10
v=sys/devices/virtual/block
disk virtual dm-0 252:0 975000000; mkdir $v/dm-0/dm; echo crypt >$v/dm-0/dm/name
echo CRYPT-LUKS2-abc-crypt >$v/dm-0/dm/uuid; echo 0 >$v/dm-0/dm/suspended
disk virtual dm-1 252:1 900000000; mkdir $v/dm-1/dm; echo vg-root >$v/dm-1/dm/name
echo LVM-abc >$v/dm-1/dm/uuid; echo 0 >$v/dm-1/dm/suspended
disk virtual md0 9:0 499000000; mkdir $v/md0/md; echo raid1 >$v/md0/md/level
hold sda2 dm-0; hold dm-0 dm-1; hold sda1 md0; hold sdb1 md0
disk virtual loop0 7:0 0; disk virtual loop1 7:1 20480; disk virtual ram0 1:0 65536
disk virtual zram0 253:0 0; disk virtual sr0 11:0 2097151 1
printf 'ID_FS_TYPE=ext4\nID_FS_VERSION=1.0\nID_FS_LABEL_ENC=a\\x20b\nID_FS_UUID_ENC=11111111-2222-3333-4444-555555555555\nID_PART_ENTRY_NAME=boot\n' >dev/sda1
printf 'ID_FS_TYPE=crypto_LUKS\nID_FS_VERSION=2\n' >dev/sda2
printf 'ID_FS_TYPE=xfs\n' >dev/mapper/vg-root
printf '21 1 252:1 / / rw shared:1 - xfs /dev/mapper/vg-root rw\n22 21 8:1 / /boot\\040x rw - ext4 /dev/sda1 rw\n23 21 8:1 / /boot2 rw - ext4 /dev/sda1 rw\n' >proc/self/mountinfo
printf 'Filename Type Size Used Priority\n/dev/sdb10 partition 1 0 -2\n' >proc/swaps
"#;

fn machine() -> Scratch {
    let dir = Scratch::new("lsblk");
    let done = Command::new("sh").args(["-ec", MACHINE]).current_dir(dir.path()).status().unwrap();
    assert!(done.success());
    dir
}

fn lsblk(dir: &Scratch, words: &[&str]) -> Case {
    applet("lsblk").env("LC_ALL", "C").args(["--sysroot", dir.path().to_str().unwrap()]).args(words)
}

/// What util-linux 2.38 prints of the same files.
#[test]
fn as_a_tree() {
    if reference().is_some() {
        return;
    }
    let dir = machine();
    lsblk(&dir, &[])
        .stdout(concat!(
            "NAME          MAJ:MIN RM   SIZE RO TYPE  MOUNTPOINTS\n",
            "loop1           7:1    0    10M  0 loop  \n",
            "sda             8:0    0 465.8G  0 disk  \n",
            "|-sda1          8:1    0   512M  0 part  /boot2\n",
            "| |                                      /boot x\n",
            "| `-md0         9:0    0 237.9G  0 raid1 \n",
            "`-sda2          8:2    0 465.3G  0 part  \n",
            "  `-crypt     252:0    0 464.9G  0 crypt \n",
            "    `-vg-root 252:1    0 429.2G  0 lvm   /\n",
            "sdb             8:16   0 465.8G  0 disk  \n",
            "|-sdb1          8:17   0 238.4G  0 part  \n",
            "| `-md0         9:0    0 237.9G  0 raid1 \n",
            "`-sdb10         8:26   0   500K  0 part  [SWAP]\n",
            "sr0            11:0    1  1024M  0 disk  \n",
            "zram0         253:0    0     0B  0 disk  \n",
        ))
        .ok();
    lsblk(&dir, &["-o", "NAME,SIZE", "-p", "-n", "-e", "8"])
        .stdout(concat!(
            "/dev/ram0    32M\n",
            "/dev/loop1   10M\n",
            "/dev/sr0   1024M\n",
            "/dev/zram0    0B\n",
        ))
        .ok();
    lsblk(&dir, &["-T", "-o", "SIZE,NAME", "-I", "8"])
        .stdout(concat!(
            "  SIZE NAME\n",
            "465.8G sda\n",
            "  512M |-sda1\n",
            "465.3G `-sda2\n",
            "465.8G sdb\n",
            "238.4G |-sdb1\n",
            "  500K `-sdb10\n",
        ))
        .ok();
    let out = lsblk(&dir, &[]).env("LC_ALL", "C.UTF-8").run();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(text.contains("├─sda1 ") && text.contains("│ └─md0 "), "{text}");
}

#[test]
fn as_a_list() {
    if reference().is_some() {
        return;
    }
    let dir = machine();
    lsblk(&dir, &["-l", "-o", "NAME,TYPE"])
        .stdout(concat!(
            "NAME    TYPE\n",
            "loop1   loop\n",
            "sda     disk\n",
            "sda1    part\n",
            "sda2    part\n",
            "sdb     disk\n",
            "sdb1    part\n",
            "sdb10   part\n",
            "md0     raid1\n",
            "sr0     disk\n",
            "crypt   crypt\n",
            "vg-root lvm\n",
            "zram0   disk\n",
        ))
        .ok();
    lsblk(&dir, &["-dn", "-o", "NAME,SIZE", "-b"])
        .stdout(concat!(
            "loop1     10485760\n",
            "sda   500107862016\n",
            "sdb   500107862016\n",
            "sr0     1073741312\n",
            "zram0            0\n",
        ))
        .ok();
    lsblk(&dir, &["-x", "SIZE", "-n", "-o", "SIZE,NAME"])
        .stdout(concat!(
            "    0B zram0\n",
            "  500K sdb10\n",
            "   10M loop1\n",
            "  512M sda1\n",
            " 1024M sr0\n",
            "237.9G md0\n",
            "238.4G sdb1\n",
            "429.2G vg-root\n",
            "464.9G crypt\n",
            "465.3G sda2\n",
            "465.8G sda\n",
            "465.8G sdb\n",
        ))
        .ok();
    lsblk(&dir, &["-a", "-d", "-n", "-o", "NAME"])
        .stdout(concat!("ram0\n", "loop0\n", "loop1\n", "sda\n", "sdb\n", "sr0\n", "zram0\n",))
        .ok();
    lsblk(&dir, &["-A", "-d", "-n", "-o", "NAME"])
        .stdout(concat!("loop1\n", "sda\n", "sdb\n", "sr0\n",))
        .ok();
}

#[test]
fn for_programs() {
    if reference().is_some() {
        return;
    }
    let dir = machine();
    lsblk(&dir, &["-P", "-o", "NAME,FSTYPE,LABEL,MOUNTPOINTS,MAJ:MIN", "-I", "8"])
        .stdout(concat!(
            "NAME=\"sda\" FSTYPE=\"\" LABEL=\"\" MOUNTPOINTS=\"\" MAJ:MIN=\"8:0\"\n",
            "NAME=\"sda1\" FSTYPE=\"ext4\" LABEL=\"a b\" MOUNTPOINTS=\"/boot2\\x0a/boot x\" MAJ:MIN=\"8:1\"\n",
            "NAME=\"sda2\" FSTYPE=\"crypto_LUKS\" LABEL=\"\" MOUNTPOINTS=\"\" MAJ:MIN=\"8:2\"\n",
            "NAME=\"sdb\" FSTYPE=\"\" LABEL=\"\" MOUNTPOINTS=\"\" MAJ:MIN=\"8:16\"\n",
            "NAME=\"sdb1\" FSTYPE=\"\" LABEL=\"\" MOUNTPOINTS=\"\" MAJ:MIN=\"8:17\"\n",
            "NAME=\"sdb10\" FSTYPE=\"\" LABEL=\"\" MOUNTPOINTS=\"[SWAP]\" MAJ:MIN=\"8:26\"\n",
        ))
        .ok();
    lsblk(&dir, &["-P", "-y", "-d", "-o", "MAJ:MIN,MODEL,HCTL,STATE,TRAN,SCHED", "-I", "8"])
        .stdout(concat!(
            "MAJ_MIN=\"8:0\" MODEL=\"QEMU HARDDISK\" HCTL=\"0:0:0:0\" STATE=\"running\" TRAN=\"sata\" SCHED=\"mq-deadline\"\n",
            "MAJ_MIN=\"8:16\" MODEL=\"\" HCTL=\"\" STATE=\"\" TRAN=\"\" SCHED=\"mq-deadline\"\n",
        ))
        .ok();
    lsblk(&dir, &["-r", "-f", "-o", "NAME,LABEL,UUID,FSVER,PARTLABEL,START,PKNAME", "-I", "8"])
        .stdout(concat!(
            "NAME LABEL UUID FSVER PARTLABEL START PKNAME\n",
            "sda      \n",
            "sda1 a\\x20b 11111111-2222-3333-4444-555555555555 1.0 boot 2048 sda\n",
            "sda2   2  1050624 sda\n",
            "sdb      \n",
            "sdb1     2048 sdb\n",
            "sdb10     500002048 sdb\n",
        ))
        .ok();
    lsblk(&dir, &["-J", "-b", "-o", "NAME,SIZE,RM,MOUNTPOINTS,RA", "-e", "1,7,9,252,253,8"])
        .stdout(concat!(
            "{\n",
            "   \"blockdevices\": [\n",
            "      {\n",
            "         \"name\": \"sr0\",\n",
            "         \"size\": 1073741312,\n",
            "         \"rm\": true,\n",
            "         \"mountpoints\": [\n",
            "             null\n",
            "         ],\n",
            "         \"ra\": 128\n",
            "      }\n",
            "   ]\n",
            "}\n",
        ))
        .ok();
    lsblk(&dir, &["-J", "-o", "NAME,FSTYPE,MOUNTPOINTS", "-I", "8"])
        .stdout(concat!(
            "{\n",
            "   \"blockdevices\": [\n",
            "      {\n",
            "         \"name\": \"sda\",\n",
            "         \"fstype\": null,\n",
            "         \"mountpoints\": [\n",
            "             null\n",
            "         ],\n",
            "         \"children\": [\n",
            "            {\n",
            "               \"name\": \"sda1\",\n",
            "               \"fstype\": \"ext4\",\n",
            "               \"mountpoints\": [\n",
            "                   \"/boot2\", \"/boot x\"\n",
            "               ]\n",
            "            },{\n",
            "               \"name\": \"sda2\",\n",
            "               \"fstype\": \"crypto_LUKS\",\n",
            "               \"mountpoints\": [\n",
            "                   null\n",
            "               ]\n",
            "            }\n",
            "         ]\n",
            "      },{\n",
            "         \"name\": \"sdb\",\n",
            "         \"fstype\": null,\n",
            "         \"mountpoints\": [\n",
            "             null\n",
            "         ],\n",
            "         \"children\": [\n",
            "            {\n",
            "               \"name\": \"sdb1\",\n",
            "               \"fstype\": null,\n",
            "               \"mountpoints\": [\n",
            "                   null\n",
            "               ]\n",
            "            },{\n",
            "               \"name\": \"sdb10\",\n",
            "               \"fstype\": null,\n",
            "               \"mountpoints\": [\n",
            "                   \"[SWAP]\"\n",
            "               ]\n",
            "            }\n",
            "         ]\n",
            "      }\n",
            "   ]\n",
            "}\n",
        ))
        .ok();
}

#[test]
fn what_is_not_there() {
    if reference().is_some() {
        return;
    }
    let dir = machine();
    lsblk(&dir, &["-o", "NOPE"]).stderr_has("unknown column: NOPE").fails(1);
    lsblk(&dir, &["/dev/null"]).stderr_has("/dev/null: not a block device").fails(32);
    lsblk(&dir, &["-e", "x"]).stderr_has("not a list of numbers").fails(1);
    lsblk(&dir, &["-I", "99"]).stdout("").ok();
    lsblk(&dir, &["-I", "99", "-J"]).stdout("{\n   \"blockdevices\": [\n\n   ]\n}\n").ok();
}
