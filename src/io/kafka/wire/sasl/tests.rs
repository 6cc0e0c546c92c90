use std::collections::BTreeMap;

use bytes::BytesMut;
use kafka_protocol::messages::{ApiKey, SaslAuthenticateResponse, SaslHandshakeResponse};

use super::*;
use crate::io::kafka::script::{Answer, Asked, Cluster, Script, settings};
use crate::io::kafka::security::{Method, Said, Sasl, SecretFrom, Security};
use crate::io::kafka::settings::Settings;
use crate::io::kafka::{Client, Wanted};

fn plain(scripts: &[&Script]) -> Settings {
    let said = |text: &str| Said::new(SecretFrom::text(text), "here");
    let method = Method::Plain { username: said("app"), password: said("word") };
    let sasl = Sasl { method: Said::new(method, "here"), clear_text: true };
    Settings { security: Security::new(None, Some(sasl)), ..settings(scripts) }
}

/// A broker that offers PLAIN and answers every authentication in this way.
async fn broker(answer: SaslAuthenticateResponse) -> Script {
    let cluster = Cluster { versions: BTreeMap::from([(17, (0, 1)), (36, (0, 2))]), ..Cluster::of(&[]) };
    Script::start(move |asked: &Asked| match ApiKey::try_from(asked.key).unwrap() {
        ApiKey::SaslHandshake => asked.answer(&SaslHandshakeResponse::default().with_mechanisms(vec![StrBytes::from_static_str("PLAIN")])),
        ApiKey::SaslAuthenticate => asked.answer(&answer),
        _ => cluster.answer(asked).unwrap_or(Answer::Silence),
    })
    .await
}

fn asked(scripts: &[&Script], key: i16) -> usize {
    scripts.iter().map(|script| script.asked().iter().filter(|asked| asked.key == key).count()).sum()
}

#[tokio::test]
async fn a_session_is_renewed_on_its_socket_and_no_question_comes_in_between() {
    let script = broker(SaslAuthenticateResponse::default().with_session_lifetime_ms(600)).await;
    let client = Client::new(plain(&[&script]));
    while asked(&[&script], 17) < 4 {
        client.cluster("list", Wanted::All).await.unwrap();
    }
    assert_eq!(script.connections(), 1);
    let keys: Vec<i16> = script.asked().iter().map(|asked| asked.key).collect();
    assert_eq!(keys[..3], [18, 17, 36]);
    let pairs = keys.windows(2).filter(|pair| pair[0] == 17);
    assert!(pairs.clone().count() >= 3 && pairs.into_iter().all(|pair| pair[1] == 36), "{keys:?}");
}

#[tokio::test]
async fn a_refusal_is_asked_for_once_whatever_number_of_addresses_there_is() {
    let refusal =
        || SaslAuthenticateResponse::default().with_error_code(58).with_error_message(Some(StrBytes::from_static_str("no such user")));
    let (one, two, three) = (broker(refusal()).await, broker(refusal()).await, broker(refusal()).await);
    let scripts = [&one, &two, &three];
    let client = Client::new(plain(&scripts));
    for _ in 0..3 {
        let failure = client.cluster("list", Wanted::All).await.unwrap_err();
        assert_eq!(failure.cause, Cause::NotAuthenticated(Foreign::new("PLAIN as app: no such user")));
        assert!(failure.exit_code() == 4 && failure.waits_for_user());
    }
    assert_eq!(asked(&scripts, 36), 1);
    client.retry_now();
    client.cluster("list", Wanted::All).await.unwrap_err();
    assert_eq!(asked(&scripts, 36), 2, "who asks for it gets another try");
}

#[tokio::test]
async fn brokers_that_hang_up_in_the_middle_are_left_alone_after_two() {
    let cluster = Cluster { versions: BTreeMap::from([(17, (0, 1)), (36, (0, 2))]), ..Cluster::of(&[]) };
    let script = Script::start(move |asked: &Asked| cluster.answer(asked).unwrap_or(Answer::Close)).await;
    let client = Client::new(plain(&[&script]));
    while asked(&[&script], 17) < 2 {
        client.cluster("list", Wanted::All).await.unwrap_err();
    }
    assert!(client.pool.common.refused.now().is_some());
    client.cluster("list", Wanted::All).await.unwrap_err();
    assert_eq!(asked(&[&script], 17), 2, "nobody asked for another try");
}

#[tokio::test]
async fn a_mechanism_that_is_not_offered_is_told_with_those_that_are() {
    let cluster = Cluster { versions: BTreeMap::from([(17, (0, 1)), (36, (0, 2))]), ..Cluster::of(&[]) };
    let script = Script::start(move |asked: &Asked| {
        let names = ["GSSAPI", "OAUTHBEARER"].map(StrBytes::from_static_str).to_vec();
        let refusal = SaslHandshakeResponse::default().with_error_code(33).with_mechanisms(names);
        if asked.key == 17 { asked.answer(&refusal) } else { cluster.answer(asked).unwrap() }
    })
    .await;
    let failure = Client::new(plain(&[&script])).cluster("list", Wanted::All).await.unwrap_err();
    assert_eq!(
        failure.sentence(),
        format!("list: authentication refused: the broker does not offer PLAIN; it offers GSSAPI, OAUTHBEARER ({})", script.address)
    );
}

#[test]
fn a_claimed_count_of_mechanisms_allocates_nothing() {
    assert_eq!(mechanisms(Bytes::from_static(&[0, 33, 0, 0, 0, 1, 0, 2, b'A', b'B'])), Some((33, vec!["AB".to_owned()])));
    assert_eq!(mechanisms(Bytes::from_static(&[0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 2, b'A', b'B'])), None);
    assert_eq!(mechanisms(Bytes::from_static(&[0, 0, 0, 0, 0, 0, 9])), None);
    let mut bytes = BytesMut::new();
    kafka_protocol::protocol::Encodable::encode(
        &SaslHandshakeResponse::default().with_mechanisms(vec![StrBytes::from_static_str("PLAIN")]),
        &mut bytes,
        1,
    )
    .unwrap();
    assert_eq!(mechanisms(bytes.freeze()), Some((0, vec!["PLAIN".to_owned()])));
}
