//! The frame of a picture: title, drawing, what is pointed at in words, its numbers as a table, and all of it as files.

use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_i18n::{t, t_string};

use crate::browser::export::save;
use crate::browser::picture::{self, WidthWatch};
use crate::figures::Picture;
use crate::figures::scene::{PIXELS_PER_REM, Scene};
use crate::figures::table::Cell;
use crate::lab::visible::visible_text;
use crate::text::numbers::plain;
use crate::text::use_i18n;

/// Width of a drawing until the page knows how much room there is.
const FIRST_WIDTH: f64 = 560.0;
/// Rows of a table that stand on the page; files hold all.
const MAX_ROWS: usize = 200;

/// A figure.
#[component]
pub fn Figure(
    /// Its name for tests and, alike, of its files: unlike that of any other figure on the page.
    #[prop(into)]
    name: String,
    /// What it shows; asked again whenever a signal that it reads changes.
    #[prop(into)]
    picture: Callback<(), Picture>,
) -> impl IntoView {
    let shown = shown(picture);
    let width = RwSignal::new(FIRST_WIDTH);
    let frame = NodeRef::<Div>::new();
    let watch = StoredValue::new_local(None::<WidthWatch>);
    Effect::new(move |_| {
        if let Some(element) = frame.get() {
            let tell = move |rem: f64| {
                let room = rem * PIXELS_PER_REM;
                if room > 0.0 && (room - width.get_untracked()).abs() >= 1.0 {
                    width.set(room);
                }
            };
            watch.set_value(WidthWatch::start(&element, tell));
        }
    });
    let id = name.clone();
    let drawing = move || {
        shown.with(|picture| (picture.draw)(width.get()).on_page(&id, &picture.title, &picture.description))
    };
    view! {
        <Frame name=name picture=shown>
            <div node_ref=frame inner_html=drawing></div>
        </Frame>
    }
    .into_any()
}

/// A picture, made once for all parts of a figure.
fn shown(picture: Callback<(), Picture>) -> Memo<Picture> {
    Memo::new_with_compare(move |_| picture.run(()), |_, _| true)
}

/// A figure around elements of the page that show what the picture draws. Marks among them, of class `mark`, are pointed at
/// and walked with the arrow keys as those of a drawing are.
#[component]
pub fn Frame(
    /// As for [`Figure`].
    #[prop(into)]
    name: String,
    /// The picture for its words, its table and its files.
    picture: Memo<Picture>,
    /// What stands between the sentence and the files.
    children: Children,
) -> impl IntoView {
    let shown = picture;
    let (testid, pointed_id) = (name.clone(), format!("{name}-pointed"));
    let pointed = RwSignal::new(String::new());
    let point = move |target| {
        if let Some(name) = picture::mark_name(target) {
            pointed.set(name);
        }
    };
    view! {
        <figure class="figure" data-testid=testid>
            <figcaption class="figure__title">{move || shown.with(|picture| picture.title.clone())}</figcaption>
            <p class="figure__sees hint">{move || shown.with(|picture| picture.description.clone())}</p>
            <div
                class="figure__drawing"
                on:pointerover=move |event| point(event.target())
                on:focusin=move |event| point(event.target())
                on:keydown=move |event| {
                    if picture::move_among_marks(event.target(), &event.key()) {
                        event.prevent_default();
                    }
                }
            >
                {children()}
            </div>
            // The mark itself says the same to those who hear it.
            <p class="figure__pointed" aria-hidden="true" data-testid=pointed_id>
                {pointed}
            </p>
            <Extras name=name picture=shown />
        </figure>
    }
    .into_any()
}

/// The files and the numbers of a picture alone, for what shows itself otherwise.
#[component]
pub fn Extras(
    /// As for [`Figure`].
    #[prop(into)]
    name: String,
    /// The picture.
    picture: Memo<Picture>,
) -> impl IntoView {
    view! {
        <Files name=name.clone() shown=picture />
        <Numbers name=name shown=picture />
    }
    .into_any()
}

/// Buttons that save the picture.
#[component]
fn Files(name: String, shown: Memo<Picture>) -> impl IntoView {
    let i18n = use_i18n();
    let failed = RwSignal::new(false);
    let run = move |kind: &'static str, name: String| {
        let picture = shown.get_untracked();
        spawn_local(async move {
            let file = format!("{name}.{kind}");
            failed.set(!saved(&picture, kind, &file).await);
        });
    };
    let button = move |kind: &'static str| {
        let name = name.clone();
        let testid = format!("{name}-{kind}");
        view! {
            <button
                type="button"
                class="button button--small"
                data-testid=testid
                aria-label=move || {
                    let title = shown.with(|picture| picture.title.clone());
                    t_string!(i18n, pictures.save_as, title = title, kind = kind.to_uppercase())
                }
                on:click=move |_| run(kind, name.clone())
            >
                {kind.to_uppercase()}
            </button>
        }
    };
    view! {
        <div class="figure__files">
            <span class="hint">{t!(i18n, pictures.save)}</span>
            {["svg", "png", "csv"].map(button).collect_view()}
            <span role="status" class="hint">
                {move || failed.get().then_some(t!(i18n, pictures.not_saved))}
            </span>
        </div>
    }
}

async fn saved(picture: &Picture, kind: &str, file: &str) -> bool {
    match kind {
        "csv" => save(file, "text/csv;charset=utf-8", picture.table.csv().as_bytes()),
        "svg" => save(file, "image/svg+xml", picture.file().1.as_bytes()),
        _ => {
            let (scene, svg) = picture.file();
            let bytes = picture::png(&svg, scene.width, scene.height + Scene::TITLE_SPACE).await;
            bytes.is_some_and(|bytes| save(file, "image/png", &bytes))
        }
    }
}

/// The numbers as a table, made when it is opened.
#[component]
fn Numbers(name: String, shown: Memo<Picture>) -> impl IntoView {
    let i18n = use_i18n();
    let is_open = RwSignal::new(false);
    let rows = move || {
        shown.with(|picture| {
            let first = picture.table.rows.first();
            let head = picture.table.columns.iter().enumerate().map(|(i, column)| {
                // A title stands over the side on which its cells begin.
                let is_text = first.is_some_and(|row| matches!(row.get(i), Some(Cell::Text(_))));
                view! { <th scope="col" class:cell-text=is_text>{column.title.clone()}</th> }
            });
            let (head, n_rows) = (head.collect_view(), picture.table.rows.len());
            let body = picture.table.rows.iter().take(MAX_ROWS).map(|row| view! { <tr>{row.iter().map(cell).collect_view()}</tr> });
            view! {
                <div
                    class="table-scroll figure__table"
                    tabindex="0"
                    role="group"
                    aria-label=t_string!(i18n, pictures.numbers_of, title = picture.title.clone())
                >
                    <table>
                        <thead>
                            <tr>{head}</tr>
                        </thead>
                        <tbody>{body.collect_view()}</tbody>
                    </table>
                </div>
                {(n_rows > MAX_ROWS)
                    .then(|| view! { <p class="hint">{t!(i18n, pictures.first_rows, shown = MAX_ROWS, all = n_rows)}</p> })}
            }
        })
    };
    view! {
        <details
            class="figure__numbers"
            data-testid=format!("{name}-table")
            on:toggle:target=move |event| is_open.set(event.target().open())
        >
            <summary>{t!(i18n, pictures.numbers)}</summary>
            {move || is_open.get().then(rows)}
        </details>
    }
}

fn cell(cell: &Cell) -> AnyView {
    match cell {
        Cell::Text(text) => view! { <td class="cell-text">{visible_text(text)}</td> }.into_any(),
        Cell::Number(value) => view! { <td title=value.to_string()>{plain(*value)}</td> }.into_any(),
        Cell::Empty => view! { <td>"–"</td> }.into_any(),
    }
}
