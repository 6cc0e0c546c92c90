//! The certificate that ends first is known while one is connected, so that somebody can be warned before it does.

use kscope::io::kafka::{Address, Client, Identity, Material, Place, Said, Security, Settings, Tls, Wanted};
use kscope::model::{Certificate, Time};

use crate::kafka::{Secured, secured};

fn soonest(kafka: &Secured, listener: &str, own: Option<&str>) -> Option<Certificate> {
    let file = |name: &str| Said::new(Material { from: Place::Path(kafka.tls(name)), password: None }, "the test");
    let identity = own.map(|name| Identity { chain: file(name), key: None, key_password: None });
    let mut settings = Settings::new(vec![Address::parse(kafka.at(listener)).unwrap()]);
    settings.security = Security::new(Some(Tls { trust: Some(file("ca.pem")), identity, ..Tls::default() }), None);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ask = async {
        let client = Client::new(settings);
        client.cluster("list the topics", Wanted::All).await.unwrap().certificate
    };
    runtime.block_on(ask)
}

#[test]
fn the_certificate_that_ends_first_is_told_with_whose_it_is() {
    let Some(kafka) = secured() else { return };
    let now = Time(jiff::Timestamp::now().as_microsecond());
    let theirs = soonest(kafka, "SOON", None).unwrap();
    assert_eq!((theirs.of.as_ref().map(kscope::model::Foreign::raw), theirs.subject.raw()), (Some(kafka.at("SOON")), "CN=soon"));
    assert!((9..=10).contains(&theirs.days_left(now)), "{theirs:?}");
    let ours = soonest(kafka, "MTLS", Some("soon.both.pem")).unwrap();
    assert_eq!((ours.of, ours.subject.raw()), (None, "CN=soon"), "ours ends before the broker's");
    let far = soonest(kafka, "TLS", None).unwrap();
    assert!(far.days_left(now) > 3_000, "{far:?}");
}
