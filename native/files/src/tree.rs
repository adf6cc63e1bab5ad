//! The paths of a manifest as a tree: each component is stored once, and a child is found by a hash of its parent and name.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use crate::MAX_ENTRIES;
use crate::names::{Name, Names};
use crate::page::PageError;
use crate::path::SafePath;

/// Most components that a manifest may name: `MAX_COMPONENTS` of `docs/protocol.md`. A tree that was walked names each once, as an entry;
/// twice that is for peers that leave folders out, and bounds what a hostile manifest can make us hold.
pub const MAX_COMPONENTS: usize = 2 * MAX_ENTRIES as usize;

/// The parent of the first components.
const TOP: u32 = u32::MAX;

/// What the manifest says of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// On the way to an entry; not an entry itself so far.
    Way,
    Folder,
    File,
    /// A symbolic link. Nothing may be below it.
    Link,
}

struct Node {
    parent: u32,
    name: Name,
    role: Role,
    /// It or a component before it is hidden, and the user did not choose that name.
    hidden: bool,
}

/// What begins a hidden name.
pub(crate) const HIDDEN_MARK: char = '.';

pub(crate) struct Tree {
    names: Names,
    nodes: Vec<Node>,
    /// Numbers of nodes by parent and name. A `HashMap` would store each name a second time.
    children: HashTable<u32>,
    /// Random per transfer: a peer cannot choose names that collide.
    hasher: RandomState,
    /// The path of the folder that was found last, and its node: entries come folder by folder.
    last: Option<(String, u32)>,
    /// Most components.
    most: usize,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            names: Names::default(),
            nodes: Vec::new(),
            children: HashTable::new(),
            hasher: RandomState::new(),
            last: None,
            most: MAX_COMPONENTS,
        }
    }
}

/// Where a path ended up in the tree.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) node: u32,
    /// It was not there before, not even on the way to something.
    pub(crate) new: bool,
    pub(crate) below_file: bool,
}

impl Tree {
    /// Finds or makes the node of a path, `top` standing for its first component if given.
    pub(crate) fn place(&mut self, path: SafePath<'_>, top: Option<&str>) -> Result<Place, PageError> {
        let parent = path.parent().map(|parent| parent.as_str());
        if let Some((folder, node)) = &self.last
            && Some(folder.as_str()) == parent
            && !matches!(self.role(*node), Some(Role::File | Role::Link))
        {
            let mut place = Place {
                node: *node,
                new: false,
                below_file: false,
            };
            self.descend(&mut place, path.name(), false)?;
            return Ok(place);
        }
        let mut place = Place {
            node: TOP,
            new: false,
            below_file: false,
        };
        let mut above = TOP;
        for (depth, own) in path.components().enumerate() {
            above = place.node;
            let chosen = top.filter(|_| depth == 0);
            self.descend(&mut place, chosen.unwrap_or(own), chosen.is_some())?;
        }
        if let Some(parent) = parent.filter(|_| !place.below_file) {
            self.last = Some((parent.to_owned(), above));
        }
        Ok(place)
    }

    /// Goes to a child, which is made if it is not there.
    fn descend(&mut self, place: &mut Place, name: &str, chosen: bool) -> Result<(), PageError> {
        match self.role(place.node) {
            Some(Role::Link) => return Err(PageError::BelowLink),
            role => place.below_file |= role == Some(Role::File),
        }
        let child = self.child(place.node, name);
        place.new = child.is_none();
        place.node = match child {
            Some(child) => child,
            None => self.add(place.node, name, chosen)?,
        };
        Ok(())
    }

    /// The node of a node's folder; [`TOP`] for the first components.
    pub(crate) fn parent(&self, node: u32) -> u32 {
        self.nodes.get(node as usize).map_or(TOP, |node| node.parent)
    }

    /// Whether a component of a node's path is hidden that the user did not choose.
    pub(crate) fn is_hidden(&self, node: u32) -> bool {
        self.nodes.get(node as usize).is_some_and(|node| node.hidden)
    }

    /// The last component of a node's path.
    pub(crate) fn name(&self, node: u32) -> &str {
        self.nodes
            .get(node as usize)
            .map_or("", |node| self.names.get(node.name))
    }

    /// The node of a path, if the manifest names it.
    pub(crate) fn find(&self, path: SafePath<'_>) -> Option<u32> {
        let mut components = path.components();
        components.try_fold(TOP, |node, name| self.child(node, name))
    }

    /// Bytes of all names.
    pub(crate) fn name_bytes(&self) -> usize {
        self.names.bytes()
    }

    pub(crate) fn role(&self, node: u32) -> Option<Role> {
        self.nodes.get(node as usize).map(|node| node.role)
    }

    pub(crate) fn set_role(&mut self, node: u32, role: Role) {
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.role = role;
        }
    }

    pub(crate) fn path(&self, node: u32) -> String {
        let mut path = String::new();
        self.push_path(node, 0, &mut path);
        path
    }

    /// Appends a path of which `behind` bytes follow: so it is one allocation. A path has at most [`MAX_DEPTH`](crate::MAX_DEPTH) components.
    fn push_path(&self, node: u32, behind: usize, path: &mut String) {
        let Some(found) = self.nodes.get(node as usize) else {
            path.reserve(behind);
            return;
        };
        let name = self.names.get(found.name);
        self.push_path(found.parent, behind + 1 + name.len(), path);
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(name);
    }

    fn child(&self, parent: u32, name: &str) -> Option<u32> {
        let hash = self.hasher.hash_one((parent, name));
        let is_child = |node: &u32| {
            let node = self.nodes.get(*node as usize);
            node.is_some_and(|node| node.parent == parent && self.names.get(node.name) == name)
        };
        self.children.find(hash, is_child).copied()
    }

    fn add(&mut self, parent: u32, name: &str, chosen: bool) -> Result<u32, PageError> {
        let hidden = self.is_hidden(parent) || (!chosen && name.starts_with(HIDDEN_MARK));
        let Self {
            names,
            nodes,
            children,
            hasher,
            most,
            ..
        } = self;
        if nodes.len() >= *most {
            return Err(PageError::TooMuch);
        }
        nodes.try_reserve(1).map_err(|_| PageError::NoMemory)?;
        let hash_of = |node: &u32| {
            let node = nodes.get(*node as usize);
            node.map_or(0, |node| hasher.hash_one((node.parent, names.get(node.name))))
        };
        children.try_reserve(1, hash_of).map_err(|_| PageError::NoMemory)?;
        let stored = names.push(name)?;
        let node = nodes.len() as u32;
        nodes.push(Node {
            parent,
            name: stored,
            role: Role::Way,
            hidden,
        });
        // There is room: nothing is hashed again.
        children.insert_unique(hasher.hash_one((parent, name)), node, |_| 0);
        Ok(node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str) -> SafePath<'_> {
        SafePath::parse(path.as_bytes()).expect("a plain path")
    }

    #[test]
    fn every_path_is_found_again_while_the_tree_grows() {
        let mut tree = Tree::default();
        let paths: Vec<String> = (0..5000).map(|i| format!("a/{}/{i}", i % 97)).collect();
        let mut nodes = Vec::new();
        for wire in &paths {
            let place = tree.place(path(wire), None).expect("room");
            assert!(place.new, "{wire}");
            nodes.push(place.node);
        }
        for (wire, node) in paths.iter().zip(nodes) {
            let place = tree.place(path(wire), None).expect("room");
            assert_eq!((place.node, place.new), (node, false));
            assert_eq!(&tree.path(node), wire);
        }
    }

    #[test]
    fn t3_a_tree_takes_as_many_components_as_the_protocol_allows_and_refuses_the_next() {
        assert_eq!(Tree::default().most, MAX_COMPONENTS);
        let folders = 100;
        let mut tree = Tree {
            most: folders * 1000,
            ..Tree::default()
        };
        for folder in 0..folders {
            for name in 0..999 {
                assert!(tree.place(path(&format!("{folder}/{name}")), None).is_ok());
            }
        }
        let full = tree.place(path("one"), None);
        assert_eq!(full.err(), Some(PageError::TooMuch));
        assert!(
            tree.place(path("0/998"), None).is_ok_and(|place| !place.new),
            "it is there"
        );
        assert_eq!(tree.nodes.len(), tree.most);
    }

    #[test]
    fn another_top_stands_for_the_first_component_only() {
        let mut tree = Tree::default();
        let place = tree.place(path("a/a/a"), Some("b")).expect("room");
        assert_eq!(tree.path(place.node), "b/a/a");
        let again = tree.place(path("a/a/c"), Some("b")).expect("room");
        assert_eq!(tree.path(again.node), "b/a/c", "also in the folder that was found last");
    }

    #[test]
    fn a_path_below_a_file_is_noticed() {
        let mut tree = Tree::default();
        let file = tree.place(path("a/f"), None).expect("room");
        tree.set_role(file.node, Role::File);
        assert!(tree.place(path("a/f/x/y"), None).expect("room").below_file);
        assert!(!tree.place(path("a/g"), None).expect("room").below_file);
    }
}
