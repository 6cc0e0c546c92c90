//! What a certificate says of itself, for people: whose it is, who vouches for it, until when.

use jiff::Timestamp;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Names and dates of a certificate. Foreign text: for [`crate::text::Shown::of`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::io) struct Facts {
    pub(in crate::io) subject: String,
    pub(in crate::io) issuer: String,
    /// Seconds since the epoch.
    pub(in crate::io) not_before: i64,
    pub(in crate::io) not_after: i64,
    /// Names and addresses that it is for.
    pub(in crate::io) names: Vec<String>,
    /// The common name, which older certificates have in place of names.
    pub(in crate::io) common_name: Option<String>,
}

impl Facts {
    /// `None`: it is no certificate.
    pub(in crate::io) fn of(der: &[u8]) -> Option<Self> {
        let (_rest, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map(|names| names.value.general_names.iter().filter_map(name).collect()).unwrap_or_default();
        let common_name = certificate.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).map(str::to_owned);
        Some(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            names,
            common_name,
        })
    }

    /// "CN=server, issued by CN=Test CA".
    pub(in crate::io) fn words(&self) -> String {
        if self.subject == self.issuer {
            format!("{}, signed by itself", self.subject)
        } else {
            format!("{}, issued by {}", self.subject, self.issuer)
        }
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match **bytes {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    }
}

/// "2026-11-22 02:14 UTC", or the number when it is no date.
pub(in crate::io) fn date(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_beyond) => format!("{seconds} s after 1970"),
    }
}
