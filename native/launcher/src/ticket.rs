//! Finds tickets among the arguments, whole, wrapped in other text, or split by white space.

/// `ultra`, the version, and this many characters of base32 are a ticket, or enough of one to be secret.
const LEAST: usize = 20;

/// Whether an argument holds something like a ticket, with whatever stands around it.
pub fn is_ticket_like(argument: &str) -> bool {
    let bytes = argument.as_bytes();
    bytes.windows(6).enumerate().any(|(at, head)| {
        head[..5].eq_ignore_ascii_case(b"ultra")
            && matches!(head[5], b'1'..=b'9')
            && bytes[at + 6..]
                .iter()
                .filter(|byte| !byte.is_ascii_whitespace())
                .take_while(|byte| byte.is_ascii_alphanumeric())
                .nth(LEAST - 1)
                .is_some()
    })
}

/// Whether an argument may be the next piece of a ticket that white space has split.
pub fn is_rest_of_ticket(argument: &str) -> bool {
    argument.len() >= LEAST / 2 && argument.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: &str = "ultra1abcdefghijklmnopqrstuvwxyz234567";

    #[test]
    fn t11_a_ticket_is_found_whatever_stands_around_it() {
        for argument in [
            TICKET.to_owned(),
            TICKET.to_uppercase(),
            format!("--to={TICKET}"),
            format!("'{TICKET}'"),
            format!("<{TICKET}>."),
            format!("ultra send f {TICKET}"),
            format!("{}\n{}", &TICKET[..20], &TICKET[20..]),
            format!("  {TICKET}\n"),
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
