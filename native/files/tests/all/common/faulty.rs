//! A disk that fails: the real system with faults in front of it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::path::Path;

use ultra_files::os::{
    Acl, Attributes, File, Folder, NativeFile, NativeFolder, NodeKind, Stat, Storage, Time, XattrNames,
};
use ultra_files::{Existing, PageEntry, Sink, SinkOptions};

use super::{Place, codes, page};

thread_local! {
    pub static PLAN: RefCell<Plan> = RefCell::default();
}

/// What goes wrong on this thread, and what was called.
#[derive(Default)]
pub struct Plan {
    /// Errors by operation: the next calls of it end with these, the last first. 0 is success.
    pub errors: HashMap<&'static str, Vec<i32>>,
    /// Most bytes that one write takes.
    pub write_len: Option<usize>,
    /// How folders say that they are made durable, in the place of their own file system.
    pub storage: Option<Storage>,
    /// Which names the system can hold, in the place of its own rule.
    pub can_hold: Option<fn(&str) -> bool>,
    /// Upper and lower case are one, and a name cannot hold a colon, as on exFAT.
    pub is_exfat: bool,
    /// An e with its accent is one name whether it is one letter or two, as on APFS. (No other letter is composed.)
    pub composes: bool,
    /// Names behind which something else stands than what is on the disk: a junction, a symbolic link, a socket.
    pub stand_ins: HashMap<&'static str, NodeKind>,
    /// Is told of every operation before it happens.
    pub watch: Option<Box<dyn FnMut(&'static str)>>,
    log: Vec<&'static str>,
}

/// The next `times` calls of an operation fail.
pub fn fail(operation: &'static str, errno: i32, times: usize) {
    PLAN.with_borrow_mut(|plan| plan.errors.insert(operation, vec![errno; times]));
}

pub fn log() -> Vec<&'static str> {
    PLAN.with_borrow_mut(|plan| std::mem::take(&mut plan.log))
}

fn step(operation: &'static str) -> io::Result<()> {
    let watch = PLAN.with_borrow_mut(|plan| plan.watch.take());
    if let Some(mut watch) = watch {
        watch(operation);
        PLAN.with_borrow_mut(|plan| plan.watch = Some(watch));
    }
    PLAN.with_borrow_mut(|plan| {
        plan.log.push(operation);
        let errors = plan.errors.get_mut(operation);
        match errors.and_then(Vec::pop) {
            None | Some(0) => Ok(()),
            Some(errno) => Err(io::Error::from_raw_os_error(errno)),
        }
    })
}

pub struct FaultyFolder(NativeFolder);

impl FaultyFolder {
    /// The name that the disk has for one that it was given.
    fn found(&self, name: &str) -> String {
        let (folds, composes) = PLAN.with_borrow(|plan| (plan.is_exfat, plan.composes));
        if !folds && !composes {
            return name.to_owned();
        }
        let same = |name: &str| {
            let cased = if folds { name.to_lowercase() } else { name.to_owned() };
            if composes {
                cased.replace("e\u{301}", "\u{e9}")
            } else {
                cased
            }
        };
        let mut found = name.to_owned();
        let mut each = |there: &[u8]| {
            let there = String::from_utf8_lossy(there);
            if same(&there) == same(name) {
                found = there.into_owned();
            }
        };
        self.0.list(&mut each).expect("a readable folder");
        found
    }

    /// The same for a name that is to be made.
    fn new_name(&self, name: &str) -> io::Result<String> {
        match PLAN.with_borrow(|plan| plan.is_exfat) && name.contains(':') {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(self.found(name)),
        }
    }

    /// What stands behind a name in the place of what is on the disk.
    fn stand_in(name: &str) -> Option<NodeKind> {
        PLAN.with_borrow(|plan| plan.stand_ins.get(name).copied())
    }

    /// The name of a child that is opened, as the system does it that never follows a link.
    fn opened(&self, name: &str) -> io::Result<String> {
        match Self::stand_in(name) {
            Some(NodeKind::Link | NodeKind::Special) => Err(io::Error::from_raw_os_error(codes::ELOOP)),
            _ => Ok(self.found(name)),
        }
    }
}

pub struct FaultyFile(NativeFile);

macro_rules! attributes {
    ($node:ty) => {
        impl Attributes for $node {
            fn set_owner(&self, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
                step("set_owner")?;
                self.0.set_owner(uid, gid)
            }
            fn xattr_names(&self) -> io::Result<XattrNames> {
                self.0.xattr_names()
            }
            fn xattr(&self, name: &str) -> io::Result<Vec<u8>> {
                self.0.xattr(name)
            }
            fn set_xattr(&self, name: &str, value: &[u8]) -> io::Result<()> {
                step("set_xattr")?;
                self.0.set_xattr(name, value)
            }
            fn acl(&self, acl: Acl) -> io::Result<Option<Vec<u8>>> {
                self.0.acl(acl)
            }
            fn set_acl(&self, acl: Acl, value: &[u8]) -> io::Result<()> {
                step("set_acl")?;
                self.0.set_acl(acl, value)
            }
        }
    };
}

attributes!(FaultyFolder);
attributes!(FaultyFile);

impl Folder for FaultyFolder {
    type File = FaultyFile;

    fn open(path: &Path) -> io::Result<Self> {
        NativeFolder::open(path).map(Self)
    }
    fn open_folder(&self, name: &str) -> io::Result<Self> {
        step("open_folder")?;
        self.0.open_folder(&self.opened(name)?).map(Self)
    }
    fn open_file(&self, name: &str) -> io::Result<FaultyFile> {
        self.0.open_file(&self.opened(name)?).map(FaultyFile)
    }
    const RIGHT_TO_SYNC: u16 = NativeFolder::RIGHT_TO_SYNC;

    fn open_to_sync(&self, name: &str) -> io::Result<FaultyFile> {
        self.0.open_to_sync(&self.opened(name)?).map(FaultyFile)
    }
    fn open_to_write(&self, name: &str) -> io::Result<FaultyFile> {
        self.0.open_to_write(&self.found(name)).map(FaultyFile)
    }
    fn open_to_append(&self, name: &str) -> io::Result<FaultyFile> {
        self.0.open_to_append(&self.found(name)).map(FaultyFile)
    }
    fn create_to_append(&self, name: &str) -> io::Result<FaultyFile> {
        step("create_to_append")?;
        self.0.create_to_append(&self.new_name(name)?).map(FaultyFile)
    }
    fn create_file(&self, name: &str) -> io::Result<FaultyFile> {
        step("create_file")?;
        self.0.create_file(&self.new_name(name)?).map(FaultyFile)
    }
    fn create_folder(&self, name: &str) -> io::Result<()> {
        step("create_folder")?;
        self.0.create_folder(&self.new_name(name)?)
    }
    fn can_hold(name: &str) -> bool {
        PLAN.with_borrow(|plan| plan.can_hold).unwrap_or(NativeFolder::can_hold)(name)
    }
    fn takes_every_name(&self) -> bool {
        PLAN.with_borrow(|plan| !plan.is_exfat && !plan.composes)
    }
    fn stat(&self, name: &str) -> io::Result<Stat> {
        step("stat")?;
        let stat = self.0.stat(&self.found(name))?;
        Ok(Stat {
            kind: Self::stand_in(name).unwrap_or(stat.kind),
            ..stat
        })
    }
    fn stat_self(&self) -> io::Result<Stat> {
        self.0.stat_self()
    }
    fn list(&self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.0.list(each)
    }
    fn may_read(&self, name: &str) -> io::Result<()> {
        self.0.may_read(name)
    }
    fn may_create(&self) -> io::Result<()> {
        step("may_create")?;
        self.0.may_create()
    }
    fn move_new(&self, from: &str, to: &str) -> io::Result<()> {
        step("move_new")?;
        self.0.move_new(&self.found(from), &self.new_name(to)?)
    }
    fn exchange(&self, one: &str, other: &str) -> io::Result<()> {
        step("exchange")?;
        self.0.exchange(&self.found(one), &self.found(other))
    }
    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        step("link")?;
        self.0.link(from, to)
    }
    fn link_into(&self, from: &str, folder: &Self, to: &str) -> io::Result<()> {
        step("link_into")?;
        self.0.link_into(from, &folder.0, to)
    }
    fn read_link(&self, name: &str) -> io::Result<Vec<u8>> {
        self.0.read_link(name)
    }
    fn make_link(&self, name: &str, target: &str) -> io::Result<()> {
        step("make_link")?;
        self.0.make_link(&self.new_name(name)?, target)
    }
    fn set_child_mtime(&self, name: &str, mtime: Time) -> io::Result<()> {
        step("set_link_mtime")?;
        self.0.set_child_mtime(name, mtime)
    }
    fn set_child_owner(&self, name: &str, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
        step("set_owner")?;
        self.0.set_child_owner(name, uid, gid)
    }
    fn move_over(&self, from: &str, to: &str) -> io::Result<()> {
        step("move_over")?;
        self.0.move_over(&self.found(from), &self.new_name(to)?)
    }
    fn remove_file(&self, name: &str) -> io::Result<()> {
        step("remove_file")?;
        self.0.remove_file(name)
    }
    fn remove_folder(&self, name: &str) -> io::Result<()> {
        step("remove_folder")?;
        self.0.remove_folder(name)
    }
    fn set_mode(&self, mode: u16) -> io::Result<()> {
        step("set_folder_mode")?;
        self.0.set_mode(mode)
    }
    fn birth(&self) -> Option<Time> {
        self.0.birth()
    }
    fn default_mode(&self) -> Option<u16> {
        self.0.default_mode()
    }
    fn set_mtime(&self, mtime: Time) -> io::Result<()> {
        step("set_folder_mtime")?;
        self.0.set_mtime(mtime)
    }
    fn sync(&self) -> io::Result<()> {
        step("sync")?;
        self.0.sync()
    }
    fn storage(&self) -> Storage {
        PLAN.with_borrow(|plan| plan.storage)
            .unwrap_or_else(|| self.0.storage())
    }
    fn sync_all(&self) -> io::Result<()> {
        step("sync_all")?;
        self.0.sync_all()
    }
    fn free_bytes(&self) -> io::Result<u64> {
        self.0.free_bytes()
    }
}

impl File for FaultyFile {
    fn stat(&self) -> io::Result<Stat> {
        self.0.stat()
    }
    fn read_some_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        step("read")?;
        self.0.read_some_at(offset, bytes)
    }
    fn write_some_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        step("write")?;
        let most = PLAN.with_borrow(|plan| plan.write_len).unwrap_or(bytes.len());
        self.0.write_some_at(offset, &bytes[..most.min(bytes.len())])
    }
    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        self.0.next_data(offset)
    }
    fn next_hole(&self, offset: u64) -> io::Result<u64> {
        self.0.next_hole(offset)
    }
    fn copy_from(&self, other: &Self, len: u64) -> io::Result<()> {
        step("copy")?;
        self.0.copy_from(&other.0, len)
    }
    fn wait_writable(&self) -> io::Result<()> {
        step("wait")
    }
    fn set_size(&self, size: u64) -> io::Result<()> {
        step("set_size")?;
        self.0.set_size(size)
    }
    fn allocate(&self, size: u64) -> io::Result<()> {
        step("allocate")?;
        self.0.allocate(size)
    }
    fn try_lock(&self) -> io::Result<bool> {
        self.0.try_lock()
    }
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        // What a disk that becomes full takes of it stays.
        step("append").inspect_err(|_| drop(self.0.append(&bytes[..bytes.len() / 2])))?;
        self.0.append(bytes)
    }
    fn set_mode(&self, mode: u16) -> io::Result<()> {
        step("set_mode")?;
        self.0.set_mode(mode)
    }
    fn set_mtime(&self, mtime: Time) -> io::Result<()> {
        step("set_mtime")?;
        self.0.set_mtime(mtime)
    }
    fn sync(&self) -> io::Result<()> {
        step("sync_file")?;
        self.0.sync()
    }
    fn start_sync(&self, offset: u64, len: u64) -> io::Result<()> {
        step("start_sync")?;
        self.0.start_sync(offset, len)
    }
    fn duplicate(&self) -> io::Result<Self> {
        step("duplicate")?;
        self.0.duplicate().map(Self)
    }
    fn close(self) -> io::Result<()> {
        step("close")?;
        self.0.close()
    }
    fn will_read_in_order(&self) {}
    fn forget_cached(&self) {}
}

/// A sink on the failing system that knows these entries.
pub fn sink(place: &Place, entries: &[PageEntry<'_>], overwrite: bool) -> Sink<FaultyFolder> {
    let options = SinkOptions {
        existing: if overwrite { Existing::Replace } else { Existing::Keep },
        ..SinkOptions::default()
    };
    let sink = Sink::open_on(&place.dir(), options).expect("a sink");
    let (count, bytes) = page(entries);
    sink.add_page(0, count, &bytes).expect("a plain page");
    sink
}
