// Holds Vega-Lite specifications against the schema of Vega-Lite itself.
// Usage: node vega_lite.js FOLDER: every *.vl.json in it. Exit code 1 with a list where anything is wrong.
import { createRequire } from "node:module";
import { readFileSync, readdirSync } from "node:fs";
import Ajv from "ajv";

const schema = JSON.parse(readFileSync(createRequire(import.meta.url).resolve("vega-lite/build/vega-lite-schema.json"), "utf8"));
// The schema names formats (colours, addresses) that say nothing of structure, and leaves out types that strict mode asks for.
const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
const folder = process.argv[2];
const names = readdirSync(folder).filter((name) => name.endsWith(".vl.json")).sort();
const wrong = names.filter((name) => {
  const picture = JSON.parse(readFileSync(`${folder}/${name}`, "utf8"));
  const right = validate(picture);
  if (!right) {
    const deepest = validate.errors.reduce((one, other) => (other.instancePath.length > one.instancePath.length ? other : one));
    console.log(`${name}: ${deepest.instancePath || "the whole"} ${deepest.message}`);
  }
  return !right;
});
console.log(`pictures: ${names.length} looked at, ${wrong.length} wrong`);
process.exitCode = names.length > 0 && wrong.length === 0 ? 0 : 1;
