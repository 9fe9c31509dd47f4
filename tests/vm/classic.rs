//! init of a system: /etc/inittab.

use crate::harness::applet::applet;
use crate::harness::lab::Kernel;
use crate::harness::machine::{Machine, machine};
use crate::harness::scratch::Scratch;

const INITTAB: &str = "# what this machine does
::sysinit:/etc/rc one two
ttyS0::wait:echo waited for > /dev/console
nonsense
::once:sh -c 'sleep 0.2; echo once'
ttyS0::askfirst:-/bin/sh
::respawn:/etc/again
::ctrlaltdel:echo keys > /dev/console
::shutdown:echo shutting down
::restart:/bin/sh -c 'echo made room, I am $$; poweroff -f'
";

fn boot(dir: &Scratch, append: &str, inittab: Option<&str>) -> Machine {
    let rc = dir.program("rc", "#!/bin/sh\nmount -t proc proc /proc\nmount -t devtmpfs dev /dev\necho 0 > /proc/sys/kernel/printk\necho rc $* $PATH $TERM $HOME\n");
    let again = dir.program("again", "#!/bin/sh\nn=$(cat /n); echo $((n + 1)) > /n\n[ $n -lt 2 ] && exit 1\necho again $n; sleep 1000\n");
    let image = dir.path().join("image.cpio");
    let mut args: Vec<String> =
        vec!["--no-modules".into(), "-o".into(), image.display().to_string()];
    let mut add = |from: &std::path::Path, to: &str| {
        args.extend(["--add".into(), format!("{}:{to}", from.display())]);
    };
    add(&rc, "/etc/rc");
    add(&rc, "/etc/init.d/rcS");
    add(&again, "/etc/again");
    add(&dir.file("n", "0\n"), "/n");
    if let Some(text) = inittab {
        add(&dir.file("inittab", text), "/etc/inittab");
    }
    applet("mkinitramfs").args(args).ok();
    machine(Kernel::BookwormCloud, &image).append(append).boot()
}

#[test]
fn the_file_says_what_runs() {
    let dir = Scratch::new("classic");
    let mut vm = boot(&dir, "rdinit=/sbin/init", Some(INITTAB));
    vm.wait_for("init: /etc/inittab: line 4 is none");
    vm.wait_for("rc one two /sbin:/usr/sbin:/bin:/usr/bin vt102 /");
    vm.wait_for("waited for");
    vm.wait_for("Please press Enter to activate this console. ");
    vm.wait_for("again 2");
    vm.send("\n");
    vm.wait_for("# ");
    vm.send("PS1='P> '; echo $0 $$ $(cat /proc/1/comm) $(tty)\n");
    vm.wait_for("-/bin/sh");
    vm.wait_for("init /dev/ttyS0");
    // it has a terminal of its own: jobs
    vm.send("sleep 100\n");
    std::thread::sleep(std::time::Duration::from_millis(300));
    vm.send("\x03");
    vm.wait_for("P> ");
    vm.send("sh -c 'sleep 0.1 & exit'; sleep 0.5; ps -o stat | grep -c Z; kill -INT 1\n");
    vm.wait_for("0\r\n");
    vm.wait_for("keys");
    vm.send("sed -i '/again/d' /etc/inittab; echo '::once:true' >> /etc/inittab; echo '::respawn:sh -c \"echo added; sleep 1000\"' >> /etc/inittab; init -q\n");
    vm.wait_for("P> ");
    vm.wait_for("added");
    // a shell that ends is offered again
    vm.send("exit\n");
    vm.wait_for("Please press Enter to activate this console. ");
    vm.send("\n");
    vm.wait_for("# ");
    vm.send("kill -QUIT 1\n");
    vm.wait_for("shutting down");
    vm.wait_for("The system is going down NOW!");
    vm.wait_for("Sent SIGKILL to all processes");
    vm.wait_for("made room, I am 1");
    vm.wait_end();
    vm.no_panic();
}

#[test]
fn a_machine_that_is_told_to_end() {
    let dir = Scratch::new("classic");
    let mut vm = boot(&dir, "rdinit=/bin/linuxrc", None);
    // without a file there is a script, and shells
    vm.wait_for("rc /sbin:/usr/sbin:/bin:/usr/bin vt102 /");
    vm.wait_for("Please press Enter to activate this console. ");
    vm.send("\n");
    vm.wait_for("# ");
    vm.send("ls -l /proc/1/exe | grep -c rescuebox; poweroff\n");
    vm.wait_for("The system is going down NOW!");
    vm.wait_for("Sent SIGTERM to all processes");
    vm.wait_for("Requesting system poweroff");
    vm.wait_end();
    vm.no_panic();
    let mut vm = boot(&dir, "rdinit=/sbin/init single", Some("::sysinit:echo never\n"));
    vm.wait_for("# ");
    vm.send("echo never mind; exec reboot -f\n");
    vm.wait_end();
    assert!(!vm.log().contains("never\r\n"));
    vm.no_panic();
}
