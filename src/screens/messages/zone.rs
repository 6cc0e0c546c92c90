//! Whose time the list shows.

use jiff::tz::TimeZone;

use super::Messages;
use crate::screens::Look;

impl Messages {
    /// The time zone in force.
    pub(super) fn zone(&self, look: &Look<'_>) -> TimeZone {
        zones(&look.settings.zone).into_iter().nth(self.zone).unwrap_or(TimeZone::UTC)
    }

    pub(super) fn next_zone(&mut self, configured: &TimeZone) {
        self.zone = (self.zone + 1) % zones(configured).len().max(1);
    }
}

/// What `T` goes through: the configured zone, UTC, the system's own; each once.
fn zones(configured: &TimeZone) -> Vec<TimeZone> {
    let mut zones: Vec<TimeZone> = Vec::new();
    for zone in [configured.clone(), TimeZone::UTC, TimeZone::system()] {
        if !zones.contains(&zone) {
            zones.push(zone);
        }
    }
    zones
}

/// A zone's name beside times.
pub(super) fn zone_name(zone: &TimeZone) -> String {
    match zone.iana_name() {
        _ if *zone == TimeZone::UTC => "UTC".to_owned(),
        _ if *zone == TimeZone::system() => "local".to_owned(),
        Some(name) => name.to_owned(),
        None => "its own zone".to_owned(),
    }
}
