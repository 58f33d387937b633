//! For whom the ticket is: somebody known, found by name or address, or a new address.

use super::Form;
use crate::erased::{Sometimes, dynamic, effect, handler, list, memo, reactive};
use crate::{
    icons::{Ico, Icon},
    shared::{Avatar, focus_soon, is_lost, settled},
    tickets::rpc,
};
use domain::{people::Contact, text};
use leptos::{ev, html, prelude::*, task::spawn_local};
use std::time::Duration;
use wasm_bindgen::JsCast;

/// From so many characters on people are looked up.
const FROM: usize = 2;

/// How long a click may take.
const CLICK: Duration = Duration::from_millis(200);

/// The people found for what stands in the field.
#[derive(Clone, Copy)]
struct Search {
    found: RwSignal<Vec<Contact>>,
    /// What they were found for.
    words: RwSignal<String>,
    open: RwSignal<bool>,
    /// Which of them Enter chooses.
    place: RwSignal<Option<usize>>,
}

impl Search {
    /// The one with exactly this address.
    fn exact(self, address: &str) -> Option<Contact> {
        let address = address.trim();
        self.found.with_untracked(|all| all.iter().find(|c| c.email.eq_ignore_ascii_case(address)).cloned())
    }
}

/// Takes somebody for the requester. Their card stands in place of the field, so that the focus goes on.
fn choose(form: Form, search: Search, contact: Contact, go_on: bool) {
    search.open.set(false);
    form.known.set(Some(contact));
    form.changed("requester");
    spawn_local(async move {
        settled().await;
        if (go_on || is_lost())
            && let Some(next) =
                document().get_element_by_id("subject").and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok())
        {
            let _ = next.focus();
        }
    });
}

#[component]
pub fn RequesterField(form: Form, first: NodeRef<html::Input>) -> impl IntoView {
    let search = Search {
        found: RwSignal::new(Vec::new()),
        words: RwSignal::new(String::new()),
        open: RwSignal::new(false),
        place: RwSignal::new(None),
    };
    effect(move || {
        let typed = form.email.get().trim().to_owned();
        if typed.chars().count() < FROM {
            search.found.set(Vec::new());
            search.words.set(typed);
            return;
        }
        spawn_local(async move {
            let Ok(contacts) = rpc::find_customers(typed.clone()).await else { return };
            if form.email.try_with_untracked(|now| now.trim() == typed) != Some(true) {
                return;
            }
            search.place.set((!contacts.is_empty()).then_some(0));
            search.found.set(contacts);
            search.words.set(typed);
            // Who has gone on already is answered now.
            if !has_focus(first)
                && let Some(contact) = search.exact(&form.email.get_untracked())
            {
                choose(form, search, contact, false);
            }
        });
    });
    view! {
        <div class="field requester">
            {dynamic(move || match form.known.get() {
                Some(contact) => card(form, first, contact),
                None => field(form, search, first),
            })}
            {form.problem("requester")}
        </div>
    }
    .into_any()
}

fn has_focus(input: NodeRef<html::Input>) -> bool {
    let input = input.try_get_untracked().flatten();
    input.is_some_and(|input| document().active_element().as_ref() == Some(AsRef::<web_sys::Element>::as_ref(&input)))
}

/// Who was chosen, with their company.
fn card(form: Form, first: NodeRef<html::Input>, contact: Contact) -> AnyView {
    let other = move |_| {
        form.known.set(None);
        form.email.set(String::new());
        focus_soon(move || first.try_get_untracked().flatten()?.dyn_into().ok());
    };
    view! {
        <span class="field__label" id="requester-label">
            "Customer"
        </span>
        <div class="requester__card" role="group" aria-labelledby="requester-label">
            <Avatar name=contact.name.clone() picture=contact.picture.map(|n| domain::picture::path(contact.id, n)) />
            <span class="requester__who">
                <b>{contact.name}</b>
                <span>{contact.email}</span>
            </span>
            <span class="requester__company">
                {contact.company_name.map(|name| view! { <Ico icon=Icon::Building /> {name} })}
            </span>
            <button class="button button--ghost button--icon" type="button" aria-label="Choose somebody else" on:click=handler(other)>
                <Ico icon=Icon::Close />
            </button>
        </div>
    }
    .into_any()
}

fn field(form: Form, search: Search, first: NodeRef<html::Input>) -> AnyView {
    // Who has just been dropped from the form is not offered before something is typed.
    let shown = memo(move || search.open.get() && search.found.with(|f| !f.is_empty()));
    // Nobody has it: whoever it is, becomes a customer.
    let is_new = memo(move || {
        let typed = form.email.get();
        let typed = typed.trim();
        text::is_email(typed) && search.found.with(|all| all.iter().all(|c| !c.email.eq_ignore_ascii_case(typed)))
    });
    let pick = move |n: usize| {
        if let Some(contact) = search.found.with_untracked(|all| all.get(n).cloned()) {
            choose(form, search, contact, true);
        }
    };
    let keys = move |event: ev::KeyboardEvent| {
        let count = search.found.with_untracked(Vec::len);
        let open = shown.get_untracked();
        let place = search.place.get_untracked();
        match event.key().as_str() {
            "ArrowDown" | "ArrowUp" if count > 0 => {
                let step = if event.key() == "ArrowDown" { 1 } else { count - 1 };
                search.place.set(Some(match place {
                    Some(place) if open => (place + step) % count,
                    _ if step == 1 => 0,
                    _ => count - 1,
                }));
                search.open.set(true);
            }
            "Enter" if open && !(event.ctrl_key() || event.meta_key()) => match place {
                Some(place) => pick(place),
                None => search.open.set(false),
            },
            "Escape" if open => search.open.set(false),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let left = move |_| {
        search.open.set(false);
        if let Some(contact) = search.exact(&form.email.get_untracked()) {
            // The card is of another size. What is being clicked on must not move away under the finger.
            let later = move || {
                if !has_focus(first) && form.known.try_with_untracked(Option::is_none) == Some(true) {
                    choose(form, search, contact, false);
                }
            };
            set_timeout(later, CLICK);
        }
    };
    let option = move |(n, contact): (usize, Contact)| {
        view! {
            <div
                class="menu__item"
                class:is-active=reactive(move || search.place.get() == Some(n))
                role="option"
                id=format!("requester-{n}")
                aria-selected=reactive(move || (search.place.get() == Some(n)).to_string())
                // The field keeps the focus.
                on:pointerdown=handler(|event: ev::PointerEvent| event.prevent_default())
                on:mousedown=handler(|event: ev::MouseEvent| event.prevent_default())
                on:click=handler(move |_| pick(n))
            >
                <Avatar
                    name=contact.name.clone()
                    size="xs"
                    picture=contact.picture.map(|n| domain::picture::path(contact.id, n))
                />
                <span class="requester__who">
                    <b>{contact.name}</b>
                    <span>{contact.email}</span>
                </span>
                <span class="requester__company">{contact.company_name}</span>
            </div>
        }
        .into_any()
    };
    let hint = move || {
        let typed = form.email.with(|t| t.trim().to_owned());
        let nobody = search.found.with(Vec::is_empty) && search.words.with(|words| *words == typed);
        match (typed.chars().count(), is_new.get()) {
            (0, _) => "By name or address. Left empty, the ticket is your own.",
            (_, true) => "A new customer, of the company that this address belongs to.",
            (FROM.., _) if nobody => "Nobody is called so. A whole e-mail address makes a new customer.",
            _ => "Choose somebody, or type a whole e-mail address for a new customer.",
        }
    };
    view! {
        <div class="field-grid">
            <div class="field">
                <label class="field__label" for="requester">
                    "Customer"
                </label>
                <div class="menu-anchor">
                    <input
                        class="input"
                        id="requester"
                        node_ref=first
                        type="text"
                        inputmode="email"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        role="combobox"
                        placeholder="Name or e-mail address"
                        aria-autocomplete="list"
                        aria-controls="requester-list"
                        aria-expanded=reactive(move || shown.get().to_string())
                        aria-activedescendant=reactive(move || {
                            search.place.get().filter(|_| shown.get()).map(|n| format!("requester-{n}"))
                        })
                        readonly=reactive(move || !form.ready.get())
                        prop:value=reactive(move || form.email.get())
                        on:input=handler(move |event: ev::Event| {
                            form.email.set(event_target_value(&event));
                            form.changed("requester");
                            search.open.set(true);
                        })
                        on:keydown=handler(keys)
                        on:blur=handler(left)
                        aria-invalid=form.invalid("requester")
                        aria-describedby=reactive(move || {
                            Some(if form.is_wrong("requester") { "requester-error" } else { "requester-hint" })
                        })
                    />
                    <div
                        class="menu"
                        role="listbox"
                        id="requester-list"
                        aria-label="Customers found"
                        hidden=reactive(move || !shown.get())
                    >
                        {list(
                            move || search.found.get().into_iter().enumerate().collect(),
                            |(n, contact)| [*n as i64, contact.id.0, 0],
                            option,
                        )}
                    </div>
                </div>
            </div>
            {dynamic(move || {
                is_new
                    .get()
                    .shown(|| {
                        view! {
                            <div class="field">
                                <label class="field__label" for="name">
                                    "Customer's name"
                                </label>
                                <input
                                    class="input"
                                    id="name"
                                    autocomplete="off"
                                    prop:value=reactive(move || form.name.get())
                                    on:input=handler(move |event: ev::Event| form.name.set(event_target_value(&event)))
                                />
                            </div>
                        }
                    })
            })}
        </div>
        <p class="field__hint" id="requester-hint" role="status">
            {dynamic(hint)}
        </p>
    }
    .into_any()
}
