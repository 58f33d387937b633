use super::*;
use proptest::prelude::*;

/// The text, what stays in sight, and what is folded, by the first words of it.
#[test]
fn kinds_of_replies() {
    let cases: &[(&str, &str, &str)] = &[
        ("Just text.\n\nMore.", "Just text.\n\nMore.", ""),
        ("Yes.\n\nOn Mon, 3 Mar 2025 at 10:12, Ada <ada@acme.example> wrote:\n> Is it?\n>", "Yes.", "On Mon"),
        (
            "Yes.\n\nOn Mon, 3 Mar 2025 at 10:12, Ada Very-Long-Name <\nada@acme.example> wrote:\n\n> Is it?",
            "Yes.",
            "On Mon",
        ),
        ("Ja.\n\nAm 03.03.2025 um 10:12 schrieb Ada:\n> Gut?", "Ja.", "Am 03"),
        ("Ja.\n\nAda Muster <ada@acme.example> schrieb am Mo., 3. März 2025,\n10:12:\n\n> Gut?", "Ja.", "Ada Muster"),
        ("Oui.\n\nLe 3 mars 2025 à 10:12, Ada <ada@acme.example> a écrit :\n> Bon ?", "Oui.", "Le 3"),
        ("Sí.\n\nEl lun, 3 mar 2025 a las 10:12, Ada (<ada@acme.example>) escribió:\n> ¿Bien?", "Sí.", "El lun"),
        ("好的\n\n在 2025年3月3日，10:12，Ada <ada@acme.example> 写道：\n> 好吗", "好的", "在 2025"),
        ("Ok.\n\n-----Original Message-----\nFrom: Ada\nIs it?", "Ok.", "-----Original"),
        ("Ok.\n\n-----Ursprüngliche Nachricht-----\nVon: Ada\nGut?", "Ok.", "-----Urs"),
        (
            "Ok.\n\n________________________________\nFrom: Ada <ada@acme.example>\nSent: Monday\nTo: Help\nSubject: It\n\nIs it?",
            "Ok.",
            "____",
        ),
        ("Ok.\n\nVon: Ada\nGesendet: Montag\nAn: Hilfe\nBetreff: Es\n\nGut?", "Ok.", "Von: Ada"),
        ("Text.\n\n-- \nAda\nAcme", "Text.", "-- "),
        ("Text.\n\nSent from my iPhone", "Text.", "Sent from"),
        ("Text.\n\nSent from my iPhone\n\nOn 3 March 2025, Ada wrote:\n\n> x", "Text.", "Sent from"),
        ("Text\n> quoted at the end\n> of it", "Text", "> quoted"),
        // Where somebody answers between or below the quotes, all of it stays.
        ("> Is it?\n\nYes.", "> Is it?\n\nYes.", ""),
        ("See below.\n> Is it?\n\nYes.\n> And that?\n\nNo.", "See below.\n> Is it?\n\nYes.\n> And that?\n\nNo.", ""),
        ("See below.\nOn 3 March 2025, Ada wrote:\n> Is it?\n\nYes.", "See below.\n> Is it?\n\nYes.", "On 3 March"),
        // Below a quote on top, only the answer.
        ("On 3 March 2025, Ada wrote:\n> Is it?\n\nYes.", "Yes.", "On 3 March"),
        // No history: a person's own words that look a little like it.
        ("From: Berlin\nhe came by train.", "From: Berlin\nhe came by train.", ""),
        (
            "I paid 20 EUR on 3 March.\nMy boss wrote:\nplease refund",
            "I paid 20 EUR on 3 March.\nMy boss wrote:\nplease refund",
            "",
        ),
        ("On day 3 the log says:\nerror 7", "On day 3 the log says:\nerror 7", ""),
        ("A list:\n--\none\n--\ntwo\n--\nthree", "A list:\n--\none\n--\ntwo\n--\nthree", ""),
        ("Steps\n-----\n1. open\n2. close", "Steps\n-----\n1. open\n2. close", ""),
        ("", "", ""),
        ("> only a quote", "> only a quote", ""),
    ];
    for (text, visible, folded) in cases {
        let split = split(text);
        assert_eq!(split.visible, *visible, "{text:?}");
        assert!(
            split.folded.starts_with(folded) && split.folded.is_empty() == folded.is_empty(),
            "{text:?}: {split:?}"
        );
    }
}

#[test]
fn what_was_passed_on_is_known() {
    for text in [
        "FYI\n\n---------- Forwarded message ---------\nFrom: Ada\nDate: Monday\nSubject: It\n\nText",
        "FYI\n\n> Begin forwarded message:\n>\n> From: Ada",
        "FYI\n\nAnfang der weitergeleiteten Nachricht:\n\nVon: Ada",
    ] {
        let split = split(text);
        assert!(split.forwarded && split.visible == "FYI", "{text:?} {split:?}");
    }
    assert!(!split("a\n-----Original Message-----\nb").forwarded);
}

/// Mails of many programs with what a person wrote in each. Two are read otherwise here, and on purpose: text below a
/// quote is the person's own.
#[test]
fn real_replies() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/mail/replies");
    let Ok(mails) = std::fs::read_dir(folder.join("emails")) else {
        eprintln!("skipped: there is no {}", folder.display());
        return;
    };
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).expect("a text").replace("\r\n", "\n");
    let trim = |text: &str| text.trim_matches('\n').trim_end().to_owned();
    let (mut count, mut differ) = (0, Vec::new());
    for mail in mails {
        let name = mail.expect("an entry").file_name();
        let split = split(&read(folder.join("emails").join(&name)));
        count += 1;
        if trim(&split.visible) != trim(&read(folder.join("trimmed").join(&name))) {
            differ.push(name);
        }
    }
    println!("{} of {count} agree; others: {differ:?}", count - differ.len());
    assert!(differ.len() <= 2, "{differ:?}");
}

#[test]
fn long_input_is_quick() {
    // Lines that all look a little like an introduction: the work must stay in proportion.
    let text = "On Mon, 3 Mar 2025 at 10:12, Ada <\n".repeat(40_000);
    assert!(!split(&text).visible.is_empty());
    for line in ["--\n", "x\n--\n", "> On 3 Mar 2025, Ada wrote:\n> x\n\n", "\n\n-\n"] {
        assert!(!split(&format!("x\n{}end", line.repeat(40_000))).visible.is_empty());
    }
    let text = "From: a\nTo: b\n".repeat(40_000);
    assert!(!split(&format!("x\n{text}")).folded.is_empty());
}

proptest! {
    /// Whatever comes in, each line is in exactly one of the two parts, in its order.
    #[test]
    fn nothing_is_lost(lines in prop::collection::vec(
        prop_oneof![
            Just("On 3 Mar 2025, Ada <a@x.example> wrote:".to_owned()), Just("> quote".to_owned()), Just("-- ".to_owned()),
            Just(String::new()), Just("From: Ada".to_owned()), Just("To: Bob".to_owned()), Just("Subject: x".to_owned()),
            Just("-----Original Message-----".to_owned()), Just("Sent from my iPhone".to_owned()), Just("______".to_owned()),
            "[a-z >:<@0-9]{0,20}", "\\PC{0,30}",
        ], 0..40)
    ) {
        let refs: Vec<&str> = lines.iter().map(String::as_str).collect();
        let fold = fold(&refs);
        prop_assert_eq!(fold.folded.len(), lines.len());
        let split = split(&lines.join("\n"));
        let words = |text: &str| { let mut w: Vec<String> = text.split_whitespace().map(str::to_owned).collect(); w.sort(); w };
        let mut both = words(&split.visible);
        both.extend(words(&split.folded));
        both.sort();
        prop_assert_eq!(both, words(&lines.join("\n")));
    }
}
