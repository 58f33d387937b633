use super::*;
use crate::{StatusId, workflow::Status};

const NOW: Time = Time(1_795_248_720_000);

fn workflow() -> Workflow {
    let names = ["Open", "In progress", "Waiting for customer", "Resolved", "Closed"];
    let status = |(n, category): (usize, Category)| Status {
        id: StatusId(n as i64 + 1),
        key: category.word().into(),
        name: names[n].into(),
        customer_name: names[n].into(),
        category,
        wip_limit: None,
        wip_refuse: false,
    };
    Workflow { statuses: Category::ALL.into_iter().enumerate().map(status).collect(), transitions: Vec::new() }
}

/// A line with these cells; those that every ticket needs are there unless they are among them.
fn line(cells: &[(Field, &str)]) -> Result<OldTicket, String> {
    from("Other", cells)
}

fn from(system: &str, cells: &[(Field, &str)]) -> Result<OldTicket, String> {
    let usual = [(Field::Number, "7"), (Field::Subject, "Printer"), (Field::Email, "jana@acme.example")];
    let value = |field| {
        let cell = cells.iter().chain(&usual).find(|(f, _)| *f == field);
        cell.map(|(_, text)| (*text).to_owned()).unwrap_or_default()
    };
    read(value, system, &workflow(), NOW)
}

#[test]
fn systems_and_their_columns_are_known() {
    use Field::*;
    for (header, name, columns) in [
        (
            "Summation column|Id|Requester|Requester id|Requester email|Submitter|Assignee|Group|Subject|Tags|Status|Priority|Via|Created at|Updated at|Solved at",
            Some(ZENDESK),
            vec![
                None,
                Some(Number),
                Some(Name),
                None,
                Some(Email),
                None,
                Some(Assignee),
                None,
                Some(Subject),
                Some(Tags),
                Some(Status),
                Some(Priority),
                Some(Channel),
                Some(Created),
                Some(Updated),
                Some(Closed),
            ],
        ),
        (
            "Ticket ID|Subject|Status|Priority|Source|Type|Agent|Created time|Last update time|Closed time|Tags|Full name|Email",
            Some(FRESHDESK),
            vec![
                Some(Number),
                Some(Subject),
                Some(Status),
                Some(Priority),
                Some(Channel),
                None,
                Some(Assignee),
                Some(Created),
                Some(Updated),
                Some(Closed),
                Some(Tags),
                Some(Name),
                Some(Email),
            ],
        ),
        (
            "#|Title|State|Priority|Group|Owner|Customer|Create Channel|Tags|Created At|Updated At|Closed At",
            Some(ZAMMAD),
            vec![
                Some(Number),
                Some(Subject),
                Some(Status),
                Some(Priority),
                None,
                Some(Assignee),
                Some(Email),
                Some(Channel),
                Some(Tags),
                Some(Created),
                Some(Updated),
                Some(Closed),
            ],
        ),
        (
            "Ticket Number|Date Created|Subject|From|From Email|Priority|Department|Source|Current Status|Last Updated|Agent Assigned",
            Some(OSTICKET),
            vec![
                Some(Number),
                Some(Created),
                Some(Subject),
                Some(Name),
                Some(Email),
                Some(Priority),
                None,
                Some(Channel),
                Some(Status),
                Some(Updated),
                Some(Assignee),
            ],
        ),
        ("Nummer|Betreff|E-Mail|Text|Notes", None, vec![Some(Number), Some(Subject), Some(Email), Some(Message), None]),
    ] {
        let names: Vec<String> = header.split('|').map(str::to_owned).collect();
        let found: Vec<_> = names.iter().map(|n| super::super::guess(Kind::Tickets, n, &[])).collect();
        assert_eq!((system(&names), found), (name, columns), "{header}");
    }
}

#[test]
fn times_are_read() {
    for (text, at) in [
        ("2026-11-21T08:12:00Z", Some("2026-11-21T08:12:00Z")),
        ("2026-11-21 08:12", Some("2026-11-21T08:12:00Z")),
        ("2026-11-21 08:12:59", Some("2026-11-21T08:12:59Z")),
        ("2026-11-21", Some("2026-11-21T00:00:00Z")),
        ("2026-11-21T08:12:00.123+02:00", Some("2026-11-21T06:12:00Z")),
        ("2026-11-21 08:12:00 +0530", Some("2026-11-21T02:42:00Z")),
        ("2026-11-21 08:12:00 -0200", Some("2026-11-21T10:12:00Z")),
        ("2026-11-21 08:12:00 UTC", Some("2026-11-21T08:12:00Z")),
        ("2026-11-21T08:12+01", Some("2026-11-21T07:12:00Z")),
        ("2024-02-29 00:00", Some("2024-02-29T00:00:00Z")),
        ("2023-02-29 00:00", None),
        ("21.11.2026 08:12", None),
        ("11/21/2026 08:12", None),
        ("2026-11-21 24:00", None),
        ("2026-11-21 08:12 PM", None),
        ("2026-11-21T", None),
        ("2026-11-21 08:12:00.", None),
        ("2026-11-21 08:12+99:00", None),
        ("2026-11-2108:12", None),
        ("tomorrow", None),
        ("ääääääääää", None),
        ("", None),
    ] {
        assert_eq!(moment(text).map(Time::rfc3339).as_deref(), at, "{text}");
    }
    assert_eq!(moment("2026-11-21 08:12:00.5"), moment("2026-11-21 08:12:00").map(|t| t.plus_millis(500)));
}

#[test]
fn lines_are_read() {
    let full = line(&[
        (Field::Number, "#4711"),
        (Field::Message, "It is\r\nbroken."),
        (Field::Email, "Jana Weiß <jana@acme.example>"),
        (Field::Status, "Solved"),
        (Field::Priority, "3 high"),
        (Field::Importance, "critical"),
        (Field::Assignee, "Mia <Mia@Desk.example>"),
        (Field::Tags, "Big printer, second floor, ,big printer"),
        (Field::Channel, "E-Mail"),
        (Field::Created, "2020-01-02 03:04"),
        (Field::Closed, "2020-01-03 03:04"),
    ])
    .unwrap();
    assert_eq!(
        (full.number.as_str(), full.name.as_str(), full.email.as_str()),
        ("4711", "Jana Weiß", "jana@acme.example")
    );
    assert_eq!((full.status, full.urgency, full.importance), (StatusId(4), Level::High, Level::Critical));
    assert_eq!((full.assignee.as_str(), full.source), ("mia@desk.example", Source::Email));
    assert_eq!(full.tags, ["big printer", "second floor"]);
    assert_eq!((full.message.as_str(), full.created.rfc3339().as_str()), ("It is\nbroken.", "2020-01-02T03:04:00Z"));
    assert_eq!((full.moved, full.updated), (full.created.plus_millis(86_400_000), full.moved));

    let little = line(&[]).unwrap();
    assert_eq!((little.message.as_str(), little.status, little.created), ("Printer", StatusId(1), NOW));
    assert_eq!((little.urgency, little.importance, little.source), (Level::Medium, Level::Medium, Source::Web));
    assert_eq!(from("zendesk", &[(Field::Tags, "vip big_one")]).unwrap().tags, ["vip", "big_one"]);
    assert_eq!(line(&[(Field::Subject, ""), (Field::Message, "Help me")]).unwrap().subject, "Help me");
    // A clock that is ahead of UTC, and a last change before the first.
    assert_eq!(line(&[(Field::Created, "2026-11-21 13:00")]).unwrap().created, NOW);
    let back = line(&[(Field::Created, "2026-01-01"), (Field::Updated, "2025-01-01")]).unwrap();
    assert!(back.moved == back.created && back.updated == back.created);
}

#[test]
fn words_of_other_systems_are_known() {
    let status = |word| line(&[(Field::Status, word)]).map(|t| t.status.0);
    for (word, id) in [
        ("New", 1),
        ("open", 1),
        ("In progress", 2),
        ("waiting", 3),
        ("Pending", 3),
        ("Hold", 3),
        ("On-hold", 3),
        ("pending reminder", 3),
        ("Waiting on Third Party", 3),
        ("Waiting for customer", 3),
        ("solved", 4),
        ("Resolved", 4),
        ("CLOSED", 5),
        ("Archived", 5),
    ] {
        assert_eq!(status(word), Ok(id), "{word}");
    }
    let pair = |word| line(&[(Field::Priority, word)]).map(|t| (t.urgency, t.importance));
    for (word, level) in [
        ("Low", Level::Low),
        ("1 low", Level::Low),
        ("-", Level::Medium),
        ("2 normal", Level::Medium),
        ("Medium", Level::Medium),
        ("3", Level::High),
        ("Urgent", Level::Critical),
        ("Emergency", Level::Critical),
    ] {
        assert_eq!(pair(word), Ok((level, level)), "{word}");
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    for (cell, said) in [
        ((Field::Number, ""), "no number"),
        ((Field::Email, "Jana"), "e-mail address"),
        ((Field::Status, "Deleted"), "There is no status “Deleted” here. There are: Open, In progress"),
        ((Field::Priority, "whatever"), "There is no priority “whatever”"),
        ((Field::Urgency, "soon"), "There is no urgency “soon”"),
        ((Field::Created, "21.11.2026"), "Opened: “21.11.2026” is no time"),
        ((Field::Created, "2199-01-01"), "Opened: 2199-01-01T00:00:00Z is no time"),
        ((Field::Closed, "1970-01-01"), "Closed: 1970-01-01T00:00:00Z is no time"),
        ((Field::Subject, ""), "neither a subject nor a message"),
    ] {
        let error = line(&[cell]).unwrap_err();
        assert!(error.contains(said), "{cell:?}: {error}");
    }
}
