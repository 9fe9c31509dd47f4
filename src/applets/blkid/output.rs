//! How blkid prints: its seven formats.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Ctx, Error};
use crate::blk::probe::text::{caret, encoded, safe};
use crate::blk::probe::{Found, Value, value};
use crate::json::quoted;

/// A format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    /// `DEVICE: NAME="VALUE" ...`
    #[default]
    Full,
    /// Values, one a line.
    Value,
    /// `NAME=VALUE` lines for a shell.
    Export,
    /// `ID_FS_NAME=VALUE` lines for udev.
    Udev,
    /// A table for people.
    List,
    /// The devices alone.
    Device,
    /// JSON.
    Json,
}

impl Format {
    /// The format of this name.
    pub(super) fn of(name: &[u8]) -> Option<Format> {
        Some(match name {
            b"full" => Format::Full,
            b"value" => Format::Value,
            b"export" => Format::Export,
            b"udev" => Format::Udev,
            b"list" => Format::List,
            b"device" => Format::Device,
            b"json" => Format::Json,
            _ => return None,
        })
    }
}

/// Prints device after device.
pub(super) struct Printer<'a> {
    format: Format,
    shown: &'a [OsString],
    raw: bool,
    count: usize,
    /// `-p`: a line even of nothing, as util-linux's has it.
    pub(super) low: bool,
}

impl<'a> Printer<'a> {
    /// Nothing printed yet; `shown` are the tags to print, none for all.
    pub(super) fn new(cx: &Ctx, format: Format, shown: &'a [OsString]) -> Printer<'a> {
        let raw = nix::unistd::isatty(cx.stdout) != Ok(true);
        Printer { format, shown, raw, count: 0, low: false }
    }

    /// Prints one device.
    pub(super) fn device(
        &mut self,
        cx: &mut Ctx,
        name: &OsStr,
        values: &[Value],
    ) -> Result<(), Error> {
        let mut out: Vec<u8> = Vec::new();
        let device = name.as_bytes();
        let wanted: Vec<&Value> = values
            .iter()
            .filter(|(name, _)| self.shown.is_empty() || self.shown.iter().any(|s| s == *name))
            .collect();
        if self.format == Format::Device {
            caret(device, b"", &mut out);
            out.push(b'\n');
            return cx.put(&out);
        }
        if self.format == Format::List {
            list_row(&mut out, device, values, self.count == 0);
            self.count += 1;
            return cx.put(&out);
        }
        if wanted.is_empty() {
            let line: &[u8] = if self.low && self.format == Format::Full { b"\n" } else { b"" };
            return cx.put(line);
        }
        if self.count > 0 && matches!(self.format, Format::Export | Format::Udev) {
            out.push(b'\n');
        }
        match self.format {
            Format::Full => {
                caret(device, b"", &mut out);
                out.push(b':');
            }
            Format::Export => {
                out.extend_from_slice(b"DEVNAME=");
                caret(device, b"", &mut out);
                out.push(b'\n');
            }
            Format::Json => {
                let start: &[u8] =
                    if self.count == 0 { b"{\n   \"blkid\": [\n      {" } else { b",{" };
                out.extend_from_slice(start);
                out.extend_from_slice(b"\n         \"devname\": ");
                quoted(device, &mut out);
            }
            _ => {}
        }
        for (name, value) in wanted {
            self.value(&mut out, name, value);
        }
        match self.format {
            Format::Full => out.push(b'\n'),
            Format::Json => out.extend_from_slice(b"\n      }"),
            _ => {}
        }
        self.count += 1;
        cx.put(&out)
    }

    fn value(&self, out: &mut Vec<u8>, name: &str, value: &[u8]) {
        match self.format {
            Format::Full => {
                out.push(b' ');
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"=\"");
                caret(value, b"\"\\", out);
                out.push(b'"');
            }
            Format::Value => {
                caret(value, b"", out);
                out.push(b'\n');
            }
            Format::Export => {
                out.extend_from_slice(name.as_bytes());
                out.push(b'=');
                caret(value, b" \\\"'$`<>", out);
                out.push(b'\n');
            }
            Format::Udev => udev(out, name, value, self.raw),
            Format::Json => {
                out.extend_from_slice(b",\n         ");
                quoted(name.to_ascii_lowercase().as_bytes(), out);
                out.extend_from_slice(b": ");
                quoted(value, out);
            }
            Format::List | Format::Device => {}
        }
    }

    /// What udev is told of several things at once.
    pub(super) fn ambivalent(&mut self, cx: &mut Ctx, list: &[Found]) -> Result<(), Error> {
        let mut out = b"ID_FS_AMBIVALENT".to_vec();
        for (n, found) in list.iter().enumerate() {
            out.push(if n == 0 { b'=' } else { b' ' });
            out.extend_from_slice(found.usage.name().as_bytes());
            out.push(b':');
            out.extend_from_slice(found.kind.as_bytes());
            if let Some(version) = found.get("VERSION") {
                out.push(b':');
                caret(version, b"", &mut out);
            }
        }
        out.push(b'\n');
        cx.put(&out)
    }

    /// Ends the output.
    pub(super) fn finish(&self, cx: &mut Ctx) -> Result<(), Error> {
        if self.format == Format::Json && self.count > 0 {
            cx.put(b"\n   ]\n}\n")?;
        }
        Ok(())
    }
}

/// `ID_FS_...` and `ID_PART_...` variables. What udev reads is `raw`, a
/// terminal gets no control bytes.
fn udev(out: &mut Vec<u8>, name: &str, value: &[u8], raw: bool) {
    let mut line = |parts: [&[u8]; 4]| {
        for part in parts {
            out.extend_from_slice(part);
        }
        out.push(b'\n');
    };
    let id = name.as_bytes();
    let plain = safe(value);
    let mut printed = Vec::new();
    caret(&plain, b"", &mut printed);
    match name {
        "LABEL" | "LABEL_FATBOOT" | "UUID" | "UUID_SUB" => {
            line([b"ID_FS_", id, b"=", if raw { &plain } else { &printed }]);
            line([b"ID_FS_", id, b"_ENC=", &encoded_udev(value)]);
        }
        "PTUUID" | "PTTYPE" => {
            let short = if name == "PTUUID" { &b"UUID"[..] } else { b"TYPE" };
            line([b"ID_PART_TABLE_", short, b"=", value]);
        }
        "PART_ENTRY_NAME" | "PART_ENTRY_TYPE" => {
            line([b"ID_", id, b"=", &encoded_udev(value)]);
        }
        _ if name.starts_with("PART_ENTRY_") => line([b"ID_", id, b"=", value]),
        "PARTLABEL" | "PARTUUID" => line([b"ID_", id, b"=", &encoded_udev(value)]),
        _ => line([b"ID_FS_", id, b"=", &encoded_udev(value)]),
    }
}

/// As a name of a link, but a lone dot is no danger in a variable.
fn encoded_udev(value: &[u8]) -> Vec<u8> {
    match value {
        b"." | b".." => value.to_vec(),
        _ => encoded(value),
    }
}

fn list_row(out: &mut Vec<u8>, device: &[u8], values: &[Value], first: bool) {
    if first {
        let head = "device     fs_type label    mount point    UUID\n";
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice("-".repeat(79).as_bytes());
        out.push(b'\n');
    }
    let place = crate::fsutil::mounts::all().ok().and_then(|mounts| {
        mounts.iter().find(|mount| mount.source == device).map(|mount| mount.target.clone())
    });
    let place = place.unwrap_or_else(|| b"(not mounted)".to_vec());
    let text = |name| value(values, name).unwrap_or_default();
    for (cell, width) in
        [(device, 10), (text("TYPE"), 7), (text("LABEL"), 8), (&place, 14), (text("UUID"), 0)]
    {
        let start = out.len();
        caret(cell, b"", out);
        let printed = out.len() - start;
        out.extend(std::iter::repeat_n(b' ', usize::saturating_sub(width, printed)));
        if width > 0 {
            out.push(b' ');
        }
    }
    out.push(b'\n');
}
