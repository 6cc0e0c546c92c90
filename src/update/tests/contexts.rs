//! To another cluster while the program runs.

use std::sync::Arc;
use std::time::Duration;

use super::reset::changed;
use super::{messages, orders, unreachable};
use crate::core::ask::{Answer, Ask, Reply, Throttle, Traffic};
use crate::core::checkup::{Checkup, Finding, Look};
use crate::core::configure::{New, Preview, Told, Wish};
use crate::core::context::{Context, Target};
use crate::core::effect::{Effect, Owner, TaskId};
use crate::core::event::{Arrival, Event};
use crate::core::history::Kind;
use crate::core::reset::{self, Deed};
use crate::core::saved::{Keeper, Saved};
use crate::model::{BrokerId, Cause, Certificate, ClusterRights, ClusterView, Failure, Foreign, Time};
use crate::testing::{Script, chunk, cluster, made, targets, topic};

/// With somewhere to go.
fn among(mut script: Script) -> Script {
    script.state.settings.contexts = targets();
    script
}

fn typed(script: Script, line: &str) -> Script {
    script.keys(":").text(line).keys("enter")
}

/// Where it went, in order.
fn switched(script: &Script) -> Vec<usize> {
    script.effects.iter().filter_map(|effect| if let Effect::Switch(at) = effect { Some(*at) } else { None }).collect()
}

#[test]
fn another_context_is_gone_to_by_its_name_and_nothing_of_the_old_one_stays() {
    let script = typed(among(messages()), "ctx prod-eu");
    assert_eq!(switched(&script), [1]);
    assert_eq!(script.state.stack.len(), 1);
    let script = script.sees("○ connecting").sees("prod-eu  ▲PROD  READ-ONLY").sees_not("orders").sees_not("kafka-1:9092");
    assert_eq!(script.ask("cluster").0, TaskId(script.state.next_task), "the new one is asked at once");
    let script = script.cluster(vec![topic("invoices", 1)]).sees("invoices").sees_not("clicks");
    script.keys("-").sees("There was no other screen yet").keys("]").sees("No screen was left");
}

#[test]
fn what_was_under_way_is_ended_before_the_new_cluster_is_asked() {
    let mut script = among(messages());
    let running = script.ask("read").0;
    let owners: Vec<Owner> = script.state.stack.iter().map(|opened| opened.owner).collect();
    script.effects.clear();
    let script = typed(script, "ctx staging");
    let at = |wanted: &dyn Fn(&Effect) -> bool| script.effects.iter().position(wanted).unwrap();
    let to = at(&|effect| matches!(effect, Effect::Switch(2)));
    for owner in owners {
        assert!(at(&|effect| matches!(effect, Effect::CancelOwner(gone) if *gone == owner)) < to);
    }
    assert!(script.ask("cluster").0 > running);
    // A question of the program's own is ended too: here the list is not there yet.
    let script = among(Script::at(120, 36));
    let script = typed(script, "ctx staging");
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::CancelOwner(Owner::CLUSTER))));
}

#[test]
fn late_answers_of_the_old_cluster_change_nothing() {
    let script = among(orders().keys("j enter"));
    let (reader, positions) = (script.ask("read").0, script.ask("positions").0);
    let Ask::Positions { which, topics } = script.ask("positions").1.clone() else { unreachable!("positions") };
    let old = cluster(vec![topic("orders", 3)]);
    let mut script = typed(script, "ctx staging").cluster(vec![topic("orders", 3)]);
    let told = crate::core::ask::Positions {
        which,
        topics: topics
            .iter()
            .map(|topic| crate::core::ask::TopicPositions {
                name: topic.name.clone(),
                id: topic.id,
                partitions: topic.partitions.iter().map(|p| (p.id, Ok(crate::model::Offset(777_777)))).collect(),
            })
            .collect(),
    };
    let before = script.screen();
    script.event(Event::Arrival(Arrival::Part(positions, Answer::Positions(told))));
    let delivery = crate::core::stream::Delivery {
        generation: 0,
        facts: vec![],
        chunk: Arc::new(chunk(&[made(0, "k", "{}")])),
        read: 1,
        not_shown: 0,
    };
    script.event(Event::Arrival(Arrival::Chunk(reader, delivery)));
    let late = Ok(Answer::Cluster(Arc::new(old)));
    script.event(Event::Arrival(Arrival::Reply(Reply { id: TaskId(1), result: late })));
    script.event(Event::Arrival(Arrival::Reply(Reply { id: reader, result: Err(unreachable()) })));
    assert_eq!(script.screen(), before);
    assert!(script.state.cluster.figures.of(&topic("orders", 3)).is_none(), "nor is anything kept for later");
}

#[test]
fn a_list_is_opened_on_another_context_with_its_filter() {
    let script = typed(among(orders()), "topics /^inv @staging");
    assert_eq!(switched(&script), [2]);
    let script = script.cluster(vec![topic("invoices", 1), topic("orders", 3)]).sees("filter  ^inv").sees("1 of 2").sees("invoices");
    // Of the one that is open it is the list alone.
    let script = typed(script.keys("enter"), "topics @staging").sees("─ Topics");
    assert_eq!(switched(&script), [2]);
}

#[test]
fn names_are_completed_and_a_part_of_one_is_enough() {
    let script = among(orders()).keys(":").text("ctx ").sees("kafka-1.int:9092,kafka-2.int:9092").sees("staging").text("stg");
    assert_eq!(switched(&script.keys("enter")), [2]);
    let script = among(orders()).keys(":").text("t /x @prd").keys("tab").sees(":t /x @prod-eu").keys("enter");
    assert_eq!(switched(&script), [1]);
    let script = typed(among(orders()), "ctx nowhere").sees("There is no context \"nowhere\". There are kafka-1:9092, prod-eu, staging.");
    assert!(switched(&script).is_empty());
    typed(orders(), "ctx prod").sees("No context is configured: [contexts.NAME] in config.toml");
}

#[test]
fn the_list_of_contexts_tells_which_is_in_use_and_enter_goes_to_the_selected_one() {
    let script = typed(among(orders()), "ctx").sees("─ Contexts").sees("▌ ● kafka-1:9092");
    let script = script.keys("j").sees("line 12 of config.toml").keys("k enter").sees("kafka-1:9092 is in use already").keys("j enter");
    assert_eq!(switched(&script), [1]);
    let script = typed(script.cluster(vec![]), "ctx").sees("▌ ● prod-eu").keys("k enter");
    assert_eq!(switched(&script), [1, 0], "and back to what was opened first");
    script.sees("kafka-1:9092").sees_not("prod-eu");
}

#[test]
fn what_was_typed_before_stays() {
    let script = typed(orders(), "topics /^cli");
    let script = typed(among(script), "ctx staging");
    assert_eq!(*script.state.history.of(Kind::Command), ["topics /^cli", "ctx staging"]);
    script.cluster(vec![topic("a", 1)]).keys("/ up").sees("^cli");
}

#[test]
fn the_context_that_was_gone_to_is_kept_for_the_next_run() {
    let mut script = among(orders());
    script.state.keeper = Keeper::new(Some("/state/state.json".into()), Saved::default());
    // By the list: nothing is typed that would have to be kept.
    let script = script.keys("j");
    let script = script.keys(":").text("ctx").keys("enter").reply("save", Ok(Answer::Saved)).keys("j enter");
    let (id, ask) = script.ask("save");
    assert!(matches!(ask, Ask::Save { saved, .. } if saved.context.as_deref() == Some("prod-eu")), "{ask:?}");
    // That reply is of the program itself, whichever cluster is open.
    let mut script = typed(script, "ctx staging");
    assert!(id <= script.state.left);
    script.event(Event::Arrival(Arrival::Reply(Reply { id, result: Ok(Answer::Saved) })));
    assert_eq!(script.state.keeper.kept().context.as_deref(), Some("prod-eu"));
    assert!(matches!(script.ask("save").1, Ask::Save { saved, .. } if saved.context.as_deref() == Some("staging")));
}

#[test]
fn a_context_that_does_not_answer_says_so_and_lets_one_go_on_to_another() {
    let script = typed(among(orders()), "ctx staging").reply("cluster", Err(unreachable()));
    let script = script.sees("─ Not connected").sees("connection refused").sees(":ctx other cluster").sees("OFFLINE");
    // The list of contexts is of use just then: the panel does not hide it.
    let script = typed(script, "ctx").sees("─ Contexts").sees_not("Not connected").keys("esc").sees("─ Not connected");
    let script = typed(script, "ctx prod-eu").sees("○ connecting").sees_not("Not connected");
    script.cluster(vec![topic("invoices", 1)]).sees("invoices").later(Duration::from_secs(1)).sees_not("OFFLINE");
}

/// Leaving would give it up in the middle; and a list of another cluster is not one of this.
#[test]
fn a_change_that_is_under_way_or_waits_keeps_one_here() {
    let told = |members| among(changed((120, 36), Deed::Reset(reset::Target::Latest), members)).keys("ctrl-s");
    let armed = || told(true);
    let sent = || told(false).part("reset", Answer::Step(Box::new(reset::Step::Verifying)));
    for begun in [&armed as &dyn Fn() -> Script, &sent] {
        let depth = begun().state.stack.len();
        for line in ["ctx staging", "t /^inv @staging"] {
            let script = typed(begun(), line).sees("A change of a group waits or runs");
            assert_eq!((switched(&script).len(), script.state.stack.len()), (0, depth), "{line}");
        }
        let script = typed(begun(), "ctx").keys("G enter").sees("A change of a group waits or runs");
        assert!(switched(&script).is_empty());
    }
}

/// The list of contexts, the cursor on the second.
fn listed() -> Script {
    let script = typed(among(orders()), "ctx").keys("j");
    assert_eq!(wishes(&script).last(), Some(&Wish::Look), "the files may have changed");
    script
}

fn wishes(script: &Script) -> Vec<Wish> {
    script.effects.iter().filter_map(|effect| if let Effect::Configure(wish) = effect { Some(wish.clone()) } else { None }).collect()
}

fn told(mut script: Script, told: Told) -> Script {
    script.event(Event::Configured(told));
    script
}

fn findings() -> Checkup {
    let refused = Cause::NotAuthenticated(Foreign::new("SCRAM-SHA-512 as app"));
    Checkup {
        findings: vec![
            Finding::good(Look::Dns, "kafka-1.int:9092", "10.0.0.1 (IPv4)").took(Duration::from_millis(12)),
            Finding::bad(Look::Sasl, "kafka-1.int:9092", refused, "refused: \u{1b}[2J", "check the password").brief("refused"),
        ],
        done: true,
    }
}

#[test]
fn the_way_to_a_context_is_tested_where_it_stands_in_the_list() {
    let script = listed().sees("t tests the way there step by step").keys("t");
    let (id, ask) = script.ask("checkup");
    assert!(matches!(ask, Ask::Checkup { target: 1, .. }), "{ask:?}");
    let mut script = script.sees("testing for");
    let part = Checkup { done: false, findings: findings().findings.into_iter().take(1).collect() };
    script.event(Event::Arrival(Arrival::Part(id, Answer::Checkup(Arc::new(part)))));
    let script = script.sees("DNS ✓ 12ms").sees_not("refused");
    let script = script.reply("checkup", Ok(Answer::Checkup(Arc::new(findings()))));
    let script = script.sees("1 failed").sees("SASL ✗ refused").sees("fix: check the password").sees("tested");
    // It belongs to its context, also when the list is another one.
    let mut fewer = targets();
    fewer.remove(0);
    let script = told(script, Told::There(fewer)).sees("SASL ✗ refused").sees("─ prod-eu ");
    assert_eq!(script.state.top().unwrap().screen.cursor(), (0, 2));
    script.keys("j").sees_not("SASL ✗ refused").sees("t tests the way");
}

#[test]
fn without_a_cluster_the_contexts_are_there_and_nothing_is_asked() {
    let mut script = Script::nowhere(120, 36);
    script.state.settings.contexts = targets();
    let script = told(script, Told::There(targets())).sees("no cluster").sees("prod-eu").sees_not("connecting").sees_not("WRITE  ");
    let script = script.later(Duration::from_secs(60));
    assert!(!script.effects.iter().any(|effect| matches!(effect, Effect::Start { .. })), "{:?}", script.effects);
    let script = typed(script, "topics").sees("No cluster is open");
    let script = script.keys("esc").sees("prod-eu").keys("j j enter");
    assert_eq!(switched(&script), [2]);
    assert!(matches!(script.ask("cluster").1, Ask::Cluster { .. }));
}

#[test]
fn a_context_is_written_by_the_form_then_chosen_and_tested() {
    let script = listed().keys("a").sees("New context").sees("A name, and an address");
    let script = script.text("dev").keys("tab").text("localhost:9092");
    let Some(Wish::Preview(New::Made(draft))) = wishes(&script).pop() else { panic!("{:?}", wishes(&script)) };
    assert_eq!((&*draft.name, draft.bootstrap.starts_with('l')), ("dev", true));
    // One question at a time; what was typed meanwhile is asked for behind it.
    let shown = |text: &str| Told::Preview(Preview { toml: text.to_owned(), path: "/c/config.toml".to_owned(), ..Preview::default() });
    let script = told(script, shown("[contexts.dev]"));
    let Some(Wish::Preview(New::Made(draft))) = wishes(&script).pop() else { panic!("{:?}", wishes(&script)) };
    assert_eq!(draft.bootstrap, "localhost:9092");
    let script = told(script, shown("[contexts.dev]\nbootstrap")).sees("bootstrap").sees("at the end of /c/config.toml");
    // What cannot be written is not.
    let wrong = Failure::new("write the configuration", Cause::Usage(Foreign::new("there is a context dev already")));
    let script = told(script.text("x"), Told::Failed(wrong)).sees("there is a context dev already").keys("ctrl-s");
    assert!(!wishes(&script).iter().any(|wish| matches!(wish, Wish::Add(_))));
    let script = told(script.keys("backspace"), shown("[contexts.dev]")).keys("ctrl-s");
    assert!(matches!(wishes(&script).pop(), Some(Wish::Add(New::Made(_)))));
    let mut more = targets();
    more.push(Target { context: Context { name: Some("dev".to_owned()), ..Context::default() }, bootstrap: "localhost:9092".to_owned() });
    let script = told(script, Told::Added { name: "dev".to_owned(), targets: more }).sees("dev was written").sees("testing for");
    assert!(matches!(script.ask("checkup").1, Ask::Checkup { target: 3, .. }));
}

#[test]
fn what_another_tool_has_is_imported_under_a_name_of_our_own() {
    let mut script = typed(among(orders()), "ctx");
    script.state.settings.contexts = crate::testing::targets_elsewhere();
    let all = script.state.settings.contexts.clone();
    let script = told(script, Told::There(all)).keys("G i").sees("Import");
    let Some(Wish::Preview(New::Import { found, name })) = wishes(&script).pop() else { panic!("{:?}", wishes(&script)) };
    assert!(found.contains(':') && !name.contains(':'), "{found} {name}");
    let script = script.keys("esc").keys("g g j i").sees("It stands in config.toml already");
    let script = script.keys("e");
    assert!(matches!(wishes(&script).pop(), Some(Wish::Edit(Some(_)))));
}

#[test]
fn what_a_cluster_keeps_from_us_is_said_on_every_screen() {
    let mut script = orders().sees_not("DESCRIBE").sees_not("THROTTLED");
    let some = ClusterRights::of(0b1_0000_0000).unwrap();
    script.event(Event::Arrival(Arrival::Part(TaskId(u64::MAX), Answer::Rights(some))));
    let mut script = script.sees("only what you may DESCRIBE");
    let throttle = Some(Throttle { broker: Some(BrokerId(2)), ms: 2100 });
    let told = Answer::Told(Traffic { requests: 9, throttled: 1, throttle });
    script.event(Event::Arrival(Arrival::Part(TaskId(u64::MAX), told)));
    let script = script.sees("▲THROTTLED 2.1s BY BROKER 2");
    script.later(Duration::from_secs(30)).sees_not("THROTTLED");
}

#[test]
fn a_certificate_that_ends_soon_is_told_of_on_every_screen() {
    let ends = |days: i64| {
        let not_after = Time(Time::from_millis(crate::testing::NOW).0 + days * 24 * 3_600 * 1_000_000 + 1);
        let certificate = Some(Certificate { of: None, subject: Foreign::new("CN=me"), not_after });
        let view = ClusterView { certificate, ..cluster(vec![topic("orders", 1)]) };
        Script::at(120, 36).reply("cluster", Ok(Answer::Cluster(Arc::new(view))))
    };
    ends(31).sees_not("CERTIFICATE");
    ends(30).sees("▲OUR CERTIFICATE: 30 d");
    ends(0).sees("▲OUR CERTIFICATE ENDS TODAY");
    ends(-1).sees("▲OUR CERTIFICATE IS OVER");
}
