//! What control has decided is done, said, shown and logged.

use jid::BareJid;

use super::{Agent, Effect, scene};
use crate::control::Decision;
use crate::model::{Now, PointId};
use crate::xmpp::journal::Level;
use crate::xmpp::notices::Hall;

impl Agent {
    pub(super) fn decide(&mut self, decisions: Vec<Decision>, now: Now, out: &mut Vec<Effect>) {
        // What a request changed is logged as the change; one that changed nothing is logged by itself.
        let changed =
            decisions.iter().any(|d| matches!(d, Decision::Changed(_, Some(cause)) if cause.asker().is_some()));
        let answered = self.answered_in_rooms(&decisions);
        let talking = self.is_talking();
        for decision in decisions {
            match decision {
                Decision::Drive(drive) => out.push(Effect::Drive(drive)),
                Decision::Stays(id, refusal) => {
                    let label = &self.device.actuator(id).label.text;
                    out.push(Effect::Log(Level::Info, format!("{label}: the server is back, but: {refusal}")));
                }
                Decision::Settled(ticket, outcome) => {
                    if let (Some(errand), false) = (self.errands.get(&ticket), changed) {
                        let scene = scene!(self, now);
                        let (level, line) = self.journal.settled(&scene, errand.actuator, &outcome, &errand.by());
                        out.push(Effect::Log(level, line));
                    }
                    self.rule_settled(ticket, &outcome, now, out);
                    self.answer(ticket, Ok(outcome), now, out);
                }
                Decision::Repeated(sensor) => {
                    let scene = scene!(self, now);
                    let away = |jid: &BareJid| self.rooms.of(jid).is_some_and(|room| !talking || !room.is_in());
                    let hall = Hall { away: &away, answered: &[] };
                    let notices = self.notices.repeated(&scene, &hall, PointId::Sensor(sensor));
                    self.notify(notices, out);
                }
                Decision::Gesture(sensor, gesture) => {
                    let scene = scene!(self, now);
                    let line = self.journal.gesture(&scene, sensor, gesture);
                    out.extend(line.map(|line| Effect::Log(Level::Info, line)));
                    let notices = self.notices.gesture(&scene, sensor, gesture);
                    self.tell_hubs_of(PointId::Sensor(sensor), None, gesture.name(), now, out);
                    self.notify(notices, out);
                    let events = self.automation.gesture(&self.device, &self.control, sensor, gesture, now);
                    self.automate(events, now, out);
                }
                Decision::Changed(point, cause) => {
                    self.publisher.changed(&self.device, point, now.mono);
                    let scene = scene!(self, now);
                    let line = self.journal.changed(&scene, point, cause.as_ref());
                    out.extend(line.map(|(level, line)| Effect::Log(level, line)));
                    let away = |jid: &BareJid| self.rooms.of(jid).is_some_and(|room| !talking || !room.is_in());
                    let hall = Hall { away: &away, answered: &answered };
                    let notices = self.notices.changed(&scene, &hall, point, cause.as_ref());
                    self.notify(notices, out);
                    let talking = self.is_talking();
                    let lines = self.hubs.changed(&scene!(self, now), point, talking);
                    self.send_lines(lines, out);
                    let events = self.automation.changed(&self.device, &self.control, point, now);
                    self.automate(events, now, out);
                    self.refresh(now, out);
                }
            }
        }
    }
}
