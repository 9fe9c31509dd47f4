//! What to load for a name, in which order.
//!
//! Depth first: soft dependencies before, what the module needs, the module,
//! soft dependencies behind. The order depends on nothing but the files. A
//! module that needs itself is reported; a soft dependency that leads back is
//! put behind, as it is a wish only.

use std::path::PathBuf;

use super::alias::fold;
use super::conf::Conf;
use super::tree::{Info, Target, Tree, holds};
use super::{Cause, Error};
use crate::order::sort_by;

/// Chains of dependencies longer than this are broken off; real ones have
/// fewer than twenty links.
const MOST_DEPTH: usize = 100;

/// A module to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name, with `_`.
    pub name: Vec<u8>,
    /// Its file.
    pub path: PathBuf,
    /// All modules that it needs, by their places in the list of those found;
    /// the nearest first, as `modules.dep` lists them.
    pub needs: Vec<usize>,
    /// What is wanted before it, as it is spelled: names or aliases.
    pub softdep_pre: Vec<Vec<u8>>,
    /// What is wanted behind it.
    pub softdep_post: Vec<Vec<u8>>,
    /// Whether a name that was asked for stands for it: it is not only needed.
    pub wanted: bool,
    /// Modules with the same number do not depend on one another; those with
    /// lower numbers come first.
    pub wave: usize,
}

/// A name that nothing stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The name.
    pub name: Vec<u8>,
    /// The module that needs it; empty when it was asked for.
    pub wanted_by: Vec<u8>,
}

/// What names stand for, and all that needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closure {
    /// The modules in load order.
    pub modules: Vec<Found>,
    /// What was asked or wished for and is part of the kernel.
    pub builtin: Vec<Vec<u8>>,
    /// Names asked for or needed that nothing stands for. Soft dependencies
    /// that are not there are no loss and not listed.
    pub missing: Vec<Missing>,
    /// Modules left out because of the blacklist.
    pub blacklisted: Vec<Vec<u8>>,
    /// Modules that cannot be read, and dependencies that go round in circles.
    pub problems: Vec<Error>,
}

impl Closure {
    /// The modules wave by wave: those of one wave may be loaded side by side.
    pub fn waves(&self) -> Vec<Vec<&Found>> {
        let count = self.modules.iter().map(|m| m.wave + 1).max().unwrap_or(0);
        let mut waves: Vec<Vec<&Found>> = vec![Vec::new(); count];
        for module in &self.modules {
            if let Some(wave) = waves.get_mut(module.wave) {
                wave.push(module);
            }
        }
        waves
    }

    /// The names of all modules that one of these needs, the nearest first.
    pub fn needs(&self, module: &Found) -> impl Iterator<Item = &[u8]> {
        let needs = module.needs.iter().filter_map(|&place| self.modules.get(place));
        needs.map(|need| need.name.as_slice())
    }

    fn place(&self, name: &[u8]) -> Option<usize> {
        self.modules.iter().position(|m| m.name == name)
    }
}

/// How modules are chosen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice {
    /// The blacklist also holds for names, not only for what aliases give.
    pub blacklist_names: bool,
    /// Soft dependencies are left out.
    pub no_softdeps: bool,
}

impl Tree {
    /// What names or aliases stand for, with all that is needed, in load
    /// order.
    pub fn closure(&self, names: &[&[u8]], conf: &Conf) -> Closure {
        self.closure_with(names, conf, Choice::default())
    }

    /// [`Tree::closure`] with a choice.
    pub fn closure_with(&self, names: &[&[u8]], conf: &Conf, choice: Choice) -> Closure {
        let before = self.is_scanned();
        let closure = self.closure_once(names, conf, choice);
        if self.is_scanned() == before {
            return closure;
        }
        // depmod's files turned out to be stale on the way.
        self.closure_once(names, conf, choice)
    }

    fn closure_once(&self, names: &[&[u8]], conf: &Conf, choice: Choice) -> Closure {
        let closure = Closure::default();
        let mut walk = Walk { tree: self, conf, choice, closure, stack: Vec::new(), floor: 0 };
        for name in names {
            walk.want(&fold(name), None);
        }
        walk.closure
    }
}

/// A step on the way from a name to what it needs.
struct Step {
    name: Vec<u8>,
    /// Whether it was only a wish.
    soft: bool,
    /// Soft dependencies that lead back here, to be loaded behind.
    later: Vec<Vec<u8>>,
}

struct Walk<'a> {
    tree: &'a Tree,
    conf: &'a Conf,
    choice: Choice,
    closure: Closure,
    stack: Vec<Step>,
    /// The least wave for what is added now: it comes behind something.
    floor: usize,
}

/// Where the way to a module ended.
enum Visit {
    /// It is in the list.
    Done,
    /// It needs a module further up, so that must come first.
    Back,
    /// It cannot be had.
    Failed,
}

impl Walk<'_> {
    /// Adds what a name stands for. `by`: the module whose soft dependency it
    /// is. Returns the least wave for what comes behind it.
    fn want(&mut self, name: &[u8], by: Option<&[u8]>) -> usize {
        let configured = self.conf.aliased(name);
        let target = if configured.is_empty() {
            self.tree.target(name)
        } else {
            Target::Aliased(configured)
        };
        match target {
            Target::Module(module) => {
                if self.choice.blacklist_names && self.conf.is_blacklisted(&module) {
                    self.note_blacklisted(module);
                    0
                } else {
                    self.visit_for(&module, by)
                }
            }
            Target::Aliased(modules) => {
                let mut wave = 0;
                for module in modules {
                    if self.conf.is_blacklisted(&module) {
                        self.note_blacklisted(module);
                    } else {
                        wave = wave.max(self.visit_for(&module, by));
                    }
                }
                wave
            }
            Target::Builtin(module) => {
                self.note_builtin(&module);
                // A soft dependency may name what a part of the kernel is
                // called, too, and mean the driver: f2fs wants `crc32`, which
                // is a library and an algorithm of crypto. libkmod looks at
                // aliases first as well.
                let mut wave = 0;
                for driver in by.map_or_else(Vec::new, |_| self.tree.aliased(name)) {
                    if !self.conf.is_blacklisted(&driver) {
                        wave = wave.max(self.visit_for(&driver, by));
                    }
                }
                wave
            }
            Target::Unknown => {
                if by.is_none() {
                    self.note_missing(name, b"");
                }
                0
            }
        }
    }

    fn visit_for(&mut self, module: &[u8], by: Option<&[u8]>) -> usize {
        if let (Visit::Back, Some(by)) = (self.visit(module, by.is_some()), by)
            && let Some(step) = self.stack.iter_mut().rev().find(|step| step.name == by)
            && !holds(&step.later, module)
        {
            step.later.push(module.to_vec());
        }
        let Some(place) = self.closure.place(module) else { return 0 };
        if by.is_none()
            && let Some(found) = self.closure.modules.get_mut(place)
        {
            found.wanted = true;
        }
        self.wave_behind(place)
    }

    fn visit(&mut self, name: &[u8], soft: bool) -> Visit {
        if self.closure.place(name).is_some() {
            return Visit::Done;
        }
        if let Some(at) = self.stack.iter().position(|step| step.name == name) {
            return self.circle(at, name, soft);
        }
        if self.stack.len() >= MOST_DEPTH {
            self.note_circle(0, name);
            return Visit::Failed;
        }
        let info = match self.tree.info(name) {
            Some(Ok(info)) => info,
            Some(Err(problem)) => {
                if !self.closure.problems.contains(&problem) {
                    self.closure.problems.push(problem);
                }
                return Visit::Failed;
            }
            None => {
                if self.tree.is_builtin(name) {
                    return Visit::Done;
                }
                let by = self.stack.last().map(|step| step.name.clone()).unwrap_or_default();
                self.note_missing(name, &by);
                return Visit::Failed;
            }
        };
        self.stack.push(Step { name: name.to_vec(), soft, later: Vec::new() });
        let visit = self.enter(name, info);
        self.stack.pop();
        visit
    }

    /// Adds a module with all around it. It is on the stack.
    fn enter(&mut self, name: &[u8], info: Info) -> Visit {
        let softdep = self.conf.softdep(name).cloned().unwrap_or(info.softdep);
        let mut wave = self.floor;
        if !self.choice.no_softdeps {
            for wish in &softdep.pre {
                wave = wave.max(self.want(&fold(wish), Some(name)));
            }
        }
        for need in info.depends.iter().rev() {
            if let Visit::Back = self.visit(need, false) {
                return Visit::Back;
            }
        }
        let mut needs = Vec::new();
        for need in &info.depends {
            if let Some(place) = self.closure.place(need) {
                needs.push(place);
                let behind = self.closure.modules.get(place);
                needs.extend_from_slice(behind.map_or(&[], |module| &module.needs));
            }
        }
        sort_by(&mut needs, |a, b| b.cmp(a));
        needs.dedup();
        for &place in &needs {
            wave = wave.max(self.wave_behind(place));
        }
        self.closure.modules.push(Found {
            name: name.to_vec(),
            path: info.path,
            needs,
            wanted: false,
            softdep_pre: softdep.pre,
            softdep_post: softdep.post.clone(),
            wave,
        });
        let later = self.stack.last_mut().map(|step| std::mem::take(&mut step.later));
        let post = if self.choice.no_softdeps { Vec::new() } else { softdep.post };
        let floor = self.floor;
        self.floor = floor.max(wave + 1);
        for wish in later.unwrap_or_default().iter().chain(&post) {
            self.want(&fold(wish), Some(name));
        }
        self.floor = floor;
        Visit::Done
    }

    fn wave_behind(&self, place: usize) -> usize {
        self.closure.modules.get(place).map_or(0, |module| module.wave + 1)
    }

    /// The way led back to the module at `at` of the stack.
    fn circle(&mut self, at: usize, name: &[u8], soft: bool) -> Visit {
        let behind = self.stack.get(at + 1..).unwrap_or_default();
        if soft {
            // Wanted by something that it needs or wants itself: it comes.
            return Visit::Done;
        }
        if behind.iter().any(|step| step.soft) {
            return Visit::Back;
        }
        self.note_circle(at, name);
        Visit::Failed
    }

    fn note_circle(&mut self, at: usize, name: &[u8]) {
        let mut names: Vec<Vec<u8>> =
            self.stack.iter().skip(at).map(|step| step.name.clone()).collect();
        names.push(name.to_vec());
        let first = names.first().cloned().unwrap_or_default();
        let problem = Error { what: first, cause: Cause::Cycle(names) };
        if !self.closure.problems.contains(&problem) {
            self.closure.problems.push(problem);
        }
    }

    fn note_builtin(&mut self, name: &[u8]) {
        if !holds(&self.closure.builtin, name) {
            self.closure.builtin.push(name.to_vec());
        }
    }

    fn note_blacklisted(&mut self, name: Vec<u8>) {
        if !holds(&self.closure.blacklisted, &name) {
            self.closure.blacklisted.push(name);
        }
    }

    fn note_missing(&mut self, name: &[u8], by: &[u8]) {
        let missing = Missing { name: name.to_vec(), wanted_by: by.to_vec() };
        if !self.closure.missing.contains(&missing) {
            self.closure.missing.push(missing);
        }
    }
}
