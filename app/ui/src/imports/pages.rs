//! `/customers/import` and the page of each.

use super::{mapping::Mapping, rpc};
use crate::customers::pieces::{PeoplePage, failed, loading};
use crate::erased::{Sometimes, effect, memo};
use crate::fetched::resource;
use crate::{
    flash::flash,
    icons::{Ico, Icon},
    me,
    rpc::Rpc,
    shared::{Column, ErrorNotice, Markup, awaited, fetched, field_error, table_of, when},
};
use domain::{
    Error, ImportId,
    import::{Becomes, Import, ImportView, Kind, Refusal, Sample, State, TAGS_MADE},
    policy::Action,
    text::{self, grouped},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use std::time::Duration;

/// How long the page waits before it looks again how far it has come.
const LOOK: Duration = Duration::from_secs(1);

fn up() -> (String, String) {
    ("Customers".to_owned(), "/customers".to_owned())
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Mapping => "Not begun",
        State::Trying => "Being tried",
        State::Tried => "Tried",
        State::Running => "Running",
        State::Done => "Done",
        State::Stopped => "Stopped",
        State::Failed => "Failed",
    }
}

/// A file to upload, and what was uploaded before.
#[component]
pub fn ImportsPage() -> impl IntoView {
    let flash = flash();
    if !me::may(Action::ImportPeople) {
        // Whoever has sent a file is told so by the page already.
        let untold = flash.error.is_none();
        return view! {
            <PeoplePage title="Import" up=up() narrow=true>
                {untold.shown(|| view! { <ErrorNotice error=Error::forbidden() /> })}
            </PeoplePage>
        }
        .into_any();
    }
    let problem = flash.problem("file");
    let kind = Kind::from_word(&flash.value("kind")).unwrap_or_default();
    let choice = move |of: Kind, name: &'static str, hint: &'static str| {
        view! {
            <label class="check">
                <input type="radio" name="kind" value=of.word() checked=of == kind />
                <span>{name} <span class="field__hint">{hint}</span></span>
            </label>
        }
        .into_any()
    };
    let found = resource(|| (), |()| rpc::list_imports());
    let described = problem.is_some().then_some("file-error");
    view! {
        <PeoplePage
            title="Import"
            up=up()
            narrow=true
            lead="From a CSV file, as spreadsheets and other systems write it. Nothing is changed before you have seen what would be."
        >
            <form method="post" action="/customers/import" enctype="multipart/form-data" class="stack">
                <fieldset class="stack stack--tight">
                    <legend class="field__label">"What is in it"</legend>
                    {choice(Kind::Customers, "Customers", " Known by their e-mail address")}
                    {choice(Kind::Companies, "Companies", " Known by their name")}
                    {choice(
                        Kind::Tickets,
                        "Tickets",
                        " Known by their number. Exports of Zendesk, Freshdesk, Zammad and osTicket are recognised",
                    )}
                </fieldset>
                <div class="field">
                    <label class="field__label" for="file">
                        "File"
                    </label>
                    <input
                        class="input"
                        id="file"
                        name="file"
                        type="file"
                        accept=".csv,.tsv,.txt,text/csv"
                        required=true
                        aria-invalid=problem.is_some().then_some("true")
                        aria-describedby=described
                    />
                    {field_error("file", problem)}
                    <p class="field__hint">"At most 50 MB and 200,000 lines. What is there already is not doubled."</p>
                </div>
                <div class="actions">
                    <button class="button button--primary" type="submit">
                        <Ico icon=Icon::Upload />
                        "Upload and look"
                    </button>
                </div>
            </form>
            {fetched(
                || view! { <i class="skeleton skeleton--block" data-tall="160"></i> }.into_any(),
                found,
                |imports: Vec<Import>| earlier(&imports),
            )}
        </PeoplePage>
    }
    .into_any()
}

fn earlier(imports: &[Import]) -> AnyView {
    if imports.is_empty() {
        return ().into_any();
    }
    let row = |table: Markup, import: &Import| {
        table
            .raw("<tr><td><a href=\"/customers/import/")
            .number(import.id.0)
            .raw("\">")
            .text(&import.name)
            .raw("</a></td><td data-label=\"State\">")
            .raw(state_name(import.state))
            .raw("</td><td class=\"num\" data-label=\"Lines\">")
            .text(grouped(import.lines_all))
            .raw("</td><td data-label=\"By\">")
            .text(&import.by)
            .raw("</td><td data-label=\"When\">")
            .with(when(import.created_at, ""))
            .raw("</td></tr>")
    };
    let rows = imports.iter().fold(Markup::new("<tbody>"), row).raw("</tbody>");
    view! {
        <section class="section" aria-labelledby="earlier">
            <h2 class="section__title" id="earlier">
                "Earlier files"
            </h2>
            {table_of(
                "Earlier files, newest first",
                &[
                    Column::Text("File"),
                    Column::Text("State"),
                    Column::Number("Lines"),
                    Column::Text("By"),
                    Column::Text("When"),
                ],
                rows,
            )}
        </section>
    }
    .into_any()
}

/// `/customers/import/N`: what is in which column, what would be, how far it has come, what was refused.
#[component]
pub fn ImportPage() -> impl IntoView {
    let params = use_params_map();
    let id = memo(move || params.with(|p| p.get("id").and_then(|n| n.parse().ok())).map(ImportId));
    let found = resource(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => rpc::view_import(id).await,
                None => Err(Error::not_found("import").into()),
            }
        },
    );
    awaited(loading, move || async move {
        let view: Rpc<ImportView> = found.await;
        match view {
            Ok(shown) => {
                let look = Callback::new(move |()| found.refetch());
                view! { <Shown shown look /> }.into_any()
            }
            Err(error) => failed(error.0, "Import", Callback::new(move |()| found.refetch())),
        }
    })
}

#[component]
fn Shown(shown: ImportView, look: Callback<()>) -> impl IntoView {
    let import = shown.import.clone();
    let moving = import.state.is_moving();
    effect(move || {
        if moving && let Ok(timer) = set_timeout_with_handle(move || look.run(()), LOOK) {
            on_cleanup(move || timer.clear());
        }
    });
    let page = format!("/customers/import/{}", import.id);
    let lead = format!(
        "{} {} · {} · by {}",
        grouped(import.lines_all),
        if import.lines_all == 1 { "line" } else { "lines" },
        text::bytes(import.size),
        import.by
    );
    let mapping = matches!(import.state, State::Mapping | State::Tried);
    let up = ("Import".to_owned(), "/customers/import".to_owned());
    let body = match import.state {
        State::Trying | State::Running => view! { <Progress import=import.clone() page=page.clone() /> }.into_any(),
        State::Mapping => ().into_any(),
        State::Failed => view! {
            <p class="notice" data-kind="error" role="alert">
                <Ico icon=Icon::Alert />
                {import.problem.clone().unwrap_or_default()}
            </p>
        }
        .into_any(),
        State::Tried | State::Done | State::Stopped => {
            view! { <Outcome import=import.clone() page=page.clone() /> }.into_any()
        }
    };
    let refusals = refused(&shown.refusals, import.refused, &page);
    let samples = samples(&shown.samples);
    view! {
        <PeoplePage title=import.name.clone() up lead>
            {body} {samples} {refusals} {mapping.shown(|| view! { <Mapping shown page /> })}
        </PeoplePage>
    }
    .into_any()
}

#[component]
fn Progress(import: Import, page: String) -> impl IntoView {
    let percent = if import.lines_all > 0 { (import.lines_done * 100 / import.lines_all).clamp(0, 100) } else { 0 };
    let words = if import.state == State::Trying { "Trying: nothing is changed." } else { "Bringing in." };
    view! {
        <div class="stack">
            <div class="progress">
                <progress class="progress__bar" aria-label="Import" max="100" value=percent.to_string()></progress>
                <span class="progress__number">{format!("{} / {}", grouped(import.lines_done), grouped(import.lines_all))}</span>
                <p class="progress__text">{format!("{words} You can leave this page; it goes on.")}</p>
            </div>
            <form method="post" action=page.clone() class="actions">
                <button class="button" type="submit" name="do" value="stop" disabled=import.stopping>
                    {if import.stopping { "Stopping…" } else { "Stop" }}
                </button>
                <a class="button button--ghost" href=page.clone() rel="external">
                    "Look again"
                </a>
            </form>
        </div>
    }
    .into_any()
}

#[component]
fn Outcome(import: Import, page: String) -> impl IntoView {
    let tried = import.state == State::Tried;
    let stopped = import.state == State::Stopped;
    let stat = |name: &'static str, n: i64| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{grouped(n)}</dd>
            </div>
        }
    };
    let (made, changed, same, refused) = if tried {
        ("Would be made", "Would be changed", "As they are", "Would be refused")
    } else {
        ("Made", "Changed", "As they were", "Refused")
    };
    let notice = match import.state {
        State::Stopped => Some((
            "warning",
            format!(
                "Stopped after {} of {} lines. What was brought in stays.",
                grouped(import.lines_done),
                grouped(import.lines_all)
            ),
        )),
        State::Done => Some(("ok", "Done.".to_owned())),
        _ => None,
    };
    view! {
        <div class="stack">
            {notice
                .map(|(kind, text)| {
                    view! {
                        <p class="notice" data-kind=kind role="status">
                            <Ico icon=if kind == "ok" { Icon::Check } else { Icon::Warning } />
                            {text}
                        </p>
                    }
                })}
            <dl class="stats">
                {stat(made, import.made)} {stat(changed, import.changed)} {stat(same, import.same)}
                {stat(refused, import.refused)}
            </dl>
            {(import.unassigned > 0)
                .shown(|| {
                    view! {
                        <p class="muted">
                            {format!("Unassigned, as nobody on staff is called like the assignee: {}.", grouped(import.unassigned))}
                        </p>
                    }
                })}
            {(import.tags_left > 0)
                .shown(|| {
                    view! {
                        <p class="muted">
                            {format!(
                                "Without some of their tags, as one file makes at most {TAGS_MADE} new ones: {}.",
                                grouped(import.tags_left),
                            )}
                        </p>
                    }
                })}
            {(tried || stopped)
                .shown(|| {
                    view! {
                        <form method="post" action=page class="actions">
                            <button
                                class="button button--primary"
                                type="submit"
                                name="do"
                                value="run"
                                disabled=tried && import.made + import.changed == 0
                            >
                                {if stopped { "Begin again" } else { "Bring in" }}
                            </button>
                            <span class="faint">
                                {if tried { "Nothing has been changed so far." } else { "What is there already is left as it is." }}
                            </span>
                        </form>
                    }
                })}
        </div>
    }
    .into_any()
}

/// What would become of the first lines that would be taken.
fn samples(samples: &[Sample]) -> AnyView {
    if samples.is_empty() {
        return ().into_any();
    }
    let row = |table: Markup, sample: &Sample| {
        let becomes = match &sample.becomes {
            Becomes::Made(None) => "Made".to_owned(),
            Becomes::Made(Some(who)) => format!("Made, unassigned: nobody on staff is called “{who}”"),
            Becomes::Changed(fields) => format!("Changed: {}", fields.join(", ")),
            Becomes::Same => "Is there already, as it is".to_owned(),
        };
        table
            .raw("<tr><td class=\"num\" data-label=\"Line\">")
            .number(sample.line)
            .raw("</td><td data-label=\"What it says\">")
            .text(text::excerpt(&sample.says, 100))
            .raw("</td><td data-label=\"What becomes of it\">")
            .text(becomes)
            .raw("</td></tr>")
    };
    let rows = samples.iter().fold(Markup::new("<tbody>"), row).raw("</tbody>");
    view! {
        <section class="section" aria-labelledby="samples">
            <h2 class="section__title" id="samples">
                "What would become of the first lines"
            </h2>
            {table_of(
                "What would become of the first lines",
                &[Column::Number("Line"), Column::Text("What it says"), Column::Text("What becomes of it")],
                rows,
            )}
        </section>
    }
    .into_any()
}

fn refused(refusals: &[Refusal], all: i64, page: &str) -> AnyView {
    if refusals.is_empty() {
        return ().into_any();
    }
    let row = |table: Markup, refusal: &Refusal| {
        table
            .raw("<tr><td class=\"num\" data-label=\"Line\">")
            .number(refusal.line)
            .raw("</td><td data-label=\"Why\">")
            .text(&refusal.reason)
            .raw("</td><td data-label=\"What it says\">")
            .text(text::excerpt(&refusal.cells.join(" · "), 100))
            .raw("</td></tr>")
    };
    let rows = refusals.iter().fold(Markup::new("<tbody>"), row).raw("</tbody>");
    let more = (all > refusals.len() as i64).then(|| format!("The first {} of {}.", refusals.len(), grouped(all)));
    view! {
        <section class="section" aria-labelledby="refused">
            <div class="section__head">
                <h2 class="section__title" id="refused">
                    "Refused lines"
                </h2>
                <a class="button button--sm" href=format!("{page}/refused.csv") rel="external" download="">
                    <Ico icon=Icon::Download />
                    "All as CSV"
                </a>
            </div>
            {more.map(|more| view! { <p class="muted">{more}</p> })}
            {table_of(
                "Refused lines",
                &[Column::Number("Line"), Column::Text("Why"), Column::Text("What it says")],
                rows,
            )}
        </section>
    }
    .into_any()
}
