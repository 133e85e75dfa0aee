//! Words of a contact, whatever way they came: understood, done, and answered the same way.

use jid::BareJid;

use super::{Agent, Door, Effect, scene};
use crate::model::{ContactId, Now};
use crate::xmpp::chat::{self, Answer};
use crate::xmpp::journal::Level;
use crate::xmpp::words;

impl Agent {
    /// Does what a contact has typed.
    pub(super) fn spoken(&mut self, contact: ContactId, words: &str, door: Door, now: Now, out: &mut Vec<Effect>) {
        let scene = scene!(self, now);
        let answer = chat::answer(&scene, &self.journal, door.asker_as(&self.device, &self.rooms, contact), words);
        let puzzled = &mut self.puzzled[contact.index()];
        if !matches!(answer, Answer::Wonder(_)) {
            puzzled.clear();
        }
        match answer {
            Answer::Say(text) => self.say(door, text, out),
            Answer::Wonder(text) => {
                let text = puzzled.answer(text, now.mono);
                text.into_iter().for_each(|text| self.say(door.clone(), text, out));
            }
            Answer::Move(actuator, wish) => self.request(contact, actuator, wish, door, now, out),
            Answer::Confirm(number) => {
                let text = self.confirm(contact, number, door.clone(), now, out);
                text.into_iter().for_each(|text| self.say(door.clone(), text, out));
            }
            Answer::Decline => {
                let text = self.decline(contact, now, out);
                text.into_iter().for_each(|text| self.say(door.clone(), text, out));
            }
            Answer::Acknowledge(ids) => {
                let text = self.acknowledge(contact, &ids, now, out).unwrap_or_else(|refusal| refusal);
                self.say(door, text, out);
            }
            Answer::LeaveSafeMode => {
                let by = door.asker();
                self.say(door, words::SAFE_MODE_OVER.to_owned(), out);
                self.leave_safe_mode(&by, now, out);
            }
        }
    }

    /// An owner wants it, whatever way that came.
    pub(super) fn leave_safe_mode(&mut self, by: &BareJid, now: Now, out: &mut Vec<Effect>) {
        self.safe_mode = false;
        out.push(Effect::Log(Level::Info, format!("{by} has ended safe mode")));
        out.push(Effect::SafeModeLeft);
        out.extend(self.suspend_rules(false, now));
        self.refresh(now, out);
    }

    /// Answers with a text.
    pub(super) fn say(&mut self, door: Door, text: String, out: &mut Vec<Effect>) {
        let id = self.fresh_id();
        out.extend(door.say(&self.device, &self.rooms, id, text).map(Effect::Send));
    }
}
