//! Ids, and the closed lists of words. `src/protocol/words.ts` has the same ones; the generated tables are checked against it.

use ultra_files::Kept;

use super::declare::{Field, FieldReader, FieldWriter, Payload, Shape, WordList, words};

pub type ConnectionId = u32;
pub type ListenerId = u32;
/// Lanes to the peer are numbered by TypeScript, below 2^31; lanes from the peer by the engine, from 2^31 on.
pub type LaneId = u32;
pub type GrantId = u32;
pub type SourceId = u32;
pub type SinkId = u32;
/// A source or a sink.
pub type TransferId = u32;
pub type EntryId = u32;
pub type BlockIndex = u64;

pub type Text = String;
pub type Texts = Vec<String>;
pub type Bytes = Vec<u8>;
pub type Hash = [u8; 32];
pub type Statuses = Vec<TargetStatus>;
/// Bytes that are counted against a window until they are taken.
pub type Taken = Payload;

words! {
    /// Why a file operation failed.
    pub enum FileFault {
        NoSpace = 1,
        Permission = 2,
        ReadOnly = 3,
        Exists = 4,
        NotFound = 5,
        Changed = 6,
        NotAFile = 7,
        Io = 8,
        Integrity = 9,
        /// A name that cannot travel.
        Unsendable = 10,
        /// The peer broke the protocol.
        Protocol = 11,
        NoMemory = 12,
        /// More than a transfer holds.
        TooMuch = 13,
    }
}

words! {
    /// What a sink found where an entry should go.
    pub enum TargetStatus {
        Absent = 0,
        /// Same size and time.
        Identical = 1,
        Different = 2,
        /// Neither a file nor a folder, or a folder where a file goes.
        InTheWay = 3,
        /// The manifest has the same path twice.
        Duplicate = 4,
        /// The path leads through a file of the manifest.
        Conflict = 5,
        FolderExists = 6,
        Unexaminable = 7,
        /// A folder on the way is a link or no folder.
        UnsafeParent = 8,
        /// The new name fits only one top-level entry.
        CannotRename = 9,
        /// A hidden name in a folder that this transfer does not make.
        Hidden = 10,
        /// A symbolic link that leads out of the folder.
        OutsideLink = 11,
        /// A symbolic link, of which the user wants none.
        Unwanted = 12,
        /// A name that this system cannot have.
        BadName = 13,
        /// A name that the disk does not take.
        NameRefused = 14,
        /// A name that the disk takes for another one that is there, or that comes earlier in the manifest.
        SameName = 15,
        /// Another process is receiving this file.
        Busy = 16,
        /// Not older, where only older ones are replaced.
        NotOlder = 17,
    }
}

words! {
    /// What an earlier transfer left in a folder.
    pub enum LeftoverKind {
        /// A file that is not complete, with its journal.
        Part = 0,
        /// Small files of one run in one folder.
        SmallParts = 1,
        /// A journal whose part is gone.
        Journal = 2,
        /// The file that had a name before it was replaced.
        PreviousVersion = 3,
        /// The record of a transfer into the folder.
        Run = 4,
        /// A folder in which names were tried.
        Trials = 5,
    }
}

words! {
    /// Why a file begins anew although something was left of it.
    pub enum RestartReason {
        /// The sender's file is another one by now.
        SourceChanged = 0,
        BrokenJournal = 1,
        /// Another version of this program wrote the journal.
        OtherVersion = 2,
        /// The part is gone, or another one.
        OtherPart = 3,
        /// Something that is not this user's has its names.
        NotOurs = 4,
        /// The user wants it so.
        Chosen = 5,
    }
}

words! {
    /// What became of a leftover.
    pub enum LeftoverState {
        /// It may be removed.
        Idle = 0,
        /// A running process has it.
        InUse = 1,
        /// It stays: nothing has its name.
        OnlyCopy = 2,
        Removed = 3,
        /// It could not be removed.
        Failed = 4,
    }
}

words! {
    /// What becomes of what a sink has not committed.
    pub enum Leaving {
        /// What this run made is removed.
        Nothing = 0,
        /// What a later run can take up stays.
        Parts = 1,
    }
}

words! {
    /// Why a walk leaves something out, in the order in which names are listed.
    pub enum LeftOutReason {
        /// The user may not read it, or the system failed.
        Unreadable = 0,
        NotUtf8 = 1,
        Backslash = 2,
        ControlCharacter = 3,
        /// A name that other systems or this program keep for themselves.
        Reserved = 4,
        TooLong = 5,
        /// A FIFO, socket or device.
        Special = 6,
        Link = 7,
        /// It was gone when its turn came.
        Vanished = 8,
        /// The user wanted it so.
        Chosen = 9,
        /// A peer asked for it, and it is not there for a peer.
        NotFound = 10,
        /// A symbolic link whose target cannot be sent.
        LinkTarget = 11,
        /// A symbolic link that is to be followed and leads nowhere, or around in circles.
        LinkNowhere = 12,
        /// A file whose contents are made when it is read.
        Unsized = 13,
    }
}

/// What a walk left out: exact counts by reason, and the first names.
#[derive(Debug, Default)]
pub struct LeftOut {
    pub counts: Vec<(LeftOutReason, u32)>,
    pub names: Vec<(LeftOutReason, String)>,
}

/// A line for each: its reason's number, a tab, its count or its path; an empty line between counts and names.
impl Field for LeftOut {
    const SHAPE: Shape = Shape::LeftOut(&LeftOutReason::LIST);

    fn write(self, writer: &mut impl FieldWriter) {
        let counts = self
            .counts
            .into_iter()
            .map(|(reason, count)| format!("{}\t{count}", reason as u32));
        let names = self
            .names
            .into_iter()
            .map(|(reason, path)| format!("{}\t{path}", reason as u32));
        writer.texts(counts.chain([String::new()]).chain(names).collect());
    }

    fn read(reader: &mut impl FieldReader) -> Option<Self> {
        let lines = reader.texts()?;
        let mut parts = lines
            .splitn(2, String::is_empty)
            .map(|part| part.iter().map(|line| reason_and_rest(line)));
        let counts = parts
            .next()?
            .map(|line| line.and_then(|(reason, count)| Some((reason, count.parse().ok()?))));
        let counts = counts.collect::<Option<_>>()?;
        // Where nothing was left out there is nothing at all, also no line between.
        let names = parts
            .next()
            .into_iter()
            .flatten()
            .map(|line| line.map(|(reason, path)| (reason, path.to_owned())));
        Some(Self {
            counts,
            names: names.collect::<Option<_>>()?,
        })
    }
}

fn reason_and_rest(line: &str) -> Option<(LeftOutReason, &str)> {
    let (number, rest) = line.split_once('\t')?;
    Some((LeftOutReason::of(number.parse().ok()?)?, rest))
}

/// What a file system refused to keep of a file or folder, or to say of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unkept {
    pub mode: bool,
    pub time: bool,
    /// Names of one file are several files.
    pub links: bool,
    pub owner: bool,
    pub xattrs: bool,
    pub acl: bool,
}

impl Unkept {
    pub const LIST: WordList = WordList {
        name: "Unkept",
        doc: " What a file system refused to keep of a file or folder, or to say of it; the sum of what holds.\n",
        words: &[
            ("Mode", 1),
            ("Time", 2),
            ("Links", 4),
            ("Owner", 8),
            ("Xattrs", 16),
            ("Acl", 32),
        ],
    };
}

impl From<Kept> for Unkept {
    fn from(kept: Kept) -> Self {
        Self {
            mode: !kept.mode,
            time: !kept.time,
            links: !kept.links,
            owner: !kept.owner,
            xattrs: !kept.xattrs,
            acl: !kept.acl,
        }
    }
}

impl Field for Unkept {
    const SHAPE: Shape = Shape::Flags(&Self::LIST);

    fn write(self, writer: &mut impl FieldWriter) {
        let truths = [self.mode, self.time, self.links, self.owner, self.xattrs, self.acl];
        let bits = truths.iter().zip(0..).map(|(truth, bit)| u32::from(*truth) << bit);
        writer.number(bits.sum());
    }

    fn read(reader: &mut impl FieldReader) -> Option<Self> {
        let bits = reader.number()?;
        (bits < 64).then_some(Self {
            mode: bits & 1 != 0,
            time: bits & 2 != 0,
            links: bits & 4 != 0,
            owner: bits & 8 != 0,
            xattrs: bits & 16 != 0,
            acl: bits & 32 != 0,
        })
    }
}

words! {
    /// Who closed a connection.
    pub enum CloseCause {
        /// This side.
        Own = 0,
        /// The peer, with its code.
        Peer = 1,
        /// QUIC gave up, with its status.
        Transport = 2,
    }
}

words! {
    /// Where the bytes of a source come from.
    pub enum OriginKind {
        Files = 0,
        /// One file of zeros and noise that needs no disk.
        Memory = 1,
        /// Files of which the system first forgets what it holds in memory, so that the disk is measured.
        UncachedFiles = 2,
        /// What a peer asks for of the folders of another source.
        Requested = 3,
        /// What another source has, whose pages are known.
        Same = 4,
        /// The text that was last read from the user's clipboard, as one file.
        Clipboard = 5,
    }
}

words! {
    /// What a clipboard holds.
    pub enum ClipboardForm {
        Nothing = 0,
        Files = 1,
        Text = 2,
    }
}

words! {
    /// Why a clipboard could not be used.
    pub enum ClipboardFault {
        /// There is no desktop.
        NoDisplay = 0,
        /// A program is not installed.
        Missing = 1,
        /// It has files that are not on this computer.
        Elsewhere = 2,
        TooMuch = 3,
        /// What arrived is no text.
        NotText = 4,
        /// A program failed, or a file could not be read.
        Failed = 5,
    }
}

words! {
    /// What is done with symbolic links.
    pub enum LinkChoice {
        /// Those that stay inside are sent, or made.
        Inside = 0,
        All = 1,
        None = 2,
        /// What they lead to is sent in their place; a sender's alone.
        Follow = 3,
    }
}

words! {
    /// What becomes of files that are there and differ.
    pub enum Existing {
        /// They stay, and what arrives fails.
        Refuse = 0,
        /// They stay, and what arrives is not taken.
        Skip = 1,
        /// Older ones are replaced, others stay.
        Update = 2,
        Replace = 3,
        /// They stay, and what arrives gets another name.
        Rename = 4,
        /// They get another name.
        Backup = 5,
    }
}

words! {
    /// Who decides how fast a connection may send.
    pub enum CongestionControl {
        Cubic = 0,
        Bbr = 1,
    }
}

words! {
    /// How QUIC divides its work among threads.
    pub enum ExecutionProfile {
        /// Network and cryptography of a connection on one thread.
        LowLatency = 0,
        /// On two.
        MaxThroughput = 1,
    }
}

words! {
    /// What a call or a command is refused with; negated where it is the result of a function.
    pub enum Refusal {
        Closed = 1,
        UnknownId = 2,
        /// A panic was caught, of which a FAULT event says more; or QUIC refused for a reason without a number here.
        Internal = 5,
        TooMuch = 12,
        BadArguments = 22,
        NoFamily = 97,
        AddressInUse = 98,
        AddressUnusable = 99,
    }
}

/// All lists that the other language gets.
pub const LISTS: &[&WordList] = &[
    &FileFault::LIST,
    &TargetStatus::LIST,
    &LeftoverKind::LIST,
    &LeftoverState::LIST,
    &RestartReason::LIST,
    &Leaving::LIST,
    &LeftOutReason::LIST,
    &Unkept::LIST,
    &CloseCause::LIST,
    &OriginKind::LIST,
    &ClipboardForm::LIST,
    &ClipboardFault::LIST,
    &LinkChoice::LIST,
    &Existing::LIST,
    &CongestionControl::LIST,
    &ExecutionProfile::LIST,
    &Refusal::LIST,
];
