//! System calls that fail: for every call on the way of a boot, each of six
//! errors at each of its occurrences. Whatever happens, PID 1 does not end: the
//! boot goes well after all, or the machine is restarted as the command line
//! wants.
//!
//! `INJECT=all` runs every combination; otherwise so many, evenly chosen, as
//! fit a run of all tests; `INJECT=inject=CALL:error=ERROR:when=N` repeats one.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::sync::Mutex;
use std::time::Instant;

use super::prison::{self, Prison, REACHED};
use crate::harness::namespace;

const LINE: &str = "root=tmpfs init=/run/real rd.shell=0 rd.emergency=reboot quiet";

const ERRORS: [&str; 6] = ["EIO", "ENOMEM", "EPERM", "ENOENT", "EINVAL", "ENOSPC"];

/// So many runs in a run of all tests.
const SAMPLE: usize = 700;

/// Not to be made fail: the ways out of the namespace, calls that cannot, and
/// what the C library does before `main`.
const SPARED: [&str; 8] =
    ["exit_group", "reboot", "rt_sigreturn", "exit", "getpid", "gettid", "umask", "arch_prctl"];

/// How often the one case that was asked for is run.
const REPEATED: usize = 200;

/// How a run ended.
fn outcome(prison: &Prison, before: &[&str], console: &std::path::Path) -> Result<bool, String> {
    let start = Instant::now();
    let status = prison.command(LINE, console, before).status().unwrap();
    let signal = status.signal().or(status.code().filter(|c| *c > 128).map(|c| c - 128));
    match (status.code(), signal) {
        (Some(REACHED), _) => Ok(true),
        // The loader of the development build's libraries, before any code of
        // the program.
        (Some(127), _) if prison.is_dynamic() => Ok(false),
        // reboot(2) in a namespace, see reboot_pid_ns.
        (_, Some(libc::SIGHUP)) => Ok(false),
        (_, Some(libc::SIGKILL)) if start.elapsed() >= prison::LIMIT => {
            Err(format!("no end of it in {} s", prison::LIMIT.as_secs()))
        }
        _ => Err(format!("{status:?}")),
    }
}

/// Each call of process 1 and its children, and how often one process makes
/// it, counted in a run where nothing fails.
fn calls(prison: &Prison) -> BTreeMap<String, u32> {
    let trace = prison.console("trace");
    // What strace says about the boot comes out on the console.
    let plain = outcome(prison, &[], &trace);
    let said = std::fs::read_to_string(&trace).unwrap_or_default();
    assert_eq!(plain, Ok(true), "{said}");
    let trace = prison.console("trace");
    let before = ["/bin/strace", "-D", "-f", "-q", "-o", "/dev/console"];
    assert_eq!(outcome(prison, &before, &trace), Ok(true));
    let mut counts: BTreeMap<(String, String), u32> = BTreeMap::new();
    for line in std::fs::read_to_string(&trace).unwrap_or_default().lines() {
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let name: String = rest
            .trim_start()
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        if !name.is_empty() && rest.contains('(') {
            *counts.entry((pid.into(), name)).or_default() += 1;
        }
    }
    let mut most: BTreeMap<String, u32> = BTreeMap::new();
    for ((_, name), count) in counts {
        let entry = most.entry(name).or_default();
        *entry = (*entry).max(count);
    }
    most.retain(|name, _| !SPARED.contains(&name.as_str()));
    most
}

#[test]
fn no_failing_call_ends_pid_1() {
    if !namespace::is_root("no_failing_call_ends_pid_1") {
        return;
    }
    let prison = Prison::new("inject", true);
    let calls = calls(&prison);
    assert!(calls.len() > 15 && calls.contains_key("mount"), "{calls:?}");
    let mut cases = Vec::new();
    for (call, count) in &calls {
        // The C library's start asks for thread-local storage, and crashes before
        // any code of the program when there is none.
        let first = if call == "mmap" && !prison.is_dynamic() { 2 } else { 1 };
        for error in ERRORS {
            cases.extend((first..=*count).map(|n| format!("inject={call}:error={error}:when={n}")));
            // And from there on, for good; without memory for good a loader of
            // libraries does not come to the program.
            let memory = matches!(call.as_str(), "brk" | "mmap" | "mprotect");
            if !(memory && prison.is_dynamic()) {
                cases.extend(
                    (first..=*count).map(|n| format!("inject={call}:error={error}:when={n}+")),
                );
            }
        }
    }
    let all = std::env::var("INJECT").is_ok_and(|v| v == "all");
    let wanted = std::env::var("INJECT").ok().and_then(|v| v.parse().ok()).unwrap_or(SAMPLE);
    let step = if all { 1.0 } else { (cases.len() as f64 / wanted as f64).max(1.0) };
    let total = cases.len();
    let one = std::env::var("INJECT").ok().filter(|v| v.starts_with("inject="));
    let chosen: Vec<String> = (0..total)
        .map(|n| (n as f64 * step) as usize)
        .take_while(|n| *n < total)
        .map(|n| cases[n].clone())
        .collect();
    let chosen = one.map_or(chosen, |case| vec![case; REPEATED]);
    let next = Mutex::new(chosen.iter().enumerate());
    let wrong = Mutex::new(Vec::new());
    let booted = Mutex::new(0);
    let start = Instant::now();
    let lanes = std::thread::available_parallelism().map_or(2, |n| n.get()) + 1;
    std::thread::scope(|scope| {
        for lane in 0..lanes {
            let (next, wrong, booted, prison) = (&next, &wrong, &booted, &prison);
            scope.spawn(move || {
                loop {
                    let Some((_, case)) = next.lock().unwrap().next() else { break };
                    let console = prison.console(&format!("console{lane}"));
                    let before = ["/bin/strace", "-D", "-f", "-q", "-o", "/dev/null", "-e", case];
                    match outcome(prison, &before, &console) {
                        Ok(reached) => *booted.lock().unwrap() += u32::from(reached),
                        Err(status) => {
                            let said = std::fs::read_to_string(&console).unwrap_or_default();
                            wrong.lock().unwrap().push(format!("{case}: {status}\n{said}"));
                        }
                    }
                }
            });
        }
    });
    let (wrong, booted) = (wrong.into_inner().unwrap(), booted.into_inner().unwrap());
    let text = format!(
        "fault injection: {} runs of {total} in {} s, {booted} booted, {} ended otherwise\n",
        chosen.len(),
        start.elapsed().as_secs(),
        wrong.len()
    );
    std::io::stderr().write_all(text.as_bytes()).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
