// Sends COUNT events with the official SDK for browsers, unchanged, in a page of jsdom. The page stays open until
// standard input is closed, as a page would while its visitor stays.
import { JSDOM } from "jsdom";

const { WRITE_KEY, HOST, SLUG, COUNT, BATCHED } = process.env;
const page = new JSDOM("<!doctype html><title>Shop</title>", { url: "http://shop.example/", pretendToBeVisual: true });
const { window } = page;
window.fetch = fetch;
const names = ["window", "document", "location", "localStorage", "sessionStorage", "XMLHttpRequest", "HTMLElement", "Element", "Node", "Event", "CustomEvent"];
for (const name of names) {
  Object.defineProperty(globalThis, name, { value: name === "window" ? window : window[name], configurable: true, writable: true });
}
Object.defineProperty(globalThis, "navigator", { value: window.navigator, configurable: true });
globalThis.self = window;

const { AnalyticsBrowser } = await import("@segment/analytics-next");
const batching = { strategy: "batching", config: { size: 4, timeout: 200 } };
const options = BATCHED ? { integrations: { "Segment.io": { deliveryStrategy: batching } } } : {};
const analytics = AnalyticsBrowser.load({ writeKey: WRITE_KEY, cdnURL: HOST }, options);
const context = { integration: { name: SLUG, version: "1.0.0" } };

await analytics.identify("u-1", { plan: "free" }, { context });
await analytics.page("Home", {}, { context });
for (let number = 0; number < Number(COUNT); number += 1) {
  await analytics.track("Email Opened", { number }, { context });
}
process.stdin.on("end", () => process.exit(0));
process.stdin.resume();
