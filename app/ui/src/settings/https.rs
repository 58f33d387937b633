//! How people reach the server by HTTPS, and how its certificate stands. Nothing is set here: whoever starts the server does that.

use super::{
    frame::{SettingsPage, loading},
    rpc,
};
use crate::{
    erased::{Sometimes, effect},
    fetched::resource,
    icons::{Ico, Icon},
    me,
    shared::{When, fetched},
};
use domain::{
    Time,
    certificate::{Https, Source, Standing},
};
use leptos::prelude::*;
use std::time::Duration;

/// How long the page waits before it looks again what has come of a try.
const LOOK: Duration = Duration::from_secs(2);

/// `/settings/https`.
#[component]
pub fn HttpsSettings() -> impl IntoView {
    let found = resource(|| (), |()| rpc::https_standing());
    let look = Callback::new(move |()| found.refetch());
    view! {
        <SettingsPage
            title="HTTPS"
            lead="Where the certificate comes from that browsers know this server by. It is set where the server is started."
        >
            {fetched(loading, found, move |https| shown(https, look))}
        </SettingsPage>
    }
    .into_any()
}

fn shown(https: Https, look: Callback<()>) -> AnyView {
    let words = match &https.source {
        Source::Authority { .. } => return view! { <OfAuthority https look /> }.into_any(),
        Source::Files => {
            "The certificate comes from the files of --tls-certificate and --tls-key. A renewed one is taken up within 30 seconds."
        }
        Source::Proxy => {
            "People come by HTTPS through a proxy in front of this server, which has the certificate and renews it."
        }
        Source::Nothing => {
            "People come without encryption. With --public-url and --acme the server gets a certificate by itself; docket --help tells more."
        }
    };
    view! { <p>{words}</p> }.into_any()
}

#[component]
fn OfAuthority(https: Https, look: Callback<()>) -> impl IntoView {
    let Https { source, standing, under_way, held_until, expired } = https;
    effect(move || {
        if under_way && let Ok(timer) = set_timeout_with_handle(move || look.run(()), LOOK) {
            on_cleanup(move || timer.clear());
        }
    });
    let Source::Authority { directory, name } = source else { return ().into_any() };
    let authority = directory.trim_start_matches("https://").split('/').next().unwrap_or_default().to_owned();
    let valid = standing.as_ref().and_then(|standing| standing.valid);
    let expires = match valid {
        Some((_, until)) => me::readable(until).into_any(),
        None => "There is no certificate yet".into_any(),
    };
    view! {
        {under_way.shown(|| asking(&authority))}
        {expired
            .shown(|| {
                view! {
                    <p class="notice" data-kind="error">
                        <Ico icon=Icon::Warning />
                        "The certificate has expired: browsers refuse it."
                    </p>
                }
            })}
        {standing.as_ref().and_then(failed)}
        <dl class="box">
            {row("Name", name.into_any())}
            {row("Authority", authority.clone().into_any())}
            {row("Valid until", expires)}
            {standing.as_ref().filter(|_| !under_way).map(next)}
        </dl>
        {standing.filter(|standing| standing.failures > 0 && !under_way).map(|_| at_once(authority, held_until))}
    }
    .into_any()
}

/// While a server is at it.
fn asking(authority: &str) -> AnyView {
    view! {
        <div class="notice" data-kind="info" role="status">
            <Ico icon=Icon::Clock />
            <div>
                <p>{format!("A server is asking {authority} for a certificate. As a rule that takes less than a minute.")}</p>
                <p>
                    <a class="link" href="/settings/https" rel="external">
                        "Look again"
                    </a>
                </p>
            </div>
        </div>
    }
    .into_any()
}

/// What the last tries have come to.
fn failed(standing: &Standing) -> Option<AnyView> {
    let (why, at) = standing.failure.clone()?;
    let times = match standing.failures {
        1 => "The last try failed".to_owned(),
        failures => format!("The last {failures} tries failed"),
    };
    Some(
        view! {
            <div class="notice" data-kind="warning" role="status">
                <Ico icon=Icon::Alert />
                <div>
                    <p>{times} ", " <When at in_words=true /> "."</p>
                    <p>{why}</p>
                </div>
            </div>
        }
        .into_any(),
    )
}

/// When it is asked for next.
fn next(standing: &Standing) -> AnyView {
    let at = standing.next_at;
    let asked = if standing.failures == 0 { "Renewed" } else { "Tried again" };
    let suggested = (standing.suggested && standing.failures == 0).then_some(", as the authority suggests");
    row(asked, view! { {me::readable(at)} {suggested} }.into_any())
}

/// The button to have it tried before it is time.
fn at_once(authority: String, held_until: Option<Time>) -> AnyView {
    match held_until {
        Some(until) => view! {
            <p class="muted">
                {format!("{authority} does not want to be asked again before {}.", me::readable(until))}
            </p>
        }
        .into_any(),
        None => view! {
            <form method="post" action="/settings/https" class="stack">
                <div class="actions">
                    <button class="button button--primary" type="submit" name="try" value="now">
                        "Try now"
                    </button>
                </div>
                <p class="field__hint">
                    {format!("Once what is wrong is mended. {authority} counts how often it is asked, so once a minute at most.")}
                </p>
            </form>
        }
        .into_any(),
    }
}

fn row(name: &'static str, value: AnyView) -> AnyView {
    view! {
        <div class="box__row settings__found">
            <dt>{name}</dt>
            <dd>{value}</dd>
        </div>
    }
    .into_any()
}
