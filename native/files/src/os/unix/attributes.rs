//! Owners, extended attributes and ACLs of open files and folders. Which attributes are carried, and what ACLs are, differs by system.

use std::io;
use std::os::fd::AsFd;

use rustix::fs::{Gid, Uid, XattrFlags};

use crate::os::system::own;
use crate::os::{Acl, Attributes, XattrNames};

/// Most bytes of the names of an object's attributes, and of one value: what Linux has at most (xattr(7)), and more than fits into a manifest.
pub(crate) const MAX_XATTR: usize = 65_536;

/// Everything that is a descriptor has the same attributes; [`super::nodes`] gives it to files and folders.
pub(super) struct Of<Fd>(pub(super) Fd);

impl<Fd: AsFd> Attributes for Of<Fd> {
    fn set_owner(&self, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
        let (uid, gid) = ids(uid, gid);
        Ok(rustix::fs::fchown(&self.0, uid, gid)?)
    }

    fn xattr_names(&self) -> io::Result<XattrNames> {
        let mut bytes = vec![0; MAX_XATTR];
        let len = rustix::fs::flistxattr(&self.0, &mut bytes[..])?;
        let names = bytes.get(..len).unwrap_or_default().split(|byte| *byte == 0);
        let carried: Vec<&[u8]> = names.filter(|name| own::is_carried_xattr(name)).collect();
        let names: Vec<String> = carried
            .iter()
            .filter_map(|name| std::str::from_utf8(name).ok())
            .map(str::to_owned)
            .collect();
        Ok(XattrNames {
            complete: names.len() == carried.len(),
            names,
        })
    }

    fn xattr(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; MAX_XATTR];
        let len = rustix::fs::fgetxattr(&self.0, name, &mut bytes[..])?;
        bytes.truncate(len);
        Ok(bytes)
    }

    fn set_xattr(&self, name: &str, value: &[u8]) -> io::Result<()> {
        if !own::is_carried_xattr(name.as_bytes()) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(rustix::fs::fsetxattr(&self.0, name, value, XattrFlags::empty())?)
    }

    fn acl(&self, acl: Acl) -> io::Result<Option<Vec<u8>>> {
        own::acl(self.0.as_fd(), acl)
    }

    fn set_acl(&self, acl: Acl, value: &[u8]) -> io::Result<()> {
        own::set_acl(self.0.as_fd(), acl, value)
    }
}

pub(super) fn ids(uid: Option<u32>, gid: Option<u32>) -> (Option<Uid>, Option<Gid>) {
    // All ones is how the call is told to leave an id alone; nobody has it.
    let known = |id: &u32| *id != u32::MAX;
    (
        uid.filter(known).map(Uid::from_raw),
        gid.filter(known).map(Gid::from_raw),
    )
}
