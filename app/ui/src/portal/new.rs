use super::{
    draft::Written,
    files::FileField,
    form::{PortalForm, Sending},
};
use crate::erased::dynamic;
use crate::{
    attempt::Attempt,
    flash::{Flash, keyed},
    icons::{Ico, Icon},
    shared::{ErrorNotice, Field, TextArea, Title, field_error, options, settled},
    tickets::rpc::create,
};
use domain::{Code, Error, priority::Level, ticket::NewTicket};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlFormElement, HtmlInputElement};

/// `/portal/new`: a plain form. With a script it is sent without leaving the page, so that nothing is lost when that fails.
#[component]
pub fn PortalNew() -> impl IntoView {
    // The form as it was refused, by the server or by a script.
    let refused = RwSignal::new(keyed());
    // What a script was told beside that: it stands where the eyes are.
    let failed = RwSignal::new(None::<Error>);
    let attempt = Attempt::new();
    let flash = refused.get_untracked();
    let sending = Sending::new(Written::Ticket, &flash, move |sending, form| {
        failed.set(None);
        let ticket = NewTicket { attachments: sending.files.uploads.done(), ..ticket_of(&form) };
        let ticket = NewTicket { key: Some(attempt.key(&ticket)), ..ticket };
        spawn_local(async move {
            let result = create(ticket).await;
            // Another page may be open by now.
            if !sending.answered(result.is_ok()) {
                return;
            }
            match result {
                // As the plain form does it: by a link of the application, the portal would need what staff have for that.
                Ok(made) => drop(window().location().set_href(&format!("/portal/tickets/{}", made.id))),
                Err(error) => {
                    sending.busy.set(false);
                    let error = error.0;
                    sending.files.problem.set(error.of_field("attachments").map(str::to_owned));
                    if error.fields.is_empty() {
                        failed.set(Some(error));
                    } else {
                        refused.set(as_it_stands(&form, error));
                        settled().await;
                        show_problem(&form);
                    }
                }
            }
        });
    });
    let changed = Callback::new(move |()| attempt.forget());
    view! {
        <Title text="New ticket" />
        <div class="portal__width portal__width--read">
            <a class="portal__back" href="/portal">
                <Ico icon=Icon::ArrowLeft />
                "My tickets"
            </a>
            <h1 class="portal__title">"New ticket"</h1>
            <p class="portal__lead">"Tell us what happened. You can follow the answer here."</p>
            <PortalForm sending class="portal__form" action="/portal/new".to_owned() flash changed>
                {dynamic(move || fields(&refused.get()))}
                <FileField attached=sending.files />
                {dynamic(move || failed.get().map(|error| view! { <ErrorNotice error=error /> }))}
            </PortalForm>
        </div>
    }
    .into_any()
}

/// What is filled in beside the files.
fn fields(flash: &Flash) -> impl IntoView + use<> {
    let urgency = Some(flash.value("urgency")).filter(|u| !u.is_empty()).unwrap_or_else(|| "medium".into());
    let problem = flash.problem("body");
    let choices = [
        (Level::Low, "No hurry"),
        (Level::Medium, "Normal"),
        (Level::High, "Soon: it slows us down"),
        (Level::Critical, "At once: nothing works"),
    ];
    view! {
        <General flash=flash.clone() />
        <Field flash=flash.clone() name="subject" label="What is it about?" required=true maxlength=250 autofocus=true />
        <div class="field">
            <label class="field__label" for="body">
                "What happened?"
            </label>
            <TextArea
                text=flash.value("body")
                name="body"
                id="body"
                rows=8
                invalid=problem.is_some()
                described_by=problem.as_ref().map(|_| "body-error".to_owned())
            />
            {field_error("body", problem)}
        </div>
        <div class="field">
            <label class="field__label" for="urgency">
                "How urgent is it?"
            </label>
            <select class="select" id="urgency" name="urgency">
                {options(choices.map(|(level, name)| (level.word(), name)), &urgency)}
            </select>
        </div>
    }
}

/// The names of the fields that hold text.
const TEXTS: [&str; 3] = ["subject", "body", "urgency"];

fn texts_of(form: &HtmlFormElement) -> [String; 3] {
    TEXTS.map(|name| {
        let field = form.query_selector(&format!("[name={name}]")).ok().flatten();
        // Each of them has a value, whatever it is.
        field.map(|field| field.unchecked_into::<HtmlInputElement>().value()).unwrap_or_default()
    })
}

fn ticket_of(form: &HtmlFormElement) -> NewTicket {
    let [subject, body, urgency] = texts_of(form);
    let urgency = Level::from_word(&urgency).unwrap_or(Level::Medium);
    NewTicket { subject, body, urgency, ..NewTicket::default() }
}

/// The form as it is filled in, and why it was refused.
fn as_it_stands(form: &HtmlFormElement, error: Error) -> Flash {
    let values = TEXTS.map(str::to_owned).into_iter().zip(texts_of(form)).collect();
    Flash { values, error: Some(error) }
}

/// Goes to what is wrong.
fn show_problem(form: &HtmlFormElement) {
    let wrong = form.query_selector("[aria-invalid=true]").ok().flatten();
    if let Some(wrong) = wrong.and_then(|wrong| wrong.dyn_into::<HtmlElement>().ok()) {
        let _ = wrong.focus();
    }
}

/// What went wrong, where it is not about one field.
#[component]
pub(super) fn General(flash: Flash) -> impl IntoView {
    flash
        .error
        .filter(|e| e.fields.is_empty() || e.code != Code::Invalid)
        // What is wrong with a field stands beside it.
        .map(|error| view! { <ErrorNotice error=Error { fields: Vec::new(), ..error } /> })
}
