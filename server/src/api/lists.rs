//! Lists of tickets.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use domain::policy::{self, Action};
use domain::ticket::{self, Whose};
use domain::{Actor, CompanyId, Error, TeamId, UserId};
use serde::{Deserialize, Serialize};
use store::Desk;
use store::tickets::list;
use utoipa::{IntoParams, ToSchema};

use super::input::{Caller, Query, Refusal};
use super::openapi::{ForCallers, ForStaff, WithFilter};
use super::tickets::status_of;
use super::wire::{Level, Priority, Sort, Ticket};

/// Which tickets, in which order, and how many.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only these states, by their keys, with commas between them.
    #[param(example = "open,in_progress")]
    status: Option<String>,
    /// Whose they are to work on: a person's id, `me`, or `nobody`.
    #[param(example = "me")]
    assignee: Option<String>,
    /// Only tickets that the team with this id takes care of.
    team: Option<i64>,
    /// Only tickets of the person with this id.
    requester: Option<i64>,
    #[param(inline)]
    urgency: Option<Level>,
    #[param(inline)]
    importance: Option<Level>,
    #[param(inline)]
    priority: Option<Priority>,
    /// Only tickets of the company with this id.
    company: Option<i64>,
    /// Only tickets with the tag of this name.
    #[param(example = "printer")]
    tag: Option<String>,
    /// `updated` if not given. With `requester`, what only staff see (internal notes) does not count for it.
    #[param(inline)]
    sort: Option<Sort>,
    /// Where the page starts: the `next` of the page before, which had the same `sort`.
    after: Option<String>,
    /// How many at most: 1 to 100, 40 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// What customers can choose of it.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct CustomerFilter {
    /// Only these states, by their keys, with commas between them.
    #[param(example = "open,waiting_for_customer")]
    status: Option<String>,
    /// `updated` if not given.
    #[param(inline)]
    sort: Option<Sort>,
    /// Where the page starts: the `next` of the page before, which had the same `sort`.
    after: Option<String>,
    /// How many at most: 1 to 100, 40 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketPage {
    pub tickets: Vec<Ticket>,
    /// Where the following page starts: hand it back as `after`. `null` at the end.
    #[schema(example = "updated.2.1795248720000.1042")]
    pub next: Option<String>,
}

impl Filter {
    /// The operation's own words for it; `None` when nothing can match, as no ticket has a tag that nobody knows.
    fn check(self, desk: &Desk, actor: &Actor) -> Result<Option<ticket::Filter>, Error> {
        let statuses = match &self.status {
            Some(keys) => keys.split(',').map(|key| status_of(desk, key.trim())).collect::<Result<Vec<_>, _>>()?,
            None => Vec::new(),
        };
        let assignee = match self.assignee.as_deref() {
            None => None,
            Some("nobody") => Some(Whose::Nobody),
            Some("me") => Some(Whose::Of(actor.signed_in()?.id)),
            Some(id) => match id.parse() {
                Ok(id) => Some(Whose::Of(UserId(id))),
                Err(_) => return Err(Error::field("assignee", "Give a person's id, me or nobody.")),
            },
        };
        if let Some(limit) = self.limit
            && !(1..=domain::page::MAX).contains(&limit)
        {
            return Err(Error::field("limit", "Use a number from 1 to 100."));
        }
        let tag = match self.tag {
            None => None,
            Some(name) => {
                let name = domain::tag::clean_name(&name);
                match desk.catalog().tags.iter().find(|t| Some(&t.name) == name.as_ref()) {
                    Some(tag) => Some(tag.id),
                    None => return Ok(None),
                }
            }
        };
        Ok(Some(ticket::Filter {
            statuses,
            assignee,
            team: self.team.map(TeamId),
            requester: self.requester.map(UserId),
            urgency: self.urgency.map(Into::into),
            importance: self.importance.map(Into::into),
            priority: self.priority.map(Into::into),
            company: self.company.map(CompanyId),
            tag,
            sort: self.sort.map(Into::into).unwrap_or_default(),
            after: self.after,
            limit: self.limit,
        }))
    }
}

/// A page, and where the next one is as `Link` (RFC 8288).
async fn page(
    desk: &Desk,
    actor: &Actor,
    uri: &Uri,
    filter: Option<ticket::Filter>,
) -> Result<(HeaderMap, Json<TicketPage>), Refusal> {
    let found = match &filter {
        Some(filter) => list::list(desk, actor, filter).await?,
        None => domain::page::Page::default(),
    };
    let mut headers = HeaderMap::new();
    if let Some(link) = found.next.as_deref().and_then(|next| next_link(uri, next)) {
        headers.insert(header::LINK, link);
    }
    let catalog = desk.catalog();
    let staff = actor.is_staff();
    let tickets = found.rows.into_iter().map(|ticket| Ticket::new(&catalog, ticket, staff)).collect();
    Ok((headers, Json(TicketPage { tickets, next: found.next })))
}

/// The address of the following page: this one's with another `after`.
fn next_link(uri: &Uri, next: &str) -> Option<HeaderValue> {
    let query = uri.query().unwrap_or_default();
    let others = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "after");
    let query =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(others).append_pair("after", next).finish();
    HeaderValue::from_str(&format!("<{}?{query}>; rel=\"next\"", uri.path())).ok()
}

/// My tickets
///
/// The tickets that the caller sees as a customer: their own and, where their company allows it, the company's.
#[utoipa::path(get, path = "/customer/tickets", tag = "Tickets", security(("bearer" = [])), params(CustomerFilter),
    responses(
        (status = 200, description = "A page of them", body = TicketPage,
         headers(("Link" = String, description = "The following page, if there is one"))),
        WithFilter, ForCallers
    )
)]
pub async fn customer(
    State(desk): State<Desk>,
    Caller(actor): Caller,
    OriginalUri(uri): OriginalUri,
    Query(chosen): Query<CustomerFilter>,
) -> Result<(HeaderMap, Json<TicketPage>), Refusal> {
    let CustomerFilter { status, sort, after, limit } = chosen;
    // Staff see more than that; as a customer they only have what they asked for themselves.
    let actor = if actor.principal().is_some_and(policy::sees_all) { actor } else { actor.as_customer() };
    let requester = actor.is_staff().then(|| actor.user_id().map(|id| id.0)).flatten();
    let filter = Filter { status, sort, after, limit, requester, ..Filter::default() }.check(&desk, &actor)?;
    page(&desk, &actor, &uri, filter).await
}

/// All tickets
#[utoipa::path(get, path = "/admin/tickets", tag = "Staff", security(("bearer" = [])), params(Filter),
    responses(
        (status = 200, description = "A page of them", body = TicketPage,
         headers(("Link" = String, description = "The following page, if there is one"))),
        WithFilter, ForCallers, ForStaff
    )
)]
pub async fn admin(
    State(desk): State<Desk>,
    Caller(actor): Caller,
    OriginalUri(uri): OriginalUri,
    filter: Result<Query<Filter>, Refusal>,
) -> Result<(HeaderMap, Json<TicketPage>), Refusal> {
    policy::demand(&actor, Action::SeeQueues, None)?;
    let filter = filter?.0.check(&desk, &actor)?;
    page(&desk, &actor, &uri, filter).await
}

/// Assigned tickets
///
/// The caller's own, or those of the `assignee` given.
#[utoipa::path(get, path = "/admin/tickets/assigned", tag = "Staff", security(("bearer" = [])), params(Filter),
    responses(
        (status = 200, description = "A page of them", body = TicketPage,
         headers(("Link" = String, description = "The following page, if there is one"))),
        WithFilter, ForCallers, ForStaff
    )
)]
pub async fn assigned(
    State(desk): State<Desk>,
    Caller(actor): Caller,
    OriginalUri(uri): OriginalUri,
    filter: Result<Query<Filter>, Refusal>,
) -> Result<(HeaderMap, Json<TicketPage>), Refusal> {
    policy::demand(&actor, Action::SeeQueues, None)?;
    let Query(mut filter) = filter?;
    filter.assignee.get_or_insert_with(|| "me".to_owned());
    let filter = filter.check(&desk, &actor)?;
    page(&desk, &actor, &uri, filter).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_keeps_the_filter() {
        let uri = Uri::from_static("/api/v1/admin/tickets?tag=a%26b&after=1.2.3&limit=5");
        let link = next_link(&uri, "4.5.6").unwrap();
        assert_eq!(link, "</api/v1/admin/tickets?tag=a%26b&limit=5&after=4.5.6>; rel=\"next\"");
    }
}
