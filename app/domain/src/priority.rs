//! Dual priority: urgency × importance, four levels each, and the four-step priority that a table derives from the pair.

use serde::{Deserialize, Serialize};

macro_rules! levels {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $n:literal $word:literal $label:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant = $n),+ }

        impl $name {
            /// From the lowest to the highest.
            pub const ALL: [$name; 4] = [$($name::$variant),+];

            /// 1 (lowest) to 4, as stored.
            pub fn number(self) -> i16 {
                self as i16
            }

            pub fn from_number(number: i16) -> Option<Self> {
                Self::ALL.into_iter().find(|l| l.number() == number)
            }

            /// The word used on the wire.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|l| l.word() == word)
            }

            /// What people read.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $label),+ }
            }
        }
    };
}

levels! {
    /// How soon it hurts (urgency) or how much it matters (importance).
    Level { Low = 1 "low" "Low", Medium = 2 "medium" "Medium", High = 3 "high" "High", Critical = 4 "critical" "Critical" }
}

levels! {
    /// The four-step priority that the API and SLA tiers speak of.
    Priority { Low = 1 "low" "Low", Medium = 2 "medium" "Medium", High = 3 "high" "High", Urgent = 4 "urgent" "Urgent" }
}

/// Which priority each pair gets. Admins may edit it; this is how a new desk starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorityTable(pub [[Priority; 4]; 4]);

impl Default for PriorityTable {
    fn default() -> Self {
        use Priority::{High, Low, Medium, Urgent};
        // Rows: urgency low to critical; columns: importance low to critical.
        Self([
            [Low, Low, Medium, Medium],
            [Low, Medium, Medium, High],
            [Medium, Medium, High, Urgent],
            [Medium, High, Urgent, Urgent],
        ])
    }
}

impl PriorityTable {
    pub fn of(&self, urgency: Level, importance: Level) -> Priority {
        self.0[urgency as usize - 1][importance as usize - 1]
    }

    pub fn set(&mut self, urgency: Level, importance: Level, priority: Priority) {
        self.0[urgency as usize - 1][importance as usize - 1] = priority;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_urgent_or_important_never_ranks_lower() {
        let table = PriorityTable::default();
        for u in Level::ALL {
            for i in Level::ALL {
                for (u2, i2) in Level::ALL.into_iter().flat_map(|a| Level::ALL.map(|b| (a, b))) {
                    if u2 >= u && i2 >= i {
                        assert!(table.of(u2, i2) >= table.of(u, i), "{u:?}×{i:?} vs {u2:?}×{i2:?}");
                    }
                }
            }
        }
        assert_eq!(table.of(Level::Critical, Level::Critical), Priority::Urgent);
        assert_eq!(table.of(Level::Low, Level::Low), Priority::Low);
    }

    #[test]
    fn words_and_numbers_go_both_ways() {
        for level in Level::ALL {
            assert_eq!(Level::from_word(level.word()), Some(level));
            assert_eq!(Level::from_number(level.number()), Some(level));
        }
        for priority in Priority::ALL {
            assert_eq!(Priority::from_word(priority.word()), Some(priority));
        }
        assert_eq!(Level::from_number(0), None);
        assert_eq!(Level::from_word("urgent"), None);
    }
}
