//! id, nice, pgrep, pkill, killall, pidof, free, uptime, sysctl, setsid,
//! unshare, nsenter, start-stop-daemon, lsof, fuser.

use std::process::{Child, Command, Stdio};

use crate::harness::applet::{applet, reference};
use crate::harness::namespace::is_root;
use crate::harness::scratch::Scratch;

fn output(program: &str, args: &[&str]) -> String {
    let out =
        Command::new(program).args(args).env("LC_ALL", "C").env("TZ", "UTC").output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// A program of a name that nothing else on the machine has.
struct Sleeper {
    child: Child,
    name: String,
    _scratch: Scratch,
}

impl Sleeper {
    fn new(mark: &str) -> Sleeper {
        let scratch = Scratch::new("processes");
        let name = format!("rb{mark}{}", std::process::id());
        let path = scratch.path().join(&name);
        std::fs::copy("/bin/sleep", &path).unwrap();
        // a child that another test forks meanwhile has the file open for writing
        let child = (0..200).find_map(|_| {
            let child = Command::new(&path).arg("60").stdin(Stdio::null()).spawn();
            match child {
                Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                    std::thread::sleep(std::time::Duration::from_millis(10));
                    None
                }
                child => Some(child.unwrap()),
            }
        });
        Sleeper { child: child.expect("the program is still written"), name, _scratch: scratch }
    }

    fn pid(&self) -> String {
        self.child.id().to_string()
    }

    fn ended_by(mut self) -> Option<i32> {
        use std::os::unix::process::ExitStatusExt;
        self.child.wait().unwrap().signal()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn id_says_what_gnu_says() {
    for args in [
        &[][..],
        &["-u"],
        &["-g"],
        &["-G"],
        &["-un"],
        &["-gn"],
        &["-Gn"],
        &["-ur"],
        &["-nru"],
        &["root"],
        &["-G", "daemon"],
        &["-Gn", "nobody"],
        &["-u", "root", "daemon"],
        &["-Gz", "root"],
    ] {
        applet("id").args(args).stdout(output("/usr/bin/id", args)).ok();
    }
    applet("whoami").stdout(output("/usr/bin/whoami", &[])).ok();
    applet("groups").stdout(output("/usr/bin/groups", &[])).ok();
    applet("groups").args(["daemon"]).stdout(output("/usr/bin/groups", &["daemon"])).ok();
    applet("id").args(["nosuchuser"]).fails(1);
    applet("id").args(["-u", "-g"]).fails(1);
    applet("whoami").args(["x"]).fails(1);
}

#[test]
fn nice_adds_and_says() {
    applet("nice").stdout(output("/usr/bin/nice", &[])).ok();
    applet("nice").args(["-n", "3", "/usr/bin/nice"]).stdout("3\n").ok();
    applet("nice").args(["/usr/bin/nice"]).stdout("10\n").ok();
    applet("nice").args(["-n", "99", "/usr/bin/nice"]).stdout("19\n").ok();
    applet("nice").args(["-n", "1", "nosuchprogram"]).fails(127);
    applet("nice").args(["-n", "1", "/etc/passwd"]).fails(126);
    applet("nice").args(["sh", "-c", "exit 42"]).fails(42);
    if reference().is_none() {
        applet("nice").args(["-7", "/usr/bin/nice"]).stdout("7\n").ok();
        applet("nice").args(["-n", "x", "true"]).fails(125);
    }
    let sleeper = Sleeper::new("n");
    applet("renice").args(["-n", "4", "-p", &sleeper.pid()]).ok();
    assert_eq!(output("ps", &["-o", "ni=", "-p", &sleeper.pid()]).trim(), "4");
    applet("renice").args(["-n", "1", "999999999"]).fails(1);
    applet("nproc").stdout(output("/usr/bin/nproc", &[])).ok();
    applet("nproc").args(["--ignore=99999"]).stdout("1\n").ok();
    applet("taskset").args(["1", "nproc"]).stdout("1\n").ok();
    let pid = sleeper.pid();
    for args in [["-p", &pid], ["-cp", &pid]] {
        applet("taskset").args(args).stdout(output("/usr/bin/taskset", &args)).ok();
    }
    for args in [["-p", pid.as_str()], ["-m", ""]] {
        let args = if args[1].is_empty() { &args[..1] } else { &args[..] };
        applet("chrt").args(args).stdout(output("/usr/bin/chrt", args)).ok();
    }
    applet("ionice").args(["-c", "3", "ionice"]).stdout("idle\n").ok();
    if reference().is_none() {
        applet("ionice").args(["-n", "8", "-p", &pid]).stderr_has("0 to 7").fails(1);
    }
    applet("arch").stdout(output("/usr/bin/uname", &["-m"])).ok();
    applet("uname").args(["-ap"]).stdout(output("/usr/bin/uname", &["-a"])).ok();
}

#[test]
fn processes_are_found_by_name() {
    let one = Sleeper::new("p");
    let name = one.name.clone();
    let line = format!("{}\n", one.pid());
    applet("pgrep").args([&name]).stdout(&line).ok();
    applet("pgrep").args(["-x", &name[..name.len() - 1]]).stdout("").fails(1);
    applet("pgrep").args(["-l", &name]).stdout(format!("{} {name}\n", one.pid())).ok();
    applet("pgrep").args(["-f", &format!("{name} 6[0]$")]).stdout(&line).ok();
    applet("pgrep").args(["-P", &std::process::id().to_string(), &name]).stdout(&line).ok();
    applet("pgrep").args(["-P", "1", &name]).stdout("").fails(1);
    applet("pidof").args([&name]).stdout(&line).ok();
    applet("pidof").args(["-o", &one.pid(), &name]).stdout("").fails(1);
    applet("pidof").args(["nosuchprogram"]).stdout("").fails(1);
    // The kernel keeps 15 bytes of its name, which is not another's.
    let long = Sleeper::new("averylongname");
    applet("pidof").args([&long.name[..15]]).stdout("").fails(1);
    applet("pidof").args([&long.name]).stdout(format!("{}\n", long.pid())).ok();
    if reference().is_none() {
        applet("pgrep").args(["-c", &name]).stdout("1\n").ok();
        applet("pgrep").args(["-c", "nosuchprogram"]).stdout("0\n").fails(1);
        applet("pgrep").args(["-A", &name]).stdout(&line).ok();
        applet("pgrep").args(["-A", "-f", "."]).run();
        applet("pgrep").args(["("]).stderr_has("nmatched").fails(2);
        applet("pgrep").fails(2);
    }
    applet("pkill").args(["-0", &name]).stdout("").ok();
    applet("pkill").args(["-HUP", "-x", &name]).stdout("").ok();
    assert_eq!(one.ended_by(), Some(1));
    applet("pkill").args([&name]).fails(1);
}

#[test]
fn all_of_a_name_are_killed() {
    let (one, two) = (Sleeper::new("k"), Sleeper::new("k"));
    let name = one.name.clone();
    applet("killall").args(["-USR1", &name]).ok();
    assert_eq!((one.ended_by(), two.ended_by()), (Some(10), Some(10)));
    applet("killall").args(["-q", &name]).fails(1);
    let signals = applet("killall").args(["-l"]).ok().stdout;
    assert!(signals.starts_with(b" 1) HUP\n 2) INT\n 3) QUIT\n"));
    if reference().is_none() {
        assert_eq!(applet("pkill").args(["-l"]).ok().stdout, signals);
        assert_eq!(applet("kill").args(["-l", "--"]).ok().stdout, signals);
        applet("kill")
            .args(["-l", "--", "9", "RTMIN+1", "SIGRTMAX-2"])
            .stdout("KILL\n35\n62\n")
            .ok();
    }
    applet("killall").args(["-s", "NOSUCH", "x"]).run();
}

#[test]
fn killed_by_age_user_and_namespace() {
    if reference().is_some() {
        return;
    }
    let one = Sleeper::new("a");
    let name = one.name.as_str();
    std::thread::sleep(std::time::Duration::from_millis(100));
    for args in [["-o", "1h"], ["-y", "0.01s"], ["-u", "nobody"]] {
        let missing = format!("killall: {name}: no process found\n");
        applet("killall").args(args).args([name]).stderr_has(&missing).fails(1);
    }
    applet("killall").args(["-y", "5", name]).stderr_has("5: not an age").fails(2);
    applet("killall").args(["-u", "nosuchuser", name]).stderr_has("no such user").fails(2);
    applet("killall").args(["-n", "999999999", name]).stderr_has("/proc/999999999/ns/pid").fails(1);
    applet("killall").args(["-y", "1h", "-o", "0.01s", "-n", "0", "-HUP", name]).ok();
    assert_eq!(one.ended_by(), Some(1));
}

#[test]
fn memory_and_time_are_told() {
    let free = applet("free").ok();
    let text = String::from_utf8(free.stdout).unwrap();
    assert!(text.starts_with("               total        used        free      shared  buff/cache   available\nMem:     ") || reference().is_some(), "{text}");
    let total = output("/usr/bin/free", &[]);
    let second = |t: &str| t.lines().nth(1).unwrap().split_whitespace().nth(1).unwrap().to_string();
    assert_eq!(second(&text), second(&total));
    let up = String::from_utf8(applet("uptime").ok().stdout).unwrap();
    assert!(up.contains(" up ") && up.contains(",  load average: "), "{up}");
    if reference().is_none() {
        applet("uptime").args(["-p"]).stdout(output("/usr/bin/uptime", &["-p"])).ok();
        applet("uptime").args(["-x"]).fails(2);
        applet("free").args(["-s", "0"]).fails(2);
    }
}

#[test]
fn parameters_of_the_kernel() {
    applet("sysctl").args(["kernel.ostype"]).stdout("kernel.ostype = Linux\n").ok();
    applet("sysctl").args(["-n", "kernel.ostype"]).stdout("Linux\n").ok();
    if reference().is_none() {
        applet("sysctl").args(["-b", "kernel.ostype"]).stdout("Linux").ok();
    }
    applet("sysctl").args(["-n", "kernel/ostype"]).stdout("Linux\n").ok();
    applet("sysctl").args(["-e", "no.such.name"]).stdout("").ok();
    applet("sysctl").args(["no.such.name"]).fails(1);
    if reference().is_none() {
        applet("sysctl").args(["-N", "kernel.ostype"]).stdout("kernel.ostype\n").ok();
        applet("sysctl").args(["kernel.ostype=x"]).stderr_has("kernel.ostype: ").fails(1);
        let dir = Scratch::new("processes");
        let file = dir.path().join("s.conf");
        std::fs::write(&file, "# c\n; c\nkernel.ostype\n-no.such = 1\n").unwrap();
        applet("sysctl").args(["-p".as_ref(), file.as_os_str()]).stderr_has("line 3").fails(1);
    }
}

#[test]
fn sessions_and_namespaces() {
    applet("setsid").args(["-w", "sh", "-c", "exit 7"]).fails(7);
    applet("setsid").args(["-w", "sh", "-c", "ps -o sid= -p $$ | grep -qx \" *$$\""]).ok();
    applet("setsid").fails(1);
    if reference().is_none() {
        applet("setsid").args(["-d", "-w", "sh", "-c", "exit 6"]).fails(6);
        let user = applet("ps").args(["-n", "-o", "user=,group=", "-p", "1"]).ok().stdout;
        assert_eq!(user, b"       0        0\n");
        assert_eq!(applet("ps").args(["n", "o", "ruser=", "1"]).ok().stdout, b"       0\n");
    }
    if !is_root("namespaces") || reference().is_some() {
        return;
    }
    applet("unshare").args(["-u", "sh", "-c", "hostname inner; hostname"]).stdout("inner\n").ok();
    applet("unshare").args(["-pf", "--mount-proc", "sh", "-c", "echo $$"]).stdout("1\n").ok();
    applet("unshare").args(["-uf", "sh", "-c", "kill -9 $$"]).fails(137);
    applet("unshare").args(["-r", "id", "-u"]).stdout("0\n").ok();
    applet("unshare").args(["-n", "cat", "/proc/net/route"]).ok();
    applet("unshare").args(["-arf", "sh", "-c", "hostname inner; hostname"]).stdout("inner\n").ok();
    applet("unshare").args(["-Q"]).fails(2);
    applet("unshare").args(["--setgroups", "bogus", "true"]).stderr_has("allow or deny").fails(2);
    let sleeper = Sleeper::new("s");
    applet("nsenter").args(["-t", &sleeper.pid(), "-a", "echo", "in"]).stdout("in\n").ok();
    applet("nsenter").args(["-t", "999999999", "-m", "true"]).fails(1);
    applet("nsenter").args(["-m", "true"]).fails(2);
}

#[test]
fn services_start_and_stop() {
    let dir = Scratch::new("processes");
    let pidfile = dir.path().join("x.pid");
    let sleeper = dir.path().join("service");
    std::fs::copy("/bin/sleep", &sleeper).unwrap();
    let (pidfile, sleeper) = (pidfile.to_str().unwrap(), sleeper.to_str().unwrap());
    let start = ["-S", "-b", "-m", "-p", pidfile, "-x", sleeper, "--", "60"];
    applet("start-stop-daemon").args(start).ok();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while std::fs::read(pidfile).unwrap_or_default().is_empty() && std::time::Instant::now() < until
    {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // it runs once the pid file's process has become the program
    std::thread::sleep(std::time::Duration::from_millis(300));
    let running = format!("{sleeper} is already running\n");
    applet("start-stop-daemon").args(start).stdout(running).fails(1);
    let pid = std::fs::read_to_string(pidfile).unwrap();
    let stopped = format!("stopped {sleeper} (pid {})\n", pid.trim());
    applet("start-stop-daemon").args(["-K", "-p", pidfile, "-x", sleeper]).stdout(stopped).ok();
    std::thread::sleep(std::time::Duration::from_millis(300));
    applet("start-stop-daemon").args(["-K", "-p", pidfile, "-x", sleeper]).fails(1);
    for (args, what) in [
        (&["-K", "-o", "-n", "nosuchservice"][..], "nosuchservice"),
        (&["-K", "-o", "-x", "/nosuch", "-n", "nosuchservice"], "nosuchservice"),
        (&["-K", "-o", "-x", "/nosuch", "-p", "/nosuch.pid"], "/nosuch"),
        (&["-K", "-o", "-p", "/nosuch.pid"], "process in pidfile '/nosuch.pid'"),
        (&["-K", "-o", "-u", "uucp"], "process(es) owned by 'uucp'"),
    ] {
        let text = format!("no {what} found; none killed\n");
        applet("start-stop-daemon").args(args).stdout(text).ok();
    }
    applet("start-stop-daemon").args(["-S", "-K", "-n", "x"]).run();
}

#[test]
fn who_uses_a_file() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("processes");
    let file = dir.path().join("used");
    std::fs::write(&file, "x").unwrap();
    let held = std::fs::File::open(&file).unwrap();
    let own = std::process::id().to_string();
    let name = file.to_str().unwrap();
    applet("lsof").args(["-t", name]).stdout(format!("{own}\n")).ok();
    applet("fuser").args([name]).stdout(format!(" {own:>5}")).ok();
    applet("fuser").args(["-s", name]).stdout("").ok();
    let lines = String::from_utf8(applet("lsof").args([name]).ok().stdout).unwrap();
    assert!(lines.lines().nth(1).unwrap().ends_with(name), "{lines}");
    let fields = |args: &[&str]| String::from_utf8(applet("lsof").args(args).ok().stdout).unwrap();
    assert_eq!(fields(&["-F", "tn", name]), format!("p{own}\ntREG\nn{name}\n"));
    assert_eq!(fields(&["-Fp", name]), format!("p{own}\n"));
    let folder = std::env::current_dir().unwrap();
    let cwd = format!("p{own}\nfcwd\nn{}\n", folder.display());
    assert_eq!(fields(&["-p", &own, "-d", "cwd,7000-7001", "-Ffn"]), cwd);
    let (one, _two) = std::os::unix::net::UnixStream::pair().unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&one);
    let local = format!("p{own}\nf{number}\n");
    assert_eq!(fields(&["-U", "-p", &own, "-d", &number.to_string(), "-Ff"]), local);
    applet("fuser").args([name, "/nosuchfile"]).stderr_has("/nosuchfile").ok();
    assert_eq!(applet("fuser").args(["-l"]).ok().stdout, applet("kill").args(["-l"]).ok().stdout);
    drop(held);
    applet("fuser").args([name]).stdout("").fails(1);
    applet("lsof").args(["-t", name]).stdout("").fails(1);
    applet("fuser").args(["/nosuchfile"]).stderr_has("/nosuchfile").fails(1);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    applet("fuser").args([format!("{port}/tcp")]).stdout(format!(" {own:>5}")).ok();
}

#[test]
fn columns_of_ps() {
    let head = |words: &[&str], text: &str| {
        let printed = String::from_utf8(applet("ps").args(words).ok().stdout).unwrap();
        let first = printed.lines().next().unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(first.join(" "), text, "{words:?}");
    };
    if reference().is_some() {
        return;
    }
    head(&["-ely"], "S UID PID PPID C PRI NI RSS SZ WCHAN TTY TIME CMD");
    head(&["-eLf"], "UID PID PPID LWP C NLWP STIME TTY TIME CMD");
    head(&["-eLl"], "F S UID PID PPID LWP C PRI NI ADDR SZ WCHAN TTY TIME CMD");
    head(&["-eLj"], "PID PGID SID LWP TTY TIME CMD");
    head(&["-eTf"], "UID PID SPID PPID C STIME TTY TIME CMD");
    head(&["-eLo", "pid"], "PID");
    head(&["axj"], "PPID PID PGID SID TTY TPGID STAT UID TIME COMMAND");
}
