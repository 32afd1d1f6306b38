// Single keys, drafts that keep themselves, parts of pages that ask for news, and copying. Every page works without this file.
"use strict";

const SWITCHED_OFF = "keys-off"; // where this browser remembers that the keys are switched off
const PAUSE_MS = 800; // without typing, before a draft is kept

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const isTyping = (element) => element.matches("textarea, select, input:not([type=checkbox], [type=radio])");
const isShown = (element) => element.getClientRects().length > 0 || element.closest("details:not([open])") !== null;

// ---- keys: each focuses what has it as `data-key`, and Enter acts ----

let intended = null; // the button that Ctrl+Enter presses in the field which it needs

function reveal(element) {
  for (let at = element.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
  element.focus();
  element.scrollIntoView({ block: "nearest" });
}

function lead(key) {
  // Of several with one key: that of the item in which the focus is, then of one that is to be done, then the first.
  const found = all("[data-key]").filter((one) => one.dataset.key === key && isShown(one));
  const item = document.activeElement.closest("tr, article");
  const led =
    found.find((one) => item?.contains(one)) ?? found.find((one) => one.closest("[data-todo]")) ?? found[0];
  if (!led) return false;
  const needed = led.dataset.needs && document.getElementById(led.dataset.needs);
  intended = needed ? led : null;
  reveal(needed && !needed.value.trim() ? needed : led);
  return true;
}

function move(selector, steps, within = document) {
  const items = all(selector, within);
  if (items.length === 0) return false;
  const at = items.findIndex((one) => one.contains(document.activeElement));
  const next = at < 0 ? (steps > 0 ? 0 : items.length - 1) : Math.min(Math.max(at + steps, 0), items.length - 1);
  reveal(items[next]);
  return true;
}

function follow(key) {
  const list = document.activeElement.closest("[data-list]") ?? document.querySelector("[data-list]");
  if (key === "j" || key === "k") return list !== null && move("[data-item]", key === "j" ? 1 : -1, list);
  if (key === "]" || key === "[") return move("[data-change]", key === "]" ? 1 : -1);
  return lead(key);
}

document.addEventListener("keydown", (event) => {
  const at = document.activeElement;
  if (event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && intended?.form?.contains(at)) {
    event.preventDefault();
    intended.click();
  } else if (event.key === "Escape" && at.matches("textarea, input")) {
    at.blur();
  } else if (!event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(at) && !isOff()) {
    if (follow(event.key)) event.preventDefault();
  }
});

// ---- the list of keys, with its switch ----

function isOff() {
  try {
    return localStorage.getItem(SWITCHED_OFF) === "1";
  } catch {
    return false; // a browser that keeps nothing
  }
}

for (const help of all("#keys")) {
  const used = new Set(all("[data-key]").map((one) => one.dataset.key));
  if (document.querySelector("[data-list]")) used.add("j");
  if (document.querySelector("[data-change]")) used.add("]");
  for (const row of all("[data-about]", help)) row.hidden = !used.has(row.dataset.about);
  help.hidden = used.size < 2; // the list itself has a key
  const choice = help.querySelector("input");
  choice.checked = !isOff();
  choice.addEventListener("change", () => localStorage.setItem(SWITCHED_OFF, choice.checked ? "0" : "1"));
}

// ---- drafts ----

for (const form of all("form[data-draft]")) {
  let timer = 0;
  let isSent = false;
  let last = Promise.resolve(); // one after the other, since each names the draft that it replaces
  const said = form.querySelector("[data-kept]");
  const keep = () => {
    clearTimeout(timer);
    timer = 0;
    last = last.then(send, send);
  };
  const send = async () => {
    if (isSent) return;
    const body = new URLSearchParams(new FormData(form));
    const headers = { Accept: "application/json" };
    try {
      const answer = await fetch(form.dataset.draft, { method: "POST", body, headers, keepalive: true });
      const kept = await answer.json();
      if (kept.written_at) form.elements.replaces.value = kept.written_at;
      said.textContent = kept.said;
    } catch {
      said.textContent = "Your draft is not kept: the service cannot be reached, or you are signed out.";
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE_MS);
  });
  form.addEventListener("submit", () => {
    isSent = true;
    clearTimeout(timer);
    timer = 0;
  });
  window.addEventListener("pageshow", () => (isSent = false)); // the back button
  window.addEventListener("pagehide", () => timer && keep());
}

// ---- the time zone: the browser's own is proposed ----

for (const form of all("form[data-zones]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const choice = form.elements.time_zone;
  if (choice.value === zone || ![...choice.options].some((one) => one.value === zone)) continue;
  const proposed = form.querySelector("[data-proposed]");
  proposed.querySelector("span").textContent = zone.replaceAll("_", " ");
  proposed.hidden = false;
  proposed.querySelector("button").addEventListener("click", () => {
    choice.value = zone;
    form.requestSubmit();
  });
}

// ---- parts that ask for news: only in view, and what the reader has opened stays open ----

const said = document.getElementById("said");

function sayOnce(words, href, label) {
  if (said.dataset.words === words) return; // a screen reader has read it
  said.dataset.words = words;
  said.textContent = words;
  said.classList.toggle("notice", words !== "");
  if (!href) return;
  const link = document.createElement("a");
  Object.assign(link, { href, textContent: label, target: "_blank" });
  said.append(" ", link);
}

document.addEventListener("htmx:before:request", (event) => {
  if (document.hidden) event.preventDefault();
});
document.addEventListener("htmx:after:request", (event) => {
  const { status } = event.detail.ctx.response;
  if (status < 400) sayOnce("");
  else if (status === 401) sayOnce("You are signed out. What is typed here stays.", "/sign-in", "Sign in, in another tab");
  else sayOnce("This page could not be brought up to date. It will be tried again.");
});
document.addEventListener("htmx:error", () => {
  sayOnce("The service cannot be reached. It will be tried again.");
});
if (said) {
  htmx.registerExtension("opened", {
    htmx_before_morph_attr: (element, { attrName }) => !(element.matches("details") && attrName === "open"),
  });
}

// ---- copying what stands beside the button ----

document.documentElement.classList.add("has-scripts");
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
  const words = button.firstChild;
  words.textContent = "Copied";
  setTimeout(() => (words.textContent = "Copy"), 2000);
});
