//! Shell scripts and what they print, in `tests/shell/SECTION.t`, sorted by
//! the section of POSIX.1-2024 XCU that they are about.
//!
//! A file holds cases, each of these parts:
//!
//! ```text
//! ## what it shows                 portable: others must agree
//! ##! what it shows                own: an extension, or where others differ
//! the script
//! -->
//! what it prints
//! --> 3                            its exit status, when not 0
//! ```
//!
//! Each script is run by `sh -c` in an empty folder of its own, with PATH and
//! HOME set and nothing on standard input. A portable case must print the same
//! in at least one of the other shells that are installed (dash, busybox ash,
//! mksh, yash), so that no case can state a mistake of ours as the truth.

mod grammar;
mod random;
mod real;
mod terminal;

use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::applet::program;
use crate::harness::scratch::Scratch;

struct Case {
    title: String,
    portable: bool,
    script: String,
    stdout: String,
    status: i32,
}

/// What stands between the script and what it prints.
const ARROW: &str = "-->";

fn parse(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut in_output = false;
    for line in text.lines() {
        let own = line.strip_prefix("##! ");
        if let Some(title) = own.or(line.strip_prefix("## ")) {
            cases.push(Case {
                title: title.trim().into(),
                portable: own.is_none(),
                script: String::new(),
                stdout: String::new(),
                status: 0,
            });
            in_output = false;
            continue;
        }
        let Some(case) = cases.last_mut() else {
            assert!(
                line.is_empty() || line.starts_with("# "),
                "text before the first case: {line}"
            );
            continue;
        };
        if line == ARROW {
            in_output = true;
        } else if let Some(status) = line.strip_prefix("--> ") {
            case.status = status.parse().unwrap();
            in_output = true;
        } else {
            let part = if in_output { &mut case.stdout } else { &mut case.script };
            part.push_str(line);
            part.push('\n');
        }
    }
    cases
}

/// What a shell prints, and its status.
fn run(shell: &[&str], script: &str) -> (String, i32) {
    let dir = Scratch::new("shell");
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg("-c").arg(script.trim_end_matches('\n'));
    command.current_dir(dir.path()).env_clear();
    command.env("PATH", "/usr/bin:/bin").env("HOME", "/home/u").env("SH", shell.join(" "));
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().unwrap();
    let status = output.status.code().unwrap_or_else(|| {
        use std::os::unix::process::ExitStatusExt;
        128 + output.status.signal().unwrap()
    });
    (String::from_utf8_lossy(&output.stdout).into_owned(), status)
}

/// The other shells that are installed.
fn others() -> Vec<Vec<&'static str>> {
    let known: [&[&str]; 4] = [&["dash"], &["busybox", "ash"], &["mksh"], &["yash"]];
    let exists = |name: &str| ["/bin", "/usr/bin"].iter().any(|d| Path::new(d).join(name).exists());
    known.iter().filter(|s| exists(s[0])).map(|s| s.to_vec()).collect()
}

fn check(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shell").join(file);
    let cases = parse(&std::fs::read_to_string(path).unwrap());
    assert!(!cases.is_empty(), "{file} has no cases");
    let others = others();
    let mut wrong = String::new();
    for case in &cases {
        let expected = (case.stdout.clone(), case.status);
        let ours = run(&[program().to_str().unwrap(), "sh"], &case.script);
        if ours != expected {
            wrong.push_str(&format!(
                "{file}: {}\n{}-- expected {}\n{}-- got {}\n{}\n",
                case.title, case.script, expected.1, expected.0, ours.1, ours.0
            ));
        }
        if case.portable
            && !others.is_empty()
            && !others.iter().any(|shell| run(shell, &case.script) == expected)
        {
            wrong.push_str(&format!(
                "{file}: {}: no other shell prints what is expected\n{}\n",
                case.title, case.script
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

macro_rules! sections {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(concat!(stringify!($name), ".t"));
        })*

        /// Every file of cases is run.
        #[test]
        fn no_section_is_forgotten() {
            let known = [$(concat!(stringify!($name), ".t")),*];
            let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shell");
            for entry in std::fs::read_dir(dir).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                assert!(name.ends_with(".rs") || known.contains(&name.as_str()), "{name}");
            }
        }
    };
}

sections! {
    s2_02_quoting
    s2_03_tokens
    s2_05_parameters
    s2_06_expansions
    s2_07_redirection
    s2_08_errors
    s2_09_commands
    s2_11_jobs_and_signals
    s2_14_patterns
    s2_15_special
    s3_utilities
    own_extensions
}
