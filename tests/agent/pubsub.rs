//! Publishing, against a server of a few lines that can be told to misbehave.

use std::collections::BTreeMap;
use std::time::Duration;

use katydid::agent::Input;
use katydid::model::{Fault, Value};
use xmpp_parsers::minidom::Element;

use crate::talk::{GREENHOUSE, Talk, device};

const PUBSUB: &str = "http://jabber.org/protocol/pubsub";
const OWNER: &str = "http://jabber.org/protocol/pubsub#owner";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const OWN: &str = "greenhouse@home.example";
const NODE: &str = "urn:katydid:point:1/";

/// A node: who may read it, and its item.
#[derive(Debug, Default, Clone, PartialEq)]
struct Node {
    access: String,
    members: BTreeMap<String, String>,
    /// Who is sent its items. As on real servers, that ends with the node only.
    subscribers: Vec<String>,
    item: String,
    publications: usize,
}

/// The server's PubSub.
#[derive(Default)]
struct Shelf {
    jid: String,
    nodes: BTreeMap<String, Node>,
    /// Instead of an answer to requests that say this.
    refuses: Vec<(&'static str, &'static str)>,
    most_at_once: usize,
}

impl Shelf {
    fn of(jid: &str) -> Shelf {
        Shelf { jid: jid.into(), ..Shelf::default() }
    }

    /// Answers until nothing more is asked. -> how many requests there were.
    fn serve(&mut self, talk: &mut Talk) -> usize {
        serve_both(&mut [self], talk)
    }

    fn round(&mut self, talk: &mut Talk, sent: &[Element]) -> usize {
        let requests: Vec<&Element> =
            sent.iter().filter(|e| e.name() == "iq" && e.attr("to") == Some(self.jid.as_str())).collect();
        self.most_at_once = self.most_at_once.max(requests.len());
        for request in &requests {
            let id = request.attr("id").unwrap();
            let (type_, payload) = match self.answer(request.children().next().unwrap()) {
                Ok(payload) => ("result", payload),
                Err(condition) => {
                    let type_ = if condition == "policy-violation" { "wait" } else { "cancel" };
                    let error = format!(
                        "<error type='{type_}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
                    );
                    ("error", error)
                }
            };
            talk.recv(&format!("<iq from='{}' type='{type_}' id='{id}'>{payload}</iq>", self.jid));
        }
        requests.len()
    }

    fn answer(&mut self, payload: &Element) -> Result<String, &'static str> {
        let text = String::from(payload);
        if let Some((_, condition)) = self.refuses.iter().find(|(part, _)| text.contains(part)) {
            return Err(condition);
        }
        if payload.is("query", ITEMS) {
            let item = |node| format!("<item jid='{}' node='{node}'/>", self.jid);
            return Ok(format!("<query xmlns='{ITEMS}'>{}</query>", self.nodes.keys().map(item).collect::<String>()));
        }
        let verb = payload.children().next().unwrap();
        let name = verb.attr("node").unwrap().to_owned();
        let exists = self.nodes.contains_key(&name);
        match (verb.name(), exists) {
            ("create", true) => return Err("conflict"),
            ("create", false) => {
                let configure = payload.get_child("configure", PUBSUB).unwrap();
                self.nodes.insert(name, Node { access: access(configure), ..Node::default() });
            }
            (_, false) => return Err("item-not-found"),
            ("configure", _) => self.nodes.get_mut(&name).unwrap().access = access(verb),
            ("affiliations", _) if verb.children().count() == 0 => {
                let entry = |(jid, a): (&String, &String)| format!("<affiliation jid='{jid}' affiliation='{a}'/>");
                let list: String = self.nodes[&name].members.iter().map(entry).collect();
                return Ok(format!(
                    "<pubsub xmlns='{OWNER}'><affiliations node='{name}'>{list}</affiliations></pubsub>"
                ));
            }
            ("subscriptions", _) => {
                let entry = |jid: &String| format!("<subscription jid='{jid}' subscription='subscribed'/>");
                let list: String = self.nodes[&name].subscribers.iter().map(entry).collect();
                return Ok(format!(
                    "<pubsub xmlns='{OWNER}'><subscriptions node='{name}'>{list}</subscriptions></pubsub>"
                ));
            }
            ("affiliations", _) => {
                let node = self.nodes.get_mut(&name).unwrap();
                for entry in verb.children() {
                    let (jid, a) =
                        (entry.attr("jid").unwrap().to_owned(), entry.attr("affiliation").unwrap().to_owned());
                    if a == "none" {
                        node.members.remove(&jid)
                    } else {
                        node.members.insert(jid, a)
                    };
                }
            }
            ("publish", _) => {
                let node = self.nodes.get_mut(&name).unwrap();
                let item = verb.children().next().unwrap();
                assert_eq!(item.attr("id"), Some("current"));
                node.item = String::from(item.children().next().unwrap());
                node.publications += 1;
            }
            ("delete", _) => drop(self.nodes.remove(&name)),
            other => panic!("{other:?}"),
        }
        Ok(String::new())
    }

    fn members(&self, point: &str) -> Vec<&str> {
        self.nodes[&format!("{NODE}{point}")].members.keys().map(String::as_str).collect()
    }

    fn node(&self, point: &str) -> &Node {
        &self.nodes[&format!("{NODE}{point}")]
    }
}

fn serve_both(shelves: &mut [&mut Shelf], talk: &mut Talk) -> usize {
    let mut count = 0;
    loop {
        let sent = talk.raw();
        let served: usize = shelves.iter_mut().map(|shelf| shelf.round(talk, &sent)).sum();
        if served == 0 {
            return count;
        }
        count += served;
    }
}

fn access(configure: &Element) -> String {
    let form = configure.get_child("x", "jabber:x:data").unwrap();
    let field = form.children().find(|f| f.attr("var") == Some("pubsub#access_model")).unwrap();
    field.children().next().unwrap().text()
}

fn text(more: &str) -> String {
    format!("{GREENHOUSE}\n[pubsub]\nenabled = true\n{more}")
}

fn begin() -> (Talk, Shelf) {
    let mut talk = Talk::offline(&text(""));
    talk.settle();
    talk.online();
    let mut shelf = Shelf::of(OWN);
    shelf.serve(&mut talk);
    (talk, shelf)
}

#[test]
fn every_point_has_a_node_that_only_its_readers_may_read() {
    let (_, shelf) = begin();
    assert_eq!(shelf.nodes.len(), 5);
    assert!(shelf.nodes.values().all(|node| node.access == "whitelist"));
    assert_eq!(shelf.members("door"), ["anna@home.example", "ben@home.example", "carol@home.example"]);
    assert_eq!(shelf.members("air"), ["anna@home.example", "ben@home.example"]);
    assert_eq!(shelf.most_at_once, 5, "requests on their way are few");
    let item: Element = shelf.node("air").item.parse().unwrap();
    let wanted = "<fields xmlns='urn:xmpp:iot:sensordata' seqnr='0' done='true'><node nodeId='air'><timestamp value='2027-01-15T08:00:00.000Z'>\
        <numeric name='air' value='20.0' unit='°C' momentary='true' automaticReadout='true'/></timestamp></node></fields>";
    assert_eq!(item, wanted.parse::<Element>().unwrap());
}

#[test]
fn nothing_is_published_to_a_node_whose_readers_are_not_settled() {
    let mut talk = Talk::offline(&text(""));
    talk.settle();
    talk.online();
    let mut shelf = Shelf::of(OWN);
    shelf.refuses = vec![("<affiliations", "feature-not-implemented")];
    shelf.serve(&mut talk);
    assert!(shelf.nodes.values().all(|node| node.publications == 0));
    let lines: Vec<String> = talk.logged().into_iter().filter(|line| line.contains("published")).collect();
    assert_eq!(
        lines,
        [
            "readings cannot be published at greenhouse@home.example: it says feature-not-implemented; not trying again before the next login"
        ]
    );
}

#[test]
fn without_the_word_in_the_config_nothing_is_published() {
    let mut talk = Talk::offline(GREENHOUSE);
    talk.settle();
    talk.online();
    assert_eq!(Shelf::of(OWN).serve(&mut talk), 0);
}

#[test]
fn a_change_is_published_at_once_and_then_at_the_configured_rate_the_last_one_always() {
    let (mut talk, mut shelf) = begin();
    talk.pass(Duration::from_secs(10));
    shelf.serve(&mut talk);
    let before = shelf.node("door").publications;
    talk.report("door", Ok(Value::Switch(true)));
    assert_eq!(shelf.serve(&mut talk), 1);
    assert!(shelf.node("door").item.contains("value='true'"));
    for n in 0..100 {
        talk.report("door", Ok(Value::Switch(n % 2 == 0)));
        shelf.serve(&mut talk);
    }
    talk.report("door", Ok(Value::Switch(true)));
    talk.report("door", Ok(Value::Switch(false)));
    assert_eq!(shelf.node("door").publications, before + 1);
    talk.pass(Duration::from_secs(5));
    assert_eq!(shelf.serve(&mut talk), 1);
    assert!(shelf.node("door").item.contains("value='false'"));
    talk.pass(Duration::from_secs(50));
    assert_eq!(shelf.serve(&mut talk), 0, "no change, no item");
}

#[test]
fn a_change_while_a_request_is_on_its_way_is_not_forgotten() {
    let (mut talk, mut shelf) = begin();
    talk.pass(Duration::from_secs(10));
    talk.report("door", Ok(Value::Switch(true)));
    talk.pass(Duration::from_secs(3));
    talk.report("door", Ok(Value::Switch(false)));
    talk.pass(Duration::from_secs(3));
    shelf.serve(&mut talk);
    talk.pass(Duration::from_secs(1));
    shelf.serve(&mut talk);
    assert!(shelf.node("door").item.contains("value='false'"));
}

#[test]
fn a_broken_point_is_published_as_broken() {
    let (mut talk, mut shelf) = begin();
    talk.pass(Duration::from_secs(10));
    talk.report("air", Err(Fault::new("cable cut")));
    shelf.serve(&mut talk);
    let item = &shelf.node("air").item;
    assert!(item.starts_with("<failure") && item.contains("cable cut") && !item.contains("value="), "{item}");
}

#[test]
fn after_another_login_nodes_are_opened_to_whom_they_should_be_and_published_again() {
    let (mut talk, mut shelf) = begin();
    talk.feed(Input::Offline);
    talk.report("door", Ok(Value::Switch(true)));
    assert_eq!(shelf.serve(&mut talk), 0);
    let node = shelf.nodes.get_mut("urn:katydid:point:1/door").unwrap();
    node.access = "open".into();
    node.members.insert("mallory@elsewhere.example".into(), "publisher".into());
    node.members.remove("ben@home.example");
    talk.online();
    shelf.serve(&mut talk);
    assert_eq!(shelf.node("door").access, "whitelist");
    assert_eq!(shelf.members("door"), ["anna@home.example", "ben@home.example", "carol@home.example"]);
    assert!(shelf.node("door").item.contains("value='true'"));
}

/// Anna, Ben and Carol are sent what the door reads; then Carol is no contact any more.
fn without_carol(prepare: impl FnOnce(&mut Node)) -> Shelf {
    let (mut talk, mut shelf) = begin();
    let node = shelf.nodes.get_mut("urn:katydid:point:1/door").unwrap();
    node.subscribers =
        ["greenhouse@home.example/pc", "anna@home.example/hub", "carol@home.example/hub"].map(String::from).into();
    prepare(node);
    let (before, after) = GREENHOUSE.split_once("[[contacts]]\njid = \"carol@home.example\"").unwrap();
    let after = &after[after.find("\n[").unwrap()..];
    talk.feed(Input::Reload(Box::new(device(&format!("{before}{after}\n[pubsub]\nenabled = true\n")))));
    let items: String = ["anna", "ben"].map(|n| format!("<item jid='{n}@home.example' subscription='both'/>")).concat();
    talk.roster(&items);
    shelf.serve(&mut talk);
    shelf
}

#[test]
fn who_may_read_no_more_is_sent_nothing_more() {
    let shelf = without_carol(|_| {});
    assert_eq!(shelf.members("door"), ["anna@home.example", "ben@home.example"]);
    assert_eq!(shelf.node("door").subscribers, Vec::<String>::new());
    assert!(shelf.node("door").item.contains("value='false'"));
    // Others than the door's were Carol's business never.
    assert_eq!(shelf.node("air").publications, 2);
}

#[test]
fn who_is_still_sent_what_it_may_not_read_is_found() {
    let shelf = without_carol(|node| drop(node.members.remove("carol@home.example")));
    assert_eq!(shelf.node("door").subscribers, Vec::<String>::new());
    assert!(shelf.node("door").item.contains("value='false'"));
}

#[test]
fn a_resumed_stream_needs_no_new_look() {
    let (mut talk, mut shelf) = begin();
    talk.pass(Duration::from_secs(5));
    talk.feed(Input::Offline);
    talk.report("door", Ok(Value::Switch(true)));
    talk.connect(true);
    assert_eq!(shelf.serve(&mut talk), 1);
    assert!(shelf.node("door").item.contains("value='true'"));
}

#[test]
fn a_node_that_was_lost_is_made_anew() {
    let (mut talk, mut shelf) = begin();
    shelf.nodes.clear();
    talk.pass(Duration::from_secs(10));
    talk.report("door", Ok(Value::Switch(true)));
    shelf.serve(&mut talk);
    talk.pass(Duration::from_secs(2));
    shelf.serve(&mut talk);
    assert!(shelf.node("door").item.contains("value='true'"));
    assert_eq!(shelf.members("door").len(), 3);
}

#[test]
fn a_node_that_nobody_can_keep_is_given_up() {
    let (mut talk, mut shelf) = begin();
    shelf.refuses = vec![("<publish", "item-not-found")];
    talk.pass(Duration::from_secs(10));
    talk.report("door", Ok(Value::Switch(true)));
    let requests = shelf.serve(&mut talk);
    assert!(requests < 30, "{requests}");
    for _ in 0..10 {
        talk.pass(Duration::from_secs(10));
        let requests = shelf.serve(&mut talk);
        assert!(requests < 11, "{requests}");
    }
    assert_eq!(talk.logged().iter().filter(|line| line.contains("cannot be published")).count(), 1);
}

#[test]
fn nodes_of_points_that_are_gone_are_deleted_and_no_others() {
    let (mut talk, mut shelf) = begin();
    shelf.nodes.insert("urn:xmpp:avatar:metadata".into(), Node::default());
    shelf.nodes.insert("eu.siacs.conversations.axolotl.devicelist".into(), Node::default());
    let without_air = text("").replace("[sensors.air]", "[sensors.breeze]");
    talk.feed(Input::Reload(Box::new(device(&without_air))));
    let items: String =
        ["anna", "ben", "carol"].map(|n| format!("<item jid='{n}@home.example' subscription='both'/>")).concat();
    talk.roster(&items);
    shelf.serve(&mut talk);
    let names: Vec<&str> = shelf.nodes.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "eu.siacs.conversations.axolotl.devicelist",
            "urn:katydid:point:1/breeze",
            "urn:katydid:point:1/door",
            "urn:katydid:point:1/fan",
            "urn:katydid:point:1/lamp",
            "urn:katydid:point:1/pump",
            "urn:xmpp:avatar:metadata",
        ]
    );
}

#[test]
fn switched_off_by_a_reload_all_nodes_go() {
    let (mut talk, mut shelf) = begin();
    talk.feed(Input::Reload(Box::new(device(GREENHOUSE))));
    let items: String =
        ["anna", "ben", "carol"].map(|n| format!("<item jid='{n}@home.example' subscription='both'/>")).concat();
    talk.roster(&items);
    shelf.serve(&mut talk);
    assert_eq!(shelf.nodes.len(), 0);
    talk.report("door", Ok(Value::Switch(true)));
    assert_eq!(shelf.serve(&mut talk), 0);
}

#[test]
fn moved_to_a_service_nothing_stays_behind() {
    let (mut talk, mut shelf) = begin();
    talk.feed(Input::Reload(Box::new(device(&text("service = \"pubsub.home.example\"")))));
    let items: String =
        ["anna", "ben", "carol"].map(|n| format!("<item jid='{n}@home.example' subscription='both'/>")).concat();
    talk.roster(&items);
    let mut service = Shelf::of("pubsub.home.example");
    service.nodes.insert("cellar/door".into(), Node::default());
    serve_both(&mut [&mut shelf, &mut service], &mut talk);
    assert_eq!(shelf.nodes.len(), 0);
    let names: Vec<&str> = service.nodes.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["cellar/door", "greenhouse/air", "greenhouse/door", "greenhouse/fan", "greenhouse/lamp", "greenhouse/pump"]
    );
}

#[test]
fn a_server_without_pubsub_is_told_of_once_and_asked_again_after_the_next_login() {
    let mut talk = Talk::offline(&text(""));
    talk.settle();
    talk.online();
    let mut shelf = Shelf::of(OWN);
    shelf.refuses = vec![("<pubsub", "service-unavailable"), ("<query", "service-unavailable")];
    assert!(shelf.serve(&mut talk) <= 9);
    talk.pass(Duration::from_secs(3600));
    talk.report("door", Ok(Value::Switch(true)));
    assert_eq!(shelf.serve(&mut talk), 0);
    assert_eq!(talk.logged().iter().filter(|line| line.contains("cannot be published")).count(), 1);
    talk.feed(Input::Offline);
    talk.online();
    shelf.refuses.clear();
    shelf.serve(&mut talk);
    assert_eq!(shelf.nodes.len(), 5);
}

#[test]
fn a_server_that_says_wait_is_left_alone_for_a_minute() {
    let (mut talk, mut shelf) = begin();
    talk.pass(Duration::from_secs(10));
    shelf.refuses = vec![("<publish", "policy-violation")];
    talk.report("door", Ok(Value::Switch(true)));
    assert_eq!(shelf.serve(&mut talk), 1);
    talk.pass(Duration::from_secs(30));
    assert_eq!(shelf.serve(&mut talk), 0);
    shelf.refuses.clear();
    talk.pass(Duration::from_secs(31));
    assert_eq!(shelf.serve(&mut talk), 1);
    assert!(shelf.node("door").item.contains("value='true'"));
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let mut talk = Talk::offline(&text(""));
    talk.settle();
    talk.online();
    talk.pass(Duration::from_secs(120));
    assert!(talk.logged().iter().any(|line| line.contains("it does not answer")));
}

#[test]
fn an_answer_from_somebody_else_is_none() {
    let mut talk = Talk::offline(&text(""));
    talk.settle();
    talk.online();
    let list = talk.raw().into_iter().find(|e| e.attr("to") == Some(OWN)).unwrap();
    let id = list.attr("id").unwrap();
    talk.recv(&format!("<iq from='anna@home.example/x' type='result' id='{id}'><query xmlns='{ITEMS}'/></iq>"));
    assert_eq!(talk.raw().len(), 0);
    talk.recv(&format!("<iq type='result' id='{id}'><query xmlns='{ITEMS}'/></iq>"));
    assert_eq!(talk.raw().len(), 5);
}

#[test]
fn hundreds_of_points_are_published_a_few_at_a_time() {
    let head = GREENHOUSE.split("[sensors.door]").next().unwrap().replace("points = [\"door\", \"pump\"]\n", "");
    let sensor = |n| format!("[sensors.s{n}]\nfile = {{ path = \"/sys/s{n}\" }}\nunit = \"°C\"\n");
    let sensors: String = (1..=300).map(sensor).collect();
    let mut talk = Talk::offline(&format!("{head}{sensors}[pubsub]\nenabled = true\nevery = \"10s\"\n"));
    (1..=300).for_each(|n| talk.report(&format!("s{n}"), Ok(Value::Number(1.0))));
    talk.online();
    let mut shelf = Shelf::of(OWN);
    shelf.serve(&mut talk);
    assert_eq!(shelf.nodes.values().filter(|node| node.publications == 1).count(), 300);
    assert_eq!(shelf.most_at_once, 8);
    talk.pass(Duration::from_secs(20));
    for round in 0..5 {
        (1..=300).for_each(|n| talk.report(&format!("s{n}"), Ok(Value::Number(f64::from(round)))));
    }
    talk.pass(Duration::from_millis(1));
    shelf.serve(&mut talk);
    talk.pass(Duration::from_secs(11));
    shelf.serve(&mut talk);
    assert!(shelf.nodes.values().all(|node| node.item.contains("value='4.0'")));
    assert!(shelf.nodes.values().all(|node| node.publications <= 3));
}

#[test]
fn a_point_says_where_it_is_published() {
    let (mut talk, _) = begin();
    talk.sent();
    talk.recv("<iq from='ben@home.example/x' type='get' id='q'><query xmlns='http://jabber.org/protocol/disco#info' node='points/air'/></iq>");
    let answer = String::from(&talk.sent().remove(0));
    assert!(answer.contains("pubsub_jid"), "{answer}");
    assert!(answer.contains("urn:katydid:point:1/air"));
}
