//! Windows: to be written. Without it the crate does not build there: nothing here pretends. `linux.rs` shows how; each item of
//! `mod.rs` keeps the contract that stands there, and what differs is:
//!
//! - `NativeFolder`: a handle with FILE_FLAG_BACKUP_SEMANTICS; children by `NtCreateFile` with the handle as RootDirectory and
//!   FILE_OPEN_REPARSE_POINT, so that no link, junction or mount point is followed. A name with a colon, a trailing dot or space or of a
//!   device is refused before it gets there.
//! - `Stat`: `mode` is 0o666 or 0o444 by FILE_ATTRIBUTE_READONLY; `dev` and `ino` from FILE_ID_INFO; times count from 1601.
//! - `Folder::move_new`: FileRenameInformationEx without REPLACE_IF_EXISTS. `move_over`: with POSIX_SEMANTICS and REPLACE_IF_EXISTS.
//! - `Folder::exchange`: `Unsupported`, there is no such call.
//! - `Folder::link`: FileLinkInformation. `Folder::sync`: nothing that a user may do; NTFS orders names itself.
//! - `Folder::may_read`, `may_create`: by opening with that access.
//! - `File::read_some_at`, `write_some_at`: ReadFile and WriteFile with an OVERLAPPED offset, which move no shared position.
//! - `File::allocate`: FileAllocationInformation. `File::set_size`: FileEndOfFileInformation. Neither clears what lies between.
//! - `File::sync`: FlushFileBuffers. `File::start_sync`: nothing.
//! - `File::try_lock`: LockFileEx over all of it.
//! - `set_mode`: FILE_ATTRIBUTE_READONLY alone. `will_read_in_order`, `forget_cached`: flags of the open, so both reopen the file.
//! - `Folder::can_hold`: no backslash, colon, `< > | ? * "`, no trailing dot or space, no name of a device (`con`, `nul`, `com1`).
//! - `Folder::takes_every_name`: `false`.
//! - `Folder::make_link`: FSCTL_SET_REPARSE_POINT with a relative symbolic link; the kind (file or folder) is that of what it leads to.
//!   Without the privilege or the developer mode: PermissionDenied, which `Errors::has_no_link` knows.
//! - `File::next_data`, `next_hole`: FSCTL_QUERY_ALLOCATED_RANGES. A file is sparse only after FSCTL_SET_SPARSE, before its size is set.
//! - `Folder::default_mode`: nothing; what is created inherits by itself. `Attributes`: `Unsupported`.
//! - `Process::umask`: 0. `Process::random`: `BCryptGenRandom`.
//! - `Errors`: ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL, ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION have no `ErrorKind` of their own.
//! - `TicketFiles`: `create` with an ACL for this user alone; `guard` is `Guard::Mode` made from the ACL; no path is a descriptor.
