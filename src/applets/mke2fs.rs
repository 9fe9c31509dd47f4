//! mke2fs, mkfs.ext2, mkfs.ext3, mkfs.ext4: make an ext filesystem. mke2fs(8)
//! of e2fsprogs 1.47.
//!
//! Deviations: the features are those of [`crate::mkfs::ext`]; others of `-O`
//! are refused when they are wanted, and no news when they are not (`^64bit`).
//! Nobody is asked whether what is on the device may go.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::blk::identity;
use crate::blk::medium::Medium;
use crate::blk::probe::text;
use crate::mkfs::Sink;
use crate::mkfs::ext::{self, Layout, Plan};
use crate::{size, sys};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "mke2fs",
    summary: "make an ext2, ext3 or ext4 filesystem",
    usage: "[-FjnqvS] [-t ext2|ext3|ext4] [-b BLOCKSIZE] [-i BYTES] [-N INODES] [-I INODESIZE]\n\
            \x20      [-m PERCENT] [-L LABEL] [-U UUID|random|clear] [-O FEATURES] [-E WORDS] [-T USE]\n\
            \x20      [-J size=MIB] [-M DIR] [-e continue|remount-ro|panic] DEVICE [SIZE]\n\
            \x20 -i, -N   bytes for an inode, or how many inodes    -m  blocks only root can use\n\
            \x20 -j, -J   with a journal (ext3)     -n  do nothing, only say     -q  say nothing\n\
            \x20 -T       small, floppy, big, huge, news, largefile, largefile4\n\
            \x20 SIZE is in KiB, with -b in blocks, or has a unit",
    kind: Kind::Fork, // writes to disks
    run,
};

impl Sink for Medium {
    fn write(&mut self, at: u64, bytes: &[u8]) -> std::io::Result<()> {
        Medium::write(self, at, bytes)
    }

    fn zero(&mut self, at: u64, length: u64) -> std::io::Result<()> {
        Medium::zero(self, at, length)
    }
}

/// Features by name: which word, and the bit.
const FEATURES: [(&[u8], usize, u32); 16] = [
    (b"dir_index", 0, ext::DIR_INDEX),
    (b"ext_attr", 0, ext::EXT_ATTR),
    (b"has_journal", 0, ext::HAS_JOURNAL),
    (b"extent", 1, ext::EXTENTS),
    (b"extents", 1, ext::EXTENTS),
    (b"filetype", 1, ext::FILETYPE),
    (b"dir_nlink", 2, ext::DIR_NLINK),
    (b"extra_isize", 2, ext::EXTRA_ISIZE),
    (b"huge_file", 2, ext::HUGE_FILE),
    (b"large_file", 2, ext::LARGE_FILE),
    (b"metadata_csum", 2, ext::METADATA_CSUM),
    (b"sparse_super", 2, ext::SPARSE_SUPER),
    (b"uninit_bg", 2, ext::UNINIT_BG),
    (b"uninit_groups", 2, ext::UNINIT_BG),
    // Chosen by nobody, taken for granted where it is.
    (b"default", 0, 0),
    (b"defaults", 0, 0),
];

/// Features that mke2fs has and this has not: not to have them is no wish that
/// fails.
const OTHERS: [&[u8]; 13] = [
    b"64bit",
    b"bigalloc",
    b"casefold",
    b"encrypt",
    b"flex_bg",
    b"inline_data",
    b"metadata_csum_seed",
    b"meta_bg",
    b"mmp",
    b"orphan_file",
    b"resize_inode",
    b"sparse_super2",
    b"verity",
];

fn features(list: &[u8], set: &mut [u32; 3]) -> Result<(), Error> {
    for word in list.split(|b| matches!(b, b',' | b' ')).filter(|word| !word.is_empty()) {
        let (on, name) = match word.strip_prefix(b"^").or(word.strip_prefix(b"-")) {
            Some(name) => (false, name),
            None => (true, word.strip_prefix(b"+").unwrap_or(word)),
        };
        if name == b"none" {
            *set = [0; 3];
        } else if let Some((_, at, bit)) = FEATURES.iter().find(|(known, ..)| *known == name) {
            if let Some(word) = set.get_mut(*at) {
                *word = if on { *word | bit } else { *word & !bit };
            }
        } else if on || !OTHERS.contains(&name) {
            return Err(Error::about(show_bytes(name), "not a feature that can be made"));
        }
    }
    Ok(())
}

fn one(cx: &Ctx) -> &'static [u8] {
    match cx.name {
        "mkfs.ext3" => b"ext3",
        "mkfs.ext4" => b"ext4",
        _ => b"ext2",
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "b: c C: d: D e: E: F G: g: i: I: j J: L: l: m: M: N: n o: O: q r: S t: T: U: v V z:",
    )?;
    let mut plan = Plan {
        blocks: 0,
        block: 0,
        inode: 256,
        inodes: 0,
        reserved: 50,
        features: [0; 3],
        journal: 0,
        label: Vec::new(),
        mounted: Vec::new(),
        uuid: identity::random(),
        seed: identity::random(),
        now: u32::try_from(sys::clock::now().as_secs()).unwrap_or(u32::MAX),
        owner: (0, 0),
        errors: 1,
    };
    let mut kind: Vec<u8> = one(cx).to_vec();
    let mut wishes: Vec<u8> = Vec::new();
    let mut usage: Vec<u8> = Vec::new();
    let (mut ratio, mut journal_mib) = (None, None);
    while let Some(letter) = options.next() {
        match letter {
            b'b' => {
                let n = options.number("not a block size")?;
                if !matches!(n, 1024 | 2048 | 4096) {
                    return Err(wrong(&format!("invalid block size - {n}")));
                }
                plan.block = n as u32;
            }
            b'i' => {
                let n = options.number("not a number of bytes")?;
                if !(1024..=4_194_304 * 16).contains(&n) {
                    return Err(wrong("invalid inode ratio (min 1024)"));
                }
                ratio = Some(n);
            }
            b'I' => {
                let n = options.number("not an inode size")?;
                if !(128..=4096).contains(&n) || !n.is_power_of_two() {
                    return Err(wrong(&format!("invalid inode size - {n}")));
                }
                plan.inode = n as u32;
            }
            b'N' => plan.inodes = options.number("not a number of inodes")?,
            b'm' => {
                let word = options.value();
                plan.reserved = percent(word.as_bytes())
                    .ok_or_else(|| wrong("invalid reserved blocks percent"))?;
            }
            b'L' => plan.label = options.bytes(),
            b'M' => plan.mounted = options.bytes(),
            b'U' => {
                let word = options.value();
                plan.uuid = match word.as_bytes() {
                    b"random" | b"time" => identity::random(),
                    b"clear" | b"null" => [0; 16],
                    bytes => text::uuid_of(bytes)
                        .ok_or_else(|| wrong(&format!("Invalid UUID: {}", show(&word))))?,
                };
            }
            b't' => kind = options.bytes(),
            b'T' => usage = options.bytes(),
            b'j' if kind == b"ext2" => kind = b"ext3".to_vec(),
            b'O' => {
                wishes.push(b',');
                wishes.extend(options.bytes());
            }
            b'J' => {
                journal_mib = Some(journal_of(&options.bytes())?);
                if kind == b"ext2" {
                    kind = b"ext3".to_vec();
                }
            }
            b'E' => extended(&options.bytes(), &mut plan)?,
            b'e' => {
                plan.errors = match options.bytes().as_slice() {
                    b"continue" => 1,
                    b"remount-ro" => 2,
                    b"panic" => 3,
                    _ => return Err(wrong("-e takes continue, remount-ro or panic")),
                }
            }
            b'd' | b'z' | b'C' => {
                return Err(wrong("-d, -C and -z are not known here"));
            }
            b'V' => {
                cx.put(b"mke2fs from rescuebox\n")?;
                return Ok(Status::OK);
            }
            _ => {}
        }
    }
    let basic =
        [ext::DIR_INDEX | ext::EXT_ATTR, ext::FILETYPE, ext::SPARSE_SUPER | ext::LARGE_FILE];
    plan.features = basic;
    match kind.as_slice() {
        b"ext2" => {}
        b"ext3" => plan.features[0] |= ext::HAS_JOURNAL,
        b"ext4" => {
            plan.features[0] |= ext::HAS_JOURNAL;
            plan.features[1] |= ext::EXTENTS;
            plan.features[2] |= ext::HUGE_FILE
                | ext::UNINIT_BG
                | ext::METADATA_CSUM
                | ext::DIR_NLINK
                | ext::EXTRA_ISIZE;
        }
        _ => return Err(wrong(&format!("{}: not a type of ext", show_bytes(&kind)))),
    }
    if options.has(b'j') {
        plan.features[0] |= ext::HAS_JOURNAL;
    }
    features(&wishes, &mut plan.features)?;
    if plan.features[2] & ext::METADATA_CSUM != 0 {
        // These checksums are in the place of those.
        plan.features[2] &= !ext::UNINIT_BG;
    }
    let quiet = options.has(b'q');
    let dry = options.has(b'n');
    let (path, wanted) = match options.operands.as_slice() {
        [path] => (path, None),
        [path, size] => (path, Some(size)),
        _ => return Err(Error::usage("which device?").with(Status::FAILURE)),
    };
    let bytes_wanted = match wanted {
        Some(word) => Some(
            size_of_word(word, plan.block)
                .ok_or_else(|| wrong(&format!("{}: not a size", show(word))))?,
        ),
        None => None,
    };
    let force = options.has(b'F');
    let create = bytes_wanted.filter(|_| !dry);
    let mut medium = match Medium::open(Path::new(path), create, force) {
        Ok(medium) => medium,
        Err(error) if error.errno() == Some(libc::ENOENT) => {
            return Err(wrong(&format!(
                "The file {} does not exist and no size was specified.",
                show(path)
            )));
        }
        Err(error) => return Err(error),
    };
    let bytes = bytes_wanted.unwrap_or(medium.size);
    if bytes > medium.size && !force {
        return Err(Error::about(
            show(path),
            "it is smaller than the filesystem wanted; -F does it",
        ));
    }
    // As /etc/mke2fs.conf has it.
    let mut per_inode = 16384;
    let mut block = 4096;
    match bytes >> 20 {
        0..3 => (block, per_inode) = (1024, 8192),
        3..512 => (block, per_inode) = (1024, 4096),
        4_194_304..16_777_216 => per_inode = 32768,
        16_777_216.. => per_inode = 65536,
        _ => {}
    }
    match usage.as_slice() {
        b"small" => (block, per_inode) = (1024, 4096),
        b"floppy" => (block, per_inode) = (1024, 8192),
        b"big" => (block, per_inode) = (4096, 32768),
        b"huge" => (block, per_inode) = (4096, 65536),
        b"news" => per_inode = 4096,
        b"largefile" => (block, per_inode) = (4096, 1 << 20),
        b"largefile4" => (block, per_inode) = (4096, 4 << 20),
        _ => {}
    }
    if plan.block == 0 {
        plan.block = block.max(medium.sector.min(4096));
    }
    if plan.inode > plan.block {
        return Err(wrong("an inode is larger than a block"));
    }
    plan.blocks = bytes / u64::from(plan.block);
    if plan.inodes == 0 {
        plan.inodes = bytes / ratio.unwrap_or(per_inode).max(u64::from(plan.block));
    }
    plan.journal = journal_mib.unwrap_or(0) * (1 << 20) / u64::from(plan.block);
    let layout = Layout::of(plan).map_err(|why| Error::about(show(path), why))?;
    if !quiet {
        describe(cx, &layout, options.has(b'v'))?;
    }
    if dry {
        return Ok(Status::OK);
    }
    let fail = |e: std::io::Error| Error::os(show(path), e);
    cx.flush()?;
    layout.write(&mut medium).map_err(fail)?;
    medium.sync().map_err(fail)?;
    if !quiet {
        let mut text = String::from("Allocating group tables: done                            \n");
        text.push_str("Writing inode tables: done                            \n");
        if layout.journal > 0 {
            text.push_str(&format!("Creating journal ({} blocks): done\n", layout.journal));
        }
        text.push_str("Writing superblocks and filesystem accounting information: done\n\n");
        cx.put(text.as_bytes())?;
    }
    Ok(Status::OK)
}

fn wrong(text: &str) -> Error {
    Error::msg(text)
}

/// Percent in thousandths.
fn percent(word: &[u8]) -> Option<u32> {
    let mut parts = word.split(|&b| b == b'.');
    let number = |part: &[u8]| std::str::from_utf8(part).ok()?.parse::<u32>().ok();
    let whole = number(parts.next()?)?;
    let tenth = match parts.next() {
        Some(part) => number(part.get(..1)?)?,
        None => 0,
    };
    (whole <= 50).then_some(whole * 10 + tenth)
}

fn size_of_word(word: &OsStr, block: u32) -> Option<u64> {
    let bytes = word.as_bytes();
    match bytes.last()? {
        b's' => {
            let digits = bytes.get(..bytes.len() - 1)?;
            crate::options::number(OsStr::from_bytes(digits))?.checked_mul(512)
        }
        b'0'..=b'9' => {
            let unit = if block == 0 { 1024 } else { block };
            crate::options::number(word)?.checked_mul(unit.into())
        }
        _ => size::parse(bytes),
    }
}

/// The size of the journal in MiB.
fn journal_of(list: &[u8]) -> Result<u64, Error> {
    let mut size = 0;
    for word in list.split(|&b| b == b',') {
        let bad = || wrong(&format!("Bad journal option(s) specified: {}", show_bytes(word)));
        match word.strip_prefix(b"size=") {
            Some(number) => {
                let number = number.strip_suffix(b"M").unwrap_or(number);
                size = crate::options::number(OsStr::from_bytes(number)).ok_or_else(bad)?;
            }
            None => return Err(bad()),
        }
    }
    Ok(size)
}

/// `-E`: what is known of it; how things are laid out on a RAID is not.
fn extended(list: &[u8], plan: &mut Plan) -> Result<(), Error> {
    for word in list.split(|&b| b == b',').filter(|word| !word.is_empty()) {
        let name = word.split(|&b| b == b'=').next().unwrap_or_default();
        let value = word.get(name.len() + 1..).unwrap_or_default();
        let bad = || wrong(&format!("Bad option(s) specified: {}", show_bytes(word)));
        match name {
            b"root_owner" => {
                let text = std::str::from_utf8(value).map_err(|_| bad())?;
                let (uid, gid) = text.split_once(':').ok_or_else(bad)?;
                plan.owner = (uid.parse().map_err(|_| bad())?, gid.parse().map_err(|_| bad())?);
            }
            b"hash_seed" => plan.seed = text::uuid_of(value).ok_or_else(bad)?,
            b"lazy_itable_init"
            | b"lazy_journal_init"
            | b"discard"
            | b"nodiscard"
            | b"resize"
            | b"stride"
            | b"stripe_width"
            | b"stripe-width"
            | b"packed_meta_blocks"
            | b"num_backup_sb"
            | b"assume_storage_prezeroed"
            | b"test_fs" => {}
            _ => return Err(bad()),
        }
    }
    Ok(())
}

fn describe(cx: &mut Ctx, layout: &Layout, verbose: bool) -> Result<(), Error> {
    let plan = &layout.plan;
    let mut out = String::new();
    if verbose {
        let (log, label) = (plan.block.ilog2() - 10, show_bytes(&plan.label));
        out.push_str(&format!(
            "Filesystem label={label}\nOS type: Linux\nBlock size={} (log={log})\n\
             Fragment size={} (log={log})\n{} inodes, {} blocks\n\
             {} blocks ({}.{:02}%) reserved for the super user\nFirst data block={}\n\
             {} block groups\n{} blocks per group, {} fragments per group\n\
             {} inodes per group\n",
            plan.block,
            plan.block,
            plan.inodes,
            plan.blocks,
            layout.reserved,
            plan.reserved / 10,
            plan.reserved % 10 * 10,
            layout.first,
            layout.groups,
            layout.per_group,
            layout.per_group,
            layout.inodes_per_group
        ));
    } else {
        out.push_str(&format!(
            "Creating filesystem with {} {}k blocks and {} inodes\n",
            plan.blocks,
            plan.block / 1024,
            plan.inodes
        ));
    }
    if plan.uuid != [0; 16] && !verbose {
        out.push_str(&format!("Filesystem UUID: {}\n", show_bytes(&text::uuid(&plan.uuid))));
    }
    let mut column = 0;
    let mut any = false;
    for group in (1..layout.groups).filter(|&group| layout.has_super(group)) {
        if !any {
            out.push_str("Superblock backups stored on blocks: ");
            any = true;
        } else {
            out.push_str(", ");
        }
        if column == 0 {
            out.push_str("\n\t");
        }
        let at = layout.first + group * layout.per_group;
        let digits = at.to_string();
        column += digits.len() + 2;
        if column > 60 {
            column = 0;
        }
        out.push_str(&digits);
    }
    if any {
        out.push('\n');
    }
    out.push('\n');
    cx.put(out.as_bytes())
}
