//! A disk in memory that loses power: what was not synced is there afterwards, or not, each change by itself and as the seed says.
//!
//! It promises no more than POSIX: fdatasync makes one file's contents and size durable, fsync of a folder its names, syncfs everything
//! before it. Of the rest a page, a size and a name survive each for itself; a size without its pages is zeros. On some seeds names
//! survive in their order, as a journal keeps them.

pub mod handles;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use ultra_files::os::{NodeKind, Process, Stat, Storage, System, Time};

use super::codes;

const PAGE: usize = 4096;
const ROOT: u64 = 1;
const ROOT_MODE: u16 = 0o755;
const NO_TIME: Time = Time { secs: 0, nanos: 0 };

thread_local! {
    /// The disk that `open` finds on this thread.
    static MOUNTED: RefCell<Option<Arc<Disk>>> = const { RefCell::new(None) };
}

/// Repeatable chance (splitmix64).
#[derive(Clone, Copy)]
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.bits() % 100 < percent
    }
}

/// How a disk, or the program before it, breaks the rules: each must be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    None,
    /// fdatasync does nothing, and syncfs leaves contents out.
    NoContents,
    /// Contents become durable only when names do: the order of a program that renames before it syncs.
    NamesFirst,
    /// fsync of a folder does nothing, and syncfs leaves names out.
    NoNames,
    /// Errors of syncs are not told.
    SilentErrors,
}

#[derive(Clone)]
enum Node {
    File(Vec<u8>),
    Folder(BTreeMap<String, u64>),
    Link(String),
}

#[derive(Clone)]
struct Inode {
    node: Node,
    mode: u16,
    mtime: Time,
}

#[derive(Clone)]
enum What {
    Page {
        at: usize,
        bytes: Vec<u8>,
    },
    Size(usize),
    Meta {
        mode: u16,
        mtime: Time,
    },
    Name {
        name: String,
        ino: Option<u64>,
    },
    Rename {
        from: String,
        to: String,
        ino: u64,
    },
    /// Two names, and what each stands for afterwards.
    Exchange {
        names: [(String, u64); 2],
    },
}

struct Change {
    ino: u64,
    what: What,
    durable: bool,
}

impl Change {
    fn is_name(&self) -> bool {
        matches!(
            self.what,
            What::Name { .. } | What::Rename { .. } | What::Exchange { .. }
        )
    }
}

struct State {
    /// As processes see it.
    now: HashMap<u64, Inode>,
    /// As it was when the disk was mounted.
    before: HashMap<u64, Inode>,
    /// Everything since, in its order.
    changes: Vec<Change>,
    /// Files whose contents become durable with the next names.
    late: HashSet<u64>,
    last_ino: u64,
    /// Operations until the power fails.
    steps_left: usize,
    steps: usize,
}

pub struct Disk {
    state: Mutex<State>,
    seed: u64,
    flaw: Flaw,
    storage: Storage,
    /// Percent of the files that cannot be made durable.
    failing: u64,
}

impl Disk {
    pub fn new(seed: u64, flaw: Flaw, storage: Storage, failing: u64) -> Self {
        let root = Inode {
            node: Node::Folder(BTreeMap::new()),
            mode: ROOT_MODE,
            mtime: NO_TIME,
        };
        Self::with(HashMap::from([(ROOT, root)]), seed, flaw, storage, failing)
    }

    fn with(inodes: HashMap<u64, Inode>, seed: u64, flaw: Flaw, storage: Storage, failing: u64) -> Self {
        let state = State {
            last_ino: inodes.keys().copied().max().unwrap_or(ROOT),
            now: inodes.clone(),
            before: inodes,
            changes: Vec::new(),
            late: HashSet::new(),
            steps_left: usize::MAX,
            steps: 0,
        };
        Self {
            state: Mutex::new(state),
            seed,
            flaw,
            storage,
            failing,
        }
    }

    /// What [`Folder::open`] finds on this thread from now on.
    pub fn mount(self: &Arc<Self>) {
        MOUNTED.set(Some(Arc::clone(self)));
    }

    pub fn cut_after(&self, steps: usize) {
        self.state.lock().steps_left = steps;
    }

    /// Operations that were asked for.
    pub fn steps(&self) -> usize {
        self.state.lock().steps
    }

    /// The disk as the next start of the machine finds it, without flaws and failures.
    pub fn after_power_cut(&self, random: &mut Random) -> Arc<Self> {
        let state = self.state.lock();
        let odds = [0, 20, 50, 80, 100][random.below(5)];
        let in_order = random.chance(50);
        // As far as a journal of names has come.
        let names_until = if in_order {
            let last = state
                .changes
                .iter()
                .rposition(|change| change.durable && change.is_name());
            let chance = random.below(state.changes.len() + 1);
            last.map_or(chance, |last| chance.max(last + 1))
        } else {
            0
        };
        let mut inodes = state.before.clone();
        for (number, inode) in &state.now {
            // A number has its kind before it has a name, and nothing else.
            inodes.entry(*number).or_insert_with(|| Inode {
                node: match &inode.node {
                    Node::File(_) => Node::File(Vec::new()),
                    Node::Folder(_) => Node::Folder(BTreeMap::new()),
                    Node::Link(target) => Node::Link(target.clone()),
                },
                mode: 0o600,
                mtime: NO_TIME,
            });
        }
        for (at, change) in state.changes.iter().enumerate() {
            let by_chance = random.chance(odds);
            let survives = if in_order && change.is_name() {
                at < names_until
            } else {
                by_chance
            };
            if (change.durable || survives)
                && let Some(inode) = inodes.get_mut(&change.ino)
            {
                apply(inode, &change.what);
            }
        }
        Arc::new(Self::with(inodes, self.seed, Flaw::None, self.storage, 0))
    }

    /// Writes a file that was there before anything else, folders on the way included.
    pub fn put(&self, path: &str, contents: &[u8]) {
        let mut state = self.state.lock();
        let mut folder = ROOT;
        let mut components = path.split('/').peekable();
        while let Some(name) = components.next() {
            let found = state.child(folder, name);
            let node = match components.peek() {
                Some(_) => Node::Folder(BTreeMap::new()),
                None => Node::File(contents.to_vec()),
            };
            let ino = found.unwrap_or_else(|| {
                state.last_ino += 1;
                state.last_ino
            });
            let mtime = NO_TIME;
            state.now.entry(ino).or_insert(Inode {
                node,
                mode: ROOT_MODE,
                mtime,
            });
            if let Some(Inode {
                node: Node::Folder(names),
                ..
            }) = state.now.get_mut(&folder)
            {
                names.insert(name.to_owned(), ino);
            }
            folder = ino;
        }
        state.before = state.now.clone();
    }

    /// The contents of a file; `None`: there is none.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.state.lock();
        let mut at = ROOT;
        for name in path.split('/') {
            at = state.child(at, name)?;
        }
        match &state.now.get(&at)?.node {
            Node::File(contents) => Some(contents.clone()),
            _ => None,
        }
    }

    /// One operation; after the power failed there is none.
    fn step(&self) -> io::Result<parking_lot::MutexGuard<'_, State>> {
        let mut state = self.state.lock();
        state.steps += 1;
        if state.steps_left == 0 {
            return Err(error(codes::EIO));
        }
        state.steps_left -= 1;
        Ok(state)
    }

    /// Whether the disk cannot keep a file: the same whoever asks, and whenever.
    fn loses(&self, ino: u64) -> bool {
        Random(self.seed ^ ino.wrapping_mul(0x1234_5678_9abc_def1)).chance(self.failing)
    }

    fn sync_contents(&self, state: &mut State, ino: u64) -> io::Result<()> {
        if self.loses(ino) {
            // The system forgets what it could not write, and a later sync knows nothing of it.
            state
                .changes
                .retain(|change| change.ino != ino || change.durable || !matches!(change.what, What::Page { .. }));
            return match self.flaw {
                Flaw::SilentErrors => Ok(()),
                _ => Err(error(codes::EIO)),
            };
        }
        match self.flaw {
            Flaw::NoContents => {}
            Flaw::NamesFirst => {
                state.late.insert(ino);
            }
            _ => state.keep(|change| change.ino == ino && !change.is_name()),
        }
        Ok(())
    }
}

impl State {
    fn child(&self, folder: u64, name: &str) -> Option<u64> {
        match &self.now.get(&folder)?.node {
            Node::Folder(names) => names.get(name).copied(),
            _ => None,
        }
    }

    fn inode(&self, ino: u64) -> io::Result<&Inode> {
        self.now.get(&ino).ok_or_else(|| error(codes::ENOENT))
    }

    fn find(&self, folder: u64, name: &str) -> io::Result<u64> {
        self.child(folder, name).ok_or_else(|| error(codes::ENOENT))
    }

    fn free(&self, folder: u64, name: &str) -> io::Result<()> {
        match self.child(folder, name) {
            Some(_) => Err(error(codes::EEXIST)),
            None => Ok(()),
        }
    }

    fn change(&mut self, ino: u64, what: What) {
        if let Some(inode) = self.now.get_mut(&ino) {
            apply(inode, &what);
        }
        let durable = false;
        self.changes.push(Change { ino, what, durable });
    }

    fn keep(&mut self, which: impl Fn(&Change) -> bool) {
        self.changes
            .iter_mut()
            .filter(|change| which(change))
            .for_each(|change| change.durable = true);
    }

    /// Names become durable, and with them what was left for later.
    fn keep_late(&mut self) {
        let late = std::mem::take(&mut self.late);
        self.keep(|change| late.contains(&change.ino) && !change.is_name());
    }

    fn make(&mut self, folder: u64, name: &str, node: Node, mode: u16) -> io::Result<u64> {
        self.free(folder, name)?;
        self.last_ino += 1;
        let ino = self.last_ino;
        let mtime = NO_TIME;
        self.now.insert(ino, Inode { node, mode, mtime });
        self.change(ino, What::Meta { mode, mtime });
        self.name(folder, name, Some(ino));
        Ok(ino)
    }

    fn name(&mut self, folder: u64, name: &str, ino: Option<u64>) {
        let name = name.to_owned();
        self.change(folder, What::Name { name, ino });
    }

    fn rename(&mut self, folder: u64, from: &str, to: &str) -> io::Result<()> {
        let ino = self.find(folder, from)?;
        let (from, to) = (from.to_owned(), to.to_owned());
        self.change(folder, What::Rename { from, to, ino });
        Ok(())
    }

    fn exchange(&mut self, folder: u64, one: &str, other: &str) -> io::Result<()> {
        let (first, second) = (self.find(folder, one)?, self.find(folder, other)?);
        let names = [(one.to_owned(), second), (other.to_owned(), first)];
        self.change(folder, What::Exchange { names });
        Ok(())
    }

    fn meta(&mut self, ino: u64, mode: Option<u16>, mtime: Option<Time>) -> io::Result<()> {
        let inode = self.inode(ino)?;
        let mode = mode.unwrap_or(inode.mode);
        let mtime = mtime.unwrap_or(inode.mtime);
        self.change(ino, What::Meta { mode, mtime });
        Ok(())
    }

    /// A write gives a file a time of its own, which is as durable as any other change.
    fn touch(&mut self, ino: u64) -> io::Result<()> {
        let mtime = Time {
            secs: self.steps as i64,
            nanos: 0,
        };
        self.meta(ino, None, Some(mtime))
    }

    fn stat(&self, ino: u64) -> io::Result<Stat> {
        let inode = self.inode(ino)?;
        let (kind, size) = match &inode.node {
            Node::File(contents) => (NodeKind::File, contents.len() as u64),
            Node::Folder(_) => (NodeKind::Folder, 0),
            Node::Link(_) => (NodeKind::Link, 0),
        };
        Ok(Stat {
            kind,
            dev: 1,
            ino,
            size,
            mode: inode.mode,
            // What is left is taken up only by the user whose it is.
            uid: System::user(),
            gid: 0,
            links: 1,
            blocks: size.div_ceil(512),
            mtime: inode.mtime,
            ctime: inode.mtime,
        })
    }
}

fn apply(inode: &mut Inode, what: &What) {
    match (&mut inode.node, what) {
        (Node::File(contents), What::Page { at, bytes }) => {
            // A page behind the end stays unseen.
            let end = contents.len().min(at + bytes.len());
            if let Some(place) = contents.get_mut(*at..end) {
                place.copy_from_slice(&bytes[..end - at]);
            }
        }
        (Node::File(contents), What::Size(size)) => contents.resize(*size, 0),
        (Node::Folder(names), What::Name { name, ino }) => {
            match ino {
                Some(ino) => names.insert(name.clone(), *ino),
                None => names.remove(name),
            };
        }
        (Node::Folder(names), What::Rename { from, to, ino }) => {
            if names.get(from) == Some(ino) {
                names.remove(from);
            }
            names.insert(to.clone(), *ino);
        }
        (Node::Folder(names), What::Exchange { names: both }) => {
            for (name, ino) in both {
                names.insert(name.clone(), *ino);
            }
        }
        (_, What::Meta { mode, mtime }) => {
            inode.mode = *mode;
            inode.mtime = *mtime;
        }
        _ => {}
    }
}

fn error(errno: i32) -> io::Error {
    io::Error::from_raw_os_error(errno)
}
