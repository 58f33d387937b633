//! What is done by mail: asking for a link, and the pages that links lead to.

use super::{card::Card, rpc};
use crate::erased::{Rows, Sometimes};
use crate::fetched::resource;
use crate::{
    flash::{Flash, flash},
    icons::{Ico, Icon},
    shared::{ErrorNotice, Field, awaited},
};
use domain::{
    Code,
    letter::{Opened, Purpose},
    outside::only::named,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// Where mails go from this server, as pages have to know.
#[derive(Clone, Copy, Debug)]
pub struct MailsGo {
    /// Into a folder: no server for mails is set.
    pub nowhere: bool,
}

/// Says that mails are not sent from here, where that is so: else people would wait for them.
#[component]
fn NobodyGetsMails() -> impl IntoView {
    let nowhere = crate::json::shared(|| use_context::<MailsGo>().is_some_and(|mails| mails.nowhere));
    nowhere
        .shown(|| {
            view! {
                <div class="notice" data-kind="warning">
                    <Ico icon=Icon::Alert />
                    <p>
                        "This installation does not send mails yet: it writes them to a folder. Please ask whoever runs it for the link."
                    </p>
                </div>
            }
        })
        .into_any()
}

/// After a form that sends a mail. Says the same whoever has the address.
#[component]
pub fn CheckMail(
    email: String,
    /// For a registration, not for a new password.
    register: bool,
) -> impl IntoView {
    let lead = if register {
        format!("We have sent a mail to {email}. Open the link in it to confirm your address; it is good for 24 hours.")
    } else {
        format!(
            "If there is an account with {email}, a mail is on its way. Its link lets you choose a new password, within an hour."
        )
    };
    view! {
        <Card title="Look into your mailbox" lead=lead flash=Flash::default()>
            <NobodyGetsMails />
            <p class="auth__lead">"Nothing there? Look among the unwanted mails, too."</p>
            {if register {
                view! { <SendAgain email /> }.into_any()
            } else {
                view! {
                    <form method="post" action="/forgot">
                        <input type="hidden" name="email" value=email />
                        <button class="button button--block" type="submit">
                            "Send it again"
                        </button>
                    </form>
                }
                    .into_any()
            }}
            <p class="auth__foot">
                <a class="link" href="/sign-in" rel="external">
                    "Back to signing in"
                </a>
            </p>
        </Card>
    }
    .into_any()
}

/// Sends the mail of a registration again.
#[component]
pub fn SendAgain(email: String) -> impl IntoView {
    view! {
        <form method="post" action="/confirm">
            <input type="hidden" name="email" value=email />
            <button class="button button--block" type="submit">
                "Send the mail again"
            </button>
        </form>
    }
    .into_any()
}

/// `/forgot`.
#[component]
pub fn ForgotPage() -> impl IntoView {
    let flash = flash();
    let sent = flash.value("sent");
    if !sent.is_empty() {
        return view! { <CheckMail email=sent register=false /> }.into_any();
    }
    view! {
        <Card
            title="Choose a new password"
            lead="We send a link to the address of your account. If you have only written mails to us until now, this is how you get in."
            asks_for_password=false
            flash=flash.clone()
        >
            <NobodyGetsMails />
            <form method="post" action="/forgot" class="stack">
                <AddressField flash />
                <button class="button button--primary button--block" type="submit">
                    "Send the link"
                </button>
            </form>
            <p class="auth__foot">
                <a class="link" href="/sign-in" rel="external">
                    "Back to signing in"
                </a>
            </p>
        </Card>
    }
    .into_any()
}

#[component]
fn AddressField(flash: Flash) -> impl IntoView {
    view! {
        <Field
            flash
            name="email"
            label="E-mail address"
            kind="email"
            autocomplete="username"
            required=true
            maxlength=254
            autofocus=true
        />
    }
    .into_any()
}

/// `/confirm`: the mail of a registration once more.
#[component]
pub fn ConfirmAgainPage() -> impl IntoView {
    let flash = flash();
    let sent = flash.value("sent");
    if !sent.is_empty() {
        return view! { <CheckMail email=sent register=true /> }.into_any();
    }
    view! {
        <Card
            title="Confirm your address"
            lead="The link is in the mail that was sent to you when you registered. We send it again to the address that you enter."
            asks_for_password=false
            flash=flash.clone()
        >
            <NobodyGetsMails />
            <form method="post" action="/confirm" class="stack">
                <AddressField flash />
                <button class="button button--primary button--block" type="submit">
                    "Send the mail again"
                </button>
            </form>
        </Card>
    }
    .into_any()
}

/// The page of a link: what the link stands for is looked up first.
fn of_link(purpose: Purpose, body: fn(Opened, String, Flash) -> AnyView) -> AnyView {
    let token = use_params_map().with_untracked(|params| params.get("token")).unwrap_or_default();
    let flash = flash();
    let asked = token.clone();
    let opened = resource(|| (), move |()| rpc::opened_link(purpose, asked.clone()));
    awaited(
        || (),
        move || {
            let (token, flash) = (token.clone(), flash.clone());
            async move {
                match opened.await {
                    Ok(link) => body(link, format!("{}/{token}", purpose.page()), flash),
                    // The link has done what it was for, and they are to come in another way.
                    Err(_) if flash.error.as_ref().is_some_and(|error| named(error).is_some()) => view! {
                        <Card title="Your account is ready" lead="One more step: sign in." flash>
                            <p class="auth__foot">
                                <a class="link" href="/sign-in" rel="external">
                                    "All ways in"
                                </a>
                            </p>
                        </Card>
                    }
                    .into_any(),
                    Err(error) if matches!(error.0.code, Code::NotFound | Code::Impossible) => {
                        view! { <Lost purpose said=error.0.message /> }.into_any()
                    }
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

/// A link that is not good any more, and how to get on.
#[component]
fn Lost(purpose: Purpose, said: String) -> impl IntoView {
    let (words, address, label) = match purpose {
        Purpose::Register => {
            ("If you have confirmed your address already, sign in.", "/confirm", "Send me another mail")
        }
        Purpose::Reset => {
            ("If you have chosen a password already, sign in with it.", "/forgot", "Send me another link")
        }
        Purpose::Invitation => ("Ask who invited you to send the invitation again.", "", ""),
        // Which has a page of its own.
        Purpose::Rating => ("Your tickets are in the portal.", "", ""),
        Purpose::NewAddress => ("Sign in and enter the new address again.", "", ""),
    };
    view! {
        <Card title="This link does not work" lead=said flash=Flash::default()>
            <p class="auth__lead">{words}</p>
            {(!label.is_empty())
                .shown(|| {
                    view! {
                        <a class="button button--block" href=address rel="external">
                            {label}
                        </a>
                    }
                })}
            <SignIn />
        </Card>
    }
    .into_any()
}

#[component]
fn SignIn() -> impl IntoView {
    view! {
        <a class="button button--primary button--block" href="/sign-in" rel="external">
            "Sign in"
        </a>
    }
    .into_any()
}

/// `/confirm/{link}`: proves the address of a registration.
#[component]
pub fn ConfirmPage() -> impl IntoView {
    of_link(Purpose::Register, |link, page, flash| {
        view! {
            <Card
                title="Confirm your address"
                lead=format!("Enter the password that you chose for {}, and your account is ready.", link.email)
                flash=said(&flash)
            >
                <form method="post" action=page class="stack">
                    // For password managers.
                    <input type="hidden" name="username" autocomplete="username" value=link.email />
                    <Field
                        flash
                        name="password"
                        label="Password"
                        kind="password"
                        autocomplete="current-password"
                        required=true
                        autofocus=true
                    />
                    <button class="button button--primary button--block" type="submit">
                        "Confirm and sign in"
                    </button>
                </form>
                <p class="auth__foot">
                    "Forgot it already? "
                    <a class="link" href="/sign-up" rel="external">
                        "Register again"
                    </a>
                </p>
            </Card>
        }
        .into_any()
    })
}

/// What stands on top of a form with one field: nothing about the field, which has its error beside it. A way in is no field.
fn said(flash: &Flash) -> Flash {
    let mut flash = flash.clone();
    flash.error.take_if(|error| !error.fields.is_empty() && named(error).is_none());
    flash
}

/// What opens the account beside the password that has just been changed: somebody else may have put it there.
///
/// `tokens`: whether tokens of the API are among it, which have a page of their own.
#[component]
pub(super) fn StillGood(beside: Vec<String>, tokens: bool) -> impl IntoView {
    (!beside.is_empty())
        .shown(|| {
            // They are one line.
            let (page, tokens) = match tokens && beside.len() == 1 {
                true => ("/api-tokens", false),
                false => ("/two-step", tokens),
            };
            let lines = beside.into_iter().map(|line| view! { <li>{line}</li> }).rows();
            view! {
                <div class="notice" data-kind="info" role="status">
                    <Ico icon=Icon::Info />
                    <p>"What opens your account beside the password is as good as before:"</p>
                    <ul>{lines}</ul>
                    <p>
                        <a class="link" href=page rel="external">
                            "Look at them"
                        </a>
                        ", and remove what you do not know."
                        {tokens.shown(|| view! {
                            " The API tokens have "
                            <a class="link" href="/api-tokens" rel="external">
                                "a page of their own"
                            </a>
                            "."
                        })}
                    </p>
                </div>
            }
        })
        .into_any()
}

/// `/reset/{link}`: a new password.
#[component]
pub fn ResetPage() -> impl IntoView {
    let flash = flash();
    let beside: Vec<String> =
        flash.values.iter().filter(|(name, _)| name == "beside").map(|(_, l)| l.clone()).collect();
    if !beside.is_empty() {
        return view! {
            <Card
                title="Your new password is set"
                lead="You are signed out everywhere. Sign in with it."
                flash=Flash::default()
            >
                <StillGood beside tokens=!flash.value("tokens").is_empty() />
                <SignIn />
            </Card>
        }
        .into_any();
    }
    of_link(Purpose::Reset, |link, page, flash| {
        view! {
            <Card
                title="Choose a new password"
                lead=format!("For {}. You are then signed out everywhere, and sign in with it.", link.email)
                flash=said(&flash)
            >
                <form method="post" action=page class="stack">
                    <input type="hidden" name="username" autocomplete="username" value=link.email />
                    <NewPassword flash />
                    <button class="button button--primary button--block" type="submit">
                        "Set the password"
                    </button>
                </form>
            </Card>
        }
        .into_any()
    })
}

/// `/new-address/{link}`: another address for an account.
#[component]
pub fn NewAddressPage() -> impl IntoView {
    if !flash().value("done").is_empty() {
        return view! {
            <Card
                title="Your new address is set"
                lead="You sign in with it from now on, and mails are sent to it."
                flash=Flash::default()
            >
                <SignIn />
            </Card>
        }
        .into_any();
    }
    of_link(Purpose::NewAddress, |link, page, flash| {
        view! {
            <Card
                title="Use this address"
                lead=format!("{} becomes the address that you sign in with and that mails are sent to.", link.email)
                flash=flash
            >
                <form method="post" action=page>
                    <button class="button button--primary button--block" type="submit">
                        "Use this address"
                    </button>
                </form>
            </Card>
        }
        .into_any()
    })
}

#[component]
fn NewPassword(flash: Flash) -> impl IntoView {
    let hint = super::sign_in::password_hint(&flash);
    view! {
        <Field
            flash
            name="password"
            label="New password"
            kind="password"
            autocomplete="new-password"
            hint=hint
            required=true
        />
    }
    .into_any()
}

/// `/invitation/{link}`: becoming staff.
#[component]
pub fn InvitationPage() -> impl IntoView {
    of_link(Purpose::Invitation, |link, page, flash| {
        let role = link.role.as_deref().unwrap_or("staff");
        view! {
            <Card
                title="Welcome to Docket"
                lead=format!("{} is invited to the support desk, as: {role}. Choose how others see you, and a password.", link.email)
                flash=flash.clone()
            >
                <form method="post" action=page class="stack">
                    <input type="hidden" name="username" autocomplete="username" value=link.email />
                    <Field
                        flash=flash.clone()
                        name="name"
                        label="Your name"
                        autocomplete="name"
                        required=true
                        maxlength=100
                        autofocus=true
                    />
                    <NewPassword flash />
                    <button class="button button--primary button--block" type="submit">
                        "Join"
                    </button>
                </form>
            </Card>
        }
        .into_any()
    })
}
