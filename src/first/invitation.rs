//! An invitation to a server as people get it: an `xmpp:` link (XEP-0401 section 4, XEP-0379 section 4.2) or the page
//! in the web that shows one. Pure.

use jid::BareJid;

/// What an invitation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The server's domain. For a page in the web it is a guess: the page's host.
    pub domain: String,
    /// The account that may be made; `None` if its name is free to choose.
    pub account: Option<BareJid>,
    /// Who becomes a contact of the new account.
    pub inviter: Option<BareJid>,
    /// What the server goes by.
    pub token: String,
    /// The link names the server itself.
    pub is_certain: bool,
}

/// Why a text is no invitation that makes an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoInvitation {
    /// Neither `xmpp:` nor `https:`.
    #[error("an invitation is a link that begins with xmpp: or https:")]
    NoLink,
    /// It has no token.
    #[error("the link holds no invitation (no preauth=…)")]
    NoToken,
    /// It makes contacts, not accounts.
    #[error("the invitation lets an account become a contact, but makes no account")]
    OnlyContact,
    /// Its address is none.
    #[error("the link names no server")]
    NoServer,
}

/// Reads a link.
///
/// # Errors
/// [`NoInvitation`].
pub fn parse(link: &str) -> Result<Invitation, NoInvitation> {
    let link = link.trim();
    if let Some(rest) = strip_scheme(link, "xmpp:") {
        return of_uri(rest);
    }
    let rest = strip_scheme(link, "https://").ok_or(NoInvitation::NoLink)?;
    // A page for all servers has the whole link behind its #.
    if let Some((_, fragment)) = rest.split_once('#')
        && let Some(inner) = strip_scheme(&decode(fragment), "xmpp:")
    {
        return of_uri(inner);
    }
    of_page(rest.split('#').next().unwrap_or_default())
}

fn strip_scheme<'a>(link: &'a str, scheme: &str) -> Option<&'a str> {
    let head = link.get(..scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then(|| &link[scheme.len()..])
}

/// `address?action;key=value;…`
fn of_uri(rest: &str) -> Result<Invitation, NoInvitation> {
    let (address, query) = rest.split_once('?').ok_or(NoInvitation::NoToken)?;
    let address: BareJid = decode(address).parse().map_err(|_| NoInvitation::NoServer)?;
    let mut words = query.split([';', '&']);
    let action = words.next().unwrap_or_default().to_ascii_lowercase();
    let values: Vec<(&str, String)> =
        words.filter_map(|word| word.split_once('=')).map(|(key, value)| (key, decode(value))).collect();
    let value = |name: &str| values.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    let token = value("preauth").filter(|token| !token.is_empty()).ok_or(NoInvitation::NoToken)?;
    let domain = address.domain().as_str().to_owned();
    let somebody = address.node().is_some().then_some(address);
    let (account, inviter) = match action.as_str() {
        "register" => (somebody, None),
        "roster" if value("ibr").as_deref() == Some("y") => (None, somebody),
        "roster" => return Err(NoInvitation::OnlyContact),
        _ => return Err(NoInvitation::NoToken),
    };
    Ok(Invitation { domain, account, inviter, token, is_certain: true })
}

/// `host/invite?token`, `host/invite?t=token` (Prosody), `host/invites/token` (ejabberd).
fn of_page(rest: &str) -> Result<Invitation, NoInvitation> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split(':').next().unwrap_or_default();
    let domain: BareJid = host.parse().map_err(|_| NoInvitation::NoServer)?;
    let named = query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        ["preauth", "token", "t"].contains(&key).then_some(value)
    });
    let token = match named {
        Some(token) => token,
        None if !query.is_empty() => query,
        None => path.trim_end_matches('/').rsplit('/').next().unwrap_or_default(),
    };
    let token = decode(token);
    if token.is_empty() || token.contains('=') && query.contains('&') {
        return Err(NoInvitation::NoToken);
    }
    let domain = domain.domain().as_str().to_owned();
    Ok(Invitation { domain, account: None, inviter: None, token, is_certain: false })
}

/// Percent-encoding (RFC 3986 section 2.1). What is not well-formed stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = bytes.get(at + 1..at + 3).and_then(|code| std::str::from_utf8(code).ok());
        let decoded = code.filter(|_| byte == b'%').and_then(|code| u8::from_str_radix(code, 16).ok());
        out.push(decoded.unwrap_or(byte));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invitation(account: Option<&str>, inviter: Option<&str>, token: &str) -> Invitation {
        let jid = |text: &str| text.parse().unwrap();
        Invitation {
            domain: "home.example".to_owned(),
            account: account.map(jid),
            inviter: inviter.map(jid),
            token: token.to_owned(),
            is_certain: true,
        }
    }

    #[test]
    fn a_link_names_the_server_and_perhaps_the_account() {
        let free = invitation(None, None, "k7-_x");
        assert_eq!(parse("xmpp:home.example?register;preauth=k7-_x"), Ok(free.clone()));
        assert_eq!(parse(" XMPP:home.example?register;preauth=k7%2D_x \n"), Ok(free));
        let fixed = invitation(Some("boiler@home.example"), None, "t");
        assert_eq!(parse("xmpp:boiler@home.example?register;preauth=t"), Ok(fixed));
    }

    #[test]
    fn an_invitation_to_become_a_contact_may_make_an_account_too() {
        let link = "xmpp:anna@home.example?roster;preauth=t;ibr=y";
        assert_eq!(parse(link), Ok(invitation(None, Some("anna@home.example"), "t")));
        assert_eq!(parse("xmpp:anna@home.example?roster;preauth=t"), Err(NoInvitation::OnlyContact));
    }

    #[test]
    fn a_page_in_the_web_is_a_guess_or_holds_the_link() {
        let guess = Invitation { is_certain: false, ..invitation(None, None, "k7") };
        for page in [
            "https://home.example/invite?k7",
            "https://home.example:5281/invite?t=k7",
            "https://home.example/invites/k7/",
        ] {
            assert_eq!(parse(page), Ok(guess.clone()), "{page}");
        }
        let whole = "https://join.example/i/#xmpp:home.example?register;preauth=k7";
        assert_eq!(parse(whole), Ok(invitation(None, None, "k7")));
        assert_eq!(parse(&whole.replace(":home", "%3Ahome")), Ok(invitation(None, None, "k7")));
    }

    #[test]
    fn what_is_no_invitation_is_told_why() {
        for (link, why) in [
            ("home.example", NoInvitation::NoLink),
            ("http://home.example/invite?k7", NoInvitation::NoLink),
            ("xmpp:home.example", NoInvitation::NoToken),
            ("xmpp:home.example?register", NoInvitation::NoToken),
            ("xmpp:home.example?message;preauth=k7", NoInvitation::NoToken),
            ("xmpp:@?register;preauth=k7", NoInvitation::NoServer),
            ("https://home.example/", NoInvitation::NoToken),
            ("https://?k7", NoInvitation::NoServer),
            ("ü", NoInvitation::NoLink),
        ] {
            assert_eq!(parse(link), Err(why), "{link}");
        }
    }
}
