//! Files on a message: chips with a small picture, and a dialog to look at them.

use super::work::{Piece, Work};
use crate::erased::{Rows, Sometimes, dynamic, effect, handler};
use crate::icons::{Ico, Icon};
use domain::{
    attachment::{Attachment, Preview},
    text,
};
use leptos::{ev, html, prelude::*};

/// The file that is being looked at.
#[derive(Clone, Copy)]
pub struct Previewing(RwSignal<Option<Attachment>>);

/// Lets the files below be looked at in a dialog; show it once with [`Previews`]. Without it, files are downloaded.
pub fn provide_preview() {
    provide_context(Previewing(RwSignal::new(None)));
}

/// The icon for a kind of file.
pub fn file_icon(preview: Preview) -> Icon {
    match preview {
        Preview::Image => Icon::Image,
        Preview::Pdf | Preview::Text => Icon::FileText,
        Preview::Audio | Preview::Video => Icon::Play,
        Preview::None => Icon::File,
    }
}

/// The files of a message. Nothing when there are none.
#[component]
pub fn AttachmentList(files: Vec<Attachment>) -> impl IntoView {
    (!files.is_empty()).shown(|| {
        view! {
            <ul class="attachments" aria-label="Files">
                {files.into_iter().map(|file| view! { <li>{chip(file)}</li> }).map(IntoAny::into_any).rows()}
            </ul>
        }
        .into_any()
    })
}

fn chip(file: Attachment) -> AnyView {
    if let Some(who) = file.deleted_by {
        return view! {
            <span class="attachment" data-state="deleted">
                <Ico icon=Icon::Trash />
                <span class="attachment__text">
                    <s class="attachment__name">{file.name}</s>
                    <span class="attachment__size">{format!("deleted by {who}")}</span>
                </span>
            </span>
        }
        .into_any();
    }
    let kind = file.preview();
    let (path, name, size) = (file.path(), file.name.clone(), text::bytes(file.size));
    let previewing = use_context::<Previewing>();
    let open = move |event: ev::MouseEvent| {
        let plain = !(event.ctrl_key() || event.meta_key() || event.shift_key());
        if let (Some(Previewing(shown)), true, true) = (previewing, plain, kind != Preview::None) {
            event.prevent_default();
            shown.set(Some(file.clone()));
        }
    };
    let picture = match kind {
        Preview::Image => view! {
            <img class="attachment__thumb" src=format!("{path}?inline") width="72" height="52" alt="" loading="lazy" />
        }
        .into_any(),
        other => view! { <Ico icon=file_icon(other) /> }.into_any(),
    };
    view! {
        <a class="attachment" href=path rel="external" on:click=handler(open)>
            {picture}
            <span class="attachment__text">
                <span class="attachment__name">{name}</span>
                <span class="attachment__size">{size}</span>
            </span>
        </a>
    }
    .into_any()
}

/// The place of the dialog, which comes when a file is first looked at.
#[component]
pub fn Previews(work: Work) -> impl IntoView {
    let previewing: Previewing = expect_context();
    let once = Memo::new(move |was: Option<&bool>| was == Some(&true) || previewing.0.with(Option::is_some));
    effect(move || {
        if once.get() {
            work.ask();
        }
    });
    dynamic(move || once.get().then(|| work.make(Piece::Preview(previewing))).flatten())
}

/// Shows the chosen file over the page.
#[component]
pub fn PreviewDialog(previewing: Previewing) -> impl IntoView {
    let Previewing(shown) = previewing;
    let dialog = NodeRef::<html::Dialog>::new();
    effect(move || {
        let Some(dialog) = dialog.get() else { return };
        if shown.with(Option::is_some) && !dialog.open() {
            let _ = dialog.show_modal();
        } else if shown.with(Option::is_none) && dialog.open() {
            dialog.close();
        }
    });
    view! {
        <dialog
            class="dialog dialog--wide preview"
            node_ref=dialog
            aria-labelledby="preview-title"
            on:close=handler(move |_| shown.set(None))
            on:click=handler(move |event: ev::MouseEvent| {
                // A click beside the dialog falls on the dialog itself.
                let beside = dialog.get_untracked().is_some_and(|d| {
                    event.target().as_ref() == Some(AsRef::<web_sys::EventTarget>::as_ref(&d))
                });
                if beside {
                    shown.set(None);
                }
            })
        >
            <header class="dialog__head">
                <h2 class="dialog__title" id="preview-title">
                    {dynamic(move || shown.get().map_or_else(|| "File".to_owned(), |f| f.name))}
                </h2>
                {dynamic(move || {
                    shown
                        .get()
                        .map(|file| {
                            view! {
                                <a class="button button--sm" href=file.path() rel="external" download=file.name>
                                    <Ico icon=Icon::Download />
                                    {format!("Download, {}", text::bytes(file.size))}
                                </a>
                            }
                        })
                })}
                <button
                    class="button button--ghost button--icon"
                    type="button"
                    aria-label="Close"
                    on:click=handler(move |_| shown.set(None))
                >
                    <Ico icon=Icon::Close />
                </button>
            </header>
            <div class="dialog__body preview__body">{dynamic(move || shown.get().map(look))}</div>
        </dialog>
    }
    .into_any()
}

fn look(file: Attachment) -> AnyView {
    let inline = format!("{}?inline", file.path());
    match file.preview() {
        Preview::Image => view! { <img class="preview__image" src=inline alt=file.name /> }.into_any(),
        Preview::Pdf | Preview::Text => {
            view! { <iframe class="preview__frame" src=inline title=file.name></iframe> }.into_any()
        }
        Preview::Audio => view! { <audio class="preview__sound" src=inline controls></audio> }.into_any(),
        Preview::Video => view! { <video class="preview__image" src=inline controls></video> }.into_any(),
        Preview::None => ().into_any(),
    }
}
