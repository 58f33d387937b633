//! Markup in every text that the database holds: no page takes any of it for its own. The columns are read from the
//! database, so what comes later is tried as well.

use crate::support::{World, browser::Browser, id_of};
use domain::Role;
use http::StatusCode;
use server::demo::{self, Scale};
use store::{Desk, Options};

/// Ends whatever it may stand in: a title, a text area, a script, an attribute. In small letters, as addresses are kept.
const MARKUP: &str = "\"></title></textarea></script><script>alert(1)</script><img src=x onerror=alert(1)>";

/// What must be in no page. The words of it may: escaped, they are text.
const RUN: [&str; 3] = ["<script>alert", "<img src=x", "</title></textarea>"];

/// Columns that hold no text of anybody: words that Docket reads back and that a constraint or the code keeps to a few,
/// digests, keys, and HTML that was sanitised before it was written.
const OURS: [&str; 42] = [
    "account_links.password_hash",
    "account_links.purpose",
    "api_tokens.scope",
    "attachments.content_type",
    "attachments.key",
    "attachments.path",
    "attempts.key",
    "channel_identities.channel",
    "companies.accent",
    "drafts.writing",
    "events.kind",
    "exports.path",
    "fields.kind",
    "fields.subject",
    "imports.kind",
    "imports.path",
    "imports.state",
    "invitations.role",
    "jobs.kind",
    "mails.origin",
    "mails.raw_key",
    "messages.channel",
    "messages.html",
    "messages.kind",
    "messages.quoted_html",
    "outside_visits.nonce",
    "outside_visits.verifier",
    "providers.audience",
    "providers.kind",
    "rating_sums.kind",
    "reactors.name",
    "roles.permissions",
    "sign_in_throttle.key",
    "statuses.category",
    "statuses.key",
    "tickets.rank",
    "tickets.source",
    "users.language",
    "users.password_hash",
    "users.role",
    "users.theme",
    "users.time_zone",
];

/// The columns of text, with whether each is a list.
async fn columns(world: &World) -> Vec<(String, String, bool)> {
    sqlx::query_as(
        "select c.table_name::text, c.column_name::text, c.data_type = 'ARRAY'
         from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
         where table_schema = 'public' and t.table_type = 'BASE TABLE' and c.is_generated = 'NEVER'
           and (c.data_type = 'text' or c.udt_name = '_text') and c.table_name not like '\\_%'
         order by 1, 2",
    )
    .fetch_all(world.desk.pool())
    .await
    .unwrap()
}

/// Writes [`MARKUP`] into a column, wherever something stands in it; each value is another one.
async fn spoil(world: &World, (table, column, list): &(String, String, bool)) -> Result<u64, String> {
    let value = format!("'{MARKUP}{table}' || ctid::text");
    let (value, filled) = if *list { (format!("array[{value}]"), "<> '{}'") } else { (value, "<> ''") };
    let sql = format!("update \"{table}\" set \"{column}\" = {value} where \"{column}\" {filled}");
    let done = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(world.desk.pool()).await;
    done.map(|done| done.rows_affected()).map_err(|error| format!("{table}.{column}: {error}"))
}

async fn ids(world: &World, sql: &'static str) -> Vec<i64> {
    sqlx::query_scalar(sql).fetch_all(world.desk.pool()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_text_of_anybody_becomes_markup() {
    let world = World::new().await;
    let scale = Scale { agents: 6, customers: 8, companies: 3, tickets: 60, ..Scale::demo() };
    demo::fill(&world.desk, &scale, true).await.unwrap();
    let boss = world.person(Role::Superadmin, None).await;
    let company =
        ids(&world, "select company_id from tickets where company_id is not null order by id limit 1").await[0];
    let jana = world.company_user(company.into()).await;
    sqlx::query("update tickets set requester_id = $1 where company_id = $2")
        .bind(id_of(&jana).0)
        .bind(company)
        .execute(world.desk.pool())
        .await
        .unwrap();
    // Whoever owns the tables may turn off what guards the events.
    sqlx::query("alter table events disable trigger user").execute(world.desk.pool()).await.unwrap();
    let (addresses, others): (Vec<_>, Vec<_>) = columns(&world)
        .await
        .into_iter()
        .filter(|(table, column, _)| !OURS.contains(&format!("{table}.{column}").as_str()))
        .partition(|(table, column, _)| table == "user_emails" || (table == "users" && column == "email"));
    let mut refused = Vec::new();
    for column in &others {
        refused.extend(spoil(&world, column).await.err());
    }
    // What is read once, as the names of states, is read now.
    let desk = Desk::open(world.desk.pool().clone(), world.files.clone(), world.clock.clone(), Options::default());
    let desk = desk.await.unwrap();
    let staff = Browser::on(&desk).signed_in(&boss).await;
    let customer = Browser::on(&desk).signed_in(&jana).await;
    for column in &addresses {
        refused.extend(spoil(&world, column).await.err());
    }
    // What is filled into custom fields is no column of text.
    for (table, subject) in [("users", "customers"), ("companies", "companies")] {
        let sql = format!(
            "update {table} set fields = (
                 select jsonb_object_agg(id, jsonb_build_object('text', $1 || id)) from fields where subject = '{subject}')"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(MARKUP).execute(world.desk.pool()).await.unwrap();
    }
    assert!(refused.is_empty(), "neither spoiled nor among OURS:\n{}", refused.join("\n"));

    let mut pages: Vec<(&Browser, String)> = Vec::new();
    for path in [
        "/tickets",
        "/new",
        "/board",
        "/search?q=alert",
        "/me",
        "/api-tokens",
        "/two-step",
        "/customers",
        "/companies",
        "/customers/import",
        "/settings/users",
        "/settings/roles",
        "/settings/teams",
        "/settings/log",
        "/settings/priority",
        "/settings/board",
        "/settings/fields",
        "/settings/fields/new-companies",
        "/settings/mails",
        "/settings/invitations",
        "/settings/sign-in",
        "/settings/two-step",
    ] {
        pages.push((&staff, path.into()));
    }
    let visitor = Browser::on(&desk);
    pages.push((&visitor, "/sign-in".into()));
    for path in ["/portal", "/portal/new", "/portal/me"] {
        pages.push((&customer, path.into()));
    }
    for (sql, path) in [
        ("select id from tickets where company_id is not null order by id limit 8", "/tickets/"),
        ("select id from users where role = 'customer' order by id limit 3", "/customers/"),
        ("select id from users where role <> 'customer' order by id limit 3", "/settings/users/"),
        ("select id from companies order by id", "/companies/"),
        ("select id from roles order by id", "/settings/roles/"),
        ("select id from teams order by id", "/settings/teams/"),
        ("select id from fields order by id", "/settings/fields/"),
        ("select id from providers order by id", "/settings/sign-in/"),
    ] {
        let found = ids(&world, sql).await;
        assert!(!found.is_empty(), "{sql}");
        pages.extend(found.iter().map(|id| (&staff, format!("{path}{id}"))));
    }
    for id in ids(&world, "select id from tickets where company_id is not null order by id limit 8").await {
        pages.push((&staff, format!("/tickets/{id}/history")));
        pages.push((&customer, format!("/portal/tickets/{id}")));
    }
    for (table, rest) in
        [("customers", "edit"), ("customers", "company"), ("customers", "merge"), ("companies", "edit")]
    {
        let first = pages.iter().find_map(|(_, path)| path.strip_prefix(&format!("/{table}/"))?.parse::<i64>().ok());
        pages.push((&staff, format!("/{table}/{}/{rest}", first.unwrap())));
    }
    let mut told = 0;
    for (browser, path) in &pages {
        let page = browser.get(path).await;
        assert!([StatusCode::OK, StatusCode::NOT_FOUND].contains(&page.status), "{path}: {}", page.status);
        for run in RUN {
            let found = page.text.find(run).map(|at| &page.text[at.saturating_sub(200)..]);
            assert!(found.is_none(), "{path}: …{}", found.unwrap_or_default().chars().take(400).collect::<String>());
        }
        if page.status == StatusCode::OK && page.text.contains("alert(1)") {
            told += 1;
        }
    }
    // Not all show a text, but if most did not, nothing would have been tried.
    assert!(told * 4 > pages.len() * 3, "{told} of {} pages show a text", pages.len());
}
