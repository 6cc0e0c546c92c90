use std::path::Path;

use super::*;
use crate::config::properties::of_text;
use crate::io::kafka::{Claim, Method, ScramHash};

fn read(text: &str) -> Result<Connection, Vec<Mistake>> {
    understood(of_text(Path::new("c.properties"), text, &|_| None).unwrap())
}

#[track_caller]
fn connection(text: &str) -> Connection {
    read(text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

#[track_caller]
fn wrong(text: &str) -> String {
    let mistakes = read(text).err().unwrap_or_else(|| panic!("{text}"));
    mistakes.iter().map(|mistake| format!("{mistake} | {}", mistake.hint.as_deref().unwrap_or_default())).collect::<Vec<_>>().join("\n")
}

fn method(text: &str) -> Method {
    connection(text).security.sasl.unwrap().method.value
}

fn secret(said: &Said<SecretFrom>) -> String {
    match &said.value {
        SecretFrom::Text(text) => text.expose().to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn java_and_librdkafka_come_to_the_same() {
    let java = "bootstrap.servers=SASL_SSL://a:1,b:2\nsecurity.protocol=SASL_SSL\nssl.truststore.location=/t\nsasl.mechanism=SCRAM-SHA-512\nacks=all\n\
        sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" password=\"p\";\n";
    let other = "metadata.broker.list=a:1,b:2\nsecurity.protocol=sasl_ssl\nssl.ca.location=/t\nsasl.mechanisms=SCRAM-SHA-512\nsasl.username=u\nsasl.password=p\nlinger.ms=5\n";
    for (text, ignored) in [(java, "c.properties:5 acks"), (other, "c.properties:7 linger.ms")] {
        let connection = connection(text);
        assert_eq!(connection.bootstrap.unwrap().iter().map(ToString::to_string).collect::<Vec<_>>(), ["a:1", "b:2"]);
        assert_eq!(connection.security.tls.as_ref().unwrap().trust.as_ref().unwrap().value.from, Place::Path("/t".into()));
        let Method::Scram { hash: ScramHash::Sha512, username, password } = connection.security.sasl.unwrap().method.value else {
            panic!()
        };
        assert_eq!((secret(&username), secret(&password)), ("u".to_owned(), "p".to_owned()));
        assert_eq!(connection.ignored.iter().map(|by| &**by).collect::<Vec<_>>(), [ignored]);
    }
    assert_eq!(connection("bootstrap.servers=a:1").security, Security::default());
}

#[test]
fn the_check_of_names_goes_off_as_each_client_says_it() {
    let verify = |text: &str| connection(&format!("security.protocol=SSL\n{text}")).security.tls.unwrap().verify;
    assert_eq!(verify(""), Verify::Full);
    assert_eq!(verify("ssl.endpoint.identification.algorithm="), Verify::Chain);
    assert_eq!(verify("ssl.endpoint.identification.algorithm=none"), Verify::Chain);
    assert_eq!(verify("ssl.endpoint.identification.algorithm=HTTPS"), Verify::Full);
    assert_eq!(verify("enable.ssl.certificate.verification=false"), Verify::Nothing);
    assert!(connection("security.protocol=SSL\nssl.ca.location=probe").security.tls.unwrap().trust.is_none());
}

#[test]
fn clear_text_is_meant_where_the_protocol_is_said() {
    let meant = |text: &str| connection(text).security.sasl.unwrap().clear_text;
    let user = "sasl.mechanism=PLAIN\nsasl.username=u\nsasl.password=p";
    assert!(meant(&format!("security.protocol=SASL_PLAINTEXT\n{user}")));
    assert!(!meant(&format!("kscope.sasl=true\n{user}")));
    let refused = connection(&format!("kscope.sasl=true\n{user}")).security.prepare().unwrap_err();
    assert!(refused.exit_code() == 2 && refused.sentence().contains("in clear text, and there is no TLS"), "{}", refused.sentence());
}

#[test]
fn tokens_for_development_are_those_of_each_client() {
    let java = "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=OAUTHBEARER\nsasl.jaas.config=x.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"admin\" unsecuredLoginListClaim_scope=\",a,b\" unsecuredLoginNumberClaim_n=5 extension_traceId=7;\n";
    let Method::Unsecured { claims, lifetime_s: 3600, extensions } = method(java) else { panic!() };
    assert_eq!(
        claims,
        [
            ("sub".to_owned(), Claim::Text("admin".into())),
            ("n".to_owned(), Claim::Number("5".into())),
            ("scope".to_owned(), Claim::List(vec!["a".into(), "b".into()]))
        ]
    );
    assert_eq!(extensions, [("traceId".to_owned(), "7".to_owned())]);
    let other = "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=OAUTHBEARER\nenable.sasl.oauthbearer.unsecure.jwt=true\nsasl.oauthbearer.config=principal=bob lifeSeconds=60 scope=r,w\n";
    let Method::Unsecured { claims, lifetime_s: 60, .. } = method(other) else { panic!() };
    assert_eq!(claims[0], ("sub".to_owned(), Claim::Text("bob".into())));
    let file = "security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=file:///run/token\n";
    let Method::Token { token, .. } = method(file) else { panic!() };
    assert_eq!(token.value, SecretFrom::File("/run/token".into()));
}

#[test]
fn providers_and_amazon_make_tokens() {
    let java = "security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=https://login/token\nsasl.jaas.config=x.OAuthBearerLoginModule required clientId=\"c\" clientSecret=\"s\" scope=\"a b\" extension_logicalCluster=\"lkc\";\n";
    let other = "security.protocol=SASL_SSL\nsasl.mechanisms=OAUTHBEARER\nsasl.oauthbearer.method=oidc\nsasl.oauthbearer.token.endpoint.url=https://login/token\nsasl.oauthbearer.client.id=c\nsasl.oauthbearer.client.secret=s\nsasl.oauthbearer.scope=a b\nsasl.oauthbearer.extensions=logicalCluster=lkc\n";
    for text in [java, other] {
        let Method::Oidc { oidc, extensions } = method(text) else { panic!() };
        assert_eq!((secret(&oidc.client_id), secret(&oidc.client_secret), oidc.scope.as_deref()), ("c".into(), "s".into(), Some("a b")));
        assert_eq!(
            (oidc.endpoint.value.as_str(), extensions),
            ("https://login/token", vec![("logicalCluster".to_owned(), "lkc".to_owned())])
        );
        assert!(connection(text).ignored.is_empty());
    }
    assert!(wrong(&java.replace("https", "http")).contains("would go in clear text"));
    assert!(wrong(&java.replace("clientSecret=\"s\"", "")).contains("there is no client.secret for it"));
    let amazon = "security.protocol=SASL_SSL\nsasl.mechanism=AWS_MSK_IAM\nsasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required awsProfileName=\"ro\";\nsasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler\n";
    let Method::Iam(iam) = method(amazon) else { panic!() };
    assert_eq!((iam.profile.as_deref(), connection(amazon).ignored.len()), (Some("ro"), 0));
    assert!(wrong(&amazon.replace("awsProfileName", "awsRoleArn")).contains("awsRoleArn is not known here"));
    // A table alone is TLS, too: the mechanism exists with it only.
    assert!(connection("kscope.sasl=true\nsasl.mechanism=AWS_MSK_IAM").security.tls.is_some());
}

#[test]
fn what_is_wrong_names_the_line_and_the_next_step_and_never_a_secret() {
    let sasl = "security.protocol=SASL_SSL\n";
    for (text, parts) in [
        ("security.protocol=TLS".to_owned(), &["c.properties:1 security.protocol: \"TLS\" is not one of PLAINTEXT, SSL"][..]),
        ("bootstrap.servers=a:b".to_owned(), &["c.properties:1 bootstrap.servers: ", "is no port"]),
        (format!("{sasl}sasl.mechanism=GSSAPI"), &["c.properties:2 sasl.mechanism: Kerberos (GSSAPI) is not in this release"]),
        (sasl.to_owned(), &["there is SASL and no mechanism", "SCRAM-SHA-512"]),
        (format!("{sasl}sasl.mechanism=SCRAM-SHA-265"), &["did you mean SCRAM-SHA-256?"]),
        (format!("{sasl}sasl.mechanism=PLAIN\nsasl.username=u"), &["there is no password", "password_command"]),
        (
            format!("{sasl}sasl.mechanism=PLAIN\nsasl.jaas.config=a.ScramLoginModule required username=\"u\" password=\"canary\";"),
            &["c.properties:3 sasl.jaas.config: the login module is ScramLoginModule, and this mechanism wants PlainLoginModule"],
        ),
        (
            format!("{sasl}sasl.mechanism=PLAIN\nsasl.jaas.config=a.PlainLoginModule required username=\"u\" password=\"canary;"),
            &["c.properties:3 sasl.jaas.config: a quotation mark is not closed"],
        ),
        (format!("{sasl}sasl.mechanism=OAUTHBEARER"), &["there is no token", "token_command"]),
        ("security.protocol=SSL\nssl.key.location=/k".to_owned(), &["c.properties:2 ssl.key.location: there is a key and no certificate"]),
    ] {
        let said = wrong(&text);
        assert!(parts.iter().all(|part| said.contains(part)) && !said.contains("canary"), "{text}: {said}");
    }
}
