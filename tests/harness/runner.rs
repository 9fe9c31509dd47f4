//! Runs `rescuebox vm` on one of the lab's kernels, in emulation.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Child;

use super::applet::{Case, applet};
use super::lab::Kernel;

/// A `vm` call before it runs.
pub struct Vm {
    kernel: Kernel,
    options: Vec<OsString>,
}

/// `rescuebox vm` with this kernel and root.
pub fn vm(kernel: Kernel, root: &Path) -> Vm {
    let mut options: Vec<OsString> = vec!["--kernel".into(), kernel.image().into()];
    options.extend(["--root".into(), root.into()]);
    options.extend(["--accel".into(), "tcg".into()]);
    Vm { kernel, options }
}

impl Vm {
    /// More options.
    pub fn options<S: Into<OsString>>(mut self, more: impl IntoIterator<Item = S>) -> Vm {
        self.options.extend(more.into_iter().map(Into::into));
        self
    }

    /// The whole command line with a command for the guest.
    pub fn command<S: Into<OsString>>(self, command: impl IntoIterator<Item = S>) -> Case {
        let mut args = self.options;
        args.push("--".into());
        args.extend(command.into_iter().map(Into::into));
        applet("vm").args(args).limit(120)
    }

    /// The whole command line without a command.
    pub fn alone(self) -> Case {
        applet("vm").args(self.options).limit(120)
    }

    /// The kernel chosen.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }
}

/// A process that does not outlive its test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Processes whose command line names `text`, which nothing may leave behind.
pub fn processes_with(text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap() {
        let path = entry.unwrap().path();
        if let Ok(line) = std::fs::read(path.join("cmdline"))
            && String::from_utf8_lossy(&line).contains(text)
        {
            found.push(path);
        }
    }
    found
}
