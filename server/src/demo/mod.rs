//! Demo and benchmark data: a believable desk with months of history, the same for the same seed.
//!
//! All people and companies are invented; their addresses end in `.example`, which no mail can reach.

mod access;
mod logos;
mod outside;
mod people;
mod story;
mod texts;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use domain::event::{Happening, Was};
use domain::invitation::State;
use domain::people::Person;
use domain::priority::Level;
use domain::ticket::Source;
use domain::workflow::{Category, Status};
use domain::{Actor, CompanyId, Role, TicketId, Time, UserId, rank, text};
use indicatif::{ProgressBar, ProgressStyle};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use store::bulk::{self, Batch};
use store::{Desk, settings::Catalog};
use story::{Step, Story};
use time::OffsetDateTime;

/// How much to make.
#[derive(Debug, Clone)]
pub struct Scale {
    pub agents: usize,
    pub customers: usize,
    pub companies: usize,
    pub tickets: usize,
    /// Over how many days the tickets are spread.
    pub days: i64,
    /// Exactly as many messages on each ticket, for measuring; otherwise one to nine.
    pub messages: Option<usize>,
    /// So many messages on the oldest ticket, whatever the others have.
    pub longest: Option<usize>,
    /// A word that is to be found in exactly so many tickets, for measuring.
    pub marker: Option<(&'static str, usize)>,
    pub seed: u64,
}

impl Scale {
    /// What `docket demo` fills a database with.
    pub fn demo() -> Self {
        Self {
            agents: 40,
            customers: 300,
            companies: 30,
            tickets: 5_000,
            days: 182,
            messages: None,
            longest: None,
            marker: None,
            seed: 42,
        }
    }
}

/// The password of everybody in the demo.
pub const PASSWORD: &str = "docket-demo";

/// Who made the data, for the events.
const MAKER: Actor = Actor { who: domain::actor::Who::System("Demo"), address: None, device: None };

/// How many of the newest tickets take turns in the states of the board.
const NEWEST: usize = 12;

/// How many tickets go into one transaction.
const BATCH: usize = 250;

struct Somebody {
    id: i64,
    name: String,
    company: i64,
}

/// Fills an empty desk.
///
/// # Errors
/// When the desk already has tickets, or the database fails.
pub async fn fill(desk: &Desk, scale: &Scale, quiet: bool) -> anyhow::Result<()> {
    bulk::demand_empty(desk).await?;
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(scale.tickets as u64) };
    bar.set_style(
        ProgressStyle::with_template("{msg:12} {bar:40} {human_pos} / {human_len} tickets, {eta} left")
            .context("the progress bar's template")?,
    );
    bar.set_message("People");
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut random = StdRng::seed_from_u64(scale.seed);
    let now = desk.now();
    let start = now.plus_millis(-scale.days * DAY);
    let (agents, customers) = people::make(desk, scale, start, &mut random).await?;
    // What is measured has no teams, and nobody who signs in meanwhile.
    let measured = scale.messages.is_some();
    let teams = if measured { Vec::new() } else { access::make(desk, &MAKER, &agents).await? };
    let tag_ids = {
        let mut tx = desk.begin().await?;
        let names: Vec<String> = texts::TAGS.iter().map(|t| (*t).to_owned()).collect();
        let ids = bulk::tags(&mut tx, &MAKER, &names).await?;
        tx.commit().await?;
        ids
    };
    desk.refresh_catalog().await?;
    let world = World {
        catalog: &desk.catalog(),
        agents: &agents,
        customers: &customers,
        tag_ids: &tag_ids,
        teams: &teams,
        scale,
        now,
    };
    // Opened one after another, more in working hours, a little more each month.
    let mut opened: Vec<Time> = (0..scale.tickets).map(|_| moment(&mut random, start, now)).collect();
    opened.sort_unstable();
    if let (Some(first), Some(messages)) = (opened.first_mut(), scale.longest) {
        // Long enough ago for all that is said.
        *first = (*first).min(now.plus_millis(-20 * MINUTE * messages as i64));
    }
    invitations(desk, start, now).await?;
    bar.set_message("Tickets");
    for (n, times) in opened.chunks(BATCH).enumerate() {
        let drafts: Vec<Draft> =
            times.iter().enumerate().map(|(m, at)| world.draft(n * BATCH + m, *at, &mut random)).collect();
        let events = drafts.iter().map(|d| d.steps.len()).sum();
        let (ticket_ids, event_ids) = bulk::reserve_ids(desk, drafts.len(), events).await?;
        let batch = world.batch(&drafts, &ticket_ids, &event_ids)?;
        let mut tx = desk.begin().await?;
        bulk::tickets(&mut tx, &MAKER, &batch).await?;
        tx.commit().await?;
        bar.inc(drafts.len() as u64);
    }
    if !measured {
        access::sign_ins(desk, now, &agents).await?;
        access::apps(desk, now, &agents).await?;
        // The three whom the documentation names.
        let named: Vec<&Somebody> = [agents.first(), agents.get(4), customers.first()].into_iter().flatten().collect();
        access::tokens(desk, now, &named).await?;
        let companies: BTreeSet<i64> = customers.iter().map(|c| c.company).filter(|id| *id != 0).collect();
        outside::make(desk, &MAKER, companies.first().copied().map(CompanyId)).await?;
        logos::make(desk, &MAKER, &companies.into_iter().map(CompanyId).collect::<Vec<_>>()).await?;
    }
    bar.set_message("Indexes");
    bulk::finish(desk, &MAKER).await?;
    bar.finish_and_clear();
    Ok(())
}

/// Invitations in each of their states. Nobody gets a mail: it is long past.
async fn invitations(desk: &Desk, start: Time, now: Time) -> anyhow::Result<()> {
    let rows = [
        ("lena.hofmann@docket.example", Role::Agent, now.plus_millis(-5 * HOUR), State::Open),
        ("ops.lead@docket.example", Role::Manager, now.plus_millis(-2 * DAY), State::Open),
        ("t.okafor@docket.example", Role::Agent, now.plus_millis(-19 * DAY), State::Expired),
        ("temp@docket.example", Role::Agent, now.plus_millis(-40 * DAY), State::Revoked),
        ("agent@docket.example", Role::Agent, start, State::Accepted),
    ];
    let mut tx = desk.begin().await?;
    for (email, role, sent_at, state) in rows {
        bulk::invitation(&mut tx, &MAKER, email, role, sent_at, state).await?;
    }
    Ok(tx.commit_quietly().await?)
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A moment between two: weekdays and office hours are busier, and business grows.
fn moment(random: &mut StdRng, start: Time, end: Time) -> Time {
    loop {
        let share = random.random::<f64>().powf(0.85);
        let at = start.plus_millis(((end.0 - start.0) as f64 * share) as i64);
        let days = at.0.div_euclid(DAY);
        // 1 January 1970 was a Thursday.
        let weekend = matches!((days + 3).rem_euclid(7), 5 | 6);
        let hour = at.civil().3;
        let weight = match (weekend, hour) {
            (true, _) => 0.12,
            (false, 7..=17) => 1.0,
            (false, 18..=21) => 0.35,
            (false, _) => 0.08,
        };
        if random.random_bool(weight) {
            return at;
        }
    }
}

/// What the tickets are made from.
struct World<'a> {
    catalog: &'a Catalog,
    agents: &'a [Somebody],
    customers: &'a [Somebody],
    tag_ids: &'a [i64],
    teams: &'a [i64],
    scale: &'a Scale,
    now: Time,
}

/// A ticket before it has a number.
struct Draft {
    subject: String,
    source: Source,
    requester: usize,
    assignee: Option<usize>,
    urgency: Level,
    importance: Level,
    tags: Vec<i64>,
    status: domain::StatusId,
    steps: Vec<Step>,
}

impl World<'_> {
    fn state(&self, category: Category) -> Option<&Status> {
        self.catalog.workflow.first_of(category)
    }

    /// One ticket's story.
    fn draft(&self, n: usize, opened: Time, random: &mut StdRng) -> Draft {
        let topic = texts::TOPICS.choose(random).unwrap_or(&texts::TOPICS[0]);
        let requester = random.random_range(0..self.customers.len());
        let level = |random: &mut StdRng| match random.random_range(0..100) {
            0..=3 => Level::Critical,
            4..=19 => Level::High,
            20..=69 => Level::Medium,
            _ => Level::Low,
        };
        let (urgency, importance) = (level(random), level(random));
        let age_days = (self.now.0 - opened.0) / DAY;
        let from_the_end = self.scale.tickets - n;
        let goal = match from_the_end % 4 {
            // Whatever the dice say, and however few tickets there are: the newest ones give every column something.
            0 if from_the_end <= NEWEST => Category::Open,
            1 if from_the_end <= NEWEST => Category::InProgress,
            2 if from_the_end <= NEWEST => Category::Waiting,
            3 if from_the_end <= NEWEST => Category::Resolved,
            _ => self.goal(age_days, random),
        };
        let worked_on = goal != Category::Open || random.random_bool(0.3);
        let assignee = worked_on.then(|| random.random_range(0..self.agents.len()));
        let values = [("{item}", texts::ITEMS), ("{place}", texts::PLACES), ("{version}", texts::VERSIONS)];
        let mut fill = |template: &str| {
            let mut out = template.to_owned();
            for (mark, choices) in values {
                while let Some(place) = out.find(mark) {
                    out.replace_range(place..place + mark.len(), choices.choose(random).copied().unwrap_or(""));
                }
            }
            out
        };
        let subject = fill(topic.subject);
        let subject: String =
            subject.chars().take(1).flat_map(char::to_uppercase).chain(subject.chars().skip(1)).collect();
        let mut opening = fill(topic.opening);
        if let Some((word, count)) = self.scale.marker
            && n.is_multiple_of((self.scale.tickets / count).max(1))
            && n / (self.scale.tickets / count).max(1) < count
        {
            opening.push_str(&format!("\n\nThe device calls itself {word}."));
        }
        let answers: Vec<String> = topic.answers.iter().map(|a| fill(a)).collect();
        let follow_ups: Vec<String> = topic.follow_ups.iter().map(|a| fill(a)).collect();
        let source = match random.random_range(0..100) {
            0..=54 => Source::Email,
            55..=84 => Source::Web,
            85..=93 => Source::Phone,
            _ => Source::Chat,
        };
        let tags = (0..random.random_range(0..=2_usize))
            .filter_map(|_| self.tag_ids.choose(random).copied())
            .chain(
                topic
                    .tag
                    .and_then(|t| texts::TAGS.iter().position(|x| *x == t))
                    .and_then(|i| self.tag_ids.get(i).copied()),
            )
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let mut story = Story { at: opened, now: self.now, steps: Vec::new() };
        story.say(None, Happening::Created { source }, None);
        story.say(None, Happening::CustomerMessage, Some(("customer", opening)));
        if let Some(agent) = assignee {
            story.wait(random, 4 * MINUTE, 5 * HOUR);
            let person =
                Person { id: UserId(self.agents[agent].id), name: self.agents[agent].name.clone(), picture: None };
            story.say(Some(agent), Happening::Assignee(Was { from: None, to: Some(person) }), None);
        }
        let longest = self.scale.longest.filter(|_| n == 0);
        let exact = longest.or(self.scale.messages.map(|m| if n == 0 { 10 } else { m }));
        let turns =
            exact.unwrap_or_else(|| if worked_on { random.random_range(2..=9) } else { random.random_range(1..=2) });
        self.converse(&mut story, turns, assignee, (&answers, &follow_ups), goal, random);
        // What is measured is as it was before there were ratings.
        if self.scale.messages.is_none() && !goal.is_active() && n.is_multiple_of(3) {
            story.rate(n);
        }
        Draft {
            subject,
            source,
            requester,
            assignee,
            urgency,
            importance,
            tags,
            status: self.state(goal).map_or(domain::StatusId(1), |s| s.id),
            steps: story.steps,
        }
    }

    /// In which state a ticket of this age is by now.
    fn goal(&self, age_days: i64, random: &mut StdRng) -> Category {
        let open_share = match age_days {
            0 => 0.8,
            1..=2 => 0.45,
            3..=7 => 0.2,
            8..=20 => 0.06,
            _ => 0.006,
        };
        if random.random_bool(open_share) {
            return [Category::Open, Category::Open, Category::InProgress, Category::Waiting]
                .choose(random)
                .copied()
                .unwrap_or(Category::Open);
        }
        if age_days < 14 { Category::Resolved } else { Category::Closed }
    }

    /// The conversation after the opening, and the changes of state that go with it.
    fn converse(
        &self,
        story: &mut Story,
        turns: usize,
        agent: Option<usize>,
        (answers, follow_ups): (&[String], &[String]),
        goal: Category,
        random: &mut StdRng,
    ) {
        let mut state = self.state(Category::Open).map(|s| s.id);
        let mut go = |story: &mut Story, category: Category| {
            let to = self.state(category).map(|s| s.id);
            if let (Some(from), Some(to)) = (state, to)
                && from != to
            {
                story.say(agent, Happening::Status(Was { from, to }), None);
                state = Some(to);
            }
        };
        if goal != Category::Open && agent.is_some() {
            go(story, Category::InProgress);
        }
        // A conversation of thousands of messages goes to and fro faster.
        let most = if turns > 100 { HOUR } else { 20 * HOUR };
        for turn in 1..turns {
            story.wait(random, 6 * MINUTE, most);
            // Somebody always writes: customers every other time, notes now and then.
            match (agent, turn % 2) {
                (Some(agent), 1) if random.random_bool(0.2) => {
                    let note = texts::NOTES.choose(random).copied().unwrap_or("Looking into it.");
                    story.say(Some(agent), Happening::Note, Some(("note", note.to_owned())));
                }
                (Some(agent), 1) => {
                    let answer = answers.get(turn / 2 % answers.len().max(1)).cloned().unwrap_or_default();
                    let answer = format!("{}\n\n{answer}\n\n{}", texts::greeting(turn), texts::closing(turn));
                    story.say(Some(agent), Happening::Reply, Some(("reply", answer)));
                }
                _ => {
                    let again = follow_ups.get((turn - 1) / 2 % follow_ups.len().max(1)).cloned().unwrap_or_default();
                    story.say(None, Happening::CustomerMessage, Some(("customer", again)));
                }
            }
        }
        match goal {
            Category::Waiting => go(story, Category::Waiting),
            Category::Resolved | Category::Closed => {
                story.wait(random, 10 * MINUTE, 8 * HOUR);
                go(story, Category::Resolved);
                if goal == Category::Closed {
                    story.wait(random, 3 * DAY, 4 * DAY);
                    go(story, Category::Closed);
                }
            }
            Category::Open | Category::InProgress => {}
        }
    }

    /// Drafts as rows, with the numbers that were reserved for them.
    fn batch(&self, drafts: &[Draft], ticket_ids: &[i64], event_ids: &[i64]) -> anyhow::Result<Batch> {
        let mut batch = Batch::default();
        let mut ids = event_ids.iter();
        for (draft, &id) in drafts.iter().zip(ticket_ids) {
            let requester = &self.customers[draft.requester];
            let mut last = (0_i64, String::new(), true, Time::default());
            let mut last_message = 0;
            for step in &draft.steps {
                let event = *ids.next().context("too few event ids")?;
                let at = OffsetDateTime::from(step.at);
                let (by, staff) = step.agent.map_or((requester, false), |a| (&self.agents[a], true));
                batch.events.push(event, at, by.id, &by.name, staff, id, &step.what)?;
                if !matches!(step.what, Happening::Rated { .. }) {
                    last.3 = step.at;
                }
                if let Some((kind, body)) = &step.message {
                    last_message = event;
                    if *kind != "note" {
                        last = (event, text::excerpt(body, 140), *kind == "customer", step.at);
                    }
                    batch.messages.events.push(event);
                    batch.messages.tickets.push(id);
                    batch.messages.kinds.push((*kind).to_owned());
                    // Agents write in the app, wherever the ticket comes from.
                    let channel = if *kind == "customer" { draft.source } else { Source::Web };
                    batch.messages.channels.push(channel.word().to_owned());
                    batch.messages.htmls.push(store::render::plain(body));
                    batch.messages.bodies.push(body.clone());
                }
            }
            let opened = draft.steps.first().map_or(self.now, |s| s.at);
            let t = &mut batch.tickets;
            t.ids.push(id);
            t.subjects.push(draft.subject.clone());
            t.statuses.push(draft.status.0);
            t.urgencies.push(draft.urgency.number());
            t.importances.push(draft.importance.number());
            t.priorities.push(self.catalog.priorities.of(draft.urgency, draft.importance).number());
            t.sources.push(draft.source.word().to_owned());
            t.requesters.push(requester.id);
            t.companies.push(requester.company);
            // Every fourth is no team's.
            t.teams.push(self.teams.get(id as usize % 4).copied().unwrap_or_default());
            t.assignees.push(draft.assignee.map_or(0, |a| self.agents[a].id));
            t.tags.push(format!("{{{}}}", draft.tags.iter().map(i64::to_string).collect::<Vec<_>>().join(",")));
            t.excerpts.push(last.1);
            t.customer_last.push(last.2);
            t.last_messages.push(last_message);
            t.ranks.push(rank::entering(last.3.0, TicketId(id)));
            t.versions.push(draft.steps.len() as i64);
            t.created_at.push(opened.into());
            t.updated_at.push(last.3.into());
        }
        Ok(batch)
    }
}
