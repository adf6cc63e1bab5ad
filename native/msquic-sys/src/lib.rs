#[cfg(test)]
#[path = "../build/edits.rs"]
mod edits;
