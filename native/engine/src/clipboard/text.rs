//! Text on its way from and to a clipboard. Pure.

use super::Unusable;
use crate::core::words::ClipboardFault;

/// As UTF-8. Old programs of X give Latin-1 (`STRING`), of which each byte is one letter.
#[cfg(any(target_os = "linux", test))]
pub fn as_utf8(bytes: Vec<u8>) -> Vec<u8> {
    if std::str::from_utf8(&bytes).is_ok() {
        return bytes;
    }
    let letters: String = bytes.iter().copied().map(char::from).collect();
    letters.into_bytes()
}

/// What can be pasted into a terminal without doing anything there: no control characters but tabs and the ends of lines, and no newline at the end,
/// which would run a command. (A carriage return does so too, and takes what stands before it out of sight.)
pub fn harmless(bytes: Vec<u8>) -> Result<Vec<u8>, Unusable> {
    let text = String::from_utf8(bytes)
        .map_err(|_| Unusable::new(ClipboardFault::NotText, "what arrived is no text in UTF-8"))?;
    let mut kept: String = text
        .chars()
        .filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t'))
        .collect();
    kept.truncate(kept.trim_end_matches('\n').len());
    Ok(kept.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_harmless(text: &str) -> String {
        String::from_utf8(harmless(text.into()).unwrap()).unwrap()
    }

    #[test]
    fn text_loses_what_a_terminal_would_act_upon_and_its_last_newlines() {
        assert_eq!(made_harmless("curl x | sh\n\r\n"), "curl x | sh");
        assert_eq!(
            made_harmless("a\x1b[2Jb\rc\x7f\u{9b}1md\0"),
            "a[2Jb".to_owned() + "c1md"
        );
        assert_eq!(made_harmless("a\r\n\tb\n\nc\n"), "a\n\tb\n\nc");
        assert_eq!(made_harmless("\n\n"), "");
    }

    #[test]
    fn honest_text_stays_as_it_is() {
        for text in ["", "one line", "Grüße, 日本語 👩‍💻\n\tשלום", "x".repeat(1 << 20).as_str()] {
            assert_eq!(made_harmless(text), text);
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(harmless(vec![b'a', 0xff]).unwrap_err().why, ClipboardFault::NotText);
    }

    #[test]
    fn latin_1_becomes_utf_8() {
        assert_eq!(as_utf8(b"Gr\xfc\xdfe".to_vec()), "Grüße".as_bytes());
        assert_eq!(as_utf8("Grüße".into()), "Grüße".as_bytes());
    }
}
