//! The forms in which custom fields are defined.

use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::fields::{ChoiceInput, Kind, NewDefinition, Subject};
use domain::{Actor, Error, FieldId};
use store::fields::define;
use ui::flash::{ASKED, Flash};

use crate::app::AppState;
use crate::forms::{Fields, answer, refuse, unreadable};
use crate::identify::Who;

const LIST: &str = "/settings/fields";

/// Moves one among the others.
pub async fn moved(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let done = async {
        let fields = Fields::read(request).await?;
        let (id, way) = (fields.number("field")?, fields.value("move").ok_or_else(unreadable)?);
        let mut tx = state.desk.begin().await?;
        define::shift(&mut tx, &who.0.actor, FieldId(id), way == "up").await?;
        tx.commit().await?;
        Ok(format!("{LIST}?moved={id}-{}&saved", if way == "up" { "up" } else { "down" }))
    };
    let done = done.await;
    answer(state, &headers, who, LIST, Vec::new(), done).await
}

/// What the form of one has come to.
enum Done {
    /// Where the browser is sent.
    Next(String),
    /// What would go, which is asked about first.
    Ask(String),
}

/// Makes one, or changes, retires or deletes it.
pub async fn field(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    let new = id.strip_prefix("new-").and_then(Subject::from_word);
    let number = FieldId(id.parse().unwrap_or_default());
    let page = match new {
        Some(of) => format!("{LIST}/new-{}", of.word()),
        None => format!("{LIST}/{number}"),
    };
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        typed.clone_from(&fields.0);
        match new {
            Some(of) => make(&state, &who.0.actor, of, &fields).await,
            None => change(&state, &who.0.actor, number, &fields).await,
        }
    };
    let done = match done.await {
        Ok(Done::Ask(asked)) => {
            let flash = Flash { values: vec![(ASKED.to_owned(), asked)], error: None };
            return refuse(state, &headers, who, &page, flash).await;
        }
        Ok(Done::Next(next)) => Ok(next),
        Err(error) => Err(error),
    };
    answer(state, &headers, who, &page, typed, done).await
}

async fn make(state: &AppState, actor: &Actor, of: Subject, fields: &Fields) -> Result<Done, Error> {
    let kind = fields.value("kind").and_then(Kind::from_word).ok_or_else(unreadable)?;
    let mut tx = state.desk.begin().await?;
    define::create(&mut tx, actor, of, &NewDefinition { kind, ..input(fields) }).await?;
    tx.commit().await?;
    Ok(Done::Next(format!("{LIST}?saved")))
}

fn input(fields: &Fields) -> NewDefinition {
    let value = |name: &str| fields.value(name).unwrap_or_default().to_owned();
    let choice = |id: &str| {
        let name = value(&format!("choice-{id}"));
        Some(ChoiceInput { id: id.parse().ok()?, name, retired: fields.value(&format!("retired-{id}")).is_some() })
    };
    NewDefinition {
        name: value("name"),
        help: value("help"),
        kind: Kind::default(),
        required: fields.value("required").is_some(),
        shown: fields.value("shown").is_some(),
        choices: fields.values("choice").filter_map(choice).collect(),
        more: value("more"),
    }
}

async fn change(state: &AppState, actor: &Actor, id: FieldId, fields: &Fields) -> Result<Done, Error> {
    let what = fields.value("do").unwrap_or_default();
    if what == "delete" && fields.value("sure").is_none() {
        return define::count(&state.desk, actor, id).await.map(|count| Done::Ask(going(count)));
    }
    let mut tx = state.desk.begin().await?;
    let mut next = format!("{LIST}/{id}?saved");
    match what {
        "retire" => define::retire(&mut tx, actor, id, true).await?,
        "restore" => define::retire(&mut tx, actor, id, false).await?,
        "delete" => {
            define::delete(&mut tx, actor, id).await?;
            next = format!("{LIST}?saved");
        }
        _ => {
            let mut input = input(fields);
            if let Some(moved) = fields.value("move") {
                shift(&mut input.choices, moved);
                next = format!("{LIST}/{id}?moved={}&saved", domain::attachment::url_name(moved));
            }
            define::change(&mut tx, actor, id, fields.number("version")?, &input).await?;
        }
    }
    tx.commit().await?;
    Ok(Done::Next(next))
}

/// What goes with a field, in words.
fn going(count: i64) -> String {
    match count {
        0 => "Nothing is filled in.".to_owned(),
        1 => "1 value goes with it.".to_owned(),
        count => format!("{count} values go with it."),
    }
}

/// Moves a choice past the one beside it: `up-7`.
fn shift(choices: &mut [ChoiceInput], moved: &str) {
    let Some((way, id)) = moved.split_once('-') else { return };
    let Some(here) = choices.iter().position(|choice| choice.id.to_string() == id) else { return };
    let there = if way == "up" { here.checked_sub(1) } else { Some(here + 1) };
    if let Some(there) = there.filter(|there| *there < choices.len()) {
        choices.swap(here, there);
    }
}
