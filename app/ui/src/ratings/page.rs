//! `/rate/{link}`: rating without signing in.

use super::{fields, rpc};
use crate::erased::Sometimes;
use crate::fetched::resource;
use crate::{
    accounts::Card,
    flash::{Flash, flash},
    me,
    shared::{ErrorNotice, awaited},
};
use domain::{Code, rating::AskedByMail};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

/// `?score=` is what was chosen in the mail: nothing is said by opening it, because programs that look at mails do. `?sent`: it is said.
#[component]
pub fn RatePage() -> impl IntoView {
    let token = use_params_map().with_untracked(|params| params.get("token")).unwrap_or_default();
    let flash = flash();
    let asked = token.clone();
    let opened = resource(|| (), move |()| rpc::opened(asked.clone()));
    awaited(
        || (),
        move || {
            let (token, flash) = (token.clone(), flash.clone());
            async move {
                match opened.await {
                    Ok(asked) => view! { <Asked asked token flash /> }.into_any(),
                    Err(error) if error.0.code == Code::NotFound => view! {
                        <Card title="This link does not work" lead=error.0.message flash=Flash::default()>
                            <p class="auth__lead">
                                "If you have an account, you find your tickets in the portal, and can rate what was solved there."
                            </p>
                            <a class="button button--primary button--block" href="/portal" rel="external">
                                "My tickets"
                            </a>
                        </Card>
                    }
                    .into_any(),
                    Err(error) => view! {
                        <main class="auth" id="main">
                            <ErrorNotice error=error.0 retry=Callback::new(move |()| opened.refetch()) />
                        </main>
                    }
                    .into_any(),
                }
            }
        },
    )
}

#[component]
fn Asked(asked: AskedByMail, token: String, flash: Flash) -> impl IntoView {
    let (chosen, sent) = use_query_map()
        .with_untracked(|query| (query.get("score").and_then(|score| score.parse().ok()), query.get("sent").is_some()));
    let sent = sent && flash.error.is_none();
    let (title, label) = match sent {
        true => ("Thank you", "Change it"),
        false => ("How did we do?", "Send"),
    };
    let lead = format!("Your ticket #{} is solved: “{}”.", asked.ticket, asked.subject);
    let given = asked.question.given;
    let until = format!("You can change it until {}.", me::day(asked.question.until));
    // What is wrong with a field stands beside it.
    let mut on_top = flash.clone();
    on_top.error.take_if(|error| !error.fields.is_empty());
    view! {
        <Card title lead flash=on_top asks_for_password=false>
            {sent
                .shown(|| {
                    view! {
                        <p class="notice" data-kind="ok" role="status">
                            "We have got your rating. "
                            {until}
                        </p>
                    }
                })}
            <form method="post" action=format!("/rate/{token}") class="stack" novalidate>
                {fields(&flash, given.as_ref(), chosen.filter(|_| !sent))}
                <button class="button button--primary button--block" type="submit">
                    {label}
                </button>
            </form>
        </Card>
    }
    .into_any()
}
