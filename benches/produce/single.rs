//! The key that sends, up to the acknowledged record: the program as it is, but for the terminal and its loop, beside a bare loop
//! of requests. In between are the form, the gate, the line of the audit log, which is on disk before anything is sent, and the
//! engine.

use std::path::Path;
use std::time::{Duration, Instant};

use kscope::app::{Clock, setup};
use kscope::config::Config;
use kscope::core::ask::{Answer, Reply};
use kscope::core::effect::Effect;
use kscope::core::event::{Arrival, Event};
use kscope::core::guard::{About, Intent};
use kscope::core::key::{Input, Key};
use kscope::core::produce::{From, Opening};
use kscope::draw;
use kscope::io::audit;
use kscope::io::kafka::{Address, Client, Settings, Wanted};
use kscope::io::runner::{Lanes, Runner};
use kscope::io::work::Work;
use kscope::model::{TopicId, TopicName};
use kscope::screens::Route;
use kscope::state::State;
use kscope::ui::{Depth, Ground, Theme};
use kscope::update::{start, update};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::time::sleep_until;

use super::bare::Bare;
use super::{Failed, Place, median, ratio, value};

const SENDS: usize = 500;
/// Those before are not counted: connections, a producer, warm code on both sides.
const WARM: usize = 50;
const SIZE: (u16, u16) = (120, 36);
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn compare(place: &Place) -> Result<(), Failed> {
    let disk = tempfile::tempdir()?;
    measure(place, "the state folder on disk", disk.path())?;
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        let memory = tempfile::tempdir_in(memory)?;
        measure(place, "the state folder in memory", memory.path())?;
    }
    Ok(())
}

fn measure(place: &Place, what: &str, state: &Path) -> Result<(), Failed> {
    // As the program has them.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(Box::pin(async {
        let client = Client::new(Settings::new(Address::parse_list(&place.bootstrap)?));
        let mut bare = bare(&client, place).await?;
        let mut program = Program::start(client, place, state).await?;
        let (mut told, mut whole, mut loops, mut lines) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for n in 0..SENDS + WARM {
            let sent = program.send().await?;
            let began = Instant::now();
            bare.send(jiff::Timestamp::now().as_millisecond(), value(0).as_bytes())?;
            let looped = began.elapsed();
            let began = Instant::now();
            audit::intent(Some(state), &intent(place)).map_err(|failure| failure.sentence())?;
            let line = began.elapsed();
            if n >= WARM {
                told.push(sent.0);
                whole.push(sent.1);
                loops.push(looped);
                lines.push(line);
            }
        }
        let (told, whole, loops, lines) = (median(told), median(whole), median(loops), median(lines));
        let us = |time: Duration| time.as_micros();
        println!("single, {what}, medians of {SENDS}: key to acknowledged {} µs; and its line in the audit log {} µs", us(told), us(whole));
        println!("single: bare loop {} µs; a line of the audit log {} µs", us(loops), us(lines));
        println!(
            "single: time ratio to the bare loop {:.2}; to the bare loop behind a line of the audit log {:.2}",
            ratio(told, loops),
            ratio(told, loops + lines)
        );
        program.runner.cancel_all();
        Ok(())
    }))
}

fn intent(place: &Place) -> Intent {
    let about = About::Topic { topic: TopicName::new(place.topic.as_str()), id: TopicId::default(), records: Some(1), acks: "all" };
    Intent { deed: "produce", about, cluster: None, context: None }
}

async fn bare(client: &Client, place: &Place) -> Result<Bare, Failed> {
    let topic = client.topic("bench", &TopicName::new(place.topic.as_str())).await.map_err(|failure| failure.sentence())?;
    let view = client.cluster("bench", Wanted::All).await.map_err(|failure| failure.sentence())?;
    let partition = topic.partitions.first().ok_or("no partition")?;
    let leader = view.brokers.iter().find(|broker| Some(broker.id) == partition.leader).ok_or("no leader")?;
    Bare::connect(&format!("{}:{}", leader.host.raw(), leader.port), topic.id, partition.id.0)
}

/// The program without its loop.
struct Program {
    state: State,
    runner: Runner,
    lanes: Lanes,
    clock: Clock,
    buffer: Buffer,
}

impl Program {
    /// With the form open, a value in it, and the topic looked at.
    async fn start(client: Client, place: &Place, folder: &Path) -> Result<Self, Failed> {
        let config = Config::of(None, &|_| None).map_err(|_problems| "no configuration")?;
        let clock = Clock::start();
        let (mut runner, lanes) = Runner::new(client, Work::start(1)?);
        runner.keep_in(Some(folder.to_owned()));
        let theme = Theme::new(Depth::True, Ground::Dark);
        let form = Route::Produce(Box::new(Opening { topic: place.topic.clone(), from: From::Nothing }));
        let (state, first) = start(clock.now(), SIZE, place.bootstrap.clone(), theme, setup::settings(&config), form);
        let buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
        let mut program = Self { state, runner, lanes, clock, buffer };
        program.perform(first);
        let began = Instant::now();
        loop {
            let arrival = program.next().await?;
            if began.elapsed() > PATIENCE {
                return Err(format!("the topic is not looked at; on the screen stands\n{}", program.screen()).into());
            }
            let looked = matches!(&arrival, Arrival::Reply(Reply { result: Ok(Answer::Target(_)), .. }));
            program.event(Event::Arrival(arrival));
            if looked {
                break;
            }
        }
        program.event(Event::Input(Input::Paste(value(0))));
        Ok(program)
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.runner.perform(effect);
        }
    }

    fn event(&mut self, event: Event) {
        self.state.now = self.clock.now();
        let effects = update(&mut self.state, event);
        self.perform(effects);
    }

    /// What arrives next; what the state woke for is done on the way.
    async fn next(&mut self) -> Result<Arrival, Failed> {
        let patience = tokio::time::Instant::now() + PATIENCE;
        loop {
            let wake = self.state.wake_at().map(|at| tokio::time::Instant::now() + at.since(self.clock.now()));
            let woke = async {
                match wake {
                    Some(wake) => sleep_until(wake).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                arrival = self.lanes.replies.recv() => return arrival.ok_or_else(|| "nothing more arrives".into()),
                () = sleep_until(patience) => return Err(format!("nothing arrives; on the screen stands\n{}", self.screen()).into()),
                () = woke => self.event(Event::Woke),
            }
        }
    }

    fn screen(&mut self) -> String {
        draw::draw(&self.state, &mut self.buffer);
        let text = |y| (0..SIZE.0).map(|x| self.buffer[(x, y)].symbol()).collect::<String>();
        (0..SIZE.1).map(|y| text(y).trim_end().to_owned() + "\n").collect()
    }

    /// ctrl-s: how long until the record is known to be acknowledged, and until the outcome is in the audit log.
    async fn send(&mut self) -> Result<(Duration, Duration), Failed> {
        let key = Key::parse("ctrl-s").map_err(|_unknown| "no key")?;
        let began = Instant::now();
        self.event(Event::Input(Input::Key(key)));
        draw::draw(&self.state, &mut self.buffer);
        let mut told = None;
        loop {
            let arrival = self.next().await?;
            if began.elapsed() > PATIENCE {
                return Err(format!("nothing was sent; on the screen stands\n{}", self.screen()).into());
            }
            match &arrival {
                Arrival::Part(_, Answer::Producing(progress)) if progress.appended == 1 => {
                    told.get_or_insert_with(|| began.elapsed());
                }
                Arrival::Reply(Reply { result: Ok(Answer::Produced(report)), .. }) => {
                    let whole = began.elapsed();
                    if !report.is_whole() {
                        return Err(report.sentence().into());
                    }
                    self.event(Event::Arrival(arrival));
                    return Ok((told.unwrap_or(whole), whole));
                }
                Arrival::Reply(Reply { result: Err(failure), .. }) => return Err(failure.sentence().into()),
                _ => {}
            }
            self.event(Event::Arrival(arrival));
        }
    }
}
