//! From the configuration to what the parts of the program are started with.

use crate::config::{Color, Config, ThemeName};
use crate::core::stream::Allowance;
use crate::screens::Settings;
use crate::term::{self, Background, ColorChoice};
use crate::ui::{Depth, Ground, Theme};

/// What screens go by.
pub fn settings(config: &Config) -> Settings {
    Settings {
        limits: config.messages.buffer,
        zone: config.ui.zone.clone(),
        refresh: config.ui.refresh,
        time: config.ui.time,
        start: config.messages.start.clone(),
        isolation: config.messages.isolation,
        search: Allowance { rate: config.limits.search_rate, bytes: config.limits.search_bytes },
        guarded_search_rate: config.limits.guarded_search_rate.or(config.limits.search_rate),
        stalled_after: config.groups.stalled_after,
        aliases: config.aliases.clone(),
        contexts: Vec::new(),
        variables: std::sync::Arc::new(variables()),
        log: None,
    }
}

/// The environment, without what is no text.
fn variables() -> std::collections::BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text).collect()
}

/// How many colours may be used, where the command line does not say it.
pub fn colors(color: Color) -> ColorChoice {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
        Color::Sixteen => ColorChoice::Only(term::Depth::Sixteen),
        Color::Many => ColorChoice::Only(term::Depth::Many),
        Color::True => ColorChoice::Only(term::Depth::True),
    }
}

/// A theme for one ground says what the ground is: the terminal need not be asked.
pub fn background(theme: &ThemeName) -> Option<Background> {
    match theme {
        ThemeName::Dark => Some(Background::Dark),
        ThemeName::Light => Some(Background::Light),
        ThemeName::Auto | ThemeName::Mono | ThemeName::Sixteen | ThemeName::File(_) => None,
    }
}

/// The theme, for a terminal with these colours.
pub fn theme(config: &Config, colors: term::Colors) -> Theme {
    let depth = match colors.depth {
        term::Depth::True => Depth::True,
        term::Depth::Many => Depth::Many,
        term::Depth::Sixteen => Depth::Sixteen,
        term::Depth::None => Depth::None,
    };
    let ground = match colors.background {
        Background::Dark => Ground::Dark,
        Background::Light => Ground::Light,
    };
    match (&config.ui.theme, &config.palette) {
        (ThemeName::Mono, _) => Theme::new(Depth::None, ground),
        (ThemeName::Sixteen, _) if depth != Depth::None => Theme::new(Depth::Sixteen, ground),
        (ThemeName::File(_), Some(palette)) => Theme::of(palette, depth, ground),
        _ => Theme::new(depth, ground),
    }
}
