//! What the page says of itself: that a new version waits, and that the network is gone.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_i18n::{t, t_string};

use super::press::Press;
use crate::browser::service_worker::{self, News};
use crate::browser::{clock, page};
use crate::lab::ModelSource;
use crate::text::use_i18n;
use crate::ui::state::{GpuEngine, Page, Phase, use_page};

/// For so long a new version may take to come by itself once it is asked for.
const PATIENCE_MILLIS: u32 = 3_000;

/// A region that is there from the start, so that what appears in it is read aloud, above the page rather than in it, so
/// that nothing moves.
#[component]
pub fn SiteNotice() -> impl IntoView {
    let i18n = use_i18n();
    let page = use_page();
    let has_new_version = RwSignal::new(false);
    let is_online = RwSignal::new(page::is_online());
    window_event_listener(leptos::ev::online, move |_| is_online.set(true));
    window_event_listener(leptos::ev::offline, move |_| is_online.set(false));
    // In this tab, by its visitor.
    let is_asked_for = StoredValue::new(false);
    keep_without_network(page, has_new_version, is_asked_for);
    view! {
        <div class="notices__live" role="status" data-testid="site-notice">
            {move || {
                (!is_online.get())
                    .then(|| {
                        let is_kept = service_worker::is_in_charge();
                        view! {
                            <p class="notice" data-testid="offline">
                                {move || {
                                    if is_kept {
                                        t_string!(i18n, offline.lost.kept)
                                    } else {
                                        t_string!(i18n, offline.lost.not_kept)
                                    }
                                }}
                            </p>
                        }
                    })
            }}
            {move || {
                has_new_version
                    .get()
                    .then(|| {
                        view! {
                            <p class="notice" data-testid="new-version">
                                {t!(i18n, offline.update.ready)}
                                " "
                                <Press
                                    testid="new-version-reload"
                                    on_press=move |()| take_new_version(is_asked_for)
                                >
                                    {t!(i18n, offline.update.reload)}
                                </Press>
                            </p>
                        }
                    })
            }}
        </div>
    }
}

fn take_new_version(is_asked_for: StoredValue<bool>) {
    is_asked_for.set_value(true);
    spawn_local(async {
        // Another tab may have taken it already, and what takes over has this page loaded anew; unless the browser still
        // waits for the old version, which a page that goes may have left an answer to: another visit ends that.
        if service_worker::take_over().await {
            clock::sleep(PATIENCE_MILLIS).await;
        }
        page::reload();
    });
}

/// After the first verdict, which the visitor waits for.
fn keep_without_network(page: Page, has_new_version: RwSignal<bool>, is_asked_for: StoredValue<bool>) {
    let has_begun = StoredValue::new(false);
    Effect::new(move |_| {
        let is_quiet = matches!(*page.phase.read(), Phase::Done { .. } | Phase::Failed(_));
        if !is_quiet || has_begun.get_value() {
            return;
        }
        has_begun.set_value(true);
        spawn_local(service_worker::register(used_so_far(page), move |news| match news {
            News::TookOver if is_asked_for.get_value() => page::reload(),
            News::NewVersion | News::TookOver => has_new_version.set(true),
        }));
    });
}

/// Where the files lie that are kept only because they are used.
fn used_so_far(page: Page) -> Vec<String> {
    let sources = [page.a, page.b].map(|model| model.source.get_untracked());
    let models = sources.into_iter().filter_map(|source| match source {
        ModelSource::Bundled { name } => Some(format!("models/{name}/")),
        _ => None,
    });
    let world =
        page.world.with_untracked(|world| world.as_ref().map(|world| format!("worlds/{}/", world.name)));
    let has_webgpu = [page.a, page.b]
        .iter()
        .any(|model| matches!(*model.gpu.read_untracked(), GpuEngine::Starting | GpuEngine::Ready { .. }));
    models.chain(world).chain(has_webgpu.then(|| "worker_gpu".to_owned())).collect()
}
