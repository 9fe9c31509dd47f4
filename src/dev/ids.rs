//! Names of vendors, devices and classes by `pci.ids` and `usb.ids`, where a
//! system has these files; the classes of PCI are known without.

/// The text of a file of ids, or nothing.
pub struct Ids(Vec<u8>);

/// Where distributions have such files.
const FOLDERS: [&str; 4] =
    ["/usr/share/misc", "/usr/share/hwdata", "/var/lib/usbutils", "/usr/share"];

/// Classes of PCI (PCI Code and ID Assignment Specification): what is told
/// where there is no `pci.ids`.
const CLASSES: &[u8] = b"C 00  Unclassified device\nC 01  Mass storage controller\n\
\t00  SCSI storage controller\n\t01  IDE interface\n\t02  Floppy disk controller\n\
\t04  RAID bus controller\n\t05  ATA controller\n\t06  SATA controller\n\
\t07  Serial Attached SCSI controller\n\t08  Non-Volatile memory controller\n\
C 02  Network controller\n\t00  Ethernet controller\n\t80  Network controller\n\
C 03  Display controller\n\t00  VGA compatible controller\n\t02  3D controller\n\
C 04  Multimedia controller\n\t01  Multimedia audio controller\n\t03  Audio device\n\
C 05  Memory controller\n\t00  RAM memory\nC 06  Bridge\n\t00  Host bridge\n\
\t01  ISA bridge\n\t04  PCI bridge\n\t07  CardBus bridge\n\t80  Bridge\n\
C 07  Communication controller\n\t00  Serial controller\n\t01  Parallel controller\n\
\t80  Communication controller\nC 08  Generic system peripheral\n\t00  PIC\n\
\t01  DMA controller\n\t02  Timer\n\t03  RTC\n\t05  SD Host controller\n\t06  IOMMU\n\
\t80  System peripheral\nC 09  Input device controller\nC 0a  Docking station\n\
C 0b  Processor\nC 0c  Serial bus controller\n\t00  FireWire (IEEE 1394)\n\
\t03  USB controller\n\t04  Fibre Channel\n\t05  SMBus\nC 0d  Wireless controller\n\
\t80  Network controller\nC 0e  Intelligent controller\nC 0f  Satellite communications controller\n\
C 10  Encryption controller\nC 11  Signal processing controller\nC 12  Processing accelerators\n\
C 13  Non-Essential Instrumentation\nC 40  Coprocessor\nC ff  Unassigned class\n";

impl Ids {
    /// Reads the file of this name (`pci.ids`).
    pub fn read(name: &str) -> Ids {
        for folder in FOLDERS {
            if let Ok(text) = crate::sys::file::read(format!("{folder}/{name}")) {
                return Ids(text);
            }
        }
        Ids(CLASSES.to_vec())
    }

    /// Of a text.
    pub fn of_text(text: &[u8]) -> Ids {
        Ids(text.to_vec())
    }

    /// The name under `words`: a vendor (`8086`), a vendor and a device, and
    /// with `C ` before the first a class and a subclass. Words are in small
    /// letters.
    pub fn name(&self, words: &[&str]) -> Option<&[u8]> {
        let mut depth = 0;
        for line in self.0.split(|&b| b == b'\n') {
            let tabs = line.iter().take_while(|&&b| b == b'\t').count();
            if line.is_empty() || line.starts_with(b"#") || tabs > depth {
                continue;
            }
            if tabs < depth {
                // the part of those above is over
                return None;
            }
            let word = words.get(depth)?;
            let text = line.get(tabs..).unwrap_or_default();
            if let Some(rest) = text.strip_prefix(word.as_bytes())
                && let Some(name) = rest.strip_prefix(b"  ").or_else(|| rest.strip_prefix(b" "))
            {
                depth += 1;
                if depth == words.len() {
                    return Some(name);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_under_names() {
        let ids = Ids::of_text(
            b"# x\n8086  Intel\n\t0d57  Thing\n\t\t1af4 1100  Sub\n\t1000  Net\n8087  Other\n\t1000  No\nC 02  Network\n\t00  Ethernet\n",
        );
        assert_eq!(ids.name(&["8086"]), Some(&b"Intel"[..]));
        assert_eq!(ids.name(&["8086", "1000"]), Some(&b"Net"[..]));
        assert_eq!(ids.name(&["8086", "0d57", "1af4 1100"]), Some(&b"Sub"[..]));
        assert_eq!(ids.name(&["8086", "9999"]), None);
        assert_eq!(ids.name(&["C 02", "00"]), Some(&b"Ethernet"[..]));
        let classes = Ids::of_text(CLASSES);
        assert_eq!(classes.name(&["C 06", "00"]), Some(&b"Host bridge"[..]));
        assert_eq!(classes.name(&["C ff"]), Some(&b"Unassigned class"[..]));
    }
}
