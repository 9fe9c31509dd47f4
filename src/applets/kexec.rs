//! kexec: load another kernel and start it without the firmware. The options of
//! kexec-tools, by kexec_file_load(2): the kernel checks and places the images.

use std::ffi::CString;
use std::os::fd::AsFd;

use nix::errno::Errno;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys::kexec;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "kexec",
    summary: "load another kernel and start it",
    usage: "[-l | -p] [-f] [--initrd FILE] [--append TEXT | --reuse-cmdline] KERNEL\n\
            \x20      kexec -e | -u | -S\n\
            \x20 -l  load it (default)      -p  load it for a crash of this one\n\
            \x20 -e  start what is loaded: nothing is unmounted or stopped first\n\
            \x20 -f  load it and start it   -u  unload (with -p that for a crash)\n\
            \x20 -S  status 1 when one is loaded, otherwise 0\n\
            \x20 --reuse-cmdline  this kernel's command line, --append behind it\n\
            \x20 -y  without sync",
    kind: Kind::Fork, // reading a kernel takes time
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx
        .parse(
            "l,load p,load-panic e,exec f,force u,unload S,status t:type s,kexec-file-syscall \
             c,kexec-syscall a,kexec-syscall-auto x,no-ifdown y,no-sync d,debug -1:initrd|ramdisk \
             -2:append|command-line -3,reuse-cmdline i,no-checks -4,reset-vga -5,console-vga \
             -6:dtb -7,load-preserve-context -8,load-jump-back-helper",
        )
        .map_err(|e| e.with(Status::FAILURE))?;
    options.at_most(1).map_err(|e| e.with(Status::FAILURE))?;
    let (mut load, mut start, mut crash, mut unload) = (false, false, false, false);
    let (mut status, mut sync, mut reuse) = (false, true, false);
    let (mut initrd, mut append) = (None, None);
    while let Some(letter) = options.next() {
        match letter {
            b'l' => load = true,
            b'p' => (load, crash) = (true, true),
            b'e' => start = true,
            b'f' => (load, start) = (true, true),
            b'u' => unload = true,
            b'S' => status = true,
            b'y' => sync = false,
            b'1' => initrd = Some(options.value()),
            b'2' => append = Some(options.bytes()),
            b'3' => reuse = true,
            b'c' => cx.note("the kernel places the images itself: -c makes no difference"),
            b'6' | b'7' | b'8' => {
                return Err(Error::msg(
                    "kexec_file_load takes a kernel, an initramfs and a command line, nothing else",
                ));
            }
            _ => {}
        }
    }
    let file = if crash { "/sys/kernel/kexec_crash_loaded" } else { "/sys/kernel/kexec_loaded" };
    let loaded = crate::sys::file::read(file).ok().map(|text| text.trim_ascii() == b"1");
    if status {
        return match loaded {
            Some(loaded) => Ok(Status(u8::from(loaded))),
            None => {
                Err(Error::msg("this kernel cannot start another (CONFIG_KEXEC)").with(Status(2)))
            }
        };
    }
    if unload {
        let flags = kexec::UNLOAD | if crash { kexec::ON_CRASH } else { 0 };
        kexec::load(None, None, c"", flags).map_err(|e| refusal(e, None, crash))?;
        return Ok(Status::OK);
    }
    if load || !start {
        let Some(kernel) = options.operands.first() else {
            return Err(Error::usage("which kernel?").with(Status::FAILURE));
        };
        let image = cx.open(kernel)?;
        let ramdisk = initrd.as_ref().map(|name| cx.open(name)).transpose()?;
        let mut line = Vec::new();
        if reuse {
            let own = crate::sys::file::read("/proc/cmdline")
                .map_err(|e| Error::os("/proc/cmdline", e))?;
            line = without_loader(&own, crash);
        }
        if let Some(append) = append {
            if !line.is_empty() {
                line.push(b' ');
            }
            line.extend_from_slice(&append);
        }
        let line = CString::new(line).map_err(|_| Error::msg("a zero byte in the command line"))?;
        let mut flags = if crash { kexec::ON_CRASH } else { 0 };
        if ramdisk.is_none() {
            flags |= kexec::NO_INITRD;
        }
        let ramdisk = ramdisk.as_ref().map(|fd| fd.as_fd());
        kexec::load(Some(image.as_fd()), ramdisk, &line, flags)
            .map_err(|e| refusal(e, Some(&show(kernel).to_string()), crash))?;
    }
    if start {
        if !load && loaded == Some(false) {
            return Err(Error::msg("no kernel is loaded (kexec -l KERNEL)"));
        }
        if sync {
            nix::unistd::sync();
        }
        return Err(refusal(kexec::start(), None, false));
    }
    Ok(Status::OK)
}

/// A command line without what a boot loader or an earlier kexec put in.
fn without_loader(line: &[u8], crash: bool) -> Vec<u8> {
    let mut words: Vec<&[u8]> = Vec::new();
    for word in line.trim_ascii().split(|&b| b == b' ').filter(|word| !word.is_empty()) {
        let is = |name: &[u8]| word.starts_with(name);
        if !(is(b"BOOT_IMAGE=")
            || is(b"initrd=")
            || is(b"elfcorehdr=")
            || crash && is(b"crashkernel="))
        {
            words.push(word);
        }
    }
    words.join(&b' ')
}

/// Why the kernel did not want to.
fn refusal(errno: Errno, kernel: Option<&str>, crash: bool) -> Error {
    let why = match errno {
        Errno::EPERM if !nix::unistd::geteuid().is_root() => "only root may do that",
        Errno::EPERM => "refused: kernel lockdown, or kernel.kexec_load_disabled is set",
        Errno::ENOSYS => "this kernel cannot do that (CONFIG_KEXEC_FILE)",
        Errno::ENOEXEC => "not a kernel that this one can load",
        Errno::EBUSY => "another kexec is at work",
        Errno::EADDRNOTAVAIL if crash => {
            "no memory is kept for it (crashkernel= on the command line)"
        }
        Errno::ENOKEY | Errno::EKEYREJECTED => "its signature is not one that this kernel trusts",
        Errno::EINVAL if kernel.is_none() => "no kernel is loaded (kexec -l KERNEL)",
        Errno::EINVAL => {
            "the kernel does not want it: wrong image, or a command line that is too long"
        }
        _ => return Error::os(kernel.unwrap_or("kexec"), errno),
    };
    match kernel {
        Some(kernel) => Error::msg(format_args!("{kernel}: {why}")),
        None => Error::msg(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_command_lines() {
        let line = b"BOOT_IMAGE=/vmlinuz root=/dev/sda1 initrd=/i ro crashkernel=64M quiet\n";
        assert_eq!(without_loader(line, false), b"root=/dev/sda1 ro crashkernel=64M quiet");
        assert_eq!(without_loader(line, true), b"root=/dev/sda1 ro quiet");
    }
}
