//! What the boot will do, as data.
//!
//! [`plan`] is pure: the command line and a few facts in, a list of steps out.
//! `init --plan CMDLINE` prints it on any machine.

mod text;

use std::time::Duration;

use super::network;

pub use self::text::text;
pub use crate::cmdline::Stage;
use crate::cmdline::nfs::Nfs;
use crate::cmdline::{Cmdline, Complaint, Kept, Limit, Mark, Overlay, Profile, Root};

/// Where the new root is mounted until it becomes `/`.
pub const SYSROOT: &str = "/sysroot";

/// The parts of a root that changes in memory are laid over: `lower`, `upper`
/// and `work`.
pub const LAYERS: &str = "/run/rescuebox/overlay";

/// Where an unpacked root waits below its writable layer.
pub const LOWER: &str = "/run/rescuebox/overlay/lower";

/// Where the filesystem is mounted that holds the image of the root (`loop=`).
pub const HOST: &str = "/run/rescuebox/host";

/// Folder of modules that are loaded in the order of their names.
pub const FLAT_MODULES: &str = "/usr/lib/modules";

/// What the plan depends on besides the command line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// The image holds a job for a virtual machine (`/etc/rescuebox/job`), to
    /// be run instead of the root's init.
    pub job: bool,
}

/// When the init is not named, these are tried in order (`init/main.c`).
pub const INITS: [&[u8]; 4] = [b"/sbin/init", b"/etc/init", b"/bin/init", b"/bin/sh"];

/// One step of the boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Mount /proc, /sys, /dev, /run, and /tmp when `tmp`.
    Api {
        /// /tmp in memory as well.
        tmp: bool,
        /// The unified control group tree too, as osbuild's init has it.
        cgroup: bool,
    },
    /// Static device nodes and the links to /proc/self/fd.
    Nodes,
    /// `/usr/lib/modules/*.ko`, in the order of their names.
    Flat,
    /// Drivers of the devices there are, from `/lib/modules/RELEASE`.
    Drivers {
        /// Modules asked for by name, first.
        first: Vec<&'a [u8]>,
        /// Which devices get their driver.
        devices: Devices,
    },
    /// A word of the command line that names the root and makes no sense.
    Refuse(Complaint<'a>),
    /// Set up the network.
    Network {
        /// What the command line says of it.
        words: Vec<Kept<'a>>,
        /// The root is on it: without it there is nothing to boot.
        needed: bool,
        /// How long an interface may take to be there.
        wait: Duration,
    },
    /// Memory for the layer over the root.
    Upper,
    /// Mount a file system.
    Mount(Mount<'a>),
    /// Lay the memory over the root.
    Overlay,
    /// Mount /usr where the root's fstab has it on a device of its own.
    Usr {
        /// Without writing.
        read_only: bool,
        /// How long to wait until it is there.
        limit: Limit,
    },
    /// Check that what is mounted can be a root.
    CheckRoot {
        /// The root may be written to, so that a missing folder is made.
        writable: bool,
        /// Shares are mounted below /run, so that it has to be handed over.
        needs_run: bool,
    },
    /// Check that the init would run.
    CheckInit(Init<'a>),
    /// Make the new root `/` and run its init, by PID 1 itself.
    Switch(Run<'a>),
    /// Run the job where we are, there being no root.
    Job,
    /// Stop for a person, as `rd.break=` asks.
    Break(Stage),
    /// Nothing to boot: this is a rescue system.
    Shell,
}

/// What gets its driver loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Devices {
    /// Everything that has a driver in the image.
    All,
    /// What disks hang on, and everything where the root is not among those.
    Disks,
    /// Virtio devices of these types and what they hang on.
    Virtio(VirtioTypes),
}

/// The types of virtio devices that a boot needs (virtio 1.2, chapter 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VirtioTypes {
    /// Type 26, shared folders.
    pub fs: bool,
    /// Type 9, shared folders by 9p.
    pub nine_p: bool,
    /// Type 3, the console.
    pub console: bool,
}

impl VirtioTypes {
    /// Whether type `id` is among them.
    pub fn wants(self, id: u32) -> bool {
        (id == 26 && self.fs) || (id == 9 && self.nine_p) || (id == 3 && self.console)
    }
}

/// What to mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// A share by its tag.
    Virtiofs(&'a [u8]),
    /// A share by its tag.
    NineP(&'a [u8]),
    /// A block device's node.
    Device(&'a [u8]),
    /// The block device with this mark.
    Marked(Mark, &'a [u8]),
    /// The block device of this number.
    Number(u32, u32),
    /// The partition of GPT's type for roots.
    GptAuto,
    /// A file on [`HOST`].
    Image(&'a [u8]),
    /// A folder of a server of NFS.
    Nfs(Nfs<'a>),
    /// Memory.
    Tmpfs,
}

/// Where to mount it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// [`SYSROOT`].
    Root,
    /// [`LOWER`].
    Lower,
    /// [`HOST`].
    Host,
    /// /usr below [`SYSROOT`].
    Usr,
    /// `/run/mnt/TAG`.
    Share(&'a [u8]),
}

impl Place<'_> {
    /// The path.
    pub fn path(self) -> Vec<u8> {
        match self {
            Place::Root => SYSROOT.into(),
            Place::Lower => LOWER.into(),
            Place::Host => HOST.into(),
            Place::Usr => [SYSROOT.as_bytes(), b"/usr"].concat(),
            Place::Share(tag) => [b"/run/mnt/", tag].concat(),
        }
    }
}

/// A mount of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount<'a> {
    /// What.
    pub source: Source<'a>,
    /// Where.
    pub place: Place<'a>,
    /// Without writing.
    pub read_only: bool,
    /// Options of the command line, separated by commas.
    pub flags: &'a [u8],
    /// Types of file system to try, in order; empty for all that are known.
    pub types: Vec<&'a [u8]>,
    /// How long to wait until it is there.
    pub limit: Limit,
}

/// The program that takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init<'a> {
    /// Just this one.
    Path(&'a [u8]),
    /// The first of [`INITS`] that is there.
    Usual,
}

/// What runs in the new root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run<'a> {
    /// Its init.
    Init(Init<'a>),
    /// The job of a virtual machine, told by the image.
    Job,
}

/// Seconds after which a step that has no reason to wait is taken for stuck:
/// loading a module or reading from a share whose server died can hang in the
/// kernel.
const STEP_SECONDS: u32 = 60;

/// What a mount may take beyond the wait for its device.
const MOUNT_SECONDS: u32 = 20;

impl Step<'_> {
    /// The part of the boot that it belongs to.
    pub fn stage(&self) -> Stage {
        match self {
            Step::Api { .. } | Step::Nodes | Step::Refuse(_) => Stage::Cmdline,
            Step::Flat | Step::Drivers { .. } => Stage::Modules,
            Step::Network { .. } | Step::Upper | Step::Job | Step::Shell => Stage::PreMount,
            Step::Mount(_) | Step::Overlay | Step::Usr { .. } => Stage::Mount,
            Step::CheckRoot { .. } | Step::CheckInit(_) | Step::Switch(_) => Stage::PreSwitch,
            Step::Break(stage) => *stage,
        }
    }

    /// Seconds after which it is stuck; `None` when it was told to wait for
    /// ever.
    pub fn limit(&self) -> Option<u32> {
        match self {
            Step::Mount(Mount { limit: Limit::Forever, .. })
            | Step::Usr { limit: Limit::Forever, .. } => None,
            Step::Mount(Mount { limit: Limit::Seconds { seconds, .. }, .. })
            | Step::Usr { limit: Limit::Seconds { seconds, .. }, .. } => {
                Some(seconds.saturating_add(MOUNT_SECONDS))
            }
            Step::CheckRoot { .. } | Step::CheckInit(_) => Some(MOUNT_SECONDS),
            // Five tries of DHCP, perhaps on two interfaces.
            Step::Network { .. } => Some(2 * STEP_SECONDS),
            _ => Some(STEP_SECONDS),
        }
    }

    /// Whether PID 1 does it itself.
    pub fn by_init(&self) -> bool {
        matches!(
            self,
            Step::Api { .. } | Step::Switch(_) | Step::Job | Step::Shell | Step::Break(_)
        )
    }
}

/// The steps of a boot.
pub fn plan<'a>(cmdline: &Cmdline<'a>, facts: Facts) -> Vec<Step<'a>> {
    let mut steps = way(cmdline, facts);
    for &stage in &cmdline.breaks {
        // The first step makes what a shell needs.
        let after = |step: &Step| step.stage() >= stage;
        let at =
            steps.iter().skip(1).position(after).map_or(steps.len().saturating_sub(1), |at| at + 1);
        if steps.get(at) != Some(&Step::Break(stage)) {
            steps.insert(at, Step::Break(stage));
        }
    }
    steps
}

/// The steps of a boot that nobody wants to stop.
fn way<'a>(cmdline: &Cmdline<'a>, facts: Facts) -> Vec<Step<'a>> {
    let mut steps = Vec::with_capacity(10 + cmdline.shares.len());
    let root = cmdline.root;
    let disk = on_disk(cmdline);
    steps.push(Step::Api { tmp: !disk, cgroup: cmdline.osbuild });
    steps.push(Step::Nodes);
    steps.push(Step::Flat);
    steps.push(Step::Drivers { first: cmdline.drivers.clone(), devices: devices(cmdline, facts) });
    if let Some(complaint) = cmdline.fatal() {
        steps.push(Step::Refuse(*complaint));
    }
    if let Some(Overlay::On(value)) = cmdline.overlay {
        let why = "only a layer in memory can be had: rd.overlay=1";
        steps.push(Step::Refuse(Complaint { word: value, why, fatal: true }));
    }
    let needed = matches!(root, Some(Root::Nfs(_)));
    if needed || (cmdline.need_network && cmdline.fatal().is_none()) {
        // A virtual machine's interface is there with its driver, or never.
        let at_once = !needed && cmdline.profile == Some(Profile::Vm);
        let wait = if at_once { Duration::from_secs(2) } else { network::APPEAR };
        steps.push(Step::Network { words: network_words(cmdline), needed, wait });
    }
    let Some(root) = root else {
        if cmdline.fatal().is_none() {
            steps.extend(shares(cmdline));
            steps.push(if facts.job { Step::Job } else { Step::Shell });
        }
        return steps;
    };
    let mut source = match root {
        Root::Virtiofs(tag) => Source::Virtiofs(tag),
        Root::NineP(tag) => Source::NineP(tag),
        Root::Device(path) => Source::Device(path),
        Root::Tmpfs => Source::Tmpfs,
        Root::Marked(mark, value) => Source::Marked(mark, value),
        Root::Number(major, minor) => Source::Number(major, minor),
        Root::GptAuto => Source::GptAuto,
        Root::Nfs(value) => Source::Nfs(Nfs::of(value, cmdline)),
    };
    let layered = cmdline.overlay.is_some();
    let on_disk =
        !matches!(source, Source::Virtiofs(_) | Source::NineP(_) | Source::Nfs(_) | Source::Tmpfs);
    // The tag decides for a share, whatever rootfstype= says besides.
    let mut types = if on_disk { cmdline.fstypes.clone() } else { Vec::new() };
    let read_only = layered || !cmdline.rw;
    let mut flags = cmdline.flags;
    if layered {
        steps.push(Step::Upper);
    }
    if let Some(image) = cmdline.image
        && on_disk
    {
        steps.push(Step::Mount(Mount {
            source,
            place: Place::Host,
            read_only,
            flags,
            types,
            limit: cmdline.limit(),
        }));
        source = Source::Image(image);
        types = cmdline.image_types.clone();
        flags = cmdline.image_flags;
    }
    steps.push(Step::Mount(Mount {
        source,
        place: if layered { Place::Lower } else { Place::Root },
        read_only: read_only && source != Source::Tmpfs,
        flags,
        types,
        limit: cmdline.limit(),
    }));
    if layered {
        steps.push(Step::Overlay);
    }
    if on_disk && cmdline.image.is_none() {
        steps.push(Step::Usr { read_only: !layered && read_only, limit: cmdline.limit() });
    }
    steps.extend(shares(cmdline));
    steps.push(Step::CheckRoot {
        writable: layered || !read_only || source == Source::Tmpfs,
        needs_run: !cmdline.shares.is_empty(),
    });
    if facts.job {
        steps.push(Step::Switch(Run::Job));
    } else {
        let init = match cmdline.init {
            Some(path) => Init::Path(path),
            None if cmdline.osbuild => Init::Path(b"/bin/sh"),
            None => Init::Usual,
        };
        steps.push(Step::CheckInit(init));
        steps.push(Step::Switch(Run::Init(init)));
    }
    steps
}

/// What the command line says of the network; the kernel's own nfsroot asks
/// DHCP where nobody says anything.
fn network_words<'a>(cmdline: &Cmdline<'a>) -> Vec<Kept<'a>> {
    let ours = |kept: &&Kept<'a>| matches!(kept.name, b"ip" | b"nameserver");
    let mut words: Vec<Kept<'a>> = cmdline.kept.iter().filter(ours).copied().collect();
    if !words.iter().any(|kept| kept.name == b"ip") {
        words.insert(0, Kept { name: b"ip", value: b"dhcp" });
    }
    words
}

fn shares<'a>(cmdline: &Cmdline<'a>) -> impl Iterator<Item = Step<'a>> {
    let limit = cmdline.limit();
    cmdline.shares.iter().map(move |share| {
        Step::Mount(Mount {
            source: Source::Virtiofs(share.tag),
            place: Place::Share(share.tag),
            read_only: share.read_only,
            flags: b"",
            types: Vec::new(),
            limit,
        })
    })
}

/// Whether the root is on a disk.
fn on_disk(cmdline: &Cmdline) -> bool {
    matches!(
        cmdline.root,
        Some(Root::Device(_) | Root::Marked(..) | Root::Number(..) | Root::GptAuto)
    )
}

/// A root needs no more than the drivers on the way to it: the rest is left to
/// the system that is booted. A job has no such system behind it, and a rescuer
/// wants to see everything.
fn devices(cmdline: &Cmdline, facts: Facts) -> Devices {
    let nine_p = matches!(cmdline.root, Some(Root::NineP(_)));
    let fs = matches!(cmdline.root, Some(Root::Virtiofs(_))) || !cmdline.shares.is_empty();
    let on_share = matches!(cmdline.root, Some(Root::NineP(_) | Root::Virtiofs(_)));
    if facts.job || cmdline.need_network {
        return Devices::All;
    }
    if on_disk(cmdline) {
        return Devices::Disks;
    }
    if !on_share {
        return Devices::All;
    }
    let console = cmdline.consoles.iter().any(|c| c.starts_with(b"hvc"));
    Devices::Virtio(VirtioTypes { fs, nine_p, console })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        let cmdline = Cmdline::parse(line.as_bytes());
        let steps = plan(&cmdline, Facts::default());
        let text: Vec<String> = steps.iter().map(Step::to_string).collect();
        assert_eq!(text, expected, "{line}");
    }

    #[test]
    fn osbuilds_command_line() {
        check(
            "console=ttyS0 rootfs=rootfs mount=mnt0 mount-ro=b init=/run/mnt/mnt0/x.py",
            &[
                "mount /proc /sys /dev /run /tmp",
                "make device nodes",
                "load modules of /usr/lib/modules",
                "load drivers of virtio devices",
                "mount virtiofs:rootfs on /sysroot read-only",
                "mount virtiofs:mnt0 on /run/mnt/mnt0",
                "mount virtiofs:b on /run/mnt/b read-only",
                "check the root on /sysroot",
                "check init /run/mnt/mnt0/x.py",
                "switch to /sysroot and run /run/mnt/mnt0/x.py",
            ],
        );
    }

    #[test]
    fn stops_on_the_way() {
        let all = [
            "mount /proc /sys /dev /run /tmp",
            "stop for a shell before cmdline",
            "make device nodes",
            "stop for a shell before modules",
            "load modules of /usr/lib/modules",
            "load drivers of virtio devices",
            "stop for a shell before pre-mount",
            "stop for a shell before mount",
            "mount virtiofs:r on /sysroot read-only",
            "stop for a shell before pre-switch",
            "check the root on /sysroot",
            "check init /bin/sh",
            "switch to /sysroot and run /bin/sh",
        ];
        check("rootfs=r rd.break=cmdline,modules,pre-mount,mount,pre-switch", &all);
        check("rootfs=r rd.break=pre-switch,mount,cmdline rd.break=pre-mount,modules", &all);
        check(
            "rd.break rd.break",
            &[
                "mount /proc /sys /dev /run /tmp",
                "make device nodes",
                "load modules of /usr/lib/modules",
                "load drivers of all devices",
                "stop for a shell before pre-switch",
                "give a shell, no root being named",
            ],
        );
    }

    #[test]
    fn a_shell_is_osbuilds_init() {
        check(
            "rootfs=r rw",
            &[
                "mount /proc /sys /dev /run /tmp",
                "make device nodes",
                "load modules of /usr/lib/modules",
                "load drivers of virtio devices",
                "mount virtiofs:r on /sysroot",
                "check the root on /sysroot",
                "check init /bin/sh",
                "switch to /sysroot and run /bin/sh",
            ],
        );
    }

    #[test]
    fn a_layer_over_a_share() {
        check(
            "root=9p:r systemd.volatile=overlay rd.driver.pre=foo,bar",
            &[
                "mount /proc /sys /dev /run /tmp",
                "make device nodes",
                "load modules of /usr/lib/modules",
                "load foo, bar, drivers of virtio devices",
                "make a layer in memory for changes to the root",
                "mount 9p:r on /run/rescuebox/overlay/lower read-only",
                "lay the memory over the root, on /sysroot",
                "check the root on /sysroot",
                "check init /sbin/init, /etc/init, /bin/init or /bin/sh",
                "switch to /sysroot and run /sbin/init, /etc/init, /bin/init or /bin/sh",
            ],
        );
    }

    #[test]
    fn a_disk() {
        check(
            "root=/dev/vda1 rootfstype=ext4,xfs rootflags=noatime rw init=/sbin/init",
            &[
                "mount /proc /sys /dev /run",
                "make device nodes",
                "load modules of /usr/lib/modules",
                "load drivers of disks, of all devices where that is not enough",
                "mount /dev/vda1 on /sysroot as ext4 or xfs with noatime",
                "mount /usr, if fstab of the root has it",
                "check the root on /sysroot",
                "check init /sbin/init",
                "switch to /sysroot and run /sbin/init",
            ],
        );
    }

    #[test]
    fn an_image_on_a_disk() {
        check(
            "root=LABEL=STICK loop=/live/root.squashfs rootflags=utf8 loopfstype=squashfs rd.overlay",
            &[
                "mount /proc /sys /dev /run",
                "make device nodes",
                "load modules of /usr/lib/modules",
                "load drivers of disks, of all devices where that is not enough",
                "make a layer in memory for changes to the root",
                "mount LABEL=STICK on /run/rescuebox/host read-only with utf8",
                "mount image /live/root.squashfs on /run/rescuebox/overlay/lower read-only as squashfs",
                "lay the memory over the root, on /sysroot",
                "check the root on /sysroot",
                "check init /sbin/init, /etc/init, /bin/init or /bin/sh",
                "switch to /sysroot and run /sbin/init, /etc/init, /bin/init or /bin/sh",
            ],
        );
    }

    #[test]
    fn no_root_is_a_rescue_system() {
        check(
            "quiet",
            &[
                "mount /proc /sys /dev /run /tmp",
                "make device nodes",
                "load modules of /usr/lib/modules",
                "load drivers of all devices",
                "give a shell, no root being named",
            ],
        );
    }

    #[test]
    fn a_root_that_makes_no_sense() {
        check(
            "root=banana",
            &[
                "mount /proc /sys /dev /run /tmp",
                "make device nodes",
                "load modules of /usr/lib/modules",
                "load drivers of all devices",
                "understand the command line",
            ],
        );
        check(
            "root=UUID=1234-ABCD ro",
            &[
                "mount /proc /sys /dev /run",
                "make device nodes",
                "load modules of /usr/lib/modules",
                "load drivers of disks, of all devices where that is not enough",
                "mount UUID=1234-ABCD on /sysroot read-only",
                "mount /usr, if fstab of the root has it",
                "check the root on /sysroot",
                "check init /sbin/init, /etc/init, /bin/init or /bin/sh",
                "switch to /sysroot and run /sbin/init, /etc/init, /bin/init or /bin/sh",
            ],
        );
        check(
            "root=nfs:1.2.3.4:/srv",
            &[
                "mount /proc /sys /dev /run /tmp",
                "make device nodes",
                "load modules of /usr/lib/modules",
                "load drivers of all devices",
                "set up the network: ip=dhcp",
                "mount nfs 1.2.3.4:/srv on /sysroot read-only",
                "check the root on /sysroot",
                "check init /sbin/init, /etc/init, /bin/init or /bin/sh",
                "switch to /sysroot and run /sbin/init, /etc/init, /bin/init or /bin/sh",
            ],
        );
    }

    #[test]
    fn a_network_may_be_needed_by_itself() {
        check(
            "rootfs=r rd.neednet=1 ip=dhcp6 nameserver=10.0.2.3",
            &[
                "mount /proc /sys /dev /run /tmp",
                "make device nodes",
                "load modules of /usr/lib/modules",
                "load drivers of all devices",
                "set up the network: ip=dhcp6 nameserver=10.0.2.3",
                "mount virtiofs:r on /sysroot read-only",
                "check the root on /sysroot",
                "check init /bin/sh",
                "switch to /sysroot and run /bin/sh",
            ],
        );
        for (line, wanted) in [("rd.neednet", 1), ("rd.neednet=1 rd.neednet=0", 0)] {
            let cmdline = Cmdline::parse(line.as_bytes());
            let steps = plan(&cmdline, Facts::default());
            let count = steps.iter().filter(|s| matches!(s, Step::Network { .. })).count();
            assert_eq!(count, wanted, "{line}");
        }
        let nfs = Cmdline::parse(b"root=nfs:1.2.3.4:/srv rd.neednet=1");
        let steps = plan(&nfs, Facts::default());
        let networks: Vec<&Step> =
            steps.iter().filter(|s| matches!(s, Step::Network { .. })).collect();
        assert!(matches!(
            networks[..],
            [Step::Network { needed: true, wait: network::APPEAR, .. }]
        ));
        let vm = Cmdline::parse(b"rescue.profile=vm rootfs=r rd.neednet=1");
        let steps = plan(&vm, Facts::default());
        let short = |wait: &Duration| *wait < network::APPEAR;
        let quick =
            |s: &Step| matches!(s, Step::Network { needed: false, wait, .. } if short(wait));
        assert!(steps.iter().any(quick));
    }

    #[test]
    fn a_job_replaces_the_init() {
        let cmdline = Cmdline::parse(b"rootfs=r init=/sbin/init");
        let steps = plan(&cmdline, Facts { job: true });
        assert_eq!(steps.last(), Some(&Step::Switch(Run::Job)));
        assert!(!steps.iter().any(|s| matches!(s, Step::CheckInit(_))));
        let cmdline = Cmdline::parse(b"");
        assert_eq!(plan(&cmdline, Facts { job: true }).last(), Some(&Step::Job));
    }

    #[test]
    fn only_what_is_needed_gets_a_driver() {
        let types =
            |line: &'static str| devices(&Cmdline::parse(line.as_bytes()), Facts::default());
        let fs = VirtioTypes { fs: true, ..VirtioTypes::default() };
        assert_eq!(types("rootfs=r"), Devices::Virtio(fs));
        assert_eq!(
            types("rootfs=r console=hvc0"),
            Devices::Virtio(VirtioTypes { console: true, ..fs })
        );
        assert_eq!(
            types("root=9p:r"),
            Devices::Virtio(VirtioTypes { nine_p: true, ..VirtioTypes::default() })
        );
        assert_eq!(types("root=/dev/vda"), Devices::Disks);
    }

    #[test]
    fn text_of_a_plan() {
        let cmdline = Cmdline::parse(b"rootfs=r rootwait=3 mount=");
        assert_eq!(
            text(&cmdline, Facts::default()),
            "# mount= on the kernel command line: the tag is missing\n \
             1 mount /proc /sys /dev /run /tmp\n \
             2 make device nodes\n \
             3 load modules of /usr/lib/modules\n \
             4 load drivers of virtio devices\n \
             5 mount virtiofs:r on /sysroot read-only, waiting at most 3 s\n \
             6 check the root on /sysroot\n \
             7 check init /bin/sh\n \
             8 switch to /sysroot and run /bin/sh\n"
        );
    }
}
