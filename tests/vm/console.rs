//! The machine's own screen and keyboard: virtual consoles, fonts, keymaps, a
//! picture on the framebuffer; and the logs, which need a kernel of one's own.
//! What is on the screen is looked at with QEMU's screendump.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::harness::applet::applet;
use crate::harness::lab::Kernel;
use crate::harness::machine::{Machine, machine};
use crate::harness::scratch::Scratch;

const HEAD: &str = "#!/bin/sh
PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
echo 0 > /proc/sys/kernel/printk
shoot() { echo \"shoot $1\"; read line; }
";

/// A machine whose /init is this script, with a screen of this mode, and more
/// files.
fn boot(dir: &Scratch, script: &str, mode: &str, files: &[(&str, Vec<u8>)]) -> (Machine, PathBuf) {
    let init = dir.program("init", format!("{HEAD}{script}\necho the end\nsleep 1000\n"));
    let image = dir.path().join("image.cpio");
    let mut args: Vec<String> =
        vec!["--no-modules".into(), "-o".into(), image.display().to_string()];
    args.extend(["--add".into(), format!("{}:/init", init.display())]);
    for (name, bytes) in files {
        let file = dir.file(name, bytes);
        args.extend(["--add".into(), format!("{}:/{name}", file.display())]);
    }
    applet("mkinitramfs").args(args).ok();
    let monitor = dir.path().join("monitor");
    let vm = machine(Kernel::BookwormGeneric, &image)
        .append(mode)
        .qemu(["-device", "VGA", "-monitor"])
        .qemu([format!("unix:{},server,nowait", monitor.display())])
        .boot();
    (vm, monitor)
}

/// The screen as it is now.
struct Screen {
    width: usize,
    dots: Vec<u8>,
}

impl Screen {
    fn shoot(monitor: &Path, file: &Path) -> Screen {
        let _ = std::fs::remove_file(file);
        let mut stream = UnixStream::connect(monitor).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        writeln!(stream, "screendump {}", file.display()).unwrap();
        let mut answer = Vec::new();
        let end = Instant::now() + Duration::from_secs(20);
        // the prompt comes twice: before the command and when it is done
        while answer.windows(6).filter(|w| w == b"(qemu)").count() < 2 && Instant::now() < end {
            let mut bytes = [0; 256];
            let count = stream.read(&mut bytes).unwrap();
            answer.extend_from_slice(&bytes[..count]);
        }
        let bytes = std::fs::read(file).unwrap();
        let mut parts = bytes.splitn(4, |b| b.is_ascii_whitespace());
        assert_eq!(parts.next(), Some(&b"P6"[..]));
        let mut number = || {
            let word = std::str::from_utf8(parts.next().unwrap()).unwrap().to_string();
            word.parse::<usize>().unwrap()
        };
        let (width, height) = (number(), number());
        let dots = bytes[bytes.len() - width * height * 3..].to_vec();
        Screen { width, dots }
    }

    fn dot(&self, x: usize, y: usize) -> [u8; 3] {
        self.dots[(y * self.width + x) * 3..][..3].try_into().unwrap()
    }

    /// Every dot of a rectangle (left, top, width, height) has this colour.
    #[track_caller]
    fn is_filled(&self, [left, top, width, height]: [usize; 4], color: [u8; 3]) {
        for y in top..top + height {
            for x in left..left + width {
                assert_eq!(self.dot(x, y), color, "at {x},{y}");
            }
        }
    }
}

/// What a picture of 4 times 2 dots looks like in P6 and, the same, in P3.
const COLORS: [[u8; 3]; 8] = [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
    [255, 255, 255],
    [0, 0, 0],
    [255, 255, 0],
    [0, 255, 255],
    [255, 0, 255],
];

fn splash(mode: &str, grain: fn([u8; 3]) -> [u8; 3]) {
    let dir = Scratch::new("splash");
    let bytes = [b"P6\n# a comment\n4 2\n255\n".as_slice(), COLORS.as_flattened()].concat();
    let words: Vec<String> = COLORS.as_flattened().iter().map(|b| (b / 17).to_string()).collect();
    let text = format!("P3 4 2 15\n{}\n", words.join(" "));
    let ini = "BAR_LEFT=100\nBAR_TOP=50\nBAR_WIDTH=202\nBAR_HEIGHT=12\nBAR_R=200\nBAR_G=100\n\
               # where the picture is\nBAR_B=40\nIMG_LEFT=10\nIMG_TOP=20\n";
    let script = "
clear > /dev/tty1
mkfifo /fifo
fbsplash -s /p6.ppm -c -i /bar.ini -f /fifo > /dev/tty1 & pid=$!
echo 0 > /fifo; sleep 0.5; shoot start
echo 25 > /fifo; echo 101 > /fifo; echo x > /fifo; sleep 0.5; shoot quarter
echo 100 > /fifo; sleep 0.5; shoot all
printf '50\\nexit\\n' > /fifo; wait $pid; echo \"ended $?\"; shoot half
fbsplash -s - -d /dev/fb0 < /p3.ppm; echo \"drawn $?\"; shoot plain
fbsplash -s /bar.ini; echo \"bad $?\"
fbsplash -s /p6.ppm -d /dev/null; echo \"null $?\"
fbsplash; echo \"none $?\"
";
    let files =
        [("p6.ppm", bytes), ("p3.ppm", text.into_bytes()), ("bar.ini", ini.as_bytes().to_vec())];
    let (mut vm, monitor) = boot(&dir, script, mode, &files);
    let dump = dir.path().join("dump.ppm");
    let shoot = |vm: &mut Machine, name: &str| {
        vm.wait_for(&format!("shoot {name}"));
        let screen = Screen::shoot(&monitor, &dump);
        vm.send("\n");
        screen
    };
    let (dark, bright) = (grain([100, 50, 20]), grain([200, 100, 40]));
    let bar = |screen: &Screen, done: usize| {
        for frame in [[100, 50, 202, 1], [100, 61, 202, 1], [100, 50, 1, 12], [301, 50, 1, 12]] {
            screen.is_filled(frame, dark);
        }
        screen.is_filled([101, 51, done, 10], dark);
        screen.is_filled([101 + done, 51, 200 - done, 10], bright);
        screen.is_filled([96, 46, 210, 4], [0, 0, 0]);
        screen.is_filled([302, 46, 4, 20], [0, 0, 0]);
    };
    let picture = |screen: &Screen, left: usize, top: usize| {
        for (n, color) in COLORS.iter().enumerate() {
            assert_eq!(screen.dot(left + n % 4, top + n / 4), grain(*color), "dot {n}");
        }
        screen.is_filled([left + 4, top, 4, 2], [0, 0, 0]);
        screen.is_filled([left, top + 2, 8, 2], [0, 0, 0]);
    };
    let screen = shoot(&mut vm, "start");
    picture(&screen, 10, 20);
    bar(&screen, 0);
    bar(&shoot(&mut vm, "quarter"), 50);
    bar(&shoot(&mut vm, "all"), 200);
    vm.wait_for("ended 0");
    bar(&shoot(&mut vm, "half"), 100);
    vm.wait_for("drawn 0");
    picture(&shoot(&mut vm, "plain"), 0, 0);
    vm.wait_for("fbsplash: /bar.ini: not a PPM picture (P6 or P3)\r\nbad 1");
    vm.wait_for("fbsplash: /dev/null: Inappropriate ioctl for device\r\nnull 1");
    vm.wait_for("which picture? (-s)");
    vm.wait_for("none 1");
    vm.wait_for("the end");
    vm.no_panic();
}

#[test]
fn a_picture_in_32_bits() {
    splash("vga=0x342", |color| color);
}

#[test]
fn a_picture_in_24_bits() {
    splash("vga=0x312", |color| color);
}

/// What QEMU makes of five, six and five bits.
#[test]
fn a_picture_in_16_bits() {
    splash("vga=0x311", |[red, green, blue]| {
        let five = |n: u8| n >> 3 << 3 | n >> 5;
        [five(red), green >> 2 << 2 | green >> 6, five(blue)]
    });
}

#[test]
fn a_picture_in_8_bits() {
    splash("vga=0x301", |[red, green, blue]| {
        // three, three and two bits, each spread over a byte
        let three = |n: u8| ((u32::from(n >> 5) * 0x2492) >> 8) as u8;
        [three(red), three(green), ((u32::from(blue >> 6) * 0x5555) >> 8) as u8]
    });
}

/// A font of 256 glyphs of 8 times `height` dots, all empty but number 5, which
/// is `A`.
fn font(height: u8) -> Vec<u8> {
    let mut file = vec![0x36, 0x04, 0x02, height];
    for glyph in 0..256 {
        for row in 0..height {
            file.push(if glyph == 5 { [0xf0, 0x0f, 0xff, 0x81][usize::from(row % 4)] } else { 0 });
        }
    }
    for glyph in 0..256u16 {
        if glyph == 5 {
            file.extend_from_slice(b"A\0");
        }
        file.extend_from_slice(b"\xff\xff");
    }
    file
}

/// A font of two glyphs of 16 times 32 dots; the second one, full, is `B`.
fn large_font() -> Vec<u8> {
    let mut file = b"\x72\xb5\x4a\x86".to_vec();
    for number in [0u32, 32, 1, 2, 64, 32, 16] {
        file.extend_from_slice(&number.to_le_bytes());
    }
    file.extend([0; 64]);
    file.extend([0xff; 64]);
    file.extend_from_slice(b"A\xffB\xff");
    file
}

#[test]
fn consoles_fonts_and_keys() {
    let dir = Scratch::new("console");
    let script = "
t() { echo \"t $1: $($2 2>&1)\"; }
chvt 1
t fg fgconsole
t next 'fgconsole -n'
openvt -c 5 -w -- sh -c 'tty > /tty; exit 7'; echo \"t open: $? $(cat /tty)\"
openvt -s -c 4 -- sleep 100; t switched fgconsole
deallocvt 4; deallocvt; echo \"t freed $?\"
openvt -v -w true
openvt -sw -c 6 -- sh -c 'fgconsole > /fg'; echo \"t shown: $(cat /fg) $(fgconsole)\"
openvt -c 64 true; openvt -c 7 -w /nowhere; echo \"t missing: $?\"
chvt 1; t back fgconsole; chvt x; chvt
t mode kbd_mode
kbd_mode -a -C /dev/tty1; t ascii 'kbd_mode -C /dev/tty1'
kbd_mode -u -C /dev/tty1; kbd_mode -C /dev/ttyS0; echo \"t serial $?\"
dumpkmap > /a; echo \"t keys: $(head -c 7 /a) $(($(wc -c < /a) % 256))\"
loadkmap < /a && dumpkmap > /b && cmp /a /b && echo 't same'
# the key a is z now: table 0, key 30
{ head -c 323 /a; printf 'z\\013'; tail -c +326 /a; } > /z
gzip -c /z | loadkmap && dumpkmap > /b && cmp /z /b && cmp -l /a /b
loadkmap < /init; loadkmap x < /a; echo \"t bad: $?\"
setkeycodes e070 200; echo \"t codes: $?\"
setkeycodes e080 200; setkeycodes 1; setkeycodes 70 256
t size 'stty -F /dev/tty1 size'
setfont -C /dev/tty1 /small.psf; t small 'stty -F /dev/tty1 size'
gzip -k /large.psf; setfont -v -C /dev/tty1 /large.psf.gz; t large 'stty -F /dev/tty1 size'
printf '\\033[2J\\033[H\\033[?25lAB' > /dev/tty1; shoot large
loadfont -C /dev/tty1 < /small.psf
printf '\\033[2J\\033[H\\033[?25lBA' > /dev/tty1; shoot small
setfont -C /dev/tty1 -m /map; printf '\\033%%@\\033[2J\\033[HBA' > /dev/tty1; shoot map
setfont /init; setfont; setfont -C /dev/ttyS0 /small.psf; echo \"t nofont: $?\"
setconsole /dev/tty2; echo redirected > /dev/console; setconsole -r; echo back
echo \"t console: $(head -c 10 /dev/vcs2)\"
setlogcons 3; echo \"t logcons: $?\"
logger -t early into the kernel; dmesg | grep -o 'early: .*'
mkdir -p /var/run /var/log
syslogd -S -C256 -D; syslogd -p /dev/other -O /log; klogd -c 4; sleep 0.5
echo '<3>from a program' > /dev/kmsg; logger -p daemon.info to syslogd; sleep 1
logread | grep -o 'root: to syslogd'; echo \"t version: $(logread | grep -c 'kernel: .*Linux version')\"
logread | grep -o 'kernel: .*from a program' | sed 's/\\[ *[0-9.]*\\]/TIME/'
ls /var/run; echo \"t level: $(cut -f1 /proc/sys/kernel/printk)\"
kill $(cat /var/run/klogd.pid); sleep 0.5; logread | grep -o 'klogd: exiting'; echo \"t level: $(cut -f1 /proc/sys/kernel/printk)\"
";
    let mut map = String::from("# A is what B was\n");
    map.push_str("0x42 U+0041\n0x41 U+0020\n");
    let files = [("small.psf", font(8)), ("large.psf", large_font()), ("map", map.into_bytes())];
    let (mut vm, monitor) = boot(&dir, script, "vga=0x342", &files);
    let dump = dir.path().join("dump.ppm");
    for line in [
        "t fg: 1",
        "t next: 2",
        "t open: 7 /dev/tty5",
        "t switched: 4",
        "deallocvt: console 4: Device or resource busy",
        "t freed 0",
        "openvt: using /dev/tty",
        "t shown: 6 4",
        "openvt: 64: not the number of a console, 1 to 63",
        "t missing: 127",
        "t back: 1",
        "chvt: x: not the number of a console, 1 to 63",
        "chvt: which console?",
        "t mode: The keyboard is in Unicode (UTF-8) mode",
        "t ascii: The keyboard is in default (ASCII) mode",
        "kbd_mode: keyboard mode: Inappropriate ioctl for device",
        "t serial 1",
        "t keys: bkeymap 7",
        "t same",
        "324 141 172",
        "loadkmap: standard input is no binary keymap (dumpkmap writes one)",
        "loadkmap: the keymap comes from standard input",
        "t bad: 1",
        "t codes: 0",
        "setkeycodes: e080: not a scan code (xx or e0xx)",
        "setkeycodes: pairs of a scan code and a key code",
        "setkeycodes: 256: not a key code, 0 to 255",
        "t size: 30 80",
        "t small: 60 80",
        "setfont: /large.psf.gz: 16x32, 2 glyphs",
        "t large: 15 40",
    ] {
        vm.wait_for(line);
    }
    let mut shoot = |name: &str| {
        vm.wait_for(&format!("shoot {name}"));
        let screen = Screen::shoot(&monitor, &dump);
        vm.send("\n");
        screen
    };
    let gray = [0xaa; 3];
    let screen = shoot("large");
    screen.is_filled([0, 0, 16, 32], [0; 3]);
    screen.is_filled([16, 0, 16, 32], gray);
    screen.is_filled([32, 0, 16, 32], [0; 3]);
    let glyph = |screen: &Screen, left: usize| {
        for row in [0, 4] {
            screen.is_filled([left, row, 4, 1], gray);
            screen.is_filled([left + 4, row, 4, 1], [0; 3]);
            screen.is_filled([left, row + 1, 4, 1], [0; 3]);
            screen.is_filled([left + 4, row + 1, 4, 1], gray);
            screen.is_filled([left, row + 2, 8, 1], gray);
            screen.is_filled([left + 1, row + 3, 6, 1], [0; 3]);
        }
    };
    glyph(&shoot("small"), 8);
    glyph(&shoot("map"), 0);
    for line in [
        "setfont: /init: not a font",
        "setfont: which font?",
        "setfont: font: Inappropriate ioctl for device",
        "t nofont: 1",
        "back",
        "t console: redirected",
        "t logcons: 0",
        "early: into the kernel",
        "root: to syslogd",
        "t version: 1",
        "kernel: TIME from a program",
        "klogd.pid",
        "syslogd.pid",
        "t level: 4",
        "klogd: exiting",
        "t level: 7",
        "the end",
    ] {
        vm.wait_for(line);
    }
    vm.no_panic();
}
