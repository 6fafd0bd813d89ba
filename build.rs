//! Turns `locales/` into the module that [`src/text`](src/text/mod.rs) includes.

use std::error::Error;

/// Without words there is nothing to do.
#[cfg(not(feature = "text"))]
fn main() -> Result<(), Box<dyn Error>> {
    Ok(())
}

/// Checks that every language has every key with the same arguments, and writes the code.
#[cfg(feature = "text")]
fn main() -> Result<(), Box<dyn Error>> {
    use leptos_i18n_build::options::CodegenOptions;
    use leptos_i18n_build::{Config, ParseOptions, TranslationsInfos};

    println!("cargo::rerun-if-changed=build.rs");
    let out = std::path::PathBuf::from(std::env::var_os("OUT_DIR").ok_or("Cargo sets OUT_DIR")?).join("i18n");
    let namespaces = [
        "page",
        "models",
        "verdict",
        "properties",
        "lessons",
        "explorer",
        "workshop",
        "share",
        "offline",
        "pictures",
        "insides",
        "faults",
    ];
    let config = Config::new("en")?
        .add_locale("ja")?
        .add_namespaces(namespaces)?
        .parse_options(ParseOptions::default().interpolate_display(true));
    let translations = TranslationsInfos::parse(config)?;
    translations.emit_diagnostics();
    translations.rerun_if_locales_changed();
    translations.generate_i18n_module_with_options(out, CodegenOptions::default().gen_docs(false))?;
    Ok(())
}
