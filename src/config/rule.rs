//! `[rules.NAME]`: `when`, what is done then, and `otherwise`.

use std::time::Duration;

use super::alarm::{self, lasting};
use super::nearest::hint;
use super::node::{Item, Table, clip, optional, seconds};
use super::schedule::{self, Ground};
use super::tree::Raw;
use super::{contact, kind, trigger};
use crate::model::{Action, Condition, Draft, Gesture, Mode, PointId, Rule, Test};

pub(super) const KEYS: &[&str] = &["when", "set", "pulse", "toggle", "say", "otherwise"];
pub(super) const OTHERWISE_KEYS: &[&str] = &["set", "pulse", "toggle", "say"];
pub(super) const WHEN_KEYS: &[&str] = &[
    "all", "any", "sensor", "above", "below", "outside", "equals", "stale", "fault", "clear", "alarm", "gesture",
    "contact", "link", "is", "at", "sun", "every", "between", "on", "for",
];
pub(super) const GESTURE_KEYS: &[&str] = &["sensor", "is"];
pub(super) const SET_KEYS: &[&str] = &["actuator", "to", "for"];
pub(super) const PULSE_KEYS: &[&str] = &["actuator", "for"];
pub(super) const SAY_KEYS: &[&str] = &["text", "to"];

/// What a condition may look at.
const TESTS: &[&str] = &["sensor", "alarm", "gesture", "contact", "link", "at", "sun", "every", "between"];
/// As many as fit the ids with room to spare.
const MOST: usize = 1024;
const MOST_CONDITIONS: usize = 16;
const MOST_ACTIONS: usize = 16;
/// A server that is away for less is not lost: every server restarts now and then.
const LINK_LASTS: Duration = seconds(60);
const PULSE: Duration = Duration::from_millis(500);
const SHORTEST: Duration = Duration::from_millis(10);

/// What rules may name.
pub(super) struct Scope<'a> {
    pub draft: &'a Draft<'a>,
    /// All names the config gives to points, also those of points with mistakes.
    pub names: &'a [&'a str],
    pub ground: Ground,
}

pub(super) fn read(rules: Option<Item<'_>>, scope: &Scope<'_>) -> Vec<Rule> {
    let Some(rules) = rules else { return Vec::new() };
    let Some(entries) = rules.entries() else { return Vec::new() };
    if entries.len() > MOST {
        rules.wrong(format!("more than {MOST} rules"));
        return Vec::new();
    }
    entries.iter().filter_map(|(name, item)| rule(name, item, scope)).collect()
}

fn rule(name: &str, item: &Item<'_>, scope: &Scope<'_>) -> Option<Rule> {
    check_name(name, item);
    let table = item.table(KEYS)?;
    let when = table.need("when", "what the rule looks at, like { sensor = “air”, above = 30 }");
    let when = when.and_then(|item| conditions(&item, scope));
    let then = actions(&table, scope);
    if then.as_ref().is_some_and(Vec::is_empty) {
        item.wrong("does nothing; add set, pulse, toggle or say");
    }
    let otherwise = optional(table.get("otherwise"), Vec::new(), |item| {
        let table = item.table(OTHERWISE_KEYS)?;
        let otherwise = actions(&table, scope)?;
        if otherwise.is_empty() {
            item.wrong("does nothing; add set, pulse, toggle or say");
        }
        if let Some((_, conditions)) = &when {
            check_otherwise(&item, conditions);
        }
        Some(otherwise)
    });
    let (mode, conditions) = when?;
    Some(Rule { name: name.to_owned(), mode, conditions, then: then?, otherwise: otherwise? })
}

fn conditions(item: &Item<'_>, scope: &Scope<'_>) -> Option<(Mode, Vec<Condition>)> {
    if let Raw::List(_) = item.raw() {
        item.wrong("say whether all must hold or any: { all = [ … ] } or { any = [ … ] }");
        return None;
    }
    let lists: Vec<_> = [("all", Mode::All), ("any", Mode::Any)]
        .into_iter()
        .filter_map(|(key, mode)| item.find(key).map(|list| (list, mode)))
        .collect();
    let Some((list, mode)) = lists.first() else {
        return condition(item, scope).map(|condition| (Mode::All, vec![condition]));
    };
    let others: Vec<_> = item.entries()?.into_iter().filter(|(_, other)| other.path != list.path).collect();
    for (_, other) in &others {
        other.wrong("must be inside the list: `all` or `any` stands alone in `when`");
    }
    let items = list.list()?;
    if items.is_empty() || items.len() > MOST_CONDITIONS {
        list.wrong(format!("must be 1 to {MOST_CONDITIONS} conditions"));
        return None;
    }
    let conditions: Vec<_> = items.iter().map(|item| condition(item, scope)).collect();
    let conditions = conditions.into_iter().collect::<Option<Vec<_>>>()?;
    if *mode == Mode::All && conditions.iter().filter(|condition| condition.test.is_moment()).count() > 1 {
        list.wrong("two moments never come together; write { any = [ … ] }, or a rule for each");
        return None;
    }
    others.is_empty().then_some((*mode, conditions))
}

fn condition(item: &Item<'_>, scope: &Scope<'_>) -> Option<Condition> {
    for key in ["all", "any"] {
        if let Some(list) = item.find(key) {
            list.wrong("lists of conditions are one deep; write a rule of its own for this");
            return None;
        }
    }
    let table = item.table(WHEN_KEYS)?;
    let days_alone = table.has("on") && !TESTS.iter().any(|key| table.has(key));
    let found = if days_alone { None } else { Some(table.one_of(TESTS, "condition")?) };
    let mut lasts = Duration::ZERO;
    let test = match &found {
        None => schedule::window(None, &table, &scope.ground),
        Some(("between", item)) => schedule::window(Some(item), &table, &scope.ground),
        Some((key @ ("at" | "sun"), item)) => schedule::moments(key, item, &table, &scope.ground),
        Some(("every", item)) => schedule::every(item).map(Test::Every),
        Some(("gesture", item)) => gesture(item, scope),
        Some((key, item)) => {
            let test = match *key {
                "sensor" => sensor(item, &table, scope),
                "alarm" => alarms(item, scope),
                "contact" => person(item, &table, scope),
                _ => {
                    lasts = LINK_LASTS;
                    let word = item.word(&[("lost", true), ("up", false)]);
                    word.map(|lost| Test::Link { lost })
                }
            };
            lasts = optional(table.get("for"), lasts, |item| lasting(&item))?;
            test
        }
    };
    let what = match &found {
        None => "days of the week",
        Some(("sensor", _)) => "a sensor",
        Some(("alarm", _)) => "an alarm",
        Some(("gesture", _)) => "a gesture",
        Some(("contact", _)) => "a contact",
        Some(("link", _)) => "the link",
        Some(("between", _)) => "a part of the day",
        Some(("every", _)) => "a timer",
        Some(_) => "a time of day",
    };
    table.finish(what);
    Some(Condition { test: test?, lasts })
}

fn sensor(item: &Item<'_>, table: &Table<'_>, scope: &Scope<'_>) -> Option<Test> {
    let found = sensor_named(item, scope);
    let Some((id, sensor)) = found else {
        // What is written beside it cannot be judged, but it belongs here.
        trigger::KEYS.iter().chain(&["clear"]).for_each(|key| drop(table.get(key)));
        return None;
    };
    trigger::read(table, &sensor.kind, sensor.every.is_some()).map(|trigger| Test::Sensor(id, trigger))
}

fn sensor_named<'s>(
    item: &Item<'_>,
    scope: &'s Scope<'_>,
) -> Option<(crate::model::SensorId, &'s crate::model::Sensor)> {
    let name = item.text()?;
    let found = scope.draft.sensor(name);
    if scope.draft.actuator(name).is_some() {
        item.wrong(format!("“{name}” is an actuator: rules look at sensors, so that they cannot set themselves off"));
    } else if found.is_none() && !scope.names.contains(&name) {
        let sensors = scope.draft.sensors.iter().map(|sensor| sensor.label.name.as_str());
        item.wrong(format!("there is no sensor “{}”{}", clip(name), hint(name, sensors)));
    }
    found
}

fn alarms(item: &Item<'_>, scope: &Scope<'_>) -> Option<Test> {
    let found = alarm::named(item, scope.draft)?;
    if found.iter().any(|(_, alarm)| matches!(alarm.point, PointId::Actuator(_))) {
        item.wrong("is an alarm of an actuator: rules look at sensors, so that they cannot set themselves off");
        return None;
    }
    Some(Test::Alarm(found.into_iter().map(|(id, _)| id).collect()))
}

fn gesture(item: &Item<'_>, scope: &Scope<'_>) -> Option<Test> {
    let table = item.table(GESTURE_KEYS)?;
    let button = table.need("sensor", "the button, by name");
    let words = Gesture::ALL.map(|gesture| (gesture.name(), gesture));
    let is = table.need("is", "the gesture, like “click”").and_then(|item| item.word(&words));
    let button = button?;
    let (id, sensor) = sensor_named(&button, scope)?;
    let is = is?;
    let Some(gestures) = sensor.gestures else {
        button.wrong("tells no gestures; add `gestures` to this sensor");
        return None;
    };
    let clicks = match is {
        Gesture::DoubleClick => 2,
        Gesture::TripleClick => 3,
        _ => 1,
    };
    if clicks > gestures.clicks {
        item.wrong(format!("this sensor counts up to {} clicks in a row; see its `gestures`", gestures.clicks));
        return None;
    }
    Some(Test::Gesture(id, is))
}

fn person(item: &Item<'_>, table: &Table<'_>, scope: &Scope<'_>) -> Option<Test> {
    let jid = contact::bare(item);
    let is = table.need("is", "“online” or “gone”");
    let online = is.and_then(|item| item.word(&[("online", true), ("gone", false)]));
    let contact = contact_named(item, &jid?, scope);
    Some(Test::Contact { contact: contact?, online: online? })
}

fn contact_named(item: &Item<'_>, jid: &jid::BareJid, scope: &Scope<'_>) -> Option<crate::model::ContactId> {
    let found = scope.draft.contact(jid);
    if found.is_none() {
        let known = scope.draft.contacts.iter().map(|jid| jid.as_str());
        item.wrong(format!("{jid} is not among the contacts{}", hint(jid.as_str(), known)));
    }
    found
}

fn actions(table: &Table<'_>, scope: &Scope<'_>) -> Option<Vec<Action>> {
    let mut actions = Vec::new();
    let mut read = |key: &'static str, read: &dyn Fn(&Item<'_>) -> Option<Action>| {
        for item in table.get(key).and_then(|item| item.one_or_many()).unwrap_or_default() {
            actions.push(read(&item));
        }
    };
    read("set", &|item| set(item, scope));
    read("pulse", &|item| pulse(item, scope));
    read("toggle", &|item| {
        let (id, actuator) = actuator_named(item, scope)?;
        check_switch(item, &actuator.kind, "toggles")?;
        check_confirm(item, actuator)?;
        Some(Action::Toggle(id))
    });
    read("say", &|item| say(item, scope));
    if actions.len() > MOST_ACTIONS {
        table.item.wrong(format!("more than {MOST_ACTIONS} actions"));
        return None;
    }
    actions.into_iter().collect()
}

fn set(item: &Item<'_>, scope: &Scope<'_>) -> Option<Action> {
    let table = item.table(SET_KEYS)?;
    let actuator = table.need("actuator", "what is set, by name").and_then(|item| actuator_named(&item, scope));
    let to = table.need("to", "the value it is set to");
    let time = table.get("for");
    let (id, actuator) = actuator?;
    let value = to.and_then(|to| kind::value(&to, &actuator.kind));
    if value.is_some_and(|value| value != actuator.safe) {
        check_confirm(item, actuator)?;
    }
    let time = optional(time, None, |item| {
        let time = item.duration(SHORTEST..=seconds(365 * 86400))?;
        if value == Some(actuator.safe) {
            let safe = actuator.kind.show(actuator.safe);
            item.wrong(format!("{safe} is its safe value, in which a time ends anyway; remove `for`"));
            return None;
        }
        check_time(&item, time, actuator.max_on).map(|()| Some(time))
    });
    Some(Action::Set(id, value?, time?))
}

fn pulse(item: &Item<'_>, scope: &Scope<'_>) -> Option<Action> {
    let table = item.table(PULSE_KEYS)?;
    let name = table.need("actuator", "what is pulsed, by name");
    let time = table.get("for");
    let name = name?;
    let (id, actuator) = actuator_named(&name, scope)?;
    check_switch(&name, &actuator.kind, "pulses")?;
    check_confirm(&name, actuator)?;
    let time = optional(time, PULSE, |item| {
        let time = item.duration(SHORTEST..=seconds(365 * 86400))?;
        check_time(&item, time, actuator.max_on).map(|()| time)
    });
    Some(Action::Pulse(id, time?))
}

fn say(item: &Item<'_>, scope: &Scope<'_>) -> Option<Action> {
    if !matches!(item.raw(), Raw::Table(_)) {
        return alarm::text(item).map(|text| Action::Say(text, None));
    }
    let table = item.table(SAY_KEYS)?;
    let text = table.need("text", "what is said").and_then(|item| alarm::text(&item));
    let to = optional(table.get("to"), None, |item| {
        let jids = item.one_or_many()?;
        let ids: Vec<_> = jids.iter().map(|item| contact_named(item, &contact::bare(item)?, scope)).collect();
        ids.into_iter().collect::<Option<Vec<_>>>().map(Some)
    });
    if let Some(Some(to)) = &to
        && to.is_empty()
    {
        item.wrong("is said to nobody; leave `to` out for all who are told of alarms");
    }
    Some(Action::Say(text?, to?))
}

fn actuator_named<'s>(
    item: &Item<'_>,
    scope: &'s Scope<'_>,
) -> Option<(crate::model::ActuatorId, &'s crate::model::Actuator)> {
    let name = item.text()?;
    let found = scope.draft.actuator(name);
    if scope.draft.sensor(name).is_some() {
        item.wrong(format!("“{name}” is a sensor, which cannot be set"));
    } else if found.is_none() && !scope.names.contains(&name) {
        let actuators = scope.draft.actuators.iter().map(|actuator| actuator.label.name.as_str());
        item.wrong(format!("there is no actuator “{}”{}", clip(name), hint(name, actuators)));
    }
    found
}

fn check_switch(item: &Item<'_>, kind: &crate::model::Kind, verb: &str) -> Option<()> {
    let switch = matches!(kind, crate::model::Kind::Switch { .. });
    if !switch {
        item.wrong(format!("only something with two states {verb}; use set"));
    }
    switch.then_some(())
}

/// Catches a wish that would be refused each time: rules cannot answer questions.
fn check_confirm(item: &Item<'_>, actuator: &crate::model::Actuator) -> Option<()> {
    let free = actuator.guard.confirm.is_none();
    if !free {
        item.wrong("asks a person before it goes on (`confirm`), and a rule is none");
    }
    free.then_some(())
}

/// Catches a time that would be refused each time.
fn check_time(item: &Item<'_>, time: Duration, max: Option<Duration>) -> Option<()> {
    let fits = max.is_none_or(|max| time <= max);
    if !fits {
        item.wrong("is longer than the actuator's `max_on` allows");
    }
    fits.then_some(())
}

/// Catches an end that never comes.
fn check_otherwise(item: &Item<'_>, conditions: &[Condition]) {
    if conditions.iter().all(|condition| condition.test.is_moment()) {
        item.wrong("never happens: what the rule looks at are moments, which do not end");
    }
}

/// Catches names that cannot be shown or typed.
fn check_name(name: &str, item: &Item<'_>) {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    if name.is_empty() || name.len() > 32 || !name.bytes().all(fits) {
        item.wrong("a rule's name is 1 to 32 of a-z, 0-9, _ and -");
    }
}
