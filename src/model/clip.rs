//! Texts of others, kept short: what somebody typed may be a whole page.

/// Characters of what is quoted in an answer.
pub const QUOTED: usize = 40;

/// The first `most` characters, and “…” if there are more.
pub fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_ends_between_two_letters() {
        assert_eq!(clip("größer", 3), "grö…");
        assert_eq!(clip("größer", 6), "größer");
    }
}
