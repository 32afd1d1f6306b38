// Prints what Spectral and Redocly find in an OpenAPI description, a line each: `node lint.mjs openapi.json modules`.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const [, , path, modules] = process.argv;
const require = createRequire(`${modules}/`);
const { Spectral, Document } = require('@stoplight/spectral-core');
const { oas } = require('@stoplight/spectral-rulesets');
const { Json } = require('@stoplight/spectral-parsers');
const redocly = require('@redocly/openapi-core');

const spectral = new Spectral();
// Calls are grouped by the roles that may make them, in the order in which a newcomer meets those, so not by these two.
const rules = { 'operation-singular-tag': 'off', 'openapi-tags-alphabetical': 'off' };
spectral.setRuleset({ extends: [[oas, 'all']], rules });
for (const one of await spectral.run(new Document(fs.readFileSync(path, 'utf8'), Json, path))) {
  console.log(`spectral ${one.code} ${one.path.join('.')}: ${one.message}`);
}
const config = await redocly.createConfig({ extends: ['recommended-strict'] });
for (const one of await redocly.lint({ ref: path, config })) {
  console.log(`redocly ${one.ruleId} ${one.location[0]?.pointer}: ${one.message}`);
}
