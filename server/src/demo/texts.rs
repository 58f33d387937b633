//! What invented people write about. `{item}`, `{place}` and `{version}` are filled in.

/// A kind of problem, from the first message to the last.
pub struct Topic {
    pub subject: &'static str,
    pub opening: &'static str,
    pub answers: &'static [&'static str],
    pub follow_ups: &'static [&'static str],
    pub tag: Option<&'static str>,
}

pub const TAGS: &[&str] = &[
    "printer", "billing", "network", "login", "feature", "vip", "hardware", "export", "delivery", "api", "mobile",
    "training",
];

pub const FIRST: &[&str] = &[
    "Mia",
    "Tom",
    "Jana",
    "Otto",
    "Lena",
    "Priya",
    "Noah",
    "Ines",
    "Mara",
    "Ken",
    "Anouk",
    "Sam",
    "Elif",
    "Jonas",
    "Clara",
    "Mateo",
    "Aiko",
    "Lucía",
    "Björn",
    "Zoë",
    "Emeka",
    "Freya",
    "Hassan",
    "Ivana",
    "Julien",
    "Katarzyna",
    "Liam",
    "Nora",
    "Oskar",
    "Paula",
];

pub const LAST: &[&str] = &[
    "Weiß",
    "Keller",
    "Berger",
    "Maier",
    "Sommer",
    "Nair",
    "Fischer",
    "Rocha",
    "Lindqvist",
    "Watanabe",
    "Roy",
    "Carter",
    "Yılmaz",
    "Vogel",
    "Hoffmann",
    "García",
    "Tanaka",
    "Okafor",
    "Larsen",
    "Haddad",
    "Novak",
    "Dubois",
    "Kowalska",
    "Murphy",
    "Schneider",
    "Oberlandesgerichtsrat",
    "Petrov",
    "Silva",
    "Andersson",
    "Baumgartner",
];

pub const COMPANIES: &[&str] = &[
    "Acme Corp",
    "Helios Bank",
    "Brightleaf",
    "Porto Rail",
    "Fjord AB",
    "Quantum Loop",
    "Nordwind Spedition",
    "Bluebird Bakery",
    "Donaudampfschifffahrtsgesellschaft",
    "Studio Kolibri",
    "Harbour & Sons",
    "Lumen Optics",
    "Alpenblick Hotels",
    "Kestrel Air",
    "Greenfield Farms",
    "Tidewater Shipping",
    "Sundial Media",
    "Ironbridge Tools",
    "Maple Street Clinic",
    "Orchid Textiles",
    "Redwood Timber",
    "Silverlake Dental",
    "Polar Foods",
    "Cobalt Mining",
    "Juniper Press",
    "Willow Schools",
    "Granite Build",
    "Velvet Cinema",
    "Zephyr Energy",
    "Amber Pharmacy",
];

pub const ITEMS: &[&str] = &[
    "label printer",
    "hand scanner",
    "gateway",
    "time terminal",
    "card reader",
    "tablet",
    "docking station",
    "access point",
    "receipt printer",
    "door controller",
];
pub const PLACES: &[&str] = &[
    "the Berlin warehouse",
    "gate 3",
    "the Lyon office",
    "reception",
    "the second floor",
    "the night shift",
    "hall B",
    "the new branch",
    "the loading dock",
    "the Porto depot",
];
pub const VERSIONS: &[&str] = &["4.2.1", "4.2.0", "4.1.7", "3.9", "2026.2", "the update of last night"];

pub const NOTES: &[&str] = &[
    "Same pattern as last week in the other depot. Checking the address reservation first.",
    "Customer is on the gold plan, please answer before noon.",
    "I can reproduce this with a fresh account. Asked engineering.",
    "Called back, nobody answered. Will try again after 14:00.",
    "Contract runs out next month, sales knows about this ticket.",
    "The log shows a timeout against the name server, not against us.",
];

/// How an answer begins; varies so that conversations do not all read alike.
pub fn greeting(n: usize) -> &'static str {
    ["Good morning,", "Hello,", "Thank you for the quick answer.", "Hello again,"][n % 4]
}

/// How an answer ends.
pub fn closing(n: usize) -> &'static str {
    ["Kind regards", "Best wishes", "Please tell us if anything is unclear.", "Have a good day"][n % 4]
}

pub const TOPICS: &[Topic] = &[
    Topic {
        subject: "{item} offline in {place}",
        opening: "Good morning,\n\nsince {version} the {item} at {place} shows “offline” and nothing leaves the hall. We restarted it twice.\n\nFour trucks are waiting.",
        answers: &[
            "The display shows that the {item} lost its address after the update. I am sending the right one now; please keep it switched on.",
            "I have announced the address to the gateway again. Please press and hold the green key for three seconds.",
            "Then the reservation is missing on your side. I wrote to your network team with the two lines they need.",
        ],
        follow_ups: &[
            "It still refuses every job since the restart. The first truck has left without labels.",
            "Now it prints, but every second label is empty.",
            "It works again, thank you!",
        ],
        tag: Some("printer"),
    },
    Topic {
        subject: "Rechnungsadresse ändern für {place}",
        opening: "Guten Tag,\n\nbitte ändern Sie die Rechnungsadresse auf unseren neuen Standort. Die letzte Rechnung ging noch an die alte Anschrift und kam zurück.\n\nVielen Dank im Voraus",
        answers: &[
            "gerne. Damit alles seine Ordnung hat: Bitte nennen Sie uns noch die Umsatzsteuer-Identifikationsnummer des neuen Standorts.",
            "die Adresse ist geändert, eine korrigierte Rechnung ist unterwegs.",
        ],
        follow_ups: &[
            "die Nummer steht auf dem beigefügten Schreiben. Bitte auch das Donaudampfschifffahrtskapitänspatent nicht vergessen, wir meinen natürlich den Lieferschein.",
            "angekommen, besten Dank für die schnelle Hilfe!",
        ],
        tag: Some("billing"),
    },
    Topic {
        subject: "SSO login loops back to the start page",
        opening: "When I sign in with single sign-on I land on the start page again, without any message. Two colleagues have the same since {version}.\n\nPrivate window: same. Password sign-in works.",
        answers: &[
            "Could you send the exact time of the last attempt and the name of your identity provider? Then I find it in the log.",
            "The clock of your provider is four minutes ahead, so its answers look as if they came from the future. Please let your team check the time service.",
        ],
        follow_ups: &[
            "Last attempt was at 09:41, provider is the company one.",
            "Clock fixed, all three of us can sign in. Thanks.",
        ],
        tag: Some("login"),
    },
    Topic {
        subject: "Cannot download invoice from May",
        opening: "When I press download I get an empty page. The invoices of the other months are fine.\n\nI need it for the audit until Friday.",
        answers: &[
            "The file was made again, please try once more.",
            "I attach the invoice here so that you have it in any case. The cause was a special character in the order's name.",
        ],
        follow_ups: &["Still empty, also in another browser.", "Got it, thank you."],
        tag: Some("billing"),
    },
    Topic {
        subject: "Feature request: export with custom columns",
        opening: "It would help us a lot if the CSV export could contain our own fields, in an order that we choose. At the moment I move columns around by hand every Monday.",
        answers: &[
            "Thank you, that makes sense. Which fields would you need first?",
            "I passed it on. It is planned, without a date yet; I will write here when there is one.",
        ],
        follow_ups: &["Gateway serial, cost centre and delivery week.", "Good to know, we can wait."],
        tag: Some("feature"),
    },
    Topic {
        subject: "Webhook signature does not verify",
        opening: "We compute the HMAC-SHA256 over the raw body but get another value than the header has. Our code worked until {version}.",
        answers: &[
            "Since {version} the time stamp is part of what is signed: time stamp, a dot, then the body. The documentation shows an example.",
            "Your proxy removes the white space at the end of the body; the signature covers it too.",
        ],
        follow_ups: &["With the time stamp it is still different for bodies with umlauts.", "That was it. Verified."],
        tag: Some("api"),
    },
    Topic {
        subject: "Wi-Fi drops near {place}",
        opening: "Around {place} the connection is lost every few minutes. The {item} there then has to be started again.\n\nIt began when the shelves were moved.",
        answers: &[
            "Metal shelves can shade an access point. Could you send a photo of where it hangs?",
            "Please move it two metres towards the door; the plan in the attachment shows the place.",
        ],
        follow_ups: &["Photo attached. You can see the shelf right before it.", "Much better since it was moved."],
        tag: Some("network"),
    },
    Topic {
        subject: "App crashes when attaching a photo",
        opening: "On my phone (Android 15) the app closes as soon as I choose a photo from the gallery. Taking a new photo works.",
        answers: &[
            "Which version does the app show under Settings? And is the photo very large?",
            "Thank you, we found it: panorama photos were the cause. It is fixed in the version of today.",
        ],
        follow_ups: &["Version {version}, and yes, it was a panorama.", "No crash any more."],
        tag: Some("mobile"),
    },
    Topic {
        subject: "Two users share one account",
        opening: "Is there a way to split an account into two without losing the history? Two colleagues used one login until now.",
        answers: &[
            "Yes. Please register the second colleague; we then move what is theirs. Who should keep the old tickets?",
            "Done. The old tickets are with the first account, the new one starts empty.",
        ],
        follow_ups: &["The first one keeps everything, thank you.", "Perfect."],
        tag: None,
    },
    Topic {
        subject: "Delivery note shows the wrong time zone",
        opening: "All times on the delivery notes of {place} are one hour early since the change to winter time.",
        answers: &[
            "Thank you, we see it too. A correction will be out tonight.",
            "It is corrected; notes printed from now on are right.",
        ],
        follow_ups: &["Do we have to print the old ones again?", "Looks right now."],
        tag: Some("delivery"),
    },
    Topic {
        subject: "Replacement {item} for {place}",
        opening: "The {item} fell from the table and its housing is broken. It still works, but not for long I think. Can we get a replacement under the contract?",
        answers: &[
            "Which model is it? The number is on the back, it begins with GW or HS.",
            "The replacement leaves our house today. Please send the broken one back in the same box.",
        ],
        follow_ups: &["HS-2210. Serial 7741-B.", "Arrived and in use. The old one is on its way."],
        tag: Some("hardware"),
    },
    Topic {
        subject: "Certificate expires in June",
        opening: "Our monitoring warns that the certificate of the {item} interface expires on 14 June. Do we have to do something?",
        answers: &[
            "No, it is renewed on its own two weeks before. If your firewall pins it, please remove the pin until then.",
            "Renewed, valid for another year.",
        ],
        follow_ups: &["Nothing pinned here.", "Monitoring is green."],
        tag: Some("network"),
    },
    Topic {
        subject: "Schulung für neue Kolleginnen und Kollegen",
        opening: "Hallo zusammen,\n\nim nächsten Monat fangen bei uns sechs neue Leute an. Gibt es eine Einführung, die sie vorab ansehen können? Gerne auch einen Termin vor Ort ({place}).",
        answers: &[
            "gerne, wir haben eine Einführung von 40 Minuten und bieten dienstags einen gemeinsamen Termin an. Passt Ihnen einer davon?",
            "der Termin steht, die Einladung ist unterwegs.",
        ],
        follow_ups: &["Dienstag um zehn passt uns gut.", "Danke, alle haben die Einladung."],
        tag: Some("training"),
    },
    Topic {
        subject: "Typo on the pricing page",
        opening: "There is a small typo in the second plan, it says “unlimted”. Thought you would like to know.",
        answers: &["Thank you for telling us, it is corrected.", "And there was a second one below it, also gone."],
        follow_ups: &["Happy to help.", "Found another one in the footer, sorry!"],
        tag: None,
    },
];

/// What requesters say of how their tickets were solved, each in its turn: most are satisfied, few write why.
pub const RATINGS: [(i16, &str); 8] = [
    (5, ""),
    (4, ""),
    (5, "Quick and friendly, thank you."),
    (3, "It took two days until somebody looked at it. Then it was done at once."),
    (5, ""),
    (4, "Sehr freundlich, gerne wieder."),
    (1, "I had to explain the same thing three times."),
    (5, ""),
];

/// What staff note of customers.
pub const ABOUT: [&str; 3] = [
    "Prefers to be called rather than written to. Best reached before noon.",
    "Reports what others find, too: ask for whom it is.",
    "Has the old contract until the end of the year; the new one begins in January.",
];
