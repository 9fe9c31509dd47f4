//! Waiting for a disk: until the kernel says that one came or changed.

use super::super::steps::Worker;
use super::super::{SECOND, now};
use crate::blk::scan::Cache;
use crate::cmdline::Limit;
use crate::dev::uevent::{Heard, Listener, MESSAGE_MAX};
use crate::uevent::Uevent;

/// See the module.
pub(super) struct Wait {
    limit: Limit,
    started: u64,
    listener: Option<Listener>,
    told: bool,
}

impl Wait {
    /// Nothing waited for yet.
    pub(super) fn new(limit: Limit) -> Wait {
        Wait { limit, started: 0, listener: None, told: false }
    }

    /// Waits until another look makes sense, and makes the cache forget what
    /// has changed; `false` when time is up.
    pub(super) fn more(&mut self, worker: &mut Worker, cache: &mut Cache, what: &str) -> bool {
        let time = now();
        if self.started == 0 {
            self.started = time;
            self.listener = Listener::new().ok();
            // Whatever came before the listener did is in sysfs now.
            worker.load_drivers_of_new_devices();
            return true;
        }
        loop {
            let waited = now().wrapping_sub(self.started);
            let left = match self.limit {
                Limit::Forever => u64::MAX,
                Limit::Seconds { seconds, .. } => {
                    (u64::from(seconds) * SECOND).saturating_sub(waited)
                }
            };
            if left == 0 {
                return false;
            }
            let mut pause = left.min(SECOND);
            if !self.told {
                if waited > 3 * SECOND {
                    self.told = true;
                    worker.say(format_args!("waiting for {what}"));
                }
                pause = pause.min((3 * SECOND + SECOND / 100).saturating_sub(waited).max(1));
            }
            let milliseconds = u16::try_from(pause.div_ceil(SECOND / 1000)).unwrap_or(u16::MAX);
            let Some(listener) = &self.listener else {
                std::thread::sleep(std::time::Duration::from_millis(1));
                cache.clear();
                worker.load_drivers_of_new_devices();
                return true;
            };
            if listener.is_ready(milliseconds) && heard(listener, cache) {
                worker.load_drivers_of_new_devices();
                return true;
            }
        }
    }
}

/// Takes what the kernel has said; says whether there was anything that may
/// matter.
fn heard(listener: &Listener, cache: &mut Cache) -> bool {
    let mut buffer = [0; MESSAGE_MAX];
    let mut matters = false;
    loop {
        match listener.hear(&mut buffer) {
            Heard::Nothing => return matters,
            Heard::Lost => {
                cache.clear();
                matters = true;
            }
            Heard::Message(message) => {
                let Some(event) = Uevent::parse(message) else { continue };
                if event.subsystem == b"block" {
                    let name = event.devpath.rsplit(|&b| b == b'/').next().unwrap_or_default();
                    cache.forget(name);
                    matters = true;
                }
                // Something that may want a driver.
                matters |= event.action == b"add" && event.get(b"MODALIAS").is_some();
            }
        }
    }
}
