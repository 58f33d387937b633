use super::*;
use Channel::*;
use proptest::prelude::*;

#[test]
fn identifiers_are_kept_as_their_channel_knows_them() {
    for (channel, typed, kept) in [
        (Telegram, "@Jana_W", Some("jana_w")),
        (Telegram, "123456789", Some("123456789")),
        (Telegram, "abc", None),
        (Telegram, "@1jana", None),
        (Telegram, "jana-w", None),
        (Telegram, "jana_", None),
        (Telegram, "0123", None),
        (Telegram, "4503599627370495", Some("4503599627370495")),
        (Telegram, "@123456789", None),
        (Telegram, "", None),
        (Whatsapp, "+49 (170) 123-45.67", Some("+491701234567")),
        (Whatsapp, "0049 170 1234567", Some("+491701234567")),
        (Whatsapp, "491701234567", Some("+491701234567")),
        (Whatsapp, "0170 1234567", None),
        (Whatsapp, "+49 (0)170 1234567", None),
        (Whatsapp, "+1234567890123456", None),
        (Whatsapp, "+49 170 call", None),
        (Whatsapp, "++49 170 1234567", None),
        (Messenger, "Jana.Weiss", Some("jana.weiss")),
        (Messenger, "1234567890123456", Some("1234567890123456")),
        (Messenger, "jana", None),
        (Messenger, "jana..weiss", None),
        (Instagram, "@jana.weiss_1", Some("jana.weiss_1")),
        (Instagram, "17841400000000000", Some("17841400000000000")),
        (Instagram, "jana.", None),
        (Instagram, "jana weiss", None),
        (X, "@Jana_W", Some("jana_w")),
        (X, "sixteen_letters_", None),
        (X, "12345678", Some("12345678")),
        (X, "@12345678", None),
        (Instagram, "@1234567890", None),
        (Instagram, "_1_", Some("_1_")),
        (Slack, "u012ab3cd", Some("U012AB3CD")),
        (Slack, "T0123AB/U012AB3CD", Some("T0123AB/U012AB3CD")),
        (Slack, "@jana", None),
        (Slack, "C012AB3CD", None),
        (Slack, "U012AB3CD/T0123AB", None),
        (Discord, "Jana.W", Some("jana.w")),
        (Discord, "80351110224678912", Some("80351110224678912")),
        (Discord, "1234", None),
        (Discord, "12_34", Some("12_34")),
        (Discord, "jana#1234", None),
        (Teams, "Jana@Acme.example", Some("jana@acme.example")),
        (Teams, "3F2504E0-4F89-11D3-9A0C-0305E82C3301", Some("3f2504e0-4f89-11d3-9a0c-0305e82c3301")),
        (Teams, "3F2504E0-4F89-11D3-9A0C-0305E82C330G", None),
        (Teams, "jana", None),
    ] {
        let identifier = channel.identifier(typed);
        assert_eq!(identifier.as_deref(), kept, "{channel:?} {typed}");
        // What is kept is read back as it is, also as it is shown.
        if let Some(identifier) = identifier {
            assert_eq!(channel.identifier(&identifier), Some(identifier.clone()), "{channel:?} {typed}");
            assert_eq!(channel.identifier(&channel.shown(&identifier)), Some(identifier), "{channel:?} {typed}");
        }
    }
    assert!(Channel::ALL.iter().all(|channel| Channel::from_word(channel.word()) == Some(*channel)));
}

#[test]
fn lines_are_read_and_written() {
    for (typed, written) in [
        ("telegram:@Jana_W", "Telegram: @jana_w"),
        (" WhatsApp :  +49 170 1234567 ( Jana  (work)) ", "WhatsApp: +491701234567 (Jana (work))"),
        ("Facebook: jana.weiss", "Facebook Messenger: jana.weiss"),
        ("twitter: 123456", "X: 123456"),
        ("MS Teams: jana@acme.example (Jana)", "Microsoft Teams: jana@acme.example (Jana)"),
        ("WhatsApp: +49 (170) 1234567 (Jana)", "WhatsApp: +491701234567 (Jana)"),
        ("WhatsApp: +49 170 (1234567)", "WhatsApp: +491701234567"),
        ("X: @jana ()", "X: @jana"),
        ("X: jana (Jana :))", "X: @jana (Jana :))"),
        ("X: jana ((a) (b))", "X: @jana ((a) (b))"),
    ] {
        let line = Identity::read(typed.trim()).expect(typed).line();
        assert_eq!(line, written);
        assert_eq!(Identity::read(&line).expect("again").line(), written);
    }
    for wrong in ["@jana_w", "Fax: 123", "Telegram", "Telegram:", "Telegram: (Jana)", ": x"] {
        assert!(Identity::read(wrong).is_err(), "{wrong}");
    }
    let mut problems = Problems::default();
    let all = Identity::read_all("X: @jana\nTelegram: @jana\n\nx: JANA (again)\n", &mut problems);
    assert_eq!(all.iter().map(Identity::line).collect::<Vec<_>>(), ["Telegram: @jana", "X: @jana"]);
    assert!(problems.check().is_ok());
    let mut problems = Problems::default();
    let many: Vec<String> = (0..21).map(|n| format!("X: jana{n}")).collect();
    Identity::read_all(&("Fax: 1\nFax: 2\n".to_owned() + &many.join("\n")), &mut problems);
    assert_eq!(problems.check().expect_err("no channel, and too many").fields.len(), 2);
}

#[test]
fn cells_have_several() {
    for (cell, lines) in [
        ("", ""),
        ("Telegram: @jana", "Telegram: @jana"),
        (
            "Telegram: @jana; X: @jana_w,slack: U012AB3CD | Discord:jana;",
            "Telegram: @jana\n X: @jana_w\nslack: U012AB3CD\n Discord:jana",
        ),
        ("Telegram: @jana (Weiß, Jana; x)\nX: @jana", "Telegram: @jana (Weiß, Jana; x)\nX: @jana"),
        ("Telegram: @jana; Fax: 12", "Telegram: @jana; Fax: 12"),
        (";;,", ""),
    ] {
        assert_eq!(lines_of_cell(cell).trim_start(), lines, "{cell}");
    }
}

#[test]
fn they_are_looked_for_as_people_write_them() {
    for (typed, sought_for) in [
        ("@Jana_W", &["jana_w"][..]),
        ("telegram: @jana", &["jana"]),
        ("jana weiß", &[]),
        ("@", &[]),
        ("", &[]),
        ("+49 (170) 123", &["+49170123"]),
        ("0049170", &["0049170", "+49170"]),
        ("+49170", &["+49170"]),
        ("49170", &["49170", "+49170"]),
        ("12", &["12"]),
        ("U012AB", &["u012ab"]),
    ] {
        assert_eq!(sought(typed), sought_for, "{typed}");
    }
}

proptest! {
    /// Whatever is typed: what is taken is written as it is read.
    #[test]
    fn what_is_read_is_written_so(
        channel in prop::sample::select(vec!["Telegram", "whatsapp", "Facebook", "Instagram", "X", "slack", "Discord", "Teams", "Fax"]),
        rest in "[ @+()0-9a-zA-Z_./:é\u{200b};-]{0,40}",
        name in "[ @+()0-9a-z:;ß]{0,20}",
    ) {
        for line in [format!("{channel}:{rest}"), format!("{channel}: jana_weiss ({name})"), format!("{channel}: +491701234567 ({name})")] {
            if let Ok(identity) = Identity::read(&text::tidy_line(&line)) {
                prop_assert_eq!(Identity::read(&identity.line()), Ok(identity));
            }
        }
        let _ = (sought(&rest), lines_of_cell(&rest));
    }
}
