//! Signs that XML cannot carry (XML 1.0, production 2) are replaced before a stanza is sent: one of them, in a
//! note made of a foreign program's words, would end the whole stream.

use xmpp_parsers::minidom::Element;
use xmpp_parsers::stanza::Stanza;
use xso::{AsXml, Item, transform};

/// The stanza with U+FFFD in place of what XML forbids, in every text and attribute.
pub fn legal(stanza: Stanza) -> Stanza {
    if is_clean(&stanza) {
        return stanza;
    }
    let Ok(mut element) = transform::<Element, _>(&stanza) else { return stanza };
    mend(&mut element);
    transform(&element).unwrap_or(stanza)
}

fn is_clean(stanza: &Stanza) -> bool {
    let Ok(mut items) = stanza.as_xml_iter() else { return true };
    items.all(|item| match item {
        Ok(Item::Text(text)) => is_legal(&text),
        Ok(Item::Attribute(_, _, value)) => is_legal(&value),
        _ => true,
    })
}

fn mend(element: &mut Element) {
    element.attrs_mut().values_mut().for_each(replace);
    element.texts_mut().for_each(replace);
    element.children_mut().for_each(mend);
}

fn replace(text: &mut String) {
    if !is_legal(text) {
        let mended = text.chars().map(|sign| if may_be_sent(sign) { sign } else { char::REPLACEMENT_CHARACTER });
        *text = mended.collect();
    }
}

fn is_legal(text: &str) -> bool {
    text.chars().all(may_be_sent)
}

fn may_be_sent(sign: char) -> bool {
    matches!(sign, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use xmpp_parsers::iq::Iq;
    use xmpp_parsers::message::{Lang, Message};
    use xmpp_parsers::presence::Presence;
    use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

    use super::*;

    const BAD: &str = "a\u{1}b\tc\u{ffff}°\u{1f997}";
    const GOOD: &str = "a\u{fffd}b\tc\u{fffd}°\u{1f997}";

    fn note(text: &str) -> Element {
        let xml = "<note xmlns='http://jabber.org/protocol/commands' type='error'/>";
        let mut inner: Element = xml.parse().unwrap();
        inner.attrs_mut().values_mut().for_each(|value| *value = text.to_owned());
        inner.append_text(text);
        let mut command = Element::bare("command", "http://jabber.org/protocol/commands");
        command.append_child(inner);
        command
    }

    #[test]
    fn what_xml_forbids_is_replaced_wherever_it_is() {
        let iq = |text| Iq::Result { from: None, to: None, id: "1".to_owned(), payload: Some(note(text)) };
        assert_eq!(legal(iq(BAD).into()), iq(GOOD).into());
        let refusal = |text| {
            let error = StanzaError::new(ErrorType::Cancel, DefinedCondition::Conflict, "en", text);
            Iq::Error { from: None, to: None, id: "1".to_owned(), error, payload: None }
        };
        assert_eq!(legal(refusal(BAD).into()), refusal(GOOD).into());
        let message = |text: &str| {
            let mut message = Message::chat(None).with_body(Lang::default(), text.to_owned());
            message.subjects.insert(Lang::default(), text.to_owned());
            message.payloads.push(note(text));
            message
        };
        assert_eq!(legal(message(BAD).into()), message(GOOD).into());
        let presence = |text: &str| {
            let mut presence = Presence::available();
            presence.set_status("", text);
            presence.payloads.push(note(text));
            presence
        };
        assert_eq!(legal(presence(BAD).into()), presence(GOOD).into());
    }
}
