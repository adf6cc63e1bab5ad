//! Patterns for names, as shells have them: `*`, `?`, `[a-z]`, `[!a]`. Each is about one component of a path.

/// Whether a text can mean other names than itself.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether a name fits. A leading dot has to be said, as in shells. Takes no longer than the product of both lengths, whatever the pattern.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (mut pattern, mut name) = (pattern, name);
    // Behind the last `*`: the pattern that follows it, and the name that it is tried on next.
    let mut last: Option<(&str, &str)> = None;
    loop {
        let mut wanted = pattern.chars();
        let fitting = match (wanted.next(), name.chars().next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                pattern = wanted.as_str();
                last = Some((pattern, name));
                continue;
            }
            (Some(first), Some(letter)) => one(first, wanted.as_str(), letter),
            _ => None,
        };
        if let Some(rest) = fitting {
            pattern = rest;
            name = tail(name);
        } else {
            // The last `*` takes one letter more; those before it need not be tried again.
            let Some((behind, tried)) = last.filter(|(_, tried)| !tried.is_empty()) else {
                return false;
            };
            name = tail(tried);
            pattern = behind;
            last = Some((behind, name));
        }
    }
}

/// Whether a letter fits the beginning of a pattern; the rest of the pattern.
fn one(first: char, rest: &str, letter: char) -> Option<&str> {
    match first {
        '?' => Some(rest),
        '[' => match set(rest) {
            Some((inside, is_inverse, rest)) => (holds(inside, letter) != is_inverse).then_some(rest),
            // A bracket without its end stands for itself.
            None => (letter == '[').then_some(rest),
        },
        _ => (first == letter).then_some(rest),
    }
}

/// What is between brackets, whether all others are meant, and what follows. A `]` that comes first is a letter.
fn set(rest: &str) -> Option<(&str, bool, &str)> {
    let (is_inverse, inside) = match rest.strip_prefix(['!', '^']) {
        Some(inside) => (true, inside),
        None => (false, rest),
    };
    let first = inside.chars().next()?.len_utf8();
    let end = inside.get(first..)?.find(']')? + first;
    Some((inside.get(..end)?, is_inverse, inside.get(end + 1..)?))
}

/// Whether a letter is in a set of letters and ranges.
fn holds(set: &str, letter: char) -> bool {
    let mut letters = set.chars();
    while let Some(low) = letters.next() {
        let mut ahead = letters.clone();
        let high = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(high)) => {
                letters = ahead;
                high
            }
            _ => low,
        };
        if (low..=high).contains(&letter) {
            return true;
        }
    }
    false
}

fn tail(name: &str) -> &str {
    let mut letters = name.chars();
    letters.next();
    letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_what_they_fit_in_a_shell() {
        let cases = [
            ("*.jpg", "a.jpg", true),
            ("*.jpg", "a.jpeg", false),
            ("*.jpg", ".jpg", false),
            (".*", ".jpg", true),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-c-d", false),
            ("?", "\u{e9}", true),
            ("?", "ab", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("[]a]", "]", true),
            ("[a-]", "-", true),
            ("[", "[", true),
            ("a[b", "a[b", true),
            ("[a", "a", false),
            ("\u{65e5}*", "\u{65e5}\u{672c}\u{8a9e}", true),
        ];
        for (pattern, name, fits) in cases {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_time() {
        let (pattern, name) = ("*a".repeat(2000) + "b", "a".repeat(4000));
        assert!(!matches(&pattern, &name));
    }
}
