//! What the device says to people, whatever door they came through. Short, one line where one will do.

use std::time::Duration;

use super::{Scene, alarms};
use crate::control::{ANSWER_WITHIN, Asker, Outcome, Question, Refusal, Wish};
use crate::model::{ActuatorId, Device, Gesture, PointId, Quality, SensorId, show_duration};
use jid::BareJid;

/// More lines than this and a status becomes a wall.
const MOST_LINES: usize = 40;
/// The same of lines that say what was lost.
const MOST_LOSSES: usize = 5;

/// One point and what it reads: `Front door: open`.
pub fn reading(scene: &Scene<'_>, point: PointId) -> String {
    let reading = scene.reading(point);
    let text = reading.show(scene.device.kind(point));
    let mut line = format!("{}: {text}", scene.label(point));
    if let (Quality::Stale(_), Some(at)) = (&reading.quality, reading.at) {
        let local = scene.now.offset.to_datetime(at);
        line += &format!(", last heard {}", local.strftime("%Y-%m-%d %H:%M"));
    }
    if let PointId::Actuator(id) = point {
        line += &back(scene, id);
    }
    line
}

/// A button and what somebody did with it: `Bell: double-click`.
pub fn gesture(scene: &Scene<'_>, id: SensorId, gesture: Gesture) -> String {
    format!("{}: {gesture}", scene.label(PointId::Sensor(id)))
}

/// `, back to off in 9m50s`, or nothing.
fn back(scene: &Scene<'_>, id: ActuatorId) -> String {
    scene.control.back_in(id, scene.now).map_or_else(String::new, |time| back_in(scene, id, time))
}

fn back_in(scene: &Scene<'_>, id: ActuatorId, time: Duration) -> String {
    let actuator = scene.device.actuator(id);
    // What the way to the hardware took is nobody's concern: a second stays a second, not 999ms.
    let time = Duration::from_millis(u64::try_from(time.as_millis().div_ceil(10) * 10).unwrap_or(u64::MAX));
    format!(", back to {} in {}", actuator.kind.show(actuator.safe), show_duration(time))
}

/// How safe mode is told.
pub const SAFE_MODE: &str = "safe mode: the program crashed again and again, so all outputs were started safe and rules are off; \
     an owner ends it with “leave safe mode”";

/// Everything the asker may read, a line each, under a line that says how the device is.
pub fn status(scene: &Scene<'_>, asker: Asker<'_>) -> String {
    let points: Vec<PointId> = asker.readable().collect();
    let unwell = scene.unwell(asker).len();
    let up = alarms::list(scene, asker);
    let attention = match unwell {
        0 => None,
        1 => Some("1 point needs attention".to_owned()),
        n => Some(format!("{n} points need attention")),
    };
    let alarms = match up.len() {
        0 => None,
        1 => Some("1 alarm".to_owned()),
        n => Some(format!("{n} alarms")),
    };
    let health: Vec<String> = alarms.into_iter().chain(attention).collect();
    let health = if health.is_empty() { "all well".to_owned() } else { health.join(", ") };
    let mut lines = vec![format!("{}: {health}", scene.device.name())];
    lines.extend(up);
    match scene.automation.waiting_for_clock(scene.device) {
        0 => {}
        1 => lines.push("the time is not known yet; 1 rule by the clock must wait".to_owned()),
        n => lines.push(format!("the time is not known yet; {n} rules by the clock must wait")),
    }
    if scene.safe_mode {
        lines.push(SAFE_MODE.to_owned());
    } else if scene.automation.is_suspended() && scene.device.rules().next().is_some() {
        lines.push("rules are off".to_owned());
    }
    if scene.dropped > 0 {
        lines.push(format!("{} messages were lost while the server was out of reach", scene.dropped));
    }
    lines.extend(lost_edges(scene, &points));
    lines.extend(points.iter().take(MOST_LINES).map(|point| reading(scene, *point)));
    if points.len() > MOST_LINES {
        lines.push(format!("… and {} more; ask for one by its name", points.len() - MOST_LINES));
    }
    lines.join("\n")
}

/// Which lines were too fast for us.
fn lost_edges(scene: &Scene<'_>, points: &[PointId]) -> Vec<String> {
    let mut losses: Vec<_> = points
        .iter()
        .filter_map(|point| match point {
            PointId::Sensor(id) => scene.control.loss(*id).map(|(count, since)| (*point, count, since)),
            PointId::Actuator(_) => None,
        })
        .collect();
    let more = losses.split_off(losses.len().min(MOST_LOSSES));
    let mut lines: Vec<String> = losses
        .into_iter()
        .map(|(point, count, since)| {
            let since = scene.now.offset.to_datetime(since).strftime("%Y-%m-%d %H:%M");
            format!("{count} edges of {} came too fast and were lost since {since}", scene.label(point))
        })
        .collect();
    if !more.is_empty() {
        let count = more.iter().fold(0u64, |sum, (_, count, _)| sum.saturating_add(*count));
        lines.push(format!("… and {count} edges of {} more", more.len()));
    }
    lines
}

/// What became of a wish, in one line.
pub fn outcome(scene: &Scene<'_>, id: ActuatorId, result: &Result<Outcome, Refusal>) -> String {
    let actuator = scene.device.actuator(id);
    let label = &actuator.label.text;
    match result {
        Ok(Outcome::Done { reading, back_in }) => {
            let back = back_in.map_or_else(String::new, |time| self::back_in(scene, id, time));
            format!("{label}: {}{back}", reading.show(&actuator.kind))
        }
        Ok(Outcome::Differs { asked, reading }) => {
            let (is, asked) = (reading.show(&actuator.kind), actuator.kind.show(*asked));
            format!("{label} reads {is}, not {asked} as asked")
        }
        Ok(Outcome::Failed(fault)) => format!("{label}: fault: {fault}"),
        Ok(Outcome::NoConfirmation) => format!("{label}: no confirmation, it may or may not have moved"),
        Ok(Outcome::Overtaken) => format!("{label}: overtaken; something else was wanted before it arrived"),
        Err(refusal) => format!("{label}: {refusal}"),
    }
}

/// What a question is about: `Garage to open for 10m`.
pub fn wish(device: &Device, question: &Question) -> String {
    let actuator = device.actuator(question.actuator);
    let time = match question.wish {
        Wish::SetFor(_, time) | Wish::Pulse(time) => format!(" for {}", show_duration(time)),
        _ => String::new(),
    };
    format!("{} to {}{time}", actuator.label.text, actuator.kind.show(question.value))
}

/// The question to whoever asked.
pub fn numbered_question(what: &str, number: u16) -> String {
    let time = show_duration(ANSWER_WITHIN);
    format!("Really set {what}? Answer {number} within {time}; no leaves it as it is.")
}

/// The question in a form.
pub fn question(what: &str) -> String {
    format!("Really set {what}? Confirm within {}.", show_duration(ANSWER_WITHIN))
}

/// The question to somebody else.
pub fn second_question(asker: &BareJid, what: &str, number: u16) -> String {
    let time = show_duration(ANSWER_WITHIN);
    format!("{asker} wants to set {what}. Answer {number} within {time} to allow it, or no.")
}

/// What whoever asked hears meanwhile.
pub fn asked_others(what: &str, others: usize) -> String {
    let people = if others == 1 { "one other person".to_owned() } else { format!("{others} others") };
    format!("A second person must confirm {what} within {}; I have asked {people}.", show_duration(ANSWER_WITHIN))
}

/// The answer to whoever has ended safe mode.
pub const SAFE_MODE_OVER: &str = "Safe mode is over; rules are on again.";
/// There is nothing to say yes or no to.
pub const NO_QUESTION: &str = "There is nothing to confirm.";

/// Did it go as asked?
pub fn went_well(result: &Result<Outcome, Refusal>) -> bool {
    matches!(result, Ok(Outcome::Done { .. }))
}
