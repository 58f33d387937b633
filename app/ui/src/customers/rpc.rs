//! Server functions for customers and companies. What is changed is sent as plain forms.

#[cfg(feature = "ssr")]
use crate::rpc::call;
use crate::rpc::{Json, Rpc};
use domain::{
    CompanyId, UserId,
    company::{Company, CompanyFilter, CompanyMerge, CompanyName, CompanyRow},
    customer::{Beside, Conversion, CustomerFilter, CustomerMerge, CustomerRow, Export, Known, Written},
    errand::{About, Errand},
    fields::Whole,
    page::Page,
};
use leptos::prelude::*;

/// A page of customers, or those that are found.
#[server(endpoint = "customers/list", protocol = Json, client = crate::whose::Caller)]
pub async fn list_customers(filter: CustomerFilter) -> Rpc<Page<CustomerRow>> {
    call(|desk, actor| async move { store::customers::list::list(&mut *desk.read().await?, &actor, &filter).await })
        .await
}

/// A customer with all that staff know of them, channels and custom fields included.
#[server(endpoint = "customers/view", protocol = Json, client = crate::whose::Caller)]
pub async fn view_customer(id: UserId) -> Rpc<Whole<Known>> {
    call(|desk, actor| async move { store::customers::view::open(&desk, &actor, id).await }).await
}

/// A page of what a customer has written.
#[server(endpoint = "customers/messages", protocol = Json, client = crate::whose::Caller)]
pub async fn customer_messages(id: UserId, after: Option<String>) -> Rpc<Page<Written>> {
    call(|desk, actor| async move {
        store::customers::messages::list(&mut *desk.read().await?, &actor, id, after.as_deref()).await
    })
    .await
}

/// Who stands beside a ticket. Nothing of somebody of staff: they may ask for things, too, and are no customers.
#[server(endpoint = "customers/beside", protocol = Json, client = crate::whose::Caller)]
pub async fn customer_beside(id: UserId) -> Rpc<Option<Beside>> {
    call(|desk, actor| async move { store::customers::beside::beside(&desk, &actor, id).await }).await
}

/// What a change of a customer's company would bring to light. `to`: the name of a company; nothing: of none.
#[server(endpoint = "customers/conversion", protocol = Json, client = crate::whose::Caller)]
pub async fn preview_conversion(id: UserId, to: Option<String>) -> Rpc<Conversion> {
    call(|desk, actor| async move {
        let mut conn = desk.read().await?;
        let to = match to {
            None => None,
            Some(name) => {
                let found = store::companies::list::by_name(&mut conn, &actor, &name).await?;
                Some(found.ok_or_else(|| domain::Error::field("company", "There is no company of this name."))?.id)
            }
        };
        store::customers::company::preview(&mut conn, &actor, id, to).await
    })
    .await
}

/// What is being done to the many tickets of a customer or company, or was lately.
#[server(endpoint = "errands/of", protocol = Json, client = crate::whose::Caller)]
pub async fn errands_of(about: About) -> Rpc<Vec<Errand>> {
    call(|desk, actor| async move { store::errands::of(&desk, &actor, about).await }).await
}

/// What would become of two customers who are the same.
#[server(endpoint = "customers/merge_preview", protocol = Json, client = crate::whose::Caller)]
pub async fn preview_customers(kept: UserId, gone: UserId) -> Rpc<CustomerMerge> {
    call(|desk, actor| async move { store::customers::merge::preview(&desk, &actor, kept, gone).await }).await
}

/// Files with all that is known of a person, that are there or being made.
#[server(endpoint = "customers/exports", protocol = Json, client = crate::whose::Caller)]
pub async fn list_exports(id: UserId) -> Rpc<Vec<Export>> {
    call(|desk, actor| async move { store::customers::export::exports(&desk, &actor, id).await }).await
}

/// A page of companies, or those that are found.
#[server(endpoint = "companies/list", protocol = Json, client = crate::whose::Caller)]
pub async fn list_companies(filter: CompanyFilter) -> Rpc<Page<CompanyRow>> {
    call(|desk, actor| async move { store::companies::list::list(&mut *desk.read().await?, &actor, &filter).await })
        .await
}

/// A company with all that staff know of it, custom fields included.
#[server(endpoint = "companies/view", protocol = Json, client = crate::whose::Caller)]
pub async fn view_company(id: CompanyId) -> Rpc<Whole<Company>> {
    call(|desk, actor| async move { store::companies::view::open(&desk, &actor, id).await }).await
}

/// Customers of no company with an address in one of the company's domains.
#[server(endpoint = "companies/outside", protocol = Json, client = crate::whose::Caller)]
pub async fn outside(id: CompanyId) -> Rpc<Vec<CustomerRow>> {
    call(|desk, actor| async move { store::companies::domains::outside(&mut *desk.read().await?, &actor, id).await })
        .await
}

/// What would become of two companies that are the same. `gone`: its name.
#[server(endpoint = "companies/merge_preview", protocol = Json, client = crate::whose::Caller)]
pub async fn preview_companies(kept: CompanyId, gone: CompanyId) -> Rpc<CompanyMerge> {
    call(|desk, actor| async move {
        store::companies::merge::preview(&mut *desk.read().await?, &actor, kept, gone).await
    })
    .await
}

/// The names of companies, for fields in which one is typed.
#[server(endpoint = "companies/names", protocol = Json, client = crate::whose::Caller)]
pub async fn company_names() -> Rpc<Vec<CompanyName>> {
    call(|desk, actor| async move { store::people::companies(&mut *desk.read().await?, &actor).await }).await
}
