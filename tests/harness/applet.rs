//! Runs one applet and checks what it does, one claim a line:
//!
//! ```text
//! applet("cat").args(["-n"]).stdin("a\n").stdout("     1\ta\n").ok();
//! applet("cat").args(["nowhere"]).stderr_has("nowhere: No such file").fails(1);
//! ```
//!
//! With `REF=PROGRAM` in the environment (`REF=busybox make test-applets`) the
//! same cases run against that multicall program; claims about messages, which
//! are each program's own, are left out then.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long an applet may take unless the case says otherwise.
const LIMIT: Duration = Duration::from_secs(60);

/// A command under test.
pub struct Case {
    command: Command,
    words: String,
    input: Vec<u8>,
    stdout: Option<Vec<u8>>,
    stderr: Vec<String>,
    limit: Duration,
}

/// The program under test: RESCUEBOX= in the environment (the static binary, in
/// make test), otherwise the development build.
pub fn program() -> &'static OsStr {
    static PROGRAM: OnceLock<OsString> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        std::env::var_os("RESCUEBOX").unwrap_or_else(|| env!("CARGO_BIN_EXE_rescuebox").into())
    })
}

/// The program of `REF=`, if any.
pub fn reference() -> Option<OsString> {
    std::env::var_os("REF").filter(|r| !r.is_empty())
}

/// Whether the cases run against busybox, which lacks or does otherwise what
/// GNU's, util-linux's and this program do. (`REF=env` runs those.)
pub fn against_busybox() -> bool {
    reference().is_some_and(|program| program.as_encoded_bytes().ends_with(b"busybox"))
}

/// A case for the applet `name`.
pub fn applet(name: &str) -> Case {
    let mut command = Command::new(reference().unwrap_or_else(|| program().into()));
    command.arg(name).env("LC_ALL", "C").env("TZ", "UTC");
    Case {
        command,
        words: name.into(),
        input: Vec::new(),
        stdout: None,
        stderr: Vec::new(),
        limit: LIMIT,
    }
}

/// What came out.
pub struct Output {
    /// Exit status; 128+N for a signal.
    pub status: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl Case {
    /// More arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Case {
        for arg in args {
            self.words.push(' ');
            self.words.push_str(&arg.as_ref().to_string_lossy());
            self.command.arg(arg);
        }
        self
    }

    /// The working directory.
    pub fn dir(mut self, dir: &Path) -> Case {
        self.command.current_dir(dir);
        self
    }

    /// A variable of the environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Case {
        self.command.env(name, value);
        self
    }

    /// How long it may take, in seconds.
    pub fn limit(mut self, seconds: u64) -> Case {
        self.limit = Duration::from_secs(seconds);
        self
    }

    /// What it reads.
    pub fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Case {
        self.input = bytes.as_ref().to_vec();
        self
    }

    /// The claim that it writes exactly this.
    pub fn stdout(mut self, bytes: impl AsRef<[u8]>) -> Case {
        self.stdout = Some(bytes.as_ref().to_vec());
        self
    }

    /// The claim that its messages hold this text.
    pub fn stderr_has(mut self, text: &str) -> Case {
        self.stderr.push(text.into());
        self
    }

    /// Runs it without a claim.
    pub fn run(mut self) -> Output {
        self.execute()
    }

    /// Runs it; it must exit with 0.
    #[track_caller]
    pub fn ok(self) -> Output {
        self.fails(0)
    }

    /// Runs it; it must exit with `status`.
    #[track_caller]
    pub fn fails(mut self, status: i32) -> Output {
        let output = self.execute();
        let what = format!(
            "{}\n-- stdout\n{}\n-- stderr\n{}\n--",
            self.words,
            String::from_utf8_lossy(&output.stdout),
            output.stderr
        );
        assert_eq!(output.status, status, "exit status of: {what}");
        if let Some(expected) = &self.stdout {
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(expected),
                "output of: {what}"
            );
            assert!(output.stdout == *expected, "output of: {what}");
        }
        if reference().is_none() {
            for text in &self.stderr {
                assert!(
                    output.stderr.contains(text.as_str()),
                    "no '{text}' in messages of: {what}"
                );
            }
        }
        output
    }

    fn execute(&mut self) -> Output {
        let start = Instant::now();
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("cannot run {}: {e}", self.words));
        let input = std::mem::take(&mut self.input);
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let feeder = std::thread::spawn(move || {
            // A command that does not read its input is no failure.
            let _ = stdin.write_all(&input);
        });
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes);
            bytes
        });
        let out = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stdout.read_to_end(&mut bytes);
            bytes
        });
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > self.limit {
                let _ = child.kill();
                let _ = child.wait();
                let shown = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                panic!(
                    "still running after {:?}: {}\n-- stdout\n{}\n-- stderr\n{}\n--",
                    self.limit,
                    self.words,
                    shown(out.join().unwrap()),
                    shown(reader.join().unwrap())
                );
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let stdout = out.join().unwrap();
        let stderr = String::from_utf8_lossy(&reader.join().unwrap()).into_owned();
        feeder.join().unwrap();
        let status = status.code().unwrap_or_else(|| 128 + status.signal().unwrap());
        Output { status, stdout, stderr }
    }
}
