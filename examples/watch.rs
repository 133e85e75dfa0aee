//! Prints the points of a Katydid device, found by service discovery alone, and then every change.
//!
//! ```sh
//! PASSWORD=… cargo run --example watch -- anna@home.example greenhouse@home.example/katydid [SERVER:PORT CA.pem]
//! ```
//!
//! Where the device publishes its points (`[pubsub]` in its config), it subscribes to them; where it does not, it
//! asks every few seconds (XEP-0323). The account must be a contact of the device.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::time::Duration;

use jid::{BareJid, FullJid, Jid};
use jiff::Timestamp;
use katydid::link::{Link, LinkEvent};
use katydid::model::{Account, Secret, Security, Server};
use katydid::xmpp::iot::sensordata::{Failure, Field, Fields, Request};
use xmpp_parsers::data_forms::DataForm;
use xmpp_parsers::disco::{DiscoInfoQuery, DiscoInfoResult, DiscoItemsQuery, DiscoItemsResult};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::presence::Presence;
use xmpp_parsers::stanza::Stanza;

/// Between two questions to a device that does not publish.
const EVERY: Duration = Duration::from_secs(5);
/// A device that has not answered by now is not there.
const PATIENCE: Duration = Duration::from_secs(20);

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What service discovery says of a point.
struct Point {
    name: String,
    /// Where it is published, if it is: address and node.
    published: Option<(BareJid, String)>,
}

struct Hub {
    link: Link,
    device: FullJid,
    /// Who the server says we are.
    me: Option<FullJid>,
    /// Who may tell us readings: the device, and where it publishes.
    sources: BTreeSet<BareJid>,
    /// What each point was last printed as.
    known: BTreeMap<String, String>,
    count: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (jid, device, server, ca) = match arguments.as_slice() {
        [jid, device] => (jid, device, None, None),
        [jid, device, server, ca] => (jid, device, Some(server), Some(std::fs::read_to_string(ca)?)),
        _ => {
            return Err(
                "usage: watch YOU@HOME DEVICE@HOME/katydid [SERVER:PORT CA.pem]; PASSWORD in the environment".into()
            );
        }
    };
    let server = match server.and_then(|server| server.rsplit_once(':')) {
        Some((host, port)) => Some(Server { host: host.to_owned(), port: port.parse()? }),
        None => None,
    };
    let account = Account {
        jid: jid.parse::<BareJid>()?.with_resource_str("watch")?,
        password: Secret::new(std::env::var("PASSWORD")?),
        security: if server.is_some() { Security::StartTls } else { Security::Auto },
        server,
        authorities: ca,
        allow_plain: false,
        component: None,
    };
    let link = Link::start(&account, 16)?;
    let device: FullJid = device.parse()?;
    let sources = BTreeSet::from([device.to_bare()]);
    let mut hub = Hub { link, device, me: None, sources, known: BTreeMap::new(), count: 0 };
    hub.watch().await
}

impl Hub {
    async fn watch(&mut self) -> Outcome<()> {
        loop {
            match self.link.next().await {
                LinkEvent::Online { jid, .. } => {
                    self.me = Some(jid);
                    break;
                }
                LinkEvent::Trouble(trouble) => return Err(trouble.to_string().into()),
                _ => {}
            }
        }
        self.post(Presence::available());
        let points = self.points().await?;
        println!("{} points", points.len());
        for point in &points {
            if let Some((place, node)) = &point.published {
                self.subscribe(place.clone(), node).await?;
            }
        }
        let silent: Vec<String> =
            points.iter().filter(|point| point.published.is_none()).map(|point| point.name.clone()).collect();
        let mut ask = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                event = self.link.next() => match event {
                    LinkEvent::Stanza(stanza) => self.heard(stanza),
                    LinkEvent::Trouble(trouble) => eprintln!("{trouble}"),
                    LinkEvent::Online { resumed: false, .. } => self.post(Presence::available()),
                    _ => {}
                },
                _ = ask.tick(), if !silent.is_empty() => self.read(&silent),
            }
        }
    }

    /// All points, each printed as a line: name, kind, unit or words, range, whether we may set it.
    async fn points(&mut self) -> Outcome<Vec<Point>> {
        let device: Jid = self.device.clone().into();
        let items = self.ask(device.clone(), Iq::from_get("", DiscoItemsQuery { node: None, rsm: None })).await?;
        let mut points = Vec::new();
        for item in DiscoItemsResult::try_from(items)?.items {
            let Some(node) = item.node.filter(|node| node.starts_with("points/")) else { continue };
            let info = self.ask(device.clone(), Iq::from_get("", DiscoInfoQuery { node: Some(node) })).await?;
            let info = DiscoInfoResult::try_from(info)?;
            let Some(form) = info.extensions.first() else { continue };
            let value = |var: &str| values(form, var).first().copied().unwrap_or_default();
            let range = match (value("min"), value("max")) {
                ("", _) | (_, "") => String::new(),
                (low, high) => format!(" {low}..{high}"),
            };
            let words = values(form, "words").join("|");
            let label = info.identities.first().and_then(|identity| identity.name.as_deref()).unwrap_or_default();
            let access = if value("writable") == "true" { "set" } else { "read" };
            let (name, kind, unit) = (value("name"), value("kind"), value("unit"));
            println!("{access} {name} ({label}): {kind}{}{unit}{words}{range}", if kind.is_empty() { "" } else { " " });
            let published = value("pubsub_jid").parse().ok().map(|jid: BareJid| (jid, value("pubsub_node").to_owned()));
            points.push(Point { name: name.to_owned(), published });
        }
        Ok(points)
    }

    /// Subscribes to a node and prints what it holds now.
    async fn subscribe(&mut self, place: BareJid, node: &str) -> Outcome<()> {
        let escaped = node.replace('&', "&amp;").replace('\'', "&apos;");
        let Some(me) = self.me.clone() else { return Ok(()) };
        let pubsub = |inner: String| format!("<pubsub xmlns='{}'>{inner}</pubsub>", ns::PUBSUB).parse::<Element>();
        let subscribe = pubsub(format!("<subscribe node='{escaped}' jid='{me}'/>"))?;
        self.sources.insert(place.clone());
        let to: Jid = place.into();
        self.ask(to.clone(), Iq::Set { from: None, to: None, id: String::new(), payload: subscribe }).await?;
        let items = pubsub(format!("<items node='{escaped}'/>"))?;
        let held = self.ask(to, Iq::Get { from: None, to: None, id: String::new(), payload: items }).await?;
        self.told(&held);
        Ok(())
    }

    /// Asks for the momentary values of these points.
    fn read(&mut self, names: &[String]) {
        let nodes = names.iter().map(|id| katydid::xmpp::iot::sensordata::Node { id: id.clone() }).collect();
        let request = Request { seqnr: 1, momentary: true, nodes, ..Request::default() };
        self.count += 1;
        let (to, id) = (Some(self.device.clone().into()), self.count.to_string());
        self.post(Iq::Get { from: None, to, id, payload: request.into() });
    }

    /// The answer to a request; what else comes meanwhile is printed.
    async fn ask(&mut self, to: Jid, request: Iq) -> Outcome<Element> {
        self.count += 1;
        let id = format!("w{}", self.count);
        let request = match request {
            Iq::Get { payload, .. } => Iq::Get { from: None, to: Some(to), id: id.clone(), payload },
            Iq::Set { payload, .. } => Iq::Set { from: None, to: Some(to), id: id.clone(), payload },
            other => other,
        };
        self.post(request);
        let answer = async {
            loop {
                match self.link.next().await {
                    LinkEvent::Stanza(Stanza::Iq(Iq::Result { id: of, payload, .. })) if of == id => {
                        return Ok(payload.unwrap_or_else(|| Element::bare("nothing", "urn:nothing")));
                    }
                    LinkEvent::Stanza(Stanza::Iq(Iq::Error { id: of, error, .. })) if of == id => {
                        return Err(format!("{:?}", error.defined_condition).into());
                    }
                    LinkEvent::Stanza(stanza) => self.heard(stanza),
                    LinkEvent::Trouble(trouble) => return Err(trouble.to_string().into()),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, answer).await?
    }

    /// Prints readings, whether they were asked for or published.
    fn heard(&mut self, stanza: Stanza) {
        if let Stanza::Message(message) = stanza
            && message.from.as_ref().is_some_and(|from| self.sources.contains(&from.to_bare()))
        {
            message.payloads.iter().for_each(|payload| self.told(payload));
        }
    }

    /// Prints what is new in an element, however deep in it.
    fn told(&mut self, element: &Element) {
        if let Ok(fields) = Fields::try_from(element.clone()) {
            for node in fields.nodes {
                for field in node.timestamps.into_iter().flat_map(|stamp| stamp.fields) {
                    self.print(&node.id, show(&field));
                }
            }
        } else if let Ok(failure) = Failure::try_from(element.clone()) {
            for error in failure.errors {
                self.print(&error.node, format!("fault: {}", error.text));
            }
        } else {
            element.children().for_each(|child| self.told(child));
        }
    }

    fn print(&mut self, name: &str, text: String) {
        if self.known.get(name) != Some(&text) {
            println!("{name}: {text}");
            self.known.insert(name.to_owned(), text);
        }
    }

    fn post(&mut self, stanza: impl Into<Stanza>) {
        #[allow(clippy::disallowed_methods, reason = "the time is an argument inside the program; this is outside")]
        self.link.post(stanza.into(), Timestamp::now());
    }
}

fn show(field: &Field) -> String {
    match field {
        Field::Numeric { value, unit, .. } if !unit.is_empty() => format!("{value} {unit}"),
        Field::Numeric { value, .. } | Field::Boolean { value, .. } | Field::Text { value, .. } => value.clone(),
    }
}

fn values<'f>(form: &'f DataForm, var: &str) -> Vec<&'f str> {
    let field = form.fields.iter().find(|field| field.var.as_deref() == Some(var));
    field.into_iter().flat_map(|field| &field.values).map(String::as_str).collect()
}
