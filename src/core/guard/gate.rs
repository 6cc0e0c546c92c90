//! Asks that change something wait here until their audit line is on disk.

use super::{Intent, Permit, Receipt, refusal};
use crate::core::ask::{Answer, Ask, Reply};
use crate::core::context::Context;
use crate::core::effect::{Effect, Owner, TaskId};
use crate::core::stream::Flow;
use crate::model::{Cause, ClusterView, Failure};

/// What was held back.
#[derive(Debug, Default)]
pub struct Gate {
    parked: Vec<Parked>,
}

#[derive(Debug)]
struct Parked {
    /// The task that writes the line.
    audit: TaskId,
    id: TaskId,
    owner: Owner,
    ask: Ask,
}

/// What comes out of the gate.
#[derive(Debug, Default)]
pub struct Passed {
    pub effects: Vec<Effect>,
    /// Answers to asks that are refused: for who asked.
    pub refused: Vec<Reply>,
}

impl Gate {
    /// Lets effects through. In place of one that would change something comes the question for its audit line, under a
    /// number from `next_task`; where nothing may be changed, a refusal.
    pub fn pass(&mut self, effects: Vec<Effect>, (context, view): (&Context, Option<&ClusterView>), next_task: &mut u64) -> Passed {
        let mut passed = Passed::default();
        for effect in effects {
            match effect {
                Effect::Start { id, owner, ask, permit: None } if ask.mutates() => {
                    let intent = ask.intent().map(|intent| Intent { context: context.name.clone(), ..intent });
                    match (refusal(context, view, intent.as_ref()), intent) {
                        (Some(failure), _) => passed.refused.push(Reply { id, result: Err(failure) }),
                        (None, None) => passed.refused.push(Reply { id, result: Err(unknown()) }),
                        (None, Some(intent)) => {
                            *next_task += 1;
                            let audit = TaskId(*next_task);
                            self.parked.push(Parked { audit, id, owner, ask });
                            let ask = Ask::Audit(Box::new(intent));
                            passed.effects.push(Effect::Start { id: audit, owner: Owner::PROGRAM, ask, permit: None });
                        }
                    }
                }
                Effect::Cancel(id) => {
                    self.parked.retain(|parked| parked.id != id);
                    passed.effects.push(effect);
                }
                // Stopped before it began: nobody else would hear of it.
                Effect::Flow(id, Flow::Stop) if self.parked.iter().any(|parked| parked.id == id) => {
                    self.parked.retain(|parked| parked.id != id);
                    let stopped = Cause::Refused("nothing was written: it was stopped before it began");
                    passed.refused.push(Reply { id, result: Err(Failure::new("change the cluster", stopped)) });
                }
                Effect::CancelOwner(owner) => {
                    self.parked.retain(|parked| parked.owner != owner);
                    passed.effects.push(effect);
                }
                effect => passed.effects.push(effect),
            }
        }
        passed
    }

    /// Hears a reply: that of an audit line opens the gate, or refuses; all others are given back.
    ///
    /// # Errors
    /// The reply is none of the gate's.
    pub fn hear(&mut self, reply: Reply) -> Result<Passed, Reply> {
        let Some(at) = self.parked.iter().position(|parked| parked.audit == reply.id) else { return Err(reply) };
        let Parked { id, owner, ask, .. } = self.parked.swap_remove(at);
        let mut passed = Passed::default();
        match reply.result {
            Ok(Answer::Audited(receipt)) => {
                passed.effects.push(Effect::Start { id, owner, ask, permit: Some(permit(receipt)) });
            }
            Ok(_) => passed.refused.push(Reply { id, result: Err(unknown()) }),
            Err(failure) => passed.refused.push(Reply { id, result: Err(failure) }),
        }
        Ok(passed)
    }

    /// Forgets everything: another cluster is gone to.
    pub fn clear(&mut self) {
        self.parked.clear();
    }
}

fn permit(receipt: Receipt) -> Permit {
    Permit { receipt }
}

fn unknown() -> Failure {
    Failure::new("change the cluster", Cause::Refused("nothing was written: the audit log did not say that the intent is on disk"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::context::Context;
    use crate::core::guard::{ReadOnly, Rules};
    use crate::core::reset::{Deed, GroupFacts, Look, Order, Scope, Target, Wish, plan};
    use crate::model::{ClusterId, GroupId, Time};
    use std::time::Duration;

    fn order() -> Ask {
        let wish = Wish { group: GroupId::new("g"), deed: Deed::Reset(Target::Latest), scope: Scope::Committed, edits: Vec::new() };
        let group = GroupFacts { id: GroupId::new("g"), ..GroupFacts::default() };
        let cluster = Some(ClusterId::new("q2kZ"));
        let look = Look { at: Time(0), cluster, group, topics: Vec::new(), time_ms: None, restored: None };
        let plan = plan::of(wish, look);
        Ask::Reset(Box::new(Order { plan, sample: Duration::ZERO, watch: Duration::ZERO }))
    }

    fn start(id: u64, ask: Ask) -> Effect {
        Effect::Start { id: TaskId(id), owner: Owner(3), ask, permit: None }
    }

    #[test]
    fn a_change_waits_for_its_audit_line_and_then_goes_with_a_permit() {
        let (mut gate, mut next, context) = (Gate::default(), 7, Context::default());
        let passed = gate.pass(vec![start(7, order()), start(6, Ask::Groups)], (&context, None), &mut next);
        let ids: Vec<(u64, &str)> = passed
            .effects
            .iter()
            .filter_map(|effect| if let Effect::Start { id, ask, .. } = effect { Some((id.0, ask.name())) } else { None })
            .collect();
        assert_eq!((ids.as_slice(), next, passed.refused.len()), (&[(8, "audit"), (6, "groups")][..], 8, 0));
        // A reply of somebody else is given back.
        assert!(gate.hear(Reply { id: TaskId(7), result: Ok(Answer::Saved) }).is_err());
        let reply = Reply { id: TaskId(8), result: Ok(Answer::Audited(Receipt::of("line 1"))) };
        let passed = gate.hear(reply).unwrap();
        match passed.effects.as_slice() {
            [Effect::Start { id: TaskId(7), owner: Owner(3), ask: Ask::Reset(_), permit: Some(permit) }] => {
                assert_eq!(permit.receipt().id(), "line 1");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_line_no_change() {
        let failed = || Err(Failure::new("write the audit log", Cause::File(crate::model::Foreign::new("disk full"))));
        for result in [failed(), Ok(Answer::Saved)] {
            let (mut gate, mut next) = (Gate::default(), 7);
            gate.pass(vec![start(7, order())], (&Context::default(), None), &mut next);
            let passed = gate.hear(Reply { id: TaskId(8), result }).unwrap();
            assert!(passed.effects.is_empty());
            assert!(matches!(passed.refused.as_slice(), [Reply { id: TaskId(7), result: Err(_) }]));
        }
    }

    #[test]
    fn what_is_read_only_or_a_stranger_is_refused_before_anything_is_written() {
        let readonly = Context { rules: Rules { refused: Some(ReadOnly::Flag), ..Rules::default() }, ..Context::default() };
        let stranger = Context { expects: Some(ClusterId::new("other")), ..Context::default() };
        for (context, word) in [(readonly, "--readonly"), (stranger, "expects")] {
            let (mut gate, mut next) = (Gate::default(), 7);
            let passed = gate.pass(vec![start(7, order())], (&context, None), &mut next);
            assert!(passed.effects.is_empty() && next == 7);
            let [Reply { id: TaskId(7), result: Err(failure) }] = passed.refused.as_slice() else { panic!("{passed:?}") };
            assert!(failure.exit_code() == 6 && failure.sentence().contains(word), "{}", failure.sentence());
        }
    }

    #[test]
    fn what_is_stopped_before_it_began_is_not_done() {
        let (mut gate, mut next, context) = (Gate::default(), 7, Context::default());
        gate.pass(vec![start(7, order())], (&context, None), &mut next);
        let passed = gate.pass(vec![Effect::Flow(TaskId(7), Flow::Stop)], (&context, None), &mut next);
        assert!(passed.effects.is_empty() && matches!(passed.refused.as_slice(), [Reply { id: TaskId(7), result: Err(_) }]));
        assert!(gate.hear(Reply { id: TaskId(8), result: Ok(Answer::Audited(Receipt::of("1"))) }).is_err());
        let passed = gate.pass(vec![Effect::Flow(TaskId(9), Flow::Stop)], (&context, None), &mut next);
        assert_eq!(passed.effects.len(), 1, "others are none of its business");
    }

    #[test]
    fn who_leaves_takes_the_change_along() {
        for leaving in [Effect::Cancel(TaskId(7)), Effect::CancelOwner(Owner(3))] {
            let (mut gate, mut next, context) = (Gate::default(), 7, Context::default());
            gate.pass(vec![start(7, order())], (&context, None), &mut next);
            gate.pass(vec![leaving], (&context, None), &mut next);
            assert!(gate.hear(Reply { id: TaskId(8), result: Ok(Answer::Audited(Receipt::of("1"))) }).is_err());
        }
    }
}
