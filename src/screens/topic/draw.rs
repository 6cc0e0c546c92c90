//! How the panes about a topic are drawn, and the line about what is selected.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::partitions::{self, Id};
use super::readers;
use super::{Pane, TopicScreen};
use crate::core::figures::TopicFigures;
use crate::core::table::Sort;
use crate::model::{Known, Move, Partition, Setting, Source, Why};
use crate::screens::Look;
use crate::text::{self, Shown, setting, units};
use crate::ui::{self, Pen, Token};

/// From so many columns on both panes stand side by side.
pub(super) const SPLIT: u16 = 116;
/// The settings' share of them.
const SETTINGS: u16 = 52;

pub(super) fn draw(screen: &TopicScreen, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    if screen.is_split(area.width) {
        // Beyond what the partitions need, the settings have more to say.
        let right = SETTINGS.max(area.width.saturating_sub(96)).min(80);
        let (left, right) = ui::split_right(area, right);
        draw_partitions(screen, look, buf, left);
        // The one that has the focus gets more of the height.
        let share = if screen.focus == Pane::Readers { 3 } else { 2 };
        let below = (right.height * share / 5).min(u16::try_from(screen.readers.len() + 4).unwrap_or(u16::MAX)).max(6).min(right.height);
        let above = Rect { height: right.height - below, ..right };
        draw_settings(screen, look, buf, above);
        readers::draw(screen, look, buf, Rect { y: right.y + above.height, height: below, ..right });
    } else {
        match screen.focus {
            Pane::Partitions => draw_partitions(screen, look, buf, area),
            Pane::Settings => draw_settings(screen, look, buf, area),
            Pane::Readers => readers::draw(screen, look, buf, area),
        }
    }
}

fn draw_partitions(screen: &TopicScreen, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let figures = look.cluster.figures.of(&screen.topic);
    partitions_title(screen, look, figures, &mut Pen::new(buf, look.theme, area, 0));
    let columns = partitions::fitting(usize::from(area.width));
    let mut pen = Pen::new(buf, look.theme, area, 1);
    pen.gap(1);
    for column in &columns {
        let sorted = screen.sort.by == column.id && screen.sort != Sort::default();
        let title = if sorted { screen.sort.heading(column) } else { column.title.to_owned() };
        let chosen = screen.focus == Pane::Partitions && column.id == screen.sort.chosen && screen.sort != Sort::default();
        let token = if chosen { Token::Accent } else { Token::Dim };
        if column.left {
            pen.gap(1).left(title, column.width, token)
        } else {
            pen.right(title, column.width + 1, token)
        };
    }
    let rows = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    if screen.rows.is_empty() {
        let why = if screen.problems { "No partition is in trouble. ! shows all." } else { "No partitions were told." };
        Pen::new(buf, look.theme, rows, 0).gap(2).own(why, Token::Look);
        return;
    }
    let height = usize::from(rows.height);
    let mut cursor = screen.partitions;
    cursor.fit(screen.rows.len(), height);
    let stale = look.cluster.trouble.is_some() || screen.gone.is_some();
    for (y, row) in (0_u16..).zip(cursor.window(screen.rows.len(), height)) {
        let Some(partition) = screen.rows.get(row).and_then(|&id| screen.topic.partition(id)) else { continue };
        let mut pen = Pen::new(buf, look.theme, rows, y);
        if row == cursor.at {
            let token = if screen.focus == Pane::Partitions { Token::Accent } else { Token::Faint };
            pen.ground(look.theme.raised()).own("▌", token);
        }
        pen.to(1);
        let told = figures.and_then(|figures| figures.of(partition.id));
        let moving = moving(screen, partition);
        for column in &columns {
            let (text, token) = partitions::cell(column.id, partition, told, moving);
            let still = column.id == Id::Rate && text == "0";
            let token = if token == Token::Text && (stale || still) { Token::Dim } else { token };
            if column.left {
                pen.gap(1).left(text, column.width, token)
            } else {
                pen.right(text, column.width + 1, token)
            };
        }
    }
}

fn moving<'s>(screen: &'s TopicScreen, partition: &Partition) -> Option<&'s Move> {
    screen.moves().iter().find(|moving| moving.partition == partition.id)
}

fn partitions_title(screen: &TopicScreen, look: &Look<'_>, figures: Option<&TopicFigures>, pen: &mut Pen<'_>) {
    let topic = &screen.topic;
    let mut facts = vec![(units::thousands(units::wide(topic.partitions.len())), Token::Dim)];
    if screen.problems {
        facts.push(("problems only".to_owned(), Token::Look));
    }
    let leaderless = topic.partitions.iter().filter(|p| p.leader.is_none()).count();
    let short = topic.partitions.iter().filter(|p| p.leader.is_some() && p.isr.len() < p.replicas.len()).count();
    if leaderless > 0 {
        facts.push((format!("✗ {leaderless} without a leader"), Token::Act));
    }
    if short > 0 {
        facts.push((format!("▲ {short} under-replicated"), Token::Act));
    }
    if !screen.moves().is_empty() {
        facts.push((format!("{} moving", screen.moves().len()), Token::Look));
    }
    if let Some(Known::Is(rate)) = figures.map(|figures| figures.rate(topic)) {
        facts.push((units::rate(rate), Token::Dim));
    }
    if let Some(Known::Is(bytes)) = figures.map(|figures| figures.bytes(topic)) {
        facts.push((units::size(bytes), Token::Dim));
    }
    let mut state = Vec::new();
    if let Some(gone) = screen.gone {
        state.push((format!("GONE since {}", look.clock(gone)), Token::Act));
    } else if let (Some(_), Some(at)) = (&look.cluster.trouble, figures.and_then(|figures| figures.ends_at(topic))) {
        state.push((format!("as of {}", look.clock(at)), Token::Dim));
        state.push(("STALE".to_owned(), Token::Look));
    }
    ui::title_rule(pen, screen.focus == Pane::Partitions, "1 Partitions", &facts, &state);
}

fn draw_settings(screen: &TopicScreen, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let focused = screen.focus == Pane::Settings;
    let listed = screen.listed();
    let mut facts = vec![(format!("{} set here", screen.set_here()), Token::Dim)];
    if !screen.filter.is_empty() {
        facts.push(("filter".to_owned(), Token::Dim));
        facts.push((Shown::of(&screen.filter).cut(24).into_string(), Token::Look));
    }
    let state = [(if screen.all { "all" } else { "A all" }.to_owned(), Token::Dim)];
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), focused, "2 Settings", &facts, &state);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if listed.is_empty() {
        let (words, token) = nothing(screen);
        Pen::new(buf, look.theme, rows, 0).gap(2).own(words, token);
        return;
    }
    let height = usize::from(rows.height);
    let mut cursor = screen.settings;
    cursor.fit(listed.len(), height);
    let name = listed.iter().map(|setting| setting.name.raw().len()).max().unwrap_or(0);
    // Values have their room too; the last line has a long name in full.
    let name = name.min((usize::from(area.width) * 3 / 5).max(20));
    for (y, row) in (0_u16..).zip(cursor.window(listed.len(), height)) {
        let Some(setting) = listed.get(row) else { continue };
        let mut pen = Pen::new(buf, look.theme, rows, y);
        let selected = row == cursor.at && focused;
        if selected {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        draw_setting(&mut pen, setting, name);
    }
}

fn nothing(screen: &TopicScreen) -> (String, Token) {
    match (screen.facts.get().map(|facts| &facts.settings), screen.facts.failure()) {
        (Some(Err(why)), _) => (format!("? The settings are unknown: {}.", text::why(why)), Token::Look),
        (Some(Ok(_)), _) if !screen.filter.is_empty() => {
            ("No setting has that in its name. esc clears the filter.".to_owned(), Token::Look)
        }
        (Some(Ok(_)), _) => ("The broker told no settings.".to_owned(), Token::Look),
        (None, Some(failure)) => (Shown::of(&failure.sentence()).into_string(), Token::Look),
        (None, None) => ("Asking …".to_owned(), Token::Dim),
    }
}

fn draw_setting(pen: &mut Pen<'_>, setting: &Setting, name: usize) {
    let here = setting.source == Source::Topic;
    let shown = Shown::of(setting.name.raw());
    pen.to(2);
    if here {
        pen.shown_bold(&shown, Token::Title, name)
    } else {
        pen.shown(&shown, Token::Dim, name)
    };
    pen.to(2 + name).gap(2);
    let source = short_word(setting.source);
    let room = pen.room().saturating_sub(SOURCE + 1);
    let end = pen.column() + room;
    match &setting.value {
        Some(value) if value.raw().is_empty() => drop(pen.italic("\"\" empty", Token::Dim)),
        Some(value) => {
            let text = Shown::of(value.raw());
            let words = setting::words(setting.name.raw(), value.raw());
            let token = if here { Token::Title } else { Token::Text };
            match words {
                // A number that has no room is told in words; the last line has it in full.
                Some(words) if text.width() > room && text::width(&words) <= room => drop(pen.own(words, token)),
                words => {
                    pen.shown(&text, token, room);
                    if let Some(words) = words.filter(|words| pen.column() + 2 + text::width(words) <= end) {
                        pen.gap(2).own(words, Token::Dim);
                    }
                }
            }
        }
        None if setting.sensitive => drop(pen.italic("hidden", Token::Dim)),
        None => drop(pen.italic("∅ null", Token::Dim)),
    }
    pen.to(end + 1).right(source, SOURCE, if here { Token::Accent } else { Token::Faint });
}

/// Columns of [`short_word`].
const SOURCE: usize = 7;

fn short_word(source: Source) -> &'static str {
    match source {
        Source::AllBrokers => "brokers",
        Source::BrokerFile => "file",
        other => other.word(),
    }
}

/// The last line: the prompt, or the selected partition or setting in words.
pub(super) fn status(screen: &TopicScreen, look: &Look<'_>, pen: &mut Pen<'_>) {
    if let Some(line) = &screen.typing {
        pen.prompt("/", line).gap(6).own("part of a setting's name   esc keeps, esc again clears", Token::Dim);
        return;
    }
    if screen.gone.is_some() {
        pen.own("▲ The cluster does not name this topic any more: it was deleted, or may not be seen.", Token::Look);
        return;
    }
    match screen.focus {
        Pane::Readers => readers::status(screen, look, pen),
        Pane::Partitions => {
            if let Some(partition) = screen.selected().and_then(|id| screen.topic.partition(id)) {
                partition_status(screen, look, partition, pen);
            }
        }
        Pane::Settings => {
            if let Some(setting) = screen.listed().get(screen.settings.at) {
                setting_status(setting, pen);
            }
        }
    }
}

fn partition_status(screen: &TopicScreen, look: &Look<'_>, partition: &Partition, pen: &mut Pen<'_>) {
    pen.own(format!("Partition {}: ", partition.id.0), Token::Text);
    let figures = look.cluster.figures.of(&screen.topic).and_then(|figures| figures.of(partition.id));
    let missing: Vec<_> = partition.replicas.iter().filter(|id| !partition.isr.contains(id)).copied().collect();
    if partition.leader.is_none() {
        pen.own("✗ no leader: it can be neither read nor written. ", Token::Act);
    }
    if !missing.is_empty() {
        let (isr, all) = (partition.isr.len(), partition.replicas.len());
        let brokers = if missing.len() == 1 { "broker" } else { "brokers" };
        pen.own(format!("▲ {brokers} {} not in sync, {isr} of {all} are. ", partitions::ids(&missing)), Token::Act);
        if let Some(least) = min_isr(screen).filter(|&least| units::wide(isr) < least) {
            pen.own(format!("acks=all is refused: it needs {least}. "), Token::Act);
        }
    }
    if let Some(moving) = moving(screen, partition) {
        pen.own(format!("its replicas are moving: {} come, {} go. ", brokers(&moving.adding), brokers(&moving.removing)), Token::Look);
    }
    if let Some(figures) = figures {
        if let Some(&held) = figures.held.is().filter(|&&held| held > 0) {
            pen.own(format!("{} held back by an open transaction. ", units::counted(held, "offset")), Token::Look);
        }
        if let Known::Unknown(why) = &figures.end
            && *why != Why::NotAsked
        {
            pen.own(format!("? end: {}. ", text::why(why)), Token::Look);
        }
        if let (Known::Is(start), Known::Is(end)) = (&figures.start, &figures.end) {
            let offsets = units::counted(u64::try_from(end.0.saturating_sub(start.0)).unwrap_or(0), "offset");
            pen.own(format!("{offsets} from {} to {} ", units::thousands(start.0), units::thousands(end.0)), Token::Dim);
        }
    }
    pen.own(format!("· leader epoch {}", partition.leader_epoch.0), Token::Dim);
}

fn brokers(ids: &[crate::model::BrokerId]) -> String {
    if ids.is_empty() { "none".to_owned() } else { partitions::ids(ids) }
}

fn min_isr(screen: &TopicScreen) -> Option<u64> {
    let settings = screen.facts.get()?.settings.as_ref().ok()?;
    settings.iter().find(|setting| setting.name.raw() == "min.insync.replicas")?.value.as_ref()?.raw().parse().ok()
}

fn setting_status(setting: &Setting, pen: &mut Pen<'_>) {
    let room = pen.room();
    pen.shown(&Shown::of(setting.name.raw()), Token::Text, room);
    let Some(value) = &setting.value else { return };
    let room = pen.room().saturating_sub(20);
    pen.own(" = ", Token::Dim).shown(&Shown::of(value.raw()), Token::Text, room);
    if let Some(words) = setting::words(setting.name.raw(), value.raw()) {
        pen.own(format!("  {words}"), Token::Dim);
    }
    let said = match setting.source {
        Source::Topic => "set on this topic",
        Source::Broker => "set on the broker while it ran",
        Source::AllBrokers => "set for all brokers while they ran",
        Source::BrokerFile => "from the broker's file",
        Source::Default => "Kafka's default",
        Source::Other(_) => "from elsewhere",
    };
    pen.own(format!("  · {said}"), Token::Dim);
}
