//! Control requests under way (XEP-0325): several actuators, one answer.

use std::collections::BTreeMap;

use jid::Jid;
use xmpp_parsers::stanza::Stanza;

use crate::xmpp::iot::{ControlFault, control::SetResponse};
use crate::xmpp::iq;

/// All of them, by number.
#[derive(Debug, Default)]
pub(super) struct Sets {
    open: BTreeMap<u64, Set>,
    count: u64,
}

#[derive(Debug)]
struct Set {
    to: Jid,
    id: String,
    left: usize,
    fault: Option<ControlFault>,
}

impl Sets {
    /// A request whose answer waits for so many actuators.
    pub fn open(&mut self, to: Jid, id: String, left: usize) -> u64 {
        self.count += 1;
        self.open.insert(self.count, Set { to, id, left, fault: None });
        self.count
    }

    /// One of its actuators has answered; the answer, if it was the last. What went wrong first is told.
    pub fn settled(&mut self, number: u64, fault: Option<ControlFault>) -> Option<Stanza> {
        let set = self.open.get_mut(&number)?;
        set.left = set.left.saturating_sub(1);
        set.fault = set.fault.take().or(fault);
        if set.left > 0 {
            return None;
        }
        let Set { to, id, fault, .. } = self.open.remove(&number)?;
        Some(match fault {
            Some(fault) => iq::refuse_with(Some(to), id, fault.error(), fault.draft()).into(),
            None => iq::result(Some(to), id, Some(SetResponse::default().into())).into(),
        })
    }
}
