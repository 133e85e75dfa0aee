//! Message Delivery Receipts (XEP-0184): a tick on the sender's screen, for contacts only.

use jid::Jid;
use xmpp_parsers::message::{Id, Message, MessageType};
use xmpp_parsers::{ns, receipts::Received};

use super::Feature;

/// Answered in [`answer`], since receipts are messages.
pub const FEATURE: Feature = Feature { vars: &[ns::RECEIPTS], handlers: &[] };

/// The receipt for a message that asks for one and can be named.
pub fn answer(message: &Message, to: &Jid) -> Option<Message> {
    let Some(Id(id)) = &message.id else { return None };
    // Section 5.3: never for errors; section 5.4: a message without a body needs none.
    let asks = message.payloads.iter().any(|payload| payload.is("request", ns::RECEIPTS));
    if !asks || message.type_ == MessageType::Error {
        return None;
    }
    let mut receipt = Message::new_with_type(message.type_.clone(), to.clone());
    receipt.payloads.push(Received { id: id.clone() }.into());
    Some(receipt)
}
