//! How people reach the server by HTTPS, and how its certificate stands. Nothing is set here: whoever starts the server does that.

use super::{frame::page_of, rpc};
use crate::{
    erased::Sometimes,
    icons::{Ico, Icon},
    me,
    shared::When,
};
use domain::certificate::{Https, Source, Standing};
use leptos::prelude::*;

/// `/settings/https`.
#[component]
pub fn HttpsSettings() -> impl IntoView {
    page_of(
        "HTTPS",
        "Where the certificate comes from that browsers know this server by. It is set where the server is started.",
        rpc::https_standing,
        shown,
    )
}

fn shown(https: Https) -> AnyView {
    let words = match https.source {
        Source::Authority { directory, name } => return of_authority(&directory, name, https.standing),
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

fn of_authority(directory: &str, name: String, standing: Option<Standing>) -> AnyView {
    let authority = directory.trim_start_matches("https://").split('/').next().unwrap_or_default().to_owned();
    let valid = standing.as_ref().and_then(|standing| standing.valid);
    let failure = standing.as_ref().and_then(|standing| standing.failure.clone());
    let failures = standing.as_ref().map_or(0, |standing| standing.failures);
    let next = standing.map(|standing| standing.next_at);
    let expires = match valid {
        Some((_, until)) => view! { {me::readable(until)} " (" <When at=until /> ")" }.into_any(),
        None => "There is no certificate yet".into_any(),
    };
    let failed = failure.map(|(why, at)| {
        let times =
            if failures == 1 { "The last try failed".to_owned() } else { format!("The last {failures} tries failed") };
        view! {
            <div class="notice" data-kind="warning" role="status">
                <Ico icon=Icon::Alert />
                <div>
                    <p>{times} ", " <When at in_words=true /> "."</p>
                    <p>{why}</p>
                </div>
            </div>
        }
    });
    let asked = if failures == 0 { "Renewed" } else { "Tried again" };
    view! {
        {failed}
        <dl class="box">
            {row("Name", name.into_any())}
            {row("Authority", authority.into_any())}
            {row("Valid until", expires)}
            {next.map(|at| row(asked, view! { {me::readable(at)} " (" <When at /> ")" }.into_any()))}
        </dl>
        {(failures > 0)
            .shown(|| {
                view! {
                    <p class="field__hint">
                        "To have it tried at once, send the server the signal SIGHUP, as with: kill -HUP and the number of the process."
                    </p>
                }
            })}
    }
    .into_any()
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
