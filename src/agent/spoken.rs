//! Words of a contact, whatever way they came: understood, done, and answered the same way.

use super::{Agent, Door, Effect, scene};
use crate::control::Asker;
use crate::model::{ContactId, Now};
use crate::xmpp::chat::{self, Answer};

impl Agent {
    /// Does what a contact has typed.
    pub(super) fn spoken(&mut self, contact: ContactId, words: &str, door: Door, now: Now, out: &mut Vec<Effect>) {
        let scene = scene!(self, now);
        let asker = Asker::of(scene.device, contact);
        let asker = match &door {
            Door::Room { to, .. } => self.rooms.inside(asker, to),
            _ => asker,
        };
        let answer = chat::answer(&scene, &self.journal, asker, words);
        let puzzled = &mut self.puzzled[contact.index()];
        if !matches!(answer, Answer::Wonder(_)) {
            puzzled.clear();
        }
        match answer {
            Answer::Say(text) => self.say(door, text, out),
            Answer::Wonder(text) => {
                if puzzled.may_answer(now.mono) {
                    self.say(door, text, out);
                }
            }
            Answer::Move(actuator, wish) => self.request(contact, actuator, wish, door, now, out),
        }
    }

    /// Answers with a text.
    pub(super) fn say(&mut self, door: Door, text: String, out: &mut Vec<Effect>) {
        let id = self.fresh_id();
        out.extend(door.say(&self.device, &self.rooms, id, text).map(Effect::Send));
    }
}
