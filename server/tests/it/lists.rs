//! Lists: filters, orders, pages, numbers.

use crate::support::{Refused as _, World, id_of, person};
use domain::{
    Actor, Code, CompanyId, TagId, TicketId, UserId,
    priority::Level,
    ticket::{Change, Filter, NewTicket, Requester, Sort, Swap, Ticket, Whose},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use std::{collections::HashSet, time::Duration};
use store::{
    counts::{self, Counts},
    tickets::{change, list},
};
use tokio::runtime::Runtime;

/// A desk with tickets of all kinds.
struct Desk {
    world: World,
    agent: Actor,
    bob: Actor,
    /// Of a company whose users see each other's tickets.
    colleague: Actor,
    individual: Actor,
    acme: CompanyId,
    tickets: Vec<Ticket>,
}

impl Desk {
    /// 60 tickets: no two properties go together.
    async fn new() -> Self {
        let world = World::new().await;
        let acme = world.company("Acme", true).await;
        let (agent, bob) = (world.agent().await, world.agent().await);
        let (jana, colleague) = (world.company_user(acme).await, world.company_user(acme).await);
        let individual = world.customer().await;
        let statuses: Vec<_> = world.desk.catalog().workflow.statuses.iter().map(|s| s.id).collect();
        for n in 0..60_usize {
            let requester = [&jana, &colleague, &individual][n % 3];
            let made = world
                .open(
                    &agent,
                    NewTicket {
                        subject: format!("Ticket {n}"),
                        body: "Help.".into(),
                        requester: Some(Requester::Known(id_of(requester))),
                        urgency: Level::ALL[n / 2 % 4],
                        importance: Level::ALL[n / 3 % 4],
                        tags: [vec!["vip".into()], vec![], vec!["printer".into(), "vip".into()]][n / 5 % 3].clone(),
                        assignee: [None, Some(id_of(&agent)), Some(id_of(&bob))][n / 7 % 3],
                        ..NewTicket::default()
                    },
                )
                .await;
            let input = Change { status: Some(Swap::to(statuses[n / 4 % 5])), ..Change::default() };
            world.run(async |tx| change::change(tx, &agent, made.id, input).await).await.unwrap();
            // Some are touched by staff alone, some in the same moment.
            if n % 4 == 0 {
                world.note(&agent, made.id, "Hm.").await;
            }
            if n % 3 == 0 {
                world.advance_seconds(-1);
            }
        }
        let everything = Filter { limit: Some(100), ..Filter::default() };
        let tickets = list::list(&world.desk, &agent, &everything).await.unwrap().rows;
        assert_eq!(tickets.len(), 60);
        Self { world, agent, bob, colleague, individual, acme, tickets }
    }

    fn tag(&self, name: &str) -> TagId {
        self.world.desk.catalog().tags.iter().find(|t| t.name == name).unwrap().id
    }

    /// Every page of a list.
    async fn pages(&self, actor: &Actor, filter: &Filter) -> Vec<Ticket> {
        let mut filter = filter.clone();
        let mut all = Vec::new();
        loop {
            let page = list::list(&self.world.desk, actor, &filter).await.unwrap();
            assert!(page.rows.len() <= filter.limit.unwrap_or(40) as usize);
            assert!(page.next.is_none() || !page.rows.is_empty(), "an empty page leads nowhere");
            all.extend(page.rows);
            assert!(all.len() < 1_000, "pages without end: {filter:?}");
            match page.next {
                Some(next) => filter.after = Some(next),
                None => return all,
            }
        }
    }
}

fn ids(tickets: &[Ticket]) -> Vec<i64> {
    tickets.iter().map(|t| t.id.0).collect()
}

/// What the list has to be, by going through all tickets.
fn expected(tickets: &[Ticket], actor: &Actor, filter: &Filter) -> Vec<i64> {
    let who = person(actor);
    let customer = !actor.is_staff();
    let mut found: Vec<&Ticket> = tickets
        .iter()
        .filter(|t| {
            let company = t.company.as_ref().map(|c| c.id);
            let own = t.requester.id == who.id || (who.sees_company && company.is_some() && company == who.company);
            let assignee = t.assignee.as_ref().map(|a| a.id);
            (!customer || own)
                && (filter.statuses.is_empty() || filter.statuses.contains(&t.status))
                && filter.assignee.is_none_or(|w| match w {
                    Whose::Nobody => assignee.is_none(),
                    Whose::Of(user) => assignee == Some(user),
                })
                && filter.requester.is_none_or(|r| t.requester.id == r)
                && filter.urgency.is_none_or(|l| t.urgency == l)
                && filter.importance.is_none_or(|l| t.importance == l)
                && filter.priority.is_none_or(|p| t.priority == p)
                && filter.company.is_none_or(|c| company == Some(c))
                && filter.tag.is_none_or(|tag| t.tags.contains(&tag))
        })
        .collect();
    let by_public = customer || filter.requester.is_some();
    let changed = |t: &Ticket| if by_public { t.public_at.0 } else { t.updated_at.0 };
    found.sort_by_key(|t| match filter.sort {
        Sort::Updated => (0, -changed(t), -t.id.0),
        Sort::Created => (0, -t.created_at.0, -t.id.0),
        Sort::Oldest => (0, t.created_at.0, t.id.0),
        Sort::Priority => (-i64::from(t.priority.number()), -changed(t), -t.id.0),
    });
    found.into_iter().map(|t| t.id.0).collect()
}

#[tokio::test]
async fn each_filter_shows_what_fits_in_each_order() {
    let desk = Desk::new().await;
    let status = |key| desk.world.status(key);
    let none = Filter::default;
    let filters = [
        none(),
        Filter { statuses: vec![status("open")], ..none() },
        Filter { statuses: vec![status("closed"), status("open"), status("closed")], ..none() },
        Filter { assignee: Some(Whose::Nobody), ..none() },
        Filter { assignee: Some(Whose::Of(id_of(&desk.bob))), ..none() },
        Filter { urgency: Some(Level::Critical), ..none() },
        Filter { importance: Some(Level::Low), ..none() },
        Filter { priority: Some(domain::priority::Priority::Medium), ..none() },
        Filter { company: Some(desk.acme), ..none() },
        Filter { requester: Some(id_of(&desk.individual)), ..none() },
        Filter { tag: Some(desk.tag("vip")), ..none() },
        Filter {
            statuses: vec![status("open"), status("in_progress"), status("resolved")],
            assignee: Some(Whose::Of(id_of(&desk.agent))),
            tag: Some(desk.tag("vip")),
            ..none()
        },
    ];
    for filter in filters {
        for sort in Sort::ALL {
            let filter = Filter { sort, limit: Some(7), ..filter.clone() };
            for actor in [&desk.agent, &desk.colleague, &desk.individual] {
                let all = expected(&desk.tickets, actor, &filter);
                assert_eq!(ids(&desk.pages(actor, &filter).await), all, "{} {filter:?}", person(actor).name);
            }
            assert!(
                !expected(&desk.tickets, &desk.agent, &filter).is_empty(),
                "the filter is worth a test: {filter:?}"
            );
        }
    }
    for nothing in [
        Filter { company: Some(CompanyId(99_999)), ..none() },
        Filter { tag: Some(TagId(99_999)), ..none() },
        Filter { assignee: Some(Whose::Of(UserId(99_999))), ..none() },
        Filter { statuses: vec![domain::StatusId(99_999)], ..none() },
    ] {
        let page = list::list(&desk.world.desk, &desk.agent, &nothing).await.unwrap();
        assert!(page.next.is_none());
        // Not even a state that there is not lets everything through.
        assert!(page.rows.is_empty(), "{nothing:?}");
    }
    list::list(&desk.world.desk, &Actor::visitor(None), &none()).await.refused(Code::SignedOut);
}

/// Any filter, any order, any size of a page, for anybody: what going through all tickets would give.
#[test]
fn any_list_is_what_going_through_all_tickets_gives() {
    let runtime = Runtime::new().unwrap();
    let desk = runtime.block_on(Desk::new());
    let statuses: Vec<_> = desk.world.desk.catalog().workflow.statuses.iter().map(|s| s.id).collect();
    let level = || prop::option::weighted(0.2, prop::sample::select(Level::ALL.to_vec()));
    let whose = vec![Whose::Nobody, Whose::Of(id_of(&desk.agent)), Whose::Of(id_of(&desk.bob))];
    let filters = (
        prop::sample::subsequence(statuses, 0..=5),
        prop::option::weighted(0.3, prop::sample::select(whose)),
        (level(), level()),
        prop::option::weighted(0.2, Just(desk.acme)),
        prop::option::weighted(0.2, prop::sample::select(vec![desk.tag("vip"), desk.tag("printer")])),
        prop::sample::select(Sort::ALL.to_vec()),
        1..25_u32,
        0..3_usize,
    );
    let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&filters, |(statuses, assignee, (urgency, importance), company, tag, sort, limit, who)| {
            let limit = Some(limit);
            let filter =
                Filter { statuses, assignee, urgency, importance, company, tag, sort, limit, ..Filter::default() };
            let actor = [&desk.agent, &desk.colleague, &desk.individual][who];
            let found = runtime.block_on(desk.pages(actor, &filter));
            prop_assert_eq!(ids(&found), expected(&desk.tickets, actor, &filter));
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn pages_stand_what_happens_between_them() {
    let desk = Desk::new().await;
    let (world, agent) = (&desk.world, &desk.agent);
    for sort in Sort::ALL {
        let before: HashSet<i64> =
            ids(&desk.pages(agent, &Filter { sort, ..Filter::default() }).await).into_iter().collect();
        let mut filter = Filter { sort, limit: Some(6), ..Filter::default() };
        let mut seen: Vec<i64> = Vec::new();
        let mut changed: HashSet<i64> = HashSet::new();
        loop {
            let page = list::list(&world.desk, agent, &filter).await.unwrap();
            seen.extend(ids(&page.rows));
            let Some(next) = page.next else { break };
            filter.after = Some(next);
            // Between the pages: the row that the page was cut at goes elsewhere, one that is still to come does, and a new
            // one comes.
            let last = page.rows.last().unwrap().id;
            let rest = before.iter().filter(|id| !seen.contains(id)).min();
            for id in [Some(last), rest.map(|id| TicketId(*id))].into_iter().flatten() {
                changed.insert(id.0);
                world.advance_seconds(1);
                let now = if changed.len().is_multiple_of(2) { Level::Critical } else { Level::Low };
                let input =
                    Change { urgency: Some(Swap::to(now)), importance: Some(Swap::to(now)), ..Change::default() };
                world.run(async |tx| change::change(tx, agent, id, input).await).await.unwrap();
            }
            world.ticket(&desk.individual).await;
        }
        let old: Vec<i64> = seen.iter().copied().filter(|id| before.contains(id) && !changed.contains(id)).collect();
        let mut once = old.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), old.len(), "{sort:?}: what did not move comes once");
        assert_eq!(old.len(), before.difference(&changed).count(), "{sort:?}: and none of it is missing");
        if matches!(sort, Sort::Created | Sort::Oldest) {
            let mut all = seen.clone();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), seen.len(), "{sort:?}: nothing moves here");
        }
    }
}

#[tokio::test]
async fn places_that_no_list_has_handed_out() {
    let desk = Desk::new().await;
    for wrong in [
        "",
        "x",
        "1",
        "1.2",
        "1.2.3",
        "x.1.2.3",
        "updated",
        "updated.1.2",
        "updated.1.2.x",
        "updated.1.-1.3",
        "updated.99999.0.1",
        "updated.1.999999999999999.1",
        "updated.1.2.3.4",
        "9".repeat(400).as_str(),
    ] {
        for sort in Sort::ALL {
            let wrong = wrong.replace("updated", sort.word());
            let filter = Filter { after: Some(wrong), sort, ..Filter::default() };
            list::list(&desk.world.desk, &desk.agent, &filter).await.wrong("after");
        }
    }
    // Made up, but of the right form: some page of what this actor may see, never an error.
    for made_up in ["0.0.0", "-32768.0.-9223372036854775808", "32767.253402300799999.9223372036854775807"] {
        for sort in Sort::ALL {
            let after = Some(format!("{}.{made_up}", sort.word()));
            let filter = Filter { after, sort, ..Filter::default() };
            let page = list::list(&desk.world.desk, &desk.individual, &filter).await.unwrap();
            assert!(page.rows.iter().all(|t| t.requester.id == id_of(&desk.individual)));
        }
    }
    // A place in one order is none in another: rows would be left out, or come twice.
    for made in Sort::ALL {
        let first = Filter { sort: made, limit: Some(2), ..Filter::default() };
        let after = list::list(&desk.world.desk, &desk.agent, &first).await.unwrap().next;
        for sort in Sort::ALL.into_iter().filter(|sort| *sort != made) {
            let filter = Filter { after: after.clone(), sort, ..Filter::default() };
            list::list(&desk.world.desk, &desk.agent, &filter).await.wrong("after");
        }
    }
    for limit in [0, 1, 101, u32::MAX] {
        let filter = Filter { limit: Some(limit), ..Filter::default() };
        let page = list::list(&desk.world.desk, &desk.agent, &filter).await.unwrap();
        assert_eq!(page.rows.len(), limit.clamp(1, 60) as usize);
    }
}

/// The numbers of the rail and of the statistics are those of the lists they stand beside.
#[tokio::test]
async fn counts_are_those_of_the_lists() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let reacted = async {
        while counts_behind(world).await {
            let mut tx = world.desk.begin().await.unwrap();
            counts::react(&mut tx, 50).await.unwrap();
            tx.commit_quietly().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reacted).await.unwrap();
    let counts = Counts::load(&mut world.desk.read().await.unwrap()).await.unwrap();
    let mut sets: Vec<Vec<_>> = world.desk.catalog().workflow.statuses.iter().map(|s| vec![s.id]).collect();
    sets.extend([world.desk.catalog().active(), sets.concat()]);
    for statuses in sets {
        for (whose, key) in [
            (None, None),
            (Some(Whose::Nobody), Some(None)),
            (Some(Whose::Of(id_of(&desk.agent))), Some(Some(id_of(&desk.agent)))),
            (Some(Whose::Of(id_of(&desk.bob))), Some(Some(id_of(&desk.bob)))),
        ] {
            let filter = Filter { statuses: statuses.clone(), assignee: whose, ..Filter::default() };
            let listed = desk.pages(&desk.agent, &filter).await.len();
            assert_eq!(counts.count(&statuses, key), listed as i64, "{filter:?}");
        }
    }
}

/// Whether there are events that the counts have not taken in.
async fn counts_behind(world: &World) -> bool {
    world
        .count(
            "select count(*) from events e where (e.xid, e.id) > (
                 select coalesce(max(r.xid), '0'::xid8), coalesce(max(r.id), 0) from reactors r where r.name = 'counts')",
        )
        .await
        > 0
}
