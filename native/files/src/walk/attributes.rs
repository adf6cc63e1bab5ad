//! What is kept of an entry besides mode and time, if the user wants that.

use std::collections::HashMap;
use std::io;

use crate::extras::{Extra, Extras, Owner, Preserve};
use crate::os::{Acl, Attributes, Owners, Stat, System, XattrNames};
use crate::part::Kept;

/// Reads owners, attributes and ACLs, and notes what could not be.
pub(super) struct Keeper {
    preserve: Preserve,
    /// Names by number: a tree has few owners, and each look-up may ask a server.
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
    kept: Kept,
}

impl Keeper {
    pub(super) fn new(preserve: Preserve) -> Self {
        Self {
            preserve,
            users: HashMap::new(),
            groups: HashMap::new(),
            kept: Kept::ALL,
        }
    }

    /// Whether an entry has to be opened for what is kept of it.
    pub(super) fn opens(&self) -> bool {
        self.preserve.xattrs || self.preserve.acl
    }

    pub(super) fn kept(&self) -> Kept {
        self.kept
    }

    /// What is kept of something that is not opened: its owner.
    pub(super) fn of_closed(&mut self, stat: &Stat) -> Extras {
        let mut extras = Extras::default();
        self.add_owner(stat, &mut extras);
        extras
    }

    pub(super) fn of_open<A: Attributes>(&mut self, stat: &Stat, node: &A, acls: &[Acl]) -> Extras {
        let mut extras = self.of_closed(stat);
        if self.preserve.acl {
            for acl in acls {
                self.kept.acl &= add_acl(node, *acl, &mut extras).unwrap_or(false);
            }
        }
        if self.preserve.xattrs {
            self.kept.xattrs &= add_xattrs(node, &mut extras).unwrap_or(false);
        }
        extras
    }

    fn add_owner(&mut self, stat: &Stat, extras: &mut Extras) {
        if !self.preserve.owner {
            return;
        }
        if !System::has_numbers() {
            self.kept.owner = false;
            return;
        }
        let Stat { uid, gid, .. } = *stat;
        let user = self.users.entry(uid);
        let user = user.or_insert_with(|| System::user_name(uid).unwrap_or_default());
        let group = self.groups.entry(gid);
        let group = group.or_insert_with(|| System::group_name(gid).unwrap_or_default());
        self.kept.owner &= extras.push(&Extra::Owner(Owner { uid, gid, user, group }));
    }
}

/// Whether all of it was added. A file system without ACLs has none to add.
fn add_acl<A: Attributes>(node: &A, acl: Acl, extras: &mut Extras) -> io::Result<bool> {
    let Some(bytes) = node.acl(acl)? else {
        return Ok(true);
    };
    Ok(extras.push(&match acl {
        Acl::Access => Extra::Acl(&bytes),
        Acl::Default => Extra::DefaultAcl(&bytes),
    }))
}

fn add_xattrs<A: Attributes>(node: &A, extras: &mut Extras) -> io::Result<bool> {
    let XattrNames { names, complete } = match node.xattr_names() {
        Ok(found) => found,
        // There are none.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok(true),
        Err(error) => return Err(error),
    };
    let mut all = complete;
    for name in names {
        let value = node.xattr(&name);
        all &= value.is_ok_and(|value| extras.push(&Extra::Xattr(&name, &value)));
    }
    Ok(all)
}
