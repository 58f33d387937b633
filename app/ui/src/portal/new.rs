use crate::erased::{dynamic, handler, reactive};
use crate::{
    attempt::fresh_key,
    flash::{Flash, flash},
    icons::{Ico, Icon},
    me,
    shared::{ErrorNotice, Field, TextArea, Title},
};
use domain::{Code, attachment, priority::Level, text};
use leptos::{ev, html, prelude::*};

/// `/portal/new`: a plain form.
#[component]
pub fn PortalNew() -> impl IntoView {
    let flash = flash();
    let urgency = Some(flash.value("urgency")).filter(|u| !u.is_empty()).unwrap_or_else(|| "medium".into());
    let problem = flash.problem("body");
    let key_field = KeyField::new();
    let choices = [
        (Level::Low, "No hurry"),
        (Level::Medium, "Normal"),
        (Level::High, "Soon: it slows us down"),
        (Level::Critical, "At once: nothing works"),
    ];
    view! {
        <Title text="New ticket" />
        <div class="portal__width portal__width--read">
            <a class="portal__back" href="/portal">
                <Ico icon=Icon::ArrowLeft />
                "My tickets"
            </a>
            <h1 class="portal__title">"New ticket"</h1>
            <p class="portal__lead">"Tell us what happened. You can follow the answer here."</p>
            <General flash=flash.clone() />
            <form
                class="portal__form"
                method="post"
                action="/portal/new"
                enctype="multipart/form-data"
                on:submit=handler(move |_: ev::SubmitEvent| key_field.fill())
                on:input=handler(move |_: ev::Event| key_field.clear())
            >
                {key_field.view(&flash)}
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
                    {problem
                        .map(|problem| {
                            view! {
                                <p class="field__error" id="body-error">
                                    <Ico icon=Icon::Alert />
                                    {problem}
                                </p>
                            }
                        })}
                </div>
                <div class="field">
                    <label class="field__label" for="urgency">
                        "How urgent is it?"
                    </label>
                    <select class="select" id="urgency" name="urgency">
                        {choices
                            .map(|(level, label)| {
                                view! {
                                    <option value=level.word() selected=urgency.eq(level.word())>
                                        {label}
                                    </option>
                                }
                            })
                            .collect_view()}
                    </select>
                </div>
                <FileField flash=flash />
                <div class="actions">
                    <button class="button button--primary button--lg" type="submit">
                        "Send"
                    </button>
                </div>
            </form>
        </div>
    }
    .into_any()
}

/// What went wrong, where it is not about one field.
#[component]
pub(super) fn General(flash: Flash) -> impl IntoView {
    flash
        .error
        .filter(|e| e.fields.is_empty() || e.code != Code::Invalid)
        .map(|error| view! { <ErrorNotice error=error /> })
}

/// The hidden field with the key of what is sent: a browser that sends the form again as it is gets what the first time came
/// to. Without a script it stays empty, and nothing is known again.
#[derive(Clone, Copy)]
pub(super) struct KeyField(NodeRef<html::Input>);

impl KeyField {
    pub fn new() -> Self {
        Self(NodeRef::new())
    }

    pub fn view(self, flash: &Flash) -> AnyView {
        view! { <input type="hidden" name="key" value=flash.value("key") node_ref=self.0 /> }.into_any()
    }

    /// The form is being sent.
    pub fn fill(self) {
        if let Some(field) = self.0.get_untracked().filter(|field| field.value().is_empty()) {
            field.set_value(&fresh_key());
        }
    }

    /// Something else is in the form now.
    pub fn clear(self) {
        if let Some(field) = self.0.get_untracked() {
            field.set_value("");
        }
    }
}

/// The field for files, with what was wrong with the last ones. It is the browser's own: it takes dropped files, too, and
/// says what was chosen, also without a script. With one, nobody waits for a file to be sent that is too large.
#[component]
pub(super) fn FileField(flash: Flash) -> impl IntoView {
    let max = me::max_file_bytes();
    let problem = RwSignal::new(flash.problem("attachments"));
    let input = NodeRef::<html::Input>::new();
    let chosen = move |_| {
        let Some(input) = input.get_untracked() else { return };
        let files = input.files().map(|all| (0..all.length()).filter_map(|n| all.get(n)).collect::<Vec<_>>());
        let large = files.into_iter().flatten().find(|file| file.size() as i64 > max);
        let why = large.map(|file| format!("“{}” is larger than {}.", file.name(), text::bytes(max)));
        // Keeps the form from being sent.
        input.set_custom_validity(why.as_deref().unwrap_or_default());
        problem.set(why);
    };
    view! {
        <div class="field">
            <label class="field__label" for="attachments">
                "Add files"
            </label>
            <input
                class="file-field"
                type="file"
                id="attachments"
                name="attachments"
                multiple
                accept=attachment::ACCEPT
                node_ref=input
                aria-invalid=reactive(move || problem.with(Option::is_some).then_some("true"))
                aria-describedby=reactive(move || {
                    if problem.with(Option::is_some) { "attachments-error" } else { "attachments-hint" }
                })
                on:change=handler(chosen)
            />
            {dynamic(move || {
                problem
                    .get()
                    .map(|problem| {
                        view! {
                            <p class="field__error" id="attachments-error" role="alert">
                                <Ico icon=Icon::Alert />
                                {problem}
                            </p>
                        }
                    })
            })}
            <p class="field__hint" id="attachments-hint">
                {attachment::hint(max)}
            </p>
        </div>
    }
    .into_any()
}
