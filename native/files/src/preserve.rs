//! Giving what was received the owner, the extended attributes and the ACLs that it had at its sender, if the user wants that.
//!
//! None of it is worth losing the contents: what cannot be kept is told as [`Kept`], once for the transfer.

use crate::extras::{Extra, Owner, extras_of};
use crate::os::{Acl, Attributes, Folder};
use crate::part::Kept;
use crate::sink::Sink;

impl<F: Folder> Sink<F> {
    /// Sets on an open file or folder what came with its entry. Its mode is set already, which an ACL extends.
    pub(crate) fn preserve<A: Attributes>(&self, entry: u32, node: &A) -> Kept {
        let mut kept = Kept::ALL;
        if !self.preserving {
            return kept;
        }
        for extra in extras_of(&self.extras(entry)) {
            match extra {
                Extra::Owner(owner) => kept.owner &= self.give(&owner, |uid, gid| node.set_owner(uid, gid).is_ok()),
                Extra::Xattr(name, value) => kept.xattrs &= node.set_xattr(name, value).is_ok(),
                Extra::Acl(acl) => kept.acl &= node.set_acl(Acl::Access, acl).is_ok(),
                Extra::DefaultAcl(acl) => kept.acl &= node.set_acl(Acl::Default, acl).is_ok(),
            }
        }
        kept
    }

    /// [`Sink::preserve`] for a symbolic link: links have no attributes of users, and no ACLs.
    pub(crate) fn preserve_link(&self, entry: u32, folder: &F, name: &str) -> Kept {
        let mut kept = Kept::ALL;
        for extra in extras_of(&self.extras(entry)) {
            if let Extra::Owner(owner) = extra {
                kept.owner &= self.give(&owner, |uid, gid| folder.set_child_owner(name, uid, gid).is_ok());
            }
        }
        kept
    }

    /// The fields of an entry that the user wants.
    fn extras(&self, entry: u32) -> Vec<u8> {
        self.read().extras(entry).to_vec()
    }

    /// Whether owner and group could be given. The group alone may be possible for a user who is in it.
    fn give(&self, owner: &Owner<'_>, set: impl Fn(Option<u32>, Option<u32>) -> bool) -> bool {
        let uid = self.owners.user(owner.user).unwrap_or(owner.uid);
        let gid = self.owners.group(owner.group).unwrap_or(owner.gid);
        if set(Some(uid), Some(gid)) {
            return true;
        }
        // Told as not kept in any case: the owner was not.
        set(None, Some(gid));
        false
    }
}
