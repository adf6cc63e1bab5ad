//! What stands behind the launcher's own code in the executable: packed files, a manifest, and a trailer of fixed size.
//!
//! ```text
//! launcher | packed files ... | manifest (text) | BLAKE3 of the manifest (32) | its length (u32, little-endian) | MAGIC (8)
//! ```
//!
//! On macOS all but the launcher is the content of a section, and offsets count from its start (see [`crate::container`]).
//!
//! A start that finds its files unpacked reads the trailer and the manifest, about 2 KiB, and nothing else of the payload.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use blake3::Hash;
use ruzstd::decoding::StreamingDecoder;

use crate::container::payload_range;
use crate::os;

pub const MAGIC: &[u8; 8] = b"ULTRAPK1";
const TRAILER: u64 = 32 + 4 + 8;
const MAX_MANIFEST: u32 = 64 * 1024;
const FORMAT: &str = "ultra payload 1";

/// How much is unpacked at once.
const BUFFER: usize = 256 * 1024;

/// More threads would wait for the disk.
const MOST_THREADS: usize = 4;

/// One file of the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    /// The mode of the unpacked file. `None`: it is never unpacked to disk.
    pub mode: Option<u32>,
    /// In the order of the file; each is packed by itself, so that several threads can unpack.
    pub pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub size: u64,
    pub hash: Hash,
    /// Where its packed bytes begin in the executable, and how many there are.
    pub offset: u64,
    pub packed: u64,
}

impl Part {
    /// `None`: more than a number can hold.
    pub fn size(&self) -> Option<u64> {
        self.pieces
            .iter()
            .try_fold(0u64, |sum, piece| sum.checked_add(piece.size))
    }
}

/// The Deno flags that one command needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    pub command: String,
    pub flags: Vec<String>,
}

/// The names of the unpacked files that a start needs.
pub const DENO: &str = if cfg!(windows) { "deno.exe" } else { "deno" };
pub const BUNDLE: &str = "ultra.js";
/// The licences of everything inside, which the launcher prints itself.
pub const LICENSES: &str = "licenses";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    pub parts: Vec<Part>,
    pub permissions: Vec<Permissions>,
    /// Variables that are handed to the control plane openly.
    pub variables: Vec<String>,
    /// Variables that are secret: they leave the environment and travel through a pipe.
    pub secrets: Vec<String>,
}

impl Manifest {
    /// Names the folder of the unpacked files: a hash over their names, modes and contents. How they are packed does not matter.
    pub fn key(&self) -> String {
        let mut text = String::from(FORMAT);
        for part in self.files() {
            let _ = write!(text, "\n{} {:o}", part.name, part.mode.unwrap_or(0));
            for piece in &part.pieces {
                let _ = write!(text, " {} {}", piece.size, piece.hash.to_hex());
            }
        }
        blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
    }

    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// The files that are unpacked to disk.
    pub fn files(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.mode.is_some())
    }

    /// The engine: the one file besides Deno and the bundle. Its name differs by system.
    pub fn engine(&self) -> Option<&Part> {
        self.files().find(|part| part.name != DENO && part.name != BUNDLE)
    }

    pub fn from_text(text: &str) -> Option<Manifest> {
        let mut lines = text.lines();
        if lines.next() != Some(FORMAT) {
            return None;
        }
        let mut manifest = Manifest::default();
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["part", name, mode] => manifest.parts.push(Part {
                    name: plain_name(name)?,
                    mode: match *mode {
                        "-" => None,
                        octal => Some(u32::from_str_radix(octal, 8).ok()?),
                    },
                    pieces: Vec::new(),
                }),
                ["piece", size, hash, offset, packed] => {
                    manifest.parts.last_mut()?.pieces.push(Piece {
                        size: size.parse().ok()?,
                        hash: Hash::from_hex(hash).ok()?,
                        offset: offset.parse().ok()?,
                        packed: packed.parse().ok()?,
                    });
                }
                ["allow", command, flags @ ..] => manifest.permissions.push(Permissions {
                    command: (*command).to_owned(),
                    flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
                }),
                ["variable", name] => manifest.variables.push((*name).to_owned()),
                ["secret", name] => manifest.secrets.push((*name).to_owned()),
                _ => return None,
            }
        }
        Some(manifest)
    }
}

fn plain_name(name: &str) -> Option<String> {
    let plain = !name.starts_with('.')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    plain.then(|| name.to_owned())
}

/// The payload of an executable that is open for reading.
pub struct Payload {
    file: File,
    /// Where offsets count from.
    start: u64,
    pub manifest: Manifest,
}

impl Payload {
    /// Reads trailer and manifest. `InvalidData`: the executable carries no payload, or was cut or changed.
    pub fn open(file: File) -> io::Result<Payload> {
        let range = payload_range(&file)?.ok_or_else(broken)?;
        let start = range.start;
        let trailer_at = range
            .end
            .checked_sub(TRAILER)
            .filter(|at| *at >= start)
            .ok_or_else(broken)?;
        let mut trailer = [0; TRAILER as usize];
        os::read_exact_at(&file, &mut trailer, trailer_at)?;
        let (hash, rest) = trailer.split_at(32);
        let (length, magic) = rest.split_at(4);
        let length = u32::from_le_bytes(length.try_into().map_err(|_| broken())?);
        if magic != MAGIC || length > MAX_MANIFEST {
            return Err(broken());
        }
        let manifest_at = trailer_at
            .checked_sub(u64::from(length))
            .filter(|at| *at >= start)
            .ok_or_else(broken)?;
        let mut text = vec![0; length as usize];
        os::read_exact_at(&file, &mut text, manifest_at)?;
        if blake3::hash(&text).as_bytes() != hash {
            return Err(broken());
        }
        let text = String::from_utf8(text).map_err(|_| broken())?;
        let manifest = Manifest::from_text(&text).ok_or_else(broken)?;
        let is_inside = |piece: &Piece| {
            let end = piece.offset.checked_add(piece.packed);
            end.is_some_and(|end| end <= manifest_at - start)
        };
        let is_right = |part: &Part| part.size().is_some() && part.pieces.iter().all(is_inside);
        if !manifest.parts.iter().all(is_right) {
            return Err(broken());
        }
        Ok(Payload { file, start, manifest })
    }

    /// Unpacks parts into files and checks them, on several threads. `InvalidData`: something is not what was packed.
    pub fn unpack(&self, targets: &[(&Part, File)]) -> io::Result<()> {
        let mut jobs = Vec::new();
        for (part, file) in targets {
            let mut at = 0;
            for piece in &part.pieces {
                jobs.push((piece, file, at));
                at += piece.size;
            }
        }
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let next = AtomicUsize::new(0);
        let work = || -> io::Result<()> {
            while let Some((piece, file, at)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let mut at = *at;
                self.unpack_piece(piece, |bytes| {
                    os::write_all_at(file, bytes, at)?;
                    at += bytes.len() as u64;
                    Ok(())
                })?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..cores.min(MOST_THREADS)).map(|_| scope.spawn(work)).collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(broken())))
        })
    }

    /// Unpacks one part in order.
    pub fn write(&self, part: &Part, out: &mut impl Write) -> io::Result<()> {
        let mut pieces = part.pieces.iter();
        pieces.try_for_each(|piece| self.unpack_piece(piece, |bytes| out.write_all(bytes)))
    }

    fn unpack_piece(&self, piece: &Piece, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let packed = Window {
            file: &self.file,
            at: self.start + piece.offset,
            left: piece.packed,
        };
        let packed = io::BufReader::with_capacity(BUFFER, packed);
        let mut decoder = StreamingDecoder::new(packed).map_err(|_| broken())?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; BUFFER];
        let mut size = 0;
        loop {
            let read = decoder.read(&mut buffer).map_err(as_broken)?;
            if read == 0 {
                break;
            }
            size += read as u64;
            if size > piece.size {
                return Err(broken());
            }
            hasher.update(&buffer[..read]);
            take(&buffer[..read])?;
        }
        if size != piece.size || hasher.finalize() != piece.hash {
            return Err(broken());
        }
        Ok(())
    }
}

/// A range of a file, read without moving the file's own position, which threads share.
struct Window<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = os::read_at(self.file, &mut buffer[..most], self.at)?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

fn broken() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the executable is incomplete or was changed",
    )
}

/// What the decoder says of damaged bytes has no number of the system; errors of the file itself keep theirs.
fn as_broken(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(_) => error,
        None => broken(),
    }
}
