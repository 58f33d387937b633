//! Custom fields: how they are defined. The definitions are a part of the catalog, so that no page reads them anew.

pub mod define;
pub mod values;

use crate::{Desk, OrOurs};
use domain::{
    Actor, FieldId, Result,
    fields::{Choice, Definition, Filled, Kind, Subject, Values},
    policy::{self, Action},
};
use sqlx::{PgConnection, PgPool, types::Json};

/// All definitions, retired ones included, each kind of thing's in their order.
pub(crate) async fn load(pool: &PgPool) -> Result<Vec<Definition>> {
    read(&mut *pool.acquire().await.ours()?).await
}

async fn read(conn: &mut PgConnection) -> Result<Vec<Definition>> {
    let fields = sqlx::query!(
        r#"select f.id, f.subject, f.kind, f.name, f.help, f.required, f.shown, f.retired_at is not null as "retired!", f.version,
                  (select coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'name', c.name,
                              'retired', c.retired_at is not null) order by c.position, c.id), '[]')
                   from field_choices c where c.field_id = f.id) as "choices!: Json<Vec<Choice>>"
           from fields f order by f.subject, f.position, f.id"#
    )
    .fetch_all(conn)
    .await
    .ours()?;
    Ok(fields
        .into_iter()
        .map(|r| Definition {
            id: FieldId(r.id),
            of: Subject::from_word(&r.subject).unwrap_or_default(),
            kind: Kind::from_word(&r.kind).unwrap_or_default(),
            name: r.name,
            help: r.help,
            required: r.required,
            shown: r.shown,
            retired: r.retired,
            choices: r.choices.0,
            version: r.version,
        })
        .collect())
}

/// The fields that a form of something new asks for. No statement.
#[crate::compiled_here]
pub async fn blank(desk: &Desk, actor: &Actor, of: Subject) -> Result<Vec<Filled>> {
    policy::demand(actor, Action::EditPeople, None)?;
    Ok(Filled::all(&desk.catalog().fields, of, &Values::new(), |_| String::new()))
}
