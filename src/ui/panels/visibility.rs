//! What the distribution can see of each model: widths, ranks, effective complexity, dark energies.

use leptos::prelude::*;

use crate::lab::report::Side;
use crate::lab::words::{number, percent};
use crate::theory::minimal::TruncationPoint;
use crate::ui::plots::geometry::share;
use crate::ui::state::use_page;
use crate::ui::text::grouped;

/// Both models, one beside the other.
#[component]
pub fn VisibilityPanel() -> impl IntoView {
    let page = use_page();
    let sides = move || {
        page.report.get().map(|report| {
            let widest = report.model_a.subspace.d.max(report.model_b.subspace.d);
            view! {
                <SideView letter="a" side=report.model_a.clone() widest=widest />
                <SideView letter="b" side=report.model_b.clone() widest=widest />
            }
        })
    };
    view! {
        <section class="panel" aria-labelledby="visibility-title">
            <header class="panel__head">
                <h2 id="visibility-title">"What the distribution can see"</h2>
                <p>
                    "Only the part of hidden states and unembeddings that acts on the other leaves a trace in the distribution. Its dimension is the effective complexity r; the rest is dark."
                </p>
            </header>
            <div class="pair" data-testid="visibility">{sides}</div>
        </section>
    }
}

/// One model.
#[component]
fn SideView(letter: &'static str, side: Side, widest: usize) -> impl IntoView {
    let s = side.subspace;
    let of_widest = |n: usize| format!("{:.2}%", share(n as f64, widest as f64));
    let id = move |name: &str| format!("{name}-{letter}");
    view! {
        <article class="side" data-model=letter>
            <h3 class="side__name">
                <span class=format!("legend__{letter}")>{letter.to_uppercase()}</span>
                " "
                {side.model.name}
            </h3>
            <p class="hint">
                {format!(
                    "{}, {} parameters, vocabulary {}",
                    side.model.architecture,
                    grouped(side.model.parameters),
                    grouped(side.model.vocab_size),
                )}
            </p>
            <div
                class="extent"
                role="img"
                aria-label=format!("{} of {} dimensions are visible", s.effective_complexity, s.d)
                style:--share=of_widest(s.d)
            >
                <span
                    class=format!("extent__visible fill-{letter}")
                    style:--share=format!("{:.2}%", share(s.effective_complexity as f64, s.d as f64))
                ></span>
            </div>
            <dl class="facts">
                <Row name="width d" testid=id("d") value=s.d.to_string() exact=s.d.to_string() />
                <Row name="rank of hidden states" testid=id("rank-f") value=s.rank_f.to_string() exact=s.rank_f.to_string() />
                <Row name="rank of unembedding" testid=id("rank-g") value=s.rank_g.to_string() exact=s.rank_g.to_string() />
                <Row
                    name="effective complexity r"
                    testid=id("r")
                    value=s.effective_complexity.to_string()
                    exact=s.effective_complexity.to_string()
                />
                <Row name="dark share of hidden states" testid=id("dark-f") value=percent(s.dark_f) exact=s.dark_f.to_string() />
                <Row name="dark share of unembedding" testid=id("dark-g") value=percent(s.dark_g) exact=s.dark_g.to_string() />
                <Row
                    name="smallest visible cosine"
                    testid=id("min-cosine")
                    value=number(s.min_cosine)
                    exact=s.min_cosine.to_string()
                />
            </dl>
            <Truncation points=side.truncation />
            <p class="hint">
                {if s.rank_unresolved {
                    "A singular value lies too near the tolerance: the ranks may be off by one or two. "
                } else {
                    ""
                }}
                {if s.f_diversity_tested {
                    "Enough contexts were seen to call the dark share of the unembedding a property of the model."
                } else {
                    "Too few contexts were seen to call the dark share of the unembedding a property of the model."
                }}
            </p>
        </article>
    }
}

/// What is lost as the smallest model with this distribution is cut further.
#[component]
fn Truncation(points: Vec<TruncationPoint>) -> impl IntoView {
    let rows = points
        .into_iter()
        .map(|point| {
            view! {
                <tr>
                    <th scope="row">{point.k}</th>
                    <td>{number(point.mean_kl)}</td>
                    <td>{percent(point.top_1_agreement)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <details>
            <summary>"With fewer dimensions"</summary>
            <p class="hint">
                "The smallest model with this distribution has r dimensions. Cut to k of them it is another distribution, this far from the first."
            </p>
            <table>
                <thead>
                    <tr>
                        <th scope="col">"k"</th>
                        <th scope="col">"mean KL, nats"</th>
                        <th scope="col">"same best token"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    }
}

/// One number with its name.
#[component]
fn Row(name: &'static str, testid: String, value: String, exact: String) -> impl IntoView {
    view! {
        <div class="facts__row">
            <dt>{name}</dt>
            <dd data-testid=testid data-value=exact>
                {value}
            </dd>
        </div>
    }
}
