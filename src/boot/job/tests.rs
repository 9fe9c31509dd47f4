//! The guest side against a host made of socket pairs. The job runs in a
//! process of its own, because it reaps every child that it finds.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::*;
use crate::job::Lines;
use crate::sys::process::{Forked, exit_now, fork};

/// One at a time: a fork takes copies of every descriptor along, those of
/// another test's sockets among them.
static TURN: Mutex<()> = Mutex::new(());

struct Host {
    turn: MutexGuard<'static, ()>,
    taken: [u64; 2],
    ctl: UnixStream,
    input: UnixStream,
    output: UnixStream,
    error: UnixStream,
    lines: Lines,
    guest: Pid,
}

fn pair() -> (UnixStream, OwnedFd) {
    let (host, guest) = UnixStream::pair().unwrap();
    host.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    guest.set_nonblocking(true).unwrap();
    (host, guest.into())
}

fn start(spec: &Spec) -> Host {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let ((ctl, g1), (input, g2), (output, g3), (error, g4)) = (pair(), pair(), pair(), pair());
    let ports = Ports { ctl: g1, input: g2, output: g3, error: g4 };
    let guest = match fork().unwrap() {
        Forked::Parent(pid) => pid,
        Forked::Child => {
            // The host's ends must not be held open by their other side.
            let kept = (ctl, input, output, error);
            drop(kept);
            let result = serve(spec, ports, &mut || {});
            exit_now(u8::from(result.is_err()))
        }
    };
    drop(ports);
    Host { turn, taken: [0; 2], ctl, input, output, error, lines: Lines::default(), guest }
}

fn sh(script: &str) -> Spec {
    spec(&["sh", "-c", script])
}

fn spec(argv: &[&str]) -> Spec {
    Spec {
        argv: argv.iter().map(|a| a.as_bytes().to_vec()).collect(),
        env: vec![b"PATH=/usr/bin:/bin".to_vec(), b"TERM=dumb".to_vec()],
        cwd: b"/".to_vec(),
        tty: None,
    }
}

impl Host {
    fn hear(&mut self) -> ToHost {
        loop {
            if let Some(line) = self.lines.next_line() {
                return ToHost::parse(line.unwrap()).unwrap();
            }
            let mut piece = [0; 100];
            let count = self.ctl.read(&mut piece).unwrap();
            assert_ne!(count, 0, "the guest is gone");
            self.lines.add(&piece[..count]);
        }
    }

    /// Everything it says up to the exit.
    fn exit(&mut self) -> (Vec<ToHost>, Exit) {
        let mut said = Vec::new();
        loop {
            match self.hear() {
                ToHost::Exit(exit) => return (said, exit),
                other => said.push(other),
            }
        }
    }

    fn say(&mut self, what: ToGuest) {
        self.ctl.write_all(&what.encode()).unwrap();
    }

    fn out(&mut self, count: u64) -> String {
        self.taken[0] += count;
        text(&mut self.output, count)
    }

    fn err(&mut self, count: u64) -> String {
        self.taken[1] += count;
        text(&mut self.error, count)
    }

    /// Acknowledges; the guest must then end, and have sent as many bytes as
    /// it said.
    fn done(mut self, exit: Exit) {
        self.say(ToGuest::Seen);
        self.say(ToGuest::Ack);
        assert_eq!(waitpid(self.guest, None).unwrap(), WaitStatus::Exited(self.guest, 0));
        for (stream, left) in [
            (&mut self.output, exit.out - self.taken[0]),
            (&mut self.error, exit.err - self.taken[1]),
        ] {
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).unwrap();
            assert_eq!(rest.len() as u64, left);
        }
        drop(self.turn);
    }
}

fn text(stream: &mut UnixStream, count: u64) -> String {
    let mut bytes = vec![0; usize::try_from(count).unwrap()];
    stream.read_exact(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn streams_are_apart_and_the_status_comes_back() {
    let mut host = start(&sh("read a; echo out $a; echo err $a >&2; exit 37"));
    host.input.write_all(b"x\n").unwrap();
    let (said, exit) = host.exit();
    // Whether the pipe is seen to be closed before the end is seen is chance.
    assert_eq!(said.get(..2), Some(&[ToHost::Ready, ToHost::Started][..]));
    assert_eq!(exit, Exit { status: 37, out: 6, err: 6, ran: true });
    assert_eq!(host.out(6), "out x\n");
    assert_eq!(host.err(6), "err x\n");
    host.done(exit);
}

#[test]
fn the_end_of_the_input_is_where_the_host_says() {
    let mut host = start(&spec(&["cat"]));
    host.say(ToGuest::Eof(5));
    host.input.write_all(b"a\0\xc3\xa9").unwrap();
    host.input.write_all(b"zignored").unwrap();
    let (_, exit) = host.exit();
    assert_eq!((exit.status, exit.out), (0, 5));
    assert_eq!(host.out(5), "a\0éz");
    host.done(exit);
}

#[test]
fn bulk_goes_through_unchanged() {
    let mut host = start(&spec(&["cat"]));
    let piece: Vec<u8> = (0..1_000_003u32).map(|i| (i % 251) as u8).collect();
    let mut input = host.input.try_clone().unwrap();
    let copy = piece.clone();
    let feeder = std::thread::Builder::new()
        .spawn(move || {
            for _ in 0..8 {
                input.write_all(&copy).unwrap();
            }
        })
        .unwrap();
    host.say(ToGuest::Eof(8 * piece.len() as u64));
    for _ in 0..8 {
        let mut back = vec![0; piece.len()];
        host.output.read_exact(&mut back).unwrap();
        host.taken[0] += back.len() as u64;
        assert!(back == piece);
    }
    feeder.join().unwrap();
    let (_, exit) = host.exit();
    assert_eq!((exit.status, exit.out), (0, 8 * piece.len() as u64));
    host.done(exit);
}

#[test]
fn signals_and_what_cannot_be_run() {
    let mut host = start(&sh("kill -9 $$"));
    let exit = host.exit().1;
    assert_eq!(exit, Exit { status: 137, out: 0, err: 0, ran: true });
    host.done(exit);

    let mut host = start(&spec(&["/nowhere/at all"]));
    let (said, exit) = host.exit();
    assert!(!said.contains(&ToHost::Started));
    let text = "rescuebox: /nowhere/at all: No such file or directory\n";
    assert_eq!(exit, Exit { status: 127, out: 0, err: text.len() as u64, ran: false });
    assert_eq!(host.err(exit.err), text);
    host.done(exit);

    let mut host = start(&spec(&["no-such-command"]));
    let exit = host.exit().1;
    assert_eq!(exit.status, 127);
    let text = "rescuebox: no-such-command: command not found in /usr/bin:/bin\n";
    assert_eq!(host.err(exit.err), text);
    host.done(exit);

    let mut host = start(&spec(&["/etc/passwd"]));
    let exit = host.exit().1;
    assert_eq!((exit.status, exit.ran), (126, false));
    let text = "rescuebox: /etc/passwd: Permission denied\n";
    assert_eq!(host.err(exit.err), text);
    host.done(exit);

    let mut wrong = spec(&["true"]);
    wrong.cwd = b"/nowhere".to_vec();
    let mut host = start(&wrong);
    let exit = host.exit().1;
    assert_eq!((exit.status, exit.ran), (126, false));
    let text = "rescuebox: true: cannot enter its directory: No such file or directory\n";
    assert_eq!(host.err(exit.err), text);
    host.done(exit);
}

#[test]
fn a_command_that_reads_nothing_holds_up_nobody() {
    let mut host = start(&sh("exec 0</dev/null; echo here; sleep 0.2; exit 3"));
    host.input.set_nonblocking(true).unwrap();
    let mut pushed = 0;
    while let Ok(count) = host.input.write(&[0; 65536]) {
        pushed += count;
        assert!(pushed < 100_000_000);
    }
    let (said, exit) = host.exit();
    assert_eq!(said, [ToHost::Ready, ToHost::Started, ToHost::Closed]);
    assert_eq!(exit, Exit { status: 3, out: 5, err: 0, ran: true });
    host.done(exit);

    let mut host = start(&sh("sleep 0.1; exit 4"));
    host.input.set_nonblocking(true).unwrap();
    while host.input.write(&[0; 65536]).is_ok() {}
    let exit = host.exit().1;
    assert_eq!(exit.status, 4);
    host.done(exit);
}

#[test]
fn a_child_left_behind_is_not_waited_for() {
    let mut host = start(&sh("sleep 1000 & echo done"));
    let begin = Instant::now();
    let exit = host.exit().1;
    assert_eq!(exit, Exit { status: 0, out: 5, err: 0, ran: true });
    assert!(begin.elapsed() < Duration::from_secs(5));
    host.done(exit);

    // One that writes for ever gets no more than what was in the pipe.
    let mut host = start(&sh("yes & sleep 0.1"));
    let mut output = host.output.try_clone().unwrap();
    let reader = std::thread::Builder::new()
        .spawn(move || {
            let mut all = 0u64;
            let mut piece = [0; 65536];
            while let Ok(count @ 1..) = output.read(&mut piece) {
                all += count as u64;
            }
            all
        })
        .unwrap();
    let exit = host.exit().1;
    assert_eq!(exit.status, 0);
    host.say(ToGuest::Ack);
    assert_eq!(waitpid(host.guest, None).unwrap(), WaitStatus::Exited(host.guest, 0));
    assert_eq!(reader.join().unwrap(), exit.out);
}

#[test]
fn output_can_be_reopened_by_name() {
    let mut host = start(&sh("echo a >/dev/stdout; echo b >/proc/self/fd/2"));
    let exit = host.exit().1;
    assert_eq!(exit, Exit { status: 0, out: 2, err: 2, ran: true });
    host.done(exit);
}

#[test]
fn signals_are_passed_on() {
    let mut host =
        start(&sh("trap 'echo usr; exit 5' USR1; echo up; while :; do sleep 0.05; done"));
    assert_eq!(host.out(3), "up\n");
    host.say(ToGuest::Signal(10));
    let exit = host.exit().1;
    assert_eq!(exit, Exit { status: 5, out: 7, err: 0, ran: true });
    host.done(exit);
}

#[test]
fn a_terminal() {
    let mut job = sh("test -t 0 && test -t 1 && test -t 2 && stty size; read a; stty size; exit 6");
    job.tty = Some(Size { rows: 33, columns: 101 });
    let mut host = start(&job);
    assert_eq!(host.out(8), "33 101\r\n");
    host.say(ToGuest::Size(Size { rows: 44, columns: 55 }));
    // The new size has been taken when a second line of control was.
    std::thread::sleep(Duration::from_millis(100));
    host.input.write_all(b"x\r").unwrap();
    let exit = host.exit().1;
    assert_eq!((exit.status, exit.err), (6, 0));
    assert_eq!(host.out(exit.out - 8), "x\r\n44 55\r\n");
    host.done(exit);

    let mut job = spec(&["cat"]);
    job.tty = Some(Size { rows: 24, columns: 80 });
    let mut host = start(&job);
    // Ctrl-C is the command's own.
    assert_eq!(host.hear(), ToHost::Ready);
    assert_eq!(host.hear(), ToHost::Started);
    host.input.write_all(b"\x03").unwrap();
    assert_eq!(host.exit().1.status, 130);
    host.say(ToGuest::Ack);
}

#[test]
fn a_host_that_goes_away_ends_the_job() {
    let Host { turn, ctl, guest, .. } = start(&sh("exec sleep 1000"));
    drop(ctl);
    assert_eq!(waitpid(guest, None).unwrap(), WaitStatus::Exited(guest, 0));
    drop(turn);
}

#[test]
fn a_command_learns_that_nobody_reads_it() {
    let mut host = start(&spec(&["yes"]));
    assert_eq!(host.out(2), "y\n");
    host.say(ToGuest::Closed(Stream::Out));
    let exit = host.exit().1;
    assert_eq!(exit.status, 141);
    host.done(exit);
}
