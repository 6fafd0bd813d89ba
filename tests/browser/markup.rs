//! Names and tokens that look like markup, or that hide, are text.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::browser::PLAIN;
use crate::flows::copy_of_bundled;
use crate::page::{Page, Shown};
use crate::site;

/// Would set a mark on the page if it became an element.
const MARKUP: &str = "<img src=x onerror=window.marked=1>";
/// A bell, and a sign that turns the direction of what follows.
const HIDDEN: &str = "a\u{7}b\u{202e}c";

/// No element came of any of it.
async fn check_is_text(page: &Page, what: &str) {
    let (made, marked): (usize, bool) = page
        .script("return [document.querySelectorAll('img, [onclick], [onerror]').length, 'marked' in window]")
        .await;
    assert_eq!(made, 0, "{what} became an element");
    assert!(!marked, "{what} was run");
}

/// Renames tokens of a model.
fn rename(folder: &Path, names: &[(&str, &str)]) {
    let path = folder.join("tokenizer.json");
    let text = fs::read_to_string(&path).expect("a tokenizer");
    let mut tokenizer: Value = serde_json::from_str(&text).expect("JSON");
    let vocabulary = tokenizer["model"]["vocab"].as_object_mut().expect("a vocabulary");
    for (old, new) in names {
        let id = vocabulary.remove(*old).unwrap_or_else(|| panic!("a token {old:?}"));
        vocabulary.insert((*new).to_owned(), id);
    }
    fs::write(&path, tokenizer.to_string()).expect("the renamed tokens");
    // The stored answers know the tokens by their old names.
    let _ = fs::remove_file(folder.join("self_test.json"));
}

#[tokio::test]
async fn tokens_and_names_with_markup_are_text() {
    let page = Page::open(PLAIN, &site()).await;
    let shown = page.settled().await;
    let likely: Vec<String> = shown.prompts[0].next.iter().map(|next| next.token.clone()).collect();
    let names = [(likely[0].as_str(), MARKUP), (likely[1].as_str(), HIDDEN)];
    let prompt = shown.prompts[0].text.clone();
    assert!(!prompt.contains(&likely[0]) && !prompt.contains(&likely[1]), "{prompt:?} keeps its tokens");

    // As a name that only one model has, in a complaint on two vocabularies.
    let folder = copy_of_bundled("world-d48");
    rename(folder.path(), &names);
    let odd = folder.path().join("<i>odd<b onclick=x>");
    fs::create_dir(&odd).expect("a folder with a name like markup");
    for entry in fs::read_dir(folder.path()).expect("the model").flatten().filter(|e| e.path().is_file()) {
        fs::copy(entry.path(), odd.join(entry.file_name())).expect("a copied file");
    }
    page.pick_folder("b", &odd).await;
    let shown = page.wait_for("a complaint", |shown| shown.errors.contains_key("run-error")).await;
    println!("{}", shown.errors["run-error"]);
    check_is_text(&page, "a token in a complaint").await;

    // As a likely next token of both.
    page.pick_folder("a", &odd).await;
    page.type_prompt(0, &prompt).await;
    for index in 1..shown.typed.len() {
        page.type_prompt(index, &prompt).await;
    }
    let has_both = |shown: &Shown| {
        let tokens: Vec<_> =
            shown.prompts.iter().flat_map(|prompt| &prompt.next).map(|next| next.token.as_str()).collect();
        !shown.busy && tokens.contains(&MARKUP) && tokens.contains(&HIDDEN)
    };
    page.wait_for("tokens that look like markup", has_both).await;
    page.unfold_all().await;
    check_is_text(&page, "a token").await;
    let text: String = page.script("return document.body.innerText").await;
    assert!(text.contains("<img src=x"), "the token is shown as it is");
    let hidden: Vec<String> = page
        .script("return [...document.body.innerText.matchAll(/[\\u0000-\\u0008\\u000e-\\u001f\\u202a-\\u202e\\u2066-\\u2069]/g)].map(m => m.index + ': ' + m[0].codePointAt(0).toString(16))")
        .await;
    assert_eq!(hidden, Vec::<String>::new(), "signs that are not seen are shown by what they are");

    // In what visitors type and in the address.
    page.type_prompt(0, &format!("emma {MARKUP}")).await;
    page.wait_for("a complaint", |shown| shown.errors.contains_key("prompt-error")).await;
    check_is_text(&page, "a prompt").await;
    page.load_from_hub("b", MARKUP).await;
    page.wait_for("a complaint", |shown| shown.errors.contains_key("hub-error-b")).await;
    check_is_text(&page, "a repository's name").await;
    let page = Page::open(PLAIN, &format!("{}?mirror=<img+src=x+onerror=window.marked=1>", site())).await;
    page.wait_for("a complaint", |shown| shown.mirror_is_wrong).await;
    check_is_text(&page, "a mirror's address").await;
}
