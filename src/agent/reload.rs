//! The config was read anew: the agent becomes another device without forgetting what both have in common.

use super::puzzled::Puzzled;
use super::{Agent, Effect, scene};
use crate::control::{Outcome, Refusal, Ticket};
use crate::model::{Device, Now};
use crate::xmpp::adhoc::Sessions;
use crate::xmpp::hub::Hubs;
use crate::xmpp::rate::Bucket;

/// Questions of a contact's clients (discovery, pings) for each command it may give.
const QUERIES_PER_COMMAND: u32 = 10;

impl Agent {
    /// Another config for the same device: what is known of points that stay is kept, open requests end.
    pub(super) fn reload(&mut self, device: Device, now: Now, out: &mut Vec<Effect>) {
        let asked = self.questions.clear();
        self.withdraw(asked, Refusal::Declined, now, out);
        let open: Vec<Ticket> = self.errands.keys().copied().collect();
        open.into_iter().for_each(|ticket| self.answer(ticket, Ok(Outcome::NoConfirmation), now, out));
        self.control = self.control.reloaded(&self.device, &device, now);
        self.control.link(&device, self.me.is_some(), now);
        let old = std::mem::replace(&mut self.device, device);
        self.hubs = Hubs::new(&self.device, now.mono);
        self.change_rooms(now, out);
        self.buckets = buckets(&self.device, now);
        self.sessions = Sessions::default();
        self.queue.keep(&self.device);
        self.publisher.pause();
        let scene = scene!(self, now);
        self.notices.begin_anew(&scene);
        self.journal.forget();
        self.late = self.device.contacts().map(|_| None).collect();
        self.puzzled = self.device.contacts().map(|_| Puzzled::default()).collect();
        self.dashboard.rekey(&self.device);
        self.roster_due = true;
        self.reload_automation(&old, now, out);
        self.dismiss_those_of(&old, out);
        if self.me.is_some() {
            self.fetch_roster(now, out);
        }
    }
}

/// What each contact may do a minute: commands and questions.
pub(super) fn buckets(device: &Device, now: Now) -> Vec<(Bucket, Bucket)> {
    let commands = device.limits().commands_per_minute;
    let queries = commands.saturating_mul(QUERIES_PER_COMMAND);
    let pair = |_| (Bucket::per_minute(commands, now.mono), Bucket::per_minute(queries, now.mono));
    device.contacts().map(pair).collect()
}
