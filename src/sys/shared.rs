//! Memory that programs share, and the semaphores beside it. shmget(2),
//! semget(2).

use nix::errno::Errno;

/// A piece of shared memory.
pub struct Memory {
    id: i32,
    start: *mut u8,
    length: usize,
}

impl Memory {
    /// Makes it (that of somebody else who left it is taken), all zeros.
    pub fn make(key: i32, length: usize) -> Result<Memory, Errno> {
        // SAFETY: numbers only.
        let id = Errno::result(unsafe { libc::shmget(key, length, libc::IPC_CREAT | 0o644) })?;
        let memory = Memory::attach(id, 0)?;
        memory.write(0, &vec![0; memory.length]);
        Ok(memory)
    }

    /// Opens it to read.
    pub fn open(key: i32) -> Result<Memory, Errno> {
        // SAFETY: numbers only.
        let id = Errno::result(unsafe { libc::shmget(key, 0, 0) })?;
        Memory::attach(id, libc::SHM_RDONLY)
    }

    fn attach(id: i32, flags: i32) -> Result<Memory, Errno> {
        // SAFETY: all-zero is a valid shmid_ds; the call fills it.
        let mut status: libc::shmid_ds = unsafe { std::mem::zeroed() };
        // SAFETY: the structure outlives the call.
        Errno::result(unsafe { libc::shmctl(id, libc::IPC_STAT, &raw mut status) })?;
        // SAFETY: the kernel chooses an address that nothing else is at.
        let start = unsafe { libc::shmat(id, std::ptr::null(), flags) };
        if start.addr() == usize::MAX {
            return Err(Errno::last());
        }
        Ok(Memory { id, start: start.cast(), length: status.shm_segsz })
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Fills `to` with what is at `at`; nothing happens outside.
    pub fn read(&self, at: usize, to: &mut [u8]) {
        if at.checked_add(to.len()).is_some_and(|end| end <= self.length) {
            // SAFETY: within the memory, as just checked; bytes of any value
            // are valid, and copied whoever writes meanwhile.
            unsafe { std::ptr::copy_nonoverlapping(self.start.add(at), to.as_mut_ptr(), to.len()) }
        }
    }

    /// Puts `from` at `at`; nothing happens outside.
    pub fn write(&self, at: usize, from: &[u8]) {
        if at.checked_add(from.len()).is_some_and(|end| end <= self.length) {
            // SAFETY: within the memory, as just checked, which only
            // `make` attaches for writers.
            unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), self.start.add(at), from.len()) }
        }
    }

    /// It goes when nobody has it any more.
    pub fn remove(&self) {
        // SAFETY: the command takes no structure.
        unsafe { libc::shmctl(self.id, libc::IPC_RMID, std::ptr::null_mut()) };
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: it was attached there, and nothing refers to it.
        unsafe { libc::shmdt(self.start.cast()) };
    }
}

/// A step of an operation on semaphores: which one, by how much (0 waits until
/// it is 0), and flags.
pub type Change = (u16, i16, i16);

/// Some semaphores.
pub struct Semaphores(i32);

impl Semaphores {
    /// Makes two (those that are there are taken).
    pub fn make(key: i32) -> Result<Semaphores, Errno> {
        // SAFETY: numbers only.
        Errno::result(unsafe { libc::semget(key, 2, libc::IPC_CREAT | 0o1777) }).map(Semaphores)
    }

    /// Those that are there.
    pub fn open(key: i32) -> Result<Semaphores, Errno> {
        // SAFETY: numbers only.
        Errno::result(unsafe { libc::semget(key, 0, 0) }).map(Semaphores)
    }

    /// Sets both to 0.
    pub fn reset(&self) {
        for number in 0..2 {
            // SAFETY: the command takes a number.
            unsafe { libc::semctl(self.0, number, libc::SETVAL, 0) };
        }
    }

    /// All the changes at once, when they can be made.
    pub fn change(&self, changes: &[Change]) -> Result<(), Errno> {
        let mut list = [libc::sembuf { sem_num: 0, sem_op: 0, sem_flg: 0 }; 4];
        let mut count = 0;
        for (to, &(number, by, flags)) in list.iter_mut().zip(changes) {
            *to = libc::sembuf { sem_num: number, sem_op: by, sem_flg: flags };
            count += 1;
        }
        // SAFETY: the list has at least as many entries.
        Errno::result(unsafe { libc::semop(self.0, list.as_mut_ptr(), count) }).map(drop)
    }

    /// They are gone at once.
    pub fn remove(&self) {
        // SAFETY: the command takes no structure.
        unsafe { libc::semctl(self.0, 0, libc::IPC_RMID, 0) };
    }
}
