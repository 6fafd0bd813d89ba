//! How far the load of one model is: per file and in all, how fast, how long still.

use leptos_i18n::td_string;

use crate::browser::engine_client::LoadProgress;
use crate::hub::progress::{Rate, size_words};
use crate::protocol::{FileProgress, Wait};
use crate::text::Locale;
use crate::text::numbers::time;

/// What has arrived of one model; what is kept of it when the model is ready is the list of its files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Download {
    /// Files of a model of the Hub, in the order in which they are fetched; none for other models.
    pub files: Vec<FileProgress>,
    /// Until when nothing more comes, where a host has said so.
    pub wait: Option<Wait>,
    /// Bytes so far.
    pub done: u64,
    /// Bytes in all, once that is known of every file.
    pub total: Option<u64>,
    /// Bytes a second over the network, over the last seconds.
    pub rate: Option<f64>,
    /// Seconds until all is here.
    pub seconds_left: Option<f64>,
    meter: Rate,
}

impl Download {
    /// Takes in what a worker says, at a moment in milliseconds.
    pub fn note(&mut self, progress: LoadProgress, now_millis: f64) {
        let (over_network, missing) = match progress {
            LoadProgress::Bytes { done, total } => {
                (self.done, self.total) = (done, total);
                (done, total.map(|total| total.saturating_sub(done)))
            }
            LoadProgress::Files { files, wait } => {
                (self.files, self.wait) = (files, wait);
                self.done = self.files.iter().map(|file| file.done).sum();
                self.total = self.files.iter().map(|file| file.total).sum::<Option<u64>>();
                self.total = self.total.filter(|_| !self.files.is_empty());
                let network = self.files.iter().filter(|file| !file.from_cache);
                let missing = network.clone().map(|file| Some(file.total?.saturating_sub(file.done))).sum();
                (network.map(|file| file.done).sum(), missing)
            }
        };
        self.meter.note(now_millis, over_network);
        self.rate = self.meter.bytes_per_second();
        self.seconds_left = missing.and_then(|missing: u64| self.meter.seconds_left(missing));
    }

    /// `12.0 MB of 56.3 MB, 3.1 MB/s, 14 s left`, as far as these are known, and what is waited for; empty before
    /// anything is known.
    pub fn words(&self, locale: Locale) -> String {
        let wait = self.wait_words(locale);
        let mut parts = match self.total {
            Some(total) => {
                let (done, total) = (size_words(self.done), size_words(total));
                vec![td_string!(locale, models.of, done, total)]
            }
            None if self.done == 0 => return wait.unwrap_or_default(),
            None => vec![size_words(self.done)],
        };
        if wait.is_some() {
            parts.extend(wait);
        } else if self.total != Some(self.done) {
            let rate = self.rate.map(|rate| size_words(rate as u64));
            parts.extend(rate.map(|size| td_string!(locale, models.rate, size)));
            let left = self.seconds_left.map(|seconds| time(locale, seconds));
            parts.extend(left.map(|time| td_string!(locale, models.left, time)));
        }
        parts.join(td_string!(locale, models.separator))
    }

    /// What a host asks for before more comes.
    pub fn wait_words(&self, locale: Locale) -> Option<String> {
        let Wait { host, millis } = self.wait.as_ref()?;
        let time = time(locale, *millis as f64 / 1000.0);
        Some(td_string!(locale, models.wait, host = host.clone(), time))
    }

    /// 0, 25, 50, 75 or 100 percent; none where the total is not known.
    pub fn quarter(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some(self.done.min(total) * 4 / total * 25)
    }

    /// Bytes of the weights, for a model of the Hub.
    pub fn weights(&self) -> Option<u64> {
        let weights = self.files.iter().filter(|file| file.name.ends_with(".safetensors"));
        weights.map(|file| file.total).sum::<Option<u64>>().filter(|bytes| *bytes > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, done: u64, total: Option<u64>, from_cache: bool) -> FileProgress {
        FileProgress { name: name.into(), done, total, from_cache }
    }

    #[test]
    fn files_add_up_and_what_is_cached_counts_for_no_rate() {
        let mut download = Download::default();
        let files = |weights| {
            let files = vec![
                file("config.json", 600, Some(600), true),
                file("model.safetensors", weights, Some(28_000_000), false),
            ];
            LoadProgress::Files { files, wait: None }
        };
        download.note(files(0), 0.0);
        assert_eq!((download.done, download.total, download.rate), (600, Some(28_000_600), None));
        download.note(files(4_000_000), 1_000.0);
        assert_eq!(download.done, 4_000_600);
        assert_eq!(download.rate, Some(4e6));
        assert_eq!(download.seconds_left, Some(6.0));
        assert_eq!(download.words(Locale::en), "4.0 MB of 28.0 MB, 4.0 MB/s, 6 s left");
        assert_eq!(download.words(Locale::ja), "28.0 MB のうち 4.0 MB、毎秒 4.0 MB、残り 6 秒");
        assert_eq!(download.weights(), Some(28_000_000));
        download.note(files(28_000_000), 7_000.0);
        assert_eq!(download.words(Locale::en), "28.0 MB of 28.0 MB");
    }

    #[test]
    fn a_total_is_told_only_when_every_file_has_one() {
        let mut download = Download::default();
        download.note(LoadProgress::Files { files: Vec::new(), wait: None }, 0.0);
        assert_eq!((download.total, download.words(Locale::en).as_str()), (None, ""));
        let files = vec![file("a", 10, Some(20), false), file("b.safetensors", 0, None, false)];
        download.note(LoadProgress::Files { files, wait: None }, 5.0);
        assert_eq!((download.done, download.total, download.seconds_left), (10, None, None));
        assert_eq!((download.words(Locale::en).as_str(), download.weights()), ("10 B", None));
    }

    #[test]
    fn a_host_that_asks_to_wait_is_named_with_its_time_until_more_comes() {
        let wait = || Some(Wait { host: "huggingface.co".into(), millis: 20_000 });
        let mut download = Download::default();
        download.note(LoadProgress::Files { files: Vec::new(), wait: wait() }, 0.0);
        let english = "huggingface.co asks to wait 20 s; the load goes on by itself then";
        assert_eq!(download.words(Locale::en), english);
        let files = || vec![file("a", 10, Some(20), false)];
        download.note(LoadProgress::Files { files: files(), wait: wait() }, 500.0);
        assert_eq!(download.words(Locale::en), format!("10 B of 20 B, {english}"));
        let japanese = download.words(Locale::ja);
        assert!(japanese.contains("huggingface.co") && japanese.contains("20 秒"), "{japanese}");
        download.note(LoadProgress::Files { files: files(), wait: None }, 1_000.0);
        assert!(!download.words(Locale::en).contains("wait"));
    }

    #[test]
    fn quarters_are_read_aloud() {
        let mut download = Download::default();
        let quarters = [0, 24, 25, 74, 99, 100].map(|done| {
            download.note(LoadProgress::Bytes { done, total: Some(100) }, done as f64);
            download.quarter()
        });
        assert_eq!(quarters, [0, 0, 25, 50, 75, 100].map(Some));
        download.note(LoadProgress::Bytes { done: 5, total: None }, 0.0);
        assert_eq!(download.quarter(), None);
    }
}
