use crate::{
    flash::{Flash, flash},
    icons::{Ico, Icon},
    shared::{ErrorNotice, Field, TextArea},
};
use domain::{Code, priority::Level};
use leptos::prelude::*;
use leptos_meta::Title;

/// `/portal/new`: a plain form.
#[component]
pub fn PortalNew() -> impl IntoView {
    let flash = flash();
    let urgency = Some(flash.value("urgency")).filter(|u| !u.is_empty()).unwrap_or_else(|| "medium".into());
    let problem = flash.problem("body");
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
            <form class="portal__form" method="post" action="/portal/new" enctype="multipart/form-data">
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

/// The field for files, with what was wrong with the last ones.
#[component]
pub(super) fn FileField(flash: Flash) -> impl IntoView {
    let problem = flash.problem("attachments");
    view! {
        <div class="field">
            <label class="dropzone">
                <Ico icon=Icon::Paperclip />
                <span>"Add files"</span>
                <input
                    type="file"
                    name="attachments"
                    multiple
                    accept=domain::attachment::ACCEPT
                    aria-invalid=problem.is_some().then_some("true")
                    aria-describedby=if problem.is_some() { "attachments-error" } else { "attachments-hint" }
                />
            </label>
            {problem
                .map(|problem| {
                    view! {
                        <p class="field__error" id="attachments-error">
                            <Ico icon=Icon::Alert />
                            {problem}
                        </p>
                    }
                })}
            <p class="field__hint" id="attachments-hint">
                "Pictures, PDF, Word, Excel, text, CSV, ZIP, video, audio; at most 20 files."
            </p>
        </div>
    }
    .into_any()
}
