//! Chromium, driven: what a person does at the page, and what the browser says of it.

use crate::support::peer::program;
use crate::support::process::Process;
use crate::support::wait_until;
use data_encoding::BASE64;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use thirtyfour::{By, Capabilities, TypingData, WebDriver, WebElement};
use tokio::runtime::Runtime;

/// Widths that pages are made for: a telephone, a tablet, a desk.
pub(crate) const WIDTHS: [u32; 3] = [320, 768, 1280];
/// What a browser asks for by `prefers-color-scheme`.
pub(crate) const SCHEMES: [&str; 2] = ["light", "dark"];

/// What stands out of the column of the page to the right; what is scrolled in a frame of its own, and what is only heard, does
/// not.
const OUTSIDE: &str = "const main = document.querySelector('main'); \
     const edge = main.getBoundingClientRect().right - parseFloat(getComputedStyle(main).paddingRight) + 1; \
     return [...main.querySelectorAll('*')].filter(one => one.getBoundingClientRect().right > edge && \
     !one.closest('.heard, thead, [data-scrolls]')).map(one => one.outerHTML.slice(0, 200));";

/// A browser with a profile of its own, in English.
pub(crate) struct Browser {
    runtime: Runtime,
    // Quits before its driver ends.
    driver: Option<WebDriver>,
    base: String,
    _chromedriver: Process,
    _profile: TempDir,
}

impl Browser {
    /// A browser for the site at `base`, such as `http://127.0.0.1:8080`; `None`: skip, for there is none.
    pub(crate) fn start(base: &str) -> Option<Self> {
        Self::start_with(base, true)
    }

    /// The same, with script switched off by its user.
    pub(crate) fn without_script(base: &str) -> Option<Self> {
        Self::start_with(base, false)
    }

    fn start_with(base: &str, scripts: bool) -> Option<Self> {
        let (chromium, chromedriver) = (program("chromium")?, program("chromedriver")?);
        let profile = tempfile::Builder::new().prefix("chromium").tempdir().unwrap();
        let mut command = Command::new(chromedriver);
        command.arg("--port=0").env("TMPDIR", profile.path());
        let chromedriver = Process::spawn("chromedriver", &mut command);
        let started =
            chromedriver.wait_for_line("its port", |line| line.contains("successfully on port "));
        let port = started.trim_end_matches('.').rsplit(' ').next().unwrap();
        let options = json!({
            "binary": chromium,
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--lang=en", "--force-color-profile=srgb",
                format!("--user-data-dir={}", profile.path().join("data").display()),
            ],
            "prefs": {
                "intl.accept_languages": "en",
                "profile.default_content_setting_values.javascript": if scripts { 1 } else { 2 },
            },
        });
        let mut capabilities = Capabilities::new();
        capabilities.set("browserName".to_owned(), json!("chrome")).unwrap();
        capabilities.set("goog:chromeOptions".to_owned(), options).unwrap();
        capabilities.set("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"})).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let driver = runtime
            .block_on(WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities))
            .unwrap();
        Some(Self {
            runtime,
            driver: Some(driver),
            base: base.to_owned(),
            _chromedriver: chromedriver,
            _profile: profile,
        })
    }

    /// Opens a path of the site, or a whole URL.
    #[track_caller]
    pub(crate) fn open(&self, path: &str) {
        let url =
            if path.starts_with('/') { format!("{}{path}", self.base) } else { path.to_owned() };
        self.runtime.block_on(self.driver().goto(url.as_str())).unwrap();
    }

    /// Path and query of where it is.
    #[track_caller]
    pub(crate) fn path(&self) -> String {
        let url = self.runtime.block_on(self.driver().current_url()).unwrap();
        url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    /// Waits until it is at this path.
    #[track_caller]
    pub(crate) fn wait_for_path(&self, path: &str) {
        wait_until(format!("{path}, not {}", self.path()), || (self.path() == path).then_some(()));
    }

    /// Clicks on the first element of a CSS selector, once it is there.
    #[track_caller]
    pub(crate) fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.runtime.block_on(element.click()).unwrap();
    }

    /// Clicks on the first button or link with this text.
    #[track_caller]
    pub(crate) fn press(&self, text: &str) {
        let path = format!("//*[self::a or self::button][normalize-space(.)='{text}']");
        let element = self.found(By::XPath(path.as_str()), text);
        self.runtime.block_on(element.click()).unwrap();
    }

    /// Puts `text` in the place of what stands in a field.
    #[track_caller]
    pub(crate) fn fill(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.runtime.block_on(async {
            element.clear().await.unwrap();
            element.send_keys(text).await.unwrap();
        });
    }

    /// Presses keys where the focus is.
    #[track_caller]
    pub(crate) fn keys(&self, keys: impl Into<TypingData>) {
        self.runtime.block_on(async {
            let active = self.driver().active_element().await.unwrap();
            active.send_keys(keys).await.unwrap();
        });
    }

    /// The text of the first element of a CSS selector, as it is seen, once it is there.
    #[track_caller]
    pub(crate) fn text(&self, selector: &str) -> String {
        let element = self.element(selector);
        self.runtime.block_on(element.text()).unwrap()
    }

    /// How many elements a CSS selector has now.
    #[track_caller]
    pub(crate) fn count(&self, selector: &str) -> usize {
        self.runtime.block_on(self.driver().find_all(By::Css(selector))).unwrap().len()
    }

    /// Waits until the page shows this text somewhere.
    #[track_caller]
    pub(crate) fn wait_for_text(&self, text: &str) {
        wait_until(format!("{text:?} at {}", self.path()), || {
            // The page may just go, and another one come.
            let body = self.runtime.block_on(async {
                self.driver().find(By::Css("body")).await.ok()?.text().await.ok()
            });
            body.filter(|body| body.contains(text))
        });
    }

    /// The page as it came, with what script has changed.
    #[track_caller]
    pub(crate) fn source(&self) -> String {
        self.runtime.block_on(self.driver().source()).unwrap()
    }

    /// What script of the test says, where script runs at all.
    #[track_caller]
    pub(crate) fn eval(&self, script: &str) -> Value {
        let value = self.runtime.block_on(self.driver().execute(script, Vec::new())).unwrap();
        value.json().clone()
    }

    /// All cookies of the page, as the browser has them.
    #[track_caller]
    pub(crate) fn cookies(&self) -> Vec<Value> {
        let all = self.cdp("Network.getAllCookies", json!({}));
        all["cookies"].as_array().unwrap().clone()
    }

    /// Fails when the browser complained since it was asked last: of script, of what the page may not load, of answers.
    #[track_caller]
    pub(crate) fn no_console_errors(&self) {
        let said = self.console();
        assert!(said.is_empty(), "at {}: {said:#?}", self.path());
    }

    /// What the browser complained of since it was asked last.
    #[track_caller]
    pub(crate) fn console(&self) -> Vec<String> {
        let log = self.runtime.block_on(self.driver().browser_log()).unwrap();
        log.into_iter().map(|entry| format!("{}: {}", entry.level, entry.message)).collect()
    }

    /// Fails when axe finds what keeps people from using the page, in either scheme; without axe it is skipped.
    #[track_caller]
    pub(crate) fn axe_finds_nothing(&self) {
        let Some(axe) = axe() else { return };
        for scheme in SCHEMES {
            self.prefer(scheme);
            let script = format!(
                "{axe}; const done = arguments[arguments.length - 1]; axe.run(document, {{ resultTypes: ['violations'], \
                 runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }}).then(found => \
                 done(found.violations.map(one => one.id + ': ' + one.help + ' ' + one.nodes.map(node => node.html + \
                 ' ' + node.failureSummary).join(' | '))), error => done(['axe failed: ' + error]));"
            );
            let driver = self.driver();
            let found = self.runtime.block_on(driver.execute_async(script, Vec::new())).unwrap();
            assert_eq!(*found.json(), json!([]), "{scheme}, {}", self.path());
        }
    }

    /// Keeps the page as pictures at all widths in both schemes, in `target/screenshots`, and fails where it is wider than
    /// the screen.
    #[track_caller]
    pub(crate) fn screenshot(&self, name: &str) {
        let directory = target().join("screenshots");
        fs::create_dir_all(&directory).unwrap();
        for scheme in SCHEMES {
            self.prefer(scheme);
            for width in WIDTHS {
                self.resize(width);
                let size = self.cdp("Page.getLayoutMetrics", json!({}))["cssContentSize"].clone();
                let wide = size["width"].as_f64().unwrap();
                assert!(wide <= f64::from(width), "{name} is {wide} wide at {width}");
                let out = self.eval(OUTSIDE);
                assert_eq!(out, json!([]), "{name} at {width}: beside the page");
                let clip =
                    json!({"x": 0, "y": 0, "width": width, "height": size["height"], "scale": 1});
                let parameters =
                    json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
                let picture = self.cdp("Page.captureScreenshot", parameters);
                let octets = BASE64.decode(picture["data"].as_str().unwrap().as_bytes()).unwrap();
                let file = directory.join(format!("{name}-{width}-{scheme}.png"));
                fs::write(file, octets).unwrap();
            }
        }
        self.cdp("Emulation.clearDeviceMetricsOverride", json!({}));
    }

    /// Makes the screen so wide.
    #[track_caller]
    pub(crate) fn resize(&self, width: u32) {
        let metrics =
            json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600});
        self.cdp("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Has the browser's user prefer a scheme of colours, and no movement.
    fn prefer(&self, scheme: &str) {
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.cdp("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// Asks by the DevTools protocol.
    #[track_caller]
    pub(crate) fn cdp(&self, method: &str, parameters: Value) -> Value {
        self.runtime.block_on(self.driver().cdp().send_raw(method, parameters)).unwrap()
    }

    #[track_caller]
    fn element(&self, selector: &str) -> WebElement {
        self.found(By::Css(selector), selector)
    }

    #[track_caller]
    fn found(&self, by: By, what: &str) -> WebElement {
        wait_until(format!("{what} at {}", self.path()), || {
            self.runtime.block_on(self.driver().find(by.clone())).ok()
        })
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let Some(driver) = self.driver.take() else { return };
        if std::thread::panicking() {
            let seen = self.runtime.block_on(driver.source()).unwrap_or_default();
            let _ = writeln!(std::io::stderr(), "--- the page:\n{seen}\n---");
        }
        let _ended = self
            .runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(10), driver.quit()).await });
    }
}

fn target() -> PathBuf {
    // target/debug/onward
    Path::new(env!("CARGO_BIN_EXE_onward")).ancestors().nth(2).unwrap().to_owned()
}

/// axe-core, as tests/run fetches it; `None`: skip.
fn axe() -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/browser/node_modules/axe-core/axe.min.js");
    let text = fs::read_to_string(file).ok();
    if text.is_none() {
        crate::support::peer::skipped("axe-core is not there; tests/run fetches it");
    }
    text
}
