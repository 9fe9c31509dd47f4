//! Scripts in a network namespace of their own: interfaces, servers and
//! clients that nobody else sees.

#![allow(clippy::disallowed_macros)] // why a test is not run is printed

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use super::applet::{Output, program, reference};

/// Whether a namespace can be had; the reason is printed when not.
pub fn available(test: &str) -> bool {
    let works = Command::new("unshare")
        .args(["-m", "-n", "ip", "link", "set", "lo", "up"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        eprintln!("{test}: not run: a network namespace wants root and iproute2");
    }
    works
}

/// Runs a shell script in new network and mount namespaces, with `lo` up.
/// `$RB` is the program under test; an empty tmpfs is on `/mnt`, which is
/// where it starts. What it leaves running is ended.
pub fn script(text: &str) -> Output {
    let rb = reference().unwrap_or_else(|| program().into());
    let whole = format!(
        "mount -t tmpfs none /mnt && cd /mnt && ip link set lo up || exit 99\n{PAIR}\n{text}"
    );
    let out = Command::new("timeout")
        .args([
            "-s",
            "KILL",
            "100",
            "unshare",
            "-m",
            "-n",
            "-p",
            "-f",
            "--kill-child",
            "--mount-proc",
        ])
        .args(["--propagation", "private", "bash", "-c", &whole])
        .env("RB", rb)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let status = out.status.code().unwrap_or_else(|| 128 + out.status.signal().unwrap());
    let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
    Output { status, stdout: out.stdout, stderr }
}

/// What scripts use: a pair of interfaces, and another namespace that has the
/// other one. `there COMMAND...` runs in it; `until_true COMMAND...` waits at
/// most ten seconds.
const PAIR: &str = r#"
pair() {
    unshare -n sleep 1000 & THERE=$!
    while [ "$(readlink /proc/$THERE/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
    ip link add v0 address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02
    ip link set v1 netns $THERE
    there ip link set lo up
    there ip link set v1 up
    ip link set v0 up
}
there() { nsenter -t $THERE -n "$@"; }
until_true() { local n=0; until "$@" >/dev/null 2>&1; do n=$((n+1)); [ $n -gt 200 ] && { echo "never: $*" >&2; return 1; }; sleep 0.05; done; }
"#;

/// Runs a script and compares its output with `expected`.
#[track_caller]
pub fn prints(text: &str, expected: &str) {
    let out = script(text);
    let seen = String::from_utf8_lossy(&out.stdout);
    assert_eq!(seen, expected, "of: {text}\n-- stderr\n{}", out.stderr);
}
