use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread;

use super::*;

fn of<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    |name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
}

#[track_caller]
fn id(iam: &Iam, set: &[(&str, &str)]) -> String {
    iam.credentials(&of(set)).unwrap().id
}

/// Answers each request by its first line.
fn endpoint(answer: impl Fn(&str) -> Option<&'static str> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let body = answer(&format!("{first} {}", head.join(" ")));
            let (status, body) = body.map_or(("404 Not Found", ""), |body| ("200 OK", body));
            drop(write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()));
        }
    });
    at
}

const JSON: &str = r#"{"AccessKeyId":"AKIDX","SecretAccessKey":"s","Token":"t","Expiration":"2030-01-01T00:00:00Z"}"#;

#[test]
fn the_region_is_in_the_name_of_the_broker() {
    for (host, region) in [
        ("b-1.demo.abc.c1.kafka.us-east-1.amazonaws.com", Some("us-east-1")),
        ("boot-x.c2.kafka-serverless.eu-west-1.amazonaws.com", Some("eu-west-1")),
        ("b-1.x.c1.kafka.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
        ("s3.us-east-1.amazonaws.com", None),
        ("kafka.int", None),
    ] {
        assert_eq!(region_of(host).as_deref(), region, "{host}");
    }
    let nowhere = Iam::default().token_at("kafka.int", Timestamp::UNIX_EPOCH, &of(&[])).unwrap_err();
    assert!(nowhere.refused && nowhere.text.contains("does not tell its region"));
}

#[test]
fn a_token_is_a_signed_address_and_who_asks_is_not_signed() {
    let set = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_SESSION_TOKEN", "a/b")];
    let token =
        Iam::default().token_at("b-1.x.c1.kafka.us-east-1.amazonaws.com", "2024-01-02T03:04:05Z".parse().unwrap(), &of(&set)).unwrap();
    let url = String::from_utf8(URL_SAFE_NO_PAD.decode(token.text.expose()).unwrap()).unwrap();
    let start = "https://kafka.us-east-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20240102%2Fus-east-1%2Fkafka-cluster%2Faws4_request&X-Amz-Date=20240102T030405Z&X-Amz-Expires=900&X-Amz-Security-Token=a%2Fb&X-Amz-SignedHeaders=host&X-Amz-Signature=";
    assert!(url.starts_with(start), "{url}");
    assert!(url.rsplit_once("&User-Agent=kscope%2F").is_some_and(|(before, _)| before.len() == start.len() + 64), "{url}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test writes what it reads")]
fn credentials_come_in_the_usual_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(
        path("credentials"),
        "[default]\naws_access_key_id = D\naws_secret_access_key = s\n# [x]\n[data-ro]\naws_access_key_id=R\naws_secret_access_key=s=\n",
    )
    .unwrap();
    std::fs::write(
        path("config"),
        "[profile data-ro]\nregion = x\n[profile run]\ncredential_process = printf '{\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\"}'\n",
    )
    .unwrap();
    let (credentials, config) = (path("credentials"), path("config"));
    let files = [("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str()), ("AWS_CONFIG_FILE", config.as_str())];
    let with = |more: &[(&'static str, &'static str)]| [&files[..], more].concat();
    let named = |profile: &str| Iam { profile: Some(profile.to_owned()), region: None };
    let keys = [("AWS_ACCESS_KEY_ID", "V"), ("AWS_SECRET_ACCESS_KEY", "s")];
    assert_eq!(id(&Iam::default(), &with(&keys)), "V");
    assert_eq!(id(&Iam::default(), &with(&[])), "D");
    assert_eq!(id(&Iam::default(), &with(&[("AWS_PROFILE", "data-ro")])), "R");
    assert_eq!(id(&named("data-ro"), &with(&keys)), "R", "a profile that is named goes before variables");
    assert_eq!(id(&named("run"), &with(&[])), "P");
}

#[test]
fn endpoints_of_containers_and_machines_are_asked_as_they_want() {
    let nothing = [("AWS_SHARED_CREDENTIALS_FILE", "/none"), ("AWS_CONFIG_FILE", "/none"), ("HOME", "/none")];
    let container = endpoint(|asked| (asked.starts_with("GET /v1 ") && asked.contains("uthorization: word")).then_some(JSON));
    let url = format!("{container}/v1");
    let set =
        [&nothing[..], &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "word")]].concat();
    assert_eq!(id(&Iam::default(), &set), "AKIDX");
    let machine = endpoint(|asked| match asked {
        _ if asked.starts_with("PUT /latest/api/token ") => Some("seal"),
        _ if !asked.contains("seal") => None,
        _ if asked.starts_with("GET /latest/meta-data/iam/security-credentials/ ") => Some("role-a\n"),
        _ if asked.starts_with("GET /latest/meta-data/iam/security-credentials/role-a ") => Some(JSON),
        _ => None,
    });
    let set = [&nothing[..], &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", machine.as_str())]].concat();
    assert_eq!(id(&Iam::default(), &set), "AKIDX");
}
