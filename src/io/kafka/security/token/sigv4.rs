//! Amazon's Signature Version 4 in a query: a URL that proves who made it, for some minutes.

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use ring::hmac::{self, HMAC_SHA256, Key};

use super::http::encoded;
use crate::io::kafka::security::Secret;

/// A key of Amazon's.
#[derive(Debug, Clone)]
pub(super) struct Credentials {
    pub(super) id: String,
    pub(super) secret: Secret,
    /// With credentials for a while.
    pub(super) session: Option<Secret>,
}

/// What is asked: `GET https://host path ? query`.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) host: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    /// In hexadecimal, or `UNSIGNED-PAYLOAD`.
    pub(super) body_digest: &'a str,
    /// How long it is good, in seconds.
    pub(super) expires: u32,
}

/// The digest of nothing.
pub(super) fn nothing() -> String {
    hex(digest(&SHA256, b"").as_ref())
}

/// The whole URL.
pub(super) fn presigned(asked: &Asked<'_>, credentials: &Credentials, now: Timestamp) -> String {
    let (day, time) = (now.strftime("%Y%m%d").to_string(), now.strftime("%Y%m%dT%H%M%SZ").to_string());
    let scope = format!("{day}/{}/{}/aws4_request", asked.region, asked.service);
    let mut query: Vec<(String, String)> = asked.query.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    let mut put = |name: &str, value: &str| query.push((name.to_owned(), encoded(value)));
    put("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
    put("X-Amz-Credential", &format!("{}/{scope}", credentials.id));
    put("X-Amz-Date", &time);
    put("X-Amz-Expires", &asked.expires.to_string());
    put("X-Amz-SignedHeaders", "host");
    if let Some(session) = &credentials.session {
        put("X-Amz-Security-Token", session.expose());
    }
    query.sort();
    let query = query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let canonical = format!("GET\n{}\n{query}\nhost:{}\n\nhost\n{}", asked.path, asked.host, asked.body_digest);
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(digest(&SHA256, canonical.as_bytes()).as_ref()));
    let signature = hmac::sign(&key(credentials.secret.expose(), &day, asked.region, asked.service), to_sign.as_bytes());
    format!("https://{}{}?{query}&X-Amz-Signature={}", asked.host, asked.path, hex(signature.as_ref()))
}

/// The key of a day, a region and a service.
fn key(secret: &str, day: &str, region: &str, service: &str) -> Key {
    let first = Key::new(HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    [day, region, service, "aws4_request"].iter().fold(first, |key, part| Key::new(HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "Authenticating Requests: Using Query Parameters" in the reference of Amazon S3.
    #[test]
    fn the_published_example_comes_out() {
        let credentials = Credentials {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            session: None,
        };
        let asked = Asked {
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            query: &[],
            region: "us-east-1",
            service: "s3",
            body_digest: "UNSIGNED-PAYLOAD",
            expires: 86400,
        };
        let url = presigned(&asked, &credentials, "2013-05-24T00:00:00Z".parse().unwrap());
        assert_eq!(
            url,
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    /// "Deriving the signing key" in the reference of Signature Version 4.
    #[test]
    fn the_published_key_comes_out() {
        let key = key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam");
        let to_sign = "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\nf536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        assert_eq!(hex(hmac::sign(&key, to_sign.as_bytes()).as_ref()), "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }

    #[test]
    fn the_digest_of_nothing_is_the_known_one() {
        assert_eq!(nothing(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
