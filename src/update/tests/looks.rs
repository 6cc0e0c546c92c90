//! What each screen shows, as text, at the sizes that matter. A snapshot is accepted by reading it as an operator would:
//! is anything cut off, misleading, or missing that one needs at three in the morning?
//!
//! To add a look: a script that leads there, one line in a test with a name for it. `INSTA_UPDATE=always cargo test looks`
//! writes the files anew; the difference is what there is to judge.

mod group;
mod groups;
mod inquire;
mod messages;

use std::fmt::Write as _;
use std::time::Duration;

use super::{messages, orders, unreachable};
use crate::core::ask::Answer;
use crate::core::checkup::{Checkup, Finding, Look as Looked};
use crate::core::configure::{Preview, Told};
use crate::core::context::Context;
use crate::core::event::Event;
use crate::core::store::Limits;
use crate::core::stream::{Fact, PartitionProgress, Progress};
use crate::model::{
    Attempt, BrokerId, Cause, ClusterId, Failure, Foreign, LeaderEpoch, Offset, Outcome, PartitionId, ProducerId, Step, Topic, TopicError,
    TxnTable,
};
use crate::testing::{self, Made, Script, chunk, live, made, targets, targets_elsewhere, topic};
use messages::full;

const SMALL: (u16, u16) = (80, 24);
const USUAL: (u16, u16) = (120, 36);
const LARGE: (u16, u16) = (200, 60);

/// Compares what a terminal of that size shows with the file `NAME.snap`.
#[track_caller]
fn looks(script: &Script, name: &str) {
    let screen = script.screen();
    let widest = screen.lines().map(crate::text::width).max().unwrap_or(0);
    assert!(widest <= usize::from(script.state.size.0), "{widest} columns:\n{screen}");
    assert!(screen.chars().all(|c| c == '\n' || !c.is_control()), "{screen:?}");
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, screen);
    });
}

fn at(size: (u16, u16)) -> Script {
    Script::at(size.0, size.1)
}

fn named(size: (u16, u16), name: &str) -> String {
    format!("{name}_{}x{}", size.0, size.1)
}

// --- topics ---------------------------------------------------------------------------------------------------------

/// Twelve topics that a real cluster may have, the odd ones first of all.
fn odd_topics() -> Vec<Topic> {
    let mut leaderless = topic("no-leader.audit", 4);
    for partition in leaderless.partitions.iter_mut().take(2) {
        partition.leader = None;
        partition.isr.clear();
    }
    let mut short = topic("orders.created", 48);
    for partition in short.partitions.iter_mut().take(2) {
        partition.isr.pop();
    }
    let mut single = topic("rf1.scratch", 1);
    single.partitions.iter_mut().for_each(|partition| {
        partition.replicas.truncate(1);
        partition.isr.truncate(1);
    });
    let refused = Topic { error: Some(TopicError::NotAuthorised), partitions: vec![], ..topic("payroll.secret", 0) };
    let mut topics = vec![
        topic("A.upper-case", 3),
        topic("__consumer_offsets", 50),
        topic("a", 1),
        topic("evil\u{1b}]0;owned\u{7}\u{202e}gnp.exe\r\nnext", 1),
        topic(&format!("long.{}.end", "0123456789".repeat(24)), 6),
        leaderless,
        short,
        topic("orders.created.DLQ", 6),
        refused,
        single,
        topic("wide.注文.作成.👩‍👩‍👧", 12),
        topic("zz.many", 10_000),
    ];
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    topics
}

#[test]
fn topics_before_the_first_answer() {
    looks(&at(SMALL), "topics_loading");
}

#[test]
fn topics_of_an_empty_list_say_why() {
    looks(&at(SMALL).cluster(vec![]), "topics_none");
    looks(&at(SMALL).cluster(odd_topics()).keys("/").text("^nothing").keys("enter"), "topics_filtered_away");
    looks(&at(SMALL).cluster(vec![topic("__consumer_offsets", 50), topic("__transaction_state", 50)]), "topics_only_internal");
}

#[test]
fn topics_with_odd_names_and_states() {
    for size in [SMALL, USUAL, LARGE] {
        looks(&at(size).cluster(odd_topics()).keys("j j j j"), &named(size, "topics_full"));
    }
    looks(&at(SMALL).cluster(odd_topics()).keys("/").text("ord"), "topics_filter_typed");
    // What the last line says of the troubled ones.
    looks(&at(SMALL).cluster(odd_topics()).keys("G k k k"), "topics_not_authorised_selected");
}

/// Three bootstrap addresses that failed in three ways.
fn three_ways() -> Failure {
    let attempt =
        |broker, address: &str, step, result: &str| Attempt { broker, address: Foreign::new(address), step, result: Foreign::new(result) };
    let attempts = vec![
        attempt(None, "kafka-1.internal.example.org:9092", Step::Connect, "connection refused"),
        attempt(None, "kafka-2.internal.example.org:9092", Step::Dns, "no such host"),
        attempt(Some(BrokerId(3)), "[2001:db8::1]:9093", Step::ApiVersions, "no answer within 5 s: the port may expect TLS"),
    ];
    Failure::new("list the topics", Cause::Unreachable).attempts(attempts)
}

#[test]
fn topics_when_no_broker_answers() {
    for size in [SMALL, LARGE] {
        looks(&at(size).reply("cluster", Err(three_ways())), &named(size, "topics_not_connected"));
    }
    let refused = Failure::new(
        "list the topics",
        Cause::WrongProtocol("this address speaks HTTP, not Kafka: is it a REST proxy, or the port of another service?"),
    );
    looks(&at(SMALL).reply("cluster", Err(refused.at("kafka-1:9092"))), "topics_wrong_protocol");
}

#[test]
fn topics_that_are_stale() {
    let script = |size| at(size).cluster(odd_topics()).later(Duration::from_secs(6)).reply("cluster", Err(three_ways()));
    looks(&script(USUAL), "topics_stale");
    looks(&script(SMALL).keys("esc"), "topics_stale_panel_hidden");
}

/// Ends that grow at a pace of their own for each topic; one topic's leader does not answer.
fn growing(seconds: i64) -> impl Fn(&str, i32) -> Option<i64> {
    move |name, partition| {
        let pace = i64::try_from(name.len() * name.len()).unwrap() - 1;
        (name != "rf1.scratch").then(|| 100_000 + i64::from(partition) * 1000 + pace * seconds)
    }
}

/// The list after some refreshes: every figure is there.
fn measured(size: (u16, u16)) -> Script {
    let mut script = at(size).cluster(odd_topics());
    for tick in 0..9 {
        script = script.figures(growing(tick * 2)).later(Duration::from_secs(2));
    }
    script.figures(growing(18))
}

#[test]
fn topics_with_their_figures() {
    for size in [SMALL, USUAL, LARGE] {
        looks(&measured(size).keys("j j j j"), &named(size, "topics_figures"));
    }
    looks(&measured(LARGE).keys("ctrl-w shift-right shift-right shift-right shift-right O space j space"), "topics_wide_sorted_marked");
    looks(&measured(USUAL).keys("!"), "topics_problems");
}

// --- the palette -----------------------------------------------------------------------------------------------------

#[test]
fn the_palette_lists_what_can_be_done_and_the_topics_there_are() {
    for size in [SMALL, USUAL, LARGE] {
        looks(&measured(size).keys(":"), &named(size, "palette"));
    }
    looks(&measured(USUAL).keys(":").text("messages ord"), "palette_topics");
    looks(&measured(SMALL).keys(":").text("messages nothing like it").keys("enter"), "palette_refused");
    let used = measured(USUAL).keys(":").text("t /^o").keys("enter :").text("topic orders.created").keys("enter :");
    looks(&used, "palette_recent");
}

// --- one topic ------------------------------------------------------------------------------------------------------

/// What a look at the way to a cluster may find.
fn checked() -> Checkup {
    let expired = Cause::Tls(Foreign::new("the broker's certificate expired on 2026-11-20"));
    Checkup {
        findings: vec![
            Finding::good(
                Looked::Settings,
                "/home/me/.config/kscope/config.toml:12 contexts.prod-eu.tls.ca",
                "authorities: /home/me/certs/ca.pem",
            ),
            Finding::warn(
                Looked::Stores,
                "/home/me/certs/me.pem",
                "CN=me, issued by CN=Test CA, expires in 12 days, on 2026-12-02 10:00 UTC",
                "have it renewed before then",
            ),
            Finding::good(Looked::Dns, "kafka-1.int:9092", "10.0.0.1 (IPv4), fd00::1 (IPv6)").took(Duration::from_millis(12)),
            Finding::good(Looked::Connect, "kafka-1.int:9092", "10.0.0.1 answers").took(Duration::from_micros(880)),
            Finding::bad(
                Looked::Tls,
                "kafka-1.int:9092",
                expired,
                "the broker's certificate expired on 2026-11-20 12:59 UTC; this machine's clock says 2026-11-20 13:01 UTC",
                "the broker needs a new certificate; if the clock here is wrong, set it",
            )
            .brief("expired"),
            Finding::skipped(Looked::Cluster, "", "not asked: no broker let us in"),
        ],
        done: true,
    }
}

#[test]
fn contexts_that_one_may_go_to() {
    let listed = |size, contexts| {
        let mut script = at(size).cluster(odd_topics());
        script.state.settings.contexts = contexts;
        script.keys(":").text("ctx").keys("enter")
    };
    for size in [SMALL, USUAL, LARGE] {
        looks(&listed(size, targets()).keys("j"), &named(size, "contexts"));
    }
    for size in [SMALL, USUAL] {
        looks(&listed(size, targets_elsewhere()).keys("G"), &named(size, "contexts_of_other_tools"));
    }
    for size in [SMALL, USUAL, LARGE] {
        looks(
            &listed(size, targets()).keys("j t").reply("checkup", Ok(Answer::Checkup(std::sync::Arc::new(checked())))),
            &named(size, "contexts_tested"),
        );
        let preview = Preview {
            toml: "[contexts.dev]\nbootstrap = [\"localhost:9092\"]\n".to_owned(),
            path: "/home/me/.config/kscope/config.toml".to_owned(),
            left_out: vec!["TLS: the password goes over the network in clear text".to_owned()],
            secrets: vec!["secrets/dev.sasl.password".to_owned()],
        };
        let mut form = listed(size, targets())
            .keys("a")
            .text("dev")
            .keys("tab")
            .text("localhost:9092")
            .keys("tab tab tab right tab tab")
            .text("hunter2");
        form.event(Event::Configured(Told::Preview(preview)));
        looks(&form, &named(size, "new_context"));
    }
    looks(&Script::nowhere(80, 24), "contexts_of_nobody");
    let alone = targets().into_iter().take(1).collect();
    looks(&listed(SMALL, alone), "contexts_none_configured");
    let mut script = at(SMALL).cluster(odd_topics());
    script.state.settings.contexts = targets();
    looks(&script.keys(":").text("ctx prod-eu").keys("enter"), "contexts_on_the_way_to_another");
    let mut script = at(SMALL).cluster(odd_topics());
    script.state.settings.contexts = targets();
    looks(&script.keys(":").text("ctx prod-eu").keys("enter").reply("cluster", Err(three_ways())), "contexts_that_cannot_be_reached");
    let mut script = at(USUAL).cluster(odd_topics());
    script.state.settings.contexts = targets();
    looks(&script.keys(":").text("t /^orders @"), "palette_contexts");
}

#[test]
fn another_cluster_than_the_expected_one() {
    for size in [SMALL, USUAL] {
        let mut script = at(size).cluster(odd_topics());
        let expects = Some(ClusterId::new("q2kZ3mN8T1uYw5x7A9bCdA"));
        script.state.cluster.context = Context { name: Some("prod-eu".to_owned()), configured: true, expects, ..Context::default() };
        let mut other = testing::cluster(odd_topics());
        other.id = Some(ClusterId::new("5L6g3nShT-eMCtK--X86sw"));
        let script = script.later(Duration::from_secs(6)).reply("cluster", Ok(Answer::Cluster(std::sync::Arc::new(other))));
        looks(&script, &named(size, "topics_of_another_cluster"));
    }
}

#[test]
fn a_topic_with_its_partitions_and_settings() {
    for size in [SMALL, USUAL, LARGE] {
        let script = measured(size).keys("/").text("orders.created$").keys("enter d").figures(growing(20));
        looks(&script.later(Duration::from_secs(2)).figures(growing(22)), &named(size, "topic"));
    }
    let settings = || measured(SMALL).keys("/").text("orders.created$").keys("enter d tab").figures(growing(20));
    looks(&settings(), "topic_settings");
    looks(&settings().keys("A / ").text("ms"), "topic_settings_filtered");
}

#[test]
fn a_topic_whose_figures_are_on_their_way_or_unknown() {
    looks(&at(USUAL).cluster(odd_topics()).keys("/").text("no-leader").keys("enter d"), "topic_loading");
    let gone = measured(USUAL).keys("/").text("rf1").keys("enter d").figures(growing(20)).later(Duration::from_secs(6));
    looks(&gone.cluster(vec![topic("other", 1)]), "topic_gone");
}

#[test]
fn help_lists_what_works_here() {
    for size in [SMALL, LARGE] {
        looks(&full(size).keys("?"), &named(size, "help"));
    }
    looks(&orders().keys("? ").text("filt"), "help_searched");
}

#[test]
fn a_started_chord_shows_what_may_follow() {
    looks(&full(SMALL).keys("y"), "chord");
}

#[test]
fn prompts_say_what_they_take() {
    looks(&full(SMALL).keys("o"), "prompt_seek");
    let earlier = full(SMALL).keys("/").text(".status == FAILED").keys("enter /").text(" and .amount > 100").keys("enter");
    looks(&earlier.keys("/ ctrl-u ctrl-r").text("fail"), "prompt_searched_back");
}

#[test]
fn what_was_done_is_said() {
    let path = "/home/operator/.local/state/kscope/exports/orders.created-20261120T124107Z.ndjson";
    let done = Answer::Exported { path: path.into(), records: 40, bytes: 25_310 };
    looks(&full(SMALL).keys("ctrl-s").reply("export", Ok(done)), "notice_exported");
    looks(&Script::at(39, 9), "too_small");
    looks(&messages().input(crate::core::key::Input::Resize(40, 10)), "messages_smallest");
}

// --- changes of groups -------------------------------------------------------------------------------------------------

#[test]
fn a_change_of_a_group() {
    use super::reset::{changed, opened};
    use crate::core::reset::{Deed, Target};
    for size in [SMALL, USUAL, LARGE] {
        looks(&opened(size, None), &named(size, "reset_choose"));
        looks(&changed(size, Deed::Reset(Target::Latest), false), &named(size, "reset_preview"));
    }
    looks(&changed(USUAL, Deed::Reset(Target::Latest), true).keys("ctrl-s"), "reset_armed");
}

#[test]
fn records_to_be_sent() {
    use super::produce::{form, sent};
    for size in [SMALL, USUAL, LARGE] {
        let typed = form(size).text("{").keys("enter").text("  \"user\": {{int 1 99}}").keys("enter backspace backspace").text("}");
        looks(&typed.keys("tab tab tab tab ctrl-x k tab tab tab tab space"), &named(size, "produce"));
    }
    looks(&sent(USUAL), "produce_sent");
    looks(&form(USUAL).text("[1, 2").keys("ctrl-s"), "produce_wrong");
}

// --- the overview ----------------------------------------------------------------------------------------------------

#[test]
fn the_overview() {
    use super::overview::overview;
    for size in [SMALL, USUAL, LARGE] {
        looks(&overview(size), &named(size, "overview"));
    }
    looks(&at(USUAL).open(crate::screens::Route::Overview), "overview_connecting");
    looks(&at(USUAL).open(crate::screens::Route::Overview).cluster(vec![topic("orders", 3)]), "overview_asking");
    looks(&overview(SMALL).keys("tab"), "overview_brokers_80x24");
}
