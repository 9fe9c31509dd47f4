//! lspci: list the devices on PCI buses, by sysfs. pciutils', with its names
//! where there is a `pci.ids`.
//!
//! Deviations: capabilities and what is in the configuration space are not
//! explained; `-x` shows the latter.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::dev::attribute::{decimal, hex, link, text};
use crate::dev::ids::Ids;
use crate::kmod::{Tree, load};
use crate::sys::folder;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "lspci",
    summary: "list the devices on PCI buses",
    usage: "[-nvkmxDt] [-s [[DOMAIN:]BUS:][SLOT][.FUNCTION]] [-d [VENDOR]:[DEVICE][:CLASS]]\n\
            \x20 -n, -nn   numbers; numbers and names       -D  always with the domain\n\
            \x20 -v        more about each                  -k  drivers and modules\n\
            \x20 -m, -vmm  for scripts: a line each, a line for each value\n\
            \x20 -x, -xxx  the first 64 bytes of the configuration, all of it   -t  a tree\n\
            \x20 -i FILE   names;  -O sysfs.path=FOLDER",
    kind: Kind::NoFork, // reads sysfs
    run,
};

struct Device {
    folder: PathBuf,
    domain: u32,
    bus: u32,
    slot: u32,
    function: u32,
    class: u64,
    vendor: u64,
    device: u64,
    sub_vendor: u64,
    sub_device: u64,
    revision: u64,
}

/// What is wanted: nothing is everything.
#[derive(Default)]
struct Filter {
    domain: Option<u32>,
    bus: Option<u32>,
    slot: Option<u32>,
    function: Option<u32>,
    vendor: Option<u64>,
    device: Option<u64>,
    class: Option<u64>,
}

struct Style {
    numbers: u32,
    verbose: u32,
    drivers: bool,
    domain: bool,
    ids: Ids,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options =
        cx.parse("n v k m x D t s: d: i: O: A: b q g").map_err(|e| e.with(Status::FAILURE))?;
    options.at_most(0).map_err(|e| e.with(Status::FAILURE))?;
    let mut style =
        Style { numbers: 0, verbose: 0, drivers: false, domain: false, ids: Ids::of_text(b"") };
    let (mut machine, mut dump, mut tree) = (0, 0, false);
    let mut filter = Filter::default();
    let mut root = PathBuf::from("/sys/bus/pci");
    let mut ids = None;
    while let Some(letter) = options.next() {
        match letter {
            b'n' => style.numbers += 1,
            b'v' => style.verbose += 1,
            b'k' => style.drivers = true,
            b'm' => machine += 1,
            b'x' => dump += 1,
            b'D' => style.domain = true,
            b't' => tree = true,
            b's' => {
                let word = options.bytes();
                place(&word, &mut filter).ok_or_else(|| {
                    Error::msg(format_args!("-s: {}: not a slot", show_bytes(&word)))
                })?;
            }
            b'd' => {
                let word = options.bytes();
                identity(&word, &mut filter).ok_or_else(|| {
                    Error::msg(format_args!("-d: {}: not an id", show_bytes(&word)))
                })?;
            }
            b'i' => ids = Some(options.value()),
            b'O' => {
                let word = options.bytes();
                if let Some(path) = word.strip_prefix(b"sysfs.path=") {
                    root = PathBuf::from(OsStr::from_bytes(path));
                }
            }
            _ => {}
        }
    }
    style.ids = match ids {
        Some(path) => Ids::of_text(&crate::sys::file::read(path).unwrap_or_default()),
        None if style.numbers == 1 => style.ids,
        None => Ids::read("pci.ids"),
    };
    let mut list = devices(&root.join("devices"))?;
    style.domain |= list.iter().any(|device| device.domain > 0);
    list.retain(|device| device.fits(&filter));
    if tree {
        return draw(cx, &style, &list);
    }
    let modules =
        (style.drivers || style.verbose > 0).then(|| Tree::open(&modules_folder()).ok()).flatten();
    for device in &list {
        if machine > 0 && style.verbose > 0 {
            device.values(cx, &style, modules.as_ref())?;
            cx.put(b"\n")?;
            continue;
        }
        if machine > 0 {
            device.machine_line(cx, &style)?;
        } else {
            device.line(cx, &style)?;
            device.more(cx, &style, modules.as_ref())?;
        }
        if dump > 0 {
            device.dump(cx, dump)?;
        }
        if style.verbose > 0 || dump > 0 {
            cx.put(b"\n")?;
        }
    }
    Ok(Status::OK)
}

fn modules_folder() -> PathBuf {
    Path::new("/lib/modules").join(OsStr::from_bytes(&load::release()))
}

fn number(word: &[u8]) -> Option<Option<u32>> {
    match word {
        b"" | b"*" => Some(None),
        word => u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok().map(Some),
    }
}

/// `[[DOMAIN:]BUS:][SLOT][.[FUNCTION]]`.
fn place(word: &[u8], filter: &mut Filter) -> Option<()> {
    let mut parts: Vec<&[u8]> = word.split(|&b| b == b':').collect();
    let last = parts.pop()?;
    let mut last = last.splitn(2, |&b| b == b'.');
    filter.slot = number(last.next()?)?;
    filter.function = number(last.next().unwrap_or_default())?;
    filter.bus = number(parts.pop().unwrap_or_default())?;
    filter.domain = number(parts.pop().unwrap_or_default())?;
    let range = filter.slot.unwrap_or(0) < 32 && filter.function.unwrap_or(0) < 8;
    (parts.is_empty() && range && filter.bus.unwrap_or(0) < 256).then_some(())
}

/// `[VENDOR]:[DEVICE][:CLASS]`.
fn identity(word: &[u8], filter: &mut Filter) -> Option<()> {
    let mut parts = word.split(|&b| b == b':');
    filter.vendor = number(parts.next()?)?.map(u64::from);
    filter.device = number(parts.next()?)?.map(u64::from);
    filter.class = number(parts.next().unwrap_or_default())?.map(u64::from);
    parts.next().is_none().then_some(())
}

fn devices(path: &Path) -> Result<Vec<Device>, Error> {
    let mut list = Vec::new();
    for name in folder::names(path) {
        let mut filter = Filter::default();
        if place(name.as_bytes(), &mut filter).is_none() {
            continue;
        }
        let here = path.join(&name);
        let of = |attribute: &str| hex(&here, attribute).unwrap_or(0);
        list.push(Device {
            domain: filter.domain.unwrap_or(0),
            bus: filter.bus.unwrap_or(0),
            slot: filter.slot.unwrap_or(0),
            function: filter.function.unwrap_or(0),
            class: of("class"),
            vendor: of("vendor"),
            device: of("device"),
            sub_vendor: of("subsystem_vendor"),
            sub_device: of("subsystem_device"),
            revision: of("revision"),
            folder: here,
        });
    }
    crate::order::sort_by(&mut list, |a: &Device, b: &Device| {
        let key = |d: &Device| (d.domain, d.bus, d.slot, d.function);
        key(a).cmp(&key(b))
    });
    Ok(list)
}

impl Device {
    fn fits(&self, filter: &Filter) -> bool {
        let same = |wanted: Option<u32>, have: u32| wanted.is_none_or(|wanted| wanted == have);
        let same_id = |wanted: Option<u64>, have: u64| wanted.is_none_or(|wanted| wanted == have);
        same(filter.domain, self.domain)
            && same(filter.bus, self.bus)
            && same(filter.slot, self.slot)
            && same(filter.function, self.function)
            && same_id(filter.vendor, self.vendor)
            && same_id(filter.device, self.device)
            && same_id(filter.class, self.class >> 8)
    }

    fn place(&self, style: &Style) -> String {
        let short = format!("{:02x}:{:02x}.{:x}", self.bus, self.slot, self.function);
        if style.domain { format!("{:04x}:{short}", self.domain) } else { short }
    }

    fn class_name(&self, style: &Style) -> String {
        let class = self.class >> 8 & 0xffff;
        if style.numbers == 1 {
            return format!("{class:04x}");
        }
        let (base, sub) = (format!("C {:02x}", class >> 8), format!("{:02x}", class & 0xff));
        let ids = &style.ids;
        match (ids.name(&[&base, &sub]), ids.name(&[&base])) {
            (Some(name), _) if style.numbers > 1 => format!("{} [{class:04x}]", show_bytes(name)),
            (Some(name), _) => show_bytes(name).to_string(),
            (None, Some(name)) => format!("{} [{class:04x}]", show_bytes(name)),
            _ if style.numbers > 1 => format!("Class [{class:04x}]"),
            _ => format!("Class {class:04x}"),
        }
    }

    fn vendor_name(&self, style: &Style, vendor: u64) -> String {
        let word = format!("{vendor:04x}");
        match style.ids.name(&[&word]) {
            _ if style.numbers == 1 => word,
            Some(name) if style.numbers > 1 => format!("{} [{word}]", show_bytes(name)),
            Some(name) => show_bytes(name).to_string(),
            None if style.numbers > 1 => format!("Vendor [{word}]"),
            None => format!("Vendor {word}"),
        }
    }

    fn device_name(&self, style: &Style) -> String {
        let (vendor, device) = (format!("{:04x}", self.vendor), format!("{:04x}", self.device));
        match style.ids.name(&[&vendor, &device]) {
            _ if style.numbers == 1 => device,
            Some(name) if style.numbers > 1 => format!("{} [{device}]", show_bytes(name)),
            Some(name) => show_bytes(name).to_string(),
            None if style.numbers > 1 => format!("Device [{device}]"),
            None => format!("Device {device}"),
        }
    }

    fn sub_device_name(&self, style: &Style) -> String {
        let (vendor, device) = (format!("{:04x}", self.vendor), format!("{:04x}", self.device));
        let sub = format!("{:04x}", self.sub_device);
        let pair = format!("{:04x} {sub}", self.sub_vendor);
        let same = self.sub_vendor == self.vendor && self.sub_device == self.device;
        let mut name = style.ids.name(&[&vendor, &device, &pair]);
        if name.is_none() && same {
            name = style.ids.name(&[&vendor, &device]);
        }
        match name {
            _ if style.numbers == 1 => sub,
            Some(name) if style.numbers > 1 => format!("{} [{sub}]", show_bytes(name)),
            Some(name) => show_bytes(name).to_string(),
            None if style.numbers > 1 => format!("Device [{sub}]"),
            None => format!("Device {sub}"),
        }
    }

    /// Vendor and device together, in the words of pciutils.
    fn both(&self, style: &Style, sub: bool) -> String {
        let (v, d) =
            if sub { (self.sub_vendor, self.sub_device) } else { (self.vendor, self.device) };
        if style.numbers == 1 {
            return format!("{v:04x}:{d:04x}");
        }
        let vendor = style.ids.name(&[&format!("{v:04x}")]);
        let device = self.name_only(style, sub);
        let text = match (vendor, &device) {
            (Some(vendor), Some(device)) => format!("{} {device}", show_bytes(vendor)),
            (Some(vendor), None) if style.numbers > 1 => format!("{} Device", show_bytes(vendor)),
            (Some(vendor), None) => format!("{} Device {d:04x}", show_bytes(vendor)),
            _ if style.numbers > 1 => "Device".to_string(),
            _ => format!("Device {v:04x}:{d:04x}"),
        };
        if style.numbers > 1 { format!("{text} [{v:04x}:{d:04x}]") } else { text }
    }

    fn name_only(&self, style: &Style, sub: bool) -> Option<String> {
        let (vendor, device) = (format!("{:04x}", self.vendor), format!("{:04x}", self.device));
        let mut name = None;
        if sub {
            let pair = format!("{:04x} {:04x}", self.sub_vendor, self.sub_device);
            name = style.ids.name(&[&vendor, &device, &pair]);
        }
        if !sub || self.sub_vendor == self.vendor && self.sub_device == self.device {
            name = name.or_else(|| style.ids.name(&[&vendor, &device]));
        }
        name.map(|name| show_bytes(name).to_string())
    }

    fn line(&self, cx: &mut Ctx, style: &Style) -> Result<(), Error> {
        let class = self.class_name(style);
        cx.print(format_args!("{} {class}: {}", self.place(style), self.both(style, false)))?;
        if self.revision > 0 {
            cx.print(format_args!(" (rev {:02x})", self.revision))?;
        }
        let interface = self.class & 0xff;
        if interface > 0 && style.verbose > 0 {
            cx.print(format_args!(" (prog-if {interface:02x})"))?;
        }
        cx.put(b"\n")
    }

    /// What -v and -k add.
    fn more(&self, cx: &mut Ctx, style: &Style, tree: Option<&Tree>) -> Result<(), Error> {
        if style.verbose == 0 && !style.drivers {
            return Ok(());
        }
        if self.sub_vendor > 0 && self.sub_vendor != 0xffff {
            cx.print(format_args!("\tSubsystem: {}\n", self.both(style, true)))?;
        }
        if style.verbose > 0 {
            self.flags(cx)?;
            self.regions(cx)?;
        }
        if let Some(driver) = link(&self.folder, "driver") {
            cx.print(format_args!("\tKernel driver in use: {}\n", show_bytes(&driver)))?;
        }
        let modules = self.modules(tree);
        if !modules.is_empty() {
            cx.put(b"\tKernel modules: ")?;
            cx.put(&modules.join(&b", "[..]))?;
            cx.put(b"\n")?;
        }
        Ok(())
    }

    fn modules(&self, tree: Option<&Tree>) -> Vec<Vec<u8>> {
        let alias = text(&self.folder, "modalias");
        let mut list = tree.map(|tree| tree.aliased(&alias)).unwrap_or_default();
        crate::order::sort(&mut list);
        list
    }

    /// Command and status of the configuration space, where it can be read.
    fn flags(&self, cx: &mut Ctx) -> Result<(), Error> {
        let config = crate::sys::file::read(self.folder.join("config")).unwrap_or_default();
        let byte = |at: usize| config.get(at).copied().unwrap_or(0);
        let command = u16::from_le_bytes([byte(4), byte(5)]);
        let status = u16::from_le_bytes([byte(6), byte(7)]);
        let mut words = Vec::new();
        if command & 4 != 0 {
            words.push("bus master".to_string());
        }
        words.push(
            match status >> 9 & 3 {
                0 => "fast devsel",
                1 => "medium devsel",
                2 => "slow devsel",
                _ => "?? devsel",
            }
            .to_string(),
        );
        if command & 4 != 0 {
            words.push(format!("latency {}", byte(13)));
        }
        if let Some(irq) = decimal(&self.folder, "irq").filter(|&irq| irq > 0) {
            words.push(format!("IRQ {irq}"));
        }
        if let Some(node) = decimal(&self.folder, "numa_node") {
            words.push(format!("NUMA node {node}"));
        }
        cx.print(format_args!("\tFlags: {}\n", words.join(", ")))
    }

    /// Memory and ports, by `resource`: start, end and flags of each.
    fn regions(&self, cx: &mut Ctx) -> Result<(), Error> {
        let lines = crate::sys::file::read(self.folder.join("resource")).unwrap_or_default();
        for (at, line) in lines.split(|&b| b == b'\n').take(7).enumerate() {
            let mut numbers = line.split(|&b| b == b' ').map(|word| {
                let digits = word.strip_prefix(b"0x").unwrap_or(word);
                std::str::from_utf8(digits).ok().and_then(|d| u64::from_str_radix(d, 16).ok())
            });
            let (Some(Some(start)), Some(Some(end)), Some(Some(flags))) =
                (numbers.next(), numbers.next(), numbers.next())
            else {
                continue;
            };
            if end <= start {
                continue;
            }
            let size = size_text(end - start + 1);
            // linux/ioport.h: IORESOURCE_IO, _PREFETCH, _MEM_64
            if flags & 0x100 != 0 {
                cx.print(format_args!("\tI/O ports at {start:04x} [size={size}]\n"))?;
            } else if at == 6 {
                cx.print(format_args!("\tExpansion ROM at {start:08x} [size={size}]\n"))?;
            } else {
                let wide = if flags & 0x10_0000 != 0 { 64 } else { 32 };
                let fetch = if flags & 0x2000 != 0 { "" } else { "non-" };
                cx.print(format_args!(
                    "\tMemory at {start:08x} ({wide}-bit, {fetch}prefetchable) [size={size}]\n"
                ))?;
            }
        }
        Ok(())
    }

    /// -m.
    fn machine_line(&self, cx: &mut Ctx, style: &Style) -> Result<(), Error> {
        cx.print(format_args!(
            "{} \"{}\" \"{}\" \"{}\"",
            self.place(style),
            self.class_name(style),
            self.vendor_name(style, self.vendor),
            self.device_name(style)
        ))?;
        if self.revision > 0 {
            cx.print(format_args!(" -r{:02x}", self.revision))?;
        }
        cx.print(format_args!(" -p{:02x}", self.class & 0xff))?;
        if self.sub_vendor > 0 && self.sub_vendor != 0xffff {
            cx.print(format_args!(
                " \"{}\" \"{}\"\n",
                self.vendor_name(style, self.sub_vendor),
                self.sub_device_name(style)
            ))
        } else {
            cx.put(b" \"\" \"\"\n")
        }
    }

    /// -vmm.
    fn values(&self, cx: &mut Ctx, style: &Style, tree: Option<&Tree>) -> Result<(), Error> {
        cx.print(format_args!(
            "Slot:\t{}\nClass:\t{}\nVendor:\t{}\nDevice:\t{}\n",
            self.place(style),
            self.class_name(style),
            self.vendor_name(style, self.vendor),
            self.device_name(style)
        ))?;
        if self.sub_vendor > 0 && self.sub_vendor != 0xffff {
            cx.print(format_args!(
                "SVendor:\t{}\nSDevice:\t{}\n",
                self.vendor_name(style, self.sub_vendor),
                self.sub_device_name(style)
            ))?;
        }
        if self.revision > 0 {
            cx.print(format_args!("Rev:\t{:02x}\n", self.revision))?;
        }
        cx.print(format_args!("ProgIf:\t{:02x}\n", self.class & 0xff))?;
        if style.drivers {
            if let Some(driver) = link(&self.folder, "driver") {
                cx.print(format_args!("Driver:\t{}\n", show_bytes(&driver)))?;
            }
            for module in self.modules(tree) {
                cx.print(format_args!("Module:\t{}\n", show_bytes(&module)))?;
            }
        }
        if let Some(node) = decimal(&self.folder, "numa_node") {
            cx.print(format_args!("NUMANode:\t{node}\n"))?;
        }
        if let Some(group) = link(&self.folder, "iommu_group") {
            cx.print(format_args!("IOMMUGroup:\t{}\n", show_bytes(&group)))?;
        }
        Ok(())
    }

    fn dump(&self, cx: &mut Ctx, times: u32) -> Result<(), Error> {
        let config = crate::sys::file::read(self.folder.join("config")).unwrap_or_default();
        let most = match times {
            1 | 2 => 64,
            3 => 256,
            _ => 4096,
        };
        for (row, bytes) in config.chunks(16).take(most / 16).enumerate() {
            cx.print(format_args!("{:02x}:", row * 16))?;
            for byte in bytes {
                cx.print(format_args!(" {byte:02x}"))?;
            }
            cx.put(b"\n")?;
        }
        Ok(())
    }
}

fn size_text(bytes: u64) -> String {
    match bytes {
        bytes if bytes % (1 << 30) == 0 => format!("{}G", bytes >> 30),
        bytes if bytes % (1 << 20) == 0 => format!("{}M", bytes >> 20),
        bytes if bytes % (1 << 10) == 0 => format!("{}K", bytes >> 10),
        bytes => bytes.to_string(),
    }
}

/// -t: a line for each device, below its bus.
fn draw(cx: &mut Ctx, style: &Style, list: &[Device]) -> Result<Status, Error> {
    let mut before: Option<(u32, u32)> = None;
    for (i, device) in list.iter().enumerate() {
        let here = (device.domain, device.bus);
        let head = format!("-[{:04x}:{:02x}]-", device.domain, device.bus);
        let next = list.get(i + 1).map(|next| (next.domain, next.bus));
        let (lead, sign) = match (before == Some(here), next == Some(here)) {
            (false, true) => (head, "+-"),
            (false, false) => (head, "--"),
            (true, true) => (" ".repeat(head.len()), "+-"),
            (true, false) => (" ".repeat(head.len()), "\\-"),
        };
        cx.print(format_args!("{lead}{sign}{:02x}.{:x}", device.slot, device.function))?;
        if style.verbose > 0 {
            cx.print(format_args!("  {}", device.both(style, false)))?;
        }
        cx.put(b"\n")?;
        before = Some(here);
    }
    Ok(Status::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots() {
        let read = |word: &str| {
            let mut f = Filter::default();
            place(word.as_bytes(), &mut f).map(|()| (f.domain, f.bus, f.slot, f.function))
        };
        assert_eq!(read("0000:00:1f.3"), Some((Some(0), Some(0), Some(31), Some(3))));
        assert_eq!(read("3"), Some((None, None, Some(3), None)));
        assert_eq!(read(".1"), Some((None, None, None, Some(1))));
        assert_eq!(read("2:"), Some((None, Some(2), None, None)));
        for bad in ["zz", "20.0", "1.8", "1:2:3:4", "100:1"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
