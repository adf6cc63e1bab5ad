//! Names as the two languages and the page write them.

/// Adds a line to a text; writing to a `String` cannot fail.
macro_rules! line {
    ($text:expr, $($format:tt)*) => {{
        let _ = writeln!($text, $($format)*);
    }};
}

pub(crate) use line;

/// `FileFault` as `FILE_FAULT`.
pub fn shouted(name: &str) -> String {
    split(name, '_').to_uppercase()
}

/// `FileFault` as `file-fault`.
pub fn dashed(name: &str) -> String {
    split(name, '-')
}

pub fn split(name: &str, by: char) -> String {
    let mut all = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !all.is_empty() {
            all.push(by);
        }
        all.extend(letter.to_lowercase());
    }
    all
}

/// `free_space` as `freeSpace`.
pub fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let mut letters = part.chars();
        let head = letters.next().map(|letter| letter.to_uppercase().to_string());
        name + &head.unwrap_or_default() + letters.as_str()
    })
}
