//! The device's visiting card: its `xmpp:` link (XEP-0147) and that as a QR code in characters. Pure.

use jid::BareJid;
use qrcodegen::{QrCode, QrCodeEcc};

/// What a reader needs around the code (ISO/IEC 18004: four modules).
const QUIET: i32 = 4;

/// The colours of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// Black on white by escape sequences, whatever the terminal's own are.
    Set,
    /// The terminal's own, taken for light on dark.
    Own,
}

/// A link that adds the device to the contacts of whoever opens it.
pub fn link(jid: &BareJid, name: &str) -> String {
    format!("xmpp:{}?roster;name={}", encode(jid.as_str(), "@"), encode(name, ""))
}

/// The code in half blocks, a character for two modules one above the other; `None` if the text is too long.
pub fn code(text: &str, colours: Colours) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let all = -QUIET..code.size() + QUIET;
    let mut lines = String::new();
    for y in all.clone().step_by(2) {
        let row = all.clone().map(|x| {
            // Beyond its edge all is light. On a dark terminal, ink is what is light.
            let ink = |y: i32| code.get_module(x, y) == (colours == Colours::Set);
            match (ink(y), ink(y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            }
        });
        let row: String = row.collect();
        match colours {
            Colours::Set => lines.push_str(&format!("\x1b[30;107m{row}\x1b[0m\n")),
            Colours::Own => lines.push_str(&format!("{row}\n")),
        }
    }
    Some(lines)
}

fn encode(text: &str, also: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.as_bytes().contains(&byte);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_with_a_meaning_are_encoded_in_the_link() {
        let jid = |text: &str| text.parse::<BareJid>().unwrap();
        assert_eq!(
            link(&jid("greenhouse@home.example"), "greenhouse"),
            "xmpp:greenhouse@home.example?roster;name=greenhouse"
        );
        assert_eq!(link(&jid("a?b;c@home.example"), "ä b"), "xmpp:a%3Fb%3Bc@home.example?roster;name=%C3%A4%20b");
    }

    /// The modules again, true for dark, without the escape sequences.
    fn modules(code: &str, ink_is_dark: bool) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in code.lines() {
            let line = line.strip_prefix("\x1b[30;107m").unwrap_or(line);
            let line = line.strip_suffix("\x1b[0m").unwrap_or(line);
            rows.push(line.chars().map(|c| "█▀".contains(c) == ink_is_dark).collect());
            rows.push(line.chars().map(|c| "█▄".contains(c) == ink_is_dark).collect());
        }
        rows
    }

    #[test]
    fn both_ways_of_drawing_show_the_same_code_with_a_quiet_zone() {
        let text = "xmpp:greenhouse@home.example?roster;name=greenhouse";
        let set = modules(&code(text, Colours::Set).unwrap(), true);
        let own = modules(&code(text, Colours::Own).unwrap(), false);
        assert_eq!(set, own);
        let reference = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let (size, quiet) = (reference.size(), QUIET as usize);
        for (y, row) in set.iter().enumerate() {
            assert_eq!(row.len(), size as usize + 2 * quiet);
            for (x, dark) in row.iter().enumerate() {
                let place = (x as i32 - QUIET, y as i32 - QUIET);
                assert_eq!(*dark, reference.get_module(place.0, place.1), "{place:?}");
            }
        }
        assert!(set[..quiet].iter().flatten().all(|dark| !dark), "the quiet zone is light");
        assert!(set[quiet][quiet..quiet + 7].iter().all(|dark| *dark), "a finder's edge is dark");
    }

    #[test]
    fn the_code_is_drawn_even_where_the_rows_are_odd() {
        let drawn = code("xmpp:a@b.example?roster;name=a", Colours::Own).unwrap();
        assert_eq!(drawn.lines().count(), 19, "29 modules and the quiet zone, two a line");
    }
}
