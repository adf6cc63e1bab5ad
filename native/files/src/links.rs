//! What both sides know of symbolic links: which targets stay inside what is sent, and what the user wants of them.

use crate::path::check_component;

/// What a sender does with the symbolic links in its folders. One that is named as an argument is followed in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SentLinks {
    /// Those that [stay inside](stays_inside) are sent as links, others are left out.
    #[default]
    Inside,
    /// All are sent as links.
    All,
    /// What they lead to is sent in their place, as long as it is in the argument that holds them.
    Follow,
    /// None is sent, by the user's choice.
    None,
}

/// What a receiver makes of symbolic links, whatever its sender says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MadeLinks {
    /// Those that [stay inside](stays_inside), and lead through no link that was there before.
    #[default]
    Inside,
    /// All.
    All,
    /// None, by the user's choice.
    None,
}

/// Whether the target of a link stays inside what is sent: it is relative, of names that can be sent, and climbs only at its beginning and no further than to where
/// the first components are. `depth` is how many folders lead to the link.
///
/// Later climbing would depend on what the components before it are: a link among them leads elsewhere than their text.
pub fn stays_inside(target: &str, depth: usize) -> bool {
    if target.starts_with('/') {
        return false;
    }
    let mut climbed = 0;
    let mut descended = false;
    for component in components(target) {
        if component != ".." {
            descended = true;
            // No transfer makes anything of another name. So nothing is missed, and each system's own rules for names hold here, too.
            if check_component(component).is_err() {
                return false;
            }
        } else if descended || climbed == depth {
            return false;
        } else {
            climbed += 1;
        }
    }
    true
}

/// The components of a target that lead somewhere.
pub(crate) fn components(target: &str) -> impl DoubleEndedIterator<Item = &str> {
    target.split('/').filter(|component| !matches!(*component, "" | "."))
}

/// What stands for a link's contents in the transfer root: the BLAKE3 hash of its target.
pub fn link_root(target: &str) -> [u8; 32] {
    *blake3::hash(target.as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t42_a_target_stays_inside_while_it_climbs_first_and_no_further_than_its_folder_is_deep() {
        for (target, depth) in [
            ("a", 0),
            ("a/b/c", 0),
            ("..", 1),
            ("../..", 2),
            ("../a", 1),
            ("./../a", 1),
            ("..//../a/", 2),
            ("...", 0),
            (".", 0),
            ("..a/b", 0),
        ] {
            assert!(stays_inside(target, depth), "{target} from {depth}");
        }
        for (target, depth) in [
            ("/", 9),
            ("/etc/passwd", 9),
            ("..", 0),
            ("../..", 1),
            ("../../a", 1),
            ("a/..", 9),
            ("a/../b", 9),
            ("../a/../..", 9),
            ("a/./../b", 9),
        ] {
            assert!(!stays_inside(target, depth), "{target} from {depth}");
        }
    }

    #[test]
    fn a_drive_of_windows_is_outside_everywhere_and_other_colons_are_letters() {
        assert!(!stays_inside("C:x", 9) && !stays_inside("c:/x", 9));
        assert!(stays_inside("File::Spec.3pm", 0));
    }

    #[test]
    fn the_root_of_a_link_is_the_hash_of_its_target() {
        assert_eq!(link_root("a/b"), *blake3::hash(b"a/b").as_bytes());
    }
}
