//! Models that this browser keeps: pieces of files in its cache, and for every whole model a manifest, which is written
//! last. Works on the page and in workers, and says why where it does not work at all.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Cache, CacheStorage, Request, Response};

use super::attachment::Attachment;
use super::clock::date_millis;
use super::reflect::{call, of_navigator, property};
use crate::hub::NotKept;
use crate::hub::manifest::{Manifest, is_manifest, manifest_path, swept};

/// Name of the cache; its number changes with the layout of what is in it.
const CACHE: &str = "all-or-none-models-1";
/// First part of the names of the locks that loads hold.
const LOCK: &str = "all-or-none load ";

/// A model that this browser keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptModel {
    /// `organisation/name`.
    pub repository: String,
    /// The commit.
    pub commit: String,
    /// The branch or tag under which it was asked for; absent: the default branch.
    pub revision: Option<String>,
    /// Its licence, where it is given.
    pub licence: Option<String>,
    /// Bytes that it takes.
    pub n_bytes: u64,
    /// When it was kept, in milliseconds since 1970.
    pub kept_at_millis: u64,
}

/// The storage of this page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Room {
    /// Bytes that this page takes, everything of it.
    pub used: f64,
    /// Bytes that it may take.
    pub quota: f64,
    /// Whether the browser has promised not to clear it by itself.
    pub is_persistent: bool,
}

/// The models that are kept, the newest first.
///
/// # Errors
/// This browser keeps none.
pub async fn kept_models() -> Result<Vec<KeptModel>, NotKept> {
    let manifests = Store::open().await?.manifests().await;
    let mut models: Vec<_> = manifests
        .into_iter()
        .map(|manifest| KeptModel {
            n_bytes: manifest.n_bytes(),
            repository: manifest.repository,
            commit: manifest.commit,
            revision: manifest.revision,
            licence: manifest.licence,
            kept_at_millis: manifest.kept_at_millis,
        })
        .collect();
    models.sort_by_key(|model| std::cmp::Reverse(model.kept_at_millis));
    Ok(models)
}

/// Deletes one model: from the moment that its manifest is gone it is not kept.
///
/// # Errors
/// This browser keeps none.
pub async fn forget(repository: &str, commit: &str) -> Result<(), NotKept> {
    let store = Store::open().await?;
    store.delete(&manifest_path(repository, commit)).await;
    store.sweep().await;
    Ok(())
}

/// Deletes everything that is kept, pieces of loads on their way included.
///
/// # Errors
/// This browser keeps none.
pub async fn forget_all() -> Result<(), NotKept> {
    let caches = caches().ok_or(NotKept::NoCache)?;
    JsFuture::from(caches.delete(CACHE)).await.map_err(|_| NotKept::Refused)?;
    Ok(())
}

/// Deletes what a load left behind that was ended before its time.
pub async fn sweep() {
    if let Ok(store) = Store::open().await {
        store.sweep().await;
    }
}

/// How much room there is; none where the browser does not say.
pub async fn room() -> Option<Room> {
    let storage = of_navigator("storage")?;
    let estimate = call(&storage, "estimate", &[]).await?;
    let number = |name: &str| property(&estimate, name).and_then(|value| value.as_f64());
    let is_persistent = call(&storage, "persisted", &[]).await.is_some_and(|answer| answer.is_truthy());
    Some(Room { used: number("usage")?, quota: number("quota")?, is_persistent })
}

/// Asks the browser not to clear this page's storage by itself; whether it promises. Only the page may ask.
pub async fn ask_to_persist() -> bool {
    match of_navigator("storage") {
        Some(storage) => call(&storage, "persist", &[]).await.is_some_and(|answer| answer.is_truthy()),
        None => false,
    }
}

/// The cache of this page.
#[derive(Debug, Clone)]
pub struct Store {
    cache: Cache,
    origin: String,
}

impl Store {
    /// # Errors
    /// This browser keeps nothing.
    pub async fn open() -> Result<Self, NotKept> {
        let caches = caches().ok_or(NotKept::NoCache)?;
        let cache = JsFuture::from(caches.open(CACHE)).await.map_err(|_| NotKept::NoCache)?;
        let origin = property(&js_sys::global(), "origin").and_then(|origin| origin.as_string());
        let cache = cache.dyn_into().map_err(|_| NotKept::NoCache)?;
        Ok(Self { cache, origin: origin.ok_or(NotKept::NoCache)? })
    }

    /// What is kept at a path.
    pub async fn get(&self, path: &str) -> Option<Blob> {
        let found = JsFuture::from(self.cache.match_with_str(&self.url(path))).await.ok()?;
        let response: Response = found.dyn_into().ok()?;
        JsFuture::from(response.blob().ok()?).await.ok()?.dyn_into().ok()
    }

    /// Keeps bytes at a path.
    ///
    /// # Errors
    /// No room, or refused.
    pub async fn put(&self, path: &str, blob: &Blob) -> Result<(), NotKept> {
        let response = Response::new_with_opt_blob(Some(blob)).map_err(|_| NotKept::Refused)?;
        match JsFuture::from(self.cache.put_with_str(&self.url(path), &response)).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let name = property(&error, "name").and_then(|name| name.as_string());
                Err(if name.as_deref() == Some("QuotaExceededError") {
                    NotKept::Full
                } else {
                    NotKept::Refused
                })
            }
        }
    }

    /// Forgets what is kept at a path.
    pub async fn delete(&self, path: &str) {
        // What is not there is gone as well.
        let _ = JsFuture::from(self.cache.delete_with_str(&self.url(path))).await;
    }

    /// The manifest of a model.
    pub async fn manifest(&self, repository: &str, commit: &str) -> Option<Manifest> {
        let manifest = self.read(&manifest_path(repository, commit)).await?;
        (manifest.repository == repository && manifest.commit == commit).then_some(manifest)
    }

    /// All manifests that can be read.
    pub async fn manifests(&self) -> Vec<Manifest> {
        let mut manifests = Vec::new();
        for path in self.paths().await.iter().filter(|path| is_manifest(path)) {
            manifests.extend(self.read(path).await);
        }
        manifests
    }

    /// Writes a manifest, if all its pieces are there.
    ///
    /// # Errors
    /// No room, refused, or a piece has gone.
    pub async fn put_manifest(&self, manifest: &Manifest) -> Result<(), NotKept> {
        let paths = self.paths().await;
        if !manifest.piece_paths().all(|path| paths.contains(&path)) {
            return Err(NotKept::Refused);
        }
        let bytes = Attachment::of_bytes(&manifest.to_bytes());
        self.put(&manifest_path(&manifest.repository, &manifest.commit), bytes.as_ref()).await
    }

    /// Deletes pieces that no manifest names and no load on its way has written.
    pub async fn sweep(&self) {
        // In this order: a load that ends between these lines has its manifest among those read last.
        let paths = self.paths().await;
        let alive = loads_on_their_way().await;
        let manifests = self.manifests().await;
        for path in swept(&paths, &manifests, alive.as_deref(), date_millis() as u64) {
            self.delete(path).await;
        }
    }

    async fn read(&self, path: &str) -> Option<Manifest> {
        let blob = Attachment::from(self.get(path).await?);
        Manifest::parse(&blob.bytes(|_| true).await.ok()?)
    }

    async fn paths(&self) -> Vec<String> {
        let Ok(keys) = JsFuture::from(self.cache.keys()).await else { return Vec::new() };
        let keys: Array = keys.unchecked_into();
        let path = |key: JsValue| {
            let url = key.dyn_into::<Request>().ok()?.url();
            url.strip_prefix(&self.origin).map(ToOwned::to_owned)
        };
        keys.iter().filter_map(path).collect()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

/// Held while a load is on its way, so that nobody sweeps its pieces away; the browser lets go of it when the worker ends.
pub struct OnItsWay(Option<Function>);

impl OnItsWay {
    /// For the load of this name.
    pub fn new(load: &str) -> Self {
        Self(Self::hold(load))
    }

    fn hold(load: &str) -> Option<Function> {
        let locks = of_navigator("locks")?;
        let request: Function = property(&locks, "request")?.dyn_into().ok()?;
        let mut release = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let hold = Closure::once_into_js(move |_lock: JsValue| held);
        request.call2(&locks, &format!("{LOCK}{load}").into(), &hold).ok()?;
        release
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        if let Some(release) = &self.0 {
            // Resolving a promise cannot fail.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// The names of the loads of all tabs; none where the browser has no locks.
async fn loads_on_their_way() -> Option<Vec<String>> {
    let locks = of_navigator("locks")?;
    let known = call(&locks, "query", &[]).await?;
    let mut names = Vec::new();
    for list in ["held", "pending"] {
        let list: Array = property(&known, list)?.dyn_into().ok()?;
        let name =
            |lock: JsValue| property(&lock, "name")?.as_string()?.strip_prefix(LOCK).map(ToOwned::to_owned);
        names.extend(list.iter().filter_map(name));
    }
    Some(names)
}

/// None in private windows of some browsers and on insecure origins.
fn caches() -> Option<CacheStorage> {
    property(&js_sys::global(), "caches").map(JsCast::unchecked_into)
}
