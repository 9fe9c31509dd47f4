//! lsusb, lsscsi: list USB and SCSI devices, by sysfs. The lines of usbutils and
//! lsscsi.
//!
//! Deviations: `lsusb -v` tells what is in the device descriptor and the
//! interfaces, not the class descriptors.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::dev::attribute::{decimal, hex, link, text};
use crate::dev::ids::Ids;
use crate::order::sort_by;
use crate::size;
use crate::sys::folder;

/// lsusb.
pub(super) static APPLET: Applet = Applet {
    name: "lsusb",
    summary: "list USB devices",
    usage: "[-tv] [-s [BUS:][DEVICE]] [-d VENDOR:[PRODUCT]]\n\
            \x20 -t  as a tree, with drivers and speeds     -v  more of each",
    kind: Kind::NoFork, // reads sysfs
    run: lsusb,
};

/// lsscsi.
pub(super) static LSSCSI: Applet = Applet {
    name: "lsscsi",
    summary: "list SCSI devices",
    usage: "[-cdgHklsv] [-y FOLDER] [HOST:CHANNEL:TARGET:LUN]\n\
            \x20 -d  device numbers     -g  generic devices    -s  sizes    -k  the kernel's names\n\
            \x20 -H  hosts              -c  as /proc/scsi/scsi -l  state and queue depth\n\
            \x20 -v  where in sysfs     -y  another folder than /sys",
    kind: Kind::NoFork, // reads sysfs
    run: lsscsi,
};

struct Usb {
    name: Vec<u8>,
    folder: PathBuf,
    bus: u64,
    number: u64,
    vendor: u64,
    product: u64,
}

fn lsusb(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("t,tree v,verbose s: d: D:").map_err(|e| e.with(Status::FAILURE))?;
    options.at_most(0).map_err(|e| e.with(Status::FAILURE))?;
    let (mut tree, mut verbose) = (false, false);
    let mut wanted: [Option<u64>; 4] = [None; 4];
    while let Some(letter) = options.next() {
        match letter {
            b't' => tree = true,
            b'v' => verbose = true,
            b's' | b'd' => {
                let word = options.bytes();
                let base = if letter == b's' { 10 } else { 16 };
                let mut parts: Vec<&[u8]> = word.split(|&b| b == b':').collect();
                if letter == b's' && parts.len() == 1 {
                    parts.insert(0, b"");
                }
                let place = if letter == b's' { 0 } else { 2 };
                for (i, part) in parts.iter().enumerate() {
                    let number = std::str::from_utf8(part).ok().filter(|part| !part.is_empty());
                    let number = number.map(|part| u64::from_str_radix(part, base)).transpose();
                    match (number, wanted.get_mut(place + i)) {
                        (Ok(number), Some(slot)) if i < 2 => *slot = number,
                        _ => {
                            return Err(
                                Error::bad(show_bytes(&word), "not a device").with(Status::FAILURE)
                            );
                        }
                    }
                }
            }
            _ => return Err(Error::msg("-D: only sysfs is read")),
        }
    }
    let list = usb_devices(Path::new("/sys/bus/usb/devices"));
    if tree {
        return usb_tree(cx, &list);
    }
    let ids = Ids::read("usb.ids");
    let [bus, number, vendor, product] = wanted;
    let fits = |want: Option<u64>, have: u64| want.is_none_or(|want| want == have);
    let mut found = false;
    for device in &list {
        if !(fits(bus, device.bus)
            && fits(number, device.number)
            && fits(vendor, device.vendor)
            && fits(product, device.product))
        {
            continue;
        }
        found = true;
        let name = usb_name(&ids, device);
        if verbose {
            cx.put(b"\n")?;
        }
        let line = format!(
            "Bus {:03} Device {:03}: ID {:04x}:{:04x} {name}",
            device.bus, device.number, device.vendor, device.product
        );
        cx.print(format_args!("{}\n", line.trim_end()))?;
        if verbose {
            descriptor(cx, device)?;
        }
    }
    Ok(Status::from_bool(found))
}

fn usb_devices(path: &Path) -> Vec<Usb> {
    let mut list = Vec::new();
    for name in folder::names(path) {
        let here = path.join(&name);
        let Some(number) = decimal(&here, "devnum") else { continue };
        list.push(Usb {
            name: name.as_bytes().to_vec(),
            bus: decimal(&here, "busnum").unwrap_or(0),
            number,
            vendor: hex(&here, "idVendor").unwrap_or(0),
            product: hex(&here, "idProduct").unwrap_or(0),
            folder: here,
        });
    }
    sort_by(&mut list, |a, b| (a.bus, a.number).cmp(&(b.bus, b.number)));
    list
}

/// By usb.ids, otherwise what the device says.
fn usb_name(ids: &Ids, device: &Usb) -> String {
    let (vendor, product) = (format!("{:04x}", device.vendor), format!("{:04x}", device.product));
    let own = |name: &str| show_bytes(&text(&device.folder, name)).to_string();
    let maker = ids.name(&[&vendor]).map(|name| show_bytes(name).to_string());
    let thing = ids.name(&[&vendor, &product]).map(|name| show_bytes(name).to_string());
    let maker = maker.unwrap_or_else(|| own("manufacturer"));
    let thing = thing.unwrap_or_else(|| own("product"));
    format!("{maker} {thing}").trim().to_string()
}

/// The 18 bytes that every device has: USB 2.0, 9.6.1.
fn descriptor(cx: &mut Ctx, device: &Usb) -> Result<(), Error> {
    let bytes = crate::sys::file::read(device.folder.join("descriptors")).unwrap_or_default();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let version = |at: usize| format!("{:2x}.{:02x}", byte(at + 1), byte(at));
    let own = |name: &str| show_bytes(&text(&device.folder, name)).to_string();
    cx.print(format_args!(
        "Device Descriptor:\n  bLength             {:5}\n  bDescriptorType     {:5}\n  bcdUSB              {}\n  bDeviceClass        {:5}\n  bDeviceSubClass     {:5}\n  bDeviceProtocol     {:5}\n  bMaxPacketSize0     {:5}\n",
        byte(0), byte(1), version(2), byte(4), byte(5), byte(6), byte(7)
    ))?;
    cx.print(format_args!(
        "  idVendor           {:#06x}\n  idProduct          {:#06x}\n  bcdDevice           {}\n  iManufacturer       {:5} {}\n  iProduct            {:5} {}\n  iSerial             {:5} {}\n  bNumConfigurations  {:5}\n",
        device.vendor, device.product, version(12), byte(14), own("manufacturer"), byte(15),
        own("product"), byte(16), own("serial"), byte(17)
    ))?;
    for (number, folder) in interfaces(device) {
        let of = |name: &str| hex(&folder, name).unwrap_or(0);
        let driver = link(&folder, "driver").unwrap_or_else(|| b"[none]".to_vec());
        cx.print(format_args!(
            "    Interface {number}: class {:3} subclass {:3} protocol {:3} endpoints {} driver {}\n",
            of("bInterfaceClass"),
            of("bInterfaceSubClass"),
            of("bInterfaceProtocol"),
            of("bNumEndpoints"),
            show_bytes(&driver)
        ))?;
    }
    Ok(())
}

/// The interfaces of a device: `1-1:1.0` of `1-1`.
fn interfaces(device: &Usb) -> Vec<(u64, PathBuf)> {
    let mut list = Vec::new();
    let start = [device.name.as_slice(), b":"].concat();
    for name in folder::names(&device.folder) {
        let roots = device.name.starts_with(b"usb") && name.as_bytes().contains(&b':');
        if name.as_bytes().starts_with(&start) || roots {
            let folder = device.folder.join(&name);
            if let Some(number) = hex(&folder, "bInterfaceNumber") {
                list.push((number, folder));
            }
        }
    }
    sort_by(&mut list, |a, b| a.0.cmp(&b.0));
    list
}

/// Classes of interfaces, as lsusb -t calls them.
const CLASSES: [(u64, &str); 14] = [
    (1, "Audio"),
    (2, "Communications"),
    (3, "Human Interface Device"),
    (6, "Imaging"),
    (7, "Printer"),
    (8, "Mass Storage"),
    (9, "Hub"),
    (10, "CDC Data"),
    (11, "Chip/SmartCard"),
    (14, "Video"),
    (16, "Audio/Video"),
    (224, "Wireless"),
    (254, "Application Specific Interface"),
    (255, "Vendor Specific Class"),
];

fn usb_tree(cx: &mut Ctx, list: &[Usb]) -> Result<Status, Error> {
    let mut roots: Vec<&Usb> =
        list.iter().filter(|device| device.name.starts_with(b"usb")).collect();
    sort_by(&mut roots, |a, b| b.bus.cmp(&a.bus));
    for root in roots {
        let driver = std::fs::canonicalize(&root.folder).ok();
        let driver = driver.and_then(|path| link(path.parent()?, "driver")).unwrap_or_default();
        cx.print(format_args!(
            "/:  Bus {:02}.Port 1: Dev {}, Class=root_hub, Driver={}/{}p, {}M\n",
            root.bus,
            root.number,
            show_bytes(&driver),
            decimal(&root.folder, "maxchild").unwrap_or(0),
            show_bytes(&text(&root.folder, "speed"))
        ))?;
        // `2-1.4` is on port 4 of `2-1`, `2-1` on port 1 of bus 2
        let mut waiting = vec![(format!("{}-", root.bus).into_bytes(), 1)];
        while let Some((start, depth)) = waiting.pop() {
            let mut below: Vec<(&Usb, u64)> = Vec::new();
            for device in list {
                let port = device.name.strip_prefix(start.as_slice());
                let port = port.and_then(|port| std::str::from_utf8(port).ok()?.parse().ok());
                below.extend(port.map(|port| (device, port)));
            }
            sort_by(&mut below, |a, b| a.1.cmp(&b.1));
            for (device, port) in below {
                for (number, folder) in interfaces(device) {
                    let class = hex(&folder, "bInterfaceClass").unwrap_or(0);
                    let known = CLASSES.iter().find(|(other, _)| *other == class);
                    let driver = link(&folder, "driver").unwrap_or_default();
                    let ports = match decimal(&device.folder, "maxchild") {
                        Some(ports) if ports > 0 => format!("/{ports}p"),
                        _ => String::new(),
                    };
                    cx.print(format_args!(
                        "{}|__ Port {port}: Dev {}, If {number}, Class={}, Driver={}{ports}, {}M\n",
                        "    ".repeat(depth),
                        device.number,
                        known.map_or("", |(_, name)| name),
                        show_bytes(&driver),
                        show_bytes(&text(&device.folder, "speed"))
                    ))?;
                }
                let mut next = device.name.clone();
                next.push(b'.');
                waiting.push((next, depth + 1));
            }
        }
    }
    Ok(Status::OK)
}

/// SCSI's kinds of devices: as lsscsi calls them, as /proc/scsi/scsi does.
const KINDS: [(&str, &str); 15] = [
    ("disk", "Direct-Access"),
    ("tape", "Sequential-Access"),
    ("printer", "Printer"),
    ("process", "Processor"),
    ("worm", "Write-once"),
    ("cd/dvd", "CD-ROM"),
    ("scanner", "Scanner"),
    ("optical", "Optical memory"),
    ("mediumx", "Medium Changer"),
    ("comms", "Communications"),
    ("(0xa)", "Unknown (0xa)"),
    ("(0xb)", "Unknown (0xb)"),
    ("storage", "Storage array"),
    ("enclosu", "Enclosure"),
    ("sim dsk", "Simplified direct-access"),
];

fn lsscsi(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx
        .parse(
            "c,classic d,device g,generic H,hosts|controllers k,kname l,long s,size v,verbose y:sysfsroot \
             b,brief N,no-nvme i,scsi_id t,transport w,wwn u,unit p,protection L,list x,lunhex D,pdt S,sz-lbs",
        )
        .map_err(|e| e.with(Status::FAILURE))?;
    options.at_most(1).map_err(|e| e.with(Status::FAILURE))?;
    let mut root = PathBuf::from("/sys");
    while let Some(letter) = options.next() {
        if letter == b'y' {
            root = PathBuf::from(options.value());
        }
    }
    let has = |letter: u8| options.has(letter);
    if has(b'H') {
        return hosts(cx, &root, has(b'v'));
    }
    let path = root.join("bus/scsi/devices");
    let filter: Vec<Vec<u8>> = options.operands.first().map_or_else(Vec::new, |word| {
        let word = word.as_bytes();
        let word = word.strip_prefix(b"[").unwrap_or(word);
        let word = word.strip_suffix(b"]").unwrap_or(word);
        word.split(|&b| b == b':').map(<[u8]>::to_vec).collect()
    });
    let mut list: Vec<(Vec<u64>, PathBuf)> = Vec::new();
    for name in folder::names(&path) {
        let numbers: Vec<Option<u64>> = name
            .as_bytes()
            .split(|&b| b == b':')
            .map(|part| std::str::from_utf8(part).ok()?.parse().ok())
            .collect();
        let [Some(host), Some(channel), Some(target), Some(lun)] = numbers.as_slice() else {
            continue;
        };
        let numbers = vec![*host, *channel, *target, *lun];
        let fits = filter.iter().zip(&numbers).all(|(want, have)| {
            matches!(want.as_slice(), b"*" | b"-" | b"") || *want == have.to_string().into_bytes()
        });
        if fits {
            list.push((numbers, path.join(&name)));
        }
    }
    sort_by(&mut list, |a, b| a.0.cmp(&b.0));
    if has(b'c') {
        cx.put(b"Attached devices: \n")?;
    }
    for (numbers, folder) in &list {
        let [host, channel, target, lun] = numbers.as_slice() else { continue };
        let kind = decimal(folder, "type").and_then(|kind| usize::try_from(kind).ok());
        let (short, long) =
            kind.and_then(|kind| KINDS.get(kind)).unwrap_or(&("unknown", "Unknown"));
        let raw = |name: &str| show_bytes(&text(folder, name)).to_string();
        let (vendor, model, revision) = (raw("vendor"), raw("model"), raw("rev"));
        if has(b'c') {
            cx.print(format_args!(
                "Host: scsi{host} Channel: {channel:02} Target: {target:02} Lun: {lun:02}\n  Vendor: {vendor:<8} Model: {model:<16} Rev: {revision:<4}\n  Type:   {long:<33}ANSI SCSI revision: {:02x}\n",
                decimal(folder, "scsi_level").unwrap_or(1).saturating_sub(1)
            ))?;
            continue;
        }
        let place = format!("[{host}:{channel}:{target}:{lun}]");
        if has(b'b') {
            cx.print(format_args!("{place:<13}"))?;
        } else {
            cx.print(format_args!("{place:<13}{short:<8}{vendor:<8} {model:<16} {revision:<4}  "))?;
        }
        node(cx, folder, &["block", "tape", "scsi_tape"], has(b'd'), has(b'k'))?;
        if has(b'g') {
            node(cx, folder, &["scsi_generic"], has(b'd'), has(b'k'))?;
        }
        if has(b's') {
            let block = child(&folder.join("block"));
            let sectors = block.and_then(|block| decimal(&block, "size"));
            let shown = sectors.map_or("-".to_string(), |sectors| {
                size::human_decimal(sectors.saturating_mul(512))
            });
            cx.print(format_args!("{shown:>7}"))?;
        }
        cx.put(b"\n")?;
        if has(b'l') {
            cx.print(format_args!(
                "  state={} queue_depth={} scsi_level={} type={} device_blocked={} timeout={}\n",
                raw("state"),
                raw("queue_depth"),
                decimal(folder, "scsi_level").unwrap_or(0),
                raw("type"),
                raw("device_blocked"),
                raw("timeout")
            ))?;
        }
        if has(b'v') {
            let place = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.clone());
            cx.print(format_args!(
                "  dir: {}  [{}]\n",
                crate::applet::show(folder),
                crate::applet::show(&place)
            ))?;
        }
    }
    Ok(Status::OK)
}

/// The one folder in a folder.
fn child(path: &Path) -> Option<PathBuf> {
    folder::names(path).first().map(|name| path.join(name))
}

/// The node of a device: what is below one of these folders.
fn node(
    cx: &mut Ctx,
    device: &Path,
    kinds: &[&str],
    numbers: bool,
    kernel: bool,
) -> Result<(), Error> {
    let found = kinds.iter().find_map(|kind| child(&device.join(kind)));
    let name = found.as_ref().and_then(|path| path.file_name());
    let shown = match name {
        Some(name) if kernel => crate::applet::show(name).to_string(),
        Some(name) => format!("/dev/{}", crate::applet::show(name).to_string().replace('!', "/")),
        None => "-".to_string(),
    };
    cx.print(format_args!("{shown:<9}"))?;
    if numbers && let Some(found) = &found {
        cx.print(format_args!("[{}]", show_bytes(&text(found, "dev"))))?;
    }
    Ok(())
}

fn hosts(cx: &mut Ctx, root: &Path, verbose: bool) -> Result<Status, Error> {
    let path = root.join("class/scsi_host");
    let mut list = Vec::new();
    for name in folder::names(&path) {
        let number = name.as_bytes().strip_prefix(b"host");
        let number = number.and_then(|n| std::str::from_utf8(n).ok()?.parse::<u64>().ok());
        list.extend(number.map(|number| (number, path.join(&name))));
    }
    sort_by(&mut list, |a, b| a.0.cmp(&b.0));
    for (number, folder) in list {
        let place = format!("[{number}]");
        cx.print(format_args!(
            "{place:<6}  {:<12}\n",
            show_bytes(&text(&folder, "proc_name")).to_string()
        ))?;
        if verbose {
            cx.print(format_args!("  dir: {}\n", crate::applet::show(&folder)))?;
        }
    }
    Ok(Status::OK)
}
