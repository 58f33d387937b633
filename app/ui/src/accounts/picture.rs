//! A picture: chosen, made small by the browser before it is sent, and taken away again. One's own, or the logo of a company.

use super::profile::refused;
use crate::erased::{Sometimes, handler};
use crate::{
    me,
    shared::{Avatar, field_error},
};
use leptos::{ev, html, prelude::*};

#[component]
pub fn OwnPicture(page: &'static str) -> impl IntoView {
    let seen_by = if me::start().is_staff() {
        "Colleagues see it wherever your name stands, customers beside what you write."
    } else {
        "Support staff and the others of your company see it beside your name."
    };
    let me = me::me().map(|me| me.as_person());
    let picture = me.as_ref().and_then(|me| me.picture_path());
    let has_one = picture.is_some();
    let problem =
        refused("picture").and_then(|flash| flash.problem("picture").or_else(|| flash.error.map(|e| e.message)));
    view! {
        <section class="section">
            <div class="section__head">
                <h2 class="section__title">"Picture"</h2>
            </div>
            <div class="row">
                {me.map(|me| view! { <Avatar name=me.name size="xl" picture /> })}
                <p class="field__hint">
                    {seen_by} " JPEG, PNG, GIF or WebP of at most 2 MB; what a camera has noted in it is taken out."
                </p>
            </div>
            <PictureForms action=page what="picture" has_one problem />
        </section>
    }
    .into_any()
}

/// The form that a picture is sent with, and the one that has it taken away.
#[component]
pub fn PictureForms(
    #[prop(into)] action: String,
    /// What it is called.
    what: &'static str,
    has_one: bool,
    problem: Option<String>,
    /// All of it is kept, whatever its shape, and not its middle only.
    #[prop(optional)]
    whole: bool,
) -> impl IntoView {
    let chosen = NodeRef::<html::Input>::new();
    let send = move |event: ev::SubmitEvent| {
        if let Some(input) = chosen.get_untracked() {
            browser::send_small(&event, input, whole);
        }
    };
    view! {
            <form
                method="post"
                action=action.clone()
                enctype="multipart/form-data"
                class="stack"
                on:submit=handler(send)
            >
                <div class="field">
                    <label class="field__label" for="picture">
                        {if has_one { format!("Another {what}") } else { format!("Choose a {what}") }}
                    </label>
                    <input
                        class="input"
                        type="file"
                        id="picture"
                        name="picture"
                        accept="image/jpeg,image/png,image/gif,image/webp"
                        required
                        node_ref=chosen
                        aria-invalid=problem.is_some().then_some("true")
                        aria-describedby=problem.is_some().then_some("picture-error")
                    />
                    {field_error("picture", problem)}
                </div>
                <div class="actions">
                    <button class="button button--primary" type="submit">
                        {format!("Save {what}")}
                    </button>
                </div>
            </form>
            {has_one
                .shown(|| {
                    view! {
                        <form method="post" action=action enctype="multipart/form-data" class="actions">
                            <input type="hidden" name="remove" value="yes" />
                            <button class="button" type="submit">
                                {format!("Remove {what}")}
                            </button>
                        </form>
                    }
                })}
    }
    .into_any()
}

#[cfg(feature = "ssr")]
mod browser {
    use web_sys::{HtmlInputElement, SubmitEvent};

    pub fn send_small(_: &SubmitEvent, _: HtmlInputElement, _: bool) {}
}

#[cfg(not(feature = "ssr"))]
mod browser {
    use domain::picture::SIDE;
    use leptos::{prelude::*, task::spawn_local};
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{
        Blob, CanvasRenderingContext2d, DataTransfer, File, HtmlCanvasElement, HtmlInputElement, ImageBitmap,
        SubmitEvent,
    };

    /// Sends the middle of the picture, or the whole of it, as small as it is ever shown. Where the browser cannot do that,
    /// it is sent as it is: the server says what is wrong with it.
    pub fn send_small(event: &SubmitEvent, input: HtmlInputElement, whole: bool) {
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        let Some(form) = input.form() else { return };
        event.prevent_default();
        spawn_local(async move {
            if let Ok(Some(small)) = small(&file, whole).await {
                input.set_files(Some(&small));
            }
            let _ = form.submit();
        });
    }

    async fn small(file: &File, whole: bool) -> Result<Option<web_sys::FileList>, JsValue> {
        let picture: ImageBitmap = JsFuture::from(window().create_image_bitmap_with_blob(file)?).await?.dyn_into()?;
        let canvas: HtmlCanvasElement = document().create_element("canvas")?.dyn_into()?;
        let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
        let side = width.min(height);
        // What is cut out, and what becomes of it.
        let (cut, to) = if whole {
            let scale = (2.0 * f64::from(SIDE) / width).min(f64::from(SIDE) / height).min(1.0);
            ((width, height), ((width * scale).ceil(), (height * scale).ceil()))
        } else {
            ((side, side), (f64::from(SIDE), f64::from(SIDE)))
        };
        canvas.set_width(to.0 as u32);
        canvas.set_height(to.1 as u32);
        let Some(brush) = canvas.get_context("2d")? else { return Ok(None) };
        let brush: CanvasRenderingContext2d = brush.dyn_into()?;
        brush.draw_image_with_image_bitmap_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            &picture,
            (width - cut.0) / 2.0,
            (height - cut.1) / 2.0,
            cut.0,
            cut.1,
            0.0,
            0.0,
            to.0,
            to.1,
        )?;
        let made = js_sys::Promise::new(&mut |done, failed| {
            let taken = Closure::once_into_js(move |blob: JsValue| {
                let _ = done.call1(&JsValue::NULL, &blob);
            });
            if canvas
                .to_blob_with_type_and_encoder_options(taken.unchecked_ref(), "image/webp", &JsValue::from_f64(0.85))
                .is_err()
            {
                let _ = failed.call0(&JsValue::NULL);
            }
        });
        let blob: Blob = JsFuture::from(made).await?.dyn_into()?;
        let parts = js_sys::Array::of1(&blob);
        let file = File::new_with_blob_sequence(&parts, "picture")?;
        let carrier = DataTransfer::new()?;
        carrier.items().add_with_file(&file)?;
        Ok(carrier.files())
    }
}
