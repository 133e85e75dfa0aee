//! Deadlines, the lost link, faults and reloads.

use std::time::Duration;

use katydid::agent::Input;
use katydid::model::{Fault, Value};

use crate::talk::{GREENHOUSE, Talk, device};

const ANNA: &str = "anna@home.example";

fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

/// The greenhouse with another line for its pump.
fn with(key: &str) -> String {
    GREENHOUSE.replace("max_on = \"1h\"", &format!("max_on = \"1h\"\n{key}"))
}

#[test]
fn a_timed_command_ends_in_the_safe_value() {
    let mut talk = Talk::begin();
    talk.ask_quietly(ANNA, "pump on 10m");
    talk.pass(minutes(10) - Duration::from_millis(1));
    assert_eq!(talk.moved(), Vec::<String>::new());
    talk.pass(Duration::from_millis(1));
    assert_eq!(talk.moved(), ["pump off"]);
}

#[test]
fn a_new_command_replaces_the_end_of_the_one_before() {
    let mut talk = Talk::begin();
    talk.ask_quietly(ANNA, "pump on 10m");
    talk.pass(minutes(9));
    talk.ask_quietly(ANNA, "pump on 30m");
    talk.pass(minutes(29));
    assert_eq!(talk.moved(), Vec::<String>::new());
    talk.pass(minutes(1));
    assert_eq!(talk.moved(), ["pump off"]);
}

#[test]
fn off_ends_the_time_too() {
    let mut talk = Talk::begin();
    talk.ask_quietly(ANNA, "pump on 10m");
    talk.ask_quietly(ANNA, "pump off");
    talk.pass(minutes(60));
    assert_eq!(talk.moved(), Vec::<String>::new());
}

#[test]
fn max_on_ends_what_nobody_ended() {
    let mut talk = Talk::begin();
    talk.ask_quietly(ANNA, "pump on");
    talk.pass(minutes(59));
    assert_eq!(talk.moved(), Vec::<String>::new());
    talk.pass(minutes(1));
    assert_eq!(talk.moved(), ["pump off"]);
}

#[test]
fn a_relay_that_does_not_go_back_is_told_again_and_again() {
    let mut talk = Talk::begin();
    talk.ask_quietly(ANNA, "pump on 1m");
    talk.pass(minutes(1));
    talk.hardware_says(Ok(Value::Switch(true)));
    assert!(talk.logged().iter().any(|line| line.contains("Pump: fault: does not obey: reads on, was told off")));
    assert!(talk.heard().iter().any(|line| line.contains("does not obey")), "and those who want to know are told");
    talk.pass(Duration::from_secs(5));
    assert_eq!(talk.moved(), ["pump off"], "silence");
    talk.pass(Duration::from_secs(5));
    talk.hardware_says(Ok(Value::Switch(false)));
    talk.pass(minutes(10));
    assert_eq!(talk.moved(), Vec::<String>::new());
}

#[test]
fn a_line_that_comes_back_owes_nothing() {
    let mut talk = Talk::begin();
    talk.ask_quietly(ANNA, "pump on 1m");
    talk.report("pump", Err(Fault::new("chip gone")));
    talk.report("pump", Ok(Value::Switch(false)));
    talk.pass(minutes(10));
    assert_eq!(talk.moved(), Vec::<String>::new());
}

#[test]
fn a_lost_link_moves_what_the_config_says_once_it_is_lost_for_long() {
    let text = with("on_link_loss = { after = \"5m\" }");
    let mut talk = Talk::offline(&text);
    talk.settle();
    talk.online();
    talk.ask_quietly(ANNA, "pump on");
    talk.ask_quietly(ANNA, "lamp 40");
    talk.feed(Input::Offline);
    talk.pass(minutes(4));
    talk.online();
    talk.pass(minutes(10));
    assert_eq!(talk.moved(), Vec::<String>::new(), "it came back in time");
    talk.feed(Input::Offline);
    talk.pass(minutes(5));
    talk.hardware_says(Ok(Value::Switch(false)));
    talk.sent();
    assert_eq!(talk.ask(ANNA, "lamp"), "Lamp: 40%", "it has no such line, so it stays");
    talk.pass(minutes(20));
    assert_eq!(talk.moved().len(), 0);
}

#[test]
fn a_server_that_was_never_reached_is_lost_too() {
    let text = with("on_link_loss = { after = \"5m\", to = \"on\" }");
    let mut talk = Talk::offline(&text);
    talk.settle();
    talk.pass(minutes(5));
    assert_eq!(talk.moved(), ["pump on"]);
}

#[test]
fn a_reload_keeps_what_is_known_and_what_is_owed() {
    let mut talk = Talk::begin();
    talk.ask_quietly(ANNA, "pump on 10m");
    let changed = GREENHOUSE.replace("label = \"Pump\"", "label = \"Well pump\"")
        + "\n[sensors.gate]\nsim = { line = \"IN2\" }\n";
    talk.feed(Input::Reload(Box::new(device(&changed))));
    talk.sent();
    assert_eq!(talk.ask(ANNA, "pump"), "Well pump: on, back to off in 10m");
    assert_eq!(talk.ask(ANNA, "gate"), "gate: unknown");
    talk.pass(minutes(10));
    assert_eq!(talk.moved(), ["pump off"]);
}

#[test]
fn a_contact_that_a_reload_removes_is_a_stranger_at_once() {
    let mut talk = Talk::begin();
    let changed = GREENHOUSE.replace("jid = \"anna@home.example\"", "jid = \"dora@home.example\"");
    talk.feed(Input::Reload(Box::new(device(&changed))));
    talk.sent();
    talk.says(ANNA, "pump on");
    assert_eq!((talk.moved(), talk.heard()), (vec![], vec![]));
    talk.says("dora@home.example", "pump on");
    assert_eq!(talk.moved(), ["pump on"]);
}

#[test]
fn a_request_under_way_during_a_reload_is_answered() {
    let mut talk = Talk::begin();
    talk.says(ANNA, "pump on");
    talk.feed(Input::Reload(Box::new(device(GREENHOUSE))));
    assert_eq!(talk.reply(), "Pump: no confirmation, it may or may not have moved");
}

#[test]
fn a_value_out_of_range_is_a_fault_and_not_a_number() {
    let text = GREENHOUSE.replace("every = \"30s\"", "every = \"30s\"\nrange = [-40, 60]");
    let mut talk = Talk::offline(&text);
    talk.settle();
    talk.online();
    talk.sent();
    talk.report("air", Ok(Value::Number(85.0)));
    talk.sent();
    assert_eq!(talk.ask(ANNA, "air"), "Air: fault: reads above 60.0 °C, the end of its range");
}

#[test]
fn filters_run_in_the_order_written() {
    let text = GREENHOUSE.replace("every = \"30s\"", "every = \"30s\"\nfilters = [ { median = 3 }, { delta = 0.5 } ]");
    let mut talk = Talk::offline(&text);
    talk.settle();
    talk.online();
    for number in [20.1, 85.0, 20.2, 20.6, 20.7] {
        talk.report("air", Ok(Value::Number(number)));
    }
    talk.sent();
    assert_eq!(talk.ask(ANNA, "air"), "Air: 20.6 °C");
}

impl Talk {
    fn ask_quietly(&mut self, who: &str, text: &str) {
        self.says(who, text);
        self.hardware_obeys();
        self.sent();
    }
}

#[test]
fn a_sensor_that_stays_broken_is_told_once_and_so_is_its_return() {
    let mut talk = Talk::begin();
    talk.report("door", Ok(Value::Switch(false)));
    talk.settle();
    talk.logged();
    for _ in 0..3 {
        talk.report("door", Err(Fault::new("unplugged")));
        talk.pass(Duration::from_secs(10));
    }
    assert_eq!(talk.logged(), ["Front door: fault: unplugged"]);
    assert_eq!(talk.heard(), ["carol@home.example: Front door: fault: unplugged"]);
    for _ in 0..3 {
        talk.report("door", Ok(Value::Switch(false)));
    }
    assert_eq!(talk.logged(), ["Front door: closed"]);
    assert_eq!(talk.heard(), ["carol@home.example: Front door: closed"]);
}

#[test]
fn the_log_says_that_a_number_is_well_again_but_not_each_number() {
    let mut talk = Talk::begin();
    talk.logged();
    talk.report("air", Err(Fault::new("unplugged")));
    talk.report("air", Ok(Value::Number(20.0)));
    talk.report("air", Ok(Value::Number(21.0)));
    let told = talk.logged_aloud();
    assert_eq!(told, ["Air: fault: unplugged", "Air: 20.0 °C"]);
}

#[test]
fn an_off_that_does_not_take_leaves_the_deadline_standing() {
    let mut talk = Talk::begin();
    talk.ask_quietly(ANNA, "pump on");
    talk.says(ANNA, "pump off");
    talk.hardware_says(Ok(Value::Switch(true)));
    talk.pass(minutes(60));
    assert_eq!(talk.moved()[0], "pump off");
}

#[test]
fn a_moment_of_off_that_nobody_ordered_does_not_end_the_deadline() {
    let mut talk = Talk::begin();
    talk.ask_quietly(ANNA, "pump on 1m");
    talk.report("pump", Ok(Value::Switch(false)));
    talk.report("pump", Ok(Value::Switch(true)));
    talk.pass(minutes(1));
    assert_eq!(talk.moved(), ["pump off"]);
}

#[test]
fn a_time_that_is_up_during_a_fault_is_still_up_afterwards() {
    let mut talk = Talk::begin();
    talk.ask_quietly(ANNA, "pump on 1m");
    talk.report("pump", Err(Fault::new("cable")));
    talk.pass(minutes(2));
    talk.moved();
    talk.report("pump", Ok(Value::Switch(true)));
    talk.pass(Duration::from_secs(5));
    assert_eq!(talk.moved(), ["pump off"]);
}

#[test]
fn max_on_counts_from_the_first_departure() {
    let mut talk = Talk::begin();
    talk.ask_quietly(ANNA, "pump on");
    talk.pass(minutes(50));
    assert_eq!(talk.ask(ANNA, "pump on"), "Pump: on, back to off in 10m");
    assert_eq!(talk.ask(ANNA, "pump on 30m"), "Pump: on, back to off in 10m");
    talk.pass(minutes(10));
    assert_eq!(talk.moved(), ["pump off"]);
    talk.says(ANNA, "pump on");
    assert_eq!(talk.moved(), Vec::<String>::new());
    assert_eq!(talk.reply(), "Pump: its time is up, and it is on its way back to off");
}

#[test]
fn other_words_for_the_states_change_nothing_on_a_line_that_stays() {
    let gpio = GREENHOUSE
        .replace("board = \"sim\"", "board = \"raspberry-pi-4b\"")
        .replace("sim = { line = \"OUT1\" }", "gpio = { line = \"GPIO17\" }");
    let mut talk = Talk::offline(&gpio);
    talk.settle();
    talk.online();
    talk.ask_quietly(ANNA, "pump on 1m");
    let changed = gpio
        .replace("max_on = \"1h\"", "max_on = \"1h\"\nstates = [\"aus\", \"an\"]\n")
        .replace("safe = \"off\"\nmax_on", "safe = \"aus\"\nmax_on");
    talk.feed(Input::Reload(Box::new(device(&changed))));
    talk.sent();
    assert_eq!(talk.ask(ANNA, "pump"), "Pump: an, back to aus in 1m");
    talk.pass(minutes(1));
    assert_eq!(talk.moved(), ["pump aus"]);
}

#[test]
fn a_shorter_max_on_counts_at_once() {
    let mut talk = Talk::begin();
    talk.ask_quietly(ANNA, "pump on");
    talk.pass(minutes(5));
    talk.feed(Input::Reload(Box::new(device(&GREENHOUSE.replace("max_on = \"1h\"", "max_on = \"10m\"")))));
    talk.pass(minutes(5));
    assert_eq!(talk.moved(), ["pump off"]);
}

#[test]
fn after_a_reload_the_next_change_is_news() {
    let mut talk = Talk::begin();
    talk.feed(Input::Reload(Box::new(device(GREENHOUSE))));
    talk.sent();
    talk.report("door", Ok(Value::Switch(true)));
    assert_eq!(talk.heard(), ["carol@home.example: Front door: open"]);
}

#[test]
fn a_request_that_changes_nothing_is_logged_with_who_made_it() {
    let mut talk = Talk::begin();
    talk.ask_quietly(ANNA, "pump on 10m");
    talk.logged();
    talk.says("carol@home.example", "pump on 20m");
    talk.hardware_obeys();
    assert_eq!(talk.logged(), ["Pump: on, back to off in 20m (carol@home.example)"]);
}

#[test]
fn what_is_wished_before_the_line_is_claimed_is_obeyed_and_not_disobedience() {
    let mut talk = Talk::offline(GREENHOUSE);
    talk.online();
    talk.says(ANNA, "pump on");
    talk.report("pump", Ok(Value::Switch(false)));
    talk.hardware_obeys();
    talk.sent();
    assert_eq!(talk.ask(ANNA, "pump"), "Pump: on, back to off in 1h");
    talk.pass(minutes(60));
    assert_eq!(talk.moved(), ["pump off"]);
}

#[test]
fn what_is_broken_when_the_server_is_back_does_not_go_back() {
    let mut talk = Talk::begin_with(&with("on_link_loss = { after = \"1m\", back = true }"));
    talk.ask_quietly(ANNA, "pump on");
    talk.feed(Input::Offline);
    talk.pass(minutes(1));
    talk.hardware_obeys();
    talk.report("pump", Err(Fault::new("gone")));
    talk.online();
    assert_eq!(talk.moved(), Vec::<String>::new());
    talk.report("pump", Ok(Value::Switch(false)));
    talk.pass(minutes(1));
    assert_eq!(talk.moved(), Vec::<String>::new());
    talk.sent();
    assert_eq!(talk.ask(ANNA, "pump"), "Pump: off");
}

#[test]
fn a_start_value_is_for_the_start_and_not_for_a_reload() {
    let mut talk = Talk::begin();
    let fresh = "\n[actuators.heater]\nlabel = \"Heater\"\nsim = { line = \"OUT8\" }\nsafe = \"off\"\nstart = \"on\"\n";
    talk.feed(Input::Reload(Box::new(device(&format!("{GREENHOUSE}{fresh}")))));
    // What a reload brings is claimed safe.
    talk.report("heater", Ok(Value::Switch(false)));
    talk.online();
    talk.sent();
    assert_eq!(talk.ask(ANNA, "heater"), "Heater: off");
}
