//! fdisk: what it shows, and tables made by what is typed, as util-linux's
//! programs read them.

use std::process::Command;

use crate::harness::applet::{applet, reference};
use crate::harness::scratch::Scratch;

/// An empty disk of 100 MiB in a folder.
fn disk() -> Scratch {
    let dir = Scratch::new("fdisk");
    std::fs::File::create(dir.path().join("d")).unwrap().set_len(100 << 20).unwrap();
    dir
}

fn tool(dir: &Scratch, words: &str) -> String {
    let out = Command::new("sh")
        .args(["-c", words])
        .current_dir(dir.path())
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned()
}

/// Types the lines; the partitions as sfdisk sees them, a line each.
#[track_caller]
fn typed(dir: &Scratch, lines: &str) -> String {
    applet("fdisk").dir(dir.path()).args(["d"]).stdin(lines).ok();
    let verified = tool(dir, "sfdisk -V d");
    assert!(verified.contains("No errors detected"), "{verified}");
    tool(dir, "sfdisk -d d | grep '^d[0-9]' | sed 's/, uuid=[^,]*//; s/  */ /g'")
}

#[test]
fn the_list_is_util_linuxs() {
    if reference().is_some() {
        return;
    }
    let dir = disk();
    let list = || applet("fdisk").dir(dir.path()).args(["-l", "d"]);
    let head = "Disk d: 100 MiB, 104857600 bytes, 204800 sectors\n\
                Units: sectors of 1 * 512 = 512 bytes\n\
                Sector size (logical/physical): 512 bytes / 512 bytes\n\
                I/O size (minimum/optimal): 512 bytes / 512 bytes\n";
    list().stdout(head).ok();
    tool(
        &dir,
        "printf 'label: dos\\nlabel-id: 0xcafe1234\\nstart=2048, size=4M, bootable\\nstart=12288, size=80M, type=5\\nstart=14336, size=2M\\nstart=20480, size=24M,type=82\\n' | sfdisk -q d",
    );
    list()
        .stdout(format!(
            "{head}Disklabel type: dos\nDisk identifier: 0xcafe1234\n\n\
             Device Boot Start    End Sectors Size Id Type\n\
             d1     *     2048  10239    8192   4M 83 Linux\n\
             d2          12288 176127  163840  80M  5 Extended\n\
             d5          14336  18431    4096   2M 83 Linux\n\
             d6          20480  69631   49152  24M 82 Linux swap / Solaris\n"
        ))
        .ok();
    tool(
        &dir,
        "printf 'label: gpt\\nlabel-id: AAAAAAAA-0000-0000-0000-0000000000FF\\nsize=2M, type=U\\nsize=24M, type=4f68bce3-e8cd-4db1-96e7-fbcaf984b709\\nsize=4M,type=aaaaaaaa-0000-0000-0000-000000000001\\n' | sfdisk -q d",
    );
    list()
        .stdout(format!(
            "{head}Disklabel type: gpt\nDisk identifier: AAAAAAAA-0000-0000-0000-0000000000FF\n\n\
             Device Start   End Sectors Size Type\n\
             d1      2048  6143    4096   2M EFI System\n\
             d2      6144 55295   49152  24M Linux root (x86-64)\n\
             d3     55296 63487    8192   4M AAAAAAAA-0000-0000-0000-000000000001\n"
        ))
        .ok();
    applet("fdisk").dir(dir.path()).args(["-s", "d"]).stdout("102400\n").ok();
    applet("fdisk")
        .args(["-l", "/nowhere"])
        .stderr_has("cannot open /nowhere: No such file")
        .fails(1);
    applet("fdisk").stderr_has("which disk?").fails(1);
}

#[test]
fn an_mbr_of_commands() {
    if reference().is_some() {
        return;
    }
    let dir = disk();
    let rows = typed(
        &dir,
        "n\np\n1\n\n+10M\nn\np\n\n\n+1000K\nn\ne\n\n\n\nn\n\n+5M\nn\n\n\nt\n5\n82\na\n1\nt\n2\nc\nw\n",
    );
    assert_eq!(
        rows,
        "d1 : start= 2048, size= 20480, type=83, bootable\n\
         d2 : start= 22528, size= 2001, type=c\n\
         d3 : start= 24576, size= 180224, type=5\n\
         d5 : start= 26624, size= 10240, type=82\n\
         d6 : start= 38912, size= 165888, type=83\n"
    );
    // On what is there.
    let rows = typed(&dir, "d\n5\nn\n\n+1M\na\n1\nw\n");
    assert_eq!(
        rows,
        "d1 : start= 2048, size= 20480, type=83\n\
         d2 : start= 22528, size= 2001, type=c\n\
         d3 : start= 24576, size= 180224, type=5\n\
         d5 : start= 38912, size= 165888, type=83\n\
         d6 : start= 26624, size= 2048, type=83\n"
    );
    assert_eq!(typed(&dir, "o\nn\n\n\n\n-1M\nw\n"), "d1 : start= 2048, size= 200704, type=83\n");
    assert_eq!(typed(&dir, "d\nw\n"), "");
}

#[test]
fn a_gpt_of_commands() {
    if reference().is_some() {
        return;
    }
    let dir = disk();
    let rows = typed(
        &dir,
        "g\nn\n\n\n+10M\nn\n\n\n+3000\nn\n3\n40960\n-10M\nt\n1\n1\nt\n2\nswap\nn\n9\n\n\nw\n",
    );
    let guid = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";
    assert_eq!(
        rows,
        format!(
            "d1 : start= 2048, size= 20480, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B\n\
             d2 : start= 22528, size= 3001, type=0657FD6D-A4AB-43C4-84E5-0933C84B4F4F\n\
             d3 : start= 40960, size= 143360, type={guid}\n\
             d9 : start= 26624, size= 14336, type={guid}\n"
        )
    );
    let rows = typed(&dir, "x\nn\n9\nhome\nr\nd\n1\nd\n3\nw\n");
    assert!(rows.contains("d9 : ") && rows.contains("name=\"home\""), "{rows}");
    // To an MBR and back: nothing of the other is left.
    assert_eq!(typed(&dir, "o\nn\np\n\n\n+1M\nw\n"), "d1 : start= 2048, size= 2048, type=83\n");
    assert_eq!(typed(&dir, "g\nw\n"), "");
}

#[test]
fn questions_and_refusals() {
    if reference().is_some() {
        return;
    }
    let dir = disk();
    let case = |lines: &str| applet("fdisk").dir(dir.path()).args(["d"]).stdin(lines);
    let said = |lines: &str| String::from_utf8_lossy(&case(lines).run().stdout).into_owned();
    let text = said("n\np\n5\n1\n1\n\n300000\n+200M\n+98M\np\nq\n");
    assert!(text.contains("Partition number (1-4, default 1): "), "{text}");
    assert!(text.contains("First sector (2048-204799, default 2048): "), "{text}");
    assert_eq!(text.matches("Value out of range.").count(), 4, "{text}");
    assert!(
        text.contains("Created a new partition 1 of type 'Linux' and of size 98 MiB."),
        "{text}"
    );
    assert!(text.contains("\nd1           2048 202751  200704  98M 83 Linux\n"), "{text}");
    // Nothing was written.
    assert_eq!(std::fs::read(dir.path().join("d")).unwrap().iter().position(|&b| b != 0), None);
    case("n\np\n1\n\n\n").stderr_has("end of the input: nothing is written").fails(1);
    let text = said("d\nt\nz\ng\nn\n\n\n+5M\nt\n43\np\nv\nF\ni\nq\n");
    assert!(text.contains("No partition is defined yet!"), "{text}");
    assert!(text.contains("z: unknown command"), "{text}");
    assert!(
        text.contains("Changed type of partition 'Linux filesystem' to 'Linux LVM'."),
        "{text}"
    );
    assert!(text.contains("No errors detected."), "{text}");
    let text = said("n\ne\n\n\n+20M\nn\n\n\n\n\nn\n\n\nn\nl\n\n\np\nq\n");
    assert!(text.contains("d5 "), "{text}");
}
