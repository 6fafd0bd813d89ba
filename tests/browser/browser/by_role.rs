//! Elements as those find them who listen to the page: by role and name, both as the browser itself computes them.

use std::time::{Duration, Instant};

use thirtyfour::common::command::{Command, FormatRequestData};
use thirtyfour::prelude::*;
use thirtyfour::{ElementId, RequestData, SessionId};

const LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

/// What a visitor looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Button,
    Link,
    Textbox,
    Combobox,
    Slider,
    Radio,
    Heading,
    Region,
    /// What unfolds a part of the page. Browsers do not agree on its name.
    Disclosure,
}

impl Role {
    /// Elements that can have the role.
    fn candidates(self) -> &'static str {
        match self {
            Role::Button => "button",
            Role::Link => "a[href]",
            Role::Textbox => "input:not([type]), input[type=text], textarea",
            Role::Combobox => "select",
            Role::Slider => "input[type=range]",
            Role::Radio => "input[type=radio]",
            Role::Heading => "h1, h2, h3, h4",
            Role::Region => "section",
            Role::Disclosure => "summary",
        }
    }

    /// What browsers call it; nothing where they differ.
    fn name(self) -> Option<&'static str> {
        Some(match self {
            Role::Button => "button",
            Role::Link => "link",
            Role::Textbox => "textbox",
            Role::Combobox => "combobox",
            Role::Slider => "slider",
            Role::Radio => "radio",
            Role::Heading => "heading",
            Role::Region => "region",
            Role::Disclosure => return None,
        })
    }
}

/// Waits for the first element with this role whose name holds these words.
pub async fn find(driver: &WebDriver, role: Role, name: &str) -> WebElement {
    let start = Instant::now();
    loop {
        let mut names = Vec::new();
        for element in driver.find_all(By::Css(role.candidates())).await.unwrap_or_default() {
            // An element that was replaced meanwhile is not the one.
            let found = computed(driver, &element, "computedlabel").await.unwrap_or_default();
            if found.contains(name) && element.is_displayed().await.unwrap_or_default() {
                if let Some(expected) = role.name() {
                    let found = computed(driver, &element, "computedrole").await;
                    assert_eq!(found.as_deref().ok(), Some(expected), "the role of {name:?}");
                }
                return element;
            }
            names.push(found);
        }
        assert!(start.elapsed() < LIMIT, "no {role:?} is called {name:?}; there are {names:?}");
        tokio::time::sleep(POLL).await;
    }
}

async fn computed(driver: &WebDriver, element: &WebElement, what: &'static str) -> WebDriverResult<String> {
    driver.cmd(Computed { element: element.element_id(), what }).await?.value()
}

/// WebDriver's requests for an element's role and name, which thirtyfour lacks.
#[derive(Debug)]
struct Computed {
    element: ElementId,
    what: &'static str,
}

impl FormatRequestData for Computed {
    fn format_request(&self, session: &SessionId) -> RequestData {
        let uri = format!("/session/{session}/element/{}/{}", self.element, self.what).into();
        // Everything else is as in any question without a body.
        RequestData { uri, ..Command::GetTitle.format_request(session) }
    }
}
