//! Alarms and rules in words, for people: the same in `katydid check --explain`, in the log and in chat.

use super::{Action, Alarm, Condition, Device, Mode, PointId, Priority, Rule, Test, Trigger, show_duration};

impl Device {
    /// An alarm as a sentence.
    pub fn explain_alarm(&self, alarm: &Alarm) -> String {
        let kind = self.kind(alarm.point);
        let label = &self.label(alarm.point).text;
        let lasts = lasting(alarm.lasts);
        let mut text =
            format!("When {label} is {}{lasts}, the alarm “{}” is raised", alarm.trigger.words(kind), alarm.name);
        text += match alarm.priority {
            Priority::Low => " and shown to whoever looks",
            Priority::Normal => " and told",
            Priority::High => " and told before others",
        };
        if let Some(say) = &alarm.say {
            text += &format!(" as “{say}”");
        }
        if let Some(repeat) = alarm.repeat {
            text += &format!(", again every {} until somebody acknowledges it", show_duration(repeat));
        }
        match alarm.trigger.end_words(kind) {
            Some(end) => text += &format!("; it is over when {label} is {end}."),
            None => text += "; it is over when that is over.",
        }
        text
    }

    /// A rule as one or two sentences.
    pub fn explain_rule(&self, rule: &Rule) -> String {
        let (states, moments): (Vec<&Condition>, Vec<&Condition>) =
            rule.conditions.iter().partition(|condition| !condition.test.is_moment());
        let list = |conditions: &[&Condition], word: &str| {
            conditions.iter().map(|condition| self.phrase(condition)).collect::<Vec<_>>().join(word)
        };
        let mut text = match (rule.mode, states.as_slice(), moments.as_slice()) {
            (Mode::All, states, []) => format!("When {}", list(states, " and ")),
            (Mode::All, [], moments) => capital(&list(moments, " and ")),
            (Mode::All, states, moments) => {
                format!("{}, if {}", capital(&list(moments, " and ")), list(states, " and "))
            }
            (Mode::Any, states, []) => format!("When {}", list(states, " or ")),
            (Mode::Any, [], moments) => capital(&list(moments, ", and ")),
            (Mode::Any, states, moments) => {
                format!("{}, and when {}", capital(&list(moments, ", and ")), list(states, " or "))
            }
        };
        text += &format!(": {}.", self.actions(&rule.then));
        if !rule.otherwise.is_empty() {
            let begin = match (states.is_empty(), moments.is_empty(), rule.mode) {
                (false, false, Mode::All) => "If not",
                _ => "When that is over",
            };
            text += &format!(" {begin}: {}.", self.actions(&rule.otherwise));
        }
        text
    }

    /// A condition as it follows “when” or stands by itself.
    fn phrase(&self, condition: &Condition) -> String {
        let lasts = lasting(condition.lasts);
        match &condition.test {
            Test::Sensor(id, trigger) => {
                let sensor = self.sensor(*id);
                let end =
                    trigger.end_words(&sensor.kind).map(|end| format!(" (until it is {end})")).unwrap_or_default();
                format!("{} is {}{end}{lasts}", sensor.label.text, trigger.words(&sensor.kind))
            }
            Test::Alarm(alarms) => {
                let names: Vec<String> = alarms.iter().map(|id| format!("“{}”", self.alarm(*id).name)).collect();
                format!("the alarm {} is up{lasts}", names.join(" or "))
            }
            Test::Contact { contact, online } => {
                format!("{} is {}{lasts}", self.contact(*contact).jid, if *online { "online" } else { "gone" })
            }
            Test::Link { lost: true } => format!("the server is out of reach{lasts}"),
            Test::Link { lost: false } => format!("the server is within reach{lasts}"),
            Test::Within(window) => format!("it is {window}"),
            Test::At(times, days) => {
                let times: Vec<String> = times.iter().map(ToString::to_string).collect();
                let on = if *days == super::Days::ALL { String::new() } else { format!(" on {days}") };
                format!("at {}{on}", times.join(" and "))
            }
            Test::Gesture(id, gesture) => format!("on a {gesture} of {}", self.sensor(*id).label.text),
            Test::Every(time) => format!("every {}", show_duration(*time)),
        }
    }

    /// What a rule does, in words.
    pub fn actions(&self, actions: &[Action]) -> String {
        let one = |action: &Action| match action {
            Action::Set(id, value, time) => {
                let actuator = self.actuator(*id);
                format!("{} is set to {}{}", actuator.label.text, actuator.kind.show(*value), for_time(*time))
            }
            Action::Pulse(id, time) => {
                format!("{} is pulsed for {}", self.actuator(*id).label.text, show_duration(*time))
            }
            Action::Toggle(id) => format!("{} is toggled", self.actuator(*id).label.text),
            Action::Say(text, None) => format!("“{text}” is said to all who are told of alarms"),
            Action::Say(text, Some(to)) => {
                let to: Vec<String> = to.iter().map(|id| self.contact(*id).jid.to_string()).collect();
                format!("“{text}” is said to {}", to.join(" and "))
            }
        };
        actions.iter().map(one).collect::<Vec<_>>().join(", and ")
    }

    /// `above 35.0 °C`, of a point.
    pub fn trigger_words(&self, point: PointId, trigger: &Trigger) -> String {
        trigger.words(self.kind(point))
    }
}

fn lasting(time: std::time::Duration) -> String {
    for_time(Some(time).filter(|time| !time.is_zero()))
}

fn for_time(time: Option<std::time::Duration>) -> String {
    time.map(|time| format!(" for {}", show_duration(time))).unwrap_or_default()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
