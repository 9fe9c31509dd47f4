//! Questions and orders to block devices. <linux/fs.h>, <linux/blkpg.h>,
//! <linux/raid/md_u.h>, <linux/cdrom.h>.

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

/// A question whose answer is an int.
#[derive(Clone, Copy)]
pub struct AskInt(libc::Ioctl);

/// A question whose answer is 64 bits.
#[derive(Clone, Copy)]
pub struct AskWide(libc::Ioctl);

/// A question whose answer is a long.
#[derive(Clone, Copy)]
pub struct AskLong(libc::Ioctl);

/// An order with an int in memory.
#[derive(Clone, Copy)]
pub struct TellInt(libc::Ioctl);

/// An order with a number, or without anything.
#[derive(Clone, Copy)]
pub struct TellNumber(libc::Ioctl);

/// An order with a range of bytes: where, how many.
#[derive(Clone, Copy)]
pub struct TellRange(libc::Ioctl);

/// Whether it can only be read.
pub const READ_ONLY: AskInt = AskInt(0x125e);
/// Size of its logical sectors.
pub const SECTOR_SIZE: AskInt = AskInt(0x1268);
/// Size of its physical sectors.
pub const PHYSICAL_SIZE: AskInt = AskInt(0x127b);
/// Size of the blocks of the page cache.
pub const BLOCK_SIZE: AskInt = AskInt(0x8008_1270_u32 as libc::Ioctl);
/// Least size of reads and writes.
pub const IO_MIN: AskInt = AskInt(0x1278);
/// Best size of reads and writes.
pub const IO_BEST: AskInt = AskInt(0x1279);
/// Offset of its alignment.
pub const ALIGNMENT: AskInt = AskInt(0x127a);
/// Whether discarded sectors read as zeros.
pub const DISCARD_ZEROES: AskInt = AskInt(0x127c);
/// The most sectors in a request; the answer is 16 bits.
pub const SECTORS_MAX: AskInt = AskInt(0x1267);
/// Size in sectors of 512 bytes.
pub const SECTORS: AskLong = AskLong(0x1260);
/// Read-ahead of the device, in sectors.
pub const READ_AHEAD: AskLong = AskLong(0x1263);
/// Read-ahead of its filesystem, in sectors.
pub const FS_READ_AHEAD: AskLong = AskLong(0x1265);
/// Size in bytes.
pub const SIZE: AskWide = AskWide(0x8008_1272_u32 as libc::Ioctl);
/// Make it read-only, or not.
pub const SET_READ_ONLY: TellInt = TellInt(0x125d);
/// Size of the blocks of the page cache.
pub const SET_BLOCK_SIZE: TellInt = TellInt(0x4008_1271);
/// Read the partition table anew.
pub const REREAD: TellNumber = TellNumber(0x125f);
/// Write what is dirty and forget what is cached.
pub const FLUSH: TellNumber = TellNumber(0x1261);
/// Read-ahead of the device, in sectors.
pub const SET_READ_AHEAD: TellNumber = TellNumber(0x1262);
/// Read-ahead of its filesystem, in sectors.
pub const SET_FS_READ_AHEAD: TellNumber = TellNumber(0x1264);
/// Throw out the disc.
pub const EJECT: TellNumber = TellNumber(0x5309);
/// Pull the tray in.
pub const CLOSE_TRAY: TellNumber = TellNumber(0x5319);
/// Lock the door (1) or not (0).
pub const LOCK_DOOR: TellNumber = TellNumber(0x5329);
/// What the drive says: 4 is a disc that is ready.
pub const DRIVE_STATUS: TellNumber = TellNumber(0x5326);
/// Start the arrays of partitions of type 0xfd.
pub const AUTORUN: TellNumber = TellNumber(0x914);
/// Start an array that has its disks.
pub const RUN_ARRAY: TellNumber = TellNumber(0x400c_0930);
/// Orders to a disk of another machine, linux/nbd.h: the connection.
pub const NBD_SET_SOCKET: TellNumber = TellNumber(0xab00);
/// Bytes of a block.
pub const NBD_SET_BLOCK_SIZE: TellNumber = TellNumber(0xab01);
/// Serve it until the connection ends.
pub const NBD_WORK: TellNumber = TellNumber(0xab03);
/// Without a connection.
pub const NBD_CLEAR_SOCKET: TellNumber = TellNumber(0xab04);
/// What is waiting fails.
pub const NBD_CLEAR_QUEUE: TellNumber = TellNumber(0xab05);
/// How many blocks.
pub const NBD_SET_BLOCKS: TellNumber = TellNumber(0xab07);
/// The end of it.
pub const NBD_DISCONNECT: TellNumber = TellNumber(0xab08);
/// Seconds that an answer may take.
pub const NBD_SET_TIMEOUT: TellNumber = TellNumber(0xab09);
/// What the server can do.
pub const NBD_SET_FLAGS: TellNumber = TellNumber(0xab0a);
/// Bytes that will not be needed.
pub const DISCARD: TellRange = TellRange(0x1277);
/// Bytes to be made unreadable.
pub const DISCARD_SECURELY: TellRange = TellRange(0x127d);
/// Bytes to be zeros.
pub const ZERO: TellRange = TellRange(0x127f);

/// Asks.
pub fn ask(fd: BorrowedFd<'_>, question: AskInt) -> Result<u32, Errno> {
    let mut answer: [libc::c_int; 2] = [0; 2];
    // SAFETY: the questions of this type write at most eight bytes there, and
    // the array has room for them.
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), question.0, answer.as_mut_ptr()) })?;
    Ok(answer[0] as u32)
}

/// Asks for 64 bits.
pub fn ask_wide(fd: BorrowedFd<'_>, question: AskWide) -> Result<u64, Errno> {
    let mut answer = 0u64;
    // SAFETY: the questions of this type write 64 bits there.
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), question.0, &raw mut answer) })?;
    Ok(answer)
}

/// Asks for a long.
pub fn ask_long(fd: BorrowedFd<'_>, question: AskLong) -> Result<u64, Errno> {
    let mut answer = 0u64;
    // SAFETY: the questions of this type write a long, 64 bits or fewer, there.
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), question.0, &raw mut answer) })?;
    Ok(answer)
}

/// Orders.
pub fn tell(fd: BorrowedFd<'_>, order: TellInt, value: u32) -> Result<(), Errno> {
    let value = [value as libc::c_int, 0];
    // SAFETY: the orders of this type read at most eight bytes there.
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), order.0, value.as_ptr()) }).map(drop)
}

/// Orders, with a number; says what the call returned.
pub fn tell_number(fd: BorrowedFd<'_>, order: TellNumber, value: u64) -> Result<i32, Errno> {
    let value = value as libc::c_ulong;
    // SAFETY: the orders of this type take a number and touch no memory of ours
    // (RUN_ARRAY takes a null pointer for "no parameters").
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), order.0, value) })
}

/// Orders, with a range of bytes.
pub fn tell_range(fd: BorrowedFd<'_>, order: TellRange, at: u64, length: u64) -> Result<(), Errno> {
    let range = [at, length];
    // SAFETY: the orders of this type read two numbers of 64 bits there.
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), order.0, range.as_ptr()) }).map(drop)
}

#[repr(C)]
struct BlkpgPartition {
    start: i64,
    length: i64,
    number: libc::c_int,
    names: [u8; 128],
}

#[repr(C)]
struct BlkpgArgument {
    order: libc::c_int,
    flags: libc::c_int,
    length: libc::c_int,
    data: *mut BlkpgPartition,
}

/// What to do with a partition of a disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PartitionOrder {
    /// Make it known to the kernel.
    Add = 1,
    /// Forget it.
    Remove = 2,
    /// It has another size.
    Resize = 3,
}

/// Tells the kernel of one partition (BLKPG); `start` and `length` in bytes.
pub fn partition(
    disk: BorrowedFd<'_>,
    order: PartitionOrder,
    number: u32,
    start: u64,
    length: u64,
) -> Result<(), Errno> {
    let mut data = BlkpgPartition {
        start: start as i64,
        length: length as i64,
        number: number as libc::c_int,
        names: [0; 128],
    };
    let argument = BlkpgArgument {
        order: order as libc::c_int,
        flags: 0,
        length: size_of::<BlkpgPartition>() as libc::c_int,
        data: &raw mut data,
    };
    // SAFETY: BLKPG reads the argument and the partition that it points to,
    // both of which live until it returns.
    Errno::result(unsafe { libc::ioctl(disk.as_raw_fd(), 0x1269, &raw const argument) }).map(drop)
}

#[repr(C)]
#[derive(Default)]
struct ArrayInfo {
    major_version: i32,
    minor_version: i32,
    patch_version: i32,
    other: [i32; 32],
}

/// Tells the md driver which kind of superblock the array's members have.
pub fn set_array_version(array: BorrowedFd<'_>, major: i32, minor: i32) -> Result<(), Errno> {
    let info = ArrayInfo { major_version: major, minor_version: minor, ..ArrayInfo::default() };
    // SAFETY: SET_ARRAY_INFO (0x40480923) reads 72 bytes, fewer than there are.
    Errno::result(unsafe { libc::ioctl(array.as_raw_fd(), 0x4048_0923, &raw const info) }).map(drop)
}

/// Adds the block device of this number to an array that does not run yet.
pub fn add_array_disk(array: BorrowedFd<'_>, major: u32, minor: u32) -> Result<(), Errno> {
    let disk = [0, major as i32, minor as i32, 0, 0];
    // SAFETY: ADD_NEW_DISK (0x40140921) reads five ints.
    Errno::result(unsafe { libc::ioctl(array.as_raw_fd(), 0x4014_0921, disk.as_ptr()) }).map(drop)
}

/// Starts an array that has its disks.
pub fn run_array(array: BorrowedFd<'_>) -> Result<(), Errno> {
    tell_number(array, RUN_ARRAY, 0).map(drop)
}

#[repr(C)]
#[derive(Default)]
struct Geometry {
    heads: u8,
    sectors: u8,
    cylinders: u16,
    start: libc::c_ulong,
}

/// Heads, sectors of a track, cylinders as far as 16 bits go, and where on its
/// disk it begins (HDIO_GETGEO).
pub fn geometry(disk: BorrowedFd<'_>) -> Result<(u8, u8, u16, u64), Errno> {
    let mut answer = Geometry::default();
    // SAFETY: HDIO_GETGEO (0x0301) fills a structure of this form.
    Errno::result(unsafe { libc::ioctl(disk.as_raw_fd(), 0x0301, &raw mut answer) })?;
    // A long has 32 bits elsewhere.
    #[allow(clippy::unnecessary_cast)]
    let start = answer.start as u64;
    Ok((answer.heads, answer.sectors, answer.cylinders, start))
}

/// An order of ATA without data, or with one sector of it in the answer
/// (HDIO_DRIVE_CMD): `order` is command, number of sectors, feature, and how
/// many sectors come back (0 or 1). The answer starts with status, error and
/// number of sectors.
pub fn ata(disk: BorrowedFd<'_>, order: [u8; 4]) -> Result<[u8; 516], Errno> {
    let mut buffer = [0u8; 516];
    let [command, count, feature, sectors] = order;
    for (to, from) in buffer.iter_mut().zip([command, count, feature, sectors.min(1)]) {
        *to = from;
    }
    // SAFETY: HDIO_DRIVE_CMD (0x031f) reads four bytes and writes those and at
    // most the one sector that they ask for.
    Errno::result(unsafe { libc::ioctl(disk.as_raw_fd(), 0x031f, buffer.as_mut_ptr()) })?;
    Ok(buffer)
}

/// What the drive said of itself when its driver came (HDIO_GET_IDENTITY).
pub fn identity(disk: BorrowedFd<'_>) -> Result<[u8; 512], Errno> {
    let mut answer = [0u8; 512];
    // SAFETY: HDIO_GET_IDENTITY (0x030d) writes 512 bytes.
    Errno::result(unsafe { libc::ioctl(disk.as_raw_fd(), 0x030d, answer.as_mut_ptr()) })?;
    Ok(answer)
}
