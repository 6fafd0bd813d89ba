//! A model of the Hub: what the repository holds, what this browser keeps of it, and the rest over the network, every byte
//! accounted for by its digest before an engine sees it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::download_file::{Fetched, fetch};
use super::failure::Failure;
use super::files::Files;
use super::keeper::Keeper;
use super::stream::Line;
use crate::browser::clock;
use crate::browser::fetch::Abort;
use crate::browser::hub::look_up;
use crate::browser::model_cache::Store;
use crate::hub::manifest::{KeptFile, Manifest};
use crate::hub::{Address, HubError, NotKept, Repository, RepositoryFile, Weights};
use crate::models::NetworkConfig;
use crate::models::source::{ByteSource, WeightsFile};
use crate::protocol::{FileProgress, HubPin, LoadNote, Wait};

/// What a config says of the weights, or why they need not be fetched.
pub type CheckConfig<'a> = &'a dyn Fn(&[u8]) -> Result<NetworkConfig, Failure>;

/// Shortest time between two reports of progress.
const REPORT_MILLIS: f64 = 100.0;

/// Hears how far every file is, and how long a host asks to wait.
pub type Tell<'a> = &'a dyn Fn(Vec<FileProgress>, Option<Wait>);

/// Where a model whose files are here comes from, and what is kept of it once it has proved usable.
pub struct Origin {
    pin: HubPin,
    note: Option<LoadNote>,
    /// None where the model is kept as it is.
    manifest: Option<Manifest>,
    keeper: Keeper,
}

impl Origin {
    /// The model runs: it is kept from now on, if this browser allows it. Gives which state of which repository it is, and
    /// what went otherwise than wished.
    pub async fn keep(mut self) -> (HubPin, Option<LoadNote>) {
        if let Some(manifest) = &self.manifest {
            self.keeper.finish(manifest).await;
        }
        let note = self.note.or_else(|| self.keeper.why_not().map(LoadNote::NotKept));
        self.keeper.end().await;
        (self.pin, note)
    }

    /// The model is of no use: nothing that was written of it stays.
    pub async fn discard(self) {
        self.keeper.end().await;
    }
}

/// Fetches a model; `check_config` may refuse it before any weight is asked for.
pub async fn download(
    address: &Address,
    base: &str,
    abort: &Abort,
    check_config: CheckConfig<'_>,
    tell: Tell<'_>,
) -> Result<(Files, Origin), Failure> {
    tell(Vec::new(), None);
    let store = Store::open().await;
    if let Ok(store) = &store {
        store.sweep().await;
    }
    let Found { repository, kept, note } =
        find(address, base, abort, &store, &|wait| tell(Vec::new(), wait)).await?;
    let mut load = Load {
        line: Line::new(base, &repository.name, &repository.commit, abort),
        keeper: Keeper::new(store, &repository.name, &repository.commit, kept.as_ref()),
        kept,
        progress: Progress::new(tell),
        manifest: Manifest::new(
            &repository.name,
            &repository.commit,
            address.revision.as_deref(),
            repository.licence.as_deref(),
            clock::date_millis() as u64,
        ),
        repository,
    };
    match load.run(check_config).await {
        Ok(files) => {
            let Load { keeper, repository, progress, manifest, kept, .. } = load;
            progress.end();
            let pin = HubPin { repository: repository.name, commit: repository.commit };
            let is_kept = kept.is_some_and(|kept| kept.files == manifest.files);
            Ok((files, Origin { pin, note, manifest: (!is_kept).then_some(manifest), keeper }))
        }
        Err(failure) => {
            load.keeper.end().await;
            Err(failure)
        }
    }
}

/// What is to be loaded.
struct Found {
    repository: Repository,
    kept: Option<Manifest>,
    note: Option<LoadNote>,
}

/// Asks the Hub, unless a commit is asked for that is kept; where the Hub cannot be reached, what is kept will do.
async fn find(
    address: &Address,
    base: &str,
    abort: &Abort,
    store: &Result<Store, NotKept>,
    tell: &dyn Fn(Option<Wait>),
) -> Result<Found, HubError> {
    let Address { repository, revision } = address;
    let Ok(store) = store else {
        let repository = look_up(base, address, abort, tell).await?;
        return Ok(Found { repository, kept: None, note: None });
    };
    if let Some(commit) = revision
        && let Some(kept) = store.manifest(repository, commit).await
    {
        return Ok(Found { repository: of_manifest(&kept), kept: Some(kept), note: None });
    }
    match look_up(base, address, abort, tell).await {
        Ok(repository) => {
            let kept = store.manifest(&repository.name, &repository.commit).await;
            Ok(Found { repository, kept, note: None })
        }
        Err(error) if error.is_of_network() => {
            let mut kept = store.manifests().await;
            kept.retain(|kept| kept.repository == *repository && kept.revision == *revision);
            let newest = kept.into_iter().max_by_key(|kept| kept.kept_at_millis).ok_or(error)?;
            let note = LoadNote::Offline { commit: newest.commit.clone() };
            Ok(Found { repository: of_manifest(&newest), kept: Some(newest), note: Some(note) })
        }
        Err(error) => Err(error),
    }
}

/// What the Hub would say of a model that is kept.
fn of_manifest(manifest: &Manifest) -> Repository {
    let file = |kept: &KeptFile| RepositoryFile {
        name: kept.name.clone(),
        length: kept.length,
        sha256: Some(kept.sha256.clone()),
    };
    Repository {
        name: manifest.repository.clone(),
        commit: manifest.commit.clone(),
        licence: manifest.licence.clone(),
        parameters: None,
        files: manifest.files.iter().map(file).collect(),
    }
}

struct Load<'a> {
    line: Line,
    keeper: Keeper,
    kept: Option<Manifest>,
    progress: Progress<'a>,
    manifest: Manifest,
    repository: Repository,
}

impl Load<'_> {
    async fn run(&mut self, check_config: CheckConfig<'_>) -> Result<Files, Failure> {
        let parts = self.repository.model_parts()?;
        if self.kept.is_none() {
            self.keeper.expect(parts.length(&self.repository)).await;
        }
        let (index, mut shards) = match parts.weights {
            Weights::Whole(file) => (None, vec![file]),
            Weights::Sharded(index) => (Some(index), Vec::new()),
        };
        let small_files =
            [Some(&parts.config), Some(&parts.tokenizer), parts.self_test.as_ref(), index.as_ref()];
        for file in small_files.into_iter().flatten().chain(&shards) {
            self.progress.expect(file);
        }
        let (mut small, mut config) = (Vec::new(), None);
        for file in small_files.into_iter().flatten() {
            let bytes = self.small(file).await?;
            if file.name == parts.config.name {
                config = Some(check_config(&bytes)?);
            }
            if index.as_ref().is_some_and(|index| index.name == file.name) {
                shards = self.repository.shards(&bytes, &self.line.host())?;
                shards.iter().for_each(|shard| self.progress.expect(shard));
            }
            small.push((file.name.clone(), bytes));
        }
        let mut weights = Vec::new();
        for file in &shards {
            let Fetched { pieces, sha256 } = self.fetch(file, config.as_ref()).await?;
            weights.push(WeightsFile {
                name: file.name.clone(),
                bytes: Rc::new(pieces),
                sha256: Some(sha256),
            });
        }
        Ok((small, weights))
    }

    async fn small(&mut self, file: &RepositoryFile) -> Result<Vec<u8>, Failure> {
        let Fetched { pieces, .. } = self.fetch(file, None).await?;
        let contents = pieces.read(0..file.length).await;
        contents.map_err(|error| Failure::gone(file.name.clone(), &error))
    }

    async fn fetch(
        &mut self,
        file: &RepositoryFile,
        config: Option<&NetworkConfig>,
    ) -> Result<Fetched, HubError> {
        let kept = self.kept.as_ref().and_then(|kept| kept.file(&file.name));
        // Kept under the same name and commit, it is of the same length unless the list lies.
        let kept = kept.filter(|kept| kept.length == file.length);
        let (fetched, kept_pieces) =
            fetch(&self.line, file, config, kept, &mut self.keeper, &self.progress).await?;
        self.manifest.files.push(KeptFile {
            name: file.name.clone(),
            length: file.length,
            sha256: fetched.sha256.clone(),
            pieces: kept_pieces,
        });
        Ok(fetched)
    }
}

/// How far every file is, told now and then.
pub struct Progress<'a> {
    files: RefCell<Vec<FileProgress>>,
    told_at: Cell<f64>,
    tell: Tell<'a>,
}

impl<'a> Progress<'a> {
    fn new(tell: Tell<'a>) -> Self {
        Self { files: RefCell::default(), told_at: Cell::new(f64::NEG_INFINITY), tell }
    }

    fn expect(&self, file: &RepositoryFile) {
        let (name, total) = (file.name.clone(), Some(file.length));
        self.files.borrow_mut().push(FileProgress { name, done: 0, total, from_cache: false });
        self.end();
    }

    /// A file begins, or begins again: so much of it is needed.
    pub fn begin(&self, name: &str, total: u64) {
        self.change(name, |file| (file.done, file.total, file.from_cache) = (0, Some(total), false));
    }

    /// More of a file is here.
    pub fn arrived(&self, name: &str, n_bytes: u64, from_cache: bool) {
        self.change(name, |file| {
            // A file of which anything had to be fetched does not come from the cache.
            file.from_cache = from_cache && (file.done == 0 || file.from_cache);
            file.done += n_bytes;
        });
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut FileProgress)) {
        if let Some(file) = self.files.borrow_mut().iter_mut().find(|file| file.name == name) {
            change(file);
        }
        let now = clock::now_millis();
        if now - self.told_at.get() >= REPORT_MILLIS {
            self.told_at.set(now);
            self.end();
        }
    }

    /// A host asks to wait, or the wait is over.
    pub fn wait(&self, wait: Option<Wait>) {
        (self.tell)(self.files.borrow().clone(), wait);
    }

    fn end(&self) {
        self.wait(None);
    }
}
