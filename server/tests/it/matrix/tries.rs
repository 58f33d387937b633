//! A try of each operation that [`super::operations`] lists. It leaves nothing behind.

use super::cast::{Cast, Told};
use crate::support::{id_of, text};
use bytes::Bytes;
use domain::{
    Actor, CompanyId, ExportId, FieldId, ImportId, MailId, Result, SessionId, UserId,
    access::{NewRole, NewTeam, Permissions, RoleChoice},
    api_token::NewApiToken,
    board::{BoardFilter, Lanes, Move},
    certificate::Source,
    company::{CompanyFilter, CompanyInput},
    customer::{CustomerFilter, CustomerInput, Erasure},
    errand::About,
    fields::{NewDefinition, Subject},
    import::{Kind, Reading},
    invitation::State,
    mail::Raw,
    outside::{self, ProviderInput, Usable, Vouched},
    passkey::{Answer, Nowhere},
    policy::Action,
    priority::PriorityTable,
    profile::NewProfile,
    rating::{self, NewRating},
    retention::Periods,
    scim::{GroupChange, PersonInput, Window},
    second_factor::Removal,
    security_log::LogFilter,
    ticket::{Change, Filter, NewTicket, Swap, Writing},
    timeline::{Draft, Part},
};
use futures::stream;
use std::convert::Infallible;
use store::{
    access::{log, roles, teams, users},
    accounts::{self, invitations, own, passkeys, picture, second_factor, unsent},
    bulk, certificates, companies, customers, errands,
    fields::{self, define},
    imports, mails,
    outside::{identities, providers},
    people, ratings, retention,
    scim::{groups, people as announced, token},
    settings::{self, Limit, priorities},
    tickets::{
        self, attachments, board, change, create, draft, history, list, message, remote_images, search, timeline, view,
        watch,
    },
};

const WINDOW: Window = Window { skip: 0, count: 10 };

/// What stands for something that is not there, where it makes no difference whether it is.
fn there<T>(done: Result<T>) -> Result<()> {
    match done {
        Err(error) if error.code == domain::Code::NotFound => Ok(()),
        other => other.map(drop),
    }
}

/// A provider for whoever comes.
fn everybodys() -> Usable {
    Usable {
        id: 0.into(),
        kind: outside::Kind::Google,
        name: "Google".into(),
        audience: outside::Audience::Everybody,
        company: None,
        domains: Vec::new(),
        issuer: String::new(),
        client_id: String::new(),
        secret: String::new(),
        creates: false,
        role_claim: String::new(),
        rules: outside::GroupRules::default(),
        trusts_mfa: false,
        directory: outside::Directory::default(),
        saml: outside::Saml::default(),
        only: false,
        version: 1,
    }
}

/// Tries an operation. Its transaction is never committed.
pub async fn run(cast: &Cast, name: &str, actor: &Actor, ticket: &Told) -> Result<()> {
    let (world, desk, id) = (&cast.world, &cast.world.desk, ticket.id);
    let mut conn = desk.read().await?;
    let mut tx = desk.begin().await?;
    let tx = &mut tx;
    let nobody = UserId(0);
    match name {
        "access::log::list" => log::list(desk, actor, &LogFilter::default()).await.map(drop),
        "access::log::own" => log::own(desk, actor).await.map(drop),
        "access::log::export" => log::export(desk, actor, &LogFilter::default()).await.map(drop),
        "access::roles::list" => roles::list(desk, actor).await.map(drop),
        "access::roles::get" => there(roles::get(desk, actor, 0.into()).await),
        "access::roles::create" => roles::create(tx, actor, NewRole::default()).await.map(drop),
        "access::roles::change" => {
            let input = NewRole { name: "Other".into(), ..NewRole::default() };
            there(roles::change(tx, actor, 0.into(), Permissions::NONE, input).await)
        }
        "access::roles::delete" => there(roles::delete(tx, actor, 0.into()).await),
        "access::teams::list" => teams::list(desk, actor).await.map(drop),
        "access::teams::get" => teams::get(desk, actor, cast.team).await.map(drop),
        "access::teams::create" => teams::create(tx, actor, NewTeam::default()).await.map(drop),
        "access::teams::change" => teams::change(tx, actor, cast.team, NewTeam::default()).await,
        "access::teams::delete" => teams::delete(tx, actor, cast.team).await,
        "access::users::list" => users::list(desk, actor, &users::Filter::default()).await.map(drop),
        "access::users::get" => users::get(desk, actor, id_of(&cast.admin)).await.map(drop),
        "access::users::set_role" => {
            there(users::set_role(tx, actor, nobody, RoleChoice::BuiltIn(domain::Role::Agent)).await)
        }
        "access::users::set_teams" => {
            // Two rights are needed: whoever has only the one is asked for the other.
            let both = domain::policy::may(actor, Action::ManageTeams, None);
            match users::set_teams(tx, actor, nobody, &[]).await {
                Err(error) if error.code == domain::Code::Forbidden && !both => {
                    if domain::policy::may(actor, Action::ManageStaff, None) { Ok(()) } else { Err(error) }
                }
                done => there(done),
            }
        }
        "access::users::remove_second_factor" => {
            there(users::remove_second_factor(tx, actor, nobody, &Removal::default()).await)
        }
        "access::users::set_blocked" => there(users::set_blocked(tx, actor, nobody, true).await),
        "access::users::end_sessions" => there(users::end_sessions(tx, actor, nobody, None).await),
        "accounts::invitations::list" => invitations::list(desk, actor).await.map(drop),
        "accounts::invitations::invite" => {
            invitations::invite(tx, actor, "", RoleChoice::BuiltIn(domain::Role::Agent), &[]).await
        }
        "accounts::register::hire" => {
            accounts::hire(desk, actor, domain::account::Registration::default(), domain::Role::Agent).await.map(drop)
        }
        "accounts::invitations::send_again" => there(invitations::send_again(tx, actor, 0).await),
        "accounts::invitations::revoke" => there(invitations::revoke(tx, actor, 0).await),
        "accounts::unsent::list" => unsent::list(desk, actor).await.map(drop),
        "accounts::unsent::send_again" => there(unsent::send_again(tx, actor, 0).await),
        "accounts::unsent::discard" => there(unsent::discard(tx, actor, 0).await),
        "certificates::try_now" => there(certificates::try_now(tx, actor, &certificates::Wanted::default()).await),
        "certificates::https" => certificates::https(desk, actor, Source::Nothing).await.map(drop),
        "accounts::own::profile" => own::profile(desk, actor).await.map(drop),
        "accounts::own::set_profile" => own::set_profile(tx, actor, NewProfile::default()).await,
        // Refused for what it is.
        "accounts::picture::set" => match picture::set(desk, actor, b"<svg/>".to_vec()).await {
            Err(error) if error.code == domain::Code::Unsupported => Ok(()),
            other => other,
        },
        "accounts::picture::remove" => picture::remove(tx, actor).await,
        "accounts::picture::open" => there(picture::open(desk, actor, nobody, 1).await),
        "accounts::own::adopt_zone" => own::adopt_zone(tx, actor, "Europe/Berlin").await,
        "accounts::own::set_theme" => own::set_theme(tx, actor, None).await,
        // Refused for what is wrong with the input, before anybody is asked for a password.
        "accounts::own::change_password" => own::change_password(desk, actor, None, "".into(), "".into()).await,
        "accounts::own::ask_for_address" => {
            let mine = actor.principal().map_or("a@a.example", |person| person.email.as_str());
            own::ask_for_address(desk, actor, None, mine, "".into()).await
        }
        "accounts::second_factor::own::get" => second_factor::own::get(desk, actor, None, "Docket").await.map(drop),
        // Refused for the password, and counted.
        "accounts::second_factor::own::begin" => second_factor::own::begin(desk, actor, None, "".into()).await,
        "accounts::second_factor::own::cancel" => second_factor::own::cancel(tx, actor).await,
        "accounts::second_factor::own::confirm" => second_factor::own::confirm(desk, actor, None, "").await.map(drop),
        "accounts::second_factor::own::new_codes" => {
            second_factor::own::new_codes(desk, actor, None, "".into()).await.map(drop)
        }
        "accounts::second_factor::own::remove_app" => {
            second_factor::own::remove_app(desk, actor, None, "".into(), "").await
        }
        "accounts::passkeys::own::list" => passkeys::own::list(desk, actor, Err(Nowhere::Unknown)).await.map(drop),
        // Refused for the place, the answer and the password.
        "accounts::passkeys::own::begin" => {
            passkeys::own::begin(desk, actor, None, Err(Nowhere::Unknown), "Laptop", "".into()).await.map(drop)
        }
        "accounts::passkeys::own::finish" => {
            passkeys::own::finish(desk, actor, None, &Answer::default()).await.map(drop)
        }
        "accounts::passkeys::own::rename" => there(passkeys::own::rename(tx, actor, 0.into(), "Laptop").await),
        "accounts::passkeys::own::remove" => passkeys::own::remove(desk, actor, None, 0.into(), "".into()).await,
        "accounts::session::devices" => accounts::devices(&mut conn, actor, None, world.now()).await.map(drop),
        "accounts::session::revoke" => there(accounts::revoke(tx, actor, SessionId(0)).await),
        "accounts::api_tokens::list" => accounts::api_tokens::list(desk, actor).await.map(drop),
        "accounts::api_tokens::create" => {
            let input = NewApiToken { name: "Report".into(), scope: "read".into(), days: 7 };
            match accounts::api_tokens::create(desk, actor, None, &input, String::new()).await {
                // Whoever is signed in is asked for their password.
                Err(error) if error.code == domain::Code::Invalid => Ok(()),
                other => other.map(drop),
            }
        }
        "accounts::api_tokens::revoke" => there(accounts::api_tokens::revoke(tx, actor, 0.into()).await),
        "accounts::api_tokens::revoke_all" => accounts::api_tokens::revoke_all(tx, actor).await.map(drop),
        "accounts::session::revoke_others" => accounts::revoke_others(tx, actor, None).await.map(drop),
        "bulk::tags" => bulk::tags(tx, actor, &[]).await.map(drop),
        "bulk::companies" => bulk::companies(tx, actor, &bulk::Companies::default()).await.map(drop),
        "bulk::people" => bulk::people(tx, actor, &bulk::People::default()).await.map(drop),
        "bulk::details" => bulk::details(tx, actor, &bulk::Details::default()).await,
        "bulk::invitation" => {
            bulk::invitation(tx, actor, "a@a.example", domain::Role::Agent, world.now(), State::Open).await
        }
        "bulk::api_token" => {
            let input = NewApiToken { name: "Report".into(), scope: "read".into(), days: 7 };
            bulk::api_token(tx, actor, UserId(0), &input, None).await
        }
        "bulk::app" => bulk::app(tx, actor, UserId(0), b"12345678901234567890").await,
        "bulk::tickets" => bulk::tickets(tx, actor, &bulk::Batch::default()).await,
        "bulk::finish" => bulk::finish(desk, actor).await,
        "fields::blank" => fields::blank(desk, actor, Subject::Customers).await.map(drop),
        "fields::define::list" => define::list(desk, actor).await.map(drop),
        "fields::define::create" => {
            let input = NewDefinition { name: "Field".into(), ..NewDefinition::default() };
            define::create(tx, actor, Subject::Customers, &input).await.map(drop)
        }
        "fields::define::change" => {
            let input = NewDefinition { name: "Field".into(), ..NewDefinition::default() };
            there(define::change(tx, actor, FieldId(0), 1, &input).await)
        }
        "fields::define::retire" => there(define::retire(tx, actor, FieldId(0), true).await),
        "fields::define::shift" => there(define::shift(tx, actor, FieldId(0), true).await),
        "fields::define::count" => there(define::count(desk, actor, FieldId(0)).await),
        "fields::define::delete" => there(define::delete(tx, actor, FieldId(0)).await),
        "imports::create" => {
            let mut file = stream::iter([Ok(Bytes::from_static(b"email\na@a.example\n"))]);
            imports::create(desk, actor, Kind::Customers, "a.csv", &mut file).await.map(drop)
        }
        "imports::list" => imports::list(desk, actor).await.map(drop),
        "imports::view" => there(imports::view(desk, actor, ImportId(0)).await),
        "imports::refused_file" => there(imports::refused_file(desk, actor, ImportId(0)).await),
        "imports::set_reading" => there(imports::set_reading(tx, actor, ImportId(0), &Reading::default()).await),
        "imports::begin" => there(imports::begin(tx, actor, ImportId(0), true).await),
        "imports::stop" => there(imports::stop(tx, actor, ImportId(0)).await),
        "mails::again::try_again" => there(mails::try_again(desk, actor, MailId(0), |_| Err(String::new())).await),
        "mails::again::discard" => there(mails::discard(tx, actor, &[]).await),
        "mails::again::tried" => mails::tried(desk, actor, &[]).await.map(drop),
        "mails::quarantine::list" => mails::list(desk, actor, None, None).await.map(drop),
        "mails::quarantine::raw" => mails::raw(desk, actor, Raw::Message(ticket.mail)).await.map(drop),
        "mails::waiting::enqueue" => mails::enqueue(tx, actor, &[]).await.map(drop),
        "mails::waiting::waiting" => mails::waiting(desk, actor).await.map(drop),
        "scim::groups::list" => groups::list(desk, actor, &[], WINDOW, true).await.map(drop),
        "scim::groups::get" => there(groups::get(desk, actor, 0.into(), true).await),
        "scim::groups::create" => groups::create(tx, actor, GroupChange::default()).await.map(drop),
        "scim::groups::change" => {
            there(groups::change(tx, actor, 0.into(), || Ok::<_, domain::Error>(GroupChange::default())).await)
        }
        "scim::groups::delete" => there(groups::delete(tx, actor, 0.into()).await),
        "scim::people::list" => announced::list(desk, actor, &[], WINDOW).await.map(drop),
        "scim::people::get" => there(announced::get(desk, actor, nobody).await),
        "scim::people::create" => announced::create(tx, actor, PersonInput::default()).await.map(drop),
        "scim::people::change" => there(announced::change(tx, actor, nobody, Ok::<_, domain::Error>).await),
        "scim::people::delete" => there(announced::delete(tx, actor, nobody).await),
        "scim::token::make" => there(token::make(tx, actor, 0.into()).await),
        "scim::token::revoke" => there(token::revoke(tx, actor, 0.into()).await),
        "outside::identities::own" => identities::own(desk, actor).await.map(drop),
        "outside::identities::may_connect" => identities::may_connect(actor, &everybodys()).await,
        // Refused for who is named, whoever asks.
        "outside::identities::connect" => {
            match identities::connect(tx, actor, None, &everybodys(), &Vouched::default()).await {
                Err(error) if error.code == domain::Code::Forbidden => Ok(()),
                done => done,
            }
        }
        "outside::identities::connect_directory" => {
            there(identities::connect_directory(desk, actor, None, 0.into(), "").await)
        }
        "outside::identities::disconnect" => there(identities::disconnect(tx, actor, 0.into()).await),
        "outside::providers::list" => providers::list(desk, actor).await.map(drop),
        "outside::providers::get" => there(providers::get(desk, actor, 0.into()).await),
        "outside::providers::create" => {
            providers::create(tx, actor, outside::Kind::Oidc, ProviderInput::default()).await.map(drop)
        }
        "outside::providers::change" => {
            there(providers::change(tx, actor, 0.into(), 1, ProviderInput::default()).await)
        }
        "outside::providers::delete" => there(providers::delete(tx, actor, 0.into()).await),
        "outside::providers::to_try" => there(providers::to_try(desk, actor, 0.into()).await),
        "people::staff" => people::staff(&mut conn, actor).await.map(drop),
        "people::companies" => people::companies(&mut conn, actor).await.map(drop),
        "people::find_customers" => people::find_customers(&mut conn, actor, "a").await.map(drop),
        "settings::columns" => settings::columns(desk, actor).await.map(drop),
        "settings::set_wip_limits" => settings::set_wip_limits(tx, actor, &[]).await,
        "settings::set_wip_limit" => {
            let Limit { status, limit, refuse } = Limit { status: 0.into(), limit: None, refuse: false };
            there(settings::set_wip_limit(tx, actor, status, limit, refuse).await)
        }
        "ratings::asked" => ratings::asked(desk, actor, id).await.map(drop),
        "ratings::of_customer" => there(ratings::of_customer(&mut conn, actor, nobody, None).await),
        "ratings::of_ticket" => ratings::of_ticket(desk, actor, id).await.map(drop),
        "ratings::rate" => ratings::rate(tx, actor, id, NewRating::default()).await,
        "ratings::settings::get" => ratings::settings::get(desk, actor).await.map(drop),
        "ratings::settings::set" => ratings::settings::set(tx, actor, &rating::Settings::default()).await,
        "retention::get" => retention::get(desk, actor).await.map(drop),
        "retention::preview" => retention::preview(desk, actor, &Periods::default()).await.map(drop),
        "retention::set" => retention::set(tx, actor, &Periods::default()).await,
        "settings::second_factor::get" => settings::second_factor::get(desk, actor).await.map(drop),
        "settings::second_factor::set" => settings::second_factor::set(tx, actor, None).await,
        "settings::priorities::get" => priorities::get(desk, actor).await.map(drop),
        "settings::priorities::set" => {
            let table = PriorityTable::default();
            priorities::set(tx, actor, &table, &table).await
        }
        name if ["customers::", "companies::", "errands::"].iter().any(|of| name.starts_with(of)) => {
            of_people(cast, name, actor, tx, &mut conn).await.unwrap_or_else(|| panic!("no try of {name}"))
        }
        _ => of_ticket(cast, name, actor, ticket, tx, &mut conn)
            .await
            .unwrap_or_else(|| panic!("no try of {name} on #{id}")),
    }
}

/// Customers and companies that are not there: who may is asked before.
async fn of_people(
    cast: &Cast,
    name: &str,
    actor: &Actor,
    tx: &mut store::Tx,
    conn: &mut sqlx::PgConnection,
) -> Option<Result<()>> {
    let desk = &cast.world.desk;
    let (nobody, nothing) = (UserId(0), CompanyId(0));
    Some(match name {
        "companies::domains::outside" => companies::domains::outside(conn, actor, nothing).await.map(drop),
        "companies::domains::bring_in" => companies::domains::bring_in(tx, actor, nothing, &[], false).await.map(drop),
        "companies::edit::create" => companies::edit::create(tx, actor, &CompanyInput::default()).await.map(drop),
        "companies::edit::change" => {
            there(companies::edit::change(tx, actor, nothing, 1, &CompanyInput::default()).await)
        }
        "companies::list::list" => companies::list::list(conn, actor, &CompanyFilter::default()).await.map(drop),
        "companies::list::by_name" => companies::list::by_name(conn, actor, "a").await.map(drop),
        "companies::logo::set" => match companies::logo::set(desk, actor, nothing, b"<svg/>".to_vec()).await {
            Err(error) if error.code == domain::Code::Unsupported => Ok(()),
            other => other,
        },
        "companies::logo::remove" => there(companies::logo::remove(tx, actor, nothing).await),
        "companies::logo::open" => there(companies::logo::open(desk, actor, nothing, 1).await),
        "companies::merge::preview" => there(companies::merge::preview(conn, actor, nothing, CompanyId(1)).await),
        "companies::merge::merge" => there(companies::merge::merge(tx, actor, nothing, CompanyId(-1)).await),
        "companies::view::open" => there(companies::view::open(desk, actor, nothing).await),
        "companies::view::view" => there(companies::view::view(conn, actor, nothing).await),
        "customers::block::block" => there(customers::block::block(tx, actor, nobody, true).await),
        "customers::block::remove_second_factor" => {
            there(customers::block::remove_second_factor(tx, actor, nobody, &Removal::default()).await)
        }
        "customers::company::preview" => there(customers::company::preview(conn, actor, nobody, None).await),
        "customers::company::convert" => there(customers::company::convert(tx, actor, nobody, None, None, true).await),
        "customers::edit::create" => customers::edit::create(tx, actor, &CustomerInput::default(), "").await.map(drop),
        "customers::beside::beside" => customers::beside::beside(desk, actor, nobody).await.map(drop),
        "customers::edit::change" => {
            there(customers::edit::change(tx, actor, nobody, 1, &CustomerInput::default()).await)
        }
        "customers::erase::erase" => there(customers::erase::erase(tx, actor, nobody, &Erasure::default()).await),
        "customers::export::ask" => there(customers::export::ask(tx, actor, nobody).await),
        "customers::export::exports" => customers::export::exports(desk, actor, nobody).await.map(drop),
        "customers::export::fetch" => there(customers::export::fetch(desk, actor, ExportId(0)).await),
        "customers::list::list" => customers::list::list(conn, actor, &CustomerFilter::default()).await.map(drop),
        "customers::merge::preview" => there(customers::merge::preview(desk, actor, nobody, UserId(-1)).await),
        "customers::merge::merge" => there(customers::merge::merge(desk, actor, nobody, UserId(-1)).await),
        "customers::messages::list" => there(customers::messages::list(conn, actor, nobody, None).await),
        "customers::view::open" => there(customers::view::open(desk, actor, nobody).await),
        "customers::view::view" => there(customers::view::view(conn, actor, nobody).await),
        "errands::of" => errands::of(desk, actor, About::Customer(nobody)).await.map(drop),
        _ => return None,
    })
}

async fn of_ticket(
    cast: &Cast,
    name: &str,
    actor: &Actor,
    ticket: &Told,
    tx: &mut store::Tx,
    conn: &mut sqlx::PgConnection,
) -> Option<Result<()>> {
    let (desk, id) = (&cast.world.desk, ticket.id);
    let open = cast.world.status("open");
    Some(match name {
        "tickets::demand" => tickets::demand(desk, actor, id, Action::WorkTicket).await,
        "tickets::attachments::upload" => {
            let content = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"Hello"))]);
            attachments::upload(desk, actor, Some(id), "a.txt", None, content).await.map(drop)
        }
        "tickets::attachments::of_ticket" => attachments::of_ticket(desk, actor, id).await.map(drop),
        "tickets::attachments::open" => {
            attachments::open(desk, actor, attachments::Which::Key(&format!("raw/{}", ticket.mail))).await.map(drop)
        }
        "tickets::attachments::find" => {
            attachments::find(desk, actor, attachments::Which::Id(ticket.file)).await.map(drop)
        }
        "tickets::attachments::delete" => attachments::delete(tx, actor, ticket.file).await,
        "tickets::board::board" => board::board(desk, actor, &BoardFilter::default()).await.map(drop),
        "tickets::board::beginning" => {
            board::beginning(desk, actor, &BoardFilter::default(), Lanes::None, 3).await.map(drop)
        }
        "tickets::board::shift" => {
            let input = Move { ticket: id, status: open, above: None, below: None, lane: None, from: open };
            board::shift(tx, actor, input).await.map(drop)
        }
        "tickets::change::change" => {
            let input = Change { subject: Some(Swap::to("Other".into())), ..Change::default() };
            change::change(tx, actor, id, input).await.map(drop)
        }
        "tickets::create::create" => {
            let input = NewTicket { subject: "New".into(), body: "Hello".into(), ..NewTicket::default() };
            create::create(tx, actor, input).await.map(drop)
        }
        "tickets::draft::save" => {
            draft::save(tx, actor, id, Draft { writing: Writing::Reply, body: "Hello".into() }).await
        }
        "tickets::history::history" => history::history(desk, actor, id, None).await.map(drop),
        "tickets::list::list" => list::list(desk, actor, &Filter::default()).await.map(drop),
        "tickets::message::write" => message::write(tx, actor, id, text(Writing::Reply, "Hello")).await.map(drop),
        "tickets::message::write_by" => {
            let input = text(Writing::Note, "Hello");
            message::write_by(tx, actor, id, input, domain::ticket::Source::Api).await.map(drop)
        }
        "tickets::remote_images::source" => remote_images::source(desk, actor, ticket.mail, 0).await.map(drop),
        "tickets::search::search" => search::search(desk, actor, "printer", 0).await.map(drop),
        "tickets::timeline::read" => timeline::read(conn, actor, id, Part::Latest).await.map(drop),
        "tickets::view::view" => view::view(desk, actor, id, Part::Latest).await.map(drop),
        "tickets::watch::watch" => watch::watch(tx, actor, id, true).await,
        _ => return None,
    })
}
