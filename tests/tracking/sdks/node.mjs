// Sends COUNT events with the official SDK for Node, unchanged, and ends when all are delivered.
import { Analytics } from "@segment/analytics-node";

const { WRITE_KEY, HOST, SLUG, COUNT } = process.env;
const analytics = new Analytics({ writeKey: WRITE_KEY, host: HOST, path: "/v1/batch", flushAt: 5, flushInterval: 200, maxRetries: 20 });
const context = { integration: { name: SLUG, version: "1.0.0" } };
analytics.on("error", (error) => console.error(error));

analytics.identify({ userId: "u-1", traits: { plan: "free" }, context });
for (let number = 0; number < Number(COUNT); number += 1) {
  analytics.track({ userId: "u-1", event: "Email Opened", messageId: `node-${number}`, properties: { number }, context });
}
await analytics.closeAndFlush({ timeout: 60_000 });
