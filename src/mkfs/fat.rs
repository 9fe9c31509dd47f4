//! New FAT12, FAT16 and FAT32 filesystems. Microsoft's FAT specification
//! (fatgen103); sizes of clusters by dosfstools' mkfs.fat.

use std::io;

use super::{Sink, put};

/// What is wanted; 0 is whatever fits.
#[derive(Clone)]
pub struct Plan {
    /// Bytes.
    pub size: u64,
    /// Size of a sector.
    pub sector: u32,
    /// Bits of a table's entry: 12, 16 or 32.
    pub bits: u32,
    /// Sectors of a cluster.
    pub cluster: u32,
    /// Sectors before the tables.
    pub reserved: u32,
    /// Copies of the table.
    pub tables: u32,
    /// Entries of the root folder (not FAT32).
    pub entries: u32,
    /// Where FAT32 keeps a copy of its first sector.
    pub backup: u32,
    /// Media byte.
    pub media: u8,
    /// Number of the drive.
    pub drive: u8,
    /// Sectors of a track, heads.
    pub geometry: (u16, u16),
    /// Sectors before the partition.
    pub hidden: u32,
    /// Serial number.
    pub id: u32,
    /// Label in capitals; empty is none.
    pub label: Vec<u8>,
    /// Date and time of the label, as FAT has them.
    pub date: (u16, u16),
    /// Without alignment of tables and clusters.
    pub packed: bool,
}

/// A filesystem that fits.
pub struct Layout {
    /// What was wanted, with the numbers that came of it.
    pub plan: Plan,
    /// Sectors of all.
    pub sectors: u32,
    /// Sectors of a table.
    pub length: u32,
    /// Clusters for data.
    pub clusters: u32,
}

/// The most clusters of each kind.
const MOST_12: u32 = 4084;
const MOST_16: u32 = 65524;
const MOST_32: u32 = 0x0fff_fff6;

/// Floppy discs: KiB, entries of the root, sectors of a cluster, media, sectors
/// of a track.
const FLOPPIES: [(u64, u32, u32, u8, u16); 5] = [
    (360, 112, 2, 0xfd, 9),
    (720, 112, 2, 0xf9, 9),
    (1200, 224, 1, 0xf9, 15),
    (1440, 224, 1, 0xf0, 18),
    (2880, 224, 2, 0xf0, 36),
];

impl Layout {
    /// Counts; why it does not fit when it does not.
    pub fn of(mut plan: Plan) -> Result<Layout, &'static str> {
        let sectors = plan.size / u64::from(plan.sector);
        let sectors = u32::try_from(sectors).map_err(|_| "too large for FAT")?;
        if sectors < 16 {
            return Err("too small for FAT");
        }
        let floppy = FLOPPIES.iter().find(|row| plan.sector == 512 && row.0 * 1024 == plan.size);
        let (mut entries, mut cluster, mut track, mut heads) = (512, 0, 32u16, 64u16);
        if let Some(&(_, root, per_cluster, media, per_track)) =
            floppy.filter(|_| matches!(plan.bits, 0 | 12))
        {
            (entries, cluster, track, heads) = (root, per_cluster, per_track, 2);
            plan.bits = 12;
            plan.packed = true;
            if plan.media == 0 {
                plan.media = media;
            }
        } else if plan.size < 512 << 20 {
            heads = 8;
        }
        if plan.size >= 8 << 30 {
            (track, heads) = (63, 255);
        }
        if plan.bits == 0 {
            // Below that FAT12 or FAT16, as the number of clusters says.
            plan.bits = if plan.size >= 512 << 20 { 32 } else { 0 };
        }
        if plan.media == 0 {
            plan.media = 0xf8;
        }
        if plan.drive == 0 && plan.media == 0xf8 {
            plan.drive = 0x80;
        }
        if plan.geometry == (0, 0) {
            plan.geometry = (track, heads);
        }
        if plan.tables == 0 {
            plan.tables = 2;
        }
        if plan.entries == 0 {
            plan.entries = entries;
        }
        let per_sector = plan.sector / 32;
        plan.entries =
            plan.entries.next_multiple_of(per_sector).min(65520 / per_sector * per_sector);
        let mut start = plan.cluster.max(cluster);
        if start == 0 {
            start = match plan.size >> 20 {
                _ if plan.bits != 32 => 4,
                0..=260 => 1,
                261..=8192 => 4096 / plan.sector,
                8193..=16384 => 8192 / plan.sector,
                16385..=32768 => 16384 / plan.sector,
                _ => 32768 / plan.sector,
            };
        }
        let fixed = plan.cluster > 0;
        let mut per_cluster = start.max(1);
        let wanted_bits = plan.bits;
        loop {
            plan.cluster = per_cluster;
            plan.bits = wanted_bits;
            match Layout::count(&plan, sectors) {
                Ok(layout) => return Ok(layout),
                Err(_) if !fixed && per_cluster < 128 => per_cluster *= 2,
                Err(why) => return Err(why),
            }
        }
    }

    fn count(plan: &Plan, sectors: u32) -> Result<Layout, &'static str> {
        let kinds: &[u32] = match plan.bits {
            0 => &[12, 16],
            12 => &[12],
            16 => &[16],
            _ => &[32],
        };
        let mut why = "too many clusters for it: larger clusters (-s) or another size (-F)";
        for &bits in kinds {
            let mut plan = plan.clone();
            plan.bits = bits;
            let align = if plan.packed { 1 } else { plan.cluster };
            let mut reserved = match plan.reserved {
                0 if bits == 32 => 32,
                0 => 1,
                n => n.max(if bits == 32 { 2 } else { 1 }),
            };
            reserved = reserved.next_multiple_of(align);
            let root = if bits == 32 {
                0
            } else {
                (plan.entries * 32 / plan.sector).next_multiple_of(align)
            };
            if bits != 32 {
                plan.entries = (root * plan.sector / 32).min(65520);
            }
            let tail = reserved + root;
            if sectors <= tail + 2 * plan.tables {
                why = "too small for it";
                continue;
            }
            // The shortest table that has room for the clusters that it leaves.
            let room = u64::from(sectors - tail) * u64::from(plan.sector);
            let each = u64::from(plan.cluster) * u64::from(plan.sector) * 8;
            let guess = room * 8 / (each + u64::from(plan.tables * bits));
            let bytes = guess * u64::from(bits) / 8;
            let length = u32::try_from(bytes / u64::from(plan.sector)).unwrap_or(u32::MAX);
            let mut length = (length / align * align).max(align);
            let clusters = loop {
                let taken = u64::from(tail) + u64::from(length) * u64::from(plan.tables);
                let left = u64::from(sectors).saturating_sub(taken);
                let fits = left / u64::from(plan.cluster);
                let need = ((fits + 2) * u64::from(bits)).div_ceil(8);
                if need <= u64::from(length) * u64::from(plan.sector) {
                    break u32::try_from(fits).unwrap_or(0);
                }
                length += align;
            };
            if clusters == 0 {
                why = "too small for it";
                continue;
            }
            let (least, most) = match bits {
                12 => (1, MOST_12),
                16 => (MOST_12 + 1, MOST_16),
                _ => (1, MOST_32),
            };
            if clusters > most {
                continue;
            }
            if clusters < least {
                why = "too few clusters for it: smaller clusters (-s) or another size (-F)";
                continue;
            }
            plan.reserved = reserved;
            if bits == 32 && plan.backup == 0 {
                plan.backup = if reserved >= 7 { 6 } else { 0 };
            }
            return Ok(Layout { plan, sectors, length, clusters });
        }
        Err(why)
    }

    fn at(&self, sector: u32) -> u64 {
        u64::from(sector) * u64::from(self.plan.sector)
    }

    /// Writes it.
    ///
    /// # Errors
    /// The sink's.
    pub fn write(&self, sink: &mut dyn Sink) -> io::Result<()> {
        let plan = &self.plan;
        let wide = plan.bits == 32;
        let root_at = plan.reserved + plan.tables * self.length;
        let root = if wide { plan.cluster } else { plan.entries * 32 / plan.sector };
        sink.zero(0, self.at(root_at + root))?;

        let boot = self.boot();
        sink.write(0, &boot)?;
        if wide {
            let mut info = vec![0u8; plan.sector as usize];
            put(&mut info, 0, b"RRaA");
            put(&mut info, 484, b"rrAa");
            put(&mut info, 488, &(self.clusters - 1).to_le_bytes());
            put(&mut info, 492, &2u32.to_le_bytes());
            put(&mut info, 510, b"\x55\xaa");
            sink.write(self.at(1), &info)?;
            if plan.backup > 0 && plan.backup < plan.reserved {
                sink.write(self.at(plan.backup), &boot)?;
                if plan.backup + 1 < plan.reserved {
                    sink.write(self.at(plan.backup + 1), &info)?;
                }
            }
        }
        let mut start = [0u8; 12];
        let used = match plan.bits {
            12 => {
                put(&mut start, 0, &[plan.media, 0xff, 0xff]);
                3
            }
            16 => {
                put(&mut start, 0, &[plan.media, 0xff, 0xff, 0xff]);
                4
            }
            _ => {
                put(&mut start, 0, &(0x0fff_ff00 | u32::from(plan.media)).to_le_bytes());
                put(&mut start, 4, &0x0fff_ffffu32.to_le_bytes());
                put(&mut start, 8, &0x0fff_fff8u32.to_le_bytes());
                12
            }
        };
        for table in 0..plan.tables {
            let at = self.at(plan.reserved + table * self.length);
            sink.write(at, start.get(..used).unwrap_or_default())?;
        }
        if !plan.label.is_empty() {
            let mut entry = [0u8; 32];
            put(&mut entry, 0, &padded(&plan.label));
            put(&mut entry, 11, &[8]);
            let (date, time) = plan.date;
            for (at, number) in [(14, time), (16, date), (18, date), (22, time), (24, date)] {
                put(&mut entry, at, &number.to_le_bytes());
            }
            sink.write(self.at(root_at), &entry)?;
        }
        Ok(())
    }

    fn boot(&self) -> Vec<u8> {
        let plan = &self.plan;
        let wide = plan.bits == 32;
        let mut out = vec![0u8; plan.sector as usize];
        let program = if wide { 90 } else { 62 };
        put(&mut out, 0, &[0xeb, program - 2, 0x90]);
        put(&mut out, 3, b"mkfs.fat");
        put(&mut out, 13, &[plan.cluster as u8]);
        put(&mut out, 16, &[plan.tables as u8]);
        put(&mut out, 21, &[plan.media]);
        let small = if !wide && self.sectors < 65536 { self.sectors } else { 0 };
        for (at, number) in [
            (11, plan.sector),
            (14, plan.reserved),
            (17, if wide { 0 } else { plan.entries }),
            (19, small),
            (22, if wide { 0 } else { self.length }),
            (24, plan.geometry.0.into()),
            (26, plan.geometry.1.into()),
        ] {
            put(&mut out, at, &(number as u16).to_le_bytes());
        }
        put(&mut out, 28, &plan.hidden.to_le_bytes());
        if small == 0 {
            put(&mut out, 32, &self.sectors.to_le_bytes());
        }
        let mut extended = 36;
        if wide {
            put(&mut out, 36, &self.length.to_le_bytes());
            put(&mut out, 44, &2u32.to_le_bytes());
            put(&mut out, 48, &1u16.to_le_bytes());
            put(&mut out, 50, &(plan.backup as u16).to_le_bytes());
            extended = 64;
        }
        put(&mut out, extended, &[plan.drive, 0, 0x29]);
        put(&mut out, extended + 3, &plan.id.to_le_bytes());
        let label: &[u8] = if plan.label.is_empty() { b"NO NAME" } else { &plan.label };
        put(&mut out, extended + 7, &padded(label));
        let kind: &[u8] = match plan.bits {
            12 => b"FAT12   ",
            16 => b"FAT16   ",
            _ => b"FAT32   ",
        };
        put(&mut out, extended + 18, kind);
        // Prints the text, waits for a key, boots what is next.
        put(&mut out, program.into(), BOOT);
        let text = 0x7c00 + u16::from(program) + BOOT.len() as u16;
        put(&mut out, usize::from(program) + 3, &text.to_le_bytes());
        put(&mut out, usize::from(program) + BOOT.len(), TEXT);
        put(&mut out, 510, b"\x55\xaa");
        out
    }
}

/// push cs; pop ds; mov si, TEXT; lodsb; and al, al; jz; push si; mov ah, 0eh;
/// mov bx, 7; int 10h; pop si; jmp; xor ah, ah; int 16h; int 19h; jmp $
const BOOT: &[u8] = b"\x0e\x1f\xbe\0\0\xac\x22\xc0\x74\x0b\x56\xb4\x0e\xbb\x07\x00\xcd\x10\x5e\xeb\xf0\x32\xe4\xcd\x16\xcd\x19\xeb\xfe";
const TEXT: &[u8] = b"This is not a bootable disk.  Please insert a bootable floppy and\r\npress any key to try again ... \r\n\0";

/// A label of eleven bytes.
fn padded(label: &[u8]) -> [u8; 11] {
    let mut out = [b' '; 11];
    put(&mut out, 0, label.get(..11).unwrap_or(label));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(size: u64) -> Plan {
        Plan {
            size,
            sector: 512,
            bits: 0,
            cluster: 0,
            reserved: 0,
            tables: 0,
            entries: 0,
            backup: 0,
            media: 0,
            drive: 0,
            geometry: (0, 0),
            hidden: 0,
            id: 1,
            label: Vec::new(),
            date: (0, 0),
            packed: false,
        }
    }

    #[test]
    fn kinds_by_size() {
        let kind = |size| {
            let layout = Layout::of(plan(size)).unwrap();
            (layout.plan.bits, layout.plan.cluster)
        };
        assert_eq!(kind(1440 << 10), (12, 1));
        assert_eq!(kind(5 << 20), (12, 4));
        assert_eq!(kind(64 << 20), (16, 4));
        assert_eq!(kind(300 << 20), (16, 16));
        assert_eq!(kind(512 << 20), (32, 8));
        assert_eq!(kind(40 << 30), (32, 64));
        assert!(Layout::of(plan(4096)).is_err());
        assert!(Layout::of(plan(1 << 42)).is_err());
        assert!(Layout::of(Plan { bits: 16, ..plan(1 << 20) }).is_err());
        assert!(Layout::of(Plan { bits: 12, cluster: 1, ..plan(64 << 20) }).is_err());
    }
}
