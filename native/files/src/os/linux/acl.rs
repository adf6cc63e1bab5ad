//! POSIX ACLs as Linux stores them in extended attributes (`linux/posix_acl_xattr.h`): `u32` version 2, then for each entry `u16` tag,
//! `u16` permissions, `u32` id.

/// The attribute of a folder that says what is created in it gets.
pub(super) const DEFAULT: &str = "system.posix_acl_default";

/// The attribute that says who may do what with it.
pub(super) const ACCESS: &str = "system.posix_acl_access";

pub(super) fn is_acl(name: &[u8]) -> bool {
    name == ACCESS.as_bytes() || name == DEFAULT.as_bytes()
}

const VERSION: u32 = 2;
const OWNER: u16 = 0x01;
const GROUP: u16 = 0x04;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

/// The mode that an ACL grants at most: that of the owner, of the group class and of all others.
pub(super) fn mode_of(acl: &[u8]) -> Option<u16> {
    let (version, entries) = acl.split_first_chunk()?;
    if u32::from_le_bytes(*version) != VERSION {
        return None;
    }
    let (entries, []) = entries.as_chunks::<8>() else {
        return None;
    };
    let find = |wanted: u16| {
        let entry = entries.iter().find(|[a, b, ..]| u16::from_le_bytes([*a, *b]) == wanted);
        entry.map(|[_, _, a, b, ..]| u16::from_le_bytes([*a, *b]) & 0o7)
    };
    let (owner, group, other) = (find(OWNER)?, find(MASK).or(find(GROUP))?, find(OTHER)?);
    Some(owner << 6 | group << 3 | other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut bytes = VERSION.to_le_bytes().to_vec();
        for (tag, permissions, id) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(permissions.to_le_bytes());
            bytes.extend(id.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn the_mode_of_an_acl_has_its_mask_for_the_group() {
        let none = u32::MAX;
        let plain = acl(&[(OWNER, 7, none), (GROUP, 5, none), (OTHER, 1, none)]);
        assert_eq!(mode_of(&plain), Some(0o751));
        let masked = acl(&[
            (OWNER, 6, none),
            (2, 7, 1000),
            (GROUP, 4, none),
            (MASK, 6, none),
            (OTHER, 0, none),
        ]);
        assert_eq!(mode_of(&masked), Some(0o660));
    }

    #[test]
    fn what_is_no_acl_has_no_mode() {
        let good = acl(&[(OWNER, 7, 0), (GROUP, 5, 0), (OTHER, 1, 0)]);
        for len in 0..good.len() {
            assert_eq!(mode_of(&good[..len]), None, "{len} bytes");
        }
        let mut other = good;
        other[0] = 3;
        assert_eq!(mode_of(&other), None);
    }
}
