//! The commands that change a table.

use super::{Target, type_name};
use crate::applet::{Ctx, Error, Status, show_bytes};
use crate::blk::identity;
use crate::blk::probe::text::guid as guid_text;
use crate::disklabel::{Label, Slot, dos_id_text, guid};
use crate::table::{Column, Form, Kind, Table};
use crate::{parttypes, size};

/// The conversation.
struct Talk<'a, 'b> {
    cx: &'a mut Ctx<'b>,
    target: Target,
}

/// Why there is no answer.
enum Stop {
    /// Nobody is there to answer.
    Ended,
    /// It went wrong.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Failed(error)
    }
}

const HELP: &str = "
Help:

  Generic
   a   toggle a bootable flag (MBR)
   d   delete a partition
   F   list free unpartitioned space
   l   list known partition types
   n   add a new partition
   p   print the partition table
   t   change a partition type
   v   verify the partition table
   i   print information about a partition
   x   change the disk's identifier (i), a partition's name (n) or UUID (u)

  Save & Exit
   w   write table to disk and exit
   q   quit without saving changes

  Create a new label
   g   create a new empty GPT partition table
   o   create a new empty MBR (DOS) partition table

";

const WELCOME: &str = "
Welcome to fdisk.
Changes will remain in memory only, until you decide to write them.
Be careful before using the write command.

";

/// Aliases of types: name, type of an MBR, number of a GPT's.
const ALIASES: [(&[u8], u8, u32); 7] = [
    (b"linux", 0x83, 20),
    (b"swap", 0x82, 19),
    (b"home", 0x83, 41),
    (b"extended", 0x05, 0),
    (b"uefi", 0xef, 1),
    (b"raid", 0xfd, 42),
    (b"lvm", 0x8e, 43),
];

/// Talks until the table is written or given up.
pub(super) fn run(cx: &mut Ctx, target: Target) -> Result<Status, Error> {
    cx.put(WELCOME.as_bytes())?;
    if target.from_backup {
        cx.put(
            b"The primary GPT table is corrupt, but the backup appears OK, so that will be used.\n",
        )?;
    }
    let mut talk = Talk { cx, target };
    if talk.target.label.is_none() {
        talk.cx.put(b"Device does not contain a recognized partition table.\n")?;
        talk.create(false)?;
    }
    loop {
        match talk.command() {
            Ok(true) => {}
            Ok(false) => return Ok(Status::OK),
            Err(Stop::Ended) => {
                talk.cx.put(b"\n")?;
                return Err(Error::msg("end of the input: nothing is written"));
            }
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
}

impl Talk<'_, '_> {
    /// Asks, and reads a line.
    fn ask(&mut self, question: &str) -> Result<Vec<u8>, Stop> {
        self.cx.put(question.as_bytes())?;
        self.cx.flush()?;
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            match nix::unistd::read(self.cx.stdin, &mut byte) {
                Ok(1) if byte == *b"\n" => break,
                Ok(1) if line.len() < 4096 => line.extend_from_slice(&byte),
                Ok(1) => {}
                Err(nix::errno::Errno::EINTR) => {}
                _ if line.is_empty() => return Err(Stop::Ended),
                _ => break,
            }
        }
        Ok(line.trim_ascii().to_vec())
    }

    fn say(&mut self, text: &str) -> Result<(), Stop> {
        self.cx.put(text.as_bytes())?;
        self.cx.put(b"\n")?;
        Ok(())
    }

    fn label(&mut self) -> Result<&mut Label, Stop> {
        self.target.label.as_mut().ok_or(Stop::Ended)
    }

    /// One command; false at the end.
    fn command(&mut self) -> Result<bool, Stop> {
        let line = self.ask("\nCommand (m for help): ")?;
        match line.first().copied().unwrap_or(b'\n') {
            b'\n' => {}
            b'm' | b'h' | b'?' => self.say(HELP)?,
            b'p' => {
                let text = self.target.shown();
                self.cx.put(&text)?;
            }
            b'q' => {
                self.say("")?;
                return Ok(false);
            }
            b'w' => {
                self.target.write(self.cx)?;
                self.say("")?;
                return Ok(false);
            }
            b'g' => self.create(true)?,
            b'o' => self.create(false)?,
            b'n' => self.add()?,
            b'd' => self.delete()?,
            b't' => self.change_type()?,
            b'a' => self.toggle_boot()?,
            b'l' | b'L' => self.list_types()?,
            b'F' => self.list_free()?,
            b'v' => self.verify()?,
            b'i' => self.inform()?,
            b'x' => while self.expert()? {},
            b'u' => self.say("Units are sectors.")?,
            b'c' => self.say("DOS Compatibility flag is not set.")?,
            _ => self.say(&format!("{}: unknown command", show_bytes(&line)))?,
        }
        Ok(true)
    }

    fn create(&mut self, gpt: bool) -> Result<(), Error> {
        let id = identity::random();
        let label = Label::new(gpt, id, self.target.total(), self.target.sector);
        let line = if gpt {
            let id = guid_text(&id).to_ascii_uppercase();
            format!("Created a new GPT disklabel (GUID: {}).\n", show_bytes(&id))
        } else {
            let id = dos_id_text(label.dos_id());
            format!("Created a new DOS (MBR) disklabel with disk identifier {}.\n", show_bytes(&id))
        };
        self.target.label = Some(label);
        self.cx.put(line.as_bytes())
    }

    /// A number in a range; none is the default.
    fn number(&mut self, question: &str, least: u64, most: u64, default: u64) -> Result<u64, Stop> {
        loop {
            let line = self.ask(&format!("{question} ({least}-{most}, default {default}): "))?;
            if line.is_empty() {
                return Ok(default);
            }
            let number = std::str::from_utf8(&line).ok().and_then(|text| text.parse().ok());
            match number {
                Some(number) if (least..=most).contains(&number) => return Ok(number),
                Some(_) => self.say("Value out of range.")?,
                None => {}
            }
        }
    }

    /// One of the partitions that there are.
    fn existing(&mut self) -> Result<Option<u32>, Stop> {
        let numbers: Vec<u32> = self.label()?.slots.iter().map(|slot| slot.number).collect();
        let Some(&last) = numbers.last() else {
            self.say("No partition is defined yet!")?;
            return Ok(None);
        };
        if numbers.len() == 1 {
            self.say(&format!("Selected partition {last}"))?;
            return Ok(Some(last));
        }
        let question = format!("Partition number ({}, default {last}): ", ranges(&numbers));
        loop {
            let line = self.ask(&question)?;
            if line.is_empty() {
                return Ok(Some(last));
            }
            let number = std::str::from_utf8(&line).ok().and_then(|text| text.parse().ok());
            match number {
                Some(number) if numbers.contains(&number) => return Ok(Some(number)),
                Some(_) => self.say("Value out of range.")?,
                None => {}
            }
        }
    }

    /// A number for a new partition.
    fn free_number(&mut self, numbers: &[u32]) -> Result<u32, Stop> {
        let first = numbers.first().copied().unwrap_or(1);
        if numbers.len() == 1 {
            self.say(&format!("Selected partition {first}"))?;
            return Ok(first);
        }
        let question = format!("Partition number ({}, default {first}): ", ranges(numbers));
        loop {
            let line = self.ask(&question)?;
            if line.is_empty() {
                return Ok(first);
            }
            let number = std::str::from_utf8(&line).ok().and_then(|text| text.parse().ok());
            match number {
                Some(number) if numbers.contains(&number) => return Ok(number),
                Some(_) => self.say("Value out of range.")?,
                None => {}
            }
        }
    }

    fn add(&mut self) -> Result<(), Stop> {
        let label = self.label()?;
        if label.gpt {
            let numbers = label.free_numbers(false);
            if numbers.is_empty() {
                return self.say("All partition numbers are in use.");
            }
            if label.free(false).is_empty() {
                return self.say("No enough free sectors available.");
            }
            let number = self.free_number(&numbers)?;
            return self.place(number, false, false);
        }
        let numbers = label.free_numbers(false);
        let container = label.extended().is_some();
        let logical_room = container && !label.free(true).is_empty();
        let primary_room = label.free(false).iter().any(|(a, b)| label.has_room(*a, *b));
        let primaries = label.slots.iter().filter(|s| s.number <= 4 && !s.is_extended()).count();
        if numbers.is_empty() || !primary_room {
            let what = if numbers.is_empty() {
                "All primary partitions are"
            } else {
                "All space for primary partitions is"
            };
            self.say(&format!("{what} in use."))?;
            if !container {
                if numbers.is_empty() {
                    self.say(
                        "To create more than four partitions, you must replace a primary \
                         partition with an extended partition first.",
                    )?;
                }
                return Ok(());
            }
            return self.add_logical();
        }
        let mut text = format!(
            "Partition type\n   p   primary ({primaries} primary, {} extended, {} free)\n",
            usize::from(container),
            numbers.len()
        );
        text.push_str(if container {
            "   l   logical (numbered from 5)\n"
        } else {
            "   e   extended (container for logical partitions)\n"
        });
        let default = if numbers.len() == 1 && !container { "e" } else { "p" };
        text.push_str(&format!("Select (default {default}): "));
        let line = self.ask(&text)?;
        let word = if line.is_empty() { default.as_bytes() } else { line.as_slice() };
        match word.first() {
            Some(b'p') => {
                let number = self.free_number(&numbers)?;
                self.place(number, false, false)
            }
            Some(b'e') if !container => {
                let number = self.free_number(&numbers)?;
                self.place(number, false, true)
            }
            Some(b'l') if container && logical_room => self.add_logical(),
            _ => {
                let text = format!("Invalid partition type `{}'.", show_bytes(word));
                self.say(&text)
            }
        }
    }

    fn add_logical(&mut self) -> Result<(), Stop> {
        let number = self.label()?.free_numbers(true).first().copied().unwrap_or(5);
        self.say(&format!("Adding logical partition {number}"))?;
        self.place(number, true, false)
    }

    /// Asks where, and adds the partition.
    fn place(&mut self, number: u32, logical: bool, extended: bool) -> Result<(), Stop> {
        let label = self.label()?;
        let areas = label.free(logical);
        // The first area with an aligned place, otherwise the first.
        let roomy = areas.iter().find(|(a, b)| label.has_room(*a, *b));
        let Some(&area) = roomy.or(areas.first()) else {
            return self.say("No free sectors available.");
        };
        let best = label.best_start(area);
        let most = areas.last().map_or(area.1, |(_, last)| *last);
        let start = loop {
            let start = self.number("First sector", area.0, most, best)?;
            if areas.iter().any(|(a, b)| (*a..=*b).contains(&start)) {
                break start;
            }
            self.say(&format!("Sector {start} is already allocated."))?;
        };
        let limit = areas.iter().find(|(a, b)| (*a..=*b).contains(&start)).map_or(most, |a| a.1);
        let end = self.end(start, limit)?;
        let mut slot = Slot::new(number, start, end + 1 - start);
        if extended {
            slot.kind = 0x05;
        }
        slot.uuid = disk_uuid();
        slot.guid = guid(b"0FC63DAF-8483-4772-8E79-3D69D8477DE4").unwrap_or_default();
        let sector = self.target.sector;
        let label = self.label()?;
        let text = format!(
            "\nCreated a new partition {number} of type '{}' and of size {}.",
            show_bytes(&type_name(label, &slot)),
            size::rounded_long(slot.size.saturating_mul(sector))
        );
        label.add(slot);
        self.say(&text)
    }

    /// The last sector: a number, or a size behind `+`, or what is left behind
    /// it after `-`.
    fn end(&mut self, start: u64, limit: u64) -> Result<u64, Stop> {
        let label = self.label()?;
        let default = if label.gpt {
            let whole = (limit + 1) / label.grain() * label.grain();
            if whole > start { whole - 1 } else { limit }
        } else {
            limit
        };
        let question = format!(
            "Last sector, +/-sectors or +/-size{{K,M,G,T,P}} ({start}-{limit}, default {default}): "
        );
        loop {
            let line = self.ask(&question)?;
            let end = match line.split_first() {
                None => Some(default),
                Some((b'+', rest)) => self.relative(rest).and_then(|(n, bytes)| {
                    let label = self.target.label.as_ref()?;
                    let sectors = if bytes { n / label.sector } else { n };
                    if start.saturating_add(sectors) > limit.saturating_add(u64::from(bytes)) {
                        return Some(u64::MAX);
                    }
                    Some(if bytes { label.end_of(start, n, limit) } else { start + sectors })
                }),
                Some((b'-', rest)) => self.relative(rest).and_then(|(n, bytes)| {
                    let label = self.target.label.as_ref()?;
                    let sectors = if bytes { n / label.sector } else { n };
                    let stop = limit.checked_sub(sectors)?;
                    let large = bytes && sectors >= label.grain();
                    Some(if large { label.aligned_end(start, stop, limit) } else { stop })
                }),
                Some(_) => self.relative(&line).map(|(n, _)| n),
            };
            match end {
                Some(end) if (start..=limit).contains(&end) => return Ok(end),
                _ => self.say("Value out of range.")?,
            }
        }
    }

    /// A number of sectors, or with a unit of bytes.
    fn relative(&self, text: &[u8]) -> Option<(u64, bool)> {
        let text = text.trim_ascii();
        let digits = text.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
        let (number, unit) = text.split_at_checked(digits)?;
        let unit = unit.trim_ascii();
        if unit.is_empty() {
            return Some((std::str::from_utf8(number).ok()?.parse().ok()?, false));
        }
        if unit == b"S" || unit == b"s" {
            return Some((std::str::from_utf8(number).ok()?.parse().ok()?, false));
        }
        let factor = size::parse(&[b"1", unit].concat())?;
        let mut parts = number.split(|&b| b == b'.');
        let of = |part: &[u8]| std::str::from_utf8(part).ok()?.parse::<u64>().ok();
        let mut bytes = of(parts.next()?)?.checked_mul(factor)?;
        if let Some(part) = parts.next() {
            let tens = 10u64.checked_pow(u32::try_from(part.len()).ok()?)?;
            bytes = bytes.checked_add(of(part)?.checked_mul(factor)? / tens)?;
        }
        Some((bytes, true))
    }

    fn delete(&mut self) -> Result<(), Stop> {
        let Some(number) = self.existing()? else { return Ok(()) };
        self.label()?.remove(number);
        self.say(&format!("Partition {number} has been deleted."))
    }

    fn change_type(&mut self) -> Result<(), Stop> {
        let Some(number) = self.existing()? else { return Ok(()) };
        let gpt = self.label()?.gpt;
        let question = if gpt {
            "Partition type or alias (type L to list all): "
        } else {
            "Hex code or alias (type L to list all): "
        };
        loop {
            let line = self.ask(question)?;
            if line.is_empty() {
                return Ok(());
            }
            if line == b"L" || line == b"l" {
                self.list_types()?;
                continue;
            }
            let alias = ALIASES.iter().find(|(name, ..)| line.eq_ignore_ascii_case(name));
            let text = std::str::from_utf8(&line).unwrap_or_default();
            let dos = match alias {
                Some((_, kind, _)) => Some(*kind),
                None => u8::from_str_radix(text.trim_start_matches("0x"), 16).ok(),
            };
            let wanted = alias.map(|(.., number)| *number).or(text.parse().ok());
            let named = parttypes::gpt().find(|(n, ..)| Some(*n) == wanted).map(|(_, id, _)| id);
            let id = guid(named.unwrap_or(&line));
            let label = self.label()?;
            let old = label.slot(number).map(|slot| slot.clone());
            let Some(mut new) = old.clone() else { return Ok(()) };
            match (gpt, dos, id) {
                (true, _, Some(id)) => new.guid = id,
                (false, Some(kind), _) => {
                    let was = new.is_extended();
                    new.kind = kind;
                    if was != new.is_extended() {
                        return self.say(
                            "You cannot change a partition into an extended one or vice versa.\n\
                             Delete it first.",
                        );
                    }
                }
                _ => {
                    self.say(&format!("Failed to parse '{}' partition type.", show_bytes(&line)))?;
                    continue;
                }
            }
            let name = |slot: &Slot| show_bytes(&type_name(label, slot)).to_string();
            let (before, after) = (old.map(|slot| name(&slot)).unwrap_or_default(), name(&new));
            if let Some(slot) = label.slot(number) {
                *slot = new;
            }
            return self.say(&format!("Changed type of partition '{before}' to '{after}'."));
        }
    }

    fn toggle_boot(&mut self) -> Result<(), Stop> {
        if self.label()?.gpt {
            return self.say("a: unknown command");
        }
        let Some(number) = self.existing()? else { return Ok(()) };
        let Some(slot) = self.label()?.slot(number) else { return Ok(()) };
        slot.flags ^= 0x80;
        let state = if slot.flags & 0x80 == 0 { "disabled" } else { "enabled" };
        self.say(&format!("The bootable flag on partition {number} is {state} now."))
    }

    fn list_types(&mut self) -> Result<(), Stop> {
        let mut out = Vec::new();
        if self.label()?.gpt {
            for (number, id, name) in parttypes::gpt() {
                let line = format!(
                    "{number:>3} {:<30} {}\n",
                    show_bytes(name).to_string(),
                    show_bytes(id)
                );
                out.extend_from_slice(line.as_bytes());
            }
        } else {
            for (number, name) in parttypes::dos() {
                out.extend_from_slice(format!("{number:02x} {}\n", show_bytes(name)).as_bytes());
            }
        }
        out.extend_from_slice(b"\nAliases:\n");
        for (name, kind, number) in ALIASES {
            let name = show_bytes(name).to_string();
            let line = if self.label()?.gpt {
                format!("   {name:<14} - {number}\n")
            } else {
                format!("   {name:<14} - {kind:02X}\n")
            };
            out.extend_from_slice(line.as_bytes());
        }
        self.cx.put(&out)?;
        Ok(())
    }

    fn list_free(&mut self) -> Result<(), Stop> {
        let sector = self.target.sector;
        let label = self.label()?;
        let mut areas = label.free(false);
        if label.extended().is_some() {
            areas.extend(label.free(true));
        }
        areas.retain(|(a, b)| b - a + 1 >= label.grain());
        let mut table = Table::default();
        let mut sum = 0;
        for (first, last) in areas {
            let count = last - first + 1;
            sum += count;
            let mut cells = Vec::new();
            for number in [first, last, count] {
                cells.push(Some(number.to_string().into_bytes()));
            }
            cells.push(Some(size::rounded(count * sector).into_bytes()));
            table.add(cells, None);
        }
        let head = format!(
            "Unpartitioned space {}: {}, {} bytes, {sum} sectors\n{}",
            crate::applet::show(&self.target.path),
            size::rounded_long(sum * sector),
            sum * sector,
            self.target.units()
        );
        let mut out = head.into_bytes();
        if !table.rows.is_empty() {
            out.push(b'\n');
            for name in [&b"Start"[..], b"End", b"Sectors", b"Size"] {
                table.columns.push(Column::right(name, 0));
            }
            table.write(&Form::new(Kind::Aligned), &mut out);
        }
        self.cx.put(&out)?;
        Ok(())
    }

    fn verify(&mut self) -> Result<(), Stop> {
        let label = self.label()?;
        let mut faults = Vec::new();
        for slot in &label.slots {
            if slot.end() >= label.total {
                faults.push(format!("Partition {} ends behind the disk.", slot.number));
            }
            for other in label.slots.iter().filter(|other| other.number > slot.number) {
                let inside = slot.is_extended() && !label.gpt && other.number > 4;
                if !inside && slot.start <= other.end() && other.start <= slot.end() {
                    faults
                        .push(format!("Partitions {} and {} overlap.", slot.number, other.number));
                }
            }
        }
        let used: u64 =
            label.slots.iter().filter(|s| s.number <= 4 || label.gpt).map(|s| s.size).sum();
        let (total, sector) = (label.total, label.sector);
        for fault in &faults {
            self.say(fault)?;
        }
        if faults.is_empty() {
            self.say("No errors detected.")?;
        } else {
            self.say(&format!("{} error(s) detected.", faults.len()))?;
        }
        self.say(&format!(
            "Remaining {} unallocated {sector}-byte sectors.",
            total.saturating_sub(used)
        ))
    }

    fn inform(&mut self) -> Result<(), Stop> {
        let Some(number) = self.existing()? else { return Ok(()) };
        let name = self.target.part_name(number);
        let sector = self.target.sector;
        let label = self.label()?;
        let Some(slot) = label.slot(number).map(|slot| slot.clone()) else { return Ok(()) };
        let mut text = format!(
            "\n         Device: {}\n          Start: {}\n            End: {}\n        Sectors: {}\n           Size: {}\n",
            show_bytes(&name),
            slot.start,
            slot.end(),
            slot.size,
            size::rounded(slot.size.saturating_mul(sector))
        );
        if !label.gpt {
            text.push_str(&format!("             Id: {:x}\n", slot.kind));
        }
        text.push_str(&format!("           Type: {}\n", show_bytes(&type_name(label, &slot))));
        if label.gpt {
            let units: Vec<u16> = slot
                .name
                .chunks_exact(2)
                .map(|c| u16::from_le_bytes([c[0], c[1]]))
                .take_while(|&u| u != 0)
                .collect();
            let name = String::from_utf16_lossy(&units);
            text.push_str(&format!(
                "      Type-UUID: {}\n           UUID: {}\n           Name: {}\n",
                show_bytes(&guid_text(&slot.guid).to_ascii_uppercase()),
                show_bytes(&guid_text(&slot.uuid).to_ascii_uppercase()),
                show_bytes(name.as_bytes())
            ));
        }
        self.cx.put(text.as_bytes())?;
        Ok(())
    }

    /// A command of the second menu; false when it is left.
    fn expert(&mut self) -> Result<bool, Stop> {
        let line = self.ask("\nExpert command (m for help): ")?;
        let gpt = self.label()?.gpt;
        match line.first() {
            None => {}
            Some(b'r') => return Ok(false),
            Some(b'p') => {
                let text = self.target.shown();
                self.cx.put(&text)?;
            }
            Some(b'i') => {
                let text = self.ask("\nEnter the new disk identifier: ")?;
                let digits = std::str::from_utf8(&text).unwrap_or_default();
                let number = match digits.strip_prefix("0x") {
                    Some(digits) => u32::from_str_radix(digits, 16).ok(),
                    None => digits.parse().ok(),
                };
                let label = self.label()?;
                match (gpt, guid(&text), number) {
                    (true, Some(id), _) => label.id = id,
                    (false, _, Some(id)) => label.set_dos_id(id),
                    _ => return self.say("Incorrect value.").map(|()| true),
                }
                self.say("Disk identifier changed.")?;
            }
            Some(b'n' | b'u') if gpt => {
                let Some(number) = self.existing()? else { return Ok(true) };
                let name = line.first() == Some(&b'n');
                let text = self.ask(if name {
                    "\nNew name: "
                } else {
                    "\nNew UUID (in 8-4-4-4-12 format): "
                })?;
                let id = guid(&text);
                let units = String::from_utf8_lossy(&text).into_owned();
                let Some(slot) = self.label()?.slot(number) else { return Ok(true) };
                if name {
                    slot.name = [0; 72];
                    for (to, unit) in slot.name.chunks_exact_mut(2).zip(units.encode_utf16()) {
                        to.copy_from_slice(&unit.to_le_bytes());
                    }
                } else if let Some(id) = id {
                    slot.uuid = id;
                } else {
                    self.say("Incorrect value.")?;
                }
            }
            Some(b'q') => return Err(Stop::Ended),
            Some(b'm') => self.say(HELP)?,
            Some(_) => self.say(&format!("{}: unknown command", show_bytes(&line)))?,
        }
        Ok(true)
    }
}

/// A new identifier in the disk's order of bytes: any order will do.
fn disk_uuid() -> [u8; 16] {
    guid(&crate::blk::probe::text::uuid(&identity::random())).unwrap_or_default()
}

/// `1-3,5,6`: numbers as fdisk lists them.
fn ranges(numbers: &[u32]) -> String {
    let mut text = String::new();
    let mut rest = numbers;
    while let Some((&first, _)) = rest.split_first() {
        let mut count = 1;
        while rest.get(count).is_some_and(|&n| Some(n) == rest.get(count - 1).map(|p| p + 1)) {
            count += 1;
        }
        let (run, behind) = rest.split_at(count.min(rest.len()));
        rest = behind;
        if !text.is_empty() {
            text.push(',');
        }
        match run.last() {
            Some(last) if count > 2 => text.push_str(&format!("{first}-{last}")),
            Some(last) if count == 2 => text.push_str(&format!("{first},{last}")),
            _ => text.push_str(&first.to_string()),
        }
    }
    text
}
