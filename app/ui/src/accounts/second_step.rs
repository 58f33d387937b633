use super::{
    card::Card,
    passkeys::{Coming, PasskeyButton},
    rpc,
};
use crate::erased::Sometimes;
use crate::fetched::resource;
use crate::{
    app::go_to,
    flash::flash,
    me,
    shared::{ErrorNotice, Field, awaited},
};
use domain::{Code, second_factor::Asked};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// Where one begins again who took too long.
const LATE: &str = "/sign-in?late";

/// `/sign-in/second`: the second step of signing in.
#[component]
pub fn SecondStepPage() -> impl IntoView {
    if me::me().is_some() {
        return go_to("/");
    }
    let asked = resource(|| (), |()| rpc::second_step());
    awaited(
        || (),
        move || async move {
            match asked.await {
                Ok(asked) => view! { <Step asked /> }.into_any(),
                Err(error) if error.0.code == Code::SignedOut => go_to(LATE),
                Err(error) => view! {
                    <main class="auth" id="main">
                        <ErrorNotice error=error.0 retry=Callback::new(move |()| asked.refetch()) />
                    </main>
                }
                .into_any(),
            }
        },
    )
}

#[component]
fn Step(asked: Asked) -> impl IntoView {
    let flash = flash();
    let next = use_query_map().with_untracked(|q| q.get("next")).unwrap_or_else(|| flash.value("next"));
    let (lead, label) = match (asked.passkey, asked.app) {
        (true, true) => ("Use your passkey, or enter the code that your app shows now or a recovery code.", "Code"),
        (true, false) => ("Use your passkey, or enter one of your recovery codes.", "Recovery code"),
        (false, true) => ("Enter the code that your app shows now, or one of your recovery codes.", "Code"),
        (false, false) => ("Enter one of your recovery codes.", "Recovery code"),
    };
    let passkey = asked.passkey.then(|| {
        let next = next.clone();
        let question = || -> Coming { Box::pin(rpc::passkey_second()) };
        view! { <PasskeyButton action="/sign-in/second" label="Use a passkey" next question primary=true /> }
    });
    let mut said = flash.clone();
    // What is wrong with the only field stands beside it.
    said.error.take_if(|error| !error.fields.is_empty());
    view! {
        <Card title="Two-step sign-in" lead=lead flash=said>
            {passkey}
            <form method="post" action="/sign-in/second" class="stack">
                {(!next.is_empty()).shown(|| view! { <input type="hidden" name="next" value=next /> })}
                <Field
                    flash
                    name="code"
                    label=label
                    autocomplete="one-time-code"
                    required=true
                    maxlength=40
                    // Where a passkey is at hand, it is the first thing.
                    autofocus=!asked.passkey
                />
                <button class=if asked.passkey { "button button--block" } else { "button button--primary button--block" } type="submit">
                    "Sign in"
                </button>
            </form>
            <p class="auth__foot">
                "Lost the device and the codes? Whoever looks after the users here can let you in again."
            </p>
            <p class="auth__foot">
                <a class="link" href="/sign-in" rel="external">
                    "Begin again"
                </a>
            </p>
        </Card>
    }
    .into_any()
}
