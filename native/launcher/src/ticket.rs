//! Finds tickets among the arguments, whole, wrapped in other text, or split by white space.

/// `ultra`, the version, and this many letters and digits may be a ticket, or a piece of one. What is hidden without need costs nothing.
const LEAST: usize = 10;

/// So many bytes may stand between two characters of a ticket: any kind of space, also a long one in UTF-8, or a separator.
const LONGEST_GAP: usize = 6;

/// So many characters of base32 in a row are a ticket that has lost its prefix.
const LEAST_BARE: usize = 40;

/// Whether an argument holds something like a ticket, with whatever stands around it and in it.
pub fn is_ticket_like(argument: &str) -> bool {
    let bytes = argument.as_bytes();
    let is_prefixed = |(at, head): (usize, &[u8])| {
        head[..5].eq_ignore_ascii_case(b"ultra")
            && matches!(head[5], b'1'..=b'9')
            && characters_of(&bytes[at + 6..]) >= LEAST
    };
    let is_base32 = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'2'..=b'7');
    let mut runs = bytes.split(|byte| !is_base32(byte));
    bytes.windows(6).enumerate().any(is_prefixed) || runs.any(|run| run.len() >= LEAST_BARE)
}

/// Letters and digits from the start on, up to a gap that is too long for a ticket.
fn characters_of(bytes: &[u8]) -> usize {
    let (mut count, mut gap) = (0, 0);
    for byte in bytes {
        if byte.is_ascii_alphanumeric() {
            (count, gap) = (count + 1, 0);
        } else {
            gap += 1;
        }
        if gap > LONGEST_GAP {
            break;
        }
    }
    count
}

/// Whether an argument may be the next piece of a ticket that white space has split.
pub fn is_rest_of_ticket(argument: &str) -> bool {
    argument.len() >= LEAST && argument.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: &str = "ultra1abcdefghijklmnopqrstuvwxyz234567";

    #[test]
    fn t11_a_ticket_is_found_whatever_stands_around_it() {
        for argument in [
            format!("ultra1{}", TICKET[6..].split("").collect::<Vec<_>>().join("-")),
            TICKET[..24].to_owned(),
            format!("{}{}", &TICKET[6..], &TICKET[6..]),
        ] {
            assert!(is_ticket_like(&argument), "{argument}");
        }
    }

    #[test]
    fn t11_ordinary_arguments_are_no_tickets() {
        for argument in [
            "",
            "send",
            "ultra1",
            "ultra1...",
            "ultra1abc",
            "ultra-2.tar.gz",
            "/home/ultra/abcdefghijklmnopqrstuvwxyz",
        ] {
            assert!(!is_ticket_like(argument), "{argument}");
        }
        assert!(!is_rest_of_ticket("movie.mkv") && !is_rest_of_ticket("photos/"));
    }
}
