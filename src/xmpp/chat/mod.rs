//! The device by typed words: the first interface, because every client has it.

mod grammar;
mod lookup;

pub use grammar::{COMMANDS, Line, Unclear, WishError, parse, wish};

use super::journal::Journal;
use super::{Scene, alarms, words};
use crate::control::{Asker, Refusal, Wish};
use crate::model::{ActuatorId, AlarmId, Kind, PointId, Role, Value};

/// What to do about a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Say this.
    Say(String),
    /// Say this to something that is not understood.
    Wonder(String),
    /// Move this first; what to say follows from the read-back.
    Move(ActuatorId, Wish),
    /// Acknowledge these alarms first.
    Acknowledge(Vec<AlarmId>),
    /// Yes, to the question with this number.
    Confirm(Option<u16>),
    /// No, to whatever was asked.
    Decline,
    /// Leave safe mode.
    LeaveSafeMode,
}

/// Answers one typed line.
pub fn answer(scene: &Scene<'_>, journal: &Journal, asker: Asker<'_>, text: &str) -> Answer {
    match parse(asker, text) {
        Line::Help => Answer::Say(help(scene, asker)),
        Line::Status => Answer::Say(words::status(scene, asker)),
        Line::Log => Answer::Say(journal.tell(scene, asker)),
        Line::Who => Answer::Say(who(scene, asker)),
        Line::Read(point) => Answer::Say(words::reading(scene, point)),
        Line::Alarms => Answer::Say(match alarms::list(scene, asker).as_slice() {
            [] => "No alarm is up.".to_owned(),
            lines => lines.join("\n"),
        }),
        Line::Ack(Some(alarms)) => Answer::Acknowledge(alarms),
        Line::Ack(None) => match alarms::open(scene, asker).as_slice() {
            [] => Answer::Say("There is no alarm to acknowledge.".to_owned()),
            [only] => Answer::Acknowledge(vec![*only]),
            several => {
                let names: Vec<&str> = several.iter().map(|id| scene.device.alarm(*id).name.as_str()).collect();
                Answer::Say(format!("Which one: {}? Or ack all.", names.join(", ")))
            }
        },
        Line::LeaveSafeMode => leave_safe_mode(scene, asker),
        Line::Yes(number) => Answer::Confirm(number),
        Line::No => Answer::Decline,
        Line::Move(actuator, wish) => Answer::Move(actuator, wish),
        Line::Unclear(unclear) => Answer::Wonder(explain(scene, asker, unclear)),
    }
}

fn help(scene: &Scene<'_>, asker: Asker<'_>) -> String {
    let points: Vec<PointId> = asker.readable().collect();
    let names: Vec<&str> = points.iter().map(|point| scene.name(*point)).collect();
    let mut lines = vec!["status: everything at a glance".to_owned()];
    match names.as_slice() {
        [] => return "There is nothing here you may see yet.".to_owned(),
        names if names.len() <= 20 => lines.push(format!("{}: what it reads", names.join(", "))),
        names => lines.push(format!("{}, … ({} in all): what it reads", names[..20].join(", "), names.len())),
    }
    let settable: Vec<ActuatorId> = asker.settable().collect();
    let of_kind =
        |want: fn(&Kind) -> bool| settable.iter().map(|id| scene.device.actuator(*id)).find(|a| want(&a.kind));
    if let Some(switch) = of_kind(|kind| matches!(kind, Kind::Switch { .. })) {
        let name = &switch.label.name;
        let away = switch.kind.show(Value::Switch(switch.safe != Value::Switch(true)));
        let words = switch.kind.words().join(" · ");
        lines.push(format!("{name} {words} · toggle · {away} 10m · pulse 500ms: switch it"));
    }
    if let Some(number) = of_kind(|kind| matches!(kind, Kind::Number { .. })) {
        let example = match number.kind {
            Kind::Number { range: Some((low, high)), .. } => number.kind.bare(Value::Number(low + (high - low) * 0.4)),
            _ => "40".to_owned(),
        };
        lines.push(format!("{} {example}: set it", number.label.name));
    }
    if let Some(choice) = of_kind(|kind| matches!(kind, Kind::Choice { .. })) {
        lines.push(format!("{} {}: set it", choice.label.name, choice.kind.words().join(" · ")));
    }
    if scene.device.alarms().any(|(_, alarm)| asker.may_read(alarm.point)) {
        let ack = if asker.may_acknowledge().is_ok() { " · ack NAME, ack all: I have seen it" } else { "" };
        lines.push(format!("alarms: what is wrong now{ack}"));
    }
    lines.push("log: what happened lately · who: who may do what".to_owned());
    lines.join("\n")
}

fn leave_safe_mode(scene: &Scene<'_>, asker: Asker<'_>) -> Answer {
    match (asker.may_administer(), scene.safe_mode) {
        (false, _) => Answer::Say(refusal(asker, Role::Owner).to_string()),
        (true, false) => Answer::Say("This is not safe mode.".to_owned()),
        (true, true) => Answer::LeaveSafeMode,
    }
}

fn who(scene: &Scene<'_>, asker: Asker<'_>) -> String {
    let you = format!("You are {}, {}.", asker.jid(), asker.role().name());
    if !asker.may_administer() {
        return you;
    }
    let others = scene.device.contacts().filter(|(id, _)| *id != asker.id());
    let lines = others.map(|(_, contact)| format!("{}: {}", contact.jid, contact.role.name()));
    [you].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}

fn explain(scene: &Scene<'_>, asker: Asker<'_>, unclear: Unclear) -> String {
    match unclear {
        Unclear::ManyLines => "One command per message, please.".to_owned(),
        Unclear::NoSuchWord(typed, Some(near)) => format!("I do not know “{typed}”. Did you mean “{near}”? Say help."),
        Unclear::NoSuchWord(typed, None) => format!("I do not know “{typed}”. Say help."),
        Unclear::NoSuchAlarm(typed, Some(near)) => format!("There is no alarm “{typed}”. Did you mean “{near}”?"),
        Unclear::NoSuchAlarm(typed, None) => format!("There is no alarm “{typed}”. Say alarms for those that are up."),
        Unclear::Ambiguous(points) => {
            let names: Vec<&str> = points.iter().take(8).map(|point| scene.name(*point)).collect();
            format!("Which one: {}?", names.join(", "))
        }
        Unclear::OnlyReads(point) => format!("{} only reads; it cannot be set.", scene.label(point)),
        Unclear::BadValue(id, error) => match asker.may_set(id) {
            true => format!("{}: {error}", scene.device.actuator(id).label.text),
            // Somebody who may not set it needs no lesson in its words.
            false => words::outcome(scene, id, &Err(refusal(asker, Role::Operator))),
        },
        Unclear::BadTime(id, text) => {
            format!(
                "{}: “{text}” is not a time; write one like 30s, 10m or 1h30m",
                scene.device.actuator(id).label.text
            )
        }
    }
}

fn refusal(asker: Asker<'_>, needs: Role) -> Refusal {
    Refusal::NotAllowed { needs, has: asker.role() }
}
