//! What `--preserve` carries besides mode and time: owners, extended attributes and POSIX ACLs, as fields of an entry's extension.
//!
//! Both sides have to want them: a sender that does not sends none, and a receiver that does not looks at none.

/// Most bytes of these fields in one entry; with the longest target they fit into an extension.
pub(crate) const MAX_EXTRAS_LEN: usize = 12_000;

const FIELD_OWNER: u8 = 3;
const FIELD_XATTR: u8 = 4;
const FIELD_ACL: u8 = 5;
const FIELD_DEFAULT_ACL: u8 = 6;

/// Bytes of a field before its contents: `u8` type, `u16` length.
const HEADER_LEN: usize = 3;

/// Longest name of an extended attribute, as Linux has it.
const MAX_XATTR_NAME: usize = 255;

/// What is kept besides mode and time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preserve {
    pub owner: bool,
    pub xattrs: bool,
    pub acl: bool,
}

impl Preserve {
    pub(crate) fn anything(self) -> bool {
        self.owner || self.xattrs || self.acl
    }

    pub(crate) fn wants(self, extra: &Extra<'_>) -> bool {
        match extra {
            Extra::Owner(_) => self.owner,
            Extra::Xattr(..) => self.xattrs,
            Extra::Acl(_) | Extra::DefaultAcl(_) => self.acl,
        }
    }
}

/// Who owns an entry at its sender. Names count first, numbers where the receiver does not know a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'a> {
    pub uid: u32,
    pub gid: u32,
    /// Empty where the sender does not know it either.
    pub user: &'a str,
    pub group: &'a str,
}

/// One of the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra<'a> {
    /// `u32` uid, `u32` gid, string user, string group.
    Owner(Owner<'a>),
    /// String name, value.
    Xattr(&'a str, &'a [u8]),
    /// As `system.posix_acl_access` has it.
    Acl(&'a [u8]),
    /// As `system.posix_acl_default` of a folder has it.
    DefaultAcl(&'a [u8]),
}

/// A field whose contents are not what its type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BrokenField;

/// The fields of one entry, as they are in its extension.
#[derive(Clone, Debug, Default)]
pub struct Extras(Vec<u8>);

impl Extras {
    /// Adds a field; `false` (and no change) if there is no room for it.
    #[must_use]
    pub fn push(&mut self, extra: &Extra<'_>) -> bool {
        let mut value = Vec::new();
        let field = match extra {
            Extra::Owner(Owner { uid, gid, user, group }) => {
                value.extend(uid.to_le_bytes());
                value.extend(gid.to_le_bytes());
                push_text(&mut value, user);
                push_text(&mut value, group);
                FIELD_OWNER
            }
            Extra::Xattr(name, bytes) => {
                push_text(&mut value, name);
                value.extend_from_slice(bytes);
                FIELD_XATTR
            }
            Extra::Acl(bytes) => {
                value.extend_from_slice(bytes);
                FIELD_ACL
            }
            Extra::DefaultAcl(bytes) => {
                value.extend_from_slice(bytes);
                FIELD_DEFAULT_ACL
            }
        };
        let len = match u16::try_from(value.len()) {
            Ok(len) if self.0.len() + HEADER_LEN + value.len() <= MAX_EXTRAS_LEN => len,
            _ => return false,
        };
        self.0.push(field);
        self.0.extend(len.to_le_bytes());
        self.0.extend(value);
        true
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    // Names are shorter; one that is not does not fit into the extras, which its length says, too.
    bytes.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes());
    bytes.extend(text.as_bytes());
}

/// The fields in an extension whose fields were checked; others are skipped.
pub fn extras_of(mut extension: &[u8]) -> impl Iterator<Item = Extra<'_>> {
    std::iter::from_fn(move || {
        loop {
            let (field, value) = next_field(&mut extension)?;
            if let Ok(Some(extra)) = read_extra(field, value) {
                return Some(extra);
            }
        }
    })
}

/// Reads one field; `None` for other ones.
pub(crate) fn read_extra(field: u8, value: &[u8]) -> Result<Option<Extra<'_>>, BrokenField> {
    let extra = match field {
        FIELD_OWNER => read_owner(value).map(Extra::Owner),
        FIELD_XATTR => read_xattr(value),
        FIELD_ACL => Some(Extra::Acl(value)),
        FIELD_DEFAULT_ACL => Some(Extra::DefaultAcl(value)),
        _ => return Ok(None),
    };
    extra.map(Some).ok_or(BrokenField)
}

fn next_field<'a>(extension: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let ([field, a, b], rest) = extension.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([*a, *b])))?;
    *extension = rest;
    Some((*field, value))
}

fn read_owner(value: &[u8]) -> Option<Owner<'_>> {
    let (uid, rest) = value.split_first_chunk()?;
    let (gid, rest) = rest.split_first_chunk()?;
    let (user, rest) = read_text(rest)?;
    let (group, []) = read_text(rest)? else {
        return None;
    };
    Some(Owner {
        uid: u32::from_le_bytes(*uid),
        gid: u32::from_le_bytes(*gid),
        user,
        group,
    })
}

fn read_xattr(value: &[u8]) -> Option<Extra<'_>> {
    let (name, bytes) = read_text(value)?;
    let fits = (1..=MAX_XATTR_NAME).contains(&name.len());
    fits.then_some(Extra::Xattr(name, bytes))
}

/// A string without NUL, which would end it for the system.
fn read_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*len)))?;
    let text = std::str::from_utf8(text).ok().filter(|text| !text.contains('\0'))?;
    Some((text, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_were_written_and_others_are_skipped() {
        let owner = Owner {
            uid: 1000,
            gid: 100,
            user: "ann",
            group: "",
        };
        let wanted = [
            Extra::Owner(owner),
            Extra::Xattr("user.a", b"\0\xff"),
            Extra::Xattr("user.b", b""),
            Extra::Acl(b"acl"),
            Extra::DefaultAcl(b"default"),
        ];
        let mut extras = Extras::default();
        for extra in &wanted {
            assert!(extras.push(extra));
        }
        let extension = [&[9, 1, 0, 7], extras.bytes(), &[1, 1, 0, b'x']].concat();
        assert_eq!(extras_of(&extension).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn what_does_not_fit_is_not_added() {
        let mut extras = Extras::default();
        assert!(extras.push(&Extra::Xattr("user.a", &[1; 11_000])));
        let before = extras.bytes().len();
        assert!(!extras.push(&Extra::Xattr("user.b", &[1; 1000])));
        assert!(!extras.push(&Extra::Xattr("user.c", &[1; 70_000])));
        assert_eq!(extras.bytes().len(), before);
        assert!(extras.push(&Extra::Xattr("user.d", &[1; 100])));
    }

    #[test]
    fn broken_fields_are_refused() {
        let owner = [1, 0, 0, 0, 2, 0, 0, 0, 1, 0, b'a', 1, 0, b'b'];
        assert!(read_extra(FIELD_OWNER, &owner).is_ok());
        for len in 0..owner.len() {
            assert_eq!(read_extra(FIELD_OWNER, &owner[..len]), Err(BrokenField));
        }
        assert!(read_extra(FIELD_OWNER, &[&owner[..], &[0]].concat()).is_err());
        for xattr in [&[0, 0][..], &[1], &[2, 0, b'a'], &[1, 0, 0], &[1, 0, 0xff]] {
            assert_eq!(read_extra(FIELD_XATTR, xattr), Err(BrokenField), "{xattr:?}");
        }
        let long = [&256u16.to_le_bytes()[..], &[b'a'; 256]].concat();
        assert!(read_extra(FIELD_XATTR, &long).is_err());
    }
}
