//! The programs that have the whole screen for themselves, in a real terminal
//! (tmux's): what stands on it after some keys.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::applet::{applet, program};

/// How long a screen may take to come.
const LIMIT: Duration = Duration::from_secs(20);

/// A terminal of 40 columns and 8 rows, unless said otherwise.
struct Tmux {
    name: String,
    folder: PathBuf,
}

fn tmux(name: &str, args: &[&str]) -> String {
    let output = Command::new("tmux")
        .args(["-f", "/dev/null", "-L", name])
        .args(args)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

impl Tmux {
    /// Runs a command line there, `$B` of which is the program.
    fn new(name: &str, line: &str, files: &[(&str, &str)]) -> Tmux {
        let name = format!("rescuebox-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in files {
            std::fs::write(folder.join(file), text).unwrap();
        }
        let script = format!(
            "cd {}; B={}; unset LESS EXINIT; {line}; echo \"status $?\"; exec sleep 100",
            folder.display(),
            Path::new(program()).display()
        );
        tmux(&name, &["-u", "new-session", "-d", "-x", "40", "-y", "8", &script]);
        Tmux { name, folder }
    }

    /// Presses keys, by tmux's names for them or as text.
    fn keys(&self, keys: &[&str]) {
        tmux(&self.name, &[&["send-keys", "--"], keys].concat());
    }

    fn resize(&self, columns: &str, rows: &str) {
        tmux(&self.name, &["resize-window", "-x", columns, "-y", rows]);
    }

    /// Waits until this is on the screen.
    #[track_caller]
    fn shows(&self, expected: &str) {
        let end = Instant::now() + LIMIT;
        loop {
            let seen = tmux(&self.name, &["capture-pane", "-p"]);
            let seen: Vec<&str> = seen.lines().map(str::trim_end).collect();
            let seen = seen.join("\n");
            if seen.trim_end() == expected.trim_end() {
                return;
            }
            assert!(Instant::now() < end, "expected:\n{expected}\nseen:\n{seen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the program has ended, with what is on the screen then.
    #[track_caller]
    fn ends(&self, status: i32) {
        let end = Instant::now() + LIMIT;
        while !tmux(&self.name, &["capture-pane", "-p"]).contains(&format!("status {status}")) {
            assert!(Instant::now() < end, "{}", tmux(&self.name, &["capture-pane", "-p"]));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    #[track_caller]
    fn file(&self, name: &str, text: &str) {
        assert_eq!(std::fs::read_to_string(self.folder.join(name)).unwrap(), text);
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        tmux(&self.name, &["kill-server"]);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const NUMBERS: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

#[test]
fn less_moves() {
    let t = Tmux::new("less1", "$B less f", &[("f", NUMBERS)]);
    t.shows("one\ntwo\nthree\nfour\nfive\nsix\nseven\nf");
    t.keys(&["j"]);
    t.shows("two\nthree\nfour\nfive\nsix\nseven\neight\n:");
    t.keys(&["G"]);
    t.shows("four\nfive\nsix\nseven\neight\nnine\nten\n(END)");
    t.keys(&["g"]);
    t.shows("one\ntwo\nthree\nfour\nfive\nsix\nseven\n:");
    t.keys(&["/^t", "Enter", "n"]);
    t.shows("three\nfour\nfive\nsix\nseven\neight\nnine\n:");
    t.keys(&["N"]);
    t.shows("two\nthree\nfour\nfive\nsix\nseven\neight\n:");
    t.keys(&["/absent", "Enter"]);
    t.shows("two\nthree\nfour\nfive\nsix\nseven\neight\nPattern not found");
    t.resize("40", "5");
    t.shows("two\nthree\nfour\nfive\n:");
    t.keys(&["-", "N"]);
    t.shows("      2 two\n      3 three\n      4 four\n      5 five\n-N is on");
    t.keys(&["q"]);
    t.ends(0);
}

#[test]
fn less_long_lines_and_controls() {
    let long = format!("{}\n\u{1b}[2Jx\u{1b}[1mb\u{1b}[m\n日本\n", "0123456789".repeat(5));
    let t = Tmux::new("less2", "$B less f", &[("f", &long)]);
    let wrapped = "0123456789012345678901234567890123456789\n0123456789\n^[[2Jx^[[1mb^[[m\n日本\n~\n~\n~\nf (END)";
    t.shows(wrapped);
    t.keys(&["-", "S"]);
    t.shows(
        "012345678901234567890123456789012345678>\n^[[2Jx^[[1mb^[[m\n日本\n~\n~\n~\n~\n-S is on",
    );
    t.keys(&["-", "R"]);
    t.shows("012345678901234567890123456789012345678>\n^[[2Jxb\n日本\n~\n~\n~\n~\n-R is on");
    t.keys(&["q"]);
    t.ends(0);
}

#[test]
fn less_of_a_pipe_and_files() {
    let t = Tmux::new("less3", "seq 100 | $B less +G", &[]);
    t.shows("94\n95\n96\n97\n98\n99\n100\n(END)");
    t.keys(&["50g"]);
    t.shows("50\n51\n52\n53\n54\n55\n56\n:");
    t.keys(&["q"]);
    t.ends(0);
    let t = Tmux::new("less4", "$B less -M a b", &[("a", "A\n"), ("b", "B\n")]);
    t.shows("A\n~\n~\n~\n~\n~\n~\na (file 1 of 2) lines 1-1/1 (END) - Nex");
    t.keys(&[":n"]);
    t.shows("B\n~\n~\n~\n~\n~\n~\nb (file 2 of 2) lines 1-1/1 (END)");
    t.keys(&["q"]);
    t.ends(0);
    let t = Tmux::new("less5", "$B less -F a", &[("a", "A\n")]);
    t.shows("A\nstatus 0");
}

#[test]
fn more_goes_on() {
    let t = Tmux::new("more", "$B more f", &[("f", NUMBERS)]);
    t.shows("one\ntwo\nthree\nfour\nfive\nsix\nseven\n--More--(69%)");
    t.keys(&["Enter"]);
    t.shows("two\nthree\nfour\nfive\nsix\nseven\neight\n--More--(81%)");
    t.keys(&["Space"]);
    t.shows("five\nsix\nseven\neight\nnine\nten\nstatus 0");
    let t = Tmux::new("dumb", "TERM=dumb $B less f", &[("f", NUMBERS)]);
    t.shows("one\ntwo\nthree\nfour\nfive\nsix\nseven\n--More--(69%)");
    t.keys(&["q"]);
    t.ends(0);
}

#[test]
fn without_a_terminal_pagers_are_cat() {
    applet("less").stdin("a\x1b[2Jb").stdout("a\x1b[2Jb").ok();
    applet("more").stdin("a\nb").stdout("a\nb").ok();
    applet("less").args(["/nowhere"]).stderr_has("No such file").fails(1);
}

#[test]
fn vi_edits_and_saves() {
    let t = Tmux::new("vi1", "$B vi f", &[("f", "one two\nthree\n")]);
    t.shows("one two\nthree\n~\n~\n~\n~\n~\n\"f\" 2L, 14B");
    t.keys(&["wcwTWO", "Escape", "jA!", "Escape"]);
    t.shows("one TWO\nthree!\n~\n~\n~\n~\n~\nf                               + 2/2,6");
    t.keys(&["ofour", "Enter", "five", "Escape", "kddp"]);
    t.shows("one TWO\nthree!\nfive\nfour\n~\n~\n~\nf                               + 4/4,1");
    t.keys(&["uu"]);
    t.shows("one TWO\nthree!\nfour\nfive\n~\n~\n~\nf                               + 3/4,1");
    t.keys(&[":%s/e/E/g", "Enter", ":wq", "Enter"]);
    t.ends(0);
    t.file("f", "onE TWO\nthrEE!\nfour\nfivE\n");
}

#[test]
fn vi_commands() {
    for (name, text, keys, result) in [
        ("x", "abc\n", &["xP", "ZZ"][..], "abc\n"),
        ("noeol", "a\nb", &["x", "ZZ"], "\nb"),
        ("dot", "a b c d\n", &["dw..", "ZZ"], "d\n"),
        ("count", "a\nb\nc\nd\n", &["3dd", "ZZ"], "d\n"),
        ("join", "a\n  b\nc\n", &["3J", "ZZ"], "a b c\n"),
        ("replace", "abc\n", &["2rx", "ZZ"], "xxc\n"),
        ("Delete", "one two\n", &["wD", "ZZ"], "one \n"),
        ("yank", "a\nb\n", &["yyjp", "ZZ"], "a\nb\na\n"),
        ("utf", "é日x\n", &["lx", "ZZ"], "éx\n"),
        ("search", "a\nfoo\nb\nfoo\n", &["/foo", "Enter", "ndd", "ZZ"], "a\nfoo\nb\n"),
        ("insert", "", &["3iab", "Escape", "ZZ"], "ababab\n"),
        ("range", "a\nb\nc\nd\n", &[":2,3d", "Enter", ":x", "Enter"], "a\nd\n"),
        ("global", "a1\nb\na2\n", &[":g/a/s/$/!", "Enter", ":x", "Enter"], "a1!\nb\na2!\n"),
        ("quit", "a\n", &["dd", ":q!", "Enter"], "a\n"),
        ("shift", "a\nb\n", &[">>j>>..", "<<", "ZZ"], "\ta\n\t\tb\n"),
        ("find", "a(b, c)d\n", &["f(d%", "ZZ"], "ad\n"),
        ("paragraph", "a\nb\n\nc\n", &["d}", "ZZ"], "\nc\n"),
        ("words", "foo.bar baz\n", &["dee", "ZZ"], ".bar baz\n"),
        ("redo", "abc\n", &["xxuu", "C-r", "ZZ"], "bc\n"),
    ] {
        let t = Tmux::new(&format!("vi-{name}"), "$B vi f", &[("f", text)]);
        t.shows_some("\"f\"");
        t.keys(keys);
        t.ends(0);
        t.file("f", result);
    }
}

impl Tmux {
    #[track_caller]
    fn shows_some(&self, text: &str) {
        let end = Instant::now() + LIMIT;
        while !tmux(&self.name, &["capture-pane", "-p"]).contains(text) {
            assert!(Instant::now() < end, "{}", tmux(&self.name, &["capture-pane", "-p"]));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn vi_shows_controls_and_numbers() {
    let t = Tmux::new("vi2", "$B vi -c 'set nu' f", &[("f", "a\u{1b}[2J\tb\n\n")]);
    t.shows("  1 a^[[2J  b\n  2\n~\n~\n~\n~\n~\n\"f\" 2L, 9B");
    t.keys(&[":set nonu list", "Enter"]);
    t.shows("a^[[2J^Ib$\n$\n~\n~\n~\n~\n~\nf                                 1/2,1");
    t.keys(&[":nonsense", "Enter"]);
    t.shows("a^[[2J^Ib$\n$\n~\n~\n~\n~\n~\nnonsense: no such command");
    t.resize("40", "5");
    t.shows("a^[[2J^Ib$\n$\n~\n~\nnonsense: no such command");
    t.keys(&["x:q", "Enter"]);
    t.shows_some("not written since the last change");
    t.keys(&[":q!", "Enter"]);
    t.ends(0);
}

#[test]
fn vi_keeps_links_modes_and_readonly() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let t = Tmux::new("vi3", "sleep 0.3; $B vi l", &[("f", "a\n")]);
    symlink("f", t.folder.join("l")).unwrap();
    let file = t.folder.join("f");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    t.shows_some("\"l\"");
    t.keys(&["ix", "Escape", "ZZ"]);
    t.ends(0);
    t.file("f", "xa\n");
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
    assert!(std::fs::symlink_metadata(t.folder.join("l")).unwrap().is_symlink());
    let t = Tmux::new("vi4", "$B vi -R f", &[("f", "a\n")]);
    t.shows_some("\"f\" [readonly]");
    t.keys(&["x:w", "Enter"]);
    t.shows_some("read only");
    t.keys(&[":w!", "Enter", ":q", "Enter"]);
    t.ends(0);
    t.file("f", "\n");
}

#[test]
fn vi_of_several_files() {
    let t = Tmux::new("vi5", "$B vi a b", &[("a", "A\n"), ("b", "B\n")]);
    t.shows_some("\"a\"");
    t.keys(&["yyp:w", "Enter", ":n", "Enter"]);
    t.shows_some("\"b\"");
    t.keys(&["p:r a", "Enter", ":w c", "Enter", ":q!", "Enter"]);
    t.ends(0);
    t.file("a", "A\nA\n");
    t.file("b", "B\n");
    t.file("c", "B\nA\nA\nA\n");
}

#[test]
fn vi_takes_keys_from_a_pipe() {
    let folder = std::env::temp_dir().join(format!("vi-pipe-{}", std::process::id()));
    std::fs::write(&folder, "abc\n").unwrap();
    let path = folder.to_str().unwrap();
    applet("vi").args([path]).stdin("x:wq\n").ok();
    assert_eq!(std::fs::read_to_string(path).unwrap(), "bc\n");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn top_in_batches() {
    let output = applet("top").args(["-b", "-n1", "-p", "1"]).ok();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 8, "{text}");
    assert!(lines[0].starts_with("top - ") && lines[0].contains("load average: "));
    assert_eq!(lines[1].split_whitespace().take(3).collect::<Vec<_>>(), ["Tasks:", "1", "total,"]);
    assert!(lines[2].starts_with("%Cpu(s):") && lines[2].ends_with(" st "));
    assert!(lines[3].starts_with("MiB Mem : ") && lines[4].starts_with("MiB Swap: "));
    assert_eq!(lines[5], "");
    let head = "PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND";
    assert_eq!(lines[6].trim_start(), head);
    assert_eq!(lines[7].split_whitespace().next(), Some("1"));
    applet("top").args(["-b", "-n1", "-p", "x"]).stderr_has("x: not a process").fails(2);
    applet("top").args(["-b", "-n1", "-d", "x"]).stderr_has("x: not a length of time").fails(2);
    applet("top").args(["-b", "-n0"]).stderr_has("-n 0").fails(2);
    applet("top").args(["-b", "-n1", "-o", "FOO"]).stderr_has("FOO: no such field").fails(2);
    applet("top").args(["-b", "-n1", "-w", "513"]).stderr_has("513: not a width").fails(2);
    applet("top").args(["-b", "-n1", "-E", "x"]).stderr_has("x: not a unit").fails(2);
    let own = std::process::id().to_string();
    let lines = |args: &[&str]| {
        let output = applet("top").args(["-b", "-n1", "-p", "1"]).args(args).ok();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_string).collect::<Vec<_>>()
    };
    let narrow = lines(&["-w", "30"]);
    assert!(narrow.iter().all(|line| line.len() <= 30) && narrow[6].len() == 30);
    assert!(lines(&["-E", "g"])[3].starts_with("GiB Mem : "));
    assert!(lines(&["-E", "k"])[4].starts_with("KiB Swap: "));
    assert!(lines(&["-e", "g"])[7].contains("g "));
    let some = lines(&["-q", "-O", "PPID,S", "-p", &own, "-k", "-PID,RES"]);
    assert_eq!(some.len(), 2);
    assert_eq!(some[0].split_whitespace().next(), Some(own.as_str()));
    assert_eq!(
        lines(&["-O", "PPID"])[6].trim_start(),
        "PID USER      PPID  %CPU  %MEM     TIME+ COMMAND"
    );
    assert_eq!(lines(&["-o", "pid,ppid,COMMAND"])[6].trim_start(), "PID  PPID COMMAND");
    assert!(lines(&["-1"])[2].starts_with("%Cpu0  :"));
    let output = applet("top").args(["-bn2", "-d0.1", "-o", "PID"]).ok();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("top - ").count(), 2);
    assert!(text.contains("\n\ntop - "));
}

#[test]
fn top_on_a_screen() {
    let t = Tmux::new("top", "$B top -p $$", &[]);
    t.shows_some("PID USER");
    t.keys(&["H"]);
    t.shows_some("Threads:");
    t.keys(&["k", "x", "Enter"]);
    t.shows_some("not a process");
    t.keys(&["q"]);
    t.ends(0);
}
