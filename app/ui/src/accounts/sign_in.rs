use super::{
    by_mail::{CheckMail, SendAgain},
    card::Card,
    credentials::withdraw,
    passkeys::{Coming, PasskeyButton},
    rpc,
};
use crate::erased::{Sometimes, handler};
use crate::fetched::resource;
use crate::{
    app::go_to,
    flash::{Flash, flash},
    me,
    outside::OtherWays,
    shared::{Field, awaited},
};
use leptos::{ev, prelude::*};
use leptos_router::hooks::use_query_map;

/// `/sign-in`.
#[component]
pub fn SignInPage() -> impl IntoView {
    if me::me().is_some() {
        return go_to("/");
    }
    let flash = flash();
    let query = use_query_map();
    let next = query.with_untracked(|q| q.get("next")).unwrap_or_else(|| flash.value("next"));
    let ended = crate::json::shared(|| {
        #[cfg(feature = "ssr")]
        {
            crate::rpc::signed().ended
        }
        #[cfg(not(feature = "ssr"))]
        {
            false
        }
    });
    let why = if query.with_untracked(|q| q.get("unsent").is_some()) {
        Some("You are not signed in any more, so nothing was sent. Sign in, and you are led back to send it again.")
    } else if query.with_untracked(|q| q.get("changed").is_some()) {
        Some("Your new password is set, and you are signed out everywhere. Sign in with it.")
    } else if query.with_untracked(|q| q.get("late").is_some()) {
        Some("This took too long, or was begun somewhere else. Please sign in again, from the beginning.")
    } else if ended && next.is_empty() {
        Some("Your session on this device has ended.")
    } else if ended {
        Some("Your session on this device has ended. Sign in, and you are led back to where you were.")
    } else {
        None
    };
    // There are none at an address that is a number, or that is not safe.
    let passkeys = crate::json::shared(|| {
        #[cfg(feature = "ssr")]
        {
            super::site::place().is_ok()
        }
        #[cfg(not(feature = "ssr"))]
        {
            false
        }
    });
    // An empty desk has nobody who could sign in.
    let first_run = resource(|| (), |()| rpc::first_run());
    let email = flash.clone();
    // Only what is missing is said then: everything else was right.
    let unproved = flash.problem("confirm").is_some().then(|| flash.value("email"));
    view! {
        {awaited(|| (), move || async move {
                if let Ok(true) = first_run.await { go_to("/set-up") } else { ().into_any() }
            })}
        <Card title="Sign in" lead="With the e-mail address of your account." flash=flash why=why>
            <form method="post" action="/sign-in" class="stack" on:submit=handler(|_: ev::SubmitEvent| withdraw())>
                {(!next.is_empty()).shown(|| view! { <input type="hidden" name="next" value=next.clone() /> })}
                <Field
                    flash=email.clone()
                    name="email"
                    label="E-mail address"
                    kind="email"
                    autocomplete=if passkeys { "username webauthn" } else { "username" }
                    required=true
                    maxlength=254
                    autofocus=true
                />
                <Field
                    flash=email
                    name="password"
                    label="Password"
                    kind="password"
                    autocomplete="current-password"
                    required=true
                />
                <button class="button button--primary button--block" type="submit">
                    "Sign in"
                </button>
            </form>
            {unproved.map(|email| view! { <SendAgain email /> })}
            {passkeys
                .then(|| {
                    let question = || -> Coming { Box::pin(rpc::passkey_door(false)) };
                    let offer: fn() -> Coming = || Box::pin(rpc::passkey_door(true));
                    let next = next.clone();
                    view! { <PasskeyButton action="/sign-in/passkey" label="Sign in with a passkey" next question offer /> }
                })}
            <OtherWays next=next />
            <p class="auth__foot">
                <a class="link" href="/forgot" rel="external">
                    "Forgot your password?"
                </a>
            </p>
            <p class="auth__foot">
                "New here? "
                <a class="link" href="/sign-up" rel="external">
                    "Create an account"
                </a>
            </p>
        </Card>
    }
    .into_any()
}

/// What a new password must be, unless the error above says what is wrong with it.
pub(super) fn password_hint(flash: &Flash) -> &'static str {
    if flash.problem("password").is_some() { "" } else { "At least 8 characters." }
}

/// Name, address and a new password.
#[component]
fn RegistrationFields(flash: Flash) -> impl IntoView {
    let hint = password_hint(&flash);
    view! {
        <Field flash=flash.clone() name="name" label="Your name" autocomplete="name" required=true maxlength=100 autofocus=true />
        <Field
            flash=flash.clone()
            name="email"
            label="E-mail address"
            kind="email"
            autocomplete="username"
            required=true
            maxlength=254
        />
        <Field
            flash=flash
            name="password"
            label="Password"
            kind="password"
            autocomplete="new-password"
            hint=hint
            required=true
        />
    }
    .into_any()
}

/// `/sign-up`: a customer registers.
#[component]
pub fn SignUpPage() -> impl IntoView {
    if me::me().is_some() {
        return go_to("/");
    }
    let flash = flash();
    let sent = flash.value("sent");
    if !sent.is_empty() {
        return view! { <CheckMail email=sent register=true /> }.into_any();
    }
    view! {
        <Card title="Create an account" lead="To ask for help and to follow your tickets." flash=flash.clone()>
            <form method="post" action="/sign-up" class="stack">
                <RegistrationFields flash=flash />
                <button class="button button--primary button--block" type="submit">
                    "Create account"
                </button>
            </form>
            <p class="auth__foot">
                "Already have one? "
                <a class="link" href="/sign-in" rel="external">
                    "Sign in"
                </a>
            </p>
        </Card>
    }
    .into_any()
}

/// `/set-up`: the first visit makes the superadmin; never again afterwards.
#[component]
pub fn SetUpPage() -> impl IntoView {
    let flash = flash();
    let first_run = resource(|| (), |()| rpc::first_run());
    let with_key = crate::json::shared(|| {
        #[cfg(feature = "ssr")]
        {
            super::site::asks_for_setup_key()
        }
        #[cfg(not(feature = "ssr"))]
        {
            false
        }
    });
    view! {
        {awaited(|| (), move || async move {
                if let Ok(false) = first_run.await { go_to("/sign-in") } else { ().into_any() }
            })}
        <Card
            title="Set up Docket"
            lead="Nobody is on staff yet. This account becomes the superadmin, who may do everything."
            flash=flash.clone()
        >
            <form method="post" action="/set-up" class="stack">
                <RegistrationFields flash=flash.clone() />
                {with_key
                    .shown(|| {
                        view! {
                            <Field
                                flash
                                name="setup_key"
                                label="Setup key"
                                kind="password"
                                autocomplete="off"
                                hint="Whoever started the server has set it, as DOCKET_SETUP_KEY."
                                required=true
                            />
                        }
                    })}
                <button class="button button--primary button--block" type="submit">
                    "Create the superadmin"
                </button>
            </form>
        </Card>
    }
    .into_any()
}
