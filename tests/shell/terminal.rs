//! The interactive shell on a terminal of its own: a new session without a
//! controlling terminal, as PID 1 starts it on the console.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::pty::Pty;
use crate::harness::scratch::Scratch;

/// A shell at its prompt.
fn shell(term: &str) -> Pty {
    shell_in(term, Path::new("/"), "/nonexistent/history")
}

/// One in a folder, with a file for its history.
fn shell_in(term: &str, dir: &Path, history: &str) -> Pty {
    let mut pty = Pty::new();
    let environment = [
        ("HOME", "/"),
        ("PS1", "P> "),
        ("TERM", term),
        ("PATH", "/usr/bin:/bin"),
        ("HISTFILE", history),
    ];
    pty.start_on_console(&["sh"], &environment, dir);
    pty.expect("P> ");
    pty
}

/// A key that goes to a command once it runs.
fn key_for_command(t: &mut Pty, key: &str) {
    std::thread::sleep(Duration::from_millis(300));
    t.send(key);
}

fn session(term: &str) {
    let mut t = shell(term);
    t.line("echo hi", "hi\r\n");
    // What is substituted or piped goes to no terminal.
    t.line("x=$(ls -d / /usr); echo \"$x\"", "/\r\n/usr\r\n");
    t.line("x=$(ls -d / /usr | sort -r); echo \"$x\"", "/usr\r\n/\r\n");
    t.line("jobs -p; set -o | grep monitor", "monitor         on\r\n");
    // A command is interrupted, the shell is not.
    t.send("sleep 60\r");
    std::thread::sleep(Duration::from_millis(300));
    t.send("\x03");
    t.expect("P> ");
    t.line("echo $?", "130\r\n");
    // So is a loop of commands.
    t.send("while :; do sleep 1; done\r");
    std::thread::sleep(Duration::from_millis(300));
    t.send("\x03");
    t.expect("P> ");
    // And a loop of nothing but built-in utilities.
    t.send("while :; do :; done\r");
    std::thread::sleep(Duration::from_millis(300));
    t.send("\x03");
    t.expect("P> ");
    // A command is stopped and continued.
    t.send("sleep 60 | cat\r");
    std::thread::sleep(Duration::from_millis(300));
    t.send("\x1a");
    t.expect("[1] + Stopped              sleep 60 | cat\r\n");
    t.expect("P> ");
    t.send("fg\r");
    t.expect("\nsleep 60 | cat\r\n");
    t.send("\x03");
    t.expect("P> ");
    // An unfinished command goes on.
    t.send("for i in 1 2\r");
    t.expect("> ");
    t.send("do echo x$i; done\r");
    t.expect("\nx1\r\nx2\r\n");
    t.expect("P> ");
    // Or is given up.
    t.send("if true\r");
    t.expect("> ");
    t.send("\x03");
    t.expect("P> ");
    t.line("echo ok", "ok\r\n");
    // An error returns to the prompt.
    t.line("echo ${nothing?is missing}", "sh: nothing: is missing\r\n");
    t.line("fi", "sh: syntax error: unexpected \"fi\"\r\n");
    t.line("sleep 60 & kill %1; wait; echo done", "[1] ");
    // What stops is not left behind unsaid.
    t.send("sleep 60\r");
    std::thread::sleep(Duration::from_millis(300));
    t.send("\x1a");
    t.expect("Stopped");
    t.expect("P> ");
    t.send("exit 3\r");
    t.expect("there are stopped jobs");
    t.expect("P> ");
    t.send("kill -9 %%; exit 3\r");
    assert_eq!(t.status(), 3);
}

#[test]
fn a_capable_terminal() {
    session("linux");
}

#[test]
fn a_dumb_terminal() {
    session("dumb");
}

#[test]
fn lines_are_edited_and_remembered() {
    let mut t = shell("vt220");
    // Back one letter, then one more.
    t.send("echo ab\x02X\r");
    t.expect("\naXb\r\n");
    t.expect("P> ");
    // The line before.
    t.send("\x1b[A\r");
    t.expect("\naXb\r\n");
    t.expect("P> ");
    // The beginning of a name.
    t.send("ls -d /pro\t\r");
    t.expect("\n/proc/\r\n");
    t.expect("P> ");
    t.send("\x04");
    assert_eq!(t.status(), 0);
}

#[test]
fn words_are_completed() {
    let dir = Scratch::new("complete");
    std::fs::write(dir.path().join("a b.txt"), "found\n").unwrap();
    std::fs::create_dir_all(dir.path().join("folder/deep")).unwrap();
    std::fs::write(dir.path().join("fold.txt"), "").unwrap();
    let mut t = shell_in("vt220", dir.path(), "/nonexistent/history");
    // A name that needs quoting, alone, between quotes, after a redirection.
    t.line("cat a\t", "found\r\n");
    t.line("cat \"a \t", "found\r\n");
    t.line("cat <a\t", "found\r\n");
    // Only folders.
    t.line("cd fo\tde\t && pwd | sed 's/.*complete[^/]*//'; cd ../..", "/folder/deep\r\n");
    // Variables, as they are and in braces and quotes.
    t.line("echo $HOM\t", "/\r\n");
    t.line("echo \"${HOM\t\"", "/\r\n");
    t.line("some_function() { echo called; }", "");
    t.line("if some_f\t; then :; fi", "called\r\n");
    // Options, signals, keys of tags, mount points.
    t.line("set -o nocl\t; set -o | grep noclobber", "noclobber       on\r\n");
    t.line("echo kill; kill -CH\t$$", "kill\r\n");
    t.line("echo mount; findfs PARTL\tnosuch", "mount\r\nfindfs:");
    t.line("echo fstype; umount /pro\t --help | head -n 1", "fstype\r\n");
    // What is the same in several is completed, all are shown.
    t.send("echo fol\t");
    t.expect("fold");
    t.send("\t\t");
    t.expect("folder");
    t.send("er/\r");
    t.expect("\nfolder/\r\n");
    t.expect("P> ");
    t.send("exit\r");
    assert_eq!(t.status(), 0);
}

#[test]
fn commands_are_remembered() {
    let dir = Scratch::new("history");
    let file = dir.path().join("file");
    let history = file.to_str().unwrap();
    let mut t = shell_in("vt220", dir.path(), history);
    t.line("echo one", "one\r\n");
    t.line("echo two", "two\r\n");
    t.send("for i in a b\r");
    t.expect("> ");
    t.line("do echo $i; done", "a\r\nb\r\n");
    t.line("fc -l", "1\techo one\r\n2\techo two\r\n3\tfor i in a b\r\n\tdo echo $i; done\r\n");
    t.line("fc -ln 1 2", "\techo one\r\n\techo two\r\n");
    t.line("fc -lr 1 2", "2\techo two\r\n1\techo one\r\n");
    t.line("fc -l 2 1", "2\techo two\r\n1\techo one\r\n");
    t.line("fc -s two=three 'echo t'", "echo three\r\nthree\r\n");
    // The command that was run again stands in the place of the fc.
    t.line("fc -l -1", "8\techo three\r\n");
    t.line("fc -e 'sed -i s/three/four/' 8", "echo four\r\nfour\r\n");
    t.line("fc -e false 8; echo $?", "1\r\n");
    t.line("fc -s nosuch; echo $?", "sh: fc: no such command in the history\r\n1\r\n");
    t.line("EDITOR=; FCEDIT='sed -i s/$/5/'", "");
    t.line("fc echo\\ f", "echo four5\r\nfour5\r\n");
    // The arrows know it, and so does the search.
    t.send("\x1b[A\r");
    t.expect("\nfour5\r\n");
    t.expect("P> ");
    t.send("\x12echo tw\r");
    t.expect("\ntwo\r\n");
    t.expect("P> ");
    t.line(" echo secret", "secret\r\n");
    t.send("exit\r");
    assert_eq!(t.status(), 0);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.starts_with("echo one\necho two\n"), "{kept}");
    assert!(!kept.contains("secret"), "{kept}");
    let mut t = shell_in("vt220", dir.path(), history);
    t.line("fc -l 1 2", "1\techo one\r\n2\techo two\r\n");
    t.send("exit\r");
    assert_eq!(t.status(), 0);
}

#[test]
fn lines_are_edited_as_in_vi() {
    let mut t = shell("vt220");
    t.line("set -o vi", "");
    t.send("echo ab\x1b");
    // Escape is also how the sequences of keys begin.
    std::thread::sleep(Duration::from_millis(700));
    t.send("hiX\r");
    t.expect("\nXab\r\n");
    t.expect("P> ");
    t.send("echo one two\x1b");
    std::thread::sleep(Duration::from_millis(700));
    t.send("bD\r");
    t.expect("\none\r\n");
    t.send("exit\r");
    assert_eq!(t.status(), 0);
}

#[test]
fn the_window_is_resized() {
    let mut t = shell("vt220");
    t.resize(30, 40);
    t.line("stty size", "30 40\r\n");
    // While a line is being typed, which goes on.
    t.send("echo 0123456789012345678901234567890123456789");
    std::thread::sleep(Duration::from_millis(200));
    t.resize(30, 100);
    std::thread::sleep(Duration::from_millis(200));
    t.send("end\x01\x05\r");
    t.expect("\n0123456789012345678901234567890123456789end\r\n");
    t.expect("P> ");
    // While a command runs.
    t.send("sleep 0.5; stty size\r");
    std::thread::sleep(Duration::from_millis(200));
    t.resize(30, 60);
    t.expect("\n30 60\r\n");
    t.send("exit\r");
    assert_eq!(t.status(), 0);
}

#[test]
fn jobs_are_controlled() {
    let dir = Scratch::new("jobs");
    let mut t = shell_in("vt220", dir.path(), "/nonexistent/history");
    t.send("sleep 60\r");
    key_for_command(&mut t, "\x1a");
    t.expect("[1] + Stopped              sleep 60\r\n");
    t.expect("P> ");
    t.send("sleep 61\r");
    key_for_command(&mut t, "\x1a");
    t.expect("[2] + Stopped              sleep 61\r\n");
    t.expect("P> ");
    t.line(
        "jobs",
        "[1] - Stopped              sleep 60\r\n[2] + Stopped              sleep 61\r\n",
    );
    t.line("bg %1", "[1] sleep 60\r\n");
    t.line("jobs %?60", "[1] ");
    t.line("jobs -p | wc -l", "2\r\n");
    t.line("kill %sleep", "sh: kill: %sleep: ambiguous job\r\n");
    t.line("kill %1; wait %1; echo $?", "143\r\n");
    t.line("bg >/dev/null; jobs", "[2] + Running              sleep 61\r\n");
    // A command with a status of its own, first in the background.
    t.line("kill -9 %%; wait; (exit 3) & wait -n; echo $?", "[");
    t.line("(sleep 0.4; exit 4) & sleep 60 & wait -n; echo $?; kill $!", "[");
    // A job that reads from the terminal waits for it.
    t.line("wait; { read x; echo got $x; } & sleep 0.5; jobs", "[");
    t.send("fg\r");
    key_for_command(&mut t, "line\r");
    t.expect("got line\r\n");
    t.expect("P> ");
    // Killed, a command that has changed the modes does not leave them so.
    t.line("sh -c 'stty -echo -icanon; kill -9 $$'", "Killed\r\n");
    t.line("stty -a | grep -o ' echo '", " echo \r\n");
    t.line("stty -a | grep -o ' icanon '", " icanon \r\n");
    // SIGQUIT does not end the shell, but a command.
    t.send("\x1c");
    t.expect("P> ");
    t.line("echo still here", "still here\r\n");
    t.send("sleep 60\r");
    key_for_command(&mut t, "\x1c");
    t.expect("Quit");
    t.expect("P> ");
    t.line("echo $?", "131\r\n");
    // What was started lives on.
    t.line("(sleep 1; echo late >file) &", "[");
    t.send("exit 7\r");
    assert_eq!(t.status(), 7);
    let end = Instant::now() + Duration::from_secs(20);
    while std::fs::read(dir.path().join("file")).unwrap_or_default() != b"late\n" {
        assert!(Instant::now() < end, "the job did not outlive the shell");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn stopped_jobs_are_not_left_unsaid() {
    let mut t = shell("vt220");
    t.send("sleep 60\r");
    key_for_command(&mut t, "\x1a");
    t.expect("Stopped");
    t.expect("P> ");
    // End of file asks as well, once.
    t.send("\x04");
    t.expect("there are stopped jobs");
    t.expect("P> ");
    t.send("\x04");
    assert_eq!(t.status(), 148);
}
