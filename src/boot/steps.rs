//! The worker: executes steps in order and tells PID 1 about each.

use std::fmt::Display;
use std::os::fd::OwnedFd;

use super::drivers::Modules;
use super::network::Found;
use super::plan::{Devices, Step};
use super::wire::{Kind, Record};
use super::{Fault, api, check, now};
use crate::sys;

/// What the worker knows.
pub struct Worker<'a> {
    /// The step in execution, counted from 0.
    at: u8,
    /// This is not the first try, so something may be mounted already.
    pub(super) again: bool,
    /// Say what is done.
    debug: bool,
    pipe: OwnedFd,
    pub(super) modules: Modules<'a>,
    /// The devices whose drivers the plan wants.
    pub(super) devices: Devices,
    /// What is known of the network, once it is set up.
    pub(super) network: Found,
}

impl<'a> Worker<'a> {
    /// A worker that reports to `pipe`.
    pub fn new(pipe: OwnedFd, modules: Modules<'a>, debug: bool, again: bool) -> Worker<'a> {
        Worker {
            at: 0,
            again,
            debug,
            pipe,
            modules,
            devices: Devices::All,
            network: Found::default(),
        }
    }

    /// Executes the steps from `first` on, up to one that PID 1 does itself;
    /// says whether all went well.
    pub fn run(&mut self, steps: &[Step<'a>], first: usize) -> bool {
        for (i, step) in steps.iter().enumerate() {
            if let Step::Drivers { devices, .. } = step {
                self.devices = *devices;
            }
            if i < first {
                continue;
            }
            if step.by_init() {
                break;
            }
            self.at = u8::try_from(i).unwrap_or(u8::MAX);
            match self.execute(step) {
                Ok(()) => {
                    if self.debug {
                        self.say(format_args!("done: {step}"));
                    }
                    self.tell(Kind::Done, 0, b"");
                }
                Err(fault) => {
                    self.tell(Kind::Failed, fault.errno.unwrap_or(0), fault.text.as_bytes());
                    return false;
                }
            }
        }
        true
    }

    fn execute(&mut self, step: &Step<'a>) -> Result<(), Fault> {
        match step {
            Step::Nodes => api::make_nodes(),
            Step::Flat => {
                self.load_flat();
                self.find_console();
                Ok(())
            }
            Step::Drivers { first, devices } => {
                self.load_tree(first, *devices);
                self.find_console();
                Ok(())
            }
            Step::Refuse(complaint) => Err(Fault::new(complaint.to_string())),
            Step::Network { words, needed, wait } => self.set_up_network(words, *needed, *wait),
            Step::Upper => self.make_upper(),
            Step::Mount(mount) => self.mount(mount),
            Step::Overlay => self.mount_overlay(),
            Step::Usr { read_only, limit } => self.mount_usr(*read_only, *limit),
            Step::CheckRoot { writable, needs_run } => check::check_root(*writable, *needs_run),
            Step::CheckInit(init) => {
                let path = check::check_init(*init)?;
                self.tell(Kind::Init, 0, path);
                Ok(())
            }
            Step::Api { .. } | Step::Switch(_) | Step::Job | Step::Shell | Step::Break(_) => Ok(()),
        }
    }

    /// A console whose driver is a module is there only now.
    fn find_console(&self) {
        if self.debug && !api::console_is_open() {
            api::open_console();
        }
    }

    /// Tells PID 1 something worth knowing that stops nothing.
    pub(super) fn note(&mut self, text: &str) {
        self.tell_of(Kind::Note, text);
    }

    /// The same, for whoever looks at the console, too.
    pub(super) fn warn(&mut self, text: &str) {
        if !self.debug {
            self.say(text);
        }
        self.note(text);
    }

    /// A note of a module.
    pub(super) fn note_module(&mut self, text: &str) {
        self.tell_of(Kind::Module, text);
    }

    fn tell_of(&mut self, kind: Kind, text: &str) {
        if self.debug {
            self.say(text);
        }
        self.tell(kind, 0, text.as_bytes());
    }

    fn tell(&mut self, kind: Kind, errno: i32, message: &[u8]) {
        let mut bytes = Vec::with_capacity(64);
        Record { kind, step: self.at, errno, time: now(), message }.encode(&mut bytes);
        // Nobody is left to be told when PID 1 does not read.
        let _ = nix::unistd::write(&self.pipe, &bytes);
    }

    /// Prints a line on the console.
    pub(super) fn say(&self, what: impl Display) {
        crate::applet::complain(sys::fd::stderr(), "rescuebox", &what);
    }
}
