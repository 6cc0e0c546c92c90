//! What is no broker of Kafka is told for what it is; brokers that offer less than all are no error; a login that is refused is not
//! repeated.

use kafka_protocol::messages::{ApiKey, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse};
use kafka_protocol::protocol::StrBytes;

use super::{doctor, has};
use crate::run::Home;
use crate::scripted::{Action, FakeTopic, Healthy, Hole, Scripted, Stranger, closed};

#[test]
fn who_is_no_kafka_is_named_at_its_step() {
    for (who, words) in [
        (Stranger::Http, "an HTTP server answers there, not Kafka"),
        (Stranger::Ssh, "an SSH server answers there, not Kafka"),
        (Stranger::Tls, "a TLS listener answers there, and we spoke clear text"),
    ] {
        let stranger = Scripted::stranger(who);
        doctor(&["-b", &stranger.address()]).fails(3, "apiVersions", &[words, &stranger.address(), "wrong_protocol"]);
    }
    doctor(&["-b", &closed()]).fails(3, "tcp", &["connection refused", "nothing listens there"]);
    doctor(&["-b", "no-such-host.invalid:9092"]).fails(3, "dns", &["no such host", "check its spelling"]);
}

/// The words tell the bound that was kept: within ten seconds, together with what comes before.
#[test]
fn who_never_answers_is_given_up_after_seconds() {
    let silent = Scripted::stranger(Stranger::Silent);
    doctor(&["-b", &silent.address()]).fails(3, "apiVersions", &["no answer within 5 s", "timed_out", "another security protocol"]);
    let tls = doctor(&["-b", &silent.address(), "-X", "security.protocol=SSL", "-X", "enable.ssl.certificate.verification=false"]);
    tls.fails(3, "tls", &["no answer within 4 s", "does not answer to TLS"]);
    doctor(&["-b", &silent.address(), "--timeout", "500ms"]).fails(3, "apiVersions", &["no answer within 0.5 s"]);
    if let Some(hole) = Hole::open() {
        doctor(&["-b", &hole.address()]).fails(3, "tcp", &["no answer within 4.0s", "firewalls"]);
    }
}

#[test]
fn an_address_that_fails_beside_one_that_works_is_a_warning() {
    let healthy = Healthy::with(vec![FakeTopic::empty("orders", 1)]);
    let broker = Scripted::start(move |q| healthy.answer(q));
    let told = doctor(&["-b", &format!("{},{}", closed(), broker.address())]);
    assert_eq!(told.code, Some(0), "{:#}", told.whole);
    let tcp = told.step("tcp");
    assert_eq!(tcp.iter().map(|one| one["verdict"].as_str().unwrap()).collect::<Vec<_>>(), ["good", "warn"], "{tcp:#?}");
}

/// As Event Hubs: no sizes, no groups' requests, no rights. None of it is an error.
#[test]
fn what_a_service_does_not_offer_is_told_and_is_no_error() {
    const OFFERED: [(ApiKey, i16, i16); 4] =
        [(ApiKey::ApiVersions, 0, 3), (ApiKey::Metadata, 0, 7), (ApiKey::ListOffsets, 1, 5), (ApiKey::Fetch, 4, 11)];
    let healthy = Healthy::with(vec![FakeTopic::empty("orders", 1)]);
    let service = Scripted::start(move |q| match q.api {
        ApiKey::ApiVersions => Action::Reply(Healthy::offering(q, &OFFERED)),
        _ => healthy.answer(q),
    });
    let told = doctor(&["-b", &service.address()]);
    assert_eq!((told.code, told.wrong().len()), (Some(0), 0), "{:#}", told.whole);
    let missing = told.one("offered");
    has(missing, &["skipped", "not offered by this broker", "sizes on disk (DescribeLogDirs)", "rights on the cluster (DescribeCluster)"]);
    assert!(!missing["words"].as_str().unwrap().contains("(Fetch)"), "{missing:#}");
    let allowed = told.step("allowed");
    assert!(allowed.iter().all(|one| one["verdict"] == "skipped"), "{allowed:#?}");
    has(allowed[2], &["not offered by this broker (ListGroups)"]);
    assert_eq!(service.mutations(), [], "looking changes nothing");
}

#[test]
fn a_login_that_is_refused_is_not_tried_at_a_second_address() {
    const OFFERED: [(ApiKey, i16, i16); 4] =
        [(ApiKey::ApiVersions, 0, 3), (ApiKey::Metadata, 0, 9), (ApiKey::SaslHandshake, 0, 1), (ApiKey::SaslAuthenticate, 0, 2)];
    let broker = Scripted::start(|q| match q.api {
        ApiKey::ApiVersions => Action::Reply(Healthy::offering(q, &OFFERED)),
        ApiKey::SaslHandshake => {
            let offered = SaslHandshakeResponse::default().with_mechanisms(vec![StrBytes::from_static_str("PLAIN")]);
            Action::Reply(q.answer::<SaslHandshakeRequest>(&offered))
        }
        ApiKey::SaslAuthenticate => {
            Action::Reply(q.answer::<SaslAuthenticateRequest>(&SaslAuthenticateResponse::default().with_error_code(58)))
        }
        _ => Action::Close,
    });
    let port = broker.address().rsplit(':').next().unwrap().to_owned();
    // One broker by two names: as two listeners that ask the same directory.
    let servers = format!("127.0.0.1:{port},localhost:{port}");
    let file = format!(
        "bootstrap.servers={servers}\nsecurity.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=app\nsasl.password=canary\n"
    );
    let home = Home::new().with("client.properties", &file);
    let path = home.path().join("client.properties").display().to_string();
    let told = super::in_home(&home, &["--properties", &path]);
    assert_eq!(told.code, Some(4), "{:#}", told.whole);
    assert_eq!(broker.asked(ApiKey::SaslAuthenticate), 1, "one try is enough to know");
    assert!(!told.whole.to_string().contains("canary"));
}
