//! An open file.
//!
//! Reads and writes name their place in each call (`OVERLAPPED`). The handle is a synchronous one: the system lets one operation at a time through
//! it, which needs no lock of ours and no event for each call; what is written lands in the memory of the system and is short.

use std::fs;
use std::io;
use std::os::windows::fs::FileExt;
use std::os::windows::io::{AsHandle, OwnedHandle};

use windows_sys::Win32::System::Ioctl::{FSCTL_QUERY_ALLOCATED_RANGES, FSCTL_SET_SPARSE};

use super::{BEHIND_END, calls_unsafe as calls, error_of, stats};
use crate::os::copying::copy_bytes;
use crate::os::fault_points::{faulty, short_len};
use crate::os::{Acl, Attributes, Errors, File, Stat, Time, XattrNames};

/// Growing by more than this makes a hole, and a file of holes; less is cheaper as zeros.
const SMALLEST_HOLE: u64 = 64 << 10;

/// Ranges that are asked for at once.
const RANGES: usize = 64;

/// An open file.
pub struct NativeFile(fs::File);

impl NativeFile {
    pub(super) fn new(handle: OwnedHandle) -> Self {
        Self(handle.into())
    }

    /// The first stretches of data at or behind `offset`, as `(begin, end)`.
    fn ranges(&self, offset: u64, size: u64) -> io::Result<Vec<(u64, u64)>> {
        let mut room = [0u64; 2 * RANGES];
        let given = [offset, size.saturating_sub(offset)];
        let (len, _) = calls::control(self.0.as_handle(), FSCTL_QUERY_ALLOCATED_RANGES, &given, &mut room)?;
        let (ranges, _) = room.get(..len / size_of::<u64>()).unwrap_or_default().as_chunks::<2>();
        Ok(ranges
            .iter()
            .map(|[begin, len]| (*begin, begin.saturating_add(*len)))
            .collect())
    }
}

impl Attributes for NativeFile {
    fn set_owner(&self, _uid: Option<u32>, _gid: Option<u32>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn xattr_names(&self) -> io::Result<XattrNames> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn xattr(&self, _name: &str) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn set_xattr(&self, _name: &str, _value: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Every file has one, of Windows' own kind, and it is not carried.
    fn acl(&self, _acl: Acl) -> io::Result<Option<Vec<u8>>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn set_acl(&self, _acl: Acl, _value: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl File for NativeFile {
    fn stat(&self) -> io::Result<Stat> {
        stats::stat_of(self.0.as_handle())
    }

    fn read_some_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        faulty("read", || match self.0.seek_read(bytes, offset) {
            Err(error) if super::System::is_behind_end(&error) => Ok(0),
            result => result,
        })
    }

    fn write_some_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        faulty("write", || {
            let taken = bytes.get(..short_len("write", bytes.len())).unwrap_or(bytes);
            self.0.seek_write(taken, offset)
        })
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        let size = self.0.metadata()?.len();
        let ranges = self.ranges(offset, size)?;
        Ok(ranges.first().map(|(begin, _)| (*begin).max(offset)))
    }

    fn next_hole(&self, offset: u64) -> io::Result<u64> {
        let size = self.0.metadata()?.len();
        if offset >= size {
            return Err(error_of(BEHIND_END));
        }
        let mut at = offset;
        loop {
            let before = at;
            for (begin, end) in self.ranges(at, size)? {
                if begin > at {
                    return Ok(at);
                }
                at = at.max(end);
            }
            if at == before || at >= size {
                return Ok(at.min(size));
            }
        }
    }

    fn copy_from(&self, other: &Self, len: u64) -> io::Result<()> {
        copy_bytes(self, other, 0, len)
    }

    /// No disk of Windows says that it would block.
    fn wait_writable(&self) -> io::Result<()> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        faulty("set-size", || {
            if size > self.0.metadata()?.len().saturating_add(SMALLEST_HOLE) {
                // Without it the disk writes zeros. FAT does: it has no holes.
                let _ = calls::control(self.0.as_handle(), FSCTL_SET_SPARSE, &[], &mut []);
            }
            self.0.set_len(size)
        })
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        faulty("allocate", || {
            let wanted = i64::try_from(size).map_err(|_| io::ErrorKind::FileTooLarge)?;
            calls::set_allocation(self.0.as_handle(), wanted)?;
            self.0.set_len(size)
        })
    }

    fn reserve(&self, size: u64) {
        // Advice: what cannot be reserved is allocated when it is written.
        if let Ok(size) = i64::try_from(size)
            && self
                .0
                .metadata()
                .is_ok_and(|status| status.len() <= size.cast_unsigned())
        {
            let _ = calls::set_allocation(self.0.as_handle(), size);
        }
    }

    fn try_lock(&self) -> io::Result<bool> {
        match calls::try_lock(self.0.as_handle()) {
            // Disks that keep no locks.
            Err(error) if super::System::is_unsupported(&error) => Ok(true),
            result => result,
        }
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        /// The system takes this place for the end of the file (`FILE_WRITE_TO_END_OF_FILE`), in the same step as the write.
        const END: u64 = u64::MAX;
        faulty("append", || match self.0.seek_write(bytes, END)? {
            len if len == bytes.len() => Ok(()),
            _ => Err(io::ErrorKind::StorageFull.into()),
        })
    }

    fn set_mode(&self, mode: u16) -> io::Result<()> {
        stats::set_mode(self.0.as_handle(), mode)
    }

    fn set_mtime(&self, mtime: Time) -> io::Result<()> {
        stats::set_mtime(self.0.as_handle(), mtime)
    }

    fn sync(&self) -> io::Result<()> {
        faulty("sync-file", || calls::flush(self.0.as_handle()))
    }

    /// There is no such call.
    fn start_sync(&self, _offset: u64, _len: u64) -> io::Result<()> {
        faulty("start-sync", || Ok(()))
    }

    fn duplicate(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?))
    }

    /// CloseHandle reports no failed write: WriteFile and FlushFileBuffers do.
    fn close(self) -> io::Result<()> {
        faulty("close", || {
            drop(self.0);
            Ok(())
        })
    }

    /// The system sees by itself how a file is read.
    fn will_read_in_order(&self) {}

    /// There is no such call.
    fn forget_cached(&self) {}
}
