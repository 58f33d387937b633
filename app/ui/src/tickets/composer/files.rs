//! The files of a message that is being written.

use super::Desk;
use crate::erased::{dynamic, handler, list, reactive};
use crate::{
    icons::{Ico, Icon},
    tickets::{
        attachments::file_icon,
        uploads::{Progress, Upload},
    },
};
use domain::{attachment::preview, text};
use leptos::prelude::*;

#[component]
pub fn Files(desk: Desk) -> impl IntoView {
    view! {
        <div class="composer__files">
            {list(
                move || desk.uploads.list.get(),
                |upload| [upload.key.into(), 0, 0],
                move |upload| view! { <FileChip upload desk /> }.into_any(),
            )}
        </div>
    }
    .into_any()
}

#[component]
fn FileChip(upload: Upload, desk: Desk) -> impl IntoView {
    let Upload { key, name, size, progress, .. } = upload;
    let remove = format!("Remove {name}");
    let (state, words, done, icon) = (progress.clone(), progress.clone(), progress.clone(), progress);
    view! {
        <span
            class="attachment"
            data-state=reactive(move || matches!(state.get(), Progress::Failed(_)).then_some("failed"))
            role=reactive(move || matches!(words.get(), Progress::Failed(_)).then_some("alert"))
        >
            {dynamic(move || {
                let icon = match icon.get() {
                    Progress::Sending(_) => Icon::Upload,
                    Progress::Done(file) => file_icon(preview(&file.content_type)),
                    Progress::Failed(_) => Icon::Alert,
                };
                view! { <Ico icon /> }
            })}
            {dynamic(move || {
                let progress = done.get();
                let label = match &progress {
                    Progress::Sending(percent) => format!("{percent} %"),
                    Progress::Done(_) => text::bytes(size),
                    Progress::Failed(why) => why.clone(),
                };
                // The reason names the file already.
                let refused = matches!(progress, Progress::Failed(_)) && label.contains(&name);
                let bar = match progress {
                    Progress::Sending(percent) => Some(percent),
                    _ => None,
                };
                view! {
                    <span class="attachment__text">
                        {(!refused).then(|| view! { <span class="attachment__name">{name.clone()}</span> })}
                        <span class="attachment__size">{label}</span>
                    </span>
                    {bar
                        .map(|percent| {
                            view! {
                                <i
                                    class="attachment__bar"
                                    role="progressbar"
                                    aria-label=format!("Upload of {name}")
                                    aria-valuenow=percent
                                    style=format!("--done:{percent}%")
                                ></i>
                            }
                        })}
                }
            })}
            <button
                class="button button--ghost button--icon"
                type="button"
                aria-label=remove
                on:click=handler(move |_| {
                    desk.focus();
                    desk.uploads.remove(key);
                })
            >
                <Ico icon=Icon::Close />
            </button>
        </span>
    }
    .into_any()
}
