use super::*;
use serde_json::json;

fn of_jana() -> Names {
    Names { whom: Some("Jana".into()), gone: Some("J. Weiss".into()), kept: Some("Jana Weiss".into()) }
}

/// One of each kind that is on no ticket, and more where what it says depends on what it carries.
fn said() -> Vec<(&'static str, Option<Value>, &'static str)> {
    let jana = || json!({"id": 7, "name": "Jana"});
    let acme = || json!({"id": 3, "name": "Acme"});
    let of = |kind, data, expected| (kind, Some(data), expected);
    let mut all = vec![
        of("account.registered", json!({"email": "j@a.example"}), "Registered as j@a.example"),
        of("account.registered", json!({"email": "j@a.example", "role": "superadmin"}), {
            "Became Superadmin, as j@a.example"
        }),
        of("account.sign_in_failed", json!({"email": "j@a.example"}), "Could not sign in as j@a.example"),
        of("account.sessions_revoked", json!({"count": 2}), "Signed out on 2 of their own devices"),
        of("access.second_factor_removed", json!({"who": jana(), "reason": "Lost"}), {
            "Removed the second factor of Jana: Lost"
        }),
        of("account.second_factor_taken", json!({"customer": 7}), "Removed the second factor of Jana"),
        of("account.second_factor_taken", json!({"customer": 7, "reason": "Lost"}), {
            "Removed the second factor of Jana: Lost"
        }),
        of("settings.second_factor", json!({"on": true, "grace_days": 1}), {
            "Staff must have two-step sign-in, within 1 day"
        }),
        of("account.passkey_added", json!({"name": "Phone"}), "Added the passkey Phone"),
        of("account.passkey_renamed", json!({"from": "Phone", "to": "Key"}), "Renamed the passkey Phone to Key"),
        of("account.passkey_removed", json!({"name": "Key"}), "Removed the passkey Key"),
        of("account.passkey_refused", json!({"why": "Copied."}), "Came with a passkey and was refused: Copied."),
        of("account.recovery_code_used", json!({"left": 1}), "Used a recovery code; 1 is left"),
        of("access.role_given", json!({"who": jana(), "from": "Agent", "to": "Manager"}), {
            "Role of Jana: Agent → Manager"
        }),
        of("access.blocked", json!({"who": jana()}), "Blocked Jana"),
        of("access.unblocked", json!({"who": jana()}), "Let Jana in again"),
        of("access.sessions_ended", json!({"who": jana(), "count": 1}), "Signed Jana out on 1 device"),
        of("access.role_saved", json!({"name": "Helper", "added": ["see_all_tickets", "reply"], "removed": []}), {
            "Saved the role Helper: may “See all tickets”, “Answer customers”"
        }),
        of("access.role_saved", json!({"name": "Helper", "added": [], "removed": ["write_notes"]}), {
            "Saved the role Helper: may no longer “Write internal notes”"
        }),
        of("access.role_saved", json!({"name": "Helper", "added": [], "removed": []}), "Changed the role Helper"),
        of("access.role_deleted", json!({"name": "Helper"}), "Deleted the role Helper"),
        of("access.team_members", json!({"team": "Billing", "added": [jana()], "removed": []}), {
            "Into the team Billing: Jana"
        }),
        of("access.log_exported", json!({"rows": 1}), "Exported 1 line of the security log"),
        of("settings.team_saved", json!({"name": "Billing", "was": null}), "Saved the team Billing"),
        of("settings.team_deleted", json!({"name": "Billing"}), "Deleted the team Billing"),
        of("customer.created", json!({"customer": 7}), "Made the customer Jana"),
        of("customer.changed", json!({"customer": 7, "fields": ["name", "phones", "channels", "emails"]}), {
            "Changed the customer Jana: name, phone numbers, channel identities, other addresses"
        }),
        of(
            "customer.fields",
            {
                json!({"customer": 7, "changes": [{"field": "Shoe size", "from": "", "to": "39"},
                                                   {"field": "Tea", "from": "Yes", "to": ""}]})
            },
            "Filled in of the customer Jana: Shoe size: empty → 39; Tea: Yes → empty",
        ),
        of("company.fields", json!({"company": acme(), "changes": [{"field": "Plan", "from": "A", "to": "B"}]}), {
            "Filled in of the company Acme: Plan: A → B"
        }),
        of("settings.field_saved", json!({"of": "customers", "name": "Tea", "made": true, "changes": []}), {
            "Made the custom field “Tea” of customers"
        }),
        of(
            "settings.field_saved",
            {
                json!({"of": "companies", "name": "Plan", "made": false,
                       "changes": [{"field": "name", "from": "Tier", "to": "Plan"}]})
            },
            "Changed the custom field “Plan” of companies: name: Tier → Plan",
        ),
        of("settings.field_retired", json!({"of": "customers", "name": "Tea", "on": true}), {
            "Retired the custom field “Tea” of customers"
        }),
        of("settings.field_retired", json!({"of": "customers", "name": "Tea", "on": false}), {
            "Brought the custom field “Tea” of customers back"
        }),
        of("settings.field_moved", json!({"of": "customers", "name": "Tea"}), {
            "Moved the custom field “Tea” of customers"
        }),
        of("settings.field_deleted", json!({"of": "customers", "name": "Tea", "values": 1}), {
            "Deleted the custom field “Tea” of customers, with 1 value"
        }),
        of(
            "settings.retention",
            {
                json!({"from": {"tickets": null, "customers": 1, "messages": false},
                   "to": {"tickets": 24, "customers": null, "messages": true}})
            },
            "Data retention: closed tickets for ever → 24 months; customers 1 month → for ever",
        ),
        of(
            "settings.satisfaction",
            {
                json!({"from": {"portal": true, "mail": false, "delay_hours": 24},
                   "to": {"portal": true, "mail": true, "delay_hours": 1}})
            },
            "Satisfaction: in the portal → in the portal, and by mail after 1 hour",
        ),
        of("settings.retention_applied", json!({"tickets": 1, "customers": 2}), {
            "Not kept any longer: the content of 1 ticket, and 2 customers"
        }),
        of("account.blocked", json!({"customer": 7}), "Blocked the customer Jana"),
        of("account.unblocked", json!({"customer": 7}), "Let the customer Jana in again"),
        of("account.company", json!({"user": 7, "from": null, "to": acme(), "tickets": 1}), {
            "Made Jana a user of the company Acme, with 1 ticket"
        }),
        of("account.company", json!({"user": 7, "from": acme(), "to": null, "tickets": 0}), {
            "Took Jana out of the company Acme"
        }),
        of("customer.company_finished", json!({"user": 7, "to": acme(), "tickets": 2}), {
            "Finished taking 2 tickets of Jana along to the company Acme"
        }),
        of("account.merged", json!({"gone": 8, "kept": 7, "tickets": 2}), {
            "Merged the customer J. Weiss into Jana Weiss, with 2 tickets"
        }),
        of("customer.merge_finished", json!({"gone": 8, "kept": 7, "tickets": 2}), {
            "Finished merging the customer J. Weiss into Jana Weiss: 2 tickets came over"
        }),
        of("customer.seen", json!({"customer": 7}), "Looked at the page of Jana"),
        of("customer.exported", json!({"customer": 7}), "Had all data of Jana gathered"),
        of("customer.export_fetched", json!({"customer": 7}), "Fetched all data of Jana"),
        of("account.erased", json!({"user": 7, "messages": false}), "Erased the customer of number 7"),
        of("account.erased", json!({"user": 7, "messages": true}), {
            "Erased the customer of number 7, and what they wrote"
        }),
        of("customer.erasure_finished", json!({"user": 7}), "Finished erasing the customer of number 7"),
        of("company.created", json!({"company": acme()}), "Made the company Acme"),
        of("company.changed", json!({"company": acme(), "fields": ["domains", "sees_all"]}), {
            "Changed the company Acme: domains, what its users see"
        }),
        of("account.company_view", json!({"company": acme(), "all": true}), {
            "Users of the company Acme see all of its tickets"
        }),
        of("account.companies_merged", json!({"gone": acme(), "kept": {"id": 4, "name": "Acme Ltd"}}), {
            "Merged the company Acme into Acme Ltd"
        }),
        of("company.merge_finished", json!({"gone": acme(), "kept": {"id": 4, "name": "Acme Ltd"}, "tickets": 9}), {
            "Finished merging the company Acme into Acme Ltd: 9 tickets came over"
        }),
        of("import.started", json!({"import": 1}), "Began the import of number 1"),
        of("import.finished", json!({"import": 1, "made": 5, "changed": 2, "refused": 2, "stopped": false}), {
            "Finished the import of number 1: 5 made, 2 changed, 2 refused"
        }),
        of("import.refused_fetched", json!({"import": 1}), "Fetched the refused lines of the import of number 1"),
        of("mail.fetched", json!({"mail": 5, "ticket": 9, "customer": 7}), {
            "Fetched a mail as it came, on ticket #9 of Jana"
        }),
        of("mail.fetched", json!({"mail": 5}), {
            "Fetched the mail of number 5 as it came, which could not become a message"
        }),
        of("account.registration_asked", json!({"email": "j@a.example"}), "Asked to register as j@a.example"),
        of("account.reset_asked", json!({"email": "j@a.example"}), {
            "Asked for a mail to choose a new password, as j@a.example"
        }),
        of("account.password_changed", json!({"by_mail": false}), "Changed the password"),
        of("account.locked", json!({"email": "j@a.example"}), {
            "Many wrong passwords came for j@a.example; its owner was told"
        }),
        of("account.address_asked", json!({"to": "j@a.example"}), "Asked for another address: j@a.example"),
        of("account.address_changed", json!({"from": "a@a.example", "to": "b@a.example"}), {
            "Changed the address from a@a.example to b@a.example"
        }),
        of("account.profile_changed", json!({"what": ["time_zone", "avatar"]}), {
            "Changed on their profile: time zone, picture"
        }),
        of("account.vouched", json!({"provider": "ID"}), "Was vouched for by ID"),
        of("account.outside_refused", json!({"provider": "ID", "why": "No."}), "Came by ID and was refused: No."),
        of("account.way_refused", json!({"provider": "ID", "by": "a passkey", "user": 7}), {
            "Jana: was right with a passkey and refused: they sign in with ID only"
        }),
        of("access.only_way", json!({"provider": "ID", "people": 1, "sessions": 2, "user": 7}), {
            "Jana: ID became their only way in, and they were signed out of 2 sessions"
        }),
        of("account.made_outside", json!({"provider": "ID", "user": 7}), "Made an account for Jana, who came by ID"),
        of("account.connected", json!({"provider": "ID", "user": 7}), "Connected Jana with ID"),
        of("account.disconnected", json!({"provider": "ID", "user": 7}), "Disconnected Jana from ID"),
        of("account.changed_outside", json!({"provider": "ID", "user": 7, "fields": ["user name"]}), {
            "Jana: ID says otherwise: user name"
        }),
        of("access.group_saved", json!({"provider": "ID", "group": "Ops", "added": 1, "removed": 0}), {
            "Group Ops of ID: 1 came, 0 went"
        }),
        of("access.group_deleted", json!({"provider": "ID", "group": "Ops"}), "Deleted the group Ops of ID"),
        of("settings.provider_token_made", json!({"name": "ID"}), "Made a token for ID to announce people with"),
        of("settings.provider_token_revoked", json!({"name": "ID"}), {
            "Revoked the token of ID to announce people with"
        }),
        of("settings.provider_saved", json!({"name": "ID", "fields": []}), "Made the way in by ID"),
        of("settings.provider_deleted", json!({"name": "ID"}), "Deleted the way in by ID"),
        of("staff.invited", json!({"email": "j@a.example", "role": "agent", "teams": ["A", "B"]}), {
            "Invited j@a.example as Agent, into the teams A, B"
        }),
        of(
            "staff.made",
            json!({"email": "j@a.example", "role": "manager"}),
            "Made an account for j@a.example, as Manager",
        ),
        of("staff.invitation_resent", json!({"email": "j@a.example"}), "Sent the invitation for j@a.example again"),
        of("staff.invitation_revoked", json!({"email": "j@a.example"}), "Took back the invitation for j@a.example"),
        of("staff.joined", json!({"email": "j@a.example", "role": "agent", "custom": "Helper"}), {
            "Joined the staff as Helper, by the invitation for j@a.example"
        }),
        of("account.api_token_made", json!({"name": "CI", "scope": "read", "days": 30}), {
            "Made the API token CI (read), for 30 days"
        }),
        of("account.api_token_revoked", json!({"name": "CI"}), "Revoked the API token CI"),
        of("account.api_tokens_revoked", json!({"count": 2}), "Revoked 2 API tokens"),
        of("settings.secrets_resealed", json!({"values": 1}), "Sealed 1 secret with the current key"),
        of("settings.certificate_obtained", json!({"name": "help.a.example", "until": 1_795_248_720_000_i64}), {
            "Got a certificate for help.a.example, valid until 2026-11-21"
        }),
        of("settings.certificate_failed", json!({"name": "help.a.example", "why": "It was refused"}), {
            "Got no certificate for help.a.example: It was refused"
        }),
        of("settings.certificate_asked", json!({"name": "help.a.example"}), {
            "Had a certificate for help.a.example asked for at once"
        }),
        of("settings.wip_limit", json!({"status": 2, "limit": 5, "refuse": true}), {
            "Limited a column of the board to 5, and no more"
        }),
        of("mail.quarantined", json!({"reason": "Empty."}), "A mail could not become a message: Empty."),
        of("mail.tried_again", json!({"mail": 4, "ticket": 12}), {
            "Tried a mail again that could not become a message: it is on ticket #12 now"
        }),
        of("mail.discarded", json!({"mail": 4}), "Discarded a mail that could not become a message"),
        of("mail.unsent_tried_again", json!({"job": 4}), "Had a mail sent again that could not be sent"),
        of("mail.unsent_discarded", json!({"job": 4}), "Gave up a mail that could not be sent"),
    ];
    all.extend(
        [
            ("account.signed_in", "Signed in"),
            ("account.signed_out", "Signed out"),
            ("account.app_begun", "Began to set up an app for two-step sign-in"),
            ("account.app_added", "Set up an app for two-step sign-in"),
            ("account.app_removed", "Removed the app for two-step sign-in"),
            ("account.recovery_codes_made", "Made new recovery codes"),
            ("account.second_factor_failed", "Knew the password, but no right code"),
            ("settings.secret_key_changed", "Changed the secret key"),
            ("settings.secret_keys_forgotten", "Forgot the earlier secret keys"),
            ("settings.priority_table", "Changed the priority table"),
            ("settings.priorities_applied", "Brought all tickets up to the priority table"),
        ]
        .map(|(kind, expected)| (kind, None, expected)),
    );
    all
}

#[test]
fn each_kind_has_a_sentence() {
    let said = said();
    for (kind, data, expected) in said.clone() {
        assert_eq!(words(kind, data, &of_jana()), expected);
    }
    // The reader of events names all that there are when it meets one that it does not know.
    let unknown = serde_json::from_value::<Happening>(Value::String("none.such".into())).unwrap_err().to_string();
    let (_, known) = unknown.split_once("expected one of ").unwrap();
    let known: Vec<&str> = known.split(", ").map(|kind| kind.trim_matches('`')).collect();
    assert!(known.len() > 80, "{known:?}");
    for kind in known {
        let on_tickets = ["ticket.", "message.", "attachment."].iter().any(|first| kind.starts_with(first));
        assert!(on_tickets || said.iter().any(|(of, ..)| *of == kind), "{kind} is not tried here");
    }
}

#[test]
fn what_has_no_sentence_is_told_all_the_same() {
    for (kind, data, expected) in [
        ("account.signed_in", None, "Signed in"),
        ("staff.invited_by_owl", Some(json!({"email": "a@b.example", "role": "agent"})), {
            "Staff: invited by owl (email: a@b.example, role: agent)"
        }),
        ("customer.moved", Some(json!({"who": {"id": 1, "name": "Mia"}, "to": null})), {
            "Customer: moved (to: –, who: Mia)"
        }),
        ("customer.waved", Some(json!({"customer": 7})), "Customer: waved (customer: Jana)"),
        ("", None, ""),
    ] {
        assert_eq!(words(kind, data, &of_jana()), expected);
    }
}

#[test]
fn who_has_no_name_any_more_is_told_by_number() {
    let nobody = Names::default();
    for (kind, data, expected) in [
        ("customer.created", json!({"customer": 7}), "Made the customer number 7"),
        ("account.merged", json!({"gone": 8, "kept": 7, "tickets": 0}), {
            "Merged the customer number 8 into number 7, with 0 tickets"
        }),
        ("access.only_way", json!({"provider": "ID", "people": 3, "sessions": 1}), {
            "ID became the only way in of 3 people, who were signed out of 1 session"
        }),
    ] {
        assert_eq!(words(kind, Some(data), &nobody), expected);
    }
}
