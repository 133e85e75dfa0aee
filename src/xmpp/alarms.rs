//! Alarms in words: what is told when one comes, goes or is seen, and the list of those that are up.

use std::time::Duration;

use jid::BareJid;
use jiff::Timestamp;

use super::{Scene, words};
use crate::control::{AlarmEvent, Asker, Raised};
use crate::model::{Alarm, AlarmId, PointId, Priority, Role, show_duration};

/// Shown at the head of a presence line; the rest is a number.
const SHOWN: usize = 3;

/// Who is told of what happens to an alarm, besides whoever did it.
pub fn listeners<'a>(scene: &Scene<'a>, id: AlarmId, event: &AlarmEvent) -> Vec<Asker<'a>> {
    let alarm = scene.device.alarm(id);
    let by = if let AlarmEvent::Acknowledged(by) = event { Some(by) } else { None };
    let wants = |asker: &Asker<'_>| asker.contact().alarms && asker.may_read(alarm.point) && Some(asker.jid()) != by;
    let all = scene.device.listeners().map(|(id, _)| Asker::of(scene.device, id));
    if alarm.priority == Priority::Low { Vec::new() } else { all.filter(wants).collect() }
}

/// What a contact is told. Who may do something about it learns how.
pub fn told(scene: &Scene<'_>, asker: Asker<'_>, id: AlarmId, event: &AlarmEvent) -> String {
    let alarm = scene.device.alarm(id);
    let how = if asker.role() >= Role::Operator {
        format!(" (ack {} when you have seen it)", alarm.name)
    } else {
        String::new()
    };
    match event {
        AlarmEvent::Raised => format!("ALARM {}{how}", text(scene, alarm)),
        AlarmEvent::Repeated => {
            let since = scene.alarms().raised(id).map(|raised| clock(scene, raised)).unwrap_or_default();
            format!("STILL ALARM since {since}: {}{how}", text(scene, alarm))
        }
        AlarmEvent::Cleared(time) => over(scene, alarm, *time),
        AlarmEvent::Acknowledged(by) => format!("The alarm “{}” was acknowledged by {by}", alarm.name),
    }
}

/// The line for the log.
pub fn logged(scene: &Scene<'_>, id: AlarmId, event: &AlarmEvent) -> String {
    let alarm = scene.device.alarm(id);
    match event {
        AlarmEvent::Raised => format!("alarm {} ({}): {}", alarm.name, alarm.priority.name(), text(scene, alarm)),
        AlarmEvent::Repeated => format!("alarm {}: still up, and nobody has acknowledged it", alarm.name),
        AlarmEvent::Cleared(time) => format!("alarm {}: {}", alarm.name, over(scene, alarm, *time)),
        AlarmEvent::Acknowledged(by) => format!("alarm {}: acknowledged by {by}", alarm.name),
    }
}

/// Those that are up and that the asker may know of, a line each.
pub fn list(scene: &Scene<'_>, asker: Asker<'_>) -> Vec<String> {
    let line = |(_, alarm, raised): (AlarmId, &Alarm, &Raised)| {
        let mut line = format!("{}{}, since {}", mark(alarm, raised), text(scene, alarm), clock(scene, raised));
        if let Some((by, at)) = &raised.seen {
            let by = if asker.is_guest() { String::new() } else { named(scene, by) };
            line += &format!(" (seen{by} at {})", hour(scene, *at));
        } else if asker.role() >= Role::Operator {
            line += &format!(" (ack {})", alarm.name);
        }
        line
    };
    up(scene, asker).into_iter().map(line).collect()
}

/// The same for the head of a presence line, for whoever may read these points.
pub fn brief(scene: &Scene<'_>, visible: impl Fn(PointId) -> bool) -> Vec<String> {
    let up = scene.alarms().up(scene.device);
    let up: Vec<_> = up.into_iter().filter(|(_, alarm, _)| visible(alarm.point)).collect();
    let line = |(_, alarm, raised): &(AlarmId, &Alarm, &Raised)| {
        let label = scene.label(alarm.point);
        let what = alarm.trigger.words(scene.device.kind(alarm.point));
        let text = alarm.say.clone().unwrap_or_else(|| format!("{label} {what}"));
        format!("{}{text}", mark(alarm, raised))
    };
    let mut lines: Vec<String> = up.iter().take(SHOWN).map(line).collect();
    if up.len() > SHOWN {
        lines.push(format!("{} more alarms", up.len() - SHOWN));
    }
    lines
}

/// Is there one that nobody has acknowledged, among the points somebody may read?
pub fn is_alarming(scene: &Scene<'_>, visible: impl Fn(PointId) -> bool) -> bool {
    let open = |alarm: &Alarm, raised: &Raised| raised.seen.is_none() && alarm.priority > Priority::Low;
    let mut up = scene.device.alarms().filter_map(|(id, alarm)| Some((alarm, scene.alarms().raised(id)?)));
    up.any(|(alarm, raised)| open(alarm, raised) && visible(alarm.point))
}

/// Those the asker could acknowledge now.
pub fn open(scene: &Scene<'_>, asker: Asker<'_>) -> Vec<AlarmId> {
    up(scene, asker).into_iter().filter(|(.., raised)| raised.seen.is_none()).map(|(id, ..)| id).collect()
}

/// What became of the wish to acknowledge these; `done` are those it was new for.
pub fn acknowledged(scene: &Scene<'_>, ids: &[AlarmId], done: &[AlarmId]) -> String {
    let name = |id: &AlarmId| format!("“{}”", scene.device.alarm(*id).name);
    let names = |ids: &[AlarmId]| ids.iter().map(name).collect::<Vec<_>>().join(", ");
    if !done.is_empty() {
        let noted = if done.len() == 1 { "The alarm" } else { "The alarms" };
        return format!("{noted} {} will not be told again.", names(done));
    }
    let seen = ids.iter().find_map(|id| Some((id, scene.alarms().raised(*id)?.seen.as_ref()?)));
    match (seen, ids) {
        (Some((id, (by, at))), _) => {
            format!("The alarm {} was acknowledged{} at {}.", name(id), named(scene, by), hour(scene, *at))
        }
        (None, [only]) => format!("The alarm {} is not up.", name(only)),
        (None, _) => "No alarm is up.".to_owned(),
    }
}

fn up<'a>(scene: &Scene<'a>, asker: Asker<'_>) -> Vec<(AlarmId, &'a Alarm, &'a Raised)> {
    let mut up = scene.alarms().up(scene.device);
    up.retain(|(_, alarm, _)| asker.may_read(alarm.point));
    up
}

/// `ALARM ` while somebody should do something.
fn mark(alarm: &Alarm, raised: &Raised) -> &'static str {
    if raised.seen.is_none() && alarm.priority > Priority::Low { "ALARM " } else { "" }
}

/// `Air: 36.0 °C, above 35.0 °C for 1m: The greenhouse is too hot`
fn text(scene: &Scene<'_>, alarm: &Alarm) -> String {
    let mut text = words::reading(scene, alarm.point);
    let what = alarm.trigger.words(scene.device.kind(alarm.point));
    if !text.ends_with(&what) {
        text += &format!(", {what}");
    }
    if !alarm.lasts.is_zero() {
        text += &format!(" for {}", show_duration(alarm.lasts));
    }
    match &alarm.say {
        Some(say) => format!("{say}: {text}"),
        None => text,
    }
}

fn over(scene: &Scene<'_>, alarm: &Alarm, time: Duration) -> String {
    let after = if time < Duration::from_secs(1) { String::new() } else { format!(" after {}", show_duration(time)) };
    format!("Over{after}: {}", words::reading(scene, alarm.point))
}

/// Who did it. Who is no contact any more is nobody's business: before everybody it could not be called by a nick.
fn named(scene: &Scene<'_>, by: &BareJid) -> String {
    scene.device.contact_of(by).map_or_else(String::new, |_| format!(" by {by}"))
}

fn hour(scene: &Scene<'_>, at: Timestamp) -> String {
    scene.now.offset.to_datetime(at).strftime("%H:%M").to_string()
}

fn clock(scene: &Scene<'_>, raised: &Raised) -> String {
    scene.now.offset.to_datetime(raised.at).strftime("%d %H:%M").to_string()
}

/// Whom a rule's words go to, if the rule does not say: who is told of alarms and may know what made the rule act.
pub fn hearers(scene: &Scene<'_>, rule: &str) -> Vec<BareJid> {
    let all = scene.device.listeners().map(|(id, _)| Asker::of(scene.device, id));
    let hears = |asker: &Asker<'_>| asker.contact().alarms && crate::control::may_know_why(*asker, rule);
    all.filter(hears).map(|asker| asker.jid().clone()).collect()
}
