//! Files that are stopped, or whose server is killed, while they are brought in.

use super::{go, numbers, upload};
use crate::{
    durability::Docket,
    support::{World, node::soon, person},
};
use domain::{
    Actor, ImportId,
    import::{Import, Kind, State},
};
use reqwest::{Client, header};
use server::work::jobs;
use store::imports;

/// Ten batches.
const LINES: i64 = 5_000;

/// Every tenth line is refused.
fn file() -> String {
    let line = |n| match n % 10 {
        9 => format!("Person {n},nothing,Many\n"),
        _ => format!("Person {n},p{n}@many.example,Company {}\n", n % 7),
    };
    format!("name,email,company\n{}", (0..LINES).map(line).collect::<String>())
}

/// By the rows alone: a server of its own has a folder of its own for files.
async fn now(world: &World, actor: &Actor, id: ImportId) -> Import {
    let all = imports::list(&world.desk, actor).await.unwrap();
    all.into_iter().find(|import| import.id == id).unwrap()
}

/// Waits until so many lines are through.
async fn comes_to(world: &World, actor: &Actor, id: ImportId, lines: i64) {
    soon("it goes on", async {
        while now(world, actor, id).await.lines_done < lines {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// What is there is what the import says, and what the events tell.
async fn agrees(world: &World, import: &Import) {
    let made = world.count("select count(*) from users where role = 'customer'").await;
    let told = world.count("select count(*) from events where kind = 'customer.created'").await;
    let refused = world.count("select count(*) from import_refusals").await;
    assert_eq!((made, told, refused), (import.made, import.made, import.refused), "{import:?}");
    assert_eq!(import.lines_done, import.made + import.changed + import.same + import.refused, "{import:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_stopped_in_the_middle_and_done_later() {
    let world = World::new().await;
    let manager = world.manager().await;
    let id = upload(&world, &manager, Kind::Customers, &file()).await;
    // Begins, and stops it as soon as some lines are through.
    let stopped = async |trial| {
        world.run(async |tx| imports::begin(tx, &manager, id, trial).await).await.unwrap();
        let (desk, post) = (world.desk.clone(), world.post.clone());
        let worker = tokio::spawn(async move { while jobs::one(&desk, &post).await.unwrap() {} });
        comes_to(&world, &manager, id, 1_000).await;
        world.run(async |tx| imports::stop(tx, &manager, id).await).await.unwrap();
        worker.await.unwrap();
        now(&world, &manager, id).await
    };
    let tried = stopped(true).await;
    assert!(tried.state == State::Mapping && tried.lines_done < LINES && !tried.stopping, "{tried:?}");
    assert_eq!(world.count("select count(*) from users where role = 'customer'").await, 0);
    assert_eq!(numbers(&go(&world, &manager, id, true).await), [4_500, 0, 0, 500], "from the beginning");
    let run = stopped(false).await;
    assert!(run.state == State::Stopped && run.lines_done < LINES, "{run:?}");
    agrees(&world, &run).await;
    let told = "select count(*) from events where kind = 'import.finished' and (data->>'stopped')::boolean";
    assert_eq!(world.count(told).await, 1);
    // What was brought in stays, and nobody is doubled.
    let done = go(&world, &manager, id, false).await;
    assert_eq!((done.import.state, numbers(&done)), (State::Done, [4_500 - run.made, 0, run.made, 500]));
    assert_eq!(world.count("select count(*) from users where role = 'customer'").await, 4_500);
    assert_eq!(world.count("select count(*) from events where kind = 'customer.created'").await, 4_500);
}

/// Who was at it is gone, and so is the job: nobody is left who could stop it.
#[tokio::test]
async fn what_nobody_is_at_any_more_can_be_stopped() {
    let world = World::new().await;
    let manager = world.manager().await;
    let id = upload(&world, &manager, Kind::Customers, &file()).await;
    world.run(async |tx| imports::begin(tx, &manager, id, true).await).await.unwrap();
    sqlx::query("update jobs set failed_at = now()").execute(world.desk.pool()).await.unwrap();
    world.run(async |tx| imports::stop(tx, &manager, id).await).await.unwrap();
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    assert_eq!(now(&world, &manager, id).await.state, State::Mapping);
}

/// SIGKILL, in the trial and when it is for good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_leaves_nothing_by_half_and_the_next_one_goes_on() {
    let world = World::new().await;
    let manager = world.manager().await;
    let folder = tempfile::tempdir().unwrap();
    let mut server = Docket::start(folder.path(), Some(&world.database_url())).await;
    let post = async |server: &Docket, path: &str, kind: &str, body: String| {
        let client: Client = server.sign_in(&person(&manager).email).await;
        let sent =
            client.post(format!("{}{path}", server.url)).header(header::CONTENT_TYPE, kind.to_owned()).body(body);
        let answer = sent.send().await.unwrap();
        assert_eq!(answer.status(), 303);
        answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
    };
    let form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\ncustomers\r\n--x\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n{}\r\n--x--\r\n",
        file()
    );
    let page = post(&server, "/customers/import", "multipart/form-data; boundary=x", form).await;
    let id = ImportId(page.rsplit('/').next().unwrap().parse().unwrap());
    let columns =
        "do=try&width=3&encoding=UTF-8&separator=comma&header=on&column-0=name&column-1=email&column-2=company";
    for (what, state) in [(columns, State::Tried), ("do=run", State::Done)] {
        post(&server, &page, "application/x-www-form-urlencoded", what.to_owned()).await;
        comes_to(&world, &manager, id, 1_000).await;
        server.child.kill().await.unwrap();
        let cut = now(&world, &manager, id).await;
        assert!(cut.state.is_moving() && cut.lines_done < LINES, "{cut:?}");
        if state == State::Done {
            agrees(&world, &cut).await;
        }
        // The next server takes over when nothing was heard of this one for a minute. As if that were over:
        sqlx::query("update jobs set taken_until = now() where taken_until is not null")
            .execute(world.desk.pool())
            .await
            .unwrap();
        server = Docket::start(folder.path(), Some(&world.database_url())).await;
        soon("it is over", async { while now(&world, &manager, id).await.state != state {} }).await;
        let over = now(&world, &manager, id).await;
        assert_eq!([over.made, over.changed, over.same, over.refused, over.lines_done], [4_500, 0, 0, 500, LINES]);
    }
    agrees(&world, &now(&world, &manager, id).await).await;
    assert_eq!(world.count("select count(*) from companies").await, 7);
    assert_eq!(world.count("select count(*) from events where kind = 'import.finished'").await, 1);
}
