//! The page's program: panics are shown, then the page is mounted.

fn main() {
    all_or_none::ui::app::mount();
}
