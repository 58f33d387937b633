//! Reactors and jobs: done once by somebody, tried again, given up in the end.

use crate::support::{World, id_of, node::*};
use domain::{
    Code,
    ticket::{Change, NewTicket, Swap},
};
use object_store::{ObjectStoreExt, path::Path};
use rand::{Rng, SeedableRng, rngs::StdRng};
use server::work::jobs::one;
use sqlx::Row;
use store::{
    Desk, counts,
    jobs::{self, Work},
    tickets::{change, create},
};

async fn enqueue(world: &World, desk: &Desk, key: &str) {
    let mut tx = desk.begin().await.unwrap();
    jobs::enqueue(&mut tx, &Work::DeleteFile { key: key.into() }, world.now(), 0, None).await.unwrap();
    tx.commit().await.unwrap();
}

/// Whether the kept numbers are what counting would give.
async fn counts_are_right(world: &World) -> bool {
    let wrong = world
        .count(
            "select count(*) from (
                 select status_id, coalesce(assignee_id, 0) as who, count(*) as n from tickets group by 1, 2) t
             full join (select * from ticket_counts where tickets <> 0) c
                 on c.status_id = t.status_id and c.assignee_id = t.who
             where t.n is distinct from c.tickets",
        )
        .await;
    wrong == 0
}

/// Waits until it is so, looking again after each commit of the reactors that this node may have made.
async fn become_right(world: &World) {
    let right = async {
        while !counts_are_right(world).await {
            tokio::task::yield_now().await;
        }
    };
    soon("the numbers are right", right).await;
}

#[tokio::test]
async fn a_job_is_tried_again_and_given_up_in_the_end() {
    let world = World::new().await;
    // A folder in the place of the file: it cannot be deleted as one.
    world.desk.files().put(&Path::from("bad/inside"), "x".into()).await.unwrap();
    enqueue(&world, &world.desk, "bad").await;
    for attempt in 1..=10 {
        assert!(one(&world.desk, &world.post).await.unwrap(), "attempt {attempt}");
        assert!(!one(&world.desk, &world.post).await.unwrap(), "not before its pause is over");
        world.advance_seconds(6 * 3_600);
    }
    assert!(!one(&world.desk, &world.post).await.unwrap(), "not tried an eleventh time");
    let row = sqlx::query("select attempts, failed_at is not null, last_error from jobs")
        .fetch_one(world.desk.pool())
        .await
        .unwrap();
    assert_eq!((row.get::<i32, _>(0), row.get::<bool, _>(1)), (10, true));
    assert!(!row.get::<String, _>(2).is_empty());
    // It holds nothing else up.
    world.desk.files().put(&Path::from("good"), "x".into()).await.unwrap();
    enqueue(&world, &world.desk, "good").await;
    enqueue(&world, &world.desk, "never there").await;
    assert!(one(&world.desk, &world.post).await.unwrap() && one(&world.desk, &world.post).await.unwrap());
    assert_eq!(world.count("select count(*) from jobs where failed_at is null").await, 0);
    assert!(world.desk.files().head(&Path::from("good")).await.is_err());
}

#[tokio::test]
async fn what_ends_its_worker_each_time_is_given_up() {
    let world = World::new().await;
    enqueue(&world, &world.desk, "x").await;
    // Taken and never heard of again, as by a server that dies.
    for _ in 0..10 {
        let mut tx = world.desk.begin().await.unwrap();
        assert!(jobs::take(&mut tx).await.unwrap().is_some());
        tx.commit().await.unwrap();
        assert!(!one(&world.desk, &world.post).await.unwrap(), "somebody else is at it");
        world.advance_seconds(600);
    }
    assert!(one(&world.desk, &world.post).await.unwrap());
    assert_eq!(world.count("select count(*) from jobs where failed_at is not null").await, 1);
}

#[tokio::test]
async fn whoever_is_heard_of_keeps_the_job() {
    let world = World::new().await;
    enqueue(&world, &world.desk, "x").await;
    let take = async || {
        let mut tx = world.desk.begin().await.unwrap();
        let job = jobs::take(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        job
    };
    let first = take().await.unwrap();
    for _ in 0..10 {
        world.advance_seconds(50);
        jobs::still_at(&world.desk, &first).await.unwrap();
        assert!(take().await.is_none(), "somebody is at it");
    }
    world.advance_seconds(61);
    let second = take().await.unwrap();
    // Who comes back late has lost it.
    world.advance_seconds(50);
    jobs::still_at(&world.desk, &first).await.unwrap();
    world.advance_seconds(11);
    assert_eq!(take().await.unwrap().attempts, second.attempts + 1);
}

#[tokio::test]
async fn the_same_work_waits_once_beside_what_is_being_done() {
    let world = World::new().await;
    let ask = async || {
        let mut tx = world.desk.begin().await.unwrap();
        jobs::enqueue(&mut tx, &Work::Sweep, world.now(), 0, Some("sweep")).await.unwrap();
        tx.commit().await.unwrap();
        world.count("select count(*) from jobs").await
    };
    assert_eq!((ask().await, ask().await), (1, 1));
    let mut tx = world.desk.begin().await.unwrap();
    let running = jobs::take(&mut tx).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    // Asked for while it runs: what it has read already may have changed.
    assert_eq!((ask().await, ask().await), (2, 2));
    // It fails, and is tried again beside the one that waits.
    let mut tx = world.desk.begin().await.unwrap();
    jobs::fail(&mut tx, &running, "no").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ask().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_done_at_once_and_clearing_up_plans_itself() {
    let world = World::new().await;
    let node = Node::start(&world).await;
    let workers = node.work();
    world.desk.files().put(&Path::from("gone"), "x".into()).await.unwrap();
    enqueue(&world, &node.desk, "gone").await;
    let done = async {
        while world.count("select count(*) from jobs where kind = 'delete_file'").await > 0
            || world
                .count("select count(*) from jobs where kind = 'sweep' and attempts = 0 and run_at > created_at")
                .await
                == 0
        {
            tokio::task::yield_now().await;
        }
    };
    soon("the jobs are done", done).await;
    assert!(world.desk.files().head(&Path::from("gone")).await.is_err());
    assert_eq!(world.count("select count(*) from jobs").await, 1);
    node.stop.cancel();
    soon("the workers end", workers.finished()).await;
}

/// Opens and changes tickets at random. What the rules refuse is left.
async fn busy(world: &World, desk: &Desk, seed: u64, changes: usize) {
    let mut random = StdRng::seed_from_u64(seed);
    let customer = world.customer().await;
    let (ann, bob) = (world.agent().await, world.agent().await);
    let statuses: Vec<_> = desk.catalog().workflow.statuses.iter().map(|s| s.id).collect();
    let mut tickets = Vec::new();
    for n in 0..changes {
        let mut tx = desk.begin().await.unwrap();
        let mut made = None;
        if tickets.len() < 5 || random.random_ratio(1, 10) {
            let input = NewTicket { subject: format!("{n}"), body: "Help.".into(), ..NewTicket::default() };
            made = Some(create::create(&mut tx, &customer, input).await.unwrap().id);
        } else {
            let ticket = tickets[random.random_range(0..tickets.len())];
            let to = [None, Some(id_of(&ann)), Some(id_of(&bob))][random.random_range(0..3)];
            let status = statuses[random.random_range(0..statuses.len())];
            let input = if random.random() {
                Change { status: Some(Swap::to(status)), ..Change::default() }
            } else {
                Change { assignee: Some(Swap::to(to)), ..Change::default() }
            };
            if let Err(error) = change::change(&mut tx, &ann, ticket, input).await {
                assert_eq!(error.code, Code::Invalid);
                continue;
            }
        }
        // Some think better of it.
        if random.random_ratio(9, 10) {
            tx.commit().await.unwrap();
            tickets.extend(made);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_counts_follow_many_changes_on_two_nodes() {
    let world = World::new().await;
    let (one, two) = tokio::join!(Node::start(&world), Node::start(&world));
    let (_first, _second) = (one.work(), two.work());
    tokio::join!(
        busy(&world, &one.desk, 1, 125),
        busy(&world, &one.desk, 2, 125),
        busy(&world, &two.desk, 3, 125),
        busy(&world, &two.desk, 4, 125),
    );
    become_right(&world).await;
    assert!(world.count("select sum(tickets)::bigint from ticket_counts").await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_dies_in_the_middle_leaves_nothing_behind() {
    let world = World::new().await;
    let customer = world.customer().await;
    for _ in 0..3 {
        world.ticket(&customer).await;
    }
    settled(&world.desk).await;
    // It has counted, and dies before it commits.
    let mut leader = world.desk.begin().await.unwrap();
    assert!(counts::react(&mut leader, 2).await.unwrap() > 0);
    let mut other = world.desk.begin().await.unwrap();
    assert_eq!(counts::react(&mut other, 100).await.unwrap(), 0, "only one leads");
    drop(other);
    let node = Node::start(&world).await;
    let _workers = node.work();
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()
             and database = (select oid from pg_database where datname = current_database())",
    )
    .execute(node.desk.pool())
    .await
    .unwrap();
    // Whether the farewell of the database is read, or only that it has gone, is a matter of moments.
    let error = leader.commit().await.unwrap_err();
    assert!(matches!(error.code, Code::Unavailable | Code::Unconfirmed), "{error:?}");
    become_right(&world).await;
    assert_eq!(world.count("select sum(tickets)::bigint from ticket_counts").await, 3);
}
