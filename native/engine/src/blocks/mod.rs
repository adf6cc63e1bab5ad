//! Blocks as such: which of a file are wanted and known, their place in the BLAKE3 tree of a file, their frames on a lane. Pure.

pub mod blazing1;
pub mod block_table;
pub mod block_tree;
pub mod codec;
pub mod dialects;
pub mod frame;
pub mod partial;
pub mod roots;
pub mod ultra2;
pub mod wanted;
pub mod zeros;
