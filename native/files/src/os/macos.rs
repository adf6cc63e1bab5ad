//! macOS: to be written. Without it the crate does not build there: nothing here pretends. `linux.rs` shows how; each item of
//! `mod.rs` keeps the contract that stands there, and what differs is:
//!
//! - `NativeFolder`: the same *at() calls. `open_folder` and `open_file` get ELOOP for a link from O_NOFOLLOW. `list` gives names as
//!   they are stored; APFS keeps their normalisation and finds other ones, so that two names of a manifest may be one file.
//! - `Folder::move_new`, `exchange`: `renameatx_np` with RENAME_EXCL, RENAME_SWAP; network file systems answer ENOTSUP, which `Errors::is_unsupported` knows.
//! - `Folder::sync`, `File::sync`: `fcntl(F_FULLFSYNC)`, because `fsync` there leaves data in the drive's cache; where it is not
//!   supported, `fsync`.
//! - `File::allocate`: `fcntl(F_PREALLOCATE)`, contiguous first, then in pieces. It changes no size.
//! - `File::try_lock`: `flock`.
//! - `File::start_sync`: nothing, there is no such call.
//! - `File::will_read_in_order`: `fcntl(F_RDAHEAD)`. `File::forget_cached`: `fcntl(F_NOCACHE)`, which must not outlive the reading.
//! - `File::next_data`, `next_hole`: `lseek` with SEEK_DATA and SEEK_HOLE, as APFS has holes. `copy_from`: `fclonefileat` needs a new name,
//!   so `fcopyfile` with COPYFILE_DATA.
//! - `Folder::default_mode`: nothing, ACLs there are of another kind. `Attributes::acl`: `acl_get_fd` and `acl_set_fd` as text.
//!   `xattr_names`: all but `com.apple.quarantine` and the like; there is no `user.` before names.
//! - `Process::umask`: `umask` alone, as there is no /proc: once, before threads create files. `Process::random`: `getentropy`.
//! - `Folder::takes_every_name`: `pathconf` with _PC_CASE_SENSITIVE is not enough, because of normalisation: `false`.
//! - `Errors`: also ENOTSUP is unsupported.
//! - `TicketFiles::is_descriptor`: a path in `/dev/fd`, or a link that leads there. `guard`: by the name that `fstatfs` has
//!   (msdos, exfat, ntfs, smbfs, webdav are without modes).
//! - `Folder::open_to_write`, `open_to_append`, `create_to_append`: as on Linux. `File::try_lock`: `flock`; `reserve`: nothing.
