//! The columns: name, width, and where the value is.

use crate::table::{self, Json};

/// What a value is, for JSON and for sorting.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// Text.
    Text,
    /// A number.
    Number,
    /// 0 or 1.
    Bool,
    /// A number of bytes.
    Size,
    /// Lines.
    List,
}

/// A column.
pub(super) struct Column {
    /// What is above it.
    pub(super) name: &'static str,
    /// A width that it has when the values want more than the head.
    pub(super) width: usize,
    /// To the right.
    pub(super) right: bool,
    /// What the values are.
    pub(super) kind: Type,
    /// The file below the device's folder in sysfs, or `""`.
    pub(super) file: &'static str,
    /// What it is when there is no such file.
    pub(super) missing: &'static str,
}

impl Column {
    /// Whether values are compared as numbers.
    pub(super) fn is_number(&self) -> bool {
        !matches!(self.kind, Type::Text | Type::List) || self.name == "MAJ:MIN"
    }

    /// As the table has it.
    pub(super) fn look(&self, bytes: bool) -> table::Column {
        table::Column {
            right: self.right,
            hint: self.width,
            json: match self.kind {
                Type::Number => Json::Number,
                Type::Size if bytes => Json::Number,
                Type::Bool => Json::Bool,
                Type::List => Json::List,
                Type::Text | Type::Size => Json::Text,
            },
            ..table::Column::new(self.name.as_bytes())
        }
    }
}

const fn text(name: &'static str, width: usize) -> Column {
    Column { name, width, right: false, kind: Type::Text, file: "", missing: "" }
}

const fn right(name: &'static str, width: usize, kind: Type) -> Column {
    Column { right: true, kind, ..text(name, width) }
}

const fn file(
    name: &'static str,
    width: usize,
    kind: Type,
    file: &'static str,
    missing: &'static str,
) -> Column {
    Column { name, width, right: !matches!(kind, Type::Text), kind, file, missing }
}

use Type::{Bool, List, Number, Size};

/// All columns, in the order of `-O`.
pub(super) static COLUMNS: [Column; 64] = [
    file("ALIGNMENT", 6, Number, "alignment_offset", ""),
    file("DISC-ALN", 6, Number, "discard_alignment", "0"),
    file("DAX", 1, Bool, "queue/dax", "0"),
    file("DISC-GRAN", 6, Size, "queue/discard_granularity", "0"),
    file("DISC-MAX", 6, Size, "queue/discard_max_bytes", "0"),
    file("DISC-ZERO", 1, Bool, "queue/discard_zeroes_data", "0"),
    right("FSAVAIL", 5, Size),
    Column { kind: List, ..text("FSROOTS", 0) },
    right("FSSIZE", 5, Size),
    text("FSTYPE", 0),
    right("FSUSED", 5, Size),
    right("FSUSE%", 3, Type::Text),
    text("FSVER", 0),
    text("GROUP", 0),
    text("HCTL", 10),
    right("HOTPLUG", 1, Bool),
    text("KNAME", 0),
    text("LABEL", 0),
    file("LOG-SEC", 7, Number, "queue/logical_block_size", ""),
    text("MAJ:MIN", 6),
    file("MIN-IO", 6, Number, "queue/minimum_io_size", ""),
    text("MODE", 10),
    text("MODEL", 0),
    text("NAME", 0),
    file("OPT-IO", 6, Number, "queue/optimal_io_size", ""),
    text("OWNER", 0),
    text("PARTFLAGS", 36),
    text("PARTLABEL", 0),
    text("PARTTYPE", 36),
    text("PARTTYPENAME", 0),
    text("PARTUUID", 36),
    text("PATH", 0),
    file("PHY-SEC", 7, Number, "queue/physical_block_size", ""),
    text("PKNAME", 0),
    text("PTTYPE", 0),
    text("PTUUID", 36),
    file("RA", 3, Number, "queue/read_ahead_kb", ""),
    file("RAND", 1, Bool, "queue/add_random", ""),
    right("REV", 4, Type::Text),
    file("RM", 1, Bool, "removable", "0"),
    file("RO", 1, Bool, "ro", ""),
    file("ROTA", 1, Bool, "queue/rotational", ""),
    file("RQ-SIZE", 5, Number, "queue/nr_requests", ""),
    text("SCHED", 0),
    text("SERIAL", 0),
    right("SIZE", 5, Size),
    file("START", 5, Number, "start", ""),
    text("STATE", 7),
    text("SUBSYSTEMS", 0),
    text("MOUNTPOINT", 0),
    Column { kind: List, ..text("MOUNTPOINTS", 0) },
    text("TRAN", 6),
    text("TYPE", 4),
    text("UUID", 36),
    text("VENDOR", 0),
    file("WSAME", 6, Size, "queue/write_same_max_bytes", "0"),
    text("WWN", 18),
    file("ZONED", 0, Type::Text, "queue/zoned", ""),
    right("ZONE-SZ", 9, Size),
    file("ZONE-WGRAN", 10, Size, "queue/zone_write_granularity", ""),
    file("ZONE-APP", 11, Size, "queue/zone_append_max_bytes", ""),
    file("ZONE-NR", 8, Number, "queue/nr_zones", ""),
    file("ZONE-OMAX", 9, Number, "queue/max_open_zones", "0"),
    file("ZONE-AMAX", 9, Number, "queue/max_active_zones", "0"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (n, column) in COLUMNS.iter().enumerate() {
            assert!(COLUMNS.iter().skip(n + 1).all(|other| other.name != column.name));
        }
    }
}
