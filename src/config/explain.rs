//! What `katydid check --explain` adds: every alarm and every rule in words.

use std::fmt::Write;

use crate::model::Device;

/// Alarms and rules, a paragraph each; a line for none.
pub fn explain_text(device: &Device) -> String {
    let mut text = String::from("\nalarms\n");
    for (_, alarm) in device.alarms() {
        let _ = writeln!(text, "  {}: {}", alarm.name, device.explain_alarm(alarm));
    }
    if device.alarms().next().is_none() {
        text.push_str("  none\n");
    }
    text.push_str("\nrules\n");
    for (_, rule) in device.rules() {
        let _ = writeln!(text, "  {}: {}", rule.name, device.explain_rule(rule));
    }
    if device.rules().next().is_none() {
        text.push_str("  none\n");
    }
    if device.rules().any(|(_, rule)| rule.conditions.iter().any(|condition| condition.test.needs_clock())) {
        let zone = device.zone().iana_name().unwrap_or("as configured");
        let _ =
            writeln!(text, "\nTimes of day are in the time zone {zone}; until the time is known they are waited for.");
    }
    text
}
