//! The table of applets, and how a name finds its applet.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{self, Applet, Ctx, Kind, Row, Status, Table};

mod adduser;
mod ar;
mod arp;
mod arping;
mod ascii;
mod attach;
mod awk;
mod base64;
mod basename;
mod bc;
mod blkdiscard;
mod blkid;
mod blockdev;
mod boot;
mod bootreport;
mod brctl;
mod cal;
mod cat;
mod chmod;
mod chown;
mod chroot;
mod chrootvm;
mod chvt;
mod cksum;
mod cmp;
mod column;
mod comm;
mod cp;
mod cpio;
mod cut;
mod date;
mod dc;
mod dd;
mod depmod;
mod devmem;
mod df;
mod diff;
mod dmesg;
mod dos2unix;
mod dpkg_deb;
mod du;
mod echo;
mod ed;
mod eject;
mod env;
mod expand;
mod expr;
mod factor;
mod false_;
mod fbsplash;
mod fdisk;
mod file;
mod find;
mod findfs;
mod findmnt;
mod flock;
mod fold;
mod free;
mod fsck;
mod fsfreeze;
mod fstrim;
mod gen_init_cpio;
mod getopt;
mod getty;
mod grep;
mod gzip;
mod hdparm;
mod head;
mod hexdump;
mod hostid;
mod hostname;
mod httpd;
mod hwclock;
mod id;
mod ifconfig;
mod ifup;
mod init;
mod insmod;
mod install;
mod ip;
mod ipcalc;
mod join;
mod kexec;
mod kill;
mod killall;
mod klogd;
mod last;
mod less;
mod link;
mod ln;
mod loadkmap;
mod logger;
mod login;
mod losetup;
mod ls;
mod lsattr;
mod lsblk;
mod lsinitramfs;
mod lsmod;
mod lsof;
mod lspci;
mod lsusb;
mod md5sum;
mod mdev;
mod microcom;
mod mkdir;
mod mke2fs;
mod mkfs_vfat;
mod mkinitramfs;
mod mknod;
mod mkpasswd;
mod mkswap;
mod mktemp;
mod mkvirtinitrd;
mod modinfo;
mod modprobe;
mod mount;
mod mountpoint;
mod mv;
mod nameif;
mod namespaces;
mod nbd_client;
mod nc;
mod netstat;
mod nice;
mod nl;
mod nohup;
mod nslookup;
mod od;
mod partprobe;
mod passwd;
mod paste;
mod patch;
mod pgrep;
mod ping;
mod pivot_root;
mod pmap;
mod printenv;
mod printf;
mod ps;
mod pstree;
mod pwd;
mod raidautorun;
mod rdate;
mod readlink;
mod reboot;
mod resume;
mod rev;
mod rm;
mod rmdir;
mod rmmod;
mod route;
mod rpm2cpio;
mod run_parts;
mod script;
mod sed;
mod seq;
mod setfont;
mod setpriv;
mod setsid;
mod sh;
mod shred;
mod shuf;
mod sleep;
mod sort;
mod split;
mod start_stop_daemon;
mod stat;
mod strings;
mod stty;
mod swapon;
mod switch_root;
mod sysctl;
mod syslogd;
mod tail;
mod tar;
mod tee;
mod telnet;
mod telnetd;
mod test;
mod tftp;
mod timeout;
mod top;
mod touch;
mod tr;
mod tree;
mod true_;
mod truncate;
mod ts;
mod tsort;
mod tty;
mod tunctl;
mod udhcpc;
mod uevent;
mod umount;
mod uname;
mod uniq;
mod unzip;
mod uptime;
mod uuencode;
mod vconfig;
mod vi;
mod vm;
mod vmstat;
mod watch;
mod watchdog;
mod wc;
mod wget;
mod which;
mod who;
mod xargs;
mod xxd;
mod yes;

/// Names the program itself goes by: the next argument is the applet.
const OWN_NAMES: [&[u8]; 2] = [b"rescuebox", b"busybox"];

/// Applets to which `--help` is an operand like any other (POSIX).
const NO_HELP_OPTION: [&str; 6] = ["[", "[[", "echo", "false", "test", "true"];

const fn row(name: &'static str, applet: &'static Applet) -> Row {
    Row { name, applet }
}

/// Every name that is an applet, one a line. Aliases are rows.
#[rustfmt::skip]
const LIST: &[Row] = &[
    row("[", &test::APPLET),
    row("[[", &test::APPLET),
    row("addgroup", &adduser::ADDGROUP),
    row("adduser", &adduser::APPLET),
    row("agetty", &getty::APPLET),
    row("ar", &ar::APPLET),
    row("arch", &uname::ARCH),
    row("arp", &arp::APPLET),
    row("arping", &arping::APPLET),
    row("ascii", &ascii::APPLET),
    row("ash", &sh::APPLET),
    row("attach", &attach::APPLET),
    row("awk", &awk::APPLET),
    row("base32", &base64::BASE_32),
    row("base64", &base64::APPLET),
    row("basename", &basename::APPLET),
    row("bc", &bc::APPLET),
    row("blkdiscard", &blkdiscard::APPLET),
    row("blkid", &blkid::APPLET),
    row("blockdev", &blockdev::APPLET),
    row("boot", &boot::APPLET),
    row("bootreport", &bootreport::APPLET),
    row("brctl", &brctl::APPLET),
    row("bunzip2", &gzip::BZIP2),
    row("bzcat", &gzip::BZIP2),
    row("bzip2", &gzip::BZIP2),
    row("cal", &cal::APPLET),
    row("cat", &cat::APPLET),
    row("chattr", &lsattr::CHATTR),
    row("chgrp", &chown::CHGRP),
    row("chmod", &chmod::APPLET),
    row("chown", &chown::APPLET),
    row("chpasswd", &passwd::CHPASSWD),
    row("chroot", &chroot::APPLET),
    row("chrootvm", &chrootvm::APPLET),
    row("chrt", &nice::CHRT),
    row("chvt", &chvt::APPLET),
    row("cksum", &cksum::APPLET),
    row("clear", &tty::CLEAR),
    row("cmp", &cmp::APPLET),
    row("column", &column::APPLET),
    row("comm", &comm::APPLET),
    row("cp", &cp::APPLET),
    row("cpio", &cpio::APPLET),
    row("crc32", &cksum::CRC32),
    row("cryptpw", &mkpasswd::APPLET),
    row("cttyhack", &setsid::CTTYHACK),
    row("cut", &cut::APPLET),
    row("date", &date::APPLET),
    row("dc", &dc::APPLET),
    row("dd", &dd::APPLET),
    row("deallocvt", &chvt::DEALLOCVT),
    row("delgroup", &adduser::DELGROUP),
    row("deluser", &adduser::DELUSER),
    row("depmod", &depmod::APPLET),
    row("devmem", &devmem::APPLET),
    row("df", &df::APPLET),
    row("diff", &diff::APPLET),
    row("dirname", &basename::DIRNAME),
    row("dmesg", &dmesg::APPLET),
    row("dnsdomainname", &hostname::DOMAIN),
    row("dos2unix", &dos2unix::APPLET),
    row("dpkg-deb", &dpkg_deb::APPLET),
    row("du", &du::APPLET),
    row("dumpkmap", &loadkmap::DUMPKMAP),
    row("echo", &echo::APPLET),
    row("ed", &ed::APPLET),
    row("egrep", &grep::APPLET),
    row("eject", &eject::APPLET),
    row("env", &env::APPLET),
    row("expand", &expand::APPLET),
    row("expr", &expr::APPLET),
    row("factor", &factor::APPLET),
    row("fallocate", &truncate::FALLOCATE),
    row("false", &false_::APPLET),
    row("fbsplash", &fbsplash::APPLET),
    row("fdisk", &fdisk::APPLET),
    row("fgconsole", &chvt::FGCONSOLE),
    row("fgrep", &grep::APPLET),
    row("file", &file::APPLET),
    row("find", &find::APPLET),
    row("findfs", &findfs::APPLET),
    row("findmnt", &findmnt::APPLET),
    row("flock", &flock::APPLET),
    row("fold", &fold::APPLET),
    row("free", &free::APPLET),
    row("fsck", &fsck::APPLET),
    row("fsfreeze", &fsfreeze::APPLET),
    row("fstrim", &fstrim::APPLET),
    row("fsync", &link::FSYNC),
    row("fuser", &lsof::FUSER),
    row("gen_init_cpio", &gen_init_cpio::APPLET),
    row("getopt", &getopt::APPLET),
    row("getty", &getty::APPLET),
    row("grep", &grep::APPLET),
    row("groups", &id::GROUPS),
    row("gunzip", &gzip::GUNZIP),
    row("gzip", &gzip::APPLET),
    row("halt", &reboot::HALT),
    row("hd", &hexdump::HD),
    row("hdparm", &hdparm::APPLET),
    row("head", &head::APPLET),
    row("hexdump", &hexdump::APPLET),
    row("hostid", &hostid::APPLET),
    row("hostname", &hostname::APPLET),
    row("httpd", &httpd::APPLET),
    row("hwclock", &hwclock::APPLET),
    row("id", &id::APPLET),
    row("ifconfig", &ifconfig::APPLET),
    row("ifdown", &ifup::IFDOWN),
    row("ifup", &ifup::APPLET),
    row("init", &init::APPLET),
    row("insmod", &insmod::APPLET),
    row("install", &install::APPLET),
    row("ionice", &nice::IONICE),
    row("iostat", &vmstat::IOSTAT),
    row("ip", &ip::APPLET),
    row("ipcalc", &ipcalc::APPLET),
    row("join", &join::APPLET),
    row("kbd_mode", &loadkmap::KBD_MODE),
    row("kexec", &kexec::APPLET),
    row("kill", &kill::APPLET),
    row("killall", &killall::APPLET),
    row("killall5", &killall::KILLALL5),
    row("klogd", &klogd::APPLET),
    row("last", &last::APPLET),
    row("less", &less::APPLET),
    row("link", &link::APPLET),
    row("linuxrc", &init::LINUXRC),
    row("ln", &ln::APPLET),
    row("loadfont", &setfont::LOADFONT),
    row("loadkmap", &loadkmap::APPLET),
    row("logger", &logger::APPLET),
    row("login", &login::APPLET),
    row("logname", &id::LOGNAME),
    row("logread", &syslogd::LOGREAD),
    row("losetup", &losetup::APPLET),
    row("ls", &ls::APPLET),
    row("lsattr", &lsattr::APPLET),
    row("lsblk", &lsblk::APPLET),
    row("lsinitramfs", &lsinitramfs::APPLET),
    row("lsmod", &lsmod::APPLET),
    row("lsof", &lsof::APPLET),
    row("lspci", &lspci::APPLET),
    row("lsscsi", &lsusb::LSSCSI),
    row("lsusb", &lsusb::APPLET),
    row("lz4", &gzip::LZ4),
    row("lz4cat", &gzip::LZ4),
    row("lzcat", &gzip::XZ),
    row("lzma", &gzip::XZ),
    row("md5sum", &md5sum::APPLET),
    row("mdev", &mdev::APPLET),
    row("mesg", &tty::MESG),
    row("microcom", &microcom::APPLET),
    row("mkdir", &mkdir::APPLET),
    row("mkdosfs", &mkfs_vfat::APPLET),
    row("mke2fs", &mke2fs::APPLET),
    row("mkfifo", &link::MKFIFO),
    row("mkfs.ext2", &mke2fs::APPLET),
    row("mkfs.ext3", &mke2fs::APPLET),
    row("mkfs.ext4", &mke2fs::APPLET),
    row("mkfs.fat", &mkfs_vfat::APPLET),
    row("mkfs.msdos", &mkfs_vfat::APPLET),
    row("mkfs.vfat", &mkfs_vfat::APPLET),
    row("mkinitramfs", &mkinitramfs::APPLET),
    row("mknod", &mknod::APPLET),
    row("mkpasswd", &mkpasswd::APPLET),
    row("mkswap", &mkswap::APPLET),
    row("mktemp", &mktemp::APPLET),
    row("mkvirtinitrd", &mkvirtinitrd::APPLET),
    row("modinfo", &modinfo::APPLET),
    row("modprobe", &modprobe::APPLET),
    row("more", &less::MORE),
    row("mount", &mount::APPLET),
    row("mountpoint", &mountpoint::APPLET),
    row("mv", &mv::APPLET),
    row("nameif", &nameif::APPLET),
    row("nbd-client", &nbd_client::APPLET),
    row("nc", &nc::APPLET),
    row("netcat", &nc::APPLET),
    row("netstat", &netstat::APPLET),
    row("nice", &nice::APPLET),
    row("nl", &nl::APPLET),
    row("nohup", &nohup::APPLET),
    row("nproc", &nice::NPROC),
    row("nsenter", &namespaces::NSENTER),
    row("nslookup", &nslookup::APPLET),
    row("od", &od::APPLET),
    row("openvt", &chvt::OPENVT),
    row("partprobe", &partprobe::APPLET),
    row("passwd", &passwd::APPLET),
    row("paste", &paste::APPLET),
    row("patch", &patch::APPLET),
    row("pgrep", &pgrep::APPLET),
    row("pidof", &killall::PIDOF),
    row("ping", &ping::APPLET),
    row("ping6", &ping::PING6),
    row("pivot_root", &pivot_root::APPLET),
    row("pkill", &pgrep::PKILL),
    row("pmap", &pmap::APPLET),
    row("poweroff", &reboot::POWEROFF),
    row("printenv", &printenv::APPLET),
    row("printf", &printf::APPLET),
    row("ps", &ps::APPLET),
    row("pstree", &pstree::APPLET),
    row("pwd", &pwd::APPLET),
    row("pwdx", &pmap::PWDX),
    row("raidautorun", &raidautorun::APPLET),
    row("rdate", &rdate::APPLET),
    row("readlink", &readlink::APPLET),
    row("realpath", &readlink::REALPATH),
    row("reboot", &reboot::APPLET),
    row("renice", &nice::RENICE),
    row("rescuebox", &RESCUEBOX),
    row("reset", &tty::RESET),
    row("resize", &tty::RESIZE),
    row("resume", &resume::APPLET),
    row("rev", &rev::APPLET),
    row("rm", &rm::APPLET),
    row("rmdir", &rmdir::APPLET),
    row("rmmod", &rmmod::APPLET),
    row("route", &route::APPLET),
    row("rpm2cpio", &rpm2cpio::APPLET),
    row("run-init", &switch_root::RUN_INIT),
    row("run-parts", &run_parts::APPLET),
    row("script", &script::APPLET),
    row("scriptreplay", &script::SCRIPTREPLAY),
    row("sed", &sed::APPLET),
    row("seq", &seq::APPLET),
    row("setconsole", &chvt::SETCONSOLE),
    row("setfont", &setfont::APPLET),
    row("setkeycodes", &loadkmap::SETKEYCODES),
    row("setlogcons", &chvt::SETLOGCONS),
    row("setpriv", &setpriv::APPLET),
    row("setsid", &setsid::APPLET),
    row("sh", &sh::APPLET),
    row("sha1sum", &md5sum::SHA1),
    row("sha224sum", &md5sum::SHA224),
    row("sha256sum", &md5sum::SHA256),
    row("sha384sum", &md5sum::SHA384),
    row("sha3sum", &md5sum::SHA3),
    row("sha512sum", &md5sum::SHA512),
    row("shred", &shred::APPLET),
    row("shuf", &shuf::APPLET),
    row("sleep", &sleep::APPLET),
    row("sort", &sort::APPLET),
    row("split", &split::APPLET),
    row("ss", &netstat::SS),
    row("start-stop-daemon", &start_stop_daemon::APPLET),
    row("stat", &stat::APPLET),
    row("strings", &strings::APPLET),
    row("stty", &stty::APPLET),
    row("su", &login::SU),
    row("sulogin", &login::SULOGIN),
    row("sum", &cksum::SUM),
    row("swapoff", &swapon::SWAPOFF),
    row("swapon", &swapon::APPLET),
    row("switch_root", &switch_root::APPLET),
    row("sync", &link::SYNC),
    row("sysctl", &sysctl::APPLET),
    row("syslogd", &syslogd::APPLET),
    row("tac", &rev::TAC),
    row("tail", &tail::APPLET),
    row("tar", &tar::APPLET),
    row("taskset", &nice::TASKSET),
    row("tee", &tee::APPLET),
    row("telnet", &telnet::APPLET),
    row("telnetd", &telnetd::APPLET),
    row("telnetd-lite", &telnetd::APPLET),
    row("test", &test::APPLET),
    row("tftp", &tftp::APPLET),
    row("time", &watch::TIME),
    row("timeout", &timeout::APPLET),
    row("top", &top::APPLET),
    row("touch", &touch::APPLET),
    row("tr", &tr::APPLET),
    row("traceroute", &traceroute::APPLET),
    row("traceroute6", &traceroute::SIX),
    row("tree", &tree::APPLET),
    row("true", &true_::APPLET),
    row("truncate", &truncate::APPLET),
    row("ts", &ts::APPLET),
    row("tsort", &tsort::APPLET),
    row("tty", &tty::APPLET),
    row("ttysize", &tty::TTYSIZE),
    row("tunctl", &tunctl::APPLET),
    row("udhcpc", &udhcpc::APPLET),
    row("uevent", &uevent::APPLET),
    row("umount", &umount::APPLET),
    row("uname", &uname::APPLET),
    row("uncompress", &gzip::UNCOMPRESS),
    row("unexpand", &expand::UNEXPAND),
    row("uniq", &uniq::APPLET),
    row("unix2dos", &dos2unix::UNIX2DOS),
    row("unlink", &link::UNLINK),
    row("unlz4", &gzip::LZ4),
    row("unlzma", &gzip::XZ),
    row("unmkinitramfs", &lsinitramfs::UNMKINITRAMFS),
    row("unshare", &namespaces::UNSHARE),
    row("unxz", &gzip::XZ),
    row("unzip", &unzip::APPLET),
    row("unzstd", &gzip::ZSTD),
    row("uptime", &uptime::APPLET),
    row("users", &who::USERS),
    row("usleep", &sleep::USLEEP),
    row("uudecode", &uuencode::UUDECODE),
    row("uuencode", &uuencode::APPLET),
    row("vconfig", &vconfig::APPLET),
    row("vi", &vi::APPLET),
    row("view", &vi::APPLET),
    row("vm", &vm::APPLET),
    row("vmstat", &vmstat::APPLET),
    row("w", &who::W),
    row("watch", &watch::APPLET),
    row("watchdog", &watchdog::APPLET),
    row("wc", &wc::APPLET),
    row("wget", &wget::APPLET),
    row("which", &which::APPLET),
    row("who", &who::APPLET),
    row("whoami", &id::WHOAMI),
    row("xargs", &xargs::APPLET),
    row("xxd", &xxd::APPLET),
    row("xz", &gzip::XZ),
    row("xzcat", &gzip::XZ),
    row("yes", &yes::APPLET),
    row("zcat", &gzip::ZCAT),
    row("zstd", &gzip::ZSTD),
    row("zstdcat", &gzip::ZSTD),
];

/// The names alone, in the order of [`SORTED`]: a search reads these few pages
/// and not the ones that the applets' constants are spread over.
static NAMES: [u8; length_of_names()] = joined();
static ROWS: [Row; LIST.len()] = rows();
const SORTED: [Row; LIST.len()] = sorted();

/// The applets of this program.
pub static TABLE: Table =
    Table(&ROWS, applet::Purposes { of: &purposes::MARKS, titles: &purposes::TITLES });

const fn length_of_names() -> usize {
    let mut length = 0;
    let mut i = 0;
    while i < LIST.len() {
        length += LIST[i].name.len();
        i += 1;
    }
    length
}

const fn joined() -> [u8; length_of_names()] {
    let mut bytes = [0; length_of_names()];
    let mut end = 0;
    let mut i = 0;
    while i < SORTED.len() {
        let name = SORTED[i].name.as_bytes();
        let mut j = 0;
        while j < name.len() {
            bytes[end] = name[j];
            end += 1;
            j += 1;
        }
        i += 1;
    }
    bytes
}

/// [`SORTED`] with the names in [`NAMES`].
const fn rows() -> [Row; LIST.len()] {
    let mut rows = SORTED;
    let mut rest: &'static [u8] = &NAMES;
    let mut i = 0;
    while i < rows.len() {
        let (name, behind) = rest.split_at(rows[i].name.len());
        rest = behind;
        match std::str::from_utf8(name) {
            Ok(name) => rows[i].name = name,
            Err(_) => panic!("an applet name is not UTF-8"),
        }
        i += 1;
    }
    rows
}

/// The rows sorted by name; a name that is there twice does not compile.
const fn sorted() -> [Row; LIST.len()] {
    let mut rows = [LIST[0]; LIST.len()];
    let mut i = 0;
    while i < rows.len() {
        rows[i] = LIST[i];
        let mut j = i;
        while j > 0 {
            let order = compare(rows[j - 1].name.as_bytes(), rows[j].name.as_bytes());
            assert!(order != 0, "an applet name is in the table twice");
            if order < 0 {
                break;
            }
            let lower = rows[j];
            rows[j] = rows[j - 1];
            rows[j - 1] = lower;
            j -= 1;
        }
        i += 1;
    }
    rows
}

/// -1, 0 or 1 as `a` sorts before, with or behind `b`.
const fn compare(a: &[u8], b: &[u8]) -> i32 {
    let mut i = 0;
    while i < a.len() && i < b.len() {
        if a[i] != b[i] {
            return if a[i] < b[i] { -1 } else { 1 };
        }
        i += 1;
    }
    if a.len() == b.len() {
        0
    } else if a.len() < b.len() {
        -1
    } else {
        1
    }
}

/// The program: runs the applet that `argv[0]` names, or the first argument.
/// Returns the exit status.
pub fn main(argv: Vec<OsString>) -> u8 {
    let argv0 = argv.first().map_or(OsStr::new("rescuebox"), OsString::as_os_str);
    let args = argv.get(1..).unwrap_or_default();
    let base = base_name(argv0.as_bytes());
    let found = if OWN_NAMES.contains(&base) { None } else { TABLE.find(base) };
    // A binary under a name of its own (rescuebox-0.1, out/rb) is the program.
    let own = Row { name: "rescuebox", applet: &RESCUEBOX };
    start(found.unwrap_or(&own), argv0, args).0
}

/// Arguments for argh: text, with `--option=value` taken apart, which argh does
/// not know.
fn words(args: &[OsString]) -> Result<Vec<&str>, applet::Error> {
    let mut words = Vec::new();
    for arg in args {
        let word = arg.to_str().ok_or_else(|| {
            applet::Error::usage(format_args!("'{}': not UTF-8", applet::show(arg)))
        })?;
        match word.split_once('=').filter(|(name, _)| name.starts_with("--") && name.len() > 2) {
            Some((option, value)) => words.extend([option, value]),
            None => words.push(word),
        }
    }
    Ok(words)
}

/// What argh gives instead of options: the help that was asked for, which is
/// printed, or what is wrong with the words.
fn help_or_usage(
    cx: &mut Ctx,
    applet: &Applet,
    exit: argh::EarlyExit,
) -> Result<(), applet::Error> {
    if exit.status.is_err() {
        let text: Vec<&str> = exit.output.split_whitespace().collect();
        let text = text.join(" ");
        let mut text = text.trim_end_matches('.').to_string();
        // As all messages begin.
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        return Err(applet::Error::usage(text));
    }
    let text = applet::help(cx.name, applet);
    cx.out.write_all(text.as_bytes()).map_err(|e| applet::Error::os("standard output", e))
}

/// The last part of a path, without the dash that marks a login shell.
fn base_name(path: &[u8]) -> &[u8] {
    let base = path.rsplit(|&b| b == b'/').next().unwrap_or_default();
    base.strip_prefix(b"-").unwrap_or(base)
}

fn start(row: &Row, argv0: &OsStr, args: &[OsString]) -> Status {
    let mut cx = Ctx::of_process(&TABLE, row.name, argv0, args);
    if let [only] = args
        && only == "--help"
        && !NO_HELP_OPTION.contains(&row.name)
    {
        let text = applet::help(row.name, row.applet);
        return Status::from_bool(applet::write_all(cx.stdout, text.as_bytes()).is_ok());
    }
    applet::run(row.applet, &mut cx)
}

/// The program under its own name.
static RESCUEBOX: Applet = Applet {
    name: "rescuebox",
    summary: "run an applet by name, list or install them",
    usage: "APPLET [ARG...]\n\
            \x20      rescuebox --list           names of the applets, one a line\n\
            \x20      rescuebox --list-full      the same with the folders of their links\n\
            \x20      rescuebox --help [APPLET]  what one does; without a name, all in a line each\n\
            \x20      rescuebox --install [-s] [DIR]   links to this program in DIR, or in /bin,\n\
            \x20                                 /sbin, /usr/bin and /usr/sbin (-s: symbolic)\n\
            \x20      rescuebox --version",
    kind: Kind::Exec,
    run: multicall::run,
};

mod multicall;
mod purposes;
mod traceroute;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(ROWS.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn names_are_found_exactly() {
        assert_eq!(TABLE.find(b"true").map(|r| r.name), Some("true"));
        assert!(TABLE.find(b"tru").is_none());
        assert!(TABLE.find(b"").is_none());
    }

    #[test]
    fn base_names() {
        assert_eq!(base_name(b"/bin/sh"), b"sh");
        assert_eq!(base_name(b"-sh"), b"sh");
        assert_eq!(base_name(b"/"), b"");
    }

    #[test]
    fn every_applet_says_what_it_is() {
        for row in &ROWS {
            assert!(!row.applet.summary.is_empty(), "{}", row.name);
            assert!(!row.applet.summary.ends_with('.'), "{}", row.name);
        }
    }
}
