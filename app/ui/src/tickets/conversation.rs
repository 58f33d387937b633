//! The entries of one conversation that the page holds: a window on a timeline of any length.

use super::rpc;
use crate::me;
use domain::{
    Error, EventId, TicketId, Time,
    event::Happening,
    language::Language,
    timeline::{Entry, Part, Slice},
};
use leptos::{html, prelude::*, task::spawn_local};
use std::sync::Arc;
use wasm_bindgen::JsCast;

/// The most entries in the page. Past this, the far end is let go and fetched again when somebody scrolls back. Whenever
/// more come in, the browser looks once at all of them.
const WINDOW: usize = 240;

/// A part of a conversation, and how it is being read. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Conversation {
    pub ticket: TicketId,
    pub entries: RwSignal<Vec<Arc<Entry>>>,
    /// The first entry of each part that was fetched, in order: see [`paged`].
    starts: RwSignal<Vec<EventId>>,
    pub more_before: RwSignal<bool>,
    pub more_after: RwSignal<bool>,
    pub loading: RwSignal<bool>,
    pub failed: RwSignal<Option<Error>>,
    /// The newest message that is known of, whether it is in the window or not.
    pub newest: RwSignal<Option<EventId>>,
    /// How many messages came in below what is being read.
    pub unread: RwSignal<u32>,
    /// Whether the newest entry is in sight.
    pub at_end: RwSignal<bool>,
    /// Everything after this came in while the page was open.
    pub opened_at: EventId,
    pub scroller: NodeRef<html::Div>,
}

impl Conversation {
    pub fn new(ticket: TicketId, slice: Slice) -> Self {
        let newest = slice.entries.iter().rev().find(|e| e.message.is_some()).map(|e| e.id);
        let last = slice.entries.last().map_or(EventId(0), |e| e.id);
        Self {
            ticket,
            more_before: RwSignal::new(slice.more_before),
            more_after: RwSignal::new(slice.more_after),
            starts: RwSignal::new(vec![slice.entries.first().map_or(EventId(0), |e| e.id)]),
            entries: RwSignal::new(slice.entries.into_iter().map(Arc::new).collect()),
            loading: RwSignal::new(false),
            failed: RwSignal::new(None),
            newest: RwSignal::new(newest),
            unread: RwSignal::new(0),
            at_end: RwSignal::new(true),
            opened_at: last,
            scroller: NodeRef::new(),
        }
    }

    /// Whether an entry came in while the page was open.
    pub fn is_new(self, id: EventId) -> bool {
        id > self.opened_at
    }

    pub fn holds(self, id: EventId) -> bool {
        self.entries.with_untracked(|entries| entries.binary_search_by_key(&id, |e| e.id).is_ok())
    }

    /// Takes in an entry that has just happened. `mine`: it is no news to this person.
    pub fn arrived(self, entry: Entry, mine: bool) {
        if self.holds(entry.id) {
            return;
        }
        if entry.message.is_some() {
            self.newest.update(|newest| *newest = (*newest).max(Some(entry.id)));
            if !mine && !self.at_end.get_untracked() {
                self.unread.update(|n| *n += 1);
            }
        }
        // With a gap before it, it would stand in the wrong place: it comes with the page that is fetched on scrolling down.
        if self.more_after.get_untracked() {
            return;
        }
        let follow = self.at_end.get_untracked();
        if !follow {
            self.keep_place();
        }
        self.entries.update(|entries| {
            merge(entries, vec![entry]);
            if follow && entries.len() > WINDOW {
                entries.drain(..entries.len() - WINDOW);
                self.more_before.set(true);
            }
        });
        self.forget_empty();
    }

    /// What the page shows, in the parts in which it was fetched.
    pub fn pages(self) -> Vec<Page> {
        self.entries.with(|entries| self.starts.with(|starts| paged(entries, starts, me::wall)))
    }

    fn forget_empty(self) {
        self.entries.with_untracked(|entries| {
            self.starts.update(|starts| {
                let all = starts.clone();
                let mut ends = all.iter().skip(1).map(|next| entries.partition_point(|e| e.id < *next));
                let mut from = 0;
                starts.retain(|_| {
                    let end = ends.next().unwrap_or(entries.len());
                    let holds = end > from;
                    from = end;
                    holds
                });
            });
        });
    }

    /// Fetches what comes before or after what is there.
    pub fn more(self, before: bool) {
        let (wanted, edge) = if before {
            (self.more_before, self.entries.with_untracked(|e| e.first().map(|e| e.id)))
        } else {
            (self.more_after, self.entries.with_untracked(|e| e.last().map(|e| e.id)))
        };
        let Some(edge) = edge.filter(|_| wanted.get_untracked() && !self.loading.get_untracked()) else { return };
        self.loading.set(true);
        self.failed.set(None);
        spawn_local(async move {
            let part = if before { Part::Before(edge) } else { Part::After(edge) };
            let found = rpc::timeline(self.ticket, part).await;
            // The page may have gone meanwhile.
            if self.loading.try_set(false).is_some() {
                return;
            }
            match found {
                Ok(slice) => self.extend(slice, before),
                Err(error) => self.failed.set(Some(error.0)),
            }
        });
    }

    fn extend(self, slice: Slice, before: bool) {
        self.keep_place();
        if let Some(first) = slice.entries.first() {
            self.starts.update(|starts| {
                if let Err(place) = starts.binary_search(&first.id) {
                    starts.insert(place, first.id);
                }
            });
        }
        self.entries.update(|entries| {
            merge(entries, slice.entries);
            let over = entries.len().saturating_sub(WINDOW);
            if over > 0 && before {
                entries.truncate(WINDOW);
                self.more_after.set(true);
            } else if over > 0 {
                entries.drain(..over);
                self.more_before.set(true);
            }
        });
        self.forget_empty();
        if before {
            self.more_before.set(slice.more_before)
        } else {
            self.more_after.set(slice.more_after)
        }
        self.note_newest();
    }

    /// Puts another part of the timeline in place of what is there, then calls `then`.
    pub fn replace(self, part: Part, then: impl FnOnce() + 'static) {
        self.loading.set(true);
        self.failed.set(None);
        spawn_local(async move {
            let found = rpc::timeline(self.ticket, part).await;
            if self.loading.try_set(false).is_some() {
                return;
            }
            match found {
                Ok(slice) => {
                    self.put(slice);
                    then();
                }
                Err(error) => self.failed.set(Some(error.0)),
            }
        });
    }

    /// Puts a slice in place of what is there.
    pub fn put(self, slice: Slice) {
        self.starts.set(vec![slice.entries.first().map_or(EventId(0), |e| e.id)]);
        self.entries.set(slice.entries.into_iter().map(Arc::new).collect());
        self.more_before.set(slice.more_before);
        self.more_after.set(slice.more_after);
        self.note_newest();
    }

    /// Fetches what has happened since the last entry, for when nothing else brings it.
    pub async fn catch_up(self) {
        if self.more_after.get_untracked() {
            return;
        }
        let Some(last) = self.entries.with_untracked(|e| e.last().map(|e| e.id)) else { return };
        if let Ok(slice) = rpc::timeline(self.ticket, Part::After(last)).await
            && self.more_after.try_get_untracked() == Some(false)
        {
            self.entries.update(|entries| merge(entries, slice.entries));
            self.more_after.set(slice.more_after);
            self.note_newest();
        }
    }

    fn note_newest(self) {
        let last = self.entries.with_untracked(|e| e.iter().rev().find(|e| e.message.is_some()).map(|e| e.id));
        self.newest.update(|newest| *newest = (*newest).max(last));
    }

    /// Goes to the newest entry, fetching it first where it is not in the window.
    pub fn to_end(self) {
        self.unread.set(0);
        let down = move || {
            request_animation_frame(move || {
                if let Some(scroller) = self.scroller.try_get_untracked().flatten() {
                    scroller.set_scroll_top(scroller.scroll_height());
                }
            });
        };
        if self.more_after.get_untracked() { self.replace(Part::Latest, down) } else { down() }
    }

    /// Goes to one entry, fetching what is around it where it is not in the window.
    pub fn to_entry(self, id: EventId) {
        let show = move || {
            request_animation_frame(move || {
                if let Some(element) = document().get_element_by_id(&format!("e{id}")) {
                    let options = web_sys::ScrollIntoViewOptions::new();
                    options.set_block(web_sys::ScrollLogicalPosition::Center);
                    element.scroll_into_view_with_scroll_into_view_options(&options);
                    if let Some(element) = element.dyn_ref::<web_sys::HtmlElement>() {
                        let _ = element.focus();
                    }
                }
            });
        };
        if self.holds(id) { show() } else { self.replace(Part::Around(id), show) }
    }

    /// Scrolls no further than it takes to see this entry, if it is in the window. The focus stays where it is.
    pub fn reveal(self, id: EventId) {
        request_animation_frame(move || {
            if let Some(element) = document().get_element_by_id(&format!("e{id}")) {
                let options = web_sys::ScrollIntoViewOptions::new();
                options.set_block(web_sys::ScrollLogicalPosition::Nearest);
                element.scroll_into_view_with_scroll_into_view_options(&options);
            }
        });
    }

    /// Call before entries change outside of what is being read: what stands at the top of the view stays there.
    fn keep_place(self) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        let Some((id, before)) = first_in_view(&scroller) else { return };
        request_animation_frame(move || {
            let Some(element) = document().get_element_by_id(&id) else { return };
            let moved = element.get_bounding_client_rect().top() - before;
            // Most browsers have seen to it already.
            if moved.abs() >= 1.0 {
                scroller.set_scroll_top(scroller.scroll_top() + moved as i32);
            }
        });
    }
}

/// The first entry that can be seen, by its element's id, and where it stands.
fn first_in_view(scroller: &web_sys::HtmlElement) -> Option<(String, f64)> {
    let top = scroller.get_bounding_client_rect().top();
    let items = scroller.query_selector_all("li[id]").ok()?;
    (0..items.length()).find_map(|n| {
        let element: web_sys::Element = items.get(n)?.dyn_into().ok()?;
        let rect = element.get_bounding_client_rect();
        (rect.bottom() > top && rect.height() > 0.0).then(|| (element.id(), rect.top()))
    })
}

/// Adds entries to those that are there: in order, each once.
fn merge(entries: &mut Vec<Arc<Entry>>, more: Vec<Entry>) {
    for entry in more {
        match entries.binary_search_by_key(&entry.id, |e| e.id) {
            Ok(place) => entries[place] = Arc::new(entry),
            Err(place) => entries.insert(place, Arc::new(entry)),
        }
    }
}

/// What a timeline is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A new day begins, named by a moment of it as it is on the wall.
    Day(Time),
    One(Arc<Entry>),
    /// Three or more events in a row.
    Run(Vec<Arc<Entry>>),
}

impl Item {
    /// Tells items apart for as long as they show the same.
    pub fn key(&self) -> [i64; 3] {
        match self {
            Item::Day(wall) => [0, day(*wall), 0],
            Item::One(entry) => [1, entry.id.0, entry.message.as_ref().map_or(0, deleted)],
            Item::Run(entries) => [2, entries.first().map_or(0, |e| e.id.0), entries.len() as i64],
        }
    }
}

fn deleted(message: &domain::timeline::Message) -> i64 {
    message.attachments.iter().filter(|a| a.deleted_by.is_some()).count() as i64
}

fn day(wall: Time) -> i64 {
    wall.0.div_euclid(86_400_000)
}

/// Entries with the days between them, and runs of events put together. `wall` gives the time on the reader's wall.
pub fn items(entries: &[Arc<Entry>], wall: impl Fn(Time) -> Time) -> Vec<Item> {
    let mut items = Vec::with_capacity(entries.len() + 8);
    let mut run: Vec<Arc<Entry>> = Vec::new();
    let mut today = None;
    let flush = |run: &mut Vec<Arc<Entry>>, items: &mut Vec<Item>| {
        if run.len() >= 3 {
            items.push(Item::Run(std::mem::take(run)));
        } else {
            items.extend(run.drain(..).map(Item::One));
        }
    };
    for entry in entries {
        let at = wall(entry.at);
        if today != Some(day(at)) {
            flush(&mut run, &mut items);
            items.push(Item::Day(at));
            today = Some(day(at));
        }
        // What the customer has said of it is not folded away either.
        if entry.message.is_some() || matches!(entry.what, Happening::Rated { .. }) {
            flush(&mut run, &mut items);
            items.push(Item::One(entry.clone()));
        } else {
            run.push(entry.clone());
        }
    }
    flush(&mut run, &mut items);
    items
}

/// A part of the window, and what is shown of it.
#[derive(Clone, Debug)]
pub struct Page {
    /// Tells it apart from the others.
    pub start: EventId,
    pub items: Vec<Item>,
}

/// Items in the parts that begin at these entries.
///
/// Leptos takes every row of a keyed list out of the page and puts it back when more than one is added before it: a
/// part that comes in above is therefore one row of a list of lists. A run of events that goes on into the next part is
/// shown there.
fn paged(entries: &[Arc<Entry>], starts: &[EventId], wall: impl Fn(Time) -> Time) -> Vec<Page> {
    let mut pages: Vec<Page> = starts.iter().map(|start| Page { start: *start, items: Vec::new() }).collect();
    let mut day = None;
    for item in items(entries, wall) {
        let last = match &item {
            // With what comes below it.
            Item::Day(_) => {
                day = Some(item);
                continue;
            }
            Item::One(entry) => Some(entry.id),
            Item::Run(run) => run.last().map(|e| e.id),
        };
        let page = starts.partition_point(|start| Some(*start) <= last).saturating_sub(1);
        if let Some(page) = pages.get_mut(page) {
            page.items.extend(day.take().into_iter().chain([item]));
        }
    }
    pages
}

/// The name of a day: `Today`, `Yesterday`, or its date. Both moments as they are on the wall.
pub fn day_name(wall: Time, now: Time, language: Language) -> String {
    match day(now) - day(wall) {
        0 => "Today".into(),
        1 => "Yesterday".into(),
        _ => language.day(wall),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        ticket::Source,
        timeline::{Author, Message},
    };

    fn entry(id: i64, at: i64, message: bool) -> Entry {
        Entry {
            id: EventId(id),
            at: Time(at),
            by: Author { person: None, name: "Mia".into(), staff: true },
            what: if message { Happening::Reply } else { Happening::SignedIn },
            message: message.then(|| Message {
                html: String::new(),
                quoted_html: None,
                channel: Source::Web,
                attachments: Vec::new(),
                foreign_html: false,
            }),
        }
    }

    fn shape(entries: &[Entry], shift: i64) -> String {
        let entries: Vec<_> = entries.iter().cloned().map(Arc::new).collect();
        items(&entries, |t| t.plus_millis(shift))
            .iter()
            .map(|item| match item {
                Item::Day(_) => "|".to_owned(),
                Item::One(e) if e.message.is_some() => "m".to_owned(),
                Item::One(_) => "e".to_owned(),
                Item::Run(run) => run.len().to_string(),
            })
            .collect()
    }

    #[test]
    fn runs_fold_within_a_day() {
        let e = |id, at, message| entry(id, at, message);
        let hour = 3_600_000;
        let all = [
            e(1, 0, true),
            e(2, 1, false),
            e(3, 2, false),
            e(4, 3, true),
            e(5, 4, false),
            e(6, 5, false),
            e(7, 6, false),
        ];
        assert_eq!(shape(&all, 0), "|meem3");
        let over_midnight = [e(1, 22 * hour, false), e(2, 23 * hour, false), e(3, 24 * hour, false)];
        assert_eq!(shape(&over_midnight, 0), "|ee|e");
        assert_eq!(shape(&over_midnight, hour), "|e|ee");
        assert_eq!(shape(&over_midnight, 2 * hour), "|3");
    }

    #[test]
    fn parts_keep_their_rows_when_another_comes_in_above() {
        let hour = 3_600_000;
        let all: Vec<_> = [
            entry(1, 0, true),
            entry(2, hour, false),
            entry(3, hour, false),
            entry(4, 2 * hour, false),
            entry(5, 3 * hour, true),
            entry(6, 26 * hour, true),
        ]
        .map(Arc::new)
        .into();
        let keys = |entries: &[Arc<Entry>], starts: &[i64]| {
            let starts: Vec<_> = starts.iter().copied().map(EventId).collect();
            let pages = paged(entries, &starts, |t| t);
            pages.iter().map(|p| p.items.iter().map(Item::key).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        let alone = keys(&all[3..], &[4]);
        assert_eq!(alone, [vec![[0, 0, 0], [1, 4, 0], [1, 5, 0], [0, 1, 0], [1, 6, 0]]]);
        let both = keys(&all, &[1, 4]);
        // The day goes with the part above, and its last events are shown with those that follow.
        assert_eq!(both, [vec![[0, 0, 0], [1, 1, 0]], vec![[2, 2, 3], [1, 5, 0], [0, 1, 0], [1, 6, 0]]]);
    }

    #[test]
    fn entries_are_merged_once_and_in_order() {
        let mut entries = vec![Arc::new(entry(2, 0, true)), Arc::new(entry(5, 0, true))];
        merge(&mut entries, vec![entry(5, 0, true), entry(3, 0, true), entry(9, 0, true), entry(1, 0, true)]);
        assert_eq!(entries.iter().map(|e| e.id.0).collect::<Vec<_>>(), [1, 2, 3, 5, 9]);
    }

    #[test]
    fn days_have_names() {
        let noon = Time(43_200_000);
        assert_eq!(day_name(noon, noon, Language::British), "Today");
        assert_eq!(day_name(noon, noon.plus_millis(86_400_000), Language::British), "Yesterday");
        assert_eq!(day_name(noon, noon.plus_millis(3 * 86_400_000), Language::American), "Jan 1, 1970");
    }
}
