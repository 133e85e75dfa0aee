//! Faults are values: each is in presence, chat, forms and the log, once, and one that comes and goes is no flood.

use std::time::Duration;

use katydid::agent::Input;
use katydid::model::{Fault, Value};

use crate::talk::{GREENHOUSE, Talk, device};

const ANNA: &str = "anna@home.example";
const SECOND: Duration = Duration::from_secs(1);

/// Status texts of the broadcasts since the last look.
fn presences(talk: &mut Talk) -> Vec<String> {
    let sent = talk.sent();
    let broadcasts = sent.iter().filter(|e| e.name() == "presence" && e.attr("to").is_none());
    broadcasts.filter_map(|e| Some(e.get_child("status", "jabber:client")?.text())).collect()
}

/// `Now: …` above the fields of a command's form.
fn form_says(talk: &mut Talk, node: &str) -> String {
    let command = format!("<command xmlns='http://jabber.org/protocol/commands' node='{node}'/>");
    talk.recv(&format!("<iq from='{ANNA}/pc' type='set' id='q'>{command}</iq>"));
    let sent = talk.sent();
    let form = sent.iter().flat_map(|iq| iq.children()).flat_map(|command| command.children());
    form.flat_map(|form| form.children()).find(|child| child.name() == "instructions").unwrap().text()
}

#[test]
fn a_line_that_somebody_holds_is_told_with_his_name_everywhere_and_once() {
    let mut talk = Talk::begin();
    talk.pass(2 * SECOND);
    talk.logged();
    let held = || Err(Fault::new("line OUT1 is held by “gpioset”"));
    for _ in 0..30 {
        talk.report("pump", held());
        talk.pass(SECOND);
    }
    assert_eq!(talk.logged(), ["Pump: fault: line OUT1 is held by “gpioset”"]);
    let sent = talk.sent();
    let count = |name: &str| sent.iter().filter(|e| e.name() == name).count();
    assert_eq!((count("presence"), count("message")), (1, 1), "{sent:?}");
    let text = sent.iter().map(String::from).collect::<String>();
    assert!(text.contains("Front door closed · Pump fault (line OUT1 is held by “gpioset”)<"), "{text}");
    assert!(text.contains("<body>Pump: fault: line OUT1 is held by “gpioset”</body>"), "{text}");
    assert_eq!(talk.ask(ANNA, "pump"), "Pump: fault: line OUT1 is held by “gpioset”");
    assert!(talk.ask(ANNA, "status").contains("\nPump: fault: line OUT1 is held by “gpioset”\n"));
    assert_eq!(talk.ask(ANNA, "pump on"), "Pump: it is out of order: line OUT1 is held by “gpioset”");
    assert_eq!(form_says(&mut talk, "pump"), "Now: fault: line OUT1 is held by “gpioset”");
    assert_eq!(talk.ask(ANNA, "lamp 40"), "Lamp: 40%", "the others go on");
}

#[test]
fn a_fault_of_a_point_that_presence_does_not_show_is_shown_while_it_lasts() {
    let mut talk = Talk::offline(&format!("{GREENHOUSE}\n[presence]\npoints = [\"pump\"]\nevery = \"1s\"\n"));
    talk.settle();
    talk.online();
    assert_eq!(presences(&mut talk), ["Pump off"]);
    talk.pass(2 * SECOND);
    talk.report("door", Err(Fault::new("x".repeat(100))));
    assert_eq!(presences(&mut talk), [format!("Pump off · Front door fault ({}…)", "x".repeat(60))]);
    talk.report("air", Err(Fault::new("not for carol")));
    talk.pass(2 * SECOND);
    assert_eq!(presences(&mut talk), Vec::<String>::new(), "she may not read it");
    talk.report("door", Ok(Value::Switch(false)));
    assert_eq!(presences(&mut talk), ["Pump off"]);
}

#[test]
fn a_number_outside_its_range_is_one_fault_however_it_wanders() {
    let mut talk = Talk::offline(&GREENHOUSE.replace("every = \"30s\"", "every = \"30s\"\nrange = [-40, 60]"));
    talk.settle();
    talk.online();
    talk.logged();
    for tenths in 0..20 {
        talk.report("air", Ok(Value::Number(85.0 + f64::from(tenths) / 10.0)));
        talk.pass(30 * SECOND);
    }
    assert_eq!(talk.logged(), ["Air: fault: reads above 60.0 °C, the end of its range"]);
    talk.report("air", Ok(Value::Number(-127.0)));
    assert_eq!(talk.logged(), ["Air: fault: reads below -40.0 °C, the end of its range"]);
    talk.report("air", Ok(Value::Number(20.0)));
    assert_eq!(talk.logged(), ["Air: 20.0 °C"]);
}

#[test]
fn a_contact_that_is_loose_for_an_hour_is_told_a_few_times_and_its_cure_at_last() {
    let mut talk = Talk::begin();
    talk.logged();
    for second in 0..3600 {
        talk.report("door", if second % 2 == 0 { Err(Fault::new("loose")) } else { Ok(Value::Switch(true)) });
        talk.report("air", Ok(Value::Number(20.0)));
        talk.pass(SECOND);
    }
    let logged = talk.logged();
    assert!(logged.len() <= 7, "{} lines in the log: {logged:?}", logged.len());
    assert_eq!(logged.last().unwrap(), "Front door: fault: comes and goes: loose");
    let sent = talk.sent();
    let count = |name: &str| sent.iter().filter(|e| e.name() == name).count();
    assert!(count("presence") <= 7, "{} presences", count("presence"));
    assert!(count("message") <= 7, "{} notices", count("message"));
    assert_eq!(talk.ask(ANNA, "door"), "Front door: fault: comes and goes: loose");
    talk.report("door", Ok(Value::Switch(false)));
    talk.pass(61 * SECOND);
    assert_eq!(talk.logged(), ["Front door: closed"]);
    assert_eq!(talk.heard(), ["carol@home.example: Front door: closed"]);
}

#[test]
fn what_came_back_for_a_moment_and_then_fell_silent_is_not_believed() {
    let text = GREENHOUSE.replace("every = \"30s\"", "every = \"1s\"");
    let mut talk = Talk::offline(&text);
    talk.settle();
    talk.online();
    for second in 0..60 {
        talk.report("air", if second % 2 == 0 { Err(Fault::new("loose")) } else { Ok(Value::Number(20.0)) });
        talk.pass(SECOND);
    }
    talk.report("air", Ok(Value::Number(21.0)));
    talk.pass(300 * SECOND);
    assert_eq!(talk.ask(ANNA, "air"), "Air: fault: comes and goes: loose");
}

#[test]
fn edges_that_were_lost_are_told_in_status_to_those_who_may_read_the_sensor() {
    let mut talk = Talk::begin();
    let lost = |point: &str, count| Input::LostEdges { point: point.into(), count };
    assert!(!talk.ask(ANNA, "status").contains("lost"));
    talk.feed(lost("air", 40));
    let told = talk.ask(ANNA, "status").lines().nth(1).unwrap().replacen("40", "42", 1);
    assert!(told.starts_with("42 edges of Air came too fast and were lost since 20"), "{told}");
    talk.pass(3600 * SECOND);
    talk.feed(lost("air", 2));
    assert_eq!(talk.ask(ANNA, "status").lines().nth(1), Some(&*told));
    assert!(!talk.ask("carol@home.example", "status").contains("lost"));
    talk.feed(lost("pump", 1));
    talk.feed(lost("nobody", 1));
    assert_eq!(talk.ask(ANNA, "status").matches("lost since").count(), 1);
}

#[test]
fn what_was_lost_is_still_told_after_a_reload_and_of_many_lines_in_few() {
    let lines: String = (2..=8).map(|n| format!("[sensors.in{n}]\nsim = {{ line = \"IN{n}\" }}\n")).collect();
    let text = GREENHOUSE.to_owned() + &lines;
    let mut talk = Talk::begin_with(&text);
    for n in 2..=8 {
        talk.feed(Input::LostEdges { point: format!("in{n}").into(), count: 100 });
    }
    let told = |talk: &mut Talk| {
        let status = talk.ask(ANNA, "status");
        status.lines().filter(|line| line.contains("edges of")).map(str::to_owned).collect::<Vec<_>>()
    };
    let lines = told(&mut talk);
    assert_eq!((lines.len(), &*lines[5]), (6, "… and 200 edges of 2 more"));
    talk.feed(Input::Reload(Box::new(device(&text))));
    talk.settle();
    assert_eq!(told(&mut talk), lines);
}
