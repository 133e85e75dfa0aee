use std::time::Duration;

use xmpp_parsers::caps::{Caps, compute_disco, hash_caps};
use xmpp_parsers::disco::DiscoInfoResult;
use xmpp_parsers::minidom::Element;

use crate::talk::Talk;

const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const NOT_FOUND: &str = "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";

fn query(talk: &mut Talk, who: &str, ns: &str, node: Option<&str>) -> Element {
    let node = node.map(|node| format!(" node='{node}'")).unwrap_or_default();
    talk.recv(&format!("<iq from='{who}/pc' type='get' id='q'><query xmlns='{ns}'{node}/></iq>"));
    let mut sent = talk.sent();
    assert_eq!(sent.len(), 1);
    sent.remove(0)
}

fn items(talk: &mut Talk, who: &str, node: Option<&str>) -> Vec<String> {
    let answer = query(talk, who, ITEMS, node);
    let list = answer.get_child("query", ITEMS).unwrap_or_else(|| panic!("{}", String::from(&answer)));
    list.children()
        .map(|item| {
            assert_eq!(item.attr("jid"), Some("greenhouse@home.example/katydid"));
            format!("{}={}", item.attr("node").unwrap_or("?"), item.attr("name").unwrap_or("?"))
        })
        .collect()
}

#[test]
fn commands_are_listed_by_role() {
    let mut talk = Talk::begin();
    let node = Some("http://jabber.org/protocol/commands");
    assert_eq!(
        items(&mut talk, "anna@home.example", node),
        ["status=Status", "read=Read", "pump=Pump", "lamp=Lamp", "fan=Fan", "pump-pulse=Pump (pulse)"]
    );
    assert_eq!(items(&mut talk, "ben@home.example", node), ["status=Status", "read=Read"]);
    assert_eq!(
        items(&mut talk, "carol@home.example", node),
        ["status=Status", "read=Read", "pump=Pump", "pump-pulse=Pump (pulse)"]
    );
}

#[test]
fn points_are_listed_by_scope() {
    let mut talk = Talk::begin();
    assert_eq!(
        items(&mut talk, "ben@home.example", None),
        ["points/door=Front door", "points/air=Air", "points/pump=Pump", "points/lamp=Lamp", "points/fan=Fan"]
    );
    assert_eq!(items(&mut talk, "carol@home.example", None), ["points/door=Front door", "points/pump=Pump"]);
}

#[test]
fn a_command_node_says_what_it_is() {
    let mut talk = Talk::begin();
    for node in ["status", "pump", "pump-pulse"] {
        let answer = query(&mut talk, "anna@home.example", INFO, Some(node));
        let info = answer.get_child("query", INFO).unwrap();
        let identity = info.get_child("identity", INFO).unwrap();
        assert_eq!((identity.attr("category"), identity.attr("type")), (Some("automation"), Some("command-node")));
        for var in ["http://jabber.org/protocol/commands", "jabber:x:data"] {
            assert!(info.children().any(|c| c.name() == "feature" && c.attr("var") == Some(var)), "{node} {var}");
        }
        assert_eq!(items(&mut talk, "anna@home.example", Some(node)), Vec::<String>::new());
    }
}

#[test]
fn a_point_describes_itself_with_a_form() {
    let mut talk = Talk::begin();
    let fields = |talk: &mut Talk, who: &str, node: &str| -> Vec<String> {
        let answer = query(talk, who, INFO, Some(node));
        let form = answer.get_child("query", INFO).unwrap().get_child("x", "jabber:x:data").unwrap();
        let values = |f: &Element| f.children().map(|v| v.text()).collect::<Vec<_>>().join("|");
        form.children().map(|f| format!("{}={}", f.attr("var").unwrap_or("?"), values(f))).collect()
    };
    assert_eq!(
        fields(&mut talk, "anna@home.example", "points/lamp"),
        [
            "FORM_TYPE=urn:katydid:point:1",
            "name=lamp",
            "writable=true",
            "kind=number",
            "unit=%",
            "decimals=0",
            "min=0",
            "max=100"
        ]
    );
    assert_eq!(
        fields(&mut talk, "ben@home.example", "points/pump"),
        ["FORM_TYPE=urn:katydid:point:1", "name=pump", "writable=false", "kind=switch", "words=off|on"]
    );
}

#[test]
fn what_is_not_there_and_what_is_not_ones_business_look_the_same() {
    let mut talk = Talk::begin();
    for node in ["nonsense", "points/nonsense", "lamp", "points/lamp", "lamp-pulse"] {
        for ns in [INFO, ITEMS] {
            let answer = query(&mut talk, "carol@home.example", ns, Some(node));
            let error: Element = NOT_FOUND.replace("<error", "<error xmlns='jabber:client'").parse().unwrap();
            assert_eq!(answer.get_child("error", "jabber:client"), Some(&error), "{node}");
        }
    }
}

#[test]
fn the_caps_hash_is_the_hash_of_what_disco_says() {
    let mut talk = Talk::offline(crate::talk::GREENHOUSE);
    talk.online();
    let presence = talk.sent().into_iter().find(|e| e.name() == "presence").unwrap();
    let caps = Caps::try_from(presence.get_child("c", "http://jabber.org/protocol/caps").unwrap().clone()).unwrap();
    let node = xmpp_parsers::caps::query_caps(caps.clone()).node.unwrap();
    for node in [None, Some(node.as_str())] {
        let answer = query(&mut talk, "anna@home.example", INFO, node);
        let info = DiscoInfoResult::try_from(answer.get_child("query", INFO).unwrap().clone()).unwrap();
        assert_eq!(info.node.as_deref(), node);
        assert_eq!(hash_caps(&compute_disco(&info), caps.hash.clone()).unwrap().hash, caps.ver);
        assert!(info.features.contains("http://jabber.org/protocol/commands"));
    }
}

#[test]
fn our_own_server_may_ask_who_we_are_and_whether_we_live() {
    let mut talk = Talk::begin();
    talk.recv("<iq from='home.example' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>");
    talk.expect(&["<iq to='home.example' type='result' id='q'/>"]);
    talk.recv("<iq type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>");
    talk.expect(&["<iq type='result' id='q'/>"]);
    talk.recv(&format!("<iq from='home.example' type='get' id='q'><query xmlns='{ITEMS}'/></iq>"));
    talk.expect(&["<iq to='home.example' type='error' id='q'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"]);
}

/// ejabberd asks in the name of the very client it asks.
#[test]
fn a_question_in_our_own_name_comes_from_our_server() {
    let mut talk = Talk::begin();
    let asked = format!("<iq from='greenhouse@home.example/katydid' type='get' id='q'><query xmlns='{INFO}'/></iq>");
    talk.recv(&asked);
    let answer = talk.sent().remove(0);
    assert_eq!((answer.attr("type"), answer.attr("to")), (Some("result"), Some("greenhouse@home.example/katydid")));
    assert_eq!(talk.logged(), Vec::<String>::new(), "it is no stranger");
    talk.recv(&asked.replace("/katydid", "/another"));
    assert_eq!(talk.sent().remove(0).attr("type"), Some("error"), "another client with our password is one");
}

#[test]
fn version_time_and_uptime_are_told_to_contacts() {
    let mut talk = Talk::begin();
    talk.pass(Duration::from_secs(90));
    talk.sent();
    let get = |payload: &str| format!("<iq from='ben@home.example/pc' type='get' id='q'>{payload}</iq>");
    talk.recv(&get("<query xmlns='jabber:iq:last'/>"));
    talk.expect(&[
        "<iq to='ben@home.example/pc' type='result' id='q'><query xmlns='jabber:iq:last' seconds='90'/></iq>",
    ]);
    talk.recv(&get("<time xmlns='urn:xmpp:time'/>"));
    talk.expect(&["<iq to='ben@home.example/pc' type='result' id='q'><time xmlns='urn:xmpp:time'><tzo>+01:00</tzo><utc>2027-01-15T08:01:30Z</utc></time></iq>"]);
    talk.recv(&get("<query xmlns='jabber:iq:version'/>"));
    talk.expect(&[&format!("<iq to='ben@home.example/pc' type='result' id='q'><query xmlns='jabber:iq:version'><name>Katydid</name><version>{}</version></query></iq>", env!("CARGO_PKG_VERSION"))]);
}

#[test]
fn a_request_nobody_knows_is_service_unavailable() {
    let mut talk = Talk::begin();
    for type_ in ["get", "set"] {
        talk.recv(&format!("<iq from='anna@home.example/pc' type='{type_}' id='q'><x xmlns='urn:nonsense'/></iq>"));
        talk.expect(&["<iq to='anna@home.example/pc' type='error' id='q'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"]);
    }
}
