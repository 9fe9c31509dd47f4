//! Parameters and variables. POSIX.1-2024 XCU 2.5.
//!
//! A variable has a slot that it keeps as long as the shell lives; the syntax
//! tree remembers slots, so a variable is looked up by name once per place in
//! the script. `local` and assignments before a command save what they cover
//! in a journal.
//!
//! Deviation: fields are split at the bytes of IFS (2.6.5), not at its
//! characters, so one of several bytes in IFS splits at each of them. `"$*"` is
//! joined by the first character.

use std::ffi::{CString, OsString};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::rc::Rc;

use crate::characters::{self, Characters};

use super::ast::{Function, Name, is_name};
use super::fields::Fields;

/// Given to the commands that are run.
pub const EXPORTED: u8 = 1;
/// Can neither be set nor unset.
pub const READONLY: u8 = 2;
/// Has a meaning to the shell: see [`Hook`].
const HOOKED: u8 = 4;
/// Computed when it is looked at.
const DYNAMIC: u8 = 8;

/// A variable. Without value it is unset, but may be marked for export.
pub struct Var {
    /// Its name.
    pub name: Box<[u8]>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Bits: [`EXPORTED`], [`READONLY`].
    pub flags: u8,
    /// The subshell without process that has saved it last.
    stamp: u32,
}

/// Variables that mean something to the shell.
enum Hook {
    Ifs,
    Path,
    Optind,
    Locale,
}

/// A variable as it was.
struct Saved {
    slot: u32,
    value: Option<Vec<u8>>,
    flags: u8,
}

/// How a byte splits fields (2.6.5).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Not at all.
    No,
    /// As white space.
    Blank,
    /// By itself.
    Mark,
}

/// The variables of a shell.
pub struct Vars {
    list: Vec<Var>,
    /// Slots by hash of the name, open addressing; EMPTY where there is none.
    index: Vec<u32>,
    journal: Vec<Saved>,
    /// What the variables were before the subshells that have no process.
    undo: Vec<Saved>,
    /// The subshell without process that we are in, or 0, and how many there
    /// have been.
    subshell: u32,
    subshells: u32,
    ifs: [Split; 256],
    /// Entries of the environment that are no variables.
    foreign: Vec<Vec<u8>>,
    environment: Option<Vec<CString>>,
    os_environment: Option<Rc<[OsString]>>,
    /// What the locale has for characters.
    pub characters: Characters,
    /// Set when PATH has changed.
    pub path_changed: bool,
    /// Set when OPTIND has been assigned.
    pub optind_changed: bool,
    /// `set -a`
    pub export_all: bool,
    /// The line being executed, for LINENO.
    pub line: u32,
    /// The function being executed, for FUNCNAME.
    pub function: Option<Rc<Function>>,
    random: u32,
}

const EMPTY: u32 = u32::MAX;

/// Assigning to or unsetting a read-only variable.
#[derive(Debug)]
pub struct ReadOnly;

fn hash(name: &[u8]) -> usize {
    // FNV-1a: names are short, and nobody gains by making them collide.
    let mut h: u32 = 0x811c_9dc5;
    for byte in name {
        h = (h ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    }
    h as usize
}

impl Vars {
    /// The variables of an environment. `seed` starts `$RANDOM`.
    pub fn new<'e>(environment: impl Iterator<Item = &'e [u8]>, seed: u32) -> Vars {
        let mut vars = Vars {
            list: Vec::with_capacity(64),
            index: vec![EMPTY; 128],
            journal: Vec::new(),
            undo: Vec::new(),
            subshell: 0,
            subshells: 0,
            ifs: [Split::No; 256],
            foreign: Vec::new(),
            environment: None,
            os_environment: None,
            characters: Characters::Bytes,
            path_changed: false,
            optind_changed: false,
            export_all: false,
            line: 0,
            function: None,
            random: seed | 1,
        };
        for entry in environment {
            let equals = entry.iter().position(|b| *b == b'=');
            let (name, value) = entry.split_at(equals.unwrap_or(entry.len()));
            if is_name(name) && !value.is_empty() {
                let slot = vars.slot_of(name);
                if let Some(var) = vars.list.get_mut(slot as usize) {
                    var.value = Some(value.get(1..).unwrap_or_default().to_vec());
                    var.flags |= EXPORTED;
                }
            } else {
                vars.foreign.push(entry.to_vec());
            }
        }
        for (name, value) in [
            (b"IFS".as_slice(), Some(b" \t\n".as_slice())),
            (b"PATH", None),
            (b"OPTIND", Some(b"1")),
            (b"PS1", None),
            (b"PS2", Some(b"> ")),
            (b"PS4", Some(b"+ ")),
        ] {
            let slot = vars.slot_of(name);
            if let Some(var) = vars.list.get_mut(slot as usize) {
                // IFS is never taken from outside (2.5.3).
                if name == b"IFS" || name == b"OPTIND" || var.value.is_none() {
                    var.value = value.map(<[u8]>::to_vec);
                }
                if name == b"IFS" {
                    var.flags = 0;
                }
                if hook(name).is_some() {
                    var.flags |= HOOKED;
                }
            }
        }
        for name in [b"EPOCHSECONDS".as_slice(), b"FUNCNAME", b"HOSTNAME", b"LINENO", b"RANDOM"] {
            let slot = vars.slot_of(name);
            if let Some(var) = vars.list.get_mut(slot as usize)
                && (name != b"HOSTNAME" || var.value.is_none())
            {
                var.value = (name != b"FUNCNAME").then(Vec::new);
                var.flags = DYNAMIC;
            }
        }
        vars.read_ifs();
        vars.read_locale();
        vars
    }

    /// Where in the index a name is or would be, and its slot there.
    fn place(&self, name: &[u8]) -> (usize, Option<u32>) {
        let mask = self.index.len() - 1;
        let mut at = hash(name) & mask;
        while let Some(slot) = self.index.get(at).copied().filter(|s| *s != EMPTY) {
            if self.list.get(slot as usize).is_some_and(|v| *v.name == *name) {
                return (at, Some(slot));
            }
            at = (at + 1) & mask;
        }
        (at, None)
    }

    /// Whether a variable is set.
    pub fn is_set(&self, name: &[u8]) -> bool {
        let slot = self.place(name).1;
        slot.and_then(|s| self.list.get(s as usize)).is_some_and(|v| v.value.is_some())
    }

    /// The slot of a name, made when it is new.
    pub fn slot_of(&mut self, name: &[u8]) -> u32 {
        let at = match self.place(name) {
            (_, Some(slot)) => return slot,
            (at, None) => at,
        };
        let slot = self.list.len() as u32;
        // The others are there from the beginning.
        let flags = if characters::VARIABLES.contains(&name) { HOOKED } else { 0 };
        self.list.push(Var { name: name.into(), value: None, flags, stamp: 0 });
        if let Some(entry) = self.index.get_mut(at) {
            *entry = slot;
        }
        if self.list.len() * 2 > self.index.len() {
            self.grow();
        }
        slot
    }

    fn grow(&mut self) {
        let size = self.index.len() * 4;
        self.index.clear();
        self.index.resize(size, EMPTY);
        for (slot, var) in self.list.iter().enumerate() {
            let mut at = hash(&var.name) & (size - 1);
            while self.index.get(at).is_some_and(|s| *s != EMPTY) {
                at = (at + 1) & (size - 1);
            }
            if let Some(entry) = self.index.get_mut(at) {
                *entry = slot as u32;
            }
        }
    }

    /// The slot of a name in the tree, which remembers it.
    pub fn slot(&mut self, name: &Name) -> u32 {
        let known = name.slot.get();
        if known != Name::UNKNOWN {
            return known;
        }
        let slot = self.slot_of(&name.text);
        name.slot.set(slot);
        slot
    }

    /// The value in a slot.
    pub fn value(&mut self, slot: u32) -> Option<&[u8]> {
        if self.list.get(slot as usize)?.flags & DYNAMIC != 0 {
            self.compute(slot);
        }
        self.list.get(slot as usize)?.value.as_deref()
    }

    /// The value of the variable `name`.
    pub fn get(&mut self, name: &[u8]) -> Option<&[u8]> {
        let slot = self.slot_of(name);
        self.value(slot)
    }

    fn compute(&mut self, slot: u32) {
        let line = self.line;
        let Some(var) = self.list.get_mut(slot as usize) else { return };
        if *var.name == *b"FUNCNAME" {
            var.value = self.function.as_ref().map(|function| function.name.to_vec());
            return;
        }
        if *var.name == *b"HOSTNAME" {
            let names = nix::sys::utsname::uname().ok();
            var.value = names.map(|names| names.nodename().as_bytes().to_vec());
            return;
        }
        let number = if *var.name == *b"LINENO" {
            u64::from(line)
        } else if *var.name == *b"EPOCHSECONDS" {
            crate::sys::clock::now().as_secs()
        } else {
            // Marsaglia's xorshift: for spreading retries, not for secrets.
            let mut x = self.random;
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            self.random = x;
            u64::from((x >> 8) & 0x7fff)
        };
        let text = var.value.get_or_insert_default();
        text.clear();
        let _ = write!(text, "{number}");
    }

    /// How each byte splits fields.
    pub fn ifs(&self) -> &[Split; 256] {
        &self.ifs
    }

    /// A value and how each byte splits fields, together.
    pub fn value_and_ifs(&mut self, slot: u32) -> (Option<&[u8]>, &[Split; 256]) {
        if self.list.get(slot as usize).is_some_and(|v| v.flags & DYNAMIC != 0) {
            self.compute(slot);
        }
        (self.list.get(slot as usize).and_then(|v| v.value.as_deref()), &self.ifs)
    }

    /// Sets a variable through `write`, which gets its emptied value.
    pub fn set_with(
        &mut self,
        slot: u32,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), ReadOnly> {
        let export_all = self.export_all;
        self.save_for_subshell(slot);
        let Some(var) = self.list.get_mut(slot as usize) else { return Ok(()) };
        if var.flags & READONLY != 0 {
            return Err(ReadOnly);
        }
        var.flags &= !DYNAMIC;
        if export_all {
            var.flags |= EXPORTED;
        }
        let value = var.value.get_or_insert_default();
        value.clear();
        write(value);
        if var.flags & (EXPORTED | HOOKED) != 0 {
            self.changed(slot);
        }
        Ok(())
    }

    /// Sets a variable to the only field there is, whose memory is exchanged
    /// with that of the old value.
    pub fn set_from(&mut self, slot: u32, fields: &mut Fields) -> Result<(), ReadOnly> {
        self.set_with(slot, |value| fields.swap_text(value))
    }

    /// Appends to a variable that is set.
    pub fn append(&mut self, slot: u32, text: &[u8]) -> Result<(), ReadOnly> {
        let Some(var) = self.list.get_mut(slot as usize) else { return Ok(()) };
        let mut whole = if var.flags & READONLY == 0 && self.subshell == 0 {
            var.value.take().unwrap_or_default()
        } else {
            var.value.clone().unwrap_or_default()
        };
        whole.extend_from_slice(text);
        self.set_with(slot, |value| *value = whole)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), ReadOnly> {
        let slot = self.slot_of(name);
        self.set_with(slot, |v| v.extend_from_slice(value))
    }

    /// Sets a variable to a number.
    pub fn set_number(&mut self, slot: u32, number: i64) -> Result<(), ReadOnly> {
        self.set_with(slot, |v| crate::digits::push_signed(v, number))
    }

    /// Unsets a variable.
    pub fn unset(&mut self, name: &[u8]) -> Result<(), ReadOnly> {
        let slot = self.slot_of(name);
        self.take_value(slot, HOOKED)
    }

    /// Takes a variable's value, and the marks that are not among `kept`.
    pub fn take_value(&mut self, slot: u32, kept: u8) -> Result<(), ReadOnly> {
        self.save_for_subshell(slot);
        let Some(var) = self.list.get_mut(slot as usize) else { return Ok(()) };
        if var.flags & READONLY != 0 {
            return Err(ReadOnly);
        }
        var.value = None;
        let flags = var.flags;
        var.flags &= kept & !DYNAMIC;
        if flags & (EXPORTED | HOOKED) != 0 {
            self.changed(slot);
        }
        Ok(())
    }

    /// Adds [`EXPORTED`] or [`READONLY`] to a variable.
    pub fn mark(&mut self, name: &[u8], flag: u8) {
        let slot = self.slot_of(name);
        self.save_for_subshell(slot);
        if let Some(var) = self.list.get_mut(slot as usize) {
            var.flags |= flag;
        }
        self.environment = None;
        self.os_environment = None;
    }

    /// Takes [`EXPORTED`] from a variable.
    pub fn unexport(&mut self, name: &[u8]) {
        let slot = self.slot_of(name);
        self.save_for_subshell(slot);
        if let Some(var) = self.list.get_mut(slot as usize) {
            var.flags &= !EXPORTED;
        }
        self.environment = None;
        self.os_environment = None;
    }

    fn changed(&mut self, slot: u32) {
        self.environment = None;
        self.os_environment = None;
        let Some(var) = self.list.get(slot as usize) else { return };
        if var.flags & HOOKED == 0 {
            return;
        }
        match hook(&var.name) {
            Some(Hook::Ifs) => self.read_ifs(),
            Some(Hook::Path) => self.path_changed = true,
            Some(Hook::Optind) => self.optind_changed = true,
            Some(Hook::Locale) => self.read_locale(),
            None => {}
        }
    }

    fn read_locale(&mut self) {
        let values = characters::VARIABLES.map(|name| {
            let slot = self.place(name).1?;
            self.list.get(slot as usize)?.value.as_deref()
        });
        self.characters = Characters::of_locale(values);
    }

    fn read_ifs(&mut self) {
        let value = self.get(b"IFS").map_or(b" \t\n".to_vec(), <[u8]>::to_vec);
        self.ifs = [Split::No; 256];
        for byte in value {
            if let Some(entry) = self.ifs.get_mut(usize::from(byte)) {
                *entry =
                    if matches!(byte, b' ' | b'\t' | b'\n') { Split::Blank } else { Split::Mark };
            }
        }
    }

    /// What joins the fields of `"$*"` (2.5.2).
    pub fn joiner(&mut self) -> &[u8] {
        let chars = self.characters;
        match self.get(b"IFS") {
            None => b" ",
            Some(ifs) => {
                let length = chars.first(ifs).map_or(0, |(_, length)| length);
                ifs.get(..length).unwrap_or_default()
            }
        }
    }

    /// A place in the journal.
    pub fn journal_mark(&self) -> usize {
        self.journal.len()
    }

    /// Saves a variable so that [`Vars::restore`] brings it back.
    pub fn save(&mut self, slot: u32) {
        if let Some(var) = self.list.get(slot as usize) {
            self.journal.push(Saved { slot, value: var.value.clone(), flags: var.flags });
        }
    }

    /// Whether a variable has been saved since `mark`.
    pub fn is_saved(&self, slot: u32, mark: usize) -> bool {
        self.journal.get(mark..).is_some_and(|j| j.iter().any(|s| s.slot == slot))
    }

    /// Brings back what has been saved since `mark`.
    pub fn restore(&mut self, mark: usize) {
        while self.journal.len() > mark
            && let Some(saved) = self.journal.pop()
        {
            self.bring_back(saved);
        }
    }

    fn bring_back(&mut self, saved: Saved) {
        let Some(var) = self.list.get_mut(saved.slot as usize) else { return };
        let flags = var.flags | saved.flags;
        var.value = saved.value;
        var.flags = saved.flags;
        if flags & (EXPORTED | HOOKED) != 0 {
            self.changed(saved.slot);
        }
    }

    /// Whether we are in a subshell without process.
    pub fn in_subshell(&self) -> bool {
        self.subshell != 0
    }

    /// A subshell begins that is no process of its own: what it changes is
    /// saved, until [`Vars::leave_subshell`] gets what this returns.
    pub fn enter_subshell(&mut self) -> (u32, usize) {
        let before = (self.subshell, self.undo.len());
        self.subshells = self.subshells.wrapping_add(1).max(1);
        self.subshell = self.subshells;
        before
    }

    /// The end of a subshell: the variables are what they were.
    pub fn leave_subshell(&mut self, (subshell, mark): (u32, usize)) {
        while self.undo.len() > mark
            && let Some(saved) = self.undo.pop()
        {
            self.bring_back(saved);
        }
        self.subshell = subshell;
    }

    fn save_for_subshell(&mut self, slot: u32) {
        if self.subshell == 0 {
            return;
        }
        let subshell = self.subshell;
        if let Some(var) = self.list.get_mut(slot as usize)
            && var.stamp != subshell
        {
            var.stamp = subshell;
            self.undo.push(Saved { slot, value: var.value.clone(), flags: var.flags });
        }
    }

    /// All variables with a value or a mark, sorted by name.
    pub fn sorted(&self) -> Vec<&Var> {
        let mut list: Vec<&Var> =
            self.list.iter().filter(|v| v.value.is_some() || v.flags & !HOOKED != 0).collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }

    fn entries(&self) -> impl Iterator<Item = Vec<u8>> {
        let own = self.list.iter().filter(|v| v.flags & EXPORTED != 0).filter_map(|var| {
            let value = var.value.as_ref()?;
            Some([&var.name, b"=".as_slice(), value].concat())
        });
        own.chain(self.foreign.iter().cloned())
    }

    /// The environment of commands, for execve(2).
    pub fn environment(&mut self) -> &[CString] {
        if self.environment.is_none() {
            self.environment = Some(self.entries().filter_map(|e| CString::new(e).ok()).collect());
        }
        self.environment.as_deref().unwrap_or_default()
    }

    /// The environment of applets.
    pub fn os_environment(&mut self) -> Rc<[OsString]> {
        if let Some(environment) = &self.os_environment {
            return Rc::clone(environment);
        }
        let environment: Rc<[OsString]> = self.entries().map(OsString::from_vec).collect();
        self.os_environment = Some(Rc::clone(&environment));
        environment
    }
}

fn hook(name: &[u8]) -> Option<Hook> {
    match name {
        b"IFS" => Some(Hook::Ifs),
        b"PATH" => Some(Hook::Path),
        b"OPTIND" => Some(Hook::Optind),
        name if characters::VARIABLES.contains(&name) => Some(Hook::Locale),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_variables_are_found_again() {
        let mut vars = Vars::new([b"HOME=/root".as_slice(), b"a-b=1"].into_iter(), 1);
        for i in 0..1000 {
            vars.set(format!("v{i}").as_bytes(), i.to_string().as_bytes()).unwrap();
        }
        assert_eq!(vars.get(b"v999"), Some(b"999".as_slice()));
        assert_eq!(vars.get(b"HOME"), Some(b"/root".as_slice()));
        let env: Vec<_> = vars.environment().iter().map(|e| e.to_bytes().to_vec()).collect();
        assert_eq!(env, [b"HOME=/root".to_vec(), b"a-b=1".to_vec()]);
    }

    #[test]
    fn the_journal_brings_values_back() {
        let mut vars = Vars::new(std::iter::empty(), 1);
        vars.set(b"x", b"1").unwrap();
        let mark = vars.journal_mark();
        for name in [b"x".as_slice(), b"IFS", b"y"] {
            let slot = vars.slot_of(name);
            vars.save(slot);
            vars.set(name, b":").unwrap();
        }
        assert!(vars.ifs()[usize::from(b':')] == Split::Mark);
        vars.restore(mark);
        assert_eq!(vars.get(b"x"), Some(b"1".as_slice()));
        assert_eq!(vars.get(b"y"), None);
        assert!(vars.ifs()[usize::from(b':')] == Split::No);
    }
}
