// Fails the build when a seller would download more than the budget before the camera opens.
//
// Counts the seller page's entry chunk and everything it imports statically (not what it loads later), gzip, in bytes.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 60_000;
const out = new URL("../../inspection_service/static/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", out), "utf8"));

const files = new Set();
const visit = (key) => {
  const chunk = manifest[key];
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const next of chunk.imports ?? []) visit(next);
};
visit("seller.html");
const css = new Set([...files].length ? (manifest["seller.html"].css ?? []) : []);

const gzipBytes = (file) => gzipSync(readFileSync(new URL(file, out)), { level: 9 }).length;
let total = 0;
for (const file of files) {
  const size = gzipBytes(file);
  total += size;
  console.log(`${String(size).padStart(7)} B gzip  ${file}`);
}
for (const file of css) console.log(`${String(gzipBytes(file)).padStart(7)} B gzip  ${file} (style, not counted)`);
console.log(`${String(total).padStart(7)} B gzip  JavaScript before the camera, budget ${BUDGET_BYTES} B`);
if (total > BUDGET_BYTES) {
  console.error("The seller page is over its budget: load something later, or write less of it.");
  process.exit(1);
}
