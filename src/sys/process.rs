//! Processes: fork, exit without clean-up.

use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, Ordering};

use nix::errno::Errno;
use nix::unistd::{ForkResult, Pid};

/// What `fork` returned, in whose process.
pub enum Forked {
    /// In the parent: the child's process id.
    Parent(Pid),
    /// In the child.
    Child,
}

/// fork(2). The program has one thread, so the child may use all of it.
pub fn fork() -> Result<Forked, Errno> {
    // SAFETY: no part of this program starts threads before forking, so no lock
    // can be held by a thread that the child lacks.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(Forked::Parent(child)),
        ForkResult::Child => Ok(Forked::Child),
    }
}

/// What a child of [`spawn`] needs, and its way to say why it has failed.
struct Start {
    path: *const libc::c_char,
    argv: *const *const libc::c_char,
    environment: *const *const libc::c_char,
    error: libc::c_int,
}

/// The child of [`spawn`]. Its caller waits, and its memory is the caller's.
extern "C" fn become_program(start: *mut libc::c_void) -> libc::c_int {
    let start = start.cast::<Start>();
    // SAFETY: `start` is the caller's, which is suspended until execve or
    // _exit; execve gets C strings and lists of them that end in null.
    unsafe {
        libc::execve((*start).path, (*start).argv, (*start).environment);
        (*start).error = Errno::last_raw();
        libc::_exit(127)
    }
}

/// Starts a program in a child that shares this process's memory until it has
/// become the program: three system calls in all. The error is that of
/// execve(2), too. A handler of this process that a signal calls in the child
/// stores in this process's memory: [`super::signal`]'s only take notes.
pub fn spawn(
    path: &CStr,
    argv: &mut dyn Iterator<Item = &CStr>,
    environment: &[CString],
) -> Result<Pid, Errno> {
    let mut pointers: Vec<*const libc::c_char> = argv.map(CStr::as_ptr).collect();
    pointers.push(std::ptr::null());
    let count = pointers.len();
    pointers.extend(environment.iter().map(|e| e.as_ptr()));
    pointers.push(std::ptr::null());
    let list = pointers.as_ptr();
    let mut stack = Stack(std::mem::MaybeUninit::uninit());
    // SAFETY: the second list begins at `count`, within the vector.
    let environment = unsafe { list.add(count) };
    let mut start = Start { path: path.as_ptr(), argv: list, environment, error: 0 };
    // SAFETY: CLONE_VFORK suspends this thread until the child has left this
    // memory, so what the pointers name outlives its use; the stack grows down
    // from its end, which is aligned; the child calls nothing but execve and
    // _exit.
    let pid = unsafe {
        libc::clone(
            become_program,
            stack.0.as_mut_ptr().add(1).cast(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
            (&raw mut start).cast(),
        )
    };
    let pid = Pid::from_raw(Errno::result(pid)?);
    // SAFETY: written by the child, which the compiler does not see.
    let error = unsafe { (&raw const start.error).read_volatile() };
    if error == 0 {
        return Ok(pid);
    }
    let _ = nix::sys::wait::waitpid(pid, None);
    Err(Errno::from_raw(error))
}

/// _exit(2): ends the process without running exit handlers, as a forked
/// child must.
pub fn exit_now(status: u8) -> ! {
    // SAFETY: _exit does not return and touches nothing of this process.
    unsafe { libc::_exit(i32::from(status)) }
}

/// Does `work` with the descriptor in a child of the lowest priority that holds
/// no other one, and that nobody need wait for; in this process where no child
/// can be had.
pub fn apart(fd: OwnedFd, work: fn(OwnedFd)) {
    match fork() {
        Ok(Forked::Parent(_)) => {}
        Err(_) => work(fd),
        Ok(Forked::Child) => {
            close_all_but(fd.as_raw_fd(), fd.as_raw_fd());
            alone(fd, work)
        }
    }
}

/// The rest of a child that works apart.
fn alone(fd: OwnedFd, work: fn(OwnedFd)) -> ! {
    crash_by_default();
    let _ = super::schedule::set_niceness(super::schedule::Who::Process(0), 19);
    work(fd);
    exit_now(0)
}

/// A child that begins its work once this process has become another program.
/// It shares the memory, which is its own from then on: nothing is copied, and
/// the exec need not tear it down. Dropped, when the exec has failed, it takes
/// the child with it.
pub struct AfterExec {
    child: Pid,
    /// What the child waits for the end of; exec closes it.
    _gate: OwnedFd,
}

/// Room for the frames of a child that shares this process's memory, and for a
/// signal's.
#[repr(align(16))]
struct Stack(std::mem::MaybeUninit<[u8; 32 * 1024]>);

/// The stack of the one [`AfterExec`] there can be: nothing is allocated for
/// what happens behind the point of no return.
struct ChildStack(std::cell::UnsafeCell<Stack>);
// SAFETY: only a pointer to it is taken, by whoever has set `CHILD_STACK_TAKEN`.
unsafe impl Sync for ChildStack {}
static CHILD_STACK: ChildStack =
    ChildStack(std::cell::UnsafeCell::new(Stack(std::mem::MaybeUninit::uninit())));
static CHILD_STACK_TAKEN: AtomicBool = AtomicBool::new(false);

/// What such a child is told.
struct Told {
    fd: i32,
    gate: i32,
    work: fn(OwnedFd),
}

extern "C" fn wait_for_exec(told: *mut libc::c_void) -> libc::c_int {
    // SAFETY: as for `Told` in `after_exec`, whose stack's end it is on.
    let Told { fd, gate, work } = unsafe { told.cast::<Told>().read() };
    close_all_but(fd, gate);
    let mut byte = 0_u8;
    // SAFETY: one byte that outlives the call. As long as the memory is shared,
    // this process does nothing else: what fails would set errno for both.
    while unsafe { libc::read(gate, (&raw mut byte).cast(), 1) } != 0 {
        if Errno::last() != Errno::EINTR {
            exit_now(1);
        }
    }
    // SAFETY: this process's own copy of a descriptor that nothing else here
    // owns.
    alone(unsafe { OwnedFd::from_raw_fd(fd) }, work)
}

/// Has a child do `work` with the descriptor after the exec that follows.
pub fn after_exec(fd: BorrowedFd<'_>, work: fn(OwnedFd)) -> Result<AfterExec, Errno> {
    let (read, gate) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    if CHILD_STACK_TAKEN.swap(true, Ordering::Relaxed) {
        return Err(Errno::EBUSY);
    }
    let told = Told { fd: fd.as_raw_fd(), gate: read.as_raw_fd(), work };
    // SAFETY: the stack grows down from a place below its end that is aligned
    // and has room for `told` above it; it is no other child's, as it was just
    // taken. Until the exec, or until it is ended by whoever drops it, the
    // child runs nothing but close_range(2) and read(2).
    let child = unsafe {
        let top = CHILD_STACK.0.get().add(1).cast::<u8>().sub(64);
        top.cast::<Told>().write(told);
        libc::clone(wait_for_exec, top.cast(), libc::CLONE_VM | libc::SIGCHLD, top.cast())
    };
    match Errno::result(child) {
        Ok(child) => Ok(AfterExec { child: Pid::from_raw(child), _gate: gate }),
        Err(errno) => {
            CHILD_STACK_TAKEN.store(false, Ordering::Relaxed);
            Err(errno)
        }
    }
}

impl Drop for AfterExec {
    fn drop(&mut self) {
        let _ = nix::sys::signal::kill(self.child, nix::sys::signal::Signal::SIGKILL);
        if nix::sys::wait::waitpid(self.child, None).is_ok() {
            CHILD_STACK_TAKEN.store(false, Ordering::Relaxed);
        }
    }
}

/// Closes every descriptor but two, in a child that ends without running
/// anything that owns one.
fn close_all_but(a: i32, b: i32) {
    let mut first = 0;
    for kept in [a.min(b), a.max(b)] {
        if kept > first {
            // SAFETY: takes numbers only. Whatever owns these descriptors is
            // the parent's, to whom this process does not return.
            unsafe { libc::syscall(libc::SYS_close_range, first, kept - 1, 0) };
        }
        first = kept + 1;
    }
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) };
}

/// Gives every signal its default action and unblocks all: what a program
/// expects to be started with.
pub fn reset_signals() {
    for signal in 1..=64 {
        // SAFETY: SIG_DFL is no function of ours; numbers that cannot be set
        // are refused with EINVAL.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let _ = nix::sys::signal::SigSet::empty().thread_set_mask();
}

/// Ignores SIGPIPE, so that writing to a pipe nobody reads is EPIPE.
pub fn ignore_broken_pipes() {
    // SAFETY: SIG_IGN is no function of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// The argument that tells `/init` that it was started anew after a crash.
pub const CRASHED: &str = "--crashed";

/// Signals that a bug raises. SIGABRT is a panic's.
const CRASHES: [libc::c_int; 4] = [libc::SIGABRT, libc::SIGSEGV, libc::SIGBUS, libc::SIGILL];

/// For PID 1, whose end is the kernel's panic: after a crash the program is
/// started anew, with [`CRASHED`] as its argument.
pub fn restart_on_crash() {
    let handler = restart as extern "C" fn(libc::c_int);
    for signal in CRASHES {
        // SAFETY: the handler calls only functions that are safe in a signal
        // handler, and does not return.
        unsafe { libc::signal(signal, handler as libc::sighandler_t) };
    }
}

/// Takes [`restart_on_crash`] back, in a child.
pub fn crash_by_default() {
    for signal in CRASHES {
        // SAFETY: SIG_DFL is no function of ours.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let _ = nix::sys::signal::SigSet::empty().thread_set_mask();
}

unsafe extern "C" {
    static environ: *const *const libc::c_char;
}

/// The program itself, once [`hold_program`] was called.
static PROGRAM: AtomicI32 = AtomicI32::new(-1);

/// Keeps the program's file open for [`restart_on_crash`], for when neither
/// /proc nor the file's name is there any more.
pub fn hold_program() {
    if PROGRAM.load(Ordering::Relaxed) >= 0 {
        return;
    }
    // SAFETY: the path is a C string.
    let fd = unsafe { libc::open(c"/proc/self/exe".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    PROGRAM.store(fd, Ordering::Relaxed);
}

/// When this program was started anew after a crash, in seconds of the
/// monotonic clock; 0 if it was not.
static AGAIN: AtomicI64 = AtomicI64::new(0);

/// A second crash within so many seconds is not followed by a third try.
const AGAIN_SOON: i64 = 60;

/// How long people have to read what the crashes said.
static READING: libc::timespec = libc::timespec { tv_sec: 10, tv_nsec: 0 };

fn seconds() -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure outlives the call, which fills it.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec.max(1)
}

/// Notes that the program was started anew after a crash: when it crashes
/// again soon, the machine is restarted.
pub fn note_restart() {
    AGAIN.store(seconds(), Ordering::Relaxed);
}

extern "C" fn restart(_: libc::c_int) {
    let again = AGAIN.load(Ordering::Relaxed);
    if again > 0 && seconds().saturating_sub(again) < AGAIN_SOON {
        // SAFETY: both take what outlives the call, and are system calls only.
        unsafe {
            libc::nanosleep(&raw const READING, std::ptr::null_mut());
            libc::reboot(libc::RB_AUTOBOOT);
        }
    }
    let argv = [c"init".as_ptr(), c"--crashed".as_ptr(), std::ptr::null()];
    // SAFETY: environ is set up by the C library before main, and nothing in
    // this program changes it.
    let environment = unsafe { environ };
    let held = PROGRAM.load(Ordering::Relaxed);
    if held >= 0 {
        let (empty, flag) = (c"".as_ptr(), libc::AT_EMPTY_PATH);
        // SAFETY: C strings and vectors that end in null.
        unsafe { libc::syscall(libc::SYS_execveat, held, empty, argv.as_ptr(), environment, flag) };
    }
    for path in [c"/proc/self/exe", c"/init"] {
        // SAFETY: C strings and vectors that end in null.
        unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), environment) };
    }
    loop {
        // SAFETY: takes nothing.
        unsafe { libc::pause() };
    }
}

/// The umask. The kernel tells it only when it is set, so it is set twice.
pub fn umask() -> u32 {
    use nix::sys::stat::{Mode, umask};
    let mask = umask(Mode::from_bits_truncate(0o077));
    umask(mask);
    mask.bits()
}

/// Sends a signal, of real time as well, to process 1. kill(2).
pub fn signal_init(signal: i32) -> Result<(), Errno> {
    // SAFETY: kill takes two numbers.
    Errno::result(unsafe { libc::kill(1, signal) }).map(drop)
}

/// The signal that this process gets when its parent ends. prctl(2).
pub fn die_with_parent(signal: i32) -> Result<(), Errno> {
    let number = libc::c_ulong::try_from(signal).map_err(|_| Errno::EINVAL)?;
    // SAFETY: numbers only.
    Errno::result(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, number) }).map(drop)
}

/// sethostname(2).
pub fn set_host_name(name: &[u8]) -> Result<(), Errno> {
    // SAFETY: the bytes are live and have the length given.
    Errno::result(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) }).map(drop)
}
