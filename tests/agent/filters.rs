//! Filters and gestures as people and operators meet them: from a driver's report to a line in the chat.

use std::time::Duration;

use katydid::agent::Input;
use katydid::model::{Fault, Quality, Value};

use crate::talk::{GREENHOUSE, Talk, device};

const ANNA: &str = "anna@home.example";
const CAROL: &str = "carol@home.example";

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// The greenhouse with these filters on its air, and anna told of it.
fn with_air(filters: &str) -> Talk {
    let text = GREENHOUSE
        .replace("every = \"30s\"", &format!("every = \"30s\"\nfilters = {filters}"))
        .replace("role = \"owner\"", "role = \"owner\"\nnotify = [\"air\"]");
    let mut talk = Talk::offline(&text);
    talk.settle();
    talk.online();
    talk.sent();
    talk
}

/// The greenhouse with these lines for its door.
fn with_door(lines: &str) -> Talk {
    let text =
        GREENHOUSE.replace("states = [\"closed\", \"open\"]", &format!("states = [\"closed\", \"open\"]\n{lines}"));
    let mut talk = Talk::offline(&text);
    talk.settle();
    talk.online();
    talk.sent();
    talk.logged();
    talk
}

impl Talk {
    fn air(&mut self, number: f64) {
        self.report("air", Ok(Value::Number(number)));
    }

    fn door(&mut self, open: bool) {
        self.report("door", Ok(Value::Switch(open)));
    }

    fn quality(&self, point: &str) -> Quality {
        let point = self.agent.device().point_named(point).unwrap();
        self.agent.control().reading(point).quality.clone()
    }

    /// Two edges.
    fn click(&mut self) {
        self.door(true);
        self.pass(millis(100));
        self.door(false);
        self.pass(millis(100));
    }
}

#[test]
fn a_sensor_that_says_only_what_is_rejected_goes_stale_and_comes_back() {
    let mut talk = with_air("[{ reject_outside = [-40, 85] }]");
    for _ in 0..5 {
        talk.pass(seconds(30));
        talk.air(127.0);
    }
    assert_eq!(talk.quality("air"), Quality::Stale(Value::Number(20.0)));
    talk.air(21.0);
    assert_eq!(talk.quality("air"), Quality::Good(Value::Number(21.0)));
}

#[test]
fn a_sensor_whose_quiet_samples_are_swallowed_stays_well() {
    let mut talk = with_air("[{ reject_outside = [-40, 85] }, { delta = 1.0 }]");
    talk.air(127.0);
    for _ in 0..20 {
        talk.pass(seconds(30));
        talk.air(20.1);
    }
    assert_eq!(talk.quality("air"), Quality::Good(Value::Number(20.0)));
}

#[test]
fn what_is_rejected_behind_an_average_makes_stale_too() {
    let mut talk = with_air("[{ throttle_average = \"1m\" }, { reject_outside = [-40, 85] }]");
    talk.pass(seconds(60));
    assert_eq!(talk.quality("air"), Quality::Good(Value::Number(20.0)));
    for _ in 0..10 {
        talk.pass(seconds(30));
        talk.air(127.0);
    }
    assert_eq!(talk.quality("air"), Quality::Stale(Value::Number(20.0)));
}

#[test]
fn a_sensor_that_never_said_anything_believable_is_a_fault() {
    let text = GREENHOUSE.replace("every = \"30s\"", "every = \"30s\"\nfilters = [{ reject_outside = [-40, 85] }]");
    let mut talk = Talk::offline(&text);
    for _ in 0..5 {
        talk.air(127.0);
        assert!(!matches!(talk.quality("air"), Quality::Good(_)));
        talk.pass(seconds(30));
    }
    assert_eq!(talk.quality("air"), Quality::Fault(Fault::new("says only what its filters reject")));
    talk.air(20.0);
    assert_eq!(talk.quality("air"), Quality::Good(Value::Number(20.0)));
}

#[test]
fn a_timeout_makes_an_input_stale_that_nobody_asks() {
    let mut talk = with_door("filters = [{ timeout = \"10m\" }]");
    talk.pass(seconds(599));
    assert_eq!(talk.quality("door"), Quality::Good(Value::Switch(false)));
    talk.pass(seconds(1));
    assert_eq!(talk.quality("door"), Quality::Stale(Value::Switch(false)));
    talk.door(false);
    assert_eq!(talk.quality("door"), Quality::Good(Value::Switch(false)));
}

#[test]
fn a_door_counts_as_open_only_when_it_has_been_for_a_while() {
    let mut talk = with_door("filters = [{ delayed_on = \"5s\" }]");
    talk.door(true);
    talk.pass(seconds(4));
    talk.door(false);
    talk.pass(seconds(60));
    assert_eq!(talk.heard(), Vec::<String>::new());
    talk.door(true);
    talk.pass(seconds(5));
    assert_eq!(talk.heard(), ["carol@home.example: Front door: open"]);
}

#[test]
fn a_value_that_is_held_survives_a_reload_that_leaves_its_filters() {
    let lines = "filters = [{ delayed_on = \"5s\" }]";
    let mut talk = with_door(lines);
    talk.door(true);
    talk.pass(seconds(2));
    let text =
        GREENHOUSE.replace("states = [\"closed\", \"open\"]", &format!("states = [\"closed\", \"open\"]\n{lines}"));
    talk.feed(Input::Reload(Box::new(device(&text.replace("label = \"Air\"", "label = \"Warmth\"")))));
    talk.pass(seconds(3));
    assert_eq!(talk.quality("door"), Quality::Good(Value::Switch(true)));
}

#[test]
fn an_input_whose_filters_a_reload_changes_is_read_anew() {
    let mut talk = with_door("");
    talk.feed(Input::Reload(Box::new(device(
        &GREENHOUSE
            .replace("states = [\"closed\", \"open\"]", "states = [\"closed\", \"open\"]\nfilters = [\"invert\"]"),
    ))));
    assert_eq!(talk.quality("door"), Quality::Unknown, "the old reading may be the wrong way round");
    talk.door(false);
    assert_eq!(talk.quality("door"), Quality::Good(Value::Switch(true)));
}

#[test]
fn what_was_due_before_a_sample_comes_before_it_however_late_the_clock_is_looked_at() {
    let mut talk = with_door("filters = [{ delayed_on = \"5s\" }]\ngestures = { clicks = 1 }");
    talk.door(true);
    talk.sleep(seconds(6));
    talk.door(false);
    assert_eq!(talk.heard(), ["carol@home.example: Front door: click"]);
    assert_eq!(talk.quality("door"), Quality::Good(Value::Switch(false)));
}

#[test]
fn a_fault_ends_what_was_held() {
    let mut talk = with_door("filters = [{ delayed_on = \"5s\" }]");
    talk.door(true);
    talk.report("door", Err(Fault::new("unplugged")));
    talk.pass(seconds(60));
    assert_eq!(talk.quality("door"), Quality::Fault(Fault::new("unplugged")));
}

#[test]
fn a_heartbeat_is_told_to_who_wants_the_point_and_ends_with_the_sensor() {
    let mut talk = with_air("[{ delta = 0.5 }, { heartbeat = \"1m\" }]");
    for _ in 0..4 {
        talk.pass(seconds(30));
        talk.air(20.1);
    }
    assert_eq!(talk.heard(), ["anna@home.example: Air: 20.0 °C", "anna@home.example: Air: 20.0 °C"]);
    talk.report("air", Err(Fault::new("unplugged")));
    talk.pass(seconds(600));
    assert_eq!(talk.heard(), ["anna@home.example: Air: fault: unplugged"]);
}

#[test]
fn words_made_of_a_number_are_read_and_told_as_words() {
    let text = GREENHOUSE
        .replace(
            "unit = \"°C\"\nevery = \"30s\"",
            "filters = [{ map = [[0, \"dry\"], [40, \"moist\"], [80, \"wet\"]] }]",
        )
        .replace("role = \"owner\"", "role = \"owner\"\nnotify = [\"air\"]");
    let mut talk = Talk::offline(&text);
    talk.settle();
    talk.online();
    talk.sent();
    assert_eq!(talk.ask(ANNA, "air"), "Air: dry");
    talk.air(80.0);
    assert_eq!(talk.heard(), ["anna@home.example: Air: wet"]);
    assert_eq!(talk.quality("air"), Quality::Good(Value::Choice(2)));
}

#[test]
fn what_is_done_with_a_button_is_told_instead_of_its_edges() {
    let mut talk = with_door("gestures = {}");
    talk.click();
    talk.pass(seconds(1));
    assert_eq!(talk.heard(), ["carol@home.example: Front door: click"]);
    talk.click();
    talk.click();
    talk.pass(seconds(1));
    assert_eq!(talk.heard(), ["carol@home.example: Front door: double-click"]);
    talk.logged();
    talk.door(true);
    talk.pass(millis(800));
    assert_eq!(talk.heard(), ["carol@home.example: Front door: long-press"]);
    assert_eq!(talk.logged_aloud(), ["Front door: open", "Front door: long-press"]);
    talk.door(false);
    talk.pass(seconds(1));
    assert_eq!(talk.heard(), Vec::<String>::new());
    talk.report("door", Err(Fault::new("unplugged")));
    assert_eq!(talk.heard(), ["carol@home.example: Front door: fault: unplugged"]);
}

#[test]
fn a_gesture_is_told_only_to_who_may_read_the_button() {
    let text = GREENHOUSE
        .replace("states = [\"closed\", \"open\"]", "gestures = { clicks = 1 }")
        .replace("role = \"viewer\"", "role = \"viewer\"\npoints = [\"air\"]\nnotify = \"all\"");
    let mut talk = Talk::offline(&text);
    talk.settle();
    talk.online();
    talk.sent();
    talk.click();
    assert_eq!(talk.heard(), [format!("{CAROL}: Front door: click")]);
}

#[test]
fn a_loose_wire_on_a_button_does_not_flood_the_chat() {
    let mut talk = with_door("gestures = { clicks = 1 }");
    for _ in 0..300 {
        talk.click();
    }
    assert!(talk.heard().len() <= 41, "a minute's worth at once, and one every three seconds");
    assert!(talk.logged_aloud().len() <= 125);
}

#[test]
fn gestures_see_what_the_filters_let_through() {
    let mut talk = with_door("filters = [\"invert\", { settle = \"50ms\" }]\ngestures = { clicks = 1 }");
    for (pause, closed) in [(0, true), (200, false), (5, true), (5, false), (200, true), (5, false), (5, true)] {
        talk.pass(millis(pause));
        talk.door(closed);
    }
    talk.pass(seconds(1));
    assert_eq!(talk.heard(), ["carol@home.example: Front door: click"]);
}
