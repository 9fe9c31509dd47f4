//! Jobs: bg, fg, jobs, kill, wait. POSIX.1-2024 XCU 3 and 2.11.

use nix::unistd::Pid;

use crate::applet::{Status, show_bytes};

use super::super::Shell;
use super::super::fields::Fields;
use super::super::jobs::State;
use super::{Ran, bad_option, options};

/// The numbers of the jobs that operands name; without any, the current one.
fn named(sh: &mut Shell, fields: &Fields, utility: &str) -> Result<Vec<u32>, u8> {
    sh.collect();
    let from = if fields.get(1) == Some(b"--") { 2 } else { 1 };
    let mut specs: Vec<&[u8]> = fields.from(from).collect();
    if specs.is_empty() {
        specs.push(b"%%");
    }
    let mut ids = Vec::new();
    for spec in specs {
        match sh.jobs.find(spec) {
            Ok(job) => ids.push(job.id),
            Err(why) => {
                sh.complain_of(utility, &format_args!("{}: {why}", show_bytes(spec)));
                return Err(1);
            }
        }
    }
    Ok(ids)
}

fn no_control(sh: &mut Shell, utility: &str) -> Option<u8> {
    if sh.jobs.control {
        return None;
    }
    sh.complain_of(utility, &"no job control");
    Some(1)
}

/// fg: a job to the foreground.
pub(super) fn fg(sh: &mut Shell, fields: &Fields) -> Ran {
    if let Some(status) = no_control(sh, "fg") {
        return Ok(status);
    }
    let ids = match named(sh, fields, "fg") {
        Ok(ids) => ids,
        Err(status) => return Ok(status),
    };
    let mut status = 0;
    for id in ids {
        status = sh.resume(id, true)?;
    }
    Ok(status)
}

/// bg: a stopped job goes on in the background.
pub(super) fn bg(sh: &mut Shell, fields: &Fields) -> Ran {
    if let Some(status) = no_control(sh, "bg") {
        return Ok(status);
    }
    let ids = match named(sh, fields, "bg") {
        Ok(ids) => ids,
        Err(status) => return Ok(status),
    };
    for id in ids {
        if let Some(job) = sh.jobs.list().iter().find(|j| j.id == id) {
            let mut line = format!("[{id}] ").into_bytes();
            line.extend_from_slice(job.text());
            line.push(b'\n');
            sh.put(&line);
        }
        sh.resume(id, false)?;
    }
    Ok(0)
}

/// jobs: -l with processes, -p process groups only.
pub(super) fn jobs(sh: &mut Shell, fields: &Fields) -> Ran {
    let (letters, at) = match options(fields, b"lp") {
        Ok(found) => found,
        Err(letter) => return sh.failed("jobs", bad_option(letter), 2),
    };
    sh.collect();
    let ids = if fields.len() > at {
        let operands = fields.without_first(at - 1);
        match named(sh, &operands, "jobs") {
            Ok(ids) => ids,
            Err(status) => return Ok(status),
        }
    } else {
        sh.jobs.list().iter().map(|j| j.id).collect()
    };
    for id in ids {
        let Some(job) = sh.jobs.list().iter().find(|j| j.id == id) else { continue };
        let leader = job.group.or(job.processes.first().map(|(p, _)| p.as_raw())).unwrap_or(0);
        let done = matches!(job.state(), State::Done(..));
        if letters.contains(&b'p') {
            sh.put(format!("{leader}\n").as_bytes());
            continue;
        }
        if let Some(line) = sh.job_line(id, letters.contains(&b'l')) {
            sh.put(&line);
        }
        if done {
            sh.forget_job(id);
        }
    }
    Ok(0)
}

/// kill, with `%job`.
pub(super) fn kill(sh: &mut Shell, fields: &Fields) -> Ran {
    let args: Vec<&[u8]> = fields.from(1).collect();
    let mut out = Vec::new();
    let control = sh.jobs.control;
    let jobs = &sh.jobs;
    let result = super::kill::run(&args, &mut out, &mut |spec| match jobs.find(spec) {
        Ok(job) => {
            let first = job.processes.first().map(|(p, _)| p.as_raw());
            match job.group.filter(|_| control).map(|g| -g).or(first) {
                Some(pid) => Ok(pid),
                None => Err(format!("{}: no such job", show_bytes(spec))),
            }
        }
        Err(why) => Err(format!("{}: {why}", show_bytes(spec))),
    });
    sh.put(&out);
    match result {
        Ok(()) => Ok(0),
        Err(super::kill::Failure::Usage(why)) => sh.failed("kill", why, 1),
        Err(super::kill::Failure::Sending(list)) => {
            for why in list {
                sh.complain_of("kill", &why);
            }
            Ok(1)
        }
    }
}

/// wait: until processes have ended; the status of the last named. -n: until
/// one of them, or any, has ended, as in bash.
pub(super) fn wait(sh: &mut Shell, fields: &Fields) -> Ran {
    let (letters, from) = match options(fields, b"n") {
        Ok(found) => found,
        Err(letter) => return sh.failed("wait", bad_option(letter), 2),
    };
    if !letters.is_empty() {
        return wait_for_one(sh, fields, from);
    }
    if fields.len() == from {
        let ended = sh.wait_until(&mut |sh| {
            let running = sh.jobs.list().iter().any(|j| j.state() == State::Running);
            (!running).then_some(0)
        });
        if ended.is_none() && sh.trap_waits() {
            return Ok(interrupted(sh));
        }
        let done: Vec<u32> = sh
            .jobs
            .list()
            .iter()
            .filter(|j| matches!(j.state(), State::Done(..)))
            .map(|j| j.id)
            .collect();
        for id in done {
            sh.forget_job(id);
        }
        return Ok(0);
    }
    let mut status = 0;
    for operand in fields.from(from) {
        let pid = match process(sh, operand) {
            Ok(pid) => pid,
            Err(()) => {
                let what = format!("Illegal number: {}", show_bytes(operand));
                return sh.failed("wait", what, 2);
            }
        };
        let Some(pid) = pid.map(Pid::from_raw) else {
            status = 127;
            continue;
        };
        let known = sh.jobs.of_process(pid.as_raw()).map(|job| job.id);
        let Some(id) = known else {
            status = 127;
            continue;
        };
        let ended = sh.wait_until(&mut |sh| {
            let job = sh.jobs.of_process(pid.as_raw())?;
            let (_, state) = job.processes.iter().find(|(p, _)| *p == pid)?;
            match state {
                State::Done(code, _) => Some(*code),
                State::Stopped(signal) if sh.jobs.control => Some(Status::of_signal(*signal).0),
                _ => None,
            }
        });
        match ended {
            Some(code) => status = code,
            None if sh.trap_waits() => return Ok(interrupted(sh)),
            None => status = 127,
        }
        let over = sh
            .jobs
            .of_process(pid.as_raw())
            .is_some_and(|job| matches!(job.state(), State::Done(..)));
        if over {
            sh.forget_job(id);
        }
    }
    Ok(status)
}

/// The process that an operand of wait means, if there is one.
fn process(sh: &Shell, operand: &[u8]) -> Result<Option<i32>, ()> {
    if operand.first() == Some(&b'%') {
        let job = sh.jobs.find(operand).ok();
        return Ok(job.and_then(|job| job.processes.last().map(|(p, _)| p.as_raw())));
    }
    std::str::from_utf8(operand).ok().and_then(|t| t.parse().ok()).map(Some).ok_or(())
}

/// `wait -n`
fn wait_for_one(sh: &mut Shell, fields: &Fields, from: usize) -> Ran {
    sh.collect();
    let mut wanted = Vec::new();
    for operand in fields.from(from) {
        if let Ok(Some(pid)) = process(sh, operand)
            && let Some(job) = sh.jobs.of_process(pid)
        {
            wanted.push(job.id);
        }
    }
    let any = fields.len() == from;
    let is_wanted = |id: u32| any || wanted.contains(&id);
    let mut ended = 0;
    let status = sh.wait_until(&mut |sh| {
        let mut left = false;
        for job in sh.jobs.list().iter().filter(|job| is_wanted(job.id)) {
            match job.state() {
                State::Done(code, _) => {
                    ended = job.id;
                    return Some(code);
                }
                State::Running => left = true,
                State::Stopped(_) => {}
            }
        }
        (!left).then_some(127)
    });
    match status {
        Some(status) => {
            sh.forget_job(ended);
            Ok(status)
        }
        None if sh.trap_waits() => Ok(interrupted(sh)),
        None => Ok(127),
    }
}

/// The status of a wait that a trapped signal has ended.
fn interrupted(sh: &Shell) -> u8 {
    Status::of_signal(sh.waiting_signal().unwrap_or(libc::SIGINT)).0
}
