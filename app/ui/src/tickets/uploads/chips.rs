//! The files of a message that is being written: how far each has got, and what can be done about it.

use super::{Progress, Upload, Uploads};
use crate::erased::{Sometimes, dynamic, handler, list, reactive};
use crate::icons::{Ico, Icon};
use domain::{attachment::Attachment, text};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// All files of a message.
#[component]
pub fn UploadList(
    class: &'static str,
    uploads: Uploads,
    /// What stands for a file that is there.
    icon: fn(&Attachment) -> Icon,
    /// Where the focus goes on when a file has been taken off.
    back: Callback<()>,
) -> impl IntoView {
    view! {
        <div class=class>
            {list(
                move || uploads.list.get(),
                |upload| [upload.key.into(), 0, 0],
                move |upload| view! { <Chip upload uploads icon back /> }.into_any(),
            )}
        </div>
    }
    .into_any()
}

#[component]
fn Chip(upload: Upload, uploads: Uploads, icon: fn(&Attachment) -> Icon, back: Callback<()>) -> impl IntoView {
    let Upload { key, name, size, progress, .. } = upload;
    let remove = format!("Remove {name}");
    let (state, words, done, sort) = (progress.clone(), progress.clone(), progress.clone(), progress);
    view! {
        <span
            class="attachment"
            data-state=reactive(move || matches!(state.get(), Progress::Failed { .. }).then_some("failed"))
            role=reactive(move || matches!(words.get(), Progress::Failed { .. }).then_some("alert"))
        >
            {dynamic(move || {
                let icon = match sort.get() {
                    Progress::Sending(_) => Icon::Upload,
                    Progress::Done(file) => icon(&file),
                    Progress::Failed { .. } => Icon::Alert,
                };
                view! { <Ico icon /> }
            })}
            {dynamic(move || {
                let progress = done.get();
                let label = match &progress {
                    Progress::Sending(percent) => format!("{percent} %"),
                    Progress::Done(_) => text::bytes(size),
                    Progress::Failed { why, .. } => why.clone(),
                };
                // The reason names the file already.
                let refused = matches!(progress, Progress::Failed { .. }) && label.contains(&name);
                let again = matches!(progress, Progress::Failed { again: true, .. });
                let bar = match progress {
                    Progress::Sending(percent) => Some(percent),
                    _ => None,
                };
                view! {
                    <span class="attachment__text">
                        {(!refused).shown(|| view! { <span class="attachment__name">{name.clone()}</span> })}
                        <span class="attachment__size">{label}</span>
                    </span>
                    {bar
                        .map(|percent| {
                            view! {
                                <progress
                                    class="attachment__bar"
                                    aria-label=format!("Upload of {name}")
                                    max="100"
                                    value=percent
                                ></progress>
                            }
                        })}
                    {again
                        .shown(|| {
                            view! {
                                <button
                                    class="button button--sm"
                                    type="button"
                                    aria-label=format!("Try again: {name}")
                                    on:click=handler(move |event: ev::MouseEvent| {
                                        // This button goes; the one after it stays.
                                        let this = event.current_target().and_then(|t| t.dyn_into::<Element>().ok());
                                        focus(this.and_then(|this| this.next_element_sibling()));
                                        uploads.again(key);
                                    })
                                >
                                    "Try again"
                                </button>
                            }
                        })}
                }
            })}
            <button
                class="button button--ghost button--icon"
                type="button"
                aria-label=remove
                on:click=handler(move |_| {
                    back.run(());
                    uploads.remove(key);
                })
            >
                <Ico icon=Icon::Close />
            </button>
        </span>
    }
    .into_any()
}

fn focus(element: Option<Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}
