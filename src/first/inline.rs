//! A secret written into a config, moved out of it. Only a config that comes by the boot partition may hold one, for it
//! has no other way to bring it. Pure.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// What stands in the secret's place.
const PLACE: &str = "{ credential = \"xmpp-password\" }";

/// A secret as it was written.
#[derive(Debug, PartialEq, Eq)]
pub enum Inline {
    /// `password = "…"`.
    Password(String),
    /// `password = { invite = "…" }`: an account is to be made.
    Invite(String),
}

/// The config without its secret, and the secret. A text that is not TOML stays as it is.
pub fn part(text: &str) -> (String, Option<Inline>) {
    let Some((secret, span)) = find(text) else { return (text.to_owned(), None) };
    let (Some(before), Some(after)) = (text.get(..span.start), text.get(span.end..)) else {
        return (text.to_owned(), None);
    };
    (format!("{before}{PLACE}{after}"), Some(secret))
}

/// The account's address as it stands there.
pub fn address(text: &str) -> Option<String> {
    let root = DeTable::parse(text).ok()?;
    let DeValue::Table(xmpp) = entry(root.get_ref(), "xmpp")? else { return None };
    match entry(xmpp, "jid")? {
        DeValue::String(address) => Some(address.to_string()),
        _ => None,
    }
}

fn entry<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Option<&'a DeValue<'i>> {
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value.get_ref())
}

fn find(text: &str) -> Option<(Inline, Range<usize>)> {
    let root = DeTable::parse(text).ok()?;
    let DeValue::Table(xmpp) = entry(root.get_ref(), "xmpp")? else { return None };
    let (_, password) = xmpp.iter().find(|(key, _)| key.get_ref() == "password")?;
    let secret = match password.get_ref() {
        DeValue::String(password) => Inline::Password(password.to_string()),
        DeValue::Table(place) => {
            let DeValue::String(invite) = entry(place, "invite")? else { return None };
            Inline::Invite(invite.to_string())
        }
        _ => return None,
    };
    Some((secret, password.span()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_moved_out_and_all_else_stays_as_it_was() {
        let text =
            "# mine\r\n[xmpp]\r\njid = \"g@home.example\"\r\npassword = \"p\\\"ncil ü\" # secret\r\n[device]\r\n";
        let (rest, secret) = part(text);
        assert_eq!(secret, Some(Inline::Password("p\"ncil ü".to_owned())));
        assert_eq!(rest, text.replace("\"p\\\"ncil ü\"", PLACE));
        assert_eq!(
            part("xmpp.password = 'a'"),
            (format!("xmpp.password = {PLACE}"), Some(Inline::Password("a".to_owned())))
        );
        let (rest, secret) = part("xmpp = { jid = \"g@h\", password = \"a\" }\n");
        assert_eq!(rest, format!("xmpp = {{ jid = \"g@h\", password = {PLACE} }}\n"));
        assert_eq!(secret, Some(Inline::Password("a".to_owned())));
    }

    #[test]
    fn an_invitation_in_its_place_is_moved_out_too() {
        let (rest, secret) = part("[xmpp]\npassword = { invite = \"xmpp:h?register;preauth=k\" }\n");
        assert_eq!(rest, format!("[xmpp]\npassword = {PLACE}\n"));
        assert_eq!(secret, Some(Inline::Invite("xmpp:h?register;preauth=k".to_owned())));
    }

    #[test]
    fn where_there_is_no_secret_nothing_changes() {
        for text in [
            "",
            "[xmpp]\npassword = { file = \"/etc/p\" }\n",
            "[xmpp]\npassword = 7\n",
            "password = \"a\"\n",
            "[xmpp\npassword = \"a\"\n",
            "xmpp = 1\n",
        ] {
            assert_eq!(part(text), (text.to_owned(), None));
        }
    }
}
