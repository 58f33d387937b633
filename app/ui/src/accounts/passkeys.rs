//! One's own passkeys, and the buttons that ask for one.

use super::{
    card::Card,
    credentials::{Wish, ask, can_offer, known},
    two_step::Again,
};
use crate::{
    erased::{Rows, Sometimes, effect},
    flash::Flash,
    icons::{Ico, Icon},
    me,
    rpc::Rpc,
    shared::{Field, When},
};
use domain::{
    passkey::{NAME_MAX, PASSKEYS_MAX, Passkey, Passkeys, Question},
    second_factor::Own,
};
use leptos::{html, prelude::*, task::spawn_local};
use std::{future::Future, pin::Pin, time::Duration};

/// A question that is still to be asked for.
pub type Coming = Pin<Box<dyn Future<Output = Rpc<Question>>>>;

/// A form whose answer comes from an authenticator: hidden, filled in and sent once it is there.
#[derive(Clone, Copy)]
struct Asking {
    form: NodeRef<html::Form>,
    question: NodeRef<html::Input>,
    credential: NodeRef<html::Input>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
    /// Where to ask for what is offered before anybody asks, and how often that was done.
    offer: Option<fn() -> Coming>,
    offers: StoredValue<u32>,
}

/// An offer is made anew before its question is too old for an answer.
const ANEW: Duration = Duration::from_secs(240);
/// So long a page that nobody sees waits before it looks again whether somebody does.
const UNSEEN: Duration = Duration::from_secs(2);

impl Asking {
    fn new() -> Self {
        Self {
            form: NodeRef::new(),
            question: NodeRef::new(),
            credential: NodeRef::new(),
            busy: RwSignal::new(false),
            problem: RwSignal::new(None),
            offer: None,
            offers: StoredValue::new(0),
        }
    }

    /// Offers passkeys where the address is typed, without a word where that is not possible.
    fn offer(self) {
        let Some(question) = self.offer else { return };
        let Some(turn) = self.offers.try_update_value(|n| {
            *n += 1;
            *n
        }) else {
            return;
        };
        spawn_local(async move {
            if !can_offer().await || self.busy.try_get_untracked() != Some(false) {
                return;
            }
            let Ok(question) = question().await else { return };
            self.again(turn, ANEW);
            // What fails here nobody has asked for.
            if let Ok(credential) = ask(Wish::Offered, &question.options).await {
                self.send(&question.token, &credential);
            }
        });
    }

    /// Makes the offer anew after a while, unless that was done meanwhile or the page has gone.
    fn again(self, turn: u32, wait: Duration) {
        let look = move || {
            if self.offers.try_get_value() != Some(turn) {
                return;
            }
            match document().hidden() {
                true => self.again(turn, UNSEEN),
                false => self.offer(),
            }
        };
        set_timeout(look, wait);
    }

    /// Sends the form with an answer. The page may have gone meanwhile.
    fn send(self, token: &str, credential: &str) {
        let fields = (self.form.get_untracked(), self.question.get_untracked(), self.credential.get_untracked());
        let (Some(form), Some(question), Some(answer)) = fields else { return };
        question.set_value(token);
        answer.set_value(credential);
        let _ = form.submit();
    }

    fn start(self, wish: Wish, question: Coming) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.problem.set(None);
        spawn_local(async move {
            let answered = async {
                let question = question.await.map_err(|error| error.0.message)?;
                let credential = ask(wish, &question.options).await.map_err(str::to_owned)?;
                Ok::<_, String>((question.token, credential))
            };
            let answered = answered.await;
            match answered {
                Ok((token, said)) => self.send(&token, &said),
                Err(problem) => {
                    self.busy.try_set(false);
                    self.problem.try_set(Some(problem));
                    self.offer();
                }
            }
        });
    }

    fn fields(self) -> impl IntoView {
        view! {
            <input type="hidden" name="question" node_ref=self.question />
            <input type="hidden" name="credential" node_ref=self.credential />
        }
    }

    fn said(self) -> impl IntoView {
        view! {
            <div role="alert">
                {move || {
                    self.problem
                        .get()
                        .map(|problem| {
                            view! {
                                <p class="field__error">
                                    <Ico icon=Icon::Alert />
                                    {problem}
                                </p>
                            }
                        })
                }}
            </div>
        }
    }
}

/// A button that asks for a passkey, and sends the answer to `action`. It needs JavaScript, and is not there without.
#[component]
pub fn PasskeyButton(
    action: &'static str,
    label: &'static str,
    next: String,
    question: fn() -> Coming,
    /// Where passkeys are offered in a field of the page, too: how that is asked.
    #[prop(optional)]
    offer: Option<fn() -> Coming>,
    #[prop(default = false)] primary: bool,
) -> impl IntoView {
    let asking = Asking { offer, ..Asking::new() };
    effect(move || {
        if me::taken_over().get() {
            asking.offer();
        }
    });
    let hidden = move || me::taken_over().get() && !known();
    view! {
        <form method="post" action=action class="stack stack--tight scripted" hidden=hidden node_ref=asking.form>
            {asking.fields()}
            {(!next.is_empty()).shown(|| view! { <input type="hidden" name="next" value=next /> })}
            <button
                class=if primary { "button button--primary button--block" } else { "button button--block" }
                type="button"
                aria-disabled=move || asking.busy.get().then_some("true")
                on:click=move |_| asking.start(Wish::Use, question())
            >
                <Ico icon=Icon::Key />
                {label}
            </button>
            {asking.said()}
        </form>
    }
    .into_any()
}

/// The browser makes a passkey: the answer to the form that began it.
#[component]
pub fn AddPasskey(flash: Flash) -> impl IntoView {
    let asking = Asking::new();
    let name = flash.value("passkey_name");
    let question = Question { token: flash.value("question"), options: flash.value("options") };
    let start = move || {
        let question = question.clone();
        asking.start(Wish::Make, Box::pin(async move { Ok(question) }));
    };
    let again = start.clone();
    effect(move || {
        if me::taken_over().get() {
            start();
        }
    });
    view! {
        <Card
            title="Add a passkey"
            lead=format!("“{name}”: your browser asks you now where it is to be kept, and your device that it is you.")
            flash=Flash::default()
        >
            <form method="post" action="/two-step" class="stack scripted" node_ref=asking.form>
                <input type="hidden" name="do" value="passkey-made" />
                {asking.fields()}
                {asking.said()}
                <button
                    class="button button--primary button--block"
                    type="button"
                    aria-disabled=move || asking.busy.get().then_some("true")
                    on:click=move |_| again()
                >
                    <Ico icon=Icon::Key />
                    "Try again"
                </button>
            </form>
            <noscript>
                <p>"This needs JavaScript, which is turned off in your browser."</p>
            </noscript>
            <p class="auth__foot">
                <a class="link" href="/two-step" rel="external">
                    "Cancel"
                </a>
            </p>
        </Card>
    }
    .into_any()
}

/// The list of one's own passkeys, and the form for another.
#[component]
pub fn OwnPasskeys(passkeys: Passkeys, own: Own, flash: Flash) -> impl IntoView {
    let Passkeys { all, nowhere } = passkeys;
    let none = all.is_empty();
    let full = all.len() as i64 >= PASSKEYS_MAX;
    let open = ["passkey_name", "passkey_password"].iter().any(|name| flash.problem(name).is_some());
    let form = match nowhere {
        Some(nowhere) => view! {
            <p class="notice" data-kind="info">
                <Ico icon=Icon::Info />
                {nowhere.words()}
            </p>
        }
        .into_any(),
        None if full => {
            view! { <p class="field__hint">"These are as many as there can be. Remove one to add another."</p> }
                .into_any()
        }
        None => view! {
            <details class="more" open=open>
                <summary class="link">"Add a passkey"</summary>
                <form method="post" action="/two-step" class="stack">
                    <input type="hidden" name="do" value="passkey" />
                    <Field
                        flash=flash.clone()
                        name="passkey_name"
                        label="Name"
                        hint="By which you know the device, such as “Laptop”."
                        autocomplete="off"
                        required=true
                        maxlength=NAME_MAX as u32
                    />
                    <Again own flash name="passkey_password" />
                    <button class="button button--block" type="submit">
                        "Add a passkey"
                    </button>
                </form>
            </details>
        }
        .into_any(),
    };
    view! {
        <div class="box">
            <div class="box__row">
                <div>
                    <h2 class="strong">"Passkeys"</h2>
                    <p class="field__hint">
                        {if none {
                            "None yet. With a passkey you sign in by your fingerprint, your face or the PIN of your device: without a password, and no false page can ask for it."
                        } else {
                            "They sign you in without a password, and are a second step beside it."
                        }}
                    </p>
                </div>
            </div>
            {all.into_iter().map(|passkey| view! { <Row passkey /> }).rows()}
        </div>
        {form}
    }
    .into_any()
}

#[component]
fn Row(passkey: Passkey) -> impl IntoView {
    let Passkey { id, name, added_at, last_used_at, synced, elsewhere } = passkey;
    let label = format!("Change {name}");
    view! {
        <div class="box__row">
            <div>
                <span class="strong">{name}</span>
                " "
                {synced.shown(|| view! { <span class="badge">"Synced"</span> })}
                <p class="field__hint">
                    "Added " <When at=added_at in_words=true />
                    {match last_used_at {
                        Some(at) => {
                            view! {
                                ", last used "
                                <When at=at in_words=true />
                            }
                                .into_any()
                        }
                        None => ", never used".into_any(),
                    }}
                </p>
                {elsewhere.map(|host| view! { <p class="field__hint">{format!("Only for {host}: not for this address.")}</p> })}
            </div>
            <a class="button button--sm" href=format!("/two-step?passkey={id}") rel="external" aria-label=label>
                "Change"
            </a>
        </div>
    }
    .into_any()
}

/// One passkey: its name, and taking it away.
#[component]
pub fn ChangePasskey(passkey: Passkey, last: bool, own: Own, flash: Flash) -> impl IntoView {
    let id = passkey.id.to_string();
    let mut named = flash.clone();
    if named.value("new_name").is_empty() && named.problem("new_name").is_none() {
        named.values.push(("new_name".to_owned(), passkey.name.clone()));
    }
    let mut said = flash.clone();
    said.error.take_if(|error| !error.fields.is_empty());
    // Signing in with the password alone would be possible again.
    let lead = match last && own.app_since.is_none() {
        true => "It is all that you have for the second step: without it, signing in asks for your password alone.",
        false => "Somebody who has its device can sign in with it as long as it is here.",
    };
    view! {
        <Card title="Passkey" lead=format!("“{}”. {lead}", passkey.name) flash=said asks_for_password=false>
            <form method="post" action="/two-step" class="stack">
                <input type="hidden" name="do" value="passkey-rename" />
                <input type="hidden" name="renamed" value=id.clone() />
                <Field flash=named name="new_name" label="Name" autocomplete="off" required=true maxlength=NAME_MAX as u32 />
                <button class="button button--block" type="submit">
                    "Rename"
                </button>
            </form>
            <form method="post" action="/two-step" class="stack">
                <input type="hidden" name="do" value="passkey-remove" />
                <input type="hidden" name="passkey" value=id />
                <Again own flash name="gone_password" />
                <button class="button button--danger button--block" type="submit">
                    "Remove the passkey"
                </button>
            </form>
            <p class="auth__foot">
                <a class="link" href="/two-step" rel="external">
                    "Back"
                </a>
            </p>
        </Card>
    }
    .into_any()
}
