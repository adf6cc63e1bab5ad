//! The types of mounted file systems by their names. statfs has one number for ext2, ext3 and ext4.

use std::os::fd::BorrowedFd;

use parking_lot::Mutex;
use rustix::fs::Dev;

/// The file systems that were asked for last, each by its device and its own identifier: a transfer asks for each of its folders, and another
/// disk may come to the same device while the process lives.
static KNOWN: Mutex<Vec<(Mounted, bool)>> = Mutex::new(Vec::new());

/// More than anybody has mounted below one folder.
const MOST_KNOWN: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Mounted {
    device: Dev,
    id: u64,
}

/// Whether a folder is on ext4. Where the system does not tell it counts as something else.
pub fn is_ext4(folder: BorrowedFd<'_>) -> bool {
    let Some(mounted) = mounted(folder) else {
        return false;
    };
    let mut known = KNOWN.lock();
    if let Some((_, is_ext4)) = known.iter().find(|(other, _)| *other == mounted) {
        return *is_ext4;
    }
    let Ok(mounts) = std::fs::read("/proc/self/mountinfo") else {
        return false;
    };
    let is_ext4 = type_of(&String::from_utf8_lossy(&mounts), mounted.device) == Some("ext4");
    if known.len() == MOST_KNOWN {
        known.remove(0);
    }
    known.push((mounted, is_ext4));
    is_ext4
}

fn mounted(folder: BorrowedFd<'_>) -> Option<Mounted> {
    let device = rustix::fs::fstat(folder).ok()?.st_dev;
    let id = rustix::fs::fstatvfs(folder).ok()?.f_fsid;
    Some(Mounted { device, id })
}

/// The type of a device's file system in a table of mounts (proc_pid_mountinfo(5)): the third field of a line is the device, and the type is
/// the first behind a lone dash, before which there may be more fields.
fn type_of(mounts: &str, device: Dev) -> Option<&str> {
    let device = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    mounts.lines().find_map(|line| {
        let mut fields = line.split(' ');
        (fields.nth(2)? == device).then_some(())?;
        fields.skip_while(|field| *field != "-").nth(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
41 27 7:0 / /mnt/ext4\\040-\\040disk rw shared:1 master:2 - ext3 /dev/loop0 rw
42 27 7:1 / /mnt/c rw unbindable - ext2 /dev/loop1 rw
43 27 7:11 / /mnt/d rw - ext4 /dev/loop11 rw
44 27 7:2
";

    #[test]
    fn d24_the_type_of_a_device_stands_behind_the_dash_however_many_fields_are_before_it() {
        let type_of = |major, minor| type_of(MOUNTS, rustix::fs::makedev(major, minor));
        assert_eq!(type_of(254, 0), Some("ext4"));
        assert_eq!(type_of(7, 0), Some("ext3"));
        assert_eq!(type_of(7, 1), Some("ext2"));
        assert_eq!(type_of(7, 11), Some("ext4"));
        assert_eq!(type_of(7, 2), None, "a line that breaks off");
        assert_eq!(type_of(7, 3), None);
    }
}
