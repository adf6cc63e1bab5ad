/**
 * Every limit of `docs/protocol.md`, with its reason. Decoders refuse what exceeds them before they allocate anything,
 * encoders never produce it.
 *
 * @module
 */

/** Bytes of a block: one BLAKE3 subtree, the unit of hashing, verification and resume. */
export const BLOCK_LEN = 1 << 20;

/** First number that a size, offset or block number may not have: above it a `number` is no longer exact. */
export const SIZE_LIMIT = 2 ** 53;

/** Most blocks of a file: what a size below {@linkcode SIZE_LIMIT} comes to. */
export const MAX_BLOCKS = SIZE_LIMIT / BLOCK_LEN;

/**
 * Most blocks of all files of a transfer, which is 1 PiB: tables of what has arrived grow to some GB at most, however a sender orders it.
 */
export const MAX_TRANSFER_BLOCKS = 2 ** 30;

/** Blocks of a group, of which the data plane keeps one value once all of them have arrived: the unit of its tables' memory. */
export const GROUP_BLOCKS = 32;

/**
 * Most groups of blocks that a sender may have begun and not ended, over all files. One that fills its lanes file by file has some for
 * each lane; each costs the receiver 1 KiB.
 */
export const MAX_OPEN_GROUPS = 65_536;

/** Most entries of a transfer, 4,194,304: some hundred MB of tables on each side, and still every tree that people send in one go. */
export const MAX_ENTRIES = 2 ** 22;

/**
 * Most components that the paths of a transfer name, each counted once in its folder: every entry, and as many folders again that are
 * no entries. Only the data plane can count them.
 */
export const MAX_COMPONENTS = 2 * MAX_ENTRIES;

/** Most bytes of these components together: 512 MiB. Only the data plane can count them. */
export const MAX_NAME_BYTES = 2 ** 29;

/** Bytes of a control message before its body: type and length. */
export const MESSAGE_HEADER_LEN = 6;

/** Longest body of a control message: one control window, and little to hold for each stranger. */
export const MAX_BODY = 65_536;

/** Bytes that a peer may send in all before it has proved the secret: two hellos with the largest of everything fit. */
export const MAX_BYTES_BEFORE_PROOF = 4096;

/** What both hellos begin with, so that another protocol on the same port is noticed at once. */
export const HELLO_MAGIC = "ULTR";

/** Most versions that a hello lists; there will be few alive at a time. */
export const MAX_VERSIONS = 16;

/** Most feature names in a hello. */
export const MAX_FEATURES = 32;

/** Longest feature name; with {@linkcode MAX_FEATURES} about 1 KiB of a hello. */
export const MAX_FEATURE_BYTES = 32;

/** Longest secret data of a hello: room for the messages of a PAKE. */
export const MAX_SECRET_DATA = 1024;

/** Longest `extra` of a message: room for later versions, skipped by this one. */
export const MAX_EXTRA = 1024;

/** Longest extension of an entry: the target of a link, and extended attributes up to the rest. A page has room for four of them. */
export const MAX_EXTENSION = 16_384;

/** Longest target of a symbolic link: PATH_MAX of Linux without its NUL. */
export const MAX_TARGET_BYTES = 4095;

/** Most blocks that one hole frame covers, which is 64 GiB: what a frame makes its receiver hash stays bounded. */
export const MAX_HOLE_BLOCKS = 65_536;

/** First number that a transfer on a link may not have. */
export const TRANSFER_LIMIT = 2 ** 32;

/** Most paths of a `request`: its body is bounded before. */
export const MAX_REQUEST_PATHS = 1000;

/** Longest host label, as DNS has it. */
export const MAX_HOST_BYTES = 255;

/** Longest name of a transfer: a file name of 255 characters of up to four bytes, rounded up. */
export const MAX_TRANSFER_NAME_BYTES = 1024;

/** Longest text of a failure: 200 characters are shown, of at most four bytes each. */
export const MAX_TEXT_BYTES = 800;

/** Most lanes of a transfer. */
export const MAX_LANES = 256;

/** Most bytes of a phase of `ultra test`: minutes at any speed there is, and little to keep tables of. */
export const MAX_TEST_BYTES = 2 ** 40;

/** Most connections that a sender may ask for; more than lanes would be idle. */
export const MAX_CONNECTIONS = 256;

/**
 * Most items of a `need`: 25 bytes each, so that the body stays below {@linkcode MAX_BODY}; likewise the four below.
 */
export const MAX_NEED_ITEMS = 2600;

/**
 * Most runs of blocks that needs may ask for on one connection; items that continue the one before are one run. What a receiver lacks
 * was left open by lanes that ended, some for each, so that this is far away; each run costs the sender 20 bytes.
 */
export const MAX_NEED_RUNS = 2 ** 18;

/** Most values of a `held`, 32 bytes each. */
export const MAX_HELD_VALUES = 2000;

/** Most runs of a `verified`, 24 bytes each. */
export const MAX_VERIFIED_ITEMS = 2700;

/** Most items of a `seal`, 44 bytes each. */
export const MAX_SEAL_ITEMS = 1400;

/** Most runs of a `committed`, 8 bytes each. */
export const MAX_COMMITTED_RUNS = 8000;

/** Most counts of a `left-out`: twice the reasons there are, so that later versions may have more. */
export const MAX_LEFT_OUT_COUNTS = 32;

/** Most names of a `left-out`, of at most {@linkcode MAX_TEXT_BYTES} each: more than are shown, and half of {@linkcode MAX_BODY}. */
export const MAX_LEFT_OUT_NAMES = 32;

/** Permission bits of an entry: never setuid, setgid or sticky. */
export const MAX_MODE = 0o777;

/** First number that the nanoseconds of a time may not have. */
export const NANOS_LIMIT = 1_000_000_000;

/** Longest path in UTF-8 bytes: PATH_MAX of Linux. */
export const MAX_PATH_BYTES = 4096;

/** Longest component of a path in UTF-8 bytes: NAME_MAX of every file system that `ultra` writes to. */
export const MAX_COMPONENT_BYTES = 255;

/**
 * Deepest path in components. Deeper trees exist only in attacks; a million-entry manifest must stay cheap to check.
 */
export const MAX_DEPTH = 1024;

/** Bytes of a hash, chaining value, proof or nonce. */
export const HASH_LEN = 32;

/** Bytes that name a secret without giving it away. */
export const SECRET_ID_LEN = 8;

/** Bytes of an entry's fingerprint. */
export const FINGERPRINT_LEN = 16;

/** Bytes that open a lane. */
export const PREFACE_LEN = 12;

/** Bytes of a frame before its payload: one cache line holds them whatever the alignment of the read. */
export const FRAME_HEADER_LEN = 24;

/** Longest ticket in characters: fits a QR code and a terminal's paste, with room for a dozen addresses. */
export const MAX_TICKET_CHARS = 512;

/** Most address hints of a ticket; a dialer races them 250 ms apart, so that more would come too late. */
export const MAX_HINTS = 16;

/** Bytes of the certificate's SHA-256 in a ticket: 128 bits against a second preimage. */
export const PIN_LEN = 16;

/** Bytes of a ticket's token: 128 bits. */
export const TOKEN_LEN = 16;
