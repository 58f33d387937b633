//! What happened, in words. Each kind of event that is on no ticket has a sentence of its own: without one, it does not compile.

use crate::events;
use domain::{
    UserId,
    access::Permission,
    event::{Happening, Was},
    fields::Change,
    people::Person,
    rating,
};
use serde_json::Value;

/// The names of accounts that an event knows by their numbers alone, as they are called now.
#[derive(Default)]
pub(super) struct Names {
    /// To whom it was done.
    pub whom: Option<String>,
    /// Of two that were merged.
    pub gone: Option<String>,
    pub kept: Option<String>,
}

/// What happened, in words. What a newer release has written is told by its name and what it carries.
pub(super) fn words(kind: &str, data: Option<Value>, names: &Names) -> String {
    let what = serde_json::from_value(events::whole(kind.to_owned(), data.clone()));
    what.ok().and_then(|what| sentence(what, names)).unwrap_or_else(|| plain(kind, named(data, names).as_ref()))
}

/// `None`: it is on tickets, and no entry of the log.
fn sentence(what: Happening, names: &Names) -> Option<String> {
    let called = |name: &Option<String>, id: UserId| name.clone().unwrap_or_else(|| format!("number {id}"));
    let whom = |id: UserId| called(&names.whom, id);
    let whose = names.whom.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    Some(match what {
        Happening::Registered { email, role: None } => format!("Registered as {email}"),
        Happening::Registered { email, role: Some(role) } => format!("Became {}, as {email}", role.name()),
        Happening::SignedIn => "Signed in".into(),
        Happening::SignedOut => "Signed out".into(),
        Happening::SignInFailed { email } => format!("Could not sign in as {email}"),
        Happening::SecondFactorRemoved { who, reason } => {
            format!("Removed the second factor of {}: {reason}", who.name)
        }
        Happening::CustomerSecondFactorRemoved { customer, reason } if reason.is_empty() => {
            format!("Removed the second factor of {}", whom(customer))
        }
        Happening::CustomerSecondFactorRemoved { customer, reason } => {
            format!("Removed the second factor of {}: {reason}", whom(customer))
        }
        Happening::SecondFactorRequired { on: true, grace_days: 0 } => "Staff must have two-step sign-in".into(),
        Happening::SecondFactorRequired { on: true, grace_days } => {
            format!("Staff must have two-step sign-in, within {}", many(grace_days.into(), "day"))
        }
        Happening::SecondFactorRequired { on: false, .. } => "Staff need no two-step sign-in".into(),
        Happening::AppBegun => "Began to set up an app for two-step sign-in".into(),
        Happening::AppAdded => "Set up an app for two-step sign-in".into(),
        Happening::AppRemoved => "Removed the app for two-step sign-in".into(),
        Happening::PasskeyAdded { name } => format!("Added the passkey {name}"),
        Happening::PasskeyRenamed(was) => format!("Renamed the passkey {} to {}", was.from, was.to),
        Happening::PasskeyRemoved { name } => format!("Removed the passkey {name}"),
        Happening::PasskeyRefused { why } => format!("Came with a passkey and was refused: {why}"),
        Happening::RecoveryCodesMade => "Made new recovery codes".into(),
        Happening::RecoveryCodeUsed { left: 1 } => "Used a recovery code; 1 is left".into(),
        Happening::RecoveryCodeUsed { left } => format!("Used a recovery code; {left} are left"),
        Happening::SecondFactorFailed => "Knew the password, but no right code".into(),
        Happening::SessionsRevoked { count: 0 } => "Ended their own tokens of the API".into(),
        Happening::SessionsRevoked { count } => format!("Signed out on {count} of their own devices"),
        Happening::RoleGiven { who, from, to } => format!("Role of {}: {from} → {to}", who.name),
        Happening::Blocked { who } => format!("Blocked {}", who.name),
        Happening::Unblocked { who } => format!("Let {} in again", who.name),
        Happening::SessionsEnded { who, count: 0 } => format!("Ended the tokens of {} for the API", who.name),
        Happening::SessionsEnded { who, count } => format!("Signed {} out on {}", who.name, many(count, "device")),
        Happening::RoleSaved { name, added, removed } => {
            let added = (!added.is_empty()).then(|| format!("may {}", permissions(&added)));
            let removed = (!removed.is_empty()).then(|| format!("may no longer {}", permissions(&removed)));
            let changes: Vec<String> = added.into_iter().chain(removed).collect();
            if changes.is_empty() {
                format!("Changed the role {name}")
            } else {
                format!("Saved the role {name}: {}", changes.join("; "))
            }
        }
        Happening::RoleDeleted { name } => format!("Deleted the role {name}"),
        Happening::TeamMembers { team, added, removed } => match (added.is_empty(), removed.is_empty()) {
            (false, true) => format!("Into the team {team}: {}", people(&added)),
            (true, _) => format!("Out of the team {team}: {}", people(&removed)),
            (false, false) => format!("Team {team}: {} came, {} went", people(&added), people(&removed)),
        },
        Happening::TeamSaved { name, was: Some(was) } => format!("Renamed the team {was} to {name}"),
        Happening::TeamSaved { name, was: None } => format!("Saved the team {name}"),
        Happening::TeamDeleted { name } => format!("Deleted the team {name}"),
        Happening::CustomerCreated { customer } => format!("Made the customer {}", whom(customer)),
        Happening::CustomerChanged { customer, fields } => {
            format!("Changed the customer {}: {}", whom(customer), listed(&fields))
        }
        Happening::CustomerFields { customer, changes } => {
            format!("Filled in of the customer {}: {}", whom(customer), filled(&changes))
        }
        Happening::CompanyFields { company, changes } => {
            format!("Filled in of the company {}: {}", company.name, filled(&changes))
        }
        Happening::CustomerBlocked { customer } => format!("Blocked the customer {}", whom(customer)),
        Happening::CustomerUnblocked { customer } => format!("Let the customer {} in again", whom(customer)),
        Happening::CompanyOf { user, from, to, tickets } => {
            let done = match (from, to) {
                (None, Some(to)) => format!("Made {} a user of the company {}", whom(user), to.name),
                (Some(from), None) => format!("Took {} out of the company {}", whom(user), from.name),
                (Some(from), Some(to)) => {
                    format!("Moved {} from the company {} to {}", whom(user), from.name, to.name)
                }
                (None, None) => format!("Left {} without a company", whom(user)),
            };
            if tickets > 0 { format!("{done}, with {}", many(tickets, "ticket")) } else { done }
        }
        Happening::CompanyOfFinished { user, to, tickets } => {
            let to = to.map_or_else(|| "out of their company".to_owned(), |to| format!("to the company {}", to.name));
            format!("Finished taking {} of {} along {to}", many(tickets, "ticket"), whom(user))
        }
        Happening::CustomersMerged { gone, kept, tickets } => format!(
            "Merged the customer {} into {}, with {}",
            called(&names.gone, gone),
            called(&names.kept, kept),
            many(tickets, "ticket"),
        ),
        Happening::CustomerMergeFinished { gone, kept, tickets } => format!(
            "Finished merging the customer {} into {}: {} came over",
            called(&names.gone, gone),
            called(&names.kept, kept),
            many(tickets, "ticket"),
        ),
        Happening::CustomerSeen { customer } => format!("Looked at the page of {}", whom(customer)),
        Happening::CustomerExported { customer } => format!("Had all data of {} gathered", whom(customer)),
        Happening::ExportFetched { customer } => format!("Fetched all data of {}", whom(customer)),
        // Their name is gone, so their number says who it was.
        Happening::Erased { user, messages: false } => format!("Erased the customer of number {user}"),
        Happening::Erased { user, messages: true } => {
            format!("Erased the customer of number {user}, and what they wrote")
        }
        Happening::ErasureFinished { user } => format!("Finished erasing the customer of number {user}"),
        Happening::CompanyCreated { company } => format!("Made the company {}", company.name),
        Happening::CompanyChanged { company, fields } => {
            format!("Changed the company {}: {}", company.name, listed(&fields))
        }
        Happening::CompanyView { company, all: true } => {
            format!("Users of the company {} see all of its tickets", company.name)
        }
        Happening::CompanyView { company, all: false } => {
            format!("Users of the company {} see only their own tickets", company.name)
        }
        Happening::CompaniesMerged { gone, kept } => format!("Merged the company {} into {}", gone.name, kept.name),
        Happening::CompanyMergeFinished { gone, kept, tickets } => format!(
            "Finished merging the company {} into {}: {} came over",
            gone.name,
            kept.name,
            many(tickets, "ticket"),
        ),
        Happening::ImportStarted { import } => format!("Began the import of number {import}"),
        Happening::ImportFinished { import, made, changed, refused, stopped } => format!(
            "{} the import of number {import}: {made} made, {changed} changed, {refused} refused",
            if stopped { "Stopped" } else { "Finished" },
        ),
        Happening::RefusedFetched { import } => format!("Fetched the refused lines of the import of number {import}"),
        Happening::RegistrationAsked { email } => format!("Asked to register as {email}"),
        Happening::ResetAsked { email } => format!("Asked for a mail to choose a new password, as {email}"),
        Happening::PasswordChanged { by_mail: true } => "Chose a new password by the link of a mail".into(),
        Happening::PasswordChanged { by_mail: false } => "Changed the password".into(),
        Happening::Locked { email } => format!("Many wrong passwords came for {email}; its owner was told"),
        Happening::AddressAsked { to } => format!("Asked for another address: {to}"),
        Happening::AddressChanged(was) => format!("Changed the address from {} to {}", was.from, was.to),
        Happening::ProfileChanged { what } => format!("Changed on their profile: {}", listed(&what)),
        Happening::Vouched { provider } => format!("Was vouched for by {provider}"),
        Happening::OutsideRefused { provider, why } => format!("Came by {provider} and was refused: {why}"),
        Happening::WayRefused { provider, by, .. } => {
            format!("{whose}was right with {by} and refused: they sign in with {provider} only")
        }
        Happening::OnlyWay { provider, sessions, user: Some(_), .. } => format!(
            "{whose}{provider} became their only way in, and they were signed out of {}",
            many(sessions, "session")
        ),
        Happening::OnlyWay { provider, people, sessions, user: None } => format!(
            "{provider} became the only way in of {}, who were signed out of {}",
            if people == 1 { "1 person".to_owned() } else { format!("{people} people") },
            many(sessions, "session"),
        ),
        Happening::MadeOutside { provider, user } => {
            format!("Made an account for {}, who came by {provider}", whom(user))
        }
        Happening::Connected { provider, user } => format!("Connected {} with {provider}", whom(user)),
        Happening::Disconnected { provider, user } => format!("Disconnected {} from {provider}", whom(user)),
        Happening::ChangedOutside { provider, fields, .. } => {
            format!("{whose}{provider} says otherwise: {}", listed(&fields))
        }
        Happening::GroupSaved { provider, group, added: 0, removed: 0 } => format!("Group {group} of {provider}"),
        Happening::GroupSaved { provider, group, added, removed } => {
            format!("Group {group} of {provider}: {added} came, {removed} went")
        }
        Happening::GroupDeleted { provider, group } => format!("Deleted the group {group} of {provider}"),
        Happening::ProviderTokenMade { name } => format!("Made a token for {name} to announce people with"),
        Happening::ProviderTokenRevoked { name } => format!("Revoked the token of {name} to announce people with"),
        Happening::ProviderSaved { name, fields } if fields.is_empty() => format!("Made the way in by {name}"),
        Happening::ProviderSaved { name, fields } => format!("Changed the way in by {name}: {}", listed(&fields)),
        Happening::ProviderDeleted { name } => format!("Deleted the way in by {name}"),
        Happening::LogExported { rows } => format!("Exported {} of the security log", many(rows, "line")),
        Happening::StaffMade { email, role } => format!("Made an account for {email}, as {}", role.name()),
        Happening::Invited { email, role, custom, teams } => {
            let role = custom.unwrap_or_else(|| role.name().to_owned());
            match teams.len() {
                0 => format!("Invited {email} as {role}"),
                1 => format!("Invited {email} as {role}, into the team {}", teams.join("")),
                _ => format!("Invited {email} as {role}, into the teams {}", teams.join(", ")),
            }
        }
        Happening::InvitationResent { email } => format!("Sent the invitation for {email} again"),
        Happening::InvitationRevoked { email } => format!("Took back the invitation for {email}"),
        Happening::JoinedStaff { email, role, custom } => {
            let role = custom.unwrap_or_else(|| role.name().to_owned());
            format!("Joined the staff as {role}, by the invitation for {email}")
        }
        Happening::ApiTokenMade { name, scope, days } => {
            format!("Made the API token {name} ({}), for {}", scope.name().to_lowercase(), many(days, "day"))
        }
        Happening::ApiTokenRevoked { name } => format!("Revoked the API token {name}"),
        Happening::ApiTokensRevoked { count } => format!("Revoked {}", many(count, "API token")),
        Happening::SecretKeyChanged => "Changed the secret key".into(),
        Happening::SecretsResealed { values } => format!("Sealed {} with the current key", many(values, "secret")),
        Happening::SecretKeysForgotten => "Forgot the earlier secret keys".into(),
        Happening::CertificateObtained { name, until } => {
            let (year, month, day, ..) = until.civil();
            format!("Got a certificate for {name}, valid until {year:04}-{month:02}-{day:02}")
        }
        Happening::CertificateFailed { name, why } => format!("Got no certificate for {name}: {why}"),
        Happening::CertificateAsked { name } => format!("Had a certificate for {name} asked for at once"),
        Happening::PriorityTable => "Changed the priority table".into(),
        Happening::PrioritiesApplied => "Brought all tickets up to the priority table".into(),
        Happening::FieldSaved { of, name, made: true, .. } => {
            format!("Made the custom field “{name}” of {}", of.word())
        }
        Happening::FieldSaved { of, name, made: false, changes } => {
            format!("Changed the custom field “{name}” of {}: {}", of.word(), filled(&changes))
        }
        Happening::FieldRetired { of, name, on: true } => format!("Retired the custom field “{name}” of {}", of.word()),
        Happening::FieldRetired { of, name, on: false } => {
            format!("Brought the custom field “{name}” of {} back", of.word())
        }
        Happening::FieldMoved { of, name } => format!("Moved the custom field “{name}” of {}", of.word()),
        Happening::FieldDeleted { of, name, values } => {
            format!("Deleted the custom field “{name}” of {}, with {}", of.word(), many(values, "value"))
        }
        Happening::WipLimit { limit, refuse, .. } => match (limit, refuse) {
            (None, _) => "Lifted the limit of a column of the board".into(),
            (Some(limit), true) => format!("Limited a column of the board to {limit}, and no more"),
            (Some(limit), false) => format!("Limited a column of the board to {limit}"),
        },
        Happening::RetentionSet(was) => {
            let months =
                |months: Option<i32>| months.map_or_else(|| "for ever".to_owned(), |n| many(n.into(), "month"));
            let Was { from, to } = was;
            let with = if to.messages && to.customers.is_some() { ", with what they wrote" } else { "" };
            format!(
                "Data retention: closed tickets {} → {}; customers {} → {}{with}",
                months(from.tickets),
                months(to.tickets),
                months(from.customers),
                months(to.customers),
            )
        }
        Happening::SatisfactionSet(Was { from, to }) => {
            let asked = |set: rating::Settings| {
                let mail = match set.delay_hours {
                    0 => "by mail at once".to_owned(),
                    hours => format!("by mail after {}", many(hours.into(), "hour")),
                };
                match (set.portal, set.mail) {
                    (false, false) => "nobody is asked".to_owned(),
                    (true, false) => "in the portal".to_owned(),
                    (false, true) => mail,
                    (true, true) => format!("in the portal, and {mail}"),
                }
            };
            format!("Satisfaction: {} → {}", asked(from), asked(to))
        }
        Happening::RetentionApplied { tickets, customers } => format!(
            "Not kept any longer: the content of {}, and {}",
            many(tickets, "ticket"),
            many(customers, "customer"),
        ),
        Happening::MailQuarantined { reason } => format!("A mail could not become a message: {reason}"),
        Happening::MailFetched { ticket: Some(ticket), customer, .. } => {
            let of = customer.map(|id| format!(" of {}", whom(id))).unwrap_or_default();
            format!("Fetched a mail as it came, on ticket #{ticket}{of}")
        }
        Happening::MailFetched { ticket: None, mail, .. } => {
            format!("Fetched the mail of number {mail} as it came, which could not become a message")
        }
        Happening::MailTriedAgain { ticket, .. } => {
            format!("Tried a mail again that could not become a message: it is on ticket #{ticket} now")
        }
        Happening::MailDiscarded { .. } => "Discarded a mail that could not become a message".into(),
        Happening::UnsentTriedAgain { .. } => "Had a mail sent again that could not be sent".into(),
        Happening::UnsentDiscarded { .. } => "Gave up a mail that could not be sent".into(),
        Happening::Created { .. }
        | Happening::CustomerMessage
        | Happening::Reply
        | Happening::Note
        | Happening::Status(_)
        | Happening::Assignee(_)
        | Happening::Team(_)
        | Happening::Urgency(_)
        | Happening::Importance(_)
        | Happening::Priority(_)
        | Happening::Subject(_)
        | Happening::Tags { .. }
        | Happening::Rank(_)
        | Happening::Watch { .. }
        | Happening::Joined { .. }
        | Happening::Requester(_)
        | Happening::Company(_)
        | Happening::Emptied
        | Happening::Rated { .. }
        | Happening::AttachmentDeleted { .. } => return None,
    })
}

/// “1 day”, “3 days”.
fn many(count: i64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// “Shoe size: 38 → 39; Member since: empty → 2026-11-21”.
fn filled(changes: &[Change]) -> String {
    let shown = |text: &str| if text.is_empty() { "empty".to_owned() } else { text.to_owned() };
    let told = |change: &Change| format!("{}: {} → {}", change.field, shown(&change.from), shown(&change.to));
    changes.iter().map(told).collect::<Vec<_>>().join("; ")
}

fn people(people: &[Person]) -> String {
    people.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Permissions by the names that stand on the page of a role.
fn permissions(words: &[String]) -> String {
    let name = |word: &String| {
        let known = Permission::ALL.iter().find(|p| p.word() == word);
        format!("“{}”", known.map_or(word.as_str(), |p| p.name()))
    };
    words.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Fields by the names that stand beside them.
fn listed(fields: &[String]) -> String {
    let name = |field: &String| match field.as_str() {
        "email" => "e-mail address".to_owned(),
        "emails" => "other addresses".to_owned(),
        "phones" => "phone numbers".to_owned(),
        "channels" => "channel identities".to_owned(),
        "sees_all" => "what its users see".to_owned(),
        "avatar" => "picture".to_owned(),
        "accent" => "colour".to_owned(),
        other => other.replace('_', " "),
    };
    fields.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// What is said of an account by its number, with the name in the number's place.
fn named(mut data: Option<Value>, names: &Names) -> Option<Value> {
    if let (Some(Value::Object(parts)), Some(name)) = (&mut data, &names.whom) {
        for field in ["customer", "user"] {
            if let Some(value) = parts.get_mut(field) {
                *value = Value::String(name.clone());
            }
        }
    }
    data
}

/// `staff.invitation_sent {email, role}` as “Staff: invitation sent (email: …, role: …)”.
fn plain(kind: &str, data: Option<&Value>) -> String {
    fn shown(value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            Value::Null => "–".into(),
            Value::Array(all) => all.iter().map(shown).collect::<Vec<_>>().join(", "),
            Value::Object(parts) => parts.get("name").or_else(|| parts.get("id")).map_or_else(|| fields(parts), shown),
            other => other.to_string(),
        }
    }
    fn fields(parts: &serde_json::Map<String, Value>) -> String {
        let field = |(name, v): (&String, &Value)| format!("{}: {}", name.replace('_', " "), shown(v));
        parts.iter().map(field).collect::<Vec<_>>().join(", ")
    }
    let (first, rest) = kind.split_once('.').unwrap_or((kind, ""));
    let mut said = first.to_owned();
    if let Some(letter) = said.get_mut(..1) {
        letter.make_ascii_uppercase();
    }
    if !rest.is_empty() {
        said = format!("{said}: {}", rest.replace('_', " "));
    }
    match data {
        Some(Value::Object(parts)) if !parts.is_empty() => format!("{said} ({})", fields(parts)),
        _ => said,
    }
}

#[cfg(test)]
mod tests;
