//! One's own two-step sign-in: an app for codes, passkeys, and recovery codes. A page of its own, outside of all frames: who must set it
//! up before anything else gets nothing else.

use super::{
    card::Card,
    passkeys::{AddPasskey, ChangePasskey, OwnPasskeys},
    rpc,
};
use crate::erased::{Rows, Sometimes};
use crate::fetched::resource;
use crate::{
    app::{go_to, sign_in_from_here},
    flash::{Done, Flash, flash},
    icons::{Ico, Icon},
    me,
    shared::{CopyButton, ErrorNotice, Field, When, awaited, field_error},
};
use domain::{
    Time,
    passkey::Passkeys,
    second_factor::{Begun, Own},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// What the form that was sent last has come to.
const DONE: &[(&str, &str)] = &[
    ("on", "The app is set up. From now on, signing in asks for a code."),
    ("app-removed", "The app is removed."),
    ("passkey-added", "The passkey is added."),
    ("passkey-renamed", "The passkey is renamed."),
    ("passkey-removed", "The passkey is removed: it signs nobody in any more. Delete it on your device, too."),
];

/// `/two-step`.
#[component]
pub fn TwoStepPage() -> impl IntoView {
    if me::me().is_none() {
        return go_to(&sign_in_from_here());
    }
    let flash = flash();
    let codes = flash.value("codes");
    if !codes.is_empty() {
        return view! { <Codes codes /> }.into_any();
    }
    if !flash.value("options").is_empty() {
        return view! { <AddPasskey flash /> }.into_any();
    }
    let own = resource(|| (), |()| rpc::second_factor());
    let passkeys = resource(|| (), |()| rpc::own_passkeys());
    awaited(
        || (),
        move || {
            let flash = flash.clone();
            async move {
                match (own.await, passkeys.await) {
                    (Ok(own), Ok(passkeys)) => view! { <Manage own passkeys flash /> }.into_any(),
                    (Err(error), _) | (_, Err(error)) => view! {
                        <main class="auth" id="main">
                            <ErrorNotice
                                error=error.0
                                retry=Callback::new(move |()| {
                                    own.refetch();
                                    passkeys.refetch();
                                })
                            />
                        </main>
                    }
                    .into_any(),
                }
            }
        },
    )
}

/// What stands on top: nothing about a field, which has its error beside it.
fn general(flash: &Flash) -> Flash {
    let mut flash = flash.clone();
    flash.error.take_if(|error| !error.fields.is_empty());
    flash
}

#[component]
fn Manage(own: Own, passkeys: Passkeys, flash: Flash) -> impl IntoView {
    let chosen = use_query_map().with_untracked(|query| query.get("passkey"));
    let chosen = [flash.value("passkey"), flash.value("renamed"), chosen.unwrap_or_default()];
    let chosen = chosen.iter().find_map(|id| passkeys.all.iter().find(|passkey| passkey.id.to_string() == *id));
    if let Some(passkey) = chosen {
        let last = passkeys.all.len() == 1;
        return view! { <ChangePasskey passkey=passkey.clone() last own flash /> }.into_any();
    }
    let on = own.on;
    let lead = match (on, own.begun.is_some()) {
        (true, _) => "On: signing in asks for a second step beside the password.",
        (false, true) => "Two more steps, and signing in asks for a code beside the password.",
        (false, false) => "Off: whoever knows your password can sign in as you.",
    };
    let begun = own.begun.clone();
    let back = if me::start().is_staff() { "/me" } else { "/portal/me" };
    // Who must set it up first gets nowhere else.
    let held = own.due.is_some_and(|due| due <= me::now().get_untracked());
    view! {
        <Card title="Two-step sign-in" lead=lead flash=general(&flash) asks_for_password=false>
            <Done words=DONE />
            {own.due.map(|due| view! { <Due due /> })}
            {match (begun, own.app_since) {
                (Some(begun), _) => view! { <SetUp begun flash=flash.clone() /> }.into_any(),
                // Who has passkeys need not have it, too.
                (None, None) if on => {
                    let open = flash.problem("begin_password").is_some();
                    view! {
                        <details class="more" open=open>
                            <summary class="link">"Set up an app for codes, too"</summary>
                            <Begin own=own.clone() flash=flash.clone() />
                        </details>
                    }
                        .into_any()
                }
                (None, None) => view! { <Begin own=own.clone() flash=flash.clone() /> }.into_any(),
                (None, Some(since)) => {
                    view! {
                        <div class="box">
                            <div class="box__row">
                                <div>
                                    <h2 class="strong">"App for codes"</h2>
                                    <p class="field__hint">"Set up " <When at=since in_words=true /></p>
                                </div>
                                <span class="badge" data-kind="green">
                                    "On"
                                </span>
                            </div>
                        </div>
                        <Remove own=own.clone() flash=flash.clone() />
                    }
                        .into_any()
                }
            }}
            {(own.begun.is_none())
                .shown(|| view! { <OwnPasskeys passkeys own=own.clone() flash=flash.clone() /> })}
            {on.shown(|| view! { <Recovery own=own.clone() flash /> })}
            {if held {
                view! {
                    <form method="post" action="/sign-out">
                        <button class="button button--block" type="submit">
                            "Sign out"
                        </button>
                    </form>
                }
                    .into_any()
            } else {
                view! {
                    <p class="auth__foot">
                        <a class="link" href=back rel="external">
                            "Back to your profile"
                        </a>
                    </p>
                }
                    .into_any()
            }}
        </Card>
    }
    .into_any()
}

/// That one must set it up, and by when.
#[component]
fn Due(due: Time) -> impl IntoView {
    let next = use_query_map().with_untracked(|query| query.get("next")).unwrap_or_else(|| "/".into());
    // Somebody else may have written the address.
    let next = if next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') { next } else { "/".into() };
    if due <= me::now().get_untracked() {
        return view! {
            <p class="notice" data-kind="warning">
                <Ico icon=Icon::Lock />
                "Staff need two-step sign-in here. Set it up, and you can go on."
            </p>
        }
        .into_any();
    }
    let (until, day) = (due.rfc3339(), me::day(due));
    view! {
        <div class="notice" data-kind="info">
            <Ico icon=Icon::Info />
            <p>"Staff need two-step sign-in here from " <time datetime=until>{day}</time> " on."</p>
            <div class="actions">
                <a class="button button--sm" href=next rel="external">
                    "Later"
                </a>
            </div>
        </div>
    }
    .into_any()
}

/// The password again, where there is one.
#[component]
pub(super) fn Again(own: Own, flash: Flash, name: &'static str) -> impl IntoView {
    if own.has_password {
        return view! {
            <Field flash name=name label="Your password" kind="password" autocomplete="current-password" required=true />
        }
        .into_any();
    }
    let problem = flash.problem(name);
    field_error(name, problem)
}

#[component]
fn Begin(own: Own, flash: Flash) -> impl IntoView {
    view! {
        <form method="post" action="/two-step" class="stack">
            <p>
                "With an app that makes codes on your phone or computer, such as Aegis, Ente Auth, 2FAS or the password \
                 manager that you use already."
            </p>
            <input type="hidden" name="do" value="begin" />
            <Again own flash name="begin_password" />
            <button class="button button--primary button--block" type="submit">
                "Set up an app"
            </button>
        </form>
    }
    .into_any()
}

#[component]
fn SetUp(begun: Begun, flash: Flash) -> impl IntoView {
    let size = begun.qr.size;
    view! {
        <section class="stack">
            <p>"1. Scan this with the app. " <a class="link" href=begun.address rel="external">"Or open the app on this device"</a> "."</p>
            <div class="qr">
                <svg viewBox=format!("0 0 {size} {size}") role="img" aria-label="QR code for the app" shape-rendering="crispEdges">
                    <rect width=size height=size fill="#fff"></rect>
                    <path d=begun.qr.path fill="#000"></path>
                </svg>
            </div>
            <p>
                "Or type this key into it: " <code class="mono qr__key">{begun.secret}</code>
            </p>
            <form method="post" action="/two-step" class="stack">
                <input type="hidden" name="do" value="confirm" />
                <p>"2. Enter the code that the app shows now."</p>
                <Field flash name="code" label="Code" autocomplete="one-time-code" required=true maxlength=20 autofocus=true />
                <button class="button button--primary button--block" type="submit">
                    "Turn on"
                </button>
            </form>
            <form method="post" action="/two-step">
                <button class="button button--block" type="submit" name="do" value="cancel">
                    "Cancel"
                </button>
            </form>
        </section>
    }
    .into_any()
}

#[component]
fn Remove(own: Own, flash: Flash) -> impl IntoView {
    let open = ["off_password", "off_code", "move_password"].iter().any(|name| flash.problem(name).is_some());
    view! {
        <details class="more" open=open>
            <summary class="link">"Another device, or turn it off"</summary>
            <div class="stack">
                <form method="post" action="/two-step" class="stack">
                    <input type="hidden" name="do" value="move" />
                    <Again own=own.clone() flash=flash.clone() name="move_password" />
                    <button class="button button--block" type="submit">
                        "Move to another app or device"
                    </button>
                </form>
                <form method="post" action="/two-step" class="stack">
                    <input type="hidden" name="do" value="off" />
                    <Again own flash=flash.clone() name="off_password" />
                    <Field
                        flash
                        name="off_code"
                        label="Code, or a recovery code"
                        autocomplete="one-time-code"
                        required=true
                        maxlength=40
                    />
                    <button class="button button--danger button--block" type="submit">
                        "Remove the app"
                    </button>
                </form>
            </div>
        </details>
    }
    .into_any()
}

#[component]
fn Recovery(own: Own, flash: Flash) -> impl IntoView {
    let left = own.recovery_codes;
    let open = flash.problem("codes_password").is_some();
    let few = left < 4;
    view! {
        <div class="box">
            <div class="box__row">
                <div>
                    <h2 class="strong">"Recovery codes"</h2>
                    <p class="field__hint">"For when you have lost the device. Each is good once."</p>
                </div>
                <span class="badge" data-kind=if few { "amber" } else { "green" }>
                    {format!("{left} left")}
                </span>
            </div>
        </div>
        <details class="more" open=open>
            <summary class="link">"Make new recovery codes"</summary>
            <form method="post" action="/two-step" class="stack">
                <p>"The codes that you have now are good no more then."</p>
                <input type="hidden" name="do" value="codes" />
                <Again own flash name="codes_password" />
                <button class="button button--block" type="submit">
                    "Make new codes"
                </button>
            </form>
        </details>
    }
    .into_any()
}

/// Recovery codes, this once.
#[component]
fn Codes(codes: String) -> impl IntoView {
    let list: Vec<String> = codes.split_whitespace().map(str::to_owned).collect();
    let text = format!("Recovery codes for Docket, each good once:\r\n\r\n{}\r\n", list.join("\r\n"));
    let file = format!("data:text/plain;charset=utf-8,{}", domain::attachment::url_name(&text));
    view! {
        <Card
            title="Your recovery codes"
            lead="Two-step sign-in is on. With one of these you get in when you have lost your device; each is good once."
            flash=Flash::default()
        >
            <p class="notice" data-kind="warning">
                <Ico icon=Icon::Warning />
                "They are shown only now. Print them or keep them where you keep your passwords, not on the device itself."
            </p>
            <ul class="codes">{list.iter().map(|code| view! { <li class="mono">{code.clone()}</li> }).rows()}</ul>
            <div class="actions no-print">
                <a class="button" href=file download="docket-recovery-codes.txt" rel="external">
                    <Ico icon=Icon::Download />
                    "Download"
                </a>
                <CopyButton text />
                <button
                    class="button"
                    type="button"
                    on:click=move |_| {
                        let _ = window().print();
                    }
                >
                    "Print"
                </button>
            </div>
            <a class="button button--primary button--block no-print" href="/two-step" rel="external">
                "I have kept them"
            </a>
        </Card>
    }
    .into_any()
}
