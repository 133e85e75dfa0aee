//! Which words in a room are for the device.

/// The words behind `greenhouse: …`, `greenhouse, …` or `@greenhouse …`; nothing if they are for somebody else.
pub fn spoken_to<'t>(nick: &str, text: &'t str) -> Option<&'t str> {
    let text = text.trim();
    let (at, rest) = match text.strip_prefix('@') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let head = rest.get(..nick.len())?;
    if head.to_lowercase() != nick.to_lowercase() {
        return None;
    }
    let rest = &rest[nick.len()..];
    let words = match rest.chars().next() {
        Some(':' | ',') => &rest[1..],
        Some(c) if at && c.is_whitespace() => rest,
        None if at => rest,
        _ => return None,
    };
    Some(words.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_begin_with_the_nick_are_for_us() {
        for (text, words) in [
            ("greenhouse: status", Some("status")),
            ("Greenhouse, pump on 10m", Some("pump on 10m")),
            ("@greenhouse status", Some("status")),
            ("@greenhouse: air", Some("air")),
            ("@greenhouse", Some("")),
            ("greenhouse status", None),
            ("greenhouses: status", None),
            ("is the greenhouse: warm", None),
            ("status", None),
            ("gewächs", None),
        ] {
            assert_eq!(spoken_to("greenhouse", text), words, "{text}");
        }
        assert_eq!(spoken_to("gewächshaus", "GEWÄCHSHAUS: air"), Some("air"));
        assert_eq!(spoken_to("haus", "hauß: air"), None);
    }
}
