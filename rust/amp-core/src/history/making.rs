//! Rows in the making: each episode once, however many events speak of it.

use rustc_hash::FxHashMap;

use super::rows::{ChangedEpisode, EpisodeState, Id, NewEpisode, Rows};

/// Rows in the making.
#[derive(Default)]
pub(super) struct Making {
    pub(super) rows: Rows,
    /// Episodes of this batch: whether new, and where they stand.
    episodes: FxHashMap<(i64, Id), (bool, usize)>,
    /// Series that changed: fires added.
    pub(super) changed: FxHashMap<u64, i64>,
    /// Series that are new, and where they stand.
    pub(super) new: FxHashMap<u64, usize>,
}

impl Making {
    /// Adds an episode that begins.
    pub(super) fn begin(&mut self, episode: NewEpisode) {
        let key = (episode.starts_at_ns, episode.series_id);
        if let Some(&(true, at)) = self.episodes.get(&key) {
            // Ended and begun again within these events.
            let state = &mut self.rows.episodes_new[at].state;
            state.ends_at_ns = None;
            state.ended_by = 0;
            state.flap = state.flap.max(episode.state.flap);
            self.rows.episodes_new[at].note_id = episode.note_id;
            return;
        }
        let mut episode = episode;
        if let Some((_, at)) = self.episodes.remove(&key) {
            // What these events changed before is merged into the row that takes its place.
            let changed = self.rows.episodes_changed[at].state;
            episode.state.silenced = changed.silenced;
            episode.state.inhibited = changed.inhibited;
            episode.state.notified = changed.notified;
            episode.state.failed = changed.failed;
            self.rows.episodes_changed[at].state = EpisodeState::default();
        }
        self.episodes
            .insert(key, (true, self.rows.episodes_new.len()));
        self.rows.episodes_new.push(episode);
    }

    /// What moves in an episode that these events may have begun.
    pub(super) fn change(&mut self, series_id: Id, starts_at_ns: i64) -> &mut EpisodeState {
        match self.place(series_id, starts_at_ns) {
            (true, at) => &mut self.rows.episodes_new[at].state,
            (false, at) => &mut self.rows.episodes_changed[at].state,
        }
    }

    /// Gives an episode other annotations.
    pub(super) fn annotate(&mut self, series_id: Id, starts_at_ns: i64, note_id: Id) {
        match self.place(series_id, starts_at_ns) {
            (true, at) => self.rows.episodes_new[at].note_id = note_id,
            (false, at) => self.rows.episodes_changed[at].note_id = Some(note_id),
        }
    }

    /// Whether an episode is new, and where it stands in its list.
    fn place(&mut self, series_id: Id, starts_at_ns: i64) -> (bool, usize) {
        let changed = &mut self.rows.episodes_changed;
        let key = (starts_at_ns, series_id);
        *self.episodes.entry(key).or_insert_with(|| {
            changed.push(ChangedEpisode {
                starts_at_ns,
                series_id,
                note_id: None,
                state: EpisodeState::default(),
            });
            (false, changed.len() - 1)
        })
    }

    /// Moves the start of an episode, and everything that these events linked to it.
    pub(super) fn move_episode(&mut self, series_id: Id, from_ns: i64, to_ns: i64) {
        if let Some((new, at)) = self.episodes.remove(&(from_ns, series_id)) {
            if new {
                self.rows.episodes_new[at].starts_at_ns = to_ns;
            } else {
                self.rows.episodes_changed[at].starts_at_ns = to_ns;
                self.rows.episodes_moved.push((to_ns, from_ns, series_id));
            }
            self.episodes.insert((to_ns, series_id), (new, at));
        } else {
            self.rows.episodes_moved.push((to_ns, from_ns, series_id));
        }
        let rows = &mut self.rows;
        for links in [
            &mut rows.episode_groups,
            &mut rows.episode_receivers,
            &mut rows.episode_silences,
        ] {
            for link in links.iter_mut() {
                if link.1 == from_ns && link.2 == series_id {
                    link.1 = to_ns;
                }
            }
        }
    }
}
