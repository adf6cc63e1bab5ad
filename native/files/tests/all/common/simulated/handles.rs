//! Folders and files of a simulated disk, as the real ones are: what is done through them are changes of the disk.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use ultra_files::os::{Acl, Attributes, File, Folder, NodeKind, Stat, Storage, Time, XattrNames};

use super::super::codes;
use super::{Change, Disk, Flaw, MOUNTED, Node, PAGE, ROOT, What, error};

/// A folder of the mounted disk.
pub struct SimulatedFolder(Arc<Disk>, u64);

pub struct SimulatedFile(Arc<Disk>, u64);

macro_rules! attributes {
    ($node:ty) => {
        impl Attributes for $node {
            fn set_owner(&self, _uid: Option<u32>, _gid: Option<u32>) -> io::Result<()> {
                self.0.step().map(|_| ())
            }
            fn xattr_names(&self) -> io::Result<XattrNames> {
                Ok(XattrNames {
                    names: Vec::new(),
                    complete: true,
                })
            }
            fn xattr(&self, _name: &str) -> io::Result<Vec<u8>> {
                Err(error(codes::EOPNOTSUPP))
            }
            fn set_xattr(&self, _name: &str, _value: &[u8]) -> io::Result<()> {
                Err(error(codes::EOPNOTSUPP))
            }
            fn acl(&self, _acl: Acl) -> io::Result<Option<Vec<u8>>> {
                Ok(None)
            }
            fn set_acl(&self, _acl: Acl, _value: &[u8]) -> io::Result<()> {
                Err(error(codes::EOPNOTSUPP))
            }
        }
    };
}

attributes!(SimulatedFolder);
attributes!(SimulatedFile);

impl SimulatedFolder {
    fn child_of(&self, name: &str, kind: NodeKind) -> io::Result<u64> {
        let state = self.0.step()?;
        let ino = state.find(self.1, name)?;
        match state.stat(ino)?.kind {
            found if found == kind => Ok(ino),
            NodeKind::Link => Err(error(codes::ELOOP)),
            _ => Err(error(codes::ENOTDIR)),
        }
    }
}

impl Folder for SimulatedFolder {
    type File = SimulatedFile;

    fn open(_path: &Path) -> io::Result<Self> {
        let disk = MOUNTED.with_borrow(Clone::clone).ok_or_else(|| error(codes::ENOENT))?;
        Ok(Self(disk, ROOT))
    }
    fn open_folder(&self, name: &str) -> io::Result<Self> {
        let ino = self.child_of(name, NodeKind::Folder)?;
        Ok(Self(Arc::clone(&self.0), ino))
    }
    fn open_file(&self, name: &str) -> io::Result<SimulatedFile> {
        let ino = self.child_of(name, NodeKind::File)?;
        Ok(SimulatedFile(Arc::clone(&self.0), ino))
    }
    fn create_file(&self, name: &str) -> io::Result<SimulatedFile> {
        let ino = self.0.step()?.make(self.1, name, Node::File(Vec::new()), 0o600)?;
        Ok(SimulatedFile(Arc::clone(&self.0), ino))
    }
    fn open_to_write(&self, name: &str) -> io::Result<SimulatedFile> {
        self.open_file(name)
    }
    fn open_to_append(&self, name: &str) -> io::Result<SimulatedFile> {
        self.open_file(name)
    }
    fn create_to_append(&self, name: &str) -> io::Result<SimulatedFile> {
        self.create_file(name)
    }
    fn create_folder(&self, name: &str) -> io::Result<()> {
        let node = Node::Folder(BTreeMap::new());
        self.0.step()?.make(self.1, name, node, 0o700).map(|_| ())
    }
    fn can_hold(_name: &str) -> bool {
        true
    }
    fn stat(&self, name: &str) -> io::Result<Stat> {
        let state = self.0.step()?;
        state.stat(state.find(self.1, name)?)
    }
    fn stat_self(&self) -> io::Result<Stat> {
        self.0.step()?.stat(self.1)
    }
    fn list(&self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let names: Vec<String> = match &self.0.step()?.inode(self.1)?.node {
            Node::Folder(names) => names.keys().cloned().collect(),
            _ => return Err(error(codes::ENOTDIR)),
        };
        names.iter().for_each(|name| each(name.as_bytes()));
        Ok(())
    }
    fn may_read(&self, _name: &str) -> io::Result<()> {
        Ok(())
    }
    fn may_create(&self) -> io::Result<()> {
        Ok(())
    }
    fn move_new(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.0.step()?;
        state.free(self.1, to)?;
        state.rename(self.1, from, to)
    }
    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        self.link_into(from, self, to)
    }
    fn link_into(&self, from: &str, folder: &Self, to: &str) -> io::Result<()> {
        let mut state = self.0.step()?;
        state.free(folder.1, to)?;
        let ino = state.find(self.1, from)?;
        state.name(folder.1, to, Some(ino));
        Ok(())
    }
    fn read_link(&self, name: &str) -> io::Result<Vec<u8>> {
        let state = self.0.step()?;
        match &state.inode(state.find(self.1, name)?)?.node {
            Node::Link(target) => Ok(target.clone().into_bytes()),
            _ => Err(error(codes::EINVAL)),
        }
    }
    fn make_link(&self, name: &str, target: &str) -> io::Result<()> {
        let node = Node::Link(target.to_owned());
        self.0.step()?.make(self.1, name, node, 0o777).map(|_| ())
    }
    fn set_child_mtime(&self, name: &str, mtime: Time) -> io::Result<()> {
        let mut state = self.0.step()?;
        let ino = state.find(self.1, name)?;
        state.meta(ino, None, Some(mtime))
    }
    fn set_child_owner(&self, _name: &str, _uid: Option<u32>, _gid: Option<u32>) -> io::Result<()> {
        self.0.step().map(|_| ())
    }
    fn move_over(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.step()?.rename(self.1, from, to)
    }
    fn exchange(&self, one: &str, other: &str) -> io::Result<()> {
        self.0.step()?.exchange(self.1, one, other)
    }
    fn takes_every_name(&self) -> bool {
        true
    }
    fn remove_file(&self, name: &str) -> io::Result<()> {
        let mut state = self.0.step()?;
        state.find(self.1, name)?;
        state.name(self.1, name, None);
        Ok(())
    }
    fn remove_folder(&self, name: &str) -> io::Result<()> {
        let mut state = self.0.step()?;
        let ino = state.find(self.1, name)?;
        if matches!(&state.inode(ino)?.node, Node::Folder(names) if !names.is_empty()) {
            return Err(error(codes::ENOTEMPTY));
        }
        state.name(self.1, name, None);
        Ok(())
    }
    fn set_mode(&self, mode: u16) -> io::Result<()> {
        self.0.step()?.meta(self.1, Some(mode), None)
    }
    fn default_mode(&self) -> Option<u16> {
        None
    }
    fn set_mtime(&self, mtime: Time) -> io::Result<()> {
        self.0.step()?.meta(self.1, None, Some(mtime))
    }
    fn sync(&self) -> io::Result<()> {
        let mut state = self.0.step()?;
        if self.0.flaw != Flaw::NoNames {
            let folder = self.1;
            state.keep(|change| change.ino == folder);
        }
        state.keep_late();
        Ok(())
    }
    fn storage(&self) -> Storage {
        self.0.storage
    }
    fn sync_all(&self) -> io::Result<()> {
        let mut state = self.0.step()?;
        // What has no name yet is what the group syncs; what has lost its pages is told once.
        let files: HashSet<u64> = state
            .changes
            .iter()
            .filter(|change| !change.durable && !change.is_name())
            .map(|change| change.ino)
            .collect();
        let mut result = Ok(());
        for ino in files {
            let is_file = matches!(state.inode(ino)?.node, Node::File(_));
            if is_file {
                result = result.and(self.0.sync_contents(&mut state, ino));
            } else {
                state.keep(|change| change.ino == ino && !change.is_name());
            }
        }
        if self.0.flaw != Flaw::NoNames {
            state.keep(Change::is_name);
        }
        result
    }
    fn free_bytes(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

impl File for SimulatedFile {
    fn stat(&self) -> io::Result<Stat> {
        self.0.step()?.stat(self.1)
    }
    fn read_some_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let state = self.0.step()?;
        let Node::File(contents) = &state.inode(self.1)?.node else {
            return Err(error(codes::EISDIR));
        };
        let rest = contents.get(offset as usize..).unwrap_or_default();
        let len = rest.len().min(bytes.len());
        bytes[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
    fn write_some_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.step()?;
        let at = offset as usize;
        let size = state.stat(self.1)?.size as usize;
        if at + bytes.len() > size {
            state.change(self.1, What::Size(at + bytes.len()));
        }
        // To the end of a page, as the system's memory has them.
        let mut done = 0;
        while done < bytes.len() {
            let len = (PAGE - (at + done) % PAGE).min(bytes.len() - done);
            let piece = bytes[done..done + len].to_vec();
            let (at, bytes) = (at + done, piece);
            state.change(self.1, What::Page { at, bytes });
            done += len;
        }
        state.touch(self.1)?;
        Ok(done)
    }
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let end = self.stat()?.size;
        self.write_all_at(end, bytes)
    }
    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        Ok(Some(offset))
    }
    fn next_hole(&self, _offset: u64) -> io::Result<u64> {
        Ok(self.0.step()?.stat(self.1)?.size)
    }
    fn copy_from(&self, other: &Self, len: u64) -> io::Result<()> {
        let mut bytes = vec![0; len as usize];
        other.read_all_at(0, &mut bytes)?;
        self.write_all_at(0, &bytes)
    }
    fn wait_writable(&self) -> io::Result<()> {
        Ok(())
    }
    fn set_size(&self, size: u64) -> io::Result<()> {
        self.0.step()?.change(self.1, What::Size(size as usize));
        Ok(())
    }
    fn allocate(&self, size: u64) -> io::Result<()> {
        self.set_size(size)
    }
    fn set_mode(&self, mode: u16) -> io::Result<()> {
        self.0.step()?.meta(self.1, Some(mode), None)
    }
    fn set_mtime(&self, mtime: Time) -> io::Result<()> {
        self.0.step()?.meta(self.1, None, Some(mtime))
    }
    fn sync(&self) -> io::Result<()> {
        let mut state = self.0.step()?;
        self.0.sync_contents(&mut state, self.1)
    }
    fn start_sync(&self, _offset: u64, _len: u64) -> io::Result<()> {
        self.0.step().map(|_| ())
    }
    fn duplicate(&self) -> io::Result<Self> {
        Ok(Self(Arc::clone(&self.0), self.1))
    }
    fn close(self) -> io::Result<()> {
        self.0.step().map(|_| ())
    }
    fn will_read_in_order(&self) {}
    fn forget_cached(&self) {}
}
