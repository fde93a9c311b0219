"use strict";
// What is nicer with script; everything works without it. Each part looks for its own elements, and does so again in
// what a part puts on the page.

const parts = [];

/** Runs `part` on what is on the page, and on what comes later. */
function onPage(part) {
  parts.push(part);
  part(document);
}

/** To be called with an element whose content was put on the page by script. */
function arrived(element) {
  for (const part of parts) part(element);
}

/** Asks for a page to take a part of it: what is said once is kept for whoever sees the whole. */
function ask(url) {
  return fetch(url, { headers: { Accept: "text/html", "Onward-Script": "part" } });
}

/* Times: in the zone of the browser, with the whole one on hover. */
onPage((root) => {
  const language = document.documentElement.lang;
  const short = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const whole = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = whole.format(at);
    if (!time.classList.contains("ago")) time.textContent = short.format(at);
  }
});

/* Copying: <button data-copy="ID of an element or its text">. */
onPage((root) => {
  for (const button of root.querySelectorAll("button[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      const from = document.getElementById(button.dataset.copy);
      if (!from) return;
      await navigator.clipboard.writeText(from.value ?? from.textContent);
      const said = button.textContent;
      button.textContent = button.dataset.copied ?? "✓";
      setTimeout(() => { button.textContent = said; }, 2000);
    });
  }
});

/* Undo: what can be taken back can be for ten seconds; without script, as long as the page is open. */
onPage((root) => {
  for (const form of root.querySelectorAll("form[data-undo]")) {
    const button = form.querySelector("button");
    const said = button.textContent;
    let left = 10;
    const count = () => {
      if (left === 0) { form.remove(); return; }
      button.textContent = `${said} (${left})`;
      left -= 1;
      setTimeout(count, 1000);
    };
    count();
  }
});

/* Selecting all: <input type="checkbox" data-all="name of the others">. */
onPage((root) => {
  for (const all of root.querySelectorAll("input[data-all]")) {
    const others = () => [...document.querySelectorAll(`input[name="${CSS.escape(all.dataset.all)}"]`)];
    (all.closest("label") ?? all).hidden = false;
    all.addEventListener("change", () => {
      for (const one of others()) one.checked = all.checked;
      // On a wide screen it stands above the boxes, on a narrow one below.
      const twins = document.querySelectorAll(`input[data-all="${CSS.escape(all.dataset.all)}"]`);
      for (const twin of twins) twin.checked = all.checked;
    });
  }
});

/* Fields that belong to one choice: <select data-chooses> and, in the same form, <label data-when="value">. */
onPage((root) => {
  for (const select of root.querySelectorAll("select[data-chooses]")) {
    const show = () => {
      for (const field of select.form.querySelectorAll("[data-when]")) {
        field.hidden = field.dataset.when !== select.value;
      }
    };
    select.addEventListener("change", show);
    show();
  }
});

/* Searching as one types: <form data-live="ID of the region that the answer has too">. */
onPage((root) => {
  for (const form of root.querySelectorAll("form[data-live]")) {
    let timer;
    let last = 0;
    const search = async () => {
      const turn = ++last;
      const query = new URLSearchParams(new FormData(form));
      const url = `${form.getAttribute("action") || location.pathname}?${query}`;
      const answer = await ask(url);
      // A later question may have been answered first.
      if (!answer.ok || turn !== last) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const [old, now] = [document, page].map((one) => one.getElementById(form.dataset.live));
      if (!old || !now) return;
      old.replaceWith(now);
      arrived(now);
      history.replaceState(null, "", url);
    };
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => search().catch(() => {}), 200);
    });
  }
});

/* Following what happens: <section id="…" data-tail="path of its page, where that is another"> is fetched anew every two seconds while it is seen. */
onPage(() => {
  if (onPage.tails) return;
  onPage.tails = setInterval(async () => {
    for (const old of document.querySelectorAll("[data-tail][id]")) {
      // Whoever is in the middle of something there is not disturbed.
      if (document.hidden || old.contains(document.activeElement)) continue;
      try {
        // The page itself may be the answer to a form, which is not asked for again.
        const answer = await ask(old.dataset.tail || location.href);
        if (!answer.ok) continue;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const now = page.getElementById(old.id);
        if (now && now.innerHTML !== old.dataset.seen) {
          now.dataset.seen = now.innerHTML;
          old.replaceWith(now);
          arrived(now);
        }
      } catch { /* The next turn asks again. */ }
    }
  }, 2000);
});
