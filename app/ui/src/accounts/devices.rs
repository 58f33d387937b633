use super::{profile::ProfileForms, rpc};
use crate::erased::{Rows, Sometimes};
use crate::fetched::resource;
use crate::{
    flash::flash,
    icons::{Ico, Icon},
    me,
    shared::{ErrorNotice, Title, When, fetched},
};
use domain::{account::Device, security_log::LogLine};
use leptos::prelude::*;

/// `/me`: profile, theme, password and devices.
#[component]
pub fn MePage() -> impl IntoView {
    view! {
        <div class="page page--narrow">
            <div class="page__body">
                <Devices />
            </div>
        </div>
    }
    .into_any()
}

/// Who is signed in here, how others see them, in which theme, and on which other devices. Also in the portal.
#[component]
pub fn Devices() -> impl IntoView {
    let person = me::me();
    // Forms go to the address of their page, so that a refused one is shown there.
    let page = if me::start().is_staff() { "/me" } else { "/portal/me" };
    let theme = me::start().theme.unwrap_or_else(|| "system".into());
    let devices = resource(|| (), |()| rpc::devices());
    let sign_ins = resource(|| (), |()| crate::access::rpc::sign_ins());
    let refused = flash().error;
    let lead = person.as_ref().map(|p| format!("{} · {}", p.email, p.role_name())).unwrap_or_default();
    view! {
        <Title text="Profile" />
        <header class="page__head">
            <div>
                <h1 class="page__title">{person.map(|p| p.name)}</h1>
                <p class="page__lead">{lead}</p>
            </div>
            <div class="actions">
                // Elsewhere they are in the rail's menu.
                {crate::settings::may_any(&me::start())
                    .shown(|| {
                        view! {
                            <a class="button only-phone" href="/settings">
                                <Ico icon=Icon::Settings />
                                "Settings"
                            </a>
                        }
                    })}
                <form method="post" action="/sign-out">
                    <button class="button" type="submit">
                        <Ico icon=Icon::LogOut />
                        "Sign out"
                    </button>
                </form>
            </div>
        </header>
        // What is wrong with a field stands beside it.
        {refused.filter(|error| error.fields.is_empty()).map(|error| view! { <ErrorNotice error=error /> })}
        <ProfileForms page />
        <section class="section">
            <div class="section__head">
                <h2 class="section__title">"Two-step sign-in"</h2>
                <a class="button button--sm" href="/two-step" rel="external">
                    "Set up"
                </a>
            </div>
            <p class="muted">"Ask for a code or a passkey beside the password, so that a password alone opens nothing. Or sign in with a passkey alone."</p>
        </section>
        <section class="section">
            <div class="section__head">
                <h2 class="section__title">"API tokens"</h2>
                <a class="button button--sm" href="/api-tokens" rel="external">
                    "Manage"
                </a>
            </div>
            <p class="muted">"For programs that act as you. Each may only what you allow it, and can be revoked by itself."</p>
        </section>
        <section class="section">
            <div class="section__head">
                <h2 class="section__title">"Theme"</h2>
            </div>
            <form method="post" action="/me/theme">
                <div class="segmented" role="group" aria-label="Theme">
                    {[("system", "As the system"), ("light", "Light"), ("dark", "Dark")]
                        .map(|(word, label)| {
                            view! {
                                <button name="theme" value=word aria-pressed=(theme == word).to_string()>
                                    {label}
                                </button>
                            }
                        })
                        .rows()}
                </div>
            </form>
        </section>
        <section class="section">
            <div class="section__head">
                <h2 class="section__title">"Signed in on"</h2>
                <form method="post" action=page class="actions">
                    <label class="check">
                        <input type="checkbox" name="tokens" value="1" />
                        <span>"API tokens, too"</span>
                    </label>
                    <button class="button button--sm" type="submit" name="revoke" value="others">
                        "Sign out everywhere else"
                    </button>
                </form>
            </div>
            {fetched(
                waiting,
                devices,
                move |devices| {
                    let rows = devices.into_iter().map(|device| view! { <Row device=device page=page /> });
                    view! { <div class="box">{rows.rows()}</div> }.into_any()
                },
            )}
        </section>
        <section class="section">
            <div class="section__head">
                <h2 class="section__title">"Recent sign-ins"</h2>
            </div>
            {fetched(
                waiting,
                sign_ins,
                |lines| {
                    if lines.is_empty() {
                        return view! { <p class="muted">"None are known."</p> }.into_any();
                    }
                    view! {
                        <div class="box">{lines.into_iter().map(|line| view! { <SignIn line /> }).rows()}</div>
                        <p class="field__hint">"Was one of them not you? Sign out everywhere else, and choose another password."</p>
                    }
                        .into_any()
                },
            )}
        </section>
    }
    .into_any()
}

/// While a list is fetched.
fn waiting() -> AnyView {
    view! { <i class="skeleton skeleton--block" data-tall="120"></i> }.into_any()
}

/// A sign-in, or one that was refused.
#[component]
fn SignIn(line: LogLine) -> impl IntoView {
    let refused = line.kind == "account.sign_in_failed";
    view! {
        <div class="box__row">
            <div>
                <When at=line.at in_words=true />
                <p class="field__hint">{line.address.unwrap_or_else(|| "address unknown".into())}</p>
            </div>
            {refused.shown(|| view! { <span class="badge" data-kind="red">"Refused"</span> })}
        </div>
    }
    .into_any()
}

#[component]
fn Row(device: Device, page: &'static str) -> impl IntoView {
    let place = device.address.unwrap_or_else(|| "address unknown".into());
    let name = device.agent;
    view! {
        <div class="box__row">
            <div>
                {name.clone()} <p class="field__hint">{place} ", last used " <When at=device.last_used_at in_words=true /></p>
            </div>
            {if device.current {
                view! { <span class="badge" data-kind="green">"This device"</span> }.into_any()
            } else {
                view! {
                    <form method="post" action=page>
                        <input type="hidden" name="revoke" value=device.id.0.to_string() />
                        <button class="button button--sm" type="submit" aria-label=format!("Sign out on {name}")>
                            "Sign out"
                        </button>
                    </form>
                }
                    .into_any()
            }}
        </div>
    }
    .into_any()
}
