//! Getting in, and being kept out for the right reason.

use katydid::link::{Flaw, LinkEvent, Trouble};
use katydid::model::{Account, Secret, Security, Server};

use crate::home::Home;
use crate::peer::Peer;

async fn trouble(account: &Account) -> Trouble {
    Peer::start(account).trouble().await
}

#[tokio::test]
async fn starttls_leads_to_the_configured_address() {
    let prosody = Home::prosody();
    let mut peer = Peer::start(&prosody.account("greenhouse"));
    let (jid, resumed) = peer
        .until(|event| match event {
            LinkEvent::Online { jid, resumed } => Some((jid, resumed)),
            _ => None,
        })
        .await;
    assert_eq!((jid.as_str(), resumed), ("greenhouse@home.example/katydid", false));
    peer.close().await;
}

#[tokio::test]
async fn direct_tls_leads_there_too() {
    let prosody = Home::prosody();
    let mut account = prosody.account("greenhouse");
    account.security = Security::Direct;
    account.server = Some(Server { host: "localhost".to_owned(), port: prosody.tls_port });
    Peer::online(&account).await.close().await;
}

#[tokio::test]
async fn closing_says_goodbye_and_leaves_no_session_behind() {
    let prosody = Home::prosody();
    let mut watcher = Peer::online(&prosody.account("anna")).await;
    let mut account = prosody.account("anna");
    account.jid = "anna@home.example/second".parse().unwrap();
    let second = Peer::online(&account).await;
    second.close().await;
    watcher
        .until(|event| match event {
            LinkEvent::Stanza(xmpp_parsers::stanza::Stanza::Presence(presence)) => {
                let second = presence.from.is_some_and(|from| from.to_string() == "anna@home.example/second");
                (second && presence.type_ == xmpp_parsers::presence::Type::Unavailable).then_some(())
            }
            _ => None,
        })
        .await;
    assert!(!prosody.log().contains("hibernating"), "the session waits for a resumption");
}

#[tokio::test]
async fn a_server_that_knows_only_tls_1_2_is_good_enough() {
    let prosody = Home::prosody_with(&[("TLS_VERSION", "tlsv1_2")]);
    let peer = Peer::online(&prosody.account("greenhouse")).await;
    assert!(prosody.log().contains("TLSv1.2"));
    peer.close().await;
}

#[tokio::test]
async fn a_private_authority_must_be_configured() {
    let prosody = Home::prosody();
    let mut account = prosody.account("greenhouse");
    account.authorities = None;
    assert_eq!(trouble(&account).await, Trouble::Certificate(Flaw::UnknownIssuer));
    account.authorities = Some(Home::prosody().account("greenhouse").authorities.unwrap());
    let other_authority = trouble(&account).await;
    assert!(matches!(other_authority, Trouble::Certificate(_)), "{other_authority:?}");
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let prosody = Home::prosody_with(&[("CERT_HOST", "chat.example")]);
    let expected = Flaw::WrongName { expected: "home.example".to_owned(), presented: "chat.example".to_owned() };
    assert_eq!(trouble(&prosody.account("greenhouse")).await, Trouble::Certificate(expected));
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let prosody = Home::prosody_with(&[("CERT_DAYS", "-1")]);
    assert_eq!(trouble(&prosody.account("greenhouse")).await, Trouble::Certificate(Flaw::Expired));
}

#[tokio::test]
async fn a_wrong_password_is_told_and_tried_once() {
    let prosody = Home::prosody();
    let mut account = prosody.account("greenhouse");
    account.password = Secret::new("eraser");
    let mut peer = Peer::start(&account);
    let told = Trouble::WrongPassword { account: "greenhouse@home.example".to_owned(), condition: "not-authorized" };
    assert_eq!(peer.trouble().await, told);
    // Long enough for many attempts by somebody who thinks that the network is to blame.
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_eq!(prosody.log().matches("<auth ").count(), 1);
}

#[tokio::test]
async fn plain_needs_leave_by_name() {
    let prosody = Home::prosody_with(&[("PLAIN_ONLY", "1")]);
    let mut account = prosody.account("greenhouse");
    let refused = trouble(&account).await;
    assert_eq!(refused, Trouble::OnlyPlain);
    assert!(refused.to_string().contains("`xmpp.plain = true`"));
    account.allow_plain = true;
    Peer::online(&account).await.close().await;
}

#[tokio::test]
async fn a_server_of_another_domain_is_told() {
    let prosody = Home::prosody();
    let mut account = prosody.account("greenhouse");
    account.jid = "greenhouse@elsewhere.example/katydid".parse().unwrap();
    assert_eq!(trouble(&account).await, Trouble::WrongDomain("elsewhere.example".to_owned()));
}

#[tokio::test]
async fn a_refused_connection_names_the_address() {
    let prosody = Home::prosody();
    prosody.kill();
    let Trouble::Unreachable(tried) = trouble(&prosody.account("greenhouse")).await else { panic!("another trouble") };
    assert_eq!(tried, format!("127.0.0.1:{}: connection refused", prosody.port));
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told() {
    let prosody = Home::prosody();
    let mut account = prosody.account("greenhouse");
    // Too long for a label of the DNS: no resolver, and no network, is needed to know.
    let host = format!("{}.example", "x".repeat(70));
    account.server = Some(Server { host: host.clone(), port: 5222 });
    let told = trouble(&account).await;
    assert!(
        matches!(&told, Trouble::UnknownHost(name) | Trouble::Resolver { host: name, .. } if *name == host),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_server_without_tls_gets_nothing() {
    let prosody = Home::prosody_with(&[(
        "EXTRA_CONFIG",
        "modules_disabled = { \"s2s\", \"tls\" }; c2s_require_encryption = false",
    )]);
    let mut peer = Peer::start(&prosody.account("greenhouse"));
    assert_eq!(peer.trouble().await, Trouble::NoTls);
    assert!(!prosody.log().contains("Received[c2s_unauthed]: <auth"));
}
