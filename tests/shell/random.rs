//! Random scripts, run by ours and by dash, which must print the same and end
//! with the same status.
//!
//! `SHELL_RANDOM=COUNT` says how many (3000), `SHELL_SEED=N` where to begin. A
//! difference prints the script and what every shell here made of it. Where
//! dash is not POSIX, or POSIX leaves the choice, is said below.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::grammar::Script;
use crate::harness::applet::program;
use crate::harness::scratch::Scratch;

/// How many scripts one process runs, each in a subshell.
const BATCH: u64 = 100;

/// What every script may use.
const PRELUDE: &str =
    "n=3 m=-1\np() { printf '<%s>' \"$@\"; printf '\\n'; }\ns() { return $1; }\nw() { :; }\n";

// Where dash is not POSIX, or POSIX leaves the choice; the grammar keeps away
// from these, or asks so that the difference does not show:
//
// * getopts, XCU 3: "or if the option that was found does not have an
//   option-argument, OPTARG shall be unset". dash sets it to nothing.
// * 2.8.1, expansion errors "shall exit". In a here-document they and
//   assignments are lost in dash, which writes it in a child; so are those of
//   `set -u`, which a third of the scripts may use.
// * 2.15 set -u: "in a parameter expansion or an arithmetic expansion". dash
//   takes an unset variable of arithmetic for 0.
// * 2.5.2: "if the other parts are all within the same double-quotes as the
//   '@', it is unspecified whether the result is zero fields or one empty
//   field", and so is $@ where there is no field splitting.
// * 2.6.4: "++ and -- are not required". 1.1.2.1: order of evaluation as in C.
// * 2.6.3: "$((" is arithmetic if it can be.
// * 2.2.3: a backslash before '}' between double quotes is no escape.
// * 2.10.1: a number before '<' or '>' is an IO_NUMBER, behind another of them
//   too: `<1<f` is no command. dash takes the number for a file there.
// * 2.7: the status of a redirection that fails is not told: 2 in dash, 1 here.
// * 2.7.4: here-documents at the line of `for x in` are not found by dash.
//
// A difference counts as explained too when two of the other shells that are
// no relatives of ours agree with ours against dash.

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// What a shell makes of scripts, each with its status behind it.
fn run(shell: &[&str], scripts: &[String]) -> Vec<String> {
    let dir = Scratch::new("random");
    let at = |name: &str| dir.path().join(name);
    std::fs::create_dir(at("d")).unwrap();
    for name in ["f1", "d/f1", "d/f5"] {
        std::fs::write(at(name), "").unwrap();
    }
    let mut text = String::from(PRELUDE);
    for (n, script) in scripts.iter().enumerate() {
        // What scripts write to is the same for each.
        text.push_str(&format!(
            ": >f3 >f4; echo 'x y:z \\' >f2; (eval {}) 2>/dev/null </dev/null; printf '\\n=#%d %d\\n' {n} $?\n",
            quoted(script)
        ));
    }
    std::fs::write(at("script"), text).unwrap();
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg("script").current_dir(dir.path()).env_clear();
    command.env("PATH", "/usr/bin:/bin").env("HOME", "/home/u");
    command.process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    });
    let end = Instant::now() + Duration::from_secs(20);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > end {
            let group = nix::unistd::Pid::from_raw(-(child.id() as i32));
            let _ = nix::sys::signal::kill(group, nix::sys::signal::Signal::SIGKILL);
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = child.wait();
    let output = String::from_utf8_lossy(&reader.join().unwrap()).into_owned();
    let mut results = Vec::new();
    let mut rest = output.as_str();
    for n in 0..scripts.len() {
        let mark = format!("\n=#{n} ");
        let Some(at) = rest.find(&mark) else {
            results.push(format!("{rest}(lost)"));
            rest = "";
            continue;
        };
        let behind = at + mark.len();
        let line = rest[behind..].find('\n').map_or(rest.len(), |n| behind + n);
        results.push(format!("{}[{}]\n", &rest[..at], &rest[behind..line]));
        rest = &rest[(line + 1).min(rest.len())..];
    }
    results
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

fn installed(name: &str) -> bool {
    ["/bin", "/usr/bin"].iter().any(|dir| Path::new(dir).join(name).exists())
}

#[test]
fn random_scripts_do_what_they_do_in_dash() {
    if !installed("dash") {
        return;
    }
    let ours = [program().to_str().unwrap().to_owned(), "sh".into()];
    let ours = [ours[0].as_str(), ours[1].as_str()];
    let (seed, count) = (number("SHELL_SEED", 1), number("SHELL_RANDOM", 3000));
    let mut report = String::new();
    let mut wrong = 0;
    let mut explained = 0;
    let mut at = seed;
    while at < seed + count {
        let seeds: Vec<u64> = (at..(at + BATCH).min(seed + count)).collect();
        let scripts: Vec<String> = seeds.iter().map(|s| Script::of(*s)).collect();
        at += BATCH;
        let mine = run(&ours, &scripts);
        let theirs = run(&["dash"], &scripts);
        for ((seed, script), (a, b)) in seeds.iter().zip(&scripts).zip(mine.iter().zip(&theirs)) {
            if a == b {
                continue;
            }
            let others: Vec<(&str, String)> = [&["busybox", "ash"][..], &["mksh"], &["yash"]]
                .into_iter()
                .filter(|s| installed(s[0]))
                .map(|s| (s[0], run(s, std::slice::from_ref(script)).swap_remove(0)))
                .collect();
            let agree = others.iter().filter(|(_, o)| o == a).count();
            if agree > 1 {
                explained += 1;
                continue;
            }
            wrong += 1;
            let agrees: Vec<&str> =
                others.iter().filter(|(_, o)| o == a).map(|(s, _)| *s).collect();
            let against: Vec<&str> =
                others.iter().filter(|(_, o)| o == b).map(|(s, _)| *s).collect();
            report.push_str(&format!(
                "---- seed {seed} (ours agrees with {agrees:?}, dash with {against:?})\n{script}---- ours\n{a}---- dash\n{b}"
            ));
        }
    }
    report.push_str(&format!("{count} scripts, {explained} differences explained, {wrong} not"));
    assert_eq!(wrong, 0, "{report}");
}
