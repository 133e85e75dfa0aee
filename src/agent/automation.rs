//! What alarms and rules want: said, shown, moved, logged. A rule's wish goes the way of everybody's.

use super::{Agent, Effect, scene};
use crate::control::{Act, AlarmEvent, Asker, By, Event, Outcome, Refusal, Request, RuleEvent, Ticket, Wish};
use crate::model::{Action, ActuatorId, AlarmId, ContactId, Device, Now, PointId, RuleId};
use crate::xmpp::journal::Level;
use crate::xmpp::{alarms, words};

impl Agent {
    /// Stops rules from acting, or lets them again: they then act on what they see. Alarms go on in any case.
    pub fn suspend_rules(&mut self, suspended: bool, now: Now) -> Vec<Effect> {
        let mut out = Vec::new();
        self.automation.suspend(suspended);
        let events = self.automation.look_at_all(&self.device, &self.control, now);
        self.automate(events, now, &mut out);
        out
    }

    /// Whether the wall clock can be trusted, as far as the system knows.
    pub(super) fn clock(&mut self, known: bool, now: Now, out: &mut Vec<Effect>) {
        let before = self.automation.waiting_for_clock(&self.device);
        let Some(events) = self.automation.clock(&self.device, &self.control, known, now) else { return };
        let line = match (known, before) {
            (_, 0) => None,
            (true, _) => Some((Level::Info, format!("the time is known: it is {}", local(&self.device, now)))),
            (false, n) => {
                Some((Level::Warn, format!("the time is not known yet; {} by the clock must wait", rules(n))))
            }
        };
        out.extend(line.map(|(level, line)| Effect::Log(level, line)));
        self.automate(events, now, out);
    }

    /// Another config for alarms and rules.
    pub(super) fn reload_automation(&mut self, old: &Device, now: Now, out: &mut Vec<Effect>) {
        self.automation = self.automation.reloaded(old, &self.device);
        self.rule_tickets.clear();
        let events = self.automation.look_at_all(&self.device, &self.control, now);
        self.automate(events, now, out);
    }

    pub(super) fn automate(&mut self, events: Vec<Event>, now: Now, out: &mut Vec<Effect>) {
        for event in events {
            match event {
                Event::Alarm(id, event) => self.alarm(id, &event, now, out),
                Event::Rule(id, RuleEvent::Act(act)) => self.act(id, &act, now, out),
                Event::Rule(id, RuleEvent::Skipped(at)) => {
                    let at = self.device.zone().to_datetime(at).strftime("%Y-%m-%d %H:%M");
                    let name = &self.device.rule(id).name;
                    let line = format!("rule {name} did not run at {at}: the clock has jumped far beyond it");
                    out.push(Effect::Log(Level::Warn, line));
                }
                Event::Rule(id, RuleEvent::TooOften) => {
                    let name = &self.device.rule(id).name;
                    let line = format!("rule {name} wants to act too often, and is slowed down");
                    out.push(Effect::Log(Level::Warn, line));
                }
            }
        }
    }

    /// Acknowledges alarms in a contact's name. What to answer.
    pub(super) fn acknowledge(
        &mut self,
        contact: ContactId,
        ids: &[AlarmId],
        now: Now,
        out: &mut Vec<Effect>,
    ) -> Result<String, String> {
        let asker = Asker::of(&self.device, contact);
        asker.may_acknowledge().map_err(|refusal| format!("Alarms: {refusal}"))?;
        let ids: Vec<AlarmId> = ids.iter().copied().filter(|id| asker.may_read(self.device.alarm(*id).point)).collect();
        let jid = asker.jid().clone();
        let events = self.automation.acknowledge(&ids, &jid, now);
        let done: Vec<AlarmId> =
            events.iter().filter_map(|event| if let Event::Alarm(id, _) = event { Some(*id) } else { None }).collect();
        let scene = scene!(self, now);
        let text = alarms::acknowledged(&scene, &ids, &done);
        self.automate(events, now, out);
        Ok(text)
    }

    /// What became of something a rule moved, if it went wrong.
    pub(super) fn rule_settled(&mut self, ticket: Ticket, outcome: &Outcome, now: Now, out: &mut Vec<Effect>) {
        let Some((actuator, rule)) = self.rule_tickets.remove(&ticket) else { return };
        if matches!(outcome, Outcome::Done { .. }) {
            return;
        }
        let scene = scene!(self, now);
        let line = format!("rule {rule}: {}", words::outcome(&scene, actuator, &Ok(outcome.clone())));
        self.journal.automatic(now, PointId::Actuator(actuator), &rule, line.clone());
        out.push(Effect::Log(Level::Warn, line));
    }

    fn alarm(&mut self, id: AlarmId, event: &AlarmEvent, now: Now, out: &mut Vec<Effect>) {
        let scene = scene!(self, now);
        let line = alarms::logged(&scene, id, event);
        self.journal.note(now, scene.device.alarm(id).point, line.clone());
        let level = if matches!(event, AlarmEvent::Raised | AlarmEvent::Repeated) { Level::Warn } else { Level::Info };
        let told = alarms::listeners(&scene, id, event);
        let told: Vec<_> = told.into_iter().map(|a| (a.jid().clone(), alarms::told(&scene, a, id, event))).collect();
        out.push(Effect::Log(level, line));
        for (jid, text) in told {
            if self.tell(jid.clone(), text, true, out) {
                self.alarmed.insert(jid, now.mono);
            } else {
                self.missed.insert(jid);
            }
        }
        let alarm = self.device.alarm(id);
        let (point, name) = (alarm.point, alarm.name.clone());
        self.tell_hubs_of(point, Some(&name), event.name(), now, out);
        self.refresh(now, out);
    }

    fn act(&mut self, id: RuleId, act: &Act, now: Now, out: &mut Vec<Effect>) {
        let rule = self.device.rule(id).clone();
        let actions = if act.otherwise { &rule.otherwise } else { &rule.then };
        let chosen = actions.iter().enumerate().filter(|(index, _)| act.only.is_none_or(|only| only == *index));
        if act.only.is_none() {
            let what = self.device.actions(actions);
            let line = self.journal.rule(now, &rule.name, &what, &act.why);
            out.extend(line.map(|(level, line)| Effect::Log(level, line)));
        }
        for (index, action) in chosen {
            let (actuator, wish) = match action {
                Action::Set(id, value, None) => (*id, Wish::Set(*value)),
                Action::Set(id, value, Some(time)) => (*id, Wish::SetFor(*value, *time)),
                Action::Pulse(id, time) => (*id, Wish::Pulse(*time)),
                Action::Toggle(id) => (*id, Wish::Toggle),
                Action::Say(text, to) => {
                    self.rule_says(&rule.name, text, to.as_deref(), now, out);
                    continue;
                }
            };
            self.rule_moves(id, act, index, (actuator, wish), now, out);
        }
    }

    fn rule_moves(
        &mut self,
        id: RuleId,
        act: &Act,
        index: usize,
        (actuator, wish): (ActuatorId, Wish),
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let rule = self.device.rule(id);
        let by = By::Rule { device: &self.device, rule: &rule.name, why: &act.why };
        match self.control.request(by, &Request { ticket, actuator, wish }, now) {
            Ok(drive) => {
                self.automation.accepted(id, act, index);
                self.rule_tickets.insert(ticket, (actuator, rule.name.clone()));
                out.push(Effect::Drive(drive));
            }
            Err(refusal) => {
                if self.automation.refused(id, act, index, &refusal, now) {
                    let label = &self.device.actuator(actuator).label.text;
                    let line = |why: &Refusal| format!("rule {}: {label} refused: {why}", rule.name);
                    self.journal.automatic(now, PointId::Actuator(actuator), &rule.name, line(&refusal.discreet()));
                    out.push(Effect::Log(Level::Warn, line(&refusal)));
                }
            }
        }
    }

    fn rule_says(&mut self, rule: &str, text: &str, to: Option<&[ContactId]>, now: Now, out: &mut Vec<Effect>) {
        let scene = scene!(self, now);
        let jids = match to {
            Some(ids) => ids.iter().map(|id| self.device.contact(*id).jid.clone()).collect(),
            None => alarms::hearers(&scene, rule),
        };
        for jid in jids {
            self.tell(jid, text.to_owned(), true, out);
        }
    }
}

fn rules(n: usize) -> String {
    if n == 1 { "1 rule".to_owned() } else { format!("{n} rules") }
}

fn local(device: &Device, now: Now) -> String {
    device.zone().to_datetime(now.wall).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
