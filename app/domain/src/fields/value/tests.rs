use super::*;
use crate::fields::{Choice, Subject, asked};

fn field(kind: Kind) -> Definition {
    let choice = |id: i64, name: &str| Choice { id: ChoiceId(id), name: name.into(), retired: id == 3 };
    Definition {
        id: FieldId(9),
        of: Subject::Customers,
        kind,
        name: "Field".into(),
        help: String::new(),
        required: true,
        shown: false,
        retired: false,
        choices: vec![choice(1, "Small"), choice(2, "Large, or wide"), choice(3, "Old")],
        version: 1,
    }
}

fn read(kind: Kind, texts: &[&str], now: Option<&Value>) -> Result<Option<Value>, String> {
    field(kind).read(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), now)
}

#[test]
fn numbers() {
    for (typed, kept) in [
        ("7", Some("7")),
        ("+007.50", Some("7.5")),
        ("-0", Some("0")),
        ("-0.0", Some("0")),
        (".5", Some("0.5")),
        ("5.", Some("5")),
        ("−3", Some("-3")),
        ("123456789012345", Some("123456789012345")),
        ("0000000000000001234", Some("1234")),
        ("1234567890123456", None),
        ("0.1234567890123456", None),
        ("1,5", None),
        ("1 000", None),
        ("1e3", None),
        ("0x10", None),
        ("NaN", None),
        ("--1", None),
        (".", None),
        ("-", None),
        ("٣", None),
    ] {
        let value = read(Kind::Number, &[typed], None).ok().flatten();
        assert_eq!(value, kept.map(|kept| Value::Number(kept.into())), "{typed}");
    }
}

#[test]
fn days() {
    for good in ["2026-11-21", "2024-02-29", "1000-01-01", "9999-12-31"] {
        assert_eq!(read(Kind::Date, &[good], None), Ok(Some(Value::Date(good.into()))), "{good}");
        assert_eq!(date(good).expect("a day").rfc3339().get(..10), Some(good));
    }
    for bad in [
        "2026-02-29",
        "2026-13-01",
        "2026-1-1",
        "21.11.2026",
        "0999-01-01",
        "2026-11-21T00",
        "+026-11-21",
        "２０２６-11-21",
    ] {
        assert!(read(Kind::Date, &[bad], None).is_err(), "{bad}");
    }
}

#[test]
fn web_addresses() {
    for good in [
        "https://acme.example",
        "HTTPS://Acme.example/a?b=c#d",
        "http://localhost:8080/x",
        "https://[2001:db8::1]:443/",
        "https://müller.example/ä",
        "https://a.example/@user",
        "https://a_b.example",
    ] {
        assert_eq!(read(Kind::Url, &[good], None), Ok(Some(Value::Text(good.into()))), "{good}");
    }
    for bad in [
        "acme.example",
        "javascript:alert(1)",
        "JAVASCRIPT://a.example/%0aalert(1)",
        "data:text/html,x",
        "ftp://acme.example",
        "mailto:a@b.example",
        "//acme.example",
        "https://",
        "https:///x",
        "https://?x",
        "https://bank.example@evil.example",
        "https://bank.example\\@evil.example",
        "https://a.example/a b",
        "https://a.example/\"x",
        "https://a.example/<b>",
        "https://.example",
        "https://a..example",
        "https://a.example:0",
        "https://a.example:99999",
        "https://a.example:",
        "https://[x]",
    ] {
        assert!(read(Kind::Url, &[bad], None).is_err(), "{bad}");
    }
    assert!(read(Kind::Url, &[&format!("https://a.example/{}", "x".repeat(URL_MAX))], None).is_err());
}

#[test]
fn texts() {
    assert_eq!(read(Kind::Text, &[" a \n b\u{0} "], None), Ok(Some(Value::Text("a b".into()))), "one line");
    assert_eq!(read(Kind::LongText, &[" a \r\n b\u{0} "], None), Ok(Some(Value::Text("a \n b".into()))));
    assert!(read(Kind::Text, &[&"ä".repeat(TEXT_MAX)], None).is_ok());
    assert!(read(Kind::Text, &[&"ä".repeat(TEXT_MAX + 1)], None).is_err());
    assert!(read(Kind::LongText, &[&"x".repeat(LONG_TEXT_MAX + 1)], None).is_err());
    for kind in Kind::ALL {
        for empty in [&[][..], &[""], &[" \u{200b}\n "]] {
            assert_eq!(read(kind, empty, None), Ok(None), "{kind:?} {empty:?}");
        }
    }
}

#[test]
fn choices() {
    let (small, old) = (Value::Choice(ChoiceId(1)), Value::Choice(ChoiceId(3)));
    assert_eq!(read(Kind::Choice, &["1"], None), Ok(Some(small.clone())));
    assert!(read(Kind::Choice, &["3"], Some(&small)).is_err(), "a retired one is not chosen anew");
    assert_eq!(read(Kind::Choice, &["3"], Some(&old)), Ok(Some(old)), "but kept");
    for bad in ["4", "Small", "-1", "1 2"] {
        assert!(read(Kind::Choice, &[bad], None).is_err(), "{bad}");
    }
    let both = Value::Choices(vec![ChoiceId(1), ChoiceId(2)]);
    assert_eq!(read(Kind::Choices, &["2", "1", "2"], None), Ok(Some(both.clone())), "sorted, each once");
    assert!(read(Kind::Choices, &["1", "9"], None).is_err());
    assert!(read(Kind::Choices, &["1", "3"], Some(&both)).is_err());
    let all = Value::Choices(vec![ChoiceId(1), ChoiceId(3)]);
    assert_eq!(read(Kind::Choices, &["1", "3"], Some(&all)), Ok(Some(all)));
    assert_eq!(read(Kind::Checkbox, &["yes"], None), Ok(Some(Value::Yes(true))));
    assert_eq!(read(Kind::Person, &["12"], None), Ok(Some(Value::Person(UserId(12)))));
    assert!(read(Kind::Person, &["Mia"], None).is_err());
}

#[test]
fn cells_are_read_by_names() {
    let staff = [(1, "Mia Berger", "mia@x.example"), (2, "Kim", "kim@x.example"), (3, "Kim", "kim2@x.example")]
        .map(|(id, name, email)| Colleague { id: UserId(id), name: name.into(), email: email.into() });
    let choices = |ids: &[i64]| Value::Choices(ids.iter().copied().map(ChoiceId).collect());
    for (kind, cell, value) in [
        (Kind::Choice, " SMALL ", Some(Value::Choice(ChoiceId(1)))),
        (Kind::Choice, "Large, or wide", Some(Value::Choice(ChoiceId(2)))),
        (Kind::Choice, "Tiny", None),
        (Kind::Choice, "Old", None),
        (Kind::Choice, "1", None),
        (Kind::Choices, "Large, or wide", Some(choices(&[2]))),
        (Kind::Choices, "small; large, or wide", None),
        (Kind::Choices, "small|small\nSmall", Some(choices(&[1]))),
        (Kind::Checkbox, "Ja", Some(Value::Yes(true))),
        (Kind::Checkbox, "maybe", None),
        (Kind::Person, "MIA@x.example", Some(Value::Person(UserId(1)))),
        (Kind::Person, "mia berger", Some(Value::Person(UserId(1)))),
        (Kind::Person, "Kim", None),
        (Kind::Person, "1", None),
        (Kind::Number, "3.50", Some(Value::Number("3.5".into()))),
        (Kind::Number, "three", None),
        (Kind::Date, "2026-11-21", Some(Value::Date("2026-11-21".into()))),
        (Kind::Text, "=1+1", Some(Value::Text("=1+1".into()))),
    ] {
        let read = field(kind).read_cell(cell, None, &staff);
        assert_eq!(read.clone().ok().flatten(), value, "{kind:?} {cell}");
        assert_eq!(read.is_err(), value.is_none(), "{kind:?} {cell}");
    }
    assert_eq!(field(Kind::Checkbox).read_cell("no", None, &staff), Ok(None));
    for kind in Kind::ALL {
        assert_eq!(field(kind).read_cell(" ", None, &staff), Ok(None));
    }
}

#[test]
fn what_is_kept_comes_back_from_its_form() {
    let staff = UserId(3);
    for (kind, value) in [
        (Kind::Text, Value::Text("a b".into())),
        (Kind::LongText, Value::Text("a\nb".into())),
        (Kind::Number, Value::Number("-1.5".into())),
        (Kind::Date, Value::Date("2026-11-21".into())),
        (Kind::Choice, Value::Choice(ChoiceId(2))),
        (Kind::Choices, Value::Choices(vec![ChoiceId(1), ChoiceId(3)])),
        (Kind::Checkbox, Value::Yes(true)),
        (Kind::Url, Value::Text("https://a.example".into())),
        (Kind::Person, Value::Person(staff)),
    ] {
        let field = field(kind);
        assert_eq!(field.read(&field.typed(&value), Some(&value)), Ok(Some(value)), "{kind:?}");
    }
}

#[test]
fn stored_values_say_what_they_are() {
    let values = Values::from([
        (FieldId(12), Value::Choice(ChoiceId(7))),
        (FieldId(13), Value::Yes(true)),
        (FieldId(14), Value::Person(UserId(3))),
    ]);
    let json = serde_json::to_string(&values).expect("json");
    assert_eq!(json, r#"{"12":{"choice":7},"13":{"yes":true},"14":{"person":3}}"#);
    assert_eq!(serde_json::from_str::<Values>(&json).expect("back"), values);
}

#[test]
fn forms_are_filled_in() {
    let fields = [field(Kind::Text)];
    let form = |form: &[(&'static str, &'static str)]| Typed::of_form(form.iter().copied());
    assert_eq!(form(&[("name", "x"), ("field-", "x"), ("field-x", "y")]), Typed::default());
    let typed = form(&[("field-9", ""), ("field-9", "a"), ("field-9", " "), ("field-9", "b")]);
    assert_eq!(typed.0, [(FieldId(9), vec!["a".to_owned(), "b".to_owned()])]);
    let now = Values::from([(FieldId(9), Value::Text("now".into())), (FieldId(1), Value::Text("gone".into()))]);
    let done = |now: &Values, typed: &Typed| {
        let mut problems = Problems::default();
        let filled = fill(asked(&fields, Subject::Customers), now, typed, &mut problems);
        problems.check().map(|()| filled)
    };
    assert_eq!(done(&now, &Typed::default()).expect("right"), now, "what was not asked stays");
    let filled = done(&now, &typed).expect("right");
    assert_eq!(filled[&FieldId(9)], Value::Text("a".into()));
    assert_eq!(filled.len(), 2, "what is of a retired field stays, too");
    for (now, typed) in [(&now, form(&[("field-9", "")])), (&Values::new(), Typed::default())] {
        let error = done(now, &typed).expect_err("required");
        assert!(error.of_field("field-9").is_some_and(|problem| problem.contains("Fill in")), "{error:?}");
    }
}
