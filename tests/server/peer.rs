//! A link that is polled all the time by its own task, as the program's loop does.

use std::sync::Once;
use std::time::Duration;

use jiff::Timestamp;
use katydid::link::{Link, LinkEvent, Trouble};
use katydid::model::Account;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use xmpp_parsers::delay::Delay;
use xmpp_parsers::message::Message;
use xmpp_parsers::presence::{Presence, Type};
use xmpp_parsers::stanza::Stanza;

static LOG: Once = Once::new();
/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct Peer {
    posts: Option<UnboundedSender<(Stanza, Timestamp)>>,
    events: UnboundedReceiver<LinkEvent>,
    task: JoinHandle<()>,
}

impl Peer {
    pub fn start(account: &Account) -> Peer {
        // RUST_LOG=katydid=debug shows what the link does.
        LOG.call_once(katydid::logging::start);
        let mut link = Link::start(account, 256).unwrap();
        let (posts, mut posted) = unbounded_channel();
        let (tell, events) = unbounded_channel();
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    post = posted.recv() => match post {
                        Some((stanza, now)) => link.post(stanza, now),
                        None => return drop(link.close(Some(Presence::new(Type::Unavailable).into())).await),
                    },
                    event = link.next() => drop(tell.send(event)),
                }
            }
        });
        Peer { posts: Some(posts), events, task }
    }

    /// Started, online and available.
    pub async fn online(account: &Account) -> Peer {
        let mut peer = Peer::start(account);
        assert!(!peer.comes_online().await);
        peer
    }

    /// Waits for it; true if the old stream was resumed. Announces itself if not.
    pub async fn comes_online(&mut self) -> bool {
        let resumed = self
            .until(|event| {
                matches!(event, LinkEvent::Online { resumed, .. } if resumed).then_some(true).or(matches!(
                    event,
                    LinkEvent::Online { .. }
                )
                .then_some(false))
            })
            .await;
        if !resumed {
            self.post(Presence::available());
        }
        resumed
    }

    pub async fn goes_offline(&mut self) {
        self.until(|event| matches!(event, LinkEvent::Offline).then_some(())).await;
    }

    pub async fn trouble(&mut self) -> Trouble {
        self.until(|event| match event {
            LinkEvent::Trouble(trouble) => Some(trouble),
            LinkEvent::Online { .. } => panic!("it is online and should not be"),
            _ => None,
        })
        .await
    }

    pub async fn until<T>(&mut self, mut wanted: impl FnMut(LinkEvent) -> Option<T>) -> T {
        let search = async {
            loop {
                let event = self.events.recv().await.expect("the link's task ended");
                if let Some(found) = wanted(event) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, search).await.expect("what was waited for never came")
    }

    pub fn post(&self, stanza: impl Into<Stanza>) {
        self.post_at(stanza, Timestamp::UNIX_EPOCH);
    }

    pub fn post_at(&self, stanza: impl Into<Stanza>, now: Timestamp) {
        self.posts.as_ref().unwrap().send((stanza.into(), now)).unwrap();
    }

    /// Says something to the other's full JID.
    pub fn say(&self, to: &str, words: &str) {
        self.post(message(to, words));
    }

    /// The words of the messages that come, up to and with `last`.
    pub async fn hear_until(&mut self, last: &str) -> Vec<Message> {
        let mut heard: Vec<Message> = Vec::new();
        self.until(|event| {
            if let LinkEvent::Stanza(Stanza::Message(message)) = event {
                heard.push(message);
            }
            heard.last().is_some_and(|message| words(message) == last).then_some(())
        })
        .await;
        heard
    }

    /// The next `count` messages.
    pub async fn hear(&mut self, count: usize) -> Vec<Message> {
        let mut heard: Vec<Message> = Vec::new();
        self.until(|event| {
            if let LinkEvent::Stanza(Stanza::Message(message)) = event {
                heard.push(message);
            }
            (heard.len() == count).then_some(())
        })
        .await;
        heard
    }

    pub async fn close(mut self) {
        self.posts = None;
        timeout(PATIENCE, &mut self.task).await.expect("close never ended").unwrap();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn message(to: &str, words: &str) -> Message {
    let to: xmpp_parsers::jid::Jid = format!("{to}@home.example/katydid").parse().unwrap();
    Message::chat(to).with_body(Default::default(), words.to_owned())
}

pub fn words(message: &Message) -> &str {
    message.bodies.values().next().map_or("", String::as_str)
}

/// The sender's own stamp; the server's has a `from`.
pub fn stamp(message: &Message) -> Option<i64> {
    let delays = message.payloads.iter().filter_map(|payload| Delay::try_from(payload.clone()).ok());
    delays.filter(|delay| delay.from.is_none()).map(|delay| delay.stamp.0.timestamp()).next()
}
