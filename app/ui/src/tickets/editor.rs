//! What everybody who writes has around the field: tools, a preview, files.

use super::{
    attachments::file_icon,
    markdown::{self, Tool},
    rpc,
    uploads::{UploadList, Uploads, files_of},
};
use crate::erased::{dynamic, handler, reactive};
use crate::{
    icons::{Ico, Icon},
    shared::{Toaster, toaster},
};
use domain::{TicketId, attachment::ACCEPT};
use leptos::{ev, html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

/// A field for Markdown with its files. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Editor {
    pub area: NodeRef<html::Textarea>,
    /// The rendered text, while it is shown in place of the field.
    pub preview: RwSignal<Option<String>>,
    pub uploads: Uploads,
    /// Hears the whole text where a tool has changed it past the browser.
    typed: Callback<String>,
    toaster: Toaster,
}

impl Editor {
    /// For a message on a ticket, or for the first one of a ticket that is not there yet.
    pub fn new(ticket: Option<TicketId>, typed: Callback<String>) -> Self {
        Self {
            area: NodeRef::new(),
            preview: RwSignal::new(None),
            uploads: Uploads::new(ticket),
            typed,
            toaster: toaster(),
        }
    }

    /// Puts the cursor into the field: at once, or the letters that follow a key would not land there.
    pub fn focus(self) {
        self.preview.set(None);
        if let Some(area) = self.area.get_untracked() {
            // Where the preview was shown a moment ago, the field is still hidden.
            area.set_hidden(false);
            let _ = area.focus();
        }
    }

    /// Changes the text by a tool, so that the browser's own undo can take it back.
    pub fn use_tool(self, tool: Tool) {
        let Some(area) = self.area.get_untracked() else { return };
        let place = |at: Result<Option<u32>, _>| at.ok().flatten().unwrap_or_default() as usize;
        let edit = markdown::apply(tool, &area.value(), place(area.selection_start()), place(area.selection_end()));
        let _ = area.focus();
        let _ = area.set_selection_range(edit.start as u32, edit.end as u32);
        let typed = document().dyn_into::<web_sys::HtmlDocument>().is_ok_and(|document| {
            document.exec_command_with_show_ui_and_value("insertText", false, &edit.text).unwrap_or_default()
        });
        if !typed {
            let _ = area.set_range_text_with_start_and_end(&edit.text, edit.start as u32, edit.end as u32);
            self.typed.run(area.value());
        }
        let _ = area.set_selection_range(edit.select.0 as u32, edit.select.1 as u32);
    }

    /// Shows the text as its readers will see it, or the field again.
    fn toggle_preview(self) {
        if self.preview.with_untracked(Option::is_some) {
            return self.focus();
        }
        let Some(body) = self.area.get_untracked().map(|area| area.value()) else { return };
        spawn_local(async move {
            match rpc::preview(body).await {
                Ok(html) => drop(self.preview.try_set(Some(html))),
                Err(error) => self.toaster.fail(&error.0),
            }
        });
    }

    /// The keys of the tools. Whether it was one of them.
    pub fn keys(self, event: &ev::KeyboardEvent) -> bool {
        let command = event.ctrl_key() || event.meta_key();
        let tool = match event.key().to_ascii_lowercase().as_str() {
            "b" if command => Tool::Bold,
            "i" if command => Tool::Italic,
            _ => return false,
        };
        event.prevent_default();
        self.use_tool(tool);
        true
    }

    /// Takes dropped files.
    pub fn dropped(self, event: &ev::DragEvent) {
        event.prevent_default();
        self.uploads.add(files_of(event.data_transfer().and_then(|d| d.files())));
    }

    /// Takes files out of the clipboard; text goes where it always does.
    pub fn pasted(self, event: &ev::ClipboardEvent) {
        let files = files_of(event.clipboard_data().and_then(|d| d.files()));
        if !files.is_empty() {
            event.prevent_default();
            self.uploads.add(files);
        }
    }
}

/// The preview, while it stands in place of the field.
#[component]
pub fn Preview(editor: Editor) -> impl IntoView {
    dynamic(move || {
        editor.preview.get().map(|html| {
            view! {
                <div class="composer__preview prose" tabindex="0" role="region" aria-label="Preview" inner_html=html></div>
            }
        })
    })
}

/// The buttons below the field.
#[component]
pub fn Tools(editor: Editor) -> impl IntoView {
    let chooser = NodeRef::<html::Input>::new();
    let tool = move |tool: Tool, icon: Icon, name: &'static str| {
        view! {
            <button
                class="button button--ghost button--icon"
                type="button"
                aria-label=name
                data-tip=name
                data-tip-side="top"
                disabled=reactive(move || editor.preview.with(Option::is_some))
                on:click=handler(move |_| editor.use_tool(tool))
            >
                <Ico icon />
            </button>
        }
    };
    view! {
        <div class="composer__tools" role="toolbar" aria-label="Format">
            {tool(Tool::Bold, Icon::Bold, "Bold")}
            {tool(Tool::Italic, Icon::Italic, "Italic")}
            {tool(Tool::List, Icon::List, "List")}
            {tool(Tool::Link, Icon::Link, "Link")}
            {tool(Tool::Quote, Icon::Quote, "Quote")}
            {tool(Tool::Code, Icon::Code, "Code")}
        </div>
        <div class="composer__extras">
            <button
                class="button button--ghost button--icon"
                type="button"
                aria-label="Attach files"
                data-tip="Attach files"
                data-tip-side="top"
                on:click=handler(move |_| {
                    if let Some(chooser) = chooser.get_untracked() {
                        chooser.click();
                    }
                })
            >
                <Ico icon=Icon::Paperclip />
            </button>
            <input
                type="file"
                multiple
                hidden
                accept=ACCEPT
                node_ref=chooser
                aria-label="Files to attach"
                on:change=handler(move |_| {
                    if let Some(chooser) = chooser.get_untracked() {
                        editor.uploads.add(files_of(chooser.files()));
                        // The same file can be chosen again.
                        chooser.set_value("");
                    }
                })
            />
            <button
                class="button button--ghost button--icon"
                type="button"
                aria-label="Preview"
                aria-pressed=reactive(move || editor.preview.with(Option::is_some).to_string())
                data-tip="Preview"
                data-tip-side="top"
                on:click=handler(move |_| editor.toggle_preview())
            >
                <Ico icon=Icon::Eye />
            </button>
        </div>
    }
    .into_any()
}

/// The files of the message that is being written.
#[component]
pub fn Files(editor: Editor) -> impl IntoView {
    view! {
        <UploadList
            class="composer__files"
            uploads=editor.uploads
            icon=|file| file_icon(file.preview())
            back=Callback::new(move |()| editor.focus())
        />
    }
}
